/*
 * login.c - a login from its start to its session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/login.h"

#include "base/codec.h"
#include "base/trace.h"
#include "base/url.h"
#include "core/account_live.h"
#include "core/account_login.h"
#include "core/account_sync.h"
#include "core/event.h"
#include "core/idp.h"
#include "core/landing.h"
#include "core/page.h"
#include "core/session.h"
#include "core/trial.h"

#include <apr_strings.h>

#define LOOP_WINDOW 60 /* seconds */
#define LOOP_MOST   5  /* logins of one browser in it */
#define LOOP_COOKIE "loop"

/* ---- start ---- */

static apr_status_t check_tls(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req)
{
    if (req->https || idp->site->insecure_http) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_TLS, "%s was reached by plain http",
                    sso_log_quote(cx->pool, req->path, strlen(req->path), 128));
}

static apr_status_t check_active(sso_ctx_t *cx, const sso_idp_t *idp)
{
    const sso_provider_t *provider = idp->provider;

    switch (provider->set->active) {
    case SSO_ACTIVE_ON:
        return APR_SUCCESS;
    case SSO_ACTIVE_TEST:
        return sso_fail(cx, SSO_F_INACTIVE,
                        "provider %s is in test: only %s/test leads to it until SSOActive is on",
                        provider->name, idp->url);
    default:
        return sso_fail(cx, SSO_F_INACTIVE, "provider %s is off", provider->name);
    }
}

static apr_status_t check_start(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req)
{
    apr_status_t rv = check_tls(cx, idp, req);

    return rv == APR_SUCCESS ? check_active(cx, idp) : rv;
}

/* "<start of the window in seconds>.<logins in it>": the browser's own count, which it may forge to
 * its own harm only. 0 when there is none, or its window is over. */
static apr_int64_t read_count(sso_ctx_t *cx, sso_span_t value, apr_int64_t *since)
{
    const apr_int64_t now = apr_time_sec(cx->now);
    apr_int64_t then;
    char *end;

    if (value.n >= 32) return 0;
    then = apr_strtoi64(sso_span_text(cx->pool, value), &end, 10);
    if (*end != '.' || then > now || then <= now - LOOP_WINDOW) return 0;
    *since = then;
    return apr_strtoi64(end + 1, NULL, 10);
}

/* Where answers are posted from another site, so are those that begin a login anew: the count has to
 * come along. */
static apr_status_t count_start(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                                sso_reply_t *reply)
{
    const sso_site_t *site = idp->site;
    const char *name = apr_pstrcat(cx->pool, site->cookie, "-" LOOP_COOKIE, NULL);
    apr_int64_t since = apr_time_sec(cx->now);
    apr_int64_t count = 0;
    sso_span_t value;

    if (sso_cookie_get(req->cookie, name, &value) == APR_SUCCESS) {
        count = read_count(cx, value, &since);
    }
    if (count < 0 || count >= LOOP_MOST) {
        return sso_fail(cx, SSO_F_LOOP, "%d logins within a minute", LOOP_MOST);
    }
    sso_reply_header(cx, reply, "Set-Cookie",
                     sso_site_flow_cookie(
                         site, cx->pool, LOOP_COOKIE,
                         apr_psprintf(cx->pool, "%" APR_INT64_T_FMT ".%d", since, (int)count + 1),
                         apr_time_from_sec(LOOP_WINDOW), idp->provider->protocol->cross_site_post));
    return APR_SUCCESS;
}

static apr_status_t check_demand(sso_ctx_t *cx, const sso_idp_t *idp, const sso_demand_t *demand)
{
    const sso_provider_t *provider = idp->provider;
    const char *why = NULL;

    if (sso_demand_is_any(demand) && provider->protocol->objects) {
        why = provider->protocol->objects(cx->pool, provider, demand);
    }
    if (!why) return APR_SUCCESS;
    if (demand->silent) return sso_fail(cx, SSO_F_CONFIG, "provider %s %s", provider->name, why);
    return sso_fail(cx, demand->force || demand->max_age ? SSO_F_REAUTH : SSO_F_STEP_UP,
                    "provider %s %s", provider->name, why);
}

/* The session that this login may renew: the answer can arrive without its cookie. */
static void remember_session(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                             sso_flow_t *flow)
{
    sso_session_t session;

    if (sso_session_of(cx, site, req, &session) != APR_SUCCESS) {
        sso_ctx_clear(cx);
        return;
    }
    flow->session = sso_hex_encode(cx->pool, sso_span_of(session.key.b, sizeof(session.key.b)));
}

