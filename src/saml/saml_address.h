/*
 * saml_address.h - what we are called and where messages arrive, at one site.
 *
 * Owns:  our entity ID, the list of our assertion consumer services, our logout service.
 * Layer: saml (base, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_ADDRESS_H
#define SSO_SAML_SAML_ADDRESS_H

#include "core/protocol.h"

/* Our entity ID at a site; the address of our metadata unless SSOSamlEntityID names another. */
const char *sso_saml_entity_id(const sso_idp_t *idp, apr_pool_t *pool);

/* Where responses may arrive at a site: our own address, then those of SSOSamlAcs; array of
 * const char * in pool. */
apr_array_header_t *sso_saml_acs_list(const sso_idp_t *idp, apr_pool_t *pool);

/* The address to ask responses to be sent to: SSOSamlAcs names it when it has one at this site, for
 * the provider may know no other yet; else, and for artifacts, our own. */
const char *sso_saml_acs_preferred(const sso_idp_t *idp, apr_pool_t *pool);

/* The address of that list at which a request arrived; NULL if it is none of them. */
const char *sso_saml_acs_here(const sso_idp_t *idp, const sso_request_t *req, apr_pool_t *pool);

/* Where logout messages arrive at a site, by every binding. */
const char *sso_saml_slo(const sso_idp_t *idp, apr_pool_t *pool);

/* The address at which a logout message arrived: that one, or one of the assertion consumer services,
 * for some providers know one address for everything; without the query. NULL if it is none. */
const char *sso_saml_slo_here(const sso_idp_t *idp, const sso_request_t *req, apr_pool_t *pool);

#endif /* SSO_SAML_SAML_ADDRESS_H */
