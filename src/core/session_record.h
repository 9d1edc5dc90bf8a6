/*
 * session_record.h - the form of a session in the store.
 *
 * Owns:  sso_session_t, the record and everything that is read from one.
 * Layer: core (base, crypto, store).
 * Lives: a view lives as long as the bytes of its record.
 *
 * What a request needs is rendered when the session is made: variables and headers are texts in the
 * record. docs/STORE.md draws it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_SESSION_RECORD_H
#define SSO_CORE_SESSION_RECORD_H

#include "core/attrmap.h"
#include "core/identity.h"
#include "core/protocol.h"
#include "core/site.h"

/* Attributes that have a header of their own by default; others have a variable only. */
typedef enum {
    SSO_SLOT_NONE,
    SSO_SLOT_USER,
    SSO_SLOT_EMAIL,
    SSO_SLOT_NAME,
    SSO_SLOT_GROUPS,
    SSO_SLOT_PROVIDER,
    SSO_SLOT_ROLES,
    SSO_SLOT_SESSION,
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

typedef struct sso_session {
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
    apr_size_t record_n;       /* bytes of it */
} sso_session_t;

/* Everything a new session is made of. */
typedef struct {
    const sso_idp_t *idp;
    const sso_identity_t *who;
    const sso_profile_t *profile;
    const char *landing;
    const sso_session_t *before; /* the one that it takes the place of; NULL: none is known of */
    unsigned char made_by[16];
    sso_store_key_t *made; /* set to the key of the session that was made; NULL: nobody asks */
} sso_session_plan_t;

/* When a session made now would end by itself: by the provider's settings and by what it said. */
apr_time_t sso_session_limit(const sso_ctx_t *cx, const sso_session_plan_t *plan);

/* The same, or sooner, when the provider has to confirm it meanwhile. */
apr_time_t sso_session_expiry(const sso_ctx_t *cx, const sso_session_plan_t *plan);

/* The record of a new session. key: its own; NULL: it will never be one, and keeps nothing.
 * SSO_F_SESSION_SIZE. */
apr_status_t sso_session_render(sso_ctx_t *cx, const sso_session_plan_t *plan,
                                const sso_store_key_t *key, sso_span_t *out);

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

/* The record of a session that is there with what asking again changes. SSO_F_SESSION_SIZE. */
apr_status_t sso_session_change(sso_ctx_t *cx, const sso_idp_t *idp, const sso_session_t *session,
                                const sso_session_change_t *change, sso_span_t *out);

/* Add the values of a list attribute to an array of const char *. */
void sso_session_split(apr_pool_t *p, const char *joined, apr_array_header_t *values);

#endif /* SSO_CORE_SESSION_RECORD_H */
