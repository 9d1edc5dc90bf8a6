/*
 * random.c - OpenSSL's generator, or nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/random.h"

#include "base/codec.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <limits.h>

apr_status_t sso_random_bytes(sso_ctx_t *cx, void *out, apr_size_t n)
{
    if (n > INT_MAX || RAND_bytes(out, (int)n) != 1) {
        return sso_fail(cx, SSO_F_INTERNAL, "OpenSSL's random generator failed");
    }
    return APR_SUCCESS;
}

apr_status_t sso_random_hex(sso_ctx_t *cx, apr_size_t n, const char **out)
{
    unsigned char *bytes = apr_palloc(cx->pool, n + 1);
    apr_status_t rv = sso_random_bytes(cx, bytes, n);

    if (rv != APR_SUCCESS) return rv;
    *out = sso_hex_encode(cx->pool, sso_span_of(bytes, n));
    OPENSSL_cleanse(bytes, n);
    return APR_SUCCESS;
}
