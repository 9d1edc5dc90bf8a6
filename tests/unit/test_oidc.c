/*
 * test_oidc.c - a login by OpenID Connect against a provider that is a few texts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "crypto/jwk.h"
#include "crypto/jws.h"
#include "lines.h"
#include "oidc/oidc.h"
#include "oidc/oidc_jwk.h"
#include "oidc/oidc_jws.h"
#include "oidc/oidc_live.h"
#include "oidc/oidc_publish.h"
#include "oidc/oidc_state.h"
#include "scratch.h"

#include <strings.h>

#define ISSUER  "https://op.example"
#define CLIENT  "client-1"
/* RFC 8037, appendix A. */
#define PUBLIC  "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define PRIVATE "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define JWK     "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\",\"x\":\"" PUBLIC "\"}"

#define DISCOVERY                                                                        \
    "{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"" ISSUER                    \
    "/auth?tenant=1\",\"token_endpoint\":\"" ISSUER "/token\",\"jwks_uri\":\"" ISSUER    \
    "/jwks\",\"userinfo_endpoint\":\"" ISSUER "/me\",\"end_session_endpoint\":\"" ISSUER \
    "/out\",\"authorization_response_iss_parameter_supported\":true}"

/* One address of the provider: what it answers, or how asking it fails. */
typedef struct {
    const char *path;
    int status;
    const char *type;
    const char *body;
    sso_fault_t fault;
    int asked;
} place_t;

enum { OF_DISCOVERY, OF_JWKS, OF_TOKEN, OF_USERINFO, OF_PAR, PLACES };

typedef struct {
    sso_provider_settings_t *set;
    sso_provider_t provider;
    sso_site_t site;
    sso_idp_t idp;
    sso_client_t client;
    place_t place[PLACES];
    sso_client_request_t last; /* the last request to the token or PAR endpoint */
    const char *form;          /* and its body */
    sso_request_t req;
    sso_flows_t flows;
    EVP_PKEY *key;
    char log[8192];
} bench_t;

static void note(void *sink, int level, const char *file, int line, const char *text)
{
    bench_t *b = sink;

    (void)level, (void)file, (void)line;
    apr_cpystrn(b->log + strlen(b->log), text, sizeof(b->log) - strlen(b->log));
}

static apr_status_t exchange(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out)
{
    bench_t *b = client->state;
    int i;

    assert_true(req->timeout > 0 && req->timeout <= APR_TIME_C(5000000)); /* R26 */
    assert_int_equal(req->redirects, 0);
    for (i = 0; i < PLACES; i++) {
        place_t *at = &b->place[i];

        if (strcmp(req->url, apr_pstrcat(cx->pool, ISSUER, at->path, NULL)) != 0) continue;
        at->asked++;
        if (i == OF_TOKEN || i == OF_PAR) {
            b->last = *req;
            b->form = sso_span_text(cx->pool, req->body);
        }
        if (at->fault) return sso_fail(cx, at->fault, "the bench wants it so");
        *out = (sso_client_response_t){
            .status = at->status, .type = at->type, .body = sso_span(at->body)};
        return APR_SUCCESS;
    }
    fail_msg("nobody asks %s", req->url);
    return APR_EGENERAL;
}

static const char *no_header(const sso_request_t *req, const char *name)
{
    (void)req, (void)name;
    return NULL;
}

static void setting(sso_ctx_t *cx, bench_t *b, const char *line)
{
    char *rest = apr_pstrdup(cx->pool, line);
    char *name = apr_strtok(rest, " ", &rest);
    int row = sso_settings_find(&sso_provider_table, name);
    const char *why = line_read(cx, &sso_provider_table, b->set, row, rest);

    if (why) fail_msg("%s: %s", name, why);
}

static bench_t *bench_bare(sso_ctx_t *cx)
{
    static const place_t places[PLACES] = {
        {"/.well-known/openid-configuration", 200, "application/json", DISCOVERY, SSO_F_NONE, 0},
        {"/jwks", 200, "application/jwk-set+json", "{\"keys\":[" JWK "]}", SSO_F_NONE, 0},
        {"/token", 200, "application/json", "{}", SSO_F_NONE, 0},
        {"/me", 200, "application/json", "{\"sub\":\"42\",\"name\":\"Ada\"}", SSO_F_NONE, 0},
        {"/par", 201, "application/json", "{\"request_uri\":\"urn:x:1\"}", SSO_F_NONE, 0},
    };
    bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));
    sso_span_t raw;

    b->set = sso_settings_make(&sso_provider_table, cx->pool);
    memcpy(b->place, places, sizeof(places));
    b->provider = (sso_provider_t){
        .name = "op", .protocol = &sso_oidc, .set = b->set, .pool = cx->pool, .root = "/"};
    b->site = (sso_site_t){.base_url = "https://www.example.org", .path = "/.sso"};
    b->idp = (sso_idp_t){&b->provider, &b->site, "https://www.example.org/.sso/op"};
    b->client = (sso_client_t){exchange, b};
    b->req = (sso_request_t){
        .method = "GET", .path = "/.sso/op/callback", .https = 1, .header = no_header};
    assert_int_equal(
        sso_b64_decode(cx->pool, sso_span(PRIVATE), SSO_B64_URL | SSO_B64_NOPAD, &raw, NULL), 0);
    b->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)raw.p,
                                          raw.n);
    setting(cx, b, "SSOOidcIssuer " ISSUER);
    cx->log = note;
    cx->sink = b;
    cx->level = SSO_LOG_INFO;
    return b;
}

static void prepare(sso_ctx_t *cx, bench_t *b)
{
    assert_int_equal(sso_oidc.prepare(cx, &b->provider, &b->provider.state), APR_SUCCESS);
    ((sso_oidc_state_t *)b->provider.state)->client = &b->client;
}

static bench_t *bench(sso_ctx_t *cx)
{
    bench_t *b = bench_bare(cx);

    setting(cx, b, "SSOOidcClient " CLIENT);
    prepare(cx, b);
    return b;
}

static int drop(bench_t *b)
{
    EVP_PKEY_free(b->key);
    return 0;
}

/* The value of a parameter of a query or form, decoded; NULL: there is none. */
static const char *param(sso_ctx_t *cx, const char *query, const char *name)
{
    sso_params_t params;
    sso_span_t value;

    assert_int_equal(sso_params_parse(cx, sso_span(query), 0, &params), APR_SUCCESS);
    if (sso_params_get(cx, &params, name, &value) != APR_SUCCESS) return NULL;
    return sso_span_text(cx->pool, value);
}

