/*
 * discourse_sync.c - a site changes accounts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "discourse/discourse_sync.h"

#include "discourse/discourse_fields.h"
#include "discourse/discourse_payload.h"
#include "token/token_rules.h"

#include <apr_lib.h>
#include <apr_strings.h>

#define IAT      "custom.iat"
#define JTI      "custom.jti"
#define IAT_MAX  APR_INT64_C(9007199254740991) /* 2^53 - 1, as in the other dialect */
#define JTI_MAX  128                           /* bytes */
#define IAT_SIZE 16                            /* digits */

static apr_status_t bad_value(sso_ctx_t *cx, const char *field, const char *value, const char *why)
{
    return sso_fail_about(cx, SSO_F_FIELD_VALUE, field, "%s \"%s\": %s", field,
                          sso_log_quote(cx->pool, value, strlen(value), 64), why);
}

static apr_status_t read_iat(sso_ctx_t *cx, const apr_array_header_t *pairs, apr_int64_t *iat)
{
    const char *text = sso_discourse_get(pairs, IAT);
    apr_int64_t value;
    apr_size_t n = 0;

    *iat = 0;
    if (!text) return APR_SUCCESS;
    while (apr_isdigit(text[n]))
        n++;
    value = n > 0 && n <= IAT_SIZE && !text[n] ? apr_atoi64(text) : 0;
    if (value < 1 || value > IAT_MAX) return bad_value(cx, IAT, text, "not within 1 to 2^53-1");
    *iat = value;
    return APR_SUCCESS;
}

static apr_status_t read_jti(sso_ctx_t *cx, const apr_array_header_t *pairs, const char **jti)
{
    const char *text = sso_discourse_get(pairs, JTI);

    *jti = NULL;
    if (!text) return APR_SUCCESS;
    if (!*text || strlen(text) > JTI_MAX || sso_token_judge_value(text)) {
        return bad_value(cx, JTI, text, "not 1 to 128 bytes without control characters");
    }
    *jti = text;
    return APR_SUCCESS;
}

apr_status_t sso_discourse_sync_check(sso_ctx_t *cx, const sso_token_secrets_t *secrets,
                                      const sso_token_signed_t *m, int staff, int *secret,
                                      sso_token_sync_t *out)
{
    sso_token_sync_t message = {.iat = 0};
    apr_array_header_t *pairs;
    int by = 0;
    apr_status_t rv = sso_discourse_verify(cx, secrets, m, &by, &pairs);

    if (rv == APR_SUCCESS && sso_discourse_get(pairs, "nonce")) { /* R2 */
        rv = sso_fail(cx, SSO_F_SYNC_TOKEN, "a message with a nonce changes no account");
    }
    if (rv == APR_SUCCESS) rv = sso_discourse_claim(cx, pairs, staff, &message.claim);
    if (rv == APR_SUCCESS) rv = read_iat(cx, pairs, &message.iat);
    if (rv == APR_SUCCESS) rv = read_jti(cx, pairs, &message.jti);
    if (rv == APR_SUCCESS) rv = sso_token_sync_digest(cx, m->what.text, &message.digest);
    if (rv != APR_SUCCESS) return rv;
    *secret = by;
    *out = message;
    return APR_SUCCESS;
}
