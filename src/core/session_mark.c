/*
 * session_mark.c - whose session a cookie opened, also when the session is over.
 *
 * Cookie: secret | '.' | base64url of the sealed mark. Mark: 16 bytes of the person's hash | when it
 * ceases to count, in decimal microseconds. The secret is part of the envelope's purpose.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/session_mark.h"

#include "base/codec.h"
#include "core/request.h"
#include "crypto/mac.h"

#include <apr_strings.h>

#define MARK_MAX 128 /* characters of a sealed one that we look at */

int sso_session_is_cookie(sso_span_t cookie)
{
    return cookie.n == SSO_SESSION_SECRET_CHARS
           || (cookie.n > SSO_SESSION_SECRET_CHARS && cookie.p[SSO_SESSION_SECRET_CHARS] == '.');
}

apr_status_t sso_session_person(sso_ctx_t *cx, const sso_site_t *site, const char *provider,
                                const char *issuer, const char *user, sso_store_key_t *out)
{
    const sso_span_t part[] = {sso_span("person"), sso_span(site->base_url), sso_span(provider),
                               sso_span(issuer), sso_span(user)};
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, part, 5, hash);

    if (rv == APR_SUCCESS) memcpy(out->b, hash, sizeof(out->b));
    return rv;
}

/* A mark is of one cookie and of one site. */
static const char *purpose_of(sso_ctx_t *cx, const sso_site_t *site, sso_span_t secret)
{
    return apr_pstrcat(cx->pool, "session mark ", sso_span_text(cx->pool, secret), " ",
                       site->base_url, NULL);
}

apr_status_t sso_session_mark(sso_ctx_t *cx, const sso_site_t *site, const char *secret,
                              const sso_store_key_t *person, apr_time_t end, const char **cookie)
{
    char mark[sizeof(person->b) + 24];
    int digits = apr_snprintf(mark + sizeof(person->b), 24, "%" APR_TIME_T_FMT,
                              end + SSO_SESSION_MARK_KEEP);
    sso_span_t sealed;
    apr_status_t rv;

    memcpy(mark, person->b, sizeof(person->b));
    rv = sso_seal_close(cx, site->seal, purpose_of(cx, site, sso_span(secret)),
                        sso_span_of(mark, sizeof(person->b) + (apr_size_t)digits), &sealed);
    if (rv != APR_SUCCESS) return rv;
    *cookie = apr_pstrcat(cx->pool, secret, ".", sso_b64url_encode(cx->pool, sealed), NULL);
    return APR_SUCCESS;
}

apr_status_t sso_session_marked(sso_ctx_t *cx, const sso_site_t *site, const char *cookies,
                                sso_store_key_t *person)
{
    const apr_size_t secret = SSO_SESSION_SECRET_CHARS;
    sso_span_t cookie;
    sso_span_t sealed;
    sso_span_t mark;

    if (sso_cookie_get(cookies, site->cookie, &cookie) || !sso_session_is_cookie(cookie)
        || cookie.n == secret || cookie.n > secret + 1 + MARK_MAX) {
        return APR_NOTFOUND;
    }
    if (sso_b64_decode(cx->pool, sso_span_of(cookie.p + secret + 1, cookie.n - secret - 1),
                       SSO_B64_URL | SSO_B64_NOPAD, &sealed, NULL)
        || sso_seal_open(cx, site->seal, purpose_of(cx, site, sso_span_of(cookie.p, secret)),
                         sealed, &mark)
        || mark.n <= sizeof(person->b)) {
        return APR_NOTFOUND;
    }
    if (apr_strtoi64(mark.p + sizeof(person->b), NULL, 10) < cx->now) return APR_NOTFOUND;
    memcpy(person->b, mark.p, sizeof(person->b));
    return APR_SUCCESS;
}
