/*
 * client.h - one bounded HTTP exchange with a server that the admin named.
 *
 * Owns:  sso_client_t (what tests replace), the limits of every exchange; the only calls of libcurl
 *        are in this directory.
 * Layer: net (base, crypto, libcurl).
 * Lives: the client as long as the process; a response in the pool of the context.
 *
 * https only, with a verified certificate for the host in the URL and TLS 1.2 at least: there is no
 * switch that turns this off. Plain http goes to loopback addresses, and elsewhere only when the
 * caller says so. No cookies, no .netrc, no other schemes, HTTP/1.1. A proxy is used where httpd's
 * environment names one (https_proxy, http_proxy, no_proxy), never for loopback addresses.
 *
 *     sso_client_request_t req = {.url = issuer_url, .accept = "application/json"};
 *     sso_client_response_t res;
 *
 *     rv = sso_client_exchange(client, cx, &req, &res);
 *     if (rv == APR_SUCCESS) rv = sso_client_expect(cx, &req, &res, "application/json");
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_NET_CLIENT_H
#define SSO_NET_CLIENT_H

#include "base/ctx.h"
#include "base/span.h"

#include <apr_tables.h>

#define SSO_CLIENT_MAX       (1024 * 1024)        /* bytes of a body, if the request does not say */
#define SSO_CLIENT_TIMEOUT   APR_TIME_C(10000000) /* of the whole exchange, likewise */
#define SSO_CLIENT_CONNECT   APR_TIME_C(5000000)  /* until TLS stands, likewise */
#define SSO_CLIENT_HEADERS   (64 * 1024)          /* bytes of all header lines of one answer */
#define SSO_CLIENT_LONGEST   APR_TIME_C(3600000000) /* no exchange may be given more time */
#define SSO_CLIENT_VALUE_MAX 512                    /* bytes of a header value that is kept */
#define SSO_CLIENT_NOT_SAID  ((apr_interval_time_t)-1)
#define SSO_CLIENT_REDIRECTS 5 /* no request may ask for more */

/* Takes a piece of the body of a 200; anything but APR_SUCCESS ends the exchange with it. */
typedef apr_status_t sso_client_sink_fn(void *sink, const char *p, apr_size_t n);

/* Zero or NULL is the default of every field but url. */
typedef struct {
    const char *url;                   /* absolute; https, or http as far as allow_http says */
    const char *method;                /* "GET" (NULL) or "POST" */
    const char *accept;                /* media types for the Accept header */
    const apr_array_header_t *headers; /* of const char *, "Name: value" */
    sso_span_t body;                   /* of a POST */
    const char *body_type;             /* NULL: "application/x-www-form-urlencoded" */

    /* Credentials; nothing that carries one is ever redirected. */
    const char *user; /* HTTP Basic, with password; RFC 6749 wants both form-encoded before */
    const char *password;
    const char *bearer;  /* Authorization: Bearer */
    sso_span_t cert_pem; /* client certificate for TLS, with key_pem */
    sso_span_t key_pem;

    const char *etag;          /* as it came with the copy we hold: If-None-Match */
    const char *last_modified; /* likewise: If-Modified-Since */

    const char *ca_file; /* PEM: who may vouch for the host; NULL: whom the system trusts */
    int allow_http;      /* plain http also to hosts that are not loopback (SSOInsecureHttp) */
    int once;      /* sent over a connection of its own: over one that was used before, and that the
                            server gives up just then, a request is sent again */
    int redirects; /* most that are followed, of a GET, within the same scheme */

    apr_size_t max;              /* bytes of the body after decompression */
    apr_interval_time_t timeout; /* microseconds, for the whole exchange with its redirects */
    apr_interval_time_t connect; /* microseconds until a connection stands */
    int (*is_cancelled)(
        void *);       /* asked about once a second; non-zero: give up. NULL: the context's */
    void *cancel_data; /* its argument */
    sso_client_sink_fn *sink; /* gets the body of a 200 instead of the response */
    void *sink_data;
} sso_client_request_t;

/* Texts are NUL-terminated in cx->pool, printable ASCII, or NULL: not said. */
typedef struct {
    int status;       /* 200, 304, 404 ...; never 1xx */
    const char *type; /* media type, lower case, without parameters: "application/json" */
    const char *etag;
    const char *last_modified;
    apr_interval_time_t keep;        /* microseconds it may be kept; 0: not at all (no-store,
                                        no-cache); SSO_CLIENT_NOT_SAID */
    apr_interval_time_t retry_after; /* microseconds; SSO_CLIENT_NOT_SAID */
    sso_span_t body;                 /* with a NUL behind it; empty if it went to the sink */
} sso_client_response_t;

typedef struct sso_client sso_client_t;
struct sso_client {
    apr_status_t (*exchange)(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out);
    void *state; /* of a test's client */
};

/**
 * The client over libcurl. Prepares libcurl at its first call, which must come while the process
 * has one thread (child_init); libcurl is never cleaned up, for others in the process use it too.
 * Used by any number of threads; connections are kept and used again.
 */
const sso_client_t *sso_client_curl(void);

/**
 * Send a request and wait for the answer, bounded in every direction.
 *
 * @param out every status is a success here (a 3xx too where redirects are not asked for). With body,
 *            which is whatever the server wrote: nothing is verified but its length. Untouched without
 *            success, but that with SSO_F_NET_SIZE the status is there.
 * @return    APR_SUCCESS, or SSO_F_CONFIG (an address that may not be used), SSO_F_NET_CONNECT,
 *            SSO_F_NET_TLS, SSO_F_NET_TIMEOUT, SSO_F_NET_SIZE, SSO_F_NET_REDIRECT, SSO_F_NET_BROKEN;
 *            SSO_F_INTERNAL (a request that no caller should make); or what the sink said, with no
 *            fault unless the sink recorded one.
 */
static inline apr_status_t sso_client_exchange(const sso_client_t *client, sso_ctx_t *cx,
                                               const sso_client_request_t *req,
                                               sso_client_response_t *out)
{
    return client->exchange(client, cx, req, out);
}

/**
 * Is it a 200 of the type that was wanted?
 *
 * @param types media types separated by spaces, lower case; NULL: any, or none.
 * @return      APR_SUCCESS, SSO_F_NET_STATUS or SSO_F_NET_TYPE.
 */
apr_status_t sso_client_expect(sso_ctx_t *cx, const sso_client_request_t *req,
                               const sso_client_response_t *res, const char *types);

/* May this URL be asked? NULL, or why not, to stand behind it. allow_http as in the request. */
const char *sso_client_url_check(apr_pool_t *pool, const char *url, int allow_http);

/* The URL for logs: without its query, which may hold what is nobody's business. */
const char *sso_client_url_shown(apr_pool_t *pool, const char *url);

#endif /* SSO_NET_CLIENT_H */
