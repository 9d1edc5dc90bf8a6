/*
 * logout.c - ending one's own session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/logout.h"

#include "base/codec.h"
#include "base/url.h"
#include "core/page.h"

#include <apr_strings.h>

/* Where the query asks to go afterwards, if it is a place of this site; NULL otherwise. */
static apr_status_t wanted_return(sso_ctx_t *cx, const sso_request_t *req, const char **out)
{
    sso_params_t params;
    sso_span_t value;
    apr_status_t rv = sso_request_query(cx, req, &params);

    *out = NULL;
    if (rv == APR_SUCCESS) rv = sso_params_get(cx, &params, "return", &value);
    if (rv != APR_SUCCESS) return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
    *out = sso_span_text(cx->pool, value);
    if (!sso_url_is_local(*out, SSO_FLOW_RETURN_MAX)) *out = NULL;
    return APR_SUCCESS;
}

static void say_goodbye(sso_ctx_t *cx, const sso_site_t *site, const char *back, sso_reply_t *reply)
{
    sso_link_t link = {apr_pstrcat(cx->pool, site->base_url, "/", NULL), "Go to the site"};

    if (back) {
        sso_reply_redirect(reply, 303, apr_pstrcat(cx->pool, site->base_url, back, NULL));
    } else {
        sso_page_message(cx, "You are signed out", "Your session on this site has ended.", &link, 1,
                         reply);
    }
}

static void ask_first(sso_ctx_t *cx, const sso_site_t *site, const char *back,
                      const sso_session_t *session, sso_reply_t *reply)
{
    const char *query =
        back ? apr_pstrcat(cx->pool, "?return=", sso_percent_encode(cx->pool, sso_span(back)), NULL)
             : "";

    sso_page_confirm(cx, apr_pstrcat(cx->pool, site->base_url, site->path, "/logout", query, NULL),
                     session->user, reply);
}

/* R72: by a link of this site, or typed in; not by a page elsewhere, nor by a browser on its own. */
static int is_meant(const sso_request_t *req, const sso_site_t *site)
{
    return sso_request_is_same_origin(req, site->base_url) && !sso_request_is_prefetch(req);
}

static apr_status_t check_origin(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req)
{
    if (sso_request_is_same_origin(req, site->base_url)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CSRF, "a logout was posted from another site");
}

apr_status_t sso_logout(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                        sso_reply_t *reply)
{
    int post = !strcmp(req->method, "POST");
    sso_session_t session;
    const char *back;
    apr_status_t rv = wanted_return(cx, req, &back);

    if (rv != APR_SUCCESS) return rv;
    if (!post && strcmp(req->method, "GET") != 0) {
        return sso_fail(cx, SSO_F_METHOD, "%s on the logout address",
                        sso_log_quote(cx->pool, req->method, strlen(req->method), 16));
    }
    if (sso_session_of(cx, site, req, &session) != APR_SUCCESS) {
        say_goodbye(cx, site, back, reply);
        return APR_SUCCESS;
    }
    if (post) rv = check_origin(cx, site, req);
    if (rv != APR_SUCCESS) return rv;
    if (!post && !is_meant(req, site)) {
        ask_first(cx, site, back, &session, reply);
        return APR_SUCCESS;
    }
    SSO_INFO(cx, "%s signed out", sso_log_quote(cx->pool, session.user, strlen(session.user), 128));
    say_goodbye(cx, site, back, reply);
    return sso_session_end(cx, site, &session, reply);
}
