/*
 * test_oidc_jose.c - tokens and keys: what the RFCs print, what we sign, and every way to be refused.
 *
 * Rules R1, R7, R10 and R12 of OpenID Connect. tests/vectors/jose/jwe.json was made with jwcrypto.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "crypto/jws.h"
#include "oidc/oidc_jwe.h"
#include "oidc/oidc_jws.h"
#include "unit.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ANY      (~0U) /* every algorithm of the table */
#define CLAIMS   "{\"iss\":\"https://op.example\"}"

static const char *const names[] = {"RS256", "RS384", "RS512", "PS256", "PS384",
                                    "PS512", "ES256", "ES384", "ES512", "EdDSA"};

/* ---- keys ---- */

enum { RSA_A, RSA_B, P256, P384, P521, ED25519, KEYS };
static EVP_PKEY *key[KEYS];

static int make_keys(void **state)
{
    int i;

    key[RSA_A] = EVP_RSA_gen(2048);
    key[RSA_B] = EVP_RSA_gen(2048);
    key[P256] = EVP_EC_gen("P-256");
    key[P384] = EVP_EC_gen("P-384");
    key[P521] = EVP_EC_gen("P-521");
    key[ED25519] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    for (i = 0; i < KEYS; i++) {
        if (!key[i]) return -1;
    }
    return unit_start(state);
}

static int free_keys(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < KEYS; i++)
        EVP_PKEY_free(key[i]);
    return 0;
}

static EVP_PKEY *key_of(const char *alg)
{
    static const struct {
        const char *alg;
        int key;
    } of[] = {{"ES256", P256}, {"ES384", P384}, {"ES512", P521}, {"EdDSA", ED25519}};
    apr_size_t i;

    for (i = 0; i < COUNT(of); i++) {
        if (!strcmp(of[i].alg, alg)) return key[of[i].key];
    }
    return key[RSA_A];
}

static const char *b64(sso_ctx_t *cx, const unsigned char *p, apr_size_t n)
{
    return sso_b64url_encode(cx->pool, sso_span_of(p, n));
}

static const char *number(sso_ctx_t *cx, const EVP_PKEY *k, const char *name, int width)
{
    unsigned char bytes[1024];
    BIGNUM *bn = NULL;
    int n;

    assert_int_equal(EVP_PKEY_get_bn_param(k, name, &bn), 1);
    n = width ? BN_bn2binpad(bn, bytes, width) : BN_bn2bin(bn, bytes);
    BN_free(bn);
    assert_true(n > 0);
    return b64(cx, bytes, (apr_size_t)n);
}

/* A public key as JWK, with further members in front: "\"kid\":\"a\"," */
static const char *jwk_of(sso_ctx_t *cx, const EVP_PKEY *k, const char *more)
{
    static const struct {
        int bits;
        const char *crv;
        int width;
    } curve[] = {{256, "P-256", 32}, {384, "P-384", 48}, {521, "P-521", 66}};
    unsigned char raw[32];
    size_t n = sizeof(raw);
    apr_size_t i;

    switch (EVP_PKEY_get_base_id(k)) {
    case EVP_PKEY_RSA:
        return apr_psprintf(cx->pool, "{%s\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", more,
                            number(cx, k, OSSL_PKEY_PARAM_RSA_N, 0),
                            number(cx, k, OSSL_PKEY_PARAM_RSA_E, 0));
    case EVP_PKEY_ED25519:
        assert_int_equal(EVP_PKEY_get_raw_public_key(k, raw, &n), 1);
        return apr_psprintf(cx->pool, "{%s\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", more,
                            b64(cx, raw, n));
    default:
        for (i = 0; curve[i].bits != EVP_PKEY_get_bits(k); i++)
            assert_true(i + 1 < COUNT(curve));
        return apr_psprintf(cx->pool, "{%s\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}",
                            more, curve[i].crv,
                            number(cx, k, OSSL_PKEY_PARAM_EC_PUB_X, curve[i].width),
                            number(cx, k, OSSL_PKEY_PARAM_EC_PUB_Y, curve[i].width));
    }
}

