/*
 * counts.h - how many logins, renewals and so on, how many failures of each kind, since the start.
 *
 * Owns:  sso_counts_t.
 * Layer: core (base).
 * Lives: in memory that all children share; over graceful restarts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_COUNTS_H
#define SSO_CORE_COUNTS_H

#include "base/ctx.h"

/* What is counted; status.c gives it names. */
typedef enum {
    SSO_COUNT_LOGINS,
    SSO_COUNT_RENEWALS,        /* the provider has confirmed the person */
    SSO_COUNT_RENEWALS_FAILED, /* the session goes on */
    SSO_COUNT_RENEWALS_ENDED,  /* the session has ended by what the provider said */
    SSO_COUNT_REVOKED,         /* tokens that a provider has taken back */
    SSO_COUNT_REVOKED_NOT,     /* ... and that it has not */
    SSO_COUNT_NOTIFIED,        /* ended sessions that an application was told of */
    SSO_COUNT_NOTIFIED_NOT,    /* ... and could not be */
    SSO_COUNT_FORMS_KEPT,      /* over a login */
    SSO_COUNT_FORMS_RESENT,    /* after it */
    SSO_COUNTS
} sso_counted_t;

typedef struct {
    apr_uint64_t of[SSO_COUNTS];
    apr_uint64_t faults[SSO_F_COUNT]; /* answers that showed this fault */
} sso_counts_t;

/* One more; nothing where nobody counts. */
static inline void sso_count(sso_counts_t *counts, sso_counted_t what)
{
    if (counts) (void)__atomic_fetch_add(&counts->of[what], 1, __ATOMIC_RELAXED);
}

static inline void sso_count_fault(sso_counts_t *counts, sso_fault_t fault)
{
    if (counts && fault < SSO_F_COUNT) {
        (void)__atomic_fetch_add(&counts->faults[fault], 1, __ATOMIC_RELAXED);
    }
}

static inline apr_uint64_t sso_count_read(const apr_uint64_t *count)
{
    return __atomic_load_n(count, __ATOMIC_RELAXED);
}

#endif /* SSO_CORE_COUNTS_H */
