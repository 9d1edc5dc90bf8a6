/*
 * account_live.c - the sessions of a person follow the person's record.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/account_live.h"

#include "core/release.h"

#include <strings.h>

#define ROUNDS 8 /* a record that changes more often while it is looked at is left to the others */

/* What sso_account_amend writes. */
static const char *const followed[] = {"email",   "name",  "picture", "roles",
                                       "account", "owner", NULL};

/* One person's sessions at one provider of one host. */
typedef struct {
    sso_ctx_t *cx;
    const sso_idp_t *idp;
    const sso_account_identity_t *identity;
    const sso_account_t *account; /* NULL: end them all */
    int count;
    apr_status_t rv;
} walk_t;

/* ---- one session ---- */

/* The index is by subject; two issuers behind one provider may have used the same one. */
static int is_of(const walk_t *w, const sso_session_t *session)
{
    const char *realm = sso_account_realm(w->cx->pool, w->idp->provider->protocol->name,
                                          session->issuer);

    return !strcmp(session->provider, w->idp->provider->name)
           && !strcmp(session->subject, w->identity->user_id) && !strcmp(realm, w->identity->realm);
}

static const char *shown_text(const sso_session_t *session, const char *name)
{
    sso_shown_t shown;

    return sso_session_get(session, name, &shown) == APR_SUCCESS ? shown.value : "";
}

/* Is REMOTE_USER made of something that is not what it was? */
static int has_new_user(const walk_t *w, const sso_session_t *session)
{
    const apr_array_header_t *from = w->idp->provider->set->user_attribute;
    int i;

    for (i = 0; from && i < from->nelts; i++) {
        const char *name = APR_ARRAY_IDX(from, i, const char *);
        const char *now = !strcasecmp(name, "email")  ? w->account->email
                          : !strcasecmp(name, "name") ? w->account->name
                                                      : NULL;

        if (now && strcmp(now, shown_text(session, name)) != 0) return 1;
    }
    return 0;
}

static apr_status_t end_one(walk_t *w, const sso_session_t *session)
{
    const sso_site_t *site = w->idp->site;
    apr_status_t rv = site->store->ops->drop(site->store, w->cx, &session->key, site->tenant);

    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    if (rv != APR_SUCCESS) return rv;
    w->count++;
    sso_session_tell(w->cx, site, session, "ended",
                     !w->account || w->account->banned ? "banned" : "the account was changed");
    sso_release_session(w->cx, site, session);
    return APR_SUCCESS;
}

/* What no longer fits, or cannot be written, ends: it must not go on with what it had. */
static apr_status_t show_one(walk_t *w, const sso_store_key_t *key, const sso_record_t *record,
                             const sso_session_t *session)
{
    const sso_site_t *site = w->idp->site;
    apr_array_header_t *none = apr_array_make(w->cx->pool, 6, sizeof(sso_mapped_t));
    sso_profile_t profile = {.user = session->user, .mapped = none};
    sso_record_t fresh = *record;
    apr_status_t rv;

    fresh.renew = 1;
    sso_account_amend(w->cx, w->account, &profile);
    rv = sso_session_rewrite(w->cx, session, followed, profile.mapped, &fresh.value);
    if (rv == APR_SUCCESS && sso_span_eq(fresh.value, record->value)) return APR_SUCCESS;
    if (rv == APR_SUCCESS && w->idp->provider->set->role_change == SSO_ROLES_RELOGIN) {
        return end_one(w, session);
    }
    if (rv == APR_SUCCESS) rv = site->store->ops->put(site->store, w->cx, key, &fresh);
    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    if (rv == APR_SUCCESS) w->count++;
    if (rv == APR_SUCCESS) return rv;
    sso_ctx_clear(w->cx);
    return end_one(w, session);
}

