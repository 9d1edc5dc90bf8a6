/*
 * test_keys.c - certificates in each form, keys that are too weak, pairs that do not match.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "base/when.h"
#include "crypto/keys.h"
#include "scratch.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { RSA_A, RSA_B, RSA_1024, RSA_2047, RSA_PSS, P256, P384, P521, K256, ED25519, KEYS };

static EVP_PKEY *key[KEYS];

static EVP_PKEY *make_pss_key(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY *made = NULL;

    if (EVP_PKEY_keygen_init(ctx) == 1) (void)EVP_PKEY_generate(ctx, &made);
    EVP_PKEY_CTX_free(ctx);
    return made;
}

static int make_keys(void **state)
{
    int i;

    key[RSA_A] = EVP_RSA_gen(2048);
    key[RSA_B] = EVP_RSA_gen(2048);
    key[RSA_1024] = EVP_RSA_gen(1024);
    key[RSA_2047] = EVP_RSA_gen(2047);
    key[RSA_PSS] = make_pss_key();
    key[P256] = EVP_EC_gen("P-256");
    key[P384] = EVP_EC_gen("P-384");
    key[P521] = EVP_EC_gen("P-521");
    key[K256] = EVP_EC_gen("secp256k1");
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

static const char *key_name(int k)
{
    static const char *const names[KEYS] = {"rsa-a", "rsa-b", "rsa-1024", "rsa-2047", "rsa-pss",
                                            "p256",  "p384",  "p521",     "k256",     "ed25519"};

    return names[k];
}

static apr_status_t free_x509(void *x509)
{
    X509_free(x509);
    return APR_SUCCESS;
}

/* A certificate for a key, signed by RSA_A, valid for a day around NOW. */
static X509 *make_cert(sso_ctx_t *cx, int k, const char *cn)
{
    X509 *x509 = X509_new();
    time_t now = (time_t)apr_time_sec(NOW);

    assert_non_null(x509);
    apr_pool_cleanup_register(cx->pool, x509, free_x509, apr_pool_cleanup_null);
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), 4711), 1);
    assert_non_null(X509_time_adj_ex(X509_getm_notBefore(x509), 0, -3600, &now));
    assert_non_null(X509_time_adj_ex(X509_getm_notAfter(x509), 1, 0, &now));
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                                                (const unsigned char *)cn, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_pubkey(x509, key[k]), 1);
    assert_true(X509_sign(x509, key[RSA_A], EVP_sha256()) > 0);
    return x509;
}

static sso_span_t cert_der(sso_ctx_t *cx, int k)
{
    unsigned char *der = NULL;
    int n = i2d_X509(make_cert(cx, k, key_name(k)), &der);
    sso_span_t out;

    assert_true(n > 0);
    out = sso_span_of(apr_pmemdup(cx->pool, der, (apr_size_t)n), (apr_size_t)n);
    OPENSSL_free(der);
    return out;
}

static const char *take_bio(sso_ctx_t *cx, BIO *bio)
{
    char *text;
    long n = BIO_get_mem_data(bio, &text);
    const char *copy = apr_pstrmemdup(cx->pool, text, (apr_size_t)n);

    BIO_free(bio);
    return copy;
}

static const char *cert_pem(sso_ctx_t *cx, int k)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_X509(bio, make_cert(cx, k, key_name(k))), 1);
    return take_bio(cx, bio);
}

static const char *key_pem(sso_ctx_t *cx, int k, const char *passphrase)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_PrivateKey(bio, key[k], passphrase ? EVP_aes_128_cbc() : NULL,
                                              NULL, 0, NULL, (void *)(apr_uintptr_t)passphrase),
                     1);
    return take_bio(cx, bio);
}

static const char *key_traditional(sso_ctx_t *cx, int k, const char *passphrase)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(
        PEM_write_bio_PrivateKey_traditional(bio, key[k], passphrase ? EVP_aes_128_cbc() : NULL,
                                             NULL, 0, NULL, (void *)(apr_uintptr_t)passphrase),
        1);
    return take_bio(cx, bio);
}

