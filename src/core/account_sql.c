/*
 * account_sql.c - records of people in SQL tables.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/account_sql.h"

#include "core/account_db.h"

#include <apr_lib.h>
#include <apr_strings.h>

typedef struct {
    sso_ledger_t ledger; /* first */
    sso_account_db_t *db;
} sql_t;

struct sso_ledger_tx {
    sql_t *sql;
    sso_account_conn_t *conn;
    sso_ledger_mode_t mode;
};

/* ---- transactions ---- */

static apr_status_t open_conn(sql_t *sql, sso_ctx_t *cx, sso_ledger_mode_t mode,
                              sso_account_conn_t **out)
{
    sso_account_conn_t *conn;
    apr_status_t rv = sso_account_db_take(cx, sql->db, &conn);

    if (rv != APR_SUCCESS) return rv;
    if (mode != SSO_LEDGER_READ) {
        rv = sso_account_db_durable(cx, conn, mode == SSO_LEDGER_WRITE);
    }
    if (rv == APR_SUCCESS && mode == SSO_LEDGER_WRITE) rv = sso_account_db_begin(cx, conn);
    if (rv == APR_SUCCESS) {
        *out = conn;
    } else {
        sso_account_db_give(sql->db, conn);
    }
    return rv;
}

static apr_status_t sql_begin(sso_ledger_t *ledger, sso_ctx_t *cx, sso_ledger_mode_t mode,
                              sso_ledger_tx_t **out)
{
    sql_t *sql = (sql_t *)ledger;
    sso_ledger_tx_t *tx = apr_palloc(cx->pool, sizeof(*tx));
    apr_status_t rv;

    *tx = (sso_ledger_tx_t){sql, NULL, mode};
    rv = open_conn(sql, cx, mode, &tx->conn);
    if (rv == APR_SUCCESS) *out = tx;
    return rv;
}

static apr_status_t sql_commit(sso_ledger_tx_t *tx, sso_ctx_t *cx)
{
    apr_status_t rv = APR_SUCCESS;

    if (tx->mode == SSO_LEDGER_WRITE) rv = sso_account_db_end(cx, tx->conn, 1);
    sso_account_db_give(tx->sql->db, tx->conn);
    return rv;
}

static void sql_rollback(sso_ledger_tx_t *tx, sso_ctx_t *cx)
{
    if (tx->mode == SSO_LEDGER_WRITE) (void)sso_account_db_end(cx, tx->conn, 0);
    sso_account_db_give(tx->sql->db, tx->conn);
}

/* ---- rows ---- */

static const char *number(sso_ctx_t *cx, apr_int64_t n)
{
    return apr_psprintf(cx->pool, "%" APR_INT64_T_FMT, n);
}

/* What addresses are compared by. */
static const char *key_of(sso_ctx_t *cx, const char *email)
{
    char *key = apr_pstrdup(cx->pool, email);
    char *c;

    for (c = key; *c; c++) {
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 32);
    }
    return key;
}

static apr_status_t query(sso_ledger_tx_t *tx, sso_ctx_t *cx, sso_sql_t sql, const char **args)
{
    int rows = 0;

    return sso_account_db_query(cx, tx->conn, sql, args, &rows);
}

/* The columns of one row, as texts. */
typedef struct {
    sso_ctx_t *cx;
    sso_account_conn_t *conn;
    sso_account_rows_t rows;
} row_t;

static const char *text(const row_t *r, int column)
{
    return sso_account_db_text(r->cx, r->conn, &r->rows, column);
}

static apr_int64_t whole(const row_t *r, int column)
{
    return apr_strtoi64(text(r, column), NULL, 10);
}

/* Before the first row. */
static apr_status_t start(sso_ledger_tx_t *tx, sso_ctx_t *cx, sso_sql_t sql, const char **args,
                          row_t *out)
{
    *out = (row_t){.cx = cx, .conn = tx->conn};
    return sso_account_db_select(cx, tx->conn, sql, args, &out->rows);
}

