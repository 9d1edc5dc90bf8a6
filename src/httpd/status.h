/*
 * status.h - SetHandler sso-status, and our section in mod_status's page.
 *
 * Owns:  who is asked for the figures.
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_STATUS_H
#define SSO_HTTPD_STATUS_H

#include "httpd/module.h"

/* handler: answers where SetHandler sso-status is set. Who may see it is httpd's to say (Require). */
int sso_status_handle(request_rec *r);

/* Put our section into the page of mod_status, where that is loaded. */
void sso_status_register(apr_pool_t *p);

/* Every provider of every server once: array of const sso_provider_t * in p. */
apr_array_header_t *sso_status_providers(server_rec *main_server, apr_pool_t *p);

#endif /* SSO_HTTPD_STATUS_H */
