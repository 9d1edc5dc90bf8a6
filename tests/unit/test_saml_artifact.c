/*
 * test_saml_artifact.c - responses by reference: what is asked, whom, and what is believed of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "saml/saml_artifact.h"
#include "saml/saml_names.h"
#include "saml/saml_soap.h"
#include "saml_bench.h"

#include <openssl/evp.h>

#define ARS  "https://idp.example.com/ars"
#define MARK "<!>" /* behind the Status of the ArtifactResponse: makes edits of it unique */

/* A provider's server that answers as the test wants it. */
typedef struct {
    sso_client_t client; /* first */
    bench_t *b;
    const char *from, *to; /* an edit of the ArtifactResponse before it is signed */
    const char *inside;    /* text of the Response in it that becomes ...; NULL: none */
    const char *instead;   /* ... this */
    int how;               /* BY_OTHER, -1: not signed */
    int status;
    const char *asked; /* the last message that came */
    const char *url;
    int count;
} server_t;

static const char *value_of(bench_t *b, const char *xml, const char *name)
{
    const char *at = strstr(xml, name) + strlen(name);

    return apr_pstrmemdup(b->cx->pool, at, strcspn(at, "\""));
}

static apr_status_t exchange(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out)
{
    server_t *s = (server_t *)client->state;
    const char *response = bench_edited(s->b, SIGN_ASSERTION, s->inside, s->instead);
    const char *xml;

    s->count++;
    s->url = req->url;
    s->asked = sso_span_text(cx->pool, req->body);
    assert_string_equal(req->method, "POST");
    assert_true(req->timeout > 0 && req->max > 0 && req->redirects == 0);
    xml = apr_pstrcat(cx->pool,
                      "<samlp:ArtifactResponse xmlns:samlp=\"" SAML_NS_PROTOCOL
                      "\" xmlns:saml=\"" SAML_NS_ASSERTION
                      "\" ID=\"_ar1\" Version=\"2.0\" IssueInstant=\"2026-11-23T18:58:52Z\" "
                      "InResponseTo=\"",
                      value_of(s->b, s->asked, " ID=\""),
                      "\"><saml:Issuer>" IDP_ID "</saml:Issuer><samlp:Status><samlp:StatusCode "
                      "Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>" MARK,
                      response, "</samlp:ArtifactResponse>", NULL);
    if (s->from) xml = bench_edit(s->b, xml, s->from, s->to);
    assert_non_null(xml);
    if (strstr(xml, MARK)) xml = bench_edit(s->b, xml, MARK, "");
    if (s->how >= 0) xml = bench_sign(s->b, xml, s->how);
    *out = (sso_client_response_t){
        .status = s->status, .type = "text/xml", .body = sso_soap_wrap(cx, sso_span(xml))};
    return APR_SUCCESS;
}

static server_t *make_server(bench_t *b)
{
    server_t *s = apr_pcalloc(b->cx->pool, sizeof(*s));
    sso_saml_state_t *prepared;

    (void)bench_file(b, "idp.xml",
                     bench_edit(b, bench_metadata(b), "</md:IDPSSODescriptor>",
                                "<md:ArtifactResolutionService Binding=\"" SAML_BINDING_SOAP
                                "\" index=\"7\" Location=\"" ARS "\"/></md:IDPSSODescriptor>"));
    bench_set(b, "SSOSamlResponseBinding", "artifact", NULL);
    prepared = bench_prepare(b);
    *s = (server_t){.client = {exchange, s}, .b = b, .status = 200};
    prepared->client = &s->client;
    return s;
}

/* The query that brings an artifact of this source and index. */
static const char *artifact(bench_t *b, const char *source, int index, int type)
{
    char bytes[44] = {0, (char)type, (char)(index >> 8), (char)index};
    unsigned int n;

    memset(bytes + 24, 'h', 20);
    assert_int_equal(
        EVP_Digest(source, strlen(source), (unsigned char *)bytes + 4, &n, EVP_sha1(), NULL), 1);
    return apr_pstrcat(b->cx->pool, "SAMLart=",
                       sso_percent_encode(b->cx->pool, sso_span(sso_b64_encode(
                                                           b->cx->pool, sso_span_of(bytes, 44)))),
                       "&RelayState=0a1b2c3d", NULL);
}

static apr_status_t bring(bench_t *b, const char *query, sso_answer_t *out)
{
    return sso_saml.finish(b->cx, &b->idp, bench_get(b, "/.sso/corp/acs", query), &b->flows, out);
}

static void an_artifact_is_redeemed(void **state)
{
    bench_t *b = bench_make(*state);
    server_t *s = make_server(b);
    sso_answer_t answer;
    const char *query = artifact(b, IDP_ID, 7, 4);

    assert_int_equal(bring(b, query, &answer), APR_SUCCESS);
    assert_string_equal(answer.who->subject, "alice");
    assert_ptr_equal(answer.flow, &b->flows.item[0]);
    assert_int_equal(answer.once_n, 3);
    assert_string_equal(answer.once[2].label, "artifact");
    assert_int_equal(answer.once[2].what.n, 44);
    assert_string_equal(s->url, ARS);
    assert_non_null(strstr(s->asked, "Destination=\"" ARS "\""));
    assert_non_null(strstr(s->asked, ">" SP_ID "</saml:Issuer>"));
    assert_non_null(strstr(s->asked, "<ds:SignatureValue>"));
    assert_int_equal(s->count, 1);
}

