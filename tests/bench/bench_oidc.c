/*
 * bench_oidc.c - callbacks of OpenID Connect accepted per second, and the bare check they need.
 *
 * Usage: bench_oidc [seconds]. The provider is in memory: what its network costs is not counted.
 * Prints one JSON object:
 * accepted  logins per second of CPU time: from the callback's query, by the token answer, the ID
 *           token and userinfo, to the session
 * crypto    the floor: one RSA-2048 verification of the same ID token
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "core/attrmap.h"
#include "core/session.h"
#include "crypto/jwk.h"
#include "crypto/jws.h"
#include "crypto/seal.h"
#include "floor.h"
#include "oidc/oidc.h"
#include "oidc/oidc_jws.h"
#include "oidc/oidc_publish.h"
#include "oidc/oidc_state.h"
#include "store/store_shm.h"

#include <apr_general.h>
#include <apr_strings.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LOGINS 2000
#define MEMORY (64 * 1024 * 1024)
#define ISSUER "https://op.example"
#define BASE   "https://www.example.org"
#define NOW    APR_TIME_C(1795460332000000)

typedef struct {
    sso_provider_settings_t *set;
    sso_provider_t provider;
    sso_site_t site;
    sso_idp_t idp;
    sso_client_t client;
    EVP_PKEY *key;
    const char *kid, *keys, *answer;
} bench_t;

typedef struct {
    sso_flow_t flow;
    const char *query, *answer, *token;
} login_t;

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stop_if(apr_status_t rv, const sso_ctx_t *cx, const char *what)
{
    if (rv == APR_SUCCESS) return;
    fprintf(stderr, "bench_oidc: %s: %s\n", what, cx->err.log ? cx->err.log : "failed");
    exit(1);
}

/* ---- the provider ---- */

static const char discovery[] = "{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"" ISSUER
                                "/auth\",\"token_endpoint\":\"" ISSUER
                                "/token\",\"jwks_uri\":\"" ISSUER
                                "/jwks\",\"userinfo_endpoint\":\"" ISSUER "/me\"}";
static const char userinfo[] = "{\"sub\":\"248289761001\",\"name\":\"Ada Lovelace\",\"email\":"
                               "\"ada@example.org\",\"email_verified\":true,\"preferred_username\":"
                               "\"ada\",\"groups\":[\"staff\",\"admins\",\"engines\"]}";

static apr_status_t exchange(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out)
{
    const bench_t *b = client->state;
    const char *path = req->url + strlen(ISSUER);
    const char *body = !strcmp(path, "/token")  ? b->answer
                       : !strcmp(path, "/me")   ? userinfo
                       : !strcmp(path, "/jwks") ? b->keys
                                                : discovery;

    (void)cx;
    *out = (sso_client_response_t){200, "application/json", NULL, NULL, 0, 0, sso_span(body)};
    return APR_SUCCESS;
}

static void use_key(sso_ctx_t *cx, bench_t *b)
{
    apr_array_header_t *keys = apr_array_make(cx->pool, 1, sizeof(const sso_key_pair_t *));
    sso_key_pair_t *pair = apr_pcalloc(cx->pool, sizeof(*pair));
    sso_span_t text;

    pair->key = b->key = EVP_RSA_gen(2048);
    APR_ARRAY_PUSH(keys, const sso_key_pair_t *) = pair;
    stop_if(sso_jwk_thumbprint(cx, b->key, &b->kid), cx, "kid");
    stop_if(sso_oidc_publish(cx, keys, &text), cx, "keys");
    b->keys = text.p;
}

static void make_bench(sso_ctx_t *cx, bench_t *b)
{
    static const char *const client[] = {"client-1"};
    static const char *const issuer[] = {ISSUER};
    const sso_reader_t reader = {.pool = cx->pool, .root = "/"};
    const sso_span_t secret = sso_span("the secret of the benchmark, long enough");
    sso_seal_t *seal;

    b->set = sso_settings_make(&sso_provider_table, cx->pool);
    (void)sso_settings_read(&sso_provider_table, b->set, SSO_PROVIDER_SSOOidcIssuer, 1, issuer,
                            &reader);
    (void)sso_settings_read(&sso_provider_table, b->set, SSO_PROVIDER_SSOOidcClient, 1, client,
                            &reader);
    b->provider = (sso_provider_t){
        .name = "op", .protocol = &sso_oidc, .set = b->set, .pool = cx->pool, .root = "/"};
    b->site = (sso_site_t){
        .base_url = BASE, .path = "/.sso", .cookie = "__Host-sso", .cookie_path = "/", .secure = 1};
    b->idp = (sso_idp_t){&b->provider, &b->site, BASE "/.sso/op"};
    b->client = (sso_client_t){exchange, b};
    use_key(cx, b);
    stop_if(sso_oidc.prepare(cx, &b->provider, &b->provider.state), cx, "prepare");
    ((sso_oidc_state_t *)b->provider.state)->client = &b->client;
    stop_if(sso_store_shm_make(cx, cx->pool, MEMORY, &b->site.store), cx, "store");
    stop_if(b->site.store->ops->tenant(b->site.store, cx, BASE, 0, &b->site.tenant), cx, "tenant");
    stop_if(sso_seal_prepare(cx, cx->pool, &secret, 1, &seal), cx, "seal");
    b->site.seal = seal;
}

