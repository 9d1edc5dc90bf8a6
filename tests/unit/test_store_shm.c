/*
 * test_store_shm.c - shared memory does what a store must do, and what only it can do: quotas,
 * eviction, bulkheads, repair.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_layout.h"
#include "store/store_shm.h"
#include "store_contract.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1024 * 1024)

static sso_store_t *make_of(sso_ctx_t *cx, apr_size_t size)
{
    sso_store_t *store = NULL;

    assert_int_equal(sso_store_shm_make(cx, cx->pool, size, &store), APR_SUCCESS);
    return store;
}

static sso_store_t *make(sso_ctx_t *cx)
{
    return make_of(cx, 4 * MIB);
}

static int violations_of(sso_ctx_t *cx, sso_store_t *store)
{
    int violations = -1;

    assert_int_equal(sso_store_shm_validate(cx, store, &violations), APR_SUCCESS);
    return violations;
}

static void check(sso_ctx_t *cx, sso_store_t *store)
{
    assert_int_equal(violations_of(cx, store), 0);
}

static int tenant_with(sso_store_t *store, sso_ctx_t *cx, const char *name, int quota)
{
    int number = -1;

    assert_int_equal(store->ops->tenant(store, cx, name, quota, &number), APR_SUCCESS);
    return number;
}

/* A text of n characters. */
static const char *text_of(sso_ctx_t *cx, apr_size_t n)
{
    char *text = apr_pcalloc(cx->pool, n + 1);

    memset(text, 'x', n);
    return text;
}

/* Puts sessions number first to last, and does nothing else. */
static void flood(sso_store_t *store, sso_ctx_t *cx, int tenant, apr_uint64_t first,
                  apr_uint64_t last, const char *text)
{
    for (; first <= last; first++) {
        assert_int_equal(put_text(store, cx, first, tenant, text), APR_SUCCESS);
    }
}

/* How many of the sessions number first to last are there, looking without using them. */
typedef struct {
    int tenant;
    int records;
    apr_size_t bytes;
} census_t;

static int count_one(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                     apr_time_t used)
{
    census_t *c = baton;

    (void)key;
    (void)used;
    c->records++;
    c->bytes += record->value.n;
    return 0;
}

static census_t census_of(sso_store_t *store, sso_ctx_t *cx, int tenant)
{
    sso_match_t match = {.tenant = tenant};
    census_t c = {.tenant = tenant};

    assert_int_equal(store->ops->walk(store, cx, &match, count_one, &c), APR_SUCCESS);
    return c;
}

/* ---- the segment ---- */

static void an_empty_store_is_valid(void **state)
{
    static const apr_size_t sizes[] = {1 * MIB, 3 * MIB + 12345, 16 * MIB, 64 * MIB};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        sso_store_t *store = make_of(cx, sizes[i]);
        sso_store_stats_t stats = stats_of(store, cx);

        assert_int_equal(violations_of(cx, store), 0);
        assert_int_equal(sso_store_shm_size(store), sizes[i]);
        assert_in_range(((sso_shm_t *)(void *)store)->size, sizes[i] / 100 * 97, sizes[i]);
        assert_in_range(stats.marks_room, 4096, 4096 + sizes[i] / 1000);
        assert_int_equal(stats.records + stats.marks + stats.bytes, 0);
        assert_in_range(stats.records_room, sizes[i] / 2000, sizes[i] / 1000);
    }
}

static void a_segment_has_a_least_size(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = NULL;

    assert_int_not_equal(sso_store_shm_make(cx, cx->pool, MIB - 1, &store), APR_SUCCESS);
    assert_null(store);
    assert_fault(cx, CONFIG);
}

static void the_smallest_holds_the_largest(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make_of(cx, 1 * MIB);
    int tenant = tenant_of(store, cx, "a");
    const char *text = text_of(cx, SSO_RECORD_MAX);
    apr_uint64_t i;

    for (i = 0; i < 200; i++) {
        assert_int_equal(put_text(store, cx, i % 20, tenant, text), APR_SUCCESS);
        assert_non_null(get_text(store, cx, i % 20, tenant));
    }
    assert_int_equal(violations_of(cx, store), 0);
}

