/*
 * shm_marks.c - a hash table with chains, as crash-proof as the records and for the same reasons.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_marks.h"

#include "store/shm_guard.h"

#include <apr_tables.h>

#include <stdlib.h>

#define STEPS 32 /* a walk without the lock looks at seq after so many */

static sso_shm_mark_t *mark_at(const sso_shm_marks_t *p, uint32_t number)
{
    return &p->mark[number - 1];
}

static sso_shm_marks_t *part_of(sso_shm_t *m, const sso_store_key_t *key)
{
    return &m->mark[sso_shm_part_of(m, sso_shm_hash(m->seed, key))];
}

static sso_a32_t *bucket_of(const sso_shm_marks_t *p, const sso_store_key_t *key)
{
    return &p->bucket[sso_shm_pick(sso_shm_hash(p->seed, key), p->marks)];
}

/* What the seal should be, from what is there; never 0. */
static uint32_t seal_of(const sso_shm_marks_t *p, sso_shm_mark_t *mark)
{
    sso_store_key_t key = sso_shm_key_get(mark->key);
    uint64_t h = sso_shm_mix(sso_shm_hash(p->seed, &key), (uint64_t)sso_shm_time_get(mark->until));

    return (uint32_t)(h >> 32) | 1;
}

static int is_set(sso_shm_mark_t *mark)
{
    return sso_a32_get(&mark->seal) != 0;
}

/* ---- the table, under the lock and in a window ---- */

/* Chain a mark into its bucket. */
static void add(const sso_shm_marks_t *p, uint32_t number)
{
    sso_shm_mark_t *mark = mark_at(p, number);
    sso_store_key_t key = sso_shm_key_get(mark->key);
    sso_a32_t *bucket = bucket_of(p, &key);

    sso_a32_set(&mark->next, sso_a32_get(bucket));
    sso_a32_set(bucket, number);
    sso_a32_add(&p->c->set, 1);
}

static void give(const sso_shm_marks_t *p, uint32_t number)
{
    sso_shm_mark_t *mark = mark_at(p, number);

    sso_a32_set(&mark->seal, 0);
    sso_a32_set(&mark->next, sso_a32_get(&p->c->free_first));
    sso_a32_set(&p->c->free_first, number);
}

static void rebuild(const sso_shm_marks_t *p)
{
    uint32_t i;

    sso_shm_guard_open(&p->c->guard);
    sso_a32_set(&p->c->free_first, 0);
    sso_a32_set(&p->c->set, 0);
    for (i = 0; i < p->marks; i++) {
        sso_a32_set(&p->bucket[i], 0);
    }
    for (i = p->marks; i > 0; i--) {
        sso_shm_mark_t *mark = mark_at(p, i);

        if (is_set(mark) && sso_a32_get(&mark->seal) == seal_of(p, mark)) {
            add(p, i);
        } else {
            give(p, i);
        }
        SSO_CRASH_POINT(14);
    }
    sso_shm_guard_close(&p->c->guard);
}

static apr_status_t lock(sso_ctx_t *cx, const sso_shm_marks_t *p)
{
    int torn;
    apr_status_t rv = sso_shm_guard_lock(cx, &p->c->guard, &torn);

    if (rv) return rv;
    sso_shm_guard_change(&p->c->guard);
    if (torn) {
        rebuild(p);
        sso_aword_add(&p->c->rebuilt, 1);
    }
    return APR_SUCCESS;
}

static void unlock(const sso_shm_marks_t *p)
{
    sso_shm_guard_unlock(&p->c->guard);
}

/* The number of a mark that is set, expired or not, or 0; as sso_shm_find(). */
static uint32_t find(const sso_shm_marks_t *p, const sso_store_key_t *key, uint32_t seq)
{
    uint32_t at = sso_a32_get(bucket_of(p, key));
    uint32_t steps;

    for (steps = 1; at != 0 && at <= p->marks; steps++) {
        if (sso_shm_key_is(mark_at(p, at)->key, key)) return at;
        if (steps % STEPS == 0 && !sso_shm_guard_same(&p->c->guard, seq)) return 0;
        if (steps > p->marks) return 0;
        at = sso_a32_get(&mark_at(p, at)->next);
    }
    return 0;
}

