/*
 * shared_ask.c - three marks say whether there is doubt, whose turn it is, and whether it was logged.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shared_ask.h"

#include "crypto/mac.h"

#define DOUBT APR_TIME_C(30000000) /* after the last failure */
#define TURN  APR_TIME_C(2000000)
#define SAID  APR_TIME_C(60000000)

static apr_status_t name_mark(sso_ctx_t *cx, const char *label, sso_store_key_t *out)
{
    const sso_span_t part = sso_span(label);
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, &part, 1, hash);

    if (rv == APR_SUCCESS) memcpy(out->b, hash, sizeof(out->b));
    return rv;
}

apr_status_t sso_shared_asker_make(sso_ctx_t *cx, sso_store_t *near, sso_remote_t *remote,
                                   sso_remote_counts_t *counts, sso_shared_asker_t *out)
{
    sso_shared_asker_t a = {.near = near, .remote = remote, .counts = counts};
    apr_status_t rv = name_mark(cx, "shared store: doubt", &a.doubt);

    if (rv == APR_SUCCESS) rv = name_mark(cx, "shared store: turn", &a.turn);
    if (rv == APR_SUCCESS) rv = name_mark(cx, "shared store: said", &a.said);
    if (rv == APR_SUCCESS) *out = a;
    return rv;
}

static int is_marked(const sso_shared_asker_t *a, sso_ctx_t *cx, const sso_store_key_t *mark)
{
    apr_time_t until;

    return a->near->ops->marked(a->near, cx, mark, &until) == APR_SUCCESS;
}

/* A full store has no marks for this: then everybody asks, and waits. */
static void set_mark(const sso_shared_asker_t *a, sso_ctx_t *cx, const sso_store_key_t *mark,
                     apr_interval_time_t time)
{
    sso_ctx_t aside = *cx;

    (void)a->near->ops->unmark(a->near, &aside, mark);
    (void)a->near->ops->mark(a->near, &aside, mark, cx->now + time);
}

/* Without doubt everybody may; else whoever sets the mark first. */
static apr_status_t begin(const sso_shared_asker_t *a, sso_ctx_t *cx, int *doubt)
{
    sso_ctx_t aside = *cx;

    *doubt = is_marked(a, cx, &a->doubt);
    if (!*doubt) return APR_SUCCESS;
    if (a->near->ops->mark(a->near, &aside, &a->turn, cx->now + TURN) != APR_EEXIST) {
        return APR_SUCCESS;
    }
    return sso_fail(cx, SSO_F_SESSION_STORE,
                    "the cache of SSOSessionStore did not answer a moment ago");
}

static void complain(const sso_shared_asker_t *a, sso_ctx_t *cx)
{
    sso_ctx_t aside = *cx;

    if (a->near->ops->mark(a->near, &aside, &a->said, cx->now + SAID) == APR_EEXIST) return;
    SSO_WARN(cx,
             "SSOSessionStore: %s; sessions that were checked in the last minute go on, others get "
             "503 and nobody can sign in: see whether the cache runs and can be reached from here",
             cx->err.log ? cx->err.log : "the cache does not answer");
}

static apr_status_t end(const sso_shared_asker_t *a, sso_ctx_t *cx, int doubt, apr_status_t rv)
{
    if (rv == APR_SUCCESS) {
        if (doubt) {
            (void)a->near->ops->unmark(a->near, cx, &a->doubt);
            (void)a->near->ops->unmark(a->near, cx, &a->turn);
        }
        return rv;
    }
    sso_shared_count(&a->counts->errors);
    set_mark(a, cx, &a->doubt, DOUBT);
    set_mark(a, cx, &a->turn, TURN);
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
