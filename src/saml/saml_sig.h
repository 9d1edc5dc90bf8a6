/*
 * saml_sig.h - is this element signed by one of these keys, and what exactly was signed.
 *
 * Owns:  verifying and making enveloped signatures (R10-R27).
 * Layer: saml (base, crypto, libxml2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_SIG_H
#define SSO_SAML_SAML_SIG_H

#include "saml/saml_verify.h"

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
 *                 SSO_F_SIG_PROFILE, SSO_F_SIG_ALGORITHM, SSO_F_SIGNATURE; SSO_F_XML_SIZE when the
 *                 signed octets are longer than the limits.
 */
apr_status_t sso_saml_sig_check(sso_ctx_t *cx, xmlNode *element, const sso_saml_trust_t *trust,
                                const sso_xml_limits_t *limits, xmlDoc **verified);

/* The same, but the octets themselves: for what is too long for a second tree. Their root is the
 * element. */
apr_status_t sso_saml_sig_octets(sso_ctx_t *cx, xmlNode *element, const sso_saml_trust_t *trust,
                                 apr_size_t max, sso_span_t *octets);

/* The same by another verifier: for tests that compare two. */
apr_status_t sso_saml_sig_check_by(sso_ctx_t *cx, const sso_saml_verifier_t *verifier,
                                   xmlNode *element, const sso_saml_trust_t *trust,
                                   const sso_xml_limits_t *limits, xmlDoc **verified);

/**
 * Sign a message we made: enveloped, exclusive C14N, the Signature right after its Issuer, or first
 * where there is none.
 *
 * @param xml the message; its root has an ID attribute.
 * @param out the signed message, in cx->pool.
 * @return    APR_SUCCESS, or SSO_F_INTERNAL: the key or the message is not fit to be signed.
 */
apr_status_t sso_saml_sig_make(sso_ctx_t *cx, sso_span_t xml, const sso_key_pair_t *pair,
                               sso_span_t *out);

#endif /* SSO_SAML_SAML_SIG_H */