/* SHA-256 by OpenSSL, in hex. */
static const char *digest_of(sso_ctx_t *cx, sso_span_t bytes)
{
    unsigned char md[32];

    assert_int_equal(EVP_Digest(bytes.p, bytes.n, md, NULL, EVP_sha256(), NULL), 1);
    return sso_hex_encode(cx->pool, sso_span_of(md, sizeof(md)));
}

/* ---- certificates ---- */

static void assert_cert(sso_ctx_t *cx, const sso_cert_t *cert, int k, sso_span_t der)
{
    assert_int_equal(EVP_PKEY_eq(cert->key, key[k]), 1);
    assert_string_equal(cert->der_base64, sso_b64_encode(cx->pool, der));
    assert_string_equal(cert->sha256, digest_of(cx, der));
    assert_string_equal(cert->subject, apr_pstrcat(cx->pool, "CN=", key_name(k), NULL));
    assert_int_equal(cert->not_before, NOW - apr_time_from_sec(3600));
    assert_int_equal(cert->not_after, NOW + apr_time_from_sec(86400));
}

static const char *fold(sso_ctx_t *cx, const char *text, apr_size_t width, const char *end)
{
    const char *out = "";

    for (; *text; text += strlen(text) < width ? strlen(text) : width) {
        out = apr_pstrcat(cx->pool, out, apr_pstrndup(cx->pool, text, width), end, NULL);
    }
    return out;
}

static void every_form_is_read(void **state)
{
    static const int usable[] = {RSA_A, P256, P384, P521};
    sso_ctx_t *cx = *state;
    apr_size_t i;
    apr_size_t j;

    for (i = 0; i < COUNT(usable); i++) {
        int k = usable[i];
        sso_span_t der = cert_der(cx, k);
        const char *base64 = sso_b64_encode(cx->pool, der);
        const char *pem = apr_pstrcat(cx->pool, "-----BEGIN CERTIFICATE-----\n",
                                      fold(cx, base64, 64, "\n"), "-----END CERTIFICATE-----\n",
                                      NULL);
        const sso_span_t form[] = {
            der,
            sso_span(base64),
            sso_span(pem),
            sso_span(fold(cx, base64, 76, "\r\n")),
            sso_span(apr_pstrcat(cx->pool, "\n        ", fold(cx, base64, 64, "\n\t"), NULL)),
            sso_span(apr_pstrcat(cx->pool, "Subject: some text before\n", pem, NULL)),
            sso_span(apr_pstrcat(cx->pool, pem, cert_pem(cx, RSA_B), NULL)), /* the first counts */
        };

        for (j = 0; j < COUNT(form); j++) {
            sso_cert_t *cert = NULL;

            print_message("  %s, form %d\n", key_name(k), (int)j);
            assert_int_equal(sso_cert_parse(cx, cx->pool, form[j], &cert), APR_SUCCESS);
            assert_cert(cx, cert, k, der);
        }
    }
}

static void unfit_keys_are_refused(void **state)
{
    static const struct {
        int key;
        const char *log;
    } row[] = {
        {RSA_1024, "1024 bits is too short"},
        {RSA_2047, "2047 bits is too short"},
        {RSA_PSS, "type RSA-PSS"},
        {K256, "P-256, P-384 or P-521"},
        {ED25519, "type ED25519"},
    };
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_cert_t *cert = NULL;
        sso_key_pair_t *pair = NULL;
        const char *file = scratch_file(cx, dir, "key", sso_span(key_pem(cx, row[i].key, NULL)),
                                        0600);

        print_message("  %s\n", key_name(row[i].key));
        assert_int_not_equal(sso_cert_parse(cx, cx->pool, cert_der(cx, row[i].key), &cert), 0);
        assert_non_null(strstr(cx->err.log, row[i].log));
        assert_fault(cx, CONFIG);
        assert_null(cert);
        assert_int_not_equal(sso_key_read(cx, cx->pool, file, NULL, &pair), APR_SUCCESS);
        assert_non_null(strstr(cx->err.log, row[i].log));
        assert_fault(cx, CONFIG);
        assert_null(pair);
    }
}

