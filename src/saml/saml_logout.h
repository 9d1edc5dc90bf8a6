/*
 * saml_logout.h - what we say about sessions: LogoutRequest and LogoutResponse.
 *
 * Owns:  making, signing and sending both.
 * Layer: saml (base, crypto, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_LOGOUT_H
#define SSO_SAML_SAML_LOGOUT_H

#include "saml/saml_state.h"

/**
 * Send the browser to the provider with a LogoutRequest, or where SSOSamlLogout says.
 *
 * @param flow request is filled if a LogoutResponse will come; its id becomes RelayState.
 * @return     APR_NOTFOUND: the provider has no address for it, or SSOSamlLogout is off;
 *             SSO_F_CONFIG: no key to sign with; SSO_F_METADATA_EXPIRED.
 * @spec       SAML Core 3.7.1; Profiles 4.4.3.1.
 */
apr_status_t sso_saml_logout_start(sso_ctx_t *cx, const sso_idp_t *idp,
                                   const sso_saml_state_t *state, const sso_leaving_t *who,
                                   sso_flow_t *flow, sso_reply_t *reply);

/* What a LogoutRequest has to be answered with. */
typedef struct {
    const char *request; /* its ID */
    const char *relay;   /* its RelayState, NULL if none */
    int soap;            /* it came by SOAP; so does the answer go */
} sso_saml_asked_t;

/**
 * Answer a LogoutRequest. A provider that names no address for answers gets none: the person sees a
 * page.
 *
 * @param ended Success, or Responder: the sessions could not be ended.
 * @spec        SAML Core 3.7.2; Profiles 4.4.3.4.
 */
apr_status_t sso_saml_logout_answer(sso_ctx_t *cx, const sso_idp_t *idp,
                                    const sso_saml_state_t *state, const sso_saml_asked_t *asked,
                                    int ended, sso_reply_t *reply);

#endif /* SSO_SAML_SAML_LOGOUT_H */
