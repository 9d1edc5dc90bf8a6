/*
 * test_saml_decrypt.c - what is decrypted, what is refused, and that failures look alike
 * (R40-R42, R44, R45).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_decrypt.h"
#include "saml/saml_names.h"
#include "saml/saml_sig.h"
#include "saml_forge.h"
#include "unit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CBC(n)   FORGE_ENC "aes" #n "-cbc"
#define GCM(n)   FORGE_ENC11 "aes" #n "-gcm"
#define MGF1P    FORGE_ENC "rsa-oaep-mgf1p"
#define OAEP     FORGE_ENC11 "rsa-oaep"

static const sso_xml_limits_t strict = {.bytes = 256 * 1024, .elements = 20000};

static sso_saml_unlock_t unlock_with(sso_ctx_t *cx, forge_key_t first, int n)
{
    apr_array_header_t *keys = apr_array_make(cx->pool, 2, sizeof(const sso_key_pair_t *));
    int i;

    for (i = 0; i < n; i++) {
        sso_key_pair_t *pair = apr_pcalloc(cx->pool, sizeof(*pair));

        pair->key = forge_key(i == 0 ? first : FORGE_SP);
        APR_ARRAY_PUSH(keys, const sso_key_pair_t *) = pair;
    }
    return (sso_saml_unlock_t){.keys = keys, .entity_id = FORGE_SP_ID, .allow_cbc = 1};
}

static xmlNode *encrypted_in(sso_ctx_t *cx, const char *xml)
{
    xmlDoc *doc = NULL;
    xmlNode *root;
    xmlNode *node;

    if (sso_xml_parse(cx, sso_span(xml), &strict, &doc) != APR_SUCCESS) {
        fail_msg("not parsed: %s", cx->err.log);
    }
    root = xmlDocGetRootElement(doc);
    for (node = root; node; node = sso_xml_walk(node, root)) {
        if (sso_xml_is(node, SAML_NS_ASSERTION, "EncryptedAssertion")) return node;
    }
    fail_msg("nothing encrypted in %s", xml);
    return NULL;
}

/* Decrypt the EncryptedAssertion in a text; its root, or NULL with the fault in cx. */
static xmlNode *decrypt(sso_ctx_t *cx, const char *xml, const sso_saml_unlock_t *unlock)
{
    xmlDoc untouched;
    xmlDoc *doc = &untouched;
    apr_status_t rv = sso_saml_decrypt(cx, encrypted_in(cx, xml), unlock, &strict, &doc);

    if (rv == APR_SUCCESS) {
        assert_int_equal(cx->err.fault, SSO_F_NONE);
        return xmlDocGetRootElement(doc);
    }
    assert_ptr_equal(doc, &untouched);
    return NULL;
}

static const char *response_with(sso_ctx_t *cx, const forge_enc_t *enc)
{
    forge_t f = forge(cx->now);

    f.encrypt = enc;
    return forge_response(cx->pool, &f);
}

/* ---- the table ---- */

#define OVERLAY(field) \
    if (over->field) enc.field = over->field

static forge_enc_t enc_of(const forge_enc_t *over)
{
    forge_enc_t enc = forge_enc();

    OVERLAY(key);
    OVERLAY(cipher);
    OVERLAY(transport);
    OVERLAY(oaep_digest);
    OVERLAY(oaep_mgf);
    OVERLAY(oaep_label);
    OVERLAY(place);
    OVERLAY(recipient);
    OVERLAY(decoys);
    OVERLAY(key_bytes);
    OVERLAY(flip);
    OVERLAY(flip_key);
    OVERLAY(pad);
    OVERLAY(type);
    OVERLAY(data_head);
    OVERLAY(data_tail);
    OVERLAY(cipher_data);
    OVERLAY(tail);
    return enc;
}

typedef struct {
    const char *rule;
    forge_enc_t enc; /* fields that are set replace those of forge_enc() */
    sso_fault_t fault;
} row_t;

#define REFERENCE \
    "<xenc:CipherData><xenc:CipherReference URI='http://127.0.0.1:9/'/></xenc:CipherData>"

