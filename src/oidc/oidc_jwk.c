/*
 * oidc_jwk.c - JSON Web Keys, checked at the door.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_jwk.h"

#include "base/codec.h"
#include "crypto/owned.h"

#include <apr_strings.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#define RSA_BITS_MIN  2048
#define RSA_BITS_MAX  8192
#define RSA_E_MIN     65537
#define RSA_E_BYTES   8
#define ED25519_BYTES 32
#define KID_MAX       512

static const sso_json_limits_t set_limits = {SSO_JWKS_BYTES, 6, 256};

/* ---- members ---- */

/* A text member, NULL if absent; 0 when it is something else, or has a NUL inside. */
static int get_text(const json_t *jwk, const char *name, const char **out)
{
    const json_t *value = json_object_get(jwk, name);

    *out = NULL;
    if (!value) return 1;
    if (!json_is_string(value)) return 0;
    *out = json_string_value(value);
    return strlen(*out) == json_string_length(value);
}

/* The bytes of a base64url member; 0 when there are none. */
static int get_bytes(apr_pool_t *pool, const json_t *jwk, const char *name, sso_span_t *out)
{
    const json_t *value = json_object_get(jwk, name);
    sso_span_t text;

    if (!json_is_string(value)) return 0;
    text = sso_span_of(json_string_value(value), json_string_length(value));
    if (memchr(text.p, '=', text.n)) return 0;
    return sso_b64_decode(pool, text, SSO_B64_URL | SSO_B64_NOPAD, out, NULL) == APR_SUCCESS
           && out->n > 0;
}

/* ---- OpenSSL ---- */

static EVP_PKEY *make_from(const char *type, OSSL_PARAM_BLD *bld)
{
    OSSL_PARAM *params = bld ? OSSL_PARAM_BLD_to_param(bld) : NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *make_rsa(const BIGNUM *n, const BIGNUM *e)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;

    if (bld && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n)
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e)) {
        key = make_from("RSA", bld);
    }
    OSSL_PARAM_BLD_free(bld);
    return key;
}

static EVP_PKEY *make_ec(const char *group, const unsigned char *point, apr_size_t n)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;

    if (bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, group, 0)
        && OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, n)) {
        key = make_from("EC", bld);
    }
    OSSL_PARAM_BLD_free(bld);
    return key;
}

/* Does the point satisfy the equation of its curve? */
static int is_on_curve(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    int ok = ctx && EVP_PKEY_public_check(ctx) == 1;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* ---- kinds ---- */

static const char *check_rsa(const BIGNUM *n, const BIGNUM *e)
{
    if (BN_num_bits(n) < RSA_BITS_MIN) return "an RSA key under 2048 bits";
    if (BN_num_bits(n) > RSA_BITS_MAX) return "an RSA key over 8192 bits";
    if (!BN_is_odd(n)) return "an even RSA modulus";
    if (!BN_is_odd(e) || BN_num_bits(e) < 17) return "an RSA exponent under 65537, or even";
    return NULL;
}

static const char *import_rsa(apr_pool_t *pool, const json_t *jwk, sso_jwk_t *out)
{
    sso_span_t n_bytes;
    sso_span_t e_bytes;
    const char *why;
    BIGNUM *n;
    BIGNUM *e;

    if (!get_bytes(pool, jwk, "n", &n_bytes) || !get_bytes(pool, jwk, "e", &e_bytes)) {
        return "an RSA key without n or e";
    }
    if (n_bytes.n > RSA_BITS_MAX / 8 + 1) return "an RSA key over 8192 bits";
    if (e_bytes.n > RSA_E_BYTES) return "an RSA exponent over 64 bits";
    n = BN_bin2bn((const unsigned char *)n_bytes.p, (int)n_bytes.n, NULL);
    e = BN_bin2bn((const unsigned char *)e_bytes.p, (int)e_bytes.n, NULL);
    why = n && e ? check_rsa(n, e) : "no memory";
    if (!why) out->key = make_rsa(n, e);
    BN_free(n);
    BN_free(e);
    return why || out->key ? why : "an RSA key that OpenSSL does not take";
}

static const char *import_ec(apr_pool_t *pool, const json_t *jwk, sso_jwk_t *out)
{
    static const struct {
        const char *crv;
        apr_size_t size; /* bytes of a coordinate (RFC 7518, section 6.2.1.2) */
    } curves[] = {{"P-256", 32}, {"P-384", 48}, {"P-521", 66}};
    unsigned char point[1 + 2 * 66] = {4}; /* uncompressed */
    const char *crv;
    sso_span_t x;
    sso_span_t y;
    apr_size_t i;

    if (!get_text(jwk, "crv", &crv) || !crv) return "an EC key without crv";
    for (i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (!strcmp(curves[i].crv, crv)) break;
    }
    if (i == sizeof(curves) / sizeof(curves[0])) return "a curve that is not known here";
    if (!get_bytes(pool, jwk, "x", &x) || !get_bytes(pool, jwk, "y", &y)) {
        return "an EC key without x or y";
    }
    if (x.n != curves[i].size || y.n != curves[i].size) return "a coordinate of the wrong length";
    memcpy(point + 1, x.p, x.n);
    memcpy(point + 1 + x.n, y.p, y.n);
    out->key = make_ec(curves[i].crv, point, 1 + x.n + y.n);
    out->crv = curves[i].crv;
    return out->key ? NULL : "a point that is not on its curve";
}

static const char *import_okp(apr_pool_t *pool, const json_t *jwk, sso_jwk_t *out)
{
    const char *crv;
    sso_span_t x;

    if (!get_text(jwk, "crv", &crv) || !crv) return "an OKP key without crv";
    if (strcmp(crv, "Ed25519") != 0) return "a curve that is not known here";
    if (!get_bytes(pool, jwk, "x", &x)) return "an OKP key without x";
    if (x.n != ED25519_BYTES) return "a coordinate of the wrong length";
    out->key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)x.p, x.n);
    out->crv = "Ed25519";
    return out->key ? NULL : "an Ed25519 key that OpenSSL does not take";
}