/* What a session costs is what docs/STORE.md promises. */
static void sessions_cost_little(void **state)
{
    sso_ctx_t *cx = *state;
    const apr_size_t size = 16 * MIB;
    sso_store_t *store = make_of(cx, size);
    int tenant = tenant_of(store, cx, "a");
    const char *text = text_of(cx, 1000);
    apr_uint64_t payload = 0;
    apr_uint64_t i;

    for (i = 0; i < 40000; i++) {
        sso_store_key_t key = key_of(i);
        sso_record_t record = record_of(tenant, text);

        record.subject = key_of(i / 2 + 1000000);
        record.sid = key_of(i + 2000000);
        record.value.n = 600 + i % 401;
        assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
    }
    payload = census_of(store, cx, tenant).bytes;
    assert_true((double)size / (double)payload < 1.31);
    assert_true(stats_of(store, cx).overhead + payload
                    + (stats_of(store, cx).bytes_room - stats_of(store, cx).bytes)
                    + 32 * stats_of(store, cx).marks_room
                == ((sso_shm_t *)(void *)store)->size);
}

static void a_get_allocates_once(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make(cx);
    int tenant = tenant_of(store, cx, "a");
    apr_pool_t *pool;
    const char *before;
    const char *value;

    assert_int_equal(put_text(store, cx, 1, tenant, text_of(cx, 1000)), APR_SUCCESS);
    assert_int_equal(apr_pool_create(&pool, cx->pool), APR_SUCCESS);
    cx->pool = pool;
    cx->now += 100 * SEC; /* also when the use is written down */
    before = apr_palloc(pool, 8);
    value = get_text(store, cx, 1, tenant);
    assert_ptr_equal(value, before + 8);
    assert_ptr_equal(apr_palloc(pool, 8), value + APR_ALIGN_DEFAULT(1001));
    assert_null(get_text(store, cx, 2, tenant));
    assert_ptr_equal(apr_palloc(pool, 8), value + APR_ALIGN_DEFAULT(1001) + 8);
}

static int note_used(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                     apr_time_t used)
{
    (void)key;
    (void)record;
    *(apr_time_t *)baton = used;
    return 0;
}

static void a_use_is_written_down_every_4_seconds(void **state)
{
    static const struct {
        int at, noted; /* seconds */
    } uses[] = {{1, 0}, {3, 0}, {4, 4}, {7, 4}, {5, 4}, {8, 8}, {100, 100}, {90, 100}};
    sso_ctx_t *cx = *state;
    sso_store_t *store = make(cx);
    int tenant = tenant_of(store, cx, "a");
    sso_match_t match = {.tenant = -1};
    apr_size_t i;

    assert_int_equal(put_text(store, cx, 1, tenant, "x"), APR_SUCCESS);
    for (i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
        apr_time_t used = 0;

        cx->now = NOW + uses[i].at * SEC;
        assert_non_null(get_text(store, cx, 1, tenant));
        assert_int_equal(store->ops->walk(store, cx, &match, note_used, &used), APR_SUCCESS);
        assert_int_equal(apr_time_sec(used - NOW), uses[i].noted);
    }
}

/* ---- who loses ---- */

static void a_flood_does_not_reach_the_quiet(void **state)
{
    enum { QUIET = 20, EACH = 15 };
    sso_ctx_t *cx = *state;
    sso_store_t *store = make(cx);
    int noisy = tenant_of(store, cx, "noisy");
    const char *text = text_of(cx, 1000);
    int quiet[QUIET];
    apr_uint64_t i;

    for (i = 0; i < QUIET; i++) {
        quiet[i] = tenant_of(store, cx, apr_psprintf(cx->pool, "quiet%d", (int)i));
    }
    for (i = 0; i < QUIET * EACH; i++) {
        assert_int_equal(put_text(store, cx, i, quiet[i % QUIET], text), APR_SUCCESS);
    }
    for (i = 0; i < 20000; i++) { /* later, so that the quiet ones are the oldest */
        cx->now = NOW + SEC + (apr_time_t)i * 1000;
        assert_int_equal(put_text(store, cx, 100000 + i, noisy, text), APR_SUCCESS);
    }
    for (i = 0; i < QUIET * EACH; i++) {
        assert_non_null(get_text(store, cx, i, quiet[i % QUIET]));
    }
    assert_true(census_of(store, cx, noisy).records > 2000); /* and it has all the rest */
    assert_int_equal(violations_of(cx, store), 0);
}

