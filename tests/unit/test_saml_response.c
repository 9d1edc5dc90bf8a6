/*
 * test_saml_response.c - what is accepted, and one refusal for every rule.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "saml/saml_names.h"
#include "saml/saml_response.h"
#include "saml_bench.h"

#define ID_ASSERTION "ID=\"_a1\" "
#define ID_RESPONSE  "ID=\"_r1\" "
#define SCD_REQUEST  " InResponseTo=\"" REQUEST "\" NotOnOrAfter"
#define OUR_REQUEST  " InResponseTo=\"" REQUEST "\">"
#define OUR_AUDIENCE "<saml:Audience>" SP_ID "</saml:Audience>"
#define RESTRICTION  "<saml:AudienceRestriction>" OUR_AUDIENCE "</saml:AudienceRestriction>"
#define MAIL         "<saml:AttributeValue>alice@example.com</saml:AttributeValue>"
#define XSI          "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""

static sso_answer_t take(bench_t *b, const char *xml)
{
    sso_answer_t answer = {.who = NULL};
    apr_status_t rv = bench_finish(b, xml, &answer);

    if (rv != APR_SUCCESS) {
        print_message("refused: %s: %s\n", sso_error_code(b->cx), b->cx->err.log);
    }
    assert_int_equal(rv, APR_SUCCESS);
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
    return answer;
}

static const char *value_of(const sso_answer_t *answer, const char *name, int i)
{
    const sso_attribute_t *a = sso_identity_find(answer->who, name);

    assert_non_null(a);
    assert_true(i < a->values->nelts);
    return APR_ARRAY_IDX(a->values, i, const char *);
}

/* ---- what is accepted ---- */