/* Several identity providers behind the block, and nobody has said which one: people choose, and a
 * silent login has nobody to ask. */
static apr_status_t ask_first(sso_ctx_t *cx, const sso_idp_t *idp, const char *return_path,
                              const sso_demand_t *demand, sso_reply_t *reply)
{
    if (demand && demand->silent) {
        return sso_fail(cx, SSO_F_IDP_UNKNOWN, "provider %s is several, and none was chosen before",
                        idp->provider->name);
    }
    sso_reply_redirect(
        reply, 302, sso_login_choose_url(cx, idp->site, idp->provider->name, return_path, demand));
    return APR_SUCCESS;
}

apr_status_t sso_login_start(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                             const char *return_path, const sso_demand_t *demand,
                             sso_reply_t *reply)
{
    const sso_protocol_t *protocol = idp->provider->protocol;
    sso_flow_t flow;
    apr_status_t rv = check_start(cx, idp, req);

    if (rv == APR_SUCCESS) rv = check_demand(cx, idp, demand);
    if (rv == APR_SUCCESS && sso_idp_must_ask(cx, idp, demand)) {
        return ask_first(cx, idp, return_path, demand, reply);
    }
    if (rv == APR_SUCCESS) rv = count_start(cx, idp, req, reply);
    if (rv == APR_SUCCESS) {
        rv = sso_flow_make(cx, idp->site, idp->provider->name, return_path, &flow);
    }
    if (rv != APR_SUCCESS) return rv;
    if (demand) flow.demand = *demand;
    remember_session(cx, idp->site, req, &flow);
    rv = protocol->start(cx, idp, &flow, reply);
    if (rv != APR_SUCCESS) return rv;
    return sso_flow_send(cx, idp->site, req, &flow, sso_protocol_posts_back(idp->provider), reply);
}

/* "return=...", and the fragment apart from it: logs show the one and not the other, which may hold
 * what is nobody's business. */
static const char *return_query(sso_ctx_t *cx, const char *landing)
{
    const char *place;
    const char *fragment;

    sso_landing_split(cx, landing, &place, &fragment);
    return apr_pstrcat(cx->pool, "return=", sso_percent_encode(cx->pool, sso_span(place)),
                       *fragment ? "&" SSO_LOGIN_FRAGMENT "=" : "",
                       sso_percent_encode(cx->pool, sso_span(fragment)), NULL);
}

const char *sso_login_url(sso_ctx_t *cx, const sso_site_t *site, const char *provider,
                          const char *return_path, const sso_demand_t *demand)
{
    return apr_pstrcat(cx->pool, site->base_url, site->path, "/login?provider=", provider, "&",
                       return_query(cx, return_path), sso_demand_query(cx->pool, demand), NULL);
}

const char *sso_login_choose_url(sso_ctx_t *cx, const sso_site_t *site, const char *among,
                                 const char *return_path, const sso_demand_t *demand)
{
    return apr_pstrcat(cx->pool, site->base_url, site->path, "/choose?", among ? "among=" : "",
                       among ? among : "", among ? "&" : "", return_query(cx, return_path),
                       sso_demand_query(cx->pool, demand), NULL);
}

/* ---- as others want it ---- */

/* R63. */
const char *sso_login_target(sso_ctx_t *cx, const sso_site_t *site, const char *target)
{
    sso_url_t url;
    const char *place = target;

    if (!target) return "/";
    if (*target != '/') {
        if (sso_url_parse(cx->pool, target, &url)) return "/";
        if (!strcmp(sso_url_origin(cx->pool, &url), site->base_url)) {
            place = url.query ? apr_pstrcat(cx->pool, url.path, "?", url.query, NULL) : url.path;
        }
    }
    return sso_landing_or_root(site, place);
}

int sso_login_is_done(sso_ctx_t *cx, const sso_idp_t *idp, const char *issuer,
                      const sso_request_t *req)
{
    sso_ctx_t aside = *cx;
    sso_session_t session;

    return sso_session_of(&aside, idp->site, req, &session) == APR_SUCCESS
           && !strcmp(session.provider, idp->provider->name)
           && (!issuer || !*issuer || !strcmp(session.issuer, issuer));
}

