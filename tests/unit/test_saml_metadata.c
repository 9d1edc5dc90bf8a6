/*
 * test_saml_metadata.c - other people's metadata, ours, and preparing a provider from either.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/sign.h"
#include "saml/saml_metadata.h"
#include "saml/saml_names.h"
#include "saml/saml_sp.h"
#include "saml/saml_xml.h"
#include "saml_bench.h"
#include "saml_keys.h"
#include "scratch.h"

#define MD "xmlns:md=\"" SAML_NS_METADATA "\""
#define KEY(use, cert)                                                                 \
    "<md:KeyDescriptor" use "><ds:KeyInfo xmlns:ds=\"" SAML_NS_DSIG "\"><ds:X509Data>" \
    "<ds:X509Certificate>" cert "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"     \
    "</md:KeyDescriptor>"
#define ROLE(inside)                                                                   \
    "<md:IDPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\">" inside \
    "</md:IDPSSODescriptor>"
#define SSO(binding, url) "<md:SingleSignOnService Binding=\"" binding "\" Location=\"" url "\"/>"
#define GOOD_SSO          SSO(SAML_BINDING_REDIRECT, "https://idp.example.com/sso")
#define ENTITY(id, inside) \
    "<md:EntityDescriptor " MD " entityID=\"" id "\">" inside "</md:EntityDescriptor>"
#define GOOD_KEY KEY("", IDP_CERT_BASE64)

static apr_status_t read_as(bench_t *b, const char *xml, const char *id, sso_saml_idp_t *out)
{
    return sso_saml_metadata_read(b->cx, b->cx->pool, sso_span(xml), id, out);
}

static void metadata_is_read(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_idp_t idp;

    assert_int_equal(read_as(b, bench_metadata(b), NULL, &idp), APR_SUCCESS);
    assert_string_equal(idp.entity_id, IDP_ID);
    assert_string_equal(idp.sso_redirect, "https://idp.example.com/sso?tenant=1");
    assert_string_equal(idp.sso_post, "https://idp.example.com/sso/post");
    assert_null(idp.slo_redirect);
    assert_null(idp.slo_post);
    assert_int_equal(idp.certs->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(idp.certs, 0, const sso_cert_t *)->sha256,
                        b->signer->cert->sha256);
    assert_int_equal(idp.wants_signed_requests, 0);
    assert_null(idp.display_name);
    assert_null(idp.logo);
    assert_int_equal(idp.valid_until, 0);
    assert_int_equal(b->log->nelts, 0);
}

#define UI                                                                            \
    "<md:Extensions><mdui:UIInfo xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\">" \
    "<mdui:DisplayName xml:lang=\"de\">Beispiel</mdui:DisplayName>"                   \
    "<mdui:DisplayName xml:lang=\"en\"> Example &amp; Co\n</mdui:DisplayName>"        \
    "<mdui:Logo height=\"1\" width=\"1\">%s</mdui:Logo></mdui:UIInfo></md:Extensions>"

/* What real providers put into theirs: a byte order mark, comments, other roles, old keys. */
static void everything_in_it_is_used(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_idp_t idp;
    const char *role = apr_psprintf(
        b->cx->pool,
        "<md:IDPSSODescriptor WantAuthnRequestsSigned=\"1\" "
        "protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol\n " SAML_NS_PROTOCOL
        "\" validUntil=\"2027-01-01T00:00:00Z\">" UI KEY(" use=\"signing\"", IDP_CERT_BASE64)
            KEY(" use=\"encryption\"", SP_CERT_BASE64) KEY("", OTHER_CERT_BASE64) KEY(
                "",
                IDP_CERT_BASE64) "<md:SingleLogoutService Binding=\"" SAML_BINDING_REDIRECT
                                 "\" Location=\"https://i/slo\"/>"
                                 "<md:SingleLogoutService Binding=\"" SAML_BINDING_POST
                                 "\" Location=\"https://i/slo/post\" "
                                 "ResponseLocation=\"https://i/slo/done\"/>"
                                 "<md:NameIDFormat>urn:x</md:NameIDFormat>"
                                 "<md:SingleSignOnService Binding=\"urn:mace:shibboleth:1.0:profiles:AuthnRequest\" "
                                 "Location=\"https://i/shib\"/>" SSO(SAML_BINDING_POST,
                                                                     "https://i/sso/post")
                                     SSO(SAML_BINDING_POST,
                                         "https://i/second") "</md:IDPSSODescriptor>",
        "https://i/logo.png");
    const char *xml = apr_pstrcat(
        b->cx->pool,
        "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- made by hand -->\n"
        "<md:EntityDescriptor " MD " entityID=\"" IDP_ID "\" ID=\"_x\" "
        "validUntil=\"2027-02-01T00:00:00Z\">"
        "<md:RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
        "xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" "
        "xsi:type=\"fed:SecurityTokenServiceType\" protocolSupportEnumeration=\"x\">" KEY(
            " use=\"signing\"",
            SP_CERT_BASE64) "</md:RoleDescriptor>"
                            "<md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol\">" KEY(
                                "", SP_CERT_BASE64) "</md:IDPSSODescriptor>",
        role,
        "<md:SPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL
        "\">" KEY("", SP_CERT_BASE64) "</md:SPSSODescriptor></md:EntityDescriptor>",
        NULL);

    assert_int_equal(read_as(b, xml, NULL, &idp), APR_SUCCESS);
    assert_null(idp.sso_redirect);
    assert_string_equal(idp.sso_post, "https://i/sso/post");
    assert_string_equal(idp.slo_redirect, "https://i/slo");
    assert_string_equal(idp.slo_redirect_answer, "https://i/slo");
    assert_string_equal(idp.slo_post, "https://i/slo/post");
    assert_string_equal(idp.slo_post_answer, "https://i/slo/done");
    assert_int_equal(idp.certs->nelts, 2); /* one of them stands there twice */
    assert_int_equal(idp.wants_signed_requests, 1);
    assert_string_equal(idp.display_name, "Example & Co");
    assert_string_equal(idp.logo, "https://i/logo.png");
    assert_int_equal(idp.valid_until, APR_TIME_C(1798761600000000)); /* the earlier one */
}

