/*
 * saml_logout.c - making LogoutRequests and LogoutResponses, and sending them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_logout.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/url.h"
#include "base/when.h"
#include "core/page.h"
#include "saml/saml_address.h"
#include "saml/saml_binding.h"
#include "saml/saml_name.h"
#include "saml/saml_names.h"
#include "saml/saml_request.h"
#include "saml/saml_soap.h"
#include "saml/saml_write.h"

#define MESSAGE_MAX (32 * 1024)
#define REQUEST_AGE APR_TIME_C(300000000) /* a LogoutRequest of ours is good for five minutes */
#define REASON_USER "urn:oasis:names:tc:SAML:2.0:logout:user"
#define ROOT(element) \
    "<samlp:" element " xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION "\""

/* One message of ours. */
typedef struct {
    sso_ctx_t *cx;
    const sso_idp_t *idp;
    const sso_saml_state_t *state;
    sso_saml_kind_t kind;
    const char *id;
    const char *attributes; /* further ones of the root, ready */
    const char *content;    /* behind the Issuer, ready */
    const char *relay;      /* RelayState; NULL: none */
    const char *redirect;   /* where it may go; NULL: not by this binding */
    const char *post;
} message_t;

/* Profiles 4.4.3.1, 4.4.3.4: both must be signed. */
static apr_status_t check_key(sso_ctx_t *cx, const sso_saml_state_t *state)
{
    if (state->signer) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CONFIG,
                    "logout messages must be signed but there is no key; write "
                    "SSOSamlKey FILE CERT");
}

static apr_status_t write_message(const message_t *m, const char *destination, sso_span_t *out)
{
    sso_buf_t b = sso_buf_make(m->cx->pool, 1024, MESSAGE_MAX);
    const int asks = m->kind == SSO_SAML_REQUEST;

    sso_buf_text(&b, asks ? ROOT("LogoutRequest") : ROOT("LogoutResponse"));
    sso_saml_put_attr(&b, "ID", m->id);
    sso_saml_put_attr(&b, "Version", "2.0");
    sso_saml_put_attr(&b, "IssueInstant", sso_when_text(m->cx->pool, m->cx->now));
    sso_saml_put_attr(&b, "Destination", destination);
    sso_buf_text(&b, m->attributes);
    sso_buf_char(&b, '>');
    sso_saml_put_element(&b, "saml:Issuer", sso_saml_entity_id(m->idp, m->cx->pool));
    sso_buf_text(&b, m->content);
    sso_buf_text(&b, asks ? "</samlp:LogoutRequest>" : "</samlp:LogoutResponse>");
    if (b.full) return sso_fail(m->cx, SSO_F_INTERNAL, "a logout message is too long");
    *out = sso_buf_span(&b);
    return APR_SUCCESS;
}

/* ---- sending ---- */

/* Providers show logout pages in frames of theirs: this form may stand in one. */
static apr_status_t send_form(const message_t *m, sso_reply_t *reply)
{
    apr_pool_t *pool = m->cx->pool;
    apr_table_t *fields = apr_table_make(pool, 2);
    sso_span_t xml;
    sso_url_t url;
    apr_status_t rv = write_message(m, m->post, &xml);

    if (rv == APR_SUCCESS) rv = sso_saml_sig_make(m->cx, xml, m->state->signer, &xml);
    if (rv != APR_SUCCESS) return rv;
    apr_table_addn(fields, m->kind == SSO_SAML_REQUEST ? "SAMLRequest" : "SAMLResponse",
                   sso_b64_encode(pool, xml));
    if (m->relay) apr_table_addn(fields, "RelayState", m->relay);
    sso_reply_form(reply, m->post, fields);
    if (!sso_url_parse(pool, m->post, &url)) reply->framer = sso_url_origin(pool, &url);
    return APR_SUCCESS;
}

/* By redirect where that can be done: a form would hold every redirect behind it to the policy of
 * our page, and logouts go from site to site. */
static apr_status_t send_message(const message_t *m, sso_reply_t *reply)
{
    const int wants_post = m->state->set->saml_binding == SSO_BINDING_POST;
    const char *url;
    sso_span_t xml;
    apr_status_t rv;

    if (!m->redirect || (wants_post && m->post)) return send_form(m, reply);
    rv = write_message(m, m->redirect, &xml);
    if (rv == APR_SUCCESS) {
        rv = sso_saml_redirect_make(m->cx, m->redirect, m->kind, xml, m->relay, m->state->signer,
                                    &url);
    }
    if (rv != APR_SUCCESS) return rv;
    if (m->post && strlen(url) > SSO_SAML_URL_MAX) return send_form(m, reply);
    sso_reply_redirect(reply, 303, url);
    return APR_SUCCESS;
}

