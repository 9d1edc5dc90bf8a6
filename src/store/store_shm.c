/*
 * store_shm.c - makes the segment and fills in the interface.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/store_shm.h"

#include "crypto/mac.h"
#include "crypto/random.h"
#include "store/shm_copy.h"
#include "store/shm_marks.h"
#include "store/shm_rebuild.h"
#include "store/shm_records.h"
#include "store/shm_snapshot.h"
#include "store/shm_tenants.h"
#include "store/shm_walk.h"

#include <sys/mman.h>
#include <unistd.h>

#define SIZE_MIN   (1024 * 1024)
#define LOOK_PAGES 1024 /* of which at once it is found out whether they are there */

static sso_shm_t *shm(sso_store_t *store)
{
    return (sso_shm_t *)(void *)store;
}

/* ---- tenants ---- */

static apr_status_t tenant(sso_store_t *store, sso_ctx_t *cx, const char *name, int quota, int *out)
{
    sso_span_t part = sso_span(name);
    unsigned char hash[SSO_MAC_BYTES];
    sso_store_key_t key;
    apr_status_t rv;

    if (quota < 0 || quota > 100) {
        return sso_fail(cx, SSO_F_CONFIG, "a quota of %d percent; 0 to 100 can be", quota);
    }
    if ((rv = sso_mac_hash(cx, &part, 1, hash))) return rv;
    memcpy(key.b, hash, sizeof(key.b));
    if ((rv = sso_shm_tenant_add(shm(store), &key, out))) return rv;
    sso_shm_tenant_quota_set(shm(store), *out, quota);
    return APR_SUCCESS;
}

/* ---- records and marks ---- */

static apr_status_t get(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key, int whose,
                        sso_record_t *out)
{
    return sso_shm_get(cx, shm(store), key, whose, out);
}

static void approach(sso_store_t *store, const sso_store_key_t *key, sso_store_step_t step)
{
    sso_shm_approach(shm(store), key, step);
}

static apr_status_t put(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                        const sso_record_t *record)
{
    return sso_shm_put(cx, shm(store), key, record, cx->now);
}

static apr_status_t drop(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key, int whose)
{
    return sso_shm_drop(cx, shm(store), key, whose);
}

static apr_status_t revoke_all(sso_store_t *store, sso_ctx_t *cx, const sso_match_t *match,
                               int *count)
{
    return sso_shm_revoke(cx, shm(store), match, count);
}

static apr_status_t walk(sso_store_t *store, sso_ctx_t *cx, const sso_match_t *match,
                         sso_record_fn *fn, void *baton)
{
    return sso_shm_walk(cx, shm(store), match, fn, baton);
}

static apr_status_t mark(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                         apr_time_t until)
{
    return sso_shm_mark(cx, shm(store), key, until);
}

static apr_status_t marked(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                           apr_time_t *until)
{
    return sso_shm_marked(cx, shm(store), key, until);
}

static apr_status_t unmark(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key)
{
    return sso_shm_unmark(cx, shm(store), key);
}

/* Tell the admin once in every process that sweeps; not where it is found, under a lock. */
static void tell_of_deaths(sso_shm_t *m, sso_ctx_t *cx)
{
    uintptr_t rebuilt = 0;
    uint32_t i;

    for (i = 0; i < m->parts; i++) {
        rebuilt += sso_aword_get(&m->part[i].c->rebuilt) + sso_aword_get(&m->mark[i].c->rebuilt);
    }
    if (rebuilt > atomic_exchange(&m->rebuilt_told, rebuilt)) {
        sso_log(cx, SSO_LOG_NOTICE,
                "sessions: %lu times a process died while it changed them; they were repaired",
                (unsigned long)rebuilt);
    }
}

static apr_status_t sweep(sso_store_t *store, sso_ctx_t *cx)
{
    sso_shm_t *m = shm(store);
    uint32_t i;

    tell_of_deaths(m, cx);

    for (i = 0; i < m->parts; i++) {
        apr_status_t rv = sso_shm_sweep_part(cx, &m->part[i]);

        if (rv == APR_SUCCESS) rv = sso_shm_marks_sweep(cx, &m->mark[i]);
        if (rv) return rv;
    }
    return APR_SUCCESS;
}

/* ---- statistics ---- */

#define BYTES_TYPICAL 1000 /* of a value, as long as there is none to go by */

static void add_part(const sso_shm_part_t *p, sso_store_stats_t *out)
{
    sso_shm_control_t *c = p->c;

    out->records += sso_a32_get(&c->live);
    out->bytes += (uint64_t)(p->blocks - sso_a32_get(&c->free_count)) * SSO_SHM_BLOCK;
    out->bytes_room += (uint64_t)p->blocks * SSO_SHM_BLOCK;
    out->puts += sso_aword_get(&c->puts);
    out->gets += sso_aword_get(&c->gets);
    out->hits += sso_aword_get(&c->hits);
    out->evicted += sso_aword_get(&c->evicted);
    out->expired += sso_aword_get(&c->expired);
    out->rebuilt += sso_aword_get(&c->rebuilt);
    out->overhead -= sso_aword_get(&c->payload);
}

static void add_marks(const sso_shm_marks_t *p, sso_store_stats_t *out)
{
    uint32_t set = sso_a32_get(&p->c->set);

    out->marks += set;
    out->marks_room += p->marks;
    out->rebuilt += sso_aword_get(&p->c->rebuilt);
    out->overhead -= (uint64_t)(p->marks - set) * sizeof(sso_shm_mark_t);
}

