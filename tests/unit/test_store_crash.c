/*
 * test_store_crash.c - processes die at every point of every operation, and the others go on.
 *
 * Writers put, drop, revoke, mark and unmark, and keep a ledger of what they are about to do and
 * what was acknowledged. They are killed, from outside or at marked points of the code (this
 * program compiles the store with SSO_STORE_CRASH), and new ones compare the store with the ledger.
 * Readers, without locks, compare what they read with it all the time.
 *
 * Takes 2 seconds for each of three scenarios; SSO_CRASH_SECONDS=20 for longer ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_guard.h"
#include "store/store_shm.h"
#include "unit.h"

#include <apr_strings.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WRITERS  3
#define READERS  2
#define KEYS     700 /* sessions of each writer */
#define SUBJECTS 40  /* people of each writer */
#define MARKS    400 /* marks of each writer */
#define POINTS   16
#define HANG     10   /* seconds without any progress */
#define PATIENCE 60.0 /* seconds more that a run may take */

#define GONE 0x80000000u /* in a ledger: dropped with this version, or never there */

/* Versions of a session: what the writer was told has happened, and what it last began. */
typedef struct {
    sso_a32_t acked, begun;
} ledger_t;

/* What all processes see. */
typedef struct {
    sso_a32_t stop;
    sso_a32_t torn, stale, lost, missing, wrong_mark; /* findings */
    sso_a32_t died[POINTS];
    sso_a32_t beats[WRITERS + READERS];
    sso_a32_t puts, gets, checked;
    ledger_t session[WRITERS][KEYS];
    ledger_t mark[WRITERS][MARKS]; /* 1: set, GONE: not */
} shared_t;

typedef struct {
    const char *name;
    apr_size_t size;
    int injected; /* crash at marked points */
    int killed;   /* kill from outside */
    int evicting; /* too small for all: sessions may be missing */
} scenario_t;

static shared_t *shared;
static const scenario_t *scenario;
static sso_store_t *store;
static sso_ctx_t context;
static int tenants[WRITERS];
static int armed; /* this process may die at a marked point */
static uint64_t state;

