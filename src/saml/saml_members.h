/*
 * saml_members.h - the identity providers behind one <SSOProvider>, out of all its metadata.
 *
 * Owns:  sso_saml_members_t, the search among them.
 * Layer: saml (base, core).
 * Lives: as long as the catalogs are mapped; read-only.
 *
 * Of an entity ID that several lines describe, the first line counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_MEMBERS_H
#define SSO_SAML_SAML_MEMBERS_H

#include "core/protocol.h"
#include "saml/saml_source.h"

typedef struct {
    sso_saml_catalog_t catalog[SSO_SAML_SOURCES_MAX]; /* in the order of the lines */
    int catalogs;
    int n; /* identity providers in all, each counted once; those that are asked about are not */
    const apr_array_header_t *sources; /* of sso_saml_source_t *, in the order of the lines */
    int asked;                         /* of them those that are asked about each by itself */
} sso_saml_members_t;

/**
 * Read what all sources say now; one that has nothing yet is passed over.
 *
 * @param sources of sso_saml_source_t *.
 * @param out     lives as long as cx->pool.
 * @param version changes when there is something new; see sso_saml_members_version().
 */
apr_status_t sso_saml_members_read(sso_ctx_t *cx, const apr_array_header_t *sources,
                                   sso_saml_members_t *out, unsigned int *version);

/* Say who is described in several places; once, at the start. */
void sso_saml_members_warn(sso_ctx_t *cx, const sso_saml_members_t *members);

/* Changes when one of them has other metadata. A load for each. */
unsigned int sso_saml_members_version(const apr_array_header_t *sources);

/* The one of that entity ID, which may have to be asked for (may_ask 0: it is not); out lives as long as cx->pool.
 * APR_NOTFOUND: nobody here is called that; otherwise as sso_saml_source_ask(). */
apr_status_t sso_saml_members_find(sso_ctx_t *cx, const sso_saml_members_t *members, const char *id,
                                   int may_ask, sso_saml_record_t *out);

/* The only one, of members->n == 1. */
sso_saml_record_t sso_saml_members_only(const sso_saml_members_t *members);

/**
 * Look for some of them, in the order of their names.
 *
 * @param found of sso_member_t; NULL: they are only counted.
 * @return      how many fit in all.
 */
int sso_saml_members_search(sso_ctx_t *cx, const sso_saml_members_t *members,
                            const sso_member_query_t *query, apr_array_header_t *found);

#endif /* SSO_SAML_SAML_MEMBERS_H */
