/*
 * lookup.c - bounded for strangers, kept for friends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/lookup.h"

#include "base/codec.h"
#include "base/when.h"
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
#define CLOCK_SET  60  /* seconds that no request is slow for */
#define QUOTED     200 /* bytes of a key, in the log */
#define DAY        APR_TIME_C(86400000000)
#define NO_END     (7 * DAY) /* a copy that has no end is believed for so long after it was due */

enum { FREE, TAKEN, READY };         /* a place in `wanted` */
enum { MAY_BE, IS_UNKNOWN, FAILED }; /* what the memory says of a key */

/* What has become due. */
typedef struct {
    int state;
    char key[SSO_LOOKUP_KEY_MAX + 1];
} wanted_t;

/* What all children share. A place of `absent` has half of a keyed hash in its upper half, whose last bit
 * says whether asking failed, and the second that it holds until in its lower one: whoever finds another
 * hash there knows nothing, and nobody can make two keys that meet. */
typedef struct {
    apr_uint64_t absent[ABSENT];
    apr_uint64_t pace; /* a second, and how many fetches it has seen: a word like those above */
    apr_uint32_t next; /* of `wanted`, the place that was filled longest ago */
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
    int may_ask;
    sso_copy_t copy;
    apr_uint64_t *absent;
    apr_uint32_t tag;
} search_t;

#define HAS_FAILED  1U /* in a tag */
#define LOAD(x)     __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)

/* ---- keys ---- */

static apr_status_t begin(sso_ctx_t *cx, sso_lookup_t *lookup, const char *key, int may_ask,
                          search_t *out)
{
    const sso_span_t part[] = {sso_span_of(lookup->salt, SALT_BYTES), sso_span(key)};
    const sso_span_t whole[] = {sso_span(lookup->source.salt), sso_span(key)};
    unsigned char hash[SSO_MAC_BYTES];
    unsigned char id[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, part, 2, hash);
    apr_uint32_t place;

    if (rv == APR_SUCCESS) rv = sso_mac_hash(cx, whole, 2, id);
    if (rv != APR_SUCCESS) return rv;
    *out = (search_t){.cx = cx, .lookup = lookup, .key = key, .may_ask = may_ask};
    memcpy(&place, hash, sizeof(place));
    memcpy(&out->tag, hash + sizeof(place), sizeof(out->tag));
    out->tag &= ~HAS_FAILED;
    out->absent = &lookup->shared->absent[place % ABSENT];
    out->copy.dir = lookup->dir;
    out->copy.name = lookup->source.name;
    out->copy.id = sso_hex_encode(cx->pool, sso_span_of(id, sizeof(id)));
    out->copy.file = apr_psprintf(cx->pool, "%s.%.*s", lookup->source.name, SSO_COPY_MANY_CHARS,
                                  out->copy.id);
    return APR_SUCCESS;
}

/* What holds longer than anything is noted for was noted before the clock was set back. */
static int recall(const search_t *s)
{
    const apr_uint64_t word = LOAD(*s->absent);
    const apr_uint32_t tag = (apr_uint32_t)(word >> 32);
    const apr_time_t left = (apr_time_t)(word & 0xffffffff) - apr_time_sec(s->cx->now);

    if ((tag & ~HAS_FAILED) != s->tag) return MAY_BE;
    if (left <= 0 || left > apr_time_sec(SSO_LOOKUP_UNKNOWN)) return MAY_BE;
    return tag & HAS_FAILED ? FAILED : IS_UNKNOWN;
}

static void note(const search_t *s, int what)
{
    const apr_interval_time_t how_long = what == FAILED ? SSO_LOOKUP_FAILED : SSO_LOOKUP_UNKNOWN;
    const apr_uint64_t until = (apr_uint64_t)apr_time_sec(s->cx->now + how_long) & 0xffffffff;
    const apr_uint32_t tag = s->tag | (what == FAILED ? HAS_FAILED : 0);

    STORE(*s->absent, (apr_uint64_t)tag << 32 | until);
}

/* ---- copies ---- */

/* A copy that may still be believed; its head has an end then. */
static int read_copy(const search_t *s, sso_copy_head_t *head, sso_span_t *text)
{
    if (s->lookup->dir < 0) return 0;
    if (sso_copy_read(s->cx, &s->copy, head, text) != APR_SUCCESS) {
        sso_ctx_clear(s->cx);
        return 0;
    }
    if (head->until == 0) head->until = head->changed + NO_END;
    return head->until > s->cx->now;
}

static apr_interval_time_t refresh_of(const search_t *s)
{
    const apr_interval_time_t t = s->lookup->source.refresh;

    return !t ? HOUR : t < LEAST ? LEAST : t;
}

