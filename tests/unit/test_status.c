/*
 * test_status.c - the figures in every form; texts that must be escaped; what ends soon.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "core/status.h"
#include "unit.h"

#include <fcntl.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DAY      APR_TIME_C(86400000000)

typedef struct {
    sso_ctx_t *cx;
    sso_counts_t counts;
    sso_provider_t provider;
    sso_status_t status;
    apr_array_header_t *log;
} bench_t;

static apr_time_t end_of_cert = NOW + 10 * DAY;

static void endings(sso_ctx_t *cx, const sso_provider_t *provider, apr_array_header_t *out)
{
    (void)cx;
    (void)provider;
    APR_ARRAY_PUSH(out, sso_expiry_t) = (sso_expiry_t){"certificate CN=<\"x\\y\">", end_of_cert};
}

static const sso_protocol_t protocol = {.name = "fake", .expiries = endings};

static void keep_line(void *sink, int level, const char *file, int line, const char *text)
{
    bench_t *b = sink;

    (void)level;
    (void)file;
    (void)line;
    APR_ARRAY_PUSH(b->log, const char *) = apr_pstrdup(b->cx->pool, text);
}

static apr_status_t accept_all(void *data, sso_ctx_t *cx, sso_span_t text, sso_fresh_found_t *found)
{
    (void)data;
    (void)cx;
    (void)text;
    (void)found;
    return APR_SUCCESS;
}

static bench_t *make(sso_ctx_t *cx)
{
    const sso_fresh_source_t source = {
        .name = "corp.saml", .check = accept_all, .url = "https://idp.example/m?secret=1"};
    bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));
    sso_fresh_set_t *set;
    sso_fresh_t *doc;

    b->cx = cx;
    b->log = apr_array_make(cx->pool, 4, sizeof(const char *));
    cx->log = keep_line;
    cx->sink = b;
    cx->level = SSO_LOG_WARN;
    assert_int_equal(sso_fresh_make(cx, cx->pool, -1, 1, NULL, &set), APR_SUCCESS);
    assert_int_equal(sso_fresh_add(cx, set, &source, &doc), APR_SUCCESS);
    b->provider = (sso_provider_t){.name = "corp", .protocol = &protocol};
    b->status = (sso_status_t){.counts = &b->counts,
                               .fresh = set,
                               .providers = apr_array_make(cx->pool, 1, sizeof(void *))};
    b->status.store = (sso_store_stats_t){.records = 42, .records_room = 1000, .hits = 7};
    APR_ARRAY_PUSH(b->status.providers, const sso_provider_t *) = &b->provider;
    end_of_cert = NOW + 10 * DAY;
    sso_count(&b->counts, SSO_COUNT_LOGINS);
    sso_count(&b->counts, SSO_COUNT_LOGINS);
    sso_count(&b->counts, SSO_COUNT_RENEWALS);
    sso_count(&b->counts, SSO_COUNT_FORMS_RESENT);
    sso_count_fault(&b->counts, SSO_F_SIGNATURE);
    sso_count_fault(&b->counts, SSO_F_COUNT); /* none */
    return b;
}

static const char *write_as(bench_t *b, sso_status_form_t form)
{
    sso_buf_t out = sso_buf_make(b->cx->pool, 100, SSO_STATUS_MAX);

    sso_status_write(b->cx, &b->status, form, &out);
    assert_int_equal(out.full, 0);
    return out.p;
}

static void every_form_says_it(void **state)
{
    static const struct {
        sso_status_form_t form;
        const char *text;
    } row[] = {
        {SSO_STATUS_TEXT, "\nSessions                                     42\n"},
        {SSO_STATUS_TEXT, "\nLogins                                       2\n"},
        {SSO_STATUS_TEXT, "\n  signature                                  1\n"},
        {SSO_STATUS_TEXT, "NOT FETCHED YET"},
        {SSO_STATUS_TEXT, "corp: certificate CN=<\"x\\y\">                 ends in 10 days\n"},
        {SSO_STATUS_AUTO, "SSOSessions: 42\n"},
        {SSO_STATUS_AUTO, "SSOLogins: 2\nSSORenewals: 1\n"},
        {SSO_STATUS_AUTO,
         "SSORevocationsFailed: 0\nSSOLogoutNotices: 0\nSSOLogoutNoticesFailed: 0\n"
         "SSOFormsKept: 0\nSSOFormsResent: 1\nSSOFailures: 1\n"},
        {SSO_STATUS_TEXT, "\nSessions that providers have confirmed       1\n"},
        {SSO_STATUS_PROMETHEUS, "# TYPE sso_renewals_total counter\nsso_renewals_total 1\n"},
        {SSO_STATUS_JSON, ",\"renewals\":1,\"renewals_failed\":0,"},
        {SSO_STATUS_AUTO, "SSODocument corp.saml: age=-1 failures=0 version=0\n"},
        {SSO_STATUS_PROMETHEUS, "# TYPE sso_sessions gauge\nsso_sessions 42\n"},
        {SSO_STATUS_PROMETHEUS, "# TYPE sso_store_hits_total counter\nsso_store_hits_total 7\n"},
        {SSO_STATUS_PROMETHEUS, "sso_logins_total 2\n"},
        {SSO_STATUS_PROMETHEUS, "sso_failures_total{fault=\"signature\"} 1\n"},
        {SSO_STATUS_PROMETHEUS, "sso_document_age_seconds{document=\"corp.saml."},
        {SSO_STATUS_PROMETHEUS,
         "{provider=\"corp\",what=\"certificate CN=<\\\"x\\\\y\\\">\"} 1796324332\n"},
        {SSO_STATUS_HTML, "<td>Sessions</td><td>42</td>"},
        {SSO_STATUS_HTML, "CN=&lt;&quot;x"},
    };
    bench_t *b = make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *text = write_as(b, row[i].form);

        if (!strstr(text, row[i].text)) print_message("%s\nlacks %s\n", text, row[i].text);
        assert_non_null(strstr(text, row[i].text));
        assert_null(strstr(text, "secret"));
    }
}