static void a_quota_is_a_ceiling(void **state)
{
    static const int quotas[] = {1, 10, 25, 90};
    sso_ctx_t *cx = *state;
    const char *text = text_of(cx, 1000);
    apr_size_t i;

    for (i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++) {
        sso_store_t *store = make(cx);
        int capped = tenant_with(store, cx, "capped", quotas[i]);
        double share;

        flood(store, cx, capped, 0, 9999, text);
        share = (double)stats_of(store, cx).bytes / (double)stats_of(store, cx).bytes_room * 100;
        assert_true(share <= quotas[i]);
        assert_true(share > quotas[i] * 0.9 - 0.1);
        assert_non_null(get_text(store, cx, 9999, capped));
        assert_int_equal(violations_of(cx, store), 0);
    }
}

static void a_quota_is_kept_for_its_tenant(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make(cx);
    int promised = tenant_with(store, cx, "promised", 30);
    int greedy = tenant_of(store, cx, "greedy");
    const char *text = text_of(cx, 1000);
    apr_uint64_t i;

    flood(store, cx, greedy, 100000, 110000, text); /* everything */
    for (i = 0; i < 900; i++) {                     /* about 26 % */
        assert_int_equal(put_text(store, cx, i, promised, text), APR_SUCCESS);
        flood(store, cx, greedy, 200000 + i * 3, 200002 + i * 3, text);
    }
    for (i = 0; i < 900; i++) {
        assert_non_null(get_text(store, cx, i, promised));
    }
}

static void one_that_has_all_gives_way(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make(cx);
    int first = tenant_of(store, cx, "first");
    int second = tenant_of(store, cx, "second");
    const char *text = text_of(cx, 1000);
    int a, b;

    flood(store, cx, first, 0, 9999, text);
    a = census_of(store, cx, first).records;
    flood(store, cx, second, 100000, 100000 + (apr_uint64_t)a / 2 - 100, text);
    assert_int_equal(census_of(store, cx, second).records, a / 2 - 99); /* it lost none */
    flood(store, cx, second, 200000, 209999, text);
    flood(store, cx, first, 300000, 309999, text);
    a = census_of(store, cx, first).records;
    b = census_of(store, cx, second).records;
    assert_in_range(b * 100 / a, 90, 110); /* half each, whoever was the last to flood */
}

/* Quotas of more than all there is are promises in proportion. */
static void too_many_promises_are_cut(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make(cx);
    int first = tenant_with(store, cx, "first", 80);
    int second = tenant_with(store, cx, "second", 80);
    const char *text = text_of(cx, 1000);
    int a, b;

    flood(store, cx, first, 0, 9999, text);
    flood(store, cx, second, 100000, 109999, text);
    a = census_of(store, cx, first).records;
    b = census_of(store, cx, second).records;
    assert_in_range(b * 100 / a, 90, 110);
}

static void what_is_used_stays(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make(cx);
    int tenant = tenant_of(store, cx, "a");
    const char *text = text_of(cx, 1000);
    apr_uint64_t i, j;

    flood(store, cx, tenant, 0, 99, text);
    for (i = 0; i < 100; i++) { /* floods of 200 sessions; the first hundred is in use */
        cx->now = NOW + (apr_time_t)(i + 1) * 10 * SEC;
        for (j = 0; j < 100; j++) {
            assert_non_null(get_text(store, cx, j, tenant));
        }
        flood(store, cx, tenant, 1000 + i * 200, 1199 + i * 200, text);
    }
    assert_true(stats_of(store, cx).evicted > 10000);
}

static void what_is_over_goes_first(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make(cx);
    int tenant = tenant_of(store, cx, "a");
    const char *text = text_of(cx, 1000);
    apr_uint64_t i;

    flood(store, cx, tenant, 0, 1999, text);
    cx->now = NOW + 7200 * SEC; /* they are over; new ones are not */
    for (i = 0; i < 2000; i++) {
        sso_store_key_t key = key_of(5000 + i);
        sso_record_t record = record_of(tenant, text);

        record.expires += 7200 * SEC;
        assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
    }
    assert_int_equal(stats_of(store, cx).evicted, 0);
    assert_true(stats_of(store, cx).expired > 0);
    assert_int_equal(census_of(store, cx, tenant).records, 2000);
}

