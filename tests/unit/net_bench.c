/*
 * net_bench.c - one thread, one connection at a time, every answer from the script.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net_bench.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#define REQUEST_MAX 65536

struct net_bench {
    sso_ctx_t *cx;
    const net_turn_t *turns;
    int n;
    int listener, stop[2], port;
    pthread_t thread;
    pthread_mutex_t lock; /* what follows is read by the test */
    int requests, connections;
    char seen[REQUEST_MAX];
    char client[256];
    SSL_CTX *tls;
    const char *ca;
};

typedef struct {
    int fd;
    SSL *ssl;
} wire_t;

/* ---- certificates ---- */

static void add_name(X509 *cert, const char *name)
{
    struct in_addr a;
    char text[300];
    X509_EXTENSION *ext;

    (void)snprintf(text, sizeof(text), "%s:%s", inet_pton(AF_INET, name, &a) == 1 ? "IP" : "DNS",
                   name);
    ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);
    assert_non_null(ext);
    assert_int_equal(X509_add_ext(cert, ext, -1), 1);
    X509_EXTENSION_free(ext);
}

static X509 *make_cert(EVP_PKEY *key, const char *name, int from_days, int to_days)
{
    X509 *cert = X509_new();
    X509_NAME *subject = X509_get_subject_name(cert);

    assert_int_equal(X509_set_version(cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(cert), from_days * 86400L);
    (void)X509_gmtime_adj(X509_getm_notAfter(cert), to_days * 86400L);
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                (const unsigned char *)name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(cert, subject), 1);
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    add_name(cert, name);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

static const char *text_of(apr_pool_t *pool, BIO *bio)
{
    char *p = NULL;
    const long n = BIO_get_mem_data(bio, &p);
    const char *text = apr_pstrmemdup(pool, p, (apr_size_t)n);

    BIO_free(bio);
    return text;
}

void net_bench_pair(apr_pool_t *pool, const char *name, int from_days, int to_days,
                    const char **key_pem, const char **cert_pem)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = make_cert(key, name, from_days, to_days);
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    *cert_pem = text_of(pool, bio);
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    *key_pem = text_of(pool, bio);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static int accept_any(int ok, X509_STORE_CTX *store)
{
    (void)ok;
    (void)store;
    return 1;
}

static void use_pair(SSL_CTX *tls, const char *key_pem, const char *cert_pem)
{
    BIO *bio = BIO_new_mem_buf(key_pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    X509 *cert;

    BIO_free(bio);
    bio = BIO_new_mem_buf(cert_pem, -1);
    cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_int_equal(SSL_CTX_use_certificate(tls, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(tls, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void start_tls(net_bench_t *b, const net_tls_t *tls)
{
    const char *key, *cert;

    net_bench_pair(b->cx->pool, tls->name, tls->from_days, tls->to_days, &key, &cert);
    b->ca = scratch_file(b->cx, scratch_dir(b->cx), "ca.pem", sso_span(cert), 0644);
    b->tls = SSL_CTX_new(TLS_server_method());
    assert_non_null(b->tls);
    use_pair(b->tls, key, cert);
    if (tls->tls_max) {
        SSL_CTX_set_security_level(b->tls, 0);
        assert_int_equal(SSL_CTX_set_min_proto_version(b->tls, tls->tls_max), 1);
        assert_int_equal(SSL_CTX_set_max_proto_version(b->tls, tls->tls_max), 1);
    }
    if (tls->wants_client) SSL_CTX_set_verify(b->tls, SSL_VERIFY_PEER, accept_any);
}

/* ---- the wire ---- */

/* Something to read? 0: the test is over, or the peer took too long. */
static int wait_for(const net_bench_t *b, int fd)
{
    struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = b->stop[0], .events = POLLIN}};

    return poll(p, 2, 20000) > 0 && p[1].revents == 0;
}

static ssize_t pull(const net_bench_t *b, const wire_t *w, char *p, apr_size_t n)
{
    if (w->ssl && SSL_pending(w->ssl) > 0) return SSL_read(w->ssl, p, (int)n);
    if (!wait_for(b, w->fd)) return 0;
    return w->ssl ? SSL_read(w->ssl, p, (int)n) : recv(w->fd, p, n, 0);
}

static int push(const wire_t *w, const char *p, apr_size_t n)
{
    while (n > 0) {
        const ssize_t put = w->ssl ? SSL_write(w->ssl, p, (int)n) : send(w->fd, p, n, MSG_NOSIGNAL);

        if (put <= 0) return 0;
        p += put;
        n -= (apr_size_t)put;
    }
    return 1;
}

/* Bytes that a whole request must have, or 0: not known yet. */
static apr_size_t whole_size(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strstr(text, "Content-Length: ");

    if (!end) return 0;
    return (apr_size_t)(end + 4 - text) + (length ? (apr_size_t)strtoul(length + 16, NULL, 10) : 0);
}

static int read_request(net_bench_t *b, const wire_t *w, char *text)
{
    apr_size_t n = 0;
    apr_size_t whole;

    text[0] = '\0';
    while ((whole = whole_size(text)) == 0 || n < whole) {
        const ssize_t got = pull(b, w, text + n, REQUEST_MAX - 1 - n);

        if (got <= 0) return 0;
        n += (apr_size_t)got;
        text[n] = '\0';
    }
    return 1;
}

static int drip(const net_bench_t *b, const wire_t *w, const net_turn_t *turn)
{
    const char *p;

    if (turn->drip_ms == 0) return push(w, turn->text, strlen(turn->text));
    for (p = turn->text; *p; p++) {
        struct pollfd stop = {.fd = b->stop[0], .events = POLLIN};

        if (!push(w, p, 1) || poll(&stop, 1, turn->drip_ms) > 0) return 0;
    }
    return 1;
}

static void pad(const wire_t *w, apr_size_t n)
{
    static const char x[16384] = {'x'};

    while (n > 0) {
        const apr_size_t piece = n < sizeof(x) ? n : sizeof(x);

        if (!push(w, x, piece)) return;
        n -= piece;
    }
}

/* Should another request be read from this connection? */
static int answer(net_bench_t *b, const wire_t *w, const net_turn_t *turn)
{
    static const struct linger at_once = {1, 0};

    if (turn->text && !drip(b, w, turn)) return 0;
    (void)push(w, turn->body.p, turn->body.n);
    pad(w, turn->filler);
    if (turn->end == NET_HANG) (void)wait_for(b, w->fd);
    if (turn->end == NET_RESET) {
        (void)setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    return turn->end == NET_KEEP;
}

static const net_turn_t *note_request(net_bench_t *b, const char *text)
{
    const net_turn_t *turn;

    (void)pthread_mutex_lock(&b->lock);
    (void)snprintf(b->seen, sizeof(b->seen), "%s", text);
    turn = &b->turns[b->requests++ % b->n];
    (void)pthread_mutex_unlock(&b->lock);
    return turn;
}

static void note_connection(net_bench_t *b, const wire_t *w)
{
    X509 *client = w->ssl ? SSL_get1_peer_certificate(w->ssl) : NULL;

    (void)pthread_mutex_lock(&b->lock);
    b->connections++;
    b->client[0] = '\0';
    if (client) (void)X509_NAME_oneline(X509_get_subject_name(client), b->client, 256);
    (void)pthread_mutex_unlock(&b->lock);
    X509_free(client);
}

static void serve(net_bench_t *b, const wire_t *w)
{
    static char text[REQUEST_MAX];

    note_connection(b, w);
    while (read_request(b, w, text)) {
        if (!answer(b, w, note_request(b, text))) return;
    }
}

static void serve_tls(net_bench_t *b, wire_t *w)
{
    w->ssl = SSL_new(b->tls);
    if (SSL_set_fd(w->ssl, w->fd) == 1 && SSL_accept(w->ssl) == 1) serve(b, w);
    SSL_free(w->ssl);
}

static void *run(void *data)
{
    net_bench_t *b = data;

    while (wait_for(b, b->listener)) {
        wire_t w = {.fd = accept(b->listener, NULL, NULL)};

        if (w.fd < 0) continue;
        if (b->tls) {
            serve_tls(b, &w);
        } else {
            serve(b, &w);
        }
        (void)close(w.fd);
    }
    return NULL;
}

/* ---- for the test ---- */

static apr_status_t stop(void *data)
{
    net_bench_t *b = data;

    (void)close(b->stop[1]);
    (void)pthread_join(b->thread, NULL);
    (void)close(b->stop[0]);
    (void)close(b->listener);
    SSL_CTX_free(b->tls);
    return APR_SUCCESS;
}

net_bench_t *net_bench_start(sso_ctx_t *cx, const net_turn_t *turns, int n, const net_tls_t *tls)
{
    net_bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);

    (void)signal(SIGPIPE, SIG_IGN); /* SSL_write */
    b->cx = cx;
    b->turns = apr_pmemdup(cx->pool, turns, (apr_size_t)n * sizeof(*turns)); /* outlive the test */
    b->n = n;
    if (tls) start_tls(b, tls);
    assert_int_equal(pipe(b->stop), 0);
    b->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(b->listener >= 0);
    assert_int_equal(bind(b->listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(b->listener, 16), 0);
    assert_int_equal(getsockname(b->listener, (struct sockaddr *)&at, &len), 0);
    b->port = ntohs(at.sin_port);
    assert_int_equal(pthread_mutex_init(&b->lock, NULL), 0);
    assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
    apr_pool_cleanup_register(cx->pool, b, stop, apr_pool_cleanup_null);
    return b;
}

const char *net_bench_url(const net_bench_t *b, const char *path)
{
    return apr_psprintf(b->cx->pool, "%s://127.0.0.1:%d%s", b->tls ? "https" : "http", b->port,
                        path);
}

static int read_count(net_bench_t *b, const int *count)
{
    int n;

    (void)pthread_mutex_lock(&b->lock);
    n = *count;
    (void)pthread_mutex_unlock(&b->lock);
    return n;
}

int net_bench_requests(net_bench_t *b)
{
    return read_count(b, &b->requests);
}

int net_bench_connections(net_bench_t *b)
{
    return read_count(b, &b->connections);
}

static const char *read_text(net_bench_t *b, const char *text)
{
    const char *copy;

    (void)pthread_mutex_lock(&b->lock);
    copy = apr_pstrdup(b->cx->pool, text);
    (void)pthread_mutex_unlock(&b->lock);
    return copy;
}

const char *net_bench_seen(net_bench_t *b)
{
    return read_text(b, b->seen);
}

const char *net_bench_client(net_bench_t *b)
{
    return read_text(b, b->client);
}

const char *net_bench_ca(net_bench_t *b)
{
    return b->ca;
}
