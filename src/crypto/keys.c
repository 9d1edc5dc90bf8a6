/*
 * keys.c - from PEM, DER and Base64 to keys that are fit for use; and a pair of our own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/keys.h"

#include "base/codec.h"
#include "base/file.h"
#include "crypto/owned.h"
#include "crypto/random.h"

#include <apr_file_info.h>
#include <apr_strings.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <limits.h>

#define FILE_MAX     65536 /* bytes of a certificate or key file */
#define RSA_BITS_MIN 2048  /* R27 */
#define RSA_BITS_OWN 3072
#define CERT_DAYS    3650
#define CLOCK_SLACK  86400 /* seconds that our certificate is valid before it was made */
#define NAME_MAX_CN  64    /* characters of a common name (RFC 5280, ub-common-name) */
#define PEM_CERT     "-----BEGIN CERTIFICATE-----"

/* A reader of these bytes; they must outlive it. */
static BIO *reader(apr_pool_t *pool, sso_span_t text)
{
    return text.n > INT_MAX ? NULL : sso_owned_bio(pool, BIO_new_mem_buf(text.p, (int)text.n));
}

/* ---- fitness ---- */

static int is_known_curve(const EVP_PKEY *key)
{
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
    char name[64];
    size_t i;

    if (!EVP_PKEY_get_group_name(key, name, sizeof(name), NULL)) return 0;
    for (i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (strcmp(name, curves[i]) == 0) return 1; /* public */
    }
    return 0;
}

/* RSA of 2048 bits and more, or one of the three curves (R27). */
static apr_status_t check_key(sso_ctx_t *cx, const EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        if (EVP_PKEY_get_bits(key) >= RSA_BITS_MIN) return APR_SUCCESS;
        return sso_fail(cx, SSO_F_CONFIG, "an RSA key of %d bits is too short: use %d or more",
                        EVP_PKEY_get_bits(key), RSA_BITS_MIN);
    case EVP_PKEY_EC:
        if (is_known_curve(key)) return APR_SUCCESS;
        return sso_fail(cx, SSO_F_CONFIG, "an EC key must be of curve P-256, P-384 or P-521");
    default:
        return sso_fail(cx, SSO_F_CONFIG, "a key of type %s cannot be used: use RSA or EC",
                        EVP_PKEY_get0_type_name(key) ? EVP_PKEY_get0_type_name(key) : "unknown");
    }
}

/* ---- certificates ---- */

/* Asks nobody: a server that waits for a passphrase at boot is down. Notes that it was needed. */
static int refuse_passphrase(char *buf, int size, int writing, void *asked)
{
    (void)buf;
    (void)size;
    (void)writing;
    *(int *)asked = 1;
    return -1;
}

static X509 *from_pem(sso_ctx_t *cx, sso_span_t text)
{
    BIO *bio = reader(cx->pool, text);
    int asked = 0;

    return bio ? PEM_read_bio_X509(bio, NULL, refuse_passphrase, &asked) : NULL;
}

/* All of the bytes, nothing behind them. */
static X509 *from_der(sso_span_t der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    const unsigned char *end = p + der.n;
    X509 *x509 = der.n > LONG_MAX ? NULL : d2i_X509(NULL, &p, (long)der.n);

    if (x509 && p != end) {
        X509_free(x509);
        return NULL;
    }
    return x509;
}

static X509 *from_base64(sso_ctx_t *cx, sso_span_t text)
{
    const int how = SSO_B64_STD | SSO_B64_NEWLINE | SSO_B64_SPACE;
    sso_span_t der;

    return sso_b64_decode(cx->pool, text, how, &der, NULL) == APR_SUCCESS ? from_der(der) : NULL;
}

static int has_pem_cert(sso_span_t text)
{
    return text.n > 0 && memmem(text.p, text.n, PEM_CERT, strlen(PEM_CERT)) != NULL;
}

