/*
 * saml_profile.c - a reader that knows one sentence and refuses every other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_profile.h"

#include "base/codec.h"
#include "saml/saml_names.h"

#include <apr_lib.h>

#define SPACES    " \t\r\n"
#define QUOTE_MAX 100 /* bytes of foreign text in a message for the log */

/* RFC 9231, section 2.1, and XML Encryption for SHA-256 and SHA-512. */
static const struct {
    const char *uri;
    const char *digest; /* OpenSSL's name */
    apr_size_t bytes;
    int weak;
} digests[] = {
    {"http://www.w3.org/2001/04/xmlenc#sha256", "SHA256", 32, 0},
    {"http://www.w3.org/2001/04/xmldsig-more#sha384", "SHA384", 48, 0},
    {"http://www.w3.org/2001/04/xmlenc#sha512", "SHA512", 64, 0},
    {"http://www.w3.org/2000/09/xmldsig#sha1", "SHA1", 20, 1},
};

#define DIGESTS (sizeof(digests) / sizeof(digests[0]))

static apr_status_t refuse(sso_ctx_t *cx, const xmlNode *node, const char *what)
{
    return sso_fail(cx, SSO_F_SIG_PROFILE, "the signature's %s: %s", node->name, what);
}

static apr_status_t refuse_algorithm(sso_ctx_t *cx, const xmlNode *node, const char *uri)
{
    return sso_fail(cx, SSO_F_SIG_ALGORITHM, "the signature's %s '%s' is not allowed", node->name,
                    sso_log_quote(cx->pool, uri, strlen(uri), QUOTE_MAX));
}

static int is_blank(const xmlNode *text)
{
    const char *z = (const char *)text->content;

    return text->type == XML_TEXT_NODE && (!z || z[strspn(z, SPACES)] == '\0');
}

/**
 * The child elements of a node: exactly those named, in that order, and nothing else but white
 * space between them.
 *
 * @param n    how many names; the first `must` of them have to be there.
 * @param node the children, NULL for those that may be and are missing.
 */
static apr_status_t read_children(sso_ctx_t *cx, const xmlNode *parent, const char *const *name,
                                  int n, int must, const xmlNode **node)
{
    const xmlNode *child;
    int i = 0;

    for (child = parent->children; child; child = child->next) {
        if (is_blank(child)) continue;
        if (i == n || !sso_xml_is(child, SAML_NS_DSIG, name[i])) {
            return refuse(cx, parent, "holds something that does not belong there");
        }
        node[i++] = child;
    }
    if (i < must) return refuse(cx, parent, "something is missing in it");
    while (i < n) {
        node[i++] = NULL;
    }
    return APR_SUCCESS;
}

/**
 * The attributes of a node: the one named, if any is, and perhaps an Id; no other.
 *
 * @param value of the one named.
 */
static apr_status_t read_attribute(sso_ctx_t *cx, const xmlNode *node, const char *name,
                                   const char **value)
{
    const xmlAttr *attr;
    const char *found;

    for (attr = node->properties; attr; attr = attr->next) {
        const char *is = (const char *)attr->name;

        if (attr->ns || (strcmp(is, "Id") != 0 && (!name || strcmp(is, name) != 0))) {
            return refuse(cx, node, "has an attribute that does not belong there");
        }
    }
    if (!name) return APR_SUCCESS;
    found = sso_xml_attr(cx, node, name);
    if (!found) return refuse(cx, node, "lacks its attribute");
    *value = found;
    return APR_SUCCESS;
}

/* No attribute but an Id. */
static apr_status_t read_no_attribute(sso_ctx_t *cx, const xmlNode *node)
{
    const char *none;

    return read_attribute(cx, node, NULL, &none);
}

/* A node with an Algorithm and nothing in it. */
static apr_status_t read_algorithm(sso_ctx_t *cx, const xmlNode *node, const char **uri)
{
    apr_status_t rv = read_children(cx, node, NULL, 0, 0, NULL);

    return rv == APR_SUCCESS ? read_attribute(cx, node, "Algorithm", uri) : rv;
}

static apr_status_t read_bytes(sso_ctx_t *cx, const xmlNode *node, sso_span_t *out)
{
    const char *text;
    apr_status_t rv = read_no_attribute(cx, node);

    if (rv == APR_SUCCESS && sso_xml_first(node)) rv = refuse(cx, node, "holds elements");
    if (rv == APR_SUCCESS) rv = sso_xml_text(cx, node, 0, &text);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_b64_decode(cx->pool, sso_span(text), SSO_B64_STD | SSO_B64_NEWLINE | SSO_B64_SPACE,
                        out, NULL);
    if (rv != APR_SUCCESS || out->n == 0) return refuse(cx, node, "is not Base64");
    return APR_SUCCESS;
}

