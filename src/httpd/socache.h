/*
 * socache.h - httpd's own providers of shared caches as the remote memory of a store.
 *
 * Owns:  what makes of their answers what sso_remote_ops_t promises; how long a request waits.
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_SOCACHE_H
#define SSO_HTTPD_SOCACHE_H

#include "httpd/startup.h"
#include "store/remote.h"

/* Does SSOSessionStore name a cache? */
int sso_socache_is_wanted(const server_rec *main_server);

/* check_config: find the provider and give it its arguments. OK, or what is wrong was told. */
int sso_socache_plan(const sso_startup_t *setup);

/* post_config: NULL in *out where sessions are kept on this machine only. */
apr_status_t sso_socache_open(sso_ctx_t *cx, server_rec *main_server, sso_remote_t **out);

#endif /* SSO_HTTPD_SOCACHE_H */
