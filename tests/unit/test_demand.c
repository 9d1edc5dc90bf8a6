/*
 * test_demand.c - what a login must be like: read from addresses, written into them, judged.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/demand.h"
#include "unit.h"

#include <apr_strings.h>

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define SECONDS(n) apr_time_from_sec(n)
#define MFA        "https://refeds.org/profile/mfa"

static apr_status_t read_query(sso_ctx_t *cx, const char *query, sso_demand_t *out)
{
    sso_params_t params;

    assert_int_equal(sso_params_parse(cx, sso_span(query), 0, &params), APR_SUCCESS);
    return sso_demand_read(cx, &params, out);
}

/* Row 16: forceAuthn on the login address; and what a place with SSOReauth and SSOStepUp writes. */
static void addresses_are_read_and_written(void **state)
{
    static const struct {
        const char *query;
        int force;
        int seconds;
        const char *acr;
        const char *again; /* NULL: the query, with '&' in front */
    } row[] = {
        {"", 0, 0, "", ""},
        {"provider=corp&return=%2F", 0, 0, "", ""},
        {"forceAuthn=true", 1, 0, "", NULL},
        {"forceAuthn=1", 1, 0, "", "&forceAuthn=true"},
        {"forceAuthn=false", 0, 0, "", ""},
        {"forceAuthn=0&x=y", 0, 0, "", ""},
        {"max_age=900", 0, 900, "", NULL},
        {"max_age=2592000", 0, 2592000, "", NULL},
        {"acr_values=urn%3Aa", 0, 0, "urn:a", NULL},
        {"acr_values=urn%3Aa%20urn%3Ab", 0, 0, "urn:a urn:b", NULL},
        {"acr_values=", 0, 0, "", ""},
        {"acr_values=1", 0, 0, "1", NULL},
        {"login_hint=ada%40example.org", 0, 0, "", NULL},
        {"login_hint=Zo%C3%AB%20%3Cx%3E", 0, 0, "", NULL},
        {"login_hint=", 0, 0, "", ""},
        {"max_age=60&forceAuthn=true&acr_values=a%26b", 1, 60, "a&b",
         "&forceAuthn=true&max_age=60&acr_values=a%26b"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_demand_t demand;
        const char *again = row[i].again ? row[i].again
                                         : apr_pstrcat(cx->pool, "&", row[i].query, NULL);

        print_message("  %s\n", row[i].query);
        assert_int_equal(read_query(cx, row[i].query, &demand), APR_SUCCESS);
        assert_int_equal(demand.force, row[i].force);
        assert_int_equal(demand.max_age, SECONDS(row[i].seconds));
        assert_string_equal(demand.acr, row[i].acr);
        assert_string_equal(sso_demand_query(cx->pool, &demand), again);
        assert_int_equal(!!sso_demand_is_any(&demand), *again != '\0' && !demand.hint);
    }
    assert_false(sso_demand_is_any(NULL));
    assert_string_equal(sso_demand_query(cx->pool, NULL), "");
}

static void what_cannot_be_meant_is_refused(void **state)
{
    static const char *const malformed[] = {
        "forceAuthn=",      "forceAuthn=yes",
        "forceAuthn=TRUE",  "max_age=",
        "max_age=0",        "max_age=-1",
        "max_age=1.5",      "max_age=15m",
        "max_age=2592001",  "max_age=99999999999999999999",
        "acr_values=a%09b", "acr_values=%3Cx%3E",
        "acr_values=a%22",  "acr_values=%C3%A9",
        "acr_values=a%0Ab", "login_hint=a%0Ab",
        "login_hint=%C3",   "login_hint=%7F",
        "acr_values=a%5Cb",
    };
    sso_ctx_t *cx = *state;
    sso_demand_t demand = {.force = 4711};
    char *lengthy = apr_pcalloc(cx->pool, 11 + SSO_DEMAND_ACR_MAX + 2);
    apr_size_t i;

    for (i = 0; i < COUNT(malformed); i++) {
        print_message("  %s\n", malformed[i]);
        assert_int_not_equal(read_query(cx, malformed[i], &demand), APR_SUCCESS);
        assert_fault(cx, MALFORMED);
    }
    memset(apr_cpystrn(lengthy, "acr_values=", 12), 'x', SSO_DEMAND_ACR_MAX + 1);
    assert_int_not_equal(read_query(cx, lengthy, &demand), APR_SUCCESS);
    assert_fault(cx, MALFORMED);
    lengthy[11 + SSO_DEMAND_ACR_MAX] = '\0';
    memcpy(lengthy, "login_hint=", 11);
    assert_int_not_equal(read_query(cx, lengthy, &demand), APR_SUCCESS);
    assert_fault(cx, MALFORMED);
    memcpy(lengthy, "acr_values=", 11);
    assert_int_not_equal(read_query(cx, "max_age=1&max_age=2", &demand), APR_SUCCESS);
    assert_fault(cx, PARAM_DUPLICATE);
    assert_int_not_equal(read_query(cx, "acr_values=%zz", &demand), APR_SUCCESS);
    assert_fault(cx, PARAM_ESCAPE);
    assert_int_equal(demand.force, 4711);
    assert_int_equal(read_query(cx, lengthy, &demand), APR_SUCCESS);
}

static void lists_are_searched_by_whole_words(void **state)
{
    static const struct {
        const char *list, *acr;
        int found;
    } row[] = {
        {"urn:a", "urn:a", 1},
        {"urn:a urn:b", "urn:b", 1},
        {" urn:a  urn:b ", "urn:b", 1},
        {"urn:a urn:b", "urn:", 0},
        {"urn:ab", "urn:a", 0},
        {"urn:a", "urn:ab", 0},
        {"urn:a urn:b", "a urn", 0},
        {"", "urn:a", 0},
        {"urn:a  b", "", 0},
        {"urn:A", "urn:a", 0},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++) {
        print_message("  '%s' in '%s'\n", row[i].acr, row[i].list);
        assert_int_equal(sso_demand_lists(row[i].list, row[i].acr), row[i].found);
    }
}

/* Rows 21, 25, 26: the answer is held to what was asked for. */
static void answers_are_judged(void **state)
{
    enum { OK, REAUTH, STEP_UP };
    static const struct {
        int force, max_age;
        const char *asked;
        int issued, proved; /* seconds ago; -1: it is not said */
        const char *acr;
        int wanted;
        int proved_then; /* seconds ago, after an answer that is OK */
    } row[] = {
        /* nothing was asked for */
        {0, 0, "", 30, 9999, NULL, OK, 9999},
        {0, 0, NULL, 30, -1, "urn:a", OK, -1},
        /* anew */
        {1, 0, "", 30, 10, NULL, OK, 10},
        {1, 0, "", 30, 30, NULL, OK, 30},
        {1, 0, "", 30, 90, NULL, OK, 30}, /* its clock is behind by the tolerance */
        {1, 0, "", 30, 91, NULL, REAUTH, 0},
        {1, 0, "", 30, -1, NULL, REAUTH, 0},
        {1, 0, "", 30, -40, NULL, OK, -40}, /* its clock is ahead */
        /* anew, and not long ago: the person took their time there */
        {1, 60, "", 30, 60, NULL, OK, 30},
        {1, 60, "", 70, 10, NULL, OK, 10},
        {1, 60, "", 70, 60, NULL, OK, 60},
        {1, 60, "", 70, 61, NULL, REAUTH, 0},
        /* not long ago, but not forced: the place itself will see */
        {0, 60, "", 30, 9999, NULL, OK, 9999},
        /* strong */
        {0, 0, MFA, 30, 10, MFA, OK, 10},
        {0, 0, "urn:x " MFA, 30, 10, MFA, OK, 10},
        {0, 0, MFA, 30, 10, "urn:password", STEP_UP, 0},
        {0, 0, MFA, 30, 10, MFA "x", STEP_UP, 0},
        {0, 0, MFA, 30, 10, "", STEP_UP, 0},
        {0, 0, MFA, 30, 10, NULL, STEP_UP, 0},
        /* both */
        {1, 0, MFA, 30, 10, MFA, OK, 10},
        {1, 0, MFA, 30, 600, MFA, REAUTH, 0},
        {1, 0, MFA, 30, 10, "urn:password", STEP_UP, 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_demand_t demand = {
            .force = row[i].force, .max_age = SECONDS(row[i].max_age), .acr = row[i].asked};
        sso_identity_t *who = sso_identity_make(cx->pool);
        apr_time_t proved = row[i].proved == -1 ? 0 : NOW - SECONDS(row[i].proved);
        apr_time_t then = row[i].proved_then == -1 ? 0 : NOW - SECONDS(row[i].proved_then);
        apr_status_t rv;

        print_message("  row %d\n", (int)i);
        who->auth_time = proved;
        who->acr = row[i].acr;
        rv = sso_demand_check(cx, &demand, NOW - SECONDS(row[i].issued), SECONDS(60), who);
        assert_int_equal(rv == APR_SUCCESS, row[i].wanted == OK);
        assert_int_equal(who->auth_time, row[i].wanted == OK ? then : proved);
        if (row[i].wanted == REAUTH) assert_fault(cx, REAUTH);
        if (row[i].wanted == STEP_UP) assert_fault(cx, STEP_UP);
    }
}

/* The log says what came and what was asked for, and nothing of it breaks the line. */
static void refusals_say_what_came(void **state)
{
    sso_ctx_t *cx = *state;
    sso_demand_t demand = {.acr = MFA};
    sso_identity_t *who = sso_identity_make(cx->pool);

    who->acr = "urn:evil\nline";
    assert_int_not_equal(sso_demand_check(cx, &demand, NOW, 0, who), APR_SUCCESS);
    assert_string_equal(cx->err.log, "the login was by \"urn:evil\\x0aline\", asked for: " MFA);
}

/* R34: of several that are believed only the one that was asked. */
static void r34_the_one_that_was_asked(void **state)
{
    static const struct {
        const char *asked, *answers;
        int ok;
    } row[] = {{NULL, "urn:a", 1},     {"", "urn:a", 1},      {"urn:a", "urn:a", 1},
               {"urn:a", "urn:b", 0},  {"urn:a", "urn:A", 0}, {"urn:a", "urn:", 0},
               {"urn:a", "urn:a ", 0}, {"urn:a", "", 0}};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const sso_demand_t demand = {.acr = "", .issuer = row[i].asked};
        sso_identity_t *who = sso_identity_make(cx->pool);

        who->issuer = row[i].answers;
        assert_int_equal(sso_demand_check(cx, &demand, NOW, 0, who) == APR_SUCCESS, row[i].ok);
        if (!row[i].ok) assert_fault(cx, ISSUER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(addresses_are_read_and_written),
        UNIT(what_cannot_be_meant_is_refused),
        UNIT(lists_are_searched_by_whole_words),
        UNIT(answers_are_judged),
        UNIT(refusals_say_what_came),
        UNIT(r34_the_one_that_was_asked),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
