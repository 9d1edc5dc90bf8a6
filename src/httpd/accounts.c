/*
 * accounts.c - accounts of this httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/accounts.h"

#include "base/file.h"
#include "core/account_db.h"
#include "core/account_live.h"
#include "core/account_owner.h"
#include "core/account_sql.h"
#include "core/account_tell.h"
#include "core/event.h"
#include "core/protocol.h"
#include "httpd/log.h"

#include <apr_strings.h>

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_BACK   1000 /* changes that a new child looks at once more: the last one may have died */
#define MESSAGE_MAX 2048 /* bytes of what the process that makes the tables has to say */

/* Of the main server, for the whole process. */
typedef struct {
    apr_hash_t *by_name; /* name -> sso_accounts_t * */
    const char *driver;
    const char *params;
    const char *state_dir;
    int is_own;           /* the file in the state directory */
    sso_ledger_t *ledger; /* this child's */
    apr_int64_t watched;  /* the last epoch whose record's sessions have followed; 0: none yet */
    int is_silent;        /* it has been said that the database cannot be watched */
} plan_t;

static plan_t *plan_of(const server_rec *main_server)
{
    return sso_server_of(main_server)->accounts;
}

/* ---- planning ---- */

static const char *word_of(const apr_array_header_t *list, const char *key)
{
    return sso_line_value(list->nelts, (const char *const *)(const void *)list->elts, key);
}

static int has_word(const apr_array_header_t *list, const char *word)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (!strcasecmp(APR_ARRAY_IDX(list, i, const char *), word)) return 1;
    }
    return 0;
}

static const char *plan_owner(apr_pool_t *p, const sso_server_t *server, sso_account_owner_t *out)
{
    const apr_array_header_t *words = server->set->owner;
    const char *first = APR_ARRAY_IDX(words, 0, const char *);
    const char *within; /* checked when the line was read */

    *out = (sso_account_owner_t){.kind = SSO_OWNER_NONE};
    if (!strcasecmp(first, "none")) return NULL;
    out->kind = !strcasecmp(first, "first-login") ? SSO_OWNER_FIRST : SSO_OWNER_ID;
    out->provider = word_of(words, "provider");
    out->user_id = word_of(words, "id");
    out->domain = word_of(words, "domain");
    out->role = word_of(words, "role");
    out->code = has_word(words, "code");
    within = word_of(words, "within");
    if (within) (void)sso_settings_duration(p, within, 0, APR_INT64_MAX, &out->within);
    if (apr_hash_get(server->site->idps, out->provider, APR_HASH_KEY_STRING)) return NULL;
    return apr_psprintf(p, "provider=%s: no <SSOProvider> of that name is defined for this host",
                        out->provider);
}

static int same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static int same_owner(const sso_account_owner_t *a, const sso_account_owner_t *b)
{
    return a->kind == b->kind && same_text(a->provider, b->provider)
           && same_text(a->user_id, b->user_id) && same_text(a->domain, b->domain)
           && same_text(a->role, b->role) && a->within == b->within && a->code == b->code;
}

static sso_accounts_t *find_accounts(apr_pool_t *p, plan_t *plan, const char *name)
{
    sso_accounts_t *accounts = apr_hash_get(plan->by_name, name, APR_HASH_KEY_STRING);

    if (accounts) return accounts;
    accounts = apr_pcalloc(p, sizeof(*accounts));
    accounts->site = name;
    accounts->hosts = apr_array_make(p, 2, sizeof(const sso_site_t *));
    apr_hash_set(plan->by_name, name, APR_HASH_KEY_STRING, accounts);
    return accounts;
}

static const char *plan_host(apr_pool_t *p, plan_t *plan, sso_server_t *server, const char **what)
{
    const char *name = server->set->accounts;
    sso_account_owner_t owner;
    sso_accounts_t *accounts;
    const char *why;

    *what = "SSOOwner";
    if (!strcasecmp(name, "off")) return NULL;
    why = plan_owner(p, server, &owner);
    if (why) return why;
    if (!strcasecmp(name, "on")) name = server->site->base_url;
    accounts = find_accounts(p, plan, name);
    if (accounts->hosts->nelts && !same_owner(&accounts->owner, &owner)) {
        return apr_psprintf(p, "another host that shares the accounts %s says otherwise", name);
    }
    accounts->owner = owner;
    APR_ARRAY_PUSH(accounts->hosts, const sso_site_t *) = server->site;
    server->site->accounts = accounts;
    return NULL;
}

