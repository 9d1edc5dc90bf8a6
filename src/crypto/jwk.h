/*
 * jwk.h - our public keys as JSON Web Keys.
 *
 * Owns:  the members of a key in JSON, its thumbprint.
 * Layer: crypto (base, OpenSSL).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_JWK_H
#define SSO_CRYPTO_JWK_H

#include "base/ctx.h"

#include <openssl/evp.h>

/**
 * The members that make an RSA, EC or Ed25519 key, in the order that the thumbprint takes them,
 * without braces: "crv":"P-256","kty":"EC","x":...
 *
 * @param out in cx->pool.
 * @return    SSO_F_INTERNAL: the key is of another type, or has no public half.
 * @spec      RFC 7638, section 3.2; RFC 8037, section 2.
 */
apr_status_t sso_jwk_members(sso_ctx_t *cx, const EVP_PKEY *key, const char **out);

/* The thumbprint of a key (RFC 7638): its kid. In cx->pool. */
apr_status_t sso_jwk_thumbprint(sso_ctx_t *cx, const EVP_PKEY *key, const char **out);

#endif /* SSO_CRYPTO_JWK_H */
