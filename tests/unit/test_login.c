/*
 * test_login.c - a login from its start to its session: the order of things, and what stops it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/login.h"
#include "core_bench.h"

static sso_provider_settings_t *settings_of(const sso_idp_t *idp)
{
    return (sso_provider_settings_t *)(uintptr_t)idp->provider->set;
}

/* Start, as a person who opened `path`; cookies are kept. */
static apr_status_t start(bench_t *b, const char *path, sso_reply_t *reply)
{
    sso_request_t req = bench_request(b, "GET", path);
    apr_status_t rv;

    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    rv = sso_login_start(b->cx, b->idp, &req, path, NULL, reply);
    if (rv == APR_SUCCESS) bench_keep(b, reply);
    return rv;
}

/* The provider's answer arrives; cookies are kept. */
static apr_status_t finish(bench_t *b, sso_reply_t *reply)
{
    sso_request_t req = bench_request(b, "GET", "/.sso/corp/callback?data=x");
    apr_status_t rv;

    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    b->trace[0] = '\0';
    rv = sso_login_finish(b->cx, b->idp, &req, reply);
    if (rv == APR_SUCCESS) bench_keep(b, reply);
    return rv;
}

static void start_well(bench_t *b, const char *path)
{
    sso_reply_t reply;

    assert_int_equal(start(b, path, &reply), APR_SUCCESS);
}

/* ---- the way through ---- */

static void a_login_leads_back(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;
    sso_session_t session;
    sso_request_t req;

    assert_int_equal(start(b, "/app?x=1&y=%2F", &reply), APR_SUCCESS);
    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    assert_string_equal(reply.location, "https://idp.example/sso");
    assert_int_equal(bench_cookies(&reply), 2); /* the flow and the count */
    assert_false(bench_is_in(b, &b->site));
    assert_int_equal(bench_records(b), 0); /* nothing is kept for strangers */

    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    assert_int_equal(reply.status, 303);
    assert_string_equal(reply.location, BASE "/app?x=1&y=%2F");
    req = bench_request(b, "GET", "/");
    assert_int_equal(sso_session_find(b->cx, &b->site, req.cookie, &session), APR_SUCCESS);
    assert_string_equal(session.user, "ada");
    assert_string_equal(session.landing, "/app?x=1&y=%2F");
    assert_non_null(strstr(b->log, "6 ada signed in through corp"));
}

/* Verified, spent, not banned, a session: in this order. */
static void the_order_is_fixed(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    start_well(b, "/");
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_string_equal(b->trace, "finish mark marked put marked");
}

/* A12, 1.6: nothing is spent before the answer has been verified. */
static void a12_nothing_is_spent_before_it_is_verified(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    start_well(b, "/");
    b->fake.finish_fault = SSO_F_SIG_MISMATCH;
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, SIG_MISMATCH);
    assert_string_equal(b->trace, "finish");
    b->fake.finish_fault = SSO_F_NONE;
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
}

/* 1.6: spent also when the login then fails; a second try with the same answer is a replay. */
static void a12_what_failed_is_spent_as_well(void **state)
{
    sso_ctx_t *cx = *state;
    int kind;

    for (kind = 0; kind < 4; kind++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;

        print_message("  kind %d\n", kind);
        start_well(b, "/");
        if (kind == 0) b->fake.who->banned = 1;
        if (kind == 1) b->fake.who->subject = "a\nb";
        if (kind == 2) b->store.put_fault = SSO_F_SESSION_SIZE;
        if (kind == 3) b->fake.who->valid_until = NOW - 1;
        assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
        assert_int_equal(strncmp(b->trace, "finish mark", 11), 0);
        assert_false(bench_is_in(b, &b->site));
        sso_ctx_clear(cx);

        b->fake.who->banned = 0;
        b->fake.who->subject = "eve";
        b->fake.who->valid_until = 0;
        b->store.put_fault = SSO_F_NONE;
        assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
        assert_fault(cx, TOKEN_USED);
        assert_string_equal(b->trace, "finish mark");
        assert_int_equal(bench_records(b), 0);
    }
}

