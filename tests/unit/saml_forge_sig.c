/*
 * saml_forge_sig.c - XML signatures by hand: a template as text, libxml2's canonical form, OpenSSL.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "saml_forge.h"
#include "saml_forge_die.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define ISSUER       "<saml:Issuer"
#define ISSUER_END   "</saml:Issuer>"
#define TO_BE_SIGNED "@SIGNATURE@" /* SignatureValue until there is one */

forge_sig_t forge_sig(void)
{
    return (forge_sig_t){
        .key = FORGE_IDP,
        .references = 1,
        .algorithm = FORGE_RSA_SHA256,
        .digest = FORGE_SHA256,
        .c14n = FORGE_EXCLUSIVE,
        .content_c14n = FORGE_EXCLUSIVE,
    };
}

/* ---- canonical forms ---- */

/* Is the node inside (or the same as) the element? Attributes and namespaces belong to `parent`. */
static int is_inside(void *element, xmlNode *node, xmlNode *parent)
{
    xmlNode *n = node->type == XML_ELEMENT_NODE ? node : parent;

    while (n && n != element) {
        n = n->parent;
    }
    return n != NULL;
}

static xmlChar **words(apr_pool_t *pool, const char *list)
{
    xmlChar **word = apr_pcalloc(pool, 64 * sizeof(*word));
    char *copy = apr_pstrdup(pool, list ? list : "");
    char *last;
    char *w;
    int n = 0;

    for (w = apr_strtok(copy, " ", &last); w && n < 63; w = apr_strtok(NULL, " ", &last)) {
        word[n++] = (xmlChar *)w;
    }
    return word;
}

static sso_span_t canonical(apr_pool_t *pool, xmlNode *element, const char *c14n,
                            const char *prefixes)
{
    xmlOutputBuffer *out = FORGE_MUST(xmlAllocOutputBuffer(NULL));
    int exclusive = strncmp(c14n, FORGE_EXCLUSIVE, strlen(FORGE_EXCLUSIVE)) == 0;
    int comments = strstr(c14n, "WithComments") != NULL;
    int n = xmlC14NExecute(element->doc, is_inside, element,
                           exclusive ? XML_C14N_EXCLUSIVE_1_0 : XML_C14N_1_0,
                           exclusive && prefixes ? words(pool, prefixes) : NULL, comments, out);
    sso_span_t octets;

    if (n < 0) forge_die("no canonical form", (const char *)element->name);
    octets.n = xmlOutputBufferGetSize(out);
    octets.p = apr_pstrmemdup(pool, (const char *)xmlOutputBufferGetContent(out), octets.n);
    (void)xmlOutputBufferClose(out);
    return octets;
}

static xmlDoc *parse(const char *xml)
{
    xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

    if (!doc) forge_die("cannot parse", xml);
    return doc;
}

static xmlNode *next_node(xmlNode *n)
{
    if (n->children) return n->children;
    while (n && !n->next) {
        n = n->parent;
    }
    return n ? n->next : NULL;
}

/* The element with this attribute ID; NULL: the root. */
static xmlNode *by_id(xmlDoc *doc, const char *id)
{
    xmlNode *n = xmlDocGetRootElement(doc);

    for (; n && id; n = next_node(n)) {
        const xmlAttr *a;

        if (n->type != XML_ELEMENT_NODE) continue;
        for (a = n->properties; a; a = a->next) {
            if (!a->ns && xmlStrEqual(a->name, BAD_CAST "ID") && a->children
                && xmlStrEqual(a->children->content, BAD_CAST id)) {
                return n;
            }
        }
    }
    return n ? n : (forge_die("nothing with ID", id), NULL);
}

static const char *id_of(apr_pool_t *pool, const char *xml, const char *id)
{
    xmlDoc *doc = parse(xml);
    xmlChar *value = xmlGetNoNsProp(by_id(doc, id), BAD_CAST "ID");
    const char *copy = apr_pstrdup(pool, value ? (const char *)value : "");

    xmlFree(value);
    xmlFreeDoc(doc);
    return copy;
}

/* ---- digests and signatures ---- */

/* The digest that the end of an algorithm's URI names: ...#rsa-sha256, ...#sha256-rsa-MGF1. */
static const EVP_MD *digest_of(const char *uri)
{
    static const char *const name[] = {"sha1", "sha224", "sha256", "sha384", "sha512", "md5"};
    const char *end = strrchr(uri, '#');
    apr_size_t i;

    for (i = 0; end && i < sizeof(name) / sizeof(name[0]); i++) {
        if (strstr(end, name[i])) return FORGE_MUST(EVP_get_digestbyname(name[i]));
    }
    return EVP_sha256(); /* an unknown algorithm: the name is what counts */
}

