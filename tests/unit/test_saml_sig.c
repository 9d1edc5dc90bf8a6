/*
 * test_saml_sig.c - which signatures are accepted, and that every other is not (R10-R27).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "base/codec.h"
#include "saml/saml_names.h"
#include "saml/saml_sig.h"
#include "saml_forge.h"
#include "unit.h"

#include <openssl/evp.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NONE     (-1) /* in a row: no references at all */

static const sso_xml_limits_t strict = {.bytes = 256 * 1024, .elements = 20000};
static const sso_xml_limits_t relaxed = {.bytes = 256 * 1024, .elements = 20000, .comments = 1};

/* ---- helpers ---- */

static sso_saml_trust_t trust_in(sso_ctx_t *cx, forge_key_t key)
{
    apr_array_header_t *certs = apr_array_make(cx->pool, 2, sizeof(const sso_cert_t *));

    APR_ARRAY_PUSH(certs, const sso_cert_t *) = forge_cert(cx->pool, key, cx->now);
    return (sso_saml_trust_t){.certs = certs};
}

static void also_trust(sso_ctx_t *cx, sso_saml_trust_t *trust, forge_key_t key)
{
    apr_array_header_t *certs = apr_array_copy(cx->pool, trust->certs);

    APR_ARRAY_PUSH(certs, const sso_cert_t *) = forge_cert(cx->pool, key, cx->now);
    trust->certs = certs;
}

static xmlNode *element_with(sso_ctx_t *cx, xmlDoc *doc, const char *id)
{
    xmlNode *root = xmlDocGetRootElement(doc);
    xmlNode *node;

    for (node = root; node; node = sso_xml_walk(node, root)) {
        const char *is = node->type == XML_ELEMENT_NODE ? sso_xml_attr(cx, node, "ID") : NULL;

        if (is && strcmp(is, id) == 0) return node;
    }
    fail_msg("no element with ID %s", id);
    return NULL;
}

/* Parse, verify the signature of the element with this ID; the verified document or NULL. */
static xmlDoc *check(sso_ctx_t *cx, const char *xml, const char *id, const sso_saml_trust_t *trust,
                     const sso_xml_limits_t *limits, apr_status_t *rv)
{
    xmlDoc untouched;
    xmlDoc *verified = &untouched;
    xmlDoc *doc = NULL;

    *rv = sso_xml_parse(cx, sso_span(xml), limits, &doc);
    if (*rv != APR_SUCCESS) return NULL;
    *rv = sso_saml_sig_check(cx, element_with(cx, doc, id), trust, limits, &verified);
    if (*rv == APR_SUCCESS) {
        assert_ptr_not_equal(verified, &untouched);
        assert_int_equal(cx->err.fault, SSO_F_NONE);
        return verified;
    }
    assert_ptr_equal(verified, &untouched);
    return NULL;
}

/* ---- how much is done ---- */

static int canonicalised; /* calls of sso_c14n */
static int verified_with; /* keys that a signature was tried with */
static int retells;       /* what is signed names another digest, and is signed all the same */

UNIT_WRAP(apr_status_t, sso_c14n, sso_ctx_t *cx, const xmlNode *top, const xmlNode *without,
          const sso_c14n_t *how, apr_size_t max, sso_span_t *out);
UNIT_WRAP(apr_status_t, sso_sign_check, sso_ctx_t *cx, const sso_sign_alg_t *alg,
          sso_verifier_t *verifier, sso_span_t data, sso_span_t signature);

apr_status_t wrap_sso_c14n(sso_ctx_t *cx, const xmlNode *top, const xmlNode *without,
                           const sso_c14n_t *how, apr_size_t max, sso_span_t *out)
{
    apr_status_t rv = real_sso_c14n(cx, top, without, how, max, out);

    canonicalised++;
    if (retells && rv == APR_SUCCESS && !strcmp((const char *)top->name, "SignedInfo")) {
        *out = sso_span(forge_replace(cx->pool, sso_span_text(cx->pool, *out), "DigestValue>",
                                      "DigestValue>AAAA"));
    }
    return rv;
}

apr_status_t wrap_sso_sign_check(sso_ctx_t *cx, const sso_sign_alg_t *alg, sso_verifier_t *verifier,
                                 sso_span_t data, sso_span_t signature)
{
    verified_with++;
    if (retells) return APR_SUCCESS;
    return real_sso_sign_check(cx, alg, verifier, data, signature);
}

/* What becomes of the assertion's signature in this text. */
static sso_fault_t verdict(sso_ctx_t *cx, const char *xml, const sso_saml_trust_t *trust)
{
    apr_status_t rv;
    sso_fault_t fault;

    (void)check(cx, xml, FORGE_ASSERTION_ID, trust, &strict, &rv);
    fault = cx->err.fault;
    assert_int_equal(rv == APR_SUCCESS, fault == SSO_F_NONE && rv != APR_NOTFOUND);
    sso_ctx_clear(cx);
    return fault;
}

static const char *response_with(sso_ctx_t *cx, const forge_sig_t *sig)
{
    forge_t f = forge(cx->now);

    f.sign_assertion = sig;
    return forge_response(cx->pool, &f);
}

static void assert_verdict(sso_ctx_t *cx, const char *what, const char *xml,
                           const sso_saml_trust_t *trust, sso_fault_t wanted)
{
    sso_fault_t fault = verdict(cx, xml, trust);

    if (fault != wanted) {
        fail_msg("%s: %s, expected %s", what, sso_fault_info(fault)->code,
                 sso_fault_info(wanted)->code);
    }
}

/* ---- signatures made wrong, or right in an unusual way ---- */

typedef struct {
    const char *rule;
    forge_sig_t sig;   /* fields that are set replace those of forge_sig() */
    sso_fault_t fault; /* by default */
    sso_fault_t loose; /* with SHA-1 and inclusive C14N allowed */
} row_t;

#define YES     SSO_F_NONE, SSO_F_NONE
#define BOTH(f) SSO_F_##f, SSO_F_##f
#define OPT_IN  SSO_F_SIG_ALGORITHM, SSO_F_NONE

#define TWO(a, b)      FORGE_TRANSFORM(a) FORGE_TRANSFORM(b)
#define THREE(a, b, c) TWO(a, b) FORGE_TRANSFORM(c)
#define XSLT           "http://www.w3.org/TR/1999/REC-xslt-19991116"
#define XPATH          "http://www.w3.org/TR/1999/REC-xpath-19991116"
#define BASE64         FORGE_DSIG "base64"
#define COMMENTS       FORGE_EXCLUSIVE "WithComments"
#define C14N11         "http://www.w3.org/2006/12/xml-c14n11"
#define DIGEST_OF_NULL "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define PREFIXES_16    "a b c d e f g h i j k l m n o p"

