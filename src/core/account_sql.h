/*
 * account_sql.h - records of people in SQL tables.
 *
 * Owns:  the ledger over account_db.
 * Layer: core (base).
 * Lives: one per process, as long as its pool.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ACCOUNT_SQL_H
#define SSO_CORE_ACCOUNT_SQL_H

#include "core/account.h"

/* driver and params as in SSOAccountDatabase; the tables are there (sso_account_db_setup). Opens
 * nothing yet. SSO_F_CONFIG: no such driver. */
apr_status_t sso_account_sql_make(sso_ctx_t *cx, apr_pool_t *pool, const char *driver,
                                  const char *params, sso_ledger_t **out);

#endif /* SSO_CORE_ACCOUNT_SQL_H */
