/*
 * verifier.h - a public key that signatures are checked with, and what OpenSSL has prepared for it.
 *
 * Owns:  sso_sign_alg_t, sso_verifier_t.
 * Layer: crypto (OpenSSL).
 * Lives: as long as its pool; safe in every thread.
 *
 * To look up the algorithms and to join them with a key takes OpenSSL an eighth of the time that the
 * RSA operation takes. It is done once: what was prepared is copied for each signature.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_VERIFIER_H
#define SSO_CRYPTO_VERIFIER_H

#include <apr_pools.h>

#include <openssl/evp.h>

/* One row: what a URI stands for, or a name in another table (RFC 7518). */
typedef struct sso_sign_alg {
    const char *uri;    /* http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 */
    const char *digest; /* OpenSSL's name; NULL: the key's own (Ed25519) */
    int key_type;       /* EVP_PKEY_RSA, EVP_PKEY_EC, EVP_PKEY_ED25519 */
    int pss;            /* RSASSA-PSS, salt as long as the digest */
    int weak;           /* SHA-1: only where a provider was allowed to use it */
} sso_sign_alg_t;

typedef struct sso_verifier sso_verifier_t;

/* A verifier with a key that lives as long as pool, or longer. */
sso_verifier_t *sso_verifier_make(apr_pool_t *pool, EVP_PKEY *key);

/* Its key, borrowed. */
EVP_PKEY *sso_verifier_key(const sso_verifier_t *verifier);

/* A context for one EVP_DigestVerify() by this row; to be freed with EVP_MD_CTX_free(). NULL:
 * OpenSSL has none for this key. */
EVP_MD_CTX *sso_verifier_begin(sso_verifier_t *verifier, const sso_sign_alg_t *alg);

/* A signature by this row was good: keep what later ones begin with. The first row stays, so that a
 * forger, who may name any, changes nothing. */
void sso_verifier_keep(sso_verifier_t *verifier, const sso_sign_alg_t *alg);

/* RSASSA-PSS as RFC 9231, section 2.3.10 has it: MGF1 with the same digest, salt as long. 1: done, or
 * the row is not of it. */
int sso_verifier_padding(const sso_sign_alg_t *alg, EVP_PKEY_CTX *ctx);

#endif /* SSO_CRYPTO_VERIFIER_H */
