/*
 * shm_layout.h - the segment as docs/STORE.md draws it: structures, words, where things are.
 *
 * Owns:  sso_shm_t, sso_shm_part_t and the structures inside the segment.
 * Layer: store (base, APR, POSIX threads).
 * Lives: sso_shm_t and its views on the heap of every process, made before the fork and read-only
 *        afterwards; all else in the segment.
 *
 * Every word that two processes share is a C11 atomic, read and written relaxed unless said.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_LAYOUT_H
#define SSO_STORE_SHM_LAYOUT_H

#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define SSO_SHM_PARTS_MAX  64
#define SSO_SHM_BLOCK      64          /* bytes; docs/STORE.md section 6 says why */
#define SSO_SHM_LINK_INDEX 0x1fffffffu /* of a link: number of the next block, 0 for none */
#define SSO_SHM_LINK_SEEN  0x20000000u /* of a link: met by the rebuild that is under way */
#define SSO_SHM_LINK_KIND  0xc0000000u /* of a link: what the block is */

/* Kinds of a block, in its link. */
enum { SSO_SHM_FREE = 0, SSO_SHM_BODY = 1, SSO_SHM_LIVE = 2, SSO_SHM_FRESH = 3 };

/* The indexes of a record: chains through next[] of its head. */
enum { SSO_SHM_BY_KEY, SSO_SHM_BY_SUBJECT, SSO_SHM_BY_SID, SSO_SHM_INDEXES };

typedef _Atomic uint32_t sso_a32_t;    /* control: numbers, links, seconds */
typedef _Atomic uintptr_t sso_aword_t; /* data, and counters that may wrap on 32 bits */

#define SSO_SHM_WORDS(bytes) ((bytes) / sizeof(uintptr_t))

/* ---- in the segment ---- */

/* The lock of a partition and what readers and survivors need to know about its holder. */
typedef struct {
    _Alignas(64) pthread_mutex_t mutex; /* robust, shared between processes */
    sso_a32_t busy;                     /* the holder is changing something */
    _Alignas(64) sso_a32_t seq;         /* odd: what readers see is changing */
} sso_shm_guard_t;

typedef struct {
    sso_aword_t key[SSO_SHM_WORDS(16)];
    sso_aword_t sum[SSO_SHM_WORDS(8)];     /* of all but next and used, and of the body */
    sso_aword_t expires[SSO_SHM_WORDS(8)]; /* apr_time_t */
    sso_a32_t next[SSO_SHM_INDEXES];
    sso_a32_t shape; /* see sso_shm_shape_t */
    sso_a32_t idle;  /* seconds, 0: never */
    sso_a32_t used;  /* seconds since 1970 of the last use */
} sso_shm_head_t;

_Static_assert(sizeof(sso_shm_head_t) == 56, "the head leaves 8 bytes of its block to the body");

/* What changes in a partition of records, in front of its arrays. */
typedef struct {
    sso_shm_guard_t guard;
    _Alignas(64) sso_a32_t free_first; /* first free block */
    sso_a32_t free_count;              /* blocks */
    sso_a32_t live;                    /* records */
    sso_a32_t hand;                    /* block where the next search for a victim begins */
    sso_aword_t payload;               /* bytes of values */
    sso_aword_t puts, evicted, expired, rebuilt;
    _Alignas(64) sso_aword_t gets; /* apart: counted by readers, now and then */
    sso_aword_t hits;
} sso_shm_control_t;

typedef struct {
    sso_aword_t key[SSO_SHM_WORDS(16)];
    sso_aword_t until[SSO_SHM_WORDS(8)]; /* apr_time_t */
    sso_a32_t seal;                      /* 0: free; else a checksum of key and until */
    sso_a32_t next;
} sso_shm_mark_t;

_Static_assert(sizeof(sso_shm_mark_t) == 32, "two marks in a cache line");

typedef struct {
    sso_shm_guard_t guard;
    _Alignas(64) sso_a32_t free_first; /* first free mark */
    sso_a32_t set;                     /* marks that are set, expired ones included */
    sso_aword_t rebuilt;
} sso_shm_marks_control_t;

