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

/**
 * Send the browser to a provider.
 *
 * @param return_path local path and query to come back to.
 * @return SSO_F_TLS on plain http without SSOInsecureHttp, SSO_F_INACTIVE, SSO_F_LOOP.
 */
apr_status_t sso_login_start(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                             const char *return_path, sso_reply_t *reply);

/**
 * Receive the provider's answer: verify it, spend it, make a session, lead the browser back.
 *
 * A reload of the answer that made the current session leads back as well.
 *
 * @return APR_NOTFOUND (no fault recorded): the message is about a logout, for sso_logout_hear().
 */
apr_status_t sso_login_finish(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                              sso_reply_t *reply);

/* "https://host/.sso/login?provider=NAME&return=...", in cx->pool. */
const char *sso_login_url(sso_ctx_t *cx, const sso_site_t *site, const char *provider,
                          const char *return_path);

/* "https://host/.sso/choose?among=A,B&return=..."; among NULL: all of the site. In cx->pool. */
const char *sso_login_choose_url(sso_ctx_t *cx, const sso_site_t *site, const char *among,
                                 const char *return_path);

#endif /* SSO_CORE_LOGIN_H */
