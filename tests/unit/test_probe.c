/*
 * test_probe.c - what counts as an answer, when a server is down, how often it is asked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/probe.h"
#include "unit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define EVERY    APR_TIME_C(60000000)

typedef struct {
    sso_ctx_t *cx;
    sso_client_t client;
    int status;        /* of the answer; 0: none comes */
    sso_fault_t fault; /* why none comes */
    int too_long;      /* the answer, of that status */
    int asked;
    sso_client_request_t last;
    int has_address;
    apr_array_header_t *log;
} bench_t;

static apr_status_t exchange(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out)
{
    bench_t *b = client->state;

    b->asked++;
    b->last = *req;
    *out = (sso_client_response_t){.status = b->status};
    if (b->too_long) return sso_fail(cx, SSO_F_NET_SIZE, "more than one reads");
    if (!b->status) return sso_fail(cx, b->fault, "nobody there");
    if (b->status == 200) {
        apr_status_t rv = req->sink(req->sink_data, "<html>", 6);

        if (rv != APR_SUCCESS) return rv;
    }
    return APR_SUCCESS;
}

static apr_status_t address(void *data, sso_ctx_t *cx, const char **url)
{
    const bench_t *b = data;

    if (b->has_address < 0) return sso_fail(cx, SSO_F_NET_TIMEOUT, "the discovery document");
    if (!b->has_address) return APR_NOTFOUND;
    *url = "https://idp.example/sso?secret=1";
    return APR_SUCCESS;
}

static void keep_line(void *sink, int level, const char *file, int line, const char *text)
{
    bench_t *b = sink;

    (void)file;
    (void)line;
    APR_ARRAY_PUSH(b->log, const char *) = apr_psprintf(b->cx->pool, "%d %s", level, text);
}

static bench_t *make(sso_ctx_t *cx, sso_probe_t **out)
{
    bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));
    const sso_probe_source_t source = {.name = "corp",
                                       .address = address,
                                       .data = b,
                                       .every = EVERY,
                                       .ca_file = "/ca.pem",
                                       .allow_http = 1};

    b->cx = cx;
    b->has_address = 1;
    b->fault = SSO_F_NET_CONNECT;
    b->client = (sso_client_t){exchange, b};
    b->log = apr_array_make(cx->pool, 4, sizeof(const char *));
    cx->log = keep_line;
    cx->sink = b;
    cx->level = SSO_LOG_INFO;
    assert_int_equal(sso_probe_make(cx, cx->pool, &source, out), APR_SUCCESS);
    return b;
}

static sso_probe_state_t ask(bench_t *b, sso_probe_t *probe, int status)
{
    b->status = status;
    sso_probe_ask(b->cx, probe, &b->client);
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
    return sso_probe_state(probe);
}

static void what_counts_as_an_answer(void **state)
{
    static const int alive[] = {200, 204, 302, 400, 401, 403, 404, 405, 429, 499};
    static const int dead[] = {500, 502, 503, 504, 599, 0};
    apr_size_t i;

    for (i = 0; i < COUNT(alive); i++) {
        sso_probe_t *probe;
        bench_t *b = make(*state, &probe);

        assert_int_equal(ask(b, probe, alive[i]), SSO_PROBE_UP);
        assert_int_equal(ask(b, probe, alive[i]), SSO_PROBE_UP);
    }
    for (i = 0; i < COUNT(dead); i++) {
        sso_probe_t *probe;
        bench_t *b = make(*state, &probe);

        assert_int_equal(ask(b, probe, dead[i]), SSO_PROBE_UNKNOWN);
        assert_int_equal(ask(b, probe, dead[i]), SSO_PROBE_DOWN);
    }
}

/* A page that is longer than we read is one; what it says counts all the same. */
static void an_answer_too_long_is_one(void **state)
{
    sso_probe_t *probe;
    bench_t *b = make(*state, &probe);

    b->too_long = 1;
    assert_int_equal(ask(b, probe, 404), SSO_PROBE_UP);
    (void)ask(b, probe, 503);
    assert_int_equal(ask(b, probe, 503), SSO_PROBE_DOWN);
    assert_non_null(strstr(APR_ARRAY_IDX(b->log, 1, const char *), "answers 503 ["));
}

static int is_stopping(void *unused)
{
    (void)unused;
    return 1;
}

/* A child that ends while it asks says nothing of the server; another one asks at once. */
static void what_was_broken_off_says_nothing(void **state)
{
    sso_probe_t *probe;
    bench_t *b = make(*state, &probe);

    (void)ask(b, probe, 200);
    (void)ask(b, probe, 0);
    b->cx->now += EVERY;
    b->fault = SSO_F_NET_TIMEOUT;
    b->cx->is_cancelled = is_stopping;
    assert_int_equal(ask(b, probe, 0), SSO_PROBE_UP);
    assert_true(sso_probe_is_due(b->cx, probe));
    b->cx->is_cancelled = NULL;
    assert_int_equal(ask(b, probe, 0), SSO_PROBE_DOWN);
}

static void one_failure_is_none(void **state)
{
    sso_probe_t *probe;
    bench_t *b = make(*state, &probe);
    int i;

    for (i = 0; i < 5; i++) {
        assert_int_equal(ask(b, probe, 200), SSO_PROBE_UP);
        assert_int_equal(ask(b, probe, 503), SSO_PROBE_UP);
    }
    assert_int_equal(ask(b, probe, 503), SSO_PROBE_DOWN);
    assert_int_equal(ask(b, probe, 302), SSO_PROBE_UP);
}

