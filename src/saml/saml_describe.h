/*
 * saml_describe.h - a provider as facts: what to enter there, what is known about it.
 *
 * Owns:  the words for both.
 * Layer: saml (base, crypto, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_DESCRIBE_H
#define SSO_SAML_SAML_DESCRIBE_H

#include "core/protocol.h"

/* As sso_protocol_t.describe: audience, recipient, ACS and so on, under the names that admin screens
 * have for them. */
apr_status_t sso_saml_describe(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *facts);

/* As sso_protocol_t.describe_other: entity ID, addresses and keys of the identity provider. */
apr_status_t sso_saml_describe_other(sso_ctx_t *cx, const sso_idp_t *idp,
                                     apr_array_header_t *facts);

#endif /* SSO_SAML_SAML_DESCRIBE_H */
