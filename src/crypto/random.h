/*
 * random.h - bytes nobody can guess.
 *
 * Owns:  the only calls of OpenSSL's generator.
 * Layer: crypto (base, OpenSSL).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_RANDOM_H
#define SSO_CRYPTO_RANDOM_H

#include "base/ctx.h"

/* Fill n bytes; SSO_F_INTERNAL when the generator fails: never weaker bytes instead. */
apr_status_t sso_random_bytes(sso_ctx_t *cx, void *out, apr_size_t n);

/* n random bytes as 2n lower-case hex digits, in cx->pool. */
apr_status_t sso_random_hex(sso_ctx_t *cx, apr_size_t n, const char **out);

#endif /* SSO_CRYPTO_RANDOM_H */
