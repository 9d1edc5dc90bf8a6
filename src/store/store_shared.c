/*
 * store_shared.c - write to both, read here, look there when it is time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/store_shared.h"

#include "crypto/mac.h"
#include "store/shared_ask.h"
#include "store/shared_form.h"

#include <apr_strings.h>
#include <apr_tables.h>

#define GONE_TIME   APR_TIME_C(60000000) /* what is not there is not asked about again for so long */
#define NEVER       0         /* when a copy was asked about that must be, the next time */
#define SMALL_ROOM  128       /* bytes of a sealed notice, and to spare */
#define IDLE_PARTS  8         /* last use is written that often within the idle time */
#define HOST_PREFIX "shared " /* another name: what a store of one machine kept is not found */

typedef struct {
    sso_store_t store; /* first */
    sso_store_t *near;
    const sso_seal_t *seal;
    sso_shared_asker_t asker;
    sso_store_key_t host[SSO_TENANTS_MAX]; /* by the number of the tenant: hash of its name */
} shared_t;

static shared_t *shared(sso_store_t *store)
{
    return (shared_t *)(void *)store;
}

/* ---- names ---- */

static apr_status_t tenant(sso_store_t *store, sso_ctx_t *cx, const char *name, int quota, int *out)
{
    shared_t *s = shared(store);
    const char *whole = apr_pstrcat(cx->pool, HOST_PREFIX, name, NULL);
    const sso_span_t part = sso_span(whole);
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = s->near->ops->tenant(s->near, cx, whole, quota, out);

    if (rv == APR_SUCCESS) rv = sso_mac_hash(cx, &part, 1, hash);
    if (rv == APR_SUCCESS) memcpy(s->host[*out].b, hash, sizeof(s->host[0].b));
    return rv;
}

/* The memory in front may hold what it kept for itself, before the configuration was another. */
static int is_shared(const shared_t *s, int tenant_no)
{
    return tenant_no >= 0 && tenant_no < SSO_TENANTS_MAX
           && !sso_store_key_is_none(&s->host[tenant_no]);
}

static apr_status_t name_of(const shared_t *s, sso_ctx_t *cx, sso_shared_kind_t kind, int tenant_no,
                            const sso_store_key_t *key, sso_store_key_t *out)
{
    if (!is_shared(s, tenant_no)) {
        return sso_fail(cx, SSO_F_INTERNAL, "there is no tenant %d", tenant_no);
    }
    return sso_shared_name(cx, kind, &s->host[tenant_no], key, out);
}

static apr_status_t name_notice(sso_ctx_t *cx, const sso_store_key_t *key, sso_store_key_t *out)
{
    static const sso_store_key_t no_host;

    return sso_shared_name(cx, SSO_SHARED_SAYS_NOTICE, &no_host, key, out);
}

/* ---- what the remote memory knows ---- */

/* A question about one session: what would have ended it first, and the session last, so that an
 * answer about the session shows that the others were answers, too. */
typedef struct {
    sso_remote_item_t item[SSO_REMOTE_ITEMS];
    int n;
    const sso_store_notice_t *notice[SSO_NOTICES]; /* of item 1 and so on */
    int notices;
} question_t;
_Static_assert(SSO_NOTICES + 3 <= SSO_REMOTE_ITEMS, "a question has no room for all of it");

static apr_status_t add_item(question_t *q, apr_status_t rv, const sso_store_key_t *name,
                             apr_size_t room)
{
    if (rv == APR_SUCCESS) q->item[q->n++] = (sso_remote_item_t){.key = *name, .room = room};
    return rv;
}

static apr_status_t add_notices(sso_ctx_t *cx, question_t *q, const sso_record_t *record)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < SSO_NOTICES && rv == APR_SUCCESS; i++) {
        sso_store_key_t name;

        if (sso_store_key_is_none(&record->notice[i].key)) continue;
        rv = add_item(q, name_notice(cx, &record->notice[i].key, &name), &name, SMALL_ROOM);
        q->notice[q->notices++] = &record->notice[i];
    }
    return rv;
}

