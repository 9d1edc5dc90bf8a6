/*
 * idp.h - what a provider is called on pages, and whether it is one at all.
 *
 * Owns:  the choice among the names it has; the question whether somebody has to choose among several
 *        identity providers behind it.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_IDP_H
#define SSO_CORE_IDP_H

#include "core/protocol.h"

/* "Corporate login": SSODisplayName, what the provider calls itself, or the name of its block. */
const char *sso_idp_label(const sso_idp_t *idp);

/* Its picture: SSOLogo, or what the provider says; NULL: none, or SSOLogo off. */
const char *sso_idp_logo(sso_ctx_t *cx, const sso_idp_t *idp);

/* Is it known not to answer (SSOProbe)? One load. */
int sso_idp_is_down(const sso_idp_t *idp);

/* May pictures be shown of the identity providers behind it? */
int sso_idp_shows_logo(const sso_idp_t *idp);

/* Has a person to say which of several identity providers is meant before a login can begin? Not where
 * the demand says it. demand may be NULL. */
int sso_idp_must_ask(sso_ctx_t *cx, const sso_idp_t *idp, const sso_demand_t *demand);

/* Is the issuer one of several behind the block? Also where strangers are sent to one of them. */
int sso_idp_is_member(sso_ctx_t *cx, const sso_idp_t *idp, const char *issuer);

/* Those of several identity providers behind the block that fit: see sso_protocol_t. */
int sso_idp_members(sso_ctx_t *cx, const sso_idp_t *idp, const sso_member_query_t *query,
                    apr_array_header_t *found);

#endif /* SSO_CORE_IDP_H */
