/*
 * test_saml_index.c - entities are found whatever stands around them, and read as they would have been.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "saml/saml_index.h"
#include "saml/saml_names.h"
#include "saml/saml_scan.h"
#include "unit.h"

#include <stdlib.h>

#define COUNT(a)        (sizeof(a) / sizeof((a)[0]))
#define E(id)           "<md:EntityDescriptor entityID=\"" id "\"><x a='>'/></md:EntityDescriptor>"
#define G(more, inside) "<md:EntitiesDescriptor" more ">" inside "</md:EntitiesDescriptor>"
#define NS              " xmlns:md=\"" SAML_NS_METADATA "\""

static const sso_xml_limits_t limits = {1 << 24, 100000, 1};

static sso_saml_index_t index_of(sso_ctx_t *cx, const char *xml)
{
    sso_saml_index_t index;
    const sso_span_t text = sso_span(xml);
    apr_status_t rv = sso_xml_check(cx, text, &limits);

    assert_int_equal(rv, APR_SUCCESS);
    rv = sso_saml_index_make(cx, cx->pool, text, &index);
    if (rv != APR_SUCCESS) print_message("%s\n", cx->err.log);
    assert_int_equal(rv, APR_SUCCESS);
    return index;
}

/* The IDs with spaces between them. */
static const char *ids_of(sso_ctx_t *cx, const sso_saml_index_t *index)
{
    sso_buf_t b = sso_buf_make(cx->pool, 64, 4096);
    int i;

    for (i = 0; i < index->entries->nelts; i++) {
        const sso_saml_entry_t *e = &APR_ARRAY_IDX(index->entries, i, sso_saml_entry_t);

        sso_buf_add(&b, e->id.p, e->id.n);
        sso_buf_char(&b, ' ');
    }
    return b.p;
}

static void what_is_found(void **state)
{
    static const struct {
        const char *what, *xml, *ids;
    } row[] = {
        {"one", E("a"), "a "},
        {"empty", "<EntityDescriptor xmlns='urn:x' entityID='a'/>", "a "},
        {"declaration", "<?xml version=\"1.0\"?>\n" E("a") "\n", "a "},
        {"a group", G(NS, E("a") "\n" E("b")), "a b "},
        {"groups in groups", G(NS, E("a") G("", E("b") G("", E("c"))) E("d")), "a b c d "},
        {"an empty group", G(NS, "<md:EntitiesDescriptor/>" E("a")), "a "},
        {"in comments", G(NS, "<!-- " E("x") " --><!-- > -->" E("a")), "a "},
        {"in CDATA", G(NS, "<![CDATA[" E("x") "]]>" E("a")), "a "},
        {"in other elements", G(NS, "<md:Extensions>" E("x") "</md:Extensions>" E("a")), "a "},
        {"in entities", G(NS, "<md:EntityDescriptor entityID='a'>" E("x") "</md:EntityDescriptor>"),
         "a "},
        {"quotes in values", G(NS " Name='\">'", "<y b=\"'>\"/>" E("a")), "a "},
        {"another order",
         "<e:EntityDescriptor xmlns:e='urn:x' ID='i' validUntil = \"now\"\n entityID\t=\n'a'></e:EntityDescriptor>",
         "a "},
        {"like it", G(NS, "<md:EntityDescriptorX entityID='x'/><md:XEntityDescriptor/>" E("a")),
         "a "},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_saml_index_t index;

        print_message("  %s\n", row[i].what);
        index = index_of(*state, row[i].xml);
        assert_string_equal(ids_of(*state, &index), row[i].ids);
    }
}

static void what_is_refused(void **state)
{
    static const char *const xml[] = {
        "<html/>",
        "<md:EntitiesDescriptor/>",
        "<md:EntityDescriptor/>",
        "<md:EntityDescriptor entityID=''/>",
        "<md:EntityDescriptor x:entityID='a'/>",
        "<md:EntityDescriptor XentityID='a'/>",
        G("", G("", G("", G("", G("", G("", G("", G("", G("", E("a")))))))))),
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(xml); i++) {
        sso_saml_index_t index = {NULL, NULL};

        print_message("  %s\n", xml[i]);
        assert_int_not_equal(sso_saml_index_make(cx, cx->pool, sso_span(xml[i]), &index),
                             APR_SUCCESS);
        assert_null(index.entries);
        assert_fault(cx, CONFIG);
    }
}

/* The only entry of that ID; NULL: there is none, or there are several. */
static const sso_saml_entry_t *find(sso_ctx_t *cx, const sso_saml_index_t *index, const char *id)
{
    const sso_saml_entry_t *found = NULL;
    int n = 0;
    int i;

    for (i = 0; i < index->entries->nelts; i++) {
        const sso_saml_entry_t *e = &APR_ARRAY_IDX(index->entries, i, sso_saml_entry_t);

        if (!sso_saml_index_is(cx->pool, e, id)) continue;
        found = e;
        n++;
    }
    return n == 1 ? found : NULL;
}

/* What stood around the entity stands around it still, and nothing else. */
static void one_is_a_document(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_index_t index = index_of(cx, G(NS " validUntil=\"2027-01-01T00:00:00Z\"",
                                            "<md:Extensions/>" E("a")
                                                G(" Name=\"g\"", E("b") E("c")) E("d")));
    sso_span_t text = sso_saml_index_document(cx->pool, &index, find(cx, &index, "c"));

    assert_string_equal(sso_span_text(cx->pool, text),
                        G(NS " validUntil=\"2027-01-01T00:00:00Z\"", G(" Name=\"g\"", E("c"))));
    text = sso_saml_index_document(cx->pool, &index, find(cx, &index, "d"));
    assert_string_equal(sso_span_text(cx->pool, text),
                        G(NS " validUntil=\"2027-01-01T00:00:00Z\"", E("d")));
}

static void names_are_compared_whole(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_index_t index = index_of(cx, G(NS, E("aa") E("a") E("b") E("https://i/?a=1&amp;b=2")));

    assert_ptr_equal(find(cx, &index, "a"), &APR_ARRAY_IDX(index.entries, 1, sso_saml_entry_t));
    assert_non_null(find(cx, &index, "https://i/?a=1&b=2"));
    assert_null(find(cx, &index, "A"));
    assert_null(find(cx, &index, "https://i/?a=1"));
}

/* Cut anywhere: nothing is read behind the end (the sanitizers watch). */
static void a_text_that_ends_early(void **state)
{
    sso_ctx_t *cx = *state;
    const char *xml = G(NS, "<!-- x --><![CDATA[y]]><md:EntityDescriptor a='b' entityID = 'a'><x/>"
                            "</md:EntityDescriptor>");
    apr_size_t n;

    for (n = 1; n < strlen(xml); n++) {
        char *cut = malloc(n);
        sso_saml_index_t index;

        assert_non_null(cut);
        memcpy(cut, xml, n);
        (void)sso_saml_index_make(cx, cx->pool, sso_span_of(cut, n), &index);
        sso_ctx_clear(cx);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(what_is_found),          UNIT(what_is_refused),
        UNIT(one_is_a_document),      UNIT(names_are_compared_whole),
        UNIT(a_text_that_ends_early),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
