/*
 * seal.h - envelopes that only this server can make and open.
 *
 * Owns:  sso_seal_t: the sealing keys, the first seals, all open.
 * Layer: crypto (base, OpenSSL).
 * Lives: made at start-up in the configuration pool; used from every thread, read-only.
 *
 * Form of an envelope, before base64url:
 *   1 byte version (1) | 4 bytes key id | 12 bytes nonce | ciphertext | 16 bytes tag
 * AES-256-GCM (NIST SP 800-38D). Version, key id and purpose are the associated data, so that an
 * envelope made for one use does not open for another. The key id is the first 4 bytes of SHA-256("mod_sso key id" ||
 * key); the sealing key is HMAC-SHA256(secret, "mod_sso seal v1"), that of tags
 * HMAC-SHA256(secret, "mod_sso tag v1").
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_SEAL_H
#define SSO_CRYPTO_SEAL_H

#include "base/ctx.h"
#include "base/span.h"

#define SSO_SEAL_OVERHEAD 33 /* bytes an envelope adds to its content */

typedef struct sso_seal sso_seal_t;

/**
 * Prepare sealing keys.
 *
 * @param secrets n secrets of at least 16 bytes each, the sealing one first (SSO_F_CONFIG else).
 * @param pool    owns and at its end wipes the keys.
 */
apr_status_t sso_seal_prepare(sso_ctx_t *cx, apr_pool_t *pool, const sso_span_t *secrets, int n,
                              sso_seal_t **out);

/* Seal content for a purpose ("flow", "snapshot", ...); bytes in cx->pool. */
apr_status_t sso_seal_close(sso_ctx_t *cx, const sso_seal_t *seal, const char *purpose,
                            sso_span_t content, sso_span_t *out);

/* Open an envelope; the content in cx->pool has a NUL behind it. APR_EINVAL (no fault recorded): not
 * ours, damaged, or another purpose. */
apr_status_t sso_seal_open(sso_ctx_t *cx, const sso_seal_t *seal, const char *purpose,
                           sso_span_t envelope, sso_span_t *out);

#define SSO_SEAL_TAG 8 /* bytes of a tag */

/* A tag for content: it tells what we made from what was invented, before anything is asked about it.
 * Too short to rely on for more than that. content starts with what it is for. */
apr_status_t sso_seal_tag(sso_ctx_t *cx, const sso_seal_t *seal, sso_span_t content,
                          unsigned char tag[SSO_SEAL_TAG]);

/* Is it the tag that one of the keys makes? */
int sso_seal_is_tagged(sso_ctx_t *cx, const sso_seal_t *seal, sso_span_t content,
                       const unsigned char tag[SSO_SEAL_TAG]);

#endif /* SSO_CRYPTO_SEAL_H */
