/*
 * test_lookup.c - documents that strangers name: what is asked, how often, and what is kept.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/fresh.h"
#include "net/fresh_copy.h"
#include "scratch.h"

#include <apr_strings.h>

#define SECOND APR_TIME_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* A server without a network. While it answers, somebody else may ask too. */
typedef struct bench {
    sso_client_t client;
    sso_ctx_t *cx;
    const char *dir;
    int fd;
    int status;
    const char *body;
    sso_fault_t fault;
    int requests, deepest, depth, wanted_depth;
    sso_lookup_found_t found; /* what the check adds */
    sso_fresh_set_t *set;
    sso_lookup_t *lookup;
} bench_t;

static apr_status_t exchange(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out)
{
    bench_t *b = client->state;

    b->requests++;
    assert_true(req->timeout > 0 && req->timeout <= 5 * SECOND);
    if (++b->depth > b->deepest) b->deepest = b->depth;
    if (b->depth < b->wanted_depth) {
        sso_ctx_t own = sso_ctx(cx->pool, cx->now);
        sso_lookup_hit_t hit;

        (void)sso_lookup_find(&own, b->lookup, apr_itoa(cx->pool, b->depth), 1, &hit);
    }
    b->depth--;
    if (b->fault) return sso_fail(cx, b->fault, "planned");
    *out = (sso_client_response_t){.status = b->status, .body = sso_span(b->body)};
    return APR_SUCCESS;
}

static const char *address(void *data, apr_pool_t *pool, const char *key)
{
    (void)data;
    return apr_pstrcat(pool, "https://mdq.example/", key, NULL);
}

/* It is kept with its key. */
static apr_status_t check(void *data, sso_ctx_t *cx, const char *key, sso_span_t text,
                          sso_lookup_found_t *found)
{
    const bench_t *b = data;

    if (sso_span_starts(text, "bad")) return sso_fail(cx, SSO_F_SIGNATURE, "it is bad");
    *found = b->found;
    found->text = sso_span(apr_pstrcat(cx->pool, key, "=", sso_span_text(cx->pool, text), NULL));
    return APR_SUCCESS;
}

static sso_lookup_source_t source_of(bench_t *b, const char *salt)
{
    return (sso_lookup_source_t){
        .name = "fed.mdq", .salt = salt, .address = address, .check = check, .data = b};
}

/* As a start does; the copies of the one before are there. */
static void start(bench_t *b, int writes, const char *salt)
{
    const sso_lookup_source_t source = source_of(b, salt);

    assert_int_equal(sso_fresh_make(b->cx, b->cx->pool, b->fd, writes, NULL, &b->set), APR_SUCCESS);
    assert_int_equal(sso_fresh_add_lookup(b->cx, b->set, &source, &b->lookup), APR_SUCCESS);
    assert_true(sso_fresh_has_urls(b->set));
    sso_fresh_start(b->set, &b->client);
}

static bench_t *make(sso_ctx_t *cx)
{
    bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));

    *b = (bench_t){.client = {.exchange = exchange, .state = b},
                   .cx = cx,
                   .dir = scratch_dir(cx),
                   .status = 200,
                   .body = "one"};
    b->fd = open(b->dir, O_RDONLY | O_DIRECTORY);
    assert_true(b->fd >= 0);
    start(b, 1, "salt");
    return b;
}

/* What is found, "none" where there is nothing, "fault" where it cannot be had. */
static const char *find(bench_t *b, const char *key)
{
    sso_lookup_hit_t hit;
    apr_status_t rv = sso_lookup_find(b->cx, b->lookup, key, 1, &hit);

    if (rv == APR_SUCCESS) {
        assert_true(hit.again > b->cx->now);
        return sso_span_text(b->cx->pool, hit.text);
    }
    if (b->cx->err.fault == SSO_F_NONE) return "none";
    sso_ctx_clear(b->cx);
    return "fault";
}

/* When what is found is to be looked for again. */
static apr_time_t again(bench_t *b, const char *key)
{
    sso_lookup_hit_t hit;

    assert_int_equal(sso_lookup_find(b->cx, b->lookup, key, 1, &hit), APR_SUCCESS);
    return hit.again;
}

