/*
 * fuzz_url.c - places to return to stay on the site by an own reading of what browsers do, absolute
 * URLs mean one thing, and parameters lie in their text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "core/flow.h"
#include "fuzz_core.h"

#include <strings.h>

#define BASE FUZZ_BASE

/* The host that a browser goes to, read as the URL standard does: TAB, CR and LF are dropped, '\'
 * is '/', user information ends at the last '@'. */
static const char *browser_host(apr_pool_t *p, const char *url)
{
    char *clean = apr_pstrdup(p, url);
    char *o = clean;
    char *at;
    const char *c;

    for (c = url; *c; c++) {
        if (*c != '\t' && *c != '\r' && *c != '\n') *o++ = *c == '\\' ? '/' : *c;
    }
    *o = '\0';
    for (clean += strcspn(clean, ":") + 1; *clean == '/'; clean++)
        continue;
    clean[strcspn(clean, "/?#")] = '\0';
    at = strrchr(clean, '@');
    return at ? at + 1 : clean;
}

/* What the Location of a login looks like, R63. */
static void check_local(apr_pool_t *p, const char *path)
{
    const char *location = apr_pstrcat(p, BASE, path, NULL);
    sso_span_t once;

    fuzz_demand(!strcmp(browser_host(p, location), "www.example.org"));
    fuzz_demand(path[0] == '/' && path[1] != '/' && path[1] != '\\');
    fuzz_demand(!strpbrk(path, "\\\r\n\t"));
    if (sso_percent_decode(p, sso_span(path), &once) == APR_SUCCESS) {
        fuzz_demand(once.n < 2 || (once.p[1] != '/' && once.p[1] != '\\'));
        fuzz_demand(!memchr(once.p, '\0', once.n));
    }
}

/* With other names: a landing is of base_url's host, or of a name below the cookie's domain, by the same
 * scheme and port. */
static void check_landing(apr_pool_t *p, const char *text)
{
    sso_ctx_t cx = sso_ctx(p, FUZZ_NOW);
    apr_array_header_t *names = apr_array_make(p, 1, sizeof(const char *));
    sso_site_t site = fuzz_site(p);
    const char *url;
    const char *host;
    apr_size_t n;

    APR_ARRAY_PUSH(names, const char *) = "*.example.org";
    site.names = names;
    site.domain = "example.org";
    url = sso_landing_url(&cx, &site, text);
    host = browser_host(p, url);
    n = strlen(host);
    fuzz_demand(!strncmp(url, "https://", 8) && !strpbrk(url, "\\\r\n\t"));
    fuzz_demand(n > 12 && !strcmp(host + n - 12, ".example.org") && !strpbrk(host, "@:"));
    url = sso_landing_with_fragment(&cx, &site, "/app", sso_span(text));
    fuzz_demand(!strncmp(url, "/app", 4) && (url[4] == '\0' || url[4] == '#'));
    check_local(p, url);
}

static void check_flow(apr_pool_t *p, const char *text)
{
    sso_ctx_t cx = sso_ctx(p, FUZZ_NOW);
    const sso_site_t site = fuzz_site(p);
    sso_flow_t flow;

    fuzz_demand(sso_flow_make(&cx, &site, "corp", text, &flow) == APR_SUCCESS);
    fuzz_demand(!strcmp(flow.return_path, text) || !strcmp(flow.return_path, "/"));
    check_local(p, flow.return_path);
}

static void check_absolute(apr_pool_t *p, const char *text)
{
    sso_url_t url;
    sso_url_t again;
    const char *whole;
    const char *host;

    if (sso_url_parse(p, text, &url)) return;
    host = browser_host(p, text);
    fuzz_demand(!strncasecmp(host, url.host, strlen(url.host)));
    fuzz_demand(strchr(":", host[strlen(url.host)]) != NULL);
    whole = apr_pstrcat(p, sso_url_origin(p, &url), url.path, url.query ? "?" : "",
                        url.query ? url.query : "", NULL);
    fuzz_demand(sso_url_parse(p, whole, &again) == NULL);
    fuzz_demand(!strcmp(url.scheme, again.scheme) && !strcmp(url.host, again.host));
    fuzz_demand(url.port == again.port && !strcmp(url.path, again.path));
    fuzz_demand(!url.query == !again.query && (!url.query || !strcmp(url.query, again.query)));
}

static void check_params(apr_pool_t *p, const uint8_t *data, size_t size)
{
    sso_ctx_t cx = sso_ctx(p, FUZZ_NOW);
    sso_span_t text = sso_span_of(apr_pmemdup(p, data, size), size);
    sso_params_t params;
    int i;

    if (sso_params_parse(&cx, text, size & 1, &params) != APR_SUCCESS) return;
    fuzz_demand(params.n <= SSO_PARAMS_MAX);
    for (i = 0; i < params.n; i++) {
        sso_span_t value = {NULL, 0};
        const char *name = sso_span_text(p, params.item[i].raw_name);

        fuzz_demand(fuzz_is_within(params.item[i].raw_name, text.p, text.n));
        fuzz_demand(fuzz_is_within(params.item[i].raw_value, text.p, text.n));
        sso_ctx_clear(&cx);
        if (sso_params_get(&cx, &params, name, &value) != APR_SUCCESS) continue;
        fuzz_demand(value.n == 0 || !memchr(value.p, '\0', value.n));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool();
    const char *text = fuzz_text(p, data, size);

    if (sso_url_is_local(text, SSO_LANDING_MAX)) check_local(p, text);
    check_flow(p, text);
    check_landing(p, text);
    check_absolute(p, text);
    check_params(p, data, size);
    apr_pool_clear(p);
    return 0;
}
