/*
 * shm_blocks.c - chains of blocks, taken in the order of their places, so that most of a record is
 * in one or two runs of neighbours, however long the store has been in use: a list of free blocks
 * would scatter it more with every change.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_blocks.h"

#include "store/shm_guard.h"

#define WORDS_PER_BLOCK SSO_SHM_WORDS(SSO_SHM_BLOCK)

#define SHAPE_TENANT  16 /* bits of the length below it */
#define SHAPE_SUBJECT 26
#define SHAPE_SID     27

_Static_assert(SSO_RECORD_MAX == 1 << SHAPE_TENANT, "the length fills its bits");
_Static_assert(SSO_TENANTS_MAX == 1 << (SHAPE_SUBJECT - SHAPE_TENANT), "and so does the tenant");

uint32_t sso_shm_shape_pack(const sso_shm_shape_t *shape)
{
    return (shape->length - 1) | (uint32_t)shape->tenant << SHAPE_TENANT
           | (uint32_t)shape->has_subject << SHAPE_SUBJECT | (uint32_t)shape->has_sid << SHAPE_SID;
}

sso_shm_shape_t sso_shm_shape_get(const sso_shm_part_t *p, uint32_t block)
{
    uint32_t packed = sso_a32_get(&sso_shm_head(p, block)->shape);

    return (sso_shm_shape_t){.length = (packed & (SSO_RECORD_MAX - 1)) + 1,
                             .tenant = (int)(packed >> SHAPE_TENANT & (SSO_TENANTS_MAX - 1)),
                             .has_subject = (int)(packed >> SHAPE_SUBJECT & 1),
                             .has_sid = (int)(packed >> SHAPE_SID & 1)};
}

uint32_t sso_shm_blocks_for(const sso_shm_shape_t *shape)
{
    return 1 + (sso_shm_prefix(shape) + shape->length + SSO_SHM_BLOCK - 1) / SSO_SHM_BLOCK;
}

sso_shm_stream_t sso_shm_body(const sso_shm_part_t *p, uint32_t block)
{
    return (sso_shm_stream_t){.p = p, .block = block, .word = WORDS_PER_BLOCK};
}

/* Go on to the next block at the end of one; 0: there is none. */
static int step(sso_shm_stream_t *s)
{
    uint32_t next;

    if (s->word < WORDS_PER_BLOCK) return 1;
    next = sso_shm_next(s->p, s->block);
    if (next == 0 || next > s->p->blocks) return 0;
    s->block = next;
    s->word = 0;
    return 1;
}

static sso_aword_t *here(const sso_shm_stream_t *s)
{
    return (sso_aword_t *)sso_shm_block(s->p, s->block) + s->word;
}

/* How many of n bytes the rest of this block holds. */
static apr_size_t part_of(const sso_shm_stream_t *s, apr_size_t n)
{
    apr_size_t rest = (WORDS_PER_BLOCK - s->word) * sizeof(uintptr_t);

    return n < rest ? n : rest;
}

static void advance(sso_shm_stream_t *s, apr_size_t n)
{
    s->word += (uint32_t)SSO_SHM_WORDS(n + sizeof(uintptr_t) - 1);
}

static inline void copy_block(sso_aword_t *from, unsigned char *to)
{
    apr_size_t i;

#pragma GCC unroll 16
    for (i = 0; i < WORDS_PER_BLOCK; i++) {
        uintptr_t v = sso_aword_get(&from[i]);

        memcpy(to + i * sizeof(v), &v, sizeof(v));
    }
}

/* Whole blocks, from the beginning of one: most of a record, and most of what a lookup costs. The
 * rest is left to the caller. */
static int read_blocks(sso_shm_stream_t *s, unsigned char **to, apr_size_t *n)
{
    const sso_shm_part_t *p = s->p;
    uint32_t block = s->block;

    for (; *n >= SSO_SHM_BLOCK; *n -= SSO_SHM_BLOCK, *to += SSO_SHM_BLOCK) {
        uint32_t next = sso_shm_next(p, block);

        if (next - 1 >= p->blocks) return 0;
        copy_block(sso_shm_block(p, next), *to);
        block = next;
    }
    s->block = block;
    return 1;
}

int sso_shm_read(sso_shm_stream_t *s, void *out, apr_size_t n)
{
    unsigned char *to = out;

    while (n > 0) {
        apr_size_t part;

        if (s->word == WORDS_PER_BLOCK && !read_blocks(s, &to, &n)) return 0;
        if (n == 0) break;
        if (!step(s)) return 0;
        part = part_of(s, n);
        sso_awords_get(here(s), to, part);
        advance(s, part);
        to += part;
        n -= part;
    }
    return 1;
}

