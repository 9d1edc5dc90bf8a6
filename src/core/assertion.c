/*
 * assertion.c - a session as claims, signed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/assertion.h"

#include "base/json.h"
#include "core/account.h"
#include "core/idp.h"
#include "crypto/jws.h"
#include "crypto/random.h"

#include <strings.h>

#define CLAIMS_MAX \
    5760 /* bytes of JSON: SSO_ASSERTION_MAX with header and signature, as base64url */
#define JTI_BYTES 16

apr_status_t sso_assertions_make(sso_ctx_t *cx, apr_pool_t *pool, const sso_keyring_t *ring,
                                 sso_assertions_t **out)
{
    sso_assertions_t *made = apr_pcalloc(pool, sizeof(*made));
    sso_span_t set;
    apr_status_t rv = sso_keyring_publish(cx, ring, &set);

    if (rv == APR_SUCCESS) rv = sso_assertion_cache_make(cx, pool, &made->cache);
    if (rv != APR_SUCCESS) return rv;
    made->ring = ring;
    made->key_set = sso_span_of(sso_span_text(pool, set), set.n);
    *out = made;
    return APR_SUCCESS;
}

const char *sso_assertion_audience(const sso_site_t *site, const sso_directory_t *dir)
{
    const char *named = sso_directory_audience(dir);

    return named ? named : site->base_url;
}

/* ---- claims ---- */

static void add_text(sso_buf_t *b, const char *name, const char *value)
{
    sso_buf_format(b, ",\"%s\":", name);
    sso_json_string(b, value);
}

static void add_time(sso_buf_t *b, const char *name, apr_time_t t)
{
    sso_buf_format(b, ",\"%s\":%" APR_TIME_T_FMT, name, apr_time_sec(t));
}

/* The values of an attribute; none if it is absent. */
static apr_array_header_t *values_of(sso_ctx_t *cx, const sso_session_t *session, const char *name)
{
    apr_array_header_t *values = apr_array_make(cx->pool, 4, sizeof(const char *));
    sso_shown_t shown;

    if (sso_session_get(session, name, &shown) != APR_SUCCESS) return values;
    if (shown.list) {
        sso_session_split(cx->pool, shown.value, values);
    } else {
        APR_ARRAY_PUSH(values, const char *) = shown.value;
    }
    return values;
}

/* The first value of an attribute; NULL if it is absent. */
static const char *value_of(sso_ctx_t *cx, const sso_session_t *session, const char *name)
{
    const apr_array_header_t *values = values_of(cx, session, name);

    return values->nelts ? APR_ARRAY_IDX(values, 0, const char *) : NULL;
}

static void add_attribute(sso_ctx_t *cx, sso_buf_t *b, const sso_session_t *session,
                          const char *name)
{
    const char *value = value_of(cx, session, name);

    if (value) add_text(b, name, value);
}

/* An array, also of one value; nothing where the attribute is absent. */
static void add_list(sso_ctx_t *cx, sso_buf_t *b, const sso_session_t *session, const char *name)
{
    const apr_array_header_t *values = values_of(cx, session, name);
    int i;

    if (!values->nelts) return;
    sso_buf_format(b, ",\"%s\":[", name);
    for (i = 0; i < values->nelts; i++) {
        if (i) sso_buf_char(b, ',');
        sso_json_string(b, APR_ARRAY_IDX(values, i, const char *));
    }
    sso_buf_char(b, ']');
}

/* What the provider says of its own address. Of an account the address may be another one, which the
 * session does not know more of: nothing is said then. */
static void add_verified(sso_ctx_t *cx, sso_buf_t *b, const sso_session_t *session)
{
    const char *says = value_of(cx, session, "email_verified");

    if (!says || value_of(cx, session, "account")) return;
    if (!strcasecmp(says, "true") || !strcmp(says, "1")) {
        sso_buf_text(b, ",\"email_verified\":true");
    } else if (!strcasecmp(says, "false") || !strcmp(says, "0")) {
        sso_buf_text(b, ",\"email_verified\":false");
    }
}

