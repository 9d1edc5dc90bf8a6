/*
 * url.h - query strings, forms, absolute URLs and safe places to return to.
 *
 * Owns:  sso_params_t, sso_url_t, the rule of what may stand in a Location we send.
 * Layer: base (APR only).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_BASE_URL_H
#define SSO_BASE_URL_H

#include "base/ctx.h"
#include "base/span.h"

#include <apr_tables.h>

#define SSO_PARAMS_MAX 64 /* parameters in one query or form; more is SSO_F_PARAM_SIZE */

/* One name=value as it came. */
typedef struct {
    sso_span_t raw_name;
    sso_span_t raw_value; /* as on the wire, still encoded */
} sso_param_t;

/* A query or a form, cut at '&' once; nothing decoded yet. Points into the text. */
typedef struct {
    sso_param_t item[SSO_PARAMS_MAX];
    int n;
    int form; /* '+' means space (application/x-www-form-urlencoded); not in a raw query */
} sso_params_t;

/**
 * Cut a query or form into parameters.
 *
 * @param text raw, without '?'; may be empty.
 * @param form non-zero: '+' is a space when values are decoded.
 * @param out  filled only on success.
 * @return     APR_SUCCESS or SSO_F_PARAM_SIZE.
 */
apr_status_t sso_params_parse(sso_ctx_t *cx, sso_span_t text, int form, sso_params_t *out);

/* The raw value of the only parameter so named (names compared as they came, byte for byte).
 * APR_NOTFOUND: absent. SSO_F_PARAM_DUPLICATE about name: there are two. */
apr_status_t sso_params_raw(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                            sso_span_t *out);

/* The decoded value. Besides the above: SSO_F_PARAM_ESCAPE about name (broken escape, %00). */
apr_status_t sso_params_get(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                            sso_span_t *out);

/* The same as a text in cx->pool; NULL: absent, which is no failure. */
apr_status_t sso_params_text(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                             const char **out);

/* An absolute http or https URL in its parts; all texts NUL-terminated, in the pool given. */
typedef struct {
    const char *scheme; /* "http" or "https" */
    const char *host;   /* lower case; IPv6 keeps its brackets */
    int port;           /* with the scheme's default filled in */
    const char *path;   /* "/" at least */
    const char *query;  /* without '?', NULL if none */
} sso_url_t;

/* Read an absolute http(s) URL; no user information, no fragment, no backslash, no control or
 * space. NULL, or why it is not acceptable (a constant that fits behind "... "). */
const char *sso_url_parse(apr_pool_t *pool, const char *text, sso_url_t *out);

/* "https://host" or "https://host:8443": the origin, without the default port. */
char *sso_url_origin(apr_pool_t *pool, const sso_url_t *url);

/* Is the host 127.0.0.0/8, [::1] or localhost? */
int sso_url_is_loopback(const char *host);

/* url + ('?' or '&') + query. */
char *sso_url_append(apr_pool_t *pool, const char *url, const char *query);

/* A query with the values of its parameters written as "...", but those of `shown` (ended by NULL); so
 * is what has no name. In pool. */
char *sso_query_mask(apr_pool_t *pool, const char *query, const char *const *shown);

/**
 * Is this a local place to send a browser back to?
 *
 * Begins with '/' not followed by '/' or '\', no backslash or control byte anywhere, no '%00', no
 * encoded slash or backslash right after the first '/', at most max bytes.
 *
 * @spec R63.
 */
int sso_url_is_local(const char *path, apr_size_t max);

#endif /* SSO_BASE_URL_H */
