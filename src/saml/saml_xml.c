/*
 * saml_xml.c - libxml2 in its strictest mood, and a walk over what it built.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_xml.h"

#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_tables.h>

#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include <limits.h>

#define DETAIL_MAX 200 /* bytes of libxml2's messages and of foreign text that reach the log */
#define LETTERS    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS     "0123456789"
#define SPACES     " \t\r\n"

#if LIBXML_VERSION >= 21200
typedef const xmlError *error_ptr_t;
#else
typedef xmlError *error_ptr_t;
#endif

/* What the parser found wrong, for the log. */
typedef struct {
    sso_ctx_t *cx;
    const char *first; /* its first complaint; NULL: none */
    int dtd;           /* it came to a DOCTYPE */
} report_t;

static apr_status_t free_parser(void *parser)
{
    xmlFreeParserCtxt(parser);
    return APR_SUCCESS;
}

static apr_status_t free_doc(void *doc)
{
    xmlFreeDoc(doc);
    return APR_SUCCESS;
}

/* libxml2 calls this instead of writing to stderr. */
static void note_error(void *parser, error_ptr_t error)
{
    report_t *report = ((xmlParserCtxt *)parser)->_private;

    if (!report->first && error->message) {
        report->first = sso_log_quote(report->cx->pool, error->message,
                                      strcspn(error->message, "\n"), DETAIL_MAX);
    }
}

/* R3: a DOCTYPE ends it before anything in it is read. The scan lets none come here. */
static void refuse_dtd(void *parser, const xmlChar *name, const xmlChar *public_id,
                       const xmlChar *system_id)
{
    report_t *report = ((xmlParserCtxt *)parser)->_private;

    (void)name;
    (void)public_id;
    (void)system_id;
    report->dtd = 1;
    xmlStopParser(parser);
}

/* R4: whatever libxml2 thinks is not quite right is wrong. */
static apr_status_t judge(sso_ctx_t *cx, const xmlParserCtxt *parser, const report_t *report,
                          const xmlDoc *doc)
{
    if (report->dtd || (doc && (doc->intSubset || doc->extSubset))) {
        return sso_fail(cx, SSO_F_XML_FORBIDDEN, "the XML has a DOCTYPE");
    }
    if (!doc || !parser->wellFormed || !parser->nsWellFormed || parser->errNo != XML_ERR_OK) {
        return sso_fail(cx, SSO_F_XML_SYNTAX, "not well-formed XML: %s",
                        report->first ? report->first : "no reason given");
    }
    return APR_SUCCESS;
}

/* The parser of a pool, made when it is first needed: the texts that one message is read from, itself
 * and what was signed of it, share their names and most of the work of setting up. */
static xmlParserCtxt *parser_of(apr_pool_t *pool)
{
    static const char key[] = "sso_xml_parser";
    xmlParserCtxt *parser;
    void *kept = NULL;

    if (apr_pool_userdata_get(&kept, key, pool) == APR_SUCCESS && kept) return kept;
    parser = xmlNewParserCtxt();
    if (!parser) return NULL;
    parser->sax->serror = note_error;
    parser->sax->internalSubset = refuse_dtd;
    (void)apr_pool_userdata_setn(parser, key, free_parser, pool);
    return parser;
}

static apr_status_t build_tree(sso_ctx_t *cx, sso_span_t text, xmlDoc **out)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING /* R5 */
                        | XML_PARSE_COMPACT; /* short texts inside of their nodes */
    report_t report = {.cx = cx};
    xmlParserCtxt *parser = parser_of(cx->pool);
    xmlDoc *doc;
    apr_status_t rv;

    if (!parser) return sso_fail(cx, SSO_F_INTERNAL, "libxml2 has no memory");
    parser->_private = &report;
    doc = xmlCtxtReadMemory(parser, text.p, (int)text.n, NULL, NULL, options);
    if (doc) apr_pool_cleanup_register(cx->pool, doc, free_doc, apr_pool_cleanup_null);
    rv = judge(cx, parser, &report, doc);
    parser->_private = NULL;
    if (rv == APR_SUCCESS) *out = doc;
    return rv;
}

