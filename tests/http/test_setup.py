"""The pages for people who connect a provider."""
import base64
import re

from lib import pki
from lib.browser import exchange
from lib.recipes import members, protect, saml
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
