/*
 * test_store_shared.c - two machines and what lies between them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shared_form.h"
#include "store/store_mem.h"
#include "store/store_shared.h"
#include "store_contract.h"

#include <apr_hash.h>
#include <apr_strings.h>

#include <stdio.h>

/* ---- a remote memory that does as the test wants ---- */

typedef struct {
    sso_remote_t remote; /* first */
    apr_pool_t *pool;
    apr_hash_t *values;
    int is_down;
    int is_short;          /* this child lacks something to ask with */
    int questions, writes; /* that came through */
    void (*after_get)(sso_ctx_t *cx);
} heap_t;

static heap_t *heap(sso_remote_t *remote)
{
    return (heap_t *)(void *)remote;
}

static apr_status_t down(sso_ctx_t *cx)
{
    return sso_fail(cx, SSO_F_SESSION_STORE, "the test wants it so");
}

static apr_status_t heap_get(sso_remote_t *remote, sso_ctx_t *cx, sso_remote_item_t *items, int n)
{
    heap_t *h = heap(remote);
    int i;

    h->questions++;
    if (h->is_down) return down(cx);
    if (h->is_short) {
        (void)down(cx);
        return APR_EAGAIN;
    }
    for (i = 0; i < n; i++) {
        const sso_span_t *value = apr_hash_get(h->values, items[i].key.b, sizeof(items[i].key.b));

        items[i].found = value != NULL;
        items[i].value = value && value->n <= items[i].room
                             ? sso_span_of(apr_pmemdup(cx->pool, value->p, value->n), value->n)
                             : sso_span_of("", 0);
    }
    if (h->after_get) h->after_get(cx);
    return APR_SUCCESS;
}

static apr_status_t heap_put(sso_remote_t *remote, sso_ctx_t *cx, const sso_store_key_t *key,
                             apr_time_t until, sso_span_t value)
{
    heap_t *h = heap(remote);
    sso_span_t *kept = apr_palloc(h->pool, sizeof(*kept));

    (void)until;
    h->writes++;
    if (h->is_down) return down(cx);
    *kept = sso_span_of(apr_pmemdup(h->pool, value.p, value.n), value.n);
    apr_hash_set(h->values, apr_pmemdup(h->pool, key->b, sizeof(key->b)), sizeof(key->b), kept);
    return APR_SUCCESS;
}

static apr_status_t heap_drop(sso_remote_t *remote, sso_ctx_t *cx, const sso_store_key_t *key)
{
    heap_t *h = heap(remote);

    if (h->is_down) return down(cx);
    apr_hash_set(h->values, key->b, sizeof(key->b), NULL);
    return APR_SUCCESS;
}

static heap_t *make_heap(sso_ctx_t *cx)
{
    static const sso_remote_ops_t ops = {heap_get, heap_put, heap_drop};
    heap_t *h = apr_pcalloc(cx->pool, sizeof(*h));

    h->remote.ops = &ops;
    h->pool = cx->pool;
    h->values = apr_hash_make(cx->pool);
    return h;
}

static sso_store_t *make_machine(sso_ctx_t *cx, heap_t *between, sso_store_t *near)
{
    const sso_span_t secret = sso_span("a secret that all machines have");
    sso_remote_state_t *state = apr_pcalloc(cx->pool, sizeof(*state));
    sso_seal_t *seal;

    assert_int_equal(sso_seal_prepare(cx, cx->pool, &secret, 1, &seal), APR_SUCCESS);
    return sso_store_shared_make(cx->pool, near, &between->remote, seal, state);
}

/* ---- two of them ---- */

typedef struct {
    sso_ctx_t *cx;
    heap_t *between;
    sso_store_t *near_a, *a, *b;
    int at_a, at_b; /* number of the host */
} pair_t;

