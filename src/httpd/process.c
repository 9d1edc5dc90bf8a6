/*
 * process.c - from a complete configuration to sites that can serve.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/process.h"

#include "core/audit.h"
#include "core/describe.h"
#include "core/status.h"
#include "core/vouch.h"
#include "crypto/keys.h"
#include "crypto/mac.h"
#include "httpd/accounts.h"
#include "httpd/log.h"
#include "httpd/renewals.h"
#include "httpd/status.h"
#include "store/store_shm.h"

#include <apr_file_io.h>
#include <apr_strings.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RETAINED        "mod_sso:store:1"
#define FOLLOW_EVERY    APR_TIME_C(2000000)
#define SWEEP_EVERY     APR_TIME_C(60000000)
#define WORK_EVERY      APR_TIME_C(1000000)
#define RENEW_EVERY     APR_TIME_C(100000)
#define KEEP_EVERY      APR_TIME_C(5000000)
#define WARN_EVERY      APR_TIME_C(3600000000)
#define RETAINED_COUNTS "mod_sso:counts:1" /* and how many faults there are */

/* Kept over restarts, in the process pool. */
typedef struct {
    sso_store_t *store;
    apr_pool_t *pool;     /* of snapshot and seal: cleared at each restart, outlives a failed one */
    const char *snapshot; /* file; NULL: sessions end with the process */
    sso_seal_t *seal;
    server_rec *server; /* for log lines at the end; NULL while no configuration holds */
    pid_t parent;
} retained_t;

/* What one reading of the configuration shares. */
typedef struct {
    server_rec *main_server;
    apr_pool_t *pool;
    const char *state_dir;
    sso_fresh_set_t *fresh;
    const sso_seal_t *seal; /* NULL during configtest when there is no secret yet */
    int may_write;
} setup_t;

/* ---- complaints ---- */

static int complain(server_rec *s, const char *file, int line, const char *what, const char *why)
{
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, s, "SSO: %s%s%s%s: %s", file ? file : "",
                 file ? apr_psprintf(s->process->pconf, ":%d", line) : "", file ? ": " : "", what,
                 why);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int complain_provider(server_rec *s, const sso_provider_t *provider, const char *why)
{
    return complain(s, provider->file, provider->line,
                    apr_psprintf(provider->pool, "<SSOProvider %s>", provider->name), why);
}

static int complain_peer(server_rec *s, const sso_peer_t *peer, const char *why)
{
    return complain(s, peer->file, peer->line, apr_psprintf(peer->pool, "<SSOPeer %s>", peer->name),
                    why);
}

/* ---- state directory and sealing keys ---- */

static int make_state_dir(const setup_t *setup)
{
    apr_status_t rv;
    char why[128];

    if (!setup->may_write) return OK;
    rv = apr_dir_make_recursive(
        setup->state_dir, APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE, setup->pool);
    if (rv == APR_SUCCESS) return OK;
    return complain(setup->main_server, NULL, 0, "SSOStateDirectory",
                    apr_psprintf(setup->pool,
                                 "cannot make %s: %s; name a directory that httpd "
                                 "may write",
                                 setup->state_dir, apr_strerror(rv, why, sizeof(why))));
}

/* The secrets of SSOSecret, or the one in the state directory; none yet during configtest. */
static apr_status_t find_sealing(const setup_t *setup, sso_ctx_t *cx, apr_array_header_t **out)
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

static apr_status_t make_seal(sso_ctx_t *cx, apr_pool_t *pool, const apr_array_header_t *sealing,
                              sso_seal_t **out)
{
    return sso_seal_prepare(cx, pool, (const sso_span_t *)(const void *)sealing->elts,
                            sealing->nelts, out);
}

static int prepare_seal(setup_t *setup)
{
    sso_ctx_t cx = sso_log_server_ctx(setup->main_server, setup->pool);
    apr_array_header_t *sealing;
    sso_seal_t *seal = NULL;
    apr_status_t rv = find_sealing(setup, &cx, &sealing);

    if (rv == APR_SUCCESS && sealing) rv = make_seal(&cx, setup->pool, sealing, &seal);
    if (rv != APR_SUCCESS) return complain(setup->main_server, NULL, 0, "SSOSecret", cx.err.log);
    sso_server_of(setup->main_server)->sealing = sealing;
    setup->seal = seal;
    return OK;
}

/* ---- documents of others ---- */

