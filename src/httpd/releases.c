/*
 * releases.c - a list of notes with a lock, each in memory of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/releases.h"

#include "httpd/startup.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>

#define ROOM 1024 /* notes: somebody who signs out a thousand people at once is served */
#define LATE APR_TIME_C(600000000) /* a note that is older is not worth the wait */

typedef struct note note_t;
struct note {
    note_t *next;
    apr_pool_t *pool;
    const sso_idp_t *idp;
    sso_grant_t grant;
    int tries;
    apr_time_t made, due;
};

static struct {
    apr_thread_mutex_t *lock; /* NULL: no notes are taken */
    note_t *first, **end;
    int n;
    server_rec *server;
} queue;

/* ---- notes ---- */

static void wipe(const char *text)
{
    volatile char *c = (volatile char *)(uintptr_t)text;

    while (*c)
        *c++ = '\0';
}

static void drop(note_t *note)
{
    wipe(note->grant.refresh);
    wipe(note->grant.access);
    apr_pool_destroy(note->pool);
}

/* Only what is given back. */
static note_t *make_note(const sso_idp_t *idp, const sso_grant_t *grant, apr_time_t now)
{
    apr_pool_t *pool = sso_startup_temporary(NULL);
    note_t *note = pool ? apr_pcalloc(pool, sizeof(*note)) : NULL;

    if (!note) return NULL;
    *note = (note_t){.pool = pool, .idp = idp, .made = now, .due = now};
    note->grant.refresh = apr_pstrdup(pool, grant->refresh);
    note->grant.access = apr_pstrdup(pool, *grant->refresh ? "" : grant->access);
    note->grant.nonce = "";
    return note;
}

/* Non-zero: there was room. */
static int push(note_t *note)
{
    int taken;

    apr_thread_mutex_lock(queue.lock);
    taken = queue.n < ROOM;
    if (taken) {
        note->next = NULL;
        *queue.end = note;
        queue.end = &note->next;
        queue.n++;
    }
    apr_thread_mutex_unlock(queue.lock);
    return taken;
}

/* The first that is due; NULL: none is. */
static note_t *take(apr_time_t now)
{
    note_t **at;
    note_t *found;

    apr_thread_mutex_lock(queue.lock);
    for (at = &queue.first; *at && (*at)->due > now; at = &(*at)->next)
        continue;
    found = *at;
    if (found) {
        *at = found->next;
        if (!found->next) queue.end = at;
        queue.n--;
    }
    apr_thread_mutex_unlock(queue.lock);
    return found;
}

static void leave_note(sso_ctx_t *cx, const sso_idp_t *idp, const sso_grant_t *grant)
{
    note_t *note = queue.lock ? make_note(idp, grant, apr_time_now()) : NULL;

    if (note && push(note)) return;
    if (note) drop(note);
    sso_count(idp->site->counts, SSO_COUNT_REVOKED_NOT);
    SSO_WARN(cx, "a token of provider %s is not given back: too many wait for it",
             idp->provider->name);
}

/* ---- a child's life ---- */

static apr_status_t close_queue(void *unused)
{
    int n = queue.n;
    note_t *note;

    (void)unused;
    while ((note = take(APR_INT64_MAX)))
        drop(note);
    queue.lock = NULL;
    if (n > 0) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, queue.server,
                     "SSO: %d tokens are not given back to their providers: the process ends", n);
    }
    return APR_SUCCESS;
}

void sso_releases_open(apr_pool_t *pchild, server_rec *main_server)
{
    server_rec *s;

    queue.end = &queue.first;
    queue.server = main_server;
    if (apr_thread_mutex_create(&queue.lock, APR_THREAD_MUTEX_DEFAULT, pchild) != APR_SUCCESS) {
        queue.lock = NULL;
        return;
    }
    apr_pool_cleanup_register(pchild, NULL, close_queue, apr_pool_cleanup_null);
    for (s = main_server; s; s = s->next)
        sso_server_of(s)->site->release = leave_note;
}

/* One that does not answer keeps the others waiting no longer than this attempt. */
static void work_on(sso_ctx_t *cx, note_t *note)
{
    const apr_time_t now = apr_time_now();

    if (now - note->made > LATE || !sso_release(cx, note->idp, &note->grant, note->tries)) {
        drop(note);
        return;
    }
    note->due = now + sso_release_pause(++note->tries);
    if (!push(note)) drop(note);
}

void sso_releases_work(sso_ctx_t *cx, int (*is_cancelled)(void *))
{
    sso_ctx_t each = *cx;
    note_t *note;

    if (!queue.lock) return;
    each.is_cancelled = is_cancelled;
    while (!is_cancelled(NULL) && (note = take(apr_time_now()))) {
        each.pool = sso_startup_temporary(cx->pool);
        each.now = apr_time_now();
        if (!each.pool) {
            drop(note);
            return;
        }
        work_on(&each, note);
        apr_pool_destroy(each.pool);
    }
}
