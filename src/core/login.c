/*
 * login.c - a login from its start to its session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/login.h"

#include "base/codec.h"
#include "base/url.h"
#include "core/page.h"
#include "core/session.h"

#include <apr_strings.h>

#define LOOP_WINDOW APR_TIME_C(60000000) /* a minute */
#define LOOP_MOST   5                    /* logins of one browser in it */
#define LOOP_COOKIE "loop"

/* ---- start ---- */

static apr_status_t check_start(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req)
{
    if (!req->https && !idp->site->insecure_http) {
        return sso_fail(cx, SSO_F_TLS, "%s was reached by plain http", req->path);
    }
    if (idp->provider->set->active != SSO_ACTIVE_ON) {
        return sso_fail(cx, SSO_F_INACTIVE, "provider %s is not active", idp->provider->name);
    }
    return APR_SUCCESS;
}

/* "<start of the window>.<logins in it>": the browser's own count, which it may forge to its own
 * harm only. */
static apr_status_t count_start(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                                sso_reply_t *reply)
{
    const char *name = apr_pstrcat(cx->pool, site->cookie, "-" LOOP_COOKIE, NULL);
    apr_time_t since = cx->now;
    apr_int64_t count = 0;
    sso_span_t value;

    if (sso_cookie_get(req->cookie, name, &value) == APR_SUCCESS && value.n < 32) {
        char *end;
        apr_time_t then = apr_time_from_sec(apr_strtoi64(sso_span_text(cx->pool, value), &end, 10));

        if (*end == '.' && then <= cx->now && cx->now - then < LOOP_WINDOW) {
            since = then;
            count = apr_strtoi64(end + 1, NULL, 10);
        }
    }
    if (count < 0 || count >= LOOP_MOST) {
        return sso_fail(cx, SSO_F_LOOP, "%d logins within a minute", LOOP_MOST);
    }
    sso_reply_header(cx, reply, "Set-Cookie",
                     sso_site_flow_cookie(site, cx->pool, LOOP_COOKIE,
                                          apr_psprintf(cx->pool, "%" APR_TIME_T_FMT ".%d",
                                                       apr_time_sec(since), (int)count + 1),
                                          LOOP_WINDOW, 0));
    return APR_SUCCESS;
}

apr_status_t sso_login_start(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                             const char *return_path, sso_reply_t *reply)
{
    const sso_protocol_t *protocol = idp->provider->protocol;
    sso_flow_t flow;
    apr_status_t rv = check_start(cx, idp, req);

    if (rv == APR_SUCCESS) rv = count_start(cx, idp->site, req, reply);
    if (rv == APR_SUCCESS) {
        rv = sso_flow_make(cx, idp->site, idp->provider->name, return_path, &flow);
    }
    if (rv == APR_SUCCESS) rv = protocol->start(cx, idp, &flow, reply);
    if (rv != APR_SUCCESS) return rv;
    return sso_flow_send(cx, idp->site, req, &flow, protocol->cross_site_post, reply);
}

const char *sso_login_url(sso_ctx_t *cx, const sso_site_t *site, const char *provider,
                          const char *return_path)
{
    return apr_pstrcat(cx->pool, site->base_url, site->path, "/login?provider=", provider,
                       "&return=", sso_percent_encode(cx->pool, sso_span(return_path)), NULL);
}

const char *sso_login_choose_url(sso_ctx_t *cx, const sso_site_t *site, const char *among,
                                 const char *return_path)
{
    return apr_pstrcat(
        cx->pool, site->base_url, site->path, "/choose?", among ? "among=" : "", among ? among : "",
        among ? "&return=" : "return=", sso_percent_encode(cx->pool, sso_span(return_path)), NULL);
}

/* ---- finish ---- */

/* Back to where the person wanted to go. A SameSite=Strict cookie is not sent on a redirect that
 * began at the provider's site, so such a login ends on a page of ours that goes on by itself. */