static apr_status_t send_soap(const message_t *m, sso_reply_t *reply)
{
    sso_span_t xml;
    apr_status_t rv = write_message(m, NULL, &xml);

    if (rv == APR_SUCCESS) rv = sso_saml_sig_make(m->cx, xml, m->state->signer, &xml);
    if (rv != APR_SUCCESS) return rv;
    sso_reply_body(reply, 200, SSO_SOAP_TYPE "; charset=utf-8", sso_soap_wrap(m->cx, xml));
    return APR_SUCCESS;
}

/* ---- LogoutRequest ---- */

static const char *write_subject(sso_ctx_t *cx, const sso_leaving_t *who)
{
    sso_buf_t b = sso_buf_make(cx->pool, 256, MESSAGE_MAX);
    sso_saml_name_t name = {.value = who->subject};

    sso_saml_name_recall(cx->pool, who->handle, &name);
    sso_saml_name_write(&b, &name);
    sso_saml_put_element(&b, "samlp:SessionIndex", *who->sid ? who->sid : NULL);
    return b.full ? NULL : b.p;
}

static const char *request_attributes(sso_ctx_t *cx)
{
    sso_buf_t b = sso_buf_make(cx->pool, 128, MESSAGE_MAX);

    sso_saml_put_attr(&b, "Reason", REASON_USER);
    sso_saml_put_attr(&b, "NotOnOrAfter",
                      sso_when_text(cx->pool, sso_when_add(cx->now, REQUEST_AGE)));
    return b.p;
}

static apr_status_t send_request(sso_ctx_t *cx, const sso_idp_t *idp, const sso_saml_state_t *state,
                                 const sso_leaving_t *who, sso_flow_t *flow, sso_reply_t *reply)
{
    message_t m = {.cx = cx,
                   .idp = idp,
                   .state = state,
                   .kind = SSO_SAML_REQUEST,
                   .attributes = request_attributes(cx),
                   .content = write_subject(cx, who),
                   .relay = flow->id,
                   .redirect = state->idp.slo_redirect,
                   .post = state->idp.slo_post};
    apr_status_t rv = check_key(cx, state);

    if (rv == APR_SUCCESS) rv = sso_saml_state_check(cx, state);
    if (rv == APR_SUCCESS) rv = sso_saml_id_make(cx, &m.id);
    if (rv != APR_SUCCESS) return rv;
    if (!m.content) return sso_fail(cx, SSO_F_INTERNAL, "a name is too long for a logout");
    rv = send_message(&m, reply);
    if (rv != APR_SUCCESS) return rv;
    flow->request = m.id;
    flow->demand.issuer = state->idp.entity_id;
    return rv;
}

apr_status_t sso_saml_logout_start(sso_ctx_t *cx, const sso_idp_t *idp,
                                   const sso_saml_state_t *state, const sso_leaving_t *who,
                                   sso_flow_t *flow, sso_reply_t *reply)
{
    const char *how = state->set->saml_logout;

    if (!strcmp(how, "off")) return APR_NOTFOUND;
    if (strcmp(how, "auto") != 0) {
        sso_reply_redirect(reply, 303, how);
        return APR_SUCCESS;
    }
    if (!state->idp.slo_redirect && !state->idp.slo_post) return APR_NOTFOUND;
    return send_request(cx, idp, state, who, flow, reply);
}

/* ---- LogoutResponse ---- */

static const char *answer_attributes(sso_ctx_t *cx, const char *request)
{
    sso_buf_t b = sso_buf_make(cx->pool, 64, MESSAGE_MAX);

    sso_saml_put_attr(&b, "InResponseTo", request);
    return b.p;
}

static void say_goodbye(sso_ctx_t *cx, const sso_idp_t *idp, sso_reply_t *reply)
{
    const sso_link_t link = {idp->site->base_url, "Go to the site"};

    sso_page_message(cx, "You are signed out", "Your session on this site has ended.", &link, 1,
                     reply);
}

apr_status_t sso_saml_logout_answer(sso_ctx_t *cx, const sso_idp_t *idp,
                                    const sso_saml_state_t *state, const sso_saml_asked_t *asked,
                                    int ended, sso_reply_t *reply)
{
    message_t m = {.cx = cx,
                   .idp = idp,
                   .state = state,
                   .kind = SSO_SAML_RESPONSE,
                   .attributes = answer_attributes(cx, asked->request),
                   .content = ended ? "<samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS
                                      "\"/></samlp:Status>"
                                    : "<samlp:Status><samlp:StatusCode "
                                      "Value=\"" SAML_STATUS_RESPONDER "\"/></samlp:Status>",
                   .relay = asked->relay,
                   .redirect = state->idp.slo_redirect_answer,
                   .post = state->idp.slo_post_answer};
    apr_status_t rv = check_key(cx, state);

    if (rv == APR_SUCCESS) rv = sso_saml_id_make(cx, &m.id);
    if (rv != APR_SUCCESS) return rv;
    if (asked->soap) return send_soap(&m, reply);
    if (m.redirect || m.post) return send_message(&m, reply);
    say_goodbye(cx, idp, reply);
    return APR_SUCCESS;
}
