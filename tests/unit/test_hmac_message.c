/*
 * test_hmac_message.c - what we emit, what a provider makes of our requests, and the naming of mistakes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hmac_bench.h"
#include "token/token_diagnose.h"

#include <openssl/evp.h>

#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static json_t *ada(void)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "token", TOKEN, "user_id", "42", "email",
                     "ada@example.org", "name", "Ada Lovelace");
}

/* ---- what we write ---- */

/* Vector I3. */
static void answers_are_made_as_published(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    json_t *object = ada();
    const char *query;

    assert_int_equal(sso_hmac_answer_make(cx, &b->peer, object, &query), APR_SUCCESS);
    assert_string_equal(
        query,
        "data=eyJ0b2tlbiI6IjVmMmM4YjFlOWQzYTRjNzA4MWU2YjBmNGEyZDljMzU3IiwidXNlcl9pZCI6IjQyIiwiZW1ha"
        "WwiOiJhZGFAZXhhbXBsZS5vcmciLCJuYW1lIjoiQWRhIExvdmVsYWNlIn0g"
        "&sig=1d2bb890f3e8877af89e4b308d38570c1c5dc88ba22b21c8513c3601cd30d82b");
    json_decref(object);
}

/* Vector I1. */
static void requests_are_made_as_published(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    const char *query;

    assert_int_equal(sso_hmac_request_make(cx, &b->peer, TOKEN, &query), APR_SUCCESS);
    assert_string_equal(query,
                        "token=" TOKEN
                        "&sig=092a5a7f20718a060b4c2671964f4ba6d1daf9c2c29efde57bbb613013536827");
}

/* A value of every pair of ASCII characters, beginning at each of the three positions that a byte
 * can have in Base64: with them, every six bits that two neighbours can give occur. */
static void E3_only_letters_and_digits_come_out(void **state)
{
    sso_ctx_t *cx = *state;
    char value[300];
    int first;
    int shift;

    for (first = 1; first < 0x80; first++) {
        for (shift = 0; shift < 3; shift++) {
            char *o = value;
            const char *data;
            sso_span_t json;
            json_t *object;
            int second;

            for (second = 0; second < shift; second++)
                *o++ = 'x';
            for (second = 1; second < 0x80; second++) {
                *o++ = (char)first;
                *o++ = (char)second;
            }
            *o = '\0';
            object = json_pack("{s:s}", "k", value);
            assert_int_equal(sso_hmac_data_make(cx, object, &data), APR_SUCCESS);
            assert_int_equal(strspn(data, ALPHABET), strlen(data));
            json_decref(object);

            /* and it means the same */
            assert_int_equal(sso_b64_decode(cx->pool, sso_span(data), SSO_B64_STD, &json, NULL), 0);
            object = json_loadb(json.p, json.n, 0, NULL);
            assert_string_equal(json_string_value(json_object_get(object, "k")), value);
            json_decref(object);
        }
    }
}

static void E3_text_beyond_ASCII_is_escaped(void **state)
{
    sso_ctx_t *cx = *state;
    json_t *object = json_pack("{s:s}", "k", "Zo\xc3\xab \xf0\x9f\x98\x80 <&'>~?\x7f");
    const char *data;
    sso_span_t json;

    assert_int_equal(sso_hmac_data_make(cx, object, &data), APR_SUCCESS);
    assert_int_equal(sso_b64_decode(cx->pool, sso_span(data), SSO_B64_STD, &json, NULL), 0);
    assert_true(sso_span_starts(
        json,
        "{\"k\":\"Zo\\u00EB \\uD83D\\uDE00 \\u003c\\u0026\\u0027\\u003e\\u007e\\u003f\\u007f\"}"));
    assert_int_equal(json.n % 3, 0);
    json_decref(object);
}

