/*
 * token_message.h - what every signed message has: a text and its signature in two parameters.
 *
 * Owns:  sso_token_signed_t, taking it out of a query, the one comparison of signatures.
 * Layer: token (base, crypto).
 * Lives: one request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TOKEN_TOKEN_MESSAGE_H
#define SSO_TOKEN_TOKEN_MESSAGE_H

#include "base/url.h"
#include "token/token_secrets.h"

#define SSO_TOKEN_SIG_MAX 88 /* bytes; 64 suffice, the rest lets us name the commonest mistake */

/* One parameter. */
typedef struct {
    sso_span_t wire; /* as received, still %-encoded */
    sso_span_t text; /* decoded */
} sso_token_param_t;

/* What is signed, and its signature. Nothing of it is verified yet. */
typedef struct {
    sso_token_param_t what;
    sso_token_param_t sig;
} sso_token_signed_t;

/**
 * Take a message out of a query, rules A3 to A5: both parameters there exactly once, not empty,
 * escapes sound, not too long. '+' means '+'; a space in Base64 was one, before some intermediary
 * decoded and encoded it, and becomes one again. That is safe, for the alphabet has no space and the
 * MAC covers the mended text.
 *
 * @param name, sig_name of the parameters.
 * @param max            bytes of the text, decoded.
 * @param base64         whether it is Base64.
 * @return SSO_F_PARAM_MISSING, _DUPLICATE, _ESCAPE or _SIZE about the parameter's name.
 */
apr_status_t sso_token_signed_read(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                                   const char *sig_name, apr_size_t max, int base64,
                                   sso_token_signed_t *out);

/**
 * Which of the keys made the signature of one of the readings? Every key and every reading is
 * computed and compared, whatever the earlier ones gave (A7).
 *
 * @param by the first key that did; untouched on failure.
 * @return   SSO_F_SIG_MISMATCH about no field: none did.
 */
apr_status_t sso_token_match(sso_ctx_t *cx, const sso_mac_key_t *const *key, int keys,
                             const sso_span_t *reading, int readings,
                             const unsigned char sig[SSO_MAC_BYTES], int *by);

/* "NAME=VALUE&SIG_NAME=HEX", the signature being over `text`; value: the text, %-encoded. */
apr_status_t sso_token_sign_query(sso_ctx_t *cx, const sso_mac_key_t *key, const char *name,
                                  const char *value, const char *text, const char *sig_name,
                                  const char **query);

#endif /* SSO_TOKEN_TOKEN_MESSAGE_H */
