/*
 * lookup.h - documents of others of which there are too many to keep: each is fetched when it is needed.
 *
 * Owns:  sso_lookup_t, the copies of what was found, the memory of what was not.
 * Layer: net (base, crypto).
 * Lives: made at start-up in the configuration pool; what children share is in memory of their own.
 *
 * A stranger can name a document, so asking is bounded in every direction: one fetch takes
 * SSO_LOOKUP_TIMEOUT at most, a process has SSO_LOOKUP_MOST under way at most, all
 * children together begin SSO_LOOKUP_RATE a second, and what is not there or
 * does not hold is not asked for again for a while. What was found is kept in the state directory, in a
 * file of its own, and used as long as it is valid: when its time has come it is asked for again in the
 * background, and nobody waits; only if that time is more than a day ago, because nobody has used it
 * since, somebody waits, and it is used if nothing else can be had. One that does not say until when it is
 * valid is used for a week more.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_NET_LOOKUP_H
#define SSO_NET_LOOKUP_H

#include "net/client.h"

#define SSO_LOOKUP_TIMEOUT APR_TIME_C(5000000) /* of one fetch: so long somebody may have to wait */
#define SSO_LOOKUP_MOST    4                   /* fetches that a process has under way */
#define SSO_LOOKUP_RATE    10 /* fetches a second for which somebody waits, of all children */
#define SSO_LOOKUP_UNKNOWN APR_TIME_C(600000000) /* what is not there (404) is not, for so long */
#define SSO_LOOKUP_FAILED \
    APR_TIME_C(30000000)        /* what cannot be had is not asked for, for so long */
#define SSO_LOOKUP_KEY_MAX 1024 /* bytes of a key */

typedef struct sso_lookup sso_lookup_t;

/* What a check says of a document that holds. */
typedef struct {
    sso_span_t text;  /* what is kept, in cx->pool */
    apr_time_t until; /* not to be believed from then on; 0: no limit */
    apr_interval_time_t
        keep; /* the document asks to be fetched again after this; 0: does not say */
} sso_lookup_found_t;

typedef struct {
    const char *name; /* for logs, and in the names of copies: letters, digits, ". _ -" */
    const char *accept;
    const char *ca_file;
    int allow_http;
    int redirects;
    apr_size_t max;              /* bytes; 0: SSO_CLIENT_MAX */
    apr_interval_time_t refresh; /* ask again after this; 0: an hour */
    const char *salt;            /* settings that the check depends on, and where it is asked */
    /* Where the document of a key is; in pool. */
    const char *(*address)(void *data, apr_pool_t *pool, const char *key);
    /* Is it the document of that key, and does it hold? A fault if not. */
    apr_status_t (*check)(void *data, sso_ctx_t *cx, const char *key, sso_span_t text,
                          sso_lookup_found_t *found);
    void *data; /* must outlive the configuration */
} sso_lookup_source_t;

/* A document. */
typedef struct {
    sso_span_t text;  /* gone with cx->pool */
    apr_time_t again; /* from then on there may be another: look again */
} sso_lookup_hit_t;

/**
 * @param dir    descriptor of the directory for copies; -1: nothing is kept (tests).
 * @param writes 0: copies are read, and nothing is fetched (configtest, ssoctl).
 * @param source copied, its texts are not.
 */
apr_status_t sso_lookup_make(sso_ctx_t *cx, apr_pool_t *pool, int dir, int writes,
                             const sso_lookup_source_t *source, sso_lookup_t **out);

/* Is it the one of this source: of its name and salt? */
int sso_lookup_is_of(const sso_lookup_t *lookup, const sso_lookup_source_t *source);

/* What fetches. In the child, before anything is looked for. */
void sso_lookup_start(sso_lookup_t *lookup, const sso_client_t *client);

/**
 * Find the document of a key, whoever names it.
 *
 * @param may_ask 0: only what was fetched before counts. So it is with a name that nothing here was asked
 *        to act on.
 * @return APR_NOTFOUND (no fault recorded): there is none, or was none a while ago; SSO_F_METADATA_MISSING:
 *         it cannot be had now, or could not a moment ago; SSO_F_NET_*; what the check says.
 */
apr_status_t sso_lookup_find(sso_ctx_t *cx, sso_lookup_t *lookup, const char *key, int may_ask,
                             sso_lookup_hit_t *out);

/* Fetch what has become due; from the thread that does so for all. */
void sso_lookup_work(sso_ctx_t *cx, sso_lookup_t *lookup, int (*is_cancelled)(void *), void *data);

#endif /* SSO_NET_LOOKUP_H */