/* clang-format off */
static const row_t row[] = {
    {"aes128-gcm", {.cipher = GCM(128)}, SSO_F_NONE},
    {"aes192-gcm", {.cipher = GCM(192)}, SSO_F_NONE},
    {"aes256-gcm", {.cipher = GCM(256)}, SSO_F_NONE},
    {"aes128-cbc", {.cipher = CBC(128)}, SSO_F_NONE},
    {"aes192-cbc", {.cipher = CBC(192)}, SSO_F_NONE},
    {"aes256-cbc", {.cipher = CBC(256)}, SSO_F_NONE},
    {"oaep with a label", {.oaep_label = "a label"}, SSO_F_NONE},
    {"oaep digest sha1 said", {.oaep_digest = FORGE_DSIG "sha1"}, SSO_F_NONE},
    {"oaep digest sha256, mgf1 sha1", {.oaep_digest = FORGE_SHA256}, SSO_F_NONE},
    {"oaep11 preset", {.transport = OAEP}, SSO_F_NONE},
    {"oaep11 sha256", {.transport = OAEP, .oaep_digest = FORGE_SHA256, .oaep_mgf = FORGE_ENC11 "mgf1sha256"}, SSO_F_NONE},
    {"oaep11 sha384", {.transport = OAEP, .oaep_digest = FORGE_DSIG_MORE "sha384", .oaep_mgf = FORGE_ENC11 "mgf1sha384"}, SSO_F_NONE},
    {"oaep11 sha512", {.transport = OAEP, .oaep_digest = FORGE_ENC "sha512", .oaep_mgf = FORGE_ENC11 "mgf1sha512"}, SSO_F_NONE},
    {"oaep11 mixed", {.transport = OAEP, .oaep_digest = FORGE_SHA256, .oaep_mgf = FORGE_ENC11 "mgf1sha1"}, SSO_F_NONE},
    {"key beside", {.place = FORGE_BESIDE}, SSO_F_NONE},
    {"key beside, nothing points to it", {.place = FORGE_BESIDE_BARE}, SSO_F_NONE},
    {"keys for others first", {.decoys = 3}, SSO_F_NONE},
    {"r45_recipient_us", {.recipient = FORGE_SP_ID}, SSO_F_NONE},

    {"r41_rsa_1_5", {.transport = FORGE_ENC "rsa-1_5"}, SSO_F_ENC_PROFILE},
    {"r41_unknown_transport", {.transport = FORGE_ENC11 "ECDH-ES"}, SSO_F_ENC_PROFILE},
    {"r41_3des", {.cipher = FORGE_ENC "tripledes-cbc"}, SSO_F_ENC_PROFILE},
    {"r41_unknown_cipher", {.cipher = "urn:x"}, SSO_F_ENC_PROFILE},
    {"oaep_digest_unknown", {.oaep_digest = FORGE_DSIG_MORE "md5"}, SSO_F_ENC_PROFILE},
    {"oaep_mgf_unknown", {.transport = OAEP, .oaep_mgf = "urn:x"}, SSO_F_ENC_PROFILE},
    {"oaep_mgf_of_mgf1p", {.oaep_mgf = FORGE_ENC11 "mgf1sha256"}, SSO_F_ENC_PROFILE},
    {"r45_recipient_other", {.recipient = "https://other.example/"}, SSO_F_ENC_PROFILE},
    {"r45_recipient_empty", {.recipient = " "}, SSO_F_ENC_PROFILE},
    {"r45_keys_9", {.decoys = 8}, SSO_F_ENC_PROFILE},
    {"r45_two_data", {.tail = "<xenc:EncryptedData xmlns:xenc='" FORGE_ENC "'/>"}, SSO_F_ENC_PROFILE},
    {"r45_something_else", {.tail = "<x xmlns='urn:x'/>"}, SSO_F_ENC_PROFILE},
    {"r45_text", {.tail = "x"}, SSO_F_ENC_PROFILE},
    {"r18_cipher_reference", {.cipher_data = REFERENCE}, SSO_F_ENC_PROFILE},
    {"cipher_data_empty", {.cipher_data = "<xenc:CipherData/>"}, SSO_F_ENC_PROFILE},
    {"cipher_data_two", {.cipher_data = "<xenc:CipherData><xenc:CipherValue/><xenc:CipherValue/></xenc:CipherData>"}, SSO_F_ENC_PROFILE},
    {"cipher_data_element", {.cipher_data = "<xenc:CipherData><xenc:CipherValue><x xmlns=''/></xenc:CipherValue></xenc:CipherData>"}, SSO_F_ENC_PROFILE},
    {"cipher_data_not_base64", {.cipher_data = "<xenc:CipherData><xenc:CipherValue>A</xenc:CipherValue></xenc:CipherData>"}, SSO_F_ENC_PROFILE},
    {"cipher_data_missing", {.cipher_data = ""}, SSO_F_ENC_PROFILE},
    {"method_late", {.data_head = "<xenc:CipherData/>"}, SSO_F_ENC_PROFILE},
    {"properties", {.data_tail = "<xenc:EncryptionProperties/>"}, SSO_F_ENC_PROFILE},
    {"type_content", {.type = FORGE_ENC "Content"}, SSO_F_ENC_PROFILE},
    {"type_other", {.type = "urn:x"}, SSO_F_ENC_PROFILE},

    /* R42: everything beyond the form is one fault */
    {"r42_key_of_another", {.key = FORGE_FOREIGN}, SSO_F_DECRYPT},
    {"r42_key_flipped", {.flip_key = -1}, SSO_F_DECRYPT},
    {"r42_key_flipped_in_front", {.flip_key = 1}, SSO_F_DECRYPT},
    {"r42_key_short", {.key_bytes = 16}, SSO_F_DECRYPT},
    {"r42_key_long", {.key_bytes = 33}, SSO_F_DECRYPT},
    {"r42_iv_flipped", {.flip = 1}, SSO_F_DECRYPT},
    {"r42_text_flipped", {.flip = 40}, SSO_F_DECRYPT},
    {"r42_tag_flipped", {.flip = -1}, SSO_F_DECRYPT},
    {"r42_cbc_key_of_another", {.cipher = CBC(128), .key = FORGE_FOREIGN}, SSO_F_DECRYPT},
    {"r42_cbc_iv_flipped", {.cipher = CBC(128), .flip = 1}, SSO_F_DECRYPT},
    {"r42_cbc_padding_flipped", {.cipher = CBC(128), .flip = -17}, SSO_F_DECRYPT},
    {"r42_cbc_padding_17", {.cipher = CBC(128), .pad = 17}, SSO_F_DECRYPT},
    {"r42_cbc_padding_255", {.cipher = CBC(256), .pad = 255}, SSO_F_DECRYPT},
    {"r42_cipher_text_empty", {.cipher_data = "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData>"}, SSO_F_DECRYPT},
    {"r42_cipher_text_short", {.cipher_data = "<xenc:CipherData><xenc:CipherValue>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==</xenc:CipherValue></xenc:CipherData>"}, SSO_F_DECRYPT},
    {"r42_cbc_not_whole_blocks", {.cipher = CBC(128), .cipher_data = "<xenc:CipherData><xenc:CipherValue>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA</xenc:CipherValue></xenc:CipherData>"}, SSO_F_DECRYPT},
};
/* clang-format on */

