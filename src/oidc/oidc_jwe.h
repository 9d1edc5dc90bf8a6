/*
 * oidc_jwe.h - encrypted tokens: open those that were made for one of our keys.
 *
 * Owns:  the tables of key management and content encryption.
 * Layer: oidc (base, crypto, OpenSSL).
 *
 * RSA-OAEP, RSA-OAEP-256 and ECDH-ES; A128GCM, A256GCM and A128CBC-HS256. No RSA 1.5, no password
 * based key, no compression (R10). Encryption proves nothing about who sent it: the content is
 * again a token, and must be signed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_JWE_H
#define SSO_OIDC_OIDC_JWE_H

#include "base/ctx.h"
#include "base/span.h"
#include "crypto/keys.h"

#include <apr_tables.h>

/**
 * Decrypt a token.
 *
 * @param keys array of const sso_key_pair_t *: ours, each tried that fits; kid is not looked at.
 * @param out  the content, with a NUL behind it, in cx->pool, wiped with it. Untouched on failure.
 * @return     SSO_F_JWT_FORM, SSO_F_JWT_HEADER; SSO_F_JWE_ALG about "alg", "enc" or "zip": not in
 *             the tables; SSO_F_JWE_DECRYPT: anything else, so that nobody learns which it was.
 * @spec       R10; RFC 7516, section 5.2; RFC 7518, sections 4.3, 4.6, 5.2, 5.3.
 */
apr_status_t sso_jwe_open(sso_ctx_t *cx, sso_span_t token, const apr_array_header_t *keys,
                          sso_span_t *out);

/* The names in both tables, for registrations: "RSA-OAEP-256 RSA-OAEP ECDH-ES". */
const char *sso_jwe_algs(void);

#endif /* SSO_OIDC_OIDC_JWE_H */
