/*
 * oidc_publish.c - JSON Web Keys of our own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_publish.h"

#include "base/buf.h"
#include "crypto/jwk.h"
#include "crypto/keys.h"

#define JWK_MAX 8192

static apr_status_t add_key(sso_ctx_t *cx, const EVP_PKEY *key, sso_buf_t *b)
{
    const char *members = NULL;
    const char *kid = NULL;
    apr_status_t rv = sso_jwk_members(cx, key, &members);

    if (rv == APR_SUCCESS) rv = sso_jwk_thumbprint(cx, key, &kid);
    if (rv != APR_SUCCESS) return rv;
    sso_buf_format(b, "%s{\"use\":\"sig\",\"kid\":\"%s\",%s},", b->p[b->n - 1] == '[' ? "" : ",",
                   kid, members);
    sso_buf_format(b, "{\"use\":\"enc\",\"kid\":\"%s-enc\",%s}", kid, members);
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
