/*
 * saml_forge_enc.c - XML encryption by hand, right or wrong as asked for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "saml_forge.h"
#include "saml_forge_die.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#define TAG_BYTES 16 /* of GCM */

forge_enc_t forge_enc(void)
{
    return (forge_enc_t){
        .key = FORGE_SP,
        .cipher = FORGE_ENC11 "aes256-gcm",
        .transport = FORGE_ENC "rsa-oaep-mgf1p",
        .type = FORGE_ENC "Element",
    };
}

/* ---- ciphers ---- */

static const EVP_CIPHER *cipher_of(const char *uri)
{
    static const struct {
        const char *end, *name;
    } row[] = {
        {"#aes128-cbc", "aes-128-cbc"},     {"#aes192-cbc", "aes-192-cbc"},
        {"#aes256-cbc", "aes-256-cbc"},     {"#aes128-gcm", "aes-128-gcm"},
        {"#aes192-gcm", "aes-192-gcm"},     {"#aes256-gcm", "aes-256-gcm"},
        {"#tripledes-cbc", "des-ede3-cbc"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        if (strstr(uri, row[i].end)) return FORGE_MUST(EVP_get_cipherbyname(row[i].name));
    }
    return EVP_aes_128_gcm(); /* an unknown algorithm: the name is what counts */
}

static int is_gcm(const EVP_CIPHER *cipher)
{
    return EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE;
}

/* XML Encryption 5.2: filled up to whole blocks, the last byte says by how much. */
static sso_span_t padded(apr_pool_t *pool, const EVP_CIPHER *cipher, sso_span_t plain, int pad)
{
    apr_size_t block = (apr_size_t)EVP_CIPHER_get_block_size(cipher);
    apr_size_t fill = block - plain.n % block;
    unsigned char *p;

    if (is_gcm(cipher)) return plain;
    p = apr_pcalloc(pool, plain.n + fill);
    memcpy(p, plain.p, plain.n);
    p[plain.n + fill - 1] = (unsigned char)(pad ? pad : (int)fill);
    return sso_span_of(p, plain.n + fill);
}

/* The nth byte from one end or the other becomes another. */
static void flip(unsigned char *p, apr_size_t n, int which)
{
    if (which > 0 && (apr_size_t)which <= n) p[which - 1] ^= 0x40;
    if (which < 0 && (apr_size_t)-which <= n) p[n - (apr_size_t)-which] ^= 0x40;
}

/* IV, ciphertext, and the tag of GCM. */
static const char *ciphertext(apr_pool_t *pool, const forge_enc_t *enc, const unsigned char *key,
                              sso_span_t plain)
{
    const EVP_CIPHER *cipher = cipher_of(enc->cipher);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    sso_span_t in = padded(pool, cipher, plain, enc->pad);
    int iv = EVP_CIPHER_get_iv_length(cipher);
    unsigned char *out = apr_palloc(pool, in.n + 64);
    int n = 0;
    int last = 0;

    FORGE_MUST(RAND_bytes(out, iv));
    FORGE_MUST(EVP_EncryptInit_ex(ctx, cipher, NULL, key, out));
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    FORGE_MUST(EVP_EncryptUpdate(ctx, out + iv, &n, (const unsigned char *)in.p, (int)in.n));
    FORGE_MUST(EVP_EncryptFinal_ex(ctx, out + iv + n, &last));
    n += iv + last;
    if (is_gcm(cipher)) {
        FORGE_MUST(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + n));
        n += TAG_BYTES;
    }
    EVP_CIPHER_CTX_free(ctx);
    flip(out, (apr_size_t)n, enc->flip);
    return forge_base64(pool, out, (apr_size_t)n);
}

/* ---- the content key ---- */

static const EVP_MD *named_digest(const char *uri)
{
    const char *end = uri ? strrchr(uri, '#') : NULL;

    if (end && strstr(end, "sha256")) return EVP_sha256();
    if (end && strstr(end, "sha384")) return EVP_sha384();
    if (end && strstr(end, "sha512")) return EVP_sha512();
    return EVP_sha1();
}

static void set_oaep(EVP_PKEY_CTX *ctx, const forge_enc_t *enc)
{
    FORGE_MUST(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1);
    FORGE_MUST(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, named_digest(enc->oaep_digest)) == 1);
    FORGE_MUST(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, named_digest(enc->oaep_mgf)) == 1);
    if (enc->oaep_label) {
        char *label = OPENSSL_strdup(enc->oaep_label); /* becomes the context's */

        FORGE_MUST(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)strlen(label)) == 1);
    }
}

static const char *wrapped(apr_pool_t *pool, const forge_enc_t *enc, forge_key_t which,
                           const unsigned char *key, size_t key_bytes)
{
    EVP_PKEY_CTX *ctx = FORGE_MUST(EVP_PKEY_CTX_new(forge_key(which), NULL));
    size_t n = (size_t)EVP_PKEY_get_size(forge_key(which));
    unsigned char *out = apr_palloc(pool, n);

    FORGE_MUST(EVP_PKEY_encrypt_init(ctx) == 1);
    if (strstr(enc->transport, "1_5")) {
        FORGE_MUST(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1);
    } else {
        set_oaep(ctx, enc);
    }
    FORGE_MUST(EVP_PKEY_encrypt(ctx, out, &n, key, key_bytes) == 1);
    EVP_PKEY_CTX_free(ctx);
    flip(out, n, enc->flip_key);
    return forge_base64(pool, out, n);
}

