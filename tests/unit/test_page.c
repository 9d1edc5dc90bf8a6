/*
 * test_page.c - the pages people see: nothing from outside is ever markup, and every page says what
 * it may do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "core/page.h"
#include "core_bench.h"

#define EVIL "\"'><script>alert(1)</script>&"

/* What stands between two texts, the first one in the whole; NULL if it is not there. */
static const char *between(sso_ctx_t *cx, const char *whole, const char *before, const char *after)
{
    const char *at = strstr(whole, before);
    const char *end = at ? strstr(at + strlen(before), after) : NULL;

    if (!end) return NULL;
    at += strlen(before);
    return apr_pstrmemdup(cx->pool, at, (apr_size_t)(end - at));
}

static int count_of(const char *whole, const char *part)
{
    int n = 0;

    for (; (whole = strstr(whole, part)); whole++)
        n++;
    return n;
}

static const char *body_of(sso_ctx_t *cx, const sso_reply_t *reply)
{
    return sso_span_text(cx->pool, reply->body);
}

/* A page with this policy: its style named by the nonce, no handler, nothing loaded. */
static void assert_page(sso_ctx_t *cx, const sso_reply_t *reply, int status, const char *action,
                        int scripts)
{
    static const char *const banned[] = {" style=", "src=", "onload=", "onclick=", "onsubmit="};
    const char *body = body_of(cx, reply);
    const char *nonce = between(cx, body, "<style nonce=\"", "\"");
    apr_size_t i;

    assert_int_equal(reply->kind, SSO_REPLY_BODY);
    assert_int_equal(reply->status, status);
    assert_string_equal(reply->type, "text/html; charset=utf-8");
    assert_int_equal(reply->cacheable, 0);
    assert_int_equal(strlen(nonce), 32);
    assert_string_equal(reply->csp, apr_pstrcat(cx->pool, "default-src 'none'; style-src 'nonce-",
                                                nonce, "'; form-action ", action,
                                                "; base-uri 'none'; frame-ancestors 'none'",
                                                scripts ? "; script-src 'nonce-" : "",
                                                scripts ? nonce : "", scripts ? "'" : "", NULL));
    assert_int_equal(count_of(body, "<script"), scripts);
    assert_int_equal(count_of(body, "nonce="), 1 + scripts);
    for (i = 0; i < COUNT(banned); i++)
        assert_null(strstr(body, banned[i]));
    assert_int_equal(strncmp(body, "<!DOCTYPE html>", 15), 0);
    assert_non_null(strstr(body, "</main></body></html>"));
}

static void errors_say_what_they_may(void **state)
{
    sso_ctx_t *cx = *state;
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    const char *body;

    (void)sso_fail_about(cx, SSO_F_FIELD_VALUE, "email", "the secret detail");
    sso_page_error(cx, "0badcafe", (sso_link_t){BASE "/", "Start again"}, &reply);
    assert_page(cx, &reply, 400, "'none'", 0);
    body = body_of(cx, &reply);
    assert_non_null(strstr(body, sso_fault_info(SSO_F_FIELD_VALUE)->user));
    assert_non_null(strstr(body, "<dd>field_value:email</dd>"));
    assert_non_null(strstr(body, "<dd>0badcafe</dd>"));
    assert_non_null(strstr(body, "href=\"" BASE "/\""));
    assert_null(strstr(body, "the secret detail"));
    assert_null(strstr(body, sso_fault_info(SSO_F_FIELD_VALUE)->cure));
    assert_string_equal(apr_table_get(reply.headers, "X-SSO-Fault"), "field_value:email");
}

static void errors_name_whose_answer_it_was(void **state)
{
    sso_ctx_t *cx = *state;
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    const char *body;

    (void)sso_fail(cx, SSO_F_SIGNATURE, "x");
    cx->party = "University of <A>";
    cx->party_logo = "https://idp.example/logo.png?a&b";
    sso_page_error(cx, "0badcafe", (sso_link_t){NULL, NULL}, &reply);
    body = body_of(cx, &reply);
    assert_non_null(strstr(body, "<span>University of &lt;A&gt;</span>"));
    assert_non_null(strstr(body, "<img src=\"https://idp.example/logo.png?a&amp;b\" alt=\"\""));
    assert_non_null(strstr(reply.csp, "; img-src https://idp.example"));
    assert_null(strstr(reply.csp, "https://idp.example/"));
}

