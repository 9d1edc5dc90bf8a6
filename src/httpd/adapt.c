/*
 * adapt.c - request_rec to request, reply to response.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/adapt.h"

#include <apr_strings.h>

#define NO_FRAME   "frame-ancestors 'none'"
#define STRICT_CSP "default-src 'none'; base-uri 'none'; form-action 'none'; " NO_FRAME

static const char *get_header(const sso_request_t *req, const char *name)
{
    const request_rec *r = req->baton;

    return apr_table_get(r->headers_in, name);
}

static const char *get_variable(const sso_request_t *req, const char *name)
{
    const request_rec *r = req->baton;

    return apr_table_get(r->subprocess_env, name);
}

/* Whom another authentication named: a session's user is known by the session. */
static const char *other_user(const request_rec *r)
{
    return r->user && (!r->ap_auth_type || strcasecmp(r->ap_auth_type, "SSO") != 0) ? r->user
                                                                                    : NULL;
}

/* For a body of up to max bytes: no more than the client says that it has. */
static apr_size_t room_for(const request_rec *r, apr_size_t max)
{
    const char *said = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t n;
    char *end;

    if (!said || apr_strtoff(&n, said, &end, 10) || *end || n < 0) return max;
    return n < (apr_off_t)max ? (apr_size_t)n : max;
}

/* APR's rings count offsets from a null pointer, which the check for undefined behaviour would take
 * for an access. */
static apr_status_t read_body(sso_request_t *req, sso_ctx_t *cx, apr_size_t max, sso_span_t *out)
    __attribute__((no_sanitize("undefined")));

/* The whole body, up to max bytes, in r's pool. */
static apr_status_t read_body(sso_request_t *req, sso_ctx_t *cx, apr_size_t max, sso_span_t *out)
{
    request_rec *r = req->baton;
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    const apr_size_t room = room_for(r, max);
    apr_size_t n = 0;
    char *body = NULL;
    int done = 0;

    while (!done) {
        apr_status_t rv = ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_BLOCK_READ,
                                         HUGE_STRING_LEN);
        apr_bucket *b;

        if (rv != APR_SUCCESS) return sso_fail(cx, SSO_F_BODY_READ, "the body ended early");
        for (b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb); b = APR_BUCKET_NEXT(b)) {
            const char *data;
            apr_size_t len;

            if (APR_BUCKET_IS_EOS(b)) {
                done = 1;
                break;
            }
            if (APR_BUCKET_IS_METADATA(b)) continue;
            rv = apr_bucket_read(b, &data, &len, APR_BLOCK_READ);
            if (rv != APR_SUCCESS) return sso_fail(cx, SSO_F_BODY_READ, "the body ended early");
            if (len > room - n) {
                return sso_fail(cx, SSO_F_BODY_SIZE, "the body is longer than %" APR_SIZE_T_FMT,
                                max);
            }
            if (!body) body = apr_palloc(r->pool, room + 1);
            memcpy(body + n, data, len);
            n += len;
        }
        apr_brigade_cleanup(bb);
    }
    *out = sso_span_of(body, n);
    return APR_SUCCESS;
}

/* What is known of the request that came with our cookies; NULL: none did. */
static const sso_visit_t *find_bearer(const request_rec *r)
{
    const request_rec *q;

    for (q = r; q; q = q->main ? q->main : q->prev) {
        const sso_visit_t *visit = sso_visit_find(q);

        if (visit && visit->cookie) return visit;
    }
    return NULL;
}

/* What the browser asked for, before any internal redirect; "/" for a form that is not a path. */
static const char *target_of(const request_rec *r)
{
    while (r->prev || r->main)
        r = r->prev ? r->prev : r->main;
    return r->unparsed_uri && r->unparsed_uri[0] == '/' ? r->unparsed_uri : "/";
}

/* Is the client on this machine? Not when a proxy here has passed the request on: its client may be
 * anywhere. */
static int is_local(const request_rec *r)
{
    static const char *const passed_on[] = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};
    const char *ip = r->useragent_ip;
    apr_size_t i;

    if (!ip || (strncmp(ip, "127.", 4) != 0 && strcmp(ip, "::1") != 0)) return 0;
    for (i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++) {
        if (apr_table_get(r->headers_in, passed_on[i])) return 0;
    }
    return 1;
}