static void r80_roles_of_others_lend_no_keys(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_idp_t idp;

    assert_int_not_equal(
        read_as(
            b,
            ENTITY("x",
                   "<md:AttributeAuthorityDescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL
                   "\">" GOOD_KEY "</md:AttributeAuthorityDescriptor>" ROLE(GOOD_SSO)),
            NULL, &idp),
        APR_SUCCESS);
    assert_fault(b->cx, CONFIG);
}

static void the_organization_names_it(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_idp_t idp;

    assert_int_equal(
        read_as(
            b,
            ENTITY(
                "x",
                ROLE(
                    GOOD_KEY
                        GOOD_SSO) "<md:Organization><md:OrganizationName xml:lang=\"en\">n"
                                  "</md:OrganizationName><md:OrganizationDisplayName xml:lang=\"fr\">Chez"
                                  "</md:OrganizationDisplayName></md:Organization>"),
            NULL, &idp),
        0);
    assert_string_equal(idp.display_name, "Chez");
}

/* A picture inside the text is no address; a script in its place is none either. */
static void r80_logos_are_https(void **state)
{
    static const char *const bad[] = {"data:image/png;base64,AAAA", "javascript:alert(1)",
                                      "http://i/logo.png",          "//i/logo.png",
                                      "http://127.0.0.1/logo.png",  "http://localhost/logo.png"};
    bench_t *b = bench_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(bad); i++) {
        const char *ui = apr_psprintf(b->cx->pool, UI, bad[i]);
        const char *xml = apr_pstrcat(
            b->cx->pool,
            "<md:EntityDescriptor " MD " entityID=\"x\">"
            "<md:IDPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\">",
            ui, GOOD_KEY GOOD_SSO "</md:IDPSSODescriptor></md:EntityDescriptor>", NULL);
        sso_saml_idp_t idp;

        assert_int_equal(read_as(b, xml, NULL, &idp), APR_SUCCESS);
        assert_null(idp.logo);
    }
}

static void r80_endpoints_are_https(void **state)
{
    static const struct {
        const char *url;
        int good;
    } row[] = {
        {"https://idp.example.com/sso", 1},
        {"HTTPS://idp.example.com/sso", 1},
        {"http://localhost:8080/sso", 1},
        {"http://127.0.0.1/sso", 1},
        {"http://[::1]/sso", 1},
        {"http://idp.example.com/sso", 0},
        {"http://localhost.example.com/", 0},
        {"javascript:alert(1)", 0},
        {"data:text/html,x", 0},
        {"//idp.example.com/sso", 0},
        {"/sso", 0},
        {"https:idp.example.com", 0},
        {"https://u:p@idp.example.com/", 0},
        {"ftp://idp.example.com/", 0},
        {"https://idp.example.com/#x", 0},
        {"", 0},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *xml = apr_pstrcat(
            b->cx->pool,
            "<md:EntityDescriptor " MD " entityID=\"x\">"
            "<md:IDPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\">" GOOD_KEY
            "<md:SingleSignOnService Binding=\"" SAML_BINDING_REDIRECT "\" Location=\"",
            row[i].url,
            "\"/></md:IDPSSODescriptor>"
            "</md:EntityDescriptor>",
            NULL);
        sso_saml_idp_t idp;

        print_message("  %s\n", row[i].url);
        assert_int_equal(read_as(b, xml, NULL, &idp) == APR_SUCCESS, row[i].good);
        if (!row[i].good) {
            assert_fault(b->cx, CONFIG);
            assert_true(bench_logged(b, "left out"));
        }
    }
}

static void what_cannot_be_used_is_left_out(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_idp_t idp;

    assert_int_equal(
        read_as(
            b,
            ENTITY(
                "x",
                ROLE(KEY("", "bm90IGEgY2VydA==") KEY(
                    "",
                    WEAK_CERT_BASE64) "<md:KeyDescriptor><ds:KeyInfo xmlns:ds=\"" SAML_NS_DSIG "\">"
                                      "<ds:KeyName>k</ds:KeyName></ds:KeyInfo></md:KeyDescriptor>"
                                      "<md:KeyDescriptor/>" KEY(" use=\"both\"", SP_CERT_BASE64)
                                          KEY("", "\n  " IDP_CERT_BASE64 "\n  ")
                                              SSO(SAML_BINDING_REDIRECT,
                                                  "http://idp.example.com/plain") GOOD_SSO)),
            NULL, &idp),
        APR_SUCCESS);
    assert_int_equal(idp.certs->nelts, 1);
    assert_string_equal(idp.sso_redirect, "https://idp.example.com/sso");
    assert_int_equal(b->log->nelts, 5); /* two certificates, two empty keys, one address */
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
}

/* The certificates behind the first are its issuers'. */
static void a_chain_lends_only_its_first_key(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_idp_t idp;

    assert_int_equal(
        read_as(b,
                ENTITY("x", ROLE(KEY("", IDP_CERT_BASE64 "</ds:X509Certificate>"
                                                         "<ds:X509Certificate>" OTHER_CERT_BASE64)
                                     GOOD_SSO)),
                NULL, &idp),
        APR_SUCCESS);
    assert_int_equal(idp.certs->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(idp.certs, 0, const sso_cert_t *)->sha256,
                        b->signer->cert->sha256);
}

