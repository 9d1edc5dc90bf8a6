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

#include "saml/saml_state.h"

/* What an Assertion is measured against. */
typedef struct {
    const sso_saml_state_t *state;
    const char *here;       /* the address at which it arrived */
    const char *entity_id;  /* ours */
    const sso_flow_t *flow; /* the login that it answers; NULL: it began at the provider */
} sso_saml_measure_t;

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

/* ---- of every layer: Response and Assertion ---- */

/* The only child element so named; *out is NULL if there is none. SSO_F_SAML_STRUCTURE: two. */
apr_status_t sso_saml_only(sso_ctx_t *cx, const xmlNode *parent, const char *ns, const char *local,
                           xmlNode **out);

/* Version="2.0" and an ID. */
apr_status_t sso_saml_version_check(sso_ctx_t *cx, const xmlNode *element);

/* Issuer is the expected provider (R38); *found: whether there is one. */
apr_status_t sso_saml_issuer_check(sso_ctx_t *cx, const xmlNode *element, const char *expected,
                                   int *found);

/* IssueInstant lies within the tolerance and five minutes of now (R39). */
apr_status_t sso_saml_instant_check(sso_ctx_t *cx, const xmlNode *element,
                                    apr_interval_time_t skew);

/* Text from a message, made fit for the log. */
const char *sso_saml_quote(sso_ctx_t *cx, const char *text);

#endif /* SSO_SAML_SAML_ASSERTION_H */
