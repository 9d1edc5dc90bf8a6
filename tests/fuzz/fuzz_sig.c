/*
 * fuzz_sig.c - two verifiers, one verdict: the product's own and xmlsec1's.
 *
 * Input: four bytes, then XML whose first element with an ID is the one that matters, or choices.
 *   byte 0   bit 0: comments allowed; 1: inclusive form of the content, 2: of the SignedInfo;
 *            3: a PrefixList; 4: sign it before it is looked at; 5: then change one byte of it;
 *            6: choices, of what document to make and how to sign it
 *   byte 1-2 which byte, 3 what it becomes
 *
 *   - both verifiers accept, with the same octets, or both refuse
 *   - what was signed and not changed is accepted, if it is of a form that may be signed
 *   - what is accepted was signed by the key: nothing without bit 4 ever is
 *   - the octets parse, to an element with the ID that was asked for
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz.h"
#include "saml/saml_sig.h"
#include "saml_forge.h"
#include "verify_xmlsec.h"
#include "wild_xml.h"

#include <libxml/xmlerror.h>

#define MAX_BYTES 20000
#define HEAD      4

enum {
    COMMENTS = 1,
    INCLUSIVE = 2,
    INCLUSIVE_INFO = 4,
    PREFIXES = 8,
    SIGN = 16,
    CHANGE = 32,
    WILD = 64
};

static const char *id_in(sso_ctx_t *cx, const xmlDoc *doc, xmlNode **element)
{
    xmlNode *root = xmlDocGetRootElement(doc);
    xmlNode *node;

    for (node = root; node; node = sso_xml_walk(node, root)) {
        const char *id = node->type == XML_ELEMENT_NODE ? sso_xml_attr(cx, node, "ID") : NULL;

        *element = node;
        if (id) return id;
    }
    return NULL;
}

static sso_saml_trust_t trust_in(sso_ctx_t *cx)
{
    static sso_cert_t cert;
    apr_array_header_t *certs = apr_array_make(cx->pool, 1, sizeof(const sso_cert_t *));

    cert.key = forge_key(FORGE_IDP_EC);
    cert.verifier = sso_verifier_make(cx->pool, cert.key);
    APR_ARRAY_PUSH(certs, const sso_cert_t *) = &cert;
    return (sso_saml_trust_t){.certs = certs, .allow_inclusive = 1, .allow_sha1 = 1};
}

/* Is there one place in a canonical text that looks like this ID, and is it within a tag? The forge
 * looks for it there, not in a tree. */
static int is_plain(sso_ctx_t *cx, const char *text, const char *id)
{
    const char *wanted = apr_pstrcat(cx->pool, " ID=\"", id, "\"", NULL);
    const char *at = strstr(text, wanted);

    if (!at || strstr(at + 1, wanted)) return 0;
    while (at > text && *at != '<' && *at != '>') {
        at--;
    }
    return *at == '<';
}

/* The XML with a signature of its first element with an ID; NULL: it cannot have one. */
static const char *sign(sso_ctx_t *cx, const char *xml, const sso_xml_limits_t *limits, int flags)
{
    static const sso_c14n_t inclusive = {.inclusive = 1};
    forge_sig_t sig = forge_sig();
    xmlNode *element;
    sso_span_t octets;
    const char *text;
    xmlDoc *doc;

    if (sso_xml_parse(cx, sso_span(xml), limits, &doc) != APR_SUCCESS) return NULL;
    sig.id = id_in(cx, doc, &element);
    if (!sig.id || sso_saml_sig_of(element)) return NULL;
    if (sso_c14n(cx, xmlDocGetRootElement(doc), NULL, &inclusive, limits->bytes, &octets))
        return NULL;
    text = sso_span_text(cx->pool, octets);
    if (!is_plain(cx, text, sig.id) || strstr(text, "@SIGNATURE@")) return NULL;
    sig.key = FORGE_IDP_EC;
    sig.algorithm = FORGE_DSIG_MORE "ecdsa-sha256";
    if (flags & INCLUSIVE) sig.content_c14n = FORGE_INCLUSIVE;
    if (flags & INCLUSIVE_INFO) sig.c14n = FORGE_INCLUSIVE;
    if ((flags & PREFIXES) && !(flags & INCLUSIVE)) sig.prefixes = "xs #default p";
    return forge_sign(cx->pool, text, &sig);
}

