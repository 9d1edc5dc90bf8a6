/*
 * test_fresh.c - documents that change, servers that fail, and what is kept meanwhile.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/fresh.h"
#include "net/fresh_dir.h"
#include "scratch.h"

#include <sys/wait.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define URL      "https://idp.example/doc"
#define SECOND   APR_TIME_C(1000000)
#define MINUTE   (60 * SECOND)
#define HOUR     (60 * MINUTE)

/* A server without a network: what it answers, and what it was asked. */
typedef struct {
    sso_client_t client;
    int status;
    const char *body, *etag, *type;
    apr_interval_time_t keep, retry_after;
    sso_fault_t fault;
    int requests;
    char etag_seen[64];
} server_t;

typedef struct {
    sso_ctx_t *cx;
    server_t server;
    const char *dir;
    int fd;
    sso_fresh_source_t source;
    sso_fresh_set_t *set;
    sso_fresh_t *doc;
    sso_fresh_found_t found; /* what the check adds */
} bench_t;

static apr_status_t exchange(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out)
{
    server_t *s = client->state;
    apr_status_t rv = APR_SUCCESS;

    s->requests++;
    (void)apr_cpystrn(s->etag_seen, req->etag ? req->etag : "", sizeof(s->etag_seen));
    if (s->fault) return sso_fail(cx, s->fault, "planned");
    *out = (sso_client_response_t){.status = s->status,
                                   .etag = s->etag,
                                   .type = s->type,
                                   .keep = s->keep,
                                   .retry_after = s->retry_after};
    if (s->status == 200) rv = req->sink(req->sink_data, s->body, strlen(s->body));
    return rv;
}

/* "bad..." does not hold; "strip..." is kept without that word. */
static apr_status_t check(void *data, sso_ctx_t *cx, sso_span_t text, sso_fresh_found_t *found)
{
    const bench_t *b = data;

    if (sso_span_starts(text, "bad")) return sso_fail(cx, SSO_F_SIGNATURE, "it is bad");
    found->until = b->found.until;
    found->keep = b->found.keep;
    if (sso_span_starts(text, "strip")) {
        found->text = sso_span(apr_pstrmemdup(cx->pool, text.p + 5, text.n - 5));
    }
    return APR_SUCCESS;
}

static void start(bench_t *b)
{
    assert_int_equal(sso_fresh_make(b->cx, b->cx->pool, b->fd, 1, &b->server.client, &b->set),
                     APR_SUCCESS);
    assert_int_equal(sso_fresh_add(b->cx, b->set, &b->source, &b->doc), APR_SUCCESS);
}

static bench_t *make(sso_ctx_t *cx)
{
    bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));

    b->cx = cx;
    b->server = (server_t){.client = {.exchange = exchange, .state = &b->server},
                           .status = 200,
                           .body = "one",
                           .keep = -1,
                           .retry_after = -1,
                           .type = "text/plain"};
    b->dir = scratch_dir(cx);
    b->fd = open(b->dir, O_RDONLY | O_DIRECTORY);
    assert_true(b->fd >= 0);
    b->source = (sso_fresh_source_t){
        .name = "doc", .url = URL, .check = check, .check_data = b, .refresh = HOUR};
    return b;
}

static void work(bench_t *b)
{
    sso_fresh_work(b->cx, b->set, NULL, NULL);
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
}

static sso_fresh_info_t info(bench_t *b)
{
    sso_fresh_info_t i;

    sso_fresh_info(b->cx, b->doc, &i);
    return i;
}

static const char *copy_of(bench_t *b)
{
    return apr_pstrcat(b->cx->pool, b->dir, "/", info(b).copy, NULL);
}

static const char *text_of(bench_t *b)
{
    sso_span_t text = {"none", 4};
    apr_status_t rv = sso_fresh_read(b->cx, b->doc, &text, NULL);

    assert_true(rv == APR_SUCCESS || rv == APR_NOTFOUND);
    return sso_span_text(b->cx->pool, text);
}

/* Work once a second until then; how often the server was asked. */
static int work_for(bench_t *b, apr_interval_time_t t)
{
    const int before = b->server.requests;
    const apr_time_t end = b->cx->now + t;

    for (; b->cx->now < end; b->cx->now += SECOND)
        work(b);
    return b->server.requests - before;
}

#define assert_about(t, wanted) assert_in_range((t), (wanted)*88 / 100, (wanted)*112 / 100)

