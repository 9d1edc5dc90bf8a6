/*
 * hmac.h - signed-token handshake, consumer role: the door of this directory.
 *
 * Owns:  sso_hmac.
 * Layer: hmac (base, crypto, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HMAC_HMAC_H
#define SSO_HMAC_HMAC_H

#include "core/protocol.h"

extern const sso_protocol_t sso_hmac;

#endif /* SSO_HMAC_HMAC_H */
