/*
 * store_shared.h - the store of several machines: the memory of this one in front of a remote one.
 *
 * Owns:  sso_store_shared_make() and how long what another machine ended can go on here.
 * Layer: store (base, crypto, APR).
 * Lives: one configuration; its state, and the store in front, longer.
 *
 * Sessions are in both, marks in this machine's memory only. docs/STORE.md says why what is promised
 * holds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_STORE_SHARED_H
#define SSO_STORE_STORE_SHARED_H

#include "store/remote.h"

#define SSO_SHARED_YOUNG APR_TIME_C(5000000)       /* so long a copy is not asked about again */
#define SSO_SHARED_GRACE APR_TIME_C(60000000)      /* so long while nobody answers */
#define SSO_SHARED_LIFE  APR_TIME_C(2592000000000) /* 30 days: no session is longer shared */

/**
 * @param pool   owns the store; near, remote, seal and state live at least as long.
 * @param near   where copies and marks are kept; its tenants get other names, so that sessions which
 *               it kept for itself are not found.
 * @param seal   the same secrets on every machine.
 */
sso_store_t *sso_store_shared_make(apr_pool_t *pool, sso_store_t *near, sso_remote_t *remote,
                                   const sso_seal_t *seal, sso_remote_state_t *state);

#endif /* SSO_STORE_STORE_SHARED_H */