/* A set of the keys written with commas between. */
static sso_jwks_t *set_of(sso_ctx_t *cx, const char *keys)
{
    sso_jwks_t *set = NULL;
    const char *text = apr_psprintf(cx->pool, "{\"keys\":[%s]}", keys);

    assert_int_equal(sso_jwks_parse(cx, cx->pool, sso_span(text), &set), APR_SUCCESS);
    return set;
}

static const char *sign(sso_ctx_t *cx, const char *alg, const char *kid)
{
    const char *token = NULL;
    const sso_jws_signer_t signer = {sso_jws_alg(sso_span(alg)), key_of(alg), kid, "JWT"};

    assert_int_equal(sso_jws_sign(cx, &signer, sso_span(CLAIMS), &token), 0);
    return token;
}

/* A token of this header and payload, signed with that key whatever the header says. */
static const char *token_of(sso_ctx_t *cx, const char *header, const char *alg, EVP_PKEY *k)
{
    const char *text = apr_pstrcat(cx->pool, sso_b64url_encode(cx->pool, sso_span(header)), ".",
                                   sso_b64url_encode(cx->pool, sso_span(CLAIMS)), NULL);
    sso_span_t signature;

    assert_int_equal(
        sso_sign_make(cx, &sso_jws_alg(sso_span(alg))->how, k, sso_span(text), &signature), 0);
    return apr_pstrcat(cx->pool, text, ".", sso_b64url_encode(cx->pool, signature), NULL);
}

/* Refused with this code, leaving the output and OpenSSL's queue as they were. */
static void assert_refused(sso_ctx_t *cx, const char *token, const sso_jwks_t *keys,
                           unsigned allowed, const char *code)
{
    sso_jws_t out = {.kid = "untouched"};

    assert_int_not_equal(sso_jws_verify(cx, sso_span(token), keys, allowed, &out), APR_SUCCESS);
    assert_string_equal(sso_error_code(cx), code);
    assert_string_equal(out.kid, "untouched");
    assert_int_equal(ERR_peek_error(), 0);
    sso_ctx_clear(cx);
}

/* ---- vectors ---- */

static json_t *load(const char *file)
{
    json_error_t error;
    json_t *root = json_load_file(file, 0, &error);

    assert_non_null(root);
    return root;
}

static EVP_PKEY *read_pem(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *k = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(k);
    return k;
}

static apr_status_t open_with(sso_ctx_t *cx, EVP_PKEY *k, const char *token, sso_span_t *out)
{
    const sso_key_pair_t pair = {.key = k, .cert = NULL};
    apr_array_header_t *keys = apr_array_make(cx->pool, 1, sizeof(const sso_key_pair_t *));

    APR_ARRAY_PUSH(keys, const sso_key_pair_t *) = &pair;
    return sso_jwe_open(cx, sso_span(token), keys, out);
}

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* What the RFCs show and nobody should accept from a provider: secret keys, no key, compression. */
static void refuse_vector(sso_ctx_t *cx, const json_t *v)
{
    sso_span_t got;

    if (!strcmp(member(v, "kind"), "jws")) {
        assert_refused(cx, member(v, "token"), set_of(cx, jwk_of(cx, key[RSA_A], "")), ANY,
                       member(v, "expect"));
        return;
    }
    assert_int_not_equal(open_with(cx, key[P384], member(v, "token"), &got), APR_SUCCESS);
    assert_string_equal(sso_error_code(cx), member(v, "expect"));
    sso_ctx_clear(cx);
}

/* All compact ones of RFC 7515, appendix A, and RFC 7520, sections 4 and 5; RFC 8037. */
static void rfc_vectors(void **state)
{
    sso_ctx_t *cx = *state;
    json_t *all = load(TEST_DIR "/vectors/jose/rfc.json");
    const json_t *v;
    size_t i;

    assert_int_equal(json_array_size(all), 20);
    json_array_foreach (all, i, v) {
        sso_span_t got = {NULL, 0};

        print_message("%s\n", member(v, "name"));
        if (member(v, "expect")) {
            refuse_vector(cx, v);
            continue;
        }
        if (!strcmp(member(v, "kind"), "jws")) {
            char *jwk = json_dumps(json_object_get(v, "key"), 0);
            sso_jws_t jws;

            assert_int_equal(
                sso_jws_verify(cx, sso_span(member(v, "token")), set_of(cx, jwk), ANY, &jws), 0);
            got = jws.payload;
            free(jwk);
        } else {
            EVP_PKEY *k = read_pem(member(v, "pem"));

            assert_int_equal(open_with(cx, k, member(v, "token"), &got), 0);
            EVP_PKEY_free(k);
        }
        assert_true(sso_span_is(got, member(v, "payload")));
    }
    json_decref(all);
}

