/*
 * test_saml_xml.c - what XML is let in, and how it is read (R1-R5, R12, R18, R21, R23).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "saml/saml_xml.h"
#include "unit.h"

#include <libxml/parser.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const sso_xml_limits_t strict = {.bytes = 256 * 1024, .elements = 20000};
static const sso_xml_limits_t relaxed = {.bytes = 256 * 1024, .elements = 20000, .comments = 1};

typedef struct {
    const char *rule; /* and what the row is about */
    sso_span_t text;
    sso_fault_t strict;  /* SSO_F_NONE: accepted */
    sso_fault_t relaxed; /* with comments allowed */
} row_t;

#define TEXT(z)            \
    {                      \
        (z), sizeof(z) - 1 \
    }
#define BOTH(f)      SSO_F_##f, SSO_F_##f
#define YES          SSO_F_NONE, SSO_F_NONE
#define COMMENT_ONLY SSO_F_XML_FORBIDDEN, SSO_F_NONE

/* clang-format off */
static const row_t row[] = {
    {"plain", TEXT("<a/>"), YES},
    {"text", TEXT("<a>b</a>"), YES},
    {"declaration", TEXT("<?xml version=\"1.0\" encoding='utf-8' standalone=\"no\" ?>\r\n<a/>\n"), YES},
    {"version only", TEXT("<?xml version='1.0'?><a/>"), YES},
    {"white space first", TEXT(" \n<a/>"), YES},
    {"spaces in tags", TEXT("<a  b = \"c\"\n\td='e' ><f /></a >"), YES},
    {"quotes in quotes", TEXT("<a b='\"' c=\"'>\"/>"), YES},
    {"the five entities", TEXT("<a b=\"&amp;&lt;&gt;&quot;&apos;\">&amp;&lt;&gt;&quot;&apos;</a>"), YES},
    {"characters by number", TEXT("<a>&#65;&#x41;&#13;&#9;&#10;&#x20AC;&#x10FFFF;</a>"), YES},
    {"UTF-8", TEXT("<a>\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80</a>"), YES},
    {"a namespace", TEXT("<p:a xmlns:p='urn:x' xmlns=\"http://y/\" p:b='1'><c xmlns=''/></p:a>"), YES},

    {"r2_bom", TEXT("\xef\xbb\xbf<a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_encoding latin1", TEXT("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_encoding utf7", TEXT("<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_encoding utf16 said", TEXT("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_encoding longer", TEXT("<?xml version=\"1.0\" encoding=\"UTF-81\"?><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_encoding utf16 done", TEXT("\xff\xfe<\0a\0/\0>\0"), BOTH(XML_FORBIDDEN)},
    {"r2_encoding utf16 big", TEXT("\0<\0a\0/\0>"), BOTH(XML_FORBIDDEN)},
    {"r2_encoding ucs4", TEXT("\0\0\0<\0\0\0a\0\0\0/\0\0\0>"), BOTH(XML_FORBIDDEN)},
    {"r2_encoding ebcdic", TEXT("\x4c\x6f\xa7\x94\x93"), BOTH(XML_FORBIDDEN)},
    {"r2_encoding bad utf8", TEXT("<a>\xc3</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_encoding overlong", TEXT("<a>\xc0\xbc</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_encoding surrogate", TEXT("<a>\xed\xa0\x80</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_version", TEXT("<?xml version=\"1.1\"?><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_declaration part", TEXT("<?xml version=\"1.0\" x=\"y\"?><a/>"), BOTH(XML_SYNTAX)},
    {"r2_declaration open", TEXT("<?xml version=\"1.0\""), BOTH(XML_SYNTAX)},
    {"r2_declaration late", TEXT(" <?xml version=\"1.0\"?><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_declaration twice", TEXT("<?xml version=\"1.0\"?><?xml version=\"1.0\"?><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_doctype", TEXT("<!DOCTYPE a><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_doctype entity", TEXT("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_doctype external", TEXT("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_doctype attlist", TEXT("<!DOCTYPE a [<!ATTLIST a b ID #IMPLIED>]><a b=\"x\"/>"), BOTH(XML_FORBIDDEN)},
    {"r2_doctype within", TEXT("<a><!DOCTYPE b></a>"), BOTH(XML_FORBIDDEN)},
    {"r2_doctype lower", TEXT("<!doctype a><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_comment", TEXT("<a><!-- b --></a>"), COMMENT_ONLY},
    {"r2_comment before", TEXT("<!-- b --><a/>"), COMMENT_ONLY},
    {"r2_comment after", TEXT("<a/><!-- b -->"), COMMENT_ONLY},
    {"r2_comment short", TEXT("<a><!--></a>"), SSO_F_XML_FORBIDDEN, SSO_F_XML_SYNTAX},
    {"r2_comment with two dashes", TEXT("<a><!-- -- --></a>"), SSO_F_XML_FORBIDDEN, SSO_F_XML_SYNTAX},
    {"r2_comment holding a tag", TEXT("<a><!--<b>--></a>"), COMMENT_ONLY},
    {"r2_cdata", TEXT("<a><![CDATA[<b>]]></a>"), COMMENT_ONLY},
    {"r2_cdata outside", TEXT("<![CDATA[b]]><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_cdata open", TEXT("<a><![CDATA[b]></a>"), SSO_F_XML_FORBIDDEN, SSO_F_XML_SYNTAX},
    {"r2_instruction", TEXT("<a><?b c?></a>"), BOTH(XML_FORBIDDEN)},
    {"r2_instruction before", TEXT("<?xml-stylesheet href='b'?><a/>"), BOTH(XML_FORBIDDEN)},
    {"r2_instruction short", TEXT("<?xml"), BOTH(XML_FORBIDDEN)},
    {"r2_entity", TEXT("<a>&b;</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_entity in attribute", TEXT("<a c='&b;'/>"), BOTH(XML_FORBIDDEN)},
    {"r2_entity html", TEXT("<a>&nbsp;</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_entity open", TEXT("<a>&amp</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_control nul", TEXT("<a>\0</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_control nul at the end", TEXT("<a/>\0"), BOTH(XML_FORBIDDEN)},
    {"r2_control escape", TEXT("<a>\x1b</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_control delete", TEXT("<a>\x7f</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_control by number", TEXT("<a>&#0;</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_control by number 1", TEXT("<a>&#1;</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_control by hex number", TEXT("<a>&#x7F;</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_control in attribute", TEXT("<a b='&#8;'/>"), BOTH(XML_FORBIDDEN)},
    {"r2_surrogate by number", TEXT("<a>&#xD800;</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_no character fffe", TEXT("<a>&#xFFFE;</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_no character large", TEXT("<a>&#x110000;</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_no character wraps", TEXT("<a>&#4294967361;</a>"), BOTH(XML_FORBIDDEN)},
    {"characters at the edges", TEXT("<a>&#32;&#x20;&#126;&#x80;&#xd7ff;&#xe000;&#xFFFD;&#x10000;&#xaBcDe;</a>"), YES},
    {"r2_surrogate first, lower case", TEXT("<a>&#xd800;</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_surrogate last", TEXT("<a>&#xDFFF;</a>"), BOTH(XML_FORBIDDEN)},
    {"r2_no character ffff", TEXT("<a>&#xffff;</a>"), BOTH(XML_FORBIDDEN)},
    {"no hex digit g", TEXT("<a>&#xag;</a>"), BOTH(XML_SYNTAX)},
    {"no hex digit G", TEXT("<a>&#xAG;</a>"), BOTH(XML_SYNTAX)},
    {"no decimal digit a", TEXT("<a>&#4a;</a>"), BOTH(XML_SYNTAX)},
    {"no digits", TEXT("<a>&#;</a>"), BOTH(XML_SYNTAX)},
    {"no hex digits", TEXT("<a>&#x;</a>"), BOTH(XML_SYNTAX)},
    {"hex without x", TEXT("<a>&#4F;</a>"), BOTH(XML_SYNTAX)},
    {"open number", TEXT("<a>&#65</a>"), BOTH(XML_SYNTAX)},

    {"r4_nothing", TEXT(""), BOTH(XML_SYNTAX)},
    {"r4_no element", TEXT(" \n "), BOTH(XML_SYNTAX)},
    {"r4_only text", TEXT("a"), BOTH(XML_SYNTAX)},
    {"r4_two roots", TEXT("<a/><b/>"), BOTH(XML_SYNTAX)},
    {"r4_text after", TEXT("<a/>b"), BOTH(XML_SYNTAX)},
    {"r4_text before", TEXT("b<a/>"), BOTH(XML_SYNTAX)},
    {"r4_end only", TEXT("</a>"), BOTH(XML_SYNTAX)},
    {"r4_end twice", TEXT("<a></a></a>"), BOTH(XML_SYNTAX)},
    {"r4_open", TEXT("<a>"), BOTH(XML_SYNTAX)},
    {"r4_open tag", TEXT("<a"), BOTH(XML_SYNTAX)},
    {"r4_open end tag", TEXT("<a></a"), BOTH(XML_SYNTAX)},
    {"r4_open value", TEXT("<a b=\"c"), BOTH(XML_SYNTAX)},
    {"r4_slash", TEXT("<a/ >"), BOTH(XML_SYNTAX)},
    {"r4_attributes of an end tag", TEXT("<a></a b='c'>"), BOTH(XML_SYNTAX)},
    {"r4_no quotes", TEXT("<a b=c/>"), BOTH(XML_SYNTAX)},
    {"r4_no value", TEXT("<a b/>"), BOTH(XML_SYNTAX)},
    {"r4_no name", TEXT("<a =''/>"), BOTH(XML_SYNTAX)},
    {"r4_no names", TEXT("< />"), BOTH(XML_SYNTAX)},
    {"r4_less than in a value", TEXT("<a b='<'/>"), BOTH(XML_SYNTAX)},
    {"r4_attribute twice", TEXT("<a b='1' b='2'/>"), BOTH(XML_SYNTAX)},
    {"r4_attribute twice by namespace", TEXT("<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/>"), BOTH(XML_SYNTAX)},
    {"r4_attributes without space", TEXT("<a b='1'c='2'/>"), BOTH(XML_SYNTAX)},
    {"r4_wrong end", TEXT("<a><b></a></b>"), BOTH(XML_SYNTAX)},
    {"r4_no prefix", TEXT("<p:a/>"), BOTH(XML_SYNTAX)},
    {"r4_no prefix of an attribute", TEXT("<a p:b='c'/>"), BOTH(XML_SYNTAX)},
    {"r4_two colons", TEXT("<p:a:b xmlns:p='urn:x'/>"), BOTH(XML_SYNTAX)},
    {"r4_bad name", TEXT("<1/>"), BOTH(XML_SYNTAX)},
    {"r4_xmlns prefix", TEXT("<a xmlns:xmlns='urn:x'/>"), BOTH(XML_SYNTAX)},
    {"r4_xml prefix elsewhere", TEXT("<a xmlns:xml='urn:x'/>"), BOTH(XML_SYNTAX)},
    {"r4_prefix undeclared again", TEXT("<a xmlns:p='urn:x'><b xmlns:p=''/></a>"), BOTH(XML_SYNTAX)},
    {"r4_end of CDATA in text", TEXT("<a>]]></a>"), BOTH(XML_SYNTAX)},

    {"r12_unique", TEXT("<a ID='x'><b ID='y'/><c Id='z'/></a>"), YES},
    {"r12_twice", TEXT("<a ID='x'><b ID='x'/></a>"), BOTH(XML_ID)},
    {"r12_twice apart", TEXT("<a><b><c ID='x'/></b><d><e ID='x'/></d></a>"), BOTH(XML_ID)},
    {"r12_ID and Id", TEXT("<a ID='x'><b Id='x'/></a>"), BOTH(XML_ID)},
    {"r12_ID and id", TEXT("<a ID='x'><b id='x'/></a>"), BOTH(XML_ID)},
    {"r12_AssertionID", TEXT("<a ID='x'><b AssertionID='x'/></a>"), BOTH(XML_ID)},
    {"r12_one element", TEXT("<a ID='x' Id='x'/>"), BOTH(XML_ID)},
    {"r12_xml:id", TEXT("<a xml:id='x'/>"), BOTH(XML_ID)},
    {"r12_empty", TEXT("<a ID=''/>"), BOTH(XML_ID)},
    {"r12_digit", TEXT("<a ID='1x'/>"), BOTH(XML_ID)},
    {"r12_dot", TEXT("<a ID='.x'/>"), BOTH(XML_ID)},
    {"r12_colon", TEXT("<a ID='x:y'/>"), BOTH(XML_ID)},
    {"r12_quote", TEXT("<a ID=\"x')|id('y\"/>"), BOTH(XML_ID)},
    {"r12_white space", TEXT("<a ID=' x'/>"), BOTH(XML_ID)},
    {"r12_all characters", TEXT("<a ID='_aZ09.-_'/>"), YES},
    {"r12_not an ID with a namespace", TEXT("<a ID='x' xmlns:p='urn:x' p:ID='x'/>"), YES},
    {"r12_escaped twice", TEXT("<a ID='x'><b ID='&#120;'/></a>"), BOTH(XML_ID)},

    {"r23_relative", TEXT("<a xmlns='x'/>"), BOTH(XML_NAMESPACE)},
    {"r23_relative by prefix", TEXT("<a><b xmlns:p='x/y'/></a>"), BOTH(XML_NAMESPACE)},
    {"r23_scheme only", TEXT("<a xmlns='urn:'/>"), BOTH(XML_NAMESPACE)},
    {"r23_path", TEXT("<a xmlns='/x:y'/>"), BOTH(XML_NAMESPACE)},
    {"r23_ampersand", TEXT("<a xmlns='urn:x?a=b&amp;c=d'/>"), BOTH(XML_NAMESPACE)},
    {"r23_ampersand by number", TEXT("<a xmlns='urn:x?a=b&#38;c=d'/>"), BOTH(XML_NAMESPACE)},
    {"r23_digit", TEXT("<a xmlns='1x:y'/>"), BOTH(XML_SYNTAX)},
    {"r23_space", TEXT("<a xmlns='urn:x y'/>"), BOTH(XML_SYNTAX)},
    {"r23_colon", TEXT("<a xmlns=':x'/>"), BOTH(XML_SYNTAX)},
};
/* clang-format on */

static void check_rows(void **state, const sso_xml_limits_t *limits)
{
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        xmlDoc untouched;
        xmlDoc *doc = &untouched;
        sso_fault_t wanted = limits->comments ? row[i].relaxed : row[i].strict;
        apr_status_t rv = sso_xml_parse(cx, row[i].text, limits, &doc);

        if (cx->err.fault != wanted) {
            fail_msg("%s: %s, expected %s (%s)", row[i].rule, sso_error_code(cx),
                     sso_fault_info(wanted)->code, cx->err.log ? cx->err.log : "no detail");
        }
        assert_int_equal(rv == APR_SUCCESS, wanted == SSO_F_NONE);
        assert_int_equal(doc != &untouched, wanted == SSO_F_NONE);
        sso_ctx_clear(cx);
    }
}

static void rows_strict(void **state)
{
    check_rows(state, &strict);
}

static void rows_relaxed(void **state)
{
    check_rows(state, &relaxed);
}

/* n times the format, whose only argument is the number of the turn. */
static void repeat(sso_buf_t *b, const char *fmt, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        const char *mark = strstr(fmt, "%d");

        if (!mark) {
            sso_buf_text(b, fmt);
            continue;
        }
        sso_buf_add(b, fmt, (apr_size_t)(mark - fmt));
        sso_buf_format(b, "%d%s", i, mark + 2);
    }
}

/* head, n times middle, m times then, tail. */
static sso_span_t made(sso_ctx_t *cx, const char *head, const char *middle, int n, const char *then,
                       int m, const char *tail)
{
    sso_buf_t b = sso_buf_make(cx->pool, 1024, 4 * 1024 * 1024);

    sso_buf_text(&b, head);
    repeat(&b, middle, n);
    repeat(&b, then, m);
    sso_buf_text(&b, tail);
    return sso_buf_span(&b);
}

static sso_fault_t verdict(sso_ctx_t *cx, sso_span_t text, const sso_xml_limits_t *limits)
{
    xmlDoc *doc;
    sso_fault_t fault;

    (void)sso_xml_parse(cx, text, limits, &doc);
    fault = cx->err.fault;
    sso_ctx_clear(cx);
    return fault;
}

/* Every bound: the last number that passes and the first that does not. */
static void r2_bounds(void **state)
{
    static const struct {
        const char *what, *head, *middle;
        int n;
        const char *then;
        int per, m; /* m: 0 none, 1 as often as the middle */
        const char *tail;
        sso_fault_t fault;
    } bound[] = {
        {"r2_attributes", "<a", " a%d=''", 64, "", 0, 0, "/>", SSO_F_XML_LIMIT},
        {"r2_attributes besides namespaces",
         "<a xmlns:a='urn:x' xmlns:b='urn:x' xmlns='urn:x' xmlnsx='' xmlns.y=''", " a%d=''", 62, "",
         0, 0, "/>", SSO_F_XML_LIMIT},
        {"r2_namespaces in a tag", "<a", " xmlns:a%d='urn:x'", 16, "", 0, 0, "/>", SSO_F_XML_LIMIT},
        {"r2_namespaces in scope", "<x>", "<a xmlns:p='urn:x' xmlns='urn:y'>", 32, "</a>", 0, 1,
         "</x>", SSO_F_XML_LIMIT},
        {"r2_depth", "", "<a>", 48, "</a>", 0, 1, "", SSO_F_XML_LIMIT},
        {"r2_depth of empty ones", "", "<a>", 47, "</a>", 0, 1, "", SSO_F_NONE},
        {"r2_elements", "<a>", "<b/>", 19999, "", 0, 0, "</a>", SSO_F_XML_SIZE},
        {"r2_attributes of all", "<a>", "<b c='' d=''/>", 10000, "", 0, 0, "</a>", SSO_F_XML_SIZE},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(bound); i++) {
        int n = bound[i].n;
        int m = bound[i].m;

        print_message("  %s\n", bound[i].what);
        assert_int_equal(verdict(cx,
                                 made(cx, bound[i].head, bound[i].middle, n, bound[i].then, m * n,
                                      bound[i].tail),
                                 &strict),
                         SSO_F_NONE);
        n++;
        assert_int_equal(verdict(cx,
                                 made(cx, bound[i].head, bound[i].middle, n, bound[i].then, m * n,
                                      bound[i].tail),
                                 &strict),
                         bound[i].fault);
    }
}

/* Declarations count where they are in scope, not in the whole document: some providers repeat
 * theirs on every value. */
static void r2_namespaces_leave_scope(void **state)
{
    sso_ctx_t *cx = *state;

    assert_int_equal(
        verdict(cx, made(cx, "<a>", "<b xmlns:xs='urn:x' xmlns:xsi='urn:y'/>", 2000, "", 0, "</a>"),
                &strict),
        SSO_F_NONE);
}

static void r1_size(void **state)
{
    const sso_xml_limits_t small = {.bytes = 8, .elements = 10};
    sso_ctx_t *cx = *state;

    assert_int_equal(verdict(cx, sso_span("<a>b</a>"), &small), SSO_F_NONE);
    assert_int_equal(verdict(cx, sso_span("<a>bb</a>"), &small), SSO_F_XML_SIZE);
    assert_int_equal(verdict(cx, made(cx, "<a>", "x", 256 * 1024, "", 0, "</a>"), &strict),
                     SSO_F_XML_SIZE);
}

static int parses; /* calls of libxml2's parser */

/* Inputs that cost other parsers seconds. Refused by the scan, which reads each byte once, and before
 * the parser is called; what is let through, the parser reads once. */
static void hostile_sizes(void **state)
{
    sso_ctx_t *cx = *state;

    parses = 0;

    assert_int_equal(verdict(cx, made(cx, "<a", " a%d=''", 25000, "", 0, "/>"), &strict),
                     SSO_F_XML_LIMIT);
    assert_int_equal(
        verdict(cx, made(cx, "", "<a xmlns:p%d='urn:x'>", 200, "</a>", 200, ""), &strict),
        SSO_F_XML_LIMIT);
    assert_int_equal(verdict(cx, made(cx, "", "<a>", 80000, "", 0, ""), &strict), SSO_F_XML_LIMIT);
    assert_int_equal(verdict(cx, made(cx, "<a>", "<b/>", 50000, "", 0, "</a>"), &strict),
                     SSO_F_XML_SIZE);
    assert_int_equal(verdict(cx,
                             made(cx, "<!DOCTYPE a [<!ENTITY e0 'ha'>", "<!ENTITY e%d '&e0;&e0;'>",
                                  2000, "", 0, "]><a>&e9;</a>"),
                             &strict),
                     SSO_F_XML_FORBIDDEN);
    assert_int_equal(parses, 0);
    assert_int_equal(verdict(cx, made(cx, "<a>", "x", 255 * 1024, "", 0, "</a>"), &strict),
                     SSO_F_NONE);
    assert_int_equal(parses, 1);
}

/* What the scan sees by itself, before the parser: it has to keep count of tags all the same. */
static void r4_seen_by_the_scan(void **state)
{
    static const char *const text[] = {
        " ",
        "a",
        "<a/><b/>",
        "<a/>b",
        "b<a/>",
        "</a>",
        "<a></a></a>",
        "<a>",
        "<a",
        "<a></a",
        "<a b=\"c",
        "<a/ >",
        "<a></a b='c'>",
        "<a b=c/>",
        "<a b/>",
        "<a b",
        "<a b=",
        "<a =''/>",
        "< />",
        "<a b='<'/>",
        "<a></ >",
        "<",
        "</",
        "<a/",
        "<a b='&#4'",
        "<?xml version",
        "<?xml version='1.0' ",
        "<a b='1' c/>",
        "<a><b></a>",
        "<a>&#6</a>",
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(text); i++) {
        apr_size_t n = strlen(text[i]);
        char *exact = malloc(n);

        assert_non_null(exact);
        memcpy(exact, text[i], n);
        (void)sso_xml_check(cx, sso_span_of(exact, n), &strict);
        free(exact);
        if (cx->err.fault != SSO_F_XML_SYNTAX) fail_msg("%s: %s", text[i], sso_error_code(cx));
        sso_ctx_clear(cx);
    }
}

/* A prefix of a message, cut anywhere, is refused and nothing is read beyond it. */
static void r4_every_prefix_is_refused(void **state)
{
    static const char whole[] = "<?xml version=\"1.0\"?><p:a xmlns:p=\"urn:x\" b='&#65;&amp;'>c"
                                "<d e=\"f\" /></p:a>";
    sso_ctx_t *cx = *state;
    apr_size_t n;

    for (n = 0; n < sizeof(whole) - 1; n++) {
        char *exact = malloc(n ? n : 1); /* so that a sanitizer sees a byte read too many */

        assert_non_null(exact);
        memcpy(exact, whole, n);
        assert_int_not_equal(verdict(cx, sso_span_of(exact, n), &strict), SSO_F_NONE);
        free(exact);
    }
    assert_int_equal(verdict(cx, sso_span(whole), &strict), SSO_F_NONE);
}

/* Eight bytes are looked at together: every byte, at every place among them. */
static void r2_every_byte_at_every_place(void **state)
{
    sso_ctx_t *cx = *state;
    int place;
    int c;

    for (place = 0; place < 24; place++) {
        for (c = 1; c < 256; c++) {
            char text[] = "<a>01234567890123456789012345</a>";
            int space = c == '\t' || c == '\n' || c == '\r';
            sso_fault_t fault;

            text[3 + place] = (char)c;
            fault = verdict(cx, sso_span(text), &strict);
            if (c >= 0x80 || c == 0x7f || (c < 0x20 && !space)) {
                assert_int_equal(fault, SSO_F_XML_FORBIDDEN);
            } else if (c != '<' && c != '&') {
                assert_int_equal(fault, SSO_F_NONE);
            }
        }
    }
}

static xmlNode *root_of(sso_ctx_t *cx, const char *text)
{
    xmlDoc *doc = NULL;

    assert_int_equal(sso_xml_parse(cx, sso_span(text), &relaxed, &doc), APR_SUCCESS);
    return xmlDocGetRootElement(doc);
}

static void r12_length(void **state)
{
    sso_ctx_t *cx = *state;

    assert_int_equal(verdict(cx, made(cx, "<a ID='", "x", 256, "", 0, "'/>"), &strict), SSO_F_NONE);
    assert_int_equal(verdict(cx, made(cx, "<a ID='", "x", 257, "", 0, "'/>"), &strict),
                     SSO_F_XML_ID);
}

static void r21_text(void **state)
{
    static const struct {
        const char *xml;
        int trim;
        const char *wanted; /* NULL: refused */
    } text[] = {
        {"<a>b</a>", 0, "b"},
        {"<a/>", 0, ""},
        {"<a></a>", 1, ""},
        {"<a> \r\n\tb c \n</a>", 0, " \n\tb c \n"},
        {"<a> \r\n\tb c \n</a>", 1, "b c"},
        {"<a> \n </a>", 1, ""},
        {"<a>b&amp;c&#x20AC;</a>", 0, "b&c\xe2\x82\xac"},
        {"<a>&#13;b</a>", 1, "b"},
        {"<a>admin<!-- -->@x.org</a>", 0, NULL},
        {"<a><!-- -->b</a>", 0, NULL},
        {"<a>b<c/></a>", 0, NULL},
        {"<a><c>b</c></a>", 0, NULL},
        {"<a>b<![CDATA[c]]></a>", 0, NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(text); i++) {
        xmlNode *root = root_of(cx, text[i].xml);
        const char *out = "untouched";
        apr_status_t rv = sso_xml_text(cx, root, text[i].trim, &out);

        print_message("  %s\n", text[i].xml);
        assert_string_equal(out, text[i].wanted ? text[i].wanted : "untouched");
        if (text[i].wanted)
            assert_int_equal(rv, APR_SUCCESS);
        else
            assert_fault(cx, XML_TEXT);
    }
}

/* The parser joins neighbouring texts; a tree that was worked on may have several. */
static void r21_text_in_parts(void **state)
{
    sso_ctx_t *cx = *state;
    xmlNode *root = root_of(cx, "<a>admin<b/>@example.org</a>");
    xmlNode *between = sso_xml_first(root);
    const char *out = NULL;

    xmlUnlinkNode(between);
    xmlFreeNode(between);
    assert_non_null(root->children->next);
    assert_int_equal(sso_xml_text(cx, root, 0, &out), APR_SUCCESS);
    assert_string_equal(out, "admin@example.org");
}

static void r23_names(void **state)
{
    sso_ctx_t *cx = *state;
    xmlNode *root = root_of(cx, "<a xmlns='urn:x' xmlns:p='urn:x' xmlns:q='urn:y'> <q:b/> <!-- --> "
                                "<b n='1'/><p:b n='2'/><c xmlns=''/></a>");
    xmlNode *b = sso_xml_child(root, "urn:x", "b");

    assert_true(sso_xml_is(root, "urn:x", "a"));
    assert_false(sso_xml_is(root, "urn:y", "a"));
    assert_false(sso_xml_is(root, "urn:x", "b"));
    assert_false(sso_xml_is(root->children, "urn:x", "a"));
    assert_string_equal(sso_xml_attr(cx, b, "n"), "1");
    b = sso_xml_next(b, "urn:x", "b");
    assert_string_equal(sso_xml_attr(cx, b, "n"), "2");
    assert_null(sso_xml_next(b, "urn:x", "b"));
    assert_null(sso_xml_child(root, "urn:x", "c"));
    assert_null(sso_xml_child(root, "urn:z", "b"));
    assert_false(sso_xml_is(sso_xml_following(b), "", "c"));
    assert_null(sso_xml_following(sso_xml_following(b)));
    assert_true(sso_xml_is(sso_xml_first(root), "urn:y", "b"));
    assert_null(sso_xml_first(b));
}

/* Attribute pollution: samlp:ID is not ID. */
static void r23_attributes_have_no_namespace(void **state)
{
    sso_ctx_t *cx = *state;
    xmlNode *root = root_of(cx, "<p:a xmlns:p='urn:x' p:ID='wrong' x='&lt;&#65; \n b' y=''/>");

    assert_null(sso_xml_attr(cx, root, "ID"));
    assert_null(sso_xml_attr(cx, root, "p:ID"));
    assert_string_equal(sso_xml_attr(cx, root, "x"), "<A   b");
    assert_string_equal(sso_xml_attr(cx, root, "y"), "");
    root = root_of(cx, "<p:a xmlns:p='urn:x' p:ID='wrong' ID='right'/>");
    assert_string_equal(sso_xml_attr(cx, root, "ID"), "right");
}

static void walk_visits_every_node_once(void **state)
{
    sso_ctx_t *cx = *state;
    xmlNode *root = root_of(cx, "<a>1<b><c>2</c></b><d/>3</a>");
    xmlNode *b = sso_xml_first(root);
    const xmlNode *node;
    int n = 0;

    for (node = root; node; node = sso_xml_walk(node, root)) {
        n++;
    }
    assert_int_equal(n, 7);
    for (n = 0, node = b; node; node = sso_xml_walk(node, b)) {
        n++;
    }
    assert_int_equal(n, 3);
    assert_null(sso_xml_walk(b->next, b->next));
}

static void start_is_for_any_number_of_calls(void **state)
{
    assert_int_equal(sso_xml_start(*state), APR_SUCCESS);
    assert_int_equal(sso_xml_start(*state), APR_SUCCESS);
}

/* ---- R5, R18: what the parser is told, and that it asks for nothing ---- */

static int options_given;
static int urls_given;
static int loaded;

UNIT_WRAP(xmlDoc *, xmlCtxtReadMemory, xmlParserCtxt *parser, const char *text, int n,
          const char *url, const char *encoding, int options);

xmlDoc *wrap_xmlCtxtReadMemory(xmlParserCtxt *parser, const char *text, int n, const char *url,
                               const char *encoding, int options)
{
    parses++;
    options_given = options;
    urls_given += url || encoding;
    return real_xmlCtxtReadMemory(parser, text, n, url, encoding, options);
}

/* Whatever else libxml2 would fetch goes through this. */
static xmlParserInput *load_nothing(const char *url, const char *id, xmlParserCtxt *parser)
{
    (void)url;
    (void)id;
    (void)parser;
    loaded++;
    return NULL;
}

/* NOENT would expand entities, DTDLOAD fetch them, RECOVER mend, HUGE lift limits: none is set. */
static void r5_the_parser_has_these_options(void **state)
{
    sso_ctx_t *cx = *state;

    assert_int_equal(verdict(cx, sso_span("<a/>"), &strict), SSO_F_NONE);
    assert_int_equal(options_given,
                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT);
    assert_int_equal(urls_given, 0);
}

/* The scan refuses these before; the parser must not follow them either. */
static void r18_nothing_is_fetched(void **state)
{
    static const char *const text[] = {
        "<!DOCTYPE a SYSTEM \"/etc/hostname\"><a/>",
        "<!DOCTYPE a PUBLIC \"-//X\" \"http://127.0.0.1/x.dtd\"><a/>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM \"/etc/hostname\">]><a>&b;</a>",
        "<!DOCTYPE a [<!ENTITY % b SYSTEM \"/etc/hostname\"> %b;]><a/>",
        "<a xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include href=\"/etc/hostname\"/></a>",
        "<?xml-stylesheet href=\"/etc/hostname\"?><a/>",
    };
    const xmlExternalEntityLoader usual = xmlGetExternalEntityLoader();
    sso_ctx_t *cx = *state;
    apr_size_t i;

    xmlSetExternalEntityLoader(load_nothing);
    for (i = 0; i < COUNT(text); i++)
        (void)verdict(cx, sso_span(text[i]), &relaxed);
    xmlSetExternalEntityLoader(usual);
    assert_int_equal(loaded, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(rows_strict),
        UNIT(rows_relaxed),
        UNIT(r1_size),
        UNIT(r2_bounds),
        UNIT(r2_namespaces_leave_scope),
        UNIT(hostile_sizes),
        UNIT(r5_the_parser_has_these_options),
        UNIT(r18_nothing_is_fetched),
        UNIT(r4_seen_by_the_scan),
        UNIT(r4_every_prefix_is_refused),
        UNIT(r2_every_byte_at_every_place),
        UNIT(r12_length),
        UNIT(r21_text),
        UNIT(r21_text_in_parts),
        UNIT(r23_names),
        UNIT(r23_attributes_have_no_namespace),
        UNIT(walk_visits_every_node_once),
        UNIT(start_is_for_any_number_of_calls),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