static void metadata_is_refused(void **state)
{
    static const struct {
        const char *name, *xml, *id;
        const char *code, *says;
    } row[] = {
        {"not XML", "<x", NULL, "xml_syntax", ""},
        {"a DTD", "<!DOCTYPE x><x/>", NULL, "xml_forbidden", ""},
        {"something else", "<html xmlns=\"http://www.w3.org/1999/xhtml\"/>", NULL, "config",
         "no SAML 2.0 identity provider"},
        {"no namespace", "<EntityDescriptor entityID=\"x\"/>", NULL, "config",
         "no SAML 2.0 identity provider"},
        {"a service provider", ENTITY("x", "<md:SPSSODescriptor/>"), NULL, "config",
         "no SAML 2.0 identity provider"},
        {"SAML 1 only",
         ENTITY("x", "<md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:"
                     "names:tc:SAML:1.1:protocol\"/>"),
         NULL, "config", "no SAML 2.0 identity provider"},
        {"no protocol", ENTITY("x", "<md:IDPSSODescriptor/>"), NULL, "config",
         "no SAML 2.0 identity provider"},
        {"no entityID",
         "<md:EntityDescriptor " MD ">" ROLE(GOOD_KEY GOOD_SSO) "</md:EntityDescriptor>", NULL,
         "config", "has no entityID"},
        {"empty entityID", ENTITY("", ROLE(GOOD_KEY GOOD_SSO)), NULL, "config", "has no entityID"},
        {"another one", ENTITY("x", ROLE(GOOD_KEY GOOD_SSO)), "y", "config",
         "no identity provider y in it, but for example x"},
        {"no key", ENTITY("x", ROLE(GOOD_SSO)), NULL, "config", "no signing certificate"},
        {"only an encryption key",
         ENTITY("x", ROLE(KEY(" use=\"encryption\"", IDP_CERT_BASE64) GOOD_SSO)), NULL, "config",
         "no signing certificate"},
        {"only a weak key", ENTITY("x", ROLE(KEY("", WEAK_CERT_BASE64) GOOD_SSO)), NULL, "config",
         "no signing certificate"},
        {"no SSO", ENTITY("x", ROLE(GOOD_KEY)), NULL, "config", "no SingleSignOnService"},
        {"SOAP only",
         ENTITY("x", ROLE(GOOD_KEY SSO("urn:oasis:names:tc:SAML:2.0:bindings:SOAP", "https://i/"))),
         NULL, "config", "no SingleSignOnService"},
        {"validUntil",
         "<md:EntityDescriptor " MD
         " entityID=\"x\" validUntil=\"soon\">" ROLE(GOOD_KEY GOOD_SSO) "</md:EntityDescriptor>",
         NULL, "config", "validUntil \"soon\" is not a time"},
        /* R51 */
        {"markup in a certificate", ENTITY("x", ROLE(KEY("", "<b/>" IDP_CERT_BASE64) GOOD_SSO)),
         NULL, "xml_text", ""},
        {"two providers",
         "<md:EntitiesDescriptor " MD ">" ENTITY("x", ROLE(GOOD_KEY GOOD_SSO))
             ENTITY("y", ROLE(GOOD_KEY GOOD_SSO)) "</md:EntitiesDescriptor>",
         NULL, "config", "describes 2 identity providers, x and y among them; add entity-id=ID"},
        {"one twice",
         "<md:EntitiesDescriptor " MD ">" ENTITY("x", ROLE(GOOD_KEY GOOD_SSO))
             ENTITY("x", ROLE(GOOD_KEY GOOD_SSO)) "</md:EntitiesDescriptor>",
         "x", "config", "x is described twice"},
        {"empty group", "<md:EntitiesDescriptor " MD "/>", NULL, "config",
         "no SAML 2.0 identity provider"},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_saml_idp_t idp = {.entity_id = "untouched"};

        print_message("  %s\n", row[i].name);
        assert_int_not_equal(read_as(b, row[i].xml, row[i].id, &idp), APR_SUCCESS);
        assert_string_equal(sso_error_code(b->cx), row[i].code);
        assert_non_null(strstr(b->cx->err.log, row[i].says));
        assert_string_equal(idp.entity_id, "untouched");
        sso_ctx_clear(b->cx);
    }
}

static void one_of_an_aggregate_is_chosen(void **state)
{
    static const char xml[] = "<md:EntitiesDescriptor " MD " validUntil=\"2026-12-31T00:00:00Z\">" ENTITY(
        "a",
        ROLE(
            GOOD_KEY
                GOOD_SSO)) "<md:EntitiesDescriptor validUntil=\"2026-12-30T00:00:00Z\">" ENTITY("b",
                                                                                                "<md:SPSSODescriptor/>")
        ENTITY("c", ROLE(GOOD_KEY GOOD_SSO)) "</md:EntitiesDescriptor></md:EntitiesDescriptor>";
    bench_t *b = bench_make(*state);
    sso_saml_idp_t idp;

    assert_int_equal(read_as(b, xml, "a", &idp), APR_SUCCESS);
    assert_string_equal(idp.entity_id, "a");
    assert_int_equal(idp.valid_until, APR_TIME_C(1798675200000000));
    assert_int_equal(read_as(b, xml, "c", &idp), APR_SUCCESS);
    assert_string_equal(idp.entity_id, "c");
    assert_int_equal(idp.valid_until, APR_TIME_C(1798588800000000));
    assert_int_not_equal(read_as(b, xml, "b", &idp), APR_SUCCESS);
    assert_fault(b->cx, CONFIG);
}

/* 1970 is a time, not "no limit". */
static void a_limit_long_past_is_a_limit(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_idp_t idp;

    assert_int_equal(read_as(b,
                             "<md:EntityDescriptor " MD " entityID=\"x\" "
                             "validUntil=\"1970-01-01T00:00:00Z\">" ROLE(
                                 GOOD_KEY GOOD_SSO) "</md:EntityDescriptor>",
                             NULL, &idp),
                     APR_SUCCESS);
    assert_true(idp.valid_until > 0 && idp.valid_until < NOW);
}

