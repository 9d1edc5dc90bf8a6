/*
 * saml_scan.c - one pass over the bytes: tags are counted, nothing is built.
 *
 * It knows as much of XML as it takes to see where tags, attributes and references begin and end.
 * What it lets through may still be wrong (names, tags that do not match): the parser says so.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_scan.h"

#include "base/codec.h"

typedef struct {
    sso_ctx_t *cx;
    const sso_xml_limits_t *limits;
    const char *first, *p, *end;
    int elements;
    int attributes;                        /* of all tags */
    int depth;                             /* elements open here */
    int in_scope;                          /* namespace declarations in scope here */
    unsigned char declared[SSO_XML_DEPTH]; /* namespace declarations of each open element */
} scan_t;

/* What one start tag holds. */
typedef struct {
    int attributes;
    int namespaces;
} tag_t;

#define AT(s) ((unsigned long)((s)->p - (s)->first)) /* for messages: "at byte 17" */

static apr_status_t bad_syntax(scan_t *s, const char *what)
{
    return sso_fail(s->cx, SSO_F_XML_SYNTAX, "%s at byte %lu of the XML", what, AT(s));
}

static apr_status_t forbidden(scan_t *s, const char *what)
{
    return sso_fail(s->cx, SSO_F_XML_FORBIDDEN, "%s at byte %lu of the XML", what, AT(s));
}

static apr_status_t over_limit(scan_t *s, int most, const char *of_what)
{
    return sso_fail(s->cx, SSO_F_XML_LIMIT, "more than %d %s at byte %lu of the XML", most, of_what,
                    AT(s));
}

static int is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void skip_space(scan_t *s)
{
    while (s->p < s->end && is_space(*s->p)) {
        s->p++;
    }
}

static apr_size_t left(const scan_t *s)
{
    return (apr_size_t)(s->end - s->p);
}

/* Do these bytes come next? */
static inline int is_next(const scan_t *s, const char *z)
{
    return sso_span_starts(sso_span_of(s->p, left(s)), z);
}

/* Is this the byte at hand? */
static int is_at(const scan_t *s, char c)
{
    return s->p < s->end && *s->p == c;
}

/* Go past the next occurrence of the bytes, which are two or three. */
static int skip_past(scan_t *s, const char *z)
{
    apr_size_t n = strlen(z);

    for (; (apr_size_t)(s->end - s->p) >= n; s->p++) {
        if (memcmp(s->p, z, n) == 0) {
            s->p += n;
            return 1;
        }
    }
    return 0;
}

/* The names of libxml2 and of XML itself are stricter; this only finds where one ends. */
static sso_span_t read_name(scan_t *s)
{
    static const char ends[256] = {
        [' '] = 1, ['\n'] = 1, ['\t'] = 1, ['\r'] = 1, ['='] = 1, ['/'] = 1,
        ['>'] = 1, ['<'] = 1,  ['&'] = 1,  ['\''] = 1, ['"'] = 1};
    const char *start = s->p;

    while (s->p < s->end && !ends[(unsigned char)*s->p]) {
        s->p++;
    }
    return sso_span_of(start, (apr_size_t)(s->p - start));
}

/* A character that may be referred to: those that may stand in the text themselves, and CR. */
static int is_character(apr_uint32_t c)
{
    if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
    return c != 0x7f && (c < 0xd800 || (c > 0xdfff && c < 0xfffe) || (c > 0xffff && c <= 0x10ffff));
}

static int digit_value(char c, apr_uint32_t base)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (base == 16 && c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (base == 16 && c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* "&#" was seen: a number and a semicolon. */
static apr_status_t character_reference(scan_t *s)
{
    apr_uint32_t base = is_at(s, 'x') ? 16 : 10;
    apr_uint32_t value = 0;
    const char *start;

    if (base == 16) s->p++;
    for (start = s->p; s->p < s->end && digit_value(*s->p, base) >= 0; s->p++) {
        value = value * base + (apr_uint32_t)digit_value(*s->p, base);
        if (value > 0x10ffff) return forbidden(s, "a reference to no character");
    }
    if (s->p == start || !is_at(s, ';')) return bad_syntax(s, "a broken character reference");
    if (!is_character(value)) return forbidden(s, "a reference to a control character");
    s->p++;
    return APR_SUCCESS;
}

/* At '&': one of the five that need no declaration, or a character. Others need a DTD. */
static apr_status_t reference(scan_t *s)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    apr_size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (is_next(s, known[i])) {
            s->p += strlen(known[i]);
            return APR_SUCCESS;
        }
    }
    if (!is_next(s, "&#")) return forbidden(s, "an entity reference");
    s->p += 2;
    return character_reference(s);
}

/* Check the references up to `end`, and go there. What stands at `end` is no part of a reference, so
 * none goes beyond it. */
static apr_status_t references_until(scan_t *s, const char *end)
{
    while ((s->p = memchr(s->p, '&', (apr_size_t)(end - s->p)))) {
        apr_status_t rv = reference(s);

        if (rv != APR_SUCCESS) return rv;
    }
    s->p = end;
    return APR_SUCCESS;
}

