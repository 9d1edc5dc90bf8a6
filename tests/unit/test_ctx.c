/*
 * test_ctx.c - the first failure wins, codes are unique, quoted text is harmless.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

static void first_failure_wins(void **state)
{
    sso_ctx_t *cx = *state;

    assert_int_not_equal(sso_fail_about(cx, SSO_F_PARAM_MISSING, "sig", "no sig"), APR_SUCCESS);
    assert_int_not_equal(sso_fail(cx, SSO_F_INTERNAL, "later"), APR_SUCCESS);
    assert_string_equal(sso_error_code(cx), "param_missing:sig");
    assert_string_equal(cx->err.log, "no sig");
    assert_fault(cx, PARAM_MISSING);
}

static void rows_are_complete_and_unique(void **state)
{
    int i;
    int j;

    (void)state;
    for (i = 1; i < SSO_F_COUNT; i++) {
        const sso_fault_info_t *a = sso_fault_info((sso_fault_t)i);

        assert_true(a->code && *a->code && a->user && *a->user && a->cure && *a->cure);
        assert_in_range(a->http, 400, 599);
        for (j = 1; j < i; j++) {
            assert_string_not_equal(a->code, sso_fault_info((sso_fault_t)j)->code);
        }
    }
}

static void quoted_text_is_one_harmless_line(void **state)
{
    sso_ctx_t *cx = *state;

    assert_string_equal(sso_log_quote(cx->pool, "a\n\x1b\\b\xc3", 6, 99), "a\\x0a\\x1b\\x5cb\\xc3");
    assert_string_equal(sso_log_quote(cx->pool, "abcdef", 6, 3), "abc...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(first_failure_wins),
        UNIT(rows_are_complete_and_unique),
        UNIT(quoted_text_is_one_harmless_line),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
