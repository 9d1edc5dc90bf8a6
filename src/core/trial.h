/*
 * trial.h - testing a provider: the whole way there and back, and no session at its end.
 *
 * Owns:  NAME/test, the mark of a test in a flow.
 * Layer: core.
 *
 * A test is a login up to the point where something would change: the answer is verified, mapped and
 * rendered, then shown to the browser that asked, with every check on the way. Nothing is spent, no
 * session and no ban is made. Nobody else sees it: an answer is shown only to the browser that holds
 * the sealed flow of the test, and who that is has just signed in, or failed to. SSOSetupPages says
 * who may begin one; what is shown of a failure could help somebody who forges answers, so under
 * "auto" that is this machine only, once people sign in through the provider.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_TRIAL_H
#define SSO_CORE_TRIAL_H

#include "core/protocol.h"

/* Answer NAME/test: the page that begins a test, or its beginning. SSO_F_METHOD, SSO_F_NOT_FOUND,
 * SSO_F_TLS, SSO_F_INACTIVE, and what the protocol's start fails with. */
apr_status_t sso_trial_serve(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                             sso_reply_t *reply);

/* Was the flow begun by a test? Its answer must never make a session. */
int sso_trial_is(const sso_flow_t *flow);

/* The test that an answer may belong to, before it is known which flow it names: the newest flow of
 * this browser and provider, when that is one. NULL: none. */
const sso_flow_t *sso_trial_among(const sso_flows_t *flows);

/**
 * Show what came of a test, and end its flow.
 *
 * @param rv     what verifying the answer gave; its failure in cx is shown, and forgotten.
 * @param answer what the protocol made of it; read only when rv is APR_SUCCESS.
 * @return       APR_SUCCESS, also for a test that failed; SSO_F_NOT_FOUND when this client may not
 *               see it.
 */
apr_status_t sso_trial_report(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                              const sso_flow_t *flow, apr_status_t rv, const sso_answer_t *answer,
                              sso_reply_t *reply);

#endif /* SSO_CORE_TRIAL_H */