static void work(bench_t *b)
{
    sso_fresh_work(b->cx, b->set, NULL, NULL);
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
}

static void it_is_asked_for_once(void **state)
{
    bench_t *b = make(*state);

    assert_string_equal(find(b, "a"), "a=one");
    assert_string_equal(find(b, "b"), "b=one");
    b->body = "two";
    assert_string_equal(find(b, "a"), "a=one");
    assert_int_equal(b->requests, 2);
    assert_int_equal(scratch_count(b->dir), 2);
    start(b, 1, "salt"); /* and over a restart */
    assert_string_equal(find(b, "a"), "a=one");
    assert_int_equal(b->requests, 2);
    start(b, 1, "another"); /* but not with another key to verify it by */
    assert_string_equal(find(b, "a"), "a=two");
}

/* Nobody waits for what is there. */
static void it_is_renewed_behind(void **state)
{
    bench_t *b = make(*state);

    assert_string_equal(find(b, "a"), "a=one");
    b->body = "two";
    b->cx->now += HOUR + SECOND;
    assert_string_equal(find(b, "a"), "a=one");
    assert_string_equal(find(b, "a"), "a=one");
    assert_int_equal(b->requests, 1);
    work(b);
    assert_int_equal(b->requests, 2); /* wanted twice, fetched once */
    assert_string_equal(find(b, "a"), "a=two");
    work(b);
    assert_int_equal(b->requests, 2);
}

static void a_failure_changes_nothing(void **state)
{
    bench_t *b = make(*state);

    b->found.until = b->cx->now + 2 * HOUR;
    assert_string_equal(find(b, "a"), "a=one");
    b->fault = SSO_F_NET_CONNECT;
    b->cx->now += HOUR + SECOND;
    assert_string_equal(find(b, "a"), "a=one");
    work(b);
    assert_int_equal(b->requests, 2);
    assert_string_equal(find(b, "a"), "a=one");
    work(b); /* it has just failed */
    assert_int_equal(b->requests, 2);
    b->cx->now += SSO_LOOKUP_FAILED + SECOND;
    assert_string_equal(find(b, "a"), "a=one");
    work(b);
    assert_int_equal(b->requests, 3);
    b->cx->now += HOUR; /* it is not valid any more */
    assert_string_equal(find(b, "a"), "fault");
    b->fault = SSO_F_NONE;
    b->found.until = 0;
    b->cx->now += SSO_LOOKUP_FAILED + SECOND;
    assert_string_equal(find(b, "a"), "a=one");
}

/* Somebody who comes once a month is not believed for what was true a month ago. */
static void an_old_copy_is_asked_for_first(void **state)
{
    bench_t *b = make(*state);

    assert_string_equal(find(b, "a"), "a=one");
    b->body = "two";
    b->cx->now += HOUR + DAY;
    assert_string_equal(find(b, "a"), "a=two");
    assert_int_equal(b->requests, 2);
    b->fault = SSO_F_NET_CONNECT;
    b->cx->now += HOUR + DAY;
    assert_string_equal(find(b, "a"), "a=two"); /* but where nobody says anything, it counts */
    assert_string_equal(find(b, "a"), "a=two");
    assert_int_equal(b->requests, 3); /* it has just failed */
    b->fault = SSO_F_NONE;
    b->status = 404;
    b->cx->now += SSO_LOOKUP_FAILED + SECOND;
    assert_string_equal(find(b, "a"), "none");
    assert_int_equal(scratch_count(b->dir), 0);
}

/* What is not said to end ends all the same, if nobody confirms it. */
static void a_copy_without_an_end_has_one(void **state)
{
    bench_t *b = make(*state);

    assert_string_equal(find(b, "a"), "a=one");
    b->fault = SSO_F_NET_CONNECT;
    b->cx->now += 7 * DAY;
    assert_string_equal(find(b, "a"), "a=one");
    assert_int_equal(again(b, "a"), b->cx->now + SSO_LOOKUP_FAILED);
    b->cx->now += HOUR;
    assert_string_equal(find(b, "a"), "fault");
}

