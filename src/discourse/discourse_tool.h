/*
 * discourse_tool.h - messages of DiscourseConnect without a server, for ssoctl.
 *
 * Owns:  sso_discourse_tool.
 * Layer: discourse (base, crypto, core, token).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_DISCOURSE_DISCOURSE_TOOL_H
#define SSO_DISCOURSE_DISCOURSE_TOOL_H

#include "core/protocol.h"

extern const sso_message_tool_t sso_discourse_tool;

#endif /* SSO_DISCOURSE_DISCOURSE_TOOL_H */
