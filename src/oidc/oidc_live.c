/*
 * oidc_live.c - copies of documents with a lock and a count of users.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_live.h"

#include "net/client.h"

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#define TYPES "application/json application/jwk-set+json"

/* One copy, in a pool of its own that ends with its last user. */
typedef struct {
    apr_pool_t *pool;
    int users; /* the document is one of them as long as it is the current copy */
    apr_time_t made;
    const void *parsed; /* sso_oidc_metadata_t or sso_jwks_t */
} copy_t;

struct sso_oidc_doc {
    apr_pool_t *pool; /* the provider's: copies end with it */
    apr_thread_mutex_t *lock;
    apr_thread_cond_t *done;   /* a fetch has ended */
    copy_t *current;           /* NULL: none yet */
    int busy;                  /* somebody fetches */
    apr_time_t quiet_until;    /* nobody fetches before: the last try failed */
    apr_time_t renewed;        /* when somebody last asked for the sake of an unknown key */
    apr_interval_time_t stale; /* a copy older than that is none; 0: never */
    apr_size_t max;
    apr_status_t (*parse)(sso_ctx_t *, const sso_oidc_state_t *, apr_pool_t *, sso_span_t,
                          const void **);
};

/* ---- what is in them ---- */

static apr_status_t parse_discovery(sso_ctx_t *cx, const sso_oidc_state_t *st, apr_pool_t *pool,
                                    sso_span_t text, const void **out)
{
    sso_oidc_metadata_t *meta = apr_pcalloc(pool, sizeof(*meta));
    apr_status_t rv = sso_oidc_discovery_parse(cx, pool, text, st->issuer, meta);

    if (rv == APR_SUCCESS) *out = meta;
    return rv;
}

static apr_status_t parse_keys(sso_ctx_t *cx, const sso_oidc_state_t *st, apr_pool_t *pool,
                               sso_span_t text, const void **out)
{
    sso_jwks_t *set = NULL;
    apr_status_t rv = sso_jwks_parse(cx, pool, text, &set);

    if (rv != APR_SUCCESS) return rv;
    if (set->skipped) {
        SSO_INFO(cx, "provider %s: %d keys of its set are of no use here", st->name, set->skipped);
    }
    *out = set;
    return APR_SUCCESS;
}

static apr_status_t make_doc(apr_pool_t *pool, sso_oidc_doc_t **out)
{
    sso_oidc_doc_t *doc = apr_pcalloc(pool, sizeof(*doc));
    apr_status_t rv;

    doc->pool = pool;
    rv = apr_thread_mutex_create(&doc->lock, APR_THREAD_MUTEX_DEFAULT, pool);

    if (rv == APR_SUCCESS) rv = apr_thread_cond_create(&doc->done, pool);
    if (rv == APR_SUCCESS) *out = doc;
    return rv;
}

apr_status_t sso_oidc_live_prepare(sso_ctx_t *cx, apr_pool_t *pool, sso_oidc_state_t *st)
{
    if (make_doc(pool, &st->discovery) != APR_SUCCESS || make_doc(pool, &st->jwks) != APR_SUCCESS) {
        return sso_fail(cx, SSO_F_INTERNAL, "no lock to be had");
    }
    st->discovery->parse = parse_discovery;
    st->discovery->max = SSO_OIDC_DISCOVERY_BYTES;
    st->jwks->parse = parse_keys;
    st->jwks->max = SSO_JWKS_BYTES;
    st->jwks->stale = SSO_OIDC_KEYS_STALE;
    return APR_SUCCESS;
}

/* ---- users of a copy ---- */

typedef struct {
    sso_oidc_doc_t *doc;
    copy_t *copy;
} use_t;

/* Under the lock: one user less. */
static void drop(copy_t *copy)
{
    if (copy && --copy->users == 0) apr_pool_destroy(copy->pool);
}

static apr_status_t end_use(void *baton)
{
    use_t *use = baton;

    apr_thread_mutex_lock(use->doc->lock);
    drop(use->copy);
    apr_thread_mutex_unlock(use->doc->lock);
    return APR_SUCCESS;
}

/* Under the lock: the current copy for as long as cx->pool. The use ends before pools below it do, for
 * copies may be among them. */
static const void *use_current(sso_ctx_t *cx, sso_oidc_doc_t *doc)
{
    use_t *use = apr_palloc(cx->pool, sizeof(*use));

    *use = (use_t){doc, doc->current};
    use->copy->users++;
    apr_pool_pre_cleanup_register(cx->pool, use, end_use);
    return use->copy->parsed;
}

/* ---- fetching ---- */

static apr_status_t fetch(sso_ctx_t *cx, const sso_oidc_state_t *st, const char *url,
                          apr_size_t max, sso_span_t *out)
{
    const sso_client_request_t req = {
        .url = url,
        .accept = "application/json",
        .ca_file = st->ca_file,
        .max = max,
        .timeout = SSO_OIDC_FETCH_TIME,
        .connect = SSO_OIDC_FETCH_WAIT,
    };
    sso_client_response_t res;
    apr_status_t rv = sso_client_exchange(sso_oidc_client(st), cx, &req, &res);

    if (rv == APR_SUCCESS) rv = sso_client_expect(cx, &req, &res, TYPES);
    if (rv == APR_SUCCESS) *out = res.body;
    return rv;
}

