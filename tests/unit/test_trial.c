/*
 * test_trial.c - testing a provider: everything is shown, nothing remains.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/gate.h"
#include "core/trial.h"
#include "core_bench.h"

#define EVIL "\"'><script>alert(1)</script>&"

static sso_provider_settings_t *settings_of(const sso_idp_t *idp)
{
    return (sso_provider_settings_t *)(uintptr_t)idp->provider->set;
}

/* One request from this machine or elsewhere; the browser keeps the cookies. */
static sso_reply_t ask(bench_t *b, const char *method, const char *target, int loopback)
{
    sso_request_t req = bench_request(b, method, target);
    sso_reply_t reply;

    req.loopback = loopback;
    sso_ctx_clear(b->cx);
    b->cx->trace = NULL;
    sso_gate_serve(b->cx, &b->site, &req, &reply);
    bench_keep(b, &reply);
    return reply;
}

static sso_reply_t get(bench_t *b, const char *target)
{
    bench_navigate(b);
    return ask(b, "GET", target, 0);
}

static bench_t *make(void **state)
{
    bench_t *b = bench_make(*state);

    settings_of(b->idp)->active = SSO_ACTIVE_TEST;
    return b;
}

static const char *body_of(bench_t *b, const sso_reply_t *reply)
{
    return sso_span_text(b->cx->pool, reply->body);
}

static const char *fault_of(const sso_reply_t *reply)
{
    const char *code = reply->headers ? apr_table_get(reply->headers, "X-SSO-Fault") : NULL;

    return code ? code : "";
}

/* Begin a test and go to the other side. */
static void begin(bench_t *b, const char *email)
{
    sso_reply_t reply = get(b, apr_pstrcat(b->cx->pool, "/.sso/corp/test?begin=", email, NULL));

    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    assert_string_equal(reply.location, "https://idp.example/sso");
    assert_int_equal(bench_cookies(&reply), 1);
}

static void the_page_leads_to_the_other_side(void **state)
{
    bench_t *b = make(state);
    sso_reply_t reply = get(b, "/.sso/corp/test");

    assert_int_equal(reply.status, 200);
    assert_non_null(
        strstr(body_of(b, &reply), "<form method=\"get\" action=\"" BASE "/.sso/corp/test\">"));
    assert_non_null(strstr(reply.csp, "form-action 'self'"));
    reply = get(b, "/.sso/corp/test?email=ada%40example.org");
    assert_int_equal(reply.status, 200);
    assert_string_equal(apr_table_get(reply.headers, "Refresh"),
                        "0;url=" BASE "/.sso/corp/test?begin=ada%40example.org");
    assert_int_equal(bench_cookies(&reply), 0);
    begin(b, "ada%40example.org");
}

