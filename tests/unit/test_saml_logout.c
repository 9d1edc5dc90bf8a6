/*
 * test_saml_logout.c - messages about sessions: theirs, one rule after the other, and ours.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "base/url.h"
#include "saml/saml_binding.h"
#include "saml/saml_logout.h"
#include "saml/saml_name.h"
#include "saml/saml_names.h"
#include "saml/saml_soap.h"
#include "saml_bench.h"

#define SLO        OURS "/slo"
#define THEIR_SLO  "https://idp.example.com/slo"
#define PERSISTENT "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#define STATUS     "urn:oasis:names:tc:SAML:2.0:status:"

typedef enum { REDIRECT, FORM, SOAP, BINDINGS } binding_t;

/* The usual bench, whose provider offers single logout by both bindings, or by none. */
static bench_t *make_bench(sso_ctx_t *cx, const char *endpoints)
{
    bench_t *b = bench_make(cx);

    (void)bench_file(b, "idp.xml",
                     bench_edit(b, bench_metadata(b), "</md:IDPSSODescriptor>",
                                apr_pstrcat(cx->pool, endpoints, "</md:IDPSSODescriptor>", NULL)));
    b->flows.item[0].logout = 1;
    return b;
}

#define BY_REDIRECT                                                                       \
    "<md:SingleLogoutService Binding=\"" SAML_BINDING_REDIRECT "\" Location=\"" THEIR_SLO \
    "?t=1\" ResponseLocation=\"" THEIR_SLO "/done\"/>"
#define BY_POST \
    "<md:SingleLogoutService Binding=\"" SAML_BINDING_POST "\" Location=\"" THEIR_SLO "/post\"/>"

static const char *request_xml(void)
{
    return "<samlp:LogoutRequest xmlns:samlp=\"" SAML_NS_PROTOCOL "\" "
           "xmlns:saml=\"" SAML_NS_ASSERTION "\" ID=\"_l1\" Version=\"2.0\" "
           "IssueInstant=\"2026-11-23T18:58:50Z\" Destination=\"" SLO "\" "
           "NotOnOrAfter=\"2026-11-23T19:03:50Z\"><saml:Issuer>" IDP_ID "</saml:Issuer>"
           "<saml:NameID Format=\"" PERSISTENT "\" NameQualifier=\"q\" "
           "SPNameQualifier=\"spq\">alice</saml:NameID>"
           "<samlp:SessionIndex>s1</samlp:SessionIndex>"
           "<samlp:SessionIndex>s2</samlp:SessionIndex></samlp:LogoutRequest>";
}

static const char *response_xml(void)
{
    return "<samlp:LogoutResponse xmlns:samlp=\"" SAML_NS_PROTOCOL "\" "
           "xmlns:saml=\"" SAML_NS_ASSERTION "\" ID=\"_l2\" Version=\"2.0\" "
           "IssueInstant=\"2026-11-23T18:58:50Z\" Destination=\"" SLO "\" "
           "InResponseTo=\"" REQUEST "\"><saml:Issuer>" IDP_ID "</saml:Issuer>"
           "<samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>"
           "</samlp:LogoutResponse>";
}

static sso_saml_kind_t kind_of(const char *xml)
{
    return strstr(xml, ":LogoutResponse ") ? SSO_SAML_RESPONSE : SSO_SAML_REQUEST;
}

/* ---- bringing a message ---- */

static sso_request_t *by_redirect(bench_t *b, const char *xml, const sso_key_pair_t *signer)
{
    const char *url;

    assert_int_equal(
        sso_saml_redirect_make(b->cx, SLO, kind_of(xml), sso_span(xml), "relay", signer, &url),
        APR_SUCCESS);
    return bench_get(b, "/.sso/corp/slo", strchr(url, '?') + 1);
}

static sso_request_t *by_body(bench_t *b, binding_t binding, const char *xml)
{
    const char *base64 = sso_b64_encode(b->cx->pool, sso_span(xml));
    sso_request_t *req = bench_get(b, "/.sso/corp/slo", NULL);

    req->method = "POST";
    b->request.type = "application/x-www-form-urlencoded";
    b->request.body = sso_span(apr_pstrcat(
        b->cx->pool, kind_of(xml) == SSO_SAML_REQUEST ? "SAMLRequest=" : "SAMLResponse=",
        sso_percent_encode(b->cx->pool, sso_span(base64)), "&RelayState=relay", NULL));
    if (binding == SOAP) {
        b->request.type = "text/xml; charset=utf-8";
        b->request.body = sso_soap_wrap(b->cx, sso_span(xml));
    }
    return req;
}

/* how: BY_OTHER, or 0 for the provider's key, or -1: not signed. */
static apr_status_t bring(bench_t *b, binding_t binding, const char *xml, int how,
                          sso_notice_t *out)
{
    const sso_key_pair_t *signer = how == BY_OTHER ? b->other : b->signer;
    sso_request_t *req;

    assert_non_null(xml);
    if (binding == REDIRECT) {
        req = by_redirect(b, xml, how < 0 ? NULL : signer);
    } else {
        req = by_body(b, binding, how < 0 ? xml : bench_sign(b, xml, how));
    }
    return sso_saml.hear(b->cx, &b->idp, req, "slo", &b->flows, out);
}

#define assert_heard(b, binding, xml, how, out)                          \
    do {                                                                 \
        if (bring((b), (binding), (xml), (how), (out)) != APR_SUCCESS) { \
            print_message("refused: %s\n", (b)->cx->err.log);            \
        }                                                                \
        assert_int_equal((b)->cx->err.fault, SSO_F_NONE);                \
    } while (0)

