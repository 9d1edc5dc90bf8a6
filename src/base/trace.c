/*
 * trace.c - what a verifier checked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/trace.h"

#include <apr_strings.h>

#include <string.h>

sso_trace_t *sso_trace_make(apr_pool_t *pool)
{
    sso_trace_t *trace = apr_pcalloc(pool, sizeof(*trace));

    trace->steps = apr_array_make(pool, 48, sizeof(sso_step_t));
    trace->seen = apr_array_make(pool, 48, sizeof(sso_seen_t));
    return trace;
}

/* Cut between two characters. */
static const char *cut(apr_pool_t *pool, const char *text)
{
    apr_size_t n = text ? strlen(text) : 0;
    int back;

    if (!n) return "";
    if (n <= SSO_TRACE_MAX) return apr_pstrmemdup(pool, text, n);
    n = SSO_TRACE_MAX;
    for (back = 0; back < 3 && ((unsigned char)text[n] & 0xc0) == 0x80; back++)
        n--;
    return apr_pstrcat(pool, apr_pstrmemdup(pool, text, n), "...", NULL);
}

void sso_trace_see_at(sso_ctx_t *cx, const char *what, const char *expected, const char *came)
{
    sso_trace_t *trace = cx->trace;

    if (trace->failed || trace->seen->nelts >= SSO_TRACE_SEEN) return;
    APR_ARRAY_PUSH(trace->seen, sso_seen_t) = (sso_seen_t){what, cut(cx->pool, expected),
                                                           cut(cx->pool, came)};
}

static void add_step(sso_trace_t *trace, const char *rule, sso_step_state_t state)
{
    APR_ARRAY_PUSH(trace->steps, sso_step_t) = (sso_step_t){rule, state, trace->told,
                                                            trace->seen->nelts - trace->told};
    trace->told = trace->seen->nelts;
}

void sso_trace_step_at(sso_ctx_t *cx, const char *rule, apr_status_t rv)
{
    sso_trace_t *trace = cx->trace;

    if (trace->failed) return;
    add_step(trace, rule, rv == APR_SUCCESS ? SSO_STEP_HELD : SSO_STEP_FAILED);
    trace->failed = rv != APR_SUCCESS;
}

void sso_trace_skip_at(sso_ctx_t *cx, const char *rule)
{
    add_step(cx->trace, rule, SSO_STEP_UNREACHED);
}
