/*
 * oidc_userinfo.c - Core, section 5.3.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_userinfo.h"

#include "oidc/oidc_call.h"
#include "oidc/oidc_verify.h"

static const sso_json_limits_t limits = {SSO_OIDC_ANSWER_BYTES, 16, 4096};

static apr_status_t read_json(sso_ctx_t *cx, sso_span_t body, json_t **out)
{
    const char *why = NULL;

    if (sso_json_parse(cx, body, &limits, out, &why) == APR_SUCCESS) return APR_SUCCESS;
    return sso_fail_about(cx, SSO_F_OIDC_USERINFO, "json",
                          "the userinfo answer is not acceptable JSON: %s", why);
}

/* A signed answer names its parties (Core, section 5.3.2), or it could be another's. */
static apr_status_t read_signed(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_span_t body,
                                json_t **out)
{
    sso_jws_t jws;
    apr_status_t rv = sso_oidc_verify(cx, st, body, &jws, out);

    return rv == APR_SUCCESS ? sso_oidc_check_parties(cx, st, *out) : rv;
}

static apr_status_t check_subject(sso_ctx_t *cx, const json_t *claims, const char *subject)
{
    const char *sub = NULL;
    apr_status_t rv = sso_oidc_claim_subject(cx, claims, &sub);

    if (rv != APR_SUCCESS || !strcmp(sub, subject)) return rv;
    return sso_fail(cx, SSO_F_OIDC_SUBJECT, "userinfo is about another person than the ID token");
}

apr_status_t sso_oidc_userinfo(sso_ctx_t *cx, const sso_oidc_state_t *st, const char *url,
                               const char *access_token, const char *subject, json_t **out)
{
    const sso_client_request_t req = {
        .url = url,
        .accept = "application/json, application/jwt",
        .bearer = access_token,
        .ca_file = st->ca_file,
        .max = SSO_OIDC_ANSWER_BYTES,
        .timeout = SSO_OIDC_CALL_TIME,
        .connect = SSO_OIDC_CALL_CONNECT,
    };
    sso_client_response_t res;
    json_t *claims = NULL;
    apr_status_t rv = sso_client_exchange(sso_oidc_client(st), cx, &req, &res);

    if (rv == APR_SUCCESS) {
        rv = sso_client_expect(cx, &req, &res, "application/json application/jwt");
    }
    if (rv != APR_SUCCESS) return rv;
    rv = !strcmp(res.type, "application/jwt") ? read_signed(cx, st, res.body, &claims)
                                              : read_json(cx, res.body, &claims);
    if (rv == APR_SUCCESS) rv = check_subject(cx, claims, subject);
    if (rv == APR_SUCCESS) *out = claims;
    return rv;
}
