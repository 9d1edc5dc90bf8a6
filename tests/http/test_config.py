"""What an administrator is told before the server starts."""
import re

import pytest

GOOD = "a-good-long-secret-for-tests-0123456789"
ENDPOINT = "SSOHmacEndpoint https://www.example.org/sso"


def block(lines, name="members", protocol="hmac"):
    return "<SSOProvider %s %s>\n%s\n</SSOProvider>" % (name, protocol, lines)


@pytest.fixture
def host(httpd):
    return httpd.host("app.example.test", tls=True)


def refuses(httpd, *parts):
    """configtest fails, with all these parts in its output."""
    checked = httpd.configtest()
    assert not checked.ok, checked.output
    for part in parts:
        assert re.search(part, checked.output), checked.output
    return checked.output


def secret(httpd, text=GOOD, name="a.secret"):
    return "SSOHmacSecret file:%s" % httpd.secret(name, text)


def test_a_complete_configuration_is_accepted(httpd, host):
    host.add(block(ENDPOINT + "\n" + secret(httpd)))
    host.add('<Location "/app">\nSSO members\n</Location>')
    checked = httpd.configtest()
    assert checked.ok and checked.output == "Syntax OK\n"


@pytest.mark.parametrize("line, said", [
    ("SSOPath /a b", "SSOPath"),
    ("SSOPath relative", "'relative' is not a plain path"),
    ("SSOPath /", "'/' is not a plain path"),
    ("SSOBaseURL www.example.org", "SSOBaseURL: 'www.example.org'"),
    ("SSOBaseURL https://www.example.org/x", "has a path; write only .* https://www.example.org"),
    ("SSOCookie colour=red", "'colour=red' is not known; write name="),
    ("SSOCookie samesite=sometimes", "samesite= takes lax, strict or none"),
    ("SSOCookie name=__Host-x domain=example.test", "browsers refuse a __Host- cookie"),
    ("SSOInsecureHttp perhaps", "'perhaps' is neither on nor off"),
    ("SSOSessionQuota 101", "'101' is out of bounds; write a value from 0 to 100"),
    ("SSOSessionQuota", "wrong number of arguments"),
    ("<Location /x>\nSSO members other!\n</Location>", "'other!' must be letters"),
    ("<Location /x>\nSSO members off\n</Location>", "'off' stands alone"),
    ("<Location /x>\nSSOMode maybe\n</Location>", "'maybe' is not known here; write require"),
    ("<Location /x>\nSSOHeader Host user\n</Location>", "'Host' cannot carry an identity"),
    ("<Location /x>\nSSOHeader X_SSO_User user\n</Location>", "'X_SSO_User' cannot carry"),
    ("<Location /x>\nSSOEnv HTTP_HOST user\n</Location>", "'HTTP_HOST' cannot name a variable"),
    ("<Location /x>\nSSOEnv LD_PRELOAD user\n</Location>", "'LD_PRELOAD' cannot name"),
])
def test_server_and_directory_lines(httpd, host, line, said):
    host.add(line)
    refuses(httpd, said, r"line \d+ of .*httpd.conf")


@pytest.mark.parametrize("line, said", [
    ("SSOStateDirectory /a b", "SSOStateDirectory"),
    ("SSOSessionMemory 64q", "'64q' has an unknown unit; write a number .* 64k"),
    ("SSOSessionMemory 1k", "'1k' is out of bounds; write a value from 1m"),
    ("SSOSessionMemory lots", "'lots' is not a number"),
    ("SSOSecret 0123456789abcdef0123456789abcdef", "never stands in the configuration"),
])
def test_process_lines(httpd, host, line, said):
    httpd.add(line)
    assert "0123456789abcdef" not in refuses(httpd, said, r"line \d+ of .*httpd.conf")


def test_process_lines_stand_outside_virtual_hosts(httpd, host):
    host.add("SSOSessionMemory 16m")
    refuses(httpd, "SSOSessionMemory")


