/*
 * test_url.c - parameters, absolute URLs, and the tricks that turn a return path into a way out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/url.h"
#include "unit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void parameters_are_read(void **state)
{
    static const struct {
        const char *text;
        int form;
        const char *name;
        const char *raw, *value; /* NULL: absent */
    } row[] = {
        {"a=1&b=2", 0, "a", "1", "1"},
        {"a=1&b=2", 0, "b", "2", "2"},
        {"a=1&b=2", 0, "c", NULL, NULL},
        {"", 0, "a", NULL, NULL},
        {"&&a=1&&", 0, "a", "1", "1"},
        {"a", 0, "a", "", ""},
        {"a=", 0, "a", "", ""},
        {"a=b=c", 0, "a", "b=c", "b=c"},
        {"a=x%2By+z", 0, "a", "x%2By+z", "x+y+z"},
        {"a=x%2By+z", 1, "a", "x%2By+z", "x+y z"},
        {"%61=1", 0, "a", NULL, NULL}, /* names are compared as they came */
        {"%61=1&a=2", 0, "a", "2", "2"},
        {"A=1&a=2", 0, "a", "2", "2"},
        {"aa=1&a=2", 0, "a", "2", "2"},
        {"a=%c3%a9", 0, "a", "%c3%a9", "\xc3\xa9"},
        {"=x", 0, "", "x", "x"},
        {"a=1;b=2", 0, "b", NULL, NULL},
        {"a=1;b=2", 0, "a", "1;b=2", "1;b=2"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_params_t q;
        sso_span_t raw = {"untouched", 9};
        sso_span_t value = {"untouched", 9};
        apr_status_t rv = row[i].raw ? APR_SUCCESS : APR_NOTFOUND;

        print_message("  %s -> %s\n", row[i].text, row[i].name);
        assert_int_equal(sso_params_parse(cx, sso_span(row[i].text), row[i].form, &q), APR_SUCCESS);
        assert_int_equal(sso_params_raw(cx, &q, row[i].name, &raw), rv);
        assert_int_equal(sso_params_get(cx, &q, row[i].name, &value), rv);
        assert_true(sso_span_is(raw, row[i].raw ? row[i].raw : "untouched"));
        assert_true(sso_span_is(value, row[i].value ? row[i].value : "untouched"));
        assert_int_equal(cx->err.fault, SSO_F_NONE);
    }
}

static void parameters_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *code;
    } row[] = {
        {"a=1&a=2", "param_duplicate:a"}, {"a=1&a=1", "param_duplicate:a"},
        {"a&b=1&a", "param_duplicate:a"}, {"a=%", "param_escape:a"},
        {"a=%4", "param_escape:a"},       {"a=%zz", "param_escape:a"},
        {"a=x%00", "param_escape:a"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_params_t q;
        sso_span_t out = {"untouched", 9};

        print_message("  %s\n", row[i].text);
        assert_int_equal(sso_params_parse(cx, sso_span(row[i].text), 1, &q), APR_SUCCESS);
        assert_int_not_equal(sso_params_get(cx, &q, "a", &out), APR_SUCCESS);
        assert_string_equal(sso_error_code(cx), row[i].code);
        assert_true(sso_span_is(out, "untouched"));
        sso_ctx_clear(cx);
    }
}

static void a_raw_nul_is_refused(void **state)
{
    sso_ctx_t *cx = *state;
    sso_params_t q;
    sso_span_t out = {"untouched", 9};

    assert_int_equal(sso_params_parse(cx, sso_span_of("a=1\0&b=2", 8), 1, &q), APR_SUCCESS);
    assert_int_not_equal(sso_params_get(cx, &q, "a", &out), APR_SUCCESS);
    assert_fault(cx, PARAM_ESCAPE);
    assert_true(sso_span_is(out, "untouched"));
    assert_int_equal(sso_params_get(cx, &q, "b", &out), APR_SUCCESS);
}

static void duplicates_have_no_raw_value_either(void **state)
{
    sso_ctx_t *cx = *state;
    sso_params_t q;
    sso_span_t out = {"untouched", 9};

    assert_int_equal(sso_params_parse(cx, sso_span("a=1&a=2"), 0, &q), APR_SUCCESS);
    assert_int_not_equal(sso_params_raw(cx, &q, "a", &out), APR_SUCCESS);
    assert_true(sso_span_is(out, "untouched"));
    assert_fault(cx, PARAM_DUPLICATE);
}

static void too_many_parameters_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    sso_params_t q = {.n = 7, .form = 9};
    char text[2 * SSO_PARAMS_MAX + 3];
    int i;

    for (i = 0; i < SSO_PARAMS_MAX + 1; i++) {
        text[2 * i] = 'a';
        text[2 * i + 1] = '&';
    }
    assert_int_not_equal(sso_params_parse(cx, sso_span_of(text, 2 * SSO_PARAMS_MAX + 1), 0, &q),
                         APR_SUCCESS);
    assert_fault(cx, PARAM_SIZE);
    assert_int_equal(q.n, 7);
    assert_int_equal(q.form, 9);
    assert_int_equal(sso_params_parse(cx, sso_span_of(text, 2 * SSO_PARAMS_MAX), 0, &q), 0);
    assert_int_equal(q.n, SSO_PARAMS_MAX);
}

