/*
 * login.h - a login from its start to its session, the same for all protocols.
 *
 * Owns:  the order of things: flow, protocol, single use, bans, profile, session.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_LOGIN_H
#define SSO_CORE_LOGIN_H

#include "core/protocol.h"

#define SSO_LOGIN_FRAGMENT "fragment" /* parameter of the addresses below, next to "return" */

/**
 * Send the browser to a provider.
 *
 * @param return_path the landing to come back to.
 * @param demand      what the login must be like; NULL: like any.
 * @return SSO_F_TLS on plain http without SSOInsecureHttp, SSO_F_INACTIVE, SSO_F_LOOP; SSO_F_REAUTH
 *         or SSO_F_STEP_UP when the provider cannot be asked for such a login.
 */
apr_status_t sso_login_start(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                             const char *return_path, const sso_demand_t *demand,
                             sso_reply_t *reply);

/**
 * Receive the provider's answer: verify it, spend it, make a session, lead the browser back.
 *
 * A reload of the answer that made the current session leads back as well. What does not satisfy
 * the flow's demand is SSO_F_REAUTH or SSO_F_STEP_UP, never another try, and a session that was
 * there stays as it is. When a silent login comes to nothing, be it that the provider would have had
 * to ask the person, the browser goes on to the place it wanted, without an identity (row 22).
 *
 * @return APR_NOTFOUND (no fault recorded): the message is about a logout, for sso_logout_hear().
 */
apr_status_t sso_login_finish(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                              sso_reply_t *reply);

/* "https://host/.sso/login?provider=NAME&return=...", and what the demand adds; NULL: nothing. In
 * cx->pool. */
const char *sso_login_url(sso_ctx_t *cx, const sso_site_t *site, const char *provider,
                          const char *return_path, const sso_demand_t *demand);

/* "https://host/.sso/choose?among=A,B&return=..." and what the demand adds; among NULL: all of the
 * site. In cx->pool. */
const char *sso_login_choose_url(sso_ctx_t *cx, const sso_site_t *site, const char *among,
                                 const char *return_path, const sso_demand_t *demand);

/* Where a link of somebody else's leads: the landing of an address of this site, absolute or not; "/"
 * for any other and for NULL. In cx->pool. */
const char *sso_login_target(sso_ctx_t *cx, const sso_site_t *site, const char *target);

/* Is the browser signed in through this provider, by this issuer? NULL or "": by whichever. */
int sso_login_is_done(sso_ctx_t *cx, const sso_idp_t *idp, const char *issuer,
                      const sso_request_t *req);

#endif /* SSO_CORE_LOGIN_H */
