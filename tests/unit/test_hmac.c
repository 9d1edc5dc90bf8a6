/*
 * test_hmac.c - the rules of an incoming answer, one test per rule and named after it; how a login starts; what a provider's settings must be.
 *
 * Each test of a rule fails when the rule is taken out of the code: that was tried, one by one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "hmac_bench.h"

#include <ctype.h>

static const char *repeat(sso_ctx_t *cx, char c, apr_size_t n)
{
    char *z = apr_palloc(cx->pool, n + 1);

    memset(z, c, n);
    z[n] = '\0';
    return z;
}

/* ANSWER_JSON with more members behind it. */
static const char *with(sso_ctx_t *cx, const char *members)
{
    return apr_pstrcat(cx->pool, apr_pstrndup(cx->pool, ANSWER_JSON, strlen(ANSWER_JSON) - 1), ",",
                       members, "}", NULL);
}

/* ---- A1 ---- */

static void A1_only_GET(void **state)
{
    static const struct {
        const char *method, *wanted;
    } row[] = {
        {"GET", "ok"},      {"HEAD", "method"}, {"OPTIONS", "method"},
        {"POST", "method"}, {"get", "method"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);

        print_message("  %s\n", row[i].method);
        b->req.method = row[i].method;
        assert_outcome(cx, b, answer_of(cx, ANSWER_JSON), row[i].wanted);
    }
}

/* ---- A3 ---- */

#define DATA "data=eyJ9"
#define SIG  "sig=3736838348aeeb5af03ac9c19ec510ab5ae010a468618b1f76a30f7d4da45d0b"

static void A3_parameters_exactly_once(void **state)
{
    static const struct {
        const char *query, *wanted;
    } row[] = {
        {NULL, "param_missing:data"},
        {"", "param_missing:data"},
        {SIG, "param_missing:data"},
        {DATA, "param_missing:sig"},
        {"data=&" SIG, "param_missing:data"},
        {"data&" SIG, "param_missing:data"},
        {DATA "&sig=", "param_missing:sig"},
        {"Data=eyJ9&" SIG, "param_missing:data"},
        {DATA "&SIG=00", "param_missing:sig"},
        {"d%61ta=eyJ9&" SIG, "param_missing:data"},
        {DATA "&" SIG "&" DATA, "param_duplicate:data"},
        {DATA "&data=&" SIG, "param_duplicate:data"},
        {DATA "&" SIG "&" SIG, "param_duplicate:sig"},
        {"data=eyJ9%4&" SIG, "param_escape:data"},
        {"data=eyJ9%zz&" SIG, "param_escape:data"},
        {"data=eyJ9%00&" SIG, "param_escape:data"},
        {DATA "&sig=%", "param_escape:sig"},
        {DATA "&" SIG, "sig_mismatch"},
        {DATA "&" SIG "&DATA=1&x=%zz&x=%zz&token=1&token=2&", "sig_mismatch"},
    };
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].query ? row[i].query : "(none)");
        assert_outcome(cx, b, row[i].query, row[i].wanted);
    }
    /* Presence is asked before size. */
    assert_outcome(cx, b, apr_pstrcat(cx->pool, "data=", repeat(cx, 'e', 9000), NULL),
                   "param_missing:sig");
}

static void A3_names_of_parameters_are_configured(void **state)
{
    static const char *const params[] = {"t", "signature", "payload"};
    sso_ctx_t *cx = *state;
    bench_t *b = bench_bare(cx);
    sso_answer_t answer;
    apr_size_t i;

    for (i = 0; i < COUNT(params); i++) {
        APR_ARRAY_IDX(b->set.hmac_params, (int)i, const char *) = params[i];
    }
    bench_add_secret(b, SECRET);
    bench_prepare(cx, b);
    assert_outcome(cx, b, answer_of(cx, ANSWER_JSON), "param_missing:payload");
    assert_string_equal(outcome(cx, b,
                                apr_psprintf(cx->pool, "payload=eyJ9&signature=%s",
                                             hmac_hex(cx, SECRET, sso_span("eyJ9"))),
                                &answer),
                        "data_json");
}

/* ---- A4 ---- */

/* An answer whose Base64 has exactly n bytes, n a multiple of 4. */
static const char *answer_sized(sso_ctx_t *cx, apr_size_t n)
{
    const char *json = with(cx, "\"x\":\"\"");
    apr_size_t more = n / 4 * 3 - strlen(json);

    json = with(cx, apr_pstrcat(cx->pool, "\"x\":\"", repeat(cx, 'a', more), "\"", NULL));
    assert_int_equal(strlen(sso_b64_encode(cx->pool, sso_span(json))), n);
    return answer_of(cx, json);
}

static void A4_nothing_longer_than_needed(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);

    assert_outcome(cx, b, answer_sized(cx, 8192), "ok");
    assert_outcome(cx, b, answer_sized(cx, 8196), "param_size:data");
    assert_outcome(cx, b, apr_pstrcat(cx->pool, DATA "&sig=", repeat(cx, 'a', 88), NULL),
                   "sig_format");
    assert_outcome(cx, b, apr_pstrcat(cx->pool, DATA "&sig=", repeat(cx, 'a', 89), NULL),
                   "param_size:sig");
}

/* ---- A5 ---- */

