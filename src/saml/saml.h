/*
 * saml.h - SAML 2.0 service provider: the door of this directory.
 *
 * Owns:  sso_saml.
 * Layer: saml (base, crypto, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_H
#define SSO_SAML_SAML_H

#include "core/protocol.h"

extern const sso_protocol_t sso_saml;

#endif /* SSO_SAML_SAML_H */