/* DER begins with the octet 0x30; Base64 of it with 'M'. */
static X509 *read_x509(sso_ctx_t *cx, sso_span_t text)
{
    if (has_pem_cert(text)) return from_pem(cx, text);
    if (text.n > 0 && text.p[0] == 0x30) return from_der(text);
    return from_base64(cx, text);
}

/* RFC 2253 form, escaped down to printable ASCII. */
static const char *subject_of(apr_pool_t *pool, X509 *x509)
{
    BIO *bio = sso_owned_bio(pool, BIO_new(BIO_s_mem()));
    char *text;
    long n;

    if (!bio || X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0, XN_FLAG_RFC2253) < 0) {
        return "";
    }
    n = BIO_get_mem_data(bio, &text);
    return n > 0 ? apr_pstrmemdup(pool, text, (apr_size_t)n) : "";
}

/* Saturates at 1970, where apr_time_t starts for us. */
static int read_date(const ASN1_TIME *date, apr_time_t *out)
{
    struct tm tm;
    apr_time_exp_t e = {.tm_usec = 0};
    apr_time_t t;

    if (!ASN1_TIME_to_tm(date, &tm)) return 0;
    e.tm_year = tm.tm_year;
    e.tm_mon = tm.tm_mon;
    e.tm_mday = tm.tm_mday;
    e.tm_hour = tm.tm_hour;
    e.tm_min = tm.tm_min;
    e.tm_sec = tm.tm_sec;
    if (apr_time_exp_gmt_get(&t, &e) != APR_SUCCESS) t = 0;
    *out = t > 0 ? t : 0;
    return 1;
}

static const char *der_base64(apr_pool_t *pool, X509 *x509)
{
    unsigned char *der = NULL;
    int n = i2d_X509(x509, &der);
    const char *text = n > 0 ? sso_b64_encode(pool, sso_span_of(der, (apr_size_t)n)) : NULL;

    OPENSSL_free(der);
    return text;
}

static const char *fingerprint(apr_pool_t *pool, const X509 *x509)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int n = 0;

    if (!X509_digest(x509, EVP_sha256(), md, &n)) return NULL;
    return sso_hex_encode(pool, sso_span_of(md, n));
}

static apr_status_t describe(sso_ctx_t *cx, apr_pool_t *pool, X509 *x509, sso_cert_t **out)
{
    sso_cert_t *cert = apr_pcalloc(pool, sizeof(*cert));
    apr_status_t rv;

    cert->key = X509_get0_pubkey(x509);
    cert->subject = subject_of(pool, x509);
    if (!cert->key) {
        return sso_fail(cx, SSO_F_CONFIG, "the key of certificate \"%s\" cannot be read",
                        cert->subject);
    }
    rv = check_key(cx, cert->key);
    if (rv != APR_SUCCESS) return rv;
    cert->verifier = sso_verifier_make(pool, cert->key);
    cert->der_base64 = der_base64(pool, x509);
    cert->sha256 = fingerprint(pool, x509);
    if (!cert->der_base64 || !cert->sha256
        || !read_date(X509_get0_notBefore(x509), &cert->not_before)
        || !read_date(X509_get0_notAfter(x509), &cert->not_after)) {
        return sso_fail(cx, SSO_F_CONFIG, "certificate \"%s\" is damaged", cert->subject);
    }
    *out = cert;
    return APR_SUCCESS;
}

apr_status_t sso_cert_make(sso_ctx_t *cx, apr_pool_t *pool, X509 *x509, sso_cert_t **out)
{
    return describe(cx, pool, sso_owned_x509(pool, x509), out);
}

apr_status_t sso_cert_parse(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text, sso_cert_t **out)
{
    apr_status_t rv;
    X509 *x509;

    ERR_set_mark();
    x509 = sso_owned_x509(pool, read_x509(cx, text));
    rv = x509 ? describe(cx, pool, x509, out)
              : sso_fail(cx, SSO_F_CONFIG, "not a certificate: PEM, DER or Base64 is expected");
    ERR_pop_to_mark();
    return rv;
}