static void a_response_becomes_an_identity(void **state)
{
    static const int how[] = {SIGN_ASSERTION,
                              SIGN_RESPONSE,
                              SIGN_ASSERTION | SIGN_RESPONSE,
                              SIGN_ASSERTION | ENCRYPT,
                              SIGN_RESPONSE | ENCRYPT,
                              SIGN_ASSERTION | SIGN_RESPONSE | ENCRYPT,
                              SIGN_RESPONSE | ENCRYPT_CBC,
                              SIGN_ASSERTION | SIGN_RESPONSE | ENCRYPT_CBC};
    bench_t *b = bench_make(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(how); i++) {
        sso_answer_t answer;
        const sso_identity_t *who;

        print_message("  %x\n", (unsigned)how[i]);
        answer = take(b, bench_message(b, how[i]));
        who = answer.who;
        assert_string_equal(who->issuer, IDP_ID);
        assert_string_equal(who->subject, "alice");
        assert_string_equal(who->subject_format,
                            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
        assert_string_equal(who->name_qualifier, "q");
        assert_string_equal(who->sp_name_qualifier, "spq");
        assert_string_equal(who->sid, "s1");
        assert_string_equal(who->acr, "urn:acr:password");
        assert_int_equal(who->auth_time, NOW - apr_time_from_sec(12));
        assert_int_equal(who->valid_until, NOW + apr_time_from_sec(8 * 3600));
        assert_int_equal(who->banned, 0);
        assert_int_equal(who->attributes->nelts, 2);
        assert_string_equal(value_of(&answer, "mail", 0), "alice@example.com");
        assert_string_equal(sso_identity_find(who, "mail")->friendly, "email");
        assert_string_equal(value_of(&answer, "groups", 0), "staff");
        assert_string_equal(value_of(&answer, "groups", 1), "admin");
        assert_ptr_equal(answer.flow, &b->flows.item[0]);
        assert_string_equal(answer.return_path, "/app/page?x=1");
    }
}

/* R37: what must not happen twice is named, the request first. */
static void r37_request_and_assertion_are_spent(void **state)
{
    bench_t *b = bench_make(*state);
    sso_answer_t answer;

    (void)bench_prepare(b);
    answer = take(b, bench_message(b, SIGN_ASSERTION));
    assert_int_equal(answer.once_n, 2);
    assert_string_equal(answer.once[0].label, "request");
    assert_true(sso_span_is(answer.once[0].what, REQUEST));
    assert_true(answer.once[0].until > b->flows.item[0].issued + apr_time_from_sec(900));
    assert_int_equal(answer.once[0].fault, SSO_F_REQUEST_USED);
    assert_string_equal(answer.once[1].label, "assertion");
    assert_true(sso_span_is(answer.once[1].what, IDP_ID "\n_a1"));
    /* NotOnOrAfter of the confirmation and the skew: until it could not be accepted any more. */
    assert_int_equal(answer.once[1].until, NOW + apr_time_from_sec(300 + 60));
    assert_int_equal(answer.once[1].fault, SSO_F_ASSERTION_USED);
    answer = take(b,
                  bench_edited(b, SIGN_ASSERTION, "2026-11-23T19:03:52Z", "2027-11-23T19:03:52Z"));
    assert_int_equal(answer.once[1].until, NOW + apr_time_from_sec(86400));
}

/* ---- edits before the signature: the provider itself sends it so ---- */

typedef struct {
    const char *from, *to;
    sso_fault_t fault;
} edit_t;

static void run_edits(void **state, int how, const edit_t *row, apr_size_t n)
{
    bench_t *b = bench_make(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < n; i++) {
        sso_answer_t answer = {.once_n = 4711};
        const char *xml = bench_edited(b, how, row[i].from, row[i].to);

        print_message("  %s -> %s\n", row[i].from, row[i].to);
        (void)bench_finish(b, xml, &answer);
        assert_string_equal(sso_fault_info(b->cx->err.fault)->code,
                            sso_fault_info(row[i].fault)->code);
        assert_int_equal(answer.once_n == 4711, row[i].fault != SSO_F_NONE);
        sso_ctx_clear(b->cx);
    }
}

#define RUN_EDITS(how, row) run_edits(state, how, row, COUNT(row))

/* R36, R50: each thing that must be there, missing in turn. */
static void r36_everything_required_is_required(void **state)
{
    static const edit_t assertion[] = {
        {ID_ASSERTION "Version=\"2.0\" ", ID_ASSERTION, SSO_F_SAML_VERSION},
        {ID_ASSERTION, "", SSO_F_SAML_STRUCTURE},
        {" IssueInstant=\"2026-11-23T18:58:50Z\"", "", SSO_F_SAML_STRUCTURE},
        {"><saml:Issuer>" IDP_ID "</saml:Issuer><saml:Subject>", "><saml:Subject>", SSO_F_ISSUER},
        {"<saml:Subject>", "<saml:Advice/><saml:Subject>", SSO_F_NONE},
        {" Method=\"" SAML_CM_BEARER "\"", "", SSO_F_SAML_STRUCTURE},
        {" Recipient=\"" ACS "\"", "", SSO_F_RECIPIENT},
        {" InResponseTo=\"" REQUEST "\" NotOnOrAfter", " NotOnOrAfter", SSO_F_IN_RESPONSE_TO},
        {" NotOnOrAfter=\"2026-11-23T19:03:52Z\"", "", SSO_F_CONFIRMATION},
        {RESTRICTION, "", SSO_F_AUDIENCE},
        {OUR_AUDIENCE, "", SSO_F_AUDIENCE},
        {" AuthnInstant=\"2026-11-23T18:58:40Z\"", "", SSO_F_SAML_STRUCTURE},
        {" Name=\"groups\"", "", SSO_F_SAML_STRUCTURE},
        {" Name=\"groups\"", " Name=\"\"", SSO_F_SAML_STRUCTURE},
        /* And what may be missing. */
        {" NotBefore=\"2026-11-23T18:58:22Z\"", "", SSO_F_NONE},
        {" NotOnOrAfter=\"2026-11-23T18:59:52Z\"", "", SSO_F_NONE},
        {" SessionIndex=\"s1\"", "", SSO_F_NONE},
        {" SessionNotOnOrAfter=\"2026-11-24T02:58:52Z\"", "", SSO_F_NONE},
        {"<saml:AuthnContextClassRef>urn:acr:password</saml:AuthnContextClassRef>", "", SSO_F_NONE},
        {" FriendlyName=\"email\"", "", SSO_F_NONE},
        {" NameQualifier=\"q\" SPNameQualifier=\"spq\"", "", SSO_F_NONE},
    };
    static const edit_t response[] = {
        {ID_RESPONSE "Version=\"2.0\"", ID_RESPONSE, SSO_F_SAML_VERSION},
        {" IssueInstant=\"2026-11-23T18:58:51Z\"", "", SSO_F_SAML_STRUCTURE},
        {" Destination=\"" ACS "\"", "", SSO_F_DESTINATION},
        {OUR_REQUEST, ">", SSO_F_UNSOLICITED},
        {"<samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>", "",
         SSO_F_SAML_STRUCTURE},
        {"<samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/>", "", SSO_F_SAML_STRUCTURE},
        {" Value=\"" SAML_STATUS_SUCCESS "\"", "", SSO_F_SAML_STRUCTURE},
        {"</saml:Issuer><samlp:Status>", "</saml:Issuer><samlp:Extensions/><samlp:Status>",
         SSO_F_NONE},
    };

    RUN_EDITS(SIGN_RESPONSE, assertion);
    RUN_EDITS(SIGN_RESPONSE, response);
}

/* Cut from `from` up to and with `to` out of the text. */
static const char *cut(bench_t *b, const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    const char *end = at ? strstr(at, to) : NULL;

    assert_non_null(end);
    return apr_pstrcat(b->cx->pool, apr_pstrmemdup(b->cx->pool, text, (apr_size_t)(at - text)),
                       end + strlen(to), NULL);
}

static void r36_whole_elements_are_required(void **state)
{
    static const struct {
        const char *from, *to;
        sso_fault_t fault;
    } row[] = {
        {"<saml:Subject>", "</saml:Subject>", SSO_F_SUBJECT},
        {"<saml:NameID", "</saml:NameID>", SSO_F_SUBJECT},
        {"<saml:SubjectConfirmation ", "</saml:SubjectConfirmation>", SSO_F_CONFIRMATION},
        {"<saml:SubjectConfirmationData", "/>", SSO_F_CONFIRMATION},
        {"<saml:Conditions", "</saml:Conditions>", SSO_F_CONDITIONS},
        {"<saml:AuthnStatement", "</saml:AuthnStatement>", SSO_F_AUTHN_STATEMENT},
        {"<saml:AttributeStatement", "</saml:AttributeStatement>", SSO_F_NONE},
        {"<saml:AuthnContext>", "</saml:AuthnContext>", SSO_F_NONE},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        const char *assertion = cut(b, bench_assertion(b), row[i].from, row[i].to);
        sso_answer_t answer;

        print_message("  %s\n", row[i].from);
        (void)bench_finish(b, bench_response(b, bench_sign(b, assertion, 0)), &answer);
        assert_string_equal(sso_fault_info(b->cx->err.fault)->code,
                            sso_fault_info(row[i].fault)->code);
        sso_ctx_clear(b->cx);
    }
}

/* What may be there once is not there twice. */
static void r51_twice_is_not_once(void **state)
{
    static const edit_t row[] = {
        {"<saml:Subject>", "<saml:Subject/><saml:Subject>", SSO_F_SAML_STRUCTURE},
        {"<saml:Conditions ", "<saml:Conditions/><saml:Conditions ", SSO_F_SAML_STRUCTURE},
        {"<saml:NameID ", "<saml:NameID>mallory</saml:NameID><saml:NameID ", SSO_F_SAML_STRUCTURE},
        {"<saml:SubjectConfirmationData ",
         "<saml:SubjectConfirmationData/><saml:SubjectConfirmationData ", SSO_F_SAML_STRUCTURE},
        {"<saml:AuthnContext>", "<saml:AuthnContext/><saml:AuthnContext>", SSO_F_SAML_STRUCTURE},
        {"<saml:AuthnContextClassRef>", "<saml:AuthnContextClassRef/><saml:AuthnContextClassRef>",
         SSO_F_SAML_STRUCTURE},
        {"<samlp:Status>", "<samlp:Status/><samlp:Status>", SSO_F_SAML_STRUCTURE},
        {"<samlp:StatusCode ", "<samlp:StatusCode/><samlp:StatusCode ", SSO_F_SAML_STRUCTURE},
        {"</saml:Issuer><samlp:Status>",
         "</saml:Issuer><saml:Issuer>" IDP_ID "</saml:Issuer><samlp:Status>", SSO_F_SAML_STRUCTURE},
        {"</saml:Issuer><saml:Subject>",
         "</saml:Issuer><saml:Issuer>" IDP_ID "</saml:Issuer><saml:Subject>", SSO_F_SAML_STRUCTURE},
    };

    RUN_EDITS(SIGN_RESPONSE, row);
}

static void only_saml_2_is_spoken(void **state)
{
    static const edit_t row[] = {
        {ID_ASSERTION "Version=\"2.0\"", ID_ASSERTION "Version=\"1.1\"", SSO_F_SAML_VERSION},
        {ID_ASSERTION "Version=\"2.0\"", ID_ASSERTION "Version=\"2.00\"", SSO_F_SAML_VERSION},
        {ID_RESPONSE "Version=\"2.0\"", ID_RESPONSE "Version=\"2.1\"", SSO_F_SAML_VERSION},
    };

    RUN_EDITS(SIGN_RESPONSE, row);
}

/* ---- times: the clock says 18:58:52, a minute is tolerated ---- */

static void times_at_their_limits(void **state)
{
    static const edit_t row[] = {
        /* Conditions */
        {"18:59:52Z\"><saml:Aud", "18:57:53Z\"><saml:Aud", SSO_F_NONE},
        {"18:59:52Z\"><saml:Aud", "18:57:52.000001Z\"><saml:Aud", SSO_F_NONE},
        {"18:59:52Z\"><saml:Aud", "18:57:52Z\"><saml:Aud", SSO_F_EXPIRED},
        {"2026-11-23T18:59:52Z\"><saml:Aud", "1970-01-01T00:00:00Z\"><saml:Aud", SSO_F_EXPIRED},
        {"NotBefore=\"2026-11-23T18:58:22Z", "NotBefore=\"2026-11-23T18:59:52Z", SSO_F_NONE},
        {"NotBefore=\"2026-11-23T18:58:22Z", "NotBefore=\"2026-11-23T18:59:52.000001Z",
         SSO_F_NOT_BEFORE},
        {"NotBefore=\"2026-11-23T18:58:22Z", "NotBefore=\"2026-11-23T18:59:53Z", SSO_F_NOT_BEFORE},
        /* the confirmation */
        {"T19:03:52Z", "T18:57:53Z", SSO_F_NONE},
        {"T19:03:52Z", "T18:57:52Z", SSO_F_CONFIRMATION_EXPIRED},
        {"2026-11-23T19:03:52Z", "1970-01-01T00:00:00Z", SSO_F_CONFIRMATION_EXPIRED},
        {" NotOnOrAfter=\"2026-11-23T19:03:52Z\"",
         " NotBefore=\"2026-11-23T18:59:52Z\" NotOnOrAfter=\"2026-11-23T19:03:52Z\"", SSO_F_NONE},
        {" NotOnOrAfter=\"2026-11-23T19:03:52Z\"",
         " NotBefore=\"2026-11-23T18:59:53Z\" NotOnOrAfter=\"2026-11-23T19:03:52Z\"",
         SSO_F_NOT_BEFORE},
        /* R39: five minutes more for IssueInstant, in both places, to both sides */
        {"T18:58:50Z", "T18:52:52Z", SSO_F_NONE},
        {"T18:58:50Z", "T18:52:51Z", SSO_F_ISSUE_INSTANT},
        {"T18:58:50Z", "T19:04:52Z", SSO_F_NONE},
        {"T18:58:50Z", "T19:04:53Z", SSO_F_ISSUE_INSTANT},
        {"T18:58:51Z", "T18:52:52Z", SSO_F_NONE},
        {"T18:58:51Z", "T18:52:51Z", SSO_F_ISSUE_INSTANT},
        {"T18:58:51Z", "T19:04:52Z", SSO_F_NONE},
        {"T18:58:51Z", "T19:04:53Z", SSO_F_ISSUE_INSTANT},
        /* R39: AuthnInstant not in the future */
        {"T18:58:40Z", "T18:59:52Z", SSO_F_NONE},
        {"T18:58:40Z", "T18:59:53Z", SSO_F_AUTHN_INSTANT},
        {"2026-11-23T18:58:40Z", "2026-01-01T00:00:00Z", SSO_F_NONE},
        /* the session: no tolerance, for it would end at once */
        {"2026-11-24T02:58:52Z", "2026-11-23T18:58:53Z", SSO_F_NONE},
        {"2026-11-24T02:58:52Z", "2026-11-23T18:58:52Z", SSO_F_SESSION_EXPIRED},
        {"2026-11-24T02:58:52Z", "1970-01-01T00:00:00Z", SSO_F_SESSION_EXPIRED},
        /* forms */
        {"2026-11-23T19:03:52Z", "2026-11-23T20:03:52+01:00", SSO_F_NONE},
        {"2026-11-23T19:03:52Z", "2026-11-23T19:03:52.123+00:00", SSO_F_NONE},
        {"2026-11-23T19:03:52Z", "2026-11-23T19:03:52+01:30", SSO_F_CONFIRMATION_EXPIRED},
    };

    RUN_EDITS(SIGN_RESPONSE, row);
}

/* R51: a time that is there but cannot be read fails the message; it is never "absent". */
static void r51_times_must_parse(void **state)
{
    static const edit_t row[] = {
        {"2026-11-23T18:59:52Z\"><saml:Aud", "never\"><saml:Aud", SSO_F_MALFORMED},
        {"NotBefore=\"2026-11-23T18:58:22Z", "NotBefore=\"", SSO_F_MALFORMED},
        {"2026-11-23T19:03:52Z", "2026-11-23T19:03:52", SSO_F_MALFORMED},
        {" NotOnOrAfter=\"2026-11-23T19:03:52Z\"", " NotOnOrAfter=\"\"", SSO_F_MALFORMED},
        {"2026-11-23T18:58:50Z", "2026-11-23", SSO_F_MALFORMED},
        {"2026-11-23T18:58:51Z", "2026-13-23T18:58:51Z", SSO_F_MALFORMED},
        {"2026-11-23T18:58:40Z", "now", SSO_F_MALFORMED},
        {"2026-11-24T02:58:52Z", "2026-11-24T25:58:52Z", SSO_F_MALFORMED},
    };

    RUN_EDITS(SIGN_RESPONSE, row);
}

static void the_tolerance_is_a_setting(void **state)
{
    bench_t *b = bench_make(*state);

    bench_set(b, "SSOSamlClockSkew", "0s", NULL);
    (void)bench_prepare(b);
    assert_refused(b, bench_edited(b, SIGN_ASSERTION, "T19:03:52Z", "T18:58:52Z"),
                   CONFIRMATION_EXPIRED);
    (void)take(b, bench_edited(b, SIGN_ASSERTION, "T19:03:52Z", "T18:58:53Z"));
    assert_refused(b, bench_edited(b, SIGN_ASSERTION, "T18:58:40Z", "T18:58:53Z"), AUTHN_INSTANT);
}

/* The earliest limit of all statements is the session's. */
static void several_statements_narrow_the_session(void **state)
{
    bench_t *b = bench_make(*state);
    sso_answer_t answer;

    (void)bench_prepare(b);
    answer = take(b, bench_edited(b, SIGN_ASSERTION, "<saml:AttributeStatement>",
                                  "<saml:AuthnStatement AuthnInstant=\"2026-11-23T18:58:40Z\" "
                                  "SessionIndex=\"s2\" "
                                  "SessionNotOnOrAfter=\"2026-11-23T19:58:52Z\"/>"
                                  "<saml:AttributeStatement>"));
    assert_int_equal(answer.who->valid_until, NOW + apr_time_from_sec(3600));
    assert_string_equal(answer.who->sid, "s1");
    answer = take(
        b, bench_edited(b, SIGN_ASSERTION, " SessionNotOnOrAfter=\"2026-11-24T02:58:52Z\"", ""));
    assert_int_equal(answer.who->valid_until, 0);
}

static void force_authn_is_enforced(void **state)
{
    bench_t *b = bench_make(*state);

    /* The login began at 18:57:52. */
    (void)bench_prepare(b);
    (void)take(b, bench_edited(b, SIGN_ASSERTION, "T18:58:40Z", "T18:56:51Z"));
    bench_set(b, "SSOSamlForceAuthn", "on", NULL);
    (void)bench_prepare(b);
    assert_refused(b, bench_edited(b, SIGN_ASSERTION, "T18:58:40Z", "T18:56:51Z"), AUTHN_INSTANT);
    (void)take(b, bench_edited(b, SIGN_ASSERTION, "T18:58:40Z", "T18:56:52Z"));
}

/* ---- R34: the login that it answers ---- */

static void r34_another_request_is_refused(void **state)
{
    static const edit_t row[] = {
        {OUR_REQUEST, " InResponseTo=\"_other\">", SSO_F_IN_RESPONSE_TO},
        {OUR_REQUEST, " InResponseTo=\"\">", SSO_F_IN_RESPONSE_TO},
        {SCD_REQUEST, " InResponseTo=\"_other\" NotOnOrAfter", SSO_F_IN_RESPONSE_TO},
        {SCD_REQUEST, " InResponseTo=\"\" NotOnOrAfter", SSO_F_IN_RESPONSE_TO},
        {SCD_REQUEST, " NotOnOrAfter", SSO_F_IN_RESPONSE_TO},
        {OUR_REQUEST, ">", SSO_F_UNSOLICITED},
    };

    RUN_EDITS(SIGN_RESPONSE, row);
    RUN_EDITS(SIGN_ASSERTION, row);
}

static void r34_a_flow_of_this_browser_is_needed(void **state)
{
    bench_t *b = bench_make(*state);
    const char *xml = bench_message(b, SIGN_ASSERTION);

    (void)bench_prepare(b);
    b->flows.n = 0;
    assert_refused(b, xml, STATE_MISSING);
    b->flows.bad = 1;
    assert_refused(b, xml, STATE_INVALID);
    b->flows.n = 1;
    b->flows.item[0].request = "_another";
    assert_refused(b, xml, IN_RESPONSE_TO);
    b->flows.item[1] = b->flows.item[0];
    b->flows.item[1].request = REQUEST;
    b->flows.n = 2;
    (void)take(b, xml);
}

static void r34_the_flow_belongs_to_provider_and_site(void **state)
{
    bench_t *b = bench_make(*state);
    const char *xml = bench_message(b, SIGN_ASSERTION);

    (void)bench_prepare(b);
    b->flows.item[0].provider = "other";
    assert_refused(b, xml, IN_RESPONSE_TO);
    b->flows.item[0].provider = "corp";
    b->flows.item[0].site = "https://other.example.org";
    assert_refused(b, xml, IN_RESPONSE_TO);
}

static void r34_a_flow_ends(void **state)
{
    bench_t *b = bench_make(*state);
    const char *xml = bench_message(b, SIGN_ASSERTION);

    (void)bench_prepare(b);
    b->flows.item[0].issued = NOW - apr_time_from_sec(900);
    (void)take(b, xml);
    b->flows.item[0].issued -= 1;
    assert_refused(b, xml, STATE_EXPIRED);
}

/* ---- R35: logins that begin at the provider ---- */

static const char *unsolicited(bench_t *b, int how)
{
    const char *assertion = bench_edit(b, bench_assertion(b), SCD_REQUEST, " NotOnOrAfter");
    const char *xml;

    if (how & SIGN_ASSERTION) assertion = bench_sign(b, assertion, how);
    xml = bench_edit(b, bench_response(b, assertion), OUR_REQUEST, ">");
    return how & SIGN_RESPONSE ? bench_sign(b, xml, how) : xml;
}

static void r35_unsolicited_is_off(void **state)
{
    bench_t *b = bench_make(*state);

    (void)bench_prepare(b);
    assert_refused(b, unsolicited(b, SIGN_RESPONSE), UNSOLICITED);
    assert_refused(b, unsolicited(b, SIGN_ASSERTION), UNSOLICITED);
}

static void r35_unsolicited_lands_where_it_may(void **state)
{
    static const struct {
        const char *relay, *landing;
    } row[] = {
        {NULL, "/app/"},     {"/app/", "/app/"},     {"/team", "/team"},
        {"/team/", "/app/"}, {"/other", "/app/"},    {"https://evil.example/", "/app/"},
        {"//evil", "/app/"}, {"/team?x=1", "/app/"}, {"", "/app/"},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    bench_set(b, "SSOSamlUnsolicited", "on", "/app/", "/team", NULL);
    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        sso_answer_t answer;

        b->relay = row[i].relay;
        answer = take(b, unsolicited(b, SIGN_ASSERTION));
        assert_null(answer.flow);
        assert_string_equal(answer.return_path, row[i].landing);
        assert_int_equal(answer.once_n, 1);
        assert_string_equal(answer.once[0].label, "assertion");
    }
}

static void r63_unsolicited_lands_at_the_root_by_default(void **state)
{
    bench_t *b = bench_make(*state);

    bench_set(b, "SSOSamlUnsolicited", "on", NULL);
    (void)bench_prepare(b);
    b->relay = "/secret";
    assert_string_equal(take(b, unsolicited(b, SIGN_ASSERTION)).return_path, "/");
}

/* R35: nothing of it is believed beyond whom to ask: good, forged or not signed at all. */
static void r35_bounce_begins_a_login_here(void **state)
{
    static const struct {
        const char *relay, *landing;
    } row[] = {
        {NULL, "/app/"},
        {"/team", "/team"},
        {"https://evil.example/", "/app/"},
        {"/other", "/app/"},
    };
    static const int how[] = {SIGN_ASSERTION, SIGN_RESPONSE, SIGN_RESPONSE | BY_OTHER, 0};
    bench_t *b = bench_make(*state);
    apr_size_t i;
    apr_size_t j;

    bench_set(b, "SSOSamlUnsolicited", "bounce", "/app/", "/team", NULL);
    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        b->relay = row[i].relay;
        for (j = 0; j < COUNT(how); j++) {
            sso_answer_t answer = take(b, unsolicited(b, how[j]));

            assert_string_equal(answer.begin_again, row[i].landing);
            assert_null(answer.who);
            assert_null(answer.flow);
            assert_int_equal(answer.once_n, 0);
        }
    }
    b->relay = NULL;
    assert_refused(b,
                   bench_edit(b, unsolicited(b, 0),
                              "<saml:Issuer>" IDP_ID "</saml:Issuer><samlp:Status>",
                              "<saml:Issuer>https://other.example/</saml:Issuer><samlp:Status>"),
                   ISSUER);
    /* What answers a request is verified as ever. */
    assert_null(take(b, bench_message(b, SIGN_ASSERTION)).begin_again);
    assert_refused(b, bench_message(b, SIGN_ASSERTION | BY_OTHER), SIGNATURE);
}

