/*
 * jws.h - signed tokens of our own, in the compact form.
 *
 * Owns:  the form in which we write them.
 * Layer: crypto (base, OpenSSL).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_JWS_H
#define SSO_CRYPTO_JWS_H

#include "base/ctx.h"
#include "base/span.h"
#include "crypto/jws_alg.h"

/* Who signs, and what the header says of it. */
typedef struct {
    const sso_jws_alg_t *alg;
    EVP_PKEY *key;
    const char *kid; /* NULL: the header names none */
    const char *typ; /* "JWT" */
} sso_jws_signer_t;

/**
 * Sign a JSON text.
 *
 * @param out the token, in cx->pool.
 * @spec      RFC 7515, section 7.1.
 */
apr_status_t sso_jws_sign(sso_ctx_t *cx, const sso_jws_signer_t *signer, sso_span_t payload,
                          const char **out);

#endif /* SSO_CRYPTO_JWS_H */