static void a_test_makes_no_session_and_spends_nothing(void **state)
{
    bench_t *b = make(state);
    sso_reply_t reply;
    const char *body;

    begin(b, "");
    b->trace[0] = '\0';
    reply = get(b, "/.sso/corp/callback");
    body = body_of(b, &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(b->trace,
                        "finish marked"); /* asks for bans, and no mark, no put, no drop */
    assert_false(bench_is_in(b, &b->site));
    assert_int_equal(bench_records(b), 0);
    assert_non_null(strstr(body, "A login would succeed"));
    assert_non_null(strstr(body, "SSOActive on"));
    assert_non_null(strstr(body, "<td class=\"k\">REMOTE_USER</td>\n<td class=\"m\">ada</td>"));
    assert_non_null(strstr(body,
                           "<td class=\"k\">SSO_EMAIL</td>\n<td class=\"m\">ada@example.org</td>\n"
                           "<td class=\"m\">X-SSO-Email: ada@example.org</td>"));
    assert_non_null(strstr(body, "urn:issuer"));
    assert_non_null(strstr(body, "A session can be made of it"));
    assert_int_equal(reply.cacheable, 0);
    /* Once more: the flow has ended, and what it was given is good for nothing. */
    assert_null(apr_table_get(b->jar, "__Host-sso"));
    reply = get(b, "/.sso/corp/callback");
    assert_string_equal(fault_of(&reply), "inactive");
}

static void somebody_signed_in_stays_so(void **state)
{
    bench_t *b = make(state);
    sso_reply_t reply;

    settings_of(b->idp)->setup_pages = SSO_SETUP_ANYONE;
    settings_of(b->idp)->active = SSO_ACTIVE_ON;
    bench_sign_in(b, b->idp);
    begin(b, "");
    b->fake.who->subject = "eve";
    reply = get(b, "/.sso/corp/callback");
    assert_int_equal(reply.status, 200);
    assert_true(bench_is_in(b, &b->site));
    assert_int_equal(bench_records(b), 1);
    assert_null(strstr(body_of(b, &reply), "SSOActive on in"));
}

static void the_expected_person_is_compared(void **state)
{
    bench_t *b = make(state);
    sso_reply_t reply;

    begin(b, "");
    assert_null(b->fake.hint);
    b->cx->now += SECONDS(1);
    begin(b, "ADA%40example.org");
    assert_string_equal(b->fake.hint, "ADA@example.org");
    reply = get(b, "/.sso/corp/callback");
    assert_non_null(strstr(body_of(b, &reply), "It was ADA@example.org, as expected"));
    begin(b, "bob%40example.org");
    reply = get(b, "/.sso/corp/callback");
    assert_non_null(strstr(body_of(b, &reply), "It was not the person of bob@example.org"));
}

static void a_name_that_changes_is_noted(void **state)
{
    bench_t *b = make(state);
    sso_reply_t reply;

    b->fake.who->subject_format = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    begin(b, "");
    reply = get(b, "/.sso/corp/callback");
    assert_non_null(strstr(body_of(b, &reply), "REMOTE_USER will be another one at every login"));
    b->fake.who->subject_format = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    begin(b, "");
    reply = get(b, "/.sso/corp/callback");
    assert_null(strstr(body_of(b, &reply), "another one at every login"));
}

static void a_failure_is_explained(void **state)
{
    bench_t *b = make(state);
    const sso_fault_info_t *info = sso_fault_info(SSO_F_AUDIENCE);
    sso_reply_t reply;
    const char *body;

    begin(b, "");
    b->fake.finish_fault = SSO_F_AUDIENCE;
    reply = get(b, "/.sso/corp/callback");
    body = body_of(b, &reply);
    assert_int_equal(reply.status, info->http);
    assert_string_equal(fault_of(&reply), "audience");
    assert_non_null(strstr(body, "What was seen: the bench wants it so"));
    assert_non_null(strstr(body, info->cure));
    assert_non_null(strstr(body, info->user));
    assert_null(strstr(body, "A login would succeed"));
    assert_non_null(strstr(b->log, "test of provider corp: audience"));
    assert_null(strstr(b->log, "3 ")); /* no error in the log */
}

/* After the answer was verified a login can still be refused; so is the test. */
static void what_comes_after_is_rehearsed(void **state)
{
    bench_t *b = make(state);
    sso_reply_t reply;
    int ended;

    APR_ARRAY_PUSH(settings_of(b->idp)->domains = apr_array_make(b->cx->pool, 1, sizeof(char *)),
                   const char *) = "elsewhere.example";
    begin(b, "");
    reply = get(b, "/.sso/corp/callback");
    assert_string_equal(fault_of(&reply), "domain");
    assert_non_null(strstr(body_of(b, &reply), "Attributes as they came"));
    settings_of(b->idp)->domains = NULL;
    b->fake.who->valid_until = b->cx->now - 1;
    begin(b, "");
    reply = get(b, "/.sso/corp/callback");
    assert_string_equal(fault_of(&reply), "session_expired");
    b->fake.who->valid_until = 0;
    b->fake.who->banned = 1;
    begin(b, "");
    reply = get(b, "/.sso/corp/callback");
    assert_string_equal(fault_of(&reply), "banned");
    b->fake.who->banned = 0; /* the test has not banned anybody */
    assert_false(sso_session_is_banned(b->cx, b->idp, "ada"));
    assert_int_equal(sso_session_ban(b->cx, b->idp, "ada", &ended), APR_SUCCESS);
    begin(b, "");
    reply = get(b, "/.sso/corp/callback");
    assert_string_equal(fault_of(&reply), "banned");
}

static void what_came_is_escaped(void **state)
{
    bench_t *b = make(state);
    sso_reply_t reply;

    sso_identity_add(b->fake.who, EVIL, EVIL, EVIL);
    b->fake.who->sid = EVIL;
    begin(b, "%3Cscript%3Ealert(1)%3C%2Fscript%3E");
    reply = get(b, "/.sso/corp/callback");
    assert_int_equal(reply.status, 200);
    assert_null(strstr(body_of(b, &reply), "<script"));
    reply = get(b, "/.sso/corp/test?email=%22%3E%3Cscript%3E");
    assert_null(strstr(body_of(b, &reply), "<script"));
}

/* Nobody is sent to a provider in test: no login, no directory, no answer of a login. */
static void in_test_nothing_else_leads_there(void **state)
{
    bench_t *b = make(state);
    sso_reply_t reply = get(b, "/.sso/login?provider=corp");

    assert_string_equal(fault_of(&reply), "inactive");
    assert_non_null(strstr(b->log, "only " BASE "/.sso/corp/test leads to it"));
    reply = get(b, "/.sso/choose");
    assert_string_equal(fault_of(&reply), "inactive");
    settings_of(b->idp)->active = SSO_ACTIVE_ON;
    reply = get(b, "/.sso/login?provider=corp");
    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    settings_of(b->idp)->active = SSO_ACTIVE_TEST;
    reply = get(b, "/.sso/corp/callback"); /* the answer of a login, begun before */
    assert_string_equal(fault_of(&reply), "inactive");
    assert_int_equal(bench_records(b), 0);
}

/* A login's answer is a login's, although a test is under way, and the other way round. */
static void tests_and_logins_do_not_mix(void **state)
{
    bench_t *b = make(state);
    sso_reply_t reply;

    settings_of(b->idp)->active = SSO_ACTIVE_ON;
    settings_of(b->idp)->setup_pages = SSO_SETUP_ANYONE;
    begin(b, "");
    b->cx->now += SECONDS(1);
    reply = get(b, "/.sso/login?provider=corp&return=/app");
    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    reply = get(b, "/.sso/corp/callback"); /* the bench answers the newest flow */
    assert_string_equal(reply.location, BASE "/app");
    assert_true(bench_is_in(b, &b->site));
    b->cx->now += SECONDS(1);
    reply = get(b, "/.sso/login?provider=corp&return=test:");
    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    reply = get(b, "/.sso/corp/callback");
    assert_string_equal(reply.location, BASE "/"); /* nobody marks a flow from outside */
    b->cx->now += SECONDS(120);
    begin(b, "");
    b->fake.unsolicited = 1; /* an answer that names no flow belongs to no test */
    b->fake.landing = "/landing";
    b->fake.token = "another";
    reply = get(b, "/.sso/corp/callback");
    assert_string_equal(reply.location, BASE "/landing");
}

static void who_may_test(void **state)
{
    static const struct {
        int rule, active, loopback, status;
    } row[] = {
        {SSO_SETUP_AUTO, SSO_ACTIVE_TEST, 0, 200},  {SSO_SETUP_AUTO, SSO_ACTIVE_ON, 0, 404},
        {SSO_SETUP_AUTO, SSO_ACTIVE_ON, 1, 200},    {SSO_SETUP_ANYONE, SSO_ACTIVE_ON, 0, 200},
        {SSO_SETUP_LOCAL, SSO_ACTIVE_TEST, 0, 404}, {SSO_SETUP_LOCAL, SSO_ACTIVE_TEST, 1, 200},
        {SSO_SETUP_OFF, SSO_ACTIVE_TEST, 1, 404},   {SSO_SETUP_AUTO, SSO_ACTIVE_OFF, 1, 403},
        {SSO_SETUP_ANYONE, SSO_ACTIVE_OFF, 0, 403},
    };
    bench_t *b = make(state);
    apr_size_t i;

    bench_navigate(b);
    for (i = 0; i < COUNT(row); i++) {
        settings_of(b->idp)->setup_pages = row[i].rule;
        settings_of(b->idp)->active = row[i].active;
        print_message("  %d %d %d\n", row[i].rule, row[i].active, row[i].loopback);
        assert_int_equal(ask(b, "GET", "/.sso/corp/test", row[i].loopback).status, row[i].status);
    }
}

/* A test begun where it was allowed shows nothing where it is not any more. */
static void the_result_has_the_same_rule(void **state)
{
    bench_t *b = make(state);
    sso_reply_t reply;

    begin(b, "");
    settings_of(b->idp)->active = SSO_ACTIVE_ON;
    b->fake.finish_fault = SSO_F_AUDIENCE;
    reply = get(b, "/.sso/corp/callback");
    assert_string_equal(fault_of(&reply), "not_found");
    assert_null(strstr(body_of(b, &reply), "What was seen"));
    b->fake.finish_fault = SSO_F_NONE;
    reply = get(b, "/.sso/corp/callback");
    assert_string_equal(fault_of(&reply), "not_found");
    assert_false(bench_is_in(b, &b->site));
}

/* Other sites may open the page, and that is all. */
static void only_a_person_begins_a_test(void **state)
{
    bench_t *b = make(state);
    sso_reply_t reply;

    bench_navigate(b);
    apr_table_set(b->headers, "Sec-Fetch-Site", "cross-site");
    reply = ask(b, "GET", "/.sso/corp/test?begin=", 0);
    assert_int_equal(reply.kind, SSO_REPLY_BODY);
    assert_int_equal(bench_cookies(&reply), 0);
    bench_navigate(b);
    apr_table_set(b->headers, "Sec-Fetch-Mode", "cors");
    reply = ask(b, "GET", "/.sso/corp/test?begin=", 0);
    assert_int_equal(bench_cookies(&reply), 0);
    bench_navigate(b);
    apr_table_set(b->headers, "Sec-Purpose", "prefetch");
    reply = ask(b, "GET", "/.sso/corp/test?begin=", 0);
    assert_int_equal(bench_cookies(&reply), 0);
    begin(b, "");
    apr_table_set(b->headers, "Sec-Purpose", "prefetch"); /* an answer, prefetched, ends no test */
    reply = ask(b, "GET", "/.sso/corp/callback", 0);
    assert_int_equal(bench_cookies(&reply), 0);
    assert_int_equal(get(b, "/.sso/corp/callback").status, 200);
    bench_navigate(b);
    assert_int_equal(ask(b, "POST", "/.sso/corp/test", 0).status, 405);
    assert_int_equal(get(b, "/.sso/corp/test?begin=%zz").status, 400);
    assert_int_equal(get(b, "/.sso/corp/test?email=%ff").status, 400);
}

static void plain_http_is_refused(void **state)
{
    bench_t *b = make(state);
    sso_request_t req;
    sso_reply_t reply;

    bench_navigate(b);
    req = bench_request(b, "GET", "/.sso/corp/test");
    req.https = 0;
    sso_gate_serve(b->cx, &b->site, &req, &reply);
    assert_string_equal(fault_of(&reply), "tls");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(the_page_leads_to_the_other_side),
        UNIT(a_test_makes_no_session_and_spends_nothing),
        UNIT(somebody_signed_in_stays_so),
        UNIT(the_expected_person_is_compared),
        UNIT(a_name_that_changes_is_noted),
        UNIT(a_failure_is_explained),
        UNIT(what_comes_after_is_rehearsed),
        UNIT(what_came_is_escaped),
        UNIT(in_test_nothing_else_leads_there),
        UNIT(tests_and_logins_do_not_mix),
        UNIT(who_may_test),
        UNIT(the_result_has_the_same_rule),
        UNIT(only_a_person_begins_a_test),
        UNIT(plain_http_is_refused),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
