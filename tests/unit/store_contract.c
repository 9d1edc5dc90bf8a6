/*
 * store_contract.c - the tests of store.h itself, the same for every backend.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store_contract.h"

apr_size_t contract_most;
sso_store_t *(*contract_make)(sso_ctx_t *cx);
void (*contract_check)(sso_ctx_t *cx, sso_store_t *store);

sso_store_key_t key_of(apr_uint64_t n)
{
    sso_store_key_t key;
    apr_uint64_t half[2];

    half[0] = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
    half[1] = (half[0] ^ half[0] >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    memcpy(key.b, half, sizeof(half));
    return key;
}

sso_record_t record_of(int tenant, const char *text)
{
    return (sso_record_t){.tenant = tenant, .expires = NOW + 3600 * SEC, .value = sso_span(text)};
}

int tenant_of(sso_store_t *store, sso_ctx_t *cx, const char *name)
{
    int number = -1;

    assert_int_equal(store->ops->tenant(store, cx, name, 0, &number), APR_SUCCESS);
    return number;
}

apr_status_t put_text(sso_store_t *store, sso_ctx_t *cx, apr_uint64_t key, int tenant,
                      const char *text)
{
    sso_store_key_t k = key_of(key);
    sso_record_t record = record_of(tenant, text);

    return store->ops->put(store, cx, &k, &record);
}

const char *get_text(sso_store_t *store, sso_ctx_t *cx, apr_uint64_t key, int tenant)
{
    sso_store_key_t k = key_of(key);
    sso_record_t record;

    if (store->ops->get(store, cx, &k, tenant, &record)) return NULL;
    assert_int_equal(record.value.p[record.value.n], '\0');
    return record.value.p;
}

sso_store_stats_t stats_of(sso_store_t *store, sso_ctx_t *cx)
{
    sso_store_stats_t stats;

    assert_int_equal(store->ops->stats(store, cx, &stats), APR_SUCCESS);
    return stats;
}

/* ---- tenants ---- */

static void a_name_keeps_its_number(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int a = tenant_of(store, cx, "a.example");
    int b = tenant_of(store, cx, "b.example");

    assert_int_not_equal(a, b);
    assert_int_equal(tenant_of(store, cx, "a.example"), a);
    assert_int_equal(tenant_of(store, cx, "b.example"), b);
}

static void there_is_a_last_tenant(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int number = -1;
    int i;

    for (i = 0; i < SSO_TENANTS_MAX; i++) {
        const char *name = apr_psprintf(cx->pool, "host%d", i);

        assert_int_equal(store->ops->tenant(store, cx, name, 0, &number), APR_SUCCESS);
        assert_in_range(number, 0, SSO_TENANTS_MAX - 1);
    }
    number = -7;
    assert_int_equal(store->ops->tenant(store, cx, "one more", 0, &number), APR_ENOSPC);
    assert_int_equal(number, -7);
    assert_int_equal(store->ops->tenant(store, cx, "host0", 0, &number), APR_SUCCESS);
}

