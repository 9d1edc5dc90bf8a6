/*
 * saml_c14n.h - the canonical form of an element.
 *
 * Owns:  Exclusive XML Canonicalization 1.0 and, for old providers, Canonical XML 1.0.
 * Layer: saml (base, libxml2).
 *
 * libxml2 has both, but visits the whole document for one element, looks every prefix up at every
 * element and lets an ancestor's long namespace be written once per descendant: minutes of work for
 * a message of 100 KB. This one visits the element only, and its output has a maximum.
 *
 * What is written here is hashed and compared with what somebody signed, and then parsed anew; a
 * wrong octet can make a good message fail, never a bad one pass.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_C14N_H
#define SSO_SAML_SAML_C14N_H

#include "saml/saml_xml.h"

#define SSO_C14N_PREFIXES 16 /* most prefixes in an InclusiveNamespaces */

/* How to canonicalise. */
typedef struct {
    int inclusive; /* Canonical XML 1.0 */
    int prefixes;  /* exclusive: how many prefixes are treated as in the inclusive form */
    const char *prefix[SSO_C14N_PREFIXES]; /* "" is #default */
} sso_c14n_t;

/**
 * The canonical form of an element and all that is in it, without comments.
 *
 * @param top     the element, in a document made by sso_xml_parse.
 * @param without one child element that is left out, with what is in it; NULL: none.
 * @param max     most bytes of output.
 * @param out     UTF-8, in cx->pool; never empty. Untouched on failure.
 * @return        APR_SUCCESS, SSO_F_XML_SIZE (more than max), SSO_F_SIG_PROFILE (inclusive, and an
 *                ancestor has xml: attributes that would have to be inherited).
 * @spec          https://www.w3.org/TR/xml-exc-c14n/ section 3;
 *                https://www.w3.org/TR/2001/REC-xml-c14n-20010315 section 2.
 */
apr_status_t sso_c14n(sso_ctx_t *cx, const xmlNode *top, const xmlNode *without,
                      const sso_c14n_t *how, apr_size_t max, sso_span_t *out);

#endif /* SSO_SAML_SAML_C14N_H */
