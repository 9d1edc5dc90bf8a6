/*
 * provider.h - one <SSOProvider NAME PROTOCOL> block: who can tell us who the user is.
 *
 * Owns:  sso_provider_t, the table of its settings.
 * Layer: core (base, crypto).
 * Lives: in the configuration pool; read-only once the protocol has prepared it. Secrets and paths
 *        live only here, never in .htaccess.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_PROVIDER_H
#define SSO_CORE_PROVIDER_H

#include "core/settings.h"
#include "net/fresh.h"
#include "net/probe.h"

/* Bits of sso_setting_t.protocols. */
enum { SSO_FOR_SAML = 1, SSO_FOR_HMAC = 2, SSO_FOR_OIDC = 4, SSO_FOR_DISCOURSE = 8 };

/* Values of the enumerated settings, in the order of their names in provider.c. */
enum { SSO_ACTIVE_ON, SSO_ACTIVE_TEST, SSO_ACTIVE_OFF };
enum { SSO_SETUP_AUTO, SSO_SETUP_ANYONE, SSO_SETUP_LOCAL, SSO_SETUP_OFF };
enum { SSO_AUTO, SSO_AUTO_ON, SSO_AUTO_OFF };
enum { SSO_BINDING_AUTO, SSO_BINDING_REDIRECT, SSO_BINDING_POST };
enum { SSO_RESPONSE_POST, SSO_RESPONSE_ARTIFACT };
enum { SSO_SIGNED_EITHER, SSO_SIGNED_ASSERTION, SSO_SIGNED_RESPONSE, SSO_SIGNED_BOTH };
enum { SSO_ENCRYPTION_GCM, SSO_ENCRYPTION_SIGNED_CBC, SSO_ENCRYPTION_ANY };
enum {
    SSO_OIDC_CLIENT_AUTO,
    SSO_OIDC_CLIENT_BASIC,
    SSO_OIDC_CLIENT_POST,
    SSO_OIDC_CLIENT_KEY,
    SSO_OIDC_CLIENT_TLS,
    SSO_OIDC_CLIENT_NONE
};
enum { SSO_OIDC_QUERY, SSO_OIDC_FORM_POST };
enum { SSO_OIDC_PKCE_OFF, SSO_OIDC_PKCE_S256 };
enum { SSO_LINK_NONE, SSO_LINK_EMAIL };
enum { SSO_EMAIL_REFUSE, SSO_EMAIL_MOVE };
enum { SSO_ROLES_LIVE, SSO_ROLES_RELOGIN };
enum { SSO_HMAC_SIG_ANY, SSO_HMAC_SIG_HEX, SSO_HMAC_SIG_BASE64 };
enum { SSO_FRESHNESS_OPTIONAL, SSO_FRESHNESS_REQUIRED, SSO_FRESHNESS_OFF };
enum { SSO_HMAC_SIGNED_EITHER, SSO_HMAC_SIGNED_BASE64, SSO_HMAC_SIGNED_URLENCODED };

