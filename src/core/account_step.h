/*
 * account_step.h - what login, sync and admin have in common: a record follows a claim.
 *
 * Owns:  sso_account_step_t.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ACCOUNT_STEP_H
#define SSO_CORE_ACCOUNT_STEP_H

#include "core/account.h"

/* One decision: what it concerns, and the transaction that it happens in. */
typedef struct {
    sso_ctx_t *cx;
    const sso_ledger_ops_t *ops;
    sso_ledger_tx_t *tx;
    const sso_accounts_t *accounts;
    const sso_provider_settings_t *set; /* NULL: by the admin's hand */
    const sso_account_claim_t *claim;   /* the same */
    sso_account_identity_t identity;
    sso_account_t account; /* id NULL: not found yet */
    sso_account_did_t did;
    const char *news; /* "ban" or "pardon", if it is one; NULL: neither */
} sso_account_step_t;

sso_account_step_t sso_account_step(sso_ctx_t *cx, const sso_accounts_t *accounts,
                                    const sso_provider_settings_t *set,
                                    const sso_account_claim_t *claim);

/* Open its transaction; and close it: what was done holds if rv is APR_SUCCESS and so is what is
 * returned, and is undone otherwise. */
apr_status_t sso_account_step_open(sso_account_step_t *s, sso_ledger_mode_t mode);
apr_status_t sso_account_step_close(sso_account_step_t *s, apr_status_t rv);

/* Identity and record of the claim. APR_NOTFOUND: nobody knows the user_id. */
apr_status_t sso_account_step_look_up(sso_account_step_t *s);

/* SSO_F_BANNED when the record is. */
apr_status_t sso_account_step_check_ban(sso_account_step_t *s);

/* An empty record with an id of its own; what goes into it comes with the update. */
apr_status_t sso_account_step_create(sso_account_step_t *s);

/* The claim's user_id is the record's from now on. */
apr_status_t sso_account_step_put_identity(sso_account_step_t *s);

/* The id of the record that has the address, other than this one; "" if none. */
apr_status_t sso_account_step_holder(sso_account_step_t *s, const char *email, const char **out);

/* Of a claim that adds roles and takes some away: a list of all that the realm gives; once the record is
 * known, or known to be none. */
void sso_account_step_settle_roles(sso_account_step_t *s);

/* Does the claim change anything that is written? */
int sso_account_step_has_news(sso_account_step_t *s);

/* The record follows the claim; with a new epoch where sessions must follow, too. SSO_F_CONFLICT. */
apr_status_t sso_account_step_update(sso_account_step_t *s);

/* Replace the roles of a realm; banned or not, reason for the former. */
apr_status_t sso_account_step_set_roles(sso_account_step_t *s, const char *realm,
                                        const apr_array_header_t *roles);
void sso_account_step_set_ban(sso_account_step_t *s, int banned, const char *by,
                              const char *reason);

#endif /* SSO_CORE_ACCOUNT_STEP_H */
