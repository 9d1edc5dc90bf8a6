/*
 * jws_alg.c - the table of signature algorithms (RFC 7518, section 3.1; RFC 8037, section 3.1).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/jws_alg.h"

/* The first row that fits a key is the one we sign with. */
static const sso_jws_alg_t algs[] = {
    {"RS256", "SHA256", "RSA", NULL, {"RS256", "SHA256", EVP_PKEY_RSA, 0, 0}},
    {"RS384", "SHA384", "RSA", NULL, {"RS384", "SHA384", EVP_PKEY_RSA, 0, 0}},
    {"RS512", "SHA512", "RSA", NULL, {"RS512", "SHA512", EVP_PKEY_RSA, 0, 0}},
    {"PS256", "SHA256", "RSA", NULL, {"PS256", "SHA256", EVP_PKEY_RSA, 1, 0}},
    {"PS384", "SHA384", "RSA", NULL, {"PS384", "SHA384", EVP_PKEY_RSA, 1, 0}},
    {"PS512", "SHA512", "RSA", NULL, {"PS512", "SHA512", EVP_PKEY_RSA, 1, 0}},
    {"ES256", "SHA256", "EC", "P-256", {"ES256", "SHA256", EVP_PKEY_EC, 0, 0}},
    {"ES384", "SHA384", "EC", "P-384", {"ES384", "SHA384", EVP_PKEY_EC, 0, 0}},
    {"ES512", "SHA512", "EC", "P-521", {"ES512", "SHA512", EVP_PKEY_EC, 0, 0}},
    {"EdDSA", "SHA512", "OKP", "Ed25519", {"EdDSA", NULL, EVP_PKEY_ED25519, 0, 0}},
};

#define ALGS (sizeof(algs) / sizeof(algs[0]))

const sso_jws_alg_t *sso_jws_alg(sso_span_t name)
{
    apr_size_t i;

    for (i = 0; i < ALGS; i++) {
        if (sso_span_is(name, algs[i].name)) return &algs[i];
    }
    return NULL;
}

/* Is the key on the curve of the row? True for rows without one. */
static int fits_curve(const EVP_PKEY *key, const sso_jws_alg_t *alg)
{
    static const struct {
        const char *jose;
        const char *openssl;
    } names[] = {{"P-256", "prime256v1"}, {"P-384", "secp384r1"}, {"P-521", "secp521r1"}};
    char group[32];
    apr_size_t i;

    if (alg->how.key_type != EVP_PKEY_EC) return 1;
    if (!EVP_PKEY_get_group_name(key, group, sizeof(group), NULL)) return 0;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!sso_span_is(sso_span(names[i].jose), alg->crv)) continue;
        return sso_span_is(sso_span(names[i].openssl), group);
    }
    return 0;
}

const sso_jws_alg_t *sso_jws_alg_for(const EVP_PKEY *key, const char *name)
{
    apr_size_t i;

    for (i = 0; i < ALGS; i++) {
        if (EVP_PKEY_get_base_id(key) != algs[i].how.key_type || !fits_curve(key, &algs[i]))
            continue;
        if (!name || sso_span_is(sso_span(name), algs[i].name)) return &algs[i];
    }
    return NULL;
}

unsigned sso_jws_alg_bit(const sso_jws_alg_t *alg)
{
    return 1U << (alg - algs);
}

const char *sso_jws_alg_names(apr_pool_t *pool, unsigned set)
{
    const char *names = "";
    apr_size_t i;

    for (i = 0; i < ALGS; i++) {
        if (!(set & 1U << i)) continue;
        names = apr_pstrcat(pool, names, *names ? " " : "", algs[i].name, NULL);
    }
    return names;
}
