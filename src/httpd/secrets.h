/*
 * secrets.h - one secret, one other side.
 *
 * Owns:  the comparison of all secrets of a configuration.
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_SECRETS_H
#define SSO_HTTPD_SECRETS_H

#include "httpd/startup.h"

/* No two blocks share a secret: the signed-token handshake has no domain separation between two.
 * But for the two ends of one connection, and two blocks of one OpenID client. */
int sso_secrets_check(const sso_startup_t *setup);

#endif /* SSO_HTTPD_SECRETS_H */
