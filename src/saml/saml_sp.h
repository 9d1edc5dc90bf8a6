/*
 * saml_sp.h - our own metadata.
 *
 * Owns:  the writer of our EntityDescriptor.
 * Layer: saml (base, crypto).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_SP_H
#define SSO_SAML_SAML_SP_H

#include "base/ctx.h"
#include "base/span.h"
#include "crypto/keys.h"
#include "saml/saml_publish.h"

#include <apr_tables.h>

/* What others must know about us. */
typedef struct {
    const char *entity_id;
    const apr_array_header_t *signing;    /* of const sso_cert_t * */
    const apr_array_header_t *encryption; /* likewise */
    const apr_array_header_t *acs;        /* of const char *: by POST; the first is the default */
    const char *slo;                      /* logout messages, by every binding */
    int by_artifact;                      /* the first ACS takes artifacts too, by default */
    const char *nameid;                   /* NameID format we ask for; NULL: none */
    const char *discovery;                /* where a discovery service answers; NULL: it does not */
    const char *initiate;                 /* where links begin logins; NULL: nowhere */
    int signs_requests;
    int wants_signed_assertions;
    const apr_array_header_t *algorithms; /* of const char *: SSOSamlAlgorithms; NULL: not listed */
    int takes_cbc;                        /* AES-CBC is listed besides AES-GCM */
    const sso_saml_publish_t *publish;    /* NULL: nothing more to say */
    apr_interval_time_t valid;    /* it may be used so long from the current hour on; 0: for ever */
    const sso_key_pair_t *signer; /* signs it; NULL: it is not signed */
} sso_saml_sp_t;

/**
 * Write our metadata: the same bytes for the same input, within an hour, valid against the schema.
 * Every text is escaped (R65).
 *
 * @param out in cx->pool.
 * @return    APR_SUCCESS; SSO_F_INTERNAL if it grows beyond 256 KiB.
 * @spec      SAML Metadata 2.0, section 2.4.4.
 */
apr_status_t sso_saml_sp_write(sso_ctx_t *cx, const sso_saml_sp_t *sp, sso_span_t *out);

#endif /* SSO_SAML_SAML_SP_H */
