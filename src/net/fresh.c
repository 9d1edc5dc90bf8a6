/*
 * fresh.c - fetched by one, verified before it is kept, read by all.
 *
 * A copy is a file: a head of HEAD bytes, lines of text padded with NULs, and the document behind
 * it. Its time of modification is when the source last confirmed it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/fresh.h"

#include "base/codec.h"
#include "base/file.h"
#include "crypto/mac.h"
#include "crypto/random.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD      2048
#define MAGIC     "mod_sso copy 1"
#define HEX_MAX   65 /* SHA-256 and a NUL */
#define MARK_MAX  (SSO_CLIENT_VALUE_MAX + 1)
#define HOUR      APR_TIME_C(3600000000)
#define SHORTEST  APR_TIME_C(5000000) /* between two attempts, whatever anybody says */
#define HEAD_FMT  MAGIC "\n%s\n%s\n%" APR_TIME_T_FMT "\n%" APR_TIME_T_FMT "\n%s\n%s\n"
#define HEAD_ROWS 7

/* What all children share about one document; written by the one that works. */
typedef struct {
    unsigned int version;
    unsigned int failures;
    int wanted;
    apr_time_t attempted, changed, confirmed, next, until;
    char digest[HEX_MAX]; /* of the text in use */
    char etag[MARK_MAX];  /* of a URL; of a file what tells whether it has changed */
    char last_modified[MARK_MAX];
    char why[SSO_FRESH_WHY_MAX]; /* only people read it: may be mixed up for an instant */
} slot_t;

struct sso_fresh {
    sso_fresh_set_t *set;
    sso_fresh_source_t source;
    char id[HEX_MAX]; /* hash of where it comes from and of what the check depends on */
    slot_t *slot;
    sso_span_t memory;    /* without a directory: the text */
    char tried[MARK_MAX]; /* the state of a file that did not hold: not tried twice */
};

struct sso_fresh_set {
    apr_pool_t *pool;
    int dir; /* -1: none */
    const sso_client_t *client;
    slot_t *slots; /* shared */
    sso_fresh_t *doc[SSO_FRESH_MAX];
    int n;
};

/* One attempt. */
typedef struct {
    sso_ctx_t *cx;
    sso_fresh_t *doc;
    const char *name; /* of the temporary file */
    int fd;
    apr_size_t n; /* bytes of the document in it */
    sso_client_response_t res;
    sso_fresh_found_t found;
} attempt_t;

#define LOAD(x)     __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)

/* ---- small things ---- */

static const char *reason(sso_ctx_t *cx, int error)
{
    char text[128];

    return apr_pstrdup(cx->pool, apr_strerror(APR_FROM_OS_ERROR(error), text, sizeof(text)));
}

static apr_status_t fail_at(sso_ctx_t *cx, const sso_fresh_t *doc, const char *verb, int error)
{
    return sso_fail(cx, SSO_F_INTERNAL, "cannot %s the copy of %s: %s", verb, doc->source.name,
                    reason(cx, error));
}

static const char *shown(sso_ctx_t *cx, const sso_fresh_t *doc)
{
    return doc->source.url ? sso_client_url_shown(cx->pool, doc->source.url) : doc->source.file;
}

static void keep_text(char *to, apr_size_t room, const char *text)
{
    (void)apr_cpystrn(to, text ? text : "", room);
}

static int is_name(const char *name)
{
    const char *p;

    for (p = name; apr_isalnum(*p) || *p == '.' || *p == '_' || *p == '-'; p++) {}
    return p > name && *p == '\0' && name[0] != '.' && p - name <= 128;
}

static apr_status_t hash_hex(sso_ctx_t *cx, const sso_span_t *part, int n, char *out)
{
    unsigned char digest[32];
    apr_status_t rv = sso_mac_hash(cx, part, n, digest);

    if (rv == APR_SUCCESS) {
        keep_text(out, HEX_MAX, sso_hex_encode(cx->pool, sso_span_of(digest, sizeof(digest))));
    }
    return rv;
}

/* ---- copies ---- */

/* What the head of a copy says. */
typedef struct {
    const char *row[HEAD_ROWS];
    apr_time_t changed, until;
} head_t;

