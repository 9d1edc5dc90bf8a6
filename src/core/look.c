/*
 * look.c - what surrounds the words of a page.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/look.h"

#include "base/file.h"

#include <apr_strings.h>

#include <string.h>

#define CONTENT "content"

static const char frame[] =
    "<!DOCTYPE html>\n<html lang=\"{{language}}\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<meta name=\"robots\" content=\"noindex\"><title>{{title}}</title>"
    "<style nonce=\"{{nonce}}\">{{style}}</style></head><body>{{content}}</body></html>\n";

/* The next place of a template. */
typedef struct {
    const char *at;   /* its braces; NULL: there is none */
    const char *name; /* n bytes */
    apr_size_t n;
    const char *behind; /* its closing braces; NULL: they are missing */
} place_t;

static place_t next_place(const char *text)
{
    place_t place = {.at = strstr(text, "{{")};
    const char *end;

    if (!place.at) return place;
    place.name = place.at + 2;
    end = strstr(place.name, "}}");
    place.n = end ? (apr_size_t)(end - place.name) : 0;
    place.behind = end ? end + 2 : NULL;
    return place;
}

static int is_called(const place_t *place, const char *name)
{
    return place->n == strlen(name) && !memcmp(place->name, name, place->n);
}

static int is_known(const place_t *place)
{
    return is_called(place, CONTENT) || is_called(place, "title") || is_called(place, "language")
           || is_called(place, "nonce") || is_called(place, "style");
}

static apr_status_t check(sso_ctx_t *cx, const char *path, const char *text)
{
    place_t place;
    int contents = 0;

    for (place = next_place(text); place.at; place = next_place(place.behind)) {
        if (!place.behind || !is_known(&place)) {
            return sso_fail(cx, SSO_F_CONFIG,
                            "%s: '%s' is no place of a page; there are {{content}}, {{title}}, "
                            "{{language}}, {{nonce}} and {{style}}",
                            path, sso_log_quote(cx->pool, place.at, strnlen(place.at, 24), 24));
        }
        contents += is_called(&place, CONTENT);
    }
    if (contents == 1) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CONFIG, "%s: write {{content}} once, where the page's words belong",
                    path);
}

apr_status_t sso_look_read(sso_ctx_t *cx, apr_pool_t *pool, const char *path, const char **out)
{
    sso_span_t text;
    apr_status_t rv = sso_file_read(cx, pool, path, SSO_LOOK_TEMPLATE_MAX, SSO_FILE_PUBLIC, &text);

    if (APR_STATUS_IS_ENOENT(rv)) return sso_fail(cx, SSO_F_CONFIG, "%s: no such file", path);
    if (rv != APR_SUCCESS) return rv;
    if (strlen(text.p) != text.n) {
        return sso_fail(cx, SSO_F_CONFIG, "%s holds a NUL: it is no HTML", path);
    }
    rv = check(cx, path, text.p);
    if (rv == APR_SUCCESS) *out = text.p;
    return rv;
}

static void fill(sso_buf_t *b, const place_t *place, const sso_places_t *places)
{
    if (is_called(place, "title")) sso_buf_escaped(b, places->title);
    if (is_called(place, "language")) sso_buf_text(b, places->language);
    if (is_called(place, "nonce")) sso_buf_text(b, places->nonce);
    if (!is_called(place, "style")) return;
    sso_buf_text(b, places->style);
    sso_buf_text(b, places->more_style);
}

/* A template from `text` to its end or to its content, which is returned; NULL at the end. */
static const char *write_on(sso_buf_t *b, const char *text, const sso_places_t *places)
{
    place_t place;

    for (place = next_place(text); place.at; place = next_place(text)) {
        sso_buf_add(b, text, (apr_size_t)(place.at - text));
        text = place.behind;
        if (is_called(&place, CONTENT)) return text;
        fill(b, &place, places);
    }
    sso_buf_text(b, text);
    return NULL;
}

void sso_look_before(sso_buf_t *b, const char *page_template, const sso_places_t *places)
{
    (void)write_on(b, page_template ? page_template : frame, places);
}

void sso_look_behind(sso_buf_t *b, const char *page_template, const sso_places_t *places)
{
    const char *text = page_template ? page_template : frame;

    text = strstr(text, "{{" CONTENT "}}");
    (void)write_on(b, text + sizeof("{{" CONTENT "}}") - 1, places);
}
