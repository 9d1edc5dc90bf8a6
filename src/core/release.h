/*
 * release.h - what a provider granted is given back when its session ends.
 *
 * Owns:  who gives back, and what becomes of the attempt.
 * Layer: core.
 *
 * Whoever ends a session leaves a note, and nobody waits for the provider: a note is a grant, taken by
 * whatever sso_site_t.release is, and lost if that is nothing. It is tried some times, by hands that
 * wait for others (background work); what fails at last is logged. The tokens are of no use here by
 * then, and end at the provider by themselves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_RELEASE_H
#define SSO_CORE_RELEASE_H

#include "core/session.h"

#define SSO_RELEASE_TRIES 3 /* of one grant */

/* Leave a note: the session has ended. */
void sso_release_session(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session);

/* The same for what was granted anew to a session that was gone by then. */
void sso_release_grant(sso_ctx_t *cx, const sso_idp_t *idp, const sso_grant_t *grant);

/**
 * Give it back: asks the provider.
 *
 * @param tries made before.
 * @return      non-zero: it may work later, and is worth another try.
 */
int sso_release(sso_ctx_t *cx, const sso_idp_t *idp, const sso_grant_t *grant, int tries);

/* How long to wait after so many tries. */
apr_interval_time_t sso_release_pause(int tries);

#endif /* SSO_CORE_RELEASE_H */
