/*
 * test_provider.c - the directives of <SSOProvider>: what is accepted, what is refused and why.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/provider.h"
#include "lines.h"

#define ROW(name) SSO_PROVIDER_##name

static void the_table_is_sound(void **state)
{
    int i;

    table_check(*state, &sso_provider_table);
    for (i = 0; i < sso_provider_table.rows; i++) {
        assert_int_equal(sso_provider_table.row[i].place, SSO_AT_PROVIDER);
    }
}

static void presets_are_the_strict_ones(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_provider_settings_t *set = sso_settings_make(&sso_provider_table, cx->pool);

    assert_int_equal(set->active, SSO_ACTIVE_ON);
    assert_int_equal(set->lifetime, apr_time_from_sec(8 * 3600));
    assert_int_equal(set->idle, apr_time_from_sec(3600));
    assert_string_equal(apr_array_pstrcat(cx->pool, set->user_attribute, ' '), "subject");
    assert_string_equal(apr_array_pstrcat(cx->pool, set->saml_unsolicited, ' '), "off");
    assert_string_equal(apr_array_pstrcat(cx->pool, set->hmac_params, ' '), "token sig data");
    assert_int_equal(set->saml_sign, SSO_AUTO);
    assert_int_equal(set->saml_binding, SSO_BINDING_AUTO);
    assert_int_equal(set->saml_want_signed, SSO_SIGNED_EITHER);
    assert_int_equal(set->saml_encryption, SSO_ENCRYPTION_SIGNED_CBC);
    assert_int_equal(set->saml_force, 0);
    assert_int_equal(set->saml_login_hint, 0);
    assert_int_equal(set->saml_allow_create, 1);
    assert_int_equal(set->saml_skew, apr_time_from_sec(60));
    assert_int_equal(set->saml_max, 262144);
    assert_int_equal(set->hmac_sig, SSO_HMAC_SIG_ANY);
    assert_int_equal(set->hmac_signed, SSO_HMAC_SIGNED_EITHER);
    assert_null(set->saml_allow);
    assert_null(set->domains);
    assert_null(set->attributes);
}

/* A line takes the place of its preset. */
static void lines_replace_presets(void **state)
{
    sso_ctx_t *cx = *state;
    sso_provider_settings_t *set = sso_settings_make(&sso_provider_table, cx->pool);
    static const line_t line[] = {
        {ROW(SSOUserAttribute), "email", NULL},
        {ROW(SSOSamlUnsolicited), "on /app/", NULL},
        {ROW(SSOHmacParams), "t s d", NULL},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(line); i++)
        assert_null(line_read(cx, &sso_provider_table, set, line[i].row, line[i].line));
    assert_string_equal(apr_array_pstrcat(cx->pool, set->user_attribute, ' '), "email");
    assert_string_equal(apr_array_pstrcat(cx->pool, set->saml_unsolicited, ' '), "on /app/");
    assert_string_equal(apr_array_pstrcat(cx->pool, set->hmac_params, ' '), "t s d");
}

static void common_lines_are_judged(void **state)
{
    static const char domain[] = "is not a domain; write for example example.org";
    static const char attribute[] = "cannot name an attribute";
    const line_t line[] = {
        {ROW(SSOActive), "test", NULL},
        {ROW(SSOActive), "yes", "write on|test|off"},
        {ROW(SSODisplayName), "\"Corp Login\"", NULL},
        {ROW(SSODisplayName), "Corp Login", "wrong number of arguments; write SSODisplayName TEXT"},
        {ROW(SSODomains), "example.org sub-1.example.org", NULL},
        {ROW(SSODomains), "example", domain},
        {ROW(SSODomains), "@example.org", domain},
        {ROW(SSODomains), "*.example.org", domain},
        {ROW(SSODomains), "example.org ex\xc3\xa4mple.org", domain},
        {ROW(SSOAttribute), "dept department urn:oid:2.5.4.11", NULL},
        {ROW(SSOAttribute), "dept", "wrong number of arguments"},
        {ROW(SSOAttribute), "my-dept department", attribute},
        {ROW(SSOAttribute), "\"\" department", attribute},
        {ROW(SSOAttribute), "a=b department", attribute},
        {ROW(SSOAttribute), "user uid", "is set by mod_sso; choose another name, or write SSOUser"},
        {ROW(SSOAttribute), "Provider x", "is set by mod_sso; choose another name"},
        {ROW(SSOUserAttribute), "email subject", NULL},
        {ROW(SSOUserAttribute), "email case=lower domain=strip", NULL},
        {ROW(SSOUserAttribute), "case=lower", "names no attribute; write for example"},
        {ROW(SSOUserAttribute), "email case=upper", "'case=upper' is not known; write match="},
        {ROW(SSOSessionLifetime), "30d", NULL},
        {ROW(SSOSessionLifetime), "31d", "write a value from 1m to 30d"},
        {ROW(SSOSessionIdle), "59s", "write a value from 1m to 30d"},
        {ROW(SSOSessionIdle), "3600", "has no unit"},
    };

    lines_check(*state, &sso_provider_table, line, COUNT(line));
}

