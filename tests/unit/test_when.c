/*
 * test_when.c - xsd:dateTime: what it means, and everything that only looks like it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/when.h"
#include "unit.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SEC(n)   (APR_TIME_C(n) * 1000000)

/* Seconds are those of `date -u -d TEXT +%s`. */
static void times_are_read(void **state)
{
    static const struct {
        const char *text;
        apr_time_t wanted;
    } row[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"2026-11-23T18:58:52Z", NOW},
        {"2026-11-23T18:58:52.123Z", NOW + 123000},
        {"2026-11-23T18:58:52.1Z", NOW + 100000},
        {"2026-11-23T18:58:52.1234567Z", NOW + 123456}, /* .NET writes seven digits */
        {"2026-11-23T18:58:52.9999999999999999999999Z", NOW + 999999},
        {"2026-11-23T18:58:52.0000009Z", NOW},
        {"2026-11-23T20:58:52+02:00", NOW},
        {"2026-11-23T13:28:52-05:30", NOW},
        {"2026-11-23T20:58:52.5+02:00", NOW + 500000},
        {"2026-11-24T08:58:52+14:00", NOW},
        {"2026-11-23T04:58:52-14:00", NOW},
        {"2026-11-23T18:58:52+00:00", NOW},
        {"2026-11-23T18:58:52-00:00", NOW},
        {" \t\r\n2026-11-23T18:58:52Z \t\r\n", NOW},
        {"2000-02-29T12:00:00Z", SEC(951825600)},
        {"2024-02-29T23:59:59Z", SEC(1709251199)},
        {"2024-03-01T00:00:00Z", SEC(1709251200)},
        {"2023-03-01T00:00:00Z", SEC(1677628800)},
        {"2100-03-01T00:00:00Z", SEC(4107542400)}, /* 2100 is no leap year */
        {"2038-01-19T03:14:08Z", SEC(2147483648)},
        {"1999-12-31T23:59:59Z", SEC(946684799)},
        {"2999-12-31T23:59:59Z", SEC(32503679999)},
        {"1970-01-01T14:00:00+14:00", 0},
        {"2025-12-31T23:30:00-01:00", SEC(1767227400)},
        {"2026-01-01T00:30:00+01:00", SEC(1767223800)},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++) {
        apr_time_t t = -1;

        print_message("  %s\n", row[i].text);
        assert_int_equal(sso_when_parse(sso_span(row[i].text), &t), APR_SUCCESS);
        assert_int_equal(t, row[i].wanted);
    }
}

static void other_texts_are_refused(void **state)
{
    static const char *const row[] = {
        "",
        " ",
        "2026-11-23",
        "18:58:52Z",
        "2026-11-23T18:58:52", /* no time zone */
        "2026-11-23T18:58:52.5",
        "2026-11-23 18:58:52Z",
        "2026-11-23t18:58:52Z",
        "2026-11-23T18:58:52z",
        "2026-11-23T18:58Z",
        "2026-11-23T18:58:52ZZ",
        "2026-11-23T18:58:52Z x",
        "2026-11-23T18:58:52 Z",
        "2026-11-23T18:58:52UTC",
        "2026-11-23T18:58:52.Z", /* a fraction needs digits */
        "2026-11-23T18:58:52,5Z",
        "2026-11-23T18:58:52.5.5Z",
        "2026-11-23T18:58:52.-5Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T24:00:01Z",
        "2026-11-23T25:00:00Z",
        "2026-11-23T23:60:00Z",
        "2026-11-23T23:59:60Z",
        "2016-12-31T23:59:60Z", /* a leap second that was */
        "2026-11-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-03-32T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-05-32T00:00:00Z",
        "2026-06-31T00:00:00Z",
        "2026-07-32T00:00:00Z",
        "2026-08-32T00:00:00Z",
        "2026-09-31T00:00:00Z",
        "2026-12-32T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-13-10T00:00:00Z",
        "2026-10-00T00:00:00Z",
        "2026-10-32T00:00:00Z",
        "2026-1-10T00:00:00Z",
        "2026-10-1T00:00:00Z",
        "2026-10-10T1:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01", /* 1969 in UTC */
        "3000-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "-2026-11-23T18:58:52Z",
        "+2026-11-23T18:58:52Z",
        "12026-11-23T18:58:52Z",
        "026-11-23T18:58:52Z",
        "2026-11-23T18:58:52+14:01",
        "2026-11-23T18:58:52-14:01",
        "2026-11-23T18:58:52+15:00",
        "2026-11-23T18:58:52+02:60",
        "2026-11-23T18:58:52+2:00",
        "2026-11-23T18:58:52+0200",
        "2026-11-23T18:58:52+02",
        "2026-11-23T18:58:5214:00", /* an offset needs its sign */
        "2026-11-2:T18:58:52Z",     /* ':' comes after '9' */
        "2026-11-23T18:58:/2Z",     /* '/' comes before '0' */
        "2026-11-23T18:58:52+",
        "2026-11-23T18:58:52+-2:00",
        "2026-11-23T18:58:52+02:00Z",
        "2026-11-23T18:58:\xd9\xa5\xd9\xa2Z", /* digits, but not ours */
        "2026-11-23T-1:58:52Z",
        "2026-11-23T 8:58:52Z",
        "\302\2402026-11-23T18:58:52Z",
        "\v2026-11-23T18:58:52Z",
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++) {
        apr_time_t t = 4711;

        print_message("  %s\n", row[i]);
        assert_int_equal(sso_when_parse(sso_span(row[i]), &t), APR_EINVAL);
        assert_int_equal(t, 4711);
    }
}

