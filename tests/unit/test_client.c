/*
 * test_client.c - every way in which a server can be slow, broken or dishonest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "net/client.h"
#include "net_bench.h"

#include <openssl/ssl.h>

#include <pthread.h>
#include <zlib.h>

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define OK(more)  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" more "\r\nhi"
#define TO(where) "HTTP/1.1 302 Found\r\nLocation: " where "\r\nContent-Length: 4\r\n\r\ngone"
#define SECOND    APR_TIME_C(1000000)
#define MS        APR_TIME_C(1000)

static apr_status_t ask(sso_ctx_t *cx, const sso_client_request_t *req, sso_client_response_t *out)
{
    return sso_client_exchange(sso_client_curl(), cx, req, out);
}

/* The answer to a plain GET of a server with one turn. */
static sso_client_response_t get(sso_ctx_t *cx, const net_turn_t *turn)
{
    net_bench_t *b = net_bench_start(cx, turn, 1, NULL);
    const sso_client_request_t req = {.url = net_bench_url(b, "/doc")};
    sso_client_response_t res = {.status = -1};
    apr_status_t rv = ask(cx, &req, &res);

    if (rv != APR_SUCCESS) print_message("  %s\n", cx->err.log);
    assert_int_equal(rv, APR_SUCCESS);
    return res;
}

static void an_answer_comes_whole(void **state)
{
    static const net_turn_t turn = {
        .text =
            "HTTP/1.1 100 Continue\r\nETag: \"early\"\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
            "ETag: \"v1\"\r\nLast-Modified: Mon, 23 Nov 2026 18:00:00 GMT\r\n"
            "Cache-Control: public, max-age=600\r\nAge: 100\r\nContent-Length: 7\r\n\r\n{\"a\":1}"};
    sso_client_response_t res = get(*state, &turn);

    assert_int_equal(res.status, 200);
    assert_string_equal(res.type, "application/json");
    assert_string_equal(res.etag, "\"v1\"");
    assert_string_equal(res.last_modified, "Mon, 23 Nov 2026 18:00:00 GMT");
    assert_true(res.keep == 500 * SECOND);
    assert_true(res.retry_after == SSO_CLIENT_NOT_SAID);
    assert_true(sso_span_is(res.body, "{\"a\":1}"));
    assert_int_equal(res.body.p[res.body.n], '\0');
}

static void how_long_it_may_be_kept(void **state)
{
    static const struct {
        const char *headers;
        apr_interval_time_t keep, retry;
    } row[] = {
        {"", -1, -1},
        {"Cache-Control: max-age=60\r\n", 60 * SECOND, -1},
        {"Cache-Control: no-store, max-age=60\r\n", 0, -1},
        {"Cache-Control: max-age=60,no-cache\r\n", 0, -1},
        {"Cache-Control: max-age=60\r\nAge: 90\r\n", 0, -1},
        {"Cache-Control: max-age=99999999999999999999\r\n", APR_INT32_MAX * SECOND, -1},
        {"Cache-Control: max-age=-5\r\n", -1, -1},
        {"Cache-Control: max-age=6x\r\n", -1, -1},
        {"Date: Mon, 23 Nov 2026 18:00:00 GMT\r\nExpires: Mon, 23 Nov 2026 19:00:00 GMT\r\n",
         3600 * SECOND, -1},
        {"Date: Mon, 23 Nov 2026 18:00:00 GMT\r\nExpires: Mon, 23 Nov 2026 17:00:00 GMT\r\n", 0,
         -1},
        {"Expires: 0\r\n", -1, -1},
        {"Retry-After: 120\r\n", -1, 120 * SECOND},
        {"Retry-After: Mon, 23 Nov 2026 18:59:52 GMT\r\n", -1, 60 * SECOND},
        {"Retry-After: soon\r\n", -1, -1},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const net_turn_t turn = {.text = apr_pstrcat(cx->pool,
                                                     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
                                                     row[i].headers, "\r\n", NULL)};
        sso_client_response_t res;

        print_message("  %s\n", row[i].headers);
        res = get(cx, &turn);
        assert_true(res.keep == row[i].keep);
        assert_true(res.retry_after == row[i].retry);
        assert_null(res.type);
    }
}

