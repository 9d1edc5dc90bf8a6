/*
 * cmd_check.c - ssoctl check: what should be changed, and how.
 *
 * httpd checks its configuration, as for configtest, and prints with -D DUMP_SSO_CHECK what mod_sso
 * finds, a line each with tabs: "finding NAME SITE WEIGHT WHAT CURE", "site URL PATH", "state DIR".
 * What only a look from outside can tell is added here: the state directory, the clock, and whether
 * a site's address reaches mod_sso.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/ask.h"
#include "cli/commands.h"
#include "core/audit.h"
#include "net/client.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>

#define FIELDS    6
#define REPLY_MAX 65536
#define OLDEST    APR_TIME_C(1735689600000000) /* 2025-01-01: no clock that works says less */

enum { OPT_CONFIG, OPT_SITE, OPT_HTTPD, OPT_PROBE, OPT_STRICT };
static const sso_option_t options[] = {
    [OPT_CONFIG] = {"config", "FILE", "httpd's configuration; httpd's own default else", 0, 'f'},
    [OPT_SITE] = {"site", "URL", "only what holds at this site: https://www.example.org", 0, 's'},
    [OPT_HTTPD] = {"httpd", "PROGRAM", "the httpd to ask; otherwise $HTTPD, or searched for", 0, 0},
    [OPT_PROBE] = {"probe", NULL, "ask every site, by its address, whether mod_sso answers", 0, 0},
    [OPT_STRICT] = {"strict", NULL, "a warning fails the check, not only a problem", 0, 0},
    {.name = NULL},
};

/* One line of the report. */
typedef struct {
    const char *about; /* "corp at https://www.example.org" */
    sso_weight_t weight;
    const char *what, *cure;
} entry_t;

typedef struct {
    sso_cli_t *cli;
    const char *name; /* NULL: every provider */
    const char *site; /* NULL: every site */
    apr_array_header_t *entries;
    apr_hash_t *probed; /* sites */
    int found;          /* findings of the providers that are wanted */
} report_t;

static void add(report_t *r, const char *about, sso_weight_t weight, const char *what,
                const char *cure)
{
    APR_ARRAY_PUSH(r->entries, entry_t) = (entry_t){about, weight, what, cure};
}

/* ---- this machine ---- */

static void check_state(report_t *r, const char *dir)
{
    apr_pool_t *p = r->cli->cx.pool;
    struct stat st;

    if (stat(dir, &st) != 0) {
        add(r, "this machine", SSO_NOTE, apr_psprintf(p, "there is no state directory %s yet", dir),
            "httpd makes it when it starts");
    } else if (!S_ISDIR(st.st_mode)) {
        add(r, "this machine", SSO_PROBLEM, apr_psprintf(p, "%s is no directory", dir),
            "name another one with SSOStateDirectory");
    } else if (st.st_mode & 077) {
        add(r, "this machine", SSO_PROBLEM,
            apr_psprintf(p, "others may look into the state directory %s", dir),
            apr_psprintf(p, "run chmod 700 %s", dir));
    } else {
        add(r, "this machine", SSO_GOOD,
            apr_psprintf(p, "the state directory %s is ours alone", dir), "");
    }
}

/* Messages are valid for minutes: a clock that is wrong refuses all of them. */
static void check_clock(report_t *r)
{
    struct timex tx = {.modes = 0};

    if (r->cli->cx.now < OLDEST) {
        add(r, "this machine", SSO_PROBLEM, "the clock is years behind",
            "set it, and keep it by NTP");
    } else if (adjtimex(&tx) == TIME_ERROR || (tx.status & STA_UNSYNC)) {
        add(r, "this machine", SSO_NOTE, "the system does not say that its clock is kept by NTP",
            "install chrony or systemd-timesyncd, unless the host keeps it");
    } else {
        add(r, "this machine", SSO_GOOD, "the clock is kept by NTP", "");
    }
}

/* ---- the way in ---- */

/* What NAME/session answers to a stranger: 401 and JSON of ours. */
static int is_ours(const sso_client_response_t *res)
{
    return res->status == 401 && res->body.p && strstr(res->body.p, "login_required");
}

static void judge_answer(report_t *r, const char *url, const char *path,
                         const sso_client_response_t *res)
{
    apr_pool_t *p = r->cli->cx.pool;

    if (is_ours(res)) {
        add(r, url, SSO_GOOD, apr_psprintf(p, "mod_sso answers at %s", url), "");
        return;
    }
    add(r, url, SSO_PROBLEM,
        apr_psprintf(p, "%s answers %d, and it is not mod_sso that does", url, res->status),
        strstr(path, "/.") && (res->status == 403 || res->status == 404)
            ? "a front end may refuse names that begin with a dot: let it pass them, or write "
              "SSOPath /sso"
            : "see which server answers there; SSOBaseURL must be the address that browsers see");
}

static void probe(report_t *r, const char *site, const char *path)
{
    sso_ctx_t *cx = &r->cli->cx;
    const char *url = apr_pstrcat(cx->pool, site, path, "/session", NULL);
    const sso_client_request_t req = {
        .url = url, .accept = "application/json", .max = REPLY_MAX, .allow_http = 1};
    sso_client_response_t res;

    if (sso_client_exchange(sso_client_curl(), cx, &req, &res) == APR_SUCCESS) {
        judge_answer(r, url, path, &res);
        return;
    }
    add(r, url, SSO_PROBLEM, apr_pstrdup(cx->pool, cx->err.log),
        "see that the name leads here, that httpd runs, and that its certificate is one that "
        "browsers trust");
    sso_ctx_clear(cx);
}

