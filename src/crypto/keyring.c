/*
 * keyring.c - signing keys that take turns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/keyring.h"

#include "base/buf.h"
#include "base/file.h"
#include "crypto/jwk.h"
#include "crypto/owned.h"
#include "crypto/secret.h"

#include <apr_file_info.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#define FILE_MAX 16384 /* bytes; three keys have less than 1000 */
#define SET_MAX  4096  /* bytes of the key set */

static const struct {
    const char *name; /* of the algorithm */
    const char *type, *group;
} kinds[] = {
    {"ES256", "EC", "P-256"},
    {"EdDSA", "ED25519", NULL},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- one key ---- */

static int is_kind(const char *name)
{
    apr_size_t i;

    for (i = 0; i < KINDS && !sso_span_is(sso_span(name), kinds[i].name); i++)
        continue;
    return i < KINDS;
}

static EVP_PKEY *generate(const char *name)
{
    if (sso_span_is(sso_span(name), kinds[0].name)) {
        return EVP_PKEY_Q_keygen(NULL, NULL, kinds[0].type, kinds[0].group);
    }
    return EVP_PKEY_Q_keygen(NULL, NULL, kinds[1].type);
}

/* A key with its names; key is pool's from then on. */
static apr_status_t take_key(sso_ctx_t *cx, apr_pool_t *pool, const char *file, EVP_PKEY *key,
                             sso_ring_key_t *out)
{
    sso_ring_key_t taken = {.key = sso_owned_pkey(pool, key)};
    apr_status_t rv;

    taken.alg = key ? sso_jws_alg_for(key, NULL) : NULL;
    if (!taken.alg || !is_kind(taken.alg->name)) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "%s does not hold the keys that assertions are signed with: move it away, "
                        "and it is made anew",
                        file);
    }
    rv = sso_jwk_thumbprint(cx, key, &taken.kid);
    if (rv != APR_SUCCESS) return rv;
    taken.kid = apr_pstrdup(pool, taken.kid);
    *out = taken;
    return APR_SUCCESS;
}

static apr_status_t make_key(sso_ctx_t *cx, apr_pool_t *pool, const char *file, const char *alg,
                             sso_ring_key_t *out)
{
    EVP_PKEY *key = generate(alg);

    if (!key) return sso_fail(cx, SSO_F_INTERNAL, "OpenSSL could not make a key for %s", file);
    return take_key(cx, pool, file, key, out);
}

/* ---- the file ---- */

static EVP_PKEY *decode(const char *name, const unsigned char *der, long n)
{
    return sso_span_is(sso_span(name), PEM_STRING_PUBLIC) ? d2i_PUBKEY(NULL, &der, n)
                                                          : d2i_AutoPrivateKey(NULL, &der, n);
}

/* The next block of the file, if it is what stands there; NULL otherwise. Block by block, because
 * OpenSSL's search for one of a kind depends on errors that others have left in this thread. */
static EVP_PKEY *read_block(BIO *bio, const char *wanted)
{
    char *name = NULL;
    char *header = NULL;
    unsigned char *der = NULL;
    EVP_PKEY *key = NULL;
    long n = 0;

    if (!PEM_read_bio(bio, &name, &header, &der, &n)) return NULL;
    if (sso_span_is(sso_span(name), wanted) && !*header) key = decode(name, der, n);
    OPENSSL_clear_free(der, (size_t)n);
    OPENSSL_free(header);
    OPENSSL_free(name);
    return key;
}

/* Two private keys and, after the first turn, a public one. */
static apr_status_t parse(sso_ctx_t *cx, apr_pool_t *pool, const char *file, sso_span_t text,
                          sso_keyring_t *out)
{
    BIO *bio = sso_owned_bio(cx->pool, BIO_new_mem_buf(text.p, (int)text.n));
    EVP_PKEY *key;
    apr_status_t rv;

    if (!bio) return sso_fail(cx, SSO_F_INTERNAL, "no memory for %s", file);
    key = read_block(bio, PEM_STRING_PKCS8INF);
    rv = take_key(cx, pool, file, key, &out->current);
    if (rv != APR_SUCCESS) return rv;
    key = read_block(bio, PEM_STRING_PKCS8INF);
    rv = take_key(cx, pool, file, key, &out->next);
    if (rv != APR_SUCCESS) return rv;
    key = read_block(bio, PEM_STRING_PUBLIC);
    return key ? take_key(cx, pool, file, key, &out->previous) : APR_SUCCESS;
}

static apr_status_t read_ring(sso_ctx_t *cx, apr_pool_t *pool, const char *file,
                              sso_keyring_t **out)
{
    sso_keyring_t *ring = apr_pcalloc(pool, sizeof(*ring));
    apr_finfo_t info;
    sso_span_t text;
    apr_status_t rv = sso_secret_file(cx, cx->pool, file, FILE_MAX, &text);

    if (rv == APR_SUCCESS) rv = apr_stat(&info, file, APR_FINFO_MTIME, cx->pool);
    if (rv != APR_SUCCESS) return rv;
    ring->turned = info.mtime;
    ERR_set_mark();
    rv = parse(cx, pool, file, text, ring);
    ERR_pop_to_mark();
    if (rv == APR_SUCCESS) *out = ring;
    return rv;
}

