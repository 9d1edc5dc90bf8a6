/*
 * oidc_jws.h - signed tokens in the compact form: verifying those of providers.
 *
 * Owns:  the cut at the dots, the checks of the header.
 * Layer: oidc (base, crypto).
 *
 * The key comes from the set that the caller trusts, chosen by kid, kty, use and alg; what a header
 * says about keys (jwk, jku, x5u, x5c) is never looked at (R7).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_JWS_H
#define SSO_OIDC_OIDC_JWS_H

#include "base/ctx.h"
#include "base/span.h"
#include "oidc/oidc_jwk.h"

#define SSO_JWT_BYTES 65536 /* longest token, of any form */

/* A token whose signature was verified; texts live in cx->pool. */
typedef struct {
    const sso_jws_alg_t *alg;
    const char *kid;    /* NULL: none */
    const char *typ;    /* NULL: none */
    sso_span_t payload; /* bytes of the verified text, with a NUL behind them */
} sso_jws_t;

/**
 * Cut a token at its dots.
 *
 * @param part n spans as they came. What decodes one takes canonical base64url only: no '=', no other
 *             byte, unused bits zero (SSO_F_JWT_FORM about "base64").
 * @param n    3 (signed) or 5 (encrypted).
 * @return     SSO_F_JWT_FORM about "size" or "parts"; part is untouched then.
 * @spec       R1; RFC 7515, section 7.1; RFC 7516, section 7.1.
 */
apr_status_t sso_jwt_cut(sso_ctx_t *cx, sso_span_t token, int n, sso_span_t part[]);

/* The JSON object in a part; SSO_F_JWT_HEADER about "json" when it is none. */
apr_status_t sso_jwt_header(sso_ctx_t *cx, sso_span_t part, json_t **out);

/* A text member of a header, NULL if absent; SSO_F_JWT_HEADER about name when it is no text. */
apr_status_t sso_jwt_text(sso_ctx_t *cx, const json_t *header, const char *name, const char **out);

/* How many dots the token has: 2 in a signed one, 4 in an encrypted one. */
int sso_jwt_dots(sso_span_t token);

/**
 * Verify a signed token.
 *
 * @param keys    the provider's own set.
 * @param allowed bits of the algorithms that are accepted (sso_jws_alg_bit).
 * @param out     untouched unless the signature verifies.
 * @return        SSO_F_JWT_FORM, SSO_F_JWT_HEADER (also about "crit": extensions are not known
 *                here); SSO_F_JWT_ALG: none of the allowed ones; SSO_F_JWT_KEY: the set has no key
 *                that fits; SSO_F_JWT_SIGNATURE: none of those that fit made it.
 * @spec          R1, R7, R12; RFC 7515, section 5.2.
 */
apr_status_t sso_jws_verify(sso_ctx_t *cx, sso_span_t token, const sso_jwks_t *keys,
                            unsigned allowed, sso_jws_t *out);

#endif /* SSO_OIDC_OIDC_JWS_H */
