/*
 * test_sign.c - every algorithm of the table signs and verifies, alone, and only its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "crypto/sign.h"
#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <pthread.h>

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define DSIG      "http://www.w3.org/2000/09/xmldsig#"
#define DSIG_MORE "http://www.w3.org/2001/04/xmldsig-more#"
#define DSIG_2007 "http://www.w3.org/2007/05/xmldsig-more#"
#define DATA      "octets to be signed"

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
    for (i = 0; i < KEYS; i++) {
        EVP_PKEY_free(key[i]);
    }
    return 0;
}

static const struct {
    const char *uri;
    int key;
    apr_size_t size; /* bytes of a signature */
    int weak;
} alg[] = {
    {DSIG_MORE "rsa-sha256", RSA_A, 256, 0},      {DSIG_MORE "rsa-sha384", RSA_A, 256, 0},
    {DSIG_MORE "rsa-sha512", RSA_A, 256, 0},      {DSIG_2007 "sha256-rsa-MGF1", RSA_A, 256, 0},
    {DSIG_2007 "sha384-rsa-MGF1", RSA_A, 256, 0}, {DSIG_2007 "sha512-rsa-MGF1", RSA_A, 256, 0},
    {DSIG_MORE "ecdsa-sha256", P256, 64, 0},      {DSIG_MORE "ecdsa-sha384", P384, 96, 0},
    {DSIG_MORE "ecdsa-sha512", P521, 132, 0},     {DSIG "rsa-sha1", RSA_A, 256, 1},
    {DSIG_MORE "ecdsa-sha1", P256, 64, 1},
};

static const sso_sign_alg_t *row_of(apr_size_t i)
{
    return sso_sign_alg(sso_span(alg[i].uri), 1);
}

static sso_span_t sign(sso_ctx_t *cx, apr_size_t i)
{
    sso_span_t signature = {NULL, 0};

    assert_int_equal(sso_sign_make(cx, row_of(i), key[alg[i].key], sso_span(DATA), &signature), 0);
    return signature;
}

/* With a verifier of its own. */
static apr_status_t check(sso_ctx_t *cx, const sso_sign_alg_t *row, EVP_PKEY *with, sso_span_t data,
                          sso_span_t signature)
{
    return sso_sign_check(cx, row, sso_verifier_make(cx->pool, with), data, signature);
}

/* It does not verify, records no fault and leaves OpenSSL's error queue as it was. */
static void assert_refused(sso_ctx_t *cx, const sso_sign_alg_t *row, EVP_PKEY *with,
                           sso_span_t data, sso_span_t signature)
{
    assert_int_equal(check(cx, row, with, data, signature), APR_EINVAL);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
    assert_int_equal(ERR_peek_error(), 0);
}

static void the_list_is_closed(void **state)
{
    static const char *const foreign[] = {
        "",
        "rsa-sha256",
        DSIG_MORE "RSA-SHA256",
        DSIG_MORE "rsa-sha256 ",
        " " DSIG_MORE "rsa-sha256",
        DSIG_MORE "rsa-sha2566",
        DSIG_MORE "rsa-sha25",
        DSIG_MORE "rsa-md5",
        DSIG_MORE "rsa-sha224",
        DSIG_MORE "rsa-ripemd160",
        DSIG_MORE "hmac-sha256",
        DSIG "hmac-sha1",
        DSIG "dsa-sha1",
        DSIG "rsa-sha256",
        DSIG_MORE "rsa-sha1",
        DSIG_2007 "sha1-rsa-MGF1",
        DSIG_2007 "rsa-pss",
        "https://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa%2dsha256",
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(foreign); i++) {
        assert_null(sso_sign_alg(sso_span(foreign[i]), 0));
        assert_null(sso_sign_alg(sso_span(foreign[i]), 1));
    }
    assert_null(sso_sign_alg(sso_span_of(DSIG_MORE "rsa-sha256\0", 52), 1));
    assert_null(sso_sign_alg(sso_span_of(NULL, 0), 1));
}