static int next(row_t *r)
{
    return sso_account_db_next(r->cx, r->conn, &r->rows);
}

/* The first row; APR_NOTFOUND when there is none. */
static apr_status_t first(sso_ledger_tx_t *tx, sso_ctx_t *cx, sso_sql_t sql, const char **args,
                          row_t *out)
{
    apr_status_t rv = start(tx, cx, sql, args, out);

    if (rv != APR_SUCCESS) return rv;
    return next(out) ? APR_SUCCESS : APR_NOTFOUND;
}

static sso_account_identity_t identity_of(const row_t *r)
{
    return (sso_account_identity_t){.site = text(r, 0),
                                    .realm = text(r, 1),
                                    .user_id = text(r, 2),
                                    .account = text(r, 3),
                                    .user = text(r, 4),
                                    .created = whole(r, 5),
                                    .last_login = whole(r, 6),
                                    .sync_iat = whole(r, 7)};
}

static sso_account_t account_of(const row_t *r)
{
    const char *owner = text(r, 15);
    sso_account_t account = {.id = text(r, 0),
                             .site = text(r, 1),
                             .email = text(r, 2),
                             .email_verified = whole(r, 3) != 0,
                             .name = text(r, 4),
                             .image = text(r, 5),
                             .bio = text(r, 6),
                             .banned = whole(r, 7) != 0,
                             .banned_at = whole(r, 8),
                             .banned_by = text(r, 9),
                             .ban_reason = text(r, 10),
                             .created = whole(r, 11),
                             .updated = whole(r, 12),
                             .last_login = whole(r, 13),
                             .epoch = whole(r, 14),
                             .site_owned = *owner != '\0'};

    account.owner = !strcmp(owner, account.id);
    return account;
}

static apr_status_t read_roles(sso_ledger_tx_t *tx, sso_ctx_t *cx, sso_account_t *account)
{
    const char *args[] = {account->id};
    row_t r;
    apr_status_t rv = start(tx, cx, SSO_SQL_ROLES, args, &r);

    account->roles = apr_array_make(cx->pool, 4, sizeof(sso_account_role_t));
    while (rv == APR_SUCCESS && next(&r)) {
        APR_ARRAY_PUSH(account->roles, sso_account_role_t) = (sso_account_role_t){text(&r, 0),
                                                                                  text(&r, 1)};
    }
    return rv;
}

/* ---- reading ---- */

static apr_status_t sql_identity(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *site,
                                 const char *realm, const char *user_id,
                                 sso_account_identity_t *out)
{
    const char *args[] = {site, realm, user_id};
    row_t r;
    apr_status_t rv = first(tx, cx, SSO_SQL_IDENTITY, args, &r);

    if (rv == APR_SUCCESS) *out = identity_of(&r);
    return rv;
}

static apr_status_t sql_account(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *id,
                                sso_account_t *out)
{
    const char *args[] = {id};
    sso_account_t account;
    row_t r;
    apr_status_t rv = first(tx, cx, SSO_SQL_ACCOUNT, args, &r);

    if (rv != APR_SUCCESS) return rv;
    account = account_of(&r);
    rv = read_roles(tx, cx, &account);
    if (rv == APR_SUCCESS) *out = account;
    return rv;
}

static apr_status_t sql_by_email(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *site,
                                 const char *email, const char **id)
{
    const char *args[] = {site, key_of(cx, email)};
    row_t r;
    apr_status_t rv = first(tx, cx, SSO_SQL_BY_EMAIL, args, &r);

    if (rv == APR_SUCCESS) *id = text(&r, 0);
    return rv;
}

static apr_status_t sql_by_user(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *site,
                                const char *user, const char *but, const char **id)
{
    const char *args[] = {site, user, but};
    row_t r;
    apr_status_t rv = first(tx, cx, SSO_SQL_BY_USER, args, &r);

    if (rv == APR_SUCCESS) *id = text(&r, 0);
    return rv;
}

