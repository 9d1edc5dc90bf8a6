/*
 * account_sync.h - a provider's message about a person who is not there.
 *
 * Owns:  what is a replay, and what a replay may still do.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ACCOUNT_SYNC_H
#define SSO_CORE_ACCOUNT_SYNC_H

#include "core/account.h"

/* How sync messages prove that they are no replay. */
typedef struct {
    const char *message; /* jti, or a digest of the message where it has none; qualified */
    int has_jti;
    apr_int64_t iat; /* seconds since 1970; 0: not said */
} sso_account_fresh_t;

/**
 * Apply a sync message.
 *
 * @param fresh NULL: nobody asks for freshness.
 * @param did   what became of it.
 * @param out   the record afterwards.
 * @return      SSO_F_SYNC_STALE, SSO_F_USER_UNKNOWN, SSO_F_CONFLICT, SSO_F_ACCOUNT_DATABASE.
 */
apr_status_t sso_account_sync(sso_ctx_t *cx, const sso_accounts_t *accounts,
                              const sso_provider_settings_t *set, const sso_account_claim_t *claim,
                              const sso_account_fresh_t *fresh, sso_account_did_t *did,
                              sso_account_t *out);

#endif /* SSO_CORE_ACCOUNT_SYNC_H */