/* Refused, and nothing written. */
static void refuse(bench_t *b, binding_t binding, const char *xml, int how, sso_fault_t wanted)
{
    sso_notice_t notice = {.kind = SSO_NOTICE_DENIED, .words = "untouched"};

    assert_int_not_equal(bring(b, binding, xml, how, &notice), APR_SUCCESS);
    assert_string_equal(notice.words, "untouched");
    assert_string_equal(sso_fault_info(b->cx->err.fault)->code, sso_fault_info(wanted)->code);
    sso_ctx_clear(b->cx);
}

/* ---- LogoutRequest ---- */

static void r71_a_request_names_sessions(void **state)
{
    bench_t *b = make_bench(*state, "");
    binding_t binding;

    (void)bench_prepare(b);
    for (binding = REDIRECT; binding < BINDINGS; binding++) {
        const sso_saml_asked_t *asked;
        sso_notice_t notice;

        assert_heard(b, binding, request_xml(), 0, &notice);
        assert_int_equal(notice.kind, SSO_NOTICE_ENDS);
        assert_string_equal(notice.ending.subject, "alice");
        assert_int_equal(notice.ending.own_only, 0);
        assert_int_equal(notice.ending.sids->nelts, 2);
        assert_string_equal(APR_ARRAY_IDX(notice.ending.sids, 1, const char *), "s2");
        assert_true(sso_span_is(notice.once.what, IDP_ID "\n_l1"));
        assert_string_equal(notice.once.label, "logout");
        assert_int_equal(notice.once.fault, SSO_F_LOGOUT_USED);
        assert_true(notice.once.until >= NOW + apr_time_from_sec(2 * 360));
        asked = notice.more;
        assert_string_equal(asked->request, "_l1");
        assert_int_equal(asked->soap, binding == SOAP);
        if (binding != SOAP) assert_string_equal(asked->relay, "relay");
    }
}

/* R71: the qualifiers count, the format does not; what is absent is the provider, and us. */
static void r71_a_handle_fits_or_not(void **state)
{
    static const struct {
        const char *in_request, *format, *idp, *sp; /* the session's */
        int fits;
    } row[] = {
        {" NameQualifier=\"q\" SPNameQualifier=\"spq\"", PERSISTENT, "q", "spq", 1},
        {" NameQualifier=\"q\" SPNameQualifier=\"spq\"", NULL, "q", "spq", 1},
        {" NameQualifier=\"q\" SPNameQualifier=\"spq\"", "urn:x", "q", "spq", 1},
        {" NameQualifier=\"q\" SPNameQualifier=\"spq\"", NULL, "q2", "spq", 0},
        {" NameQualifier=\"q\" SPNameQualifier=\"spq\"", NULL, "q", "spq2", 0},
        {" NameQualifier=\"q\" SPNameQualifier=\"spq\"", NULL, NULL, NULL, 0},
        {"", PERSISTENT, NULL, NULL, 1},
        {"", PERSISTENT, IDP_ID, SP_ID, 1},
        {"", PERSISTENT, SP_ID, IDP_ID, 0},
        {" NameQualifier=\"" IDP_ID "\"", NULL, NULL, SP_ID, 1},
        {" SPNameQualifier=\"" SP_ID "\"", NULL, NULL, NULL, 1},
        {" NameQualifier=\"\"", NULL, NULL, NULL, 0},
        {" NameQualifier=\"\"", NULL, "", NULL, 1},
    };
    bench_t *b = make_bench(*state, "");
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        const sso_saml_name_t name = {"alice", row[i].format, row[i].idp, row[i].sp};
        const char *handle = sso_saml_name_handle(b->cx->pool, &name);
        const char *xml = bench_edit(
            b, request_xml(), " NameQualifier=\"q\" SPNameQualifier=\"spq\"", row[i].in_request);
        sso_notice_t notice;

        print_message("  %d\n", (int)i);
        assert_heard(b, SOAP, xml, 0, &notice);
        assert_int_equal(notice.ending.fits(&notice.ending, handle ? handle : ""), row[i].fits);
    }
}

static void r70_requests_are_refused(void **state)
{
    static const struct {
        const char *from, *to;
        sso_fault_t fault;
        int not_by_soap; /* the rule is one of browsers */
    } row[] = {
        {"<saml:Issuer>" IDP_ID, "<saml:Issuer>https://other.example.com/", SSO_F_ISSUER, 0},
        {"<saml:Issuer>" IDP_ID "</saml:Issuer>", "", SSO_F_ISSUER, 0},
        {"Version=\"2.0\"", "Version=\"1.1\"", SSO_F_SAML_VERSION, 0},
        {"Destination=\"" SLO "\"", "Destination=\"" SLO "/\"", SSO_F_DESTINATION, 0},
        {"Destination=\"" SLO "\"", "Destination=\"" ACS "\"", SSO_F_DESTINATION, 0},
        {"Destination=\"" SLO "\"", "Destination=\"\"", SSO_F_DESTINATION, 0},
        {"Destination=\"" SLO "\"", "", SSO_F_DESTINATION, 1},
        {"IssueInstant=\"2026-11-23T18:58:50Z\"", "", SSO_F_SAML_STRUCTURE, 0},
        {"IssueInstant=\"2026-11-23T18:58:50Z\"", "IssueInstant=\"2026-11-23T18:52:51Z\"",
         SSO_F_ISSUE_INSTANT, 0},
        {"IssueInstant=\"2026-11-23T18:58:50Z\"", "IssueInstant=\"2026-11-23T19:04:53Z\"",
         SSO_F_ISSUE_INSTANT, 0},
        {"NotOnOrAfter=\"2026-11-23T19:03:50Z\"", "NotOnOrAfter=\"2026-11-23T18:57:52Z\"",
         SSO_F_LOGOUT_EXPIRED, 0},
        {"NotOnOrAfter=\"2026-11-23T19:03:50Z\"", "NotOnOrAfter=\"never\"", SSO_F_MALFORMED, 0},
        {">alice<", "> <", SSO_F_SUBJECT, 0},
        {">alice<", "><", SSO_F_SUBJECT, 0},
        {"NameQualifier=\"q\"", "NameQualifier=\"q&#10;x\"", SSO_F_SUBJECT, 0},
        {"alice</saml:NameID>", "alice</saml:NameID><saml:NameID>bob</saml:NameID>",
         SSO_F_SAML_STRUCTURE, 0},
        {">alice<", "><saml:X/>alice<", SSO_F_XML_TEXT, 0},
        {"s2</samlp:SessionIndex>", "<samlp:X/></samlp:SessionIndex>", SSO_F_XML_TEXT, 0},
    };
    bench_t *b = make_bench(*state, "");
    binding_t binding;
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        const char *xml = bench_edit(b, request_xml(), row[i].from, row[i].to);

        print_message("  %s\n", row[i].to);
        for (binding = REDIRECT; binding < BINDINGS; binding++) {
            sso_notice_t notice;

            if (binding == SOAP && row[i].not_by_soap) {
                assert_heard(b, binding, xml, 0, &notice);
            } else {
                refuse(b, binding, xml, 0, row[i].fault);
            }
        }
    }
}