static void it_is_fetched_and_read(void **state)
{
    bench_t *b = make(*state);
    unsigned int version = 99;
    sso_span_t text;

    start(b);
    assert_int_equal(sso_fresh_version(b->doc), 0);
    assert_int_equal(sso_fresh_read(b->cx, b->doc, &text, &version), APR_NOTFOUND);
    assert_int_equal(version, 99);
    work(b);
    assert_int_equal(sso_fresh_version(b->doc), 1);
    assert_string_equal(text_of(b), "one");
    assert_int_equal(sso_fresh_read(b->cx, b->doc, &text, &version), APR_SUCCESS);
    assert_int_equal(version, 1);
    assert_int_equal(scratch_count(b->dir), 1); /* nothing beside it */
    assert_int_equal(scratch_mode(copy_of(b)), 0600);
    assert_int_equal(work_for(b, 50 * MINUTE), 0);
    b->server.body = "two";
    assert_int_equal(work_for(b, 20 * MINUTE), 1);
    assert_string_equal(text_of(b), "two");
    assert_int_equal(sso_fresh_version(b->doc), 2);
}

static void what_is_mapped_stays_whole(void **state)
{
    bench_t *b = make(*state);
    sso_span_t old;

    start(b);
    work(b);
    assert_int_equal(sso_fresh_read(b->cx, b->doc, &old, NULL), APR_SUCCESS);
    b->server.body = "twelve";
    (void)work_for(b, 2 * HOUR);
    assert_true(sso_span_is(old, "one"));
    assert_string_equal(text_of(b), "twelve");
}

/* A start begins with the last copy: the provider may be down. */
static void a_start_needs_no_provider(void **state)
{
    bench_t *b = make(*state);

    start(b);
    work(b);
    b->server.fault = SSO_F_NET_CONNECT;
    start(b);
    assert_int_equal(sso_fresh_version(b->doc), 1);
    assert_string_equal(text_of(b), "one");
    b->cx->now += 2 * HOUR;
    work(b);
    assert_string_equal(text_of(b), "one");
    assert_int_equal(info(b).failures, 1);
    /* but not with one from elsewhere, or one that was verified by other rules */
    b->source.salt = "another key";
    start(b);
    assert_int_equal(sso_fresh_version(b->doc), 0);
    b->source.salt = NULL;
    b->source.url = URL "2";
    start(b);
    assert_int_equal(sso_fresh_version(b->doc), 0);
}

static void the_server_is_told_what_we_have(void **state)
{
    bench_t *b = make(*state);
    apr_time_t changed;

    b->server.etag = "\"v1\"";
    start(b);
    work(b);
    assert_string_equal(b->server.etag_seen, "");
    changed = info(b).changed;
    b->server.status = 304;
    assert_int_equal(work_for(b, 90 * MINUTE), 1);
    assert_string_equal(b->server.etag_seen, "\"v1\"");
    assert_int_equal(sso_fresh_version(b->doc), 1);
    assert_int_equal(info(b).failures, 0);
    assert_true(info(b).changed == changed);
    assert_true(info(b).confirmed > changed);
    /* Over a restart as well. */
    start(b);
    b->cx->now += 2 * HOUR;
    work(b);
    assert_string_equal(b->server.etag_seen, "\"v1\"");
}

/* A 304 without a copy means nothing. */
static void a_304_to_no_question(void **state)
{
    bench_t *b = make(*state);

    b->server.status = 304;
    start(b);
    work(b);
    assert_int_equal(sso_fresh_version(b->doc), 0);
    assert_int_equal(info(b).failures, 1);
}

/* Servers without ETag: the same bytes are no news. */
static void the_same_again_is_no_news(void **state)
{
    bench_t *b = make(*state);

    start(b);
    work(b);
    assert_int_equal(work_for(b, 3 * HOUR) >= 2, 1);
    assert_int_equal(sso_fresh_version(b->doc), 1);
}

