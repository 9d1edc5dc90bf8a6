/*
 * oidc_revoke.h - tokens that are given back (RFC 7009).
 *
 * Owns:  the revocation request.
 * Layer: oidc (base, crypto, net, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_REVOKE_H
#define SSO_OIDC_OIDC_REVOKE_H

#include "core/grant.h"
#include "oidc/oidc_state.h"

/**
 * Give back the refresh token, and with it whatever was made of it; the access token where there is no
 * other.
 *
 * @param again set when the provider may take it later.
 * @return      APR_NOTFOUND (no fault recorded): the provider has no address for that, or does not take
 *              back such tokens; SSO_F_NET_*, SSO_F_OIDC_CLIENT, SSO_F_OIDC_ANSWER.
 * @spec        RFC 7009, section 2; client authentication as at the token endpoint; R26.
 */
apr_status_t sso_oidc_revoke(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_grant_t *grant,
                             int *again);

#endif /* SSO_OIDC_OIDC_REVOKE_H */
