/*
 * test_audit.c - looking over a provider: what is found, how it weighs, what to do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/audit.h"
#include "core_bench.h"

#define DAYS(n) ((n)*APR_TIME_C(86400000000))

static const sso_finding_t none = {SSO_GOOD, "", ""};

static const sso_finding_t *finding_of(const apr_array_header_t *list, const char *part)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (strstr(APR_ARRAY_IDX(list, i, sso_finding_t).what, part)) {
            return &APR_ARRAY_IDX(list, i, sso_finding_t);
        }
    }
    return &none;
}

static void what_ends_weighs_more_and_more(void **state)
{
    static const struct {
        apr_time_t left;
        sso_weight_t weight;
        const char *says;
    } row[] = {
        {DAYS(365), SSO_GOOD, "it ends at 2027"},
        {DAYS(30), SSO_GOOD, "it ends at 2026"},
        {DAYS(30) - 1, SSO_WARNING, "it ends in 29 days, at 2026"},
        {DAYS(7), SSO_WARNING, "it ends in 7 days, at 2026"},
        {DAYS(1), SSO_WARNING, "it ends in 1 day, at 2026"},
        {DAYS(1) - 1, SSO_PROBLEM, "it ends within a day, at 2026"},
        {1, SSO_PROBLEM, "it ends within a day"},
        {0, SSO_WARNING, "it ended at 2026"},
        {-DAYS(4000), SSO_WARNING, "it ended at 2015"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        apr_array_header_t *list = apr_array_make(cx->pool, 1, sizeof(sso_finding_t));
        const sso_finding_t *f;

        sso_audit_end(cx, list, "it", cx->now + row[i].left, SSO_WARNING, "renew it");
        f = &APR_ARRAY_IDX(list, 0, sso_finding_t);
        print_message("  %s\n", f->what);
        assert_int_equal(list->nelts, 1);
        assert_int_equal(f->weight, row[i].weight);
        assert_non_null(strstr(f->what, row[i].says));
        assert_string_equal(f->cure, row[i].weight == SSO_GOOD ? "" : "renew it");
    }
}

static void the_site_is_looked_at(void **state)
{
    bench_t *b = bench_make(*state);
    apr_array_header_t *list = apr_array_make(b->cx->pool, 4, sizeof(sso_finding_t));

    sso_audit(b->cx, b->idp, list);
    assert_int_equal(finding_of(list, "by https")->weight, SSO_GOOD);
    assert_int_equal(list->nelts, 1);
    apr_array_clear(list);
    b->site.base_url = "http://www.example.org";
    sso_audit(b->cx, b->idp, list);
    assert_int_equal(finding_of(list, "logins are refused")->weight, SSO_PROBLEM);
    assert_non_null(strstr(finding_of(list, "logins are refused")->cure, "SSOBaseURL"));
    apr_array_clear(list);
    b->site.insecure_http = 1;
    sso_audit(b->cx, b->idp, list);
    assert_int_equal(finding_of(list, "plain http")->weight, SSO_WARNING);
}

static void whether_people_are_sent_there(void **state)
{
    bench_t *b = bench_make(*state);
    sso_provider_settings_t *set = (sso_provider_settings_t *)(uintptr_t)b->idp->provider->set;
    apr_array_header_t *list = apr_array_make(b->cx->pool, 4, sizeof(sso_finding_t));

    set->active = SSO_ACTIVE_TEST;
    sso_audit(b->cx, b->idp, list);
    assert_int_equal(finding_of(list, "in test")->weight, SSO_NOTE);
    assert_non_null(strstr(finding_of(list, "in test")->cure, "SSOActive on"));
    apr_array_clear(list);
    set->active = SSO_ACTIVE_OFF;
    sso_audit(b->cx, b->idp, list);
    assert_int_equal(finding_of(list, "it is off")->weight, SSO_NOTE);
}

static void weights_have_names(void **state)
{
    (void)state;
    assert_string_equal(sso_weight_name(SSO_GOOD), "good");
    assert_string_equal(sso_weight_name(SSO_NOTE), "note");
    assert_string_equal(sso_weight_name(SSO_WARNING), "warning");
    assert_string_equal(sso_weight_name(SSO_PROBLEM), "problem");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(what_ends_weighs_more_and_more),
        UNIT(the_site_is_looked_at),
        UNIT(whether_people_are_sent_there),
        UNIT(weights_have_names),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