/* 1.6: a full table of spent tokens lets nobody in. */
static void a12_without_room_nobody_comes_in(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    start_well(b, "/");
    b->store.mark_fails = 1;
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, STORE_FULL);
    assert_int_equal(bench_records(b), 0);
}

/* 1.6: an answer is useless in a browser that did not begin the login. */
static void a12_answers_are_of_one_browser(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    start_well(b, "/");
    apr_table_clear(b->jar);
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, STATE_MISSING);
}

/* A12: an answer must arrive in time, whatever the protocol thinks of it; and is not spent if not. */
static void a12_late_answers_are_refused(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    start_well(b, "/");
    b->cx->now = NOW + SECONDS(900) + 1;
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, STATE_EXPIRED);
    assert_string_equal(b->trace, "finish");
    b->cx->now = NOW + SECONDS(900);
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
}

/* A1: what only looks ahead spends nothing. */
static void a1_prefetches_spend_nothing(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    start_well(b, "/");
    apr_table_set(b->headers, "Sec-Purpose", "prefetch;prerender");
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, METHOD);
    assert_int_equal(b->fake.finished, 0);
    apr_table_clear(b->headers);
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
}

/* ---- once more ---- */

/* 1.6: a reload of the answer that made the current session leads back. */
static void a_reload_leads_back(void **state)
{
    bench_t *b = bench_make(*state);
    const char *cookie;
    sso_reply_t reply;

    start_well(b, "/app");
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    cookie = apr_table_get(b->jar, "__Host-sso");
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_string_equal(b->trace, "finish mark");
    assert_int_equal(reply.status, 303);
    assert_string_equal(reply.location, BASE "/app");
    assert_int_equal(bench_cookies(&reply), 0);
    assert_string_equal(apr_table_get(b->jar, "__Host-sso"), cookie);
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
    assert_int_equal(bench_records(b), 1);
}

/* ---- a protocol that has to ask its provider ---- */

static apr_status_t open_first(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                               const sso_flows_t *flows, sso_answer_t *out)
{
    (void)req;
    bench_note(idp->provider->state, "open");
    if (flows->n == 0) return sso_fail(cx, SSO_F_STATE_MISSING, "no flow");
    *out = (sso_answer_t){.flow = &flows->item[0], .opened = "opened", .once_n = 1};
    out->once[0] = (sso_once_t){.label = "token",
                                .what = sso_span(flows->item[0].request),
                                .until = cx->now + SECONDS(960),
                                .fault = SSO_F_TOKEN_USED};
    return APR_SUCCESS;
}

static bench_t *bench_that_opens(void **state)
{
    static sso_protocol_t protocol;
    bench_t *b = bench_make(*state);

    protocol = *b->idp->provider->protocol;
    protocol.open = open_first;
    ((sso_provider_t *)(uintptr_t)b->idp->provider)->protocol = &protocol;
    return b;
}

/* The provider is asked once, whatever comes again: a reload leads back, a replay is refused. */
static void what_was_spent_is_not_asked_about(void **state)
{
    bench_t *b = bench_that_opens(state);
    sso_reply_t reply;

    start_well(b, "/app");
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_string_equal(reply.location, BASE "/app");
    apr_table_unset(b->jar, "__Host-sso");
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, TOKEN_USED);
    assert_int_equal(b->fake.finished, 1);
}

static void what_is_too_old_is_not_asked_about(void **state)
{
    bench_t *b = bench_that_opens(state);
    sso_reply_t reply;

    start_well(b, "/app");
    b->cx->now += SECONDS(b->idp->provider->protocol->flow_age_sec + 1);
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, STATE_EXPIRED);
    assert_int_equal(b->fake.finished, 0);
}

