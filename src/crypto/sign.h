/*
 * sign.h - signatures by closed lists of algorithms.
 *
 * Owns:  the table of XML signature algorithms we allow; making and checking by a row of any table.
 * Layer: crypto (base, OpenSSL).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_SIGN_H
#define SSO_CRYPTO_SIGN_H

#include "base/ctx.h"
#include "base/span.h"
#include "crypto/keys.h"
#include "crypto/verifier.h"

#include <openssl/evp.h>

/* The row of a URI, compared byte for byte (R27). NULL: not allowed, weak ones too unless asked. */
const sso_sign_alg_t *sso_sign_alg(sso_span_t uri, int allow_weak);

/* The row we sign with: RSA-SHA256, or ECDSA-SHA256 for an EC key. */
const sso_sign_alg_t *sso_sign_alg_for(const EVP_PKEY *key);

/* The row that an admin calls by this name, "rsa-sha512" or "rsa-pss-sha256"; NULL: none, or a weak
 * one. */
const sso_sign_alg_t *sso_sign_alg_named(const char *name);

/* What an admin calls it; "" for a weak one. */
const char *sso_sign_alg_name(const sso_sign_alg_t *alg);

/* Those names, with commas, for messages. */
const char *sso_sign_alg_names(apr_pool_t *pool);

/* The row that a pair signs with: its own, or that of its type. */
static inline const sso_sign_alg_t *sso_sign_alg_of(const sso_key_pair_t *pair)
{
    return pair->alg ? pair->alg : sso_sign_alg_for(pair->key);
}

/**
 * Sign; ECDSA in the raw r||s form of XML signatures and of JOSE.
 *
 * @param out in cx->pool.
 */
apr_status_t sso_sign_make(sso_ctx_t *cx, const sso_sign_alg_t *alg, EVP_PKEY *key, sso_span_t data,
                           sso_span_t *out);

/* Does the signature verify? APR_SUCCESS only then; APR_EINVAL (no fault recorded) otherwise, also
 * when the key is not of the algorithm's type. */
apr_status_t sso_sign_check(sso_ctx_t *cx, const sso_sign_alg_t *alg, sso_verifier_t *verifier,
                            sso_span_t data, sso_span_t signature);

#endif /* SSO_CRYPTO_SIGN_H */
