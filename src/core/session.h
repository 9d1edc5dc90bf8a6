/*
 * session.h - a person who has logged in: make, find, end.
 *
 * Owns:  the session cookie's value, the form of a session in the store.
 * Layer: core (base, crypto, store).
 * Lives: in the store until it expires, idles, is evicted or ended; a view of it for one request.
 *
 * What a request needs is rendered when the session is made: variables and headers are texts in the
 * record, and finding a session is one hash, one lookup and one copy. docs/STORE.md draws the
 * record.
 *
 * The cookie's value is 32 random bytes in base64url; the store knows only its hash.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_SESSION_H
#define SSO_CORE_SESSION_H

#include "core/attrmap.h"
#include "core/identity.h"
#include "core/protocol.h"
#include "core/request.h"
#include "core/site.h"

/* Attributes that have a header of their own by default; others have a variable only. */
typedef enum {
    SSO_SLOT_NONE,
    SSO_SLOT_USER,
    SSO_SLOT_EMAIL,
    SSO_SLOT_NAME,
    SSO_SLOT_GROUPS,
    SSO_SLOT_PROVIDER,
    SSO_SLOT_COUNT
} sso_slot_t;

/* "X-SSO-Email" and so on; NULL for SSO_SLOT_NONE. */
extern const char *const sso_slot_header[SSO_SLOT_COUNT];

/* One attribute, all texts NUL-terminated and inside the copied record. */
typedef struct {
    const char *env;   /* "SSO_EMAIL": its variable; its name in upper case behind "SSO_" */
    const char *value; /* UTF-8; of a list the values with ',' between them, and ',' and '%' in a
                           value as %2C and %25 */
    const char
        *header; /* the value in printable ASCII: every other byte, '%', and a space at either
                           end as %XX */
    sso_slot_t slot;
    int list;
} sso_shown_t;

typedef struct {
    sso_store_key_t key;
    const char *user;
    const char *provider;
    const char *issuer;
    const char *subject;
    const char *sid;                        /* "" if none */
    const char *handle;                     /* the protocol's, "" if none */
    const char *acr;                        /* "" if unknown */
    const char *landing;                    /* where the login led to */
    apr_time_t created, auth_time, expires; /* auth_time 0: the provider does not say */
    apr_interval_time_t idle;
    apr_time_t due;            /* the provider is to be asked again from then on; 0: never */
    unsigned char made_by[16]; /* hash of what was spent to make it */
    int n;                     /* attributes */
    const char *record;        /* for sso_session_shown() */
} sso_session_t;

/* Everything a new session is made of. */
typedef struct {
    const sso_idp_t *idp;
    const sso_identity_t *who;
    const sso_profile_t *profile;
    const char *landing;
    const sso_session_t *before; /* the one that it takes the place of; NULL: none is known of */
    unsigned char made_by[16];
} sso_session_plan_t;

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
 *               this site has no more or that is switched off.
 */
apr_status_t sso_session_find(sso_ctx_t *cx, const sso_site_t *site, const char *cookie,
                              sso_session_t *out);

/* The session with this key in the store. */
apr_status_t sso_session_by_key(sso_ctx_t *cx, const sso_site_t *site, const sso_store_key_t *key,
                                sso_session_t *out);

/* The same without counting as use: its idle time goes on. subject: as sso_session_subject_key has it. */
apr_status_t sso_session_peek(sso_ctx_t *cx, const sso_site_t *site, const sso_store_key_t *key,
                              const sso_store_key_t *subject, sso_session_t *out);

/* The same for a request, with the memory of its connection. */
apr_status_t sso_session_of(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                            sso_session_t *out);

/* The i-th attribute, 0 to n-1. */
sso_shown_t sso_session_shown(const sso_session_t *session, int i);

/* The attribute of that name, compared without case. APR_NOTFOUND if absent. */
apr_status_t sso_session_get(const sso_session_t *session, const char *name, sso_shown_t *out);

/* Is `wanted` one of the values of a list attribute, or the value of another one? */
int sso_session_has(sso_ctx_t *cx, const sso_session_t *session, const char *name,
                    const char *wanted);

/* A record of the store as a session, as walks show it. APR_NOTFOUND: it is broken. The key is not
 * filled in. */
apr_status_t sso_session_view(sso_span_t record, sso_session_t *out);

/**
 * The session's record with other attributes; all else stays as it is.
 *
 * @param names  attributes to take out, ended by NULL.
 * @param mapped of sso_mapped_t: attributes to put in.
 * @return       SSO_F_SESSION_SIZE.
 */
apr_status_t sso_session_rewrite(sso_ctx_t *cx, const sso_session_t *session,
                                 const char *const *names, const apr_array_header_t *mapped,
                                 sso_span_t *out);

/* When the session of a record of the store is due, 0: never; of records as walks show them. */
apr_time_t sso_session_due(sso_span_t record);

/* Is it time to ask the provider again about the person? */
static inline int sso_session_is_due(const sso_session_t *session, apr_time_t now)
{
    return session->due && session->due <= now;
}

/* What the provider gave with the login. APR_NOTFOUND: nothing is kept, or it opens no more. */
apr_status_t sso_session_grant(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                               sso_grant_t *out);

/* What asking again changes of a session. */
typedef struct {
    const sso_profile_t *profile; /* NULL: as it was */
    const char *handle;           /* NULL: as it was */
    const sso_grant_t *grant;     /* NULL: none from now on */
    apr_time_t expires;
} sso_session_change_t;

/**
 * Write a session that is there anew: its cookie, its age, how and when the person signed in stay.
 *
 * @return APR_NOTFOUND (no fault recorded): it has ended meanwhile; SSO_F_SESSION_SIZE.
 */
apr_status_t sso_session_renew(sso_ctx_t *cx, const sso_idp_t *idp, const sso_session_t *session,
                               const sso_session_change_t *change);

/* Add the values of a list attribute to an array of const char *. */
void sso_session_split(apr_pool_t *p, const char *joined, apr_array_header_t *values);

/* End the session and remove its cookie. */
apr_status_t sso_session_end(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                             sso_reply_t *reply);

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
