/*
 * test_flow.c - what a handshake remembers in the browser: sealed, of one site, few, newest first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "core/flow.h"
#include "core_bench.h"

/* A flow of the bench's provider that began `age` seconds ago. */
static sso_flow_t make_flow(bench_t *b, const char *return_path, int age)
{
    sso_flow_t flow;

    assert_int_equal(sso_flow_make(b->cx, &b->site, "corp", return_path, &flow), APR_SUCCESS);
    flow.issued -= SECONDS(age);
    flow.request = apr_pstrcat(b->cx->pool, "request-", flow.id, NULL);
    return flow;
}

static const char *seal_flow(bench_t *b, const sso_flow_t *flow)
{
    const char *sealed = NULL;

    assert_int_equal(sso_flow_seal(b->cx, b->site.seal, flow, &sealed), APR_SUCCESS);
    return sealed;
}

/* The cookie of a flow, in the browser. */
static void put_cookie(bench_t *b, const char *id, const char *sealed)
{
    apr_table_set(b->jar, apr_pstrcat(b->cx->pool, "__Host-sso-", id, NULL), sealed);
}

static void read_flows(bench_t *b, const char *provider, sso_flows_t *out)
{
    sso_request_t req = bench_request(b, "GET", "/");

    sso_flows_read(b->cx, &b->site, &req, provider, out);
}

/* Start a flow as a login does, and keep its cookies. */
static sso_flow_t send_flow(bench_t *b, const char *return_path)
{
    sso_flow_t flow = make_flow(b, return_path, 0);
    sso_request_t req = bench_request(b, "GET", "/");
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    assert_int_equal(sso_flow_send(b->cx, &b->site, &req, &flow, 0, &reply), APR_SUCCESS);
    bench_keep(b, &reply);
    b->cx->now += SECONDS(1);
    return flow;
}

static void a_new_flow_is_plain(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flow_t one = make_flow(b, "/app?x=1", 0);
    sso_flow_t two = make_flow(b, "/app?x=1", 0);

    assert_int_equal(strlen(one.id), 8);
    assert_int_equal(strspn(one.id, "0123456789abcdef"), 8);
    assert_string_not_equal(one.id, two.id);
    assert_string_equal(one.provider, "corp");
    assert_string_equal(one.site, BASE);
    assert_string_equal(one.extra, "");
    assert_string_equal(one.return_path, "/app?x=1");
    assert_int_equal(one.issued, NOW);
    assert_int_equal(one.size, 0);
}

/* R63 at the entrance: nothing else than a local path is ever sealed. */
static void r63_a_flow_comes_back_to_this_site(void **state)
{
    static const char *const away[] = {
        "//evil.example", "/\\evil.example", "https://evil.example/", "/%2fevil.example",
        "/\tx",           "/x\r\ny",         "javascript:alert(1)",   "",
    };
    bench_t *b = bench_make(*state);
    char path[SSO_LANDING_MAX + 2];
    apr_size_t i;

    for (i = 0; i < COUNT(away); i++) {
        print_message("  %s\n", away[i]);
        assert_string_equal(make_flow(b, away[i], 0).return_path, "/");
    }
    assert_string_equal(make_flow(b, NULL, 0).return_path, "/");
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[SSO_LANDING_MAX + 1] = '\0';
    assert_string_equal(make_flow(b, path, 0).return_path, "/");
    path[SSO_LANDING_MAX] = '\0';
    assert_string_equal(make_flow(b, path, 0).return_path, path);
}

static void what_is_sealed_opens_as_it_was(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flow_t flow = make_flow(b, "/caf\xc3\xa9?a=%26&b=<'\">", 77);
    sso_flow_t out;

    flow.extra = "something else";
    flow.session = "00112233445566778899aabbccddeeff";
    flow.demand = (sso_demand_t){.force = 1,
                                 .max_age = SECONDS(900),
                                 .acr = "urn:a urn:b",
                                 .issuer = "https://idp.example/id"};
    assert_int_equal(sso_flow_open(b->cx, b->site.seal, sso_span(seal_flow(b, &flow)), &out),
                     APR_SUCCESS);
    assert_string_equal(out.id, flow.id);
    assert_string_equal(out.provider, "corp");
    assert_string_equal(out.site, BASE);
    assert_string_equal(out.request, flow.request);
    assert_string_equal(out.extra, "something else");
    assert_string_equal(out.session, "00112233445566778899aabbccddeeff");
    assert_int_equal(out.demand.force, 1);
    assert_int_equal(out.demand.max_age, SECONDS(900));
    assert_string_equal(out.demand.acr, "urn:a urn:b");
    assert_string_equal(out.demand.issuer, "https://idp.example/id");
    assert_string_equal(out.return_path, flow.return_path);
    assert_int_equal(out.issued, NOW - SECONDS(77));
}

