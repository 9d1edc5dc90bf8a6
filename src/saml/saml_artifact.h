/*
 * saml_artifact.h - responses by reference: the browser brings a token, we fetch the message.
 *
 * Owns:  reading an artifact, asking the provider's resolution service, verifying what it says.
 * Layer: saml (base, crypto, net, core, libxml2).
 *
 * An artifact makes this server ask another one. It is read only where SSOSamlResponseBinding is
 * artifact, for a browser that has a login under way, and only at an address out of the metadata of
 * the provider whose name its SourceID is the hash of.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_ARTIFACT_H
#define SSO_SAML_SAML_ARTIFACT_H

#include "saml/saml_state.h"

/* What came for an artifact. */
typedef struct {
    sso_span_t bytes;  /* the artifact, decoded */
    const char *relay; /* RelayState, NULL if none */
    xmlNode *response; /* inside of an ArtifactResponse that is signed; has to be verified itself as
                          one that a browser brought */
} sso_saml_fetched_t;

/* Does the request bring an artifact, in its query or in its form? By its parameter, nothing else. */
int sso_saml_artifact_is(const sso_request_t *req);

/* Which of those that this browser's logins were sent to made the artifact, by its SourceID; NULL: none
 * of them. */
const char *sso_saml_artifact_issuer(sso_ctx_t *cx, const sso_request_t *req,
                                     const sso_flows_t *flows);

/**
 * Read the artifact and fetch what it stands for: one exchange, bounded and by verified TLS.
 *
 * @param flows the logins this browser has started: without any nothing is asked.
 * @param out   untouched on failure.
 * @return      SSO_F_ARTIFACT (not an artifact of this provider, or it answers with nothing),
 *              SSO_F_STATE_MISSING, SSO_F_PARAM_*, SSO_F_NET_*, SSO_F_CONFIG (no key); of the
 *              ArtifactResponse SSO_F_XML_*, SSO_F_SIG_*, SSO_F_SIGNATURE, SSO_F_ISSUER,
 *              SSO_F_IN_RESPONSE_TO, SSO_F_ISSUE_INSTANT, SSO_F_STATUS*, SSO_F_SAML_*.
 * @spec        SAML Core 3.5; Bindings 3.2, 3.6; Profiles 4.1.4.5, 5.
 */
apr_status_t sso_saml_artifact_fetch(sso_ctx_t *cx, const sso_idp_t *idp,
                                     const sso_saml_state_t *state, sso_request_t *req,
                                     const sso_flows_t *flows, sso_saml_fetched_t *out);

#endif /* SSO_SAML_SAML_ARTIFACT_H */
