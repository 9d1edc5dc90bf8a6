/*
 * fuzz.h - what a fuzz target is, and what it demands.
 *
 * A target is one file with LLVMFuzzerTestOneInput. With --enable-fuzz it is linked with libFuzzer;
 * otherwise with replay.c, which runs it over its corpus and over simple mutations of it in
 * `make check`. A target demands more than that nothing crashes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_FUZZ_H
#define SSO_TESTS_FUZZ_H

#include "base/ctx.h"
#include "base/span.h"

#include <apr_general.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_NOW APR_TIME_C(1795460332000000) /* 2026-11-23T18:58:52Z */

/* The pool for one input; to be cleared behind it, so that leaks show. */
static inline apr_pool_t *fuzz_pool(void)
{
    static apr_pool_t *pool;

    if (!pool) {
        if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS) abort();
    }
    return pool;
}

/* What must hold; ends the run where it does not. */
#define fuzz_demand(holds)                                                             \
    do {                                                                               \
        if (!(holds)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds); \
            abort();                                                                   \
        }                                                                              \
    } while (0)

#endif /* SSO_TESTS_FUZZ_H */
