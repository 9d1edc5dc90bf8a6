/*
 * process.c - from a complete configuration to sites that can serve.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/process.h"

#include "crypto/keys.h"
#include "httpd/accounts.h"
#include "httpd/auditlog.h"
#include "httpd/backend.h"
#include "httpd/background.h"
#include "httpd/errands.h"
#include "httpd/log.h"
#include "httpd/renewals.h"
#include "httpd/secrets.h"
#include "httpd/segment.h"
#include "httpd/sites.h"
#include "httpd/socache.h"
#include "httpd/tenants.h"

#include <apr_file_io.h>
#include <apr_strings.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- state directory and sealing keys ---- */

static int make_state_dir(const sso_startup_t *setup)
{
    apr_status_t rv;
    char why[128];

    if (!setup->may_write) return OK;
    rv = apr_dir_make_recursive(
        setup->state_dir, APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE, setup->pool);
    if (rv == APR_SUCCESS) return OK;
    return sso_complain(setup->main_server, NULL, 0, "SSOStateDirectory",
                        apr_psprintf(setup->pool,
                                     "cannot make %s: %s; name a directory that httpd "
                                     "may write",
                                     setup->state_dir, apr_strerror(rv, why, sizeof(why))));
}

/* The secrets of SSOSecret, or the one in the state directory; none yet during configtest. */
static apr_status_t find_sealing(const sso_startup_t *setup, sso_ctx_t *cx,
                                 apr_array_header_t **out)
{
    const char *file = apr_pstrcat(setup->pool, setup->state_dir, "/secret", NULL);
    apr_status_t rv;
    sso_span_t own;

    *out = sso_server_of(setup->main_server)->set->secrets;
    if (*out) return APR_SUCCESS;
    rv = sso_secret_own(cx, setup->pool, file, setup->may_write, &own);
    if (rv != APR_SUCCESS) return APR_STATUS_IS_ENOENT(rv) ? APR_SUCCESS : rv;
    *out = apr_array_make(setup->pool, 1, sizeof(own));
    APR_ARRAY_PUSH(*out, sso_span_t) = own;
    return APR_SUCCESS;
}

static int prepare_seal(sso_startup_t *setup)
{
    sso_ctx_t cx = sso_log_server_ctx(setup->main_server, setup->pool);
    apr_array_header_t *sealing;
    sso_seal_t *seal = NULL;
    apr_status_t rv = find_sealing(setup, &cx, &sealing);

    if (rv == APR_SUCCESS && sealing) rv = sso_startup_seal(&cx, setup->pool, sealing, &seal);
    if (rv != APR_SUCCESS)
        return sso_complain(setup->main_server, NULL, 0, "SSOSecret", cx.err.log);
    sso_server_of(setup->main_server)->sealing = sealing;
    setup->seal = seal;
    return OK;
}

/* ---- keys of assertions ---- */

/* An .htaccess file may ask for assertions wherever people can sign in. */
static int has_providers(server_rec *s)
{
    while (s && !apr_hash_count(sso_server_of(s)->providers))
        s = s->next;
    return s != NULL;
}

static int prepare_assertions(sso_startup_t *setup)
{
    const char *file = apr_pstrcat(setup->pool, setup->state_dir, "/" SSO_ASSERTION_FILE, NULL);
    sso_ctx_t cx = sso_log_server_ctx(setup->main_server, setup->pool);
    sso_assertions_t *assertions = NULL;
    sso_keyring_t *ring = NULL;
    apr_status_t rv;

    if (!has_providers(setup->main_server)) return OK;
    rv = sso_keyring_own(&cx, setup->pool, file, setup->may_write, &ring);
    if (APR_STATUS_IS_ENOENT(rv)) return OK;
    if (rv == APR_SUCCESS) rv = sso_assertions_make(&cx, setup->pool, ring, &assertions);
    if (rv != APR_SUCCESS)
        return sso_complain(setup->main_server, NULL, 0, "SSOAssertion", cx.err.log);
    setup->assertions = assertions;
    return OK;
}

/* ---- what children write ---- */

static apr_status_t close_dir(void *fd)
{
    (void)close(*(int *)fd);
    return APR_SUCCESS;
}

/* The children write there, who may not enter the state directory above it: they inherit the open
 * directory. During configtest it is looked at, if there is one. */
static int open_for_children(const sso_startup_t *setup, const char *path, int *out)
{
    int *fd = apr_palloc(setup->pool, sizeof(*fd));

    if (setup->may_write && mkdir(path, 0700) != 0 && errno != EEXIST) return errno;
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0) return setup->may_write ? errno : 0;
    apr_pool_cleanup_register(setup->pool, fd, close_dir, apr_pool_cleanup_null);
    if (setup->may_write && geteuid() == 0
        && (fchown(*fd, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0
            || fchmod(*fd, 0700) != 0)) {
        return errno;
    }
    *out = *fd;
    return 0;
}

