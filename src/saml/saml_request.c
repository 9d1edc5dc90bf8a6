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

/* Contexts that the place demands take those of the provider's own line in; "exact" is the only
 * comparison that can be judged when the answer comes (row 25). */
static void write_context(sso_buf_t *b, const sso_saml_state_t *state, const char *demanded)
{
    const char *at = demanded;

    if (!at || !*at) {
        sso_buf_text(b, state->request_context);
        return;
    }
    sso_buf_text(b, "<samlp:RequestedAuthnContext Comparison=\"exact\">");
    while (*at) {
        apr_size_t n = strcspn(at, " ");

        if (n) {
            sso_buf_text(b, "<saml:AuthnContextClassRef>");
            sso_buf_escaped(b, apr_pstrmemdup(b->pool, at, n));
            sso_buf_text(b, "</saml:AuthnContextClassRef>");
        }
        at += n + (at[n] == ' ');
    }
    sso_buf_text(b, "</samlp:RequestedAuthnContext>");
}

/* Where the answer goes: by the address of our ACS, or by its index in our metadata. */
static void write_acs(sso_ctx_t *cx, sso_buf_t *b, const sso_idp_t *idp,
                      const sso_provider_settings_t *set)
{
    if (sso_settings_given(set, SSO_PROVIDER_SSOSamlAcsIndex)) {
        sso_buf_format(b, " AssertionConsumerServiceIndex=\"%d\"", (int)set->saml_acs_index);
        return;
    }
    write_attr(b, "AssertionConsumerServiceURL", sso_saml_acs_preferred(idp, cx->pool));
    write_attr(b, "ProtocolBinding",
               set->saml_response == SSO_RESPONSE_ARTIFACT ? SAML_BINDING_ARTIFACT
                                                           : SAML_BINDING_POST);
}

/* Row 30: providers take it for a hint, though SAML has it as the one person to be answered about. */
static void write_subject(sso_buf_t *b, const char *hint)
{
    if (!hint) return;
    sso_buf_format(b, "<saml:Subject><saml:NameID Format=\"%s\">",
                   strchr(hint, '@') ? SAML_NAMEID_EMAIL : SAML_NAMEID_UNSPECIFIED);
    sso_buf_escaped(b, hint);
    sso_buf_text(b, "</saml:NameID></saml:Subject>");
}

/* The least that every provider accepts, and what this login must be like; all texts are escaped
 * (R65). The order of children is the schema's. */
static apr_status_t write_request(sso_ctx_t *cx, const sso_idp_t *idp,
                                  const sso_saml_state_t *state, const sso_flow_t *flow,
                                  const char *endpoint, sso_span_t *out)
{
    sso_buf_t b = sso_buf_make(cx->pool, 1024, MESSAGE_MAX);

    sso_buf_text(&b, "<samlp:AuthnRequest xmlns:samlp=\"" SAML_NS_PROTOCOL
                     "\" xmlns:saml=\"" SAML_NS_ASSERTION "\"");
    write_attr(&b, "ID", flow->request);
    sso_buf_text(&b, " Version=\"2.0\"");
    write_attr(&b, "IssueInstant", sso_when_text(cx->pool, cx->now));
    write_attr(&b, "Destination", endpoint);
    if (state->set->saml_force || flow->demand.force) sso_buf_text(&b, " ForceAuthn=\"true\"");
    if (flow->demand.silent) sso_buf_text(&b, " IsPassive=\"true\"");
    write_acs(cx, &b, idp, state->set);
    sso_buf_text(&b, "><saml:Issuer>");
    sso_buf_escaped(&b, sso_saml_entity_id(idp, cx->pool));
    sso_buf_text(&b, "</saml:Issuer>");
    if (state->set->saml_login_hint) write_subject(&b, flow->demand.hint);
    sso_buf_text(&b, state->request_policy);
    write_context(&b, state, flow->demand.acr);
    sso_buf_text(&b, state->request_scoping);
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
    apr_status_t rv = write_request(cx, idp, state, flow, endpoint, &xml);

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
    apr_status_t rv = write_request(cx, idp, state, flow, endpoint, &xml);

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
    flow->demand.issuer = state->idp.entity_id; /* R34, R38: nobody else may answer */
    return send_request(cx, idp, state, flow, reply);
}
