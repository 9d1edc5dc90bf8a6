/*
 * shm_index.c - chains from buckets through heads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_index.h"

#include "store/shm_blocks.h"
#include "store/shm_guard.h"

#define STEPS 32 /* a walk without the lock looks at seq after so many */
#define AHEAD 15 /* blocks behind a head that are fetched with it */

int sso_shm_index_key(const sso_shm_part_t *p, uint32_t block, int index, sso_store_key_t *out)
{
    sso_shm_shape_t shape = sso_shm_shape_get(p, block);
    sso_shm_stream_t body = sso_shm_body(p, block);

    if (index == SSO_SHM_BY_KEY) {
        *out = sso_shm_key_get(sso_shm_head(p, block)->key);
        return 1;
    }
    if (index == SSO_SHM_BY_SUBJECT) {
        return shape.has_subject && sso_shm_read(&body, out, sizeof(*out));
    }
    if (!shape.has_sid) return 0;
    if (shape.has_subject && !sso_shm_read(&body, out, sizeof(*out))) return 0;
    return sso_shm_read(&body, out, sizeof(*out));
}

sso_a32_t *sso_shm_bucket(const sso_shm_part_t *p, int index, const sso_store_key_t *key)
{
    return sso_shm_bucket_of(p, index, sso_shm_hash(p->seed, key));
}

void sso_shm_fetch_ahead(const sso_shm_part_t *p, uint32_t block)
{
    const char *at = sso_shm_block(p, block);
    int i;

    __builtin_prefetch(sso_shm_link(p, block));
#pragma GCC unroll 16
    for (i = 0; i <= AHEAD; i++)
        __builtin_prefetch(at + i * SSO_SHM_BLOCK);
}

uint32_t sso_shm_find(const sso_shm_part_t *p, const sso_store_key_t *key, uint32_t seq)
{
    uint32_t at = sso_a32_get(sso_shm_bucket(p, SSO_SHM_BY_KEY, key));
    uint32_t steps;

    for (steps = 1; at != 0 && at <= p->blocks; steps++) {
        sso_shm_head_t *head = sso_shm_head(p, at);

        sso_shm_fetch_ahead(p, at);
        if (sso_shm_key_is(head->key, key)) return at;
        if (steps % STEPS == 0 && !sso_shm_guard_same(&p->c->guard, seq)) return 0;
        if (steps > p->blocks) return 0;
        at = sso_a32_get(&head->next[SSO_SHM_BY_KEY]);
    }
    return 0;
}

/* Into the tenant's ring, where the hand comes last. */
static void ring_add(const sso_shm_part_t *p, uint32_t block)
{
    sso_a32_t *hand = sso_shm_ring(p, sso_shm_shape_get(p, block).tenant);
    sso_shm_head_t *head = sso_shm_head(p, block);
    uint32_t next = sso_a32_get(hand) ? sso_a32_get(hand) : block;
    uint32_t prev = next == block ? block : sso_a32_get(&sso_shm_head(p, next)->ring_prev);

    sso_a32_set(&head->ring_next, next);
    sso_a32_set(&head->ring_prev, prev);
    sso_a32_set(&sso_shm_head(p, prev)->ring_next, block);
    sso_a32_set(&sso_shm_head(p, next)->ring_prev, block);
    sso_a32_set(hand, next);
}

static void ring_remove(const sso_shm_part_t *p, uint32_t block)
{
    sso_a32_t *hand = sso_shm_ring(p, sso_shm_shape_get(p, block).tenant);
    uint32_t next = sso_a32_get(&sso_shm_head(p, block)->ring_next);
    uint32_t prev = sso_a32_get(&sso_shm_head(p, block)->ring_prev);

    sso_a32_set(&sso_shm_head(p, prev)->ring_next, next);
    sso_a32_set(&sso_shm_head(p, next)->ring_prev, prev);
    if (next == block) next = 0;
    if (sso_a32_get(hand) == block) sso_a32_set(hand, next);
}

/* Count a record in (+1) or out (-1). */
static void count(const sso_shm_part_t *p, uint32_t block, int sign)
{
    sso_shm_shape_t shape = sso_shm_shape_get(p, block);

    sso_a32_add(&p->c->live, (uint32_t)sign);
    sso_aword_add(&p->c->payload, (uintptr_t)sign * shape.length);
    sso_a32_add(sso_shm_used(p, shape.tenant), (uint32_t)sign * sso_shm_blocks_for(&shape));
}

void sso_shm_index_add(const sso_shm_part_t *p, uint32_t block)
{
    int i;

    for (i = 0; i < SSO_SHM_INDEXES; i++) {
        sso_store_key_t key;
        sso_a32_t *bucket;

        if (!sso_shm_index_key(p, block, i, &key)) continue;
        bucket = sso_shm_bucket(p, i, &key);
        sso_a32_set(&sso_shm_head(p, block)->next[i], sso_a32_get(bucket));
        sso_a32_set(bucket, block);
        SSO_CRASH_POINT(6);
    }
    ring_add(p, block);
    SSO_CRASH_POINT(6);
    count(p, block, 1);
}

static void unlink_from(const sso_shm_part_t *p, uint32_t block, int index)
{
    sso_store_key_t key;
    sso_a32_t *from;
    uint32_t at;

    if (!sso_shm_index_key(p, block, index, &key)) return;
    from = sso_shm_bucket(p, index, &key);
    while ((at = sso_a32_get(from)) != 0 && at <= p->blocks) {
        sso_a32_t *next = &sso_shm_head(p, at)->next[index];

        if (at == block) {
            sso_a32_set(from, sso_a32_get(next));
            return;
        }
        from = next;
    }
}

void sso_shm_index_remove(const sso_shm_part_t *p, uint32_t block)
{
    int i;

    for (i = 0; i < SSO_SHM_INDEXES; i++) {
        unlink_from(p, block, i);
        SSO_CRASH_POINT(7);
    }
    ring_remove(p, block);
    SSO_CRASH_POINT(7);
    count(p, block, -1);
}