static apr_status_t make_question(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key,
                                  const sso_record_t *record, question_t *q)
{
    sso_store_key_t name;
    apr_status_t rv;

    *q = (question_t){.n = 0};
    rv = name_of(s, cx, SSO_SHARED_END, record->tenant, key, &name);
    rv = add_item(q, rv, &name, SMALL_ROOM);
    if (rv == APR_SUCCESS) rv = add_notices(cx, q, record);
    if (rv == APR_SUCCESS) rv = name_of(s, cx, SSO_SHARED_USE, record->tenant, key, &name);
    rv = add_item(q, rv, &name, SMALL_ROOM);
    if (rv != APR_SUCCESS) return rv;
    rv = name_of(s, cx, SSO_SHARED_SESSION, record->tenant, key, &name);
    return add_item(q, rv, &name, sso_shared_room());
}

/* Does it say something that was not said when the session began? One that does not open does. */
static int is_news(const shared_t *s, sso_ctx_t *cx, const sso_remote_item_t *item,
                   const sso_store_notice_t *notice)
{
    unsigned char says[SSO_SHARED_NOTICE];

    if (!item->found) return 0;
    if (sso_shared_open_notice(cx, s->seal, &item->key, item->value, says) != APR_SUCCESS) return 1;
    return memcmp(says, notice->seen, sizeof(says)) != 0;
}

/* APR_NOTFOUND: it is not there, or is not what we put there. */
static apr_status_t open_session(const shared_t *s, sso_ctx_t *cx, const sso_remote_item_t *item,
                                 int tenant_no, sso_record_t *out, apr_time_t *used)
{
    if (!item->found) return APR_NOTFOUND;
    if (sso_shared_open(cx, s->seal, &item->key, item->value, out, used) != APR_SUCCESS) {
        sso_shared_complain_foreign(&s->asker, cx);
        return APR_NOTFOUND;
    }
    out->tenant = tenant_no;
    return out->expires > cx->now ? APR_SUCCESS : APR_NOTFOUND;
}

/* The last use that is known of there, at least that which is known already. */
static void read_use(const shared_t *s, sso_ctx_t *cx, const sso_remote_item_t *item,
                     apr_time_t *used)
{
    apr_time_t told;

    if (!item->found) return;
    if (sso_shared_open_use(cx, s->seal, &item->key, item->value, &told) != APR_SUCCESS) return;
    if (told > *used) *used = told;
}

/* The session as it is there, if nothing says that it has ended. known: its tenant and notices. */
static apr_status_t inspect(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key,
                            const sso_record_t *known, sso_record_t *out, apr_time_t *used)
{
    question_t q;
    apr_status_t rv = make_question(s, cx, key, known, &q);
    int i;

    if (rv == APR_SUCCESS) rv = sso_shared_get(&s->asker, cx, q.item, q.n);
    if (rv != APR_SUCCESS) return rv;
    if (q.item[0].found) return APR_NOTFOUND;
    for (i = 0; i < q.notices; i++) {
        if (is_news(s, cx, &q.item[1 + i], q.notice[i])) return APR_NOTFOUND;
    }
    rv = open_session(s, cx, &q.item[q.n - 1], known->tenant, out, used);
    if (rv != APR_SUCCESS) return rv;
    read_use(s, cx, &q.item[q.n - 2], used);
    return memcmp(out->notice, known->notice, sizeof(out->notice)) ? APR_NOTFOUND : APR_SUCCESS;
}

/* The session alone, as it is there: whether it has ended is another question. */
static apr_status_t look(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key,
                         int tenant_no, sso_record_t *out, apr_time_t *used)
{
    sso_remote_item_t item = {.room = sso_shared_room()};
    apr_status_t rv = name_of(s, cx, SSO_SHARED_SESSION, tenant_no, key, &item.key);

    if (rv == APR_SUCCESS) rv = sso_shared_get(&s->asker, cx, &item, 1);
    return rv == APR_SUCCESS ? open_session(s, cx, &item, tenant_no, out, used) : rv;
}

