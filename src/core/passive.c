/*
 * passive.c - silent attempts, at most one every few minutes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/passive.h"

#include "base/codec.h"
#include "core/choose.h"
#include "core/landing.h"
#include "core/login.h"

#include <apr_strings.h>

#define COOKIE "passive"
#define MARK   "sso-passive=off" /* in the query of browsers that keep no cookies */

static int was_tried(const sso_site_t *site, const char *cookie)
{
    char name[256];
    sso_span_t value;

    apr_snprintf(name, sizeof(name), "%s-" COOKIE, site->cookie);
    return sso_cookie_get(cookie, name, &value) == APR_SUCCESS;
}

static int is_marked(const char *query)
{
    const char *at = query ? strstr(query, MARK) : NULL;

    return at && (at == query || at[-1] == '&') && strchr("&", at[sizeof(MARK) - 1]);
}

int sso_passive_may_try(const sso_site_t *site, const sso_request_t *req)
{
    return !strcmp(req->method, "GET") && req->header(req, "Sec-Fetch-Mode")
           && sso_request_is_navigation(req) && !is_marked(req->query)
           && sso_url_is_local(req->target, SSO_LANDING_MAX) && !was_tried(site, req->cookie)
           && !sso_landing_is_elsewhere(site, req);
}

static void remember(sso_ctx_t *cx, const sso_site_t *site, apr_interval_time_t age,
                     sso_reply_t *reply)
{
    sso_reply_header(cx, reply, "Set-Cookie",
                     sso_site_flow_cookie(site, cx->pool, COOKIE, "1", age, 0));
}

void sso_passive_begin(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                       sso_reply_t *reply)
{
    const sso_site_t *site = idp->site;

    remember(cx, site, SSO_PASSIVE_EVERY, reply);
    sso_reply_redirect(reply, 302,
                       apr_pstrcat(cx->pool, site->base_url, site->path,
                                   "/" SSO_PASSIVE_LEAF "?provider=", idp->provider->name,
                                   "&return=", sso_percent_encode(cx->pool, sso_span(req->target)),
                                   NULL));
}

void sso_passive_rest(sso_ctx_t *cx, const sso_site_t *site, sso_reply_t *reply)
{
    remember(cx, site, SSO_PASSIVE_REST, reply);
}

/* ---- our own address ---- */

static void go_back(sso_ctx_t *cx, const sso_site_t *site, const char *path, sso_reply_t *reply)
{
    sso_reply_redirect(reply, 302, sso_landing_url(cx, site, path));
}

static apr_status_t read_query(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                               const sso_idp_t **idp, const char **path)
{
    sso_params_t params;
    sso_span_t name;
    sso_span_t back;
    apr_status_t rv = sso_request_query(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_params_get(cx, &params, "provider", &name);
    if (rv == APR_SUCCESS) rv = sso_params_get(cx, &params, "return", &back);
    if (rv == APR_NOTFOUND) {
        return sso_fail(cx, SSO_F_PARAM_MISSING, "a silent login needs provider and return");
    }
    if (rv != APR_SUCCESS) return rv;
    *idp = apr_hash_get(site->idps, sso_span_text(cx->pool, name), APR_HASH_KEY_STRING);
    *path = sso_landing_or_root(site, sso_span_text(cx->pool, back));
    if (*idp) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_NOT_FOUND, "a silent login through an unknown provider");
}

void sso_passive_try(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                     const char *path, const char *issuer, sso_reply_t *reply)
{
    const sso_demand_t demand = {
        .silent = 1,
        .acr = "",
        .issuer = issuer && *issuer ? issuer : sso_choose_remembered_issuer(cx, idp, req)};

    if (sso_login_start(cx, idp, req, path, &demand, reply) == APR_SUCCESS) return;
    SSO_WARN(cx, "no silent login through %s: %s: %s [%s]", idp->provider->name, sso_error_code(cx),
             cx->err.log, sso_fault_info(cx->err.fault)->cure);
    sso_ctx_clear(cx);
    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    go_back(cx, idp->site, path, reply);
}

apr_status_t sso_passive_serve(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                               sso_reply_t *reply)
{
    const sso_idp_t *idp;
    const char *path;
    apr_status_t rv = read_query(cx, site, req, &idp, &path);

    if (rv != APR_SUCCESS) return rv;
    if (!was_tried(site, req->cookie)) {
        go_back(cx, site, sso_url_append(cx->pool, path, MARK), reply);
    } else if (!sso_request_is_navigation(req)) {
        go_back(cx, site, path, reply);
    } else {
        sso_passive_try(cx, idp, req, path, NULL, reply);
    }
    return APR_SUCCESS;
}
