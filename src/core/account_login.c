/*
 * account_login.c - the record of a person who logs in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/account_login.h"

#include "core/account_owner.h"
#include "core/account_step.h"

#include <apr_strings.h>

#include <strings.h>

/* ---- strangers ---- */

/* A word of a LIST row without case: "on", "admin". */
static int is_listed(const apr_array_header_t *list, const char *word)
{
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        if (!strcasecmp(APR_ARRAY_IDX(list, i, const char *), word)) return 1;
    }
    return 0;
}

/* SSOProvision's words: "on" or one of the groups or roles. */
static int is_provisioned(const sso_account_step_t *s)
{
    const apr_array_header_t *words = s->set->provision;
    int restricted = 0;
    int i;

    if (is_listed(words, "off")) return 0;
    for (i = 0; words && i < words->nelts; i++) {
        const char *const *word = &APR_ARRAY_IDX(words, i, const char *);
        const char *group = sso_line_value(1, word, "require-group");
        const char *role = sso_line_value(1, word, "require-role");

        if (group && s->claim->groups && sso_account_has(s->claim->groups, group)) return 1;
        if (role && s->claim->roles && sso_account_has(s->claim->roles, role)) return 1;
        restricted |= group || role;
    }
    return !restricted;
}

/* 3.3 step 5: may the identity become one of this record's? */
static apr_status_t check_link(sso_account_step_t *s)
{
    apr_array_header_t *identities;
    apr_status_t rv = s->ops->identities(s->tx, s->cx, s->account.id, &identities);
    const char *why = NULL;
    int i;

    if (rv != APR_SUCCESS) return rv;
    for (i = 0; i < identities->nelts; i++) {
        const char *realm = APR_ARRAY_IDX(identities, i, sso_account_identity_t).realm;

        if (!strcmp(realm, s->claim->realm)) why = "it has another user_id of this provider";
    }
    if (s->set->link_by != SSO_LINK_EMAIL) why = "SSOLinkBy email is not set for this provider";
    if (!s->claim->email_verified) why = "this provider has not verified the address";
    if (s->account.owner) why = "it is the owner's";
    for (i = 0; i < s->account.roles->nelts; i++) {
        const char *role = APR_ARRAY_IDX(s->account.roles, i, sso_account_role_t).role;

        if (is_listed(s->set->link_deny, role)) why = "SSOLinkDeny names a role that it has";
    }
    if (!why) return APR_SUCCESS;
    return sso_fail(s->cx, SSO_F_CONFLICT, "the address %s of %s belongs to account %s, and %s",
                    sso_account_quote(s->cx, s->claim->email),
                    sso_account_quote(s->cx, s->claim->user_id), s->account.id, why);
}

/* Does somebody of this realm have the record already? Then an address moves, and never links. */
static apr_status_t has_realm(sso_account_step_t *s, const char *id, int *out)
{
    apr_array_header_t *identities;
    apr_status_t rv = s->ops->identities(s->tx, s->cx, id, &identities);
    int i;

    if (rv != APR_SUCCESS) return rv;
    *out = 0;
    for (i = 0; i < identities->nelts; i++) {
        const char *realm = APR_ARRAY_IDX(identities, i, sso_account_identity_t).realm;

        *out |= !strcmp(realm, s->claim->realm);
    }
    return APR_SUCCESS;
}

/* SSOBanBy: the address of somebody banned opens no other way in. */
static apr_status_t check_holder(sso_account_step_t *s)
{
    if (!s->account.banned || is_listed(s->set->ban_by, "email")) {
        return sso_account_step_check_ban(s);
    }
    return sso_fail(s->cx, SSO_F_CONFLICT,
                    "the address %s of %s belongs to account %s, which is banned",
                    sso_account_quote(s->cx, s->claim->email),
                    sso_account_quote(s->cx, s->claim->user_id), s->account.id);
}

/* Use the record that has the address. */
static apr_status_t link_to(sso_account_step_t *s, const char *holder)
{
    apr_status_t rv = s->ops->account(s->tx, s->cx, holder, &s->account);

    if (rv == APR_SUCCESS) rv = check_holder(s);
    if (rv == APR_SUCCESS) rv = check_link(s);
    if (rv == APR_SUCCESS) rv = sso_account_step_put_identity(s);
    if (rv != APR_SUCCESS) return rv;
    s->did = SSO_ACCOUNT_UPDATED;
    SSO_INFO(s->cx, "account %s is that of %s at %s too, by its address", holder,
             sso_account_quote(s->cx, s->claim->user_id), s->claim->realm);
    return s->ops->next_epoch(s->tx, s->cx, &s->account.epoch);
}

/* 3.3 steps 2 to 5: somebody whose user_id nobody knows. */
static apr_status_t admit_stranger(sso_account_step_t *s)
{
    const char *holder;
    int moves = 0;
    apr_status_t rv = sso_account_step_holder(s, s->claim->email, &holder);

    if (rv == APR_SUCCESS && *holder) rv = has_realm(s, holder, &moves);
    if (rv != APR_SUCCESS) return rv;
    moves = moves && s->set->email_conflict == SSO_EMAIL_MOVE && s->claim->email_verified;
    if (*holder && !moves) return link_to(s, holder);
    if (!is_provisioned(s)) {
        return sso_fail(s->cx, SSO_F_USER_UNKNOWN,
                        "provider %s sent %s, and SSOProvision makes no account",
                        s->claim->provider, sso_account_quote(s->cx, s->claim->user_id));
    }
    rv = sso_account_step_create(s);
    return rv;
}

/* ---- login ---- */