/* clang-format off */
static const row_t row[] = {
    {"rsa-sha256", {.key = FORGE_IDP}, YES},
    {"rsa-sha384", {.algorithm = FORGE_DSIG_MORE "rsa-sha384", .digest = FORGE_DSIG_MORE "sha384"}, YES},
    {"rsa-sha512", {.algorithm = FORGE_DSIG_MORE "rsa-sha512", .digest = FORGE_ENC "sha512"}, YES},
    {"ecdsa-sha256", {.key = FORGE_IDP_EC, .algorithm = FORGE_DSIG_MORE "ecdsa-sha256"}, YES},
    {"ecdsa-sha384", {.key = FORGE_IDP_384, .algorithm = FORGE_DSIG_MORE "ecdsa-sha384"}, YES},
    {"ecdsa-sha512", {.key = FORGE_IDP_EC, .algorithm = FORGE_DSIG_MORE "ecdsa-sha512"}, YES},
    {"pss-sha256", {.algorithm = FORGE_DSIG_2007 "sha256-rsa-MGF1"}, YES},
    {"pss-sha384", {.algorithm = FORGE_DSIG_2007 "sha384-rsa-MGF1"}, YES},
    {"pss-sha512", {.algorithm = FORGE_DSIG_2007 "sha512-rsa-MGF1"}, YES},
    {"prefixes", {.prefixes = "xs saml samlp", .c14n_prefixes = "ds #default saml"}, YES},
    {"white space", {.space = "\n    "}, YES},
    {"Id of Signature", {.more_of_signature = " Id=\"sig1\""}, YES},
    {"Id of Reference", {.more_of_reference = " Id=\"ref1\""}, YES},
    {"KeyInfo", {.key_info = "<ds:KeyInfo><ds:KeyName>a</ds:KeyName><ds:X509Data/></ds:KeyInfo>"}, YES},

    {"r13_at_the_end", {.place = FORGE_LAST}, BOTH(SIG_PROFILE)},
    {"r13_before_issuer", {.place = FORGE_FIRST}, BOTH(SIG_PROFILE)},

    {"r14_reference_none", {.references = NONE}, BOTH(SIG_PROFILE)},
    {"r14_reference_two", {.references = 2}, BOTH(SIG_PROFILE)},
    {"r14_reference_type", {.more_of_reference = " Type=\"http://www.w3.org/2000/09/xmldsig#Object\""}, BOTH(SIG_PROFILE)},
    {"r14_manifest", {.more_of_reference = " Type=\"http://www.w3.org/2000/09/xmldsig#Manifest\""}, BOTH(SIG_PROFILE)},
    {"r14_uri_missing", {.uri = FORGE_NONE}, BOTH(SIG_PROFILE)},
    {"r14_uri_empty", {.uri = ""}, BOTH(SIG_PROFILE)},
    {"r14_uri_hash", {.uri = "#"}, BOTH(SIG_PROFILE)},
    {"r14_uri_other", {.uri = "#" FORGE_RESPONSE_ID}, BOTH(SIG_PROFILE)},
    {"r14_uri_nothing", {.uri = "#nothing"}, BOTH(SIG_PROFILE)},
    {"r14_uri_prefix", {.uri = "#" FORGE_ASSERTION_ID "2"}, BOTH(SIG_PROFILE)},
    {"r14_uri_without_hash", {.uri = FORGE_ASSERTION_ID}, BOTH(SIG_PROFILE)},
    {"r14_uri_xpointer_root", {.uri = "#xpointer(/)"}, BOTH(SIG_PROFILE)},
    {"r14_uri_xpointer_id", {.uri = "#xpointer(id('" FORGE_ASSERTION_ID "'))"}, BOTH(SIG_PROFILE)},
    {"r14_uri_xpointer_any", {.uri = "#xpointer(//*[@ID='" FORGE_ASSERTION_ID "'])"}, BOTH(SIG_PROFILE)},
    {"r14_uri_quote_injection", {.uri = "#" FORGE_ASSERTION_ID "')|id('x"}, BOTH(SIG_PROFILE)},
    {"r14_uri_space", {.uri = "# " FORGE_ASSERTION_ID}, BOTH(SIG_PROFILE)},
    {"r14_uri_percent", {.uri = "#%5fassertion1"}, BOTH(SIG_PROFILE)},
    {"r18_uri_http", {.uri = "http://127.0.0.1:9/x"}, BOTH(SIG_PROFILE)},
    {"r18_uri_file", {.uri = "file:///etc/hostname"}, BOTH(SIG_PROFILE)},
    {"r14_uri_absolute", {.uri = "http://x#" FORGE_ASSERTION_ID}, BOTH(SIG_PROFILE)},

    {"r14_transforms_none", {.transforms = ""}, BOTH(SIG_PROFILE)},
    {"r14_transforms_enveloped_only", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED)}, BOTH(SIG_PROFILE)},
    {"r14_transforms_c14n_only", {.transforms = FORGE_TRANSFORM(FORGE_EXCLUSIVE)}, BOTH(SIG_PROFILE)},
    {"r14_transforms_reversed", {.transforms = TWO(FORGE_EXCLUSIVE, FORGE_ENVELOPED)}, BOTH(SIG_ALGORITHM)},
    {"r14_transforms_three", {.transforms = THREE(FORGE_ENVELOPED, FORGE_EXCLUSIVE, FORGE_EXCLUSIVE)}, BOTH(SIG_PROFILE)},
    {"r14_transforms_twice", {.transforms = TWO(FORGE_ENVELOPED, FORGE_ENVELOPED)}, BOTH(SIG_ALGORITHM)},
    {"r14_transforms_xslt", {.transforms = TWO(FORGE_ENVELOPED, XSLT)}, BOTH(SIG_ALGORITHM)},
    {"r14_transforms_xslt_more", {.transforms = THREE(FORGE_ENVELOPED, FORGE_EXCLUSIVE, XSLT)}, BOTH(SIG_PROFILE)},
    {"r14_transforms_xpath", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED)
        "<ds:Transform Algorithm='" XPATH "'><ds:XPath>self::x</ds:XPath></ds:Transform>"}, BOTH(SIG_ALGORITHM)},
    {"r14_transforms_xpath_first", {.transforms = TWO(XPATH, FORGE_EXCLUSIVE)}, BOTH(SIG_ALGORITHM)},
    {"r14_transforms_base64", {.transforms = TWO(FORGE_ENVELOPED, BASE64)}, BOTH(SIG_ALGORITHM)},
    {"r14_transforms_enveloped_holds", {.transforms = "<ds:Transform Algorithm='" FORGE_ENVELOPED
        "'><x xmlns=''/></ds:Transform>" FORGE_TRANSFORM(FORGE_EXCLUSIVE)}, BOTH(SIG_PROFILE)},
    {"r14_transforms_attribute", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED)
        "<ds:Transform Algorithm='" FORGE_EXCLUSIVE "' x='y'/>"}, BOTH(SIG_PROFILE)},
    {"r14_transforms_no_algorithm", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED) "<ds:Transform/>"}, BOTH(SIG_PROFILE)},
    {"r23_transforms_algorithm_elsewhere", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED)
        "<ds:Transform ds:Algorithm='" FORGE_EXCLUSIVE "'/>"}, BOTH(SIG_PROFILE)},
    {"r14_transforms_text", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED) "x" FORGE_TRANSFORM(FORGE_EXCLUSIVE)}, BOTH(SIG_PROFILE)},
    {"r14_transforms_foreign", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED)
        "<Transform xmlns='urn:x' Algorithm='" FORGE_EXCLUSIVE "'/>"}, BOTH(SIG_PROFILE)},
    {"r14_prefixes_16", {.prefixes = PREFIXES_16, .c14n_prefixes = PREFIXES_16}, YES},
    {"r14_prefixes_17", {.prefixes = PREFIXES_16 " q"}, BOTH(SIG_PROFILE)},
    {"r14_prefixes_17_c14n", {.c14n_prefixes = PREFIXES_16 " q"}, BOTH(SIG_PROFILE)},
    {"r14_prefixes_twice", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED) "<ds:Transform Algorithm='" FORGE_EXCLUSIVE
        "'><InclusiveNamespaces xmlns='" FORGE_EXCLUSIVE "' PrefixList='a'/><InclusiveNamespaces xmlns='"
        FORGE_EXCLUSIVE "' PrefixList='b'/></ds:Transform>"}, BOTH(SIG_PROFILE)},
    {"r14_prefixes_of_another", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED) "<ds:Transform Algorithm='" FORGE_EXCLUSIVE
        "'><InclusiveNamespaces xmlns='urn:x' PrefixList='a'/></ds:Transform>"}, BOTH(SIG_PROFILE)},
    {"r14_prefixes_missing", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED) "<ds:Transform Algorithm='" FORGE_EXCLUSIVE
        "'><InclusiveNamespaces xmlns='" FORGE_EXCLUSIVE "'/></ds:Transform>"}, BOTH(SIG_PROFILE)},
    {"r14_prefixes_with_content", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED) "<ds:Transform Algorithm='" FORGE_EXCLUSIVE
        "'><InclusiveNamespaces xmlns='" FORGE_EXCLUSIVE "' PrefixList='a'>b</InclusiveNamespaces></ds:Transform>"}, BOTH(SIG_PROFILE)},
    {"r14_prefixes_with_text", {.transforms = FORGE_TRANSFORM(FORGE_ENVELOPED) "<ds:Transform Algorithm='" FORGE_EXCLUSIVE
        "'>a</ds:Transform>"}, BOTH(SIG_PROFILE)},

    {"r14_signed_info_tail", {.signed_info_tail = "<ds:Reference URI=''/>"}, BOTH(SIG_PROFILE)},
    {"r14_signed_info_foreign", {.signed_info_tail = "<x xmlns='urn:x'/>"}, BOTH(SIG_PROFILE)},
    {"r14_signed_info_text", {.signed_info_tail = "x"}, BOTH(SIG_PROFILE)},
    {"r14_object", {.signature_tail = "<ds:Object/>"}, BOTH(SIG_PROFILE)},
    {"r14_object_with_id", {.signature_tail = "<ds:Object Id='o'><x xmlns='urn:x'/></ds:Object>"}, BOTH(SIG_PROFILE)},
    {"r14_manifest_object", {.signature_tail = "<ds:Object><ds:Manifest><ds:Reference URI='http://x/'/></ds:Manifest></ds:Object>"}, BOTH(SIG_PROFILE)},
    {"r14_key_info_twice", {.key_info = "<ds:KeyInfo/>", .signature_tail = "<ds:KeyInfo/>"}, BOTH(SIG_PROFILE)},
    {"r14_object_behind_key_info", {.key_info = "<ds:KeyInfo/>", .signature_tail = "<ds:Object/>"}, BOTH(SIG_PROFILE)},
    {"r14_signature_attribute", {.more_of_signature = " x='y'"}, BOTH(SIG_PROFILE)},
    {"r14_signature_ID", {.more_of_signature = " ID='y'"}, BOTH(SIG_PROFILE)},
    {"r14_method_content", {.method_content = "<ds:HMACOutputLength>0</ds:HMACOutputLength>"}, BOTH(SIG_PROFILE)},
    {"r14_method_text", {.method_content = "x"}, BOTH(SIG_PROFILE)},

    {"r16_inclusive", {.content_c14n = FORGE_INCLUSIVE}, OPT_IN},
    {"r16_inclusive_signed_info", {.c14n = FORGE_INCLUSIVE}, OPT_IN},
    {"r16_inclusive_both", {.c14n = FORGE_INCLUSIVE, .content_c14n = FORGE_INCLUSIVE}, OPT_IN},
    {"r16_with_comments", {.content_c14n = COMMENTS}, BOTH(SIG_ALGORITHM)},
    {"r16_with_comments_signed_info", {.c14n = COMMENTS}, BOTH(SIG_ALGORITHM)},
    {"r16_inclusive_with_comments", {.content_c14n = FORGE_INCLUSIVE "#WithComments"}, BOTH(SIG_ALGORITHM)},
    {"r16_c14n11", {.content_c14n = C14N11}, BOTH(SIG_ALGORITHM)},
    {"r16_c14n_base64", {.c14n = BASE64}, BOTH(SIG_ALGORITHM)},
    {"r16_c14n_enveloped", {.c14n = FORGE_ENVELOPED}, BOTH(SIG_ALGORITHM)},

    {"r17_value_of_another_text", {.signature_value = "AAAA"}, BOTH(SIGNATURE)},
    {"r17_value_empty", {.signature_value = ""}, BOTH(SIG_PROFILE)},
    {"r17_value_not_base64", {.signature_value = "A"}, BOTH(SIG_PROFILE)},
    {"r17_value_with_element", {.signature_value = "AAAA<x xmlns=''/>"}, BOTH(SIG_PROFILE)},
    {"r17_digest_of_another_text", {.digest_value = DIGEST_OF_NULL}, BOTH(SIGNATURE)},
    {"r17_digest_empty", {.digest_value = ""}, BOTH(SIG_PROFILE)},
    {"r17_digest_short", {.digest_value = "AAAA"}, BOTH(SIG_PROFILE)},
    {"r17_digest_long", {.digest_value = DIGEST_OF_NULL DIGEST_OF_NULL}, BOTH(SIG_PROFILE)},
    {"r17_digest_not_base64", {.digest_value = "47DEQpj8HBSa_/TImW-5JCeuQeRkm5NMpJWZG3hSuFU="}, BOTH(SIG_PROFILE)},

    {"r24_foreign_key", {.key = FORGE_FOREIGN}, BOTH(SIGNATURE)},
    {"r27_rsa_sha1", {.algorithm = FORGE_DSIG "rsa-sha1"}, OPT_IN},
    {"r27_digest_sha1", {.digest = FORGE_DSIG "sha1"}, OPT_IN},
    {"r27_ecdsa_sha1", {.key = FORGE_IDP_EC, .algorithm = FORGE_DSIG_MORE "ecdsa-sha1"}, OPT_IN},
    {"r27_hmac_sha256", {.algorithm = FORGE_DSIG_MORE "hmac-sha256"}, BOTH(SIG_ALGORITHM)},
    {"r27_hmac_sha1", {.algorithm = FORGE_DSIG "hmac-sha1"}, BOTH(SIG_ALGORITHM)},
    {"r27_rsa_md5", {.algorithm = FORGE_DSIG_MORE "rsa-md5"}, BOTH(SIG_ALGORITHM)},
    {"r27_digest_md5", {.digest = FORGE_DSIG_MORE "md5"}, BOTH(SIG_ALGORITHM)},
    {"r27_digest_sha224", {.digest = FORGE_DSIG_MORE "sha224"}, BOTH(SIG_ALGORITHM)},
    {"r27_unknown", {.algorithm = "urn:x#rsa-sha256"}, BOTH(SIG_ALGORITHM)},
    {"r27_empty", {.algorithm = ""}, BOTH(SIG_ALGORITHM)},
    {"r27_prefix", {.algorithm = FORGE_DSIG_MORE "rsa-sha2567"}, BOTH(SIG_ALGORITHM)},
    {"r27_case", {.algorithm = FORGE_DSIG_MORE "RSA-SHA256"}, BOTH(SIG_ALGORITHM)},
    {"r27_space", {.algorithm = " " FORGE_RSA_SHA256}, BOTH(SIG_ALGORITHM)},
    {"r27_digest_as_signature", {.algorithm = FORGE_SHA256}, BOTH(SIG_ALGORITHM)},
    {"r27_signature_as_digest", {.digest = FORGE_RSA_SHA256}, BOTH(SIG_ALGORITHM)},
    {"r27_weak_key", {.key = FORGE_WEAK}, BOTH(SIGNATURE)},
};
/* clang-format on */

