/*
 * fuzz_jwt.c - a token is accepted only if the key made its signature, by an own look at it.
 *
 * Input: one byte of how to read the rest:
 *   0 token    the rest is a signed token, as an attacker would send it
 *   1 header   the rest is a header; the token is signed rightly: what it asks for is reached
 *   2 JWE      the rest is an encrypted token
 *   3 header   the rest is the header of one whose other parts have the right form: the sender's
 *              point and whatever else goes into the content key is reached
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "fuzz.h"
#include "oidc/oidc_jwe.h"
#include "oidc/oidc_jws.h"

#include <openssl/evp.h>

/* RFC 8037, appendix A. */
#define PUBLIC  "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define PRIVATE "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define KEYS    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" PUBLIC "\"}]}"

enum { TOKEN, HEADER, JWE, JWE_HEADER, MODES };

static sso_span_t bytes_of(apr_pool_t *p, const char *text)
{
    sso_span_t bytes = {NULL, 0};

    fuzz_demand(sso_b64_decode(p, sso_span(text), SSO_B64_URL | SSO_B64_NOPAD, &bytes, NULL) == 0);
    return bytes;
}

static EVP_PKEY *private_key(apr_pool_t *p)
{
    sso_span_t raw = bytes_of(p, PRIVATE);

    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)raw.p,
                                        raw.n);
}

static const char *sign_header(sso_ctx_t *cx, sso_span_t header)
{
    EVP_PKEY *key = private_key(cx->pool);
    const char *text = apr_pstrcat(cx->pool, sso_b64url_encode(cx->pool, header), ".e30", NULL);
    sso_span_t signature;

    fuzz_demand(
        sso_sign_make(cx, &sso_jws_alg(sso_span("EdDSA"))->how, key, sso_span(text), &signature)
        == 0);
    EVP_PKEY_free(key);
    return apr_pstrcat(cx->pool, text, ".", sso_b64url_encode(cx->pool, signature), NULL);
}

/* Without the code under test: cut at the last dot, verify. */
static int is_authentic(apr_pool_t *p, sso_span_t token)
{
    const char *text = apr_pstrmemdup(p, token.p, token.n);
    const char *dot = strrchr(text, '.');
    sso_span_t raw = bytes_of(p, PUBLIC);
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                                (const unsigned char *)raw.p, raw.n);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    sso_span_t signature = bytes_of(p, dot + 1);
    int ok = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1
             && EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
                                 (const unsigned char *)text, (size_t)(dot - text))
                    == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok;
}

static void verify(sso_ctx_t *cx, sso_span_t token)
{
    sso_jwks_t *keys = NULL;
    sso_jws_t jws = {.alg = NULL};
    apr_status_t rv;

    fuzz_demand(sso_jwks_parse(cx, cx->pool, sso_span(KEYS), &keys) == 0);
    rv = sso_jws_verify(cx, token, keys, ~0U, &jws);
    fuzz_demand((rv == APR_SUCCESS) == (cx->err.fault == SSO_F_NONE));
    fuzz_demand((rv == APR_SUCCESS) == (jws.alg != NULL));
    if (rv != APR_SUCCESS) return;
    fuzz_demand(!strcmp(jws.alg->name, "EdDSA") && !jws.kid);
    fuzz_demand(is_authentic(cx->pool, token));
    fuzz_demand(jws.payload.p[jws.payload.n] == '\0');
}

/* Nobody encrypted anything for a key that was just made. */
static void open_token(sso_ctx_t *cx, sso_span_t token)
{
    static EVP_PKEY *key;
    apr_array_header_t *keys = apr_array_make(cx->pool, 1, sizeof(const sso_key_pair_t *));
    sso_key_pair_t pair;
    sso_span_t out = {NULL, 0};

    if (!key) key = EVP_EC_gen("P-256");
    pair = (sso_key_pair_t){.key = key, .cert = NULL};
    APR_ARRAY_PUSH(keys, const sso_key_pair_t *) = &pair;
    fuzz_demand(sso_jwe_open(cx, token, keys, &out) != APR_SUCCESS);
    fuzz_demand(cx->err.fault != SSO_F_NONE && !out.p);
}

static const char *with_header(sso_ctx_t *cx, sso_span_t header)
{
    return apr_pstrcat(cx->pool, sso_b64url_encode(cx->pool, header),
                       "..AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA", NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_ctx_t cx = sso_ctx(fuzz_pool(), FUZZ_NOW);
    sso_span_t rest = size ? sso_span_of(data + 1, size - 1) : sso_span("");

    switch (size ? data[0] % MODES : TOKEN) {
    case TOKEN:
        verify(&cx, rest);
        break;
    case HEADER:
        verify(&cx, sso_span(sign_header(&cx, rest)));
        break;
    case JWE:
        open_token(&cx, rest);
        break;
    default:
        open_token(&cx, sso_span(with_header(&cx, rest)));
        break;
    }
    apr_pool_clear(cx.pool);
    return 0;
}
