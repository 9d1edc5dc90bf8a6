/*
 * saml_metadata.h - the identity provider as its metadata describes it.
 *
 * Owns:  sso_saml_idp_t and the reader of other people's metadata (R80).
 * Layer: saml (base, crypto, libxml2).
 * Lives: in the pool given, usually as long as the provider; read-only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_METADATA_H
#define SSO_SAML_SAML_METADATA_H

#include "base/ctx.h"
#include "base/span.h"
#include "crypto/keys.h"

#include <apr_tables.h>

#define SSO_SAML_METADATA_MAX (16 * 1024 * 1024) /* bytes of one metadata file */
#define SSO_SAML_CERTS_MAX    16                 /* signing keys of one provider that are tried */

/* A service that is called by its number. */
typedef struct {
    int index;
    const char *url;
} sso_saml_service_t;

typedef struct {
    const char *entity_id;
    const char *sso_redirect; /* where AuthnRequests go by redirect; NULL: not offered */
    const char *sso_post;     /* by POST; NULL: not offered. One of the two is there. */
    const char *slo_redirect; /* single logout; NULL: not offered */
    const char *slo_post;
    const char *slo_redirect_answer; /* where LogoutResponses go; the same as above if not said */
    const char *slo_post_answer;
    apr_array_header_t *artifact_services; /* of sso_saml_service_t, by SOAP; NULL: none */
    apr_array_header_t *certs;             /* of const sso_cert_t *: signing keys, at least one */
    int wants_signed_requests;
    const char *display_name;   /* NULL: not said */
    const char *names;          /* the same in every language: "LANG\tNAME\n" each; "": not said */
    const char *logo;           /* https URL; NULL: not said */
    const char *error_url;      /* page for people whom it could not sign in; NULL: not said */
    apr_array_header_t *scopes; /* of const char *: domains that it may speak for */
    apr_interval_time_t cache_duration; /* it should be read again after this; 0: not said */
    apr_time_t valid_until; /* the provider must not be believed from then on; 0: no limit */
} sso_saml_idp_t;

/**
 * Read the metadata of one identity provider.
 *
 * What cannot be used (a key that is no certificate or too weak, an address that is not https) is
 * left out with a warning; when nothing is left of its kind, that is an error. Roles other than
 * IDPSSODescriptor are skipped. What does not parse fails the whole (R51).
 *
 * @param pool      owns what *out points to.
 * @param entity_id which one of an aggregate; NULL: the only one there is.
 * @param out       untouched on failure. valid_until is reported, not judged.
 * @return          APR_SUCCESS, SSO_F_XML_* or SSO_F_CONFIG with a detail for the admin.
 * @spec            SAML Metadata 2.0, sections 2.3, 2.4.3.
 */
apr_status_t sso_saml_metadata_read(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text,
                                    const char *entity_id, sso_saml_idp_t *out);

/**
 * The same of the only one in a document, for a list of many: its keys are not looked at, which costs more
 * than all the rest; certs is empty.
 */
apr_status_t sso_saml_metadata_survey(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text,
                                      sso_saml_idp_t *out);

/**
 * May a browser be sent there with a message? https, or http on a loopback address.
 *
 * @return NULL, or why not, to stand behind the address.
 */
const char *sso_saml_endpoint_check(apr_pool_t *pool, const char *url);

#endif /* SSO_SAML_SAML_METADATA_H */
