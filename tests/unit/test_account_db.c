/*
 * test_account_db.c - a database that is locked, full, gone, damaged or of another version: clear
 * words, and nothing changed. SQLite, whose failures a test can make.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "account_bench.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define FORUM "hmac:forum"

static sqlite3 *sql_open(const book_t *b)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(b->params, &db), SQLITE_OK);
    return db;
}

static void sql_run(sqlite3 *db, const char *sql)
{
    char *why = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s: %s", sql, why);
}

static void fails(book_t *b, const char *words)
{
    sso_account_claim_t claim = book_claim(FORUM, "new", NULL);
    sso_account_did_t did;
    sso_account_t account;

    assert_int_not_equal(sso_account_login(b->cx, &b->accounts, b->set, &claim, &did, &account),
                         APR_SUCCESS);
    if (!strstr(b->cx->err.log, words)) fail_msg("no \"%s\" in: %s", words, b->cx->err.log);
    assert_fault(b->cx, ACCOUNT_DATABASE);
}

static void works(book_t *b)
{
    sso_account_claim_t claim = book_claim(FORUM, "new", NULL);
    sso_account_t account;

    assert_string_equal(book_login(b, &claim, &account), "ok");
}

static void locked(void **state)
{
    book_t *b = book_make(*state);
    sqlite3 *db = sql_open(b);

    sql_run(db, "BEGIN EXCLUSIVE");
    fails(b, "another program holds it");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    works(b);
    assert_int_equal(book_count(b), 1);
}

/* A file-size limit is as good as a full disk; in a process of its own. */
static void full(void **state)
{
    book_t *b = book_make(*state);
    int status = -1;
    pid_t pid;

    works(b);
    pid = fork();
    if (pid == 0) {
        const struct rlimit small = {4096, 4096};
        sso_account_claim_t claim = book_claim(FORUM, "another", NULL);
        sso_account_did_t did;
        sso_account_t account;

        b->accounts.ledger = book_open(b->cx, b);
        (void)signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &small) != 0) _exit(2);
        if (sso_account_login(b->cx, &b->accounts, b->set, &claim, &did, &account) == APR_SUCCESS)
            _exit(3);
        _exit(b->cx->err.fault == SSO_F_ACCOUNT_DATABASE && strstr(b->cx->err.log, "full") ? 0 : 4);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(book_count(b), 1);
    works(b);
}

/* It does not come back empty, and a restored one is used at once. */
static void gone(void **state)
{
    book_t *b = book_make(*state);
    const char *aside = apr_pstrcat(b->cx->pool, b->params, ".aside", NULL);

    works(b);
    assert_int_equal(rename(b->params, aside), 0);
    fails(b, "is gone: restore it from a backup");
    assert_int_equal(access(b->params, F_OK), -1);
    assert_int_equal(rename(aside, b->params), 0);
    works(b);
}

static void damaged(void **state)
{
    book_t *b = book_make(*state);

    (void)scratch_file(b->cx, b->dir, "accounts.db",
                       sso_span("this is not a database, not at all....................."), 0600);
    fails(b, "cannot");
}

static void tables_of_another_version(void **state)
{
    book_t *b = book_make(*state);
    sqlite3 *db = sql_open(b);

    sql_run(db, "UPDATE sso_schema SET version = 99");
    assert_int_not_equal(sso_account_db_setup(b->cx, b->driver, b->params, NULL), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "used by a newer one"));
    assert_fault(b->cx, CONFIG);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Sites came with version 2: one that has accounts has them since its first. */
static void older_tables_are_renewed(void **state)
{
    book_t *b = book_make(*state);
    sqlite3 *db = sql_open(b);
    sso_account_site_t site;
    sso_ledger_tx_t *tx;

    works(b);
    b->accounts.ledger = NULL;
    sql_run(db, "DROP TABLE sso_told; DROP TABLE sso_sites; UPDATE sso_schema SET version = 1");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(sso_account_db_setup(b->cx, b->driver, b->params, b->params), APR_SUCCESS);
    b->accounts.ledger = book_open(b->cx, b);
    assert_int_equal(
        b->accounts.ledger->ops->begin(b->accounts.ledger, b->cx, SSO_LEDGER_READ, &tx),
        APR_SUCCESS);
    assert_int_equal(b->accounts.ledger->ops->site(tx, b->cx, b->accounts.site, &site),
                     APR_SUCCESS);
    assert_int_equal(site.created, NOW);
    assert_string_equal(site.code, "");
    assert_int_equal(b->accounts.ledger->ops->commit(tx, b->cx), APR_SUCCESS);
}

/* Tables that were made and are not there were lost. */
static void tables_that_vanished(void **state)
{
    book_t *b = book_make(*state);
    const char *other = apr_pstrcat(b->cx->pool, b->dir, "/other.db", NULL);

    assert_int_not_equal(sso_account_db_setup(b->cx, b->driver, other, "/the/note"), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "remove /the/note to begin anew"));
    assert_fault(b->cx, CONFIG);
    assert_int_equal(sso_account_db_setup(b->cx, b->driver, other, NULL), APR_SUCCESS);
}

static void setting_up_twice_changes_nothing(void **state)
{
    book_t *b = book_make(*state);

    works(b);
    assert_int_equal(sso_account_db_setup(b->cx, b->driver, b->params, NULL), APR_SUCCESS);
    assert_int_equal(book_count(b), 1);
    assert_int_equal(scratch_mode(b->params), 0600);
}

static void a_place_that_cannot_be_written(void **state)
{
    sso_ctx_t *cx = *state;

    assert_int_not_equal(sso_account_db_setup(cx, "sqlite3", "/proc/nowhere/a.db", NULL),
                         APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "must be writable"));
    assert_fault(cx, CONFIG);
}

static void what_is_refused(void **state)
{
    static const struct {
        const char *driver, *params, *why;
    } row[] = {
        {"mysql", "host=x", "is no driver that is supported"},
        {"pgsql", "host=x password=y", "a password never stands"},
        {"sqlite3", "x", NULL},
        {"SQLITE3", "x", NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *why = sso_account_db_check(cx->pool, row[i].driver, row[i].params);

        assert_int_equal(why != NULL, row[i].why != NULL);
        if (why) assert_non_null(strstr(why, row[i].why));
    }
}

/* What commit said is there is there, whatever happens to the process then. */
static void a_ban_outlives_its_process(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t claim = book_claim(FORUM, "42", NULL);
    sso_account_t account;
    int status = -1;
    pid_t pid;

    assert_string_equal(book_login(b, &claim, &account), "ok");
    pid = fork();
    if (pid == 0) {
        sso_account_did_t did;

        b->accounts.ledger = book_open(b->cx, b);
        if (sso_account_ban(b->cx, &b->accounts, account.id, "x", &did) != APR_SUCCESS) _exit(1);
        (void)raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_string_equal(book_login(b, &claim, &account), "banned");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(locked),
        UNIT(full),
        UNIT(gone),
        UNIT(damaged),
        UNIT(tables_of_another_version),
        UNIT(older_tables_are_renewed),
        UNIT(tables_that_vanished),
        UNIT(setting_up_twice_changes_nothing),
        UNIT(a_place_that_cannot_be_written),
        UNIT(what_is_refused),
        UNIT(a_ban_outlives_its_process),
    };

    (void)unsetenv("SSO_TEST_PGSQL");
    return cmocka_run_group_tests(tests, unit_start, NULL);
}