static void other_texts_are_no_certificates(void **state)
{
    sso_ctx_t *cx = *state;
    sso_span_t der = cert_der(cx, P256);
    char *longer = apr_pcalloc(cx->pool, der.n + 1);
    const char *base64 = sso_b64_encode(cx->pool, der);
    const struct {
        const char *what;
        sso_span_t text;
    } row[] = {
        {"nothing", {NULL, 0}},
        {"nothing", sso_span("")},
        {"words", sso_span("not a certificate")},
        {"a key", sso_span(key_pem(cx, P256, NULL))},
        {"PEM without a body",
         sso_span("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")},
        {"PEM cut short", sso_span_of(cert_pem(cx, P256), 200)},
        {"PEM of another kind", sso_span("-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n")},
        {"DER cut short", sso_span_of(der.p, der.n - 1)},
        {"DER with more behind it", sso_span_of(longer, der.n + 1)},
        {"one byte of DER", sso_span_of(der.p, 1)},
        {"Base64 of DER with more behind it",
         sso_span(sso_b64_encode(cx->pool, sso_span_of(longer, der.n + 1)))},
        {"Base64 with a foreign sign", sso_span(apr_pstrcat(cx->pool, base64, "!", NULL))},
        {"Base64 twice", sso_span(sso_b64_encode(cx->pool, sso_span(base64)))},
        {"Base64 of nothing", sso_span("\n\n")},
    };
    apr_size_t i;

    memcpy(longer, der.p, der.n);
    for (i = 0; i < COUNT(row); i++) {
        sso_cert_t *cert = NULL;

        print_message("  %s\n", row[i].what);
        assert_int_not_equal(sso_cert_parse(cx, cx->pool, row[i].text, &cert), APR_SUCCESS);
        assert_non_null(strstr(cx->err.log, "not a certificate"));
        assert_fault(cx, CONFIG);
        assert_null(cert);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

/* A certificate with one thing in it overwritten. */
static sso_span_t overwrite(sso_ctx_t *cx, sso_span_t der, sso_span_t what, const char *with)
{
    char *copy = apr_pmemdup(cx->pool, der.p, der.n);
    char *at = memmem(copy, der.n, what.p, what.n);

    assert_non_null(at);
    memcpy(at, with, what.n);
    return sso_span_of(copy, der.n);
}

static void damaged_certificates_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    sso_span_t der = cert_der(cx, P256);
    const struct {
        const char *what;
        sso_span_t text;
        const char *log;
    } row[] = {
        {"a date that is none", overwrite(cx, der, sso_span("261123"), "26112x"), "damaged"},
        {"the 31st of November", overwrite(cx, der, sso_span("261123"), "261131"), "damaged"},
        {"an unknown curve",
         overwrite(cx, der, sso_span("\x2a\x86\x48\xce\x3d\x03\x01\x07"),
                   "\x2a\x86\x48\xce\x3d\x03\x01\x7f"),
         "cannot be read"},
        {"an unknown type of key",
         overwrite(cx, der, sso_span("\x2a\x86\x48\xce\x3d\x02\x01"),
                   "\x2a\x86\x48\xce\x3d\x02\x7f"),
         "cannot be read"},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_cert_t *cert = NULL;

        print_message("  %s\n", row[i].what);
        assert_int_not_equal(sso_cert_parse(cx, cx->pool, row[i].text, &cert), APR_SUCCESS);
        assert_non_null(strstr(cx->err.log, row[i].log));
        assert_fault(cx, CONFIG);
        assert_null(cert);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

static void subjects_are_harmless_in_logs(void **state)
{
    sso_ctx_t *cx = *state;
    unsigned char *der = NULL;
    int n = i2d_X509(make_cert(cx, P256, "a\nb\x1b[31m\xc3\xa9,c"), &der);
    sso_cert_t *cert = NULL;
    const char *p;

    assert_int_equal(sso_cert_parse(cx, cx->pool, sso_span_of(der, (apr_size_t)n), &cert), 0);
    OPENSSL_free(der);
    for (p = cert->subject; *p; p++) {
        assert_in_range(*p, 0x20, 0x7e);
    }
    assert_string_equal(cert->subject, "CN=a\\0Ab\\1B[31m\\C3\\A9\\,c");
}

static void certificates_are_read_from_files(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    sso_span_t der = cert_der(cx, RSA_A);
    char *huge = apr_palloc(cx->pool, 65537);
    sso_cert_t *cert = NULL;

    memset(huge, '\n', 65537);
    assert_int_not_equal(
        sso_cert_read(cx, cx->pool, apr_pstrcat(cx->pool, dir, "/none", NULL), &cert), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "no certificate file"));
    assert_fault(cx, CONFIG);
    assert_int_not_equal(sso_cert_read(cx, cx->pool,
                                       scratch_file(cx, dir, "c", sso_span_of(huge, 65537), 0644),
                                       &cert),
                         APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "longer than 65536"));
    assert_fault(cx, CONFIG);
    assert_null(cert);
    assert_int_equal(sso_cert_read(cx, cx->pool, scratch_file(cx, dir, "c", der, 0644), &cert),
                     APR_SUCCESS);
    assert_cert(cx, cert, RSA_A, der);
}

/* ---- private keys ---- */

static void pairs_are_read(void **state)
{
    static const int usable[] = {RSA_A, P256, P384, P521};
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(usable); i++) {
        int k = usable[i];
        sso_span_t der = cert_der(cx, k);
        const char *pem = key_pem(cx, k, NULL);
        const char *both = apr_pstrcat(cx->pool, pem, cert_pem(cx, k), NULL);
        const char *reversed = apr_pstrcat(cx->pool, cert_pem(cx, k), pem, NULL);
        const char *key_file = scratch_file(cx, dir, "key", sso_span(pem), 0600);
        const char *old_file = scratch_file(cx, dir, "old", sso_span(key_traditional(cx, k, NULL)),
                                            0400);
        const char *both_file = scratch_file(cx, dir, "both", sso_span(both), 0600);
        const char *reversed_file = scratch_file(cx, dir, "rev", sso_span(reversed), 0600);
        const char *cert_file = scratch_file(cx, dir, "cert", der, 0644);
        sso_key_pair_t *pair = NULL;

        print_message("  %s\n", key_name(k));
        assert_int_equal(sso_key_read(cx, cx->pool, key_file, NULL, &pair), APR_SUCCESS);
        assert_int_equal(EVP_PKEY_eq(pair->key, key[k]), 1);
        assert_null(pair->cert);
        assert_int_equal(sso_key_read(cx, cx->pool, key_file, cert_file, &pair), APR_SUCCESS);
        assert_cert(cx, pair->cert, k, der);
        assert_int_equal(sso_key_read(cx, cx->pool, old_file, cert_file, &pair), APR_SUCCESS);
        assert_non_null(pair->cert);
        assert_int_equal(sso_key_read(cx, cx->pool, both_file, NULL, &pair), APR_SUCCESS);
        assert_non_null(pair->cert);
        assert_int_equal(EVP_PKEY_eq(pair->cert->key, pair->key), 1);
        assert_int_equal(sso_key_read(cx, cx->pool, reversed_file, NULL, &pair), APR_SUCCESS);
        assert_non_null(pair->cert);
    }
}

