/*
 * saml_binding.h - how SAML messages travel: in a query (HTTP-Redirect) or a form (HTTP-POST).
 *
 * Owns:  DEFLATE and Base64 around messages, detached signatures over queries, the names of the
 *        parameters.
 * Layer: saml (base, crypto, core, zlib).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_BINDING_H
#define SSO_SAML_SAML_BINDING_H

#include "core/request.h"
#include "crypto/keys.h"
#include "saml/saml_sig.h"

#define SSO_SAML_RELAY_MAX   1024        /* bytes of RelayState; the specification says 80 */
#define SSO_SAML_INFLATE_MAX (64 * 1024) /* bytes of an inflated message (R6) */

typedef enum { SSO_SAML_REQUEST, SSO_SAML_RESPONSE } sso_saml_kind_t;

/* A message as it came, nothing verified but what is said here. */
typedef struct {
    sso_saml_kind_t kind; /* by the name of its parameter */
    sso_span_t xml;       /* decoded */
    const char *relay;    /* RelayState, NULL if none */
    int is_signed;        /* HTTP-Redirect: the detached signature verified */
} sso_saml_message_t;

/**
 * The address that carries a message by HTTP-Redirect.
 *
 * @param endpoint may have a query already.
 * @param relay    RelayState, NULL for none.
 * @param pair     signs the query (SAML Bindings, 3.4.4.1); NULL: not signed.
 * @param out      in cx->pool.
 */
apr_status_t sso_saml_redirect_make(sso_ctx_t *cx, const char *endpoint, sso_saml_kind_t kind,
                                    sso_span_t xml, const char *relay, const sso_key_pair_t *pair,
                                    const char **out);

/**
 * Read a message from a query (R30, R31).
 *
 * The query is cut once; every name must be one of the binding's own, written plainly, at most
 * once, and exactly one message must be there. The signature is verified over the octets as they
 * came, and the message is decoded from the very same octets.
 *
 * @param query raw, without '?'.
 * @param trust whose signature counts; NULL: none does.
 * @param out   untouched on failure.
 * @return      APR_SUCCESS, also without a signature (is_signed is 0 then); SSO_F_PARAM_*,
 *              SSO_F_MALFORMED, SSO_F_XML_SIZE, SSO_F_SIG_ALGORITHM, SSO_F_SIGNATURE.
 */
apr_status_t sso_saml_redirect_read(sso_ctx_t *cx, sso_span_t query, const sso_saml_trust_t *trust,
                                    sso_saml_message_t *out);

/**
 * Read a message from a form (R1, R33).
 *
 * @param max longest body, before anything is decoded.
 * @param out untouched on failure.
 * @return    SSO_F_BODY_*, SSO_F_PARAM_*, SSO_F_MALFORMED (Base64), SSO_F_SIG_PROFILE (a detached
 *            signature).
 */
apr_status_t sso_saml_post_read(sso_ctx_t *cx, sso_request_t *req, apr_size_t max,
                                sso_saml_message_t *out);

/* Does the root element fit the parameter that carried it? SSO_F_SAML_TYPE if not (R32). */
apr_status_t sso_saml_kind_check(sso_ctx_t *cx, sso_saml_kind_t kind, const xmlNode *root);

#endif /* SSO_SAML_SAML_BINDING_H */