static void a_quota_is_a_percentage(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int number = -7;

    assert_int_not_equal(store->ops->tenant(store, cx, "a", 101, &number), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_int_not_equal(store->ops->tenant(store, cx, "a", -1, &number), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_int_equal(number, -7);
    assert_int_equal(store->ops->tenant(store, cx, "a", 100, &number), APR_SUCCESS);
}

/* ---- records ---- */

static void a_record_comes_back_as_it_was(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    sso_store_key_t key = key_of(1);
    sso_record_t in = record_of(tenant_of(store, cx, "a"), "value");
    sso_record_t out;

    in.subject = key_of(101);
    in.sid = key_of(102);
    in.expires += 123456; /* a part of a second */
    in.idle = 900 * SEC;
    assert_int_equal(store->ops->put(store, cx, &key, &in), APR_SUCCESS);
    assert_int_equal(store->ops->get(store, cx, &key, in.tenant, &out), APR_SUCCESS);
    assert_int_equal(out.tenant, in.tenant);
    assert_memory_equal(&out.subject, &in.subject, sizeof(in.subject));
    assert_memory_equal(&out.sid, &in.sid, sizeof(in.sid));
    assert_true(out.expires == in.expires);
    assert_true(out.idle == in.idle);
    assert_true(sso_span_eq(out.value, in.value));
    assert_int_equal(out.value.p[out.value.n], '\0');
}

static void every_length_survives(void **state)
{
    static const apr_size_t lengths[] = {1,   7,   8,   9,   23,  24,   25,   39,    40,
                                         41,  63,  64,  65,  71,  72,   73,   103,   104,
                                         105, 127, 128, 129, 640, 1000, 4095, 65535, 65536};
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int tenant = tenant_of(store, cx, "a");
    char *bytes = apr_palloc(cx->pool, SSO_RECORD_MAX);
    apr_size_t i;
    unsigned int keys;

    for (i = 0; i < SSO_RECORD_MAX; i++) {
        bytes[i] = (char)(unsigned char)(i * 37 + (i >> 8) + 11);
    }
    for (keys = 0; keys < 4; keys++) {
        for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            sso_store_key_t key = key_of(i);
            sso_record_t in = record_of(tenant, "");
            sso_record_t out;

            in.value = sso_span_of(bytes, lengths[i]);
            if (contract_most && in.value.n > contract_most) in.value.n = contract_most;
            if (keys & 1) in.subject = key_of(1000 + i);
            if (keys & 2) in.sid = key_of(2000 + i);
            assert_int_equal(store->ops->put(store, cx, &key, &in), APR_SUCCESS);
            assert_int_equal(store->ops->get(store, cx, &key, tenant, &out), APR_SUCCESS);
            assert_true(sso_span_eq(in.value, out.value));
            assert_int_equal(out.value.p[out.value.n], '\0');
            assert_memory_equal(&out.subject, &in.subject, sizeof(in.subject));
            assert_memory_equal(&out.sid, &in.sid, sizeof(in.sid));
        }
    }
}

/* Whoever hurries, for what is there, is going, or never was, changes nothing. */
static void an_approach_changes_nothing(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int tenant = tenant_of(store, cx, "a");
    sso_store_stats_t before;
    apr_uint64_t i;
    int step;

    for (i = 0; i < 100; i += 2)
        assert_int_equal(put_text(store, cx, i, tenant, "value"), APR_SUCCESS);
    before = stats_of(store, cx);
    for (i = 0; i < 200 && store->ops->approach; i++) {
        for (step = SSO_STORE_BUCKET; step <= SSO_STORE_RECORD; step++) {
            sso_store_key_t key = key_of(i);

            store->ops->approach(store, &key, (sso_store_step_t)step);
        }
    }
    assert_int_equal(stats_of(store, cx).records, before.records);
    assert_int_equal(stats_of(store, cx).gets, before.gets);
    for (i = 0; i < 100; i++) {
        const char *text = get_text(store, cx, i, tenant);

        if (i % 2)
            assert_null(text);
        else
            assert_string_equal(text, "value");
    }
}

static void a_value_has_a_size(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    sso_store_key_t key = key_of(1);
    sso_record_t record = record_of(tenant_of(store, cx, "a"), "");

    assert_int_not_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
    assert_fault(cx, SESSION_SIZE);
    record.value = sso_span_of(apr_pcalloc(cx->pool, SSO_RECORD_MAX + 1), SSO_RECORD_MAX + 1);
    assert_int_not_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
    assert_fault(cx, SESSION_SIZE);
    assert_null(get_text(store, cx, 1, record.tenant));
}

static void an_unknown_tenant_stores_nothing(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int known = tenant_of(store, cx, "a");

    assert_int_not_equal(put_text(store, cx, 1, known + 1, "x"), APR_SUCCESS);
    assert_fault(cx, INTERNAL);
    assert_int_not_equal(put_text(store, cx, 1, -1, "x"), APR_SUCCESS);
    assert_fault(cx, INTERNAL);
    assert_int_equal(stats_of(store, cx).records, 0);
}

static void put_replaces(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int tenant = tenant_of(store, cx, "a");

    assert_int_equal(put_text(store, cx, 1, tenant, "one"), APR_SUCCESS);
    assert_int_equal(put_text(store, cx, 2, tenant, "other"), APR_SUCCESS);
    assert_int_equal(put_text(store, cx, 1, tenant, "a much longer value than before"),
                     APR_SUCCESS);
    assert_string_equal(get_text(store, cx, 1, tenant), "a much longer value than before");
    assert_string_equal(get_text(store, cx, 2, tenant), "other");
    assert_int_equal(stats_of(store, cx).records, 2);
    assert_int_equal(stats_of(store, cx).puts, 3);
}

/* A record is renewed where it is live; what has ended does not come back. */
static void renewing_revives_nothing(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int a = tenant_of(store, cx, "a");
    int b = tenant_of(store, cx, "b");
    sso_store_key_t key = key_of(1);
    sso_record_t record = record_of(a, "one");

    record.idle = 900 * SEC;
    record.renew = 1;
    assert_int_equal(store->ops->put(store, cx, &key, &record), APR_NOTFOUND);
    assert_null(get_text(store, cx, 1, a));
    record.renew = 0;
    assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
    record.renew = 1;
    record.value = sso_span("another");
    cx->now = NOW + 600 * SEC;
    assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
    record.tenant = b;
    assert_int_equal(store->ops->put(store, cx, &key, &record), APR_NOTFOUND);
    record.tenant = a;
    cx->now = NOW + 901 * SEC; /* nobody has used it */
    assert_null(get_text(store, cx, 1, a));
    assert_int_equal(store->ops->put(store, cx, &key, &record), APR_NOTFOUND);
    cx->now = NOW + 600 * SEC;
    assert_string_equal(get_text(store, cx, 1, a), "another");
    assert_int_equal(store->ops->drop(store, cx, &key, a), APR_SUCCESS);
    assert_int_equal(store->ops->put(store, cx, &key, &record), APR_NOTFOUND);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
    if (contract_check) contract_check(cx, store);
}

static void a_copy_outlives_its_record(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int tenant = tenant_of(store, cx, "a");
    const char *text;

    assert_int_equal(put_text(store, cx, 1, tenant, "kept"), APR_SUCCESS);
    text = get_text(store, cx, 1, tenant);
    assert_int_equal(put_text(store, cx, 1, tenant, "lost"), APR_SUCCESS);
    assert_string_equal(text, "kept");
}

static void tenants_do_not_meet(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int a = tenant_of(store, cx, "a");
    int b = tenant_of(store, cx, "b");
    sso_store_key_t key = key_of(1);

    assert_int_equal(put_text(store, cx, 1, a, "of a"), APR_SUCCESS);
    assert_null(get_text(store, cx, 1, b));
    assert_int_equal(store->ops->drop(store, cx, &key, b), APR_NOTFOUND);
    assert_string_equal(get_text(store, cx, 1, a), "of a");
}

static void a_dropped_record_is_gone(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int tenant = tenant_of(store, cx, "a");
    sso_store_key_t key = key_of(1);

    assert_int_equal(store->ops->drop(store, cx, &key, tenant), APR_NOTFOUND);
    assert_int_equal(put_text(store, cx, 1, tenant, "x"), APR_SUCCESS);
    assert_int_equal(store->ops->drop(store, cx, &key, tenant), APR_SUCCESS);
    assert_null(get_text(store, cx, 1, tenant));
    assert_int_equal(store->ops->drop(store, cx, &key, tenant), APR_NOTFOUND);
    assert_int_equal(stats_of(store, cx).records, 0);
}

static void a_miss_is_no_fault(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    sso_store_key_t key = key_of(1);
    sso_record_t out = {.tenant = 77};

    assert_int_equal(store->ops->get(store, cx, &key, tenant_of(store, cx, "a"), &out),
                     APR_NOTFOUND);
    assert_int_equal(out.tenant, 77);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
}

/* When a record with these times, put at NOW and got at each of the seconds, is still there. */
static const struct {
    const char *name;
    int expires; /* seconds after NOW */
    int idle;
    int got[6]; /* seconds after NOW, ends with 0 */
    int there;  /* is it there at the last one? */
} times[] = {
    {"before its end", 100, 0, {99}, 1},
    {"at its end", 100, 0, {100}, 0},
    {"no idle time: a long time later", 100000, 0, {99000}, 1},
    {"before the idle time", 100000, 60, {50}, 1},
    {"after the idle time", 100000, 60, {60}, 0},
    {"kept in use", 100000, 60, {50, 100, 150, 200, 250}, 1},
    {"kept in use, then not", 100000, 60, {50, 100, 150, 215}, 0},
    {"use does not move the end", 120, 60, {50, 100, 119, 120}, 0},
    {"an idle time of less than a second is not never", 100000, -1, {2}, 0},
};

static void records_end_in_time(void **state)
{
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        sso_store_t *store = contract_make(cx);
        sso_store_key_t key = key_of(i);
        sso_record_t record = record_of(tenant_of(store, cx, "a"), "x");
        int there = 0;
        int g;

        cx->now = NOW;
        record.expires = NOW + times[i].expires * SEC;
        record.idle = times[i].idle < 0 ? 1000 : times[i].idle * SEC;
        assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
        for (g = 0; g < 6 && times[i].got[g]; g++) {
            cx->now = NOW + times[i].got[g] * SEC;
            there = get_text(store, cx, i, record.tenant) != NULL;
        }
        if (there != times[i].there) fail_msg("%s", times[i].name);
    }
}