static void a_value_must_fit_its_quota(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make_of(cx, 1 * MIB);
    int small = tenant_with(store, cx, "small", 1); /* about 8 KiB */

    assert_int_equal(put_text(store, cx, 1, small, text_of(cx, 6000)), APR_SUCCESS);
    assert_int_not_equal(put_text(store, cx, 1, small, text_of(cx, 20000)), APR_SUCCESS);
    assert_fault(cx, SESSION_SIZE);
    assert_int_equal(strlen(get_text(store, cx, 1, small)), 6000);
    tenant_with(store, cx, "small", 50);
    assert_int_equal(put_text(store, cx, 1, small, text_of(cx, 20000)), APR_SUCCESS);
}

/* ---- marks ---- */

static void marks_fill_up_and_empty(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make_of(cx, 1 * MIB);
    apr_uint64_t room = stats_of(store, cx).marks_room;
    apr_uint64_t n = 0;
    apr_uint64_t i;
    apr_status_t rv;

    do {
        sso_store_key_t key = key_of(n++);

        rv = store->ops->mark(store, cx, &key, NOW + 60 * SEC);
    } while (rv == APR_SUCCESS);
    assert_fault(cx, STORE_FULL);
    assert_in_range(n, room * 8 / 10, room + 1);
    for (i = 0; i + 1 < n; i++) {
        sso_store_key_t key = key_of(i);
        apr_time_t until;

        assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_SUCCESS);
        assert_int_equal(store->ops->mark(store, cx, &key, NOW + 60 * SEC), APR_EEXIST);
    }
    assert_int_equal(violations_of(cx, store), 0);

    cx->now = NOW + 60 * SEC;
    for (i = 0; i < room / 2; i++) { /* nobody swept: room is made when it is needed */
        sso_store_key_t key = key_of(100000 + i);

        assert_int_equal(store->ops->mark(store, cx, &key, NOW + 90 * SEC), APR_SUCCESS);
    }
    assert_int_equal(violations_of(cx, store), 0);
}

static void sessions_do_not_push_out_marks(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make_of(cx, 1 * MIB);
    int tenant = tenant_of(store, cx, "a");
    apr_uint64_t i;

    for (i = 0; i < 2000; i++) {
        sso_store_key_t key = key_of(i);

        assert_int_equal(store->ops->mark(store, cx, &key, NOW + 60 * SEC), APR_SUCCESS);
    }
    flood(store, cx, tenant, 0, 9999, text_of(cx, 1000));
    assert_int_equal(stats_of(store, cx).marks, 2000);
    for (i = 0; i < 2000; i++) {
        sso_store_key_t key = key_of(i);
        apr_time_t until;

        assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_SUCCESS);
    }
}

/* ---- repair ---- */

static sso_shm_t *with_sessions(sso_ctx_t *cx, int *tenant)
{
    sso_store_t *store = make(cx);
    apr_uint64_t i;

    *tenant = tenant_of(store, cx, "a");
    for (i = 0; i < 300; i++) {
        sso_store_key_t key = key_of(i);
        sso_record_t record = record_of(*tenant, apr_psprintf(cx->pool, "session %d", (int)i));

        record.subject = key_of(1000 + i % 7);
        assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
        assert_int_equal(store->ops->mark(store, cx, &key, NOW + 60 * SEC), APR_SUCCESS);
    }
    return (sso_shm_t *)(void *)store;
}

/* As if a writer had died after scribbling over all that is derived. */
static void leave_torn(sso_shm_t *m)
{
    uint32_t i, j;

    for (i = 0; i < m->parts; i++) {
        const sso_shm_part_t *p = &m->part[i];
        const sso_shm_marks_t *q = &m->mark[i];

        for (j = 0; j < p->buckets[SSO_SHM_BY_KEY]; j++) {
            sso_a32_set(&p->bucket[SSO_SHM_BY_KEY][j], j * 2654435761u % (p->blocks * 2));
        }
        sso_a32_set(&p->c->free_count, p->blocks + 5);
        sso_a32_set(&p->map[0], 0xffffffff);
        sso_a32_set(&p->c->live, 12345);
        sso_a32_set(sso_shm_ring(p, 0), p->blocks + 9);
        sso_a32_set(sso_shm_used(p, 0), 4711);
        sso_a32_set(&p->c->guard.busy, 1);
        sso_a32_set(&p->c->guard.seq, 7);
        for (j = 0; j < q->marks; j++) {
            sso_a32_set(&q->bucket[j], j * 2654435761u % (q->marks * 2));
        }
        sso_a32_set(&q->c->free_first, 0);
        sso_a32_set(&q->c->guard.busy, 1);
        sso_a32_set(&q->c->guard.seq, 9);
    }
}

