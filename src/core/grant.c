/*
 * grant.c - tokens of a login, sealed for its session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/grant.h"

#include "base/buf.h"
#include "base/codec.h"

#include <apr_strings.h>

#define PLAIN_MAX (SSO_GRANT_REFRESH_MAX + SSO_GRANT_ACCESS_MAX + 1024)

/* The content of the envelope: this, then three texts, each with its NUL. */
typedef struct {
    apr_int64_t access_until, end, due;
} times_t;

int sso_grant_is_token(const char *text, apr_size_t max)
{
    const char *c;

    for (c = text; c && *c; c++) {
        if ((unsigned char)*c < 0x21 || (unsigned char)*c > 0x7e) return 0;
    }
    return c && c != text && (apr_size_t)(c - text) <= max;
}

/* The purpose names the session. */
static const char *purpose_of(sso_ctx_t *cx, const sso_store_key_t *session)
{
    return apr_pstrcat(cx->pool, "grant 1 ",
                       sso_hex_encode(cx->pool, sso_span_of(session->b, sizeof(session->b))), NULL);
}

apr_status_t sso_grant_close(sso_ctx_t *cx, const sso_seal_t *seal, const sso_store_key_t *session,
                             const sso_grant_t *grant, sso_span_t *out)
{
    const times_t times = {grant->access_until, grant->end, grant->due};
    sso_buf_t b = sso_buf_make(cx->pool, 1024, PLAIN_MAX);

    sso_buf_add(&b, &times, sizeof(times));
    sso_buf_add(&b, grant->refresh, strlen(grant->refresh) + 1);
    sso_buf_add(&b, grant->access, strlen(grant->access) + 1);
    sso_buf_add(&b, grant->nonce, strlen(grant->nonce) + 1);
    if (b.full) return sso_fail(cx, SSO_F_SESSION_SIZE, "the tokens of a login do not fit");
    return sso_seal_close(cx, seal, purpose_of(cx, session), sso_buf_span(&b), out);
}

/* The text at *at, which moves behind it; NULL: there is none that ends. */
static const char *next_text(sso_span_t plain, apr_size_t *at)
{
    const char *text = plain.p + *at;
    const char *end = *at < plain.n ? memchr(text, '\0', plain.n - *at) : NULL;

    if (!end) return NULL;
    *at += (apr_size_t)(end - text) + 1;
    return text;
}

apr_status_t sso_grant_open(sso_ctx_t *cx, const sso_seal_t *seal, const sso_store_key_t *session,
                            sso_span_t sealed, sso_grant_t *out)
{
    apr_size_t at = sizeof(times_t);
    sso_grant_t grant;
    sso_span_t plain;
    times_t times;
    apr_status_t rv = sso_seal_open(cx, seal, purpose_of(cx, session), sealed, &plain);

    if (rv != APR_SUCCESS) return rv;
    if (plain.n < sizeof(times)) return APR_EINVAL;
    memcpy(&times, plain.p, sizeof(times));
    grant.refresh = next_text(plain, &at);
    grant.access = next_text(plain, &at);
    grant.nonce = next_text(plain, &at);
    if (!grant.nonce) return APR_EINVAL;
    grant.access_until = times.access_until;
    grant.end = times.end;
    grant.due = times.due;
    *out = grant;
    return APR_SUCCESS;
}