static void sweep_frees_what_is_over(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int tenant = tenant_of(store, cx, "a");
    sso_store_key_t key = key_of(3);
    sso_record_t record = record_of(tenant, "idle");

    record.idle = 60 * SEC;
    record.expires += 9999 * SEC;
    assert_int_equal(put_text(store, cx, 1, tenant, "x"), APR_SUCCESS);
    assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
    record.idle = 0;
    key = key_of(4);
    assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
    assert_int_equal(store->ops->mark(store, cx, &key, NOW + 10 * SEC), APR_SUCCESS);

    assert_int_equal(store->ops->sweep(store, cx), APR_SUCCESS);
    assert_int_equal(stats_of(store, cx).records, 3);
    assert_int_equal(stats_of(store, cx).marks, 1);
    cx->now = NOW + 4000 * SEC;
    assert_int_equal(store->ops->sweep(store, cx), APR_SUCCESS);
    assert_int_equal(stats_of(store, cx).records, 1);
    assert_int_equal(stats_of(store, cx).expired, 2);
    assert_int_equal(stats_of(store, cx).marks, 0);
    assert_non_null(get_text(store, cx, 4, tenant));
}

/* ---- revoke and walk ---- */

/* Six sessions of two people at two hosts. */
static const struct {
    int tenant, subject, sid;
} people[] = {{0, 1, 11}, {0, 1, 12}, {1, 1, 11}, {0, 2, 21}, {1, 2, 0}, {1, 0, 0}};

