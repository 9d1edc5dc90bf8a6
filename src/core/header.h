/*
 * header.h - a value as the text of a request header.
 *
 * Owns:  the encodings of SSOHeaderEncoding.
 * Layer: core (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_HEADER_H
#define SSO_CORE_HEADER_H

#include <apr_pools.h>

/* Values of SSOHeaderEncoding. */
enum {
    SSO_HEADER_PERCENT,   /* sso_header_percent() */
    SSO_HEADER_UTF8,      /* as it is */
    SSO_HEADER_BASE64URL, /* of the UTF-8, without padding */
    SSO_HEADER_RFC8187,   /* UTF-8''Zo%C3%AB: what a parameter "name*" has */
    SSO_HEADER_SF         /* %"Zo%c3%ab": a Display String of RFC 9651 */
};

/* Every byte outside printable ASCII, '%', and a space at either end as %XX. list: of a text in which
 * '%' begins an escape already. Ready-made in a session. */
char *sso_header_percent(apr_pool_t *p, const char *value, int list);

/* Another encoding of a value; what comes out is ASCII, unless it is SSO_HEADER_UTF8. */
const char *sso_header_encode(apr_pool_t *p, const char *value, int encoding);

#endif /* SSO_CORE_HEADER_H */
