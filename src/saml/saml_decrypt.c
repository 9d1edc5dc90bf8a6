/*
 * saml_decrypt.c - unwrap the key, decrypt, parse; one way to fail.
 *
 * Who sends ciphertexts of his making and sees how they fail can decrypt what others sent (Manger,
 * Vaudenay, Jager and Somorovsky). So nothing between the first private-key operation and the parsed
 * plaintext has a fault or a text of its own, and a key that does not unwrap is replaced by a random
 * one and used all the same (R42).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_decrypt.h"

#include "base/buf.h"
#include "base/trace.h"
#include "crypto/random.h"
#include "saml/saml_c14n.h"
#include "saml/saml_envelope.h"
#include "saml/saml_names.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <strings.h>

#define TRIES_MAX 8  /* private-key operations for one message */
#define CEK_MAX   32 /* bytes of a content key */
#define GCM_IV    12
#define GCM_TAG   16
#define CBC_BLOCK 16
#define WRAPPER   "w" /* the element that declares the namespaces of the envelope */

static apr_status_t failed(sso_ctx_t *cx)
{
    sso_ctx_clear(cx);
    return sso_fail(cx, SSO_F_DECRYPT, "no key of ours decrypts it, or it was changed");
}

/* ---- the content key ---- */

static int set_oaep(EVP_PKEY_CTX *ctx, const sso_envelope_key_t *wrapped)
{
    OSSL_PARAM param[5];
    OSSL_PARAM *p = param;
    int padding = RSA_PKCS1_OAEP_PADDING;
    char *digest = (char *)(uintptr_t)wrapped->digest; /* OSSL_PARAM is for both directions */
    char *mgf = (char *)(uintptr_t)wrapped->mgf_digest;
    void *label = (void *)(uintptr_t)wrapped->label.p;

    *p++ = OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_PAD_MODE, &padding);
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, digest, 0);
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, mgf, 0);
    if (wrapped->label.n) {
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, label,
                                                 wrapped->label.n);
    }
    *p = OSSL_PARAM_construct_end();
    return EVP_PKEY_CTX_set_params(ctx, param) == 1;
}

