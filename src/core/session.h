/*
 * session.h - a person who has logged in: make, find, end.
 *
 * Owns:  the session cookie's value, the keys by which sessions are found.
 * Layer: core (base, crypto, store).
 * Lives: in the store until it expires, idles, is evicted or ended; a view of it for one request.
 *
 * Finding a session is one hash, one lookup and one copy.
 *
 * The cookie's value is 32 random bytes in base64url, of which the store knows only the hash, and
 * behind them a mark (session_mark.h). Where machines share sessions the last 8 of the bytes are a tag
 * of the others, so that an invented cookie is asked about nowhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_SESSION_H
#define SSO_CORE_SESSION_H

#include "core/request.h"
#include "core/session_record.h"

/**
 * Make a session and give it a cookie; the one that came with the request, and the one in
 * plan->before, end (no fixation, no leftovers). If that was of the same person (provider, issuer and
 * subject or user name), the new one goes on where it was: it is as old, but how and when the person
 * signed in is what they just did.
 *
 * @return SSO_F_SESSION_EXPIRED when the provider's own limit has passed, SSO_F_SESSION_SIZE,
 *         SSO_F_BANNED when a ban arrived meanwhile.
 */
apr_status_t sso_session_make(sso_ctx_t *cx, const sso_request_t *req,
                              const sso_session_plan_t *plan, sso_reply_t *reply);

/**
 * What such a session would be, without making one: for whoever tests a provider.
 *
 * @return as sso_session_make(), but for the bans; out is untouched then.
 */
apr_status_t sso_session_preview(sso_ctx_t *cx, const sso_session_plan_t *plan, sso_session_t *out);

/**
 * The session of a request.
 *
 * @param cookie the Cookie header as the browser sent it.
 * @return       APR_SUCCESS or APR_NOTFOUND; so is a broken record, and a session of a provider that
 *               this site has no more or that is switched off. SSO_F_SESSION_STORE: nobody knows; of
 *               stores of several machines only, and so is what accounts cannot say.
 */
apr_status_t sso_session_find(sso_ctx_t *cx, const sso_site_t *site, const char *cookie,
                              sso_session_t *out);

/* As sso_session_find() for a request, with what is known of its cookie. */
apr_status_t sso_session_of(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                            sso_session_t *out);

/**
 * The head of a request has come, and its session will be looked for in a moment: by then its record
 * shall be here. Takes the first step, sso_session_approach() the second, with other work between them.
 *
 * @param pool   of the request.
 * @param cookie the Cookie header as the browser sent it.
 * @param memo   of the connection.
 * @param key    by which the host, not its parts, knows the session.
 * @return       APR_NOTFOUND: there is no cookie of a session.
 */
apr_status_t sso_session_expect(apr_pool_t *pool, const sso_site_t *site, const char *cookie,
                                sso_memo_t *memo, sso_store_key_t *key);
void sso_session_approach(const sso_site_t *site, const sso_store_key_t *key);

/* The session with this key in the store. */
apr_status_t sso_session_by_key(sso_ctx_t *cx, const sso_site_t *site, const sso_store_key_t *key,
                                sso_session_t *out);

/* The same without counting as use: its idle time goes on. subject: as sso_session_subject_key has it. */
apr_status_t sso_session_peek(sso_ctx_t *cx, const sso_site_t *site, const sso_store_key_t *key,
                              const sso_store_key_t *subject, sso_session_t *out);

/**
 * Write a session that is there anew: its cookie, its age, how and when the person signed in stay.
 *
 * @return APR_NOTFOUND (no fault recorded): it has ended meanwhile; SSO_F_SESSION_SIZE.
 */
apr_status_t sso_session_renew(sso_ctx_t *cx, const sso_idp_t *idp, const sso_session_t *session,
                               const sso_session_change_t *change);

/* End the session and remove its cookie. */
apr_status_t sso_session_end(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                             sso_reply_t *reply);

/* Tell whoever wants to know that a session has ended: "logout" or "ended", and why (NULL: that says it
 * all). */
void sso_session_tell(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                      const char *what, const char *why);

/* What became of the sessions that a provider wanted ended. */
typedef struct {
    int n;   /* how many have ended */
    int own; /* one of them is that of the browser */
} sso_ended_t;

/**
 * End the sessions that a provider wants ended, at this site and made through this provider.
 *
 * @param own the session of the browser that brought the message; NULL: it has none.
 */
apr_status_t sso_session_end_matching(sso_ctx_t *cx, const sso_idp_t *idp,
                                      const sso_ending_t *ending, const sso_session_t *own,
                                      sso_ended_t *out);

/* Keys of what the store remembers about a person, all bound to the provider's name and the site:
 * its index entries and its ban. */
apr_status_t sso_session_subject_key(sso_ctx_t *cx, const sso_idp_t *idp, const char *subject,
                                     sso_store_key_t *out);
apr_status_t sso_session_sid_key(sso_ctx_t *cx, const sso_idp_t *idp, const char *sid,
                                 sso_store_key_t *out);

/* Ban a person: no login from now on, and every session ended; how many. SSO_F_STORE_FULL: the
 * sessions have ended, but the ban is not remembered. */
apr_status_t sso_session_ban(sso_ctx_t *cx, const sso_idp_t *idp, const char *subject, int *ended);
int sso_session_is_banned(sso_ctx_t *cx, const sso_idp_t *idp, const char *subject);

/* Spend what may be used once. APR_SUCCESS: all of it was fresh; the fault of the first that was
 * not; SSO_F_STORE_FULL. made_by: hash of the first, for sso_session_plan_t. */
apr_status_t sso_session_spend(sso_ctx_t *cx, const sso_idp_t *idp, const sso_once_t *once, int n,
                               unsigned char made_by[16]);

/* Was none of it spent yet? As sso_session_spend, but nothing is. */
apr_status_t sso_session_check_unspent(sso_ctx_t *cx, const sso_idp_t *idp, const sso_once_t *once,
                                       int n);

/* The hash that sso_session_spend gives for the first of them, without spending. */
apr_status_t sso_session_once_key(sso_ctx_t *cx, const sso_idp_t *idp, const sso_once_t *once,
                                  sso_store_key_t *out);

#endif /* SSO_CORE_SESSION_H */
