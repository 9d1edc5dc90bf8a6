/*
 * saml_c14n.c - one walk down the element; a stack of the namespaces that were written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_c14n.h"

#include "base/buf.h"

#include <apr_tables.h>

/* A namespace that an element has to declare, or that an element around it declared. */
typedef struct {
    const char *prefix; /* "" is the default namespace */
    const char *uri;    /* "" undeclares it */
} decl_t;

typedef struct {
    const sso_c14n_t *how;
    const xmlNode *top;
    const xmlNode *without;
    sso_buf_t out;
    apr_array_header_t
        *written;              /* of decl_t: declared by the elements open here, outermost first */
    apr_array_header_t *attrs; /* of const xmlAttr *: of the element being written */
} c14n_t;

static const char *text_of(const xmlChar *z)
{
    return z ? (const char *)z : "";
}

/* ---- characters ---- */

/* The escape of a byte in text; NULL: it stands for itself (Canonical XML 1.0, section 2.3). */
static const char *text_escape(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\r':
        return "&#xD;";
    default:
        return NULL;
    }
}

static const char *attr_escape(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '"':
        return "&quot;";
    case '\t':
        return "&#x9;";
    case '\n':
        return "&#xA;";
    case '\r':
        return "&#xD;";
    default:
        return NULL;
    }
}

static void put_text(sso_buf_t *b, const xmlChar *content)
{
    const char *z = text_of(content);

    for (;;) {
        apr_size_t plain = strcspn(z, "&<>\r");

        sso_buf_add(b, z, plain);
        z += plain;
        if (!*z) return;
        sso_buf_text(b, text_escape(*z++));
    }
}

static void put_value(sso_buf_t *b, const char *z)
{
    for (;;) {
        apr_size_t plain = strcspn(z, "&<\"\t\n\r");

        sso_buf_add(b, z, plain);
        z += plain;
        if (!*z) return;
        sso_buf_text(b, attr_escape(*z++));
    }
}

static void put_name(sso_buf_t *b, const xmlNs *ns, const xmlChar *local)
{
    if (ns && ns->prefix) {
        sso_buf_text(b, text_of(ns->prefix));
        sso_buf_char(b, ':');
    }
    sso_buf_text(b, text_of(local));
}

/* ---- namespaces ---- */

/* Mostly both are of one xmlNs. */
static int is_same(const char *a, const char *b)
{
    return a == b || strcmp(a, b) == 0;
}

/* What the nearest declaration says that was written for a prefix; "" when there is none. */
static const char *written_uri(const c14n_t *c, const char *prefix)
{
    int i;

    for (i = c->written->nelts - 1; i >= 0; i--) {
        const decl_t *d = &APR_ARRAY_IDX(c->written, i, decl_t);

        if (is_same(d->prefix, prefix)) return d->uri;
    }
    return "";
}

/* Let the element declare a namespace (NULL: none, by the default prefix), unless it holds. */
static void declare(c14n_t *c, const xmlNs *ns)
{
    const char *prefix = ns ? text_of(ns->prefix) : "";
    const char *uri = ns ? text_of(ns->href) : "";

    if (is_same(written_uri(c, prefix), uri) || strcmp(prefix, "xml") == 0) return;
    APR_ARRAY_PUSH(c->written, decl_t) = (decl_t){prefix, uri};
}

/* Is it written wherever it is in scope, not only where it is used? */
static int is_inclusive(const c14n_t *c, const xmlNs *ns)
{
    int i;

    if (c->how->inclusive) return 1;
    for (i = 0; i < c->how->prefixes; i++) {
        if (strcmp(c->how->prefix[i], text_of(ns->prefix)) == 0) return 1;
    }
    return 0;
}

/* Is this the declaration that holds at the node, or does a nearer one hide it? */
static int is_in_scope(const xmlNode *node, const xmlNs *wanted)
{
    const xmlNs *ns;

    for (; node && node->type == XML_ELEMENT_NODE; node = node->parent) {
        for (ns = node->nsDef; ns; ns = ns->next) {
            if (xmlStrEqual(ns->prefix, wanted->prefix)) return ns == wanted;
        }
    }
    return 0;
}

/* The first element written declares what came down to it; the others what they change. */
static void declare_inclusive(c14n_t *c, const xmlNode *node)
{
    const xmlNode *from;
    const xmlNs *ns;

    if (!c->how->inclusive && c->how->prefixes == 0) return;
    for (from = node; from && from->type == XML_ELEMENT_NODE; from = from->parent) {
        for (ns = from->nsDef; ns; ns = ns->next) {
            if (is_inclusive(c, ns) && is_in_scope(node, ns)) declare(c, ns);
        }
        if (node != c->top) return;
    }
}

static int by_prefix(const void *a, const void *b)
{
    return strcmp(((const decl_t *)a)->prefix, ((const decl_t *)b)->prefix);
}

