/*
 * test_rate.c - how often a warning is a line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/rate.h"
#include "unit.h"

#include <stdio.h>

typedef struct {
    int lines;
    char last[128];
} heard_t;

static void hear(void *sink, int level, const char *file, int line, const char *text)
{
    heard_t *heard = sink;

    (void)file;
    (void)line;
    assert_int_equal(level, SSO_LOG_WARN);
    heard->lines++;
    (void)snprintf(heard->last, sizeof(heard->last), "%s", text);
}

static void a_minute_has_one_line(void **state)
{
    sso_ctx_t *cx = *state;
    sso_rate_t rate = {0};
    sso_rate_t other = {0};
    heard_t heard = {0};
    int i;

    cx->log = hear;
    cx->sink = &heard;
    cx->level = SSO_LOG_WARN;
    for (i = 0; i < 4; i++)
        sso_rate_warn(cx, &rate, "it leaks");
    assert_int_equal(heard.lines, 1);
    assert_string_equal(heard.last, "it leaks");
    sso_rate_warn(cx, &other, "it burns"); /* not one for another */
    assert_int_equal(heard.lines, 2);
    cx->now += APR_TIME_C(59999999);
    sso_rate_warn(cx, &rate, "it leaks");
    assert_int_equal(heard.lines, 2);
    cx->now += 1;
    sso_rate_warn(cx, &rate, "it leaks again");
    assert_int_equal(heard.lines, 3);
    assert_string_equal(heard.last, "it leaks again; and 4 more since the last such line");
    cx->now += APR_TIME_C(60000000);
    sso_rate_warn(cx, &rate, "and again");
    assert_string_equal(heard.last, "and again");
}

int main(void)
{
    const struct CMUnitTest tests[] = {UNIT(a_minute_has_one_line)};

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
