/*
 * test_oidc_attacks.c - tokens that must not be accepted (tests/vectors/oidc), each with the code of its
 * refusal; and what a provider's answers may not do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_id_token.h"
#include "oidc/oidc_jws.h"
#include "oidc/oidc_live.h"
#include "oidc/oidc_logout.h"
#include "oidc/oidc_response.h"
#include "unit.h"

#include <jansson.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ISSUER   "https://op.example"
#define STATE    "fedcba9876543210fedcba9876543210"

typedef struct {
    sso_oidc_state_t st;
    sso_key_pair_t ours;
    const char *keys; /* the text of the provider's key set */
    int fetched;      /* how often it was asked for */
    char log[1024];   /* the last line */
} bench_t;

/* The vectors; read once. */
static json_t *vectors;

static int load(void **state)
{
    json_error_t error;

    vectors = json_load_file(TEST_DIR "/vectors/oidc/attacks.json", JSON_ALLOW_NUL, &error);
    return vectors ? unit_start(state) : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

static apr_status_t exchange(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out)
{
    bench_t *b = client->state;

    (void)cx;
    assert_string_equal(req->url, ISSUER "/jwks"); /* nobody else is ever asked */
    b->fetched++;
    *out = (sso_client_response_t){
        .status = 200, .type = "application/jwk-set+json", .body = sso_span(b->keys)};
    return APR_SUCCESS;
}

static EVP_PKEY *read_pem(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(key);
    return key;
}

static apr_status_t free_key(void *key)
{
    EVP_PKEY_free(key);
    return APR_SUCCESS;
}

static void note(void *sink, int level, const char *file, int line, const char *text)
{
    bench_t *b = sink;

    (void)level, (void)file, (void)line;
    apr_cpystrn(b->log, text, sizeof(b->log));
}

/* Keys of the client's; those that are NULL are left out. */
static apr_array_header_t *keys_of(sso_ctx_t *cx, const sso_key_pair_t *a, const sso_key_pair_t *b)
{
    apr_array_header_t *keys = apr_array_make(cx->pool, 2, sizeof(const sso_key_pair_t *));

    if (a) APR_ARRAY_PUSH(keys, const sso_key_pair_t *) = a;
    if (b) APR_ARRAY_PUSH(keys, const sso_key_pair_t *) = b;
    return keys;
}

static bench_t *bench(sso_ctx_t *cx)
{
    static const sso_oidc_metadata_t meta = {.jwks = ISSUER "/jwks"};
    bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));
    sso_client_t *client = apr_palloc(cx->pool, sizeof(*client));
    apr_array_header_t *ours = keys_of(cx, NULL, &b->ours);
    char *keys = json_dumps(json_object_get(vectors, "keys"), JSON_COMPACT);

    *client = (sso_client_t){exchange, b};
    b->keys = apr_psprintf(cx->pool, "{\"keys\":%s}", keys);
    free(keys);
    b->ours.key = read_pem(json_string_value(json_object_get(vectors, "ours")));
    apr_pool_cleanup_register(cx->pool, b->ours.key, free_key, apr_pool_cleanup_null);
    b->st = (sso_oidc_state_t){.set = sso_settings_make(&sso_provider_table, cx->pool),
                               .name = "op",
                               .issuer = ISSUER,
                               .client_id = "client-1",
                               .keys = ours,
                               .fixed = &meta,
                               .client = client};
    b->st.algs = sso_jws_alg_bit(sso_jws_alg(sso_span("RS256")))
                 | sso_jws_alg_bit(sso_jws_alg(sso_span("PS256")))
                 | sso_jws_alg_bit(sso_jws_alg(sso_span("ES256")))
                 | sso_jws_alg_bit(sso_jws_alg(sso_span("EdDSA")));
    assert_int_equal(sso_oidc_live_prepare(cx, cx->pool, &b->st), APR_SUCCESS);
    cx->log = note;
    cx->sink = b;
    cx->level = SSO_LOG_INFO;
    return b;
}

/* "ok", or the code; the context is clear again, and OpenSSL's queue as it was. */
static const char *code_of(sso_ctx_t *cx, apr_status_t rv)
{
    const char *code = sso_error_code(cx);

    assert_int_equal(rv == APR_SUCCESS, cx->err.fault == SSO_F_NONE);
    assert_int_equal(ERR_peek_error(), 0);
    sso_ctx_clear(cx);
    return rv == APR_SUCCESS ? "ok" : code;
}

/* ---- tokens ---- */

static const char *check_id_token(sso_ctx_t *cx, bench_t *b, sso_span_t token)
{
    const sso_oidc_expected_t expected = {json_string_value(json_object_get(vectors, "nonce")),
                                          "access", "code", NULL};
    json_t *claims = NULL;
    apr_status_t rv = sso_oidc_id_token_check(cx, &b->st, token, &expected, &claims);

    assert_int_equal(rv == APR_SUCCESS, claims != NULL);
    return code_of(cx, rv);
}

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
    return !strcmp(name, "Content-Type") ? "application/x-www-form-urlencoded" : NULL;
}

