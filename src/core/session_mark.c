/*
 * session_mark.c - whose session a cookie opened, also when the session is over.
 *
 * Cookie: secret | '.' | base64url of the mark. Mark: 16 bytes of the person's hash | 8 bytes: when it
 * ceases to count, in seconds, the first byte the highest | 8 bytes: a tag of them, the secret and the site.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/session_mark.h"

#include "base/buf.h"
#include "base/codec.h"
#include "core/request.h"
#include "crypto/mac.h"

#include <apr_strings.h>

#define PERSON     sizeof(((sso_store_key_t *)NULL)->b)
#define END        8 /* bytes of a time */
#define MARK       (PERSON + END + SSO_SEAL_TAG)
#define MARK_CHARS ((MARK * 4 + 2) / 3)

int sso_session_is_cookie(sso_span_t cookie)
{
    return cookie.n == SSO_SESSION_SECRET_CHARS
           || (cookie.n > SSO_SESSION_SECRET_CHARS && cookie.p[SSO_SESSION_SECRET_CHARS] == '.');
}

apr_status_t sso_session_person(sso_ctx_t *cx, const sso_site_t *site, const char *provider,
                                const char *issuer, const char *user, sso_store_key_t *out)
{
    const sso_span_t part[] = {sso_span("person"), sso_span(sso_site_name(site)),
                               sso_span(provider), sso_span(issuer), sso_span(user)};
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, part, 5, hash);

    if (rv == APR_SUCCESS) memcpy(out->b, hash, sizeof(out->b));
    return rv;
}

/* What the tag of a mark is of: a mark is of one cookie and of one site. */
static sso_span_t tagged(sso_ctx_t *cx, const sso_site_t *site, sso_span_t secret,
                         const unsigned char *mark)
{
    sso_buf_t b = sso_buf_make(cx->pool, 256, 4096);

    sso_buf_text(&b, "session mark ");
    sso_buf_add(&b, secret.p, secret.n);
    sso_buf_add(&b, mark, PERSON + END);
    sso_buf_text(&b, sso_site_name(site));
    return sso_buf_span(&b);
}

static void put_end(unsigned char *to, apr_time_t end)
{
    apr_uint64_t seconds = (apr_uint64_t)apr_time_sec(end);
    int i;

    for (i = END - 1; i >= 0; i--, seconds >>= 8)
        to[i] = (unsigned char)seconds;
}

static apr_time_t get_end(const unsigned char *from)
{
    apr_uint64_t seconds = 0;
    int i;

    for (i = 0; i < END; i++)
        seconds = seconds << 8 | from[i];
    return apr_time_from_sec((apr_int64_t)(seconds & 0x7ffffffffff)); /* of a tagged mark: ours */
}

apr_status_t sso_session_mark(sso_ctx_t *cx, const sso_site_t *site, const char *secret,
                              const sso_store_key_t *person, apr_time_t end, const char **cookie)
{
    unsigned char mark[MARK];
    apr_status_t rv;

    memcpy(mark, person->b, PERSON);
    put_end(mark + PERSON, end + SSO_SESSION_MARK_KEEP);
    rv = sso_seal_tag(cx, site->seal, tagged(cx, site, sso_span(secret), mark),
                      mark + PERSON + END);
    if (rv != APR_SUCCESS) return rv;
    *cookie = apr_pstrcat(cx->pool, secret, ".",
                          sso_b64url_encode(cx->pool, sso_span_of(mark, MARK)), NULL);
    return APR_SUCCESS;
}

apr_status_t sso_session_marked(sso_ctx_t *cx, const sso_site_t *site, const char *cookies,
                                sso_store_key_t *person)
{
    const apr_size_t secret = SSO_SESSION_SECRET_CHARS;
    const unsigned char *mark;
    sso_span_t cookie;
    sso_span_t bytes;

    if (sso_cookie_get(cookies, site->cookie, &cookie) || !sso_session_is_cookie(cookie)
        || cookie.n != secret + 1 + MARK_CHARS) {
        return APR_NOTFOUND;
    }
    if (sso_b64_decode(cx->pool, sso_span_of(cookie.p + secret + 1, MARK_CHARS),
                       SSO_B64_URL | SSO_B64_NOPAD, &bytes, NULL)
        || bytes.n != MARK) {
        return APR_NOTFOUND;
    }
    mark = (const unsigned char *)bytes.p;
    if (!sso_seal_is_tagged(cx, site->seal, tagged(cx, site, sso_span_of(cookie.p, secret), mark),
                            mark + PERSON + END)
        || get_end(mark + PERSON) < cx->now) {
        return APR_NOTFOUND;
    }
    memcpy(person->b, mark, PERSON);
    return APR_SUCCESS;
}