static const struct {
    const char *kty;
    const char *(*import)(apr_pool_t *, const json_t *, sso_jwk_t *);
} kinds[] = {{"RSA", import_rsa}, {"EC", import_ec}, {"OKP", import_okp}};

/* ---- one key ---- */

/* RFC 7517, section 4.3: if it is there it is obeyed. */
static int lists_verify(const json_t *ops)
{
    const json_t *op;
    size_t i;

    json_array_foreach (ops, i, op) {
        if (json_is_string(op) && !strcmp(json_string_value(op), "verify")) return 1;
    }
    return 0;
}

static const char *read_purpose(apr_pool_t *pool, const json_t *jwk, sso_jwk_t *out)
{
    const json_t *ops = json_object_get(jwk, "key_ops");
    const char *use;
    const char *kid;
    const char *alg;

    if (!get_text(jwk, "use", &use) || !get_text(jwk, "kid", &kid) || !get_text(jwk, "alg", &alg)
        || (ops && !json_is_array(ops))) {
        return "use, kid, alg or key_ops of the wrong type";
    }
    if (kid && strlen(kid) > KID_MAX) return "a kid over 512 bytes";
    out->kid = apr_pstrdup(pool, kid);
    out->alg = apr_pstrdup(pool, alg);
    out->verifies = (!use || !strcmp(use, "sig")) && (!ops || lists_verify(ops));
    return NULL;
}

static const char *import(apr_pool_t *pool, const json_t *jwk, sso_jwk_t *out)
{
    const char *kty;
    const char *why;
    apr_size_t i;

    if (!json_is_object(jwk)) return "something that is not an object";
    if (!get_text(jwk, "kty", &kty) || !kty) return "a key without kty";
    if (json_object_get(jwk, "d") || json_object_get(jwk, "k")) {
        return "a key whose secret half is published with it";
    }
    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].kty, kty) != 0) continue;
        out->kty = kinds[i].kty;
        why = read_purpose(pool, jwk, out);
        return why ? why : kinds[i].import(pool, jwk, out);
    }
    return "a kty that is not known here";
}

const char *sso_jwk_parse(apr_pool_t *pool, const json_t *jwk, sso_jwk_t *out)
{
    sso_jwk_t made = {.kid = NULL};
    const char *why;

    ERR_set_mark();
    why = import(pool, jwk, &made);
    if (!why && EVP_PKEY_get_base_id(made.key) == EVP_PKEY_EC && !is_on_curve(made.key)) {
        why = "a point that is not on its curve";
    }
    ERR_pop_to_mark(); /* mod_ssl looks at this thread's queue too */
    if (why) {
        EVP_PKEY_free(made.key);
        return why;
    }
    made.verifier = sso_verifier_make(pool, sso_owned_pkey(pool, made.key));
    *out = made;
    return NULL;
}

/* ---- a set ---- */

static apr_status_t check_set(sso_ctx_t *cx, const json_t *keys)
{
    if (!json_is_array(keys)) {
        return sso_fail_about(cx, SSO_F_JWKS, "keys", "the key set has no array \"keys\"");
    }
    if (json_array_size(keys) > SSO_JWKS_MAX) {
        return sso_fail_about(cx, SSO_F_JWKS, "keys", "the key set has %d keys, %d at most",
                              (int)json_array_size(keys), SSO_JWKS_MAX);
    }
    return APR_SUCCESS;
}

apr_status_t sso_jwks_parse(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text, sso_jwks_t **out)
{
    const char *why = "it is empty";
    const json_t *jwk;
    const json_t *keys;
    sso_jwks_t *set;
    json_t *root;
    apr_status_t rv;
    size_t i;

    if (sso_json_parse(cx, text, &set_limits, &root, &why) != APR_SUCCESS) {
        return sso_fail_about(cx, SSO_F_JWKS, strcmp(why, "size") ? "json" : "size",
                              "the key set is not acceptable JSON: %s", why);
    }
    keys = json_object_get(root, "keys");
    rv = check_set(cx, keys);
    if (rv != APR_SUCCESS) return rv;
    set = apr_pcalloc(pool, sizeof(*set));
    json_array_foreach (keys, i, jwk) {
        const char *skipped = sso_jwk_parse(pool, jwk, &set->item[set->n]);

        if (skipped) {
            why = skipped;
            set->skipped++;
        } else {
            set->n++;
        }
    }
    if (set->n == 0) {
        return sso_fail_about(cx, SSO_F_JWKS, "empty",
                              "the key set has no key that can be used: %s", why);
    }
    *out = set;
    return APR_SUCCESS;
}

static int fits(const sso_jwk_t *jwk, const sso_jws_alg_t *alg, const char *kid)
{
    if (!jwk->verifies || strcmp(jwk->kty, alg->kty) != 0) return 0;
    if (alg->crv && strcmp(jwk->crv, alg->crv) != 0) return 0;
    if (jwk->alg && strcmp(jwk->alg, alg->name) != 0) return 0;
    return !kid || (jwk->kid && !strcmp(jwk->kid, kid));
}

int sso_jwks_find(const sso_jwks_t *keys, const sso_jws_alg_t *alg, const char *kid,
                  const sso_jwk_t *out[SSO_JWKS_TRY])
{
    int found = 0;
    int i;

    for (i = 0; i < keys->n && found < SSO_JWKS_TRY; i++) {
        if (fits(&keys->item[i], alg, kid)) out[found++] = &keys->item[i];
    }
    return found;
}
