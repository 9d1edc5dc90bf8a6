/*
 * test_logout.c - ending one's own session, nobody else's doing it, and what providers say.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/logout.h"
#include "core_bench.h"

/* "Name: value|Name: value" */
static void set_headers(bench_t *b, const char *headers)
{
    char *rest = NULL;
    char *line = apr_strtok(apr_pstrdup(b->cx->pool, headers), "|", &rest);

    apr_table_clear(b->headers);
    for (; line; line = apr_strtok(NULL, "|", &rest)) {
        char *colon = strstr(line, ": ");

        *colon = '\0';
        apr_table_addn(b->headers, line, colon + 2);
    }
}

static apr_status_t log_out(bench_t *b, const char *method, const char *target, sso_reply_t *reply)
{
    sso_request_t req = bench_request(b, method, target);

    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    return sso_logout(b->cx, &b->site, &req, reply);
}

/* R72: who may end the session at once, who is asked first, who is refused. */
static void r72_only_the_person_signs_out(void **state)
{
    enum { OUT, ASKED, REFUSED };
    static const struct {
        const char *method, *headers;
        int wanted;
    } row[] = {
        {"POST", "Sec-Fetch-Site: same-origin", OUT},
        {"POST", "Origin: " BASE, OUT},
        {"POST", "Referer: " BASE "/app", OUT},
        {"POST", "Sec-Fetch-Site: cross-site", REFUSED},
        {"POST", "Sec-Fetch-Site: same-site", REFUSED},
        {"POST", "Sec-Fetch-Site: cross-site|Origin: " BASE, REFUSED},
        {"POST", "Origin: https://evil.example", REFUSED},
        {"POST", "Origin: null", REFUSED},
        {"POST", "", REFUSED},
        {"GET", "Sec-Fetch-Site: same-origin", OUT},
        {"GET", "Sec-Fetch-Site: none", OUT},
        {"GET", "Referer: " BASE "/", OUT},
        {"GET", "Sec-Fetch-Site: cross-site", ASKED},
        {"GET", "Sec-Fetch-Site: same-site", ASKED},
        {"GET", "Referer: https://evil.example/", ASKED},
        {"GET", "", ASKED},
        {"GET", "Sec-Fetch-Site: same-origin|Sec-Purpose: prefetch", ASKED},
        {"GET", "Sec-Fetch-Site: none|Purpose: prefetch", ASKED},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;
        apr_status_t rv;

        print_message("  %s %s\n", row[i].method, row[i].headers);
        bench_sign_in(b, b->idp);
        set_headers(b, row[i].headers);
        rv = log_out(b, row[i].method, "/.sso/logout", &reply);
        assert_int_equal(bench_is_in(b, &b->site), row[i].wanted != OUT);
        /* The session's, and the one that keeps a silent login from undoing it. */
        assert_int_equal(bench_cookies(&reply), row[i].wanted == OUT ? 2 : 0);
        if (row[i].wanted == REFUSED) {
            assert_int_not_equal(rv, APR_SUCCESS);
            assert_fault(cx, CSRF);
            continue;
        }
        assert_int_equal(rv, APR_SUCCESS);
        assert_int_equal(reply.kind, SSO_REPLY_BODY);
        assert_int_equal(strstr(bench_body(b, &reply), "<form") != NULL, row[i].wanted == ASKED);
    }
}

/* The page that asks posts to ourselves, and its button works. */
static void r72_the_question_can_be_answered(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;
    const char *body;

    b->fake.who->subject = "ada<b>";
    bench_sign_in(b, b->idp);
    assert_int_equal(log_out(b, "GET", "/.sso/logout?return=%2Fbye%3Fa%3D1%26b&x=%22", &reply), 0);
    body = bench_body(b, &reply);
    assert_non_null(strstr(body, "You are signed in as ada&lt;b&gt;."));
    assert_non_null(
        strstr(body, "method=\"post\" action=\"" BASE "/.sso/logout?return=%2Fbye%3Fa%3D1%26b\""));
    assert_non_null(strstr(reply.csp, "form-action 'self'"));
    set_headers(b, "Sec-Fetch-Site: same-origin");
    assert_int_equal(log_out(b, "POST", "/.sso/logout?return=%2Fbye%3Fa%3D1%26b", &reply), 0);
    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    assert_int_equal(reply.status, 303);
    assert_string_equal(reply.location, BASE "/bye?a=1&b");
    bench_keep(b, &reply);
    assert_null(apr_table_get(b->jar, "__Host-sso"));
    assert_non_null(strstr(b->log, "6 ada<b> signed out"));
}

