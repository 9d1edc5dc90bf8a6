/*
 * shm_evict.c - a clock hand over the blocks that looks at some records and takes the one whose
 * loss is the fairest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_evict.h"

#include "store/shm_blocks.h"
#include "store/shm_guard.h"
#include "store/shm_index.h"
#include "store/shm_rebuild.h"
#include "store/shm_tenants.h"

#define SAMPLE 32 /* records to look at before one is taken */

/* Who loses, later ones first. */
enum { NOBODY, THE_REST, OWN, ABOVE_FLOOR, OVER };

typedef struct {
    uint32_t block;
    int rank;        /* as above */
    uint64_t excess; /* how far its tenant is above what it should have */
    uint32_t age;    /* seconds since its last use */
} victim_t;

int sso_shm_is_over(const sso_shm_part_t *p, uint32_t block, apr_time_t now)
{
    sso_shm_head_t *head = sso_shm_head(p, block);
    uint32_t idle = sso_a32_get(&head->idle);

    if (sso_shm_time_get(head->expires) <= now) return 1;
    return idle != 0
           && apr_time_sec(now) - (apr_int64_t)sso_a32_get(&head->used) >= (apr_int64_t)idle;
}

void sso_shm_remove(const sso_shm_part_t *p, uint32_t block)
{
    sso_shm_guard_open(&p->c->guard);
    sso_shm_index_remove(p, block);
    sso_shm_link_set(p, block, SSO_SHM_FREE, sso_shm_next(p, block));
    SSO_CRASH_POINT(8);
    sso_shm_blocks_give(p, block);
    sso_shm_guard_close(&p->c->guard);
}

/* ---- the hand ---- */

/* Rank the record in block as a victim for need. */
static victim_t judge(const sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_need_t *need,
                      uint32_t block)
{
    const sso_shm_part_t *p = need->p;
    int tenant = sso_shm_shape_get(p, block).tenant;
    int is_own = tenant == need->tenant;
    uint64_t total = sso_shm_total(m, tenant) + (is_own ? need->blocks : 0);
    uint64_t promised = sso_shm_floor(m, tenant);
    apr_int64_t age = apr_time_sec(cx->now)
                      - (apr_int64_t)sso_a32_get(&sso_shm_head(p, block)->used);
    victim_t v = {.block = block, .rank = THE_REST, .excess = sso_a32_get(sso_shm_used(p, tenant))};

    v.age = age < 0 ? 0 : age > UINT32_MAX ? UINT32_MAX : (uint32_t)age;
    if (sso_shm_is_over(p, block, cx->now)) {
        v.rank = OVER;
    } else if (total > promised) {
        v.rank = ABOVE_FLOOR;
        v.excess = total * 1024 / (promised + 1);
    } else if (is_own) {
        v.rank = OWN;
        v.excess = 0;
    }
    return v;
}

static int is_fairer(const victim_t *a, const victim_t *b)
{
    if (a->rank != b->rank) return a->rank > b->rank;
    if (a->excess != b->excess) return a->excess > b->excess;
    return a->age >= b->age;
}

/* The hand moves on until it has seen enough; only the tenant's own records, or all. */
static victim_t choose(const sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_need_t *need,
                       int own_only)
{
    const sso_shm_part_t *p = need->p;
    victim_t best = {.rank = NOBODY};
    uint32_t hand = sso_a32_get(&p->c->hand) % p->blocks;
    uint32_t seen = 0;
    uint32_t i;

    for (i = 0; i < p->blocks; i++) {
        uint32_t block = hand + 1;
        victim_t v;

        hand = block % p->blocks;
        if (!sso_shm_is_head(p, block) || block == need->keep) continue;
        if (own_only && sso_shm_shape_get(p, block).tenant != need->tenant) continue;
        v = judge(cx, m, need, block);
        if (is_fairer(&v, &best)) best = v;
        if (v.rank == OVER || (++seen >= SAMPLE && (own_only || best.rank > THE_REST))) break;
    }
    sso_a32_set(&p->c->hand, hand);
    return best;
}

static int evict(const sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_need_t *need, int own_only)
{
    victim_t v = choose(cx, m, need, own_only);

    if (v.rank == NOBODY) return 0;
    sso_shm_remove(need->p, v.block);
    sso_aword_add(v.rank == OVER ? &need->p->c->expired : &need->p->c->evicted, 1);
    return 1;
}

/* Where the tenant has most, preferably where it wants to put something. */
static const sso_shm_part_t *richest(const sso_shm_t *m, const sso_shm_need_t *need)
{
    sso_a32_t *used = sso_shm_used(&m->part[0], need->tenant);
    const sso_shm_part_t *p = need->p;
    uint32_t i;

    if (sso_a32_get(&used[p->number]) > 0) return p;
    for (i = 0; i < m->parts; i++) {
        if (sso_a32_get(&used[i]) > sso_a32_get(&used[p->number])) p = &m->part[i];
    }
    return p;
}

apr_status_t sso_shm_respect_ceiling(sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_need_t *need)
{
    uint64_t ceiling = sso_shm_ceiling(m, need->tenant);
    int evicted = 1;

    if (sso_shm_tenant_quota(m, need->tenant) == 0) return APR_SUCCESS;
    while (evicted && sso_shm_total(m, need->tenant) + need->blocks > ceiling) {
        sso_shm_need_t there = *need;
        apr_status_t rv;

        there.p = richest(m, need);
        if ((rv = sso_shm_part_lock(cx, there.p))) return rv;
        evicted = evict(cx, m, &there, 1);
        sso_shm_part_unlock(there.p);
    }
    return APR_SUCCESS;
}

int sso_shm_make_room(const sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_need_t *need)
{
    while (sso_a32_get(&need->p->c->free_count) < need->blocks) {
        if (!evict(cx, m, need, 0)) return 0;
    }
    return 1;
}
