/*
 * listing.h - the values of a list as one text, in the forms that applications know.
 *
 * Owns:  sso_listing_t: what SSOListFormat means.
 * Layer: core (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_LISTING_H
#define SSO_CORE_LISTING_H

#include <apr_tables.h>

/* In the order of the names of SSOListFormat. */
typedef enum {
    SSO_LISTING_COMMA,     /* a,b: ',' and '%' in a value are %2C and %25 */
    SSO_LISTING_SEMICOLON, /* a;b: ';' and '\' in a value have a '\' before them */
    SSO_LISTING_JSON,      /* ["a","b"] */
    SSO_LISTING_NUMBERED   /* as COMMA, and a variable for each value */
} sso_listing_t;

/* The values as one text that can be taken apart again, in p; NULL: it is longer than max bytes. */
const char *sso_listing_join(apr_pool_t *p, const apr_array_header_t *values, sso_listing_t how,
                             apr_size_t max);

#endif /* SSO_CORE_LISTING_H */
