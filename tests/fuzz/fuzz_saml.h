/*
 * fuzz_saml.h - the provider that the SAML targets believe: one key, fixed, in saml_keys.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_FUZZ_SAML_H
#define SSO_TESTS_FUZZ_SAML_H

#include "saml/saml_response.h"

#define FUZZ_SAML_IDP     "https://idp.example.com/id"
#define FUZZ_SAML_BASE    "https://www.example.org"
#define FUZZ_SAML_URL     FUZZ_SAML_BASE "/.sso/corp"
#define FUZZ_SAML_REQUEST "_0123456789abcdef0123456789abcdef01234567"
#define FUZZ_SAML_SUBJECT "alice" /* the only one for whom the key ever signed */

/* The only message that the key ever signed for a query. */
#define FUZZ_SAML_SIGNED_QUERY \
    "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>"

/* Its certificate; array of const sso_cert_t *, for the life of the process. */
const apr_array_header_t *fuzz_saml_certs(void);

/* Its key. */
const sso_key_pair_t *fuzz_saml_signer(void);

/* Ours, that everything is encrypted for. */
const sso_key_pair_t *fuzz_saml_ours(void);

/* The provider as prepared; settings may be changed by the target. */
sso_saml_state_t *fuzz_saml_state(sso_provider_settings_t **set);

#endif /* SSO_TESTS_FUZZ_SAML_H */
