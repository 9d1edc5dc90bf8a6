/*
 * oidc_verify.c - tokens of every kind: what they have in common.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_verify.h"

#include "base/trace.h"
#include "oidc/oidc_jwe.h"
#include "oidc/oidc_live.h"

#include <apr_lib.h>
#include <apr_strings.h>

#define TIME_MAX    APR_INT64_C(9007199254740992) /* 2^53: what every JSON parser can hold */
#define SUBJECT_MAX 255                           /* Core, section 2 */

static const sso_json_limits_t limits = {SSO_JWT_BYTES, 16, 4096};

/* ---- signature ---- */

/* May a key that we have not got yet have made it? Without a kid any failure may mean that. */
static int is_worth_asking(const sso_ctx_t *cx, int has_kid)
{
    return cx->err.fault == SSO_F_JWT_KEY || (cx->err.fault == SSO_F_JWT_SIGNATURE && !has_kid);
}

/* Does the header name a key? What cannot be read names none. */
static int names_key(sso_ctx_t *cx, sso_span_t token)
{
    sso_ctx_t quiet = sso_ctx(cx->pool, cx->now);
    const char *kid = NULL;
    json_t *header = NULL;
    sso_span_t part[3];

    return sso_jwt_cut(&quiet, token, 3, part) == APR_SUCCESS
           && sso_jwt_header(&quiet, part[0], &header) == APR_SUCCESS
           && sso_jwt_text(&quiet, header, "kid", &kid) == APR_SUCCESS && kid;
}

static apr_status_t verify(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_span_t token,
                           sso_jws_t *out)
{
    const sso_jwks_t *keys = NULL;
    const sso_jwks_t *newer = NULL;
    sso_error_t first;
    apr_status_t rv = sso_oidc_keys(cx, st, &keys);

    if (rv == APR_SUCCESS) rv = sso_jws_verify(cx, token, keys, st->algs, out);
    if (rv == APR_SUCCESS || !keys || !is_worth_asking(cx, names_key(cx, token))) return rv;
    first = cx->err;
    sso_ctx_clear(cx);
    if (sso_oidc_keys_renew(cx, st, keys, &newer) == APR_SUCCESS) {
        SSO_INFO(cx, "provider %s: its keys were fetched again", st->name);
        return sso_jws_verify(cx, token, newer, st->algs, out);
    }
    if (cx->err.fault != SSO_F_NONE) {
        SSO_WARN(cx, "provider %s: its keys could not be fetched again: %s", st->name, cx->err.log);
    }
    cx->err = first;
    return rv;
}

static apr_status_t read_claims(sso_ctx_t *cx, sso_span_t payload, json_t **out)
{
    const char *why = NULL;

    if (sso_json_parse(cx, payload, &limits, out, &why) == APR_SUCCESS) return APR_SUCCESS;
    return sso_fail_about(cx, SSO_F_OIDC_CLAIM, "json",
                          "the token holds no acceptable JSON object: %s", why);
}

apr_status_t sso_oidc_verify(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_span_t token,
                             sso_jws_t *jws, json_t **claims)
{
    apr_status_t rv = APR_SUCCESS;
    sso_jws_t made;

    if (sso_jwt_dots(token) == 4 && st->keys->nelts) rv = sso_jwe_open(cx, token, st->keys, &token);
    if (rv == APR_SUCCESS) rv = verify(cx, st, token, &made);
    if (rv == APR_SUCCESS) rv = read_claims(cx, made.payload, claims);
    if (rv == APR_SUCCESS) *jws = made;
    return rv;
}

/* ---- claims ---- */

apr_status_t sso_oidc_claim_text(sso_ctx_t *cx, const json_t *claims, const char *name,
                                 const char **out)
{
    const json_t *value = json_object_get(claims, name);

    if (value && !json_is_string(value)) {
        return sso_fail_about(cx, SSO_F_OIDC_CLAIM, name, "%s is not a text", name);
    }
    *out = json_string_value(value);
    return APR_SUCCESS;
}

