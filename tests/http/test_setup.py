"""The pages for people who connect a provider."""
import base64
import re

from lib import pki, sites
from lib.browser import exchange
from lib.idps import SimpleSamlPhp
from lib.recipes import members, protect, saml, user_of
from lib.saml_idp import SamlIdp


def facts(page):
    """label -> values, in the order of the page."""
    out = {}
    for heading in page.document().xpath("//h3"):
        value = heading.getnext().xpath(".//*[@id]")[0]
        out.setdefault(heading.text_content(), []).append(value.text_content())
    return out


def setup_page(browser, host, name):
    page = browser.open("%s/.sso/%s/setup" % (host.url, name))
    assert page.status == 200, page.text
    return page


def test_saml(httpd, closing, browser):
    """The three values of the mission, the certificate, and what we believe of the other side."""
    host, idp = httpd.host("app.example.test", tls=True), closing(SamlIdp())
    saml(host, idp)
    httpd.start()
    page = setup_page(browser, host, "corp")
    found, acs = facts(page), host.url + "/.sso/corp/acs"
    assert found["Audience"] == [host.url + "/.sso/corp/metadata"]
    assert found["Recipient"] == found["ACS URL"] == [acs]
    assert found["Metadata URL"] == [host.url + "/.sso/corp/metadata"]
    assert found["Signing certificate"][0].strip() == pki.pair("sp").cert_pem.strip()
    assert re.fullmatch("([0-9A-F]{2}:){31}[0-9A-F]{2}",
                        found["Certificate fingerprint (SHA-256)"][0])
    assert found["Entity ID"] == [idp.entity_id]
    assert found["Sign-in address"][0].startswith(idp.url)
    assert page.header("Cache-Control") == "no-store"


def test_signed_token(httpd, site, browser, app):
    httpd.start()
    page = setup_page(browser, app, "members")
    found = facts(page)
    assert found["Callback URL"] == [app.url + "/.sso/members/callback"]
    assert found["Endpoint"] == [site.endpoint]
    assert site.secret not in page.text
    assert base64.b64encode(site.secret.encode()).decode() not in page.text


def test_who_may_see_it(httpd, site, browser):
    """SSOSetupPages: what a proxy on this machine passes on does not come from this machine."""
    host = httpd.host("app.example.test", tls=True)
    for name in ("auto", "anyone", "local", "off"):
        members(host, site, name + "1", "SSOSetupPages " + name)
        site.secret += name  # no two peers share one
    httpd.start()
    for name, headers, status in [
            ("auto", {}, 200), ("auto", {"X-Forwarded-For": "192.0.2.1"}, 200),
            ("anyone", {}, 200), ("local", {}, 200), ("off", {}, 404),
            ("local", {"X-Forwarded-For": "127.0.0.1"}, 404), ("local", {"Via": "1.1 x"}, 404),
            ("local", {"Forwarded": "for=127.0.0.1"}, 404), ("local", {"X-Real-IP": "::1"}, 404)]:
        page = browser.step("%s/.sso/%s1/setup" % (host.url, name), headers=headers)
        assert page.status == status, (name, headers)
    httpd.log.expect("not_found: SSOSetupPages of provider")


def test_it_needs_no_login(httpd, site, browser, app):
    """Whoever connects a provider cannot sign in through it yet."""
    protect(app, "/")
    httpd.start()
    assert setup_page(browser, app, "members").status == 200
    assert exchange("POST", app.url + "/.sso/members/setup").status == 405
    httpd.log.expect("method: POST on the set-up page")


# -- the test page

def run_test(browser, host, name="corp", email=""):
    """Open the test page, fill in the form, sign in, and return the report."""
    page = browser.open("%s/.sso/%s/test" % (host.url, name))
    return browser.submit(page.form("email"), email=email)


def rows(page):
    """First cell -> the other cells, of every table."""
    cells = [[x.text_content() for x in row.xpath("./td")] for row in page.document().xpath("//tr")]
    return {x[0]: x[1:] for x in cells if x}


def steps(page):
    """The checks and how they ended: class -> titles."""
    out = {}
    for row in page.document().xpath("//tr[th[@colspan]]"):
        out.setdefault(row.get("class"), []).append(row.text_content().strip())
    return out


def test_a_test_of_saml(httpd, closing, alice):
    host, idp = httpd.host("app.example.test", tls=True), closing(SamlIdp())
    saml(host, idp, extra="SSOActive test\nSSOUserAttribute email")
    protect(host, lines="SSO corp")
    httpd.start()
    page = run_test(alice, host, email="alice@example.org")
    assert page.status == 200 and page.path == "/.sso/corp/acs", page.text
    found = rows(page)
    assert found["Issuer of Response"] == [idp.entity_id] * 2
    assert found["Destination"] == found["Recipient"] == [host.url + "/.sso/corp/acs"] * 2
    assert found["Audience"] == [host.url + "/.sso/corp/metadata"] * 2
    assert found["InResponseTo"][0] == found["InResponseTo"][1] != ""
    assert "rsa-sha256" in found["Signature"][1] and "CN=" in found["Signature"][1]
    assert found["REMOTE_USER"][0] == "alice@example.org"
    assert found["SSO_NAME"] == ["Alice Ärmel", "X-SSO-Name: Alice %C3%84rmel"]
    assert found["urn:oid:0.9.2342.19200300.100.1.3"] == ["mail", "alice@example.org"]
    assert found["groups"] == ["staff | admins"]
    assert set(steps(page)) == {"good"} and len(steps(page)["good"]) > 25
    assert "It was alice@example.org, as expected" in page.text
    assert not alice.jar.find(host.url, "__Host-sso")
    assert user_of(alice, host) is None


