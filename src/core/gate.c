/*
 * gate.c - the single entrance: what happens to a request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/gate.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/url.h"
#include "base/when.h"
#include "core/assertion.h"
#include "core/choose.h"
#include "core/event.h"
#include "core/idp.h"
#include "core/kept.h"
#include "core/landing.h"
#include "core/login.h"
#include "core/logout.h"
#include "core/look.h"
#include "core/ownership.h"
#include "core/page.h"
#include "core/passive.h"
#include "core/setup.h"
#include "core/trial.h"
#include "core/vouch.h"
#include "crypto/random.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

#define MOVED    "moved" /* parameter of the login's address: from another name of the site */
#define JSON_MAX (8 * SSO_RECORD_MAX) /* bytes of a session shown, every one as \u00XX */

int sso_gate_is_ours(const sso_site_t *site, const char *path)
{
    if (!strncmp(path, site->path, site->path_len)
        && (path[site->path_len] == '/' || path[site->path_len] == '\0')) {
        return apr_hash_count(site->idps) > 0 || site->peers;
    }
    return site->aliases && apr_hash_get(site->aliases, path, APR_HASH_KEY_STRING);
}

/* ---- failures ---- */

/* Where to try again: only where trying again can help. */
static sso_link_t retry_link(sso_ctx_t *cx, const char *url)
{
    static const sso_fault_t in_vain[] = {
        SSO_F_BANNED,         SSO_F_CONFIG,          SSO_F_TLS,
        SSO_F_NOT_FOUND,      SSO_F_METHOD,          SSO_F_CSRF,
        SSO_F_NO_SESSION,     SSO_F_PEER_REQUIRE,    SSO_F_CROSS_SITE,
        SSO_F_BACKEND_WORKER, SSO_F_BACKEND_NAME,    SSO_F_BACKEND_UNKNOWN,
        SSO_F_BACKEND_STORE,  SSO_F_BACKEND_REFUSED, SSO_F_BACKEND_OFF,
        SSO_F_KEPT_SIZE,      SSO_F_KEPT_FULL};
    apr_size_t i;

    for (i = 0; i < sizeof(in_vain) / sizeof(in_vain[0]); i++) {
        if (cx->err.fault == in_vain[i]) return (sso_link_t){NULL, NULL};
    }
    return (sso_link_t){url, "Start again"};
}

static int wants_page(const sso_request_t *req)
{
    const char *accept = req->header(req, "Accept");
    const char *mode = req->header(req, "Sec-Fetch-Mode");

    if (mode) return !strcmp(mode, "navigate");
    return !req->header(req, "X-Requested-With") && accept && strstr(accept, "text/html");
}

const char *sso_gate_note(sso_ctx_t *cx)
{
    const char *reference = "00000000";

    if (cx->err.fault == SSO_F_NONE) (void)sso_fail(cx, SSO_F_INTERNAL, "failed without a fault");
    (void)sso_random_hex(cx, 4, &reference);
    sso_error_log(cx, cx->err.fault == SSO_F_NO_SESSION ? SSO_LOG_DEBUG : SSO_LOG_ERROR, reference);
    return reference;
}

/* The provider below whose name the path is; NULL: none's. */
static const sso_idp_t *idp_at(const sso_site_t *site, const char *path)
{
    const sso_idp_t *idp = site->aliases ? apr_hash_get(site->aliases, path, APR_HASH_KEY_STRING)
                                         : NULL;
    const char *rest = path + site->path_len + 1;

    if (idp || strncmp(path, site->path, site->path_len) != 0 || path[site->path_len] != '/') {
        return idp;
    }
    return apr_hash_get(site->idps, rest, (apr_ssize_t)strcspn(rest, "/"));
}

/* That somebody has no session is no failure, but why they are asked to sign in. */
static void tell_failure(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                         const char *reference)
{
    const sso_idp_t *idp = idp_at(site, req->path);

    if (cx->err.fault == SSO_F_NO_SESSION) return;
    sso_event(cx, &(sso_event_t){.what = "failure",
                                 .why = sso_error_code(cx),
                                 .reference = reference,
                                 .site = sso_site_name(site),
                                 .provider = idp ? idp->provider->name : NULL,
                                 .protocol = idp ? idp->provider->protocol->name : NULL});
}

