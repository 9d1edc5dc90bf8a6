/*
 * shm_evict.c - two clock hands: one over the partition finds whose turn it is to lose a record, one
 * over that tenant's records finds which.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_evict.h"

#include "store/shm_blocks.h"
#include "store/shm_guard.h"
#include "store/shm_index.h"
#include "store/shm_rebuild.h"
#include "store/shm_tenants.h"

#define SAMPLE  16 /* records to look at before a tenant must lose one */
#define CHANCES 64 /* records to spare before one must go that was used */

/* Which tenant loses, later ones first. */
enum { NOBODY, THE_REST, OWN, ABOVE_FLOOR };

typedef struct {
    int tenant;
    int rank;        /* as above */
    uint64_t excess; /* how far it is above what it should have */
} loser_t;

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
    SSO_CRASH_POINT(8);
    sso_shm_blocks_give(p, block); /* the commit */
    sso_shm_guard_close(&p->c->guard);
}

/* ---- which tenant ---- */

static loser_t judge(const sso_shm_t *m, const sso_shm_need_t *need, int tenant)
{
    int is_own = tenant == need->tenant;
    uint64_t total = sso_shm_total(m, tenant) + (is_own ? need->blocks : 0);
    uint64_t promised = sso_shm_floor(m, tenant);

    if (total > promised) return (loser_t){tenant, ABOVE_FLOOR, total * 1024 / (promised + 1)};
    if (is_own) return (loser_t){tenant, OWN, 0};
    return (loser_t){tenant, THE_REST, sso_a32_get(sso_shm_used(need->p, tenant))};
}

static int is_fairer(const loser_t *a, const loser_t *b)
{
    return a->rank != b->rank ? a->rank > b->rank : a->excess > b->excess;
}

static void consider(const sso_shm_t *m, const sso_shm_need_t *need, int tenant, loser_t *best)
{
    loser_t l = judge(m, need, tenant);

    if (is_fairer(&l, best)) *best = l;
}

/* The partition's hand passes over some records: who has much is met soon. One that is over is
 * given back at once. */
static uint32_t pass(const sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_need_t *need,
                     loser_t *best)
{
    const sso_shm_part_t *p = need->p;
    uint32_t hand = sso_a32_get(&p->c->hand) % p->blocks;
    uint32_t over = 0;
    uint32_t seen = 0;
    uint32_t i;

    for (i = 0; i < p->blocks && seen < SAMPLE && over == 0; i++) {
        uint32_t block = hand + 1;

        hand = block % p->blocks;
        if (!sso_shm_is_head(p, block) || block == need->keep) continue;
        if (sso_shm_is_over(p, block, cx->now)) over = block;
        consider(m, need, sso_shm_shape_get(p, block).tenant, best);
        seen++;
    }
    sso_a32_set(&p->c->hand, hand);
    return over;
}

/* Among all that have something in the partition. */
static void ask_all(const sso_shm_t *m, const sso_shm_need_t *need, loser_t *best)
{
    int i;

    for (i = 0; i < sso_shm_tenants(m); i++) {
        if (sso_a32_get(sso_shm_used(need->p, i)) > 0) consider(m, need, i, best);
    }
}

/* ---- which of its records ---- */

/* Was it used since the hand passed the last time? Then it has another chance. */
static int has_chance(sso_shm_head_t *head)
{
    uint32_t used = sso_a32_get(&head->used);

    if (used == sso_a32_get(&head->passed)) return 0;
    sso_a32_set(&head->passed, used);
    return 1;
}

/* The tenant's hand goes round its records in the partition, in the order they were put, to the
 * first that has no chance. If all it meets have one: the one not used for longest. 0 if there is
 * none but `keep`. */
static uint32_t choose(const sso_ctx_t *cx, const sso_shm_part_t *p, int tenant, uint32_t keep)
{
    uint32_t first = sso_a32_get(sso_shm_ring(p, tenant));
    uint32_t at = first;
    uint32_t best = 0;
    uint32_t best_used = UINT32_MAX;
    int left = CHANCES;
    int found = first == 0;

    while (!found) {
        sso_shm_head_t *head = sso_shm_head(p, at);

        if (at != keep) {
            found = sso_shm_is_over(p, at, cx->now) || !has_chance(head);
            if (found || sso_a32_get(&head->used) < best_used) {
                best = at;
                best_used = sso_a32_get(&head->used);
            }
        }
        at = sso_a32_get(&head->ring_next);
        if (at == first || --left == 0) break;
    }
    sso_a32_set(sso_shm_ring(p, tenant), at);
    return best;
}

/* ---- room ---- */

static void evict(const sso_ctx_t *cx, const sso_shm_part_t *p, uint32_t block)
{
    int over = sso_shm_is_over(p, block, cx->now);

    sso_shm_remove(p, block);
    sso_aword_add(over ? &p->c->expired : &p->c->evicted, 1);
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
    uint32_t block = 1;

    if (sso_shm_tenant_quota(m, need->tenant) == 0) return APR_SUCCESS;
    while (block != 0 && sso_shm_total(m, need->tenant) + need->blocks > ceiling) {
        const sso_shm_part_t *p = richest(m, need);
        apr_status_t rv = sso_shm_part_lock(cx, p);

        if (rv) return rv;
        block = choose(cx, p, need->tenant, 0);
        if (block != 0) evict(cx, p, block);
        sso_shm_part_unlock(p);
    }
    return APR_SUCCESS;
}

/* The record to lose, or 0. */
static uint32_t find_victim(const sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_need_t *need)
{
    loser_t loser = {.tenant = -1, .rank = NOBODY};
    uint32_t block = pass(cx, m, need, &loser);
    int i;

    if (block != 0) return block;
    if (loser.rank < ABOVE_FLOOR) ask_all(m, need, &loser);
    if (loser.rank != NOBODY) block = choose(cx, need->p, loser.tenant, need->keep);
    for (i = 0; block == 0 && i < sso_shm_tenants(m); i++) { /* it had nothing but need->keep */
        block = choose(cx, need->p, i, need->keep);
    }
    return block;
}

int sso_shm_make_room(const sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_need_t *need)
{
    while (sso_a32_get(&need->p->c->free_count) < need->blocks) {
        uint32_t block = find_victim(cx, m, need);

        if (block == 0) return 0;
        evict(cx, need->p, block);
    }
    return 1;
}
