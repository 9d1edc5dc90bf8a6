/*
 * saml_network.c - addresses as 128 bits, compared from the first one on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_network.h"

#include "core/settings.h"

#include <apr_strings.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define BYTES    16
#define BEFORE_4 96 /* bits of an IPv6 address before the IPv4 one in it */

static unsigned bits_of(const apr_array_header_t *words, const char *key, unsigned all)
{
    const char *bits = sso_line_value(words->nelts, (const char *const *)(const void *)words->elts,
                                      key);

    return bits ? (unsigned)apr_atoi64(bits) : all;
}

sso_saml_network_t sso_saml_network_read(const apr_array_header_t *words)
{
    if (!words || !words->nelts || strcmp(APR_ARRAY_IDX(words, 0, const char *), "on") != 0) {
        return (sso_saml_network_t){.checks = 0};
    }
    return (sso_saml_network_t){.checks = 1,
                                .bits_ipv4 = bits_of(words, "ipv4", 32),
                                .bits_ipv6 = bits_of(words, "ipv6", 128)};
}

/* Both kinds as IPv6. 0: it is no address. */
static int read_address(const char *text, unsigned char *out, int *is_ipv4)
{
    unsigned char mapped[BYTES] = {[10] = 0xff, [11] = 0xff};
    struct in6_addr ipv6;

    if (!text) return 0;
    if (inet_pton(AF_INET, text, mapped + BEFORE_4 / 8) == 1) {
        memcpy(out, mapped, BYTES);
        *is_ipv4 = 1;
        return 1;
    }
    if (inet_pton(AF_INET6, text, &ipv6) != 1) return 0;
    memcpy(out, &ipv6, BYTES);
    *is_ipv4 = IN6_IS_ADDR_V4MAPPED(&ipv6);
    return 1;
}

static int begin_alike(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    const unsigned whole = bits / 8;
    const unsigned rest = bits % 8;

    if (memcmp(a, b, whole) != 0) return 0;
    return !rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

int sso_saml_network_is_same(const sso_saml_network_t *network, const char *a, const char *b)
{
    unsigned char one[BYTES];
    unsigned char other[BYTES];
    int one_is_ipv4;
    int other_is_ipv4;

    if (!read_address(a, one, &one_is_ipv4) || !read_address(b, other, &other_is_ipv4)) return 0;
    if (one_is_ipv4 != other_is_ipv4) return 0;
    return begin_alike(one, other,
                       one_is_ipv4 ? BEFORE_4 + network->bits_ipv4 : network->bits_ipv6);
}
