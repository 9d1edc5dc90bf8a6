/*
 * oidc_call.h - a request of our own to the provider, in which the client says who it is.
 *
 * Owns:  client authentication, the form of such requests, the limits of the answers.
 * Layer: oidc (base, crypto, net).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_CALL_H
#define SSO_OIDC_OIDC_CALL_H

#include "base/buf.h"
#include "base/json.h"
#include "oidc/oidc_state.h"

#define SSO_OIDC_ANSWER_BYTES 262144              /* of a JSON answer, tokens included */
#define SSO_OIDC_CALL_TIME    APR_TIME_C(5000000) /* R26: of one exchange */
#define SSO_OIDC_CALL_CONNECT APR_TIME_C(3000000)
#define SSO_OIDC_FORM_MAX     32768

/* An empty form; fields are added to it. */
sso_buf_t sso_oidc_form(sso_ctx_t *cx);

/* "&name=value", encoded, without '&' in front of the first. value NULL: nothing. */
void sso_oidc_form_add(sso_buf_t *form, const char *name, const char *value);

/**
 * Post a form with the client's credentials.
 *
 * @param url  of the provider, checked.
 * @param form grows by what authentication needs.
 * @return     SSO_F_NET_*; any status is an answer.
 */
apr_status_t sso_oidc_post(sso_ctx_t *cx, const sso_oidc_state_t *st,
                           const sso_oidc_metadata_t *meta, const char *url, sso_buf_t *form,
                           sso_client_response_t *out);

/* The JSON object that an answer is; NULL: it is none. */
json_t *sso_oidc_call_json(sso_ctx_t *cx, const sso_client_response_t *res);

/**
 * The same, and read the JSON object that comes.
 *
 * @param status of HTTP; the caller judges it.
 * @return       SSO_F_NET_* (also when it is no JSON by its type), SSO_F_OIDC_ANSWER about "json".
 * @spec         RFC 6749, section 2.3.1; Core, section 9; RFC 8705; R26.
 */
apr_status_t sso_oidc_call(sso_ctx_t *cx, const sso_oidc_state_t *st,
                           const sso_oidc_metadata_t *meta, const char *url, sso_buf_t *form,
                           int *status, json_t **out);

/* The error that an answer names, as a fault: what the provider says goes to the log only. */
apr_status_t sso_oidc_call_refused(sso_ctx_t *cx, const json_t *answer, int status,
                                   const char *what);

#endif /* SSO_OIDC_OIDC_CALL_H */
