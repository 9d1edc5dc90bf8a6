/*
 * test_saml_members.c - several identity providers behind one block: the catalog they stand in, who is
 * asked, who may answer, who may say what.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/attrmap.h"
#include "saml/saml_catalog.h"
#include "saml/saml_current.h"
#include "saml/saml_names.h"
#include "saml_bench.h"
#include "saml_keys.h"
#include "scratch.h"

#include <stdlib.h>

#define OTHER_ID "https://other.example/id"
#define SHIBMD   "urn:mace:shibboleth:metadata:1.0"
#define UI       "urn:oasis:names:tc:SAML:metadata:ui"
#define MD       "xmlns:md=\"" SAML_NS_METADATA "\""

/* ---- two of them ---- */

/* The other one: with the other key. */
static const char *other_metadata(bench_t *b)
{
    const char *xml = bench_edit(b, bench_metadata(b), IDP_CERT_BASE64, OTHER_CERT_BASE64);

    xml = bench_edit(b, xml, IDP_ID, OTHER_ID);
    return bench_edit(b, xml, "sso?tenant=1", "sso?tenant=other");
}

/* With extensions of its role. */
static const char *with(bench_t *b, const char *xml, const char *extensions)
{
    return bench_edit(b, xml, "<md:KeyDescriptor use=\"signing\">",
                      apr_pstrcat(b->cx->pool, "<md:Extensions>", extensions,
                                  "</md:Extensions><md:KeyDescriptor use=\"signing\">", NULL));
}

static const char *group(bench_t *b, const char *one, const char *two)
{
    return apr_pstrcat(b->cx->pool, "<md:EntitiesDescriptor " MD ">", one, two,
                       "</md:EntitiesDescriptor>", NULL);
}

/* IDP_ID and OTHER_ID behind one block; the flow of the bench went to the first. */
static bench_t *two(sso_ctx_t *cx)
{
    bench_t *b = bench_make(cx);

    (void)bench_file(b, "idp.xml", group(b, bench_metadata(b), other_metadata(b)));
    return b;
}

/* ---- the catalog ---- */

static sso_span_t catalog_of(bench_t *b, const char *xml)
{
    const sso_saml_intake_t intake = {.text = sso_span(xml), .origin = "f.xml"};
    sso_saml_drafting_t *draft = sso_saml_catalog_begin(b->cx);
    apr_interval_time_t keep;
    apr_time_t until;
    sso_span_t bytes;

    assert_int_equal(sso_saml_catalog_add(b->cx, draft, &intake), APR_SUCCESS);
    assert_int_equal(sso_saml_catalog_close(b->cx, draft, &bytes, &until, &keep), APR_SUCCESS);
    return bytes;
}

#define NAMES                                                       \
    "<ui:UIInfo xmlns:ui=\"" UI "\">"                               \
    "<ui:DisplayName xml:lang=\"de\">Hochschule</ui:DisplayName>"   \
    "<ui:DisplayName xml:lang=\"en\">zeta\tSchool</ui:DisplayName>" \
    "<ui:DisplayName xml:lang=\"pt-BR\">Escola</ui:DisplayName>"    \
    "</ui:UIInfo>"                                                  \
    "<s:Scope xmlns:s=\"" SHIBMD "\">a.example</s:Scope>"           \
    "<s:Scope xmlns:s=\"" SHIBMD "\" regexp=\"true\">.*</s:Scope>"