static apr_status_t close_dir(void *fd)
{
    (void)close(*(int *)fd);
    return APR_SUCCESS;
}

/* The children write there, who may not enter the state directory above it: they inherit the open
 * directory. During configtest it is looked at, if there is one. */
static int open_fetched(const setup_t *setup, int *out)
{
    const char *path = apr_pstrcat(setup->pool, setup->state_dir, "/fetched", NULL);
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

static int prepare_fresh(setup_t *setup)
{
    sso_ctx_t cx = sso_log_server_ctx(setup->main_server, setup->pool);
    char why[128];
    int dir = -1;
    int error = open_fetched(setup, &dir);

    if (error) {
        return complain(setup->main_server, NULL, 0, "SSOStateDirectory",
                        apr_psprintf(setup->pool, "cannot use %s/fetched: %s", setup->state_dir,
                                     apr_strerror(error, why, sizeof(why))));
    }
    if (sso_fresh_make(&cx, setup->pool, dir, setup->may_write, NULL, &setup->fresh)
        != APR_SUCCESS) {
        return complain(setup->main_server, NULL, 0, "SSOStateDirectory", cx.err.log);
    }
    sso_server_of(setup->main_server)->fresh = setup->fresh;
    return OK;
}

/* ---- providers ---- */

/* A pool with an allocator of its own: what was read on the way, metadata of megabytes among it, goes
 * back to the system: before there are children, and when it has been taken over. */
static apr_pool_t *make_temporary(apr_pool_t *parent)
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

static int prepare_provider(const setup_t *setup, server_rec *s, sso_provider_t *provider)
{
    apr_pool_t *temporary = make_temporary(setup->pool);
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
    if (provider->protocol->prepare(&cx, provider, &provider->state) != APR_SUCCESS) {
        rc = complain_provider(s, provider, cx.err.log);
    }
    apr_pool_destroy(temporary);
    return rc;
}

static int prepare_providers(const setup_t *setup, server_rec *s)
{
    apr_hash_index_t *i;
    int rc = OK;

    for (i = apr_hash_first(setup->pool, sso_server_of(s)->providers); i && rc == OK;
         i = apr_hash_next(i)) {
        rc = prepare_provider(setup, s, apr_hash_this_val(i));
    }
    return rc;
}

static int prepare_peers(const setup_t *setup, server_rec *s)
{
    apr_hash_index_t *i;

    for (i = apr_hash_first(setup->pool, sso_server_of(s)->peers); i; i = apr_hash_next(i)) {
        sso_ctx_t cx = sso_log_server_ctx(s, setup->pool);
        sso_peer_t *peer = apr_hash_this_val(i);

        if (sso_server_of(s)->set->ca_file) {
            peer->ca_file = ap_server_root_relative(setup->pool, sso_server_of(s)->set->ca_file);
        }
        if (peer->protocol->peer->prepare(&cx, peer, &peer->state) != APR_SUCCESS) {
            return complain_peer(s, peer, cx.err.log);
        }
    }
    return OK;
}

/* ---- sites ---- */

/* The line that opened a <VirtualHost>; NULL for the main server. */
static const ap_directive_t *opening_of(const server_rec *s, const ap_directive_t *d)
{
    for (; s->is_virtual && d; d = d->next) {
        const ap_directive_t *below = d->first_child ? opening_of(s, d->first_child) : NULL;

        if (below) return below;
        if (!strcasecmp(d->directive, "<VirtualHost") && d->line_num == (int)s->defn_line_number
            && !strcmp(d->filename, s->defn_name)) {
            return d;
        }
    }
    return NULL;
}

/* Does TLS hold behind these lines, if it held (or not) before them? */
static int engine_says(const ap_directive_t *d, int before)
{
    for (; d; d = d->next) {
        if (!strcasecmp(d->directive, "SSLEngine") || !strcasecmp(d->directive, "GnuTLSEnable")) {
            before = !strcasecmp(d->args, "on");
        } else if (d->first_child && strcasecmp(d->directive, "<VirtualHost") != 0) {
            before = engine_says(d->first_child, before);
        }
    }
    return before;
}

/* mod_ssl answers for connections only, and there is none yet: its lines have to tell. */
static int is_tls(server_rec *s)
{
    const ap_directive_t *opening = opening_of(s, ap_conftree);
    const char *protocol = s->server_scheme ? s->server_scheme : ap_get_server_protocol(s);

    if (protocol && !strcasecmp(protocol, "https")) return 1;
    return engine_says(opening ? opening->first_child : NULL, engine_says(ap_conftree, 0));
}

static int port_of(const server_rec *s)
{
    if (s->port) return s->port;
    if (s->is_virtual && s->addrs && s->addrs->host_port) return s->addrs->host_port;
    return ap_listeners && ap_listeners->bind_addr ? ap_listeners->bind_addr->port : 0;
}

/* What browsers see, as far as the configuration tells. Never from a request's Host. */
static const char *base_url(server_rec *s, apr_pool_t *p)
{
    const char *given = sso_server_of(s)->set->base_url;
    sso_url_t url;

    if (!given) {
        int tls = is_tls(s);
        int port = port_of(s);

        given = apr_psprintf(p, "%s://%s:%d", tls ? "https" : "http", s->server_hostname,
                             port  ? port
                             : tls ? 443
                                   : 80);
    }
    return sso_url_parse(p, given, &url) ? NULL : sso_url_origin(p, &url);
}

static sso_samesite_t samesite_of(const char *word)
{
    if (word && !strcasecmp(word, "strict")) return SSO_SAMESITE_STRICT;
    return word && !strcasecmp(word, "none") ? SSO_SAMESITE_NONE : SSO_SAMESITE_LAX;
}

/* __Host- keeps other hosts of the domain from setting the cookie, where nothing rules it out. */
static const char *default_cookie(const sso_site_t *site)
{
    return site->secure && !site->domain && !strcmp(site->cookie_path, "/") ? "__Host-sso" : "sso";
}

static void plan_cookie(sso_site_t *site, const apr_array_header_t *words)
{
    int n = words ? words->nelts : 0;
    const char *const *word = words ? (const char *const *)(const void *)words->elts : NULL;
    const char *path = sso_line_value(n, word, "path");
    const char *name = sso_line_value(n, word, "name");

    site->domain = sso_line_value(n, word, "domain");
    site->cookie_path = path ? path : "/";
    site->samesite = samesite_of(sso_line_value(n, word, "samesite"));
    site->cookie = name ? name : default_cookie(site);
}

static void add_aliases(sso_site_t *site, const sso_idp_t *idp, apr_pool_t *p)
{
    const apr_array_header_t *acs = idp->provider->set->saml_acs;
    int i;

    for (i = 0; acs && i < acs->nelts; i++) {
        sso_url_t url;

        if (sso_url_parse(p, APR_ARRAY_IDX(acs, i, const char *), &url)) continue;
        if (strcmp(sso_url_origin(p, &url), site->base_url) != 0) continue;
        if (!site->aliases) site->aliases = apr_hash_make(p);
        apr_hash_set(site->aliases, url.path, APR_HASH_KEY_STRING, idp);
    }
}

static void add_idps(sso_site_t *site, apr_hash_t *providers, apr_pool_t *p)
{
    apr_hash_index_t *i;

    for (i = apr_hash_first(p, providers); i; i = apr_hash_next(i)) {
        sso_idp_t *idp = apr_pcalloc(p, sizeof(*idp));

        idp->provider = apr_hash_this_val(i);
        idp->site = site;
        idp->url = apr_pstrcat(p, site->base_url, site->path, "/", idp->provider->name, NULL);
        apr_hash_set(site->idps, idp->provider->name, APR_HASH_KEY_STRING, idp);
        add_aliases(site, idp, p);
    }
}

static void add_askers(sso_site_t *site, apr_hash_t *peers, apr_pool_t *p)
{
    apr_hash_index_t *i;

    for (i = apr_hash_first(p, peers); i; i = apr_hash_next(i)) {
        sso_asker_t *asker = apr_pcalloc(p, sizeof(*asker));

        asker->peer = apr_hash_this_val(i);
        asker->site = site;
        asker->url = apr_pstrcat(p, site->base_url, site->path, "/peer/", asker->peer->name, NULL);
        if (!site->peers) site->peers = apr_hash_make(p);
        apr_hash_set(site->peers, asker->peer->name, APR_HASH_KEY_STRING, asker);
    }
}

static int make_site(const setup_t *setup, server_rec *s)
{
    sso_server_t *server = sso_server_of(s);
    apr_pool_t *p = setup->pool;
    sso_site_t *site = apr_pcalloc(p, sizeof(*site));

    site->base_url = base_url(s, p);
    if (!site->base_url) {
        return complain(s, s->defn_name, (int)s->defn_line_number, "ServerName",
                        "does not make a URL; set ServerName or SSOBaseURL");
    }
    site->path = server->set->path;
    site->path_len = strlen(site->path);
    site->insecure_http = server->set->insecure_http;
    site->secure = !strncmp(site->base_url, "https:", 6) || !site->insecure_http;
    site->seal = setup->seal;
    site->idps = apr_hash_make(p);
    plan_cookie(site, server->set->cookie);
    add_idps(site, sso_server_of(setup->main_server)->providers, p);
    if (s->is_virtual) add_idps(site, server->providers, p);
    add_askers(site, sso_server_of(setup->main_server)->peers, p);
    if (s->is_virtual) add_askers(site, server->peers, p);
    server->site = site;
    return OK;
}

static int check_mentions(server_rec *s)
{
    const sso_server_t *server = sso_server_of(s);
    int i;

    for (i = 0; i < server->mentions->nelts; i++) {
        const sso_mention_t *m = &APR_ARRAY_IDX(server->mentions, i, sso_mention_t);

        if (apr_hash_get(server->site->idps, m->name, APR_HASH_KEY_STRING)) continue;
        return complain(s, m->file, m->line, apr_pstrcat(s->process->pconf, "SSO ", m->name, NULL),
                        "no <SSOProvider> of that name is defined for this host");
    }
    return OK;
}

/* Of sections that name their providers; the others learn it from the log, at the first login. */
static int check_wish(server_rec *s, const sso_wish_t *wish)
{
    sso_demand_t demand = sso_directory_demand(s->process->pconf, wish->dir);
    int i;

    demand.silent = wish->dir->mode == SSO_MODE_PASSIVE;
    if (!wish->dir->providers || !sso_directory_is_on(wish->dir)) return OK;
    for (i = 0; i < wish->dir->providers->nelts; i++) {
        const char *name = APR_ARRAY_IDX(wish->dir->providers, i, const char *);
        const sso_idp_t *idp = apr_hash_get(sso_server_of(s)->site->idps, name,
                                            APR_HASH_KEY_STRING);
        const char *why = NULL;

        if (sso_demand_is_any(&demand) && idp->provider->protocol->objects) {
            why = idp->provider->protocol->objects(s->process->pconf, idp->provider, &demand);
        }
        if (!why) continue;
        return complain(s, wish->file, wish->line, wish->directive,
                        apr_pstrcat(s->process->pconf, "provider ", name, " ", why, NULL));
    }
    return OK;
}

/* One of the providers has to keep what the directory hands on. */
static int check_token(server_rec *s, const sso_wish_t *wish)
{
    int i;

    if (!wish->dir->access_token || !wish->dir->providers || !sso_directory_is_on(wish->dir)) {
        return OK;
    }
    for (i = 0; i < wish->dir->providers->nelts; i++) {
        const sso_idp_t *idp = apr_hash_get(sso_server_of(s)->site->idps,
                                            APR_ARRAY_IDX(wish->dir->providers, i, const char *),
                                            APR_HASH_KEY_STRING);

        if (idp->provider->set->oidc_access_token) return OK;
    }
    return complain(s, wish->file, wish->line, "SSOAccessToken",
                    "no provider of this place keeps access tokens; write SSOOidcAccessToken on in "
                    "its <SSOProvider>");
}

static int check_wishes(server_rec *s)
{
    const apr_array_header_t *wishes = sso_server_of(s)->wishes;
    int rc = OK;
    int i;

    for (i = 0; i < wishes->nelts && rc == OK; i++)
        rc = check_wish(s, &APR_ARRAY_IDX(wishes, i, sso_wish_t));
    for (i = 0; i < wishes->nelts && rc == OK; i++)
        rc = check_token(s, &APR_ARRAY_IDX(wishes, i, sso_wish_t));
    return rc;
}

static int check_askers(server_rec *s, apr_pool_t *p)
{
    const sso_site_t *site = sso_server_of(s)->site;
    apr_hash_index_t *i;

    for (i = site->peers ? apr_hash_first(p, site->peers) : NULL; i; i = apr_hash_next(i)) {
        const sso_asker_t *asker = apr_hash_this_val(i);
        const char *why = sso_vouch_check(p, asker);

        if (why) return complain_peer(s, asker->peer, why);
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

/* A host without a line of ours shares the main server's struct: its site must be its own. */
static void part_from_main(const setup_t *setup, server_rec *s)
{
    const sso_server_t *shared = sso_server_of(setup->main_server);
    sso_server_t *own;

    if (s == setup->main_server || sso_server_of(s) != shared) return;
    own = apr_pmemdup(setup->pool, shared, sizeof(*shared));
    own->providers = apr_hash_make(setup->pool);
    own->peers = apr_hash_make(setup->pool);
    own->mentions = apr_array_make(setup->pool, 1, sizeof(sso_mention_t));
    own->wishes = apr_array_make(setup->pool, 1, sizeof(sso_wish_t));
    ap_set_module_config(s->module_config, &sso_module, own);
}

static int make_sites(const setup_t *setup)
{
    server_rec *s;
    int rc = OK;

    for (s = setup->main_server; s && rc == OK; s = s->next) {
        part_from_main(setup, s);
        rc = make_site(setup, s);
    }
    for (s = setup->main_server; s && rc == OK; s = s->next)
        rc = check_mentions(s);
    for (s = setup->main_server; s && rc == OK; s = s->next)
        rc = check_wishes(s);
    for (s = setup->main_server; s && rc == OK; s = s->next)
        rc = check_askers(s, setup->pool);
    return rc;
}

/* Has the host blocks of its own? One without a line of ours shares the main server's. */
static int has_own(const setup_t *setup, server_rec *s)
{
    return s == setup->main_server
           || sso_server_of(s)->providers != sso_server_of(setup->main_server)->providers;
}

static int prepare_all(const setup_t *setup)
{
    server_rec *s;
    int rc = OK;

    for (s = setup->main_server; s && rc == OK; s = s->next) {
        if (!has_own(setup, s)) continue;
        rc = prepare_providers(setup, s);
        if (rc == OK) rc = prepare_peers(setup, s);
    }
    return rc;
}

static int plan_accounts(const setup_t *setup)
{
    server_rec *where = setup->main_server;
    const char *what = "SSOAccounts";
    const char *why = sso_accounts_plan(setup->pool, setup->main_server, setup->state_dir, &where,
                                        &what);

    if (!why) return OK;
    return complain(where, where->defn_name, (int)where->defn_line_number, what, why);
}

/* ---- one secret, one other side ---- */

/* Who shares a secret; either a provider or a peer. */
typedef struct {
    server_rec *s;
    const sso_provider_t *provider;
    const sso_peer_t *peer;
    const apr_array_header_t *secrets; /* of sso_span_t */
} owner_t;

static int share_secret(const owner_t *a, const owner_t *b)
{
    int i;
    int k;

    for (i = 0; i < a->secrets->nelts; i++) {
        sso_span_t x = APR_ARRAY_IDX(a->secrets, i, sso_span_t);

        for (k = 0; k < b->secrets->nelts; k++) {
            sso_span_t y = APR_ARRAY_IDX(b->secrets, k, sso_span_t);

            if (x.n == y.n && sso_mac_same(x.p, y.p, x.n)) return 1;
        }
    }
    return 0;
}

static void add_owners(const setup_t *setup, server_rec *s, apr_array_header_t *owners)
{
    const sso_server_t *server = sso_server_of(s);
    apr_hash_index_t *i;

    for (i = apr_hash_first(setup->pool, server->providers); i; i = apr_hash_next(i)) {
        const sso_provider_t *provider = apr_hash_this_val(i);
        const apr_array_header_t *secrets = provider->protocol->secrets
                                                ? provider->protocol->secrets(setup->pool, provider)
                                                : NULL;

        if (secrets) APR_ARRAY_PUSH(owners, owner_t) = (owner_t){s, provider, NULL, secrets};
    }
    for (i = apr_hash_first(setup->pool, server->peers); i; i = apr_hash_next(i)) {
        const sso_peer_t *peer = apr_hash_this_val(i);

        APR_ARRAY_PUSH(owners, owner_t) = (owner_t){s, NULL, peer, peer->set->secrets};
    }
}

/* Two blocks for one client of one OpenID provider have one secret, as it should be. */
static int are_one_client(const owner_t *a, const owner_t *b)
{
    const sso_provider_settings_t *x = a->provider ? a->provider->set : NULL;
    const sso_provider_settings_t *y = b->provider ? b->provider->set : NULL;

    if (!x || !y || !x->oidc_client || !y->oidc_client) return 0;
    return !strcmp(x->oidc_issuer ? x->oidc_issuer : "", y->oidc_issuer ? y->oidc_issuer : "")
           && !strcmp(APR_ARRAY_IDX(x->oidc_client, 0, const char *),
                      APR_ARRAY_IDX(y->oidc_client, 0, const char *));
}

/* Are they the two ends of one connection, between two hosts of this server? */
static int are_two_ends(const setup_t *setup, const owner_t *a, const owner_t *b)
{
    const sso_provider_t *provider = a->provider ? a->provider : b->provider;
    const sso_peer_t *peer = a->peer ? a->peer : b->peer;
    const char *endpoint = !provider                      ? NULL
                           : provider->set->hmac_endpoint ? provider->set->hmac_endpoint
                                                          : provider->set->discourse_endpoint;
    server_rec *s;

    for (s = setup->main_server; s && endpoint && peer; s = s->next) {
        const sso_site_t *site = sso_server_of(s)->site;
        const sso_asker_t *asker = site->peers
                                       ? apr_hash_get(site->peers, peer->name, APR_HASH_KEY_STRING)
                                       : NULL;

        if (asker && asker->peer == peer && !strcmp(asker->url, endpoint)) return 1;
    }
    return 0;
}

static int complain_owner(const setup_t *setup, const owner_t *owner, const owner_t *twin)
{
    const char *why = apr_psprintf(setup->pool,
                                   "its secret is the one of <%s %s> at %s:%d; give each its own",
                                   twin->provider ? "SSOProvider" : "SSOPeer",
                                   twin->provider ? twin->provider->name : twin->peer->name,
                                   twin->provider ? twin->provider->file : twin->peer->file,
                                   twin->provider ? twin->provider->line : twin->peer->line);

    return owner->provider ? complain_provider(owner->s, owner->provider, why)
                           : complain_peer(owner->s, owner->peer, why);
}

/* One secret, one other side: the handshake has no domain separation between two (section 1.1). */
static int check_secrets(const setup_t *setup)
{
    apr_array_header_t *owners = apr_array_make(setup->pool, 8, sizeof(owner_t));
    server_rec *s;
    int i;
    int k;

    for (s = setup->main_server; s; s = s->next) {
        if (has_own(setup, s)) add_owners(setup, s, owners);
    }
    for (i = 0; i < owners->nelts; i++) {
        const owner_t *owner = &APR_ARRAY_IDX(owners, i, owner_t);

        for (k = 0; k < i; k++) {
            const owner_t *twin = &APR_ARRAY_IDX(owners, k, owner_t);

            if (share_secret(owner, twin) && !are_two_ends(setup, owner, twin)
                && !are_one_client(owner, twin)) {
                return complain_owner(setup, owner, twin);
            }
        }
    }
    return OK;
}

int sso_process_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                      server_rec *main_server)
{
    const char *dir = sso_server_of(main_server)->set->state_dir;
    setup_t setup = {.main_server = main_server, .pool = pconf};
    int rc;

    (void)plog;
    (void)ptemp;
    setup.state_dir = ap_server_root_relative(pconf, dir ? dir : SSO_STATE_DIR);
    setup.may_write = ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_NORMAL;
    warn_bare_authtype(main_server, ap_conftree);
    rc = make_state_dir(&setup);
    if (rc == OK) rc = prepare_seal(&setup);
    if (rc == OK) rc = prepare_fresh(&setup);
    if (rc == OK) rc = prepare_all(&setup);
    if (rc == OK) rc = make_sites(&setup);
    if (rc == OK) rc = check_secrets(&setup);
    if (rc == OK) rc = plan_accounts(&setup);
    return rc;
}

/* ---- the store ---- */

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
    return make_seal(cx, kept->pool, server->sealing, &kept->seal);
}

static void load_snapshot(sso_ctx_t *cx, retained_t *kept)
{
    apr_status_t rv;

    if (!kept->snapshot) return;
    rv = kept->store->ops->load(kept->store, cx, kept->snapshot, kept->seal);
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

/* Shared by all children, over restarts; NULL: no memory, and nobody counts. */
static sso_counts_t *find_counts(server_rec *s)
{
    const char *key = apr_psprintf(s->process->pconf, RETAINED_COUNTS ":%d", (int)SSO_F_COUNT);
    sso_counts_t **kept = ap_retained_data_get(key);
    void *shared;

    if (kept) return *kept;
    shared = mmap(NULL, sizeof(sso_counts_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                  -1, 0);
    if (shared == MAP_FAILED) return NULL;
    kept = ap_retained_data_create(apr_pstrdup(s->process->pool, key), sizeof(*kept));
    *kept = shared;
    return *kept;
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
    }
    return rv;
}

static apr_status_t sweep(int state, void *data, apr_pool_t *pool)
{
    server_rec *s = data;
    sso_store_t *store = sso_server_of(s)->site->store;
    sso_ctx_t cx;

    if (state != AP_WATCHDOG_STATE_RUNNING) return APR_SUCCESS;
    cx = sso_log_server_ctx(s, pool);
    return store->ops->sweep(store, &cx);
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
    temporary = make_temporary(pool);
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

/* The most that one of the providers does. */
static sso_renews_t renews(const server_rec *s)
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

static apr_status_t tell_peers(int state, void *data, apr_pool_t *pool)
{
    if (state == AP_WATCHDOG_STATE_RUNNING) sso_accounts_tell(pool, data, is_stopping);
    return APR_SUCCESS;
}

/* Without mod_watchdog sessions lose nothing: expired records go when their room is needed. */
static int start_watching(server_rec *s, apr_pool_t *p)
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
    if (get && call && get(&dog, "_sso_", 0, 1, p) == APR_SUCCESS) {
        (void)call(dog, SWEEP_EVERY, s, sweep);
        (void)call(dog, FOLLOW_EVERY, s, follow_accounts);
        (void)call(dog, WORK_EVERY, s, work);
        (void)call(dog, WARN_EVERY, s, warn);
        if (renews(s) == SSO_RENEWS_ALWAYS) (void)call(dog, KEEP_EVERY, s, keep);
        if (renews(s) == SSO_RENEWS_NEVER) return OK;
        if (get(&dog, "_sso_renew_", 0, 0, p) == APR_SUCCESS
            && call(dog, RENEW_EVERY, s, renew) == APR_SUCCESS) {
            return OK;
        }
        return complain(s, NULL, 0, "mod_watchdog", "has no thread for SSOOidcRefresh");
    }
    if (renews(s)) {
        return complain(s, NULL, 0, "mod_watchdog", "is needed by SSOOidcRefresh; load it");
    }
    if (!sso_fresh_has_urls(sso_server_of(s)->fresh)) return OK;
    return complain(s, NULL, 0, "mod_watchdog",
                    "is needed to fetch what is configured by its URL; load it, or name files");
}

void sso_process_start_child(apr_pool_t *pool, server_rec *main_server)
{
    sso_accounts_open(pool, main_server);
    if (renews(main_server)) sso_renewals_open(pool);
    sso_fresh_start(sso_server_of(main_server)->fresh, sso_client_curl());
}

int sso_process_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                      server_rec *main_server)
{
    const sso_server_settings_t *set = sso_server_of(main_server)->set;
    sso_ctx_t cx = sso_log_server_ctx(main_server, ptemp);
    retained_t *kept;
    const char *why;
    apr_status_t rv;

    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) return OK;
    kept = find_retained(main_server);
    rv = plan_snapshot(&cx, kept, main_server);
    if (rv == APR_SUCCESS)
        rv = open_store(&cx, kept, main_server->process->pool, (apr_size_t)set->memory);
    if (rv == APR_SUCCESS) rv = add_tenants(&cx, main_server, kept->store);
    if (rv != APR_SUCCESS)
        return complain(main_server, NULL, 0, "SSOSessionMemory",
                        cx.err.log ? cx.err.log : "no shared memory to be had");
    why = sso_accounts_start(ptemp, main_server);
    if (why) return complain(main_server, NULL, 0, "SSOAccountDatabase", why);
    return start_watching(main_server, pconf);
}