static void A5_plus_is_plus_and_space_was_one(void **state)
{
    /* ">>>" and "???" become "Pj4+" and "Pz8/" */
    static const char json[] =
        "{\"token\":\"" TOKEN
        "\",\"user_id\":\"42\",\"email\":\"a@b\",\"name\":\"A\",\"bio\":\">>>>>>\"}";
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    char *data = sso_b64_encode(cx->pool, sso_span(json));
    const char *plus = strchr(data, '+');
    const char *before;

    assert_non_null(plus);
    before = apr_pstrndup(cx->pool, data, (apr_size_t)(plus - data));
    assert_outcome(cx, b, signed_query(cx, data, data), "ok");
    assert_outcome(
        cx, b, signed_query(cx, apr_pstrcat(cx->pool, before, "%20", plus + 1, NULL), data), "ok");
    assert_outcome(
        cx, b, signed_query(cx, apr_pstrcat(cx->pool, before, "%2B", plus + 1, NULL), data), "ok");
    assert_outcome(
        cx, b, signed_query(cx, apr_pstrcat(cx->pool, before, "%2b", plus + 1, NULL), data), "ok");
}

static void A5_holds_for_the_signature_too(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    const char *plus = NULL;
    const char *data = NULL;
    const char *sig = NULL;
    int i;

    for (i = 0; !plus && i < 100; i++) { /* until the Base64 of the signature has a '+' */
        unsigned char mac[SSO_MAC_BYTES];
        const char *json = with(cx, apr_psprintf(cx->pool, "\"x\":%d", i));

        data = sso_b64_encode(cx->pool, sso_span(json));
        assert_int_equal(sso_mac_sign(cx, b->peer.key[0], sso_span(data), mac), APR_SUCCESS);
        sig = sso_b64_encode(cx->pool, sso_span_of(mac, sizeof(mac)));
        plus = strchr(sig, '+');
    }
    assert_non_null(plus);
    assert_outcome(cx, b,
                   apr_psprintf(cx->pool, "data=%s&sig=%.*s%%20%s",
                                sso_percent_encode(cx->pool, sso_span(data)), (int)(plus - sig),
                                sig, plus + 1),
                   "ok");
}

/* ---- A6 ---- */

#define VECTOR_DATA                                                                            \
    "eyJ0b2tlbiI6IjVmMmM4YjFlOWQzYTRjNzA4MWU2YjBmNGEyZDljMzU3IiwidXNlcl9pZCI6IjQyIiwiZW1haWwi" \
    "OiJhZGFAZXhhbXBsZS5vcmciLCJuYW1lIjoiQWRhIExvdmVsYWNlIn0%3D"
#define HEX    "3736838348aeeb5af03ac9c19ec510ab5ae010a468618b1f76a30f7d4da45d0b"
#define BASE64 "NzaDg0iu61rwOsnBnsUQq1rgEKRoYYsfdqMPfU2kXQs"

static void A6_signature_forms(void **state)
{
    static const struct {
        const char *name, *sig, *any, *hex, *base64;
    } row[] = {
        {"hex", HEX, "ok", "ok", "sig_format"},
        {"upper-case hex", "3736838348AEEB5AF03AC9C19EC510AB5AE010A468618B1F76A30F7D4DA45D0B", "ok",
         "ok", "sig_format"},
        {"Base64", BASE64 "=", "ok", "sig_format", "ok"},
        {"Base64 without padding", BASE64, "ok", "sig_format", "ok"},
        {"Base64 padded twice", BASE64 "==", "sig_format", "sig_format", "sig_format"},
        {"Base64 with spare bits", "NzaDg0iu61rwOsnBnsUQq1rgEKRoYYsfdqMPfU2kXQt", "sig_format",
         "sig_format", "sig_format"},
        {"33 bytes as Base64", BASE64 "A", "sig_format", "sig_format", "sig_format"},
        {"62 digits", "3736838348aeeb5af03ac9c19ec510ab5ae010a468618b1f76a30f7d4da45d",
         "sig_format", "sig_format", "sig_format"},
        {"66 digits", HEX "00", "sig_format", "sig_format", "sig_format"},
        {"64, one no digit", "3736838348aeeb5af03ac9c19ec510ab5ae010a468618b1f76a30f7d4da45d0g",
         "sig_format", "sig_format", "sig_format"},
        {"hex with 0x", "0x" HEX, "sig_format", "sig_format", "sig_format"},
        {"hex with a newline", HEX "%0A", "sig_format", "sig_format", "sig_format"},
        {"nothing but one digit", "3", "sig_format", "sig_format", "sig_format"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *query = apr_pstrcat(cx->pool, "data=" VECTOR_DATA "&sig=", row[i].sig, NULL);
        const char *const wanted[] = {row[i].any, row[i].hex, row[i].base64};
        int sig;

        print_message("  %s\n", row[i].name);
        for (sig = SSO_HMAC_SIG_ANY; sig <= SSO_HMAC_SIG_BASE64; sig++) {
            bench_t *b = bench_bare(cx);

            bench_add_secret(b, SECRET);
            b->set.hmac_sig = sig;
            bench_prepare(cx, b);
            assert_outcome(cx, b, query, wanted[sig]);
        }
    }
}

/* Both Base64 alphabets, but not in one signature. */
static void A6_alphabets_do_not_mix(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);

    assert_outcome(cx, b, DATA "&sig=-ab_cdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNA", "sig_mismatch");
    assert_outcome(cx, b, DATA "&sig=%2bab/cdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNA",
                   "sig_mismatch");
    assert_outcome(cx, b, DATA "&sig=-ab/cdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNA", "sig_format");
}

/* ---- A7 ---- */

