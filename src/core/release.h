/*
 * release.h - what a provider granted is given back when its session ends.
 *
 * Owns:  who gives back, and what becomes of the attempt.
 * Layer: core.
 *
 * Whoever ends a session leaves an errand, and nobody waits for the provider. What fails at last is
 * logged: the tokens are of no use here by then, and end at the provider by themselves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_RELEASE_H
#define SSO_CORE_RELEASE_H

#include "core/session.h"

#define SSO_RELEASE_TRIES 3 /* of one grant */

/* Leave the errand: the session has ended. */
void sso_release_session(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session);

/* The same for what was granted anew to a session that was gone by then. */
void sso_release_grant(sso_ctx_t *cx, const sso_idp_t *idp, const sso_grant_t *grant);

#endif /* SSO_CORE_RELEASE_H */
