/*
 * tenants.h - providers of .htaccess files: read once for each version of a file.
 *
 * Owns:  the providers that were read, a bounded number in each child, those least used going first.
 * Layer: httpd.
 * Lives: a provider with its last request; those of files that did not change are kept meanwhile.
 *
 * httpd reads an .htaccess file for every request. What it hands over here is compared with what was read
 * before, letter by letter; the file itself is looked at for whose it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_TENANTS_H
#define SSO_HTTPD_TENANTS_H

#include "httpd/module.h"

/* Reads a section into name, protocol and set of a provider, all of it in cmd->pool; NULL, or what is
 * wrong. */
typedef const char *sso_tenants_read_fn(cmd_parms *cmd, const char *args,
                                        const sso_reader_t *reader, sso_provider_t *provider);

/* Take the section <SSOProvider ...> that cmd is at into what the .htaccess file says; NULL, or why not and
 * what to write instead. */
const char *sso_tenants_take(cmd_parms *cmd, sso_directory_t *dir, const char *args,
                             sso_tenants_read_fn *read);

/* Where sessions of this request are: at the host, or at the site of a tenant's directory. */
const sso_site_t *sso_tenants_site_of(request_rec *r);

/* Where an SSO line names a tenant's provider: can it sign people in by this address, and would nothing be
 * said for the host? SSO_F_CONFIG. */
apr_status_t sso_tenants_check(sso_ctx_t *cx, request_rec *r);

/* Is it an address of the tenant's own whose directory it is in? */
int sso_tenants_is_ours(request_rec *r);

/* Would it give out what may be a secret? */
int sso_tenants_hides(const request_rec *r);

/* When a child starts. */
void sso_tenants_open(apr_pool_t *pool, server_rec *main_server);

#endif /* SSO_HTTPD_TENANTS_H */