static void rows(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_unlock_t unlock = unlock_with(cx, FORGE_SP_OLD, 2);
    const char *text = NULL;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        forge_enc_t enc = enc_of(&row[i].enc);
        xmlNode *root = decrypt(cx, response_with(cx, &enc), &unlock);

        if (cx->err.fault != row[i].fault) {
            fail_msg("%s: %s, %s", row[i].rule, sso_error_code(cx), cx->err.log);
        }
        if (row[i].fault == SSO_F_NONE) {
            assert_true(sso_xml_is(root, SAML_NS_ASSERTION, "Assertion"));
            assert_string_equal(sso_xml_attr(cx, root, "ID"), FORGE_ASSERTION_ID);
        }
        if (row[i].fault == SSO_F_DECRYPT) { /* R42: nobody can tell one from another */
            if (!text) text = cx->err.log;
            assert_string_equal(cx->err.log, text);
            assert_null(cx->err.about);
        }
        sso_ctx_clear(cx);
    }
    assert_non_null(text);
}

/* ---- what the plaintext may be ---- */

/* R42, R44: a plaintext that is no element, or XML that would not be let in from the network, is
 * the same failure as one that does not decrypt. Both ciphers. */
static void r42_plaintexts(void **state)
{
    static const struct {
        const char *plain;
        int ok;
    } text[] = {
        {"<a/>", 1},
        {"<a>b</a>", 1},
        {"<saml:a/>", 1},
        {"", 0},
        {" ", 0},
        {"a", 0},
        {"<a/><b/>", 0},
        {" <a/>", 0},
        {"<a/>b", 0},
        {"<a>", 0},
        {"<a/><!-- -->", 0},
        {"<a><!-- --></a>", 0},
        {"<a><![CDATA[b]]></a>", 0},
        {"<!DOCTYPE a><a/>", 0},
        {"<?xml version=\"1.0\"?><a/>", 0},
        {"<a>&b;</a>", 0},
        {"<a>\x01</a>", 0},
        {"<a>\xff</a>", 0},
        {"</w><w>", 0},
        {"</w><a/><w>", 0},
        {"</w>", 0},
        {"<a ID='1'/>", 0},
        {"<a xmlns='x'/>", 0},
        {"<x:a/>", 0},
        {"<a><b ID='x'/><c ID='x'/></a>", 0},
    };
    sso_ctx_t *cx = *state;
    sso_saml_unlock_t unlock = unlock_with(cx, FORGE_SP, 1);
    apr_size_t i;

    for (i = 0; i < 2 * COUNT(text); i++) {
        forge_enc_t enc = forge_enc();
        sso_span_t plain = sso_span(text[i / 2].plain);
        xmlNode *root;

        if (i % 2) enc.cipher = CBC(256);
        root = decrypt(cx, forge_encrypt(cx->pool, plain, "saml:EncryptedAssertion", &enc),
                       &unlock);
        if ((root != NULL) != text[i / 2].ok) fail_msg("%s", text[i / 2].plain);
        if (!root) assert_fault(cx, DECRYPT);
    }
}