static const char *digest_text(apr_pool_t *pool, const forge_sig_t *sig, const char *xml)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    xmlDoc *doc;
    sso_span_t octets;

    if (sig->digest_value) return sig->digest_value;
    doc = parse(xml);
    octets = canonical(pool, by_id(doc, sig->id), sig->content_c14n, sig->prefixes);
    FORGE_MUST(EVP_Digest(octets.p, octets.n, md, &n, digest_of(sig->digest), NULL));
    xmlFreeDoc(doc);
    return forge_base64(pool, md, n);
}

/* DER to r||s. */
static sso_span_t raw_ecdsa(apr_pool_t *pool, EVP_PKEY *key, const unsigned char *der, size_t n)
{
    ECDSA_SIG *sig = FORGE_MUST(d2i_ECDSA_SIG(NULL, &der, (long)n));
    int half = (EVP_PKEY_get_bits(key) + 7) / 8;
    unsigned char *raw = apr_palloc(pool, (apr_size_t)half * 2);

    FORGE_MUST(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, half));
    FORGE_MUST(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + half, half));
    ECDSA_SIG_free(sig);
    return sso_span_of(raw, (apr_size_t)half * 2);
}

/* The attack on verifiers that let the message choose: the public key is the secret. */
static sso_span_t hmac(apr_pool_t *pool, EVP_PKEY *key, const EVP_MD *md, sso_span_t text)
{
    unsigned char *mac = apr_palloc(pool, EVP_MAX_MD_SIZE);
    unsigned char *der = NULL;
    unsigned int n = 0;
    int len = i2d_PUBKEY(key, &der);

    FORGE_MUST(HMAC(md, der, len, (const unsigned char *)text.p, text.n, mac, &n));
    OPENSSL_free(der);
    return sso_span_of(mac, n);
}