/* ---- what httpd said ---- */

static int cut(char *line, char *field[FIELDS])
{
    int n = 0;

    for (; line && n < FIELDS; n++) {
        char *tab = strchr(line, '\t');

        field[n] = line;
        if (tab) *tab = '\0';
        line = tab ? tab + 1 : NULL;
    }
    return n;
}

static sso_weight_t weight_of(const char *name)
{
    int w;

    for (w = SSO_GOOD; w < SSO_PROBLEM; w++) {
        if (!strcmp(name, sso_weight_name((sso_weight_t)w))) break;
    }
    return (sso_weight_t)w;
}

static void read_finding(report_t *r, char *const field[FIELDS])
{
    if (r->name && strcmp(field[1], r->name) != 0) return;
    if (r->site && strcmp(field[2], r->site) != 0) return;
    r->found++;
    add(r, apr_pstrcat(r->cli->cx.pool, field[1], " at ", field[2], NULL), weight_of(field[3]),
        field[4], field[5]);
}

static void read_line(report_t *r, char *line)
{
    char *field[FIELDS];
    const int n = cut(line, field);

    if (n == 2 && !strcmp(field[0], "state")) {
        check_state(r, field[1]);
        check_clock(r);
    }
    if (n == FIELDS && !strcmp(field[0], "finding")) read_finding(r, field);
    if (n != 3 || strcmp(field[0], "site") != 0 || !r->cli->value[OPT_PROBE]) return;
    if (r->site && strcmp(field[1], r->site) != 0) return;
    if (apr_hash_get(r->probed, field[1], APR_HASH_KEY_STRING)) return;
    apr_hash_set(r->probed, field[1], APR_HASH_KEY_STRING, field[1]);
    probe(r, field[1], field[2]);
}

/* ---- the report ---- */

static void print_entry(const entry_t *e)
{
    static const char *const mark[] = {"ok", "note", "WARNING", "PROBLEM"};

    printf("  %-8s %s\n", mark[e->weight], e->what);
    if (*e->cure) printf("  %-8s -> %s\n", "", e->cure);
}

static void print_all(const report_t *r, int counts[SSO_PROBLEM + 1])
{
    const char *about = "";
    int i;

    for (i = 0; i < r->entries->nelts; i++) {
        const entry_t *e = &APR_ARRAY_IDX(r->entries, i, entry_t);

        if (strcmp(about, e->about) != 0) printf("%s%s\n", i ? "\n" : "", e->about);
        about = e->about;
        counts[e->weight]++;
        print_entry(e);
    }
    printf("\n%d problem%s, %d warning%s\n", counts[SSO_PROBLEM],
           counts[SSO_PROBLEM] == 1 ? "" : "s", counts[SSO_WARNING],
           counts[SSO_WARNING] == 1 ? "" : "s");
}

/* A stable sort: qsort is none. */
static void sort(apr_array_header_t *entries)
{
    entry_t *e = (entry_t *)(void *)entries->elts;
    int i;
    int k;

    for (i = 1; i < entries->nelts; i++) {
        for (k = i; k > 0 && strcmp(e[k - 1].about, e[k].about) > 0; k--) {
            const entry_t held = e[k];

            e[k] = e[k - 1];
            e[k - 1] = held;
        }
    }
}

static int check(sso_cli_t *cli)
{
    report_t r = {.cli = cli, .name = cli->operands ? cli->operand[0] : NULL};
    int counts[SSO_PROBLEM + 1] = {0};
    const char *output = "";
    char *line;
    char *state;
    int rc = sso_ask_site(cli, cli->value[OPT_SITE], &r.site);

    if (rc == SSO_EXIT_OK) {
        rc = sso_ask(cli, cli->value[OPT_HTTPD], cli->value[OPT_CONFIG], "DUMP_SSO_CHECK", &output);
    }
    if (rc != SSO_EXIT_OK) return rc;
    r.entries = apr_array_make(cli->cx.pool, 32, sizeof(entry_t));
    r.probed = apr_hash_make(cli->cx.pool);
    for (line = apr_strtok(apr_pstrdup(cli->cx.pool, output), "\n", &state); line;
         line = apr_strtok(NULL, "\n", &state))
        read_line(&r, line);
    if (!r.found) {
        return sso_cli_fail(cli, strstr(output, "finding\t")
                                     ? "there is no such provider or peer; ssoctl show lists what "
                                       "there is"
                                     : "the configuration is good, but has no provider: is mod_sso "
                                       "loaded, and is there an <SSOProvider> section?");
    }
    sort(r.entries);
    print_all(&r, counts);
    if (counts[SSO_PROBLEM] || (cli->value[OPT_STRICT] && counts[SSO_WARNING])) {
        return SSO_EXIT_FAILED;
    }
    return SSO_EXIT_OK;
}

const sso_command_t sso_cmd_check = {
    .noun = "check",
    .operands = "[NAME|peer/NAME|backend/PATH]",
    .most = 1,
    .summary = "look over providers, peers, certificates and addresses; say what to change",
    .about =
        "Asks httpd to check its configuration, then looks over every provider and peer, or one:\n"
        "certificates near their end, weak keys, plain http, what was loosened, the state\n"
        "directory, the clock; with --probe also whether each site's address reaches\n"
        "mod_sso. Every line says what to do. Exit status 1: there is a problem. Run it as\n"
        "the user who starts httpd, for example once a day with --strict.",
    .options = options,
    .run = check,
};