/* Lines of the head; its last byte is a NUL, or it is not one of ours. */
static int read_head(sso_ctx_t *cx, const char *map, const sso_fresh_t *doc, head_t *head)
{
    char *rest = apr_pstrmemdup(cx->pool, map, HEAD);
    int i;

    if (map[HEAD - 1] != '\0') return 0;
    for (i = 0; i < HEAD_ROWS; i++) {
        char *end = strchr(rest, '\n');

        if (!end) return 0;
        *end = '\0';
        head->row[i] = rest;
        rest = end + 1;
    }
    head->changed = (apr_time_t)apr_atoi64(head->row[3]);
    head->until = (apr_time_t)apr_atoi64(head->row[4]);
    return !strcmp(head->row[0], MAGIC) && !strcmp(head->row[1], doc->id);
}

typedef struct {
    void *p;
    apr_size_t n;
} map_t;

static apr_status_t unmap(void *data)
{
    const map_t *map = data;

    (void)munmap(map->p, map->n);
    return APR_SUCCESS;
}

/* n bytes of a file; gone with cx->pool. */
static apr_status_t map_file(sso_ctx_t *cx, int fd, apr_size_t n, const char **out)
{
    map_t *map = apr_palloc(cx->pool, sizeof(*map));

    map->n = n;
    map->p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
    if (map->p == MAP_FAILED) return APR_FROM_OS_ERROR(errno);
    apr_pool_cleanup_register(cx->pool, map, unmap, apr_pool_cleanup_null);
    *out = map->p;
    return APR_SUCCESS;
}

/* The copy as it is on the disk; APR_NOTFOUND: none, or not of this source. The directory belongs to
 * the user of the children: no link is followed. */