static void what_is_torn_is_made_whole(void **state)
{
    sso_ctx_t *cx = *state;
    int tenant;
    sso_shm_t *m = with_sessions(cx, &tenant);
    sso_match_t match = {.tenant = -1, .subject = key_of(1003)};
    apr_uint64_t i;
    int count;

    leave_torn(m);
    for (i = 0; i < 300; i++) {
        sso_store_key_t key = key_of(i);
        apr_time_t until;

        assert_string_equal(get_text(&m->store, cx, i, tenant),
                            apr_psprintf(cx->pool, "session %d", (int)i));
        assert_int_equal(m->store.ops->marked(&m->store, cx, &key, &until), APR_SUCCESS);
    }
    assert_int_equal(violations_of(cx, &m->store), 0);
    assert_int_equal(stats_of(&m->store, cx).rebuilt, 2 * m->parts);
    assert_int_equal(m->store.ops->revoke(&m->store, cx, &match, &count), APR_SUCCESS);
    assert_int_equal(count, 43);
}

static void count_notice(void *sink, int level, const char *file, int line, const char *text)
{
    (void)file;
    (void)line;
    assert_int_equal(level, SSO_LOG_NOTICE);
    assert_non_null(strstr(text, "a process died"));
    ++*(int *)sink;
}

static void the_sweeper_tells_of_deaths_once(void **state)
{
    sso_ctx_t *cx = *state;
    int tenant;
    sso_shm_t *m = with_sessions(cx, &tenant);
    int told = 0;

    cx->log = count_notice;
    cx->sink = &told;
    cx->level = SSO_LOG_NOTICE;
    assert_int_equal(m->store.ops->sweep(&m->store, cx), APR_SUCCESS);
    assert_int_equal(told, 0);
    leave_torn(m);
    assert_int_equal(m->store.ops->sweep(&m->store, cx), APR_SUCCESS);
    assert_int_equal(m->store.ops->sweep(&m->store, cx), APR_SUCCESS);
    assert_int_equal(m->store.ops->sweep(&m->store, cx), APR_SUCCESS);
    assert_int_equal(told, 1);
}

/* Where a session is, by its text. */
static apr_size_t find_bytes(const sso_shm_t *m, const char *text)
{
    apr_size_t n = strlen(text);
    apr_size_t i;

    for (i = 0; memcmp(m->base + i, text, n) != 0; i++) {
        assert_true(i + n < m->size);
    }
    return i;
}

static void a_damaged_session_is_not_repaired_into_another(void **state)
{
    sso_ctx_t *cx = *state;
    int tenant;
    sso_shm_t *m = with_sessions(cx, &tenant);

    assert_int_equal(put_text(&m->store, cx, 999, tenant, "the one that is damaged"), APR_SUCCESS);
    m->base[find_bytes(m, "the one t")] ^= 1; /* a piece that is in one block */
    assert_int_not_equal(violations_of(cx, &m->store), 0);
    leave_torn(m);
    assert_null(get_text(&m->store, cx, 999, tenant));
    assert_int_equal(violations_of(cx, &m->store), 0);
    assert_int_equal(stats_of(&m->store, cx).records, 300);
}

static void a_reader_gets_past_a_window_left_open(void **state)
{
    sso_ctx_t *cx = *state;
    int tenant;
    sso_shm_t *m = with_sessions(cx, &tenant);
    sso_store_key_t key = key_of(5);
    apr_time_t until;
    uint32_t i;

    for (i = 0; i < m->parts; i++) {
        sso_a32_set(&m->part[i].c->guard.seq, 1);
        sso_a32_set(&m->mark[i].c->guard.seq, 1);
    }
    assert_string_equal(get_text(&m->store, cx, 5, tenant), "session 5");
    assert_int_equal(m->store.ops->marked(&m->store, cx, &key, &until), APR_SUCCESS);
}