#define PEOPLE (sizeof(people) / sizeof(people[0]))

/* What a match finds: a bit for each of the six. */
static const struct {
    int tenant, subject, sid;
    unsigned int found;
} questions[] = {
    {-1, 0, 0, 0x3f},  {0, 0, 0, 0x0b},  {1, 0, 0, 0x34},   {-1, 1, 0, 0x07},
    {0, 1, 0, 0x03},   {-1, 2, 0, 0x18}, {-1, 0, 11, 0x05}, {1, 0, 11, 0x04},
    {-1, 1, 12, 0x02}, {-1, 2, 11, 0},   {-1, 3, 0, 0},     {0, 0, 99, 0},
};

#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static sso_store_key_t index_key(int n)
{
    static const sso_store_key_t none;

    return n ? key_of(5000 + (apr_uint64_t)n) : none;
}

static sso_store_t *with_people(sso_ctx_t *cx)
{
    sso_store_t *store = contract_make(cx);
    apr_size_t i;

    assert_int_equal(tenant_of(store, cx, "a"), 0);
    assert_int_equal(tenant_of(store, cx, "b"), 1);
    for (i = 0; i < PEOPLE; i++) {
        sso_store_key_t key = key_of(i);
        sso_record_t record = record_of(people[i].tenant, apr_psprintf(cx->pool, "%d", (int)i));

        record.subject = index_key(people[i].subject);
        record.sid = index_key(people[i].sid);
        assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
    }
    return store;
}