static void encrypted_key(sso_buf_t *b, const forge_enc_t *enc, forge_key_t which,
                          const unsigned char *key, size_t key_bytes)
{
    sso_buf_format(b, "<xenc:EncryptedKey xmlns:xenc=\"%s\" xmlns:ds=\"%s\" Id=\"_ek%d\"",
                   FORGE_ENC, FORGE_DSIG, (int)b->n);
    if (enc->recipient) sso_buf_format(b, " Recipient=\"%s\"", enc->recipient);
    sso_buf_format(b, "><xenc:EncryptionMethod Algorithm=\"%s\">", enc->transport);
    if (enc->oaep_digest) {
        sso_buf_format(b, "<ds:DigestMethod Algorithm=\"%s\"/>", enc->oaep_digest);
    }
    if (enc->oaep_mgf) {
        sso_buf_format(b, "<xenc11:MGF xmlns:xenc11=\"%s\" Algorithm=\"%s\"/>", FORGE_ENC11,
                       enc->oaep_mgf);
    }
    if (enc->oaep_label) {
        sso_buf_format(b, "<xenc:OAEPparams>%s</xenc:OAEPparams>",
                       forge_base64(b->pool, enc->oaep_label, strlen(enc->oaep_label)));
    }
    sso_buf_format(b,
                   "</xenc:EncryptionMethod>%s<xenc:CipherData><xenc:CipherValue>%s"
                   "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>",
                   enc->key_info ? enc->key_info : "",
                   wrapped(b->pool, enc, which, key, key_bytes));
}

/* All the EncryptedKeys, the one that fits last. */
static const char *keys(apr_pool_t *pool, const forge_enc_t *enc, const unsigned char *key)
{
    sso_buf_t b = sso_buf_make(pool, 4096, 1024 * 1024);
    size_t right = (size_t)EVP_CIPHER_get_key_length(cipher_of(enc->cipher));
    size_t n = enc->key_bytes ? (size_t)enc->key_bytes : right;
    int i;

    for (i = 0; i < enc->decoys; i++) {
        encrypted_key(&b, enc, FORGE_FOREIGN, key, n);
    }
    encrypted_key(&b, enc, enc->key, key, n);
    return b.p;
}

/* ---- the whole ---- */

static void key_info(sso_buf_t *b, const forge_enc_t *enc, const char *encrypted_keys)
{
    if (enc->place == FORGE_BESIDE_BARE) return;
    sso_buf_format(b, "<ds:KeyInfo xmlns:ds=\"%s\">", FORGE_DSIG);
    if (enc->place == FORGE_INSIDE)
        sso_buf_text(b, encrypted_keys);
    else
        sso_buf_format(b, "<ds:RetrievalMethod Type=\"%sEncryptedKey\" URI=\"#_ek0\"/>", FORGE_ENC);
    sso_buf_text(b, "</ds:KeyInfo>");
}

static void encrypted_data(sso_buf_t *b, const forge_enc_t *enc, const char *encrypted_keys,
                           const char *value)
{
    sso_buf_format(b, "<xenc:EncryptedData xmlns:xenc=\"%s\"", FORGE_ENC);
    if (enc->type) sso_buf_format(b, " Type=\"%s\"", enc->type);
    sso_buf_format(b, ">%s<xenc:EncryptionMethod Algorithm=\"%s\"/>",
                   enc->data_head ? enc->data_head : "", enc->cipher);
    key_info(b, enc, encrypted_keys);
    if (enc->cipher_data)
        sso_buf_text(b, enc->cipher_data);
    else
        sso_buf_format(b,
                       "<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue>"
                       "</xenc:CipherData>",
                       value);
    sso_buf_format(b, "%s</xenc:EncryptedData>", enc->data_tail ? enc->data_tail : "");
}

const char *forge_encrypt(apr_pool_t *pool, sso_span_t plain, const char *wrapper,
                          const forge_enc_t *enc)
{
    sso_buf_t b = sso_buf_make(pool, 8192, 8 * 1024 * 1024);
    unsigned char key[64];
    const char *encrypted_keys;

    FORGE_MUST(RAND_bytes(key, sizeof(key)));
    encrypted_keys = keys(pool, enc, key);
    sso_buf_format(&b, "<%s xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">", wrapper);
    encrypted_data(&b, enc, encrypted_keys, ciphertext(pool, enc, key, plain));
    if (enc->place != FORGE_INSIDE) sso_buf_text(&b, encrypted_keys);
    sso_buf_format(&b, "%s</%s>", enc->tail ? enc->tail : "", wrapper);
    return b.p;
}

const char *forge_encrypt_element(apr_pool_t *pool, const char *xml, const char *id,
                                  const forge_enc_t *enc)
{
    sso_span_t plain = forge_element(xml, id);

    return forge_substitute(pool, xml, id,
                            forge_encrypt(pool, plain, "saml:EncryptedAssertion", enc));
}
