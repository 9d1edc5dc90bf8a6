/*
 * release.c - the errand, and the attempt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/release.h"

#include "base/rate.h"
#include "core/errand.h"
#include "core/event.h"

#include <apr_strings.h>

/* ---- the errand ---- */

static void wipe_text(const char *text)
{
    volatile char *c = (volatile char *)(uintptr_t)text;

    while (*c)
        *c++ = '\0';
}

static void wipe(const void *what)
{
    const sso_grant_t *grant = what;

    wipe_text(grant->refresh);
    wipe_text(grant->access);
}

/* Only what is given back. */
static const void *copy(apr_pool_t *pool, const void *what)
{
    const sso_grant_t *grant = what;
    sso_grant_t *copied = apr_pcalloc(pool, sizeof(*copied));

    copied->refresh = apr_pstrdup(pool, grant->refresh);
    copied->access = apr_pstrdup(pool, *grant->refresh ? "" : grant->access);
    copied->nonce = "";
    return copied;
}

static void tell(sso_ctx_t *cx, const sso_idp_t *idp, sso_counted_t counted, const char *what)
{
    sso_count(idp->site->counts, counted);
    sso_event(cx, &(sso_event_t){.what = what,
                                 .why = cx->err.fault ? sso_error_code(cx) : NULL,
                                 .site = sso_site_name(idp->site),
                                 .provider = idp->provider->name,
                                 .protocol = idp->provider->protocol->name});
}

static void give_up(sso_ctx_t *cx, const sso_idp_t *idp, const char *text)
{
    static sso_rate_t rate;

    sso_rate_warn(cx, &rate, text);
    tell(cx, idp, SSO_COUNT_REVOKED_NOT, "not revoked");
}

static void lose(sso_ctx_t *cx, const sso_errand_t *errand, const char *why)
{
    const sso_idp_t *idp = errand->where;

    give_up(cx, idp,
            apr_psprintf(cx->pool, "a token of provider %s is not given back: %s",
                         idp->provider->name, why));
}

/* ---- the attempt ---- */

static int run(sso_ctx_t *cx, const sso_errand_t *errand, int tries)
{
    const sso_idp_t *idp = errand->where;
    const char *name = idp->provider->name;
    int again = 0;
    apr_status_t rv = idp->provider->protocol->revoke(cx, idp, errand->what, &again);

    if (rv == APR_NOTFOUND) {
        SSO_DEBUG(cx, "provider %s takes no such tokens back", name);
    } else if (rv == APR_SUCCESS) {
        SSO_DEBUG(cx, "provider %s has taken a token back", name);
        tell(cx, idp, SSO_COUNT_REVOKED, "revoked");
    } else if (again && tries + 1 < SSO_RELEASE_TRIES) {
        SSO_INFO(cx, "provider %s is asked again to take a token back: %s: %s", name,
                 sso_error_code(cx), cx->err.log);
        sso_ctx_clear(cx);
        return 1;
    } else {
        give_up(cx, idp,
                apr_psprintf(cx->pool,
                             "provider %s has not taken a token back, after %d tries: %s: %s [%s]",
                             name, tries + 1, sso_error_code(cx), cx->err.log,
                             sso_fault_info(cx->err.fault)->cure));
    }
    sso_ctx_clear(cx);
    return 0;
}

static const sso_errand_kind_t giving_back = {
    SSO_ERRAND_RELEASE, "tokens are not given back to their providers", copy, wipe, run, lose};

/* ---- who leaves it ---- */

void sso_release_grant(sso_ctx_t *cx, const sso_idp_t *idp, const sso_grant_t *grant)
{
    if (!idp->site->errand || !idp->provider->protocol->revoke) return;
    idp->site->errand(cx, &(sso_errand_t){&giving_back, idp, grant});
}

/* A provider that is off or gone is not spoken to. */
void sso_release_session(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session)
{
    const sso_idp_t *idp = apr_hash_get(site->idps, session->provider, APR_HASH_KEY_STRING);
    sso_grant_t grant;

    if (!site->errand || !idp || idp->provider->set->active == SSO_ACTIVE_OFF) return;
    if (sso_session_grant(cx, site, session, &grant) != APR_SUCCESS) return;
    sso_release_grant(cx, idp, &grant);
}
