/*
 * test_request.c - what kind of request it is, where it comes from, and its cookies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "core/request.h"
#include "unit.h"

#include <apr_strings.h>
#include <apr_tables.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BASE     "https://www.example.org"

static const char *get_header(const sso_request_t *req, const char *name)
{
    return apr_table_get(req->baton, name);
}

/* A request with headers written "Name: value|Name: value". */
static sso_request_t make_request(sso_ctx_t *cx, const char *method, const char *headers)
{
    apr_table_t *table = apr_table_make(cx->pool, 4);
    char *rest = NULL;
    char *line = apr_strtok(apr_pstrdup(cx->pool, headers), "|", &rest);

    for (; line; line = apr_strtok(NULL, "|", &rest)) {
        char *colon = strstr(line, ": ");

        *colon = '\0';
        apr_table_addn(table, line, colon + 2);
    }
    return (sso_request_t){.method = method, .path = "/", .header = get_header, .baton = table};
}

static void only_navigations_may_be_redirected(void **state)
{
    static const struct {
        const char *method, *headers;
        int wanted;
    } row[] = {
        {"GET", "Sec-Fetch-Mode: navigate", 1},
        {"GET", "Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document", 1},
        {"HEAD", "Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document", 1},
        {"GET", "Sec-Fetch-Mode: navigate|Accept: application/json", 1},
        {"POST", "Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document", 0},
        {"GET", "Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: iframe", 0},
        {"GET", "Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: frame", 0},
        {"GET", "Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: object", 0},
        {"GET", "Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: embed", 0},
        {"GET", "Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: fencedframe", 0},
        {"GET", "Sec-Fetch-Mode: cors|Accept: text/html", 0},
        {"GET", "Sec-Fetch-Mode: no-cors|Accept: */*", 0},
        {"GET", "Sec-Fetch-Mode: same-origin", 0},
        {"GET", "Sec-Fetch-Mode: websocket", 0},
        {"GET", "Sec-Fetch-Mode: Navigate", 0},
        {"GET", "Sec-Fetch-Mode: navigate|Upgrade: websocket", 0},
        {"GET", "Sec-Fetch-Mode: navigate|Sec-Purpose: prefetch", 0},
        {"GET", "Sec-Fetch-Mode: navigate|Sec-Purpose: prefetch;prerender", 0},
        {"GET", "Accept: text/html|Purpose: prefetch", 0},
        {"GET", "Accept: text/html|X-Moz: prefetch", 0},
        {"GET", "Accept: text/html|X-Purpose: preview", 0},
        {"GET", "Accept: text/html|Purpose: pleasure", 1},
        {"GET", "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", 1},
        {"GET", "Accept: */*", 0}, /* what programs send */
        {"GET", "", 0},
        {"GET", "Accept: application/json", 0},
        {"GET", "Accept: image/png", 0},
        {"GET", "Accept: text/html|X-Requested-With: XMLHttpRequest", 0},
        {"GET", "Accept: text/html|Upgrade: websocket", 0},
        {"GET", "Accept: text/html|Upgrade-Insecure-Requests: 1", 1},
        {"POST", "Accept: text/html", 0},
        {"PUT", "Accept: text/html", 0},
        {"get", "Accept: text/html", 0},
        {"OPTIONS", "", 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_request_t req = make_request(cx, row[i].method, row[i].headers);

        print_message("  %s %s\n", row[i].method, row[i].headers);
        assert_int_equal(!!sso_request_is_navigation(&req), row[i].wanted);
    }
}

static void the_browser_vouches_for_the_origin(void **state)
{
    static const struct {
        const char *headers;
        int wanted;
    } row[] = {
        {"Sec-Fetch-Site: same-origin", 1},
        {"Sec-Fetch-Site: none", 1},
        {"Sec-Fetch-Site: same-site", 0},
        {"Sec-Fetch-Site: cross-site", 0},
        {"Sec-Fetch-Site: Same-Origin", 0},
        {"Sec-Fetch-Site: cross-site|Origin: " BASE, 0},
        {"Sec-Fetch-Site: cross-site|Referer: " BASE "/", 0},
        {"Origin: " BASE, 1},
        {"Origin: HTTPS://www.Example.org", 1},
        {"Origin: null", 0},
        {"Origin: http://www.example.org", 0},
        {"Origin: " BASE ":444", 0},
        {"Origin: " BASE ".evil.example", 0},
        {"Origin: " BASE "@evil.example", 0},
        {"Origin: https://evil.example", 0},
        {"Origin: https://evil.example|Referer: " BASE "/", 0},
        {"Referer: " BASE "/app?x", 1},
        {"Referer: " BASE, 1},
        {"Referer: " BASE "?x", 0}, /* no browser writes this */
        {"Referer: " BASE ".evil.example/", 0},
        {"Referer: https://evil.example/" BASE, 0},
        {"Referer: https://evil.example/?u=" BASE "/", 0},
        {"Referer: /", 0},
        {"", 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_request_t req = make_request(cx, "GET", row[i].headers);

        print_message("  %s\n", row[i].headers);
        assert_int_equal(!!sso_request_is_same_origin(&req, BASE), row[i].wanted);
    }
}

static void cookies_are_found(void **state)
{
    static const struct {
        const char *cookie, *value; /* NULL: absent */
    } row[] = {
        {"sso=x", "x"},
        {"a=1; sso=x; b=2", "x"},
        {"a=1;sso=x;b=2", "x"},
        {"  sso=x", "x"},
        {"\tsso=x", "x"},
        {";;sso=x", "x"},
        {"sso=x ; b=2", "x"},
        {"sso=x\r\n", "x"},
        {"sso=a=b", "a=b"},
        {"sso=", ""},
        {"sso", ""},
        {"sso=\"x\"", "\"x\""},
        {"sso=first; sso=second", "first"},
        {"ssox=1; sso=2", "2"},
        {"xsso=1", NULL},
        {"SSO=1", NULL},
        {"sso =1", NULL},
        {"a=sso=1", NULL},
        {"a=\"; sso=x\"", "x\""},
        {"", NULL},
        {";", NULL},
        {"=", NULL},
        {NULL, NULL},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++) {
        sso_span_t value = sso_span("untouched");
        apr_status_t rv = sso_cookie_get(row[i].cookie, "sso", &value);

        print_message("  %s\n", row[i].cookie ? row[i].cookie : "(NULL)");
        assert_int_equal(rv, row[i].value ? APR_SUCCESS : APR_NOTFOUND);
        assert_true(sso_span_is(value, row[i].value ? row[i].value : "untouched"));
    }
}

typedef struct {
    sso_buf_t seen;
    int most;
} watch_t;

static int watch(void *baton, sso_span_t name, sso_span_t value)
{
    watch_t *w = baton;

    sso_buf_add(&w->seen, name.p, name.n);
    sso_buf_char(&w->seen, ':');
    sso_buf_add(&w->seen, value.p, value.n);
    sso_buf_char(&w->seen, ' ');
    return --w->most == 0;
}

static void cookies_of_a_prefix_are_shown(void **state)
{
    static const char cookie[] = "sso-b=2; sso=0; sso-a=1;; xsso-c=3; sso-=; sso-d";
    sso_ctx_t *cx = *state;
    watch_t w = {sso_buf_make(cx->pool, 0, 1000), 100};

    sso_cookie_each(cookie, "sso-", watch, &w);
    assert_string_equal(w.seen.p, "sso-b:2 sso-a:1 sso-: sso-d: ");
    w = (watch_t){sso_buf_make(cx->pool, 0, 1000), 1};
    sso_cookie_each(cookie, "sso-", watch, &w);
    assert_string_equal(w.seen.p, "sso-b:2 ");
    w = (watch_t){sso_buf_make(cx->pool, 0, 1000), 100};
    sso_cookie_each(NULL, "sso-", watch, &w);
    assert_string_equal(w.seen.p, "");
}

static void our_cookies_are_taken_out(void **state)
{
    static const struct {
        const char *cookie, *rest; /* NULL: nothing is left */
    } row[] = {
        {"sso=x", NULL},
        {"sso", NULL},
        {"sso=x; sso-12345678=y; sso-loop=z", NULL},
        {"a=1; sso=x; b=2", "a=1; b=2"},
        {"sso=x;a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8;i=9",
         "a=1; b=2; c=3; d=4; e=5; f=6; g=7; h=8; i=9"},
        {"a=1; sso-12345678=y", "a=1"},
        {"ssox=1; sso_y=2; sso=3", "ssox=1; sso_y=2"},
        {"SSO=1; sso=2", "SSO=1"},
        {"flag; sso=1; b", "flag; b"},
        {"a=b=c; sso=1", "a=b=c"},
        {"sso=1; sso=2; a=3; sso=4", "a=3"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *rest = sso_cookie_strip(cx->pool, row[i].cookie, "sso");

        print_message("  %s\n", row[i].cookie);
        if (row[i].rest) {
            assert_string_equal(rest, row[i].rest);
        } else {
            assert_null(rest);
        }
    }
}

/* The very text: no copy, and nothing made longer. */
static void foreign_cookies_stay_as_they_are(void **state)
{
    static const char *const row[] = {
        "a=1", "", "a=1;b=2;  c=3", "a=sso;b=1;c=2;d=3;e=4;f=5", "xsso=1;a=2", "ssox=1",
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i]);
        assert_ptr_equal(sso_cookie_strip(cx->pool, row[i], "sso"), row[i]);
    }
    assert_null(sso_cookie_strip(cx->pool, NULL, "sso"));
}

/* Separators without a space grow by one byte each: there must be room for all of them. */
static void many_short_cookies_have_room(void **state)
{
    sso_ctx_t *cx = *state;
    apr_size_t n = 4000;
    char *cookie = apr_palloc(cx->pool, 2 * n + 7);
    const char *rest;
    char *after;
    apr_size_t i;

    for (i = 0; i < n; i++)
        memcpy(cookie + 2 * i, "a;", 2);
    memcpy(cookie + 2 * n, "sso=x", 6);
    rest = sso_cookie_strip(cx->pool, cookie, "sso");
    after = apr_palloc(cx->pool, 8);
    memset(after, '!', 8); /* what comes next in the pool */
    assert_int_equal(strlen(rest), 3 * n - 2);
    for (i = 0; i < strlen(rest); i++)
        assert_int_equal(rest[i], "a; "[i % 3]);
}

static const char form[] = "a=1&b=x+y";

static apr_status_t get_body(sso_request_t *req, sso_ctx_t *cx, apr_size_t max, sso_span_t *out)
{
    (void)req;
    if (sizeof(form) - 1 > max) return sso_fail(cx, SSO_F_BODY_SIZE, "too long");
    *out = sso_span(form);
    return APR_SUCCESS;
}

static void forms_are_read(void **state)
{
    static const struct {
        const char *type;
        int good;
    } row[] = {
        {"application/x-www-form-urlencoded", 1},
        {"Application/X-WWW-Form-Urlencoded; charset=UTF-8", 1},
        {"application/x-www-form-urlencoded;charset=UTF-8", 1},
        {"application/x-www-form-urlencoded ", 1},
        {"application/x-www-form-urlencodedx", 0},
        {"multipart/form-data; boundary=x", 0},
        {"text/plain", 0},
        {"", 0},
    };
    sso_ctx_t *cx = *state;
    sso_params_t params;
    sso_span_t value;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_request_t req = make_request(
            cx, "POST", apr_pstrcat(cx->pool, "Content-Type: ", row[i].type, NULL));

        print_message("  %s\n", row[i].type);
        req.body = get_body;
        params.n = 77;
        if (row[i].good) {
            assert_int_equal(sso_request_form(cx, &req, 100, &params), APR_SUCCESS);
            assert_int_equal(sso_params_get(cx, &params, "b", &value), APR_SUCCESS);
            assert_true(sso_span_is(value, "x y"));
        } else {
            assert_int_not_equal(sso_request_form(cx, &req, 100, &params), APR_SUCCESS);
            assert_fault(cx, BODY_READ);
            assert_int_equal(params.n, 77);
        }
    }
}