/* When what has come now is to be asked for again. */
static apr_time_t due_of(const search_t *s, const sso_lookup_found_t *found)
{
    apr_interval_time_t t = refresh_of(s);

    if (found->keep > 0 && found->keep < t) t = found->keep < LEAST ? LEAST : found->keep;
    return found->until && found->until < s->cx->now + t ? found->until : s->cx->now + t;
}

/* One that is due later than one of now would be is of a clock that was set back, or of a longer refresh. */
static int is_due(const search_t *s, const sso_copy_head_t *head)
{
    return head->changed <= s->cx->now || head->changed > s->cx->now + refresh_of(s);
}

/* The head has no place of its own for the time that a document asks for: `changed` is when it is due. */
static apr_status_t write_copy(const search_t *s, const sso_lookup_found_t *found)
{
    const sso_copy_head_t head = {.digest = "",
                                  .etag = "",
                                  .last_modified = "",
                                  .changed = due_of(s, found),
                                  .until = found->until};
    sso_copy_draft_t draft = {.fd = -1};
    apr_status_t rv;

    if (s->lookup->dir < 0) return APR_SUCCESS;
    (void)pthread_mutex_lock(&s->lookup->write);
    rv = sso_copy_begin(s->cx, &s->copy, &draft);
    if (rv == APR_SUCCESS) rv = sso_copy_replace(s->cx, &draft, found->text);
    if (rv == APR_SUCCESS) rv = sso_copy_finish(s->cx, &draft, &head);
    if (rv == APR_SUCCESS) sso_copy_touch(&s->copy, s->cx->now);
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

/* It is as the source says, and nothing that has ended before it came. */
static apr_status_t check(const search_t *s, sso_span_t text, sso_lookup_found_t *found)
{
    const sso_lookup_source_t *source = &s->lookup->source;
    apr_status_t rv = source->check(source->data, s->cx, s->key, text, found);

    if (rv != APR_SUCCESS || !found->until || found->until > s->cx->now) return rv;
    return sso_fail(s->cx, SSO_F_METADATA_EXPIRED, "%s: what came was valid until %s", source->name,
                    sso_when_text(s->cx->pool, found->until));
}

static apr_status_t fetch(const search_t *s, sso_lookup_found_t *out)
{
    sso_lookup_found_t found = {.until = 0};
    sso_span_t text = sso_span("");
    apr_status_t rv = ask(s, &text);

    if (rv == APR_SUCCESS) rv = check(s, text, &found);
    if (rv == APR_NOTFOUND) {
        note(s, IS_UNKNOWN);
        if (s->lookup->dir >= 0) sso_copy_remove(&s->copy); /* whoever was taken out is out */
        return rv;
    }
    if (rv != APR_SUCCESS) {
        note(s, FAILED);
        return rv;
    }
    keep_copy(s, &found);
    *out = found;
    return APR_SUCCESS;
}

/* Is it another second? Who began before it came and is slow does not bring the last one back; but a
 * clock that was set back does. */
static int is_another(apr_uint64_t second, apr_uint64_t last)
{
    return second > last || last > second + CLOCK_SET;
}

/* Names cost nothing, and the server is somebody else's: no more than so many a second. */
static int is_in_pace(const search_t *s)
{
    const apr_uint64_t second = (apr_uint64_t)apr_time_sec(s->cx->now) & 0xffffffff;
    apr_uint64_t word = LOAD(s->lookup->shared->pace);
    apr_uint64_t next;

    do {
        next = (is_another(second, word >> 32) ? second << 32 : word) + 1;
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
    *out = (sso_lookup_hit_t){found.text, due_of(s, &found)};
    return APR_SUCCESS;
}

/* What became of a copy; and no fault. */
static void tell(const search_t *s, apr_status_t rv)
{
    sso_ctx_t *cx = s->cx;
    const char *key = sso_log_quote(cx->pool, s->key, strlen(s->key), QUOTED);

    if (rv == APR_NOTFOUND) {
        SSO_WARN(cx, "%s: %s is not there any more", s->lookup->source.name, key);
    } else if (rv != APR_SUCCESS) {
        SSO_WARN(cx, "%s: %s: %s; what was said before stays in use while it is valid",
                 s->lookup->source.name, key, cx->err.log ? cx->err.log : "cannot be had");
    }
    sso_ctx_clear(cx);
}

/* ---- in the background ---- */

static int take_place(wanted_t *place, int state)
{
    return __atomic_compare_exchange_n(&place->state, &state, TAKEN, 0, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

/* Somebody may be writing there: then it is wanted once more. */
static int is_wanted(const search_t *s)
{
    int i;

    for (i = 0; i < WANTED; i++) {
        const wanted_t *place = &s->lookup->shared->wanted[i];

        if (LOAD(place->state) == READY && !strcmp(place->key, s->key)) return 1;
    }
    return 0;
}

/* Where there is no room what was wanted first gives way: whoever uses it wants it again. */
static void want(const search_t *s)
{
    shared_t *shared = s->lookup->shared;
    wanted_t *place;

    if (is_wanted(s)) return;
    place = &shared->wanted[__atomic_fetch_add(&shared->next, 1, __ATOMIC_RELAXED) % WANTED];
    if (!take_place(place, FREE) && !take_place(place, READY)) return;
    (void)apr_cpystrn(place->key, s->key, sizeof(place->key));
    STORE(place->state, READY);
}

/* Has somebody who waited for it brought it meanwhile? */
static int has_come(const search_t *s)
{
    sso_copy_head_t head;
    sso_span_t text;

    return read_copy(s, &head, &text) && !is_due(s, &head);
}

/* 0: it could not be had. */
static int renew(sso_ctx_t *cx, sso_lookup_t *lookup, const char *key)
{
    sso_lookup_found_t found;
    search_t s;
    apr_status_t rv = begin(cx, lookup, key, 1, &s);

    if (rv == APR_SUCCESS && recall(&s) == MAY_BE && !has_come(&s)) {
        rv = fetch(&s, &found);
        tell(&s, rv);
    }
    sso_ctx_clear(cx);
    return rv == APR_SUCCESS || rv == APR_NOTFOUND;
}

/* Whoever does not answer is not asked for the next before others have had their turn. */
void sso_lookup_work(sso_ctx_t *cx, sso_lookup_t *lookup, int (*is_cancelled)(void *), void *data)
{
    int answers = 1;
    int i;

    for (i = 0; i < WANTED && answers && lookup->client && lookup->writes; i++) {
        wanted_t *place = &lookup->shared->wanted[i];
        const char *key;

        if (is_cancelled && is_cancelled(data)) return;
        if (!take_place(place, READY)) continue;
        key = apr_pstrndup(cx->pool, place->key, SSO_LOOKUP_KEY_MAX);
        STORE(place->state, FREE);
        answers = renew(cx, lookup, key);
    }
}

/* ---- finding ---- */

/* Nobody has used it for so long that it says little of today: whoever comes now waits. */
static int is_stale(const search_t *s, const sso_copy_head_t *head)
{
    return head->changed + DAY <= s->cx->now && s->may_ask && recall(s) == MAY_BE;
}

/* A copy, and what is known of it today if that is long ago. */
static apr_status_t use_copy(const search_t *s, const sso_copy_head_t *head, sso_span_t text,
                             sso_lookup_hit_t *out)
{
    const int due = is_due(s, head);
    const int waits = is_stale(s, head);
    const apr_status_t rv = waits ? fetch_now(s, out) : APR_EGENERAL;

    if (waits) tell(s, rv);
    if (rv == APR_SUCCESS || rv == APR_NOTFOUND) return rv;
    if (due && s->may_ask && recall(s) == MAY_BE) want(s);
    *out = (sso_lookup_hit_t){text, due ? s->cx->now + SSO_LOOKUP_FAILED : head->changed};
    if (head->until < out->again) out->again = head->until;
    return APR_SUCCESS;
}

apr_status_t sso_lookup_find(sso_ctx_t *cx, sso_lookup_t *lookup, const char *key, int may_ask,
                             sso_lookup_hit_t *out)
{
    sso_copy_head_t head;
    sso_span_t text;
    search_t s;
    apr_status_t rv;
    int known;

    if (!*key || strlen(key) > SSO_LOOKUP_KEY_MAX) return APR_NOTFOUND;
    rv = begin(cx, lookup, key, may_ask && lookup->writes, &s);
    if (rv != APR_SUCCESS) return rv;
    if (read_copy(&s, &head, &text)) return use_copy(&s, &head, text, out);
    known = recall(&s);
    if (!may_ask || known == IS_UNKNOWN) return APR_NOTFOUND;
    if (known == MAY_BE) return fetch_now(&s, out);
    return sso_fail(cx, SSO_F_METADATA_MISSING,
                    "%s: %s could not be had a moment ago; it is asked for again within %d s",
                    lookup->source.name, sso_log_quote(cx->pool, key, strlen(key), QUOTED),
                    (int)apr_time_sec(SSO_LOOKUP_FAILED));
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

int sso_lookup_is_of(const sso_lookup_t *lookup, const sso_lookup_source_t *source)
{
    return !strcmp(lookup->source.name, source->name) && !strcmp(lookup->source.salt, source->salt);
}

void sso_lookup_start(sso_lookup_t *lookup, const sso_client_t *client)
{
    lookup->client = client;
}