/* Sync messages change accounts: some host that knows the provider must keep them. */
static const char *check_sync(apr_pool_t *p, server_rec *main_server, const sso_server_t *server)
{
    apr_hash_index_t *i;
    server_rec *s;

    for (i = apr_hash_first(p, server->providers); i; i = apr_hash_next(i)) {
        const sso_provider_t *provider = apr_hash_this_val(i);
        int kept = !provider->set->sync;

        for (s = main_server; s && !kept; s = s->next) {
            const sso_site_t *site = sso_server_of(s)->site;
            const sso_idp_t *idp = apr_hash_get(site->idps, provider->name, APR_HASH_KEY_STRING);

            kept = site->accounts && idp && idp->provider == provider;
        }
        if (kept) continue;
        return apr_psprintf(p,
                            "%s:%d: <SSOProvider %s>: SSOHmacSync changes accounts, and no host "
                            "keeps any; write SSOAccounts on",
                            provider->file, provider->line, provider->name);
    }
    return NULL;
}

/* Whoever is told of accounts must be at a host that keeps them. */
static const char *check_told(apr_pool_t *p, server_rec *main_server, const sso_server_t *server)
{
    apr_hash_index_t *i;
    server_rec *s;

    for (i = apr_hash_first(p, server->peers); i; i = apr_hash_next(i)) {
        const sso_peer_t *peer = apr_hash_this_val(i);
        int kept = !peer->set->sync;

        for (s = main_server; s && !kept; s = s->next) {
            const sso_site_t *site = sso_server_of(s)->site;
            const sso_asker_t *asker =
                site->peers ? apr_hash_get(site->peers, peer->name, APR_HASH_KEY_STRING) : NULL;

            kept = site->accounts && asker && asker->peer == peer;
        }
        if (kept) continue;
        return apr_psprintf(p,
                            "%s:%d: <SSOPeer %s>: SSOPeerSync tells of accounts, and no host keeps "
                            "any; write SSOAccounts on",
                            peer->file, peer->line, peer->name);
    }
    return NULL;
}

static const char *plan_database(apr_pool_t *p, plan_t *plan, const sso_server_t *server)
{
    const apr_array_header_t *words = server->set->account_database;

    plan->driver = APR_ARRAY_IDX(words, 0, const char *);
    plan->is_own = words->nelts == 1;
    if (plan->is_own) {
        plan->params = apr_pstrcat(p, plan->state_dir, "/accounts/accounts.db", NULL);
    } else {
        plan->params = APR_ARRAY_IDX(words, 1, const char *);
        if (!strcasecmp(plan->driver, "sqlite3"))
            plan->params = ap_server_root_relative(p, plan->params);
    }
    return sso_account_db_check(p, plan->driver, plan->params);
}

const char *sso_accounts_plan(apr_pool_t *p, server_rec *main_server, const char *state_dir,
                              server_rec **where, const char **what)
{
    plan_t *plan = apr_pcalloc(p, sizeof(*plan));
    const char *why = NULL;
    server_rec *s;

    plan->by_name = apr_hash_make(p);
    plan->state_dir = state_dir;
    sso_server_of(main_server)->accounts = plan;
    for (s = main_server; s && !why; s = s->next) {
        *where = s;
        why = plan_host(p, plan, sso_server_of(s), what);
    }
    for (s = main_server; s && !why; s = s->next) {
        *where = s;
        *what = "SSOHmacSync";
        why = check_sync(p, main_server, sso_server_of(s));
    }
    for (s = main_server; s && !why; s = s->next) {
        *where = s;
        *what = "SSOPeerSync";
        why = check_told(p, main_server, sso_server_of(s));
    }
    if (why || !apr_hash_count(plan->by_name)) return why;
    *where = main_server;
    *what = "SSOAccountDatabase";
    return plan_database(p, plan, sso_server_of(main_server));
}

/* ---- the directory ---- */