/* The question never posts anywhere else, whatever the request line held. */
static void r72_the_question_stays_here(void **state)
{
    bench_t *b = bench_make(*state);
    sso_request_t req;
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    bench_sign_in(b, b->idp);
    req = bench_request(b, "GET", "/.sso/logout");
    req.target = "@evil.example/.sso/logout";
    assert_int_equal(sso_logout(b->cx, &b->site, &req, &reply), APR_SUCCESS);
    assert_non_null(strstr(bench_body(b, &reply), "action=\"" BASE "/.sso/logout\""));
}

/* R63: the way on is on this site or it is the page that says goodbye. */
static void r63_goodbyes_stay_here(void **state)
{
    static const struct {
        const char *target, *location; /* NULL: the page */
    } row[] = {
        {"/.sso/logout?return=/bye", BASE "/bye"},
        {"/.sso/logout?return=%2Fbye%3Fx", BASE "/bye?x"},
        {"/.sso/logout", NULL},
        {"/.sso/logout?return=", NULL},
        {"/.sso/logout?return=https://evil.example/", NULL},
        {"/.sso/logout?return=//evil.example", NULL},
        {"/.sso/logout?return=%2F%2Fevil.example", NULL},
        {"/.sso/logout?return=/%5Cevil.example", NULL},
        {"/.sso/logout?return=/%09/evil.example", NULL},
        {"/.sso/logout?return=/x%0D%0ALocation:%20y", NULL},
        {"/.sso/logout?return=.evil.example", NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;
    int stranger;

    for (i = 0; i < COUNT(row); i++) {
        for (stranger = 0; stranger < 2; stranger++) {
            bench_t *b = bench_make(cx);
            sso_reply_t reply;

            print_message("  %s\n", row[i].target);
            if (!stranger) bench_sign_in(b, b->idp);
            set_headers(b, "Sec-Fetch-Site: same-origin");
            assert_int_equal(log_out(b, "GET", row[i].target, &reply), APR_SUCCESS);
            assert_false(bench_is_in(b, &b->site));
            if (row[i].location) {
                assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
                assert_string_equal(reply.location, row[i].location);
            } else {
                assert_int_equal(reply.kind, SSO_REPLY_BODY);
                assert_non_null(strstr(bench_body(b, &reply), "You are signed out"));
            }
        }
    }
}

static void odd_requests_are_refused(void **state)
{
    static const struct {
        const char *method, *target;
        sso_fault_t fault;
    } row[] = {
        {"HEAD", "/.sso/logout", SSO_F_METHOD},
        {"PUT", "/.sso/logout", SSO_F_METHOD},
        {"DELETE", "/.sso/logout", SSO_F_METHOD},
        {"GET", "/.sso/logout?return=/a&return=/b", SSO_F_PARAM_DUPLICATE},
        {"GET", "/.sso/logout?return=%zz", SSO_F_PARAM_ESCAPE},
        {"GET", "/.sso/logout?return=/x%00", SSO_F_PARAM_ESCAPE},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;

        print_message("  %s %s\n", row[i].method, row[i].target);
        bench_sign_in(b, b->idp);
        set_headers(b, "Sec-Fetch-Site: same-origin");
        assert_int_not_equal(log_out(b, row[i].method, row[i].target, &reply), APR_SUCCESS);
        assert_int_equal(cx->err.fault, row[i].fault);
        sso_ctx_clear(cx);
        assert_true(bench_is_in(b, &b->site));
        assert_int_equal(bench_cookies(&reply), 0);
    }
}

/* ---- on to the provider ---- */

#define THERE "https://idp.example/slo?x=1"

static bench_t *make_leaving(sso_ctx_t *cx)
{
    bench_t *b = bench_make(cx);

    b->fake.leaving = THERE;
    b->fake.who->sid = "s1";
    b->fake.who->handle = "h1";
    bench_sign_in(b, b->idp);
    set_headers(b, "Sec-Fetch-Site: same-origin");
    b->trace[0] = '\0';
    return b;
}

static int logouts_under_way(bench_t *b)
{
    sso_request_t req = bench_request(b, "GET", "/");
    sso_flows_t flows;

    sso_flows_read_logouts(b->cx, &b->site, &req, "corp", &flows);
    return flows.n;
}

/* The session ends first; then the provider is told who has left. */
static void the_provider_is_told(void **state)
{
    bench_t *b = make_leaving(*state);
    sso_reply_t reply;

    assert_int_equal(log_out(b, "GET", "/.sso/logout?return=/bye", &reply), APR_SUCCESS);
    assert_string_equal(b->trace, "drop logout(ada,s1,h1)");
    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    assert_string_equal(reply.location, THERE);
    bench_keep(b, &reply);
    assert_null(apr_table_get(b->jar, "__Host-sso"));
    assert_int_equal(logouts_under_way(b), 1);
}

/* A form's page answers for the redirects behind it: the way from our button leads over a page. */
static void a_posted_logout_goes_on_over_a_page(void **state)
{
    bench_t *b = make_leaving(*state);
    sso_reply_t reply;

    assert_int_equal(log_out(b, "POST", "/.sso/logout", &reply), APR_SUCCESS);
    assert_int_equal(reply.kind, SSO_REPLY_BODY);
    assert_string_equal(apr_table_get(reply.headers, "Refresh"), "0;url=" THERE);
    assert_non_null(strstr(bench_body(b, &reply), "You are signed out here"));
    b = make_leaving(*state);
    b->fake.leaving_by_form = 1;
    assert_int_equal(log_out(b, "POST", "/.sso/logout", &reply), APR_SUCCESS);
    assert_int_equal(reply.kind, SSO_REPLY_FORM);
}

static void where_no_answer_comes_nothing_is_remembered(void **state)
{
    bench_t *b = make_leaving(*state);
    sso_reply_t reply;

    b->fake.unanswered = 1;
    assert_int_equal(log_out(b, "GET", "/.sso/logout", &reply), APR_SUCCESS);
    assert_string_equal(reply.location, THERE);
    bench_keep(b, &reply);
    assert_int_equal(logouts_under_way(b), 0);
}

/* R72: whatever goes wrong on the way, the session has ended and the page says so. */
static void r72_a_provider_that_cannot_be_told(void **state)
{
    bench_t *b = make_leaving(*state);
    sso_reply_t reply;

    b->fake.leave_fault = SSO_F_CONFIG;
    assert_int_equal(log_out(b, "GET", "/.sso/logout?return=/bye", &reply), APR_SUCCESS);
    assert_false(bench_is_in(b, &b->site));
    assert_int_equal(reply.status, 500);
    assert_non_null(strstr(bench_body(b, &reply), "You are signed out here"));
    assert_non_null(strstr(bench_body(b, &reply), "href=\"" BASE "/bye\""));
    assert_non_null(strstr(b->log, "config: the bench wants it so"));
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
}

/* ---- what providers say ---- */

static apr_status_t hear(bench_t *b, const char *method, sso_reply_t *reply)
{
    sso_request_t req = bench_request(b, method, "/.sso/corp/slo");

    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    b->trace[0] = '\0';
    return sso_logout_hear(b->cx, b->idp, &req, "slo", reply);
}

static apr_array_header_t *list_of(sso_ctx_t *cx, const char *a, const char *b)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 2, sizeof(const char *));

    if (a) APR_ARRAY_PUSH(list, const char *) = a;
    if (b) APR_ARRAY_PUSH(list, const char *) = b;
    return list;
}

