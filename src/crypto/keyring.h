/*
 * keyring.h - signing keys that take turns: one signs, the next is known already, the last still is.
 *
 * Owns:  the file they are kept in, their turns, the key set that verifiers read.
 * Layer: crypto (base, OpenSSL).
 * Lives: read at start-up into the configuration pool; read-only afterwards.
 *
 * The file is PEM, mode 0600: the private key that signs, the private key whose turn comes, and of
 * the one whose turn is over the public half alone. It is replaced as a whole, so that no turn is
 * ever seen half done. The kind of a key says how it signs: ES256, or EdDSA.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_KEYRING_H
#define SSO_CRYPTO_KEYRING_H

#include "base/ctx.h"
#include "base/span.h"
#include "crypto/jws_alg.h"

typedef struct {
    EVP_PKEY *key;            /* NULL: there is none */
    const sso_jws_alg_t *alg; /* ES256 or EdDSA */
    const char *kid;          /* thumbprint (RFC 7638) */
} sso_ring_key_t;

typedef struct {
    sso_ring_key_t current, next;
    sso_ring_key_t previous; /* the public half; none before the first turn */
    apr_time_t turned;       /* when the file was written */
} sso_keyring_t;

/**
 * Read the file; made when there is none, with two ES256 keys.
 *
 * @param may_write 0: do not create (APR_ENOENT, no fault).
 * @param out       in pool; untouched on failure.
 * @return          SSO_F_CONFIG when the file cannot be used, also when others can read it: the
 *                  detail says what to do.
 */
apr_status_t sso_keyring_own(sso_ctx_t *cx, apr_pool_t *pool, const char *file, int may_write,
                             sso_keyring_t **out);

/**
 * The next key signs from now on, the current one is the previous, and a new next one is made.
 *
 * @param alg    what the new key signs with: "ES256" or "EdDSA"; NULL: as the next one does.
 * @param revoke the file may be in other hands: all keys are made anew, none of the old ones is
 *               published.
 * @param out    the file as it is now; untouched on failure.
 * @return       SSO_F_CONFIG, also when there is no file or no such alg.
 */
apr_status_t sso_keyring_turn(sso_ctx_t *cx, apr_pool_t *pool, const char *file, const char *alg,
                              int revoke, sso_keyring_t **out);

/* The key set (RFC 7517, section 5): current, next, previous. In cx->pool. */
apr_status_t sso_keyring_publish(sso_ctx_t *cx, const sso_keyring_t *ring, sso_span_t *out);

#endif /* SSO_CRYPTO_KEYRING_H */
