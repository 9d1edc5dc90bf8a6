/*
 * ask.c - what the configuration amounts to, by asking httpd itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/ask.h"

#include "base/url.h"

#include <apr_env.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include <stdio.h>

#define OUTPUT_MAX 16777216 /* bytes of what it prints; the rest is cut off */
#define CHUNK      8192

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

static const char *choose_httpd(apr_pool_t *p, const char *given)
{
    char *named;

    if (given) return given;
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

/* How httpd is started. */
typedef struct {
    const char *httpd;
    const char *config; /* NULL: its own default */
    const char *define;
} question_t;

static apr_status_t start(const question_t *q, apr_file_t *err, apr_proc_t *proc, apr_pool_t *p)
{
    const char *const argv[] = {q->httpd,  "-t", "-D", q->define, q->config ? "-f" : NULL,
                                q->config, NULL};
    apr_procattr_t *attr;
    apr_status_t rv = apr_procattr_create(&attr, p);

    if (rv == APR_SUCCESS) rv = apr_procattr_io_set(attr, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE);
    if (rv == APR_SUCCESS) rv = apr_procattr_child_err_set(attr, err, NULL);
    if (rv == APR_SUCCESS) rv = apr_procattr_cmdtype_set(attr, APR_PROGRAM_ENV);
    if (rv == APR_SUCCESS) rv = apr_procattr_error_check_set(attr, 1);
    if (rv == APR_SUCCESS) rv = apr_proc_create(proc, argv[0], argv, NULL, attr, p);
    return rv;
}

static apr_status_t ask(const question_t *q, judgement_t *out, apr_pool_t *p)
{
    apr_exit_why_e why;
    apr_file_t *err;
    apr_off_t start_of_file = 0;
    apr_proc_t proc;
    apr_status_t rv = open_scratch(&err, p);

    if (rv == APR_SUCCESS) rv = start(q, err, &proc, p);
    if (rv != APR_SUCCESS) return rv;
    out->output = read_all(proc.out, p);
    (void)apr_proc_wait(&proc, &out->status, &why, APR_WAIT);
    out->crashed = !APR_PROC_CHECK_EXIT(why);
    rv = apr_file_seek(err, APR_SET, &start_of_file);
    if (rv == APR_SUCCESS) out->messages = read_all(err, p);
    return rv;
}

/* ---- its answer ---- */

int sso_ask_site(sso_cli_t *cli, const char *text, const char **out)
{
    sso_url_t url;
    const char *why;

    if (!text) return SSO_EXIT_OK;
    why = sso_url_parse(cli->cx.pool, text, &url);
    if (why) return sso_cli_misused(cli, "--site: '%s' %s", text, why);
    *out = sso_url_origin(cli->cx.pool, &url);
    return SSO_EXIT_OK;
}

int sso_ask(sso_cli_t *cli, const char *httpd, const char *config, const char *define,
            const char **out)
{
    const question_t q = {choose_httpd(cli->cx.pool, httpd), config, define};
    judgement_t said = {"", "", 0, 0};
    apr_status_t rv;

    httpd = q.httpd;
    if (!httpd) return sso_cli_fail(cli, "httpd was not found; name it with --httpd PROGRAM");
    rv = ask(&q, &said, cli->cx.pool);
    if (rv != APR_SUCCESS) {
        char why[120];

        return sso_cli_fail(cli, "%s cannot be run: %s; name httpd with --httpd PROGRAM", httpd,
                            apr_strerror(rv, why, sizeof(why)));
    }
    *out = said.output;
    if (!said.status) return SSO_EXIT_OK;
    (void)fprintf(stderr, "%s", said.messages);
    if (said.crashed) return sso_cli_fail(cli, "%s crashed (signal %d)", httpd, said.status);
    return sso_cli_fail(cli, "%s does not accept the configuration; correct what it says above",
                        httpd);
}
