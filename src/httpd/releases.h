/*
 * releases.h - from requests that end a session to whoever tells its provider.
 *
 * Owns:  the queue of this child.
 * Layer: httpd.
 *
 * A request never waits: it leaves a note, or drops it when the queue is full. A thread of
 * mod_watchdog in the same child takes it from there, several times if need be. What is left when the
 * child ends is lost, and said so.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_RELEASES_H
#define SSO_HTTPD_RELEASES_H

#include "core/release.h"
#include "httpd/module.h"

/* In a child, before there are threads: sites have somebody to leave notes with from then on. */
void sso_releases_open(apr_pool_t *pchild, server_rec *main_server);

/* Give back what is due, for as long as nothing else is to be done. */
void sso_releases_work(sso_ctx_t *cx, int (*is_cancelled)(void *));

#endif /* SSO_HTTPD_RELEASES_H */
