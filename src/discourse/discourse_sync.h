/*
 * discourse_sync.h - the payload by which a site changes accounts, without a browser.
 *
 * Owns:  which of its fields change what.
 * Layer: discourse (base, crypto, core, token).
 * Lives: one request.
 *
 *   POST <sync URL>  sso=S&sig=H      in the query, or in a form
 *
 * As an answer, but never with a nonce: what a person has seen in the address of a login must change no
 * account (R2), and what changes accounts must log nobody in (R1).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_DISCOURSE_DISCOURSE_SYNC_H
#define SSO_DISCOURSE_DISCOURSE_SYNC_H

#include "token/token_message.h"
#include "token/token_sync.h"

/**
 * Verify a message. "groups" is the whole list, add_groups and remove_groups change it; what is not there
 * stays as it is. custom.banned says whether the person is banned, custom.iat and custom.jti that it is
 * no replay.
 *
 * @param staff  admin and moderator become roles of that name.
 * @param secret which of them verified it, from 0.
 * @return       the faults of an answer, or SSO_F_SYNC_TOKEN.
 */
apr_status_t sso_discourse_sync_check(sso_ctx_t *cx, const sso_token_secrets_t *secrets,
                                      const sso_token_signed_t *m, int staff, int *secret,
                                      sso_token_sync_t *out);

#endif /* SSO_DISCOURSE_DISCOURSE_SYNC_H */
