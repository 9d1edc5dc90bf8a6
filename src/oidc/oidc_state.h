/*
 * oidc_state.h - one provider, prepared: what the settings say, keys, and what it says about itself.
 *
 * Owns:  sso_oidc_state_t.
 * Layer: oidc (base, crypto, net, core).
 * Lives: in the provider's pool; read-only but for the documents, which have a lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_STATE_H
#define SSO_OIDC_OIDC_STATE_H

#include "core/provider.h"
#include "crypto/jws_alg.h"
#include "crypto/keys.h"
#include "net/client.h"
#include "oidc/oidc_discovery.h"

/* A document of the provider's that is fetched and renewed; of oidc_live. */
typedef struct sso_oidc_doc sso_oidc_doc_t;

typedef enum {
    SSO_OIDC_AUTH_BASIC,
    SSO_OIDC_AUTH_POST,
    SSO_OIDC_AUTH_KEY,  /* private_key_jwt */
    SSO_OIDC_AUTH_TLS,  /* tls_client_auth (RFC 8705) */
    SSO_OIDC_AUTH_NONE, /* a public client: PKCE alone */
    SSO_OIDC_AUTH_ANY   /* basic, or post where the provider does not list basic */
} sso_oidc_auth_t;

typedef struct {
    const sso_provider_settings_t *set;
    const char *name; /* of the block */
    const char *issuer;
    const char *client_id;
    sso_span_t secret; /* empty: none */
    sso_oidc_auth_t auth;
    const char *scope;                /* "openid profile email" */
    unsigned algs;                    /* bits of what tokens may be signed with */
    int unverified_email;             /* SSOOidcAllow unverified-email */
    int more_audiences;               /* SSOOidcAllow more-audiences */
    int no_nonce;                     /* SSOOidcAllow no-nonce */
    apr_interval_time_t refresh;      /* SSOOidcRefresh: sessions are renewed so often; 0: never */
    apr_interval_time_t unconfirmed;  /* its unconfirmed=: they end without that; 0: they go on */
    int ends_revoked;                 /* its revoked=end */
    const apr_array_header_t *keys;   /* of const sso_key_pair_t *: ours; empty: none */
    const sso_jws_alg_t *signs_with;  /* the first of them; NULL: there is none */
    sso_span_t cert_pem, key_pem;     /* of SSO_OIDC_AUTH_TLS */
    const sso_oidc_metadata_t *fixed; /* from SSOOidcEndpoints; NULL: the provider is asked */
    sso_oidc_doc_t *discovery;
    sso_oidc_doc_t *jwks;
    const char *ca_file;        /* who vouches for its servers; NULL: whom the system trusts */
    const sso_client_t *client; /* of a test; NULL: the one over libcurl */
} sso_oidc_state_t;

/* From the settings; SSO_F_CONFIG with what to write instead. Asks nobody. */
apr_status_t sso_oidc_state_make(sso_ctx_t *cx, const sso_provider_t *provider,
                                 sso_oidc_state_t **out);

/* The client that speaks to the provider. */
const sso_client_t *sso_oidc_client(const sso_oidc_state_t *st);

#endif /* SSO_OIDC_OIDC_STATE_H */
