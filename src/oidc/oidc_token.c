/*
 * oidc_token.c - the token requests.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_token.h"

#include "oidc/oidc_call.h"
#include "oidc/oidc_request.h"

#include <strings.h>

#define LONGEST_SEC 315360000 /* ten years: what lives longer has no end that matters here */

/* A member that is a text and not empty; NULL: there is none. */
static const char *text_of(const json_t *answer, const char *name)
{
    const char *text = json_string_value(json_object_get(answer, name));

    return text && *text ? text : NULL;
}

static apr_status_t missing(sso_ctx_t *cx, const char *name)
{
    return sso_fail_about(cx, SSO_F_OIDC_ANSWER, name, "the token answer has no %s", name);
}

static apr_status_t member(sso_ctx_t *cx, const json_t *answer, const char *name, const char **out)
{
    *out = text_of(answer, name);
    return *out ? APR_SUCCESS : missing(cx, name);
}

static int is_refusal(const json_t *answer, int status)
{
    return status != 200 || json_object_get(answer, "error");
}

static apr_int64_t seconds(const json_t *answer, const char *name)
{
    const json_int_t value = json_integer_value(json_object_get(answer, name));

    return value > 0 && value < LONGEST_SEC ? value : 0;
}

/* R27: an error is one, whatever the status says. */
static apr_status_t read_tokens(sso_ctx_t *cx, const json_t *answer, int status,
                                sso_oidc_tokens_t *out)
{
    const char *type = NULL;
    apr_status_t rv;

    if (is_refusal(answer, status)) {
        return sso_oidc_call_refused(cx, answer, status, "the token endpoint");
    }
    rv = member(cx, answer, "token_type", &type);
    if (rv == APR_SUCCESS) rv = member(cx, answer, "access_token", &out->access_token);
    if (rv == APR_SUCCESS && strcasecmp(type, "Bearer") != 0) {
        return sso_fail_about(cx, SSO_F_OIDC_ANSWER, "token_type", "token_type is %s, not Bearer",
                              sso_log_quote(cx->pool, type, strlen(type), 32));
    }
    out->id_token = text_of(answer, "id_token");
    out->refresh_token = text_of(answer, "refresh_token");
    out->expires_in = seconds(answer, "expires_in");
    return rv;
}

/* refused: the provider has answered, with an error. */
static apr_status_t ask(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_oidc_metadata_t *meta,
                        sso_buf_t *form, int *refused, sso_oidc_tokens_t *out)
{
    json_t *answer = NULL;
    int status = 0;
    apr_status_t rv = sso_oidc_call(cx, st, meta, meta->token, form, &status, &answer);

    *refused = rv == APR_SUCCESS && is_refusal(answer, status);
    return rv == APR_SUCCESS ? read_tokens(cx, answer, status, out) : rv;
}

apr_status_t sso_oidc_token_redeem(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                                   const sso_oidc_metadata_t *meta, const char *code,
                                   const char *verifier, sso_oidc_tokens_t *out)
{
    sso_buf_t form = sso_oidc_form(cx);
    sso_oidc_tokens_t tokens = {.id_token = NULL};
    int refused;
    apr_status_t rv;

    sso_oidc_form_add(&form, "grant_type", "authorization_code");
    sso_oidc_form_add(&form, "code", code);
    sso_oidc_form_add(&form, "redirect_uri", sso_oidc_redirect_uri(idp, cx->pool));
    sso_oidc_form_add(&form, "code_verifier", verifier);
    rv = ask(cx, st, meta, &form, &refused, &tokens);
    if (rv == APR_SUCCESS && !tokens.id_token) rv = missing(cx, "id_token");
    if (rv == APR_SUCCESS) *out = tokens;
    return rv;
}

apr_status_t sso_oidc_token_refresh(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                    const sso_oidc_metadata_t *meta, const char *token,
                                    int *refused, sso_oidc_tokens_t *out)
{
    sso_buf_t form = sso_oidc_form(cx);
    sso_oidc_tokens_t tokens = {.id_token = NULL};
    apr_status_t rv;

    sso_oidc_form_add(&form, "grant_type", "refresh_token");
    sso_oidc_form_add(&form, "refresh_token", token);
    rv = ask(cx, st, meta, &form, refused, &tokens);
    if (rv == APR_SUCCESS) *out = tokens;
    return rv;
}
