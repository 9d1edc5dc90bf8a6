/*
 * net_bench.h - a server on a loopback port that does what a script says, well or badly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_NET_BENCH_H
#define SSO_TESTS_NET_BENCH_H

#include "scratch.h"

/* What becomes of the connection when the answer is out. */
typedef enum { NET_CLOSE, NET_KEEP, NET_HANG, NET_RESET } net_end_t;

/* One answer. A text of NULL: nothing is sent. */
typedef struct {
    const char *text;  /* as on the wire, headers included */
    sso_span_t body;   /* behind text; may hold any byte */
    apr_size_t filler; /* so many bytes more behind it */
    int drip_ms;       /* pause behind each byte of text */
    net_end_t end;
} net_turn_t;

/* The certificate of a server by TLS. */
typedef struct {
    const char *name;       /* of the host, for SubjectAltName: "127.0.0.1" or a DNS name */
    int from_days, to_days; /* validity, from today */
    int tls_max;            /* latest protocol, 0: whatever there is */
    int wants_client;       /* ask for a client certificate, accept any */
} net_tls_t;

typedef struct net_bench net_bench_t;

/* A server; turns[i % n] answers request i. tls NULL: plain http. Stopped with cx->pool. */
net_bench_t *net_bench_start(sso_ctx_t *cx, const net_turn_t *turns, int n, const net_tls_t *tls);

/* "http://127.0.0.1:PORT" + path. */
const char *net_bench_url(const net_bench_t *b, const char *path);

int net_bench_requests(net_bench_t *b);    /* how many came */
int net_bench_connections(net_bench_t *b); /* on so many connections */

/* The last request as it came, body included, NUL-terminated. Valid until the next one. */
const char *net_bench_seen(net_bench_t *b);

/* The subject of the certificate that the last TLS client showed; "" if none. */
const char *net_bench_client(net_bench_t *b);

/* A file with the certificate of the server. */
const char *net_bench_ca(net_bench_t *b);

/* A key and a self-signed certificate of that name, PEM, in pool. */
void net_bench_pair(apr_pool_t *pool, const char *name, int from_days, int to_days,
                    const char **key_pem, const char **cert_pem);

#endif /* SSO_TESTS_NET_BENCH_H */