static void A7_every_bit_of_the_signature_counts(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    int i;

    for (i = 0; i < 256; i++) {
        unsigned char mac[SSO_MAC_BYTES];

        assert_int_equal(sso_hex_decode(sso_span(HEX), mac, sizeof(mac)), APR_SUCCESS);
        mac[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_outcome(cx, b,
                       apr_pstrcat(cx->pool, "data=" VECTOR_DATA "&sig=",
                                   sso_hex_encode(cx->pool, sso_span_of(mac, sizeof(mac))), NULL),
                       "sig_mismatch");
    }
}

static void A7_readings(void **state)
{
    /* The data ends with '=', which is sent as "%3D" or "%3d". */
    static const struct {
        const char *name;
        int raw, lower; /* how '=' is sent: as it is, or as %3d */
        int sign_raw;   /* the text is signed, or else the wire */
        const char *either, *base64, *urlencoded;
    } row[] = {
        {"escaped, text signed", 0, 0, 1, "ok", "ok", "sig_mismatch"},
        {"escaped, wire signed", 0, 0, 0, "ok", "sig_mismatch", "ok"},
        {"%3d, wire signed", 0, 1, 0, "ok", "sig_mismatch", "ok"},
        {"not escaped", 1, 0, 1, "ok", "ok", "ok"},
    };
    sso_ctx_t *cx = *state;
    const char *data = sso_b64_encode(cx->pool, sso_span(ANSWER_JSON));
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *stem = apr_pstrndup(cx->pool, data, strlen(data) - 1);
        const char *end = row[i].raw ? "=" : row[i].lower ? "%3d" : "%3D";
        const char *wire = apr_pstrcat(cx->pool, stem, end, NULL);
        const char *query = signed_query(cx, wire, row[i].sign_raw ? data : wire);
        const char *const wanted[] = {row[i].either, row[i].base64, row[i].urlencoded};
        int covers;

        assert_int_equal(data[strlen(data) - 1], '=');
        print_message("  %s\n", row[i].name);
        for (covers = SSO_HMAC_SIGNED_EITHER; covers <= SSO_HMAC_SIGNED_URLENCODED; covers++) {
            bench_t *b = bench_bare(cx);

            bench_add_secret(b, SECRET);
            b->set.hmac_signed = covers;
            bench_prepare(cx, b);
            assert_outcome(cx, b, query, wanted[covers]);
        }
    }
}

/* Up to three secrets verify; the log says which, and how often. */
static void A7_every_secret_verifies(void **state)
{
    static const char *const secrets[] = {SECRET, PREVIOUS, "the-one-before-that-0123456789ABCDEF"};
    sso_ctx_t *cx = *state;
    bench_t *b = bench_bare(cx);
    const char *data = sso_b64_encode(cx->pool, sso_span(ANSWER_JSON));
    apr_size_t i;

    for (i = 0; i < COUNT(secrets); i++)
        bench_add_secret(b, secrets[i]);
    bench_prepare(cx, b);
    for (i = 0; i < 2 * COUNT(secrets); i++) {
        const char *sig = hmac_hex(cx, secrets[i / 2], sso_span(data));
        const char *told = apr_psprintf(cx->pool, "secret %d of 3, use %d", (int)i / 2 + 1,
                                        (int)i % 2 + 1);

        b->log[0] = '\0';
        assert_outcome(cx, b, apr_psprintf(cx->pool, "data=%s&sig=%s", data, sig), "ok");
        assert_non_null(strstr(b->log, told));
    }
    assert_outcome(
        cx, b,
        apr_psprintf(cx->pool, "data=%s&sig=%s", data,
                     hmac_hex(cx, "not-among-them-0123456789ABCDEFGHIJK", sso_span(data))),
        "sig_mismatch");
}

/* Whatever is wrong with the data: as long as nobody vouches for it, it is not looked at. */
static void A7_comes_before_any_parsing(void **state)
{
    static const char *const data[] = {
        "%25%25%25", "eyJ9", "e30", "eyJCYW5uZWQiOnRydWV9", "eyJhIjoxLCJhIjoxfQ",
    };
    static const char *const signed_fault[] = {
        "data_base64", "data_json", "field_missing:user_id", "data_key_case:Banned", "data_json",
    };
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(data); i++) {
        assert_outcome(cx, b, apr_pstrcat(cx->pool, "data=", data[i], "&" SIG, NULL),
                       "sig_mismatch");
        assert_outcome(cx, b, signed_query(cx, data[i], data[i]), signed_fault[i]);
    }
}

/* ---- A8 ---- */

#define HALF 64 /* a multiple of 4, within the text */

static void A8_strict_base64(void **state)
{
    static const char json[] =
        "{\"token\":\"" TOKEN
        "\",\"user_id\":\"42\",\"email\":\"a@b\",\"name\":\"AA\",\"bio\":\">>>???\"}";
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    const char *std = sso_b64_encode(cx->pool, sso_span(json)); /* has '/', '+' and "==" */
    const char *url = sso_b64url_encode(cx->pool, sso_span(json));
    apr_size_t n = strlen(url);
    const char *half = apr_pstrndup(cx->pool, url, HALF);
    const struct {
        const char *name, *text, *wanted;
    } row[] = {
        {"standard", std, "ok"},
        {"base64url without padding", url, "ok"},
        {"base64url with padding", apr_pstrcat(cx->pool, url, "==", NULL), "ok"},
        {"standard without padding", apr_pstrndup(cx->pool, std, n), "ok"},
        {"wrapped with CR LF", apr_pstrcat(cx->pool, half, "\r\n", url + HALF, "\r\n", NULL), "ok"},
        {"wrapped with tabs", apr_pstrcat(cx->pool, half, "\t", url + HALF, NULL), "data_base64"},
        {"padded once of twice", apr_pstrcat(cx->pool, url, "=", NULL), "data_base64"},
        {"padded too often", apr_pstrcat(cx->pool, url, "===", NULL), "data_base64"},
        {"padding inside", apr_pstrcat(cx->pool, half, "==", url + HALF, NULL), "data_base64"},
        {"text behind the padding", apr_pstrcat(cx->pool, std, "e30=", NULL), "data_base64"},
        {"both alphabets", "-_+/", "data_base64"},
        {"a foreign character", apr_pstrcat(cx->pool, half, "!", url + HALF, NULL), "data_base64"},
        {"a quote", apr_pstrcat(cx->pool, half, "\"", url + HALF, NULL), "data_base64"},
        {"one digit left over", apr_pstrcat(cx->pool, half, "A", NULL), "data_base64"},
        {"spare bits", "e31", "data_base64"},
        {"only newlines", "\r\n", "data_json"},
    };
    apr_size_t i;

    assert_true(strchr(std, '+') && strchr(std, '/') && strlen(std) == n + 2);
    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].name);
        assert_outcome(
            cx, b,
            signed_query(cx, sso_percent_encode(cx->pool, sso_span(row[i].text)), row[i].text),
            row[i].wanted);
    }
}

