/*
 * oidc_jwe.c - compact JWE (RFC 7516): find the content key, decrypt; one way to fail.
 *
 * A content key that does not unwrap is replaced by a random one and used all the same, and nothing
 * behind the first private-key operation has a fault of its own: who sends ciphertexts of his making
 * must not learn how far they came.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_jwe.h"

#include "base/buf.h"
#include "base/codec.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "oidc/oidc_jws.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#define KEYS_TRIED 4
#define CEK_MAX    32
#define TAG_BYTES  16
#define Z_MAX      66  /* bytes of a shared secret: P-521 */
#define INFO_MAX   512 /* bytes of apu and of apv, encoded */

enum { HEADER, KEY, IV, TEXT, TAG, PARTS };

typedef struct {
    const char *name;
    const char *digest; /* of OAEP; NULL: ECDH-ES */
} key_alg_t;

static const key_alg_t key_algs[] = {
    {"RSA-OAEP-256", "SHA256"}, {"RSA-OAEP", "SHA1"}, {"ECDH-ES", NULL}};

typedef struct {
    const char *name;
    const char *cipher; /* OpenSSL's name */
    apr_size_t cek;     /* bytes of the content key */
    apr_size_t iv;
    int cbc; /* HMAC-SHA-256 with the first half of the key, AES with the second */
} enc_t;

static const enc_t encs[] = {{"A128GCM", "AES-128-GCM", 16, 12, 0},
                             {"A256GCM", "AES-256-GCM", 32, 12, 0},
                             {"A128CBC-HS256", "AES-128-CBC", 32, 16, 1}};

typedef struct {
    const key_alg_t *alg;
    const enc_t *enc;
    const json_t *epk;
    sso_span_t apu, apv;   /* decoded */
    sso_span_t raw_header; /* as it came: the associated data */
    sso_span_t key, iv, text, tag;
} jwe_t;

const char *sso_jwe_algs(void)
{
    return "RSA-OAEP-256 RSA-OAEP ECDH-ES; A128GCM A256GCM A128CBC-HS256";
}

static apr_status_t failed(sso_ctx_t *cx)
{
    sso_ctx_clear(cx);
    return sso_fail(cx, SSO_F_JWE_DECRYPT, "no key of ours decrypts the token, or it was changed");
}

/* ---- the header ---- */

static const key_alg_t *find_alg(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof(key_algs) / sizeof(key_algs[0]); i++) {
        if (sso_span_is(sso_span(name), key_algs[i].name)) return &key_algs[i];
    }
    return NULL;
}

static const enc_t *find_enc(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof(encs) / sizeof(encs[0]); i++) {
        if (sso_span_is(sso_span(name), encs[i].name)) return &encs[i];
    }
    return NULL;
}

static apr_status_t not_offered(sso_ctx_t *cx, const char *about, const char *value)
{
    return sso_fail_about(cx, SSO_F_JWE_ALG, about, "%s is \"%s\"; there are %s", about,
                          value ? sso_log_quote(cx->pool, value, strlen(value), 32) : "",
                          sso_jwe_algs());
}

static apr_status_t read_algorithms(sso_ctx_t *cx, const json_t *header, jwe_t *out)
{
    const char *alg = NULL;
    const char *enc = NULL;
    apr_status_t rv = sso_jwt_text(cx, header, "alg", &alg);

    if (rv == APR_SUCCESS) rv = sso_jwt_text(cx, header, "enc", &enc);
    if (rv != APR_SUCCESS) return rv;
    if (json_object_get(header, "crit")) {
        return sso_fail_about(cx, SSO_F_JWT_HEADER, "crit",
                              "the token has critical extensions; none is known here");
    }
    if (json_object_get(header, "zip")) return not_offered(cx, "zip", "DEF");
    out->alg = alg ? find_alg(alg) : NULL;
    if (!out->alg) return not_offered(cx, "alg", alg);
    out->enc = enc ? find_enc(enc) : NULL;
    return out->enc ? APR_SUCCESS : not_offered(cx, "enc", enc);
}