/* ---- finish ---- */

/* Where the login leads. R63, at the exit: whoever wrote it, it is of this site. */
static const char *landing_of(const sso_site_t *site, const sso_answer_t *answer)
{
    const char *path = answer->return_path;

    if (!path && answer->flow) path = answer->flow->return_path;
    return sso_landing_or_root(site, path);
}

/* Back to where the person wanted to go. A SameSite=Strict cookie is not sent on a redirect that
 * began at the provider's site, so such a login ends on a page of ours that goes on by itself. */
static void lead_back(sso_ctx_t *cx, const sso_site_t *site, const char *path, sso_reply_t *reply)
{
    sso_link_t link = {sso_landing_url(cx, site, path), "Continue"};

    if (site->samesite != SSO_SAMESITE_STRICT) {
        sso_reply_redirect(reply, 303, link.url);
        return;
    }
    sso_page_message(cx, "You are signed in", "You are being taken to the page you asked for.",
                     &link, 1, reply);
    sso_reply_lead(cx, reply, link.url);
}

static apr_status_t check_age(sso_ctx_t *cx, const sso_protocol_t *protocol, const sso_flow_t *flow)
{
    if (!flow || cx->now - flow->issued <= apr_time_from_sec(protocol->flow_age_sec)) {
        return APR_SUCCESS;
    }
    return sso_fail(cx, SSO_F_STATE_EXPIRED, "the login began %" APR_INT64_T_FMT " s ago",
                    (apr_int64_t)apr_time_sec(cx->now - flow->issued));
}

/* What can be told before the provider is asked about the answer: it is in time, and not spent. */
static apr_status_t open_answer(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                                const sso_flows_t *flows, sso_answer_t *answer)
{
    const sso_protocol_t *protocol = idp->provider->protocol;
    apr_status_t rv;

    if (!protocol->open) return APR_SUCCESS;
    rv = protocol->open(cx, idp, req, flows, answer);
    if (rv == APR_SUCCESS) rv = check_age(cx, protocol, answer->flow);
    if (rv == APR_SUCCESS) rv = sso_session_check_unspent(cx, idp, answer->once, answer->once_n);
    return rv;
}

/* In time, and what was asked for (rows 21 and 26). */
static apr_status_t check_answer(sso_ctx_t *cx, const sso_protocol_t *protocol,
                                 const sso_answer_t *answer)
{
    const sso_flow_t *flow = answer->flow;
    apr_status_t rv = check_age(cx, protocol, flow);

    if (rv != APR_SUCCESS || !flow) return rv;
    return sso_demand_check(cx, &flow->demand, flow->issued, answer->skew, answer->who);
}

/* What the protocol makes of the answer, and we of that. Before this nothing is spent. */
static apr_status_t verify(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                           const sso_flows_t *flows, sso_answer_t *answer)
{
    const sso_protocol_t *protocol = idp->provider->protocol;
    apr_status_t rv;

    if (sso_request_is_prefetch(req)) {
        return sso_fail(cx, SSO_F_METHOD, "an answer was only prefetched; it is not spent");
    }
    rv = open_answer(cx, idp, req, flows, answer);
    if (rv == APR_SUCCESS) rv = protocol->finish(cx, idp, req, flows, answer);
    return rv == APR_SUCCESS ? check_answer(cx, protocol, answer) : rv;
}

/* The session in this browser before the login: by its cookie, which a POST from another site comes
 * without, or as the flow remembers it. */