/* Every answer we make is accepted in both readings, so that a peer may have either. */
static void E3_both_readings_are_one(void **state)
{
    sso_ctx_t *cx = *state;
    json_t *object = ada();
    int covers;

    json_object_set_new(object, "bio", json_string("?>~ \xc3\xbf"));
    for (covers = SSO_HMAC_SIGNED_EITHER; covers <= SSO_HMAC_SIGNED_URLENCODED; covers++) {
        bench_t *b = bench_bare(cx);
        const char *query;

        bench_add_secret(b, SECRET);
        b->set.hmac_signed = covers;
        bench_prepare(cx, b);
        assert_int_equal(sso_hmac_answer_make(cx, &b->peer, object, &query), APR_SUCCESS);
        assert_outcome(cx, b, query, "ok");
    }
    json_decref(object);
}

static void answers_that_do_not_fit_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    char text[6200];
    const char *data = NULL;
    json_t *object;
    int n;

    for (n = 6130; n < 6142; n++) { /* {"k":""} is 8 bytes; 6144 fit */
        memset(text, 'a', sizeof(text));
        text[n] = '\0';
        object = json_pack("{s:s}", "k", text);
        if (n + 8 <= 6144) {
            assert_int_equal(sso_hmac_data_make(cx, object, &data), APR_SUCCESS);
            assert_true(strlen(data) <= SSO_HMAC_DATA_MAX);
        } else {
            data = NULL;
            assert_int_not_equal(sso_hmac_data_make(cx, object, &data), APR_SUCCESS);
            assert_fault(cx, PARAM_SIZE);
            assert_null(data);
        }
        json_decref(object);
    }
}

/* ---- requests, as a provider verifies them ---- */

static const char *check_request(sso_ctx_t *cx, const bench_t *b, const char *query, int *secret)
{
    sso_params_t params;
    const char *token = NULL;

    sso_ctx_clear(cx);
    assert_int_equal(sso_params_parse(cx, sso_span(query), 0, &params), APR_SUCCESS);
    if (sso_hmac_request_check(cx, &b->peer, &params, secret, &token) == APR_SUCCESS) return token;
    assert_null(token);
    return apr_pstrcat(cx->pool, "! ", sso_error_code(cx), NULL);
}

static const char *signed_token(sso_ctx_t *cx, const char *wire, const char *token)
{
    return apr_pstrcat(cx->pool, "token=", wire, "&sig=", hmac_hex(cx, SECRET, sso_span(token)),
                       NULL);
}

static const char *repeat_a(sso_ctx_t *cx, int n)
{
    char *z = apr_palloc(cx->pool, (apr_size_t)n + 1);

    memset(z, 'a', (apr_size_t)n);
    z[n] = '\0';
    return z;
}

static void requests_are_verified(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    const struct {
        const char *wire, *token, *wanted;
    } row[] = {
        {TOKEN, TOKEN, TOKEN},
        {repeat_a(cx, 512), repeat_a(cx, 512), repeat_a(cx, 512)},
        {repeat_a(cx, 513), repeat_a(cx, 513), "! param_size:token"},
        {"a%2Bb", "a+b", "a+b"},
        {"a+b", "a+b", "a+b"},
        {"a%2bb", "a%2bb", "a+b"}, /* the literal reading was signed */
        {"a%20b", "a b", "! token_format"},
        {"a%20b", "a+b", "! sig_mismatch"}, /* no mending in tokens */
        {"%7e", "~", "~"},
        {"%7f", "\x7f", "! token_format"},
        {"%1f", "\x1f", "! token_format"},
        {"%c3%bc", "\xc3\xbc", "! token_format"},
        {"", "", "! param_missing:token"},
        {"e30", "e30", "! token_format"}, /* {} */
        {"W10", "W10", "W10"},            /* [] is no answer */
        {"eyJ9", "eyJ9", "eyJ9"},         /* begins with {, is no JSON */
    };
    apr_size_t i;
    int secret;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %.40s\n", row[i].wire);
        assert_string_equal(
            check_request(cx, b, signed_token(cx, row[i].wire, row[i].token), &secret),
            row[i].wanted);
    }
}