static apr_status_t write_there(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key,
                                const sso_record_t *record)
{
    sso_store_key_t name;
    sso_span_t sealed;
    apr_status_t rv = name_of(s, cx, SSO_SHARED_SESSION, record->tenant, key, &name);

    if (rv == APR_SUCCESS) {
        rv = sso_shared_close(cx, s->seal, &name, record, cx->now, &sealed);
    }
    if (rv != APR_SUCCESS) return rv;
    return sso_shared_put(&s->asker, cx, &name, record->expires, sealed);
}

/* ---- reading ---- */

/* A copy that was found alive just now; renew: in place of one that is still here. */
static void keep(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key,
                 const sso_record_t *record, int renew)
{
    sso_record_t copy = *record;
    sso_ctx_t aside = *cx;

    copy.renew = renew;
    sso_shared_append(cx, &copy, cx->now);
    (void)s->near->ops->put(s->near, &aside, key, &copy); /* no room: it is asked for each time */
}

/* Other machines end a session by its last use, too, as far as they know it. The session itself is left
 * alone: what another machine has just changed of it must not be undone. */
static void tell_use(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key,
                     const sso_record_t *record, apr_time_t used)
{
    sso_ctx_t aside = *cx;
    sso_store_key_t name;
    sso_span_t sealed;

    if (!record->idle || cx->now - used < record->idle / IDLE_PARTS) return;
    if (name_of(s, &aside, SSO_SHARED_USE, record->tenant, key, &name) != APR_SUCCESS
        || sso_shared_close_use(&aside, s->seal, &name, cx->now, &sealed) != APR_SUCCESS) {
        return;
    }
    (void)sso_shared_put(&s->asker, &aside, &name, record->expires, sealed); /* next time, then */
}

static int is_within(const sso_ctx_t *cx, apr_time_t checked, apr_interval_time_t time)
{
    return (apr_uint64_t)(cx->now - checked) < (apr_uint64_t)time; /* not for times to come */
}

/* It is time to ask about a copy. While nobody answers it goes on for a while. */
static apr_status_t check_again(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key,
                                const sso_shared_tail_t *tail, sso_record_t *copy)
{
    sso_ctx_t aside = *cx;
    sso_record_t fresh;
    apr_time_t used;
    apr_status_t rv = inspect(s, &aside, key, copy, &fresh, &used);

    if (rv == APR_NOTFOUND) {
        (void)s->near->ops->drop(s->near, cx, key, copy->tenant);
        return rv;
    }
    if (rv == APR_SUCCESS) {
        tell_use(s, cx, key, &fresh, used);
        keep(s, cx, key, &fresh, 1);
        *copy = fresh;
        return rv;
    }
    if (is_within(cx, tail->checked, SSO_SHARED_GRACE)) return APR_SUCCESS;
    *cx = aside;
    return rv;
}

static void approach(sso_store_t *store, const sso_store_key_t *key, sso_store_step_t step)
{
    const shared_t *s = shared(store);

    if (s->near->ops->approach) s->near->ops->approach(s->near, key, step);
}

static apr_status_t get(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                        int tenant_no, sso_record_t *out)
{
    const shared_t *s = shared(store);
    sso_shared_tail_t tail;
    apr_status_t rv = s->near->ops->get(s->near, cx, key, tenant_no, out);

    if (rv != APR_SUCCESS) return rv;
    if (sso_shared_split(out, &tail) != APR_SUCCESS) return APR_NOTFOUND;
    if (is_within(cx, tail.checked, SSO_SHARED_YOUNG)) return APR_SUCCESS;
    return check_again(s, cx, key, &tail, out);
}