static int fits_handle(const sso_ending_t *ending, const char *handle)
{
    return !strcmp(ending->baton, handle);
}

/* Somebody of this name and session at the provider signs in, in a browser of their own. */
static void sign_in_as(bench_t *b, const sso_idp_t *idp, const char *subject, const char *sid,
                       const char *handle)
{
    apr_table_clear(b->jar);
    b->fake.who->subject = subject;
    b->fake.who->sid = sid;
    b->fake.who->handle = handle;
    bench_sign_in(b, idp);
}

/* R71: a person's sessions, filtered by the provider's and by what the protocol asks for. */
static void r71_the_sessions_that_are_meant_end(void **state)
{
    static const struct {
        const char *subject, *sid1, *sid2, *handle;
        int ended; /* of: ada/s1/h1, ada/s2/h2, bob/s3/h1, ada/s1/h1 of another provider */
    } row[] = {
        {"ada", NULL, NULL, NULL, 2}, {"ada", "s1", NULL, NULL, 1}, {"ada", "s1", "s2", NULL, 2},
        {"ada", "s3", NULL, NULL, 0}, {"ada", "s9", "s2", NULL, 1}, {"bob", NULL, NULL, NULL, 1},
        {"ada", NULL, NULL, "h1", 1}, {"ada", NULL, NULL, "h3", 0}, {"ada", "s1", NULL, "h2", 0},
        {"Ada", NULL, NULL, NULL, 0}, {NULL, "s1", NULL, NULL, 1},  {NULL, "s1", "s3", NULL, 2},
        {NULL, NULL, NULL, NULL, 0},  {"ada", "", NULL, NULL, 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;

        print_message("  %s %s\n", row[i].subject ? row[i].subject : "-",
                      row[i].sid1 ? row[i].sid1 : "-");
        (void)bench_add_provider(b, &b->site, "other");
        sign_in_as(b, b->idp, "ada", "s1", "h1");
        sign_in_as(b, b->idp, "ada", "s2", "h2");
        sign_in_as(b, b->idp, "bob", "s3", "h1");
        sign_in_as(b, bench_idp(&b->site, "other"), "ada", "s1", "h1");
        b->fake.notice.ending = (sso_ending_t){.subject = row[i].subject,
                                               .sids = list_of(cx, row[i].sid1, row[i].sid2),
                                               .fits = row[i].handle ? fits_handle : NULL,
                                               .baton = row[i].handle};
        assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
        assert_int_equal(bench_records(b), 4 - row[i].ended);
        assert_true(bench_is_in(b, &b->site)); /* that of the other provider */
        assert_int_equal(bench_cookies(&reply), 0);
        assert_non_null(strstr(b->trace, "answer(ended)"));
        assert_string_equal(reply.location, "https://idp.example/slo");
        assert_non_null(strstr(b->log, apr_psprintf(cx->pool, "%d sessions ended", row[i].ended)));
    }
}

/* R70: of several behind one provider nobody ends what another has made, whatever the names are. */
static void r70_sessions_of_another_issuer_stay(void **state)
{
    static const struct {
        const char *issuer;
        int ended; /* of: ada at urn:one, ada at urn:two */
    } row[] = {{"urn:one", 1}, {"urn:two", 1}, {"urn:three", 0}, {NULL, 2}};
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(*state);
        sso_reply_t reply;

        b->fake.who->issuer = "urn:one";
        sign_in_as(b, b->idp, "ada", "s1", "h1");
        b->fake.who->issuer = "urn:two";
        sign_in_as(b, b->idp, "ada", "s1", "h1");
        b->fake.notice.ending = (sso_ending_t){.subject = "ada", .issuer = row[i].issuer};
        assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
        assert_int_equal(bench_records(b), 2 - row[i].ended);
    }
}

