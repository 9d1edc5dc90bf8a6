/*
 * release.c - the note, and the attempt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/release.h"

#include "core/event.h"

void sso_release_grant(sso_ctx_t *cx, const sso_idp_t *idp, const sso_grant_t *grant)
{
    if (!idp->site->release || !idp->provider->protocol->revoke) return;
    idp->site->release(cx, idp, grant);
}

/* A provider that is off or gone is not spoken to. */
void sso_release_session(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session)
{
    const sso_idp_t *idp = apr_hash_get(site->idps, session->provider, APR_HASH_KEY_STRING);
    sso_grant_t grant;

    if (!site->release || !idp || idp->provider->set->active == SSO_ACTIVE_OFF) return;
    if (sso_session_grant(cx, site, session, &grant) != APR_SUCCESS) return;
    sso_release_grant(cx, idp, &grant);
}

static void tell(sso_ctx_t *cx, const sso_idp_t *idp, sso_counted_t counted, const char *what)
{
    sso_count(idp->site->counts, counted);
    sso_event(cx, &(sso_event_t){.what = what,
                                 .why = cx->err.fault ? sso_error_code(cx) : NULL,
                                 .site = idp->site->base_url,
                                 .provider = idp->provider->name,
                                 .protocol = idp->provider->protocol->name});
}

static void give_up(sso_ctx_t *cx, const sso_idp_t *idp, int tries)
{
    SSO_WARN(cx, "provider %s has not taken a token back, after %d tries: %s: %s [%s]",
             idp->provider->name, tries, sso_error_code(cx), cx->err.log,
             sso_fault_info(cx->err.fault)->cure);
    tell(cx, idp, SSO_COUNT_REVOKED_NOT, "not revoked");
}

int sso_release(sso_ctx_t *cx, const sso_idp_t *idp, const sso_grant_t *grant, int tries)
{
    int again = 0;
    apr_status_t rv = idp->provider->protocol->revoke(cx, idp, grant, &again);

    if (rv == APR_NOTFOUND) {
        SSO_DEBUG(cx, "provider %s takes no such tokens back", idp->provider->name);
    } else if (rv == APR_SUCCESS) {
        SSO_DEBUG(cx, "provider %s has taken a token back", idp->provider->name);
        tell(cx, idp, SSO_COUNT_REVOKED, "revoked");
    } else if (again && tries + 1 < SSO_RELEASE_TRIES) {
        SSO_INFO(cx, "provider %s is asked again to take a token back: %s: %s", idp->provider->name,
                 sso_error_code(cx), cx->err.log);
        sso_ctx_clear(cx);
        return 1;
    } else {
        give_up(cx, idp, tries + 1);
    }
    sso_ctx_clear(cx);
    return 0;
}

apr_interval_time_t sso_release_pause(int tries)
{
    return apr_time_from_sec(tries < 2 ? 10 : 60);
}