/* ---- canonical forms ---- */

/* PrefixList: words; "#default" is the empty prefix. */
static apr_status_t read_prefixes(sso_ctx_t *cx, const xmlNode *node, sso_c14n_t *out)
{
    char *list;
    char *word;
    char *last;
    const char *value;
    apr_status_t rv = read_attribute(cx, node, "PrefixList", &value);

    if (rv != APR_SUCCESS) return rv;
    if (node->children) return refuse(cx, node, "is not empty");
    list = apr_pstrdup(cx->pool, value);
    for (word = apr_strtok(list, SPACES, &last); word; word = apr_strtok(NULL, SPACES, &last)) {
        if (out->prefixes == SSO_C14N_PREFIXES) return refuse(cx, node, "has too many prefixes");
        out->prefix[out->prefixes++] = strcmp(word, "#default") == 0 ? "" : word;
    }
    return APR_SUCCESS;
}

/* A CanonicalizationMethod, or a Transform that canonicalises. */
static apr_status_t read_c14n(sso_ctx_t *cx, const xmlNode *node, const sso_saml_trust_t *trust,
                              sso_c14n_t *out)
{
    const xmlNode *list = sso_xml_first(node);
    const xmlNode *child;
    const char *uri;
    apr_status_t rv = read_attribute(cx, node, "Algorithm", &uri);

    if (rv != APR_SUCCESS) return rv;
    *out = (sso_c14n_t){.inclusive = strcmp(uri, SAML_C14N_INCLUSIVE) == 0};
    if (out->inclusive ? !trust->allow_inclusive : strcmp(uri, SAML_C14N_EXCLUSIVE) != 0) {
        return refuse_algorithm(cx, node, uri); /* R16 */
    }
    for (child = node->children; child; child = child->next) {
        if (child != list && !is_blank(child)) return refuse(cx, node, "holds too much");
    }
    if (!list) return APR_SUCCESS;
    if (out->inclusive || !sso_xml_is(list, SAML_C14N_EXCLUSIVE, "InclusiveNamespaces")) {
        return refuse(cx, node, "holds something that does not belong there");
    }
    return read_prefixes(cx, list, out);
}

/* R14: enveloped, then a canonical form; nothing before, between or behind. */
static apr_status_t read_transforms(sso_ctx_t *cx, const xmlNode *node,
                                    const sso_saml_trust_t *trust, sso_c14n_t *out)
{
    static const char *const name[] = {"Transform", "Transform"};
    const xmlNode *transform[2];
    const char *uri;
    apr_status_t rv = read_no_attribute(cx, node);

    if (rv == APR_SUCCESS) rv = read_children(cx, node, name, 2, 2, transform);
    if (rv == APR_SUCCESS) rv = read_algorithm(cx, transform[0], &uri);
    if (rv != APR_SUCCESS) return rv;
    if (strcmp(uri, SAML_ENVELOPED) != 0) return refuse_algorithm(cx, transform[0], uri);
    return read_c14n(cx, transform[1], trust, out);
}

/* ---- the admin's list ---- */

static int is_listed(const apr_array_header_t *names, const char *name)
{
    int i;

    for (i = 0; i < names->nelts; i++) {
        if (!strcasecmp(APR_ARRAY_IDX(names, i, const char *), name)) return 1;
    }
    return 0;
}

int sso_saml_trust_takes(const sso_saml_trust_t *trust, const sso_sign_alg_t *alg)
{
    return !trust->algorithms || alg->weak || is_listed(trust->algorithms, sso_sign_alg_name(alg));
}

const char *sso_saml_digest_uri(const char *name)
{
    apr_size_t i;

    for (i = 0; i < DIGESTS; i++) {
        if (!digests[i].weak && !strcasecmp(digests[i].digest, name)) return digests[i].uri;
    }
    return NULL;
}

/* A list without a digest is about signatures only. */
static int takes_digest(const sso_saml_trust_t *trust, const char *digest)
{
    int limited = 0;
    int i;

    for (i = 0; trust->algorithms && i < trust->algorithms->nelts; i++)
        limited |= sso_saml_digest_uri(APR_ARRAY_IDX(trust->algorithms, i, const char *)) != NULL;
    return !limited || is_listed(trust->algorithms, digest);
}

/* ---- the Reference ---- */