/* Pages of this request are as the site wants them, in the person's language. */
static void set_look(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req)
{
    sso_look_t *look = apr_palloc(cx->pool, sizeof(*look));

    look->page_template = site->page_template;
    look->language = site->language ? (sso_language_t)(site->language - 1)
                                    : sso_language_of(req->header(req, "Accept-Language"));
    cx->look = look;
}

/* Whose answer it was, by a name that people know: that of a block is none. */
static void name_party(sso_ctx_t *cx, const sso_idp_t *idp)
{
    const char *label = idp ? sso_idp_label(idp) : NULL;

    if (cx->party || !idp || label == idp->provider->name) return;
    cx->party = label;
    cx->party_logo = sso_idp_logo(cx, idp);
}

/* retry: where the person may start again. */
static void fail_with(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                      const char *retry, sso_reply_t *reply)
{
    const char *reference = sso_gate_note(cx);

    set_look(cx, site, req);
    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    sso_count_fault(site->counts, cx->err.fault);
    tell_failure(cx, site, req, reference);
    if (wants_page(req)) {
        name_party(cx, idp_at(site, req->path));
        sso_page_error(cx, reference, retry_link(cx, retry), reply);
    } else {
        sso_page_error_json(cx, reference, reply);
    }
}

void sso_gate_fail(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                   sso_reply_t *reply)
{
    fail_with(cx, site, req, apr_pstrcat(cx->pool, site->base_url, "/", NULL), reply);
}

/* A login that begins with a form begins with a page. */
static apr_status_t finish_form(sso_ctx_t *cx, apr_status_t rv, sso_reply_t *reply)
{
    return rv == APR_SUCCESS && reply->kind == SSO_REPLY_FORM ? sso_page_form(cx, reply) : rv;
}

/* ---- protected places ---- */

static const char *name_at(const apr_array_header_t *list, int i)
{
    return APR_ARRAY_IDX(list, i, const char *);
}

static apr_status_t find_idp(sso_ctx_t *cx, const sso_site_t *site, const char *name,
                             const sso_idp_t **out)
{
    const sso_idp_t *idp = apr_hash_get(site->idps, name, APR_HASH_KEY_STRING);

    if (!idp)
        return sso_fail(cx, SSO_F_CONFIG, "SSO names %s, but no <SSOProvider %s> is defined", name,
                        name);
    *out = idp;
    return APR_SUCCESS;
}

/* The address of the login that fits this place: of its provider, or of the chooser among them. */
static const char *login_of(sso_ctx_t *cx, const sso_site_t *site, const sso_directory_t *dir,
                            const char *return_path)
{
    sso_demand_t demand = sso_directory_demand(cx->pool, dir);

    if (dir->providers->nelts == 1) {
        return sso_login_url(cx, site, name_at(dir->providers, 0), return_path, &demand);
    }
    return sso_login_choose_url(cx, site, apr_array_pstrcat(cx->pool, dir->providers, ','),
                                return_path, &demand);
}

static void answer_401(sso_ctx_t *cx, const char *login, sso_reply_t *reply)
{
    sso_buf_t b = sso_buf_make(cx->pool, 256, JSON_MAX);

    sso_buf_text(&b, "{\"error\":\"login_required\",\"login\":");
    sso_json_string(&b, login);
    sso_buf_text(&b, "}\n");
    sso_reply_body(reply, 401, "application/json", sso_buf_span(&b));
}

static int is_redirected(const sso_directory_t *dir, const sso_request_t *req)
{
    if (dir->unauthenticated == SSO_UNAUTH_AUTO) return sso_request_is_navigation(req);
    return dir->unauthenticated == SSO_UNAUTH_REDIRECT && sso_request_is_read(req);
}

/* A login begins where its cookies and its provider's answer will be: under the site's own name. moved:
 * the browser is there already, whatever a proxy makes of the name. */
static apr_status_t begin_login(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                                int moved, const char *landing, const sso_demand_t *demand,
                                sso_reply_t *reply)
{
    if (moved || !sso_landing_is_elsewhere(idp->site, req)) {
        return sso_login_start(cx, idp, req, landing, demand, reply);
    }
    sso_reply_redirect(
        reply, 302,
        apr_pstrcat(cx->pool, sso_login_url(cx, idp->site, idp->provider->name, landing, demand),
                    "&" MOVED "=1", NULL));
    return APR_SUCCESS;
}