static const char *fail_at(apr_pool_t *p, const char *doing, const char *path, int error)
{
    char why[128];

    return apr_psprintf(p, "cannot %s %s: %s", doing, path,
                        apr_strerror(APR_FROM_OS_ERROR(error), why, sizeof(why)));
}

/* Children must get through the state directory, which is root's, to their own below it; its group,
 * which is theirs alone, may pass, and see no names. */
static const char *open_way(apr_pool_t *p, const char *state_dir)
{
    struct stat st;

    if (geteuid() != 0) return NULL;
    if (stat(state_dir, &st) != 0) return fail_at(p, "look at", state_dir, errno);
    if (st.st_uid == ap_unixd_config.user_id || (st.st_mode & S_IXOTH)) return NULL;
    if (chown(state_dir, (uid_t)-1, ap_unixd_config.group_id) != 0
        || chmod(state_dir, (st.st_mode & 07700) | S_IXGRP) != 0) {
        return fail_at(p, "open", state_dir, errno);
    }
    return NULL;
}

static const char *make_own_dir(apr_pool_t *p, const plan_t *plan)
{
    const char *dir = apr_pstrcat(p, plan->state_dir, "/accounts", NULL);

    if (mkdir(dir, 0700) != 0 && errno != EEXIST) return fail_at(p, "make", dir, errno);
    if (geteuid() == 0 && chown(dir, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0) {
        return fail_at(p, "give away", dir, errno);
    }
    return open_way(p, plan->state_dir);
}

/* ---- the note that there is a database ---- */

static const char *note_path(apr_pool_t *p, const plan_t *plan)
{
    return apr_pstrcat(p, plan->state_dir, "/accounts.made", NULL);
}

static int is_noted(apr_pool_t *p, const plan_t *plan)
{
    sso_ctx_t cx = sso_ctx(p, 0);
    sso_span_t noted;

    return sso_file_read(&cx, p, note_path(p, plan), 4096, SSO_FILE_PRIVATE, &noted) == APR_SUCCESS
           && sso_span_is(noted, plan->params);
}

/* A database that has vanished must not begin anew by itself: bans would be forgotten, and the next
 * to come would own the site. */
static const char *check_note(apr_pool_t *p, const plan_t *plan)
{
    struct stat st;

    if (strcasecmp(plan->driver, "sqlite3") != 0 || stat(plan->params, &st) == 0) return NULL;
    if (!is_noted(p, plan)) return NULL;
    return apr_psprintf(p,
                        "the account database %s is gone: restore it from a backup; or remove "
                        "%s to begin anew, without its accounts, bans and owner",
                        plan->params, note_path(p, plan));
}

static void write_note(apr_pool_t *p, const plan_t *plan)
{
    sso_ctx_t cx = sso_ctx(p, 0);
    const char *path = note_path(p, plan);

    if (is_noted(p, plan)) return;
    (void)unlink(path);
    (void)sso_file_create(&cx, path, sso_span(plan->params));
}

/* ---- the tables ---- */

/* Tables, and in them every site: owners may be made for some time from then on. */
static apr_status_t fill_in(sso_ctx_t *cx, const plan_t *plan, const char *made)
{
    apr_status_t rv = sso_account_db_setup(cx, plan->driver, plan->params, made);
    sso_ledger_t *ledger = NULL;
    apr_hash_index_t *i;

    if (rv == APR_SUCCESS) {
        rv = sso_account_sql_make(cx, cx->pool, plan->driver, plan->params, &ledger);
    }
    for (i = apr_hash_first(cx->pool, plan->by_name); i && rv == APR_SUCCESS;
         i = apr_hash_next(i)) {
        sso_accounts_t accounts = *(sso_accounts_t *)apr_hash_this_val(i);

        accounts.ledger = ledger;
        rv = sso_account_site_begin(cx, &accounts);
    }
    return rv;
}

/* In a process of its own: become who requests run as, make the tables, say how it went: one byte,
 * '0', 'c' for a mistake or 'd' for later, and the words. */
static void make_tables(const plan_t *plan, server_rec *s, apr_pool_t *p, const char *made, int to)
{
    sso_ctx_t cx = sso_ctx(p, apr_time_now());
    const char *words = "";
    char verdict = '0';

    if (ap_run_drop_privileges(p, s) != OK) {
        verdict = 'c';
        words = "the process cannot become the user that requests run as";
    } else if (fill_in(&cx, plan, made) != APR_SUCCESS) {
        verdict = cx.err.fault == SSO_F_ACCOUNT_DATABASE && strcasecmp(plan->driver, "sqlite3") != 0
                      ? 'd'
                      : 'c';
        words = cx.err.log ? cx.err.log : "no reason is known";
    }
    words = apr_psprintf(p, "%c%s", verdict, words);
    (void)!write(to, words, strlen(words) < MESSAGE_MAX ? strlen(words) : MESSAGE_MAX);
    _exit(0);
}

static apr_size_t hear(int from, char *text)
{
    apr_size_t n = 0;

    for (;;) {
        ssize_t got = read(from, text + n, MESSAGE_MAX - n);

        if (got > 0) n += (apr_size_t)got;
        if (got == 0 || n == MESSAGE_MAX || (got < 0 && errno != EINTR)) break;
    }
    text[n] = '\0';
    return n;
}

static const char *run_setup(const plan_t *plan, server_rec *s, apr_pool_t *p, char *text)
{
    const char *made = is_noted(p, plan) ? note_path(p, plan) : NULL;
    int ends[2];
    pid_t pid;

    if (pipe(ends) != 0) return "no pipe to be had";
    pid = fork();
    if (pid == 0) make_tables(plan, s, p, made, ends[1]);
    (void)close(ends[1]);
    if (pid > 0) (void)hear(ends[0], text);
    (void)close(ends[0]);
    if (pid < 0) return "no process to be had";
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return *text ? NULL : "the process that makes the tables died";
}

const char *sso_accounts_start(apr_pool_t *ptemp, server_rec *main_server)
{
    const plan_t *plan = plan_of(main_server);
    char *text = apr_pcalloc(ptemp, MESSAGE_MAX + 1);
    const char *why;

    if (!apr_hash_count(plan->by_name)) return NULL;
    why = check_note(ptemp, plan);
    if (!why && plan->is_own) why = make_own_dir(ptemp, plan);
    if (!why) why = run_setup(plan, main_server, ptemp, text);
    if (!why && *text == 'c') why = text + 1;
    if (why) return why;
    if (*text == '0') write_note(ptemp, plan);
    if (*text == 'd') {
        ap_log_error(
            APLOG_MARK, APLOG_ERR, 0, main_server,
            "SSO: SSOAccountDatabase: %s; nobody can sign in where accounts are kept until "
            "it is there, and httpd was restarted if it has no tables yet",
            text + 1);
    }
    return NULL;
}

/* ---- children ---- */

void sso_accounts_open(apr_pool_t *pchild, server_rec *main_server)
{
    plan_t *plan = plan_of(main_server);
    sso_ctx_t cx = sso_log_server_ctx(main_server, pchild);
    sso_ledger_t *ledger = NULL;
    apr_hash_index_t *i;

    if (!plan || !apr_hash_count(plan->by_name)) return;
    if (sso_account_sql_make(&cx, pchild, plan->driver, plan->params, &ledger) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server, "SSO: SSOAccountDatabase: %s",
                     cx.err.log);
    }
    plan->ledger = ledger;
    for (i = apr_hash_first(pchild, plan->by_name); i; i = apr_hash_next(i))
        ((sso_accounts_t *)apr_hash_this_val(i))->ledger = ledger;
}

