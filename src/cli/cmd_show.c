/*
 * cmd_show.c - ssoctl show: what the configuration amounts to, by asking httpd itself.
 *
 * httpd -t -D DUMP_SSO reads the configuration as it would to serve, and mod_sso prints a block for
 * every provider at every site: "Provider NAME (protocol) at URL, defined in FILE:LINE", lines, an
 * empty line. So there is no second parser that could understand a configuration differently.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/url.h"
#include "cli/commands.h"

#include <apr_env.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX 16777216 /* bytes of descriptions; the rest is cut off */
#define CHUNK      8192

enum { OPT_CONFIG, OPT_SITE, OPT_HTTPD };
static const sso_option_t options[] = {
    [OPT_CONFIG] = {"config", "FILE", "httpd's configuration; httpd's own default else", 0, 'f'},
    [OPT_SITE] = {"site", "URL", "only what holds at this site: https://www.example.org", 0, 's'},
    [OPT_HTTPD] = {"httpd", "PROGRAM", "the httpd to ask; otherwise $HTTPD, or searched for", 0, 0},
    {.name = NULL},
};

/* ---- finding httpd ---- */

static int is_program(const char *path, apr_pool_t *p)
{
    apr_finfo_t info;
    const apr_fileperms_t any = APR_FPROT_UEXECUTE | APR_FPROT_GEXECUTE | APR_FPROT_WEXECUTE;

    if (apr_stat(&info, path, APR_FINFO_TYPE | APR_FINFO_PROT, p) != APR_SUCCESS) return 0;
    return info.filetype == APR_REG && (info.protection & any);
}

/* The wrappers come first: they know the environment that the distribution's configuration needs. */
static const char *find_in(const char *dir, apr_pool_t *p)
{
    static const char *const names[] = {"apache2ctl", "apachectl", "apache2", "httpd", NULL};
    int i;

    for (i = 0; names[i]; i++) {
        const char *path = apr_pstrcat(p, dir, "/", names[i], NULL);

        if (is_program(path, p)) return path;
    }
    return NULL;
}

/* PATH, and where httpd is for root only; NULL if it is nowhere. */
static const char *search_httpd(apr_pool_t *p)
{
    const char *found = NULL;
    const char *dir;
    char *state;
    char *path;

    if (apr_env_get(&path, "PATH", p) != APR_SUCCESS) path = apr_pstrdup(p, "");
    path = apr_pstrcat(p, path, ":/usr/sbin:/usr/local/sbin:/usr/local/apache2/bin", NULL);
    for (dir = apr_strtok(path, ":", &state); dir && !found; dir = apr_strtok(NULL, ":", &state))
        found = find_in(dir, p);
    return found;
}

static const char *choose_httpd(const sso_cli_t *cli)
{
    apr_pool_t *p = cli->cx.pool;
    char *named;

    if (cli->value[OPT_HTTPD]) return cli->value[OPT_HTTPD];
    if (apr_env_get(&named, "HTTPD", p) == APR_SUCCESS && *named) return named;
    return search_httpd(p);
}

/* ---- asking it ---- */

typedef struct {
    const char *output;   /* the blocks, and whatever else stood on stdout */
    const char *messages; /* what stood on stderr */
    int status;           /* exit code; 0: the configuration is good */
    int crashed;          /* ended by a signal, whose number status is */
} judgement_t;

static const char *read_all(apr_file_t *file, apr_pool_t *p)
{
    sso_buf_t b = sso_buf_make(p, CHUNK, OUTPUT_MAX);
    char chunk[CHUNK];
    apr_size_t n = sizeof(chunk);

    while (apr_file_read(file, chunk, &n) == APR_SUCCESS) {
        sso_buf_add(&b, chunk, n);
        n = sizeof(chunk);
    }
    return b.p;
}

