/*
 * test_keystore.c - private keys in every form they are kept in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/keystore.h"
#include "crypto/sign.h"
#include "scratch.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PASS     "correct horse"

static EVP_PKEY *key, *other, *weak, *ec;

static int make_keys(void **state)
{
    key = EVP_RSA_gen(2048);
    other = EVP_RSA_gen(2048);
    weak = EVP_RSA_gen(1024);
    ec = EVP_EC_gen("P-256");
    return key && other && weak && ec ? unit_start(state) : -1;
}

static int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    EVP_PKEY_free(weak);
    EVP_PKEY_free(ec);
    return 0;
}

static apr_status_t free_x509(void *x509)
{
    X509_free(x509);
    return APR_SUCCESS;
}

static X509 *cert_of(sso_ctx_t *cx, EVP_PKEY *subject)
{
    X509 *x509 = X509_new();
    time_t now = (time_t)apr_time_sec(NOW);

    apr_pool_cleanup_register(cx->pool, x509, free_x509, apr_pool_cleanup_null);
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1), 1);
    assert_non_null(X509_time_adj_ex(X509_getm_notBefore(x509), -1, 0, &now));
    assert_non_null(X509_time_adj_ex(X509_getm_notAfter(x509), 1, 0, &now));
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                                                (const unsigned char *)"us", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_pubkey(x509, subject), 1);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    return x509;
}

static sso_span_t bytes_of(sso_ctx_t *cx, BIO *bio)
{
    char *p;
    long n = BIO_get_mem_data(bio, &p);
    sso_span_t out = sso_span_of(apr_pmemdup(cx->pool, p, (apr_size_t)n), (apr_size_t)n);

    BIO_free(bio);
    return out;
}

/* PEM: the key, encrypted when there is a passphrase, and a certificate if one is given. */
static sso_span_t pem(sso_ctx_t *cx, EVP_PKEY *k, const char *pass, X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const unsigned char *p = (const unsigned char *)pass;

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, k, pass ? EVP_aes_256_cbc() : NULL,
                                                   (const char *)p, pass ? (int)strlen(pass) : 0,
                                                   NULL, NULL),
                     1);
    if (cert) assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    return bytes_of(cx, bio);
}

static sso_span_t cert_pem(sso_ctx_t *cx, X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    return bytes_of(cx, bio);
}

static sso_span_t p12(sso_ctx_t *cx, EVP_PKEY *k, const char *pass, X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PKCS12 *made = PKCS12_create(pass, "us", k, cert, NULL, 0, 0, 0, 0, 0);

    assert_non_null(made);
    assert_int_equal(i2d_PKCS12_bio(bio, made), 1);
    PKCS12_free(made);
    return bytes_of(cx, bio);
}

static const char *uri(sso_ctx_t *cx, const char *scheme, const char *path)
{
    return apr_pstrcat(cx->pool, scheme, path, NULL);
}

static sso_verifier_t *verifier_of(sso_ctx_t *cx)
{
    return sso_verifier_make(cx->pool, key);
}

/* Does the pair sign what its certificate verifies? */
static void assert_works(sso_ctx_t *cx, const sso_key_pair_t *pair, int with_cert)
{
    sso_span_t signature;

    assert_non_null(pair->key);
    assert_int_equal(pair->cert != NULL, with_cert);
    assert_int_equal(sso_sign_make(cx, sso_sign_alg_of(pair), pair->key, sso_span("x"), &signature),
                     APR_SUCCESS);
    assert_int_equal(
        sso_sign_check(cx, sso_sign_alg_of(pair), verifier_of(cx), sso_span("x"), signature),
        APR_SUCCESS);
}

