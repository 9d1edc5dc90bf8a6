/*
 * store_contract.h - what every backend of the store must do, as tests.
 *
 * A test program sets contract_make and runs the group.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_STORE_CONTRACT_H
#define SSO_TESTS_STORE_CONTRACT_H

#include "store/store.h"
#include "unit.h"

/* Makes the store to test, empty, in cx->pool. */
extern sso_store_t *(*contract_make)(sso_ctx_t *cx);

/* The longest value of a store that needs some of SSO_RECORD_MAX for itself; 0: all of it. */
extern apr_size_t contract_most;

/* Fails the test if the store is not in order within; may be NULL. */
extern void (*contract_check)(sso_ctx_t *cx, sso_store_t *store);

/* Runs all; the number of failures. */
int contract_run(const char *name);

/* ---- small things that make tests readable ---- */

#define SEC APR_USEC_PER_SEC

/* A key that looks like a hash, different for every n. */
sso_store_key_t key_of(apr_uint64_t n);

/* A record with the text as its value that expires in an hour. */
sso_record_t record_of(int tenant, const char *text);

/* The number of a tenant without a quota. */
int tenant_of(sso_store_t *store, sso_ctx_t *cx, const char *name);

apr_status_t put_text(sso_store_t *store, sso_ctx_t *cx, apr_uint64_t key, int tenant,
                      const char *text);

/* The text of a record, or NULL for a miss. */
const char *get_text(sso_store_t *store, sso_ctx_t *cx, apr_uint64_t key, int tenant);

sso_store_stats_t stats_of(sso_store_t *store, sso_ctx_t *cx);

#endif /* SSO_TESTS_STORE_CONTRACT_H */
