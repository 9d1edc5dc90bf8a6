/*
 * token_diagnose.h - which mistake the other side made, for the log.
 *
 * Owns:  the table of mistakes.
 * Layer: token (base, crypto, OpenSSL).
 *
 * "The signature does not match" helps nobody who writes an Endpoint; which of a dozen well-known
 * mistakes would have given the signature that came does. Only who has the secret can make such a
 * signature, so the name of a mistake tells an outsider nothing; no signature is ever logged.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TOKEN_TOKEN_DIAGNOSE_H
#define SSO_TOKEN_TOKEN_DIAGNOSE_H

#include "token/token_message.h"

/* Which message was refused. */
typedef enum {
    SSO_TOKEN_ANSWER,  /* signed token: the site's answer to us */
    SSO_TOKEN_REQUEST, /* signed token: a peer's request */
    SSO_TOKEN_PAYLOAD  /* DiscourseConnect: either */
} sso_token_kind_t;

/**
 * Try the mistakes; some thirty MACs for each secret, so the caller limits how often.
 *
 * @param secret n secrets, as configured.
 * @param m      a message that was refused for its signature.
 * @return       a sentence that says what to change, in cx->pool, or NULL: none of them. Nothing of
 *               the message is in it.
 */
const char *sso_token_diagnose(sso_ctx_t *cx, const sso_span_t *secret, int n,
                               sso_token_kind_t kind, const sso_token_signed_t *m);

/* When the failure in cx is about the signature: name the other side's mistake in the log, or say that
 * there is none to name; once a minute. */
void sso_token_explain(sso_ctx_t *cx, sso_token_secrets_t *secrets, sso_token_kind_t kind,
                       const sso_token_signed_t *m);

#endif /* SSO_TOKEN_TOKEN_DIAGNOSE_H */