static void a_catalog_is_found_by_halving(void **state)
{
    bench_t *b = bench_make(*state);
    sso_buf_t xml = sso_buf_make(b->cx->pool, 1 << 16, 1 << 24);
    sso_saml_catalog_t catalog;
    sso_saml_record_t record;
    int i;

    sso_buf_text(&xml, "<md:EntitiesDescriptor " MD ">");
    for (i = 0; i < 40; i++) {
        sso_buf_text(&xml, bench_edit(b, bench_metadata(b), IDP_ID,
                                      apr_psprintf(b->cx->pool, "urn:i%d", (i * 7) % 40)));
        sso_buf_text(&xml, "<md:EntityDescriptor entityID=\"urn:sp\"><md:SPSSODescriptor/>"
                           "</md:EntityDescriptor>");
    }
    sso_buf_text(&xml, "</md:EntitiesDescriptor>");
    assert_int_equal(sso_saml_catalog_open(catalog_of(b, xml.p), &catalog), APR_SUCCESS);
    assert_int_equal(catalog.n, 40);
    for (i = 0; i < 40; i++) {
        const char *id = apr_psprintf(b->cx->pool, "urn:i%d", i);
        sso_saml_idp_t idp;

        assert_int_equal(sso_saml_catalog_find(&catalog, id, &record), APR_SUCCESS);
        assert_string_equal(record.id, id);
        assert_string_equal(record.origin, "f.xml");
        assert_int_equal(sso_saml_metadata_read(b->cx, b->cx->pool, record.text, id, &idp),
                         APR_SUCCESS);
    }
    assert_int_equal(sso_saml_catalog_find(&catalog, "urn:i", &record), APR_NOTFOUND);
    assert_int_equal(sso_saml_catalog_find(&catalog, "urn:sp", &record), APR_NOTFOUND);
    assert_int_equal(sso_saml_catalog_find(&catalog, "", &record), APR_NOTFOUND);
}

static void names_by_language(void **state)
{
    static const struct {
        const char *languages, *name;
    } row[] = {
        {NULL, "zeta School"},          {"", "zeta School"},
        {"de", "Hochschule"},           {"de-AT,de;q=0.9,en;q=0.8", "Hochschule"},
        {"fr;q=1, pt;q=0.5", "Escola"}, {"DE", "Hochschule"},
        {"fr", "zeta School"},          {",;-,,", "zeta School"},
    };
    bench_t *b = bench_make(*state);
    sso_saml_catalog_t catalog;
    sso_saml_record_t record;
    apr_size_t i;

    assert_int_equal(
        sso_saml_catalog_open(catalog_of(b, with(b, bench_metadata(b), NAMES)), &catalog),
        APR_SUCCESS);
    record = sso_saml_catalog_at(&catalog, 0);
    assert_string_equal(record.scopes, "a.example\n"); /* no patterns */
    for (i = 0; i < COUNT(row); i++) {
        assert_string_equal(sso_saml_record_name(b->cx->pool, &record, row[i].languages),
                            row[i].name);
    }
    record.names = "";
    assert_string_equal(sso_saml_record_name(b->cx->pool, &record, "de"), IDP_ID);
}

/* Copies lie on a disk. Every byte changed, every length: refused, or read within its bounds (the
 * sanitizers watch). */
static void a_broken_catalog_is_none(void **state)
{
    bench_t *b = bench_make(*state);
    const sso_span_t bytes = catalog_of(b, with(b, bench_metadata(b), NAMES));
    apr_size_t i;

    for (i = 0; i < bytes.n; i++) {
        sso_saml_catalog_t catalog;
        sso_saml_record_t record;
        char *cut = malloc(bytes.n);

        assert_non_null(cut);
        memcpy(cut, bytes.p, bytes.n);
        assert_int_equal(sso_saml_catalog_open(sso_span_of(cut, i), &catalog), APR_EINVAL);
        cut[i] = (char)(cut[i] ^ 0x41);
        if (sso_saml_catalog_open(sso_span_of(cut, bytes.n), &catalog) == APR_SUCCESS
            && catalog.n > 0) {
            (void)sso_saml_catalog_find(&catalog, IDP_ID, &record);
            record = sso_saml_catalog_at(&catalog, 0);
            (void)sso_saml_record_name(b->cx->pool, &record, "de");
        }
        free(cut);
    }
}

