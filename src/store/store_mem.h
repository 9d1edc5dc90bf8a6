/*
 * store_mem.h - the store on the heap of one process, for tests and ssoctl.
 *
 * Owns:  sso_store_mem_make().
 * Layer: store (base, APR).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_STORE_MEM_H
#define SSO_STORE_STORE_MEM_H

#include "store/store.h"

/* A store that dies with the pool, which takes back memory only then. One thread at a time; no quotas,
 * no snapshot (APR_ENOTIMPL). */
sso_store_t *sso_store_mem_make(apr_pool_t *pool);

#endif /* SSO_STORE_STORE_MEM_H */
