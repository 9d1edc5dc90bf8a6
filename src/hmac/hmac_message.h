/*
 * hmac_message.h - the two messages of the signed-token handshake, made and verified; no state.
 *
 * Owns:  sso_hmac_peer_t, the order in which an incoming message is examined.
 * Layer: hmac (base, crypto, core, token).
 * Lives: a peer as long as its provider; all else one request.
 *
 *   request  <Endpoint>?token=T&sig=HMAC(K,T)        this side to the site that knows the user
 *   answer   <Callback>?data=E&sig=HMAC(K,B)         back; J = JSON, B = Base64(J), E = URL-encode(B)
 *
 * Whether a signature covers B or E, and how it is encoded, is left open by the protocol: what is
 * made here reads the same either way, what is accepted may be either. Nothing is parsed before its
 * MAC is verified. The bytes are drawn in docs/PROTOCOL.hmac.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HMAC_HMAC_MESSAGE_H
#define SSO_HMAC_HMAC_MESSAGE_H

#include "hmac/hmac_fields.h"
#include "token/token_message.h"

#define SSO_HMAC_SECRETS_MAX SSO_TOKEN_SECRETS_MAX

#define SSO_HMAC_DATA_MAX 8192  /* bytes, decoded; a request line holds no more */
#define SSO_HMAC_SYNC_MAX 65536 /* the same of a form */

/* Whom we share secrets with, and how they are used. */
typedef struct {
    const sso_mac_key_t *key[SSO_HMAC_SECRETS_MAX]; /* the first signs, all verify */
    int keys;
    int sig;                /* SSO_HMAC_SIG_*: encodings of signatures that are accepted */
    int covers;             /* SSO_HMAC_SIGNED_*: what the signature of a message covers */
    const char *token_name; /* of the query parameters: letters, digits, '_', '-' */
    const char *sig_name;
    const char *data_name;
    const apr_array_header_t *mapped; /* further keys that an answer may have; NULL: none */
} sso_hmac_peer_t;

/* Let the other side's messages be verified, and ours be signed, with these secrets. */
void sso_hmac_peer_keys(sso_hmac_peer_t *peer, const sso_token_secrets_t *secrets);

/* A message before anything of it is verified. Of `wire` and `text`, the former is the literal reading
 * of what is signed, the latter the usual one. */
typedef sso_token_signed_t sso_hmac_signed_t;

typedef enum { SSO_HMAC_REQUEST, SSO_HMAC_ANSWER, SSO_HMAC_SYNC } sso_hmac_kind_t;

/* Take a message out of a query, as sso_token_signed_read does (A3 to A5). */
apr_status_t sso_hmac_signed_read(sso_ctx_t *cx, const sso_hmac_peer_t *peer, sso_hmac_kind_t kind,
                                  const sso_params_t *params, sso_hmac_signed_t *out);

/* "token=...&sig=..." for the query of the Endpoint. The token needs no %-encoding. */
apr_status_t sso_hmac_request_make(sso_ctx_t *cx, const sso_hmac_peer_t *peer, const char *token,
                                   const char **query);

/**
 * Verify a request, as the site that knows the user does.
 *
 * @param secret which of the peer's secrets verified it, from 0.
 * @param token  printable ASCII of at most 512 bytes, to be returned as it is.
 * @return       the faults of A3 to A7; SSO_F_TOKEN_FORMAT: not printable, or an answer that is
 *               presented as a request (R3). Outputs are untouched then.
 */
apr_status_t sso_hmac_request_check(sso_ctx_t *cx, const sso_hmac_peer_t *peer,
                                    const sso_params_t *params, int *secret, const char **token);

/**
 * A JSON object as Base64 in which only letters and digits occur, so that encodings and
 * readings of it cannot differ.
 *
 * @param object keys are written in the order they were added.
 */
apr_status_t sso_hmac_data_make(sso_ctx_t *cx, json_t *object, const char **out);

/* "data=...&sig=..." for the query of the callback; object as above. */
apr_status_t sso_hmac_answer_make(sso_ctx_t *cx, const sso_hmac_peer_t *peer, json_t *object,
                                  const char **query);

/**
 * Verify the signature of an answer or sync message and parse what it holds, rules A3 to A9.
 *
 * @param json   the bytes of the object.
 * @param object freed with cx->pool.
 */
apr_status_t sso_hmac_object_check(sso_ctx_t *cx, const sso_hmac_peer_t *peer, sso_hmac_kind_t kind,
                                   const sso_params_t *params, int *secret, sso_span_t *json,
                                   json_t **object);

/**
 * Verify an answer, rules A3 to A11 in their order.
 *
 * @param secret which of the peer's secrets verified it, from 0.
 * @return       SSO_F_PARAM_*, SSO_F_SIG_FORMAT (A6), SSO_F_SIG_MISMATCH (A7), SSO_F_DATA_BASE64
 *               (A8), SSO_F_DATA_JSON (A9), or those of sso_hmac_fields_check. Outputs are
 *               untouched then.
 */
apr_status_t sso_hmac_answer_check(sso_ctx_t *cx, const sso_hmac_peer_t *peer,
                                   const sso_params_t *params, int *secret, sso_hmac_fields_t *out);

/* Name the other side's mistake in the log, where the failure in cx is one of its signature. */
void sso_hmac_explain(sso_ctx_t *cx, const sso_hmac_peer_t *peer, sso_token_secrets_t *secrets,
                      sso_hmac_kind_t kind, const sso_params_t *params);

#endif /* SSO_HMAC_HMAC_MESSAGE_H */
