/*
 * oidc_token.c - the token request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_token.h"

#include "oidc/oidc_call.h"
#include "oidc/oidc_request.h"

#include <strings.h>

static apr_status_t member(sso_ctx_t *cx, const json_t *answer, const char *name, const char **out)
{
    const char *text = json_string_value(json_object_get(answer, name));

    if (!text || !*text) {
        return sso_fail_about(cx, SSO_F_OIDC_ANSWER, name, "the token answer has no %s", name);
    }
    *out = text;
    return APR_SUCCESS;
}

/* R27: an error is one, whatever the status says. */
static apr_status_t read_tokens(sso_ctx_t *cx, const json_t *answer, int status,
                                sso_oidc_tokens_t *out)
{
    const char *type = NULL;
    apr_status_t rv;

    if (status != 200 || json_object_get(answer, "error")) {
        return sso_oidc_call_refused(cx, answer, status, "the token endpoint");
    }
    rv = member(cx, answer, "token_type", &type);
    if (rv == APR_SUCCESS) rv = member(cx, answer, "access_token", &out->access_token);
    if (rv == APR_SUCCESS) rv = member(cx, answer, "id_token", &out->id_token);
    if (rv == APR_SUCCESS && strcasecmp(type, "Bearer") != 0) {
        return sso_fail_about(cx, SSO_F_OIDC_ANSWER, "token_type", "token_type is %s, not Bearer",
                              sso_log_quote(cx->pool, type, strlen(type), 32));
    }
    return rv;
}

apr_status_t sso_oidc_token_redeem(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                                   const sso_oidc_metadata_t *meta, const char *code,
                                   const char *verifier, sso_oidc_tokens_t *out)
{
    sso_buf_t form = sso_oidc_form(cx);
    sso_oidc_tokens_t tokens = {NULL, NULL};
    json_t *answer = NULL;
    int status = 0;
    apr_status_t rv;

    sso_oidc_form_add(&form, "grant_type", "authorization_code");
    sso_oidc_form_add(&form, "code", code);
    sso_oidc_form_add(&form, "redirect_uri", sso_oidc_redirect_uri(idp, cx->pool));
    sso_oidc_form_add(&form, "code_verifier", verifier);
    rv = sso_oidc_call(cx, st, meta, meta->token, &form, &status, &answer);
    if (rv == APR_SUCCESS) rv = read_tokens(cx, answer, status, &tokens);
    if (rv == APR_SUCCESS) *out = tokens;
    return rv;
}
