/*
 * buf.c - growing by doubling, never past the maximum.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#define MAX_ROOM (APR_SIZE_MAX / 2 - 1) /* so that doubling and the NUL cannot overflow */

sso_buf_t sso_buf_make(apr_pool_t *pool, apr_size_t first, apr_size_t max)
{
    sso_buf_t b = {.pool = pool};

    b.max = max < MAX_ROOM ? max : MAX_ROOM;
    b.room = first < b.max ? first : b.max;
    b.p = apr_palloc(pool, b.room + 1);
    b.p[0] = '\0';
    return b;
}

static void grow(sso_buf_t *b, apr_size_t need)
{
    apr_size_t room = b->room * 2 > need ? b->room * 2 : need;
    char *p;

    if (room > b->max) room = b->max;
    p = apr_palloc(b->pool, room + 1);
    memcpy(p, b->p, b->n + 1);
    b->p = p;
    b->room = room;
}

/* Is there room for n bytes more? What came before stays a prefix: once full, always full. */
static int make_room(sso_buf_t *b, apr_size_t n)
{
    if (b->full || n > b->max - b->n) {
        b->full = 1;
        return 0;
    }
    if (n > b->room - b->n) grow(b, b->n + n);
    return 1;
}

void sso_buf_append(sso_buf_t *b, const void *p, apr_size_t n)
{
    if (n == 0 || !make_room(b, n)) return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void sso_buf_format(sso_buf_t *b, const char *fmt, ...)
{
    va_list ap;
    va_list again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) b->full = 1;
    if (n > 0 && make_room(b, (apr_size_t)n)) {
        (void)vsnprintf(b->p + b->n, (apr_size_t)n + 1, fmt, again);
        b->n += (apr_size_t)n;
    }
    va_end(again);
}

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return "";
    }
}

void sso_buf_escaped(sso_buf_t *b, const char *z)
{
    while (*z) {
        apr_size_t plain = strcspn(z, "&<>\"'");

        sso_buf_add(b, z, plain);
        z += plain;
        if (*z) sso_buf_text(b, entity(*z++));
    }
}
