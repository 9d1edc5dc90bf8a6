/*
 * saml_request.h - asking the identity provider who the user is.
 *
 * Owns:  the AuthnRequest and the choice of how it travels.
 * Layer: saml (base, crypto, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_REQUEST_H
#define SSO_SAML_SAML_REQUEST_H

#include "core/protocol.h"
#include "saml/saml_state.h"

#define SSO_SAML_URL_MAX 4096 /* bytes of an address; a longer one becomes a form where possible */

/**
 * Send the browser to the provider with an AuthnRequest.
 *
 * Works for strangers, so it must cost little: unsigned it is random bytes, a clock text and two
 * encodings of some 550 bytes.
 *
 * @param flow request is filled unless it is set already; its id becomes RelayState.
 * @return     SSO_F_METADATA_EXPIRED, SSO_F_CONFIG (no key to sign with), SSO_F_INTERNAL.
 * @spec       SAML Core 3.4.1; Profiles 4.1.4.1.
 */
apr_status_t sso_saml_request_start(sso_ctx_t *cx, const sso_idp_t *idp,
                                    const sso_saml_state_t *state, sso_flow_t *flow,
                                    sso_reply_t *reply);

#endif /* SSO_SAML_SAML_REQUEST_H */
