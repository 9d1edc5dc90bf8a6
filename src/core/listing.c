/*
 * listing.c - joining, each form with its own escape.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/listing.h"

#include "base/buf.h"
#include "base/json.h"

static void put_comma(sso_buf_t *b, const char *value)
{
    for (; *value; value++) {
        if (*value == ',' || *value == '%') {
            sso_buf_text(b, *value == ',' ? "%2C" : "%25");
        } else {
            sso_buf_char(b, *value);
        }
    }
}

static void put_semicolon(sso_buf_t *b, const char *value)
{
    for (; *value; value++) {
        if (*value == ';' || *value == '\\') sso_buf_char(b, '\\');
        sso_buf_char(b, *value);
    }
}

const char *sso_listing_join(apr_pool_t *p, const apr_array_header_t *values, sso_listing_t how,
                             apr_size_t max)
{
    static const struct {
        const char *open, *between, *close;
        void (*put)(sso_buf_t *b, const char *value);
    } form[] = {
        [SSO_LISTING_COMMA] = {"", ",", "", put_comma},
        [SSO_LISTING_SEMICOLON] = {"", ";", "", put_semicolon},
        [SSO_LISTING_JSON] = {"[", ",", "]", sso_json_string},
        [SSO_LISTING_NUMBERED] = {"", ",", "", put_comma},
    };
    sso_buf_t b = sso_buf_make(p, 256, max);
    int i;

    sso_buf_text(&b, form[how].open);
    for (i = 0; i < values->nelts; i++) {
        if (i) sso_buf_text(&b, form[how].between);
        form[how].put(&b, APR_ARRAY_IDX(values, i, const char *));
    }
    sso_buf_text(&b, form[how].close);
    return b.full ? NULL : b.p;
}
