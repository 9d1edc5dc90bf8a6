/*
 * header.c - a value as the text of a request header.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/header.h"

#include "base/buf.h"
#include "base/codec.h"

#include <apr_lib.h>

#define VALUE_MAX (1024 * 1024) /* bytes; more than any session holds */

static const char upper[] = "0123456789ABCDEF";
static const char lower[] = "0123456789abcdef";

static void escape(sso_buf_t *b, unsigned char c, const char *digit)
{
    const char text[3] = {'%', digit[c >> 4], digit[c & 15]};

    sso_buf_add(b, text, sizeof(text));
}

static sso_buf_t text_for(apr_pool_t *p, const char *value)
{
    return sso_buf_make(p, strlen(value) + 16, VALUE_MAX);
}

/* Printable ASCII, and no space at either end, where parsers of headers drop it. */
static int is_plain(const char *value, const char *at)
{
    if (*at == ' ') return at != value && at[1] != '\0';
    return *at > 0x20 && *at < 0x7f;
}

char *sso_header_percent(apr_pool_t *p, const char *value, int list)
{
    sso_buf_t b = text_for(p, value);
    const char *at;

    for (at = value; *at; at++) {
        if (is_plain(value, at) && (list || *at != '%')) {
            sso_buf_char(&b, *at);
        } else {
            escape(&b, (unsigned char)*at, upper);
        }
    }
    return b.p;
}

/* RFC 8187, section 3.2.1: attr-char. */
static char *extended(apr_pool_t *p, const char *value)
{
    sso_buf_t b = text_for(p, value);

    sso_buf_text(&b, "UTF-8''");
    for (; *value; value++) {
        if (apr_isalnum(*value) || strchr("!#$&+-.^_`|~", *value)) {
            sso_buf_char(&b, *value);
        } else {
            escape(&b, (unsigned char)*value, upper);
        }
    }
    return b.p;
}

/* RFC 9651, section 4.1.11. */
static char *display_string(apr_pool_t *p, const char *value)
{
    sso_buf_t b = text_for(p, value);

    sso_buf_text(&b, "%\"");
    for (; *value; value++) {
        if (*value >= 0x20 && *value < 0x7f && *value != '%' && *value != '"') {
            sso_buf_char(&b, *value);
        } else {
            escape(&b, (unsigned char)*value, lower);
        }
    }
    sso_buf_char(&b, '"');
    return b.p;
}

const char *sso_header_encode(apr_pool_t *p, const char *value, int encoding)
{
    switch (encoding) {
    case SSO_HEADER_UTF8:
        return value;
    case SSO_HEADER_BASE64URL:
        return sso_b64url_encode(p, sso_span(value));
    case SSO_HEADER_RFC8187:
        return extended(p, value);
    case SSO_HEADER_SF:
        return display_string(p, value);
    default:
        return sso_header_percent(p, value, 0);
    }
}
