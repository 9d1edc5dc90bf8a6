/*
 * account_step.c - what login, sync and admin have in common: the record follows a claim.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/account_step.h"

#include "core/event.h"
#include "crypto/random.h"

#include <apr_strings.h>

#include <strings.h>

/* ---- transactions ---- */

sso_account_step_t sso_account_step(sso_ctx_t *cx, const sso_accounts_t *accounts,
                                    const sso_provider_settings_t *set,
                                    const sso_account_claim_t *claim)
{
    return (sso_account_step_t){.cx = cx, .accounts = accounts, .set = set, .claim = claim};
}

apr_status_t sso_account_step_open(sso_account_step_t *s, sso_ledger_mode_t mode)
{
    if (!s->accounts->ledger) {
        return sso_fail(s->cx, SSO_F_ACCOUNT_DATABASE, "it could not be opened when httpd started");
    }
    s->ops = s->accounts->ledger->ops;
    return s->ops->begin(s->accounts->ledger, s->cx, mode, &s->tx);
}

static void tell_news(const sso_account_step_t *s)
{
    sso_event(s->cx, &(sso_event_t){.what = s->news,
                                    .why = s->set ? "by the provider" : "by the administrator",
                                    .site = s->accounts->site,
                                    .issuer = s->claim ? s->claim->realm : NULL,
                                    .subject = s->claim ? s->claim->user_id : NULL,
                                    .account = s->account.id});
}

/* Holds, or is undone. */
apr_status_t sso_account_step_close(sso_account_step_t *s, apr_status_t rv)
{
    if (rv == APR_SUCCESS) {
        rv = s->ops->commit(s->tx, s->cx);
        if (rv == APR_SUCCESS && s->news) tell_news(s);
        return rv;
    }
    s->ops->rollback(s->tx, s->cx);
    return rv;
}

/* ---- finding and making ---- */

/* APR_NOTFOUND: nobody knows the user_id. */
apr_status_t sso_account_step_look_up(sso_account_step_t *s)
{
    apr_status_t rv = s->ops->identity(s->tx, s->cx, s->accounts->site, s->claim->realm,
                                       s->claim->user_id, &s->identity);

    if (rv != APR_SUCCESS) return rv;
    rv = s->ops->account(s->tx, s->cx, s->identity.account, &s->account);
    if (rv != APR_NOTFOUND) return rv;
    return sso_fail(s->cx, SSO_F_ACCOUNT_DATABASE, "account %s of an identity is missing",
                    s->identity.account);
}

apr_status_t sso_account_step_check_ban(sso_account_step_t *s)
{
    if (!s->account.banned) return APR_SUCCESS;
    return sso_fail(s->cx, SSO_F_BANNED, "account %s was banned by %s: %s", s->account.id,
                    sso_account_quote(s->cx, s->account.banned_by),
                    sso_account_quote(s->cx, s->account.ban_reason));
}

apr_status_t sso_account_step_put_identity(sso_account_step_t *s)
{
    s->identity = (sso_account_identity_t){.site = s->accounts->site,
                                           .realm = s->claim->realm,
                                           .user_id = s->claim->user_id,
                                           .account = s->account.id,
                                           .user = s->claim->user ? s->claim->user : "",
                                           .created = s->cx->now,
                                           .last_login = s->claim->user ? s->cx->now : 0};
    return s->ops->put_identity(s->tx, s->cx, &s->identity);
}

/* An empty record with a name of its own; what goes into it comes later. */
apr_status_t sso_account_step_create(sso_account_step_t *s)
{
    const char *id;
    apr_status_t rv = sso_random_hex(s->cx, SSO_ACCOUNT_ID_CHARS / 2, &id);

    if (rv != APR_SUCCESS) return rv;
    s->did = SSO_ACCOUNT_CREATED;
    s->account = (sso_account_t){
        .id = id,
        .site = s->accounts->site,
        .email = "",
        .name = "",
        .image = "",
        .bio = "",
        .banned_by = "",
        .ban_reason = "",
        .created = s->cx->now,
        .updated = s->cx->now,
        .site_owned = s->account.site_owned,
        .roles = apr_array_make(s->cx->pool, 4, sizeof(sso_account_role_t))};
    return APR_SUCCESS;
}

/* ---- roles ---- */

static int same_words(const apr_array_header_t *a, const apr_array_header_t *b)
{
    int i;

    if (a->nelts != b->nelts) return 0;
    for (i = 0; i < a->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(a, i, const char *), APR_ARRAY_IDX(b, i, const char *)) != 0) {
            return 0;
        }
    }
    return 1;
}

static int roles_differ(sso_account_step_t *s)
{
    return s->claim->roles
           && !same_words(s->claim->roles,
                          sso_account_realm_roles(s->cx, &s->account, s->claim->realm));
}

