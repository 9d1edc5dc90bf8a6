/*
 * token_secrets.h - the secrets that are shared with one other side.
 *
 * Owns:  sso_token_secrets_t: keys, which of them is in use, how often mistakes are explained.
 * Layer: token (base, crypto).
 * Lives: as long as its provider or peer. The counters are this process's own and change atomically;
 *        all else is read-only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TOKEN_TOKEN_SECRETS_H
#define SSO_TOKEN_TOKEN_SECRETS_H

#include "crypto/mac.h"

#include <apr_tables.h>

#define SSO_TOKEN_SECRETS_MAX 3
#define SSO_TOKEN_SECRET_GOOD 32 /* bytes; fewer are accepted with a warning */

typedef struct {
    const char *who;                                 /* "provider members", for the log */
    const sso_mac_key_t *key[SSO_TOKEN_SECRETS_MAX]; /* the first signs, all verify */
    int keys;
    const sso_span_t *secret; /* as many, for the diagnosis; of the configuration */
    apr_uint32_t used[SSO_TOKEN_SECRETS_MAX];
    apr_time_t quiet_until; /* no mistake is explained before */
} sso_token_secrets_t;

/**
 * Check and prepare the secrets of a setting.
 *
 * @param who       "provider members".
 * @param directive "SSOHmacSecret", for messages.
 * @param secrets   of sso_span_t; NULL: the directive is missing.
 * @param out       untouched on failure.
 * @return          SSO_F_CONFIG with what to write instead. Warns about short ones.
 */
apr_status_t sso_token_secrets_prepare(sso_ctx_t *cx, apr_pool_t *pool, const char *who,
                                       const char *directive, const apr_array_header_t *secrets,
                                       sso_token_secrets_t *out);

/* Log which secret verified a message; what: "answer", "request". It tells when an old one may go. */
void sso_token_secrets_count(sso_ctx_t *cx, sso_token_secrets_t *secrets, const char *what, int by);

/* Look them over; adds sso_finding_t in cx->pool. */
void sso_token_secrets_audit(sso_ctx_t *cx, const sso_token_secrets_t *secrets,
                             apr_array_header_t *findings);

/* Once a minute: explaining a mistake costs some, and anybody can provoke it. */
int sso_token_secrets_may_explain(sso_token_secrets_t *secrets, apr_time_t now);

#endif /* SSO_TOKEN_TOKEN_SECRETS_H */
