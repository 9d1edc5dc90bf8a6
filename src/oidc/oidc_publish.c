/*
 * oidc_publish.c - JSON Web Keys of our own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_publish.h"

#include "base/buf.h"
#include "base/codec.h"
#include "crypto/keys.h"
#include "crypto/mac.h"

#include <apr_strings.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>

#define JWK_MAX    8192
#define NUMBER_MAX 2048 /* bytes: RSA 16384 */

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

/* The members that make the key, in the order of RFC 7638, section 3.2, without braces. */
static const char *members(sso_ctx_t *cx, const EVP_PKEY *key)
{
    const int width = (EVP_PKEY_get_bits(key) + 7) / 8;
    const char *a;
    const char *b;

    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        a = number(cx->pool, key, OSSL_PKEY_PARAM_RSA_E, 0);
        b = number(cx->pool, key, OSSL_PKEY_PARAM_RSA_N, 0);
        return a && b ? apr_psprintf(cx->pool, "\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"", a, b)
                      : NULL;
    }
    a = number(cx->pool, key, OSSL_PKEY_PARAM_EC_PUB_X, width);
    b = number(cx->pool, key, OSSL_PKEY_PARAM_EC_PUB_Y, width);
    return a && b
               ? apr_psprintf(cx->pool, "\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"",
                              curve_of(key), a, b)
               : NULL;
}

apr_status_t sso_oidc_key_id(sso_ctx_t *cx, const EVP_PKEY *key, const char **out)
{
    unsigned char digest[SSO_MAC_BYTES];
    const char *text = members(cx, key);
    sso_span_t input;
    apr_status_t rv;

    if (!text) return sso_fail(cx, SSO_F_INTERNAL, "a key of ours has no public half");
    input = sso_span(apr_pstrcat(cx->pool, "{", text, "}", NULL));
    rv = sso_mac_hash(cx, &input, 1, digest);
    if (rv == APR_SUCCESS) *out = sso_b64url_encode(cx->pool, sso_span_of(digest, sizeof(digest)));
    return rv;
}

static apr_status_t add_key(sso_ctx_t *cx, const EVP_PKEY *key, sso_buf_t *b)
{
    const char *kid = NULL;
    apr_status_t rv = sso_oidc_key_id(cx, key, &kid);

    if (rv != APR_SUCCESS) return rv;
    sso_buf_format(b, "%s{\"use\":\"sig\",\"kid\":\"%s\",%s},", b->p[b->n - 1] == '[' ? "" : ",",
                   kid, members(cx, key));
    sso_buf_format(b, "{\"use\":\"enc\",\"kid\":\"%s-enc\",%s}", kid, members(cx, key));
    return APR_SUCCESS;
}

apr_status_t sso_oidc_publish(sso_ctx_t *cx, const apr_array_header_t *keys, sso_span_t *out)
{
    sso_buf_t b = sso_buf_make(cx->pool, 2048, (apr_size_t)(keys->nelts + 1) * JWK_MAX);
    apr_status_t rv = APR_SUCCESS;
    int i;

    sso_buf_text(&b, "{\"keys\":[");
    for (i = 0; i < keys->nelts && rv == APR_SUCCESS; i++)
        rv = add_key(cx, APR_ARRAY_IDX(keys, i, const sso_key_pair_t *)->key, &b);
    if (rv != APR_SUCCESS) return rv;
    sso_buf_text(&b, "]}\n");
    *out = sso_buf_span(&b);
    return APR_SUCCESS;
}
