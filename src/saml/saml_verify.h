/*
 * saml_verify.h - is a signature of the right form also right?
 *
 * Owns:  sso_saml_verifier_t, and the one that the product uses.
 * Layer: saml (base, crypto, libxml2).
 *
 * The tests hold another one, made with xmlsec1, against it: same verdicts, same octets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_VERIFY_H
#define SSO_SAML_SAML_VERIFY_H

#include "saml/saml_profile.h"

typedef struct {
    const char *name;

    /**
     * Verify a signature by the keys of the trust and no others (R24).
     *
     * @param profile a form that sso_saml_profile() accepted.
     * @param max     most octets.
     * @param octets  the very bytes that were digested, in cx->pool; untouched unless the signature
     *                holds.
     * @return        APR_SUCCESS, else a fault, SSO_F_SIGNATURE in most cases.
     */
    apr_status_t (*verify)(sso_ctx_t *cx, xmlNode *element, const sso_saml_profile_t *profile,
                           const sso_saml_trust_t *trust, apr_size_t max, sso_span_t *octets);
} sso_saml_verifier_t;

/* Made of saml_c14n and crypto/sign. The signature over the SignedInfo is verified first, so that
 * nobody without a key can make us do more than that. */
extern const sso_saml_verifier_t sso_saml_verifier;

#endif /* SSO_SAML_SAML_VERIFY_H */
