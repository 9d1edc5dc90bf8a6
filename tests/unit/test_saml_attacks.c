/*
 * test_saml_attacks.c - every attack of tests/vectors/saml is refused, for the reason it should be.
 *
 *     test_saml_attacks            all of them
 *     test_saml_attacks NAME...    these, with what became of them; -v with their messages too
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml_attack.h"

#include <dirent.h>
#include <stdio.h>

#define ATTACKS_MIN 250 /* or the folder was not found as it should be */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static apr_array_header_t *list_attacks(apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 128, sizeof(const char *));
    DIR *dir = opendir(ATTACKS);
    struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "README.md")) continue;
        APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(pool, entry->d_name);
    }
    (void)closedir(dir);
    qsort(names->elts, (size_t)names->nelts, sizeof(const char *), by_name);
    return names;
}

/* In a context of its own: nothing of one attack helps or hinders the next. */
static int is_as_expected(const char *name)
{
    void *state = NULL;
    attack_t *a;
    const char *who;
    const char *outcome;
    int same;

    assert_int_equal(unit_make_ctx(&state), 0);
    a = attack_read(state, name);
    outcome = attack_run(a, &who);
    same = !strcmp(outcome, a->expect);
    if (!same) {
        print_message("%s (%s): %s %s, expected %s: %s\n", name, a->about, outcome, who ? who : "",
                      a->expect, a->cx->err.log ? a->cx->err.log : "");
    }
    (void)unit_free_ctx(&state);
    return same;
}

static void every_attack_is_refused(void **state)
{
    apr_array_header_t *names = list_attacks(((sso_ctx_t *)*state)->pool);
    int bad = 0;
    int i;

    assert_true(names->nelts >= ATTACKS_MIN);
    for (i = 0; i < names->nelts; i++)
        bad += !is_as_expected(APR_ARRAY_IDX(names, i, const char *));
    assert_int_equal(bad, 0);
}

static void show(const char *name, int verbose)
{
    void *state = NULL;
    attack_t *a;
    const char *who;
    const char *outcome;

    assert_int_equal(unit_make_ctx(&state), 0);
    a = attack_read(state, name);
    if (verbose) printf("%s\n", attack_message(a));
    outcome = attack_run(a, &who);
    printf("%s: %s %s\n", name, outcome, who ? who : a->cx->err.log);
    (void)fflush(stdout); /* the next may be the one that a mutant crashes at */
    (void)unit_free_ctx(&state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {UNIT(every_attack_is_refused)};
    int verbose = argc > 1 && !strcmp(argv[1], "-v");
    int i;

    if (argc == 1) return cmocka_run_group_tests(tests, unit_start, NULL);
    if (apr_initialize() != APR_SUCCESS) return 1;
    for (i = 1 + verbose; i < argc; i++)
        show(argv[i], verbose);
    return 0;
}
