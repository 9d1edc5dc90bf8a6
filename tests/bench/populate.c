/*
 * populate.c - any number of live sessions without as many logins: a snapshot that httpd loads.
 *
 * Usage: populate SECRET-FILE BASE-URL PROVIDER MEMORY-BYTES SESSIONS SNAPSHOT COOKIES [PEOPLE]
 * Sessions are made by the code that logins use. Writes their cookies, one a line, and prints one
 * JSON object: what they take in memory. SESSIONS 0: until the store is full and turns over.
 * PEOPLE: forum, directory (if not given), cloud, or mixed, which is the three in turn.
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

/* One person's login: what the provider says, and what of it is kept. */
typedef struct {
    sso_ctx_t *cx;
    int i; /* number of the person */
    sso_identity_t *who;
    sso_profile_t *profile;
} person_t;

static void say(person_t *person, const char *name, const char *value)
{
    apr_array_header_t *values = apr_array_make(person->cx->pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(values, const char *) = value;
    APR_ARRAY_PUSH(person->profile->mapped, sso_mapped_t) = (sso_mapped_t){name, values,
                                                                           !strcmp(name, "groups")};
}

static const char *numbered(const person_t *person, const char *prefix)
{
    return apr_psprintf(person->cx->pool, "%s%07d", prefix, person->i);
}

/* By a signed token: three fields and the roles. */
static void come_from_forum(person_t *person)
{
    person->who->issuer = "members";
    person->who->subject = numbered(person, "");
    say(person, "email", numbered(person, "someone@example.org-"));
    say(person, "name", numbered(person, "Person Number "));
    say(person, "roles", "member");
}

/* Of a company's directory, by SAML. */
static void come_from_directory(person_t *person)
{
    sso_identity_t *who = person->who;

    who->issuer = "https://idp.example.org/saml/metadata";
    who->subject = numbered(person, "G-9e3779b1-5c1d-4f0e-9a6b-00000");
    who->sid = numbered(person, "_5f1d2c3b4a5968778695a4b3c");
    who->acr = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    say(person, "email", numbered(person, "someone@example.org-"));
    say(person, "name", numbered(person, "Person Number "));
    say(person, "given_name", "Person");
    say(person, "family_name", numbered(person, "Number "));
    say(person, "groups", "staff,engineering,vpn-users,all-employees,building-7");
}

/* Of a cloud directory, whose claims are long. */
static void come_from_cloud(person_t *person)
{
    come_from_directory(person);
    person->who->issuer = "https://sts.example.net/0f7a2c1e-5b7d-4c3a-9f21-6d1f3a5b7c9d/";
    say(person, "tenantid", "0f7a2c1e-5b7d-4c3a-9f21-6d1f3a5b7c9d");
    say(person, "objectidentifier", numbered(person, "3c0d8b1e-77a1-4b0e-8a55-00000"));
    say(person, "displayname", numbered(person, "Person Number "));
    say(person, "identityprovider", person->who->issuer);
    say(person, "authnmethodsreferences",
        "http://schemas.example.com/ws/2008/06/identity/authenticationmethod/password,"
        "http://schemas.example.com/claims/multipleauthn");
    say(person, "wids",
        "b79fbf4d-3ef9-4689-8143-76b194e85509,62e90394-69f5-4237-9190-012177145e10");
}

typedef void come_fn(person_t *);

static const struct {
    const char *name;
    come_fn *come[3];
    int n;
} people[] = {
    {"directory", {come_from_directory}, 1},
    {"forum", {come_from_forum}, 1},
    {"cloud", {come_from_cloud}, 1},
    {"mixed", {come_from_forum, come_from_directory, come_from_cloud}, 3},
};

#define PEOPLE ((int)(sizeof(people) / sizeof(people[0])))

static const char *log_in(bench_t *b, int kind, int i)
{
    sso_request_t req = {.method = "GET", .path = "/"};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_identity_t *who = sso_identity_make(b->cx.pool);
    sso_profile_t profile = {apr_psprintf(b->cx.pool, "user%07d", i),
                             apr_array_make(b->cx.pool, 12, sizeof(sso_mapped_t))};
    sso_session_plan_t plan = {.idp = &b->idp, .who = who, .profile = &profile, .landing = "/app/"};
    person_t person = {&b->cx, i, who, &profile};
    const char *cookie;

    people[kind].come[i % people[kind].n](&person);
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

/* Full, and turning over: at the first eviction only the fullest of its partitions is. */
static int is_turning_over(bench_t *b)
{
    sso_store_stats_t s = stats_of(b);

    return s.evicted > s.records / 4;
}

static int kind_of(const char *name)
{
    int kind;

    for (kind = 0; kind < PEOPLE && strcmp(people[kind].name, name) != 0; kind++)
        continue;
    return kind;
}

int main(int argc, char **argv)
{
    bench_t b = {.pool = NULL};
    int kind = argc == 9 ? kind_of(argv[8]) : 0;
    FILE *cookies;
    int wanted;
    int i;

    if ((argc != 8 && argc != 9) || kind == PEOPLE || apr_initialize() != APR_SUCCESS) {
        fprintf(stderr, "populate: see the comment in populate.c\n");
        return 2;
    }
    prepare(&b, argv);
    wanted = (int)apr_atoi64(argv[5]);
    cookies = fopen(argv[7], "w");
    stop_if(apr_pool_create(&b.cx.pool, b.pool), &b, "pool");
    for (i = 0; cookies && (!wanted || i < wanted); i++) {
        fprintf(cookies, "%s\n", log_in(&b, kind, i));
        if (i % 64 != 0) continue;
        apr_pool_clear(b.cx.pool);
        if (!wanted && is_turning_over(&b)) break;
    }
    if (!cookies || fclose(cookies)) stop_if(APR_EGENERAL, &b, argv[7]);
    stop_if(b.site.store->ops->save(b.site.store, &b.cx, argv[6], b.site.seal), &b, "save");
    report(&b, (apr_uint64_t)apr_atoi64(argv[4]));
    return 0;
}
