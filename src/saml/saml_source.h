/*
 * saml_source.h - where the metadata of a provider comes from: a file or an address, signed or not.
 *
 * Owns:  sso_saml_source_t, the reading of SSOSamlMetadata, what is checked before metadata is kept.
 * Layer: saml (base, crypto, net, core).
 * Lives: in the provider's pool; read-only after start-up. What changes is in net/fresh.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_SOURCE_H
#define SSO_SAML_SAML_SOURCE_H

#include "core/provider.h"
#include "saml/saml_metadata.h"

#define SSO_SAML_AGGREGATE_MAX (128 * 1024 * 1024) /* bytes, where entity-id names one of many */

typedef struct sso_saml_source sso_saml_source_t;

/**
 * Read the line SSOSamlMetadata FILE|URL [entity-id=ID] [signed-by=CERT] [refresh=TIME], and load what
 * there is: the file, or the last copy of what the address gave.
 *
 * @return SSO_F_CONFIG with a detail that says what to write instead.
 */
apr_status_t sso_saml_source_make(sso_ctx_t *cx, const sso_provider_t *provider,
                                  sso_saml_source_t **out);

/* Changes when there is other metadata; 0: there is none yet. One load. */
unsigned int sso_saml_source_version(const sso_saml_source_t *source);

/**
 * The identity provider as it is described now.
 *
 * @param pool owns what *out points to.
 * @return     APR_SUCCESS; APR_NOTFOUND (no fault): nothing was fetched yet; SSO_F_CONFIG,
 *             SSO_F_XML_*: it cannot be used after all.
 */
apr_status_t sso_saml_source_read(sso_ctx_t *cx, const sso_saml_source_t *source, apr_pool_t *pool,
                                  sso_saml_idp_t *out, unsigned int *version);

/* The file or address, for people. */
const char *sso_saml_source_name(const sso_saml_source_t *source);

#endif /* SSO_SAML_SAML_SOURCE_H */
