/*
 * oidc_logout.c - three kinds of logout.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_logout.h"

#include "base/url.h"
#include "crypto/random.h"
#include "oidc/oidc_call.h"
#include "oidc/oidc_live.h"
#include "oidc/oidc_response.h"
#include "oidc/oidc_verify.h"

#include <apr_strings.h>

#include <strings.h>

#define HANDLE_MAX  2048  /* bytes of an ID token that is kept with its session */
#define BODY_MAX    16384 /* R14 */
#define SID_MAX     512
#define AGE_MAX_SEC 600 /* a logout token is sent when the session ends */
#define EVENT       "http://schemas.openid.net/event/backchannel-logout"
#define STATE_BYTES 16

/* ---- ours ---- */

const char *sso_oidc_logout_handle(const sso_oidc_state_t *st, const sso_oidc_metadata_t *meta,
                                   const char *id_token)
{
    if (!st->set->oidc_logout || !meta->end_session || strlen(id_token) > HANDLE_MAX) return NULL;
    return sso_jwt_dots(sso_span(id_token)) == 2 ? id_token
                                                 : NULL; /* not one that only we can read */
}

apr_status_t sso_oidc_logout_start(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                                   const sso_leaving_t *who, sso_flow_t *flow, sso_reply_t *reply)
{
    const sso_oidc_metadata_t *meta = NULL;
    sso_buf_t form = sso_oidc_form(cx);
    apr_status_t rv;

    if (!st->set->oidc_logout) return APR_NOTFOUND;
    rv = sso_oidc_metadata(cx, st, &meta);
    if (rv == APR_SUCCESS && !meta->end_session) return APR_NOTFOUND;
    if (rv == APR_SUCCESS) rv = sso_random_hex(cx, STATE_BYTES, &flow->request);
    if (rv != APR_SUCCESS) return rv;
    if (who->handle && *who->handle) sso_oidc_form_add(&form, "id_token_hint", who->handle);
    sso_oidc_form_add(&form, "client_id", st->client_id);
    sso_oidc_form_add(&form, "post_logout_redirect_uri",
                      apr_pstrcat(cx->pool, idp->url, "/" SSO_OIDC_SIGNED_OUT, NULL));
    sso_oidc_form_add(&form, "state", flow->request);
    sso_reply_redirect(reply, 302, sso_url_append(cx->pool, meta->end_session, form.p));
    return APR_SUCCESS;
}

/* ---- the browser comes back ---- */

static apr_status_t read_query(sso_ctx_t *cx, const sso_request_t *req, sso_params_t *out)
{
    if (strcmp(req->method, "GET") != 0) {
        return sso_fail(cx, SSO_F_METHOD, "only a GET is expected here");
    }
    return sso_request_query(cx, req, out);
}

/* R16: it answers the logout that this browser began. */
static apr_status_t hear_return(sso_ctx_t *cx, sso_request_t *req, const sso_flows_t *flows,
                                sso_notice_t *out)
{
    const char *state = NULL;
    const sso_flow_t *flow;
    sso_params_t params;
    apr_status_t rv = read_query(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "state", &state);
    if (rv != APR_SUCCESS) return rv;
    flow = state ? sso_flows_find(flows, sso_span(state)) : NULL;
    if (!flow) {
        return sso_fail(cx, SSO_F_LOGOUT_UNKNOWN,
                        "the state is of none of the %d logouts begun here", flows->n);
    }
    *out = (sso_notice_t){.kind = SSO_NOTICE_CONFIRMED, .flow = flow, .more = SSO_OIDC_SIGNED_OUT};
    return APR_SUCCESS;
}

/* ---- back-channel ---- */

static apr_status_t no_logout(sso_ctx_t *cx, const char *about, const char *why)
{
    return sso_fail_about(cx, SSO_F_OIDC_LOGOUT, about, "%s", why);
}

