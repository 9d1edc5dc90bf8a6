/*
 * saml_message.h - what Response and Assertion have in common.
 *
 * Owns:  the checks of every layer (R38, R39), reading times in attributes, opening what is
 *        encrypted inside something signed.
 * Layer: saml (base, crypto, core, libxml2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_MESSAGE_H
#define SSO_SAML_SAML_MESSAGE_H

#include "saml/saml_state.h"

#define SSO_SAML_NO_TIME APR_TIME_C(-1) /* absent; 1970 is a time like any other */

/* What a message is measured against. */
typedef struct {
    const sso_saml_state_t *state;
    const char *here;       /* the address at which it arrived */
    const char *entity_id;  /* ours */
    const char *client;     /* address of the browser; NULL: not known */
    const sso_flow_t *flow; /* the login that it answers; NULL: it began at the provider */
} sso_saml_measure_t;

/* Text from a message, made fit for the log. */
const char *sso_saml_quote(sso_ctx_t *cx, const char *text);

/* The same of a time. */
const char *sso_saml_say_when(sso_ctx_t *cx, apr_time_t t);

/* The only child element so named; *out is NULL if there is none. SSO_F_SAML_STRUCTURE: two. */
apr_status_t sso_saml_only(sso_ctx_t *cx, const xmlNode *parent, const char *ns, const char *local,
                           xmlNode **out);

/* Version="2.0" and an ID. */
apr_status_t sso_saml_version_check(sso_ctx_t *cx, const xmlNode *element);

/* What the Issuer says, which nothing vouches for; NULL: there is none. */
apr_status_t sso_saml_issuer_read(sso_ctx_t *cx, const xmlNode *element, const char **out);

/* Issuer is the expected provider (R38); *found: whether there is one. */
apr_status_t sso_saml_issuer_check(sso_ctx_t *cx, const xmlNode *element, const char *expected,
                                   int *found);

/* IssueInstant lies within the tolerance and five minutes of now (R39). */
apr_status_t sso_saml_instant_check(sso_ctx_t *cx, const xmlNode *element,
                                    apr_interval_time_t skew);

/* A time in an attribute that must be there: SSO_F_SAML_STRUCTURE if it is not, SSO_F_MALFORMED if
 * it cannot be read. */
apr_status_t sso_saml_time_require(sso_ctx_t *cx, const xmlNode *node, const char *name,
                                   apr_time_t *out);

/* The same where it may be absent, and *out keeps its value then; what is there must be readable
 * (R51). */
apr_status_t sso_saml_time_accept(sso_ctx_t *cx, const xmlNode *node, const char *name,
                                  apr_time_t *out);

/* Is now before NotBefore, at or after NotOnOrAfter, with the tolerance? */
int sso_saml_is_too_early(apr_time_t now, apr_time_t not_before, apr_interval_time_t skew);
int sso_saml_is_too_late(apr_time_t now, apr_time_t not_on_or_after, apr_interval_time_t skew);

/**
 * Decrypt an element inside of what was signed: an EncryptedID, an EncryptedAttribute.
 *
 * @param local the element that must come out, of the assertion namespace.
 * @return      what sso_saml_decrypt() returns (R44), or SSO_F_SAML_STRUCTURE: another element.
 */
apr_status_t sso_saml_decrypt_as(sso_ctx_t *cx, const sso_saml_measure_t *measure,
                                 xmlNode *encrypted, const char *local, xmlNode **out);

#endif /* SSO_SAML_SAML_MESSAGE_H */
