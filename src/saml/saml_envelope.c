/*
 * saml_envelope.c - a walk that expects each element at its place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_envelope.h"

#include "base/codec.h"
#include "saml/saml_names.h"

#include <apr_lib.h>

#define NS_ENC11  "http://www.w3.org/2009/xmlenc11#"
#define NS_MORE   "http://www.w3.org/2001/04/xmldsig-more#"
#define SPACES    " \t\r\n"
#define QUOTE_MAX 100 /* bytes of foreign text in a message for the log */

/* XML Encryption 1.1, section 5.2; without Triple DES. */
static const sso_envelope_cipher_t ciphers[] = {
    {NS_ENC11 "aes128-gcm", "AES-128-GCM", 16, 1},
    {NS_ENC11 "aes192-gcm", "AES-192-GCM", 24, 1},
    {NS_ENC11 "aes256-gcm", "AES-256-GCM", 32, 1},
    {SAML_NS_ENC "aes128-cbc", "AES-128-CBC", 16, 0},
    {SAML_NS_ENC "aes192-cbc", "AES-192-CBC", 24, 0},
    {SAML_NS_ENC "aes256-cbc", "AES-256-CBC", 32, 0},
};

/* XML Encryption 1.1, section 5.5.2; RSA 1.5 is not here (R41). */
static const struct {
    const char *uri;
    int has_mgf; /* MGF may be chosen; else it is MGF1 with SHA-1 */
} transports[] = {
    {SAML_NS_ENC "rsa-oaep-mgf1p", 0},
    {NS_ENC11 "rsa-oaep", 1},
};

typedef struct {
    const char *uri;
    const char *digest; /* OpenSSL's name */
} digest_row_t;

/* The digest of the label; SHA-1 is not weak there, and the default. */
static const digest_row_t digests[] = {
    {SAML_NS_DSIG "sha1", "SHA1"},
    {SAML_NS_ENC "sha256", "SHA256"},
    {NS_MORE "sha384", "SHA384"},
    {SAML_NS_ENC "sha512", "SHA512"},
    {NULL, NULL},
};

