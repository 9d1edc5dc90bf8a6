/*
 * auditlog.h - SSOAuditLog: what has happened to people and sessions, one line each.
 *
 * Owns:  the file, or the program that reads the lines.
 * Layer: httpd.
 * Lives: opened by the parent before it gives up its rights; every child writes by itself.
 *
 * A line is written at once, so that lines of several children never mix. Nothing is written while no
 * log is wanted, and nothing by a request that only uses its session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_AUDITLOG_H
#define SSO_HTTPD_AUDITLOG_H

#include "core/event.h"
#include "httpd/module.h"

/* post_config. NULL, or why it cannot be opened. */
const char *sso_auditlog_open(apr_pool_t *pconf, server_rec *main_server);

/* For contexts of requests, and of background work: their `tell`; NULL when nobody wants to know. */
sso_event_fn *sso_auditlog_of_requests(void);
sso_event_fn *sso_auditlog_of_servers(void);

#endif /* SSO_HTTPD_AUDITLOG_H */
