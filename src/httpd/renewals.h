/*
 * renewals.h - from requests that meet a session whose time has come to whoever renews it.
 *
 * Owns:  the queue of this child.
 * Layer: httpd.
 *
 * A request never waits: it leaves a note, or drops it when the queue is full. The thread of
 * mod_watchdog in the same child takes it from there. One child also notes what is due without a
 * request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_RENEWALS_H
#define SSO_HTTPD_RENEWALS_H

#include "core/renew.h"
#include "httpd/module.h"

/* In a child, before there are threads. Without it notes go nowhere. */
void sso_renewals_open(apr_pool_t *pchild);

/* A request has met this session, which is due: note it, unless somebody has. */
void sso_renewals_note(request_rec *r, const sso_site_t *site, const sso_session_t *session);

/* Note the sessions that are due without a request. Quick: nobody is asked. */
void sso_renewals_note_all(sso_ctx_t *cx, server_rec *main_server);

/* The oldest note; 0: there is none. */
int sso_renewals_take(sso_renew_task_t *out);

#endif /* SSO_HTTPD_RENEWALS_H */