static pair_t make_pair(sso_ctx_t *cx)
{
    pair_t p = {.cx = cx, .between = make_heap(cx), .near_a = sso_store_mem_make(cx->pool)};

    p.a = make_machine(cx, p.between, p.near_a);
    p.b = make_machine(cx, p.between, sso_store_mem_make(cx->pool));
    (void)tenant_of(p.b, cx, "another"); /* so that numbers differ */
    p.at_a = tenant_of(p.a, cx, "host");
    p.at_b = tenant_of(p.b, cx, "host");
    return p;
}

/* What fetch gives, as a text; NULL: no such session. */
static const char *fetch_text(sso_store_t *store, sso_ctx_t *cx, apr_uint64_t key, int tenant)
{
    sso_store_key_t k = key_of(key);
    sso_record_t record;
    apr_status_t rv = store->ops->fetch(store, cx, &k, tenant, &record);

    if (rv != APR_SUCCESS) return NULL;
    return sso_span_text(cx->pool, record.value);
}

static void later(sso_ctx_t *cx, apr_interval_time_t time)
{
    cx->now += time;
}

static void a_session_is_found_by_the_other_machine(void **state)
{
    pair_t p = make_pair(*state);

    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    assert_null(get_text(p.b, p.cx, 1, p.at_b)); /* not by get, which asks nobody */
    assert_string_equal(fetch_text(p.b, p.cx, 1, p.at_b), "ada");
    assert_string_equal(get_text(p.b, p.cx, 1, p.at_b), "ada");
    assert_int_equal(stats_of(p.b, p.cx).remote_hits, 1);
    assert_null(fetch_text(p.b, p.cx, 1, tenant_of(p.b, p.cx, "another")));
}

static void a_young_copy_asks_nobody(void **state)
{
    pair_t p = make_pair(*state);

    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    p.between->questions = 0;
    later(p.cx, SSO_SHARED_YOUNG - 1);
    assert_string_equal(get_text(p.a, p.cx, 1, p.at_a), "ada");
    assert_int_equal(p.between->questions, 0);
    later(p.cx, 1);
    assert_string_equal(get_text(p.a, p.cx, 1, p.at_a), "ada");
    assert_int_equal(p.between->questions, 1);
    assert_string_equal(get_text(p.a, p.cx, 1, p.at_a), "ada");
    assert_int_equal(p.between->questions, 1);
}

static void what_ends_on_one_ends_on_the_other(void **state)
{
    pair_t p = make_pair(*state);
    sso_store_key_t k = key_of(1);

    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    assert_string_equal(fetch_text(p.b, p.cx, 1, p.at_b), "ada");
    assert_int_equal(p.a->ops->drop(p.a, p.cx, &k, p.at_a), APR_SUCCESS);
    assert_null(get_text(p.a, p.cx, 1, p.at_a));
    later(p.cx, SSO_SHARED_YOUNG);
    assert_null(get_text(p.b, p.cx, 1, p.at_b));
    assert_null(fetch_text(p.b, p.cx, 1, p.at_b));
    assert_int_equal(p.a->ops->drop(p.a, p.cx, &k, p.at_a), APR_NOTFOUND);
}

/* It was never used on the machine that ends it. */
static void a_session_ends_where_there_is_no_copy(void **state)
{
    pair_t p = make_pair(*state);
    sso_store_key_t k = key_of(1);

    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    assert_int_equal(p.b->ops->drop(p.b, p.cx, &k, p.at_b), APR_SUCCESS);
    later(p.cx, SSO_SHARED_YOUNG);
    assert_null(get_text(p.a, p.cx, 1, p.at_a));
}

static pair_t *raced;

static void write_back(sso_ctx_t *cx)
{
    sso_store_key_t k = key_of(1);
    sso_record_t record = record_of(raced->at_b, "ada again");

    record.renew = 1;
    assert_int_equal(raced->b->ops->put(raced->b, cx, &k, &record), APR_SUCCESS);
}

