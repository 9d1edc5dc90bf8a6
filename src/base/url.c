/*
 * url.c - cutting queries, reading absolute URLs, judging places to return to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/url.h"

#include "base/codec.h"

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#define HOST_MAX 253 /* longest name in the DNS (RFC 1035, 2.3.4) */

/* ---- queries and forms ---- */

/* Cut the first piece off at '&'. */
static sso_span_t next_piece(sso_span_t *rest)
{
    const char *amp = rest->n ? memchr(rest->p, '&', rest->n) : NULL;
    apr_size_t n = amp ? (apr_size_t)(amp - rest->p) : rest->n;
    sso_span_t piece = sso_span_of(rest->p, n);

    *rest = amp ? sso_span_of(amp + 1, rest->n - n - 1) : sso_span_of(rest->p, 0);
    return piece;
}

static sso_param_t cut_at_equals(sso_span_t piece)
{
    const char *eq = memchr(piece.p, '=', piece.n);
    apr_size_t n = eq ? (apr_size_t)(eq - piece.p) : piece.n;

    return (sso_param_t){
        .raw_name = sso_span_of(piece.p, n),
        .raw_value = eq ? sso_span_of(eq + 1, piece.n - n - 1) : sso_span_of(piece.p + n, 0),
    };
}

static int count_pieces(sso_span_t text)
{
    int n = 0;

    while (text.n > 0 && n <= SSO_PARAMS_MAX) {
        if (next_piece(&text).n > 0) n++;
    }
    return n;
}

apr_status_t sso_params_parse(sso_ctx_t *cx, sso_span_t text, int form, sso_params_t *out)
{
    if (count_pieces(text) > SSO_PARAMS_MAX) {
        return sso_fail(cx, SSO_F_PARAM_SIZE, "more than %d parameters", SSO_PARAMS_MAX);
    }
    out->n = 0;
    out->form = form;
    while (text.n > 0) {
        sso_span_t piece = next_piece(&text);

        if (piece.n > 0) out->item[out->n++] = cut_at_equals(piece);
    }
    return APR_SUCCESS;
}

apr_status_t sso_params_raw(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                            sso_span_t *out)
{
    const sso_param_t *found = NULL;
    int i;

    for (i = 0; i < params->n; i++) {
        if (!sso_span_is(params->item[i].raw_name, name)) continue;
        if (found) {
            return sso_fail_about(cx, SSO_F_PARAM_DUPLICATE, name, "%s came more than once", name);
        }
        found = &params->item[i];
    }
    if (!found) return APR_NOTFOUND;
    *out = found->raw_value;
    return APR_SUCCESS;
}

static sso_span_t plus_to_space(apr_pool_t *pool, sso_span_t text)
{
    char *copy = sso_span_text(pool, text);
    apr_size_t i;

    for (i = 0; i < text.n; i++) {
        if (copy[i] == '+') copy[i] = ' ';
    }
    return sso_span_of(copy, text.n);
}

apr_status_t sso_params_get(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                            sso_span_t *out)
{
    sso_span_t raw = {"", 0};
    apr_status_t rv = sso_params_raw(cx, params, name, &raw);

    if (rv != APR_SUCCESS) return rv;
    if (params->form && memchr(raw.p, '+', raw.n)) raw = plus_to_space(cx->pool, raw);
    if (memchr(raw.p, '\0', raw.n) || sso_percent_decode(cx->pool, raw, out) != APR_SUCCESS) {
        return sso_fail_about(cx, SSO_F_PARAM_ESCAPE, name, "%s: broken %%-escape or NUL in \"%s\"",
                              name, sso_log_quote(cx->pool, raw.p, raw.n, 64));
    }
    return APR_SUCCESS;
}

