/*
 * shm_tenants.h - tenants by name, and who has a right to how much.
 *
 * Owns:  the table of tenants in the header; ceilings and floors.
 * Layer: store (base).
 *
 * Only the parent changes the table, before there are children or at a restart.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_TENANTS_H
#define SSO_STORE_SHM_TENANTS_H

#include "store/shm_layout.h"

/* The number of the tenant whose name has this hash; a new one has no quota. APR_ENOSPC: full. */
apr_status_t sso_shm_tenant_add(sso_shm_t *m, const sso_store_key_t *name, int *out);

/* Set a quota in percent, 0 for a fair share. */
void sso_shm_tenant_quota_set(sso_shm_t *m, int tenant, int percent);
uint32_t sso_shm_tenant_quota(const sso_shm_t *m, int tenant);

/* How many there are, and the hash of a name. */
int sso_shm_tenants(const sso_shm_t *m);
sso_store_key_t sso_shm_tenant_name(const sso_shm_t *m, int tenant);

/* Blocks: of all partitions together; the most a tenant may have; what it is promised (all
 * promises together are no more than there is); what it has. */
uint64_t sso_shm_area(const sso_shm_t *m);
uint64_t sso_shm_ceiling(const sso_shm_t *m, int tenant);
uint64_t sso_shm_floor(const sso_shm_t *m, int tenant);
uint64_t sso_shm_total(const sso_shm_t *m, int tenant);

#endif /* SSO_STORE_SHM_TENANTS_H */