static sso_match_t match_of(apr_size_t q)
{
    return (sso_match_t){.tenant = questions[q].tenant,
                         .subject = index_key(questions[q].subject),
                         .sid = index_key(questions[q].sid)};
}

/* Which of the six are there. */
static unsigned int who_is_there(sso_store_t *store, sso_ctx_t *cx)
{
    unsigned int found = 0;
    apr_size_t i;

    for (i = 0; i < PEOPLE; i++) {
        if (get_text(store, cx, i, people[i].tenant)) found |= 1u << i;
    }
    return found;
}

static void revoke_takes_what_matches(void **state)
{
    sso_ctx_t *cx = *state;
    apr_size_t q;

    for (q = 0; q < QUESTIONS; q++) {
        sso_store_t *store = with_people(cx);
        sso_match_t match = match_of(q);
        int count = -1;

        assert_int_equal(store->ops->revoke(store, cx, &match, &count), APR_SUCCESS);
        assert_int_equal(who_is_there(store, cx), 0x3f & ~questions[q].found);
        assert_int_equal(count, __builtin_popcount(questions[q].found));
    }
}

typedef struct {
    sso_store_t *store;
    sso_ctx_t *cx;
    unsigned int seen;
    int stop_after; /* records */
    int shown;
} watcher_t;

static int watch(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                 apr_time_t used)
{
    watcher_t *w = baton;
    int i = record->value.p[0] - '0';
    sso_store_key_t wanted = key_of((apr_uint64_t)i);
    sso_store_key_t subject = index_key(people[i].subject);
    sso_store_key_t sid = index_key(people[i].sid);

    assert_memory_equal(key, &wanted, sizeof(wanted));
    assert_memory_equal(&record->subject, &subject, sizeof(subject));
    assert_memory_equal(&record->sid, &sid, sizeof(sid));
    assert_int_equal(record->tenant, people[i].tenant);
    assert_true(record->expires == NOW + 3600 * SEC);
    assert_true(used == NOW);
    assert_int_equal(w->seen & 1u << i, 0);
    w->seen |= 1u << i;
    return ++w->shown == w->stop_after;
}

static void walk_shows_what_matches(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = with_people(cx);
    apr_size_t q;

    for (q = 0; q < QUESTIONS; q++) {
        sso_match_t match = match_of(q);
        watcher_t w = {.store = store, .cx = cx};

        assert_int_equal(store->ops->walk(store, cx, &match, watch, &w), APR_SUCCESS);
        assert_int_equal(w.seen, questions[q].found);
    }
}

static void walk_ends_when_told(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = with_people(cx);
    sso_match_t match = {.tenant = -1};
    watcher_t w = {.store = store, .cx = cx, .stop_after = 2};

    assert_int_equal(store->ops->walk(store, cx, &match, watch, &w), APR_SUCCESS);
    assert_int_equal(w.shown, 2);
}

static int drop_it(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                   apr_time_t used)
{
    watcher_t *w = baton;

    (void)used;
    assert_int_equal(w->store->ops->drop(w->store, w->cx, key, record->tenant), APR_SUCCESS);
    return 0;
}

static void a_walker_may_use_the_store(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = with_people(cx);
    sso_match_t match = {.tenant = -1};
    watcher_t w = {.store = store, .cx = cx};

    assert_int_equal(store->ops->walk(store, cx, &match, drop_it, &w), APR_SUCCESS);
    assert_int_equal(stats_of(store, cx).records, 0);
}

