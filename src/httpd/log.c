/*
 * log.c - from our contexts to httpd's error log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/log.h"

#include "httpd/auditlog.h"

static void to_request(void *sink, int level, const char *file, int line, const char *text)
{
    ap_log_rerror(file, line, APLOG_MODULE_INDEX, level, 0, (request_rec *)sink, "SSO: %s", text);
}

static void to_server(void *sink, int level, const char *file, int line, const char *text)
{
    ap_log_error(file, line, APLOG_MODULE_INDEX, level, 0, (server_rec *)sink, "SSO: %s", text);
}

sso_ctx_t sso_log_request_ctx(request_rec *r)
{
    sso_ctx_t cx = sso_ctx(r->pool, r->request_time);

    cx.level = ap_get_request_module_loglevel(r, APLOG_MODULE_INDEX);
    cx.log = to_request;
    cx.sink = r;
    cx.tell = sso_auditlog_of_requests();
    return cx;
}

sso_ctx_t sso_log_server_ctx(server_rec *s, apr_pool_t *pool)
{
    sso_ctx_t cx = sso_ctx(pool, apr_time_now());

    cx.level = ap_get_server_module_loglevel(s, APLOG_MODULE_INDEX);
    cx.log = to_server;
    cx.sink = s;
    cx.tell = sso_auditlog_of_servers();
    return cx;
}
