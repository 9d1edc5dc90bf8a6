/*
 * cmd_sessions.c - ssoctl sessions: who is signed in at a running httpd, and the admin's hand on it.
 *
 * httpd answers at a socket in its state directory (src/httpd/door.h says how); what ends there is
 * gone for the next request of anybody.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "base/json.h"
#include "cli/ask.h"
#include "cli/commands.h"

#include <apr_strings.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_LONGEST 4096
#define PATIENCE_SEC 60 /* between two pieces of an answer */
#define LIMIT        1000

/* The first ones of both commands, in the words of the question. */
enum { OPT_STATE, OPT_USER, OPT_PROVIDER, OPT_ISSUER, OPT_SITE, OPT_SESSION, OPT_MORE };
#define WHICH                                                                                   \
    [OPT_STATE] = {"state", "DIR", "httpd's SSOStateDirectory, where it is not the default", 0, \
                   's'},                                                                        \
    [OPT_USER] = {"user", "NAME", "of this person: REMOTE_USER, or the provider's subject", 0,  \
                  'u'},                                                                         \
    [OPT_PROVIDER] = {"provider", "NAME", "made through this <SSOProvider>", 0, 'p'},           \
    [OPT_ISSUER] = {"issuer", "URI", "made by this identity provider", 0, 'i'},                 \
    [OPT_SITE] = {"site", "URL", "of this host", 0, 0},                                         \
    [OPT_SESSION] = {"session", "ID", "the one that is listed, and logged, as ID", 0, 0}

/* ---- the question ---- */

static void add_word(sso_buf_t *b, const char *name, const char *value)
{
    if (!value) return;
    sso_buf_format(b, ",\"%s\":", name);
    sso_json_string(b, value);
}

/* An exit code; whether any filter was given at all in *narrow. */
static int make_question(sso_cli_t *cli, const char *action, int limit, sso_buf_t *out, int *narrow)
{
    static const int filter[] = {OPT_USER, OPT_PROVIDER, OPT_ISSUER, OPT_SESSION};
    const char *site = NULL;
    int rc = sso_ask_site(cli, cli->value[OPT_SITE], &site);
    apr_size_t i;

    if (rc != SSO_EXIT_OK) return rc;
    *narrow = site != NULL;
    sso_buf_format(out, "{\"do\":\"%s\",\"limit\":%d", action, limit);
    add_word(out, "site", site);
    for (i = 0; i < sizeof(filter) / sizeof(filter[0]); i++) {
        const char *value = cli->value[filter[i]];

        if (value) *narrow = 1;
        add_word(out, cli->command->options[filter[i]].name, value);
    }
    sso_buf_text(out, "}\n");
    return out->full ? sso_cli_misused(cli, "that is too long") : SSO_EXIT_OK;
}

/* ---- the other side ---- */

static int cannot_reach(sso_cli_t *cli, const char *path, int error)
{
    char why[128];

    return sso_cli_fail(cli,
                        "no httpd answers at %s: %s; it runs, with mod_watchdog, and its state "
                        "directory is named with --state DIR, as root",
                        path, apr_strerror(APR_FROM_OS_ERROR(error), why, sizeof(why)));
}

static int connect_to(sso_cli_t *cli, const char *path, FILE **out)
{
    const struct timeval patience = {.tv_sec = PATIENCE_SEC};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) return cannot_reach(cli, path, ENAMETOOLONG);
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        const int error = errno;

        if (fd >= 0) (void)close(fd);
        return cannot_reach(cli, path, error);
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    *out = fdopen(fd, "r+");
    if (*out) return SSO_EXIT_OK;
    (void)close(fd);
    return cannot_reach(cli, path, ENOMEM);
}

/* ---- the answer ---- */

typedef struct {
    int found, shown;
} total_t;

static const char *text_of(sso_cli_t *cli, const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));

    return text ? sso_cli_plain(cli->cx.pool, text) : "-";
}

static void print_session(sso_cli_t *cli, const json_t *line)
{
    printf("%s  %-24s %-12s %s  since %s, used %s, until %s\n", text_of(cli, line, "session"),
           text_of(cli, line, "user"), text_of(cli, line, "provider"), text_of(cli, line, "site"),
           text_of(cli, line, "created"), text_of(cli, line, "used"),
           text_of(cli, line, "expires"));
}

/* An exit code; *done: it was the last line. */
static int take_line(sso_cli_t *cli, const char *text, int as_json, total_t *total, int *done)
{
    static const sso_json_limits_t limits = {LINE_LONGEST, 1, 16};
    json_t *line;
    const char *error;

    if (sso_json_parse(&cli->cx, sso_span(text), &limits, &line, NULL) != APR_SUCCESS) {
        return sso_cli_fail(cli, "httpd's answer is not understood");
    }
    error = json_string_value(json_object_get(line, "error"));
    *done = error || json_object_get(line, "sessions");
    if (error) return sso_cli_fail(cli, "httpd says: %s", sso_cli_plain(cli->cx.pool, error));
    if (*done) {
        total->found = (int)json_integer_value(json_object_get(line, "sessions"));
        total->shown = (int)json_integer_value(json_object_get(line, "shown"));
    } else if (as_json) {
        printf("%s", text);
    } else {
        print_session(cli, line);
    }
    return SSO_EXIT_OK;
}