/* What does not come back is asked about once in a while only, whoever keeps sending its cookie. */
static void note_gone(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *gone)
{
    sso_ctx_t aside = *cx;

    sso_shared_count(&s->asker.state->misses);
    (void)s->near->ops->mark(s->near, &aside, gone, cx->now + GONE_TIME);
}

static apr_status_t fetch(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                          int tenant_no, sso_record_t *out)
{
    const shared_t *s = shared(store);
    sso_store_key_t gone;
    sso_record_t seen;
    apr_time_t used;
    apr_time_t until;
    apr_status_t rv = name_of(s, cx, SSO_SHARED_GONE, tenant_no, key, &gone);

    if (rv != APR_SUCCESS) return rv;
    if (s->near->ops->marked(s->near, cx, &gone, &until) == APR_SUCCESS) return APR_NOTFOUND;
    rv = look(s, cx, key, tenant_no, &seen, &used);
    if (rv == APR_SUCCESS) rv = inspect(s, cx, key, &seen, out, &used);
    if (rv == APR_SUCCESS && out->idle && used + out->idle <= cx->now) rv = APR_NOTFOUND;
    if (rv == APR_NOTFOUND) note_gone(s, cx, &gone);
    if (rv != APR_SUCCESS) return rv;
    sso_shared_count(&s->asker.state->hits);
    tell_use(s, cx, key, out, used);
    keep(s, cx, key, out, 0);
    return APR_SUCCESS;
}

static apr_status_t forget(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                           int tenant_no)
{
    const shared_t *s = shared(store);

    return s->near->ops->drop(s->near, cx, key, tenant_no);
}

/* ---- writing ---- */

/* What the notices say now: whatever they say later ends the session. */
static apr_status_t learn(const shared_t *s, sso_ctx_t *cx, sso_record_t *record)
{
    question_t q = {.n = 0};
    apr_status_t rv = add_notices(cx, &q, record);
    int i;

    if (rv == APR_SUCCESS && q.n) rv = sso_shared_get(&s->asker, cx, q.item, q.n);
    for (i = 0; i < q.n && rv == APR_SUCCESS; i++) {
        sso_store_notice_t *notice = &record->notice[q.notice[i] - record->notice];

        memset(notice->seen, 0, sizeof(notice->seen));
        if (!q.item[i].found) continue;
        if (sso_shared_open_notice(cx, s->seal, &q.item[i].key, q.item[i].value, notice->seen)) {
            rv = sso_fail(cx, SSO_F_SESSION_STORE,
                          "a notice in the cache of SSOSessionStore was not sealed for its place");
        }
    }
    return rv;
}

/* What is there first: a session that other machines do not know would lead from login to login. */
static apr_status_t put_new(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key,
                            sso_record_t *record)
{
    apr_status_t rv = learn(s, cx, record);

    if (rv == APR_SUCCESS) rv = write_there(s, cx, key, record);
    if (rv != APR_SUCCESS) return rv;
    sso_shared_append(cx, record, cx->now);
    return s->near->ops->put(s->near, cx, key, record);
}

/* What is here first: it says whether there is something to be renewed. */
static apr_status_t put_again(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key,
                              const sso_record_t *record)
{
    sso_record_t copy = *record;
    apr_status_t rv;

    sso_shared_append(cx, &copy, cx->now);
    rv = s->near->ops->put(s->near, cx, key, &copy);
    return rv == APR_SUCCESS ? write_there(s, cx, key, record) : rv;
}

static apr_status_t put(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                        const sso_record_t *record)
{
    sso_record_t limited = *record;

    if (record->value.n == 0 || record->value.n > SSO_RECORD_MAX - SSO_SHARED_TAIL) {
        return sso_fail(cx, SSO_F_SESSION_SIZE, "a session of %d bytes", (int)record->value.n);
    }
    if (limited.expires > cx->now + SSO_SHARED_LIFE) limited.expires = cx->now + SSO_SHARED_LIFE;
    return record->renew ? put_again(shared(store), cx, key, &limited)
                         : put_new(shared(store), cx, key, &limited);
}

