/*
 * saml_notice.h - what a provider says about sessions: LogoutRequest and LogoutResponse.
 *
 * Owns:  the order in which either is verified, in one list.
 * Layer: saml (base, crypto, core, libxml2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_NOTICE_H
#define SSO_SAML_SAML_NOTICE_H

#include "saml/saml_state.h"

/**
 * Read and verify a message that came by HTTP-Redirect, HTTP-POST or, at the logout address, SOAP.
 *
 * @param soap  whether SOAP is spoken at this address.
 * @param flows the logouts this browser has started.
 * @param out   untouched unless every check holds; more is a sso_saml_asked_t then, if it asks.
 * @return      APR_SUCCESS or the fault of the first check that does not hold.
 * @spec        SAML Core 3.7; Profiles 4.4; Bindings 3.2, 3.4, 3.5.
 */
apr_status_t sso_saml_notice_hear(sso_ctx_t *cx, const sso_idp_t *idp,
                                  const sso_saml_state_t *state, sso_request_t *req, int soap,
                                  const sso_flows_t *flows, sso_notice_t *out);

#endif /* SSO_SAML_SAML_NOTICE_H */
