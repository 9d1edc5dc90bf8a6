/*
 * reshape.h - a name by the admin's pattern.
 *
 * Owns:  what match= and as= of SSOUserAttribute mean.
 * Layer: core (base).
 *
 * A pattern is an extended regular expression (POSIX) that all of the text has to fit: half of an
 * address is never taken for the whole. References within a pattern are refused, for their cost grows
 * without bound.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_RESHAPE_H
#define SSO_CORE_RESHAPE_H

#include <apr_pools.h>

/* NULL, or what is wrong with a pattern and the text that is made of its groups (NULL: the first
 * group). In p. */
const char *sso_reshape_check(apr_pool_t *p, const char *pattern, const char *as);

/* What becomes of the text, in p; NULL: it does not fit. The pattern is a checked one. */
const char *sso_reshape(apr_pool_t *p, const char *text, const char *pattern, const char *as);

#endif /* SSO_CORE_RESHAPE_H */