static const char *check_logout_token(sso_ctx_t *cx, bench_t *b, sso_span_t token)
{
    sso_request_t req = {
        .method = "POST", .path = "/.sso/op/backchannel", .header = form_type, .body = body_of};
    const sso_flows_t flows = {.n = 0};
    sso_notice_t notice = {.more = NULL};
    apr_status_t rv;

    req.baton = apr_pstrcat(cx->pool, "logout_token=", sso_span_text(cx->pool, token), NULL);
    rv = sso_oidc_logout_hear(cx, NULL, &b->st, &req, SSO_OIDC_BACKCHANNEL, &flows, &notice);
    assert_int_equal(rv == APR_SUCCESS, notice.more != NULL);
    return code_of(cx, rv);
}

static sso_span_t member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return sso_span_of(json_string_value(value), json_string_length(value));
}

static void tokens(void **state) /* R1, R4, R7 to R10, R12, R14 */
{
    sso_ctx_t *cx = *state;
    const json_t *all = json_object_get(vectors, "vectors");
    const json_t *v;
    size_t i;
    int accepted = 0;

    assert_int_equal(json_array_size(all), 372);
    json_array_foreach (all, i, v) {
        bench_t *b = bench(cx);
        const char *expect = member(v, "expect").p;
        const char *code = !strcmp(member(v, "kind").p, "id_token")
                               ? check_id_token(cx, b, member(v, "token"))
                               : check_logout_token(cx, b, member(v, "token"));

        if (strcmp(code, expect) != 0)
            print_error("%s, %s\n", member(v, "rule").p, member(v, "name").p);
        assert_string_equal(code, expect);
        accepted += !strcmp(code, "ok");
        assert_true(b->fetched <= 2);
    }
    assert_int_equal(accepted, 14);
}

/* Every vector once more where we have no key to decrypt with: a JWE is no JWS. */
static void without_a_key_nothing_is_decrypted(void **state)
{
    sso_ctx_t *cx = *state;
    const json_t *v;
    size_t i;
    int seen = 0;

    json_array_foreach (json_object_get(vectors, "vectors"), i, v) {
        bench_t *b = bench(cx);

        if (sso_jwt_dots(member(v, "token")) != 4) continue;
        b->st.keys = keys_of(cx, NULL, NULL);
        assert_string_equal(check_id_token(cx, b, member(v, "token")), "jwt_form:parts");
        seen++;
    }
    assert_true(seen > 30);
}

static const json_t *vector(const char *name)
{
    const json_t *v;
    size_t i;

    json_array_foreach (json_object_get(vectors, "vectors"), i, v) {
        if (!strcmp(member(v, "name").p, name)) return v;
    }
    fail_msg("there is no vector %s", name);
    return NULL;
}

/* R30: the key that was the first one before still decrypts. */
static void the_previous_key_decrypts(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    const sso_key_pair_t newer = {.key = EVP_RSA_gen(2048)};

    b->st.keys = keys_of(cx, &newer, &b->ours);
    assert_string_equal(check_id_token(cx, b, member(vector("encrypted"), "token")), "ok");
    EVP_PKEY_free(newer.key);
}

/* R7: keys are fetched again for a kid that is not there, and never for a signature that is wrong. */
static void when_keys_are_fetched_again(void **state)
{
    static const struct {
        const char *name;
        int fetched;
    } table[] = {{"RS256", 1},
                 {"kid: another", 2},
                 {"the forger's signature", 1},
                 {"the forger's key as jku", 2}, /* without a kid it may be a new key's */
                 {"alg 'none', no signature", 1},
                 {"iss: another", 1}};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(table); i++) {
        bench_t *b = bench(cx);

        (void)check_id_token(cx, b, member(vector(table[i].name), "token"));
        assert_int_equal(b->fetched, table[i].fetched);
    }
}

/* ---- the response ---- */

/* What the query of a callback comes to: "ok", or a code. */
static const char *check_response(sso_ctx_t *cx, bench_t *b, const char *query, int says_iss)
{
    const sso_oidc_metadata_t meta = {.says_iss = says_iss};
    sso_request_t req = {.method = "GET", .query = query, .header = form_type};
    sso_oidc_response_t response = {.flow = NULL};
    sso_flows_t flows = {.n = 2};
    apr_status_t rv;

    flows.item[0] = (sso_flow_t){.request = "0123456789abcdef0123456789abcdef", .extra = "other"};
    flows.item[1] = (sso_flow_t){.request = STATE, .extra = "own"};
    rv = sso_oidc_response_read(cx, &req, &flows, &response);
    assert_int_equal(rv == APR_SUCCESS, response.flow != NULL);
    if (rv == APR_SUCCESS) assert_ptr_equal(response.flow, &flows.item[1]);
    if (rv == APR_SUCCESS) rv = sso_oidc_response_check(cx, &b->st, &meta, &response);
    return code_of(cx, rv);
}

