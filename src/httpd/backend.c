/*
 * backend.c - credentials for the server that mod_proxy has chosen.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/backend.h"

#include "httpd/adapt.h"
#include "httpd/expose.h"
#include "httpd/log.h"

#include <apr_strings.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEME_HOOK "proxy_hook_scheme_handler" /* how mod_proxy exports it */

static ap_filter_rec_t *answer_filter;

/* ---- at start-up ---- */

static int is_none(const sso_directory_t *dir)
{
    return !dir->backend_auth || sso_replay_line(dir->backend_auth).mode == SSO_REPLAY_NONE;
}

/* Words stay the same array when sections are merged. */
static void keep(const server_rec *s, const sso_directory_t *dir, const sso_replay_t *replay)
{
    apr_array_header_t *const *key = apr_pmemdup(s->process->pconf, &dir->backend_auth,
                                                 sizeof(dir->backend_auth));

    apr_hash_set(sso_server_of(s)->replays, key, sizeof(*key), replay);
}

const sso_replay_t *sso_backend_replay(const server_rec *s, const sso_directory_t *dir)
{
    return apr_hash_get(sso_server_of(s)->replays, &dir->backend_auth, sizeof(dir->backend_auth));
}

static apr_status_t close_dir(void *fd)
{
    (void)close(*(int *)fd);
    return APR_SUCCESS;
}

/* 0 or an error number: by a second name the file may be somebody else's, who would lose it. */
static int check_own(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0) return errno;
    if (!S_ISREG(st.st_mode)) return EPERM;
    return st.st_nlink > 1 ? EMLINK : 0;
}

