/*
 * site.c - cookies of a site, written in one place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/site.h"

#include <apr_strings.h>

static const char *samesite_text(sso_samesite_t samesite)
{
    switch (samesite) {
    case SSO_SAMESITE_STRICT:
        return "; SameSite=Strict";
    case SSO_SAMESITE_NONE:
        return "; SameSite=None";
    case SSO_SAMESITE_LAX:
        break;
    }
    return "; SameSite=Lax";
}

char *sso_site_session_cookie(const sso_site_t *site, apr_pool_t *p, const char *value)
{
    return apr_pstrcat(p, site->cookie, "=", value ? value : "", "; Path=", site->cookie_path,
                       site->domain ? "; Domain=" : "", site->domain ? site->domain : "",
                       value ? "" : "; Max-Age=0", "; HttpOnly", site->secure ? "; Secure" : "",
                       samesite_text(site->samesite), NULL);
}

/* Flow cookies are host-only and for every path of the site: a handshake never leaves its host, and with
 * the session cookie's __Host- prefix nothing else is allowed. */
char *sso_site_flow_cookie(const sso_site_t *site, apr_pool_t *p, const char *name,
                           const char *value, apr_interval_time_t age, int cross_site)
{
    const char *samesite = "; SameSite=Lax";

    if (cross_site) samesite = site->secure ? "; SameSite=None" : "";
    return apr_psprintf(p, "%s-%s=%s; Path=%s; Max-Age=%d; HttpOnly%s%s", site->cookie, name,
                        value ? value : "", site->realm ? site->cookie_path : "/",
                        value ? (int)apr_time_sec(age) : 0, site->secure ? "; Secure" : "",
                        samesite);
}
