/*
 * seal.c - AES-256-GCM with a random nonce; keys are derived from secrets and found by their id.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/seal.h"

#include "crypto/mac.h"
#include "crypto/random.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <limits.h>
#include <pthread.h>

enum { VERSION = 1, ID = 4, NONCE = 12, TAG = 16, KEY = 32 }; /* sizes in bytes */
#define HEAD (1 + ID)

typedef struct {
    unsigned char id[ID];
    unsigned char key[KEY];
    sso_mac_key_t *tag;
} seal_key_t;

struct sso_seal {
    int n;
    seal_key_t key[]; /* the first one seals */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *aes_gcm;

static void fetch(void)
{
    aes_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

static apr_status_t wipe_keys(void *data)
{
    sso_seal_t *seal = data;

    OPENSSL_cleanse(seal->key, (apr_size_t)seal->n * sizeof(seal->key[0]));
    return APR_SUCCESS;
}

/* id = the first bytes of SHA-256("mod_sso key id" || key). */
static apr_status_t name_key(sso_ctx_t *cx, seal_key_t *key)
{
    static const char label[14] = "mod_sso key id"; /* without a NUL */
    unsigned char text[sizeof(label) + KEY];
    unsigned char hash[SSO_MAC_BYTES];
    sso_span_t part = sso_span_of(text, sizeof(text));
    apr_status_t rv;

    memcpy(text, label, sizeof(label));
    memcpy(text + sizeof(label), key->key, KEY);
    rv = sso_mac_hash(cx, &part, 1, hash);
    OPENSSL_cleanse(text, sizeof(text));
    if (rv == APR_SUCCESS) memcpy(key->id, hash, ID);
    return rv;
}

static apr_status_t derive_tag_key(sso_ctx_t *cx, apr_pool_t *pool, const sso_mac_key_t *secret,
                                   seal_key_t *key)
{
    unsigned char derived[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_sign(cx, secret, sso_span("mod_sso tag v1"), derived);

    if (rv == APR_SUCCESS) {
        rv = sso_mac_prepare(cx, pool, sso_span_of(derived, sizeof(derived)), &key->tag);
    }
    OPENSSL_cleanse(derived, sizeof(derived));
    return rv;
}

static apr_status_t derive_keys(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t secret, seal_key_t *key)
{
    sso_mac_key_t *mac;
    apr_status_t rv = sso_mac_prepare(cx, pool, secret, &mac);

    if (rv == APR_SUCCESS) rv = sso_mac_sign(cx, mac, sso_span("mod_sso seal v1"), key->key);
    if (rv == APR_SUCCESS) rv = name_key(cx, key);
    return rv == APR_SUCCESS ? derive_tag_key(cx, pool, mac, key) : rv;
}

apr_status_t sso_seal_prepare(sso_ctx_t *cx, apr_pool_t *pool, const sso_span_t *secrets, int n,
                              sso_seal_t **out)
{
    sso_seal_t *seal;
    int i;

    if (n < 1) return sso_fail(cx, SSO_F_CONFIG, "no secret to seal with");
    pthread_once(&once, fetch);
    if (!aes_gcm) return sso_fail(cx, SSO_F_INTERNAL, "OpenSSL has no AES-256-GCM");
    seal = apr_pcalloc(pool, sizeof(*seal) + (apr_size_t)n * sizeof(seal->key[0]));
    seal->n = n;
    apr_pool_cleanup_register(pool, seal, wipe_keys, apr_pool_cleanup_null);

    for (i = 0; i < n; i++) {
        apr_status_t rv = derive_keys(cx, pool, secrets[i], &seal->key[i]);

        if (rv != APR_SUCCESS) return rv;
    }
    *out = seal;
    return APR_SUCCESS;
}

/* Set the context up for one direction and take in what is authenticated only: head, purpose. */
static int begin(EVP_CIPHER_CTX *ctx, const seal_key_t *key, const unsigned char *head,
                 const char *purpose, int encrypt)
{
    size_t length = strlen(purpose);
    int n;

    return ctx && length < INT_MAX
           && EVP_CipherInit_ex2(ctx, aes_gcm, key->key, head + HEAD, encrypt, NULL)
           && EVP_CipherUpdate(ctx, NULL, &n, head, HEAD)
           && EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)purpose, (int)length);
}

/* Everything through the cipher and no byte left over; an empty content has nothing to update. */
static int run(EVP_CIPHER_CTX *ctx, const void *from, apr_size_t size, unsigned char *to)
{
    int n = 0;
    int last = 0;

    if (size > 0 && !EVP_CipherUpdate(ctx, to, &n, from, (int)size)) return 0;
    return EVP_CipherFinal_ex(ctx, to + n, &last) && (apr_size_t)n + (apr_size_t)last == size;
}

apr_status_t sso_seal_close(sso_ctx_t *cx, const sso_seal_t *seal, const char *purpose,
                            sso_span_t content, sso_span_t *out)
{
    unsigned char *envelope;
    EVP_CIPHER_CTX *ctx;
    apr_status_t rv;
    int ok;

    if (content.n > INT_MAX - SSO_SEAL_OVERHEAD) {
        return sso_fail(cx, SSO_F_INTERNAL, "too much to seal");
    }
    envelope = apr_palloc(cx->pool, content.n + SSO_SEAL_OVERHEAD);
    envelope[0] = VERSION;
    memcpy(envelope + 1, seal->key[0].id, ID);
    rv = sso_random_bytes(cx, envelope + HEAD, NONCE);
    if (rv != APR_SUCCESS) return rv;

    ctx = EVP_CIPHER_CTX_new();
    ok = begin(ctx, &seal->key[0], envelope, purpose, 1)
         && run(ctx, content.p, content.n, envelope + HEAD + NONCE)
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG,
                                envelope + HEAD + NONCE + content.n);
    EVP_CIPHER_CTX_free(ctx);
    if (!ok) return sso_fail(cx, SSO_F_INTERNAL, "OpenSSL could not seal");
    *out = sso_span_of(envelope, content.n + SSO_SEAL_OVERHEAD);
    return APR_SUCCESS;
}

