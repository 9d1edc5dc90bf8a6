/*
 * fuzz_oidc.c - what a provider says is believed only where an own look at it agrees.
 *
 * Input: one byte of how to read the rest:
 *   0 document  the rest is a discovery document
 *   1 claims    the rest is the payload of an ID token, signed rightly
 *   2 userinfo  the rest is the answer of the userinfo endpoint
 *   3 response  the rest is the query of a callback
 *   4 logout    the rest is the payload of a logout token, signed rightly
 *   5 tokens    the rest is the answer of the token endpoint
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "crypto/jws.h"
#include "fuzz_core.h"
#include "oidc/oidc_id_token.h"
#include "oidc/oidc_identity.h"
#include "oidc/oidc_jws.h"
#include "oidc/oidc_live.h"
#include "oidc/oidc_logout.h"
#include "oidc/oidc_response.h"
#include "oidc/oidc_token.h"
#include "oidc/oidc_userinfo.h"

#include <jansson.h>

#define ISSUER  "https://op.example"
#define CLIENT  "client-1"
#define NONCE   "0123456789abcdef0123456789abcdef"
#define STATE   "fedcba9876543210fedcba9876543210"
/* RFC 8037, appendix A. */
#define PUBLIC  "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define PRIVATE "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define KEYS    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" PUBLIC "\"}]}"

enum { DOCUMENT, CLAIMS, USERINFO, RESPONSE, LOGOUT, TOKENS, MODES };

/* The provider's addresses: the key set, and whatever the input says. */
static sso_span_t answer_body;

static apr_status_t exchange(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out)
{
    const int keys = !strcmp(req->url, ISSUER "/jwks");

    (void)client, (void)cx;
    *out = (sso_client_response_t){
        .status = 200, .type = "application/json", .body = keys ? sso_span(KEYS) : answer_body};
    return APR_SUCCESS;
}

static const sso_oidc_state_t *state_of(sso_ctx_t *cx)
{
    static const sso_client_t client = {exchange, NULL};
    static const sso_oidc_metadata_t meta = {.jwks = ISSUER "/jwks", .token = ISSUER "/token"};
    sso_oidc_state_t *st = apr_pcalloc(cx->pool, sizeof(*st));

    st->set = sso_settings_make(&sso_provider_table, cx->pool);
    st->name = "op";
    st->issuer = ISSUER;
    st->client_id = CLIENT;
    st->algs = ~0U;
    st->auth = SSO_OIDC_AUTH_NONE;
    st->keys = apr_array_make(cx->pool, 1, sizeof(const sso_key_pair_t *));
    st->fixed = &meta;
    st->client = &client;
    fuzz_demand(sso_oidc_live_prepare(cx, cx->pool, st) == APR_SUCCESS);
    return st;
}

static const char *sign(sso_ctx_t *cx, sso_span_t claims)
{
    const char *token = NULL;
    sso_span_t raw;
    sso_jws_signer_t signer = {.alg = sso_jws_alg(sso_span("EdDSA")), .typ = "JWT"};

    fuzz_demand(sso_b64_decode(cx->pool, sso_span(PRIVATE), SSO_B64_URL | SSO_B64_NOPAD, &raw, NULL)
                == 0);
    signer.key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)raw.p,
                                              raw.n);
    fuzz_demand(sso_jws_sign(cx, &signer, claims, &token) == 0);
    EVP_PKEY_free(signer.key);
    return token;
}

static int is(const json_t *object, const char *name, const char *value)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && !strcmp(text, value);
}

/* ---- the modes ---- */

static void read_document(sso_ctx_t *cx, sso_span_t text)
{
    sso_oidc_metadata_t meta = {.token = NULL};
    apr_status_t rv = sso_oidc_discovery_parse(cx, cx->pool, text, ISSUER, &meta);
    json_t *root;

    fuzz_demand((rv == APR_SUCCESS) == (meta.token != NULL));
    if (rv != APR_SUCCESS) return;
    root = json_loadb(text.p, text.n, 0, NULL);
    fuzz_demand(is(root, "issuer", ISSUER) && is(root, "token_endpoint", meta.token));
    fuzz_demand(!sso_oidc_address_check(cx->pool, meta.authorization));
    fuzz_demand(!sso_oidc_address_check(cx->pool, meta.token));
    fuzz_demand(!sso_oidc_address_check(cx->pool, meta.jwks));
    json_decref(root);
}

static void demand_identity(sso_ctx_t *cx, const sso_oidc_state_t *st, const json_t *claims,
                            const json_t *userinfo)
{
    const sso_identity_t *who = sso_oidc_identity(cx, st, claims, userinfo);
    int i;

    fuzz_demand(who->subject && *who->subject);
    for (i = 0; i < who->attributes->nelts; i++) {
        const sso_attribute_t *a = &APR_ARRAY_IDX(who->attributes, i, sso_attribute_t);

        fuzz_demand(a->values->nelts > 0 && strcmp(a->name, "nonce") != 0);
    }
}

/* The same as of a renewal: of this person, with the nonce or none. */
static void read_renewed(sso_ctx_t *cx, sso_span_t text)
{
    const sso_oidc_expected_t expected = {NONCE, "access", NULL, "42"};
    json_t *claims = NULL;
    apr_status_t rv = sso_oidc_id_token_check(cx, state_of(cx), sso_span(sign(cx, text)), &expected,
                                              &claims);

    sso_ctx_clear(cx);
    fuzz_demand((rv == APR_SUCCESS) == (claims != NULL));
    if (rv != APR_SUCCESS) return;
    fuzz_demand(is(claims, "iss", ISSUER) && is(claims, "sub", "42"));
    fuzz_demand(!json_object_get(claims, "nonce") || is(claims, "nonce", NONCE));
}