/* A value that could do harm in a log or in a request is no value. */
static void header_values_are_clean(void **state)
{
    sso_ctx_t *cx = *state;
    const net_turn_t turn = {
        .text = apr_psprintf(cx->pool,
                             "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"a\tb\"\r\n"
                             "Last-Modified: %0600d\r\nContent-Type: text/\xc3\xa4\r\n\r\n",
                             0)};
    sso_client_response_t res = get(cx, &turn);

    assert_null(res.etag);
    assert_null(res.last_modified);
    assert_null(res.type);
}

static void every_status_is_an_answer(void **state)
{
    static const char *const text[] = {
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nhi",
        TO("http://127.0.0.1:1/"),
        "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
    };
    static const int status[] = {404, 500, 302, 304};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(text); i++) {
        const net_turn_t turn = {.text = text[i]};
        const sso_client_request_t req = {.url = "https://idp.example/doc?secret=1"};
        sso_client_response_t res = get(cx, &turn);

        assert_int_equal(res.status, status[i]);
        assert_int_not_equal(sso_client_expect(cx, &req, &res, NULL), APR_SUCCESS);
        assert_null(strstr(cx->err.log, "secret"));
        assert_fault(cx, NET_STATUS);
    }
}

static void the_type_is_checked(void **state)
{
    static const struct {
        const char *type, *wanted;
        int ok;
    } row[] = {
        {"text/html", "application/json", 0},
        {"application/json", "application/json", 1},
        {"application/xml", "text/xml application/xml", 1},
        {"xml", "text/xml application/xml", 0},
        {"text/xm", "text/xml application/xml", 0},
        {"", "text/xml", 0},
        {NULL, "text/xml", 0},
        {NULL, NULL, 1},
    };
    sso_ctx_t *cx = *state;
    const sso_client_request_t req = {.url = "https://idp.example/"};
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const sso_client_response_t res = {.status = 200, .type = row[i].type};
        apr_status_t rv = sso_client_expect(cx, &req, &res, row[i].wanted);

        assert_int_equal(rv == APR_SUCCESS, row[i].ok);
        if (!row[i].ok) assert_fault(cx, NET_TYPE);
    }
}

/* ---- what is sent ---- */

static void a_request_says_what_it_must(void **state)
{
    static const net_turn_t turn = {.text = OK("")};
    sso_ctx_t *cx = *state;
    net_bench_t *b = net_bench_start(cx, &turn, 1, NULL);
    sso_client_request_t req = {.url = net_bench_url(b, "/doc?x=1"),
                                .accept = "application/json",
                                .etag = "\"v1\"",
                                .last_modified = "Mon, 23 Nov 2026 18:00:00 GMT"};
    sso_client_response_t res;
    const char *seen;

    assert_int_equal(ask(cx, &req, &res), APR_SUCCESS);
    seen = net_bench_seen(b);
    assert_int_equal(strncmp(seen, "GET /doc?x=1 HTTP/1.1\r\n", 23), 0);
    assert_non_null(strstr(seen, "\r\nUser-Agent: mod_sso\r\n"));
    assert_non_null(strstr(seen, "\r\nAccept: application/json\r\n"));
    assert_non_null(strstr(seen, "\r\nIf-None-Match: \"v1\"\r\n"));
    assert_non_null(strstr(seen, "\r\nIf-Modified-Since: Mon, 23 Nov 2026 18:00:00 GMT\r\n"));
    assert_null(strstr(seen, "Authorization"));
    assert_null(strstr(seen, "Cookie"));
}