/* Who cannot be used is left out and said; the others are there. */
static void one_that_is_broken_spoils_nothing(void **state)
{
    bench_t *b = bench_make(*state);
    const char *weak = bench_edit(b, other_metadata(b), OTHER_CERT_BASE64, WEAK_CERT_BASE64);
    sso_saml_catalog_t catalog;

    assert_int_equal(
        sso_saml_catalog_open(catalog_of(b, group(b, bench_metadata(b), weak)), &catalog),
        APR_SUCCESS);
    assert_int_equal(catalog.n, 1);
    assert_true(bench_logged(b, OTHER_ID " is left out: "));
    assert_int_equal(sso_saml_catalog_open(catalog_of(b, group(b, bench_metadata(b),
                                                               bench_edit(b, bench_metadata(b),
                                                                          "tenant=1", "tenant=2"))),
                                           &catalog),
                     APR_SUCCESS);
    assert_int_equal(catalog.n, 1);
    assert_non_null(
        strstr(sso_span_text(b->cx->pool, sso_saml_catalog_at(&catalog, 0).text), "tenant=1"));
    assert_true(bench_logged(b, "is described twice, and the first description counts"));
}

/* ---- who is there ---- */

static int search(bench_t *b, const sso_member_query_t *query, const char *ids)
{
    apr_array_header_t *found = apr_array_make(b->cx->pool, 4, sizeof(sso_member_t));
    const char *seen = "";
    int n = sso_saml.members(b->cx, &b->idp, query, found);
    int i;

    for (i = 0; i < found->nelts; i++) {
        seen = apr_pstrcat(b->cx->pool, seen, APR_ARRAY_IDX(found, i, sso_member_t).issuer, " ",
                           NULL);
    }
    assert_string_equal(seen, ids);
    return n;
}

static void several_lines_are_one_list(void **state)
{
    static const char *const both = IDP_ID " " OTHER_ID " ";
    bench_t *b = bench_make(*state);

    (void)bench_file(b, "other.xml",
                     group(b, with(b, other_metadata(b), NAMES),
                           bench_edit(b, bench_metadata(b), "tenant=1", "tenant=2")));
    bench_set(b, "SSOSamlMetadata", "other.xml", NULL);
    (void)bench_prepare(b);
    assert_true(bench_logged(b, "is described in two places; the first SSOSamlMetadata counts"));
    assert_int_equal(sso_saml.members(b->cx, &b->idp, NULL, NULL), 2);
    assert_null(sso_saml.issuer(b->cx, &b->idp));
    assert_int_equal(search(b, &(sso_member_query_t){.most = 9}, both), 2);
    assert_int_equal(search(b, &(sso_member_query_t){.most = 1}, IDP_ID " "), 2);
    assert_int_equal(search(b, &(sso_member_query_t){.skip = 1, .most = 9}, OTHER_ID " "), 2);
    assert_int_equal(search(b, &(sso_member_query_t){.words = "HOCH", .most = 9}, OTHER_ID " "), 1);
    assert_int_equal(search(b, &(sso_member_query_t){.words = "idp.exam", .most = 9}, IDP_ID " "),
                     1);
    assert_int_equal(
        search(b, &(sso_member_query_t){.domain = "a.example", .most = 9}, OTHER_ID " "), 1);
    assert_int_equal(
        search(b, &(sso_member_query_t){.domain = "CS.A.example", .most = 9}, OTHER_ID " "), 1);
    assert_int_equal(search(b, &(sso_member_query_t){.domain = "xa.example", .most = 9}, ""), 0);
    assert_int_equal(search(b, &(sso_member_query_t){.domain = "example", .most = 9}, ""), 0);
    assert_int_equal(search(b, &(sso_member_query_t){.issuer = OTHER_ID, .most = 1}, OTHER_ID " "),
                     1);
    assert_int_equal(search(b, &(sso_member_query_t){.issuer = "urn:x", .most = 1}, ""), 0);
}

static void one_is_no_choice(void **state)
{
    bench_t *b = two(*state);

    bench_unset(b, "SSOSamlMetadata");
    bench_set(b, "SSOSamlMetadata", "idp.xml", "entity-id=" OTHER_ID, NULL);
    (void)bench_prepare(b);
    assert_int_equal(sso_saml.members(b->cx, &b->idp, NULL, NULL), 0);
    assert_string_equal(sso_saml.issuer(b->cx, &b->idp), OTHER_ID);
}