apr_status_t sso_oidc_claim_time(sso_ctx_t *cx, const json_t *claims, const char *name,
                                 apr_int64_t *out)
{
    const json_t *value = json_object_get(claims, name);

    if (!value) {
        *out = -1;
        return APR_SUCCESS;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0
        || json_integer_value(value) > TIME_MAX) {
        return sso_fail_about(cx, SSO_F_OIDC_CLAIM, name, "%s is not a time in whole seconds",
                              name);
    }
    *out = json_integer_value(value);
    return APR_SUCCESS;
}

/* ---- parties ---- */

static int is_text(const json_t *value, const char *wanted)
{
    return json_is_string(value) && !strcmp(json_string_value(value), wanted);
}

static int names_us(const json_t *aud, const char *client_id)
{
    const json_t *item;
    size_t i;

    if (is_text(aud, client_id)) return 1;
    json_array_foreach (aud, i, item) {
        if (is_text(item, client_id)) return 1;
    }
    return 0;
}

/* One text as it is, several as the first of them. */
static const char *shown(sso_ctx_t *cx, const json_t *aud)
{
    const char *first = json_string_value(json_is_array(aud) ? json_array_get(aud, 0) : aud);

    if (json_array_size(aud) < 2) return first;
    return apr_psprintf(cx->pool, "%s and %d more", first ? first : "",
                        (int)json_array_size(aud) - 1);
}

static apr_status_t check_audience(sso_ctx_t *cx, const sso_oidc_state_t *st, const json_t *claims)
{
    const json_t *aud = json_object_get(claims, "aud");
    const json_t *azp = json_object_get(claims, "azp");
    const int several = json_array_size(aud) > 1;

    sso_trace_see(cx, "aud", st->client_id, shown(cx, aud));
    if (!names_us(aud, st->client_id)) {
        return sso_fail_about(cx, SSO_F_OIDC_AUDIENCE, "aud", "aud does not name our client ID %s",
                              st->client_id);
    }
    if (azp ? !is_text(azp, st->client_id) : several) {
        return sso_fail_about(cx, SSO_F_OIDC_AUDIENCE, "azp", "azp does not name our client ID %s",
                              st->client_id);
    }
    if (several && !st->more_audiences) {
        return sso_fail_about(cx, SSO_F_OIDC_AUDIENCE, "more",
                              "the token is for others besides us; SSOOidcAllow more-audiences "
                              "accepts that");
    }
    return APR_SUCCESS;
}

apr_status_t sso_oidc_check_parties(sso_ctx_t *cx, const sso_oidc_state_t *st, const json_t *claims)
{
    const char *iss = NULL;
    apr_status_t rv = sso_oidc_claim_text(cx, claims, "iss", &iss);

    if (rv != APR_SUCCESS) return rv;
    sso_trace_see(cx, "iss", st->issuer, iss);
    if (!iss || strcmp(iss, st->issuer) != 0) {
        return sso_fail_about(cx, SSO_F_OIDC_ISSUER, "token", "the token is of \"%s\", not of %s%s",
                              iss ? sso_log_quote(cx->pool, iss, strlen(iss), 256) : "", st->issuer,
                              iss ? sso_oidc_slash_hint(iss, st->issuer) : "");
    }
    return check_audience(cx, st, claims);
}

apr_status_t sso_oidc_claim_subject(sso_ctx_t *cx, const json_t *claims, const char **out)
{
    const char *sub = NULL;
    const char *c;
    apr_status_t rv = sso_oidc_claim_text(cx, claims, "sub", &sub);

    if (rv != APR_SUCCESS) return rv;
    if (!sub || !*sub || strlen(sub) > SUBJECT_MAX) {
        return sso_fail_about(cx, SSO_F_OIDC_CLAIM, "sub", "sub is missing, empty or too long");
    }
    for (c = sub; *c; c++) {
        if (!apr_iscntrl(*c)) continue;
        return sso_fail_about(cx, SSO_F_OIDC_CLAIM, "sub", "sub holds control characters");
    }
    *out = sub;
    return APR_SUCCESS;
}