/* Nothing is spent by an answer that the provider does not confirm: it may come again. */
static void what_failed_may_come_again(void **state)
{
    bench_t *b = bench_that_opens(state);
    sso_reply_t reply;

    start_well(b, "/app");
    b->fake.finish_fault = SSO_F_UPSTREAM;
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, UPSTREAM);
    b->fake.finish_fault = SSO_F_NONE;
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_int_equal(b->fake.finished, 2);
}

/* Not without the session, and not with the session of another login. */
static void other_replays_are_refused(void **state)
{
    bench_t *b = bench_make(*state);
    const char *mine;
    sso_reply_t reply;

    b->fake.token = "one";
    start_well(b, "/app");
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    mine = apr_table_get(b->jar, "__Host-sso");
    apr_table_unset(b->jar, "__Host-sso");
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, TOKEN_USED);

    b->fake.token = "two";
    b->fake.who->subject = "eve";
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    b->fake.token = "one";
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, TOKEN_USED);
    apr_table_set(b->jar, "__Host-sso", mine);
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
}

/* A protocol with nothing to spend (none of ours) has no reloads. */
static void without_a_token_nothing_is_a_reload(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    b->fake.once_n = 0;
    start_well(b, "/app");
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_string_equal(b->trace, "finish marked put marked drop");
    assert_int_equal(bench_records(b), 1);
}

/* ---- people ---- */

static void bans_are_remembered(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    start_well(b, "/");
    b->fake.who->banned = 1;
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, BANNED);
    assert_true(sso_session_is_banned(b->cx, b->idp, "ada"));
    b->fake.who->banned = 0; /* the next answer does not say so: the ban stands */
    b->cx->now += SECONDS(1);
    start_well(b, "/");
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, BANNED);
    assert_string_equal(b->trace, "finish mark marked");
    assert_int_equal(bench_records(b), 0);
}

/* A ban ends the sessions that the person has in other browsers. */
static void bans_reach_other_browsers(void **state)
{
    bench_t *b = bench_make(*state);
    const char *elsewhere;
    sso_reply_t reply;

    bench_sign_in(b, b->idp);
    elsewhere = apr_table_get(b->jar, "__Host-sso");
    apr_table_clear(b->jar);
    start_well(b, "/");
    b->fake.who->banned = 1;
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, BANNED);
    apr_table_set(b->jar, "__Host-sso", elsewhere);
    assert_false(bench_is_in(b, &b->site));
}

static void the_old_session_makes_way(void **state)
{
    bench_t *b = bench_make(*state);
    const char *old;
    sso_reply_t reply;

    bench_sign_in(b, b->idp);
    old = apr_table_get(b->jar, "__Host-sso");
    b->fake.who->subject = "eve";
    start_well(b, "/");
    assert_true(bench_is_in(b, &b->site)); /* not before the new one is there */
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_string_equal(b->trace, "finish mark marked put marked drop");
    assert_string_not_equal(apr_table_get(b->jar, "__Host-sso"), old);
    assert_int_equal(bench_records(b), 1);
    apr_table_set(b->jar, "__Host-sso", old);
    assert_false(bench_is_in(b, &b->site));
}

static void a_failed_login_leaves_the_old_session(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    bench_sign_in(b, b->idp);
    start_well(b, "/");
    b->fake.finish_fault = SSO_F_REFUSED;
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, REFUSED);
    assert_true(bench_is_in(b, &b->site));
}

/* ---- where it leads ---- */

