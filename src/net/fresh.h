/*
 * fresh.h - documents of others that are kept fresh: metadata, discovery documents, key sets.
 *
 * Owns:  sso_fresh_t, the copies in the state directory, when somebody is asked again.
 * Layer: net (base, crypto).
 * Lives: made at start-up in the configuration pool, in memory that all children share.
 *
 * One process fetches for all: the watchdog's child calls sso_fresh_work() every second. A document
 * that was verified is put into the state directory, whole, by way of a temporary file; a counter in
 * shared memory tells every child that there is a new one, so that looking costs one load. What
 * cannot be fetched or does not hold never replaces what is there; the copy is also what a start
 * begins with, so that a provider that is down does not keep httpd from starting. No request ever
 * waits for a fetch.
 *
 * The sources are files as well as URLs: a file that changes is taken over within seconds. Of a
 * directory the check is given the names of the files, and reads them itself, so that it can leave out
 * one that does not hold and keep what it had of it.
 *
 * A protocol uses it like this (prepare is called in the parent, before there are children):
 *
 *     static apr_status_t check(void *data, sso_ctx_t *cx, sso_span_t text, sso_fresh_found_t *found)
 *     {
 *         ... verify text; a fault keeps the old copy; found->until and found->keep may be set ...
 *     }
 *
 *     prepare:  const sso_fresh_source_t source = {.name = "corp.jwks", .url = ..., .check = check};
 *               rv = sso_fresh_add(cx, provider->fresh, &source, &doc);
 *     request:  if (sso_fresh_version(doc) != mine) rv = sso_fresh_read(cx, doc, &text, &version);
 *               ... build what is needed from text, swap it in; APR_NOTFOUND: nothing came yet ...
 *     a key that is not in the set:  sso_fresh_want(cx, doc);  -> asked for within seconds, but not
 *               more often than every SSO_FRESH_URGENT; the login fails now and works when retried.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_NET_FRESH_H
#define SSO_NET_FRESH_H

#include "net/client.h"
#include "net/lookup.h"

#define SSO_FRESH_MAX     256                  /* documents of one httpd */
#define SSO_FRESH_LOOKUPS 64                   /* places where documents are looked up, likewise */
#define SSO_FRESH_URGENT  APR_TIME_C(30000000) /* between two fetches that sso_fresh_want() causes */
#define SSO_FRESH_LEAST   APR_TIME_C(300000000)  /* a server cannot ask us to come more often */
#define SSO_FRESH_RETRY   APR_TIME_C(15000000)   /* after a failure; doubles each time ... */
#define SSO_FRESH_GIVE_UP APR_TIME_C(3600000000) /* ... up to this */
#define SSO_FRESH_TIMEOUT APR_TIME_C(60000000)   /* of one fetch */
#define SSO_FRESH_WHY_MAX 256

typedef struct sso_fresh sso_fresh_t;
typedef struct sso_fresh_set sso_fresh_set_t;

/* What a check says of a document that holds. */
typedef struct {
    sso_span_t last;  /* given to the check: the copy in use, p NULL for none */
    sso_span_t text;  /* what is kept; as it came, unless the check puts another there (the
                                 bytes that were signed), in cx->pool */
    apr_time_t until; /* not to be believed from then on; 0: no limit */
    apr_interval_time_t
        keep; /* the document asks to be fetched again after this; 0: does not say */
} sso_fresh_found_t;

/* Is it what it should be? Called before a document is kept, in the watchdog's child, and for files
 * at start. Must not touch what requests use. Anything but APR_SUCCESS: the old one stays. */
typedef apr_status_t sso_fresh_check_fn(void *data, sso_ctx_t *cx, sso_span_t text,
                                        sso_fresh_found_t *found);

typedef struct {
    const char *name; /* for logs, and in the name of the copy: letters, digits, ". _ -" */
    const char *url;  /* where it is; or */
    const char *file; /* the same, absolute */
    const char
        *suffix; /* file is a directory: of it the files whose names end so. NULL: it is not */
    const char *accept; /* media types for the Accept header */
    const char *types;  /* media types that are taken, separated by spaces; NULL: any */
    const char *ca_file;
    int allow_http;
    int redirects;
    apr_size_t max;              /* bytes; 0: SSO_CLIENT_MAX */
    apr_interval_time_t refresh; /* ask again after this; 0: an hour */
    const char *salt; /* settings that the check depends on: a copy that was verified under
                                    others is not used. NULL: none */
    sso_fresh_check_fn *check;
    void *check_data; /* must outlive the configuration: in its pool */
} sso_fresh_source_t;