static int complain_dir(const sso_startup_t *setup, const char *path, int error)
{
    char why[128];

    return sso_complain(setup->main_server, NULL, 0, "SSOStateDirectory",
                        apr_psprintf(setup->pool, "cannot use %s: %s", path,
                                     apr_strerror(error, why, sizeof(why))));
}

/* Forms that wait for a login. */
static int prepare_kept(sso_startup_t *setup)
{
    const char *path = apr_pstrcat(setup->pool, setup->state_dir, "/kept", NULL);
    sso_kept_dir_t *kept = apr_palloc(setup->pool, sizeof(*kept));
    int dir = -1;
    int error = open_for_children(setup, path, &dir);

    if (error) return complain_dir(setup, path, error);
    *kept = (sso_kept_dir_t){dir, path};
    if (dir >= 0) setup->kept = kept;
    return OK;
}

static int prepare_fresh(sso_startup_t *setup)
{
    sso_ctx_t cx = sso_log_server_ctx(setup->main_server, setup->pool);
    const char *path = apr_pstrcat(setup->pool, setup->state_dir, "/fetched", NULL);
    int dir = -1;
    int error = open_for_children(setup, path, &dir);

    if (error) return complain_dir(setup, path, error);
    if (sso_fresh_make(&cx, setup->pool, dir, setup->may_write, NULL, &setup->fresh)
        != APR_SUCCESS) {
        return sso_complain(setup->main_server, NULL, 0, "SSOStateDirectory", cx.err.log);
    }
    sso_server_of(setup->main_server)->fresh = setup->fresh;
    return OK;
}

/* ---- providers ---- */

static apr_status_t address_of(void *data, sso_ctx_t *cx, const char **url)
{
    const sso_provider_t *provider = data;

    if (sso_provider_probed_every(cx->pool, provider->set, url) > 0 && *url) return APR_SUCCESS;
    return provider->protocol->address(cx, provider, url);
}

/* SSOProbe. */
static apr_status_t prepare_probe(sso_ctx_t *cx, sso_provider_t *provider)
{
    const char *url;
    const sso_probe_source_t source = {
        .name = provider->name,
        .every = sso_provider_probed_every(cx->pool, provider->set, &url),
        .address = address_of,
        .data = provider,
        .ca_file = provider->ca_file,
        .allow_http = provider->allow_http};

    if (!source.every || provider->set->active == SSO_ACTIVE_OFF) return APR_SUCCESS;
    return sso_probe_make(cx, provider->pool, &source, &provider->probe);
}

static int prepare_provider(const sso_startup_t *setup, server_rec *s, sso_provider_t *provider)
{
    apr_pool_t *temporary = sso_startup_temporary(setup->pool);
    sso_ctx_t cx;
    int rc = OK;

    if (!temporary) return HTTP_INTERNAL_SERVER_ERROR;
    provider->state_dir = setup->state_dir;
    provider->may_write = setup->may_write;
    provider->fresh = setup->fresh;
    provider->allow_http = sso_server_of(s)->set->insecure_http;
    if (sso_server_of(s)->set->ca_file) {
        provider->ca_file = ap_server_root_relative(setup->pool, sso_server_of(s)->set->ca_file);
    }
    cx = sso_log_server_ctx(s, temporary);
    if (provider->protocol->prepare(&cx, provider, &provider->state) != APR_SUCCESS
        || prepare_probe(&cx, provider) != APR_SUCCESS) {
        rc = sso_complain_provider(s, provider, cx.err.log);
    }
    apr_pool_destroy(temporary);
    return rc;
}

static int prepare_providers(const sso_startup_t *setup, server_rec *s)
{
    apr_hash_index_t *i;
    int rc = OK;

    for (i = apr_hash_first(setup->pool, sso_server_of(s)->providers); i && rc == OK;
         i = apr_hash_next(i)) {
        rc = prepare_provider(setup, s, apr_hash_this_val(i));
    }
    return rc;
}

static int prepare_peers(const sso_startup_t *setup, server_rec *s)
{
    apr_hash_index_t *i;

    for (i = apr_hash_first(setup->pool, sso_server_of(s)->peers); i; i = apr_hash_next(i)) {
        sso_ctx_t cx = sso_log_server_ctx(s, setup->pool);
        sso_peer_t *peer = apr_hash_this_val(i);

        if (sso_server_of(s)->set->ca_file) {
            peer->ca_file = ap_server_root_relative(setup->pool, sso_server_of(s)->set->ca_file);
        }
        if (peer->protocol->peer->prepare(&cx, peer, &peer->state) != APR_SUCCESS) {
            return sso_complain_peer(s, peer, cx.err.log);
        }
    }
    return OK;
}

/* AuthType SSO alone protects nothing: without a Require next to it, an inherited "Require all
 * granted" leaves the area open. */
