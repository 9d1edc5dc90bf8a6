/*
 * account_sync.c - a provider's message about a person who is not there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/account_sync.h"

#include "core/account_step.h"

#define STALE_AFTER 300                      /* seconds: how far iat may be from our clock */
#define SEEN_FOR    apr_time_from_sec(86400) /* a message without a time of its own */
#define SEEN_TIMED  apr_time_from_sec(2 * STALE_AFTER) /* one whose iat refuses it afterwards */

static apr_status_t stale(sso_ctx_t *cx, const char *why)
{
    return sso_fail(cx, SSO_F_SYNC_STALE, "%s", why);
}

/* 1.8: times that cannot be right whatever else was seen. */
static apr_status_t check_times(sso_account_step_t *s, const sso_account_fresh_t *fresh,
                                int required)
{
    apr_int64_t age = apr_time_sec(s->cx->now) - fresh->iat;

    if (required && (!fresh->iat || !fresh->has_jti)) {
        return stale(s->cx, "SyncFreshness is required, and iat or jti is missing");
    }
    if (!fresh->iat) return APR_SUCCESS;
    if (age > STALE_AFTER || age < -STALE_AFTER) {
        return sso_fail(s->cx, SSO_F_SYNC_STALE,
                        "iat is %" APR_INT64_T_FMT " s before our clock, 300 at most", age);
    }
    if (fresh->iat < s->identity.sync_iat) {
        return stale(s->cx, "iat is older than that of a message applied before");
    }
    return APR_SUCCESS;
}

/* Are these some of the roles the realm has given, but not all? */
static int takes_roles(sso_account_step_t *s)
{
    const apr_array_header_t *now = sso_account_realm_roles(s->cx, &s->account, s->claim->realm);
    const apr_array_header_t *then = s->claim->roles;
    int i;

    if (!then || then->nelts >= now->nelts) return 0;
    for (i = 0; i < then->nelts; i++) {
        if (!sso_account_has(now, APR_ARRAY_IDX(then, i, const char *))) return 0;
    }
    return 1;
}

/* A message seen before restricts once more, and does nothing else. */
static apr_status_t keep_restrictions(sso_account_step_t *s)
{
    sso_account_claim_t *less = apr_palloc(s->cx->pool, sizeof(*less));

    *less = (sso_account_claim_t){.realm = s->claim->realm,
                                  .provider = s->claim->provider,
                                  .user_id = s->claim->user_id,
                                  .roles = takes_roles(s) ? s->claim->roles : NULL,
                                  .banned = s->claim->banned == 1 ? 1 : -1};
    if (!less->roles && less->banned != 1) {
        return stale(s->cx, "this message was applied before, and restricts nothing");
    }
    s->claim = less;
    return APR_SUCCESS;
}

static apr_status_t check_fresh(sso_account_step_t *s, const sso_account_fresh_t *fresh)
{
    int required = s->set->sync_freshness == SSO_FRESHNESS_REQUIRED;
    apr_status_t rv = check_times(s, fresh, required);
    int again = 0;

    if (rv == APR_SUCCESS) {
        rv = s->ops->seen(s->tx, s->cx, fresh->message,
                          s->cx->now + (fresh->iat ? SEEN_TIMED : SEEN_FOR), &again);
    }
    if (rv != APR_SUCCESS || !again) return rv;
    if (fresh->has_jti) return stale(s->cx, "a message with this jti was applied before");
    return keep_restrictions(s);
}

/* A tombstone for somebody banned; a record where the site may make them; nobody otherwise. */
static apr_status_t sync_stranger(sso_account_step_t *s)
{
    const char *holder;
    apr_status_t rv;

    if (s->claim->banned == 1) return sso_account_step_create(s);
    if (!s->set->sync_create || !s->claim->email || !*s->claim->email || !s->claim->name
        || !*s->claim->name) {
        return sso_fail(s->cx, SSO_F_USER_UNKNOWN, "%s has no account",
                        sso_account_quote(s->cx, s->claim->user_id));
    }
    rv = sso_account_step_holder(s, s->claim->email, &holder);
    if (rv == APR_SUCCESS && *holder && s->set->email_conflict != SSO_EMAIL_MOVE) {
        rv = sso_fail(s->cx, SSO_F_CONFLICT, "the address of %s belongs to account %s",
                      sso_account_quote(s->cx, s->claim->user_id), holder);
    }
    return rv == APR_SUCCESS ? sso_account_step_create(s) : rv;
}

/* A ban must not fail because the message names an address that is another's. */
static apr_status_t spare_email(sso_account_step_t *s)
{
    sso_account_claim_t *copy;
    const char *holder;
    apr_status_t rv = sso_account_step_holder(s, s->claim->email, &holder);

    if (rv != APR_SUCCESS || !*holder) return rv;
    SSO_WARN(s->cx, "the address of %s belongs to account %s; only the ban is taken over",
             sso_account_quote(s->cx, s->claim->user_id), holder);
    copy = apr_pmemdup(s->cx->pool, s->claim, sizeof(*copy));
    copy->email = NULL;
    s->claim = copy;
    return APR_SUCCESS;
}

static apr_status_t take_message(sso_account_step_t *s, const sso_account_fresh_t *fresh)
{
    apr_status_t rv = sso_account_step_look_up(s);
    int known = rv == APR_SUCCESS;

    if (!known && rv != APR_NOTFOUND) return rv;
    if (!known) {
        s->identity = (sso_account_identity_t){.user = ""};
        s->account.roles = apr_array_make(s->cx->pool, 1, sizeof(sso_account_role_t));
    }
    sso_account_step_settle_roles(s);
    rv = fresh ? check_fresh(s, fresh) : APR_SUCCESS;
    if (rv == APR_SUCCESS && !known) rv = sync_stranger(s);
    if (rv == APR_SUCCESS && s->claim->banned == 1) rv = spare_email(s);
    if (rv == APR_SUCCESS) rv = sso_account_step_update(s);
    if (rv == APR_SUCCESS && fresh && fresh->iat) {
        s->identity.sync_iat = fresh->iat;
        rv = s->ops->put_identity(s->tx, s->cx, &s->identity);
    }
    return rv;
}

apr_status_t sso_account_sync(sso_ctx_t *cx, const sso_accounts_t *accounts,
                              const sso_provider_settings_t *set, const sso_account_claim_t *claim,
                              const sso_account_fresh_t *fresh, sso_account_did_t *did,
                              sso_account_t *out)
{
    sso_account_step_t s = sso_account_step(cx, accounts, set, claim);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_WRITE);

    if (rv == APR_SUCCESS) rv = sso_account_step_close(&s, take_message(&s, fresh));
    if (rv != APR_SUCCESS) return rv;
    *did = s.did;
    *out = s.account;
    return APR_SUCCESS;
}
