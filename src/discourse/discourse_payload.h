/*
 * discourse_payload.h - the signed query string of DiscourseConnect: made, verified, taken apart.
 *
 * Owns:  sso_discourse_pair_t, the grammar of a payload.
 * Layer: discourse (base, crypto, core, token).
 * Lives: one request.
 *
 *   sso = URL-encode(Base64(payload))    payload = name=value&name=value...
 *   sig = 64 hex digits: HMAC-SHA256(secret, the Base64 text, line breaks and all)
 *
 * The protocol is precise, and so is what is accepted: one encoding of the signature, one reading of
 * what it covers. Nothing is decoded before it is verified.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_DISCOURSE_DISCOURSE_PAYLOAD_H
#define SSO_DISCOURSE_DISCOURSE_PAYLOAD_H

#include "base/buf.h"
#include "token/token_message.h"

#define SSO_DISCOURSE_SSO_MAX \
    8192 /* bytes, decoded from the address; a request line holds no more */
#define SSO_DISCOURSE_NONCE_MAX 512 /* bytes */

/* One name=value, decoded; UTF-8 without a NUL. */
typedef struct {
    const char *name;
    const char *value;
} sso_discourse_pair_t;

/* "sso" and "sig" out of a query (A3 to A5). */
apr_status_t sso_discourse_signed_read(sso_ctx_t *cx, const sso_params_t *params,
                                       sso_token_signed_t *out);

/**
 * Verify a message and take its payload apart.
 *
 * @param by    which of the secrets made it, from 0.
 * @param pairs array of sso_discourse_pair_t.
 * @return      SSO_F_SIG_FORMAT (not 64 hex digits), SSO_F_SIG_MISMATCH, SSO_F_DATA_BASE64,
 *              SSO_F_PAYLOAD_QUERY (a raw ';', a name twice, a bad escape, a NUL, not UTF-8). Outputs
 *              are untouched then.
 */
apr_status_t sso_discourse_verify(sso_ctx_t *cx, const sso_token_secrets_t *secrets,
                                  const sso_token_signed_t *m, int *by, apr_array_header_t **pairs);

/* The payload alone, as sso_discourse_verify reads it. */
apr_status_t sso_discourse_parse(sso_ctx_t *cx, sso_span_t payload, apr_array_header_t **pairs);

/* The value of a name; NULL: absent. */
const char *sso_discourse_get(const apr_array_header_t *pairs, const char *name);

/* Is it "true"? Anything else but "false" says nothing. */
int sso_discourse_is_true(const apr_array_header_t *pairs, const char *name);

/* Append name=value, everything outside A-Z a-z 0-9 - _ . escaped. */
void sso_discourse_add(sso_buf_t *payload, const char *name, const char *value);

/* "sso=...&sig=..." for a query. */
apr_status_t sso_discourse_sign(sso_ctx_t *cx, const sso_token_secrets_t *secrets,
                                const sso_buf_t *payload, const char **query);

#endif /* SSO_DISCOURSE_DISCOURSE_PAYLOAD_H */
