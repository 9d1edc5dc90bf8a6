/*
 * verifier.c - one prepared context for each key, copied for each signature.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/verifier.h"

#include <openssl/crypto.h>
#include <openssl/rsa.h>

#include <stdatomic.h>

/* Never changed once others can see it. */
typedef struct {
    const sso_sign_alg_t *alg;
    EVP_MD_CTX *ctx; /* only copied */
} ready_t;

struct sso_verifier {
    EVP_PKEY *key;
    _Atomic(ready_t *) ready; /* NULL until a signature was good */
};

static void free_ready(ready_t *ready)
{
    if (ready) EVP_MD_CTX_free(ready->ctx);
    OPENSSL_free(ready);
}

static apr_status_t release(void *data)
{
    sso_verifier_t *verifier = data;

    free_ready(atomic_load(&verifier->ready));
    return APR_SUCCESS;
}

sso_verifier_t *sso_verifier_make(apr_pool_t *pool, EVP_PKEY *key)
{
    sso_verifier_t *verifier = apr_palloc(pool, sizeof(*verifier));

    verifier->key = key;
    atomic_init(&verifier->ready, NULL);
    apr_pool_cleanup_register(pool, verifier, release, apr_pool_cleanup_null);
    return verifier;
}

EVP_PKEY *sso_verifier_key(const sso_verifier_t *verifier)
{
    return verifier->key;
}

int sso_verifier_padding(const sso_sign_alg_t *alg, EVP_PKEY_CTX *ctx)
{
    if (!alg->pss) return 1;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1
           && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static EVP_MD_CTX *prepare(EVP_PKEY *key, const sso_sign_alg_t *alg)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *params;

    if (ctx && EVP_DigestVerifyInit_ex(ctx, &params, alg->digest, NULL, NULL, key, NULL) == 1
        && sso_verifier_padding(alg, params)) {
        return ctx;
    }
    EVP_MD_CTX_free(ctx);
    return NULL;
}

static EVP_MD_CTX *copy_of(const EVP_MD_CTX *ready)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (ctx && EVP_MD_CTX_copy_ex(ctx, ready) == 1) return ctx;
    EVP_MD_CTX_free(ctx);
    return NULL;
}

EVP_MD_CTX *sso_verifier_begin(sso_verifier_t *verifier, const sso_sign_alg_t *alg)
{
    const ready_t *ready = atomic_load_explicit(&verifier->ready, memory_order_acquire);

    return ready && ready->alg == alg ? copy_of(ready->ctx) : prepare(verifier->key, alg);
}

void sso_verifier_keep(sso_verifier_t *verifier, const sso_sign_alg_t *alg)
{
    ready_t *none = NULL;
    ready_t *made;

    if (atomic_load_explicit(&verifier->ready, memory_order_relaxed)) return;
    made = OPENSSL_zalloc(sizeof(*made));
    if (!made) return;
    *made = (ready_t){alg, prepare(verifier->key, alg)};
    if (!made->ctx || !atomic_compare_exchange_strong(&verifier->ready, &none, made)) {
        free_ready(made); /* another thread was first */
    }
}