/* The RelayState of an answer to our own request says nothing: the sealed flow does. */
static void r63_relay_state_does_not_move_a_login(void **state)
{
    bench_t *b = bench_make(*state);

    (void)bench_prepare(b);
    b->relay = "https://evil.example/";
    assert_string_equal(take(b, bench_message(b, SIGN_ASSERTION)).return_path, "/app/page?x=1");
}

/* R35: it names no request anywhere, or it was somebody's answer. */
static void r35_unsolicited_names_no_request(void **state)
{
    bench_t *b = bench_make(*state);
    const char *other = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:"
                        "sender-vouches\"><saml:SubjectConfirmationData InResponseTo=\"_x\"/>"
                        "</saml:SubjectConfirmation></saml:Subject>";
    const char *assertion = bench_edit(b, bench_assertion(b), SCD_REQUEST, " NotOnOrAfter");

    bench_set(b, "SSOSamlUnsolicited", "on", NULL);
    (void)bench_prepare(b);
    /* The request was cut off the unsigned Response, but the signed Assertion still names it. */
    assert_refused(b, bench_edited(b, SIGN_ASSERTION, OUR_REQUEST, ">"), IN_RESPONSE_TO);
    assertion = bench_sign(b, bench_edit(b, assertion, "</saml:Subject>", other), 0);
    assert_refused(b, bench_edit(b, bench_response(b, assertion), OUR_REQUEST, ">"),
                   IN_RESPONSE_TO);
    /* One that names a request is judged as an answer, and must be one. */
    assert_refused(b, bench_edited(b, SIGN_ASSERTION, OUR_REQUEST, " InResponseTo=\"_x\">"),
                   IN_RESPONSE_TO);
    (void)take(b, bench_message(b, SIGN_ASSERTION));
}

/* ---- R36: what may be loosened, and only that ---- */

static void r36_each_word_loosens_one_rule(void **state)
{
    static const struct {
        const char *word, *from, *to;
        sso_fault_t without;
        const char *wrong; /* present but wrong stays refused */
        sso_fault_t with;
    } row[] = {
        {"no-audience", RESTRICTION, "", SSO_F_AUDIENCE,
         "<saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction>",
         SSO_F_AUDIENCE},
        {"no-recipient", " Recipient=\"" ACS "\"", "", SSO_F_RECIPIENT, " Recipient=\"x\"",
         SSO_F_RECIPIENT},
        {"no-destination", " Destination=\"" ACS "\"", "", SSO_F_DESTINATION, " Destination=\"\"",
         SSO_F_DESTINATION},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(*state);
        const char *xml = bench_edited(b, SIGN_RESPONSE, row[i].from, row[i].to);
        const char *wrong = bench_edited(b, SIGN_RESPONSE, row[i].from, row[i].wrong);
        sso_answer_t answer;

        print_message("  %s\n", row[i].word);
        (void)bench_prepare(b);
        (void)bench_finish(b, xml, &answer);
        assert_int_equal(b->cx->err.fault, row[i].without);
        sso_ctx_clear(b->cx);
        bench_set(b, "SSOSamlAllow", row[i].word, NULL);
        (void)bench_prepare(b);
        (void)take(b, xml);
        (void)bench_finish(b, wrong, &answer);
        assert_int_equal(b->cx->err.fault, row[i].with);
        sso_ctx_clear(b->cx);
    }
}

static void r36_no_conditions_means_no_audience_too(void **state)
{
    bench_t *b = bench_make(*state);
    const char *xml = bench_response(
        b, bench_sign(b, cut(b, bench_assertion(b), "<saml:Conditions", "</saml:Conditions>"), 0));

    (void)bench_prepare(b);
    assert_refused(b, xml, CONDITIONS);
    bench_set(b, "SSOSamlAllow", "no-conditions", NULL);
    (void)bench_prepare(b);
    assert_refused(b, xml, AUDIENCE);
    bench_set(b, "SSOSamlAllow", "no-audience", NULL);
    (void)bench_prepare(b);
    (void)take(b, xml);
}

/* ---- R38: who says it ---- */

static void r38_issuer_in_both_layers(void **state)
{
    static const edit_t row[] = {
        {IDP_ID "</saml:Issuer><saml:Subject>", "https://evil/</saml:Issuer><saml:Subject>",
         SSO_F_ISSUER},
        {IDP_ID "</saml:Issuer><saml:Subject>", IDP_ID "/</saml:Issuer><saml:Subject>",
         SSO_F_ISSUER},
        {IDP_ID "</saml:Issuer><saml:Subject>", "</saml:Issuer><saml:Subject>", SSO_F_ISSUER},
        {IDP_ID "</saml:Issuer><samlp:Status>", "https://evil/</saml:Issuer><samlp:Status>",
         SSO_F_ISSUER},
        {IDP_ID "</saml:Issuer><samlp:Status>", "\n " IDP_ID " \r\n</saml:Issuer><samlp:Status>",
         SSO_F_NONE},
        {IDP_ID "</saml:Issuer><saml:Subject>", "\n " IDP_ID " \r\n</saml:Issuer><saml:Subject>",
         SSO_F_NONE},
        {"<saml:Issuer>" IDP_ID "</saml:Issuer><samlp:Status>",
         "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">" IDP_ID
         "</saml:Issuer><samlp:Status>",
         SSO_F_NONE},
        {"<saml:Issuer>" IDP_ID "</saml:Issuer><samlp:Status>",
         "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">" IDP_ID
         "</saml:Issuer><samlp:Status>",
         SSO_F_ISSUER},
        {IDP_ID "</saml:Issuer><saml:Subject>", "<b/>" IDP_ID "</saml:Issuer><saml:Subject>",
         SSO_F_XML_TEXT},
    };

    RUN_EDITS(SIGN_RESPONSE, row);
}

/* A signed or encrypting Response must name its issuer; another one need not. */
static void r38_when_the_response_may_be_silent(void **state)
{
    bench_t *b = bench_make(*state);
    const char *from = "<saml:Issuer>" IDP_ID "</saml:Issuer><samlp:Status>";

    (void)bench_prepare(b);
    (void)take(b, bench_edited(b, SIGN_ASSERTION, from, "<samlp:Status>"));
    assert_refused(b, bench_edited(b, SIGN_ASSERTION | ENCRYPT, from, "<samlp:Status>"), ISSUER);
}

/* ---- where it goes ---- */

static void it_goes_to_our_address(void **state)
{
    static const edit_t row[] = {
        {"Destination=\"" ACS "\"", "Destination=\"https://www.example.org/.sso/corp/ACS\"",
         SSO_F_DESTINATION},
        {"Destination=\"" ACS "\"", "Destination=\"" ACS "/\"", SSO_F_DESTINATION},
        {"Destination=\"" ACS "\"", "Destination=\"http://www.example.org/.sso/corp/acs\"",
         SSO_F_DESTINATION},
        {"Recipient=\"" ACS "\"", "Recipient=\"" ACS "?x\"", SSO_F_RECIPIENT},
        {"Recipient=\"" ACS "\"", "Recipient=\"\"", SSO_F_RECIPIENT},
        {"Recipient=\"" ACS "\"", "Recipient=\"https://other.example.org/.sso/corp/acs\"",
         SSO_F_RECIPIENT},
    };

    RUN_EDITS(SIGN_RESPONSE, row);
}

/* Nobody vouches for the Destination of an unsigned Response: it may be missing, not wrong. */
static void destination_of_an_unsigned_response(void **state)
{
    bench_t *b = bench_make(*state);

    (void)bench_prepare(b);
    (void)take(b, bench_edited(b, SIGN_ASSERTION, " Destination=\"" ACS "\"", ""));
    assert_refused(
        b,
        bench_edited(b, SIGN_ASSERTION, "Destination=\"" ACS "\"", "Destination=\"https://evil/\""),
        DESTINATION);
}

static apr_status_t post_to(bench_t *b, const char *path, const char *query, const char *xml,
                            sso_answer_t *out)
{
    const char *base64 = sso_b64_encode(b->cx->pool, sso_span(xml));
    sso_request_t *req = bench_post(
        b, apr_pstrcat(b->cx->pool,
                       "SAMLResponse=", sso_percent_encode(b->cx->pool, sso_span(base64)), NULL));

    req->path = path;
    req->query = query;
    req->target = query ? apr_pstrcat(b->cx->pool, path, "?", query, NULL) : path;
    return sso_saml.finish(b->cx, &b->idp, req, &b->flows, out);
}

/* A registration made for another product: its address counts while the response says so too. */
static void inherited_addresses_are_ours(void **state)
{
    const char *old = "https://www.example.org/old/acs?mod=saml";
    bench_t *b = bench_make(*state);
    const char *assertion = bench_edit(b, bench_assertion(b), ACS, old);
    const char *xml = bench_edit(b, bench_response(b, bench_sign(b, assertion, 0)),
                                 "Destination=\"" ACS "\"",
                                 "Destination=\"https://www.example.org/old/acs?mod=saml\"");
    sso_answer_t answer;

    bench_set(b, "SSOSamlAcs", old, NULL);
    (void)bench_prepare(b);
    assert_int_equal(post_to(b, "/old/acs", "mod=saml", xml, &answer), APR_SUCCESS);
    assert_int_not_equal(post_to(b, "/old/acs", "mod=other", xml, &answer), APR_SUCCESS);
    assert_fault(b->cx, NOT_FOUND);
    assert_int_not_equal(post_to(b, "/old/acs", NULL, xml, &answer), APR_SUCCESS);
    assert_fault(b->cx, NOT_FOUND);
    assert_refused(b, xml, DESTINATION);
    assert_int_not_equal(
        post_to(b, "/old/acs", "mod=saml", bench_message(b, SIGN_ASSERTION), &answer), APR_SUCCESS);
    assert_fault(b->cx, DESTINATION);
    assert_int_equal(post_to(b, "/.sso/corp/acs", "x=1", bench_message(b, SIGN_ASSERTION), &answer),
                     APR_SUCCESS);
}

