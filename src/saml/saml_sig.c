/*
 * saml_sig.c - from an element to what was signed of it, and from a message to a signed one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_sig.h"

#include "base/buf.h"
#include "base/codec.h"
#include "crypto/mac.h"
#include "saml/saml_names.h"

#define OURS_MAX (1024 * 1024) /* bytes of a message that we make */

static const sso_xml_limits_t ours = {.bytes = OURS_MAX, .elements = 20000};
static const sso_c14n_t exclusive = {.inclusive = 0};

xmlNode *sso_saml_sig_of(const xmlNode *element)
{
    return sso_xml_child(element, SAML_NS_DSIG, "Signature");
}

/* ---- verifying ---- */

/* Parse what was digested; it has to be the element we asked about, without its signature. */
static apr_status_t open_octets(sso_ctx_t *cx, sso_span_t octets, const xmlNode *element,
                                const char *id, const sso_xml_limits_t *limits, xmlDoc **out)
{
    const sso_xml_limits_t plain = {.bytes = limits->bytes, .elements = limits->elements};
    const xmlNode *root;
    const char *root_id;
    xmlDoc *doc;
    apr_status_t rv = sso_xml_parse(cx, octets, &plain, &doc);

    if (rv != APR_SUCCESS) return rv;
    root = xmlDocGetRootElement(doc);
    root_id = sso_xml_attr(cx, root, "ID");
    if (!element->ns
        || !sso_xml_is(root, (const char *)element->ns->href, (const char *)element->name)
        || !root_id || !sso_span_is(sso_span(root_id), id) || sso_saml_sig_of(root)) {
        return sso_fail(cx, SSO_F_SIG_PROFILE, "what was signed is not the %s", element->name);
    }
    *out = doc;
    return APR_SUCCESS;
}

/* The octets that were signed of an element, and the form of its signature. */
static apr_status_t verify(sso_ctx_t *cx, const sso_saml_verifier_t *verifier, xmlNode *element,
                           const sso_saml_trust_t *trust, const sso_xml_limits_t *limits,
                           sso_saml_profile_t *profile, sso_span_t *out)
{
    const xmlNode *signature = sso_saml_sig_of(element);
    sso_span_t octets;
    apr_status_t rv;

    if (!signature) return APR_NOTFOUND;
    rv = sso_saml_profile(cx, element, signature, trust, profile);
    if (rv != APR_SUCCESS) return rv;
    rv = verifier->verify(cx, element, profile, trust, limits->bytes, &octets);
    if (rv == APR_SUCCESS) *out = octets;
    return rv;
}

apr_status_t sso_saml_sig_check_by(sso_ctx_t *cx, const sso_saml_verifier_t *verifier,
                                   xmlNode *element, const sso_saml_trust_t *trust,
                                   const sso_xml_limits_t *limits, xmlDoc **verified)
{
    sso_saml_profile_t profile;
    sso_span_t octets;
    apr_status_t rv = verify(cx, verifier, element, trust, limits, &profile, &octets);

    if (rv != APR_SUCCESS) return rv;
    return open_octets(cx, octets, element, profile.info.id, limits, verified);
}

apr_status_t sso_saml_sig_octets(sso_ctx_t *cx, xmlNode *element, const sso_saml_trust_t *trust,
                                 apr_size_t max, sso_span_t *octets)
{
    const sso_xml_limits_t limits = {.bytes = max};
    sso_saml_profile_t profile;

    return verify(cx, &sso_saml_verifier, element, trust, &limits, &profile, octets);
}

apr_status_t sso_saml_sig_check(sso_ctx_t *cx, xmlNode *element, const sso_saml_trust_t *trust,
                                const sso_xml_limits_t *limits, xmlDoc **verified)
{
    return sso_saml_sig_check_by(cx, &sso_saml_verifier, element, trust, limits, verified);
}

/* ---- making ---- */

