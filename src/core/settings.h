/*
 * settings.h - directives as rows: read, bounds, presets, merging; knows no particular row.
 *
 * Owns:  sso_setting_t, sso_table_t and the grammar of arguments.
 * Layer: core (base, crypto).
 * Lives: values are written while a configuration is read and are read-only afterwards.
 *
 * A table describes one struct: one row and one field per directive. The struct's first member is
 * `apr_uint64_t given`, bit i set when row i was written there; an array of two where the table has more
 * than 64 rows, which are not merged then.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_SETTINGS_H
#define SSO_CORE_SETTINGS_H

#include "base/ctx.h"
#include "base/span.h"

#include <apr_tables.h>

/* The C type of the field is behind each. */
typedef enum {
    SSO_K_FLAG,     /* int: on or off */
    SSO_K_ENUM,     /* int: index into choices */
    SSO_K_NUMBER,   /* apr_int64_t */
    SSO_K_DURATION, /* apr_interval_time_t: 30s 15m 8h 14d */
    SSO_K_BYTES,    /* apr_int64_t: 512 64k 16m 1g */
    SSO_K_TEXT,     /* const char *: one word */
    SSO_K_LIST,     /* apr_array_header_t * of const char *: the words of all its lines */
    SSO_K_LINES,    /* apr_array_header_t * of sso_line_t: each line's words by themselves */
    SSO_K_SECRET    /* apr_array_header_t * of sso_span_t: read from file:, exec: or env: */
} sso_kind_t;

/* Where a directive may stand. */
typedef enum {
    SSO_AT_GLOBAL,    /* the main server only */
    SSO_AT_SERVER,    /* and virtual hosts */
    SSO_AT_PROVIDER,  /* inside <SSOProvider> */
    SSO_AT_PEER,      /* inside <SSOPeer> */
    SSO_AT_DIRECTORY, /* directory contexts */
    SSO_AT_HTACCESS   /* and .htaccess */
} sso_place_t;

/* The words of one line. */
typedef struct {
    int n;
    const char *const *word;
} sso_line_t;

/* Why the words are not acceptable, to stand behind "SSOName: "; NULL when they are. Of a LIST all
 * the words of its lines so far. */
typedef const char *sso_setting_check_fn(apr_pool_t *p, int n, const char *const *word);

typedef struct {
    const char *name; /* as written in httpd.conf */
    sso_kind_t kind;
    sso_place_t place;
    unsigned protocols;   /* SSO_AT_PROVIDER, SSO_AT_PEER: bit mask of SSO_FOR_*; 0: all */
    apr_size_t offset;    /* of the field in the struct */
    apr_int64_t min, max; /* in the unit of the field; 0,0: any. Of words: LIST, of all its lines
                             together; LINES and SECRET, of each line */
    const char *const *choices;  /* SSO_K_ENUM: names in value order, NULL at the end */
    sso_setting_check_fn *check; /* a row's own rules, or NULL */
    const char *preset;          /* default, written as an admin would write it; NULL: none */
    const char *usage;           /* arguments as the reference shows them */
    const char *help;            /* one sentence, ends with a period */
} sso_setting_t;

typedef struct {
    const sso_setting_t *row;
    int rows;        /* at most 64; 128 where nothing is merged */
    apr_size_t size; /* of the struct */
} sso_table_t;

/* What reading needs besides the words. */
typedef struct sso_reader sso_reader_t;
struct sso_reader {
    apr_pool_t *pool; /* lives as long as the settings */
    const char *root; /* where relative file names start */

    /* A secret by its source, into pool. NULL: sso_secret_read(). */
    apr_status_t (*secret)(sso_ctx_t *cx, const sso_reader_t *reader, const char *source,
                           sso_span_t *out);
    void *baton; /* of secret */
};

/**
 * Read one line into its field. A list grows by the words of each line, from nothing: the first
 * line takes the place of the preset.
 *
 * @param words kept, not copied.
 * @return      NULL, or why it is not acceptable and what to write instead, without the
 *              directive's name. The field is untouched then.
 */
const char *sso_settings_read(const sso_table_t *table, void *settings, int row, int n,
                              const char *const *words, const sso_reader_t *reader);

/* A duration that stands within a line ("1h"); NULL, or what is wrong with it, in p. */
const char *sso_settings_duration(apr_pool_t *p, const char *word, apr_interval_time_t min,
                                  apr_interval_time_t max, apr_interval_time_t *out);

/* A struct with every preset in place and nothing marked as given: the outermost level. */
void *sso_settings_make(const sso_table_t *table, apr_pool_t *p);

/* Nothing given, no presets: what every inner level starts from, also one .htaccess file. */
void *sso_settings_empty(const sso_table_t *table, apr_pool_t *p);

/* What holds inside when `outer` encloses `inner`; neither is changed, and where inner gives nothing
 * the answer is outer itself. */
void *sso_settings_merge(const sso_table_t *table, apr_pool_t *p, void *outer, const void *inner);

/* The row of a directive, compared without case; -1 if there is none. */
int sso_settings_find(const sso_table_t *table, const char *name);

/* Was the row written at this level or one that was merged into it? */
int sso_settings_given(const void *settings, int row);

/* The value of a row as an admin would write it, secrets as "(secret)"; in p. */
const char *sso_settings_print(const sso_table_t *table, const void *settings, int row,
                               apr_pool_t *p);

/* "key=value" words: the value of key, or NULL. */
const char *sso_line_value(int n, const char *const *word, const char *key);

/* The check of a SSO_K_SECRET row: every word names a source, none is the secret itself. */
const char *sso_settings_check_source(apr_pool_t *p, int n, const char *const *word);

/* Pieces of a .def file: a field of the wrong C type for its kind does not compile. */
#define SSO_TYPE_FLAG     int
#define SSO_TYPE_ENUM     int
#define SSO_TYPE_NUMBER   apr_int64_t
#define SSO_TYPE_DURATION apr_interval_time_t
#define SSO_TYPE_BYTES    apr_int64_t
#define SSO_TYPE_TEXT     const char *
#define SSO_TYPE_LIST     apr_array_header_t *
#define SSO_TYPE_LINES    apr_array_header_t *
#define SSO_TYPE_SECRET   apr_array_header_t *
#define SSO_SETTING_TYPE_CHECK(type, kind, name, field)                            \
    _Static_assert(_Generic(((type *)0)->field, SSO_TYPE_##kind : 1, default : 0), \
                   #name ": wrong field type")
#define SSO_SETTING_ROW(type, kind, name, field, place, protocols, min, max, choices, check,      \
                        preset, usage, help)                                                      \
    {                                                                                             \
#name, SSO_K_##kind, SSO_AT_##place, protocols, offsetof(type, field), min, max, choices, \
            check, preset, usage, help                                                            \
    }

#endif /* SSO_CORE_SETTINGS_H */
