/*
 * redact.h - what logs show of our own addresses.
 *
 * Owns:  the names of parameters whose values they may show.
 * Layer: httpd.
 *
 * Tokens, answers, codes and signatures travel in addresses; who reads logs, backups of them or the
 * status page is told their names only (SSOLogRedact).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_REDACT_H
#define SSO_HTTPD_REDACT_H

#include "httpd/module.h"

/* The request line of one of our addresses, before the status page or a module shows it. */
void sso_redact_line(request_rec *r);

/* Line and query, before any log is written: also of what was refused before it was read. */
int sso_redact_log(request_rec *r);

#endif /* SSO_HTTPD_REDACT_H */