/* R1: what comes out has the limits of what comes in. */
static void r1_plaintext_has_a_maximum(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_unlock_t unlock = unlock_with(cx, FORGE_SP, 1);
    const forge_enc_t enc = forge_enc();
    const sso_xml_limits_t small = {.bytes = 64, .elements = 2};
    static const struct {
        const char *plain;
        int ok;
    } text[] = {
        {"<a><b/></a>", 1},
        {"<a><b/><c/></a>", 0},
        {"<a>0123456789012345678901234567890123456789012345678901234567890</a>", 0},
        {"<a                                                             />",
         0}, /* canonical: short */
    };
    apr_size_t i;

    for (i = 0; i < COUNT(text); i++) {
        const char *wrapped = forge_encrypt(cx->pool, sso_span(text[i].plain),
                                            "saml:EncryptedAssertion", &enc);
        xmlDoc *doc = NULL;
        sso_xml_limits_t limits = small;

        if (i == 0) limits.bytes = 128; /* the namespaces of the envelope count */
        (void)sso_saml_decrypt(cx, encrypted_in(cx, wrapped), &unlock, &limits, &doc);
        assert_int_equal(doc != NULL, text[i].ok);
        sso_ctx_clear(cx);
    }
}

/* The plaintext may use what its envelope declared, and keeps it for the signature inside. */
static void namespaces_of_the_envelope(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_unlock_t unlock = unlock_with(cx, FORGE_SP, 1);
    const forge_enc_t enc = forge_enc();
    const char *plain = "<saml:a xsi:type=\"xs:string\"><b/><c xmlns=\"\"/></saml:a>";
    const char *xml = apr_pstrcat(
        cx->pool,
        "<r xmlns=\"urn:default?'x\" xmlns:xsi=\"urn:xsi\" xmlns:xs=\"urn:far\"><s"
        " xmlns:xs=\"urn:near\">",
        forge_encrypt(cx->pool, sso_span(plain), "saml:EncryptedAssertion", &enc), "</s></r>",
        NULL);
    xmlNode *root = decrypt(cx, xml, &unlock);
    xmlNs *ns;

    assert_non_null(root);
    assert_true(sso_xml_is(root, SAML_NS_ASSERTION, "a"));
    assert_true(sso_xml_is(sso_xml_first(root), "urn:default?'x", "b"));
    assert_null(sso_xml_following(sso_xml_first(root))->ns);
    ns = xmlSearchNs(root->doc, root, BAD_CAST "xs");
    assert_non_null(ns);
    assert_string_equal((const char *)ns->href, "urn:near");
}

