/*
 * sites.c - addresses, cookies, providers and peers of each virtual host.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/sites.h"

#include "core/account_live.h"
#include "core/logout_notify.h"
#include "core/look.h"
#include "core/vouch.h"

#include <apr_strings.h>

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

/* Under what other names browsers know the host. */
static const apr_array_header_t *other_names(const server_rec *s, apr_pool_t *p)
{
    if (!s->names) return s->wild_names;
    return s->wild_names ? apr_array_append(p, s->names, s->wild_names) : s->names;
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

/* An admin who has set up a page wants to know at once that it cannot be shown. */
static int read_template(const sso_startup_t *setup, server_rec *s, sso_site_t *site)
{
    const char *name = sso_server_of(s)->set->page_template;
    sso_ctx_t cx = sso_ctx(setup->pool, apr_time_now());

    if (!name) return OK;
    name = ap_server_root_relative(setup->pool, name);
    if (sso_look_read(&cx, setup->pool, name, &site->page_template) == APR_SUCCESS) return OK;
    return sso_complain(s, s->defn_name, (int)s->defn_line_number, "SSOPageTemplate", cx.err.log);
}

static void plan_notify(sso_site_t *site, const sso_server_settings_t *set, apr_pool_t *p)
{
    const char *ca = set->ca_file ? ap_server_root_relative(p, set->ca_file) : NULL;

    if (!strcasecmp(set->logout_notify, "off")) return;
    site->notify = sso_logout_notify_make(p, set->logout_notify, ca);
    site->ended = sso_logout_notify_ended;
}

static int make_site(const sso_startup_t *setup, server_rec *s)
{
    sso_server_t *server = sso_server_of(s);
    apr_pool_t *p = setup->pool;
    sso_site_t *site = apr_pcalloc(p, sizeof(*site));

    site->base_url = base_url(s, p);
    if (!site->base_url) {
        return sso_complain(s, s->defn_name, (int)s->defn_line_number, "ServerName",
                            "does not make a URL; set ServerName or SSOBaseURL");
    }
    site->names = other_names(s, p);
    site->path = server->set->path;
    site->path_len = strlen(site->path);
    site->insecure_http = server->set->insecure_http;
    site->secure = !strncmp(site->base_url, "https:", 6) || !site->insecure_http;
    site->seal = setup->seal;
    site->assertions = setup->assertions;
    site->kept = setup->kept;
    site->kept_most = (apr_size_t)server->set->keep_post_limit;
    site->arrived = sso_account_arrived;
    site->idps = apr_hash_make(p);
    plan_cookie(site, server->set->cookie);
    plan_notify(site, server->set, p);
    add_idps(site, sso_server_of(setup->main_server)->providers, p);
    if (s->is_virtual) add_idps(site, server->providers, p);
    add_askers(site, sso_server_of(setup->main_server)->peers, p);
    if (s->is_virtual) add_askers(site, server->peers, p);
    site->language = server->set->language;
    server->site = site;
    return read_template(setup, s, site);
}

static int check_mentions(server_rec *s)
{
    const sso_server_t *server = sso_server_of(s);
    int i;

    for (i = 0; i < server->mentions->nelts; i++) {
        const sso_mention_t *m = &APR_ARRAY_IDX(server->mentions, i, sso_mention_t);

        if (apr_hash_get(server->site->idps, m->name, APR_HASH_KEY_STRING)) continue;
        return sso_complain(s, m->file, m->line,
                            apr_pstrcat(s->process->pconf, "SSO ", m->name, NULL),
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
        return sso_complain(s, wish->file, wish->line, wish->directive,
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
    return sso_complain(
        s, wish->file, wish->line, "SSOAccessToken",
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

/* It makes headers of what a client sends behind the body, when ours have long been judged. */
static int check_trailers(server_rec *s)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);

    if (core->merge_trailers != AP_MERGE_TRAILERS_ENABLE
        || (!apr_hash_count(sso_server_of(s)->site->idps)
            && !sso_server_of(s)->set->htaccess_providers)) {
        return OK;
    }
    return sso_complain(s, s->defn_name, (int)s->defn_line_number, "MergeTrailers",
                        "on would let clients add identity headers behind the body of a request; "
                        "remove the line, or write MergeTrailers off");
}

static int check_askers(server_rec *s, apr_pool_t *p)
{
    const sso_site_t *site = sso_server_of(s)->site;
    apr_hash_index_t *i;

    for (i = site->peers ? apr_hash_first(p, site->peers) : NULL; i; i = apr_hash_next(i)) {
        const sso_asker_t *asker = apr_hash_this_val(i);
        const char *why = sso_vouch_check(p, asker);

        if (why) return sso_complain_peer(s, asker->peer, why);
    }
    return OK;
}

/* A host without a line of ours shares the main server's struct: its site must be its own. */
static void part_from_main(const sso_startup_t *setup, server_rec *s)
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

int sso_sites_make(const sso_startup_t *setup)
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
        rc = check_trailers(s);
    for (s = setup->main_server; s && rc == OK; s = s->next)
        rc = check_askers(s, setup->pool);
    return rc;
}
