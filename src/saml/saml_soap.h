/*
 * saml_soap.h - the envelope in which servers send each other messages.
 *
 * Owns:  SOAP 1.1 as far as SAML needs it: one message in one Body.
 * Layer: saml (base, libxml2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_SOAP_H
#define SSO_SAML_SAML_SOAP_H

#include "saml/saml_xml.h"

#define SSO_SOAP_TYPE "text/xml"

/**
 * The message in an envelope.
 *
 * @param root of the document that came.
 * @param out  the only element in its Body. Nothing is verified.
 * @return     SSO_F_SAML_TYPE: no envelope; SSO_F_SAML_STRUCTURE: not one message, or a header
 *             that must be understood.
 * @spec       SOAP 1.1, section 4; SAML Bindings 3.2.2.
 */
apr_status_t sso_soap_open(sso_ctx_t *cx, const xmlNode *root, xmlNode **out);

/* A message, without an XML declaration, in an envelope; in cx->pool. */
sso_span_t sso_soap_wrap(sso_ctx_t *cx, sso_span_t xml);

#endif /* SSO_SAML_SAML_SOAP_H */
