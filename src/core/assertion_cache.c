/*
 * assertion_cache.c - sets of four entries, a lock for every few sets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/assertion_cache.h"

#include <apr_hash.h>
#include <apr_thread_mutex.h>

#include <stdlib.h>

#define LOCKS 32 /* a power of two, SSO_ASSERTION_SETS at most */

/* The texts stand behind it: audience, token, record. On the heap and not in a pool: what is replaced
 * goes back. */
typedef struct {
    const sso_site_t *site;
    sso_store_key_t session;
    apr_time_t from, until;
    apr_size_t audience_n, token_n, record_n;
    char bytes[];
} entry_t;

struct sso_assertion_cache {
    apr_thread_mutex_t *lock[LOCKS];
    entry_t *entry[SSO_ASSERTION_SETS][SSO_ASSERTION_WAYS];
};

/* ---- entries ---- */

static sso_span_t audience_of(const entry_t *e)
{
    return sso_span_of(e->bytes, e->audience_n);
}

static sso_span_t token_of(const entry_t *e)
{
    return sso_span_of(e->bytes + e->audience_n, e->token_n);
}

static sso_span_t record_of(const entry_t *e)
{
    return sso_span_of(e->bytes + e->audience_n + e->token_n, e->record_n);
}

/* Is it of this session and for this audience, whatever the session was like? */
static int is_about(const entry_t *e, const sso_assertion_want_t *want)
{
    return e->site == want->site
           && !memcmp(e->session.b, want->session->key.b, sizeof(e->session.b))
           && sso_span_is(audience_of(e), want->audience);
}

/* A clock that was set back makes nothing last longer. */
static int is_good(const entry_t *e, const sso_assertion_want_t *want, apr_time_t now)
{
    return e->from <= now && now < e->until && is_about(e, want)
           && sso_span_eq(record_of(e),
                          sso_span_of(want->session->record, want->session->record_n));
}

static entry_t *make_entry(const sso_ctx_t *cx, const sso_assertion_want_t *want, const char *token,
                           apr_time_t until)
{
    const apr_size_t audience_n = strlen(want->audience);
    const apr_size_t token_n = strlen(token);
    const apr_size_t record_n = want->session->record_n;
    entry_t *e = malloc(sizeof(*e) + audience_n + token_n + record_n);

    if (!e) return NULL;
    *e = (entry_t){.site = want->site,
                   .session = want->session->key,
                   .from = cx->now,
                   .until = until,
                   .audience_n = audience_n,
                   .token_n = token_n,
                   .record_n = record_n};
    memcpy(e->bytes, want->audience, audience_n);
    memcpy(e->bytes + audience_n, token, token_n);
    memcpy(e->bytes + audience_n + token_n, want->session->record, record_n);
    return e;
}

/* ---- the cache ---- */

static apr_status_t empty(void *data)
{
    sso_assertion_cache_t *cache = data;
    int i;
    int k;

    for (i = 0; i < SSO_ASSERTION_SETS; i++) {
        for (k = 0; k < SSO_ASSERTION_WAYS; k++)
            free(cache->entry[i][k]);
    }
    return APR_SUCCESS;
}

apr_status_t sso_assertion_cache_make(sso_ctx_t *cx, apr_pool_t *pool, sso_assertion_cache_t **out)
{
    sso_assertion_cache_t *cache = apr_pcalloc(pool, sizeof(*cache));
    int i;

    for (i = 0; i < LOCKS; i++) {
        if (apr_thread_mutex_create(&cache->lock[i], APR_THREAD_MUTEX_DEFAULT, pool)
            != APR_SUCCESS) {
            return sso_fail(cx, SSO_F_INTERNAL, "no lock to be had");
        }
    }
    apr_pool_cleanup_register(pool, cache, empty, apr_pool_cleanup_null);
    *out = cache;
    return APR_SUCCESS;
}

/* The key is a hash of the cookie already. */
static unsigned int set_of(const sso_assertion_want_t *want)
{
    apr_ssize_t n = APR_HASH_KEY_STRING;
    unsigned int hash;

    memcpy(&hash, want->session->key.b, sizeof(hash));
    return (hash ^ apr_hashfunc_default(want->audience, &n)) % SSO_ASSERTION_SETS;
}

const char *sso_assertion_cache_get(sso_ctx_t *cx, sso_assertion_cache_t *cache,
                                    const sso_assertion_want_t *want)
{
    const unsigned int set = set_of(want);
    const char *token = NULL;
    int k;

    apr_thread_mutex_lock(cache->lock[set % LOCKS]);
    for (k = 0; k < SSO_ASSERTION_WAYS && !token; k++) {
        const entry_t *e = cache->entry[set][k];

        if (e && is_good(e, want, cx->now)) token = sso_span_text(cx->pool, token_of(e));
    }
    apr_thread_mutex_unlock(cache->lock[set % LOCKS]);
    return token;
}

/* Where it goes: in the place of the one before it, a free one, or that of the one that ends first. */
static entry_t **place_for(entry_t **entry, const sso_assertion_want_t *want)
{
    entry_t **best = entry;
    int k;

    for (k = 0; k < SSO_ASSERTION_WAYS; k++) {
        if (entry[k] && is_about(entry[k], want)) return &entry[k];
        if (*best && (!entry[k] || entry[k]->until < (*best)->until)) best = &entry[k];
    }
    return best;
}

void sso_assertion_cache_put(sso_ctx_t *cx, sso_assertion_cache_t *cache,
                             const sso_assertion_want_t *want, const char *token, apr_time_t until)
{
    const unsigned int set = set_of(want);
    entry_t **place;
    entry_t *old;
    entry_t *e;

    if (want->session->record_n > SSO_ASSERTION_ENTRY) return;
    e = make_entry(cx, want, token, until);
    if (!e) return;
    apr_thread_mutex_lock(cache->lock[set % LOCKS]);
    place = place_for(cache->entry[set], want);
    old = *place;
    *place = e;
    apr_thread_mutex_unlock(cache->lock[set % LOCKS]);
    free(old);
}
