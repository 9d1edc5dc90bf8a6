/*
 * hooks.c - the way of a request through httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/hooks.h"

#include "core/kept.h"
#include "httpd/adapt.h"
#include "httpd/authz.h"
#include "httpd/backend.h"
#include "httpd/expose.h"
#include "httpd/log.h"
#include "httpd/redact.h"
#include "httpd/renewals.h"
#include "httpd/resend.h"
#include "httpd/tenants.h"

#include <apr_strings.h>

static char auth_type[] = "SSO"; /* httpd wants it without const */

static const sso_site_t *site_of(request_rec *r)
{
    return sso_tenants_site_of(r);
}

static int is_ours(const request_rec *r)
{
    const sso_visit_t *visit = sso_visit_find(r);

    return visit && visit->ours;
}

static sso_memo_t *memo_of(conn_rec *c)
{
    sso_memo_t *memo = ap_get_module_config(c->conn_config, &sso_module);

    if (!memo) {
        memo = apr_pcalloc(c->pool, sizeof(*memo));
        ap_set_module_config(c->conn_config, &sso_module, memo);
    }
    return memo;
}

/* Most requests with a session are about to ask for it. What is computed here is not lost for those that
 * do: it is what they look for. */
static void expect_session(request_rec *r)
{
    const sso_site_t *site = sso_server_of(r->server)->site;
    sso_visit_t *visit = sso_visit_find(r);

    if (!visit || !visit->cookie || !site->store) return;
    visit->has_key = sso_session_expect(r->pool, site, visit->cookie, memo_of(r->connection),
                                        &visit->key)
                     == APR_SUCCESS;
}

/* The second step, when httpd has had something else to do, and with more to do before the session is
 * asked for: it looks at files and sections now. */
static void approach_session(const request_rec *r)
{
    const sso_visit_t *visit = sso_visit_find(r);

    if (!visit || !visit->has_key) return;
    sso_session_approach(sso_server_of(r->server)->site, &visit->key);
}

int sso_hooks_read(request_rec *r)
{
    if (!r->prev && !r->main) {
        sso_expose_scrub(r);
        expect_session(r);
        sso_redact_line(r);
    }
    return DECLINED;
}

/* ---- our own addresses ---- */

int sso_hooks_translate(request_rec *r)
{
    if (r->main || r->proxyreq == PROXYREQ_PROXY || !r->uri || r->uri[0] != '/') return DECLINED;
    approach_session(r);
    if (!sso_gate_is_ours(site_of(r), r->uri)) return DECLINED;
    sso_visit_of(r)->ours = 1;
    r->filename = apr_pstrcat(r->pool, "sso:", r->uri, NULL);
    return OK;
}

int sso_hooks_map(request_rec *r)
{
    return is_ours(r) ? OK : DECLINED;
}

/* At a peer's address, may another authentication of httpd say who the person is? Wherever an AuthType
 * holds that is not ours: the site's own, or one in <Location "/.sso/peer/NAME">. */
static int asks_httpd(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return type && strcasecmp(type, "SSO") != 0 && strcasecmp(type, "None") != 0
           && sso_gate_takes_user(site_of(r), r->uri);
}

int sso_hooks_access(request_rec *r)
{
    return is_ours(r) && !asks_httpd(r) ? OK : DECLINED;
}

/* handler: as of sso_adapt_send(). */
static int serve(request_rec *r, int handler)
{
    sso_ctx_t cx = sso_log_request_ctx(r);
    sso_request_t req;
    sso_reply_t reply;

    sso_adapt_request(r, site_of(r), &req);
    sso_gate_serve(&cx, site_of(r), &req, &reply);
    return sso_adapt_send(r, &reply, handler);
}

int sso_hooks_handle(request_rec *r)
{
    return is_ours(r) ? serve(r, 1) : DECLINED;
}

/* httpd skips authentication after an internal redirect when the section is the same object; for one
 * that comes from our addresses, which need no login, it must not. A tenant's addresses are known here: all
 * .htaccess files on the way have been read. */
