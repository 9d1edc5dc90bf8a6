/*
 * dump.c - one printer for each word.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/dump.h"

#include "core/assertion.h"
#include "core/audit.h"
#include "core/describe.h"
#include "httpd/backend.h"
#include "httpd/log.h"

#include <apr_strings.h>

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

/* ---- SSOBackendAuth ---- */

/* A section is called by its path, as a peer by "peer/NAME". */
static void print_backend(sso_ctx_t *cx, const server_rec *s, const sso_wish_t *wish)
{
    static const int rows[] = {SSO_DIRECTORY_SSOBackendAuth, SSO_DIRECTORY_SSOSameOrigin};
    const sso_replay_line_t line = sso_replay_line(wish->dir->backend_auth);
    apr_size_t i;

    (void)printf("Backend %s (%s) at %s, defined in %s:%d\n  Settings\n",
                 wish->path ? wish->path : "-",
                 line.mode == SSO_REPLAY_MAP ? "map" : "one password",
                 sso_server_of(s)->site->base_url, wish->file, wish->line);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)printf("    %-24s %s\n", sso_directory_table.row[rows[i]].name,
                     sso_settings_print(&sso_directory_table, wish->dir, rows[i], cx->pool));
    }
    (void)printf("\n");
}

static void print_backend_findings(sso_ctx_t *cx, const server_rec *s, const sso_wish_t *wish)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 4, sizeof(sso_finding_t));

    sso_replay_audit(cx, sso_backend_replay(s, wish->dir), wish->dir->same_origin, list);
    print_list(sso_server_of(s)->site,
               apr_pstrcat(cx->pool, "backend", wish->path ? wish->path : "", NULL), list);
}

typedef void print_wish_fn(sso_ctx_t *, const server_rec *, const sso_wish_t *);

static void print_backends(sso_ctx_t *cx, const server_rec *s, print_wish_fn *print)
{
    const apr_array_header_t *wishes = sso_server_of(s)->wishes;
    int i;

    for (i = 0; i < wishes->nelts; i++) {
        const sso_wish_t *wish = &APR_ARRAY_IDX(wishes, i, sso_wish_t);

        if (strcmp(wish->directive, "SSOBackendAuth") != 0) continue;
        if (sso_backend_replay(s, wish->dir)) print(cx, s, wish);
    }
}

/* ---- assertions ---- */

/* The SSOAssertion lines that turn it on, of the sections of a host. */
static apr_array_header_t *asserting_lines(sso_ctx_t *cx, const sso_server_t *server)
{
    apr_array_header_t *lines = apr_array_make(cx->pool, 4, sizeof(sso_asserting_t));
    int i;

    for (i = 0; i < server->wishes->nelts; i++) {
        const sso_wish_t *wish = &APR_ARRAY_IDX(server->wishes, i, sso_wish_t);

        if (strcasecmp(wish->directive, "SSOAssertion") || !sso_directory_asserts(wish->dir)) {
            continue;
        }
        APR_ARRAY_PUSH(lines, sso_asserting_t) = (sso_asserting_t){
            sso_assertion_audience(server->site, wish->dir), wish->file, wish->line};
    }
    return lines;
}

static void print_assertions(sso_ctx_t *cx, const sso_server_t *server)
{
    const apr_array_header_t *lines = asserting_lines(cx, server);
    sso_buf_t text = sso_buf_make(cx->pool, 4096, SSO_DESCRIBE_MAX);

    if (!lines->nelts) return;
    sso_describe_assertions(cx, server->site, lines, &text);
    (void)fwrite(text.p, 1, text.n, stdout);
}

static void print_assertion_findings(sso_ctx_t *cx, const sso_server_t *server)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 2, sizeof(sso_finding_t));

    if (!asserting_lines(cx, server)->nelts) return;
    sso_audit_assertions(cx, server->site, list);
    print_list(server->site, "assertions", list);
}

static void print_state_dir(sso_ctx_t *cx, server_rec *main_server)
{
    const char *dir = sso_server_of(main_server)->set->state_dir;

    (void)printf("state\t%s\n", ap_server_root_relative(cx->pool, dir ? dir : SSO_STATE_DIR));
}

void sso_dump(apr_pool_t *pconf, server_rec *main_server)
{
    static const struct {
        const char *word;
        void (*print)(sso_ctx_t *, const sso_idp_t *);
        void (*peers)(sso_ctx_t *, const sso_site_t *);    /* NULL: nothing of them */
        print_wish_fn *backends;                           /* likewise */
        void (*server)(sso_ctx_t *, const sso_server_t *); /* likewise, of the host itself */
    } dump[] = {
        {"DUMP_SSO", print_description, print_peers, print_backend, print_assertions},
        {"DUMP_SSO_METADATA", print_metadata, NULL, NULL, NULL},
        {"DUMP_SSO_CHECK", print_findings, print_peer_findings, print_backend_findings,
         print_assertion_findings},
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
            if (dump[d].backends) print_backends(&cx, s, dump[d].backends);
            if (dump[d].server) dump[d].server(&cx, sso_server_of(s));
        }
    }
}