/* ---- logins ---- */

static void begin(sso_ctx_t *cx, bench_t *b, login_t *login)
{
    const sso_jws_signer_t signer = {sso_jws_alg(sso_span("RS256")), b->key, b->kid, "JWT"};
    const apr_int64_t now = apr_time_sec(cx->now);
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    const char *claims;

    login->flow = (sso_flow_t){.id = "0badcafe",
                               .provider = "op",
                               .site = BASE,
                               .request = "",
                               .extra = "",
                               .return_path = "/",
                               .issued = cx->now};
    stop_if(sso_oidc.start(cx, &b->idp, &login->flow, &reply), cx, "start");
    claims = apr_psprintf(cx->pool,
                          "{\"iss\":\"" ISSUER "\",\"sub\":\"248289761001\",\"aud\":\"client-1\","
                          "\"exp\":%" APR_INT64_T_FMT ",\"iat\":%" APR_INT64_T_FMT
                          ",\"nonce\":\"%.32s\",\"sid\":\"08a5019c-17e1-4977-8f42-65a12843ea02\"}",
                          now + 300, now, login->flow.extra);
    stop_if(sso_jws_sign(cx, &signer, sso_span(claims), &login->token), cx, "sign");
    login->answer = apr_psprintf(cx->pool,
                                 "{\"access_token\":\"SlAV32hkKG\",\"token_type\":\"Bearer\","
                                 "\"expires_in\":3600,\"id_token\":\"%s\"}",
                                 login->token);
    login->query = apr_psprintf(cx->pool, "code=SplxlOBeZQQYbYS6WxSbIA&state=%s",
                                login->flow.request);
}

static void finish(sso_ctx_t *cx, bench_t *b, const login_t *login)
{
    sso_request_t req = {.method = "GET", .path = "/.sso/op/callback", .query = login->query};
    sso_flows_t flows = {.item = {login->flow}, .n = 1};
    sso_session_plan_t plan = {.idp = &b->idp, .landing = "/"};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_answer_t answer = {.who = NULL};
    sso_profile_t profile;

    b->answer = login->answer;
    stop_if(sso_oidc.open(cx, &b->idp, &req, &flows, &answer), cx, "open");
    stop_if(sso_oidc.finish(cx, &b->idp, &req, &flows, &answer), cx, "finish");
    stop_if(sso_session_spend(cx, &b->idp, answer.once, answer.once_n, plan.made_by), cx, "spend");
    stop_if(sso_attrmap_apply(cx, b->set, answer.who, &profile), cx, "attributes");
    plan.who = answer.who;
    plan.profile = &profile;
    stop_if(sso_session_make(cx, &req, &plan, &reply), cx, "session");
}

static double accepted_per_second(sso_ctx_t *cx, bench_t *b, const login_t *login)
{
    apr_pool_t *outer = cx->pool;
    double began;
    int i;

    apr_pool_create(&cx->pool, outer);
    began = cpu_seconds();
    for (i = 0; i < LOGINS; i++) {
        finish(cx, b, &login[i]);
        apr_pool_clear(cx->pool);
    }
    cx->pool = outer;
    return LOGINS / (cpu_seconds() - began);
}

static double crypto_per_second(sso_ctx_t *cx, const bench_t *b, const char *token, double seconds)
{
    const char *dot = strrchr(token, '.');
    sso_span_t signature;
    double began;
    double n = 0;

    stop_if(
        sso_b64_decode(cx->pool, sso_span(dot + 1), SSO_B64_URL | SSO_B64_NOPAD, &signature, NULL),
        cx, "Base64");
    began = cpu_seconds();
    for (; cpu_seconds() - began < seconds; n++) {
        if (!floor_verifies(b->key, sso_span_of(token, (apr_size_t)(dot - token)), signature))
            exit(1);
    }
    return n / (cpu_seconds() - began);
}

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? atof(argv[1]) : 2;
    static login_t login[LOGINS];
    apr_pool_t *pool;
    sso_ctx_t cx;
    bench_t b = {.set = NULL};
    double accepted;
    int i;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS) return 1;
    cx = sso_ctx(pool, NOW);
    make_bench(&cx, &b);
    for (i = 0; i < LOGINS; i++)
        begin(&cx, &b, &login[i]);
    accepted = accepted_per_second(&cx, &b, login);
    printf("{\"accepted\": %.0f, \"crypto\": %.0f, \"bytes\": %d}\n", accepted,
           crypto_per_second(&cx, &b, login[0].token, seconds), (int)strlen(login[0].answer));
    return 0;
}