static void times_within_the_tolerance_are_accepted(void **state)
{
    static const struct {
        const char *from, *to;
    } row[] = {
        {"IssueInstant=\"2026-11-23T18:58:50Z\"", "IssueInstant=\"2026-11-23T18:52:52Z\""},
        {"IssueInstant=\"2026-11-23T18:58:50Z\"", "IssueInstant=\"2026-11-23T19:04:52Z\""},
        {"NotOnOrAfter=\"2026-11-23T19:03:50Z\"", "NotOnOrAfter=\"2026-11-23T18:57:53Z\""},
        {"NotOnOrAfter=\"2026-11-23T19:03:50Z\"", ""},
    };
    bench_t *b = make_bench(*state, "");
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        sso_notice_t notice;

        assert_heard(b, REDIRECT, bench_edit(b, request_xml(), row[i].from, row[i].to), 0, &notice);
    }
}

/* R70: by every binding; a bad signature is never "as if unsigned" (R19). */
static void r70_requests_are_signed_by_the_provider(void **state)
{
    bench_t *b = make_bench(*state, "");
    binding_t binding;

    (void)bench_prepare(b);
    for (binding = REDIRECT; binding < BINDINGS; binding++) {
        refuse(b, binding, request_xml(), -1, SSO_F_SIG_MISSING);
        refuse(b, binding, request_xml(), BY_OTHER, SSO_F_SIGNATURE);
    }
    refuse(b, FORM, bench_edit(b, bench_sign(b, request_xml(), 0), ">alice<", ">bob<"), -1,
           SSO_F_SIGNATURE);
    refuse(b, SOAP, bench_edit(b, bench_sign(b, request_xml(), 0), ">alice<", ">bob<"), -1,
           SSO_F_SIGNATURE);
    /* An enveloped signature does not make a query signed: it is not what the binding signs. */
    refuse(b, REDIRECT, bench_sign(b, request_xml(), 0), -1, SSO_F_SIG_MISSING);
}

/* R10: what is read is what was signed, not what stands around it. */
static void r10_a_wrapped_request_is_refused(void **state)
{
    bench_t *b = make_bench(*state, "");
    const char *good = bench_sign(b, request_xml(), 0);
    const char *evil = bench_edit(b, bench_edit(b, request_xml(), ">alice<", ">mallory<"),
                                  "\"_l1\"", "\"_evil\"");
    const char *signature = strstr(good, "<ds:Signature ");
    const char *end = strstr(good, "</ds:Signature>") + strlen("</ds:Signature>");

    (void)bench_prepare(b);
    signature = apr_pstrmemdup(b->cx->pool, signature, (apr_size_t)(end - signature));
    refuse(b, FORM,
           bench_edit(b, evil, "</saml:Issuer>",
                      apr_pstrcat(b->cx->pool, "</saml:Issuer>", signature, NULL)),
           -1, SSO_F_SIG_PROFILE);
    refuse(b, FORM,
           bench_edit(b, evil, "</samlp:LogoutRequest>",
                      apr_pstrcat(b->cx->pool, "<samlp:Extensions>", good,
                                  "</samlp:Extensions></samlp:LogoutRequest>", NULL)),
           -1, SSO_F_SIG_MISSING);
}

static void r70_unsigned_if_told_so_ends_the_own_session_only(void **state)
{
    bench_t *b = make_bench(*state, "");
    sso_notice_t notice;

    bench_set(b, "SSOSamlAllow", "unsigned-logout", NULL);
    (void)bench_prepare(b);
    assert_true(bench_logged(b, "unsigned-logout"));
    assert_heard(b, REDIRECT, request_xml(), -1, &notice);
    assert_int_equal(notice.ending.own_only, 1);
    assert_heard(b, FORM, request_xml(), -1, &notice);
    assert_int_equal(notice.ending.own_only, 1);
    assert_heard(b, FORM, request_xml(), 0, &notice);
    assert_int_equal(notice.ending.own_only, 0);
    refuse(b, SOAP, request_xml(), -1, SSO_F_SIG_MISSING);
    refuse(b, FORM, request_xml(), BY_OTHER, SSO_F_SIGNATURE);
    /* R40: nothing is decrypted for anybody. */
    refuse(b, FORM,
           bench_edit(b, request_xml(),
                      "<saml:NameID Format=\"" PERSISTENT "\" NameQualifier=\"q\" "
                      "SPNameQualifier=\"spq\">alice</saml:NameID>",
                      bench_encrypt(b, "<saml:NameID>alice</saml:NameID>", "EncryptedID", ENCRYPT)),
           -1, SSO_F_SUBJECT);
}