/* Only a page of ours can see what stands behind '#' in the address, and send it along to the login. */
static int keeps_fragment(const sso_directory_t *dir, const sso_request_t *req)
{
    return dir->keep_fragment && sso_request_is_navigation(req);
}

/* Sent as a GET, whatever came. */
static apr_status_t see_other(apr_status_t rv, sso_reply_t *reply)
{
    if (rv == APR_SUCCESS && reply->kind == SSO_REPLY_REDIRECT) reply->status = 303;
    return rv;
}

static apr_status_t send_to_login(sso_ctx_t *cx, const sso_site_t *site, const sso_directory_t *dir,
                                  const sso_request_t *req, const char *back, sso_reply_t *reply)
{
    const sso_demand_t demand = sso_directory_demand(cx->pool, dir);
    const sso_idp_t *idp = NULL;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < dir->providers->nelts && rv == APR_SUCCESS; i++)
        rv = find_idp(cx, site, name_at(dir->providers, i), &idp);
    if (rv != APR_SUCCESS) return rv;
    if (dir->providers->nelts == 1) {
        return begin_login(cx, idp, req, 0, back, &demand, reply);
    }
    sso_reply_redirect(reply, 302, login_of(cx, site, dir, back));
    return APR_SUCCESS;
}

/* A browser asks before it sends what another site wrote, and never says who the person is (Fetch,
 * "CORS-preflight fetch"). The answer says nothing but that the address is there; what other sites
 * may do says the admin, by Header always set. The page itself is not asked. */
static int is_preflight(const sso_directory_t *dir, const sso_request_t *req)
{
    return dir->unauthenticated == SSO_UNAUTH_AUTO && !strcmp(req->method, "OPTIONS")
           && req->header(req, "Origin") && req->header(req, "Access-Control-Request-Method");
}

/* may_keep 0: somebody is here, whom this place does not know. Whoever signs in for it is somebody
 * else, for whom no form is kept. */
static apr_status_t refuse_stranger(sso_ctx_t *cx, const sso_site_t *site,
                                    const sso_directory_t *dir, sso_request_t *req, int may_keep,
                                    sso_reply_t *reply)
{
    sso_store_key_t person;

    if (dir->unauthenticated == SSO_UNAUTH_403) {
        return sso_fail(cx, SSO_F_NO_SESSION, "no session, and SSOUnauthenticated is 403");
    }
    if (is_redirected(dir, req)) {
        const char *landing = sso_landing_here(cx, site, req, req->target);

        if (!keeps_fragment(dir, req)) return send_to_login(cx, site, dir, req, landing, reply);
        sso_page_onward(cx, login_of(cx, site, dir, landing), SSO_LOGIN_FRAGMENT, SSO_LANDING_MAX,
                        reply);
        return APR_SUCCESS;
    }
    if (is_preflight(dir, req)) {
        sso_reply_body(reply, 200, "text/plain", sso_span(""));
        return APR_SUCCESS;
    }
    if (may_keep && sso_kept_wants(cx, site, dir, req, NULL, &person)) {
        const char *back;
        apr_status_t rv = sso_kept_put(cx, site, req, &person, &back, reply);

        if (rv == APR_SUCCESS) rv = send_to_login(cx, site, dir, req, back, reply);
        return see_other(rv, reply);
    }
    answer_401(cx, login_of(cx, site, dir, sso_landing_here(cx, site, req, "/")), reply);
    return APR_SUCCESS;
}

/* ---- requests of other sites ---- */

/* A WebSocket is opened by GET, and not held back from other sites by anything else. */
static int may_change(const sso_request_t *req)
{
    return (!sso_request_is_read(req) && strcmp(req->method, "OPTIONS") != 0)
           || req->header(req, "Upgrade");
}

apr_status_t sso_gate_check_origin(sso_ctx_t *cx, const sso_site_t *site,
                                   const sso_directory_t *dir, const sso_request_t *req)
{
    if (!dir->same_origin || !may_change(req)) return APR_SUCCESS;
    if (sso_request_is_same_origin(req, site->base_url)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CROSS_SITE, "%s does not come from a page of %s", req->method,
                    site->base_url);
}

/* ---- sessions that are too old or too weak ---- */

static int is_fresh(const sso_directory_t *dir, const sso_session_t *session, apr_time_t now)
{
    return !dir->reauth || now - session->auth_time <= dir->reauth;
}