apr_status_t sso_assertion_subject(sso_ctx_t *cx, sso_buf_t *b, const sso_site_t *site,
                                   const sso_session_t *session)
{
    const sso_idp_t *idp = apr_hash_get(site->idps, session->provider, APR_HASH_KEY_STRING);
    const char *account = value_of(cx, session, "account");
    sso_identity_t realm = {.issuer = NULL};

    if (!idp) return sso_fail(cx, SSO_F_INTERNAL, "a session of no provider of this site");
    realm.issuer = sso_account_realm(cx->pool, idp->provider->protocol->name, session->issuer);
    add_text(b, "sub",
             account ? account : sso_identity_qualify(cx->pool, &realm, session->subject));
    add_text(b, "realm", realm.issuer);
    return APR_SUCCESS;
}

static void add_login(sso_ctx_t *cx, sso_buf_t *b, const sso_session_t *session)
{
    const char *sid = value_of(cx, session, "session"); /* as in X-SSO-Session: a part of a hash */

    add_text(b, "provider", session->provider);
    if (session->auth_time) add_time(b, "auth_time", session->auth_time);
    if (*session->acr) add_text(b, "acr", session->acr);
    add_list(cx, b, session, "amr");
    if (sid) add_text(b, "sid", sid);
}

static void add_person(sso_ctx_t *cx, sso_buf_t *b, const sso_session_t *session)
{
    add_text(b, "preferred_username", session->user);
    add_attribute(cx, b, session, "name");
    add_attribute(cx, b, session, "email");
    add_verified(cx, b, session);
    add_list(cx, b, session, "groups");
    add_list(cx, b, session, "roles");
}

static apr_status_t write_claims(sso_ctx_t *cx, const sso_assertion_want_t *want, sso_buf_t *b)
{
    const char *jti = NULL;
    apr_status_t rv = sso_random_hex(cx, JTI_BYTES, &jti);

    if (rv != APR_SUCCESS) return rv;
    sso_buf_text(b, "{\"iss\":");
    sso_json_string(b, want->site->base_url);
    add_text(b, "aud", want->audience);
    rv = sso_assertion_subject(cx, b, want->site, want->session);
    if (rv != APR_SUCCESS) return rv;
    add_time(b, "iat", cx->now);
    add_time(b, "exp", cx->now + SSO_ASSERTION_LIFE);
    add_text(b, "jti", jti);
    add_login(cx, b, want->session);
    add_person(cx, b, want->session);
    sso_buf_char(b, '}');
    if (!b->full) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_HEADER_SIZE,
                    "an assertion holds %d bytes of claims at most, and %s has more: name fewer "
                    "groups or roles with SSOAttribute",
                    CLAIMS_MAX, sso_account_quote(cx, want->session->user));
}

/* ---- signing ---- */

static apr_status_t sign(sso_ctx_t *cx, const sso_keyring_t *ring, const sso_assertion_want_t *want,
                         const char **out)
{
    const sso_jws_signer_t signer = {ring->current.alg, ring->current.key, ring->current.kid,
                                     "sso+jwt"};
    sso_buf_t claims = sso_buf_make(cx->pool, 1024, CLAIMS_MAX);
    apr_status_t rv = write_claims(cx, want, &claims);

    return rv == APR_SUCCESS ? sso_jws_sign(cx, &signer, sso_buf_span(&claims), out) : rv;
}

apr_status_t sso_assertion_of(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                              const char *audience, const char **out)
{
    const sso_assertions_t *assertions = site->assertions;
    const sso_assertion_want_t want = {site, session, audience};
    const char *token;
    apr_status_t rv;

    if (!assertions) return sso_fail(cx, SSO_F_CONFIG, "no keys to sign assertions with");
    token = sso_assertion_cache_get(cx, assertions->cache, &want);
    if (!token) {
        rv = sign(cx, assertions->ring, &want, &token);
        if (rv != APR_SUCCESS) return rv;
        sso_assertion_cache_put(cx, assertions->cache, &want, token,
                                cx->now + SSO_ASSERTION_LIFE / 2);
    }
    *out = token;
    return APR_SUCCESS;
}
