/*
 * test_saml_request.c - what we ask the provider, and how it travels.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "saml/saml_binding.h"
#include "saml/saml_names.h"
#include "saml/saml_request.h"
#include "saml_bench.h"

/* What start makes of a new flow. */
typedef struct {
    sso_flow_t flow;
    sso_reply_t reply;
    const char *xml; /* of the message sent */
} sent_t;

static apr_status_t try_start(bench_t *b, sent_t *sent)
{
    *sent = (sent_t){.flow = b->flows.item[0]};
    sent->flow.request = NULL;
    sent->flow.extra = NULL;
    return sso_saml.start(b->cx, &b->idp, &sent->flow, &sent->reply);
}

static const char *message_of(bench_t *b, const sso_reply_t *reply)
{
    sso_saml_message_t m;
    sso_span_t xml;
    const char *field;

    if (reply->kind == SSO_REPLY_REDIRECT) {
        assert_int_equal(
            sso_saml_redirect_read(b->cx, sso_span(strstr(reply->location, "SAMLR")), NULL, &m),
            APR_SUCCESS);
        return sso_span_text(b->cx->pool, m.xml);
    }
    assert_int_equal(reply->kind, SSO_REPLY_FORM);
    field = apr_table_get(reply->fields, "SAMLRequest");
    assert_int_equal(sso_b64_decode(b->cx->pool, sso_span(field), SSO_B64_STD, &xml, NULL), 0);
    return sso_span_text(b->cx->pool, xml);
}

static sent_t start(bench_t *b)
{
    sent_t sent;
    apr_status_t rv = try_start(b, &sent);

    if (rv != APR_SUCCESS) print_message("not started: %s\n", b->cx->err.log);
    assert_int_equal(rv, APR_SUCCESS);
    sent.xml = message_of(b, &sent.reply);
    return sent;
}

static void the_default_request_is_the_least(void **state)
{
    bench_t *b = bench_make(*state);
    sent_t sent;
    apr_size_t i;

    (void)bench_prepare(b);
    sent = start(b);
    assert_int_equal(sent.reply.kind, SSO_REPLY_REDIRECT);
    assert_int_equal(sent.reply.status, 302);
    assert_true(
        strncmp(sent.reply.location, "https://idp.example.com/sso?tenant=1&SAMLRequest=", 49) == 0);
    assert_non_null(strstr(sent.reply.location, "&RelayState=0a1b2c3d"));
    assert_null(strstr(sent.reply.location, "Signature"));
    assert_int_equal(strlen(sent.flow.request), 41);
    assert_int_equal(sent.flow.request[0], '_');
    for (i = 1; i < 41; i++)
        assert_non_null(strchr("0123456789abcdef", sent.flow.request[i]));
    assert_string_equal(sent.flow.extra, "");
    assert_string_equal(sent.xml,
                        apr_pstrcat(b->cx->pool,
                                    "<samlp:AuthnRequest xmlns:samlp=\"" SAML_NS_PROTOCOL "\" "
                                    "xmlns:saml=\"" SAML_NS_ASSERTION "\" ID=\"",
                                    sent.flow.request,
                                    "\" "
                                    "Version=\"2.0\" IssueInstant=\"2026-11-23T18:58:52Z\" "
                                    "Destination=\"https://idp.example.com/sso?tenant=1\" "
                                    "AssertionConsumerServiceURL=\"" ACS "\" "
                                    "ProtocolBinding=\"" SAML_BINDING_POST "\">"
                                    "<saml:Issuer>" SP_ID "</saml:Issuer></samlp:AuthnRequest>",
                                    NULL));
}

static void every_request_has_another_id(void **state)
{
    bench_t *b = bench_make(*state);

    (void)bench_prepare(b);
    assert_string_not_equal(start(b).flow.request, start(b).flow.request);
}

static void a_given_request_id_is_kept(void **state)
{
    bench_t *b = bench_make(*state);
    sso_flow_t flow = b->flows.item[0];
    sso_reply_t reply;

    (void)bench_prepare(b);
    assert_int_equal(sso_saml.start(b->cx, &b->idp, &flow, &reply), APR_SUCCESS);
    assert_non_null(strstr(message_of(b, &reply), " ID=\"" REQUEST "\""));
}

