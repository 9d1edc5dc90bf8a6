/*
 * saml_names.h - the names of SAML 2.0: namespaces, bindings, formats, status codes.
 *
 * Owns:  constants only.
 * Layer: saml.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_NAMES_H
#define SSO_SAML_SAML_NAMES_H

#define SAML_NS_PROTOCOL  "urn:oasis:names:tc:SAML:2.0:protocol"
#define SAML_NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define SAML_NS_METADATA  "urn:oasis:names:tc:SAML:2.0:metadata"
#define SAML_NS_DSIG      "http://www.w3.org/2000/09/xmldsig#"
#define SAML_NS_ENC       "http://www.w3.org/2001/04/xmlenc#"

#define SAML_BINDING_REDIRECT "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
#define SAML_BINDING_POST     "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
#define SAML_BINDING_ARTIFACT "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
#define SAML_BINDING_SOAP     "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"

#define SAML_C14N_EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define SAML_C14N_INCLUSIVE "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define SAML_ENVELOPED      "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
#define SAML_DIGEST_SHA256  "http://www.w3.org/2001/04/xmlenc#sha256"

#define SAML_STATUS_SUCCESS   "urn:oasis:names:tc:SAML:2.0:status:Success"
#define SAML_STATUS_RESPONDER "urn:oasis:names:tc:SAML:2.0:status:Responder"
#define SAML_STATUS_PARTIAL   "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
#define SAML_CM_BEARER        "urn:oasis:names:tc:SAML:2.0:cm:bearer"

#define SAML_NS_DISCOVERY "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol"
#define SAML_NS_INITIATE  "urn:oasis:names:tc:SAML:profiles:SSO:request-init"

#define SAML_NAMEID_EMAIL       "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
#define SAML_NAMEID_UNSPECIFIED "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"

#endif /* SSO_SAML_SAML_NAMES_H */
