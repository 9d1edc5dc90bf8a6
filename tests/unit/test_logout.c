/*
 * test_logout.c - ending one's own session, and nobody else's doing it.
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
        assert_int_equal(bench_cookies(&reply), row[i].wanted == OUT);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(r72_only_the_person_signs_out), UNIT(r72_the_question_can_be_answered),
        UNIT(r72_the_question_stays_here),   UNIT(r63_goodbyes_stay_here),
        UNIT(odd_requests_are_refused),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
