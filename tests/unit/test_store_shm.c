/*
 * test_store_shm.c - shared memory does what a store must do, and what only it can do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/store_shm.h"
#include "store_contract.h"

#define MIB (1024 * 1024)

static sso_store_t *make_of(sso_ctx_t *cx, apr_size_t size)
{
    sso_store_t *store = NULL;

    assert_int_equal(sso_store_shm_make(cx, cx->pool, size, &store), APR_SUCCESS);
    return store;
}

static sso_store_t *make(sso_ctx_t *cx)
{
    return make_of(cx, 4 * MIB);
}

static void assert_valid(sso_ctx_t *cx, sso_store_t *store)
{
    int violations = -1;

    assert_int_equal(sso_store_shm_validate(cx, store, &violations), APR_SUCCESS);
    assert_int_equal(violations, 0);
}

static void an_empty_store_is_valid(void **state)
{
    sso_ctx_t *cx = *state;

    assert_valid(cx, make_of(cx, 1 * MIB));
    assert_valid(cx, make_of(cx, 3 * MIB));
    assert_valid(cx, make_of(cx, 64 * MIB));
}

int main(void)
{
    const struct CMUnitTest tests[] = {UNIT(an_empty_store_is_valid)};

    contract_make = make;
    return contract_run("store_shm: contract")
           + cmocka_run_group_tests_name("store_shm", tests, unit_start, NULL);
}
