/*
 * keystore.c - three forms in which keys are kept, one way to check them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/keystore.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include <limits.h>

#define FILE_MAX 65536 /* bytes of a key file */

/* What was found; both belong to whoever takes them. */
typedef struct {
    EVP_PKEY *key;
    X509 *cert;
} found_t;

/* A passphrase on its way to OpenSSL. */
typedef struct {
    sso_span_t text; /* p NULL: there is none */
    int asked;
} answer_t;

static int give_passphrase(char *buf, int size, int writing, void *baton)
{
    answer_t *answer = baton;

    (void)writing;
    answer->asked = 1;
    if (!answer->text.p || answer->text.n > (apr_size_t)size) return -1;
    memcpy(buf, answer->text.p, answer->text.n);
    return (int)answer->text.n;
}

int sso_key_is_uri(const char *text)
{
    const char *c = text;

    while (apr_isalnum(*c) || *c == '+' || *c == '-' || *c == '.')
        c++;
    return c != text && *c == ':';
}

/* Why nothing was found, as far as the passphrase is concerned; otherwise: the rest of the reasons. */
static apr_status_t not_opened(sso_ctx_t *cx, const char *where, const answer_t *answer,
                               const char *otherwise)
{
    if (answer->asked && !answer->text.p) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "the key in %s is encrypted: write passphrase=file:PATH behind it, or "
                        "passphrase=exec:PROGRAM",
                        where);
    }
    if (answer->asked) {
        return sso_fail(cx, SSO_F_CONFIG, "the passphrase does not open %s", where);
    }
    return sso_fail(cx, SSO_F_CONFIG, "%s %s", where, otherwise);
}

/* ---- files ---- */

static int is_pkcs12(sso_span_t text)
{
    return text.n > 0 && text.p[0] == 0x30; /* DER; PEM begins with a dash, or with words */
}

/* Of old files, whose ciphers OpenSSL 3 has put aside, it can say no more than that. */
static apr_status_t open_pkcs12(sso_ctx_t *cx, const char *where, sso_span_t text,
                                const answer_t *answer, found_t *out)
{
    const unsigned char *p = (const unsigned char *)text.p;
    const char *pass = answer->text.p ? sso_span_text(cx->pool, answer->text) : "";
    PKCS12 *file = d2i_PKCS12(NULL, &p, (long)text.n);
    int ok;

    if (answer->text.p) sso_secret_wipe_with(cx->pool, sso_span(pass));
    if (!file) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "%s is neither PEM nor PKCS#12: convert it to one of them", where);
    }
    ok = PKCS12_verify_mac(file, pass, -1);
    if (!ok) {
        PKCS12_free(file);
        return sso_fail(cx, SSO_F_CONFIG,
                        answer->text.p ? "the passphrase does not open %s"
                                       : "%s is encrypted: write passphrase=file:PATH behind it",
                        where);
    }
    ok = PKCS12_parse(file, pass, &out->key, &out->cert, NULL);
    PKCS12_free(file);
    if (ok && out->key) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CONFIG,
                    "%s holds no key that can be read: write it anew with openssl pkcs12 -export, "
                    "which uses AES",
                    where);
}

static apr_status_t open_pem(sso_ctx_t *cx, const char *where, sso_span_t text, answer_t *answer,
                             found_t *out)
{
    BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);

    if (!bio) return sso_fail(cx, SSO_F_INTERNAL, "no memory for %s", where);
    out->key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, answer);
    BIO_free(bio);
    if (!out->key) return not_opened(cx, where, answer, "holds no private key in PEM form");
    bio = BIO_new_mem_buf(text.p, (int)text.n); /* the certificate may stand before it */
    out->cert = bio ? PEM_read_bio_X509(bio, NULL, give_passphrase, answer) : NULL;
    BIO_free(bio);
    return APR_SUCCESS;
}

static apr_status_t read_private(sso_ctx_t *cx, const char *path, sso_span_t *out)
{
    apr_status_t rv = sso_secret_file(cx, cx->pool, path, FILE_MAX, out);

    if (rv == APR_ENOENT) return sso_fail(cx, SSO_F_CONFIG, "there is no key file %s", path);
    return rv;
}

static apr_status_t open_file(sso_ctx_t *cx, const char *path, answer_t *answer, found_t *out)
{
    sso_span_t text;
    apr_status_t rv = read_private(cx, path, &text);

    if (rv != APR_SUCCESS) return rv;
    if (is_pkcs12(text)) return open_pkcs12(cx, path, text, answer, out);
    return open_pem(cx, path, text, answer, out);
}