static void R3_an_answer_is_no_request(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    const char *plain;
    json_t *object = ada();
    int secret;

    assert_int_equal(sso_hmac_data_make(cx, object, &plain), APR_SUCCESS);
    json_decref(object);
    assert_string_equal(check_request(cx, b, signed_token(cx, plain, plain), &secret),
                        "! token_format");
    plain = sso_b64url_encode(cx->pool, sso_span(ANSWER_JSON));
    assert_string_equal(check_request(cx, b, signed_token(cx, plain, plain), &secret),
                        "! token_format");
}

static void requests_tell_which_secret(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_bare(cx);
    int secret = -1;

    bench_add_secret(b, PREVIOUS);
    bench_add_secret(b, SECRET);
    bench_prepare(cx, b);
    assert_string_equal(check_request(cx, b, signed_token(cx, TOKEN, TOKEN), &secret), TOKEN);
    assert_int_equal(secret, 1);
}

/* ---- mistakes ---- */

/* A secret that can also be read as hex and as Base64. */
#define HEX_SECRET "00112233445566778899aabbccddeeff00112233445566778899aabbccddeef0"

typedef struct {
    sso_ctx_t *cx;
    const char *data; /* Base64 with '+', '/' and "=" */
    const char *json;
} pen_t;

static sso_span_t hmac_raw(const pen_t *p, const char *digest, sso_span_t key, sso_span_t text)
{
    unsigned char *mac = apr_palloc(p->cx->pool, EVP_MAX_MD_SIZE);
    size_t n = 0;

    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, key.p, key.n,
                              (const unsigned char *)text.p, text.n, mac, EVP_MAX_MD_SIZE, &n));
    return sso_span_of(mac, n);
}

static const char *hex_of(const pen_t *p, const char *digest, sso_span_t key, const char *text)
{
    return sso_hex_encode(p->cx->pool, hmac_raw(p, digest, key, sso_span(text)));
}

static const char *hash_of(const pen_t *p, const char *a, const char *b)
{
    sso_span_t both = sso_span(apr_pstrcat(p->cx->pool, a, b, NULL));
    unsigned char hash[SSO_MAC_BYTES];

    assert_int_equal(sso_mac_hash(p->cx, &both, 1, hash), APR_SUCCESS);
    return sso_hex_encode(p->cx->pool, sso_span_of(hash, sizeof(hash)));
}

static const char *escaped_lower(const pen_t *p)
{
    char *z = sso_percent_encode(p->cx->pool, sso_span(p->data));
    char *c;

    for (c = z; (c = strchr(c, '%')); c += 3)
        c[2] = (char)(c[2] | 0x20); /* %3D to %3d; digits stay */
    return z;
}

static const char *diagnose(const pen_t *p, const char *wire, const char *sig)
{
    const sso_span_t secret[] = {sso_span(PREVIOUS), sso_span(HEX_SECRET)};
    const sso_hmac_signed_t m = {.what = {sso_span(wire), sso_span(p->data)},
                                 .sig = {sso_span(sig), sso_span(sig)}};

    return sso_token_diagnose(p->cx, secret, 2, SSO_TOKEN_ANSWER, &m);
}