/* Rows 21 and 25: what the place demands, over what the provider's own lines ask for. */
static void demands_are_asked_for(void **state)
{
    bench_t *b = bench_make(*state);
    sent_t sent;

    bench_set(b, "SSOSamlNameIDFormat", "urn:f", NULL);
    bench_set(b, "SSOSamlAuthnContext", "urn:weak", "comparison=minimum", NULL);
    (void)bench_prepare(b);
    b->flows.item[0].demand = (sso_demand_t){.force = 1, .acr = ""};
    sent = start(b);
    assert_non_null(strstr(sent.xml, " ForceAuthn=\"true\" "));
    assert_non_null(strstr(sent.xml, "urn:weak"));
    b->flows.item[0].demand = (sso_demand_t){.acr = "urn:a  https://x.example/mfa?a&b"};
    sent = start(b);
    assert_null(strstr(sent.xml, "ForceAuthn"));
    assert_non_null(strstr(sent.xml, "AllowCreate=\"true\"/>"
                                     "<samlp:RequestedAuthnContext Comparison=\"exact\">"
                                     "<saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef>"
                                     "<saml:AuthnContextClassRef>https://x.example/mfa?a&amp;b"
                                     "</saml:AuthnContextClassRef>"
                                     "</samlp:RequestedAuthnContext></samlp:AuthnRequest>"));
}

/* Row 22 */
static void silence_is_asked_for(void **state)
{
    static const sso_demand_t silent = {.silent = 1, .acr = ""};
    bench_t *b = bench_make(*state);
    sent_t sent;

    (void)bench_prepare(b);
    assert_null(sso_saml.objects(b->cx->pool, &b->provider, &silent));
    b->flows.item[0].demand = silent;
    sent = start(b);
    assert_non_null(strstr(sent.xml, " IsPassive=\"true\" "));
    assert_null(strstr(sent.xml, "ForceAuthn"));
    bench_set(b, "SSOSamlForceAuthn", "on", NULL);
    (void)bench_prepare(b);
    assert_non_null(strstr(sso_saml.objects(b->cx->pool, &b->provider, &silent), "asks everybody"));
}

