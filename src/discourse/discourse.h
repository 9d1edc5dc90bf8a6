/*
 * discourse.h - DiscourseConnect, both roles: the door of this directory.
 *
 * Owns:  sso_discourse.
 * Layer: discourse (base, crypto, core, token).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_DISCOURSE_DISCOURSE_H
#define SSO_DISCOURSE_DISCOURSE_H

#include "core/protocol.h"

extern const sso_protocol_t sso_discourse;

#endif /* SSO_DISCOURSE_DISCOURSE_H */
