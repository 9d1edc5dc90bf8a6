/*
 * oidc_logout.h - the end of sessions, told to the provider and heard from it.
 *
 * Owns:  RP-initiated, back-channel and front-channel logout.
 * Layer: oidc (base, crypto, net, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_LOGOUT_H
#define SSO_OIDC_OIDC_LOGOUT_H

#include "core/protocol.h"
#include "oidc/oidc_state.h"

#define SSO_OIDC_BACKCHANNEL  "backchannel"
#define SSO_OIDC_FRONTCHANNEL "frontchannel"
#define SSO_OIDC_SIGNED_OUT   "signedout" /* where the provider sends the browser back to */

/* What to remember of a login for its logout: the ID token, to be the hint; NULL: nothing. */
const char *sso_oidc_logout_handle(const sso_oidc_state_t *st, const sso_oidc_metadata_t *meta,
                                   const char *id_token);

/**
 * Send the browser to the provider's end_session_endpoint.
 *
 * @return APR_NOTFOUND: it has none, or SSOOidcLogout is off.
 * @spec   R16; OpenID Connect RP-Initiated Logout 1.0.
 */
apr_status_t sso_oidc_logout_start(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                                   const sso_leaving_t *who, sso_flow_t *flow, sso_reply_t *reply);

/**
 * Read what arrives at one of the three leaves.
 *
 * @return SSO_F_OIDC_LOGOUT, with what was wrong in the detail, for a message of the provider's
 *         server; SSO_F_LOGOUT_UNKNOWN for a browser that comes back from a logout that is not its own.
 * @spec   R14, R15, R16; OpenID Connect Back-Channel Logout 1.0, section 2.6; Front-Channel Logout
 *         1.0, section 3.
 */
apr_status_t sso_oidc_logout_hear(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                                  sso_request_t *req, const char *leaf, const sso_flows_t *flows,
                                  sso_notice_t *out);

/* 200 for sessions that have ended; to a frame, a page that the provider's site may frame. */
apr_status_t sso_oidc_logout_answer(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                    const sso_notice_t *notice, int ended, sso_reply_t *reply);

#endif /* SSO_OIDC_OIDC_LOGOUT_H */
