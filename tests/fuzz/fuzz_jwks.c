/*
 * fuzz_jwks.c - what is read from a key set can be used to verify with, and is strong enough.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz.h"
#include "oidc/oidc_jwk.h"

static void demand_key(const sso_jwk_t *jwk)
{
    int bits = EVP_PKEY_get_bits(jwk->key);

    if (!strcmp(jwk->kty, "RSA")) {
        fuzz_demand(EVP_PKEY_get_base_id(jwk->key) == EVP_PKEY_RSA && !jwk->crv);
        fuzz_demand(bits >= 2048 && bits <= 8192);
    } else if (!strcmp(jwk->kty, "EC")) {
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, jwk->key, NULL);

        fuzz_demand(bits
                    == (!strcmp(jwk->crv, "P-256")   ? 256
                        : !strcmp(jwk->crv, "P-384") ? 384
                                                     : 521));
        fuzz_demand(EVP_PKEY_public_check(ctx) == 1);
        EVP_PKEY_CTX_free(ctx);
    } else {
        fuzz_demand(!strcmp(jwk->kty, "OKP") && !strcmp(jwk->crv, "Ed25519"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_ctx_t cx = sso_ctx(fuzz_pool(), FUZZ_NOW);
    sso_jwks_t *set = NULL;
    apr_status_t rv = sso_jwks_parse(&cx, cx.pool, sso_span_of(data, size), &set);
    int i;

    fuzz_demand((rv == APR_SUCCESS) == (set != NULL));
    fuzz_demand((rv == APR_SUCCESS) == (cx.err.fault == SSO_F_NONE));
    if (set) fuzz_demand(set->n > 0 && set->n + set->skipped <= SSO_JWKS_MAX);
    for (i = 0; set && i < set->n; i++)
        demand_key(&set->item[i]);
    apr_pool_clear(cx.pool);
    return 0;
}