xmlNode *sso_xml_walk(const xmlNode *node, const xmlNode *top)
{
    if (node->type == XML_ELEMENT_NODE && node->children) return node->children;
    while (node && node != top && !node->next) {
        node = node->parent;
    }
    return node && node != top ? node->next : NULL;
}

/* R23: scheme, colon, something; a relative one means another thing in another place. None with '&':
 * libxml2 2.9 keeps it as "&#38;", so that it would not be what was written. */
static int is_absolute(const char *uri)
{
    apr_size_t n = 0;

    while (apr_isalnum(uri[n]) || uri[n] == '+' || uri[n] == '.' || uri[n] == '-')
        n++;
    return n > 0 && apr_isalpha(uri[0]) && uri[n] == ':' && uri[n + 1] != '\0'
           && strpbrk(uri, SPACES "&") == NULL;
}

static apr_status_t check_namespaces(sso_ctx_t *cx, const xmlNode *node)
{
    const xmlNs *ns;

    for (ns = node->nsDef; ns; ns = ns->next) {
        const char *uri = (const char *)ns->href;
        int undeclares = !ns->prefix && (!uri || !*uri);

        if (!undeclares && (!uri || !is_absolute(uri))) {
            return sso_fail(cx, SSO_F_XML_NAMESPACE, "namespace '%s' is not an absolute URI",
                            uri ? sso_log_quote(cx->pool, uri, strlen(uri), DETAIL_MAX) : "");
        }
    }
    return APR_SUCCESS;
}

/* The value of an attribute as a text of its own. libxml2 keeps it as a list of nodes. */
static const char *value_of(apr_pool_t *pool, const xmlAttr *attr)
{
    const xmlNode *text = attr->children;
    xmlChar *joined;
    const char *value;

    if (!text) return "";
    if (!text->next && text->type == XML_TEXT_NODE) {
        return apr_pstrdup(pool, text->content ? (const char *)text->content : "");
    }
    joined = xmlNodeListGetString(attr->doc, attr->children, 1);
    value = joined ? apr_pstrdup(pool, (const char *)joined) : "";
    xmlFree(joined);
    return value;
}

/* Names that some specification of ours uses for an ID. */
static int names_an_id(const xmlAttr *attr)
{
    static const char *const name[] = {"ID", "Id", "id", "AssertionID"};
    apr_size_t i;

    if (attr->ns || !strchr("IiA", attr->name[0])) return 0;
    for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        if (strcmp((const char *)attr->name, name[i]) == 0) return 1;
    }
    return 0;
}

static int is_xml_id(const xmlAttr *attr)
{
    return attr->ns && attr->ns->href && xmlStrEqual(attr->ns->href, XML_XML_NAMESPACE)
           && xmlStrEqual(attr->name, BAD_CAST "id");
}

/* A name without a colon, of the characters that real ones are made of. */
static int is_id(const char *id)
{
    apr_size_t n = strspn(id, LETTERS DIGITS "._-");

    return n > 0 && n <= SSO_XML_ID_MAX && id[n] == '\0' && strchr(LETTERS "_", id[0]);
}

/* R12: nothing that could be taken for an ID is there twice. */
static apr_status_t check_ids(sso_ctx_t *cx, const xmlNode *node, apr_hash_t *seen)
{
    const xmlAttr *attr;

    for (attr = node->properties; attr; attr = attr->next) {
        const char *id;

        if (is_xml_id(attr)) return sso_fail(cx, SSO_F_XML_ID, "xml:id is not used in SAML");
        if (!names_an_id(attr)) continue;
        id = value_of(cx->pool, attr);
        if (!is_id(id)) {
            return sso_fail(cx, SSO_F_XML_ID, "'%s' cannot be an ID",
                            sso_log_quote(cx->pool, id, strlen(id), DETAIL_MAX));
        }
        if (apr_hash_get(seen, id, APR_HASH_KEY_STRING)) {
            return sso_fail(cx, SSO_F_XML_ID, "the ID '%s' is used twice", id);
        }
        apr_hash_set(seen, id, APR_HASH_KEY_STRING, id);
    }
    return APR_SUCCESS;
}

