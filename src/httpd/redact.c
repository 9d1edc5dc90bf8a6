/*
 * redact.c - what logs show of our own addresses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/redact.h"

#include "base/url.h"

#include <apr_strings.h>

/* What helps whoever reads the log, and is nobody's secret. */
static const char *const shown[] = {"provider", "return", "among", "error", NULL};

static int is_wanted(const request_rec *r)
{
    return sso_server_of(r->server)->set->log_redact && sso_server_of(r->server)->site;
}

/* "GET TARGET HTTP/1.1"; of what was not read to its end, what there is of it. */
static void mask_line(request_rec *r)
{
    const char *question = r->the_request ? strchr(r->the_request, '?') : NULL;
    const char *rest = question ? strrchr(question, ' ') : NULL;
    const char *query;

    if (!question) return;
    if (!rest || strncmp(rest, " HTTP/", 6) != 0) rest = "";
    query = *rest ? apr_pstrmemdup(r->pool, question + 1, (apr_size_t)(rest - question - 1))
                  : question + 1;
    r->the_request = apr_pstrcat(
        r->pool,
        apr_pstrmemdup(r->pool, r->the_request, (apr_size_t)(question + 1 - r->the_request)),
        sso_query_mask(r->pool, query, shown), rest, NULL);
}

/* A tenant's address is known for certain when its .htaccess file has been read, which may be too late. */
static int is_ours(const request_rec *r, const char *path)
{
    const sso_server_t *server = sso_server_of(r->server);

    return sso_gate_is_ours(server->site, path)
           || (server->set->htaccess_providers && sso_tenant_may_be_ours(path));
}

void sso_redact_line(request_rec *r)
{
    if (is_wanted(r) && r->args && r->uri && is_ours(r, r->uri)) mask_line(r);
}

/* What was refused early has not been translated; a line that is too long has not even an r->uri. */
static int is_line_ours(const request_rec *r)
{
    const char *target = r->the_request ? strchr(r->the_request, ' ') : NULL;

    if (r->uri && is_ours(r, r->uri)) return 1;
    if (!target) return 0;
    target++;
    return is_ours(r, apr_pstrmemdup(r->pool, target, strcspn(target, "? ")));
}

int sso_redact_log(request_rec *r)
{
    const sso_visit_t *visit;

    while (r->prev)
        r = r->prev;
    visit = sso_visit_find(r);
    if (!is_wanted(r)) return DECLINED;
    if (!(visit && visit->ours) && !(ap_is_HTTP_ERROR(r->status) && is_line_ours(r))) {
        return DECLINED;
    }
    if (r->args) r->args = sso_query_mask(r->pool, r->args, shown);
    if (r->parsed_uri.query) r->parsed_uri.query = r->args;
    mask_line(r);
    return DECLINED;
}
