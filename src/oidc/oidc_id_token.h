/*
 * oidc_id_token.h - every check of an ID token, in one list.
 *
 * Owns:  the order of the checks.
 * Layer: oidc (base, crypto, net).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_ID_TOKEN_H
#define SSO_OIDC_OIDC_ID_TOKEN_H

#include "base/json.h"
#include "oidc/oidc_state.h"

/* What the login or the renewal that it answers knows. */
typedef struct {
    const char *nonce;
    const char *access_token; /* that came with it */
    const char *code;         /* that it came for; NULL: a renewal */
    const char *subject;      /* of a renewal: who it must still be. NULL: a login */
} sso_oidc_expected_t;

/**
 * Verify an ID token completely.
 *
 * That of a renewal need not repeat the nonce, and says nothing of how the person signed in that the
 * login has not said: SSOOidcMaxAge and SSOOidcAcr were for the login.
 *
 * @param claims freed with cx->pool; untouched unless everything holds.
 * @return       as sso_oidc_verify; SSO_F_OIDC_ISSUER, SSO_F_OIDC_AUDIENCE; SSO_F_OIDC_TIME about
 *               "exp", "iat" or "nbf"; SSO_F_OIDC_NONCE; SSO_F_OIDC_HASH about "at_hash" or
 *               "c_hash"; SSO_F_OIDC_AUTH_TIME; SSO_F_OIDC_ACR; SSO_F_OIDC_SUBJECT; SSO_F_OIDC_CLAIM about what is
 *               missing or of the wrong type.
 * @spec         R4, R8, R9, R11; Core, sections 2, 3.1.3.6, 3.1.3.7, 12.2.
 */
apr_status_t sso_oidc_id_token_check(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_span_t token,
                                     const sso_oidc_expected_t *expected, json_t **claims);

#endif /* SSO_OIDC_OIDC_ID_TOKEN_H */
