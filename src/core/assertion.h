/*
 * assertion.h - who somebody is, signed, for backends that believe no header.
 *
 * Owns:  the claims of an assertion, how long it is good, the audience where none is named.
 * Layer: core.
 * Lives: keys and cache as long as the configuration; an assertion in the request's pool.
 *
 * A header is believed because of where it comes from; an assertion because of what it is. It is a
 * compact JWS of one person's session, for one audience, for a minute.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ASSERTION_H
#define SSO_CORE_ASSERTION_H

#include "base/buf.h"
#include "core/assertion_cache.h"
#include "core/directory.h"
#include "crypto/keyring.h"

#define SSO_ASSERTION_HEADER   "X-SSO-Assertion"
#define SSO_ASSERTION_LEAF     "jwks.json" /* below SSOPath: the keys */
#define SSO_ASSERTION_FILE     "assertion.keys"
#define SSO_ASSERTION_LIFE     APR_TIME_C(60000000)
#define SSO_ASSERTION_KEYS_AGE 300  /* seconds that verifiers may keep the key set */
#define SSO_ASSERTION_MAX      8000 /* bytes: servers refuse a header line of more than 8190 */

/* What all hosts of one httpd sign with. */
typedef struct sso_assertions {
    const sso_keyring_t *ring;
    sso_span_t key_set; /* JSON, public halves only */
    sso_assertion_cache_t *cache;
} sso_assertions_t;

/* Keys, their set and an empty cache, in pool. */
apr_status_t sso_assertions_make(sso_ctx_t *cx, apr_pool_t *pool, const sso_keyring_t *ring,
                                 sso_assertions_t **out);

/**
 * The assertion of a session for an audience: signed now, or at most half of its life ago.
 *
 * @param session of this site; found for this request, so that it is there still.
 * @param out     in cx->pool; untouched on failure.
 * @return        SSO_F_CONFIG: there are no keys; SSO_F_HEADER_SIZE: the claims do not fit.
 * @spec          RFC 7515; RFC 7519.
 */
apr_status_t sso_assertion_of(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                              const char *audience, const char **out);

/* Who a session's person is, as claims, sub and realm, each behind a comma: an account's id, the same
 * whoever vouches for it; without one the provider's name for the person, made one of a kind, for two
 * providers may have the same. SSO_F_INTERNAL: this site has no such provider. */
apr_status_t sso_assertion_subject(sso_ctx_t *cx, sso_buf_t *b, const sso_site_t *site,
                                   const sso_session_t *session);

/* For whom a directory's assertions are: what its SSOAssertion line says, or the site itself. */
const char *sso_assertion_audience(const sso_site_t *site, const sso_directory_t *dir);

#endif /* SSO_CORE_ASSERTION_H */
