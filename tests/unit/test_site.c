/*
 * test_site.c - the session cookie, written in one place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core_bench.h"

static void session_cookies_are_narrow(void **state)
{
    bench_t *b = bench_make(*state);
    sso_site_t site = b->site;
    apr_pool_t *p = b->cx->pool;

    assert_string_equal(sso_site_session_cookie(&site, p, "x"),
                        "__Host-sso=x; Path=/; HttpOnly; Secure; SameSite=Lax");
    assert_string_equal(sso_site_session_cookie(&site, p, NULL),
                        "__Host-sso=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax");
    site.samesite = SSO_SAMESITE_STRICT;
    site.cookie_path = "/app";
    site.cookie = "sso";
    site.domain = "example.org";
    assert_string_equal(sso_site_session_cookie(&site, p, "x"),
                        "sso=x; Path=/app; Domain=example.org; HttpOnly; Secure; SameSite=Strict");
    site.samesite = SSO_SAMESITE_NONE;
    site.secure = 0;
    site.domain = NULL;
    assert_string_equal(sso_site_session_cookie(&site, p, "x"),
                        "sso=x; Path=/app; HttpOnly; SameSite=None");
}

/* Flow cookies are of one host and all paths, whatever the session's are. */
static void flow_cookies_stay_on_the_host(void **state)
{
    bench_t *b = bench_make(*state);
    sso_site_t site = b->site;

    site.domain = "example.org";
    site.cookie_path = "/app";
    site.cookie = "sso";
    assert_string_equal(sso_site_flow_cookie(&site, b->cx->pool, "a", "x", SECONDS(90), 0),
                        "sso-a=x; Path=/; Max-Age=90; HttpOnly; Secure; SameSite=Lax");
    assert_string_equal(sso_site_flow_cookie(&site, b->cx->pool, "a", NULL, SECONDS(90), 1),
                        "sso-a=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(session_cookies_are_narrow),
        UNIT(flow_cookies_stay_on_the_host),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
