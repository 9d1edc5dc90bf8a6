/*
 * shm_snapshot.h - the whole store in a sealed file.
 *
 * Owns:  the file format of docs/STORE.md section 5.
 * Layer: store (base, crypto).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_SNAPSHOT_H
#define SSO_STORE_SHM_SNAPSHOT_H

#include "crypto/seal.h"
#include "store/shm_layout.h"

/**
 * Write every live record, mark and tenant to a file that only its owner can read.
 *
 * @param file  replaced in one step; FILE.tmp is used on the way.
 * @return      APR_SUCCESS, SSO_F_CONFIG (cannot be written), or what sealing says.
 */
apr_status_t sso_shm_save(sso_ctx_t *cx, const sso_shm_t *m, const char *file,
                          const sso_seal_t *seal);

/**
 * Read such a file into a store; what has expired meanwhile is left out, and so is a session that
 * is now longer than its tenant's quota.
 *
 * @return APR_SUCCESS; APR_ENOENT (no file) or APR_EINVAL (not ours, damaged, cut off), both
 *         without a fault and with nothing loaded; SSO_F_CONFIG (cannot be read); SSO_F_STORE_FULL
 *         (the marks do not fit: some would be forgotten).
 */
apr_status_t sso_shm_load(sso_ctx_t *cx, sso_shm_t *m, const char *file, const sso_seal_t *seal);

#endif /* SSO_STORE_SHM_SNAPSHOT_H */
