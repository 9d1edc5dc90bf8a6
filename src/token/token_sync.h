/*
 * token_sync.h - the message by which a site changes accounts, without a browser: what both dialects share.
 *
 * Owns:  its address, how it arrives, what it does, how it is answered, what admins read of it.
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

/* The parameters of a request, of which the two named stand either in its query or in its form (A3).
 * max: bytes of the form. */
apr_status_t sso_token_sync_params(sso_ctx_t *cx, sso_request_t *req, const char *const name[2],
                                   apr_size_t max, sso_params_t *out);

/* What is remembered of a message without a jti. */
apr_status_t sso_token_sync_digest(sso_ctx_t *cx, sso_span_t message, const char **out);

/* A dialect's own part: verify a message. */
typedef apr_status_t sso_token_sync_fn(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                                       sso_token_sync_t *out);

/**
 * The address below a provider's name where messages arrive, if the admin has opened it: change the
 * account, and see to it that its sessions follow, before it is said to be done; or say {"ok":false,...}.
 *
 * @return APR_NOTFOUND: there is no such address.
 */
apr_status_t sso_token_sync_serve(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                                  const char *leaf, sso_token_sync_fn *read, sso_reply_t *reply);

/* Its address, for the site; nothing where it is not open. */
void sso_token_sync_describe(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *facts);

/* What is missing for bans to hold at once. directive: "SSOHmacSync". */
void sso_token_sync_audit(sso_ctx_t *cx, const sso_idp_t *idp, const char *directive,
                          apr_array_header_t *findings);

#endif /* SSO_TOKEN_TOKEN_SYNC_H */
