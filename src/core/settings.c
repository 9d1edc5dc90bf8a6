/*
 * settings.c - the grammar of arguments, and what every table has in common.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/settings.h"

#include "base/buf.h"
#include "crypto/keys.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define PRINT_MAX 65536 /* bytes of one printed value */

typedef struct {
    const char *suffix; /* one letter, "" for none */
    apr_int64_t scale;
} unit_t;

static const unit_t time_units[] = {
    {"d", 86400000000}, {"h", 3600000000}, {"m", 60000000}, {"s", 1000000}, {NULL, 0},
};
static const unit_t size_units[] = {
    {"g", 1073741824}, {"m", 1048576}, {"k", 1024}, {"", 1}, {NULL, 0},
};
static const unit_t plain_units[] = {{"", 1}, {NULL, 0}};

static const apr_size_t field_size[] = {
    [SSO_K_FLAG] = sizeof(int),
    [SSO_K_ENUM] = sizeof(int),
    [SSO_K_NUMBER] = sizeof(apr_int64_t),
    [SSO_K_DURATION] = sizeof(apr_interval_time_t),
    [SSO_K_BYTES] = sizeof(apr_int64_t),
    [SSO_K_TEXT] = sizeof(const char *),
    [SSO_K_LIST] = sizeof(apr_array_header_t *),
    [SSO_K_LINES] = sizeof(apr_array_header_t *),
    [SSO_K_SECRET] = sizeof(apr_array_header_t *),
};

static const unit_t *units_of(sso_kind_t kind)
{
    if (kind == SSO_K_DURATION) return time_units;
    return kind == SSO_K_BYTES ? size_units : plain_units;
}

static const char *example_of(sso_kind_t kind)
{
    if (kind == SSO_K_DURATION) return "write a number and a unit: 30s, 15m, 8h or 14d";
    if (kind == SSO_K_BYTES) return "write a number and, if needed, a unit: 512, 64k, 16m or 1g";
    return "write a whole number";
}

/* The value with the largest unit that divides it. */
static const char *print_scaled(apr_pool_t *p, sso_kind_t kind, apr_int64_t n)
{
    const unit_t *unit = units_of(kind);

    while (unit[1].suffix && (n == 0 || n % unit->scale))
        unit++;
    return apr_psprintf(p, "%" APR_INT64_T_FMT "%s", n / unit->scale, unit->suffix);
}

static const char *out_of_bounds(const sso_setting_t *row, const char *word, apr_pool_t *p)
{
    return apr_psprintf(p, "'%s' is out of bounds; write a value from %s to %s", word,
                        print_scaled(p, row->kind, row->min), print_scaled(p, row->kind, row->max));
}

/* A whole number and its unit. */
static const char *read_scaled(apr_int64_t *out, const sso_setting_t *row, const char *word,
                               apr_pool_t *p)
{
    const unit_t *unit;
    char *end;
    apr_int64_t n;

    errno = 0;
    n = apr_strtoi64(word, &end, 10);
    if (end == word || errno || !apr_isdigit(word[0])) {
        return apr_psprintf(p, "'%s' is not a number; %s", word, example_of(row->kind));
    }
    for (unit = units_of(row->kind); unit->suffix; unit++) {
        if (!strcasecmp(end, unit->suffix)) break;
    }
    if (!unit->suffix) {
        return apr_psprintf(p, "'%s' has %s unit; %s", word, *end ? "an unknown" : "no",
                            example_of(row->kind));
    }
    if (n > APR_INT64_MAX / unit->scale) return out_of_bounds(row, word, p);
    n *= unit->scale;
    if ((row->min || row->max) && (n < row->min || n > row->max)) {
        return out_of_bounds(row, word, p);
    }
    *out = n;
    return NULL;
}

const char *sso_settings_duration(apr_pool_t *p, const char *word, apr_interval_time_t min,
                                  apr_interval_time_t max, apr_interval_time_t *out)
{
    const sso_setting_t row = {.kind = SSO_K_DURATION, .min = min, .max = max};

    return read_scaled(out, &row, word, p);
}

static const char *read_flag(int *out, const char *word, apr_pool_t *p)
{
    if (!strcasecmp(word, "on")) {
        *out = 1;
        return NULL;
    }
    if (!strcasecmp(word, "off")) {
        *out = 0;
        return NULL;
    }
    return apr_psprintf(p, "'%s' is neither on nor off", word);
}

static const char *read_choice(int *out, const sso_setting_t *row, const char *word, apr_pool_t *p)
{
    int i;

    for (i = 0; row->choices[i]; i++) {
        if (!strcasecmp(word, row->choices[i])) {
            *out = i;
            return NULL;
        }
    }
    return apr_psprintf(p, "'%s' is not known here; write %s", word, row->usage);
}

