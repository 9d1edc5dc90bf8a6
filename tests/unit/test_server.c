/*
 * test_server.c - directives of the process and of virtual hosts: what is accepted, what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/server.h"
#include "lines.h"

#define ROW(name) SSO_SERVER_##name

static void the_table_is_sound(void **state)
{
    table_check(*state, &sso_server_table);
}

static void presets_are_the_strict_ones(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_server_settings_t *set = sso_settings_make(&sso_server_table, cx->pool);

    assert_int_equal(set->memory, 64 * 1024 * 1024);
    assert_int_equal(set->persist, 1);
    assert_int_equal(set->insecure_http, 0);
    assert_string_equal(set->path, "/.sso");
    assert_int_equal(set->quota, 0);
    assert_null(set->cookie);
    assert_null(set->secrets);
    assert_null(set->base_url);
}

static void lines_are_judged(void **state)
{
    static const char secret[] = "a secret never stands in the configuration";
    static const char path[] = "is not a plain path; write for example /.sso";
    static const char only_origin[] = "has a path; write only scheme, host and port";
    static const char host_prefix[] = "browsers refuse a __Host- cookie";
    const line_t line[] = {
        {ROW(SSOSessionMemory), "1m", NULL},
        {ROW(SSOSessionMemory), "1023k", "write a value from 1m to 1024g"},
        {ROW(SSOSessionQuota), "100", NULL},
        {ROW(SSOAccounts), "on", NULL},
        {ROW(SSOAccounts), "team-1.example", NULL},
        {ROW(SSOAccounts), "a/b", "cannot name accounts"},
        {ROW(SSOAccountDatabase), "sqlite3", NULL},
        {ROW(SSOAccountDatabase), "sqlite3 /var/a.db", NULL},
        {ROW(SSOAccountDatabase), "pgsql 'host=x dbname=y'", NULL},
        {ROW(SSOAccountDatabase), "pgsql", "needs the parameters"},
        {ROW(SSOAccountDatabase), "pgsql 'host=x password=y'", "a password never stands"},
        {ROW(SSOAccountDatabase), "mysql x", "is no database that accounts can be kept in"},
        {ROW(SSOOwner), "none", NULL},
        {ROW(SSOOwner), "none provider=x", "stands alone"},
        {ROW(SSOOwner), "first-login provider=x domain=example.org role=boss", NULL},
        {ROW(SSOOwner), "first-login provider=x domain=y role=z within=1h code", NULL},
        {ROW(SSOOwner), "first-login provider=x within=soon", "soon"},
        {ROW(SSOOwner), "id=5 provider=x code", "belong to first-login"},
        {ROW(SSOOwner), "id=5 provider=x within=1h", "belong to first-login"},
        {ROW(SSOOwner), "first-login", "needs provider=NAME"},
        {ROW(SSOOwner), "first-login provider=x id=42", "either first-login or id="},
        {ROW(SSOOwner), "provider=x", "either first-login or id="},
        {ROW(SSOOwner), "id=42 provider=x", NULL},
        {ROW(SSOOwner), "id=42", "needs provider=NAME"},
        {ROW(SSOOwner), "first provider=x", "is not known here"},
        {ROW(SSOSessionQuota), "101", "write a value from 0 to 100"},
        {ROW(SSOSecret), "0123456789abcdef0123456789abcdef", secret},
        {ROW(SSOSecret), "File:/etc/x", secret},
        {ROW(SSOSecret), "env:SSO_TEST_ABSENT plain", secret},
        {ROW(SSOBaseURL), "https://www.example.org", NULL},
        {ROW(SSOBaseURL), "https://www.example.org/", NULL},
        {ROW(SSOBaseURL), "http://localhost:8080", NULL},
        {ROW(SSOBaseURL), "https://[2001:db8::1]:8443", NULL},
        {ROW(SSOBaseURL), "www.example.org", "does not begin with https:// or http://; write"},
        {ROW(SSOBaseURL), "https://www.example.org/app", only_origin},
        {ROW(SSOBaseURL), "https://www.example.org/?x", only_origin},
        {ROW(SSOBaseURL), "https://u@www.example.org", "user information"},
        {ROW(SSOBaseURL), "https://", "has no host"},
        {ROW(SSOBaseURL), "javascript:alert(1)", "does not begin with"},
        {ROW(SSOPath), "/.sso", NULL},
        {ROW(SSOPath), "/auth/sso", NULL},
        {ROW(SSOPath), "/...", NULL},
        {ROW(SSOPath), "/", path},
        {ROW(SSOPath), "sso", path},
        {ROW(SSOPath), "\"\"", path},
        {ROW(SSOPath), "/sso/", path},
        {ROW(SSOPath), "//sso", path},
        {ROW(SSOPath), "/a//b", path},
        {ROW(SSOPath), "/a/../b", path},
        {ROW(SSOPath), "/..", path},
        {ROW(SSOPath), "/a/.", path},
        {ROW(SSOPath), "/./a", path},
        {ROW(SSOPath), "/a?b", path},
        {ROW(SSOPath), "/a%2fb", path},
        {ROW(SSOPath), "\"/a b\"", path},
        {ROW(SSOPath), "/<script>", path},
        {ROW(SSOCookie), "name=sso", NULL},
        {ROW(SSOCookie), "name=__Host-other path=/", NULL},
        {ROW(SSOCookie), "name=sso domain=example.org path=/app samesite=Strict", NULL},
        {ROW(SSOCookie), "domain=example.org", NULL},
        {ROW(SSOCookie), "name=", "name= takes letters"},
        {ROW(SSOCookie), "name=a;b", "name= takes letters"},
        {ROW(SSOCookie), "name=a=b", "name= takes letters"},
        {ROW(SSOCookie), "domain=a;Secure", "domain= takes a host name"},
        {ROW(SSOCookie), "path=app", "path= takes a path"},
        {ROW(SSOCookie), "path=/a;Domain=x", "path= takes a path"},
        {ROW(SSOCookie), "path=//a", "path= takes a path"},
        {ROW(SSOCookie), "samesite=loose", "samesite= takes lax, strict or none"},
        {ROW(SSOCookie), "secure=off", "'secure=off' is not known; write name=, domain="},
        {ROW(SSOCookie), "sso", "is not known"},
        {ROW(SSOCookie), "name=a Name=b", "said twice"},
        {ROW(SSOCookie), "samesite=lax samesite=none", "said twice"},
        {ROW(SSOCookie), "name=__Host-x domain=example.org", host_prefix},
        {ROW(SSOCookie), "name=__host-x path=/app", host_prefix},
        {ROW(SSOInsecureHttp), "maybe", "neither on nor off"},
    };

    lines_check(*state, &sso_server_table, line, COUNT(line));
}

/* What may not stand in one line may not stand in two. */
static void a_second_cookie_line_is_judged_with_the_first(void **state)
{
    sso_ctx_t *cx = *state;
    sso_server_settings_t *set = sso_settings_empty(&sso_server_table, cx->pool);

    assert_null(line_read(cx, &sso_server_table, set, ROW(SSOCookie), "name=__Host-x"));
    assert_non_null(line_read(cx, &sso_server_table, set, ROW(SSOCookie), "domain=example.org"));
    assert_non_null(line_read(cx, &sso_server_table, set, ROW(SSOCookie), "name=y"));
    assert_null(line_read(cx, &sso_server_table, set, ROW(SSOCookie), "samesite=strict"));
    assert_int_equal(set->cookie->nelts, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(the_table_is_sound),
        UNIT(presets_are_the_strict_ones),
        UNIT(lines_are_judged),
        UNIT(a_second_cookie_line_is_judged_with_the_first),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
