/*
 * cmd_credential.c - ssoctl credential: the file of SSOBackendAuth map.
 *
 * It is written by these commands only, and nothing prints a password. httpd looks into the file at each
 * request that needs it: what is changed here holds from the next one on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/url.h"
#include "cli/commands.h"
#include "core/credentials.h"
#include "crypto/secret.h"

#include <apr_file_info.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define WHO                                                                              \
    "WHO is the id of an account, as ssoctl accounts list prints it; without accounts\n" \
    "what the error log shows for somebody who has none yet, or provider, issuer and\n"  \
    "subject in three words.\n"

enum { OPT_FILE, OPT_KEY, OPT_MORE };
#define WHERE                                                                        \
    [OPT_FILE] = {"file", "FILE", "the file that SSOBackendAuth map names", 1, 'f'}, \
    [OPT_KEY] = {"key", "SOURCE", "its secret: file:PATH, exec:PROGRAM ARGS or env:NAME", 1, 'k'}

enum { OPT_BACKEND = OPT_MORE, OPT_USER };
#define BACKEND                                                                                   \
    [OPT_BACKEND] = {"backend", "URL", "https://HOST[:PORT], unix:/SOCKET or balancer://NAME", 1, \
                     'b'}

static const sso_option_t list_options[] = {WHERE, {.name = NULL}};
static const sso_option_t remove_options[] = {WHERE, BACKEND, {.name = NULL}};
static const sso_option_t set_options[] = {
    WHERE,
    BACKEND,
    [OPT_USER] = {"user", "NAME", "the person's name at the backend", 1, 'u'},
    {.name = NULL},
};

/* SSO_EXIT_OK, or an exit code after a message. */
static int prepare(sso_cli_t *cli, sso_credentials_t *out)
{
    apr_pool_t *p = cli->cx.pool;
    char *here;

    if (apr_filepath_get(&here, APR_FILEPATH_NATIVE, p) != APR_SUCCESS) here = apr_pstrdup(p, ".");
    if (sso_credentials_prepare(&cli->cx, p, here, cli->value[OPT_FILE], cli->value[OPT_KEY], out)
        == APR_SUCCESS) {
        return SSO_EXIT_OK;
    }
    return sso_cli_report(cli);
}

static int find_who(sso_cli_t *cli, const char **out)
{
    if (cli->operands == 2) return sso_cli_misused(cli, "write one word, or three");
    *out = cli->operands == 1 ? cli->operand[0]
                              : sso_credential_account(cli->cx.pool, cli->operand[0],
                                                       cli->operand[1], cli->operand[2]);
    return SSO_EXIT_OK;
}

#define BALANCER "balancer://"
#define SOCKET   "unix:"

/* What mod_proxy calls it: in lower case and without a path. NULL: it is none. */
static const char *balancer_of(apr_pool_t *p, const char *text)
{
    const apr_size_t n = sizeof(BALANCER) - 1;
    char *name;
    char *c;

    if (strncasecmp(text, BALANCER, n) != 0) return NULL;
    name = apr_pstrmemdup(p, text, n + strcspn(text + n, "/"));
    for (c = name; *c; c++)
        *c = (char)apr_tolower(*c);
    return name;
}

/* The same of a socket, of which ProxyPass says more behind a '|': the shortest path. */
static const char *socket_of(apr_pool_t *p, const char *text)
{
    const apr_size_t n = sizeof(SOCKET) - 1;
    char *path;

    if (strncasecmp(text, SOCKET "/", n + 1) != 0) return NULL;
    path = apr_pstrmemdup(p, text + n, strcspn(text + n, "|"));
    if (apr_filepath_merge(&path, "/", path, 0, p) != APR_SUCCESS) return NULL;
    return apr_pstrcat(p, SOCKET, path, NULL);
}

/* As mod_sso names it at a request. */
static int find_backend(sso_cli_t *cli, const char **out)
{
    const char *text = cli->value[OPT_BACKEND];
    const char *why;
    sso_url_t url;

    *out = balancer_of(cli->cx.pool, text);
    if (!*out) *out = socket_of(cli->cx.pool, text);
    if (*out) return SSO_EXIT_OK;
    why = sso_url_parse(cli->cx.pool, text, &url);
    if (why) return sso_cli_misused(cli, "--backend: '%s' %s", text, why);
    *out = sso_url_origin(cli->cx.pool, &url);
    return SSO_EXIT_OK;
}

/* ---- set ---- */

