/*
 * shm_layout.h - the segment as docs/STORE.md draws it: structures, words, where things are.
 *
 * Owns:  sso_shm_t, sso_shm_part_t and the structures inside the segment.
 * Layer: store (base, APR, POSIX threads).
 * Lives: sso_shm_t and its views on the heap of every process, made before the fork and read-only
 *        afterwards; all else in the segment. *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_LAYOUT_H
#define SSO_STORE_SHM_LAYOUT_H

#include "store/shm_words.h"

#include <pthread.h>

#define SSO_SHM_PARTS_MAX  64
#define SSO_SHM_BLOCK      64          /* bytes; docs/STORE.md section 7 says why */
#define SSO_SHM_LINK_INDEX 0x1fffffffu /* of a link: number of the next block, 0 for none */
#define SSO_SHM_LINK_SEEN  0x20000000u /* of a link: met by the rebuild that is under way */
#define SSO_SHM_LINK_KIND  0xc0000000u /* of a link: what the block is */

/* Kinds of a block, in its link. */
enum { SSO_SHM_FREE = 0, SSO_SHM_BODY = 1, SSO_SHM_LIVE = 2 };

/* The indexes of a record: chains through next[] of its head. */
enum { SSO_SHM_BY_KEY, SSO_SHM_BY_SUBJECT, SSO_SHM_BY_SID, SSO_SHM_INDEXES };

/* ---- in the segment ---- */

/* The lock of a partition and what readers and survivors need to know about its holder. */
typedef struct {
    _Alignas(64) pthread_mutex_t mutex; /* robust, shared between processes */
    sso_a32_t busy;                     /* the holder is changing something */
    _Alignas(64) sso_a32_t seq;         /* odd: what readers see is changing */
} sso_shm_guard_t;

typedef struct {
    sso_aword_t key[SSO_SHM_WORDS(16)];
    sso_aword_t expires[SSO_SHM_WORDS(8)]; /* apr_time_t */
    sso_a32_t sum;                         /* of key, expires, shape, idle and the body */
    sso_a32_t shape;                       /* see sso_shm_shape_t */
    sso_a32_t idle;                        /* seconds, 0: never */
    sso_a32_t used;                        /* seconds since 1970 of the last use */
    sso_a32_t passed;                      /* what used was when the hand last passed */
    sso_a32_t next[SSO_SHM_INDEXES];
    sso_a32_t ring_next, ring_prev; /* the tenant's records, in a circle */
} sso_shm_head_t;

_Static_assert(sizeof(sso_shm_head_t) == SSO_SHM_BLOCK, "a head is a block and a cache line");

/* What changes in a partition of records, in front of its arrays. */
typedef struct {
    sso_shm_guard_t guard;
    _Alignas(64) sso_a32_t free_count; /* blocks */
    sso_a32_t cursor;                  /* block where the next search for free ones begins */
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
    sso_a32_t *map;       /* a bit for each block that is free; bit 0 of map[0] is block 1 */
    sso_a32_t *link;      /* link[0] is the link of block 1 */
    unsigned char *block; /* block 1 */
    uint32_t blocks;
    uint32_t number; /* of this partition */
    sso_a32_t *used; /* for each tenant: blocks; every stride-th word */
    sso_a32_t *ring; /* for each tenant: its clock hand; every stride-th word */
    uint32_t stride;
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
    sso_aword_t rebuilt_told; /* repairs that this process has put into its log */
    sso_shm_part_t part[SSO_SHM_PARTS_MAX];
    sso_shm_marks_t mark[SSO_SHM_PARTS_MAX];
    sso_shm_tally_t tally[SSO_SHM_PARTS_MAX];
} sso_shm_t;

/* Fill in sizes and places for a segment of about m->asked bytes; base may be NULL, then only
 * m->size is of use. m->seed is set before. */
void sso_shm_lay_out(sso_shm_t *m, unsigned char *base);

/* ---- finding things ---- */

/* The number of the partition, from the top of a key's hash. */
static inline uint32_t sso_shm_part_of(const sso_shm_t *m, uint64_t hash)
{
    return (uint32_t)(hash >> m->part_shift);
}

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
    return sso_shm_kind(p, block) == SSO_SHM_LIVE;
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

/* One of its records in this partition, the next to be looked at when it must lose one; 0: none. */
static inline sso_a32_t *sso_shm_ring(const sso_shm_part_t *p, int tenant)
{
    return &p->ring[(apr_size_t)tenant * p->stride];
}

#endif /* SSO_STORE_SHM_LAYOUT_H */