/* ---- asking ---- */

static const char *start_at(bench_t *b, const char *issuer)
{
    sso_flow_t flow = {.id = "0a1b2c3d", .demand = {.issuer = issuer}};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    sso_ctx_clear(b->cx);
    if (sso_saml.start(b->cx, &b->idp, &flow, &reply) != APR_SUCCESS) return NULL;
    assert_non_null(flow.demand.issuer);
    return apr_pstrcat(b->cx->pool, flow.demand.issuer, " ", reply.location, NULL);
}

static void the_one_that_was_chosen_is_asked(void **state)
{
    bench_t *b = two(*state);

    (void)bench_prepare(b);
    assert_non_null(strstr(start_at(b, IDP_ID), IDP_ID " https://idp.example.com/sso?tenant=1&"));
    assert_non_null(
        strstr(start_at(b, OTHER_ID), OTHER_ID " https://idp.example.com/sso?tenant=other&"));
    assert_null(start_at(b, "urn:x"));
    assert_fault(b->cx, IDP_UNKNOWN);
    assert_null(start_at(b, NULL));
    assert_fault(b->cx, IDP_UNKNOWN);
}

static void a_default_is_asked(void **state)
{
    bench_t *b = two(*state);

    bench_set(b, "SSOSamlDefaultIdP", OTHER_ID, NULL);
    (void)bench_prepare(b);
    assert_int_equal(sso_saml.members(b->cx, &b->idp, NULL, NULL), 0);
    assert_non_null(strstr(start_at(b, NULL), "tenant=other"));
    assert_non_null(strstr(start_at(b, IDP_ID), "tenant=1"));
}

/* More than are kept: each is the right one, those that are in use stay (the sanitizers watch). */
static void many_are_asked_in_turn(void **state)
{
    enum { N = 90 };
    bench_t *b = bench_make(*state);
    const sso_saml_state_t *held[N];
    const sso_saml_state_t *base;
    sso_buf_t xml = sso_buf_make(b->cx->pool, 1 << 16, 1 << 24);
    sso_ctx_t login = *b->cx;
    int i;

    sso_buf_text(&xml, "<md:EntitiesDescriptor " MD ">");
    for (i = 0; i < N; i++) {
        sso_buf_text(&xml, bench_edit(b, bench_metadata(b), IDP_ID,
                                      apr_psprintf(b->cx->pool, "urn:i%d", i)));
    }
    sso_buf_text(&xml, "</md:EntitiesDescriptor>");
    (void)bench_file(b, "idp.xml", xml.p);
    base = sso_saml_current(b->cx, bench_prepare(b));
    assert_int_equal(apr_pool_create(&login.pool, NULL), APR_SUCCESS);
    for (i = 0; i < 3 * N; i++) {
        const char *id = apr_psprintf(b->cx->pool, "urn:i%d", i % N);
        sso_ctx_t *cx = i < N ? &login : b->cx;

        assert_int_equal(sso_saml_current_member(cx, base, id, &held[i % N]), APR_SUCCESS);
        assert_string_equal(held[i % N]->idp.entity_id, id);
        assert_true(held[i % N]->is_member);
        if (i == N - 1) {
            for (; i >= 0; i--)
                assert_string_equal(held[i]->idp.entity_id,
                                    apr_psprintf(b->cx->pool, "urn:i%d", i));
            apr_pool_destroy(login.pool);
            i = N;
        }
    }
    assert_int_equal(sso_saml_current_member(b->cx, base, "urn:i7", &held[0]), APR_SUCCESS);
    assert_int_equal(sso_saml_current_member(b->cx, base, "urn:i7", &held[1]), APR_SUCCESS);
    assert_ptr_equal(held[0], held[1]); /* parsed once */
}

/* ---- answers ---- */

