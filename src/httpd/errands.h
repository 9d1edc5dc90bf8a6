/*
 * errands.h - from requests that end a session to whoever tells others of it.
 *
 * Owns:  the queue of this child.
 * Layer: httpd.
 *
 * A request never waits: it leaves an errand, or drops it when the queue is full. A thread of
 * mod_watchdog in the same child takes it from there, several times if need be. What is left when the
 * child ends is lost, and said so.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_ERRANDS_H
#define SSO_HTTPD_ERRANDS_H

#include "core/errand.h"
#include "httpd/module.h"

/* In a child, before there are threads: sites have somebody to leave errands with from then on. */
void sso_errands_open(apr_pool_t *pchild, server_rec *main_server);

/* Run what is due, for as long as nothing else is to be done. */
void sso_errands_work(sso_ctx_t *cx, int (*is_cancelled)(void *));

#endif /* SSO_HTTPD_ERRANDS_H */
