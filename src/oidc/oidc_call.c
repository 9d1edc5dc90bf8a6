/*
 * oidc_call.c - the token endpoint and its like.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_call.h"

#include "base/codec.h"
#include "crypto/jwk.h"
#include "crypto/jws.h"
#include "crypto/random.h"

#include <apr_strings.h>

#define ASSERTION_SEC  60
#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

static const sso_json_limits_t limits = {SSO_OIDC_ANSWER_BYTES, 16, 4096};

sso_buf_t sso_oidc_form(sso_ctx_t *cx)
{
    return sso_buf_make(cx->pool, 512, SSO_OIDC_FORM_MAX);
}

void sso_oidc_form_add(sso_buf_t *form, const char *name, const char *value)
{
    if (!value) return;
    sso_buf_format(form, "%s%s=%s", form->n ? "&" : "", name,
                   sso_percent_encode(form->pool, sso_span(value)));
}

/* ---- who we are ---- */

/* Core, section 9: a token that we sign, for this provider, good for a minute and for one use. */
static apr_status_t make_assertion(sso_ctx_t *cx, const sso_oidc_state_t *st, const char *audience,
                                   const char **out)
{
    const apr_int64_t now = apr_time_sec(cx->now);
    sso_jws_signer_t signer = {.alg = st->signs_with,
                               .key = APR_ARRAY_IDX(st->keys, 0, const sso_key_pair_t *)->key,
                               .typ = "JWT"};
    sso_buf_t b = sso_buf_make(cx->pool, 512, 8192);
    const char *jti = NULL;
    apr_status_t rv = sso_random_hex(cx, 16, &jti);

    if (rv == APR_SUCCESS) rv = sso_jwk_thumbprint(cx, signer.key, &signer.kid);
    if (rv != APR_SUCCESS) return rv;
    sso_buf_text(&b, "{\"iss\":");
    sso_json_string(&b, st->client_id);
    sso_buf_text(&b, ",\"sub\":");
    sso_json_string(&b, st->client_id);
    sso_buf_text(&b, ",\"aud\":");
    sso_json_string(&b, audience);
    sso_buf_format(&b, ",\"jti\":\"%s\",\"iat\":%" APR_INT64_T_FMT ",\"exp\":%" APR_INT64_T_FMT "}",
                   jti, now, now + ASSERTION_SEC);
    return sso_jws_sign(cx, &signer, sso_buf_span(&b), out);
}

static apr_status_t add_assertion(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                  const sso_oidc_metadata_t *meta, sso_buf_t *form)
{
    const char *assertion = NULL;
    apr_status_t rv = make_assertion(cx, st, meta->token, &assertion);

    if (rv != APR_SUCCESS) return rv;
    sso_oidc_form_add(form, "client_assertion_type", ASSERTION_TYPE);
    sso_oidc_form_add(form, "client_assertion", assertion);
    return APR_SUCCESS;
}

/* What RFC 6749 wants inside Basic: both encoded as in a form. */
static const char *encoded(sso_ctx_t *cx, sso_span_t text)
{
    return sso_percent_encode(cx->pool, text);
}

static apr_status_t authenticate(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                 const sso_oidc_metadata_t *meta, sso_buf_t *form,
                                 sso_client_request_t *req)
{
    sso_oidc_auth_t auth = st->auth;

    if (auth == SSO_OIDC_AUTH_ANY) auth = meta->no_basic ? SSO_OIDC_AUTH_POST : SSO_OIDC_AUTH_BASIC;
    if (auth == SSO_OIDC_AUTH_BASIC) {
        req->user = encoded(cx, sso_span(st->client_id));
        req->password = encoded(cx, st->secret);
        return APR_SUCCESS;
    }
    sso_oidc_form_add(form, "client_id", st->client_id);
    if (auth == SSO_OIDC_AUTH_POST) {
        sso_oidc_form_add(form, "client_secret", sso_span_text(cx->pool, st->secret));
    }
    if (auth == SSO_OIDC_AUTH_TLS) {
        req->cert_pem = st->cert_pem;
        req->key_pem = st->key_pem;
    }
    return auth == SSO_OIDC_AUTH_KEY ? add_assertion(cx, st, meta, form) : APR_SUCCESS;
}

