/*
 * when.c - xsd:dateTime by hand: no locale, no time zone of the machine, nothing skipped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/when.h"

#include <apr_strings.h>

#define DAY_SECONDS  86400
#define OFFSET_MOST  (14 * 60) /* minutes, either way */
#define LAST_YEAR    2999
#define MICRO_DIGITS 6

typedef struct {
    int year, month, day, hour, minute, second;
    int micro;  /* of a second */
    int offset; /* minutes east of UTC */
} parts_t;

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static sso_span_t strip(sso_span_t text)
{
    while (text.n > 0 && is_space(text.p[0])) {
        text.p++;
        text.n--;
    }
    while (text.n > 0 && is_space(text.p[text.n - 1])) {
        text.n--;
    }
    return text;
}

/* Exactly n digits with a value from low to high. */
static int take_number(sso_span_t *text, apr_size_t n, int low, int high, int *out)
{
    int value = 0;
    apr_size_t i;

    if (text->n < n) return 0;
    for (i = 0; i < n; i++) {
        if (!is_digit(text->p[i])) return 0;
        value = value * 10 + (text->p[i] - '0');
    }
    if (value < low || value > high) return 0;
    text->p += n;
    text->n -= n;
    *out = value;
    return 1;
}

static int take_char(sso_span_t *text, char c)
{
    if (text->n == 0 || text->p[0] != c) return 0;
    text->p++;
    text->n--;
    return 1;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (leap && month == 2);
}

static int take_date(sso_span_t *text, parts_t *t)
{
    return take_number(text, 4, 1970, LAST_YEAR, &t->year) && take_char(text, '-')
           && take_number(text, 2, 1, 12, &t->month) && take_char(text, '-')
           && take_number(text, 2, 1, days_in_month(t->year, t->month), &t->day);
}

/* No 24:00:00 and no leap second: no producer of SAML writes them, and both mean another day. */
static int take_clock(sso_span_t *text, parts_t *t)
{
    return take_number(text, 2, 0, 23, &t->hour) && take_char(text, ':')
           && take_number(text, 2, 0, 59, &t->minute) && take_char(text, ':')
           && take_number(text, 2, 0, 59, &t->second);
}

/* ".123": any number of digits but none; those after the sixth are cut. */
static int take_fraction(sso_span_t *text, parts_t *t)
{
    int scale = 100000;
    int n;

    if (!take_char(text, '.')) return 1;
    for (n = 0; text->n > 0 && is_digit(text->p[0]); n++) {
        if (n < MICRO_DIGITS) t->micro += (text->p[0] - '0') * scale;
        scale /= 10;
        text->p++;
        text->n--;
    }
    return n > 0;
}

static int take_zone(sso_span_t *text, parts_t *t)
{
    int sign = 1;
    int hours;
    int minutes;

    if (take_char(text, 'Z')) return 1;
    if (!take_char(text, '+')) {
        if (!take_char(text, '-')) return 0;
        sign = -1;
    }
    if (!take_number(text, 2, 0, 14, &hours) || !take_char(text, ':')) return 0;
    if (!take_number(text, 2, 0, 59, &minutes)) return 0;
    t->offset = sign * (hours * 60 + minutes);
    return hours * 60 + minutes <= OFFSET_MOST;
}

/* Days since 1970-01-01; years are counted from March, so that the leap day comes last. */
static apr_int64_t days_since_1970(int year, int month, int day)
{
    apr_int64_t y = month > 2 ? year : year - 1;
    apr_int64_t month_from_march = (month + 9) % 12;
    apr_int64_t days_before_month = (153 * month_from_march + 2) / 5;

    return y * 365 + y / 4 - y / 100 + y / 400 + days_before_month + day - 1 - 719468;
}

static apr_time_t as_time(const parts_t *t)
{
    apr_int64_t seconds = days_since_1970(t->year, t->month, t->day) * DAY_SECONDS + t->hour * 3600
                          + t->minute * 60 + t->second - t->offset * 60;

    return apr_time_from_sec(seconds) + t->micro;
}

apr_status_t sso_when_parse(sso_span_t text, apr_time_t *out)
{
    parts_t t = {.offset = 0};
    apr_time_t when;

    text = strip(text);
    if (!take_date(&text, &t) || !take_char(&text, 'T') || !take_clock(&text, &t)
        || !take_fraction(&text, &t) || !take_zone(&text, &t) || text.n > 0) {
        return APR_EINVAL;
    }
    when = as_time(&t);
    if (when < 0) return APR_EINVAL; /* 1970 there, 1969 in UTC */
    *out = when;
    return APR_SUCCESS;
}

char *sso_when_text(apr_pool_t *pool, apr_time_t t)
{
    apr_time_exp_t e;

    apr_time_exp_gmt(&e, t);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", e.tm_year + 1900, e.tm_mon + 1,
                        e.tm_mday, e.tm_hour, e.tm_min, e.tm_sec);
}

apr_time_t sso_when_add(apr_time_t a, apr_interval_time_t b)
{
    return a > APR_INT64_MAX - b ? APR_INT64_MAX : a + b;
}

/* ---- durations ---- */

#define DURATION_MOST ((apr_int64_t)100 * 365 * DAY_SECONDS)

/* Digits and then one of the letters, which have to come in their order; its place, or -1. */
static int take_part(sso_span_t *text, const char *letters, int from, apr_int64_t *value)
{
    const char *letter;
    apr_size_t n;

    *value = 0;
    for (n = 0; n < text->n && n < 9 && is_digit(text->p[n]); n++) {
        *value = *value * 10 + (text->p[n] - '0');
    }
    if (n == 0 || n == text->n) return -1;
    letter = strchr(letters + from, text->p[n]);
    if (!letter || *letter == '\0') return -1;
    *text = sso_span_of(text->p + n + 1, text->n - n - 1);
    return (int)(letter - letters);
}

/* The parts before or behind the 'T'; how many there were, or -1. */
static int take_parts(sso_span_t *text, const char *letters, const int *seconds, apr_int64_t *sum)
{
    int parts = 0;
    int next = 0;

    while (text->n > 0 && text->p[0] != 'T') {
        apr_int64_t value;
        const int at = take_part(text, letters, next, &value);

        if (at < 0) return -1;
        *sum += value * seconds[at];
        next = at + 1;
        parts++;
    }
    return parts;
}

apr_status_t sso_when_duration(sso_span_t text, apr_interval_time_t *out)
{
    static const int days[] = {365 * DAY_SECONDS, 30 * DAY_SECONDS, DAY_SECONDS};
    static const int times[] = {3600, 60, 1};
    apr_int64_t sum = 0;
    int dates;
    int clocks = 0;

    text = strip(text);
    if (!take_char(&text, 'P')) return APR_EINVAL;
    dates = take_parts(&text, "YMD", days, &sum);
    if (dates >= 0 && take_char(&text, 'T')) {
        clocks = take_parts(&text, "HMS", times, &sum);
        if (clocks == 0) return APR_EINVAL;
    }
    if (dates < 0 || clocks < 0 || dates + clocks == 0 || text.n > 0) return APR_EINVAL;
    if (sum > DURATION_MOST) return APR_EINVAL;
    *out = apr_time_from_sec(sum);
    return APR_SUCCESS;
}