typedef struct {
    apr_uint64_t given[2]; /* see settings.h */

    int active;
    int setup_pages;
    apr_array_header_t *probe;
    const char *display_name;
    const char *logo;
    apr_array_header_t *domains;
    apr_array_header_t *attributes;
    apr_array_header_t *user_attribute;
    apr_interval_time_t lifetime;
    apr_interval_time_t idle;
    apr_array_header_t *provision;
    int link_by;
    apr_array_header_t *link_deny;
    int email_conflict;
    apr_array_header_t *ban_by;
    apr_array_header_t *update;
    int role_change;

    apr_array_header_t *saml_metadata;
    apr_array_header_t *saml_idp;
    const char *saml_default;
    const char *saml_entity_id;
    apr_array_header_t *saml_keys;
    apr_array_header_t *saml_publish;
    apr_interval_time_t saml_valid;
    int saml_sign_metadata;
    int saml_sign;
    int saml_binding;
    int saml_response;
    const char *saml_logout;
    int saml_want_signed;
    apr_array_header_t *saml_unsolicited;
    apr_array_header_t *saml_check_address;
    const char *saml_nameid;
    const char *saml_discovery;
    apr_array_header_t *saml_acr;
    int saml_force;
    int saml_initiate;
    int saml_login_hint;
    int saml_allow_create;
    apr_int64_t saml_acs_index; /* counts where it is given */
    apr_array_header_t *saml_scoping;
    int saml_encryption;
    apr_interval_time_t saml_skew;
    apr_array_header_t *saml_audience;
    apr_array_header_t *saml_acs;
    apr_array_header_t *saml_allow;
    apr_array_header_t *saml_algorithms; /* names of sso_sign_alg_named(), and of digests */
    apr_int64_t saml_max;

    const char *oidc_issuer;
    apr_array_header_t *oidc_client;
    int oidc_auth;
    apr_array_header_t *oidc_scope;
    int oidc_response_mode;
    int oidc_pkce;
    int oidc_userinfo;
    int oidc_initiate;
    int oidc_logout;
    apr_array_header_t *oidc_acr;
    apr_interval_time_t oidc_max_age;
    apr_array_header_t *oidc_refresh;
    int oidc_access_token;
    apr_array_header_t *oidc_keys;
    apr_array_header_t *oidc_algorithms;
    apr_array_header_t *oidc_endpoints;
    apr_array_header_t *oidc_parameters;
    apr_array_header_t *oidc_allow;

    const char *hmac_endpoint;
    apr_array_header_t *hmac_secrets;
    int hmac_sig;
    int hmac_signed;
    apr_array_header_t *hmac_params;
    int sync;
    int sync_freshness;
    int sync_create;

    const char *discourse_endpoint;
    apr_array_header_t *discourse_secrets;
    int discourse_staff;
    int discourse_logout;
    int discourse_second_factor;
} sso_provider_settings_t;

enum {
#define SETTING(kind, name, ...) SSO_PROVIDER_##name,
#include "core/provider.def"
#undef SETTING
    SSO_PROVIDER_ROWS
};

extern const sso_table_t sso_provider_table;

struct sso_protocol;

typedef struct {
    const char *name;                    /* of the block: letters, digits, '-', '_', at most 32 */
    const struct sso_protocol *protocol; /* what speaks to it */
    const sso_provider_settings_t *set;
    const char *file; /* where the block begins, for messages */
    int line;
    const char *state_dir;  /* absolute, for generated keys; NULL in tests that need none */
    const char *root;       /* where relative file names start */
    int may_write;          /* files may be created (not during configtest) */
    sso_fresh_set_t *fresh; /* where documents of others are kept, and the client that asks; NULL in
                               tests that need none */
    const char *ca_file; /* SSOCAFile of its server, absolute: who vouches for addresses; or NULL */
    int allow_http;      /* SSOInsecureHttp of its server: addresses may be plain http */
    apr_pool_t *pool;    /* lives as long as the provider */
    void *state;         /* what the protocol's prepare made */
    sso_probe_t *probe;  /* whether it answers; NULL: nobody asks (SSOProbe) */
} sso_provider_t;

/* NULL, or why the text cannot name a provider or a peer. */
const char *sso_provider_name_check(const char *name);

/* NULL, or why the word is no address to send people to: https, or http on this machine. In p. */
const char *sso_provider_url_check(apr_pool_t *p, const char *word);

/* How often SSOProbe has it asked, in microseconds, and at what address instead of its own; NULL: its own.
 * 0: not at all. */
apr_interval_time_t sso_provider_probed_every(apr_pool_t *p, const sso_provider_settings_t *set,
                                              const char **url);

/* The check of a row that names the parameters of a signed token. */
const char *sso_provider_params_check(apr_pool_t *p, int n, const char *const *word);

#endif /* SSO_CORE_PROVIDER_H */