typedef struct {
    sso_aword_t name[SSO_SHM_WORDS(16)]; /* first half of SHA-256 of the tenant's name */
    sso_a32_t quota;                     /* percent of the blocks, 0: fair share */
} sso_shm_tenant_t;

typedef struct {
    sso_a32_t tenants; /* how many of the table are in use */
    sso_a32_t quotas;  /* percent, of all that have one */
    sso_a32_t fair;    /* how many have none */
    _Alignas(64) sso_shm_tenant_t tenant[SSO_TENANTS_MAX];
} sso_shm_header_t;

/* ---- on the heap: where things are ---- */

/* A partition of records. */
typedef struct {
    sso_shm_control_t *c;
    sso_a32_t *bucket[SSO_SHM_INDEXES];
    uint32_t buckets[SSO_SHM_INDEXES];
    sso_a32_t *link;      /* link[0] is the link of block 1 */
    unsigned char *block; /* block 1 */
    uint32_t blocks;
    uint32_t number; /* of this partition */
    sso_a32_t *used; /* header's used[0][number] */
    uint32_t stride; /* from a tenant to the next in used[] */
    uint64_t seed[2];
} sso_shm_part_t;

/* A partition of marks. */
typedef struct {
    sso_shm_marks_control_t *c;
    sso_a32_t *bucket;
    sso_shm_mark_t *mark; /* mark[0] is mark 1 */
    uint32_t marks;       /* as many buckets */
    uint64_t seed[2];
} sso_shm_marks_t;

/* Reads that this process has not yet added to the segment's: gets in the low half, hits in the
 * high one. Counting in the segment would bounce a cache line between processors at each read. */
typedef struct {
    sso_a32_t gets_hits;
    uint32_t gap[15]; /* a cache line each, for the threads of this process */
} sso_shm_tally_t;

typedef struct {
    sso_store_t store; /* first */
    unsigned char *base;
    apr_size_t asked; /* bytes the caller wanted */
    apr_size_t size;  /* bytes mapped */
    sso_shm_header_t *header;
    uint32_t parts;      /* a power of two */
    uint32_t part_shift; /* from a hash to the number of its partition */
    uint64_t seed[2];
    sso_shm_part_t part[SSO_SHM_PARTS_MAX];
    sso_shm_marks_t mark[SSO_SHM_PARTS_MAX];
    sso_shm_tally_t tally[SSO_SHM_PARTS_MAX];
} sso_shm_t;

/* Fill in sizes and places for a segment of about m->asked bytes; base may be NULL, then only
 * m->size is of use. m->seed is set before. */
void sso_shm_lay_out(sso_shm_t *m, unsigned char *base);

/* ---- words ---- */

static inline uint32_t sso_a32_get(sso_a32_t *a)
{
    return atomic_load_explicit(a, memory_order_relaxed);
}

static inline void sso_a32_set(sso_a32_t *a, uint32_t v)
{
    atomic_store_explicit(a, v, memory_order_relaxed);
}

/* For words that are only written under a lock: no need for a locked instruction. */
static inline void sso_a32_add(sso_a32_t *a, uint32_t n)
{
    sso_a32_set(a, sso_a32_get(a) + n);
}

static inline uintptr_t sso_aword_get(sso_aword_t *a)
{
    return atomic_load_explicit(a, memory_order_relaxed);
}

static inline void sso_aword_add(sso_aword_t *a, uintptr_t n)
{
    atomic_store_explicit(a, sso_aword_get(a) + n, memory_order_relaxed);
}

/* Copy n bytes out of or into shared words; n need not fill the last word. */
static inline void sso_awords_get(sso_aword_t *from, void *to, apr_size_t n)
{
    unsigned char *out = to;
    uintptr_t v;

    for (; n >= sizeof(v); n -= sizeof(v), out += sizeof(v)) {
        v = sso_aword_get(from++);
        memcpy(out, &v, sizeof(v));
    }
    if (n > 0) {
        v = sso_aword_get(from);
        memcpy(out, &v, n);
    }
}