/* B has the session in hand, and writes it back after A has ended it. */
static void what_has_ended_is_not_written_back(void **state)
{
    pair_t p = make_pair(*state);
    sso_store_key_t k = key_of(1);

    raced = &p;
    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    assert_string_equal(fetch_text(p.b, p.cx, 1, p.at_b), "ada");
    assert_int_equal(p.a->ops->drop(p.a, p.cx, &k, p.at_a), APR_SUCCESS);
    write_back(p.cx);
    later(p.cx, SSO_SHARED_YOUNG);
    assert_null(get_text(p.b, p.cx, 1, p.at_b));
    assert_null(fetch_text(p.a, p.cx, 1, p.at_a));
}

static sso_record_t noticed(int tenant, const char *text)
{
    sso_record_t record = record_of(tenant, text);

    record.notice[0].key = key_of(100);
    record.notice[1].key = key_of(200);
    return record;
}

static void a_notice_ends_what_was_there_before_it(void **state)
{
    pair_t p = make_pair(*state);
    int i;

    for (i = 0; i < 2; i++) {
        const sso_store_key_t notice = key_of(i ? 200 : 100);
        const sso_store_key_t before = key_of(1 + 2 * (apr_uint64_t)i);
        const sso_store_key_t after = key_of(2 + 2 * (apr_uint64_t)i);
        sso_record_t record = noticed(p.at_a, "ada");

        assert_int_equal(p.a->ops->put(p.a, p.cx, &before, &record), APR_SUCCESS);
        assert_int_equal(p.b->ops->notify(p.b, p.cx, &notice, p.cx->now + APR_TIME_C(3600000000)),
                         APR_SUCCESS);
        record = noticed(p.at_a, "ada");
        assert_int_equal(p.a->ops->put(p.a, p.cx, &after, &record), APR_SUCCESS);
        later(p.cx, SSO_SHARED_YOUNG);
        assert_null(get_text(p.a, p.cx, 1 + 2 * (apr_uint64_t)i, p.at_a));
        assert_string_equal(get_text(p.a, p.cx, 2 + 2 * (apr_uint64_t)i, p.at_a), "ada");
        assert_null(fetch_text(p.b, p.cx, 1 + 2 * (apr_uint64_t)i, p.at_b));
        assert_string_equal(fetch_text(p.b, p.cx, 2 + 2 * (apr_uint64_t)i, p.at_b), "ada");
    }
}

static void without_an_answer_a_copy_goes_on_for_a_while(void **state)
{
    pair_t p = make_pair(*state);
    sso_store_key_t k = key_of(1);
    sso_record_t record;

    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    p.between->is_down = 1;
    later(p.cx, SSO_SHARED_GRACE - 1);
    assert_string_equal(get_text(p.a, p.cx, 1, p.at_a), "ada");
    assert_int_equal(p.cx->err.fault, SSO_F_NONE);
    later(p.cx, 1);
    assert_int_not_equal(p.a->ops->get(p.a, p.cx, &k, p.at_a, &record), APR_SUCCESS);
    assert_fault(p.cx, SESSION_STORE);
    assert_int_not_equal(p.b->ops->fetch(p.b, p.cx, &k, p.at_b, &record), APR_NOTFOUND);
    assert_fault(p.cx, SESSION_STORE);
    p.between->is_down = 0;
    later(p.cx, APR_TIME_C(2000000));
    assert_string_equal(get_text(p.a, p.cx, 1, p.at_a), "ada"); /* it has not ended */
    assert_string_equal(fetch_text(p.b, p.cx, 1, p.at_b), "ada");
}

