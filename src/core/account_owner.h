/*
 * account_owner.h - who owns a site: SSOOwner.
 *
 * Owns:  the conditions under which somebody becomes owner, the site's own record, the claim code.
 * Layer: core (base, crypto).
 *
 * Everything is decided in the database, alone among writers, and from "no": what is not known there,
 * since when a site keeps accounts or which code was given out, makes nobody owner.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ACCOUNT_OWNER_H
#define SSO_CORE_ACCOUNT_OWNER_H

#include "core/account_step.h"

#define SSO_OWNER_CODE_AGE APR_TIME_C(3600000000) /* how long a claim code is good for */

/* Does this login make its person the owner, as far as is known now? And the making; another may have
 * been faster, s->account.owner says. */
apr_status_t sso_account_owner_may(sso_account_step_t *s, int *out);
apr_status_t sso_account_owner_take(sso_account_step_t *s);

/* At a start: the site keeps accounts from now on, unless it does already. */
apr_status_t sso_account_site_begin(sso_ctx_t *cx, const sso_accounts_t *accounts);

/**
 * A code with which somebody becomes owner, once, within SSO_OWNER_CODE_AGE; an older one is void.
 *
 * @param code 32 hex digits in cx->pool; the database keeps a digest.
 * @return     SSO_F_CONFLICT: the site has an owner.
 */
apr_status_t sso_account_owner_offer(sso_ctx_t *cx, const sso_accounts_t *accounts,
                                     const char **code);

/**
 * Somebody who is signed in enters a code.
 *
 * @param who realm, provider and user_id; the record says the rest.
 * @param id  of the record, in cx->pool.
 * @return    SSO_F_CLAIM_CODE: the code, or another condition of SSOOwner, does not hold.
 */
apr_status_t sso_account_owner_claim(sso_ctx_t *cx, const sso_accounts_t *accounts,
                                     const sso_account_claim_t *who, const char *code,
                                     const char **id);

#endif /* SSO_CORE_ACCOUNT_OWNER_H */
