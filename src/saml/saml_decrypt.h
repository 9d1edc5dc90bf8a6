/*
 * saml_decrypt.h - encrypted assertions and names.
 *
 * Owns:  XML Encryption as far as SAML needs it (R40-R45): AES-GCM, AES-CBC, RSA-OAEP. Never
 *        RSA 1.5, never 3DES, no reference is followed.
 * Layer: saml (base, crypto, libxml2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_DECRYPT_H
#define SSO_SAML_SAML_DECRYPT_H

#include "crypto/keys.h"
#include "saml/saml_xml.h"

typedef struct {
    const apr_array_header_t *keys; /* of const sso_key_pair_t *: tried in order */
    const char *entity_id; /* Recipient of an EncryptedKey, if present, must be this (R45) */
    int allow_cbc;         /* R40: decided by the caller */
} sso_saml_unlock_t;

/**
 * Decrypt an EncryptedAssertion or EncryptedID.
 *
 * Every failure after the profile check is the same fault with the same text (R42), so that nobody
 * learns from it: an unwrap that fails goes on with a random key.
 *
 * @param encrypted the EncryptedAssertion or EncryptedID element.
 * @param out       the plaintext, parsed by sso_xml_parse with the namespaces in scope of the
 *                  envelope declared; its root is the decrypted element. Untouched on failure.
 * @return          APR_SUCCESS, SSO_F_ENC_PROFILE (structure, algorithms), SSO_F_ENC_POLICY (CBC
 *                  where it is not allowed), SSO_F_DECRYPT.
 */
apr_status_t sso_saml_decrypt(sso_ctx_t *cx, xmlNode *encrypted, const sso_saml_unlock_t *unlock,
                              const sso_xml_limits_t *limits, xmlDoc **out);

#endif /* SSO_SAML_SAML_DECRYPT_H */