static uint32_t roll(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

static void note(sso_a32_t *counter)
{
    atomic_fetch_add(counter, 1);
}

/* One call in so many is the last; points in loops are passed far more often. */
void sso_store_crash_point(int point)
{
    static const uint32_t odds[POINTS] = {
        [1] = 3000, [2] = 30000, [3] = 15000, [4] = 15000, [5] = 1500,  [6] = 3000,   [7] = 3000,
        [8] = 1500, [9] = 1000,  [10] = 1000, [11] = 1000, [12] = 1000, [13] = 10000, [14] = 500};

    if (!armed || roll(odds[point]) != 0) return;
    note(&shared->died[point]);
    kill(getpid(), SIGKILL);
}

/* ---- what is stored ---- */

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

static sso_store_key_t session_key(int w, int i)
{
    return key_of((uint64_t)w << 32 | (uint32_t)i);
}

static sso_store_key_t subject_key(int w, int subject)
{
    return key_of(UINT64_C(1) << 60 | (uint64_t)w << 32 | (uint32_t)subject);
}

static sso_store_key_t mark_key(int w, int i)
{
    return key_of(UINT64_C(1) << 61 | (uint64_t)w << 32 | (uint32_t)i);
}

/* The value of version v of a session: who it is, then bytes that follow from it. */
static uint32_t compose(int w, int i, uint32_t v, unsigned char *to)
{
    uint64_t x = ((uint64_t)w << 40 ^ (uint64_t)i << 20 ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t n = 16 + (uint32_t)(x >> 40) % (v % 37 == 0 ? 20000 : 1500);
    uint32_t head[4] = {(uint32_t)w, (uint32_t)i, v, n};
    uint32_t j;

    memcpy(to, head, sizeof(head));
    for (j = 16; j < n; j++) {
        to[j] = (unsigned char)(x >> (j % 8 * 8)) ^ (unsigned char)(j / 8);
    }
    return n;
}

/* Is it a whole value of that session, and of which version? */
static int recognize(int w, int i, sso_span_t value, uint32_t *v)
{
    static unsigned char wanted[SSO_RECORD_MAX];
    uint32_t head[4];

    if (value.n < sizeof(head)) return 0;
    memcpy(head, value.p, sizeof(head));
    if (head[0] != (uint32_t)w || head[1] != (uint32_t)i) return 0;
    *v = head[2];
    return compose(w, i, head[2], wanted) == value.n && memcmp(wanted, value.p, value.n) == 0;
}

/* The version of a session that is there, or GONE. */
static uint32_t look(int w, int i)
{
    sso_store_key_t key = session_key(w, i);
    sso_record_t record;
    uint32_t v = GONE;

    context.now = NOW + apr_time_from_sec((apr_time_t)roll(60)); /* uses are written down */
    if (store->ops->get(store, &context, &key, tenants[w], &record) == APR_SUCCESS) {
        if (!recognize(w, i, record.value, &v)) note(&shared->torn);
    }
    return v;
}

static int is_marked(int w, int i)
{
    sso_store_key_t key = mark_key(w, i);
    apr_time_t until;

    return store->ops->marked(store, &context, &key, &until) == APR_SUCCESS;
}

/* ---- the writer ---- */

static void begin(ledger_t *l, uint32_t v)
{
    atomic_store(&l->begun, v);
}

static void done(ledger_t *l)
{
    atomic_store(&l->acked, atomic_load(&l->begun));
}

/* After a death: the store holds what was acknowledged, or what was begun. */
static void settle_session(int w, int i)
{
    ledger_t *l = &shared->session[w][i];
    uint32_t acked = atomic_load(&l->acked);
    uint32_t begun = atomic_load(&l->begun);
    uint32_t found = look(w, i);

    if (found != GONE) {
        if (found != acked && found != begun) note(&shared->stale);
    } else if (!(acked & GONE) && !(begun & GONE)) {
        note(scenario->evicting ? &shared->missing : &shared->lost);
    }
    found = found == GONE ? GONE | begun : found;
    atomic_store(&l->begun, (found & GONE) | (begun & ~GONE)); /* versions never go back */
    atomic_store(&l->acked, found & GONE ? atomic_load(&l->begun) : found);
    note(&shared->checked);
}

static void settle_mark(int w, int i)
{
    ledger_t *l = &shared->mark[w][i];
    uint32_t found = is_marked(w, i) ? 1 : GONE;

    if (found != atomic_load(&l->acked) && found != atomic_load(&l->begun)) {
        note(&shared->wrong_mark);
    }
    begin(l, found);
    done(l);
}

static void put_one(int w, int i)
{
    static unsigned char value[SSO_RECORD_MAX];
    ledger_t *l = &shared->session[w][i];
    uint32_t v = (atomic_load(&l->begun) & ~GONE) + 1;
    sso_store_key_t key = session_key(w, i);
    sso_record_t record = {.tenant = tenants[w],
                           .subject = subject_key(w, i % SUBJECTS),
                           .sid = session_key(w, i),
                           .expires = NOW + apr_time_from_sec(9999),
                           .value = sso_span_of(value, compose(w, i, v, value))};

    begin(l, v);
    if (store->ops->put(store, &context, &key, &record)) note(&shared->lost);
    done(l);
    note(&shared->puts);
}

static void drop_one(int w, int i)
{
    ledger_t *l = &shared->session[w][i];
    sso_store_key_t key = session_key(w, i);

    begin(l, GONE | ((atomic_load(&l->begun) & ~GONE) + 1));
    store->ops->drop(store, &context, &key, tenants[w]);
    done(l);
}

/* All sessions of one person, which are then really gone. */
static void revoke_some(int w, int subject)
{
    sso_match_t match = {.tenant = -1, .subject = subject_key(w, subject)};
    int count;
    int i;

    for (i = subject; i < KEYS; i += SUBJECTS) {
        ledger_t *l = &shared->session[w][i];

        begin(l, GONE | ((atomic_load(&l->begun) & ~GONE) + 1));
    }
    store->ops->revoke(store, &context, &match, &count);
    for (i = subject; i < KEYS; i += SUBJECTS) {
        if (look(w, i) != GONE) note(&shared->stale);
        done(&shared->session[w][i]);
    }
}

static void flip_mark(int w, int i)
{
    ledger_t *l = &shared->mark[w][i];
    sso_store_key_t key = mark_key(w, i);
    apr_status_t rv;

    if (atomic_load(&l->acked) & GONE) {
        begin(l, 1);
        rv = store->ops->mark(store, &context, &key, NOW + apr_time_from_sec(9999));
    } else {
        if (store->ops->mark(store, &context, &key, NOW + 1) != APR_EEXIST) {
            note(&shared->wrong_mark);
        }
        begin(l, GONE);
        rv = store->ops->unmark(store, &context, &key);
    }
    if (rv) note(&shared->wrong_mark);
    done(l);
}

static void fresh_pool(void)
{
    apr_pool_create(&context.pool, NULL);
    context.now = NOW;
    state = ((uint64_t)getpid() << 20 ^ (uint64_t)time(NULL)) | 1;
    (void)roll(2);
}

static void write_until_killed(int w)
{
    int i;

    fresh_pool();
    for (i = 0; i < KEYS; i++) {
        settle_session(w, i);
        if (i % 16 == 0) apr_pool_clear(context.pool);
    }
    for (i = 0; i < MARKS; i++) {
        settle_mark(w, i);
    }
    armed = scenario->injected;
    while (!sso_a32_get(&shared->stop)) {
        uint32_t what = roll(64);

        context.now = NOW;
        if (what < 40) {
            put_one(w, (int)roll(KEYS));
        } else if (what < 47) {
            drop_one(w, (int)roll(KEYS));
        } else if (what < 48) {
            revoke_some(w, (int)roll(SUBJECTS));
        } else {
            flip_mark(w, (int)roll(MARKS));
        }
        apr_pool_clear(context.pool);
        note(&shared->beats[w]);
    }
    _exit(0);
}

/* ---- the reader ---- */

/* What is read was acknowledged before, or begun before the end of the read. */
static void read_session(int w, int i)
{
    ledger_t *l = &shared->session[w][i];
    uint32_t begun = atomic_load(&l->begun);
    uint32_t acked = atomic_load(&l->acked);
    uint32_t found = look(w, i);
    uint32_t latest = atomic_load(&l->begun);

    if (found != GONE) {
        if (found < (acked & ~GONE) || found > (latest & ~GONE)) note(&shared->stale);
        if (found == (acked & ~GONE) && acked & GONE) note(&shared->stale);
    } else if (acked == begun && begun == latest && !(acked & GONE)) {
        note(scenario->evicting ? &shared->missing : &shared->lost);
    }
}

static void read_mark(int w, int i)
{
    ledger_t *l = &shared->mark[w][i];
    uint32_t begun = atomic_load(&l->begun);
    uint32_t acked = atomic_load(&l->acked);
    uint32_t before = sso_a32_get(&shared->beats[w]);
    uint32_t found = is_marked(w, i) ? 1 : GONE;

    if (acked != begun || atomic_load(&l->begun) != begun) return;
    if (atomic_load(&shared->beats[w]) != before) return; /* it may have changed to and fro */
    if (found != acked) note(&shared->wrong_mark);
}

static void read_until_killed(int r)
{
    fresh_pool();
    while (!sso_a32_get(&shared->stop)) {
        int w = (int)roll(WRITERS);

        if (roll(8) > 0) {
            read_session(w, (int)roll(KEYS));
        } else {
            read_mark(w, (int)roll(MARKS));
        }
        apr_pool_clear(context.pool);
        note(&shared->gets);
        note(&shared->beats[WRITERS + r]);
    }
    _exit(0);
}

/* ---- the one who kills ---- */

static pid_t start(int n)
{
    pid_t child = fork();

    if (child == 0) {
        if (n < WRITERS) write_until_killed(n);
        read_until_killed(n - WRITERS);
    }
    assert_true(child > 0);
    return child;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t all_beats(void)
{
    uint32_t sum = 0;
    int i;

    for (i = 0; i < WRITERS + READERS; i++) {
        sum += sso_a32_get(&shared->beats[i]);
    }
    return sum;
}

static int violations_of(sso_ctx_t *cx)
{
    int violations = -1;

    assert_int_equal(sso_store_shm_validate(cx, store, &violations), APR_SUCCESS);
    return violations;
}

/* Start again who has died, after killing somebody perhaps; how many. */
static int replace_dead(pid_t child[WRITERS + READERS])
{
    int dead = 0;
    int i;

    if (scenario->killed) kill(child[roll(32) ? roll(WRITERS) : WRITERS + roll(READERS)], SIGKILL);
    for (i = 0; i < WRITERS + READERS; i++) {
        if (waitpid(child[i], NULL, WNOHANG) != child[i]) continue;
        child[i] = start(i);
        dead++;
    }
    return dead;
}

static void stop(pid_t child[WRITERS + READERS])
{
    double patience = seconds() + HANG;
    int i;

    sso_a32_set(&shared->stop, 1);
    for (i = 0; i < WRITERS + READERS; i++) {
        while (waitpid(child[i], NULL, WNOHANG) == 0) {
            if (seconds() > patience) kill(child[i], SIGKILL);
            usleep(1000);
        }
    }
    assert_true(seconds() < patience);
}

static void forget(void)
{
    int w, i;

    memset(shared, 0, sizeof(*shared));
    for (w = 0; w < WRITERS; w++) {
        for (i = 0; i < KEYS; i++) {
            begin(&shared->session[w][i], GONE);
            done(&shared->session[w][i]);
        }
        for (i = 0; i < MARKS; i++) {
            begin(&shared->mark[w][i], GONE);
            done(&shared->mark[w][i]);
        }
    }
}

/* On a loaded machine little happens in the time given: go on until there is something to judge. */
static int has_seen_enough(sso_ctx_t *cx, int deaths, double length)
{
    sso_store_stats_t stats;

    return deaths > (int)length * 5 && sso_a32_get(&shared->gets) > 1000
           && store->ops->stats(store, cx, &stats) == APR_SUCCESS && stats.rebuilt > 0
           && (stats.evicted > 0) == scenario->evicting;
}

static void run(sso_ctx_t *cx, const scenario_t *which)
{
    const char *wanted = getenv("SSO_CRASH_SECONDS");
    double length = wanted ? strtod(wanted, NULL) : 2;
    pid_t child[WRITERS + READERS];
    sso_store_stats_t stats;
    double end, moved;
    uint32_t beats = 0;
    int deaths = 0, checks = 0;
    int i;

    scenario = which;
    forget();
    assert_int_equal(sso_store_shm_make(cx, cx->pool, which->size, &store), APR_SUCCESS);
    for (i = 0; i < WRITERS; i++) {
        const char *name = apr_psprintf(cx->pool, "writer %d", i);

        assert_int_equal(store->ops->tenant(store, cx, name, 0, &tenants[i]), APR_SUCCESS);
    }
    context = *cx;
    state = 4711;
    for (i = 0; i < WRITERS + READERS; i++) {
        child[i] = start(i);
    }
    moved = seconds();
    end = moved + length;
    while ((seconds() < end || (!has_seen_enough(cx, deaths, length) && seconds() < end + PATIENCE))
           && seconds() - moved < HANG) {
        usleep(1000 + roll(4000));
        deaths += replace_dead(child);
        if (deaths / 50 > checks) {
            checks++;
            assert_int_equal(violations_of(cx), 0);
        }
        if (all_beats() != beats) moved = seconds();
        beats = all_beats();
    }
    assert_true(seconds() - moved < HANG);
    stop(child);
    assert_int_equal(violations_of(cx), 0);
    assert_int_equal(store->ops->stats(store, cx, &stats), APR_SUCCESS);
    print_message(
        "%s: %d deaths, %u rebuilds, %u puts, %u gets, %u settled, %u evicted\n  at:", which->name,
        deaths, (unsigned)stats.rebuilt, sso_a32_get(&shared->puts), sso_a32_get(&shared->gets),
        sso_a32_get(&shared->checked), (unsigned)stats.evicted);
    for (i = 1; i < POINTS; i++) {
        print_message(" %d:%u", i, sso_a32_get(&shared->died[i]));
    }
    print_message("\n");

    assert_int_equal(sso_a32_get(&shared->torn), 0);
    assert_int_equal(sso_a32_get(&shared->stale), 0);
    assert_int_equal(sso_a32_get(&shared->lost), 0);
    assert_int_equal(sso_a32_get(&shared->wrong_mark), 0);
    assert_true(deaths > (int)length * 5); /* something was tested */
    assert_true(stats.rebuilt > 0);
    assert_true(sso_a32_get(&shared->gets) > 1000);
    assert_int_equal(stats.evicted > 0, which->evicting);
}

static void dying_at_marked_points(void **st)
{
    static const scenario_t s = {"marked points", 16 * 1024 * 1024, 1, 0, 0};

    run(*st, &s);
}

static void being_killed(void **st)
{
    static const scenario_t s = {"killed", 16 * 1024 * 1024, 0, 1, 0};

    run(*st, &s);
}

static void both_while_room_is_short(void **st)
{
    static const scenario_t s = {"both, evicting", 1024 * 1024, 1, 1, 1};

    run(*st, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(dying_at_marked_points),
        UNIT(being_killed),
        UNIT(both_while_room_is_short),
    };

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 1;
    return cmocka_run_group_tests(tests, unit_start, NULL);
}