#define OVERLAY(field) \
    if (over->field) sig.field = over->field

/* What the row says over what everybody accepts. */
static forge_sig_t sig_of(const forge_sig_t *over)
{
    forge_sig_t sig = forge_sig();

    OVERLAY(key);
    OVERLAY(id);
    OVERLAY(into);
    OVERLAY(place);
    OVERLAY(uri);
    OVERLAY(more_of_reference);
    OVERLAY(algorithm);
    OVERLAY(method_content);
    OVERLAY(digest);
    OVERLAY(c14n);
    OVERLAY(c14n_prefixes);
    OVERLAY(content_c14n);
    OVERLAY(prefixes);
    OVERLAY(transforms);
    OVERLAY(signed_info_tail);
    OVERLAY(signature_tail);
    OVERLAY(key_info);
    OVERLAY(more_of_signature);
    OVERLAY(space);
    OVERLAY(digest_value);
    OVERLAY(signature_value);
    if (over->references) sig.references = over->references == NONE ? 0 : over->references;
    return sig;
}

/* The keys of the provider in the rows; FORGE_FOREIGN is not among them. */
static sso_saml_trust_t trust_of_rows(sso_ctx_t *cx)
{
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP_EC);

    also_trust(cx, &trust, FORGE_WEAK);
    also_trust(cx, &trust, FORGE_IDP_384);
    also_trust(cx, &trust, FORGE_IDP);
    return trust;
}