void sso_adapt_request(request_rec *r, const sso_site_t *site, sso_request_t *out)
{
    const sso_visit_t *visit = sso_visit_find(r);
    const sso_visit_t *bearer = find_bearer(r);

    *out = (sso_request_t){.method = r->method,
                           .path = r->uri,
                           .query = r->args,
                           .target = target_of(r),
                           .host = r->hostname,
                           .https = !strncmp(site->base_url, "https:", 6),
                           .loopback = visit && visit->ours && is_local(r),
                           .client = r->useragent_ip,
                           .cookie = bearer ? bearer->cookie
                                            : apr_table_get(r->headers_in, "Cookie"),
                           .session = bearer && bearer->has_key ? &bearer->key : NULL,
                           .user = other_user(r),
                           .variable = get_variable,
                           .header = get_header,
                           .body = read_body,
                           .baton = r};
}

static int add_header(void *baton, const char *name, const char *value)
{
    apr_table_addn(baton, name, value);
    return 1;
}

void sso_adapt_headers(request_rec *r, const sso_reply_t *reply)
{
    if (reply->headers) apr_table_do(add_header, r->err_headers_out, reply->headers, NULL);
}

/* err_headers_out: sent whatever the status, and not taken for the site's own. */
static void set_headers(request_rec *r, const sso_reply_t *reply)
{
    apr_table_t *out = r->err_headers_out;

    if (reply->cacheable) {
        apr_table_setn(out, "Cache-Control",
                       apr_psprintf(r->pool, "public, max-age=%d", reply->cacheable));
    } else {
        apr_table_setn(out, "Cache-Control", "no-store");
    }
    apr_table_setn(out, "Referrer-Policy", "no-referrer");
    apr_table_setn(out, "X-Content-Type-Options", "nosniff");
    if (reply->kind == SSO_REPLY_BODY) {
        const char *csp = reply->csp ? reply->csp : STRICT_CSP;

        apr_table_setn(out, "Content-Security-Policy", csp);
        if (strstr(csp, NO_FRAME)) apr_table_setn(out, "X-Frame-Options", "DENY");
    }
    if (reply->location && reply->kind == SSO_REPLY_REDIRECT) {
        apr_table_setn(out, "Location", reply->location);
    }
    sso_adapt_headers(r, reply);
}

/* A body that nobody will read: take it off the connection, unless the client waits to be told to
 * send it. */
static void drop_body(request_rec *r)
{
    if (r->expecting_100) {
        r->connection->keepalive = AP_CONN_CLOSE;
    } else {
        (void)ap_discard_request_body(r);
    }
}

/* A part of another answer shows nothing of a failure. */
static sso_span_t body_of(const request_rec *r, const sso_reply_t *reply)
{
    return r->main || reply->kind != SSO_REPLY_BODY ? sso_span("") : reply->body;
}

static void add_end(apr_bucket_brigade *bb, apr_bucket_alloc_t *alloc)
    __attribute__((no_sanitize("undefined"))); /* as read_body() */

static void add_end(apr_bucket_brigade *bb, apr_bucket_alloc_t *alloc)
{
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(alloc));
}

apr_status_t sso_adapt_replace(ap_filter_t *f, const sso_reply_t *reply, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    sso_span_t body = body_of(r, reply);

    apr_brigade_cleanup(bb);
    apr_table_clear(r->headers_out);
    r->status = reply->status;
    r->status_line = NULL;
    set_headers(r, reply);
    if (reply->type) ap_set_content_type(r, reply->type);
    ap_set_content_length(r, (apr_off_t)body.n);
    (void)apr_brigade_write(bb, NULL, NULL, body.p, body.n);
    add_end(bb, f->c->bucket_alloc);
    return ap_pass_brigade(f->next, bb);
}

int sso_adapt_send(request_rec *r, const sso_reply_t *reply, int handler)
{
    r->status = reply->status;
    r->status_line = NULL;
    set_headers(r, reply);
    if (!handler) ap_run_insert_error_filter(r);
    drop_body(r);
    if (reply->kind == SSO_REPLY_BODY) {
        ap_set_content_type(r, reply->type);
        ap_set_content_length(r, (apr_off_t)reply->body.n);
        if (!r->header_only) (void)ap_rwrite(reply->body.p, (int)reply->body.n, r);
    } else {
        ap_set_content_length(r, 0);
    }
    return handler ? OK : DONE;
}