/* A token of another kind must not pass for one (RFC 8725, section 3.11). */
static apr_status_t check_kind(sso_ctx_t *cx, const sso_jws_t *jws, const json_t *claims)
{
    const json_t *events = json_object_get(claims, "events");

    if (jws->typ && strcasecmp(jws->typ, "logout+jwt") != 0 && strcasecmp(jws->typ, "JWT") != 0) {
        return no_logout(cx, "typ", "the token is not of type logout+jwt");
    }
    if (json_object_size(events) != 1 || !json_is_object(json_object_get(events, EVENT))) {
        return no_logout(cx, "events", "the token is about another event");
    }
    if (json_object_get(claims, "nonce")) {
        return no_logout(cx, "nonce", "the token has a nonce: it is an ID token");
    }
    return APR_SUCCESS;
}

static apr_status_t check_times(sso_ctx_t *cx, const json_t *claims, apr_int64_t *iat)
{
    const apr_int64_t now = apr_time_sec(cx->now);
    apr_int64_t exp = -1;
    apr_status_t rv = sso_oidc_claim_time(cx, claims, "exp", &exp);

    if (rv == APR_SUCCESS) rv = sso_oidc_claim_time(cx, claims, "iat", iat);
    if (rv != APR_SUCCESS) return rv;
    if (exp < 0 || exp + SSO_OIDC_SKEW_SEC <= now) {
        return no_logout(cx, "exp", "the token has expired, or has no exp");
    }
    if (*iat < now - AGE_MAX_SEC || *iat > now + SSO_OIDC_SKEW_SEC) {
        return no_logout(cx, "iat", "the token was not made just now, or has no iat");
    }
    return APR_SUCCESS;
}

static const apr_array_header_t *one_sid(sso_ctx_t *cx, const char *sid)
{
    apr_array_header_t *sids = apr_array_make(cx->pool, 1, sizeof(const char *));

    if (!sid) return NULL;
    APR_ARRAY_PUSH(sids, const char *) = apr_pstrdup(cx->pool, sid);
    return sids;
}

static apr_status_t read_target(sso_ctx_t *cx, const json_t *claims, apr_int64_t iat,
                                sso_notice_t *out)
{
    const char *sub = NULL;
    const char *sid = NULL;
    const char *jti = NULL;
    apr_status_t rv = sso_oidc_claim_text(cx, claims, "sub", &sub);

    if (rv == APR_SUCCESS) rv = sso_oidc_claim_text(cx, claims, "sid", &sid);
    if (rv == APR_SUCCESS) rv = sso_oidc_claim_text(cx, claims, "jti", &jti);
    if (rv != APR_SUCCESS) return rv;
    if (!sub && !sid) return no_logout(cx, "sub", "the token names neither sub nor sid");
    if (!jti || !*jti) return no_logout(cx, "jti", "the token has no jti");
    *out = (sso_notice_t){
        .kind = SSO_NOTICE_ENDS,
        .ending = {.subject = apr_pstrdup(cx->pool, sub), .sids = one_sid(cx, sid)},
        .once = {.label = "logout token",
                 .what = sso_span(apr_pstrdup(cx->pool, jti)),
                 .until = apr_time_from_sec(iat + AGE_MAX_SEC + 2 * SSO_OIDC_SKEW_SEC),
                 .fault = SSO_F_OIDC_LOGOUT},
        .more = SSO_OIDC_BACKCHANNEL,
    };
    return APR_SUCCESS;
}

static apr_status_t read_token(sso_ctx_t *cx, sso_request_t *req, const char **out)
{
    sso_params_t params;
    apr_status_t rv;

    if (strcmp(req->method, "POST") != 0) {
        return sso_fail(cx, SSO_F_METHOD, "a logout token is posted");
    }
    rv = sso_request_form(cx, req, BODY_MAX, &params);
    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "logout_token", out);
    if (rv == APR_SUCCESS && !*out)
        return no_logout(cx, "logout_token", "there is no logout token");
    return rv;
}