void sso_shm_write(sso_shm_stream_t *s, const void *from, apr_size_t n)
{
    const unsigned char *in = from;

    while (n > 0 && step(s)) {
        apr_size_t part = part_of(s, n);

        sso_awords_set(here(s), in, part);
        advance(s, part);
        SSO_CRASH_POINT(2);
        in += part;
        n -= part;
    }
}

/* Fold n bytes into a checksum, the last few with zeros behind them. */
static uint64_t fold(uint64_t sum, const unsigned char *bytes, apr_size_t n)
{
    uint64_t v;

    for (; n >= sizeof(v); n -= sizeof(v), bytes += sizeof(v)) {
        memcpy(&v, bytes, sizeof(v));
        sum = sso_shm_mix(sum, v);
    }
    if (n > 0) {
        v = 0;
        memcpy(&v, bytes, n);
        sum = sso_shm_mix(sum, v);
    }
    return sum;
}

uint32_t sso_shm_sum(const sso_shm_part_t *p, uint32_t block)
{
    sso_shm_head_t *head = sso_shm_head(p, block);
    sso_shm_shape_t shape = sso_shm_shape_get(p, block);
    sso_shm_stream_t body = sso_shm_body(p, block);
    sso_store_key_t key = sso_shm_key_get(head->key);
    uint32_t left = sso_shm_prefix(&shape) + shape.length;
    unsigned char piece[SSO_SHM_BLOCK];
    uint64_t sum = fold(p->seed[0], key.b, sizeof(key.b));

    sum = sso_shm_mix(sum, (uint64_t)sso_shm_time_get(head->expires));
    sum = sso_shm_mix(sum, (uint64_t)sso_a32_get(&head->idle) << 32 | sso_a32_get(&head->shape));
    while (left > 0) {
        uint32_t n = left < sizeof(piece) ? left : (uint32_t)sizeof(piece);

        if (!sso_shm_read(&body, piece, n)) return 0;
        sum = fold(sum, piece, n);
        left -= n;
    }
    return (uint32_t)(sum >> 32) | 1;
}

/* The next block that is free, from one on and then from the first; 0: none. */
static uint32_t next_free(const sso_shm_part_t *p, uint32_t block)
{
    uint32_t words = (p->blocks + 31) / 32;
    uint32_t word = (block - 1) / 32;
    uint32_t bits = sso_a32_get(&p->map[word]) & UINT32_MAX << (block - 1) % 32;
    uint32_t i;

    for (i = 0; bits == 0 && i < words; i++) {
        word = word + 1 < words ? word + 1 : 0;
        bits = sso_a32_get(&p->map[word]);
    }
    return bits == 0 ? 0 : word * 32 + (uint32_t)__builtin_ctz(bits) + 1;
}

void sso_shm_block_free(const sso_shm_part_t *p, uint32_t block, int is_free)
{
    sso_a32_t *word = &p->map[(block - 1) / 32];
    uint32_t bit = 1u << (block - 1) % 32;

    sso_a32_set(word, is_free ? sso_a32_get(word) | bit : sso_a32_get(word) & ~bit);
}

int sso_shm_block_is_free(const sso_shm_part_t *p, uint32_t block)
{
    return (sso_a32_get(&p->map[(block - 1) / 32]) >> (block - 1) % 32 & 1) != 0;
}

uint32_t sso_shm_blocks_take(const sso_shm_part_t *p, uint32_t n)
{
    uint32_t at = sso_a32_get(&p->c->cursor) % p->blocks + 1;
    uint32_t first = 0;
    uint32_t last = 0;
    uint32_t i;

    for (i = 0; i < n; i++) {
        at = next_free(p, at);
        if (at == 0) return 0;
        sso_shm_block_free(p, at, 0);
        if (last == 0) {
            first = at;
        } else {
            sso_shm_link_set(p, last, SSO_SHM_BODY, at);
        }
        last = at;
        SSO_CRASH_POINT(3);
    }
    sso_shm_link_set(p, last, SSO_SHM_BODY, 0);
    sso_a32_set(&p->c->cursor, last % p->blocks);
    sso_a32_add(&p->c->free_count, 0u - n);
    return first;
}

void sso_shm_blocks_give(const sso_shm_part_t *p, uint32_t first)
{
    uint32_t n = 0;

    while (first != 0) {
        uint32_t next = sso_shm_next(p, first);

        sso_shm_link_set(p, first, SSO_SHM_FREE, 0);
        SSO_CRASH_POINT(4);
        sso_shm_block_free(p, first, 1);
        first = next;
        n++;
    }
    sso_a32_add(&p->c->free_count, n);
}