static void an_encrypted_name_is_read(void **state)
{
    static const int how[] = {ENCRYPT, ENCRYPT_CBC};
    bench_t *b = make_bench(*state, "");
    binding_t binding;
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(how); i++) {
        const char *xml = bench_edit(
            b, request_xml(),
            "<saml:NameID Format=\"" PERSISTENT "\" NameQualifier=\"q\" "
            "SPNameQualifier=\"spq\">alice</saml:NameID>",
            bench_encrypt(b, "<saml:NameID>bob</saml:NameID>", "EncryptedID", how[i]));

        for (binding = REDIRECT; binding < BINDINGS; binding++) {
            sso_notice_t notice;

            assert_heard(b, binding, xml, 0, &notice);
            assert_string_equal(notice.ending.subject, "bob");
        }
    }
}

static void the_number_of_sessions_is_bounded(void **state)
{
    bench_t *b = make_bench(*state, "");
    sso_buf_t many = sso_buf_make(b->cx->pool, 0, 100000);
    sso_notice_t notice;
    int i;

    (void)bench_prepare(b);
    for (i = 0; i < 998; i++)
        sso_buf_text(&many, "<samlp:SessionIndex>x</samlp:SessionIndex>");
    sso_buf_text(&many, "</samlp:LogoutRequest>");
    assert_heard(b, FORM, bench_edit(b, request_xml(), "</samlp:LogoutRequest>", many.p), 0,
                 &notice);
    assert_int_equal(notice.ending.sids->nelts, 1000);
    refuse(b, FORM,
           bench_edit(b, request_xml(), "</samlp:LogoutRequest>",
                      apr_pstrcat(b->cx->pool, "<samlp:SessionIndex>y</samlp:SessionIndex>", many.p,
                                  NULL)),
           0, SSO_F_SAML_STRUCTURE);
}

/* R32, and messages of other kinds. */
static void r32_only_logout_messages_are_heard(void **state)
{
    bench_t *b = make_bench(*state, "");
    const char *url;
    sso_notice_t notice;

    (void)bench_prepare(b);
    refuse(b, REDIRECT, bench_message(b, 0), 0, SSO_F_SAML_TYPE);
    refuse(b, FORM, bench_response(b, bench_assertion(b)), 0, SSO_F_SAML_TYPE);
    refuse(b, SOAP, response_xml(), 0, SSO_F_SAML_TYPE);
    refuse(b, SOAP, bench_assertion(b), 0, SSO_F_SAML_TYPE);
    assert_int_equal(sso_saml_redirect_make(b->cx, SLO, SSO_SAML_RESPONSE, sso_span(request_xml()),
                                            NULL, b->signer, &url),
                     APR_SUCCESS);
    assert_int_not_equal(sso_saml.hear(b->cx, &b->idp,
                                       bench_get(b, "/.sso/corp/slo", strchr(url, '?') + 1), "slo",
                                       &b->flows, &notice),
                         APR_SUCCESS);
    assert_fault(b->cx, SAML_TYPE);
}

static void methods_and_addresses(void **state)
{
    static const struct {
        const char *method, *path, *leaf;
        sso_fault_t fault;
    } row[] = {
        {"PUT", "/.sso/corp/slo", "slo", SSO_F_METHOD},
        {"HEAD", "/.sso/corp/slo", "slo", SSO_F_METHOD},
        {"GET", "/.sso/corp/slo/", "slo", SSO_F_NOT_FOUND},
        {"GET", "/elsewhere", "acs", SSO_F_NOT_FOUND},
        {"GET", "/.sso/corp/slo", "slo", SSO_F_PARAM_MISSING},
        {"POST", "/.sso/corp/slo", "slo", SSO_F_BODY_READ},
    };
    bench_t *b = make_bench(*state, "");
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        sso_request_t *req = bench_get(b, row[i].path, NULL);
        sso_notice_t notice;

        req->method = row[i].method;
        assert_int_not_equal(sso_saml.hear(b->cx, &b->idp, req, row[i].leaf, &b->flows, &notice),
                             APR_SUCCESS);
        assert_string_equal(sso_fault_info(b->cx->err.fault)->code,
                            sso_fault_info(row[i].fault)->code);
        sso_ctx_clear(b->cx);
    }
}

/* SOAP is spoken at the logout address only; elsewhere it is no form. */
static void soap_is_for_the_logout_address(void **state)
{
    bench_t *b = make_bench(*state, "");
    sso_request_t *req;
    sso_notice_t notice;

    (void)bench_prepare(b);
    req = by_body(b, SOAP, bench_sign(b, request_xml(), 0));
    assert_int_not_equal(sso_saml.hear(b->cx, &b->idp, req, "acs", &b->flows, &notice), 0);
    assert_fault(b->cx, BODY_READ);
}

