/*
 * account_login.h - the record of a person who logs in: found, linked or created.
 *
 * Owns:  the rules of first logins: SSOProvision, SSOLinkBy.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ACCOUNT_LOGIN_H
#define SSO_CORE_ACCOUNT_LOGIN_H

#include "core/account.h"

/**
 * The record of a person who logs in; found, linked or created, and brought up to date.
 *
 * @param set settings of the provider.
 * @param did UPDATED: other sessions of the person must follow; untouched on failure, like out.
 * @return    SSO_F_BANNED. SSO_F_CONFLICT: the address or REMOTE_USER is another's.
 *            SSO_F_USER_UNKNOWN: SSOProvision does not let the person in. SSO_F_ACCOUNT_DATABASE.
 */
apr_status_t sso_account_login(sso_ctx_t *cx, const sso_accounts_t *accounts,
                               const sso_provider_settings_t *set, const sso_account_claim_t *claim,
                               sso_account_did_t *did, sso_account_t *out);

/**
 * The same for an identity: the record says who the person is here.
 *
 * @param profile of `who`; amended by the record.
 */
apr_status_t sso_account_enter(sso_ctx_t *cx, const sso_accounts_t *accounts,
                               const sso_provider_t *provider, const sso_identity_t *who,
                               sso_profile_t *profile, sso_account_did_t *did,
                               sso_account_t *account);

/**
 * What a login would do, without a trace of it in the database or the log.
 *
 * @param would "make an account", "use account ID" or "link account ID", and that it would make its
 *              person the owner; in cx->pool.
 * @return      as sso_account_login.
 */
apr_status_t sso_account_rehearse(sso_ctx_t *cx, const sso_accounts_t *accounts,
                                  const sso_provider_settings_t *set,
                                  const sso_account_claim_t *claim, const char **would);

/**
 * The same once more, after the session was made: has it changed meanwhile?
 *
 * @param account as login gave it; brought up to date when it has.
 * @param changed its epoch is another.
 * @return        SSO_F_BANNED; SSO_F_ACCOUNT_DATABASE: who knows.
 */
apr_status_t sso_account_recheck(sso_ctx_t *cx, const sso_accounts_t *accounts,
                                 sso_account_t *account, int *changed);

#endif /* SSO_CORE_ACCOUNT_LOGIN_H */