/* A file without a name for stderr: two pipes could block each other. */
static apr_status_t open_scratch(apr_file_t **out, apr_pool_t *p)
{
    const char *dir;
    apr_status_t rv = apr_temp_dir_get(&dir, p);

    if (rv != APR_SUCCESS) return rv;
    return apr_file_mktemp(out, apr_pstrcat(p, dir, "/ssoctl.XXXXXX", NULL),
                           APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL
                               | APR_FOPEN_DELONCLOSE,
                           p);
}

static apr_status_t start(const char *httpd, const char *config, apr_file_t *err, apr_proc_t *proc,
                          apr_pool_t *p)
{
    const char *const argv[] = {httpd, "-t", "-D", "DUMP_SSO", config ? "-f" : NULL, config, NULL};
    apr_procattr_t *attr;
    apr_status_t rv = apr_procattr_create(&attr, p);

    if (rv == APR_SUCCESS) rv = apr_procattr_io_set(attr, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE);
    if (rv == APR_SUCCESS) rv = apr_procattr_child_err_set(attr, err, NULL);
    if (rv == APR_SUCCESS) rv = apr_procattr_cmdtype_set(attr, APR_PROGRAM_ENV);
    if (rv == APR_SUCCESS) rv = apr_procattr_error_check_set(attr, 1);
    if (rv == APR_SUCCESS) rv = apr_proc_create(proc, argv[0], argv, NULL, attr, p);
    return rv;
}

static apr_status_t ask(const char *httpd, const char *config, judgement_t *out, apr_pool_t *p)
{
    apr_exit_why_e why;
    apr_file_t *err;
    apr_off_t start_of_file = 0;
    apr_proc_t proc;
    apr_status_t rv = open_scratch(&err, p);

    if (rv == APR_SUCCESS) rv = start(httpd, config, err, &proc, p);
    if (rv != APR_SUCCESS) return rv;
    out->output = read_all(proc.out, p);
    (void)apr_proc_wait(&proc, &out->status, &why, APR_WAIT);
    out->crashed = !APR_PROC_CHECK_EXIT(why);
    rv = apr_file_seek(err, APR_SET, &start_of_file);
    if (rv == APR_SUCCESS) out->messages = read_all(err, p);
    return rv;
}

/* ---- choosing what to print ---- */

/* One description: its first line in parts, and all of it. */
typedef struct {
    const char *name;
    const char *site;
    sso_span_t text; /* with the empty line at its end */
} block_t;

/* "Provider NAME (protocol) at URL, defined in ..." */
static int parse_head(const char *line, block_t *out, apr_pool_t *p)
{
    static const char first[] = "Provider ";
    const char *name = line + sizeof(first) - 1;
    const char *open;
    const char *at;
    const char *comma;

    if (strncmp(line, first, sizeof(first) - 1) != 0) return 0;
    open = strstr(name, " (");
    at = open ? strstr(open, ") at ") : NULL;
    comma = at ? strstr(at, ", defined in ") : NULL;
    if (!comma || memchr(line, '\n', (apr_size_t)(comma - line))) return 0;
    out->name = apr_pstrmemdup(p, name, (apr_size_t)(open - name));
    out->site = apr_pstrmemdup(p, at + 5, (apr_size_t)(comma - at - 5));
    return 1;
}

/* All blocks there are; what stands between them is httpd's, and left out. */
static apr_array_header_t *cut_blocks(const char *output, apr_pool_t *p)
{
    apr_array_header_t *blocks = apr_array_make(p, 8, sizeof(block_t));
    const char *line = output;
    block_t block;

    while (*line) {
        const char *end = strchr(line, '\n');

        if (parse_head(line, &block, p)) {
            end = strstr(line, "\n\n");
            end = end ? end + 1 : NULL;
            block.text = sso_span_of(line, end ? (apr_size_t)(end + 1 - line) : strlen(line));
            APR_ARRAY_PUSH(blocks, block_t) = block;
        }
        line = end ? end + 1 : line + strlen(line);
    }
    return blocks;
}

/* By name and site: httpd's own order changes from run to run. */
static int compare(const void *a, const void *b)
{
    const block_t *x = a;
    const block_t *y = b;
    int names = strcmp(x->name, y->name);

    return names ? names : strcmp(x->site, y->site);
}

