/*
 * session_mark.h - whose session a cookie opened, also when the session is over.
 *
 * Owns:  the part of the session cookie behind its secret.
 * Layer: core (base, crypto).
 * Lives: in the browser, tagged, for a while longer than the session.
 *
 * The mark opens nothing and is asked only about requests that are turned away: it tells somebody who
 * was signed in here from a stranger, for whom nothing is kept.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_SESSION_MARK_H
#define SSO_CORE_SESSION_MARK_H

#include "core/site.h"
#include "store/store.h"

#define SSO_SESSION_SECRET_CHARS 43                       /* of the cookie: 32 bytes in base64url */
#define SSO_SESSION_MARK_KEEP    APR_TIME_C(604800000000) /* for a week after the session */

/* Is it a session cookie by its form: a secret, alone or with a mark behind it? */
int sso_session_is_cookie(sso_span_t cookie);

/* The person as backends know them: by user name, as a provider and an issuer vouch for it at this
 * site. A name that changes with every login makes somebody else of the person. */
apr_status_t sso_session_person(sso_ctx_t *cx, const sso_site_t *site, const char *provider,
                                const char *issuer, const char *user, sso_store_key_t *out);

/**
 * The whole cookie of a new session.
 *
 * @param secret SSO_SESSION_SECRET_CHARS characters; the mark holds with no other.
 * @param end    when the session ends by itself at the latest.
 */
apr_status_t sso_session_mark(sso_ctx_t *cx, const sso_site_t *site, const char *secret,
                              const sso_store_key_t *person, apr_time_t end, const char **cookie);

/* Whose cookie it is or was. APR_NOTFOUND (no fault recorded): none of ours, or of a session that has
 * been over for more than SSO_SESSION_MARK_KEEP. */
apr_status_t sso_session_marked(sso_ctx_t *cx, const sso_site_t *site, const char *cookies,
                                sso_store_key_t *person);

#endif /* SSO_CORE_SESSION_MARK_H */