static void in_doubt_one_asks_for_all(void **state)
{
    pair_t p = make_pair(*state);
    sso_store_key_t k = key_of(1);
    sso_record_t record;
    int i;

    p.between->is_down = 1;
    for (i = 0; i < 20; i++) {
        assert_int_not_equal(p.a->ops->fetch(p.a, p.cx, &k, p.at_a, &record), APR_NOTFOUND);
        assert_fault(p.cx, SESSION_STORE);
    }
    assert_int_equal(p.between->questions, 1);
    later(p.cx, APR_TIME_C(2000000));
    for (i = 0; i < 20; i++) {
        assert_int_not_equal(p.a->ops->fetch(p.a, p.cx, &k, p.at_a, &record), APR_NOTFOUND);
        sso_ctx_clear(p.cx);
    }
    assert_int_equal(p.between->questions, 2);
    assert_int_equal(stats_of(p.a, p.cx).remote_errors, 2);
    p.between->is_down = 0;
    later(p.cx, APR_TIME_C(2000000));
    for (i = 0; i < 20; i++)
        assert_int_equal(put_text(p.a, p.cx, (apr_uint64_t)i, p.at_a, "ada"), APR_SUCCESS);
}

static apr_status_t no_mark(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                            apr_time_t until)
{
    (void)store;
    (void)key;
    (void)until;
    return sso_fail(cx, SSO_F_STORE_FULL, "the test wants it so");
}

/* A machine with no room left is not the reason for everybody to wait for the cache. */
static void in_doubt_one_asks_for_all_also_with_a_full_store(void **state)
{
    pair_t p = make_pair(*state);
    sso_store_ops_t full = *p.near_a->ops;
    sso_store_key_t k = key_of(1);
    sso_record_t record;
    int i;

    full.mark = no_mark;
    p.near_a->ops = &full;
    p.between->is_down = 1;
    for (i = 0; i < 20; i++) {
        assert_int_not_equal(p.a->ops->fetch(p.a, p.cx, &k, p.at_a, &record), APR_NOTFOUND);
        assert_fault(p.cx, SESSION_STORE);
    }
    assert_int_equal(p.between->questions, 1);
}

/* Doubt of an hour to come is none. */
static void doubt_and_a_clock_that_was_set_back(void **state)
{
    pair_t p = make_pair(*state);
    sso_store_key_t k = key_of(1);
    sso_record_t record;

    p.between->is_down = 1;
    assert_int_not_equal(p.a->ops->fetch(p.a, p.cx, &k, p.at_a, &record), APR_NOTFOUND);
    assert_fault(p.cx, SESSION_STORE);
    p.between->is_down = 0;
    later(p.cx, -APR_TIME_C(3600000000));
    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    assert_int_equal(put_text(p.a, p.cx, 2, p.at_a, "bob"), APR_SUCCESS);
}

static void nothing_begins_or_ends_in_doubt(void **state)
{
    pair_t p = make_pair(*state);
    const sso_store_key_t k = key_of(1);
    const sso_store_key_t notice = key_of(100);
    sso_record_t record;

    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    p.between->is_down = 1;
    assert_int_not_equal(put_text(p.a, p.cx, 2, p.at_a, "bob"), APR_SUCCESS);
    assert_fault(p.cx, SESSION_STORE);
    assert_null(get_text(p.a, p.cx, 2, p.at_a));
    assert_int_not_equal(p.a->ops->notify(p.a, p.cx, &notice, p.cx->now + 1000), APR_SUCCESS);
    assert_fault(p.cx, SESSION_STORE);
    assert_int_not_equal(p.a->ops->drop(p.a, p.cx, &k, p.at_a), APR_SUCCESS);
    assert_fault(p.cx, SESSION_STORE);
    assert_int_not_equal(p.a->ops->get(p.a, p.cx, &k, p.at_a, &record), APR_SUCCESS);
    assert_fault(p.cx, SESSION_STORE); /* here it does not go on either */
}