/* Begin a login; the query of the authorization request. */
static const char *begin(sso_ctx_t *cx, bench_t *b)
{
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_flow_t flow = {.id = "0badcafe",
                       .provider = "op",
                       .site = b->site.base_url,
                       .request = "",
                       .extra = "",
                       .return_path = "/x",
                       .issued = cx->now};

    assert_int_equal(sso_oidc.start(cx, &b->idp, &flow, &reply), APR_SUCCESS);
    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    b->flows.n = 1;
    b->flows.item[0] = flow;
    return strchr(reply.location, '?') + 1;
}

static const char *signed_token(sso_ctx_t *cx, bench_t *b, const char *claims)
{
    const char *token = NULL;
    const sso_jws_signer_t signer = {sso_jws_alg(sso_span("EdDSA")), b->key, "k1", "JWT"};

    assert_int_equal(sso_jws_sign(cx, &signer, sso_span(claims), &token), APR_SUCCESS);
    return token;
}

/* An ID token for the login under way; more: members that stand in front, and may be repeated. */
static void answer_with(sso_ctx_t *cx, bench_t *b, const char *claims)
{
    b->place[OF_TOKEN].body = apr_psprintf(
        cx->pool, "{\"access_token\":\"at\",\"token_type\":\"Bearer\",\"id_token\":\"%s\"}",
        signed_token(cx, b, claims));
}

static const char *good_claims(sso_ctx_t *cx, bench_t *b, const char *more)
{
    const apr_int64_t now = apr_time_sec(cx->now);

    return apr_psprintf(cx->pool,
                        "{%s\"iss\":\"" ISSUER "\",\"sub\":\"42\",\"aud\":\"" CLIENT
                        "\",\"exp\":%" APR_INT64_T_FMT ",\"iat\":%" APR_INT64_T_FMT
                        ",\"nonce\":\"%.32s\"}",
                        more, now + 300, now, b->flows.item[0].extra);
}

/* The callback: "ok" or the code of the fault. */
static const char *outcome(sso_ctx_t *cx, bench_t *b, sso_answer_t *out)
{
    const char *code;
    apr_status_t rv;

    sso_ctx_clear(cx);
    b->req.query = apr_pstrcat(
        cx->pool, "code=c0de&iss=https%3A%2F%2Fop.example&state=", b->flows.item[0].request, NULL);
    rv = sso_oidc.open(cx, &b->idp, &b->req, &b->flows, out);
    if (rv == APR_SUCCESS) rv = sso_oidc.finish(cx, &b->idp, &b->req, &b->flows, out);
    assert_int_equal(rv == APR_SUCCESS, cx->err.fault == SSO_F_NONE);
    assert_int_equal(rv == APR_SUCCESS, out->who != NULL);
    if (rv == APR_SUCCESS) return "ok";
    code = sso_error_code(cx);
    sso_ctx_clear(cx);
    return code;
}

#define assert_outcome(cx, b, wanted)                             \
    do {                                                          \
        sso_answer_t got_ = {.who = NULL};                        \
        assert_string_equal(outcome((cx), (b), &got_), (wanted)); \
    } while (0)

/* ---- the request ---- */

static void the_request(void **state) /* R4 */
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    const char *query = begin(cx, b);

    assert_string_equal(param(cx, query, "tenant"), "1"); /* the endpoint's own query stays */
    assert_string_equal(param(cx, query, "response_type"), "code");
    assert_string_equal(param(cx, query, "client_id"), CLIENT);
    assert_string_equal(param(cx, query, "redirect_uri"),
                        "https://www.example.org/.sso/op/callback");
    assert_string_equal(param(cx, query, "scope"), "openid profile email");
    assert_string_equal(param(cx, query, "state"), b->flows.item[0].request);
    assert_int_equal(strncmp(b->flows.item[0].extra, param(cx, query, "nonce"), 32), 0);
    assert_string_equal(param(cx, query, "code_challenge_method"), "S256");
    assert_null(param(cx, query, "response_mode"));
    assert_null(param(cx, query, "max_age"));
    drop(b);
}

static void wishes(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_bare(cx);
    const char *query;

    setting(cx, b, "SSOOidcClient " CLIENT);
    setting(cx, b, "SSOOidcScope groups");
    setting(cx, b, "SSOOidcResponseMode form_post");
    setting(cx, b, "SSOOidcMaxAge 0s");
    setting(cx, b, "SSOOidcAcr mfa pwd");
    prepare(cx, b);
    query = begin(cx, b);
    assert_string_equal(param(cx, query, "scope"), "openid groups");
    assert_string_equal(param(cx, query, "response_mode"), "form_post");
    assert_string_equal(param(cx, query, "max_age"), "0");
    assert_string_equal(param(cx, query, "acr_values"), "mfa pwd");
    drop(b);
}

static void a_pushed_request(void **state) /* RFC 9126 */
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_flow_t flow = {.request = "", .extra = "", .issued = cx->now};
    const char *query;

    b->place[OF_DISCOVERY].body = apr_pstrcat(cx->pool,
                                              "{\"require_pushed_authorization_requests\":true,"
                                              "\"pushed_authorization_request_endpoint\":\"" ISSUER
                                              "/par\",",
                                              &DISCOVERY[1], NULL);
    query = begin(cx, b);
    assert_string_equal(param(cx, query, "request_uri"), "urn:x:1");
    assert_string_equal(param(cx, query, "client_id"), CLIENT);
    assert_null(param(cx, query, "state"));
    assert_string_equal(param(cx, b->form, "state"), b->flows.item[0].request);
    assert_non_null(param(cx, b->form, "code_challenge"));

    b->place[OF_PAR].status = 400;
    b->place[OF_PAR].body = "{\"error\":\"invalid_client\"}";
    assert_int_not_equal(sso_oidc.start(cx, &b->idp, &flow, &reply), APR_SUCCESS);
    assert_fault(cx, OIDC_CLIENT);
    drop(b);
}

/* ---- asking again: R11 ---- */

static const sso_grant_t held_grant = {.refresh = "rt-1", .access = "", .nonce = "n0nce"};

static bench_t *bench_refreshing(sso_ctx_t *cx, const char *lines[])
{
    bench_t *b = bench_bare(cx);
    int i;

    setting(cx, b, "SSOOidcClient " CLIENT);
    setting(cx, b, "SSOOidcRefresh 10m unconfirmed=1h");
    for (i = 0; lines && lines[i]; i++)
        setting(cx, b, lines[i]);
    prepare(cx, b);
    return b;
}

