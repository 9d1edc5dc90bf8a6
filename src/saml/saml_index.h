/*
 * saml_index.h - which entities an aggregate describes, and one of them as a document of its own.
 *
 * Owns:  sso_saml_index_t.
 * Layer: saml (base).
 * Lives: as long as the text, into which it points.
 *
 * Federations publish thousands of providers in one file; as a tree it would be many times its size.
 * So its bytes are walked once, and only what is needed is given to the parser, inside the start tags
 * that stood around it: namespaces and validUntil hold as they did.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_INDEX_H
#define SSO_SAML_SAML_INDEX_H

#include "base/buf.h"
#include "base/ctx.h"
#include "base/span.h"

#include <apr_tables.h>

/* One EntityDescriptor. */
typedef struct {
    sso_span_t id;   /* entityID, as written: its references are not resolved */
    sso_span_t text; /* the element */
    int group;       /* the EntitiesDescriptor around it; -1: none */
} sso_saml_entry_t;

typedef struct {
    apr_array_header_t *entries; /* of sso_saml_entry_t, in the order of the document */
    apr_array_header_t *groups;  /* see saml_index.c */
} sso_saml_index_t;

/**
 * Walk over metadata.
 *
 * @param text that sso_xml_check() has found well-formed, as far as it looks.
 * @return     APR_SUCCESS, or SSO_F_CONFIG: no EntityDescriptor in it, one without entityID, groups
 *             too deep.
 */
apr_status_t sso_saml_index_make(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text,
                                 sso_saml_index_t *out);

/* Is that the entityID of the entry, however it is written there? */
int sso_saml_index_is(apr_pool_t *pool, const sso_saml_entry_t *entry, const char *entity_id);

/* The entity as a document: within the start tags of its groups, without their other children. */
sso_span_t sso_saml_index_document(apr_pool_t *pool, const sso_saml_index_t *index,
                                   const sso_saml_entry_t *entry);

/* The same at the end of a buffer. */
void sso_saml_index_write(sso_buf_t *b, const sso_saml_index_t *index,
                          const sso_saml_entry_t *entry);

#endif /* SSO_SAML_SAML_INDEX_H */
