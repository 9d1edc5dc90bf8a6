/*
 * saml_assertion.h - does a verified Assertion say, to us and now, who the user is.
 *
 * Owns:  the profile checks inside an Assertion (R34-R39), in one list; the way from it to an
 *        identity.
 * Layer: saml (base, crypto, core, libxml2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_ASSERTION_H
#define SSO_SAML_SAML_ASSERTION_H

#include "saml/saml_message.h"

/* What it says. */
typedef struct {
    sso_identity_t *who;
    const char *id;
    apr_time_t until; /* NotOnOrAfter of the confirmation that held */
} sso_saml_said_t;

/**
 * Run every check over an Assertion and read it.
 *
 * @param assertion root or child of a document that was parsed from signed octets (R10), or
 *                  decrypted out of such a document.
 * @param out       untouched unless every check holds.
 * @return          the fault of the first check that does not.
 * @spec            SAML Core 2.3-2.7; Profiles 4.1.4.2, 4.1.4.3.
 */
apr_status_t sso_saml_assertion_read(sso_ctx_t *cx, const sso_saml_measure_t *measure,
                                     xmlNode *assertion, sso_saml_said_t *out);

#endif /* SSO_SAML_SAML_ASSERTION_H */