/* Text up to the next '<' or the end; outside the root only white space. */
static apr_status_t text(scan_t *s)
{
    const char *end = memchr(s->p, '<', left(s));

    if (!end) end = s->end;
    if (s->depth > 0) return references_until(s, end);
    skip_space(s);
    return s->p == end ? APR_SUCCESS : bad_syntax(s, "text outside the root");
}

/* The value between its quotes, as it came. */
static apr_status_t quoted(scan_t *s, sso_span_t *value)
{
    const char *start = s->p + 1;
    const char *end;
    apr_status_t rv;

    if (!is_at(s, '"') && !is_at(s, '\'')) return bad_syntax(s, "a value without quotes");
    end = memchr(start, *s->p, left(s) - 1);
    if (!end) return bad_syntax(s, "a value that does not end");
    s->p++;
    *value = sso_span_of(start, (apr_size_t)(end - start));
    if (memchr(start, '<', value->n)) return bad_syntax(s, "'<' in an attribute");
    rv = references_until(s, end);
    s->p = end + 1;
    return rv;
}

static apr_status_t name_and_value(scan_t *s, sso_span_t *name, sso_span_t *value)
{
    *name = read_name(s);
    if (name->n == 0) return bad_syntax(s, "no name of an attribute");
    skip_space(s);
    if (!is_at(s, '=')) return bad_syntax(s, "an attribute without a value");
    s->p++;
    skip_space(s);
    return quoted(s, value);
}

static apr_status_t count_attribute(scan_t *s, sso_span_t name, tag_t *tag)
{
    int declares = sso_span_starts(name, "xmlns") && (name.n == 5 || name.p[5] == ':');

    if (declares && ++tag->namespaces > SSO_XML_NS_TAG) {
        return over_limit(s, SSO_XML_NS_TAG, "namespaces in one tag");
    }
    if (!declares && ++tag->attributes > SSO_XML_ATTRIBUTES) {
        return over_limit(s, SSO_XML_ATTRIBUTES, "attributes in one tag");
    }
    if (++s->attributes > s->limits->elements) {
        return sso_fail(s->cx, SSO_F_XML_SIZE, "the XML has more than %d attributes",
                        s->limits->elements);
    }
    return APR_SUCCESS;
}

static apr_status_t open_element(scan_t *s, const tag_t *tag)
{
    if (++s->elements > s->limits->elements) {
        return sso_fail(s->cx, SSO_F_XML_SIZE, "the XML has more than %d elements",
                        s->limits->elements);
    }
    if (s->depth == SSO_XML_DEPTH) return over_limit(s, SSO_XML_DEPTH, "levels");
    s->in_scope += tag->namespaces;
    if (s->in_scope > SSO_XML_NS_SCOPE) return over_limit(s, SSO_XML_NS_SCOPE, "namespaces");
    s->declared[s->depth++] = (unsigned char)tag->namespaces;
    return APR_SUCCESS;
}

static void close_element(scan_t *s)
{
    s->in_scope -= s->declared[--s->depth];
}

/* At '<' of a start tag; up to and with its '>'. */
static apr_status_t start_tag(scan_t *s)
{
    tag_t tag = {0, 0};
    apr_status_t rv;

    if (s->depth == 0 && s->elements > 0) return bad_syntax(s, "a second root"); /* R4 */
    s->p++;
    if (read_name(s).n == 0) return bad_syntax(s, "'<' without a name");
    for (skip_space(s); s->p < s->end && *s->p != '>' && *s->p != '/'; skip_space(s)) {
        sso_span_t name, value;

        rv = name_and_value(s, &name, &value);
        if (rv == APR_SUCCESS) rv = count_attribute(s, name, &tag);
        if (rv != APR_SUCCESS) return rv;
    }
    rv = open_element(s, &tag);
    if (rv != APR_SUCCESS) return rv;
    if (is_at(s, '/')) {
        close_element(s);
        s->p++;
    }
    if (!is_at(s, '>')) return bad_syntax(s, "a tag that does not end");
    s->p++;
    return APR_SUCCESS;
}

/* At '<' of an end tag. */
static apr_status_t end_tag(scan_t *s)
{
    if (s->depth == 0) return bad_syntax(s, "an end tag without a start tag");
    s->p += 2;
    if (read_name(s).n == 0) return bad_syntax(s, "an end tag without a name");
    skip_space(s);
    if (!is_at(s, '>')) return bad_syntax(s, "an end tag that does not end");
    s->p++;
    close_element(s);
    return APR_SUCCESS;
}

/* At "<!": a comment or CDATA where they are allowed; never anything else. */
static apr_status_t declaration(scan_t *s)
{
    if (s->limits->comments && is_next(s, "<!--")) {
        s->p += 4;
        return skip_past(s, "-->") ? APR_SUCCESS : bad_syntax(s, "a comment that does not end");
    }
    if (s->limits->comments && s->depth > 0 && is_next(s, "<![CDATA[")) {
        s->p += 9;
        return skip_past(s, "]]>") ? APR_SUCCESS : bad_syntax(s, "CDATA that does not end");
    }
    return forbidden(s, "a DOCTYPE, entity, comment or CDATA section");
}