/* ---- A9 ---- */

static void A9_strict_json(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    sso_buf_t many = sso_buf_make(cx->pool, 0, 4096);
    const struct {
        const char *json, *wanted;
    } row[] = {
        {ANSWER_JSON, "ok"},
        {" \t\r\n" ANSWER_JSON "\n ", "ok"},
        {with(cx, "\"x\":[[[1]]]"), "ok"},
        {with(cx, "\"x\":[[[[1]]]]"), "data_json:depth"},
        {with(cx, "\"x\":{\"y\":1,\"y\":2}"), "data_json"},
        {with(cx, "\"user_id\":\"1\""), "data_json"},
        {with(cx, "\"user\\u005fid\":\"1\""), "data_json"},
        {with(cx, "\"x\":\"\\u0000\""), "data_json"},
        {with(cx, "\"x\":\"\\ud800\""), "data_json"},
        {with(cx, "\"x\":\"\\udc00\\ud800\""), "data_json"},
        {with(cx, "\"x\":\"\xe9\""), "data_json:utf8"},
        {with(cx, "\"x\":\"\xc0\xaf\""), "data_json:utf8"},
        {with(cx, "\"x\":NaN"), "data_json"},
        {with(cx, "\"x\":01"), "data_json"},
        {with(cx, "\"x\":9223372036854775808"), "data_json"},
        {with(cx, "\"x\":\"\n\""), "data_json"},
        {with(cx, ""), "data_json"},
        {"\xef\xbb\xbf" ANSWER_JSON, "data_json:utf8"},
        {ANSWER_JSON "x", "data_json"},
        {ANSWER_JSON ANSWER_JSON, "data_json"},
        {ANSWER_JSON "/* */", "data_json"},
        {"[" ANSWER_JSON "]", "data_json:object"},
        {"\"text\"", "data_json:object"},
        {"null", "data_json:object"},
        {"{'token':1}", "data_json"},
        {"token=" TOKEN, "data_json"},
    };
    apr_size_t i;
    int k;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].json);
        assert_outcome(cx, b, answer_of(cx, row[i].json), row[i].wanted);
    }
    assert_outcome(cx, b, answer_to(cx, sso_span_of(ANSWER_JSON "\0", strlen(ANSWER_JSON) + 1)),
                   "data_json:utf8");
    for (k = 0; k < 60; k++)
        sso_buf_format(&many, "%s\"k%d\":0", k ? "," : "", k);
    assert_outcome(cx, b, answer_of(cx, with(cx, many.p)), "ok"); /* 64 with the four */
    sso_buf_text(&many, ",\"k\":0");
    assert_outcome(cx, b, answer_of(cx, with(cx, many.p)), "data_json:keys");
}

/* ---- A10 ---- */

static void A10_known_keys_in_their_case(void **state)
{
    static const char *const known[] = {"token", "user_id", "email", "name",
                                        "image", "bio",     "roles", "banned"};
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(known); i++) {
        char *key = apr_pstrdup(cx->pool, known[i]);

        key[i % 2] = (char)toupper((unsigned char)key[i % 2]);
        assert_outcome(cx, b, answer_of(cx, with(cx, apr_psprintf(cx->pool, "\"%s\":false", key))),
                       apr_pstrcat(cx->pool, "data_key_case:", key, NULL));
    }
    assert_outcome(cx, b, answer_of(cx, "{\"USER_ID\":1}"), "data_key_case:USER_ID");
    assert_outcome(cx, b, answer_of(cx, with(cx, "\"Benned\":true,\"x\":{\"Banned\":true}")), "ok");
}

/* ---- A11; the boundaries of each field are in test_hmac_fields.c ---- */

static void A11_fields_are_checked(void **state)
{
    static const struct {
        const char *json, *wanted;
    } row[] = {
        {"{\"token\":\"" TOKEN "\",\"email\":\"a@b\",\"name\":\"A\"}", "field_missing:user_id"},
        {"{\"token\":\"" TOKEN "\",\"user_id\":1,\"name\":\"A\"}", "field_missing:email"},
        {"{\"token\":\"" TOKEN "\",\"user_id\":1,\"email\":\"a@b\"}", "field_missing:name"},
        {"{\"token\":\"" TOKEN "\",\"user_id\":1,\"email\":\"a@b\",\"name\":\"A\"}", "ok"},
        {"{\"token\":1,\"user_id\":1,\"email\":\"a@b\",\"name\":\"A\"}", "field_type:token"},
        {"{\"token\":\"" TOKEN "\",\"user_id\":1.0,\"email\":\"a@b\",\"name\":\"A\"}",
         "field_type:user_id"},
        {"{\"token\":\"" TOKEN "\",\"user_id\":1,\"email\":\"a\",\"name\":\"A\"}",
         "field_value:email"},
    };
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].json);
        assert_outcome(cx, b, answer_of(cx, row[i].json), row[i].wanted);
    }
}

