/*
 * saml_write.h - what every message of ours is made of.
 *
 * Owns:  IDs, attributes and elements as text, all escaped (R65).
 * Layer: saml (base, crypto).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_WRITE_H
#define SSO_SAML_SAML_WRITE_H

#include "base/buf.h"
#include "base/ctx.h"

/* A new ID: "_" and hex, for it must not begin with a digit; 160 random bits (SAML Core 1.3.4). */
apr_status_t sso_saml_id_make(sso_ctx_t *cx, const char **out);

/* A space, and name="value"; nothing for NULL. */
void sso_saml_put_attr(sso_buf_t *b, const char *name, const char *value);

/* <name>text</name>; nothing for NULL. */
void sso_saml_put_element(sso_buf_t *b, const char *name, const char *text);

#endif /* SSO_SAML_SAML_WRITE_H */
