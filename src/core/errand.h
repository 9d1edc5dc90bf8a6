/*
 * errand.h - what is left to do elsewhere when a session has ended.
 *
 * Owns:  how often an errand is tried, how often the log hears of one that was lost.
 * Layer: core (base).
 * Lives: what a caller leaves, as long as the call; a copy until it is done or given up.
 *
 * Whoever ends a session waits for nobody: an errand is left with whatever sso_site_t.errand is, and
 * not run if that is nothing. It is tried some times, by hands that wait for others (background work).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ERRAND_H
#define SSO_CORE_ERRAND_H

#include "base/ctx.h"

typedef enum { SSO_ERRAND_RELEASE, SSO_ERRAND_NOTIFY, SSO_ERRANDS } sso_errand_number_t;

typedef struct sso_errand sso_errand_t;

typedef struct {
    sso_errand_number_t number;
    const char *left; /* what has not happened to those that are left at the end; behind a number */

    /* In a pool of its own; wipe takes what is secret out of it again, NULL: nothing is. */
    const void *(*copy)(apr_pool_t *pool, const void *what);
    void (*wipe)(const void *what);

    /* Try it, after so many tries; reports its outcome. Non-zero: it may work later, and is worth
     * another try. */
    int (*run)(sso_ctx_t *cx, const sso_errand_t *errand, int tries);

    /* It is given up without a try: why, to stand behind a colon. */
    void (*lose)(sso_ctx_t *cx, const sso_errand_t *errand, const char *why);
} sso_errand_kind_t;

struct sso_errand {
    const sso_errand_kind_t *kind;
    const void
        *where; /* with whom, of the configuration: those who are not there delay only theirs */
    const void *what;
};

/* How long to wait after so many tries. */
apr_interval_time_t sso_errand_pause(int tries);

#endif /* SSO_CORE_ERRAND_H */