/* A process that dies with all locks held does not stop the others. */
static void a_lock_outlives_its_holder(void **state)
{
    sso_ctx_t *cx = *state;
    int tenant;
    sso_shm_t *m = with_sessions(cx, &tenant);
    pid_t child = fork();
    uint32_t i;

    if (child == 0) {
        for (i = 0; i < m->parts; i++) {
            if (pthread_mutex_lock(&m->part[i].c->guard.mutex)) _exit(1);
            if (pthread_mutex_lock(&m->mark[i].c->guard.mutex)) _exit(1);
        }
        leave_torn(m);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_string_equal(get_text(&m->store, cx, 5, tenant), "session 5");
    flood(&m->store, cx, tenant, 1000, 1500, "new");
    assert_int_equal(violations_of(cx, &m->store), 0);
    assert_int_equal(stats_of(&m->store, cx).records, 801);
}

/* ---- a new process ---- */

/* How many pages of the segment have content. */
static apr_size_t pages_of(sso_ctx_t *cx, const sso_shm_t *m)
{
    const apr_size_t page = (apr_size_t)sysconf(_SC_PAGESIZE);
    const apr_size_t pages = (m->size + page - 1) / page;
    unsigned char *is_there = apr_palloc(cx->pool, pages);
    apr_size_t n = 0;
    apr_size_t i;

    assert_int_equal(mincore(m->base, m->size, is_there), 0);
    for (i = 0; i < pages; i++)
        n += is_there[i] & 1;
    return n;
}

static long faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* How often a new process stops in the kernel while it reads 5000 sessions; 255: as often or more. */
static int faults_of_new(sso_ctx_t *cx, sso_store_t *store, int tenant, int attached)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        apr_uint64_t i;
        long before;

        if (attached) sso_store_shm_attach(store);
        before = faults();
        for (i = 0; i < 5000; i++) {
            sso_store_key_t key = key_of(i);
            sso_record_t record;

            apr_pool_clear(cx->pool);
            if (store->ops->get(store, cx, &key, tenant, &record)) _exit(255);
        }
        _exit(faults() - before < 255 ? (int)(faults() - before) : 255);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_new_process_finds_its_way(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make_of(cx, 16 * MIB);
    const sso_shm_t *m = (const void *)store;
    int tenant = tenant_of(store, cx, "a");
    sso_ctx_t child = *cx;
    apr_size_t before;
    int without;
    int with;

    flood(store, cx, tenant, 0, 4999, text_of(cx, 1000));
    before = pages_of(cx, m);
    assert_true(before * (apr_size_t)sysconf(_SC_PAGESIZE) < 12 * MIB);
    sso_store_shm_attach(store);
    assert_int_equal(pages_of(cx, m), before); /* what is empty stays so */
    assert_int_equal(apr_pool_create(&child.pool, cx->pool), APR_SUCCESS);
    without = faults_of_new(&child, store, tenant, 0);
    with = faults_of_new(&child, store, tenant, 1);
    if (with * 3 > without) fail_msg("%d faults, %d without", with, without);
}

/* ---- churn ---- */

static void it_stays_valid_under_churn(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make_of(cx, 1 * MIB);
    int tenants[3] = {tenant_of(store, cx, "a"), tenant_with(store, cx, "b", 20),
                      tenant_of(store, cx, "c")};
    apr_uint64_t random = 1;
    int i;

    for (i = 0; i < 30000; i++) {
        sso_store_key_t key;
        sso_record_t record;

        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        key = key_of(random >> 33 & 4095);
        record = record_of(tenants[(random >> 45 & 63) % 3], text_of(cx, random >> 51 & 2047));
        if (random >> 40 & 1) record.subject = key_of(random >> 50 & 15);
        if (random >> 41 & 1) record.sid = key_of(random >> 54 & 15);
        cx->now = NOW + (apr_time_t)i * 100000;
        record.expires = cx->now + (apr_time_t)(random >> 60) * 60 * SEC + 1;
        record.value.n++; /* the NUL, so that it is never empty */
        if ((random >> 42 & 7) == 0) {
            store->ops->drop(store, cx, &key, record.tenant);
        } else {
            assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
        }
        if (i % 1000 == 0) {
            assert_int_equal(violations_of(cx, store), 0);
            assert_int_equal(store->ops->sweep(store, cx), APR_SUCCESS);
            assert_int_equal(violations_of(cx, store), 0);
        }
    }
    assert_true(stats_of(store, cx).evicted > 1000);
    assert_true(stats_of(store, cx).expired > 1000);
}

/* ---- copy ---- */

static void assert_copied(sso_ctx_t *cx, sso_shm_t *from, apr_size_t size)
{
    sso_store_t *to = make_of(cx, size);
    int other = tenant_of(to, cx, "another, so that numbers differ");
    int tenant;
    apr_uint64_t i;

    assert_int_equal(sso_store_shm_copy(cx, &from->store, to), APR_SUCCESS);
    tenant = tenant_of(to, cx, "a");
    assert_int_not_equal(tenant, other);
    assert_int_equal(stats_of(to, cx).records, 300);
    assert_int_equal(stats_of(to, cx).marks, 300);
    for (i = 0; i < 300; i++) {
        sso_store_key_t key = key_of(i);
        apr_time_t until;

        assert_string_equal(get_text(to, cx, i, tenant),
                            apr_psprintf(cx->pool, "session %d", (int)i));
        assert_int_equal(to->ops->marked(to, cx, &key, &until), APR_SUCCESS);
        assert_true(until == NOW + 60 * SEC);
    }
    assert_int_equal(violations_of(cx, to), 0);
}

static void a_copy_has_all_that_lives(void **state)
{
    sso_ctx_t *cx = *state;
    int tenant;
    sso_shm_t *m = with_sessions(cx, &tenant);
    sso_store_key_t key = key_of(7777);
    sso_record_t over = record_of(tenant, "over");

    over.expires = NOW;
    assert_int_equal(m->store.ops->put(&m->store, cx, &key, &over), APR_SUCCESS);
    assert_copied(cx, m, 32 * MIB);
    assert_copied(cx, m, 1 * MIB);
}

static void a_copy_into_too_little_keeps_what_fits(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *from = make_of(cx, 8 * MIB);
    sso_store_t *to = make_of(cx, 1 * MIB);
    int tenant = tenant_of(from, cx, "a");
    int capped = tenant_with(from, cx, "capped", 5);

    flood(from, cx, tenant, 0, 4999, text_of(cx, 1000));
    assert_int_equal(put_text(from, cx, 9999, capped, text_of(cx, 65536)), APR_SUCCESS);
    assert_int_equal(put_text(from, cx, 9998, capped, "small"), APR_SUCCESS);
    assert_int_equal(sso_store_shm_copy(cx, from, to), APR_SUCCESS);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
    assert_true(census_of(to, cx, tenant_of(to, cx, "a")).records > 500);
    assert_int_equal(census_of(to, cx, tenant_with(to, cx, "capped", 5)).records, 1);
    assert_int_equal(violations_of(cx, to), 0);
}

static void marks_that_do_not_fit_are_an_error(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *from = make_of(cx, 16 * MIB);
    sso_store_t *to = make_of(cx, 1 * MIB);
    apr_uint64_t i;

    for (i = 0; i < 8000; i++) {
        sso_store_key_t key = key_of(i);

        assert_int_equal(from->ops->mark(from, cx, &key, NOW + 60 * SEC), APR_SUCCESS);
    }
    assert_int_not_equal(sso_store_shm_copy(cx, from, to), APR_SUCCESS);
    assert_fault(cx, STORE_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(an_empty_store_is_valid),
        UNIT(a_segment_has_a_least_size),
        UNIT(the_smallest_holds_the_largest),
        UNIT(sessions_cost_little),
        UNIT(a_get_allocates_once),
        UNIT(a_use_is_written_down_every_4_seconds),
        UNIT(a_flood_does_not_reach_the_quiet),
        UNIT(a_quota_is_a_ceiling),
        UNIT(a_quota_is_kept_for_its_tenant),
        UNIT(one_that_has_all_gives_way),
        UNIT(too_many_promises_are_cut),
        UNIT(what_is_used_stays),
        UNIT(what_is_over_goes_first),
        UNIT(a_value_must_fit_its_quota),
        UNIT(marks_fill_up_and_empty),
        UNIT(sessions_do_not_push_out_marks),
        UNIT(what_is_torn_is_made_whole),
        UNIT(the_sweeper_tells_of_deaths_once),
        UNIT(a_damaged_session_is_not_repaired_into_another),
        UNIT(a_reader_gets_past_a_window_left_open),
        UNIT(a_lock_outlives_its_holder),
        UNIT(a_new_process_finds_its_way),
        UNIT(it_stays_valid_under_churn),
        UNIT(a_copy_has_all_that_lives),
        UNIT(a_copy_into_too_little_keeps_what_fits),
        UNIT(marks_that_do_not_fit_are_an_error),
    };

    contract_make = make;
    contract_check = check;
    return contract_run("store_shm: contract")
           + cmocka_run_group_tests_name("store_shm", tests, unit_start, NULL);
}
