/*
 * json.c - jansson behind limits it does not have itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"

#include "base/codec.h"

/* Does the nesting stay within the limit? Strings are skipped; all else is left to the parser,
 * which sees the same brackets or refuses the text before it comes to them. */
static int is_shallow(sso_span_t text, int limit)
{
    int depth = 0;
    int quoted = 0;
    apr_size_t i;

    for (i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (quoted) {
            if (c == '\\') i++;
            if (c == '"') quoted = 0;
        } else if (c == '"') {
            quoted = 1;
        } else if (c == '{' || c == '[') {
            if (++depth > limit) return 0;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return 1;
}

/* No object and no array has more members than allowed. Recursion ends at the depth checked. */
static int is_narrow(json_t *value, size_t limit)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_object_size(value) > limit || json_array_size(value) > limit) return 0;
    json_object_foreach (value, key, item) { /* nothing to do where it is of another type */
        if (!is_narrow(item, limit)) return 0;
    }
    json_array_foreach (value, i, item) {
        if (!is_narrow(item, limit)) return 0;
    }
    return 1;
}

static apr_status_t free_json(void *root)
{
    json_decref(root);
    return APR_SUCCESS;
}

static apr_status_t refuse(const char **why, const char *reason)
{
    if (why) *why = reason;
    return APR_EINVAL;
}

apr_status_t sso_json_parse(sso_ctx_t *cx, sso_span_t text, const sso_json_limits_t *limits,
                            json_t **out, const char **why)
{
    /* Any value is decoded, so that a bare string is told apart from a syntax error. */
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_t *root;

    if (text.n > limits->bytes) return refuse(why, "size");
    if (!sso_is_utf8(text) || sso_span_starts(text, "\xef\xbb\xbf")) return refuse(why, "utf8");
    if (!is_shallow(text, limits->depth)) return refuse(why, "depth");
    root = text.n > 0 ? json_loadb(text.p, text.n, flags, NULL) : NULL;
    if (!root) return refuse(why, "syntax");
    apr_pool_cleanup_register(cx->pool, root, free_json, apr_pool_cleanup_null);

    if (!json_is_object(root)) return refuse(why, "object");
    if (!is_narrow(root, (size_t)limits->keys)) return refuse(why, "keys");
    *out = root;
    return APR_SUCCESS;
}

/* May the byte stand in a string that is also part of HTML? */
static int is_plain(unsigned char c)
{
    return c >= ' ' && c < 0x7f && !strchr("\"\\<>&'", c);
}

/* U+0080 to U+009F: some terminals obey them. */
static int is_c1(const char *z, apr_size_t n)
{
    return n == 2 && z[0] == '\xc2' && (unsigned char)z[1] < 0xa0;
}

/* U+2028 and U+2029 end a line in JavaScript before ES2019. */
static int is_line_end(const char *z, apr_size_t n)
{
    return n == 3 && memcmp(z, "\xe2\x80", 2) == 0 && (z[2] == '\xa8' || z[2] == '\xa9');
}

void sso_json_string(sso_buf_t *b, const char *z)
{
    sso_span_t left = sso_span(z);

    sso_buf_char(b, '"');
    while (left.n > 0) {
        unsigned char c = (unsigned char)left.p[0];
        apr_size_t n = sso_utf8_length(left);

        if (n == 0) {
            sso_buf_text(b, "\\ufffd"); /* not UTF-8: one sign for each such byte */
            n = 1;
        } else if (is_line_end(left.p, n)) {
            sso_buf_text(b, left.p[2] == '\xa8' ? "\\u2028" : "\\u2029");
        } else if (is_c1(left.p, n)) {
            sso_buf_format(b, "\\u%04x", (unsigned int)(unsigned char)left.p[1]);
        } else if (n == 1 && !is_plain(c)) {
            sso_buf_format(b, "\\u%04x", (unsigned int)c);
        } else {
            sso_buf_add(b, left.p, n);
        }
        left = sso_span_of(left.p + n, left.n - n);
    }
    sso_buf_char(b, '"');
}
