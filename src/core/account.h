/*
 * account.h - the records of people: found, created, linked, banned.
 *
 * Owns:  sso_account_t, what a provider claims of a person, the interface that a place for records
 *        fills in. The rules are in account_login, account_sync and account_admin.
 * Layer: core (base, crypto).
 * Lives: records in a database, for years; what is read of them as long as cx->pool.
 *
 * A record belongs to a site, by the name that SSOAccounts gives it. A person is known by (realm,
 * user_id), never by e-mail address or name; a realm is one provider: "hmac:members",
 * "saml:https://idp.example/id". One record may have several identities, of several realms.
 *
 * Whatever changes a record happens in one transaction, alone: of two hundred first logins of one
 * person one creates the record, and the others find it. docs/ACCOUNTS.md draws the tables.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ACCOUNT_H
#define SSO_CORE_ACCOUNT_H

#include "core/attrmap.h"
#include "core/identity.h"
#include "core/provider.h"

#define SSO_ACCOUNT_ID_CHARS 32      /* hex digits of 128 random bits */
#define SSO_ACCOUNT_LOCAL    "local" /* realm of the roles that the site's own admin gives */

/* One role, and the realm that gave it. */
typedef struct {
    const char *realm;
    const char *role;
} sso_account_role_t;

/* What is known of a person. Texts are "" when there is nothing to tell, never NULL. */
typedef struct {
    const char *id; /* SSO_ACCOUNT_ID_CHARS hex digits; stable, whatever else changes */
    const char *site;
    const char *email;
    int email_verified; /* by a provider; then no other record of the site has the address */
    const char *name;
    const char *image;
    const char *bio;
    int banned;
    apr_time_t banned_at;
    const char *banned_by; /* realm or "local" */
    const char *ban_reason;
    apr_time_t created, updated, last_login;
    apr_int64_t epoch;         /* grows with every change that sessions must follow */
    int owner;                 /* this one owns the site */
    int site_owned;            /* the site has an owner */
    apr_array_header_t *roles; /* of sso_account_role_t, by realm, in the order they came */
} sso_account_t;

/* One name of a person at one provider. */
typedef struct {
    const char *site, *realm, *user_id;
    const char *account; /* id of the record */
    const char *user;    /* REMOTE_USER of the last login; "": none yet */
    apr_time_t created, last_login;
    apr_int64_t sync_iat; /* iat of the last sync message that was applied; 0: none */
} sso_account_identity_t;

/* What is known of a site as a whole. */
typedef struct {
    const char *site;
    apr_time_t created;    /* when accounts were first kept for it */
    const char *code;      /* digest of the code that makes somebody owner; "": there is none */
    apr_time_t code_until; /* ... and until when it does */
    int owned;             /* somebody is owner; as it is read, not written */
} sso_account_site_t;

/* Somebody whom a peer knows from us. */
typedef struct {
    const char *account;
    const char *user_id; /* as the peer calls them */
    apr_int64_t epoch;   /* of the record as the peer was told it */
    int banned;          /* the peer was told of a ban */
    int tries;           /* that failed since */
    apr_time_t next_try; /* not before */
} sso_account_due_t;

/* ---- where records are kept ---- */

typedef struct sso_ledger sso_ledger_t;
typedef struct sso_ledger_tx sso_ledger_tx_t;

typedef enum {
    SSO_LEDGER_READ, /* each statement by itself */
    SSO_LEDGER_NOTE, /* the same; what is written may be lost with the machine's power */
    SSO_LEDGER_WRITE /* alone among writers, all or nothing, on the disk when commit returns */
} sso_ledger_mode_t;

typedef int sso_ledger_fn(void *baton, const sso_account_t *account);

/* What a backend fills in. Any call may fail with SSO_F_ACCOUNT_DATABASE; nothing is changed then.
 * Texts of results are in cx->pool. */