static void warn_bare_authtype(server_rec *s, const ap_directive_t *d)
{
    for (; d; d = d->next) {
        const ap_directive_t *other;
        int guarded = 0;

        if (d->first_child) warn_bare_authtype(s, d->first_child);
        if (strcasecmp(d->directive, "AuthType") != 0 || strcasecmp(d->args, "SSO") != 0) continue;
        for (other = d->parent ? d->parent->first_child : ap_conftree; other; other = other->next) {
            if (!strcasecmp(other->directive, "Require") || !strcasecmp(other->directive, "SSO")
                || !strncasecmp(other->directive, "<Require", 8)) {
                guarded = 1;
            }
        }
        if (guarded) continue;
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, s,
                     "SSO: %s:%d: AuthType SSO without Require protects nothing; add Require "
                     "valid-user, or write SSO NAME instead",
                     d->filename, d->line_num);
    }
}

static int prepare_all(const sso_startup_t *setup)
{
    server_rec *s;
    int rc = OK;

    for (s = setup->main_server; s && rc == OK; s = s->next) {
        if (!sso_startup_owns(setup, s)) continue;
        rc = prepare_providers(setup, s);
        if (rc == OK) rc = prepare_peers(setup, s);
    }
    return rc;
}

static int plan_accounts(const sso_startup_t *setup)
{
    server_rec *where = setup->main_server;
    const char *what = "SSOAccounts";
    const char *why = sso_accounts_plan(setup->pool, setup->main_server, setup->state_dir, &where,
                                        &what);

    if (!why) return OK;
    return sso_complain(where, where->defn_name, (int)where->defn_line_number, what, why);
}

/* What one machine can decide for itself, and several cannot. */
static int check_shared(const sso_startup_t *setup)
{
    const sso_server_t *server = sso_server_of(setup->main_server);
    const char *why = NULL;
    server_rec *s;

    if (!sso_socache_is_wanted(setup->main_server)) return OK;
    if (sso_background_renews(setup->main_server) != SSO_RENEWS_NEVER) {
        why = "SSOOidcRefresh is for one machine: two would use the same refresh token, and the "
              "provider would take it for stolen; leave it out, or write SSOSessionStore shm";
    }
    for (s = setup->main_server; s && !why; s = s->next) {
        if (!sso_server_of(s)->site->accounts) continue;
        if (server->set->account_database->nelts < 2) {
            why = "the accounts of several machines are in one database; write SSOAccountDatabase "
                  "pgsql \"host=... dbname=...\"";
        } else if (!APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance)) {
            why = "needs mod_watchdog with SSOAccounts: by it each machine learns of bans; load it";
        }
    }
    return why ? sso_complain(setup->main_server, NULL, 0, "SSOSessionStore", why) : OK;
}

int sso_process_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                      server_rec *main_server)
{
    const char *dir = sso_server_of(main_server)->set->state_dir;
    sso_startup_t setup = {.main_server = main_server, .pool = pconf};
    int rc;

    (void)plog;
    (void)ptemp;
    setup.state_dir = ap_server_root_relative(pconf, dir ? dir : SSO_STATE_DIR);
    setup.may_write = ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_NORMAL;
    warn_bare_authtype(main_server, ap_conftree);
    rc = make_state_dir(&setup);
    if (rc == OK) rc = prepare_seal(&setup);
    if (rc == OK) rc = prepare_assertions(&setup);
    if (rc == OK) rc = prepare_fresh(&setup);
    if (rc == OK) rc = prepare_kept(&setup);
    if (rc == OK) rc = prepare_all(&setup);
    if (rc == OK) rc = sso_sites_make(&setup);
    if (rc == OK) rc = sso_backend_prepare(&setup);
    if (rc == OK) rc = sso_secrets_check(&setup);
    if (rc == OK) rc = plan_accounts(&setup);
    if (rc == OK) rc = sso_socache_plan(&setup);
    if (rc == OK) rc = check_shared(&setup);
    return rc;
}

void sso_process_start_child(apr_pool_t *pool, server_rec *main_server)
{
    sso_segment_attach();
    sso_tenants_open(pool, main_server);
    sso_accounts_open(pool, main_server);
    if (sso_background_renews(main_server)) sso_renewals_open(pool);
    if (sso_background_has_errands(main_server)) sso_errands_open(pool, main_server);
    sso_fresh_start(sso_server_of(main_server)->fresh, sso_client_curl());
}

int sso_process_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                      server_rec *main_server)
{
    sso_ctx_t cx = sso_log_server_ctx(main_server, ptemp);
    const char *directive;
    const char *why;

    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) return OK;
    why = sso_auditlog_open(pconf, main_server);
    if (why) return sso_complain(main_server, NULL, 0, "SSOAuditLog", why);
    if (sso_segment_open(&cx, main_server, &directive) != APR_SUCCESS) {
        return sso_complain(main_server, NULL, 0, directive,
                            cx.err.log ? cx.err.log : "no shared memory to be had");
    }
    why = sso_accounts_start(ptemp, main_server);
    if (why) return sso_complain(main_server, NULL, 0, "SSOAccountDatabase", why);
    return sso_background_start(main_server, pconf);
}