int sso_hooks_guard(request_rec *r)
{
    const request_rec *q;

    if (sso_tenants_is_ours(r)) sso_visit_of(r)->ours = 1;
    for (q = r->prev; q; q = q->prev) {
        if (!is_ours(q) || r->per_dir_config != r->prev->per_dir_config) continue;
        r->per_dir_config = ap_merge_per_dir_configs(r->pool, r->per_dir_config,
                                                     ap_create_per_dir_config(r->pool));
        break;
    }
    return DECLINED;
}

/* ---- protected places ---- */

int sso_hooks_force(request_rec *r)
{
    const sso_directory_t *dir = sso_directory_of(r);

    if (is_ours(r)) return asks_httpd(r) ? OK : DECLINED;
    if (!sso_directory_is_on(dir) || dir->mode != SSO_MODE_REQUIRE) return DECLINED;
    return OK;
}

/* "Satisfy Any" would let in everybody whom the address rules let in; where SSO is asked for, they
 * are taken for not satisfied, so that httpd goes on to ask for the user. */
int sso_hooks_satisfy(request_rec *r)
{
    if (ap_satisfies(r) != SATISFY_ANY || sso_hooks_force(r) != OK) return DECLINED;
    return HTTP_UNAUTHORIZED;
}

/* Another AuthType rules an SSO line out: Basic for programs next to SSO for people. */
static int is_wanted(request_rec *r, const sso_directory_t *dir)
{
    const char *type = ap_auth_type(r);

    return type ? !strcasecmp(type, "SSO") : sso_directory_is_on(dir);
}

static int refuse(request_rec *r, sso_ctx_t *cx, const sso_request_t *req)
{
    sso_reply_t reply;

    sso_gate_fail(cx, site_of(r), req, &reply);
    return sso_adapt_send(r, &reply, 0);
}

static void welcome(request_rec *r, const sso_session_t *session)
{
    sso_visit_of(r)->session = session;
    sso_visit_of(r)->site = site_of(r);
    if (sso_session_is_due(session, r->request_time)) sso_renewals_note(r, site_of(r), session);
    r->user = apr_pstrdup(r->pool, session->user);
    r->ap_auth_type = auth_type;
}

/* A sub-request never starts a handshake: what it would send goes nowhere. */
static int check_subrequest(request_rec *r, const sso_directory_t *dir)
{
    const sso_session_t *session = sso_authz_session(r);

    if (!session || !sso_gate_admits(dir, session, r->request_time)) return HTTP_UNAUTHORIZED;
    welcome(r, session);
    return OK;
}

static apr_status_t check_line(sso_ctx_t *cx, request_rec *r, const sso_directory_t *dir)
{
    if (sso_tenant_is_named(dir)) return sso_tenants_check(cx, r);
    if (sso_directory_is_on(dir)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CONFIG, "AuthType SSO, but no SSO line names a provider here");
}

/* What a page of ours may have sent in place of a form that was kept over the login: the form instead,
 * or what came, once more. */
static int resend(request_rec *r, sso_ctx_t *cx, sso_request_t *req, const sso_session_t *session)
{
    sso_kept_t kept;
    sso_reply_t reply;
    sso_span_t body;
    apr_status_t rv = sso_request_body(cx, req, SSO_KEPT_PLACE_CHARS, &body);

    if (rv == APR_SUCCESS) rv = sso_kept_take(cx, site_of(r), req, session, body, &kept, &reply);
    if (rv == APR_NOTFOUND) {
        sso_resend_begin(r, body);
        return OK;
    }
    if (rv != APR_SUCCESS) return refuse(r, cx, req);
    if (reply.kind != SSO_REPLY_NONE) return sso_adapt_send(r, &reply, 0);
    sso_adapt_headers(r, &reply);
    sso_resend_as(r, kept.type, kept.body.n);
    sso_resend_begin(r, kept.body);
    return OK;
}