static void errors_of_ours_are_called_so(void **state)
{
    sso_ctx_t *cx = *state;
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    (void)sso_fail(cx, SSO_F_STORE_FULL, "x");
    sso_page_error(cx, "0badcafe", (sso_link_t){NULL, NULL}, &reply);
    assert_page(cx, &reply, 503, "'none'", 0);
    assert_non_null(strstr(body_of(cx, &reply), "<h1>Sign-in is not working right now</h1>"));
    assert_null(strstr(body_of(cx, &reply), "<a "));
}

/* Every fault has a page and a JSON text, and both are whole. */
static void every_fault_can_be_shown(void **state)
{
    static const sso_json_limits_t limits = {4096, 2, 8};
    sso_ctx_t *cx = *state;
    int f;

    for (f = 1; f < SSO_F_COUNT; f++) {
        const sso_fault_info_t *info = sso_fault_info((sso_fault_t)f);
        sso_reply_t reply = {.kind = SSO_REPLY_NONE};
        json_t *json = NULL;

        sso_ctx_clear(cx);
        (void)sso_fail(cx, (sso_fault_t)f, "x");
        sso_page_error(cx, "0badcafe", (sso_link_t){NULL, NULL}, &reply);
        assert_page(cx, &reply, info->http, "'none'", 0);
        reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
        sso_page_error_json(cx, "0badcafe", &reply);
        assert_int_equal(reply.status, info->http);
        assert_string_equal(reply.type, "application/json");
        assert_int_equal(sso_json_parse(cx, reply.body, &limits, &json, NULL), APR_SUCCESS);
        assert_string_equal(json_string_value(json_object_get(json, "error")), info->code);
        assert_string_equal(json_string_value(json_object_get(json, "message")), info->user);
        assert_string_equal(json_string_value(json_object_get(json, "reference")), "0badcafe");
        assert_int_equal(json_object_size(json), 3);
        assert_string_equal(apr_table_get(reply.headers, "X-SSO-Fault"), info->code);
    }
}

static void texts_are_escaped_everywhere(void **state)
{
    static const char escaped[] = "&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;";
    const sso_link_t link[] = {{BASE "/?" EVIL, EVIL}, {NULL, "not shown"}, {BASE "/", "Two"}};
    sso_ctx_t *cx = *state;
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    sso_page_message(cx, EVIL, EVIL, link, 3, &reply);
    assert_page(cx, &reply, 200, "'none'", 0);
    assert_int_equal(count_of(body_of(cx, &reply), escaped), 5);
    assert_int_equal(count_of(body_of(cx, &reply), "<a "), 2);

    reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    sso_page_confirm(cx, BASE "/.sso/logout?" EVIL, EVIL, &reply);
    assert_page(cx, &reply, 200, "'self'", 0);
    assert_int_equal(count_of(body_of(cx, &reply), escaped), 2);
    assert_non_null(strstr(body_of(cx, &reply), "<form method=\"post\" action=\"" BASE "/.sso/"));
}

static sso_reply_t make_form(sso_ctx_t *cx, const char *location)
{
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    apr_table_t *fields = apr_table_make(cx->pool, 2);

    apr_table_addn(fields, "SAMLRequest", "PHg+");
    apr_table_addn(fields, EVIL, EVIL);
    sso_reply_form(&reply, location, fields);
    return reply;
}