static apr_status_t decode(sso_ctx_t *cx, sso_span_t text, sso_span_t *out)
{
    if (!memchr(text.p, '=', text.n)
        && sso_b64_decode(cx->pool, text, SSO_B64_URL | SSO_B64_NOPAD, out, NULL) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return sso_fail_about(cx, SSO_F_JWT_FORM, "base64", "a part of the token is not base64url");
}

/* RFC 7518, section 4.6.1.2 and 4.6.1.3: whatever the sender wants in the derivation. */
static apr_status_t read_info(sso_ctx_t *cx, const json_t *header, const char *name,
                              sso_span_t *out)
{
    const char *text = NULL;
    apr_status_t rv = sso_jwt_text(cx, header, name, &text);

    *out = sso_span_of("", 0);
    if (rv != APR_SUCCESS || !text) return rv;
    if (strlen(text) > INFO_MAX) {
        return sso_fail_about(cx, SSO_F_JWT_HEADER, name, "the token's %s is too long", name);
    }
    return decode(cx, sso_span(text), out);
}

static apr_status_t read_header(sso_ctx_t *cx, sso_span_t part, jwe_t *out)
{
    json_t *header = NULL;
    apr_status_t rv = sso_jwt_header(cx, part, &header);

    if (rv == APR_SUCCESS) rv = read_algorithms(cx, header, out);
    if (rv == APR_SUCCESS) rv = read_info(cx, header, "apu", &out->apu);
    if (rv == APR_SUCCESS) rv = read_info(cx, header, "apv", &out->apv);
    if (rv != APR_SUCCESS) return rv;
    out->raw_header = part;
    out->epk = json_object_get(header, "epk");
    return APR_SUCCESS;
}

/* ---- the content key ---- */

static int unwrap_rsa(EVP_PKEY *key, const jwe_t *jwe, unsigned char *cek)
{
    unsigned char plain[1024]; /* RSA 8192 */
    size_t n = sizeof(plain);
    EVP_PKEY_CTX *ctx;
    EVP_MD *md;
    int ok;

    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA
        || (size_t)EVP_PKEY_get_size(key) > sizeof(plain)) {
        return 0;
    }
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    md = EVP_MD_fetch(NULL, jwe->alg->digest, NULL);
    ok = ctx && md && EVP_PKEY_decrypt_init(ctx) == 1
         && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1
         && EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1
         && EVP_PKEY_decrypt(ctx, plain, &n, (const unsigned char *)jwe->key.p, jwe->key.n) == 1
         && n == jwe->enc->cek;
    if (ok) memcpy(cek, plain, n);
    OPENSSL_cleanse(plain, sizeof(plain));
    EVP_MD_free(md);
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* The x coordinate of the shared point; how many bytes, 0: the keys are not of one curve. */
static size_t agree(EVP_PKEY *ours, EVP_PKEY *theirs, unsigned char z[Z_MAX])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
    size_t n = Z_MAX;

    if (!ctx || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, theirs) != 1
        || EVP_PKEY_derive(ctx, z, &n) != 1) {
        n = 0;
    }
    EVP_PKEY_CTX_free(ctx);
    return n;
}

static void add_number(sso_buf_t *b, apr_size_t n)
{
    const unsigned char be[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
                                 (unsigned char)(n >> 8), (unsigned char)n};

    sso_buf_add(b, be, sizeof(be));
}

static void add_sized(sso_buf_t *b, sso_span_t bytes)
{
    add_number(b, bytes.n);
    sso_buf_add(b, bytes.p, bytes.n);
}

/* Concat KDF (NIST SP 800-56A, section 5.8.1), one round: no key here is longer than a digest. */
static int derive(sso_ctx_t *cx, const jwe_t *jwe, sso_span_t z, unsigned char *cek)
{
    unsigned char digest[SSO_MAC_BYTES];
    sso_buf_t b = sso_buf_make(cx->pool, 256, 4096);
    sso_span_t input;
    int ok;

    add_number(&b, 1);
    sso_buf_add(&b, z.p, z.n);
    add_sized(&b, sso_span(jwe->enc->name));
    add_sized(&b, jwe->apu);
    add_sized(&b, jwe->apv);
    add_number(&b, jwe->enc->cek * 8);
    input = sso_buf_span(&b);
    ok = !b.full && sso_mac_hash(cx, &input, 1, digest) == APR_SUCCESS;
    if (ok) memcpy(cek, digest, jwe->enc->cek);
    OPENSSL_cleanse(b.p, b.n);
    OPENSSL_cleanse(digest, sizeof(digest));
    return ok;
}

/* RFC 7518, section 4.6. The sender's point was checked when it was read: an invalid one would
 * draw our key out bit by bit. */
