/*
 * dump.h - what the configuration says, printed for ssoctl.
 *
 * Owns:  the form of what is printed; nothing of what is said.
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_DUMP_H
#define SSO_HTTPD_DUMP_H

#include "httpd/module.h"

/* test_config: with -D DUMP_SSO describe every provider of every site, with DUMP_SSO_METADATA print
 * our metadata for it, with DUMP_SSO_CHECK what should be changed. */
void sso_dump(apr_pool_t *pconf, server_rec *main_server);

#endif /* SSO_HTTPD_DUMP_H */
