/*
 * saml_current.c - counted, so that what is replaced lives as long as somebody uses it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_current.h"

#include <pthread.h>

#define KEPT_MAX 64 /* members of one state; the one that was used longest ago goes */

/* One of several identity providers. */
typedef struct {
    sso_saml_state_t *state;
    struct sso_saml_follower *follower;
    unsigned int users; /* being kept counts as one */
    apr_uint64_t used;  /* when last, on the follower's count */
    apr_time_t again;   /* its metadata is looked up anew from then on; 0: it is not */
    apr_pool_t *pool;   /* its own */
} member_t;

/* One prepared state and who uses it. */
typedef struct sso_saml_held {
    sso_saml_state_t *state;
    unsigned int version;
    unsigned int users; /* the follower counts as one while it is current */
    apr_pool_t *pool;   /* its own; NULL: the provider's, it is the one of the start */
    struct sso_saml_follower *follower;
    member_t *member[KEPT_MAX];
    int members;
} held_t;

struct sso_saml_follower {
    const sso_provider_t *provider;
    const sso_saml_state_t *first;
    pthread_mutex_t lock; /* of what follows; held while the next state is made */
    held_t *current;
    unsigned int refused; /* version that could not be used */
    apr_uint64_t count;
};
typedef struct sso_saml_follower follower_t;

/* With the lock. */
static void release_member(member_t *member)
{
    if (--member->users == 0) apr_pool_destroy(member->pool);
}

/* With the lock. */
static void release(held_t *held)
{
    if (--held->users > 0) return;
    while (held->members > 0)
        release_member(held->member[--held->members]);
    if (held->pool) apr_pool_destroy(held->pool);
}

static apr_status_t let_go(void *data)
{
    held_t *held = data;
    follower_t *f = held->follower;

    (void)pthread_mutex_lock(&f->lock);
    release(held);
    (void)pthread_mutex_unlock(&f->lock);
    return APR_SUCCESS;
}

/* The next state, in a pool of its own: the provider's lives as long as the process. */
static apr_status_t make_next(sso_ctx_t *cx, follower_t *f, held_t **out)
{
    apr_pool_t *pool;
    held_t *held;
    apr_status_t rv = apr_pool_create(&pool, NULL);

    if (rv != APR_SUCCESS) return sso_fail(cx, SSO_F_INTERNAL, "no memory for a pool");
    held = apr_pcalloc(pool, sizeof(*held));
    held->pool = pool;
    held->users = 1;
    held->follower = f;
    rv = sso_saml_state_renew(cx, f->provider, f->first, pool, &held->state, &held->version);
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(pool);
        return rv;
    }
    held->state->held = held;
    *out = held;
    return APR_SUCCESS;
}

/* With the lock. */
static void catch_up(sso_ctx_t *cx, follower_t *f, unsigned int version)
{
    sso_ctx_t own = *cx; /* what fails here is not the login's failure */
    held_t *next;

    sso_ctx_clear(&own);
    if (make_next(&own, f, &next) != APR_SUCCESS) {
        f->refused = version;
        SSO_WARN(cx, "provider %s: new metadata cannot be used: %s; the old stays",
                 f->provider->name, own.err.log ? own.err.log : "it has gone");
        return;
    }
    release(f->current);
    f->current = next;
}

const sso_saml_state_t *sso_saml_current(sso_ctx_t *cx, const sso_saml_state_t *state)
{
    follower_t *f = state->follower;
    const unsigned int version = f ? sso_saml_members_version(state->sources) : 0;
    held_t *held;

    if (!f) return state;
    (void)pthread_mutex_lock(&f->lock);
    if (version != f->current->version && version != f->refused) catch_up(cx, f, version);
    held = f->current;
    held->users++;
    (void)pthread_mutex_unlock(&f->lock);
    apr_pool_cleanup_register(cx->pool, held, let_go, apr_pool_cleanup_null);
    return held->state;
}

/* ---- one of several ---- */

static apr_status_t let_member_go(void *data)
{
    member_t *member = data;
    follower_t *f = member->follower;

    (void)pthread_mutex_lock(&f->lock);
    release_member(member);
    (void)pthread_mutex_unlock(&f->lock);
    return APR_SUCCESS;
}

/* With the lock; NULL: it is not kept, or not any more. */
static member_t *find_member(const sso_ctx_t *cx, held_t *held, const char *id)
{
    member_t *member;
    int i;

    for (i = 0; i < held->members; i++) {
        if (!strcmp(held->member[i]->state->idp.entity_id, id)) break;
    }
    if (i == held->members) return NULL;
    member = held->member[i];
    if (!member->again || cx->now < member->again) return member;
    held->member[i] = held->member[--held->members];
    release_member(member);
    return NULL;
}

/* With the lock. */
static void keep_member(held_t *held, member_t *member)
{
    int oldest = 0;
    int i;

    if (held->members < KEPT_MAX) {
        held->member[held->members++] = member;
        return;
    }
    for (i = 1; i < KEPT_MAX; i++) {
        if (held->member[i]->used < held->member[oldest]->used) oldest = i;
    }
    release_member(held->member[oldest]);
    held->member[oldest] = member;
}

