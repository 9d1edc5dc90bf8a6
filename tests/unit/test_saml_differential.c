/*
 * test_saml_differential.c - two verifiers, one verdict: the product's own and xmlsec1's.
 *
 * Documents are made at random, as wild as the namespaces of XML allow, signed by the forge (which
 * uses libxml2's canonical form), and given to both as they are and with a change. Both must say
 * the same, and where they accept, must have digested the same octets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "saml/saml_sig.h"
#include "saml_forge.h"
#include "unit.h"
#include "verify_xmlsec.h"

#define DOCUMENTS 400
#define CHANGES   12 /* of each document */

static const sso_xml_limits_t strict = {.bytes = 256 * 1024, .elements = 20000};

/* ---- chance, the same at every run ---- */

static apr_uint64_t seed = 88172645463325252u;

static int below(int n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int)(seed % (apr_uint64_t)n);
}

static const char *one_of(const char *const *list)
{
    int n = 0;

    while (list[n]) {
        n++;
    }
    return list[below(n)];
}

/* ---- documents ---- */

static const char *const prefixes[] = {"p", "q", "r", "xs", NULL};
static const char *const uris[] = {"urn:x", "urn:y", "http://z/?a=b", "urn:x:longer", NULL};
static const char *const locals[] = {"a",       "b", "AttributeValue", "\xc3\xa9l\xc3\xa9ment",
                                     "c.d-e_1", NULL};
static const char *const texts[] = {"text",      " ",       "\n\t",   "&amp;&lt;&gt;",
                                    "&#13;\r\n", "\"'",     "&quot;", "\xe2\x82\xac",
                                    "]]&gt;",    "a&#x9;b", ">",      "",
                                    NULL};
static const char *const values[] = {
    "1",         "",  " a  b ", "&lt;&amp;&#10;&#9;&#13;", "&quot;'", "\n\t x", "\xf0\x9f\x98\x80",
    "xs:string", ">", NULL};

/* Which prefixes an element may use: those declared around it, or by itself. */
typedef struct {
    int p, q, r, xs;
} scope_t;

static int *flag_of(scope_t *s, const char *prefix)
{
    if (strcmp(prefix, "p") == 0) return &s->p;
    if (strcmp(prefix, "q") == 0) return &s->q;
    return strcmp(prefix, "r") == 0 ? &s->r : &s->xs;
}

static void put_declarations(sso_buf_t *b, scope_t *s)
{
    int i;

    for (i = 0; prefixes[i]; i++) {
        if (below(4)) continue;
        sso_buf_format(b, " xmlns:%s='%s'", prefixes[i], one_of(uris));
        *flag_of(s, prefixes[i]) = 1;
    }
    if (!below(4))
        sso_buf_format(b, " xmlns=\"%s\"", one_of(uris));
    else if (!below(8))
        sso_buf_text(b, " xmlns=''");
}

static void put_attributes(sso_buf_t *b, scope_t *s)
{
    static const char *const plain[] = {"zz", "a", "Name", "m", NULL};
    int first = below(4);
    const char *prefix = one_of(prefixes);
    int i;

    for (i = first; plain[i];
         i++) { /* different names, in an order that is not the canonical one */
        if (below(2)) sso_buf_format(b, "\n %s=\"%s\"", plain[i], one_of(values));
    }
    if (*flag_of(s, prefix)) {
        sso_buf_format(b, " %s:%s = '", prefix, one_of(locals));
        sso_buf_text(b, below(2) ? "x" : "&apos;&amp;");
        sso_buf_text(b, "'");
    }
    if (!below(6)) sso_buf_text(b, " xml:lang='en'");
    if (!below(9)) sso_buf_text(b, " xml:space=\"preserve\"");
}

/* A name with its colon; the prefix may be NULL. */
static void put_name(sso_buf_t *b, const char *prefix, const char *local)
{
    if (prefix) sso_buf_format(b, "%s:", prefix);
    sso_buf_text(b, local);
}

static void put_element(sso_buf_t *b, scope_t s, int depth)
{
    sso_buf_t tag = sso_buf_make(b->pool, 256, 65536); /* what follows the name decides about it */
    const char *prefix = one_of(prefixes);
    const char *local = one_of(locals);
    int n;

    put_declarations(&tag, &s);
    put_attributes(&tag, &s);
    if (!*flag_of(&s, prefix) || below(3) == 0) prefix = NULL;
    sso_buf_char(b, '<');
    put_name(b, prefix, local);
    sso_buf_format(b, "%s%s>", tag.p, below(2) ? " " : "");
    for (n = below(4); n > 0 && depth > 0; n--) {
        sso_buf_text(b, one_of(texts));
        put_element(b, s, depth - 1);
    }
    sso_buf_text(b, one_of(texts));
    sso_buf_text(b, "</");
    put_name(b, prefix, local);
    sso_buf_char(b, '>');
}