static void a_form_is_posted(void **state)
{
    static const net_turn_t turn = {.text = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n"
                                            "Set-Cookie: a=b\r\n\r\n{\"error\":\"x\"}",
                                    .end = NET_KEEP};
    sso_ctx_t *cx = *state;
    net_bench_t *b = net_bench_start(cx, &turn, 1, NULL);
    const char *line = "X-Own: yes";
    apr_array_header_t *headers = apr_array_make(cx->pool, 1, sizeof(line));
    sso_client_request_t req = {.url = net_bench_url(b, "/token"),
                                .method = "POST",
                                .body = {"a=1&b=2", 7},
                                .user = "id",
                                .password = "s:%",
                                .headers = headers};
    sso_client_response_t res;
    const char *seen;

    APR_ARRAY_PUSH(headers, const char *) = line;
    /* Of the connections it keeps libcurl closes the one that was used longest ago, in milliseconds: those
     * of the tests before must be older than ours. */
    apr_sleep(apr_time_from_msec(3));
    assert_int_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_int_equal(res.status, 200);
    assert_true(sso_span_is(res.body, "{\"error\":\"x\"}"));
    seen = net_bench_seen(b);
    assert_int_equal(strncmp(seen, "POST /token ", 12), 0);
    assert_non_null(strstr(seen, "\r\nAuthorization: Basic aWQ6czol\r\n"));
    assert_non_null(strstr(seen, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(seen, "\r\nX-Own: yes\r\n"));
    assert_non_null(strstr(seen, "\r\n\r\na=1&b=2"));
    /* The next request is a stranger's: nothing of the first is left in the handle. */
    req = (sso_client_request_t){.url = net_bench_url(b, "/userinfo"), .bearer = "abc"};
    assert_int_equal(ask(cx, &req, &res), APR_SUCCESS);
    seen = net_bench_seen(b);
    assert_non_null(strstr(seen, "\r\nAuthorization: Bearer abc\r\n"));
    assert_null(strstr(seen, "Basic"));
    assert_null(strstr(seen, "X-Own"));
    assert_null(strstr(seen, "Cookie"));
    assert_null(strstr(seen, "a=1"));
    assert_int_equal(net_bench_connections(b), 1); /* but the connection is the same */
}

static void misuse_is_not_sent(void **state)
{
    static const net_turn_t turn = {.text = OK("")};
    sso_ctx_t *cx = *state;
    net_bench_t *b = net_bench_start(cx, &turn, 1, NULL);
    const char *url = net_bench_url(b, "/");
    const char *line = "X: a\r\nY: b";
    apr_array_header_t *headers = apr_array_make(cx->pool, 1, sizeof(line));
    const sso_client_request_t row[] = {
        {.url = url, .method = "PUT"},
        {.url = url, .body = {"x", 1}},
        {.url = url, .redirects = SSO_CLIENT_REDIRECTS + 1},
        {.url = url, .redirects = -1},
        {.url = url, .redirects = 1, .bearer = "x"},
        {.url = url, .redirects = 1, .user = "x"},
        {.url = url, .redirects = 1, .cert_pem = {"x", 1}, .key_pem = {"x", 1}},
        {.url = url, .redirects = 1, .method = "POST"},
        {.url = url, .cert_pem = {"x", 1}},
        {.url = url, .user = "x", .bearer = "x"},
        {.url = url, .bearer = "x\r\nY: b"},
        {.url = url, .accept = "x\ny"},
        {.url = url, .etag = "x\ry"},
        {.url = url, .last_modified = "\x7f"},
        {.url = url, .method = "POST", .body = {"x", 1}, .body_type = "a\nb"},
        {.url = url, .headers = headers},
    };
    sso_client_response_t res = {.status = -1};
    apr_size_t i;

    APR_ARRAY_PUSH(headers, const char *) = line;
    for (i = 0; i < COUNT(row); i++) {
        print_message("  %d\n", (int)i);
        assert_int_not_equal(ask(cx, &row[i], &res), APR_SUCCESS);
        assert_fault(cx, INTERNAL);
    }
    assert_int_equal(res.status, -1);
    assert_int_equal(net_bench_requests(b), 0);
}

static void only_safe_addresses(void **state)
{
    static const struct {
        const char *url;
        int plain, allowed; /* acceptable by itself, and where http is allowed */
    } row[] = {
        {"https://idp.example/x", 1, 1},   {"http://127.0.0.1:80/x", 1, 1},
        {"http://[::1]/x", 1, 1},          {"http://localhost/x", 1, 1},
        {"http://idp.example/x", 0, 1},    {"http://127.0.0.1.example/x", 0, 1},
        {"file:///etc/passwd", 0, 0},      {"ftp://idp.example/", 0, 0},
        {"javascript:alert(1)", 0, 0},     {"https://user:pw@idp.example/", 0, 0},
        {"https://idp.example/a b", 0, 0}, {"//idp.example/", 0, 0},
        {"http://0x7f000001/", 0, 0},      {"", 0, 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].url);
        assert_int_equal(sso_client_url_check(cx->pool, row[i].url, 0) == NULL, row[i].plain);
        assert_int_equal(sso_client_url_check(cx->pool, row[i].url, 1) == NULL, row[i].allowed);
        if (!row[i].plain) {
            const sso_client_request_t req = {.url = row[i].url};
            sso_client_response_t res;

            assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
            assert_fault(cx, CONFIG);
        }
    }
}

