/*
 * bench_store.c - how fast the store in shared memory is, and what a session costs in it.
 *
 * Usage: bench_store [seconds per measurement [largest number of records]]
 * Prints tables; compares with nothing. Not part of make check.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/seal.h"
#include "store/store_shm.h"

#include <apr_general.h>
#include <apr_strings.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOW       APR_TIME_C(1795460332000000)
#define PROCESSES 2
#define SHORTEST  600 /* bytes of a value; the mean is 1000 */
#define LONGEST   1400

typedef struct {
    sso_ctx_t cx;
    sso_store_t *store;
    int tenant;
    uint64_t records;
    double seconds;
} bench_t;

static volatile double *tally; /* shared: operations per second of CPU time, of each process */
static uint64_t state = 88172645463325252u;

static uint64_t roll(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

static double seconds(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t)) exit(1);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static sso_store_key_t key_of(uint64_t n)
{
    sso_store_key_t key;
    uint64_t half[2];

    half[0] = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
    half[0] ^= half[0] >> 31;
    half[1] = half[0] * UINT64_C(0xbf58476d1ce4e5b9);
    memcpy(key.b, half, sizeof(half));
    return key;
}

static void stop_if(apr_status_t rv, const bench_t *b, const char *what)
{
    if (rv == APR_SUCCESS) return;
    fprintf(stderr, "%s: status %d %s\n", what, rv, b->cx.err.log ? b->cx.err.log : "");
    exit(1);
}

static void put(bench_t *b, uint64_t n, apr_size_t length)
{
    static char value[SSO_RECORD_MAX];
    sso_store_key_t key = key_of(n);
    sso_record_t record = {.tenant = b->tenant,
                           .subject = key_of(n / 2 + (1u << 30)),
                           .sid = key_of(n + (UINT64_C(1) << 40)),
                           .expires = NOW + apr_time_from_sec(3600),
                           .idle = apr_time_from_sec(1800),
                           .value = {value, length}};

    stop_if(b->store->ops->put(b->store, &b->cx, &key, &record), b, "put");
}

static apr_size_t some_length(void)
{
    return SHORTEST + roll() % (LONGEST - SHORTEST + 1);
}

static bench_t make(apr_size_t size, double each)
{
    bench_t b = {.seconds = each};
    apr_pool_t *pool;

    if (apr_pool_create(&pool, NULL)) exit(1);
    b.cx = sso_ctx(pool, NOW);
    stop_if(sso_store_shm_make(&b.cx, pool, size, &b.store), &b, "make");
    stop_if(b.store->ops->tenant(b.store, &b.cx, "bench", 0, &b.tenant), &b, "tenant");
    return b;
}

static sso_store_stats_t stats_of(bench_t *b)
{
    sso_store_stats_t s;

    stop_if(b->store->ops->stats(b->store, &b->cx, &s), b, "stats");
    return s;
}

/* ---- speed ---- */

typedef void work_fn(bench_t *b);

static void one_get(bench_t *b)
{
    sso_store_key_t key = key_of(roll() % b->records);
    sso_record_t record;

    stop_if(b->store->ops->get(b->store, &b->cx, &key, b->tenant, &record), b, "get");
}

/* As requests do: the record is asked for while others are worked on. */
static void one_expected_get(bench_t *b)
{
    static sso_store_key_t next[2]; /* the one whose record, and whose bucket, is under way */
    static int has_next;
    sso_store_key_t key = next[0];
    sso_record_t record;

    next[0] = next[1];
    next[1] = key_of(roll() % b->records);
    b->store->ops->approach(b->store, &next[1], SSO_STORE_BUCKET);
    if (has_next > 0) b->store->ops->approach(b->store, &next[0], SSO_STORE_RECORD);
    if (has_next < 2) {
        has_next++;
        return;
    }
    stop_if(b->store->ops->get(b->store, &b->cx, &key, b->tenant, &record), b, "get");
}

static void one_put(bench_t *b)
{
    put(b, roll() % b->records, some_length());
}

static void one_mark(bench_t *b)
{
    sso_store_key_t key = key_of(roll());

    stop_if(b->store->ops->mark(b->store, &b->cx, &key, NOW + apr_time_from_sec(1)), b, "mark");
    stop_if(b->store->ops->unmark(b->store, &b->cx, &key), b, "unmark");
}

/* In a child: work for the time given, with a pool that is emptied as after a request. */
static void work(bench_t *b, work_fn *one, int child)
{
    double start, end;
    uint64_t n = 0;
    int i;

    state ^= (uint64_t)getpid() << 32;
    apr_pool_create(&b->cx.pool, NULL);
    sso_store_shm_attach(b->store);
    start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    end = seconds(CLOCK_MONOTONIC) + b->seconds;
    do {
        for (i = 0; i < 16; i++) {
            one(b);
        }
        apr_pool_clear(b->cx.pool);
        n += 16;
    } while (seconds(CLOCK_MONOTONIC) < end);
    tally[child] = (double)n / (seconds(CLOCK_PROCESS_CPUTIME_ID) - start);
    _exit(0);
}

