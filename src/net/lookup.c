/*
 * lookup.c - bounded for strangers, kept for friends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/lookup.h"

#include "base/codec.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "net/fresh_copy.h"

#include <apr_strings.h>

#include <pthread.h>
#include <sys/mman.h>

#define HOUR       APR_TIME_C(3600000000)
#define LEAST      APR_TIME_C(60000000) /* between two fetches of one document, whatever it says */
#define ABSENT     4096                 /* places for what is not there */
#define WANTED     64                   /* places for what has become due */
#define SALT_BYTES 16
#define FILE_CHARS 40 /* of the key's hash */

enum { FREE, TAKEN, READY }; /* a place in `wanted` */

/* What has become due. */
typedef struct {
    int state;
    char key[SSO_LOOKUP_KEY_MAX + 1];
} wanted_t;

/* What all children share. A place of `absent` has half of a keyed hash in its upper half, and the second
 * that it holds until in its lower one: whoever finds another hash there knows nothing, and nobody
 * can make two keys that meet. */
typedef struct {
    apr_uint64_t absent[ABSENT];
    apr_uint64_t pace; /* a second, and how many fetches it has seen: a word like those above */
    wanted_t wanted[WANTED];
} shared_t;

struct sso_lookup {
    sso_lookup_source_t source;
    int dir;
    int writes;
    const sso_client_t *client;
    shared_t *shared;
    unsigned char salt[SALT_BYTES];
    int under_way;         /* of this process */
    pthread_mutex_t write; /* one draft at a time in a process: its name is the process's */
};

/* A key and what is known under it. */
typedef struct {
    sso_ctx_t *cx;
    sso_lookup_t *lookup;
    const char *key;
    sso_copy_t copy;
    apr_uint64_t *absent;
    apr_uint32_t tag;
} search_t;

#define LOAD(x)     __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)

/* ---- keys ---- */

static apr_status_t begin(sso_ctx_t *cx, sso_lookup_t *lookup, const char *key, search_t *out)
{
    const sso_span_t part[] = {sso_span_of(lookup->salt, SALT_BYTES), sso_span(key)};
    const sso_span_t whole[] = {sso_span(lookup->source.salt), sso_span(key)};
    unsigned char hash[SSO_MAC_BYTES];
    unsigned char id[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, part, 2, hash);
    apr_uint32_t place;

    if (rv == APR_SUCCESS) rv = sso_mac_hash(cx, whole, 2, id);
    if (rv != APR_SUCCESS) return rv;
    *out = (search_t){.cx = cx, .lookup = lookup, .key = key};
    memcpy(&place, hash, sizeof(place));
    memcpy(&out->tag, hash + sizeof(place), sizeof(out->tag));
    out->absent = &lookup->shared->absent[place % ABSENT];
    out->copy.dir = lookup->dir;
    out->copy.name = lookup->source.name;
    out->copy.id = sso_hex_encode(cx->pool, sso_span_of(id, sizeof(id)));
    out->copy.file = apr_psprintf(cx->pool, "%s.%.*s", lookup->source.name, FILE_CHARS,
                                  out->copy.id);
    return APR_SUCCESS;
}

static int is_absent(const search_t *s)
{
    const apr_uint64_t word = LOAD(*s->absent);

    return (apr_uint32_t)(word >> 32) == s->tag
           && (apr_time_t)(word & 0xffffffff) > apr_time_sec(s->cx->now);
}

static void note_absent(const search_t *s, apr_interval_time_t how_long)
{
    const apr_uint64_t until = (apr_uint64_t)apr_time_sec(s->cx->now + how_long) & 0xffffffff;

    STORE(*s->absent, (apr_uint64_t)s->tag << 32 | until);
}

/* ---- copies ---- */

/* A copy that may still be believed. */
static int read_copy(const search_t *s, sso_copy_head_t *head, sso_span_t *text)
{
    if (s->lookup->dir < 0) return 0;
    if (sso_copy_read(s->cx, &s->copy, head, text) != APR_SUCCESS) {
        sso_ctx_clear(s->cx);
        return 0;
    }
    return head->until == 0 || head->until > s->cx->now;
}

static apr_interval_time_t refresh_of(const search_t *s, apr_interval_time_t keep)
{
    apr_interval_time_t t = s->lookup->source.refresh ? s->lookup->source.refresh : HOUR;

    if (keep > 0 && keep < t) t = keep;
    return t > LEAST ? t : LEAST;
}