static void urls_are_read(void **state)
{
    static const struct {
        const char *text, *scheme, *host;
        int port;
        const char *path, *query, *origin;
    } row[] = {
        {"https://a.example", "https", "a.example", 443, "/", NULL, "https://a.example"},
        {"https://a.example/", "https", "a.example", 443, "/", NULL, "https://a.example"},
        {"http://a.example:80/x", "http", "a.example", 80, "/x", NULL, "http://a.example"},
        {"http://a.example:443/", "http", "a.example", 443, "/", NULL, "http://a.example:443"},
        {"https://a.example:443", "https", "a.example", 443, "/", NULL, "https://a.example"},
        {"HTTPS://A.Example:8443/Path?Q=1", "https", "a.example", 8443, "/Path", "Q=1",
         "https://a.example:8443"},
        {"https://a.example?q", "https", "a.example", 443, "/", "q", "https://a.example"},
        {"https://a.example/?", "https", "a.example", 443, "/", "", "https://a.example"},
        {"https://a.example/x?a=b?c/d", "https", "a.example", 443, "/x", "a=b?c/d",
         "https://a.example"},
        {"https://a/%2f@b:1", "https", "a", 443, "/%2f@b:1", NULL, "https://a"},
        {"http://[::1]/", "http", "[::1]", 80, "/", NULL, "http://[::1]"},
        {"http://[2001:DB8::1]:8080/x", "http", "[2001:db8::1]", 8080, "/x", NULL,
         "http://[2001:db8::1]:8080"},
        {"http://127.0.0.1:65535/", "http", "127.0.0.1", 65535, "/", NULL,
         "http://127.0.0.1:65535"},
        {"http://a.example/%40%10%20", "http", "a.example", 80, "/%40%10%20", NULL,
         "http://a.example"},
        {"http://1a.example/", "http", "1a.example", 80, "/", NULL, "http://1a.example"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_url_t url;

        print_message("  %s\n", row[i].text);
        assert_null(sso_url_parse(cx->pool, row[i].text, &url));
        assert_string_equal(url.scheme, row[i].scheme);
        assert_string_equal(url.host, row[i].host);
        assert_int_equal(url.port, row[i].port);
        assert_string_equal(url.path, row[i].path);
        if (row[i].query) {
            assert_string_equal(url.query, row[i].query);
        } else {
            assert_null(url.query);
        }
        assert_string_equal(sso_url_origin(cx->pool, &url), row[i].origin);
    }
}

static void urls_are_refused(void **state)
{
    static const char *const row[] = {
        "",
        "a.example",
        "/path",
        "//a.example/",
        "http:a.example",
        "https:/a.example",
        "https:///a.example",
        "https://",
        "https://?q",
        "ftp://a.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "javascript://a.example/%0aalert(1)",
        " https://a.example/",
        "https://a.example/ ",
        "https://a.example/a b",
        "https://a.example/\t",
        "https://a.exa\nmple/",
        "https://a.example/\x7f",
        "https://a.example\\@b.example/",
        "https://a.example/\\b",
        "https://user@a.example/",
        "https://user:pass@a.example/",
        "https://@a.example/",
        "https://a.example/#top",
        "https://a.example#@b.example",
        "https://a.example:/",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example:100000/",
        "https://a.example:0443/",
        "https://a.example:+443/",
        "https://a.example:44a/",
        "https://a.example:443:443/",
        "https://a..example/",
        "https://.a.example/",
        "https://a.example./",
        "https://a%2eexample/",
        "https://a,example/",
        "https://a;example/",
        "https://a*example/",
        "https://\xc3\xa9.example/",
        "https://a.example/\xc3\xa9",
        "https://2130706433/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://127.0.0.256/",
        "https://1.2.3.4.5/",
        "https://[::1/",
        "https://::1/",
        "https://[::1]x/",
        "https://[::g]/",
        "https://[fe80::1%25eth0]/",
        "https://[]/",
        "https://[::1]:/",
        "https://[1.2.3.4]/",
        "https://[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc]/",
        "https://a.example/\"x",
        "https://a.example/<x>",
        "https://a.example/{x}",
        "https://a.example/`x",
        "https://a.example/^x",
        "https://a.example/a|b",
        "https://a.example/%",
        "https://a.example/%4",
        "https://a.example/%zz",
        "https://a.example/%z4",
        "https://a.example/%4z",
        "https://a.example/%00",
        "https://a.example/?%00",
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_url_t url = {.host = "untouched"};

        print_message("  %s\n", row[i]);
        assert_non_null(sso_url_parse(cx->pool, row[i], &url));
        assert_string_equal(url.host, "untouched");
        assert_null(url.scheme);
    }
}

static void long_hosts_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    char host[255];
    sso_url_t url;

    memset(host, 'a', sizeof(host));
    host[254] = '\0';
    assert_non_null(sso_url_parse(cx->pool, apr_pstrcat(cx->pool, "https://", host, NULL), &url));
    host[253] = '\0';
    assert_null(sso_url_parse(cx->pool, apr_pstrcat(cx->pool, "https://", host, NULL), &url));
}

