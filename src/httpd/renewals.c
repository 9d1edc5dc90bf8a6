/*
 * renewals.c - a ring of notes with a lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/renewals.h"

#include "httpd/log.h"

#include <apr_thread_mutex.h>

#define ROOM 256 /* more than are done before their claims lapse */

typedef struct {
    apr_thread_mutex_t *lock;
    int first, n;
    sso_renew_task_t task[ROOM];
} queue_t;

static queue_t *queue; /* of this child; NULL: nothing is renewed */

static apr_status_t close_queue(void *unused)
{
    (void)unused;
    queue = NULL;
    return APR_SUCCESS;
}

void sso_renewals_open(apr_pool_t *pchild)
{
    queue_t *made = apr_pcalloc(pchild, sizeof(*made));

    if (apr_thread_mutex_create(&made->lock, APR_THREAD_MUTEX_DEFAULT, pchild) != APR_SUCCESS) {
        return;
    }
    queue = made;
    apr_pool_cleanup_register(pchild, NULL, close_queue, apr_pool_cleanup_null);
}

static int is_full(void)
{
    int n;

    apr_thread_mutex_lock(queue->lock);
    n = queue->n;
    apr_thread_mutex_unlock(queue->lock);
    return n == ROOM;
}

/* When others were quicker to fill the queue, the claim lapses, and the session's turn comes later. */
static int push(void *unused, const sso_renew_task_t *task)
{
    int is_full_now;

    (void)unused;
    apr_thread_mutex_lock(queue->lock);
    if (queue->n < ROOM) queue->task[(queue->first + queue->n++) % ROOM] = *task;
    is_full_now = queue->n == ROOM;
    apr_thread_mutex_unlock(queue->lock);
    return is_full_now;
}

void sso_renewals_note(request_rec *r, const sso_site_t *site, const sso_session_t *session)
{
    sso_ctx_t cx = sso_log_request_ctx(r);
    sso_renew_task_t task;

    if (!queue || is_full()) return;
    cx.now = apr_time_now(); /* the request may have begun long ago */
    if (sso_renew_claim(&cx, site, session, &task) == APR_SUCCESS) (void)push(NULL, &task);
}

void sso_renewals_note_all(sso_ctx_t *cx, server_rec *main_server)
{
    server_rec *s;

    for (s = main_server; s && queue && !is_full(); s = s->next)
        (void)sso_renew_claim_all(cx, sso_server_of(s)->site, push, NULL);
}

int sso_renewals_take(sso_renew_task_t *out)
{
    int found = 0;

    if (!queue) return 0;
    apr_thread_mutex_lock(queue->lock);
    if (queue->n > 0) {
        *out = queue->task[queue->first];
        queue->first = (queue->first + 1) % ROOM;
        queue->n--;
        found = 1;
    }
    apr_thread_mutex_unlock(queue->lock);
    return found;
}