static void encrypted_tokens(void **state) /* R10 */
{
    sso_ctx_t *cx = *state;
    json_t *all = load(TEST_DIR "/vectors/jose/jwe.json");
    const json_t *v;
    size_t i;

    assert_true(json_array_size(json_object_get(all, "cases")) >= 20);
    json_array_foreach (json_object_get(all, "cases"), i, v) {
        EVP_PKEY *k = read_pem(member(json_object_get(all, "pem"), member(v, "key")));
        sso_span_t got = {"untouched", 9};
        apr_status_t rv = open_with(cx, k, member(v, "token"), &got);

        print_message("%s\n", member(v, "name"));
        EVP_PKEY_free(k);
        if (!*member(v, "expect")) {
            assert_int_equal(rv, APR_SUCCESS);
            assert_true(sso_span_is(got, "what was encrypted"));
            continue;
        }
        assert_int_not_equal(rv, APR_SUCCESS);
        assert_string_equal(sso_error_code(cx), member(v, "expect"));
        assert_true(sso_span_is(got, "untouched"));
        sso_ctx_clear(cx);
    }
    json_decref(all);
}

/* Whatever is changed in whichever part: one code, one text, nothing in OpenSSL's queue. */
static void a_changed_ciphertext(void **state)
{
    sso_ctx_t *cx = *state;
    json_t *all = load(TEST_DIR "/vectors/jose/jwe.json");
    const json_t *v;
    size_t i;

    json_array_foreach (json_object_get(all, "cases"), i, v) {
        EVP_PKEY *k = read_pem(member(json_object_get(all, "pem"), member(v, "key")));
        char *token = apr_pstrdup(cx->pool, member(v, "token"));
        char *at = strchr(token, '.');
        sso_span_t got;

        for (; !*member(v, "expect") && at; at = strchr(at + 1, '.')) {
            char *c = at[1] == '.' ? at + 2 : at + 1;
            char old = *c;

            *c = old == 'A' ? 'B' : 'A';
            assert_int_not_equal(open_with(cx, k, token, &got), APR_SUCCESS);
            assert_string_equal(sso_error_code(cx), "jwe_decrypt");
            assert_string_equal(cx->err.log,
                                "no key of ours decrypts the token, or it was changed");
            assert_int_equal(ERR_peek_error(), 0);
            sso_ctx_clear(cx);
            *c = old;
        }
        EVP_PKEY_free(k);
    }
    json_decref(all);
}

/* A sender's point off the curve, on another one, or with a secret half is none. */
static void a_bad_epk(void **state)
{
    static const char *const bad[] = {
        "\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"},",
        "\"epk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},",
        "\"epk\":7,", ""};
    sso_ctx_t *cx = *state;
    sso_span_t got;
    apr_size_t i;

    for (i = 0; i < COUNT(bad); i++) {
        const char *header = apr_psprintf(cx->pool, "{%s\"alg\":\"ECDH-ES\",\"enc\":\"A128GCM\"}",
                                          bad[i]);
        const char *token = apr_pstrcat(cx->pool, sso_b64url_encode(cx->pool, sso_span(header)),
                                        "..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA", NULL);

        assert_int_not_equal(open_with(cx, key[P256], token, &got), APR_SUCCESS);
        assert_fault(cx, JWE_DECRYPT);
    }
}

/* ---- signatures ---- */

