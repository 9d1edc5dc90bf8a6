/*
 * roster.c - one walk over a tenant of the store.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/roster.h"

#include "base/when.h"
#include "core/event.h"
#include "core/release.h"

typedef struct {
    sso_ctx_t *cx;
    const sso_roster_t *which;
    sso_roster_fn *fn;
    void *baton;
    char *room; /* for one record: they are many, and the pool gives nothing back */
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
               || !strcmp(which->session, sso_event_session(w->cx->pool, &session->key)));
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

    if (sso_session_view(aligned(w, record->value), &session) != APR_SUCCESS) return 0;
    session.key = *key;
    return is_meant(w, &session) && w->fn(w->baton, &session, last_used);
}

apr_status_t sso_roster_walk(sso_ctx_t *cx, const sso_site_t *site, const sso_roster_t *which,
                             sso_roster_fn *fn, void *baton)
{
    const sso_match_t match = {.tenant = site->tenant};
    walk_t w = {.cx = cx, .which = which, .fn = fn, .baton = baton};

    return site->store->ops->walk(site->store, cx, &match, look_at, &w);
}

typedef struct {
    sso_ctx_t *cx;
    const sso_site_t *site;
    const char *why;
    int *count;
    apr_status_t rv;
} end_t;

static int end_one(void *baton, const sso_session_t *session, apr_time_t last_used)
{
    end_t *e = baton;
    sso_store_t *store = e->site->store;

    (void)last_used;
    e->rv = store->ops->drop(store, e->cx, &session->key, e->site->tenant);
    if (e->rv == APR_SUCCESS) {
        ++*e->count;
        sso_session_tell(e->cx, e->site, session, "ended", e->why);
        sso_release_session(e->cx, e->site, session);
    }
    if (e->rv == APR_NOTFOUND) e->rv = APR_SUCCESS; /* gone meanwhile */
    return e->rv != APR_SUCCESS;
}

apr_status_t sso_roster_end(sso_ctx_t *cx, const sso_site_t *site, const sso_roster_t *which,
                            const char *why, int *count)
{
    end_t e = {.cx = cx, .site = site, .why = why, .count = count};
    apr_status_t rv = sso_roster_walk(cx, site, which, end_one, &e);

    return rv == APR_SUCCESS ? e.rv : rv;
}

void sso_roster_write(sso_buf_t *out, const sso_site_t *site, const sso_session_t *session,
                      apr_time_t last_used)
{
    const sso_idp_t *idp = apr_hash_get(site->idps, session->provider, APR_HASH_KEY_STRING);
    const struct {
        const char *name, *value;
    } member[] = {
        {"site", site->base_url},
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
