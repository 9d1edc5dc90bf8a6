/*
 * account_owner.c - who owns a site.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/account_owner.h"

#include "base/codec.h"
#include "crypto/mac.h"
#include "crypto/random.h"

#include <strings.h>

#define CODE_BYTES 16

/* ---- conditions ---- */

static int domain_is(const char *email, const char *domain)
{
    const char *at = strrchr(email, '@');

    return at && !strcasecmp(at + 1, domain);
}

/* What SSOOwner asks of a person, whenever and however they come. */
static int is_eligible(const sso_account_owner_t *rule, const sso_account_claim_t *claim)
{
    if (strcmp(rule->provider, claim->provider) != 0) return 0;
    if (rule->kind == SSO_OWNER_ID) {
        return !strcmp(rule->user_id, claim->full_id ? claim->full_id : claim->user_id);
    }
    if (rule->domain
        && (!claim->email || !claim->email_verified || !domain_is(claim->email, rule->domain))) {
        return 0;
    }
    return !rule->role || (claim->roles && sso_account_has(claim->roles, rule->role));
}

static apr_status_t read_site(sso_account_step_t *s, sso_account_site_t *out)
{
    apr_status_t rv = s->ops->site(s->tx, s->cx, s->accounts->site, out);

    if (rv == APR_NOTFOUND) *out = (sso_account_site_t){.site = s->accounts->site, .code = ""};
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

/* A site of which nobody knows since when it keeps accounts is too old. */
static int is_early(const sso_account_step_t *s, const sso_account_site_t *site)
{
    const apr_interval_time_t within = s->accounts->owner.within;

    return !within || (site->created && s->cx->now - site->created <= within);
}

/* ---- by a login ---- */

apr_status_t sso_account_owner_may(sso_account_step_t *s, int *out)
{
    const sso_account_owner_t *rule = &s->accounts->owner;
    sso_account_site_t site;
    apr_status_t rv;

    *out = 0;
    if (rule->kind == SSO_OWNER_NONE || s->account.owner || !s->claim->user) return APR_SUCCESS;
    if (!is_eligible(rule, s->claim)) return APR_SUCCESS;
    if (rule->kind == SSO_OWNER_FIRST && (rule->code || s->account.site_owned)) return APR_SUCCESS;
    if (!rule->within) {
        *out = 1;
        return APR_SUCCESS;
    }
    rv = read_site(s, &site);
    if (rv == APR_SUCCESS) *out = is_early(s, &site);
    return rv;
}

apr_status_t sso_account_owner_take(sso_account_step_t *s)
{
    int won = 0;
    apr_status_t rv = s->ops->own(s->tx, s->cx, s->accounts->site, s->account.id,
                                  s->accounts->owner.kind == SSO_OWNER_ID, &won);

    s->account.site_owned = 1;
    s->account.owner = rv == APR_SUCCESS && won;
    if (s->account.owner) {
        SSO_WARN(s->cx, "account %s, %s of provider %s, owns %s from now on", s->account.id,
                 sso_account_quote(s->cx, s->claim->user_id), s->claim->provider,
                 s->accounts->site);
    }
    return rv;
}

/* ---- the site ---- */

static apr_status_t begin(sso_account_step_t *s)
{
    sso_account_site_t site;
    apr_status_t rv = s->ops->site(s->tx, s->cx, s->accounts->site, &site);

    if (rv != APR_NOTFOUND) return rv;
    site = (sso_account_site_t){.site = s->accounts->site, .created = s->cx->now, .code = ""};
    return s->ops->put_site(s->tx, s->cx, &site);
}

apr_status_t sso_account_site_begin(sso_ctx_t *cx, const sso_accounts_t *accounts)
{
    sso_account_step_t s = sso_account_step(cx, accounts, NULL, NULL);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_WRITE);

    return rv == APR_SUCCESS ? sso_account_step_close(&s, begin(&s)) : rv;
}

/* ---- by a code ---- */

/* A code is of one site, and its digest opens none. */
static apr_status_t digest_of(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *code,
                              const char **out)
{
    const sso_span_t part[] = {sso_span("claim code"), sso_span(accounts->site), sso_span(code)};
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, part, sizeof(part) / sizeof(part[0]), hash);

    if (rv == APR_SUCCESS) *out = sso_hex_encode(cx->pool, sso_span_of(hash, sizeof(hash)));
    return rv;
}

