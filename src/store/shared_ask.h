/*
 * shared_ask.h - asking the remote memory, and not asking it while it does not answer.
 *
 * Owns:  who may ask in times of doubt; what is counted and logged of failures.
 * Layer: store (base, crypto).
 *
 * One failure, in whatever child, puts all of them in doubt. From then on one request in two seconds
 * tries; the others fail at once, until a try succeeds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHARED_ASK_H
#define SSO_STORE_SHARED_ASK_H

#include "store/remote.h"

typedef struct {
    sso_remote_t *remote;
    sso_remote_state_t *state;
} sso_shared_asker_t;

/* As the operations of the remote memory; SSO_F_SESSION_STORE at once while there is doubt. */
apr_status_t sso_shared_get(const sso_shared_asker_t *a, sso_ctx_t *cx, sso_remote_item_t *items,
                            int n);
apr_status_t sso_shared_put(const sso_shared_asker_t *a, sso_ctx_t *cx, const sso_store_key_t *name,
                            apr_time_t until, sso_span_t value);
apr_status_t sso_shared_drop(const sso_shared_asker_t *a, sso_ctx_t *cx,
                             const sso_store_key_t *name);

/* A value there was not sealed for its place: a line in the log, once a minute, which says how many there
 * were. */
void sso_shared_complain_foreign(const sso_shared_asker_t *a, sso_ctx_t *cx);

static inline void sso_shared_count(apr_uint64_t *count)
{
    (void)__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

#endif /* SSO_STORE_SHARED_ASK_H */
