/*
 * startup.c - complaints that name the line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/startup.h"

#include <apr_strings.h>

int sso_complain(server_rec *s, const char *file, int line, const char *what, const char *why)
{
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, s, "SSO: %s%s%s%s: %s", file ? file : "",
                 file ? apr_psprintf(s->process->pconf, ":%d", line) : "", file ? ": " : "", what,
                 why);
    return HTTP_INTERNAL_SERVER_ERROR;
}

int sso_complain_provider(server_rec *s, const sso_provider_t *provider, const char *why)
{
    return sso_complain(s, provider->file, provider->line,
                        apr_psprintf(provider->pool, "<SSOProvider %s>", provider->name), why);
}

int sso_complain_peer(server_rec *s, const sso_peer_t *peer, const char *why)
{
    return sso_complain(s, peer->file, peer->line,
                        apr_psprintf(peer->pool, "<SSOPeer %s>", peer->name), why);
}

apr_status_t sso_startup_seal(sso_ctx_t *cx, apr_pool_t *pool, const apr_array_header_t *sealing,
                              sso_seal_t **out)
{
    return sso_seal_prepare(cx, pool, (const sso_span_t *)(const void *)sealing->elts,
                            sealing->nelts, out);
}

apr_pool_t *sso_startup_temporary(apr_pool_t *parent)
{
    apr_allocator_t *allocator;
    apr_pool_t *pool;

    if (apr_allocator_create(&allocator) != APR_SUCCESS) return NULL;
    if (apr_pool_create_ex(&pool, parent, NULL, allocator) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return NULL;
    }
    apr_allocator_owner_set(allocator, pool);
    return pool;
}

int sso_startup_owns(const sso_startup_t *setup, const server_rec *s)
{
    return s == setup->main_server
           || sso_server_of(s)->providers != sso_server_of(setup->main_server)->providers;
}