/* ---- A12 ---- */

static void A12_only_in_the_browser_that_began(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    const char *answer = answer_of(cx, ANSWER_JSON);

    assert_outcome(cx, b, answer, "ok");
    b->flows.item[0].request = "00000000000000000000000000000000";
    assert_outcome(cx, b, answer, "token_mismatch");
    b->flows.item[0].request = "";
    assert_outcome(cx, b, answer, "token_mismatch");
    b->flows.n = 0;
    assert_outcome(cx, b, answer, "state_missing");
    b->flows.bad = 1;
    assert_outcome(cx, b, answer, "state_invalid");
}

static void A12_within_900_seconds(void **state)
{
    static const struct {
        apr_int64_t age_us;
        const char *wanted;
    } row[] = {
        {0, "ok"},
        {APR_INT64_C(900000000), "ok"},
        {APR_INT64_C(900000001), "token_expired"},
        {APR_INT64_C(1799000000), "token_expired"},
        {APR_INT64_C(-60000000), "ok"}, /* another machine's clock */
        {APR_INT64_C(-60000001), "token_expired"},
    };
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    apr_size_t i;

    assert_int_equal(sso_hmac.flow_age_sec, 900);
    for (i = 0; i < COUNT(row); i++) {
        b->flows.item[0].issued = cx->now - row[i].age_us;
        assert_outcome(cx, b, answer_of(cx, ANSWER_JSON), row[i].wanted);
    }
}

/* A token says neither when nor how: nothing of the kind can be asked for. */
static void no_demand_can_be_met(void **state)
{
    static const sso_demand_t fresh = {.max_age = 1, .acr = ""};
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);

    assert_non_null(strstr(sso_hmac.objects(cx->pool, b->idp.provider, &fresh),
                           "cannot be asked for a fresh or stronger login"));
}

/* What makes the login spend the token: its text, until it is too old by any clock. */
static void A12_names_the_token_to_spend(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    sso_answer_t answer = {.who = NULL};

    b->flows.n = 2; /* the answer is matched with the flow that it names */
    b->flows.item[1] = b->flows.item[0];
    b->flows.item[0].request = "00000000000000000000000000000000";
    assert_string_equal(outcome(cx, b, answer_of(cx, ANSWER_JSON), &answer), "ok");
    assert_ptr_equal(answer.flow, &b->flows.item[1]);
    assert_string_equal(answer.return_path, "/topic/7?page=2");
    assert_int_equal(answer.once_n, 1);
    assert_string_equal(answer.once[0].label, "token");
    assert_true(sso_span_is(answer.once[0].what, TOKEN));
    assert_int_equal(answer.once[0].fault, SSO_F_TOKEN_USED);
    assert_true(answer.once[0].until == b->flows.item[1].issued + SECONDS(960));
}

/* ---- R1, R4 ---- */

static void R1_an_answer_has_a_token(void **state)
{
    static const char *const json[] = {
        "{\"user_id\":\"42\",\"email\":\"ada@example.org\",\"name\":\"Ada Lovelace\"}",
        "{\"token\":\"\",\"user_id\":\"42\",\"email\":\"ada@example.org\",\"name\":\"Ada Lovelace\"}",
    };
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(json); i++) {
        b->flows.n = 1;
        assert_outcome(cx, b, answer_of(cx, json[i]), "token_missing");
        b->flows.item[0].request = "";
        assert_outcome(cx, b, answer_of(cx, json[i]), "token_missing");
        b->flows.n = 0;
        assert_outcome(cx, b, answer_of(cx, json[i]), "token_missing");
    }
}

/* The value of a parameter in a URL of ours. */
static const char *param(sso_ctx_t *cx, const char *url, const char *name)
{
    sso_params_t params;
    sso_span_t value;

    assert_non_null(strchr(url, '?'));
    assert_int_equal(sso_params_parse(cx, sso_span(strchr(url, '?') + 1), 0, &params), APR_SUCCESS);
    assert_int_equal(sso_params_get(cx, &params, name, &value), APR_SUCCESS);
    return sso_span_text(cx->pool, value);
}

static void R4_a_request_is_never_an_answer(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    int i;

    for (i = 0; i < 500; i++) {
        sso_flow_t flow = {.request = ""};
        sso_reply_t reply = {.kind = SSO_REPLY_NONE};
        const char *query;
        sso_answer_t answer;
        const char *got;

        assert_int_equal(sso_hmac.start(cx, &b->idp, &flow, &reply), APR_SUCCESS);
        assert_int_equal(strlen(flow.request), 32);
        assert_int_equal(strspn(flow.request, "0123456789abcdef"), 32);
        query = apr_pstrcat(cx->pool, "data=", flow.request,
                            "&sig=", param(cx, reply.location, "sig"), NULL);
        got = outcome(cx, b, query, &answer);
        assert_true(!strncmp(got, "data_json", 9));
    }
}

/* ---- what comes out ---- */

static const char *only_value(const sso_identity_t *who, const char *name)
{
    const sso_attribute_t *a = sso_identity_find(who, name);

    if (!a) return NULL;
    assert_int_equal(a->values->nelts, 1);
    return APR_ARRAY_IDX(a->values, 0, const char *);
}

