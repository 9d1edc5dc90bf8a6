/*
 * saml_state.h - one SAML provider, prepared: whom to believe, our keys, what was loosened.
 *
 * Owns:  sso_saml_state_t.
 * Layer: saml (base, crypto, core).
 * Lives: in the provider's pool; read-only after start-up, but for what `tries` counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_STATE_H
#define SSO_SAML_SAML_STATE_H

#include "core/protocol.h"
#include "net/client.h"
#include "saml/saml_members.h"
#include "saml/saml_metadata.h"
#include "saml/saml_network.h"
#include "saml/saml_publish.h"
#include "saml/saml_sig.h"
#include "saml/saml_tries.h"
#include "saml/saml_xml.h"

/* The words of SSOSamlAllow. */
enum {
    SSO_SAML_ALLOW_SHA1 = 1,
    SSO_SAML_ALLOW_NO_AUDIENCE = 2,
    SSO_SAML_ALLOW_NO_RECIPIENT = 4,
    SSO_SAML_ALLOW_NO_CONDITIONS = 8,
    SSO_SAML_ALLOW_NO_DESTINATION = 16,
    SSO_SAML_ALLOW_INCLUSIVE = 32,
    SSO_SAML_ALLOW_COMMENTS = 64,
    SSO_SAML_ALLOW_UNSIGNED_LOGOUT = 128,
    SSO_SAML_ALLOW_SHARED_NAMES = 256,
    SSO_SAML_ALLOW_SHARED_GROUPS = 512
};

typedef struct {
    const sso_provider_settings_t *set;
    const apr_array_header_t *sources;  /* of sso_saml_source_t *; NULL: three values, which do not
                                          change */
    struct sso_saml_follower *follower; /* see saml_current; NULL: nothing changes */
    struct sso_saml_held *held;         /* likewise */
    unsigned int version;               /* of the metadata that was read */
    sso_saml_members_t members;         /* all there are; n 1: idp is it */
    int is_member;                      /* idp is one of several */
    sso_saml_idp_t idp; /* entity_id NULL: there is no metadata yet, or this is of no single one */
    sso_saml_trust_t trust;
    sso_xml_limits_t limits;
    unsigned allow;                 /* SSO_SAML_ALLOW_* */
    const sso_key_pair_t *signer;   /* NULL: no key (configtest before the first start) */
    apr_array_header_t *decrypters; /* of const sso_key_pair_t *, tried in order */
    sso_saml_tries_t *tries;        /* counts; all else is read-only */
    apr_array_header_t *signing;    /* of const sso_cert_t *: for our metadata */
    apr_array_header_t *encryption; /* likewise */
    sso_saml_publish_t publish;     /* for our metadata as well */
    sso_saml_network_t network;     /* in which the provider has to have seen the browser */
    int signs_requests;
    int unsolicited;              /* logins may begin at the provider */
    int bounces;                  /* those that do begin anew, here */
    apr_array_header_t *landings; /* of const char *: where those may land */
    apr_array_header_t *acr;      /* of const char *: contexts to ask for */
    int acr_required;             /* the answer must be one of them (comparison=exact) */
    const sso_client_t *client;   /* redeems artifacts; NULL: the one over libcurl */
    const char *request_policy;   /* NameIDPolicy of an AuthnRequest, ready; "" for none */
    const char *request_scoping;  /* its Scoping, likewise */
    const char *request_context;  /* its RequestedAuthnContext, likewise */
} sso_saml_state_t;

/**
 * Check the settings of a provider and load all that start and finish need.
 *
 * Every loosened check and every certificate near its end is logged as a warning.
 *
 * @param out in provider->pool; untouched on failure.
 * @return    SSO_F_CONFIG with a detail that says what to write instead.
 */
apr_status_t sso_saml_state_make(sso_ctx_t *cx, const sso_provider_t *provider,
                                 sso_saml_state_t **out);

/**
 * The same with the metadata as it is now.
 *
 * @param first   what sso_saml_state_make() made: settings and keys stay the same.
 * @param pool    owns *out, apart from what it shares with first.
 * @param version of the metadata that was read.
 * @return        SSO_F_CONFIG: the settings cannot work with it.
 */
apr_status_t sso_saml_state_renew(sso_ctx_t *cx, const sso_provider_t *provider,
                                  const sso_saml_state_t *first, apr_pool_t *pool,
                                  sso_saml_state_t **out, unsigned int *version);

/* Is it of several identity providers, and of none of them? */
int sso_saml_state_is_many(const sso_saml_state_t *state);

/**
 * The state of one of several: its keys, its addresses, all else as the others'.
 *
 * @param base what sso_saml_state_make() or _renew() made.
 * @param pool owns *out, apart from what it shares with base.
 * @return     SSO_F_CONFIG: the settings cannot work with it.
 */
apr_status_t sso_saml_state_member(sso_ctx_t *cx, const sso_provider_t *provider,
                                   const sso_saml_state_t *base, const sso_saml_record_t *record,
                                   apr_pool_t *pool, sso_saml_state_t **out);

/* Can anybody log in? SSO_F_METADATA_MISSING: it has not been fetched yet; SSO_F_METADATA_EXPIRED: its
 * validUntil has passed. */
apr_status_t sso_saml_state_check(sso_ctx_t *cx, const sso_saml_state_t *state);

#endif /* SSO_SAML_SAML_STATE_H */