/* A logout is no login, nor the other way round: each is found among its own. */
static void logins_and_logouts_are_kept_apart(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flow_t login = make_flow(b, "/in", 2);
    sso_flow_t logout = make_flow(b, "/out", 1);
    sso_request_t req;
    sso_flows_t flows;

    logout.logout = 1;
    put_cookie(b, login.id, seal_flow(b, &login));
    put_cookie(b, logout.id, seal_flow(b, &logout));
    read_flows(b, "corp", &flows);
    assert_int_equal(flows.n, 1);
    assert_string_equal(flows.item[0].return_path, "/in");
    assert_int_equal(flows.item[0].logout, 0);
    req = bench_request(b, "GET", "/");
    sso_flows_read_logouts(b->cx, &b->site, &req, "corp", &flows);
    assert_int_equal(flows.n, 1);
    assert_string_equal(flows.item[0].return_path, "/out");
    assert_int_equal(flows.item[0].logout, 1);
    sso_flows_read_logouts(b->cx, &b->site, &req, "other", &flows);
    assert_int_equal(flows.n, 0);
    read_flows(b, NULL, &flows);
    assert_int_equal(flows.n, 2);
}

static void silence_is_kept(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flow_t flow = make_flow(b, "/", 0);
    sso_flow_t out;

    flow.demand.silent = 1;
    assert_int_equal(sso_flow_open(b->cx, b->site.seal, sso_span(seal_flow(b, &flow)), &out), 0);
    assert_int_equal(out.demand.silent, 1);
    assert_int_equal(out.demand.force, 0);
}

static void assert_closed(bench_t *b, const sso_seal_t *seal, const char *sealed, apr_size_t n)
{
    sso_flow_t out = {.id = "untouched"};

    assert_int_equal(sso_flow_open(b->cx, seal, sso_span_of(sealed, n), &out), APR_EINVAL);
    assert_string_equal(out.id, "untouched");
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
}

static void tampering_shows(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flow_t flow = make_flow(b, "/", 0);
    const char *sealed = seal_flow(b, &flow);
    apr_size_t n = strlen(sealed);
    char *copy = apr_pstrdup(b->cx->pool, sealed);
    apr_size_t i;

    for (i = 0; i < n; i++) {
        copy[i] = sealed[i] == 'A' ? 'B' : 'A';
        assert_closed(b, b->site.seal, copy, n);
        copy[i] = '=';
        assert_closed(b, b->site.seal, copy, n);
        copy[i] = sealed[i];
        assert_closed(b, b->site.seal, sealed, i);
    }
    assert_closed(b, b->site.seal, apr_pstrcat(b->cx->pool, sealed, "A", NULL), n + 1);
    assert_closed(b, bench_seal(b->cx, "another secret altogether"), sealed, n);
}

#define FIRST_FIELDS         \
    "3\0id\0p\0s\0r\0e\0/\0" \
    "5"

/* Sealed by us for something else, or by a version of us that wrote other fields. */
static void other_contents_do_not_open(void **state)
{
    static const struct {
        const char *what, *purpose, *content;
        apr_size_t n;
        int opens;
    } row[] = {
        {"as it must be", "flow",
         FIRST_FIELDS "\0s\0"
                      "1\0"
                      "0\0a\0i\0",
         27, 1},
        {"another purpose", "snapshot",
         FIRST_FIELDS "\0s\0"
                      "1\0"
                      "0\0a\0i\0",
         27, 0},
        {"another version", "flow",
         "1"
         "\0id\0p\0s\0r\0e\0/\0"
         "5\0s\0"
         "1\0"
         "0\0a\0i\0",
         27, 0},
        {"one field less", "flow",
         FIRST_FIELDS "\0s\0"
                      "1\0"
                      "0\0a\0",
         25, 0},
        {"one field more", "flow",
         FIRST_FIELDS "\0s\0"
                      "1\0"
                      "0\0a\0i\0x\0",
         29, 0},
        {"no NUL at the end", "flow",
         FIRST_FIELDS "\0s\0"
                      "1\0"
                      "0\0a\0i",
         26, 0},
        {"nothing", "flow", "", 0, 0},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_span_t sealed;
        sso_flow_t out;
        const char *text;

        print_message("  %s\n", row[i].what);
        assert_int_equal(sso_seal_close(b->cx, b->site.seal, row[i].purpose,
                                        sso_span_of(row[i].content, row[i].n), &sealed),
                         APR_SUCCESS);
        text = sso_b64url_encode(b->cx->pool, sealed);
        assert_int_equal(sso_flow_open(b->cx, b->site.seal, sso_span(text), &out),
                         row[i].opens ? APR_SUCCESS : APR_EINVAL);
    }
}