static void json_is_json(void **state)
{
    static const sso_json_limits_t limits = {1 << 20, 8, 100};
    bench_t *b = make(*state);
    const char *text = write_as(b, SSO_STATUS_JSON);
    json_t *root = NULL;
    json_t *item;

    assert_int_equal(sso_json_parse(b->cx, sso_span(text), &limits, &root, NULL), APR_SUCCESS);
    assert_int_equal(json_integer_value(json_object_get(root, "sessions")), 42);
    assert_int_equal(json_integer_value(json_object_get(root, "logins")), 2);
    item = json_object_get(json_object_get(root, "failures"), "signature");
    assert_int_equal(json_integer_value(item), 1);
    item = json_array_get(json_object_get(root, "documents"), 0);
    assert_string_equal(json_string_value(json_object_get(item, "name")), "corp.saml");
    item = json_array_get(json_object_get(root, "providers"), 0);
    item = json_array_get(json_object_get(item, "endings"), 0);
    assert_string_equal(json_string_value(json_object_get(item, "what")),
                        "certificate CN=<\"x\\y\">");
}

/* A server that was just started, and one whose protocols have nothing that ends. */
static void nothing_is_a_status_too(void **state)
{
    static const sso_protocol_t plain = {.name = "plain"};
    bench_t *b = make(*state);
    sso_status_form_t form;

    b->provider.protocol = &plain;
    b->status.counts = NULL;
    b->status.fresh = NULL;
    for (form = SSO_STATUS_TEXT; form <= SSO_STATUS_HTML; form++)
        assert_true(strlen(write_as(b, form)) > 100);
}

static void forms_are_asked_for(void **state)
{
    (void)state;
    assert_int_equal(sso_status_form(NULL), SSO_STATUS_TEXT);
    assert_int_equal(sso_status_form("x"), SSO_STATUS_TEXT);
    assert_int_equal(sso_status_form("auto"), SSO_STATUS_AUTO);
    assert_int_equal(sso_status_form("format=prometheus"), SSO_STATUS_PROMETHEUS);
    assert_int_equal(sso_status_form("format=json"), SSO_STATUS_JSON);
    assert_string_equal(sso_status_type(SSO_STATUS_JSON), "application/json");
}

/* 30, 7 and 1 days before the end, and then: once each, whenever it is looked. */
static void the_end_is_announced(void **state)
{
    bench_t *b = make(*state);
    apr_time_t since = NOW;
    apr_time_t t;

    end_of_cert = NOW + 40 * DAY + 1;
    for (t = NOW; t < NOW + 45 * DAY; t += DAY / 24) {
        b->cx->now = t;
        sso_status_warn(b->cx, &b->provider, since);
        since = t;
    }
    assert_int_equal(b->log->nelts, 4);
    assert_non_null(strstr(APR_ARRAY_IDX(b->log, 0, const char *), "ends in 30 days: 2027-01-02T"));
    assert_non_null(strstr(APR_ARRAY_IDX(b->log, 1, const char *), "ends in 7 days"));
    assert_non_null(strstr(APR_ARRAY_IDX(b->log, 2, const char *), "ends in 1 day:"));
    assert_non_null(strstr(APR_ARRAY_IDX(b->log, 3, const char *), "provider corp: certificate"));
    assert_non_null(strstr(APR_ARRAY_IDX(b->log, 3, const char *), "has ended"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(every_form_says_it),  UNIT(json_is_json),         UNIT(nothing_is_a_status_too),
        UNIT(forms_are_asked_for), UNIT(the_end_is_announced),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