static void what_does_not_hold_changes_nothing(void **state)
{
    static const struct {
        const char *what, *body;
        int status;
        const char *type;
        sso_fault_t fault;
    } row[] = {
        {"not verified", "bad", 200, "text/plain", SSO_F_NONE},
        {"empty", "", 200, "text/plain", SSO_F_NONE},
        {"not found", "one", 404, "text/plain", SSO_F_NONE},
        {"another type", "one more", 200, "text/html", SSO_F_NONE},
        {"timeout", "one", 200, "text/plain", SSO_F_NET_TIMEOUT},
    };
    bench_t *b = make(*state);
    apr_size_t i;

    b->source.types = "text/plain";
    start(b);
    work(b);
    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].what);
        b->server.status = row[i].status;
        b->server.body = row[i].body;
        b->server.type = row[i].type;
        b->server.fault = row[i].fault;
        b->cx->now += 3 * HOUR;
        work(b);
        assert_int_equal(info(b).failures, i + 1);
        assert_true(info(b).why[0] != '\0');
        assert_int_equal(sso_fresh_version(b->doc), 1);
        assert_string_equal(text_of(b), "one");
        assert_int_equal(scratch_count(b->dir), 1);
    }
    b->server = (server_t){.client = b->server.client,
                           .status = 200,
                           .body = "three",
                           .keep = -1,
                           .retry_after = -1,
                           .type = "text/plain"};
    b->cx->now += 3 * HOUR;
    work(b);
    assert_int_equal(info(b).failures, 0);
    assert_string_equal(info(b).why, "");
    assert_string_equal(text_of(b), "three");
}

/* Twice as long each time, an hour at most, and never more often than a refresh. */
static void failures_are_spaced(void **state)
{
    bench_t *b = make(*state);
    apr_interval_time_t wanted = 15 * SECOND;
    int i;

    b->server.fault = SSO_F_NET_CONNECT;
    b->source.refresh = 24 * HOUR;
    start(b);
    for (i = 0; i < 12; i++) {
        work(b);
        assert_int_equal(b->server.requests, i + 1);
        assert_about(info(b).next - b->cx->now, wanted);
        wanted = wanted * 2 < HOUR ? wanted * 2 : HOUR;
        b->cx->now = info(b).next;
    }
    b->server.fault = SSO_F_NONE;
    b->server.status = 503;
    b->server.retry_after = 10 * MINUTE;
    b->source.name = "other";
    start(b);
    work(b);
    assert_about(info(b).next - b->cx->now, 10 * MINUTE);
    b->server.retry_after = 1000 * HOUR;
    b->cx->now = info(b).next;
    work(b);
    assert_about(info(b).next - b->cx->now, HOUR);
}

static void when_it_is_asked_again(void **state)
{
    static const struct {
        apr_interval_time_t refresh, server, document, valid_for, wanted;
    } row[] = {
        {HOUR, -1, 0, 0, HOUR},
        {0, -1, 0, 0, HOUR},
        {HOUR, 0, 0, 0, HOUR}, /* no-store is about caches of others */
        {HOUR, 10 * MINUTE, 0, 0, 10 * MINUTE},
        {HOUR, SECOND, 0, 0, 5 * MINUTE}, /* nobody makes us come more often */
        {HOUR, 24 * HOUR, 0, 0, HOUR},    /* nor less often than the admin said */
        {MINUTE, 24 * HOUR, 0, 0, MINUTE},
        {24 * HOUR, -1, 6 * HOUR, 0, 6 * HOUR}, /* cacheDuration */
        {24 * HOUR, -1, 0, 4 * HOUR, 2 * HOUR}, /* before it ends */
        {24 * HOUR, -1, 0, -HOUR, 24 * HOUR},
    };
    bench_t *b = make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %d\n", (int)i);
        b->source.refresh = row[i].refresh;
        b->source.name = apr_psprintf(b->cx->pool, "doc%d", (int)i);
        b->server.keep = row[i].server;
        b->found.keep = row[i].document;
        b->found.until = row[i].valid_for ? b->cx->now + row[i].valid_for : 0;
        start(b);
        work(b);
        assert_about(info(b).next - b->cx->now, row[i].wanted);
        assert_true(info(b).until == b->found.until);
        start(b);
        assert_true(info(b).until == b->found.until);
    }
}

/* A key that is not in the set: at once, but at a rate that strangers cannot raise. */
static void it_can_be_wanted(void **state)
{
    bench_t *b = make(*state);
    int i;

    start(b);
    work(b);
    b->cx->now += MINUTE;
    sso_fresh_want(b->cx, b->doc);
    work(b);
    assert_int_equal(b->server.requests, 2);
    work(b);
    assert_int_equal(b->server.requests, 2);
    for (i = 0; i < 600; i++) {
        b->cx->now += SECOND;
        sso_fresh_want(b->cx, b->doc);
        work(b);
    }
    assert_int_equal(b->server.requests, 22);
}

