/*
 * test_setup.c - the page for whoever connects a provider: what it shows, to whom.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/gate.h"
#include "core_bench.h"

#define EVIL "\"'><script>alert(1)</script>&"

static sso_provider_settings_t *settings_of(const sso_idp_t *idp)
{
    return (sso_provider_settings_t *)(uintptr_t)idp->provider->set;
}

static sso_reply_t get(bench_t *b, const char *method, const char *target, int loopback)
{
    sso_request_t req;
    sso_reply_t reply;

    bench_navigate(b);
    req = bench_request(b, method, target);
    req.loopback = loopback;
    sso_ctx_clear(b->cx);
    sso_gate_serve(b->cx, &b->site, &req, &reply);
    return reply;
}

static const char *body_of(bench_t *b, const sso_reply_t *reply)
{
    return sso_span_text(b->cx->pool, reply->body);
}

static void it_shows_what_both_sides_need(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply = get(b, "GET", "/.sso/corp/setup", 0);
    const char *body = body_of(b, &reply);

    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(body, "<h1>Set up corp</h1>"));
    assert_non_null(strstr(body, "Enter at the other side"));
    assert_non_null(strstr(body, "<h3>Callback</h3>"));
    assert_non_null(strstr(body, "<code id=\"v0\">" BASE "/.sso/corp</code>"));
    assert_non_null(strstr(body, "Where answers go."));
    assert_non_null(strstr(body, "data-of=\"v1\" aria-label=\"Copy Colour\""));
    assert_non_null(strstr(body, "Known here about the other side"));
    assert_non_null(strstr(body, "<pre id=\"v2\">two\nlines</pre>"));
    assert_int_equal(reply.cacheable, 0);
}

/* Without script the buttons are not there, and the values are. */
static void script_is_only_for_the_buttons(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply = get(b, "GET", "/.sso/corp/setup", 0);
    const char *body = body_of(b, &reply);
    const char *at = strstr(body, "nonce=\"");
    const char *nonce = apr_pstrmemdup(b->cx->pool, at + 7, 32);
    const char *button;

    assert_string_equal(reply.csp,
                        apr_pstrcat(b->cx->pool, "default-src 'none'; style-src 'nonce-", nonce,
                                    "'; form-action 'none'; base-uri 'none'; frame-ancestors "
                                    "'none'; script-src 'nonce-",
                                    nonce, "'", NULL));
    assert_non_null(strstr(body, apr_pstrcat(b->cx->pool, "<script nonce=\"", nonce, "\">", NULL)));
    for (button = body; (button = strstr(button, "<button")); button++) {
        assert_non_null(strstr(button, " hidden "));
        assert_true(strstr(button, " hidden ") < strchr(button, '>'));
    }
    assert_null(strstr(body, "onclick="));
    assert_null(strstr(body, "src="));
}

static void it_is_escaped(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    settings_of(b->idp)->display_name = EVIL;
    reply = get(b, "GET", "/.sso/corp/setup", 0);
    assert_null(strstr(body_of(b, &reply), "<script>alert"));
    assert_non_null(strstr(body_of(b, &reply), "<h1>Set up &quot;"));
}

static void it_says_whether_people_are_sent_there(void **state)
{
    static const char *const says[] = {
        [SSO_ACTIVE_ON] = "People are sent to this provider.",
        [SSO_ACTIVE_TEST] = "SSOActive on activates it.",
        [SSO_ACTIVE_OFF] = "SSOActive is off.",
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(says); i++) {
        sso_reply_t reply;

        settings_of(b->idp)->active = (int)i;
        reply = get(b, "GET", "/.sso/corp/setup", 0);
        assert_non_null(strstr(body_of(b, &reply), says[i]));
    }
}

static void who_may_see_it(void **state)
{
    static const struct {
        int rule, loopback, status;
    } row[] = {
        {SSO_SETUP_AUTO, 0, 200},  {SSO_SETUP_AUTO, 1, 200},  {SSO_SETUP_ANYONE, 0, 200},
        {SSO_SETUP_LOCAL, 0, 404}, {SSO_SETUP_LOCAL, 1, 200}, {SSO_SETUP_OFF, 0, 404},
        {SSO_SETUP_OFF, 1, 404},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_reply_t reply;

        settings_of(b->idp)->setup_pages = row[i].rule;
        reply = get(b, "GET", "/.sso/corp/setup", row[i].loopback);
        print_message("  %d %d\n", row[i].rule, row[i].loopback);
        assert_int_equal(reply.status, row[i].status);
    }
    assert_non_null(strstr(b->log, "SSOSetupPages anyone"));
}

/* Where something is weak is for this machine only. */
static void findings_are_shown_here_only(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply = get(b, "GET", "/.sso/corp/setup", 1);

    assert_non_null(strstr(body_of(b, &reply), "<h2>Validated</h2>"));
    assert_non_null(strstr(body_of(b, &reply), "<td>the site is reached by https</td>"));
    settings_of(b->idp)->setup_pages = SSO_SETUP_ANYONE;
    reply = get(b, "GET", "/.sso/corp/setup", 0);
    assert_null(strstr(body_of(b, &reply), "Validated"));
    assert_null(strstr(body_of(b, &reply), "reached by https"));
}

static void it_is_only_read(void **state)
{
    bench_t *b = bench_make(*state);

    assert_int_equal(get(b, "POST", "/.sso/corp/setup", 0).status, 405);
    assert_int_equal(get(b, "HEAD", "/.sso/corp/setup", 0).status, 200);
    assert_int_equal(get(b, "GET", "/.sso/nobody/setup", 0).status, 404);
    assert_int_equal(get(b, "GET", "/.sso/corp/setup/", 0).status, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(it_shows_what_both_sides_need),
        UNIT(script_is_only_for_the_buttons),
        UNIT(it_is_escaped),
        UNIT(it_says_whether_people_are_sent_there),
        UNIT(who_may_see_it),
        UNIT(findings_are_shown_here_only),
        UNIT(it_is_only_read),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
