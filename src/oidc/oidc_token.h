/*
 * oidc_token.h - the code, and later a refresh token, for tokens.
 *
 * Owns:  the token request and what it brings.
 * Layer: oidc (base, crypto, net, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_TOKEN_H
#define SSO_OIDC_OIDC_TOKEN_H

#include "core/protocol.h"
#include "oidc/oidc_state.h"

typedef struct {
    const char *id_token; /* NULL: none came, as may be of a refresh token */
    const char *access_token;
    const char *refresh_token; /* NULL: none came */
    apr_int64_t expires_in;    /* seconds that the access token lives; 0: not said */
} sso_oidc_tokens_t;

/**
 * Redeem the code, once: a request that has left is not sent again (R27).
 *
 * @param verifier of PKCE; NULL: none was announced.
 * @return         SSO_F_NET_*, SSO_F_OIDC_CODE, SSO_F_OIDC_CLIENT, SSO_F_OIDC_ANSWER about what is
 *                 wrong with it.
 * @spec           R27; Core, section 3.1.3; RFC 6749, section 5.
 */
apr_status_t sso_oidc_token_redeem(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                                   const sso_oidc_metadata_t *meta, const char *code,
                                   const char *verifier, sso_oidc_tokens_t *out);

/**
 * The same with a refresh token, likewise once.
 *
 * @param refused the provider has answered with an error: the token was not used up.
 * @return        SSO_F_OIDC_CODE: it is not taken (any more).
 * @spec          Core, section 12; RFC 6749, section 6.
 */
apr_status_t sso_oidc_token_refresh(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                    const sso_oidc_metadata_t *meta, const char *token,
                                    int *refused, sso_oidc_tokens_t *out);

#endif /* SSO_OIDC_OIDC_TOKEN_H */
