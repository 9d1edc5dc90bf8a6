/*
 * owned.h - what OpenSSL made belongs to a pool.
 *
 * Owns:  the cleanups of OpenSSL's objects.
 * Layer: crypto (APR, OpenSSL).
 * Lives: an object as long as the pool that it was given to.
 *
 * NULL stays NULL, so that a maker can stand in the call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_OWNED_H
#define SSO_CRYPTO_OWNED_H

#include <apr_pools.h>

#include <openssl/types.h>

EVP_PKEY *sso_owned_pkey(apr_pool_t *pool, EVP_PKEY *key);
X509 *sso_owned_x509(apr_pool_t *pool, X509 *x509);
BIO *sso_owned_bio(apr_pool_t *pool, BIO *bio);

#endif /* SSO_CRYPTO_OWNED_H */