static int is_strong(const sso_directory_t *dir, const sso_session_t *session)
{
    int i;

    if (!dir->step_up || !sso_directory_steps_up(dir)) return 1;
    for (i = 0; i < dir->step_up->nelts; i++) {
        if (!strcmp(session->acr, name_at(dir->step_up, i))) return 1;
    }
    return 0;
}

int sso_gate_admits(const sso_directory_t *dir, const sso_session_t *session, apr_time_t now)
{
    return sso_directory_accepts(dir, session->provider) && is_fresh(dir, session, now)
           && is_strong(dir, session);
}

/* In the words of RFC 9470, section 3, and with the address where a person gets there. */
static void answer_weak(sso_ctx_t *cx, const char *login, const sso_demand_t *demand,
                        sso_reply_t *reply)
{
    sso_buf_t b = sso_buf_make(cx->pool, 256, JSON_MAX);

    sso_buf_text(&b, "{\"error\":\"insufficient_user_authentication\"");
    if (demand->max_age) {
        sso_buf_format(&b, ",\"max_age\":%d", (int)apr_time_sec(demand->max_age));
    }
    if (*demand->acr) {
        sso_buf_text(&b, ",\"acr_values\":");
        sso_json_string(&b, demand->acr);
    }
    sso_buf_text(&b, ",\"login\":");
    sso_json_string(&b, login);
    sso_buf_text(&b, "}\n");
    sso_reply_body(reply, 401, "application/json", sso_buf_span(&b));
}

/* What the provider most likely calls the person. */
static const char *name_of(const sso_session_t *session)
{
    sso_shown_t email;

    return sso_session_get(session, "email", &email) == APR_SUCCESS ? email.value : session->user;
}

/* To the provider that the session is of, and only once: the answer is held to the demand. A login
 * that need only be stronger is not forced: the provider may know the person well enough. */
static apr_status_t refuse_weak(sso_ctx_t *cx, const sso_site_t *site, const sso_directory_t *dir,
                                sso_request_t *req, const sso_session_t *session,
                                sso_reply_t *reply)
{
    sso_demand_t demand = sso_directory_demand(cx->pool, dir);
    const sso_idp_t *idp;
    sso_store_key_t person;
    apr_status_t rv = find_idp(cx, site, session->provider, &idp);

    if (rv != APR_SUCCESS) return rv;
    demand.force = !is_fresh(dir, session, cx->now);
    demand.hint = name_of(session);
    if (sso_idp_is_member(cx, idp, session->issuer)) demand.issuer = session->issuer;
    if (dir->unauthenticated == SSO_UNAUTH_403) {
        return sso_fail(cx, SSO_F_NO_SESSION, "the login is too %s, and SSOUnauthenticated is 403",
                        demand.force ? "old" : "weak");
    }
    if (is_redirected(dir, req)) {
        const char *landing = sso_landing_here(cx, site, req, req->target);

        if (!keeps_fragment(dir, req)) {
            return begin_login(cx, idp, req, 0, landing, &demand, reply);
        }
        sso_page_onward(cx, sso_login_url(cx, site, session->provider, landing, &demand),
                        SSO_LOGIN_FRAGMENT, SSO_LANDING_MAX, reply);
        return APR_SUCCESS;
    }
    if (sso_kept_wants(cx, site, dir, req, session, &person)) {
        const char *back;

        rv = sso_kept_put(cx, site, req, &person, &back, reply);
        if (rv == APR_SUCCESS) rv = sso_login_start(cx, idp, req, back, &demand, reply);
        return see_other(rv, reply);
    }
    demand.hint = NULL;
    answer_weak(
        cx,
        sso_login_url(cx, site, session->provider, sso_landing_here(cx, site, req, "/"), &demand),
        &demand, reply);
    return APR_SUCCESS;
}

apr_status_t sso_gate_enter(sso_ctx_t *cx, const sso_site_t *site, const sso_directory_t *dir,
                            sso_request_t *req, sso_verdict_t *out)
{
    sso_session_t *session = apr_palloc(cx->pool, sizeof(*session));
    apr_status_t rv;
    int known;

    *out = (sso_verdict_t){.session = NULL};
    rv = sso_gate_check_origin(cx, site, dir, req);
    if (rv != APR_SUCCESS) return rv;
    if (!sso_directory_is_on(dir)) {
        return sso_fail(cx, SSO_F_CONFIG, "AuthType SSO, but no SSO line names a provider here");
    }
    rv = sso_session_of(cx, site, req, session);
    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) return rv;
    known = rv == APR_SUCCESS && sso_directory_accepts(dir, session->provider);
    if (known && is_fresh(dir, session, cx->now) && is_strong(dir, session)) {
        out->session = session;
        return APR_SUCCESS;
    }
    set_look(cx, site, req);
    rv = known ? refuse_weak(cx, site, dir, req, session, &out->reply)
               : refuse_stranger(cx, site, dir, req, rv == APR_NOTFOUND, &out->reply);
    return finish_form(cx, rv, &out->reply);
}

