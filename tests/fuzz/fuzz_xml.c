/*
 * fuzz_xml.c - what the scan says holds for what the parser builds, and the other way round.
 *
 * Input: one byte (bit 0: comments are allowed), then the XML.
 *
 *   - what the scan lets through has, once parsed, no more of anything than the scan counted
 *   - what the scan calls bad syntax, libxml2 calls not well-formed
 *   - an accepted document has unique IDs and absolute namespaces, by an own look
 *   - its canonical form parses, and is its own canonical form
 *   - nothing is written to stderr
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz.h"
#include "saml/saml_c14n.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#define MAX_BYTES    65536
#define MAX_ELEMENTS 500

static int complaints; /* of libxml2 to nobody in particular: in httpd, lines on stderr */

static void complain(void *ctx, const char *msg, ...)
{
    (void)ctx, (void)msg;
    complaints++;
}

static void ignore(void *ctx, xmlErrorPtr error)
{
    (void)ctx, (void)error;
}

/* Well-formed to libxml2, whatever is in it? */
static int is_well_formed(const char *p, size_t n)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    xmlParserCtxt *ctxt = xmlNewParserCtxt();
    xmlDoc *doc;
    int ok;

    fuzz_demand(ctxt != NULL);
    xmlSetStructuredErrorFunc(NULL, ignore); /* other encodings: libxml2 is loud about them */
    doc = xmlCtxtReadMemory(ctxt, p, (int)n, NULL, NULL, options);
    xmlSetStructuredErrorFunc(NULL, NULL);
    ok = doc && ctxt->wellFormed && ctxt->nsWellFormed;
    xmlFreeDoc(doc);
    xmlFreeParserCtxt(ctxt);
    return ok;
}

/* ---- an own look at the tree ---- */

typedef struct {
    int elements, attributes;
    int comments;
} count_t;

static void look_at_id(sso_ctx_t *cx, const xmlDoc *doc, const char *id)
{
    const xmlNode *root = xmlDocGetRootElement(doc);
    const xmlNode *node;
    int n = 0;

    for (node = root; node; node = sso_xml_walk(node, root)) {
        static const char *const name[] = {"ID", "Id", "id", "AssertionID"};
        size_t i;

        for (i = 0; node->type == XML_ELEMENT_NODE && i < 4; i++) {
            const char *other = sso_xml_attr(cx, node, name[i]);

            if (other && strcmp(other, id) == 0) n++;
        }
    }
    fuzz_demand(n == 1);
    fuzz_demand(*id && strlen(id) <= SSO_XML_ID_MAX);
}

static void look_at_tag(const xmlNode *node, int in_scope, count_t *count)
{
    const xmlAttr *attr;
    const xmlNs *ns;
    int attributes = 0;
    int namespaces = 0;

    for (attr = node->properties; attr; attr = attr->next) {
        attributes++;
    }
    for (ns = node->nsDef; ns; ns = ns->next) {
        namespaces++;
        fuzz_demand(!ns->href || !*ns->href || strchr((const char *)ns->href, ':'));
    }
    fuzz_demand(attributes <= SSO_XML_ATTRIBUTES && namespaces <= SSO_XML_NS_TAG);
    fuzz_demand(in_scope + namespaces <= SSO_XML_NS_SCOPE);
    count->elements++;
    count->attributes += attributes + namespaces;
}

static int namespaces_of(const xmlNode *node)
{
    const xmlNs *ns;
    int n = 0;

    for (ns = node->nsDef; ns; ns = ns->next) {
        n++;
    }
    return n;
}

static void look_at(sso_ctx_t *cx, const xmlNode *node, int depth, int in_scope, count_t *count)
{
    const xmlNode *child;
    const char *id;

    if (node->type == XML_COMMENT_NODE || node->type == XML_CDATA_SECTION_NODE)
        count->comments++;
    else
        fuzz_demand(node->type == XML_ELEMENT_NODE || node->type == XML_TEXT_NODE);
    if (node->type != XML_ELEMENT_NODE) return;

    fuzz_demand(depth <= SSO_XML_DEPTH);
    look_at_tag(node, in_scope, count);
    if (count->elements < 40 && (id = sso_xml_attr(cx, node, "ID"))) {
        look_at_id(cx, node->doc, id);
    }
    for (child = node->children; child; child = child->next) {
        look_at(cx, child, depth + 1, in_scope + namespaces_of(node), count);
    }
}

/* ---- the canonical form ---- */

static void canonical_form(sso_ctx_t *cx, const xmlDoc *doc, int inclusive)
{
    const sso_xml_limits_t wide = {.bytes = 4 * 1024 * 1024, .elements = 100000};
    const sso_c14n_t how = {.inclusive = inclusive};
    const xmlNode *root = xmlDocGetRootElement(doc);
    sso_span_t once;
    sso_span_t twice;
    xmlDoc *again;

    if (sso_c14n(cx, root, NULL, &how, wide.bytes, &once) != APR_SUCCESS) return;
    fuzz_demand(once.n > 0);
    if (sso_xml_parse(cx, once, &wide, &again) != APR_SUCCESS) {
        /* an exclusive form may declare more in one tag than a tag may have */
        fuzz_demand(cx->err.fault == SSO_F_XML_LIMIT);
        return;
    }
    root = xmlDocGetRootElement(again);
    fuzz_demand(sso_c14n(cx, root, NULL, &how, wide.bytes, &twice) == APR_SUCCESS);
    fuzz_demand(sso_span_eq(once, twice));
}

static void run(sso_ctx_t *cx, sso_span_t text, int comments)
{
    const sso_xml_limits_t limits = {
        .bytes = MAX_BYTES, .elements = MAX_ELEMENTS, .comments = comments};
    count_t count = {0, 0, 0};
    sso_fault_t scanned;
    xmlDoc *doc = NULL;
    apr_status_t rv;

    complaints = 0;
    (void)sso_xml_check(cx, text, &limits);
    scanned = cx->err.fault;
    sso_ctx_clear(cx);
    rv = sso_xml_parse(cx, text, &limits, &doc);
    fuzz_demand(complaints == 0);
    fuzz_demand((rv == APR_SUCCESS) == (doc != NULL));
    fuzz_demand((rv == APR_SUCCESS) == (cx->err.fault == SSO_F_NONE));
    if (scanned != SSO_F_NONE) fuzz_demand(cx->err.fault == scanned);
    if (scanned == SSO_F_XML_SYNTAX && text.n) fuzz_demand(!is_well_formed(text.p, text.n));
    if (!doc) return;

    look_at(cx, xmlDocGetRootElement(doc), 1, 0, &count);
    fuzz_demand(count.elements <= MAX_ELEMENTS && count.attributes <= MAX_ELEMENTS);
    fuzz_demand(comments || count.comments == 0);
    canonical_form(cx, doc, 0);
    sso_ctx_clear(cx);
    canonical_form(cx, doc, 1);
    fuzz_demand(complaints == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_ctx_t cx = sso_ctx(fuzz_pool(), FUZZ_NOW);

    if (size < 1 || size > MAX_BYTES) return 0;
    xmlSetGenericErrorFunc(NULL, complain);
    run(&cx, sso_span_of(data + 1, size - 1), data[0] & 1);
    apr_pool_clear(cx.pool);
    return 0;
}