static void what_the_check_gives_is_kept(void **state)
{
    bench_t *b = make(*state);

    b->server.body = "strip this";
    start(b);
    work(b);
    assert_string_equal(text_of(b), " this");
    start(b);
    assert_string_equal(text_of(b), " this");
    b->server.body = "strip more than this";
    b->cx->now += 3 * HOUR;
    work(b);
    assert_string_equal(text_of(b), " more than this");
}

/* The directory belongs to the user of the children; root reads it at start. */
static void the_directory_is_not_trusted(void **state)
{
    bench_t *b = make(*state);
    const char *path;
    const char *there = scratch_file(b->cx, scratch_dir(b->cx), "x", sso_span("secret"), 0600);

    start(b);
    work(b);
    path = copy_of(b);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(there, path), 0);
    start(b);
    assert_int_equal(sso_fresh_version(b->doc), 0);
    work(b);
    assert_string_equal(text_of(b), "one");
    assert_int_equal(scratch_mode(there), 0600);
    (void)scratch_file(b->cx, b->dir, info(b).copy, sso_span("short"), 0600);
    start(b);
    assert_int_equal(sso_fresh_version(b->doc), 0);
    (void)scratch_file(b->cx, b->dir, info(b).copy,
                       sso_span_of(apr_pcalloc(b->cx->pool, 5000), 5000), 0600);
    start(b);
    assert_int_equal(sso_fresh_version(b->doc), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    start(b);
    assert_int_equal(sso_fresh_version(b->doc), 0);
}

static void leftovers_are_swept(void **state)
{
    bench_t *b = make(*state);

    (void)scratch_file(b->cx, b->dir, ".doc.123", sso_span("half"), 0600);
    (void)scratch_file(b->cx, b->dir, "other", sso_span("of another version"), 0600);
    start(b);
    assert_int_equal(scratch_count(b->dir), 1);
}

static void files_are_watched(void **state)
{
    bench_t *b = make(*state);
    const char *dir = scratch_dir(b->cx);

    b->source.url = NULL;
    b->source.file = scratch_file(b->cx, dir, "f", sso_span("one"), 0644);
    start(b);
    assert_string_equal(text_of(b), "one");
    work(b);
    assert_int_equal(sso_fresh_version(b->doc), 1);
    (void)scratch_file(b->cx, dir, "f", sso_span("number two"), 0644);
    work(b);
    assert_int_equal(sso_fresh_version(b->doc), 2);
    assert_string_equal(text_of(b), "number two");
    (void)scratch_file(b->cx, dir, "f", sso_span("bad one"), 0644);
    assert_int_equal(work_for(b, MINUTE), 0);
    assert_int_equal(info(b).failures, 1); /* said once */
    assert_string_equal(text_of(b), "number two");
    assert_int_equal(unlink(b->source.file), 0);
    (void)work_for(b, MINUTE);
    assert_int_equal(info(b).failures, 2);
    assert_string_equal(text_of(b), "number two");
    (void)scratch_file(b->cx, dir, "f", sso_span("three, right"), 0644);
    work(b);
    assert_string_equal(text_of(b), "three, right");
    assert_int_equal(info(b).failures, 0);
    assert_int_equal(b->server.requests, 0);
}

/* The admin's file at start: what is wrong with it stops the start. */
static void a_bad_file_is_a_mistake(void **state)
{
    bench_t *b = make(*state);
    const char *dir = scratch_dir(b->cx);
    int i;

    b->source.url = NULL;
    b->source.file = scratch_file(b->cx, dir, "f", sso_span("one"), 0644);
    start(b); /* a copy does not help */
    for (i = 0; i < 2; i++) {
        const int fd = i ? -1 : b->fd;

        (void)scratch_file(b->cx, dir, "f", sso_span("bad"), 0644);
        assert_int_equal(sso_fresh_make(b->cx, b->cx->pool, fd, 1, NULL, &b->set), APR_SUCCESS);
        assert_int_not_equal(sso_fresh_add(b->cx, b->set, &b->source, &b->doc), APR_SUCCESS);
        assert_fault(b->cx, SIGNATURE);
        assert_int_equal(unlink(b->source.file), 0);
        assert_int_not_equal(sso_fresh_add(b->cx, b->set, &b->source, &b->doc), APR_SUCCESS);
        assert_fault(b->cx, CONFIG);
        assert_int_equal(sso_fresh_count(b->set), 0);
    }
}

