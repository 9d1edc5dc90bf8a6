/*
 * saml_catalog.h - the identity providers of a source, so that any of them is found without reading
 * the others.
 *
 * Owns:  sso_saml_catalog_t, its bytes, how they are made of metadata.
 * Layer: saml (base, libxml2).
 * Lives: as long as the bytes, into which it points; those are the copy that all children map.
 *
 * Whoever takes metadata in makes the catalog, once: every identity provider is read, what cannot be
 * used is left out, and what remains stands there with what a list of them needs, sorted by entity ID.
 * A login finds its one by halving and gives that one to the parser; a list reads none of them.
 *
 * The bytes: head, rows in the order of their IDs, numbers of the rows in the order of their names,
 * texts with a NUL behind each, documents. Numbers are the machine's own: a copy never leaves it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_CATALOG_H
#define SSO_SAML_SAML_CATALOG_H

#include "base/ctx.h"
#include "base/span.h"

#define SSO_SAML_CATALOG_FORM "catalog-2" /* changes with the bytes */

/* An opened catalog. */
typedef struct {
    sso_span_t bytes;
    int n; /* identity providers */
} sso_saml_catalog_t;

/* One of them. */
typedef struct {
    const char *id;
    const char *names;  /* "LANG\tNAME\n" each; "": it says none */
    const char *search; /* names and ID in one text, the letters of ASCII small */
    const char *scopes; /* "DOMAIN\n" each */
    const char *logo;   /* "": none */
    const char *origin; /* the file of a directory that it is from; "" */
    sso_span_t text;    /* its metadata, a document by itself */
    apr_time_t
        again; /* from then on it may say something else; 0: as long as the catalog is in use */
} sso_saml_record_t;

/* APR_EINVAL (no fault recorded): these bytes are no catalog. */
apr_status_t sso_saml_catalog_open(sso_span_t bytes, sso_saml_catalog_t *out);

/* The one of that entity ID. APR_NOTFOUND: it is not among them. */
apr_status_t sso_saml_catalog_find(const sso_saml_catalog_t *catalog, const char *id,
                                   sso_saml_record_t *out);

/* The i-th in the order of their names, 0 to n-1. */
sso_saml_record_t sso_saml_catalog_at(const sso_saml_catalog_t *catalog, int i);

/* What it is called: in the first of the languages of an Accept-Language that it has a name in, else
 * in English, else in any; its ID if it says none. languages may be NULL. In pool. */
const char *sso_saml_record_name(apr_pool_t *pool, const sso_saml_record_t *record,
                                 const char *languages);

/* The letters of ASCII small, all else as it is: what is looked for in `search`. In pool. */
const char *sso_saml_catalog_small(apr_pool_t *pool, const char *text);

/* ---- making one ---- */

typedef struct sso_saml_drafting sso_saml_drafting_t;

/* What to take in. */
typedef struct {
    sso_span_t text;    /* metadata, verified; must live until the catalog is closed */
    const char *origin; /* "" or the file that it is from */
    const char *wanted; /* only this entity ID; NULL: all */
    int not_expired;    /* what is not valid any more is left out, else the login judges it */
} sso_saml_intake_t;

/* An empty one. */
sso_saml_drafting_t *sso_saml_catalog_begin(sso_ctx_t *cx);

/**
 * Take the identity providers of a document in. One that cannot be used is left out with a warning,
 * one that is there already likewise.
 *
 * @return APR_SUCCESS; if nothing in the document can be used, why.
 */
apr_status_t sso_saml_catalog_add(sso_ctx_t *cx, sso_saml_drafting_t *draft,
                                  const sso_saml_intake_t *intake);

/* Take over what an older catalog has from a file. How many. */
int sso_saml_catalog_keep(sso_ctx_t *cx, sso_saml_drafting_t *draft, const sso_saml_catalog_t *old,
                          const char *origin);

/**
 * The bytes.
 *
 * @param until the earliest end of one of them; 0: none ends.
 * @param keep  the shortest cacheDuration; 0: none is said.
 * @return      SSO_F_CONFIG: it is empty, or too large.
 */
apr_status_t sso_saml_catalog_close(sso_ctx_t *cx, sso_saml_drafting_t *draft, sso_span_t *out,
                                    apr_time_t *until, apr_interval_time_t *keep);

#endif /* SSO_SAML_SAML_CATALOG_H */