/* With the lock. */
static apr_status_t make_member(sso_ctx_t *cx, held_t *held, const sso_saml_record_t *record,
                                member_t **out)
{
    follower_t *f = held->follower;
    apr_pool_t *pool;
    member_t *member;
    apr_status_t rv = apr_pool_create(&pool, NULL);

    if (rv != APR_SUCCESS) return sso_fail(cx, SSO_F_INTERNAL, "no memory for a pool");
    member = apr_pcalloc(pool, sizeof(*member));
    *member = (member_t){.follower = f, .users = 1, .again = record->again, .pool = pool};
    rv = sso_saml_state_member(cx, f->provider, held->state, record, pool, &member->state);
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(pool);
        return rv;
    }
    keep_member(held, member);
    *out = member;
    return APR_SUCCESS;
}

/* One that is kept, to be used; NULL: none is. */
static member_t *hold_kept(sso_ctx_t *cx, held_t *held, const char *id)
{
    follower_t *f = held->follower;
    member_t *member;

    (void)pthread_mutex_lock(&f->lock);
    member = find_member(cx, held, id);
    if (member) {
        member->used = ++f->count;
        member->users++;
    }
    (void)pthread_mutex_unlock(&f->lock);
    return member;
}

static apr_status_t find_record(sso_ctx_t *cx, const held_t *held, const char *id, int may_ask,
                                sso_saml_record_t *out)
{
    const sso_saml_members_t *members = &held->state->members;
    apr_status_t rv = sso_saml_members_find(cx, members, id, may_ask, out);

    if (rv != APR_NOTFOUND || (members->asked && !may_ask)) return rv;
    return sso_fail(cx, SSO_F_IDP_UNKNOWN, "\"%s\" is none of the %d identity providers here%s",
                    sso_log_quote(cx->pool, id, strlen(id), 256), members->n,
                    members->asked ? ", and the query service does not know it" : "");
}

/* What has to be asked for is asked for without the lock: others go on. */
static apr_status_t hold_member(sso_ctx_t *cx, held_t *held, const char *id, int may_ask,
                                member_t **out)
{
    follower_t *f = held->follower;
    sso_saml_record_t record;
    member_t *member = hold_kept(cx, held, id);
    apr_status_t rv;

    if (member) {
        *out = member;
        return APR_SUCCESS;
    }
    rv = find_record(cx, held, id, may_ask, &record);
    if (rv != APR_SUCCESS) return rv;
    (void)pthread_mutex_lock(&f->lock);
    member = find_member(cx, held, id);
    if (!member) rv = make_member(cx, held, &record, &member);
    if (rv == APR_SUCCESS) {
        member->used = ++f->count;
        member->users++;
        *out = member;
    }
    (void)pthread_mutex_unlock(&f->lock);
    return rv;
}

/* There is one, or none yet: it is that one, or nobody. */
static apr_status_t take_only(sso_ctx_t *cx, const sso_saml_state_t *base, const char *id,
                              const sso_saml_state_t **out)
{
    const char *only = base->idp.entity_id;

    if (id && only && strcmp(id, only) != 0) {
        return sso_fail(cx, SSO_F_IDP_UNKNOWN,
                        "\"%s\" is not the identity provider here, \"%s\" is",
                        sso_log_quote(cx->pool, id, strlen(id), 256), only);
    }
    *out = base;
    return APR_SUCCESS;
}

static apr_status_t take_member(sso_ctx_t *cx, const sso_saml_state_t *base, const char *id,
                                int may_ask, const sso_saml_state_t **out)
{
    member_t *member;
    apr_status_t rv;

    if (!sso_saml_state_is_many(base)) return take_only(cx, base, id, out);
    if (!id) id = base->set->saml_default;
    if (!id) {
        return sso_fail(cx, SSO_F_IDP_UNKNOWN, "it was not said which of the %d identity providers",
                        base->members.n);
    }
    rv = hold_member(cx, base->held, id, may_ask, &member);
    if (rv != APR_SUCCESS) return rv;
    apr_pool_cleanup_register(cx->pool, member, let_member_go, apr_pool_cleanup_null);
    *out = member->state;
    return APR_SUCCESS;
}

apr_status_t sso_saml_current_member(sso_ctx_t *cx, const sso_saml_state_t *base, const char *id,
                                     const sso_saml_state_t **out)
{
    return take_member(cx, base, id, 1, out);
}

apr_status_t sso_saml_current_known(sso_ctx_t *cx, const sso_saml_state_t *base, const char *id,
                                    const sso_saml_state_t **out)
{
    return take_member(cx, base, id, 0, out);
}

/* The configuration goes: nobody uses its states any more. */
static apr_status_t end(void *data)
{
    follower_t *f = data;

    release(f->current);
    (void)pthread_mutex_destroy(&f->lock);
    return APR_SUCCESS;
}

apr_status_t sso_saml_current_watch(sso_ctx_t *cx, const sso_provider_t *provider,
                                    sso_saml_state_t *state)
{
    follower_t *f = apr_pcalloc(provider->pool, sizeof(*f));

    if (!state->sources) return APR_SUCCESS;
    f->provider = provider;
    f->first = state;
    f->current = apr_pcalloc(provider->pool, sizeof(held_t));
    *f->current = (held_t){.state = state, .version = state->version, .users = 1, .follower = f};
    if (pthread_mutex_init(&f->lock, NULL) != 0) {
        return sso_fail(cx, SSO_F_INTERNAL, "no lock to be had");
    }
    apr_pool_cleanup_register(provider->pool, f, end, apr_pool_cleanup_null);
    state->follower = f;
    state->held = f->current;
    return APR_SUCCESS;
}
