/*
 * test_random.c - the bytes asked for, all of them, and never twice the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/random.h"
#include "unit.h"

#include <limits.h>

/* What the generator answers; NULL: the real one does. */
static const int *answer;

UNIT_WRAP(int, RAND_bytes, unsigned char *out, int n);

int wrap_RAND_bytes(unsigned char *out, int n)
{
    return answer ? *answer : real_RAND_bytes(out, n);
}

/* 0 is a failure, -1 means that the method cannot do it at all. */
static void a_failing_generator_is_a_failure(void **state)
{
    static const int result[] = {0, -1};
    sso_ctx_t *cx = *state;
    unsigned char a[4] = {1, 2, 3, 4};
    const char *hex = "untouched";
    int i;

    for (i = 0; i < 2; i++) {
        answer = &result[i];
        assert_int_not_equal(sso_random_bytes(cx, a, sizeof(a)), APR_SUCCESS);
        assert_fault(cx, INTERNAL);
        assert_int_not_equal(sso_random_hex(cx, 4, &hex), APR_SUCCESS);
        assert_fault(cx, INTERNAL);
        assert_string_equal(hex, "untouched");
        assert_memory_equal(a, "\1\2\3\4", 4);
    }
    answer = NULL;
    assert_int_equal(sso_random_bytes(cx, a, sizeof(a)), APR_SUCCESS);
}

static void bytes_are_filled_exactly(void **state)
{
    sso_ctx_t *cx = *state;
    unsigned char a[33];
    unsigned char seen[32] = {0};
    int i;
    int j;

    for (i = 0; i < 64; i++) {
        memset(a, 0, sizeof(a));
        assert_int_equal(sso_random_bytes(cx, a, 32), APR_SUCCESS);
        assert_int_equal(a[32], 0);
        for (j = 0; j < 32; j++) {
            seen[j] |= a[j];
        }
    }
    for (j = 0; j < 32; j++) {
        assert_int_equal(seen[j], 0xff); /* fails by chance once in 2^56 runs */
    }
}

static void no_two_are_alike(void **state)
{
    sso_ctx_t *cx = *state;
    const char *a = NULL;
    const char *b = NULL;

    assert_int_equal(sso_random_hex(cx, 16, &a), APR_SUCCESS);
    assert_int_equal(sso_random_hex(cx, 16, &b), APR_SUCCESS);
    assert_int_equal(strlen(a), 32);
    assert_int_equal(strspn(a, "0123456789abcdef"), 32);
    assert_string_not_equal(a, b);
    assert_int_equal(sso_random_hex(cx, 0, &a), APR_SUCCESS);
    assert_string_equal(a, "");
}

static void more_than_the_generator_takes_is_refused(void **state)
{
    sso_ctx_t *cx = *state;
    unsigned char a[1] = {7};

    assert_int_not_equal(sso_random_bytes(cx, a, (apr_size_t)INT_MAX + 1), APR_SUCCESS);
    assert_fault(cx, INTERNAL);
    assert_int_equal(a[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(a_failing_generator_is_a_failure),
        UNIT(bytes_are_filled_exactly),
        UNIT(no_two_are_alike),
        UNIT(more_than_the_generator_takes_is_refused),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
