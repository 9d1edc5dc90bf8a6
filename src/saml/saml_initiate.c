/*
 * saml_initiate.c - reading the link, and what becomes of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_initiate.h"

#include "core/login.h"
#include "core/passive.h"

#include <apr_strings.h>

#define ENTITY_ID "entityID"
#define TARGET    "target"
#define PASSIVE   "isPassive"

typedef struct {
    sso_demand_t demand; /* issuer: who is to be asked; "" or NULL: not said */
    int passive;
    const char *target; /* local path and query */
} wish_t;

const char *sso_saml_initiate_url(const sso_idp_t *idp, apr_pool_t *pool)
{
    if (!idp->provider->set->saml_initiate) return NULL;
    return apr_pstrcat(pool, idp->url, "/initiate", (char *)NULL);
}

static apr_status_t read_entity_id(sso_ctx_t *cx, const sso_params_t *params, wish_t *wish)
{
    sso_span_t value;
    apr_status_t rv = sso_params_get(cx, params, ENTITY_ID, &value);

    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    return rv == APR_SUCCESS ? sso_demand_read_issuer(cx, ENTITY_ID, value, &wish->demand) : rv;
}

static apr_status_t read_target(sso_ctx_t *cx, const sso_idp_t *idp, const sso_params_t *params,
                                wish_t *wish)
{
    sso_span_t value;
    apr_status_t rv = sso_params_get(cx, params, TARGET, &value);

    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) return rv;
    wish->target = sso_login_target(cx, idp->site,
                                    rv == APR_SUCCESS ? sso_span_text(cx->pool, value) : NULL);
    return APR_SUCCESS;
}

static apr_status_t read_passive(sso_ctx_t *cx, const sso_params_t *params, wish_t *wish)
{
    sso_span_t value;
    apr_status_t rv = sso_params_get(cx, params, PASSIVE, &value);

    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    return rv == APR_SUCCESS ? sso_demand_read_flag(cx, PASSIVE, value, &wish->passive) : rv;
}

static apr_status_t read_wish(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                              wish_t *wish)
{
    sso_params_t params;
    apr_status_t rv = sso_request_query(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_demand_read(cx, &params, &wish->demand);
    if (rv == APR_SUCCESS) rv = read_entity_id(cx, &params, wish);
    if (rv == APR_SUCCESS) rv = read_target(cx, idp, &params, wish);
    if (rv == APR_SUCCESS) rv = read_passive(cx, &params, wish);
    if (rv != APR_SUCCESS || !wish->passive || !sso_demand_is_any(&wish->demand)) return rv;
    return sso_fail_about(cx, SSO_F_MALFORMED, PASSIVE,
                          "a login that asks nobody cannot be one anew, or a stronger one");
}

apr_status_t sso_saml_initiate(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                               sso_reply_t *reply)
{
    wish_t wish = {.demand = {.acr = ""}};
    apr_status_t rv;

    if (!sso_request_is_read(req)) {
        return sso_fail(cx, SSO_F_METHOD, "a login is initiated with GET");
    }
    if (!sso_request_is_navigation(req)) {
        return sso_fail(cx, SSO_F_FRAME, "a login was initiated from a frame or a script");
    }
    rv = read_wish(cx, idp, req, &wish);
    if (rv != APR_SUCCESS) return rv;
    if (!sso_demand_is_any(&wish.demand) && sso_login_is_done(cx, idp, wish.demand.issuer, req)) {
        sso_reply_redirect(reply, 303,
                           apr_pstrcat(cx->pool, idp->site->base_url, wish.target, (char *)NULL));
        return APR_SUCCESS;
    }
    if (wish.passive) {
        sso_passive_try(cx, idp, req, wish.target, wish.demand.issuer, reply);
        return APR_SUCCESS;
    }
    return sso_login_start(cx, idp, req, wish.target, &wish.demand, reply);
}
