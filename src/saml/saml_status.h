/*
 * saml_status.h - did the provider do what it was asked for.
 *
 * Owns:  the status codes that admins act differently on.
 * Layer: saml (base, libxml2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_STATUS_H
#define SSO_SAML_SAML_STATUS_H

#include "base/ctx.h"

#include <libxml/tree.h>

/**
 * Does a Response report success?
 *
 * @return APR_SUCCESS; SSO_F_STATUS_* or SSO_F_STATUS with the provider's own words in the detail;
 *         SSO_F_SAML_STRUCTURE: it has no status.
 * @spec   SAML Core 3.2.2.1-3.2.2.3.
 */
apr_status_t sso_saml_status_check(sso_ctx_t *cx, const xmlNode *response);

#endif /* SSO_SAML_SAML_STATUS_H */