static apr_status_t make_copy(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_oidc_doc_t *doc,
                              const char *url, copy_t **out)
{
    apr_pool_t *pool;
    copy_t *copy;
    sso_span_t text;
    apr_status_t rv = fetch(cx, st, url, doc->max, &text);

    if (rv != APR_SUCCESS) return rv;
    rv = apr_pool_create(&pool, doc->pool);
    if (rv != APR_SUCCESS) return sso_fail(cx, SSO_F_INTERNAL, "no memory");
    copy = apr_pcalloc(pool, sizeof(*copy));
    *copy = (copy_t){pool, 1, cx->now, NULL};
    rv = doc->parse(cx, st, pool, text, &copy->parsed);
    if (rv == APR_SUCCESS) {
        *out = copy;
    } else {
        apr_pool_destroy(pool);
    }
    return rv;
}

/* Under the lock, which is given up meanwhile: the new copy, or none for a while. */
static apr_status_t renew(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_oidc_doc_t *doc,
                          const char *url)
{
    copy_t *copy = NULL;
    apr_status_t rv;

    doc->busy = 1;
    apr_thread_mutex_unlock(doc->lock);
    rv = make_copy(cx, st, doc, url, &copy);
    apr_thread_mutex_lock(doc->lock);
    doc->busy = 0;
    if (rv == APR_SUCCESS) {
        drop(doc->current);
        doc->current = copy;
        doc->quiet_until = 0;
    } else {
        doc->quiet_until = cx->now + SSO_OIDC_QUIET;
    }
    apr_thread_cond_broadcast(doc->done);
    return rv;
}

static int is_usable(const sso_oidc_doc_t *doc, apr_time_t now)
{
    return doc->current && (!doc->stale || now - doc->current->made < doc->stale);
}

static int may_try(const sso_oidc_doc_t *doc, apr_time_t now)
{
    return !doc->busy && (now >= doc->quiet_until || doc->quiet_until - now > SSO_OIDC_QUIET);
}

/* Under the lock: a copy that may be used, or why there is none. */
static apr_status_t provide(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_oidc_doc_t *doc,
                            const char *url)
{
    apr_status_t rv = APR_SUCCESS;

    if (doc->busy && !is_usable(doc, cx->now)) {
        (void)apr_thread_cond_timedwait(doc->done, doc->lock, SSO_OIDC_FETCH_WAIT);
    }
    if (doc->current && cx->now - doc->current->made < SSO_OIDC_KEEP) return APR_SUCCESS;
    if (may_try(doc, cx->now)) rv = renew(cx, st, doc, url);
    if (is_usable(doc, cx->now)) {
        if (rv != APR_SUCCESS) {
            SSO_WARN(cx, "provider %s: %s could not be renewed, the old copy is used: %s", st->name,
                     sso_client_url_shown(cx->pool, url), cx->err.log);
        }
        sso_ctx_clear(cx);
        return APR_SUCCESS;
    }
    if (rv != APR_SUCCESS) return rv;
    return sso_fail(cx, SSO_F_UPSTREAM, "%s: no answer a moment ago; not asked again yet",
                    sso_client_url_shown(cx->pool, url));
}

static apr_status_t get(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_oidc_doc_t *doc,
                        const char *url, const void **out)
{
    apr_status_t rv;

    apr_thread_mutex_lock(doc->lock);
    rv = provide(cx, st, doc, url);
    if (rv == APR_SUCCESS) *out = use_current(cx, doc);
    apr_thread_mutex_unlock(doc->lock);
    return rv;
}

apr_status_t sso_oidc_metadata(sso_ctx_t *cx, const sso_oidc_state_t *st,
                               const sso_oidc_metadata_t **out)
{
    const void *parsed = st->fixed;
    apr_status_t rv = APR_SUCCESS;

    if (!parsed) {
        rv = get(cx, st, st->discovery, sso_oidc_discovery_url(cx->pool, st->issuer), &parsed);
    }
    if (rv == APR_SUCCESS) *out = parsed;
    return rv;
}

apr_status_t sso_oidc_keys(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_jwks_t **out)
{
    const sso_oidc_metadata_t *meta = NULL;
    const void *parsed = NULL;
    apr_status_t rv = sso_oidc_metadata(cx, st, &meta);

    if (rv == APR_SUCCESS) rv = get(cx, st, st->jwks, meta->jwks, &parsed);
    if (rv == APR_SUCCESS) *out = parsed;
    return rv;
}

/* Under the lock: may this process ask again? The next one may only in a minute. */
static int may_renew(sso_oidc_doc_t *doc, apr_time_t now)
{
    if (now >= doc->renewed && now - doc->renewed < SSO_OIDC_RENEW_EVERY) return 0;
    if (!may_try(doc, now)) return 0;
    doc->renewed = now;
    return 1;
}

/* Under the lock: a copy that is not the one already tried. Others may have brought it. */
static apr_status_t newer(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_oidc_doc_t *doc,
                          const char *url, const void *tried)
{
    if (doc->busy) (void)apr_thread_cond_timedwait(doc->done, doc->lock, SSO_OIDC_FETCH_WAIT);
    if (doc->current && doc->current->parsed != tried) return APR_SUCCESS;
    return may_renew(doc, cx->now) ? renew(cx, st, doc, url) : APR_NOTFOUND;
}

apr_status_t sso_oidc_keys_renew(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_jwks_t *tried,
                                 const sso_jwks_t **out)
{
    const sso_oidc_metadata_t *meta = NULL;
    sso_oidc_doc_t *doc = st->jwks;
    apr_status_t rv = sso_oidc_metadata(cx, st, &meta);

    if (rv != APR_SUCCESS) return rv;
    apr_thread_mutex_lock(doc->lock);
    rv = newer(cx, st, doc, meta->jwks, tried);
    if (rv == APR_SUCCESS) *out = use_current(cx, doc);
    apr_thread_mutex_unlock(doc->lock);
    return rv;
}
