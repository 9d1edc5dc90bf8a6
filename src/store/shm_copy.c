/*
 * shm_copy.c - from one segment into another, when its size was changed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_copy.h"

#include "store/shm_marks.h"
#include "store/shm_records.h"
#include "store/shm_tenants.h"
#include "store/shm_walk.h"

typedef struct {
    sso_ctx_t *cx;
    sso_shm_t *to;
    int number[SSO_TENANTS_MAX]; /* in the other store */
    apr_status_t rv;
} copier_t;

static int copy_record(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                       apr_time_t used)
{
    copier_t *c = baton;
    sso_record_t there = *record;

    there.tenant = c->number[record->tenant];
    c->rv = there.tenant < 0 ? APR_SUCCESS : sso_shm_put(c->cx, c->to, key, &there, used);
    if (c->rv && c->cx->err.fault == SSO_F_SESSION_SIZE) { /* the quota of a smaller store */
        sso_ctx_clear(c->cx);
        c->rv = APR_SUCCESS;
    }
    return c->rv != APR_SUCCESS;
}

static int copy_mark(void *baton, const sso_store_key_t *key, apr_time_t until)
{
    copier_t *c = baton;

    c->rv = sso_shm_mark(c->cx, c->to, key, until);
    if (c->rv == APR_EEXIST) c->rv = APR_SUCCESS;
    return c->rv != APR_SUCCESS;
}

static void copy_tenants(copier_t *c, const sso_shm_t *from)
{
    int i;

    for (i = 0; i < sso_shm_tenants(from); i++) {
        sso_store_key_t name = sso_shm_tenant_name(from, i);

        if (sso_shm_tenant_add(c->to, &name, &c->number[i])) {
            c->number[i] = -1;
        } else {
            sso_shm_tenant_quota_set(c->to, c->number[i], (int)sso_shm_tenant_quota(from, i));
        }
    }
}

apr_status_t sso_shm_copy(sso_ctx_t *cx, const sso_shm_t *from, sso_shm_t *to)
{
    copier_t *c = apr_pcalloc(cx->pool, sizeof(*c));
    apr_status_t rv;

    c->cx = cx;
    c->to = to;
    copy_tenants(c, from);
    if ((rv = sso_shm_marks_walk(cx, from, copy_mark, c)) || (rv = c->rv)) return rv;
    rv = sso_shm_walk(cx, from, &(sso_match_t){.tenant = -1}, copy_record, c);
    return rv ? rv : c->rv;
}