static void rows(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_of_rows(cx);
    sso_saml_trust_t loose = trust;
    apr_size_t i;

    loose.allow_sha1 = loose.allow_inclusive = 1;
    for (i = 0; i < COUNT(row); i++) {
        forge_sig_t sig = sig_of(&row[i].sig);
        const char *xml = response_with(cx, &sig);

        assert_verdict(cx, row[i].rule, xml, &trust, row[i].fault);
        assert_verdict(cx, row[i].rule, xml, &loose, row[i].loose);
    }
}

/* R10: from the signed octets of SignedInfo, not from the message, is taken what must be digested. Of
 * another length here, so that it is refused when it is read again. */
static void r10_signed_info_is_read_again(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_of_rows(cx);
    const forge_sig_t sig = forge_sig();
    sso_fault_t fault;

    retells = 1;
    fault = verdict(cx, response_with(cx, &sig), &trust);
    retells = 0;
    assert_int_equal(fault, SSO_F_SIG_PROFILE);
}

/* R10: it may be left unread only where the octets say what the message said, byte for byte. */
static void r10_octets_that_say_the_same(void **state)
{
    sso_ctx_t *cx = *state;
    static const char digest[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    static const char *const prefix[] = {"ds:", ""};
    sso_signed_info_t info = {
        .alg = sso_sign_alg_named("rsa-sha256"), .id = "_1", .digest = "SHA256"};
    apr_size_t i;
    apr_size_t k;

    assert_int_equal(
        sso_b64_decode(cx->pool, sso_span(digest), SSO_B64_STD, &info.digest_value, NULL), 0);
    for (i = 0; i < COUNT(prefix); i++) {
        sso_buf_t b = sso_buf_make(cx->pool, 1024, 4096);
        const char *xmlns = *prefix[i] ? " xmlns:ds=\"" SAML_NS_DSIG "\""
                                       : " xmlns=\"" SAML_NS_DSIG "\"";

        sso_saml_signed_info_put(&b, prefix[i], xmlns, info.alg->uri, info.id, SAML_DIGEST_SHA256,
                                 digest);
        assert_true(sso_saml_signed_info_is(cx, &info, sso_buf_span(&b)));
        for (k = 0; k < b.n; k++) {
            b.p[k] ^= 1;
            assert_false(sso_saml_signed_info_is(cx, &info, sso_buf_span(&b)));
            assert_false(sso_saml_signed_info_is(cx, &info, sso_span_of(b.p, k)));
            b.p[k] ^= 1;
        }
        info.content.inclusive = 1;
        assert_false(sso_saml_signed_info_is(cx, &info, sso_buf_span(&b)));
        info.content.inclusive = 0;
        info.c14n.prefixes = 1;
        assert_false(sso_saml_signed_info_is(cx, &info, sso_buf_span(&b)));
        info.c14n.prefixes = 0;
    }
}

/* R14: a signature of another form costs a walk over it: nothing is canonicalised, no key used. What
 * no key has made costs one canonical form, of SignedInfo, and one try for each key. */
static void r14_the_form_comes_before_the_cost(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_of_rows(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        forge_sig_t sig = sig_of(&row[i].sig);
        const char *xml = response_with(cx, &sig);
        int refused = row[i].fault == SSO_F_SIG_PROFILE || row[i].fault == SSO_F_SIG_ALGORITHM;

        canonicalised = verified_with = 0;
        assert_verdict(cx, row[i].rule, xml, &trust, row[i].fault);
        assert_in_range(canonicalised, refused ? 0 : 1, refused ? 0 : 2);
        assert_in_range(verified_with, 0, refused ? 0 : trust.certs->nelts);
    }
}

/* A message of 2 000 References, or of 2 000 Signatures, is no dearer than one. */
static void r14_many_are_refused_as_one(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    sso_buf_t many = sso_buf_make(cx->pool, 65536, 1024 * 1024);
    forge_sig_t sig = forge_sig();
    int i;

    sig.references = 200;
    canonicalised = verified_with = 0;
    assert_verdict(cx, "References", response_with(cx, &sig), &trust, SSO_F_SIG_PROFILE);
    for (i = 0; i < 2000; i++)
        sso_buf_text(&many, "<ds:Signature xmlns:ds=\"" FORGE_DSIG "\"/>");
    sig = forge_sig();
    assert_verdict(cx, "Signatures",
                   forge_replace(cx->pool, response_with(cx, &sig), "</ds:Signature>",
                                 apr_pstrcat(cx->pool, "</ds:Signature>", many.p, NULL)),
                   &trust, SSO_F_SIG_PROFILE);
    assert_int_equal(canonicalised + verified_with, 0);
}

/* A response whose assertion is signed as everybody accepts. */
static const char *good(sso_ctx_t *cx)
{
    const forge_sig_t sig = forge_sig();

    return response_with(cx, &sig);
}

/* Read text of a named element of the assertion namespace below the root. */
static const char *text_in(sso_ctx_t *cx, xmlDoc *doc, const char *local)
{
    xmlNode *root = xmlDocGetRootElement(doc);
    xmlNode *node;
    const char *text = NULL;

    for (node = root; node; node = sso_xml_walk(node, root)) {
        if (sso_xml_is(node, SAML_NS_ASSERTION, local)) break;
    }
    assert_non_null(node);
    assert_int_equal(sso_xml_text(cx, node, 0, &text), APR_SUCCESS);
    return text;
}

static void r10_data_is_read_from_the_octets(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    xmlDoc *doc = NULL;
    xmlDoc *verified = NULL;
    xmlNode *assertion;
    xmlNode *root;

    assert_int_equal(sso_xml_parse(cx, sso_span(good(cx)), &strict, &doc), APR_SUCCESS);
    assertion = element_with(cx, doc, FORGE_ASSERTION_ID);
    assert_int_equal(sso_saml_sig_check(cx, assertion, &trust, &strict, &verified), APR_SUCCESS);
    root = xmlDocGetRootElement(verified);
    assert_ptr_not_equal(root->doc, doc);
    assert_true(sso_xml_is(root, SAML_NS_ASSERTION, "Assertion"));
    assert_string_equal(sso_xml_attr(cx, root, "ID"), FORGE_ASSERTION_ID);
    assert_null(sso_saml_sig_of(root));
    xmlNodeSetContent(xmlDocGetRootElement(doc), BAD_CAST "changed");
    assert_string_equal(text_in(cx, verified, "NameID"), "alice@example.org");
}

/* The assertion inside a signed response keeps its own signature: it can be verified in turn. */
static void response_and_assertion_signed(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    const forge_sig_t sig = forge_sig();
    forge_t f = forge(cx->now);
    xmlDoc *outer;
    xmlDoc *inner = NULL;
    apr_status_t rv;

    f.sign_assertion = f.sign_response = &sig;
    outer = check(cx, forge_response(cx->pool, &f), FORGE_RESPONSE_ID, &trust, &strict, &rv);
    assert_int_equal(rv, APR_SUCCESS);
    assert_int_equal(sso_saml_sig_check(cx, element_with(cx, outer, FORGE_ASSERTION_ID), &trust,
                                        &strict, &inner),
                     APR_SUCCESS);
    assert_string_equal(text_in(cx, inner, "NameID"), "alice@example.org");
}

static void unsigned_is_not_found(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    const char *xml = good(cx);
    apr_status_t rv;

    assert_null(check(cx, xml, FORGE_RESPONSE_ID, &trust, &strict, &rv));
    assert_int_equal(rv, APR_NOTFOUND);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
    assert_null(check(cx, response_with(cx, NULL), FORGE_ASSERTION_ID, &trust, &strict, &rv));
    assert_int_equal(rv, APR_NOTFOUND);
}

/* R17: any bit of the text that matters, changed, and it does not verify; nor what was added. */
static void r17_changes_are_noticed(void **state)
{
    static const struct {
        const char *from, *to;
        sso_fault_t fault;
    } change[] = {
        {"alice@example.org", "admin@example.org", SSO_F_SIGNATURE},
        {">alice@example.org<", ">alice@example.org <", SSO_F_SIGNATURE},
        {FORGE_SP_ID, "https://sp.example/sso2", SSO_F_SIGNATURE},
        {"</saml:Subject>", "</saml:Subject> ", SSO_F_SIGNATURE},
        {"<saml:AttributeValue>staff", "<saml:AttributeValue>root", SSO_F_SIGNATURE},
        {"<saml:Subject>", "<saml:Subject x=\"\">", SSO_F_SIGNATURE},
        {"IssueInstant=\"2026-11-23T18:58:52Z\"><saml:Issuer>" FORGE_IDP_ID "</saml:Issuer><ds",
         "IssueInstant=\"2026-11-23T18:58:53Z\"><saml:Issuer>" FORGE_IDP_ID "</saml:Issuer><ds",
         SSO_F_SIGNATURE},
        {"xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID",
         "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" xmlns:x=\"urn:x\" ID", SSO_F_NONE},
        {" Version=\"2.0\" IssueInstant=\"2026-11-23T18:58:52Z\"><saml:Issuer>",
         " IssueInstant='2026-11-23T18:58:52Z'\n Version='2&#46;0' ><saml:Issuer>", SSO_F_NONE},
        {"<ds:SignedInfo>", "<ds:SignedInfo> ", SSO_F_SIGNATURE},
        {"<ds:SignatureValue>", "<ds:SignatureValue>\r\n  ", SSO_F_NONE},
        {"<ds:SignatureValue>", "<ds:SignatureValue>AAAA", SSO_F_SIGNATURE},
    };
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    const char *xml = good(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(change); i++) {
        /* the first occurrence may be the Response's: change what is in the assertion */
        const char *head = apr_pstrmemdup(cx->pool, xml,
                                          (apr_size_t)(strstr(xml, "<saml:Assertion") - xml));
        const char *tail = forge_replace(cx->pool, strstr(xml, "<saml:Assertion"), change[i].from,
                                         change[i].to);

        assert_verdict(cx, change[i].to, apr_pstrcat(cx->pool, head, tail, NULL), &trust,
                       change[i].fault);
    }
}

/* What is outside of the signed element is not of its business. */
static void changes_outside_do_not_matter(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);

    assert_verdict(cx, "status", forge_replace(cx->pool, good(cx), "status:Success", "status:x"),
                   &trust, SSO_F_NONE);
}