static const digest_row_t mgfs[] = {
    {NS_ENC11 "mgf1sha1", "SHA1"},
    {NS_ENC11 "mgf1sha256", "SHA256"},
    {NS_ENC11 "mgf1sha384", "SHA384"},
    {NS_ENC11 "mgf1sha512", "SHA512"},
    {NULL, NULL},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static apr_status_t refuse(sso_ctx_t *cx, const xmlNode *node, const char *what)
{
    return sso_fail(cx, SSO_F_ENC_PROFILE, "%s: %s", node->name, what);
}

static apr_status_t refuse_algorithm(sso_ctx_t *cx, const xmlNode *node, const char *uri)
{
    return sso_fail(cx, SSO_F_ENC_PROFILE, "the algorithm '%s' of %s is not supported",
                    sso_log_quote(cx->pool, uri, strlen(uri), QUOTE_MAX), node->name);
}

/* ---- steps of the walk ---- */

/* Nothing but elements and white space between them. */
static apr_status_t enter(sso_ctx_t *cx, const xmlNode *parent, const xmlNode **at)
{
    const xmlNode *child;

    for (child = parent->children; child; child = child->next) {
        const char *text = (const char *)child->content;

        if (child->type == XML_ELEMENT_NODE) continue;
        if (child->type != XML_TEXT_NODE || (text && text[strspn(text, SPACES)])) {
            return refuse(cx, parent, "text or comments where elements belong");
        }
    }
    *at = sso_xml_first(parent);
    return APR_SUCCESS;
}

/* The element at hand, if it is this one; then the next is at hand. */
static const xmlNode *take(const xmlNode **at, const char *ns, const char *local)
{
    const xmlNode *node = *at;

    if (!node || !sso_xml_is(node, ns, local)) return NULL;
    *at = sso_xml_following(node);
    return node;
}

static apr_status_t read_base64(sso_ctx_t *cx, const xmlNode *node, sso_span_t *out)
{
    const char *text;
    apr_status_t rv;

    if (sso_xml_first(node)) return refuse(cx, node, "elements where Base64 belongs");
    rv = sso_xml_text(cx, node, 0, &text);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_b64_decode(cx->pool, sso_span(text), SSO_B64_STD | SSO_B64_NEWLINE | SSO_B64_SPACE,
                        out, NULL);
    return rv == APR_SUCCESS ? rv : refuse(cx, node, "is not Base64");
}

/* CipherData holds the bytes; a CipherReference would have to be fetched (R18). */
static apr_status_t read_cipher_data(sso_ctx_t *cx, const xmlNode *node, sso_span_t *out)
{
    const xmlNode *at;
    const xmlNode *value;
    apr_status_t rv = enter(cx, node, &at);

    if (rv != APR_SUCCESS) return rv;
    value = take(&at, SAML_NS_ENC, "CipherValue");
    if (!value || at) return refuse(cx, node, "not exactly one CipherValue");
    return read_base64(cx, value, out);
}

static const char *algorithm_of(sso_ctx_t *cx, const xmlNode *node)
{
    const char *uri = sso_xml_attr(cx, node, "Algorithm");

    return uri ? uri : "";
}

/* The digest that a DigestMethod or MGF names; the preset when there is none. */
static apr_status_t read_digest(sso_ctx_t *cx, const xmlNode *node, const digest_row_t *row,
                                const char **out)
{
    const char *uri;

    if (!node) return APR_SUCCESS;
    for (uri = algorithm_of(cx, node); row->uri; row++) {
        if (strcmp(uri, row->uri) != 0) continue;
        *out = row->digest;
        return APR_SUCCESS;
    }
    return refuse_algorithm(cx, node, uri);
}

/* ---- an EncryptedKey ---- */

/* OAEPparams, DigestMethod and MGF: each once, in any order, as senders differ. */
static apr_status_t read_oaep(sso_ctx_t *cx, const xmlNode *method, int has_mgf,
                              sso_envelope_key_t *out)
{
    const xmlNode *at;
    const xmlNode *label = NULL;
    const xmlNode *digest = NULL;
    const xmlNode *mgf = NULL;
    apr_status_t rv = enter(cx, method, &at);

    while (rv == APR_SUCCESS && at) {
        if (!label && (label = take(&at, SAML_NS_ENC, "OAEPparams"))) continue;
        if (!digest && (digest = take(&at, SAML_NS_DSIG, "DigestMethod"))) continue;
        if (!mgf && has_mgf && (mgf = take(&at, NS_ENC11, "MGF"))) continue;
        rv = refuse(cx, method, "holds something that does not belong there");
    }
    if (rv == APR_SUCCESS && label) rv = read_base64(cx, label, &out->label);
    if (rv == APR_SUCCESS) rv = read_digest(cx, digest, digests, &out->digest);
    if (rv == APR_SUCCESS) rv = read_digest(cx, mgf, mgfs, &out->mgf_digest);
    return rv;
}

static apr_status_t read_transport(sso_ctx_t *cx, const xmlNode *method, sso_envelope_key_t *out)
{
    const char *uri = algorithm_of(cx, method);
    apr_size_t i;

    for (i = 0; i < COUNT(transports); i++) {
        if (strcmp(uri, transports[i].uri) == 0) {
            return read_oaep(cx, method, transports[i].has_mgf, out);
        }
    }
    return refuse_algorithm(cx, method, uri);
}

static const char *without_space(apr_pool_t *pool, const char *text)
{
    char *out = apr_palloc(pool, strlen(text) + 1);
    char *o = out;

    for (; *text; text++) {
        if (!apr_isspace(*text)) *o++ = *text;
    }
    *o = '\0';
    return out;
}

/* R24: which of our keys is tried first, and no more than that; what cannot be read says nothing. */
static const char *read_hint(sso_ctx_t *cx, const xmlNode *info)
{
    const xmlNode *name = sso_xml_child(info, SAML_NS_DSIG, "KeyName");
    const xmlNode *data = sso_xml_child(info, SAML_NS_DSIG, "X509Data");
    const char *text = NULL;

    if (!name && data) name = sso_xml_child(data, SAML_NS_DSIG, "X509Certificate");
    if (!name) return NULL;
    if (sso_xml_text(cx, name, 1, &text) != APR_SUCCESS) {
        sso_ctx_clear(cx);
        return NULL;
    }
    return without_space(cx->pool, text);
}

static apr_status_t read_key(sso_ctx_t *cx, const xmlNode *node, sso_envelope_key_t *out)
{
    sso_envelope_key_t key = {.digest = "SHA1", .mgf_digest = "SHA1"};
    const xmlNode *at;
    const xmlNode *method;
    const xmlNode *info;
    const xmlNode *data;
    apr_status_t rv = enter(cx, node, &at);

    if (rv != APR_SUCCESS) return rv;
    method = take(&at, SAML_NS_ENC, "EncryptionMethod");
    info = take(&at, SAML_NS_DSIG, "KeyInfo");
    data = take(&at, SAML_NS_ENC, "CipherData");
    (void)take(&at, SAML_NS_ENC, "ReferenceList");
    (void)take(&at, SAML_NS_ENC, "CarriedKeyName");
    if (!method || !data || at) return refuse(cx, node, "not the elements that belong there");
    rv = read_transport(cx, method, &key);
    if (rv == APR_SUCCESS) rv = read_cipher_data(cx, data, &key.value);
    if (rv != APR_SUCCESS) return rv;
    if (info) key.hint = read_hint(cx, info);
    *out = key;
    return APR_SUCCESS;
}

/* What is being read: the envelope, and how many EncryptedKeys there were, ours or not. */
typedef struct {
    const char *recipient;
    int seen;
    sso_envelope_t *envelope;
} reading_t;

/* R45: not too many, and only those that are for us or for nobody in particular. */
static apr_status_t add_key(sso_ctx_t *cx, const xmlNode *node, reading_t *r)
{
    const char *recipient = sso_xml_attr(cx, node, "Recipient");
    apr_status_t rv;

    if (++r->seen > SSO_ENVELOPE_KEYS) return refuse(cx, node, "there are too many");
    if (recipient && strcmp(recipient, r->recipient) != 0) return APR_SUCCESS;
    rv = read_key(cx, node, &r->envelope->key[r->envelope->keys]);
    if (rv == APR_SUCCESS) r->envelope->keys++;
    return rv;
}

/* ---- the EncryptedData ---- */

/* KeyInfo: the keys in it. What else dsig knows (a RetrievalMethod, a name) is not followed. */
static apr_status_t read_key_info(sso_ctx_t *cx, const xmlNode *node, reading_t *r)
{
    const xmlNode *at;
    const xmlNode *key;
    apr_status_t rv = enter(cx, node, &at);

    while (rv == APR_SUCCESS && at) {
        if ((key = take(&at, SAML_NS_ENC, "EncryptedKey"))) {
            rv = add_key(cx, key, r);
        } else if (at->ns && xmlStrEqual(at->ns->href, BAD_CAST SAML_NS_DSIG)) {
            at = sso_xml_following(at);
        } else {
            rv = refuse(cx, node, "holds something that does not belong there");
        }
    }
    return rv;
}

static apr_status_t read_cipher(sso_ctx_t *cx, const xmlNode *method, sso_envelope_t *out)
{
    const char *uri = algorithm_of(cx, method);
    apr_size_t i;

    if (sso_xml_first(method)) return refuse(cx, method, "is not empty");
    for (i = 0; i < COUNT(ciphers); i++) {
        if (strcmp(uri, ciphers[i].uri) != 0) continue;
        out->cipher = &ciphers[i];
        return APR_SUCCESS;
    }
    return refuse_algorithm(cx, method, uri);
}

static apr_status_t read_data(sso_ctx_t *cx, const xmlNode *node, reading_t *r)
{
    const char *type = sso_xml_attr(cx, node, "Type");
    const xmlNode *at;
    const xmlNode *method;
    const xmlNode *info;
    const xmlNode *data;
    apr_status_t rv = enter(cx, node, &at);

    if (rv != APR_SUCCESS) return rv;
    if (type && strcmp(type, SAML_NS_ENC "Element") != 0) {
        return refuse(cx, node, "it is not an element that is encrypted");
    }
    method = take(&at, SAML_NS_ENC, "EncryptionMethod");
    info = take(&at, SAML_NS_DSIG, "KeyInfo");
    data = take(&at, SAML_NS_ENC, "CipherData");
    if (!method || !data || at) return refuse(cx, node, "not the elements that belong there");
    rv = read_cipher(cx, method, r->envelope);
    if (rv == APR_SUCCESS && info) rv = read_key_info(cx, info, r);
    if (rv == APR_SUCCESS) rv = read_cipher_data(cx, data, &r->envelope->value);
    return rv;
}

apr_status_t sso_envelope_read(sso_ctx_t *cx, const xmlNode *encrypted, const char *recipient,
                               sso_envelope_t *out)
{
    sso_envelope_t envelope = {.keys = 0};
    reading_t r = {.recipient = recipient, .envelope = &envelope};
    const xmlNode *at;
    const xmlNode *node;
    apr_status_t rv = enter(cx, encrypted, &at);

    if (rv != APR_SUCCESS) return rv;
    node = take(&at, SAML_NS_ENC, "EncryptedData"); /* R45: one */
    if (!node) return refuse(cx, encrypted, "no EncryptedData");
    rv = read_data(cx, node, &r);
    while (rv == APR_SUCCESS && (node = take(&at, SAML_NS_ENC, "EncryptedKey"))) {
        rv = add_key(cx, node, &r);
    }
    if (rv == APR_SUCCESS && at) rv = refuse(cx, encrypted, "holds something else");
    if (rv == APR_SUCCESS && envelope.keys == 0) rv = refuse(cx, encrypted, "no key for us");
    if (rv == APR_SUCCESS) *out = envelope;
    return rv;
}