/* The claims of a renewed ID token; more: members that stand in front of those of a good one. */
static const char *renewed_claims(sso_ctx_t *cx, const char *more, const char *iss, const char *sub,
                                  const char *aud, apr_int64_t exp)
{
    return apr_psprintf(cx->pool,
                        "{%s\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"exp\":%" APR_INT64_T_FMT
                        ",\"iat\":%" APR_INT64_T_FMT "}",
                        more, iss, sub, aud, apr_time_sec(cx->now) + exp, apr_time_sec(cx->now));
}

/* "ok" or the code of the fault. */
static const char *renew(sso_ctx_t *cx, bench_t *b, const char *claims, const char *more,
                         sso_renewed_t *out)
{
    const sso_renewal_t held = {ISSUER, "42", &held_grant};
    const char *code;
    apr_status_t rv;

    b->place[OF_TOKEN].body = apr_psprintf(
        cx->pool, "{\"access_token\":\"at\",\"token_type\":\"Bearer\"%s%s%s%s}", more,
        claims ? ",\"id_token\":\"" : "", claims ? signed_token(cx, b, claims) : "",
        claims ? "\"" : "");
    sso_ctx_clear(cx);
    rv = sso_oidc.renew(cx, &b->idp, &held, out);
    assert_int_equal(rv == APR_SUCCESS, cx->err.fault == SSO_F_NONE);
    code = rv == APR_SUCCESS ? "ok" : sso_error_code(cx);
    sso_ctx_clear(cx);
    return code;
}

static void a_renewal(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_refreshing(cx, NULL);
    sso_renewed_t out;

    assert_true(sso_oidc.renews(&b->provider));
    assert_string_equal(renew(cx, b, renewed_claims(cx, "", ISSUER, "42", CLIENT, 300),
                              ",\"refresh_token\":\"rt-2\"", &out),
                        "ok");
    assert_string_equal(param(cx, b->form, "grant_type"), "refresh_token");
    assert_string_equal(param(cx, b->form, "refresh_token"), "rt-1");
    assert_null(param(cx, b->form, "code"));
    assert_true(b->last.once);
    assert_string_equal(out.grant->refresh, "rt-2");
    assert_string_equal(out.grant->access, "");
    assert_string_equal(out.grant->nonce, "n0nce");
    assert_true(out.grant->due == cx->now + APR_TIME_C(600000000));
    assert_true(out.confirm == APR_TIME_C(3600000000));
    assert_string_equal(out.who->subject, "42");
    assert_non_null(sso_identity_find(out.who, "name")); /* of userinfo */
    drop(b);
}

static void a_refresh_token_that_stays(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_refreshing(cx, NULL);
    sso_renewed_t out;

    assert_string_equal(renew(cx, b, NULL, "", &out), "ok");
    assert_string_equal(out.grant->refresh, "rt-1");
    assert_string_equal(out.who->subject, "42");
    drop(b);
}

static void renewals_that_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    static const struct {
        const char *more, *iss, *sub, *aud;
        int exp;
        const char *wanted;
    } row[] = {
        {"", ISSUER, "42", CLIENT, 300, "ok"},
        {"\"nonce\":\"n0nce\",", ISSUER, "42", CLIENT, 300, "ok"},
        {"\"nonce\":\"n0ncf\",", ISSUER, "42", CLIENT, 300, "oidc_nonce"},
        {"\"at_hash\":\"AAAA\",", ISSUER, "42", CLIENT, 300, "oidc_hash:at_hash"},
        {"", "https://op.example/", "42", CLIENT, 300, "oidc_issuer:token"},
        {"", ISSUER, "43", CLIENT, 300, "oidc_subject"},
        {"", ISSUER, "", CLIENT, 300, "oidc_claim:sub"},
        {"", ISSUER, "42", "client-2", 300, "oidc_audience:aud"},
        {"", ISSUER, "42", CLIENT, -61, "oidc_time:exp"},
        {"\"nbf\":4000000000,", ISSUER, "42", CLIENT, 300, "oidc_time:nbf"},
    };
    size_t i;

    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        bench_t *b = bench_refreshing(cx, NULL);
        const int good = !strcmp(row[i].wanted, "ok");
        sso_renewed_t out;

        assert_string_equal(
            renew(cx, b,
                  renewed_claims(cx, row[i].more, row[i].iss, row[i].sub, row[i].aud, row[i].exp),
                  "", &out),
            row[i].wanted);
        assert_int_equal(b->place[OF_USERINFO].asked, good);
        assert_int_equal(out.grant != NULL, good);
        assert_int_equal(out.who != NULL, good);
        assert_false(out.unused || out.revoked);
        drop(b);
    }
}

static void a_session_of_another_issuer(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_refreshing(cx, NULL);
    const sso_renewal_t held = {"https://former.example", "42", &held_grant};
    sso_renewed_t out;

    assert_int_not_equal(sso_oidc.renew(cx, &b->idp, &held, &out), APR_SUCCESS);
    assert_fault(cx, OIDC_ISSUER);
    assert_int_equal(b->place[OF_TOKEN].asked, 0);
    assert_true(out.unused && !out.revoked);
    drop(b);
}

static void what_a_failure_means(void **state)
{
    sso_ctx_t *cx = *state;
    static const struct {
        int status;
        const char *body;
        sso_fault_t fault;
        int unused, revoked;
    } row[] = {
        {400, "{\"error\":\"invalid_grant\"}", SSO_F_NONE, 1, 1},
        {401, "{\"error\":\"invalid_client\"}", SSO_F_NONE, 1, 0},
        {503, "{\"error\":\"temporarily_unavailable\"}", SSO_F_NONE, 1, 0},
        {200, "{\"error\":\"invalid_grant\"}", SSO_F_NONE, 1, 1},
        {200, "{\"token_type\":\"Bearer\"}", SSO_F_NONE, 0, 0},
        {200, "no JSON", SSO_F_NONE, 0, 0},
        {200, "", SSO_F_NET_CONNECT, 1, 0},
        {200, "", SSO_F_NET_TLS, 1, 0},
        {200, "", SSO_F_NET_TIMEOUT, 0, 0},
        {200, "", SSO_F_NET_BROKEN, 0, 0},
    };
    const sso_renewal_t held = {ISSUER, "42", &held_grant};
    size_t i;
    int ends;

    for (i = 0; i < 2 * sizeof(row) / sizeof(row[0]); i++) {
        const char *keep[] = {"SSOOidcRefresh revoked=keep", NULL};
        bench_t *b = bench_refreshing(cx, i % 2 ? keep : NULL);
        sso_renewed_t out;

        b->place[OF_TOKEN].status = row[i / 2].status;
        b->place[OF_TOKEN].body = row[i / 2].body;
        b->place[OF_TOKEN].fault = row[i / 2].fault;
        assert_int_not_equal(sso_oidc.renew(cx, &b->idp, &held, &out), APR_SUCCESS);
        sso_ctx_clear(cx);
        ends = row[i / 2].revoked && i % 2 == 0;
        assert_int_equal(out.unused, row[i / 2].unused);
        assert_int_equal(out.revoked, row[i / 2].revoked);
        assert_int_equal(out.ends, ends);
        assert_true(!out.grant && !out.who);
        drop(b);
    }
}

