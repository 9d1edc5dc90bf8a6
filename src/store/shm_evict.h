/*
 * shm_evict.h - who loses when room is needed.
 *
 * Owns:  the clock hand.
 * Layer: store (base).
 *
 * docs/STORE.md section 4 has the rules.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_EVICT_H
#define SSO_STORE_SHM_EVICT_H

#include "store/shm_layout.h"

/* Is the record over: expired, or not used for too long? */
int sso_shm_is_over(const sso_shm_part_t *p, uint32_t block, apr_time_t now);

/* Under the lock: take a record out of the partition. Opens a window, if none is, and closes it. */
void sso_shm_remove(const sso_shm_part_t *p, uint32_t block);

/* What a record needs, before it is written. */
typedef struct {
    const sso_shm_part_t *p; /* where it will be */
    int tenant;
    uint32_t blocks;
    uint32_t keep; /* the record it replaces, or 0: not to be evicted */
} sso_shm_need_t;

/* Without a lock: bring the tenant under its ceiling. */
apr_status_t sso_shm_respect_ceiling(sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_need_t *need);

/* Under the lock of need->p: make room there; 0 if that cannot be. */
int sso_shm_make_room(const sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_need_t *need);

#endif /* SSO_STORE_SHM_EVICT_H */