static int agree_ec(sso_ctx_t *cx, EVP_PKEY *key, const jwe_t *jwe, unsigned char *cek)
{
    unsigned char z[Z_MAX];
    sso_jwk_t epk;
    size_t n;
    int ok;

    if (jwe->key.n || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return 0;
    if (sso_jwk_parse(cx->pool, jwe->epk, &epk) || !sso_span_is(sso_span(epk.kty), "EC")) return 0;
    n = agree(key, epk.key, z);
    ok = n > 0 && derive(cx, jwe, sso_span_of(z, n), cek);
    OPENSSL_cleanse(z, sizeof(z));
    return ok;
}

/* ---- the content ---- */

/* RFC 7518, section 5.2.2.2: HMAC over header, IV, text and the header's length in bits. */
static int check_mac(sso_ctx_t *cx, const jwe_t *jwe, const unsigned char *cek)
{
    unsigned char mac[SSO_MAC_BYTES];
    sso_buf_t b = sso_buf_make(cx->pool, jwe->raw_header.n + jwe->text.n + 64, 2 * SSO_JWT_BYTES);
    apr_pool_t *pool = cx->pool;
    sso_mac_key_t *key;

    sso_buf_add(&b, jwe->raw_header.p, jwe->raw_header.n);
    sso_buf_add(&b, jwe->iv.p, jwe->iv.n);
    sso_buf_add(&b, jwe->text.p, jwe->text.n);
    add_number(&b, 0);
    add_number(&b, jwe->raw_header.n * 8);
    return !b.full && sso_mac_prepare(cx, pool, sso_span_of(cek, jwe->enc->cek / 2), &key) == 0
           && sso_mac_sign(cx, key, sso_buf_span(&b), mac) == 0
           && sso_mac_same(mac, jwe->tag.p, TAG_BYTES);
}

/* Decrypt into `plain`, which has room for the text and one block; how many bytes, -1: it failed. */
static int decipher(const jwe_t *jwe, const unsigned char *cek, unsigned char *plain)
{
    const unsigned char *key = jwe->enc->cbc ? cek + jwe->enc->cek / 2 : cek;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, jwe->enc->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char tag[TAG_BYTES];
    int aad = 0;
    int n = 0;
    int last = 0;
    int ok;

    memcpy(tag, jwe->tag.p, sizeof(tag));
    ok = cipher && ctx
         && EVP_DecryptInit_ex2(ctx, cipher, key, (const unsigned char *)jwe->iv.p, NULL) == 1;
    if (ok && !jwe->enc->cbc) {
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1
             && EVP_DecryptUpdate(ctx, NULL, &aad, (const unsigned char *)jwe->raw_header.p,
                                  (int)jwe->raw_header.n)
                    == 1;
    }
    ok = ok
         && EVP_DecryptUpdate(ctx, plain, &n, (const unsigned char *)jwe->text.p, (int)jwe->text.n)
                == 1
         && EVP_DecryptFinal_ex(ctx, plain + n, &last) == 1;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return ok ? n + last : -1;
}

/* The MAC comes first: padding of what was changed is never looked at. */
static int open_with(sso_ctx_t *cx, const jwe_t *jwe, const unsigned char *cek, sso_span_t *out)
{
    unsigned char *plain = apr_palloc(cx->pool, jwe->text.n + 32);
    int n;

    sso_secret_wipe_with(cx->pool, sso_span_of(plain, jwe->text.n + 32));
    if (jwe->enc->cbc && !check_mac(cx, jwe, cek)) return 0;
    n = decipher(jwe, cek, plain);
    if (n < 0) return 0;
    plain[n] = '\0';
    *out = sso_span_of(plain, (apr_size_t)n);
    return 1;
}

/* Does this key of ours open it? All the work is done whether the unwrapping went well or not. */
static int try_key(sso_ctx_t *cx, const jwe_t *jwe, EVP_PKEY *key, sso_span_t *out)
{
    unsigned char cek[CEK_MAX];
    int known;
    int ok;

    if (sso_random_bytes(cx, cek, sizeof(cek)) != APR_SUCCESS) return 0;
    known = jwe->alg->digest ? unwrap_rsa(key, jwe, cek) : agree_ec(cx, key, jwe, cek);
    ok = open_with(cx, jwe, cek, out) && known;
    OPENSSL_cleanse(cek, sizeof(cek));
    return ok;
}

static int has_lengths(const jwe_t *jwe)
{
    return jwe->iv.n == jwe->enc->iv && jwe->tag.n == TAG_BYTES && jwe->text.n > 0
           && (!jwe->enc->cbc || jwe->text.n % 16 == 0);
}

static apr_status_t read_token(sso_ctx_t *cx, sso_span_t token, jwe_t *out)
{
    sso_span_t part[PARTS];
    apr_status_t rv = sso_jwt_cut(cx, token, PARTS, part);

    if (rv == APR_SUCCESS) rv = read_header(cx, part[HEADER], out);
    if (rv == APR_SUCCESS) rv = decode(cx, part[KEY], &out->key);
    if (rv == APR_SUCCESS) rv = decode(cx, part[IV], &out->iv);
    if (rv == APR_SUCCESS) rv = decode(cx, part[TEXT], &out->text);
    if (rv == APR_SUCCESS) rv = decode(cx, part[TAG], &out->tag);
    return rv;
}

apr_status_t sso_jwe_open(sso_ctx_t *cx, sso_span_t token, const apr_array_header_t *keys,
                          sso_span_t *out)
{
    jwe_t jwe = {.alg = NULL};
    sso_span_t plain = {NULL, 0};
    apr_status_t rv = read_token(cx, token, &jwe);
    int opened = 0;
    int i;

    if (rv != APR_SUCCESS) return rv;
    if (!has_lengths(&jwe)) return failed(cx);
    ERR_set_mark();
    for (i = 0; i < keys->nelts && i < KEYS_TRIED && !opened; i++) {
        opened = try_key(cx, &jwe, APR_ARRAY_IDX(keys, i, const sso_key_pair_t *)->key, &plain);
    }
    ERR_pop_to_mark();
    if (!opened) return failed(cx);
    *out = plain;
    return APR_SUCCESS;
}