/* ---- showing ---- */

static void print_description(sso_ctx_t *cx, const sso_idp_t *idp)
{
    sso_buf_t text = sso_buf_make(cx->pool, 4096, SSO_DESCRIBE_MAX);

    (void)sso_describe(cx, idp, &text);
    (void)fwrite(text.p, 1, text.n, stdout);
}

static void print_peers(sso_ctx_t *cx, const sso_site_t *site)
{
    sso_buf_t text = sso_buf_make(cx->pool, 4096, SSO_DESCRIBE_MAX);
    apr_hash_index_t *i;

    for (i = site->peers ? apr_hash_first(cx->pool, site->peers) : NULL; i; i = apr_hash_next(i))
        (void)sso_describe_peer(cx, apr_hash_this_val(i), &text);
    (void)fwrite(text.p, 1, text.n, stdout);
}

static const char *no_header(const sso_request_t *req, const char *name)
{
    (void)req, (void)name;
    return NULL;
}

/* What NAME/metadata would answer, behind a line that says how long it is. */
static void print_metadata(sso_ctx_t *cx, const sso_idp_t *idp)
{
    const char *path = apr_pstrcat(cx->pool, idp->site->path, "/", idp->provider->name, "/metadata",
                                   NULL);
    sso_request_t req = {
        .method = "GET", .path = path, .target = path, .https = 1, .header = no_header};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    if (idp->provider->protocol->serve(cx, idp, &req, "metadata", &reply) != APR_SUCCESS) return;
    if (reply.kind != SSO_REPLY_BODY) return;
    (void)printf("metadata\t%s\t%s\t%" APR_SIZE_T_FMT "\n", idp->provider->name,
                 idp->site->base_url, reply.body.n);
    (void)fwrite(reply.body.p, 1, reply.body.n, stdout);
}

