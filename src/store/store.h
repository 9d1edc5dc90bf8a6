/*
 * store.h - what the processes of one httpd remember together: records, marks and epochs.
 *
 * Owns:  sso_store_t, the interface that every backend fills in.
 * Layer: store (base, APR).
 * Lives: made before the children fork; safe to use from every thread of every child.
 *
 * Records are sessions: variable size, an index, idle time, a quota for each tenant (a virtual
 * host), evicted when their tenant needs room. Marks are single facts that are never forgotten
 * before their time: a token was spent, an assertion was seen, an account is banned. Records and
 * marks live in areas of their own, so that neither can push out the other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_STORE_H
#define SSO_STORE_STORE_H

#include "base/ctx.h"
#include "base/span.h"
#include "crypto/seal.h"

#define SSO_TENANTS_MAX 1024  /* virtual hosts with sessions of their own */
#define SSO_RECORD_MAX  65536 /* bytes of one value */

/* 128 bits of a SHA-256, made by the caller; a purpose label goes into the hash. All zero: none. */
typedef struct {
    unsigned char b[16];
} sso_store_key_t;

static inline int sso_store_key_is_none(const sso_store_key_t *k)
{
    static const sso_store_key_t none;

    return memcmp(k->b, none.b, sizeof(none.b)) == 0;
}

#define SSO_NOTICES 2 /* of one session: about the person, about the provider's session */

/* Where other machines say that sessions have ended, and what stood there when this one began. */
typedef struct {
    sso_store_key_t key;   /* all zero: nowhere */
    unsigned char seen[8]; /* the store's own */
} sso_store_notice_t;

typedef struct {
    int tenant;               /* from sso_store_ops_t.tenant */
    sso_store_key_t subject;  /* index: hash of provider and subject; none: not indexed */
    sso_store_key_t sid;      /* index: hash of provider and the provider's session; or none */
    apr_time_t expires;       /* absolute end */
    apr_interval_time_t idle; /* ends this long after the last get (4 s coarse); 0: never */
    sso_span_t value;         /* 1 to SSO_RECORD_MAX bytes */
    sso_store_notice_t notice[SSO_NOTICES]; /* of stores of several machines */
    int renew; /* put: in place of a live record only, whose idle time goes on */
} sso_record_t;

/* Which records a walk concerns: every field that is set must match. */
typedef struct {
    int tenant;              /* -1: all */
    sso_store_key_t subject; /* none: all */
    sso_store_key_t sid;     /* none: all */
} sso_match_t;

/* Returns non-zero to end the walk. The record's value lives until the callback returns. */
typedef int sso_record_fn(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                          apr_time_t last_used);

typedef struct {
    apr_uint64_t records, records_room; /* live now; how many of average size would fit */
    apr_uint64_t bytes, bytes_room;     /* of values, in whole chunks */
    apr_uint64_t marks, marks_room;
    apr_uint64_t puts, gets, hits, evicted, expired, rebuilt;
    apr_uint64_t remote_hits, remote_misses, remote_errors; /* of stores of several machines */
    apr_uint64_t overhead; /* bytes of the segment that are neither free nor payload */
} sso_store_stats_t;

typedef struct sso_store sso_store_t;

/* Of an approach, in their order. */
typedef enum { SSO_STORE_BUCKET, SSO_STORE_RECORD } sso_store_step_t;