static void what_is_over_is_not_shown_or_counted(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = with_people(cx);
    sso_match_t match = {.tenant = -1};
    watcher_t w = {.store = store, .cx = cx};
    int count = -1;

    cx->now = NOW + 3600 * SEC;
    assert_int_equal(store->ops->walk(store, cx, &match, watch, &w), APR_SUCCESS);
    assert_int_equal(w.shown, 0);
    assert_int_equal(store->ops->revoke(store, cx, &match, &count), APR_SUCCESS);
    assert_int_equal(count, 0);
}

/* A session that changes its owner is found under the new one only. */
static void replacing_moves_the_index(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = with_people(cx);
    sso_store_key_t key = key_of(0);
    sso_record_t record = record_of(0, "0");
    sso_match_t match = {.tenant = -1, .subject = index_key(1)};
    int count;

    record.subject = index_key(9);
    assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
    assert_int_equal(store->ops->revoke(store, cx, &match, &count), APR_SUCCESS);
    assert_int_equal(count, 2);
    match.subject = index_key(9);
    assert_int_equal(store->ops->revoke(store, cx, &match, &count), APR_SUCCESS);
    assert_int_equal(count, 1);
}

/* ---- marks ---- */

static void a_mark_is_set_once(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    sso_store_key_t key = key_of(1);
    apr_time_t until = 5;

    assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_NOTFOUND);
    assert_true(until == 5);
    assert_int_equal(store->ops->mark(store, cx, &key, NOW + 7 * SEC + 7), APR_SUCCESS);
    assert_int_equal(store->ops->mark(store, cx, &key, NOW + 9 * SEC), APR_EEXIST);
    assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_SUCCESS);
    assert_true(until == NOW + 7 * SEC + 7);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
}

static void a_mark_ends_in_time(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    sso_store_key_t key = key_of(1);
    apr_time_t until;

    assert_int_equal(store->ops->mark(store, cx, &key, NOW + 10 * SEC), APR_SUCCESS);
    cx->now = NOW + 10 * SEC - 1;
    assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_SUCCESS);
    cx->now = NOW + 10 * SEC;
    assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_NOTFOUND);
    assert_int_equal(store->ops->unmark(store, cx, &key), APR_NOTFOUND);
    assert_int_equal(store->ops->mark(store, cx, &key, APR_INT64_MAX), APR_SUCCESS);
    cx->now = NOW + apr_time_from_sec(APR_TIME_C(100) * 365 * 86400);
    assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_SUCCESS);
    assert_true(until == APR_INT64_MAX);
}

static void a_mark_that_expired_can_be_set_again(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    sso_store_key_t key = key_of(1);
    apr_time_t until;

    assert_int_equal(store->ops->mark(store, cx, &key, NOW + SEC), APR_SUCCESS);
    cx->now = NOW + 2 * SEC;
    assert_int_equal(store->ops->mark(store, cx, &key, NOW + 9 * SEC), APR_SUCCESS);
    assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_SUCCESS);
    assert_true(until == NOW + 9 * SEC);
    assert_int_equal(stats_of(store, cx).marks, 1);
}

static void a_mark_of_the_past_is_not_set(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    sso_store_key_t key = key_of(1);
    apr_time_t until;

    assert_int_equal(store->ops->mark(store, cx, &key, NOW), APR_SUCCESS);
    assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_NOTFOUND);
    assert_int_equal(store->ops->mark(store, cx, &key, NOW + 1), APR_SUCCESS);
}

static void a_mark_can_be_taken_back(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    sso_store_key_t key = key_of(1);
    apr_time_t until;

    assert_int_equal(store->ops->unmark(store, cx, &key), APR_NOTFOUND);
    assert_int_equal(store->ops->mark(store, cx, &key, NOW + SEC), APR_SUCCESS);
    assert_int_equal(store->ops->unmark(store, cx, &key), APR_SUCCESS);
    assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_NOTFOUND);
    assert_int_equal(store->ops->mark(store, cx, &key, NOW + SEC), APR_SUCCESS);
}

