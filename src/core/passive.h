/*
 * passive.h - one silent attempt to find out who somebody is, who need not be anybody (row 22).
 *
 * Owns:  the cookie that remembers the attempt, the address it goes through.
 * Layer: core.
 * Lives: in the browser; nothing is kept on the server.
 *
 * The way of a navigation to a place with SSOMode passive: the place gives the browser the cookie
 * and sends it to our own address, which sees whether the cookie came back. If it did, the provider
 * is asked, and whatever it says leads to the place again, where the cookie rules out another
 * attempt. If it did not, the browser keeps no cookies: it goes back with a parameter that rules out
 * another attempt in its place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_PASSIVE_H
#define SSO_CORE_PASSIVE_H

#include "core/protocol.h"

#define SSO_PASSIVE_EVERY APR_TIME_C(300000000)   /* 5 min between attempts */
#define SSO_PASSIVE_REST  APR_TIME_C(28800000000) /* 8 h after somebody has signed out */
#define SSO_PASSIVE_LEAF  "passive"

/* May this request be sent on an attempt? A GET that a person sees in the address bar, by what the
 * browser says of it in Sec-Fetch-*: programs and crawlers do not; and none was made lately. */
int sso_passive_may_try(const sso_site_t *site, const sso_request_t *req);

/* Send the browser on it. */
void sso_passive_begin(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                       sso_reply_t *reply);

/* Our own address: on to the provider, or back without an attempt. A login that cannot start is
 * logged, and the browser goes back. */
apr_status_t sso_passive_serve(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                               sso_reply_t *reply);

/* The attempt itself: ask the provider, and of several the issuer, or who was chosen last where that is
 * NULL or "". It leads to path whatever comes of it; a login that cannot start is logged. */
void sso_passive_try(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                     const char *path, const char *issuer, sso_reply_t *reply);

/* No attempt for a while: who has just signed out does not want to be signed in by the next page. */
void sso_passive_rest(sso_ctx_t *cx, const sso_site_t *site, sso_reply_t *reply);

#endif /* SSO_CORE_PASSIVE_H */