static void it_is_asked_in_time(void **state)
{
    sso_probe_t *probe;
    bench_t *b = make(*state, &probe);

    assert_true(sso_probe_is_due(b->cx, probe));
    (void)ask(b, probe, 200);
    assert_false(sso_probe_is_due(b->cx, probe));
    b->cx->now += EVERY - 1;
    assert_false(sso_probe_is_due(b->cx, probe));
    b->cx->now += 1;
    assert_true(sso_probe_is_due(b->cx, probe));
    (void)ask(b, probe, 503); /* soon once more */
    b->cx->now += SSO_PROBE_AGAIN;
    assert_true(sso_probe_is_due(b->cx, probe));
    (void)ask(b, probe, 503); /* and then as ever */
    b->cx->now += SSO_PROBE_AGAIN;
    assert_false(sso_probe_is_due(b->cx, probe));
}

/* A clock that is set back does not make it wait for the time that it was. */
static void a_clock_may_be_set_back(void **state)
{
    sso_probe_t *probe;
    bench_t *b = make(*state, &probe);

    (void)ask(b, probe, 200);
    b->cx->now -= 1;
    assert_true(sso_probe_is_due(b->cx, probe));
    b->cx->now += 1;
    assert_false(sso_probe_is_due(b->cx, probe));
}

static void a_request_is_bounded(void **state)
{
    sso_probe_t *probe;
    bench_t *b = make(*state, &probe);

    (void)ask(b, probe, 200);
    assert_int_equal(b->last.timeout, SSO_PROBE_TIMEOUT);
    assert_true(b->last.max > 0 && b->last.max <= 65536);
    assert_int_equal(b->last.redirects, 0);
    assert_int_equal(b->last.once, 1);
    assert_string_equal(b->last.ca_file, "/ca.pem");
    assert_int_equal(b->last.allow_http, 1);
    assert_null(b->last.method);
}

static void what_is_known_of_it(void **state)
{
    sso_probe_t *probe;
    bench_t *b = make(*state, &probe);
    sso_probe_info_t info;

    sso_probe_info(probe, &info);
    assert_int_equal(info.state, SSO_PROBE_UNKNOWN);
    assert_int_equal(info.since, 0);
    (void)ask(b, probe, 200);
    b->cx->now += EVERY;
    (void)ask(b, probe, 200);
    sso_probe_info(probe, &info);
    assert_int_equal(info.since, NOW);
    assert_int_equal(info.asked, NOW + EVERY);
    assert_int_equal(info.why, SSO_F_NONE);
    (void)ask(b, probe, 0);
    sso_probe_info(probe, &info);
    assert_int_equal(info.state, SSO_PROBE_UP);
    assert_int_equal(info.why, SSO_F_NET_CONNECT);
    (void)ask(b, probe, 0);
    sso_probe_info(probe, &info);
    assert_int_equal(info.state, SSO_PROBE_DOWN);
    assert_int_equal(info.since, NOW + EVERY);
    assert_int_equal(sso_probe_state(NULL), SSO_PROBE_UNKNOWN);
}

/* Once for each change, with cause and cure, and without the query. */
static void changes_are_logged(void **state)
{
    static const int answers[] = {200, 200, 503, 503, 503, 503, 200, 200};
    static const char *const lines[] = {
        "6 provider corp answers", "4 provider corp is down: net_status: https://idp.example/sso",
        "5 provider corp answers again, after 180 s"};
    sso_probe_t *probe;
    bench_t *b = make(*state, &probe);
    apr_size_t i;

    for (i = 0; i < COUNT(answers); i++, b->cx->now += EVERY)
        (void)ask(b, probe, answers[i]);
    assert_int_equal(b->log->nelts, COUNT(lines));
    for (i = 0; i < COUNT(lines); i++) {
        const char *line = APR_ARRAY_IDX(b->log, i, const char *);

        print_message("  %s\n", line);
        assert_non_null(strstr(line, lines[i]));
        assert_null(strstr(line, "secret"));
    }
    assert_non_null(strstr(APR_ARRAY_IDX(b->log, 1, const char *), "answers 503 ["));
}

/* Metadata may not be there yet; a discovery document that does not come is a server that does not. */
static void an_address_is_needed(void **state)
{
    sso_probe_t *probe;
    bench_t *b = make(*state, &probe);

    b->has_address = 0;
    assert_int_equal(ask(b, probe, 200), SSO_PROBE_UNKNOWN);
    assert_int_equal(ask(b, probe, 200), SSO_PROBE_UNKNOWN);
    assert_int_equal(b->asked, 0);
    assert_false(sso_probe_is_due(b->cx, probe));
    b->has_address = -1;
    (void)ask(b, probe, 200);
    assert_int_equal(ask(b, probe, 200), SSO_PROBE_DOWN);
    assert_int_equal(b->asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(what_counts_as_an_answer),
        UNIT(an_answer_too_long_is_one),
        UNIT(one_failure_is_none),
        UNIT(it_is_asked_in_time),
        UNIT(a_request_is_bounded),
        UNIT(what_is_known_of_it),
        UNIT(changes_are_logged),
        UNIT(an_address_is_needed),
        UNIT(what_was_broken_off_says_nothing),
        UNIT(a_clock_may_be_set_back),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