static void every_algorithm_signs_and_verifies(void **state)
{
    sso_ctx_t *cx = *state;
    apr_size_t i;
    apr_size_t j;

    for (i = 0; i < COUNT(names); i++) {
        const char *token = sign(cx, names[i], "one");
        sso_jws_t jws;

        for (j = 0; j < COUNT(names); j++) {
            const char *more = apr_psprintf(cx->pool, "\"kid\":\"one\",\"alg\":\"%s\",", names[j]);
            const sso_jwks_t *keys = set_of(cx, jwk_of(cx, key_of(names[j]), more));

            if (i != j) {
                assert_refused(cx, token, keys, ANY, "jwt_key"); /* R12: the key says which */
                continue;
            }
            assert_int_equal(sso_jws_verify(cx, sso_span(token), keys, ANY, &jws), APR_SUCCESS);
            assert_string_equal(jws.alg->name, names[i]);
            assert_string_equal(jws.kid, "one");
            assert_string_equal(jws.typ, "JWT");
            assert_true(sso_span_is(jws.payload, CLAIMS));
        }
        assert_ptr_equal(sso_jws_alg_for(key_of(names[i]), names[i]),
                         sso_jws_alg(sso_span(names[i])));
    }
    assert_string_equal(sso_jws_alg_for(key[RSA_A], NULL)->name, "RS256");
    assert_string_equal(sso_jws_alg_for(key[P384], NULL)->name, "ES384");
    assert_null(sso_jws_alg_for(key[P384], "ES256"));
    assert_null(sso_jws_alg_for(key[RSA_A], "EdDSA"));
}

static void form(void **state) /* R1 */
{
    sso_ctx_t *cx = *state;
    const sso_jwks_t *keys = set_of(cx, jwk_of(cx, key[RSA_A], ""));
    const char *good = sign(cx, "RS256", NULL);
    const char *const parts[] = {
        "",        ".",         "..",   "a.b",
        "a.b.c.d", "a.b.c.d.e", "....", apr_pstrcat(cx->pool, good, ".", NULL)};
    char *token = apr_pstrdup(cx->pool, good);
    char *last = token + strlen(token) - 1;
    char *big = apr_palloc(cx->pool, SSO_JWT_BYTES + 2);
    apr_size_t i;

    for (i = 0; i < COUNT(parts); i++) {
        const char *code = !strcmp(parts[i], "..") ? "jwt_header:json" : "jwt_form:parts";

        assert_refused(cx, parts[i], keys, ANY, code);
    }
    assert_refused(cx, apr_pstrcat(cx->pool, good, "=", NULL), keys, ANY, "jwt_form:base64");
    assert_refused(cx, apr_pstrcat(cx->pool, good, "==", NULL), keys, ANY, "jwt_form:base64");
    assert_refused(cx, apr_pstrcat(cx->pool, good, "\n", NULL), keys, ANY, "jwt_form:base64");
    assert_refused(cx, apr_pstrcat(cx->pool, " ", good, NULL), keys, ANY, "jwt_form:base64");
    *last = *last == 'A' ? 'B' : (char)(*last + 1); /* 256 bytes: the last digit has unused bits */
    assert_refused(cx, token, keys, ANY, "jwt_form:base64");
    *last = '+';
    assert_refused(cx, token, keys, ANY, "jwt_form:base64");
    memset(big, 'A', SSO_JWT_BYTES + 1);
    big[SSO_JWT_BYTES + 1] = '\0';
    assert_refused(cx, big, keys, ANY, "jwt_form:size");
}