/* The browser that brings the message loses its cookie with its session. */
static void the_own_session_goes_with_its_cookie(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    bench_sign_in(b, b->idp);
    b->fake.notice.ending.subject = "ada";
    assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
    bench_keep(b, &reply);
    assert_null(apr_table_get(b->jar, "__Host-sso"));
}

static void r70_own_only_ends_no_other(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    sign_in_as(b, b->idp, "ada", "s1", "h1");
    sign_in_as(b, b->idp, "ada", "s2", "h2");
    b->fake.notice.ending.subject = "ada";
    b->fake.notice.ending.own_only = 1;
    assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
    assert_int_equal(bench_records(b), 1);
    apr_table_clear(b->jar);
    assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
    assert_int_equal(bench_records(b), 1);
    sign_in_as(b, b->idp, "bob", "s3", NULL);
    assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
    assert_true(bench_is_in(b, &b->site));
    (void)bench_add_provider(b, &b->site, "other");
    sign_in_as(b, bench_idp(&b->site, "other"), "ada", "s1", "h1");
    assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
    assert_true(bench_is_in(b, &b->site));
}

static void r70_a_request_is_good_for_once(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    b->fake.notice.ending.subject = "ada";
    b->fake.notice.once = (sso_once_t){.label = "logout",
                                       .what = sso_span("x"),
                                       .until = NOW + SECONDS(60),
                                       .fault = SSO_F_LOGOUT_USED};
    assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
    bench_sign_in(b, b->idp);
    assert_int_not_equal(hear(b, "GET", &reply), APR_SUCCESS);
    assert_fault(b->cx, LOGOUT_USED);
    assert_true(bench_is_in(b, &b->site));
    assert_int_equal(reply.kind, SSO_REPLY_NONE);
}