/* R34, R38: believed, but not asked. */
static void r34_only_who_was_asked_answers(void **state)
{
    static const struct {
        const char *what, *from, *to, *asked;
        int how;
        const char *code; /* NULL: accepted */
    } row[] = {
        {"the one that was asked", NULL, NULL, IDP_ID, SIGN_ASSERTION, NULL},
        {"with the key of the other", NULL, NULL, IDP_ID, SIGN_ASSERTION | BY_OTHER, "signature"},
        {"the other was asked", NULL, NULL, OTHER_ID, SIGN_ASSERTION, "issuer"},
        {"the other was asked, and signs", NULL, NULL, OTHER_ID, SIGN_RESPONSE | BY_OTHER,
         "issuer"},
        {"nobody was asked", NULL, NULL, "", SIGN_ASSERTION, "issuer"},
        {"of another's login", REQUEST "\"><saml:Issuer>", "_x\"><saml:Issuer>", IDP_ID,
         SIGN_RESPONSE, "in_response_to"},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = two(*state);
        sso_answer_t answer;

        print_message("  %s\n", row[i].what);
        b->flows.item[0].demand.issuer = row[i].asked;
        (void)bench_prepare(b);
        if (bench_finish(b, bench_edited(b, row[i].how, row[i].from, row[i].to), &answer)
            == APR_SUCCESS) {
            assert_null(row[i].code);
            assert_string_equal(answer.who->issuer, IDP_ID);
            assert_true(answer.who->is_member);
        } else {
            assert_non_null(row[i].code);
            assert_string_equal(sso_error_code(b->cx), row[i].code);
        }
        sso_ctx_clear(b->cx);
    }
}

/* A single one as well: its metadata may name another by now. */
static void r34_a_login_that_went_to_another(void **state)
{
    bench_t *b = bench_make(*state);

    (void)bench_prepare(b);
    b->flows.item[0].demand.issuer = OTHER_ID;
    assert_refused(b, bench_message(b, SIGN_RESPONSE), ISSUER);
    b->flows.item[0].demand.issuer = NULL;
    assert_refused(b, bench_message(b, SIGN_RESPONSE), ISSUER);
}

/* ---- who may say what ---- */

#define EPPN                                                                          \
    "<saml:Attribute Name=\"urn:oid:1.3.6.1.4.1.5923.1.1.1.6\"><saml:AttributeValue>" \
    "al@%s</saml:AttributeValue></saml:Attribute><saml:Attribute Name=\"mail\" "

static const char *eppn_of(const sso_answer_t *answer)
{
    const sso_attribute_t *a = sso_identity_find(answer->who, "urn:oid:1.3.6.1.4.1.5923.1.1.1.6");

    return a ? APR_ARRAY_IDX(a->values, 0, const char *) : "";
}

/* Row 99. */
static void scopes_are_those_of_the_metadata(void **state)
{
    static const struct {
        const char *domain;
        int kept;
    } row[] = {{"a.example", 1},   {"A.Example", 1}, {"b.example", 0},
               {"x.a.example", 0}, {"", 0},          {"b.example@a.example", 0}};
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(*state);
        sso_answer_t answer;

        (void)bench_file(b, "idp.xml",
                         group(b, with(b, bench_metadata(b), NAMES), other_metadata(b)));
        (void)bench_prepare(b);
        assert_int_equal(
            bench_finish(b,
                         bench_edited(b, SIGN_ASSERTION, "<saml:Attribute Name=\"mail\" ",
                                      apr_psprintf(b->cx->pool, EPPN, row[i].domain)),
                         &answer),
            APR_SUCCESS);
        assert_int_equal(*eppn_of(&answer) != '\0', row[i].kept);
        assert_int_equal(bench_logged(b, "is not a Scope in its metadata"), !row[i].kept);
    }
}

/* One that is the only one may say what it likes: the admin has chosen it. */
static void the_only_one_is_not_held_to_scopes(void **state)
{
    bench_t *b = bench_make(*state);
    sso_answer_t answer;

    (void)bench_prepare(b);
    assert_int_equal(bench_finish(b,
                                  bench_edited(b, SIGN_ASSERTION, "<saml:Attribute Name=\"mail\" ",
                                               apr_psprintf(b->cx->pool, EPPN, "b.example")),
                                  &answer),
                     APR_SUCCESS);
    assert_string_equal(eppn_of(&answer), "al@b.example");
    assert_null(answer.who->scopes);
    assert_false(answer.who->is_member);
}