/* R63 at the exit: whatever the protocol took for a landing. */
static void r63_landings_are_of_this_site(void **state)
{
    static const struct {
        const char *landing, *wanted;
    } row[] = {
        {"/app?x", BASE "/app?x"},
        {"//evil.example/", BASE "/"},
        {"/\\evil.example", BASE "/"},
        {"https://evil.example/", BASE "/"},
        {"@evil.example/", BASE "/"},
        {".evil.example/", BASE "/"},
        {":444/", BASE "/"},
        {"/x\r\nSet-Cookie: a=b", BASE "/"},
        {"", BASE "/"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;
        sso_session_t session;

        print_message("  %s\n", row[i].landing);
        b->fake.unsolicited = 1;
        b->fake.landing = row[i].landing;
        assert_int_equal(finish(b, &reply), APR_SUCCESS);
        assert_string_equal(reply.location, row[i].wanted);
        assert_int_equal(bench_cookies(&reply), 1); /* no flow to linger */
        assert_int_equal(
            sso_session_find(cx, &b->site, bench_request(b, "GET", "/").cookie, &session),
            APR_SUCCESS);
        assert_string_equal(session.landing, row[i].wanted + strlen(BASE));
    }
}

/* R35: what began at the provider may begin anew here; nothing else comes of it. */
static void r35_a_login_begins_again(void **state)
{
    static const struct {
        const char *path, *wanted;
    } row[] = {{"/app/", "/app/"}, {"//evil", "/"}, {"https://evil.example/", "/"}};
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(*state);
        sso_flows_t flows;
        sso_request_t req;
        sso_reply_t reply;

        b->fake.begin_again = row[i].path;
        assert_int_equal(finish(b, &reply), APR_SUCCESS);
        assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
        assert_int_equal(reply.status, 303);
        assert_string_equal(reply.location, "https://idp.example/sso");
        assert_string_equal(b->trace, "finish start");
        bench_keep(b, &reply);
        req = bench_request(b, "GET", "/");
        sso_flows_read(b->cx, &b->site, &req, "corp", &flows);
        assert_int_equal(flows.n, 1);
        assert_string_equal(flows.item[0].return_path, row[i].wanted);
    }
}

/* 1.6: a provider that never answers what it is asked would be asked for ever. */
static void a_login_does_not_begin_again_for_ever(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;
    int i;

    b->fake.begin_again = "/";
    for (i = 0; i < 5; i++) {
        assert_int_equal(finish(b, &reply), APR_SUCCESS);
        bench_keep(b, &reply);
    }
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, LOOP);
}

static void without_a_landing_the_flow_says_where(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    b->fake.no_landing = 1;
    start_well(b, "/app");
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_string_equal(reply.location, BASE "/app");
    b->fake.unsolicited = 1;
    b->fake.token = "another";
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_string_equal(reply.location, BASE "/");
}

/* A strict cookie does not travel with a redirect that began elsewhere: a page goes on instead. */
static void strict_cookies_need_a_page(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    b->site.samesite = SSO_SAMESITE_STRICT;
    start_well(b, "/app?x=1&y=2");
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_int_equal(reply.kind, SSO_REPLY_BODY);
    assert_int_equal(reply.status, 200);
    assert_string_equal(apr_table_get(reply.headers, "Refresh"), "0;url=" BASE "/app?x=1&y=2");
    assert_non_null(strstr(bench_body(b, &reply), "href=\"" BASE "/app?x=1&amp;y=2\""));
    assert_non_null(strstr(bench_cookie(&reply, "__Host-sso="), "; SameSite=Strict"));
    assert_int_equal(finish(b, &reply), APR_SUCCESS); /* a reload, too */
    assert_int_equal(reply.kind, SSO_REPLY_BODY);
}

static void addresses_are_encoded(void **state)
{
    bench_t *b = bench_make(*state);

    assert_string_equal(sso_login_url(b->cx, &b->site, "corp", "/a?b=c&d=e f", NULL),
                        BASE "/.sso/login?provider=corp&return=%2Fa%3Fb%3Dc%26d%3De%20f");
    assert_string_equal(sso_login_choose_url(b->cx, &b->site, NULL, "/", NULL),
                        BASE "/.sso/choose?return=%2F");
    assert_string_equal(sso_login_choose_url(b->cx, &b->site, "a,b", "/&among=c", NULL),
                        BASE "/.sso/choose?among=a,b&return=%2F%26among%3Dc");
}