/* What comes before the answer is known to be good is not lost, what comes behind it is not needed. */
static void userinfo_that_fails(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_refreshing(cx, NULL);
    sso_renewed_t out;

    b->place[OF_USERINFO].body = "{\"sub\":\"43\"}";
    assert_string_equal(renew(cx, b, renewed_claims(cx, "", ISSUER, "42", CLIENT, 300),
                              ",\"refresh_token\":\"rt-2\"", &out),
                        "oidc_subject");
    assert_string_equal(out.grant->refresh, "rt-2");
    assert_null(out.who);
    drop(b);
}

static void when_to_ask_again(void **state)
{
    sso_ctx_t *cx = *state;
    static const struct {
        const char *said;
        int wanted; /* seconds */
    } row[] = {
        {"", 600},
        {",\"expires_in\":300", 200},
        {",\"expires_in\":3600", 600},
        {",\"expires_in\":1", 1},
        {",\"expires_in\":-5", 600},
        {",\"expires_in\":1e300", 600},
        {",\"expires_in\":9007199254740993", 600},
        {",\"expires_in\":\"300\"", 600},
    };
    const char *lines[] = {"SSOOidcAccessToken on", NULL};
    size_t i;

    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        bench_t *b = bench_refreshing(cx, lines);
        sso_renewed_t out;

        assert_string_equal(renew(cx, b, NULL, row[i].said, &out), "ok");
        assert_string_equal(out.grant->access, "at");
        assert_true(out.grant->due == cx->now + apr_time_from_sec(row[i].wanted));
        drop(b);
    }
}

static void nothing_is_kept_by_default(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    sso_answer_t answer = {.who = NULL};

    assert_false(sso_oidc.renews(&b->provider));
    begin(cx, b);
    answer_with(cx, b, good_claims(cx, b, ""));
    b->place[OF_TOKEN].body = apr_pstrcat(cx->pool, "{\"refresh_token\":\"rt-1\",",
                                          b->place[OF_TOKEN].body + 1, NULL);
    assert_string_equal(outcome(cx, b, &answer), "ok");
    assert_null(answer.who->grant);
    assert_true(answer.who->confirm == 0);
    drop(b);
}

/* ---- the answer ---- */

static void a_login(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    sso_answer_t answer = {.who = NULL};
    const sso_attribute_t *a;

    begin(cx, b);
    answer_with(cx, b,
                good_claims(cx, b,
                            "\"sid\":\"s1\",\"acr\":\"mfa\",\"auth_time\":1795460000,"
                            "\"groups\":[\"a\",\"b\",3,true,null],\"x\":{\"y\":{\"z\":\"deep\"}},"
                            "\"name\":\"of the token\","));
    assert_string_equal(outcome(cx, b, &answer), "ok");
    assert_string_equal(answer.who->issuer, ISSUER);
    assert_string_equal(answer.who->subject, "42");
    assert_string_equal(answer.who->sid, "s1");
    assert_string_equal(answer.who->acr, "mfa");
    assert_int_equal(answer.who->auth_time, apr_time_from_sec(1795460000));
    a = sso_identity_find(answer.who, "name"); /* userinfo counts first */
    assert_string_equal(APR_ARRAY_IDX(a->values, 0, const char *), "Ada");
    assert_int_equal(a->values->nelts, 1);
    a = sso_identity_find(answer.who, "groups");
    assert_int_equal(a->values->nelts, 4);
    assert_string_equal(APR_ARRAY_IDX(a->values, 2, const char *), "3");
    assert_non_null(sso_identity_find(answer.who, "x.y.z"));
    assert_null(sso_identity_find(answer.who, "nonce"));
    assert_ptr_equal(answer.flow, &b->flows.item[0]);
    assert_int_equal(answer.once_n, 1);
    assert_true(sso_span_is(answer.once[0].what, b->flows.item[0].request));

    assert_string_equal(param(cx, b->form, "grant_type"), "authorization_code");
    assert_string_equal(param(cx, b->form, "code"), "c0de");
    assert_string_equal(param(cx, b->form, "client_id"), CLIENT); /* a public client */
    assert_string_equal(param(cx, b->form, "code_verifier"), b->flows.item[0].extra + 32);
    drop(b);
}

