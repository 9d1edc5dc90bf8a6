/*
 * keys.h - private keys and certificates, from files or made here.
 *
 * Owns:  sso_key_pair_t, sso_cert_t.
 * Layer: crypto (base, OpenSSL).
 * Lives: parsed once at start-up in the configuration pool; read-only afterwards.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_KEYS_H
#define SSO_CRYPTO_KEYS_H

#include "base/ctx.h"
#include "base/span.h"
#include "crypto/secret.h"
#include "crypto/verifier.h"

#include <apr_tables.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

/* A certificate that was pinned by configuration or metadata. */
typedef struct {
    EVP_PKEY *key;            /* its public key, borrowed from the certificate */
    sso_verifier_t *verifier; /* with that key */
    const char *der_base64;   /* one line, for metadata */
    const char *sha256;       /* fingerprint: 64 hex digits */
    const char *subject;      /* for logs */
    apr_time_t not_before, not_after;
} sso_cert_t;

/* Our own key and, where there is one, its certificate. */
typedef struct {
    EVP_PKEY *key;
    const sso_cert_t *cert;    /* NULL: none */
    const sso_sign_alg_t *alg; /* to sign with; NULL: what fits the type of the key */
} sso_key_pair_t;

/**
 * Read a certificate: PEM, DER, or bare Base64 of DER as it stands in metadata.
 *
 * @return APR_SUCCESS, or SSO_F_CONFIG: not a certificate, or an RSA key under 2048 bits, or a key
 *         type that no allowed algorithm uses (R27). Dates are reported, not judged.
 */
apr_status_t sso_cert_parse(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text, sso_cert_t **out);

/* The same from a file of at most 64 KiB. */
apr_status_t sso_cert_read(sso_ctx_t *cx, apr_pool_t *pool, const char *file, sso_cert_t **out);

/* A certificate of what OpenSSL has read; x509 is pool's from then on, also on failure. Faults as
 * above. */
apr_status_t sso_cert_make(sso_ctx_t *cx, apr_pool_t *pool, X509 *x509, sso_cert_t **out);

/**
 * A pair of what was read: the key is fit for use, and the certificate, if any, is for it.
 *
 * @param key   pool's from then on, also on failure.
 * @param cert  NULL: none.
 * @param where the key is, for messages.
 */
apr_status_t sso_key_pair_make(sso_ctx_t *cx, apr_pool_t *pool, EVP_PKEY *key,
                               const sso_cert_t *cert, const char *where, sso_key_pair_t **out);

/**
 * Read our private key (PEM, unencrypted) and the certificate for it.
 *
 * @param key_file  refused when group or others can read it (SSO_F_CONFIG says "chmod 600").
 * @param cert_file NULL: look for a certificate in key_file, else none.
 * @return          SSO_F_CONFIG also when the certificate is not for this key.
 */
apr_status_t sso_key_read(sso_ctx_t *cx, apr_pool_t *pool, const char *key_file,
                          const char *cert_file, sso_key_pair_t **out);

/**
 * Our key from one file that holds both; made when there is none: RSA 3072 and a certificate for
 * ten years with subject CN=name, written mode 0600 by way of a temporary file.
 *
 * @param may_write 0: do not create (APR_ENOENT, no fault).
 */
apr_status_t sso_key_own(sso_ctx_t *cx, apr_pool_t *pool, const char *file, const char *name,
                         int may_write, sso_key_pair_t **out);

#endif /* SSO_CRYPTO_KEYS_H */
