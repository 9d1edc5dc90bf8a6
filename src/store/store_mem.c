/*
 * store_mem.c - two hash tables; what the other backends must do, without the reasons they have to
 * do it differently.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/store_mem.h"

#include <apr_hash.h>
#include <apr_tables.h>

typedef struct {
    sso_store_key_t key;
    sso_record_t record;
    apr_time_t used;
    char *value;
    apr_size_t room; /* bytes that value can hold: it is written again if the next one fits */
} node_t;

/* What a walk shows. */
typedef struct {
    sso_store_key_t key;
    sso_record_t record;
    apr_time_t used;
} copy_t;

typedef struct {
    sso_store_key_t key;
    apr_time_t until;
} mark_t;

typedef struct {
    sso_store_t store; /* first */
    apr_pool_t *pool;
    apr_array_header_t *tenants; /* names */
    apr_hash_t *records;         /* key: node_t */
    apr_hash_t *marks;           /* key: mark_t, both in the pool */
    sso_store_stats_t stats;     /* the counters of it */
} mem_t;

static mem_t *mem(sso_store_t *store)
{
    return (mem_t *)(void *)store;
}

static apr_status_t tenant(sso_store_t *store, sso_ctx_t *cx, const char *name, int quota, int *out)
{
    mem_t *m = mem(store);
    int i;

    if (quota < 0 || quota > 100) return sso_fail(cx, SSO_F_CONFIG, "a quota of %d percent", quota);
    for (i = 0; i < m->tenants->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(m->tenants, i, const char *), name) == 0) break;
    }
    if (i == SSO_TENANTS_MAX) return APR_ENOSPC;
    if (i == m->tenants->nelts) {
        APR_ARRAY_PUSH(m->tenants, const char *) = apr_pstrdup(m->pool, name);
    }
    *out = i;
    return APR_SUCCESS;
}

static int is_over(const node_t *node, apr_time_t now)
{
    const sso_record_t *r = &node->record;

    return r->expires <= now || (r->idle > 0 && now - node->used >= r->idle);
}

static node_t *find(mem_t *m, const sso_store_key_t *key)
{
    return apr_hash_get(m->records, key->b, sizeof(key->b));
}

static void take_out(mem_t *m, node_t *node)
{
    apr_hash_set(m->records, node->key.b, sizeof(node->key.b), NULL);
}

static sso_record_t copy_record(apr_pool_t *pool, const node_t *node)
{
    sso_record_t copy = node->record;

    copy.value.p = sso_span_text(pool, sso_span_of(node->value, copy.value.n));
    return copy;
}

static apr_status_t get(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key, int whose,
                        sso_record_t *out)
{
    mem_t *m = mem(store);
    node_t *node = find(m, key);

    m->stats.gets++;
    if (!node || node->record.tenant != whose || is_over(node, cx->now)) return APR_NOTFOUND;
    m->stats.hits++;
    if (cx->now > node->used) node->used = cx->now;
    *out = copy_record(cx->pool, node);
    return APR_SUCCESS;
}

static apr_status_t put(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                        const sso_record_t *record)
{
    mem_t *m = mem(store);
    node_t *node = find(m, key);

    if (record->tenant < 0 || record->tenant >= m->tenants->nelts) {
        return sso_fail(cx, SSO_F_INTERNAL, "a session of the unknown tenant %d", record->tenant);
    }
    if (record->value.n < 1 || record->value.n > SSO_RECORD_MAX) {
        return sso_fail(cx, SSO_F_SESSION_SIZE, "a session of %" APR_SIZE_T_FMT " bytes",
                        record->value.n);
    }
    if (record->renew
        && (!node || node->record.tenant != record->tenant || is_over(node, cx->now))) {
        return APR_NOTFOUND;
    }
    if (!node) {
        node = apr_pcalloc(m->pool, sizeof(*node));
        node->key = *key;
        apr_hash_set(m->records, node->key.b, sizeof(node->key.b), node);
    }
    if (node->room < record->value.n) {
        node->room = record->value.n;
        node->value = apr_palloc(m->pool, node->room);
    }
    node->record = *record;
    if (!record->renew) node->used = cx->now;
    memcpy(node->value, record->value.p, record->value.n);
    m->stats.puts++;
    return APR_SUCCESS;
}

static apr_status_t drop(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key, int whose)
{
    mem_t *m = mem(store);
    node_t *node = find(m, key);
    int over;

    if (!node || node->record.tenant != whose) return APR_NOTFOUND;
    over = is_over(node, cx->now);
    take_out(m, node);
    return over ? APR_NOTFOUND : APR_SUCCESS;
}

static int fits(const sso_store_key_t *want, const sso_store_key_t *have)
{
    return sso_store_key_is_none(want) || memcmp(want, have, sizeof(*want)) == 0;
}

static int matches(const node_t *node, const sso_match_t *match)
{
    return (match->tenant < 0 || node->record.tenant == match->tenant)
           && fits(&match->subject, &node->record.subject) && fits(&match->sid, &node->record.sid);
}