/* ---- the exchange ---- */

json_t *sso_oidc_call_json(sso_ctx_t *cx, const sso_client_response_t *res)
{
    json_t *answer = NULL;

    if (!res->type || strcmp(res->type, "application/json") != 0) return NULL;
    return sso_json_parse(cx, res->body, &limits, &answer, NULL) == APR_SUCCESS ? answer : NULL;
}

static apr_status_t read_json(sso_ctx_t *cx, const char *url, const sso_client_response_t *res,
                              json_t **out)
{
    const char *why = NULL;

    if (!res->type || strcmp(res->type, "application/json") != 0) {
        return sso_fail_about(cx, SSO_F_OIDC_ANSWER, "type", "%s answered %d with %s",
                              sso_client_url_shown(cx->pool, url), res->status,
                              res->type ? res->type : "no type");
    }
    if (sso_json_parse(cx, res->body, &limits, out, &why) == APR_SUCCESS) return APR_SUCCESS;
    return sso_fail_about(cx, SSO_F_OIDC_ANSWER, "json",
                          "%s answered %d with JSON that is not acceptable: %s",
                          sso_client_url_shown(cx->pool, url), res->status, why);
}

apr_status_t sso_oidc_post(sso_ctx_t *cx, const sso_oidc_state_t *st,
                           const sso_oidc_metadata_t *meta, const char *url, sso_buf_t *form,
                           sso_client_response_t *out)
{
    sso_client_request_t req = {
        .url = url,
        .method = "POST",
        .accept = "application/json",
        .ca_file = st->ca_file,
        .once = 1, /* R27 */
        .max = SSO_OIDC_ANSWER_BYTES,
        .timeout = SSO_OIDC_CALL_TIME,
        .connect = SSO_OIDC_CALL_CONNECT,
    };
    apr_status_t rv = authenticate(cx, st, meta, form, &req);

    if (rv == APR_SUCCESS && form->full) {
        rv = sso_fail(cx, SSO_F_INTERNAL, "a request to %s is too long",
                      sso_client_url_shown(cx->pool, url));
    }
    req.body = sso_buf_span(form);
    return rv == APR_SUCCESS ? sso_client_exchange(sso_oidc_client(st), cx, &req, out) : rv;
}

apr_status_t sso_oidc_call(sso_ctx_t *cx, const sso_oidc_state_t *st,
                           const sso_oidc_metadata_t *meta, const char *url, sso_buf_t *form,
                           int *status, json_t **out)
{
    sso_client_response_t res;
    apr_status_t rv = sso_oidc_post(cx, st, meta, url, form, &res);

    if (rv == APR_SUCCESS) rv = read_json(cx, url, &res, out);
    if (rv == APR_SUCCESS) *status = res.status;
    return rv;
}

apr_status_t sso_oidc_call_refused(sso_ctx_t *cx, const json_t *answer, int status,
                                   const char *what)
{
    static const struct {
        const char *error;
        sso_fault_t fault;
    } known[] = {
        {"invalid_grant", SSO_F_OIDC_CODE},
        {"invalid_client", SSO_F_OIDC_CLIENT},
        {"unauthorized_client", SSO_F_OIDC_CLIENT},
    };
    const char *error = json_string_value(json_object_get(answer, "error"));
    const char *says = json_string_value(json_object_get(answer, "error_description"));
    sso_fault_t fault = SSO_F_OIDC_ANSWER;
    apr_size_t i;

    for (i = 0; error && i < sizeof(known) / sizeof(known[0]); i++) {
        if (!strcmp(known[i].error, error)) fault = known[i].fault;
    }
    return sso_fail_about(cx, fault, fault == SSO_F_OIDC_ANSWER ? "error" : NULL,
                          "%s: status %d, error %s: %s", what, status,
                          error ? sso_log_quote(cx->pool, error, strlen(error), 64) : "(none)",
                          says ? sso_log_quote(cx->pool, says, strlen(says), 200) : "");
}
