/*
 * account_live.h - the sessions of a person follow the person's record.
 *
 * Owns:  the way from a record to its sessions.
 * Layer: core (base, store).
 *
 * Requests look at nothing but their session: whoever changes a record sees to it, before it says
 * that the change is done, that every session of the person in this store has ended or shows it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ACCOUNT_LIVE_H
#define SSO_CORE_ACCOUNT_LIVE_H

#include "core/account.h"
#include "core/session.h"

/**
 * Make the sessions of a record follow it: of somebody banned they end, of others they show what
 * changed; or end, where SSORoleChange is relogin, or REMOTE_USER would have to change.
 *
 * Repeats itself while the record changes, so that of two changes at a time the later one is shown.
 *
 * @param id    of the record.
 * @param count sessions that were ended or changed.
 * @return      SSO_F_ACCOUNT_DATABASE, or a fault of the store: it may be that not all follow.
 */
apr_status_t sso_account_follow(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *id,
                                int *count);

/* A session that came from another machine, as sso_site_t.arrived: its record may have changed while
 * the session was nowhere that somebody looked. */
apr_status_t sso_account_arrived(sso_ctx_t *cx, const sso_site_t *site,
                                 const sso_session_t *session);

/* End all sessions of a record. */
apr_status_t sso_account_end(sso_ctx_t *cx, const sso_accounts_t *accounts, const char *id,
                             int *count);

#endif /* SSO_CORE_ACCOUNT_LIVE_H */
