/*
 * errands.c - a list of notes with a lock, each in memory of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/errands.h"

#include "httpd/startup.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>

#define ROOM 1024 /* notes: somebody who signs out a thousand people at once is served */
#define LATE APR_TIME_C(600000000) /* a note that is older is not worth the wait */

typedef struct note note_t;
struct note {
    note_t *next;
    apr_pool_t *pool;
    sso_errand_t errand;
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

static void drop(note_t *note)
{
    if (note->errand.kind->wipe) note->errand.kind->wipe(note->errand.what);
    apr_pool_destroy(note->pool);
}

static note_t *make_note(const sso_errand_t *errand, apr_time_t now)
{
    apr_pool_t *pool = sso_startup_temporary(NULL);
    note_t *note = pool ? apr_pcalloc(pool, sizeof(*note)) : NULL;

    if (!note) return NULL;
    *note = (note_t){.pool = pool, .errand = *errand, .made = now, .due = now};
    note->errand.what = errand->kind->copy(pool, errand->what);
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

/* Others for the same one wait as well: who does not answer takes one attempt in a while, and delays
 * nobody else's. */
static void postpone(const void *where, apr_time_t due)
{
    note_t *note;

    apr_thread_mutex_lock(queue.lock);
    for (note = queue.first; note; note = note->next) {
        if (note->errand.where == where && note->due < due) note->due = due;
    }
    apr_thread_mutex_unlock(queue.lock);
}

static void leave_note(sso_ctx_t *cx, const sso_errand_t *errand)
{
    note_t *note = queue.lock ? make_note(errand, apr_time_now()) : NULL;

    if (note && push(note)) return;
    if (note) drop(note);
    errand->kind->lose(cx, errand, "too many wait for it");
}

/* ---- a child's life ---- */

static apr_status_t close_queue(void *unused)
{
    struct {
        int n;
        const char *what;
    } left[SSO_ERRANDS] = {{0, NULL}};
    note_t *note;
    int i;

    (void)unused;
    while ((note = take(APR_INT64_MAX))) {
        const sso_errand_kind_t *kind = note->errand.kind;

        left[kind->number].n++;
        left[kind->number].what = kind->left;
        drop(note);
    }
    queue.lock = NULL;
    for (i = 0; i < SSO_ERRANDS; i++) {
        if (!left[i].n) continue;
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, queue.server, "SSO: %d %s: the process ends",
                     left[i].n, left[i].what);
    }
    return APR_SUCCESS;
}

void sso_errands_open(apr_pool_t *pchild, server_rec *main_server)
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
        sso_server_of(s)->site->errand = leave_note;
}

/* One that does not answer keeps the others waiting no longer than this attempt. */
static void work_on(sso_ctx_t *cx, note_t *note)
{
    const sso_errand_t *errand = &note->errand;

    if (cx->now - note->made > LATE) {
        errand->kind->lose(cx, errand, "it has waited for too long");
    } else if (errand->kind->run(cx, errand, note->tries)) {
        note->due = cx->now + sso_errand_pause(++note->tries);
        postpone(errand->where, note->due);
        if (push(note)) return;
        errand->kind->lose(cx, errand, "too many wait for it");
    }
    drop(note);
}

void sso_errands_work(sso_ctx_t *cx, int (*is_cancelled)(void *))
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
