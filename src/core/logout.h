/*
 * logout.h - ending sessions: one's own, and those that a provider wants ended.
 *
 * Owns:  the order of things at a logout, and its pages.
 * Layer: core.
 *
 * A session of ours always ends first; whatever happens at the provider afterwards, or does not, it
 * is gone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_LOGOUT_H
#define SSO_CORE_LOGOUT_H

#include "core/request.h"
#include "core/session.h"
#include "core/site.h"

/**
 * SSOPath/logout: a POST, or a GET with evidence that it comes from this site, ends the session and
 * leads on to its provider; any other GET asks first (R72), so that no foreign page can log people
 * out.
 *
 * The query's "return" may name a landing to go to afterwards. What comes under another name of the site
 * goes on under its own, and need not be asked there what was evident here.
 */
apr_status_t sso_logout(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                        sso_reply_t *reply);

/**
 * A message of a provider about sessions: end those that it names and answer, or complete the logout
 * that this browser has begun.
 *
 * Where the browser's own logout is under way and its session gone, a message that does not hold
 * leads to a page that says so, not to a failure.
 *
 * @param leaf where it arrived: one of the protocol's notices, or its callback.
 */
apr_status_t sso_logout_hear(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                             const char *leaf, sso_reply_t *reply);

#endif /* SSO_CORE_LOGOUT_H */