static void loopback_is_known(void **state)
{
    static const struct {
        const char *host;
        int wanted;
    } row[] = {
        {"localhost", 1},
        {"LocalHost", 1},
        {"127.0.0.1", 1},
        {"127.255.255.254", 1},
        {"[::1]", 1},
        {"[0:0:0:0:0:0:0:1]", 1},
        {"128.0.0.1", 0},
        {"126.255.255.255", 0},
        {"127.0.0.1.a.example", 0},
        {"localhost.a.example", 0},
        {"127.1", 0},
        {"[::2]", 0},
        {"[::]", 0},
        {"0.0.0.0", 0},
        {"", 0},
        {"::1", 0},
        {"[::1", 0},
        {"x::1]", 0},
        {"[::1x", 0},
        {"[]", 0},
        {"[", 0},
        {"notlocalhost", 0},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].host);
        assert_int_equal(!!sso_url_is_loopback(row[i].host), row[i].wanted);
    }
}

static void queries_are_appended(void **state)
{
    static const struct {
        const char *url, *wanted;
    } row[] = {
        {"https://a.example/sso", "https://a.example/sso?q=1"},
        {"https://a.example/sso?x=2", "https://a.example/sso?x=2&q=1"},
        {"https://a.example/sso?", "https://a.example/sso?q=1"},
        {"https://a.example/sso?x&", "https://a.example/sso?x&q=1"},
        {"", "?q=1"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        assert_string_equal(sso_url_append(cx->pool, row[i].url, "q=1"), row[i].wanted);
    }
}

/* R63. Browsers drop TAB, CR and LF from addresses, and take '\' for '/'. */
static void queries_are_masked(void **state)
{
    static const char *const shown[] = {"provider", "error", NULL};
    static const struct {
        const char *query;
        const char *wanted;
    } row[] = {
        {"", ""},
        {"data=abc&sig=def", "data=...&sig=..."},
        {"code=abc&error=access_denied", "code=...&error=access_denied"},
        {"provider=corp&x=y", "provider=corp&x=..."},
        {"providers=corp", "providers=..."},
        {"Provider=corp", "Provider=..."},
        {"secret", "..."},
        {"=secret", "=..."},
        {"a=", "a="},
        {"a=b=c", "a=..."},
        {"&&a&", "&&...&"},
        {"a=1&b=1&c=1", "a=...&b=...&c=..."},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_string_equal(sso_query_mask(cx->pool, row[i].query, shown), row[i].wanted);
}

static void return_paths_stay_here(void **state)
{
    static const struct {
        const char *path;
        int wanted;
    } row[] = {
        {"/", 1},
        {"/a", 1},
        {"/a?b=c&d=/e#f", 1},
        {"/a//b", 1},
        {"/a/%2f%2fb", 1},
        {"/a%5cb", 1},
        {"/?u=https://a.example/", 1},
        {"/?u=%2f%2fa.example", 1},
        {"/@a.example", 1},
        {"/:80", 1},
        {"/\xc3\xa9", 1},
        {"/%2", 1},
        {"/a b", 1},
        {NULL, 0},
        {"", 0},
        {"a", 0},
        {"?a", 0},
        {" /a", 0},
        {"//a.example", 0},
        {"///a.example", 0},
        {"////a.example", 0},
        {"/\\a.example", 0},
        {"\\/a.example", 0},
        {"\\\\a.example", 0},
        {"/\t/a.example", 0},
        {"\t//a.example", 0},
        {"/\n/a.example", 0},
        {"/\r/a.example", 0},
        {"/\x7f", 0},
        {"/a\x01", 0},
        {"/a\r\nSet-Cookie: x", 0},
        {"/a\\b", 0},
        {"/a?b\\c", 0},
        {"/%2fa.example", 0},
        {"/%2Fa.example", 0},
        {"/%2f%2fa.example", 0},
        {"/%5ca.example", 0},
        {"/%5Ca.example", 0},
        {"/a%00", 0},
        {"/%00/a.example", 0},
        {"https://a.example/", 0},
        {"https:a.example", 0},
        {"http:a.example", 0},
        {"http:/a.example", 0},
        {"http:///a.example", 0},
        {"javascript:alert(1)", 0},
        {"https://here.example@a.example/", 0},
        {"@a.example", 0},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].path ? row[i].path : "(NULL)");
        assert_int_equal(!!sso_url_is_local(row[i].path, 100), row[i].wanted);
    }
    assert_true(sso_url_is_local("/abc", 4));
    assert_false(sso_url_is_local("/abcd", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(parameters_are_read),
        UNIT(parameters_are_refused),
        UNIT(a_raw_nul_is_refused),
        UNIT(duplicates_have_no_raw_value_either),
        UNIT(too_many_parameters_are_refused),
        UNIT(urls_are_read),
        UNIT(urls_are_refused),
        UNIT(long_hosts_are_refused),
        UNIT(loopback_is_known),
        UNIT(queries_are_appended),
        UNIT(queries_are_masked),
        UNIT(return_paths_stay_here),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
