/*
 * test_reshape.c - patterns of SSOUserAttribute: what fits, what is made of it, what no admin may write.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/reshape.h"
#include "unit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void what_fits_is_reshaped(void **state)
{
    static const struct {
        const char *text, *pattern, *as, *wanted; /* NULL: it does not fit */
    } row[] = {
        {"ada@bank.example", "([a-z]+)@bank\\.example", NULL, "ada"},
        {"ada@bank.example", "([^@]+)@([^@]+)", "\\2\\\\\\1", "bank.example\\ada"},
        {"CN=ada,OU=x", "CN=([^,]+),.*", NULL, "ada"},
        {"ada", "(x)?ada", "u-\\1", "u-"},
        {"ada", "ada", "everybody", "everybody"},
        {"abcdefghij", "(a)(b)(c)(d)(e)(f)(g)(h)(i)j", "\\9\\1", "ia"},
        /* All of it, whatever the pattern forgot to say. */
        {"ada@bank.example.evil.example", "([a-z]+)@bank\\.example", NULL, NULL},
        {"x ada@bank.example", "([a-z]+)@bank\\.example", NULL, NULL},
        {"adamant", "(ada|eve)", NULL, NULL},
        {"ada\nx", "(ada)", NULL, NULL},
        {"", "(a)?", NULL, NULL}, /* nothing is left */
    };
    apr_pool_t *p = ((sso_ctx_t *)*state)->pool;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *made;

        print_message("  %s\n", row[i].pattern);
        assert_null(sso_reshape_check(p, row[i].pattern, row[i].as));
        made = sso_reshape(p, row[i].text, row[i].pattern, row[i].as);
        if (!row[i].wanted) {
            assert_null(made);
        } else {
            assert_non_null(made);
            assert_string_equal(made, row[i].wanted);
        }
    }
}

static void what_cannot_work_is_refused(void **state)
{
    static const struct {
        const char *pattern, *as, *why;
    } row[] = {
        {"", NULL, "1 to 512 bytes"},
        {"(a", NULL, "match=(a:"},
        {"a)|(b", NULL, "match=a)|(b:"}, /* would be two halves, each without its other end */
        {"(a)\\1", NULL, "its own groups"},
        {"(a)\\\\1", "\\1", NULL}, /* a backslash, and a digit */
        {"[0-9]+", NULL, "has no group 1"},
        {"(a)", "\\2", "has no group 2"},
        {"(a)", "\\n", "a backslash stands before"},
        {"(a)", "\\0", "a backslash stands before"},
        {"(a)", "x\\", "a backslash stands before"},
        {"a", "x", NULL},
    };
    apr_pool_t *p = ((sso_ctx_t *)*state)->pool;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *why = sso_reshape_check(p, row[i].pattern, row[i].as);

        print_message("  %s\n", row[i].pattern);
        if (!row[i].why) {
            assert_null(why);
        } else {
            assert_non_null(why);
            assert_non_null(strstr(why, row[i].why));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(what_fits_is_reshaped),
        UNIT(what_cannot_work_is_refused),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
