/*
 * keystore.h - private keys wherever they are kept: PEM with a passphrase, PKCS#12, OpenSSL's stores.
 *
 * Owns:  the forms in which a key may be named.
 * Layer: crypto (base, OpenSSL).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_KEYSTORE_H
#define SSO_CRYPTO_KEYSTORE_H

#include "crypto/keys.h"

/* Where a key is. */
typedef struct {
    const char *key;  /* path of a PEM or PKCS#12 file, or a URI for OSSL_STORE: "pkcs11:..." */
    const char *cert; /* path or URI of its certificate; NULL: beside the key, if anywhere */
    sso_span_t passphrase; /* of the file, or PIN of the token; p NULL: none */
} sso_key_source_t;

/* Is it a URI ("pkcs11:token=x", "file:/etc/key.pem"), not a path? */
int sso_key_is_uri(const char *text);

/**
 * Load a key and its certificate.
 *
 * Files, "file:" URIs too, are refused when group or others can read them. Which other URIs work
 * depends on the providers that OpenSSL's own configuration loads.
 *
 * @param out in pool; untouched on failure.
 * @return    SSO_F_CONFIG with a detail that says what to write instead; the passphrase is not in it.
 */
apr_status_t sso_key_load(sso_ctx_t *cx, apr_pool_t *pool, const sso_key_source_t *source,
                          sso_key_pair_t **out);

#endif /* SSO_CRYPTO_KEYSTORE_H */