static void saml_lines_are_judged(void **state)
{
    static const char not_uri[] = "is not a URI; write the entity ID in full";
    static const char bad_uri[] = "holds a character that a URI cannot have";
    static const char three[] = "needs three values: entity-id=ID sso-url=URL cert=FILE";
    static const char plain[] = "plain http is for loopback addresses only";
    const line_t line[] = {
        {ROW(SSOSamlMetadata), "corp.xml entity-id=urn:x", NULL},
        {ROW(SSOSamlIdP), "entity-id=urn:x sso-url=https://a.example/sso cert=a.crt", NULL},
        {ROW(SSOSamlIdP),
         "cert=a.crt cert=b.crt binding=post slo-url=https://a.example/slo entity-id=urn:x "
         "sso-url=http://localhost/sso",
         NULL},
        {ROW(SSOSamlIdP), "entity-id=urn:x cert=a.crt", "wrong number of arguments"},
        {ROW(SSOSamlIdP), "entity-id=urn:x cert=a.crt binding=post", three},
        {ROW(SSOSamlIdP), "sso-url=https://a.example/ cert=a.crt binding=post", three},
        {ROW(SSOSamlIdP), "entity-id=urn:x sso-url=https://a.example/ binding=post", three},
        {ROW(SSOSamlIdP), "entity-id=x sso-url=https://a.example/ cert=a.crt", not_uri},
        {ROW(SSOSamlIdP), "entity-id=urn:x sso-url=http://a.example/ cert=a.crt", plain},
        {ROW(SSOSamlIdP), "entity-id=urn:x sso-url=javascript:x cert=a.crt", "write an absolute"},
        {ROW(SSOSamlIdP),
         "entity-id=urn:x sso-url=https://a.example/ cert=a.crt slo-url=http://a.example/", plain},
        {ROW(SSOSamlIdP), "entity-id=urn:x sso-url=https://a.example/ cert=a.crt key=x",
         "'key=x' is not known here"},
        {ROW(SSOSamlIdP), "entity-id=urn:x sso-url=https://a.example/ a.crt", "is not known here"},
        {ROW(SSOSamlEntityID), "https://www.example.org/sp", NULL},
        {ROW(SSOSamlEntityID), "www.example.org", not_uri},
        {ROW(SSOSamlEntityID), "\"urn:a b\"", bad_uri},
        {ROW(SSOSamlEntityID), "urn:<x>", bad_uri},
        {ROW(SSOSamlEntityID), "urn:\xc3\xa9", bad_uri},
        {ROW(SSOSamlPublish), "name=x contact=a@b.example support=c@d url=http://x.example/", NULL},
        {ROW(SSOSamlPublish), "nome=x", "'nome=x' is not known here"},
        {ROW(SSOSamlPublish), "contact=nobody", "'nobody' is no e-mail address"},
        {ROW(SSOSamlPublish), "support=@x", "is no e-mail address"},
        {ROW(SSOSamlPublish), "url=www.example.org", "is not an absolute URL"},
        {ROW(SSOSamlPublish), "description=x privacy=https://x.example/p category=urn:a", NULL},
        {ROW(SSOSamlPublish), "privacy=/p", "'/p' is not an absolute URL"},
        {ROW(SSOSamlPublish), "security=x", "is no e-mail address"},
        {ROW(SSOSamlPublish), "category=rs", not_uri},
        {ROW(SSOSamlAlgorithms), "rsa-sha256 ecdsa-sha384 sha256", NULL},
        {ROW(SSOSamlAlgorithms), "rsa-sha1", "'rsa-sha1' is not known; write some of rsa-sha256, "},
        {ROW(SSOSamlAlgorithms), "sha256 sha512", NULL}, /* the others may be in the next line */
        {ROW(SSOSamlAlgorithms), "RSA-SHA256", "is not known"},
        {ROW(SSOUserAttribute), "email match=(.*)@x as=\\1 case=lower", NULL},
        {ROW(SSOUserAttribute), "email as=x", "what becomes of the groups of match=PATTERN"},
        {ROW(SSOUserAttribute), "email match=[a", "match=[a: "},
        {ROW(SSOUserAttribute), "email match=a", "has no group 1"},
        {ROW(SSOUserAttribute), "match=(a)", "names no attribute"},
        {ROW(SSOSamlMetadataValid), "7d", NULL},
        {ROW(SSOSamlKey), "sp.key sp.crt use=sign", NULL},
        {ROW(SSOSamlKey), "sp.key use=both", NULL},
        {ROW(SSOSamlKey), "sp.key sp.crt next algorithm=rsa-sha512 passphrase=file:x", NULL},
        {ROW(SSOSamlKey), "pkcs11:token=a;object=b pkcs11:token=a;object=c use=sign", NULL},
        {ROW(SSOSamlKey), "sp.key a.crt b.crt", "names two certificates"},
        {ROW(SSOSamlKey), "sp.key algorithm=rsa-sha1", "write one of rsa-sha256, "},
        {ROW(SSOSamlKey), "sp.key passphrase=secret", "write file:PATH"},
        {ROW(SSOSamlKey), "sp.key use=wrap", "write use=sign, use=encrypt"},
        {ROW(SSOSamlKey), "sp.key Use=sign", "is not known"},
        {ROW(SSOSamlSignRequests), "on", NULL},
        {ROW(SSOSamlRequestBinding), "soap", "write auto|redirect|post"},
        {ROW(SSOSamlWantSigned), "none", "write either|assertion|response|both"},
        {ROW(SSOSamlUnsolicited), "on /app/ /other/?x", NULL},
        {ROW(SSOSamlUnsolicited), "off", NULL},
        {ROW(SSOSamlUnsolicited), "bounce /app/", NULL},
        {ROW(SSOSamlUnsolicited), "/app/", "write off, bounce or on"},
        {ROW(SSOSamlUnsolicited), "on https://a.example/", "is not a path of this site"},
        {ROW(SSOSamlUnsolicited), "on //a.example/", "is not a path of this site"},
        {ROW(SSOSamlCheckAddress), "off", NULL},
        {ROW(SSOSamlCheckAddress), "on", NULL},
        {ROW(SSOSamlCheckAddress), "on ipv4=24 ipv6=56", NULL},
        {ROW(SSOSamlCheckAddress), "on ipv4=8 ipv6=16", NULL},
        {ROW(SSOSamlCheckAddress), "on ipv4=32 ipv6=128", NULL},
        {ROW(SSOSamlCheckAddress), "ipv4=24", "is 'off', or 'on' with what suffices"},
        {ROW(SSOSamlCheckAddress), "off ipv4=24", "is 'off', or 'on' with what suffices"},
        {ROW(SSOSamlCheckAddress), "on /24", "'/24' is not known here"},
        {ROW(SSOSamlCheckAddress), "on ipv4=7", "is not a number of bits from 8 to 32"},
        {ROW(SSOSamlCheckAddress), "on ipv4=33", "is not a number of bits from 8 to 32"},
        {ROW(SSOSamlCheckAddress), "on ipv6=15", "is not a number of bits from 16 to 128"},
        {ROW(SSOSamlCheckAddress), "on ipv6=129", "is not a number of bits from 16 to 128"},
        {ROW(SSOSamlCheckAddress), "on ipv4=+24", "is not a number of bits from 8 to 32"},
        {ROW(SSOSamlCheckAddress), "on ipv4=4294967320", "is not a number of bits from 8 to 32"},
        {ROW(SSOSamlLogout), "off", NULL},
        {ROW(SSOSamlLogout), "https://accounts.example/logout?x=1", NULL},
        {ROW(SSOSamlLogout), "on", "write auto, off, or an https URL"},
        {ROW(SSOSamlLogout), "http://accounts.example/logout", plain},
        {ROW(SSOSamlLogout), "javascript:x", "write an absolute https URL"},
        {ROW(SSOSamlNameIDFormat), "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", NULL},
        {ROW(SSOSamlNameIDFormat), "persistent", not_uri},
        {ROW(SSOSamlAuthnContext), "urn:x urn:y comparison=minimum", NULL},
        {ROW(SSOSamlAuthnContext), "urn:x comparison=atleast", "write exact, minimum, maximum or"},
        {ROW(SSOSamlAuthnContext), "Password", not_uri},
        {ROW(SSOSamlScoping), "idp=https://idp.example/id requester=urn:us", NULL},
        {ROW(SSOSamlScoping), "idp=us", not_uri},
        {ROW(SSOSamlScoping), "urn:us", "write idp=ENTITY-ID or requester=URI"},
        {ROW(SSOLogo), "/logos/corp.svg", NULL},
        {ROW(SSOLogo), "https://cdn.example/corp.png", NULL},
        {ROW(SSOLogo), "//cdn.example/corp.png", "is not a path of this site"},
        {ROW(SSOLogo), "corp.png", "write an absolute https URL"},
        {ROW(SSOSamlDiscovery), "https://ds.example/?x", NULL},
        {ROW(SSOSamlDiscovery), "http://ds.example/", "is not https"},
        {ROW(SSOSamlAcsIndex), "65535", NULL},
        {ROW(SSOSamlAcsIndex), "65536", "write a value from 0 to 65535"},
        {ROW(SSOSamlAllowCreate), "off", NULL},
        {ROW(SSOSamlLoginHint), "on", NULL},
        {ROW(SSOSamlEncryption), "none", "write gcm|signed-cbc|any"},
        {ROW(SSOSamlClockSkew), "0s", NULL},
        {ROW(SSOSamlClockSkew), "5m", NULL},
        {ROW(SSOSamlClockSkew), "6m", "write a value from 0s to 5m"},
        {ROW(SSOSamlAudience), "urn:a spn:b", NULL},
        {ROW(SSOSamlAudience), "urn:a b", not_uri},
        {ROW(SSOSamlAcs), "https://www.example.org/mellon/postResponse?x=1", NULL},
        {ROW(SSOSamlAcs), "/mellon/postResponse", "write an absolute https URL"},
        {ROW(SSOSamlAcs), "https://a.example/ http://a.example/", plain},
        {ROW(SSOSamlAllow), "sha1 comments unsigned-logout", NULL},
        {ROW(SSOSamlAllow), "signature", "is not a check that can be loosened"},
        {ROW(SSOSamlAllow), "SHA1", "is not a check that can be loosened"},
        {ROW(SSOSamlMaxMessage), "4m", NULL},
        {ROW(SSOSamlMaxMessage), "5m", "write a value from 16k to 4m"},
    };

    lines_check(*state, &sso_provider_table, line, COUNT(line));
}