static void lead_back(sso_ctx_t *cx, const sso_site_t *site, const char *path, sso_reply_t *reply)
{
    sso_link_t link = {apr_pstrcat(cx->pool, site->base_url, path, NULL), "Continue"};

    if (site->samesite != SSO_SAMESITE_STRICT) {
        sso_reply_redirect(reply, 303, link.url);
        return;
    }
    sso_page_message(cx, "You are signed in", "You are being taken to the page you asked for.",
                     &link, 1, reply);
    sso_reply_header(cx, reply, "Refresh", apr_pstrcat(cx->pool, "0;url=", link.url, NULL));
}

/* The answer came once more from the browser whose session it made: a reload, or the back button. */
static int is_reload(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                     const sso_answer_t *answer, sso_session_t *session)
{
    sso_store_key_t key;

    return answer->once_n && sso_session_of(cx, idp->site, req, session) == APR_SUCCESS
           && sso_session_once_key(cx, idp, &answer->once[0], &key) == APR_SUCCESS
           && !memcmp(session->made_by, key.b, sizeof(key.b));
}

/* An authentic answer that revokes the person's access is remembered, not only refused. */
static apr_status_t check_bans(sso_ctx_t *cx, const sso_idp_t *idp, const sso_identity_t *who)
{
    int ended = 0;

    if (who->banned) {
        apr_status_t rv = sso_session_ban(cx, idp, who->subject, &ended);

        if (rv != APR_SUCCESS) return rv;
        return sso_fail(cx, SSO_F_BANNED, "provider %s bans this person; %d sessions ended",
                        idp->provider->name, ended);
    }
    if (!sso_session_is_banned(cx, idp, who->subject)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_BANNED, "a ban by provider %s stands", idp->provider->name);
}

/* Log lines name people by what the provider calls them, in a form that fits a line. */
static void log_login(sso_ctx_t *cx, const sso_idp_t *idp, const sso_profile_t *profile)
{
    SSO_INFO(cx, "%s signed in through %s",
             sso_log_quote(cx->pool, profile->user, strlen(profile->user), 128),
             idp->provider->name);
}

static apr_status_t admit(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                          const sso_answer_t *answer, sso_session_plan_t *plan, sso_reply_t *reply)
{
    sso_profile_t profile;
    apr_status_t rv = check_bans(cx, idp, answer->who);

    if (rv == APR_SUCCESS) rv = sso_attrmap_apply(cx, idp->provider->set, answer->who, &profile);
    if (rv != APR_SUCCESS) return rv;
    plan->idp = idp;
    plan->who = answer->who;
    plan->profile = &profile;
    plan->landing = answer->return_path;
    rv = sso_session_make(cx, req, plan, reply);
    if (rv == APR_SUCCESS) log_login(cx, idp, &profile);
    return rv;
}

apr_status_t sso_login_finish(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                              sso_reply_t *reply)
{
    sso_session_plan_t plan = {.idp = idp};
    sso_answer_t answer = {.who = NULL};
    sso_session_t session;
    sso_flows_t flows;
    apr_status_t rv = check_start(cx, idp, req);

    if (rv != APR_SUCCESS) return rv;
    sso_flows_read(cx, idp->site, req, idp->provider->name, &flows);
    rv = idp->provider->protocol->finish(cx, idp, req, &flows, &answer);
    if (rv == APR_SUCCESS) {
        rv = sso_session_spend(cx, idp, answer.once, answer.once_n, plan.made_by);
    }
    if (rv != APR_SUCCESS && is_reload(cx, idp, req, &answer, &session)) {
        sso_ctx_clear(cx);
        lead_back(cx, idp->site, session.landing, reply);
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) rv = admit(cx, idp, req, &answer, &plan, reply);
    if (rv != APR_SUCCESS) return rv;
    if (answer.flow) {
        rv = sso_flow_linger(cx, idp->site, answer.flow, idp->provider->protocol->cross_site_post,
                             reply);
    }
    lead_back(cx, idp->site, answer.return_path, reply);
    return rv;
}
