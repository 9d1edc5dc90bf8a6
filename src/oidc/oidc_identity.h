/*
 * oidc_identity.h - from verified claims to an identity.
 *
 * Owns:  the names of attributes that claims become.
 * Layer: oidc (base, core).
 *
 * A text, number or truth value is one value; a list of them several; a member of an object is
 * called by its path: "realm_access.roles", "address.locality". An e-mail address that the provider
 * does not say to have verified is called "unverified_email" (R13).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_IDENTITY_H
#define SSO_OIDC_OIDC_IDENTITY_H

#include "base/json.h"
#include "core/identity.h"
#include "oidc/oidc_state.h"

/**
 * The person whom the claims describe.
 *
 * @param id_token verified; says who it is.
 * @param userinfo verified to be about the same person; NULL: none. What it says counts first.
 */
sso_identity_t *sso_oidc_identity(sso_ctx_t *cx, const sso_oidc_state_t *st, const json_t *id_token,
                                  const json_t *userinfo);

#endif /* SSO_OIDC_OIDC_IDENTITY_H */