static apr_status_t read_digest(sso_ctx_t *cx, const xmlNode *method, const xmlNode *value,
                                const sso_saml_trust_t *trust, sso_signed_info_t *out)
{
    const char *uri;
    apr_status_t rv = read_algorithm(cx, method, &uri);
    apr_size_t i;

    if (rv == APR_SUCCESS) rv = read_bytes(cx, value, &out->digest_value);
    if (rv != APR_SUCCESS) return rv;
    for (i = 0; i < DIGESTS && strcmp(uri, digests[i].uri) != 0; i++) {}
    if (i == DIGESTS
        || (digests[i].weak ? !trust->allow_sha1 : !takes_digest(trust, digests[i].digest))) {
        return refuse_algorithm(cx, method, uri);
    }
    if (out->digest_value.n != digests[i].bytes) return refuse(cx, value, "has another length");
    out->digest = digests[i].digest;
    return APR_SUCCESS;
}

/* R14: URI is "#" and the ID, byte for byte; nothing is looked up, nothing dereferenced (R18). */
static apr_status_t read_reference(sso_ctx_t *cx, const xmlNode *node, const char *id,
                                   const sso_saml_trust_t *trust, sso_signed_info_t *out)
{
    static const char *const name[] = {"Transforms", "DigestMethod", "DigestValue"};
    const xmlNode *part[3];
    const char *uri;
    apr_status_t rv = read_attribute(cx, node, "URI", &uri);

    if (rv == APR_SUCCESS) rv = read_children(cx, node, name, 3, 3, part);
    if (rv != APR_SUCCESS) return rv;
    if (uri[0] != '#' || strcmp(uri + 1, id) != 0) {
        return refuse(cx, node, "is not to the element that holds it");
    }
    out->id = uri + 1;
    rv = read_transforms(cx, part[0], trust, &out->content);
    return rv == APR_SUCCESS ? read_digest(cx, part[1], part[2], trust, out) : rv;
}

/* ---- the whole ---- */

static apr_status_t read_method(sso_ctx_t *cx, const xmlNode *node, const sso_saml_trust_t *trust,
                                sso_signed_info_t *out)
{
    const char *uri;
    apr_status_t rv = read_algorithm(cx, node, &uri);

    if (rv != APR_SUCCESS) return rv;
    out->alg = sso_sign_alg(sso_span(uri), trust->allow_sha1);
    if (out->alg && sso_saml_trust_takes(trust, out->alg)) return APR_SUCCESS;
    return refuse_algorithm(cx, node, uri); /* R27 */
}

apr_status_t sso_saml_signed_info(sso_ctx_t *cx, const xmlNode *signed_info, const char *id,
                                  const sso_saml_trust_t *trust, sso_signed_info_t *out)
{
    static const char *const name[] = {"CanonicalizationMethod", "SignatureMethod", "Reference"};
    const xmlNode *part[3];
    sso_signed_info_t info = {.id = NULL};
    apr_status_t rv = read_no_attribute(cx, signed_info);

    if (rv == APR_SUCCESS) rv = read_children(cx, signed_info, name, 3, 3, part);
    if (rv == APR_SUCCESS) rv = read_c14n(cx, part[0], trust, &info.c14n);
    if (rv == APR_SUCCESS) rv = read_method(cx, part[1], trust, &info);
    if (rv == APR_SUCCESS) rv = read_reference(cx, part[2], id, trust, &info);
    if (rv == APR_SUCCESS) *out = info;
    return rv;
}

/* ---- the other way round ---- */

static void put_tag(sso_buf_t *b, const char *opening, const char *prefix, const char *name)
{
    sso_buf_text(b, opening);
    sso_buf_text(b, prefix);
    sso_buf_text(b, name);
}

static void put_method(sso_buf_t *b, const char *prefix, const char *name, const char *uri)
{
    put_tag(b, "<", prefix, name);
    sso_buf_text(b, " Algorithm=\"");
    sso_buf_text(b, uri);
    put_tag(b, "\"></", prefix, name);
    sso_buf_char(b, '>');
}

void sso_saml_signed_info_put(sso_buf_t *b, const char *prefix, const char *xmlns, const char *alg,
                              const char *id, const char *digest, const char *value)
{
    put_tag(b, "<", prefix, "SignedInfo");
    sso_buf_text(b, xmlns);
    sso_buf_char(b, '>');
    put_method(b, prefix, "CanonicalizationMethod", SAML_C14N_EXCLUSIVE);
    put_method(b, prefix, "SignatureMethod", alg);
    put_tag(b, "<", prefix, "Reference URI=\"#");
    sso_buf_text(b, id);
    put_tag(b, "\"><", prefix, "Transforms>");
    put_method(b, prefix, "Transform", SAML_ENVELOPED);
    put_method(b, prefix, "Transform", SAML_C14N_EXCLUSIVE);
    put_tag(b, "</", prefix, "Transforms>");
    put_method(b, prefix, "DigestMethod", digest);
    put_tag(b, "<", prefix, "DigestValue>");
    sso_buf_text(b, value);
    put_tag(b, "</", prefix, "DigestValue>");
    put_tag(b, "</", prefix, "Reference>");
    put_tag(b, "</", prefix, "SignedInfo>");
}