/* Not looked at again only when it has ended. */
static void what_ends_soon_is_looked_for_again_then(void **state)
{
    bench_t *b = make(*state);

    b->found.until = b->cx->now + 10 * MINUTE;
    assert_int_equal(again(b, "a"), b->found.until);
    assert_int_equal(again(b, "a"), b->found.until); /* the copy says the same */
    b->found.until = b->cx->now + 10 * DAY;
    assert_int_equal(again(b, "b"), b->cx->now + HOUR);
}

/* What somebody waited for meanwhile has come. */
static void what_has_come_is_not_renewed(void **state)
{
    bench_t *b = make(*state);

    assert_string_equal(find(b, "a"), "a=one");
    b->cx->now += HOUR + SECOND;
    assert_string_equal(find(b, "a"), "a=one");
    b->cx->now += DAY;
    assert_string_equal(find(b, "a"), "a=one");
    assert_int_equal(b->requests, 2);
    work(b);
    assert_int_equal(b->requests, 2);
}

/* Whoever is taken out is out, and there is no copy that says otherwise. */
static void what_is_taken_out_is_gone(void **state)
{
    bench_t *b = make(*state);

    assert_string_equal(find(b, "a"), "a=one");
    b->status = 404;
    b->cx->now += HOUR + SECOND;
    assert_string_equal(find(b, "a"), "a=one");
    work(b);
    assert_string_equal(find(b, "a"), "none");
    assert_int_equal(scratch_count(b->dir), 0);
}

/* A stranger says a name a thousand times. */
static void what_is_not_there_is_not_asked_for_again(void **state)
{
    bench_t *b = make(*state);
    int i;

    b->status = 404;
    for (i = 0; i < 1000; i++)
        assert_string_equal(find(b, "nobody"), "none");
    assert_int_equal(b->requests, 1);
    b->cx->now += SSO_LOOKUP_UNKNOWN + SECOND;
    assert_string_equal(find(b, "nobody"), "none");
    assert_int_equal(b->requests, 2);
    b->body = "bad";
    b->status = 200;
    assert_string_equal(find(b, "forged"), "fault");
    assert_string_equal(find(b, "forged"), "fault"); /* nobody said that there is none */
    assert_int_equal(b->requests, 3);
    assert_int_equal(scratch_count(b->dir), 0);
    b->body = "one";
    b->cx->now += SSO_LOOKUP_FAILED + SECOND;
    assert_string_equal(find(b, "forged"), "forged=one");
}

/* As many wait as may: the next is sent away at once. */
static void few_wait_at_once(void **state)
{
    bench_t *b = make(*state);

    b->wanted_depth = SSO_LOOKUP_MOST + 3;
    assert_string_equal(find(b, "a"), "a=one");
    assert_int_equal(b->deepest, SSO_LOOKUP_MOST);
    b->deepest = b->wanted_depth = 0;
    assert_string_equal(find(b, "b"), "b=one"); /* all have come back */
}

/* Whoever says another name each time does not make us say it on for ever. */
static void few_are_asked_for_in_a_second(void **state)
{
    bench_t *b = make(*state);
    int i;

    assert_string_equal(find(b, "known"), "known=one");
    b->cx->now += SECOND;
    b->status = 404;
    for (i = 0; i < 1000; i++)
        (void)find(b, apr_itoa(b->cx->pool, i));
    assert_int_equal(b->requests, 1 + SSO_LOOKUP_RATE);
    assert_string_equal(find(b, "known"), "known=one"); /* who is known is not touched by it */
    assert_string_equal(find(b, "5000"), "fault");
    b->cx->now += SECOND;
    assert_string_equal(find(b, "5000"), "none");
}

