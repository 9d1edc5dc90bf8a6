/*
 * background.c - one callback of mod_watchdog for each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/background.h"

#include "core/status.h"
#include "httpd/accounts.h"
#include "httpd/door.h"
#include "httpd/errands.h"
#include "httpd/log.h"
#include "httpd/renewals.h"
#include "httpd/startup.h"
#include "httpd/status.h"

#define FOLLOW_EVERY  APR_TIME_C(2000000)
#define SWEEP_EVERY   APR_TIME_C(60000000)
#define WORK_EVERY    APR_TIME_C(1000000)
#define RENEW_EVERY   APR_TIME_C(100000)
#define DOOR_EVERY    APR_TIME_C(100000)
#define ERRANDS_EVERY APR_TIME_C(100000)
#define KEEP_EVERY    APR_TIME_C(5000000)
#define PROBE_EVERY   APR_TIME_C(1000000)
#define WARN_EVERY    APR_TIME_C(3600000000)

static apr_status_t sweep(int state, void *data, apr_pool_t *pool)
{
    server_rec *s = data;
    sso_store_t *store = sso_server_of(s)->site->store;
    sso_ctx_t cx;

    if (state != AP_WATCHDOG_STATE_RUNNING) return APR_SUCCESS;
    cx = sso_log_server_ctx(s, pool);
    return store->ops->sweep(store, &cx);
}

/* Forms that nobody came back for; at the start those of before. Writers wait meanwhile: seldom. */
static apr_status_t sweep_kept(int state, void *data, apr_pool_t *pool)
{
    const sso_kept_dir_t *kept = sso_server_of((server_rec *)data)->site->kept;
    sso_ctx_t cx;
    int n;

    if (state == AP_WATCHDOG_STATE_STOPPING || !kept) return APR_SUCCESS;
    cx = sso_log_server_ctx(data, pool);
    n = sso_kept_dir_sweep(&cx, kept);
    if (n) SSO_INFO(&cx, "%d forms were kept for a login that did not come", n);
    return APR_SUCCESS;
}

static int is_stopping(void *data)
{
    int state = AP_MPMQ_RUNNING;

    (void)data;
    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING;
}

static apr_status_t work(int state, void *data, apr_pool_t *pool)
{
    server_rec *s = data;
    apr_pool_t *temporary;
    sso_ctx_t cx;

    if (state != AP_WATCHDOG_STATE_RUNNING) return APR_SUCCESS;
    temporary = sso_startup_temporary(pool);
    if (!temporary) return APR_SUCCESS;
    cx = sso_log_server_ctx(s, temporary);
    sso_fresh_work(&cx, sso_server_of(s)->fresh, is_stopping, NULL);
    apr_pool_destroy(temporary);
    return APR_SUCCESS;
}

/* What has come to be near its end since the last look; what was so at the start was said then. */
static apr_status_t warn(int state, void *data, apr_pool_t *pool)
{
    static apr_time_t since; /* of one thread in one child */
    const apr_array_header_t *providers;
    server_rec *s = data;
    sso_ctx_t cx;
    int i;

    if (state != AP_WATCHDOG_STATE_RUNNING) return APR_SUCCESS;
    cx = sso_log_server_ctx(s, pool);
    providers = sso_status_providers(s, pool);
    for (i = 0; since > 0 && i < providers->nelts; i++)
        sso_status_warn(&cx, APR_ARRAY_IDX(providers, i, const sso_provider_t *), since);
    since = cx.now;
    return APR_SUCCESS;
}

static apr_status_t follow_accounts(int state, void *data, apr_pool_t *pool)
{
    if (state == AP_WATCHDOG_STATE_RUNNING) sso_accounts_watch(pool, data);
    return APR_SUCCESS;
}

/* What this child's requests have noted. */
static apr_status_t renew(int state, void *data, apr_pool_t *pool)
{
    sso_renew_task_t task;
    apr_pool_t *each = NULL;

    if (state != AP_WATCHDOG_STATE_RUNNING) return APR_SUCCESS;
    while (!is_stopping(NULL) && sso_renewals_take(&task)) {
        sso_ctx_t cx;

        if (!each && apr_pool_create(&each, pool) != APR_SUCCESS) return APR_SUCCESS;
        cx = sso_log_server_ctx(data, each);
        cx.is_cancelled = is_stopping;
        sso_renew(&cx, &task);
        apr_pool_clear(each);
    }
    return APR_SUCCESS;
}

/* What no request has to ask for. */
static apr_status_t keep(int state, void *data, apr_pool_t *pool)
{
    sso_ctx_t cx;

    if (state != AP_WATCHDOG_STATE_RUNNING) return APR_SUCCESS;
    cx = sso_log_server_ctx(data, pool);
    sso_renewals_note_all(&cx, data);
    return APR_SUCCESS;
}

sso_renews_t sso_background_renews(const server_rec *s)
{
    apr_pool_t *p = s->process->pconf;
    sso_renews_t most = SSO_RENEWS_NEVER;
    apr_hash_index_t *i;

    for (; s; s = s->next) {
        for (i = apr_hash_first(p, sso_server_of(s)->providers); i; i = apr_hash_next(i)) {
            const sso_provider_t *provider = apr_hash_this_val(i);
            sso_renews_t one = provider->protocol->renews ? provider->protocol->renews(provider)
                                                          : SSO_RENEWS_NEVER;

            if (one > most) most = one;
        }
    }
    return most;
}

static apr_status_t run_errands(int state, void *data, apr_pool_t *pool)
{
    sso_ctx_t cx;

    if (state != AP_WATCHDOG_STATE_RUNNING) return APR_SUCCESS;
    cx = sso_log_server_ctx(data, pool);
    sso_errands_work(&cx, is_stopping);
    return APR_SUCCESS;
}