/* The head has no place of its own for the time that a document asks for: `changed` is when it is due. */
static apr_status_t write_copy(const search_t *s, const sso_lookup_found_t *found)
{
    const sso_copy_head_t head = {.digest = "",
                                  .etag = "",
                                  .last_modified = "",
                                  .changed = s->cx->now + refresh_of(s, found->keep),
                                  .until = found->until};
    sso_copy_draft_t draft = {.fd = -1};
    apr_status_t rv;

    if (s->lookup->dir < 0) return APR_SUCCESS;
    (void)pthread_mutex_lock(&s->lookup->write);
    rv = sso_copy_begin(s->cx, &s->copy, &draft);
    if (rv == APR_SUCCESS) rv = sso_copy_replace(s->cx, &draft, found->text);
    if (rv == APR_SUCCESS) rv = sso_copy_finish(s->cx, &draft, &head);
    sso_copy_end(&draft);
    (void)pthread_mutex_unlock(&s->lookup->write);
    return rv;
}

/* ---- asking ---- */

static apr_status_t ask(const search_t *s, sso_span_t *text)
{
    const sso_lookup_source_t *source = &s->lookup->source;
    const sso_client_request_t req = {
        .url = source->address(source->data, s->cx->pool, s->key),
        .accept = source->accept,
        .ca_file = source->ca_file,
        .allow_http = source->allow_http,
        .redirects = source->redirects,
        .max = source->max,
        .timeout = SSO_LOOKUP_TIMEOUT,
        .connect = SSO_LOOKUP_TIMEOUT / 2,
    };
    sso_client_response_t res;
    apr_status_t rv = sso_client_exchange(s->lookup->client, s->cx, &req, &res);

    if (rv == APR_SUCCESS && res.status == 404) return APR_NOTFOUND;
    if (rv == APR_SUCCESS) rv = sso_client_expect(s->cx, &req, &res, NULL);
    if (rv == APR_SUCCESS) *text = res.body;
    return rv;
}

/* A copy that cannot be written is one fetch more, no failure. */
static void keep_copy(const search_t *s, const sso_lookup_found_t *found)
{
    if (write_copy(s, found) == APR_SUCCESS) return;
    SSO_WARN(s->cx, "%s: %s", s->lookup->source.name, s->cx->err.log ? s->cx->err.log : "no copy");
    sso_ctx_clear(s->cx);
}

static apr_status_t fetch(const search_t *s, sso_lookup_found_t *out)
{
    const sso_lookup_source_t *source = &s->lookup->source;
    sso_lookup_found_t found = {.until = 0};
    sso_span_t text = sso_span("");
    apr_status_t rv = ask(s, &text);

    if (rv == APR_SUCCESS) rv = source->check(source->data, s->cx, s->key, text, &found);
    if (rv == APR_NOTFOUND) {
        note_absent(s, SSO_LOOKUP_UNKNOWN);
        if (s->lookup->dir >= 0) sso_copy_remove(&s->copy); /* whoever was taken out is out */
        return rv;
    }
    if (rv != APR_SUCCESS) {
        note_absent(s, SSO_LOOKUP_FAILED);
        return rv;
    }
    keep_copy(s, &found);
    *out = found;
    return APR_SUCCESS;
}

