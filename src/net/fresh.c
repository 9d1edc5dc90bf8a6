/*
 * fresh.c - fetched by one, verified before it is kept, read by all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/fresh.h"

#include "base/codec.h"
#include "base/file.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "net/fresh_copy.h"
#include "net/fresh_dir.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define HEX_MAX  65 /* SHA-256 and a NUL */
#define MARK_MAX (SSO_CLIENT_VALUE_MAX + 1)
#define HOUR     APR_TIME_C(3600000000)
#define SHORTEST APR_TIME_C(5000000) /* between two attempts, whatever anybody says */

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
    sso_copy_t copy;
    char id[HEX_MAX]; /* hash of where it comes from and of what the check depends on */
    slot_t *slot;
    sso_span_t memory;    /* without a directory: the text */
    char tried[MARK_MAX]; /* the state of a file that did not hold: not tried twice */
};

struct sso_fresh_set {
    apr_pool_t *pool;
    int dir;    /* -1: none */
    int writes; /* copies are made, URLs fetched */
    const sso_client_t *client;
    slot_t *slots; /* shared */
    sso_fresh_t *doc[SSO_FRESH_MAX];
    int n;
    sso_lookup_t *lookup[SSO_FRESH_LOOKUPS];
    int lookups;
};

/* One attempt. */
typedef struct {
    sso_ctx_t *cx;
    sso_fresh_t *doc;
    sso_copy_draft_t draft;
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

static apr_status_t take_piece(void *sink, const char *p, apr_size_t n)
{
    return sso_copy_add(&((attempt_t *)sink)->draft, p, n);
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

/* What is in use, for a check that keeps parts of it. */
static void find_last(sso_ctx_t *cx, const sso_fresh_t *doc, sso_span_t *last)
{
    if (LOAD(doc->slot->version) && sso_fresh_read(cx, doc, last, NULL) != APR_SUCCESS) {
        sso_ctx_clear(cx);
    }
}

/* The text in the temporary file; checked; what is to be kept in its place. */
static apr_status_t check_text(attempt_t *a)
{
    sso_span_t text;
    apr_status_t rv;

    if (a->draft.n == 0) {
        return sso_fail(a->cx, SSO_F_NET_BROKEN, "%s: is empty", shown(a->cx, a->doc));
    }
    rv = sso_copy_text(a->cx, &a->draft, &text);
    if (rv != APR_SUCCESS) return rv;
    a->found.text = text;
    find_last(a->cx, a->doc, &a->found.last);
    rv = a->doc->source.check(a->doc->source.check_data, a->cx, text, &a->found);
    if (rv != APR_SUCCESS || a->found.text.p == text.p) return rv;
    return sso_copy_replace(a->cx, &a->draft, a->found.text);
}

static apr_status_t finish_copy(attempt_t *a, const char *digest)
{
    const slot_t *slot = a->doc->slot;
    const sso_copy_head_t head = {.digest = digest,
                                  .etag = slot->etag,
                                  .last_modified = slot->last_modified,
                                  .changed = a->cx->now,
                                  .until = a->found.until};

    return sso_copy_finish(a->cx, &a->draft, &head);
}

/* What was found is what is used from now on. */
static void publish(attempt_t *a, const char *digest)
{
    slot_t *slot = a->doc->slot;

    keep_text(slot->digest, sizeof(slot->digest), digest);
    slot->changed = a->cx->now;
    STORE(slot->version, slot->version + 1);
    SSO_INFO(a->cx, "%s: a new copy of %s, %" APR_SIZE_T_FMT " bytes", a->doc->source.name,
             shown(a->cx, a->doc), a->draft.n);
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

/* Changes when a file of the directory does, or comes, or goes. */
static apr_status_t look_at_directory(sso_ctx_t *cx, const sso_fresh_t *doc, char *mark)
{
    sso_fresh_dir_t dir;
    apr_status_t rv = sso_fresh_dir_look(cx, doc->source.file, doc->source.suffix, &dir);

    return rv == APR_SUCCESS ? hash_hex(cx, &dir.marks, 1, mark) : rv;
}

/* Changes when the file does. */
static apr_status_t look_at_file(sso_ctx_t *cx, const sso_fresh_t *doc, char *mark)
{
    struct stat st;

    if (doc->source.suffix) return look_at_directory(cx, doc, mark);
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

/* The file, or the names of those in the directory. */
static apr_status_t read_place(sso_ctx_t *cx, const sso_fresh_t *doc, sso_span_t *text)
{
    const char *file = doc->source.file;
    sso_fresh_dir_t dir;
    apr_status_t rv;

    if (doc->source.suffix) {
        rv = sso_fresh_dir_look(cx, file, doc->source.suffix, &dir);
        if (rv == APR_SUCCESS) *text = dir.names;
        return rv;
    }
    rv = sso_file_read(cx, cx->pool, file, max_of(doc), SSO_FILE_PUBLIC, text);
    if (!APR_STATUS_IS_ENOENT(rv)) return rv;
    return sso_fail(cx, SSO_F_CONFIG, "there is no file %s", file);
}

static apr_status_t import_file(attempt_t *a, const char *mark)
{
    sso_span_t text;
    apr_status_t rv = read_place(a->cx, a->doc, &text);

    if (rv == APR_SUCCESS) rv = sso_copy_begin(a->cx, &a->doc->copy, &a->draft);
    if (rv == APR_SUCCESS) rv = take_piece(a, text.p, text.n);
    if (rv == APR_SUCCESS) rv = take_over(a, mark, NULL);
    sso_copy_end(&a->draft);
    return rv;
}

static void work_on_file(sso_ctx_t *cx, sso_fresh_t *doc)
{
    attempt_t a = {.cx = cx, .doc = doc, .draft.fd = -1};
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
        return sso_fail(a->cx, SSO_F_INTERNAL, "cannot write the copy of %s: %s", /* the sink */
                        a->doc->source.name, reason(a->cx, APR_TO_OS_ERROR(rv)));
    }
    if (rv != APR_SUCCESS) return rv;
    if (a->res.status == 304 && have) return APR_SUCCESS;
    return sso_client_expect(a->cx, &req, &a->res, source->types);
}

static apr_status_t fetch(attempt_t *a, int (*is_cancelled)(void *), void *data)
{
    apr_status_t rv = sso_copy_begin(a->cx, &a->doc->copy, &a->draft);

    if (rv == APR_SUCCESS) rv = ask(a, is_cancelled, data);
    if (rv == APR_SUCCESS && a->res.status != 304) {
        rv = take_over(a, a->res.etag, a->res.last_modified);
    }
    if (rv == APR_SUCCESS) sso_copy_touch(&a->doc->copy, a->cx->now);
    sso_copy_end(&a->draft);
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
    attempt_t a = {.cx = cx, .doc = doc, .draft.fd = -1};
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

    for (i = 0; i < set->n && set->writes; i++) {
        if (is_cancelled && is_cancelled(data)) return;
        if (set->doc[i]->source.file) work_on_file(cx, set->doc[i]);
        if (set->doc[i]->source.url && set->client) {
            work_on_url(cx, set->doc[i], is_cancelled, data);
        }
    }
    for (i = 0; i < set->lookups && set->writes; i++)
        sso_lookup_work(cx, set->lookup[i], is_cancelled, data);
}

/* ---- start ---- */

static apr_status_t free_slots(void *data)
{
    (void)munmap(data, SSO_FRESH_MAX * sizeof(slot_t));
    return APR_SUCCESS;
}

apr_status_t sso_fresh_make(sso_ctx_t *cx, apr_pool_t *pool, int dir, int may_write,
                            const sso_client_t *client, sso_fresh_set_t **out)
{
    sso_fresh_set_t *set = apr_pcalloc(pool, sizeof(*set));
    void *shared = mmap(NULL, SSO_FRESH_MAX * sizeof(slot_t), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) return sso_fail(cx, SSO_F_INTERNAL, "no shared memory to be had");
    apr_pool_cleanup_register(pool, shared, free_slots, apr_pool_cleanup_null);
    set->pool = pool;
    set->dir = dir;
    set->writes = dir >= 0 && may_write;
    set->client = client;
    set->slots = shared;
    if (set->writes) sso_copy_sweep(dir, cx->now);
    *out = set;
    return APR_SUCCESS;
}

void sso_fresh_start(sso_fresh_set_t *set, const sso_client_t *client)
{
    int i;

    set->client = client;
    for (i = 0; i < set->lookups; i++)
        sso_lookup_start(set->lookup[i], client);
}

const sso_client_t *sso_fresh_client(const sso_fresh_set_t *set)
{
    return set->client;
}

int sso_fresh_has_urls(const sso_fresh_set_t *set)
{
    int i;

    for (i = 0; i < set->n && !set->doc[i]->source.url; i++) {}
    return i < set->n || set->lookups > 0;
}

apr_status_t sso_fresh_add_lookup(sso_ctx_t *cx, sso_fresh_set_t *set,
                                  const sso_lookup_source_t *source, sso_lookup_t **out)
{
    apr_status_t rv;
    int i;

    for (i = 0; i < set->lookups; i++) {
        *out = set->lookup[i];
        if (sso_lookup_is_of(*out, source)) return APR_SUCCESS;
    }
    if (set->lookups == SSO_FRESH_LOOKUPS) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "documents are looked up in more than %d places; write the block once, "
                        "outside of <VirtualHost>",
                        SSO_FRESH_LOOKUPS);
    }
    rv = sso_lookup_make(cx, set->pool, set->dir, set->writes, source, out);
    if (rv != APR_SUCCESS) return rv;
    sso_lookup_start(*out, set->client);
    set->lookup[set->lookups++] = *out;
    return APR_SUCCESS;
}

static sso_fresh_source_t copy_source(apr_pool_t *pool, const sso_fresh_source_t *s)
{
    sso_fresh_source_t copy = *s;

    copy.name = apr_pstrdup(pool, s->name);
    copy.url = s->url ? apr_pstrdup(pool, s->url) : NULL;
    copy.file = s->file ? apr_pstrdup(pool, s->file) : NULL;
    copy.suffix = s->suffix ? apr_pstrdup(pool, s->suffix) : NULL;
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

    if (why) {
        return sso_fail(cx, SSO_F_CONFIG, "%s %s", sso_client_url_shown(cx->pool, source->url),
                        why);
    }
    if (set->n == SSO_FRESH_MAX) {
        return sso_fail(cx, SSO_F_CONFIG, "more than %d documents are kept fresh", SSO_FRESH_MAX);
    }
    if (!is_name(source->name) || !source->check || !source->url == !source->file) {
        return sso_fail(cx, SSO_F_INTERNAL, "a document cannot be called %s, or is no source",
                        source->name);
    }
    return APR_SUCCESS;
}

/* The last copy, as far as it is one of this very source; what there is not comes soon. */
static void load_copy(sso_ctx_t *cx, sso_fresh_t *doc)
{
    slot_t *slot = doc->slot;
    sso_copy_head_t head;
    sso_span_t text;

    if (doc->set->dir < 0) return;
    if (sso_copy_read(cx, &doc->copy, &head, &text) != APR_SUCCESS) {
        sso_ctx_clear(cx);
        return;
    }
    slot->version = 1;
    slot->changed = head.changed;
    slot->confirmed = head.confirmed;
    slot->until = head.until;
    slot->next = head.confirmed + refresh_of(doc);
    keep_text(slot->digest, sizeof(slot->digest), head.digest);
    keep_text(slot->etag, sizeof(slot->etag), head.etag);
    keep_text(slot->last_modified, sizeof(slot->last_modified), head.last_modified);
}

/* Without a copy: read and checked, and kept in memory. */
static apr_status_t read_file(sso_ctx_t *cx, sso_fresh_t *doc)
{
    sso_fresh_found_t found = {.until = 0};
    sso_span_t text;
    apr_status_t rv = read_place(cx, doc, &text);

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
    attempt_t a = {.cx = cx, .doc = doc, .draft.fd = -1};
    char mark[MARK_MAX];
    apr_status_t rv;

    if (!doc->set->writes) return read_file(cx, doc);
    load_copy(cx, doc);
    rv = look_at_file(cx, doc, mark);
    if (rv == APR_SUCCESS) rv = import_file(&a, mark);
    if (rv == APR_SUCCESS) doc->slot->confirmed = cx->now;
    return rv;
}

static apr_status_t name_doc(sso_ctx_t *cx, sso_fresh_t *doc)
{
    const sso_fresh_source_t *source = &doc->source;
    const sso_span_t part[] = {sso_span(source->url ? source->url : source->file),
                               sso_span(source->salt)};
    apr_status_t rv = hash_hex(cx, part, 2, doc->id);

    doc->copy = (sso_copy_t){
        .dir = doc->set->dir,
        .file = apr_psprintf(doc->set->pool, "%s.%.12s", source->name, doc->id),
        .name = source->name,
        .id = doc->id,
    };
    return rv;
}

static sso_fresh_t *find_twin(const sso_fresh_set_t *set, const sso_fresh_t *doc)
{
    int i;

    for (i = 0; i < set->n; i++) {
        if (!strcmp(set->doc[i]->id, doc->id) && !strcmp(set->doc[i]->copy.file, doc->copy.file)) {
            return set->doc[i];
        }
    }
    return NULL;
}

apr_status_t sso_fresh_add(sso_ctx_t *cx, sso_fresh_set_t *set, const sso_fresh_source_t *source,
                           sso_fresh_t **out)
{
    sso_fresh_t *doc = apr_pcalloc(set->pool, sizeof(*doc));
    apr_status_t rv = check_source(cx, set, source);

    if (rv != APR_SUCCESS) return rv;
    doc->set = set;
    doc->source = copy_source(set->pool, source);
    rv = name_doc(cx, doc);
    if (rv == APR_SUCCESS && find_twin(set, doc)) {
        *out = find_twin(set, doc);
        return APR_SUCCESS;
    }
    doc->slot = &set->slots[set->n];
    memset(doc->slot, 0, sizeof(*doc->slot));
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
    sso_copy_head_t head;
    apr_status_t rv = APR_SUCCESS;

    if (now == 0) return APR_NOTFOUND;
    if (doc->memory.p) {
        *text = doc->memory;
    } else {
        rv = sso_copy_read(cx, &doc->copy, &head, text);
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
        .copy = doc->copy.file,
        .changed = slot->changed,
        .confirmed = slot->confirmed,
        .next = doc->source.url ? LOAD(slot->next) : 0,
        .until = slot->until,
        .version = LOAD(slot->version),
        .failures = slot->failures,
        .why = apr_pstrndup(cx->pool, slot->why, sizeof(slot->why) - 1),
    };
}