static void nothing_is_read_past_the_span(void **state)
{
    static const char text[] = "2026-11-23T18:58:52.123+02:00";
    apr_size_t n;

    (void)state;
    for (n = 0; n < sizeof(text) - 1; n++) {
        apr_time_t t = 4711;
        char *copy = malloc(n ? n : 1); /* exactly as long, so that a sanitizer sees more */

        assert_non_null(copy);
        memcpy(copy, text, n);
        assert_int_equal(sso_when_parse(sso_span_of(copy, n), &t), APR_EINVAL);
        assert_int_equal(t, 4711);
        free(copy);
    }
    assert_int_equal(sso_when_parse(sso_span_of("2026-11-23T18:58:52Z\0", 21), &(apr_time_t){0}),
                     APR_EINVAL);
}

/* Day by day from 1970 to 2999: written by APR, read by us. */
static void every_day_comes_back(void **state)
{
    sso_ctx_t *cx = *state;
    apr_pool_t *scratch;
    apr_time_t t;
    int n = 0;

    assert_int_equal(apr_pool_create(&scratch, cx->pool), APR_SUCCESS);
    for (t = SEC(86399); t <= SEC(32503679999); t += SEC(86400)) {
        apr_time_t back = 0;

        assert_int_equal(sso_when_parse(sso_span(sso_when_text(scratch, t)), &back), APR_SUCCESS);
        assert_int_equal(back, t);
        if (++n % 1000 == 0) apr_pool_clear(scratch);
    }
    assert_int_equal(n, 376200);
}

static void times_are_written(void **state)
{
    sso_ctx_t *cx = *state;

    assert_string_equal(sso_when_text(cx->pool, NOW), "2026-11-23T18:58:52Z");
    assert_string_equal(sso_when_text(cx->pool, NOW + 999999), "2026-11-23T18:58:52Z");
    assert_string_equal(sso_when_text(cx->pool, 0), "1970-01-01T00:00:00Z");
}

static void sums_do_not_overflow(void **state)
{
    (void)state;
    assert_int_equal(sso_when_add(1, 2), 3);
    assert_int_equal(sso_when_add(APR_INT64_MAX - 1, 1), APR_INT64_MAX);
    assert_int_equal(sso_when_add(APR_INT64_MAX, 1), APR_INT64_MAX);
    assert_int_equal(sso_when_add(1, APR_INT64_MAX), APR_INT64_MAX);
    assert_int_equal(sso_when_add(APR_INT64_MAX, APR_INT64_MAX), APR_INT64_MAX);
    assert_int_equal(sso_when_add(0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(times_are_read),
        UNIT(other_texts_are_refused),
        UNIT(nothing_is_read_past_the_span),
        UNIT(every_day_comes_back),
        UNIT(times_are_written),
        UNIT(sums_do_not_overflow),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