/* ---- ending ---- */

/* The session as it is here, or there. */
static apr_status_t find(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key,
                         int tenant_no, sso_record_t *out)
{
    apr_time_t used;
    apr_status_t rv = s->near->ops->get(s->near, cx, key, tenant_no, out);

    return rv == APR_NOTFOUND ? look(s, cx, key, tenant_no, out, &used) : rv;
}

/* The word that it has ended stays as long as it could have lived: another machine may have it in
 * hand just now, and write it back. */
static apr_status_t end_there(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key,
                              const sso_record_t *record)
{
    sso_store_key_t name;
    apr_status_t rv = name_of(s, cx, SSO_SHARED_END, record->tenant, key, &name);

    if (rv == APR_SUCCESS) {
        rv = sso_shared_put(&s->asker, cx, &name, record->expires, sso_span("ended"));
    }
    if (rv == APR_SUCCESS) rv = name_of(s, cx, SSO_SHARED_SESSION, record->tenant, key, &name);
    return rv == APR_SUCCESS ? sso_shared_drop(&s->asker, cx, &name) : rv;
}

/* Nobody could be told that it has ended: here it does not go on until somebody answers, and is still
 * found by who ends it once more. */
static void suspect(const shared_t *s, sso_ctx_t *cx, const sso_store_key_t *key, int tenant_no)
{
    sso_ctx_t aside = *cx;
    sso_shared_tail_t tail;
    sso_record_t copy;

    if (s->near->ops->get(s->near, &aside, key, tenant_no, &copy) != APR_SUCCESS) return;
    if (sso_shared_split(&copy, &tail) == APR_SUCCESS) {
        copy.renew = 1;
        sso_shared_append(&aside, &copy, NEVER);
        if (s->near->ops->put(s->near, &aside, key, &copy) == APR_SUCCESS) return;
    }
    (void)s->near->ops->drop(s->near, &aside, key, tenant_no);
}

static apr_status_t drop(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                         int tenant_no)
{
    const shared_t *s = shared(store);
    sso_record_t record;
    apr_status_t rv;

    if (!is_shared(s, tenant_no)) return s->near->ops->drop(s->near, cx, key, tenant_no);
    rv = find(s, cx, key, tenant_no, &record);
    if (rv == APR_SUCCESS) rv = end_there(s, cx, key, &record);
    if (rv == APR_SUCCESS || rv == APR_NOTFOUND) {
        (void)s->near->ops->drop(s->near, cx, key, tenant_no);
    } else {
        suspect(s, cx, key, tenant_no);
    }
    return rv;
}

static apr_status_t notify(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *notice,
                           apr_time_t until)
{
    const shared_t *s = shared(store);
    const apr_time_t latest = cx->now + SSO_SHARED_LIFE;
    sso_store_key_t name;
    sso_span_t sealed;
    apr_status_t rv = name_notice(cx, notice, &name);

    if (rv == APR_SUCCESS) rv = sso_shared_close_notice(cx, s->seal, &name, &sealed);
    if (rv != APR_SUCCESS) return rv;
    return sso_shared_put(&s->asker, cx, &name, until < latest ? until : latest, sealed);
}

typedef struct {
    sso_store_key_t key;
    int tenant;
} found_t;

static int note_key(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                    apr_time_t last_used)
{
    (void)last_used;
    APR_ARRAY_PUSH((apr_array_header_t *)baton, found_t) = (found_t){*key, record->tenant};
    return 0;
}

