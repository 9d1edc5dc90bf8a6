/*
 * token_site.c - the site that knows people, as both dialects have it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/token_site.h"

#include "base/url.h"
#include "core/audit.h"

#include <apr_strings.h>

static apr_status_t has_parameter(sso_ctx_t *cx, const sso_token_address_t *what, const char *name)
{
    return sso_fail(cx, SSO_F_CONFIG, "%s has a parameter \"%s\", which is added to it%s%s",
                    what->directive, name, what->rename ? "; rename one with " : "",
                    what->rename ? what->rename : "");
}

apr_status_t sso_token_address_check(sso_ctx_t *cx, const sso_token_address_t *what,
                                     const char *url)
{
    sso_params_t params;
    sso_span_t value;
    const char *question = url ? strchr(url, '?') : NULL;
    const char *why;
    apr_status_t rv;
    int i;

    if (!url) {
        return sso_fail(cx, SSO_F_CONFIG, "%s is missing: write %s", what->directive,
                        what->missing);
    }
    why = sso_provider_url_check(cx->pool, url);
    if (why) return sso_fail(cx, SSO_F_CONFIG, "%s %s", what->directive, why);
    rv = sso_params_parse(cx, sso_span(question ? question + 1 : ""), 0, &params);
    for (i = 0; rv == APR_SUCCESS && i < 2; i++) {
        if (sso_params_raw(cx, &params, what->name[i], &value) == APR_NOTFOUND) continue;
        rv = has_parameter(cx, what, what->name[i]);
    }
    return rv;
}

sso_fact_t sso_token_start_url(sso_ctx_t *cx, const sso_idp_t *idp, const char *note)
{
    return (sso_fact_t){"Start URL",
                        apr_pstrcat(cx->pool, idp->site->base_url, idp->site->path,
                                    "/login?provider=", idp->provider->name, NULL),
                        note};
}

void sso_token_site_describe(sso_ctx_t *cx, const char *endpoint,
                             const sso_token_secrets_t *secrets, apr_array_header_t *facts)
{
    APR_ARRAY_PUSH(facts, sso_fact_t) = (sso_fact_t){"Endpoint", endpoint,
                                                     "The site's address that answers a request."};
    APR_ARRAY_PUSH(facts, sso_fact_t) = (sso_fact_t){
        "Secrets", apr_psprintf(cx->pool, "%d", secrets->keys),
        secrets->keys == 1 ? "One, which signs and verifies."
                           : "The first signs, all verify: the old ones can go when the log says "
                             "that they are not used."};
}

void sso_token_site_audit(sso_ctx_t *cx, const char *endpoint, const sso_token_secrets_t *secrets,
                          apr_array_header_t *findings)
{
    sso_audit_add(findings, SSO_GOOD, apr_pstrcat(cx->pool, "the Endpoint is ", endpoint, NULL),
                  "");
    if (strncmp(endpoint, "https:", 6) != 0) {
        sso_audit_add(findings, SSO_WARNING, "the Endpoint is plain http",
                      "use its https address outside of a test bench");
    }
    sso_token_secrets_audit(cx, secrets, findings);
}
