/*
 * client.c - libcurl with every limit set, for one exchange at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/client.h"

#include "base/buf.h"
#include "base/url.h"

#include <apr_date.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include <curl/curl.h>

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define IDLE_MAX    16 /* handles kept, each with its connections */
#define CONNECTIONS 4L /* idle connections of one handle */
#define DIGITS_MAX  10 /* of max-age, Age and Retry-After */

/* ---- handles: they hold connections and TLS sessions, so they are used again ---- */

static struct {
    pthread_mutex_t lock;
    CURL *handle[IDLE_MAX];
    int n;
    pid_t pid; /* a connection must not be shared with the process that forked us */
} idle = {.lock = PTHREAD_MUTEX_INITIALIZER};

static CURL *take_handle(void)
{
    CURL *handle = NULL;

    (void)pthread_mutex_lock(&idle.lock);
    if (idle.pid == getpid() && idle.n > 0) handle = idle.handle[--idle.n];
    (void)pthread_mutex_unlock(&idle.lock);
    return handle ? handle : curl_easy_init();
}

static void give_back(CURL *handle)
{
    const pid_t pid = getpid();

    curl_easy_reset(handle);
    (void)pthread_mutex_lock(&idle.lock);
    if (idle.pid != pid) {
        idle.pid = pid;
        idle.n = 0;
    }
    if (idle.n < IDLE_MAX) {
        idle.handle[idle.n++] = handle;
        handle = NULL;
    }
    (void)pthread_mutex_unlock(&idle.lock);
    if (handle) curl_easy_cleanup(handle);
}

/* ---- what arrives ---- */

/* One request on its way. */
typedef struct {
    sso_ctx_t *cx;
    const sso_client_request_t *req;
    CURL *handle;
    const char *url; /* the redirected one */
    char why[CURL_ERROR_SIZE];
    int last; /* this answer is not a redirect that is followed: its body counts */

    apr_size_t header_bytes;
    sso_client_response_t res;
    apr_interval_time_t age; /* of the answer when it came: seconds of Age */
    apr_time_t date, expires;

    apr_size_t max, body_bytes;
    sso_buf_t body;
    apr_status_t sink_said;
    int too_long; /* body or header lines */
} exchange_t;