typedef struct {
    apr_status_t (*begin)(sso_ledger_t *, sso_ctx_t *, sso_ledger_mode_t, sso_ledger_tx_t **out);

    /* End; what a WRITE did holds if and only if APR_SUCCESS is returned. */
    apr_status_t (*commit)(sso_ledger_tx_t *, sso_ctx_t *);

    /* End, and undo what a WRITE did. */
    void (*rollback)(sso_ledger_tx_t *, sso_ctx_t *);

    /* APR_NOTFOUND, no fault: there is none. So with the next three. */
    apr_status_t (*identity)(sso_ledger_tx_t *, sso_ctx_t *, const char *site, const char *realm,
                             const char *user_id, sso_account_identity_t *out);
    apr_status_t (*account)(sso_ledger_tx_t *, sso_ctx_t *, const char *id, sso_account_t *out);

    /* The id of the record that has the address, verified; compared without case. */
    apr_status_t (*by_email)(sso_ledger_tx_t *, sso_ctx_t *, const char *site, const char *email,
                             const char **id);

    /* The id of the record that uses this REMOTE_USER, other than `but`. */
    apr_status_t (*by_user)(sso_ledger_tx_t *, sso_ctx_t *, const char *site, const char *user,
                            const char *but, const char **id);

    /* Of one record: array of sso_account_identity_t, oldest first. */
    apr_status_t (*identities)(sso_ledger_tx_t *, sso_ctx_t *, const char *id,
                               apr_array_header_t **out);

    /* Create or replace; roles and owner are not touched. */
    apr_status_t (*put_account)(sso_ledger_tx_t *, sso_ctx_t *, const sso_account_t *);
    apr_status_t (*put_identity)(sso_ledger_tx_t *, sso_ctx_t *, const sso_account_identity_t *);

    /* Replace the roles of one realm, of const char *. */
    apr_status_t (*put_roles)(sso_ledger_tx_t *, sso_ctx_t *, const char *id, const char *realm,
                              const apr_array_header_t *roles);

    /* A login: times of record and identity. */
    apr_status_t (*note_login)(sso_ledger_tx_t *, sso_ctx_t *, const sso_account_identity_t *);

    /* Another user_id for an identity. APR_EEXIST, no fault: it is taken. */
    apr_status_t (*rename)(sso_ledger_tx_t *, sso_ctx_t *, const sso_account_identity_t *,
                           const char *user_id);

    /* Become owner of a site that has none; *won says whether. force: take the place of another. */
    apr_status_t (*own)(sso_ledger_tx_t *, sso_ctx_t *, const char *site, const char *id, int force,
                        int *won);

    /* What is known of a site, and what is: created stays as it was. APR_NOTFOUND: nothing. */
    apr_status_t (*site)(sso_ledger_tx_t *, sso_ctx_t *, const char *site, sso_account_site_t *out);
    apr_status_t (*put_site)(sso_ledger_tx_t *, sso_ctx_t *, const sso_account_site_t *);

    /* A peer knows somebody from now on, as they are. Those of whom it has not heard the last, whose turn
     * it is: array of sso_account_due_t, a few at a time. And what came of it. */
    apr_status_t (*know)(sso_ledger_tx_t *, sso_ctx_t *, const char *site, const char *peer,
                         const char *account, const char *user_id);
    apr_status_t (*due)(sso_ledger_tx_t *, sso_ctx_t *, const char *site, const char *peer,
                        apr_array_header_t **out);
    apr_status_t (*put_due)(sso_ledger_tx_t *, sso_ctx_t *, const char *site, const char *peer,
                            const sso_account_due_t *);

    /* A number greater than every one before, in all records. */
    apr_status_t (*next_epoch)(sso_ledger_tx_t *, sso_ctx_t *, apr_int64_t *out);

    /* Remember a message until then; *again: it was remembered. Forgets what is over. */
    apr_status_t (*seen)(sso_ledger_tx_t *, sso_ctx_t *, const char *message, apr_time_t until,
                         int *again);

    /* The names of sites: array of const char *, sorted. */
    apr_status_t (*sites)(sso_ledger_tx_t *, sso_ctx_t *, apr_array_header_t **out);

    /* The last epoch that was given. */
    apr_status_t (*latest)(sso_ledger_tx_t *, sso_ctx_t *, apr_int64_t *out);

    /* Records of a site whose epoch is greater, by epoch; all: since -1. Each is shown with its
     * roles, and lives until fn returns; non-zero ends the walk. */
    apr_status_t (*walk)(sso_ledger_t *, sso_ctx_t *, const char *site, apr_int64_t since,
                         sso_ledger_fn *fn, void *baton);
} sso_ledger_ops_t;

