/*
 * oidc_renew.h - tokens that are kept with a session, and asking again with them.
 *
 * Owns:  what is kept of a token answer, and when the provider is asked again.
 * Layer: oidc (base, crypto, net, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_RENEW_H
#define SSO_OIDC_OIDC_RENEW_H

#include "core/protocol.h"
#include "oidc/oidc_state.h"
#include "oidc/oidc_token.h"

/* What of the tokens of a login is kept, as SSOOidcRefresh and SSOOidcAccessToken say; NULL: nothing.
 * A token that cannot be kept is said in the log, and the login goes on without. */
const sso_grant_t *sso_oidc_grant(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                  const sso_oidc_tokens_t *tokens, const char *nonce);

/**
 * Ask the provider again about a person who is signed in.
 *
 * The ID token is verified like that of a login before anything else is asked, and is about the same
 * person. If none comes userinfo says who the person is; if that is not asked either, the person stays
 * who they were.
 *
 * @spec R11; Core, section 12.
 */
apr_status_t sso_oidc_renew(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_renewal_t *held,
                            sso_renewed_t *out);

#endif /* SSO_OIDC_OIDC_RENEW_H */