static apr_status_t open_copy(sso_ctx_t *cx, const sso_fresh_t *doc, head_t *head, sso_span_t *text,
                              apr_time_t *confirmed)
{
    int fd = openat(doc->set->dir, doc->source.name,
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const char *map = NULL;
    struct stat st;
    apr_status_t rv;

    if (fd < 0) return errno == ENOENT ? APR_NOTFOUND : fail_at(cx, doc, "open", errno);
    rv = fstat(fd, &st) == 0 ? APR_SUCCESS : APR_FROM_OS_ERROR(errno);
    if (rv == APR_SUCCESS && (!S_ISREG(st.st_mode) || st.st_size <= HEAD)) rv = APR_NOTFOUND;
    if (rv == APR_SUCCESS) rv = map_file(cx, fd, (apr_size_t)st.st_size, &map);
    (void)close(fd);
    if (rv == APR_NOTFOUND) return rv;
    if (rv != APR_SUCCESS) return fail_at(cx, doc, "read", APR_TO_OS_ERROR(rv));
    if (!read_head(cx, map, doc, head)) return APR_NOTFOUND;
    *text = sso_span_of(map + HEAD, (apr_size_t)st.st_size - HEAD);
    *confirmed = apr_time_from_sec(st.st_mtime);
    return APR_SUCCESS;
}

/* ---- writing a copy ---- */

static apr_status_t write_at(int fd, sso_span_t bytes, off_t at)
{
    while (bytes.n > 0) {
        ssize_t put = pwrite(fd, bytes.p, bytes.n, at);

        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return APR_FROM_OS_ERROR(errno);
        bytes = sso_span_of(bytes.p + put, bytes.n - (apr_size_t)put);
        at += put;
    }
    return APR_SUCCESS;
}

static apr_status_t take_piece(void *sink, const char *p, apr_size_t n)
{
    attempt_t *a = sink;
    apr_status_t rv = write_at(a->fd, sso_span_of(p, n), (off_t)(HEAD + a->n));

    if (rv == APR_SUCCESS) a->n += n;
    return rv;
}

static apr_status_t begin_copy(attempt_t *a)
{
    sso_ctx_t *cx = a->cx;
    const int dir = a->doc->set->dir;

    a->name = apr_psprintf(cx->pool, ".%s.%ld", a->doc->source.name, (long)getpid());
    (void)unlinkat(dir, a->name, 0);
    a->fd = openat(dir, a->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return a->fd >= 0 ? APR_SUCCESS : fail_at(cx, a->doc, "create", errno);
}

/* Nothing is left of an attempt but what was renamed. */
static void end_copy(attempt_t *a)
{
    if (a->fd >= 0) (void)close(a->fd);
    if (a->fd >= 0) (void)unlinkat(a->doc->set->dir, a->name, 0);
}

/* Root writes for the children, who are somebody else. */
static int hand_over(const attempt_t *a)
{
    struct stat dir;

    if (geteuid() != 0) return 0;
    if (fstat(a->doc->set->dir, &dir) != 0) return errno;
    return fchown(a->fd, dir.st_uid, dir.st_gid) == 0 ? 0 : errno;
}

static apr_status_t finish_copy(attempt_t *a, const char *digest)
{
    sso_ctx_t *cx = a->cx;
    sso_fresh_t *doc = a->doc;
    const slot_t *slot = doc->slot;
    char *head = apr_pcalloc(cx->pool, HEAD);
    apr_status_t rv;
    int error;

    (void)snprintf(head, HEAD - 1, HEAD_FMT, doc->id, digest, cx->now, a->found.until, slot->etag,
                   slot->last_modified);
    rv = write_at(a->fd, sso_span_of(head, HEAD), 0);
    if (rv == APR_SUCCESS && ftruncate(a->fd, (off_t)(HEAD + a->n)) != 0) rv = errno;
    if (rv != APR_SUCCESS) return fail_at(cx, doc, "write", APR_TO_OS_ERROR(rv));
    error = hand_over(a);
    if (error == 0 && fsync(a->fd) != 0) error = errno;
    if (error == 0 && renameat(doc->set->dir, a->name, doc->set->dir, doc->source.name) != 0) {
        error = errno;
    }
    return error == 0 ? APR_SUCCESS : fail_at(cx, doc, "write", error);
}

/* ---- what comes of an attempt ---- */

/* A tenth more or less, so that a thousand sites do not come at the same second. */
static apr_interval_time_t spread(sso_ctx_t *cx, apr_interval_time_t t)
{
    unsigned char r = 0;

    if (sso_random_bytes(cx, &r, 1) != APR_SUCCESS) sso_ctx_clear(cx);
    return t + t * ((int)r - 128) / 1280;
}

static apr_interval_time_t refresh_of(const sso_fresh_t *doc)
{
    return doc->source.refresh ? doc->source.refresh : HOUR;
}

/* Sooner than the admin said, if server or document say so, within reason. */
static apr_interval_time_t sooner(apr_interval_time_t t, apr_interval_time_t said)
{
    if (said <= 0) return t;
    if (said < SSO_FRESH_LEAST) said = SSO_FRESH_LEAST;
    return said < t ? said : t;
}

static void plan_next(attempt_t *a)
{
    const apr_time_t now = a->cx->now;
    slot_t *slot = a->doc->slot;
    apr_interval_time_t t = sooner(refresh_of(a->doc), a->res.keep);

    t = sooner(t, a->found.keep);
    if (slot->until > now) t = sooner(t, (slot->until - now) / 2);
    if (t < SHORTEST) t = SHORTEST;
    STORE(slot->next, now + spread(a->cx, t));
}

static void note_success(attempt_t *a)
{
    slot_t *slot = a->doc->slot;

    slot->confirmed = a->cx->now;
    slot->failures = 0;
    slot->why[0] = '\0';
    plan_next(a);
}

static void note_failure(attempt_t *a)
{
    sso_ctx_t *cx = a->cx;
    slot_t *slot = a->doc->slot;
    const unsigned int power = slot->failures < 10 ? slot->failures : 10;
    apr_interval_time_t wait = SSO_FRESH_RETRY << power;

    if (wait > SSO_FRESH_GIVE_UP) wait = SSO_FRESH_GIVE_UP;
    if (wait > refresh_of(a->doc)) wait = refresh_of(a->doc);
    if (a->res.retry_after > wait) wait = a->res.retry_after;
    if (wait > SSO_FRESH_GIVE_UP) wait = SSO_FRESH_GIVE_UP;
    slot->failures++;
    keep_text(slot->why, sizeof(slot->why), cx->err.log ? cx->err.log : "cannot be written");
    STORE(slot->next, cx->now + spread(cx, wait));
    SSO_WARN(cx, "%s: %s; %s; asked again in %d s", a->doc->source.name, slot->why,
             LOAD(slot->version) ? "the last copy stays in use" : "there is no copy yet",
             (int)apr_time_sec(wait));
    sso_ctx_clear(cx);
}

/* The text in the temporary file; checked; what is to be kept in its place. */
static apr_status_t check_text(attempt_t *a)
{
    const char *map = NULL;
    sso_span_t text;
    apr_status_t rv;

    if (a->n == 0) return sso_fail(a->cx, SSO_F_NET_BROKEN, "%s: is empty", shown(a->cx, a->doc));
    rv = map_file(a->cx, a->fd, HEAD + a->n, &map);
    if (rv != APR_SUCCESS) return fail_at(a->cx, a->doc, "read", APR_TO_OS_ERROR(rv));
    text = sso_span_of(map + HEAD, a->n);
    a->found.text = text;
    rv = a->doc->source.check(a->doc->source.check_data, a->cx, text, &a->found);
    if (rv != APR_SUCCESS || a->found.text.p == text.p) return rv;
    /* Made of the text, perhaps within it: not written over what is mapped before it is copied. */
    text = sso_span_of(apr_pmemdup(a->cx->pool, a->found.text.p, a->found.text.n), a->found.text.n);
    rv = write_at(a->fd, text, HEAD);
    if (rv != APR_SUCCESS) return fail_at(a->cx, a->doc, "write", APR_TO_OS_ERROR(rv));
    a->found.text = text;
    a->n = text.n;
    return APR_SUCCESS;
}

/* What was found is what is used from now on. */
static void publish(attempt_t *a, const char *digest)
{
    slot_t *slot = a->doc->slot;

    keep_text(slot->digest, sizeof(slot->digest), digest);
    slot->changed = a->cx->now;
    STORE(slot->version, slot->version + 1);
    SSO_INFO(a->cx, "%s: a new copy of %s, %" APR_SIZE_T_FMT " bytes", a->doc->source.name,
             shown(a->cx, a->doc), a->n);
}

/* etag and last_modified go with what was fetched, whether it differs or not. */
static apr_status_t take_over(attempt_t *a, const char *etag, const char *last_modified)
{
    slot_t *slot = a->doc->slot;
    char digest[HEX_MAX];
    apr_status_t rv = check_text(a);

    if (rv == APR_SUCCESS) rv = hash_hex(a->cx, &a->found.text, 1, digest);
    if (rv != APR_SUCCESS) return rv;
    keep_text(slot->etag, sizeof(slot->etag), etag);
    keep_text(slot->last_modified, sizeof(slot->last_modified), last_modified);
    slot->until = a->found.until;
    if (slot->version > 0 && !strcmp(digest, slot->digest)) return APR_SUCCESS;
    rv = finish_copy(a, digest);
    if (rv == APR_SUCCESS) publish(a, digest);
    return rv;
}

/* ---- files ---- */

/* Changes when the file does. */
static apr_status_t look_at_file(sso_ctx_t *cx, const sso_fresh_t *doc, char *mark)
{
    struct stat st;

    if (stat(doc->source.file, &st) != 0) {
        if (errno == ENOENT) {
            return sso_fail(cx, SSO_F_CONFIG, "there is no file %s", doc->source.file);
        }
        return sso_fail(cx, SSO_F_CONFIG, "cannot look at %s: %s", doc->source.file,
                        reason(cx, errno));
    }
    (void)apr_snprintf(mark, MARK_MAX,
                       "%" APR_INT64_T_FMT "-%" APR_INT64_T_FMT "-%" APR_INT64_T_FMT ".%09ld",
                       (apr_int64_t)st.st_ino, (apr_int64_t)st.st_size,
                       (apr_int64_t)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec);
    return APR_SUCCESS;
}

static apr_size_t max_of(const sso_fresh_t *doc)
{
    return doc->source.max ? doc->source.max : SSO_CLIENT_MAX;
}

static apr_status_t import_file(attempt_t *a, const char *mark)
{
    sso_span_t text;
    apr_status_t rv = sso_file_read(a->cx, a->cx->pool, a->doc->source.file, max_of(a->doc),
                                    SSO_FILE_PUBLIC, &text);

    if (APR_STATUS_IS_ENOENT(rv)) {
        return sso_fail(a->cx, SSO_F_CONFIG, "there is no file %s", a->doc->source.file);
    }
    if (rv == APR_SUCCESS) rv = begin_copy(a);
    if (rv == APR_SUCCESS) rv = take_piece(a, text.p, text.n);
    if (rv == APR_SUCCESS) rv = take_over(a, mark, NULL);
    end_copy(a);
    return rv;
}

static void work_on_file(sso_ctx_t *cx, sso_fresh_t *doc)
{
    attempt_t a = {.cx = cx, .doc = doc, .fd = -1};
    char mark[MARK_MAX] = "gone";
    apr_status_t rv = look_at_file(cx, doc, mark);

    if (!strcmp(mark, doc->slot->etag) || !strcmp(mark, doc->tried)) {
        sso_ctx_clear(cx);
        return;
    }
    keep_text(doc->tried, sizeof(doc->tried), mark);
    if (rv == APR_SUCCESS) rv = import_file(&a, mark);
    if (rv == APR_SUCCESS) {
        note_success(&a);
    } else {
        note_failure(&a);
    }
}

/* ---- URLs ---- */

static apr_status_t ask(attempt_t *a, int (*is_cancelled)(void *), void *data)
{
    const sso_fresh_source_t *source = &a->doc->source;
    const slot_t *slot = a->doc->slot;
    const int have = LOAD(slot->version) > 0;
    const sso_client_request_t req = {
        .url = source->url,
        .accept = source->accept,
        .etag = have && slot->etag[0] ? slot->etag : NULL,
        .last_modified = have && slot->last_modified[0] ? slot->last_modified : NULL,
        .ca_file = source->ca_file,
        .allow_http = source->allow_http,
        .redirects = source->redirects,
        .max = max_of(a->doc),
        .timeout = SSO_FRESH_TIMEOUT,
        .is_cancelled = is_cancelled,
        .cancel_data = data,
        .sink = take_piece,
        .sink_data = a,
    };
    apr_status_t rv = sso_client_exchange(a->doc->set->client, a->cx, &req, &a->res);

    if (rv != APR_SUCCESS && a->cx->err.fault == SSO_F_NONE) {
        return fail_at(a->cx, a->doc, "write", APR_TO_OS_ERROR(rv)); /* the sink */
    }
    if (rv != APR_SUCCESS) return rv;
    if (a->res.status == 304 && have) return APR_SUCCESS;
    return sso_client_expect(a->cx, &req, &a->res, source->types);
}

/* For the next start. */
static void mark_confirmed(const attempt_t *a)
{
    const struct timespec now = {.tv_sec = (time_t)apr_time_sec(a->cx->now)};
    const struct timespec times[] = {now, now};

    (void)utimensat(a->doc->set->dir, a->doc->source.name, times, 0);
}

static apr_status_t fetch(attempt_t *a, int (*is_cancelled)(void *), void *data)
{
    apr_status_t rv = begin_copy(a);

    if (rv == APR_SUCCESS) rv = ask(a, is_cancelled, data);
    if (rv == APR_SUCCESS && a->res.status != 304) {
        rv = take_over(a, a->res.etag, a->res.last_modified);
    }
    if (rv == APR_SUCCESS) mark_confirmed(a);
    end_copy(a);
    return rv;
}

static int is_due(const sso_ctx_t *cx, const sso_fresh_t *doc)
{
    slot_t *slot = doc->slot;

    if (cx->now >= LOAD(slot->next)) return 1;
    return LOAD(slot->wanted) && cx->now - slot->attempted >= SSO_FRESH_URGENT;
}

static void work_on_url(sso_ctx_t *cx, sso_fresh_t *doc, int (*is_cancelled)(void *), void *data)
{
    attempt_t a = {.cx = cx, .doc = doc, .fd = -1};
    slot_t *slot = doc->slot;

    if (!is_due(cx, doc)) return;
    slot->attempted = cx->now;
    STORE(slot->wanted, 0);
    if (fetch(&a, is_cancelled, data) == APR_SUCCESS) {
        note_success(&a);
    } else if (!is_cancelled || !is_cancelled(data)) {
        note_failure(&a);
    }
    sso_ctx_clear(cx);
}

void sso_fresh_work(sso_ctx_t *cx, sso_fresh_set_t *set, int (*is_cancelled)(void *), void *data)
{
    int i;

    for (i = 0; i < set->n && set->dir >= 0; i++) {
        if (is_cancelled && is_cancelled(data)) return;
        if (set->doc[i]->source.file) work_on_file(cx, set->doc[i]);
        if (set->doc[i]->source.url && set->client) {
            work_on_url(cx, set->doc[i], is_cancelled, data);
        }
    }
}

/* ---- start ---- */

/* What a process left that was killed while it wrote. */
static void sweep(int dir)
{
    const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    while (d && (entry = readdir(d)) != NULL) {
        const char *name = entry->d_name;

        if (name[0] == '.' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            (void)unlinkat(dir, name, 0);
        }
    }
    if (d) (void)closedir(d);
}

static apr_status_t free_slots(void *data)
{
    (void)munmap(data, SSO_FRESH_MAX * sizeof(slot_t));
    return APR_SUCCESS;
}

apr_status_t sso_fresh_make(sso_ctx_t *cx, apr_pool_t *pool, int dir, const sso_client_t *client,
                            sso_fresh_set_t **out)
{
    sso_fresh_set_t *set = apr_pcalloc(pool, sizeof(*set));
    void *shared = mmap(NULL, SSO_FRESH_MAX * sizeof(slot_t), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) return sso_fail(cx, SSO_F_INTERNAL, "no shared memory to be had");
    apr_pool_cleanup_register(pool, shared, free_slots, apr_pool_cleanup_null);
    set->pool = pool;
    set->dir = dir;
    set->client = client;
    set->slots = shared;
    if (dir >= 0) sweep(dir);
    *out = set;
    return APR_SUCCESS;
}

void sso_fresh_start(sso_fresh_set_t *set, const sso_client_t *client)
{
    set->client = client;
}

const sso_client_t *sso_fresh_client(const sso_fresh_set_t *set)
{
    return set->client;
}

int sso_fresh_has_urls(const sso_fresh_set_t *set)
{
    int i;

    for (i = 0; i < set->n && !set->doc[i]->source.url; i++) {}
    return i < set->n;
}

static sso_fresh_source_t copy_source(apr_pool_t *pool, const sso_fresh_source_t *s)
{
    sso_fresh_source_t copy = *s;

    copy.name = apr_pstrdup(pool, s->name);
    copy.url = s->url ? apr_pstrdup(pool, s->url) : NULL;
    copy.file = s->file ? apr_pstrdup(pool, s->file) : NULL;
    copy.accept = s->accept ? apr_pstrdup(pool, s->accept) : NULL;
    copy.types = s->types ? apr_pstrdup(pool, s->types) : NULL;
    copy.ca_file = s->ca_file ? apr_pstrdup(pool, s->ca_file) : NULL;
    copy.salt = s->salt ? apr_pstrdup(pool, s->salt) : "";
    return copy;
}

static apr_status_t check_source(sso_ctx_t *cx, const sso_fresh_set_t *set,
                                 const sso_fresh_source_t *source)
{
    const char *why = source->url ? sso_client_url_check(cx->pool, source->url, source->allow_http)
                                  : NULL;
    int i;

    if (why) {
        return sso_fail(cx, SSO_F_CONFIG, "%s %s", sso_client_url_shown(cx->pool, source->url),
                        why);
    }
    if (set->n == SSO_FRESH_MAX) {
        return sso_fail(cx, SSO_F_CONFIG, "more than %d documents are kept fresh", SSO_FRESH_MAX);
    }
    for (i = 0; i < set->n && strcmp(set->doc[i]->source.name, source->name) != 0; i++) {}
    if (i < set->n || !is_name(source->name) || !source->check || !source->url == !source->file) {
        return sso_fail(cx, SSO_F_INTERNAL, "a document cannot be called %s, or is no source",
                        source->name);
    }
    return APR_SUCCESS;
}

/* The last copy, as far as it is one of this very source; what there is not comes soon. */
static void load_copy(sso_ctx_t *cx, sso_fresh_t *doc)
{
    slot_t *slot = doc->slot;
    head_t head;
    sso_span_t text;

    if (doc->set->dir < 0) return;
    if (open_copy(cx, doc, &head, &text, &slot->confirmed) != APR_SUCCESS) {
        sso_ctx_clear(cx);
        return;
    }
    slot->version = 1;
    slot->changed = head.changed;
    slot->until = head.until;
    slot->next = slot->confirmed + refresh_of(doc);
    keep_text(slot->digest, sizeof(slot->digest), head.row[2]);
    keep_text(slot->etag, sizeof(slot->etag), head.row[5]);
    keep_text(slot->last_modified, sizeof(slot->last_modified), head.row[6]);
}

/* Without a directory: read and checked, and kept in memory. */
static apr_status_t read_file(sso_ctx_t *cx, sso_fresh_t *doc)
{
    sso_fresh_found_t found = {.until = 0};
    sso_span_t text;
    apr_status_t rv = sso_file_read(cx, cx->pool, doc->source.file, max_of(doc), SSO_FILE_PUBLIC,
                                    &text);

    if (APR_STATUS_IS_ENOENT(rv)) {
        return sso_fail(cx, SSO_F_CONFIG, "there is no file %s", doc->source.file);
    }
    if (rv != APR_SUCCESS) return rv;
    found.text = text;
    rv = doc->source.check(doc->source.check_data, cx, text, &found);
    if (rv != APR_SUCCESS) return rv;
    doc->memory = sso_span_of(apr_pmemdup(doc->set->pool, found.text.p, found.text.n),
                              found.text.n);
    doc->slot->version = 1;
    doc->slot->until = found.until;
    doc->slot->changed = doc->slot->confirmed = cx->now;
    return APR_SUCCESS;
}

/* A file is the admin's: one that does not hold stops the start, whatever copy there is. */
static apr_status_t load_file(sso_ctx_t *cx, sso_fresh_t *doc)
{
    attempt_t a = {.cx = cx, .doc = doc, .fd = -1};
    char mark[MARK_MAX];
    apr_status_t rv;

    if (doc->set->dir < 0) return read_file(cx, doc);
    load_copy(cx, doc);
    rv = look_at_file(cx, doc, mark);
    if (rv == APR_SUCCESS) rv = import_file(&a, mark);
    if (rv == APR_SUCCESS) doc->slot->confirmed = cx->now;
    return rv;
}

apr_status_t sso_fresh_add(sso_ctx_t *cx, sso_fresh_set_t *set, const sso_fresh_source_t *source,
                           sso_fresh_t **out)
{
    sso_fresh_t *doc = apr_pcalloc(set->pool, sizeof(*doc));
    apr_status_t rv = check_source(cx, set, source);

    if (rv != APR_SUCCESS) return rv;
    doc->set = set;
    doc->source = copy_source(set->pool, source);
    doc->slot = &set->slots[set->n];
    memset(doc->slot, 0, sizeof(*doc->slot));
    {
        const sso_span_t part[] = {sso_span(source->url ? source->url : source->file),
                                   sso_span(doc->source.salt)};

        rv = hash_hex(cx, part, 2, doc->id);
    }
    if (rv == APR_SUCCESS && source->file) rv = load_file(cx, doc);
    if (rv == APR_SUCCESS && source->url) load_copy(cx, doc);
    if (rv != APR_SUCCESS) return rv;
    set->doc[set->n++] = doc;
    *out = doc;
    return APR_SUCCESS;
}

/* ---- for requests ---- */

unsigned int sso_fresh_version(const sso_fresh_t *doc)
{
    return LOAD(doc->slot->version);
}

apr_status_t sso_fresh_read(sso_ctx_t *cx, const sso_fresh_t *doc, sso_span_t *text,
                            unsigned int *version)
{
    const unsigned int now = sso_fresh_version(
        doc); /* before the file: it may be newer, never older */
    apr_time_t confirmed;
    head_t head;
    apr_status_t rv = APR_SUCCESS;

    if (now == 0) return APR_NOTFOUND;
    if (doc->memory.p) {
        *text = doc->memory;
    } else {
        rv = open_copy(cx, doc, &head, text, &confirmed);
    }
    if (rv == APR_SUCCESS && version) *version = now;
    return rv;
}

void sso_fresh_want(sso_ctx_t *cx, sso_fresh_t *doc)
{
    if (LOAD(doc->slot->wanted)) return;
    STORE(doc->slot->wanted, 1);
    SSO_DEBUG(cx, "%s: something is missing in it; fetched again soon", doc->source.name);
}

/* ---- for people ---- */

int sso_fresh_count(const sso_fresh_set_t *set)
{
    return set->n;
}

const sso_fresh_t *sso_fresh_at(const sso_fresh_set_t *set, int i)
{
    return i >= 0 && i < set->n ? set->doc[i] : NULL;
}

void sso_fresh_info(sso_ctx_t *cx, const sso_fresh_t *doc, sso_fresh_info_t *out)
{
    const slot_t *slot = doc->slot;

    *out = (sso_fresh_info_t){
        .name = doc->source.name,
        .source = shown(cx, doc),
        .changed = slot->changed,
        .confirmed = slot->confirmed,
        .next = doc->source.url ? LOAD(slot->next) : 0,
        .until = slot->until,
        .version = LOAD(slot->version),
        .failures = slot->failures,
        .why = apr_pstrndup(cx->pool, slot->why, sizeof(slot->why) - 1),
    };
}