/* ---- preparing ---- */

static void a_provider_is_prepared_from_three_values(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_state_t *s;

    bench_unset(b, "SSOSamlMetadata");
    bench_set(b, "SSOSamlIdP", "entity-id=" IDP_ID, "sso-url=https://idp.example.com/sso",
              "cert=idp.crt", "slo-url=https://idp.example.com/slo", NULL);
    s = bench_prepare(b);
    assert_string_equal(s->idp.entity_id, IDP_ID);
    assert_string_equal(s->idp.sso_redirect, "https://idp.example.com/sso");
    assert_null(s->idp.sso_post);
    assert_string_equal(s->idp.slo_redirect_answer, "https://idp.example.com/slo");
    assert_int_equal(s->idp.certs->nelts, 1);
    assert_int_equal(s->signs_requests, 0);
    assert_int_equal(b->log->nelts, 0);
}

static void three_values_by_post_with_two_certificates(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_state_t *s;

    bench_unset(b, "SSOSamlMetadata");
    bench_set(b, "SSOSamlIdP", "entity-id=x:y", "sso-url=https://idp.example.com/sso",
              "cert=idp.crt", "cert=other.crt", "binding=post", NULL);
    s = bench_prepare(b);
    assert_null(s->idp.sso_redirect);
    assert_string_equal(s->idp.sso_post, "https://idp.example.com/sso");
    assert_int_equal(s->idp.certs->nelts, 2);
}

static void settings_are_refused(void **state)
{
    static const struct {
        const char *directive, *word1, *word2, *word3;
        int keep; /* the metadata of the bench */
        const char *says;
    } row[] = {
        {"SSODisplayName", "x", NULL, NULL, 0, "write SSOSamlMetadata FILE"},
        {"SSOSamlMetadata", "missing.xml", NULL, NULL, 0, "there is no file"},
        {"SSOSamlMetadata", "https://idp.example.com/metadata", NULL, NULL, 0, "cannot be fetched"},
        {"SSOSamlMetadata", "idp.xml", "entity-id=other", NULL, 0, "no identity provider other"},
        {"SSOSamlMetadata", "idp.xml", "other", NULL, 0, "write FILE|DIR|URL [entity-id=ID]"},
        {"SSOSamlMetadata", "http://idp.example.com/m", NULL, NULL, 0, "write an https address"},
        {"SSOSamlMetadata", "idp.xml", "refresh=1", NULL, 0, "has no unit"},
        {"SSOSamlMetadata", "idp.xml", "refresh=1s", NULL, 0, "out of bounds"},
        {"SSOSamlMetadata", "idp.xml", "signed-by=idp.key", NULL, 0, "idp.key"},
        {"SSOSamlMetadata", "idp.xml", "signed-by=other.crt", NULL, 0, "is not signed"},
        {"SSOSamlMetadata", "idp.key", NULL, NULL, 0, "idp.key: "},
        {"SSOSamlIdP", "entity-id=x:y", "sso-url=https://i/", "cert=missing.crt", 0, "SSOSamlIdP"},
        {"SSOSamlIdP", "entity-id=x:y", "sso-url=https://i/", "cert=idp.key", 0, "SSOSamlIdP"},
        {"SSOSamlIdP", "entity-id=x:y", "sso-url=https://i/", "cert=idp.crt", 1, "not several"},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(*state);

        print_message("  %s %s\n", row[i].directive, row[i].word1);
        if (!row[i].keep) bench_unset(b, "SSOSamlMetadata");
        bench_set(b, row[i].directive, row[i].word1, row[i].word2, row[i].word3, NULL);
        assert_int_not_equal(bench_try(b), APR_SUCCESS);
        print_message("    %s\n", b->cx->err.log);
        assert_non_null(strstr(b->cx->err.log, row[i].says));
        assert_null(b->provider.state);
        assert_fault(b->cx, CONFIG);
    }
}

static void a_binding_must_be_offered(void **state)
{
    bench_t *b = bench_make(*state);

    bench_unset(b, "SSOSamlMetadata");
    bench_set(b, "SSOSamlIdP", "entity-id=x:y", "sso-url=https://i/", "cert=idp.crt", NULL);
    bench_set(b, "SSOSamlRequestBinding", "post", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "write auto"));
    assert_fault(b->cx, CONFIG);
}

static void every_loosened_check_is_logged(void **state)
{
    static const char *const word[] = {"sha1",          "no-audience",    "no-recipient",
                                       "no-conditions", "no-destination", "inclusive-c14n",
                                       "comments"};
    apr_size_t i;

    for (i = 0; i < COUNT(word); i++) {
        bench_t *b = bench_make(*state);

        bench_set(b, "SSOSamlAllow", word[i], NULL);
        assert_int_equal(bench_prepare(b)->allow, 1 << i);
        assert_int_equal(b->log->nelts, 1);
        assert_true(
            bench_logged(b, apr_pstrcat(b->cx->pool, "corp: SSOSamlAllow ", word[i], NULL)));
    }
}

static void weak_settings_are_logged(void **state)
{
    bench_t *b = bench_make(*state);

    bench_set(b, "SSOSamlEncryption", "any", NULL);
    bench_set(b, "SSOSamlUnsolicited", "on", NULL);
    (void)bench_prepare(b);
    assert_int_equal(b->log->nelts, 2);
    assert_true(bench_logged(b, "SSOSamlEncryption any"));
    assert_true(bench_logged(b, "SSOSamlUnsolicited on"));
}

