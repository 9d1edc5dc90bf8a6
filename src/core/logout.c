/*
 * logout.c - ending sessions: one's own, and those that a provider wants ended.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/logout.h"

#include "base/codec.h"
#include "base/url.h"
#include "core/landing.h"
#include "core/page.h"
#include "core/passive.h"
#include "core/release.h"
#include "crypto/random.h"

#include <apr_strings.h>

#define MOVED      "moved" /* parameter: from another name of the site, and whether it was meant there */
#define PROVED_FOR APR_TIME_C(60000000)

/* ---- pages ---- */

static sso_link_t way_on(sso_ctx_t *cx, const sso_site_t *site, const char *back)
{
    return (sso_link_t){sso_landing_url(cx, site, back ? back : "/"), "Go to the site"};
}

static void say_goodbye(sso_ctx_t *cx, const sso_site_t *site, const char *sentence,
                        const char *back, sso_reply_t *reply)
{
    const sso_link_t link = way_on(cx, site, back);

    if (back) {
        sso_reply_redirect(reply, 303, link.url);
    } else {
        sso_page_message(cx, "You are signed out", sentence, &link, 1, reply);
    }
}

/* The session here has ended, what should have happened elsewhere has not: the fault that says why
 * is logged, and the person is told what to do. */
static void say_unconfirmed(sso_ctx_t *cx, const sso_site_t *site, const char *back,
                            sso_reply_t *reply)
{
    const char *reference = "00000000";

    (void)sso_random_hex(cx, 4, &reference);
    sso_error_log(cx, SSO_LOG_ERROR, reference);
    sso_page_unconfirmed(cx,
                         "Your session on this site has ended, but the identity provider did not "
                         "confirm that you are signed out there. On a shared computer, close all "
                         "windows of the browser.",
                         reference, way_on(cx, site, back), reply);
    sso_ctx_clear(cx);
}

/* ---- one's own session ---- */

/* Where the query asks to go afterwards, if it is a place of this site, and what move() has sent
 * along; NULL otherwise. */