static void other_keys_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *pem = key_pem(cx, RSA_A, NULL);
    const char *cert = scratch_file(cx, dir, "cert", cert_der(cx, RSA_B), 0644);
    const char *ec_cert = scratch_file(cx, dir, "ec", cert_der(cx, P256), 0644);
    const char *weak = scratch_file(cx, dir, "weak", cert_der(cx, RSA_1024), 0644);
    const char *none = apr_pstrcat(cx->pool, dir, "/none", NULL);
    const struct {
        const char *what, *text;
        mode_t mode;
        const char *cert, *log;
    } row[] = {
        {"others can read it", pem, 0644, NULL, "chmod 600"},
        {"a group can read it", pem, 0640, NULL, "chmod 600"},
        {"encrypted", key_pem(cx, RSA_A, "hunter2"), 0600, NULL, "without a passphrase"},
        {"encrypted, old form", key_traditional(cx, RSA_A, "hunter2"), 0600, NULL,
         "without a passphrase"},
        {"empty", "", 0600, NULL, "no private key"},
        {"words", "not a key", 0600, NULL, "no private key"},
        {"only a certificate", cert_pem(cx, RSA_A), 0600, NULL, "no private key"},
        {"cut short", apr_pstrndup(cx->pool, pem, 500), 0600, NULL, "no private key"},
        {"another's certificate", pem, 0600, cert, "not for the key"},
        {"a certificate of another type", pem, 0600, ec_cert, "not for the key"},
        {"another's certificate in the file", apr_pstrcat(cx->pool, pem, cert_pem(cx, RSA_B), NULL),
         0600, NULL, "not for the key"},
        {"a weak certificate", pem, 0600, weak, "too short"},
        {"no certificate file", pem, 0600, none, "no certificate file"},
    };
    sso_key_pair_t *pair = NULL;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *file = scratch_file(cx, dir, "key", sso_span(row[i].text), row[i].mode);

        print_message("  %s\n", row[i].what);
        assert_int_not_equal(sso_key_read(cx, cx->pool, file, row[i].cert, &pair), APR_SUCCESS);
        assert_non_null(strstr(cx->err.log, row[i].log));
        assert_fault(cx, CONFIG);
        assert_null(pair);
        assert_int_equal(ERR_peek_error(), 0);
    }
    assert_int_not_equal(sso_key_read(cx, cx->pool, none, NULL, &pair), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "no key file"));
    assert_fault(cx, CONFIG);
    assert_null(pair);
}