/* A request that began a second ago is slow, not the beginning of another second. */
static void the_second_does_not_go_back(void **state)
{
    bench_t *b = make(*state);
    int i;

    b->status = 404;
    for (i = 0; i < 100; i++) {
        (void)find(b, apr_itoa(b->cx->pool, i));
        b->cx->now += i % 2 ? SECOND : -SECOND;
    }
    assert_int_equal(b->requests, SSO_LOOKUP_RATE);
    b->cx->now -= HOUR; /* but clocks are set */
    assert_string_equal(find(b, "5000"), "none");
}

/* The same block in a hundred hosts. */
static void one_place_is_one(void **state)
{
    bench_t *b = make(*state);
    sso_lookup_source_t source = source_of(b, "salt");
    sso_lookup_t *lookup;
    int i;

    for (i = 0; i < 2 * SSO_FRESH_LOOKUPS; i++) {
        assert_int_equal(sso_fresh_add_lookup(b->cx, b->set, &source, &lookup), APR_SUCCESS);
        assert_ptr_equal(lookup, b->lookup);
    }
    for (i = 1; i < SSO_FRESH_LOOKUPS; i++) {
        source.salt = apr_itoa(b->cx->pool, i);
        assert_int_equal(sso_fresh_add_lookup(b->cx, b->set, &source, &lookup), APR_SUCCESS);
        assert_ptr_not_equal(lookup, b->lookup);
    }
    source = source_of(b, "salt");
    source.name = "other.mdq";
    assert_int_not_equal(sso_fresh_add_lookup(b->cx, b->set, &source, &lookup), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "outside of <VirtualHost>"));
    assert_fault(b->cx, CONFIG);
}

/* Whom nobody asked about for long is forgotten at a start; what is no copy of many stays. */
static void copies_that_nobody_uses_go(void **state)
{
    bench_t *b = make(*state);
    const sso_copy_t whole = {.dir = b->fd, .file = "fed.0123456789ab"};

    (void)scratch_file(b->cx, b->dir, whole.file, sso_span("x"), 0600);
    sso_copy_touch(&whole, b->cx->now);
    assert_string_equal(find(b, "a"), "a=one");
    b->cx->now += 30 * DAY;
    assert_string_equal(find(b, "b"), "b=one");
    start(b, 1, "salt");
    assert_int_equal(scratch_count(b->dir), 3);
    b->cx->now += SECOND;
    start(b, 0, "salt");
    assert_int_equal(scratch_count(b->dir), 3); /* who only reads removes nothing */
    start(b, 1, "salt");
    assert_int_equal(scratch_count(b->dir), 2);
    assert_string_equal(find(b, "b"), "b=one");
    assert_int_equal(b->requests, 2);
}

/* What a stranger's message names is not asked about, and what is known of it is not renewed for him. */
static void who_was_not_asked_names_in_vain(void **state)
{
    bench_t *b = make(*state);
    sso_lookup_hit_t hit;
    int i;

    for (i = 0; i < 2; i++) {
        assert_int_equal(sso_lookup_find(b->cx, b->lookup, "a", 0, &hit), APR_NOTFOUND);
        assert_int_equal(b->cx->err.fault, SSO_F_NONE);
    }
    assert_int_equal(b->requests, 0);
    assert_string_equal(find(b, "a"), "a=one");
    for (i = 0; i < 3; i++) {
        b->cx->now += DAY;
        assert_int_equal(sso_lookup_find(b->cx, b->lookup, "a", 0, &hit), APR_SUCCESS);
        assert_string_equal(sso_span_text(b->cx->pool, hit.text), "a=one");
        work(b);
    }
    assert_int_equal(b->requests, 1);
}

/* There are places for 64 that are due. */
static void what_was_wanted_first_gives_way(void **state)
{
    bench_t *b = make(*state);
    int i;

    for (i = 0; i < 66; i++) {
        if (i % SSO_LOOKUP_RATE == 0) b->cx->now += SECOND;
        (void)find(b, apr_itoa(b->cx->pool, i));
    }
    b->body = "two";
    b->cx->now += HOUR;
    for (i = 0; i < 66; i++)
        (void)find(b, apr_itoa(b->cx->pool, i));
    work(b);
    assert_int_equal(b->requests, 66 + 64);
    assert_string_equal(find(b, "0"), "0=one");
    assert_string_equal(find(b, "1"), "1=one");
    assert_string_equal(find(b, "2"), "2=two");
    assert_string_equal(find(b, "65"), "65=two");
    work(b);
    assert_string_equal(find(b, "0"), "0=two");
}

