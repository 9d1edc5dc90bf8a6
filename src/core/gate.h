/*
 * gate.h - the single entrance: what happens to a request.
 *
 * Owns:  the table of our own addresses, the verdict on a protected request.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_GATE_H
#define SSO_CORE_GATE_H

#include "core/directory.h"
#include "core/request.h"
#include "core/session.h"
#include "core/site.h"

typedef struct {
    const sso_session_t *session; /* let in, as this person; NULL: send the reply */
    sso_reply_t reply;
} sso_verdict_t;

/* Is the path one of ours: SSOPath itself or below it? A site without providers and peers has none, so that
 * what it proxies to may have its own. */
int sso_gate_is_ours(const sso_site_t *site, const char *path);

/* Is this session good enough for the place: of one of its providers, fresh and strong enough? */
int sso_gate_admits(const sso_directory_t *dir, const sso_session_t *session, apr_time_t now);

/* Where SSOSameOrigin is on, what may change something has to come from a page of this site, whoever
 * asks. SSO_F_CROSS_SITE. */
apr_status_t sso_gate_check_origin(sso_ctx_t *cx, const sso_site_t *site,
                                   const sso_directory_t *dir, const sso_request_t *req);

/**
 * Decide about a request to a place where somebody has to be known: SSOMode require says so, and in
 * an open place a Require line that cannot be met by a stranger.
 *
 * Navigations without a session are sent to a login, and so is a form of somebody who had one, which
 * is kept meanwhile (kept.h). Everything else gets 401 with a JSON body that names the login's
 * address, or what SSOUnauthenticated says. A session that is too old (SSOReauth) or too weak
 * (SSOStepUp) is sent to its own provider for another login in the same ways. What
 * sso_gate_check_origin() refuses is refused first: not even a login begins with it.
 *
 * @return APR_SUCCESS and a verdict, or a fault: the caller shows it with sso_gate_fail().
 */
apr_status_t sso_gate_enter(sso_ctx_t *cx, const sso_site_t *site, const sso_directory_t *dir,
                            sso_request_t *req, sso_verdict_t *out);

/**
 * Nobody is known in an open place: is the browser sent to find out, silently (SSOMode passive)?
 * Through the provider of the SSO line that was chosen last, or the first active one.
 *
 * @return non-zero with a reply.
 */
int sso_gate_tries(sso_ctx_t *cx, const sso_site_t *site, const sso_directory_t *dir,
                   const sso_request_t *req, sso_reply_t *reply);

/* Is it the address of a peer? There, whom another authentication of httpd names is who is vouched
 * for, and it may run first. */
int sso_gate_takes_user(const sso_site_t *site, const char *path);

/* Answer a request to one of our addresses; never fails, but with a page that says why. */
void sso_gate_serve(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req, sso_reply_t *reply);

/* Log the fault in cx, with the reference number that the person sees; the number, in cx->pool. */
const char *sso_gate_note(sso_ctx_t *cx);

/* Turn the fault in cx into an answer: a page for navigations, JSON for others. Logs it, with the
 * reference number that the person sees. */
void sso_gate_fail(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                   sso_reply_t *reply);

#endif /* SSO_CORE_GATE_H */
