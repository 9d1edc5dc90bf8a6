/*
 * token_flow.c - how an answer comes, and the handshake that it belongs to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/token_flow.h"

#include "base/trace.h"

#include <apr_strings.h>

#define CLOCK_SKEW 60 /* seconds that machines which share a site may differ by */

apr_status_t sso_token_check_method(sso_ctx_t *cx, const sso_request_t *req)
{
    if (sso_span_is(sso_span(req->method), "GET")) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_METHOD, "an answer came by %s",
                    sso_log_quote(cx->pool, req->method, strlen(req->method), 16));
}

static apr_status_t check_age(sso_ctx_t *cx, const sso_flow_t *flow, int age_sec)
{
    apr_time_t age = cx->now - flow->issued;

    sso_trace_see(cx, "Seconds since the request", apr_psprintf(cx->pool, "%d at most", age_sec),
                  apr_psprintf(cx->pool, "%" APR_INT64_T_FMT, (apr_int64_t)apr_time_sec(age)));
    if (age <= apr_time_from_sec(age_sec) && age >= -apr_time_from_sec(CLOCK_SKEW)) {
        return APR_SUCCESS;
    }
    return sso_fail(cx, SSO_F_TOKEN_EXPIRED,
                    "the answer came %" APR_INT64_T_FMT " s after the request",
                    (apr_int64_t)apr_time_sec(age));
}

apr_status_t sso_token_flow(sso_ctx_t *cx, const sso_flows_t *flows, const char *token, int age_sec,
                            const sso_flow_t **out)
{
    const sso_flow_t *flow;
    apr_status_t rv;

    if (flows->n == 0) {
        return flows->bad ? sso_fail(cx, SSO_F_STATE_INVALID, "%d cookies did not open", flows->bad)
                          : sso_fail(cx, SSO_F_STATE_MISSING, "no cookie of a login came");
    }
    sso_trace_see(cx, "Token", flows->item[0].request, token);
    flow = sso_flows_find(flows, sso_span(token));
    if (!flow) {
        return sso_fail(cx, SSO_F_TOKEN_MISMATCH,
                        "the token is of none of the %d logins begun here", flows->n);
    }
    rv = check_age(cx, flow, age_sec);
    if (rv == APR_SUCCESS) *out = flow;
    return rv;
}