sso_span_t forge_sign_text(apr_pool_t *pool, forge_key_t which, const char *algorithm,
                           sso_span_t text)
{
    EVP_PKEY *key = forge_key(which);
    size_t n = (size_t)EVP_PKEY_get_size(key);
    unsigned char *made = apr_palloc(pool, n);
    EVP_PKEY_CTX *params;
    EVP_MD_CTX *ctx;

    if (strstr(algorithm, "#hmac")) return hmac(pool, key, digest_of(algorithm), text);
    ctx = EVP_MD_CTX_new();
    FORGE_MUST(EVP_DigestSignInit(ctx, &params, digest_of(algorithm), NULL, key));
    if (strstr(algorithm, "MGF1")) {
        FORGE_MUST(EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_PSS_PADDING) == 1);
        FORGE_MUST(EVP_PKEY_CTX_set_rsa_pss_saltlen(params, RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    FORGE_MUST(EVP_DigestSign(ctx, made, &n, (const unsigned char *)text.p, text.n));
    EVP_MD_CTX_free(ctx);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) return raw_ecdsa(pool, key, made, n);
    return sso_span_of(made, n);
}

/* ---- the template ---- */

static void transform(sso_buf_t *b, const char *name, const char *uri, const char *prefixes)
{
    sso_buf_format(b, "<ds:%s Algorithm=\"%s\">", name, uri);
    if (prefixes) {
        sso_buf_format(b, "<ec:InclusiveNamespaces xmlns:ec=\"%s\" PrefixList=\"%s\"/>",
                       FORGE_EXCLUSIVE, prefixes);
    }
    sso_buf_format(b, "</ds:%s>", name);
}

static void reference(sso_buf_t *b, const forge_sig_t *sig, const char *id, const char *digest)
{
    const char *space = sig->space ? sig->space : "";

    sso_buf_text(b, "<ds:Reference");
    if (!sig->uri)
        sso_buf_format(b, " URI=\"#%s\"", id);
    else if (strcmp(sig->uri, FORGE_NONE) != 0)
        sso_buf_format(b, " URI=\"%s\"", sig->uri);
    if (sig->more_of_reference) sso_buf_text(b, sig->more_of_reference);
    sso_buf_format(b, ">%s<ds:Transforms>%s", space, space);
    if (sig->transforms) {
        sso_buf_text(b, sig->transforms);
    } else {
        transform(b, "Transform", FORGE_ENVELOPED, NULL);
        sso_buf_text(b, space);
        transform(b, "Transform", sig->content_c14n, sig->prefixes);
    }
    sso_buf_format(b,
                   "%s</ds:Transforms>%s<ds:DigestMethod Algorithm=\"%s\"/>%s<ds:DigestValue>%s"
                   "</ds:DigestValue>%s</ds:Reference>%s",
                   space, space, sig->digest, space, digest, space, space);
}

static void signed_info(sso_buf_t *b, const forge_sig_t *sig, const char *id, const char *digest)
{
    const char *space = sig->space ? sig->space : "";
    int i;

    sso_buf_format(b, "<ds:SignedInfo>%s", space);
    transform(b, "CanonicalizationMethod", sig->c14n, sig->c14n_prefixes);
    sso_buf_format(b, "%s<ds:SignatureMethod Algorithm=\"%s\">%s</ds:SignatureMethod>%s", space,
                   sig->algorithm, sig->method_content ? sig->method_content : "", space);
    for (i = 0; i < sig->references; i++) {
        reference(b, sig, id, digest);
    }
    if (sig->signed_info_tail) sso_buf_text(b, sig->signed_info_tail);
    sso_buf_text(b, "</ds:SignedInfo>");
}

static const char *template_of(apr_pool_t *pool, const forge_sig_t *sig, const char *id,
                               const char *digest)
{
    sso_buf_t b = sso_buf_make(pool, 2048, 1024 * 1024);
    const char *space = sig->space ? sig->space : "";

    sso_buf_format(&b, "<ds:Signature xmlns:ds=\"%s\"%s>%s", FORGE_DSIG,
                   sig->more_of_signature ? sig->more_of_signature : "", space);
    signed_info(&b, sig, id, digest);
    sso_buf_format(&b, "%s<ds:SignatureValue>%s</ds:SignatureValue>%s", space, TO_BE_SIGNED, space);
    if (sig->key_info) sso_buf_format(&b, "%s%s", sig->key_info, space);
    if (sig->signature_tail) sso_buf_format(&b, "%s%s", sig->signature_tail, space);
    sso_buf_text(&b, "</ds:Signature>");
    return b.p;
}

/* ---- putting it in ---- */

/* Behind the start tag at p; a '>' between quotes does not end it. */
static const char *inside_of(const char *p)
{
    char quote = 0;

    for (; *p && (quote || *p != '>'); p++) {
        if (quote && *p == quote)
            quote = 0;
        else if (!quote && (*p == '"' || *p == '\''))
            quote = *p;
    }
    return p + 1;
}

/* Where in the text the Signature goes. */
static const char *place_in(const char *xml, const forge_sig_t *sig, const char *id)
{
    sso_span_t element = forge_element(xml, id);
    const char *inside = inside_of(element.p);
    const char *end = element.p + element.n - 1;

    if (sig->place == FORGE_LAST) {
        while (*end != '<') {
            end--;
        }
        return end;
    }
    if (sig->place == FORGE_AFTER_ISSUER && strncmp(inside, ISSUER, strlen(ISSUER)) == 0) {
        return strstr(inside, ISSUER_END) + strlen(ISSUER_END);
    }
    return inside;
}

/* The SignedInfo of the Signature that waits for its value. */
static xmlNode *waiting(xmlDoc *doc)
{
    xmlNode *n = xmlDocGetRootElement(doc);

    for (; n; n = next_node(n)) {
        if (n->type == XML_TEXT_NODE && xmlStrEqual(n->content, BAD_CAST TO_BE_SIGNED)) break;
    }
    if (!n) forge_die("no template", "");
    for (n = n->parent; !xmlStrEqual(n->name, BAD_CAST "SignedInfo");) {
        n = n->prev;
    }
    return n;
}

static const char *value_of(apr_pool_t *pool, const char *xml, const forge_sig_t *sig)
{
    xmlDoc *doc;
    sso_span_t octets, value;

    if (sig->signature_value) return sig->signature_value;
    doc = parse(xml);
    octets = canonical(pool, waiting(doc), sig->c14n, sig->c14n_prefixes);
    value = forge_sign_text(pool, sig->key, sig->algorithm, octets);
    xmlFreeDoc(doc);
    return forge_base64(pool, value.p, value.n);
}

const char *forge_sign(apr_pool_t *pool, const char *xml, const forge_sig_t *sig)
{
    const char *id = id_of(pool, xml, sig->id);
    const char *digest = digest_text(pool, sig, xml);
    const char *at = place_in(xml, sig, sig->into ? sig->into : id);
    const char *whole = apr_pstrcat(pool, apr_pstrmemdup(pool, xml, (apr_size_t)(at - xml)),
                                    template_of(pool, sig, id, digest), at, NULL);

    return forge_replace(pool, whole, TO_BE_SIGNED, value_of(pool, whole, sig));
}
