/*
 * trial.c - testing a provider.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/trial.h"

#include "base/codec.h"
#include "base/trace.h"
#include "core/account_login.h"
#include "core/idp.h"
#include "core/report.h"
#include "core/setup.h"

#include <apr_strings.h>

/* Stands where a login has the place to come back to, which begins with a slash (sso_flow_make sees
 * to that): so nothing but this file can mark a flow. The expected e-mail address is behind it. */
#define MARK          "test:"
#define EMAIL_MAX     254 /* bytes (RFC 5321, 4.5.3.1.3) */
#define MEMBERS_SHOWN 200 /* of several identity providers */

int sso_trial_is(const sso_flow_t *flow)
{
    return flow && flow->return_path && !strncmp(flow->return_path, MARK, sizeof(MARK) - 1);
}

const sso_flow_t *sso_trial_among(const sso_flows_t *flows)
{
    return flows->n && sso_trial_is(&flows->item[0]) ? &flows->item[0] : NULL;
}

static apr_status_t check_access(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req)
{
    const sso_provider_t *provider = idp->provider;
    const int active = provider->set->active;
    apr_status_t rv = sso_setup_check(cx, idp, req, active == SSO_ACTIVE_TEST);

    if (rv != APR_SUCCESS) return rv;
    if (!req->https && !idp->site->insecure_http) {
        return sso_fail(cx, SSO_F_TLS, "a test was reached by plain http");
    }
    if (active != SSO_ACTIVE_OFF) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_INACTIVE,
                    "provider %s is off; write SSOActive test to test it, SSOActive on to use it",
                    provider->name);
}

/* ---- the beginning ---- */

static const char *page_url(sso_ctx_t *cx, const sso_idp_t *idp)
{
    return apr_pstrcat(cx->pool, idp->url, "/test", NULL);
}

/* Which of several is tested: typed, or picked from the first that there are. */
static void write_members(sso_ctx_t *cx, sso_markup_t *m, const sso_idp_t *idp)
{
    const sso_member_query_t query = {.most = MEMBERS_SHOWN};
    apr_array_header_t *found = apr_array_make(cx->pool, 16, sizeof(sso_member_t));
    int i;

    if (sso_idp_members(cx, idp, &query, found) == 0) return;
    sso_buf_text(&m->buf, "<label for=\"i\">Identity provider, by its entity ID</label>"
                          "<input id=\"i\" name=\"idp\" required list=\"l\" autocomplete=\"off\">"
                          "<datalist id=\"l\">");
    for (i = 0; i < found->nelts; i++) {
        const sso_member_t *member = &APR_ARRAY_IDX(found, i, sso_member_t);

        sso_buf_text(&m->buf, "<option value=\"");
        sso_buf_escaped(&m->buf, member->issuer);
        sso_buf_text(&m->buf, "\">");
        sso_buf_escaped(&m->buf, member->label);
        sso_buf_text(&m->buf, "</option>");
    }
    sso_buf_text(&m->buf, "</datalist>");
}

static void write_form(sso_ctx_t *cx, sso_markup_t *m, const sso_idp_t *idp, const char *url)
{
    sso_buf_text(&m->buf, "<form method=\"get\" action=\"");
    sso_buf_escaped(&m->buf, url);
    sso_buf_text(&m->buf, "\">");
    write_members(cx, m, idp);
    sso_buf_text(&m->buf, "<label for=\"e\">E-mail address you will sign in with</label>"
                          "<input id=\"e\" name=\"email\" type=\"email\" autocomplete=\"off\" "
                          "placeholder=\"not needed\"><button>Test the sign-in</button></form>\n");
}

