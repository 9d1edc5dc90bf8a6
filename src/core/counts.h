/*
 * counts.h - how many logins, how many failures of each kind, since the start.
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

typedef struct {
    apr_uint64_t logins;
    apr_uint64_t faults[SSO_F_COUNT]; /* answers that showed this fault */
} sso_counts_t;

/* One more; nothing where nobody counts. */
static inline void sso_count_login(sso_counts_t *counts)
{
    if (counts) (void)__atomic_fetch_add(&counts->logins, 1, __ATOMIC_RELAXED);
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