static void marks_and_records_do_not_meet(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int tenant = tenant_of(store, cx, "a");
    sso_store_key_t key = key_of(1);
    sso_match_t match = {.tenant = -1};
    apr_time_t until;
    int count;

    assert_int_equal(store->ops->mark(store, cx, &key, NOW + SEC), APR_SUCCESS);
    assert_null(get_text(store, cx, 1, tenant));
    assert_int_equal(put_text(store, cx, 1, tenant, "x"), APR_SUCCESS);
    assert_int_equal(store->ops->revoke(store, cx, &match, &count), APR_SUCCESS);
    assert_int_equal(count, 1);
    assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_SUCCESS);
}

/* ---- many at once, against a model ---- */

#define MODEL 500

/* Random operations, each compared with a table that cannot be wrong. */
static void it_agrees_with_a_model(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int tenant = tenant_of(store, cx, "a");
    const char **model = apr_pcalloc(cx->pool, MODEL * sizeof(*model));
    apr_uint64_t random = 7;
    apr_size_t left = 0;
    int i;

    for (i = 0; i < 20000; i++) {
        sso_store_key_t key;
        apr_uint64_t k;
        const char *text;

        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        k = (random >> 33) % MODEL;
        key = key_of(k);
        switch (random >> 60) {
        case 0:
            assert_int_equal(store->ops->drop(store, cx, &key, tenant),
                             model[k] ? APR_SUCCESS : APR_NOTFOUND);
            model[k] = NULL;
            break;
        case 1:
        case 2:
        case 3:
            model[k] = apr_psprintf(cx->pool, "%0*d", 1 + (int)(random >> 40 & 255), i);
            assert_int_equal(put_text(store, cx, k, tenant, model[k]), APR_SUCCESS);
            break;
        default:
            text = get_text(store, cx, k, tenant);
            assert_int_equal(text != NULL, model[k] != NULL);
            if (text) assert_string_equal(text, model[k]);
        }
    }
    for (i = 0; i < MODEL; i++) {
        left += model[i] != NULL;
    }
    assert_int_equal(stats_of(store, cx).records, left);
    if (contract_check) contract_check(cx, store);
}

static void reads_are_counted(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = contract_make(cx);
    int tenant = tenant_of(store, cx, "a");
    apr_uint64_t i;

    assert_int_equal(put_text(store, cx, 0, tenant, "x"), APR_SUCCESS);
    for (i = 0; i < 3000; i++) {
        get_text(store, cx, i % 3, tenant);
    }
    assert_int_equal(stats_of(store, cx).gets, 3000);
    assert_int_equal(stats_of(store, cx).hits, 1000);
}

int contract_run(const char *name)
{
    const struct CMUnitTest tests[] = {
        UNIT(a_name_keeps_its_number),
        UNIT(there_is_a_last_tenant),
        UNIT(a_quota_is_a_percentage),
        UNIT(a_record_comes_back_as_it_was),
        UNIT(every_length_survives),
        UNIT(an_approach_changes_nothing),
        UNIT(a_value_has_a_size),
        UNIT(an_unknown_tenant_stores_nothing),
        UNIT(put_replaces),
        UNIT(renewing_revives_nothing),
        UNIT(a_copy_outlives_its_record),
        UNIT(tenants_do_not_meet),
        UNIT(a_dropped_record_is_gone),
        UNIT(a_miss_is_no_fault),
        UNIT(records_end_in_time),
        UNIT(sweep_frees_what_is_over),
        UNIT(revoke_takes_what_matches),
        UNIT(walk_shows_what_matches),
        UNIT(walk_ends_when_told),
        UNIT(a_walker_may_use_the_store),
        UNIT(what_is_over_is_not_shown_or_counted),
        UNIT(replacing_moves_the_index),
        UNIT(a_mark_is_set_once),
        UNIT(a_mark_ends_in_time),
        UNIT(a_mark_that_expired_can_be_set_again),
        UNIT(a_mark_of_the_past_is_not_set),
        UNIT(a_mark_can_be_taken_back),
        UNIT(marks_and_records_do_not_meet),
        UNIT(it_agrees_with_a_model),
        UNIT(reads_are_counted),
    };

    return cmocka_run_group_tests_name(name, tests, unit_start, NULL);
}