/* The file belongs to the children, who read it at each request that needs it. */
static int give_to_children(const sso_startup_t *setup, int dir, const char *last)
{
    int fd = openat(dir, last, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    int error;

    if (fd < 0) return errno;
    error = check_own(fd);
    if (!error && setup->may_write && geteuid() == 0
        && fchown(fd, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0) {
        error = errno;
    }
    (void)close(fd);
    return error;
}

/* The children inherit the open directory, which they need not be able to enter. */
static const char *place_file(const sso_startup_t *setup, sso_credentials_t *file)
{
    const char *last = strrchr(file->name, '/') + 1; /* it is absolute */
    int *fd = apr_palloc(setup->pool, sizeof(*fd));
    char why[120];
    int error;

    *fd = open(apr_pstrmemdup(setup->pool, file->name, (apr_size_t)(last - file->name)),
               O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) {
        return apr_psprintf(setup->pool, "%s: %s", file->name,
                            apr_strerror(errno, why, sizeof(why)));
    }
    apr_pool_cleanup_register(setup->pool, fd, close_dir, apr_pool_cleanup_null);
    file->dir = *fd;
    error = give_to_children(setup, *fd, last);
    if (!error) return NULL;
    return apr_psprintf(setup->pool, "%s cannot be given to the user of httpd's children: %s",
                        file->name, apr_strerror(error, why, sizeof(why)));
}

static int is_served_by(const server_rec *s, const char *path)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    const char *root = core->ap_document_root;
    apr_size_t n = root ? strlen(root) : 0;

    while (n && root[n - 1] == '/')
        n--;
    return n && !strncmp(path, root, n) && path[n] == '/';
}

/* NULL, or what is wrong: whoever can fetch the file by HTTP, from whatever host, has it. */
static const char *check_outside(apr_pool_t *p, const server_rec *s, const char *path)
{
    if (path) path = ap_server_root_relative(p, path);
    for (; path && s; s = s->next) {
        if (!is_served_by(s, path)) continue;
        return apr_psprintf(p, "%s lies below the DocumentRoot; keep it elsewhere", path);
    }
    return NULL;
}

/* s: the first of all servers. */
static const char *check_places(apr_pool_t *p, const server_rec *s, const sso_replay_line_t *line)
{
    const char *why = check_outside(p, s, line->file);

    if (!why && !strncmp(line->secret, "file:", 5)) why = check_outside(p, s, line->secret + 5);
    return why;
}

static const char *check_proxy(void)
{
    if (dlsym(RTLD_DEFAULT, SCHEME_HOOK) && ap_find_linked_module("mod_proxy_http.c")) return NULL;
    return "needs mod_proxy and mod_proxy_http; load them";
}

static int prepare_line(const sso_startup_t *setup, server_rec *s, const sso_wish_t *wish)
{
    const sso_replay_line_t line = sso_replay_line(wish->dir->backend_auth);
    apr_pool_t *temporary = sso_startup_temporary(setup->pool);
    sso_replay_t *replay = apr_palloc(setup->pool, sizeof(*replay));
    const char *why = check_proxy();
    sso_ctx_t cx;
    int rc = OK;

    if (!temporary) return HTTP_INTERNAL_SERVER_ERROR;
    cx = sso_log_server_ctx(s, temporary);
    if (!why) why = check_places(temporary, setup->main_server, &line);
    if (!why
        && sso_replay_prepare(&cx, setup->pool, ap_server_root, wish->dir->backend_auth, replay)
               != APR_SUCCESS) {
        why = cx.err.log;
    }
    if (!why && line.mode == SSO_REPLAY_MAP) why = place_file(setup, &replay->credentials);
    if (why) {
        rc = sso_complain(s, wish->file, wish->line, "SSOBackendAuth", why);
    } else {
        keep(s, wish->dir, replay);
    }
    apr_pool_destroy(temporary);
    return rc;
}

int sso_backend_prepare(const sso_startup_t *setup)
{
    apr_hash_t *all = apr_hash_make(setup->pool);
    server_rec *s;
    int rc = OK;
    int i;

    for (s = setup->main_server; s; s = s->next)
        sso_server_of(s)->replays = all;
    for (s = setup->main_server; s; s = s->next) {
        const apr_array_header_t *wishes = sso_server_of(s)->wishes;

        for (i = 0; i < wishes->nelts && rc == OK; i++) {
            const sso_wish_t *wish = &APR_ARRAY_IDX(wishes, i, sso_wish_t);

            if (is_none(wish->dir) || sso_backend_replay(s, wish->dir)) continue;
            rc = prepare_line(setup, s, wish);
        }
    }
    return rc;
}

/* ---- one request ---- */

typedef struct sso_handover {
    const apr_array_header_t *words; /* of the place that let the person in */
    const sso_session_t *session;    /* NULL: nobody, and nothing is handed on */
    const sso_attempt_t *attempt;    /* what is handed on; NULL: nothing */
    int watched;                     /* the answer is looked at */
    int refused;                     /* and it was 401: nothing more of it passes */
} handover_t;

static handover_t *find_handover(const request_rec *r)
{
    const sso_visit_t *visit = sso_visit_find(r);

    return visit ? visit->handover : NULL;
}

/* The request's own, for this place: what was noted for another one does not count. */
static handover_t *handover_of(request_rec *r, const sso_directory_t *dir)
{
    sso_visit_t *visit = sso_visit_of(r);

    if (!visit->handover) visit->handover = apr_pcalloc(r->pool, sizeof(*visit->handover));
    if (visit->handover->words != dir->backend_auth) {
        visit->handover->words = dir->backend_auth;
        visit->handover->session = NULL;
    }
    return visit->handover;
}

void sso_backend_strip(request_rec *r, const sso_directory_t *dir)
{
    if (!is_none(dir)) sso_expose_take_out(r, "Authorization");
}

void sso_backend_note(request_rec *r, const sso_directory_t *dir, const sso_session_t *session)
{
    if (!is_none(dir)) handover_of(r, dir)->session = session;
}

static const sso_site_t *site_of(const request_rec *r)
{
    return sso_server_of(r->server)->site;
}

static void describe_failure(request_rec *r, sso_ctx_t *cx, sso_reply_t *reply)
{
    sso_request_t req;

    sso_adapt_request(r, site_of(r), &req);
    sso_gate_fail(cx, site_of(r), &req, reply);
}

/* As the answer of mod_proxy's handler, of which nothing has been sent. */
static int answer_failure(request_rec *r, sso_ctx_t *cx)
{
    sso_reply_t reply;

    describe_failure(r, cx, &reply);
    apr_table_clear(r->headers_out);
    return sso_adapt_send(r, &reply, 1);
}

/* ---- where it goes (B3) ---- */

/* Is it the server that the worker was configured for? A worker may match many addresses, of which the
 * request chooses one; and a request may have a socket put in the place of a host. */
static int is_of_worker(const request_rec *r, const proxy_worker *worker, const char *url)
{
    apr_uri_t uri;

    if (*worker->s->uds_path) return 1;
    if (apr_table_get(r->notes, "uds_path")) return 0;
    if (apr_uri_parse(r->pool, url, &uri) != APR_SUCCESS || !uri.hostname) return 0;
    if (!uri.port) uri.port = apr_uri_port_of_scheme(uri.scheme);
    return !strcasecmp(uri.hostname, worker->s->hostname_ex) && uri.port == worker->s->port;
}

/* Scheme, host and port: what stands behind them is the request's business. */
static const char *server_of(apr_pool_t *p, const char *url)
{
    const char *host = strstr(url, "://");

    if (!host) return url;
    return apr_pstrmemdup(p, url, (apr_size_t)(host + 3 - url) + strcspn(host + 3, "/?#"));
}

static sso_backend_t backend_of(const request_rec *r, const proxy_worker *worker,
                                const proxy_server_conf *conf, const char *url, int relayed)
{
    return (sso_backend_t){.url = server_of(r->pool, url),
                           .socket = *worker->s->uds_path ? worker->s->uds_path : NULL,
                           .balancer = worker->balancer ? worker->balancer->s->name : NULL,
                           .configured = r->proxyreq == PROXYREQ_REVERSE && worker != conf->reverse
                                         && is_of_worker(r, worker, url),
                           .relayed = relayed};
}

/* In scheme_handler of mod_proxy, before all others: the worker is chosen, nothing is sent. With several
 * workers it comes by once for each that is tried. */
static int hand_over(request_rec *r, proxy_worker *worker, proxy_server_conf *conf, char *url,
                     const char *relay, apr_port_t relay_port)
{
    const sso_directory_t *dir = sso_directory_of(r);
    const sso_replay_t *replay;
    sso_attempt_t *attempt;
    sso_backend_t backend;
    handover_t *h;
    sso_ctx_t cx;

    (void)relay_port;
    if (is_none(dir)) return DECLINED;
    h = handover_of(r, dir);
    h->attempt = NULL;
    if (!h->watched) ap_add_output_filter_handle(answer_filter, h, r, r->connection);
    h->watched = 1;
    if (!h->session) return DECLINED;

    cx = sso_log_request_ctx(r);
    replay = sso_backend_replay(r->server, dir);
    attempt = apr_palloc(r->pool, sizeof(*attempt));
    backend = backend_of(r, worker, conf, url, relay != NULL);
    if (!replay) {
        (void)sso_fail(&cx, SSO_F_CONFIG, "SSOBackendAuth stands where it cannot be prepared");
        return answer_failure(r, &cx);
    }
    if (sso_replay_begin(&cx, replay, site_of(r)->store, &backend, h->session, attempt)
        != APR_SUCCESS) {
        return answer_failure(r, &cx);
    }
    h->attempt = attempt;
    return DECLINED;
}

/* In fixups of mod_proxy: the headers are the copy for the backend. */
static int write_header(request_rec *r)
{
    const handover_t *h = find_handover(r);

    if (h && h->attempt) apr_table_setn(r->headers_in, "Authorization", h->attempt->header);
    return OK;
}

/* ---- what it answers (B5) ---- */

static void strip_challenge(request_rec *r)
{
    apr_table_unset(r->headers_out, "WWW-Authenticate");
    apr_table_unset(r->err_headers_out, "WWW-Authenticate");
}

/* httpd's own page follows: the request's body could not be read, or the answer breaks off. */
static int is_error(const apr_bucket_brigade *bb)
{
    const apr_bucket *b;

    for (b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb); b = APR_BUCKET_NEXT(b)) {
        if (AP_BUCKET_IS_ERROR(b)) return 1;
    }
    return 0;
}

