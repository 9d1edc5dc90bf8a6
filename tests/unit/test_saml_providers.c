/*
 * test_saml_providers.c - what real identity providers send, each in its own manner.
 *
 * The messages come from the forge, which shares no code with what reads them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "crypto/sign.h"
#include "saml_bench.h"
#include "saml_forge.h"

#define SAML_URN "urn:oasis:names:tc:SAML:2.0:"

/* The bench of saml_bench, as the forge's service provider. */
static bench_t *make_bench(sso_ctx_t *cx)
{
    static const forge_key_t providers[] = {FORGE_IDP, FORGE_IDP_EC, FORGE_IDP_384};
    bench_t *b = bench_make(cx);
    const char *name[3];
    apr_size_t i;

    for (i = 0; i < COUNT(providers); i++) {
        const char *file = apr_psprintf(cx->pool, "forge%d.crt", (int)i);

        (void)bench_file(b, file, forge_cert_pem(cx->pool, providers[i], NOW));
        name[i] = apr_pstrcat(cx->pool, "cert=", file, NULL);
    }
    (void)bench_file(b, "forge-sp.key", forge_key_pem(cx->pool, FORGE_SP));
    (void)bench_file(b, "forge-sp.crt", forge_cert_pem(cx->pool, FORGE_SP, NOW));
    bench_unset(b, "SSOSamlMetadata");
    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlIdP", "entity-id=" FORGE_IDP_ID, "sso-url=https://idp.example/sso",
              name[0], name[1], name[2], NULL);
    bench_set(b, "SSOSamlKey", "forge-sp.key", "forge-sp.crt", NULL);
    bench_set(b, "SSOSamlEntityID", FORGE_SP_ID, NULL);
    b->site.base_url = "https://sp.example";
    b->idp.url = "https://sp.example/sso";
    b->flows.item[0].site = b->site.base_url;
    b->flows.item[0].request = FORGE_REQUEST;
    b->flows.item[0].demand.issuer = FORGE_IDP_ID;
    return b;
}

static apr_status_t deliver(bench_t *b, const forge_t *f, sso_answer_t *out)
{
    return bench_finish(b, forge_response(b->cx->pool, f), out);
}

static sso_answer_t take(bench_t *b, const forge_t *f)
{
    sso_answer_t answer;
    apr_status_t rv = deliver(b, f, &answer);

    if (rv != APR_SUCCESS) {
        print_message("refused: %s: %s\n", sso_error_code(b->cx), b->cx->err.log);
    }
    assert_int_equal(rv, APR_SUCCESS);
    return answer;
}

static int values_of(const sso_answer_t *answer, const char *name)
{
    const sso_attribute_t *a = sso_identity_find(answer->who, name);

    return a ? a->values->nelts : 0;
}

/* Okta: issuer by http, prefix saml2p, AES-256-CBC under OAEP with SHA-1, signed in three ways. */
static void okta(void **state)
{
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_enc_t enc = forge_enc();
    forge_t f = forge(NOW);

    enc.cipher = FORGE_ENC "aes256-cbc";
    enc.transport = FORGE_ENC "rsa-oaep-mgf1p";
    f.encrypt = &enc;
    (void)bench_prepare(b);
    f.sign_response = &sig;
    assert_string_equal(take(b, &f).who->subject, "alice@example.org");
    f.sign_assertion = &sig;
    (void)take(b, &f);
    /* Signed inside only: nothing protects CBC, so the admin must say so. */
    f.sign_response = NULL;
    assert_int_not_equal(deliver(b, &f, &(sso_answer_t){.who = NULL}), APR_SUCCESS);
    assert_fault(b->cx, ENC_POLICY);
    bench_set(b, "SSOSamlEncryption", "any", NULL);
    (void)bench_prepare(b);
    (void)take(b, &f);
}

/* Keycloak: everything signed, KeyInfo with all there is, one Role attribute for each role, a
 * transient name, Conditions that end before the confirmation does. */
static void keycloak(void **state)
{
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_t f = forge(NOW);
    sso_answer_t answer;

    sig.key_info = apr_pstrcat(b->cx->pool, "<ds:KeyInfo><ds:KeyName>k</ds:KeyName>",
                               "</ds:KeyInfo>", NULL);
    f.sign_response = f.sign_assertion = &sig;
    f.name_id = "G-7c1a";
    f.name_id_format = SAML_URN "nameid-format:transient";
    f.not_on_or_after = NOW + apr_time_from_sec(60);
    f.attributes = apr_pstrcat(b->cx->pool, forge_attribute(b->cx->pool, "Role", "a", NULL),
                               forge_attribute(b->cx->pool, "Role", "b", NULL),
                               forge_attribute(b->cx->pool, "Role", "c", NULL), NULL);
    (void)bench_prepare(b);
    answer = take(b, &f);
    assert_int_equal(values_of(&answer, "Role"), 3);
    assert_string_equal(answer.who->subject_format, SAML_URN "nameid-format:transient");
}