static void responses(void **state) /* R2, R5, R6 */
{
    static const struct {
        const char *query, *code, *announced; /* where the provider announces iss; NULL: the same */
    } table[] = {
        {"state=" STATE "&code=c&iss=" ISSUER, "ok", NULL},
        {"state=" STATE "&code=c", "ok", "oidc_issuer:response"},
        {"state=" STATE "&code=c&iss=", "oidc_issuer:response", NULL},
        {"state=" STATE "&code=c&iss=" ISSUER "/", "oidc_issuer:response", NULL},
        {"state=" STATE "&code=c&iss=https://OP.example", "oidc_issuer:response", NULL},
        {"state=" STATE "&code=c&iss=https://evil.example", "oidc_issuer:response", NULL},
        {"state=" STATE "&error=access_denied&iss=https://evil.example", "oidc_issuer:response",
         NULL},
        {"state=" STATE "&error=access_denied", "oidc_denied", "oidc_issuer:response"},
        {"state=" STATE "&error=x&code=c&iss=" ISSUER, "oidc_request", NULL},
        {"state=" STATE "&iss=" ISSUER, "param_missing:code", NULL},
        {"state=" STATE "&code=c&code=d", "param_duplicate:code", NULL},
        {"state=" STATE "&code=c&code=c", "param_duplicate:code", NULL},
        {"state=" STATE "&state=" STATE "&code=c", "param_duplicate:state", NULL},
        {"state=" STATE "&code=c&iss=" ISSUER "&iss=" ISSUER, "param_duplicate:iss", NULL},
        {"state=" STATE "&error=x&error=y", "param_duplicate:error", NULL},
        {"state=fedcba9876543210&code=c", "oidc_state", NULL},
        {"state=" STATE "0&code=c", "oidc_state", NULL},
        {"state=FEDCBA9876543210FEDCBA9876543210&code=c", "oidc_state", NULL},
        {"code=c", "param_missing:state", NULL},
        {"id_token=a.b.c", "oidc_unsolicited", NULL},
        {"code=%00&state=" STATE, "param_escape:code", NULL},
        {"", "param_missing:state", NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(table); i++) {
        bench_t *b = bench(cx);
        const char *announced = table[i].announced ? table[i].announced : table[i].code;

        print_message("%s\n", table[i].query);
        assert_string_equal(check_response(cx, b, table[i].query, 0), table[i].code);
        assert_string_equal(check_response(cx, b, table[i].query, 1), announced);
    }
}

static void a_posted_response_has_no_query(void **state) /* R6 */
{
    sso_ctx_t *cx = *state;
    sso_request_t req = {.method = "POST", .query = "code=d", .header = form_type, .body = body_of};
    sso_oidc_response_t response = {.flow = NULL};
    sso_flows_t flows = {.n = 1};

    flows.item[0] = (sso_flow_t){.request = STATE, .extra = ""};
    req.baton = apr_pstrdup(cx->pool, "state=" STATE "&code=c");
    assert_string_equal(code_of(cx, sso_oidc_response_read(cx, &req, &flows, &response)),
                        "param_duplicate:query");
    req.query = NULL;
    assert_string_equal(code_of(cx, sso_oidc_response_read(cx, &req, &flows, &response)), "ok");
    assert_string_equal(response.code, "c");
    req.method = "PUT";
    assert_string_equal(code_of(cx, sso_oidc_response_read(cx, &req, &flows, &response)), "method");
}

/* R24: what the provider says is for the log, escaped, and no more than fits a line. */
static void what_the_provider_says_is_short(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench(cx);
    const sso_oidc_metadata_t meta = {.says_iss = 0};
    const sso_oidc_response_t response = {
        .error = "invalid\nrequest",
        .description = apr_pstrcat(cx->pool, "<b>\x1b[2J", apr_psprintf(cx->pool, "%0400d", 0),
                                   "end", NULL)};

    assert_int_not_equal(sso_oidc_response_check(cx, &b->st, &meta, &response), APR_SUCCESS);
    assert_null(strchr(cx->err.log, '\n'));
    assert_null(strchr(cx->err.log, '\x1b'));
    assert_null(strstr(cx->err.log, "end"));
    assert_true(strlen(cx->err.log) < 400);
    assert_null(strstr(sso_fault_info(cx->err.fault)->user, "invalid"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(tokens),
        UNIT(without_a_key_nothing_is_decrypted),
        UNIT(the_previous_key_decrypts),
        UNIT(when_keys_are_fetched_again),
        UNIT(responses),
        UNIT(a_posted_response_has_no_query),
        UNIT(what_the_provider_says_is_short),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