/* An envelope that declares things, around an element with an ID that holds the wild ones. */
static const char *make_document(apr_pool_t *pool)
{
    sso_buf_t b = sso_buf_make(pool, 4096, 1024 * 1024);
    scope_t s = {0, 0, 0, 0};
    int n;

    sso_buf_text(&b, "<envelope");
    put_declarations(&b, &s);
    sso_buf_text(&b, "> <signed ID=\"_s\"");
    put_declarations(&b, &s);
    put_attributes(&b, &s);
    sso_buf_text(&b, ">");
    for (n = 1 + below(3); n > 0; n--) {
        put_element(&b, s, 4);
    }
    sso_buf_text(&b, "</signed>\n</envelope>");
    return b.p;
}

/* ---- signatures ---- */

static forge_sig_t make_sig(int *inclusive)
{
    static const char *const lists[] = {"xs", "p q", "#default", "xs #default p nothing", NULL};
    forge_sig_t sig = forge_sig();

    sig.key = FORGE_IDP_EC;
    sig.algorithm = FORGE_DSIG_MORE "ecdsa-sha256";
    sig.id = "_s";
    if (below(2)) sig.prefixes = one_of(lists);
    if (below(3) == 0) sig.c14n_prefixes = one_of(lists);
    if (below(3) == 0) sig.space = "\n  ";
    *inclusive = below(4) == 0;
    if (*inclusive && below(2)) sig.c14n = FORGE_INCLUSIVE;
    if (*inclusive) sig.content_c14n = FORGE_INCLUSIVE;
    if (*inclusive) sig.prefixes = sig.c14n_prefixes = NULL;
    return sig;
}

/* ---- the comparison ---- */

typedef struct {
    int accepted, refused, not_tried;
} tally_t;

static xmlNode *signed_element(sso_ctx_t *cx, xmlDoc *doc)
{
    xmlNode *root = xmlDocGetRootElement(doc);
    xmlNode *node;

    for (node = root; node; node = sso_xml_walk(node, root)) {
        if (node->type == XML_ELEMENT_NODE && sso_xml_attr(cx, node, "ID")) return node;
    }
    return NULL;
}

static void compare(sso_ctx_t *cx, const char *xml, const sso_saml_trust_t *trust, tally_t *tally)
{
    sso_span_t ours = {NULL, 0};
    sso_span_t theirs = {NULL, 0};
    sso_saml_profile_t profile;
    xmlNode *element;
    xmlNode *signature;
    xmlDoc *doc;
    apr_status_t rv, other;

    tally->not_tried++;
    sso_ctx_clear(cx);
    if (sso_xml_parse(cx, sso_span(xml), &strict, &doc) != APR_SUCCESS) return;
    element = signed_element(cx, doc);
    signature = element ? sso_saml_sig_of(element) : NULL;
    if (!signature) return;
    if (sso_saml_profile(cx, element, signature, trust, &profile) != APR_SUCCESS) return;

    tally->not_tried--;
    rv = sso_saml_verifier.verify(cx, element, &profile, trust, strict.bytes, &ours);
    if (cx->err.fault == SSO_F_SIG_PROFILE) { /* inherited xml: attributes, which we refuse */
        tally->not_tried++;
        return;
    }
    other = verify_by_xmlsec.verify(cx, element, &profile, trust, strict.bytes, &theirs);
    if ((rv == APR_SUCCESS) != (other == APR_SUCCESS)) {
        fail_msg("own: %s, xmlsec1: %s\n%s", rv ? "no" : "yes", other ? "no" : "yes", xml);
    }
    if (!sso_span_eq(ours, theirs)) {
        fail_msg("different octets\n%.*s\n%.*s", (int)ours.n, ours.p, (int)theirs.n, theirs.p);
    }
    if (rv == APR_SUCCESS)
        tally->accepted++;
    else
        tally->refused++;
}

