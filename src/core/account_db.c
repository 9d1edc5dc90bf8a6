/*
 * account_db.c - connections to the account database, over apr_dbd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/account_db.h"

#include <apr_allocator.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNS_MAX 8                   /* of one process */
#define WAIT_MAX  APR_TIME_C(5000000) /* for one of them */

/* Words of the driver's that have a better explanation than themselves. Its codes will not do: apr_dbd
 * mixes up those of SQLite. */
typedef struct {
    const char *words;
    const char *why;
} sso_cure_t;

/* What differs between the databases. */
typedef struct {
    const char *driver;
    int conns;               /* most connections of a process */
    int is_file;             /* the parameters are a file's path */
    const char *const *open; /* for every connection; all may return rows; NULL at the end */
    const char *durable;     /* commits are on the disk */
    const char *lazy;        /* commits may be lost with the power */
    const char *alone;       /* in a transaction: no other writer until its end; NULL: they are */
    const char *extra;       /* added to the parameters */
    const sso_cure_t *cures; /* ended by a row without `why` */
} dialect_t;

struct sso_account_conn {
    apr_pool_t *pool;
    apr_dbd_t *handle;
    apr_dbd_prepared_t *statement[SSO_SQL_STATEMENTS];
    apr_dbd_transaction_t *trans;
    const sso_account_db_t *db;
    sso_account_conn_t *next; /* in the list of those that are free */
    dev_t device;             /* of the file that was opened */
    ino_t inode;
    int durable; /* 1, 0; -1: not said yet */
    int broken;
};

struct sso_account_db {
    const dialect_t *dialect;
    const apr_dbd_driver_t *driver;
    const char *params;
    apr_pool_t *pool;          /* of connections; with an allocator that threads may share */
    apr_thread_mutex_t *mutex; /* of what follows */
    apr_thread_cond_t *given;
    sso_account_conn_t *free;
    int conns; /* free and taken */
};

/* ---- dialects ---- */

/* Each try to get the lock waits so long, and apr_dbd tries sixteen times, with pauses. */
static const char *const sqlite_open[] = {"PRAGMA busy_timeout = 100", "PRAGMA journal_mode = WAL",
                                          NULL};
static const char *const pgsql_open[] = {
    "SET client_encoding = 'UTF8'",
    "SET statement_timeout = 5000",
    "SET lock_timeout = 5000",
    "SET idle_in_transaction_session_timeout = 10000",
    NULL,
};

static const sso_cure_t sqlite_cures[] = {
    {"locked", "another program holds it: end that"},
    {"readonly", "give file and directory to the user that httpd runs as"},
    {"I/O error", "its disk fails, or is full"},
    {"malformed", "restore it from a backup"},
    {"full", "make room on its disk"},
    {"unable to open", "its directory must be writable for the user that httpd runs as"},
    {"not a database", "name another file"},
    {NULL, NULL},
};
#define MORE_CONNECTIONS "allow more connections: max_connections, or the limit of database or user"
static const sso_cure_t pgsql_cures[] = {
    {"No such file", "is the server running, and is its address right?"},
    {"refused", "is the server running, and is its address right?"},
    {"closed the connection", "is the server running? new connections are made when it is"},
    {"too many connections", MORE_CONNECTIONS},
    {"connection slots", MORE_CONNECTIONS},
    {"could not extend", "make room on its disk"},
    {"No space left", "make room on its disk"},
    {"authentication", "see pg_hba.conf on the server, and passfile= in SSOAccountDatabase"},
    {"does not exist", "make user and database on the server, with createuser and createdb"},
    {"permission denied", "the user must own the database"},
    {"timeout", "another program holds it, or the server is too busy"},
    {NULL, NULL},
};

static const dialect_t dialects[] = {
    {"sqlite3", 1, 1, sqlite_open, "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL", NULL,
     "", sqlite_cures},
    {"pgsql", CONNS_MAX, 0, pgsql_open, "SET synchronous_commit = on",
     "SET synchronous_commit = off", "SELECT pg_advisory_xact_lock(7365711)",
     " connect_timeout=5 tcp_user_timeout=5000 application_name=mod_sso", pgsql_cures},
};

static const dialect_t *find_dialect(const char *driver)
{
    apr_size_t i;

    for (i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        if (!strcasecmp(dialects[i].driver, driver)) return &dialects[i];
    }
    return NULL;
}

/* ---- the schema ---- */