static void demand_root(sso_ctx_t *cx, sso_span_t octets, const char *id)
{
    const sso_xml_limits_t wide = {.bytes = octets.n, .elements = 100000};
    const char *root_id;
    xmlDoc *doc;

    if (sso_xml_parse(cx, octets, &wide, &doc) != APR_SUCCESS) {
        fuzz_demand(cx->err.fault == SSO_F_XML_LIMIT); /* more declarations in a tag than may be */
        return;
    }
    root_id = sso_xml_attr(cx, xmlDocGetRootElement(doc), "ID");
    fuzz_demand(root_id && strcmp(root_id, id) == 0);
}

/* Is the element's signature accepted? Both have to say the same. */
static int verdict(sso_ctx_t *cx, const char *xml, const sso_xml_limits_t *limits, int *refused)
{
    sso_saml_trust_t trust = trust_in(cx);
    sso_saml_profile_t profile;
    sso_span_t ours = {NULL, 0};
    sso_span_t theirs = {NULL, 0};
    xmlNode *element;
    xmlNode *signature;
    const char *id;
    xmlDoc *doc;
    apr_status_t rv, other;

    *refused = 1;
    if (sso_xml_parse(cx, sso_span(xml), limits, &doc) != APR_SUCCESS) return 0;
    id = id_in(cx, doc, &element);
    signature = id ? sso_saml_sig_of(element) : NULL;
    if (!signature) return 0;
    if (sso_saml_profile(cx, element, signature, &trust, &profile) != APR_SUCCESS) return 0;
    rv = sso_saml_verifier.verify(cx, element, &profile, &trust, limits->bytes, &ours);
    if (cx->err.fault == SSO_F_SIG_PROFILE || cx->err.fault == SSO_F_XML_SIZE) return 0;
    other = verify_by_xmlsec.verify(cx, element, &profile, &trust, limits->bytes, &theirs);
    fuzz_demand((rv == APR_SUCCESS) == (other == APR_SUCCESS));
    fuzz_demand(sso_span_eq(ours, theirs));
    *refused = 0;
    if (rv == APR_SUCCESS) demand_root(cx, ours, id);
    return rv == APR_SUCCESS;
}

static const char *wild(sso_ctx_t *cx, const char *choices)
{
    wild_t w = wild_by_bytes(sso_span(choices));
    forge_sig_t sig = wild_sig(&w);

    return forge_sign(cx->pool, wild_document(cx->pool, &w), &sig);
}

static void run(sso_ctx_t *cx, const uint8_t *head, const char *text)
{
    const sso_xml_limits_t limits = {
        .bytes = 8 * MAX_BYTES, .elements = 2000, .comments = head[0] & COMMENTS};
    int is_signed = head[0] & (SIGN | WILD);
    const char *xml = text;
    int refused;
    int accepted;

    if (head[0] & WILD)
        xml = wild(cx, text);
    else if (head[0] & SIGN)
        xml = sign(cx, text, &limits, head[0]);
    sso_ctx_clear(cx);
    if (!xml) return;
    if (is_signed && (head[0] & CHANGE) && head[3]) {
        char *copy = apr_pstrdup(cx->pool, xml);

        copy[(size_t)(head[1] << 8 | head[2]) % strlen(copy)] = (char)head[3];
        xml = copy;
    }
    accepted = verdict(cx, xml, &limits, &refused);
    if (!is_signed)
        fuzz_demand(!accepted);
    else if (!(head[0] & CHANGE))
        fuzz_demand(accepted || refused);
}

static void say_nothing(void *ctx, const char *msg, ...)
{
    (void)ctx, (void)msg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_ctx_t cx = sso_ctx(fuzz_pool(), FUZZ_NOW);

    if (size < HEAD || size > MAX_BYTES || memchr(data + HEAD, 0, size - HEAD)) return 0;
    xmlSetGenericErrorFunc(NULL, say_nothing); /* xmlsec1's parts of libxml2 */
    run(&cx, data, apr_pstrmemdup(cx.pool, (const char *)data + HEAD, size - HEAD));
    apr_pool_clear(cx.pool);
    return 0;
}