/* Each request may take seconds, and others have things to be fetched, too. */
static void who_does_not_answer_waits_for_its_turn(void **state)
{
    bench_t *b = make(*state);

    (void)find(b, "a");
    (void)find(b, "b");
    b->cx->now += HOUR;
    (void)find(b, "a");
    (void)find(b, "b");
    b->fault = SSO_F_NET_TIMEOUT;
    work(b);
    assert_int_equal(b->requests, 3);
    b->fault = SSO_F_NONE;
    b->body = "two";
    work(b);
    assert_int_equal(b->requests, 4);
    assert_string_equal(find(b, "b"), "b=two");
}

static void what_has_ended_already_is_no_answer(void **state)
{
    bench_t *b = make(*state);

    b->found.until = b->cx->now;
    assert_string_equal(find(b, "a"), "fault");
    assert_string_equal(find(b, "a"), "fault");
    assert_int_equal(b->requests, 1);
    assert_int_equal(scratch_count(b->dir), 0);
}

/* What was learnt in a future that does not come is asked for again. */
static void a_clock_is_set_back(void **state)
{
    bench_t *b = make(*state);

    b->found.until = b->cx->now + 1000 * DAY;
    assert_string_equal(find(b, "a"), "a=one");
    b->status = 404;
    assert_string_equal(find(b, "b"), "none");
    b->cx->now -= 30 * DAY;
    assert_string_equal(find(b, "b"), "none");
    assert_int_equal(b->requests, 3);
    b->status = 200;
    b->body = "two";
    assert_string_equal(find(b, "a"), "a=one");
    work(b);
    assert_string_equal(find(b, "a"), "a=two");
    assert_int_equal(b->requests, 4);
}

static void names_have_an_end(void **state)
{
    bench_t *b = make(*state);
    char *longest = apr_pcalloc(b->cx->pool, SSO_LOOKUP_KEY_MAX + 2);

    memset(longest, 'x', SSO_LOOKUP_KEY_MAX + 1);
    assert_string_equal(find(b, longest), "none");
    assert_string_equal(find(b, ""), "none");
    assert_int_equal(b->requests, 0);
    longest[SSO_LOOKUP_KEY_MAX] = '\0';
    (void)find(b, longest);
    assert_int_equal(b->requests, 1);
}

/* configtest and ssoctl read what there is, and ask nobody. */
static void who_may_not_write_does_not_ask(void **state)
{
    bench_t *b = make(*state);

    assert_string_equal(find(b, "a"), "a=one");
    start(b, 0, "salt");
    b->cx->now += HOUR + SECOND;
    assert_string_equal(find(b, "a"), "a=one");
    assert_string_equal(find(b, "b"), "fault");
    work(b);
    assert_int_equal(b->requests, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(it_is_asked_for_once),
        UNIT(it_is_renewed_behind),
        UNIT(a_failure_changes_nothing),
        UNIT(an_old_copy_is_asked_for_first),
        UNIT(a_copy_without_an_end_has_one),
        UNIT(what_ends_soon_is_looked_for_again_then),
        UNIT(what_has_come_is_not_renewed),
        UNIT(what_is_taken_out_is_gone),
        UNIT(what_is_not_there_is_not_asked_for_again),
        UNIT(few_wait_at_once),
        UNIT(few_are_asked_for_in_a_second),
        UNIT(the_second_does_not_go_back),
        UNIT(one_place_is_one),
        UNIT(copies_that_nobody_uses_go),
        UNIT(who_was_not_asked_names_in_vain),
        UNIT(what_was_wanted_first_gives_way),
        UNIT(who_does_not_answer_waits_for_its_turn),
        UNIT(what_has_ended_already_is_no_answer),
        UNIT(a_clock_is_set_back),
        UNIT(names_have_an_end),
        UNIT(who_may_not_write_does_not_ask),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
