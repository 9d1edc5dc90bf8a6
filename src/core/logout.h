/*
 * logout.h - ending one's own session.
 *
 * Owns:  local logout and its pages.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_LOGOUT_H
#define SSO_CORE_LOGOUT_H

#include "core/request.h"
#include "core/session.h"
#include "core/site.h"

/**
 * SSOPath/logout: a POST, or a GET with evidence that it comes from this site, ends the session;
 * any other GET asks first (R72), so that no foreign page can log people out.
 *
 * The query's "return" may name a local path to go to afterwards.
 */
apr_status_t sso_logout(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                        sso_reply_t *reply);

#endif /* SSO_CORE_LOGOUT_H */
