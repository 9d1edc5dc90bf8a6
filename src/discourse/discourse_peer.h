/*
 * discourse_peer.h - DiscourseConnect, provider role: a Discourse asks us.
 *
 * Owns:  sso_discourse_peer_role.
 * Layer: discourse (base, crypto, core, token).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_DISCOURSE_DISCOURSE_PEER_H
#define SSO_DISCOURSE_DISCOURSE_PEER_H

#include "core/protocol.h"

extern const sso_peer_role_t sso_discourse_peer_role;

#endif /* SSO_DISCOURSE_DISCOURSE_PEER_H */
