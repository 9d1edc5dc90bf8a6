/*
 * hmac_peer.h - the signed-token handshake, provider role: a peer asks us.
 *
 * Owns:  sso_hmac_peer_role.
 * Layer: hmac (base, crypto, core, token).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HMAC_HMAC_PEER_H
#define SSO_HMAC_HMAC_PEER_H

#include "core/protocol.h"

extern const sso_peer_role_t sso_hmac_peer_role;

#endif /* SSO_HMAC_HMAC_PEER_H */