static apr_status_t sql_identities(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *id,
                                   apr_array_header_t **out)
{
    const char *args[] = {id};
    apr_array_header_t *list = apr_array_make(cx->pool, 2, sizeof(sso_account_identity_t));
    row_t r;
    apr_status_t rv = start(tx, cx, SSO_SQL_IDENTITIES, args, &r);

    if (rv != APR_SUCCESS) return rv;
    while (next(&r))
        APR_ARRAY_PUSH(list, sso_account_identity_t) = identity_of(&r);
    *out = list;
    return APR_SUCCESS;
}

/* ---- writing ---- */

static apr_status_t sql_put_account(sso_ledger_tx_t *tx, sso_ctx_t *cx, const sso_account_t *a)
{
    const char *args[] = {a->id,
                          a->site,
                          a->email,
                          key_of(cx, a->email),
                          number(cx, *a->email ? a->email_verified : 0),
                          a->name,
                          a->image,
                          a->bio,
                          number(cx, a->banned),
                          number(cx, a->banned_at),
                          a->banned_by,
                          a->ban_reason,
                          number(cx, a->created),
                          number(cx, a->updated),
                          number(cx, a->last_login),
                          number(cx, a->epoch)};

    return query(tx, cx, SSO_SQL_PUT_ACCOUNT, args);
}

static apr_status_t sql_put_identity(sso_ledger_tx_t *tx, sso_ctx_t *cx,
                                     const sso_account_identity_t *i)
{
    const char *args[] = {i->site,
                          i->realm,
                          i->user_id,
                          i->account,
                          i->user,
                          number(cx, i->created),
                          number(cx, i->last_login),
                          number(cx, i->sync_iat)};

    return query(tx, cx, SSO_SQL_PUT_IDENTITY, args);
}

static apr_status_t sql_put_roles(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *id,
                                  const char *realm, const apr_array_header_t *roles)
{
    const char *all[] = {id, realm};
    apr_status_t rv = query(tx, cx, SSO_SQL_DROP_ROLES, all);
    int i;

    for (i = 0; i < roles->nelts && rv == APR_SUCCESS; i++) {
        const char *args[] = {id, realm, APR_ARRAY_IDX(roles, i, const char *), number(cx, i)};

        rv = query(tx, cx, SSO_SQL_ADD_ROLE, args);
    }
    return rv;
}

static apr_status_t sql_note_login(sso_ledger_tx_t *tx, sso_ctx_t *cx,
                                   const sso_account_identity_t *i)
{
    const char *when = number(cx, cx->now);
    const char *record[] = {when, i->account};
    const char *name[] = {when, i->site, i->realm, i->user_id};
    apr_status_t rv = query(tx, cx, SSO_SQL_NOTE_ACCOUNT, record);

    return rv == APR_SUCCESS ? query(tx, cx, SSO_SQL_NOTE_IDENTITY, name) : rv;
}

static apr_status_t sql_rename(sso_ledger_tx_t *tx, sso_ctx_t *cx, const sso_account_identity_t *i,
                               const char *user_id)
{
    const char *args[] = {user_id, i->site, i->realm, i->user_id};
    sso_account_identity_t other;
    apr_status_t rv = sql_identity(tx, cx, i->site, i->realm, user_id, &other);

    if (rv == APR_SUCCESS) return APR_EEXIST;
    return rv == APR_NOTFOUND ? query(tx, cx, SSO_SQL_RENAME, args) : rv;
}

static apr_status_t sql_own(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *site, const char *id,
                            int force, int *won)
{
    const char *args[] = {site, id, number(cx, cx->now)};
    int rows = 0;
    apr_status_t rv = sso_account_db_query(cx, tx->conn, force ? SSO_SQL_OWN_ANYHOW : SSO_SQL_OWN,
                                           args, &rows);

    if (rv == APR_SUCCESS) *won = rows == 1;
    return rv;
}

