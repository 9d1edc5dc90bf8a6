/*
 * assertion_cache.h - what was signed a moment ago.
 *
 * Owns:  the assertions that one process has signed and may hand on again.
 * Layer: core.
 * Lives: made at start-up; filled in each child by itself, safe from every thread.
 *
 * An assertion is found by its session, its audience and all that is known of the session: an entry
 * holds a copy of the session's record, so that whatever changes it (a role, a renewal, another
 * level of authentication) makes another assertion needed, and nobody has to tell the cache.
 * Whether the session is still there is not the cache's question: who asks has just found it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ASSERTION_CACHE_H
#define SSO_CORE_ASSERTION_CACHE_H

#include "core/session_record.h"

#define SSO_ASSERTION_SETS  512  /* a power of two */
#define SSO_ASSERTION_WAYS  4    /* entries of a set: 2048 in all */
#define SSO_ASSERTION_ENTRY 8192 /* bytes of a record that are kept; longer ones are not cached */

typedef struct sso_assertion_cache sso_assertion_cache_t;

/* For whom an assertion is: who, as the session's record says now, to whom. */
typedef struct {
    const sso_site_t *site;
    const sso_session_t *session;
    const char *audience;
} sso_assertion_want_t;

apr_status_t sso_assertion_cache_make(sso_ctx_t *cx, apr_pool_t *pool, sso_assertion_cache_t **out);

/* The assertion, in cx->pool, if one was put that is good now; NULL: there is none. */
const char *sso_assertion_cache_get(sso_ctx_t *cx, sso_assertion_cache_t *cache,
                                    const sso_assertion_want_t *want);

/* Remember one from now on until then, in place of the one of its set that ends first. */
void sso_assertion_cache_put(sso_ctx_t *cx, sso_assertion_cache_t *cache,
                             const sso_assertion_want_t *want, const char *token, apr_time_t until);

#endif /* SSO_CORE_ASSERTION_CACHE_H */
