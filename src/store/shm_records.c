/*
 * shm_records.c - what happens to records, in the order that lets a process die anywhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_records.h"

#include "store/shm_blocks.h"
#include "store/shm_evict.h"
#include "store/shm_guard.h"
#include "store/shm_index.h"
#include "store/shm_rebuild.h"
#include "store/shm_tenants.h"

#define USED_STEP   4   /* seconds: a use within so many of the last one is not written down */
#define TALLY_FLUSH 256 /* reads that a process counts for itself */
#define TALLY_HIT   0x10000u

/* ---- get ---- */

typedef enum { ABSENT, FOUND, TORN } found_t;

/* What a get looks for, and where it puts it. */
typedef struct {
    const sso_shm_part_t *p;
    const sso_store_key_t *key;
    int tenant;
    apr_time_t now;
    apr_pool_t *pool;
    char *buffer; /* room bytes and a NUL: keys and value, kept from one try to the next */
    apr_size_t room;
    uint32_t block; /* where it was found, and then when it was last used */
    uint32_t used;
    sso_record_t record;
} search_t;

/* Read the body; the head was read while seq was the same, so the length can be trusted. */
static found_t read_body(search_t *s, const sso_shm_shape_t *shape)
{
    sso_shm_stream_t body = sso_shm_body(s->p, s->block);
    const uint32_t before = sso_shm_prefix(shape);
    const uint32_t whole = before + shape->length;
    const char *prefix;

    if (!s->buffer || whole > s->room) {
        s->buffer = apr_palloc(s->pool, (apr_size_t)whole + 1);
        s->room = whole;
    }
    if (!sso_shm_read(&body, s->buffer, whole)) return TORN;
    prefix = s->buffer;
    if (shape->has_subject) {
        memcpy(&s->record.subject, prefix, sizeof(s->record.subject));
        prefix += sizeof(s->record.subject);
    }
    if (shape->has_sid) memcpy(&s->record.sid, prefix, sizeof(s->record.sid));
    s->buffer[whole] = '\0';
    s->record.value = sso_span_of(s->buffer + before, shape->length);
    return FOUND;
}

/* One try. Its answer holds if seq is still the same afterwards. */
static found_t try_read(search_t *s, uint32_t seq)
{
    sso_shm_head_t *head;
    sso_shm_shape_t shape;

    s->block = sso_shm_find(s->p, s->key, seq);
    if (s->block == 0) return ABSENT;
    head = sso_shm_head(s->p, s->block);
    shape = sso_shm_shape_get(s->p, s->block);
    s->used = sso_a32_get(&head->used);
    s->record = (sso_record_t){.tenant = shape.tenant,
                               .expires = sso_shm_time_get(head->expires),
                               .idle = apr_time_from_sec((apr_time_t)sso_a32_get(&head->idle))};
    if (shape.tenant != s->tenant || sso_shm_is_over(s->p, s->block, s->now)) return ABSENT;
    if (!sso_shm_guard_same(&s->p->c->guard, seq)) return TORN;
    return read_body(s, &shape);
}

static found_t read_unlocked(search_t *s, uint32_t *seq)
{
    sso_shm_guard_t *guard = &s->p->c->guard;
    int tries;

    for (tries = 0; tries < SSO_SHM_TRIES; tries++) {
        if (sso_shm_guard_read(guard, seq)) {
            found_t found = try_read(s, *seq);

            if (sso_shm_guard_same(guard, *seq) && found != TORN) return found;
        } else {
            sso_shm_pause();
        }
    }
    return TORN;
}

/* Wait for the writer, or repair what it left, and read while nobody can write. */
static apr_status_t read_locked(sso_ctx_t *cx, search_t *s, found_t *found)
{
    apr_status_t rv = sso_shm_part_lock(cx, s->p);

    if (rv) return rv;
    *found = try_read(s, sso_a32_get(&s->p->c->guard.seq));
    sso_shm_part_unlock(s->p);
    return APR_SUCCESS;
}

/* Write down that it is in use, if nobody is writing and it is still there. */
static void touch(const search_t *s, uint32_t seq)
{
    uint32_t now = (uint32_t)apr_time_sec(s->now);
    sso_shm_guard_t *guard = &s->p->c->guard;

    if ((int32_t)(now - s->used) < USED_STEP || !sso_shm_guard_try(guard)) return;
    if (sso_shm_guard_same(guard, seq)) {
        sso_a32_set(&sso_shm_head(s->p, s->block)->used, now);
    }
    sso_shm_guard_leave(guard);
}

