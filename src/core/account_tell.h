/*
 * account_tell.h - peers hear what has become of the people that they know from us: SSOPeerSync.
 *
 * Owns:  what a peer has been told of whom, and when it is told again.
 * Layer: core (base, net).
 *
 * A peer is told of those whom it was told of before, when they were vouched for: of nobody else, and
 * under the same user_id. The database remembers it, so that nothing is forgotten over a restart; what
 * is told is how things are then, not each step of the way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ACCOUNT_TELL_H
#define SSO_CORE_ACCOUNT_TELL_H

#include "core/account.h"
#include "core/protocol.h"
#include "net/client.h"

#define SSO_TELL_TRIES 24 /* of one message; from a second to an hour apart: for about half a day */

/* Somebody is vouched for: whatever changes of them from now on, the peer hears. */
apr_status_t sso_account_tell_later(sso_ctx_t *cx, const sso_asker_t *asker, const char *account,
                                    const char *user_id);

/**
 * Tell a peer what is due, a few people at a time. What it does not take is tried again later; after
 * SSO_TELL_TRIES nothing is, until the record changes once more.
 *
 * @return SSO_F_ACCOUNT_DATABASE; what peers answer is for the log.
 */
apr_status_t sso_account_tell(sso_ctx_t *cx, const sso_asker_t *asker, const sso_client_t *client);

#endif /* SSO_CORE_ACCOUNT_TELL_H */