/* ADFS, Entra ID: the Assertion signed, fractions of seconds, claims named by URIs. */
static void adfs_and_entra(void **state)
{
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_t f = forge(NOW);
    const char *xml;
    sso_answer_t answer;

    f.destination = FORGE_ACS;
    f.attributes = forge_attribute(b->cx->pool, "http://schemas.xmlsoap.org/claims/Group",
                                   "Domain Users", "G\xc3\xa4ste", NULL);
    xml = forge_response(b->cx->pool, &f);
    xml = forge_replace(b->cx->pool, xml, "18:58:52Z", "18:58:52.301Z");
    xml = forge_replace(b->cx->pool, xml, "18:58:52Z", "18:58:52.2999999Z");
    sig.id = FORGE_ASSERTION_ID;
    (void)bench_prepare(b);
    assert_int_equal(bench_finish(b, forge_sign(b->cx->pool, xml, &sig), &answer), APR_SUCCESS);
    assert_int_equal(values_of(&answer, "http://schemas.xmlsoap.org/claims/Group"), 2);
}

/* Google: the Response signed, or the Assertion, never both. */
static void google(void **state)
{
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_t f = forge(NOW);

    (void)bench_prepare(b);
    f.sign_response = &sig;
    (void)take(b, &f);
    f.sign_response = NULL;
    f.sign_assertion = &sig;
    (void)take(b, &f);
}

/* Meta's managed accounts: a name that is an e-mail address, the Response signed; the provider by three
 * values and a certificate, as every test here has it. */
static void meta(void **state)
{
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_t f = forge(NOW);
    sso_answer_t answer;

    f.sign_response = &sig;
    f.name_id = "alice@example.org";
    f.name_id_format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    f.attributes = NULL;
    (void)bench_prepare(b);
    answer = take(b, &f);
    assert_string_equal(answer.who->subject, "alice@example.org");
    assert_int_equal(answer.who->attributes->nelts, 0);
}

/* Entra ID: an audience of another form, which the admin names; of many groups only an address where
 * they could be asked for, which is no group. */
static void entra(void **state)
{
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_t f = forge(NOW);
    sso_answer_t answer;

    f.sign_assertion = &sig;
    f.audience = "spn:6731de76-14a6-49ae-97bc-6eba6914391e";
    f.attributes = forge_attribute(b->cx->pool, "http://schemas.microsoft.com/claims/groups.link",
                                   "https://graph.windows.net/x/getMemberObjects", NULL);
    (void)bench_prepare(b);
    assert_int_not_equal(deliver(b, &f, &answer), APR_SUCCESS);
    assert_fault(b->cx, AUDIENCE);
    bench_set(b, "SSOSamlAudience", "spn:6731de76-14a6-49ae-97bc-6eba6914391e", NULL);
    (void)bench_prepare(b);
    answer = take(b, &f);
    assert_int_equal(values_of(&answer, "http://schemas.microsoft.com/claims/groups.link"), 1);
    assert_int_equal(
        values_of(&answer, "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"), 0);
}

/* ADFS says no by a second status, in a Response that it does not sign; Keycloak likewise. */
static void refusals(void **state)
{
    static const struct {
        const char *status, *status2;
        sso_fault_t fault;
    } row[] = {
        {"Requester", "InvalidNameIDPolicy", SSO_F_STATUS_NAMEID},
        {"Responder", "NoAuthnContext", SSO_F_STATUS_CONTEXT},
        {"Responder", "AuthnFailed", SSO_F_STATUS_AUTHN},
        {"Responder", "RequestDenied", SSO_F_STATUS_DENIED},
        {"Responder", NULL, SSO_F_STATUS_RESPONDER},
        {"VersionMismatch", NULL, SSO_F_STATUS},
    };
    bench_t *b = make_bench(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        forge_t f = forge(NOW);

        f.without_assertion = 1;
        f.status = apr_pstrcat(b->cx->pool, SAML_URN "status:", row[i].status, NULL);
        f.status2 = row[i].status2
                        ? apr_pstrcat(b->cx->pool, SAML_URN "status:", row[i].status2, NULL)
                        : NULL;
        f.status_message = "MSIS7070: it did not work";
        assert_int_not_equal(deliver(b, &f, &(sso_answer_t){.who = NULL}), APR_SUCCESS);
        assert_int_equal(b->cx->err.fault, row[i].fault);
        assert_non_null(strstr(b->cx->err.log, "MSIS7070"));
        sso_ctx_clear(b->cx);
    }
}