/* Operations per second of all processes together, each as if it had its processor for itself. */
static double rate(bench_t *b, work_fn *one, int processes)
{
    double sum = 0;
    int i;

    (void)fflush(stdout);
    for (i = 0; i < processes; i++) {
        if (fork() == 0) work(b, one, i);
    }
    while (wait(NULL) > 0) {}
    for (i = 0; i < processes; i++) {
        sum += tally[i];
    }
    return sum;
}

static void speed(uint64_t records, double each)
{
    apr_size_t size = records * 1320 + 8 * 1024 * 1024;
    bench_t b = make(size, each);
    double fresh[PROCESSES], used[PROCESSES], expected[PROCESSES], puts[PROCESSES];
    uint64_t i;
    int p;

    b.records = records;
    for (i = 0; i < records; i++) {
        put(&b, i, some_length());
    }
    for (p = 0; p < PROCESSES; p++) {
        fresh[p] = rate(&b, one_get, p + 1);
    }
    for (i = 0; i < 4 * records; i++) {
        one_put(&b);
    }
    for (p = 0; p < PROCESSES; p++) {
        used[p] = rate(&b, one_get, p + 1);
        expected[p] = rate(&b, one_expected_get, p + 1);
        puts[p] = rate(&b, one_put, p + 1);
    }
    printf("%9" PRIu64 " %12.0f %12.0f %12.0f %12.0f %12.0f %12.0f %12.0f %12.0f\n", records,
           fresh[0], fresh[1], used[0], used[1], expected[0], expected[1], puts[0], puts[1]);
    if (stats_of(&b).records != records) printf("(evicted %" PRIu64 ")\n", stats_of(&b).evicted);
    apr_pool_destroy(b.cx.pool);
}

/* ---- size ---- */

/* Put until every partition is full and has been for a while. */
static void cost(apr_size_t shortest, apr_size_t longest)
{
    const apr_size_t size = 64 * 1024 * 1024;
    bench_t b = make(size, 0);
    sso_store_stats_t s;
    uint64_t first = 0;
    uint64_t n = 0;
    double mean = (double)(shortest + longest) / 2;

    do {
        put(&b, n++, shortest + roll() % (longest - shortest + 1));
        s = stats_of(&b);
        if (s.evicted == 0) first = n;
    } while (s.evicted < first);
    printf("%4d-%4d %10" PRIu64 " %10" PRIu64 " %14.3f %14.3f\n", (int)shortest, (int)longest,
           first, s.records, (double)s.bytes_room / (double)s.records / mean,
           (double)size / (double)s.records / mean);
    apr_pool_destroy(b.cx.pool);
}

/* ---- snapshot ---- */

static void snapshot(uint64_t records)
{
    const char *file = "bench_store.snapshot";
    bench_t b = make(records * 1320 + 8 * 1024 * 1024, 0);
    bench_t c = make(records * 1320 + 8 * 1024 * 1024, 0);
    sso_span_t secret = sso_span("a secret for benchmarks only");
    sso_seal_t *seal;
    double t[3];
    uint64_t i;

    stop_if(sso_seal_prepare(&b.cx, b.cx.pool, &secret, 1, &seal), &b, "seal");
    for (i = 0; i < records; i++) {
        put(&b, i, some_length());
    }
    t[0] = seconds(CLOCK_MONOTONIC);
    stop_if(b.store->ops->save(b.store, &b.cx, file, seal), &b, "save");
    t[1] = seconds(CLOCK_MONOTONIC);
    stop_if(c.store->ops->load(c.store, &c.cx, file, seal), &c, "load");
    t[2] = seconds(CLOCK_MONOTONIC);
    printf("%9" PRIu64 " sessions: saved in %.0f ms, loaded %" PRIu64 " in %.0f ms\n", records,
           (t[1] - t[0]) * 1e3, stats_of(&c).records, (t[2] - t[1]) * 1e3);
    unlink(file);
    apr_pool_destroy(c.cx.pool);
    apr_pool_destroy(b.cx.pool);
}

int main(int argc, const char *const *argv)
{
    static const uint64_t sizes[] = {10, 1000, 10000, 100000, 1000000};
    static const apr_size_t lengths[][2] = {{400, 400},   {600, 600},  {700, 700},
                                            {800, 800},   {900, 900},  {1000, 1000},
                                            {1400, 1400}, {400, 1500}, {600, 1000}};
    double each = argc > 1 ? strtod(argv[1], NULL) : 1;
    uint64_t most = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    apr_size_t i;
    bench_t b;

    if (apr_initialize()) return 1;
    tally = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED) return 1;

    printf("values of %d to %d bytes, all found; operations per second of CPU time\n", SHORTEST,
           LONGEST);
    printf("%9s %12s %12s %12s %12s %12s %12s %12s %12s\n", "records", "get new 1p", "2p",
           "get used 1p", "2p", "expected 1p", "2p", "put 1p", "2p");
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && sizes[i] <= most; i++) {
        speed(sizes[i], each);
    }
    b = make(64 * 1024 * 1024, each);
    printf("mark and unmark: %.0f pairs per second\n\n", rate(&b, one_mark, 1));

    printf("a full store of 64 MiB: bytes per session over bytes of its value\n");
    printf("%9s %10s %10s %14s %14s\n", "value", "1st evict.", "sessions", "blocks",
           "whole segment");
    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        cost(lengths[i][0], lengths[i][1]);
    }
    printf("\n");
    snapshot(most < 100000 ? most : 100000);
    return 0;
}
