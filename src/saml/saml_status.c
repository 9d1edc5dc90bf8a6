/*
 * saml_status.c - reading Status.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_status.h"

#include "base/trace.h"
#include "saml/saml_message.h"
#include "saml/saml_names.h"

#define STATUS_CODE "urn:oasis:names:tc:SAML:2.0:status:"

typedef struct {
    const char *code;
    sso_fault_t fault;
} status_t;

/* Second-level codes say more, so they are looked up first. */
static const status_t status_of[] = {
    {STATUS_CODE "AuthnFailed", SSO_F_STATUS_AUTHN},
    {STATUS_CODE "NoPassive", SSO_F_STATUS_PASSIVE},
    {STATUS_CODE "RequestDenied", SSO_F_STATUS_DENIED},
    {STATUS_CODE "InvalidNameIDPolicy", SSO_F_STATUS_NAMEID},
    {STATUS_CODE "NoAuthnContext", SSO_F_STATUS_CONTEXT},
    {STATUS_CODE "Requester", SSO_F_STATUS_REQUESTER},
    {STATUS_CODE "Responder", SSO_F_STATUS_RESPONDER},
};

static sso_fault_t fault_of(const char *code)
{
    apr_size_t i;

    for (i = 0; i < sizeof(status_of) / sizeof(status_of[0]); i++) {
        if (!strcmp(code, status_of[i].code)) return status_of[i].fault;
    }
    return SSO_F_STATUS;
}

/* "AuthnFailed" of its URN, quoted for the log; others in full. */
static const char *short_code(sso_ctx_t *cx, const char *code)
{
    const apr_size_t n = strlen(STATUS_CODE);

    return sso_saml_quote(cx, !strncmp(code, STATUS_CODE, n) ? code + n : code);
}

static apr_status_t report_status(sso_ctx_t *cx, const xmlNode *status, const xmlNode *top,
                                  const char *code)
{
    const char *sub = "";
    const char *text = "";
    xmlNode *inner;
    xmlNode *message;
    sso_fault_t fault;
    apr_status_t rv = sso_saml_only(cx, top, SAML_NS_PROTOCOL, "StatusCode", &inner);

    if (rv == APR_SUCCESS) {
        rv = sso_saml_only(cx, status, SAML_NS_PROTOCOL, "StatusMessage", &message);
    }
    if (rv == APR_SUCCESS && message) rv = sso_xml_text(cx, message, 1, &text);
    if (rv != APR_SUCCESS) return rv;
    if (inner && sso_xml_attr(cx, inner, "Value")) sub = sso_xml_attr(cx, inner, "Value");
    fault = fault_of(sub);
    if (fault == SSO_F_STATUS) fault = fault_of(code);
    return sso_fail(cx, fault, "the provider says %s%s%s: \"%s\"", short_code(cx, code),
                    *sub ? " / " : "", short_code(cx, sub), sso_saml_quote(cx, text));
}

apr_status_t sso_saml_status_check(sso_ctx_t *cx, const xmlNode *response)
{
    xmlNode *status;
    xmlNode *top = NULL;
    const char *code;
    apr_status_t rv = sso_saml_only(cx, response, SAML_NS_PROTOCOL, "Status", &status);

    if (rv == APR_SUCCESS && status) {
        rv = sso_saml_only(cx, status, SAML_NS_PROTOCOL, "StatusCode", &top);
    }
    if (rv != APR_SUCCESS) return rv;
    code = top ? sso_xml_attr(cx, top, "Value") : NULL;
    if (!code) {
        return sso_fail_about(cx, SSO_F_SAML_STRUCTURE, "StatusCode",
                              "the Response has no StatusCode with a Value");
    }
    sso_trace_see(cx, "Status", "Success", short_code(cx, code));
    if (!strcmp(code, SAML_STATUS_SUCCESS)) return APR_SUCCESS;
    return report_status(cx, status, top, code);
}
