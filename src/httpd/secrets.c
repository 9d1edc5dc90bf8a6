/*
 * secrets.c - every secret against every other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/secrets.h"

#include "crypto/mac.h"

#include <apr_strings.h>

/* Who shares a secret; either a provider or a peer. */
typedef struct {
    server_rec *s;
    const sso_provider_t *provider;
    const sso_peer_t *peer;
    const apr_array_header_t *secrets; /* of sso_span_t */
} owner_t;

static int share_secret(const owner_t *a, const owner_t *b)
{
    int i;
    int k;

    for (i = 0; i < a->secrets->nelts; i++) {
        sso_span_t x = APR_ARRAY_IDX(a->secrets, i, sso_span_t);

        for (k = 0; k < b->secrets->nelts; k++) {
            sso_span_t y = APR_ARRAY_IDX(b->secrets, k, sso_span_t);

            if (x.n == y.n && sso_mac_same(x.p, y.p, x.n)) return 1;
        }
    }
    return 0;
}

static void add_owners(const sso_startup_t *setup, server_rec *s, apr_array_header_t *owners)
{
    const sso_server_t *server = sso_server_of(s);
    apr_hash_index_t *i;

    for (i = apr_hash_first(setup->pool, server->providers); i; i = apr_hash_next(i)) {
        const sso_provider_t *provider = apr_hash_this_val(i);
        const apr_array_header_t *secrets = provider->protocol->secrets
                                                ? provider->protocol->secrets(setup->pool, provider)
                                                : NULL;

        if (secrets) APR_ARRAY_PUSH(owners, owner_t) = (owner_t){s, provider, NULL, secrets};
    }
    for (i = apr_hash_first(setup->pool, server->peers); i; i = apr_hash_next(i)) {
        const sso_peer_t *peer = apr_hash_this_val(i);

        APR_ARRAY_PUSH(owners, owner_t) = (owner_t){s, NULL, peer, peer->set->secrets};
    }
}

/* Two blocks for one client of one OpenID provider have one secret, as it should be. */
static int are_one_client(const owner_t *a, const owner_t *b)
{
    const sso_provider_settings_t *x = a->provider ? a->provider->set : NULL;
    const sso_provider_settings_t *y = b->provider ? b->provider->set : NULL;

    if (!x || !y || !x->oidc_client || !y->oidc_client) return 0;
    return !strcmp(x->oidc_issuer ? x->oidc_issuer : "", y->oidc_issuer ? y->oidc_issuer : "")
           && !strcmp(APR_ARRAY_IDX(x->oidc_client, 0, const char *),
                      APR_ARRAY_IDX(y->oidc_client, 0, const char *));
}

/* Are they the two ends of one connection, between two hosts of this server? */
static int are_two_ends(const sso_startup_t *setup, const owner_t *a, const owner_t *b)
{
    const sso_provider_t *provider = a->provider ? a->provider : b->provider;
    const sso_peer_t *peer = a->peer ? a->peer : b->peer;
    const char *endpoint = !provider                      ? NULL
                           : provider->set->hmac_endpoint ? provider->set->hmac_endpoint
                                                          : provider->set->discourse_endpoint;
    server_rec *s;

    for (s = setup->main_server; s && endpoint && peer; s = s->next) {
        const sso_site_t *site = sso_server_of(s)->site;
        const sso_asker_t *asker = site->peers
                                       ? apr_hash_get(site->peers, peer->name, APR_HASH_KEY_STRING)
                                       : NULL;

        if (asker && asker->peer == peer && !strcmp(asker->url, endpoint)) return 1;
    }
    return 0;
}

static int complain_owner(const sso_startup_t *setup, const owner_t *owner, const owner_t *twin)
{
    const char *why = apr_psprintf(setup->pool,
                                   "its secret is the one of <%s %s> at %s:%d; give each its own",
                                   twin->provider ? "SSOProvider" : "SSOPeer",
                                   twin->provider ? twin->provider->name : twin->peer->name,
                                   twin->provider ? twin->provider->file : twin->peer->file,
                                   twin->provider ? twin->provider->line : twin->peer->line);

    return owner->provider ? sso_complain_provider(owner->s, owner->provider, why)
                           : sso_complain_peer(owner->s, owner->peer, why);
}

int sso_secrets_check(const sso_startup_t *setup)
{
    apr_array_header_t *owners = apr_array_make(setup->pool, 8, sizeof(owner_t));
    server_rec *s;
    int i;
    int k;

    for (s = setup->main_server; s; s = s->next) {
        if (sso_startup_owns(setup, s)) add_owners(setup, s, owners);
    }
    for (i = 0; i < owners->nelts; i++) {
        const owner_t *owner = &APR_ARRAY_IDX(owners, i, owner_t);

        for (k = 0; k < i; k++) {
            const owner_t *twin = &APR_ARRAY_IDX(owners, k, owner_t);

            if (share_secret(owner, twin) && !are_two_ends(setup, owner, twin)
                && !are_one_client(owner, twin)) {
                return complain_owner(setup, owner, twin);
            }
        }
    }
    return OK;
}
