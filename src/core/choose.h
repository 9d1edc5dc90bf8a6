/*
 * choose.h - where do you have an account: the page that asks, and what saves people from it.
 *
 * Owns:  SSOPath/choose, the cookie of the last choice, routing by e-mail domain and by a discovery
 *        service.
 * Layer: core.
 *
 * The page needs no script: the search is a form that asks this address again. What is typed with
 * an '@' in it is an e-mail address and leads to the provider whose SSODomains has its domain; the
 * same line is what that provider may assert (core/attrmap.h). A provider with a discovery service
 * (SSOSamlDiscovery) sends people there instead, and what comes back counts only if it is the issuer
 * of one of the providers on offer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_CHOOSE_H
#define SSO_CORE_CHOOSE_H

#include "core/protocol.h"

#define SSO_CHOOSE_TYPED_MAX 256 /* bytes of what is typed */

/* Answer SSOPath/choose: among=A,B return=PATH and the demand; q: what was typed; all: no shortcut;
 * idp: what a discovery service found. SSO_F_INACTIVE: nothing to choose; SSO_F_PARAM_*. */
apr_status_t sso_choose_serve(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                              sso_reply_t *reply);

/* Remember that somebody chose this provider, for half a year. */
void sso_choose_remember(sso_ctx_t *cx, const sso_idp_t *idp, sso_reply_t *reply);

/* The active provider that was chosen last in this browser; NULL: none. */
const sso_idp_t *sso_choose_remembered(sso_ctx_t *cx, const sso_site_t *site,
                                       const sso_request_t *req);

#endif /* SSO_CORE_CHOOSE_H */
