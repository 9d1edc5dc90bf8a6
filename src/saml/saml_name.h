/*
 * saml_name.h - the NameID: what a provider calls a person.
 *
 * Owns:  sso_saml_name_t, reading and writing it, the handle that a session keeps of it.
 * Layer: saml (base, crypto, core, libxml2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_NAME_H
#define SSO_SAML_SAML_NAME_H

#include "base/buf.h"
#include "saml/saml_message.h"

/* All but the value may be NULL: absent. No control byte is in any of them. */
typedef struct {
    const char *value;
    const char *format;
    const char *name_qualifier;
    const char *sp_name_qualifier;
} sso_saml_name_t;

/**
 * The one NameID or EncryptedID of an element.
 *
 * @param parent a Subject or a LogoutRequest, out of signed octets.
 * @return       SSO_F_SUBJECT: none, both, empty, or with control bytes; SSO_F_SAML_STRUCTURE: two;
 *               what sso_saml_decrypt_as() returns.
 * @spec         SAML Core 2.2.3, 2.2.4.
 */
apr_status_t sso_saml_name_read(sso_ctx_t *cx, const sso_saml_measure_t *measure,
                                const xmlNode *parent, sso_saml_name_t *out);

/* <saml:NameID>, exactly as it came: some providers compare every part of it. */
void sso_saml_name_write(sso_buf_t *b, const sso_saml_name_t *name);

/* Everything but the value as one text, and back. A text that is no handle names nothing. */
const char *sso_saml_name_handle(apr_pool_t *pool, const sso_saml_name_t *name);
void sso_saml_name_recall(apr_pool_t *pool, const char *handle, sso_saml_name_t *out);

/**
 * Do two names of the same value stand for the same person (R71)?
 *
 * An absent NameQualifier means the provider, an absent SPNameQualifier us (Core 8.3.7). Formats are
 * not compared: providers name another one at logout, or none.
 *
 * @param idp our provider's entity ID; sp: ours.
 */
int sso_saml_name_is_same(const sso_saml_name_t *a, const sso_saml_name_t *b, const char *idp,
                          const char *sp);

#endif /* SSO_SAML_SAML_NAME_H */