/* ---- silent attempts ---- */

/* The provider to ask silently: the one that was chosen last, if it is one of this place's, else the
 * first that is active and of which it is known whom to ask; none that does not answer. */
static const sso_idp_t *idp_to_try(sso_ctx_t *cx, const sso_site_t *site,
                                   const sso_directory_t *dir, const sso_request_t *req)
{
    const char *issuer;
    const sso_idp_t *idp = sso_choose_remembered(cx, site, req, &issuer);
    int i;

    if (idp && !sso_idp_is_down(idp) && sso_directory_accepts(dir, idp->provider->name)
        && (issuer || !sso_idp_must_ask(cx, idp, NULL))) {
        return idp;
    }
    for (i = 0; i < dir->providers->nelts; i++) {
        idp = apr_hash_get(site->idps, name_at(dir->providers, i), APR_HASH_KEY_STRING);
        if (idp && idp->provider->set->active == SSO_ACTIVE_ON && !sso_idp_is_down(idp)
            && !sso_idp_must_ask(cx, idp, NULL)) {
            return idp;
        }
    }
    return NULL;
}

int sso_gate_tries(sso_ctx_t *cx, const sso_site_t *site, const sso_directory_t *dir,
                   const sso_request_t *req, sso_reply_t *reply)
{
    const sso_idp_t *idp;

    if (dir->mode != SSO_MODE_PASSIVE || !sso_passive_may_try(site, req)) return 0;
    idp = idp_to_try(cx, site, dir, req);
    if (!idp) return 0;
    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    sso_passive_begin(cx, idp, req, reply);
    return 1;
}

/* ---- our own addresses ---- */

/* Where a login without "return" leads: where the person was going when another one began, as when a
 * site asks for a fresh token after its own login page; "/" of the name that was asked otherwise. */
static const char *interrupted_path(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req)
{
    sso_flows_t flows = {.n = 0};

    if (req->cookie) sso_flows_read(cx, idp->site, req, idp->provider->name, &flows);
    return flows.n ? flows.item[0].return_path : sso_landing_here(cx, idp->site, req, "/");
}