/* The words of the lines before, and these; `before` stays as it is. */
static apr_array_header_t *join_words(const apr_array_header_t *before, int n,
                                      const char *const *word, apr_pool_t *p)
{
    apr_array_header_t *all = apr_array_make(p, n + (before ? before->nelts : 0), sizeof(*word));
    int i;

    if (before) apr_array_cat(all, before);
    for (i = 0; i < n; i++)
        APR_ARRAY_PUSH(all, const char *) = word[i];
    return all;
}

static void read_line(apr_array_header_t **lines, int n, const char *const *word, apr_pool_t *p)
{
    sso_line_t line = {n, apr_pmemdup(p, word, sizeof(*word) * (apr_size_t)n)};

    if (!*lines) *lines = apr_array_make(p, 1, sizeof(sso_line_t));
    APR_ARRAY_PUSH(*lines, sso_line_t) = line;
}

static const char *read_secrets(apr_array_header_t **secrets, int n, const char *const *word,
                                const sso_reader_t *reader)
{
    apr_array_header_t *list = apr_array_make(reader->pool, n, sizeof(sso_span_t));
    sso_ctx_t cx = sso_ctx(reader->pool, 0);
    int i;

    for (i = 0; i < n; i++) {
        sso_span_t secret;
        apr_status_t rv = reader->secret
                              ? reader->secret(&cx, reader, word[i], &secret)
                              : sso_secret_read(&cx, reader->pool, reader->root, word[i], &secret);

        if (rv != APR_SUCCESS) return cx.err.log;
        APR_ARRAY_PUSH(list, sso_span_t) = secret;
    }
    *secrets = list;
    return NULL;
}

static int is_list(sso_kind_t kind)
{
    return kind == SSO_K_LIST || kind == SSO_K_LINES || kind == SSO_K_SECRET;
}

static const char *check_count(const sso_setting_t *row, int n, apr_pool_t *p)
{
    apr_int64_t least = is_list(row->kind) && row->min ? row->min : 1;
    apr_int64_t most = !is_list(row->kind) ? 1 : row->max ? row->max : APR_INT32_MAX;

    if (n >= least && n <= most) return NULL;
    return apr_psprintf(p, "wrong number of arguments; write %s %s", row->name, row->usage);
}

/* One line of a LIST is judged with the lines before it: what may not stand together in one line
 * may not in two. The first line at a level replaces the preset. */
static const char *read_list(const sso_setting_t *set, apr_array_header_t **list, int given, int n,
                             const char *const *word, apr_pool_t *p)
{
    apr_array_header_t *all = join_words(given ? *list : NULL, n, word, p);
    const char *const *words = (const char *const *)(void *)all->elts;
    const char *why = check_count(set, all->nelts, p);

    if (!why && set->check) why = set->check(p, all->nelts, words);
    if (!why) *list = all;
    return why;
}

/* Every kind but LIST; the words are checked. */
static const char *read_field(const sso_setting_t *set, void *field, int n,
                              const char *const *words, const sso_reader_t *reader)
{
    const char *why = NULL;

    switch (set->kind) {
    case SSO_K_FLAG:
        why = read_flag(field, words[0], reader->pool);
        break;
    case SSO_K_ENUM:
        why = read_choice(field, set, words[0], reader->pool);
        break;
    case SSO_K_NUMBER:
    case SSO_K_DURATION:
    case SSO_K_BYTES:
        why = read_scaled(field, set, words[0], reader->pool);
        break;
    case SSO_K_TEXT:
        *(const char **)field = words[0];
        break;
    case SSO_K_LINES:
        read_line(field, n, words, reader->pool);
        break;
    case SSO_K_SECRET:
        why = read_secrets(field, n, words, reader);
        break;
    case SSO_K_LIST:
        break;
    }
    return why;
}

const char *sso_settings_read(const sso_table_t *table, void *settings, int row, int n,
                              const char *const *words, const sso_reader_t *reader)
{
    const sso_setting_t *set = &table->row[row];
    void *field = (char *)settings + set->offset;
    const char *why;

    if (set->kind == SSO_K_LIST) {
        why = read_list(set, field, sso_settings_given(settings, row), n, words, reader->pool);
    } else {
        why = check_count(set, n, reader->pool);
        if (!why && set->check) why = set->check(reader->pool, n, words);
        if (!why) why = read_field(set, field, n, words, reader);
    }
    if (!why) ((apr_uint64_t *)settings)[row / 64] |= (apr_uint64_t)1 << row % 64;
    return why;
}

static void read_preset(const sso_table_t *table, void *settings, int row, apr_pool_t *p)
{
    sso_reader_t reader = {.pool = p, .root = NULL};
    char **argv;
    int n = 0;

    if (apr_tokenize_to_argv(table->row[row].preset, &argv, p) != APR_SUCCESS) return;
    while (argv[n])
        n++;
    (void)sso_settings_read(table, settings, row, n, (const char *const *)argv, &reader);
}