/* One entry takes the tables from its number to the next. They are only ever added to. */
static const char *const first_tables[] = {
    "CREATE TABLE sso_accounts (id TEXT NOT NULL PRIMARY KEY, site TEXT NOT NULL,"
    " email TEXT NOT NULL, email_key TEXT NOT NULL, email_verified INTEGER NOT NULL,"
    " name TEXT NOT NULL, image TEXT NOT NULL, bio TEXT NOT NULL,"
    " banned INTEGER NOT NULL, banned_at BIGINT NOT NULL, banned_by TEXT NOT NULL,"
    " ban_reason TEXT NOT NULL, created BIGINT NOT NULL, updated BIGINT NOT NULL,"
    " last_login BIGINT NOT NULL, epoch BIGINT NOT NULL)",
    "CREATE UNIQUE INDEX sso_accounts_email ON sso_accounts (site, email_key)"
    " WHERE email_verified = 1",
    "CREATE UNIQUE INDEX sso_accounts_epoch ON sso_accounts (site, epoch)",
    "CREATE TABLE sso_identities (site TEXT NOT NULL, realm TEXT NOT NULL, user_id TEXT NOT NULL,"
    " account TEXT NOT NULL, user_name TEXT NOT NULL, created BIGINT NOT NULL,"
    " last_login BIGINT NOT NULL, sync_iat BIGINT NOT NULL, PRIMARY KEY (site, realm, user_id))",
    "CREATE INDEX sso_identities_account ON sso_identities (account)",
    "CREATE INDEX sso_identities_user ON sso_identities (site, user_name)",
    "CREATE TABLE sso_roles (account TEXT NOT NULL, realm TEXT NOT NULL, role TEXT NOT NULL,"
    " place INTEGER NOT NULL, PRIMARY KEY (account, realm, role))",
    "CREATE TABLE sso_owners (site TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL,"
    " claimed BIGINT NOT NULL)",
    "CREATE TABLE sso_seen (message TEXT NOT NULL PRIMARY KEY, until BIGINT NOT NULL)",
    "CREATE INDEX sso_seen_until ON sso_seen (until)",
    "CREATE TABLE sso_counter (n BIGINT NOT NULL)",
    "INSERT INTO sso_counter (n) VALUES (0)",
    NULL,
};
/* Sites that have accounts have them since their first one. */
static const char *const site_tables[] = {
    "CREATE TABLE sso_sites (site TEXT NOT NULL PRIMARY KEY, created BIGINT NOT NULL,"
    " code TEXT NOT NULL, code_until BIGINT NOT NULL)",
    "INSERT INTO sso_sites (site, created, code, code_until)"
    " SELECT site, MIN(created), '', 0 FROM sso_accounts GROUP BY site",
    NULL,
};
/* What peers were told. */
static const char *const peer_tables[] = {
    "CREATE TABLE sso_told (site TEXT NOT NULL, peer TEXT NOT NULL, account TEXT NOT NULL,"
    " user_id TEXT NOT NULL, epoch BIGINT NOT NULL, banned INTEGER NOT NULL,"
    " tries INTEGER NOT NULL, next_try BIGINT NOT NULL, PRIMARY KEY (site, peer, account))",
    NULL,
};
static const char *const *const migrations[] = {first_tables, site_tables, peer_tables};
#define VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

/* ---- failures ---- */

static const char *explain(const sso_account_db_t *db, const char *said)
{
    const sso_cure_t *cure;

    for (cure = db->dialect->cures; cure->why; cure++) {
        if (strstr(said, cure->words)) return cure->why;
    }
    return "see the log of the database";
}

static apr_status_t fail_said(sso_ctx_t *cx, const sso_account_db_t *db, const char *doing,
                              const char *said)
{
    said = said ? said : "no more is known";
    return sso_fail(cx, SSO_F_ACCOUNT_DATABASE, "the account database%s%s %s: %s (%s)",
                    db->dialect->is_file ? " " : "", db->dialect->is_file ? db->params : "", doing,
                    sso_log_quote(cx->pool, said, strlen(said), 300), explain(db, said));
}

/* What the driver says of the last call; whether the connection lives, it says only when asked. */
static apr_status_t fail(sso_ctx_t *cx, sso_account_conn_t *conn, const char *doing, int code)
{
    const sso_account_db_t *db = conn->db;
    const char *said = apr_dbd_error(db->driver, conn->handle, code);
    apr_status_t rv = fail_said(cx, db, doing, said);

    if (apr_dbd_check_conn(db->driver, cx->pool, conn->handle) != APR_SUCCESS) conn->broken = 1;
    return rv;
}