/* Names cost nothing, and the server is somebody else's: no more than so many a second. */
static int is_in_pace(const search_t *s)
{
    const apr_uint64_t second = (apr_uint64_t)apr_time_sec(s->cx->now) & 0xffffffff;
    apr_uint64_t word = LOAD(s->lookup->shared->pace);
    apr_uint64_t next;

    do {
        next = (word >> 32 == second ? word : second << 32) + 1;
    } while (!__atomic_compare_exchange_n(&s->lookup->shared->pace, &word, next, 0,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return (next & 0xffffffff) <= SSO_LOOKUP_RATE;
}

/* Somebody waits for it. */
static apr_status_t fetch_now(const search_t *s, sso_lookup_hit_t *out)
{
    sso_lookup_t *lookup = s->lookup;
    sso_lookup_found_t found;
    apr_status_t rv;

    if (!lookup->client || !lookup->writes) {
        return sso_fail(s->cx, SSO_F_METADATA_MISSING, "%s: is not asked here",
                        lookup->source.name);
    }
    if (!is_in_pace(s)) {
        return sso_fail(s->cx, SSO_F_METADATA_MISSING, "%s: more than %d a second are asked for",
                        lookup->source.name, SSO_LOOKUP_RATE);
    }
    if (__atomic_add_fetch(&lookup->under_way, 1, __ATOMIC_ACQ_REL) > SSO_LOOKUP_MOST) {
        rv = sso_fail(s->cx, SSO_F_METADATA_MISSING, "%s: %d are being asked for already",
                      lookup->source.name, SSO_LOOKUP_MOST);
    } else {
        rv = fetch(s, &found);
    }
    (void)__atomic_sub_fetch(&lookup->under_way, 1, __ATOMIC_ACQ_REL);
    if (rv != APR_SUCCESS) return rv;
    *out = (sso_lookup_hit_t){found.text, s->cx->now + refresh_of(s, found.keep)};
    return APR_SUCCESS;
}

/* ---- in the background ---- */

static void want(const search_t *s)
{
    int i;

    for (i = 0; i < WANTED; i++) {
        wanted_t *place = &s->lookup->shared->wanted[i];
        int expected = FREE;

        if (LOAD(place->state) == READY && !strcmp(place->key, s->key)) return;
        if (!__atomic_compare_exchange_n(&place->state, &expected, TAKEN, 0, __ATOMIC_ACQ_REL,
                                         __ATOMIC_ACQUIRE)) {
            continue;
        }
        (void)apr_cpystrn(place->key, s->key, sizeof(place->key));
        STORE(place->state, READY);
        return;
    }
}

static void renew(sso_ctx_t *cx, sso_lookup_t *lookup, const char *key)
{
    sso_lookup_found_t found;
    search_t s;
    apr_status_t rv;

    if (begin(cx, lookup, key, &s) != APR_SUCCESS || is_absent(&s)) {
        sso_ctx_clear(cx);
        return;
    }
    rv = fetch(&s, &found);
    key = sso_log_quote(cx->pool, key, strlen(key), 200);
    if (rv == APR_NOTFOUND) {
        SSO_WARN(cx, "%s: %s is not there any more", lookup->source.name, key);
    } else if (rv != APR_SUCCESS) {
        SSO_WARN(cx, "%s: %s: %s; what was said before stays in use while it is valid",
                 lookup->source.name, key, cx->err.log ? cx->err.log : "cannot be had");
    }
    sso_ctx_clear(cx);
}

void sso_lookup_work(sso_ctx_t *cx, sso_lookup_t *lookup, int (*is_cancelled)(void *), void *data)
{
    int i;

    for (i = 0; i < WANTED && lookup->client && lookup->writes; i++) {
        wanted_t *place = &lookup->shared->wanted[i];
        const char *key;

        if (is_cancelled && is_cancelled(data)) return;
        if (LOAD(place->state) != READY) continue;
        key = apr_pstrndup(cx->pool, place->key, SSO_LOOKUP_KEY_MAX);
        STORE(place->state, FREE);
        renew(cx, lookup, key);
    }
}

/* ---- finding ---- */

apr_status_t sso_lookup_find(sso_ctx_t *cx, sso_lookup_t *lookup, const char *key,
                             sso_lookup_hit_t *out)
{
    sso_copy_head_t head;
    sso_span_t text;
    search_t s;
    apr_status_t rv;

    if (!*key || strlen(key) > SSO_LOOKUP_KEY_MAX) return APR_NOTFOUND;
    rv = begin(cx, lookup, key, &s);
    if (rv != APR_SUCCESS) return rv;
    if (read_copy(&s, &head, &text)) {
        const int due = head.changed <= cx->now;

        if (due && lookup->writes && !is_absent(&s)) want(&s);
        *out = (sso_lookup_hit_t){text, due ? cx->now + SSO_LOOKUP_FAILED : head.changed};
        if (head.until && head.until < out->again) out->again = head.until;
        return APR_SUCCESS;
    }
    return is_absent(&s) ? APR_NOTFOUND : fetch_now(&s, out);
}

/* ---- start ---- */

static apr_status_t end(void *data)
{
    sso_lookup_t *lookup = data;

    (void)munmap(lookup->shared, sizeof(*lookup->shared));
    (void)pthread_mutex_destroy(&lookup->write);
    return APR_SUCCESS;
}

apr_status_t sso_lookup_make(sso_ctx_t *cx, apr_pool_t *pool, int dir, int writes,
                             const sso_lookup_source_t *source, sso_lookup_t **out)
{
    sso_lookup_t *lookup = apr_pcalloc(pool, sizeof(*lookup));
    void *shared = mmap(NULL, sizeof(*lookup->shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) return sso_fail(cx, SSO_F_INTERNAL, "no shared memory to be had");
    lookup->shared = shared;
    lookup->source = *source;
    lookup->dir = dir;
    lookup->writes = writes;
    if (pthread_mutex_init(&lookup->write, NULL) != 0) {
        (void)munmap(shared, sizeof(*lookup->shared));
        return sso_fail(cx, SSO_F_INTERNAL, "no lock to be had");
    }
    apr_pool_cleanup_register(pool, lookup, end, apr_pool_cleanup_null);
    *out = lookup;
    return sso_random_bytes(cx, lookup->salt, sizeof(lookup->salt));
}

void sso_lookup_start(sso_lookup_t *lookup, const sso_client_t *client)
{
    lookup->client = client;
}
