/*
 * test_store_mem.c - the heap does what a store must do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/store_mem.h"
#include "store_contract.h"

static sso_store_t *make(sso_ctx_t *cx)
{
    return sso_store_mem_make(cx->pool);
}

static void there_are_no_snapshots(void **state)
{
    sso_ctx_t *cx = *state;
    sso_store_t *store = make(cx);

    assert_int_equal(store->ops->save(store, cx, "/nonexistent", NULL), APR_ENOTIMPL);
    assert_int_equal(store->ops->load(store, cx, "/nonexistent", NULL), APR_ENOTIMPL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {UNIT(there_are_no_snapshots)};

    contract_make = make;
    return contract_run("store_mem: contract")
           + cmocka_run_group_tests_name("store_mem", tests, unit_start, NULL);
}