static uint32_t find_locked(const sso_shm_marks_t *p, const sso_store_key_t *key)
{
    return find(p, key, sso_a32_get(&p->c->guard.seq));
}

/* Take a mark out of its chain and free it; its seal going away is the commit. */
static void take_out(const sso_shm_marks_t *p, uint32_t number)
{
    sso_store_key_t key = sso_shm_key_get(mark_at(p, number)->key);
    sso_a32_t *from = bucket_of(p, &key);
    uint32_t at;

    sso_shm_guard_open(&p->c->guard);
    while ((at = sso_a32_get(from)) != number && at != 0) {
        from = &mark_at(p, at)->next;
    }
    sso_a32_set(from, sso_a32_get(&mark_at(p, number)->next));
    SSO_CRASH_POINT(11);
    give(p, number);
    sso_a32_add(&p->c->set, 0u - 1u);
    sso_shm_guard_close(&p->c->guard);
}

static void reclaim(const sso_shm_marks_t *p, apr_time_t now)
{
    uint32_t i;

    for (i = 1; i <= p->marks; i++) {
        sso_shm_mark_t *mark = mark_at(p, i);

        if (is_set(mark) && sso_shm_time_get(mark->until) <= now) take_out(p, i);
    }
}

/* Write and chain a mark in a free place; 0: there is none. */
static int put(const sso_shm_marks_t *p, const sso_store_key_t *key, apr_time_t until)
{
    uint32_t number = sso_a32_get(&p->c->free_first);
    sso_shm_mark_t *mark;

    if (number == 0) return 0;
    mark = mark_at(p, number);
    sso_shm_guard_open(&p->c->guard);
    sso_a32_set(&p->c->free_first, sso_a32_get(&mark->next));
    sso_awords_set(mark->key, key, sizeof(*key));
    sso_shm_time_set(mark->until, until);
    SSO_CRASH_POINT(12);
    atomic_store_explicit(&mark->seal, seal_of(p, mark), memory_order_release); /* commit */
    add(p, number);
    sso_shm_guard_close(&p->c->guard);
    return 1;
}

/* ---- the door ---- */

apr_status_t sso_shm_marks_make(sso_ctx_t *cx, const sso_shm_marks_t *p)
{
    apr_status_t rv = sso_shm_guard_make(cx, &p->c->guard);

    if (rv == APR_SUCCESS) rebuild(p);
    return rv;
}

apr_status_t sso_shm_mark(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key, apr_time_t until)
{
    const sso_shm_marks_t *p = part_of(m, key);
    apr_status_t rv = lock(cx, p);
    uint32_t old;

    if (rv) return rv;
    old = find_locked(p, key);
    if (old != 0 && sso_shm_time_get(mark_at(p, old)->until) > cx->now) {
        rv = APR_EEXIST;
    } else if (until > cx->now) {
        if (old != 0) take_out(p, old);
        if (sso_a32_get(&p->c->free_first) == 0) reclaim(p, cx->now);
        if (!put(p, key, until)) rv = APR_ENOSPC;
    }
    unlock(p);
    return rv != APR_ENOSPC ? rv : sso_fail(cx, SSO_F_STORE_FULL, "no room for a mark");
}

apr_status_t sso_shm_unmark(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key)
{
    const sso_shm_marks_t *p = part_of(m, key);
    apr_status_t rv = lock(cx, p);
    uint32_t old;

    if (rv) return rv;
    old = find_locked(p, key);
    rv = APR_NOTFOUND;
    if (old != 0) {
        if (sso_shm_time_get(mark_at(p, old)->until) > cx->now) rv = APR_SUCCESS;
        take_out(p, old);
    }
    unlock(p);
    return rv;
}

/* Until when it is set, 0 for not at all. */
static apr_time_t read_until(const sso_shm_marks_t *p, const sso_store_key_t *key, uint32_t seq)
{
    uint32_t at = find(p, key, seq);

    return at == 0 ? 0 : sso_shm_time_get(mark_at(p, at)->until);
}

