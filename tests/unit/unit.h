/*
 * unit.h - what every unit test needs: cmocka in the order that compiles, and a fresh context.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_UNIT_H
#define SSO_TESTS_UNIT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/ctx.h"
#include "base/span.h"

#include <apr_general.h>

#define NOW APR_TIME_C(1795460332000000) /* 2026-11-23T18:58:52Z */

/* Group set-up: APR. */
static inline int unit_start(void **state)
{
    (void)state;
    return apr_initialize() == APR_SUCCESS ? 0 : -1;
}

/* Test set-up and tear-down: a context with a pool of its own in *state. */
static inline int unit_make_ctx(void **state)
{
    apr_pool_t *pool;
    sso_ctx_t *cx;

    if (apr_pool_create(&pool, NULL) != APR_SUCCESS) return -1;
    cx = apr_pcalloc(pool, sizeof(*cx));
    *cx = sso_ctx(pool, NOW);
    *state = cx;
    return 0;
}

static inline int unit_free_ctx(void **state)
{
    apr_pool_destroy(((sso_ctx_t *)*state)->pool);
    return 0;
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, unit_make_ctx, unit_free_ctx)

/* The last call failed with this fault; the context is cleared for the next one. */
#define assert_fault(cx, wanted)                                   \
    do {                                                           \
        assert_string_equal(sso_fault_info((cx)->err.fault)->code, \
                            sso_fault_info(SSO_F_##wanted)->code); \
        sso_ctx_clear(cx);                                         \
    } while (0)

/* A function of another library that a test makes fail: real_x() is the library's. The program is
 * linked with -Wl,--wrap=x, so that calls of x from libsso.la come to wrap_x(). */
#define UNIT_WRAP(type, x, ...)                       \
    type real_##x(__VA_ARGS__) __asm__("__real_" #x); \
    type wrap_##x(__VA_ARGS__) __asm__("__wrap_" #x)

#endif /* SSO_TESTS_UNIT_H */