static apr_status_t hear_token(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_request_t *req,
                               sso_notice_t *out)
{
    const char *token = NULL;
    json_t *claims = NULL;
    apr_int64_t iat = -1;
    sso_jws_t jws;
    apr_status_t rv = read_token(cx, req, &token);

    if (rv == APR_SUCCESS) rv = sso_oidc_verify(cx, st, sso_span(token), &jws, &claims);
    if (rv == APR_SUCCESS) rv = check_kind(cx, &jws, claims);
    if (rv == APR_SUCCESS) rv = sso_oidc_check_parties(cx, st, claims);
    if (rv == APR_SUCCESS) rv = check_times(cx, claims, &iat);
    if (rv == APR_SUCCESS) rv = read_target(cx, claims, iat, out);
    return rv;
}

/* ---- front-channel ---- */

/* R15. The frame does not bring the session's cookie, so the sid has to say which session it is. */
static apr_status_t hear_frame(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_request_t *req,
                               sso_notice_t *out)
{
    const char *iss = NULL;
    const char *sid = NULL;
    sso_params_t params;
    apr_status_t rv = read_query(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "iss", &iss);
    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "sid", &sid);
    if (rv != APR_SUCCESS) return rv;
    if (!iss || strcmp(iss, st->issuer) != 0)
        return no_logout(cx, "iss", "iss is not the provider");
    if (!sid || !*sid || strlen(sid) > SID_MAX) return no_logout(cx, "sid", "there is no sid");
    *out = (sso_notice_t){.kind = SSO_NOTICE_ENDS,
                          .ending = {.sids = one_sid(cx, sid), .here_only = 1},
                          .more = SSO_OIDC_FRONTCHANNEL};
    return APR_SUCCESS;
}

/* The provider's server wants a 400, whatever was wrong (Back-Channel Logout 1.0, section 2.8). */
static apr_status_t as_bad_request(sso_ctx_t *cx, apr_status_t rv)
{
    const char *code;
    const char *why;

    if (rv == APR_SUCCESS || cx->err.fault == SSO_F_OIDC_LOGOUT || cx->err.fault == SSO_F_METHOD) {
        return rv;
    }
    code = sso_error_code(cx);
    why = cx->err.log;
    sso_ctx_clear(cx);
    return sso_fail(cx, SSO_F_OIDC_LOGOUT, "%s: %s", code, why);
}

apr_status_t sso_oidc_logout_hear(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                                  sso_request_t *req, const char *leaf, const sso_flows_t *flows,
                                  sso_notice_t *out)
{
    (void)idp;
    if (!strcmp(leaf, SSO_OIDC_BACKCHANNEL))
        return as_bad_request(cx, hear_token(cx, st, req, out));
    if (!strcmp(leaf, SSO_OIDC_FRONTCHANNEL))
        return as_bad_request(cx, hear_frame(cx, st, req, out));
    return hear_return(cx, req, flows, out);
}

apr_status_t sso_oidc_logout_answer(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                    const sso_notice_t *notice, int ended, sso_reply_t *reply)
{
    static const char page[] = "<!DOCTYPE html><title>Signed out</title>";
    sso_url_t url;

    if (!ended) return sso_fail(cx, SSO_F_OIDC_LOGOUT, "not all sessions could be ended");
    if (strcmp(notice->more, SSO_OIDC_FRONTCHANNEL) != 0) {
        sso_reply_body(reply, 200, "text/plain", sso_span("signed out\n"));
        return APR_SUCCESS;
    }
    sso_reply_body(reply, 200, "text/html; charset=utf-8", sso_span(page));
    if (!sso_url_parse(cx->pool, st->issuer, &url)) {
        reply->csp = apr_pstrcat(cx->pool, "default-src 'none'; frame-ancestors ",
                                 sso_url_origin(cx->pool, &url), NULL);
    }
    return APR_SUCCESS;
}