apr_status_t sso_params_text(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                             const char **out)
{
    sso_span_t value;
    apr_status_t rv = sso_params_get(cx, params, name, &value);

    *out = rv == APR_SUCCESS ? sso_span_text(cx->pool, value) : NULL;
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

/* ---- absolute URLs ---- */

/* Only what RFC 3986 lets stand in a URL, and %XX whole. */
static const char *check_characters(const char *text)
{
    const char *p;

    for (p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (c <= ' ' || c == 0x7f) return "holds a space or a control character";
        if (c > 0x7f) return "holds a character that is not ASCII";
        if (c == '\\') return "holds a backslash";
        if (c == '#') return "has a fragment (#)";
        if (strchr("\"<>^`{|}", c)) return "holds a character that must be written as %XX";
        if (c == '%' && !(apr_isxdigit(p[1]) && apr_isxdigit(p[2]))) return "has a broken %-escape";
        if (c == '%' && p[1] == '0' && p[2] == '0') return "holds %00";
    }
    return NULL;
}

/* Behind "http://" or "https://", or NULL. */
static const char *skip_scheme(const char *text, sso_url_t *url)
{
    if (apr_cstr_casecmpn(text, "https://", 8) == 0) {
        url->scheme = "https";
        url->port = 443;
        return text + 8;
    }
    if (apr_cstr_casecmpn(text, "http://", 7) == 0) {
        url->scheme = "http";
        url->port = 80;
        return text + 7;
    }
    return NULL;
}

static int is_ipv4(const char *host)
{
    struct in_addr a;

    return inet_pton(AF_INET, host, &a) == 1;
}

/* The address of "[...]", or 0. */
static int read_ipv6(const char *host, struct in6_addr *out)
{
    char bare[INET6_ADDRSTRLEN];
    apr_size_t n = strlen(host);

    if (n < 3 || n - 2 >= sizeof(bare) || host[0] != '[' || host[n - 1] != ']') return 0;
    memcpy(bare, host + 1, n - 2);
    bare[n - 2] = '\0';
    return inet_pton(AF_INET6, bare, out) == 1;
}

/* A name of letters, digits, '-' and '_' in labels that are not empty. One whose last label begins
 * with a digit must be an IPv4 address: clients read "127.1" and "0x7f000001" as numbers. */
static int is_host_name(const char *host)
{
    const char *label = host;
    const char *p;

    for (p = host;; p++) {
        if (*p == '.' || *p == '\0') {
            if (p == label) return 0;
            if (*p == '\0') break;
            label = p + 1;
        } else if (!apr_isalnum(*p) && *p != '-' && *p != '_') {
            return 0;
        }
    }
    return !apr_isdigit(*label) || is_ipv4(host);
}

static const char *check_host(const char *host)
{
    struct in6_addr a;

    if (*host == '\0') return "has no host";
    if (strlen(host) > HOST_MAX) return "has a host name that is too long";
    if (*host == '[' ? !read_ipv6(host, &a) : !is_host_name(host)) return "has an invalid host";
    return NULL;
}

/* 1 to 65535, or 0. */
static int read_port(const char *digits)
{
    int port = 0;
    const char *p;

    if (digits[0] == '0' || strlen(digits) > 5) return 0;
    for (p = digits; apr_isdigit(*p); p++) {
        port = port * 10 + (*p - '0');
    }
    return *p == '\0' && port <= 65535 ? port : 0;
}

/* "host:port" of a URL; authority is ours to cut. */
static const char *read_authority(char *authority, sso_url_t *url)
{
    char *colon = strrchr(authority, ':');
    char *p;

    if (strchr(authority, '@')) return "has user information (@)";
    if (colon && strchr(colon, ']')) colon = NULL; /* within the brackets of IPv6 */
    if (colon) {
        *colon = '\0';
        url->port = read_port(colon + 1);
        if (url->port == 0) return "has an invalid port";
    }
    for (p = authority; *p; p++) {
        *p = (char)apr_tolower(*p);
    }
    url->host = authority;
    return check_host(authority);
}

const char *sso_url_parse(apr_pool_t *pool, const char *text, sso_url_t *out)
{
    sso_url_t url = {.query = NULL};
    const char *why = check_characters(text);
    const char *authority = skip_scheme(text, &url);
    const char *rest;
    const char *mark;

    if (why) return why;
    if (!authority) return "does not begin with https:// or http://";
    rest = authority + strcspn(authority, "/?");
    why = read_authority(apr_pstrmemdup(pool, authority, (apr_size_t)(rest - authority)), &url);
    if (why) return why;

    mark = strchr(rest, '?');
    if (mark) url.query = apr_pstrdup(pool, mark + 1);
    url.path = apr_pstrmemdup(pool, rest, mark ? (apr_size_t)(mark - rest) : strlen(rest));
    if (url.path[0] == '\0') url.path = "/";
    *out = url;
    return NULL;
}

char *sso_url_origin(apr_pool_t *pool, const sso_url_t *url)
{
    int usual = strcmp(url->scheme, "https") == 0 ? 443 : 80;

    if (url->port == usual) return apr_pstrcat(pool, url->scheme, "://", url->host, NULL);
    return apr_psprintf(pool, "%s://%s:%d", url->scheme, url->host, url->port);
}

int sso_url_is_loopback(const char *host)
{
    struct in6_addr six;
    struct in_addr four;

    if (apr_cstr_casecmp(host, "localhost") == 0) return 1;
    if (inet_pton(AF_INET, host, &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    return read_ipv6(host, &six) && IN6_IS_ADDR_LOOPBACK(&six);
}

char *sso_url_append(apr_pool_t *pool, const char *url, const char *query)
{
    apr_size_t n = strlen(url);
    const char *join = "?";

    if (strchr(url, '?')) join = url[n - 1] == '?' || url[n - 1] == '&' ? "" : "&";
    return apr_pstrcat(pool, url, join, query, NULL);
}

/* ---- queries for others to see ---- */

static int is_shown(sso_span_t name, const char *const *shown)
{
    for (; *shown; shown++) {
        if (sso_span_is(name, *shown)) return 1;
    }
    return 0;
}

/* The longest it can become: "&a=" is "&a=...". */
char *sso_query_mask(apr_pool_t *pool, const char *query, const char *const *shown)
{
    static const char dots[] = "...";
    char *masked = apr_palloc(pool, 4 * strlen(query) + sizeof(dots));
    char *o = masked;

    while (*query) {
        apr_size_t n = strcspn(query, "&");
        const char *equals = memchr(query, '=', n);
        apr_size_t name = equals ? (apr_size_t)(equals - query) : 0;
        apr_size_t kept = equals && is_shown(sso_span_of(query, name), shown) ? n
                          : equals                                            ? name + 1
                                                                              : 0;

        memcpy(o, query, kept);
        o += kept;
        if (kept < n) o = apr_cpystrn(o, dots, sizeof(dots));
        query += n;
        if (*query) *o++ = *query++;
    }
    *o = '\0';
    return masked;
}

/* ---- places to return to ---- */

int sso_url_is_local(const char *path, apr_size_t max)
{
    const char *p;

    if (!path || path[0] != '/' || strlen(path) > max) return 0;
    if (path[1] == '/' || apr_cstr_casecmpn(path + 1, "%2f", 3) == 0) return 0;
    if (apr_cstr_casecmpn(path + 1, "%5c", 3) == 0) return 0;
    for (p = path; *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (c < ' ' || c == 0x7f || c == '\\') return 0;
    }
    return strstr(path, "%00") == NULL;
}
