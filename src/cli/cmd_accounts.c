/*
 * cmd_accounts.c - ssoctl accounts: who has an account, and the admin's hand on it.
 *
 * What is changed here is seen by httpd within seconds: it looks for records that others have changed,
 * and its sessions follow.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "base/when.h"
#include "cli/commands.h"
#include "core/account_admin.h"
#include "core/account_owner.h"
#include "core/account_sql.h"

#include <apr_file_info.h>
#include <apr_strings.h>

#include <stdio.h>
#include <string.h>

#define DEFAULT_FILE SSO_STATE_DIR "/accounts/accounts.db"
#define EXPORT_MAX   1048576 /* bytes of one exported record */

/* The first two of every command. */
enum { OPT_DATABASE, OPT_ACCOUNTS, OPT_MORE };
#define WHERE                                                               \
    [OPT_DATABASE] = {"database", "FILE",                                   \
                      "SQLite file, or PostgreSQL parameters (host=...); "  \
                      "default: " DEFAULT_FILE,                             \
                      0, 'd'},                                              \
    [OPT_ACCOUNTS] = {"accounts", "NAME",                                   \
                      "as in SSOAccounts; of several hosts with `on`, the " \
                      "address",                                            \
                      0, 'a'}

static const sso_option_t plain_options[] = {WHERE, {.name = NULL}};

/* ---- the database ---- */

static int is_pgsql(const char *words)
{
    return strchr(words, '=') != NULL;
}

/* The only name there is; NULL after a message. */
static const char *only_site(sso_cli_t *cli, const sso_accounts_t *accounts)
{
    const sso_ledger_ops_t *ops = accounts->ledger->ops;
    apr_array_header_t *sites = NULL;
    sso_ledger_tx_t *tx;
    apr_status_t rv = ops->begin(accounts->ledger, &cli->cx, SSO_LEDGER_READ, &tx);
    int i;

    if (rv == APR_SUCCESS) {
        rv = ops->sites(tx, &cli->cx, &sites);
        (void)ops->commit(tx, &cli->cx);
    }
    if (rv != APR_SUCCESS) {
        (void)sso_cli_report(cli);
        return NULL;
    }
    if (sites->nelts == 1) return APR_ARRAY_IDX(sites, 0, const char *);
    (void)sso_cli_fail(cli, sites->nelts ? "there are several; name one with --accounts"
                                         : "there are no accounts yet");
    for (i = 0; i < sites->nelts; i++)
        (void)fprintf(stderr, "  --accounts %s\n", APR_ARRAY_IDX(sites, i, const char *));
    return NULL;
}

/* SSO_EXIT_OK, or an exit code after a message. */
static int open_accounts(sso_cli_t *cli, sso_accounts_t *out)
{
    const char *where = cli->value[OPT_DATABASE] ? cli->value[OPT_DATABASE] : DEFAULT_FILE;
    apr_finfo_t info;

    *out = (sso_accounts_t){.site = cli->value[OPT_ACCOUNTS]};
    if (!is_pgsql(where) && apr_stat(&info, where, APR_FINFO_TYPE, cli->cx.pool) != APR_SUCCESS) {
        return sso_cli_fail(cli, "%s cannot be read; name the database with --database, as root",
                            where);
    }
    if (sso_account_sql_make(&cli->cx, cli->cx.pool, is_pgsql(where) ? "pgsql" : "sqlite3", where,
                             &out->ledger)
        != APR_SUCCESS) {
        return sso_cli_report(cli);
    }
    if (!out->site) out->site = only_site(cli, out);
    return out->site ? SSO_EXIT_OK : SSO_EXIT_FAILED;
}

/* "REALM USER_ID", an id or an address. */
static int find(sso_cli_t *cli, const sso_accounts_t *accounts, const char *who, sso_account_t *out)
{
    const char *space = strchr(who, ' ');
    const char *name = space ? apr_pstrmemdup(cli->cx.pool, who, (apr_size_t)(space - who)) : who;
    apr_status_t rv = sso_account_find(&cli->cx, accounts, name, space ? space + 1 : NULL, out);

    if (rv == APR_SUCCESS) return SSO_EXIT_OK;
    if (rv != APR_NOTFOUND) return sso_cli_report(cli);
    return sso_cli_fail(cli,
                        "nobody is '%s'; write an account's id, a verified address, or "
                        "'REALM USER_ID'",
                        who);
}