/* Keycloak tells in an extension which key it signs a redirect with: it is not looked at. */
static void keycloak_extensions(void **state)
{
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_t f = forge(NOW);

    f.extensions = "<samlp:Extensions><kckey:KeyInfo xmlns:kckey=\"urn:keycloak:ext:key:1.0\" "
                   "MessageSigningKeyId=\"FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE\"/>"
                   "</samlp:Extensions>";
    f.sign_response = &sig;
    (void)bench_prepare(b);
    (void)take(b, &f);
}

/* SimpleSAMLphp: both signed, a transient name, and eduPersonTargetedID, whose value is a NameID (row
 * 100): what it leaves out means the provider, and us. */
static void simplesamlphp(void **state)
{
    static const char eptid[] = "urn:oid:1.3.6.1.4.1.5923.1.1.1.10";
    static const struct {
        const char *qualifiers, *wanted;
    } row[] = {
        {" NameQualifier=\"urn:x\" SPNameQualifier=\"urn:y\"", "urn:x!urn:y!abc"},
        {"", FORGE_IDP_ID "!" FORGE_SP_ID "!abc"},
    };
    bench_t *b = make_bench(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        forge_sig_t sig = forge_sig();
        forge_t f = forge(NOW);
        sso_answer_t answer;

        f.sign_response = f.sign_assertion = &sig;
        f.name_id_format = SAML_URN "nameid-format:transient";
        f.attributes = apr_pstrcat(b->cx->pool, "<saml:Attribute Name=\"", eptid,
                                   "\"><saml:AttributeValue><saml:NameID", row[i].qualifiers,
                                   " Format=\"" SAML_URN "nameid-format:persistent\">abc"
                                   "</saml:NameID></saml:AttributeValue></saml:Attribute>",
                                   NULL);
        answer = take(b, &f);
        assert_int_equal(values_of(&answer, eptid), 1);
        assert_string_equal(
            APR_ARRAY_IDX(sso_identity_find(answer.who, eptid)->values, 0, const char *),
            row[i].wanted);
    }
}

/* OpenSAML: xs in the PrefixList, declared far above the Assertion; both layers signed. */
static void opensaml(void **state)
{
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_t f = forge(NOW);
    const char *xml;
    sso_answer_t answer;

    f.attributes = "<saml:Attribute Name=\"mail\"><saml:AttributeValue "
                   "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                   "xsi:type=\"xs:string\">a@b</saml:AttributeValue></saml:Attribute>";
    xml = forge_replace(b->cx->pool, forge_response(b->cx->pool, &f), "<samlp:Response ",
                        "<samlp:Response xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ");
    sig.prefixes = "xs";
    sig.id = FORGE_ASSERTION_ID;
    xml = forge_sign(b->cx->pool, xml, &sig);
    (void)bench_prepare(b);
    assert_int_equal(bench_finish(b, xml, &answer), APR_SUCCESS);
    /* The Response without the prefix in its list: its canonical form has lost the declaration. */
    sig = forge_sig();
    sig.id = FORGE_RESPONSE_ID;
    assert_int_equal(bench_finish(b, forge_sign(b->cx->pool, xml, &sig), &answer), APR_SUCCESS);
    sig.prefixes = "xs";
    assert_int_equal(bench_finish(b, forge_sign(b->cx->pool, xml, &sig), &answer), APR_SUCCESS);
    assert_int_equal(values_of(&answer, "mail"), 1);
}

/* Shibboleth: encrypted, the Response signed, keys beside the data, for several readers. */
static void shibboleth(void **state)
{
    static const forge_key_place_t place[] = {FORGE_INSIDE, FORGE_BESIDE};
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_enc_t enc = forge_enc();
    forge_t f = forge(NOW);
    apr_size_t i;

    (void)bench_prepare(b);
    f.sign_response = &sig;
    f.encrypt = &enc;
    for (i = 0; i < COUNT(place); i++) {
        enc.place = place[i];
        enc.recipient = FORGE_SP_ID;
        enc.decoys = 0;
        (void)take(b, &f);
        enc.decoys = 2;
        (void)take(b, &f);
        /* R45: made for somebody else. */
        enc.recipient = "https://other.example/";
        assert_int_not_equal(deliver(b, &f, &(sso_answer_t){.who = NULL}), APR_SUCCESS);
        sso_ctx_clear(b->cx);
    }
}