apr_status_t sso_shm_marked(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key,
                            apr_time_t *until)
{
    const sso_shm_marks_t *p = part_of(m, key);
    sso_shm_guard_t *guard = &p->c->guard;
    apr_time_t found = 0;
    uint32_t seq;
    int tries;

    for (tries = 0; tries < SSO_SHM_TRIES; tries++) {
        if (sso_shm_guard_read(guard, &seq)) {
            found = read_until(p, key, seq);
            if (sso_shm_guard_same(guard, seq)) break;
        } else {
            sso_shm_pause();
        }
    }
    if (tries == SSO_SHM_TRIES) {
        apr_status_t rv = lock(cx, p);

        if (rv) return rv;
        found = read_until(p, key, sso_a32_get(&guard->seq));
        unlock(p);
    }
    if (found <= cx->now) return APR_NOTFOUND;
    *until = found;
    return APR_SUCCESS;
}

apr_status_t sso_shm_marks_sweep(sso_ctx_t *cx, const sso_shm_marks_t *p)
{
    apr_status_t rv = lock(cx, p);

    if (rv) return rv;
    reclaim(p, cx->now);
    unlock(p);
    return APR_SUCCESS;
}

/* ---- walk ---- */

typedef struct {
    sso_store_key_t key;
    apr_time_t until;
} copy_t;

static void copy_part(const sso_shm_marks_t *p, apr_time_t now, apr_array_header_t *out)
{
    uint32_t i;

    apr_array_clear(out);
    for (i = 1; i <= p->marks; i++) {
        sso_shm_mark_t *mark = mark_at(p, i);
        copy_t c;

        if (!is_set(mark)) continue;
        c = (copy_t){sso_shm_key_get(mark->key), sso_shm_time_get(mark->until)};
        if (c.until > now) APR_ARRAY_PUSH(out, copy_t) = c;
    }
}

apr_status_t sso_shm_marks_walk(sso_ctx_t *cx, const sso_shm_t *m, sso_shm_mark_fn *fn, void *baton)
{
    apr_array_header_t *copies = apr_array_make(cx->pool, 64, sizeof(copy_t));
    uint32_t i;
    int j;

    for (i = 0; i < m->parts; i++) {
        apr_status_t rv = lock(cx, &m->mark[i]);

        if (rv) return rv;
        copy_part(&m->mark[i], cx->now, copies);
        unlock(&m->mark[i]);
        for (j = 0; j < copies->nelts; j++) {
            const copy_t *c = &APR_ARRAY_IDX(copies, j, copy_t);

            if (fn(baton, &c->key, c->until)) return APR_SUCCESS;
        }
    }
    return APR_SUCCESS;
}

/* ---- the check ---- */

/* Follow one list of numbers, counting each in met; broken ones are returned. */
static int check_list(const sso_shm_marks_t *p, sso_a32_t *first, int set, unsigned char *met)
{
    uint32_t at = sso_a32_get(first);
    int bad = 0;

    while (at != 0) {
        if (at > p->marks || met[at]++) return bad + 1;
        if (is_set(mark_at(p, at)) != set) bad++;
        at = sso_a32_get(&mark_at(p, at)->next);
    }
    return bad;
}

static int check_all(const sso_shm_t *m, const sso_shm_marks_t *p, unsigned char *met)
{
    uint32_t set = 0;
    uint32_t i;
    int bad = (sso_a32_get(&p->c->guard.seq) & 1) != 0;

    for (i = 0; i < p->marks; i++) {
        bad += check_list(p, &p->bucket[i], 1, met);
    }
    bad += check_list(p, &p->c->free_first, 0, met);
    for (i = 1; i <= p->marks; i++) {
        sso_shm_mark_t *mark = mark_at(p, i);
        sso_store_key_t key = sso_shm_key_get(mark->key);

        bad += met[i] != 1;
        if (!is_set(mark)) continue;
        set++;
        bad += sso_a32_get(&mark->seal) != seal_of(p, mark);
        bad += find_locked(p, &key) != i;
        bad += &m->mark[sso_shm_part_of(m, sso_shm_hash(m->seed, &key))] != p;
    }
    return bad + (set != sso_a32_get(&p->c->set));
}

apr_status_t sso_shm_marks_check(sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_marks_t *p,
                                 int *violations)
{
    unsigned char *met = calloc(1, (apr_size_t)p->marks + 1);
    apr_status_t rv;

    if (!met) return sso_fail(cx, SSO_F_INTERNAL, "no memory to check the store");
    rv = lock(cx, p);
    if (rv == APR_SUCCESS) {
        *violations = check_all(m, p, met);
        unlock(p);
    }
    free(met);
    return rv;
}