@pytest.mark.parametrize("lines, said", [
    ("SSOSessionIdle 20x", "'20x' has an unknown unit; write .* 15m"),
    ("SSOSessionIdle 20", "'20' has no unit"),
    ("SSOSessionIdle 5s", "'5s' is out of bounds; write a value from 1m to 30d"),
    ("SSOActive maybe", "'maybe' is not known here; write on.test.off"),
    ("SSODomains example", "'example' is not a domain"),
    ("SSOProbe 1s", "SSOProbe"), ("SSOProbe often", "SSOProbe"), ("SSOProbe off url=https://a.example/", "stands alone"),
    ("SSOProbe 1m https://a.example/", "write url=URL"), ("SSOProbe 1m url=http://a.example/", "is not https"),
    ("SSOUserAttribute case=upper email", "'case=upper' is not known"),
    ("SSOAttribute e-mail mail", "'e-mail' cannot name an attribute"),
    ("SSOHmacEndpoint http://www.example.org/sso", "is not https"),
    ("SSOHmacEndpoint /sso", "write an absolute https URL"),
    ("SSOHmacSecret plain-text-secret-of-some-length", "never stands in the configuration"),
    ("SSOHmacSig rot13", "'rot13' is not known here; write any.hex.base64"),
    ("SSOHmacParams token sig", "wrong number of arguments"),
    ("SSOHmacParams token sig sig", "the three names must differ"),
    ("SSOHmacColour red", "SSOHmacColour"),
    ("SSOSamlMetadata /etc/idp.xml", "SSOSamlMetadata"),
    ("SSOPath /x", "SSOPath"),
])
def test_provider_lines(httpd, host, lines, said):
    host.add(block("%s\n%s\n%s" % (ENDPOINT, secret(httpd), lines)))
    refuses(httpd, said, r"line \d+ of .*httpd.conf")


def test_the_line_named_is_the_line_at_fault(httpd, host):
    host.add(block("%s\n%s\nSSOSessionIdle 20x" % (ENDPOINT, secret(httpd))))
    output = refuses(httpd)
    number = int(re.search(r"line (\d+) of", output).group(1))
    assert httpd.render().splitlines()[number - 1] == "SSOSessionIdle 20x"


@pytest.mark.parametrize("name, protocol, said", [
    ("members", "soap", "soap"),
    ("members", "", "SSOProvider"),
    ("mem bers", "hmac", "SSOProvider"),
    ("login", "hmac", "is the name of an address"),
    ("../x", "hmac", "must be letters"),
    ("x" * 33, "hmac", "32 at most"),
])
def test_provider_names(httpd, host, name, protocol, said):
    host.add(block(ENDPOINT + "\n" + secret(httpd), name, protocol))
    refuses(httpd, said)


def test_a_provider_twice(httpd, host):
    host.add(block(ENDPOINT + "\n" + secret(httpd)))
    host.add(block(ENDPOINT + "\n" + secret(httpd, "another-good-long-secret-0123456", "b.secret")))
    refuses(httpd, "members", r"line \d+ of")


def test_a_block_that_is_not_closed(httpd, host):
    host.add("<SSOProvider members hmac>\n" + ENDPOINT)
    refuses(httpd, "SSOProvider")


@pytest.mark.parametrize("lines, said", [
    ([ENDPOINT], "SSOHmacSecret"),
    (["secret"], "SSOHmacEndpoint"),
])
def test_what_a_provider_cannot_do_without(httpd, host, lines, said):
    host.add(block("\n".join(secret(httpd) if x == "secret" else x for x in lines)))
    refuses(httpd, said, "members")


# -- secrets

def test_a_secret_that_is_not_there(httpd, host):
    host.add(block(ENDPOINT + "\nSSOHmacSecret file:/nonexistent/secret"))
    refuses(httpd, "there is no file /nonexistent/secret")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_secret_that_others_can_read(httpd, host, mode):
    path = httpd.file("conf/open.secret", GOOD + "\n", mode)
    host.add(block("%s\nSSOHmacSecret file:%s" % (ENDPOINT, path)))
    refuses(httpd, "open.secret", "chmod 600")


