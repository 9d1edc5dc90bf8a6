/*
 * auditlog.c - a file that is appended to, or a pipe.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/auditlog.h"

#include <apr_strings.h>

#define MODE (APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_GREAD)

static apr_file_t *sink; /* NULL: there is none */

static apr_status_t forget(void *unused)
{
    (void)unused;
    sink = NULL;
    return APR_SUCCESS;
}

static const char *open_program(apr_pool_t *p, const char *program)
{
    piped_log *pipe = ap_open_piped_log(p, program);

    if (!pipe) return apr_psprintf(p, "'%s' cannot be started", program);
    sink = ap_piped_log_write_fd(pipe);
    return NULL;
}

static const char *open_file(apr_pool_t *p, const char *name)
{
    const char *path = ap_server_root_relative(p, name);
    char why[128];
    apr_status_t rv = apr_file_open(
        &sink, path, APR_FOPEN_WRITE | APR_FOPEN_APPEND | APR_FOPEN_CREATE | APR_FOPEN_LARGEFILE,
        MODE, p);

    if (rv == APR_SUCCESS) return NULL;
    sink = NULL;
    return apr_psprintf(p, "cannot open %s: %s", path, apr_strerror(rv, why, sizeof(why)));
}

const char *sso_auditlog_open(apr_pool_t *pconf, server_rec *main_server)
{
    const char *name = sso_server_of(main_server)->set->audit_log;
    const char *why;

    if (!name) return NULL;
    why = *name == '|' ? open_program(pconf, name + 1) : open_file(pconf, name);
    if (!why) apr_pool_cleanup_register(pconf, NULL, forget, apr_pool_cleanup_null);
    return why;
}

/* One write: lines are short enough for pipes, and files are opened to append. */
static void write_line(server_rec *s, apr_pool_t *p, const sso_event_t *event, const char *client)
{
    sso_buf_t line = sso_buf_make(p, 512, SSO_EVENT_MAX);
    apr_size_t n;
    apr_status_t rv;

    if (!sink) return;
    sso_event_write(&line, event, apr_time_now(), client);
    n = line.n;
    rv = apr_file_write(sink, line.p, &n);
    if (rv == APR_SUCCESS && n == line.n) return;
    ap_log_error(APLOG_MARK, APLOG_ERR, rv, s, "SSO: SSOAuditLog: a line was lost: %s",
                 sso_log_quote(p, line.p, line.n, 1024));
}

static void tell_of_request(void *baton, const sso_event_t *event)
{
    request_rec *r = baton;

    write_line(r->server, r->pool, event, r->useragent_ip);
}

/* Background work goes on for long: what a line took is given back. */
static void tell_of_server(void *baton, const sso_event_t *event)
{
    apr_pool_t *p;

    if (apr_pool_create(&p, NULL) != APR_SUCCESS) return;
    write_line(baton, p, event, NULL);
    apr_pool_destroy(p);
}

sso_event_fn *sso_auditlog_of_requests(void)
{
    return sink ? tell_of_request : NULL;
}

sso_event_fn *sso_auditlog_of_servers(void)
{
    return sink ? tell_of_server : NULL;
}