int sso_hooks_authn(request_rec *r)
{
    const sso_directory_t *dir = sso_directory_of(r);
    sso_verdict_t verdict;
    sso_request_t req;
    sso_ctx_t cx;

    if (is_ours(r) || !is_wanted(r, dir)) return DECLINED;
    if (r->main && sso_directory_is_on(dir)) return check_subrequest(r, dir);
    if (r->prev) sso_resend_insert(r); /* the form may have to be kept once more */
    cx = sso_log_request_ctx(r);
    sso_adapt_request(r, site_of(r), &req);
    if (check_line(&cx, r, dir) != APR_SUCCESS
        || sso_gate_enter(&cx, site_of(r), dir, &req, &verdict) != APR_SUCCESS) {
        return r->main ? HTTP_INTERNAL_SERVER_ERROR : refuse(r, &cx, &req);
    }
    if (!verdict.session) return sso_adapt_send(r, &verdict.reply, 0);
    welcome(r, verdict.session);
    return sso_resend_may(r, dir) ? resend(r, &cx, &req, verdict.session) : OK;
}

/* ---- handing on ---- */

/* Where a login is not required nobody has asked for the session yet. *out NULL: nobody is here, or
 * not as the place wants it. Fails where that cannot be known: SSO_F_SESSION_STORE. */
static apr_status_t find_here(request_rec *r, sso_ctx_t *cx, const sso_directory_t *dir,
                              const sso_session_t **out)
{
    apr_status_t rv;

    *out = NULL;
    if (!r->user && dir->mode == SSO_MODE_REQUIRE) return APR_SUCCESS;
    rv = sso_authz_find(r, cx, out);
    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    if (rv == APR_SUCCESS && !sso_gate_admits(dir, *out, r->request_time)) *out = NULL;
    return rv;
}

/* Is the browser sent on a silent attempt? Not by what is only a part of an answer. */
static int tries(request_rec *r, const sso_directory_t *dir, sso_reply_t *reply)
{
    sso_request_t req;
    sso_ctx_t cx;

    if (dir->mode != SSO_MODE_PASSIVE || r->main || r->prev) return 0;
    cx = sso_log_request_ctx(r);
    sso_adapt_request(r, site_of(r), &req);
    return sso_gate_tries(&cx, site_of(r), dir, &req, reply);
}

/* Places that let in without a login, or by another one, have not asked sso_gate_enter(). */
static int is_foreign(request_rec *r, const sso_directory_t *dir, int *status)
{
    sso_ctx_t cx = sso_log_request_ctx(r);
    sso_request_t req;

    sso_adapt_request(r, site_of(r), &req);
    if (sso_gate_check_origin(&cx, site_of(r), dir, &req) == APR_SUCCESS) return 0;
    *status = r->main ? HTTP_FORBIDDEN : refuse(r, &cx, &req);
    return 1;
}

/* Nobody is let through as less than they are. */
static int refuse_less(request_rec *r, sso_ctx_t *cx)
{
    sso_request_t req;

    sso_adapt_request(r, site_of(r), &req);
    return r->main ? HTTP_INTERNAL_SERVER_ERROR : refuse(r, cx, &req);
}

static int refuse_long(request_rec *r, const sso_directory_t *dir, apr_size_t bytes)
{
    sso_ctx_t cx = sso_log_request_ctx(r);

    (void)sso_fail(&cx, SSO_F_HEADER_SIZE,
                   "the identity headers of %s have %" APR_SIZE_T_FMT
                   " bytes, SSOHeaderMax is %" APR_INT64_T_FMT,
                   sso_log_quote(r->pool, r->user, strlen(r->user), 128), bytes, dir->header_max);
    return refuse_less(r, &cx);
}

/* A backend takes the absence of an assertion for nobody: without one the request goes no further. The
 * head of the request may have taken its time: an assertion is of now. */
static int hand_on_assertion(request_rec *r, const sso_directory_t *dir,
                             const sso_session_t *session)
{
    sso_ctx_t cx = sso_log_request_ctx(r);

    cx.now = apr_time_now();
    return sso_expose_assertion(&cx, r, dir, session) == APR_SUCCESS ? DECLINED
                                                                     : refuse_less(r, &cx);
}

/* A tenant's word holds at the tenant's site. A part of the request, or what it is sent on to, may lie
 * elsewhere, and have a backend that believes this server's headers. What was said last before counts: when
 * that was said, all before it had been taken out. */
