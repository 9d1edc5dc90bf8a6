/*
 * oidc_initiate.h - a login that begins at the provider: a tile on its page.
 *
 * Owns:  NAME/initiate.
 * Layer: oidc (core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_INITIATE_H
#define SSO_OIDC_OIDC_INITIATE_H

#include "core/protocol.h"
#include "oidc/oidc_state.h"

/**
 * Start a login because somebody else wants one. Only iss, login_hint and target_link_uri are looked
 * at; a target that is not of this site is "/". Who is signed in by this provider goes there at once.
 *
 * @return SSO_F_METHOD, SSO_F_PARAM_*; SSO_F_OIDC_INITIATE about "iss"; what sso_login_start says.
 * @spec   R17, R18; Core, section 4.
 */
apr_status_t sso_oidc_initiate(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                               sso_request_t *req, sso_reply_t *reply);

#endif /* SSO_OIDC_OIDC_INITIATE_H */
