/*
 * hmac_tool.h - messages of the signed token without a server, for ssoctl.
 *
 * Owns:  sso_hmac_tool.
 * Layer: hmac (base, crypto, core, token).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HMAC_HMAC_TOOL_H
#define SSO_HMAC_HMAC_TOOL_H

#include "core/protocol.h"

extern const sso_message_tool_t sso_hmac_tool;

#endif /* SSO_HMAC_HMAC_TOOL_H */
