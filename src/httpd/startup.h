/*
 * startup.h - what the steps of reading a configuration share.
 *
 * Owns:  sso_startup_t; how a mistake is told.
 * Layer: httpd.
 * Lives: one reading of the configuration.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_STARTUP_H
#define SSO_HTTPD_STARTUP_H

#include "core/assertion.h"
#include "httpd/module.h"

/* What one reading of the configuration shares. */
typedef struct {
    server_rec *main_server;
    apr_pool_t *pool;
    const char *state_dir;
    sso_fresh_set_t *fresh;
    const sso_assertions_t
        *assertions;            /* NULL: no provider, or configtest before the first start */
    const sso_seal_t *seal;     /* NULL during configtest when there is no secret yet */
    const sso_kept_dir_t *kept; /* NULL during configtest */
    int may_write;
} sso_startup_t;

/* Tell of a mistake in a line of the configuration, file NULL: of none. HTTP_INTERNAL_SERVER_ERROR. */
int sso_complain(server_rec *s, const char *file, int line, const char *what, const char *why);
int sso_complain_provider(server_rec *s, const sso_provider_t *provider, const char *why);
int sso_complain_peer(server_rec *s, const sso_peer_t *peer, const char *why);

/* Keys of the secrets, the first of which seals. */
apr_status_t sso_startup_seal(sso_ctx_t *cx, apr_pool_t *pool, const apr_array_header_t *sealing,
                              sso_seal_t **out);

/* A pool with an allocator of its own: what was read on the way, metadata of megabytes among it, goes
 * back to the system: before there are children, and when it has been taken over. NULL: no memory. */
apr_pool_t *sso_startup_temporary(apr_pool_t *parent);

/* Has the host blocks of its own? One without a line of ours shares the main server's. */
int sso_startup_owns(const sso_startup_t *setup, const server_rec *s);

#endif /* SSO_HTTPD_STARTUP_H */