static void claims(void **state) /* R8, R9; Core, section 3.1.3.7 */
{
    static const struct {
        const char *claims; /* %N: the nonce, %T: now, %M: in five minutes */
        const char *code;
    } table[] = {
        {"{\"iss\":\"" ISSUER
         "\",\"sub\":\"42\",\"aud\":\"client-1\",\"exp\":%M,\"iat\":%T,\"nonce\":\"%N\"}",
         "ok"},
        {"[]", "oidc_claim:json"},
        {"{\"iss\":1,\"iss\":2}", "oidc_claim:json"},
        {"{}", "oidc_issuer:token"},
        {"{\"iss\":7}", "oidc_claim:iss"},
        {"{\"iss\":\"" ISSUER "/\"}", "oidc_issuer:token"},
        {"{\"iss\":\"" ISSUER "\"}", "oidc_audience:aud"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":7}", "oidc_audience:aud"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":[]}", "oidc_audience:aud"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":[[\"client-1\"]]}", "oidc_audience:aud"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"CLIENT-1\"}", "oidc_audience:aud"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"client-1\",\"azp\":7}", "oidc_audience:azp"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":[\"client-1\",\"client-1\"]}", "oidc_audience:azp"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"client-1\"}", "oidc_claim:sub"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"client-1\",\"sub\":\"a\\nb\"}", "oidc_claim:sub"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"client-1\",\"sub\":\"42\"}", "oidc_claim:exp"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M.5}",
         "oidc_claim:exp"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":1}", "oidc_time:exp"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M}",
         "oidc_claim:iat"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M,\"iat\":1}",
         "oidc_time:iat"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M,\"iat\":%M}",
         "oidc_time:iat"},
        {"{\"iss\":\"" ISSUER
         "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M,\"iat\":%T,\"nbf\":%M}",
         "oidc_time:nbf"},
        {"{\"iss\":\"" ISSUER
         "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M,\"iat\":%T,\"nbf\":\"x\"}",
         "oidc_claim:nbf"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M,\"iat\":%T}",
         "oidc_claim:nonce"},
        {"{\"iss\":\"" ISSUER
         "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M,\"iat\":%T,\"nonce\":7}",
         "oidc_claim:nonce"},
        {"{\"iss\":\"" ISSUER
         "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M,\"iat\":%T,\"nonce\":\"\"}",
         "oidc_nonce"},
        {"{\"iss\":\"" ISSUER
         "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M,\"iat\":%T,\"nonce\":\"%N\",\"at_hash\":\"x\"}",
         "oidc_hash:at_hash"},
        {"{\"iss\":\"" ISSUER
         "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M,\"iat\":%T,\"nonce\":\"%N\",\"c_hash\":\"\"}",
         "oidc_hash:c_hash"},
        {"{\"iss\":\"" ISSUER
         "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M,\"iat\":%T,\"nonce\":\"%N\",\"auth_time\":\"x\"}",
         "oidc_claim:auth_time"},
        {"{\"iss\":\"" ISSUER
         "\",\"aud\":\"client-1\",\"sub\":\"42\",\"exp\":%M,\"iat\":%T,\"nonce\":\"%N\",\"acr\":1}",
         "oidc_claim:acr"},
        {"{\"iss\":\"" ISSUER
         "\",\"aud\":\"client-1\",\"sub\":\"43\",\"exp\":%M,\"iat\":%T,\"nonce\":\"%N\"}",
         "oidc_subject"},
    };
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(table); i++) {
        sso_buf_t text = sso_buf_make(cx->pool, 512, 8192);
        const char *c;

        begin(cx, b);
        for (c = table[i].claims; *c; c++) {
            if (*c != '%') {
                sso_buf_char(&text, *c);
            } else if (*++c == 'N') {
                sso_buf_add(&text, b->flows.item[0].extra, 32);
            } else {
                sso_buf_format(&text, "%" APR_INT64_T_FMT,
                               apr_time_sec(cx->now) + (*c == 'M' ? 300 : 0));
            }
        }
        answer_with(cx, b, text.p);
        print_message("%s\n", table[i].claims);
        assert_outcome(cx, b, table[i].code);
    }
    drop(b);
}

static void at_hash_and_c_hash(void **state) /* Core 3.1.3.6: SHA-512 with Ed25519 */
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    unsigned char digest[64];
    const char *at;

    EVP_Q_digest(NULL, "SHA512", NULL, "at", 2, digest, NULL);
    at = apr_pstrdup(cx->pool, sso_b64url_encode(cx->pool, sso_span_of(digest, 32)));
    EVP_Q_digest(NULL, "SHA512", NULL, "c0de", 4, digest, NULL);
    begin(cx, b);
    answer_with(cx, b,
                good_claims(cx, b,
                            apr_psprintf(cx->pool, "\"at_hash\":\"%s\",\"c_hash\":\"%s\",", at,
                                         sso_b64url_encode(cx->pool, sso_span_of(digest, 32)))));
    assert_outcome(cx, b, "ok");
    drop(b);
}

static void token_answers(void **state) /* R27 */
{
    static const struct {
        int status;
        const char *type, *body, *code;
    } table[] = {
        {200, "application/json", "", "oidc_answer:json"},
        {200, "text/html", "<html>", "oidc_answer:type"},
        {200, NULL, "{}", "oidc_answer:type"},
        {500, "text/html", "<html>", "oidc_answer:type"},
        {200, "application/json", "{}", "oidc_answer:token_type"},
        {200, "application/json",
         "{\"token_type\":\"DPoP\",\"access_token\":\"a\",\"id_token\":\"b\"}",
         "oidc_answer:token_type"},
        {200, "application/json", "{\"token_type\":\"Bearer\",\"access_token\":\"\"}",
         "oidc_answer:access_token"},
        {200, "application/json",
         "{\"token_type\":\"Bearer\",\"access_token\":\"a\",\"id_token\":[]}",
         "oidc_answer:id_token"},
        {200, "application/json",
         "{\"token_type\":\"Bearer\",\"access_token\":\"a\",\"id_token\":\"b\"}", "jwt_form:parts"},
        {200, "application/json", "{\"error\":\"x\"}", "oidc_answer:error"},
        {400, "application/json", "{\"error\":\"invalid_grant\"}", "oidc_code"},
        {401, "application/json", "{\"error\":\"invalid_client\"}", "oidc_client"},
        {400, "application/json", "{\"error\":\"unauthorized_client\"}", "oidc_client"},
        {400, "application/json", "{\"error\":7}", "oidc_answer:error"},
        {400, "application/json", "{}", "oidc_answer:error"},
    };
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(table); i++) {
        begin(cx, b);
        b->place[OF_TOKEN].status = table[i].status;
        b->place[OF_TOKEN].type = table[i].type;
        b->place[OF_TOKEN].body = table[i].body;
        assert_outcome(cx, b, table[i].code);
        assert_int_equal(b->place[OF_TOKEN].asked, (int)i + 1); /* the code is sent once */
        assert_int_equal(b->place[OF_USERINFO].asked, 0);
    }
    drop(b);
}

static void userinfo_answers(void **state)
{
    static const struct {
        int status;
        const char *type, *body, *code;
    } table[] = {
        {200, "application/json", "{\"sub\":\"42\"}", "ok"},
        {200, "application/json", "[]", "oidc_userinfo:json"},
        {200, "application/json", "{\"sub\":\"42\",\"sub\":\"42\"}", "oidc_userinfo:json"},
        {200, "application/json", "{}", "oidc_claim:sub"},
        {200, "application/json", "{\"sub\":42}", "oidc_claim:sub"},
        {200, "application/json", "{\"sub\":\"43\"}", "oidc_subject"},
        {200, "application/jwt", "{\"sub\":\"42\"}", "jwt_form:parts"},
        {200, "text/html", "<html>", "net_type"},
        {401, "application/json", "{\"error\":\"invalid_token\"}", "net_status"},
    };
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(table); i++) {
        begin(cx, b);
        answer_with(cx, b, good_claims(cx, b, ""));
        b->place[OF_USERINFO].status = table[i].status;
        b->place[OF_USERINFO].type = table[i].type;
        b->place[OF_USERINFO].body = table[i].body;
        assert_outcome(cx, b, table[i].code);
    }
    drop(b);
}

static void a_client_with_a_secret(void **state) /* RFC 6749, section 2.3.1 */
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_bare(cx);

    assert_int_equal(setenv("SSO_TEST_SECRET", "a b:%/+", 1), 0);
    setting(cx, b, "SSOOidcClient a:b env:SSO_TEST_SECRET");
    prepare(cx, b);
    begin(cx, b);
    assert_outcome(cx, b, "oidc_answer:token_type");
    assert_string_equal(b->last.user, "a%3Ab");
    assert_string_equal(b->last.password, "a%20b%3A%25%2F%2B");
    assert_null(param(cx, b->form, "client_secret"));
    drop(b);
}

