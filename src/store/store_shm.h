/*
 * store_shm.h - the store in shared memory: lock-free reads, partitioned writes, crash-safe.
 *
 * Owns:  sso_store_shm_make() and what only this backend can do.
 * Layer: store (base, crypto, APR, POSIX threads).
 * Lives: the segment in the pool given (the process pool, so that graceful restarts find it again);
 *        docs/STORE.md draws its layout.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_STORE_SHM_H
#define SSO_STORE_STORE_SHM_H

#include "store/store.h"

/**
 * Make a segment of about `size` bytes (at least 1 MiB), empty, anonymous and inherited by fork.
 *
 * @param pool owns the mapping.
 */
apr_status_t sso_store_shm_make(sso_ctx_t *cx, apr_pool_t *pool, apr_size_t size,
                                sso_store_t **out);

/* To a process that is new, each page of the segment is as far away as one that does not exist: the first
 * access to it stops in the kernel. Get past that for all that have content; takes about 0.1 s for a
 * gigabyte of it, and an eighth of a percent of it in memory for this process. */
void sso_store_shm_attach(sso_store_t *store);

/* The size that was asked for: a restart with another SSOSessionMemory makes a new segment. */
apr_size_t sso_store_shm_size(const sso_store_t *store);

/* Copy every live record, mark and tenant from one store to another (a change of size). */
apr_status_t sso_store_shm_copy(sso_ctx_t *cx, sso_store_t *from, sso_store_t *to);

/* Check every invariant of docs/STORE.md under the locks; how many do not hold. For tests. */
apr_status_t sso_store_shm_validate(sso_ctx_t *cx, sso_store_t *store, int *violations);

#endif /* SSO_STORE_STORE_SHM_H */