void sso_shm_tally_flush(sso_shm_t *m, uint32_t part)
{
    uint32_t n = atomic_exchange_explicit(&m->tally[part].gets_hits, 0, memory_order_relaxed);
    sso_shm_control_t *c = m->part[part].c;

    atomic_fetch_add_explicit(&c->gets, n & (TALLY_HIT - 1), memory_order_relaxed);
    atomic_fetch_add_explicit(&c->hits, n / TALLY_HIT, memory_order_relaxed);
}

static void tally(sso_shm_t *m, uint32_t part, int hit)
{
    uint32_t n = atomic_fetch_add_explicit(&m->tally[part].gets_hits, hit ? 1 + TALLY_HIT : 1,
                                           memory_order_relaxed);

    if ((n & (TALLY_HIT - 1)) + 1 >= TALLY_FLUSH) sso_shm_tally_flush(m, part);
}

apr_status_t sso_shm_get(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key, int tenant,
                         sso_record_t *out)
{
    uint32_t part = sso_shm_part_of(m, sso_shm_hash(m->seed, key));
    search_t s = {
        .p = &m->part[part], .key = key, .tenant = tenant, .now = cx->now, .pool = cx->pool};
    uint32_t seq;
    found_t found = read_unlocked(&s, &seq);

    if (found == TORN) {
        apr_status_t rv = read_locked(cx, &s, &found);

        if (rv) return rv;
    } else if (found == FOUND) {
        touch(&s, seq);
    }
    tally(m, part, found == FOUND);
    if (found != FOUND) return APR_NOTFOUND;
    *out = s.record;
    return APR_SUCCESS;
}

/* Without the lock: a bucket may name a head that is going, and then what is fetched is in vain. */
void sso_shm_approach(const sso_shm_t *m, const sso_store_key_t *key, sso_store_step_t step)
{
    const uint64_t hash = sso_shm_hash(m->seed, key);
    const sso_shm_part_t *p = &m->part[sso_shm_part_of(m, hash)];
    sso_a32_t *bucket = sso_shm_bucket_of(p, SSO_SHM_BY_KEY, hash);
    uint32_t first;

    if (step == SSO_STORE_BUCKET) {
        __builtin_prefetch(bucket);
        __builtin_prefetch(&p->c->guard.seq);
        return;
    }
    first = sso_a32_get(bucket);
    if (first != 0 && first <= p->blocks) sso_shm_fetch_ahead(p, first);
}

/* ---- put ---- */

static sso_shm_shape_t shape_of(const sso_record_t *record)
{
    return (sso_shm_shape_t){.length = (uint32_t)record->value.n,
                             .tenant = record->tenant,
                             .has_subject = !sso_store_key_is_none(&record->subject),
                             .has_sid = !sso_store_key_is_none(&record->sid)};
}

/* Whole seconds, rounded up, so that a short time does not become never. */
static uint32_t idle_seconds(apr_interval_time_t idle)
{
    apr_int64_t sec = (idle + APR_USEC_PER_SEC - 1) / APR_USEC_PER_SEC;

    return idle <= 0 ? 0 : sec > UINT32_MAX ? UINT32_MAX : (uint32_t)sec;
}

/* Into blocks that no reader can reach yet. */
static void write_record(const sso_shm_part_t *p, uint32_t block, const sso_store_key_t *key,
                         const sso_record_t *record, apr_time_t used)
{
    sso_shm_shape_t shape = shape_of(record);
    sso_shm_head_t *head = sso_shm_head(p, block);
    sso_shm_stream_t body = sso_shm_body(p, block);

    sso_awords_set(head->key, key, sizeof(*key));
    sso_shm_time_set(head->expires, record->expires);
    sso_a32_set(&head->shape, sso_shm_shape_pack(&shape));
    sso_a32_set(&head->idle, idle_seconds(record->idle));
    sso_a32_set(&head->used, (uint32_t)apr_time_sec(used));
    sso_a32_set(&head->passed, (uint32_t)apr_time_sec(used));
    if (shape.has_subject) sso_shm_write(&body, &record->subject, 16);
    if (shape.has_sid) sso_shm_write(&body, &record->sid, 16);
    sso_shm_write(&body, record->value.p, record->value.n);
    sso_a32_set(&head->sum, sso_shm_sum(p, block));
}

/* Let readers see the new record, and then only it: they see nothing before the window closes. */
static void publish(const sso_shm_part_t *p, uint32_t block, uint32_t old)
{
    sso_shm_guard_open(&p->c->guard);
    SSO_CRASH_POINT(5);
    atomic_store_explicit(sso_shm_link(p, block),
                          (uint32_t)SSO_SHM_LIVE << 30 | sso_shm_next(p, block),
                          memory_order_release); /* the commit */
    sso_shm_index_add(p, block);
    SSO_CRASH_POINT(9);
    if (old != 0) {
        sso_shm_remove(p, old);
    } else {
        sso_shm_guard_close(&p->c->guard);
    }
    SSO_CRASH_POINT(10);
    sso_aword_add(&p->c->puts, 1);
}