/* ---- opening and closing ---- */

static apr_status_t close_conn(void *data)
{
    sso_account_conn_t *conn = data;

    (void)apr_dbd_close(conn->db->driver, conn->handle);
    return APR_SUCCESS;
}

/* A statement of ours that may or may not return rows; without arguments. */
static int run(sso_account_conn_t *conn, apr_pool_t *p, const char *sql)
{
    apr_dbd_results_t *res = NULL;
    apr_dbd_row_t *row = NULL;
    int code = apr_dbd_select(conn->db->driver, p, conn->handle, &res, sql, 1);

    while (code == 0 && res && apr_dbd_get_row(conn->db->driver, p, res, &row, -1) == 0)
        continue;
    return code;
}

static apr_status_t run_all(sso_ctx_t *cx, sso_account_conn_t *conn, const char *const *sql)
{
    for (; *sql; sql++) {
        int code = run(conn, cx->pool, *sql);

        if (code) return fail(cx, conn, "cannot be set up", code);
    }
    return APR_SUCCESS;
}

/* The file must be there: a database that was deleted must not come back empty, for its bans and
 * its owner would be gone. */
static apr_status_t see_file(sso_ctx_t *cx, const sso_account_db_t *db, sso_account_conn_t *conn)
{
    struct stat st;

    if (!db->dialect->is_file) return APR_SUCCESS;
    if (stat(db->params, &st) != 0) {
        return sso_fail(cx, SSO_F_ACCOUNT_DATABASE,
                        "the account database %s is gone: restore it from a backup", db->params);
    }
    conn->device = st.st_dev;
    conn->inode = st.st_ino;
    return APR_SUCCESS;
}

static apr_status_t open_conn(sso_ctx_t *cx, const sso_account_db_t *db, sso_account_conn_t **out)
{
    const char *params = apr_pstrcat(cx->pool, db->params, db->dialect->extra, NULL);
    const char *said = NULL;
    sso_account_conn_t *conn;
    apr_status_t rv;
    apr_pool_t *pool;

    if (apr_pool_create(&pool, db->pool) != APR_SUCCESS) {
        return sso_fail(cx, SSO_F_INTERNAL, "no memory for a connection");
    }
    conn = apr_pcalloc(pool, sizeof(*conn));
    *conn = (sso_account_conn_t){.pool = pool, .db = db, .durable = -1};
    rv = see_file(cx, db, conn);
    if (rv == APR_SUCCESS) {
        rv = apr_dbd_open_ex(db->driver, pool, params, &conn->handle, &said);
        if (rv != APR_SUCCESS) rv = fail_said(cx, db, "cannot be opened", said);
        if (rv == APR_SUCCESS) {
            apr_pool_cleanup_register(pool, conn, close_conn, apr_pool_cleanup_null);
            rv = run_all(cx, conn, db->dialect->open);
        }
    }
    if (rv == APR_SUCCESS) {
        *out = conn;
    } else {
        apr_pool_destroy(pool);
    }
    return rv;
}

static apr_status_t prepare(sso_ctx_t *cx, sso_account_conn_t *conn)
{
    static const char *const sql[] = {
#define STATEMENT(name, text) text,
#include "core/account_db.def"
#undef STATEMENT
    };
    int i;

    for (i = 0; i < SSO_SQL_STATEMENTS; i++) {
        const char *label = apr_psprintf(conn->pool, "sso%d", i);
        int code = apr_dbd_prepare(conn->db->driver, conn->pool, conn->handle, sql[i], label,
                                   &conn->statement[i]);

        if (code) return fail(cx, conn, "has not the tables of this version; restart httpd", code);
    }
    return APR_SUCCESS;
}

/* ---- migrations ---- */

/* Which version the tables have; 0: none. */
static apr_status_t read_version(sso_ctx_t *cx, sso_account_conn_t *conn, int *out)
{
    const apr_dbd_driver_t *driver = conn->db->driver;
    sso_account_rows_t rows = {NULL, NULL};
    const char *text = "0";
    int code = apr_dbd_select(driver, cx->pool, conn->handle, &rows.res,
                              "SELECT version FROM sso_schema", 1);

    if (code) return fail(cx, conn, "cannot be read", code);
    if (sso_account_db_next(cx, conn, &rows)) text = sso_account_db_text(cx, conn, &rows, 0);
    *out = (int)apr_strtoi64(text, NULL, 10);
    return APR_SUCCESS;
}

