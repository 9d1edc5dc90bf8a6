/*
 * shm_copy.h - everything that lives, from one segment into another.
 *
 * Owns:  nothing.
 * Layer: store (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_COPY_H
#define SSO_STORE_SHM_COPY_H

#include "store/shm_layout.h"

/* Copy tenants with their quotas, live records and marks; a session that is longer than its quota
 * in the other store is left out. SSO_F_STORE_FULL: the marks do not fit, some would be forgotten. */
apr_status_t sso_shm_copy(sso_ctx_t *cx, const sso_shm_t *from, sso_shm_t *to);

#endif /* SSO_STORE_SHM_COPY_H */