static apr_status_t check_size(sso_ctx_t *cx, const sso_shm_t *m, const sso_record_t *record)
{
    sso_shm_shape_t shape;

    if (record->tenant < 0 || record->tenant >= sso_shm_tenants(m)) {
        return sso_fail(cx, SSO_F_INTERNAL, "a session of the unknown tenant %d", record->tenant);
    }
    if (record->value.n < 1 || record->value.n > SSO_RECORD_MAX) {
        return sso_fail(cx, SSO_F_SESSION_SIZE,
                        "a session of %" APR_SIZE_T_FMT " bytes; 1 to %d fit", record->value.n,
                        SSO_RECORD_MAX);
    }
    shape = shape_of(record);
    if (sso_shm_blocks_for(&shape) > sso_shm_ceiling(m, record->tenant)) {
        return sso_fail(cx, SSO_F_SESSION_SIZE,
                        "a session of %" APR_SIZE_T_FMT " bytes is more than its host's quota",
                        record->value.n);
    }
    return APR_SUCCESS;
}

/* Under the lock: may a record be renewed, and when was it used last? */
static int is_renewable(const sso_ctx_t *cx, const sso_shm_part_t *p, uint32_t block, int tenant,
                        apr_time_t *used)
{
    if (block == 0 || sso_shm_is_over(p, block, cx->now)) return 0;
    if (sso_shm_shape_get(p, block).tenant != tenant) return 0;
    *used = apr_time_from_sec((apr_time_t)sso_a32_get(&sso_shm_head(p, block)->used));
    return 1;
}

apr_status_t sso_shm_put(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key,
                         const sso_record_t *record, apr_time_t used)
{
    const sso_shm_part_t *p = &m->part[sso_shm_part_of(m, sso_shm_hash(m->seed, key))];
    sso_shm_need_t need = {.p = p, .tenant = record->tenant};
    sso_shm_shape_t shape;
    apr_status_t rv;
    uint32_t block = 0;

    if ((rv = check_size(cx, m, record))) return rv;
    shape = shape_of(record);
    need.blocks = sso_shm_blocks_for(&shape);
    if ((rv = sso_shm_respect_ceiling(cx, m, &need))) return rv;

    if ((rv = sso_shm_part_lock(cx, p))) return rv;
    SSO_CRASH_POINT(1);
    need.keep = sso_shm_find(p, key, sso_a32_get(&p->c->guard.seq));
    if (record->renew && !is_renewable(cx, p, need.keep, record->tenant, &used)) {
        sso_shm_part_unlock(p);
        return APR_NOTFOUND;
    }
    if (sso_shm_make_room(cx, m, &need)) block = sso_shm_blocks_take(p, need.blocks);
    if (block != 0) {
        write_record(p, block, key, record, used);
        publish(p, block, need.keep);
    }
    sso_shm_part_unlock(p);
    if (block == 0) return sso_fail(cx, SSO_F_STORE_FULL, "no room for a session");
    return APR_SUCCESS;
}

/* ---- drop, sweep ---- */

apr_status_t sso_shm_drop(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key, int tenant)
{
    const sso_shm_part_t *p = &m->part[sso_shm_part_of(m, sso_shm_hash(m->seed, key))];
    apr_status_t rv = sso_shm_part_lock(cx, p);
    uint32_t block;

    if (rv) return rv;
    block = sso_shm_find(p, key, sso_a32_get(&p->c->guard.seq));
    rv = APR_NOTFOUND;
    if (block != 0 && sso_shm_shape_get(p, block).tenant == tenant) {
        if (!sso_shm_is_over(p, block, cx->now)) rv = APR_SUCCESS;
        sso_shm_remove(p, block);
    }
    sso_shm_part_unlock(p);
    return rv;
}

apr_status_t sso_shm_sweep_part(sso_ctx_t *cx, const sso_shm_part_t *p)
{
    apr_status_t rv = sso_shm_part_lock(cx, p);
    uint32_t i;

    if (rv) return rv;
    for (i = 1; i <= p->blocks; i++) {
        if (!sso_shm_is_head(p, i) || !sso_shm_is_over(p, i, cx->now)) continue;
        sso_shm_remove(p, i);
        sso_aword_add(&p->c->expired, 1);
    }
    sso_shm_part_unlock(p);
    return APR_SUCCESS;
}
