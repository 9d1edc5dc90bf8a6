/*
 * saml_scan.h - the form of untrusted XML, checked before any parser sees it.
 *
 * Owns:  sso_xml_check() and the limits of what is let in (R1, R2).
 * Layer: saml (base).
 *
 * libxml2 compares every attribute of a tag with every other before it tells anybody, and builds a
 * tree of thirty times the size of what it reads: 32 000 attributes cost seconds. So the numbers
 * are bounded by a pass that does nothing but count.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_SCAN_H
#define SSO_SAML_SAML_SCAN_H

#include "base/ctx.h"
#include "base/span.h"

/* Bounds that no message of a provider comes near; the same for every document. */
#define SSO_XML_DEPTH      48 /* elements inside each other */
#define SSO_XML_ATTRIBUTES 64 /* of one tag, namespace declarations not counted */
#define SSO_XML_NS_TAG     16 /* namespace declarations of one tag */
#define SSO_XML_NS_SCOPE   64 /* namespace declarations in scope anywhere */

/* What is let in. */
typedef struct {
    apr_size_t bytes; /* longest text */
    int elements;     /* most elements, and most attributes of all together; messages 20 000,
                         metadata more */
    int comments;     /* non-zero: comments and CDATA may stand in the text (metadata, or a provider
                         that was allowed to); a signed region never has them (R22) */
} sso_xml_limits_t;

/**
 * Check the form of untrusted XML in one linear pass, before any parser sees it (R2).
 *
 * UTF-8 without BOM or another encoding declaration; no "<!" (no DOCTYPE, ENTITY, CDATA, comment)
 * unless comments are allowed, and then only those two; no "<?" after the XML declaration; one
 * root; the bounds above; no NUL or control byte; no reference but to a character that may stand
 * there or to one of the five that XML itself names.
 *
 * @return APR_SUCCESS or SSO_F_XML_SIZE, _FORBIDDEN, _LIMIT, _SYNTAX.
 */
apr_status_t sso_xml_check(sso_ctx_t *cx, sso_span_t text, const sso_xml_limits_t *limits);

#endif /* SSO_SAML_SAML_SCAN_H */
