/*
 * request.h - an HTTP request as the core sees it.
 *
 * Owns:  sso_request_t, cookies in it.
 * Layer: core (base).
 * Lives: one request; filled by httpd/adapt.c or by a test.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_REQUEST_H
#define SSO_CORE_REQUEST_H

#include "base/ctx.h"
#include "base/span.h"
#include "base/url.h"
#include "store/store.h"

/* The last session cookie of a connection and its key in the store: most requests of a connection
 * are of one browser, and comparing is cheaper than hashing. All zero: nothing yet. */
typedef struct {
    char cookie[48]; /* NUL-terminated */
    sso_store_key_t key;
} sso_memo_t;

typedef struct sso_request sso_request_t;
struct sso_request {
    const char *method; /* "GET", "HEAD", "POST", ... */
    const char *path;   /* decoded, begins with '/' */
    const char *query;  /* raw, without '?'; NULL if none */
    const char *target; /* path and query as the browser sent them, to come back to */
    const char *host;   /* name in the Host header, lower case, no port; NULL: none came */
    int https;          /* reached the public side by https (SSOBaseURL says so, or TLS here) */
    int loopback;       /* the client is on this machine; only told at our own addresses */
    const char *client; /* its address as text, behind trusted proxies; NULL: not known */
    const char *cookie; /* Cookie header as received, NULL if none */
    const sso_store_key_t *session; /* the key that sso_session_expect() found in it; NULL: none, or
                                       it was not asked */

    const char *user; /* whom another authentication of httpd named; NULL: none did */

    /* Value of a variable of the request's environment, NULL if absent. The function itself is NULL
     * where there is no environment. */
    const char *(*variable)(const sso_request_t *, const char *name);

    /* Value of a request header, NULL if absent. */
    const char *(*header)(const sso_request_t *, const char *name);

    /* Whole body, from the connection: call sso_request_body(). SSO_F_BODY_SIZE when longer than
     * max bytes, SSO_F_BODY_READ. */
    apr_status_t (*body)(sso_request_t *, sso_ctx_t *cx, apr_size_t max, sso_span_t *out);

    void *baton;     /* of the functions */
    int is_read;     /* the body has been read: */
    sso_span_t kept; /* this */
};

/* GET or HEAD? */
int sso_request_is_read(const sso_request_t *req);

/* Did the browser ask for it before anybody wanted to see it? Nothing may happen by it. */
int sso_request_is_prefetch(const sso_request_t *req);

/* May it be answered with a redirect to a login? A top-level GET or HEAD navigation: by
 * Sec-Fetch-Mode where the browser sends it, else not XMLHttpRequest, not an upgrade, and text/html
 * accepted; never a prefetch. */
int sso_request_is_navigation(const sso_request_t *req);

/* Is it a form that a page sends in place of itself? A top-level POST, by the same signs. */
int sso_request_is_form(const sso_request_t *req);

/* Does the browser vouch that it comes from a page of this site, or from nowhere (typed in)?
 * By Sec-Fetch-Site, else by Origin or Referer against base_url. */
int sso_request_is_same_origin(const sso_request_t *req, const char *base_url);

/* The value of a cookie in a Cookie header; APR_NOTFOUND if absent or cookie is NULL. The first one
 * of that exact name between separators counts. No allocation. */
apr_status_t sso_cookie_get(const char *cookie, const char *name, sso_span_t *out);

/* Calls fn for every cookie whose name begins with prefix; stops when it returns non-zero. */
void sso_cookie_each(const char *cookie, const char *prefix,
                     int (*fn)(void *baton, sso_span_t name, sso_span_t value), void *baton);

/* A Cookie header without the cookies whose name is `name` or begins with `name-`; NULL when
 * nothing is left; `cookie` itself (also NULL) when there is nothing to take out. */
const char *sso_cookie_strip(apr_pool_t *p, const char *cookie, const char *name);

/* The whole body; the same again when it was read before. Fails as `body` does. */
apr_status_t sso_request_body(sso_ctx_t *cx, sso_request_t *req, apr_size_t max, sso_span_t *out);

/* Is the body said to be of this media type, whatever its parameters? */
int sso_request_has_type(const sso_request_t *req, const char *type);

/* The form in the body (application/x-www-form-urlencoded), read with a limit, cut.
 * SSO_F_BODY_READ when it is of another type. */
apr_status_t sso_request_form(sso_ctx_t *cx, sso_request_t *req, apr_size_t max, sso_params_t *out);

/* The query, cut; '+' stays '+'. */
apr_status_t sso_request_query(sso_ctx_t *cx, const sso_request_t *req, sso_params_t *out);

#endif /* SSO_CORE_REQUEST_H */
