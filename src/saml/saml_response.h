/*
 * saml_response.h - the provider's answer: from a POST to an identity, or a refusal.
 *
 * Owns:  the order in which a Response is verified, in one list.
 * Layer: saml (base, crypto, core, libxml2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_RESPONSE_H
#define SSO_SAML_SAML_RESPONSE_H

#include "saml/saml_state.h"

#define SSO_SAML_FLOW_AGE_SEC 900 /* an answer must arrive within this */

/**
 * Read and verify a Response that arrived by HTTP-POST, or by HTTP-Artifact where
 * SSOSamlResponseBinding says so.
 *
 * Every byte of the identity comes from a document that was parsed from the octets a signature of
 * the provider covers (R10).
 *
 * @param flows the logins this browser has started.
 * @param out   untouched unless every check holds; names the request and the assertion as what may
 *              be accepted once.
 *              With SSOSamlUnsolicited bounce, begin_again for what names no request: nothing of it
 *              has been verified.
 * @return      APR_SUCCESS or the fault of the first check that does not hold; APR_NOTFOUND (no fault
 *              recorded): the message is about a logout.
 * @spec        SAML Profiles 4.1.4.3; Bindings 3.5.
 */
apr_status_t sso_saml_response_finish(sso_ctx_t *cx, const sso_idp_t *idp,
                                      const sso_saml_state_t *state, sso_request_t *req,
                                      const sso_flows_t *flows, sso_answer_t *out);

#endif /* SSO_SAML_SAML_RESPONSE_H */
