/*
 * test_store_threads.c - all operations at once from the threads of one process.
 *
 * Short in make check; `make tsan` runs it under ThreadSanitizer, which checks that every access
 * to the segment is atomic or under a lock. SSO_STRESS_SECONDS=20 for longer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/store_shm.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 4
#define KEYS    600 /* more than fit, so that sessions are evicted too */

typedef struct {
    sso_store_t *store;
    int tenant[2];
    _Atomic int stop;
    _Atomic int wrong;
    _Atomic long done;
} stress_t;

typedef struct {
    stress_t *stress;
    pthread_t thread;
    uint64_t state;
    sso_ctx_t cx;
} worker_t;

static uint32_t roll(worker_t *w, uint32_t n)
{
    w->state ^= w->state << 13;
    w->state ^= w->state >> 7;
    w->state ^= w->state << 17;
    return (uint32_t)((w->state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

static sso_store_key_t key_of(uint32_t n)
{
    sso_store_key_t key;
    uint64_t half[2];

    half[0] = ((uint64_t)n + 1) * UINT64_C(0x9e3779b97f4a7c15);
    half[1] = (half[0] ^ half[0] >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
    memcpy(key.b, half, sizeof(half));
    return key;
}

/* A value: its key's number, then one byte again and again. */
static int is_whole(const sso_record_t *record, uint32_t n)
{
    apr_size_t i;

    if (record->value.n < 8 || memcmp(record->value.p, &n, sizeof(n)) != 0) return 0;
    for (i = 5; i < record->value.n; i++) {
        if (record->value.p[i] != record->value.p[4]) return 0;
    }
    return record->value.p[record->value.n] == '\0';
}

static void put(worker_t *w, uint32_t n)
{
    char value[4000];
    sso_store_key_t key = key_of(n);
    sso_record_t record = {.tenant = w->stress->tenant[n % 2],
                           .subject = key_of(10000 + n % 50),
                           .sid = key_of(20000 + n),
                           .expires = w->cx.now + APR_USEC_PER_SEC * (apr_time_t)(1 + roll(w, 100)),
                           .value = {value, 8 + roll(w, roll(w, 8) ? 1200 : 3900)}};

    memset(value, 'a' + (int)roll(w, 26), sizeof(value));
    memcpy(value, &n, sizeof(n));
    if (w->stress->store->ops->put(w->stress->store, &w->cx, &key, &record)) w->stress->wrong++;
}

static void get(worker_t *w, uint32_t n)
{
    sso_store_key_t key = key_of(n);
    sso_record_t record;

    if (w->stress->store->ops->get(w->stress->store, &w->cx, &key, w->stress->tenant[n % 2],
                                   &record)) {
        return;
    }
    if (!is_whole(&record, n)) w->stress->wrong++;
}

static int count(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                 apr_time_t used)
{
    (void)key;
    (void)used;
    *(apr_size_t *)baton += record->value.n;
    return 0;
}

static void rare(worker_t *w, uint32_t what)
{
    sso_store_t *store = w->stress->store;
    sso_match_t match = {.tenant = -1, .subject = key_of(10000 + roll(w, 50))};
    sso_store_stats_t stats;
    apr_size_t bytes = 0;
    int n;

    if (what == 0) store->ops->revoke(store, &w->cx, &match, &n);
    if (what == 1) store->ops->sweep(store, &w->cx);
    if (what == 2) store->ops->walk(store, &w->cx, &match, count, &bytes);
    if (what == 3) store->ops->stats(store, &w->cx, &stats);
}

/* Odd ones end in an hour and are taken back by who set them; even ones are left to end. */
static void mark(worker_t *w, uint32_t n)
{
    sso_store_t *store = w->stress->store;
    sso_store_key_t key = key_of(n);
    apr_time_t until = w->cx.now + (n % 2 ? APR_TIME_C(3600000000) : 1000000);

    store->ops->marked(store, &w->cx, &key, &(apr_time_t){0});
    if (store->ops->mark(store, &w->cx, &key, until) == APR_SUCCESS && n % 2) {
        if (store->ops->unmark(store, &w->cx, &key)) w->stress->wrong++;
    }
}

static void *work(void *data)
{
    worker_t *w = data;
    long done = 0;

    while (!w->stress->stop) {
        uint32_t what = roll(w, 100);
        uint32_t n = roll(w, KEYS);
        sso_store_key_t key = key_of(n);

        w->cx.now = NOW + (apr_time_t)done * 1000; /* a second in 1000 operations */
        if (what < 60) {
            get(w, n);
        } else if (what < 80) {
            put(w, n);
        } else if (what < 85) {
            w->stress->store->ops->drop(w->stress->store, &w->cx, &key, w->stress->tenant[n % 2]);
        } else if (what < 98) {
            mark(w, n);
        } else {
            rare(w, roll(w, 4));
        }
        apr_pool_clear(w->cx.pool);
        done++;
    }
    w->stress->done += done;
    return NULL;
}

/* The pools of the threads must not share an allocator. */
static apr_pool_t *pool_of_its_own(void)
{
    apr_pool_t *pool = NULL;

    assert_int_equal(apr_pool_create_unmanaged_ex(&pool, NULL, NULL), APR_SUCCESS);
    return pool;
}

static void threads_do_not_disturb_each_other(void **state)
{
    const char *wanted = getenv("SSO_STRESS_SECONDS");
    double seconds = wanted ? strtod(wanted, NULL) : 1;
    sso_ctx_t *cx = *state;
    static stress_t stress;
    static worker_t worker[THREADS];
    int violations = -1;
    int i;

    assert_int_equal(sso_store_shm_make(cx, cx->pool, 1024 * 1024, &stress.store), APR_SUCCESS);
    stress.store->ops->tenant(stress.store, cx, "a", 0, &stress.tenant[0]);
    stress.store->ops->tenant(stress.store, cx, "b", 30, &stress.tenant[1]);
    for (i = 0; i < THREADS; i++) {
        worker[i] = (worker_t){.stress = &stress, .state = (uint64_t)i * 7919 + 1};
        worker[i].cx = sso_ctx(pool_of_its_own(), NOW);
        assert_int_equal(pthread_create(&worker[i].thread, NULL, work, &worker[i]), 0);
    }
    usleep((unsigned int)(seconds * 1e6));
    stress.stop = 1;
    for (i = 0; i < THREADS; i++) {
        pthread_join(worker[i].thread, NULL);
        apr_pool_destroy(worker[i].cx.pool);
    }
    print_message("%ld operations\n", (long)stress.done);
    assert_int_equal(stress.wrong, 0);
    assert_int_equal(sso_store_shm_validate(cx, stress.store, &violations), APR_SUCCESS);
    assert_int_equal(violations, 0);
    assert_true(stress.done > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {UNIT(threads_do_not_disturb_each_other)};

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