static void names_are_told_apart(void **state)
{
    static const char *const scopes[] = {"a.example", NULL};
    static const struct {
        const char *issuer, *subject, *option, *user;
    } row[] = {
        {"urn:a", "alice", NULL, "urn:a!alice"},
        {"urn:a", "alice@a.example", NULL, "alice@a.example"},
        {"urn:a", "alice@A.example", "case=lower", "alice@a.example"},
        {"urn:a", "alice@a.example", "domain=strip", "urn:a!alice"},
        {"urn:a", "alice@b.example", NULL, "urn:a!alice@b.example"},
        {"urn:a", "x@b.example@a.example", NULL, "urn:a!x@b.example@a.example"},
        {"urn:a", "@a.example", NULL, "urn:a!@a.example"},
        /* whatever they are called, two people are two texts */
        {"urn:a", "b!alice", NULL, "urn:a!b!alice"},
        {"urn:a!b", "alice", NULL, "urn:a%21b!alice"},
        {"urn:a%21b", "alice", NULL, "urn:a%2521b!alice"},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_identity_t *who = sso_identity_make(b->cx->pool);
        apr_array_header_t *list = apr_array_make(b->cx->pool, 1, sizeof(const char *));
        sso_profile_t profile;

        APR_ARRAY_PUSH(list, const char *) = scopes[0];
        who->issuer = row[i].issuer;
        who->subject = row[i].subject;
        who->scopes = list;
        bench_unset(b, "SSOUserAttribute");
        bench_set(b, "SSOUserAttribute", "subject", row[i].option, NULL);
        assert_int_equal(sso_attrmap_apply(b->cx, b->set, who, &profile), APR_SUCCESS);
        assert_string_equal(profile.user, row[i].user);
        who->scopes = NULL;
        assert_int_equal(sso_attrmap_apply(b->cx, b->set, who, &profile), APR_SUCCESS);
        assert_null(strstr(profile.user, "urn:"));
    }
}

/* A group that decides about access is one of its issuer, or one that only this issuer has. */
static void groups_are_told_apart(void **state)
{
    static const struct {
        const char *attribute, *value, *name, *wanted;
    } row[] = {
        {"groups", "admins", "groups", "urn:a!admins"},
        {"role", "admin", "roles", "urn:a!admin"},
        {"groups", "staff@A.example", "groups", "staff@A.example"},
        {"groups", "staff@b.example", "groups", "urn:a!staff@b.example"},
        {"groups", "urn:b!admins", "groups", "urn:a!urn:b!admins"},
        {"bio", "admins", "bio", "admins"},
    };
    bench_t *b = bench_make(*state);
    apr_array_header_t *list = apr_array_make(b->cx->pool, 1, sizeof(const char *));
    apr_size_t i;

    APR_ARRAY_PUSH(list, const char *) = "a.example";
    for (i = 0; i < COUNT(row) * 2; i++) {
        const int apart = i % 2 == 0;
        sso_identity_t *who = sso_identity_make(b->cx->pool);
        const sso_mapped_t *mapped;
        sso_profile_t profile;

        who->issuer = "urn:a";
        who->subject = "al";
        who->group_scopes = apart ? list : NULL;
        sso_identity_add(who, row[i / 2].attribute, NULL, row[i / 2].value);
        assert_int_equal(sso_attrmap_apply(b->cx, b->set, who, &profile), APR_SUCCESS);
        assert_int_equal(profile.mapped->nelts, 1);
        mapped = &APR_ARRAY_IDX(profile.mapped, 0, sso_mapped_t);
        assert_string_equal(mapped->name, row[i / 2].name);
        assert_string_equal(APR_ARRAY_IDX(mapped->values, 0, const char *),
                            apart ? row[i / 2].wanted : row[i / 2].value);
    }
}