static apr_status_t sql_site(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *site,
                             sso_account_site_t *out)
{
    const char *args[] = {site};
    row_t r;
    apr_status_t rv = first(tx, cx, SSO_SQL_SITE, args, &r);

    if (rv != APR_SUCCESS) return rv;
    *out = (sso_account_site_t){.site = text(&r, 0),
                                .created = whole(&r, 1),
                                .code = text(&r, 2),
                                .code_until = whole(&r, 3),
                                .owned = *text(&r, 4) != '\0'};
    return APR_SUCCESS;
}

static apr_status_t sql_put_site(sso_ledger_tx_t *tx, sso_ctx_t *cx, const sso_account_site_t *s)
{
    const char *args[] = {s->site, number(cx, s->created), s->code, number(cx, s->code_until)};

    return query(tx, cx, SSO_SQL_PUT_SITE, args);
}

static apr_status_t sql_know(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *site, const char *peer,
                             const char *account, const char *user_id)
{
    const char *args[] = {peer, user_id, site, account};

    return query(tx, cx, SSO_SQL_KNOW, args);
}

static apr_status_t sql_due(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *site, const char *peer,
                            apr_array_header_t **out)
{
    const char *args[] = {site, peer, number(cx, cx->now)};
    apr_array_header_t *list = apr_array_make(cx->pool, 8, sizeof(sso_account_due_t));
    row_t r;
    apr_status_t rv = start(tx, cx, SSO_SQL_DUE, args, &r);

    if (rv != APR_SUCCESS) return rv;
    while (next(&r)) {
        APR_ARRAY_PUSH(list, sso_account_due_t) = (sso_account_due_t){.account = text(&r, 0),
                                                                      .user_id = text(&r, 1),
                                                                      .epoch = whole(&r, 2),
                                                                      .banned = whole(&r, 3) != 0,
                                                                      .tries = (int)whole(&r, 4),
                                                                      .next_try = whole(&r, 5)};
    }
    *out = list;
    return APR_SUCCESS;
}

static apr_status_t sql_put_due(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *site,
                                const char *peer, const sso_account_due_t *due)
{
    const char *args[] = {number(cx, due->epoch),
                          number(cx, due->banned),
                          number(cx, due->tries),
                          number(cx, due->next_try),
                          site,
                          peer,
                          due->account};

    return query(tx, cx, SSO_SQL_PUT_DUE, args);
}

static apr_status_t sql_sites(sso_ledger_tx_t *tx, sso_ctx_t *cx, apr_array_header_t **out)
{
    const char *args[] = {NULL};
    apr_array_header_t *list = apr_array_make(cx->pool, 2, sizeof(const char *));
    row_t r;
    apr_status_t rv = start(tx, cx, SSO_SQL_SITES, args, &r);

    if (rv != APR_SUCCESS) return rv;
    while (next(&r))
        APR_ARRAY_PUSH(list, const char *) = text(&r, 0);
    *out = list;
    return APR_SUCCESS;
}

static apr_status_t sql_latest(sso_ledger_tx_t *tx, sso_ctx_t *cx, apr_int64_t *out)
{
    const char *args[] = {NULL};
    row_t r;
    apr_status_t rv = first(tx, cx, SSO_SQL_COUNTED, args, &r);

    if (rv == APR_NOTFOUND) return sso_fail(cx, SSO_F_ACCOUNT_DATABASE, "sso_counter is empty");
    if (rv == APR_SUCCESS) *out = whole(&r, 0);
    return rv;
}

static apr_status_t sql_next_epoch(sso_ledger_tx_t *tx, sso_ctx_t *cx, apr_int64_t *out)
{
    const char *args[] = {NULL};
    apr_status_t rv = query(tx, cx, SSO_SQL_COUNT, args);

    return rv == APR_SUCCESS ? sql_latest(tx, cx, out) : rv;
}

static apr_status_t sql_seen(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *message,
                             apr_time_t until, int *again)
{
    const char *over[] = {number(cx, cx->now)};
    const char *args[] = {message, number(cx, until)};
    int rows = 0;
    apr_status_t rv = query(tx, cx, SSO_SQL_FORGET, over);

    if (rv == APR_SUCCESS) rv = sso_account_db_query(cx, tx->conn, SSO_SQL_SEEN, args, &rows);
    if (rv == APR_SUCCESS) *again = rows == 0;
    return rv;
}

