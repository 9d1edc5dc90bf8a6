/*
 * owned.c - what OpenSSL made belongs to a pool.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/owned.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

static apr_status_t free_pkey(void *key)
{
    EVP_PKEY_free(key);
    return APR_SUCCESS;
}

static apr_status_t free_x509(void *x509)
{
    X509_free(x509);
    return APR_SUCCESS;
}

static apr_status_t free_bio(void *bio)
{
    BIO_free_all(bio);
    return APR_SUCCESS;
}

static void *own(apr_pool_t *pool, void *object, apr_status_t (*release)(void *))
{
    if (object) apr_pool_cleanup_register(pool, object, release, apr_pool_cleanup_null);
    return object;
}

EVP_PKEY *sso_owned_pkey(apr_pool_t *pool, EVP_PKEY *key)
{
    return own(pool, key, free_pkey);
}

X509 *sso_owned_x509(apr_pool_t *pool, X509 *x509)
{
    return own(pool, x509, free_x509);
}

BIO *sso_owned_bio(apr_pool_t *pool, BIO *bio)
{
    return own(pool, bio, free_bio);
}