/* What a check of a directory is given; it keeps the names. */
static apr_status_t check_names(void *data, sso_ctx_t *cx, sso_span_t text,
                                sso_fresh_found_t *found)
{
    bench_t *b = data;

    (void)cx, (void)text;
    b->found.last = sso_span_of(
        apr_pmemdup(b->cx->pool, found->last.p ? found->last.p : "", found->last.n), found->last.n);
    return APR_SUCCESS;
}

/* Its names in order, again whenever one of its files changes; what was kept is at hand. */
static void directories_are_watched(void **state)
{
    bench_t *b = make(*state);
    const char *dir = scratch_dir(b->cx);

    b->source.url = NULL;
    b->source.file = dir;
    b->source.suffix = ".xml";
    b->source.check = check_names;
    (void)scratch_file(b->cx, dir, "b.xml", sso_span("two"), 0644);
    (void)scratch_file(b->cx, dir, "a.xml", sso_span("one"), 0644);
    (void)scratch_file(b->cx, dir, "a.xml.bak", sso_span("no"), 0644);
    (void)scratch_file(b->cx, dir, ".c.xml", sso_span("no"), 0644);
    (void)scratch_file(b->cx, dir, ".xml", sso_span("no"), 0644);
    assert_int_equal(mkdir(apr_pstrcat(b->cx->pool, dir, "/d.xml", NULL), 0700), 0);
    start(b);
    assert_string_equal(text_of(b), "a.xml\nb.xml\n");
    assert_int_equal(b->found.last.n, 0);
    work(b);
    assert_int_equal(info(b).version, 1);
    (void)scratch_file(b->cx, dir, "c.xml", sso_span("three"), 0644);
    work(b);
    assert_string_equal(text_of(b), "a.xml\nb.xml\nc.xml\n");
    assert_true(sso_span_is(b->found.last, "a.xml\nb.xml\n"));
    assert_int_equal(info(b).version, 2);
    b->found.last.n = 0;
    (void)scratch_file(b->cx, dir, "b.xml", sso_span("another two"), 0644);
    work(b);
    assert_true(sso_span_is(b->found.last, "a.xml\nb.xml\nc.xml\n")); /* looked at again */
    assert_int_equal(info(b).version, 2);
}

/* Empty, or too full: what is there stays. */
static void a_directory_has_bounds(void **state)
{
    bench_t *b = make(*state);
    const char *dir = scratch_dir(b->cx);
    int i;

    b->source.url = NULL;
    b->source.file = dir;
    b->source.suffix = ".xml";
    b->source.check = check_names;
    assert_int_equal(sso_fresh_make(b->cx, b->cx->pool, b->fd, 1, &b->server.client, &b->set),
                     APR_SUCCESS);
    assert_int_not_equal(sso_fresh_add(b->cx, b->set, &b->source, &b->doc), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "holds no file *.xml"));
    assert_fault(b->cx, CONFIG);
    (void)scratch_file(b->cx, dir, "0.xml", sso_span("x"), 0644);
    start(b);
    for (i = 1; i <= SSO_FRESH_DIR_MAX; i++) {
        (void)scratch_file(b->cx, dir, apr_psprintf(b->cx->pool, "%d.xml", i), sso_span("x"), 0644);
    }
    work(b);
    assert_string_equal(text_of(b), "0.xml\n");
    assert_non_null(strstr(info(b).why, "more than 1000 files"));
    assert_int_equal(unlink(apr_pstrcat(b->cx->pool, dir, "/7.xml", NULL)), 0);
    work(b);
    assert_int_equal(info(b).version, 2);
}

/* Without a directory: a configtest reads files and fetches nothing. */
static void a_configtest_leaves_no_trace(void **state)
{
    bench_t *b = make(*state);
    sso_fresh_t *file;
    const sso_fresh_source_t source = {
        .name = "file",
        .check = check,
        .check_data = b,
        .file = scratch_file(b->cx, scratch_dir(b->cx), "f", sso_span("one"), 0644)};

    b->fd = -1;
    start(b);
    assert_int_equal(sso_fresh_add(b->cx, b->set, &source, &file), APR_SUCCESS);
    work(b);
    assert_int_equal(b->server.requests, 0);
    assert_string_equal(text_of(b), "none");
    assert_true(sso_fresh_has_urls(b->set));
    b->doc = file;
    assert_string_equal(text_of(b), "one");
    assert_int_equal(scratch_count(b->dir), 0);
}

