/*
 * span.h - bytes somebody else owns: a pointer and a length.
 *
 * Owns:  sso_span_t and the questions one can ask about it.
 * Layer: base (APR only).
 * Lives: never longer than the bytes it points into.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_BASE_SPAN_H
#define SSO_BASE_SPAN_H

#include <apr_pools.h>
#include <apr_strings.h>

#include <string.h>

typedef struct {
    const char *p; /* not NUL-terminated */
    apr_size_t n;  /* bytes */
} sso_span_t;

/* The bytes of a NUL-terminated text without its NUL; empty for NULL. */
static inline sso_span_t sso_span(const char *z)
{
    return (sso_span_t){z, z ? strlen(z) : 0};
}

static inline sso_span_t sso_span_of(const void *p, apr_size_t n)
{
    return (sso_span_t){p, n};
}

/* Do both hold the same bytes? Not for secrets: stops at the first difference. */
static inline int sso_span_eq(sso_span_t a, sso_span_t b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline int sso_span_is(sso_span_t a, const char *z)
{
    return sso_span_eq(a, sso_span(z));
}

static inline int sso_span_starts(sso_span_t a, const char *z)
{
    apr_size_t n = strlen(z);

    return a.n >= n && memcmp(a.p, z, n) == 0;
}

/* A NUL-terminated copy in p; a NUL inside the span ends the text early. */
static inline char *sso_span_text(apr_pool_t *p, sso_span_t a)
{
    return apr_pstrmemdup(p, a.n ? a.p : "", a.n);
}

#endif /* SSO_BASE_SPAN_H */