static void large_flows_are_refused(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flow_t flow = make_flow(b, "/", 0);
    const char *sealed = "untouched";
    char extra[4097];

    memset(extra, 'x', sizeof(extra));
    extra[4096] = '\0';
    flow.extra = extra;
    assert_int_not_equal(sso_flow_seal(b->cx, b->site.seal, &flow, &sealed), APR_SUCCESS);
    assert_fault(b->cx, INTERNAL);
    assert_string_equal(sealed, "untouched");
}

static void flows_are_read_newest_first(void **state)
{
    static const int age[] = {30, 10, 50, 20, 40};
    bench_t *b = bench_make(*state);
    sso_flows_t flows;
    apr_size_t i;

    for (i = 0; i < COUNT(age); i++) {
        sso_flow_t flow = make_flow(b, "/", age[i]);

        put_cookie(b, flow.id, seal_flow(b, &flow));
    }
    read_flows(b, "corp", &flows);
    assert_int_equal(flows.n, COUNT(age));
    assert_int_equal(flows.bad, 0);
    for (i = 0; i < COUNT(age); i++)
        assert_int_equal(NOW - flows.item[i].issued, SECONDS(10 * ((int)i + 1)));
    assert_true(flows.item[0].size > 100);
}

/* Each cookie counts once, under its own name, for its own site and provider. */
static void foreign_flows_do_not_count(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flow_t mine = make_flow(b, "/", 0);
    sso_flow_t okta = make_flow(b, "/", 0);
    sso_flow_t other = make_flow(b, "/", 0);
    sso_flow_t moved = make_flow(b, "/", 0);
    sso_flows_t flows;

    okta.provider = "okta";
    other.site = "https://other.example.org";
    put_cookie(b, mine.id, seal_flow(b, &mine));
    put_cookie(b, okta.id, seal_flow(b, &okta));
    put_cookie(b, other.id, seal_flow(b, &other));
    put_cookie(b, "00000000", seal_flow(b, &moved)); /* under another name */
    put_cookie(b, "11111111", "not sealed");
    put_cookie(b, "1111111", seal_flow(b, &mine)); /* not the name of a flow */
    put_cookie(b, "loop", "1795460332.1");
    apr_table_set(b->jar, "__Host-sso", seal_flow(b, &mine));

    read_flows(b, "corp", &flows);
    assert_int_equal(flows.n, 1);
    assert_int_equal(flows.bad, 2);
    assert_string_equal(flows.item[0].id, mine.id);
    read_flows(b, "okta", &flows);
    assert_int_equal(flows.n, 1);
    assert_string_equal(flows.item[0].id, okta.id);
    read_flows(b, NULL, &flows);
    assert_int_equal(flows.n, 2);
    read_flows(b, "cor", &flows);
    assert_int_equal(flows.n, 0);
}

static void a_heap_of_cookies_ends_the_reading(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flows_t flows;
    int i;

    for (i = 0; i < 40; i++) {
        sso_flow_t flow = make_flow(b, "/", i);

        put_cookie(b, flow.id, i < 20 ? seal_flow(b, &flow) : "junk");
    }
    read_flows(b, "corp", &flows);
    assert_int_equal(flows.n, 2 * SSO_FLOWS_MAX);
    apr_table_clear(b->jar);
    for (i = 0; i < 40; i++)
        put_cookie(b, apr_psprintf(b->cx->pool, "%08d", i), "junk");
    read_flows(b, "corp", &flows);
    assert_int_equal(flows.n, 0);
    assert_int_equal(flows.bad, 2 * SSO_FLOWS_MAX + 1);
}

static void a_request_finds_its_flow(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flow_t one = make_flow(b, "/one", 5);
    sso_flow_t two = make_flow(b, "/two", 4);
    sso_flow_t none = make_flow(b, "/none", 3);
    sso_flows_t flows;

    none.request = "";
    put_cookie(b, one.id, seal_flow(b, &one));
    put_cookie(b, two.id, seal_flow(b, &two));
    put_cookie(b, none.id, seal_flow(b, &none));
    read_flows(b, "corp", &flows);
    assert_int_equal(flows.n, 3);
    assert_string_equal(sso_flows_find(&flows, sso_span(one.request))->return_path, "/one");
    assert_string_equal(sso_flows_find(&flows, sso_span(two.request))->return_path, "/two");
    assert_null(sso_flows_find(&flows, sso_span("request-")));
    assert_null(sso_flows_find(&flows, sso_span("")));
    flows.n = 0;
    assert_null(sso_flows_find(&flows, sso_span(one.request)));
}