static void what_could_not_be_ended_is_ended_again(void **state)
{
    pair_t p = make_pair(*state);
    const sso_store_key_t k = key_of(1);
    const sso_match_t all = {.tenant = p.at_a};
    int n;

    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    assert_string_equal(fetch_text(p.b, p.cx, 1, p.at_b), "ada");
    p.between->is_down = 1;
    assert_int_not_equal(p.a->ops->drop(p.a, p.cx, &k, p.at_a), APR_SUCCESS);
    assert_fault(p.cx, SESSION_STORE);
    p.between->is_down = 0;
    later(p.cx, APR_TIME_C(2000000));
    assert_int_equal(p.a->ops->revoke(p.a, p.cx, &all, &n), APR_SUCCESS);
    assert_int_equal(n, 1);
    later(p.cx, SSO_SHARED_YOUNG);
    assert_null(get_text(p.b, p.cx, 1, p.at_b));
}

/* A child that could not ask has learned nothing about the cache. */
static void what_one_child_lacks_is_no_doubt(void **state)
{
    pair_t p = make_pair(*state);
    sso_store_key_t k = key_of(1);
    sso_record_t record;

    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    p.between->is_short = 1;
    assert_int_equal(p.b->ops->fetch(p.b, p.cx, &k, p.at_b, &record), APR_EAGAIN);
    assert_fault(p.cx, SESSION_STORE);
    p.between->is_short = 0;
    assert_string_equal(fetch_text(p.b, p.cx, 1, p.at_b), "ada");
    assert_int_equal(stats_of(p.b, p.cx).remote_errors, 0);
}

typedef struct {
    int lines;
    char last[512];
} heard_t;

static void hear(void *sink, int level, const char *file, int line, const char *text)
{
    heard_t *heard = sink;

    (void)level;
    (void)file;
    (void)line;
    if (!strstr(text, "compare SSOSecret")) return;
    heard->lines++;
    (void)snprintf(heard->last, sizeof(heard->last), "%s", text);
}

static void foreign_values_are_logged_once_a_minute(void **state)
{
    sso_ctx_t *cx = *state;
    pair_t p = make_pair(cx);
    heard_t heard = {0};
    apr_hash_index_t *hi;
    apr_uint64_t i;

    for (i = 1; i <= 5; i++)
        assert_int_equal(put_text(p.a, cx, i, p.at_a, "ada"), APR_SUCCESS);
    for (hi = apr_hash_first(cx->pool, p.between->values); hi; hi = apr_hash_next(hi))
        *(sso_span_t *)apr_hash_this_val(hi) = sso_span("foreign");
    cx->log = hear;
    cx->sink = &heard;
    cx->level = SSO_LOG_WARN;
    for (i = 1; i <= 4; i++)
        assert_null(fetch_text(p.b, cx, i, p.at_b));
    assert_int_equal(heard.lines, 1);
    later(cx, APR_TIME_C(60000000));
    assert_null(fetch_text(p.b, cx, 5, p.at_b));
    assert_int_equal(heard.lines, 2);
    assert_non_null(strstr(heard.last, "and 3 more"));
    cx->log = NULL;
}

static void what_is_not_there_is_asked_about_once_a_minute(void **state)
{
    pair_t p = make_pair(*state);
    int i;

    for (i = 0; i < 10; i++)
        assert_null(fetch_text(p.a, p.cx, 1, p.at_a));
    assert_int_equal(p.between->questions, 1);
    later(p.cx, APR_TIME_C(60000000));
    assert_null(fetch_text(p.a, p.cx, 1, p.at_a));
    assert_int_equal(p.between->questions, 2);
}

