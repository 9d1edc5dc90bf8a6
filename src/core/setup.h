/*
 * setup.h - the page for whoever connects a provider: what to enter there, what is known about it.
 *
 * Owns:  NAME/setup, the rule who may see the pages for people who set things up.
 * Layer: core.
 *
 * The page says what everybody can learn anyhow: our addresses, names and certificates are in our
 * metadata, the provider's in every request to it. So it is shown to anyone unless SSOSetupPages says
 * otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_SETUP_H
#define SSO_CORE_SETUP_H

#include "core/markup.h"
#include "core/protocol.h"

/**
 * May this client see a page for people who set things up?
 *
 * @param otherwise what holds under SSOSetupPages auto: non-zero: anyone may; 0: this machine only.
 * @return          APR_SUCCESS or SSO_F_NOT_FOUND, as for an address that is not there.
 */
apr_status_t sso_setup_check(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                             int otherwise);

/* Answer NAME/setup. SSO_F_METHOD, SSO_F_NOT_FOUND. */
apr_status_t sso_setup_serve(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                             sso_reply_t *reply);

/* Whether people are sent to it, at the head of a page. */
void sso_setup_write_state(sso_markup_t *m, const sso_idp_t *idp);

/* "Corporate login": what a page calls the provider. */
const char *sso_setup_name(const sso_idp_t *idp);

#endif /* SSO_CORE_SETUP_H */
