/*
 * authz.c - Require sso-...: who may enter, by what is known of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/authz.h"

#include "httpd/adapt.h"
#include "httpd/log.h"
#include "httpd/tenants.h"

#include <apr_strings.h>

apr_status_t sso_authz_find(request_rec *r, sso_ctx_t *cx, const sso_session_t **out)
{
    const sso_site_t *site = sso_tenants_site_of(r);
    const request_rec *q;
    sso_session_t *session;
    sso_request_t req;
    apr_status_t rv;

    *out = NULL;
    for (q = r; q; q = q->main ? q->main : q->prev) {
        const sso_visit_t *visit = sso_visit_find(q);

        if (!visit || !visit->session || !sso_site_is_same(visit->site, site)) continue;
        *out = visit->session;
        return APR_SUCCESS;
    }
    if (!site || !site->store) return APR_NOTFOUND;
    session = apr_palloc(r->pool, sizeof(*session));
    sso_adapt_request(r, site, &req);
    rv = sso_session_of(cx, site, &req, session);
    if (rv == APR_SUCCESS) *out = session;
    return rv;
}

const sso_session_t *sso_authz_session(request_rec *r)
{
    sso_ctx_t cx = sso_log_request_ctx(r);
    const sso_session_t *session;

    return sso_authz_find(r, &cx, &session) == APR_SUCCESS ? session : NULL;
}

/* ---- Require ---- */

/* The words of a Require line, cut when the configuration is read. */
static const char *parse_words(cmd_parms *cmd, const char *line, const void **parsed, int least)
{
    apr_array_header_t *words = apr_array_make(cmd->pool, 4, sizeof(const char *));

    while (*line)
        APR_ARRAY_PUSH(words, const char *) = ap_getword_conf(cmd->pool, &line);
    if (words->nelts < least) {
        return least == 1 ? "needs at least one value"
                          : "needs an attribute and at least one value";
    }
    *parsed = words;
    return NULL;
}

static const char *parse_values(cmd_parms *cmd, const char *line, const void **parsed)
{
    return parse_words(cmd, line, parsed, 1);
}

static const char *parse_attribute(cmd_parms *cmd, const char *line, const void **parsed)
{
    return parse_words(cmd, line, parsed, 2);
}

static authz_status check_any(request_rec *r, const char *attribute,
                              const apr_array_header_t *words, int first)
{
    const sso_session_t *session = r->user ? sso_authz_session(r) : NULL;
    sso_ctx_t cx = sso_log_request_ctx(r);
    int i;

    if (!session) return AUTHZ_DENIED_NO_USER;
    for (i = first; i < words->nelts; i++) {
        if (sso_session_has(&cx, session, attribute, APR_ARRAY_IDX(words, i, const char *))) {
            return AUTHZ_GRANTED;
        }
    }
    return AUTHZ_DENIED;
}

static authz_status check_attribute(request_rec *r, const char *line, const void *parsed)
{
    const apr_array_header_t *words = parsed;

    (void)line;
    return check_any(r, APR_ARRAY_IDX(words, 0, const char *), words, 1);
}

static authz_status check_group(request_rec *r, const char *line, const void *parsed)
{
    (void)line;
    return check_any(r, "groups", parsed, 0);
}

static authz_status check_role(request_rec *r, const char *line, const void *parsed)
{
    (void)line;
    return check_any(r, "roles", parsed, 0);
}

static authz_status check_provider(request_rec *r, const char *line, const void *parsed)
{
    (void)line;
    return check_any(r, "provider", parsed, 0);
}

/* Something of the session itself, which has one value. */
static authz_status check_one(const char *value, const apr_array_header_t *words)
{
    int i;

    for (i = 0; i < words->nelts; i++) {
        if (!strcmp(value, APR_ARRAY_IDX(words, i, const char *))) return AUTHZ_GRANTED;
    }
    return AUTHZ_DENIED;
}

static authz_status check_idp(request_rec *r, const char *line, const void *parsed)
{
    const sso_session_t *session = r->user ? sso_authz_session(r) : NULL;

    (void)line;
    return session ? check_one(session->issuer, parsed) : AUTHZ_DENIED_NO_USER;
}