static const char *digest_uri(const char *name)
{
    apr_size_t i;

    for (i = 0; i < DIGESTS - 1 && strcmp(name, digests[i].digest) != 0; i++) {}
    return digests[i].uri;
}

/* What stands before the name of the root, with the colon; NULL: it is no SignedInfo. */
static const char *prefix_in(apr_pool_t *pool, sso_span_t octets)
{
    const char *p = octets.p + 1;
    const char *end = octets.p + octets.n;

    while (p < end && apr_isalnum(*p))
        p++;
    if (octets.n == 0 || p == end) return NULL;
    return *p == ':' ? apr_pstrmemdup(pool, octets.p + 1, (apr_size_t)(p - octets.p)) : "";
}

static int is_exclusive(const sso_c14n_t *how)
{
    return !how->inclusive && how->prefixes == 0;
}

int sso_saml_signed_info_is(sso_ctx_t *cx, const sso_signed_info_t *info, sso_span_t octets)
{
    const char *prefix = prefix_in(cx->pool, octets);
    sso_buf_t text = sso_buf_make(cx->pool, octets.n, octets.n);
    const char *xmlns;

    if (!prefix || !is_exclusive(&info->c14n) || !is_exclusive(&info->content)) return 0;
    xmlns = apr_psprintf(cx->pool, " xmlns%s%.*s=\"" SAML_NS_DSIG "\"", *prefix ? ":" : "",
                         *prefix ? (int)strlen(prefix) - 1 : 0, prefix);
    sso_saml_signed_info_put(&text, prefix, xmlns, info->alg->uri, info->id,
                             digest_uri(info->digest),
                             sso_b64_encode(cx->pool, info->digest_value));
    return !text.full && sso_span_eq(sso_buf_span(&text), octets);
}

/* ---- the Signature ---- */

/* R13: one Signature, where the schemas put it: right behind the Issuer, which comes first; first
 * where there is no Issuer. */
static apr_status_t check_position(sso_ctx_t *cx, const xmlNode *element, const xmlNode *signature)
{
    const xmlNode *issuer = sso_xml_child(element, SAML_NS_ASSERTION, "Issuer");
    const xmlNode *first = sso_xml_first(element);

    if (issuer && first == issuer)
        first = sso_xml_following(issuer);
    else if (issuer)
        first = NULL;
    if (first != signature) return refuse(cx, signature, "is not at its place");
    if (sso_xml_next(signature, SAML_NS_DSIG, "Signature")) {
        return refuse(cx, signature, "is not the only one");
    }
    return APR_SUCCESS;
}

/* R22: what is signed holds elements and text; a comment would vanish in the canonical form. */
static apr_status_t check_content(sso_ctx_t *cx, const xmlNode *element)
{
    const xmlNode *node;

    for (node = element; node; node = sso_xml_walk(node, element)) {
        if (node->type != XML_ELEMENT_NODE && node->type != XML_TEXT_NODE) {
            return sso_fail(cx, SSO_F_SIG_PROFILE, "comments or CDATA in what is signed");
        }
    }
    return APR_SUCCESS;
}

apr_status_t sso_saml_profile(sso_ctx_t *cx, const xmlNode *element, const xmlNode *signature,
                              const sso_saml_trust_t *trust, sso_saml_profile_t *out)
{
    static const char *const name[] = {"SignedInfo", "SignatureValue", "KeyInfo"};
    const xmlNode *part[3];
    const char *id = sso_xml_attr(cx, element, "ID");
    sso_saml_profile_t profile = {.signature = signature};
    apr_status_t rv = check_position(cx, element, signature);

    if (rv == APR_SUCCESS && (!id || !*id)) rv = refuse(cx, signature, "the element has no ID");
    if (rv == APR_SUCCESS && !trust->allow_comments) rv = check_content(cx, element);
    if (rv == APR_SUCCESS) rv = read_no_attribute(cx, signature);
    if (rv == APR_SUCCESS) rv = read_children(cx, signature, name, 3, 2, part);
    if (rv == APR_SUCCESS) rv = read_bytes(cx, part[1], &profile.value);
    if (rv == APR_SUCCESS) rv = sso_saml_signed_info(cx, part[0], id, trust, &profile.info);
    if (rv != APR_SUCCESS) return rv;
    profile.signed_info = part[0];
    *out = profile;
    return APR_SUCCESS;
}
