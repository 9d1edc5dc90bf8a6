/*
 * roster.h - all sessions of a site, for whoever looks after it: to see, and to end.
 *
 * Owns:  sso_roster_t, the form of a session in a list.
 * Layer: core.
 *
 * Looking does not count as use. What is shown of a session opens nothing.
 *
 * Sites with one address have their sessions in common, but not always their providers. So they come
 * together, as an array of const sso_site_t *, at least one; each session is the business of one that
 * knows its provider, if any does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ROSTER_H
#define SSO_CORE_ROSTER_H

#include "base/buf.h"
#include "core/session.h"

#include <apr_tables.h>

/* Which sessions: every text that is set must be the session's. */
typedef struct {
    const char *user; /* REMOTE_USER, or what the provider calls the person */
    const char *provider;
    const char *issuer;  /* the identity provider */
    const char *session; /* as sso_event_session() calls it */
} sso_roster_t;

/* Returns non-zero to end the walk. The session, and what is in scratch, live until the callback
 * returns. */
typedef int sso_roster_fn(void *baton, apr_pool_t *scratch, const sso_session_t *session,
                          apr_time_t last_used);

/* Show them, with those whose provider is off or gone. */
apr_status_t sso_roster_walk(sso_ctx_t *cx, const apr_array_header_t *sites,
                             const sso_roster_t *which, sso_roster_fn *fn, void *baton);

/* End them: no request of any process finds them afterwards. why: for the record; count: is added to,
 * also when not all could be ended. */
apr_status_t sso_roster_end(sso_ctx_t *cx, const apr_array_header_t *sites,
                            const sso_roster_t *which, const char *why, int *count);

/* One JSON object and a line feed. */
void sso_roster_write(sso_buf_t *out, const apr_array_header_t *sites, const sso_session_t *session,
                      apr_time_t last_used);

#endif /* SSO_CORE_ROSTER_H */