static authz_status check_acr(request_rec *r, const char *line, const void *parsed)
{
    const sso_session_t *session = r->user ? sso_authz_session(r) : NULL;

    (void)line;
    return session ? check_one(session->acr, parsed) : AUTHZ_DENIED_NO_USER;
}

static const char *parse_nothing(cmd_parms *cmd, const char *line, const void **parsed)
{
    (void)cmd;
    (void)parsed;
    return *line ? "takes no value: SSOOwner says who owns the site" : NULL;
}

static authz_status check_owner(request_rec *r, const char *line, const void *parsed)
{
    const sso_session_t *session = r->user ? sso_authz_session(r) : NULL;
    sso_ctx_t cx = sso_log_request_ctx(r);

    (void)line;
    (void)parsed;
    if (!session) return AUTHZ_DENIED_NO_USER;
    return sso_session_has(&cx, session, "owner", "1") ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static const struct {
    const char *name;
    authz_provider provider;
} requires[] = {
    {"sso-attribute", {check_attribute, parse_attribute}},
    {"sso-group", {check_group, parse_values}},
    {"sso-role", {check_role, parse_values}},
    {"sso-provider", {check_provider, parse_values}},
    {"sso-idp", {check_idp, parse_values}},
    {"sso-acr", {check_acr, parse_values}},
    {"sso-owner", {check_owner, parse_nothing}},
};

/* ---- expressions and logs ---- */

static const char *text_of(request_rec *r, const char *name)
{
    const sso_session_t *session = sso_authz_session(r);
    sso_shown_t shown;

    if (!session) return NULL;
    if (!strcasecmp(name, "acr")) return session->acr;
    if (!strcasecmp(name, "subject")) return session->subject;
    if (!strcasecmp(name, "issuer")) return session->issuer;
    return sso_session_get(session, name, &shown) == APR_SUCCESS ? shown.value : NULL;
}

static const char *expr_text(ap_expr_eval_ctx_t *ctx, const void *data, const char *arg)
{
    const char *text = ctx->r ? text_of(ctx->r, arg) : NULL;

    (void)data;
    return text ? text : "";
}

static apr_array_header_t *expr_list(ap_expr_eval_ctx_t *ctx, const void *data, const char *arg)
{
    apr_array_header_t *list = apr_array_make(ctx->p, 4, sizeof(const char *));
    const sso_session_t *session = ctx->r ? sso_authz_session(ctx->r) : NULL;
    sso_shown_t shown;

    (void)data;
    if (!session || sso_session_get(session, arg, &shown) != APR_SUCCESS) return list;
    if (shown.list) {
        sso_session_split(ctx->p, shown.value, list);
    } else {
        APR_ARRAY_PUSH(list, const char *) = shown.value;
    }
    return list;
}

/* httpd takes the functions as pointers to void, which ISO C has no conversion for. */
static int lookup_expr(ap_expr_lookup_parms *parms)
{
    static ap_expr_string_func_t *const text = expr_text;
    static ap_expr_list_func_t *const list = expr_list;

    if (parms->type == AP_EXPR_FUNC_STRING && !strcasecmp(parms->name, "SSO")) {
        memcpy(parms->func, &text, sizeof(text));
    } else if (parms->type == AP_EXPR_FUNC_LIST && !strcasecmp(parms->name, "sso_list")) {
        memcpy(parms->func, &list, sizeof(list));
    } else {
        return DECLINED;
    }
    *parms->data = NULL;
    return OK;
}

static const char *log_text(request_rec *r, char *name)
{
    return text_of(r, name);
}

void sso_authz_register_log(apr_pool_t *p)
{
    static char tag[] = "^SO"; /* httpd wants it without const */
    APR_OPTIONAL_FN_TYPE(ap_register_log_handler) *add = APR_RETRIEVE_OPTIONAL_FN(
        ap_register_log_handler);

    if (add) add(p, tag, log_text, 0);
}

void sso_authz_register(apr_pool_t *p)
{
    apr_size_t i;

    for (i = 0; i < sizeof(requires) / sizeof(requires[0]); i++) {
        ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, requires[i].name, AUTHZ_PROVIDER_VERSION,
                                  &requires[i].provider, AP_AUTH_INTERNAL_PER_CONF);
    }
    ap_hook_expr_lookup(lookup_expr, NULL, NULL, APR_HOOK_MIDDLE);
}
