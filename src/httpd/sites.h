/*
 * sites.h - what a virtual host is to browsers.
 *
 * Owns:  sso_site_t of each host; what its sections say of providers that are not there.
 * Layer: httpd.
 * Lives: in the configuration pool.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_SITES_H
#define SSO_HTTPD_SITES_H

#include "httpd/startup.h"

/* check_config, when providers and peers are prepared. */
int sso_sites_make(const sso_startup_t *setup);

#endif /* SSO_HTTPD_SITES_H */
