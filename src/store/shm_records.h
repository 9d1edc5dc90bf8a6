/*
 * shm_records.h - records: put, get, drop, sweep.
 *
 * Owns:  the order of a put and the reader without a lock (docs/STORE.md sections 2 and 3).
 * Layer: store (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_RECORDS_H
#define SSO_STORE_SHM_RECORDS_H

#include "store/shm_layout.h"

/* As sso_store_ops_t.get; idle comes back in whole seconds. */
apr_status_t sso_shm_get(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key, int tenant,
                         sso_record_t *out);

/* As sso_store_ops_t.approach. */
void sso_shm_approach(const sso_shm_t *m, const sso_store_key_t *key, sso_store_step_t step);

/* As sso_store_ops_t.put; used is when it was last used, cx->now for a new one. */
apr_status_t sso_shm_put(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key,
                         const sso_record_t *record, apr_time_t used);

apr_status_t sso_shm_drop(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key, int tenant);

/* Remove what is over from one partition. */
apr_status_t sso_shm_sweep_part(sso_ctx_t *cx, const sso_shm_part_t *p);

/* Add this process's counts of reads to the segment's. */
void sso_shm_tally_flush(sso_shm_t *m, uint32_t part);

#endif /* SSO_STORE_SHM_RECORDS_H */