static void certificates_near_their_end_are_logged(void **state)
{
    bench_t *b = bench_make(*state);

    bench_unset(b, "SSOSamlMetadata");
    (void)bench_file(b, "soon.crt", SOON_CERT_BASE64);
    (void)bench_file(b, "expired.crt", EXPIRED_CERT_BASE64);
    bench_set(b, "SSOSamlIdP", "entity-id=x:y", "sso-url=https://i/", "cert=idp.crt",
              "cert=soon.crt", "cert=expired.crt", NULL);
    (void)bench_prepare(b);
    assert_int_equal(b->log->nelts, 2);
    assert_true(bench_logged(b, "soon.test expires on Tue, 01 Dec 2026"));
    assert_true(bench_logged(b, "expired.test expired on Thu, 01 Jan 2026"));
}

static void r80_metadata_that_ran_out_is_logged(void **state)
{
    bench_t *b = bench_make(*state);

    (void)bench_file(b, "idp.xml",
                     bench_edit(b, bench_metadata(b),
                                " entityID=", " validUntil=\"2026-11-23T18:58:52Z\" entityID="));
    (void)bench_prepare(b);
    assert_true(bench_logged(b, "nobody can log in"));
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
}

/* ---- our keys ---- */

static void our_key_is_made_at_the_first_start(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_state_t *s;

    bench_unset(b, "SSOSamlKey");
    b->provider.state_dir = b->dir;
    b->provider.may_write = 0;
    s = bench_prepare(b);
    assert_null(s->signer);
    b->provider.may_write = 1;
    s = bench_prepare(b);
    assert_non_null(s->signer);
    assert_int_equal(scratch_mode(apr_pstrcat(b->cx->pool, b->dir, "/corp.saml.pem", NULL)), 0600);
    b->provider.may_write = 0;
    assert_string_equal(bench_prepare(b)->signer->cert->sha256, s->signer->cert->sha256);
    assert_int_equal(s->decrypters->nelts, 1);
}

static void keys_have_uses(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_state_t *s;

    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "idp.key", "idp.crt", "use=encrypt", NULL);
    bench_set(b, "SSOSamlKey", "other.key", "other.crt", "use=sign", NULL);
    bench_set(b, "SSOSamlKey", "sp.key", "sp.crt", NULL);
    s = bench_prepare(b);
    assert_string_equal(s->signer->cert->subject, b->other->cert->subject);
    assert_int_equal(s->signing->nelts, 2);
    assert_int_equal(s->decrypters->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(s->encryption, 0, const sso_cert_t *)->sha256,
                        b->signer->cert->sha256);
}

/* Row 38: what comes next is in our metadata and decrypts, before it signs. */
static void the_next_key_is_published_and_does_not_sign(void **state)
{
    bench_t *b = bench_make(*state);
    apr_array_header_t *facts = apr_array_make(b->cx->pool, 8, sizeof(sso_fact_t));
    sso_saml_state_t *s;

    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "other.key", "other.crt", "next", NULL);
    bench_set(b, "SSOSamlKey", "sp.key", "sp.crt", NULL);
    s = bench_prepare(b);
    assert_string_equal(s->signer->cert->sha256,
                        APR_ARRAY_IDX(s->signing, 1, const sso_cert_t *)->sha256);
    assert_string_not_equal(s->signer->cert->sha256, b->other->cert->sha256);
    assert_int_equal(s->signing->nelts, 2);
    assert_int_equal(s->encryption->nelts, 2);
    assert_int_equal(s->decrypters->nelts, 2);
    s->signs_requests = 1;
    assert_int_equal(sso_saml.describe(b->cx, &b->idp, facts), APR_SUCCESS);
    assert_non_null(strstr(APR_ARRAY_IDX(facts, 5, sso_fact_t).note, "does not sign yet"));
    assert_non_null(strstr(APR_ARRAY_IDX(facts, 7, sso_fact_t).note, "Requests are signed"));
    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "other.key", "other.crt", "next", "use=sign", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "without next"));
    assert_fault(b->cx, CONFIG);
}

/* Row 31: the algorithm is the admin's, and must fit the key. */
static void the_algorithm_is_chosen(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_state_t *s;

    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "sp.key", "sp.crt", "algorithm=rsa-pss-sha256", NULL);
    s = bench_prepare(b);
    assert_string_equal(sso_sign_alg_of(s->signer)->uri,
                        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1");
    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "sp.key", "sp.crt", "algorithm=ecdsa-sha256", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "algorithm=ecdsa-sha256 is not for a key of type RSA"));
    assert_fault(b->cx, CONFIG);
}

static void a_passphrase_has_a_source(void **state)
{
    bench_t *b = bench_make(*state);

    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "sp.key", "sp.crt", "passphrase=env:SSO_TEST_NO_SUCH", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "no variable SSO_TEST_NO_SUCH"));
    assert_fault(b->cx, CONFIG);
}

static void a_key_to_sign_with_is_needed(void **state)
{
    bench_t *b = bench_make(*state);

    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "idp.key", "idp.crt", "use=encrypt", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_fault(b->cx, CONFIG);
    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "idp.key", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "write SSOSamlKey FILE CERT"));
    assert_fault(b->cx, CONFIG);
    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "idp.key", "sp.crt", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_fault(b->cx, CONFIG);
}

/* ---- our metadata ---- */

static const char *serve_metadata(bench_t *b)
{
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_request_t *req = bench_get(b, "/.sso/corp/metadata", NULL);

    assert_int_equal(sso_saml.serve(b->cx, &b->idp, req, "metadata", &reply), APR_SUCCESS);
    assert_int_equal(reply.kind, SSO_REPLY_BODY);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.type, "application/samlmetadata+xml");
    return sso_span_text(b->cx->pool, reply.body);
}