static int open_and_find(sso_cli_t *cli, sso_accounts_t *accounts, sso_account_t *account)
{
    int rc = open_accounts(cli, accounts);

    return rc == SSO_EXIT_OK ? find(cli, accounts, cli->operand[0], account) : rc;
}

static apr_array_header_t *identities_of(sso_cli_t *cli, const sso_accounts_t *accounts,
                                         const char *id)
{
    const sso_ledger_ops_t *ops = accounts->ledger->ops;
    apr_array_header_t *list = NULL;
    sso_ledger_tx_t *tx;

    if (ops->begin(accounts->ledger, &cli->cx, SSO_LEDGER_READ, &tx) != APR_SUCCESS) return NULL;
    if (ops->identities(tx, &cli->cx, id, &list) != APR_SUCCESS) list = NULL;
    (void)ops->commit(tx, &cli->cx);
    return list;
}

/* ---- list and export ---- */

typedef struct {
    sso_cli_t *cli;
    const sso_accounts_t *accounts;
    int banned_only;
    int failed;
} listing_t;

static const char *plain(const listing_t *l, const char *text)
{
    return sso_cli_plain(l->cli->cx.pool, text);
}

static int list_one(void *baton, const sso_account_t *a)
{
    listing_t *l = baton;
    sso_ctx_t *cx = &l->cli->cx;

    if (l->banned_only && !a->banned) return 0;
    printf("%s  %s%s  %-32s %s  [%s]\n", a->id, a->owner ? "owner " : "", a->banned ? "BANNED" : "",
           *a->email ? plain(l, a->email) : "-", plain(l, a->name),
           plain(l, apr_array_pstrcat(cx->pool, sso_account_roles(cx, a), ',')));
    return 0;
}

static int walk(sso_cli_t *cli, sso_ledger_fn *fn, int banned_only)
{
    sso_accounts_t accounts;
    listing_t l = {.cli = cli, .accounts = &accounts, .banned_only = banned_only};
    int rc = open_accounts(cli, &accounts);

    if (rc != SSO_EXIT_OK) return rc;
    if (accounts.ledger->ops->walk(accounts.ledger, &cli->cx, accounts.site, -1, fn, &l)
        != APR_SUCCESS) {
        return sso_cli_report(cli);
    }
    return l.failed ? sso_cli_report(cli) : SSO_EXIT_OK;
}

enum { LIST_BANNED = OPT_MORE };
static const sso_option_t list_options[] = {
    WHERE,
    [LIST_BANNED] = {"banned", NULL, "only who is banned", 0, 0},
    {.name = NULL},
};

static int list(sso_cli_t *cli)
{
    return walk(cli, list_one, cli->value[LIST_BANNED] != NULL);
}

static void put_text(sso_buf_t *b, const char *name, const char *value)
{
    sso_json_string(b, name);
    sso_buf_char(b, ':');
    sso_json_string(b, value);
    sso_buf_char(b, ',');
}

static void put_time(sso_cli_t *cli, sso_buf_t *b, const char *name, apr_time_t when)
{
    put_text(b, name, when ? sso_when_text(cli->cx.pool, when) : "");
}

static void put_identities(sso_buf_t *b, const apr_array_header_t *list)
{
    int i;

    sso_buf_text(b, "\"identities\":[");
    for (i = 0; i < list->nelts; i++) {
        const sso_account_identity_t *one = &APR_ARRAY_IDX(list, i, sso_account_identity_t);

        sso_buf_text(b, i ? ",{" : "{");
        put_text(b, "realm", one->realm);
        put_text(b, "user_id", one->user_id);
        sso_buf_text(b, "\"user\":");
        sso_json_string(b, one->user);
        sso_buf_char(b, '}');
    }
    sso_buf_text(b, "],");
}

static void put_roles(sso_buf_t *b, const sso_account_t *a)
{
    int i;

    sso_buf_text(b, "\"roles\":[");
    for (i = 0; i < a->roles->nelts; i++) {
        const sso_account_role_t *one = &APR_ARRAY_IDX(a->roles, i, sso_account_role_t);

        sso_buf_text(b, i ? ",{" : "{");
        put_text(b, "realm", one->realm);
        sso_buf_text(b, "\"role\":");
        sso_json_string(b, one->role);
        sso_buf_char(b, '}');
    }
    sso_buf_char(b, ']');
}

