/*
 * saml_audit.h - looking over a SAML provider: certificates, addresses, what was loosened.
 *
 * Owns:  its findings.
 * Layer: saml (base, crypto, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_AUDIT_H
#define SSO_SAML_SAML_AUDIT_H

#include "core/protocol.h"

/* As sso_protocol_t.audit. */
void sso_saml_audit(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *findings);

#endif /* SSO_SAML_SAML_AUDIT_H */