static void show_start(sso_ctx_t *cx, const sso_idp_t *idp, sso_reply_t *reply)
{
    const char *title = apr_pstrcat(cx->pool, "Test ", sso_setup_name(idp), NULL);
    sso_markup_t m = sso_markup_open(cx, title, SSO_MARKUP_SHEET);

    sso_setup_write_state(&m, idp);
    sso_markup_paragraph(&m, "You will be taken to the other side to sign in. What comes back is "
                             "checked as in a real login, and shown to you with every check: what "
                             "was expected, what came. No session is made, nobody is signed in or "
                             "out here.");
    sso_markup_paragraph(&m, "With an e-mail address the result says whether it was that person; "
                             "where the provider may be told whom to expect, it is.");
    write_form(cx, &m, idp, page_url(cx, idp));
    sso_markup_other_link(&m, apr_pstrcat(cx->pool, idp->url, "/setup", NULL),
                          "Back to the set-up page");
    sso_markup_close(cx, &m, 200, "'self'", reply);
}

/* The form's answer is a page of ours that goes on by itself: a redirect to the other side would be
 * one of the form, which its policy keeps here. */
static void lead_on(sso_ctx_t *cx, const sso_idp_t *idp, const char *email,
                    const sso_demand_t *demand, sso_reply_t *reply)
{
    const char *url = apr_pstrcat(cx->pool, page_url(cx, idp),
                                  "?begin=", sso_percent_encode(cx->pool, sso_span(email)),
                                  sso_demand_query(cx->pool, demand), NULL);
    sso_markup_t m = sso_markup_open(cx, "One moment", SSO_MARKUP_SHEET);

    sso_markup_paragraph(&m, "You are being taken to the other side, to sign in there.");
    sso_markup_link(&m, url, "Continue");
    sso_markup_close(cx, &m, 200, "'none'", reply);
    sso_reply_lead(cx, reply, url);
}

static apr_status_t begin(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                          const char *email, const char *issuer, sso_reply_t *reply)
{
    const sso_protocol_t *protocol = idp->provider->protocol;
    sso_flow_t flow;
    apr_status_t rv = sso_flow_make(cx, idp->site, idp->provider->name, "/", &flow);

    if (rv != APR_SUCCESS) return rv;
    flow.return_path = apr_pstrcat(cx->pool, MARK, email, NULL);
    if (*email) flow.demand.hint = email;
    flow.demand.issuer = issuer;
    rv = protocol->start(cx, idp, &flow, reply);
    if (rv != APR_SUCCESS) return rv;
    return sso_flow_send(cx, idp->site, req, &flow, sso_protocol_posts_back(idp->provider), reply);
}

