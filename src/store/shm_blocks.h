/*
 * shm_blocks.h - the blocks of one partition: which are free, bodies, shapes, checksums.
 *
 * Owns:  the map of free blocks and the words after a head.
 * Layer: store (base).
 *
 * Reading is safe at any time, also while a writer changes what is read: the result may then be
 * garbage, but never a crash or an endless loop. Writing needs the lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_BLOCKS_H
#define SSO_STORE_SHM_BLOCKS_H

#include "store/shm_layout.h"

/* What a head's shape says: what its body holds and whose it is. */
typedef struct {
    uint32_t length; /* of the value, 1 to SSO_RECORD_MAX */
    int tenant;
    int has_subject;
    int has_sid;
} sso_shm_shape_t;

uint32_t sso_shm_shape_pack(const sso_shm_shape_t *shape);
sso_shm_shape_t sso_shm_shape_get(const sso_shm_part_t *p, uint32_t block);

/* Bytes in front of the value: the keys that are there. */
static inline uint32_t sso_shm_prefix(const sso_shm_shape_t *shape)
{
    return (uint32_t)sizeof(sso_store_key_t)
           * ((uint32_t)shape->has_subject + (uint32_t)shape->has_sid);
}

/* Blocks of a whole record. */
uint32_t sso_shm_blocks_for(const sso_shm_shape_t *shape);

/* A place in a body. */
typedef struct {
    const sso_shm_part_t *p;
    uint32_t block;
    uint32_t word; /* within the block */
} sso_shm_stream_t;

/* The beginning of the body of the record whose head is in block. */
sso_shm_stream_t sso_shm_body(const sso_shm_part_t *p, uint32_t block);

/* Read or write the next n bytes; all but the last call with a multiple of 8. Reading gives 0 if
 * the chain ends too early. */
int sso_shm_read(sso_shm_stream_t *s, void *out, apr_size_t n);
void sso_shm_write(sso_shm_stream_t *s, const void *from, apr_size_t n);

/* The checksum that the head in block should have, from what is there now; 0 if the chain ends too
 * early. */
uint32_t sso_shm_sum(const sso_shm_part_t *p, uint32_t block);

/* The map of free blocks. */
void sso_shm_block_free(const sso_shm_part_t *p, uint32_t block, int is_free);
int sso_shm_block_is_free(const sso_shm_part_t *p, uint32_t block);

/* Take n blocks, chained, as BODY, from the cursor on; at least n must be free (0 is a damaged map).
 * Give a chain back, the first block first: a record stops being one with its head. */
uint32_t sso_shm_blocks_take(const sso_shm_part_t *p, uint32_t n);
void sso_shm_blocks_give(const sso_shm_part_t *p, uint32_t first);

#endif /* SSO_STORE_SHM_BLOCKS_H */
