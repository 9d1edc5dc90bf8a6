/*
 * token_flow.h - how an answer comes (A1), and the handshake that it belongs to (A12).
 *
 * Owns:  the search for it.
 * Layer: token (base, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TOKEN_TOKEN_FLOW_H
#define SSO_TOKEN_TOKEN_FLOW_H

#include "core/flow.h"
#include "core/request.h"

/* An answer comes by GET: what shows no page to a person must not spend its token. SSO_F_METHOD. What was
 * only prefetched, or came by plain http (A2), has been refused before (login.h). */
apr_status_t sso_token_check_method(sso_ctx_t *cx, const sso_request_t *req);

/**
 * Find the handshake, begun in this browser and not long ago, that an answer names.
 *
 * @param token   what it names; not empty.
 * @param age_sec how long ago it may have begun.
 * @return        SSO_F_STATE_MISSING, SSO_F_STATE_INVALID, SSO_F_TOKEN_MISMATCH or
 *                SSO_F_TOKEN_EXPIRED; *out is untouched then.
 */
apr_status_t sso_token_flow(sso_ctx_t *cx, const sso_flows_t *flows, const char *token, int age_sec,
                            const sso_flow_t **out);

/* What may be accepted once: the token of a flow, remembered a minute beyond its age. */
#define SSO_TOKEN_SPENT_EXTRA 60

#endif /* SSO_TOKEN_TOKEN_FLOW_H */