/* RFC 8705: key and certificate go to TLS, and no secret goes along. */
static void a_client_with_a_certificate(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_bare(cx);
    const char *file = apr_pstrcat(cx->pool, scratch_dir(cx), "/both.pem", NULL);
    sso_key_pair_t *pair;

    assert_int_equal(sso_key_own(cx, cx->pool, file, "rp.example", 1, &pair), APR_SUCCESS);
    setting(cx, b, "SSOOidcClient " CLIENT);
    setting(cx, b, "SSOOidcClientAuth tls_client_auth");
    setting(cx, b, apr_pstrcat(cx->pool, "SSOOidcKey ", file, NULL));
    prepare(cx, b);
    begin(cx, b);
    assert_outcome(cx, b, "oidc_answer:token_type");
    assert_non_null(strstr(b->last.cert_pem.p, "BEGIN CERTIFICATE"));
    assert_non_null(strstr(b->last.key_pem.p, "PRIVATE KEY"));
    assert_string_equal(param(cx, b->form, "client_id"), CLIENT);
    assert_null(param(cx, b->form, "client_assertion"));
    drop(b);
}

/* Core, section 9: signed by us, for the token endpoint, for a minute. */
static void a_client_that_signs(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_bare(cx);
    const char *file = apr_pstrcat(cx->pool, scratch_dir(cx), "/both.pem", NULL);
    sso_key_pair_t *pair;
    sso_jwks_t *keys;
    sso_span_t text;
    sso_jws_t jws;

    assert_int_equal(sso_key_own(cx, cx->pool, file, "rp.example", 1, &pair), APR_SUCCESS);
    setting(cx, b, "SSOOidcClient " CLIENT);
    setting(cx, b, apr_pstrcat(cx->pool, "SSOOidcKey ", file, NULL));
    prepare(cx, b);
    begin(cx, b);
    assert_outcome(cx, b, "oidc_answer:token_type");
    assert_int_equal(sso_oidc_publish(cx, ((sso_oidc_state_t *)b->provider.state)->keys, &text),
                     APR_SUCCESS);
    assert_int_equal(sso_jwks_parse(cx, cx->pool, text, &keys), APR_SUCCESS);
    assert_int_equal(
        sso_jws_verify(cx, sso_span(param(cx, b->form, "client_assertion")), keys, ~0U, &jws),
        APR_SUCCESS);
    assert_string_equal(jws.kid, keys->item[0].kid);
    assert_non_null(strstr(jws.payload.p, "\"aud\":\"" ISSUER "/token\""));
    assert_non_null(strstr(jws.payload.p, "\"iss\":\"" CLIENT "\",\"sub\":\"" CLIENT "\""));
    assert_null(b->last.user);
    drop(b);
}

/* ---- documents ---- */

static void keys_that_changed(void **state) /* R7 */
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    int i;

    begin(cx, b);
    answer_with(cx, b, good_claims(cx, b, ""));
    b->place[OF_JWKS].body = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"old\","
                             "\"x\":\"" PUBLIC "\"}]}";
    for (i = 0; i < 3; i++)
        assert_outcome(cx, b, "jwt_key");
    assert_int_equal(b->place[OF_JWKS].asked, 2);

    b->place[OF_JWKS].body = "{\"keys\":[" JWK "]}";
    assert_outcome(cx, b, "jwt_key");
    cx->now += SSO_OIDC_RENEW_EVERY;
    assert_outcome(cx, b, "ok");
    assert_int_equal(b->place[OF_JWKS].asked, 3);
    drop(b);
}

static void a_provider_that_is_down(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_flow_t flow = {.request = "", .extra = "", .issued = cx->now};

    b->place[OF_DISCOVERY].fault = SSO_F_NET_TIMEOUT;
    assert_int_not_equal(sso_oidc.start(cx, &b->idp, &flow, &reply), APR_SUCCESS);
    assert_fault(cx, NET_TIMEOUT);
    assert_int_not_equal(sso_oidc.start(cx, &b->idp, &flow, &reply), APR_SUCCESS);
    assert_fault(cx, UPSTREAM); /* nobody is asked */
    assert_int_equal(b->place[OF_DISCOVERY].asked, 1);
    cx->now += SSO_OIDC_QUIET;
    b->place[OF_DISCOVERY].fault = SSO_F_NONE;
    begin(cx, b);
    assert_int_equal(b->place[OF_DISCOVERY].asked, 2);

    cx->now += SSO_OIDC_KEEP; /* an old copy serves as long as there is no new one */
    b->place[OF_DISCOVERY].fault = SSO_F_NET_CONNECT;
    begin(cx, b);
    begin(cx, b);
    assert_int_equal(b->place[OF_DISCOVERY].asked, 3);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
    assert_non_null(strstr(b->log, "the old copy is used"));
    drop(b);
}

static void old_keys_end(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);

    begin(cx, b);
    answer_with(cx, b, good_claims(cx, b, ""));
    assert_outcome(cx, b, "ok");
    b->place[OF_JWKS].fault = SSO_F_NET_CONNECT;
    cx->now += SSO_OIDC_KEYS_STALE - 1;
    begin(cx, b);
    answer_with(cx, b, good_claims(cx, b, ""));
    assert_outcome(cx, b, "ok");
    cx->now += SSO_OIDC_QUIET;
    assert_outcome(cx, b, "net_connect");
    drop(b);
}