/* The live records that match; the table may change while the list is worked through. */
static apr_array_header_t *collect(mem_t *m, sso_ctx_t *cx, const sso_match_t *match)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 16, sizeof(node_t *));
    apr_hash_index_t *hi;

    for (hi = apr_hash_first(cx->pool, m->records); hi; hi = apr_hash_next(hi)) {
        node_t *node = apr_hash_this_val(hi);

        if (matches(node, match) && !is_over(node, cx->now)) APR_ARRAY_PUSH(list, node_t *) = node;
    }
    return list;
}

static apr_status_t revoke_all(sso_store_t *store, sso_ctx_t *cx, const sso_match_t *match,
                               int *count)
{
    mem_t *m = mem(store);
    apr_array_header_t *list = collect(m, cx, match);
    int i;

    for (i = 0; i < list->nelts; i++) {
        take_out(m, APR_ARRAY_IDX(list, i, node_t *));
    }
    *count = list->nelts;
    return APR_SUCCESS;
}

static apr_status_t walk(sso_store_t *store, sso_ctx_t *cx, const sso_match_t *match,
                         sso_record_fn *fn, void *baton)
{
    apr_array_header_t *list = collect(mem(store), cx, match);
    apr_array_header_t *copies = apr_array_make(cx->pool, list->nelts, sizeof(copy_t));
    int i;

    for (i = 0; i < list->nelts; i++) {
        const node_t *node = APR_ARRAY_IDX(list, i, node_t *);

        APR_ARRAY_PUSH(copies, copy_t) = (copy_t){node->key, copy_record(cx->pool, node),
                                                  node->used};
    }
    for (i = 0; i < copies->nelts; i++) {
        const copy_t *copy = &APR_ARRAY_IDX(copies, i, copy_t);

        if (fn(baton, &copy->key, &copy->record, copy->used)) break;
    }
    return APR_SUCCESS;
}

static apr_status_t marked(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                           apr_time_t *until)
{
    const mark_t *mark = apr_hash_get(mem(store)->marks, key->b, sizeof(key->b));

    if (!mark || mark->until <= cx->now) return APR_NOTFOUND;
    *until = mark->until;
    return APR_SUCCESS;
}

static apr_status_t mark(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                         apr_time_t until)
{
    mem_t *m = mem(store);
    mark_t *set = apr_hash_get(m->marks, key->b, sizeof(key->b));

    if (set && set->until > cx->now) return APR_EEXIST;
    if (until <= cx->now) return APR_SUCCESS;
    if (!set) {
        set = apr_pcalloc(m->pool, sizeof(*set));
        set->key = *key;
        apr_hash_set(m->marks, set->key.b, sizeof(set->key.b), set);
    }
    set->until = until;
    return APR_SUCCESS;
}

static apr_status_t unmark(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key)
{
    apr_time_t until;
    apr_status_t rv = marked(store, cx, key, &until);

    apr_hash_set(mem(store)->marks, key->b, sizeof(key->b), NULL);
    return rv;
}

static apr_status_t sweep(sso_store_t *store, sso_ctx_t *cx)
{
    mem_t *m = mem(store);
    apr_hash_index_t *hi;

    for (hi = apr_hash_first(cx->pool, m->records); hi; hi = apr_hash_next(hi)) {
        node_t *node = apr_hash_this_val(hi);

        if (!is_over(node, cx->now)) continue;
        take_out(m, node);
        m->stats.expired++;
    }
    for (hi = apr_hash_first(cx->pool, m->marks); hi; hi = apr_hash_next(hi)) {
        const mark_t *set = apr_hash_this_val(hi);

        if (set->until <= cx->now) apr_hash_set(m->marks, set->key.b, sizeof(set->key.b), NULL);
    }
    return APR_SUCCESS;
}

static apr_status_t stats(sso_store_t *store, sso_ctx_t *cx, sso_store_stats_t *out)
{
    mem_t *m = mem(store);
    sso_store_stats_t s = m->stats;
    apr_hash_index_t *hi;

    s.records = s.records_room = apr_hash_count(m->records);
    s.marks = s.marks_room = apr_hash_count(m->marks);
    for (hi = apr_hash_first(cx->pool, m->records); hi; hi = apr_hash_next(hi)) {
        const node_t *node = apr_hash_this_val(hi);

        s.bytes += node->record.value.n;
    }
    s.bytes_room = s.bytes;
    s.overhead = s.records * sizeof(node_t) + s.marks * sizeof(mark_t);
    *out = s;
    return APR_SUCCESS;
}

static apr_status_t no_file(sso_store_t *store, sso_ctx_t *cx, const char *file,
                            const sso_seal_t *seal)
{
    (void)store;
    (void)cx;
    (void)file;
    (void)seal;
    return APR_ENOTIMPL;
}

static const sso_store_ops_t ops = {
    .name = "mem",
    .tenant = tenant,
    .get = get,
    .put = put,
    .drop = drop,
    .revoke = revoke_all,
    .walk = walk,
    .mark = mark,
    .marked = marked,
    .unmark = unmark,
    .sweep = sweep,
    .stats = stats,
    .save = no_file,
    .load = no_file,
};

sso_store_t *sso_store_mem_make(apr_pool_t *pool)
{
    mem_t *m = apr_pcalloc(pool, sizeof(*m));

    m->store.ops = &ops;
    m->pool = pool;
    m->tenants = apr_array_make(pool, 4, sizeof(const char *));
    m->records = apr_hash_make(pool);
    m->marks = apr_hash_make(pool);
    return &m->store;
}