/* Base64 of the SHA-256 of the message's canonical form. */
static apr_status_t digest_text(sso_ctx_t *cx, const xmlNode *root, const char **out)
{
    unsigned char digest[SSO_MAC_BYTES];
    sso_span_t octets;
    apr_status_t rv = sso_c14n(cx, root, NULL, &exclusive, OURS_MAX, &octets);

    if (rv == APR_SUCCESS) rv = sso_mac_hash(cx, &octets, 1, digest);
    if (rv != APR_SUCCESS) return rv;
    *out = sso_b64_encode(cx->pool, sso_span_of(digest, sizeof(digest)));
    return APR_SUCCESS;
}

static void put_key_info(sso_buf_t *b, const sso_cert_t *cert)
{
    if (!cert) return;
    sso_buf_format(b,
                   "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s"
                   "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>",
                   cert->der_base64);
}

/* The Signature of a message as a text. */
static apr_status_t make_signature(sso_ctx_t *cx, const sso_key_pair_t *pair, const char *id,
                                   const char *digest, sso_span_t *out)
{
    static const char xmlns[] = " xmlns:ds=\"" SAML_NS_DSIG "\"";
    const sso_sign_alg_t *alg = sso_sign_alg_of(pair);
    sso_buf_t b = sso_buf_make(cx->pool, 4096, OURS_MAX);
    sso_buf_t info = sso_buf_make(cx->pool, 2048, OURS_MAX);
    sso_span_t value;
    apr_status_t rv;

    if (!alg) return sso_fail(cx, SSO_F_INTERNAL, "no algorithm for this type of key");
    sso_saml_signed_info_put(&info, "ds:", xmlns, alg->uri, id, SAML_DIGEST_SHA256, digest);
    rv = sso_sign_make(cx, alg, pair->key, sso_buf_span(&info), &value);
    if (rv != APR_SUCCESS) return rv;

    sso_buf_format(&b, "<ds:Signature%s>", xmlns);
    sso_saml_signed_info_put(&b, "ds:", "", alg->uri, id, SAML_DIGEST_SHA256, digest);
    sso_buf_format(&b, "<ds:SignatureValue>%s</ds:SignatureValue>",
                   sso_b64_encode(cx->pool, value));
    put_key_info(&b, pair->cert);
    sso_buf_text(&b, "</ds:Signature>");
    if (b.full) return sso_fail(cx, SSO_F_INTERNAL, "the signature is too long");
    *out = sso_buf_span(&b);
    return APR_SUCCESS;
}

/* Put the Signature into the tree: behind a first child Issuer, else first. */
static apr_status_t insert(sso_ctx_t *cx, xmlNode *root, sso_span_t signature)
{
    xmlNode *first = sso_xml_first(root);
    xmlNode *copy;
    xmlDoc *doc;
    apr_status_t rv = sso_xml_parse(cx, signature, &ours, &doc);

    if (rv != APR_SUCCESS) return rv;
    copy = xmlDocCopyNode(xmlDocGetRootElement(doc), root->doc, 1);
    if (!copy) return sso_fail(cx, SSO_F_INTERNAL, "libxml2 has no memory");
    if (first && sso_xml_is(first, SAML_NS_ASSERTION, "Issuer")) {
        xmlAddNextSibling(first, copy);
    } else if (root->children) {
        xmlAddPrevSibling(root->children, copy);
    } else {
        xmlAddChild(root, copy);
    }
    return APR_SUCCESS;
}

apr_status_t sso_saml_sig_make(sso_ctx_t *cx, sso_span_t xml, const sso_key_pair_t *pair,
                               sso_span_t *out)
{
    sso_span_t signature;
    const char *digest;
    const char *id;
    xmlNode *root;
    xmlDoc *doc;
    apr_status_t rv = sso_xml_parse(cx, xml, &ours, &doc);

    if (rv != APR_SUCCESS) return rv;
    root = xmlDocGetRootElement(doc);
    id = sso_xml_attr(cx, root, "ID");
    if (!id) return sso_fail(cx, SSO_F_INTERNAL, "a message to sign has no ID");
    rv = digest_text(cx, root, &digest);
    if (rv == APR_SUCCESS) rv = make_signature(cx, pair, id, digest, &signature);
    if (rv == APR_SUCCESS) rv = insert(cx, root, signature);
    if (rv == APR_SUCCESS) rv = sso_c14n(cx, root, NULL, &exclusive, OURS_MAX, out);
    return rv;
}
