/*
 * token_peer.c - what both dialects have in common when a peer is answered.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/token_peer.h"

apr_status_t sso_token_peer_refuses(sso_ctx_t *cx, const sso_asker_t *asker, const char *field,
                                    const char *why)
{
    sso_ctx_clear(cx);
    return sso_fail_about(cx, SSO_F_PEER_FIELD, field,
                          "peer %s would have to refuse %s (%s); map another attribute to it with "
                          "SSOPeerAttribute %s SOURCE",
                          asker->peer->name, field, why, field);
}
