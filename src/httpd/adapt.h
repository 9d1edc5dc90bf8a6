/*
 * adapt.h - request_rec to request, reply to response.
 *
 * Owns:  sending replies; the only place that writes to a response.
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_ADAPT_H
#define SSO_HTTPD_ADAPT_H

#include "httpd/module.h"

/* The request as the core sees it: views, no copies. The cookie is the one that the browser sent,
 * also after an internal redirect and after we hid ours from the backend. */
void sso_adapt_request(request_rec *r, const sso_site_t *site, sso_request_t *out);

/* The headers of a reply, for an answer that somebody else gives. */
void sso_adapt_headers(request_rec *r, const sso_reply_t *reply);

/**
 * Send a reply with its own body, whatever its status: an ErrorDocument is never reached through
 * us, because httpd would serve it without asking for a login when it lies in the same directory.
 *
 * @param handler non-zero in a handler, where httpd has inserted the output filters already.
 * @return        OK in a handler, DONE elsewhere.
 */
int sso_adapt_send(request_rec *r, const sso_reply_t *reply, int handler);

/* In an output filter, before any of the answer has passed: send a reply in its place, with the end of
 * the answer. bb is emptied. */
apr_status_t sso_adapt_replace(ap_filter_t *f, const sso_reply_t *reply, apr_bucket_brigade *bb);

#endif /* SSO_HTTPD_ADAPT_H */