static int is_wanted(const block_t *block, const char *name, const char *site)
{
    return (!name || !strcmp(name, block->name)) && (!site || !strcmp(site, block->site));
}

static int print_blocks(const apr_array_header_t *blocks, const char *name, const char *site)
{
    int printed = 0;
    int i;

    for (i = 0; i < blocks->nelts; i++) {
        const block_t *block = &APR_ARRAY_IDX(blocks, i, block_t);

        if (!is_wanted(block, name, site)) continue;
        printf("%.*s", (int)block->text.n, block->text.p);
        printed++;
    }
    return printed;
}

static int explain_none(sso_cli_t *cli, const apr_array_header_t *blocks)
{
    int i;

    if (!blocks->nelts) {
        return sso_cli_fail(cli, "the configuration is good, but shows no provider: is mod_sso "
                                 "loaded, and is there an <SSOProvider> section? Name the "
                                 "configuration with -f FILE if it is not httpd's default");
    }
    (void)sso_cli_fail(cli, "there is no such provider; there are");
    for (i = 0; i < blocks->nelts; i++) {
        const block_t *block = &APR_ARRAY_IDX(blocks, i, block_t);

        (void)fprintf(stderr, "  %s --site %s\n", block->name, block->site);
    }
    return SSO_EXIT_FAILED;
}

/* --site as the blocks write it: without a slash at the end or a default port. */
static int read_site(sso_cli_t *cli, const char **out)
{
    sso_url_t url;
    const char *text = cli->value[OPT_SITE];
    const char *why;

    if (!text) return SSO_EXIT_OK;
    why = sso_url_parse(cli->cx.pool, text, &url);
    if (why) return sso_cli_misused(cli, "--site: '%s' %s", text, why);
    *out = sso_url_origin(cli->cx.pool, &url);
    return SSO_EXIT_OK;
}

/* httpd's word on the configuration; SSO_EXIT_OK: it is good, and out->output describes it. */
static int judge(sso_cli_t *cli, judgement_t *out)
{
    const char *httpd = choose_httpd(cli);
    apr_status_t rv;

    if (!httpd) return sso_cli_fail(cli, "httpd was not found; name it with --httpd PROGRAM");
    rv = ask(httpd, cli->value[OPT_CONFIG], out, cli->cx.pool);
    if (rv != APR_SUCCESS) {
        char why[120];

        return sso_cli_fail(cli, "%s cannot be run: %s; name httpd with --httpd PROGRAM", httpd,
                            apr_strerror(rv, why, sizeof(why)));
    }
    if (!out->status) return SSO_EXIT_OK;
    (void)fprintf(stderr, "%s", out->messages);
    if (out->crashed) return sso_cli_fail(cli, "%s crashed (signal %d)", httpd, out->status);
    return sso_cli_fail(cli, "%s does not accept the configuration; correct what it says above",
                        httpd);
}

static int show(sso_cli_t *cli)
{
    const char *name = cli->operands ? cli->operand[0] : NULL;
    const char *site = NULL;
    apr_array_header_t *blocks;
    judgement_t said = {"", "", 0, 0};
    int rc = read_site(cli, &site);

    if (rc == SSO_EXIT_OK) rc = judge(cli, &said);
    if (rc != SSO_EXIT_OK) return rc;
    blocks = cut_blocks(said.output, cli->cx.pool);
    qsort(blocks->elts, (size_t)blocks->nelts, sizeof(block_t), compare);
    return print_blocks(blocks, name, site) ? SSO_EXIT_OK : explain_none(cli, blocks);
}

const sso_command_t sso_cmd_show = {
    .noun = "show",
    .operands = "[NAME]",
    .most = 1,
    .summary = "show the settings of providers, and what to enter at the other side",
    .about = "Asks httpd to check its configuration, and prints for every provider, or for NAME,\n"
             "the settings that are in effect and what to enter at the other side. Run it as the\n"
             "user who starts httpd: the files with keys and secrets are read.",
    .options = options,
    .run = show,
};