/* Is the key, of exactly n bytes, in `cek` now? */
static int unwrap(EVP_PKEY *key, const sso_envelope_key_t *wrapped, unsigned char *cek, size_t n)
{
    unsigned char plain[1024]; /* RSA 8192 */
    size_t len = sizeof(plain);
    EVP_PKEY_CTX *ctx;
    int ok;

    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return 0;
    if ((size_t)EVP_PKEY_get_size(key) > sizeof(plain)) return 0;
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    ok = ctx && EVP_PKEY_decrypt_init(ctx) == 1 && set_oaep(ctx, wrapped)
         && EVP_PKEY_decrypt(ctx, plain, &len, (const unsigned char *)wrapped->value.p,
                             wrapped->value.n)
                == 1
         && len == n;
    if (ok) memcpy(cek, plain, n);
    OPENSSL_cleanse(plain, sizeof(plain));
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* Row 38: by the certificate, its fingerprint, or the name in it. */
static int is_hinted(const sso_key_pair_t *pair, const char *hint)
{
    const sso_cert_t *cert = pair->cert;

    if (!cert || !hint) return 0;
    return !strcmp(hint, cert->der_base64) || !strcasecmp(hint, cert->sha256)
           || !strcmp(hint, cert->subject);
}

/* All our keys, those that the envelope names before the others. */
static const sso_key_pair_t **in_order(apr_pool_t *pool, const apr_array_header_t *keys,
                                       const char *hint)
{
    const sso_key_pair_t **order = apr_palloc(pool, sizeof(*order) * (size_t)(keys->nelts + 1));
    int n = 0;
    int pass;
    int k;

    for (pass = 1; pass >= 0; pass--) {
        for (k = 0; k < keys->nelts; k++) {
            const sso_key_pair_t *pair = APR_ARRAY_IDX(keys, k, const sso_key_pair_t *);

            if (is_hinted(pair, hint) == pass) order[n++] = pair;
        }
    }
    order[n] = NULL;
    return order;
}

/* The content key, or a random one of the same length. */
static apr_status_t find_cek(sso_ctx_t *cx, const sso_envelope_t *envelope,
                             const apr_array_header_t *keys, unsigned char cek[CEK_MAX])
{
    size_t n = (size_t)envelope->cipher->key_bytes;
    apr_status_t rv = sso_random_bytes(cx, cek, CEK_MAX);
    int tries = 0;
    int i;

    for (i = 0; rv == APR_SUCCESS && i < envelope->keys; i++) {
        const sso_key_pair_t **pair = in_order(cx->pool, keys, envelope->key[i].hint);

        for (; *pair && tries < TRIES_MAX; pair++, tries++) {
            if (unwrap((*pair)->key, &envelope->key[i], cek, n)) return APR_SUCCESS;
        }
    }
    return rv;
}

/* ---- the content ---- */

/* Parts of the bytes: IV, ciphertext, tag. */
typedef struct {
    const unsigned char *iv, *text;
    int text_n;
    unsigned char tag[GCM_TAG];
} parts_t;

static int cut(const sso_envelope_t *envelope, parts_t *out)
{
    const unsigned char *p = (const unsigned char *)envelope->value.p;
    apr_size_t n = envelope->value.n;
    apr_size_t iv = envelope->cipher->gcm ? GCM_IV : CBC_BLOCK;
    apr_size_t tag = envelope->cipher->gcm ? GCM_TAG : 0;

    if (n > INT_MAX || n <= iv + tag) return 0;
    if (!envelope->cipher->gcm && n % CBC_BLOCK != 0) return 0;
    out->iv = p;
    out->text = p + iv;
    out->text_n = (int)(n - iv - tag);
    memcpy(out->tag, p + n - tag, tag);
    return 1;
}

/* Decrypt; CBC with its padding still there. How many bytes; 0: it failed. */
static int decipher(const sso_envelope_t *envelope, const unsigned char *cek, parts_t *parts,
                    unsigned char *plain)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, envelope->cipher->name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    int last = 0;
    int ok = cipher && ctx && EVP_DecryptInit_ex2(ctx, cipher, cek, parts->iv, NULL) == 1
             && EVP_CIPHER_CTX_set_padding(ctx, 0) == 1
             && EVP_DecryptUpdate(ctx, plain, &n, parts->text, parts->text_n) == 1
             && (!envelope->cipher->gcm
                 || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, parts->tag) == 1)
             && EVP_DecryptFinal_ex(ctx, plain + n, &last) == 1;

    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return ok ? n + last : 0;
}

/* XML Encryption 5.2.2: the last byte says how many are padding; what the others are is free. */
static int without_padding(const unsigned char *plain, int n)
{
    int pad = n > 0 ? plain[n - 1] : 0;

    return pad >= 1 && pad <= CBC_BLOCK && pad <= n ? n - pad : 0;
}

/* The plaintext; empty when anything was wrong, so that what follows fails in its own time. */
static apr_status_t open_envelope(sso_ctx_t *cx, const sso_envelope_t *envelope,
                                  const apr_array_header_t *keys, sso_span_t *out)
{
    unsigned char cek[CEK_MAX];
    unsigned char *plain;
    parts_t parts;
    int n;
    apr_status_t rv = find_cek(cx, envelope, keys, cek);

    if (rv != APR_SUCCESS) return rv;
    *out = sso_span("");
    if (cut(envelope, &parts)) {
        plain = apr_palloc(cx->pool, (apr_size_t)parts.text_n + CBC_BLOCK);
        n = decipher(envelope, cek, &parts, plain);
        if (!envelope->cipher->gcm) n = without_padding(plain, n);
        *out = sso_span_of(plain, (apr_size_t)n);
    }
    OPENSSL_cleanse(cek, sizeof(cek));
    return APR_SUCCESS;
}

/* ---- the element ---- */

/* Is the prefix among these declarations? */
static int is_declared(const apr_array_header_t *seen, const xmlNs *wanted)
{
    int i;

    for (i = 0; i < seen->nelts; i++) {
        if (xmlStrEqual(APR_ARRAY_IDX(seen, i, const xmlNs *)->prefix, wanted->prefix)) return 1;
    }
    return 0;
}

/* Namespaces in scope of the envelope as attributes: the plaintext may count on them. The nearest
 * are as many as fit into one tag; messages have three. */