static void headers(void **state) /* R1, R12 */
{
    static const struct {
        const char *header;
        const char *code;
    } table[] = {
        {"", "jwt_header:json"},
        {"[]", "jwt_header:json"},
        {"\"RS256\"", "jwt_header:json"},
        {"{\"alg\":\"RS256\"", "jwt_header:json"},
        {"{\"alg\":\"RS256\",\"alg\":\"RS256\"}", "jwt_header:json"},
        {"{\"alg\":\"RS256\",\"x\":[[[[1]]]]}", "jwt_header:json"},
        {"{\"alg\":\"RS256\",\"x\":\"\xff\"}", "jwt_header:json"},
        {"{}", "jwt_header:alg"},
        {"{\"alg\":256}", "jwt_header:alg"},
        {"{\"alg\":[\"RS256\"]}", "jwt_header:alg"},
        {"{\"alg\":\"RS256\",\"kid\":1}", "jwt_header:kid"},
        {"{\"alg\":\"RS256\",\"kid\":null}", "jwt_header:kid"},
        {"{\"alg\":\"RS256\",\"typ\":{}}", "jwt_header:typ"},
        {"{\"alg\":\"RS256\",\"crit\":[\"exp\"],\"exp\":1}", "jwt_header:crit"},
        {"{\"alg\":\"RS256\",\"crit\":[]}", "jwt_header:crit"},
        {"{\"alg\":\"RS256\",\"b64\":false,\"crit\":[\"b64\"]}", "jwt_header:crit"},
        {"{\"alg\":\"none\"}", "jwt_alg"},
        {"{\"alg\":\"None\"}", "jwt_alg"},
        {"{\"alg\":\"HS256\"}", "jwt_alg"},
        {"{\"alg\":\"rs256\"}", "jwt_alg"},
        {"{\"alg\":\"RS256 \"}", "jwt_alg"},
        {"{\"alg\":\"RS1\"}", "jwt_alg"},
        {"{\"alg\":\"ES256K\"}", "jwt_alg"},
        {"{\"alg\":\"\"}", "jwt_alg"},
        {"{\"alg\":\"RS256\",\"kid\":\"another\"}", "jwt_key"},
        {"{\"alg\":\"RS256\",\"kid\":\"\"}", "jwt_key"},
        {"{\"alg\":\"ES256\",\"kid\":\"one\"}", "jwt_key"},
        {"{\"alg\":\"RS384\",\"kid\":\"one\"}", "jwt_signature"},
        {"{\"alg\":\"PS256\",\"kid\":\"one\"}", "jwt_signature"},
    };
    sso_ctx_t *cx = *state;
    const sso_jwks_t *keys = set_of(cx, jwk_of(cx, key[RSA_A], "\"kid\":\"one\","));
    apr_size_t i;

    for (i = 0; i < COUNT(table); i++) {
        assert_refused(cx, token_of(cx, table[i].header, "RS256", key[RSA_A]), keys, ANY,
                       table[i].code);
    }
    assert_refused(cx, apr_pstrcat(cx->pool, "eyJhbGciOiJub25lIn0.", "e30", ".", NULL), keys, ANY,
                   "jwt_alg");
}

static void only_allowed_algorithms(void **state) /* R12 */
{
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(names); i++) {
        unsigned bit = sso_jws_alg_bit(sso_jws_alg(sso_span(names[i])));
        const sso_jwks_t *keys = set_of(cx, jwk_of(cx, key_of(names[i]), ""));
        sso_jws_t jws;

        assert_refused(cx, sign(cx, names[i], NULL), keys, ~bit, "jwt_alg");
        assert_refused(cx, sign(cx, names[i], NULL), keys, 0, "jwt_alg");
        assert_int_equal(sso_jws_verify(cx, sso_span(sign(cx, names[i], NULL)), keys, bit, &jws),
                         0);
    }
    assert_string_equal(sso_jws_alg_names(cx->pool, ANY),
                        "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA");
    assert_string_equal(sso_jws_alg_names(cx->pool, 0), "");
}

static void keys_in_the_header_are_ignored(void **state) /* R7 */
{
    sso_ctx_t *cx = *state;
    const char *const more[] = {
        apr_pstrcat(cx->pool, "\"jwk\":", jwk_of(cx, key[RSA_B], ""), NULL),
        "\"jku\":\"https://evil.example/jwks\"",
        "\"x5u\":\"https://evil.example/x\"",
        "\"x5c\":[\"MIIB\"]",
    };
    const sso_jwks_t *keys = set_of(cx, jwk_of(cx, key[RSA_A], ""));
    apr_size_t i;

    for (i = 0; i < COUNT(more); i++) {
        const char *header = apr_psprintf(cx->pool, "{\"alg\":\"RS256\",%s}", more[i]);
        sso_jws_t jws;

        assert_refused(cx, token_of(cx, header, "RS256", key[RSA_B]), keys, ANY, "jwt_signature");
        assert_int_equal(sso_jws_verify(cx, sso_span(token_of(cx, header, "RS256", key[RSA_A])),
                                        keys, ANY, &jws),
                         APR_SUCCESS);
    }
}