/* Most logins: somebody known, nothing new. APR_INCOMPLETE: it takes more than that. */
static apr_status_t greet(sso_account_step_t *s)
{
    apr_status_t rv = sso_account_step_open(s, SSO_LEDGER_NOTE);
    int owns = 0;

    if (rv != APR_SUCCESS) return rv;
    rv = sso_account_step_look_up(s);
    if (rv == APR_NOTFOUND) rv = APR_INCOMPLETE;
    if (rv == APR_SUCCESS) rv = sso_account_step_check_ban(s);
    if (rv == APR_SUCCESS) sso_account_step_settle_roles(s);
    if (rv == APR_SUCCESS) rv = sso_account_owner_may(s, &owns);
    if (rv == APR_SUCCESS && (owns || sso_account_step_has_news(s))) rv = APR_INCOMPLETE;
    if (rv == APR_SUCCESS) {
        s->identity.last_login = s->account.last_login = s->cx->now;
        rv = s->ops->note_login(s->tx, s->cx, &s->identity);
    }
    return sso_account_step_close(s, rv);
}

static apr_status_t settle(sso_account_step_t *s)
{
    apr_status_t rv = sso_account_step_look_up(s);
    int known = rv == APR_SUCCESS;
    int owns = 0;

    if (!known && rv != APR_NOTFOUND) return rv;
    sso_account_step_settle_roles(s);
    rv = known ? sso_account_step_check_ban(s) : admit_stranger(s);
    if (rv == APR_SUCCESS) rv = sso_account_step_update(s);
    if (rv == APR_SUCCESS) rv = sso_account_owner_may(s, &owns);
    if (rv == APR_SUCCESS && owns) rv = sso_account_owner_take(s);
    if (rv == APR_SUCCESS) rv = s->ops->note_login(s->tx, s->cx, &s->identity);
    return rv;
}

static apr_status_t login(sso_account_step_t *s)
{
    const sso_account_claim_t *claim = s->claim;
    apr_status_t rv = greet(s);

    if (rv != APR_INCOMPLETE) return rv;
    *s = sso_account_step(s->cx, s->accounts, s->set, claim);
    rv = sso_account_step_open(s, SSO_LEDGER_WRITE);
    if (rv == APR_SUCCESS) rv = sso_account_step_close(s, settle(s));
    if (rv == APR_SUCCESS && s->did == SSO_ACCOUNT_CREATED) {
        SSO_INFO(s->cx, "account %s was made for %s at %s", s->account.id,
                 sso_account_quote(s->cx, s->claim->user_id), s->claim->realm);
    }
    return rv;
}

apr_status_t sso_account_login(sso_ctx_t *cx, const sso_accounts_t *accounts,
                               const sso_provider_settings_t *set, const sso_account_claim_t *claim,
                               sso_account_did_t *did, sso_account_t *out)
{
    sso_account_step_t s = sso_account_step(cx, accounts, set, claim);
    apr_status_t rv = login(&s);

    if (rv != APR_SUCCESS) return rv;
    *did = s.did;
    *out = s.account;
    return rv;
}

apr_status_t sso_account_enter(sso_ctx_t *cx, const sso_accounts_t *accounts,
                               const sso_provider_t *provider, const sso_identity_t *who,
                               sso_profile_t *profile, sso_account_did_t *did,
                               sso_account_t *account)
{
    sso_account_claim_t claim;
    apr_status_t rv = sso_account_claim(cx, provider, who, profile, &claim);

    if (rv == APR_SUCCESS)
        rv = sso_account_login(cx, accounts, provider->set, &claim, did, account);
    if (rv == APR_SUCCESS) sso_account_amend(cx, account, profile);
    return rv;
}

/* Said of a login that is undone: nothing it notes for the log has happened. */
static const char *say_would(const sso_account_step_t *s, int known)
{
    const char *owns = s->account.owner ? ", the owner's" : "";

    if (s->did == SSO_ACCOUNT_CREATED) {
        return apr_pstrcat(s->cx->pool, "make an account", owns, NULL);
    }
    return apr_pstrcat(s->cx->pool, known ? "use account " : "link account ", s->account.id, owns,
                       NULL);
}

apr_status_t sso_account_rehearse(sso_ctx_t *cx, const sso_accounts_t *accounts,
                                  const sso_provider_settings_t *set,
                                  const sso_account_claim_t *claim, const char **would)
{
    sso_ctx_t quiet = *cx;
    sso_account_step_t s = sso_account_step(&quiet, accounts, set, claim);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_WRITE);
    int known;

    quiet.level = SSO_LOG_ERROR;
    if (rv == APR_SUCCESS) {
        known = sso_account_step_look_up(&s) == APR_SUCCESS;
        s.account = (sso_account_t){.id = NULL};
        rv = settle(&s);
        if (rv == APR_SUCCESS) *would = say_would(&s, known);
        s.ops->rollback(s.tx, &quiet);
    }
    cx->err = quiet.err;
    return rv;
}

apr_status_t sso_account_recheck(sso_ctx_t *cx, const sso_accounts_t *accounts,
                                 sso_account_t *account, int *changed)
{
    sso_account_step_t s = sso_account_step(cx, accounts, NULL, NULL);
    apr_int64_t before = account->epoch;
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_READ);

    if (rv != APR_SUCCESS) return rv;
    rv = sso_account_step_close(&s, s.ops->account(s.tx, cx, account->id, &s.account));
    if (rv == APR_NOTFOUND) {
        return sso_fail(cx, SSO_F_ACCOUNT_DATABASE, "account %s has gone", account->id);
    }
    if (rv == APR_SUCCESS) rv = sso_account_step_check_ban(&s);
    if (rv != APR_SUCCESS) return rv;
    *account = s.account;
    *changed = s.account.epoch != before;
    return APR_SUCCESS;
}
