/*
 * audit.c - looking over a provider.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/audit.h"

#include "base/url.h"
#include "base/when.h"
#include "core/assertion.h"

#include <apr_strings.h>

#define DAY  APR_TIME_C(86400000000)
#define SOON 30  /* days */
#define OLD  365 /* days that a key of assertions is in use */

const char *sso_weight_name(sso_weight_t weight)
{
    static const char *const names[] = {"good", "note", "warning", "problem"};

    return names[weight];
}

void sso_audit_add(apr_array_header_t *findings, sso_weight_t weight, const char *what,
                   const char *cure)
{
    APR_ARRAY_PUSH(findings, sso_finding_t) = (sso_finding_t){weight, what, cure ? cure : ""};
}

void sso_audit_end(sso_ctx_t *cx, apr_array_header_t *findings, const char *what, apr_time_t end,
                   sso_weight_t over, const char *cure)
{
    const char *when = sso_when_text(cx->pool, end);
    const int days = (int)((end - cx->now) / DAY);

    if (end <= cx->now) {
        sso_audit_add(findings, over, apr_psprintf(cx->pool, "%s ended at %s", what, when), cure);
    } else if (days < 1) {
        sso_audit_add(findings, SSO_PROBLEM,
                      apr_psprintf(cx->pool, "%s ends within a day, at %s", what, when), cure);
    } else if (days < SOON) {
        sso_audit_add(findings, SSO_WARNING,
                      apr_psprintf(cx->pool, "%s ends in %d day%s, at %s", what, days,
                                   days == 1 ? "" : "s", when),
                      cure);
    } else {
        sso_audit_add(findings, SSO_GOOD, apr_psprintf(cx->pool, "%s ends at %s", what, when), "");
    }
}

static void audit_site(sso_ctx_t *cx, const sso_site_t *site, apr_array_header_t *findings)
{
    const int https = !strncmp(site->base_url, "https:", 6);

    if (https) {
        sso_audit_add(findings, SSO_GOOD, "the site is reached by https", "");
    } else if (site->insecure_http) {
        sso_audit_add(findings, SSO_WARNING,
                      "logins go over plain http: whoever listens can be everybody",
                      "serve the site by https and take SSOInsecureHttp away");
    } else {
        sso_audit_add(findings, SSO_PROBLEM,
                      apr_psprintf(cx->pool, "browsers reach the site at %s: logins are refused",
                                   site->base_url),
                      "serve it by https, or name the https address that browsers see with "
                      "SSOBaseURL");
    }
}

static void audit_state(const sso_idp_t *idp, apr_array_header_t *findings)
{
    switch (idp->provider->set->active) {
    case SSO_ACTIVE_TEST:
        sso_audit_add(findings, SSO_NOTE, "it is in test: nobody is sent there",
                      "open its test page, and write SSOActive on when that works");
        break;
    case SSO_ACTIVE_OFF:
        sso_audit_add(findings, SSO_NOTE, "it is off: nobody is sent there",
                      "write SSOActive test or on to use it");
        break;
    default:
        break;
    }
}

void sso_audit(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *findings)
{
    const sso_protocol_t *protocol = idp->provider->protocol;

    audit_site(cx, idp->site, findings);
    audit_state(idp, findings);
    if (protocol->audit) protocol->audit(cx, idp, findings);
}

/* ---- peers ---- */

static void audit_address(sso_ctx_t *cx, const char *directive, const char *url,
                          apr_array_header_t *findings)
{
    if (!url || !strncmp(url, "https:", 6)) return;
    sso_audit_add(findings, SSO_WARNING,
                  apr_psprintf(cx->pool, "%s is plain http: who people are can be read on the way",
                               directive),
                  "use its https address outside of a test bench");
}

void sso_audit_peer(sso_ctx_t *cx, const sso_asker_t *asker, apr_array_header_t *findings)
{
    const sso_peer_settings_t *set = asker->peer->set;

    audit_site(cx, asker->site, findings);
    audit_address(cx, "SSOPeerCallback", set->callback, findings);
    audit_address(cx, "SSOPeerStart", set->start, findings);
    if (!asker->site->accounts) {
        sso_audit_add(findings, SSO_NOTE,
                      "no accounts are kept: nobody can be banned here, and the peer is told of "
                      "whoever signs in",
                      "write SSOAccounts on");
    }
    asker->peer->protocol->peer->audit(cx, asker, findings);
}

/* ---- assertions ---- */

void sso_audit_assertions(sso_ctx_t *cx, const sso_site_t *site, apr_array_header_t *findings)
{
    const sso_keyring_t *ring = site->assertions ? site->assertions->ring : NULL;
    const char *what;

    if (!ring) {
        sso_audit_add(findings, SSO_NOTE, "the keys of assertions are not there yet",
                      "start httpd: it makes them");
        return;
    }
    what = apr_psprintf(cx->pool, "assertions are signed with %s, by the key %s since %s",
                        ring->current.alg->name, ring->current.kid,
                        sso_when_text(cx->pool, ring->turned));
    if (cx->now - ring->turned > OLD * DAY) {
        sso_audit_add(findings, SSO_NOTE, what,
                      "run ssoctl assertion rotate once a year, then apachectl graceful");
    } else {
        sso_audit_add(findings, SSO_GOOD, what, "");
    }
}
