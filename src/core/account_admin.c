/*
 * account_admin.c - the admin's own hand on a record.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/account_admin.h"

#include "core/account_step.h"

static apr_status_t find(sso_account_step_t *s, const char *name, const char *user_id)
{
    const char *id = name;
    apr_status_t rv = APR_SUCCESS;

    if (user_id) {
        rv = s->ops->identity(s->tx, s->cx, s->accounts->site, name, user_id, &s->identity);
        if (rv == APR_SUCCESS) id = s->identity.account;
    } else if (strchr(name, '@')) {
        rv = s->ops->by_email(s->tx, s->cx, s->accounts->site, name, &id);
    }
    if (rv == APR_SUCCESS) rv = s->ops->account(s->tx, s->cx, id, &s->account);
    if (rv == APR_SUCCESS && strcmp(s->account.site, s->accounts->site) != 0) rv = APR_NOTFOUND;
    return rv;
}

apr_status_t sso_account_find(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *name,
                              const char *user_id, sso_account_t *out)
{
    sso_account_step_t s = sso_account_step(cx, accounts, NULL, NULL);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_READ);

    if (rv == APR_SUCCESS) rv = sso_account_step_close(&s, find(&s, name, user_id));
    if (rv == APR_SUCCESS) *out = s.account;
    return rv;
}

/* Write a record that was changed by hand. */
static apr_status_t put_changed(sso_account_step_t *s)
{
    apr_status_t rv = s->ops->next_epoch(s->tx, s->cx, &s->account.epoch);

    s->did = SSO_ACCOUNT_UPDATED;
    s->account.updated = s->cx->now;
    return rv == APR_SUCCESS ? s->ops->put_account(s->tx, s->cx, &s->account) : rv;
}

static apr_status_t ban(sso_account_step_t *s, const char *id, const char *reason)
{
    apr_status_t rv = find(s, id, NULL);

    if (rv != APR_SUCCESS || s->account.banned == (reason != NULL)) return rv;
    sso_account_step_set_ban(s, reason != NULL, SSO_ACCOUNT_LOCAL, reason);
    return put_changed(s);
}

apr_status_t sso_account_ban(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *id,
                             const char *reason, sso_account_did_t *did)
{
    sso_account_step_t s = sso_account_step(cx, accounts, NULL, NULL);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_WRITE);

    if (rv == APR_SUCCESS) rv = sso_account_step_close(&s, ban(&s, id, reason));
    if (rv == APR_SUCCESS) *did = s.did;
    return rv;
}

static apr_status_t give_role(sso_account_step_t *s, const char *id, const char *role, int on)
{
    apr_array_header_t *kept = apr_array_make(s->cx->pool, 4, sizeof(const char *));
    apr_array_header_t *roles;
    apr_status_t rv = find(s, id, NULL);
    int i;

    if (rv != APR_SUCCESS) return rv;
    roles = sso_account_realm_roles(s->cx, &s->account, SSO_ACCOUNT_LOCAL);
    if (sso_account_has(roles, role) == !!on) return APR_SUCCESS;
    for (i = 0; i < roles->nelts; i++) {
        const char *other = APR_ARRAY_IDX(roles, i, const char *);

        if (strcmp(other, role) != 0) APR_ARRAY_PUSH(kept, const char *) = other;
    }
    if (on) APR_ARRAY_PUSH(kept, const char *) = role;
    rv = sso_account_step_set_roles(s, SSO_ACCOUNT_LOCAL, kept);
    return rv == APR_SUCCESS ? put_changed(s) : rv;
}

apr_status_t sso_account_role(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *id,
                              const char *role, int on, sso_account_did_t *did)
{
    sso_account_step_t s = sso_account_step(cx, accounts, NULL, NULL);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_WRITE);

    if (rv == APR_SUCCESS) rv = sso_account_step_close(&s, give_role(&s, id, role, on));
    if (rv == APR_SUCCESS) *did = s.did;
    return rv;
}

static apr_status_t rename_identity(sso_account_step_t *s, const char *realm, const char *from,
                                    const char *to)
{
    apr_status_t rv = find(s, realm, from);

    if (rv == APR_SUCCESS) rv = s->ops->rename(s->tx, s->cx, &s->identity, to);
    if (rv == APR_EEXIST) {
        return sso_fail(s->cx, SSO_F_CONFLICT, "%s has an account of its own at %s",
                        sso_account_quote(s->cx, to), realm);
    }
    return rv == APR_SUCCESS ? put_changed(s) : rv;
}

apr_status_t sso_account_rename(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *realm,
                                const char *from, const char *to, sso_account_did_t *did)
{
    sso_account_step_t s = sso_account_step(cx, accounts, NULL, NULL);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_WRITE);

    if (rv == APR_SUCCESS) rv = sso_account_step_close(&s, rename_identity(&s, realm, from, to));
    if (rv == APR_SUCCESS) *did = s.did;
    return rv;
}