static apr_status_t serve_login(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                                sso_reply_t *reply)
{
    const char *back;
    const char *name;
    const char *chosen;
    const char *moved;
    const char *fragment;
    const sso_idp_t *idp;
    sso_demand_t demand;
    sso_params_t params;
    apr_status_t rv = sso_request_query(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_params_text(cx, &params, "return", &back);
    if (rv == APR_SUCCESS) rv = sso_params_text(cx, &params, "provider", &name);
    if (rv == APR_SUCCESS) rv = sso_params_text(cx, &params, "chosen", &chosen);
    if (rv == APR_SUCCESS) rv = sso_params_text(cx, &params, MOVED, &moved);
    if (rv == APR_SUCCESS) rv = sso_params_text(cx, &params, SSO_LOGIN_FRAGMENT, &fragment);
    if (rv == APR_SUCCESS) rv = sso_demand_read(cx, &params, &demand);
    if (rv != APR_SUCCESS) return rv;
    if (back || !name) back = sso_landing_here(cx, site, req, sso_landing_or_root(site, back));
    if (back && fragment) back = sso_landing_with_fragment(cx, site, back, sso_span(fragment));
    if (!name) {
        sso_reply_redirect(reply, 302, sso_login_choose_url(cx, site, NULL, back, &demand));
        return APR_SUCCESS;
    }
    idp = apr_hash_get(site->idps, name, APR_HASH_KEY_STRING);
    if (!idp) return sso_fail(cx, SSO_F_NOT_FOUND, "a login through an unknown provider");
    if (!sso_request_is_navigation(req)) {
        answer_401(cx, sso_login_url(cx, site, name, sso_landing_here(cx, site, req, "/"), &demand),
                   reply);
        return APR_SUCCESS;
    }
    if (chosen) sso_choose_remember(cx, idp, demand.issuer, reply);
    return begin_login(cx, idp, req, moved != NULL, back ? back : interrupted_path(cx, idp, req),
                       &demand, reply);
}

static apr_status_t serve_choose(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                                 sso_reply_t *reply)
{
    return sso_choose_serve(cx, site, req, reply);
}

static void member(sso_buf_t *b, const char *name, const char *value)
{
    sso_json_string(b, name);
    sso_buf_char(b, ':');
    sso_json_string(b, value);
}

/* Of the person; the session's own name is none. */
static void attribute_members(sso_ctx_t *cx, sso_buf_t *b, const sso_session_t *session)
{
    int n = 0;
    int i;

    for (i = 0; i < session->n; i++) {
        sso_shown_t shown = sso_session_shown(session, i);
        char *name = apr_pstrdup(cx->pool, shown.env + 4);
        char *c;

        if (shown.slot == SSO_SLOT_SESSION) continue;
        for (c = name; *c; c++)
            *c = (char)apr_tolower(*c);
        if (n++) sso_buf_char(b, ',');
        member(b, name, shown.value);
    }
}

/* One's own session, without anything that opens it. */
static apr_status_t serve_session(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                                  sso_reply_t *reply)
{
    sso_session_t session;
    sso_shown_t name;
    sso_buf_t b = sso_buf_make(cx->pool, 1024, JSON_MAX);
    apr_status_t rv = sso_session_of(cx, site, req, &session);

    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) return rv;
    if (rv == APR_NOTFOUND) {
        const char *here = sso_landing_here(cx, site, req, "/");

        answer_401(cx, sso_login_choose_url(cx, site, NULL, here, NULL), reply);
        return APR_SUCCESS;
    }
    sso_buf_text(&b, "{\"attributes\":{");
    attribute_members(cx, &b, &session);
    sso_buf_text(&b, "},");
    member(&b, "issuer", session.issuer);
    sso_buf_char(&b, ',');
    if (sso_session_get(&session, "session", &name) == APR_SUCCESS) {
        member(&b, "session", name.value);
        sso_buf_char(&b, ',');
    }
    if (session.auth_time) {
        member(&b, "authenticated", sso_when_text(cx->pool, session.auth_time));
        sso_buf_char(&b, ',');
    }
    if (*session.acr) {
        member(&b, "acr", session.acr);
        sso_buf_char(&b, ',');
    }
    member(&b, "created", sso_when_text(cx->pool, session.created));
    sso_buf_char(&b, ',');
    member(&b, "expires", sso_when_text(cx->pool, session.expires));
    sso_buf_format(&b, ",\"idle_seconds\":%d}\n", (int)apr_time_sec(session.idle));
    sso_reply_body(reply, 200, "application/json", sso_buf_span(&b));
    return APR_SUCCESS;
}

static apr_status_t serve_passive(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                                  sso_reply_t *reply)
{
    return sso_passive_serve(cx, site, req, reply);
}

/* The keys of assertions; none where nobody can sign in, so that nothing can be asserted. */
static apr_status_t serve_keys(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                               sso_reply_t *reply)
{
    (void)req;
    if (!site->assertions || !apr_hash_count(site->idps)) {
        return sso_fail(cx, SSO_F_NOT_FOUND, "nothing is asserted here");
    }
    sso_reply_body(reply, 200, "application/json", site->assertions->key_set);
    reply->cacheable = SSO_ASSERTION_KEYS_AGE;
    return APR_SUCCESS;
}

static apr_status_t serve_kept(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                               sso_reply_t *reply)
{
    return sso_kept_serve(cx, site, req, reply);
}

static const struct {
    const char *leaf;
    apr_status_t (*serve)(sso_ctx_t *, const sso_site_t *, sso_request_t *, sso_reply_t *);
} addresses[] = {
    {"login", serve_login},           {"choose", serve_choose},
    {"session", serve_session},       {SSO_PASSIVE_LEAF, serve_passive},
    {SSO_ASSERTION_LEAF, serve_keys}, {SSO_KEPT_LEAF, serve_kept},
};

/* What arrives where answers to logins do may be about a logout: some providers know one address
 * for everything. */
static apr_status_t serve_callback(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                                   sso_reply_t *reply)
{
    apr_status_t rv = sso_login_finish(cx, idp, req, reply);

    if (rv != APR_NOTFOUND) return rv;
    return sso_logout_hear(cx, idp, req, idp->provider->protocol->callback, reply);
}