static apr_status_t judge_answer(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    handover_t *h = f->ctx;
    sso_ctx_t cx = sso_log_request_ctx(r);
    sso_reply_t reply;

    if (h->refused) {
        apr_brigade_cleanup(bb);
        return APR_SUCCESS;
    }
    if (r->status != HTTP_UNAUTHORIZED && is_error(bb)) return ap_pass_brigade(f->next, bb);
    strip_challenge(r);
    if (r->status != HTTP_UNAUTHORIZED) {
        sso_replay_answered(&cx, site_of(r)->store, h->attempt, r->status);
        ap_remove_output_filter(f);
        return ap_pass_brigade(f->next, bb);
    }
    h->refused = 1;
    (void)sso_replay_refused(&cx, site_of(r)->store, h->attempt);
    describe_failure(r, &cx, &reply);
    return sso_adapt_replace(f, &reply, bb);
}

/* Has the backend said so? mod_proxy gives its own failures as a status, too, where a backend may have
 * seen no credential; on errors that ProxyErrorOverride takes from an answer it leaves a note. */
static int is_of_backend(const request_rec *r)
{
    return apr_table_get(r->notes, "proxy-error-override") != NULL;
}

/* In request_status of mod_proxy, at its end. Under ProxyErrorOverride errors come by here only. */
static int finish(int *status, request_rec *r)
{
    const handover_t *h = find_handover(r);
    sso_ctx_t cx;

    if (!h || !h->watched) return OK;
    /* Not every mod_proxy has put its own headers away by now. */
    apr_table_unset(r->headers_in, "Authorization");
    if (*status != HTTP_UNAUTHORIZED && !is_of_backend(r)) return OK;
    cx = sso_log_request_ctx(r);
    strip_challenge(r);
    if (*status != HTTP_UNAUTHORIZED) {
        sso_replay_answered(&cx, site_of(r)->store, h->attempt, *status);
        return OK;
    }
    (void)sso_replay_refused(&cx, site_of(r)->store, h->attempt);
    *status = answer_failure(r, &cx);
    return OK;
}

/* ---- joining mod_proxy ---- */

void sso_backend_register(void)
{
    APR_OPTIONAL_HOOK(proxy, fixups, write_header, NULL, NULL, APR_HOOK_LAST);
    APR_OPTIONAL_HOOK(proxy, request_status, finish, NULL, NULL, APR_HOOK_FIRST);
    answer_filter = ap_register_output_filter("SSO_BACKEND", judge_answer, NULL,
                                              (ap_filter_type)(AP_FTYPE_RESOURCE - 1));
}

/* It is no optional hook: its function is looked for by name, so that we load without mod_proxy. */
void sso_backend_join_proxy(void)
{
    void *found = dlsym(RTLD_DEFAULT, SCHEME_HOOK);
    void (*add)(proxy_HOOK_scheme_handler_t *, const char *const *, const char *const *, int);

    if (!found) return;
    memcpy(&add, &found, sizeof(add)); /* ISO C knows no cast between the two */
    add(hand_over, NULL, NULL, APR_HOOK_REALLY_FIRST);
}