static apr_status_t read_question(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                                  const char **back, const char **moved)
{
    const char *wanted;
    sso_params_t params;
    apr_status_t rv = sso_request_query(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_params_text(cx, &params, "return", &wanted);
    if (rv == APR_SUCCESS) rv = sso_params_text(cx, &params, MOVED, moved);
    if (rv != APR_SUCCESS) return rv;
    *back = sso_landing_is(site, wanted) ? sso_landing_here(cx, site, req, wanted) : NULL;
    return APR_SUCCESS;
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

/* ---- from another name of the site ---- */

/* That whoever holds this session meant to end it. */
typedef struct {
    sso_store_key_t session;
    apr_time_t said;
} proof_t;

/* "" where it was not meant, or cannot be said: then the person is asked. */
static const char *proof_of(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                            const sso_session_t *session)
{
    const proof_t proof = {session->key, cx->now};
    const sso_span_t content = sso_span_of((const char *)&proof, sizeof(proof));
    sso_span_t sealed;

    if (!is_meant(req, site)) return "";
    if (sso_seal_close(cx, site->seal, "logout", content, &sealed) == APR_SUCCESS) {
        return sso_b64url_encode(cx->pool, sealed);
    }
    sso_ctx_clear(cx);
    return "";
}

static int is_proved(sso_ctx_t *cx, const sso_site_t *site, const char *text,
                     const sso_session_t *session)
{
    sso_span_t envelope;
    sso_span_t content;
    proof_t proof;

    if (sso_b64_decode(cx->pool, sso_span(text), SSO_B64_URL | SSO_B64_NOPAD, &envelope, NULL)
        || sso_seal_open(cx, site->seal, "logout", envelope, &content)
        || content.n != sizeof(proof)) {
        return 0;
    }
    memcpy(&proof, content.p, sizeof(proof));
    return !memcmp(&proof.session, &session->key, sizeof(proof.session)) && proof.said <= cx->now
           && cx->now - proof.said < PROVED_FOR;
}

/* A logout goes on where its cookie will be and the provider's answer will come: under the site's own
 * name, which would take the person for one of another site. */
static void move(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                 const sso_session_t *session, const char *back, sso_reply_t *reply)
{
    const int post = !strcmp(req->method, "POST");
    const sso_link_t link = {apr_pstrcat(cx->pool, site->base_url, site->path, "/logout?" MOVED "=",
                                         proof_of(cx, site, req, session), back ? "&return=" : "",
                                         back ? sso_percent_encode(cx->pool, sso_span(back)) : "",
                                         NULL),
                             "Continue"};

    if (!post) {
        sso_reply_redirect(reply, 303, link.url);
        return;
    }
    sso_page_message(cx, "One moment", "You are being taken to the page you asked for.", &link, 1,
                     reply);
    sso_reply_lead(cx, reply, link.url);
}

/* ---- one's own session, ended ---- */

/* The way to the provider behind a form that was sent to us: browsers hold the page of that form to
 * account for every redirect that follows, so there is a page in between. */
static void step_across(sso_ctx_t *cx, sso_reply_t *reply)
{
    const sso_link_t link = {reply->location, "Continue"};

    sso_page_message(cx, "You are signed out here",
                     "You are being taken to your identity provider, to be signed out there too.",
                     &link, 1, reply);
    sso_reply_lead(cx, reply, link.url);
}

/* What the protocol makes of it; APR_NOTFOUND: the provider is not told. */
static apr_status_t tell_provider(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                                  const sso_session_t *session, sso_flow_t *flow,
                                  sso_reply_t *reply)
{
    const sso_protocol_t *protocol = idp->provider->protocol;
    const sso_leaving_t who = {session->subject, session->sid, session->handle, session->issuer};
    apr_status_t rv;

    if (!protocol->logout) return APR_NOTFOUND;
    rv = protocol->logout(cx, idp, &who, flow, reply);
    if (rv != APR_SUCCESS || !*flow->request) return rv;
    return sso_flow_send(cx, idp->site, req, flow, protocol->cross_site_post, reply);
}

/* On to the provider, if it wants to know; the session has ended already. */
static apr_status_t leave(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                          const sso_session_t *session, const char *back, sso_reply_t *reply)
{
    const sso_idp_t *idp = apr_hash_get(site->idps, session->provider, APR_HASH_KEY_STRING);
    sso_flow_t flow = {.id = NULL};
    apr_status_t rv = sso_flow_make(cx, site, session->provider, back ? back : "/", &flow);

    flow.logout = 1;
    if (!back) flow.return_path = "";
    if (rv == APR_SUCCESS) rv = tell_provider(cx, idp, req, session, &flow, reply);
    if (rv == APR_NOTFOUND) {
        say_goodbye(cx, site, "Your session on this site has ended.", back, reply);
    } else if (rv != APR_SUCCESS) {
        say_unconfirmed(cx, site, back, reply);
    } else if (reply->kind == SSO_REPLY_REDIRECT && !strcmp(req->method, "POST")) {
        step_across(cx, reply);
    }
    return APR_SUCCESS;
}

apr_status_t sso_logout(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                        sso_reply_t *reply)
{
    int post = !strcmp(req->method, "POST");
    sso_session_t session;
    const char *back;
    const char *moved;
    apr_status_t rv = read_question(cx, site, req, &back, &moved);

    if (rv != APR_SUCCESS) return rv;
    if (!post && strcmp(req->method, "GET") != 0) {
        return sso_fail(cx, SSO_F_METHOD, "%s on the logout address",
                        sso_log_quote(cx->pool, req->method, strlen(req->method), 16));
    }
    rv = sso_session_of(cx, site, req, &session);
    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) return rv;
    if (rv == APR_NOTFOUND) {
        say_goodbye(cx, site, "Your session on this site has ended.", back, reply);
        return APR_SUCCESS;
    }
    if (post) rv = check_origin(cx, site, req);
    if (rv != APR_SUCCESS) return rv;
    if (!moved && sso_landing_is_elsewhere(site, req)) {
        move(cx, site, req, &session, back, reply);
        return APR_SUCCESS;
    }
    if (!post && !is_meant(req, site) && !(moved && is_proved(cx, site, moved, &session))) {
        ask_first(cx, site, back, &session, reply);
        return APR_SUCCESS;
    }
    SSO_INFO(cx, "%s signed out", sso_log_quote(cx->pool, session.user, strlen(session.user), 128));
    sso_passive_rest(cx, site, reply);
    rv = sso_session_end(cx, site, &session, reply);
    if (rv != APR_SUCCESS) return rv;
    sso_session_tell(cx, site, &session, "logout", NULL);
    sso_release_session(cx, site, &session);
    return leave(cx, site, req, &session, back, reply);
}

/* ---- what providers say ---- */

/* A message that is remembered nowhere may come again, and again end what it names: far better than
 * a logout that fails because the store is full. */
static apr_status_t spend(sso_ctx_t *cx, const sso_idp_t *idp, const sso_once_t *once)
{
    unsigned char unused[16];
    apr_status_t rv;

    if (!once->label) return APR_SUCCESS;
    rv = sso_session_spend(cx, idp, once, 1, unused);
    if (rv == APR_SUCCESS || cx->err.fault != SSO_F_STORE_FULL) return rv;
    SSO_WARN(cx, "provider %s: a logout could not be remembered as used: %s", idp->provider->name,
             cx->err.log);
    sso_ctx_clear(cx);
    return APR_SUCCESS;
}

static void log_ending(sso_ctx_t *cx, const sso_idp_t *idp, const sso_notice_t *notice,
                       const sso_ended_t *ended)
{
    const char *who = notice->ending.subject ? notice->ending.subject : "";

    SSO_INFO(cx, "provider %s signed out \"%s\": %d sessions ended", idp->provider->name,
             sso_log_quote(cx->pool, who, strlen(who), 128), ended->n);
}

static apr_status_t end_sessions(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                                 const sso_notice_t *notice, sso_reply_t *reply)
{
    const sso_site_t *site = idp->site;
    sso_ended_t ended = {0, 0};
    sso_session_t session;
    int has_own;
    apr_status_t rv = spend(cx, idp, &notice->once);

    if (rv != APR_SUCCESS) return rv;
    has_own = sso_session_of(cx, site, req, &session) == APR_SUCCESS;
    if (!has_own) sso_ctx_clear(cx);
    rv = sso_session_end_matching(cx, idp, &notice->ending, has_own ? &session : NULL, &ended);
    if (rv == APR_SUCCESS) {
        log_ending(cx, idp, notice, &ended);
    } else {
        sso_error_log(cx, SSO_LOG_ERROR, "none");
        sso_ctx_clear(cx);
    }
    if (ended.own) {
        sso_reply_header(cx, reply, "Set-Cookie", sso_site_session_cookie(site, cx->pool, NULL));
    }
    return idp->provider->protocol->answer(cx, idp, notice, rv == APR_SUCCESS, reply);
}

/* Where the logout was to lead; NULL: nowhere. R63, at the exit. */
static const char *goal_of(const sso_site_t *site, const sso_flow_t *flow)
{
    return sso_landing_is(site, flow->return_path) ? flow->return_path : NULL;
}

/* The provider's answer to the logout that began here. */
static apr_status_t complete(sso_ctx_t *cx, const sso_idp_t *idp, const sso_notice_t *notice,
                             sso_reply_t *reply)
{
    const sso_site_t *site = idp->site;
    const char *back = goal_of(site, notice->flow);
    const sso_link_t link = way_on(cx, site, back);

    sso_flow_end(cx, site, notice->flow, reply);
    if (notice->kind == SSO_NOTICE_CONFIRMED) {
        say_goodbye(cx, site, "You are signed out here and at the identity provider.", back, reply);
    } else if (notice->kind == SSO_NOTICE_PARTIAL) {
        sso_page_message(cx, "You are signed out here",
                         "You are also signed out at the identity provider, but not everywhere: "
                         "another site did not confirm. On a shared computer, close all windows of "
                         "the browser.",
                         &link, 1, reply);
    } else {
        (void)sso_fail(cx, SSO_F_LOGOUT_DENIED, "provider %s did not end the session: %s",
                       idp->provider->name, notice->words ? notice->words : "no reason given");
        say_unconfirmed(cx, site, back, reply);
    }
    return APR_SUCCESS;
}

/* R72: a message does not hold, but the person wanted to leave and has left. The logouts under way
 * stay: the true answer may still come. Without any it takes a GET to know: with a POST from another
 * site the session's cookie does not come. */
static int has_left(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                    const sso_flows_t *flows)
{
    sso_ctx_t aside = *cx;
    sso_session_t session;

    if (flows->n == 0 && (cx->err.fault != SSO_F_LOGOUT_UNKNOWN || !sso_request_is_read(req))) {
        return 0;
    }
    sso_ctx_clear(&aside);
    return sso_session_of(&aside, idp->site, req, &session) == APR_NOTFOUND;
}

static apr_status_t hear(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req, const char *leaf,
                         const sso_flows_t *flows, sso_reply_t *reply)
{
    sso_notice_t notice = {.flow = NULL};
    apr_status_t rv = idp->provider->protocol->hear(cx, idp, req, leaf, flows, &notice);

    if (rv != APR_SUCCESS) return rv;
    if (notice.kind == SSO_NOTICE_ENDS) return end_sessions(cx, idp, req, &notice, reply);
    return complete(cx, idp, &notice, reply);
}

static apr_status_t check_transport(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req)
{
    if (!req->https && !idp->site->insecure_http) {
        return sso_fail(cx, SSO_F_TLS, "a logout message came by plain http");
    }
    if (sso_request_is_prefetch(req)) {
        return sso_fail(cx, SSO_F_METHOD, "a logout message was only prefetched");
    }
    return APR_SUCCESS;
}

apr_status_t sso_logout_hear(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                             const char *leaf, sso_reply_t *reply)
{
    sso_flows_t *flows = apr_palloc(cx->pool, sizeof(*flows));
    apr_status_t rv = check_transport(cx, idp, req);

    if (rv != APR_SUCCESS) return rv;
    sso_flows_read_logouts(cx, idp->site, req, idp->provider->name, flows);
    rv = hear(cx, idp, req, leaf, flows, reply);
    if (rv == APR_SUCCESS || !has_left(cx, idp, req, flows)) return rv;
    say_unconfirmed(cx, idp->site, flows->n ? goal_of(idp->site, &flows->item[0]) : NULL, reply);
    return APR_SUCCESS;
}