static apr_status_t change(sso_ctx_t *cx, sso_account_conn_t *conn, const char *sql)
{
    int rows = 0;
    int code = apr_dbd_query(conn->db->driver, conn->handle, &rows, sql);

    return code ? fail(cx, conn, "cannot be changed", code) : APR_SUCCESS;
}

static apr_status_t migrate_from(sso_ctx_t *cx, sso_account_conn_t *conn, int version)
{
    apr_status_t rv = APR_SUCCESS;

    if (version > VERSION) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "the account database is of version %d, and this mod_sso knows %d: it was "
                        "used by a newer one, install that",
                        version, VERSION);
    }
    for (; version < VERSION && rv == APR_SUCCESS; version++) {
        const char *const *sql;

        for (sql = migrations[version]; *sql && rv == APR_SUCCESS; sql++)
            rv = change(cx, conn, *sql);
    }
    if (rv == APR_SUCCESS) rv = change(cx, conn, "DELETE FROM sso_schema");
    if (rv != APR_SUCCESS) return rv;
    return change(cx, conn,
                  apr_psprintf(cx->pool, "INSERT INTO sso_schema (version) VALUES (%d)", VERSION));
}

/* Tables that have vanished must not come back empty: bans would be forgotten, and the next to come
 * would own the site. */
static apr_status_t check_made(sso_ctx_t *cx, int version, const char *made)
{
    if (version || !made) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CONFIG,
                    "the account database is empty, and accounts were kept in it: restore it from "
                    "a backup; or remove %s to begin anew, without its accounts, bans and owner",
                    made);
}

static apr_status_t migrate(sso_ctx_t *cx, sso_account_conn_t *conn, const char *made)
{
    int version = 0;
    apr_status_t rv = sso_account_db_durable(cx, conn, 1);

    if (rv == APR_SUCCESS) rv = sso_account_db_begin(cx, conn);
    if (rv != APR_SUCCESS) return rv;
    rv = change(cx, conn, "CREATE TABLE IF NOT EXISTS sso_schema (version INTEGER NOT NULL)");
    if (rv == APR_SUCCESS) rv = read_version(cx, conn, &version);
    if (rv == APR_SUCCESS) rv = check_made(cx, version, made);
    if (rv == APR_SUCCESS && version != VERSION) rv = migrate_from(cx, conn, version);
    if (rv == APR_SUCCESS) return sso_account_db_end(cx, conn, 1);
    (void)sso_account_db_end(cx, conn, 0);
    return rv;
}

/* SQLite would make it readable for all. */
static apr_status_t make_file(sso_ctx_t *cx, const sso_account_db_t *db)
{
    int fd;
    char why[128];

    if (!db->dialect->is_file) return APR_SUCCESS;
    fd = open(db->params, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)close(fd);
        return APR_SUCCESS;
    }
    return sso_fail(cx, SSO_F_CONFIG,
                    "cannot make %s: %s; its directory must be writable for the user that httpd "
                    "runs as",
                    db->params, apr_strerror(errno, why, sizeof(why)));
}

apr_status_t sso_account_db_setup(sso_ctx_t *cx, const char *driver, const char *params,
                                  const char *made)
{
    sso_account_db_t *db = NULL;
    sso_account_conn_t *conn = NULL;
    apr_status_t rv = sso_account_db_make(cx, cx->pool, driver, params, &db);

    if (rv == APR_SUCCESS) rv = make_file(cx, db);
    if (rv == APR_SUCCESS) rv = open_conn(cx, db, &conn);
    if (rv != APR_SUCCESS) return rv;
    rv = migrate(cx, conn, made);
    if (rv == APR_SUCCESS) rv = prepare(cx, conn);
    apr_pool_destroy(conn->pool);
    return rv;
}

/* ---- the process's connections ---- */