static void sha1_only_when_asked(void **state)
{
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(alg); i++) {
        const sso_sign_alg_t *row = row_of(i);

        assert_non_null(row);
        assert_string_equal(row->uri, alg[i].uri);
        assert_int_equal(row->weak, alg[i].weak);
        assert_int_equal(strcmp(row->digest, "SHA1") == 0, alg[i].weak);
        assert_ptr_equal(sso_sign_alg(sso_span(alg[i].uri), 0), alg[i].weak ? NULL : row);
    }
}

static void we_sign_with_sha256(void **state)
{
    (void)state;
    assert_string_equal(sso_sign_alg_for(key[RSA_A])->uri, DSIG_MORE "rsa-sha256");
    assert_string_equal(sso_sign_alg_for(key[P384])->uri, DSIG_MORE "ecdsa-sha256");
    assert_null(sso_sign_alg_for(key[ED25519]));
}

static void every_algorithm_works(void **state)
{
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(alg); i++) {
        sso_span_t s = sign(cx, i);

        print_message("  %s\n", alg[i].uri);
        assert_int_equal(s.n, alg[i].size);
        assert_int_equal(check(cx, row_of(i), key[alg[i].key], sso_span(DATA), s), 0);
        assert_refused(cx, row_of(i), key[alg[i].key], sso_span(DATA " "), s);
        assert_refused(cx, row_of(i), key[alg[i].key], sso_span_of(NULL, 0), s);
    }
}

static void any_digest_goes_with_any_curve(void **state)
{
    static const int curve[] = {P256, P384, P521};
    sso_ctx_t *cx = *state;
    apr_size_t c;
    apr_size_t i;

    for (i = 6; i <= 8; i++) {
        for (c = 0; c < COUNT(curve); c++) {
            sso_span_t s;

            assert_int_equal(sso_sign_make(cx, row_of(i), key[curve[c]], sso_span(DATA), &s), 0);
            assert_int_equal(check(cx, row_of(i), key[curve[c]], sso_span(DATA), s), 0);
        }
    }
}

/* A signature made with one row verifies with no other, and with no other key. */
static void algorithms_are_apart(void **state)
{
    sso_ctx_t *cx = *state;
    apr_size_t i;
    apr_size_t j;
    int k;

    for (i = 0; i < COUNT(alg); i++) {
        sso_span_t s = sign(cx, i);

        for (j = 0; j < COUNT(alg); j++) {
            if (j != i) assert_refused(cx, row_of(j), key[alg[i].key], sso_span(DATA), s);
        }
        for (k = 0; k < KEYS; k++) {
            if (k != alg[i].key) assert_refused(cx, row_of(i), key[k], sso_span(DATA), s);
        }
    }
}

static void changed_signatures_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    apr_size_t i;
    apr_size_t at;

    for (i = 0; i < COUNT(alg); i++) {
        sso_span_t s = sign(cx, i);
        char *copy = apr_pcalloc(cx->pool, s.n + 1);

        memcpy(copy, s.p, s.n);
        for (at = 0; at < s.n; at += 5) {
            copy[at] = (char)(s.p[at] ^ 0x10);
            assert_refused(cx, row_of(i), key[alg[i].key], sso_span(DATA), sso_span_of(copy, s.n));
            copy[at] = s.p[at];
        }
        assert_refused(cx, row_of(i), key[alg[i].key], sso_span(DATA), sso_span_of(copy, s.n + 1));
        assert_refused(cx, row_of(i), key[alg[i].key], sso_span(DATA), sso_span_of(copy, s.n - 1));
        assert_refused(cx, row_of(i), key[alg[i].key], sso_span(DATA), sso_span_of(copy, 0));
        memset(copy, 0, s.n);
        assert_refused(cx, row_of(i), key[alg[i].key], sso_span(DATA), sso_span_of(copy, s.n));
        memset(copy, 0xff, s.n);
        assert_refused(cx, row_of(i), key[alg[i].key], sso_span(DATA), sso_span_of(copy, s.n));
    }
}

