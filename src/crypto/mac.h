/*
 * mac.h - SHA-256, HMAC-SHA256 and comparison in constant time.
 *
 * Owns:  sso_mac_key_t.
 * Layer: crypto (base, OpenSSL).
 * Lives: a prepared key as long as its pool; signing with it is safe from every thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_MAC_H
#define SSO_CRYPTO_MAC_H

#include "base/ctx.h"
#include "base/span.h"

#define SSO_MAC_BYTES 32 /* one HMAC-SHA256 or SHA-256 */

typedef struct sso_mac_key sso_mac_key_t; /* a secret, prepared: keyed once, copied per message */

/* Prepare a key; at least 16 bytes (SSO_F_CONFIG otherwise). Wiped with pool. */
apr_status_t sso_mac_prepare(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t secret,
                             sso_mac_key_t **out);

/* HMAC-SHA256 of data (RFC 2104). */
apr_status_t sso_mac_sign(sso_ctx_t *cx, const sso_mac_key_t *key, sso_span_t data,
                          unsigned char mac[SSO_MAC_BYTES]);

/* SHA-256 of the parts one after another, each preceded by its length in 8 bytes big-endian when
 * there is more than one, so that ("ab","c") and ("a","bc") differ. Allocates nothing. */
apr_status_t sso_mac_hash(sso_ctx_t *cx, const sso_span_t *part, int n,
                          unsigned char out[SSO_MAC_BYTES]);

/* Do n bytes agree? In time that does not depend on where they differ. */
int sso_mac_same(const void *a, const void *b, apr_size_t n);

#endif /* SSO_CRYPTO_MAC_H */