/* Envelopes as SOAP has them, and others. */
static void envelopes(void **state)
{
#define ENV(inside) \
    "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\">" inside "</e:Envelope>"
    static const struct {
        const char *xml;
        int opens;
    } row[] = {
        {ENV("<e:Body><m/></e:Body>"), 1},
        {ENV("\n<e:Header/>\n<e:Body>\n<m/>\n</e:Body>\n"), 1},
        {ENV("<e:Header><x e:mustUnderstand=\"0\"/></e:Header><e:Body><m/></e:Body>"), 0},
        {ENV("<e:Header><x e:mustUnderstand=\"1\"/></e:Header><e:Body><m/></e:Body>"), 0},
        {ENV("<e:Header><x/></e:Header><e:Body><m/></e:Body>"), 1},
        {ENV("<e:Body><m/><m/></e:Body>"), 0},
        {ENV("<e:Body/>"), 0},
        {ENV("<e:Body><m/></e:Body><e:Body/>"), 0},
        {ENV("<e:Body><m/></e:Body><x/>"), 0},
        {ENV("<Body><m/></Body>"), 0},
        {ENV(""), 0},
        {"<Envelope><Body><m/></Body></Envelope>", 0},
        {"<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body><m/></e:Body>"
         "</e:Envelope>",
         0},
    };
    const sso_xml_limits_t limits = {.bytes = 10000, .elements = 100};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    assert_int_equal(sso_xml_start(cx), APR_SUCCESS);
    for (i = 0; i < COUNT(row); i++) {
        xmlNode *message = NULL;
        xmlDoc *doc;

        print_message("  %s\n", row[i].xml);
        assert_int_equal(sso_xml_parse(cx, sso_span(row[i].xml), &limits, &doc), APR_SUCCESS);
        assert_int_equal(sso_soap_open(cx, xmlDocGetRootElement(doc), &message) == APR_SUCCESS,
                         row[i].opens);
        assert_int_equal(message != NULL, row[i].opens);
        if (message) assert_string_equal((const char *)message->name, "m");
        sso_ctx_clear(cx);
    }
}

/* Meta and others know one address for everything. */
static void the_acs_hears_as_well(void **state)
{
    const char *xml;
    bench_t *b = make_bench(*state, "");
    sso_request_t *req;
    sso_answer_t answer;
    sso_notice_t notice;

    bench_set(b, "SSOSamlAcs", BASE "/old/acs", NULL);
    (void)bench_prepare(b);
    xml = bench_edit(b, request_xml(), SLO, ACS);
    req = by_body(b, FORM, bench_sign(b, xml, 0));
    req->path = "/.sso/corp/acs";
    req->target = req->path;
    assert_int_equal(sso_saml.finish(b->cx, &b->idp, req, &b->flows, &answer), APR_NOTFOUND);
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
    assert_int_equal(sso_saml.hear(b->cx, &b->idp, req, "acs", &b->flows, &notice), APR_SUCCESS);
    req = by_redirect(b, bench_edit(b, request_xml(), SLO, BASE "/old/acs"), b->signer);
    req->path = "/old/acs";
    assert_int_equal(sso_saml.finish(b->cx, &b->idp, req, &b->flows, &answer), APR_NOTFOUND);
    assert_int_equal(sso_saml.hear(b->cx, &b->idp, req, "acs", &b->flows, &notice), APR_SUCCESS);
}

/* ---- LogoutResponse ---- */

static void r72_an_answer_completes_our_logout(void **state)
{
    static const int how[] = {0, -1}; /* Entra ID does not sign it */
    bench_t *b = make_bench(*state, "");
    binding_t binding;
    apr_size_t i;

    (void)bench_prepare(b);
    for (binding = REDIRECT; binding < SOAP; binding++) {
        for (i = 0; i < COUNT(how); i++) {
            sso_notice_t notice;

            assert_heard(b, binding, response_xml(), how[i], &notice);
            assert_int_equal(notice.kind, SSO_NOTICE_CONFIRMED);
            assert_ptr_equal(notice.flow, &b->flows.item[0]);
            assert_null(notice.ending.subject);
            assert_null(notice.once.label);
        }
        assert_int_equal(b->flows.n, 1);
    }
}

/* One who is believed, but was not told of this logout. */
static void r72_another_than_was_told_answers(void **state)
{
    static const char *const told[] = {"https://other.example/id", "", NULL};
    bench_t *b = make_bench(*state, "");
    binding_t binding;
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(told); i++) {
        b->flows.item[0].demand.issuer = told[i];
        for (binding = REDIRECT; binding < SOAP; binding++)
            refuse(b, binding, response_xml(), 0, SSO_F_ISSUER);
    }
}

static void r72_answers_are_refused(void **state)
{
    static const struct {
        const char *from, *to;
        sso_fault_t fault;
    } row[] = {
        {"InResponseTo=\"" REQUEST "\"", "InResponseTo=\"_other\"", SSO_F_LOGOUT_UNKNOWN},
        {"InResponseTo=\"" REQUEST "\"", "InResponseTo=\"\"", SSO_F_LOGOUT_UNKNOWN},
        {"InResponseTo=\"" REQUEST "\"", "", SSO_F_LOGOUT_UNKNOWN},
        {"Destination=\"" SLO "\"", "Destination=\"" ACS "\"", SSO_F_DESTINATION},
        {"<saml:Issuer>" IDP_ID, "<saml:Issuer>https://other.example.com/", SSO_F_ISSUER},
        {"<saml:Issuer>" IDP_ID "</saml:Issuer>", "", SSO_F_ISSUER},
        {"IssueInstant=\"2026-11-23T18:58:50Z\"", "IssueInstant=\"2026-11-23T18:52:51Z\"",
         SSO_F_ISSUE_INSTANT},
        {"<samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/>", "", SSO_F_SAML_STRUCTURE},
        {"<samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>", "",
         SSO_F_SAML_STRUCTURE},
    };
    bench_t *b = make_bench(*state, "");
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        const char *xml = bench_edit(b, response_xml(), row[i].from, row[i].to);

        print_message("  %s\n", row[i].to);
        refuse(b, REDIRECT, xml, 0, row[i].fault);
        refuse(b, FORM, xml, 0, row[i].fault);
        refuse(b, FORM, xml, -1, row[i].fault);
    }
    refuse(b, REDIRECT, response_xml(), BY_OTHER, SSO_F_SIGNATURE);
    refuse(b, FORM, response_xml(), BY_OTHER, SSO_F_SIGNATURE);
    b->flows.n = 0;
    refuse(b, FORM, response_xml(), 0, SSO_F_LOGOUT_UNKNOWN);
}