const char *sso_account_db_check(apr_pool_t *p, const char *driver, const char *params)
{
    const apr_dbd_driver_t *found;
    const dialect_t *dialect = find_dialect(driver);

    if (!dialect) {
        return apr_psprintf(p,
                            "'%s' is no driver that is supported; write sqlite3 FILE or pgsql "
                            "\"host=... dbname=...\"",
                            driver);
    }
    if (!dialect->is_file && strstr(params, "password=")) {
        return "a password never stands in the configuration; write passfile=FILE, as libpq reads "
               "it, or use a service";
    }
    if (apr_dbd_init(p) != APR_SUCCESS || apr_dbd_get_driver(p, dialect->driver, &found)) {
        return apr_psprintf(p,
                            "apr_dbd has no driver %s here; install it, on Debian the package "
                            "libaprutil1-dbd-%s",
                            dialect->driver, dialect->driver);
    }
    return NULL;
}

/* Threads open and close connections, each with a pool of its own, below one that they share. */
static apr_status_t make_pool(apr_pool_t *parent, apr_pool_t **out)
{
    apr_allocator_t *allocator;
    apr_thread_mutex_t *mutex;
    apr_status_t rv = apr_allocator_create(&allocator);

    if (rv == APR_SUCCESS) rv = apr_pool_create_ex(out, parent, NULL, allocator);
    if (rv != APR_SUCCESS) return rv;
    apr_allocator_owner_set(allocator, *out);
    rv = apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, *out);
    if (rv == APR_SUCCESS) apr_allocator_mutex_set(allocator, mutex);
    return rv;
}