static apr_status_t no_such_file(sso_ctx_t *cx, const char *what, const char *file)
{
    return sso_fail(cx, SSO_F_CONFIG, "there is no %s file %s", what, file);
}

apr_status_t sso_cert_read(sso_ctx_t *cx, apr_pool_t *pool, const char *file, sso_cert_t **out)
{
    sso_span_t text;
    apr_status_t rv = sso_file_read(cx, pool, file, FILE_MAX, SSO_FILE_PUBLIC, &text);

    if (rv == APR_ENOENT) return no_such_file(cx, "certificate", file);
    return rv == APR_SUCCESS ? sso_cert_parse(cx, pool, text, out) : rv;
}

/* ---- private keys ---- */

static apr_status_t parse_key(sso_ctx_t *cx, const char *file, sso_span_t text, EVP_PKEY **out)
{
    BIO *bio = reader(cx->pool, text);
    int asked = 0;

    *out = bio ? PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &asked) : NULL;
    if (*out) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CONFIG,
                    asked ? "the key in %s is encrypted: write it without a passphrase"
                          : "%s holds no private key in PEM form",
                    file);
}

/* The certificate of cert_file; of the key's own file without one; or none. */
static apr_status_t find_cert(sso_ctx_t *cx, apr_pool_t *pool, const char *cert_file,
                              sso_span_t key_text, sso_cert_t **out)
{
    if (cert_file) return sso_cert_read(cx, pool, cert_file, out);
    if (has_pem_cert(key_text)) return sso_cert_parse(cx, pool, key_text, out);
    *out = NULL;
    return APR_SUCCESS;
}

apr_status_t sso_key_pair_make(sso_ctx_t *cx, apr_pool_t *pool, EVP_PKEY *key,
                               const sso_cert_t *cert, const char *where, sso_key_pair_t **out)
{
    sso_key_pair_t *pair = apr_pcalloc(pool, sizeof(*pair));
    apr_status_t rv;

    pair->key = sso_owned_pkey(pool, key);
    pair->cert = cert;
    rv = check_key(cx, key);
    if (rv != APR_SUCCESS) return rv;
    if (cert && EVP_PKEY_eq(cert->key, key) != 1) {
        return sso_fail(cx, SSO_F_CONFIG, "the certificate \"%s\" is not for the key in %s",
                        cert->subject, where);
    }
    *out = pair;
    return APR_SUCCESS;
}

static apr_status_t parse_pair(sso_ctx_t *cx, apr_pool_t *pool, const char *key_file,
                               const char *cert_file, sso_span_t text, sso_key_pair_t **out)
{
    sso_cert_t *cert = NULL;
    EVP_PKEY *key;
    apr_status_t rv = parse_key(cx, key_file, text, &key);

    if (rv != APR_SUCCESS) return rv;
    rv = find_cert(cx, pool, cert_file, text, &cert);
    if (rv != APR_SUCCESS) {
        EVP_PKEY_free(key);
        return rv;
    }
    return sso_key_pair_make(cx, pool, key, cert, key_file, out);
}

apr_status_t sso_key_read(sso_ctx_t *cx, apr_pool_t *pool, const char *key_file,
                          const char *cert_file, sso_key_pair_t **out)
{
    sso_span_t text;
    apr_status_t rv = sso_secret_file(cx, pool, key_file, FILE_MAX, &text);

    if (rv == APR_ENOENT) return no_such_file(cx, "key", key_file);
    if (rv != APR_SUCCESS) return rv;
    ERR_set_mark();
    rv = parse_pair(cx, pool, key_file, cert_file, text, out);
    ERR_pop_to_mark();
    return rv;
}

/* ---- a pair of our own ---- */

/* CN=name, cut to what a common name may have, at the boundary of a character. */
static int set_name(X509 *x509, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(x509);
    apr_size_t n = strlen(name);

    if (n > NAME_MAX_CN) n = NAME_MAX_CN;
    while (n > 0 && !sso_is_utf8(sso_span_of(name, n))) {
        n--;
    }
    return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)name, (int)n, -1, 0)
           && X509_set_issuer_name(x509, subject);
}

