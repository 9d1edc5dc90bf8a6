/*
 * process.h - from a complete configuration to sites that can serve: at start, at every restart.
 *
 * Owns:  the order of things; state directory and sealing keys.
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_PROCESS_H
#define SSO_HTTPD_PROCESS_H

#include "httpd/module.h"

/* check_config: keys, providers, sites; every mistake is named with its file and line, so that
 * `apachectl configtest` finds it. */
int sso_process_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                      server_rec *main_server);

/* post_config: what the children will share, and what is done in the background. */
int sso_process_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                      server_rec *main_server);

/* child_init, before there are threads: what asks other servers, and the account database. */
void sso_process_start_child(apr_pool_t *pool, server_rec *main_server);

#endif /* SSO_HTTPD_PROCESS_H */