static int is_redirect(const exchange_t *x)
{
    const int status = x->res.status;

    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static size_t take_body(char *p, size_t size, size_t n, void *data)
{
    exchange_t *x = data;
    const apr_size_t bytes = size * n;

    if (!x->last && is_redirect(x)) return bytes;
    if (bytes > x->max - x->body_bytes) {
        x->too_long = 1;
        return 0;
    }
    x->body_bytes += bytes;
    if (x->req->sink && x->res.status == 200) {
        x->sink_said = x->req->sink(x->req->sink_data, p, bytes);
        return x->sink_said == APR_SUCCESS ? bytes : 0;
    }
    sso_buf_add(&x->body, p, bytes);
    return bytes;
}

static sso_span_t trim(sso_span_t text)
{
    while (text.n > 0 && apr_isspace(text.p[0]))
        text = sso_span_of(text.p + 1, text.n - 1);
    while (text.n > 0 && apr_isspace(text.p[text.n - 1]))
        text.n--;
    return text;
}

/* Printable ASCII of a sane length, copied; else NULL: as if it had not been said. */
static const char *clean_copy(apr_pool_t *pool, sso_span_t value)
{
    apr_size_t i;

    if (value.n == 0 || value.n > SSO_CLIENT_VALUE_MAX) return NULL;
    for (i = 0; i < value.n; i++) {
        if (value.p[i] < ' ' || value.p[i] > '~') return NULL;
    }
    return sso_span_text(pool, value);
}

/* Digits only, as seconds; -1 if they are not, the longest time if they are too many. */
static apr_interval_time_t read_seconds(const char *text)
{
    const apr_size_t n = strspn(text, "0123456789");

    if (n == 0 || (text[n] != '\0' && text[n] != ',' && text[n] != ' ')) return -1;
    if (n > DIGITS_MAX) return apr_time_from_sec(APR_INT32_MAX);
    return apr_time_from_sec(strtoll(text, NULL, 10));
}

/* The directives that matter to one who keeps a copy for himself (RFC 9111, 5.2.2). */
static void read_cache_control(exchange_t *x, const char *value)
{
    char *rest = apr_pstrdup(x->cx->pool, value);
    char *word;

    for (word = apr_strtok(rest, ", \t", &rest); word; word = apr_strtok(NULL, ", \t", &rest)) {
        if (!strcasecmp(word, "no-store") || !strcasecmp(word, "no-cache")) {
            x->res.keep = 0;
        } else if (!strncasecmp(word, "max-age=", 8) && x->res.keep == SSO_CLIENT_NOT_SAID) {
            x->res.keep = read_seconds(word + 8);
        }
    }
}

static void read_retry_after(exchange_t *x, const char *value)
{
    const apr_interval_time_t seconds = read_seconds(value);
    const apr_time_t when = seconds < 0 ? apr_date_parse_http(value) : 0;

    if (seconds >= 0) x->res.retry_after = seconds;
    if (when > x->cx->now) x->res.retry_after = when - x->cx->now;
}

static void read_type(exchange_t *x, const char *value)
{
    char *type = apr_pstrmemdup(x->cx->pool, value, strcspn(value, "; \t"));
    char *p;

    for (p = type; *p; p++)
        *p = (char)apr_tolower(*p);
    x->res.type = type;
}

static void take_value(exchange_t *x, sso_span_t name, const char *value)
{
    const char *key = sso_span_text(x->cx->pool, name);

    if (!strcasecmp(key, "Content-Type")) read_type(x, value);
    if (!strcasecmp(key, "ETag")) x->res.etag = value;
    if (!strcasecmp(key, "Last-Modified")) x->res.last_modified = value;
    if (!strcasecmp(key, "Cache-Control")) read_cache_control(x, value);
    if (!strcasecmp(key, "Retry-After")) read_retry_after(x, value);
    if (!strcasecmp(key, "Age")) x->age = read_seconds(value);
    if (!strcasecmp(key, "Date")) x->date = apr_date_parse_http(value);
    if (!strcasecmp(key, "Expires")) x->expires = apr_date_parse_http(value);
}

/* A status line begins an answer anew: what a 100 said does not count. */
static void begin_answer(exchange_t *x)
{
    long status = 0;

    (void)curl_easy_getinfo(x->handle, CURLINFO_RESPONSE_CODE, &status);
    x->res = (sso_client_response_t){
        .status = (int)status,
        .keep = SSO_CLIENT_NOT_SAID,
        .retry_after = SSO_CLIENT_NOT_SAID,
        .body = {"", 0},
    };
    x->age = 0;
    x->date = x->expires = 0;
}

static size_t take_header(char *p, size_t size, size_t n, void *data)
{
    exchange_t *x = data;
    const apr_size_t bytes = size * n;
    const char *colon = memchr(p, ':', bytes);
    const char *value;

    x->header_bytes += bytes;
    if (x->header_bytes > SSO_CLIENT_HEADERS) {
        x->too_long = 1;
        return 0;
    }
    if (bytes > 5 && !memcmp(p, "HTTP/", 5)) {
        begin_answer(x);
        return bytes;
    }
    if (!colon) return bytes;
    value = clean_copy(x->cx->pool,
                       trim(sso_span_of(colon + 1, bytes - (apr_size_t)(colon + 1 - p))));
    if (value) take_value(x, sso_span_of(p, (apr_size_t)(colon - p)), value);
    return bytes;
}

static int is_cancelled(const exchange_t *x)
{
    if (x->req->is_cancelled) return x->req->is_cancelled(x->req->cancel_data);
    return x->cx->is_cancelled && x->cx->is_cancelled(NULL);
}

static int watch(void *data, curl_off_t to_come, curl_off_t here, curl_off_t to_go, curl_off_t gone)
{
    const exchange_t *x = data;

    (void)to_come;
    (void)here;
    (void)to_go;
    (void)gone;
    return is_cancelled(x);
}

/* Max-age counts from when the answer was made; Expires counts where there is no max-age. */
static void judge_age(exchange_t *x)
{
    if (x->res.keep == SSO_CLIENT_NOT_SAID && x->expires > 0 && x->date > 0) {
        x->res.keep = x->expires > x->date ? x->expires - x->date : 0;
    }
    if (x->res.keep > 0 && x->age > 0) {
        x->res.keep = x->res.keep > x->age ? x->res.keep - x->age : 0;
    }
}

/* ---- what is sent ---- */

static struct curl_slist *add_line(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = list ? curl_slist_append(list, line) : NULL;

    if (!longer) curl_slist_free_all(list);
    return longer;
}

static struct curl_slist *add_field(apr_pool_t *pool, struct curl_slist *list, const char *name,
                                    const char *value)
{
    return value ? add_line(list, apr_pstrcat(pool, name, ": ", value, NULL)) : list;
}

static apr_status_t free_list(void *list)
{
    curl_slist_free_all(list);
    return APR_SUCCESS;
}

/* The request's header lines, or NULL: no memory. Owned by the pool. */
static struct curl_slist *make_headers(const exchange_t *x)
{
    const sso_client_request_t *req = x->req;
    apr_pool_t *pool = x->cx->pool;
    struct curl_slist *list = curl_slist_append(NULL, "User-Agent: mod_sso");
    int i;

    list = add_line(list, "Expect:"); /* no pause before a body */
    list = add_field(pool, list, "Accept", req->accept);
    list = add_field(pool, list, "If-None-Match", req->etag);
    list = add_field(pool, list, "If-Modified-Since", req->last_modified);
    if (req->body.n > 0) {
        list = add_field(pool, list, "Content-Type",
                         req->body_type ? req->body_type : "application/x-www-form-urlencoded");
    }
    for (i = 0; req->headers && i < req->headers->nelts; i++) {
        list = add_line(list, APR_ARRAY_IDX(req->headers, i, const char *));
    }
    if (list) apr_pool_cleanup_register(pool, list, free_list, apr_pool_cleanup_null);
    return list;
}

static long milliseconds(apr_interval_time_t t)
{
    if (t > SSO_CLIENT_LONGEST) t = SSO_CLIENT_LONGEST;
    return t > 1000 ? (long)(t / 1000) : 1; /* 0 would be "for ever" */
}

/* Collects failures: one that is forgotten would be a limit that is not there. */
#define SET(handle, rc, option, value)                                              \
    do {                                                                            \
        if ((rc) == CURLE_OK) (rc) = curl_easy_setopt((handle), (option), (value)); \
    } while (0)

static CURLcode set_schemes(CURL *h, CURLcode rc)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(h, rc, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(h, rc, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(h, rc, CURLOPT_FOLLOWLOCATION, 0L); /* we follow, and look before */
    return rc;
}

static CURLcode set_limits(exchange_t *x, CURL *h, CURLcode rc, apr_interval_time_t left)
{
    const apr_interval_time_t connect = x->req->connect ? x->req->connect : SSO_CLIENT_CONNECT;

    SET(h, rc, CURLOPT_NOSIGNAL, 1L);
    SET(h, rc, CURLOPT_TIMEOUT_MS, milliseconds(left));
    SET(h, rc, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(connect));
    SET(h, rc, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)x->max);
    SET(h, rc, CURLOPT_MAXCONNECTS, CONNECTIONS);
    if (x->req->once) SET(h, rc, CURLOPT_FRESH_CONNECT, 1L);
    if (x->req->is_cancelled || x->cx->is_cancelled) {
        SET(h, rc, CURLOPT_NOPROGRESS, 0L);
        SET(h, rc, CURLOPT_XFERINFOFUNCTION, watch);
        SET(h, rc, CURLOPT_XFERINFODATA, x);
    }
    return rc;
}

static CURLcode set_blob(CURL *h, CURLcode rc, CURLoption option, sso_span_t pem)
{
    struct curl_blob blob = {.len = pem.n, .flags = CURL_BLOB_NOCOPY};

    memcpy(&blob.data, &pem.p, sizeof(blob.data)); /* read only, but not said so */
    SET(h, rc, option, &blob);
    return rc;
}

static CURLcode set_tls(exchange_t *x, CURL *h, CURLcode rc)
{
    const sso_client_request_t *req = x->req;

    SET(h, rc, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(h, rc, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(h, rc, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (req->ca_file) SET(h, rc, CURLOPT_CAINFO, req->ca_file);
    if (req->ca_file) SET(h, rc, CURLOPT_CAPATH, NULL); /* and nobody else */
    if (req->cert_pem.n > 0) {
        rc = set_blob(h, rc, CURLOPT_SSLCERT_BLOB, req->cert_pem);
        rc = set_blob(h, rc, CURLOPT_SSLKEY_BLOB, req->key_pem);
    }
    return rc;
}

static CURLcode set_credentials(const exchange_t *x, CURL *h, CURLcode rc)
{
    const sso_client_request_t *req = x->req;

    if (req->bearer) {
        SET(h, rc, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        SET(h, rc, CURLOPT_XOAUTH2_BEARER, req->bearer);
    } else if (req->user) {
        SET(h, rc, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(h, rc, CURLOPT_USERNAME, req->user);
        SET(h, rc, CURLOPT_PASSWORD, req->password ? req->password : "");
    }
    return rc;
}

static int is_post(const sso_client_request_t *req)
{
    return req->method && !strcmp(req->method, "POST");
}

static CURLcode set_request(exchange_t *x, CURL *h, CURLcode rc, struct curl_slist *headers)
{
    sso_url_t url;

    SET(h, rc, CURLOPT_URL, x->url);
    SET(h, rc, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(h, rc, CURLOPT_HTTPHEADER, headers);
    SET(h, rc, CURLOPT_ACCEPT_ENCODING, "gzip");
    SET(h, rc, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (is_post(x->req)) {
        SET(h, rc, CURLOPT_POST, 1L);
        SET(h, rc, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->req->body.n);
        SET(h, rc, CURLOPT_POSTFIELDS, x->req->body.n > 0 ? x->req->body.p : "");
    }
    if (!sso_url_parse(x->cx->pool, x->url, &url) && sso_url_is_loopback(url.host)) {
        SET(h, rc, CURLOPT_PROXY, "");
    }
    return rc;
}

static CURLcode set_listeners(exchange_t *x, CURL *h, CURLcode rc)
{
    SET(h, rc, CURLOPT_ERRORBUFFER, x->why);
    SET(h, rc, CURLOPT_WRITEFUNCTION, take_body);
    SET(h, rc, CURLOPT_WRITEDATA, x);
    SET(h, rc, CURLOPT_HEADERFUNCTION, take_header);
    SET(h, rc, CURLOPT_HEADERDATA, x);
    return rc;
}

static CURLcode set_all(exchange_t *x, struct curl_slist *headers, apr_interval_time_t left)
{
    CURL *h = x->handle;
    CURLcode rc = set_schemes(h, CURLE_OK);

    rc = set_limits(x, h, rc, left);
    rc = set_tls(x, h, rc);
    rc = set_credentials(x, h, rc);
    rc = set_request(x, h, rc, headers);
    return set_listeners(x, h, rc);
}

/* ---- what went wrong ---- */

static sso_fault_t fault_of(CURLcode rc)
{
    static const struct {
        CURLcode rc;
        sso_fault_t fault;
    } row[] = {
        {CURLE_COULDNT_RESOLVE_HOST, SSO_F_NET_CONNECT},
        {CURLE_COULDNT_RESOLVE_PROXY, SSO_F_NET_CONNECT},
        {CURLE_COULDNT_CONNECT, SSO_F_NET_CONNECT},
        {CURLE_OPERATION_TIMEDOUT, SSO_F_NET_TIMEOUT},
        {CURLE_ABORTED_BY_CALLBACK, SSO_F_NET_TIMEOUT},
        {CURLE_FILESIZE_EXCEEDED, SSO_F_NET_SIZE},
        {CURLE_SSL_CONNECT_ERROR, SSO_F_NET_TLS},
        {CURLE_PEER_FAILED_VERIFICATION, SSO_F_NET_TLS},
        {CURLE_SSL_CACERT_BADFILE, SSO_F_CONFIG},
        {CURLE_SSL_CERTPROBLEM, SSO_F_CONFIG},
        {CURLE_SSL_CIPHER, SSO_F_NET_TLS},
        {CURLE_OUT_OF_MEMORY, SSO_F_INTERNAL},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        if (row[i].rc == rc) return row[i].fault;
    }
    return SSO_F_NET_BROKEN;
}

static apr_status_t fail_exchange(exchange_t *x, CURLcode rc)
{
    sso_ctx_t *cx = x->cx;
    const char *url = sso_client_url_shown(cx->pool, x->url);
    const char *why = x->why[0] ? x->why : curl_easy_strerror(rc);

    if (x->sink_said != APR_SUCCESS) return x->sink_said;
    if (x->too_long) {
        return sso_fail(cx, SSO_F_NET_SIZE,
                        "%s: the answer is longer than %" APR_SIZE_T_FMT
                        " bytes, or has more than %d bytes of headers",
                        url, x->max, SSO_CLIENT_HEADERS);
    }
    return sso_fail(cx, fault_of(rc), "%s: %s", url,
                    sso_log_quote(cx->pool, why, strlen(why), CURL_ERROR_SIZE));
}

/* ---- one exchange, and those it is redirected to ---- */

static void begin_exchange(exchange_t *x)
{
    x->why[0] = '\0';
    x->header_bytes = 0;
    x->body_bytes = 0;
    x->body = sso_buf_make(x->cx->pool, 0, x->max);
    begin_answer(x);
}

/* Where the answer sends us; a constant text instead if that cannot be followed. */
static const char *read_target(exchange_t *x, const char **target)
{
    apr_pool_t *pool = x->cx->pool;
    const char *there = NULL;
    const char *why;
    sso_url_t from, to;

    (void)curl_easy_getinfo(x->handle, CURLINFO_REDIRECT_URL, &there);
    if (!there) return "an address that does not parse";
    why = sso_url_parse(pool, x->url, &from);
    if (!why) why = sso_url_parse(pool, there, &to);
    if (why) return "an address that may not be used";
    if (strcmp(from.scheme, to.scheme) != 0) return "another scheme";
    if (sso_client_url_check(pool, there, x->req->allow_http)) return "an address without TLS";
    *target = apr_pstrdup(pool, there);
    return NULL;
}

static apr_status_t follow(exchange_t *x)
{
    const char *why = x->last ? "one address too many" : read_target(x, &x->url);

    if (!why) return APR_SUCCESS;
    return sso_fail(x->cx, SSO_F_NET_REDIRECT, "%s: redirects to %s",
                    sso_client_url_shown(x->cx->pool, x->url), why);
}

static void report(exchange_t *x, apr_interval_time_t took)
{
    SSO_DEBUG(x->cx, "%s %s: %d, %s, %" APR_SIZE_T_FMT " bytes, %d ms",
              is_post(x->req) ? "POST" : "GET", sso_client_url_shown(x->cx->pool, x->url),
              x->res.status, x->res.type ? x->res.type : "no type", x->body_bytes,
              (int)(took / 1000));
}

/* *left: microseconds until the time of the whole is over; what this took is taken from it. */
static apr_status_t exchange_once(exchange_t *x, struct curl_slist *headers,
                                  apr_interval_time_t *left)
{
    curl_off_t took = 0;
    CURLcode rc;

    begin_exchange(x);
    rc = set_all(x, headers, *left);
    if (rc != CURLE_OK) return fail_exchange(x, rc);
    rc = curl_easy_perform(x->handle);
    (void)curl_easy_getinfo(x->handle, CURLINFO_TOTAL_TIME_T, &took);
    *left = *left > took ? *left - took : 0;
    if (rc != CURLE_OK) return fail_exchange(x, rc);
    x->res.body = sso_buf_span(&x->body);
    judge_age(x);
    report(x, took);
    return APR_SUCCESS;
}

static apr_status_t exchange_all(exchange_t *x)
{
    apr_interval_time_t left = x->req->timeout ? x->req->timeout : SSO_CLIENT_TIMEOUT;
    struct curl_slist *headers = make_headers(x);
    apr_status_t rv;
    int n;

    if (!headers) return sso_fail(x->cx, SSO_F_INTERNAL, "no memory for header lines");
    for (n = 0;; n++) {
        x->last = n == x->req->redirects;
        rv = exchange_once(x, headers, &left);
        if (rv != APR_SUCCESS || !is_redirect(x) || x->req->redirects == 0) return rv;
        rv = follow(x);
        if (rv != APR_SUCCESS) return rv;
    }
}

/* ---- what may be asked for ---- */

static int is_line(const char *text)
{
    for (; text && *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) return 0;
    }
    return 1;
}

static int has_clean_lines(const sso_client_request_t *req)
{
    int i;

    for (i = 0; req->headers && i < req->headers->nelts; i++) {
        if (!is_line(APR_ARRAY_IDX(req->headers, i, const char *))) return 0;
    }
    return is_line(req->accept) && is_line(req->etag) && is_line(req->last_modified)
           && is_line(req->body_type) && is_line(req->bearer);
}

/* What no caller should ask for: caught here rather than sent. */
static const char *find_misuse(const sso_client_request_t *req)
{
    const int secret = req->user || req->bearer || req->cert_pem.n > 0;

    if (req->method && strcmp(req->method, "GET") != 0 && !is_post(req)) return "a method";
    if (req->body.n > 0 && !is_post(req)) return "a body with GET";
    if (req->redirects < 0 || req->redirects > SSO_CLIENT_REDIRECTS) return "too many redirects";
    if (req->redirects > 0 && (secret || is_post(req))) return "redirects with credentials";
    if (req->cert_pem.n > 0 && req->key_pem.n == 0) return "a certificate without its key";
    if (req->user && req->bearer) return "two kinds of credentials";
    return has_clean_lines(req) ? NULL : "a line break in a header";
}

static apr_status_t check_request(sso_ctx_t *cx, const sso_client_request_t *req)
{
    const char *shown = sso_client_url_shown(cx->pool, req->url);
    const char *why = sso_client_url_check(cx->pool, req->url, req->allow_http);

    if (why) return sso_fail(cx, SSO_F_CONFIG, "%s %s", shown, why);
    why = find_misuse(req);
    return why ? sso_fail(cx, SSO_F_INTERNAL, "%s: %s", shown, why) : APR_SUCCESS;
}

static apr_status_t exchange(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out)
{
    exchange_t x = {.cx = cx, .req = req, .url = req->url};
    apr_status_t rv = check_request(cx, req);

    (void)client;
    if (rv != APR_SUCCESS) return rv;
    x.max = req->max ? req->max : SSO_CLIENT_MAX;
    x.handle = take_handle();
    if (!x.handle) return sso_fail(cx, SSO_F_INTERNAL, "libcurl gives no handle");
    rv = exchange_all(&x);
    give_back(x.handle);
    if (rv == APR_SUCCESS || cx->err.fault == SSO_F_NET_SIZE) *out = x.res;
    return rv;
}

static void start_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

const sso_client_t *sso_client_curl(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static const sso_client_t curl = {.exchange = exchange};

    (void)pthread_once(&once, start_curl);
    return &curl;
}

/* ---- helpers of callers ---- */

static int is_one_of(const char *type, const char *types)
{
    const apr_size_t n = strlen(type);
    const char *at = types;

    while ((at = strstr(at, type)) != NULL) {
        if ((at == types || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' ')) return 1;
        at += n;
    }
    return 0;
}

apr_status_t sso_client_expect(sso_ctx_t *cx, const sso_client_request_t *req,
                               const sso_client_response_t *res, const char *types)
{
    const char *shown = sso_client_url_shown(cx->pool, req->url);

    if (res->status != 200) {
        return sso_fail(cx, SSO_F_NET_STATUS, "%s: answers with status %d", shown, res->status);
    }
    if (!types || (res->type && *res->type && is_one_of(res->type, types))) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_NET_TYPE, "%s: answers with %s, not with %s", shown,
                    res->type ? sso_log_quote(cx->pool, res->type, strlen(res->type), 64)
                              : "no media type",
                    types);
}

const char *sso_client_url_check(apr_pool_t *pool, const char *url, int allow_http)
{
    sso_url_t parts;
    const char *why = sso_url_parse(pool, url, &parts);

    if (why) return why;
    if (!strcmp(parts.scheme, "https") || allow_http) return NULL;
    return sso_url_is_loopback(parts.host) ? NULL : "is not https";
}

const char *sso_client_url_shown(apr_pool_t *pool, const char *url)
{
    return sso_log_quote(pool, url, strcspn(url, "?"), 200);
}
