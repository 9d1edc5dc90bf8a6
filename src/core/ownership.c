/*
 * ownership.c - the page on which somebody becomes the site's owner.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/ownership.h"

#include "core/account_live.h"
#include "core/account_owner.h"
#include "core/login.h"
#include "core/markup.h"
#include "core/page.h"
#include "core/session.h"

#include <apr_strings.h>

#define FORM_MAX 1024 /* bytes */
#define CODE_MAX 64

static const char *own_url(sso_ctx_t *cx, const sso_site_t *site)
{
    return apr_pstrcat(cx->pool, site->base_url, site->path, "/" SSO_OWNERSHIP_LEAF, NULL);
}

/* Through the provider whose people may own. */
static apr_status_t send_to_login(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                                  sso_reply_t *reply)
{
    const char *path = apr_pstrcat(cx->pool, site->path, "/" SSO_OWNERSHIP_LEAF, NULL);

    if (!sso_request_is_navigation(req) || strcmp(req->method, "GET") != 0) {
        return sso_fail(cx, SSO_F_NO_SESSION, "nobody is signed in who could own the site");
    }
    sso_reply_redirect(reply, 302,
                       sso_login_url(cx, site, site->accounts->owner.provider, path, NULL));
    return APR_SUCCESS;
}

static void ask(sso_ctx_t *cx, const sso_site_t *site, const char *user, sso_reply_t *reply)
{
    sso_markup_t page = sso_markup_open(cx, "Own this site?", SSO_MARKUP_CARD);

    sso_markup_about(&page, "You are signed in as %s. Whoever runs this server has a code for you.",
                     user);
    sso_buf_text(&page.buf, "<form method=\"post\" action=\"");
    sso_buf_escaped(&page.buf, own_url(cx, site));
    sso_buf_format(&page.buf,
                   "\"><p><label>%s <input name=\"code\" required autocomplete=\"off\" "
                   "autofocus></label></p>\n",
                   sso_markup_words(&page, "Code"));
    sso_markup_button(&page, "Own this site");
    sso_buf_text(&page.buf, "</form>");
    sso_markup_close(cx, &page, 200, "'self'", reply);
}

static apr_status_t read_code(sso_ctx_t *cx, sso_request_t *req, const char **out)
{
    sso_params_t form;
    sso_span_t value;
    apr_status_t rv = sso_request_form(cx, req, FORM_MAX, &form);

    if (rv == APR_SUCCESS) rv = sso_params_get(cx, &form, "code", &value);
    if (rv == APR_NOTFOUND) return sso_fail_about(cx, SSO_F_PARAM_MISSING, "code", "no code");
    if (rv != APR_SUCCESS) return rv;
    if (value.n > CODE_MAX) return sso_fail_about(cx, SSO_F_PARAM_SIZE, "code", "no code of ours");
    *out = sso_span_text(cx->pool, value);
    return APR_SUCCESS;
}

static apr_status_t take(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                         const sso_session_t *session, sso_reply_t *reply)
{
    const sso_link_t link = {apr_pstrcat(cx->pool, site->base_url, "/", NULL), "Go on"};
    const sso_idp_t *idp = apr_hash_get(site->idps, session->provider, APR_HASH_KEY_STRING);
    sso_account_claim_t who = {.provider = session->provider, .user_id = session->subject};
    const char *code;
    const char *id;
    int count;
    apr_status_t rv;

    if (!idp) return sso_fail(cx, SSO_F_NO_SESSION, "the session's provider is no longer here");
    who.realm = sso_account_realm(cx->pool, idp->provider->protocol->name, session->issuer);
    rv = read_code(cx, req, &code);
    if (rv == APR_SUCCESS) rv = sso_account_owner_claim(cx, site->accounts, &who, code, &id);
    if (rv == APR_SUCCESS) rv = sso_account_follow(cx, site->accounts, id, &count);
    if (rv != APR_SUCCESS) return rv;
    sso_page_message(cx, "This site is yours", "You are its owner from now on.", &link, 1, reply);
    return APR_SUCCESS;
}

apr_status_t sso_ownership_serve(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                                 sso_reply_t *reply)
{
    sso_session_t session;
    apr_status_t rv;

    if (!site->accounts || !site->accounts->owner.code) {
        return sso_fail(cx, SSO_F_NOT_FOUND, "SSOOwner wants no code here");
    }
    rv = sso_session_of(cx, site, req, &session);
    if (rv == APR_NOTFOUND) return send_to_login(cx, site, req, reply);
    if (rv != APR_SUCCESS) return rv;
    if (!strcmp(req->method, "POST")) return take(cx, site, req, &session, reply);
    if (!sso_request_is_read(req)) return sso_fail(cx, SSO_F_METHOD, "%s", req->method);
    ask(cx, site, session.user, reply);
    return APR_SUCCESS;
}