/* What each RSA row stands for, by OpenSSL alone. */
static void rsa_rows_mean_what_they_say(void **state)
{
    static const struct {
        const char *uri, *digest;
        int padding;
    } row[] = {
        {DSIG_MORE "rsa-sha256", "SHA256", RSA_PKCS1_PADDING},
        {DSIG_MORE "rsa-sha384", "SHA384", RSA_PKCS1_PADDING},
        {DSIG_MORE "rsa-sha512", "SHA512", RSA_PKCS1_PADDING},
        {DSIG_2007 "sha256-rsa-MGF1", "SHA256", RSA_PKCS1_PSS_PADDING},
        {DSIG_2007 "sha384-rsa-MGF1", "SHA384", RSA_PKCS1_PSS_PADDING},
        {DSIG_2007 "sha512-rsa-MGF1", "SHA512", RSA_PKCS1_PSS_PADDING},
        {DSIG "rsa-sha1", "SHA1", RSA_PKCS1_PADDING},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        EVP_PKEY_CTX *params;
        unsigned char made[256];
        size_t n = sizeof(made);

        print_message("  %s\n", row[i].uri);
        assert_int_equal(
            EVP_DigestSignInit_ex(ctx, &params, row[i].digest, NULL, NULL, key[RSA_A], NULL), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(params, row[i].padding), 1);
        if (row[i].padding == RSA_PKCS1_PSS_PADDING) {
            assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(params, RSA_PSS_SALTLEN_DIGEST), 1);
        }
        assert_int_equal(EVP_DigestSign(ctx, made, &n, (const unsigned char *)DATA, strlen(DATA)),
                         1);
        assert_int_equal(check(cx, sso_sign_alg(sso_span(row[i].uri), 1), key[RSA_A],
                               sso_span(DATA), sso_span_of(made, n)),
                         APR_SUCCESS);
        EVP_MD_CTX_free(ctx);
    }
}

static void ecdsa_in_der_is_refused(void **state)
{
    sso_ctx_t *cx = *state;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char der[80];
    size_t n = sizeof(der);

    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key[P256], NULL), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &n, (const unsigned char *)DATA, strlen(DATA)), 1);
    assert_refused(cx, row_of(6), key[P256], sso_span(DATA), sso_span_of(der, n));
    EVP_MD_CTX_free(ctx);
}

/* PSS with a salt of another length is not what the URI stands for. */
static void pss_with_another_salt_is_refused(void **state)
{
    sso_ctx_t *cx = *state;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *params;
    unsigned char made[256];
    size_t n = sizeof(made);

    assert_int_equal(EVP_DigestSignInit_ex(ctx, &params, "SHA256", NULL, NULL, key[RSA_A], NULL),
                     1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(params, 20), 1);
    assert_int_equal(EVP_DigestSign(ctx, made, &n, (const unsigned char *)DATA, strlen(DATA)), 1);
    assert_refused(cx, row_of(3), key[RSA_A], sso_span(DATA), sso_span_of(made, n));
    EVP_MD_CTX_free(ctx);
}

static void signing_needs_the_right_key(void **state)
{
    sso_ctx_t *cx = *state;
    sso_span_t out = {"untouched", 9};

    assert_int_not_equal(sso_sign_make(cx, row_of(0), key[P256], sso_span(DATA), &out), 0);
    assert_fault(cx, INTERNAL);
    assert_int_not_equal(sso_sign_make(cx, row_of(6), key[RSA_A], sso_span(DATA), &out), 0);
    assert_fault(cx, INTERNAL);
    assert_int_not_equal(sso_sign_make(cx, row_of(6), key[ED25519], sso_span(DATA), &out), 0);
    assert_fault(cx, INTERNAL);
    assert_true(sso_span_is(out, "untouched"));
}