/* ---- what others change ---- */

static apr_status_t read_latest(sso_ctx_t *cx, sso_ledger_t *ledger, apr_int64_t *out)
{
    sso_ledger_tx_t *tx;
    apr_status_t rv = ledger->ops->begin(ledger, cx, SSO_LEDGER_READ, &tx);

    if (rv != APR_SUCCESS) return rv;
    rv = ledger->ops->latest(tx, cx, out);
    if (rv == APR_SUCCESS) return ledger->ops->commit(tx, cx);
    ledger->ops->rollback(tx, cx);
    return rv;
}

/* A record that somebody has changed. */
typedef struct {
    const char *id;
    int banned;
} changed_t;

/* The walk lends its records for a moment. */
static int keep(void *baton, const sso_account_t *account)
{
    apr_array_header_t *list = baton;

    APR_ARRAY_PUSH(list, changed_t) = (changed_t){apr_pstrdup(list->pool, account->id),
                                                  account->banned};
    return 0;
}

/* Whoever it was: another machine, ssoctl, or a request here that has told of it, too. */
static void tell_change(sso_ctx_t *cx, const sso_accounts_t *accounts, const changed_t *changed,
                        int sessions)
{
    sso_event(cx, &(sso_event_t){.what = "account",
                                 .why = changed->banned ? "changed, banned" : "changed",
                                 .site = accounts->site,
                                 .account = changed->id,
                                 .sessions = sessions});
}