/* What a backend fills in. Each call is atomic; none blocks on the network but those of a store of several machines. */
typedef struct {
    const char *name; /* as written after SSOSessionStore */

    /* The number of a tenant, the same for the same name as long as the store lives; quota in
     * percent of the area for records, 0 for a fair share. APR_ENOSPC: too many. Parent only. */
    apr_status_t (*tenant)(sso_store_t *, sso_ctx_t *, const char *name, int quota, int *out);

    /* The live record of a tenant, its value copied into cx->pool; it counts as used.
     * APR_NOTFOUND: absent, expired, idle for too long, revoked, or another tenant's.
     * SSO_F_SESSION_STORE: it may be there, but nobody can say whether it has ended elsewhere. */
    apr_status_t (*get)(sso_store_t *, sso_ctx_t *, const sso_store_key_t *, int tenant,
                        sso_record_t *out);

    /* A get of this key is near: what it would wait for sets out from memory to this processor. One step
     * after the other, with other work between them: each shows where the next one leads. Only haste, no
     * answer; NULL: there is nothing to gain. */
    void (*approach)(sso_store_t *, const sso_store_key_t *, sso_store_step_t);

    /* The same as get for a session that another machine may have made: asks for it. For keys that we gave
     * away only, so that what somebody invents is asked about nowhere. NULL: there is one machine.
     * SSO_F_SESSION_STORE: nobody knows. */
    apr_status_t (*fetch)(sso_store_t *, sso_ctx_t *, const sso_store_key_t *, int tenant,
                          sso_record_t *out);

    /* Take back what fetch has brought, on this machine only. With fetch. */
    apr_status_t (*forget)(sso_store_t *, sso_ctx_t *, const sso_store_key_t *, int tenant);

    /* Tell other machines that the sessions with this notice have ended; none of them would have
     * lived beyond until. With fetch. */
    apr_status_t (*notify)(sso_store_t *, sso_ctx_t *, const sso_store_key_t *notice,
                           apr_time_t until);

    /* Write, replacing what was there. SSO_F_SESSION_SIZE: longer than the tenant's quota or
     * SSO_RECORD_MAX. APR_NOTFOUND (no fault): to be renewed, but not there: what has ended does
     * not come back. */
    apr_status_t (*put)(sso_store_t *, sso_ctx_t *, const sso_store_key_t *, const sso_record_t *);

    /* Remove. APR_NOTFOUND: was not there. SSO_F_SESSION_STORE: other machines could not be told; here
     * it is not used until they can, and may go on then. */
    apr_status_t (*drop)(sso_store_t *, sso_ctx_t *, const sso_store_key_t *, int tenant);

    /* Remove every matching record; how many. Uses the index when subject or sid is given. */
    apr_status_t (*revoke)(sso_store_t *, sso_ctx_t *, const sso_match_t *, int *count);

    /* Show every matching live record to fn. */
    apr_status_t (*walk)(sso_store_t *, sso_ctx_t *, const sso_match_t *, sso_record_fn *fn,
                         void *baton);

    /* Set a mark until a time. APR_EEXIST: it is set already (and stays as it is).
     * SSO_F_STORE_FULL: no room; marks are never pushed out. */
    apr_status_t (*mark)(sso_store_t *, sso_ctx_t *, const sso_store_key_t *, apr_time_t until);

    /* Is it set? APR_SUCCESS with the time until which, or APR_NOTFOUND. */
    apr_status_t (*marked)(sso_store_t *, sso_ctx_t *, const sso_store_key_t *, apr_time_t *until);

    /* Take a mark back. APR_NOTFOUND: was not set. */
    apr_status_t (*unmark)(sso_store_t *, sso_ctx_t *, const sso_store_key_t *);

    /* Free what has expired; called from a background thread every minute or so. */
    apr_status_t (*sweep)(sso_store_t *, sso_ctx_t *);

    apr_status_t (*stats)(sso_store_t *, sso_ctx_t *, sso_store_stats_t *out);

    /* Write everything to a file, sealed, by way of a temporary file; read it back. load skips
     * what has expired meanwhile and is APR_ENOENT without a file, APR_EINVAL (no fault) for one
     * that does not open. */
    apr_status_t (*save)(sso_store_t *, sso_ctx_t *, const char *file, const sso_seal_t *);
    apr_status_t (*load)(sso_store_t *, sso_ctx_t *, const char *file, const sso_seal_t *);
} sso_store_ops_t;

struct sso_store {
    const sso_store_ops_t *ops; /* first member of every backend's own struct */
};

#endif /* SSO_STORE_STORE_H */
