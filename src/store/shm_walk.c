/*
 * shm_walk.c - finds matching records by index, by tenant or one after another, under the lock of
 * their partition; what is shown to others is a copy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_walk.h"

#include "store/shm_blocks.h"
#include "store/shm_evict.h"
#include "store/shm_index.h"
#include "store/shm_rebuild.h"

#include <apr_tables.h>

/* ---- which ---- */

/* Does the record match? */
static int matches(const sso_shm_part_t *p, uint32_t block, const sso_match_t *match)
{
    const sso_store_key_t *want[SSO_SHM_INDEXES] = {NULL, &match->subject, &match->sid};
    int i;

    if (match->tenant >= 0 && sso_shm_shape_get(p, block).tenant != match->tenant) return 0;
    for (i = SSO_SHM_BY_SUBJECT; i < SSO_SHM_INDEXES; i++) {
        sso_store_key_t key;

        if (sso_store_key_is_none(want[i])) continue;
        if (!sso_shm_index_key(p, block, i, &key) || memcmp(&key, want[i], sizeof(key)) != 0) {
            return 0;
        }
    }
    return 1;
}

static void collect_one(sso_ctx_t *cx, const sso_shm_part_t *p, const sso_match_t *match,
                        uint32_t block, apr_array_header_t *out)
{
    if (matches(p, block, match) && !sso_shm_is_over(p, block, cx->now)) {
        APR_ARRAY_PUSH(out, uint32_t) = block;
    }
}

/* Along the chain of an index. */
static void collect_chain(sso_ctx_t *cx, const sso_shm_part_t *p, const sso_match_t *match,
                          int index, apr_array_header_t *out)
{
    const sso_store_key_t *key = index == SSO_SHM_BY_SID ? &match->sid : &match->subject;
    uint32_t i = sso_a32_get(sso_shm_bucket(p, index, key));

    for (; i != 0; i = sso_a32_get(&sso_shm_head(p, i)->next[index])) {
        collect_one(cx, p, match, i, out);
    }
}

/* Once round the records of a tenant. */
static void collect_ring(sso_ctx_t *cx, const sso_shm_part_t *p, const sso_match_t *match,
                         apr_array_header_t *out)
{
    uint32_t first = sso_a32_get(sso_shm_ring(p, match->tenant));
    uint32_t i = first;

    if (first == 0) return;
    do {
        collect_one(cx, p, match, i, out);
        i = sso_a32_get(&sso_shm_head(p, i)->ring_next);
    } while (i != first);
}

/* Under the lock: the heads of all live records that match, looking at as few as possible. */
static void collect(sso_ctx_t *cx, const sso_shm_part_t *p, const sso_match_t *match,
                    apr_array_header_t *out)
{
    uint32_t i;

    apr_array_clear(out);
    if (!sso_store_key_is_none(&match->sid)) {
        collect_chain(cx, p, match, SSO_SHM_BY_SID, out);
    } else if (!sso_store_key_is_none(&match->subject)) {
        collect_chain(cx, p, match, SSO_SHM_BY_SUBJECT, out);
    } else if (match->tenant >= 0) {
        collect_ring(cx, p, match, out);
    } else {
        for (i = 1; i <= p->blocks; i++) {
            if (sso_shm_is_head(p, i)) collect_one(cx, p, match, i, out);
        }
    }
}

apr_status_t sso_shm_revoke(sso_ctx_t *cx, sso_shm_t *m, const sso_match_t *match, int *count)
{
    apr_array_header_t *found = apr_array_make(cx->pool, 16, sizeof(uint32_t));
    int total = 0;
    uint32_t i;

    for (i = 0; i < m->parts; i++) {
        const sso_shm_part_t *p = &m->part[i];
        apr_status_t rv = sso_shm_part_lock(cx, p);
        int j;

        if (rv) return rv;
        collect(cx, p, match, found);
        for (j = 0; j < found->nelts; j++) {
            sso_shm_remove(p, APR_ARRAY_IDX(found, j, uint32_t));
        }
        sso_shm_part_unlock(p);
        total += found->nelts;
    }
    *count = total;
    return APR_SUCCESS;
}

/* ---- walk ---- */

typedef struct {
    sso_store_key_t key;
    sso_record_t record; /* value.p is set when all have been copied */
    apr_time_t used;
} copy_t;

/* Copies of the matching records of one partition. */
typedef struct {
    apr_array_header_t *found; /* block numbers */
    apr_array_header_t *copies;
    char *bytes; /* the values, one after another */
    apr_size_t room;
} copies_t;

static copy_t copy_record(const sso_shm_part_t *p, uint32_t block, char *value)
{
    sso_shm_head_t *head = sso_shm_head(p, block);
    sso_shm_shape_t shape = sso_shm_shape_get(p, block);
    sso_shm_stream_t body = sso_shm_body(p, block);
    copy_t c = {
        .key = sso_shm_key_get(head->key),
        .record = {.tenant = shape.tenant,
                   .expires = sso_shm_time_get(head->expires),
                   .idle = apr_time_from_sec((apr_time_t)sso_a32_get(&head->idle))},
        .used = apr_time_from_sec((apr_time_t)sso_a32_get(&head->used)),
    };

    if (shape.has_subject) sso_shm_read(&body, &c.record.subject, 16);
    if (shape.has_sid) sso_shm_read(&body, &c.record.sid, 16);
    sso_shm_read(&body, value, shape.length);
    c.record.value = sso_span_of(value, shape.length);
    return c;
}

static apr_size_t bytes_of(const sso_shm_part_t *p, const apr_array_header_t *found)
{
    apr_size_t n = 0;
    int i;

    for (i = 0; i < found->nelts; i++) {
        n += sso_shm_shape_get(p, APR_ARRAY_IDX(found, i, uint32_t)).length;
    }
    return n;
}

/* Under the lock. */
static void copy_part(sso_ctx_t *cx, const sso_shm_part_t *p, const sso_match_t *match,
                      copies_t *to)
{
    apr_size_t at = 0;
    apr_size_t need;
    int i;

    collect(cx, p, match, to->found);
    need = bytes_of(p, to->found);
    if (need > to->room) {
        to->room = need + need / 4; /* partitions differ a little */
        to->bytes = apr_palloc(cx->pool, to->room);
    }
    apr_array_clear(to->copies);
    for (i = 0; i < to->found->nelts; i++) {
        copy_t c = copy_record(p, APR_ARRAY_IDX(to->found, i, uint32_t), to->bytes + at);

        at += c.record.value.n;
        APR_ARRAY_PUSH(to->copies, copy_t) = c;
    }
}

apr_status_t sso_shm_walk(sso_ctx_t *cx, const sso_shm_t *m, const sso_match_t *match,
                          sso_record_fn *fn, void *baton)
{
    copies_t part = {.found = apr_array_make(cx->pool, 16, sizeof(uint32_t)),
                     .copies = apr_array_make(cx->pool, 16, sizeof(copy_t))};
    uint32_t i;
    int j;

    for (i = 0; i < m->parts; i++) {
        apr_status_t rv = sso_shm_part_lock(cx, &m->part[i]);

        if (rv) return rv;
        copy_part(cx, &m->part[i], match, &part);
        sso_shm_part_unlock(&m->part[i]);
        for (j = 0; j < part.copies->nelts; j++) {
            copy_t *c = &APR_ARRAY_IDX(part.copies, j, copy_t);

            if (fn(baton, &c->key, &c->record, c->used)) return APR_SUCCESS;
        }
    }
    return APR_SUCCESS;
}