static void mistakes_are_named(void **state)
{
    sso_ctx_t *cx = *state;
    pen_t p = {cx, NULL, "{\"user_id\":\"42\",\"bio\":\">>>???\"}"};
    const sso_span_t key = sso_span(HEX_SECRET);
    sso_span_t from_base64;
    unsigned char from_hex[32];
    const char *wire;
    const char *right;
    apr_size_t i;

    p.data = sso_b64_encode(cx->pool, sso_span(p.json));
    assert_true(strchr(p.data, '+') && strchr(p.data, '/') && strchr(p.data, '='));
    wire = sso_percent_encode(cx->pool, sso_span(p.data));
    right = hex_of(&p, "SHA256", key, p.data);
    assert_int_equal(sso_hex_decode(key, from_hex, sizeof(from_hex)), APR_SUCCESS);
    assert_int_equal(sso_b64_decode(cx->pool, key, SSO_B64_STD, &from_base64, NULL), APR_SUCCESS);
    {
        const struct {
            const char *sig, *named;
        } row[] = {
            {hex_of(&p, "SHA256", key, p.json), "signed the JSON"},
            {hex_of(&p, "SHA256", key, escaped_lower(&p)), "other %-escapes"},
            {hex_of(&p, "SHA256", key, apr_pstrcat(cx->pool, p.data, "\n", NULL)),
             "line break behind it"},
            {hex_of(&p, "SHA256", key, apr_pstrcat(cx->pool, "data=", wire, NULL)),
             "\"data=\" too"},
            {hex_of(&p, "SHA256", sso_span_of(from_hex, sizeof(from_hex)), p.data), "from hex"},
            {hex_of(&p, "SHA256", from_base64, p.data), "from Base64"},
            {hex_of(&p, "SHA256", sso_span(HEX_SECRET "\n"), p.data), "secret ends with"},
            {hex_of(&p, "SHA256", sso_span(HEX_SECRET "\r\n"), p.data), "secret ends with"},
            {hex_of(&p, "SHA256", sso_span(p.data), HEX_SECRET), "exchanged"},
            {hash_of(&p, HEX_SECRET, p.data), "plain SHA-256"},
            {hash_of(&p, p.data, HEX_SECRET), "plain SHA-256"},
            {sso_b64_encode(cx->pool, sso_span(right)), "Base64 of the hex digits"},
            {hex_of(&p, "SHA1", key, p.data), "HMAC-SHA1"},
            {hex_of(&p, "MD5", key, p.data), "HMAC-MD5"},
            {sso_b64_encode(cx->pool, hmac_raw(&p, "SHA512", key, sso_span(p.data))),
             "HMAC-SHA512"},
            {right, "SSOHmacSig or SSOHmacSigned"},
            {hex_of(&p, "SHA256", key, wire), "SSOHmacSig or SSOHmacSigned"},
            /* as Base64 too */
            {sso_b64_encode(cx->pool, hmac_raw(&p, "SHA256", key, sso_span(p.json))),
             "signed the JSON"},
            {sso_b64url_encode(cx->pool, hmac_raw(&p, "SHA1", key, sso_span(p.data))), "HMAC-SHA1"},
            {hex_of(&p, "SHA256", sso_span(PREVIOUS), p.json), "signed the JSON"},
        };

        for (i = 0; i < COUNT(row); i++) {
            const char *says = diagnose(&p, wire, row[i].sig);

            print_message("  %s\n", row[i].named);
            assert_non_null(says);
            assert_non_null(strstr(says, row[i].named));
        }
    }
    /* The data was sent as it is, but signed in its escaped form. */
    assert_non_null(
        strstr(diagnose(&p, p.data, hex_of(&p, "SHA256", key, wire)), "other %-escapes"));
}

static void nothing_is_named_without_reason(void **state)
{
    sso_ctx_t *cx = *state;
    const pen_t p = {cx, "eyJ9", "{\"}"};
    static const char *const sig[] = {
        "",
        "0",
        "zz",
        "!!",
        "====",
        "3736838348aeeb5af03ac9c19ec510ab5ae010a468618b1f76a30f7d4da45d0b",
        "NzaDg0iu61rwOsnBnsUQq1rgEKRoYYsfdqMPfU2kXQs",
    };
    apr_size_t i;

    for (i = 0; i < COUNT(sig); i++)
        assert_null(diagnose(&p, "eyJ9", sig[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(answers_are_made_as_published),
        UNIT(requests_are_made_as_published),
        UNIT(E3_only_letters_and_digits_come_out),
        UNIT(E3_text_beyond_ASCII_is_escaped),
        UNIT(E3_both_readings_are_one),
        UNIT(answers_that_do_not_fit_are_refused),
        UNIT(requests_are_verified),
        UNIT(R3_an_answer_is_no_request),
        UNIT(requests_tell_which_secret),
        UNIT(mistakes_are_named),
        UNIT(nothing_is_named_without_reason),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