struct sso_ledger {
    const sso_ledger_ops_t *ops; /* first member of every backend's own struct */
};

/* ---- rules ---- */

enum { SSO_OWNER_NONE, SSO_OWNER_FIRST, SSO_OWNER_ID };

/* Who owns a site: SSOOwner. */
typedef struct {
    int kind;                   /* SSO_OWNER_* */
    const char *provider;       /* whose people may; not NULL unless kind is NONE */
    const char *user_id;        /* SSO_OWNER_ID */
    const char *domain;         /* FIRST: of the verified e-mail address; NULL: any */
    const char *role;           /* FIRST: must come with the identity; NULL: none needed */
    apr_interval_time_t within; /* FIRST: since accounts are kept; 0: whenever */
    int code;                   /* FIRST: a login is not enough, a code must be entered */
} sso_account_owner_t;

/* Accounts of one site; of several hosts when they share them. */
typedef struct sso_accounts {
    sso_ledger_t *ledger;
    const char *site;          /* the name that records have */
    sso_account_owner_t owner; /* SSOOwner */
    apr_array_header_t *hosts; /* of const sso_site_t *: where their sessions are */
} sso_accounts_t;

/* What a provider says of a person. A text that is NULL was not said; "" clears. */
typedef struct {
    const char *realm;
    const char *provider; /* name of the block */
    const char *user_id;
    const char
        *full_id; /* of one of several identity providers behind one block: "ISSUER!ID", by which
                            SSOOwner has to name the person; NULL: user_id says it */
    const char *user; /* REMOTE_USER; NULL: no login */
    const char *email;
    int email_verified;
    const char *name, *image, *bio;
    const apr_array_header_t *roles;      /* of const char *; NULL: not said */
    const apr_array_header_t *more_roles; /* the same, on top of `roles`, or of those that the realm
                                             gave before */
    const apr_array_header_t *less_roles; /* and these out of them */
    const apr_array_header_t *groups;     /* the same; to decide about, not kept */
    int banned;                           /* 1: ban; 0: pardon; -1: not said. Sync only */
} sso_account_claim_t;

typedef enum { SSO_ACCOUNT_UNCHANGED, SSO_ACCOUNT_UPDATED, SSO_ACCOUNT_CREATED } sso_account_did_t;

/* "hmac:members", "saml:https://idp.example/id"; in p. */
const char *sso_account_realm(apr_pool_t *p, const char *protocol, const char *issuer);

/**
 * What an identity claims, its attributes as the site names them.
 *
 * @return SSO_F_ACCOUNT_SUBJECT when the provider names the person anew at each login.
 */
apr_status_t sso_account_claim(sso_ctx_t *cx, const sso_provider_t *provider,
                               const sso_identity_t *who, const sso_profile_t *profile,
                               sso_account_claim_t *out);

/* The identity as the site sees it, by its record: address, name, image and roles are the record's,
 * `account` and, for the owner, `owner` are added. */
void sso_account_amend(sso_ctx_t *cx, const sso_account_t *account, sso_profile_t *profile);

/* The roles that a realm gave, in their order; and those of all realms, each once: arrays of
 * const char * in cx->pool. */
apr_array_header_t *sso_account_realm_roles(sso_ctx_t *cx, const sso_account_t *account,
                                            const char *realm);
apr_array_header_t *sso_account_roles(sso_ctx_t *cx, const sso_account_t *account);

/* A provider's roles, each once, without the word that would make somebody owner. */
const apr_array_header_t *sso_account_known_roles(sso_ctx_t *cx, const apr_array_header_t *roles);

/* Is the word in a list of const char *? */
int sso_account_has(const apr_array_header_t *list, const char *word);

/* A text from outside for a log line, in cx->pool. */
const char *sso_account_quote(sso_ctx_t *cx, const char *text);

#endif /* SSO_CORE_ACCOUNT_H */