static void our_metadata_says_all(void **state)
{
    static const char *const holds[] = {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        " entityID=\"" SP_ID "\"",
        "AuthnRequestsSigned=\"false\" WantAssertionsSigned=\"true\" "
        "protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\"",
        "<md:KeyDescriptor use=\"signing\">",
        "<md:KeyDescriptor use=\"encryption\">",
        "<ds:X509Certificate>" SP_CERT_BASE64 "</ds:X509Certificate>",
        "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>",
        "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes256-cbc\"/>",
        "<md:AssertionConsumerService Binding=\"" SAML_BINDING_POST "\" Location=\"" ACS
        "\" index=\"0\" isDefault=\"true\"/>",
    };
    bench_t *b = bench_make(*state);
    const char *xml;
    apr_size_t i;

    (void)bench_prepare(b);
    xml = serve_metadata(b);
    for (i = 0; i < COUNT(holds); i++) {
        print_message("  %s\n", holds[i]);
        assert_non_null(strstr(xml, holds[i]));
    }
    assert_null(strstr(xml, "NameIDFormat"));
    assert_null(strstr(xml, "index=\"1\""));
    assert_string_equal(xml, serve_metadata(b));
}

static void our_metadata_follows_the_settings(void **state)
{
    bench_t *b = bench_make(*state);
    const char *xml;

    bench_set(b, "SSOSamlEntityID", "https://sp.example.org/?a=1&b=2", NULL);
    bench_set(b, "SSOSamlAcs", "https://www.example.org/old/acs?x=1&y=2", NULL);
    bench_set(b, "SSOSamlNameIDFormat", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
              NULL);
    bench_set(b, "SSOSamlSignRequests", "on", NULL);
    bench_set(b, "SSOSamlWantSigned", "response", NULL);
    bench_set(b, "SSOSamlEncryption", "gcm", NULL);
    (void)bench_prepare(b);
    xml = serve_metadata(b);
    assert_non_null(strstr(xml, "entityID=\"https://sp.example.org/?a=1&amp;b=2\""));
    assert_non_null(strstr(xml, "AuthnRequestsSigned=\"true\" WantAssertionsSigned=\"false\""));
    assert_non_null(strstr(xml, "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:"
                                "transient</md:NameIDFormat>"));
    assert_non_null(strstr(xml, "Location=\"https://www.example.org/old/acs?x=1&amp;y=2\" "
                                "index=\"1\"/>"));
    assert_null(strstr(xml, "-cbc"));
}

/* Row 73: who we are, and what we ask for, where the schema has a place for it. */
static void our_metadata_says_what_the_admin_adds(void **state)
{
    bench_t *b = bench_make(*state);
    const char *xml;

    bench_set(b, "SSOSamlPublish", "name=Intranet & <more>", "organization=Bank",
              "url=https://www.example.org/", "contact=sso@example.org", NULL);
    bench_set(b, "SSOSamlPublish", "support=help@example.org", "attributes=email,department,bio",
              NULL);
    bench_set(b, "SSOSamlPublish", "description=What banks need", "privacy=https://x.example/p",
              "security=cert@example.org", "category=urn:a", "category=urn:b", NULL);
    bench_set(b, "SSOSamlAlgorithms", "rsa-sha512", "rsa-sha256", "sha512", NULL);
    bench_set(b, "SSOAttribute", "department", "dept", "urn:oid:2.5.4.11", NULL);
    bench_set(b, "SSOSamlMetadataValid", "7d", NULL);
    (void)bench_prepare(b);
    xml = serve_metadata(b);
    assert_non_null(strstr(xml, "<mdui:DisplayName xml:lang=\"en\">Intranet &amp; &lt;more&gt;<"));
    assert_non_null(strstr(xml, "FriendlyName=\"email\" "
                                "Name=\"urn:oid:0.9.2342.19200300.100.1.3\""));
    assert_non_null(strstr(xml, "FriendlyName=\"department\" Name=\"urn:oid:2.5.4.11\""));
    assert_non_null(strstr(xml,
                           "FriendlyName=\"bio\" Name=\"bio\" "
                           "NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\""));
    assert_non_null(strstr(xml, "<md:OrganizationName xml:lang=\"en\">Bank<"));
    assert_non_null(strstr(xml, "<md:ContactPerson contactType=\"technical\"><md:EmailAddress>"
                                "mailto:sso@example.org<"));
    assert_non_null(strstr(xml, "contactType=\"support\""));
    assert_non_null(strstr(xml, "<mdui:PrivacyStatementURL xml:lang=\"en\">https://x.example/p<"));
    assert_non_null(strstr(xml, "<mdui:Description xml:lang=\"en\">What banks need<"));
    assert_non_null(strstr(xml, "contactType=\"other\" xmlns:remd=\"http://refeds.org/metadata\" "
                                "remd:contactType=\"http://refeds.org/metadata/contactType/"
                                "security\"><md:EmailAddress>mailto:cert@example.org<"));
    assert_non_null(strstr(xml, "Name=\"http://macedir.org/entity-category\""));
    assert_non_null(strstr(xml, "<saml:AttributeValue>urn:a</saml:AttributeValue>\n"
                                "        <saml:AttributeValue>urn:b</saml:AttributeValue>"));
    assert_non_null(strstr(xml, "<alg:SigningMethod xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:"
                                "algsupport\" Algorithm=\"http://www.w3.org/2001/04/"
                                "xmldsig-more#rsa-sha512\"/>"));
    assert_non_null(strstr(xml, "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha512\"/>"));
    assert_non_null(strstr(xml, " validUntil=\"2026-11-30T18:00:00Z\"")); /* NOW is 18:58 */
    b->cx->now += apr_time_from_sec(60);
    assert_string_equal(xml, serve_metadata(b));
}

static void what_cannot_be_published_is_refused(void **state)
{
    bench_t *b = bench_make(*state);

    bench_set(b, "SSOSamlPublish", "organization=Bank", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "organization=NAME url=URL"));
    assert_fault(b->cx, CONFIG);
    bench_unset(b, "SSOSamlPublish");
    bench_set(b, "SSOSamlPublish", "attributes=email,shoe_size", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "write SSOAttribute shoe_size SOURCE"));
    assert_fault(b->cx, CONFIG);
}

