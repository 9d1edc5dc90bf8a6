/*
 * landing.c - where a login or a logout leads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/landing.h"

#include "base/buf.h"
#include "base/url.h"

#include <apr_fnmatch.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

/* ---- names of the site ---- */

/* The host in base_url, or in what begins like it: behind "://", up to a port, a path or the end. */
static sso_span_t host_in(const char *url)
{
    const char *host = strstr(url, "://") + 3;

    return sso_span_of(host, *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/"));
}

/* "https://" of "https://www.example.org:8443". */
static apr_size_t scheme_size(const sso_site_t *site)
{
    return (apr_size_t)(strstr(site->base_url, "://") - site->base_url) + 3;
}

/* ":8443" of it. */
static const char *port_of(const sso_site_t *site)
{
    const sso_span_t own = host_in(site->base_url);

    return own.p + own.n;
}

/* One of ServerAlias, with '*' and '?' in it or not; not the site's own. */
static int is_other_name(const sso_site_t *site, const char *host)
{
    const sso_span_t own = host_in(site->base_url);
    int i;

    if (!site->names || (strlen(host) == own.n && !strncasecmp(host, own.p, own.n))) return 0;
    for (i = 0; i < site->names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(site->names, i, const char *);

        if (apr_fnmatch(name, host, APR_FNM_CASE_BLIND) == APR_SUCCESS) return 1;
    }
    return 0;
}

/* A host name as browsers send it: letters, digits, '-' and '_' between single dots. */
static int is_host_name(const char *host)
{
    return *host && *host != '.' && !strstr(host, "..")
           && !host[strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-._")];
}

/* Does the session's cookie go there? */
static int sees_sessions(const sso_site_t *site, const char *host)
{
    const char *domain = site->domain;
    const apr_size_t n = strlen(host);
    apr_size_t tail;

    if (!domain || !is_host_name(host)) return 0;
    domain += *domain == '.';
    tail = strlen(domain);
    return n >= tail && !strcasecmp(host + n - tail, domain)
           && (n == tail || host[n - tail - 1] == '.');
}

int sso_landing_is_elsewhere(const sso_site_t *site, const sso_request_t *req)
{
    return req->host && is_other_name(site, req->host);
}

const char *sso_landing_here(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                             const char *path)
{
    if (*path != '/' || !sso_landing_is_elsewhere(site, req) || !sees_sessions(site, req->host)) {
        return path;
    }
    return apr_pstrcat(cx->pool, apr_pstrmemdup(cx->pool, site->base_url, scheme_size(site)),
                       req->host, port_of(site), path, NULL);
}

/* ---- what may be one ---- */

/* The path of a landing with a name; NULL: it is none. The scheme and the port are the site's own. */
static const char *path_below_name(const sso_site_t *site, const char *landing)
{
    const apr_size_t scheme = scheme_size(site);
    const char *port = port_of(site);
    char name[256];
    sso_span_t host;

    if (strncmp(landing, site->base_url, scheme) != 0) return NULL;
    host = host_in(landing);
    if (host.n == 0 || host.n >= sizeof(name)) return NULL;
    apr_cpystrn(name, host.p, host.n + 1);
    if (!is_other_name(site, name) || !sees_sessions(site, name)) return NULL;
    return strncmp(host.p + host.n, port, strlen(port)) ? NULL : host.p + host.n + strlen(port);
}

int sso_landing_is(const sso_site_t *site, const char *landing)
{
    const char *path = landing;

    if (!landing || strlen(landing) > SSO_LANDING_MAX) return 0;
    if (*landing != '/') path = path_below_name(site, landing);
    return path && sso_url_is_local(path, SSO_LANDING_MAX);
}

const char *sso_landing_or_root(const sso_site_t *site, const char *landing)
{
    return sso_landing_is(site, landing) ? landing : "/";
}

const char *sso_landing_url(sso_ctx_t *cx, const sso_site_t *site, const char *landing)
{
    const char *place = sso_landing_or_root(site, landing);

    return *place == '/' ? apr_pstrcat(cx->pool, site->base_url, place, NULL) : place;
}

/* ---- fragments ---- */

/* What browsers leave as it is in a fragment, and '%' of what they escaped; '#' stands once only. */
static int is_plain(sso_span_t fragment, apr_size_t i)
{
    const char c = fragment.p[i];

    if (c == '%') {
        return i + 2 < fragment.n && apr_isxdigit(fragment.p[i + 1])
               && apr_isxdigit(fragment.p[i + 2]);
    }
    return c > ' ' && c < 0x7f && !strchr("\"#<>\\`", c);
}

const char *sso_landing_with_fragment(sso_ctx_t *cx, const sso_site_t *site, const char *landing,
                                      sso_span_t fragment)
{
    sso_buf_t b = sso_buf_make(cx->pool, 256, SSO_LANDING_MAX + 1);
    const char *whole;
    apr_size_t i;

    if (fragment.n == 0 || strchr(landing, '#')) return landing;
    sso_buf_text(&b, landing);
    sso_buf_char(&b, '#');
    for (i = 0; i < fragment.n && !b.full; i++) {
        if (is_plain(fragment, i)) {
            sso_buf_char(&b, fragment.p[i]);
        } else {
            sso_buf_format(&b, "%%%02X", (unsigned char)fragment.p[i]);
        }
    }
    whole = b.full ? NULL : sso_span_text(cx->pool, sso_buf_span(&b));
    return sso_landing_is(site, whole) ? whole : landing;
}

void sso_landing_split(sso_ctx_t *cx, const char *landing, const char **place,
                       const char **fragment)
{
    const char *sign = strchr(landing, '#');

    *place = sign ? apr_pstrmemdup(cx->pool, landing, (apr_size_t)(sign - landing)) : landing;
    *fragment = sign ? sign + 1 : "";
}
