/*
 * renew.h - a session whose provider is asked again about its person.
 *
 * Owns:  who asks, and what the answer changes.
 * Layer: core.
 *
 * A request that meets a session whose time has come claims it, and goes on without waiting. Whoever
 * holds the claim asks in the background, which does not count as use of the session. A claim is a
 * mark in the store: of all requests of all children one gets it. It ends with the renewal if that
 * succeeds; else it stays until its time, and nobody asks again before. A provider that does not
 * answer is left alone for a while.
 *
 * What fails leaves the session as it is until its own end, but for three answers: the provider takes
 * the grant back (and settings say that this ends the session), the person is somebody else here now,
 * or would not be let in any more.
 *
 * A renewal may be cut off between the request and what came of it: the refresh token may then have
 * been used, and a provider that rotates them will refuse it. So a token is marked as sent while
 * nobody knows; a refusal of one that was sent before only ends the renewals, not the session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_RENEW_H
#define SSO_CORE_RENEW_H

#include "core/session.h"

typedef struct {
    const sso_site_t *site;
    sso_store_key_t session;
    sso_store_key_t subject; /* by which the session is found without counting as used */
    sso_store_key_t claim;
    apr_time_t until; /* of the claim */
} sso_renew_task_t;

/**
 * Claim a session that is due, at cx->now. Asks nobody.
 *
 * @return APR_EEXIST (no fault recorded): somebody has it; SSO_F_STORE_FULL.
 */
apr_status_t sso_renew_claim(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                             sso_renew_task_t *out);

/* Takes a task; non-zero: no more. */
typedef int sso_renew_fn(void *baton, const sso_renew_task_t *task);

/* Claim the sessions of a site that are due without a request: those of SSO_RENEWS_ALWAYS. */
apr_status_t sso_renew_claim_all(sso_ctx_t *cx, const sso_site_t *site, sso_renew_fn *fn,
                                 void *baton);

/* Do it, in the background; what came of it is logged. */
void sso_renew(sso_ctx_t *cx, const sso_renew_task_t *task);

#endif /* SSO_CORE_RENEW_H */