/* Row 74: signed by the key in it, the same bytes each time, and read only where it is whole. */
static void our_metadata_is_signed(void **state)
{
    const sso_xml_limits_t limits = {1 << 20, 1000, 0};
    bench_t *b = bench_make(*state);
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_saml_state_t *s;
    sso_saml_trust_t trust = {.certs = NULL};
    const char *xml;
    const char *signature;
    const char *extensions;
    xmlDoc *verified;
    xmlDoc *doc;

    bench_set(b, "SSOSamlSignMetadata", "on", NULL);
    bench_set(b, "SSOSamlPublish", "name=Intranet", NULL);
    s = bench_prepare(b);
    xml = serve_metadata(b);
    assert_string_equal(xml, serve_metadata(b));
    signature = strstr(xml, "<ds:Signature ");
    extensions = strstr(xml, "<md:SPSSODescriptor ");
    assert_true(signature && extensions && signature < extensions); /* the schema's order */
    trust.certs = s->signing;
    assert_int_equal(sso_xml_parse(b->cx, sso_span(xml), &limits, &doc), APR_SUCCESS);
    assert_int_equal(
        sso_saml_sig_check(b->cx, xmlDocGetRootElement(doc), &trust, &limits, &verified),
        APR_SUCCESS);
    xml = apr_pstrcat(b->cx->pool, apr_pstrmemdup(b->cx->pool, xml, (apr_size_t)(extensions - xml)),
                      "<md:X/>", extensions, NULL);
    assert_int_equal(sso_xml_parse(b->cx, sso_span(xml), &limits, &doc), APR_SUCCESS);
    assert_int_not_equal(
        sso_saml_sig_check(b->cx, xmlDocGetRootElement(doc), &trust, &limits, &verified),
        APR_SUCCESS);
    assert_fault(b->cx, SIGNATURE);
    s->signer = NULL;
    assert_int_not_equal(sso_saml.serve(b->cx, &b->idp, bench_get(b, "/.sso/corp/metadata", NULL),
                                        "metadata", &reply),
                         APR_SUCCESS);
    assert_fault(b->cx, CONFIG);
}

/* R65: what we write can be read again, whatever stands in it. */
static void r65_our_metadata_is_escaped(void **state)
{
    const sso_xml_limits_t limits = {1 << 20, 1000, 0};
    bench_t *b = bench_make(*state);
    apr_array_header_t *none = apr_array_make(b->cx->pool, 1, sizeof(const sso_cert_t *));
    apr_array_header_t *acs = apr_array_make(b->cx->pool, 1, sizeof(const char *));
    const sso_saml_sp_t sp = {.entity_id = "\"><x a='&",
                              .signing = none,
                              .encryption = none,
                              .acs = acs,
                              .nameid = "</md:NameIDFormat>&<"};
    xmlDoc *doc;
    xmlNode *role;
    const char *text;
    sso_span_t xml;

    APR_ARRAY_PUSH(acs, const char *) = "https://h/?a=\"&b=<>";
    assert_int_equal(sso_saml_sp_write(b->cx, &sp, &xml), APR_SUCCESS);
    assert_int_equal(sso_xml_parse(b->cx, xml, &limits, &doc), APR_SUCCESS);
    assert_string_equal(sso_xml_attr(b->cx, xmlDocGetRootElement(doc), "entityID"), sp.entity_id);
    role = sso_xml_child(xmlDocGetRootElement(doc), SAML_NS_METADATA, "SPSSODescriptor");
    assert_int_equal(
        sso_xml_text(b->cx, sso_xml_child(role, SAML_NS_METADATA, "NameIDFormat"), 0, &text),
        APR_SUCCESS);
    assert_string_equal(text, sp.nameid);
    assert_string_equal(
        sso_xml_attr(b->cx, sso_xml_child(role, SAML_NS_METADATA, "AssertionConsumerService"),
                     "Location"),
        "https://h/?a=\"&b=<>");
}

static void metadata_is_only_read(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    (void)bench_prepare(b);
    assert_int_not_equal(sso_saml.serve(b->cx, &b->idp, bench_post(b, ""), "metadata", &reply), 0);
    assert_fault(b->cx, METHOD);
    assert_int_equal(sso_saml.serve(b->cx, &b->idp, bench_get(b, "/x", NULL), "other", &reply),
                     APR_NOTFOUND);
    assert_int_equal(reply.kind, SSO_REPLY_NONE);
}

static void what_to_enter_at_the_provider(void **state)
{
    static const struct {
        const char *label, *value;
    } row[] = {
        {"Audience", SP_ID},
        {"Recipient", ACS},
        {"ACS URL", ACS},
        {"ACS URL", "https://www.example.org/old"},
        {"Logout URL", OURS "/slo"},
        {"Metadata URL", SP_ID},
        {"NameID format", "urn:x:y"},
        {"Signing certificate", NULL},
        {"Certificate fingerprint (SHA-256)", NULL},
        {"Initiate login URL", OURS "/initiate"},
    };
    bench_t *b = bench_make(*state);
    apr_array_header_t *facts = apr_array_make(b->cx->pool, 8, sizeof(sso_fact_t));
    const char *pem;
    apr_size_t i;

    bench_set(b, "SSOSamlAcs", "https://www.example.org/old", NULL);
    bench_set(b, "SSOSamlNameIDFormat", "urn:x:y", NULL);
    (void)bench_prepare(b);
    assert_int_equal(sso_saml.describe(b->cx, &b->idp, facts), APR_SUCCESS);
    assert_int_equal(facts->nelts, COUNT(row));
    for (i = 0; i < COUNT(row); i++) {
        const sso_fact_t *fact = &APR_ARRAY_IDX(facts, (int)i, sso_fact_t);

        assert_string_equal(fact->label, row[i].label);
        if (row[i].value) assert_string_equal(fact->value, row[i].value);
    }
    pem = APR_ARRAY_IDX(facts, 7, sso_fact_t).value;
    assert_true(strncmp(pem, "-----BEGIN CERTIFICATE-----\nMII", 31) == 0);
    assert_int_equal(strcspn(pem + 28, "\n"), 64);
    assert_non_null(strstr(pem, "\n-----END CERTIFICATE-----\n"));
    assert_int_equal(strlen(APR_ARRAY_IDX(facts, 8, sso_fact_t).value), 95); /* AB:CD:... */
    assert_int_equal(APR_ARRAY_IDX(facts, 8, sso_fact_t).value[2], ':');
}