/* By GET only logout messages may come, and those are heard elsewhere. */
static void responses_arrive_by_post(void **state)
{
    bench_t *b = bench_make(*state);
    sso_answer_t answer;

    (void)bench_prepare(b);
    assert_int_not_equal(
        sso_saml.finish(b->cx, &b->idp, bench_get(b, "/.sso/corp/acs", "x=y"), &b->flows, &answer),
        APR_SUCCESS);
    assert_fault(b->cx, METHOD);
    assert_int_equal(sso_saml.finish(b->cx, &b->idp,
                                     bench_get(b, "/.sso/corp/acs", "SAMLResponse=AAAA"), &b->flows,
                                     &answer),
                     APR_NOTFOUND);
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
}

/* ---- audience ---- */

#define RESTRICT(inside) "<saml:AudienceRestriction>" inside "</saml:AudienceRestriction>"
#define FOREIGN          "<saml:Audience>https://other.example.org/</saml:Audience>"

static void r36_audience_is_and_over_restrictions(void **state)
{
    static const edit_t row[] = {
        {RESTRICTION, RESTRICT(FOREIGN), SSO_F_AUDIENCE},
        {RESTRICTION, RESTRICT(FOREIGN FOREIGN), SSO_F_AUDIENCE},
        {RESTRICTION, RESTRICT(FOREIGN OUR_AUDIENCE), SSO_F_NONE},
        {RESTRICTION, RESTRICT(OUR_AUDIENCE FOREIGN), SSO_F_NONE},
        {RESTRICTION, RESTRICTION RESTRICTION, SSO_F_NONE},
        {RESTRICTION, RESTRICTION RESTRICT(FOREIGN), SSO_F_AUDIENCE},
        {RESTRICTION, RESTRICT(FOREIGN) RESTRICTION, SSO_F_AUDIENCE},
        {RESTRICTION, RESTRICTION RESTRICT(""), SSO_F_AUDIENCE},
        {OUR_AUDIENCE, "<saml:Audience>\n  " SP_ID "\n</saml:Audience>", SSO_F_NONE},
        {OUR_AUDIENCE, "<saml:Audience>" SP_ID "/</saml:Audience>", SSO_F_AUDIENCE},
        {OUR_AUDIENCE, "<saml:Audience/>", SSO_F_AUDIENCE},
        /* R51: an audience that cannot be read is not one less. */
        {RESTRICTION, RESTRICT(OUR_AUDIENCE "<saml:Audience><b/></saml:Audience>"), SSO_F_XML_TEXT},
    };

    RUN_EDITS(SIGN_RESPONSE, row);
}

static void further_audiences_are_a_setting(void **state)
{
    bench_t *b = bench_make(*state);
    const char *xml = bench_edited(b, SIGN_ASSERTION, OUR_AUDIENCE, FOREIGN);

    bench_set(b, "SSOSamlAudience", "urn:x:y", "https://other.example.org/", NULL);
    (void)bench_prepare(b);
    (void)take(b, xml);
    (void)take(b, bench_message(b, SIGN_ASSERTION));
    bench_set(b, "SSOSamlEntityID", "urn:us:elsewhere", NULL);
    (void)bench_prepare(b);
    (void)take(b, xml);
    assert_refused(b, bench_message(b, SIGN_ASSERTION), AUDIENCE);
    (void)take(b, bench_edited(b, SIGN_ASSERTION, OUR_AUDIENCE,
                               "<saml:Audience>urn:us:elsewhere</saml:Audience>"));
}

static void unknown_conditions_are_refused(void **state)
{
    static const edit_t row[] = {
        {RESTRICTION, RESTRICTION "<saml:OneTimeUse/>", SSO_F_NONE},
        {RESTRICTION, RESTRICTION "<saml:ProxyRestriction Count=\"0\"/>", SSO_F_NONE},
        {RESTRICTION, RESTRICTION "<saml:Condition " XSI " xmlns:x=\"urn:x\" xsi:type=\"x:y\"/>",
         SSO_F_CONDITION_UNKNOWN},
        {RESTRICTION, RESTRICTION "<x:OneTimeUse xmlns:x=\"urn:x\"/>", SSO_F_CONDITION_UNKNOWN},
        {RESTRICTION, RESTRICTION "<OneTimeUse/>", SSO_F_CONDITION_UNKNOWN},
    };

    RUN_EDITS(SIGN_RESPONSE, row);
}

/* ---- subject ---- */

#define NAME                                                                        \
    "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\" " \
    "NameQualifier=\"q\" SPNameQualifier=\"spq\">alice</saml:NameID>"

static void f1_a_name_must_be_a_name(void **state)
{
    static const edit_t row[] = {
        {NAME, "<saml:NameID/>", SSO_F_SUBJECT},
        {NAME, "<saml:NameID></saml:NameID>", SSO_F_SUBJECT},
        {NAME, "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\"/>",
         SSO_F_SUBJECT},
        {">alice<", "> <", SSO_F_SUBJECT},
        {">alice<", ">\n  <", SSO_F_SUBJECT},
        {">alice<", ">alice\n<", SSO_F_SUBJECT},
        {">alice<", ">a\tlice<", SSO_F_SUBJECT},
        {">alice<", ">alice<b/><", SSO_F_XML_TEXT},
        {">alice<", ">al&#10;ice<", SSO_F_SUBJECT},
        {NAME, "<saml:BaseID>alice</saml:BaseID>", SSO_F_SUBJECT},
        {NAME, "<x:NameID xmlns:x=\"urn:x\">alice</x:NameID>", SSO_F_SUBJECT},
        {">alice<", ">J\xc3\xbcrgen O'Neil &lt;x&gt;<", SSO_F_NONE},
    };

    /* These meet the door before any signature is looked at. */
    static const edit_t unsafe[] = {
        {">alice<", ">admin<!-- -->alice<", SSO_F_XML_FORBIDDEN},
        {">alice<", "><![CDATA[admin]]>alice<", SSO_F_XML_FORBIDDEN},
        {">alice<", "><?x y?>alice<", SSO_F_XML_FORBIDDEN},
        {">alice<", ">&alice;<", SSO_F_XML_FORBIDDEN},
        {MAIL, "<saml:AttributeValue>a<!-- b -->c</saml:AttributeValue>", SSO_F_XML_FORBIDDEN},
    };

    RUN_EDITS(SIGN_ASSERTION, row);
    RUN_EDITS(0, unsafe);
}

static void a_name_is_taken_as_it_is(void **state)
{
    bench_t *b = bench_make(*state);

    (void)bench_prepare(b);
    assert_string_equal(
        take(b, bench_edited(b, SIGN_ASSERTION, ">alice<", "> Al &amp; Ice <")).who->subject,
        " Al & Ice ");
}

static void an_encrypted_name_is_read(void **state)
{
    static const int how[] = {ENCRYPT, ENCRYPT_CBC};
    bench_t *b = bench_make(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(how); i++) {
        const char *name = "<saml:NameID xmlns:saml=\"" SAML_NS_ASSERTION "\" Format=\"urn:f\">"
                           "bob</saml:NameID>";
        const char *id = bench_encrypt(b, name, "EncryptedID", how[i]);
        const char *assertion = bench_edit(b, bench_assertion(b), NAME, id);
        sso_answer_t answer = take(b, bench_response(b, bench_sign(b, assertion, 0)));

        assert_string_equal(answer.who->subject, "bob");
        assert_string_equal(answer.who->subject_format, "urn:f");
        /* Both a name in the clear and an encrypted one: which? */
        assertion = bench_edit(b, bench_assertion(b), NAME,
                               apr_pstrcat(b->cx->pool, NAME, id, NULL));
        assert_refused(b, bench_response(b, bench_sign(b, assertion, 0)), SUBJECT);
        /* R44: what does not decrypt is fatal, and so is what decrypts to something else. */
        id = bench_encrypt(b, "<saml:Attribute xmlns:saml=\"" SAML_NS_ASSERTION "\"/>",
                           "EncryptedID", how[i]);
        assertion = bench_edit(b, bench_assertion(b), NAME, id);
        assert_refused(b, bench_response(b, bench_sign(b, assertion, 0)), SAML_STRUCTURE);
    }
}

/* ---- confirmations ---- */

#define CONFIRM(method, data)                                                              \
    "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:" method "\">" data \
    "</saml:SubjectConfirmation>"
#define WRONG_DATA                                                                       \
    "<saml:SubjectConfirmationData Recipient=\"https://other/\" InResponseTo=\"" REQUEST \
    "\" NotOnOrAfter=\"2026-11-23T19:03:52Z\"/>"
#define END "</saml:SubjectConfirmation></saml:Subject>"

static void one_bearer_must_hold(void **state)
{
    static const edit_t row[] = {
        {END, "</saml:SubjectConfirmation>" CONFIRM("bearer", WRONG_DATA) "</saml:Subject>",
         SSO_F_NONE},
        {"<saml:SubjectConfirmation ", CONFIRM("bearer", WRONG_DATA) "<saml:SubjectConfirmation ",
         SSO_F_NONE},
        {"<saml:SubjectConfirmation ",
         CONFIRM("holder-of-key", "<saml:SubjectConfirmationData/>") "<saml:SubjectConfirmation ",
         SSO_F_NONE},
        {SAML_CM_BEARER, "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key", SSO_F_CONFIRMATION},
        {SAML_CM_BEARER, "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches", SSO_F_CONFIRMATION},
        {SAML_CM_BEARER, "bearer", SSO_F_CONFIRMATION},
        /* R51: also in a confirmation that does not count. */
        {END,
         "</saml:SubjectConfirmation>" CONFIRM(
             "bearer", "<saml:SubjectConfirmationData NotOnOrAfter=\"x\"/>") "</saml:Subject>",
         SSO_F_MALFORMED},
        {END, "</saml:SubjectConfirmation><saml:SubjectConfirmation/></saml:Subject>",
         SSO_F_SAML_STRUCTURE},
    };

    RUN_EDITS(SIGN_ASSERTION, row);
}

/* Halves of two confirmations do not make a whole one. */
static void confirmations_are_not_added_up(void **state)
{
    bench_t *b = bench_make(*state);
    const char *xml;

    (void)bench_prepare(b);
    xml = bench_edit(b, bench_assertion(b), "Recipient=\"" ACS "\"", "Recipient=\"x\"");
    xml = bench_edit(b, xml, END,
                     "</saml:SubjectConfirmation>" CONFIRM(
                         "bearer", "<saml:SubjectConfirmationData Recipient=\"" ACS "\" "
                                   "NotOnOrAfter=\"2026-11-23T19:03:52Z\"/>") "</saml:Subject>");
    /* The first failure is the one that is told. */
    assert_refused(b, bench_response(b, bench_sign(b, xml, 0)), RECIPIENT);
}

/* ---- from where ---- */

#define AT_ACS "Recipient=\"" ACS "\""

/* The provider saw the browser at `there`; it comes from `client`. */
static sso_fault_t come_from(bench_t *b, const char *there, const char *client)
{
    const char *address = there ? apr_pstrcat(b->cx->pool, AT_ACS " Address=\"", there, "\"", NULL)
                                : AT_ACS;
    const char *xml = bench_edited(b, SIGN_ASSERTION, AT_ACS, address);
    sso_answer_t answer = {.once_n = 4711};
    sso_fault_t fault;

    b->client = client;
    (void)bench_finish(b, xml, &answer);
    fault = b->cx->err.fault;
    assert_int_equal(answer.once_n == 4711, fault != SSO_F_NONE);
    sso_ctx_clear(b->cx);
    return fault;
}

/* One to three of them. */
static void set_words(bench_t *b, const char *directive, const char *words)
{
    char *last = NULL;
    char *word[3];
    int n;

    word[0] = apr_strtok(apr_pstrdup(b->cx->pool, words), " ", &last);
    for (n = 1; n < 3; n++)
        word[n] = word[n - 1] ? apr_strtok(NULL, " ", &last) : NULL;
    bench_set(b, directive, word[0], word[1], word[2], NULL);
}

