/*
 * shm_rebuild.h - the lock of a partition of records, and its repair after a holder died.
 *
 * Owns:  the crash rule of docs/STORE.md section 2, and the check of every invariant.
 * Layer: store (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_REBUILD_H
#define SSO_STORE_SHM_REBUILD_H

#include "store/shm_layout.h"

/* Make a partition in zeroed memory: every block free. */
apr_status_t sso_shm_part_make(sso_ctx_t *cx, const sso_shm_part_t *p);

/* Lock a partition to change it; it is whole when this returns APR_SUCCESS. SSO_F_INTERNAL: no
 * lock. */
apr_status_t sso_shm_part_lock(sso_ctx_t *cx, const sso_shm_part_t *p);
void sso_shm_part_unlock(const sso_shm_part_t *p);

/* Under the lock: the number of broken invariants; SSO_F_INTERNAL: no memory to count with. */
apr_status_t sso_shm_part_check(sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_part_t *p,
                                int *violations);

#endif /* SSO_STORE_SHM_REBUILD_H */