/* ---- whose key ---- */

/* R24: what KeyInfo carries is never a key; a signature by the right key needs no KeyInfo. */
static void r24_key_info_is_not_read(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    const char *const info[] = {
        forge_key_value(cx->pool, FORGE_FOREIGN),
        forge_x509_data(cx->pool, FORGE_FOREIGN, cx->now),
        forge_x509_data(cx->pool, FORGE_IDP, cx->now),
        "<ds:KeyInfo><ds:RetrievalMethod URI=\"http://127.0.0.1:9/\"/></ds:KeyInfo>",
        "<ds:KeyInfo><ds:KeyName>FORGE_IDP</ds:KeyName></ds:KeyInfo>",
        "<ds:KeyInfo/>",
    };
    apr_size_t i;

    for (i = 0; i < COUNT(info); i++) {
        forge_sig_t sig = forge_sig();

        sig.key_info = info[i];
        assert_verdict(cx, info[i], response_with(cx, &sig), &trust, SSO_F_NONE);
        sig.key = FORGE_FOREIGN;
        assert_verdict(cx, info[i], response_with(cx, &sig), &trust, SSO_F_SIGNATURE);
    }
}

static void r24_any_of_the_keys_will_do_and_no_other(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_FOREIGN);
    sso_saml_trust_t nobody = {.certs = apr_array_make(cx->pool, 1, sizeof(const sso_cert_t *))};
    const char *xml = good(cx);

    assert_verdict(cx, "nobody", xml, &nobody, SSO_F_SIGNATURE);
    assert_verdict(cx, "another", xml, &trust, SSO_F_SIGNATURE);
    also_trust(cx, &trust, FORGE_IDP_EC);
    assert_verdict(cx, "two others", xml, &trust, SSO_F_SIGNATURE);
    also_trust(cx, &trust, FORGE_IDP);
    assert_verdict(cx, "the third", xml, &trust, SSO_F_NONE);
}

/* A key of one type never verifies an algorithm of another, and an algorithm not its own curve's
 * digest: only the raw form decides. */
static void r27_key_and_algorithm_fit(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t rsa = trust_in(cx, FORGE_IDP);
    sso_saml_trust_t ec = trust_in(cx, FORGE_IDP_EC);
    forge_sig_t sig = forge_sig();

    assert_verdict(cx, "rsa by ec", response_with(cx, &sig), &ec, SSO_F_SIGNATURE);
    sig.key = FORGE_IDP_EC;
    sig.algorithm = FORGE_DSIG_MORE "ecdsa-sha256";
    assert_verdict(cx, "ec by rsa", response_with(cx, &sig), &rsa, SSO_F_SIGNATURE);
    sig = forge_sig();
    assert_verdict(cx, "pss as pkcs1",
                   forge_replace(cx->pool, response_with(cx, &sig), FORGE_RSA_SHA256,
                                 FORGE_DSIG_2007 "sha256-rsa-MGF1"),
                   &rsa, SSO_F_SIGNATURE);
}

/* R25: the dates of a certificate are for the log of whoever configures it. */
static void r25_expired_certificates_still_hold_keys(void **state)
{
    sso_ctx_t *cx = *state;
    apr_array_header_t *certs = apr_array_make(cx->pool, 1, sizeof(const sso_cert_t *));
    sso_saml_trust_t trust = {.certs = certs};

    APR_ARRAY_PUSH(certs, const sso_cert_t *) = forge_cert(
        cx->pool, FORGE_IDP, cx->now - apr_time_from_sec(400 * 86400));
    assert_verdict(cx, "expired", good(cx), &trust, SSO_F_NONE);
}

/* R26: whatever is loosened, a wrong signature stays wrong. */
static void r26_nothing_turns_it_off(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);

    trust.allow_sha1 = trust.allow_inclusive = 1;
    assert_verdict(cx, "changed", forge_replace(cx->pool, good(cx), ">staff<", ">stuff<"), &trust,
                   SSO_F_SIGNATURE);
}

/* ---- comments ---- */