static inline void sso_awords_set(sso_aword_t *to, const void *from, apr_size_t n)
{
    const unsigned char *in = from;
    uintptr_t v;

    for (; n >= sizeof(v); n -= sizeof(v), in += sizeof(v)) {
        memcpy(&v, in, sizeof(v));
        atomic_store_explicit(to++, v, memory_order_relaxed);
    }
    if (n > 0) {
        v = 0;
        memcpy(&v, in, n);
        atomic_store_explicit(to, v, memory_order_relaxed);
    }
}

static inline sso_store_key_t sso_shm_key_get(sso_aword_t *from)
{
    sso_store_key_t key;

    sso_awords_get(from, &key, sizeof(key));
    return key;
}

static inline int sso_shm_key_is(sso_aword_t *at, const sso_store_key_t *key)
{
    sso_store_key_t there = sso_shm_key_get(at);

    return memcmp(&there, key, sizeof(there)) == 0;
}

static inline apr_time_t sso_shm_time_get(sso_aword_t *from)
{
    apr_time_t t;

    sso_awords_get(from, &t, sizeof(t));
    return t;
}

static inline void sso_shm_time_set(sso_aword_t *to, apr_time_t t)
{
    sso_awords_set(to, &t, sizeof(t));
}

/* ---- hashes ---- */

/* Fold 64 bits into a hash; every bit of either changes about half of the result. */
static inline uint64_t sso_shm_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ (h >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return h ^ (h >> 32);
}

/* Keys are halves of SHA-256 already; the seed keeps others from choosing a chain. */
static inline uint64_t sso_shm_hash(const uint64_t seed[2], const sso_store_key_t *key)
{
    uint64_t half[2];

    memcpy(half, key, sizeof(half));
    return sso_shm_mix(sso_shm_mix(seed[0], half[0]) ^ seed[1], half[1]);
}

/* One of n, evenly, from the low half of a hash; its top bits choose the partition. */
static inline uint32_t sso_shm_pick(uint64_t hash, uint32_t n)
{
    return (uint32_t)(((hash & 0xffffffffu) * n) >> 32);
}

static inline uint32_t sso_shm_part_of(const sso_shm_t *m, uint64_t hash)
{
    return (uint32_t)(hash >> m->part_shift);
}

/* ---- blocks ---- */

static inline sso_a32_t *sso_shm_link(const sso_shm_part_t *p, uint32_t block)
{
    return &p->link[block - 1];
}

static inline uint32_t sso_shm_kind(const sso_shm_part_t *p, uint32_t block)
{
    return sso_a32_get(sso_shm_link(p, block)) >> 30;
}

static inline int sso_shm_is_head(const sso_shm_part_t *p, uint32_t block)
{
    return sso_shm_kind(p, block) >= SSO_SHM_LIVE;
}

static inline uint32_t sso_shm_next(const sso_shm_part_t *p, uint32_t block)
{
    return sso_a32_get(sso_shm_link(p, block)) & SSO_SHM_LINK_INDEX;
}

static inline void sso_shm_link_set(const sso_shm_part_t *p, uint32_t block, uint32_t kind,
                                    uint32_t next)
{
    sso_a32_set(sso_shm_link(p, block), kind << 30 | next);
}

static inline void *sso_shm_block(const sso_shm_part_t *p, uint32_t block)
{
    return p->block + (apr_size_t)(block - 1) * SSO_SHM_BLOCK;
}

static inline sso_shm_head_t *sso_shm_head(const sso_shm_part_t *p, uint32_t block)
{
    return sso_shm_block(p, block);
}

/* The counter of a tenant's blocks in this partition. */
static inline sso_a32_t *sso_shm_used(const sso_shm_part_t *p, int tenant)
{
    return &p->used[(apr_size_t)tenant * p->stride];
}

#endif /* SSO_STORE_SHM_LAYOUT_H */
