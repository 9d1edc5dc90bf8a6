/*
 * door.c - a listening socket, and one visitor after another.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/door.h"

#include "base/json.h"
#include "core/event.h"
#include "core/roster.h"
#include "core/tenant.h"
#include "httpd/log.h"

#include <apr_strings.h>

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG      8
#define VISITORS     8 /* at one time; then it is others' turn */
#define QUESTION_MAX 4096
#define PATIENCE_SEC 2      /* for a visitor who says nothing, or does not listen */
#define CHUNK        65536  /* bytes of an answer that are sent at once */
#define ROOM_OF_LINE 4096   /* of a session */
#define LIMIT_MAX    100000 /* lines of an answer */
#define END_REASON   "by the administrator"
_Static_assert(ROOM_OF_LINE >= SSO_EVENT_MAX, "values are cut to fit such a line");

static const sso_json_limits_t limits = {QUESTION_MAX, 1, 8};

/* Of this process: inherited by children, who must not remove the name. */
static struct {
    int fd; /* -1: there is none */
    pid_t parent;
    uid_t owner;
    const char *path;
} door = {.fd = -1};

/* ---- the socket ---- */

static apr_status_t close_door(void *unused)
{
    (void)unused;
    if (door.fd >= 0) (void)close(door.fd);
    if (door.fd >= 0 && getpid() == door.parent) (void)unlink(door.path);
    door.fd = -1;
    return APR_SUCCESS;
}

/* Nobody gets through before listen(), and by then the mode is right. */
static int listen_at(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path)) return ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path));
    if (unlink(path) != 0 && errno != ENOENT) return errno;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) return errno;
    if (chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0) return errno;
    return 0;
}

void sso_door_open(apr_pool_t *pconf, server_rec *main_server)
{
    const char *dir = sso_server_of(main_server)->set->state_dir;
    const char *path = apr_pstrcat(pconf, ap_server_root_relative(pconf, dir ? dir : SSO_STATE_DIR),
                                   "/door", NULL);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = fd < 0 ? errno : listen_at(fd, path);
    char why[128];

    if (error) {
        if (fd >= 0) (void)close(fd);
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, main_server,
                     "SSO: ssoctl sessions will not reach this httpd: %s: %s", path,
                     apr_strerror(APR_FROM_OS_ERROR(error), why, sizeof(why)));
        return;
    }
    door.fd = fd;
    door.parent = getpid();
    door.owner = geteuid();
    door.path = path;
    apr_pool_cleanup_register(pconf, NULL, close_door, apr_pool_cleanup_null);
}

/* ---- a visitor ---- */

typedef struct {
    sso_ctx_t *cx;
    int fd;
    sso_buf_t out;
    int is_gone; /* does not listen any more */
    const char *action;
    const char *site; /* address of the host; NULL: all */
    sso_roster_t which;
    int limit;
    int found, shown;
    const apr_array_header_t *now; /* the sites that are being looked at: of one address */
} visit_t;

static int is_welcome(int fd)
{
#ifdef SO_PEERCRED
    struct ucred who;
    socklen_t n = sizeof(who);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0) return 0;
    return who.uid == 0 || who.uid == door.owner;
#else
    (void)fd;
    return 1; /* the directory and the mode have said so */
#endif
}

static void send_all(visit_t *v)
{
    apr_size_t at = 0;

    while (!v->is_gone && at < v->out.n) {
        ssize_t n = send(v->fd, v->out.p + at, v->out.n - at, MSG_NOSIGNAL);

        if (n > 0) at += (apr_size_t)n;
        if (n <= 0 && errno != EINTR) v->is_gone = 1;
    }
    v->out.n = 0;
}

/* The line that was asked, without its end. APR_EOF: none came in time, or it is too long. */
static apr_status_t read_question(const visit_t *v, char *text, apr_size_t *n)
{
    *n = 0;
    while (*n < QUESTION_MAX) {
        ssize_t got = recv(v->fd, text + *n, QUESTION_MAX - *n, 0);
        const char *end = got > 0 ? memchr(text + *n, '\n', (size_t)got) : NULL;

        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return APR_EOF;
        *n = end ? (apr_size_t)(end - text) : *n + (apr_size_t)got;
        if (end) return APR_SUCCESS;
    }
    return APR_EOF;
}

static void refuse(visit_t *v, const char *why)
{
    v->out.n = 0;
    sso_event_member(&v->out, "{", "error", why);
    sso_buf_text(&v->out, "}\n");
}

/* NULL, or what is wrong. */
static const char *understand(visit_t *v, sso_span_t text)
{
    const struct {
        const char *name;
        const char **to;
    } word[] = {
        {"do", &v->action},           {"site", &v->site},
        {"user", &v->which.user},     {"provider", &v->which.provider},
        {"issuer", &v->which.issuer}, {"session", &v->which.session},
    };
    const char *why = NULL;
    const char *name;
    json_t *question;
    json_t *value;
    apr_size_t i;

    if (sso_json_parse(v->cx, text, &limits, &question, &why) != APR_SUCCESS) return why;
    json_object_foreach (question, name, value) {
        for (i = 0; i < sizeof(word) / sizeof(word[0]) && strcmp(name, word[i].name) != 0; i++)
            continue;
        if (i < sizeof(word) / sizeof(word[0]) && json_is_string(value)) {
            *word[i].to = json_string_value(value);
        } else if (!strcmp(name, "limit") && json_is_integer(value)
                   && json_integer_value(value) >= 0 && json_integer_value(value) <= LIMIT_MAX) {
            v->limit = (int)json_integer_value(value);
        } else {
            return apr_psprintf(v->cx->pool, "%s is not understood by this httpd",
                                sso_log_quote(v->cx->pool, name, strlen(name), 32));
        }
    }
    return NULL;
}

