/*
 * roster.c - one walk over a tenant of the store.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/roster.h"

#include "base/when.h"
#include "core/event.h"
#include "core/release.h"

#include <apr_strings.h>

typedef struct {
    sso_ctx_t *cx;
    apr_pool_t *scratch; /* of one record: they are many, and a pool gives nothing back */
    const sso_roster_t *which;
    sso_roster_fn *fn;
    void *baton;
    char *room; /* for one record, kept for the next */
    apr_size_t size;
} walk_t;

static int is_or_any(const char *wanted, const char *value)
{
    return !wanted || !strcmp(wanted, value);
}

static int is_meant(const walk_t *w, const sso_session_t *session)
{
    const sso_roster_t *which = w->which;

    return (is_or_any(which->user, session->user) || is_or_any(which->user, session->subject))
           && is_or_any(which->provider, session->provider)
           && is_or_any(which->issuer, session->issuer)
           && (!which->session
               || !strcmp(which->session, sso_event_session(w->scratch, &session->key)));
}

/* The walk's values lie anywhere; a record is read where its numbers are aligned. */
static sso_span_t aligned(walk_t *w, sso_span_t value)
{
    if (value.n > w->size) {
        w->size = value.n + value.n / 4;
        w->room = apr_palloc(w->cx->pool, w->size);
    }
    memcpy(w->room, value.p, value.n);
    return sso_span_of(w->room, value.n);
}

static int look_at(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                   apr_time_t last_used)
{
    walk_t *w = baton;
    sso_session_t session;

    apr_pool_clear(w->scratch);
    if (sso_session_view(aligned(w, record->value), &session) != APR_SUCCESS) return 0;
    session.key = *key;
    return is_meant(w, &session) && w->fn(w->baton, w->scratch, &session, last_used);
}

static const sso_site_t *first(const apr_array_header_t *sites)
{
    return APR_ARRAY_IDX(sites, 0, const sso_site_t *);
}

/* The one that knows the provider, and speaks to it; or any. */
static const sso_site_t *site_of(const apr_array_header_t *sites, const sso_session_t *session)
{
    const sso_site_t *best = NULL;
    int i;

    for (i = 0; i < sites->nelts; i++) {
        const sso_site_t *site = APR_ARRAY_IDX(sites, i, const sso_site_t *);
        const sso_idp_t *idp = apr_hash_get(site->idps, session->provider, APR_HASH_KEY_STRING);

        if (idp && idp->provider->set->active != SSO_ACTIVE_OFF) return site;
        if (idp && !best) best = site;
    }
    return best ? best : first(sites);
}

apr_status_t sso_roster_walk(sso_ctx_t *cx, const apr_array_header_t *sites,
                             const sso_roster_t *which, sso_roster_fn *fn, void *baton)
{
    const sso_match_t match = {.tenant = first(sites)->tenant};
    sso_store_t *store = first(sites)->store;
    walk_t w = {.cx = cx, .which = which, .fn = fn, .baton = baton};
    apr_status_t rv = apr_pool_create(&w.scratch, cx->pool);

    if (rv != APR_SUCCESS) return rv;
    rv = store->ops->walk(store, cx, &match, look_at, &w);
    apr_pool_destroy(w.scratch);
    return rv;
}

typedef struct {
    sso_ctx_t *cx;
    const apr_array_header_t *sites;
    const char *why;
    int *count;
    apr_status_t rv; /* the first failure */
} end_t;

/* What failed outlives the record's pool. */
static void note_failure(end_t *e, const sso_ctx_t *one, apr_status_t rv)
{
    if (e->rv == APR_SUCCESS) e->rv = rv;
    if (e->cx->err.fault) return;
    e->cx->err = one->err;
    if (one->err.log) e->cx->err.log = apr_pstrdup(e->cx->pool, one->err.log);
    if (one->err.about) e->cx->err.about = apr_pstrdup(e->cx->pool, one->err.about);
}

/* None is left out because another could not be ended. */
static int end_one(void *baton, apr_pool_t *scratch, const sso_session_t *session,
                   apr_time_t last_used)
{
    end_t *e = baton;
    const sso_site_t *site = site_of(e->sites, session);
    sso_ctx_t one = *e->cx;
    apr_status_t rv;

    (void)last_used;
    one.pool = scratch;
    sso_ctx_clear(&one);
    rv = site->store->ops->drop(site->store, &one, &session->key, site->tenant);
    if (rv == APR_SUCCESS) {
        ++*e->count;
        sso_session_tell(&one, site, session, "ended", e->why);
        sso_release_session(&one, site, session);
    } else if (rv != APR_NOTFOUND) { /* that is: gone meanwhile */
        note_failure(e, &one, rv);
    }
    return 0;
}

apr_status_t sso_roster_end(sso_ctx_t *cx, const apr_array_header_t *sites,
                            const sso_roster_t *which, const char *why, int *count)
{
    end_t e = {.cx = cx, .sites = sites, .why = why, .count = count};
    apr_status_t rv = sso_roster_walk(cx, sites, which, end_one, &e);

    return rv == APR_SUCCESS ? e.rv : rv;
}

void sso_roster_write(sso_buf_t *out, const apr_array_header_t *sites, const sso_session_t *session,
                      apr_time_t last_used)
{
    const sso_site_t *site = site_of(sites, session);
    const sso_idp_t *idp = apr_hash_get(site->idps, session->provider, APR_HASH_KEY_STRING);
    const struct {
        const char *name, *value;
    } member[] = {
        {"site", sso_site_name(site)},
        {"provider", session->provider},
        {"protocol", idp ? idp->provider->protocol->name : NULL},
        {"issuer", session->issuer},
        {"user", session->user},
        {"subject", session->subject},
        {"created", sso_when_text(out->pool, session->created)},
        {"used", sso_when_text(out->pool, last_used)},
        {"expires", sso_when_text(out->pool, session->expires)},
    };
    apr_size_t i;

    sso_event_member(out, "{", "session", sso_event_session(out->pool, &session->key));
    for (i = 0; i < sizeof(member) / sizeof(member[0]); i++)
        sso_event_member(out, ",", member[i].name, member[i].value);
    sso_buf_text(out, "}\n");
}