/* R22: with comments let in, they still may not be in what is signed, nor in the signature. */
static void r22_no_comments_in_what_is_signed(void **state)
{
    static const struct {
        const char *from, *to;
        sso_fault_t fault;
    } change[] = {
        {"<samlp:Status>", "<!-- --><samlp:Status>", SSO_F_NONE},
        {">alice@", ">al<!-- -->ice@", SSO_F_SIG_PROFILE},
        {">staff<", "><![CDATA[staff]]><", SSO_F_SIG_PROFILE},
        {"<ds:DigestValue>", "<ds:DigestValue><!-- -->", SSO_F_SIG_PROFILE},
        {"<ds:SignatureValue>", "<ds:SignatureValue><!-- -->", SSO_F_SIG_PROFILE},
        {"<ds:SignedInfo>", "<ds:SignedInfo><!-- -->", SSO_F_SIG_PROFILE},
    };
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    apr_size_t i;

    for (i = 0; i < COUNT(change); i++) {
        const char *xml = forge_replace(cx->pool, good(cx), change[i].from, change[i].to);
        apr_status_t rv;

        (void)check(cx, xml, FORGE_ASSERTION_ID, &trust, &relaxed, &rv);
        if (cx->err.fault != change[i].fault) fail_msg("%s", change[i].to);
        sso_ctx_clear(cx);
        assert_verdict(cx, change[i].to, xml, &trust, SSO_F_XML_FORBIDDEN);
    }
}

/* ---- signature wrapping ---- */

#define EVIL_ID "_evil"

/* The assertion without its signature, about somebody else, under an ID of the attacker's. */
static const char *evil_assertion(sso_ctx_t *cx)
{
    forge_t f = forge(cx->now);

    f.assertion_id = EVIL_ID;
    f.name_id = "mallory@example.org";
    return forge_assertion(cx->pool, &f);
}

static const char *copy(sso_ctx_t *cx, sso_span_t span)
{
    return apr_pstrmemdup(cx->pool, span.p, span.n);
}

static const char *assertion_in(sso_ctx_t *cx, const char *xml)
{
    return copy(cx, forge_element(xml, FORGE_ASSERTION_ID));
}

static const char *without_signature(sso_ctx_t *cx, const char *xml)
{
    return forge_replace(cx->pool, xml, copy(cx, forge_signature_in(xml)), "");
}

/* The evil assertion with a child right behind its Issuer. */
static const char *evil_holding(sso_ctx_t *cx, const char *child)
{
    return forge_replace(cx->pool, evil_assertion(cx), "</saml:Issuer>",
                         apr_pstrcat(cx->pool, "</saml:Issuer>", child, NULL));
}

/* The evil assertion is never verified; the good one, where it is, still says alice. */
static void assert_wrapping_fails(sso_ctx_t *cx, const char *what, const char *xml, int good_holds)
{
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    apr_status_t rv;
    xmlDoc *verified = check(cx, xml, EVIL_ID, &trust, &strict, &rv);

    if (verified) fail_msg("%s: the evil assertion is verified", what);
    sso_ctx_clear(cx);
    if (!strstr(xml, "ID=\"" FORGE_ASSERTION_ID "\"")) return;
    verified = check(cx, xml, FORGE_ASSERTION_ID, &trust, &strict, &rv);
    if (good_holds != (rv == APR_SUCCESS)) fail_msg("%s: %s", what, sso_error_code(cx));
    if (verified) assert_string_equal(text_in(cx, verified, "NameID"), "alice@example.org");
    sso_ctx_clear(cx);
}

/* The eight shapes of signature wrapping, as far as they reach this layer: each has the evil
 * assertion where a careless reader looks, and the signed one where a careless verifier looks. */
static void r13_signature_wrapping(void **state)
{
    sso_ctx_t *cx = *state;
    apr_pool_t *p = cx->pool;
    const char *xml = good(cx);
    const char *alice = assertion_in(cx, xml);
    const char *signature = copy(cx, forge_signature_in(xml));
    const char *bare = without_signature(cx, alice);
    const char *in_object = apr_pstrcat(p, "<ds:Object>", bare, "</ds:Object></ds:Signature>",
                                        NULL);
    const char *with_object = forge_replace(p, signature, "</ds:Signature>", in_object);
    const char *extensions = apr_pstrcat(p, "<samlp:Extensions>", bare, "</samlp:Extensions>",
                                         NULL);

#define INSTEAD(with) forge_substitute(p, xml, FORGE_ASSERTION_ID, with)
    assert_wrapping_fails(cx, "evil before",
                          forge_before(p, xml, FORGE_ASSERTION_ID, evil_assertion(cx)), 1);
    assert_wrapping_fails(cx, "evil after",
                          forge_after(p, xml, FORGE_ASSERTION_ID, evil_assertion(cx)), 1);
    assert_wrapping_fails(cx, "good inside evil", INSTEAD(evil_holding(cx, alice)), 1);
    assert_wrapping_fails(cx, "signature of evil, good beside",
                          INSTEAD(apr_pstrcat(p, evil_holding(cx, signature), bare, NULL)), 0);
    assert_wrapping_fails(
        cx, "signature of evil holds good",
        INSTEAD(evil_holding(cx, forge_replace(p, signature, "</ds:Signature>",
                                               apr_pstrcat(p, bare, "</ds:Signature>", NULL)))),
        0);
    assert_wrapping_fails(cx, "good in an Object", INSTEAD(evil_holding(cx, with_object)), 0);
    assert_wrapping_fails(cx, "good in Extensions",
                          forge_replace(p, INSTEAD(evil_holding(cx, signature)), "</saml:Issuer>",
                                        apr_pstrcat(p, "</saml:Issuer>", extensions, NULL)),
                          0);
    assert_wrapping_fails(
        cx, "good with signature in an Object of evil",
        INSTEAD(
            evil_holding(cx, apr_pstrcat(p, "<ds:Signature xmlns:ds=\"" FORGE_DSIG "\"><ds:Object>",
                                         alice, "</ds:Object></ds:Signature>", NULL))),
        1);
}

/* The same for a signed Response: the root is evil, the signed one is put away somewhere. */
static void r13_response_wrapping(void **state)
{
    sso_ctx_t *cx = *state;
    apr_pool_t *p = cx->pool;
    const forge_sig_t sig = forge_sig();
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    forge_t f = forge(cx->now);
    const char *xml;
    const char *signature;
    const char *object;
    const char *evil[3];
    apr_size_t i;

    f.sign_response = &sig;
    xml = forge_response(p, &f);
    signature = copy(cx, forge_signature_in(xml));
    object = apr_pstrcat(p, "<ds:Object>", without_signature(cx, xml),
                         "</ds:Object></ds:Signature>", NULL);
    f.sign_response = NULL;
    f.response_id = EVIL_ID;
    f.assertion_id = "_evil2";
    f.name_id = "mallory@example.org";
    f.extensions = forge_replace(p, signature, "</ds:Signature>", object);
    evil[0] = forge_response(p, &f);
    f.extensions = apr_pstrcat(p, signature, without_signature(cx, xml), NULL);
    evil[1] = forge_response(p, &f);
    f.extensions = apr_pstrcat(p, "<samlp:Extensions>", xml, "</samlp:Extensions>", signature,
                               NULL);
    evil[2] = forge_replace(p, forge_response(p, &f), "ID=\"" FORGE_RESPONSE_ID "\"",
                            "ID=\"_other\"");
    for (i = 0; i < COUNT(evil); i++) {
        apr_status_t rv;

        assert_null(check(cx, evil[i], EVIL_ID, &trust, &strict, &rv));
        sso_ctx_clear(cx);
    }
}

/* R12: the evil element cannot carry the ID that was signed. */
static void r12_duplicate_ids(void **state)
{
    static const char *const shape[] = {" ID=\"%s\"", " Id=\"%s\"", " id=\"%s\"",
                                        " AssertionID=\"%s\""};
    sso_ctx_t *cx = *state;
    apr_pool_t *p = cx->pool;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    const char *xml = good(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(shape); i++) {
        const char *id = forge_replace(p, shape[i], "%s", FORGE_ASSERTION_ID);
        const char *more = apr_pstrcat(p, "<x xmlns=\"urn:x\"", id, "/>", NULL);

        assert_verdict(cx, id, forge_before(p, xml, FORGE_ASSERTION_ID, more), &trust,
                       SSO_F_XML_ID);
        assert_verdict(cx, id, forge_after(p, xml, FORGE_ASSERTION_ID, more), &trust, SSO_F_XML_ID);
    }
    assert_verdict(
        cx, "xml:id",
        forge_replace(p, xml, "<samlp:Status>", "<samlp:Status xml:id=\"" FORGE_ASSERTION_ID "\">"),
        &trust, SSO_F_XML_ID);
}