static void forms_have_a_limit_and_a_type(void **state)
{
    sso_ctx_t *cx = *state;
    sso_params_t params;
    sso_request_t req = make_request(cx, "POST", "Content-Type: application/x-www-form-urlencoded");

    req.body = get_body;
    assert_int_not_equal(sso_request_form(cx, &req, 3, &params), APR_SUCCESS);
    assert_fault(cx, BODY_SIZE);
    req = make_request(cx, "POST", "");
    assert_int_not_equal(sso_request_form(cx, &req, 100, &params), APR_SUCCESS);
    assert_fault(cx, BODY_READ);
}

static void queries_keep_their_plus(void **state)
{
    sso_ctx_t *cx = *state;
    sso_request_t req = make_request(cx, "GET", "");
    sso_params_t params;
    sso_span_t value;

    req.query = "a=x+y%20z";
    assert_int_equal(sso_request_query(cx, &req, &params), APR_SUCCESS);
    assert_int_equal(sso_params_get(cx, &params, "a", &value), APR_SUCCESS);
    assert_true(sso_span_is(value, "x+y z"));
    req.query = NULL;
    assert_int_equal(sso_request_query(cx, &req, &params), APR_SUCCESS);
    assert_int_equal(params.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(only_navigations_may_be_redirected),
        UNIT(the_browser_vouches_for_the_origin),
        UNIT(cookies_are_found),
        UNIT(cookies_of_a_prefix_are_shown),
        UNIT(our_cookies_are_taken_out),
        UNIT(foreign_cookies_stay_as_they_are),
        UNIT(many_short_cookies_have_room),
        UNIT(forms_are_read),
        UNIT(forms_have_a_limit_and_a_type),
        UNIT(queries_keep_their_plus),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
