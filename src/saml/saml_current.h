/*
 * saml_current.h - a SAML provider as it is now: metadata that changes while httpd runs.
 *
 * Owns:  the swap from one prepared state to the next; the states of several identity providers, each
 *        made when somebody needs it, and the last ones kept.
 * Layer: saml (base, crypto, core).
 *
 * A login takes the state that is current and holds it until its pool is gone; when other metadata
 * has come, the first login that notices prepares the next state (less than a millisecond), and the
 * old one goes when nobody holds it any more. Keys and settings are those of the start. Metadata
 * that cannot be used leaves the state as it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_CURRENT_H
#define SSO_SAML_SAML_CURRENT_H

#include "saml/saml_state.h"

/* Let a state that was made at start-up follow its metadata. */
apr_status_t sso_saml_current_watch(sso_ctx_t *cx, const sso_provider_t *provider,
                                    sso_saml_state_t *state);

/* The state to use for whatever is done in cx->pool. Without metadata that changes, the one given. */
const sso_saml_state_t *sso_saml_current(sso_ctx_t *cx, const sso_saml_state_t *state);

/**
 * The state of the identity provider of that entity ID: R24, R38, its keys and no others are in it.
 *
 * @param base what sso_saml_current() gave for cx->pool.
 * @param id   NULL: the only one there is, or the default of several.
 * @param out  to be used in cx->pool.
 * @return     SSO_F_IDP_UNKNOWN: nobody here is called that, or it is not said who of several;
 *             SSO_F_CONFIG.
 */
apr_status_t sso_saml_current_member(sso_ctx_t *cx, const sso_saml_state_t *base, const char *id,
                                     const sso_saml_state_t **out);

/**
 * The same where a message names the identity provider that nobody here has asked for: it is looked for
 * among those that are known, and a query service is not asked.
 *
 * @return APR_NOTFOUND (no fault recorded): only the query service could know it; otherwise the same.
 */
apr_status_t sso_saml_current_known(sso_ctx_t *cx, const sso_saml_state_t *base, const char *id,
                                    const sso_saml_state_t **out);

#endif /* SSO_SAML_SAML_CURRENT_H */
