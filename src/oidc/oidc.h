/*
 * oidc.h - OpenID Connect relying party: the door of this directory.
 *
 * Owns:  sso_oidc.
 * Layer: oidc (base, crypto, net, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_H
#define SSO_OIDC_OIDC_H

#include "core/protocol.h"

extern const sso_protocol_t sso_oidc;

#endif /* SSO_OIDC_OIDC_H */