static void an_identity_comes_out(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    const sso_attribute_t *roles;
    sso_answer_t answer;

    assert_string_equal(
        outcome(
            cx, b,
            answer_of(cx, with(cx, "\"image\":\"https://example.org/a.png\",\"bio\":\"one\\ntwo\","
                                   "\"roles\":[\"staff\",\"editor\",\"staff\"],\"banned\":false")),
            &answer),
        "ok");
    assert_string_equal(answer.who->issuer, "members");
    assert_string_equal(answer.who->subject, "42");
    assert_int_equal(answer.who->banned, 0);
    assert_string_equal(only_value(answer.who, "email"), "ada@example.org");
    assert_string_equal(only_value(answer.who, "name"), "Ada Lovelace");
    assert_string_equal(only_value(answer.who, "picture"), "https://example.org/a.png");
    assert_string_equal(only_value(answer.who, "bio"), "one\ntwo");
    roles = sso_identity_find(answer.who, "roles");
    assert_int_equal(roles->values->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(roles->values, 0, const char *), "staff");
    assert_string_equal(APR_ARRAY_IDX(roles->values, 1, const char *), "editor");
    assert_int_equal(answer.who->attributes->nelts, 5);
}

static void mapped_keys_come_out(void **state)
{
    static const char *const team[] = {"team", "Squad", "squad", "email"};
    static const char *const avatar[] = {"avatar", "image", "squad"};
    static const sso_line_t lines[] = {{4, team}, {3, avatar}};
    sso_ctx_t *cx = *state;
    bench_t *b = bench_bare(cx);
    const sso_attribute_t *a;
    sso_answer_t answer;
    apr_size_t i;

    b->set.attributes = apr_array_make(cx->pool, 2, sizeof(sso_line_t));
    for (i = 0; i < COUNT(lines); i++)
        APR_ARRAY_PUSH(b->set.attributes, sso_line_t) = lines[i];
    bench_add_secret(b, SECRET);
    bench_prepare(cx, b);
    assert_string_equal(outcome(cx, b,
                                answer_of(cx, with(cx, "\"squad\":[\"red\",7],\"team\":\"x\","
                                                       "\"image\":\"https://e.org/\"")),
                                &answer),
                        "ok");
    a = sso_identity_find(answer.who, "squad"); /* named twice, taken once */
    assert_non_null(a);
    assert_int_equal(a->values->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(a->values, 0, const char *), "red");
    assert_string_equal(APR_ARRAY_IDX(a->values, 1, const char *), "7");
    assert_null(sso_identity_find(answer.who, "team")); /* our name for it, not the site's */
    assert_string_equal(sso_identity_find(answer.who, "picture")->friendly, "image");
    assert_string_equal(only_value(answer.who, "email"), "ada@example.org");
    assert_int_equal(answer.who->attributes->nelts, 4);
}

static void a_ban_comes_out(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    sso_answer_t answer;

    assert_string_equal(outcome(cx, b, answer_of(cx, with(cx, "\"banned\":true")), &answer), "ok");
    assert_int_equal(answer.who->banned, 1);
    assert_int_equal(answer.once_n, 1); /* a ban spends the token like any other answer */
}

/* ---- the log ---- */

static void mistakes_are_named_once_a_minute(void **state)
{
    static const char told[] = "the site signed the JSON; it must sign the Base64 text";
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    const char *query = signed_query(cx, VECTOR_DATA, ANSWER_JSON);
    static const struct {
        int after_sec, named;
    } row[] = {{0, 1}, {0, 0}, {59, 0}, {60, 1}, {61, 0}, {-1000, 1}, {-999, 0}};
    apr_time_t start = cx->now;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        b->log[0] = '\0';
        cx->now = start + SECONDS(row[i].after_sec);
        assert_outcome(cx, b, query, "sig_mismatch");
        assert_int_equal(strstr(b->log, told) != NULL, row[i].named);
    }
}

static void unknown_mistakes_are_said_to_be(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);

    assert_outcome(cx, b, DATA "&" SIG, "sig_mismatch");
    assert_non_null(strstr(b->log, "no usual mistake"));
    b->log[0] = '\0';
    cx->now += SECONDS(60);
    assert_outcome(cx, b, DATA "&sig=00", "sig_format");
    assert_non_null(strstr(b->log, "no usual mistake"));
    b->log[0] = '\0';
    cx->now += SECONDS(60);
    assert_outcome(cx, b, DATA, "param_missing:sig"); /* is not about signatures */
    assert_string_equal(b->log, "");
}

/* Neither the log nor the fault's detail holds a signature, right or wrong, in hex or Base64. */
static void no_signature_is_logged(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    static const char *const query[] = {
        "data=" VECTOR_DATA "&sig=0000000000000000000000000000000000000000000000000000000000000000",
        "data=" VECTOR_DATA "&sig=0x" HEX,
        "data=" VECTOR_DATA "&sig=" BASE64 "==",
        "data=" VECTOR_DATA "&sig=" HEX,
    };
    apr_size_t i;

    for (i = 0; i < COUNT(query); i++) {
        sso_answer_t answer;

        sso_ctx_clear(cx);
        cx->now += SECONDS(60);
        cx->level = SSO_LOG_DEBUG;
        b->req.query = query[i];
        b->flows.item[0].issued = cx->now;
        (void)sso_hmac.finish(cx, &b->idp, &b->req, &b->flows, &answer);
        assert_null(strstr(b->log, "3736838348"));
        assert_null(strstr(b->log, "NzaDg0iu61"));
        assert_true(!cx->err.log || !strstr(cx->err.log, "3736838348"));
        assert_true(!cx->err.log || !strstr(cx->err.log, "NzaDg0iu61"));
    }
}

/* ---- start ---- */