/* ---- a login that must be fresh or strong ---- */

static apr_status_t start_demanding(bench_t *b, const sso_demand_t *demand)
{
    sso_request_t req = bench_request(b, "GET", "/safe");
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    apr_status_t rv = sso_login_start(b->cx, b->idp, &req, "/safe", demand, &reply);

    if (rv == APR_SUCCESS) bench_keep(b, &reply);
    return rv;
}

static sso_session_t session_of(bench_t *b)
{
    sso_request_t req = bench_request(b, "GET", "/");
    sso_session_t session;

    assert_int_equal(sso_session_find(b->cx, &b->site, req.cookie, &session), APR_SUCCESS);
    return session;
}

/* Rows 21 and 26: the protocol is told, and its answer is held to what was told. */
static void demands_are_asked_for_and_enforced(void **state)
{
    const sso_demand_t demand = {.force = 1, .max_age = SECONDS(900), .acr = "urn:mfa"};
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    b->fake.who->auth_time = NOW - SECONDS(3600);
    b->fake.who->acr = "urn:password";
    bench_sign_in(b, b->idp);
    assert_int_equal(start_demanding(b, &demand), APR_SUCCESS);
    assert_int_equal(b->fake.demanded.force, 1);
    assert_int_equal(b->fake.demanded.max_age, SECONDS(900));
    assert_string_equal(b->fake.demanded.acr, "urn:mfa");

    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, REAUTH);
    assert_string_equal(b->trace, "finish"); /* nothing is spent */
    b->fake.who->auth_time = NOW;
    assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, STEP_UP);
    assert_int_equal(bench_cookies(&reply), 0);
    assert_string_equal(session_of(b).acr, "urn:password"); /* the session is still there */

    b->fake.who->acr = "urn:mfa";
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
    assert_string_equal(reply.location, BASE "/safe");
    assert_string_equal(session_of(b).acr, "urn:mfa");
    assert_int_equal(session_of(b).auth_time, NOW);
    assert_int_equal(bench_records(b), 1);
}

/* An answer that nobody asked for cannot fall short of what was asked. */
static void unsolicited_answers_have_no_demand(void **state)
{
    const sso_demand_t demand = {.acr = "urn:mfa"};
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    assert_int_equal(start_demanding(b, &demand), APR_SUCCESS);
    b->fake.unsolicited = 1;
    b->fake.landing = "/";
    assert_int_equal(finish(b, &reply), APR_SUCCESS);
}

static void demands_that_cannot_be_met_are_not_begun(void **state)
{
    static const sso_demand_t fresh = {.max_age = SECONDS(60), .acr = ""};
    static const sso_demand_t strong = {.acr = "urn:mfa"};
    static const sso_demand_t nothing = {.acr = ""};
    bench_t *b = bench_make(*state);

    b->fake.objection = "cannot";
    assert_int_not_equal(start_demanding(b, &fresh), APR_SUCCESS);
    assert_string_equal(b->cx->err.log, "provider corp cannot");
    assert_fault(b->cx, REAUTH);
    assert_int_not_equal(start_demanding(b, &strong), APR_SUCCESS);
    assert_fault(b->cx, STEP_UP);
    assert_string_equal(b->trace, "");
    assert_int_equal(start_demanding(b, &nothing), APR_SUCCESS);
}

/* Row 88: also when the answer is a POST from another site, which comes without the cookie; and a
 * flow of a session that has ended meanwhile is worth as much as any. */