/* 127 random bits: positive, and no two certificates share one. */
static int set_serial(sso_ctx_t *cx, X509 *x509)
{
    unsigned char bytes[16];
    BIGNUM *serial;
    int ok;

    if (sso_random_bytes(cx, bytes, sizeof(bytes)) != APR_SUCCESS) return 0;
    bytes[0] &= 0x7f;
    serial = BN_bin2bn(bytes, sizeof(bytes), NULL);
    ok = serial && BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509)) != NULL;
    BN_free(serial);
    return ok;
}

static int set_dates(sso_ctx_t *cx, X509 *x509)
{
    time_t now = (time_t)apr_time_sec(cx->now);

    return X509_time_adj_ex(X509_getm_notBefore(x509), 0, -CLOCK_SLACK, &now)
           && X509_time_adj_ex(X509_getm_notAfter(x509), CERT_DAYS, 0, &now);
}

static int add_extension(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    int ok = extension && X509_add_ext(x509, extension, -1);

    X509_EXTENSION_free(extension);
    return ok;
}

static int fill_cert(sso_ctx_t *cx, X509 *x509, EVP_PKEY *key, const char *name)
{
    return X509_set_version(x509, X509_VERSION_3) && set_serial(cx, x509) && set_dates(cx, x509)
           && set_name(x509, name) && X509_set_pubkey(x509, key)
           && add_extension(x509, NID_basic_constraints, "critical,CA:FALSE")
           && add_extension(x509, NID_key_usage, "critical,digitalSignature,keyEncipherment")
           && X509_sign(x509, key, EVP_sha256());
}

/* Key and certificate as PEM in OpenSSL's memory, which it wipes when it frees it. */
static int write_pair(sso_ctx_t *cx, const char *name, BIO *bio)
{
    EVP_PKEY *key = sso_owned_pkey(cx->pool, EVP_RSA_gen(RSA_BITS_OWN));
    X509 *x509 = sso_owned_x509(cx->pool, X509_new());

    return bio && key && x509 && fill_cert(cx, x509, key, name)
           && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
           && PEM_write_bio_X509(bio, x509);
}

static apr_status_t make_pair(sso_ctx_t *cx, const char *file, const char *name)
{
    BIO *bio = sso_owned_bio(cx->pool, BIO_new(BIO_s_mem()));
    apr_status_t rv;
    char *text;

    ERR_set_mark();
    if (!write_pair(cx, name, bio)) {
        rv = sso_fail(cx, SSO_F_INTERNAL, "OpenSSL could not make a key for %s", file);
    } else {
        apr_size_t n = (apr_size_t)BIO_get_mem_data(bio, &text);

        rv = sso_file_create(cx, file, sso_span_of(text, n));
    }
    ERR_pop_to_mark();
    return rv == APR_EEXIST ? APR_SUCCESS : rv; /* somebody was faster: theirs is as good */
}

static int exists(sso_ctx_t *cx, const char *file)
{
    apr_finfo_t info;

    return !APR_STATUS_IS_ENOENT(apr_stat(&info, file, APR_FINFO_TYPE, cx->pool));
}

apr_status_t sso_key_own(sso_ctx_t *cx, apr_pool_t *pool, const char *file, const char *name,
                         int may_write, sso_key_pair_t **out)
{
    sso_key_pair_t *pair = NULL;
    apr_status_t rv = APR_SUCCESS;

    if (!exists(cx, file)) rv = may_write ? make_pair(cx, file, name) : APR_ENOENT;
    if (rv == APR_SUCCESS) rv = sso_key_read(cx, pool, file, NULL, &pair);
    if (rv != APR_SUCCESS) return rv;
    if (!pair || !pair->cert) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "%s has a key but no certificate: add it, or move the file "
                        "away to have both made",
                        file);
    }
    *out = pair;
    return APR_SUCCESS;
}