static void signatures(void **state)
{
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(names); i++) {
        const sso_jwks_t *keys = set_of(cx, jwk_of(cx, key_of(names[i]), ""));
        const char *good = sign(cx, names[i], NULL);
        char *token = apr_pstrdup(cx->pool, good);
        char *dot = strrchr(token, '.');
        char *payload = strchr(token, '.') + 1;

        dot[1] = dot[1] == 'A' ? 'Q' : 'A';
        assert_refused(cx, token, keys, ANY, "jwt_signature");
        memcpy(token, good, strlen(good));
        payload[2] = payload[2] == 'A' ? 'B' : 'A';
        assert_refused(cx, token, keys, ANY, "jwt_signature");
        memcpy(token, good, strlen(good));
        dot[1] = '\0';
        assert_refused(cx, token, keys, ANY, "jwt_signature"); /* none at all */
        assert_refused(cx, apr_pstrcat(cx->pool, good, "AAAA", NULL), keys, ANY, "jwt_signature");
    }
}

/* ECDSA as JOSE has it: R||S of fixed length, never DER; zeros are no signature (CVE-2022-21449). */
static void ecdsa_form(void **state) /* R12 */
{
    sso_ctx_t *cx = *state;
    const sso_jwks_t *keys = set_of(cx, jwk_of(cx, key[P256], ""));
    const char *good = sign(cx, "ES256", NULL);
    apr_size_t text = (apr_size_t)(strrchr(good, '.') - good);
    unsigned char der[128];
    unsigned char zeros[64] = {0};
    size_t n = sizeof(der);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key[P256], NULL), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &n, (const unsigned char *)good, text), 1);
    EVP_MD_CTX_free(ctx);
    assert_refused(
        cx, apr_pstrcat(cx->pool, apr_pstrndup(cx->pool, good, text), ".", b64(cx, der, n), NULL),
        keys, ANY, "jwt_signature");
    assert_refused(cx,
                   apr_pstrcat(cx->pool, apr_pstrndup(cx->pool, good, text), ".",
                               b64(cx, zeros, sizeof(zeros)), NULL),
                   keys, ANY, "jwt_signature");
}

/* ---- choosing a key ---- */

