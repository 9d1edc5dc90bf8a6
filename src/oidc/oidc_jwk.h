/*
 * oidc_jwk.h - the public keys that a provider publishes.
 *
 * Owns:  sso_jwk_t, sso_jwks_t.
 * Layer: oidc (base, crypto, OpenSSL, jansson).
 * Lives: in the pool given; read-only afterwards, so that every thread may verify with them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_JWK_H
#define SSO_OIDC_OIDC_JWK_H

#include "base/ctx.h"
#include "base/json.h"
#include "base/span.h"
#include "crypto/jws_alg.h"

#define SSO_JWKS_BYTES 262144 /* of a key set */
#define SSO_JWKS_MAX   64     /* keys in it */
#define SSO_JWKS_TRY   4      /* keys tried for one signature */

typedef struct {
    const char *kid; /* NULL: none */
    const char *alg; /* the only algorithm it may be used with; NULL: not said */
    const char *kty; /* "RSA", "EC" or "OKP": constants */
    const char *crv; /* constant; NULL for RSA */
    int verifies;    /* `use` and `key_ops` allow it to verify signatures */
    EVP_PKEY *key;
    sso_verifier_t *verifier; /* with it */
} sso_jwk_t;

typedef struct {
    sso_jwk_t item[SSO_JWKS_MAX];
    int n;
    int skipped; /* keys of kinds that are not known or not accepted here */
} sso_jwks_t;

/**
 * Read one public key (RFC 7517, section 4).
 *
 * RSA of 2048 to 8192 bits with an odd exponent of 65537 at least; points on P-256, P-384, P-521 in
 * full length; Ed25519. A key that comes with its private half is refused: everybody has it.
 *
 * @param out  filled on success; its key is freed with pool.
 * @return     NULL, or why it cannot be used (a constant).
 */
const char *sso_jwk_parse(apr_pool_t *pool, const json_t *jwk, sso_jwk_t *out);

/**
 * Read a key set (RFC 7517, section 5). Keys that cannot be used are skipped, as the RFC has it.
 *
 * @return SSO_F_JWKS about "size", "json", "keys" (no such array, or over SSO_JWKS_MAX) or "empty"
 *         (not one key that can be used; the detail says why).
 */
apr_status_t sso_jwks_parse(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text, sso_jwks_t **out);

/**
 * The keys that may have made a signature: of the algorithm's kind and curve, for verifying, of that
 * kid where the token names one. R7, R12.
 *
 * @param kid NULL: the token names none.
 * @param out the first SSO_JWKS_TRY of them.
 * @return    how many.
 */
int sso_jwks_find(const sso_jwks_t *keys, const sso_jws_alg_t *alg, const char *kid,
                  const sso_jwk_t *out[SSO_JWKS_TRY]);

#endif /* SSO_OIDC_OIDC_JWK_H */