static void r13_one_signature(void **state)
{
    sso_ctx_t *cx = *state;
    apr_pool_t *p = cx->pool;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    const char *xml = good(cx);
    const char *signature = copy(cx, forge_signature_in(xml));
    const char *twice = apr_pstrcat(p, signature, signature, NULL);
    const char *at_end = forge_replace(p, xml, "</saml:Assertion>",
                                       apr_pstrcat(p, signature, "</saml:Assertion>", NULL));
    const char *apart = forge_replace(p, xml, signature,
                                      apr_pstrcat(p, "<saml:x/>", signature, NULL));

    assert_verdict(cx, "twice", forge_replace(p, xml, signature, twice), &trust, SSO_F_SIG_PROFILE);
    assert_verdict(cx, "at the end too", at_end, &trust, SSO_F_SIG_PROFILE);
    assert_verdict(cx, "not behind the Issuer", apart, &trust, SSO_F_SIG_PROFILE);
}

/* The Signature stands in one element and is of another. */
static void r14_signature_of_another_element(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    forge_t f = forge(cx->now);
    forge_sig_t sig = forge_sig();
    apr_status_t rv;

    sig.id = FORGE_ASSERTION_ID;
    sig.into = FORGE_RESPONSE_ID;
    assert_null(check(cx, forge_sign(cx->pool, forge_response(cx->pool, &f), &sig),
                      FORGE_RESPONSE_ID, &trust, &strict, &rv));
    assert_fault(cx, SIG_PROFILE);
    sig.id = FORGE_RESPONSE_ID;
    sig.into = FORGE_ASSERTION_ID;
    assert_null(check(cx, forge_sign(cx->pool, forge_response(cx->pool, &f), &sig),
                      FORGE_ASSERTION_ID, &trust, &strict, &rv));
    assert_fault(cx, SIG_PROFILE);
}

static void r14_parts_of_the_signature(void **state)
{
    static const struct {
        const char *what, *from, *to;
        sso_fault_t fault;
    } change[] = {
        {"two SignedInfo", "</ds:SignedInfo>", "</ds:SignedInfo><ds:SignedInfo/>",
         SSO_F_SIG_PROFILE},
        {"two SignatureValue", "</ds:SignatureValue>", "</ds:SignatureValue><ds:SignatureValue/>",
         SSO_F_SIG_PROFILE},
        {"value first", "<ds:SignedInfo>",
         "<ds:SignatureValue>AAAA</ds:SignatureValue><ds:SignedInfo>", SSO_F_SIG_PROFILE},
        {"text", "<ds:SignedInfo>", "x<ds:SignedInfo>", SSO_F_SIG_PROFILE},
        {"foreign", "<ds:SignedInfo>", "<x xmlns=\"urn:x\"/><ds:SignedInfo>", SSO_F_SIG_PROFILE},
        {"an attribute of SignedInfo", "<ds:SignedInfo>", "<ds:SignedInfo x=\"\">",
         SSO_F_SIG_PROFILE},
        {"an attribute of a value", "<ds:DigestValue>", "<ds:DigestValue x=\"\">",
         SSO_F_SIG_PROFILE},
        {"an attribute of SignatureValue", "<ds:SignatureValue>", "<ds:SignatureValue x=\"\">",
         SSO_F_SIG_PROFILE},
        {"an attribute of Transforms", "<ds:Transforms>", "<ds:Transforms x=\"\">",
         SSO_F_SIG_PROFILE},
        {"DigestValue twice", "</ds:DigestValue>", "</ds:DigestValue><ds:DigestValue/>",
         SSO_F_SIG_PROFILE},
        {"DigestMethod with content", "#sha256\"/>", "#sha256\">x</ds:DigestMethod>",
         SSO_F_SIG_PROFILE},
        {"namespace of the Signature", "xmlns:ds=\"" FORGE_DSIG "\"", "xmlns:ds=\"urn:x\"",
         SSO_F_NONE /* not a Signature: not signed; the caller sees APR_NOTFOUND */},
    };
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    apr_size_t i;

    for (i = 0; i < COUNT(change); i++) {
        const char *xml = forge_replace(cx->pool, good(cx), change[i].from, change[i].to);
        apr_status_t rv;

        assert_null(check(cx, xml, FORGE_ASSERTION_ID, &trust, &strict, &rv));
        if (cx->err.fault != change[i].fault)
            fail_msg("%s: %s", change[i].what, sso_error_code(cx));
        if (change[i].fault == SSO_F_NONE) assert_int_equal(rv, APR_NOTFOUND);
        sso_ctx_clear(cx);
    }
}

/* R15: a canonical form that is empty, or cannot be made, verifies nothing: not even the digest of
 * nothing, signed with the right key (the ID of no element, a namespace that breaks C14N). */
static void r15_void_canonical_form(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    forge_sig_t sig = forge_sig();

    trust.allow_inclusive = 1;
    sig.digest_value = DIGEST_OF_NULL;
    assert_verdict(cx, "digest of nothing", response_with(cx, &sig), &trust, SSO_F_SIGNATURE);
    assert_verdict(cx, "relative namespace",
                   forge_replace(cx->pool, response_with(cx, &sig), "<saml:Subject>",
                                 "<saml:Subject xmlns:x=\"1\">"),
                   &trust, SSO_F_XML_NAMESPACE);
    assert_verdict(cx, "namespace that is no URI",
                   forge_replace(cx->pool, response_with(cx, &sig), "<samlp:Response",
                                 "<samlp:Response xmlns:x=\"http://[\""),
                   &trust, SSO_F_XML_SYNTAX);
}

/* xml: attributes come down into the inclusive form; we do not copy them, so we refuse. */
static void r16_inherited_xml_attributes(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    forge_sig_t sig = forge_sig();
    const char *xml;

    trust.allow_inclusive = 1;
    sig.content_c14n = FORGE_INCLUSIVE;
    xml = forge_replace(cx->pool, response_with(cx, &sig), "<samlp:Response",
                        "<samlp:Response xml:lang=\"en\"");
    assert_verdict(cx, "xml:lang", xml, &trust, SSO_F_SIG_PROFILE);
}

/* R23: samlp:ID is not ID; an element is known by its namespace, not by its prefix. */
static void r23_attribute_pollution(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    const char *xml = forge_replace(cx->pool, good(cx), "<saml:Assertion ",
                                    "<saml:Assertion saml:ID=\"" EVIL_ID "\" ");

    assert_verdict(cx, "a second ID", xml, &trust, SSO_F_SIGNATURE);
    xml = forge_replace(cx->pool, good(cx), "<ds:Reference URI=", "<ds:Reference ds:URI=");
    assert_verdict(cx, "ds:URI", xml, &trust, SSO_F_SIG_PROFILE);
    xml = forge_replace(cx->pool, good(cx), "<ds:SignatureMethod Algorithm=",
                        "<ds:SignatureMethod xmlns:a=\"urn:a\" a:Algorithm=\"\" Algorithm=");
    assert_verdict(cx, "a:Algorithm", xml, &trust, SSO_F_SIG_PROFILE);
}

static void r23_namespace_redefinition(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    const char *xml = good(cx);

    assert_verdict(
        cx, "prefix bound to another namespace",
        forge_replace(cx->pool, xml, "<saml:Subject>", "<saml:Subject xmlns:saml=\"urn:x\">"),
        &trust, SSO_F_SIGNATURE);
    assert_verdict(cx, "another prefix",
                   forge_replace(cx->pool,
                                 forge_replace(cx->pool, xml, "<saml:Subject>",
                                               "<x:Subject xmlns:x=\"" SAML_NS_ASSERTION "\">"),
                                 "</saml:Subject>", "</x:Subject>"),
                   &trust, SSO_F_SIGNATURE);
}