/* Values for two keys change places, a byte changes, and a notice is not what we wrote. */
static void what_others_have_touched_is_refused(void **state)
{
    pair_t p = make_pair(*state);
    sso_span_t *values[2];
    sso_span_t keep;
    apr_hash_index_t *hi;
    int n = 0;

    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    assert_int_equal(put_text(p.a, p.cx, 2, p.at_a, "bob"), APR_SUCCESS);
    for (hi = apr_hash_first(p.cx->pool, p.between->values); hi; hi = apr_hash_next(hi))
        values[n++] = apr_hash_this_val(hi);
    assert_int_equal(n, 2);
    keep = *values[0];
    *values[0] = *values[1];
    *values[1] = keep;
    assert_null(fetch_text(p.b, p.cx, 1, p.at_b));
    assert_null(fetch_text(p.b, p.cx, 2, p.at_b));
    later(p.cx, SSO_SHARED_YOUNG);
    assert_null(get_text(p.a, p.cx, 1, p.at_a));
    *values[1] = *values[0];
    *values[0] = keep;
    assert_string_equal(get_text(p.a, p.cx, 2, p.at_a), "bob");
    ((char *)(uintptr_t)keep.p)[keep.n / 2] ^= 1;
    later(p.cx, APR_TIME_C(60000000));
    n = !fetch_text(p.b, p.cx, 1, p.at_b) + !fetch_text(p.b, p.cx, 2, p.at_b);
    assert_int_equal(n, 1);
}

static void a_notice_that_does_not_open_ends_and_lets_nobody_in(void **state)
{
    static const sso_store_key_t no_host;
    pair_t p = make_pair(*state);
    const sso_store_key_t k = key_of(1);
    const sso_store_key_t plain = key_of(100);
    sso_record_t record = noticed(p.at_a, "ada");
    sso_store_key_t name;

    assert_int_equal(p.a->ops->put(p.a, p.cx, &k, &record), APR_SUCCESS);
    assert_int_equal(sso_shared_name(p.cx, SSO_SHARED_SAYS_NOTICE, &no_host, &plain, &name),
                     APR_SUCCESS);
    assert_int_equal(heap_put(&p.between->remote, p.cx, &name, 0, sso_span("forged")), APR_SUCCESS);
    later(p.cx, SSO_SHARED_YOUNG);
    assert_null(get_text(p.a, p.cx, 1, p.at_a));
    record = noticed(p.at_a, "ada");
    assert_int_not_equal(p.a->ops->put(p.a, p.cx, &k, &record), APR_SUCCESS);
    assert_fault(p.cx, SESSION_STORE);
}

static void a_clock_that_was_set_back(void **state)
{
    pair_t p = make_pair(*state);

    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    p.between->questions = 0;
    p.cx->now -= SSO_SHARED_GRACE;
    assert_string_equal(get_text(p.a, p.cx, 1, p.at_a), "ada");
    assert_int_equal(p.between->questions, 1);
}

/* Used on A for hours: B learns of it before the idle time has passed. */
static void idle_time_is_everywhere(void **state)
{
    pair_t p = make_pair(*state);
    const sso_store_key_t k = key_of(1);
    const apr_interval_time_t idle = APR_TIME_C(600000000);
    sso_record_t record = record_of(p.at_a, "ada");
    int i;

    record.idle = idle;
    assert_int_equal(p.a->ops->put(p.a, p.cx, &k, &record), APR_SUCCESS);
    p.between->writes = 0;
    for (i = 0; i < 100; i++) {
        later(p.cx, APR_TIME_C(10000000));
        assert_string_equal(get_text(p.a, p.cx, 1, p.at_a), "ada");
    }
    assert_in_range(p.between->writes, 10, 14); /* rarely */
    assert_string_equal(fetch_text(p.b, p.cx, 1, p.at_b), "ada");
    later(p.cx, idle);
    assert_null(get_text(p.a, p.cx, 1, p.at_a));
    assert_null(fetch_text(p.a, p.cx, 1, p.at_a));
}

static void change_it(sso_ctx_t *cx)
{
    sso_store_key_t k = key_of(1);
    sso_record_t record = record_of(raced->at_b, "no admin any more");

    raced->between->after_get = NULL;
    record.renew = 1;
    record.idle = APR_TIME_C(600000000);
    assert_int_equal(raced->b->ops->put(raced->b, cx, &k, &record), APR_SUCCESS);
}