static sso_saml_trust_t trust_in(sso_ctx_t *cx, forge_key_t key)
{
    apr_array_header_t *certs = apr_array_make(cx->pool, 1, sizeof(const sso_cert_t *));

    APR_ARRAY_PUSH(certs, const sso_cert_t *) = forge_cert(cx->pool, key, cx->now);
    return (sso_saml_trust_t){.certs = certs, .allow_inclusive = 1, .allow_sha1 = 1};
}

/* One change that may or may not matter: a byte, or a piece of XML where one may stand. */
static const char *change(apr_pool_t *pool, const char *xml)
{
    static const char *const pieces[] = {" ",     "\n",       "<x/>", " z=''", " xmlns:n='urn:n'",
                                         "&#32;", "\xc3\xa9", "a",    "xmlns", ":",
                                         "=",     NULL};
    char *copy = apr_pstrdup(pool, xml);
    apr_size_t n = strlen(xml);
    apr_size_t at = (apr_size_t)below((int)n);

    if (below(2)) {
        copy[at] = "abz<>&\"' :=/x1"[below(14)];
        return copy;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, copy, at), one_of(pieces), copy + at, NULL);
}

static void wild_documents(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP_EC);
    tally_t whole = {0, 0, 0};
    tally_t changed = {0, 0, 0};
    int i;
    int k;

    for (i = 0; i < DOCUMENTS; i++) {
        int inclusive;
        forge_sig_t sig = make_sig(&inclusive);
        const char *xml = forge_sign(cx->pool, make_document(cx->pool), &sig);

        compare(cx, xml, &trust, &whole);
        for (k = 0; k < CHANGES; k++) {
            compare(cx, change(cx->pool, xml), &trust, &changed);
        }
    }
    print_message("  as made: %d accepted, %d refused, %d not tried\n", whole.accepted,
                  whole.refused, whole.not_tried);
    print_message("  changed: %d accepted, %d refused, %d not tried\n", changed.accepted,
                  changed.refused, changed.not_tried);
    assert_int_equal(whole.refused, 0);
    assert_true(whole.accepted > DOCUMENTS * 3 / 4);
    assert_true(changed.accepted > DOCUMENTS / 10); /* changes that do not matter */
    assert_true(changed.refused > DOCUMENTS);
}

/* Every algorithm that both know, on a real message; then every single byte of it changed. */
static void messages(void **state)
{
    static const struct {
        forge_key_t key;
        const char *algorithm, *digest;
    } alg[] = {
        {FORGE_IDP, FORGE_RSA_SHA256, FORGE_SHA256},
        {FORGE_IDP, FORGE_DSIG_MORE "rsa-sha384", FORGE_DSIG_MORE "sha384"},
        {FORGE_IDP, FORGE_DSIG_MORE "rsa-sha512", FORGE_ENC "sha512"},
        {FORGE_IDP, FORGE_DSIG "rsa-sha1", FORGE_DSIG "sha1"},
        {FORGE_IDP_EC, FORGE_DSIG_MORE "ecdsa-sha256", FORGE_SHA256},
        {FORGE_IDP_384, FORGE_DSIG_MORE "ecdsa-sha384", FORGE_DSIG_MORE "sha384"},
        {FORGE_IDP_EC, FORGE_DSIG_MORE "ecdsa-sha512", FORGE_ENC "sha512"},
        {FORGE_IDP_EC, FORGE_DSIG_MORE "ecdsa-sha1", FORGE_SHA256},
    };
    sso_ctx_t *cx = *state;
    tally_t whole = {0, 0, 0};
    tally_t changed = {0, 0, 0};
    apr_size_t i;

    for (i = 0; i < sizeof(alg) / sizeof(alg[0]); i++) {
        sso_saml_trust_t trust = trust_in(cx, alg[i].key);
        forge_sig_t sig = forge_sig();
        forge_t f = forge(cx->now);
        const char *xml;
        int k;

        sig.key = alg[i].key;
        sig.algorithm = alg[i].algorithm;
        sig.digest = alg[i].digest;
        f.sign_assertion = i % 2 ? &sig : NULL;
        f.sign_response = &sig;
        xml = forge_response(cx->pool, &f);
        compare(cx, xml, &trust, &whole);
        for (k = 0; k < 60; k++) {
            compare(cx, change(cx->pool, xml), &trust, &changed);
        }
    }
    print_message("  changed: %d accepted, %d refused, %d not tried\n", changed.accepted,
                  changed.refused, changed.not_tried);
    assert_int_equal(whole.accepted, (int)(sizeof(alg) / sizeof(alg[0])));
    assert_true(changed.refused > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(wild_documents),
        UNIT(messages),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