/* ---- what other documents look like ---- */

/* A default prefix, an element without Issuer: metadata. */
static void metadata_is_signed_at_its_front(void **state)
{
    static const char metadata[] =
        "<?xml version=\"1.0\"?>\n<EntityDescriptor xmlns=\"" SAML_NS_METADATA "\" ID=\"_m\""
        " entityID=\"https://idp.example/\"><!-- a comment --><IDPSSODescriptor/></EntityDescriptor>";
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    forge_sig_t sig = forge_sig();
    const char *bare = forge_replace(cx->pool, metadata, "<!-- a comment -->", "\n  ");
    apr_status_t rv;

    assert_non_null(check(cx, forge_sign(cx->pool, bare, &sig), "_m", &trust, &relaxed, &rv));
    assert_null(check(cx, forge_sign(cx->pool, metadata, &sig), "_m", &trust, &relaxed, &rv));
    assert_fault(cx, SIG_PROFILE);
    sig.place = FORGE_LAST;
    assert_null(check(cx, forge_sign(cx->pool, bare, &sig), "_m", &trust, &relaxed, &rv));
    assert_fault(cx, SIG_PROFILE);
}

static const xmlNode *parsed_root(sso_ctx_t *cx, const char *xml)
{
    xmlDoc *doc = NULL;

    assert_int_equal(sso_xml_parse(cx, sso_span(xml), &strict, &doc), APR_SUCCESS);
    return xmlDocGetRootElement(doc);
}

/* R1: the octets have the same maximum as the message; a namespace that is written at every
 * element makes them longer than what came. */
static void r1_octets_have_a_maximum(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_trust_t trust = trust_in(cx, FORGE_IDP);
    sso_buf_t b = sso_buf_make(cx->pool, 65536, 1024 * 1024);
    const forge_sig_t sig = forge_sig();
    const sso_c14n_t plain = {.inclusive = 0};
    sso_span_t octets = {NULL, 0};
    forge_t f = forge(cx->now);
    const char *xml;
    apr_status_t rv;
    int i;

    sso_buf_text(&b, "<saml:AttributeValue xmlns:p=\"urn:");
    for (i = 0; i < 2000; i++) {
        sso_buf_text(&b, "0123456789");
    }
    sso_buf_text(&b, "\">");
    for (i = 0; i < 100; i++) {
        sso_buf_text(&b, "<p:x/>");
    }
    sso_buf_text(&b, "</saml:AttributeValue>");
    f.attributes = apr_pstrcat(cx->pool, "<saml:Attribute Name=\"x\">", b.p, "</saml:Attribute>",
                               NULL);
    f.sign_assertion = &sig;
    xml = forge_response(cx->pool, &f);
    assert_true(strlen(xml) < 32 * 1024);
    assert_null(check(cx, xml, FORGE_ASSERTION_ID, &trust, &strict, &rv));
    assert_fault(cx, XML_SIZE);
    assert_int_not_equal(sso_c14n(cx, parsed_root(cx, xml), NULL, &plain, 65536, &octets), 0);
    assert_fault(cx, XML_SIZE);
    assert_null(octets.p);
}

/* ---- signing ---- */

static void what_we_sign_we_accept(void **state)
{
    static const struct {
        forge_key_t key;
        const char *xml;
        const char *before; /* what stands right before the Signature */
    } made[] = {
        {FORGE_IDP,
         "<samlp:AuthnRequest xmlns:samlp=\"" SAML_NS_PROTOCOL "\" ID=\"_1\"><saml:Issuer"
         " xmlns:saml=\"" SAML_NS_ASSERTION "\">https://sp</saml:Issuer><samlp:NameIDPolicy"
         " AllowCreate='1'/></samlp:AuthnRequest>",
         "</saml:Issuer>"},
        {FORGE_IDP_EC,
         "<LogoutRequest xmlns=\"" SAML_NS_PROTOCOL
         "\" ID=\"_1\"><Issuer xmlns=\"" SAML_NS_ASSERTION
         "\">&lt;&amp;&#13;</Issuer></LogoutRequest>",
         "</Issuer>"},
        {FORGE_IDP_384,
         "<m:EntityDescriptor xmlns:m=\"" SAML_NS_METADATA "\" ID=\"_1\" a=\">\">\n "
         "<m:SPSSODescriptor/></m:EntityDescriptor>",
         " a=\">\">"},
        {FORGE_IDP, "<m:EntityDescriptor xmlns:m=\"" SAML_NS_METADATA "\" ID=\"_1\"/>", "\"_1\">"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(made); i++) {
        sso_key_pair_t pair = {.key = forge_key(made[i].key)};
        sso_saml_trust_t trust = trust_in(cx, made[i].key);
        sso_span_t out;
        apr_status_t rv;
        const char *text;

        if (i % 2 == 0) pair.cert = forge_cert(cx->pool, made[i].key, cx->now);
        assert_int_equal(sso_saml_sig_make(cx, sso_span(made[i].xml), &pair, &out), APR_SUCCESS);
        text = sso_span_text(cx->pool, out);
        assert_non_null(check(cx, text, "_1", &trust, &strict, &rv));
        assert_int_equal(strstr(text, "X509Certificate") != NULL, pair.cert != NULL);
        assert_non_null(
            strstr(text, apr_pstrcat(cx->pool, made[i].before, "<ds:Signature ", NULL)));
    }
}

static void what_cannot_be_signed_is_refused(void **state)
{
    sso_ctx_t *cx = *state;
    sso_key_pair_t pair = {.key = forge_key(FORGE_IDP)};
    sso_span_t out = sso_span("untouched");

    assert_int_not_equal(sso_saml_sig_make(cx, sso_span("<a/>"), &pair, &out), APR_SUCCESS);
    assert_fault(cx, INTERNAL);
    assert_int_not_equal(sso_saml_sig_make(cx, sso_span("<a ID='x'>"), &pair, &out), APR_SUCCESS);
    assert_fault(cx, XML_SYNTAX);
    assert_true(sso_span_is(out, "untouched"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(rows),
        UNIT(r10_signed_info_is_read_again),
        UNIT(r10_octets_that_say_the_same),
        UNIT(r14_the_form_comes_before_the_cost),
        UNIT(r14_many_are_refused_as_one),
        UNIT(r10_data_is_read_from_the_octets),
        UNIT(response_and_assertion_signed),
        UNIT(unsigned_is_not_found),
        UNIT(r17_changes_are_noticed),
        UNIT(changes_outside_do_not_matter),
        UNIT(r24_key_info_is_not_read),
        UNIT(r24_any_of_the_keys_will_do_and_no_other),
        UNIT(r27_key_and_algorithm_fit),
        UNIT(r25_expired_certificates_still_hold_keys),
        UNIT(r26_nothing_turns_it_off),
        UNIT(r22_no_comments_in_what_is_signed),
        UNIT(r13_signature_wrapping),
        UNIT(r13_response_wrapping),
        UNIT(r12_duplicate_ids),
        UNIT(r13_one_signature),
        UNIT(r14_signature_of_another_element),
        UNIT(r14_parts_of_the_signature),
        UNIT(r15_void_canonical_form),
        UNIT(r16_inherited_xml_attributes),
        UNIT(r23_attribute_pollution),
        UNIT(r23_namespace_redefinition),
        UNIT(metadata_is_signed_at_its_front),
        UNIT(r1_octets_have_a_maximum),
        UNIT(what_we_sign_we_accept),
        UNIT(what_cannot_be_signed_is_refused),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