/* One JSON object a line: everything that is known. */
static int export_one(void *baton, const sso_account_t *a)
{
    listing_t *l = baton;
    sso_buf_t b = sso_buf_make(l->cli->cx.pool, 1024, EXPORT_MAX);
    apr_array_header_t *identities = identities_of(l->cli, l->accounts, a->id);

    if (!identities) {
        l->failed = 1;
        return 1;
    }
    sso_buf_char(&b, '{');
    put_text(&b, "account", a->id);
    put_text(&b, "email", a->email);
    sso_buf_format(&b, "\"email_verified\":%s,", a->email_verified ? "true" : "false");
    put_text(&b, "name", a->name);
    put_text(&b, "image", a->image);
    put_text(&b, "bio", a->bio);
    sso_buf_format(&b, "\"owner\":%s,\"banned\":%s,", a->owner ? "true" : "false",
                   a->banned ? "true" : "false");
    put_text(&b, "banned_by", a->banned_by);
    put_text(&b, "ban_reason", a->ban_reason);
    put_time(l->cli, &b, "created", a->created);
    put_time(l->cli, &b, "updated", a->updated);
    put_time(l->cli, &b, "last_login", a->last_login);
    put_identities(&b, identities);
    put_roles(&b, a);
    sso_buf_text(&b, "}\n");
    printf("%s", b.p);
    return 0;
}

static int export_all(sso_cli_t *cli)
{
    return walk(cli, export_one, 0);
}

/* ---- one person ---- */

static int show(sso_cli_t *cli)
{
    sso_accounts_t accounts;
    sso_account_t account;
    listing_t l = {.cli = cli, .accounts = &accounts};
    int rc = open_and_find(cli, &accounts, &account);

    if (rc != SSO_EXIT_OK) return rc;
    (void)export_one(&l, &account);
    return l.failed ? sso_cli_report(cli) : SSO_EXIT_OK;
}

static int say(sso_cli_t *cli, apr_status_t rv, sso_account_did_t did, const char *done,
               const char *was)
{
    if (rv != APR_SUCCESS) return sso_cli_report(cli);
    printf("%s\n", did == SSO_ACCOUNT_UNCHANGED ? was : done);
    return SSO_EXIT_OK;
}

enum { BAN_REASON = OPT_MORE };
static const sso_option_t ban_options[] = {
    WHERE,
    [BAN_REASON] = {"reason", "TEXT", "for the log, when the person tries to sign in", 0, 'r'},
    {.name = NULL},
};

static int ban(sso_cli_t *cli)
{
    const char *reason = cli->value[BAN_REASON] ? cli->value[BAN_REASON] : "by ssoctl";
    sso_account_did_t did = SSO_ACCOUNT_UNCHANGED;
    sso_accounts_t accounts;
    sso_account_t account;
    int rc = open_and_find(cli, &accounts, &account);

    if (rc != SSO_EXIT_OK) return rc;
    return say(cli, sso_account_ban(&cli->cx, &accounts, account.id, reason, &did), did,
               "banned; sessions end within seconds", "was banned before");
}

static int pardon(sso_cli_t *cli)
{
    sso_account_did_t did = SSO_ACCOUNT_UNCHANGED;
    sso_accounts_t accounts;
    sso_account_t account;
    int rc = open_and_find(cli, &accounts, &account);

    if (rc != SSO_EXIT_OK) return rc;
    return say(cli, sso_account_ban(&cli->cx, &accounts, account.id, NULL, &did), did,
               "pardoned; may sign in again", "was not banned");
}

enum { ROLE_TAKE = OPT_MORE };
static const sso_option_t role_options[] = {
    WHERE,
    [ROLE_TAKE] = {"take", NULL, "take it away; of the realm 'local' only", 0, 0},
    {.name = NULL},
};

static int role(sso_cli_t *cli)
{
    int take = cli->value[ROLE_TAKE] != NULL;
    const char *word = cli->operand[1];
    sso_account_did_t did = SSO_ACCOUNT_UNCHANGED;
    sso_accounts_t accounts;
    sso_account_t account;
    int rc;

    if (!*word || strpbrk(word, ",\r\n\t") || !strcasecmp(word, "owner")) {
        return sso_cli_misused(cli, "'%s' cannot be a role", word);
    }
    rc = open_and_find(cli, &accounts, &account);
    if (rc != SSO_EXIT_OK) return rc;
    return say(cli, sso_account_role(&cli->cx, &accounts, account.id, word, !take, &did), did,
               take ? "taken; sessions follow within seconds"
                    : "given; sessions follow within seconds",
               take ? "had it not from here" : "had it before");
}

