/*
 * saml_tries.c - counters of a minute, found by a keyed hash of the client's network.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_tries.h"

#include "crypto/mac.h"
#include "crypto/random.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define COUNTERS    4096
#define COUNT_BITS  8 /* of a counter; the minute is above */
#define COUNT_MASK  ((1u << COUNT_BITS) - 1)
#define PREFIX_IPV6 8 /* bytes: a client has a /64 to itself */

struct sso_saml_tries {
    unsigned char key[SSO_MAC_BYTES];
    apr_uint32_t counter[COUNTERS]; /* minute << COUNT_BITS | failures in it */
};

apr_status_t sso_saml_tries_make(sso_ctx_t *cx, apr_pool_t *pool, sso_saml_tries_t **out)
{
    sso_saml_tries_t *tries = apr_pcalloc(pool, sizeof(*tries));
    apr_status_t rv = sso_random_bytes(cx, tries->key, sizeof(tries->key));

    if (rv == APR_SUCCESS) *out = tries;
    return rv;
}

/* What tells clients apart: the address, of IPv6 its network; no address is a client as well. */
static sso_span_t client_of(sso_ctx_t *cx, const sso_request_t *req)
{
    const char *text = req->client ? req->client : "";
    struct in6_addr *v6 = apr_palloc(cx->pool, sizeof(*v6));

    if (inet_pton(AF_INET6, text, v6) != 1 || IN6_IS_ADDR_V4MAPPED(v6)) return sso_span(text);
    return sso_span_of(v6, PREFIX_IPV6);
}

/* Its counter; 0 in the impossible case that hashing fails: then all clients share that one. */
static apr_size_t index_of(sso_ctx_t *cx, const sso_saml_tries_t *tries, const sso_request_t *req)
{
    const sso_span_t part[] = {sso_span_of(tries->key, sizeof(tries->key)), client_of(cx, req)};
    unsigned char hash[SSO_MAC_BYTES] = {0};

    (void)sso_mac_hash(cx, part, 2, hash);
    return (hash[0] | (apr_size_t)hash[1] << 8) % COUNTERS;
}

static apr_uint32_t minute_of(apr_time_t now)
{
    return (apr_uint32_t)(apr_time_sec(now) / 60) << COUNT_BITS;
}

/* How many failures a counter holds of this minute. */
static apr_uint32_t failures(apr_uint32_t counter, apr_time_t now)
{
    return (counter & ~COUNT_MASK) == minute_of(now) ? counter & COUNT_MASK : 0;
}

apr_status_t sso_saml_tries_check(sso_ctx_t *cx, const sso_saml_tries_t *tries,
                                  const sso_request_t *req)
{
    const apr_uint32_t *counter = &tries->counter[index_of(cx, tries, req)];

    if (failures(__atomic_load_n(counter, __ATOMIC_RELAXED), cx->now) < SSO_SAML_TRIES_MOST) {
        return APR_SUCCESS;
    }
    return sso_fail(cx, SSO_F_TRIES, "%d messages of %s did not decrypt within a minute",
                    SSO_SAML_TRIES_MOST, req->client ? req->client : "one client");
}

/* The count stops at its limit, far below what its bits hold. */
void sso_saml_tries_count(sso_ctx_t *cx, sso_saml_tries_t *tries, const sso_request_t *req)
{
    apr_uint32_t *counter = &tries->counter[index_of(cx, tries, req)];
    apr_uint32_t was = __atomic_load_n(counter, __ATOMIC_RELAXED);
    apr_uint32_t is;

    do {
        apr_uint32_t n = failures(was, cx->now);

        if (n == SSO_SAML_TRIES_MOST) return;
        is = minute_of(cx->now) | (n + 1);
    } while (
        !__atomic_compare_exchange_n(counter, &was, is, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}
