/*
 * test_trace.c - what a verifier checked: written down when asked for, and free otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/trace.h"
#include "unit.h"

#include <string.h>

static sso_step_t step_of(const sso_trace_t *trace, int i)
{
    return APR_ARRAY_IDX(trace->steps, i, sso_step_t);
}

static int called;

static const char *costly(void)
{
    called++;
    return "x";
}

static void nobody_asked(void **state)
{
    sso_ctx_t *cx = *state;

    assert_null(cx->trace);
    sso_trace_see(cx, "a", costly(), costly());
    sso_trace_step(cx, costly(), APR_SUCCESS);
    sso_trace_skip(cx, costly());
    assert_int_equal(called, 0);
}

static void steps_have_what_they_compared(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_seen_t *seen;

    cx->trace = sso_trace_make(cx->pool);
    sso_trace_step(cx, "one", APR_SUCCESS);
    sso_trace_see(cx, "Issuer", "a", "a");
    sso_trace_see(cx, "Format", NULL, NULL);
    sso_trace_step(cx, "two", APR_SUCCESS);
    assert_int_equal(cx->trace->steps->nelts, 2);
    assert_int_equal(step_of(cx->trace, 0).n, 0);
    assert_int_equal(step_of(cx->trace, 1).n, 2);
    assert_int_equal(step_of(cx->trace, 1).state, SSO_STEP_HELD);
    seen = &APR_ARRAY_IDX(cx->trace->seen, step_of(cx->trace, 1).first, sso_seen_t);
    assert_string_equal(seen[0].what, "Issuer");
    assert_string_equal(seen[1].expected, "");
    assert_string_equal(seen[1].came, "");
}

/* A failure inside another check is one failure, and nothing is said of what follows. */
static void only_the_first_failure_counts(void **state)
{
    sso_ctx_t *cx = *state;

    cx->trace = sso_trace_make(cx->pool);
    sso_trace_see(cx, "Audience", "us", "them");
    sso_trace_step(cx, "inner", APR_EGENERAL);
    sso_trace_skip(cx, "inner, later");
    sso_trace_see(cx, "later", "x", "y");
    sso_trace_step(cx, "outer", APR_EGENERAL);
    sso_trace_step(cx, "outer, later", APR_SUCCESS);
    assert_int_equal(cx->trace->steps->nelts, 2);
    assert_int_equal(cx->trace->seen->nelts, 1);
    assert_int_equal(step_of(cx->trace, 0).state, SSO_STEP_FAILED);
    assert_int_equal(step_of(cx->trace, 0).n, 1);
    assert_int_equal(step_of(cx->trace, 1).state, SSO_STEP_UNREACHED);
    assert_string_equal(step_of(cx->trace, 1).rule, "inner, later");
    sso_trace_hint(cx, "why");
    assert_string_equal(cx->trace->hint, "why");
}

/* What comes from outside is bounded, in length and in number, and stays UTF-8. */
static void it_is_bounded(void **state)
{
    sso_ctx_t *cx = *state;
    char text[4 * SSO_TRACE_MAX];
    const char *came;
    int i;

    cx->trace = sso_trace_make(cx->pool);
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text + SSO_TRACE_MAX - 1, "\xc3\xa9", 2); /* across the border */
    for (i = 0; i < SSO_TRACE_SEEN + 5; i++)
        sso_trace_see(cx, "x", "", text);
    assert_int_equal(cx->trace->seen->nelts, SSO_TRACE_SEEN);
    came = APR_ARRAY_IDX(cx->trace->seen, 0, sso_seen_t).came;
    assert_int_equal(strlen(came), SSO_TRACE_MAX - 1 + 3);
    assert_string_equal(came + SSO_TRACE_MAX - 1, "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(nobody_asked),
        UNIT(steps_have_what_they_compared),
        UNIT(only_the_first_failure_counts),
        UNIT(it_is_bounded),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