static int take_answer(sso_cli_t *cli, FILE *from, int as_json, total_t *total)
{
    apr_pool_t *whole = cli->cx.pool;
    char text[LINE_LONGEST + 2];
    apr_pool_t *each;
    int done = 0;
    int rc = SSO_EXIT_OK;

    if (apr_pool_create(&each, whole) != APR_SUCCESS) return sso_cli_fail(cli, "no memory");
    while (rc == SSO_EXIT_OK && !done && fgets(text, sizeof(text), from)) {
        cli->cx.pool = each;
        rc = take_line(cli, text, as_json, total, &done);
        apr_pool_clear(each);
    }
    cli->cx.pool = whole;
    if (rc != SSO_EXIT_OK || done) return rc;
    return sso_cli_fail(cli, "httpd gave no answer, or not all of it; ask again");
}

static int ask(sso_cli_t *cli, const sso_buf_t *question, int as_json, total_t *total)
{
    const char *dir = cli->value[OPT_STATE] ? cli->value[OPT_STATE] : SSO_STATE_DIR;
    const char *path = apr_pstrcat(cli->cx.pool, dir, "/door", NULL);
    FILE *httpd = NULL;
    int rc = connect_to(cli, path, &httpd);

    if (rc != SSO_EXIT_OK) return rc;
    if (fputs(question->p, httpd) < 0 || fflush(httpd) != 0) {
        rc = cannot_reach(cli, path, errno);
    } else {
        rc = take_answer(cli, httpd, as_json, total);
    }
    (void)fclose(httpd);
    return rc;
}

/* ---- the commands ---- */

enum { LIST_LIMIT = OPT_MORE, LIST_JSON };
static const sso_option_t list_options[] = {
    WHICH,
    [LIST_LIMIT] = {"limit", "N", "so many at most; default: 1000, most: 100000", 0, 'n'},
    [LIST_JSON] = {"json", NULL, "one JSON object a line", 0, 0},
    {.name = NULL},
};

static int list(sso_cli_t *cli)
{
    const char *limit = cli->value[LIST_LIMIT];
    sso_buf_t question = sso_buf_make(cli->cx.pool, 512, LINE_LONGEST);
    total_t total = {0, 0};
    char *end = NULL;
    apr_int64_t n = limit ? apr_strtoi64(limit, &end, 10) : LIMIT;
    int narrow;
    int rc;

    if (n < 1 || n > 100000 || (end && *end)) {
        return sso_cli_misused(cli, "--limit takes a number from 1 to 100000");
    }
    rc = make_question(cli, "list", (int)n, &question, &narrow);
    if (rc == SSO_EXIT_OK) rc = ask(cli, &question, cli->value[LIST_JSON] != NULL, &total);
    if (rc == SSO_EXIT_OK && total.found > total.shown) {
        (void)fprintf(stderr, "%d of %d; --limit N shows more\n", total.shown, total.found);
    }
    return rc;
}

enum { END_ALL = OPT_MORE };
static const sso_option_t end_options[] = {
    WHICH,
    [END_ALL] = {"all", NULL, "whoever it is: instead of saying which", 0, 0},
    {.name = NULL},
};

static int end(sso_cli_t *cli)
{
    sso_buf_t question = sso_buf_make(cli->cx.pool, 512, LINE_LONGEST);
    total_t total = {0, 0};
    int narrow;
    int rc = make_question(cli, "end", 0, &question, &narrow);

    if (rc != SSO_EXIT_OK) return rc;
    if (narrow == (cli->value[END_ALL] != NULL)) {
        return sso_cli_misused(cli, "say either which sessions are to end, or --all");
    }
    rc = ask(cli, &question, 0, &total);
    if (rc == SSO_EXIT_OK) printf("%d\n", total.found);
    return rc;
}

#define ABOUT                                                                      \
    "Asks the httpd that runs on this machine. Of several filters all must fit.\n" \
    "Nothing that is printed opens a session.\n"

const sso_command_t sso_cmd_sessions_list = {
    .noun = "sessions",
    .verb = "list",
    .operands = "",
    .summary = "who is signed in",
    .about = ABOUT "Prints a line for each: id, REMOTE_USER, provider, host, times.",
    .options = list_options,
    .run = list,
};

const sso_command_t sso_cmd_sessions_end = {
    .noun = "sessions",
    .verb = "end",
    .operands = "",
    .summary = "sign people out",
    .about = ABOUT "Prints how many have ended; their next request finds them signed out.\n"
                   "They may sign in again: ssoctl accounts ban is for those who must not.",
    .options = end_options,
    .run = end,
};
