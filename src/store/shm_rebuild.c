/*
 * shm_rebuild.c - make again what is derived, from the records that live.
 *
 * A rebuild may die too. It changes derived things and the kinds of blocks that are in no record
 * that lives, so the next rebuild finds the same records.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_rebuild.h"

#include "store/shm_blocks.h"
#include "store/shm_guard.h"
#include "store/shm_index.h"

#include <stdlib.h>

static int is_seen(const sso_shm_part_t *p, uint32_t block)
{
    return (sso_a32_get(sso_shm_link(p, block)) & SSO_SHM_LINK_SEEN) != 0;
}

static void set_seen(const sso_shm_part_t *p, uint32_t block, int seen)
{
    uint32_t link = sso_a32_get(sso_shm_link(p, block)) & ~SSO_SHM_LINK_SEEN;

    sso_a32_set(sso_shm_link(p, block), seen ? link | SSO_SHM_LINK_SEEN : link);
}

/* Mark the blocks of a whole record as belonging to one. */
static void mark_chain(const sso_shm_part_t *p, uint32_t block)
{
    for (; block != 0; block = sso_shm_next(p, block)) {
        set_seen(p, block, 1);
    }
}

/* Are there as many blocks as the shape says, each BODY and in no other record? */
static int is_whole(const sso_shm_part_t *p, uint32_t block)
{
    sso_shm_shape_t shape = sso_shm_shape_get(p, block);
    uint32_t left = sso_shm_blocks_for(&shape);

    for (; --left > 0;) {
        block = sso_shm_next(p, block);
        if (block == 0 || block > p->blocks) return 0;
        if (sso_shm_kind(p, block) != SSO_SHM_BODY || is_seen(p, block)) return 0;
    }
    return sso_shm_next(p, block) == 0;
}

static int is_sound(const sso_shm_part_t *p, uint32_t block)
{
    return is_whole(p, block) && sso_shm_sum(p, block) == sso_a32_get(&sso_shm_head(p, block)->sum);
}

static void clear_derived(const sso_shm_part_t *p)
{
    uint32_t i;
    int index;

    for (index = 0; index < SSO_SHM_INDEXES; index++) {
        for (i = 0; i < p->buckets[index]; i++) {
            sso_a32_set(&p->bucket[index][i], 0);
        }
    }
    for (i = 0; i < SSO_TENANTS_MAX; i++) {
        sso_a32_set(sso_shm_used(p, (int)i), 0);
        sso_a32_set(sso_shm_ring(p, (int)i), 0);
    }
    for (i = 1; i <= p->blocks; i++) {
        set_seen(p, i, 0);
    }
    sso_a32_set(&p->c->live, 0);
    sso_a32_set(&p->c->hand, 0);
    sso_aword_add(&p->c->payload, 0u - sso_aword_get(&p->c->payload));
}

/* Two records may have one key: the writer died while it was replacing one by the other, told nobody
 * that it had, and showed readers neither a moment without one nor the new one. Either will do. */
static void keep_or_free(const sso_shm_part_t *p, uint32_t block)
{
    sso_store_key_t key = sso_shm_key_get(sso_shm_head(p, block)->key);

    if (is_sound(p, block) && sso_shm_find(p, &key, sso_a32_get(&p->c->guard.seq)) == 0) {
        mark_chain(p, block);
        sso_shm_index_add(p, block);
    } else {
        sso_shm_link_set(p, block, SSO_SHM_FREE, 0);
    }
}

/* Every block that is in no record is free. */
static void gather_free(const sso_shm_part_t *p)
{
    uint32_t n = 0;
    uint32_t i;

    for (i = 1; i <= p->blocks; i++) {
        int is_free = !is_seen(p, i);

        if (is_free) {
            sso_shm_link_set(p, i, SSO_SHM_FREE, 0);
            n++;
        } else {
            set_seen(p, i, 0);
        }
        sso_shm_block_free(p, i, is_free);
    }
    sso_a32_set(&p->c->free_count, n);
    sso_a32_set(&p->c->cursor, 0);
}

static void rebuild(const sso_shm_part_t *p)
{
    uint32_t i;

    sso_shm_guard_open(&p->c->guard);
    clear_derived(p);
    for (i = 1; i <= p->blocks; i++) {
        if (sso_shm_is_head(p, i)) keep_or_free(p, i);
        SSO_CRASH_POINT(13);
    }
    gather_free(p);
    sso_shm_guard_close(&p->c->guard);
}

apr_status_t sso_shm_part_make(sso_ctx_t *cx, const sso_shm_part_t *p)
{
    apr_status_t rv = sso_shm_guard_make(cx, &p->c->guard);

    if (rv == APR_SUCCESS) rebuild(p);
    return rv;
}

apr_status_t sso_shm_part_lock(sso_ctx_t *cx, const sso_shm_part_t *p)
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

void sso_shm_part_unlock(const sso_shm_part_t *p)
{
    sso_shm_guard_unlock(&p->c->guard);
}

/* ---- the check ---- */

typedef struct {
    const sso_shm_t *m;
    const sso_shm_part_t *p;
    unsigned char *met; /* for each block: how often it was met in a record or as a free one */
    unsigned char *in[SSO_SHM_INDEXES]; /* for each block: how often in this index */
    unsigned char *ringed;              /* for each block: how often in a ring */
    uint32_t *used;                     /* for each tenant */
    uint32_t live;
    uintptr_t payload;
    int bad;
} check_t;

