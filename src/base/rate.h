/*
 * rate.h - a warning that may come often is a line a minute, and the line says of how many it speaks.
 *
 * Owns:  sso_rate_t.
 * Layer: base (APR only).
 * Lives: longer than every context that warns by it; in memory that several processes share, they count
 *        together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_BASE_RATE_H
#define SSO_BASE_RATE_H

#include "base/ctx.h"

/* One kind of warning; all zero at first. */
typedef struct {
    apr_time_t last; /* when the log had a line of it */
    int unsaid;      /* since then, without a line */
} sso_rate_t;

/* Safe to use from every thread. */
void sso_rate_warn(sso_ctx_t *cx, sso_rate_t *rate, const char *text);

#endif /* SSO_BASE_RATE_H */