static void discovery(void **state)
{
    static const struct {
        const char *text;
        const char *code;
    } table[] = {
        {"", "oidc_discovery:json"},
        {"[]", "oidc_discovery:json"},
        {"{}", "oidc_discovery:issuer"},
        {"{\"issuer\":\"" ISSUER "/\"}", "oidc_discovery:issuer"},
        {"{\"issuer\":7}", "oidc_discovery:issuer"},
        {"{\"issuer\":\"" ISSUER "\"}", "oidc_discovery:authorization_endpoint"},
        {"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"/auth\"}",
         "oidc_discovery:authorization_endpoint"},
        {"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"http://op.example/\"}",
         "oidc_discovery:authorization_endpoint"},
        {"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"javascript:alert(1)\"}",
         "oidc_discovery:authorization_endpoint"},
    };
    sso_ctx_t *cx = *state;
    sso_oidc_metadata_t meta = {.token = "untouched"};
    apr_size_t i;

    for (i = 0; i < COUNT(table); i++) {
        assert_int_not_equal(
            sso_oidc_discovery_parse(cx, cx->pool, sso_span(table[i].text), ISSUER, &meta), 0);
        assert_string_equal(sso_error_code(cx), table[i].code);
        assert_string_equal(meta.token, "untouched");
        sso_ctx_clear(cx);
    }
    assert_int_equal(sso_oidc_discovery_parse(cx, cx->pool, sso_span(DISCOVERY), ISSUER, &meta), 0);
    assert_string_equal(meta.end_session, ISSUER "/out");
    assert_true(meta.says_iss && !meta.no_s256 && !meta.no_basic && !meta.wants_par);
    assert_string_not_equal(sso_oidc_slash_hint("https://a", "https://a/"), "");
    assert_string_not_equal(sso_oidc_slash_hint("https://a/", "https://a"), "");
    assert_string_equal(sso_oidc_slash_hint("https://a", "https://a"), "");
    assert_string_equal(sso_oidc_slash_hint("https://a", "https://ab"), "");
    assert_string_equal(sso_oidc_slash_hint("https://a", "https://b/"), "");
    assert_string_equal(sso_oidc_slash_hint("", ""), "");
    assert_string_equal(sso_oidc_discovery_url(cx->pool, "https://a.example/x/"),
                        "https://a.example/x/.well-known/openid-configuration");
}

/* ---- logout ---- */

static apr_status_t body_of(sso_request_t *req, sso_ctx_t *cx, apr_size_t max, sso_span_t *out)
{
    (void)cx;
    *out = sso_span(req->baton);
    assert_true(out->n <= max);
    return APR_SUCCESS;
}

static const char *form_type(const sso_request_t *req, const char *name)
{
    (void)req;
    return !strcasecmp(name, "Content-Type") ? "application/x-www-form-urlencoded" : NULL;
}

/* What hear makes of a logout token with these claims: "ok" or the code. */
static const char *heard(sso_ctx_t *cx, bench_t *b, const char *claims, sso_notice_t *out)
{
    sso_request_t req = {
        .method = "POST", .path = "/.sso/op/backchannel", .header = form_type, .body = body_of};
    const char *code;

    sso_ctx_clear(cx);
    req.baton = apr_pstrcat(cx->pool, "logout_token=", signed_token(cx, b, claims), NULL);
    if (sso_oidc.hear(cx, &b->idp, &req, "backchannel", &b->flows, out) == APR_SUCCESS) return "ok";
    code = sso_error_code(cx);
    sso_ctx_clear(cx);
    return code;
}

static void logout_tokens(void **state) /* R14 */
{
#define EVENTS "\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"
#define TIMES  "\"exp\":1795460400,\"iat\":1795460330"
#define PARTY  "\"iss\":\"" ISSUER "\",\"aud\":\"" CLIENT "\""
    static const struct {
        const char *claims, *code;
    } table[] = {
        {"{" PARTY "," TIMES "," EVENTS ",\"jti\":\"1\",\"sub\":\"42\"}", "ok"},
        {"{" PARTY "," TIMES "," EVENTS ",\"jti\":\"1\",\"sid\":\"s\"}", "ok"},
        {"{" PARTY "," TIMES "," EVENTS ",\"jti\":\"1\"}", "oidc_logout:sub"},
        {"{" PARTY "," TIMES "," EVENTS ",\"sub\":\"42\"}", "oidc_logout:jti"},
        {"{" PARTY "," TIMES "," EVENTS ",\"jti\":\"\",\"sub\":\"42\"}", "oidc_logout:jti"},
        {"{" PARTY "," TIMES "," EVENTS ",\"nonce\":\"\",\"jti\":\"1\",\"sub\":\"42\"}",
         "oidc_logout:nonce"},
        {"{" PARTY "," TIMES ",\"jti\":\"1\",\"sub\":\"42\"}", "oidc_logout:events"},
        {"{" PARTY "," TIMES ",\"events\":[],\"jti\":\"1\",\"sub\":\"42\"}", "oidc_logout:events"},
        {"{" PARTY "," EVENTS ",\"jti\":\"1\",\"sub\":\"42\"}", "oidc_logout:exp"},
        {"{" PARTY ",\"exp\":1795460400," EVENTS ",\"jti\":\"1\",\"sub\":\"42\"}",
         "oidc_logout:iat"},
        {"{\"iss\":\"x\",\"aud\":\"" CLIENT "\"," TIMES "," EVENTS "}", "oidc_logout"},
        {"{\"iss\":\"" ISSUER "\",\"aud\":\"x\"," TIMES "," EVENTS "}", "oidc_logout"},
        {"[]", "oidc_logout"},
    };
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(table); i++) {
        sso_notice_t notice = {.flow = NULL};

        print_message("%s\n", table[i].claims);
        assert_string_equal(heard(cx, b, table[i].claims, &notice), table[i].code);
        assert_int_equal(notice.once.label != NULL, !strcmp(table[i].code, "ok"));
        if (notice.once.label) assert_int_equal(notice.kind, SSO_NOTICE_ENDS);
    }
    drop(b);
}

static void leaving(void **state) /* R16 */
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    const sso_leaving_t who = {.subject = "42", .sid = "", .handle = "a.b.c"};
    sso_flow_t flow = {.request = "", .extra = ""};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    const char *query;

    assert_int_equal(sso_oidc.logout(cx, &b->idp, &who, &flow, &reply), APR_SUCCESS);
    assert_int_equal(strncmp(reply.location, ISSUER "/out?", strlen(ISSUER) + 5), 0);
    query = strchr(reply.location, '?') + 1;
    assert_string_equal(param(cx, query, "id_token_hint"), "a.b.c");
    assert_string_equal(param(cx, query, "client_id"), CLIENT);
    assert_string_equal(param(cx, query, "post_logout_redirect_uri"),
                        "https://www.example.org/.sso/op/signedout");
    assert_string_equal(param(cx, query, "state"), flow.request);
    assert_int_equal(strlen(flow.request), 32);
    b->set->oidc_logout = 0;
    assert_int_equal(sso_oidc.logout(cx, &b->idp, &who, &flow, &reply), APR_NOTFOUND);
    drop(b);
}

/* ---- settings ---- */