/* Row 30: who it might be, only where the provider may be told. */
static void a_hint_is_given_where_it_is_wanted(void **state)
{
    static const struct {
        const char *hint, *subject;
    } row[] = {
        {"ada@example.org", "<saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:"
                            "nameid-format:emailAddress\">ada@example.org</saml:NameID>"
                            "</saml:Subject><samlp:NameIDPolicy "},
        {"a<d>a&", "nameid-format:unspecified\">a&lt;d&gt;a&amp;</saml:NameID>"},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    bench_set(b, "SSOSamlNameIDFormat", "urn:f", NULL);
    for (i = 0; i < COUNT(row); i++) {
        b->flows.item[0].demand.hint = row[i].hint;
        bench_unset(b, "SSOSamlLoginHint");
        (void)bench_prepare(b);
        assert_null(strstr(start(b).xml, "Subject"));
        bench_set(b, "SSOSamlLoginHint", "on", NULL);
        (void)bench_prepare(b);
        assert_non_null(strstr(start(b).xml, row[i].subject));
    }
    b->flows.item[0].demand.hint = NULL;
    assert_null(strstr(start(b).xml, "Subject"));
}

/* Rows 24, 27 and 29. */
static void federations_have_wishes(void **state)
{
    bench_t *b = bench_make(*state);
    const char *xml;

    bench_set(b, "SSOSamlNameIDFormat", "urn:f", NULL);
    bench_set(b, "SSOSamlAllowCreate", "off", NULL);
    bench_set(b, "SSOSamlAcsIndex", "0", NULL);
    bench_set(b, "SSOSamlAuthnContext", "urn:a", NULL);
    bench_set(b, "SSOSamlScoping", "requester=urn:us", "idp=urn:one", "idp=urn:two?a&b", NULL);
    (void)bench_prepare(b);
    xml = start(b).xml;
    assert_non_null(strstr(xml, " AssertionConsumerServiceIndex=\"0\"><saml:Issuer>"));
    assert_null(strstr(xml, "AssertionConsumerServiceURL"));
    assert_null(strstr(xml, "ProtocolBinding"));
    assert_non_null(strstr(xml, "<samlp:NameIDPolicy Format=\"urn:f\"/>"));
    assert_non_null(strstr(xml, "</samlp:RequestedAuthnContext><samlp:Scoping><samlp:IDPList>"
                                "<samlp:IDPEntry ProviderID=\"urn:one\"/>"
                                "<samlp:IDPEntry ProviderID=\"urn:two?a&amp;b\"/></samlp:IDPList>"
                                "<samlp:RequesterID>urn:us</samlp:RequesterID></samlp:Scoping>"
                                "</samlp:AuthnRequest>"));
    bench_unset(b, "SSOSamlScoping");
    bench_set(b, "SSOSamlScoping", "requester=urn:us", NULL);
    (void)bench_prepare(b);
    assert_non_null(strstr(start(b).xml, "<samlp:Scoping><samlp:RequesterID>"));
}

/* Row 78: the profile's three parameters, behind a query that the service may have. */
static void a_discovery_service_is_asked_well(void **state)
{
    bench_t *b = bench_make(*state);

    (void)bench_prepare(b);
    assert_null(sso_saml.discovery(b->cx, &b->idp, BASE "/.sso/choose?return=%2F", "idp"));
    bench_set(b, "SSOSamlDiscovery", "https://ds.example/wayf?lang=en", NULL);
    (void)bench_prepare(b);
    assert_string_equal(sso_saml.discovery(b->cx, &b->idp, BASE "/.sso/choose?return=%2F", "idp"),
                        "https://ds.example/wayf?lang=en&entityID=https%3A%2F%2Fwww.example.org"
                        "%2F.sso%2Fcorp%2Fmetadata&return=https%3A%2F%2Fwww.example.org%2F.sso"
                        "%2Fchoose%3Freturn%3D%252F&returnIDParam=idp");
    assert_string_equal(sso_saml.issuer(b->cx, &b->idp), IDP_ID);
}

/* Where the provider's line says what is accepted at all, it has to say so of what is demanded. */
static void demands_that_no_answer_could_meet(void **state)
{
    static const sso_demand_t mfa = {.acr = "urn:mfa urn:mfa2"};
    static const sso_demand_t fresh = {.force = 1, .max_age = 1, .acr = ""};
    bench_t *b = bench_make(*state);

    (void)bench_prepare(b);
    assert_null(sso_saml.objects(b->cx->pool, &b->provider, &mfa));
    bench_set(b, "SSOSamlAuthnContext", "urn:password", NULL);
    (void)bench_prepare(b);
    assert_string_equal(sso_saml.objects(b->cx->pool, &b->provider, &mfa),
                        "accepts none of urn:mfa urn:mfa2: add one of them to its "
                        "SSOSamlAuthnContext");
    assert_null(sso_saml.objects(b->cx->pool, &b->provider, &fresh));
    bench_set(b, "SSOSamlAuthnContext", "urn:mfa", NULL);
    (void)bench_prepare(b);
    assert_null(sso_saml.objects(b->cx->pool, &b->provider, &mfa));
    bench_unset(b, "SSOSamlAuthnContext");
    bench_set(b, "SSOSamlAuthnContext", "urn:password", "comparison=minimum", NULL);
    (void)bench_prepare(b);
    assert_null(sso_saml.objects(b->cx->pool, &b->provider, &mfa));
}

static void everything_that_can_be_asked_for(void **state)
{
    bench_t *b = bench_make(*state);
    const char *tail = "</saml:Issuer><samlp:NameIDPolicy Format=\"urn:f\" AllowCreate=\"true\"/>"
                       "<samlp:RequestedAuthnContext Comparison=\"minimum\">"
                       "<saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef>"
                       "<saml:AuthnContextClassRef>urn:b&amp;c</saml:AuthnContextClassRef>"
                       "</samlp:RequestedAuthnContext></samlp:AuthnRequest>";

    bench_set(b, "SSOSamlNameIDFormat", "urn:f", NULL);
    bench_set(b, "SSOSamlAuthnContext", "urn:a", "urn:b&c", "comparison=minimum", NULL);
    bench_set(b, "SSOSamlForceAuthn", "on", NULL);
    bench_set(b, "SSOSamlEntityID", "urn:us?a&b", NULL);
    (void)bench_prepare(b);
    assert_non_null(strstr(start(b).xml, tail));
    assert_non_null(strstr(start(b).xml, "\" ForceAuthn=\"true\" AssertionConsumerServiceURL="));
    assert_non_null(strstr(start(b).xml, "<saml:Issuer>urn:us?a&amp;b</saml:Issuer>"));
}

static void transient_names_are_not_created(void **state)
{
    bench_t *b = bench_make(*state);

    bench_set(b, "SSOSamlNameIDFormat", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
              NULL);
    (void)bench_prepare(b);
    assert_non_null(strstr(start(b).xml, "nameid-format:transient\"/>"));
}

/* R65: whatever stands in an address or a name, the request is the XML that was meant. */
static void r65_requests_are_escaped(void **state)
{
    const sso_xml_limits_t limits = {65536, 100, 0};
    bench_t *b = bench_make(*state);
    sso_saml_state_t *s = bench_prepare(b);
    xmlDoc *doc;
    xmlNode *root;
    const char *text;

    s->idp.sso_redirect = "https://idp.example.com/?a=\"&b=<x>'";
    b->set->saml_entity_id = "\"></saml:Issuer><evil/>&";
    assert_int_equal(sso_xml_parse(b->cx, sso_span(start(b).xml), &limits, &doc), APR_SUCCESS);
    root = xmlDocGetRootElement(doc);
    assert_string_equal(sso_xml_attr(b->cx, root, "Destination"), s->idp.sso_redirect);
    assert_int_equal(sso_xml_text(b->cx, sso_xml_first(root), 0, &text), APR_SUCCESS);
    assert_string_equal(text, b->set->saml_entity_id);
}

static void requests_are_signed_when_wanted(void **state)
{
    static const struct {
        const char *setting;
        int provider_wants, is_signed;
    } row[] = {
        {"auto", 0, 0}, {"auto", 1, 1}, {"on", 0, 1}, {"on", 1, 1}, {"off", 0, 0}, {"off", 1, 0},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(*state);
        apr_array_header_t *certs = apr_array_make(b->cx->pool, 1, sizeof(const sso_cert_t *));
        const sso_saml_trust_t trust = {.certs = certs};
        sso_saml_message_t m;
        const char *query;

        if (row[i].provider_wants) {
            (void)bench_file(b, "idp.xml",
                             bench_edit(b, bench_metadata(b), "<md:IDPSSODescriptor ",
                                        "<md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\" "));
        }
        bench_set(b, "SSOSamlSignRequests", row[i].setting, NULL);
        (void)bench_prepare(b);
        APR_ARRAY_PUSH(certs, const sso_cert_t *) = b->ours->cert;
        query = strstr(start(b).reply.location, "SAMLRequest=");
        assert_int_equal(sso_saml_redirect_read(b->cx, sso_span(query), &trust, &m), APR_SUCCESS);
        assert_int_equal(m.is_signed, row[i].is_signed);
        assert_string_equal(m.relay, "0a1b2c3d");
    }
}

static void a_request_by_post(void **state)
{
    bench_t *b = bench_make(*state);
    sent_t sent;

    bench_set(b, "SSOSamlRequestBinding", "post", NULL);
    (void)bench_prepare(b);
    sent = start(b);
    assert_int_equal(sent.reply.kind, SSO_REPLY_FORM);
    assert_string_equal(sent.reply.location, "https://idp.example.com/sso/post");
    assert_string_equal(apr_table_get(sent.reply.fields, "RelayState"), "0a1b2c3d");
    assert_non_null(strstr(sent.xml, "Destination=\"https://idp.example.com/sso/post\""));
    assert_null(strstr(sent.xml, "Signature"));
}

static void a_signed_request_by_post(void **state)
{
    const sso_xml_limits_t limits = {65536, 100, 0};
    bench_t *b = bench_make(*state);
    apr_array_header_t *certs = apr_array_make(b->cx->pool, 1, sizeof(const sso_cert_t *));
    const sso_saml_trust_t trust = {.certs = certs};
    xmlDoc *doc;
    xmlDoc *verified;

    APR_ARRAY_PUSH(certs, const sso_cert_t *) = b->ours->cert;
    bench_set(b, "SSOSamlRequestBinding", "post", NULL);
    bench_set(b, "SSOSamlSignRequests", "on", NULL);
    (void)bench_prepare(b);
    assert_int_equal(sso_xml_parse(b->cx, sso_span(start(b).xml), &limits, &doc), APR_SUCCESS);
    assert_int_equal(
        sso_saml_sig_check(b->cx, xmlDocGetRootElement(doc), &trust, &limits, &verified),
        APR_SUCCESS);
}

/* A provider that takes nothing but POST, and an address that something might cut. */
static void post_is_chosen_where_it_must_be(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_state_t *s = bench_prepare(b);
    char *path = apr_palloc(b->cx->pool, 5000);

    memset(path, 'x', 4999);
    path[4999] = '\0';
    memcpy(path, "https://idp.example.com/", 24);
    s->idp.sso_redirect = NULL;
    assert_int_equal(start(b).reply.kind, SSO_REPLY_FORM);
    s->idp.sso_redirect = path;
    assert_int_equal(start(b).reply.kind, SSO_REPLY_FORM);
    b->set->saml_binding = SSO_BINDING_REDIRECT;
    assert_int_equal(start(b).reply.kind, SSO_REPLY_REDIRECT);
    b->set->saml_binding = SSO_BINDING_AUTO;
    s->idp.sso_post = NULL;
    assert_int_equal(start(b).reply.kind, SSO_REPLY_REDIRECT);
    path[200] = '\0';
    s->idp.sso_post = "https://idp.example.com/sso/post";
    assert_int_equal(start(b).reply.kind, SSO_REPLY_REDIRECT);
}

/* The provider may know the address of the product before us only. */
static void an_inherited_address_is_asked_for(void **state)
{
    bench_t *b = bench_make(*state);

    bench_set(b, "SSOSamlAcs", "https://elsewhere.example.org/acs",
              "https://www.example.org.evil.example/acs", "https://www.example.org/old/acs?x=1",
              NULL);
    (void)bench_prepare(b);
    assert_non_null(strstr(start(b).xml, "AssertionConsumerServiceURL=\"https://www.example.org/"
                                         "old/acs?x=1\""));
    b->site.base_url = "https://other.example.org";
    b->idp.url = "https://other.example.org/.sso/corp";
    assert_non_null(strstr(start(b).xml, "AssertionConsumerServiceURL=\"https://other.example.org/"
                                         ".sso/corp/acs\""));
}

static void r80_nobody_is_sent_to_expired_metadata(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_state_t *s = bench_prepare(b);
    sent_t sent;

    s->idp.valid_until = NOW + 1;
    (void)start(b);
    s->idp.valid_until = NOW;
    assert_int_not_equal(try_start(b, &sent), APR_SUCCESS);
    assert_fault(b->cx, METADATA_EXPIRED);
}

static void signing_needs_a_key(void **state)
{
    bench_t *b = bench_make(*state);
    sent_t sent;

    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlSignRequests", "on", NULL);
    (void)bench_prepare(b);
    assert_int_not_equal(try_start(b, &sent), APR_SUCCESS);
    assert_fault(b->cx, CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(the_default_request_is_the_least),
        UNIT(every_request_has_another_id),
        UNIT(a_given_request_id_is_kept),
        UNIT(demands_are_asked_for),
        UNIT(silence_is_asked_for),
        UNIT(a_hint_is_given_where_it_is_wanted),
        UNIT(federations_have_wishes),
        UNIT(a_discovery_service_is_asked_well),
        UNIT(demands_that_no_answer_could_meet),
        UNIT(everything_that_can_be_asked_for),
        UNIT(transient_names_are_not_created),
        UNIT(r65_requests_are_escaped),
        UNIT(requests_are_signed_when_wanted),
        UNIT(a_request_by_post),
        UNIT(a_signed_request_by_post),
        UNIT(post_is_chosen_where_it_must_be),
        UNIT(an_inherited_address_is_asked_for),
        UNIT(r80_nobody_is_sent_to_expired_metadata),
        UNIT(signing_needs_a_key),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
