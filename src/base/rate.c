/*
 * rate.c - whoever comes first after a minute says it for all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/rate.h"

#define SAY_EVERY APR_TIME_C(60000000)

void sso_rate_warn(sso_ctx_t *cx, sso_rate_t *rate, const char *text)
{
    apr_time_t last = __atomic_load_n(&rate->last, __ATOMIC_RELAXED);
    int unsaid;

    if ((last && cx->now - last < SAY_EVERY)
        || !__atomic_compare_exchange_n(&rate->last, &last, cx->now, 0, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
        (void)__atomic_fetch_add(&rate->unsaid, 1, __ATOMIC_RELAXED);
        return;
    }
    unsaid = __atomic_exchange_n(&rate->unsaid, 0, __ATOMIC_RELAXED);
    if (unsaid) {
        SSO_WARN(cx, "%s; and %d more since the last such line", text, unsaid);
    } else {
        SSO_WARN(cx, "%s", text);
    }
}
