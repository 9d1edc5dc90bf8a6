/*
 * mac.c - HMAC's algorithm is looked up once and its keyed contexts are copied; SHA-256 is called by
 * its name.
 *
 * Hashing the cookie is on the way of every request. By way of EVP it takes twice as long with all
 * of it in the cache, four times as long in a server that has other things to do, and an allocation:
 * hence the direct functions, which OpenSSL calls deprecated and keeps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include <pthread.h>

#define SECRET_MIN 16 /* bytes; shorter ones can be guessed */

struct sso_mac_key {
    EVP_MAC_CTX *keyed; /* never updated, only copied */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MAC *hmac;

static void fetch(void)
{
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

static apr_status_t free_keyed(void *keyed)
{
    EVP_MAC_CTX_free(keyed);
    return APR_SUCCESS;
}

apr_status_t sso_mac_prepare(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t secret,
                             sso_mac_key_t **out)
{
    static char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    sso_mac_key_t *key;

    if (secret.n < SECRET_MIN) {
        return sso_fail(cx, SSO_F_CONFIG, "a secret has %d bytes; it needs at least %d",
                        (int)secret.n, SECRET_MIN);
    }
    pthread_once(&once, fetch);
    key = apr_pcalloc(pool, sizeof(*key));
    key->keyed = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    if (!key->keyed) return sso_fail(cx, SSO_F_INTERNAL, "OpenSSL has no HMAC");
    apr_pool_cleanup_register(pool, key->keyed, free_keyed, apr_pool_cleanup_null);

    if (!EVP_MAC_init(key->keyed, (const unsigned char *)secret.p, secret.n, params)) {
        return sso_fail(cx, SSO_F_INTERNAL, "OpenSSL refused the key of an HMAC");
    }
    *out = key;
    return APR_SUCCESS;
}

apr_status_t sso_mac_sign(sso_ctx_t *cx, const sso_mac_key_t *key, sso_span_t data,
                          unsigned char mac[SSO_MAC_BYTES])
{
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(key->keyed);
    unsigned char made[SSO_MAC_BYTES];
    size_t n = 0;
    int ok = ctx && EVP_MAC_update(ctx, (const unsigned char *)data.p, data.n)
             && EVP_MAC_final(ctx, made, &n, sizeof(made)) && n == sizeof(made);

    EVP_MAC_CTX_free(ctx);
    if (!ok) return sso_fail(cx, SSO_F_INTERNAL, "OpenSSL could not make an HMAC");
    memcpy(mac, made, sizeof(made));
    return APR_SUCCESS;
}

static int hash_part(SHA256_CTX *ctx, sso_span_t part, int with_length)
{
    unsigned char length[8];
    apr_uint64_t n = part.n;
    int i;

    for (i = 7; i >= 0; i--, n >>= 8) {
        length[i] = (unsigned char)n;
    }
    return (!with_length || SHA256_Update(ctx, length, sizeof(length)))
           && SHA256_Update(ctx, part.p, part.n);
}

apr_status_t sso_mac_hash(sso_ctx_t *cx, const sso_span_t *part, int n,
                          unsigned char out[SSO_MAC_BYTES])
{
    SHA256_CTX ctx;
    int ok = SHA256_Init(&ctx);
    int i;

    for (i = 0; ok && i < n; i++) {
        ok = hash_part(&ctx, part[i], n > 1);
    }
    if (!ok || !SHA256_Final(out, &ctx)) {
        return sso_fail(cx, SSO_F_INTERNAL, "OpenSSL could not make a SHA-256");
    }
    return APR_SUCCESS;
}

int sso_mac_same(const void *a, const void *b, apr_size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}