/* A logout that fails because marks are full would leave people signed in. */
static void a_full_store_does_not_stop_a_logout(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    bench_sign_in(b, b->idp);
    b->store.mark_fails = 1;
    b->fake.notice.ending.subject = "ada";
    b->fake.notice.once = (sso_once_t){.label = "logout", .what = sso_span("x")};
    assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
    assert_false(bench_is_in(b, &b->site));
    assert_non_null(strstr(b->log, "4 provider corp: a logout could not be remembered"));
}

static void the_answer_tells_of_a_failure(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    bench_sign_in(b, b->idp);
    b->store.walk_fails = 1;
    b->fake.notice.ending.subject = "ada";
    assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
    assert_string_equal(b->trace, "hear(slo,0) walk answer(failed)");
    assert_non_null(strstr(b->log, "3 internal: the bench wants it so"));
}

static void messages_come_by_tls_and_in_earnest(void **state)
{
    bench_t *b = bench_make(*state);
    sso_request_t req = bench_request(b, "GET", "/.sso/corp/slo");
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    b->fake.notice.ending.subject = "ada";
    req.https = 0;
    assert_int_not_equal(sso_logout_hear(b->cx, b->idp, &req, "slo", &reply), APR_SUCCESS);
    assert_fault(b->cx, TLS);
    set_headers(b, "Sec-Purpose: prefetch");
    assert_int_not_equal(hear(b, "GET", &reply), APR_SUCCESS);
    assert_fault(b->cx, METHOD);
    assert_string_equal(b->trace, "");
}

/* ---- the answer to the logout that began here ---- */

/* Signed out, and on the way to the provider. */
static bench_t *make_away(sso_ctx_t *cx, const char *query)
{
    bench_t *b = make_leaving(cx);
    sso_reply_t reply;

    assert_int_equal(log_out(b, "GET", apr_pstrcat(cx->pool, "/.sso/logout", query, NULL), &reply),
                     APR_SUCCESS);
    bench_keep(b, &reply);
    return b;
}

static void r72_the_provider_confirms(void **state)
{
    bench_t *b = make_away(*state, "?return=/bye?x=1");
    sso_reply_t reply;

    b->fake.notice.kind = SSO_NOTICE_CONFIRMED;
    assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
    assert_string_equal(b->trace, "hear(slo,1)");
    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    assert_string_equal(reply.location, BASE "/bye?x=1");
    bench_keep(b, &reply);
    assert_int_equal(logouts_under_way(b), 0);
    b = make_away(*state, "");
    b->fake.notice.kind = SSO_NOTICE_CONFIRMED;
    assert_int_equal(hear(b, "POST", &reply), APR_SUCCESS);
    assert_non_null(strstr(bench_body(b, &reply), "signed out here and at the identity provider"));
}

