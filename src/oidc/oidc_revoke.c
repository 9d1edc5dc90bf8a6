/*
 * oidc_revoke.c - one request, of whose answer the status says it all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_revoke.h"

#include "oidc/oidc_call.h"
#include "oidc/oidc_live.h"

#define TOO_MANY 429

static sso_buf_t make_form(sso_ctx_t *cx, const sso_grant_t *grant)
{
    const int refresh = *grant->refresh != '\0';
    sso_buf_t form = sso_oidc_form(cx);

    sso_oidc_form_add(&form, "token", refresh ? grant->refresh : grant->access);
    sso_oidc_form_add(&form, "token_type_hint", refresh ? "refresh_token" : "access_token");
    return form;
}

/* RFC 7009, section 2.2.1: it lives on, and the provider says why. */
static apr_status_t read_refusal(sso_ctx_t *cx, const sso_client_response_t *res, int *again)
{
    const json_t *answer = sso_oidc_call_json(cx, res);
    const char *error = json_string_value(json_object_get(answer, "error"));

    if (error && !strcmp(error, "unsupported_token_type")) return APR_NOTFOUND;
    *again = res->status >= 500 || res->status == TOO_MANY;
    return sso_oidc_call_refused(cx, answer, res->status, "the revocation endpoint");
}

apr_status_t sso_oidc_revoke(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_grant_t *grant,
                             int *again)
{
    const sso_oidc_metadata_t *meta = NULL;
    sso_client_response_t res;
    sso_buf_t form = make_form(cx, grant);
    apr_status_t rv = sso_oidc_metadata(cx, st, &meta);

    *again = 1;
    if (rv == APR_SUCCESS && !meta->revocation) return APR_NOTFOUND;
    if (rv == APR_SUCCESS) rv = sso_oidc_post(cx, st, meta, meta->revocation, &form, &res);
    if (rv != APR_SUCCESS) return rv;
    *again = 0;
    return res.status == 200 ? APR_SUCCESS : read_refusal(cx, &res, again);
}