static void hmac_lines_are_judged(void **state)
{
    static const char secret[] = "a secret never stands in the configuration";
    const line_t line[] = {
        {ROW(SSOHmacEndpoint), "https://www.example.org/sso?x=1", NULL},
        {ROW(SSOHmacEndpoint), "http://127.0.0.1:8080/sso", NULL},
        {ROW(SSOHmacEndpoint), "http://www.example.org/sso", "plain http is for loopback"},
        {ROW(SSOHmacEndpoint), "https://localhost@a.example/", "user information"},
        {ROW(SSOHmacEndpoint), "/sso", "write an absolute https URL"},
        {ROW(SSOHmacSecret), "0123456789abcdef0123456789abcdef", secret},
        {ROW(SSOHmacSecret), "env:A env:B env:C env:D", "wrong number"},
        {ROW(SSOHmacSig), "hex", NULL},
        {ROW(SSOHmacSig), "sha1", "write any|hex|base64"},
        {ROW(SSOHmacSigned), "urlencoded", NULL},
        {ROW(SSOHmacParams), "t s d", NULL},
        {ROW(SSOProvision), "on", NULL},
        {ROW(SSOProvision), "off", NULL},
        {ROW(SSOProvision), "on require-group=a require-role=b", NULL},
        {ROW(SSOProvision), "off require-group=a", "is not known here"},
        {ROW(SSOProvision), "require-group=", "is not known here"},
        {ROW(SSOProvision), "maybe", "is not known here"},
        {ROW(SSOLinkBy), "email", NULL},
        {ROW(SSOLinkBy), "name", "none"},
        {ROW(SSOEmailConflict), "move", NULL},
        {ROW(SSOBanBy), "user_id", NULL},
        {ROW(SSOBanBy), "user_id email", NULL},
        {ROW(SSOBanBy), "email", "write user_id"},
        {ROW(SSOBanBy), "user_id name", "write user_id"},
        {ROW(SSOUpdate), "email=never name=create", NULL},
        {ROW(SSOUpdate), "roles=never", "is not known here"},
        {ROW(SSOUpdate), "email=sometimes", "is not known here"},
        {ROW(SSORoleChange), "relogin", NULL},
        {ROW(SSOAttribute), "account x", "is set by mod_sso"},
        {ROW(SSOAttribute), "Owner x", "is set by mod_sso"},
        {ROW(SSOHmacSyncFreshness), "required", NULL},
        {ROW(SSOHmacParams), "t s", "wrong number"},
        {ROW(SSOHmacParams), "t s t", "the three names must differ"},
        {ROW(SSOHmacParams), "t s d=", "cannot name a parameter"},
        {ROW(SSOHmacParams), "t s abcdefghijabcdefghijabcdefghijabc", "cannot name a parameter"},
    };

    lines_check(*state, &sso_provider_table, line, COUNT(line));
}