static void the_session_that_was_there_is_known(void **state)
{
    sso_ctx_t *cx = *state;
    int ended;

    for (ended = 0; ended < 2; ended++) {
        const sso_demand_t demand = {.force = 1, .acr = ""};
        bench_t *b = bench_make(cx);
        sso_reply_t reply;
        sso_session_t before;

        bench_sign_in(b, b->idp);
        before = session_of(b);
        cx->now = NOW + SECONDS(600);
        assert_int_equal(start_demanding(b, &demand), APR_SUCCESS);
        if (ended) {
            assert_int_equal(
                sso_session_end(cx, &b->site, &before, &(sso_reply_t){.kind = SSO_REPLY_NONE}),
                APR_SUCCESS);
        }
        apr_table_unset(b->jar, "__Host-sso");
        b->fake.who->auth_time = cx->now;
        assert_int_equal(finish(b, &reply), APR_SUCCESS);
        assert_int_equal(session_of(b).created, ended ? NOW + SECONDS(600) : NOW);
        assert_int_equal(bench_records(b), 1);
        cx->now = NOW;
    }
}

static void addresses_carry_the_demand(void **state)
{
    const sso_demand_t demand = {.force = 1, .max_age = SECONDS(900), .acr = "urn:a urn:b"};
    bench_t *b = bench_make(*state);

    assert_string_equal(sso_login_url(b->cx, &b->site, "corp", "/", &demand),
                        BASE "/.sso/login?provider=corp&return=%2F&forceAuthn=true&max_age=900"
                             "&acr_values=urn%3Aa%20urn%3Ab");
    assert_string_equal(sso_login_choose_url(b->cx, &b->site, "a,b", "/", &demand),
                        BASE "/.sso/choose?among=a,b&return=%2F&forceAuthn=true&max_age=900"
                             "&acr_values=urn%3Aa%20urn%3Ab");
}

/* ---- what stops it ---- */

/* A2 */
static void a2_logins_need_https(void **state)
{
    bench_t *b = bench_make(*state);
    sso_request_t req = bench_request(b, "GET", "/x\n");
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    req.https = 0;
    assert_int_not_equal(sso_login_start(b->cx, b->idp, &req, "/", NULL, &reply), APR_SUCCESS);
    assert_null(strchr(b->cx->err.log, '\n')); /* the path is quoted */
    assert_fault(b->cx, TLS);
    assert_int_not_equal(sso_login_finish(b->cx, b->idp, &req, &reply), APR_SUCCESS);
    assert_fault(b->cx, TLS);
    assert_string_equal(b->trace, ""); /* the protocol was not even asked */
    assert_int_equal(bench_cookies(&reply), 0);
    b->site.insecure_http = 1;
    assert_int_equal(sso_login_start(b->cx, b->idp, &req, "/", NULL, &reply), APR_SUCCESS);
}

static void inactive_providers_do_not_work(void **state)
{
    static const int active[] = {SSO_ACTIVE_OFF, SSO_ACTIVE_TEST};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(active); i++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;

        start_well(b, "/");
        settings_of(b->idp)->active = active[i];
        assert_int_not_equal(start(b, "/", &reply), APR_SUCCESS);
        assert_fault(cx, INACTIVE);
        assert_int_not_equal(finish(b, &reply), APR_SUCCESS);
        assert_fault(cx, INACTIVE);
        assert_int_equal(b->fake.finished, 0);
    }
}

static void a_start_that_fails_fails(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    b->fake.start_fault = SSO_F_UPSTREAM;
    assert_int_not_equal(start(b, "/", &reply), APR_SUCCESS);
    assert_fault(b->cx, UPSTREAM);
}

/* 1.6: more than five logins a minute in one browser are a loop. */
static void loops_are_broken(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;
    int i;

    for (i = 0; i < 5; i++) {
        start_well(b, "/");
        b->cx->now += SECONDS(2);
    }
    b->trace[0] = '\0';
    assert_int_not_equal(start(b, "/", &reply), APR_SUCCESS);
    assert_fault(b->cx, LOOP);
    assert_string_equal(b->trace, "");
    b->cx->now = NOW + SECONDS(59);
    assert_int_not_equal(start(b, "/", &reply), APR_SUCCESS);
    assert_fault(b->cx, LOOP);
    b->cx->now = NOW + SECONDS(60);
    for (i = 0; i < 5; i++)
        start_well(b, "/");
    assert_int_not_equal(start(b, "/", &reply), APR_SUCCESS);
    assert_fault(b->cx, LOOP);
}

