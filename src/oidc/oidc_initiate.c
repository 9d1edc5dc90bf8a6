/*
 * oidc_initiate.c - third-party initiated login.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_initiate.h"

#include "base/codec.h"
#include "core/login.h"
#include "oidc/oidc_response.h"

#include <apr_strings.h>

#define BODY_MAX 16384
#define HINT_MAX 256 /* bytes; longer ones are left out */

typedef struct {
    const char *iss;
    const char *hint;   /* NULL: none that is passed on */
    const char *target; /* local path and query */
} wish_t;

static apr_status_t read_params(sso_ctx_t *cx, sso_request_t *req, sso_params_t *out)
{
    if (!strcmp(req->method, "POST")) return sso_request_form(cx, req, BODY_MAX, out);
    if (!strcmp(req->method, "GET")) return sso_request_query(cx, req, out);
    return sso_fail(cx, SSO_F_METHOD, "a login is initiated with GET or POST");
}

static apr_status_t read_wish(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                              wish_t *out)
{
    const char *target = NULL;
    sso_params_t params;
    apr_status_t rv = read_params(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "iss", &out->iss);
    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "login_hint", &out->hint);
    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "target_link_uri", &target);
    if (rv != APR_SUCCESS) return rv;
    out->target = sso_login_target(cx, site, target);
    if (out->hint && strlen(out->hint) > HINT_MAX) out->hint = NULL;
    return APR_SUCCESS;
}

apr_status_t sso_oidc_initiate(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                               sso_request_t *req, sso_reply_t *reply)
{
    wish_t wish = {NULL, NULL, "/"};
    sso_demand_t demand = {.acr = ""};
    apr_status_t rv = read_wish(cx, idp->site, req, &wish);

    if (rv != APR_SUCCESS) return rv;
    if (!wish.iss || strcmp(wish.iss, st->issuer) != 0) {
        return sso_fail_about(
            cx, SSO_F_OIDC_INITIATE, "iss", "iss is \"%s\", not %s",
            wish.iss ? sso_log_quote(cx->pool, wish.iss, strlen(wish.iss), 256) : "", st->issuer);
    }
    if (sso_login_is_done(cx, idp, NULL, req)) {
        sso_reply_redirect(reply, 303,
                           apr_pstrcat(cx->pool, idp->site->base_url, wish.target, NULL));
        return APR_SUCCESS;
    }
    demand.hint = wish.hint;
    return sso_login_start(cx, idp, req, wish.target, &demand, reply);
}
