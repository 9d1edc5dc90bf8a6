/*
 * buf.h - a growing run of bytes that cannot be made without a maximum.
 *
 * Owns:  sso_buf_t.
 * Layer: base (APR only).
 * Lives: as long as its pool; growing leaves the old bytes to the pool.
 *
 * Appending past the maximum sets `full` and drops the bytes and all that follow, so that a chain
 * of calls needs one check at its end and what is there is always a prefix. `p` is always NUL-terminated.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_BASE_BUF_H
#define SSO_BASE_BUF_H

#include "base/span.h"

typedef struct {
    char *p;         /* n bytes and a NUL */
    apr_size_t n;    /* bytes in use */
    apr_size_t room; /* bytes allocated, the NUL not counted */
    apr_size_t max;  /* never more than this */
    int full;        /* something did not fit */
    apr_pool_t *pool;
} sso_buf_t;

/* An empty buffer; first is a guess at its final size, 0 for none. */
sso_buf_t sso_buf_make(apr_pool_t *pool, apr_size_t first, apr_size_t max);

void sso_buf_append(sso_buf_t *b, const void *p, apr_size_t n);

static inline void sso_buf_add(sso_buf_t *b, const void *p, apr_size_t n)
{
    if (b->full || n > b->room - b->n || n == 0) {
        sso_buf_append(b, p, n);
        return;
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

static inline void sso_buf_text(sso_buf_t *b, const char *z)
{
    sso_buf_add(b, z, strlen(z));
}

static inline void sso_buf_char(sso_buf_t *b, char c)
{
    if (b->full || b->n == b->room) {
        sso_buf_add(b, &c, 1);
        return;
    }
    b->p[b->n++] = c;
    b->p[b->n] = '\0';
}

void sso_buf_format(sso_buf_t *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Text with & < > " ' written as entities: for HTML and XML, in text and in attributes. */
void sso_buf_escaped(sso_buf_t *b, const char *z);

static inline sso_span_t sso_buf_span(const sso_buf_t *b)
{
    return sso_span_of(b->p, b->n);
}

#endif /* SSO_BASE_BUF_H */
