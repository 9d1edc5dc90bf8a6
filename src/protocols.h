/*
 * protocols.h - the protocols built in.
 *
 * Owns:  their list; nothing else knows all of them.
 * Layer: top.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_PROTOCOLS_H
#define SSO_PROTOCOLS_H

#include "core/protocol.h"

/* The protocol of that name, compared without case; NULL if there is none. */
const sso_protocol_t *sso_protocol_find(const char *name);

/* Their names, for messages: "saml, oidc or hmac". */
extern const char sso_protocol_names[];

/* Those in which a peer can ask us. */
extern const char sso_protocol_peer_names[];

#endif /* SSO_PROTOCOLS_H */