static int follow_one(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                      apr_time_t last_used)
{
    walk_t *w = baton;
    sso_session_t session;

    (void)last_used;
    if (sso_session_view(record->value, &session) != APR_SUCCESS || !is_of(w, &session)) return 0;
    session.key = *key;
    if (!w->account || w->account->banned || has_new_user(w, &session)) {
        w->rv = end_one(w, &session);
    } else {
        w->rv = show_one(w, key, record, &session);
    }
    return w->rv != APR_SUCCESS;
}

/* ---- all of them ---- */

static apr_status_t follow_at(sso_ctx_t *cx, const sso_idp_t *idp,
                              const sso_account_identity_t *identity, const sso_account_t *account,
                              int *count)
{
    sso_store_t *store = idp->site->store;
    sso_match_t match = {.tenant = idp->site->tenant};
    walk_t w = {.cx = cx, .idp = idp, .identity = identity, .account = account};
    apr_status_t rv = sso_session_subject_key(cx, idp, identity->user_id, &match.subject);

    if (rv == APR_SUCCESS) rv = store->ops->walk(store, cx, &match, follow_one, &w);
    *count += w.count;
    return rv == APR_SUCCESS ? w.rv : rv;
}

static apr_status_t follow_identity(sso_ctx_t *cx, const sso_accounts_t *accounts,
                                    const sso_account_identity_t *identity,
                                    const sso_account_t *account, int *count)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < accounts->hosts->nelts && rv == APR_SUCCESS; i++) {
        const sso_site_t *site = APR_ARRAY_IDX(accounts->hosts, i, const sso_site_t *);
        apr_hash_index_t *hi;

        for (hi = apr_hash_first(cx->pool, site->idps); hi && rv == APR_SUCCESS;
             hi = apr_hash_next(hi))
            rv = follow_at(cx, apr_hash_this_val(hi), identity, account, count);
    }
    return rv;
}

/* The record and its names as they are now. */
static apr_status_t read_record(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *id,
                                sso_account_t *account, apr_array_header_t **identities)
{
    const sso_ledger_ops_t *ops = accounts->ledger->ops; /* a change was written by it */
    sso_ledger_tx_t *tx;
    apr_status_t rv = ops->begin(accounts->ledger, cx, SSO_LEDGER_READ, &tx);

    if (rv != APR_SUCCESS) return rv;
    rv = ops->account(tx, cx, id, account);
    if (rv == APR_SUCCESS) rv = ops->identities(tx, cx, id, identities);
    if (rv == APR_SUCCESS) return ops->commit(tx, cx);
    ops->rollback(tx, cx);
    if (rv != APR_NOTFOUND) return rv;
    return sso_fail(cx, SSO_F_ACCOUNT_DATABASE, "account %s has gone", id);
}

static apr_status_t follow(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *id, int end,
                           int *count)
{
    apr_int64_t shown = -1;
    int round;

    *count = 0;
    for (round = 0; round < ROUNDS; round++) {
        apr_array_header_t *identities;
        sso_account_t account;
        apr_status_t rv = read_record(cx, accounts, id, &account, &identities);
        int i;

        if (rv != APR_SUCCESS || account.epoch == shown) return rv;
        shown = account.epoch;
        for (i = 0; i < identities->nelts && rv == APR_SUCCESS; i++)
            rv = follow_identity(cx, accounts,
                                 &APR_ARRAY_IDX(identities, i, sso_account_identity_t),
                                 end ? NULL : &account, count);
        if (rv != APR_SUCCESS) return rv;
    }
    return APR_SUCCESS;
}

apr_status_t sso_account_follow(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *id,
                                int *count)
{
    return follow(cx, accounts, id, 0, count);
}

apr_status_t sso_account_end(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *id,
                             int *count)
{
    return follow(cx, accounts, id, 1, count);
}

apr_status_t sso_account_arrived(sso_ctx_t *cx, const sso_site_t *site,
                                 const sso_session_t *session)
{
    sso_shown_t account;
    int count;

    if (!site->accounts) return APR_SUCCESS;
    if (sso_session_get(session, "account", &account) != APR_SUCCESS) return APR_SUCCESS;
    return sso_account_follow(cx, site->accounts, account.value, &count);
}
