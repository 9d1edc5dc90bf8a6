/*
 * account_admin.h - the admin's own hand on a record.
 *
 * Owns:  sso_account_find and what is done to what it finds.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ACCOUNT_ADMIN_H
#define SSO_CORE_ACCOUNT_ADMIN_H

#include "core/account.h"

/* The record that a text names: an id, "REALM USER_ID" in two words, or a verified address.
 * APR_NOTFOUND, no fault: none. user_id NULL: `name` is an id or an address. */
apr_status_t sso_account_find(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *name,
                              const char *user_id, sso_account_t *out);

/* reason NULL: pardon. */
apr_status_t sso_account_ban(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *id,
                             const char *reason, sso_account_did_t *did);

/* Give (on 1) or take a role of the realm "local". */
apr_status_t sso_account_role(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *id,
                              const char *role, int on, sso_account_did_t *did);

/* The site has given a person another user_id. SSO_F_CONFLICT: it is another's. */
apr_status_t sso_account_rename(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *realm,
                                const char *from, const char *to, sso_account_did_t *did);

#endif /* SSO_CORE_ACCOUNT_ADMIN_H */
