/*
 * saml_sig.h - is this element signed by one of these keys, and what exactly was signed.
 *
 * Owns:  the profile of XML signatures that we accept and make (R10-R27).
 * Layer: saml (base, crypto, libxml2, xmlsec1).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_SIG_H
#define SSO_SAML_SAML_SIG_H

#include "crypto/keys.h"
#include "saml/saml_xml.h"

/* Whom to believe, and what was loosened for this provider. */
typedef struct {
    const apr_array_header_t *certs; /* of const sso_cert_t *: signing keys of the expected IdP */
    int allow_sha1;
    int allow_inclusive; /* inclusive C14N */
} sso_saml_trust_t;

/* The Signature that is a direct child of the element; NULL if none. */
xmlNode *sso_saml_sig_of(const xmlNode *element);

/**
 * Verify the enveloped signature of an element.
 *
 * The profile is checked before any cryptography (R13, R14, R16, R27): position, one Reference to
 * "#ID" of this element, transforms, algorithms. KeyInfo is not read.
 *
 * @param verified a new document parsed from the very octets that were digested: its root is the
 *                 element without its signature. Data is read from there and nowhere else (R10).
 *                 Freed with cx->pool; untouched unless the signature holds.
 * @return         APR_SUCCESS; APR_NOTFOUND: the element has no signature (no fault recorded);
 *                 SSO_F_SIG_PROFILE, SSO_F_SIG_ALGORITHM, SSO_F_SIGNATURE.
 */
apr_status_t sso_saml_sig_check(sso_ctx_t *cx, xmlNode *element, const sso_saml_trust_t *trust,
                                const sso_xml_limits_t *limits, xmlDoc **verified);

/**
 * Sign a message we made: enveloped, exclusive C14N, the Signature right after its Issuer.
 *
 * @param xml the message; its root has an ID attribute.
 * @param out the signed message, in cx->pool.
 */
apr_status_t sso_saml_sig_make(sso_ctx_t *cx, sso_span_t xml, const sso_key_pair_t *pair,
                               sso_span_t *out);

#endif /* SSO_SAML_SAML_SIG_H */
