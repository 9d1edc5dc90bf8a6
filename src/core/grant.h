/*
 * grant.h - what a provider gave with a login, to be asked again and to act for the person.
 *
 * Owns:  sso_grant_t, its sealed form.
 * Layer: core (base, crypto, store).
 * Lives: sealed in the session's record, only where an administrator asked for it; open for as long
 *        as one request or one renewal needs it.
 *
 * It is sealed for its session: moved to another one it does not open.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_GRANT_H
#define SSO_CORE_GRANT_H

#include "base/ctx.h"
#include "base/span.h"
#include "crypto/seal.h"
#include "store/store.h"

#define SSO_GRANT_REFRESH_MAX 4096 /* bytes of a refresh token */
#define SSO_GRANT_ACCESS_MAX  6144 /* of an access token: as a header it has to pass other servers */

/* Texts are never NULL. */
typedef struct {
    const char *refresh;     /* "": none */
    const char *access;      /* "": none, or nobody wants it */
    const char *nonce;       /* of the login, which later ID tokens may repeat; "": none */
    apr_time_t access_until; /* 0: the provider does not say */
    apr_time_t end;          /* of the session, however often it is renewed */
    apr_time_t due;          /* the provider is asked again from then on; 0: never */
} sso_grant_t;

/* May the text be kept and handed on: 1 to max bytes, printable ASCII without spaces? NULL may not. */
int sso_grant_is_token(const char *text, apr_size_t max);

/* Bytes in cx->pool. */
apr_status_t sso_grant_close(sso_ctx_t *cx, const sso_seal_t *seal, const sso_store_key_t *session,
                             const sso_grant_t *grant, sso_span_t *out);

/* Texts in cx->pool. APR_EINVAL (no fault recorded): it does not open. */
apr_status_t sso_grant_open(sso_ctx_t *cx, const sso_seal_t *seal, const sso_store_key_t *session,
                            sso_span_t sealed, sso_grant_t *out);

#endif /* SSO_CORE_GRANT_H */