static void start_sends_a_signed_token(void **state)
{
    static const struct {
        const char *endpoint, *wanted;
    } row[] = {
        {"https://www.example.org/sso", "https://www.example.org/sso?token=" TOKEN "&sig="},
        {"https://www.example.org", "https://www.example.org?token=" TOKEN "&sig="},
        {"https://www.example.org/?a=b", "https://www.example.org/?a=b&token=" TOKEN "&sig="},
        {"http://127.0.0.1:8080/sso", "http://127.0.0.1:8080/sso?token=" TOKEN "&sig="},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_bare(cx);
        sso_flow_t flow = {.request = TOKEN};
        sso_reply_t reply = {.kind = SSO_REPLY_NONE};

        b->set.hmac_endpoint = row[i].endpoint;
        bench_add_secret(b, SECRET);
        bench_add_secret(b, PREVIOUS);
        bench_prepare(cx, b);
        assert_int_equal(sso_hmac.start(cx, &b->idp, &flow, &reply), APR_SUCCESS);
        assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
        assert_int_equal(reply.status, 302);
        /* vector I1 */
        assert_string_equal(
            reply.location,
            apr_pstrcat(cx->pool, row[i].wanted,
                        "092a5a7f20718a060b4c2671964f4ba6d1daf9c2c29efde57bbb613013536827", NULL));
        assert_string_equal(flow.request, TOKEN);
        assert_string_equal(flow.extra, "");
    }
}

static void start_makes_a_new_token_each_time(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    sso_flow_t one = {.request = ""};
    sso_flow_t other = {.request = NULL};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    assert_int_equal(sso_hmac.start(cx, &b->idp, &one, &reply), APR_SUCCESS);
    assert_string_equal(param(cx, reply.location, "token"), one.request);
    assert_string_equal(param(cx, reply.location, "sig"),
                        hmac_hex(cx, SECRET, sso_span(one.request)));
    assert_int_equal(sso_hmac.start(cx, &b->idp, &other, &reply), APR_SUCCESS);
    assert_string_not_equal(one.request, other.request);
}

/* ---- prepare ---- */

static apr_status_t prepare_with(sso_ctx_t *cx, const char *endpoint, sso_span_t secret,
                                 bench_t **out)
{
    bench_t *b = bench_bare(cx);
    apr_status_t rv;

    sso_ctx_clear(cx);
    b->set.hmac_endpoint = endpoint;
    if (secret.p) APR_ARRAY_PUSH(b->set.hmac_secrets, sso_span_t) = secret;
    rv = sso_hmac.prepare(cx, &b->provider, &b->provider.state);
    assert_int_equal(b->provider.state != NULL, rv == APR_SUCCESS);
    *out = b;
    return rv;
}

static void prepare_wants_https_or_this_machine(void **state)
{
    static const struct {
        const char *endpoint, *why; /* NULL: accepted */
    } row[] = {
        {"https://www.example.org/sso", NULL},
        {"https://www.example.org/sso?page=1", NULL},
        {"http://localhost:3000/sso", NULL},
        {"http://[::1]/sso", NULL},
        {NULL, "SSOHmacEndpoint is missing"},
        {"http://www.example.org/sso", "is not https"},
        {"/sso", "does not begin with"},
        {"ftp://www.example.org/sso", "does not begin with"},
        {"https://user@www.example.org/sso", "user information"},
        {"https://www.example.org/sso#top", "fragment"},
        {"https://www.example.org/sso?token=1", "\"token\""},
        {"https://www.example.org/sso?a=1&sig=", "\"sig\""},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b;
        apr_status_t rv = prepare_with(cx, row[i].endpoint, sso_span(SECRET), &b);

        print_message("  %s\n", row[i].endpoint ? row[i].endpoint : "(none)");
        assert_int_equal(rv == APR_SUCCESS, row[i].why == NULL);
        if (!row[i].why) continue;
        assert_non_null(strstr(cx->err.log, row[i].why));
        assert_fault(cx, CONFIG);
    }
}