/* In the record as in the database: the realm's old roles out, the new ones in. */
apr_status_t sso_account_step_set_roles(sso_account_step_t *s, const char *realm,
                                        const apr_array_header_t *roles)
{
    apr_array_header_t *all = apr_array_make(s->cx->pool, 8, sizeof(sso_account_role_t));
    int i;

    for (i = 0; i < s->account.roles->nelts; i++) {
        sso_account_role_t r = APR_ARRAY_IDX(s->account.roles, i, sso_account_role_t);

        if (strcmp(r.realm, realm) != 0) APR_ARRAY_PUSH(all, sso_account_role_t) = r;
    }
    for (i = 0; i < roles->nelts; i++) {
        sso_account_role_t r = {realm, APR_ARRAY_IDX(roles, i, const char *)};

        APR_ARRAY_PUSH(all, sso_account_role_t) = r;
    }
    s->account.roles = all;
    return s->ops->put_roles(s->tx, s->cx, s->account.id, realm, roles);
}

void sso_account_step_settle_roles(sso_account_step_t *s)
{
    const sso_account_claim_t *said = s->claim;
    const apr_array_header_t *base = said->roles;
    apr_array_header_t *roles = apr_array_make(s->cx->pool, 8, sizeof(const char *));
    sso_account_claim_t *settled;
    int i;

    if (!said->more_roles && !said->less_roles) return;
    if (!base)
        base = s->account.id ? sso_account_realm_roles(s->cx, &s->account, said->realm) : roles;
    if (said->more_roles) base = apr_array_append(s->cx->pool, base, said->more_roles);
    for (i = 0; i < base->nelts; i++) {
        const char *role = APR_ARRAY_IDX(base, i, const char *);

        if (sso_account_has(roles, role)) continue;
        if (said->less_roles && sso_account_has(said->less_roles, role)) continue;
        APR_ARRAY_PUSH(roles, const char *) = role;
    }
    settled = apr_pmemdup(s->cx->pool, said, sizeof(*settled));
    settled->roles = roles;
    s->claim = settled;
}

/* ---- fields ---- */

/* SSOUpdate: "always", "create" or "never"; what no word names is always written. */
static const char *update_rule(const sso_provider_settings_t *set, const char *field)
{
    const apr_array_header_t *list = set->update;
    const char *rule =
        list ? sso_line_value(list->nelts, (const char *const *)(void *)list->elts, field) : NULL;

    return rule ? rule : "always";
}

/* Does the provider's word on a field change the record? */
static int is_news(sso_account_step_t *s, const char *field, const char *said, const char *known)
{
    const char *rule = update_rule(s->set, field);

    if (!said || !strcmp(said, known) || !strcmp(rule, "never")) return 0;
    return !strcmp(rule, "always") || s->did == SSO_ACCOUNT_CREATED;
}

static int email_is_news(sso_account_step_t *s)
{
    if (is_news(s, "email", s->claim->email, s->account.email)) return 1;
    return s->claim->email && s->claim->email_verified && !s->account.email_verified
           && !strcasecmp(s->claim->email, s->account.email);
}

static int user_is_news(const sso_account_step_t *s)
{
    return s->claim->user && strcmp(s->claim->user, s->identity.user) != 0;
}

static int fields_differ(sso_account_step_t *s)
{
    return email_is_news(s) || is_news(s, "name", s->claim->name, s->account.name)
           || is_news(s, "image", s->claim->image, s->account.image)
           || is_news(s, "bio", s->claim->bio, s->account.bio);
}

/* The record that has the address, other than this one; "" if none. */
apr_status_t sso_account_step_holder(sso_account_step_t *s, const char *email, const char **out)
{
    apr_status_t rv = APR_NOTFOUND;
    const char *id = "";

    if (email && *email) rv = s->ops->by_email(s->tx, s->cx, s->accounts->site, email, &id);
    if (rv == APR_NOTFOUND || (rv == APR_SUCCESS && s->account.id && !strcmp(id, s->account.id))) {
        *out = "";
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) *out = id;
    return rv;
}

/* SSOEmailConflict move: the site vouches that the address has a new owner. */
static apr_status_t take_email(sso_account_step_t *s, const char *holder)
{
    sso_account_t other;
    apr_status_t rv = s->ops->account(s->tx, s->cx, holder, &other);

    if (rv != APR_SUCCESS) return rv;
    if (other.banned) {
        return sso_fail(s->cx, SSO_F_BANNED, "the address belongs to account %s, which is banned",
                        holder);
    }
    if (other.owner) {
        return sso_fail(s->cx, SSO_F_CONFLICT, "the address is that of the owner, account %s",
                        holder);
    }
    SSO_WARN(s->cx, "account %s loses its address: provider %s gives it to %s", holder,
             s->claim->provider, sso_account_quote(s->cx, s->claim->user_id));
    other.email = "";
    other.email_verified = 0;
    other.updated = s->cx->now;
    rv = s->ops->next_epoch(s->tx, s->cx, &other.epoch);
    return rv == APR_SUCCESS ? s->ops->put_account(s->tx, s->cx, &other) : rv;
}

