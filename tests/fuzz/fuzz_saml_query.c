/*
 * fuzz_saml_query.c - the query of HTTP-Redirect: nothing signed but what the provider signed.
 *
 * The first half runs the input as a query against a key whose only signature in the corpus is over
 * one message; the second half sends the input as a message and reads it back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz.h"
#include "fuzz_saml.h"
#include "saml/saml_binding.h"

static void read_as_query(sso_ctx_t *cx, sso_span_t query)
{
    const sso_saml_trust_t trust = {.certs = fuzz_saml_certs()};
    sso_saml_message_t m = {.xml = {NULL, 0}};
    sso_saml_message_t again = {.xml = {NULL, 0}};
    apr_status_t rv = sso_saml_redirect_read(cx, query, &trust, &m);

    fuzz_demand((rv == APR_SUCCESS) == (cx->err.fault == SSO_F_NONE));
    fuzz_demand((rv == APR_SUCCESS) == (m.xml.p != NULL));
    if (rv != APR_SUCCESS) return;
    fuzz_demand(m.xml.n <= SSO_SAML_INFLATE_MAX);
    fuzz_demand(!m.relay || strlen(m.relay) <= SSO_SAML_RELAY_MAX);
    if (m.is_signed) fuzz_demand(sso_span_is(m.xml, FUZZ_SAML_SIGNED_QUERY));
    /* Without a key the same message comes out, believed by nobody. */
    fuzz_demand(sso_saml_redirect_read(cx, query, NULL, &again) == APR_SUCCESS);
    fuzz_demand(again.is_signed == 0 && sso_span_eq(again.xml, m.xml) && again.kind == m.kind);
}

static void send_and_read(sso_ctx_t *cx, sso_span_t xml)
{
    sso_saml_message_t m;
    const char *url;

    if (xml.n > SSO_SAML_INFLATE_MAX - 64) return;
    fuzz_demand(sso_saml_redirect_make(cx, "https://idp.example.com/?x=1", SSO_SAML_REQUEST, xml,
                                       "0a1b2c3d", NULL, &url)
                == APR_SUCCESS);
    fuzz_demand(sso_saml_redirect_read(cx, sso_span(strchr(url, '&') + 1), NULL, &m)
                == APR_SUCCESS);
    fuzz_demand(sso_span_eq(m.xml, xml) && m.kind == SSO_SAML_REQUEST && !m.is_signed);
    fuzz_demand(!strcmp(m.relay, "0a1b2c3d"));
}

static void run(sso_ctx_t *cx, sso_span_t input)
{
    read_as_query(cx, input);
    sso_ctx_clear(cx);
    send_and_read(cx, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_ctx_t cx = sso_ctx(fuzz_pool(), FUZZ_NOW);

    run(&cx, sso_span_of(data, size));
    apr_pool_clear(cx.pool);
    return 0;
}
