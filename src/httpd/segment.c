/*
 * segment.c - found again, copied, or read back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/segment.h"

#include "httpd/log.h"
#include "httpd/socache.h"
#include "httpd/startup.h"
#include "store/store_shared.h"
#include "store/store_shm.h"

#include <ap_mpm.h>
#include <apr_strings.h>

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define RETAINED        "mod_sso:store:1"
#define RETAINED_COUNTS "mod_sso:counts:2" /* and how much is counted */
#define RETAINED_REMOTE "mod_sso:remote:2"

/* Kept over restarts, in the process pool. */
typedef struct {
    sso_store_t *store;
    apr_pool_t *pool;     /* of snapshot and seal: cleared at each restart, outlives a failed one */
    const char *snapshot; /* file; NULL: sessions end with the process */
    sso_seal_t *seal;
    server_rec *server; /* for log lines at the end; NULL while no configuration holds */
    pid_t parent;
} retained_t;

/* The parent's last act: sessions into the snapshot, sealed. Runs before any pool of the process is
 * gone, and after a restart that failed as well. */
static apr_status_t save_snapshot(void *baton)
{
    retained_t *kept = baton;
    apr_pool_t *pool;
    sso_ctx_t cx;

    if (getpid() != kept->parent || !kept->snapshot || !kept->store) return APR_SUCCESS;
    if (apr_pool_create(&pool, NULL) != APR_SUCCESS) return APR_SUCCESS;
    cx = kept->server ? sso_log_server_ctx(kept->server, pool) : sso_ctx(pool, apr_time_now());
    if (kept->store->ops->save(kept->store, &cx, kept->snapshot, kept->seal) != APR_SUCCESS) {
        ap_log_perror(APLOG_MARK, APLOG_ERR, 0, pool, "SSO: sessions could not be saved to %s: %s",
                      kept->snapshot, cx.err.log ? cx.err.log : "cannot write");
    }
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

static apr_status_t forget_server(void *baton)
{
    ((retained_t *)baton)->server = NULL;
    return APR_SUCCESS;
}

static retained_t *find_retained(server_rec *s)
{
    retained_t *kept = ap_retained_data_get(RETAINED);

    if (kept) return kept;
    kept = ap_retained_data_create(RETAINED, sizeof(*kept));
    kept->parent = getpid();
    apr_pool_create(&kept->pool, s->process->pool);
    apr_pool_pre_cleanup_register(s->process->pool, kept, save_snapshot);
    return kept;
}

/* What the last act will need, in memory that no restart takes away. */
static apr_status_t plan_snapshot(sso_ctx_t *cx, retained_t *kept, server_rec *main_server)
{
    const sso_server_t *server = sso_server_of(main_server);
    const char *dir = server->set->state_dir ? server->set->state_dir : SSO_STATE_DIR;

    kept->server = main_server;
    apr_pool_cleanup_register(main_server->process->pconf, kept, forget_server,
                              apr_pool_cleanup_null);
    kept->snapshot = NULL;
    apr_pool_clear(kept->pool);
    if (!server->set->persist) return APR_SUCCESS;
    kept->snapshot = apr_pstrcat(kept->pool, ap_server_root_relative(cx->pool, dir), "/sessions",
                                 NULL);
    return sso_startup_seal(cx, kept->pool, server->sealing, &kept->seal);
}

/* After a crash there is only what was read at the last start. Sessions have ended since then, and do
 * not come back; what was used up, and who was banned, still counts. */
static apr_status_t load_used(sso_ctx_t *cx, const retained_t *kept, const char *used)
{
    const sso_match_t all = {.tenant = -1};
    sso_store_t *store = kept->store;
    int n = 0;
    apr_status_t rv = store->ops->load(store, cx, used, kept->seal);

    if (rv == APR_SUCCESS) rv = store->ops->revoke(store, cx, &all, &n);
    if (n > 0) {
        SSO_WARN(cx, "httpd was not stopped but ended: people have to sign in again (%d sessions)",
                 n);
    }
    return rv;
}

/* A snapshot is good for one start: it gets another name then. */
static void load_snapshot(sso_ctx_t *cx, retained_t *kept)
{
    const char *used;
    apr_status_t rv;

    if (!kept->snapshot) return;
    used = apr_pstrcat(cx->pool, kept->snapshot, ".used", NULL);
    rv = kept->store->ops->load(kept->store, cx, kept->snapshot, kept->seal);
    if (APR_STATUS_IS_ENOENT(rv)) {
        rv = load_used(cx, kept, used);
    } else if (rename(kept->snapshot, used) != 0) {
        SSO_WARN(cx,
                 "%s cannot be renamed: sessions that end from now on may come back after a crash",
                 kept->snapshot);
    }
    if (rv == APR_SUCCESS || APR_STATUS_IS_ENOENT(rv)) return;
    SSO_WARN(cx,
             "the sessions in %s cannot be read and are lost: another SSOSecret, or a damaged file",
             kept->snapshot);
    sso_ctx_clear(cx);
}

/* The segment lives in the process pool, so that old and new children share it over a graceful
 * restart; only another SSOSessionMemory makes a new one. */
static apr_status_t open_store(sso_ctx_t *cx, retained_t *kept, apr_pool_t *process_pool,
                               apr_size_t size)
{
    sso_store_t *before = kept->store;
    apr_status_t rv;

    if (before && sso_store_shm_size(before) == size) return APR_SUCCESS;
    rv = sso_store_shm_make(cx, process_pool, size, &kept->store);
    if (rv != APR_SUCCESS) return rv;
    if (!before) {
        load_snapshot(cx, kept);
        return APR_SUCCESS;
    }
    SSO_INFO(cx, "SSOSessionMemory has changed: sessions are copied");
    return sso_store_shm_copy(cx, before, kept->store);
}

/* Shared by all children, over restarts; NULL: no memory. */
static void *find_shared(server_rec *s, const char *key, apr_size_t size)
{
    void **kept = ap_retained_data_get(key);
    void *shared;

    if (kept) return *kept;
    shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return NULL;
    kept = ap_retained_data_create(apr_pstrdup(s->process->pool, key), sizeof(*kept));
    *kept = shared;
    return shared;
}

/* NULL: nobody counts. */
static sso_counts_t *find_counts(server_rec *s)
{
    const char *key = apr_psprintf(s->process->pconf, RETAINED_COUNTS ":%d",
                                   (int)sizeof(sso_counts_t));

    return find_shared(s, key, sizeof(sso_counts_t));
}

/* The store of the sites: what this machine keeps, alone or in front of what several share. */
static apr_status_t front(sso_ctx_t *cx, server_rec *s, sso_store_t *kept, sso_store_t **out)
{
    apr_pool_t *p = s->process->pconf;
    sso_remote_t *remote;
    sso_remote_state_t *state;
    apr_status_t rv = sso_socache_open(cx, s, &remote);

    *out = kept;
    if (rv != APR_SUCCESS || !remote) return rv;
    state = find_shared(s, RETAINED_REMOTE, sizeof(*state));
    if (!state) return APR_ENOMEM;
    *out = sso_store_shared_make(p, kept, remote, sso_server_of(s)->site->seal, state);
    return APR_SUCCESS;
}

/* All directories with providers of their own share one: they can push out each other's sessions, but none
 * of the host's. */
static apr_status_t add_own_tenant(sso_ctx_t *cx, const sso_server_t *server, sso_store_t *store)
{
    apr_status_t rv;

    if (!server->set->htaccess_providers) return APR_SUCCESS;
    rv = store->ops->tenant(store, cx, sso_site_name(sso_tenant_all(cx->pool, server->site)), 0,
                            &server->site->own_tenant);
    if (rv != APR_ENOSPC) return rv;
    return sso_fail(
        cx, SSO_F_CONFIG,
        "there is room for %d hosts, and each with SSOHtaccessProviders on counts for two",
        SSO_TENANTS_MAX);
}

static apr_status_t add_tenants(sso_ctx_t *cx, server_rec *main_server, sso_store_t *store)
{
    sso_counts_t *counts = find_counts(main_server);
    apr_status_t rv = APR_SUCCESS;
    server_rec *s;

    for (s = main_server; s && rv == APR_SUCCESS; s = s->next) {
        sso_server_t *server = sso_server_of(s);

        server->site->store = store;
        server->site->counts = counts;
        rv = store->ops->tenant(store, cx, server->site->base_url, (int)server->set->quota,
                                &server->site->tenant);
        if (rv == APR_SUCCESS) rv = add_own_tenant(cx, server, store);
    }
    return rv;
}

apr_status_t sso_segment_open(sso_ctx_t *cx, server_rec *main_server, const char **directive)
{
    retained_t *kept = find_retained(main_server);
    sso_store_t *store = NULL;
    apr_status_t rv = plan_snapshot(cx, kept, main_server);

    if (rv == APR_SUCCESS) {
        rv = open_store(cx, kept, main_server->process->pool,
                        (apr_size_t)sso_server_of(main_server)->set->memory);
    }
    *directive = rv == APR_SUCCESS ? "SSOSessionStore" : "SSOSessionMemory";
    if (rv == APR_SUCCESS) rv = front(cx, main_server, kept->store, &store);
    if (rv == APR_SUCCESS) *directive = "SSOSessionMemory"; /* has a share for each host */
    return rv == APR_SUCCESS ? add_tenants(cx, main_server, store) : rv;
}

/* Not for an MPM of many short-lived processes: each would pay, and few would get it back. */
void sso_segment_attach(void)
{
    const retained_t *kept = ap_retained_data_get(RETAINED);
    int threaded = AP_MPMQ_NOT_SUPPORTED;

    if (ap_mpm_query(AP_MPMQ_IS_THREADED, &threaded) != APR_SUCCESS
        || threaded == AP_MPMQ_NOT_SUPPORTED) {
        return;
    }
    if (kept && kept->store) sso_store_shm_attach(kept->store);
}