/* A line each, with tabs between name, site, weight, what was found and what to do. */
static void print_list(const sso_site_t *site, const char *name, const apr_array_header_t *list)
{
    int i;

    (void)printf("site\t%s\t%s\n", site->base_url, site->path);
    for (i = 0; i < list->nelts; i++) {
        const sso_finding_t *f = &APR_ARRAY_IDX(list, i, sso_finding_t);

        (void)printf("finding\t%s\t%s\t%s\t%s\t%s\n", name, site->base_url,
                     sso_weight_name(f->weight), f->what, f->cure);
    }
}

static void print_findings(sso_ctx_t *cx, const sso_idp_t *idp)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 8, sizeof(sso_finding_t));

    sso_audit(cx, idp, list);
    print_list(idp->site, idp->provider->name, list);
}

/* A peer's name stands there as in its address. */
static void print_peer_findings(sso_ctx_t *cx, const sso_site_t *site)
{
    apr_hash_index_t *i;

    for (i = site->peers ? apr_hash_first(cx->pool, site->peers) : NULL; i; i = apr_hash_next(i)) {
        const sso_asker_t *asker = apr_hash_this_val(i);
        apr_array_header_t *list = apr_array_make(cx->pool, 8, sizeof(sso_finding_t));

        sso_audit_peer(cx, asker, list);
        print_list(site, apr_pstrcat(cx->pool, "peer/", asker->peer->name, NULL), list);
    }
}