/* Row 52. Documentation addresses, but for the one kind that is written inside of the other. */
static void an_answer_comes_from_its_network(void **state)
{
    static const struct {
        const char *words, *there, *client;
        int accepted;
    } row[] = {
        /* Nobody has asked for it. */
        {NULL, "192.0.2.7", "198.51.100.7", 1},
        {"off", "nonsense", NULL, 1},
        /* The provider does not say. */
        {"on", NULL, "198.51.100.7", 1},
        {"on", NULL, NULL, 1},
        /* All of it. */
        {"on", "192.0.2.7", "192.0.2.7", 1},
        {"on", "192.0.2.7", "192.0.2.8", 0},
        {"on", "2001:db8::7", "2001:DB8:0:0::7", 1},
        {"on", "2001:db8::7", "2001:db8::8", 0},
        /* One kind inside of the other, both ways; and two that only begin alike. */
        {"on", "::ffff:192.0.2.7", "192.0.2.7", 1},
        {"on", "192.0.2.7", "::ffff:c000:207", 1},
        {"on", "::192.0.2.7", "192.0.2.7", 0},
        {"on ipv6=16", "::1", "192.0.2.7", 0},
        {"on ipv6=16", "192.0.2.7", "::1", 0},
        {"on ipv4=8 ipv6=16", "2001:db8::7", "192.0.2.7", 0},
        /* The first bits, at the end of a byte and inside of one. */
        {"on ipv4=24", "192.0.2.7", "192.0.2.200", 1},
        {"on ipv4=24", "192.0.2.7", "192.0.3.7", 0},
        {"on ipv4=23", "192.0.2.7", "192.0.3.7", 1},
        {"on ipv4=23", "192.0.2.7", "192.0.4.7", 0},
        {"on ipv4=31", "192.0.2.6", "192.0.2.7", 1},
        {"on ipv4=31", "192.0.2.6", "192.0.2.5", 0},
        {"on ipv4=24", "::ffff:192.0.2.7", "192.0.2.8", 1},
        {"on ipv6=64", "2001:db8:0:1::7", "2001:db8:0:1:ffff::", 1},
        {"on ipv6=64", "2001:db8:0:1::7", "2001:db8:0:2::7", 0},
        {"on ipv6=57", "2001:db8:0:100::", "2001:db8:0:17f::", 1},
        {"on ipv6=57", "2001:db8:0:100::", "2001:db8:0:180::", 0},
        /* Each has its own bits. */
        {"on ipv6=64", "192.0.2.7", "192.0.2.8", 0},
        {"on ipv4=8", "2001:db8::7", "2001:db8::8", 0},
        /* What is no address, or not known. */
        {"on ipv4=8", "192.0.2.7", NULL, 0},
        {"on ipv4=8", "192.0.2", "192.0.2.7", 0},
        {"on ipv4=8", "192.0.2.7 ", "192.0.2.7", 0},
        {"on ipv4=8", "192.0.02.7", "192.0.2.7", 0},
        {"on", "", "192.0.2.7", 0},
        {"on", "", NULL, 0},
        {"on", "idp.example.org", "idp.example.org", 0},
        {"on", "fe80::1%eth0", "fe80::1%eth0", 0},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(*state);

        print_message("  %s: %s -> %s\n", row[i].words ? row[i].words : "",
                      row[i].there ? row[i].there : "-", row[i].client ? row[i].client : "-");
        if (row[i].words) set_words(b, "SSOSamlCheckAddress", row[i].words);
        (void)bench_prepare(b);
        assert_string_equal(
            sso_fault_info(come_from(b, row[i].there, row[i].client))->code,
            sso_fault_info(row[i].accepted ? SSO_F_NONE : SSO_F_CLIENT_ADDRESS)->code);
    }
}

/* One confirmation from the right network is enough, of all that say one. */
static void another_confirmation_may_say_the_network(void **state)
{
    bench_t *b = bench_make(*state);
    const char *xml;

    bench_set(b, "SSOSamlCheckAddress", "on", NULL);
    (void)bench_prepare(b);
    b->client = "192.0.2.7";
    xml = bench_edited(b, SIGN_ASSERTION, END,
                       "</saml:SubjectConfirmation>" CONFIRM(
                           "bearer",
                           "<saml:SubjectConfirmationData " AT_ACS
                           " Address=\"198.51.100.7\" InResponseTo=\"" REQUEST
                           "\" NotOnOrAfter=\"2026-11-23T19:03:52Z\"/>") "</saml:Subject>");
    (void)take(b, xml);
    /* Not SubjectLocality, which is about the login at the provider. */
    xml = bench_edited(b, SIGN_ASSERTION, "<saml:AuthnContext>",
                       "<saml:SubjectLocality Address=\"198.51.100.7\"/><saml:AuthnContext>");
    (void)take(b, xml);
    xml = bench_edited(b, SIGN_ASSERTION, AT_ACS, AT_ACS " Address=\"198.51.100.7\"");
    assert_refused(b, xml, CLIENT_ADDRESS);
}

/* ---- how strongly ---- */

static void exact_contexts_are_required(void **state)
{
    bench_t *b = bench_make(*state);

    bench_set(b, "SSOSamlAuthnContext", "urn:acr:mfa", "urn:acr:token", NULL);
    (void)bench_prepare(b);
    assert_refused(b, bench_message(b, SIGN_ASSERTION), ACR);
    assert_refused(b,
                   bench_edited(b, SIGN_ASSERTION,
                                "<saml:AuthnContextClassRef>urn:acr:password"
                                "</saml:AuthnContextClassRef>",
                                ""),
                   ACR);
    (void)take(b, bench_edited(b, SIGN_ASSERTION, "urn:acr:password", "urn:acr:mfa"));
    (void)take(b, bench_edited(b, SIGN_ASSERTION, "urn:acr:password", "\n urn:acr:token "));
    bench_set(b, "SSOSamlAuthnContext", "comparison=minimum", NULL);
    (void)bench_prepare(b);
    (void)take(b, bench_message(b, SIGN_ASSERTION));
}

/* ---- attributes ---- */

#define GROUPS "<saml:Attribute Name=\"groups\">"

static void attributes_are_read_as_providers_write_them(void **state)
{
    bench_t *b = bench_make(*state);
    sso_answer_t answer;
    const char *more =
        "<saml:Attribute Name=\"groups\"><saml:AttributeValue>third</saml:AttributeValue>"
        "</saml:Attribute>"
        "<saml:Attribute Name=\"nil\"><saml:AttributeValue " XSI " xsi:nil=\"true\"/>"
        "<saml:AttributeValue " XSI " xsi:nil=\"1\"/>"
        "<saml:AttributeValue " XSI " xsi:nil=\"false\">x</saml:AttributeValue>"
        "</saml:Attribute>"
        "<saml:Attribute Name=\"none\"/>"
        "<saml:Attribute Name=\"empty\"><saml:AttributeValue/></saml:Attribute>"
        "<saml:Attribute Name=\"eptid\"><saml:AttributeValue>\n "
        "<saml:NameID NameQualifier=\"i\" SPNameQualifier=\"s\">v</saml:NameID>\n"
        "</saml:AttributeValue><saml:AttributeValue><saml:NameID>w</saml:NameID>"
        "</saml:AttributeValue></saml:Attribute>"
        "<saml:Attribute Name=\"spaced\"><saml:AttributeValue> a b\n</saml:AttributeValue>"
        "</saml:Attribute></saml:AttributeStatement>"
        "<saml:AttributeStatement><saml:Attribute Name=\"mail\">"
        "<saml:AttributeValue>second@example.com</saml:AttributeValue></saml:Attribute>"
        "</saml:AttributeStatement>";

    (void)bench_prepare(b);
    answer = take(b, bench_edited(b, SIGN_ASSERTION, "</saml:AttributeStatement>", more));
    assert_int_equal(sso_identity_find(answer.who, "groups")->values->nelts, 3);
    assert_string_equal(value_of(&answer, "groups", 2), "third");
    assert_int_equal(sso_identity_find(answer.who, "nil")->values->nelts, 1);
    assert_string_equal(value_of(&answer, "nil", 0), "x");
    assert_null(sso_identity_find(answer.who, "none"));
    assert_string_equal(value_of(&answer, "empty", 0), "");
    assert_string_equal(value_of(&answer, "eptid", 0), "i!s!v");
    assert_string_equal(value_of(&answer, "eptid", 1), IDP_ID "!" SP_ID "!w");
    assert_string_equal(value_of(&answer, "spaced", 0), " a b\n");
    assert_string_equal(value_of(&answer, "mail", 1), "second@example.com");
}

static void r51_attributes_must_be_readable(void **state)
{
    static const edit_t row[] = {
        {MAIL, "<saml:AttributeValue><x/></saml:AttributeValue>", SSO_F_XML_TEXT},
        {MAIL, "<saml:AttributeValue>a<b>c</b></saml:AttributeValue>", SSO_F_XML_TEXT},
        {MAIL, "<saml:AttributeValue>x<saml:NameID>v</saml:NameID></saml:AttributeValue>",
         SSO_F_XML_TEXT},
        {MAIL,
         "<saml:AttributeValue><saml:NameID>v</saml:NameID><saml:NameID>w</saml:NameID>"
         "</saml:AttributeValue>",
         SSO_F_XML_TEXT},
        {MAIL, "<saml:AttributeValue><saml:NameID><b/></saml:NameID></saml:AttributeValue>",
         SSO_F_XML_TEXT},
        {GROUPS, "<saml:Other Name=\"x\"/>" GROUPS, SSO_F_SAML_STRUCTURE},
        {GROUPS, "<saml:EncryptedAttribute/>" GROUPS, SSO_F_ENC_PROFILE},
        {" Name=\"groups\"", " saml:Name=\"groups\"", SSO_F_SAML_STRUCTURE},
    };

    RUN_EDITS(SIGN_RESPONSE, row);
}

static void encrypted_attributes_are_read(void **state)
{
    bench_t *b = bench_make(*state);
    const char *attribute = "<saml:Attribute xmlns:saml=\"" SAML_NS_ASSERTION "\" Name=\"secret\">"
                            "<saml:AttributeValue>42</saml:AttributeValue></saml:Attribute>";
    const char *encrypted = bench_encrypt(b, attribute, "EncryptedAttribute", ENCRYPT_CBC);
    const char *xml = bench_edited(b, SIGN_ASSERTION, GROUPS,
                                   apr_pstrcat(b->cx->pool, encrypted, GROUPS, NULL));
    sso_answer_t answer;

    (void)bench_prepare(b);
    answer = take(b, xml);
    assert_string_equal(value_of(&answer, "secret", 0), "42");
    bench_set(b, "SSOSamlEncryption", "gcm", NULL);
    (void)bench_prepare(b);
    assert_refused(b, xml, ENC_POLICY);
}

/* ---- status ---- */

#define STATUS(top, sub, message)                                                               \
    "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:" top "\">" sub \
    "</samlp:StatusCode>" message "</samlp:Status>"
#define SUB(code) "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:" code "\"/>"

static void failures_of_the_provider_are_told_apart(void **state)
{
    static const struct {
        const char *status;
        sso_fault_t fault;
        const char *says;
    } row[] = {
        {STATUS("Responder", "", ""), SSO_F_STATUS_RESPONDER, "Responder: \"\""},
        {STATUS("Requester", "", ""), SSO_F_STATUS_REQUESTER, "Requester"},
        {STATUS("VersionMismatch", "", ""), SSO_F_STATUS, "VersionMismatch"},
        {STATUS("Responder", SUB("AuthnFailed"),
                "<samlp:StatusMessage>wrong\nword</samlp:StatusMessage>"),
         SSO_F_STATUS_AUTHN, "Responder / AuthnFailed: \"wrong\\x0aword\""},
        {STATUS("Responder", SUB("NoPassive"), ""), SSO_F_STATUS_PASSIVE, "NoPassive"},
        {STATUS("Responder", SUB("RequestDenied"), ""), SSO_F_STATUS_DENIED, "RequestDenied"},
        {STATUS("Requester", SUB("InvalidNameIDPolicy"), ""), SSO_F_STATUS_NAMEID, "Policy"},
        {STATUS("Requester", SUB("NoAuthnContext"), ""), SSO_F_STATUS_CONTEXT, "NoAuthn"},
        {STATUS("Requester", SUB("UnknownPrincipal"), ""), SSO_F_STATUS_REQUESTER, "Unknown"},
        {STATUS("Success1", "", ""), SSO_F_STATUS, "Success1"},
        {"<samlp:Status><samlp:StatusCode Value=\"urn:mine\"/></samlp:Status>", SSO_F_STATUS,
         "urn:mine"},
        {"<samlp:Status><samlp:StatusCode Value=\"\"/></samlp:Status>", SSO_F_STATUS, ""},
        {STATUS("Responder", "", "<samlp:StatusMessage><b/></samlp:StatusMessage>"), SSO_F_XML_TEXT,
         ""},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        const char *xml = bench_edit(b, bench_response(b, ""),
                                     "<samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS
                                     "\"/>"
                                     "</samlp:Status>",
                                     row[i].status);
        sso_answer_t answer;

        print_message("  %s\n", row[i].status);
        assert_int_not_equal(bench_finish(b, xml, &answer), APR_SUCCESS);
        assert_string_equal(sso_fault_info(b->cx->err.fault)->code,
                            sso_fault_info(row[i].fault)->code);
        assert_non_null(strstr(b->cx->err.log, row[i].says));
        sso_ctx_clear(b->cx);
    }
}