/* RFC 6979, appendix A.2: signatures of "sample" made by somebody else. */
static void rfc6979_vectors(void **state)
{
    static const struct {
        const char *curve, *uri, *point, *signature;
    } row[] = {
        {"P-256", DSIG_MORE "ecdsa-sha256",
         "04"
         "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
         "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
         "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
         "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
        {"P-384", DSIG_MORE "ecdsa-sha384",
         "04"
         "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
         "def8f0ea9055866064a254515480bc13"
         "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1"
         "288b231c3ae0d4fe7344fd2533264720",
         "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
         "81a648152e44acf96e36dd1e80fabe46"
         "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
         "a329c145786e679e7b82c71a38628ac8"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        unsigned char point[97];
        unsigned char signature[96];
        apr_size_t size = strlen(row[i].point) / 2;
        char *curve = apr_pstrdup(cx->pool, row[i].curve);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        EVP_PKEY *public = NULL;
        OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
            OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, size),
            OSSL_PARAM_construct_end(),
        };

        assert_int_equal(sso_hex_decode(sso_span(row[i].point), point, size), APR_SUCCESS);
        assert_int_equal(sso_hex_decode(sso_span(row[i].signature), signature, size - 1), 0);
        assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
        assert_int_equal(EVP_PKEY_fromdata(ctx, &public, EVP_PKEY_PUBLIC_KEY, params), 1);
        assert_int_equal(check(cx, sso_sign_alg(sso_span(row[i].uri), 0), public,
                               sso_span("sample"), sso_span_of(signature, size - 1)),
                         APR_SUCCESS);
        EVP_PKEY_free(public);
        EVP_PKEY_CTX_free(ctx);
    }
}

/* ---- R17: "yes" is 1, and nothing else ---- */

static int answer; /* of EVP_DigestVerify; NO_ANSWER: its own */
#define NO_ANSWER 4711

UNIT_WRAP(int, EVP_DigestVerify, EVP_MD_CTX *ctx, const unsigned char *sig, size_t n,
          const unsigned char *data, size_t len);

int wrap_EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t n,
                          const unsigned char *data, size_t len)
{
    return answer == NO_ANSWER ? real_EVP_DigestVerify(ctx, sig, n, data, len) : answer;
}

static int start(void **state)
{
    answer = NO_ANSWER;
    return make_keys(state);
}

static void r17_an_error_is_not_a_yes(void **state)
{
    static const int said[] = {1, 0, -1, -2, 2, 256};
    sso_ctx_t *cx = *state;
    apr_size_t i;
    apr_size_t k;

    for (i = 0; i < COUNT(alg); i++) {
        sso_span_t signature = sign(cx, i);

        for (k = 0; k < COUNT(said); k++) {
            answer = said[k];
            assert_int_equal(check(cx, row_of(i), key[alg[i].key], sso_span(DATA), signature)
                                 == APR_SUCCESS,
                             said[k] == 1);
        }
        answer = NO_ANSWER;
    }
}

/* ---- what is prepared once ---- */

static int prepared; /* contexts that were made, not copied */

UNIT_WRAP(int, EVP_DigestVerifyInit_ex, EVP_MD_CTX *ctx, EVP_PKEY_CTX **params, const char *digest,
          OSSL_LIB_CTX *lib, const char *properties, EVP_PKEY *with, const OSSL_PARAM *more);

int wrap_EVP_DigestVerifyInit_ex(EVP_MD_CTX *ctx, EVP_PKEY_CTX **params, const char *digest,
                                 OSSL_LIB_CTX *lib, const char *properties, EVP_PKEY *with,
                                 const OSSL_PARAM *more)
{
    prepared++;
    return real_EVP_DigestVerifyInit_ex(ctx, params, digest, lib, properties, with, more);
}