/* A query parameter as text; NULL if absent. */
static apr_status_t query_text(sso_ctx_t *cx, sso_params_t *params, const char *name,
                               const char **out)
{
    sso_span_t value;
    apr_status_t rv = sso_params_get(cx, params, name, &value);

    *out = NULL;
    if (rv == APR_SUCCESS && (value.n > EMAIL_MAX || !sso_is_utf8(value))) {
        return sso_fail_about(cx, SSO_F_PARAM_SIZE, name, "%s is no e-mail address", name);
    }
    if (rv == APR_SUCCESS) *out = sso_span_text(cx->pool, value);
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

apr_status_t sso_trial_serve(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                             sso_reply_t *reply)
{
    const char *email = NULL;
    const char *go = NULL;
    sso_demand_t all;
    sso_demand_t demand = {.acr = ""}; /* of what may be demanded, whom to ask is all that counts */
    sso_params_t params;
    apr_status_t rv = check_access(cx, idp, req);

    if (rv == APR_SUCCESS && !sso_request_is_read(req)) {
        rv = sso_fail(cx, SSO_F_METHOD, "%s on the test page", req->method);
    }
    if (rv == APR_SUCCESS) rv = sso_request_query(cx, req, &params);
    if (rv == APR_SUCCESS) rv = query_text(cx, &params, "email", &email);
    if (rv == APR_SUCCESS) rv = query_text(cx, &params, "begin", &go);
    params.form = email != NULL; /* a form writes '+' for a space */
    if (rv == APR_SUCCESS) rv = sso_demand_read(cx, &params, &all);
    if (rv != APR_SUCCESS) return rv;
    demand.issuer = all.issuer;
    /* Other sites may lead to the page, never to the other side. */
    if (go && sso_request_is_navigation(req)
        && sso_request_is_same_origin(req, idp->site->base_url)) {
        return begin(cx, idp, req, go, demand.issuer, reply);
    }
    if (email && !go) {
        lead_on(cx, idp, email, &demand, reply);
    } else {
        show_start(cx, idp, reply);
    }
    return APR_SUCCESS;
}

/* ---- the end ---- */

static apr_status_t is_welcome(sso_ctx_t *cx, const sso_report_t *t)
{
    if (!t->who->banned && !sso_session_is_banned(cx, t->idp, t->who->subject)) {
        return APR_SUCCESS;
    }
    return sso_fail(cx, SSO_F_BANNED, "a login would be refused");
}

/* The record that the person would have, by the rules of first and later logins. */
static apr_status_t rehearse_account(sso_ctx_t *cx, const sso_report_t *t)
{
    const sso_accounts_t *accounts = t->idp->site->accounts;
    sso_account_claim_t claim;
    const char *would = "";
    apr_status_t rv;

    if (!accounts) return APR_SUCCESS;
    rv = sso_account_claim(cx, t->idp->provider, t->who, &t->profile, &claim);
    if (rv == APR_SUCCESS) {
        rv = sso_account_rehearse(cx, accounts, t->idp->provider->set, &claim, &would);
    }
    if (rv == APR_SUCCESS) sso_trace_see(cx, "What a login would do", "", would);
    sso_trace_step(cx, "the rules of accounts let the person in", rv);
    return rv;
}

/* What a login does with a verified answer, but for what would remain of it. */
static apr_status_t rehearse(sso_ctx_t *cx, sso_report_t *t)
{
    const sso_session_plan_t plan = {
        .idp = t->idp, .who = t->who, .profile = &t->profile, .landing = "/"};
    apr_status_t rv = is_welcome(cx, t);

    sso_trace_step(cx, "this person is not banned", rv);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_attrmap_apply(cx, t->idp->provider->set, t->who, &t->profile);
    sso_trace_step(cx, "the attributes make a user name, of an accepted domain", rv);
    if (rv == APR_SUCCESS) rv = rehearse_account(cx, t);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_session_preview(cx, &plan, &t->session);
    sso_trace_step(cx, "a session can be made of it", rv);
    return rv;
}

static void log_test(sso_ctx_t *cx, const sso_idp_t *idp)
{
    if (cx->err.fault == SSO_F_NONE) {
        SSO_INFO(cx, "test of provider %s: it works", idp->provider->name);
    } else {
        SSO_INFO(cx, "test of provider %s: %s: %s [%s]", idp->provider->name, sso_error_code(cx),
                 cx->err.log, sso_fault_info(cx->err.fault)->cure);
    }
}

apr_status_t sso_trial_report(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                              const sso_flow_t *flow, apr_status_t rv, const sso_answer_t *answer,
                              sso_reply_t *reply)
{
    sso_report_t report = {.idp = idp, .email = flow->return_path + sizeof(MARK) - 1};
    sso_ctx_t asking = *cx; /* whether it may be shown does not depend on how it went */

    sso_ctx_clear(&asking);
    if (check_access(&asking, idp, req) != APR_SUCCESS) {
        cx->err = asking.err;
        return APR_EGENERAL;
    }
    if (rv == APR_SUCCESS) {
        report.who = answer->who;
        (void)rehearse(cx, &report);
    }
    sso_report_write(cx, &report, reply);
    sso_flow_end(cx, idp->site, flow, reply);
    log_test(cx, idp);
    sso_ctx_clear(cx);
    return APR_SUCCESS;
}