static void r72_what_else_the_provider_may_say(void **state)
{
    bench_t *b = make_away(*state, "?return=/bye");
    sso_reply_t reply;

    b->fake.notice.kind = SSO_NOTICE_PARTIAL;
    assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(bench_body(b, &reply), "but not everywhere"));
    b = make_away(*state, "?return=/bye");
    b->fake.notice.kind = SSO_NOTICE_DENIED;
    b->fake.notice.words = "Responder";
    assert_int_equal(hear(b, "GET", &reply), APR_SUCCESS);
    assert_int_equal(reply.status, 403);
    assert_non_null(strstr(bench_body(b, &reply), "did not confirm"));
    assert_non_null(strstr(bench_body(b, &reply), "href=\"" BASE "/bye\""));
    assert_string_equal(apr_table_get(reply.headers, "X-SSO-Fault"), "logout_denied");
    assert_non_null(strstr(b->log, "did not end the session: Responder"));
    bench_keep(b, &reply);
    assert_int_equal(logouts_under_way(b), 0);
}

/* R72: who has left is told so whatever comes; who has not is not told that they have. */
static void r72_a_message_that_does_not_hold(void **state)
{
    static const struct {
        const char *method;
        sso_fault_t fault;
        int away, in, told;
    } row[] = {
        {"GET", SSO_F_SIGNATURE, 1, 0, 1},       {"POST", SSO_F_SIGNATURE, 1, 0, 1},
        {"GET", SSO_F_LOGOUT_UNKNOWN, 1, 0, 1},  {"GET", SSO_F_LOGOUT_UNKNOWN, 0, 0, 1},
        {"POST", SSO_F_LOGOUT_UNKNOWN, 0, 0, 0}, /* the session's cookie may not have come */
        {"GET", SSO_F_SIGNATURE, 0, 0, 0},       {"GET", SSO_F_LOGOUT_UNKNOWN, 0, 1, 0},
        {"GET", SSO_F_LOGOUT_UNKNOWN, 1, 1, 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = row[i].away ? make_away(cx, "") : bench_make(cx);
        sso_reply_t reply;
        apr_status_t rv;

        print_message("  %d\n", (int)i);
        if (row[i].in) bench_sign_in(b, b->idp);
        b->fake.hear_fault = row[i].fault;
        rv = hear(b, row[i].method, &reply);
        assert_int_equal(rv == APR_SUCCESS, row[i].told);
        if (row[i].told) {
            assert_int_equal(reply.status, 403);
            assert_non_null(strstr(bench_body(b, &reply), "You are signed out here"));
            assert_non_null(apr_table_get(reply.headers, "X-SSO-Fault"));
            assert_int_equal(logouts_under_way(b),
                             row[i].away); /* the true answer may still come */
        } else {
            assert_int_equal(cx->err.fault, row[i].fault);
        }
        assert_int_equal(bench_is_in(b, &b->site), row[i].in);
        sso_ctx_clear(cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(r72_only_the_person_signs_out),
        UNIT(r72_the_question_can_be_answered),
        UNIT(r72_the_question_stays_here),
        UNIT(r63_goodbyes_stay_here),
        UNIT(odd_requests_are_refused),
        UNIT(the_provider_is_told),
        UNIT(a_posted_logout_goes_on_over_a_page),
        UNIT(where_no_answer_comes_nothing_is_remembered),
        UNIT(r72_a_provider_that_cannot_be_told),
        UNIT(r71_the_sessions_that_are_meant_end),
        UNIT(r70_sessions_of_another_issuer_stay),
        UNIT(the_own_session_goes_with_its_cookie),
        UNIT(r70_own_only_ends_no_other),
        UNIT(r70_a_request_is_good_for_once),
        UNIT(a_full_store_does_not_stop_a_logout),
        UNIT(the_answer_tells_of_a_failure),
        UNIT(messages_come_by_tls_and_in_earnest),
        UNIT(r72_the_provider_confirms),
        UNIT(r72_what_else_the_provider_may_say),
        UNIT(r72_a_message_that_does_not_hold),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
