/*
 * shm_marks.h - marks: set once, found until their time, never pushed out.
 *
 * Owns:  sso_shm_marks_t's table.
 * Layer: store (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_MARKS_H
#define SSO_STORE_SHM_MARKS_H

#include "store/shm_layout.h"

/* Make a partition of marks in zeroed memory. */
apr_status_t sso_shm_marks_make(sso_ctx_t *cx, const sso_shm_marks_t *p);

/* As in sso_store_ops_t. A mark whose time has come already is not kept. */
apr_status_t sso_shm_mark(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key,
                          apr_time_t until);
apr_status_t sso_shm_marked(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key,
                            apr_time_t *until);
apr_status_t sso_shm_unmark(sso_ctx_t *cx, sso_shm_t *m, const sso_store_key_t *key);

/* Remove the marks of one partition whose time has come. */
apr_status_t sso_shm_marks_sweep(sso_ctx_t *cx, const sso_shm_marks_t *p);

/* Returns non-zero to end the walk. */
typedef int sso_shm_mark_fn(void *baton, const sso_store_key_t *key, apr_time_t until);

/* Show all that are set; no lock is held while fn runs. */
apr_status_t sso_shm_marks_walk(sso_ctx_t *cx, const sso_shm_t *m, sso_shm_mark_fn *fn,
                                void *baton);

/* The number of broken invariants of one partition; SSO_F_INTERNAL: no memory or no lock. */
apr_status_t sso_shm_marks_check(sso_ctx_t *cx, const sso_shm_t *m, const sso_shm_marks_t *p,
                                 int *violations);

#endif /* SSO_STORE_SHM_MARKS_H */
