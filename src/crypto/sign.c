/*
 * sign.c - the table of algorithms, and one way to sign and to verify with any of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/sign.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#define DSIG      "http://www.w3.org/2000/09/xmldsig#"
#define DSIG_MORE "http://www.w3.org/2001/04/xmldsig-more#"
#define DSIG_2007 "http://www.w3.org/2007/05/xmldsig-more#"

/* RFC 9231, sections 2.3.2 to 2.3.9. The first row of a key type is the one we sign with. */
static const sso_sign_alg_t algs[] = {
    {DSIG_MORE "rsa-sha256", "SHA256", EVP_PKEY_RSA, 0, 0},
    {DSIG_MORE "rsa-sha384", "SHA384", EVP_PKEY_RSA, 0, 0},
    {DSIG_MORE "rsa-sha512", "SHA512", EVP_PKEY_RSA, 0, 0},
    {DSIG_2007 "sha256-rsa-MGF1", "SHA256", EVP_PKEY_RSA, 1, 0},
    {DSIG_2007 "sha384-rsa-MGF1", "SHA384", EVP_PKEY_RSA, 1, 0},
    {DSIG_2007 "sha512-rsa-MGF1", "SHA512", EVP_PKEY_RSA, 1, 0},
    {DSIG_MORE "ecdsa-sha256", "SHA256", EVP_PKEY_EC, 0, 0},
    {DSIG_MORE "ecdsa-sha384", "SHA384", EVP_PKEY_EC, 0, 0},
    {DSIG_MORE "ecdsa-sha512", "SHA512", EVP_PKEY_EC, 0, 0},
    {DSIG "rsa-sha1", "SHA1", EVP_PKEY_RSA, 0, 1},
    {DSIG_MORE "ecdsa-sha1", "SHA1", EVP_PKEY_EC, 0, 1},
};

#define ALGS (sizeof(algs) / sizeof(algs[0]))

const sso_sign_alg_t *sso_sign_alg(sso_span_t uri, int allow_weak)
{
    apr_size_t i;

    for (i = 0; i < ALGS; i++) {
        if (!sso_span_is(uri, algs[i].uri)) continue;
        return algs[i].weak && !allow_weak ? NULL : &algs[i];
    }
    return NULL;
}

const sso_sign_alg_t *sso_sign_alg_for(const EVP_PKEY *key)
{
    apr_size_t i;

    for (i = 0; i < ALGS; i++) {
        if (EVP_PKEY_get_base_id(key) == algs[i].key_type) return &algs[i];
    }
    return NULL;
}

static const struct {
    const char *name;
    const char *uri;
} names[] = {
    {"rsa-sha256", DSIG_MORE "rsa-sha256"},
    {"rsa-sha384", DSIG_MORE "rsa-sha384"},
    {"rsa-sha512", DSIG_MORE "rsa-sha512"},
    {"rsa-pss-sha256", DSIG_2007 "sha256-rsa-MGF1"},
    {"rsa-pss-sha384", DSIG_2007 "sha384-rsa-MGF1"},
    {"rsa-pss-sha512", DSIG_2007 "sha512-rsa-MGF1"},
    {"ecdsa-sha256", DSIG_MORE "ecdsa-sha256"},
    {"ecdsa-sha384", DSIG_MORE "ecdsa-sha384"},
    {"ecdsa-sha512", DSIG_MORE "ecdsa-sha512"},
};

const sso_sign_alg_t *sso_sign_alg_named(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (sso_span_is(sso_span(name), names[i].name)) {
            return sso_sign_alg(sso_span(names[i].uri), 0);
        }
    }
    return NULL;
}

const char *sso_sign_alg_name(const sso_sign_alg_t *alg)
{
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (sso_span_is(sso_span(names[i].uri), alg->uri)) return names[i].name;
    }
    return "";
}

const char *sso_sign_alg_names(apr_pool_t *pool)
{
    const char *all = names[0].name;
    apr_size_t i;

    for (i = 1; i < sizeof(names) / sizeof(names[0]); i++)
        all = apr_pstrcat(pool, all, ", ", names[i].name, NULL);
    return all;
}

/* Bytes of r, and of s, in the raw form: as many as the order of the curve has. */
static int half_size(const EVP_PKEY *key)
{
    return (EVP_PKEY_get_bits(key) + 7) / 8;
}

/* DER to r||s (RFC 9231, section 2.3.6). */
static int to_raw(const EVP_PKEY *key, const unsigned char *der, size_t n, unsigned char *raw)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
    int half = half_size(key);
    int ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, half) == half
             && BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + half, half) == half;

    ECDSA_SIG_free(sig);
    return ok;
}

