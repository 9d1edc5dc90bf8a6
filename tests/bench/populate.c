/*
 * populate.c - any number of live sessions without as many logins: a snapshot that httpd loads.
 *
 * Usage: populate SECRET-FILE BASE-URL PROVIDER MEMORY-BYTES SESSIONS SNAPSHOT COOKIES
 * Sessions are made by the code that logins use. Writes their cookies, one a line, and prints one
 * JSON object: what they take in memory. SESSIONS 0: as many as fit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/session.h"
#include "crypto/keys.h"
#include "crypto/secret.h"
#include "store/store_shm.h"

#include <apr_general.h>
#include <apr_strings.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct {
    sso_ctx_t cx;
    sso_site_t site;
    sso_provider_t provider;
    sso_provider_settings_t set;
    sso_idp_t idp;
    apr_pool_t *pool;
} bench_t;

static void stop_if(apr_status_t rv, const bench_t *b, const char *what)
{
    if (rv == APR_SUCCESS) return;
    fprintf(stderr, "populate: %s: status %d %s\n", what, rv, b->cx.err.log ? b->cx.err.log : "");
    exit(1);
}

static void prepare(bench_t *b, char **argv)
{
    sso_span_t secret;
    sso_seal_t *seal;

    stop_if(apr_pool_create(&b->pool, NULL), b, "pool");
    b->cx = sso_ctx(b->pool, apr_time_now());
    stop_if(sso_secret_own(&b->cx, b->pool, argv[1], 1, &secret), b, "secret");
    stop_if(sso_seal_prepare(&b->cx, b->pool, &secret, 1, &seal), b, "seal");
    b->site = (sso_site_t){.base_url = argv[2],
                           .path = "/.sso",
                           .path_len = 5,
                           .cookie = "sso",
                           .cookie_path = "/",
                           .seal = seal};
    stop_if(sso_store_shm_make(&b->cx, b->pool, (apr_size_t)apr_atoi64(argv[4]), &b->site.store), b,
            "store");
    stop_if(b->site.store->ops->tenant(b->site.store, &b->cx, argv[2], 0, &b->site.tenant), b,
            "tenant");
    b->set.lifetime = apr_time_from_sec(8 * 3600);
    b->set.idle = apr_time_from_sec(8 * 3600);
    b->provider = (sso_provider_t){.name = argv[3], .set = &b->set};
    b->idp = (sso_idp_t){.provider = &b->provider, .site = &b->site, .url = "http://bench"};
}

static void add(sso_ctx_t *cx, sso_profile_t *profile, const char *name, const char *value,
                int list)
{
    apr_array_header_t *values = apr_array_make(cx->pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(values, const char *) = value;
    APR_ARRAY_PUSH(profile->mapped, sso_mapped_t) = (sso_mapped_t){name, values, list};
}

/* What a company's directory says of a person. */
static const char *log_in(bench_t *b, int i)
{
    sso_request_t req = {.method = "GET", .path = "/"};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_identity_t *who = sso_identity_make(b->cx.pool);
    sso_profile_t profile = {apr_psprintf(b->cx.pool, "user%07d", i),
                             apr_array_make(b->cx.pool, 6, sizeof(sso_mapped_t))};
    sso_session_plan_t plan = {.idp = &b->idp, .who = who, .profile = &profile, .landing = "/app/"};
    const char *cookie;

    who->issuer = "https://idp.example.org/saml/metadata";
    who->subject = apr_psprintf(b->cx.pool, "G-%08x-5c1d-4f0e-9a6b-%012x", i * 2654435761u, i);
    who->sid = apr_psprintf(b->cx.pool, "_%032x", i);
    add(&b->cx, &profile, "email", apr_psprintf(b->cx.pool, "user%07d@example.org", i), 0);
    add(&b->cx, &profile, "name", apr_psprintf(b->cx.pool, "Person Number %d", i), 0);
    add(&b->cx, &profile, "given_name", "Person", 0);
    add(&b->cx, &profile, "family_name", apr_psprintf(b->cx.pool, "Number %d", i), 0);
    add(&b->cx, &profile, "groups", "staff,engineering,vpn-users,all-employees,building-7", 1);
    stop_if(sso_session_make(&b->cx, &req, &plan, &reply), b, "session");
    cookie = apr_table_get(reply.headers, "Set-Cookie");
    return apr_pstrmemdup(b->cx.pool, cookie, strcspn(cookie, ";"));
}

static sso_store_stats_t stats_of(bench_t *b)
{
    sso_store_stats_t s;

    stop_if(b->site.store->ops->stats(b->site.store, &b->cx, &s), b, "stats");
    return s;
}

static int sum_payload(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                       apr_time_t last_used)
{
    (void)key;
    (void)last_used;
    *(apr_uint64_t *)baton += record->value.n;
    return 0;
}

static void report(bench_t *b, apr_uint64_t size)
{
    const sso_match_t all = {.tenant = -1};
    sso_store_stats_t s = stats_of(b);
    apr_uint64_t payload = 0;

    stop_if(b->site.store->ops->walk(b->site.store, &b->cx, &all, sum_payload, &payload), b,
            "walk");
    printf("{\"sessions\": %" APR_UINT64_T_FMT ", \"payload\": %" APR_UINT64_T_FMT
           ", \"segment\": %" APR_UINT64_T_FMT ", \"evicted\": %" APR_UINT64_T_FMT
           ", \"marks_room\": %" APR_UINT64_T_FMT "}\n",
           s.records, payload, size, s.evicted, s.marks_room);
}

int main(int argc, char **argv)
{
    bench_t b = {.pool = NULL};
    FILE *cookies;
    int wanted;
    int i;

    if (argc != 8 || apr_initialize() != APR_SUCCESS) {
        fprintf(stderr, "populate: see the comment in populate.c\n");
        return 2;
    }
    prepare(&b, argv);
    wanted = (int)apr_atoi64(argv[5]);
    cookies = fopen(argv[7], "w");
    stop_if(apr_pool_create(&b.cx.pool, b.pool), &b, "pool");
    for (i = 0; cookies && (!wanted || i < wanted); i++) {
        fprintf(cookies, "%s\n", log_in(&b, i));
        if (i % 64 == 0) apr_pool_clear(b.cx.pool);
        if (!wanted && i % 64 == 0 && stats_of(&b).evicted) break;
    }
    if (!cookies || fclose(cookies)) stop_if(APR_EGENERAL, &b, argv[7]);
    stop_if(b.site.store->ops->save(b.site.store, &b.cx, argv[6], b.site.seal), &b, "save");
    report(&b, (apr_uint64_t)apr_atoi64(argv[4]));
    return 0;
}