/* Open with one key. The tag decides, last; what comes before it is nobody's to see. */
static int open_with(const seal_key_t *key, const char *purpose, const unsigned char *envelope,
                     apr_size_t size, unsigned char *content)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const unsigned char *sealed = envelope + HEAD + NONCE;
    unsigned char tag[TAG];
    int ok;

    memcpy(tag, sealed + size, TAG);
    ERR_set_mark();
    ok = begin(ctx, key, envelope, purpose, 0)
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag)
         && run(ctx, sealed, size, content);
    ERR_pop_to_mark(); /* a forgery is no error of this thread: mod_ssl looks at the queue too */
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

apr_status_t sso_seal_open(sso_ctx_t *cx, const sso_seal_t *seal, const char *purpose,
                           sso_span_t envelope, sso_span_t *out)
{
    const unsigned char *p = (const unsigned char *)envelope.p;
    unsigned char *content;
    apr_size_t size;
    int i;

    if (envelope.n < SSO_SEAL_OVERHEAD || envelope.n > INT_MAX || p[0] != VERSION) {
        return APR_EINVAL;
    }
    size = envelope.n - SSO_SEAL_OVERHEAD;
    content = apr_palloc(cx->pool, size + 1);
    for (i = 0; i < seal->n; i++) {
        if (memcmp(p + 1, seal->key[i].id, ID) != 0) continue; /* ids are public */
        if (!open_with(&seal->key[i], purpose, p, size, content)) continue;
        content[size] = '\0';
        *out = sso_span_of(content, size);
        return APR_SUCCESS;
    }
    return APR_EINVAL;
}

/* ---- tags ---- */

static apr_status_t make_tag(sso_ctx_t *cx, const seal_key_t *key, sso_span_t content,
                             unsigned char tag[SSO_SEAL_TAG])
{
    unsigned char mac[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_sign(cx, key->tag, content, mac);

    if (rv == APR_SUCCESS) memcpy(tag, mac, SSO_SEAL_TAG);
    return rv;
}

apr_status_t sso_seal_tag(sso_ctx_t *cx, const sso_seal_t *seal, sso_span_t content,
                          unsigned char tag[SSO_SEAL_TAG])
{
    return make_tag(cx, &seal->key[0], content, tag);
}

int sso_seal_is_tagged(sso_ctx_t *cx, const sso_seal_t *seal, sso_span_t content,
                       const unsigned char tag[SSO_SEAL_TAG])
{
    unsigned char ours[SSO_SEAL_TAG];
    int i;

    for (i = 0; i < seal->n; i++) {
        if (make_tag(cx, &seal->key[i], content, ours) != APR_SUCCESS) return 0;
        if (sso_mac_same(ours, tag, SSO_SEAL_TAG)) return 1;
    }
    return 0;
}