/* R64: everything escaped, one destination, one script, and it submits without a script too. */
static void r64_forms_post_to_one_place(void **state)
{
    static const struct {
        const char *location, *action;
    } row[] = {
        {"https://idp.example/sso?a=1&b='2'", "https://idp.example"},
        {"https://IDP.example:8443/sso", "https://idp.example:8443"},
        {"http://localhost:9000/sso", "http://localhost:9000"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_reply_t reply = make_form(cx, row[i].location);
        const char *body;

        sso_reply_header(cx, &reply, "Set-Cookie", "a=b");
        assert_int_equal(sso_page_form(cx, &reply), APR_SUCCESS);
        assert_page(cx, &reply, 200, row[i].action, 1);
        body = body_of(cx, &reply);
        assert_non_null(
            strstr(body, "<input type=\"hidden\" name=\"SAMLRequest\" value=\"PHg+\">"));
        assert_int_equal(count_of(body, "name=\"&quot;&#39;&gt;&lt;script&gt;"), 1);
        assert_int_equal(count_of(body, "value=\"&quot;&#39;&gt;&lt;script&gt;"), 1);
        assert_int_equal(count_of(body, "<form "), 1);
        assert_non_null(strstr(body, "<button>Continue</button></form>"));
        assert_string_equal(between(cx, body, "<script nonce=\"", "\""),
                            between(cx, reply.csp, "script-src 'nonce-", "'"));
        assert_string_equal(apr_table_get(reply.headers, "Set-Cookie"), "a=b");
    }
    {
        sso_reply_t reply = make_form(cx, row[0].location);

        assert_int_equal(sso_page_form(cx, &reply), APR_SUCCESS);
        assert_non_null(strstr(body_of(cx, &reply),
                               "action=\"https://idp.example/sso?a=1&amp;b=&#39;2&#39;\""));
    }
}

/* R64: no page is made for a destination that is none. */
static void r64_forms_go_nowhere_else(void **state)
{
    static const char *const bad[] = {
        "javascript:alert(1)", "data:text/html,x", "/relative",    "",
        "//idp.example/",      "https://",         "https://a@b/", "https://a b/",
        "ftp://idp.example/",
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(bad); i++) {
        sso_reply_t reply = make_form(cx, bad[i]);

        print_message("  %s\n", bad[i]);
        assert_int_not_equal(sso_page_form(cx, &reply), APR_SUCCESS);
        assert_fault(cx, INTERNAL);
    }
}

static void forms_that_do_not_fit_are_no_pages(void **state)
{
    sso_ctx_t *cx = *state;
    sso_reply_t reply = make_form(cx, "https://idp.example/");
    apr_size_t n = 2 * 1024 * 1024;
    char *big = apr_palloc(cx->pool, n + 1);

    memset(big, 'x', n);
    big[n] = '\0';
    apr_table_addn(reply.fields, "big", big);
    assert_int_not_equal(sso_page_form(cx, &reply), APR_SUCCESS);
    assert_fault(cx, INTERNAL);
}

static void nonces_differ(void **state)
{
    sso_ctx_t *cx = *state;
    sso_reply_t one = {.kind = SSO_REPLY_NONE};
    sso_reply_t two = {.kind = SSO_REPLY_NONE};

    sso_page_message(cx, "a", "b", NULL, 0, &one);
    sso_page_message(cx, "a", "b", NULL, 0, &two);
    assert_string_not_equal(one.csp, two.csp);
}

/* What the other side has to put right is explained there, if its metadata says where. */
static void help_is_where_it_can_be_had(void **state)
{
    static const struct {
        sso_fault_t fault;
        const char *help, *wanted; /* NULL: no link */
    } row[] = {
        {SSO_F_STATUS_AUTHN, "https://idp.example/help", "https://idp.example/help"},
        {SSO_F_STATUS_AUTHN, "https://idp.example/h?c=ERRORURL_CODE&x=1&t=ERRORURL_TS",
         "https://idp.example/h?c=AUTHENTICATION_FAILURE&amp;x=1&amp;t=1795460332"},
        {SSO_F_NO_USER, "https://idp.example/ERRORURL_CODE/ERRORURL_TID/ERRORURL_CTX",
         "https://idp.example/IDENTIFICATION_FAILURE/0123abcd/no_user"},
        {SSO_F_STATUS_DENIED, "https://idp.example/ERRORURL_CODE",
         "https://idp.example/AUTHORIZATION_FAILURE"},
        {SSO_F_STATUS_AUTHN, NULL, NULL},
        {SSO_F_SIGNATURE, "https://idp.example/help", NULL}, /* not theirs to explain */
        {SSO_F_CSRF, "https://idp.example/help", NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_reply_t reply = {.kind = SSO_REPLY_NONE};
        const char *body;

        cx->help = row[i].help;
        (void)sso_fail(cx, row[i].fault, "planned");
        sso_page_error(cx, "0123abcd", (sso_link_t){NULL, NULL}, &reply);
        body = body_of(cx, &reply);
        if (row[i].wanted) {
            assert_non_null(
                strstr(body, apr_pstrcat(cx->pool, "href=\"", row[i].wanted, "\"", NULL)));
        }
        assert_int_equal(strstr(body, "Help from your organisation") != NULL,
                         row[i].wanted != NULL);
        sso_ctx_clear(cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(errors_say_what_they_may),
        UNIT(errors_name_whose_answer_it_was),
        UNIT(errors_of_ours_are_called_so),
        UNIT(every_fault_can_be_shown),
        UNIT(texts_are_escaped_everywhere),
        UNIT(r64_forms_post_to_one_place),
        UNIT(r64_forms_go_nowhere_else),
        UNIT(forms_that_do_not_fit_are_no_pages),
        UNIT(nonces_differ),
        UNIT(help_is_where_it_can_be_had),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