static void r72_the_status_is_told(void **state)
{
#define SUB(code) "<samlp:StatusCode Value=\"" STATUS code "\"/>"
    static const struct {
        const char *code, *inside;
        sso_notice_kind_t kind;
    } row[] = {
        {"Success", "", SSO_NOTICE_CONFIRMED},
        {"Success", SUB("PartialLogout"), SSO_NOTICE_PARTIAL},
        {"Responder", SUB("PartialLogout"), SSO_NOTICE_PARTIAL},
        {"Responder", "", SSO_NOTICE_DENIED},
        {"Requester", SUB("UnknownPrincipal"), SSO_NOTICE_DENIED},
        {"VersionMismatch", "", SSO_NOTICE_DENIED},
    };
    bench_t *b = make_bench(*state, "");
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        const char *xml = bench_edit(
            b, response_xml(), "<samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/>",
            apr_pstrcat(b->cx->pool, "<samlp:StatusCode Value=\"" STATUS, row[i].code, "\">",
                        row[i].inside, "</samlp:StatusCode>", NULL));
        sso_notice_t notice;

        assert_heard(b, FORM, xml, 0, &notice);
        assert_int_equal(notice.kind, row[i].kind);
        if (row[i].kind == SSO_NOTICE_DENIED) assert_non_null(strstr(notice.words, row[i].code));
    }
}

static void r80_nobody_is_believed_beyond_their_metadata(void **state)
{
    bench_t *b = make_bench(*state, BY_REDIRECT);
    sso_saml_state_t *prepared = bench_prepare(b);
    const sso_leaving_t who = {"alice", "", "", IDP_ID};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_flow_t flow = {.id = "0a1b2c3d", .request = ""};

    prepared->idp.valid_until = NOW;
    refuse(b, FORM, request_xml(), 0, SSO_F_METADATA_EXPIRED);
    assert_int_not_equal(sso_saml.logout(b->cx, &b->idp, &who, &flow, &reply), APR_SUCCESS);
    assert_fault(b->cx, METADATA_EXPIRED);
}

/* ---- what we send ---- */

/* The message in a reply, whose signature is ours. */
static const char *sent(bench_t *b, const sso_reply_t *reply)
{
    apr_array_header_t *certs = apr_array_make(b->cx->pool, 1, sizeof(const sso_cert_t *));
    const sso_saml_trust_t trust = {.certs = certs};
    const sso_xml_limits_t limits = {.bytes = 100000, .elements = 100};
    const char *field;
    sso_saml_message_t m;
    xmlDoc *doc;

    APR_ARRAY_PUSH(certs, const sso_cert_t *) = b->ours->cert;
    if (reply->kind == SSO_REPLY_REDIRECT) {
        assert_int_equal(
            sso_saml_redirect_read(b->cx, sso_span(strstr(reply->location, "SAMLR")), &trust, &m),
            APR_SUCCESS);
        assert_int_equal(m.is_signed, 1);
        return sso_span_text(b->cx->pool, m.xml);
    }
    if (reply->kind == SSO_REPLY_FORM) {
        field = apr_table_get(reply->fields, "SAMLRequest");
        if (!field) field = apr_table_get(reply->fields, "SAMLResponse");
        assert_int_equal(sso_b64_decode(b->cx->pool, sso_span(field), SSO_B64_STD, &m.xml, NULL),
                         0);
    } else {
        m.xml = reply->body;
    }
    assert_int_equal(sso_xml_parse(b->cx, m.xml, &limits, &doc), APR_SUCCESS);
    if (reply->kind == SSO_REPLY_BODY) {
        xmlNode *message;

        assert_int_equal(sso_soap_open(b->cx, xmlDocGetRootElement(doc), &message), APR_SUCCESS);
        assert_int_equal(sso_saml_sig_check(b->cx, message, &trust, &limits, &doc), APR_SUCCESS);
    } else {
        assert_int_equal(
            sso_saml_sig_check(b->cx, xmlDocGetRootElement(doc), &trust, &limits, &doc),
            APR_SUCCESS);
    }
    return sso_span_text(b->cx->pool, m.xml);
}

static void our_request_says_who_leaves(void **state)
{
    const sso_saml_name_t name = {"al<i>ce", PERSISTENT, "q&", NULL};
    bench_t *b = make_bench(*state, BY_REDIRECT BY_POST);
    const sso_leaving_t who = {name.value, "s\"1", sso_saml_name_handle(b->cx->pool, &name),
                               IDP_ID};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_flow_t flow = {.id = "0a1b2c3d", .request = ""};
    const char *xml;

    (void)bench_prepare(b);
    assert_int_equal(sso_saml.logout(b->cx, &b->idp, &who, &flow, &reply), APR_SUCCESS);
    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    assert_int_equal(reply.status, 303);
    assert_int_equal(strncmp(reply.location, THEIR_SLO "?t=1&SAMLRequest=", 44), 0);
    assert_non_null(strstr(reply.location, "&RelayState=0a1b2c3d&"));
    assert_int_equal(strlen(flow.request), 41);
    xml = sent(b, &reply);
    assert_string_equal(
        xml, apr_pstrcat(b->cx->pool,
                         "<samlp:LogoutRequest xmlns:samlp=\"" SAML_NS_PROTOCOL "\" "
                         "xmlns:saml=\"" SAML_NS_ASSERTION "\" ID=\"",
                         flow.request,
                         "\" Version=\"2.0\" IssueInstant=\"2026-11-23T18:58:52Z\" "
                         "Destination=\"" THEIR_SLO "?t=1\" "
                         "Reason=\"urn:oasis:names:tc:SAML:2.0:logout:user\" "
                         "NotOnOrAfter=\"2026-11-23T19:03:52Z\">"
                         "<saml:Issuer>" SP_ID "</saml:Issuer>"
                         "<saml:NameID Format=\"" PERSISTENT "\" NameQualifier=\"q&amp;\">"
                         "al&lt;i&gt;ce</saml:NameID>"
                         "<samlp:SessionIndex>s&quot;1</samlp:SessionIndex></samlp:LogoutRequest>",
                         NULL));
}