/* is_new: it has not been looked at by another child already. */
static apr_status_t follow_site(sso_ctx_t *cx, const sso_accounts_t *accounts, apr_int64_t since,
                                int is_new)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 16, sizeof(changed_t));
    apr_status_t rv = accounts->ledger->ops->walk(accounts->ledger, cx, accounts->site, since, keep,
                                                  list);
    int i;

    for (i = 0; i < list->nelts && rv == APR_SUCCESS; i++) {
        const changed_t *changed = &APR_ARRAY_IDX(list, i, changed_t);
        int n = 0;

        rv = sso_account_follow(cx, accounts, changed->id, &n);
        if (n > 0) {
            SSO_INFO(cx, "account %s was changed elsewhere; %d sessions follow", changed->id, n);
        }
        if (is_new || n > 0) tell_change(cx, accounts, changed, n);
    }
    return rv;
}

static apr_status_t watch(sso_ctx_t *cx, plan_t *plan)
{
    apr_int64_t latest = 0;
    const int is_new = plan->watched > 0;
    apr_status_t rv = read_latest(cx, plan->ledger, &latest);
    apr_hash_index_t *i;

    if (rv != APR_SUCCESS || latest == plan->watched) return rv;
    if (!plan->watched && latest > LOOK_BACK) plan->watched = latest - LOOK_BACK;
    for (i = apr_hash_first(cx->pool, plan->by_name); i && rv == APR_SUCCESS; i = apr_hash_next(i))
        rv = follow_site(cx, apr_hash_this_val(i), plan->watched, is_new);
    if (rv == APR_SUCCESS) plan->watched = latest;
    return rv;
}

void sso_accounts_watch(apr_pool_t *pool, server_rec *main_server)
{
    plan_t *plan = plan_of(main_server);
    sso_ctx_t cx = sso_log_server_ctx(main_server, pool);
    apr_status_t rv;

    if (!plan || !plan->ledger) return;
    rv = watch(&cx, plan);
    if (rv != APR_SUCCESS && !plan->is_silent) {
        SSO_WARN(&cx, "changes of accounts by others cannot be seen: %s",
                 cx.err.log ? cx.err.log : "no reason is known");
    }
    plan->is_silent = rv != APR_SUCCESS;
}

/* ---- what peers are told ---- */

static void tell_peers_of(sso_ctx_t *cx, const sso_site_t *site)
{
    apr_hash_index_t *i;

    for (i = site->peers ? apr_hash_first(cx->pool, site->peers) : NULL; i; i = apr_hash_next(i)) {
        const sso_asker_t *asker = apr_hash_this_val(i);

        if (!asker->peer->set->sync) continue;
        if (sso_account_tell(cx, asker, sso_client_curl()) == APR_SUCCESS) continue;
        SSO_DEBUG(cx, "peer %s cannot be told now: %s", asker->peer->name,
                  cx->err.log ? cx->err.log : "no reason is known"); /* the watch has said it */
        sso_ctx_clear(cx);
    }
}

void sso_accounts_tell(apr_pool_t *pool, server_rec *main_server, int (*is_cancelled)(void *))
{
    sso_ctx_t cx = sso_log_server_ctx(main_server, pool);
    server_rec *s;

    cx.is_cancelled = is_cancelled;
    for (s = main_server; s; s = s->next) {
        const sso_site_t *site = sso_server_of(s)->site;

        if (site && site->accounts && site->accounts->ledger) tell_peers_of(&cx, site);
    }
}