static apr_status_t offer(sso_account_step_t *s, const char *code)
{
    sso_account_site_t site;
    apr_status_t rv = read_site(s, &site);

    if (rv == APR_SUCCESS && site.owned) {
        rv = sso_fail(s->cx, SSO_F_CONFLICT, "%s has an owner", s->accounts->site);
    }
    if (rv == APR_SUCCESS) rv = digest_of(s->cx, s->accounts, code, &site.code);
    if (rv != APR_SUCCESS) return rv;
    site.code_until = s->cx->now + SSO_OWNER_CODE_AGE;
    return s->ops->put_site(s->tx, s->cx, &site);
}

apr_status_t sso_account_owner_offer(sso_ctx_t *cx, const sso_accounts_t *accounts,
                                     const char **code)
{
    sso_account_step_t s = sso_account_step(cx, accounts, NULL, NULL);
    const char *made;
    apr_status_t rv = sso_random_hex(cx, CODE_BYTES, &made);

    if (rv == APR_SUCCESS) rv = sso_account_step_open(&s, SSO_LEDGER_WRITE);
    if (rv == APR_SUCCESS) rv = sso_account_step_close(&s, offer(&s, made));
    if (rv == APR_SUCCESS) *code = made;
    return rv;
}

static apr_status_t refuse(sso_account_step_t *s, const char *why)
{
    return sso_fail(s->cx, SSO_F_CLAIM_CODE, "%s of provider %s: %s",
                    sso_account_quote(s->cx, s->claim->user_id), s->claim->provider, why);
}

static apr_status_t check_code(sso_account_step_t *s, const sso_account_site_t *site,
                               const char *code)
{
    const char *digest;
    apr_status_t rv = digest_of(s->cx, s->accounts, code, &digest);

    if (rv != APR_SUCCESS) return rv;
    if (!*site->code) return refuse(s, "no code was given out, or it was used");
    if (strlen(site->code) != strlen(digest) || !sso_mac_same(site->code, digest, strlen(digest))) {
        return refuse(s, "another code was given out last");
    }
    if (site->code_until <= s->cx->now) return refuse(s, "the code is older than an hour");
    if (!is_early(s, site)) return refuse(s, "within=TIME of SSOOwner has passed");
    return APR_SUCCESS;
}

/* Owner from now on; the code is spent, and sessions elsewhere see that something has changed. */
static apr_status_t become_owner(sso_account_step_t *s, sso_account_site_t *site)
{
    apr_status_t rv = sso_account_owner_take(s);

    if (rv == APR_SUCCESS && !s->account.owner) return refuse(s, "the site has an owner");
    site->code = "";
    if (rv == APR_SUCCESS) rv = s->ops->put_site(s->tx, s->cx, site);
    if (rv == APR_SUCCESS) rv = s->ops->next_epoch(s->tx, s->cx, &s->account.epoch);
    s->account.updated = s->cx->now;
    return rv == APR_SUCCESS ? s->ops->put_account(s->tx, s->cx, &s->account) : rv;
}

static apr_status_t enter_code(sso_account_step_t *s, const char *code)
{
    const sso_account_owner_t *rule = &s->accounts->owner;
    sso_account_claim_t known = *s->claim;
    sso_account_site_t site;
    apr_status_t rv = sso_account_step_look_up(s);

    if (rv == APR_NOTFOUND) return refuse(s, "has no account");
    if (rv == APR_SUCCESS) rv = sso_account_step_check_ban(s);
    if (rv == APR_SUCCESS) rv = read_site(s, &site);
    if (rv == APR_SUCCESS) rv = check_code(s, &site, code);
    if (rv != APR_SUCCESS) return rv;
    known.email = s->account.email;
    known.email_verified = s->account.email_verified;
    known.roles = sso_account_realm_roles(s->cx, &s->account, known.realm);
    if (!is_eligible(rule, &known)) return refuse(s, "provider, domain or role of SSOOwner differ");
    return become_owner(s, &site);
}

apr_status_t sso_account_owner_claim(sso_ctx_t *cx, const sso_accounts_t *accounts,
                                     const sso_account_claim_t *who, const char *code,
                                     const char **id)
{
    sso_account_step_t s = sso_account_step(cx, accounts, NULL, who);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_WRITE);

    if (rv == APR_SUCCESS) rv = sso_account_step_close(&s, enter_code(&s, code));
    if (rv == APR_SUCCESS) *id = s.account.id;
    return rv;
}