static void our_request_goes_where_the_provider_takes_it(void **state)
{
    static const struct {
        const char *endpoints, *binding, *location;
        sso_reply_kind_t kind;
    } row[] = {
        {BY_REDIRECT BY_POST, "auto", THEIR_SLO "?t=1", SSO_REPLY_REDIRECT},
        {BY_REDIRECT BY_POST, "redirect", THEIR_SLO "?t=1", SSO_REPLY_REDIRECT},
        {BY_REDIRECT BY_POST, "post", THEIR_SLO "/post", SSO_REPLY_FORM},
        {BY_POST, "auto", THEIR_SLO "/post", SSO_REPLY_FORM},
        {BY_REDIRECT, "post", THEIR_SLO "?t=1", SSO_REPLY_REDIRECT},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = make_bench(cx, row[i].endpoints);
        const sso_leaving_t who = {"alice", "", "", IDP_ID};
        sso_reply_t reply = {.kind = SSO_REPLY_NONE};
        sso_flow_t flow = {.id = "0a1b2c3d", .request = ""};

        bench_set(b, "SSOSamlRequestBinding", row[i].binding, NULL);
        (void)bench_prepare(b);
        assert_int_equal(sso_saml.logout(b->cx, &b->idp, &who, &flow, &reply), APR_SUCCESS);
        assert_int_equal(reply.kind, row[i].kind);
        assert_int_equal(strncmp(reply.location, row[i].location, strlen(row[i].location)), 0);
        assert_non_null(strstr(sent(b, &reply), ">alice</saml:NameID>"));
        assert_null(strstr(sent(b, &reply), "SessionIndex"));
    }
}

/* An address that something on the way might cut becomes a form. */
static void a_long_name_goes_by_form(void **state)
{
    bench_t *b = make_bench(*state, BY_REDIRECT BY_POST);
    char *name = apr_pcalloc(b->cx->pool, 3001);
    const sso_leaving_t who = {name, "", "", IDP_ID};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_flow_t flow = {.id = "0a1b2c3d", .request = ""};

    memset(name, 'x', 3000);
    (void)bench_prepare(b);
    assert_int_equal(sso_saml.logout(b->cx, &b->idp, &who, &flow, &reply), APR_SUCCESS);
    assert_int_equal(reply.kind, SSO_REPLY_FORM);
}

