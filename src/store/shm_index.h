/*
 * shm_index.h - finding the records of one partition: by key, by subject, by the provider's session.
 *
 * Owns:  the buckets, chains and rings, and what is counted of the records.
 * Layer: store (base).
 *
 * All but finding needs the lock and an open window.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_INDEX_H
#define SSO_STORE_SHM_INDEX_H

#include "store/shm_layout.h"

/* The key of a record in an index; 0: it is not in this one. */
int sso_shm_index_key(const sso_shm_part_t *p, uint32_t block, int index, sso_store_key_t *out);

/* The bucket of a key, or of the hash of one, in an index. */
static inline sso_a32_t *sso_shm_bucket_of(const sso_shm_part_t *p, int index, uint64_t hash)
{
    return &p->bucket[index][sso_shm_pick(hash, p->buckets[index])];
}
sso_a32_t *sso_shm_bucket(const sso_shm_part_t *p, int index, const sso_store_key_t *key);

/* Ask for a head and what follows it, mostly its neighbours, all at once: among many sessions a lookup is
 * nothing but waiting for memory. Asking behind the end of the segment does nothing. */
void sso_shm_fetch_ahead(const sso_shm_part_t *p, uint32_t block);

/* The head with this key, or 0. Without the lock, seq is what reading began with, and the answer
 * means something only if it is still the same. */
uint32_t sso_shm_find(const sso_shm_part_t *p, const sso_store_key_t *key, uint32_t seq);

/* Link a record into its chains and its tenant's ring and count it; take it out of them. */
void sso_shm_index_add(const sso_shm_part_t *p, uint32_t block);
void sso_shm_index_remove(const sso_shm_part_t *p, uint32_t block);

#endif /* SSO_STORE_SHM_INDEX_H */
