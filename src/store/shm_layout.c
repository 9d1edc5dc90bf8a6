/*
 * shm_layout.c - how many partitions, blocks and marks a segment holds, and where they are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_layout.h"

#define BYTES_PER_PART (1024 * 1024) /* as long as that leaves more than the least */
#define MARKS_SHARE    48            /* marks get this part of the segment */
#define MARKS_MIN      4096
#define BYTES_PER_MARK (sizeof(sso_shm_mark_t) + sizeof(sso_a32_t))

/* Blocks come in groups of 12, a session of about 700 bytes: a bucket by key for each group, one
 * by subject and one by sid for every two; and 2 bytes for the map. */
#define GROUP           12
#define BYTES_PER_GROUP (GROUP * (SSO_SHM_BLOCK + sizeof(sso_a32_t)) + 2 * sizeof(sso_a32_t) + 2)

static apr_size_t round_up(apr_size_t n)
{
    return (n + 63) & ~(apr_size_t)63;
}

static void choose_parts(sso_shm_t *m)
{
    uint32_t bits = 2;

    while ((1u << bits) < SSO_SHM_PARTS_MAX && m->asked >> bits >= 2 * (apr_size_t)BYTES_PER_PART) {
        bits++;
    }
    m->parts = 1u << bits;
    m->part_shift = 64 - bits;
}

/* Hands out n bytes, on a cache line of their own. */
static void *carve(sso_shm_t *m, apr_size_t n)
{
    apr_size_t at = m->size;

    m->size += round_up(n);
    return m->base ? m->base + at : NULL;
}

static void lay_out_marks(sso_shm_t *m, sso_shm_marks_t *p)
{
    apr_size_t n = m->asked / MARKS_SHARE / BYTES_PER_MARK;

    if (n < MARKS_MIN) n = MARKS_MIN;
    p->marks = (uint32_t)(n / m->parts);
    memcpy(p->seed, m->seed, sizeof(p->seed));
    p->c = carve(m, sizeof(*p->c));
    p->bucket = carve(m, p->marks * sizeof(*p->bucket));
    p->mark = carve(m, p->marks * sizeof(*p->mark));
}

static void lay_out_part(sso_shm_t *m, sso_shm_part_t *p, apr_size_t room)
{
    /* Six arrays are rounded up to a cache line. */
    apr_size_t groups = (room - sizeof(*p->c) - (apr_size_t)6 * 64) / BYTES_PER_GROUP;
    int i;

    if (groups > SSO_SHM_LINK_INDEX / GROUP) groups = SSO_SHM_LINK_INDEX / GROUP;
    p->blocks = (uint32_t)groups * GROUP;
    p->buckets[SSO_SHM_BY_KEY] = (uint32_t)groups;
    p->buckets[SSO_SHM_BY_SUBJECT] = p->buckets[SSO_SHM_BY_SID] = (uint32_t)groups / 2;
    memcpy(p->seed, m->seed, sizeof(p->seed));
    p->c = carve(m, sizeof(*p->c));
    for (i = 0; i < SSO_SHM_INDEXES; i++) {
        p->bucket[i] = carve(m, p->buckets[i] * sizeof(*p->bucket[i]));
    }
    p->map = carve(m, (p->blocks + 31) / 32 * sizeof(*p->map));
    p->link = carve(m, p->blocks * sizeof(*p->link));
    p->block = carve(m, (apr_size_t)p->blocks * SSO_SHM_BLOCK);
}

void sso_shm_lay_out(sso_shm_t *m, unsigned char *base)
{
    sso_a32_t *used;
    sso_a32_t *ring;
    uint32_t i;
    apr_size_t room;

    m->base = base;
    m->size = 0;
    choose_parts(m);
    m->header = carve(m, sizeof(*m->header));
    used = carve(m, SSO_TENANTS_MAX * m->parts * sizeof(*used));
    ring = carve(m, SSO_TENANTS_MAX * m->parts * sizeof(*ring));
    for (i = 0; i < m->parts; i++) {
        lay_out_marks(m, &m->mark[i]);
    }
    room = (m->asked - m->size) >> (64 - m->part_shift) & ~(apr_size_t)63;
    for (i = 0; i < m->parts; i++) {
        m->part[i].number = i;
        m->part[i].stride = m->parts;
        m->part[i].used = used ? used + i : NULL;
        m->part[i].ring = ring ? ring + i : NULL;
        lay_out_part(m, &m->part[i], room);
    }
}
