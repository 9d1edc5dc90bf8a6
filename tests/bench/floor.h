/*
 * floor.h - the bare cryptography of a login, as OpenSSL's manual has it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_FLOOR_H
#define SSO_TESTS_FLOOR_H

#include "base/span.h"

#include <openssl/evp.h>

/* Does an RSA-SHA256 signature verify? */
static inline int floor_verifies(EVP_PKEY *key, sso_span_t data, sso_span_t signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1
             && EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
                                 (const unsigned char *)data.p, data.n)
                    == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

#endif /* SSO_TESTS_FLOOR_H */
