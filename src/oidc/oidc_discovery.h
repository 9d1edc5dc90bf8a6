/*
 * oidc_discovery.h - what a provider says about itself: its addresses and what it can do.
 *
 * Owns:  sso_oidc_metadata_t.
 * Layer: oidc (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_DISCOVERY_H
#define SSO_OIDC_OIDC_DISCOVERY_H

#include "base/ctx.h"
#include "base/span.h"

#define SSO_OIDC_DISCOVERY_BYTES 131072 /* of the document */

/* Addresses are https, or http on this machine; NULL: the provider has none. */
typedef struct {
    const char *authorization;
    const char *token;
    const char *jwks;
    const char *userinfo;
    const char *end_session;
    const char *revocation; /* of tokens (RFC 7009) */
    const char *par;        /* pushed authorization requests (RFC 9126) */
    int wants_par;          /* takes no others */
    int says_iss;           /* names itself in every response (RFC 9207) */
    int no_s256;            /* lists PKCE methods, and S256 is not among them */
    int no_basic; /* lists ways to authenticate, and client_secret_basic is not among them */
} sso_oidc_metadata_t;

/* "https://op.example/.well-known/openid-configuration" (Discovery 1.0, section 4). */
const char *sso_oidc_discovery_url(apr_pool_t *pool, const char *issuer);

/**
 * Read the document.
 *
 * @param pool   keeps the texts.
 * @param issuer must be the document's own, byte for byte (Discovery 1.0, section 4.3).
 * @param out    untouched on failure.
 * @return       SSO_F_OIDC_DISCOVERY about the member that is missing or wrong, or about "json".
 */
apr_status_t sso_oidc_discovery_parse(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text,
                                      const char *issuer, sso_oidc_metadata_t *out);

/* " (they differ only in the slash at the end)", where that is so; "" otherwise: the usual mistake. */
const char *sso_oidc_slash_hint(const char *a, const char *b);

/* NULL, or why credentials must not be sent to this address, to stand behind it. */
const char *sso_oidc_address_check(apr_pool_t *pool, const char *url);

#endif /* SSO_OIDC_OIDC_DISCOVERY_H */
