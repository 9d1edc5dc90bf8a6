/*
 * shared_ask.c - two times say whether there is doubt, and whose turn it is.
 *
 * They are not marks of the store: one that is full must not make everybody wait for the cache.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shared_ask.h"

#include <apr_strings.h>

#define DOUBT APR_TIME_C(30000000) /* after the last failure */
#define TURN  APR_TIME_C(2000000)

/* ---- until when something holds ---- */

static void begin_time(apr_time_t *until, const sso_ctx_t *cx, apr_interval_time_t length)
{
    __atomic_store_n(until, cx->now + length, __ATOMIC_RELAXED);
}

static void end_time(apr_time_t *until)
{
    __atomic_store_n(until, 0, __ATOMIC_RELAXED);
}

/* One that is far away was set before the clock was set back. */
static int is_ahead(apr_time_t until, const sso_ctx_t *cx, apr_interval_time_t length)
{
    return until > cx->now && until - cx->now <= 2 * length;
}

static int is_time(const apr_time_t *until, const sso_ctx_t *cx, apr_interval_time_t length)
{
    return is_ahead(__atomic_load_n(until, __ATOMIC_RELAXED), cx, length);
}

/* Does it begin now, and by us? */
static int is_first(apr_time_t *until, const sso_ctx_t *cx, apr_interval_time_t length)
{
    apr_time_t seen = __atomic_load_n(until, __ATOMIC_RELAXED);

    if (is_ahead(seen, cx, length)) return 0;
    return __atomic_compare_exchange_n(until, &seen, cx->now + length, 0, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}

/* ---- what comes before a question, and after it ---- */

/* Without doubt everybody may; else whoever comes first. */
static apr_status_t begin(const sso_shared_asker_t *a, sso_ctx_t *cx, int *doubt)
{
    *doubt = is_time(&a->state->doubt, cx, DOUBT);
    if (!*doubt || is_first(&a->state->turn, cx, TURN)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_SESSION_STORE,
                    "the cache of SSOSessionStore did not answer a moment ago");
}

static void complain(const sso_shared_asker_t *a, sso_ctx_t *cx)
{
    sso_rate_warn(
        cx, &a->state->failures,
        apr_psprintf(cx->pool,
                     "SSOSessionStore: %s; sessions that were checked in the last minute go on, "
                     "others get 503 and nobody can sign in: see whether the cache runs and can be "
                     "reached from here",
                     cx->err.log ? cx->err.log : "the cache does not answer"));
}

static apr_status_t end(const sso_shared_asker_t *a, sso_ctx_t *cx, int doubt, apr_status_t rv)
{
    if (rv == APR_SUCCESS) {
        if (doubt) {
            end_time(&a->state->doubt);
            end_time(&a->state->turn);
        }
        return rv;
    }
    if (rv == APR_EAGAIN) return rv; /* it is this child that lacks something */
    sso_shared_count(&a->state->errors);
    begin_time(&a->state->doubt, cx, DOUBT);
    begin_time(&a->state->turn, cx, TURN);
    complain(a, cx);
    return rv;
}

apr_status_t sso_shared_get(const sso_shared_asker_t *a, sso_ctx_t *cx, sso_remote_item_t *items,
                            int n)
{
    int doubt;
    apr_status_t rv = begin(a, cx, &doubt);

    if (rv != APR_SUCCESS) return rv;
    return end(a, cx, doubt, a->remote->ops->get(a->remote, cx, items, n));
}

apr_status_t sso_shared_put(const sso_shared_asker_t *a, sso_ctx_t *cx, const sso_store_key_t *name,
                            apr_time_t until, sso_span_t value)
{
    int doubt;
    apr_status_t rv = begin(a, cx, &doubt);

    if (rv != APR_SUCCESS) return rv;
    return end(a, cx, doubt, a->remote->ops->put(a->remote, cx, name, until, value));
}

apr_status_t sso_shared_drop(const sso_shared_asker_t *a, sso_ctx_t *cx,
                             const sso_store_key_t *name)
{
    int doubt;
    apr_status_t rv = begin(a, cx, &doubt);

    if (rv != APR_SUCCESS) return rv;
    return end(a, cx, doubt, a->remote->ops->drop(a->remote, cx, name));
}

void sso_shared_complain_foreign(const sso_shared_asker_t *a, sso_ctx_t *cx)
{
    sso_rate_warn(cx, &a->state->foreign,
                  "SSOSessionStore: a session in the cache was not sealed for its place: compare "
                  "SSOSecret on all machines; if it is the same, somebody changes what lies there");
}