static void print_state_dir(sso_ctx_t *cx, server_rec *main_server)
{
    const char *dir = sso_server_of(main_server)->set->state_dir;

    (void)printf("state\t%s\n", ap_server_root_relative(cx->pool, dir ? dir : SSO_STATE_DIR));
}

void sso_process_dump(apr_pool_t *pconf, server_rec *main_server)
{
    static const struct {
        const char *word;
        void (*print)(sso_ctx_t *, const sso_idp_t *);
        void (*peers)(sso_ctx_t *, const sso_site_t *); /* NULL: nothing of them */
    } dump[] = {
        {"DUMP_SSO", print_description, print_peers},
        {"DUMP_SSO_METADATA", print_metadata, NULL},
        {"DUMP_SSO_CHECK", print_findings, print_peer_findings},
    };
    sso_ctx_t cx = sso_log_server_ctx(main_server, pconf);
    apr_size_t d;
    server_rec *s;

    if (ap_exists_config_define("DUMP_SSO_CHECK")) print_state_dir(&cx, main_server);
    for (d = 0; d < sizeof(dump) / sizeof(dump[0]); d++) {
        if (!ap_exists_config_define(dump[d].word)) continue;
        for (s = main_server; s; s = s->next) {
            apr_hash_index_t *i;

            for (i = apr_hash_first(pconf, sso_server_of(s)->site->idps); i; i = apr_hash_next(i))
                dump[d].print(&cx, apr_hash_this_val(i));
            if (dump[d].peers) dump[d].peers(&cx, sso_server_of(s)->site);
        }
    }
}