/* 3.3 steps 4 and 6. An address that nobody vouches for takes nothing from anybody. */
static apr_status_t free_email(sso_account_step_t *s)
{
    const char *holder;
    apr_status_t rv = sso_account_step_holder(s, s->claim->email, &holder);

    if (rv != APR_SUCCESS || !*holder) return rv;
    if (s->set->email_conflict == SSO_EMAIL_MOVE && s->claim->email_verified) {
        return take_email(s, holder);
    }
    return sso_fail(s->cx, SSO_F_CONFLICT, "the address %s of %s belongs to account %s",
                    sso_account_quote(s->cx, s->claim->email),
                    sso_account_quote(s->cx, s->claim->user_id), holder);
}

/* Whatever backends know people by must be one person's. */
static apr_status_t check_user(sso_account_step_t *s)
{
    const char *other;
    apr_status_t rv;

    if (!s->claim->user) return APR_SUCCESS;
    rv = s->ops->by_user(s->tx, s->cx, s->accounts->site, s->claim->user,
                         s->account.id ? s->account.id : "", &other);
    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    if (rv != APR_SUCCESS) return rv;
    return sso_fail(s->cx, SSO_F_CONFLICT, "the user name %s belongs to account %s",
                    sso_account_quote(s->cx, s->claim->user), other);
}

static void take_text(sso_account_step_t *s, const char *field, const char *said,
                      const char **known)
{
    if (is_news(s, field, said, *known)) *known = said;
}

static apr_status_t take_fields(sso_account_step_t *s)
{
    apr_status_t rv = APR_SUCCESS;

    if (email_is_news(s)) {
        rv = free_email(s);
        s->account.email = s->claim->email;
        s->account.email_verified = *s->claim->email ? s->claim->email_verified : 0;
    }
    take_text(s, "name", s->claim->name, &s->account.name);
    take_text(s, "image", s->claim->image, &s->account.image);
    take_text(s, "bio", s->claim->bio, &s->account.bio);
    return rv;
}

/* ---- bringing up to date ---- */

void sso_account_step_set_ban(sso_account_step_t *s, int banned, const char *by, const char *reason)
{
    s->account.banned = banned;
    s->account.banned_at = banned ? s->cx->now : 0;
    s->account.banned_by = banned ? by : "";
    s->account.ban_reason = banned ? reason : "";
    s->news = banned ? "ban" : "pardon";
}

static int ban_differs(const sso_account_step_t *s)
{
    return s->claim->banned >= 0 && s->claim->banned != s->account.banned;
}

/* The record follows the claim; a new epoch where sessions must follow, too. */
apr_status_t sso_account_step_update(sso_account_step_t *s)
{
    int roles = roles_differ(s);
    int ban = ban_differs(s);
    int fields = fields_differ(s);
    apr_status_t rv = check_user(s);

    if (rv == APR_SUCCESS) rv = take_fields(s);
    if (rv != APR_SUCCESS) return rv;
    if (ban) sso_account_step_set_ban(s, s->claim->banned, s->claim->realm, "the provider's word");
    if (roles || ban || fields || s->did == SSO_ACCOUNT_CREATED) {
        rv = s->ops->next_epoch(s->tx, s->cx, &s->account.epoch);
        s->account.updated = s->cx->now;
        if (s->did == SSO_ACCOUNT_UNCHANGED) s->did = SSO_ACCOUNT_UPDATED;
    }
    if (s->claim->user) s->account.last_login = s->cx->now;
    if (rv == APR_SUCCESS) rv = s->ops->put_account(s->tx, s->cx, &s->account);
    if (rv == APR_SUCCESS && s->did == SSO_ACCOUNT_CREATED) rv = sso_account_step_put_identity(s);
    if (rv == APR_SUCCESS && user_is_news(s)) {
        s->identity.user = s->claim->user;
        rv = s->ops->put_identity(s->tx, s->cx, &s->identity);
    }
    if (rv == APR_SUCCESS && roles)
        rv = sso_account_step_set_roles(s, s->claim->realm, s->claim->roles);
    return rv;
}

int sso_account_step_has_news(sso_account_step_t *s)
{
    return fields_differ(s) || roles_differ(s) || user_is_news(s);
}
