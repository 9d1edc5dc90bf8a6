/*
 * test_settings.c - directives as rows: every kind, its bounds, presets, merging and printing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/settings.h"
#include "unit.h"

#include <apr_strings.h>

#include <stddef.h>
#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A table of one's own: one row of each kind, and rows with presets and rules. */
typedef struct {
    apr_uint64_t given;
    int flag, word;
    apr_int64_t number, free_number, size;
    apr_interval_time_t time;
    const char *text;
    apr_array_header_t *list, *pair, *lines, *secrets;
} sample_t;

enum { FLAG, ENUM, NUMBER, FREE, SIZE, TIME, TEXT, LIST, PAIR, LINES, SECRETS, ROWS };

static const char *const colours[] = {"red", "green", "blue", NULL};

static const char *check_list(apr_pool_t *p, int n, const char *const *word)
{
    int i;

    for (i = 0; i < n; i++) {
        if (!strcmp(word[i], "none") && n > 1) {
            return apr_psprintf(p, "'none' stands alone, not among %d", n);
        }
    }
    return NULL;
}

#define ROW(kind, name, field, min, max, choices, check, preset, usage)                       \
    SSO_SETTING_ROW(sample_t, kind, name, field, GLOBAL, 0, min, max, choices, check, preset, \
                    usage, "Help.")

/* clang-format off */
static const sso_setting_t rows[] = {
    ROW(FLAG,     SampleFlag,    flag,        0, 0, NULL, NULL, "on", "on|off"),
    ROW(ENUM,     SampleEnum,    word,        0, 0, colours, NULL, "green", "red|green|blue"),
    ROW(NUMBER,   SampleNumber,  number,      1, 100, NULL, NULL, "7", "NUMBER"),
    ROW(NUMBER,   SampleFree,    free_number, 0, 0, NULL, NULL, NULL, "NUMBER"),
    ROW(BYTES,    SampleSize,    size,        512, 1048576, NULL, NULL, "64k", "SIZE"),
    ROW(DURATION, SampleTime,    time,        APR_TIME_C(1000000), APR_TIME_C(86400000000), NULL, NULL, "90s", "TIME"),
    ROW(TEXT,     SampleText,    text,        0, 0, NULL, NULL, NULL, "TEXT"),
    ROW(LIST,     SampleList,    list,        1, 4, NULL, check_list, "one two", "WORD..."),
    ROW(LIST,     SamplePair,    pair,        2, 2, NULL, NULL, NULL, "A B"),
    ROW(LINES,    SampleLines,   lines,       1, 2, NULL, NULL, NULL, "A [B]"),
    ROW(SECRET,   SampleSecret,  secrets,     1, 2, NULL, NULL, NULL, "SECRET [OLD]"),
};
/* clang-format on */

static const sso_table_t table = {rows, ROWS, sizeof(sample_t)};

/* Words cut at spaces; "_" stands for an empty one. */
static int cut(apr_pool_t *p, const char *line, const char *word[8])
{
    char *rest = NULL;
    char *at = apr_strtok(apr_pstrdup(p, line), " ", &rest);
    int n = 0;

    for (; at; at = apr_strtok(NULL, " ", &rest))
        word[n++] = strcmp(at, "_") != 0 ? at : "";
    return n;
}

static const char *read_row(sso_ctx_t *cx, void *settings, int row, const char *line)
{
    const char **word = apr_pcalloc(cx->pool, 8 * sizeof(*word));
    const sso_reader_t reader = {.pool = cx->pool, .root = "/nowhere"};
    int n = cut(cx->pool, line, word);

    return sso_settings_read(&table, settings, row, n, word, &reader);
}

static const char *list_text(sso_ctx_t *cx, const apr_array_header_t *list)
{
    return list ? apr_array_pstrcat(cx->pool, list, ' ') : "(none)";
}

static void scalars_are_read(void **state)
{
    static const struct {
        int row;
        const char *line;
        apr_int64_t wanted;
    } row[] = {
        {FLAG, "on", 1},
        {FLAG, "OFF", 0},
        {ENUM, "red", 0},
        {ENUM, "Blue", 2},
        {NUMBER, "1", 1},
        {NUMBER, "100", 100},
        {NUMBER, "007", 7},
        {FREE, "0", 0},
        {FREE, "9223372036854775807", APR_INT64_MAX},
        {SIZE, "512", 512},
        {SIZE, "1k", 1024},
        {SIZE, "1M", 1048576},
        {SIZE, "1024k", 1048576},
        {TIME, "1s", 1000000},
        {TIME, "2m", 120000000},
        {TIME, "24h", APR_TIME_C(86400000000)},
        {TIME, "1D", APR_TIME_C(86400000000)},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sample_t s = {.flag = -1, .word = -1};
        const char *field = (const char *)&s + rows[row[i].row].offset;
        int is_int = rows[row[i].row].kind == SSO_K_FLAG || rows[row[i].row].kind == SSO_K_ENUM;
        int small;
        apr_int64_t large;

        print_message("  %s %s\n", rows[row[i].row].name, row[i].line);
        assert_null(read_row(cx, &s, row[i].row, row[i].line));
        memcpy(&small, field, sizeof(small));
        memcpy(&large, field, is_int ? 0 : sizeof(large));
        assert_int_equal(is_int ? small : large, row[i].wanted);
        assert_int_equal(s.given, 1u << row[i].row);
    }
}