static int list_one(void *baton, apr_pool_t *scratch, const sso_session_t *session,
                    apr_time_t last_used)
{
    visit_t *v = baton;
    sso_buf_t line;

    v->found++;
    if (v->shown >= v->limit) return 0;
    v->shown++;
    line = sso_buf_make(scratch, 512, ROOM_OF_LINE);
    sso_roster_write(&line, v->now, session, last_used);
    sso_buf_add(&v->out, line.p, line.n);
    if (v->out.n > CHUNK - ROOM_OF_LINE) send_all(v);
    return v->is_gone;
}

static apr_status_t act_at(visit_t *v, const apr_array_header_t *sites)
{
    v->now = sites;
    if (!strcmp(v->action, "list")) return sso_roster_walk(v->cx, sites, &v->which, list_one, v);
    return sso_roster_end(v->cx, sites, &v->which, END_REASON, &v->found);
}

static void add_site(const visit_t *v, apr_array_header_t **at, const sso_site_t *site)
{
    apr_array_header_t **sites = &at[site->tenant];

    if (!*sites) *sites = apr_array_make(v->cx->pool, 2, sizeof(site));
    APR_ARRAY_PUSH(*sites, const sso_site_t *) = site;
}

/* Several hosts may have one address, and so the same sessions. known: is any of them meant? */
static apr_status_t act_everywhere(visit_t *v, server_rec *main_server, int *known)
{
    apr_array_header_t *at[SSO_TENANTS_MAX] = {NULL};
    apr_status_t rv = APR_SUCCESS;
    server_rec *s;
    int i;

    *known = !v->site;
    for (s = main_server; s; s = s->next) {
        const sso_site_t *site = sso_server_of(s)->site;

        if (v->site && strcmp(v->site, site->base_url) != 0) continue;
        *known = 1;
        add_site(v, at, site);
        if (sso_server_of(s)->set->htaccess_providers) {
            add_site(v, at, sso_tenant_all(v->cx->pool, site));
        }
    }
    for (i = 0; i < SSO_TENANTS_MAX; i++) {
        apr_status_t one = at[i] ? act_at(v, at[i]) : APR_SUCCESS;

        if (rv == APR_SUCCESS) rv = one;
    }
    return rv;
}

/* Whoever asks for all means also those of hosts that are not configured any more. */
static apr_status_t end_rest(visit_t *v, sso_store_t *store)
{
    const sso_match_t all = {.tenant = -1};
    const sso_roster_t *w = &v->which;
    int n = 0;
    apr_status_t rv;

    if (strcmp(v->action, "end") != 0 || v->site || w->user || w->provider || w->issuer
        || w->session) {
        return APR_SUCCESS;
    }
    rv = store->ops->revoke(store, v->cx, &all, &n);
    v->found += n;
    if (n > 0) {
        sso_event(v->cx, &(sso_event_t){.what = "ended", .why = END_REASON, .sessions = n});
    }
    return rv;
}

/* Those that ended have ended. */
static void refuse_rest(visit_t *v)
{
    const char *why = v->cx->err.log ? v->cx->err.log : "the store does not answer";

    if (!strcmp(v->action, "end")) {
        why = apr_psprintf(v->cx->pool,
                           "%s; %d sessions have ended, the others perhaps not: run it again", why,
                           v->found);
    }
    refuse(v, why);
}

static void act(visit_t *v, server_rec *main_server)
{
    apr_status_t rv;
    int known;

    if (!v->action || (strcmp(v->action, "list") != 0 && strcmp(v->action, "end") != 0)) {
        refuse(v, "neither list nor end");
        return;
    }
    rv = act_everywhere(v, main_server, &known);
    if (rv == APR_SUCCESS) rv = end_rest(v, sso_server_of(main_server)->site->store);
    if (!strcmp(v->action, "end")) {
        sso_log(v->cx, SSO_LOG_NOTICE, "%d sessions were ended by ssoctl", v->found);
    }
    if (rv != APR_SUCCESS) {
        refuse_rest(v);
    } else if (!known) {
        refuse(v, "no host has this address");
    } else {
        sso_buf_format(&v->out, "{\"sessions\":%d,\"shown\":%d}\n", v->found, v->shown);
    }
}

static void attend(apr_pool_t *pool, server_rec *main_server, int fd)
{
    const struct timeval patience = {.tv_sec = PATIENCE_SEC};
    sso_ctx_t cx = sso_log_server_ctx(main_server, pool);
    visit_t v = {.cx = &cx, .fd = fd, .out = sso_buf_make(pool, 4096, CHUNK)};
    char *text = apr_palloc(pool, QUESTION_MAX);
    const char *why;
    apr_size_t n;

    if (!is_welcome(fd) || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0
        || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0
        || read_question(&v, text, &n) != APR_SUCCESS) {
        return;
    }
    why = understand(&v, sso_span_of(text, n));
    if (why) {
        refuse(&v, why);
    } else {
        act(&v, main_server);
    }
    send_all(&v);
}

void sso_door_serve(apr_pool_t *pool, server_rec *main_server)
{
    apr_pool_t *each;
    int i;

    for (i = 0; i < VISITORS && door.fd >= 0; i++) {
        int fd = accept4(door.fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0) return;
        if (apr_pool_create(&each, pool) == APR_SUCCESS) {
            attend(each, main_server, fd);
            apr_pool_destroy(each);
        }
        (void)close(fd);
    }
}