static const sso_fact_t *fact_of(const apr_array_header_t *facts, const char *label)
{
    static const sso_fact_t none = {"", "", ""};
    int i;

    for (i = 0; i < facts->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(facts, i, sso_fact_t).label, label)) {
            return &APR_ARRAY_IDX(facts, i, sso_fact_t);
        }
    }
    return &none;
}

static void what_is_known_about_the_provider(void **state)
{
    bench_t *b = bench_make(*state);
    apr_array_header_t *facts = apr_array_make(b->cx->pool, 8, sizeof(sso_fact_t));
    sso_saml_state_t *made = (sso_saml_state_t *)(uintptr_t)bench_prepare(b);
    const sso_fact_t *key;

    made->idp.valid_until = b->cx->now + 3 * APR_TIME_C(86400000000);
    assert_int_equal(sso_saml.describe_other(b->cx, &b->idp, facts), APR_SUCCESS);
    assert_string_equal(fact_of(facts, "Entity ID")->value, made->idp.entity_id);
    assert_string_equal(fact_of(facts, "Sign-in address")->value, made->idp.sso_redirect);
    key = fact_of(facts, "Key that signs (SHA-256 fingerprint)");
    assert_int_equal(strlen(key->value), 95);
    assert_non_null(strstr(key->note, "valid until "));
    assert_non_null(strstr(fact_of(facts, "Metadata valid until")->value, ", in 3 days"));
    made->idp.valid_until = b->cx->now;
    apr_array_clear(facts);
    assert_int_equal(sso_saml.describe_other(b->cx, &b->idp, facts), APR_SUCCESS);
    assert_non_null(strstr(fact_of(facts, "Metadata valid until")->value, "EXPIRED"));
}

static int weight_of(const apr_array_header_t *list, const char *part)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (strstr(APR_ARRAY_IDX(list, i, sso_finding_t).what, part)) {
            return (int)APR_ARRAY_IDX(list, i, sso_finding_t).weight;
        }
    }
    return -1;
}

static void a_provider_is_looked_over(void **state)
{
    bench_t *b = bench_make(*state);
    apr_array_header_t *list = apr_array_make(b->cx->pool, 8, sizeof(sso_finding_t));
    sso_saml_state_t *s;

    bench_set(b, "SSOSamlAllow", "sha1", NULL);
    s = bench_prepare(b);
    sso_saml.audit(b->cx, &b->idp, list);
    assert_int_equal(weight_of(list, "the provider is "), SSO_GOOD);
    assert_int_equal(weight_of(list, "SSOSamlAllow sha1"), SSO_WARNING);
    assert_int_equal(weight_of(list, "RSA key of 2048 bits"), SSO_NOTE);
    assert_int_equal(weight_of(list, "wants signed requests"), -1);
    assert_int_equal(weight_of(list, "plain http"), -1);
    apr_array_clear(list);
    s->idp.wants_signed_requests = 1;
    s->signs_requests = 0;
    s->signer = NULL;
    s->idp.valid_until = b->cx->now - 1;
    s->idp.slo_post = "http://127.0.0.1/slo";
    sso_saml.audit(b->cx, &b->idp, list);
    assert_int_equal(weight_of(list, "wants signed requests"), SSO_PROBLEM);
    assert_int_equal(weight_of(list, "metadata ended at"), SSO_PROBLEM);
    assert_int_equal(weight_of(list, "we have no key yet"), SSO_NOTE);
    assert_int_equal(weight_of(list, "http://127.0.0.1/slo is plain http"), SSO_WARNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(metadata_is_read),
        UNIT(everything_in_it_is_used),
        UNIT(r80_roles_of_others_lend_no_keys),
        UNIT(the_organization_names_it),
        UNIT(r80_logos_are_https),
        UNIT(r80_endpoints_are_https),
        UNIT(what_cannot_be_used_is_left_out),
        UNIT(a_chain_lends_only_its_first_key),
        UNIT(metadata_is_refused),
        UNIT(one_of_an_aggregate_is_chosen),
        UNIT(a_limit_long_past_is_a_limit),
        UNIT(a_provider_is_prepared_from_three_values),
        UNIT(three_values_by_post_with_two_certificates),
        UNIT(settings_are_refused),
        UNIT(a_binding_must_be_offered),
        UNIT(every_loosened_check_is_logged),
        UNIT(weak_settings_are_logged),
        UNIT(certificates_near_their_end_are_logged),
        UNIT(r80_metadata_that_ran_out_is_logged),
        UNIT(our_key_is_made_at_the_first_start),
        UNIT(keys_have_uses),
        UNIT(the_next_key_is_published_and_does_not_sign),
        UNIT(the_algorithm_is_chosen),
        UNIT(a_passphrase_has_a_source),
        UNIT(a_key_to_sign_with_is_needed),
        UNIT(our_metadata_says_all),
        UNIT(our_metadata_follows_the_settings),
        UNIT(our_metadata_says_what_the_admin_adds),
        UNIT(what_cannot_be_published_is_refused),
        UNIT(our_metadata_is_signed),
        UNIT(r65_our_metadata_is_escaped),
        UNIT(metadata_is_only_read),
        UNIT(what_to_enter_at_the_provider),
        UNIT(what_is_known_about_the_provider),
        UNIT(a_provider_is_looked_over),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
