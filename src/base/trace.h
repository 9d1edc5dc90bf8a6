/*
 * trace.h - what a verifier checked, step by step, for the person who tests a provider.
 *
 * Owns:  sso_trace_t.
 * Layer: base (APR only).
 * Lives: one request that tests a provider; every other context has none, and then a step costs one
 *        comparison and its arguments are not evaluated.
 *
 * A check shows what it compares with sso_trace_see() and ends with sso_trace_step(). Nothing secret
 * is shown, and nothing that was decrypted before its signature held.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_BASE_TRACE_H
#define SSO_BASE_TRACE_H

#include "base/ctx.h"

#include <apr_tables.h>

/* What was compared; both may quote what came, whole and unescaped, cut to SSO_TRACE_MAX. */
typedef struct {
    const char *what;     /* "Issuer of Response": in the context's pool, or constant */
    const char *expected; /* "" when anything goes */
    const char *came;     /* "" when nothing came */
} sso_seen_t;

typedef enum { SSO_STEP_HELD, SSO_STEP_FAILED, SSO_STEP_UNREACHED } sso_step_state_t;

/* One check: its rule, as "R38: from the expected provider" or without a number. */
typedef struct {
    const char *rule;
    sso_step_state_t state;
    int first, n; /* what it compared: these of `seen` */
} sso_step_t;

#define SSO_TRACE_MAX  512 /* bytes of one text */
#define SSO_TRACE_SEEN 512 /* comparisons; later ones are not kept */

typedef struct sso_trace {
    apr_array_header_t *steps; /* of sso_step_t */
    apr_array_header_t *seen;  /* of sso_seen_t */
    int told;                  /* how many of `seen` belong to a step */
    int failed;                /* a step has failed: what follows was not reached */
    const char *hint;          /* what probably caused it, for the admin; NULL: no idea */
} sso_trace_t;

/* An empty one in pool. */
sso_trace_t *sso_trace_make(apr_pool_t *pool);

/* Show what the check under way compares. */
#define sso_trace_see(cx, what, expected, came)                              \
    do {                                                                     \
        if ((cx)->trace) sso_trace_see_at((cx), (what), (expected), (came)); \
    } while (0)

/* End a check: rv is its outcome. Only the first failure counts as one. */
#define sso_trace_step(cx, rule, rv)                            \
    do {                                                        \
        if ((cx)->trace) sso_trace_step_at((cx), (rule), (rv)); \
    } while (0)

/* Name a check that was not reached. */
#define sso_trace_skip(cx, rule)                          \
    do {                                                  \
        if ((cx)->trace) sso_trace_skip_at((cx), (rule)); \
    } while (0)

/* Say what probably caused the failure. */
#define sso_trace_hint(cx, text)                     \
    do {                                             \
        if ((cx)->trace) (cx)->trace->hint = (text); \
    } while (0)

/* The functions behind them; NULL is "". */
void sso_trace_see_at(sso_ctx_t *cx, const char *what, const char *expected, const char *came);
void sso_trace_step_at(sso_ctx_t *cx, const char *rule, apr_status_t rv);
void sso_trace_skip_at(sso_ctx_t *cx, const char *rule);

#endif /* SSO_BASE_TRACE_H */
