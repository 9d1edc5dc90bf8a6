/*
 * saml_source.h - where the metadata of a provider comes from: files, directories, addresses, signed or
 * not.
 *
 * Owns:  sso_saml_source_t, the reading of SSOSamlMetadata, what is checked before metadata is kept.
 * Layer: saml (base, crypto, net, core).
 * Lives: in the provider's pool; read-only after start-up. What changes is in net/fresh, as a catalog.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_SOURCE_H
#define SSO_SAML_SAML_SOURCE_H

#include "core/provider.h"
#include "saml/saml_catalog.h"

#define SSO_SAML_AGGREGATE_MAX (128 * 1024 * 1024) /* bytes of one file or address, or directory */
#define SSO_SAML_SOURCES_MAX   16                  /* lines of one provider */

typedef struct sso_saml_source sso_saml_source_t;

/**
 * Read a line SSOSamlMetadata FILE|DIR|URL [entity-id=ID] [signed-by=CERT] [refresh=TIME] [mdq], and load what
 * there is: the file or files, or the last copy of what the address gave.
 *
 * Of an address with mdq nothing is loaded: it is asked about each identity provider when somebody names
 * it.
 *
 * Of a directory a file that does not hold is left out with a warning; what was known of it stays.
 *
 * @return SSO_F_CONFIG with a detail that says what to write instead.
 */
apr_status_t sso_saml_source_make(sso_ctx_t *cx, const sso_provider_t *provider,
                                  const sso_line_t *line, sso_saml_source_t **out);

/* Changes when there is other metadata; 0: there is none yet. One load. */
unsigned int sso_saml_source_version(const sso_saml_source_t *source);

/**
 * What it says now.
 *
 * @param out     lives as long as cx->pool.
 * @return        APR_SUCCESS; APR_NOTFOUND (no fault): nothing was fetched yet, or it is asked; SSO_F_CONFIG,
 *                SSO_F_XML_*: it cannot be used after all.
 */
apr_status_t sso_saml_source_read(sso_ctx_t *cx, const sso_saml_source_t *source,
                                  sso_saml_catalog_t *out, unsigned int *version);

/* Is it asked about each by itself? */
int sso_saml_source_is_asked(const sso_saml_source_t *source);

/**
 * Ask about one, or take the copy of what was said before. A few seconds at most; see net/lookup.h.
 *
 * @param may_ask 0: the copy, or nothing.
 * @param out     lives as long as cx->pool.
 * @return    APR_NOTFOUND (no fault): nobody there is called that; SSO_F_METADATA_MISSING, SSO_F_NET_*;
 *            what is wrong with the answer.
 */
apr_status_t sso_saml_source_ask(sso_ctx_t *cx, const sso_saml_source_t *source, const char *id,
                                 int may_ask, sso_saml_record_t *out);

/* The file or address, for people. */
const char *sso_saml_source_name(const sso_saml_source_t *source);

#endif /* SSO_SAML_SAML_SOURCE_H */