static void every_form_is_read(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    X509 *cert = cert_of(cx, key);
    const char *plain = scratch_file(cx, dir, "plain", pem(cx, key, NULL, NULL), 0600);
    const char *both = scratch_file(cx, dir, "both", pem(cx, key, NULL, cert), 0600);
    const char *locked = scratch_file(cx, dir, "locked", pem(cx, key, PASS, cert), 0600);
    const char *bag = scratch_file(cx, dir, "bag", p12(cx, key, PASS, cert), 0600);
    const char *open_bag = scratch_file(cx, dir, "open", p12(cx, key, "", cert), 0600);
    const char *crt = scratch_file(cx, dir, "crt", cert_pem(cx, cert), 0644);
    const struct {
        const char *what, *key, *cert, *pass;
        int has_cert;
    } row[] = {
        {"PEM", plain, NULL, NULL, 0},
        {"PEM and a certificate", plain, crt, NULL, 1},
        {"PEM with its certificate", both, NULL, NULL, 1},
        {"PEM with a passphrase", locked, NULL, PASS, 1},
        {"PEM with a passphrase that it does not need", both, NULL, PASS, 1},
        {"PKCS#12", bag, NULL, PASS, 1},
        {"PKCS#12 and a certificate", bag, crt, PASS, 1},
        {"PKCS#12 without a passphrase", open_bag, NULL, NULL, 1},
        {"a store", uri(cx, "file:", both), NULL, NULL, 1},
        {"a store by its whole URI", uri(cx, "file://", both), NULL, NULL, 1},
        {"a store with a passphrase", uri(cx, "file:", locked), NULL, PASS, 1},
        {"a store with PKCS#12", uri(cx, "file:", bag), NULL, PASS, 1},
        {"a certificate in a store", plain, uri(cx, "file:", crt), NULL, 1},
        {"both in stores", uri(cx, "file:", plain), uri(cx, "file:", crt), NULL, 1},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const sso_key_source_t source = {row[i].key, row[i].cert, sso_span(row[i].pass)};
        sso_key_pair_t *pair = NULL;

        print_message("  %s\n", row[i].what);
        if (sso_key_load(cx, cx->pool, &source, &pair) != APR_SUCCESS) {
            print_message("    %s\n", cx->err.log);
        }
        assert_int_equal(cx->err.fault, SSO_F_NONE);
        assert_works(cx, pair, row[i].has_cert);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

/* Every refusal says what to write, and never the passphrase. */
static void what_cannot_be_used_is_refused(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    X509 *cert = cert_of(cx, key);
    const char *locked = scratch_file(cx, dir, "locked", pem(cx, key, PASS, NULL), 0600);
    const char *bag = scratch_file(cx, dir, "bag", p12(cx, key, PASS, cert), 0600);
    const char *seen = scratch_file(cx, dir, "seen", pem(cx, key, NULL, NULL), 0644);
    const char *crt = scratch_file(cx, dir, "crt", cert_pem(cx, cert), 0600);
    const char *plain = scratch_file(cx, dir, "plain", pem(cx, other, NULL, NULL), 0600);
    const char *mixed = scratch_file(cx, dir, "mixed", pem(cx, other, NULL, cert), 0600);
    const char *small = scratch_file(cx, dir, "small", p12(cx, weak, PASS, NULL), 0600);
    const char *der = scratch_file(cx, dir, "der", sso_span("0123"), 0600);
    const char *none = scratch_file(cx, dir, "none", sso_span(""), 0600);
    const struct {
        const char *what, *key, *cert, *pass, *says;
    } row[] = {
        {"PEM, no passphrase", locked, NULL, NULL, "write passphrase=file:PATH"},
        {"PEM, wrong passphrase", locked, NULL, "wrong battery", "the passphrase does not open"},
        {"PKCS#12, no passphrase", bag, NULL, NULL, "write passphrase=file:PATH"},
        {"PKCS#12, wrong passphrase", bag, NULL, "wrong battery", "the passphrase does not open"},
        {"a store, no passphrase", uri(cx, "file:", locked), NULL, NULL,
         "write passphrase=file:PATH"},
        {"a store, wrong passphrase", uri(cx, "file:", locked), NULL, "wrong battery",
         "the passphrase does not open"},
        {"readable by others", seen, NULL, NULL, "chmod 600"},
        {"readable by others, by URI", uri(cx, "file:", seen), NULL, NULL, "chmod 600"},
        {"readable by others, by whole URI", uri(cx, "file://", seen), NULL, NULL, "chmod 600"},
        {"no such file", "/nonexistent/key", NULL, NULL, "there is no key file"},
        {"no such file, by URI", "file:/nonexistent/key", NULL, NULL, "there is no key file"},
        {"no such scheme", "nosuch:thing", NULL, NULL, "OpenSSL has no store"},
        {"no key in it", crt, NULL, NULL, "holds no private key"},
        {"no key in the store", uri(cx, "file:", crt), NULL, NULL, "holds no private key"},
        {"an empty file", none, NULL, NULL, "holds no private key"},
        {"DER of something else", der, NULL, NULL, "neither PEM nor PKCS#12"},
        {"another's certificate", plain, crt, NULL, "is not for the key"},
        {"another's certificate beside it", mixed, NULL, NULL, "is not for the key"},
        {"another's certificate in a store", plain, uri(cx, "file:", crt), NULL,
         "is not for the key"},
        {"no certificate in the store", plain, uri(cx, "file:", plain), NULL,
         "holds no certificate"},
        {"a short key", small, NULL, PASS, "too short"},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const sso_key_source_t source = {row[i].key, row[i].cert, sso_span(row[i].pass)};
        sso_key_pair_t *pair = NULL;

        print_message("  %s\n", row[i].what);
        assert_int_not_equal(sso_key_load(cx, cx->pool, &source, &pair), APR_SUCCESS);
        assert_null(pair);
        print_message("    %s\n", cx->err.log);
        assert_non_null(strstr(cx->err.log, row[i].says));
        assert_null(strstr(cx->err.log, PASS));
        assert_null(strstr(cx->err.log, "wrong battery"));
        assert_int_equal(ERR_peek_error(), 0);
        assert_fault(cx, CONFIG);
    }
}

static void uris_are_told_from_paths(void **state)
{
    static const struct {
        const char *text;
        int uri;
    } row[] = {
        {"pkcs11:token=x;object=y", 1},
        {"file:/etc/key.pem", 1},
        {"org.openssl.engine:a:b", 1},
        {"/etc/key.pem", 0},
        {"sso/key.pem", 0},
        {"./a:b", 0},
        {":x", 0},
        {"", 0},
        {"use=sign", 0},
        {"next", 0},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++)
        assert_int_equal(sso_key_is_uri(row[i].text), row[i].uri);
}

static void algorithms_have_names(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_key_pair_t pss = {.key = key, .alg = sso_sign_alg_named("rsa-pss-sha256")};
    const sso_key_pair_t curve = {.key = ec};
    char *names = apr_pstrdup(cx->pool, sso_sign_alg_names(cx->pool));
    char *last;
    char *name;
    sso_span_t signature;
    int n = 0;

    for (name = apr_strtok(names, ", ", &last); name; name = apr_strtok(NULL, ", ", &last), n++)
        assert_non_null(sso_sign_alg_named(name));
    assert_int_equal(n, 9);
    assert_null(sso_sign_alg_named("rsa-sha1"));
    assert_null(sso_sign_alg_named("RSA-SHA256"));
    assert_true(pss.alg->pss);
    assert_ptr_equal(sso_sign_alg_of(&pss), pss.alg);
    assert_ptr_equal(sso_sign_alg_of(&curve), sso_sign_alg_named("ecdsa-sha256"));
    assert_int_equal(sso_sign_make(cx, pss.alg, key, sso_span("x"), &signature), APR_SUCCESS);
    assert_int_equal(sso_sign_check(cx, pss.alg, verifier_of(cx), sso_span("x"), signature),
                     APR_SUCCESS);
    assert_int_not_equal(sso_sign_check(cx, sso_sign_alg_named("rsa-sha256"), verifier_of(cx),
                                        sso_span("x"), signature),
                         APR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(every_form_is_read),
        UNIT(what_cannot_be_used_is_refused),
        UNIT(uris_are_told_from_paths),
        UNIT(algorithms_have_names),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