static void prepare_wants_good_secrets(void **state)
{
    static const struct {
        const char *name;
        sso_span_t secret;
        const char *why;  /* NULL: accepted */
        const char *warn; /* in the log; NULL: nothing */
    } row[] = {
        {"none", {NULL, 0}, "SSOHmacSecret is missing", NULL},
        {"empty", {"", 0}, "0 bytes", NULL},
        {"15 bytes", {"123456789012345", 15}, "15 bytes", NULL},
        {"16 bytes", {"1234567890123456", 16}, NULL, "only 16 bytes"},
        {"31 bytes", {"1234567890123456789012345678901", 31}, NULL, "only 31 bytes"},
        {"32 bytes", {"12345678901234567890123456789012", 32}, NULL, NULL},
        {"a NUL inside", {"1234567890\0002345678901234567890123", 34}, "NUL", NULL},
        {"a NUL at the end", {"12345678901234567890123456789012\0", 33}, "NUL", NULL},
        {"LF at the end", {"12345678901234567890123456789012\n", 33}, "line break", NULL},
        {"CR at the end", {"12345678901234567890123456789012\r", 33}, "line break", NULL},
        {"longer than a block",
         {"1234567890123456789012345678901212345678901234567890123456789012abc", 67},
         NULL,
         NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b;
        apr_status_t rv = prepare_with(cx, "https://www.example.org/sso", row[i].secret, &b);

        print_message("  %s\n", row[i].name);
        assert_int_equal(rv == APR_SUCCESS, row[i].why == NULL);
        if (row[i].why) assert_non_null(strstr(cx->err.log, row[i].why));
        if (row[i].why) assert_fault(cx, CONFIG);
        if (row[i].warn) assert_non_null(strstr(b->log, row[i].warn));
        if (!row[i].warn) assert_string_equal(b->log, "");
        assert_null(strstr(b->log, "1234567890"));
    }
}

static void prepare_takes_three_secrets_and_three_names(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_bare(cx);
    int i;

    for (i = 0; i < 3; i++)
        bench_add_secret(b, SECRET);
    assert_int_equal(sso_hmac.prepare(cx, &b->provider, &b->provider.state), APR_SUCCESS);
    bench_add_secret(b, SECRET);
    assert_int_not_equal(sso_hmac.prepare(cx, &b->provider, &b->provider.state), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    (void)apr_array_pop(b->set.hmac_secrets);
    (void)apr_array_pop(b->set.hmac_params);
    assert_int_not_equal(sso_hmac.prepare(cx, &b->provider, &b->provider.state), APR_SUCCESS);
    assert_fault(cx, CONFIG);
}

/* ---- the rest ---- */

static void describe_tells_what_to_enter(void **state)
{
    static const struct {
        const char *label, *value;
    } row[] = {
        {"Callback URL", "https://forum.example.org/.sso/members/callback"},
        {"Start URL", "https://forum.example.org/.sso/login?provider=members"},
        {"Parameters", "token sig data"},
    };
    static const struct {
        const char *label, *value;
    } other[] = {
        {"Endpoint", "https://www.example.org/sso"},
        {"Secrets", "1"},
    };
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    apr_array_header_t *facts = apr_array_make(cx->pool, 4, sizeof(sso_fact_t));
    apr_size_t i;

    assert_int_equal(sso_hmac.describe(cx, &b->idp, facts), APR_SUCCESS);
    assert_int_equal(facts->nelts, COUNT(row));
    for (i = 0; i < COUNT(row); i++) {
        assert_string_equal(APR_ARRAY_IDX(facts, (int)i, sso_fact_t).label, row[i].label);
        assert_string_equal(APR_ARRAY_IDX(facts, (int)i, sso_fact_t).value, row[i].value);
        assert_null(strstr(APR_ARRAY_IDX(facts, (int)i, sso_fact_t).value, SECRET));
    }
    apr_array_clear(facts);
    assert_int_equal(sso_hmac.describe_other(cx, &b->idp, facts), APR_SUCCESS);
    assert_int_equal(facts->nelts, COUNT(other));
    for (i = 0; i < COUNT(other); i++) {
        assert_string_equal(APR_ARRAY_IDX(facts, (int)i, sso_fact_t).label, other[i].label);
        assert_string_equal(APR_ARRAY_IDX(facts, (int)i, sso_fact_t).value, other[i].value);
    }
}

static void its_secrets_are_looked_over(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    apr_array_header_t *list = apr_array_make(cx->pool, 4, sizeof(sso_finding_t));
    int i;

    b->set.hmac_endpoint = "http://127.0.0.1/sso";
    APR_ARRAY_PUSH(b->set.hmac_secrets, sso_span_t) = sso_span("only-20-bytes-of-it.");
    assert_int_equal(sso_hmac.prepare(cx, &b->provider, &b->provider.state), APR_SUCCESS);
    sso_hmac.audit(cx, &b->idp, list);
    assert_int_equal(list->nelts, 5);
    assert_non_null(strstr(APR_ARRAY_IDX(list, 4, sso_finding_t).what, "no accounts are kept"));
    assert_non_null(strstr(APR_ARRAY_IDX(list, 1, sso_finding_t).what, "plain http"));
    assert_int_equal(APR_ARRAY_IDX(list, 2, sso_finding_t).weight, SSO_WARNING);
    assert_string_equal(APR_ARRAY_IDX(list, 2, sso_finding_t).what, "secret 2 has only 20 bytes");
    assert_string_equal(APR_ARRAY_IDX(list, 3, sso_finding_t).what, "2 secrets are accepted");
    for (i = 0; i < list->nelts; i++)
        assert_null(strstr(APR_ARRAY_IDX(list, i, sso_finding_t).what, SECRET));
}

static void nothing_else_is_served(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    assert_int_equal(sso_hmac.serve(cx, &b->idp, &b->req, "sync", &reply), APR_NOTFOUND);
    assert_int_equal(reply.kind, SSO_REPLY_NONE);
    assert_string_equal(sso_hmac.callback, "callback");
    assert_int_equal(sso_hmac.cross_site_post, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(A1_only_GET),
        UNIT(A3_parameters_exactly_once),
        UNIT(A3_names_of_parameters_are_configured),
        UNIT(A4_nothing_longer_than_needed),
        UNIT(A5_plus_is_plus_and_space_was_one),
        UNIT(A5_holds_for_the_signature_too),
        UNIT(A6_signature_forms),
        UNIT(A6_alphabets_do_not_mix),
        UNIT(A7_every_bit_of_the_signature_counts),
        UNIT(A7_readings),
        UNIT(A7_every_secret_verifies),
        UNIT(A7_comes_before_any_parsing),
        UNIT(A8_strict_base64),
        UNIT(A9_strict_json),
        UNIT(A10_known_keys_in_their_case),
        UNIT(A11_fields_are_checked),
        UNIT(A12_only_in_the_browser_that_began),
        UNIT(A12_within_900_seconds),
        UNIT(A12_names_the_token_to_spend),
        UNIT(no_demand_can_be_met),
        UNIT(R1_an_answer_has_a_token),
        UNIT(R4_a_request_is_never_an_answer),
        UNIT(an_identity_comes_out),
        UNIT(mapped_keys_come_out),
        UNIT(a_ban_comes_out),
        UNIT(mistakes_are_named_once_a_minute),
        UNIT(unknown_mistakes_are_said_to_be),
        UNIT(no_signature_is_logged),
        UNIT(start_sends_a_signed_token),
        UNIT(start_makes_a_new_token_each_time),
        UNIT(prepare_wants_https_or_this_machine),
        UNIT(prepare_wants_good_secrets),
        UNIT(prepare_takes_three_secrets_and_three_names),
        UNIT(describe_tells_what_to_enter),
        UNIT(its_secrets_are_looked_over),
        UNIT(nothing_else_is_served),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
