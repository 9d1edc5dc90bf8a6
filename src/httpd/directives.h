/*
 * directives.h - httpd's view of the tables of settings.
 *
 * Owns:  the command table, <SSOProvider>, <SSOPeer>, creating and merging.
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_DIRECTIVES_H
#define SSO_HTTPD_DIRECTIVES_H

#include "httpd/module.h"

void *sso_directives_make_dir(apr_pool_t *p, char *where);
void *sso_directives_merge_dir(apr_pool_t *p, void *outer, void *inner);
void *sso_directives_make_server(apr_pool_t *p, server_rec *s);
void *sso_directives_merge_server(apr_pool_t *p, void *outer, void *inner);

extern const command_rec sso_directives[];

#endif /* SSO_HTTPD_DIRECTIVES_H */