/* Row 22: which login of this browser has failed, so that a silent one ends silently; of no other
 * login anything is said. */
static void failures_name_the_login_that_they_end(void **state)
{
    static const struct {
        const char *from, *to;
        int named;
    } row[] = {
        {"Success\"/>", "Responder\"/>", 1},
        {"2.0\" IssueInstant", "1.9\" IssueInstant", 1},
        {" InResponseTo=\"" REQUEST "\"", "", 0},
        {" InResponseTo=\"" REQUEST "\"", " InResponseTo=\"\"", 0},
        {" InResponseTo=\"" REQUEST "\"", " InResponseTo=\"_other\"", 0},
        {"<samlp:Status>", "<samlp:Status", 0},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        sso_answer_t answer = {.once_n = 4711};

        print_message("  %s\n", row[i].to);
        assert_int_not_equal(
            bench_finish(b, bench_edit(b, bench_response(b, ""), row[i].from, row[i].to), &answer),
            APR_SUCCESS);
        assert_ptr_equal(answer.flow, row[i].named ? &b->flows.item[0] : NULL);
        assert_null(answer.who);
        assert_int_equal(answer.once_n, 4711);
        sso_ctx_clear(b->cx);
    }
}

/* Success in the second place is no success, whatever is enclosed. */
static void a_failure_with_an_assertion_is_a_failure(void **state)
{
    bench_t *b = bench_make(*state);

    (void)bench_prepare(b);
    assert_refused(b,
                   bench_edited(b, SIGN_ASSERTION,
                                "<samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/>",
                                "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:"
                                "Responder\">" SUB("Success") "</samlp:StatusCode>"),
                   STATUS_RESPONDER);
}

/* ---- R32: the kind of message ---- */

static void r32_only_a_response_is_a_response(void **state)
{
    bench_t *b = bench_make(*state);
    sso_answer_t answer;
    const char *xml;

    (void)bench_prepare(b);
    xml = "<samlp:LogoutResponse xmlns:samlp=\"" SAML_NS_PROTOCOL "\" ID=\"_r1\" Version=\"2.0\" "
          "IssueInstant=\"2026-11-23T18:58:51Z\" InResponseTo=\"" REQUEST "\">"
          "<saml:Issuer xmlns:saml=\"" SAML_NS_ASSERTION "\">" IDP_ID "</saml:Issuer>"
          "<samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>"
          "</samlp:LogoutResponse>";
    assert_int_equal(bench_finish(b, bench_sign(b, xml, 0), &answer), APR_NOTFOUND);
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
    assert_refused(b, bench_sign(b, bench_assertion(b), 0), SAML_TYPE);
    assert_refused(b, bench_metadata(b), SAML_TYPE);
    assert_refused(b, "<Response/>", SAML_TYPE);
    xml = sso_percent_encode(
        b->cx->pool,
        sso_span(sso_b64_encode(b->cx->pool, sso_span(bench_message(b, SIGN_ASSERTION)))));
    assert_int_not_equal(
        sso_saml.finish(b->cx, &b->idp,
                        bench_post(b, apr_pstrcat(b->cx->pool, "SAMLRequest=", xml, NULL)),
                        &b->flows, &answer),
        APR_SUCCESS);
    assert_fault(b->cx, SAML_TYPE);
    assert_int_not_equal(sso_saml.finish(b->cx, &b->idp,
                                         bench_post(b, apr_pstrcat(b->cx->pool, "SAMLResponse=",
                                                                   xml, "&Signature=AAAA", NULL)),
                                         &b->flows, &answer),
                         APR_SUCCESS);
    assert_fault(b->cx, SIG_PROFILE); /* R33 */
}

static void r1_the_message_has_a_limit(void **state)
{
    bench_t *b = bench_make(*state);
    char *space = apr_palloc(b->cx->pool, 16384);

    memset(space, ' ', 16383);
    space[16383] = '\0';
    (void)bench_prepare(b);
    (void)take(b, bench_edited(b, SIGN_ASSERTION, "<samlp:Status>",
                               apr_pstrcat(b->cx->pool, space, "<samlp:Status>", NULL)));
    bench_set(b, "SSOSamlMaxMessage", "16k", NULL);
    (void)bench_prepare(b);
    assert_refused(b,
                   bench_edited(b, SIGN_ASSERTION, "<samlp:Status>",
                                apr_pstrcat(b->cx->pool, space, "<samlp:Status>", NULL)),
                   BODY_SIZE);
}

/* R2-R5, R12: one of each all the way through; the doors themselves are tested elsewhere. */
static void r2_r12_unsafe_xml_is_refused(void **state)
{
    static const edit_t row[] = {
        {"<samlp:Status>", "<!-- --><samlp:Status>", SSO_F_XML_FORBIDDEN},
        {"<samlp:Status>", "<samlp:Status xml:id=\"_x\">", SSO_F_XML_ID},
        {"<samlp:Status>", "<samlp:Status ID=\"_a1\">", SSO_F_XML_ID},
        {"<samlp:Status>", "<samlp:Status xmlns:x=\"relative\">", SSO_F_XML_NAMESPACE},
    };
    bench_t *b = bench_make(*state);

    (void)bench_prepare(b);
    assert_refused(
        b, apr_pstrcat(b->cx->pool, "<!DOCTYPE x []>", bench_message(b, SIGN_ASSERTION), NULL),
        XML_FORBIDDEN);
    assert_refused(b, "<samlp:Response", XML_SYNTAX);
    RUN_EDITS(SIGN_ASSERTION, row);
}

/* Comments outside of what is signed may be allowed; inside they never are (R22). */
static void r22_comments_are_a_word(void **state)
{
    bench_t *b = bench_make(*state);

    bench_set(b, "SSOSamlAllow", "comments", NULL);
    (void)bench_prepare(b);
    (void)take(b, bench_edited(b, SIGN_ASSERTION, "<samlp:Status>", "<!-- x --><samlp:Status>"));
    assert_refused(b,
                   bench_edit(b, bench_message(b, SIGN_ASSERTION), ">alice<", ">alice<!-- x --><"),
                   SIG_PROFILE);
    assert_refused(b,
                   bench_edited(b, SIGN_ASSERTION, IDP_ID "</saml:Issuer><samlp:Status>",
                                IDP_ID "<!-- x --></saml:Issuer><samlp:Status>"),
                   XML_TEXT);
}

/* ---- R19, R24: signatures ---- */

static void r19_signed_as_wanted(void **state)
{
    static const struct {
        const char *setting;
        int accepts[4]; /* none, assertion, response, both */
    } row[] = {
        {"either", {0, 1, 1, 1}},
        {"assertion", {0, 1, 0, 1}},
        {"response", {0, 0, 1, 1}},
        {"both", {0, 0, 0, 1}},
    };
    apr_size_t i;
    int how;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(*state);

        bench_set(b, "SSOSamlWantSigned", row[i].setting, NULL);
        (void)bench_prepare(b);
        for (how = 0; how < 4; how++) {
            print_message("  %s %d\n", row[i].setting, how);
            if (row[i].accepts[how]) {
                (void)take(b, bench_message(b, how));
                (void)take(b, bench_message(b, how | ENCRYPT));
            } else {
                assert_refused(b, bench_message(b, how), SIG_MISSING);
                assert_refused(b, bench_message(b, how | ENCRYPT), SIG_MISSING);
            }
        }
    }
}

/* R26: nothing that can be written makes an unsigned or a forged message good. */
static void refuses_what_nobody_signed(bench_t *b)
{
    sso_answer_t answer;
    int how;

    (void)bench_prepare(b);
    for (how = 0; how < 2; how++) {
        assert_int_not_equal(bench_finish(b, bench_message(b, how * ENCRYPT), &answer), 0);
        assert_fault(b->cx, SIG_MISSING);
        assert_int_not_equal(
            bench_finish(b, bench_message(b, SIGN_ASSERTION | BY_OTHER | how * ENCRYPT), &answer),
            0);
        assert_fault(b->cx, SIGNATURE);
    }
}

/* The line by itself, if the row takes it and a provider can be made with it. */
static int try_line(sso_ctx_t *cx, int row, int n, const char *const *word)
{
    bench_t *b = bench_make(cx);
    const sso_reader_t reader = {.pool = cx->pool, .root = b->dir};
    int taken = !sso_settings_read(&sso_provider_table, b->set, row, n, word, &reader);

    if (taken) taken = bench_try(b) == APR_SUCCESS;
    sso_ctx_clear(cx);
    if (!taken) return 0;
    print_message("  %s %s\n", sso_provider_table.row[row].name, word[0]);
    refuses_what_nobody_signed(b);
    return 1;
}

/* Every value of every setting that has a list of them, and every word that the reference shows. */
static int try_values(sso_ctx_t *cx, int row)
{
    const sso_setting_t *setting = &sso_provider_table.row[row];
    char *usage = apr_pstrdup(cx->pool, setting->usage);
    const char *landing[2];
    char *last;
    char *word;
    int taken = 0;
    int i;

    for (i = 0; setting->choices && setting->choices[i]; i++)
        taken += try_line(cx, row, 1, &setting->choices[i]);
    for (word = apr_strtok(usage, "|[]. ", &last); word; word = apr_strtok(NULL, "|[]. ", &last)) {
        landing[0] = word;
        landing[1] = "/";
        taken += try_line(cx, row, 1, landing) + try_line(cx, row, 2, landing);
    }
    return taken;
}

static void r26_no_directive_turns_verification_off(void **state)
{
    bench_t *b;
    int taken = 0;
    int row;

    for (row = 0; row < sso_provider_table.rows; row++) {
        const sso_setting_t *setting = &sso_provider_table.row[row];

        if (setting->protocols && !(setting->protocols & SSO_FOR_SAML)) continue;
        taken += try_values(*state, row);
    }
    assert_true(taken > 30); /* or nothing was tried */
    b = bench_make(*state);
    bench_set(b, "SSOSamlAllow", "sha1", "no-audience", "no-recipient", "no-conditions",
              "no-destination", "inclusive-c14n", "comments", NULL);
    bench_set(b, "SSOSamlUnsolicited", "on", NULL);
    bench_set(b, "SSOSamlEncryption", "any", NULL);
    refuses_what_nobody_signed(b);
}

static void r24_another_key_is_refused(void **state)
{
    bench_t *b = bench_make(*state);

    (void)bench_prepare(b);
    assert_refused(b, bench_message(b, SIGN_ASSERTION | BY_OTHER), SIGNATURE);
    assert_refused(b, bench_message(b, SIGN_RESPONSE | BY_OTHER), SIGNATURE);
    assert_refused(b, bench_message(b, SIGN_ASSERTION | ENCRYPT | BY_OTHER), SIGNATURE);
}

/* R19: a bad signature is never "as if unsigned": the good one beside it does not help. */
static void r19_every_signature_must_hold(void **state)
{
    bench_t *b = bench_make(*state);
    const char *good = bench_sign(b, bench_assertion(b), 0);
    const char *bad = bench_sign(b, bench_assertion(b), BY_OTHER);

    (void)bench_prepare(b);
    assert_refused(b, bench_sign(b, bench_response(b, good), BY_OTHER), SIGNATURE);
    assert_refused(b, bench_sign(b, bench_response(b, bad), 0), SIGNATURE);
    assert_refused(
        b,
        bench_sign(b, bench_response(b, bench_encrypt(b, bad, "EncryptedAssertion", ENCRYPT)), 0),
        SIGNATURE);
}

