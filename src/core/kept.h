/*
 * kept.h - a form that was sent to a session that is over: kept, and sent again after the login.
 *
 * Owns:  which requests are kept, the cookie that opens what is kept, the way back to it.
 * Layer: core (base, crypto).
 * Lives: sealed in a file of the state directory, until it is sent again; 15 minutes at most.
 *
 * The key is in a cookie of the browser and nowhere else. After the login a page of ours posts a few
 * bytes that name the form to where the form was going; there its body takes their place, once, and
 * only for the person it was of. docs/FORMS.md says why it is done in this way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_KEPT_H
#define SSO_CORE_KEPT_H

#include "core/directory.h"
#include "core/reply.h"
#include "core/request.h"
#include "core/session.h"
#include "core/site.h"

#define SSO_KEPT_LEAF        "kept" /* below SSOPath: the page that sends it again */
#define SSO_KEPT_PLACE_CHARS 25     /* "sso-kept=" and 16 hex digits */
#define SSO_KEPT_PLACE_TYPE  "application/x-www-form-urlencoded"

/* What takes the place of the few bytes. */
typedef struct {
    const char *type; /* Content-Type; "" : none was said */
    sso_span_t body;
} sso_kept_t;

/**
 * Is the request, which nobody may make without a login, one to be kept? A POST of a form that a page
 * of this site sends in a window of its own, where SSOKeepPost is on, by somebody who was signed in.
 *
 * @param session who is there, only not freshly or strongly enough; NULL: nobody.
 * @param person  of whom it is.
 */
int sso_kept_wants(sso_ctx_t *cx, const sso_site_t *site, const sso_directory_t *dir,
                   const sso_request_t *req, const sso_session_t *session, sso_store_key_t *person);

/**
 * Keep it.
 *
 * @param path where the login is to lead.
 * @return     SSO_F_KEPT_SIZE, SSO_F_KEPT_FULL, SSO_F_BODY_READ.
 */
apr_status_t sso_kept_put(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                          const sso_store_key_t *person, const char **path, sso_reply_t *reply);

/* The page below SSOPath. SSO_F_KEPT_GONE, SSO_F_KEPT_OTHER. */
apr_status_t sso_kept_serve(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                            sso_reply_t *reply);

/**
 * A body of SSO_KEPT_PLACE_CHARS bytes came where the session may post to: does it stand for a form?
 *
 * @param reply headers for the answer to the form; or, when its kind is a redirect, all of the answer:
 *              the form has been sent already.
 * @return      APR_NOTFOUND (no fault recorded): it stands for itself; SSO_F_KEPT_GONE,
 *              SSO_F_KEPT_OTHER.
 */
apr_status_t sso_kept_take(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                           const sso_session_t *session, sso_span_t body, sso_kept_t *out,
                           sso_reply_t *reply);

#endif /* SSO_CORE_KEPT_H */