static int print(BIO *bio, const sso_keyring_t *ring)
{
    return bio
           && BIO_puts(bio,
                       "Keys that mod_sso signs assertions with: the current one, the next, and "
                       "the previous one's public half.\n\n")
                  > 0
           && PEM_write_bio_PrivateKey(bio, ring->current.key, NULL, NULL, 0, NULL, NULL)
           && PEM_write_bio_PrivateKey(bio, ring->next.key, NULL, NULL, 0, NULL, NULL)
           && (!ring->previous.key || PEM_write_bio_PUBKEY(bio, ring->previous.key));
}

/* By way of OpenSSL's memory, which it wipes when it frees it. */
static apr_status_t write_ring(sso_ctx_t *cx, const char *file, const sso_keyring_t *ring,
                               apr_status_t (*put)(sso_ctx_t *, const char *, sso_span_t))
{
    BIO *bio = sso_owned_bio(cx->pool, BIO_new(BIO_s_secmem()));
    char *text;
    long n;

    if (!print(bio, ring)) return sso_fail(cx, SSO_F_INTERNAL, "OpenSSL could not write %s", file);
    n = BIO_get_mem_data(bio, &text);
    return put(cx, file, sso_span_of(text, (apr_size_t)n));
}

/* All of it anew. */
static apr_status_t make_keys(sso_ctx_t *cx, apr_pool_t *pool, const char *file, const char *alg,
                              sso_keyring_t *out)
{
    apr_status_t rv = make_key(cx, pool, file, alg, &out->current);

    if (rv == APR_SUCCESS) rv = make_key(cx, pool, file, alg, &out->next);
    out->previous = (sso_ring_key_t){.key = NULL};
    return rv;
}

static apr_status_t make_ring(sso_ctx_t *cx, const char *file)
{
    sso_keyring_t ring = {.turned = cx->now};
    apr_status_t rv = make_keys(cx, cx->pool, file, kinds[0].name, &ring);

    if (rv == APR_SUCCESS) rv = write_ring(cx, file, &ring, sso_file_create);
    return rv == APR_EEXIST ? APR_SUCCESS : rv; /* somebody was faster: theirs is as good */
}

apr_status_t sso_keyring_own(sso_ctx_t *cx, apr_pool_t *pool, const char *file, int may_write,
                             sso_keyring_t **out)
{
    apr_status_t rv = read_ring(cx, pool, file, out);

    if (!APR_STATUS_IS_ENOENT(rv) || !may_write) return rv;
    rv = make_ring(cx, file);
    return rv == APR_SUCCESS ? read_ring(cx, pool, file, out) : rv;
}

static apr_status_t move_on(sso_ctx_t *cx, apr_pool_t *pool, const char *file, const char *alg,
                            sso_keyring_t *ring)
{
    ring->previous = ring->current;
    ring->current = ring->next;
    return make_key(cx, pool, file, alg, &ring->next);
}

apr_status_t sso_keyring_turn(sso_ctx_t *cx, apr_pool_t *pool, const char *file, const char *alg,
                              int revoke, sso_keyring_t **out)
{
    sso_keyring_t *ring = NULL;
    apr_status_t rv = read_ring(cx, pool, file, &ring);

    if (APR_STATUS_IS_ENOENT(rv)) {
        return sso_fail(cx, SSO_F_CONFIG, "there is no %s: httpd makes it when it starts", file);
    }
    if (rv != APR_SUCCESS) return rv;
    if (alg && !is_kind(alg)) {
        return sso_fail(cx, SSO_F_CONFIG, "assertions are not signed with %s; write %s or %s", alg,
                        kinds[0].name, kinds[1].name);
    }
    if (!alg) alg = ring->next.alg->name;
    rv = revoke ? make_keys(cx, pool, file, alg, ring) : move_on(cx, pool, file, alg, ring);
    if (rv == APR_SUCCESS) rv = write_ring(cx, file, ring, sso_file_replace);
    if (rv != APR_SUCCESS) return rv;
    ring->turned = cx->now;
    *out = ring;
    return APR_SUCCESS;
}

/* ---- the key set ---- */

static apr_status_t add_key(sso_ctx_t *cx, const sso_ring_key_t *ring_key, sso_buf_t *b)
{
    const char *members = NULL;
    apr_status_t rv;

    if (!ring_key->key) return APR_SUCCESS;
    rv = sso_jwk_members(cx, ring_key->key, &members);
    if (rv != APR_SUCCESS) return rv;
    sso_buf_format(b, "%s{\"use\":\"sig\",\"alg\":\"%s\",\"kid\":\"%s\",%s}",
                   b->p[b->n - 1] == '[' ? "" : ",", ring_key->alg->name, ring_key->kid, members);
    return APR_SUCCESS;
}

apr_status_t sso_keyring_publish(sso_ctx_t *cx, const sso_keyring_t *ring, sso_span_t *out)
{
    sso_buf_t b = sso_buf_make(cx->pool, 1024, SET_MAX);
    apr_status_t rv;

    sso_buf_text(&b, "{\"keys\":[");
    rv = add_key(cx, &ring->current, &b);
    if (rv == APR_SUCCESS) rv = add_key(cx, &ring->next, &b);
    if (rv == APR_SUCCESS) rv = add_key(cx, &ring->previous, &b);
    if (rv != APR_SUCCESS) return rv;
    sso_buf_text(&b, "]}\n");
    *out = sso_buf_span(&b);
    return APR_SUCCESS;
}
