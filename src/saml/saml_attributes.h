/*
 * saml_attributes.h - what a verified Assertion says about the person besides the name.
 *
 * Owns:  reading AttributeStatement.
 * Layer: saml (base, crypto, core, libxml2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_ATTRIBUTES_H
#define SSO_SAML_SAML_ATTRIBUTES_H

#include "saml/saml_message.h"

/**
 * Add every attribute of every AttributeStatement to an identity.
 *
 * Attributes of one name are one, however often it is written; xsi:nil values are no values; a
 * NameID inside a value (eduPersonTargetedID) becomes "idp!sp!name"; encrypted attributes are
 * opened. One that cannot be read fails the whole (R51).
 *
 * @return SSO_F_SAML_STRUCTURE, SSO_F_XML_TEXT, SSO_F_ENC_*, SSO_F_DECRYPT.
 * @spec   SAML Core 2.7.3.
 */
apr_status_t sso_saml_attributes_read(sso_ctx_t *cx, const sso_saml_measure_t *measure,
                                      const xmlNode *assertion, sso_identity_t *who);

#endif /* SSO_SAML_SAML_ATTRIBUTES_H */
