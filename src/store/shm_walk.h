/*
 * shm_walk.h - many records at a time: revoke them, show them.
 *
 * Owns:  what a sso_match_t means.
 * Layer: store (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_WALK_H
#define SSO_STORE_SHM_WALK_H

#include "store/shm_layout.h"

/* As sso_store_ops_t.revoke, one partition after another. */
apr_status_t sso_shm_revoke(sso_ctx_t *cx, sso_shm_t *m, const sso_match_t *match, int *count);

/* As sso_store_ops_t.walk: what one partition holds at one time, then the next. No lock is held
 * while fn runs. Memory of cx->pool: as much as the matching records of one partition. */
apr_status_t sso_shm_walk(sso_ctx_t *cx, const sso_shm_t *m, const sso_match_t *match,
                          sso_record_fn *fn, void *baton);

#endif /* SSO_STORE_SHM_WALK_H */