static void long_uris_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    sso_provider_settings_t *set = sso_settings_make(&sso_provider_table, cx->pool);
    char uri[1026] = "urn:";

    memset(uri + 4, 'x', 1020);
    assert_null(line_read(cx, &sso_provider_table, set, ROW(SSOSamlEntityID), uri));
    uri[1024] = 'x';
    assert_string_equal(line_read(cx, &sso_provider_table, set, ROW(SSOSamlEntityID), uri),
                        "is longer than 1024 characters");
}

static void names_are_judged(void **state)
{
    static const struct {
        const char *name;
        int good;
    } row[] = {
        {"corp", 1},
        {"Corp-2_x", 1},
        {"a", 1},
        {"abcdefghijabcdefghijabcdefghijab", 1},
        {"abcdefghijabcdefghijabcdefghijabc", 0},
        {"", 0},
        {"a.b", 0},
        {"a/b", 0},
        {"a,b", 0},
        {"a b", 0},
        {"\xc3\xa9", 0},
        {"login", 0},
        {"LOGOUT", 0},
        {"session", 0},
        {"choose", 0},
        {"peer", 0},
        {"assets", 0},
        {"admin", 0},
        {"off", 0},
        {"logins", 1},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].name);
        assert_int_equal(sso_provider_name_check(row[i].name) == NULL, row[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(the_table_is_sound),    UNIT(presets_are_the_strict_ones),
        UNIT(lines_replace_presets), UNIT(common_lines_are_judged),
        UNIT(saml_lines_are_judged), UNIT(hmac_lines_are_judged),
        UNIT(long_uris_are_refused), UNIT(names_are_judged),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