/* B changes the session while A tells of its use. */
static void use_undoes_no_change(void **state)
{
    pair_t p = make_pair(*state);
    const sso_store_key_t k = key_of(1);
    sso_record_t record = record_of(p.at_a, "admin");

    raced = &p;
    record.idle = APR_TIME_C(600000000);
    assert_int_equal(p.a->ops->put(p.a, p.cx, &k, &record), APR_SUCCESS);
    assert_string_equal(fetch_text(p.b, p.cx, 1, p.at_b), "admin");
    later(p.cx, APR_TIME_C(300000000));
    p.between->after_get = change_it;
    assert_string_equal(get_text(p.a, p.cx, 1, p.at_a), "admin"); /* as it was when it was asked */
    later(p.cx, SSO_SHARED_YOUNG);
    assert_string_equal(get_text(p.a, p.cx, 1, p.at_a), "no admin any more");
    assert_string_equal(get_text(p.b, p.cx, 1, p.at_b), "no admin any more");
}

static void forgotten_here_it_lives_there(void **state)
{
    pair_t p = make_pair(*state);
    const sso_store_key_t k = key_of(1);

    assert_int_equal(put_text(p.a, p.cx, 1, p.at_a, "ada"), APR_SUCCESS);
    assert_int_equal(p.a->ops->forget(p.a, p.cx, &k, p.at_a), APR_SUCCESS);
    assert_null(get_text(p.a, p.cx, 1, p.at_a));
    assert_string_equal(fetch_text(p.a, p.cx, 1, p.at_a), "ada");
}

static void what_one_machine_kept_for_itself_is_not_found(void **state)
{
    pair_t p = make_pair(*state);
    const sso_match_t all = {.tenant = -1};
    int tenant = tenant_of(p.near_a, p.cx, "host");
    int n;

    assert_int_equal(put_text(p.near_a, p.cx, 1, tenant, "ada"), APR_SUCCESS);
    assert_null(get_text(p.a, p.cx, 1, p.at_a));
    assert_int_equal(p.a->ops->revoke(p.a, p.cx, &all, &n), APR_SUCCESS);
    assert_int_equal(n, 1);
    assert_null(get_text(p.near_a, p.cx, 1, tenant));
}

static sso_store_t *make(sso_ctx_t *cx)
{
    return make_machine(cx, make_heap(cx), sso_store_mem_make(cx->pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(a_session_is_found_by_the_other_machine),
        UNIT(a_young_copy_asks_nobody),
        UNIT(what_ends_on_one_ends_on_the_other),
        UNIT(a_session_ends_where_there_is_no_copy),
        UNIT(what_has_ended_is_not_written_back),
        UNIT(a_notice_ends_what_was_there_before_it),
        UNIT(without_an_answer_a_copy_goes_on_for_a_while),
        UNIT(in_doubt_one_asks_for_all),
        UNIT(in_doubt_one_asks_for_all_also_with_a_full_store),
        UNIT(doubt_and_a_clock_that_was_set_back),
        UNIT(nothing_begins_or_ends_in_doubt),
        UNIT(what_could_not_be_ended_is_ended_again),
        UNIT(what_one_child_lacks_is_no_doubt),
        UNIT(foreign_values_are_logged_once_a_minute),
        UNIT(what_is_not_there_is_asked_about_once_a_minute),
        UNIT(what_others_have_touched_is_refused),
        UNIT(a_notice_that_does_not_open_ends_and_lets_nobody_in),
        UNIT(a_clock_that_was_set_back),
        UNIT(idle_time_is_everywhere),
        UNIT(use_undoes_no_change),
        UNIT(forgotten_here_it_lives_there),
        UNIT(what_one_machine_kept_for_itself_is_not_found),
    };

    contract_make = make;
    contract_most = SSO_RECORD_MAX - SSO_SHARED_TAIL;
    return contract_run("store_shared: contract")
           + cmocka_run_group_tests_name("store_shared", tests, unit_start, NULL);
}