def test_in_test_nobody_is_sent_there(httpd, closing, alice):
    host, idp = httpd.host("app.example.test", tls=True), closing(SamlIdp())
    saml(host, idp, extra="SSOActive test")
    protect(host, lines="SSO corp")
    httpd.start()
    httpd.log.expect("inactive: .* in test: only https://app.example.test:.*/.sso/corp/test leads")
    httpd.log.expect("inactive: no provider to choose is active")
    for path in ("/app", "/.sso/login?provider=corp"):
        page = alice.open(host.url + path)
        assert (page.status, page.fault) == (403, "inactive")
    assert alice.open(host.url + "/.sso/choose").fault == "inactive"
    assert not idp.requests


def test_what_failed_and_how_far_it_got(httpd, closing, alice):
    host, idp = httpd.host("app.example.test", tls=True), closing(SamlIdp())
    saml(host, idp, extra="SSOActive test")
    httpd.start()
    idp.answer.audience = "https://elsewhere.test/<b>"
    page = run_test(alice, host)
    assert (page.status, page.fault) == (403, "audience")
    assert rows(page)["Audience"] == [host.url + "/.sso/corp/metadata",
                                      "https://elsewhere.test/<b>"]
    assert "<b>" not in page.text.replace("&lt;b&gt;", "")
    found = steps(page)
    assert len(found["bad"]) == 1 and "Meant for us" in found["bad"][0]
    assert any("Every attribute can be read" in x for x in found["off"])
    assert "SSOSamlEntityID" in page.text  # the cure
    # What was signed by somebody else says nothing of what is in it.
    idp.answer.signer = pki.pair("sp")
    page = run_test(alice, host)
    assert page.fault == "signature" and "by none of them" in rows(page)["Signature"][1]
    assert "Audience" not in rows(page)


def test_the_encryption_is_named(httpd, closing, alice):
    host, idp = httpd.host("app.example.test", tls=True), closing(SamlIdp())
    saml(host, idp, extra="SSOActive test")
    httpd.start()
    idp.register(exchange("GET", host.url + "/.sso/corp/metadata").body)
    idp.answer.encrypt = "aes256-gcm"
    assert rows(run_test(alice, host))["Encryption"][1] == "AES-256-GCM"


def test_a_test_of_a_signed_token(httpd, site, alice):
    host = httpd.host("app.example.test", tls=True)
    members(host, site, extra="SSOActive test")
    httpd.start()
    page = run_test(alice, host, "members", "alice@example.org")
    assert page.status == 200 and "as expected" in page.text
    assert rows(page)["Signature"][1] == "HMAC-SHA256 with secret 1"
    assert rows(page)["Token"][0] == rows(page)["Token"][1] == site.tokens[-1]
    assert site.secret not in page.text
    assert user_of(alice, host) is None


def test_a_mistake_of_the_site_is_named(httpd, site, alice):
    """What ssoctl's log line says, the page says too: here, upper-case hex of the wrong bytes."""
    host = httpd.host("app.example.test", tls=True)
    members(host, site, extra="SSOActive test")
    httpd.start()
    site.wire = lambda pairs: [pairs[0], ("sig", sites.sign(site.secret + "\n", pairs[0][1]))]
    httpd.log.expect("provider members: ")
    page = run_test(alice, host, "members")
    assert page.fault == "sig_mismatch"
    assert "Probably: " in page.text and "line break" in page.text
    assert site.secret not in page.text


def test_an_active_provider_is_tested_from_this_machine(httpd, closing, alice):
    host, idp = httpd.host("app.example.test", tls=True), closing(SamlIdp())
    saml(host, idp)
    httpd.start()
    assert run_test(alice, host).status == 200
    page = alice.step(host.url + "/.sso/corp/test", headers={"X-Forwarded-For": "192.0.2.1"})
    assert page.status == 404
    httpd.log.expect("not_found: SSOSetupPages of provider corp")
    assert user_of(alice, host) is None


def test_simplesamlphp(httpd, closing, alice):
    """The whole way, with somebody else's identity provider and its login page."""
    host, idp = httpd.host("app.example.test", tls=True), closing(SimpleSamlPhp())
    saml(host, idp, extra="SSOActive test\nSSOSamlSignRequests on")
    httpd.start()
    idp.register("app", exchange("GET", host.url + "/.sso/corp/metadata").body)
    page = run_test(alice, host, email="alice@example.org")
    assert page.status == 200, page.text
    assert "It was alice@example.org, as expected" in page.text
    assert set(steps(page)) == {"good"}
    assert user_of(alice, host) is None