static int has_flow(bench_t *b, const char *id)
{
    return apr_table_get(b->jar, apr_pstrcat(b->cx->pool, "__Host-sso-", id, NULL)) != NULL;
}

/* R66: at most five in one browser; the sixth pushes out the oldest. */
static void r66_the_oldest_flow_goes_first(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flow_t flow[9];
    int i;
    int k;

    for (i = 0; i < 9; i++) {
        flow[i] = send_flow(b, "/");
        assert_int_equal(apr_table_elts(b->jar)->nelts, i < 5 ? i + 1 : 5);
        for (k = 0; k <= i; k++)
            assert_int_equal(has_flow(b, flow[k].id), k > i - 5);
    }
}

/* R66, in bytes: httpd must go on taking the browser's requests. */
static void r66_long_flows_leave_room(void **state)
{
    bench_t *b = bench_make(*state);
    char path[SSO_LANDING_MAX + 1];
    sso_flow_t last = {.id = NULL};
    sso_request_t req;
    int i;

    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[SSO_LANDING_MAX] = '\0';
    for (i = 0; i < 6; i++) {
        last = send_flow(b, path);
        req = bench_request(b, "GET", "/");
        assert_true(strlen(req.cookie) <= SSO_FLOWS_BYTES + 32);
        assert_true(has_flow(b, last.id));
    }
    assert_int_equal(apr_table_elts(b->jar)->nelts, 2);
    (void)send_flow(b, "/");
    assert_true(has_flow(b, last.id));
}

/* Flows of another site in the same browser (another port of the host) are not ours to remove. */
static void flows_of_another_site_stay(void **state)
{
    bench_t *b = bench_make(*state);
    int i;

    for (i = 0; i < 7; i++) {
        sso_flow_t flow = make_flow(b, "/", i);

        flow.site = "https://www.example.org:8443";
        put_cookie(b, flow.id, seal_flow(b, &flow));
    }
    (void)send_flow(b, "/");
    assert_int_equal(apr_table_elts(b->jar)->nelts, 8);
}

static void cookies_are_written_for_their_way_back(void **state)
{
    static const struct {
        int secure, cross_site;
        const char *wanted;
    } row[] = {
        {1, 0, "; Path=/; Max-Age=1800; HttpOnly; Secure; SameSite=Lax"},
        {1, 1, "; Path=/; Max-Age=1800; HttpOnly; Secure; SameSite=None"},
        {0, 0, "; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax"},
        {0, 1, "; Path=/; Max-Age=1800; HttpOnly"},
    };
    bench_t *b = bench_make(*state);
    sso_flow_t flow = make_flow(b, "/", 0);
    sso_request_t req = bench_request(b, "GET", "/");
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_reply_t reply = {.kind = SSO_REPLY_NONE};
        const char *cookie;

        b->site.secure = row[i].secure;
        assert_int_equal(sso_flow_send(b->cx, &b->site, &req, &flow, row[i].cross_site, &reply),
                         APR_SUCCESS);
        cookie = bench_cookie(&reply, flow.id);
        assert_int_equal(strncmp(cookie, "__Host-sso-", 11), 0);
        assert_string_equal(strchr(cookie, ';'), row[i].wanted);
    }
}

static void a_finished_flow_lingers(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flow_t flow = send_flow(b, "/x");
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_flows_t flows;

    assert_int_equal(sso_flow_linger(b->cx, &b->site, &flow, 1, &reply), APR_SUCCESS);
    assert_non_null(strstr(bench_cookie(&reply, flow.id), "; Max-Age=120; HttpOnly; Secure"));
    bench_keep(b, &reply);
    read_flows(b, "corp", &flows);
    assert_int_equal(flows.n, 1);
    assert_int_equal(flows.item[0].issued, flow.issued); /* it gets no younger */

    sso_flow_end(b->cx, &b->site, &flow, &reply);
    bench_keep(b, &reply);
    assert_false(has_flow(b, flow.id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(a_new_flow_is_plain),
        UNIT(r63_a_flow_comes_back_to_this_site),
        UNIT(what_is_sealed_opens_as_it_was),
        UNIT(logins_and_logouts_are_kept_apart),
        UNIT(silence_is_kept),
        UNIT(tampering_shows),
        UNIT(other_contents_do_not_open),
        UNIT(large_flows_are_refused),
        UNIT(flows_are_read_newest_first),
        UNIT(foreign_flows_do_not_count),
        UNIT(a_heap_of_cookies_ends_the_reading),
        UNIT(a_request_finds_its_flow),
        UNIT(r66_the_oldest_flow_goes_first),
        UNIT(r66_long_flows_leave_room),
        UNIT(flows_of_another_site_stay),
        UNIT(cookies_are_written_for_their_way_back),
        UNIT(a_finished_flow_lingers),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