static void choosing(void **state) /* R7, R12 */
{
    static const struct {
        const char *more; /* members of the right key */
        const char *kid;  /* of the token */
        const char *code; /* NULL: accepted */
    } table[] = {
        {"", NULL, NULL},
        {"", "one", "jwt_key"},
        {"\"kid\":\"one\",", NULL, NULL},
        {"\"kid\":\"one\",", "one", NULL},
        {"\"kid\":\"one\",", "ONE", "jwt_key"},
        {"\"kid\":\"one\",", "on", "jwt_key"},
        {"\"kid\":\"one\",", "../../one", "jwt_key"},
        {"\"use\":\"sig\",", NULL, NULL},
        {"\"use\":\"enc\",", NULL, "jwt_key"},
        {"\"use\":\"SIG\",", NULL, "jwt_key"},
        {"\"key_ops\":[\"verify\"],", NULL, NULL},
        {"\"key_ops\":[\"sign\",\"verify\"],", NULL, NULL},
        {"\"key_ops\":[\"encrypt\"],", NULL, "jwt_key"},
        {"\"key_ops\":[],", NULL, "jwt_key"},
        {"\"alg\":\"RS256\",", NULL, NULL},
        {"\"alg\":\"RS512\",", NULL, "jwt_key"},
        {"\"alg\":\"RSA-OAEP\",", NULL, "jwt_key"},
        {"\"x5c\":[\"junk\"],\"x5t\":7,", NULL, NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(table); i++) {
        const sso_jwks_t *keys = set_of(cx, jwk_of(cx, key[RSA_A], table[i].more));
        const char *token = sign(cx, "RS256", table[i].kid);
        sso_jws_t jws;

        if (table[i].code) {
            assert_refused(cx, token, keys, ANY, table[i].code);
        } else {
            assert_int_equal(sso_jws_verify(cx, sso_span(token), keys, ANY, &jws), APR_SUCCESS);
        }
    }
}

/* Several keys fit: each is tried, but not any number of them. */
static void several_keys(void **state)
{
    sso_ctx_t *cx = *state;
    const char *a = jwk_of(cx, key[RSA_A], "");
    const char *b = jwk_of(cx, key[RSA_B], "");
    const char *token = sign(cx, "RS256", NULL);
    sso_jws_t jws;

    assert_int_equal(
        sso_jws_verify(cx, sso_span(token),
                       set_of(cx, apr_pstrcat(cx->pool, b, ",", b, ",", b, ",", a, NULL)), ANY,
                       &jws),
        APR_SUCCESS);
    assert_refused(cx, token,
                   set_of(cx, apr_pstrcat(cx->pool, b, ",", b, ",", b, ",", b, ",", a, NULL)), ANY,
                   "jwt_signature");
}

/* ---- keys at the door ---- */

static void bad_keys(void **state) /* R12 */
{
    static const struct {
        const char *jwk;
        const char *why;
    } table[] = {
        {"7", "something that is not an object"},
        {"{}", "a key without kty"},
        {"{\"kty\":1}", "a key without kty"},
        {"{\"kty\":\"oct\",\"k\":\"AAAA\"}", "a key whose secret half is published with it"},
        {"{\"kty\":\"oct\"}", "a kty that is not known here"},
        {"{\"kty\":\"rsa\"}", "a kty that is not known here"},
        {"{\"kty\":\"RSA\",\"n\":\"AQAB\"}", "an RSA key without n or e"},
        {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "an RSA key under 2048 bits"},
        {"{\"kty\":\"RSA\",\"n\":\"A=AB\",\"e\":\"AQAB\"}", "an RSA key without n or e"},
        {"{\"kty\":\"RSA\",\"n\":\"A+AB\",\"e\":\"AQAB\"}", "an RSA key without n or e"},
        {"{\"kty\":\"RSA\",\"n\":1,\"e\":\"AQAB\"}", "an RSA key without n or e"},
        {"{\"kty\":\"RSA\",\"use\":1,\"n\":\"AQAB\",\"e\":\"AQAB\"}",
         "use, kid, alg or key_ops of the wrong type"},
        {"{\"kty\":\"RSA\",\"key_ops\":\"verify\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
         "use, kid, alg or key_ops of the wrong type"},
        {"{\"kty\":\"RSA\",\"kid\":\"a\\u0000b\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
         "something that jansson refuses"},
        {"{\"kty\":\"EC\",\"x\":\"AAAA\",\"y\":\"AAAA\"}", "an EC key without crv"},
        {"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
         "a curve that is not known here"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\"}", "an EC key without x or y"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
         "a coordinate of the wrong length"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\","
         "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}",
         "a point that is not on its curve"},
        {"{\"kty\":\"OKP\",\"x\":\"AAAA\"}", "an OKP key without crv"},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAA\"}", "a curve that is not known here"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", "an OKP key without x"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
         "a coordinate of the wrong length"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(table); i++) {
        json_t *jwk = json_loads(table[i].jwk, JSON_DECODE_ANY, NULL);
        sso_jwk_t out = {.kid = "untouched"};
        const char *why = jwk ? sso_jwk_parse(cx->pool, jwk, &out)
                              : "something that jansson refuses";

        assert_non_null(why);
        assert_string_equal(why, table[i].why);
        assert_string_equal(out.kid, "untouched");
        json_decref(jwk);
    }
}

/* n of so many bits, its first and last byte given; e as base64url. */
static const char *rsa_why(sso_ctx_t *cx, apr_size_t bytes, int first, int last, const char *e)
{
    unsigned char n[1025];
    sso_jwk_t out;
    json_t *jwk;
    const char *why;

    memset(n, 0xa5, sizeof(n));
    n[0] = (unsigned char)first;
    n[bytes - 1] = (unsigned char)last;
    jwk = json_pack("{s:s,s:s,s:s}", "kty", "RSA", "n", b64(cx, n, bytes), "e", e);
    why = sso_jwk_parse(cx->pool, jwk, &out);
    json_decref(jwk);
    return why ? why : "";
}

static void rsa_sizes(void **state) /* R12 */
{
    sso_ctx_t *cx = *state;

    assert_string_equal(rsa_why(cx, 256, 0x80, 1, "AQAB"), "");
    assert_string_equal(rsa_why(cx, 256, 0x7f, 1, "AQAB"), "an RSA key under 2048 bits");
    assert_string_equal(rsa_why(cx, 128, 0x80, 1, "AQAB"), "an RSA key under 2048 bits");
    assert_string_equal(rsa_why(cx, 1024, 0x80, 1, "AQAB"), "");
    assert_string_equal(rsa_why(cx, 1025, 0x01, 1, "AQAB"), "an RSA key over 8192 bits");
    assert_string_equal(rsa_why(cx, 1025, 0x00, 1, "AQAB"), "");
    assert_string_equal(rsa_why(cx, 256, 0x80, 2, "AQAB"), "an even RSA modulus");
    assert_string_equal(rsa_why(cx, 256, 0x80, 1, "AQ"), "an RSA exponent under 65537, or even");
    assert_string_equal(rsa_why(cx, 256, 0x80, 1, "Aw"), "an RSA exponent under 65537, or even");
    assert_string_equal(rsa_why(cx, 256, 0x80, 1, "AQAC"), "an RSA exponent under 65537, or even");
    assert_string_equal(rsa_why(cx, 256, 0x80, 1, "__8"), "an RSA exponent under 65537, or even");
    assert_string_equal(rsa_why(cx, 256, 0x80, 1, "AQAAAAAAAAAB"), "an RSA exponent over 64 bits");
}

static void a_published_private_key(void **state)
{
    sso_ctx_t *cx = *state;
    json_t *jwk = json_loads(jwk_of(cx, key[P256], "\"d\":\"AAAA\","), 0, NULL);
    sso_jwk_t out;

    assert_string_equal(sso_jwk_parse(cx->pool, jwk, &out),
                        "a key whose secret half is published with it");
    json_decref(jwk);
}

static void assert_no_set(sso_ctx_t *cx, const char *text, const char *code)
{
    sso_jwks_t *set = NULL;

    assert_int_not_equal(sso_jwks_parse(cx, cx->pool, sso_span(text), &set), APR_SUCCESS);
    assert_string_equal(sso_error_code(cx), code);
    assert_null(set);
    sso_ctx_clear(cx);
}

static const char *many_keys(sso_ctx_t *cx, int n)
{
    const char *one = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                      "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
    const char *all = one;
    int i;

    for (i = 1; i < n; i++)
        all = apr_pstrcat(cx->pool, all, ",", one, NULL);
    return apr_pstrcat(cx->pool, "{\"keys\":[", all, "]}", NULL);
}

static void sets(void **state) /* R7 */
{
    sso_ctx_t *cx = *state;
    char *big = apr_palloc(cx->pool, SSO_JWKS_BYTES + 2);
    sso_jwks_t *set;

    memset(big, ' ', SSO_JWKS_BYTES + 1);
    big[SSO_JWKS_BYTES + 1] = '\0';
    assert_no_set(cx, big, "jwks:size");
    assert_no_set(cx, "", "jwks:json");
    assert_no_set(cx, "<html>", "jwks:json");
    assert_no_set(cx, "[]", "jwks:json");
    assert_no_set(cx, "{\"keys\":[],\"keys\":[]}", "jwks:json");
    assert_no_set(cx, "{}", "jwks:keys");
    assert_no_set(cx, "{\"keys\":{}}", "jwks:keys");
    assert_no_set(cx, many_keys(cx, SSO_JWKS_MAX + 1), "jwks:keys");
    assert_no_set(cx, "{\"keys\":[]}", "jwks:empty");
    assert_no_set(cx, "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "jwks:empty");
    assert_int_equal(sso_jwks_parse(cx, cx->pool, sso_span(many_keys(cx, SSO_JWKS_MAX)), &set),
                     APR_SUCCESS);
    assert_int_equal(set->n, SSO_JWKS_MAX);
    set = set_of(cx,
                 apr_pstrcat(cx->pool, "{\"kty\":\"oct\"},7,", jwk_of(cx, key[P256], ""), NULL));
    assert_int_equal(set->n, 1);
    assert_int_equal(set->skipped, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(rfc_vectors),
        UNIT(encrypted_tokens),
        UNIT(a_changed_ciphertext),
        UNIT(a_bad_epk),
        UNIT(every_algorithm_signs_and_verifies),
        UNIT(form),
        UNIT(headers),
        UNIT(only_allowed_algorithms),
        UNIT(keys_in_the_header_are_ignored),
        UNIT(signatures),
        UNIT(ecdsa_form),
        UNIT(choosing),
        UNIT(several_keys),
        UNIT(bad_keys),
        UNIT(rsa_sizes),
        UNIT(a_published_private_key),
        UNIT(sets),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
