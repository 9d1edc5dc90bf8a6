/*
 * accounts.h - accounts of this httpd: who shares them, where they are, who opens the database.
 *
 * Owns:  SSOAccounts, SSOAccountDatabase and SSOOwner, from words to sso_accounts_t.
 * Layer: httpd.
 * Lives: planned with the configuration; the ledger is each child's own.
 *
 * Requests run as another user than the one who starts httpd. The tables are made by a process that
 * has become that user, so that what works at the start works in requests.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_ACCOUNTS_H
#define SSO_HTTPD_ACCOUNTS_H

#include "httpd/module.h"

/* Plan the accounts of every host; sites are made already. NULL, or what is wrong with which line of
 * which host (*where). state_dir: absolute. */
const char *sso_accounts_plan(apr_pool_t *p, server_rec *main_server, const char *state_dir,
                              server_rec **where, const char **what);

/* At a start: the directory, and the tables. NULL, or why not to start. A database that cannot be
 * reached just now is no reason: it is logged, and logins fail until it can be. */
const char *sso_accounts_start(apr_pool_t *ptemp, server_rec *main_server);

/* In a child: what it needs to reach the database. */
void sso_accounts_open(apr_pool_t *pchild, server_rec *main_server);

/* Now and then, in one child: sessions follow records that others have changed: another machine, or
 * ssoctl. */
void sso_accounts_watch(apr_pool_t *pool, server_rec *main_server);

/* Now and then, in one child: peers hear what has become of the people that they know from us. */
void sso_accounts_tell(apr_pool_t *pool, server_rec *main_server, int (*is_cancelled)(void *));

#endif /* SSO_HTTPD_ACCOUNTS_H */
