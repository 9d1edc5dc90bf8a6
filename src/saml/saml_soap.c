/*
 * saml_soap.c - envelopes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_soap.h"

#include "base/buf.h"

#define NS_SOAP "http://schemas.xmlsoap.org/soap/envelope/"
#define HEAD    "<soap:Envelope xmlns:soap=\"" NS_SOAP "\"><soap:Body>"
#define TAIL    "</soap:Body></soap:Envelope>"

/* SOAP 1.1, 4.2.3: what must be understood and is not, must not be ignored. Of what may be ignored
 * we understand nothing, and ignore all. */
static int must_understand(const xmlNode *header)
{
    const xmlNode *entry;

    for (entry = sso_xml_first(header); entry; entry = sso_xml_following(entry)) {
        if (xmlHasNsProp(entry, (const xmlChar *)"mustUnderstand", (const xmlChar *)NS_SOAP)) {
            return 1;
        }
    }
    return 0;
}

apr_status_t sso_soap_open(sso_ctx_t *cx, const xmlNode *root, xmlNode **out)
{
    xmlNode *at = sso_xml_first(root);
    xmlNode *message;

    if (!sso_xml_is(root, NS_SOAP, "Envelope")) {
        return sso_fail(cx, SSO_F_SAML_TYPE, "<%s> instead of a SOAP 1.1 envelope",
                        sso_log_quote(cx->pool, (const char *)root->name,
                                      strlen((const char *)root->name), 64));
    }
    if (at && sso_xml_is(at, NS_SOAP, "Header")) {
        if (must_understand(at)) {
            return sso_fail(cx, SSO_F_SAML_STRUCTURE, "a SOAP header with mustUnderstand");
        }
        at = sso_xml_following(at);
    }
    if (!at || !sso_xml_is(at, NS_SOAP, "Body") || sso_xml_following(at)) {
        return sso_fail_about(cx, SSO_F_SAML_STRUCTURE, "Body",
                              "the envelope has no Body, or more");
    }
    message = sso_xml_first(at);
    if (!message || sso_xml_following(message)) {
        return sso_fail_about(cx, SSO_F_SAML_STRUCTURE, "Body",
                              "the Body of the envelope holds not one message");
    }
    *out = message;
    return APR_SUCCESS;
}

sso_span_t sso_soap_wrap(sso_ctx_t *cx, sso_span_t xml)
{
    const apr_size_t n = xml.n + sizeof(HEAD) + sizeof(TAIL);
    sso_buf_t b = sso_buf_make(cx->pool, n, n);

    sso_buf_text(&b, HEAD);
    sso_buf_add(&b, xml.p, xml.n);
    sso_buf_text(&b, TAIL);
    return sso_buf_span(&b);
}