static void the_directive_decides_where_people_go(void **state)
{
    static const struct {
        const char *endpoints, *word, *location; /* NULL: nowhere */
        int asks;
    } row[] = {
        {BY_REDIRECT, "auto", THEIR_SLO, 1},
        {"", "auto", NULL, 0},
        {BY_REDIRECT, "off", NULL, 0},
        {BY_REDIRECT, "https://accounts.example.com/logout", "https://accounts.example.com/logout",
         0},
        {"", "https://accounts.example.com/logout", "https://accounts.example.com/logout", 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = make_bench(cx, row[i].endpoints);
        const sso_leaving_t who = {"alice", "", "", IDP_ID};
        sso_reply_t reply = {.kind = SSO_REPLY_NONE};
        sso_flow_t flow = {.id = "0a1b2c3d", .request = ""};
        apr_status_t rv;

        bench_set(b, "SSOSamlLogout", row[i].word, NULL);
        (void)bench_prepare(b);
        rv = sso_saml.logout(b->cx, &b->idp, &who, &flow, &reply);
        assert_int_equal(rv, row[i].location ? APR_SUCCESS : APR_NOTFOUND);
        assert_int_equal(b->cx->err.fault, SSO_F_NONE);
        assert_int_equal(*flow.request != '\0', row[i].asks);
        if (!row[i].location) continue;
        assert_int_equal(strncmp(reply.location, row[i].location, strlen(row[i].location)), 0);
    }
}

static void without_a_key_nothing_is_sent(void **state)
{
    bench_t *b = make_bench(*state, BY_REDIRECT);
    sso_saml_state_t *prepared = bench_prepare(b);
    const sso_leaving_t who = {"alice", "", "", IDP_ID};
    const sso_saml_asked_t asked = {.request = "_l1"};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_flow_t flow = {.id = "0a1b2c3d", .request = ""};

    prepared->signer = NULL;
    assert_int_not_equal(sso_saml.logout(b->cx, &b->idp, &who, &flow, &reply), APR_SUCCESS);
    assert_fault(b->cx, CONFIG);
    assert_int_not_equal(sso_saml_logout_answer(b->cx, &b->idp, prepared, &asked, 1, &reply), 0);
    assert_fault(b->cx, CONFIG);
    assert_int_equal(reply.kind, SSO_REPLY_NONE);
}

static void our_answer_goes_where_the_provider_takes_it(void **state)
{
    static const struct {
        const char *endpoints, *location;
        sso_reply_kind_t kind;
        int soap, ended;
    } row[] = {
        {BY_REDIRECT BY_POST, THEIR_SLO "/done?SAMLResponse=", SSO_REPLY_REDIRECT, 0, 1},
        {BY_POST, THEIR_SLO "/post", SSO_REPLY_FORM, 0, 1},
        {BY_REDIRECT, THEIR_SLO "/done?SAMLResponse=", SSO_REPLY_REDIRECT, 0, 0},
        {BY_REDIRECT, NULL, SSO_REPLY_BODY, 1, 1},
        {"", NULL, SSO_REPLY_BODY, 1, 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = make_bench(cx, row[i].endpoints);
        const sso_saml_asked_t asked = {
            .request = "_l\"1", .relay = "the relay", .soap = row[i].soap};
        const sso_notice_t notice = {.kind = SSO_NOTICE_ENDS, .more = &asked};
        sso_reply_t reply = {.kind = SSO_REPLY_NONE};
        const char *xml;

        (void)bench_prepare(b);
        assert_int_equal(sso_saml.answer(b->cx, &b->idp, &notice, row[i].ended, &reply),
                         APR_SUCCESS);
        assert_int_equal(reply.kind, row[i].kind);
        xml = sent(b, &reply);
        assert_non_null(strstr(xml, "InResponseTo=\"_l&quot;1\""));
        assert_non_null(strstr(xml, row[i].ended ? SAML_STATUS_SUCCESS : SAML_STATUS_RESPONDER));
        assert_int_equal(strstr(xml, "Destination=") != NULL, !row[i].soap);
        if (row[i].kind == SSO_REPLY_REDIRECT) {
            assert_int_equal(strncmp(reply.location, row[i].location, strlen(row[i].location)), 0);
            assert_non_null(strstr(reply.location, "&RelayState=the%20relay&"));
        } else if (row[i].kind == SSO_REPLY_FORM) {
            assert_string_equal(reply.location, row[i].location);
            assert_string_equal(apr_table_get(reply.fields, "RelayState"), "the relay");
            assert_string_equal(reply.framer, "https://idp.example.com");
        } else {
            assert_string_equal(reply.type, "text/xml; charset=utf-8");
        }
    }
}

static void without_an_address_the_person_gets_a_page(void **state)
{
    bench_t *b = make_bench(*state, "");
    const sso_saml_asked_t asked = {.request = "_l1"};
    const sso_notice_t notice = {.kind = SSO_NOTICE_ENDS, .more = &asked};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    (void)bench_prepare(b);
    assert_int_equal(sso_saml.answer(b->cx, &b->idp, &notice, 1, &reply), APR_SUCCESS);
    assert_non_null(strstr(sso_span_text(b->cx->pool, reply.body), "You are signed out"));
}

static void handles_come_back_as_they_went(void **state)
{
    static const sso_saml_name_t row[] = {
        {"a", NULL, NULL, NULL}, {"a", "f", NULL, NULL}, {"a", NULL, "q", NULL},
        {"a", NULL, NULL, "s"},  {"a", "f", "q", "s"},   {"a", "", "+", ""},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *handle = sso_saml_name_handle(cx->pool, &row[i]);
        sso_saml_name_t name = {.value = "a"};

        sso_saml_name_recall(cx->pool, handle ? handle : "", &name);
        assert_int_equal(name.format != NULL, row[i].format != NULL);
        assert_int_equal(name.name_qualifier != NULL, row[i].name_qualifier != NULL);
        assert_int_equal(name.sp_name_qualifier != NULL, row[i].sp_name_qualifier != NULL);
        if (name.format) assert_string_equal(name.format, row[i].format);
        if (name.name_qualifier) assert_string_equal(name.name_qualifier, row[i].name_qualifier);
    }
}

/* The login keeps what the logout needs. */
static void a_login_makes_the_handle(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_name_t name = {.value = NULL};
    sso_answer_t answer;

    (void)bench_prepare(b);
    assert_int_equal(bench_finish(b, bench_message(b, SIGN_ASSERTION), &answer), APR_SUCCESS);
    sso_saml_name_recall(b->cx->pool, answer.who->handle, &name);
    assert_string_equal(name.format, PERSISTENT);
    assert_string_equal(name.name_qualifier, "q");
    assert_string_equal(name.sp_name_qualifier, "spq");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(r71_a_request_names_sessions),
        UNIT(r71_a_handle_fits_or_not),
        UNIT(r70_requests_are_refused),
        UNIT(times_within_the_tolerance_are_accepted),
        UNIT(r70_requests_are_signed_by_the_provider),
        UNIT(r10_a_wrapped_request_is_refused),
        UNIT(r70_unsigned_if_told_so_ends_the_own_session_only),
        UNIT(an_encrypted_name_is_read),
        UNIT(the_number_of_sessions_is_bounded),
        UNIT(r32_only_logout_messages_are_heard),
        UNIT(methods_and_addresses),
        UNIT(soap_is_for_the_logout_address),
        UNIT(envelopes),
        UNIT(the_acs_hears_as_well),
        UNIT(r72_an_answer_completes_our_logout),
        UNIT(r72_another_than_was_told_answers),
        UNIT(r72_answers_are_refused),
        UNIT(r72_the_status_is_told),
        UNIT(r80_nobody_is_believed_beyond_their_metadata),
        UNIT(our_request_says_who_leaves),
        UNIT(our_request_goes_where_the_provider_takes_it),
        UNIT(a_long_name_goes_by_form),
        UNIT(the_directive_decides_where_people_go),
        UNIT(without_a_key_nothing_is_sent),
        UNIT(our_answer_goes_where_the_provider_takes_it),
        UNIT(without_an_address_the_person_gets_a_page),
        UNIT(handles_come_back_as_they_went),
        UNIT(a_login_makes_the_handle),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