/* What is known of a document, for people. */
typedef struct {
    const char *name;
    const char *source;    /* URL without query, or file */
    const char *copy;      /* name of its file in the directory */
    apr_time_t changed;    /* when the copy in use was fetched; 0: there is none */
    apr_time_t confirmed;  /* when its source last said that it is still right */
    apr_time_t next;       /* when it is asked for again */
    apr_time_t until;      /* validity of the copy; 0: no limit */
    unsigned int version;  /* counts copies since the start */
    unsigned int failures; /* in a row; 0: the last attempt was good */
    const char *why;       /* the last failure, for the admin; "" if none */
} sso_fresh_info_t;

/**
 * Make the set of one configuration.
 *
 * @param dir       descriptor of the directory for copies, which the children may write; -1: none,
 *                  documents stay in memory and URLs are not fetched (tests).
 * @param may_write 0: copies are read and nothing is changed or fetched (configtest, ssoctl).
 * @param client    what fetches; may be NULL until sso_fresh_start().
 */
apr_status_t sso_fresh_make(sso_ctx_t *cx, apr_pool_t *pool, int dir, int may_write,
                            const sso_client_t *client, sso_fresh_set_t **out);

/**
 * Register a document and load what there is: a file from its place, the last copy of a URL.
 *
 * @param source copied, texts included. Of the same name, place and salt: the same document, which
 *               is fetched once, with the first one's check.
 * @return       APR_SUCCESS, also when a URL has no copy yet; SSO_F_CONFIG; for a file whatever its
 *               check says.
 */
apr_status_t sso_fresh_add(sso_ctx_t *cx, sso_fresh_set_t *set, const sso_fresh_source_t *source,
                           sso_fresh_t **out);

/* A place where documents are looked up, with this set's directory, client and background. Of the same
 * name and salt: the same place, with the first one's check. */
apr_status_t sso_fresh_add_lookup(sso_ctx_t *cx, sso_fresh_set_t *set,
                                  const sso_lookup_source_t *source, sso_lookup_t **out);

/* Give the client to a set that was made without. In the child, before sso_fresh_work. */
void sso_fresh_start(sso_fresh_set_t *set, const sso_client_t *client);

/* The client of the set, for whatever else a protocol has to ask; NULL before sso_fresh_start. */
const sso_client_t *sso_fresh_client(const sso_fresh_set_t *set);

/* Is there a document that must be fetched? Then somebody has to call sso_fresh_work(). */
int sso_fresh_has_urls(const sso_fresh_set_t *set);

/**
 * Do what is due: look at files, fetch URLs. Called about every second by one thread of one process;
 * two that call it at once do no harm. cx->now is the present; cx->pool is temporary.
 */
void sso_fresh_work(sso_ctx_t *cx, sso_fresh_set_t *set, int (*is_cancelled)(void *), void *data);

/* Changes when there is another copy; 0: there is none. One load: for every login. */
unsigned int sso_fresh_version(const sso_fresh_t *doc);

/**
 * The copy that is in use.
 *
 * @param text    mapped read-only, the same memory in all children; gone with cx->pool. Not
 *                NUL-terminated.
 * @param version to compare with sso_fresh_version(). May be NULL.
 * @return        APR_SUCCESS, APR_NOTFOUND (no fault recorded): there is none; SSO_F_INTERNAL.
 */
apr_status_t sso_fresh_read(sso_ctx_t *cx, const sso_fresh_t *doc, sso_span_t *text,
                            unsigned int *version);

/* Somebody met something that is not in the copy: fetch soon. Cheap, and safe to call as often as
 * strangers can cause it. */
void sso_fresh_want(sso_ctx_t *cx, sso_fresh_t *doc);

/* How many there are, and what is known of one; texts in cx->pool. */
int sso_fresh_count(const sso_fresh_set_t *set);
void sso_fresh_info(sso_ctx_t *cx, const sso_fresh_t *doc, sso_fresh_info_t *out);
const sso_fresh_t *sso_fresh_at(const sso_fresh_set_t *set, int i);

#endif /* SSO_NET_FRESH_H */
