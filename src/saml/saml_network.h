/*
 * saml_network.h - is the browser in the network in which the provider saw it?
 *
 * Owns:  the meaning of SSOSamlCheckAddress, the comparison of two addresses.
 * Layer: saml (core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_NETWORK_H
#define SSO_SAML_SAML_NETWORK_H

#include <apr_tables.h>

/* How much of two addresses has to be the same. */
typedef struct {
    int checks;         /* 0: nothing is compared */
    unsigned bits_ipv4; /* 1 to 32 */
    unsigned bits_ipv6; /* 1 to 128 */
} sso_saml_network_t;

/* The words of SSOSamlCheckAddress, which the setting's check has seen. */
sso_saml_network_t sso_saml_network_read(const apr_array_header_t *words);

/* Are two addresses in one network? An IPv4 address is the same when it is written inside of an IPv6
 * one (RFC 4291, 2.5.5.2); besides that the two kinds have no network in common. What is NULL, or no
 * address, is in none. */
int sso_saml_network_is_same(const sso_saml_network_t *network, const char *a, const char *b);

#endif /* SSO_SAML_SAML_NETWORK_H */
