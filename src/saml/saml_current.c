/*
 * saml_current.c - counted, so that what is replaced lives as long as somebody uses it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_current.h"

#include <pthread.h>

/* One prepared state and who uses it. */
typedef struct {
    sso_saml_state_t *state;
    unsigned int version;
    unsigned int users; /* the follower counts as one while it is current */
    apr_pool_t *pool;   /* its own; NULL: the provider's, it is the one of the start */
    struct sso_saml_follower *follower;
} held_t;

struct sso_saml_follower {
    const sso_provider_t *provider;
    const sso_saml_state_t *first;
    pthread_mutex_t lock; /* of what follows; held while the next state is made */
    held_t *current;
    unsigned int refused; /* version that could not be used */
};
typedef struct sso_saml_follower follower_t;

/* With the lock. */
static void release(held_t *held)
{
    if (--held->users == 0 && held->pool) apr_pool_destroy(held->pool);
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
    const unsigned int version = f ? sso_saml_source_version(state->source) : 0;
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

    if (!state->source) return APR_SUCCESS;
    f->provider = provider;
    f->first = state;
    f->current = apr_pcalloc(provider->pool, sizeof(held_t));
    *f->current = (held_t){.state = state, .version = state->version, .users = 1, .follower = f};
    if (pthread_mutex_init(&f->lock, NULL) != 0) {
        return sso_fail(cx, SSO_F_INTERNAL, "no lock to be had");
    }
    apr_pool_cleanup_register(provider->pool, f, end, apr_pool_cleanup_null);
    state->follower = f;
    return APR_SUCCESS;
}
