/*
 * saml_tries.h - how often a client may send what does not decrypt (R43).
 *
 * Owns:  sso_saml_tries_t.
 * Layer: saml (base, crypto, core).
 * Lives: in the provider's pool; each process of httpd counts for itself, atomically.
 *
 * Every ciphertext that a stranger makes costs a private-key operation, and how it fails is what an
 * attacker on the encryption learns from, some thousands of times. Ten a minute are plenty for a
 * provider that still encrypts with an old key of ours. What is counted has a fixed size: clients
 * share 4096 counters, by a hash whose key nobody else knows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_TRIES_H
#define SSO_SAML_SAML_TRIES_H

#include "core/request.h"

#define SSO_SAML_TRIES_MOST 10 /* of one client in a minute, in one process */

typedef struct sso_saml_tries sso_saml_tries_t;

/* Counters, all at nothing. SSO_F_INTERNAL without randomness. */
apr_status_t sso_saml_tries_make(sso_ctx_t *cx, apr_pool_t *pool, sso_saml_tries_t **out);

/* May this client try? SSO_F_TRIES when it has failed too often in this minute. */
apr_status_t sso_saml_tries_check(sso_ctx_t *cx, const sso_saml_tries_t *tries,
                                  const sso_request_t *req);

/* It failed once more. The context's failure stays what it is. */
void sso_saml_tries_count(sso_ctx_t *cx, sso_saml_tries_t *tries, const sso_request_t *req);

#endif /* SSO_SAML_SAML_TRIES_H */
