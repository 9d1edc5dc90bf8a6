/*
 * hmac_bench.h - a provider, a site, a browser and the other side's pen, for tests of the signed-token handshake.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_HMAC_BENCH_H
#define SSO_TESTS_HMAC_BENCH_H

#include "base/codec.h"
#include "crypto/mac.h"
#include "hmac/hmac.h"
#include "hmac/hmac_message.h"
#include "unit.h"

#include <apr_strings.h>

#include <strings.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The vectors' secrets and token. */
#define SECRET     "mod_sso-test-secret-0123456789abcdef"
#define PREVIOUS   "older-secret-for-rotation-ABCDEFGHIJ"
#define TOKEN      "5f2c8b1e9d3a4c7081e6b0f4a2d9c357"
#define SECONDS(n) apr_time_from_sec(n)

/* The smallest acceptable answer. */
#define ANSWER_JSON       \
    "{\"token\":\"" TOKEN \
    "\",\"user_id\":\"42\",\"email\":\"ada@example.org\",\"name\":\"Ada Lovelace\"}"

typedef struct {
    sso_provider_settings_t set;
    sso_provider_t provider;
    sso_site_t site;
    sso_idp_t idp;
    sso_request_t req;
    apr_table_t *headers; /* of req */
    sso_flows_t flows;    /* one, begun 60 s ago with TOKEN */
    sso_hmac_peer_t peer; /* the same secrets, for making and verifying messages directly */
    char log[8192];       /* what was logged, a line each */
} bench_t;

static inline void bench_log(void *sink, int level, const char *file, int line, const char *text)
{
    bench_t *b = sink;

    (void)level, (void)file, (void)line;
    apr_cpystrn(b->log + strlen(b->log), text, sizeof(b->log) - strlen(b->log) - 1);
    strcat(b->log, "\n");
}

static inline const char *bench_header(const sso_request_t *req, const char *name)
{
    return apr_table_get(req->baton, name);
}

static inline void bench_add_secret(bench_t *b, const char *secret)
{
    APR_ARRAY_PUSH(b->set.hmac_secrets, sso_span_t) = sso_span(secret);
}

/* A provider that is not prepared yet, so that a test may change its settings. */
static inline bench_t *bench_bare(sso_ctx_t *cx)
{
    static const char *const params[] = {"token", "sig", "data"};
    bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));
    apr_size_t i;

    b->set.hmac_endpoint = "https://www.example.org/sso";
    b->set.hmac_secrets = apr_array_make(cx->pool, 2, sizeof(sso_span_t));
    b->set.hmac_params = apr_array_make(cx->pool, 3, sizeof(const char *));
    for (i = 0; i < COUNT(params); i++) {
        APR_ARRAY_PUSH(b->set.hmac_params, const char *) = params[i];
    }
    b->provider = (sso_provider_t){
        .name = "members", .protocol = &sso_hmac, .set = &b->set, .pool = cx->pool};
    b->site = (sso_site_t){.base_url = "https://forum.example.org", .path = "/.sso"};
    b->idp = (sso_idp_t){&b->provider, &b->site, "https://forum.example.org/.sso/members"};
    b->headers = apr_table_make(cx->pool, 4);
    b->req = (sso_request_t){.method = "GET",
                             .path = "/.sso/members/callback",
                             .https = 1,
                             .header = bench_header,
                             .baton = b->headers};
    b->flows.n = 1;
    b->flows.item[0] = (sso_flow_t){.id = "0badcafe",
                                    .provider = "members",
                                    .site = b->site.base_url,
                                    .request = TOKEN,
                                    .extra = "",
                                    .return_path = "/topic/7?page=2",
                                    .issued = cx->now - SECONDS(60)};
    cx->log = bench_log;
    cx->sink = b;
    cx->level = SSO_LOG_INFO;
    return b;
}

static inline void bench_prepare(sso_ctx_t *cx, bench_t *b)
{
    int i;

    assert_int_equal(sso_hmac.prepare(cx, &b->provider, &b->provider.state), APR_SUCCESS);
    b->peer = (sso_hmac_peer_t){.sig = b->set.hmac_sig,
                                .covers = b->set.hmac_signed,
                                .token_name = "token",
                                .sig_name = "sig",
                                .data_name = "data"};
    for (i = 0; i < b->set.hmac_secrets->nelts; i++) {
        sso_mac_key_t *key = NULL;

        assert_int_equal(
            sso_mac_prepare(cx, cx->pool, APR_ARRAY_IDX(b->set.hmac_secrets, i, sso_span_t), &key),
            APR_SUCCESS);
        b->peer.key[b->peer.keys++] = key;
    }
}

/* A prepared provider with one secret. */
static inline bench_t *bench_make(sso_ctx_t *cx)
{
    bench_t *b = bench_bare(cx);

    bench_add_secret(b, SECRET);
    bench_prepare(cx, b);
    return b;
}

/* What the site would sign with the secret: 64 hex digits. */
static inline const char *hmac_hex(sso_ctx_t *cx, const char *secret, sso_span_t text)
{
    sso_mac_key_t *key = NULL;
    unsigned char mac[SSO_MAC_BYTES];

    assert_int_equal(sso_mac_prepare(cx, cx->pool, sso_span(secret), &key), APR_SUCCESS);
    assert_int_equal(sso_mac_sign(cx, key, text, mac), APR_SUCCESS);
    return sso_hex_encode(cx->pool, sso_span_of(mac, sizeof(mac)));
}

static inline const char *signed_query(sso_ctx_t *cx, const char *wire, const char *text)
{
    return apr_pstrcat(cx->pool, "data=", wire, "&sig=", hmac_hex(cx, SECRET, sso_span(text)),
                       NULL);
}

/* The answer of a site that signs the Base64 text of this JSON. */
static inline const char *answer_to(sso_ctx_t *cx, sso_span_t json)
{
    const char *data = sso_b64_encode(cx->pool, json);

    return signed_query(cx, sso_percent_encode(cx->pool, sso_span(data)), data);
}

static inline const char *answer_of(sso_ctx_t *cx, const char *json)
{
    return answer_to(cx, sso_span(json));
}

/* How the callback ends: "ok", or the code of the fault. */
static inline const char *outcome(sso_ctx_t *cx, bench_t *b, const char *query, sso_answer_t *out)
{
    const char *code;

    sso_ctx_clear(cx);
    b->req.query = query;
    if (sso_hmac.finish(cx, &b->idp, &b->req, &b->flows, out) == APR_SUCCESS) return "ok";
    assert_int_not_equal(cx->err.fault, SSO_F_NONE);
    code = sso_error_code(cx);
    sso_ctx_clear(cx);
    return code;
}

#define assert_outcome(cx, b, query, wanted)                             \
    do {                                                                 \
        sso_answer_t got_ = {.who = NULL};                               \
        assert_string_equal(outcome((cx), (b), (query), &got_), wanted); \
        assert_int_equal(got_.who != NULL, !strcmp(wanted, "ok"));       \
    } while (0)

#endif /* SSO_TESTS_HMAC_BENCH_H */