/* ---- a pair of our own ---- */

static X509 *parse_back(const sso_cert_t *cert, apr_pool_t *pool)
{
    sso_span_t der;
    const unsigned char *p;
    X509 *x509;

    assert_int_equal(sso_b64_decode(pool, sso_span(cert->der_base64), SSO_B64_STD, &der, NULL), 0);
    p = (const unsigned char *)der.p;
    x509 = d2i_X509(NULL, &p, (long)der.n);
    assert_non_null(x509);
    apr_pool_cleanup_register(pool, x509, free_x509, apr_pool_cleanup_null);
    return x509;
}

static void our_own_is_made_once(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *file = apr_pstrcat(cx->pool, dir, "/own.pem", NULL);
    sso_key_pair_t *pair = NULL;
    sso_key_pair_t *again = NULL;
    X509 *x509;

    assert_int_equal(sso_key_own(cx, cx->pool, file, "sp.example", 0, &pair), APR_ENOENT);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
    assert_null(pair);
    assert_int_equal(scratch_count(dir), 0);

    assert_int_equal(sso_key_own(cx, cx->pool, file, "sp.example", 1, &pair), APR_SUCCESS);
    assert_int_equal(scratch_mode(file), 0600);
    assert_int_equal(scratch_count(dir), 1);
    assert_int_equal(EVP_PKEY_get_base_id(pair->key), EVP_PKEY_RSA);
    assert_int_equal(EVP_PKEY_get_bits(pair->key), 3072);
    assert_string_equal(pair->cert->subject, "CN=sp.example");
    assert_int_equal(pair->cert->not_before, NOW - apr_time_from_sec(86400));
    assert_int_equal(pair->cert->not_after, NOW + apr_time_from_sec(3650 * 86400LL));
    x509 = parse_back(pair->cert, cx->pool);
    assert_int_equal(X509_verify(x509, pair->key), 1);
    assert_int_equal(X509_check_ca(x509), 0);
    assert_int_equal(X509_get_key_usage(x509), KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
    assert_false(ASN1_STRING_get0_data(X509_get0_serialNumber(x509))[0] & 0x80);

    assert_int_equal(sso_key_own(cx, cx->pool, file, "other.example", 1, &again), APR_SUCCESS);
    assert_string_equal(again->cert->sha256, pair->cert->sha256);
    assert_int_equal(sso_key_own(cx, cx->pool, file, "other.example", 0, &again), APR_SUCCESS);
    assert_string_equal(again->cert->sha256, pair->cert->sha256);
}

static const char *rival; /* what somebody else puts there just before we do */
static int generator_fails;

UNIT_WRAP(int, link, const char *from, const char *to);
UNIT_WRAP(int, RAND_bytes, unsigned char *out, int n);

int wrap_link(const char *from, const char *to)
{
    int fd = rival ? open(to, O_CREAT | O_EXCL | O_WRONLY, 0600) : -1;

    if (fd >= 0) {
        assert_int_equal(write(fd, rival, strlen(rival)), strlen(rival));
        assert_int_equal(close(fd), 0);
    }
    return real_link(from, to);
}

int wrap_RAND_bytes(unsigned char *out, int n)
{
    return generator_fails ? 0 : real_RAND_bytes(out, n);
}

/* Two httpds start at once: both have to use the same pair. */
static void the_first_to_make_it_wins(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *file = apr_pstrcat(cx->pool, dir, "/own.pem", NULL);
    sso_key_pair_t *pair = NULL;

    rival = apr_pstrcat(cx->pool, key_pem(cx, RSA_A, NULL), cert_pem(cx, RSA_A), NULL);
    assert_int_equal(sso_key_own(cx, cx->pool, file, "sp.example", 1, &pair), APR_SUCCESS);
    rival = NULL;
    assert_int_equal(EVP_PKEY_eq(pair->key, key[RSA_A]), 1);
    assert_int_equal(scratch_count(dir), 1);
}

static void nothing_is_made_without_randomness(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *file = apr_pstrcat(cx->pool, dir, "/own.pem", NULL);
    sso_key_pair_t *pair = NULL;

    generator_fails = 1;
    assert_int_not_equal(sso_key_own(cx, cx->pool, file, "sp.example", 1, &pair), APR_SUCCESS);
    generator_fails = 0;
    assert_fault(cx, INTERNAL);
    assert_null(pair);
    assert_int_equal(scratch_count(dir), 0);
}

static void long_names_are_cut(void **state)
{
    sso_ctx_t *cx = *state;
    const char *file = apr_pstrcat(cx->pool, scratch_dir(cx), "/own.pem", NULL);
    char name[67];
    sso_key_pair_t *pair = NULL;

    memset(name, 'n', sizeof(name));
    memcpy(name + 63, "\xc3\xa9x", 4); /* the 64th byte is the first of two */
    assert_int_equal(sso_key_own(cx, cx->pool, file, name, 1, &pair), APR_SUCCESS);
    assert_int_equal(strlen(pair->cert->subject), strlen("CN=") + 63);
}

static void our_own_may_be_unfit(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *pem = key_pem(cx, RSA_A, NULL);
    const char *file = scratch_file(cx, dir, "own", sso_span(pem), 0600);
    sso_key_pair_t *pair = NULL;

    assert_int_not_equal(sso_key_own(cx, cx->pool, file, "sp.example", 1, &pair), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "no certificate"));
    assert_fault(cx, CONFIG);
    scratch_file(cx, dir, "own", sso_span(pem), 0644);
    assert_int_not_equal(sso_key_own(cx, cx->pool, file, "sp.example", 1, &pair), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "chmod 600"));
    assert_fault(cx, CONFIG);
    file = apr_pstrcat(cx->pool, dir, "/none/own", NULL);
    assert_int_not_equal(sso_key_own(cx, cx->pool, file, "sp.example", 1, &pair), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "cannot create"));
    assert_fault(cx, CONFIG);
    assert_null(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(every_form_is_read),
        UNIT(unfit_keys_are_refused),
        UNIT(other_texts_are_no_certificates),
        UNIT(damaged_certificates_are_refused),
        UNIT(subjects_are_harmless_in_logs),
        UNIT(certificates_are_read_from_files),
        UNIT(pairs_are_read),
        UNIT(other_keys_are_refused),
        UNIT(our_own_is_made_once),
        UNIT(the_first_to_make_it_wins),
        UNIT(nothing_is_made_without_randomness),
        UNIT(long_names_are_cut),
        UNIT(our_own_may_be_unfit),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
