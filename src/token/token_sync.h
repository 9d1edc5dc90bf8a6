/*
 * token_sync.h - the message by which a site changes accounts, without a browser: what both dialects share.
 *
 * Owns:  how it arrives, what it does, how it is answered.
 * Layer: token (base, crypto, core).
 * Lives: one request.
 *
 *   POST <sync URL>   a signed text and its signature, in the query or in a form
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TOKEN_TOKEN_SYNC_H
#define SSO_TOKEN_TOKEN_SYNC_H

#include "core/account.h"
#include "core/idp.h"
#include "core/reply.h"
#include "core/request.h"

/* A verified message. */
typedef struct {
    sso_account_claim_t claim; /* realm and provider are filled in when it is applied */
    const char *digest;        /* of its text, hex digits */
    const char *jti;           /* NULL: it has none */
    apr_int64_t iat;           /* seconds since 1970; 0: not said */
} sso_token_sync_t;

/* A1 and A2 for a message that no browser brings. SSO_F_METHOD, SSO_F_TLS. */
apr_status_t sso_token_sync_request(sso_ctx_t *cx, const sso_site_t *site,
                                    const sso_request_t *req);

/* The parameters of a request, of which the two named stand either in its query or in its form (A3).
 * max: bytes of the form. */
apr_status_t sso_token_sync_params(sso_ctx_t *cx, sso_request_t *req, const char *const name[2],
                                   apr_size_t max, sso_params_t *out);

/* What is remembered of a message without a jti. */
apr_status_t sso_token_sync_digest(sso_ctx_t *cx, sso_span_t message, const char **out);

/**
 * Change the account, and see to it that its sessions follow, before it is said to be done.
 *
 * @return those of sso_account_sync and sso_account_follow.
 */
apr_status_t sso_token_sync_apply(sso_ctx_t *cx, const sso_idp_t *idp,
                                  const sso_token_sync_t *message, sso_reply_t *reply);

/* {"ok":false,...} about the failure in cx, which is logged. */
void sso_token_sync_refuse(sso_ctx_t *cx, sso_reply_t *reply);

#endif /* SSO_TOKEN_TOKEN_SYNC_H */