static void later_signatures_find_it_prepared(void **state)
{
    sso_ctx_t *cx = *state;
    apr_size_t i;
    int n;

    for (i = 0; i < COUNT(alg); i++) {
        sso_verifier_t *verifier = sso_verifier_make(cx->pool, key[alg[i].key]);
        sso_span_t s = sign(cx, i);

        assert_int_equal(sso_sign_check(cx, row_of(i), verifier, sso_span(DATA), s), 0);
        prepared = 0;
        for (n = 0; n < 3; n++) {
            assert_int_equal(sso_sign_check(cx, row_of(i), verifier, sso_span(DATA), s), 0);
            assert_int_equal(sso_sign_check(cx, row_of(i), verifier, sso_span(DATA " "), s),
                             APR_EINVAL);
        }
        assert_int_equal(prepared, 0);
    }
}

/* What is prepared is for one row: the others of the key go on as before. */
static void rows_do_not_mix(void **state)
{
    sso_ctx_t *cx = *state;
    apr_size_t first;
    apr_size_t i;

    for (first = 0; first < 6; first++) {
        sso_verifier_t *verifier = sso_verifier_make(cx->pool, key[RSA_A]);

        assert_int_equal(
            sso_sign_check(cx, row_of(first), verifier, sso_span(DATA), sign(cx, first)), 0);
        for (i = 0; i < 6; i++) {
            sso_span_t s = sign(cx, i);

            assert_int_equal(sso_sign_check(cx, row_of(i), verifier, sso_span(DATA), s), 0);
            assert_int_equal(sso_sign_check(cx, row_of((i + 1) % 6), verifier, sso_span(DATA), s),
                             APR_EINVAL);
        }
    }
}

static void a_forger_prepares_nothing(void **state)
{
    sso_ctx_t *cx = *state;
    sso_verifier_t *verifier = sso_verifier_make(cx->pool, key[RSA_A]);
    sso_span_t s = sign(cx, 0);

    assert_int_equal(sso_sign_check(cx, row_of(1), verifier, sso_span(DATA), s), APR_EINVAL);
    assert_int_equal(sso_sign_check(cx, row_of(0), verifier, sso_span(DATA), s), 0);
    prepared = 0;
    assert_int_equal(sso_sign_check(cx, row_of(0), verifier, sso_span(DATA), s), 0);
    assert_int_equal(prepared, 0);
}

#define THREADS 8

typedef struct {
    sso_verifier_t *verifier;
    sso_span_t signature;
    int good;
} crowd_t;

static void *check_often(void *data)
{
    crowd_t *crowd = data;
    int i;

    for (i = 0; i < 200; i++) {
        if (sso_sign_check(NULL, row_of(0), crowd->verifier, sso_span(DATA), crowd->signature)
            == APR_SUCCESS) {
            crowd->good++;
        }
    }
    return NULL;
}

static void many_threads_check_with_one(void **state)
{
    sso_ctx_t *cx = *state;
    sso_verifier_t *verifier = sso_verifier_make(cx->pool, key[RSA_A]);
    sso_span_t s = sign(cx, 0);
    crowd_t crowd[THREADS];
    pthread_t thread[THREADS];
    int i;

    for (i = 0; i < THREADS; i++) {
        crowd[i] = (crowd_t){verifier, s, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, check_often, &crowd[i]), 0);
    }
    for (i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(crowd[i].good, 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(the_list_is_closed),
        UNIT(sha1_only_when_asked),
        UNIT(we_sign_with_sha256),
        UNIT(every_algorithm_works),
        UNIT(any_digest_goes_with_any_curve),
        UNIT(algorithms_are_apart),
        UNIT(changed_signatures_are_refused),
        UNIT(rsa_rows_mean_what_they_say),
        UNIT(ecdsa_in_der_is_refused),
        UNIT(pss_with_another_salt_is_refused),
        UNIT(signing_needs_the_right_key),
        UNIT(rfc6979_vectors),
        UNIT(r17_an_error_is_not_a_yes),
        UNIT(later_signatures_find_it_prepared),
        UNIT(rows_do_not_mix),
        UNIT(a_forger_prepares_nothing),
        UNIT(many_threads_check_with_one),
    };

    return cmocka_run_group_tests(tests, start, free_keys);
}
