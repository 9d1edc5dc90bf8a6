/*
 * mac.c - what OpenSSL looks up by name is looked up once; contexts are kept and copied.
 *
 * An EVP_MD that is found by name for each call costs about a microsecond (a lock, a hash table and
 * a comparison of names), which is more than hashing a session id. So the algorithms are fetched
 * once per process and never freed, and every thread keeps one digest context of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <pthread.h>

#define SECRET_MIN 16 /* bytes; shorter ones can be guessed */

struct sso_mac_key {
    EVP_MAC_CTX *keyed; /* never updated, only copied */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;
static EVP_MAC *hmac;
static pthread_key_t at_thread_end;
static int have_key;

static __thread EVP_MD_CTX *thread_ctx;

static void free_thread_ctx(void *ctx)
{
    EVP_MD_CTX_free(ctx);
}

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    have_key = pthread_key_create(&at_thread_end, free_thread_ctx) == 0;
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

/* The digest context of this thread; freed when the thread ends. */
static EVP_MD_CTX *digest_ctx(void)
{
    if (thread_ctx) return thread_ctx;
    pthread_once(&once, fetch);
    if (!sha256 || !have_key) return NULL;
    thread_ctx = EVP_MD_CTX_new();
    if (thread_ctx) pthread_setspecific(at_thread_end, thread_ctx);
    return thread_ctx;
}

static int hash_part(EVP_MD_CTX *ctx, sso_span_t part, int with_length)
{
    unsigned char length[8];
    apr_uint64_t n = part.n;
    int i;

    for (i = 7; i >= 0; i--, n >>= 8) {
        length[i] = (unsigned char)n;
    }
    return (!with_length || EVP_DigestUpdate(ctx, length, sizeof(length)))
           && EVP_DigestUpdate(ctx, part.p, part.n);
}

apr_status_t sso_mac_hash(sso_ctx_t *cx, const sso_span_t *part, int n,
                          unsigned char out[SSO_MAC_BYTES])
{
    EVP_MD_CTX *ctx = digest_ctx();
    int ok = ctx && EVP_DigestInit_ex2(ctx, sha256, NULL);
    int i;

    for (i = 0; ok && i < n; i++) {
        ok = hash_part(ctx, part[i], n > 1);
    }
    if (!ok || !EVP_DigestFinal_ex(ctx, out, NULL)) {
        return sso_fail(cx, SSO_F_INTERNAL, "OpenSSL could not make a SHA-256");
    }
    return APR_SUCCESS;
}

int sso_mac_same(const void *a, const void *b, apr_size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}