static int is_about_sessions(const sso_protocol_t *protocol, const char *leaf)
{
    const char *const *notice = protocol->notices;

    while (notice && *notice && strcmp(*notice, leaf) != 0)
        notice++;
    return notice && *notice;
}

/* An address below a provider's name: its callback is the login's, its notices the logout's, its pages
 * for people who set it up are the same for all, the rest is the protocol's. */
static apr_status_t serve_provider(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                                   const char *leaf, sso_reply_t *reply)
{
    const sso_protocol_t *protocol = idp->provider->protocol;
    apr_status_t rv;

    if (!strcmp(leaf, protocol->callback)) return serve_callback(cx, idp, req, reply);
    if (is_about_sessions(protocol, leaf)) return sso_logout_hear(cx, idp, req, leaf, reply);
    if (!strcmp(leaf, "setup")) return sso_setup_serve(cx, idp, req, reply);
    if (!strcmp(leaf, "test")) return sso_trial_serve(cx, idp, req, reply);
    rv = protocol->serve(cx, idp, req, leaf, reply);
    if (rv == APR_NOTFOUND)
        return sso_fail(cx, SSO_F_NOT_FOUND, "%s has no such address", protocol->name);
    return rv;
}

static apr_status_t serve_own(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                              const char *rest, sso_reply_t *reply)
{
    apr_size_t i;

    if (!strcmp(rest, "logout")) return sso_logout(cx, site, req, reply);
    if (!strcmp(rest, SSO_OWNERSHIP_LEAF)) return sso_ownership_serve(cx, site, req, reply);
    for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        if (strcmp(rest, addresses[i].leaf) != 0) continue;
        if (sso_request_is_read(req)) return addresses[i].serve(cx, site, req, reply);
        return sso_fail(cx, SSO_F_METHOD, "%s on %s", req->method, addresses[i].leaf);
    }
    return sso_fail(cx, SSO_F_NOT_FOUND, "no such address below SSOPath");
}

static apr_status_t route(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                          sso_reply_t *reply)
{
    const sso_idp_t *idp;
    const char *rest;
    const char *slash;

    idp = site->aliases ? apr_hash_get(site->aliases, req->path, APR_HASH_KEY_STRING) : NULL;
    if (idp) return serve_callback(cx, idp, req, reply);
    rest = req->path + site->path_len + (req->path[site->path_len] == '/');
    slash = strchr(rest, '/');
    if (!slash) return serve_own(cx, site, req, rest, reply);
    idp = apr_hash_get(site->idps, rest, slash - rest);
    if (!idp) return sso_fail(cx, SSO_F_NOT_FOUND, "no provider of that name");
    return serve_provider(cx, idp, req, slash + 1, reply);
}

/* At a peer's address, who cannot be helped here may start again over there. */
static void serve_peer(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                       const char *leaf, sso_reply_t *reply)
{
    const char *retry;

    if (finish_form(cx, sso_vouch(cx, asker, req, leaf, reply), reply) == APR_SUCCESS) return;
    retry = sso_vouch_retry(cx, asker);
    fail_with(cx, asker->site, req, retry, reply);
}

int sso_gate_takes_user(const sso_site_t *site, const char *path)
{
    const char *leaf;

    return sso_vouch_find(site, path, &leaf) != NULL;
}

/* Where what failed begins anew: at the provider whose address it is, where people may sign in by it. */
static const char *retry_at(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req)
{
    const sso_idp_t *idp = idp_at(site, req->path);

    if (!idp || idp->provider->set->active != SSO_ACTIVE_ON) {
        return apr_pstrcat(cx->pool, site->base_url, "/", NULL);
    }
    return apr_pstrcat(cx->pool, site->base_url, site->path,
                       "/login?provider=", idp->provider->name, NULL);
}

void sso_gate_serve(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req, sso_reply_t *reply)
{
    const char *leaf;
    const sso_asker_t *asker = sso_vouch_find(site, req->path, &leaf);

    set_look(cx, site, req);
    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    if (asker) {
        serve_peer(cx, asker, req, leaf, reply);
    } else if (finish_form(cx, route(cx, site, req, reply), reply) != APR_SUCCESS) {
        fail_with(cx, site, req, retry_at(cx, site, req), reply);
    }
}
