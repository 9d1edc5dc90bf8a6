/*
 * log.h - from our contexts to httpd's error log.
 *
 * Owns:  the form of our lines: "SSO: ...".
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_LOG_H
#define SSO_HTTPD_LOG_H

#include "httpd/module.h"

/* A context for a request, and one for start-up and background work. */
sso_ctx_t sso_log_request_ctx(request_rec *r);
sso_ctx_t sso_log_server_ctx(server_rec *s, apr_pool_t *pool);

#endif /* SSO_HTTPD_LOG_H */