/* Whoever is told an address of another domain is told that nobody has verified it. */
static void addresses_of_others_are_unverified(void **state)
{
    static const struct {
        const char *email, *more, *says, *verified;
    } row[] = {
        {"al@a.example", NULL, NULL, ""},
        {"al@b.example", NULL, NULL, "false"},
        {"al@a.example", "al@b.example", NULL, "false"},
        {"al@b.example", NULL, "true", "false"},
        {"al@a.example", NULL, "true", "true"},
    };
    bench_t *b = bench_make(*state);
    apr_array_header_t *list = apr_array_make(b->cx->pool, 1, sizeof(const char *));
    apr_size_t i;

    APR_ARRAY_PUSH(list, const char *) = "a.example";
    for (i = 0; i < COUNT(row); i++) {
        sso_identity_t *who = sso_identity_make(b->cx->pool);
        const char *seen = "";
        sso_profile_t profile;
        int k;

        who->issuer = "urn:a";
        who->subject = "al";
        who->scopes = list;
        sso_identity_add(who, "mail", NULL, row[i].email);
        if (row[i].more) sso_identity_add(who, "mail", NULL, row[i].more);
        if (row[i].says) sso_identity_add(who, "email_verified", NULL, row[i].says);
        assert_int_equal(sso_attrmap_apply(b->cx, b->set, who, &profile), APR_SUCCESS);
        for (k = 0; k < profile.mapped->nelts; k++) {
            const sso_mapped_t *m = &APR_ARRAY_IDX(profile.mapped, k, sso_mapped_t);

            if (strcmp(m->name, "email_verified") != 0) continue;
            assert_string_equal(seen, ""); /* once */
            seen = APR_ARRAY_IDX(m->values, 0, const char *);
        }
        assert_string_equal(seen, row[i].verified);
    }
}

/* ---- directories ---- */

static void a_directory_is_read_in_order(void **state)
{
    bench_t *b = bench_make(*state);
    char *dir = apr_pstrcat(b->cx->pool, b->dir, "/fed", NULL);

    assert_int_equal(mkdir(dir, 0700), 0);
    (void)bench_file(b, "fed/b.xml", bench_edit(b, bench_metadata(b), "tenant=1", "tenant=2"));
    (void)bench_file(b, "fed/a.xml", bench_metadata(b));
    (void)bench_file(b, "fed/c.xml", "<oops");
    (void)bench_file(b, "fed/.d.xml", "<oops");
    (void)bench_file(b, "fed/e.xml.bak", "<oops");
    (void)bench_file(b, "fed/f.xml", other_metadata(b));
    bench_unset(b, "SSOSamlMetadata");
    bench_set(b, "SSOSamlMetadata", "fed", NULL);
    (void)bench_prepare(b);
    assert_true(bench_logged(b, "fed/c.xml: "));
    assert_true(bench_logged(b, "it is left out"));
    assert_false(bench_logged(b, "fed/.d.xml"));
    assert_non_null(strstr(start_at(b, IDP_ID), "tenant=1"));
    assert_non_null(strstr(start_at(b, OTHER_ID), "tenant=other"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(a_catalog_is_found_by_halving),
        UNIT(names_by_language),
        UNIT(a_broken_catalog_is_none),
        UNIT(one_that_is_broken_spoils_nothing),
        UNIT(several_lines_are_one_list),
        UNIT(one_is_no_choice),
        UNIT(the_one_that_was_chosen_is_asked),
        UNIT(a_default_is_asked),
        UNIT(many_are_asked_in_turn),
        UNIT(r34_only_who_was_asked_answers),
        UNIT(r34_a_login_that_went_to_another),
        UNIT(scopes_are_those_of_the_metadata),
        UNIT(the_only_one_is_not_held_to_scopes),
        UNIT(names_are_told_apart),
        UNIT(groups_are_told_apart),
        UNIT(addresses_of_others_are_unverified),
        UNIT(a_directory_is_read_in_order),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
