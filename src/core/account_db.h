/*
 * account_db.h - connections to the account database: opened when needed, shared by threads,
 * replaced when broken.
 *
 * Owns:  the dialects, the schema and its migrations, prepared statements, transactions.
 * Layer: core (base).
 * Lives: one sso_account_db_t per process, from its first use to its end; a connection is one
 *        thread's from take to give.
 *
 * Everything that comes from outside reaches the database as an argument of a prepared statement.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ACCOUNT_DB_H
#define SSO_CORE_ACCOUNT_DB_H

#include "base/ctx.h"

#include <apr_dbd.h>

/* The statements, in the order of account_db.c. */
typedef enum {
#define STATEMENT(name, sql) SSO_SQL_##name,
#include "core/account_db.def"
#undef STATEMENT
    SSO_SQL_STATEMENTS
} sso_sql_t;

typedef struct sso_account_db sso_account_db_t;
typedef struct sso_account_conn sso_account_conn_t;

/* NULL, or why the words of SSOAccountDatabase cannot be used: driver, parameters. */
const char *sso_account_db_check(apr_pool_t *p, const char *driver, const char *params);

/**
 * Make or renew the tables. At start-up, by the user whom requests run as.
 *
 * @param made the file that says that they were made before; NULL: they may be made.
 * @return SSO_F_CONFIG: cannot be used like this. SSO_F_ACCOUNT_DATABASE: cannot be reached now.
 */
apr_status_t sso_account_db_setup(sso_ctx_t *cx, const char *driver, const char *params,
                                  const char *made);

/* What a process needs; nothing is opened yet. Ends with pool, when no thread uses it any more.
 * SSO_F_CONFIG: no such driver. */
apr_status_t sso_account_db_make(sso_ctx_t *cx, apr_pool_t *pool, const char *driver,
                                 const char *params, sso_account_db_t **out);

/* A connection for this thread alone. SSO_F_ACCOUNT_DATABASE. */
apr_status_t sso_account_db_take(sso_ctx_t *cx, sso_account_db_t *db, sso_account_conn_t **out);

/* Give it back; a broken one is closed. */
void sso_account_db_give(sso_account_db_t *db, sso_account_conn_t *conn);

/* From now on, commits of the connection are on the disk (or need not be). */
apr_status_t sso_account_db_durable(sso_ctx_t *cx, sso_account_conn_t *conn, int durable);

/* A transaction, alone among writers. `end` with commit 0 undoes it, and never fails. */
apr_status_t sso_account_db_begin(sso_ctx_t *cx, sso_account_conn_t *conn);
apr_status_t sso_account_db_end(sso_ctx_t *cx, sso_account_conn_t *conn, int commit);

/* The rows of a result, one at a time. */
typedef struct {
    apr_dbd_results_t *res;
    apr_dbd_row_t *row; /* the current one; the drivers count by it */
} sso_account_rows_t;

/* A statement without or with results. args: as many texts as it has places. */
apr_status_t sso_account_db_query(sso_ctx_t *cx, sso_account_conn_t *conn, sso_sql_t statement,
                                  const char **args, int *rows);
apr_status_t sso_account_db_select(sso_ctx_t *cx, sso_account_conn_t *conn, sso_sql_t statement,
                                   const char **args, sso_account_rows_t *out);

/* Go to the first or next row; 0: there is none. And one of its columns as text: "" for NULL; in
 * cx->pool. */
int sso_account_db_next(sso_ctx_t *cx, sso_account_conn_t *conn, sso_account_rows_t *rows);
const char *sso_account_db_text(sso_ctx_t *cx, sso_account_conn_t *conn,
                                const sso_account_rows_t *rows, int column);

#endif /* SSO_CORE_ACCOUNT_DB_H */