/* ---- walking ---- */

/* Some records, read whole before they are shown. */
static apr_status_t read_page(sso_ledger_tx_t *tx, sso_ctx_t *cx, const char *site,
                              apr_int64_t since, apr_array_header_t *out)
{
    const char *args[] = {site, number(cx, since)};
    row_t r;
    apr_status_t rv = start(tx, cx, SSO_SQL_SINCE, args, &r);
    int i;

    apr_array_clear(out);
    while (rv == APR_SUCCESS && next(&r))
        APR_ARRAY_PUSH(out, sso_account_t) = account_of(&r);
    for (i = 0; i < out->nelts && rv == APR_SUCCESS; i++)
        rv = read_roles(tx, cx, &APR_ARRAY_IDX(out, i, sso_account_t));
    return rv;
}

/* One page, in a pool that is cleared for the next; *since: where that begins. */
static apr_status_t show_page(sso_ledger_t *ledger, sso_ctx_t *cx, const char *site,
                              apr_int64_t *since, apr_array_header_t **page)
{
    sso_ledger_tx_t *tx;
    apr_status_t rv = sql_begin(ledger, cx, SSO_LEDGER_READ, &tx);

    if (rv != APR_SUCCESS) return rv;
    *page = apr_array_make(cx->pool, 500, sizeof(sso_account_t));
    rv = read_page(tx, cx, site, *since, *page);
    (void)sql_commit(tx, cx);
    if (rv == APR_SUCCESS && (*page)->nelts) {
        *since = APR_ARRAY_IDX(*page, (*page)->nelts - 1, sso_account_t).epoch;
    }
    return rv;
}

static apr_status_t sql_walk(sso_ledger_t *ledger, sso_ctx_t *cx, const char *site,
                             apr_int64_t since, sso_ledger_fn *fn, void *baton)
{
    apr_pool_t *whole = cx->pool;
    apr_array_header_t *page;
    apr_status_t rv;
    int done;
    int i;

    do {
        if (apr_pool_create(&cx->pool, whole) != APR_SUCCESS) return APR_ENOMEM;
        rv = show_page(ledger, cx, site, &since, &page);
        done = rv != APR_SUCCESS || !page->nelts;
        for (i = 0; !done && i < page->nelts; i++)
            done = fn(baton, &APR_ARRAY_IDX(page, i, sso_account_t));
        if (cx->err.log) cx->err.log = apr_pstrdup(whole, cx->err.log);
        apr_pool_destroy(cx->pool);
        cx->pool = whole;
    } while (!done);
    return rv;
}

static const sso_ledger_ops_t sql_ops = {
    .begin = sql_begin,
    .commit = sql_commit,
    .rollback = sql_rollback,
    .identity = sql_identity,
    .account = sql_account,
    .by_email = sql_by_email,
    .by_user = sql_by_user,
    .identities = sql_identities,
    .put_account = sql_put_account,
    .put_identity = sql_put_identity,
    .put_roles = sql_put_roles,
    .note_login = sql_note_login,
    .rename = sql_rename,
    .own = sql_own,
    .site = sql_site,
    .put_site = sql_put_site,
    .know = sql_know,
    .due = sql_due,
    .put_due = sql_put_due,
    .next_epoch = sql_next_epoch,
    .seen = sql_seen,
    .sites = sql_sites,
    .latest = sql_latest,
    .walk = sql_walk,
};

apr_status_t sso_account_sql_make(sso_ctx_t *cx, apr_pool_t *pool, const char *driver,
                                  const char *params, sso_ledger_t **out)
{
    sql_t *sql = apr_palloc(pool, sizeof(*sql));
    apr_status_t rv;

    *sql = (sql_t){.ledger = {&sql_ops}};
    rv = sso_account_db_make(cx, pool, driver, params, &sql->db);
    if (rv == APR_SUCCESS) *out = &sql->ledger;
    return rv;
}