/* Copies may be looked at by who may not change them. */
static void reading_only(void **state)
{
    bench_t *b = make(*state);
    const char *dir = scratch_dir(b->cx);

    start(b);
    work(b);
    (void)scratch_file(b->cx, b->dir, ".doc.123", sso_span("half"), 0600);
    assert_int_equal(sso_fresh_make(b->cx, b->cx->pool, b->fd, 0, &b->server.client, &b->set), 0);
    assert_int_equal(sso_fresh_add(b->cx, b->set, &b->source, &b->doc), APR_SUCCESS);
    assert_string_equal(text_of(b), "one");
    b->source = (sso_fresh_source_t){.name = "f",
                                     .check = check,
                                     .check_data = b,
                                     .file = scratch_file(b->cx, dir, "f", sso_span("file"), 0644)};
    assert_int_equal(sso_fresh_add(b->cx, b->set, &b->source, &b->doc), APR_SUCCESS);
    assert_string_equal(text_of(b), "file");
    b->cx->now += 10 * HOUR;
    work(b);
    assert_int_equal(b->server.requests, 1);
    assert_int_equal(scratch_count(b->dir), 2);
}

static void sources_are_checked(void **state)
{
    bench_t *b = make(*state);
    sso_fresh_source_t bad = b->source;
    sso_fresh_t *doc;

    start(b);
    assert_int_equal(sso_fresh_add(b->cx, b->set, &bad, &doc), APR_SUCCESS);
    assert_ptr_equal(doc, b->doc); /* the same: fetched once */
    bad.salt = "other";
    assert_int_equal(sso_fresh_add(b->cx, b->set, &bad, &doc), APR_SUCCESS);
    assert_ptr_not_equal(doc, b->doc);
    bad.check = NULL;
    bad.name = "y";
    assert_int_not_equal(sso_fresh_add(b->cx, b->set, &bad, &doc), APR_SUCCESS);
    assert_fault(b->cx, INTERNAL);
    bad.check = check;
    bad.name = "../x";
    assert_int_not_equal(sso_fresh_add(b->cx, b->set, &bad, &doc), APR_SUCCESS);
    assert_fault(b->cx, INTERNAL);
    bad.name = ".x";
    assert_int_not_equal(sso_fresh_add(b->cx, b->set, &bad, &doc), APR_SUCCESS);
    assert_fault(b->cx, INTERNAL);
    bad.name = "x";
    bad.url = "http://idp.example/";
    assert_int_not_equal(sso_fresh_add(b->cx, b->set, &bad, &doc), APR_SUCCESS);
    assert_fault(b->cx, CONFIG);
    bad.allow_http = 1;
    assert_int_equal(sso_fresh_add(b->cx, b->set, &bad, &doc), APR_SUCCESS);
}

/* One process works, the others see it. */
static void processes_share(void **state)
{
    bench_t *b = make(*state);
    int status;
    pid_t pid;

    start(b);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sso_fresh_work(b->cx, b->set, NULL, NULL);
        _exit(sso_fresh_version(b->doc) == 1 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(sso_fresh_version(b->doc), 1);
    assert_string_equal(text_of(b), "one");
    work(b);
    assert_int_equal(b->server.requests, 0); /* it is not due here either */
}

static int yes(void *data)
{
    (void)data;
    return 1;
}

static void a_child_that_ends_works_no_more(void **state)
{
    bench_t *b = make(*state);

    start(b);
    sso_fresh_work(b->cx, b->set, yes, NULL);
    assert_int_equal(b->server.requests, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(it_is_fetched_and_read),
        UNIT(what_is_mapped_stays_whole),
        UNIT(a_start_needs_no_provider),
        UNIT(the_server_is_told_what_we_have),
        UNIT(a_304_to_no_question),
        UNIT(the_same_again_is_no_news),
        UNIT(what_does_not_hold_changes_nothing),
        UNIT(failures_are_spaced),
        UNIT(when_it_is_asked_again),
        UNIT(it_can_be_wanted),
        UNIT(what_the_check_gives_is_kept),
        UNIT(the_directory_is_not_trusted),
        UNIT(leftovers_are_swept),
        UNIT(files_are_watched),
        UNIT(a_bad_file_is_a_mistake),
        UNIT(directories_are_watched),
        UNIT(a_directory_has_bounds),
        UNIT(a_configtest_leaves_no_trace),
        UNIT(reading_only),
        UNIT(sources_are_checked),
        UNIT(processes_share),
        UNIT(a_child_that_ends_works_no_more),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
