/*
 * saml_publish.h - what our metadata says about us besides keys and addresses.
 *
 * Owns:  the words of SSOSamlPublish, and the elements they become.
 * Layer: saml (base, core).
 * Lives: read at start-up in the provider's pool.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_PUBLISH_H
#define SSO_SAML_SAML_PUBLISH_H

#include "base/buf.h"
#include "core/provider.h"

typedef struct {
    const char *type; /* "technical", "support", or "security" (REFEDS) */
    const char *email;
} sso_saml_contact_t;

/* An attribute that we ask for. */
typedef struct {
    const char *name;   /* ours: "email" */
    const char *source; /* what providers call it: a URN where there is one */
} sso_saml_wanted_t;

/* NULL and empty where the admin has not said. */
typedef struct {
    const char *name;               /* of the service, for people */
    const char *description;        /* of the service, in a sentence */
    const char *information;        /* URL: of a page about it */
    const char *privacy;            /* URL: of its privacy statement */
    const char *organization;       /* with url */
    const char *url;                /* of the organization */
    apr_array_header_t *contacts;   /* of sso_saml_contact_t */
    apr_array_header_t *categories; /* of const char *: URIs of entity categories */
    apr_array_header_t *wanted;     /* of sso_saml_wanted_t */
} sso_saml_publish_t;

/* Read the settings of a provider; SSO_F_CONFIG with what to write instead. */
apr_status_t sso_saml_publish_read(sso_ctx_t *cx, const sso_provider_t *provider,
                                   sso_saml_publish_t *out);

/* Is there something for the extensions of our role? publish may be NULL, here and below. */
int sso_saml_publish_has_ui(const sso_saml_publish_t *publish);

/* The elements, in the places that the schema has for them: in the extensions of our role, behind the
 * assertion consumer services, behind our role, in the extensions of the whole. Nothing where there is nothing to say. */
void sso_saml_publish_ui(sso_buf_t *b, const sso_saml_publish_t *publish);
void sso_saml_publish_wanted(sso_buf_t *b, const sso_saml_publish_t *publish,
                             const char *entity_id);
void sso_saml_publish_people(sso_buf_t *b, const sso_saml_publish_t *publish);
void sso_saml_publish_categories(sso_buf_t *b, const sso_saml_publish_t *publish);

#endif /* SSO_SAML_SAML_PUBLISH_H */