/* ---- servers that are slow, broken or too generous ---- */

static void bad_servers(void **state)
{
    static const struct {
        const char *what;
        net_turn_t turn;
        sso_fault_t fault;
    } row[] = {
        {"hangs", {.end = NET_HANG}, SSO_F_NET_TIMEOUT},
        {"hangs in the headers",
         {.text = "HTTP/1.1 200 OK\r\n", .end = NET_HANG},
         SSO_F_NET_TIMEOUT},
        {"hangs in the body",
         {.text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", .end = NET_HANG},
         SSO_F_NET_TIMEOUT},
        {"drips",
         {.text = OK("X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"), .drip_ms = 30},
         SSO_F_NET_TIMEOUT},
        {"resets", {.end = NET_RESET}, SSO_F_NET_BROKEN},
        {"resets in the body",
         {.text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", .end = NET_RESET},
         SSO_F_NET_BROKEN},
        {"closes", {.end = NET_CLOSE}, SSO_F_NET_BROKEN},
        {"closes in the body",
         {.text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"},
         SSO_F_NET_BROKEN},
        {"is no web server", {.text = "220 mail.example ESMTP\r\n"}, SSO_F_NET_BROKEN},
        {"is HTTP/0.9", {.text = "<html>hello</html>\r\n"}, SSO_F_NET_BROKEN},
        {"says 10 MB",
         {.text = "HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n", .filler = 10485760},
         SSO_F_NET_SIZE},
        {"sends 10 MB", {.text = "HTTP/1.1 200 OK\r\n\r\n", .filler = 10485760}, SSO_F_NET_SIZE},
        {"sends 10 MB in an error",
         {.text = "HTTP/1.1 500 Oh\r\n\r\n", .filler = 10485760},
         SSO_F_NET_SIZE},
        {"contradicts itself",
         {.text = "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc"},
         SSO_F_NET_BROKEN},
        {"sends broken chunks",
         {.text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc"},
         SSO_F_NET_BROKEN},
        {"sends no gzip",
         {.text = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"},
         SSO_F_NET_BROKEN},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        net_bench_t *b = net_bench_start(cx, &row[i].turn, 1, NULL);
        const sso_client_request_t req = {.url = net_bench_url(b, "/doc?secret=1"),
                                          .timeout = 500 * MS};
        sso_client_response_t res = {.status = -1};
        apr_time_t before = apr_time_now();

        print_message("  %s\n", row[i].what);
        assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
        assert_string_equal(sso_fault_info(cx->err.fault)->code,
                            sso_fault_info(row[i].fault)->code);
        assert_int_equal(res.status == -1, row[i].fault != SSO_F_NET_SIZE);
        assert_true(apr_time_now() - before < 3 * SECOND);
        assert_null(strstr(cx->err.log, "secret"));
        assert_non_null(strstr(cx->err.log, "http://127.0.0.1"));
        sso_ctx_clear(cx);
    }
}

static void too_many_headers(void **state)
{
    sso_ctx_t *cx = *state;
    sso_buf_t text = sso_buf_make(cx->pool, 0, 200000);
    net_turn_t turn = {.text = NULL};
    sso_client_request_t req = {.url = NULL};
    sso_client_response_t res;
    int i;

    sso_buf_text(&text, "HTTP/1.1 200 OK\r\n");
    for (i = 0; i < 3000; i++)
        sso_buf_format(&text, "X-%d: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", i);
    sso_buf_text(&text, "Content-Length: 0\r\n\r\n");
    turn.text = text.p;
    req.url = net_bench_url(net_bench_start(cx, &turn, 1, NULL), "/");
    assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_fault(cx, NET_SIZE);
}

/* A few bytes that grow: what is counted is what comes out. */
static void a_gzip_bomb_is_bounded(void **state)
{
    sso_ctx_t *cx = *state;
    unsigned char *zip = apr_palloc(cx->pool, 4096);
    z_stream z = {.next_in = apr_pcalloc(cx->pool, 200000), .avail_in = 200000, .next_out = zip};
    net_turn_t turn = {.text = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"};
    sso_client_request_t req = {.max = 199999};
    sso_client_response_t res;

    z.avail_out = 4096;
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(deflateEnd(&z), Z_OK);
    turn.body = sso_span_of(zip, 4096 - z.avail_out);
    req.url = net_bench_url(net_bench_start(cx, &turn, 1, NULL), "/");
    assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_fault(cx, NET_SIZE);
    req.max = 200000;
    assert_int_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_int_equal(res.body.n, 200000);
}

static void exactly_the_maximum_fits(void **state)
{
    static const net_turn_t turn = {.text = "HTTP/1.1 200 OK\r\n\r\n0123456789"};
    sso_ctx_t *cx = *state;
    net_bench_t *b = net_bench_start(cx, &turn, 1, NULL);
    sso_client_request_t req = {.url = net_bench_url(b, "/"), .max = 10};
    sso_client_response_t res;

    assert_int_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_true(sso_span_is(res.body, "0123456789"));
    req.max = 9;
    assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_fault(cx, NET_SIZE);
}

static void nobody_is_there(void **state)
{
    static const net_turn_t turn = {.text = OK("")};
    sso_ctx_t *cx = *state;
    sso_ctx_t other = sso_ctx(NULL, NOW);
    sso_client_request_t req = {.url = NULL};
    sso_client_response_t res;

    assert_int_equal(apr_pool_create(&other.pool, NULL), APR_SUCCESS);
    req.url = apr_pstrdup(cx->pool, net_bench_url(net_bench_start(&other, &turn, 1, NULL), "/"));
    apr_pool_destroy(other.pool);
    assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_fault(cx, NET_CONNECT);
}

static int yes(void *data)
{
    ++*(int *)data;
    return 1;
}

static void it_can_be_cancelled(void **state)
{
    static const net_turn_t turn = {.end = NET_HANG};
    sso_ctx_t *cx = *state;
    net_bench_t *b = net_bench_start(cx, &turn, 1, NULL);
    int asked = 0;
    const sso_client_request_t req = {.url = net_bench_url(b, "/"),
                                      .timeout = 15 * SECOND,
                                      .is_cancelled = yes,
                                      .cancel_data = &asked};
    sso_client_response_t res;
    apr_time_t before = apr_time_now();

    assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_fault(cx, NET_TIMEOUT);
    assert_true(asked > 0);
    assert_true(apr_time_now() - before < 5 * SECOND);
}

/* ---- the sink ---- */

typedef struct {
    apr_size_t n, most;
} pit_t;

static apr_status_t swallow(void *sink, const char *p, apr_size_t n)
{
    pit_t *pit = sink;

    (void)p;
    pit->n += n;
    return pit->n > pit->most ? APR_ENOSPC : APR_SUCCESS;
}

static void a_sink_gets_what_is_right(void **state)
{
    static const net_turn_t turns[] = {
        {.text = "HTTP/1.1 200 OK\r\n\r\n", .filler = 500000},
        {.text = "HTTP/1.1 500 Oh\r\n\r\n", .filler = 500000},
        {.text = "HTTP/1.1 200 OK\r\n\r\n", .filler = 500000},
    };
    sso_ctx_t *cx = *state;
    net_bench_t *b = net_bench_start(cx, turns, 3, NULL);
    pit_t pit = {0, 500000};
    const sso_client_request_t req = {
        .url = net_bench_url(b, "/"), .sink = swallow, .sink_data = &pit};
    sso_client_response_t res = {.status = -1};

    assert_int_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_int_equal(pit.n, 500000);
    assert_int_equal(res.body.n, 0);
    assert_int_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_int_equal(pit.n, 500000);
    assert_int_equal(res.body.n, 500000);
    pit = (pit_t){0, 1000};
    assert_int_equal(ask(cx, &req, &res), APR_ENOSPC);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
}

/* ---- redirects ---- */

static void redirects(void **state)
{
    static const struct {
        const char *what, *answer;
        int most, ok;
    } row[] = {
        {"relative", TO("/there"), 1, 1},
        {"to a file", TO("file:///etc/passwd"), 5, 0},
        {"to ftp", TO("ftp://127.0.0.1/"), 5, 0},
        {"to https", TO("https://127.0.0.1/"), 5, 0},
        {"off the machine without TLS", TO("http://idp.example/"), 5, 0},
        {"with a password", TO("http://a:b@127.0.0.1/"), 5, 0},
        {"nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", 5, 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const net_turn_t turns[] = {{.text = row[i].answer}, {.text = OK("")}};
        net_bench_t *b = net_bench_start(cx, turns, 2, NULL);
        const sso_client_request_t req = {.url = net_bench_url(b, "/doc"),
                                          .redirects = row[i].most};
        sso_client_response_t res = {.status = -1};
        apr_status_t rv;

        print_message("  %s\n", row[i].what);
        rv = ask(cx, &req, &res);
        assert_int_equal(rv == APR_SUCCESS, row[i].ok);
        if (!row[i].ok) assert_fault(cx, NET_REDIRECT);
        if (row[i].ok) assert_true(sso_span_is(res.body, "hi"));
        if (row[i].ok) assert_non_null(strstr(net_bench_seen(b), "GET /there "));
    }
}

static void redirects_end(void **state)
{
    static const net_turn_t turn = {.text = TO("/again")};
    sso_ctx_t *cx = *state;
    net_bench_t *b = net_bench_start(cx, &turn, 1, NULL);
    const sso_client_request_t req = {.url = net_bench_url(b, "/doc"), .redirects = 3};
    sso_client_response_t res = {.status = -1};

    assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_fault(cx, NET_REDIRECT);
    assert_int_equal(net_bench_requests(b), 4);
}

/* The time is the whole exchange's, not each step's. */
static void redirects_share_the_time(void **state)
{
    static const net_turn_t turn = {.text = TO("/again"), .drip_ms = 4};
    sso_ctx_t *cx = *state;
    net_bench_t *b = net_bench_start(cx, &turn, 1, NULL);
    const sso_client_request_t req = {
        .url = net_bench_url(b, "/doc"), .redirects = 5, .timeout = 600 * MS};
    sso_client_response_t res;
    apr_time_t before = apr_time_now();

    assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_fault(cx, NET_TIMEOUT);
    assert_true(apr_time_now() - before < 2 * SECOND);
    assert_true(net_bench_requests(b) > 1);
}

/* ---- TLS ---- */

static void certificates(void **state)
{
    static const struct {
        const char *what;
        net_tls_t tls;
        int with_ca, ok;
    } row[] = {
        {"right", {"127.0.0.1", -1, 1, 0, 0}, 1, 1},
        {"self-signed", {"127.0.0.1", -1, 1, 0, 0}, 0, 0},
        {"expired", {"127.0.0.1", -9, -1, 0, 0}, 1, 0},
        {"not yet valid", {"127.0.0.1", 1, 9, 0, 0}, 1, 0},
        {"of another host", {"idp.example", -1, 1, 0, 0}, 1, 0},
        {"right, by TLS 1.2", {"127.0.0.1", -1, 1, TLS1_2_VERSION, 0}, 1, 1},
        {"right, by TLS 1.1", {"127.0.0.1", -1, 1, TLS1_1_VERSION, 0}, 1, 0},
    };
    static const net_turn_t turn = {.text = OK("")};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        net_bench_t *b = net_bench_start(cx, &turn, 1, &row[i].tls);
        const sso_client_request_t req = {.url = net_bench_url(b, "/doc"),
                                          .ca_file = row[i].with_ca ? net_bench_ca(b) : NULL};
        sso_client_response_t res = {.status = -1};
        apr_status_t rv;

        print_message("  %s\n", row[i].what);
        rv = ask(cx, &req, &res);
        assert_int_equal(rv == APR_SUCCESS, row[i].ok);
        if (!row[i].ok) assert_fault(cx, NET_TLS);
        assert_int_equal(net_bench_requests(b), row[i].ok);
    }
}

/* A connection that was trusted for one caller's authorities is not lent to another caller. */
static void trust_is_not_shared(void **state)
{
    static const net_turn_t turn = {.text = OK(""), .end = NET_KEEP};
    static const net_tls_t tls = {"127.0.0.1", -1, 1, 0, 0};
    sso_ctx_t *cx = *state;
    net_bench_t *b = net_bench_start(cx, &turn, 1, &tls);
    sso_client_request_t req = {.url = net_bench_url(b, "/doc"), .ca_file = net_bench_ca(b)};
    sso_client_response_t res;

    assert_int_equal(ask(cx, &req, &res), APR_SUCCESS);
    req.ca_file = NULL;
    req.timeout = 2 * SECOND;
    assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
    sso_ctx_clear(cx);
    assert_int_equal(net_bench_requests(b), 1);
}

static void a_client_certificate_is_shown(void **state)
{
    static const net_turn_t turn = {.text = OK("")};
    static const net_tls_t tls = {"127.0.0.1", -1, 1, 0, 1};
    sso_ctx_t *cx = *state;
    net_bench_t *b = net_bench_start(cx, &turn, 1, &tls);
    sso_client_request_t req = {.url = net_bench_url(b, "/doc"), .ca_file = net_bench_ca(b)};
    sso_client_response_t res;
    const char *key, *cert;

    net_bench_pair(cx->pool, "client.example", -1, 1, &key, &cert);
    req.cert_pem = sso_span(cert);
    req.key_pem = sso_span(key);
    assert_int_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_string_equal(net_bench_client(b), "/CN=client.example");
    req.key_pem = sso_span("no key");
    assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    req = (sso_client_request_t){.url = req.url, .ca_file = net_bench_ca(b)};
    assert_int_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_string_equal(net_bench_client(b), "");
    req.ca_file = "/nonexistent.pem";
    assert_int_not_equal(ask(cx, &req, &res), APR_SUCCESS);
    assert_fault(cx, CONFIG);
}

/* ---- many at once ---- */

typedef struct {
    const char *url;
    int right;
} worker_t;

static void *work(void *data)
{
    worker_t *worker = data;
    int i;

    for (i = 0; i < 25; i++) {
        sso_ctx_t cx = sso_ctx(NULL, NOW);
        const sso_client_request_t req = {.url = worker->url};
        sso_client_response_t res;

        if (apr_pool_create(&cx.pool, NULL) != APR_SUCCESS) return NULL;
        if (ask(&cx, &req, &res) == APR_SUCCESS && sso_span_is(res.body, "hi")) worker->right++;
        apr_pool_destroy(cx.pool);
    }
    return NULL;
}

static void threads_do_not_meet(void **state)
{
    static const net_turn_t turn = {.text = OK("")};
    sso_ctx_t *cx = *state;
    net_bench_t *b = net_bench_start(cx, &turn, 1, NULL);
    pthread_t thread[4];
    worker_t worker[4];
    apr_size_t i;

    for (i = 0; i < COUNT(thread); i++) {
        worker[i] = (worker_t){.url = net_bench_url(b, "/doc")};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &worker[i]), 0);
    }
    for (i = 0; i < COUNT(thread); i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(worker[i].right, 25);
    }
    assert_int_equal(net_bench_requests(b), 100);
}

static apr_status_t answer_yes(const sso_client_t *client, sso_ctx_t *cx,
                               const sso_client_request_t *req, sso_client_response_t *out)
{
    (void)client;
    (void)cx;
    *out = (sso_client_response_t){.status = 200, .body = sso_span(req->url)};
    return APR_SUCCESS;
}

static void a_test_can_stand_in(void **state)
{
    static const sso_client_t fake = {.exchange = answer_yes};
    const sso_client_request_t req = {.url = "https://idp.example/"};
    sso_client_response_t res;

    assert_int_equal(sso_client_exchange(&fake, *state, &req, &res), APR_SUCCESS);
    assert_true(sso_span_is(res.body, "https://idp.example/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(an_answer_comes_whole),
        UNIT(how_long_it_may_be_kept),
        UNIT(header_values_are_clean),
        UNIT(every_status_is_an_answer),
        UNIT(the_type_is_checked),
        UNIT(a_request_says_what_it_must),
        UNIT(a_form_is_posted),
        UNIT(misuse_is_not_sent),
        UNIT(only_safe_addresses),
        UNIT(bad_servers),
        UNIT(too_many_headers),
        UNIT(a_gzip_bomb_is_bounded),
        UNIT(exactly_the_maximum_fits),
        UNIT(nobody_is_there),
        UNIT(it_can_be_cancelled),
        UNIT(a_sink_gets_what_is_right),
        UNIT(redirects),
        UNIT(redirects_end),
        UNIT(redirects_share_the_time),
        UNIT(certificates),
        UNIT(trust_is_not_shared),
        UNIT(a_client_certificate_is_shown),
        UNIT(threads_do_not_meet),
        UNIT(a_test_can_stand_in),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