static int wants_notice(const server_rec *s)
{
    while (s && !sso_server_of(s)->site->notify)
        s = s->next;
    return s != NULL;
}

int sso_background_has_errands(const server_rec *s)
{
    apr_pool_t *p = s->process->pconf;
    apr_hash_index_t *i;

    if (wants_notice(s)) return 1;
    for (; s; s = s->next) {
        for (i = apr_hash_first(p, sso_server_of(s)->providers); i; i = apr_hash_next(i)) {
            const sso_provider_t *provider = apr_hash_this_val(i);
            const sso_protocol_t *protocol = provider->protocol;

            if (!protocol->revoke) continue;
            if (provider->set->oidc_access_token || protocol->renews(provider)) return 1;
        }
    }
    return 0;
}

/* ---- SSOProbe ---- */

static int wants_probes(server_rec *s, apr_pool_t *p)
{
    const apr_array_header_t *providers = sso_status_providers(s, p);
    int i;

    for (i = 0; i < providers->nelts; i++) {
        if (APR_ARRAY_IDX(providers, i, const sso_provider_t *)->probe) return 1;
    }
    return 0;
}

static void probe_one(server_rec *s, apr_pool_t *pool, sso_probe_t *probe)
{
    apr_pool_t *each;
    sso_ctx_t cx;

    if (apr_pool_create(&each, pool) != APR_SUCCESS) return;
    cx = sso_log_server_ctx(s, each);
    cx.is_cancelled = is_stopping;
    if (sso_probe_is_due(&cx, probe)) sso_probe_ask(&cx, probe, sso_client_curl());
    apr_pool_destroy(each);
}

static apr_status_t probe(int state, void *data, apr_pool_t *pool)
{
    const apr_array_header_t *providers;
    int i;

    if (state != AP_WATCHDOG_STATE_RUNNING) return APR_SUCCESS;
    providers = sso_status_providers(data, pool);
    for (i = 0; i < providers->nelts && !is_stopping(NULL); i++) {
        sso_probe_t *one = APR_ARRAY_IDX(providers, i, const sso_provider_t *)->probe;

        if (one) probe_one(data, pool, one);
    }
    return APR_SUCCESS;
}

static apr_status_t tell_peers(int state, void *data, apr_pool_t *pool)
{
    if (state == AP_WATCHDOG_STATE_RUNNING) sso_accounts_tell(pool, data, is_stopping);
    return APR_SUCCESS;
}

static apr_status_t serve_door(int state, void *data, apr_pool_t *pool)
{
    if (state == AP_WATCHDOG_STATE_RUNNING) sso_door_serve(pool, data);
    return APR_SUCCESS;
}

int sso_background_start(server_rec *s, apr_pool_t *p)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get = APR_RETRIEVE_OPTIONAL_FN(
        ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *call = APR_RETRIEVE_OPTIONAL_FN(
        ap_watchdog_register_callback);
    ap_watchdog_t *dog;

    /* Peers are told by a thread of its own: one that lets us wait delays nobody else's ban. */
    if (get && call && get(&dog, "_sso_peers_", 0, 1, p) == APR_SUCCESS) {
        (void)call(dog, FOLLOW_EVERY, s, tell_peers);
    }
    /* So is this one: a provider that takes its time delays nobody's renewal. */
    if (get && call && sso_background_has_errands(s)
        && get(&dog, "_sso_errands_", 0, 0, p) == APR_SUCCESS) {
        (void)call(dog, ERRANDS_EVERY, s, run_errands);
    }
    /* And this: a provider that does not answer takes its time. One child asks for all. */
    if (get && call && wants_probes(s, p) && get(&dog, "_sso_probe_", 0, 1, p) == APR_SUCCESS) {
        (void)call(dog, PROBE_EVERY, s, probe);
    }
    if (get && call && get(&dog, "_sso_door_", 0, 1, p) == APR_SUCCESS) {
        (void)call(dog, DOOR_EVERY, s, serve_door);
        sso_door_open(p, s);
    }
    if (get && call && get(&dog, "_sso_", 0, 1, p) == APR_SUCCESS) {
        (void)call(dog, SWEEP_EVERY, s, sweep);
        (void)call(dog, SWEEP_EVERY, s, sweep_kept);
        (void)call(dog, FOLLOW_EVERY, s, follow_accounts);
        (void)call(dog, WORK_EVERY, s, work);
        (void)call(dog, WARN_EVERY, s, warn);
        if (sso_background_renews(s) == SSO_RENEWS_ALWAYS) (void)call(dog, KEEP_EVERY, s, keep);
        if (sso_background_renews(s) == SSO_RENEWS_NEVER) return OK;
        if (get(&dog, "_sso_renew_", 0, 0, p) == APR_SUCCESS
            && call(dog, RENEW_EVERY, s, renew) == APR_SUCCESS) {
            return OK;
        }
        return sso_complain(s, NULL, 0, "mod_watchdog", "has no thread for SSOOidcRefresh");
    }
    if (sso_background_renews(s)) {
        return sso_complain(s, NULL, 0, "mod_watchdog", "is needed by SSOOidcRefresh; load it");
    }
    if (wants_notice(s)) {
        return sso_complain(s, NULL, 0, "mod_watchdog", "is needed by SSOLogoutNotify; load it");
    }
    if (wants_probes(s, p)) {
        return sso_complain(s, NULL, 0, "mod_watchdog", "is needed by SSOProbe; load it");
    }
    if (!sso_fresh_has_urls(sso_server_of(s)->fresh)) return OK;
    return sso_complain(s, NULL, 0, "mod_watchdog",
                        "is needed to fetch what is configured by its URL; load it, or name files");
}