/* R10: altered after the signature. */
static void r10_what_was_altered_is_refused(void **state)
{
    static const struct {
        int how;
        const char *from, *to;
    } row[] = {
        {SIGN_ASSERTION, ">alice<", ">mallory<"},
        {SIGN_ASSERTION, ">staff<", ">root<"},
        {SIGN_ASSERTION, "T19:03:52Z", "T23:03:52Z"},
        {SIGN_RESPONSE, ">alice<", ">mallory<"},
        {SIGN_RESPONSE, "T18:58:51Z", "T18:58:52Z"},
        {SIGN_RESPONSE, " InResponseTo=\"" REQUEST "\" IssueInstant", " IssueInstant"},
        {SIGN_ASSERTION | SIGN_RESPONSE, ">alice<", ">mallory<"},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].to);
        assert_refused(b, bench_edit(b, bench_message(b, row[i].how), row[i].from, row[i].to),
                       SIGNATURE);
    }
}

/* R10: nothing but the digested octets is read. They say the same as the message, so the test lets
 * them say another name once they are verified: it must be the one that comes out. */
static int retells;

UNIT_WRAP(apr_status_t, sso_saml_sig_check, sso_ctx_t *cx, xmlNode *element,
          const sso_saml_trust_t *trust, const sso_xml_limits_t *limits, xmlDoc **verified);

apr_status_t wrap_sso_saml_sig_check(sso_ctx_t *cx, xmlNode *element, const sso_saml_trust_t *trust,
                                     const sso_xml_limits_t *limits, xmlDoc **verified)
{
    apr_status_t rv = real_sso_saml_sig_check(cx, element, trust, limits, verified);
    xmlChar *text;
    char *name;
    int n;

    if (rv != APR_SUCCESS || !retells) return rv;
    xmlDocDumpMemory(*verified, &text, &n);
    name = strstr((char *)text, ">alice<");
    assert_non_null(name);
    memcpy(name, ">octet<", 7);
    rv = sso_xml_parse(cx, sso_span_of(apr_pmemdup(cx->pool, text, (apr_size_t)n), (apr_size_t)n),
                       limits, verified);
    xmlFree(text);
    return rv;
}

static void r10_what_was_digested_is_read(void **state)
{
    static const int how[] = {SIGN_ASSERTION, SIGN_RESPONSE, SIGN_ASSERTION | SIGN_RESPONSE,
                              SIGN_ASSERTION | ENCRYPT};
    bench_t *b = bench_make(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(how); i++) {
        sso_answer_t answer;

        retells = 1;
        answer = take(b, bench_message(b, how[i]));
        retells = 0;
        assert_string_equal(answer.who->subject, "octet");
    }
}

static void r80_expired_metadata_accepts_nothing(void **state)
{
    bench_t *b = bench_make(*state);

    bench_prepare(b)->idp.valid_until = NOW;
    assert_refused(b, bench_message(b, SIGN_ASSERTION), METADATA_EXPIRED);
}

/* ---- R40-R44: encryption ---- */

static void r40_cbc_needs_a_signature_around_it(void **state)
{
    static const struct {
        const char *policy;
        int how, accepted;
    } row[] = {
        {"gcm", SIGN_ASSERTION | ENCRYPT, 1},
        {"gcm", SIGN_RESPONSE | ENCRYPT_CBC, 0},
        {"gcm", SIGN_ASSERTION | ENCRYPT_CBC, 0},
        {"signed-cbc", SIGN_ASSERTION | ENCRYPT, 1},
        {"signed-cbc", SIGN_RESPONSE | ENCRYPT_CBC, 1},
        {"signed-cbc", SIGN_RESPONSE | SIGN_ASSERTION | ENCRYPT_CBC, 1},
        {"signed-cbc", SIGN_ASSERTION | ENCRYPT_CBC, 0},
        {"any", SIGN_ASSERTION | ENCRYPT_CBC, 1},
        {"any", SIGN_RESPONSE | ENCRYPT_CBC, 1},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(*state);

        print_message("  %s %x\n", row[i].policy, (unsigned)row[i].how);
        bench_set(b, "SSOSamlEncryption", row[i].policy, NULL);
        (void)bench_prepare(b);
        if (row[i].accepted)
            (void)take(b, bench_message(b, row[i].how));
        else
            assert_refused(b, bench_message(b, row[i].how), ENC_POLICY);
    }
}

/* R20: the plaintext is judged like any other Assertion. */
static void r20_what_is_inside_is_judged_as_well(void **state)
{
    bench_t *b = bench_make(*state);
    const char *assertion = bench_assertion(b);
    const char *other;

    (void)bench_prepare(b);
    assert_refused(b, bench_edited(b, SIGN_ASSERTION | ENCRYPT, OUR_AUDIENCE, FOREIGN), AUDIENCE);
    assert_refused(b, bench_edited(b, SIGN_RESPONSE | ENCRYPT, ">alice<", "><"), SUBJECT);
    assert_refused(b, bench_message(b, ENCRYPT), SIG_MISSING);
    /* R11 inside: a second one, or none, or one in the wrong place. */
    other = bench_edit(b, assertion, "<saml:Subject>",
                       "<saml:Advice><saml:Assertion/></saml:Advice><saml:Subject>");
    assert_refused(
        b,
        bench_sign(b, bench_response(b, bench_encrypt(b, other, "EncryptedAssertion", ENCRYPT)), 0),
        MANY_ASSERTIONS);
    assert_refused(
        b,
        bench_sign(b, bench_response(b, bench_encrypt(b, "<x/>", "EncryptedAssertion", ENCRYPT)),
                   0),
        NO_ASSERTION);
    other = apr_pstrcat(b->cx->pool, "<x>", assertion, "</x>", NULL);
    assert_refused(
        b,
        bench_sign(b, bench_response(b, bench_encrypt(b, other, "EncryptedAssertion", ENCRYPT)), 0),
        MANY_ASSERTIONS);
    other = apr_pstrcat(b->cx->pool, "<!DOCTYPE x []>", assertion, NULL);
    {
        sso_answer_t answer;

        /* R42: whatever is wrong with a plaintext, it is one and the same failure. */
        other = bench_encrypt(b, other, "EncryptedAssertion", ENCRYPT);
        assert_int_not_equal(bench_finish(b, bench_sign(b, bench_response(b, other), 0), &answer),
                             APR_SUCCESS);
        sso_ctx_clear(b->cx);
    }
}

/* R44: what does not decrypt fails; an unencrypted rest is not taken instead. */
static void r44_decryption_that_fails_is_fatal(void **state)
{
    bench_t *b = bench_make(*state);
    const char *encrypted = bench_encrypt(b, bench_sign(b, bench_assertion(b), 0),
                                          "EncryptedAssertion", ENCRYPT);
    char *tampered = apr_pstrdup(b->cx->pool, encrypted);
    char *at = strstr(tampered, "</xenc:CipherData></xenc:EncryptedData>") - 40;

    *at = *at == 'A' ? 'B' : 'A';
    (void)bench_prepare(b);
    assert_refused(b, bench_response(b, tampered), DECRYPT);
    assert_refused(b, bench_sign(b, bench_response(b, tampered), 0), DECRYPT);
    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "other.key", "other.crt", NULL);
    (void)bench_prepare(b);
    assert_refused(b, bench_response(b, encrypted), DECRYPT);
}

/* Clients share counters by a hash whose key is random: once in some hundred runs two of a test would
 * have the same. */
static int is_certain;

UNIT_WRAP(apr_status_t, sso_random_bytes, sso_ctx_t *cx, void *out, apr_size_t n);

apr_status_t wrap_sso_random_bytes(sso_ctx_t *cx, void *out, apr_size_t n)
{
    if (!is_certain) return real_sso_random_bytes(cx, out, n);
    memset(out, 'k', n);
    return APR_SUCCESS;
}

static bench_t *bench_with_clients_apart(void **state)
{
    bench_t *b = bench_make(*state);

    is_certain = 1;
    (void)bench_prepare(b);
    is_certain = 0;
    return b;
}

/* R43: ten failures a minute, from one client; what the provider signed is not counted. */
static const char *undecryptable(bench_t *b)
{
    char *text = apr_pstrdup(b->cx->pool, bench_message(b, SIGN_ASSERTION | ENCRYPT));
    char *at = strstr(text, "</xenc:CipherData></xenc:EncryptedData>") - 40;

    *at = *at == 'A' ? 'B' : 'A';
    return text;
}

static void fail_to_decrypt(bench_t *b, int times)
{
    while (times-- > 0)
        assert_refused(b, undecryptable(b), DECRYPT);
}

static void r43_failures_of_a_client_are_counted(void **state)
{
    bench_t *b = bench_with_clients_apart(state);

    b->client = "192.0.2.1";
    fail_to_decrypt(b, SSO_SAML_TRIES_MOST);
    assert_refused(b, undecryptable(b), TRIES);
    assert_refused(b, bench_message(b, SIGN_ASSERTION | ENCRYPT), TRIES);
    assert_accepted(b, bench_message(b, SIGN_RESPONSE | ENCRYPT));
    assert_refused(b, bench_sign(b, undecryptable(b), 0), DECRYPT);
    assert_accepted(b, bench_message(b, SIGN_ASSERTION));
    b->client = "192.0.2.2";
    assert_accepted(b, bench_message(b, SIGN_ASSERTION | ENCRYPT));
    b->client = "192.0.2.1";
    b->cx->now += apr_time_from_sec(60);
    assert_accepted(b, bench_message(b, SIGN_ASSERTION | ENCRYPT));
    fail_to_decrypt(b, SSO_SAML_TRIES_MOST);
    assert_refused(b, undecryptable(b), TRIES);
}

static void r43_successes_are_not_counted(void **state)
{
    bench_t *b = bench_make(*state);
    int i;

    (void)bench_prepare(b);
    for (i = 0; i < 2 * SSO_SAML_TRIES_MOST; i++)
        assert_accepted(b, bench_message(b, SIGN_ASSERTION | ENCRYPT));
}

/* A client of IPv6 has a network of addresses. */
static void r43_a_network_is_a_client(void **state)
{
    bench_t *b = bench_with_clients_apart(state);

    b->client = "2001:db8:0:1::1";
    fail_to_decrypt(b, SSO_SAML_TRIES_MOST);
    b->client = "2001:db8:0:1:ffff::2";
    assert_refused(b, undecryptable(b), TRIES);
    b->client = "2001:db8:0:2::1";
    assert_refused(b, undecryptable(b), DECRYPT);
    b->client = "::ffff:192.0.2.1";
    fail_to_decrypt(b, SSO_SAML_TRIES_MOST);
    b->client = "::ffff:192.0.2.2";
    assert_refused(b, undecryptable(b), DECRYPT);
}

/* ---- R11: exactly one, in its place ---- */

static void r11_one_assertion_in_its_place(void **state)
{
    bench_t *b = bench_make(*state);
    const char *good = bench_sign(b, bench_assertion(b), 0);
    const char *second = bench_edit(b, bench_assertion(b), "_a1", "_a2");
    const char *xml = bench_response(b, good);

    (void)bench_prepare(b);
    assert_refused(b, bench_response(b, ""), NO_ASSERTION);
    assert_refused(b, bench_response(b, apr_pstrcat(b->cx->pool, good, second, NULL)),
                   MANY_ASSERTIONS);
    assert_refused(b, bench_response(b, apr_pstrcat(b->cx->pool, second, good, NULL)),
                   MANY_ASSERTIONS);
    assert_refused(
        b,
        bench_response(b,
                       apr_pstrcat(b->cx->pool, good,
                                   bench_encrypt(b, second, "EncryptedAssertion", ENCRYPT), NULL)),
        MANY_ASSERTIONS);
    assert_refused(b,
                   bench_response(b, apr_pstrcat(b->cx->pool, "<samlp:Extensions>", good,
                                                 "</samlp:Extensions>", NULL)),
                   MANY_ASSERTIONS);
    assert_refused(b,
                   bench_edit(b, xml, "<samlp:Status>",
                              "<samlp:Extensions><x:Assertion "
                              "xmlns:x=\"urn:x\"/></samlp:Extensions><samlp:Status>"),
                   MANY_ASSERTIONS);
    assert_refused(b,
                   bench_edit(b, xml, "<samlp:Status>",
                              "<samlp:Extensions><Response/>"
                              "</samlp:Extensions><samlp:Status>"),
                   MANY_ASSERTIONS);
    /* In another namespace in the right place. */
    assert_refused(b, bench_response(b, "<x:Assertion xmlns:x=\"urn:x\" ID=\"_x\"/>"),
                   MANY_ASSERTIONS);
    (void)take(b, xml);
}