static void expect(check_t *k, int holds)
{
    if (!holds) k->bad++;
}

static void check_record(check_t *k, uint32_t block)
{
    const sso_shm_part_t *p = k->p;
    sso_store_key_t key = sso_shm_key_get(sso_shm_head(p, block)->key);
    sso_shm_shape_t shape = sso_shm_shape_get(p, block);

    expect(k, sso_shm_kind(p, block) == SSO_SHM_LIVE);
    expect(k, is_sound(p, block));
    expect(k, sso_shm_part_of(k->m, sso_shm_hash(p->seed, &key)) == p->number);
    k->live++;
    k->payload += shape.length;
    k->used[shape.tenant] += sso_shm_blocks_for(&shape);
    for (; block != 0 && block <= p->blocks && k->met[block] == 0; block = sso_shm_next(p, block)) {
        k->met[block]++;
    }
    expect(k, block == 0);
}

/* Every chain ends, holds heads that belong into it, and each only once. */
static void check_chain(check_t *k, int index, uint32_t number)
{
    sso_a32_t *bucket = &k->p->bucket[index][number];
    uint32_t at = sso_a32_get(bucket);

    while (at != 0) {
        sso_store_key_t key;

        if (at > k->p->blocks || !sso_shm_is_head(k->p, at) || k->in[index][at]++) {
            k->bad++;
            return;
        }
        expect(k, sso_shm_index_key(k->p, at, index, &key)
                      && sso_shm_bucket(k->p, index, &key) == bucket);
        at = sso_a32_get(&sso_shm_head(k->p, at)->next[index]);
    }
}

/* The ring closes, and holds records of the tenant only, each once. */
static void check_ring(check_t *k, int tenant)
{
    uint32_t hand = sso_a32_get(sso_shm_ring(k->p, tenant));
    uint32_t at = hand;

    while (at != 0) {
        uint32_t next;

        if (at > k->p->blocks || !sso_shm_is_head(k->p, at) || k->ringed[at]++) {
            k->bad++;
            return;
        }
        expect(k, sso_shm_shape_get(k->p, at).tenant == tenant);
        next = sso_a32_get(&sso_shm_head(k->p, at)->ring_next);
        expect(k, next >= 1 && next <= k->p->blocks
                      && sso_a32_get(&sso_shm_head(k->p, next)->ring_prev) == at);
        at = next == hand ? 0 : next;
    }
}

static void check_free(check_t *k)
{
    uint32_t n = 0;
    uint32_t i;

    for (i = 1; i <= k->p->blocks; i++) {
        int is_free = sso_shm_block_is_free(k->p, i);

        expect(k, is_free == (sso_shm_kind(k->p, i) == SSO_SHM_FREE));
        k->met[i] += (unsigned char)is_free;
        n += (uint32_t)is_free;
    }
    expect(k, n == sso_a32_get(&k->p->c->free_count));
}

static void check_all(check_t *k)
{
    const sso_shm_part_t *p = k->p;
    uint32_t i;
    int index;

    expect(k, (sso_a32_get(&p->c->guard.seq) & 1) == 0);
    for (index = 0; index < SSO_SHM_INDEXES; index++) {
        for (i = 0; i < p->buckets[index]; i++) {
            check_chain(k, index, i);
        }
    }
    for (i = 0; i < SSO_TENANTS_MAX; i++) {
        check_ring(k, (int)i);
    }
    for (i = 1; i <= p->blocks; i++) {
        int is_head = sso_shm_is_head(p, i);

        if (is_head) check_record(k, i);
        expect(k, k->ringed[i] == is_head);
        for (index = 0; index < SSO_SHM_INDEXES; index++) {
            sso_store_key_t key;

            expect(k, k->in[index][i] == (is_head && sso_shm_index_key(p, i, index, &key)));
        }
    }
    check_free(k);
    for (i = 1; i <= p->blocks; i++) {
        expect(k, k->met[i] == 1);
    }
    for (i = 0; i < SSO_TENANTS_MAX; i++) {
        expect(k, k->used[i] == sso_a32_get(sso_shm_used(p, (int)i)));
    }
    expect(k, k->live == sso_a32_get(&p->c->live));
    expect(k, k->payload == sso_aword_get(&p->c->payload));
}

apr_status_t sso_shm_part_check(sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_part_t *p,
                                int *violations)
{
    apr_size_t n = (apr_size_t)p->blocks + 1;
    unsigned char *maps = calloc(2 + SSO_SHM_INDEXES, n);
    uint32_t *used = calloc(SSO_TENANTS_MAX, sizeof(*used));
    check_t k = {.m = m, .p = p, .met = maps, .used = used};
    int i;

    if (maps && used) {
        k.ringed = maps + n * (1 + SSO_SHM_INDEXES);
        for (i = 0; i < SSO_SHM_INDEXES; i++) {
            k.in[i] = maps + n * (apr_size_t)(i + 1);
        }
        check_all(&k);
    }
    free(maps);
    free(used);
    if (!maps || !used) return sso_fail(cx, SSO_F_INTERNAL, "no memory to check the store");
    *violations = k.bad;
    return APR_SUCCESS;
}
