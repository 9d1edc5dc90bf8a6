/*
 * hmac_diagnose.h - which mistake the other side made, for the log.
 *
 * Owns:  the table of mistakes.
 * Layer: hmac (base, crypto, OpenSSL).
 *
 * "The signature does not match" helps nobody who writes an Endpoint; which of a dozen well-known
 * mistakes would have given the signature that came does. Only who has the secret can make such a
 * signature, so the name of a mistake tells an outsider nothing; no signature is ever logged.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HMAC_HMAC_DIAGNOSE_H
#define SSO_HMAC_HMAC_DIAGNOSE_H

#include "hmac/hmac_message.h"

/**
 * Try the mistakes; some thirty MACs for each secret, so the caller limits how often.
 *
 * @param secret n secrets, as configured.
 * @param m      an answer that was refused for its signature.
 * @return       a constant sentence that says what to change, or NULL: none of them.
 */
const char *sso_hmac_diagnose(sso_ctx_t *cx, const sso_span_t *secret, int n,
                              const sso_hmac_signed_t *m);

#endif /* SSO_HMAC_HMAC_DIAGNOSE_H */
