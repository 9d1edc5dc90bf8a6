/*
 * saml_xml.h - the one door through which XML enters.
 *
 * Owns:  sso_xml_parse() and reading from a tree.
 * Layer: saml (base, libxml2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_XML_H
#define SSO_SAML_SAML_XML_H

#include "saml/saml_scan.h"

#include <libxml/tree.h>

#define SSO_XML_ID_MAX 256 /* bytes of an ID */

/**
 * Check and parse a message from the network: strict, no recovery, no DTD, nothing fetched (R3-R5);
 * then walk it: namespaces absolute (R23), no xml:id, IDs unique and NCNames of at most 256 bytes
 * (R12).
 *
 * @param out the document; freed with cx->pool. Untouched on failure.
 * @return    APR_SUCCESS or SSO_F_XML_*.
 */
apr_status_t sso_xml_parse(sso_ctx_t *cx, sso_span_t text, const sso_xml_limits_t *limits,
                           xmlDoc **out);

/* Is the node an element of that namespace and local name? */
int sso_xml_is(const xmlNode *node, const char *ns, const char *local);

/* First child element so named; NULL if none. Next sibling element so named; NULL if none. */
xmlNode *sso_xml_child(const xmlNode *parent, const char *ns, const char *local);
xmlNode *sso_xml_next(const xmlNode *node, const char *ns, const char *local);

/* First child element and next sibling element of any name. */
xmlNode *sso_xml_first(const xmlNode *parent);
xmlNode *sso_xml_following(const xmlNode *node);

/* The node after this one in the order of the document, not going above top; NULL at the end. */
xmlNode *sso_xml_walk(const xmlNode *node, const xmlNode *top);

/* Value of an attribute without a namespace (R23), in cx->pool; NULL if absent. */
const char *sso_xml_attr(sso_ctx_t *cx, const xmlNode *node, const char *name);

/**
 * Text of an element: all its text nodes joined, in cx->pool (R21).
 *
 * @param trim cut XML white space at both ends (URIs, not names of people).
 * @return     APR_SUCCESS, or SSO_F_XML_TEXT when it has child elements, comments or CDATA.
 */
apr_status_t sso_xml_text(sso_ctx_t *cx, const xmlNode *node, int trim, const char **out);

/* Prepare libxml2 for this process: once, from any number of calls and threads; nothing that a
 * neighbour in the process could notice is changed. Never undone. */
apr_status_t sso_xml_start(sso_ctx_t *cx);

#endif /* SSO_SAML_SAML_XML_H */
