/*
 * oidc_response.h - what the browser brings back: read it, and match it to a login begun here.
 *
 * Owns:  the parameters of the authorization response.
 * Layer: oidc (base, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_RESPONSE_H
#define SSO_OIDC_OIDC_RESPONSE_H

#include "core/protocol.h"
#include "oidc/oidc_state.h"

#define SSO_OIDC_BODY_MAX 65536 /* bytes of a posted response */

typedef struct {
    const sso_flow_t *flow; /* the login that it answers */
    const char *code;       /* NULL: it is an error */
    const char *iss;        /* NULL: not said */
    const char *error;
    const char *description;
} sso_oidc_response_t;

/* The text of the only parameter of that name (R6), in cx->pool; NULL if there is none. SSO_F_PARAM_*. */
apr_status_t sso_oidc_param(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                            const char **out);

/**
 * Read the response and find its flow. Nothing is asked from anybody.
 *
 * @return SSO_F_METHOD, SSO_F_PARAM_*, SSO_F_BODY_*; SSO_F_OIDC_UNSOLICITED; SSO_F_STATE_MISSING,
 *         SSO_F_STATE_INVALID, SSO_F_OIDC_STATE.
 * @spec   R2, R5, R6; Core, section 3.1.2.5; OAuth 2.0 Form Post Response Mode.
 */
apr_status_t sso_oidc_response_read(sso_ctx_t *cx, sso_request_t *req, const sso_flows_t *flows,
                                    sso_oidc_response_t *out);

/**
 * Does it come from the provider, and does it bring a code?
 *
 * @return SSO_F_OIDC_ISSUER about "response" (R5; RFC 9207); the fault of the provider's error:
 *         SSO_F_OIDC_DENIED, SSO_F_STATUS_PASSIVE, SSO_F_OIDC_PROVIDER, SSO_F_OIDC_REQUEST.
 */
apr_status_t sso_oidc_response_check(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                     const sso_oidc_metadata_t *meta,
                                     const sso_oidc_response_t *response);

#endif /* SSO_OIDC_OIDC_RESPONSE_H */