static void forget_tenants_word(request_rec *r)
{
    const request_rec *q;

    for (q = r; q; q = q->main ? q->main : q->prev) {
        const sso_visit_t *visit = sso_visit_find(q);

        if (!visit || !visit->told) continue;
        if (!sso_site_is_same(visit->told_at, site_of(r))) sso_expose_forget_person(r, visit->told);
        return;
    }
}

/* mod_dir hands a request over to another place behind everybody's back. */
static void forget_if_moved(request_rec *r)
{
    sso_visit_t *visit = sso_visit_find(r);

    if (!visit || !visit->told || sso_site_is_same(visit->told_at, site_of(r))) return;
    sso_expose_forget_person(r, visit->told);
    visit->told = NULL;
    r->user = NULL;
    r->ap_auth_type = NULL;
}

/* What a part of a request, or what it was sent on to, has of the request before it. */
static void disinherit(request_rec *r)
{
    sso_expose_forget_token(r);
    if (sso_server_of(r->server)->set->htaccess_providers) forget_tenants_word(r);
}

/* Headers and variables of the session: as sso_expose_session(). */
static apr_size_t tell(request_rec *r, const sso_directory_t *dir, const sso_session_t *session)
{
    if (sso_tenant_is_named(dir)) {
        sso_visit_of(r)->told = dir;
        sso_visit_of(r)->told_at = site_of(r);
    }
    return sso_expose_session(r, dir, session);
}

/* Who is told of here: *out; NULL: nobody. Whom the authentication has welcomed has been checked. */
static apr_status_t settle(request_rec *r, const sso_directory_t *dir, const sso_session_t **out,
                           sso_ctx_t *cx)
{
    const sso_visit_t *visit = sso_visit_find(r);
    apr_status_t rv;

    *out = visit ? visit->session : NULL;
    if (*out) return APR_SUCCESS;
    *cx = sso_log_request_ctx(r);
    rv = check_line(cx, r, dir);
    return rv == APR_SUCCESS ? find_here(r, cx, dir, out) : rv;
}

int sso_hooks_fixup(request_rec *r)
{
    const sso_directory_t *dir = sso_directory_of(r);
    const sso_session_t *session;
    apr_size_t too_long = 0;
    sso_reply_t reply;
    sso_ctx_t cx;
    int status;

    /* Here, because access is not checked again after every redirect. */
    if (sso_tenants_hides(r)) return HTTP_FORBIDDEN;
    if (r->main || r->prev) disinherit(r);
    /* Without a handler mod_dir would take our address for a missing file: FallbackResource. */
    if (is_ours(r) && !r->handler) r->handler = "sso";
    if (is_ours(r))
        return dir->tenant ? serve(r, 0) : DECLINED; /* what .htaccess rewrites comes later */
    if (dir->backend_auth) sso_backend_strip(r, dir);
    if (dir->same_origin && is_foreign(r, dir, &status)) return status;
    if (!sso_directory_is_on(dir)) return DECLINED;
    if (settle(r, dir, &session, &cx) != APR_SUCCESS) return refuse_less(r, &cx);
    if (!session && tries(r, dir, &reply)) return sso_adapt_send(r, &reply, 0);
    if (session && !r->user) welcome(r, session);
    if (session && !strcmp(r->user, session->user)) {
        too_long = tell(r, dir, session);
        if (dir->backend_auth) sso_backend_note(r, dir, session);
        if (!too_long && sso_directory_asserts(dir)) return hand_on_assertion(r, dir, session);
    } else {
        sso_expose_nobody(r, dir);
    }
    return too_long ? refuse_long(r, dir, too_long) : DECLINED;
}

/* Does the answer depend on who asks? Where SSO holds it does, for strangers in optional mode too. */
static int is_personal(const request_rec *r)
{
    const request_rec *q;

    if (sso_directory_is_on(sso_directory_of(r))) return 1;
    for (q = r; q; q = q->main ? q->main : q->prev) {
        const sso_visit_t *visit = sso_visit_find(q);

        if (visit && visit->session) return 1;
    }
    return 0;
}

void sso_hooks_filter(request_rec *r)
{
    sso_resend_insert(r);
    forget_if_moved(r);
    if (!is_ours(r) && is_personal(r)) sso_expose_keep_private(r);
}