apr_status_t sso_account_db_make(sso_ctx_t *cx, apr_pool_t *pool, const char *driver,
                                 const char *params, sso_account_db_t **out)
{
    const char *why = sso_account_db_check(cx->pool, driver, params);
    sso_account_db_t *db = apr_pcalloc(pool, sizeof(*db));

    if (why) return sso_fail(cx, SSO_F_CONFIG, "%s", why);
    db->dialect = find_dialect(driver);
    db->params = apr_pstrdup(pool, params);
    if (apr_dbd_init(pool) != APR_SUCCESS
        || apr_dbd_get_driver(pool, db->dialect->driver, &db->driver) != APR_SUCCESS
        || make_pool(pool, &db->pool) != APR_SUCCESS
        || apr_thread_mutex_create(&db->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS
        || apr_thread_cond_create(&db->given, pool) != APR_SUCCESS) {
        return sso_fail(cx, SSO_F_INTERNAL, "the account database cannot be prepared");
    }
    *out = db;
    return APR_SUCCESS;
}

/* Is what was opened still what the path leads to; does the server still listen? It is asked each time:
 * one that was restarted must cost nobody's login. */
static int is_current(sso_ctx_t *cx, const sso_account_db_t *db, sso_account_conn_t *conn)
{
    struct stat st;

    if (!db->dialect->is_file) return run(conn, cx->pool, "SELECT 1") == 0;
    return stat(db->params, &st) == 0 && st.st_dev == conn->device && st.st_ino == conn->inode;
}

/* Under the mutex: a free one, or leave to open one; waits for one to be given back. */
static apr_status_t reserve(sso_ctx_t *cx, sso_account_db_t *db, sso_account_conn_t **out)
{
    while (!db->free && db->conns >= db->dialect->conns) {
        apr_status_t rv = apr_thread_cond_timedwait(db->given, db->mutex, WAIT_MAX);

        if (APR_STATUS_IS_TIMEUP(rv)) {
            return sso_fail(cx, SSO_F_ACCOUNT_DATABASE,
                            "all %d connections to the account database were busy for 5 s",
                            db->conns);
        }
    }
    *out = db->free;
    if (db->free) {
        db->free = db->free->next;
    } else {
        db->conns++;
    }
    return APR_SUCCESS;
}

static void release(sso_account_db_t *db, sso_account_conn_t *conn)
{
    (void)apr_thread_mutex_lock(db->mutex);
    if (conn) {
        conn->next = db->free;
        db->free = conn;
    } else {
        db->conns--;
    }
    (void)apr_thread_cond_signal(db->given);
    (void)apr_thread_mutex_unlock(db->mutex);
}

static apr_status_t open_one(sso_ctx_t *cx, sso_account_db_t *db, sso_account_conn_t **out)
{
    sso_account_conn_t *conn = NULL;
    apr_status_t rv = open_conn(cx, db, &conn);

    if (rv == APR_SUCCESS) rv = prepare(cx, conn);
    if (rv == APR_SUCCESS) {
        *out = conn;
        return rv;
    }
    if (conn) apr_pool_destroy(conn->pool);
    release(db, NULL);
    return rv;
}

apr_status_t sso_account_db_take(sso_ctx_t *cx, sso_account_db_t *db, sso_account_conn_t **out)
{
    sso_account_conn_t *conn = NULL;
    apr_status_t rv;

    (void)apr_thread_mutex_lock(db->mutex);
    rv = reserve(cx, db, &conn);
    (void)apr_thread_mutex_unlock(db->mutex);
    if (rv != APR_SUCCESS) return rv;
    if (conn && is_current(cx, db, conn)) {
        *out = conn;
        return APR_SUCCESS;
    }
    if (conn) apr_pool_destroy(conn->pool);
    return open_one(cx, db, out);
}

void sso_account_db_give(sso_account_db_t *db, sso_account_conn_t *conn)
{
    if (conn->broken) {
        apr_pool_destroy(conn->pool);
        conn = NULL;
    }
    release(db, conn);
}

/* ---- using one ---- */

apr_status_t sso_account_db_durable(sso_ctx_t *cx, sso_account_conn_t *conn, int durable)
{
    const dialect_t *dialect = conn->db->dialect;
    int code;

    if (conn->durable == durable) return APR_SUCCESS;
    code = run(conn, cx->pool, durable ? dialect->durable : dialect->lazy);
    if (code) return fail(cx, conn, "cannot be used", code);
    conn->durable = durable;
    return APR_SUCCESS;
}

apr_status_t sso_account_db_begin(sso_ctx_t *cx, sso_account_conn_t *conn)
{
    const sso_account_db_t *db = conn->db;
    int code = apr_dbd_transaction_start(db->driver, conn->pool, conn->handle, &conn->trans);

    if (code) {
        conn->broken = 1; /* whatever is left of the try goes with it */
        return fail(cx, conn, "cannot be changed", code);
    }
    (void)apr_dbd_transaction_mode_set(db->driver, conn->trans, APR_DBD_TRANSACTION_COMMIT);
    if (!db->dialect->alone) return APR_SUCCESS;
    code = run(conn, cx->pool, db->dialect->alone);
    if (!code) return APR_SUCCESS;
    (void)fail(cx, conn, "cannot be changed", code);
    (void)sso_account_db_end(cx, conn, 0);
    return APR_EGENERAL;
}

/* apr_dbd calls it a success when a transaction ends with ROLLBACK because a statement in it had
 * failed; the callers know of each that has, and do not ask for a commit then. */
apr_status_t sso_account_db_end(sso_ctx_t *cx, sso_account_conn_t *conn, int commit)
{
    const apr_dbd_driver_t *driver = conn->db->driver;
    int code;

    if (!commit) {
        (void)apr_dbd_transaction_mode_set(driver, conn->trans, APR_DBD_TRANSACTION_ROLLBACK);
    }
    code = apr_dbd_transaction_end(driver, conn->pool, conn->trans);
    if (!code) return APR_SUCCESS;
    conn->broken = 1;
    return commit ? fail(cx, conn, "did not take the change", code) : APR_EGENERAL;
}

apr_status_t sso_account_db_query(sso_ctx_t *cx, sso_account_conn_t *conn, sso_sql_t statement,
                                  const char **args, int *rows)
{
    int code = apr_dbd_pquery(conn->db->driver, cx->pool, conn->handle, rows,
                              conn->statement[statement], 0, args);

    return code ? fail(cx, conn, "did not take the change", code) : APR_SUCCESS;
}

apr_status_t sso_account_db_select(sso_ctx_t *cx, sso_account_conn_t *conn, sso_sql_t statement,
                                   const char **args, sso_account_rows_t *out)
{
    int code;

    *out = (sso_account_rows_t){NULL, NULL};
    code = apr_dbd_pselect(conn->db->driver, cx->pool, conn->handle, &out->res,
                           conn->statement[statement], 1, 0, args);
    return code ? fail(cx, conn, "cannot be read", code) : APR_SUCCESS;
}

int sso_account_db_next(sso_ctx_t *cx, sso_account_conn_t *conn, sso_account_rows_t *rows)
{
    return apr_dbd_get_row(conn->db->driver, cx->pool, rows->res, &rows->row, -1) == 0;
}

const char *sso_account_db_text(sso_ctx_t *cx, sso_account_conn_t *conn,
                                const sso_account_rows_t *rows, int column)
{
    const char *text = apr_dbd_get_entry(conn->db->driver, rows->row, column);

    return text ? apr_pstrdup(cx->pool, text) : "";
}