def test_a_secret_that_is_too_short(httpd, host):
    host.add(block(ENDPOINT + "\n" + secret(httpd, "short")))
    assert "short\n" not in refuses(httpd, "16")


def test_a_secret_from_a_program_and_from_a_variable(httpd, host):
    program = httpd.file("conf/give", "#!/bin/sh\necho %s-by-program\n" % GOOD, 0o700)
    host.add(block('%s\nSSOHmacSecret "exec:%s"' % (ENDPOINT, program)))
    assert httpd.configtest().ok
    httpd.file("conf/give", "#!/bin/sh\nexit 3\n", 0o700)
    refuses(httpd, "failed .exit status 3")


def test_one_secret_for_two_providers(httpd, host):
    host.add(block(ENDPOINT + "\n" + secret(httpd), "one"))
    host.add(block(ENDPOINT + "\n" + secret(httpd, name="b.secret"), "two"))
    output = refuses(httpd, "one", "two", "secret")
    assert GOOD not in output


def test_one_secret_for_two_providers_of_different_hosts(httpd, host):
    other = httpd.host("shop.example.test", like=host)
    host.add(block(ENDPOINT + "\n" + secret(httpd), "one"))
    other.add(block(ENDPOINT + "\n" + secret(httpd, name="b.secret"), "two"))
    refuses(httpd, "one", "two", "secret")


def test_no_secret_is_printed(httpd, host):
    httpd.need("info")
    host.add(block(ENDPOINT + "\n" + secret(httpd)))
    done = httpd._run("-t", "-D", "DUMP_CONFIG") if httpd.configtest().ok else None
    assert done and GOOD not in done.stdout + done.stderr


# -- who is named must exist

def test_sso_names_an_unknown_provider(httpd, host):
    host.add('<Location "/app">\nSSO nobody\n</Location>')
    refuses(httpd, "nobody", r"httpd.conf")


def test_sso_names_a_provider_of_another_host(httpd, host):
    other = httpd.host("shop.example.test", like=host)
    host.add(block(ENDPOINT + "\n" + secret(httpd)))
    other.add('<Location "/app">\nSSO members\n</Location>')
    refuses(httpd, "members")


def test_a_provider_of_the_main_server_serves_all_hosts(httpd, host):
    httpd.add(block(ENDPOINT + "\n" + secret(httpd)))
    host.add('<Location "/app">\nSSO members\n</Location>')
    assert httpd.configtest().ok


# -- SAML

@pytest.mark.parametrize("lines, said", [
    ("", "SSOSamlMetadata"),
    ("SSOSamlMetadata /nonexistent/idp.xml", "/nonexistent/idp.xml"),
    ("SSOSamlMetadata %s/conf/bad.xml", "bad.xml"),
    ("SSOSamlMetadata %s/conf/sp.xml", "IDPSSODescriptor"),
    ("SSOSamlIdP entity-id=https://i.test/ sso-url=https://i.test/sso", "cert"),
    ("SSOSamlIdP entity-id=https://i.test/ sso-url=https://i.test/sso cert=/nonexistent.crt",
     "/nonexistent.crt"),
    ("SSOSamlIdP entity-id=https://i.test/ sso-url=http://i.test/sso cert=x", "https"),
    ("SSOSamlMetadata %s/conf/bad.xml\nSSOSamlAllow sha2", "'sha2' is not a check"),
    ("SSOSamlMetadata %s/conf/bad.xml\nSSOSamlClockSkew 6m", "'6m' is out of bounds"),
    ("SSOHmacSig hex", "SSOHmacSig"),
])
def test_saml_lines(httpd, host, lines, said):
    httpd.file("conf/bad.xml", "<not-closed>")
    httpd.file("conf/sp.xml", '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" '
                              'entityID="urn:x"/>')
    host.add(block(lines.replace("%s", str(httpd.root)), "corp", "saml"))
    refuses(httpd, said)