/* A line from stdin, without its end; wiped with the pool. */
static int read_password(sso_cli_t *cli, const char **out)
{
    const apr_size_t room = SSO_CREDENTIAL_TEXT_MAX + 3;
    char *p = apr_pcalloc(cli->cx.pool, room + 1);
    apr_size_t n = 0;
    ssize_t got = 1;

    sso_secret_wipe_with(cli->cx.pool, sso_span_of(p, room));
    while (n < room && got > 0) {
        got = read(STDIN_FILENO, p + n, room - n);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            n += (apr_size_t)got;
    }
    if (got < 0) return sso_cli_fail(cli, "the password could not be read from stdin");
    if (n && p[n - 1] == '\n') p[--n] = '\0';
    if (n && p[n - 1] == '\r') p[--n] = '\0';
    if (strlen(p) != n) return sso_cli_fail(cli, "the password holds a NUL byte");
    *out = p;
    return SSO_EXIT_OK;
}

static int check_texts(sso_cli_t *cli, const sso_credential_t *c)
{
    const char *why = sso_credential_check(c->user, 1);

    if (why) return sso_cli_misused(cli, "--user: '%s' %s", c->user, why);
    why = sso_credential_check(c->password, 0);
    return why ? sso_cli_fail(cli, "the password %s; give it on stdin", why) : SSO_EXIT_OK;
}

static int set(sso_cli_t *cli)
{
    sso_credential_t c = {.user = cli->value[OPT_USER]};
    sso_credentials_t file;
    int rc = find_who(cli, &c.account);

    if (rc == SSO_EXIT_OK) rc = find_backend(cli, &c.backend);
    if (rc == SSO_EXIT_OK) rc = prepare(cli, &file);
    if (rc == SSO_EXIT_OK) rc = read_password(cli, &c.password);
    if (rc == SSO_EXIT_OK) rc = check_texts(cli, &c);
    if (rc != SSO_EXIT_OK) return rc;
    if (sso_credentials_set(&cli->cx, &file, &c) != APR_SUCCESS) return sso_cli_report(cli);
    printf("set\n");
    return SSO_EXIT_OK;
}

/* ---- remove and list ---- */

static int take_away(sso_cli_t *cli)
{
    const char *account;
    const char *backend;
    sso_credentials_t file;
    apr_status_t rv;
    int rc = find_who(cli, &account);

    if (rc == SSO_EXIT_OK) rc = find_backend(cli, &backend);
    if (rc == SSO_EXIT_OK) rc = prepare(cli, &file);
    if (rc != SSO_EXIT_OK) return rc;
    rv = sso_credentials_remove(&cli->cx, &file, account, backend);
    if (rv == APR_NOTFOUND) return sso_cli_fail(cli, "there is none; ssoctl credential list");
    if (rv != APR_SUCCESS) return sso_cli_report(cli);
    printf("removed\n");
    return SSO_EXIT_OK;
}

static int list(sso_cli_t *cli)
{
    sso_credentials_t file;
    apr_array_header_t *all;
    int rc = prepare(cli, &file);
    int i;

    if (rc != SSO_EXIT_OK) return rc;
    if (sso_credentials_all(&cli->cx, &file, &all) != APR_SUCCESS) return sso_cli_report(cli);
    for (i = 0; i < all->nelts; i++) {
        const sso_credential_t *c = &APR_ARRAY_IDX(all, i, sso_credential_t);

        printf("%s  %s  %s\n", c->account, c->backend, c->user);
    }
    return SSO_EXIT_OK;
}

const sso_command_t sso_cmd_credential_set = {
    .noun = "credential",
    .verb = "set",
    .operands = "WHO...",
    .least = 1,
    .most = 3,
    .summary = "enter somebody's name and password at a backend",
    .about = WHO
    "The password is read from stdin, a line. It cannot be read back. The file is made\n"
    "where there is none; what was there for the same person and backend is replaced,\n"
    "and so is what httpd remembers of refusals.",
    .options = set_options,
    .run = set,
};

const sso_command_t sso_cmd_credential_remove = {
    .noun = "credential",
    .verb = "remove",
    .operands = "WHO...",
    .least = 1,
    .most = 3,
    .summary = "take it away again",
    .about = WHO,
    .options = remove_options,
    .run = take_away,
};

const sso_command_t sso_cmd_credential_list = {
    .noun = "credential",
    .verb = "list",
    .operands = "",
    .summary = "who has one, at which backend, by which name",
    .about =
        "Prints a line for each: whose it is, the backend, the name there. No passwords. A file\n"
        "that is damaged, or of another key, is refused.",
    .options = list_options,
    .run = list,
};