/* Elliptic curves, longer digests: whatever the certificates that were pinned can do. */
static void algorithms(void **state)
{
    static const struct {
        forge_key_t key;
        const char *algorithm, *digest;
    } row[] = {
        {FORGE_IDP, FORGE_DSIG_MORE "rsa-sha256", FORGE_ENC "sha256"},
        {FORGE_IDP, FORGE_DSIG_MORE "rsa-sha384", FORGE_DSIG_MORE "sha384"},
        {FORGE_IDP, FORGE_DSIG_MORE "rsa-sha512", FORGE_ENC "sha512"},
        {FORGE_IDP, FORGE_DSIG_2007 "sha256-rsa-MGF1", FORGE_ENC "sha256"},
        {FORGE_IDP_EC, FORGE_DSIG_MORE "ecdsa-sha256", FORGE_ENC "sha256"},
        {FORGE_IDP_384, FORGE_DSIG_MORE "ecdsa-sha384", FORGE_DSIG_MORE "sha384"},
    };
    bench_t *b = make_bench(*state);
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(row); i++) {
        forge_sig_t sig = forge_sig();
        forge_t f = forge(NOW);

        print_message("  %s\n", row[i].algorithm);
        sig.key = row[i].key;
        sig.algorithm = row[i].algorithm;
        sig.digest = row[i].digest;
        f.sign_assertion = &sig;
        (void)take(b, &f);
    }
}

/* R27: SHA-1 where the admin allows it, for a provider that cannot do better. */
static void r27_sha1_is_a_word(void **state)
{
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_t f = forge(NOW);

    sig.algorithm = FORGE_DSIG "rsa-sha1";
    sig.digest = FORGE_DSIG "sha1";
    f.sign_response = &sig;
    (void)bench_prepare(b);
    assert_int_not_equal(deliver(b, &f, &(sso_answer_t){.who = NULL}), APR_SUCCESS);
    assert_fault(b->cx, SIG_ALGORITHM);
    bench_set(b, "SSOSamlAllow", "sha1", NULL);
    (void)bench_prepare(b);
    (void)take(b, &f);
}

/* R27: a list is all that there is, for signatures and, where it names any, for digests. */
static void r27_only_listed_algorithms(void **state)
{
    static const struct {
        const char *first, *second, *digest;
        int taken;
    } row[] = {
        {"rsa-sha512", NULL, FORGE_ENC "sha256", 1},
        {"rsa-sha512", "sha512", FORGE_ENC "sha256", 0},
        {"rsa-sha512", "sha512", FORGE_ENC "sha512", 1},
        {"ecdsa-sha256", "rsa-sha512", FORGE_ENC "sha256", 1},
        {"rsa-sha256", "rsa-sha384", FORGE_ENC "sha256", 0},
        {"rsa-sha256", "sha512", FORGE_ENC "sha512", 0},
    };
    bench_t *b = make_bench(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        forge_sig_t sig = forge_sig();
        forge_t f = forge(NOW);

        print_message("  %s %s\n", row[i].first, row[i].second ? row[i].second : "");
        sig.algorithm = FORGE_DSIG_MORE "rsa-sha512";
        sig.digest = row[i].digest;
        f.sign_response = &sig;
        bench_unset(b, "SSOSamlAlgorithms");
        bench_set(b, "SSOSamlAlgorithms", row[i].first, row[i].second, NULL);
        (void)bench_prepare(b);
        if (row[i].taken) {
            (void)take(b, &f);
        } else {
            assert_int_not_equal(deliver(b, &f, &(sso_answer_t){.who = NULL}), APR_SUCCESS);
            assert_fault(b->cx, SIG_ALGORITHM);
        }
    }
    /* We sign with the first that our key can make; SSOSamlKey has the last word. */
    bench_unset(b, "SSOSamlAlgorithms");
    bench_set(b, "SSOSamlAlgorithms", "ecdsa-sha256", "rsa-sha512", "rsa-sha256", "sha512", NULL);
    assert_string_equal(sso_sign_alg_of(bench_prepare(b)->signer)->uri,
                        FORGE_DSIG_MORE "rsa-sha512");
    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "forge-sp.key", "forge-sp.crt", "algorithm=rsa-sha384", NULL);
    assert_string_equal(sso_sign_alg_of(bench_prepare(b)->signer)->uri,
                        FORGE_DSIG_MORE "rsa-sha384");
    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "forge-sp.key", "forge-sp.crt", NULL);
    bench_unset(b, "SSOSamlAlgorithms");
    bench_set(b, "SSOSamlAlgorithms", "ecdsa-sha256", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "names none that our key, of type RSA, can sign with"));
    assert_fault(b->cx, CONFIG);
}