static apr_status_t find_before(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                                const sso_flow_t *flow, sso_session_t *out)
{
    sso_store_key_t key;

    if (sso_session_of(cx, idp->site, req, out) == APR_SUCCESS) return APR_SUCCESS;
    sso_ctx_clear(cx);
    if (!flow || sso_hex_decode(sso_span(flow->session), key.b, sizeof(key.b)) != APR_SUCCESS) {
        return APR_NOTFOUND;
    }
    return sso_session_by_key(cx, idp->site, &key, out);
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

/* To where the login led that the answer made, for a reload; for anything else rv. */
static apr_status_t lead_back_again(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                                    const sso_answer_t *answer, apr_status_t rv, sso_reply_t *reply)
{
    sso_session_t session;

    if (!is_reload(cx, idp, req, answer, &session)) return rv;
    sso_ctx_clear(cx);
    lead_back(cx, idp->site, session.landing, reply);
    return APR_SUCCESS;
}

/* ---- accounts ---- */

/* An authentic answer that bans is a sync message that came with the browser. */
static apr_status_t ban(sso_ctx_t *cx, const sso_idp_t *idp, const sso_identity_t *who)
{
    const sso_accounts_t *accounts = idp->site->accounts;
    const sso_account_claim_t claim = {
        .realm = sso_account_realm(cx->pool, idp->provider->protocol->name, who->issuer),
        .provider = idp->provider->name,
        .user_id = who->subject,
        .banned = 1};
    sso_account_did_t did;
    sso_account_t account;
    int ended = 0;
    apr_status_t rv = sso_account_sync(cx, accounts, idp->provider->set, &claim, NULL, &did,
                                       &account);

    if (rv == APR_SUCCESS) rv = sso_account_end(cx, accounts, account.id, &ended);
    if (rv != APR_SUCCESS) return rv;
    return sso_fail(cx, SSO_F_BANNED, "provider %s bans account %s; %d sessions ended",
                    idp->provider->name, account.id, ended);
}

/* The session is in the store, where whoever changes the record finds it; whoever changed it before
 * that is found here. What the login itself has changed, the person's other sessions show. */
static apr_status_t confirm(sso_ctx_t *cx, const sso_accounts_t *accounts, sso_account_did_t did,
                            sso_account_t *account)
{
    const char *id = account->id;
    sso_ctx_t aside = *cx;
    int changed = 0;
    int count;
    apr_status_t rv = sso_account_recheck(cx, accounts, account, &changed);

    if (rv == APR_SUCCESS && !changed && did != SSO_ACCOUNT_UPDATED) return rv;
    if (rv == APR_SUCCESS) return sso_account_follow(cx, accounts, id, &count);
    if (cx->err.fault == SSO_F_BANNED) (void)sso_account_end(&aside, accounts, id, &count);
    return rv; /* nobody has the session's cookie */
}

/* ---- admission ---- */

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
static void log_login(sso_ctx_t *cx, const sso_session_plan_t *plan)
{
    const char *user = plan->profile->user;

    SSO_INFO(cx, "%s signed in through %s", sso_log_quote(cx->pool, user, strlen(user), 128),
             plan->idp->provider->name);
    sso_event(cx, &(sso_event_t){.what = "login",
                                 .site = sso_site_name(plan->idp->site),
                                 .provider = plan->idp->provider->name,
                                 .protocol = plan->idp->provider->protocol->name,
                                 .issuer = plan->who->issuer,
                                 .user = user,
                                 .subject = plan->who->subject,
                                 .session = plan->made});
}

static apr_status_t admit(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                          const sso_answer_t *answer, sso_session_plan_t *plan, sso_reply_t *reply)
{
    sso_profile_t *profile = apr_palloc(cx->pool, sizeof(*profile));
    const sso_accounts_t *accounts = idp->site->accounts;
    sso_account_did_t did = SSO_ACCOUNT_UNCHANGED;
    sso_account_t account;
    sso_session_t *before = apr_palloc(cx->pool, sizeof(*before));
    apr_status_t rv = APR_SUCCESS;

    if (!accounts) rv = check_bans(cx, idp, answer->who);
    if (accounts && answer->who->banned) rv = ban(cx, idp, answer->who);
    if (rv == APR_SUCCESS) rv = sso_attrmap_apply(cx, idp->provider->set, answer->who, profile);
    if (rv == APR_SUCCESS && accounts)
        rv = sso_account_enter(cx, accounts, idp->provider, answer->who, profile, &did, &account);
    if (rv != APR_SUCCESS) return rv;
    plan->idp = idp;
    plan->who = answer->who;
    plan->profile = profile;
    plan->landing = landing_of(idp->site, answer);
    plan->made = apr_palloc(cx->pool, sizeof(*plan->made));
    if (find_before(cx, idp, req, answer->flow, before) == APR_SUCCESS) plan->before = before;
    sso_ctx_clear(cx);
    rv = sso_session_make(cx, req, plan, reply);
    if (rv == APR_SUCCESS && accounts) rv = confirm(cx, accounts, did, &account);
    if (rv != APR_SUCCESS) return rv;
    log_login(cx, plan);
    sso_count(idp->site->counts, SSO_COUNT_LOGINS);
    return APR_SUCCESS;
}

/* A verified answer becomes a session. */
static apr_status_t accept_answer(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                                  const sso_answer_t *answer, sso_reply_t *reply)
{
    sso_session_plan_t plan = {.idp = idp};
    apr_status_t rv;

    rv = sso_session_spend(cx, idp, answer->once, answer->once_n, plan.made_by);
    if (rv != APR_SUCCESS) return lead_back_again(cx, idp, req, answer, rv, reply);
    rv = admit(cx, idp, req, answer, &plan, reply);
    if (rv != APR_SUCCESS) return rv;
    if (answer->flow) {
        rv = sso_flow_linger(cx, idp->site, answer->flow, sso_protocol_posts_back(idp->provider),
                             reply);
    }
    lead_back(cx, idp->site, landing_of(idp->site, answer), reply);
    return rv;
}

/* What began at the provider begins anew here, as a login of this browser. */
static apr_status_t begin_again(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                                const sso_answer_t *answer, sso_reply_t *reply)
{
    const sso_demand_t demand = {.acr = "", .issuer = answer->begin_with};
    apr_status_t rv = sso_login_start(cx, idp, req, answer->begin_again, &demand, reply);

    /* 302 may keep the method. */
    if (rv == APR_SUCCESS && reply->kind == SSO_REPLY_REDIRECT) reply->status = 303;
    return rv;
}

static apr_status_t take_answer(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                                sso_answer_t *answer, sso_reply_t *reply)
{
    sso_flows_t *flows = apr_palloc(cx->pool, sizeof(*flows));
    const sso_flow_t *trial;
    apr_status_t rv = check_tls(cx, idp, req);

    if (rv != APR_SUCCESS) return rv;
    sso_flows_read(cx, idp->site, req, idp->provider->name, flows);
    trial = sso_request_is_prefetch(req) ? NULL : sso_trial_among(flows);
    if (trial) cx->trace = sso_trace_make(cx->pool);
    rv = trial ? APR_SUCCESS : check_active(cx, idp);
    if (rv == APR_SUCCESS) rv = verify(cx, idp, req, flows, answer);
    if (rv == APR_NOTFOUND) return rv;
    if (rv == APR_SUCCESS && answer->begin_again) {
        return begin_again(cx, idp, req, answer, reply);
    }
    if (rv == APR_SUCCESS || answer->flow) trial = sso_trial_is(answer->flow) ? answer->flow : NULL;
    if (trial) return sso_trial_report(cx, idp, req, trial, rv, answer, reply);
    if (rv == APR_SUCCESS) rv = check_active(cx, idp);
    if (rv != APR_SUCCESS) return lead_back_again(cx, idp, req, answer, rv, reply);
    return accept_answer(cx, idp, req, answer, reply);
}

/* Nobody asked for this login but us, so nobody is told but the log: that the provider does not know
 * the person is no news, anything else may be. */
static void go_on_anonymously(sso_ctx_t *cx, const sso_idp_t *idp, const sso_flow_t *flow,
                              sso_reply_t *reply)
{
    const int level = cx->err.fault == SSO_F_STATUS_PASSIVE ? SSO_LOG_INFO : SSO_LOG_WARN;

    sso_log(cx, level, "no silent login through %s: %s: %s [%s]", idp->provider->name,
            sso_error_code(cx), cx->err.log, sso_fault_info(cx->err.fault)->cure);
    if (level == SSO_LOG_WARN) {
        sso_event(cx, &(sso_event_t){.what = "failure",
                                     .why = sso_error_code(cx),
                                     .site = sso_site_name(idp->site),
                                     .provider = idp->provider->name,
                                     .protocol = idp->provider->protocol->name});
    }
    sso_ctx_clear(cx);
    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    sso_flow_end(cx, idp->site, flow, reply);
    sso_reply_redirect(reply, 303, sso_landing_url(cx, idp->site, flow->return_path));
}

apr_status_t sso_login_finish(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                              sso_reply_t *reply)
{
    sso_answer_t answer = {.who = NULL};
    apr_status_t rv = take_answer(cx, idp, req, &answer, reply);

    if (rv == APR_SUCCESS || rv == APR_NOTFOUND) return rv;
    if (!answer.flow || !answer.flow->demand.silent) return rv;
    go_on_anonymously(cx, idp, answer.flow, reply);
    return APR_SUCCESS;
}