/* The counter is the browser's: whatever it holds is counted from, or ignored. */
static void counters_may_hold_anything(void **state)
{
    static const struct {
        const char *value;
        const char *next; /* NULL: a loop */
    } row[] = {
        {"1795460332.1", "1795460332.2"},
        {"1795460332.4", "1795460332.5"},
        {"1795460332.5", NULL},
        {"1795460332.9223372036854775807", NULL},
        {"1795460332.-1", NULL},
        {"1795460273.4", "1795460273.5"}, /* 59 s ago */
        {"1795460272.9", "1795460332.1"}, /* a minute ago: over */
        {"1795460333.9", "1795460332.1"}, /* in the future */
        {"0.9", "1795460332.1"},
        {"-1.9", "1795460332.1"},
        {"9223372036854775807.9", "1795460332.1"},
        {"-9223372036854775808.9", "1795460332.1"},
        {"99999999999999999999999.9", "1795460332.1"},
        {"1795460332", "1795460332.1"},
        {"1795460332.", "1795460332.1"},
        {"1795460332.x", "1795460332.1"},
        {"", "1795460332.1"},
        {".", "1795460332.1"},
        {"x.5", "1795460332.1"},
        {"1795460332.00000000000000000000000000005", "1795460332.1"}, /* too long to be ours */
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;

        print_message("  %s\n", row[i].value);
        apr_table_set(b->jar, "__Host-sso-loop", row[i].value);
        if (row[i].next) {
            assert_int_equal(start(b, "/", &reply), APR_SUCCESS);
            assert_string_equal(apr_table_get(b->jar, "__Host-sso-loop"), row[i].next);
        } else {
            assert_int_not_equal(start(b, "/", &reply), APR_SUCCESS);
            assert_fault(cx, LOOP);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(a_login_leads_back),
        UNIT(the_order_is_fixed),
        UNIT(a12_nothing_is_spent_before_it_is_verified),
        UNIT(a12_what_failed_is_spent_as_well),
        UNIT(a12_without_room_nobody_comes_in),
        UNIT(a12_answers_are_of_one_browser),
        UNIT(a12_late_answers_are_refused),
        UNIT(a1_prefetches_spend_nothing),
        UNIT(a_reload_leads_back),
        UNIT(what_was_spent_is_not_asked_about),
        UNIT(what_is_too_old_is_not_asked_about),
        UNIT(what_failed_may_come_again),
        UNIT(other_replays_are_refused),
        UNIT(without_a_token_nothing_is_a_reload),
        UNIT(bans_are_remembered),
        UNIT(bans_reach_other_browsers),
        UNIT(the_old_session_makes_way),
        UNIT(a_failed_login_leaves_the_old_session),
        UNIT(r63_landings_are_of_this_site),
        UNIT(without_a_landing_the_flow_says_where),
        UNIT(strict_cookies_need_a_page),
        UNIT(addresses_are_encoded),
        UNIT(demands_are_asked_for_and_enforced),
        UNIT(unsolicited_answers_have_no_demand),
        UNIT(demands_that_cannot_be_met_are_not_begun),
        UNIT(the_session_that_was_there_is_known),
        UNIT(addresses_carry_the_demand),
        UNIT(a2_logins_need_https),
        UNIT(inactive_providers_do_not_work),
        UNIT(a_start_that_fails_fails),
        UNIT(loops_are_broken),
        UNIT(r35_a_login_begins_again),
        UNIT(a_login_does_not_begin_again_for_ever),
        UNIT(counters_may_hold_anything),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
