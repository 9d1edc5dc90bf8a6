/*
 * saml_initiate.h - a login that a link somewhere else begins.
 *
 * Owns:  the parameters entityID, target, forceAuthn and isPassive of our address "initiate".
 * Layer: saml (base, core).
 * Lives: one request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_INITIATE_H
#define SSO_SAML_SAML_INITIATE_H

#include "core/protocol.h"

/* Where it is at a site, in pool; NULL where SSOSamlInitiate is off. */
const char *sso_saml_initiate_url(const sso_idp_t *idp, apr_pool_t *pool);

/**
 * Begin a login as a link of a portal or a discovery service wants it.
 *
 * Whoever wrote the link chooses among the identity providers that are believed anyway, and a place
 * of this site (R63); elsewhere is "/". Who is signed in already is led there at once, unless more
 * is asked for than a login. Where isPassive comes to nothing, nobody is signed in there.
 *
 * @return SSO_F_METHOD, SSO_F_FRAME when no page is opened; SSO_F_PARAM_*, SSO_F_MALFORMED;
 *         SSO_F_IDP_UNKNOWN, and what sso_login_start() fails with.
 * @spec   SAML V2.0 Service Provider Request Initiation Protocol and Profile 1.0, section 2.
 */
apr_status_t sso_saml_initiate(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                               sso_reply_t *reply);

#endif /* SSO_SAML_SAML_INITIATE_H */