/* Numbers of one moment each, read without locks. */
static apr_status_t stats(sso_store_t *store, sso_ctx_t *cx, sso_store_stats_t *out)
{
    sso_shm_t *m = shm(store);
    sso_store_stats_t s = {.overhead = m->size};
    uint32_t i;

    (void)cx;
    for (i = 0; i < m->parts; i++) {
        sso_shm_tally_flush(m, i);
        add_part(&m->part[i], &s);
        add_marks(&m->mark[i], &s);
    }
    s.overhead -= s.bytes_room - s.bytes;
    s.records_room = s.records ? s.bytes_room / (s.bytes / s.records)
                               : s.bytes_room / (BYTES_TYPICAL + 2 * SSO_SHM_BLOCK);
    *out = s;
    return APR_SUCCESS;
}

static apr_status_t save(sso_store_t *store, sso_ctx_t *cx, const char *file,
                         const sso_seal_t *seal)
{
    return sso_shm_save(cx, shm(store), file, seal);
}

static apr_status_t load(sso_store_t *store, sso_ctx_t *cx, const char *file,
                         const sso_seal_t *seal)
{
    return sso_shm_load(cx, shm(store), file, seal);
}

static const sso_store_ops_t ops = {
    .name = "shm",
    .tenant = tenant,
    .get = get,
    .approach = approach,
    .put = put,
    .drop = drop,
    .revoke = revoke_all,
    .walk = walk,
    .mark = mark,
    .marked = marked,
    .unmark = unmark,
    .sweep = sweep,
    .stats = stats,
    .save = save,
    .load = load,
};

/* ---- the segment ---- */

static apr_status_t unmap(void *data)
{
    sso_shm_t *m = data;

    munmap(m->base, m->size);
    return APR_SUCCESS;
}

static apr_status_t map(sso_ctx_t *cx, apr_pool_t *pool, sso_shm_t *m)
{
    unsigned char *base;
    char why[120];

    sso_shm_lay_out(m, NULL); /* for the size */
    base = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        return sso_fail(cx, SSO_F_CONFIG, "no %" APR_SIZE_T_FMT " bytes of shared memory: %s",
                        m->size, apr_strerror(apr_get_os_error(), why, sizeof(why)));
    }
    sso_shm_lay_out(m, base);
#ifdef MADV_DONTDUMP
    madvise(base, m->size, MADV_DONTDUMP); /* sessions have no business in a core file */
#endif
#ifdef MADV_HUGEPAGE
    madvise(base, m->size, MADV_HUGEPAGE); /* where the machine allows it: fewer pages to look up */
#endif
    apr_pool_cleanup_register(pool, m, unmap, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

apr_status_t sso_store_shm_make(sso_ctx_t *cx, apr_pool_t *pool, apr_size_t size, sso_store_t **out)
{
    sso_shm_t *m = apr_pcalloc(pool, sizeof(*m));
    apr_status_t rv;
    uint32_t i;

    if (size < SIZE_MIN) {
        return sso_fail(cx, SSO_F_CONFIG, "shared memory of %" APR_SIZE_T_FMT " bytes; at least %d",
                        size, SIZE_MIN);
    }
    m->store.ops = &ops;
    m->asked = size;
    if ((rv = sso_random_bytes(cx, m->seed, sizeof(m->seed)))) return rv;
    if ((rv = map(cx, pool, m))) return rv;
    for (i = 0; i < m->parts; i++) {
        if ((rv = sso_shm_marks_make(cx, &m->mark[i]))) return rv;
        if ((rv = sso_shm_part_make(cx, &m->part[i]))) return rv;
    }
    *out = &m->store;
    return APR_SUCCESS;
}

apr_status_t sso_store_shm_copy(sso_ctx_t *cx, sso_store_t *from, sso_store_t *to)
{
    return sso_shm_copy(cx, shm(from), shm(to));
}

/* Read a byte of every page that is there. Those that were never used do not come into being by that. */
static void touch(const volatile unsigned char *at, const unsigned char *is_there, apr_size_t pages,
                  apr_size_t page)
{
    apr_size_t i;

    for (i = 0; i < pages; i++) {
        if (is_there[i] & 1) (void)at[i * page];
    }
}

void sso_store_shm_attach(sso_store_t *store)
{
    const sso_shm_t *m = shm(store);
    const apr_size_t page = (apr_size_t)sysconf(_SC_PAGESIZE);
    unsigned char is_there[LOOK_PAGES];
    apr_size_t at;

    for (at = 0; at < m->size; at += LOOK_PAGES * page) {
        const apr_size_t left = m->size - at;
        const apr_size_t n = left < LOOK_PAGES * page ? left : LOOK_PAGES * page;

        if (mincore(m->base + at, n, is_there) != 0) return;
        touch(m->base + at, is_there, (n + page - 1) / page, page);
    }
}

apr_size_t sso_store_shm_size(const sso_store_t *store)
{
    return ((const sso_shm_t *)(const void *)store)->asked;
}

apr_status_t sso_store_shm_validate(sso_ctx_t *cx, sso_store_t *store, int *violations)
{
    sso_shm_t *m = shm(store);
    int total = 0;
    uint32_t i;

    for (i = 0; i < m->parts; i++) {
        int bad = 0;
        apr_status_t rv = sso_shm_part_lock(cx, &m->part[i]);

        if (rv) return rv;
        rv = sso_shm_part_check(cx, m, &m->part[i], &bad);
        sso_shm_part_unlock(&m->part[i]);
        total += bad;
        if (rv == APR_SUCCESS) rv = sso_shm_marks_check(cx, m, &m->mark[i], &bad);
        if (rv) return rv;
        total += bad;
    }
    *violations = total;
    return APR_SUCCESS;
}
