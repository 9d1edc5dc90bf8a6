/*
 * oidc_request.h - send the browser to the provider.
 *
 * Owns:  the authorization request; what a flow of OpenID Connect remembers.
 * Layer: oidc (base, crypto, net, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_REQUEST_H
#define SSO_OIDC_OIDC_REQUEST_H

#include "core/protocol.h"
#include "oidc/oidc_state.h"

#define SSO_OIDC_CALLBACK "callback" /* the leaf that responses come to */

/* What must come back with the answer, or be sent with the code. */
typedef struct {
    const char *nonce;    /* 32 hex digits */
    const char *verifier; /* 64 hex digits (RFC 7636, section 4.1) */
} sso_oidc_secrets_t;

/* "https://www.example.org/.sso/NAME/callback", as it must be registered. */
const char *sso_oidc_redirect_uri(const sso_idp_t *idp, apr_pool_t *pool);

/* Out of a flow that start made. SSO_F_INTERNAL: it is none of ours. */
apr_status_t sso_oidc_secrets(sso_ctx_t *cx, const sso_flow_t *flow, sso_oidc_secrets_t *out);

/**
 * The authorization request: state, nonce and PKCE verifier are random, and remembered in the
 * browser's flow cookie, sealed.
 *
 * @return SSO_F_NET_* and SSO_F_OIDC_DISCOVERY when the provider's addresses cannot be had.
 * @spec   R2, R4; Core, section 3.1.2.1; RFC 7636, section 4.3; RFC 9126.
 */
apr_status_t sso_oidc_request_start(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                                    sso_flow_t *flow, sso_reply_t *reply);

#endif /* SSO_OIDC_OIDC_REQUEST_H */
