/*
 * saml_request.c - making the AuthnRequest and sending it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_request.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/when.h"
#include "crypto/random.h"
#include "saml/saml_address.h"
#include "saml/saml_binding.h"
#include "saml/saml_names.h"

#define ID_BYTES    20 /* SAML Core 1.3.4 asks for 128 to 160 random bits */
#define MESSAGE_MAX (32 * 1024)

/* "_" and hex: an ID must not begin with a digit. */
static apr_status_t make_id(sso_ctx_t *cx, const char **out)
{
    const char *hex;
    apr_status_t rv = sso_random_hex(cx, ID_BYTES, &hex);

    if (rv == APR_SUCCESS) *out = apr_pstrcat(cx->pool, "_", hex, (char *)NULL);
    return rv;
}

static void write_attr(sso_buf_t *b, const char *name, const char *value)
{
    sso_buf_char(b, ' ');
    sso_buf_text(b, name);
    sso_buf_text(b, "=\"");
    sso_buf_escaped(b, value);
    sso_buf_char(b, '"');
}

/* The least that every provider accepts; all texts are escaped (R65). */
static apr_status_t write_request(sso_ctx_t *cx, const sso_idp_t *idp,
                                  const sso_saml_state_t *state, const char *id,
                                  const char *endpoint, sso_span_t *out)
{
    sso_buf_t b = sso_buf_make(cx->pool, 1024, MESSAGE_MAX);

    sso_buf_text(&b, "<samlp:AuthnRequest xmlns:samlp=\"" SAML_NS_PROTOCOL
                     "\" xmlns:saml=\"" SAML_NS_ASSERTION "\"");
    write_attr(&b, "ID", id);
    sso_buf_text(&b, " Version=\"2.0\"");
    write_attr(&b, "IssueInstant", sso_when_text(cx->pool, cx->now));
    write_attr(&b, "Destination", endpoint);
    sso_buf_text(&b, state->request_attrs);
    write_attr(&b, "AssertionConsumerServiceURL", sso_saml_acs_preferred(idp, cx->pool));
    write_attr(&b, "ProtocolBinding",
               state->set->saml_response == SSO_RESPONSE_ARTIFACT ? SAML_BINDING_ARTIFACT
                                                                  : SAML_BINDING_POST);
    sso_buf_text(&b, "><saml:Issuer>");
    sso_buf_escaped(&b, sso_saml_entity_id(idp, cx->pool));
    sso_buf_text(&b, "</saml:Issuer>");
    sso_buf_text(&b, state->request_tail);
    sso_buf_text(&b, "</samlp:AuthnRequest>");
    if (b.full) return sso_fail(cx, SSO_F_INTERNAL, "the request is too long");
    *out = sso_buf_span(&b);
    return APR_SUCCESS;
}

/* The key to sign with, NULL when requests are not signed. */
static apr_status_t choose_signer(sso_ctx_t *cx, const sso_saml_state_t *state,
                                  const sso_key_pair_t **out)
{
    *out = state->signs_requests ? state->signer : NULL;
    if (*out || !state->signs_requests) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CONFIG,
                    "requests must be signed but there is no key; write "
                    "SSOSamlKey FILE CERT");
}

static apr_status_t make_redirect(sso_ctx_t *cx, const sso_idp_t *idp,
                                  const sso_saml_state_t *state, const sso_flow_t *flow,
                                  const sso_key_pair_t *signer, const char **url)
{
    const char *endpoint = state->idp.sso_redirect;
    sso_span_t xml;
    apr_status_t rv = write_request(cx, idp, state, flow->request, endpoint, &xml);

    if (rv != APR_SUCCESS) return rv;
    return sso_saml_redirect_make(cx, endpoint, SSO_SAML_REQUEST, xml, flow->id, signer, url);
}

static apr_status_t send_form(sso_ctx_t *cx, const sso_idp_t *idp, const sso_saml_state_t *state,
                              const sso_flow_t *flow, const sso_key_pair_t *signer,
                              sso_reply_t *reply)
{
    const char *endpoint = state->idp.sso_post;
    apr_table_t *fields = apr_table_make(cx->pool, 2);
    sso_span_t xml;
    apr_status_t rv = write_request(cx, idp, state, flow->request, endpoint, &xml);

    if (rv == APR_SUCCESS && signer) rv = sso_saml_sig_make(cx, xml, signer, &xml);
    if (rv != APR_SUCCESS) return rv;
    apr_table_addn(fields, "SAMLRequest", sso_b64_encode(cx->pool, xml));
    apr_table_addn(fields, "RelayState", flow->id);
    sso_reply_form(reply, endpoint, fields);
    return APR_SUCCESS;
}

/* Redirects unless told otherwise, or the provider takes none, or the address would be so long that
 * something on the way might cut it. */
static apr_status_t send_request(sso_ctx_t *cx, const sso_idp_t *idp, const sso_saml_state_t *state,
                                 const sso_flow_t *flow, sso_reply_t *reply)
{
    const int binding = state->set->saml_binding;
    const int may_post = state->idp.sso_post && binding != SSO_BINDING_REDIRECT;
    const sso_key_pair_t *signer;
    const char *url;
    apr_status_t rv = choose_signer(cx, state, &signer);

    if (rv != APR_SUCCESS) return rv;
    if (binding == SSO_BINDING_POST || !state->idp.sso_redirect) {
        return send_form(cx, idp, state, flow, signer, reply);
    }
    rv = make_redirect(cx, idp, state, flow, signer, &url);
    if (rv != APR_SUCCESS) return rv;
    if (may_post && strlen(url) > SSO_SAML_URL_MAX) {
        return send_form(cx, idp, state, flow, signer, reply);
    }
    sso_reply_redirect(reply, 302, url);
    return APR_SUCCESS;
}

apr_status_t sso_saml_request_start(sso_ctx_t *cx, const sso_idp_t *idp,
                                    const sso_saml_state_t *state, sso_flow_t *flow,
                                    sso_reply_t *reply)
{
    apr_status_t rv = sso_saml_state_check(cx, state);

    if (rv == APR_SUCCESS && !(flow->request && *flow->request)) rv = make_id(cx, &flow->request);
    if (rv != APR_SUCCESS) return rv;
    if (!flow->extra) flow->extra = "";
    return send_request(cx, idp, state, flow, reply);
}
