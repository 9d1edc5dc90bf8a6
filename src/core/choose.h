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
 * A provider that is several (a federation) is offered as those that it is, fifty on a page; the search
 * looks at all of them, by name in every language and by the domains that their metadata gives them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_CHOOSE_H
#define SSO_CORE_CHOOSE_H

#include "core/protocol.h"

#define SSO_CHOOSE_TYPED_MAX 256 /* bytes of what is typed */

/* Answer SSOPath/choose: among=A,B return=PATH and the demand; q: what was typed; all: no shortcut;
 * from: so many are passed over; idp: what a discovery service found. SSO_F_INACTIVE: nothing to choose; SSO_F_PARAM_*. */
apr_status_t sso_choose_serve(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                              sso_reply_t *reply);

/* Remember that somebody chose this provider, or the one of that issuer behind it, for half a year. */
void sso_choose_remember(sso_ctx_t *cx, const sso_idp_t *idp, const char *issuer,
                         sso_reply_t *reply);

/* The active provider that was chosen last in this browser; NULL: none. *issuer: which of several behind
 * it, as the browser says; NULL: it does not. */
const sso_idp_t *sso_choose_remembered(sso_ctx_t *cx, const sso_site_t *site,
                                       const sso_request_t *req, const char **issuer);

/* Which of several behind this provider was chosen last; NULL: none, or it is one. */
const char *sso_choose_remembered_issuer(sso_ctx_t *cx, const sso_idp_t *idp,
                                         const sso_request_t *req);

#endif /* SSO_CORE_CHOOSE_H */