static apr_status_t check_tree(sso_ctx_t *cx, const xmlDoc *doc)
{
    const xmlNode *root = xmlDocGetRootElement(doc);
    apr_hash_t *seen = apr_hash_make(cx->pool);
    const xmlNode *node;

    for (node = root; node; node = sso_xml_walk(node, root)) {
        apr_status_t rv;

        if (node->type != XML_ELEMENT_NODE) continue;
        rv = check_namespaces(cx, node);
        if (rv == APR_SUCCESS) rv = check_ids(cx, node, seen);
        if (rv != APR_SUCCESS) return rv;
    }
    return APR_SUCCESS;
}

apr_status_t sso_xml_parse(sso_ctx_t *cx, sso_span_t text, const sso_xml_limits_t *limits,
                           xmlDoc **out)
{
    xmlDoc *doc = NULL;
    apr_status_t rv;

    if (text.n > INT_MAX) return sso_fail(cx, SSO_F_XML_SIZE, "the XML is too large to read");
    rv = sso_xml_check(cx, text, limits);
    if (rv == APR_SUCCESS) rv = build_tree(cx, text, &doc);
    if (rv == APR_SUCCESS) rv = check_tree(cx, doc);
    if (rv == APR_SUCCESS) *out = doc;
    return rv;
}

int sso_xml_is(const xmlNode *node, const char *ns, const char *local)
{
    return node->type == XML_ELEMENT_NODE && node->ns && node->ns->href
           && (char)node->name[0] == local[0] && strcmp((const char *)node->name, local) == 0
           && strcmp((const char *)node->ns->href, ns) == 0;
}

/* This node or the first after it that is an element. */
static xmlNode *element_from(xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE) {
        node = node->next;
    }
    return node;
}

xmlNode *sso_xml_first(const xmlNode *parent)
{
    return element_from(parent->children);
}

xmlNode *sso_xml_following(const xmlNode *node)
{
    return element_from(node->next);
}

static xmlNode *named_from(xmlNode *node, const char *ns, const char *local)
{
    while (node && !sso_xml_is(node, ns, local)) {
        node = node->next;
    }
    return node;
}

xmlNode *sso_xml_child(const xmlNode *parent, const char *ns, const char *local)
{
    return named_from(parent->children, ns, local);
}

xmlNode *sso_xml_next(const xmlNode *node, const char *ns, const char *local)
{
    return named_from(node->next, ns, local);
}

const char *sso_xml_attr(sso_ctx_t *cx, const xmlNode *node, const char *name)
{
    const xmlAttr *attr;

    for (attr = node->properties; attr; attr = attr->next) {
        if (!attr->ns && strcmp((const char *)attr->name, name) == 0) {
            return value_of(cx->pool, attr);
        }
    }
    return NULL;
}

static const char *trimmed(apr_pool_t *pool, const char *text)
{
    apr_size_t n;

    text += strspn(text, SPACES);
    for (n = strlen(text); n > 0 && strchr(SPACES, text[n - 1]);) {
        n--;
    }
    return apr_pstrmemdup(pool, text, n);
}

apr_status_t sso_xml_text(sso_ctx_t *cx, const xmlNode *node, int trim, const char **out)
{
    apr_array_header_t *parts = apr_array_make(cx->pool, 1, sizeof(const char *));
    const xmlNode *child;
    const char *joined;

    for (child = node->children; child; child = child->next) {
        if (child->type != XML_TEXT_NODE) {
            return sso_fail(cx, SSO_F_XML_TEXT, "%s holds something else than text", node->name);
        }
        if (child->content) APR_ARRAY_PUSH(parts, const char *) = (const char *)child->content;
    }
    joined = apr_array_pstrcat(cx->pool, parts, '\0');
    *out = trim ? trimmed(cx->pool, joined) : joined;
    return APR_SUCCESS;
}

apr_status_t sso_xml_start(sso_ctx_t *cx)
{
    (void)cx;
    xmlInitParser(); /* has its own lock and its own flag */
    return APR_SUCCESS;
}
