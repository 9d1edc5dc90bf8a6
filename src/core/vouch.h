/*
 * vouch.h - telling a peer who the person in front of the browser is.
 *
 * Owns:  the order of things at peer/NAME: request, person, rules, token, answer.
 * Layer: core.
 *
 * A peer sends the browser with a signed request. Whoever is signed in here, by whatever protocol or
 * other authentication of httpd, is vouched for at once; who is not is sent to a login first, and
 * from there to the peer's start for a fresh request, or back to the request that brought them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_VOUCH_H
#define SSO_CORE_VOUCH_H

#include "core/protocol.h"

/* The peer whose address the path is; NULL: it is none. leaf: what follows the name, "" if nothing. */
const sso_asker_t *sso_vouch_find(const sso_site_t *site, const char *path, const char **leaf);

/**
 * Answer a request to a peer's address.
 *
 * @param leaf from sso_vouch_find.
 * @return     SSO_F_METHOD, SSO_F_FRAME and SSO_F_TLS about the way it came; the faults of the
 *             protocol about the request; SSO_F_PEER_REQUIRE, SSO_F_PEER_FIELD,
 *             SSO_F_EMAIL_UNVERIFIED and SSO_F_BANNED about the person; SSO_F_TOKEN_USED when
 *             another person was vouched for on the same request.
 */
apr_status_t sso_vouch(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                       const char *leaf, sso_reply_t *reply);

/* Where a person who got an error can start again: the peer's start, or its site. In cx->pool. */
const char *sso_vouch_retry(sso_ctx_t *cx, const sso_asker_t *asker);

/* NULL, or why the peer cannot be served at this site as it is configured. In p. */
const char *sso_vouch_check(apr_pool_t *p, const sso_asker_t *asker);

#endif /* SSO_CORE_VOUCH_H */