/* r||s to DER, in memory of OpenSSL's; how many bytes, 0 when it is no such signature. */
static int to_der(const EVP_PKEY *key, sso_span_t raw, unsigned char **der)
{
    const unsigned char *p = (const unsigned char *)raw.p;
    int half = half_size(key);
    ECDSA_SIG *sig;
    BIGNUM *r;
    BIGNUM *s;
    int n = 0;

    if (raw.n != (apr_size_t)half * 2) return 0;
    sig = ECDSA_SIG_new();
    r = BN_bin2bn(p, half, NULL);
    s = BN_bin2bn(p + half, half, NULL);
    if (sig && r && s && ECDSA_SIG_set0(sig, r, s)) {
        n = i2d_ECDSA_SIG(sig, der); /* r and s are sig's now */
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(sig);
    return n > 0 ? n : 0;
}

static int sign_with(EVP_MD_CTX *ctx, const sso_sign_alg_t *alg, EVP_PKEY *key, sso_span_t data,
                     unsigned char *out, size_t *n)
{
    EVP_PKEY_CTX *params;

    return ctx && EVP_DigestSignInit_ex(ctx, &params, alg->digest, NULL, NULL, key, NULL) == 1
           && sso_verifier_padding(alg, params)
           && EVP_DigestSign(ctx, out, n, (const unsigned char *)data.p, data.n) == 1;
}

apr_status_t sso_sign_make(sso_ctx_t *cx, const sso_sign_alg_t *alg, EVP_PKEY *key, sso_span_t data,
                           sso_span_t *out)
{
    size_t n = (size_t)EVP_PKEY_get_size(key);
    unsigned char *made = apr_palloc(cx->pool, n);
    unsigned char *raw;
    EVP_MD_CTX *ctx;
    int ok;

    if (EVP_PKEY_get_base_id(key) != alg->key_type) {
        return sso_fail(cx, SSO_F_INTERNAL, "the key is not of the type that %s needs", alg->uri);
    }
    ERR_set_mark();
    ctx = EVP_MD_CTX_new();
    ok = sign_with(ctx, alg, key, data, made, &n);
    EVP_MD_CTX_free(ctx);
    ERR_pop_to_mark();
    if (!ok) return sso_fail(cx, SSO_F_INTERNAL, "OpenSSL could not sign with %s", alg->uri);
    if (alg->key_type != EVP_PKEY_EC) {
        *out = sso_span_of(made, n);
        return APR_SUCCESS;
    }
    raw = apr_palloc(cx->pool, (apr_size_t)half_size(key) * 2);
    if (!to_raw(key, made, n, raw)) return sso_fail(cx, SSO_F_INTERNAL, "not an ECDSA signature");
    *out = sso_span_of(raw, (apr_size_t)half_size(key) * 2);
    return APR_SUCCESS;
}

static int verify(sso_verifier_t *verifier, const sso_sign_alg_t *alg, sso_span_t data,
                  const unsigned char *signature, size_t n)
{
    EVP_MD_CTX *ctx = sso_verifier_begin(verifier, alg);
    int ok = ctx && EVP_DigestVerify(ctx, signature, n, (const unsigned char *)data.p, data.n) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

static int verify_raw(sso_verifier_t *verifier, const sso_sign_alg_t *alg, sso_span_t data,
                      sso_span_t signature)
{
    unsigned char *der = NULL;
    int n = to_der(sso_verifier_key(verifier), signature, &der);
    int ok = n > 0 && verify(verifier, alg, data, der, (size_t)n);

    OPENSSL_free(der);
    return ok;
}

apr_status_t sso_sign_check(sso_ctx_t *cx, const sso_sign_alg_t *alg, sso_verifier_t *verifier,
                            sso_span_t data, sso_span_t signature)
{
    int ok;

    (void)cx;
    if (EVP_PKEY_get_base_id(sso_verifier_key(verifier)) != alg->key_type) return APR_EINVAL;
    ERR_set_mark();
    ok = alg->key_type == EVP_PKEY_EC
             ? verify_raw(verifier, alg, data, signature)
             : verify(verifier, alg, data, (const unsigned char *)signature.p, signature.n);
    if (ok) sso_verifier_keep(verifier, alg);
    ERR_pop_to_mark(); /* a forgery is no error of this thread: mod_ssl looks at the queue too */
    return ok ? APR_SUCCESS : APR_EINVAL;
}
