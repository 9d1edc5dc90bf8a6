/*
 * account_bench.h - accounts in a database of one's own, for tests: SQLite in a scratch directory, or
 * the PostgreSQL server that SSO_TEST_PGSQL names (tests/accounts/check_pgsql.sh starts one).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_ACCOUNT_BENCH_H
#define SSO_TESTS_ACCOUNT_BENCH_H

#include "core/account_admin.h"
#include "core/account_db.h"
#include "core/account_login.h"
#include "core/account_sql.h"
#include "core/account_sync.h"
#include "core/protocol.h"
#include "scratch.h"
#include "unit.h"

#include <apr_strings.h>

#ifndef COUNT
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#endif

typedef struct {
    sso_ctx_t *cx;
    const char *driver;
    const char *params;
    const char *dir; /* SQLite's; NULL */
    sso_accounts_t accounts;
    sso_provider_settings_t *set; /* of the provider whose people log in */
    char log[4096];
} book_t;

static inline void book_log(void *sink, int level, const char *file, int line, const char *text)
{
    book_t *b = sink;
    apr_size_t n = strlen(b->log);

    (void)file, (void)line;
    apr_snprintf(b->log + n, sizeof(b->log) - n, "%d %s\n", level, text);
}

/* Is the other database under test? */
static inline int book_is_pgsql(void)
{
    return getenv("SSO_TEST_PGSQL") != NULL;
}

static inline sso_ledger_t *book_open(sso_ctx_t *cx, const book_t *b)
{
    sso_ledger_t *ledger = NULL;

    assert_int_equal(sso_account_sql_make(cx, cx->pool, b->driver, b->params, &ledger),
                     APR_SUCCESS);
    return ledger;
}

/* A site that nobody has logged in to. */
static inline book_t *book_make(sso_ctx_t *cx)
{
    static int number;
    book_t *b = apr_pcalloc(cx->pool, sizeof(*b));

    b->cx = cx;
    b->driver = book_is_pgsql() ? "pgsql" : "sqlite3";
    if (book_is_pgsql()) {
        b->params = getenv("SSO_TEST_PGSQL");
    } else {
        b->dir = scratch_dir(cx);
        b->params = apr_pstrcat(cx->pool, b->dir, "/accounts.db", NULL);
    }
    b->accounts.site = apr_psprintf(cx->pool, "site-%d-%d", (int)getpid(), ++number);
    b->set = sso_settings_make(&sso_provider_table, cx->pool);
    cx->log = book_log;
    cx->sink = b;
    cx->level = SSO_LOG_INFO;
    if (sso_account_db_setup(cx, b->driver, b->params, NULL) != APR_SUCCESS)
        fail_msg("%s", cx->err.log);
    b->accounts.ledger = book_open(cx, b);
    return b;
}

static inline apr_array_header_t *book_words(sso_ctx_t *cx, const char *text)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 4, sizeof(const char *));
    char *state;
    char *word;

    for (word = apr_strtok(apr_pstrdup(cx->pool, text), " ", &state); word;
         word = apr_strtok(NULL, " ", &state))
        APR_ARRAY_PUSH(list, const char *) = word;
    return list;
}

/* Somebody of a realm, with a verified address. */
static inline sso_account_claim_t book_claim(const char *realm, const char *user_id,
                                             const char *email)
{
    return (sso_account_claim_t){.realm = realm,
                                 .provider = "members",
                                 .user_id = user_id,
                                 .user = user_id,
                                 .email = email,
                                 .email_verified = 1,
                                 .banned = -1};
}

/* The text of what failed, or "ok"; the context is cleared. */
static inline const char *book_verdict(book_t *b, apr_status_t rv)
{
    const char *code = rv == APR_SUCCESS ? "ok" : sso_fault_info(b->cx->err.fault)->code;

    sso_ctx_clear(b->cx);
    return code;
}

static inline const char *book_login(book_t *b, const sso_account_claim_t *claim,
                                     sso_account_t *out)
{
    sso_account_did_t did;

    return book_verdict(b, sso_account_login(b->cx, &b->accounts, b->set, claim, &did, out));
}

static inline const char *book_joined(sso_ctx_t *cx, const sso_account_t *account)
{
    return apr_array_pstrcat(cx->pool, sso_account_roles(cx, account), ' ');
}

static inline int book_count_one(void *baton, const sso_account_t *account)
{
    (void)account;
    ++*(int *)baton;
    return 0;
}

static inline int book_count(book_t *b)
{
    int n = 0;

    assert_int_equal(b->accounts.ledger->ops->walk(b->accounts.ledger, b->cx, b->accounts.site, -1,
                                                   book_count_one, &n),
                     APR_SUCCESS);
    return n;
}

#endif /* SSO_TESTS_ACCOUNT_BENCH_H */