/* ---- signature wrapping: nobody but the signer's "alice" ever comes out ---- */

/* Between the tags of its Signature, and what is left without it. */
static const char *signature_of(bench_t *b, const char *xml, const char **rest)
{
    const char *from = strstr(xml, "<ds:Signature ");
    const char *end;

    if (!from) from = strstr(xml, "<Signature ");
    assert_non_null(from);
    end = strstr(from, "Signature>");
    while (end[-1] != '/' && !(end[-1] == ':' && end[-4] == '/')) {
        end = strstr(end + 1, "Signature>");
        assert_non_null(end);
    }
    end += strlen("Signature>");
    *rest = apr_pstrcat(b->cx->pool, apr_pstrmemdup(b->cx->pool, xml, (apr_size_t)(from - xml)),
                        end, NULL);
    return apr_pstrmemdup(b->cx->pool, from, (apr_size_t)(end - from));
}

/* text with `more` put before the last place of `mark`. */
static const char *put_before(bench_t *b, const char *text, const char *mark, const char *more)
{
    const char *at = NULL;
    const char *next;

    for (next = strstr(text, mark); next; next = strstr(next + 1, mark)) {
        at = next;
    }
    assert_non_null(at);
    return apr_pstrcat(b->cx->pool, apr_pstrmemdup(b->cx->pool, text, (apr_size_t)(at - text)),
                       more, at, NULL);
}

static const char *after_issuer(bench_t *b, const char *text, const char *more)
{
    const char *at = strstr(text, "</saml:Issuer>") + strlen("</saml:Issuer>");

    return apr_pstrcat(b->cx->pool, apr_pstrmemdup(b->cx->pool, text, (apr_size_t)(at - text)),
                       more, at, NULL);
}

static void xsw_around_a_signed_assertion(void **state)
{
    bench_t *b = bench_make(*state);
    const char *good = bench_sign(b, bench_assertion(b), 0);
    const char *evil = bench_edit(b, bench_edit(b, bench_assertion(b), ">alice<", ">mallory<"),
                                  "_a1", "_evil");
    const char *same = bench_edit(b, bench_assertion(b), ">alice<", ">mallory<");
    const char *bare;
    const char *signature = signature_of(b, good, &bare);
    const char *with_bare = put_before(b, signature, "</", bare);
    const char *object = put_before(b, signature, "</",
                                    apr_pstrcat(b->cx->pool,
                                                "<ds:Object xmlns:ds=\"" SAML_NS_DSIG "\">", bare,
                                                "</ds:Object>", NULL));
    const struct {
        const char *name, *body;
    } row[] = {
        {"XSW3: evil before the original", apr_pstrcat(b->cx->pool, evil, good, NULL)},
        {"XSW3: evil after the original", apr_pstrcat(b->cx->pool, good, evil, NULL)},
        {"XSW4: the original inside evil", put_before(b, evil, "</saml:Assertion>", good)},
        {"XSW5: evil holds the signature, the original behind it",
         apr_pstrcat(b->cx->pool, after_issuer(b, evil, signature), bare, NULL)},
        {"XSW6: the original in the signature in evil", after_issuer(b, evil, with_bare)},
        {"XSW7: evil in Extensions",
         apr_pstrcat(b->cx->pool, "<samlp:Extensions>", evil, "</samlp:Extensions>", good, NULL)},
        {"XSW8: the original in an Object of the signature in evil", after_issuer(b, evil, object)},
        {"XSW9: evil with the same ID", apr_pstrcat(b->cx->pool, same, good, NULL)},
        {"the signature moved to evil", after_issuer(b, evil, signature)},
        {"the signature moved to evil of the same ID", after_issuer(b, same, signature)},
        {"the signature beside evil", apr_pstrcat(b->cx->pool, signature, same, NULL)},
        {"evil in Advice of the original",
         put_before(b, good, "</saml:Assertion>",
                    apr_pstrcat(b->cx->pool, "<saml:Advice>", evil, "</saml:Advice>", NULL))},
    };
    apr_size_t i;

    bench_set(b, "SSOSamlUnsolicited", "on", NULL);
    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        sso_answer_t answer = {.once_n = 4711};

        print_message("  %s\n", row[i].name);
        assert_int_not_equal(bench_finish(b, bench_response(b, row[i].body), &answer), 0);
        print_message("    %s\n", sso_error_code(b->cx));
        assert_int_equal(answer.once_n, 4711);
        assert_int_not_equal(b->cx->err.fault, SSO_F_INTERNAL);
        sso_ctx_clear(b->cx);
    }
}

static void xsw_around_a_signed_response(void **state)
{
    bench_t *b = bench_make(*state);
    const char *good = bench_message(b, SIGN_RESPONSE);
    const char *evil_assertion = bench_edit(b, bench_assertion(b), ">alice<", ">mallory<");
    const char *evil = bench_edit(
        b, bench_response(b, bench_edit(b, evil_assertion, "_a1", "_evil")), "_r1", "_evilr");
    const char *same = bench_response(b, evil_assertion);
    const char *bare;
    const char *signature = signature_of(b, good, &bare);
    const struct {
        const char *name, *xml;
    } row[] = {
        {"XSW1: the original in the signature in evil",
         after_issuer(b, evil, put_before(b, signature, "</", bare))},
        {"XSW2: the original before the signature in evil",
         after_issuer(b, evil, apr_pstrcat(b->cx->pool, bare, signature, NULL))},
        {"the original in Extensions of evil",
         after_issuer(
             b, evil,
             apr_pstrcat(b->cx->pool, "<samlp:Extensions>", good, "</samlp:Extensions>", NULL))},
        {"the signature moved to evil", after_issuer(b, evil, signature)},
        {"the signature moved to evil of the same ID", after_issuer(b, same, signature)},
        {"another Assertion beside the signed one",
         put_before(b, good, "</samlp:Response>", bench_edit(b, evil_assertion, "_a1", "_evil"))},
        {"the Assertion exchanged",
         put_before(b, cut(b, good, "<saml:Assertion", "</saml:Assertion>"), "</samlp:Response>",
                    evil_assertion)},
        {"the signature cut off", bare},
    };
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        sso_answer_t answer = {.once_n = 4711};

        print_message("  %s\n", row[i].name);
        assert_int_not_equal(bench_finish(b, row[i].xml, &answer), APR_SUCCESS);
        print_message("    %s\n", sso_error_code(b->cx));
        assert_int_equal(answer.once_n, 4711);
        assert_int_not_equal(b->cx->err.fault, SSO_F_INTERNAL);
        sso_ctx_clear(b->cx);
    }
}

/* R23: an attribute with a prefix is another attribute. */
static void r23_attributes_with_a_prefix_are_others(void **state)
{
    static const edit_t row[] = {
        {OUR_REQUEST, " samlp:InResponseTo=\"" REQUEST "\">", SSO_F_UNSOLICITED},
        {" Recipient=\"" ACS "\"", " saml:Recipient=\"" ACS "\"", SSO_F_RECIPIENT},
        {ID_RESPONSE "Version=\"2.0\"", ID_RESPONSE "samlp:Version=\"2.0\"", SSO_F_SAML_VERSION},
        {OUR_REQUEST, " samlp:InResponseTo=\"_x\"" OUR_REQUEST, SSO_F_NONE},
    };

    RUN_EDITS(SIGN_RESPONSE, row);
}

/* What the admin reads says what was expected and what came. */
static void details_say_expected_and_got(void **state)
{
    static const struct {
        const char *from, *to, *says;
    } row[] = {
        {OUR_AUDIENCE, FOREIGN,
         "Audience is \"https://other.example.org/\", expected \"" SP_ID "\""},
        {OUR_AUDIENCE, FOREIGN FOREIGN,
         "Audience is \"https://other.example.org/\" and others, expected \"" SP_ID "\""},
        {" Recipient=\"" ACS "\"", " Recipient=\"a\xc3\xa9\"",
         "Recipient is \"a\\xc3\\xa9\", expected \"" ACS "\""},
        {"T19:03:52Z", "T18:57:52Z",
         "NotOnOrAfter of the confirmation is 2026-11-23T18:57:52Z, now is 2026-11-23T18:58:52Z"},
        {"Destination=\"" ACS "\"", "Destination=\"http://x/\"",
         "Destination is \"http://x/\", expected \"" ACS "\""},
        {IDP_ID "</saml:Issuer><samlp:Status>", "x</saml:Issuer><samlp:Status>",
         "Issuer of <Response> is \"x\", expected \"" IDP_ID "\""},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        sso_answer_t answer;

        (void)bench_finish(b, bench_edited(b, SIGN_RESPONSE, row[i].from, row[i].to), &answer);
        assert_string_equal(b->cx->err.log, row[i].says);
        sso_ctx_clear(b->cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(a_response_becomes_an_identity),
        UNIT(r37_request_and_assertion_are_spent),
        UNIT(r36_everything_required_is_required),
        UNIT(r36_whole_elements_are_required),
        UNIT(r51_twice_is_not_once),
        UNIT(only_saml_2_is_spoken),
        UNIT(times_at_their_limits),
        UNIT(r51_times_must_parse),
        UNIT(the_tolerance_is_a_setting),
        UNIT(several_statements_narrow_the_session),
        UNIT(force_authn_is_enforced),
        UNIT(r34_another_request_is_refused),
        UNIT(r34_a_flow_of_this_browser_is_needed),
        UNIT(r34_the_flow_belongs_to_provider_and_site),
        UNIT(r34_a_flow_ends),
        UNIT(r35_unsolicited_is_off),
        UNIT(r35_unsolicited_lands_where_it_may),
        UNIT(r63_unsolicited_lands_at_the_root_by_default),
        UNIT(r63_relay_state_does_not_move_a_login),
        UNIT(r35_bounce_begins_a_login_here),
        UNIT(r35_unsolicited_names_no_request),
        UNIT(r36_each_word_loosens_one_rule),
        UNIT(r36_no_conditions_means_no_audience_too),
        UNIT(r38_issuer_in_both_layers),
        UNIT(r38_when_the_response_may_be_silent),
        UNIT(it_goes_to_our_address),
        UNIT(destination_of_an_unsigned_response),
        UNIT(inherited_addresses_are_ours),
        UNIT(responses_arrive_by_post),
        UNIT(r36_audience_is_and_over_restrictions),
        UNIT(further_audiences_are_a_setting),
        UNIT(unknown_conditions_are_refused),
        UNIT(f1_a_name_must_be_a_name),
        UNIT(a_name_is_taken_as_it_is),
        UNIT(an_encrypted_name_is_read),
        UNIT(one_bearer_must_hold),
        UNIT(confirmations_are_not_added_up),
        UNIT(an_answer_comes_from_its_network),
        UNIT(another_confirmation_may_say_the_network),
        UNIT(exact_contexts_are_required),
        UNIT(attributes_are_read_as_providers_write_them),
        UNIT(r51_attributes_must_be_readable),
        UNIT(encrypted_attributes_are_read),
        UNIT(failures_of_the_provider_are_told_apart),
        UNIT(failures_name_the_login_that_they_end),
        UNIT(a_failure_with_an_assertion_is_a_failure),
        UNIT(r32_only_a_response_is_a_response),
        UNIT(r1_the_message_has_a_limit),
        UNIT(r2_r12_unsafe_xml_is_refused),
        UNIT(r22_comments_are_a_word),
        UNIT(r19_signed_as_wanted),
        UNIT(r26_no_directive_turns_verification_off),
        UNIT(r24_another_key_is_refused),
        UNIT(r19_every_signature_must_hold),
        UNIT(r10_what_was_altered_is_refused),
        UNIT(r10_what_was_digested_is_read),
        UNIT(r80_expired_metadata_accepts_nothing),
        UNIT(r40_cbc_needs_a_signature_around_it),
        UNIT(r20_what_is_inside_is_judged_as_well),
        UNIT(r44_decryption_that_fails_is_fatal),
        UNIT(r43_failures_of_a_client_are_counted),
        UNIT(r43_successes_are_not_counted),
        UNIT(r43_a_network_is_a_client),
        UNIT(r11_one_assertion_in_its_place),
        UNIT(xsw_around_a_signed_assertion),
        UNIT(xsw_around_a_signed_response),
        UNIT(r23_attributes_with_a_prefix_are_others),
        UNIT(details_say_expected_and_got),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
