/*
 * oidc_verify.h - a token of the provider's: decrypted where it is encrypted, verified with its keys.
 *
 * Owns:  when keys are asked for anew.
 * Layer: oidc (base, crypto, net).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_VERIFY_H
#define SSO_OIDC_OIDC_VERIFY_H

#include "oidc/oidc_jws.h"
#include "oidc/oidc_state.h"

#define SSO_OIDC_SKEW_SEC 60 /* difference between the clocks that is tolerated */

/**
 * Verify a token and read its claims.
 *
 * An unknown key makes the key set be fetched again, once a minute at most (R7).
 *
 * @param claims the JSON object of the verified payload; freed with cx->pool. Untouched on failure.
 * @return       as sso_jws_verify and sso_jwe_open; SSO_F_OIDC_CLAIM about "json".
 */
apr_status_t sso_oidc_verify(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_span_t token,
                             sso_jws_t *jws, json_t **claims);

/* A text claim, NULL if absent; SSO_F_OIDC_CLAIM about name when it is no text. */
apr_status_t sso_oidc_claim_text(sso_ctx_t *cx, const json_t *claims, const char *name,
                                 const char **out);

/* A time claim in seconds, an integer from 0 to 2^53 (R9); -1 if absent. */
apr_status_t sso_oidc_claim_time(sso_ctx_t *cx, const json_t *claims, const char *name,
                                 apr_int64_t *out);

/* iss is the provider (SSO_F_OIDC_ISSUER about "token"), aud names us (SSO_F_OIDC_AUDIENCE). R8. */
apr_status_t sso_oidc_check_parties(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                    const json_t *claims);

/* The subject: text, 1 to 255 bytes without controls. SSO_F_OIDC_CLAIM about "sub". */
apr_status_t sso_oidc_claim_subject(sso_ctx_t *cx, const json_t *claims, const char **out);

#endif /* SSO_OIDC_OIDC_VERIFY_H */