def test_a_key_that_does_not_match_its_certificate(httpd, host, closing):
    from lib import pki
    from lib.saml_idp import SamlIdp
    idp = closing(SamlIdp())
    metadata = httpd.file("conf/idp.xml", idp.metadata())
    key = httpd.file("conf/sp.key", pki.pair("one").key_pem, 0o600)
    cert = httpd.file("conf/sp.crt", pki.pair("two").cert_pem)
    host.add(block("SSOSamlMetadata %s\nSSOSamlKey %s %s" % (metadata, key, cert), "corp", "saml"))
    refuses(httpd, "is not for the key in .*sp.key")


def test_configtest_writes_nothing(httpd, host, closing):
    from lib.saml_idp import SamlIdp
    metadata = httpd.file("conf/idp.xml", closing(SamlIdp()).metadata())
    host.add(block("SSOSamlMetadata %s" % metadata, "corp", "saml"))
    assert httpd.configtest().ok
    assert not httpd.state.exists()


# -- .htaccess

def htaccess(httpd, host, text, override="AuthConfig"):
    host.add('<Directory "%s">\nAllowOverride %s\n</Directory>' % (host.docroot, override))
    host.page("/t/.htaccess", text)
    host.page("/t/x.html")
    host.add(block(ENDPOINT + "\n" + secret(httpd)))
    httpd.start()


def test_htaccess_may_ask_for_a_login(httpd, host, browser):
    htaccess(httpd, host, "SSO members\nSSOUnauthenticated 401\n")
    page = browser.step(host.url + "/t/x.html")
    assert page.status == 401 and page.json()["error"] == "login_required"


@pytest.mark.parametrize("line", [
    "SSOHmacSecret file:/etc/shadow",
    "<SSOProvider mine hmac>\n</SSOProvider>",
    "SSOPath /mine",
    "SSOStateDirectory /tmp/x",
    "SSOBaseURL https://other.test",
    "SSOInsecureHttp on",
    "SSOCookie name=x",
])
def test_htaccess_may_not(httpd, host, browser, line):
    htaccess(httpd, host, line + "\n")
    httpd.expect_log(r"core:alert.*\.htaccess: .*not allowed here")
    assert browser.step(host.url + "/t/x.html").status == 500


def test_htaccess_needs_the_override(httpd, host, browser):
    htaccess(httpd, host, "SSO members\n", "FileInfo")
    httpd.expect_log("core:alert.*SSO not allowed here")
    assert browser.step(host.url + "/t/x.html").status == 500


def test_htaccess_that_names_nobody_lets_nobody_in(httpd, host, browser):
    htaccess(httpd, host, "SSO nobody\n")
    httpd.expect_fault("config")
    page = browser.step(host.url + "/t/x.html")
    assert page.status == 500 and page.fault == "config"


# -- what is said at start

def test_authtype_without_a_require_is_reported(httpd, host):
    host.add(block(ENDPOINT + "\n" + secret(httpd)))
    host.add('<Location "/app">\nAuthType SSO\n</Location>')
    httpd.expect_log("AuthType SSO without Require protects nothing")
    httpd.start()


def test_loosened_rules_are_logged_at_every_start(httpd, host, closing):
    from lib.saml_idp import SamlIdp
    metadata = httpd.file("conf/idp.xml", closing(SamlIdp()).metadata())
    host.add(block("SSOSamlMetadata %s\nSSOSamlAllow sha1 comments" % metadata, "corp", "saml"))
    httpd.expect_log("sso:warn.*corp: SSOSamlAllow (sha1|comments)")
    httpd.start()
    before = len(httpd.log.find("SSOSamlAllow sha1"))
    httpd.restart()
    assert len(httpd.log.find("SSOSamlAllow sha1")) > before > 0


def test_the_state_directory_is_private(httpd, host):
    host.add(block(ENDPOINT + "\n" + secret(httpd)))
    httpd.start()
    assert httpd.state.stat().st_mode & 0o777 == 0o700
    for path in httpd.state.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_directives_explain_themselves(httpd, host):
    output = httpd._run("-L").stdout if httpd.configtest().ok else ""
    for name in ("SSOPath", "SSO ", "<SSOProvider", "SSOSessionMemory"):
        assert re.search("^" + re.escape(name), output, re.M), name
