/*
 * jws_alg.h - the algorithms that tokens may be signed with: a closed table.
 *
 * Owns:  sso_jws_alg_t.
 * Layer: crypto (base, OpenSSL).
 *
 * What is not a row does not exist here: "none", and HMAC, where a public key could be passed off as
 * a secret. Adding an algorithm is one row and one vector.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_JWS_ALG_H
#define SSO_CRYPTO_JWS_ALG_H

#include "base/span.h"
#include "crypto/sign.h"

typedef struct {
    const char *name;   /* of the header: "RS256" */
    const char *digest; /* of at_hash and c_hash too (Core 3.1.3.6) */
    const char *kty;    /* of the key: "RSA", "EC" or "OKP" */
    const char *crv;    /* the key's curve; NULL: it has none */
    sso_sign_alg_t how;
} sso_jws_alg_t;

/* The row of a name, compared byte for byte; NULL: there is none. */
const sso_jws_alg_t *sso_jws_alg(sso_span_t name);

/* The row that a private key signs with, and the one that bears `name` if name is not NULL; NULL:
 * the key cannot. */
const sso_jws_alg_t *sso_jws_alg_for(const EVP_PKEY *key, const char *name);

/* One bit for each row, for sets of them. */
unsigned sso_jws_alg_bit(const sso_jws_alg_t *alg);

/* Their names with spaces between, in the order of the table. */
const char *sso_jws_alg_names(apr_pool_t *pool, unsigned set);

#endif /* SSO_CRYPTO_JWS_ALG_H */