/* What is refused says what to write instead, and changes nothing. */
static void refusals_say_what_to_write(void **state)
{
    static const struct {
        int row;
        const char *line, *why;
    } row[] = {
        {FLAG, "yes", "'yes' is neither on nor off"},
        {FLAG, "on off", "wrong number of arguments; write SampleFlag on|off"},
        {FLAG, "", "wrong number of arguments; write SampleFlag on|off"},
        {ENUM, "pink", "'pink' is not known here; write red|green|blue"},
        {ENUM, "re", "'re' is not known here; write red|green|blue"},
        {NUMBER, "0", "'0' is out of bounds; write a value from 1 to 100"},
        {NUMBER, "101", "'101' is out of bounds; write a value from 1 to 100"},
        {NUMBER, "-5", "'-5' is not a number; write a whole number"},
        {NUMBER, "+5", "'+5' is not a number; write a whole number"},
        {NUMBER, "_", "'' is not a number; write a whole number"},
        {NUMBER, "0x10", "'0x10' has an unknown unit; write a whole number"},
        {NUMBER, "5s", "'5s' has an unknown unit; write a whole number"},
        {NUMBER, "1.5", "'1.5' has an unknown unit; write a whole number"},
        {FREE, "9223372036854775808",
         "'9223372036854775808' is not a number; write a whole number"},
        {SIZE, "511", "'511' is out of bounds; write a value from 512 to 1m"},
        {SIZE, "1025k", "'1025k' is out of bounds; write a value from 512 to 1m"},
        {SIZE, "9223372036854775807g",
         "'9223372036854775807g' is out of bounds; write a value from 512 to 1m"},
        {SIZE, "1t",
         "'1t' has an unknown unit; write a number and, if needed, a unit: 512, 64k, 16m or 1g"},
        {SIZE, "k",
         "'k' is not a number; write a number and, if needed, a unit: 512, 64k, 16m or 1g"},
        {TIME, "90", "'90' has no unit; write a number and a unit: 30s, 15m, 8h or 14d"},
        {TIME, "20x", "'20x' has an unknown unit; write a number and a unit: 30s, 15m, 8h or 14d"},
        {TIME, "1ms", "'1ms' has an unknown unit; write a number and a unit: 30s, 15m, 8h or 14d"},
        {TIME, "0s", "'0s' is out of bounds; write a value from 1s to 1d"},
        {TIME, "25h", "'25h' is out of bounds; write a value from 1s to 1d"},
        {TIME, "9223372036854775807d",
         "'9223372036854775807d' is out of bounds; write a value from 1s to 1d"},
        {TEXT, "a b", "wrong number of arguments; write SampleText TEXT"},
        {LIST, "a b c d e", "wrong number of arguments; write SampleList WORD..."},
        {LIST, "a none", "'none' stands alone, not among 2"},
        {PAIR, "a", "wrong number of arguments; write SamplePair A B"},
        {PAIR, "a b c", "wrong number of arguments; write SamplePair A B"},
        {LINES, "a b c", "wrong number of arguments; write SampleLines A [B]"},
        {SECRETS, "env:A env:B env:C",
         "wrong number of arguments; write SampleSecret SECRET [OLD]"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sample_t *s = sso_settings_make(&table, cx->pool);
        sample_t before = *s;

        print_message("  %s %s\n", rows[row[i].row].name, row[i].line);
        assert_string_equal(read_row(cx, s, row[i].row, row[i].line), row[i].why);
        assert_memory_equal(s, &before, sizeof(before));
    }
}

static void texts_and_lines_are_kept(void **state)
{
    sso_ctx_t *cx = *state;
    sample_t *s = sso_settings_empty(&table, cx->pool);
    const sso_line_t *line;

    assert_null(read_row(cx, s, TEXT, "x"));
    assert_null(read_row(cx, s, TEXT, "_"));
    assert_string_equal(s->text, ""); /* the last line counts */
    assert_null(read_row(cx, s, LINES, "a b"));
    assert_null(read_row(cx, s, LINES, "c"));
    assert_int_equal(s->lines->nelts, 2);
    line = &APR_ARRAY_IDX(s->lines, 0, sso_line_t);
    assert_int_equal(line->n, 2);
    assert_string_equal(line->word[1], "b");
    line = &APR_ARRAY_IDX(s->lines, 1, sso_line_t);
    assert_int_equal(line->n, 1);
    assert_string_equal(line->word[0], "c");
}

/* The words of a list's lines add up, and are judged together. */
static void lists_grow_line_by_line(void **state)
{
    sso_ctx_t *cx = *state;
    sample_t *s = sso_settings_empty(&table, cx->pool);

    assert_null(read_row(cx, s, LIST, "a b"));
    assert_null(read_row(cx, s, LIST, "c"));
    assert_string_equal(list_text(cx, s->list), "a b c");
    assert_string_equal(read_row(cx, s, LIST, "none"), "'none' stands alone, not among 4");
    assert_string_equal(list_text(cx, s->list), "a b c");
    assert_null(read_row(cx, s, LIST, "d"));
    assert_non_null(read_row(cx, s, LIST, "e"));
    assert_string_equal(list_text(cx, s->list), "a b c d");

    s = sso_settings_empty(&table, cx->pool);
    assert_null(read_row(cx, s, LIST, "none"));
    assert_string_equal(read_row(cx, s, LIST, "a"), "'none' stands alone, not among 2");
    assert_string_equal(list_text(cx, s->list), "none");
    assert_null(read_row(cx, s, PAIR, "a b"));
    assert_non_null(read_row(cx, s, PAIR, "c d"));
}

static void presets_hold_until_something_is_written(void **state)
{
    sso_ctx_t *cx = *state;
    sample_t *s = sso_settings_make(&table, cx->pool);

    assert_int_equal(s->given, 0);
    assert_int_equal(s->flag, 1);
    assert_int_equal(s->word, 1);
    assert_int_equal(s->number, 7);
    assert_int_equal(s->size, 65536);
    assert_int_equal(s->time, 90000000);
    assert_null(s->text);
    assert_null(s->pair);
    assert_string_equal(list_text(cx, s->list), "one two");
    assert_int_equal(sso_settings_given(s, LIST), 0);

    assert_null(read_row(cx, s, LIST, "three"));
    assert_string_equal(list_text(cx, s->list), "three");
    assert_null(read_row(cx, s, LIST, "four"));
    assert_string_equal(list_text(cx, s->list), "three four");
    assert_int_equal(sso_settings_given(s, LIST), 1);
    assert_int_equal(sso_settings_given(s, FLAG), 0);
}

static void inner_levels_win(void **state)
{
    sso_ctx_t *cx = *state;
    sample_t *outer = sso_settings_make(&table, cx->pool);
    sample_t *inner = sso_settings_empty(&table, cx->pool);
    sample_t before;
    sample_t *m;

    assert_null(read_row(cx, outer, NUMBER, "5"));
    assert_null(read_row(cx, outer, LIST, "a b"));
    assert_null(read_row(cx, outer, TEXT, "outer"));
    assert_null(read_row(cx, inner, FLAG, "off"));
    assert_null(read_row(cx, inner, LIST, "c"));
    before = *outer;
    m = sso_settings_merge(&table, cx->pool, outer, inner);

    assert_int_equal(m->flag, 0);
    assert_int_equal(m->number, 5);
    assert_int_equal(m->word, 1); /* a preset of the outermost level */
    assert_string_equal(m->text, "outer");
    assert_string_equal(list_text(cx, m->list), "c");
    assert_int_equal(m->given, 1u << FLAG | 1u << LIST | 1u << NUMBER | 1u << TEXT);
    assert_memory_equal(outer, &before, sizeof(before));
    assert_string_equal(list_text(cx, outer->list), "a b");
    assert_int_equal(inner->given, 1u << FLAG | 1u << LIST);
}

/* An empty inner level changes nothing, an inner preset value that was written does. */
static void what_was_written_counts_not_its_value(void **state)
{
    sso_ctx_t *cx = *state;
    sample_t *outer = sso_settings_make(&table, cx->pool);
    sample_t *inner = sso_settings_empty(&table, cx->pool);

    assert_null(read_row(cx, outer, FLAG, "off"));
    assert_memory_equal(sso_settings_merge(&table, cx->pool, outer, inner), outer, sizeof(*outer));
    assert_null(read_row(cx, inner, FLAG, "on"));
    assert_int_equal(((sample_t *)sso_settings_merge(&table, cx->pool, outer, inner))->flag, 1);
}

static void secrets_are_read_and_never_shown(void **state)
{
    sso_ctx_t *cx = *state;
    sample_t *s = sso_settings_empty(&table, cx->pool);

    assert_int_equal(setenv("SSO_TEST_SETTINGS", "a secret of thirty-two letters!!", 1), 0);
    assert_null(sso_settings_print(&table, s, SECRETS, cx->pool));
    assert_null(read_row(cx, s, SECRETS, "env:SSO_TEST_SETTINGS"));
    assert_int_equal(s->secrets->nelts, 1);
    assert_true(
        sso_span_is(APR_ARRAY_IDX(s->secrets, 0, sso_span_t), "a secret of thirty-two letters!!"));
    assert_string_equal(sso_settings_print(&table, s, SECRETS, cx->pool), "(secret)");

    assert_non_null(read_row(cx, s, SECRETS, "env:SSO_TEST_SETTINGS env:SSO_TEST_ABSENT"));
    assert_int_equal(s->secrets->nelts, 1);
    assert_non_null(read_row(cx, s, SECRETS, "plain-text-in-the-configuration"));
}

static void values_print_as_they_are_written(void **state)
{
    static const struct {
        int row;
        const char *line, *wanted; /* line NULL: the preset */
    } row[] = {
        {FLAG, NULL, "on"},           {FLAG, "off", "off"},    {ENUM, NULL, "green"},
        {NUMBER, "42", "42"},         {FREE, NULL, "0"},       {SIZE, NULL, "64k"},
        {SIZE, "1000", "1000"},       {SIZE, "1048576", "1m"}, {TIME, NULL, "90s"},
        {TIME, "120s", "2m"},         {TIME, "24h", "1d"},     {TEXT, NULL, NULL},
        {TEXT, "word", "word"},       {TEXT, "_", "\"\""},     {TEXT, "a\"b", "\"a\\\"b\""},
        {TEXT, "a\\b", "\"a\\\\b\""}, {LIST, NULL, "one two"}, {LINES, "a b", "a b"},
        {LINES, NULL, NULL},          {PAIR, NULL, NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sample_t *s = sso_settings_make(&table, cx->pool);
        const char *shown;

        print_message("  %s %s\n", rows[row[i].row].name, row[i].line ? row[i].line : "");
        if (row[i].line) assert_null(read_row(cx, s, row[i].row, row[i].line));
        shown = sso_settings_print(&table, s, row[i].row, cx->pool);
        if (row[i].wanted) {
            assert_string_equal(shown, row[i].wanted);
        } else {
            assert_null(shown);
        }
    }
}

static void several_lines_print_one_after_another(void **state)
{
    sso_ctx_t *cx = *state;
    sample_t *s = sso_settings_empty(&table, cx->pool);
    const char *spaced[] = {"Corp Login"};
    const sso_reader_t reader = {.pool = cx->pool, .root = NULL};

    assert_null(read_row(cx, s, LINES, "a b"));
    assert_null(sso_settings_read(&table, s, LINES, 1, spaced, &reader));
    assert_string_equal(sso_settings_print(&table, s, LINES, cx->pool), "a b; \"Corp Login\"");
}

static void rows_are_found_without_case(void **state)
{
    (void)state;
    assert_int_equal(sso_settings_find(&table, "SampleTime"), TIME);
    assert_int_equal(sso_settings_find(&table, "sampletime"), TIME);
    assert_int_equal(sso_settings_find(&table, "SampleTim"), -1);
    assert_int_equal(sso_settings_find(&table, ""), -1);
}

static void values_of_keys_are_found(void **state)
{
    static const char *const word[] = {"plain", "key=1", "KEY=2", "other=", "keys=3"};

    (void)state;
    assert_string_equal(sso_line_value(5, word, "key"), "1");
    assert_string_equal(sso_line_value(5, word, "Key"), "1");
    assert_string_equal(sso_line_value(5, word, "other"), "");
    assert_string_equal(sso_line_value(5, word, "keys"), "3");
    assert_null(sso_line_value(5, word, "plain"));
    assert_null(sso_line_value(5, word, "ke"));
    assert_null(sso_line_value(0, word, "key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(scalars_are_read),
        UNIT(refusals_say_what_to_write),
        UNIT(texts_and_lines_are_kept),
        UNIT(lists_grow_line_by_line),
        UNIT(presets_hold_until_something_is_written),
        UNIT(inner_levels_win),
        UNIT(what_was_written_counts_not_its_value),
        UNIT(secrets_are_read_and_never_shown),
        UNIT(values_print_as_they_are_written),
        UNIT(several_lines_print_one_after_another),
        UNIT(rows_are_found_without_case),
        UNIT(values_of_keys_are_found),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
