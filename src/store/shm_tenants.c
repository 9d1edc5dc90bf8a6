/*
 * shm_tenants.c - a small table, searched in order: it is read at start-up and when room is short.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_tenants.h"

int sso_shm_tenants(const sso_shm_t *m)
{
    return (int)sso_a32_get(&m->header->tenants);
}

sso_store_key_t sso_shm_tenant_name(const sso_shm_t *m, int tenant)
{
    return sso_shm_key_get(m->header->tenant[tenant].name);
}

uint32_t sso_shm_tenant_quota(const sso_shm_t *m, int tenant)
{
    return sso_a32_get(&m->header->tenant[tenant].quota);
}

/* What all quotas leave, and among how many. */
static void add_up(sso_shm_t *m)
{
    uint32_t quotas = 0;
    uint32_t fair = 0;
    int i;

    for (i = 0; i < sso_shm_tenants(m); i++) {
        uint32_t quota = sso_shm_tenant_quota(m, i);

        quotas += quota;
        fair += quota == 0;
    }
    sso_a32_set(&m->header->quotas, quotas);
    sso_a32_set(&m->header->fair, fair);
}

apr_status_t sso_shm_tenant_add(sso_shm_t *m, const sso_store_key_t *name, int *out)
{
    int n = sso_shm_tenants(m);
    int i;

    for (i = 0; i < n; i++) {
        if (sso_shm_key_is(m->header->tenant[i].name, name)) {
            *out = i;
            return APR_SUCCESS;
        }
    }
    if (n == SSO_TENANTS_MAX) return APR_ENOSPC;
    sso_awords_set(m->header->tenant[n].name, name, sizeof(*name));
    sso_a32_set(&m->header->tenant[n].quota, 0);
    atomic_store_explicit(&m->header->tenants, (uint32_t)n + 1, memory_order_release);
    add_up(m);
    *out = n;
    return APR_SUCCESS;
}

void sso_shm_tenant_quota_set(sso_shm_t *m, int tenant, int percent)
{
    sso_a32_set(&m->header->tenant[tenant].quota, (uint32_t)percent);
    add_up(m);
}

uint64_t sso_shm_area(const sso_shm_t *m)
{
    return (uint64_t)m->part[0].blocks * m->parts;
}

uint64_t sso_shm_ceiling(const sso_shm_t *m, int tenant)
{
    uint32_t quota = sso_shm_tenant_quota(m, tenant);

    return quota == 0 ? sso_shm_area(m) : sso_shm_area(m) * quota / 100;
}

uint64_t sso_shm_floor(const sso_shm_t *m, int tenant)
{
    uint32_t quotas = sso_a32_get(&m->header->quotas);
    uint32_t fair = sso_a32_get(&m->header->fair);
    uint32_t quota = sso_shm_tenant_quota(m, tenant);

    if (quota > 0) return sso_shm_area(m) * quota / (quotas > 100 ? quotas : 100);
    return quotas >= 100 || fair == 0 ? 0 : sso_shm_area(m) * (100 - quotas) / 100 / fair;
}

uint64_t sso_shm_total(const sso_shm_t *m, int tenant)
{
    sso_a32_t *used = sso_shm_used(&m->part[0], tenant);
    uint64_t sum = 0;
    uint32_t i;

    for (i = 0; i < m->parts; i++) {
        sum += sso_a32_get(&used[i]);
    }
    return sum;
}
