/*
 * oidc_live.h - the provider's two documents: fetched when needed, kept, renewed.
 *
 * Owns:  the copies in this process and who may fetch them.
 * Layer: oidc (base, crypto, net).
 * Lives: a copy as long as somebody uses it and a newer one has not come.
 *
 * Nothing is fetched at start-up, so that a provider that is down stops nobody. One request fetches,
 * within SSO_OIDC_FETCH_TIME; others that need the same document wait a moment, then fail. Behind a
 * failure everybody fails at once for SSO_OIDC_QUIET. A copy that could not be renewed stays in
 * use: addresses for ever, keys for SSO_OIDC_KEYS_STALE.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_LIVE_H
#define SSO_OIDC_OIDC_LIVE_H

#include "base/ctx.h"
#include "oidc/oidc_jwk.h"
#include "oidc/oidc_state.h"

#define SSO_OIDC_FETCH_TIME  APR_TIME_C(5000000)
#define SSO_OIDC_FETCH_WAIT  APR_TIME_C(3000000)     /* for somebody else's fetch */
#define SSO_OIDC_QUIET       APR_TIME_C(5000000)     /* no new try behind a failure */
#define SSO_OIDC_KEEP        APR_TIME_C(3600000000)  /* a copy is renewed after this */
#define SSO_OIDC_KEYS_STALE  APR_TIME_C(86400000000) /* and keys are not used after this */
#define SSO_OIDC_RENEW_EVERY APR_TIME_C(60000000)    /* R7: for the sake of an unknown key */

/* Room for both documents of a provider. */
apr_status_t sso_oidc_live_prepare(sso_ctx_t *cx, apr_pool_t *pool, sso_oidc_state_t *st);

/**
 * What the provider says about itself, from the settings or from its discovery document.
 *
 * @param out valid as long as cx->pool.
 * @return    SSO_F_NET_*, SSO_F_OIDC_DISCOVERY.
 */
apr_status_t sso_oidc_metadata(sso_ctx_t *cx, const sso_oidc_state_t *st,
                               const sso_oidc_metadata_t **out);

/* Its keys; SSO_F_NET_*, SSO_F_JWKS, and what sso_oidc_metadata says. */
apr_status_t sso_oidc_keys(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_jwks_t **out);

/**
 * Keys that came after those that were tried in vain: the token may be signed with a new one. R7.
 *
 * @param tried what sso_oidc_keys gave.
 * @return      APR_NOTFOUND (no fault recorded): there are none, and it is too early to ask.
 */
apr_status_t sso_oidc_keys_renew(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_jwks_t *tried,
                                 const sso_jwks_t **out);

#endif /* SSO_OIDC_OIDC_LIVE_H */