/* One after another, and none is left out because another could not be told of. */
static apr_status_t end_all(sso_store_t *store, sso_ctx_t *cx, const sso_match_t *match, int *count)
{
    const shared_t *s = shared(store);
    apr_array_header_t *all = apr_array_make(cx->pool, 4, sizeof(found_t));
    apr_status_t rv = s->near->ops->walk(s->near, cx, match, note_key, all);
    int i;

    *count = 0;
    for (i = 0; i < all->nelts; i++) {
        const found_t *found = &APR_ARRAY_IDX(all, i, found_t);
        apr_status_t one = drop(store, cx, &found->key, found->tenant);

        if (one == APR_SUCCESS) ++*count;
        if (rv == APR_SUCCESS && one != APR_NOTFOUND) rv = one;
    }
    return rv;
}

/* ---- the rest is this machine's ---- */

typedef struct {
    sso_record_fn *fn;
    void *baton;
} walk_t;

static int show(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                apr_time_t last_used)
{
    const walk_t *w = baton;
    sso_record_t plain = *record;
    sso_shared_tail_t tail;

    if (sso_shared_split(&plain, &tail) != APR_SUCCESS) return 0;
    return w->fn(w->baton, key, &plain, last_used);
}

static apr_status_t walk(sso_store_t *store, sso_ctx_t *cx, const sso_match_t *match,
                         sso_record_fn *fn, void *baton)
{
    sso_store_t *near = shared(store)->near;
    walk_t w = {fn, baton};

    return near->ops->walk(near, cx, match, show, &w);
}

static apr_status_t mark(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                         apr_time_t until)
{
    sso_store_t *near = shared(store)->near;

    return near->ops->mark(near, cx, key, until);
}

static apr_status_t marked(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                           apr_time_t *until)
{
    sso_store_t *near = shared(store)->near;

    return near->ops->marked(near, cx, key, until);
}

static apr_status_t unmark(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key)
{
    sso_store_t *near = shared(store)->near;

    return near->ops->unmark(near, cx, key);
}

static apr_status_t sweep(sso_store_t *store, sso_ctx_t *cx)
{
    sso_store_t *near = shared(store)->near;

    return near->ops->sweep(near, cx);
}

static apr_uint64_t read_count(const apr_uint64_t *count)
{
    return __atomic_load_n(count, __ATOMIC_RELAXED);
}

static apr_status_t stats(sso_store_t *store, sso_ctx_t *cx, sso_store_stats_t *out)
{
    const shared_t *s = shared(store);
    apr_status_t rv = s->near->ops->stats(s->near, cx, out);

    out->remote_hits = read_count(&s->asker.state->hits);
    out->remote_misses = read_count(&s->asker.state->misses);
    out->remote_errors = read_count(&s->asker.state->errors);
    return rv;
}

static apr_status_t save(sso_store_t *store, sso_ctx_t *cx, const char *file,
                         const sso_seal_t *seal)
{
    sso_store_t *near = shared(store)->near;

    return near->ops->save(near, cx, file, seal);
}

static apr_status_t load(sso_store_t *store, sso_ctx_t *cx, const char *file,
                         const sso_seal_t *seal)
{
    sso_store_t *near = shared(store)->near;

    return near->ops->load(near, cx, file, seal);
}

sso_store_t *sso_store_shared_make(apr_pool_t *pool, sso_store_t *near, sso_remote_t *remote,
                                   const sso_seal_t *seal, sso_remote_state_t *state)
{
    static const sso_store_ops_t ops = {
        .name = "socache",
        .tenant = tenant,
        .get = get,
        .approach = approach,
        .fetch = fetch,
        .forget = forget,
        .notify = notify,
        .put = put,
        .drop = drop,
        .revoke = end_all,
        .walk = walk,
        .mark = mark,
        .marked = marked,
        .unmark = unmark,
        .sweep = sweep,
        .stats = stats,
        .save = save,
        .load = load,
    };
    shared_t *s = apr_pcalloc(pool, sizeof(*s));

    s->store.ops = &ops;
    s->asker = (sso_shared_asker_t){remote, state};
    s->near = near;
    s->seal = seal;
    return &s->store;
}