static void nothing_is_asked_in_vain(void **state)
{
    bench_t *b = bench_make(*state);
    server_t *s = make_server(b);
    const struct {
        const char *query;
        sso_fault_t fault;
    } row[] = {
        {artifact(b, "https://other.example.com/", 7, 4), SSO_F_ARTIFACT},
        {artifact(b, IDP_ID, 8, 4), SSO_F_ARTIFACT},
        {artifact(b, IDP_ID, 7 + 256, 4), SSO_F_ARTIFACT},
        {artifact(b, IDP_ID, 7, 1), SSO_F_ARTIFACT},
        {"SAMLart=AAQA", SSO_F_ARTIFACT},
        {"SAMLart=", SSO_F_ARTIFACT},
        {"SAMLart=%zz", SSO_F_PARAM_ESCAPE},
        {apr_pstrcat(b->cx->pool, artifact(b, IDP_ID, 7, 4), "&SAMLart=x", NULL),
         SSO_F_PARAM_DUPLICATE},
        {"x=y", SSO_F_METHOD},
        {"xSAMLart=x", SSO_F_METHOD},
    };
    sso_answer_t answer;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].query);
        assert_int_not_equal(bring(b, row[i].query, &answer), APR_SUCCESS);
        assert_string_equal(sso_fault_info(b->cx->err.fault)->code,
                            sso_fault_info(row[i].fault)->code);
        sso_ctx_clear(b->cx);
    }
    b->flows.n = 0;
    assert_int_not_equal(bring(b, artifact(b, IDP_ID, 7, 4), &answer), APR_SUCCESS);
    assert_fault(b->cx, STATE_MISSING);
    assert_int_equal(s->count, 0);
}

static void what_comes_for_it_is_verified(void **state)
{
    static const struct {
        const char *from, *to;
        int how, status;
        sso_fault_t fault;
    } row[] = {
        {NULL, NULL, -1, 200, SSO_F_SIG_MISSING},
        {NULL, NULL, BY_OTHER, 200, SSO_F_SIGNATURE},
        {NULL, NULL, 0, 404, SSO_F_NET_STATUS},
        {"<saml:Issuer>" IDP_ID "</saml:Issuer><samlp:Status><samlp:StatusCode "
         "Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>" MARK,
         "<saml:Issuer>https://o.example/</saml:Issuer>", 0, 200, SSO_F_ISSUER},
        {"<saml:Issuer>" IDP_ID "</saml:Issuer><samlp:Status><samlp:StatusCode "
         "Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>" MARK,
         "<samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>", 0,
         200, SSO_F_ISSUER},
        {"<samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>" MARK
         "",
         "", 0, 200, SSO_F_SAML_STRUCTURE},
        {"Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>" MARK,
         "Value=\"" SAML_STATUS_RESPONDER "\"/></samlp:Status>", 0, 200, SSO_F_STATUS_RESPONDER},
        {"IssueInstant=\"2026-11-23T18:58:52Z\"", "IssueInstant=\"2026-11-23T18:48:52Z\"", 0, 200,
         SSO_F_ISSUE_INSTANT},
        {"Version=\"2.0\" IssueInstant=\"2026-11-23T18:58:52Z\" InResponseTo=\"",
         "Version=\"2.0\" IssueInstant=\"2026-11-23T18:58:52Z\" InResponseTo=\"x", 0, 200,
         SSO_F_IN_RESPONSE_TO},
    };
    bench_t *b = bench_make(*state);
    server_t *s = make_server(b);
    sso_answer_t answer = {.once_n = 4711};
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].to ? row[i].to : sso_fault_info(row[i].fault)->code);
        s->from = row[i].from;
        s->to = row[i].to;
        s->how = row[i].how;
        s->status = row[i].status;
        assert_int_not_equal(bring(b, artifact(b, IDP_ID, 7, 4), &answer), APR_SUCCESS);
        assert_string_equal(sso_fault_info(b->cx->err.fault)->code,
                            sso_fault_info(row[i].fault)->code);
        assert_int_equal(answer.once_n, 4711);
        sso_ctx_clear(b->cx);
    }
}

/* What a browser brings may leave the Issuer of an unsigned Response out; this may not. */
static void the_response_names_its_provider(void **state)
{
    bench_t *b = bench_make(*state);
    server_t *s = make_server(b);
    sso_answer_t answer;

    s->inside = "<saml:Issuer>" IDP_ID "</saml:Issuer><samlp:Status>";
    s->instead = "<samlp:Status>";
    assert_int_not_equal(bring(b, artifact(b, IDP_ID, 7, 4), &answer), APR_SUCCESS);
    assert_fault(b->cx, ISSUER);
    s->instead = "<saml:Issuer>https://other.example.com/</saml:Issuer><samlp:Status>";
    assert_int_not_equal(bring(b, artifact(b, IDP_ID, 7, 4), &answer), APR_SUCCESS);
    assert_fault(b->cx, ISSUER);
}

/* Without a service in the metadata there is nowhere to redeem: said at the start. */
static void a_provider_without_a_service_is_refused(void **state)
{
    bench_t *b = bench_make(*state);

    bench_set(b, "SSOSamlResponseBinding", "artifact", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "write post"));
    assert_fault(b->cx, CONFIG);
}

/* Where it is not switched on an artifact is nothing. */
static void artifacts_are_off_by_default(void **state)
{
    bench_t *b = bench_make(*state);
    sso_answer_t answer;

    (void)bench_prepare(b);
    assert_int_not_equal(bring(b, artifact(b, IDP_ID, 7, 4), &answer), APR_SUCCESS);
    assert_fault(b->cx, METHOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(an_artifact_is_redeemed),
        UNIT(nothing_is_asked_in_vain),
        UNIT(what_comes_for_it_is_verified),
        UNIT(the_response_names_its_provider),
        UNIT(a_provider_without_a_service_is_refused),
        UNIT(artifacts_are_off_by_default),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