/* At '<'. */
static apr_status_t markup(scan_t *s)
{
    switch (left(s) > 1 ? s->p[1] : '\0') {
    case '!':
        return declaration(s);
    case '?':
        return forbidden(s, "a processing instruction");
    case '/':
        return end_tag(s);
    default:
        return start_tag(s);
    }
}

/* One part of an XML declaration. The standalone flag means nothing without a DTD. */
static apr_status_t declared(scan_t *s, sso_span_t name, sso_span_t value)
{
    if (sso_span_is(name, "standalone")) return APR_SUCCESS;
    if (sso_span_is(name, "version")) {
        return sso_span_is(value, "1.0") ? APR_SUCCESS : forbidden(s, "another version of XML");
    }
    if (sso_span_is(name, "encoding")) {
        int is_utf8 = value.n == 5 && strncasecmp(value.p, "UTF-8", 5) == 0;

        return is_utf8 ? APR_SUCCESS : forbidden(s, "another encoding");
    }
    return bad_syntax(s, "an unknown part of the XML declaration");
}

/* The XML declaration, if there is one. */
static apr_status_t xml_declaration(scan_t *s)
{
    if (!is_next(s, "<?xml") || s->end - s->p == 5 || !is_space(s->p[5])) return APR_SUCCESS;
    s->p += 5;
    for (skip_space(s); s->p < s->end && !is_next(s, "?>"); skip_space(s)) {
        sso_span_t name, value;
        apr_status_t rv = name_and_value(s, &name, &value);

        if (rv == APR_SUCCESS) rv = declared(s, name, value);
        if (rv != APR_SUCCESS) return rv;
    }
    if (s->p == s->end) return bad_syntax(s, "an XML declaration that does not end");
    s->p += 2;
    return APR_SUCCESS;
}

/* Are the next eight bytes all printable ASCII, as most are? A byte's high bit is set in `odd` when
 * it is 0x80 or more, less than 0x20, or DEL; now and then also when its neighbour is one of these,
 * and then it is looked at by itself. */
static int is_plain_word(const char *p)
{
    const apr_uint64_t high = 0x8080808080808080u;
    const apr_uint64_t del = 0x7f7f7f7f7f7f7f7fu;
    apr_uint64_t word;
    apr_uint64_t odd;

    memcpy(&word, p, sizeof(word));
    odd = word | (word - 0x2020202020202020u) | ((word ^ del) - 0x0101010101010101u);
    return (odd & high) == 0;
}

/* UTF-8 without a BOM or a control byte: whatever a parser thinks of encodings, there is one. */
static apr_status_t plain_bytes(scan_t *s)
{
    int ascii = 1;

    if (is_next(s, "\xef\xbb\xbf")) return forbidden(s, "a byte order mark");
    while (s->p < s->end) {
        unsigned char c = (unsigned char)*s->p;

        if (left(s) >= 8 && is_plain_word(s->p)) {
            s->p += 8;
            continue;
        }
        if ((c < 0x20 && !is_space((char)c)) || c == 0x7f) return forbidden(s, "a control byte");
        if (c >= 0x80) ascii = 0;
        s->p++;
    }
    s->p = s->first;
    if (!ascii && !sso_is_utf8(sso_span_of(s->first, left(s)))) {
        return sso_fail(s->cx, SSO_F_XML_FORBIDDEN, "the XML is not UTF-8");
    }
    return APR_SUCCESS;
}

/* Everything after the XML declaration. */
static apr_status_t content(scan_t *s)
{
    while (s->p < s->end) {
        apr_status_t rv = *s->p == '<' ? markup(s) : text(s);

        if (rv != APR_SUCCESS) return rv;
    }
    if (s->depth > 0) return bad_syntax(s, "an element that does not end");
    if (s->elements == 0) return bad_syntax(s, "no element");
    return APR_SUCCESS;
}

apr_status_t sso_xml_check(sso_ctx_t *cx, sso_span_t text_in, const sso_xml_limits_t *limits)
{
    scan_t s = {.cx = cx, .limits = limits};
    apr_status_t rv;

    if (text_in.n > limits->bytes) {
        return sso_fail(cx, SSO_F_XML_SIZE, "%lu bytes of XML; at most %lu are read",
                        (unsigned long)text_in.n, (unsigned long)limits->bytes);
    }
    if (text_in.n == 0) return sso_fail(cx, SSO_F_XML_SYNTAX, "the XML is empty");
    s.first = s.p = text_in.p;
    s.end = text_in.p + text_in.n;

    rv = plain_bytes(&s);
    if (rv == APR_SUCCESS) rv = xml_declaration(&s);
    if (rv == APR_SUCCESS) rv = content(&s);
    return rv;
}
