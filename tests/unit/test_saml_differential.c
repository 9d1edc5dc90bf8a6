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
#include "wild_xml.h"

#define COUNT(a)  ((int)(sizeof(a) / sizeof((a)[0])))
#define DOCUMENTS 400
#define CHANGES   12 /* of each document */

static const sso_xml_limits_t strict = {.bytes = 256 * 1024, .elements = 20000};

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
static const char *change(apr_pool_t *pool, wild_t *w, const char *xml)
{
    static const char *const pieces[] = {" ",     "\n",       "<x/>", " z=''", " xmlns:n='urn:n'",
                                         "&#32;", "\xc3\xa9", "a",    "xmlns", ":",
                                         "=",     NULL};
    char *copy = apr_pstrdup(pool, xml);
    apr_size_t n = strlen(xml);
    apr_size_t at = (apr_size_t)wild_below(w, (int)n);

    if (wild_below(w, 2)) {
        copy[at] = "abz<>&\"' :=/x1"[wild_below(w, 14)];
        return copy;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, copy, at), pieces[wild_below(w, COUNT(pieces))],
                       copy + at, NULL);
}

static void wild_documents(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP_EC);
    tally_t whole = {0, 0, 0};
    tally_t changed = {0, 0, 0};
    wild_t w = wild_by_chance();
    int i;
    int k;

    for (i = 0; i < DOCUMENTS; i++) {
        forge_sig_t sig = wild_sig(&w);
        const char *xml = forge_sign(cx->pool, wild_document(cx->pool, &w), &sig);

        compare(cx, xml, &trust, &whole);
        for (k = 0; k < CHANGES; k++) {
            compare(cx, change(cx->pool, &w, xml), &trust, &changed);
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
    wild_t w = wild_by_chance();
    int i;

    for (i = 0; i < COUNT(alg); i++) {
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
            compare(cx, change(cx->pool, &w, xml), &trust, &changed);
        }
    }
    print_message("  changed: %d accepted, %d refused, %d not tried\n", changed.accepted,
                  changed.refused, changed.not_tried);
    assert_int_equal(whole.accepted, COUNT(alg));
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