/* Lines add up; and what does not go together is said at the start. */
static void r27_lists_and_keys_that_do_not_fit(void **state)
{
    bench_t *b = make_bench(*state);

    bench_set(b, "SSOSamlAlgorithms", "sha512", NULL);
    assert_int_not_equal(bench_try(b), APR_SUCCESS);
    assert_non_null(strstr(b->cx->err.log, "names digests only"));
    assert_fault(b->cx, CONFIG);
    bench_set(b, "SSOSamlAlgorithms", "rsa-sha512", NULL);
    assert_string_equal(sso_sign_alg_of(bench_prepare(b)->signer)->uri,
                        FORGE_DSIG_MORE "rsa-sha512");
    assert_false(bench_logged(b, "is none of SSOSamlAlgorithms"));
    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlKey", "forge-sp.key", "forge-sp.crt", "algorithm=rsa-sha384", NULL);
    (void)bench_prepare(b);
    assert_true(bench_logged(b, "SSOSamlKey algorithm=rsa-sha384 is none of SSOSamlAlgorithms"));
}

/* R16: inclusive canonicalisation, as in messages of 2012, likewise. */
static void r16_inclusive_c14n_is_a_word(void **state)
{
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_t f = forge(NOW);

    sig.c14n = sig.content_c14n = FORGE_INCLUSIVE;
    f.sign_response = &sig;
    (void)bench_prepare(b);
    assert_int_not_equal(deliver(b, &f, &(sso_answer_t){.who = NULL}), APR_SUCCESS);
    sso_ctx_clear(b->cx);
    bench_set(b, "SSOSamlAllow", "inclusive-c14n", NULL);
    (void)bench_prepare(b);
    (void)take(b, &f);
}

/* R24: the key that the message brings along is nobody's. */
static void r24_keys_in_messages_are_not_believed(void **state)
{
    bench_t *b = make_bench(*state);
    const char *const info[] = {forge_key_value(b->cx->pool, FORGE_FOREIGN),
                                forge_x509_data(b->cx->pool, FORGE_FOREIGN, NOW)};
    apr_size_t i;

    (void)bench_prepare(b);
    for (i = 0; i < COUNT(info); i++) {
        forge_sig_t sig = forge_sig();
        forge_t f = forge(NOW);

        sig.key = FORGE_FOREIGN;
        sig.key_info = info[i];
        f.sign_response = &sig;
        assert_int_not_equal(deliver(b, &f, &(sso_answer_t){.who = NULL}), APR_SUCCESS);
        assert_fault(b->cx, SIGNATURE);
    }
}

/* Two thousand groups, as large directories have them. */
static void a_person_with_many_groups(void **state)
{
    bench_t *b = make_bench(*state);
    forge_sig_t sig = forge_sig();
    forge_t f = forge(NOW);
    sso_buf_t xml = sso_buf_make(b->cx->pool, 1 << 18, 1 << 20);
    sso_answer_t answer;
    int i;

    sso_buf_text(&xml, "<saml:Attribute Name=\"groups\">");
    for (i = 0; i < 2000; i++) {
        sso_buf_format(&xml, "<saml:AttributeValue>CN=G%d,OU=X</saml:AttributeValue>", i);
    }
    sso_buf_text(&xml, "</saml:Attribute>");
    f.attributes = xml.p;
    f.sign_assertion = &sig;
    bench_set(b, "SSOSamlMaxMessage", "1m", NULL);
    (void)bench_prepare(b);
    answer = take(b, &f);
    assert_int_equal(values_of(&answer, "groups"), 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(okta),
        UNIT(keycloak),
        UNIT(adfs_and_entra),
        UNIT(google),
        UNIT(meta),
        UNIT(entra),
        UNIT(refusals),
        UNIT(keycloak_extensions),
        UNIT(simplesamlphp),
        UNIT(opensaml),
        UNIT(shibboleth),
        UNIT(algorithms),
        UNIT(r27_sha1_is_a_word),
        UNIT(r27_only_listed_algorithms),
        UNIT(r27_lists_and_keys_that_do_not_fit),
        UNIT(r16_inclusive_c14n_is_a_word),
        UNIT(r24_keys_in_messages_are_not_believed),
        UNIT(a_person_with_many_groups),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