static void read_claims(sso_ctx_t *cx, sso_span_t text)
{
    const sso_oidc_expected_t expected = {NONCE, "access", "code", NULL};
    const sso_oidc_state_t *st = state_of(cx);
    json_t *claims = NULL;
    const json_t *aud;
    apr_status_t rv;

    read_renewed(cx, text);
    rv = sso_oidc_id_token_check(cx, st, sso_span(sign(cx, text)), &expected, &claims);
    fuzz_demand((rv == APR_SUCCESS) == (claims != NULL));
    if (rv != APR_SUCCESS) return;
    aud = json_object_get(claims, "aud");
    if (json_is_array(aud)) fuzz_demand(json_array_size(aud) == 1);
    if (json_is_array(aud)) aud = json_array_get(aud, 0);
    fuzz_demand(json_is_string(aud) && !strcmp(json_string_value(aud), CLIENT));
    fuzz_demand(is(claims, "iss", ISSUER) && is(claims, "nonce", NONCE));
    fuzz_demand(json_integer_value(json_object_get(claims, "exp")) + 60 > apr_time_sec(FUZZ_NOW));
    demand_identity(cx, st, claims, NULL);
}

static void read_userinfo(sso_ctx_t *cx, sso_span_t text)
{
    const sso_oidc_state_t *st = state_of(cx);
    json_t *claims = NULL;
    apr_status_t rv;

    answer_body = text;
    rv = sso_oidc_userinfo(cx, st, ISSUER "/me", "access", "42", &claims);
    fuzz_demand((rv == APR_SUCCESS) == (claims != NULL));
    if (rv != APR_SUCCESS) return;
    fuzz_demand(is(claims, "sub", "42"));
    demand_identity(cx, st, claims, claims);
}

static void read_response(sso_ctx_t *cx, sso_span_t text)
{
    sso_request_t req = {.method = "GET", .query = sso_span_text(cx->pool, text)};
    sso_flows_t *flows = apr_pcalloc(cx->pool, sizeof(*flows));
    sso_oidc_response_t out = {.flow = NULL};
    apr_status_t rv;

    flows->n = 1;
    flows->item[0] = (sso_flow_t){.request = STATE, .extra = ""};
    rv = sso_oidc_response_read(cx, &req, flows, &out);
    fuzz_demand((rv == APR_SUCCESS) == (out.flow != NULL));
    if (rv == APR_SUCCESS) fuzz_demand(strstr(req.query, "state=") != NULL);
}

static apr_status_t body_of(sso_request_t *req, sso_ctx_t *cx, apr_size_t max, sso_span_t *out)
{
    const sso_span_t body = sso_span(req->baton);

    (void)cx;
    if (body.n > max) return APR_ENOSPC;
    *out = body;
    return APR_SUCCESS;
}

static const char *form_type(const sso_request_t *req, const char *name)
{
    (void)req;
    return !strcmp(name, "Content-Type") ? "application/x-www-form-urlencoded" : NULL;
}

static void read_logout(sso_ctx_t *cx, sso_span_t text)
{
    const sso_oidc_state_t *st = state_of(cx);
    sso_request_t req = {.method = "POST", .header = form_type, .body = body_of};
    const sso_flows_t flows = {.n = 0};
    sso_notice_t notice = {.more = NULL};
    json_t *claims;
    apr_status_t rv;

    req.baton = apr_pstrcat(cx->pool, "logout_token=", sign(cx, text), NULL);
    rv = sso_oidc_logout_hear(cx, NULL, st, &req, SSO_OIDC_BACKCHANNEL, &flows, &notice);
    fuzz_demand((rv == APR_SUCCESS) == (notice.more != NULL));
    if (rv != APR_SUCCESS) return;
    claims = json_loadb(text.p, text.n, 0, NULL);
    fuzz_demand(is(claims, "iss", ISSUER) && !json_object_get(claims, "nonce"));
    fuzz_demand(json_object_size(json_object_get(claims, "events")) == 1);
    fuzz_demand(json_integer_value(json_object_get(claims, "exp")) + 60 > apr_time_sec(FUZZ_NOW));
    fuzz_demand(notice.ending.subject || notice.ending.sids);
    fuzz_demand(notice.once.label && notice.once.what.n > 0 && notice.once.until > FUZZ_NOW);
    json_decref(claims);
}

static void read_tokens(sso_ctx_t *cx, sso_span_t text)
{
    const sso_oidc_state_t *st = state_of(cx);
    const sso_idp_t idp = {.url = "https://www.example.org/.sso/op"};
    sso_oidc_tokens_t tokens = {.access_token = NULL};
    apr_status_t rv;
    json_t *root;

    answer_body = text;
    rv = sso_oidc_token_redeem(cx, &idp, st, st->fixed, "code", "verifier", &tokens);
    fuzz_demand((rv == APR_SUCCESS) == (tokens.access_token != NULL));
    if (rv != APR_SUCCESS) return;
    root = json_loadb(text.p, text.n, 0, NULL);
    fuzz_demand(is(root, "access_token", tokens.access_token) && *tokens.access_token);
    fuzz_demand(is(root, "id_token", tokens.id_token) && !json_object_get(root, "error"));
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const mode[MODES])(sso_ctx_t *, sso_span_t) = {
        read_document, read_claims, read_userinfo, read_response, read_logout, read_tokens};
    sso_ctx_t cx = sso_ctx(fuzz_pool(), FUZZ_NOW);

    if (size) mode[data[0] % MODES](&cx, sso_span_of(data + 1, size - 1));
    apr_pool_clear(cx.pool);
    return 0;
}
