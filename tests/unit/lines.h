/*
 * lines.h - lines of a configuration, read into the real tables.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_LINES_H
#define SSO_TESTS_LINES_H

#include "core/settings.h"
#include "unit.h"

#include <apr_strings.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One line, words as httpd cuts them. NULL, or why it is refused. */
static inline const char *line_read(sso_ctx_t *cx, const sso_table_t *table, void *settings,
                                    int row, const char *line)
{
    const sso_reader_t reader = {.pool = cx->pool, .root = "/nowhere"};
    char **word;
    int n = 0;

    assert_int_equal(apr_tokenize_to_argv(line, &word, cx->pool), APR_SUCCESS);
    while (word[n])
        n++;
    return sso_settings_read(table, settings, row, n, (const char *const *)word, &reader);
}

/* A row, a line and a part of the complaint; why NULL: accepted. */
typedef struct {
    int row;
    const char *line, *why;
} line_t;

/* Each line, read into settings that hold the presets only. */
static inline void lines_check(sso_ctx_t *cx, const sso_table_t *table, const line_t *line,
                               apr_size_t n)
{
    apr_size_t i;

    for (i = 0; i < n; i++) {
        void *settings = sso_settings_make(table, cx->pool);
        void *before = apr_pmemdup(cx->pool, settings, table->size);
        const char *why = line_read(cx, table, settings, line[i].row, line[i].line);

        print_message("  %s %s -> %s\n", table->row[line[i].row].name, line[i].line,
                      why ? why : "accepted");
        if (line[i].why) {
            assert_non_null(why);
            assert_non_null(strstr(why, line[i].why));
            assert_memory_equal(settings, before, table->size);
        } else {
            assert_null(why);
            assert_true(sso_settings_given(settings, line[i].row));
        }
    }
}

/* A preset is accepted as a line is, and what is printed of it means the same. */
static inline void preset_check(sso_ctx_t *cx, const sso_table_t *table, int row)
{
    void *settings = sso_settings_empty(table, cx->pool);
    void *again = sso_settings_empty(table, cx->pool);
    const char *shown;

    assert_null(line_read(cx, table, settings, row, table->row[row].preset));
    shown = sso_settings_print(table, settings, row, cx->pool);
    assert_null(line_read(cx, table, again, row, shown));
    assert_string_equal(sso_settings_print(table, again, row, cx->pool), shown);
}

/* Every preset is accepted as an admin's line is, and every row can be found and explained. */
static inline void table_check(sso_ctx_t *cx, const sso_table_t *table)
{
    int i;

    for (i = 0; i < table->rows; i++) {
        const sso_setting_t *row = &table->row[i];
        apr_size_t n = strlen(row->help);

        print_message("  %s %s\n", row->name, row->preset ? row->preset : "");
        assert_int_equal(sso_settings_find(table, row->name), i);
        assert_int_equal(strncmp(row->name, "SSO", 3), 0);
        assert_int_equal(row->help[n - 1], '.');
        assert_true(row->usage && *row->usage);
        assert_true(row->kind != SSO_K_ENUM || row->choices != NULL);
        if (row->preset) preset_check(cx, table, i);
    }
}

#endif /* SSO_TESTS_LINES_H */