static void put_scope(sso_ctx_t *cx, sso_buf_t *b, const xmlNode *node)
{
    apr_array_header_t *seen = apr_array_make(cx->pool, SSO_XML_NS_TAG, sizeof(const xmlNs *));
    const xmlNs *ns;

    for (; node && node->type == XML_ELEMENT_NODE; node = node->parent) {
        for (ns = node->nsDef; ns && seen->nelts < SSO_XML_NS_TAG; ns = ns->next) {
            if (is_declared(seen, ns)) continue;
            APR_ARRAY_PUSH(seen, const xmlNs *) = ns;
            sso_buf_text(b, ns->prefix ? " xmlns:" : " xmlns");
            if (ns->prefix) sso_buf_text(b, (const char *)ns->prefix);
            sso_buf_text(b, "=\"");
            if (ns->href) sso_buf_escaped(b, (const char *)ns->href);
            sso_buf_char(b, '"');
        }
    }
}

/* The plaintext as the only child of an element that declares what was in scope around it. */
static apr_status_t parse_in_scope(sso_ctx_t *cx, sso_span_t plain, const xmlNode *encrypted,
                                   const sso_xml_limits_t *limits, xmlDoc **out)
{
    sso_xml_limits_t wider = {.elements = limits->elements + 1 + SSO_XML_NS_TAG};
    sso_buf_t b = sso_buf_make(cx->pool, plain.n + 1024, 2 * limits->bytes + 1024);

    sso_buf_text(&b, "<" WRAPPER);
    put_scope(cx, &b, encrypted);
    sso_buf_char(&b, '>');
    sso_buf_add(&b, plain.p, plain.n);
    sso_buf_text(&b, "</" WRAPPER ">");
    wider.bytes = b.n;
    if (b.full || plain.n > limits->bytes) {
        return sso_fail(cx, SSO_F_XML_SIZE, "the plaintext is too long");
    }
    return sso_xml_parse(cx, sso_buf_span(&b), &wider, out);
}

/* The element that was encrypted, in a document of its own. Its inclusive canonical form keeps all
 * namespaces in scope, so that a signature in it verifies as it would have in the envelope. */
static apr_status_t parse_plain(sso_ctx_t *cx, sso_span_t plain, const xmlNode *encrypted,
                                const sso_xml_limits_t *limits, xmlDoc **out)
{
    static const sso_c14n_t all = {.inclusive = 1};
    const sso_xml_limits_t strict = {.bytes = limits->bytes, .elements = limits->elements};
    const xmlNode *wrapper;
    const xmlNode *child;
    sso_span_t octets;
    xmlDoc *doc;
    apr_status_t rv = parse_in_scope(cx, plain, encrypted, limits, &doc);

    if (rv != APR_SUCCESS) return rv;
    wrapper = xmlDocGetRootElement(doc);
    child = wrapper->children;
    if (!child || child->type != XML_ELEMENT_NODE || child->next) {
        return sso_fail(cx, SSO_F_XML_SYNTAX, "the plaintext is not one element");
    }
    rv = sso_c14n(cx, child, NULL, &all, limits->bytes, &octets);
    return rv == APR_SUCCESS ? sso_xml_parse(cx, octets, &strict, out) : rv;
}

apr_status_t sso_saml_decrypt(sso_ctx_t *cx, xmlNode *encrypted, const sso_saml_unlock_t *unlock,
                              const sso_xml_limits_t *limits, xmlDoc **out)
{
    sso_envelope_t envelope;
    sso_span_t plain;
    apr_status_t rv = sso_envelope_read(cx, encrypted, unlock->entity_id, &envelope);

    if (rv != APR_SUCCESS) return rv;
    sso_trace_see(cx, "Encryption", unlock->allow_cbc ? "AES-GCM or AES-CBC" : "AES-GCM",
                  envelope.cipher->name);
    if (!envelope.cipher->gcm && !unlock->allow_cbc) { /* R40 */
        return sso_fail(cx, SSO_F_ENC_POLICY, "%s is accepted only in a signed Response",
                        envelope.cipher->name);
    }
    ERR_set_mark();
    rv = open_envelope(cx, &envelope, unlock->keys, &plain);
    ERR_pop_to_mark();
    if (rv != APR_SUCCESS) return rv;
    return parse_plain(cx, plain, encrypted, limits, out) == APR_SUCCESS ? APR_SUCCESS : failed(cx);
}