/* ---- stores ---- */

/* The first of each kind. */
static void take(OSSL_STORE_INFO *info, found_t *out)
{
    const int type = OSSL_STORE_INFO_get_type(info);

    if (type == OSSL_STORE_INFO_PKEY && !out->key) out->key = OSSL_STORE_INFO_get1_PKEY(info);
    if (type == OSSL_STORE_INFO_CERT && !out->cert) out->cert = OSSL_STORE_INFO_get1_CERT(info);
}

static void search(OSSL_STORE_CTX *store, found_t *out)
{
    while (!OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        if (!info && OSSL_STORE_error(store)) return;
        if (info) take(info, out);
        OSSL_STORE_INFO_free(info);
    }
}

static int look_into(const char *uri, answer_t *answer, found_t *out)
{
    UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_passphrase, 0);
    OSSL_STORE_CTX *store = ui ? OSSL_STORE_open(uri, ui, answer, NULL, NULL) : NULL;
    const int opened = store != NULL;

    if (store) {
        search(store, out);
        (void)OSSL_STORE_close(store);
    }
    UI_destroy_method(ui);
    return opened;
}

/* What "file:" names must be private like any other file: file:PATH, file:///PATH. */
static apr_status_t check_file_uri(sso_ctx_t *cx, const char *uri)
{
    const char *path = uri + strlen("file:");
    sso_span_t text;

    if (strncmp(uri, "file:", 5) != 0) return APR_SUCCESS;
    if (!strncmp(path, "///", 3)) path += 2;
    return read_private(cx, path, &text);
}

static apr_status_t open_store(sso_ctx_t *cx, const char *uri, answer_t *answer, found_t *out)
{
    apr_status_t rv = check_file_uri(cx, uri);

    if (rv != APR_SUCCESS) return rv;
    if (!look_into(uri, answer, out)) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "OpenSSL has no store for %s: load its provider in openssl.cnf", uri);
    }
    if (out->key) return APR_SUCCESS;
    return not_opened(cx, uri, answer, "holds no private key");
}

/* ---- both ---- */

static void drop(found_t *found)
{
    EVP_PKEY_free(found->key);
    X509_free(found->cert);
    *found = (found_t){NULL, NULL};
}

/* The certificate that was named, or the one beside the key. */
static apr_status_t find_cert(sso_ctx_t *cx, apr_pool_t *pool, const sso_key_source_t *source,
                              found_t *beside, sso_cert_t **out)
{
    found_t found = {NULL, NULL};
    answer_t answer = {source->passphrase, 0};
    X509 *x509 = beside->cert;

    if (source->cert && !sso_key_is_uri(source->cert)) {
        return sso_cert_read(cx, pool, source->cert, out);
    }
    if (source->cert) {
        (void)look_into(source->cert, &answer, &found);
        EVP_PKEY_free(found.key);
        if (!found.cert) {
            return sso_fail(cx, SSO_F_CONFIG, "%s holds no certificate", source->cert);
        }
        x509 = found.cert;
    } else {
        beside->cert = NULL; /* the pool's from here on */
    }
    *out = NULL;
    return x509 ? sso_cert_make(cx, pool, x509, out) : APR_SUCCESS;
}

static apr_status_t load(sso_ctx_t *cx, apr_pool_t *pool, const sso_key_source_t *source,
                         found_t *found, sso_key_pair_t **out)
{
    answer_t answer = {source->passphrase, 0};
    sso_cert_t *cert = NULL;
    EVP_PKEY *key;
    apr_status_t rv = sso_key_is_uri(source->key) ? open_store(cx, source->key, &answer, found)
                                                  : open_file(cx, source->key, &answer, found);

    if (rv == APR_SUCCESS) rv = find_cert(cx, pool, source, found, &cert);
    if (rv != APR_SUCCESS) return rv;
    key = found->key;
    found->key = NULL;
    return sso_key_pair_make(cx, pool, key, cert, source->key, out);
}

apr_status_t sso_key_load(sso_ctx_t *cx, apr_pool_t *pool, const sso_key_source_t *source,
                          sso_key_pair_t **out)
{
    found_t found = {NULL, NULL};
    apr_status_t rv;

    ERR_set_mark();
    rv = load(cx, pool, source, &found, out);
    drop(&found);
    ERR_pop_to_mark();
    return rv;
}
