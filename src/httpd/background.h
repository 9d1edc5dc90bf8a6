/*
 * background.h - what is done without a request: sweeping, following, fetching, renewing, warning.
 *
 * Owns:  how often.
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_BACKGROUND_H
#define SSO_HTTPD_BACKGROUND_H

#include "core/protocol.h"
#include "httpd/module.h"

/* The most that one of the providers does. */
sso_renews_t sso_background_renews(const server_rec *s);

/* Is there a provider whose grants are kept, and given back; or an application that hears of logouts? */
int sso_background_has_errands(const server_rec *s);

/* post_config. Without mod_watchdog sessions lose nothing: expired records go when their room is
 * needed. It has to be there for what is fetched from addresses and for renewals. */
int sso_background_start(server_rec *s, apr_pool_t *p);

#endif /* SSO_HTTPD_BACKGROUND_H */
