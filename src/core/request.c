/*
 * request.c - what kind of request this is, and the cookies that came with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/request.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

#define FORM_TYPE "application/x-www-form-urlencoded"

int sso_request_is_read(const sso_request_t *req)
{
    return !strcmp(req->method, "GET") || !strcmp(req->method, "HEAD");
}

static int accepts_html(const sso_request_t *req)
{
    const char *accept = req->header(req, "Accept");

    return accept && strstr(accept, "text/html");
}

int sso_request_is_prefetch(const sso_request_t *req)
{
    static const char *const name[] = {"Sec-Purpose", "Purpose", "X-Moz", "X-Purpose"};
    apr_size_t i;

    for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        const char *value = req->header(req, name[i]);

        if (value && (!strncasecmp(value, "prefetch", 8) || !strncasecmp(value, "preview", 7))) {
            return 1;
        }
    }
    return 0;
}

/* Frames of every kind say "navigate", too; only a document has an address bar. */
static int is_top_level(const sso_request_t *req)
{
    const char *mode = req->header(req, "Sec-Fetch-Mode");

    if (req->header(req, "Upgrade") || sso_request_is_prefetch(req)) return 0;
    if (mode) {
        const char *dest = req->header(req, "Sec-Fetch-Dest");

        return !strcmp(mode, "navigate") && (!dest || !strcmp(dest, "document"));
    }
    return !req->header(req, "X-Requested-With") && accepts_html(req);
}

int sso_request_is_navigation(const sso_request_t *req)
{
    return sso_request_is_read(req) && is_top_level(req);
}

int sso_request_is_form(const sso_request_t *req)
{
    return !strcmp(req->method, "POST") && is_top_level(req);
}

/* Does the text begin with the origin, and does the origin end there? */
static int is_below(const char *text, const char *base_url)
{
    apr_size_t n = strlen(base_url);

    return !strncasecmp(text, base_url, n) && (text[n] == '\0' || text[n] == '/');
}

int sso_request_is_same_origin(const sso_request_t *req, const char *base_url)
{
    const char *site = req->header(req, "Sec-Fetch-Site");
    const char *origin = req->header(req, "Origin");
    const char *referer;

    if (site) return !strcmp(site, "same-origin") || !strcmp(site, "none");
    if (origin) return is_below(origin, base_url);
    referer = req->header(req, "Referer");
    return referer && is_below(referer, base_url);
}

/* One "name=value" of a Cookie header; returns where the next one begins, NULL at the end. */
static const char *next_cookie(const char *at, sso_span_t *name, sso_span_t *value)
{
    const char *end;
    const char *eq;

    while (*at == ' ' || *at == '\t' || *at == ';')
        at++;
    if (!*at) return NULL;
    end = strchr(at, ';');
    if (!end) end = at + strlen(at);
    eq = memchr(at, '=', (apr_size_t)(end - at));
    *name = sso_span_of(at, (apr_size_t)((eq ? eq : end) - at));
    *value = eq ? sso_span_of(eq + 1, (apr_size_t)(end - eq - 1)) : sso_span_of(end, 0);
    while (value->n && apr_isspace(value->p[value->n - 1]))
        value->n--;
    return end;
}

apr_status_t sso_cookie_get(const char *cookie, const char *name, sso_span_t *out)
{
    sso_span_t wanted = sso_span(name);
    const char *at = cookie;
    sso_span_t n;
    sso_span_t v;

    while (at && (at = next_cookie(at, &n, &v))) {
        if (!sso_span_eq(n, wanted)) continue;
        *out = v;
        return APR_SUCCESS;
    }
    return APR_NOTFOUND;
}

void sso_cookie_each(const char *cookie, const char *prefix,
                     int (*fn)(void *baton, sso_span_t name, sso_span_t value), void *baton)
{
    const char *at = cookie;
    sso_span_t n;
    sso_span_t v;

    while (at && (at = next_cookie(at, &n, &v))) {
        if (sso_span_starts(n, prefix) && fn(baton, n, v)) return;
    }
}

static int is_ours(sso_span_t cookie, sso_span_t name)
{
    return cookie.n >= name.n && !memcmp(cookie.p, name.p, name.n)
           && (cookie.n == name.n || cookie.p[name.n] == '-');
}

/* Is any of them ours? Nearly always the cheap search says no. */
static int has_ours(const char *cookie, sso_span_t name)
{
    const char *at = strstr(cookie, name.p) ? cookie : NULL;
    sso_span_t n;
    sso_span_t v;

    while (at && (at = next_cookie(at, &n, &v))) {
        if (is_ours(n, name)) return 1;
    }
    return 0;
}

const char *sso_cookie_strip(apr_pool_t *p, const char *cookie, const char *name)
{
    sso_span_t ours = sso_span(name);
    const char *at = cookie;
    char *out;
    char *o;
    sso_span_t n;
    sso_span_t v;

    if (!cookie) return NULL;
    if (!strncmp(cookie, name, ours.n) && cookie[ours.n] == '=' && !strchr(cookie, ';'))
        return NULL;
    if (!has_ours(cookie, ours)) return cookie;
    o = out = apr_palloc(p, 2 * strlen(cookie) + 1); /* every ';' may become "; " */
    while ((at = next_cookie(at, &n, &v))) {
        apr_size_t len = (apr_size_t)(v.p + v.n - n.p);

        if (is_ours(n, ours)) continue;
        if (o != out) {
            *o++ = ';';
            *o++ = ' ';
        }
        memcpy(o, n.p, len);
        o += len;
    }
    *o = '\0';
    return o == out ? NULL : out;
}

apr_status_t sso_request_body(sso_ctx_t *cx, sso_request_t *req, apr_size_t max, sso_span_t *out)
{
    apr_status_t rv = APR_SUCCESS;

    if (!req->is_read) rv = req->body(req, cx, max, &req->kept);
    if (rv != APR_SUCCESS) return rv;
    req->is_read = 1;
    if (req->kept.n > max) {
        return sso_fail(cx, SSO_F_BODY_SIZE, "the body is longer than %" APR_SIZE_T_FMT, max);
    }
    *out = req->kept;
    return APR_SUCCESS;
}

int sso_request_has_type(const sso_request_t *req, const char *type)
{
    const char *said = req->header(req, "Content-Type");
    apr_size_t n = strlen(type);

    return said && !strncasecmp(said, type, n) && (!said[n] || strchr("; \t", said[n]));
}

apr_status_t sso_request_form(sso_ctx_t *cx, sso_request_t *req, apr_size_t max, sso_params_t *out)
{
    sso_span_t body;
    apr_status_t rv;

    if (!sso_request_has_type(req, FORM_TYPE)) {
        const char *type = req->header(req, "Content-Type");

        return sso_fail(cx, SSO_F_BODY_READ, "the body is %s, not a form",
                        type ? sso_log_quote(cx->pool, type, strlen(type), 64) : "of no type");
    }
    rv = sso_request_body(cx, req, max, &body);
    if (rv != APR_SUCCESS) return rv;
    return sso_params_parse(cx, body, 1, out);
}

apr_status_t sso_request_query(sso_ctx_t *cx, const sso_request_t *req, sso_params_t *out)
{
    return sso_params_parse(cx, sso_span(req->query), 0, out);
}