void *sso_settings_make(const sso_table_t *table, apr_pool_t *p)
{
    void *settings = sso_settings_empty(table, p);
    int i;

    for (i = 0; i < table->rows; i++) {
        if (table->row[i].preset) read_preset(table, settings, i, p);
    }
    memset(settings, 0, sizeof(apr_uint64_t) * (apr_size_t)((table->rows + 63) / 64));
    return settings;
}

void *sso_settings_empty(const sso_table_t *table, apr_pool_t *p)
{
    return apr_pcalloc(p, table->size);
}

/* httpd merges sections at every request that more than one of them concerns: where the inner one
 * gives nothing, the outer one will do as it is. */
void *sso_settings_merge(const sso_table_t *table, apr_pool_t *p, void *outer, const void *inner)
{
    apr_uint64_t given = *(const apr_uint64_t *)inner;
    char *merged;

    if (!given) return outer;
    merged = apr_pmemdup(p, outer, table->size);
    *(apr_uint64_t *)(void *)merged |= given;
    for (; given; given &= given - 1) {
        const sso_setting_t *row = &table->row[__builtin_ctzll(given)];

        memcpy(merged + row->offset, (const char *)inner + row->offset, field_size[row->kind]);
    }
    return merged;
}

int sso_settings_find(const sso_table_t *table, const char *name)
{
    int i;

    for (i = 0; i < table->rows; i++) {
        if (!strcasecmp(table->row[i].name, name)) return i;
    }
    return -1;
}

int sso_settings_given(const void *settings, int row)
{
    return (((const apr_uint64_t *)settings)[row / 64] >> row % 64) & 1;
}

/* As httpd reads it back: in quotes where it needs them. */
static void print_word(sso_buf_t *b, const char *word)
{
    const char *c;

    if (*word && !strpbrk(word, " \t\"'\\")) {
        sso_buf_text(b, word);
        return;
    }
    sso_buf_char(b, '"');
    for (c = word; *c; c++) {
        if (*c == '"' || *c == '\\') sso_buf_char(b, '\\');
        sso_buf_char(b, *c);
    }
    sso_buf_char(b, '"');
}

static const char *print_words(const char *const *word, int n, apr_pool_t *p)
{
    sso_buf_t b = sso_buf_make(p, 64, PRINT_MAX);
    int i;

    for (i = 0; i < n; i++) {
        if (i) sso_buf_char(&b, ' ');
        print_word(&b, word[i]);
    }
    return b.p;
}

static const char *print_lines(const apr_array_header_t *lines, apr_pool_t *p)
{
    sso_buf_t b = sso_buf_make(p, 64, PRINT_MAX);
    int i;

    for (i = 0; i < lines->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(lines, i, sso_line_t);

        sso_buf_format(&b, "%s%s", i ? "; " : "", print_words(line->word, line->n, p));
    }
    return b.p;
}

const char *sso_settings_print(const sso_table_t *table, const void *settings, int row,
                               apr_pool_t *p)
{
    const sso_setting_t *set = &table->row[row];
    const void *field = (const char *)settings + set->offset;
    const apr_array_header_t *list;

    switch (set->kind) {
    case SSO_K_FLAG:
        return *(const int *)field ? "on" : "off";
    case SSO_K_ENUM:
        return set->choices[*(const int *)field];
    case SSO_K_NUMBER:
    case SSO_K_DURATION:
    case SSO_K_BYTES:
        return print_scaled(p, set->kind, *(const apr_int64_t *)field);
    case SSO_K_TEXT:
        return *(const char *const *)field ? print_words(field, 1, p) : NULL;
    case SSO_K_LIST:
        list = *(apr_array_header_t *const *)field;
        return list ? print_words((const char *const *)(void *)list->elts, list->nelts, p) : NULL;
    case SSO_K_LINES:
        list = *(apr_array_header_t *const *)field;
        return list ? print_lines(list, p) : NULL;
    case SSO_K_SECRET:
        return *(apr_array_header_t *const *)field ? "(secret)" : NULL;
    }
    return NULL;
}

const char *sso_line_value(int n, const char *const *word, const char *key)
{
    apr_size_t len = strlen(key);
    int i;

    for (i = 0; i < n; i++) {
        if (!strncasecmp(word[i], key, len) && word[i][len] == '=') return word[i] + len + 1;
    }
    return NULL;
}

const char *sso_settings_check_source(apr_pool_t *p, int n, const char *const *word)
{
    int i;

    (void)p;
    for (i = 0; i < n; i++) {
        if (!strncmp(word[i], "file:", 5) || !strncmp(word[i], "exec:", 5)
            || !strncmp(word[i], "env:", 4)) {
            continue;
        }
        return "a secret never stands in the configuration; write file:PATH, exec:PROGRAM or "
               "env:NAME";
    }
    return NULL;
}
