/*
 * saml_envelope.h - what an EncryptedAssertion or EncryptedID says about itself.
 *
 * Owns:  sso_envelope_t and the tables of ciphers and key transports (R41, R45).
 * Layer: saml (base, libxml2).
 *
 * XML Encryption lets a message point to keys and ciphertext anywhere. This reader knows one shape:
 * an EncryptedData with its ciphertext in it, and EncryptedKeys in its KeyInfo or behind it.
 * Nothing is followed, nothing is decrypted here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_ENVELOPE_H
#define SSO_SAML_SAML_ENVELOPE_H

#include "saml/saml_xml.h"

#define SSO_ENVELOPE_KEYS 8 /* R45: most EncryptedKeys */

/* A cipher for content. */
typedef struct {
    const char *uri;
    const char *name; /* OpenSSL's */
    int key_bytes;
    int gcm; /* authenticated; CBC is not */
} sso_envelope_cipher_t;

/* A content key that was encrypted for us, as far as anybody can see: RSA-OAEP. */
typedef struct {
    const char *digest; /* OpenSSL's names */
    const char *mgf_digest;
    sso_span_t label; /* OAEPparams; may be empty */
    sso_span_t value; /* the bytes */
    const char *hint; /* which of our keys it says it is for: a name, or a certificate in Base64
                         without white space; NULL: it does not say */
} sso_envelope_key_t;

typedef struct {
    const sso_envelope_cipher_t *cipher;
    sso_span_t value; /* the bytes: IV, ciphertext, the tag of GCM */
    int keys;         /* at least one */
    sso_envelope_key_t key[SSO_ENVELOPE_KEYS];
} sso_envelope_t;

/**
 * Read the envelope.
 *
 * @param encrypted the EncryptedAssertion or EncryptedID element.
 * @param recipient our entityID: an EncryptedKey for somebody else is left out.
 * @param out       filled only on success; bytes in cx->pool.
 * @return          APR_SUCCESS or SSO_F_ENC_PROFILE.
 * @spec            https://www.w3.org/TR/xmlenc-core1/ section 3; SAML Core 2.2.4, 2.3.4.
 */
apr_status_t sso_envelope_read(sso_ctx_t *cx, const xmlNode *encrypted, const char *recipient,
                               sso_envelope_t *out);

#endif /* SSO_SAML_SAML_ENVELOPE_H */