static void put_namespaces(c14n_t *c, const xmlNode *node)
{
    int first = c->written->nelts;
    const xmlAttr *attr;
    int i;

    declare(c, node->ns);
    for (attr = node->properties; attr; attr = attr->next) {
        if (attr->ns) declare(c, attr->ns);
    }
    declare_inclusive(c, node);
    if (c->written->nelts == first) return;
    qsort(&APR_ARRAY_IDX(c->written, first, decl_t), (size_t)(c->written->nelts - first),
          sizeof(decl_t), by_prefix);
    for (i = first; i < c->written->nelts; i++) {
        const decl_t *d = &APR_ARRAY_IDX(c->written, i, decl_t);

        sso_buf_text(&c->out, *d->prefix ? " xmlns:" : " xmlns");
        sso_buf_text(&c->out, d->prefix);
        sso_buf_text(&c->out, "=\"");
        put_value(&c->out, d->uri);
        sso_buf_char(&c->out, '"');
    }
}

/* ---- attributes ---- */

static int by_name(const void *a, const void *b)
{
    const xmlAttr *one = *(const xmlAttr *const *)a;
    const xmlAttr *other = *(const xmlAttr *const *)b;
    int order = strcmp(one->ns ? text_of(one->ns->href) : "",
                       other->ns ? text_of(other->ns->href) : "");

    return order ? order : strcmp(text_of(one->name), text_of(other->name));
}

static void put_attribute(c14n_t *c, const xmlAttr *attr)
{
    const xmlNode *text;

    sso_buf_char(&c->out, ' ');
    put_name(&c->out, attr->ns, attr->name);
    sso_buf_text(&c->out, "=\"");
    for (text = attr->children; text; text = text->next) {
        put_value(&c->out, text_of(text->content));
    }
    sso_buf_char(&c->out, '"');
}

static void put_attributes(c14n_t *c, const xmlNode *node)
{
    const xmlAttr *attr;
    int i;

    if (!node->properties) return;
    apr_array_clear(c->attrs);
    for (attr = node->properties; attr; attr = attr->next) {
        APR_ARRAY_PUSH(c->attrs, const xmlAttr *) = attr;
    }
    qsort(c->attrs->elts, (size_t)c->attrs->nelts, sizeof(const xmlAttr *), by_name);
    for (i = 0; i < c->attrs->nelts; i++) {
        put_attribute(c, APR_ARRAY_IDX(c->attrs, i, const xmlAttr *));
    }
}

/* ---- elements ---- */

static void put_start(c14n_t *c, const xmlNode *node)
{
    sso_buf_char(&c->out, '<');
    put_name(&c->out, node->ns, node->name);
    put_namespaces(c, node);
    put_attributes(c, node);
    sso_buf_char(&c->out, '>');
}

static void put_end(c14n_t *c, const xmlNode *node)
{
    sso_buf_text(&c->out, "</");
    put_name(&c->out, node->ns, node->name);
    sso_buf_char(&c->out, '>');
}

/* An element with what is in it; not deeper than sso_xml_parse lets elements nest. */
static void put_element(c14n_t *c, const xmlNode *node)
{
    int around = c->written->nelts;
    const xmlNode *child;

    put_start(c, node);
    for (child = node->children; child && !c->out.full; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && child != c->without) put_element(c, child);
        if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
            put_text(&c->out, child->content);
        }
    }
    put_end(c, node);
    c->written->nelts = around;
}

/* Canonical XML 1.0, section 2.4: the first element would get the xml: attributes around it. */
static int inherits_xml_attributes(const xmlNode *top)
{
    const xmlNode *node;
    const xmlAttr *attr;

    for (node = top->parent; node && node->type == XML_ELEMENT_NODE; node = node->parent) {
        for (attr = node->properties; attr; attr = attr->next) {
            if (attr->ns && xmlStrEqual(attr->ns->href, XML_XML_NAMESPACE)) return 1;
        }
    }
    return 0;
}

apr_status_t sso_c14n(sso_ctx_t *cx, const xmlNode *top, const xmlNode *without,
                      const sso_c14n_t *how, apr_size_t max, sso_span_t *out)
{
    c14n_t c = {.how = how, .top = top, .without = without};

    if (how->inclusive && inherits_xml_attributes(top)) {
        return sso_fail(cx, SSO_F_SIG_PROFILE, "xml: attributes around what is signed");
    }
    c.out = sso_buf_make(cx->pool, 4096, max);
    c.written = apr_array_make(cx->pool, 16, sizeof(decl_t));
    c.attrs = apr_array_make(cx->pool, 16, sizeof(const xmlAttr *));
    put_element(&c, top);
    if (c.out.full) {
        return sso_fail(cx, SSO_F_XML_SIZE, "the canonical form has more than %lu bytes",
                        (unsigned long)max);
    }
    *out = sso_buf_span(&c.out);
    return APR_SUCCESS;
}
