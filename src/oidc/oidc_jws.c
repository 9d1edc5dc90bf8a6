/*
 * oidc_jws.c - compact JWS (RFC 7515).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_jws.h"

#include "base/codec.h"

#define HEADER_MAX 8192 /* bytes of a header; certificates in it are ignored, but take room */

static const sso_json_limits_t header_limits = {HEADER_MAX, 4, 32};

/* ---- the form ---- */

int sso_jwt_dots(sso_span_t token)
{
    int dots = 0;
    apr_size_t i;

    for (i = 0; i < token.n; i++)
        dots += token.p[i] == '.';
    return dots;
}

static apr_status_t decode(sso_ctx_t *cx, sso_span_t part, sso_span_t *out)
{
    apr_size_t bad = part.n;

    if (sso_b64_decode(cx->pool, part, SSO_B64_URL | SSO_B64_NOPAD, out, &bad) == APR_SUCCESS
        && !memchr(part.p, '=', part.n)) {
        return APR_SUCCESS;
    }
    return sso_fail_about(cx, SSO_F_JWT_FORM, "base64",
                          "a part of the token is not base64url, at its byte %" APR_SIZE_T_FMT,
                          bad);
}

apr_status_t sso_jwt_cut(sso_ctx_t *cx, sso_span_t token, int n, sso_span_t part[])
{
    const char *at = token.p;
    const char *end = token.p + token.n;
    int i;

    if (token.n > SSO_JWT_BYTES) {
        return sso_fail_about(cx, SSO_F_JWT_FORM, "size",
                              "the token has %" APR_SIZE_T_FMT " bytes, %d at most", token.n,
                              SSO_JWT_BYTES);
    }
    if (sso_jwt_dots(token) != n - 1) {
        return sso_fail_about(cx, SSO_F_JWT_FORM, "parts", "the token has %d parts, not %d",
                              sso_jwt_dots(token) + 1, n);
    }
    for (i = 0; i < n; i++) {
        const char *dot = i < n - 1 ? memchr(at, '.', (apr_size_t)(end - at)) : end;

        part[i] = sso_span_of(at, (apr_size_t)(dot - at));
        at = dot + 1;
    }
    return APR_SUCCESS;
}

/* ---- the header ---- */

apr_status_t sso_jwt_header(sso_ctx_t *cx, sso_span_t part, json_t **out)
{
    const char *why = NULL;
    sso_span_t text;
    apr_status_t rv = decode(cx, part, &text);

    if (rv != APR_SUCCESS) return rv;
    if (sso_json_parse(cx, text, &header_limits, out, &why) == APR_SUCCESS) return APR_SUCCESS;
    return sso_fail_about(cx, SSO_F_JWT_HEADER, "json",
                          "the token's header is not acceptable JSON: %s", why);
}

apr_status_t sso_jwt_text(sso_ctx_t *cx, const json_t *header, const char *name, const char **out)
{
    const json_t *value = json_object_get(header, name);
    const char *text = json_string_value(value);

    if (value && (!text || strlen(text) != json_string_length(value))) {
        return sso_fail_about(cx, SSO_F_JWT_HEADER, name, "the token's %s is not a text", name);
    }
    *out = text;
    return APR_SUCCESS;
}

static apr_status_t read_alg(sso_ctx_t *cx, const json_t *header, unsigned allowed,
                             const sso_jws_alg_t **out)
{
    const sso_jws_alg_t *alg;
    const char *name = NULL;
    apr_status_t rv = sso_jwt_text(cx, header, "alg", &name);

    if (rv != APR_SUCCESS) return rv;
    if (!name) return sso_fail_about(cx, SSO_F_JWT_HEADER, "alg", "the token names no algorithm");
    alg = sso_jws_alg(sso_span(name));
    if (!alg || !(allowed & sso_jws_alg_bit(alg))) {
        return sso_fail(cx, SSO_F_JWT_ALG, "the token is signed with \"%s\", accepted are %s",
                        sso_log_quote(cx->pool, name, strlen(name), 32),
                        sso_jws_alg_names(cx->pool, allowed));
    }
    *out = alg;
    return APR_SUCCESS;
}

static apr_status_t read_header(sso_ctx_t *cx, sso_span_t part, unsigned allowed, sso_jws_t *out)
{
    json_t *header = NULL;
    apr_status_t rv = sso_jwt_header(cx, part, &header);

    if (rv != APR_SUCCESS) return rv;
    if (json_object_get(header, "crit")) { /* RFC 7515, section 4.1.11 */
        return sso_fail_about(cx, SSO_F_JWT_HEADER, "crit",
                              "the token has critical extensions; none is known here");
    }
    rv = read_alg(cx, header, allowed, &out->alg);
    if (rv == APR_SUCCESS) rv = sso_jwt_text(cx, header, "kid", &out->kid);
    if (rv == APR_SUCCESS) rv = sso_jwt_text(cx, header, "typ", &out->typ);
    return rv;
}

/* ---- the signature ---- */

static apr_status_t check_signature(sso_ctx_t *cx, const sso_jws_t *jws, const sso_jwks_t *keys,
                                    sso_span_t data, sso_span_t signature)
{
    const sso_jwk_t *key[SSO_JWKS_TRY];
    int n = sso_jwks_find(keys, jws->alg, jws->kid, key);
    int i;

    if (n == 0) {
        return sso_fail(cx, SSO_F_JWT_KEY, "no key of the provider's %d fits %s, kid %s", keys->n,
                        jws->alg->name,
                        jws->kid ? sso_log_quote(cx->pool, jws->kid, strlen(jws->kid), 64)
                                 : "(none)");
    }
    for (i = 0; i < n; i++) {
        if (sso_sign_check(cx, &jws->alg->how, key[i]->verifier, data, signature) == APR_SUCCESS) {
            return APR_SUCCESS;
        }
    }
    return sso_fail(cx, SSO_F_JWT_SIGNATURE, "%s, %d keys tried", jws->alg->name, n);
}

apr_status_t sso_jws_verify(sso_ctx_t *cx, sso_span_t token, const sso_jwks_t *keys,
                            unsigned allowed, sso_jws_t *out)
{
    sso_jws_t jws = {.alg = NULL};
    sso_span_t part[3];
    sso_span_t signature;
    apr_status_t rv = sso_jwt_cut(cx, token, 3, part);

    if (rv == APR_SUCCESS) rv = read_header(cx, part[0], allowed, &jws);
    if (rv == APR_SUCCESS) rv = decode(cx, part[1], &jws.payload);
    if (rv == APR_SUCCESS) rv = decode(cx, part[2], &signature);
    if (rv != APR_SUCCESS) return rv;
    rv = check_signature(cx, &jws, keys, sso_span_of(token.p, part[0].n + 1 + part[1].n),
                         signature);
    if (rv == APR_SUCCESS) *out = jws;
    return rv;
}
