/*
 * token_peer.h - what both dialects have in common when a peer is answered.
 *
 * Owns:  the failure of a field that cannot be told.
 * Layer: token (base, crypto, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TOKEN_TOKEN_PEER_H
#define SSO_TOKEN_TOKEN_PEER_H

#include "core/protocol.h"

/* A field whose value the peer would have to refuse; in place of the failure that says why, if there is
 * one. SSO_F_PEER_FIELD. */
apr_status_t sso_token_peer_refuses(sso_ctx_t *cx, const sso_asker_t *asker, const char *field,
                                    const char *why);

#endif /* SSO_TOKEN_TOKEN_PEER_H */