static int rename_one(sso_cli_t *cli)
{
    sso_account_did_t did = SSO_ACCOUNT_UNCHANGED;
    sso_accounts_t accounts;
    apr_status_t rv;
    int rc = open_accounts(cli, &accounts);

    if (rc != SSO_EXIT_OK) return rc;
    rv = sso_account_rename(&cli->cx, &accounts, cli->operand[0], cli->operand[1], cli->operand[2],
                            &did);
    if (rv == APR_NOTFOUND) {
        return sso_cli_fail(cli, "nobody is '%s %s'", cli->operand[0], cli->operand[1]);
    }
    return say(cli, rv, did, "renamed; sessions under the old user_id go on until they expire",
               "renamed");
}

static int claim(sso_cli_t *cli)
{
    sso_accounts_t accounts;
    const char *code;
    int rc = open_accounts(cli, &accounts);

    if (rc != SSO_EXIT_OK) return rc;
    if (sso_account_owner_offer(&cli->cx, &accounts, &code) != APR_SUCCESS) {
        return sso_cli_report(cli);
    }
    printf("%s\n", code);
    (void)fprintf(stderr,
                  "good once, within an hour: to be entered at SSOPath/owner of the site\n");
    return SSO_EXIT_OK;
}

/* ---- the commands ---- */

#define WHO                                                                                  \
    "WHO is an account's id, a verified e-mail address, or realm and user_id in one word:\n" \
    "'hmac:members 42', 'saml:https://idp.example/id ada'.\n"

const sso_command_t sso_cmd_accounts_list = {
    .noun = "accounts",
    .verb = "list",
    .operands = "",
    .summary = "who has an account",
    .about = "Prints a line for each: id, whether banned or owner, address, name, roles.",
    .options = list_options,
    .run = list,
};

const sso_command_t sso_cmd_accounts_export = {
    .noun = "accounts",
    .verb = "export",
    .operands = "",
    .summary = "all accounts as JSON",
    .about = "Prints one JSON object a line with everything that is known of a person.",
    .options = plain_options,
    .run = export_all,
};

const sso_command_t sso_cmd_accounts_show = {
    .noun = "accounts",
    .verb = "show",
    .operands = "WHO",
    .least = 1,
    .most = 1,
    .summary = "one account as JSON",
    .about = WHO,
    .options = plain_options,
    .run = show,
};

const sso_command_t sso_cmd_accounts_ban = {
    .noun = "accounts",
    .verb = "ban",
    .operands = "WHO",
    .least = 1,
    .most = 1,
    .summary = "let somebody in no more",
    .about = WHO "No login from now on; httpd ends the person's sessions within seconds.",
    .options = ban_options,
    .run = ban,
};

const sso_command_t sso_cmd_accounts_pardon = {
    .noun = "accounts",
    .verb = "pardon",
    .operands = "WHO",
    .least = 1,
    .most = 1,
    .summary = "take a ban back, whoever gave it",
    .about = WHO "The person may sign in again; sessions do not come back.",
    .options = plain_options,
    .run = pardon,
};

const sso_command_t sso_cmd_accounts_role = {
    .noun = "accounts",
    .verb = "role",
    .operands = "WHO ROLE",
    .least = 2,
    .most = 2,
    .summary = "give a role, or take it",
    .about = WHO "Roles given here are of the realm 'local'; those of providers are theirs.",
    .options = role_options,
    .run = role,
};

const sso_command_t sso_cmd_accounts_rename = {
    .noun = "accounts",
    .verb = "rename",
    .operands = "REALM FROM TO",
    .least = 3,
    .most = 3,
    .summary = "a provider calls somebody by another user_id",
    .about =
        "For a site that has given a person another user_id, which is otherwise another person.",
    .options = plain_options,
    .run = rename_one,
};

const sso_command_t sso_cmd_accounts_claim = {
    .noun = "accounts",
    .verb = "claim",
    .operands = "",
    .summary = "a code for whoever shall own the site",
    .about = "Prints a code that makes one person the owner, within an hour, where SSOOwner says\n"
             "'first-login ... code': signed in, they enter it at SSOPath/owner. A new code voids\n"
             "the one before. A site that has an owner gives out none.",
    .options = plain_options,
    .run = claim,
};