static void many_namespaces_of_the_envelope(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_unlock_t unlock = unlock_with(cx, FORGE_SP, 1);
    const forge_enc_t enc = forge_enc();
    const char *xml = forge_encrypt(cx->pool, sso_span("<saml:a/>"), "saml:EncryptedAssertion",
                                    &enc);
    int i;

    for (i = 0; i < 40; i++) {
        xml = apr_psprintf(cx->pool, "<r xmlns:n%d=\"urn:x\">%s</r>", i, xml);
    }
    assert_non_null(decrypt(cx, xml, &unlock));
}

/* A signed assertion inside verifies after decryption, wherever its namespaces come from. */
static void signed_then_encrypted(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_unlock_t unlock = unlock_with(cx, FORGE_SP, 1);
    apr_array_header_t *certs = apr_array_make(cx->pool, 1, sizeof(const sso_cert_t *));
    sso_saml_trust_t trust = {.certs = certs};
    forge_sig_t sig = forge_sig();
    const forge_enc_t enc = forge_enc();
    forge_t f = forge(cx->now);
    int inherit;

    APR_ARRAY_PUSH(certs, const sso_cert_t *) = forge_cert(cx->pool, FORGE_IDP, cx->now);
    sig.id = FORGE_ASSERTION_ID;
    sig.prefixes = "xs saml";
    for (inherit = 0; inherit < 2; inherit++) {
        const char *xml = forge_response(cx->pool, &f);
        xmlDoc *verified = NULL;
        xmlNode *root;

        xml = forge_replace(cx->pool, xml, "<samlp:Response",
                            "<samlp:Response xmlns:xs=\"urn:xs\"");
        if (inherit) {
            xml = forge_replace(cx->pool, xml,
                                "<saml:Assertion xmlns:saml=\"" SAML_NS_ASSERTION "\"",
                                "<saml:Assertion");
        }
        xml = forge_sign(cx->pool, xml, &sig);
        xml = forge_encrypt_element(cx->pool, xml, FORGE_ASSERTION_ID, &enc);
        root = decrypt(cx, xml, &unlock);
        assert_non_null(root);
        assert_int_equal(sso_saml_sig_check(cx, root, &trust, &strict, &verified), APR_SUCCESS);
    }
}

/* ---- policy and keys ---- */

/* R40: whether CBC is all right is for the caller to know; GCM always is. */
static void r40_cbc_only_where_allowed(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_unlock_t unlock = unlock_with(cx, FORGE_SP, 1);
    forge_enc_t enc = forge_enc();

    unlock.allow_cbc = 0;
    assert_non_null(decrypt(cx, response_with(cx, &enc), &unlock));
    enc.cipher = CBC(256);
    assert_null(decrypt(cx, response_with(cx, &enc), &unlock));
    assert_fault(cx, ENC_POLICY);
    enc.key = FORGE_FOREIGN; /* the policy comes before any key is touched */
    assert_null(decrypt(cx, response_with(cx, &enc), &unlock));
    assert_fault(cx, ENC_POLICY);
}

static void keys_are_tried_in_order(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_unlock_t none = unlock_with(cx, FORGE_SP, 0);
    sso_saml_unlock_t old = unlock_with(cx, FORGE_SP_OLD, 1);
    sso_saml_unlock_t both = unlock_with(cx, FORGE_SP_OLD, 2);
    sso_saml_unlock_t ec = unlock_with(cx, FORGE_IDP_EC, 2);
    const forge_enc_t enc = forge_enc();
    const char *xml = response_with(cx, &enc);

    assert_null(decrypt(cx, xml, &none));
    assert_fault(cx, DECRYPT);
    assert_null(decrypt(cx, xml, &old));
    assert_fault(cx, DECRYPT);
    assert_non_null(decrypt(cx, xml, &both));
    assert_non_null(decrypt(cx, xml, &ec));
}