static void settings(void **state)
{
    static const line_t lines[] = {
        {SSO_PROVIDER_SSOOidcIssuer, "https://op.example/x", NULL},
        {SSO_PROVIDER_SSOOidcIssuer, "http://127.0.0.1:8080", NULL},
        {SSO_PROVIDER_SSOOidcIssuer, "http://op.example", "is not https"},
        {SSO_PROVIDER_SSOOidcIssuer, "op.example", "write an absolute https URL"},
        {SSO_PROVIDER_SSOOidcIssuer, "https://op.example/?a=b", "has a query"},
        {SSO_PROVIDER_SSOOidcClient, "id", NULL},
        {SSO_PROVIDER_SSOOidcClient, "id file:x", NULL},
        {SSO_PROVIDER_SSOOidcClient, "id s3cr3t", "file:"},
        {SSO_PROVIDER_SSOOidcClientAuth, "private_key_jwt", NULL},
        {SSO_PROVIDER_SSOOidcClientAuth, "client_secret_jwt", "private_key_jwt"},
        {SSO_PROVIDER_SSOOidcScope, "openid https://op.example/scope", NULL},
        {SSO_PROVIDER_SSOOidcScope, "\"a b\"", "cannot be a scope"},
        {SSO_PROVIDER_SSOOidcPKCE, "plain", "S256"},
        {SSO_PROVIDER_SSOOidcAcr, "\"a b\"", "cannot be an authentication context"},
        {SSO_PROVIDER_SSOOidcAlgorithms, "ES384", NULL},
        {SSO_PROVIDER_SSOOidcAlgorithms, "none", "is not accepted"},
        {SSO_PROVIDER_SSOOidcAlgorithms, "HS256", "is not accepted"},
        {SSO_PROVIDER_SSOOidcAllow, "none", "is not a check that can be loosened"},
        {SSO_PROVIDER_SSOOidcEndpoints,
         "authorization=https://a.example/ token=https://a.example/t jwks=https://a.example/j",
         NULL},
        {SSO_PROVIDER_SSOOidcEndpoints,
         "authorization=https://a.example/ token=https://a.example/t userinfo=https://a.example/",
         "needs three values"},
        {SSO_PROVIDER_SSOOidcEndpoints,
         "authorization=https://a.example/ token=http://a.example/t jwks=https://a.example/j",
         "is not https"},
    };

    lines_check(*state, &sso_provider_table, lines, COUNT(lines));
}

static void what_a_provider_needs(void **state)
{
    static const struct {
        const char *line[3];
        const char *why;
    } table[] = {
        {{NULL}, "SSOOidcClient is missing"},
        {{"SSOOidcClient id file:/nowhere/x"}, "SSOOidcClient: "},
        {{"SSOOidcClient id", "SSOOidcClientAuth client_secret_basic"}, "needs a secret"},
        {{"SSOOidcClient id", "SSOOidcClientAuth client_secret_post"}, "needs a secret"},
        {{"SSOOidcClient id", "SSOOidcClientAuth private_key_jwt"}, "needs SSOOidcKey FILE"},
        {{"SSOOidcClient id", "SSOOidcClientAuth tls_client_auth"}, "needs SSOOidcKey FILE CERT"},
        {{"SSOOidcClient id", "SSOOidcPKCE off"}, "needs SSOOidcPKCE S256"},
        {{"SSOOidcClient id", "SSOOidcKey /nowhere/key"}, "SSOOidcKey: "},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;
    int k;

    for (i = 0; i < COUNT(table); i++) {
        bench_t *b = bench_bare(cx);
        void *made = NULL;

        for (k = 0; k < 3 && table[i].line[k]; k++)
            setting(cx, b, table[i].line[k]);
        assert_int_not_equal(sso_oidc.prepare(cx, &b->provider, &made), APR_SUCCESS);
        assert_non_null(strstr(cx->err.log, table[i].why));
        assert_fault(cx, CONFIG);
        assert_null(made);
        drop(b);
    }
}

/* ---- our keys ---- */

static void thumbprint(void **state) /* RFC 7638, section 3.1 */
{
    static const char jwk[] =
        "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx"
        "4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXAr"
        "wl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5haj"
        "rn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFC"
        "ur-kEgU8awapJzKnqDKgw\"}";
    sso_ctx_t *cx = *state;
    json_t *root = json_loads(jwk, 0, NULL);
    const char *kid = NULL;
    sso_jwk_t key;

    assert_null(sso_jwk_parse(cx->pool, root, &key));
    assert_int_equal(sso_jwk_thumbprint(cx, key.key, &kid), APR_SUCCESS);
    assert_string_equal(kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    json_decref(root);
}

static void what_we_publish(void **state)
{
    static const char *const curves[] = {"P-256", "P-384", "P-521"};
    sso_ctx_t *cx = *state;
    apr_array_header_t *keys = apr_array_make(cx->pool, 3, sizeof(const sso_key_pair_t *));
    sso_key_pair_t pair[3];
    sso_jwks_t *set = NULL;
    sso_span_t text;
    apr_size_t i;

    for (i = 0; i < 3; i++) {
        pair[i] = (sso_key_pair_t){.key = EVP_EC_gen(curves[i]), .cert = NULL};
        APR_ARRAY_PUSH(keys, const sso_key_pair_t *) = &pair[i];
    }
    assert_int_equal(sso_oidc_publish(cx, keys, &text), APR_SUCCESS);
    assert_null(strstr(text.p, "\"d\""));
    assert_int_equal(sso_jwks_parse(cx, cx->pool, text, &set),
                     APR_SUCCESS); /* reads as others' do */
    assert_int_equal(set->n, 6);
    for (i = 0; i < 3; i++) {
        assert_int_equal(EVP_PKEY_eq(set->item[2 * i].key, pair[i].key), 1);
        assert_int_equal(set->item[2 * i].verifies, 1);
        assert_int_equal(set->item[2 * i + 1].verifies, 0);
        EVP_PKEY_free(pair[i].key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(the_request),
        UNIT(wishes),
        UNIT(a_pushed_request),
        UNIT(a_renewal),
        UNIT(a_refresh_token_that_stays),
        UNIT(renewals_that_are_refused),
        UNIT(a_session_of_another_issuer),
        UNIT(what_a_failure_means),
        UNIT(userinfo_that_fails),
        UNIT(when_to_ask_again),
        UNIT(nothing_is_kept_by_default),
        UNIT(a_login),
        UNIT(claims),
        UNIT(at_hash_and_c_hash),
        UNIT(token_answers),
        UNIT(userinfo_answers),
        UNIT(a_client_with_a_secret),
        UNIT(a_client_with_a_certificate),
        UNIT(a_client_that_signs),
        UNIT(keys_that_changed),
        UNIT(a_provider_that_is_down),
        UNIT(old_keys_end),
        UNIT(discovery),
        UNIT(logout_tokens),
        UNIT(leaving),
        UNIT(settings),
        UNIT(what_a_provider_needs),
        UNIT(thumbprint),
        UNIT(what_we_publish),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
