/*
 * oidc_userinfo.h - what the provider says about the person beyond the ID token.
 *
 * Owns:  the userinfo request.
 * Layer: oidc (base, crypto, net).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_USERINFO_H
#define SSO_OIDC_OIDC_USERINFO_H

#include "base/json.h"
#include "oidc/oidc_state.h"

/**
 * Ask for the claims: JSON, or a token that is verified like an ID token.
 *
 * @param subject of the ID token; any other is a token of somebody else (Core, section 5.3.2).
 * @param out     freed with cx->pool; untouched on failure.
 * @return        SSO_F_NET_*; SSO_F_OIDC_USERINFO about "json"; SSO_F_OIDC_SUBJECT; what
 *                sso_oidc_verify and sso_oidc_check_parties say about a signed answer.
 */
apr_status_t sso_oidc_userinfo(sso_ctx_t *cx, const sso_oidc_state_t *st, const char *url,
                               const char *access_token, const char *subject, json_t **out);

#endif /* SSO_OIDC_OIDC_USERINFO_H */
