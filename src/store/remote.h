/*
 * remote.h - a memory of values by key that several machines share, as a store needs it.
 *
 * Owns:  sso_remote_t, the interface between a store and the network.
 * Layer: store (base).
 * Lives: made at start-up; safe to use from every thread of every child.
 *
 * It is trusted with nothing: what lies there is sealed, it may lose or keep what it likes. But an
 * answer "not there" must have come from it: one that cannot be reached is a failure.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_REMOTE_H
#define SSO_STORE_REMOTE_H

#include "base/rate.h"
#include "base/span.h"
#include "store/store.h"

#define SSO_REMOTE_ITEMS 5 /* at most in one question */

typedef struct sso_remote sso_remote_t;

/* One key of a question, and the answer. */
typedef struct {
    sso_store_key_t key;
    apr_size_t room;  /* the longest value that is of use; a longer one is shown as empty */
    int found;        /* something is there */
    sso_span_t value; /* in cx->pool */
} sso_remote_item_t;

/* SSO_F_SESSION_STORE with APR_EAGAIN: this process could not ask, which says nothing of the other side. */
typedef struct {
    /* Look n items up, one after another in this order. SSO_F_SESSION_STORE: no answer in time. */
    apr_status_t (*get)(sso_remote_t *, sso_ctx_t *, sso_remote_item_t *, int n);

    /* Write, replacing what was there. SSO_F_SESSION_STORE. */
    apr_status_t (*put)(sso_remote_t *, sso_ctx_t *, const sso_store_key_t *, apr_time_t until,
                        sso_span_t value);

    /* Remove what is there. SSO_F_SESSION_STORE. */
    apr_status_t (*drop)(sso_remote_t *, sso_ctx_t *, const sso_store_key_t *);
} sso_remote_ops_t;

/* What the children know together, over restarts: what became of questions, and until when there is
 * doubt. All zero at first. */
typedef struct {
    apr_uint64_t hits, misses, errors;
    apr_time_t doubt, turn;
    sso_rate_t failures, foreign; /* what the log says of it */
} sso_remote_state_t;

struct sso_remote {
    const sso_remote_ops_t *ops; /* first member of every implementation's own struct */
};

#endif /* SSO_STORE_REMOTE_H */