static void r45_eight_keys(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_unlock_t unlock = unlock_with(cx, FORGE_SP, 1);
    forge_enc_t enc = forge_enc();

    enc.decoys = 7;
    assert_non_null(decrypt(cx, response_with(cx, &enc), &unlock));
    enc.place = FORGE_BESIDE;
    assert_non_null(decrypt(cx, response_with(cx, &enc), &unlock));
    enc.decoys = 8;
    assert_null(decrypt(cx, response_with(cx, &enc), &unlock));
    assert_fault(cx, ENC_PROFILE);
}

/* No more private-key operations than eight, however many keys on both sides. */
static void tries_have_a_maximum(void **state)
{
    sso_ctx_t *cx = *state;
    sso_saml_unlock_t unlock = unlock_with(cx, FORGE_SP_OLD, 2);
    forge_enc_t enc = forge_enc();

    enc.decoys = 3; /* 3 x 2, and the fourth at its second */
    assert_non_null(decrypt(cx, response_with(cx, &enc), &unlock));
    enc.decoys = 4;
    assert_null(decrypt(cx, response_with(cx, &enc), &unlock));
    assert_fault(cx, DECRYPT);
}

/* Row 38: of more keys than are tried, the one that the message names is; and the hint only orders. */
static void the_key_that_is_named_is_tried_first(void **state)
{
    static const struct {
        const char *what, *info;
        int opens;
    } hint[] = {
        {"none", NULL, 0},
        {"a fingerprint", "<ds:KeyInfo><ds:KeyName> AB12 </ds:KeyName></ds:KeyInfo>", 1},
        {"a name", "<ds:KeyInfo><ds:KeyName>CN=sp</ds:KeyName></ds:KeyInfo>", 1},
        {"a certificate",
         "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>\nTUlJ\nQmFz\n</ds:X509Certificate>"
         "</ds:X509Data></ds:KeyInfo>",
         1},
        {"another name", "<ds:KeyInfo><ds:KeyName>CN=other</ds:KeyName></ds:KeyInfo>", 0},
        {"a name with elements in it",
         "<ds:KeyInfo><ds:KeyName><ds:X/>CN=sp</ds:KeyName></ds:KeyInfo>", 0},
        {"an empty KeyInfo", "<ds:KeyInfo/>", 0},
    };
    static const sso_cert_t cert = {.der_base64 = "TUlJQmFz", .sha256 = "ab12", .subject = "CN=sp"};
    sso_ctx_t *cx = *state;
    sso_saml_unlock_t unlock = unlock_with(cx, FORGE_FOREIGN, 0);
    sso_key_pair_t *pair;
    apr_size_t i;

    for (i = 0; i < 9; i++) {
        pair = apr_pcalloc(cx->pool, sizeof(*pair));
        pair->key = forge_key(i < 8 ? FORGE_FOREIGN : FORGE_SP);
        pair->cert = i < 8 ? NULL : &cert;
        APR_ARRAY_PUSH((apr_array_header_t *)(uintptr_t)unlock.keys, const sso_key_pair_t *) = pair;
    }
    for (i = 0; i < COUNT(hint); i++) {
        forge_enc_t enc = forge_enc();

        print_message("  %s\n", hint[i].what);
        enc.key_info = hint[i].info;
        assert_int_equal(decrypt(cx, response_with(cx, &enc), &unlock) != NULL, hint[i].opens);
        if (!hint[i].opens) assert_fault(cx, DECRYPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(the_key_that_is_named_is_tried_first),
        UNIT(rows),
        UNIT(r42_plaintexts),
        UNIT(r1_plaintext_has_a_maximum),
        UNIT(namespaces_of_the_envelope),
        UNIT(many_namespaces_of_the_envelope),
        UNIT(signed_then_encrypted),
        UNIT(r40_cbc_only_where_allowed),
        UNIT(keys_are_tried_in_order),
        UNIT(r45_eight_keys),
        UNIT(tries_have_a_maximum),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
