/*
 * jwk.c - our public keys as JSON Web Keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/jwk.h"

#include "base/codec.h"
#include "crypto/mac.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

#define NUMBER_MAX 2048 /* bytes: RSA 16384 */
#define ED25519    32   /* bytes of a public key */

/* A number of the key, base64url; width 0: as few bytes as it takes. NULL: it has none. */
static const char *number(apr_pool_t *pool, const EVP_PKEY *key, const char *name, int width)
{
    unsigned char bytes[NUMBER_MAX];
    BIGNUM *bn = NULL;
    int n = -1;

    if (EVP_PKEY_get_bn_param(key, name, &bn) == 1 && BN_num_bytes(bn) <= NUMBER_MAX) {
        n = width ? BN_bn2binpad(bn, bytes, width) : BN_bn2bin(bn, bytes);
    }
    BN_free(bn);
    return n > 0 ? sso_b64url_encode(pool, sso_span_of(bytes, (apr_size_t)n)) : NULL;
}

static const char *curve_of(const EVP_PKEY *key)
{
    switch (EVP_PKEY_get_bits(key)) {
    case 256:
        return "P-256";
    case 384:
        return "P-384";
    default:
        return "P-521";
    }
}

static const char *rsa_members(apr_pool_t *pool, const EVP_PKEY *key)
{
    const char *e = number(pool, key, OSSL_PKEY_PARAM_RSA_E, 0);
    const char *n = number(pool, key, OSSL_PKEY_PARAM_RSA_N, 0);

    return e && n ? apr_psprintf(pool, "\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"", e, n) : NULL;
}

static const char *ec_members(apr_pool_t *pool, const EVP_PKEY *key)
{
    const int width = (EVP_PKEY_get_bits(key) + 7) / 8;
    const char *x = number(pool, key, OSSL_PKEY_PARAM_EC_PUB_X, width);
    const char *y = number(pool, key, OSSL_PKEY_PARAM_EC_PUB_Y, width);

    return x && y ? apr_psprintf(pool, "\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"",
                                 curve_of(key), x, y)
                  : NULL;
}

static const char *ed25519_members(apr_pool_t *pool, const EVP_PKEY *key)
{
    unsigned char bytes[ED25519];
    size_t n = sizeof(bytes);

    if (EVP_PKEY_get_raw_public_key(key, bytes, &n) != 1) return NULL;
    return apr_psprintf(pool, "\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"",
                        sso_b64url_encode(pool, sso_span_of(bytes, n)));
}

apr_status_t sso_jwk_members(sso_ctx_t *cx, const EVP_PKEY *key, const char **out)
{
    const char *text = NULL;

    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        text = rsa_members(cx->pool, key);
        break;
    case EVP_PKEY_EC:
        text = ec_members(cx->pool, key);
        break;
    case EVP_PKEY_ED25519:
        text = ed25519_members(cx->pool, key);
        break;
    default:
        break;
    }
    if (!text) return sso_fail(cx, SSO_F_INTERNAL, "a key of ours has no public half");
    *out = text;
    return APR_SUCCESS;
}

apr_status_t sso_jwk_thumbprint(sso_ctx_t *cx, const EVP_PKEY *key, const char **out)
{
    unsigned char digest[SSO_MAC_BYTES];
    const char *text = NULL;
    sso_span_t input;
    apr_status_t rv = sso_jwk_members(cx, key, &text);

    if (rv != APR_SUCCESS) return rv;
    input = sso_span(apr_pstrcat(cx->pool, "{", text, "}", NULL));
    rv = sso_mac_hash(cx, &input, 1, digest);
    if (rv == APR_SUCCESS) *out = sso_b64url_encode(cx->pool, sso_span_of(digest, sizeof(digest)));
    return rv;
}
