/*
 * probe.h - does a server answer? Asked now and then in the background, known to everybody.
 *
 * Owns:  sso_probe_t, when it is asked, what counts as an answer.
 * Layer: net (base).
 * Lives: made at start-up in the configuration pool, in memory that all children share.
 *
 * One thread of one process asks; requests only look, which is one load. Any answer below 500 is one:
 * an address that wants a message says 400 or 405 to a plain GET. Nothing of it is read. One failure
 * is none: the second attempt in a row decides, and comes soon. What is not known yet is not down, and
 * an attempt that a stopping process breaks off says nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_NET_PROBE_H
#define SSO_NET_PROBE_H

#include "net/client.h"

#define SSO_PROBE_TIMEOUT APR_TIME_C(10000000) /* of one attempt */
#define SSO_PROBE_AGAIN   APR_TIME_C(5000000)  /* behind a first failure */
#define SSO_PROBE_FAILS   2                    /* so many in a row are a server that is down */

typedef enum { SSO_PROBE_UNKNOWN, SSO_PROBE_UP, SSO_PROBE_DOWN } sso_probe_state_t;

typedef struct sso_probe sso_probe_t;

/* The address to ask, which may be another one each time. APR_NOTFOUND (no fault recorded): there is
 * none now, and nothing is to be said; any fault is a failure of the server. */
typedef apr_status_t sso_probe_address_fn(void *data, sso_ctx_t *cx, const char **url);

typedef struct {
    const char *name; /* of the provider, for the log */
    sso_probe_address_fn *address;
    void *data;                /* must outlive the configuration */
    apr_interval_time_t every; /* microseconds between two attempts */
    const char *ca_file;       /* as in a request of the client */
    int allow_http;
} sso_probe_source_t;

typedef struct {
    sso_probe_state_t state;
    apr_time_t since; /* when it came to be so; 0: not known */
    apr_time_t asked; /* when it was asked last; 0: never */
    sso_fault_t why;  /* of the last attempt; SSO_F_NONE: it was good */
} sso_probe_info_t;

/* Nothing is asked yet. source is copied, its texts are not. SSO_F_INTERNAL. */
apr_status_t sso_probe_make(sso_ctx_t *cx, apr_pool_t *pool, const sso_probe_source_t *source,
                            sso_probe_t **out);

/* Is it time to ask, by cx->now? */
int sso_probe_is_due(const sso_ctx_t *cx, const sso_probe_t *probe);

/* Ask, wait for the answer, log a change. By one thread. cx is clear afterwards. */
void sso_probe_ask(sso_ctx_t *cx, sso_probe_t *probe, const sso_client_t *client);

/* NULL: SSO_PROBE_UNKNOWN. For every request. */
sso_probe_state_t sso_probe_state(const sso_probe_t *probe);

void sso_probe_info(const sso_probe_t *probe, sso_probe_info_t *out);

#endif /* SSO_NET_PROBE_H */
