/*
 * hmac_sync.h - the message by which a site changes accounts, without a browser.
 *
 * Owns:  how it is read.
 * Layer: hmac (base, crypto, core, token).
 * Lives: one request.
 *
 *   POST <sync URL>  data=E&sig=HMAC(K,B)    in the query, or in a form
 *
 * The same two parameters as an answer, but never with a token: what a person has seen in the address
 * of a login must change no account (R2), and what changes accounts must log nobody in (R1).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HMAC_HMAC_SYNC_H
#define SSO_HMAC_HMAC_SYNC_H

#include "hmac/hmac_message.h"
#include "token/token_sync.h"

/* The parameters of a request, which stand either in its query or in its form (A3). */
apr_status_t sso_hmac_sync_params(sso_ctx_t *cx, const sso_hmac_peer_t *peer, sso_request_t *req,
                                  sso_params_t *out);

/**
 * Verify a message: A3 to A11, and R2.
 *
 * @param secret which of the peer's secrets verified it, from 0.
 * @return the faults of sso_hmac_answer_check, or SSO_F_SYNC_TOKEN.
 */
apr_status_t sso_hmac_sync_check(sso_ctx_t *cx, const sso_hmac_peer_t *peer,
                                 const sso_params_t *params, int *secret, sso_token_sync_t *out);

#endif /* SSO_HMAC_HMAC_SYNC_H */
