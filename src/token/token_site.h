/*
 * token_site.h - the site that knows people, as both dialects have it: its address, and what is said of it.
 *
 * Owns:  rules of addresses that signed messages are added to; facts and findings.
 * Layer: token (base, crypto, core).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TOKEN_TOKEN_SITE_H
#define SSO_TOKEN_TOKEN_SITE_H

#include "core/idp.h"
#include "token/token_secrets.h"

/* One address of the other side in the configuration. */
typedef struct {
    const char *directive; /* "SSOHmacEndpoint" */
    const char *missing;   /* what to write when there is none */
    const char *rename;    /* the directive by which parameters are called otherwise; NULL: none */
    const char *name[2];   /* of the parameters that are added */
} sso_token_address_t;

/* Is it there, a URL that takes the parameters? SSO_F_CONFIG. */
apr_status_t sso_token_address_check(sso_ctx_t *cx, const sso_token_address_t *what,
                                     const char *url);

/* Where the site sends people to sign in here. */
sso_fact_t sso_token_start_url(sso_ctx_t *cx, const sso_idp_t *idp, const char *note);

/* What is known here of the site: its Endpoint, how many secrets are shared with it. */
void sso_token_site_describe(sso_ctx_t *cx, const char *endpoint,
                             const sso_token_secrets_t *secrets, apr_array_header_t *facts);

/* Look over the same. */
void sso_token_site_audit(sso_ctx_t *cx, const char *endpoint, const sso_token_secrets_t *secrets,
                          apr_array_header_t *findings);

#endif /* SSO_TOKEN_TOKEN_SITE_H */
