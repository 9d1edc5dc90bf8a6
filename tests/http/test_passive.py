"""SSOMode passive: who is signed in elsewhere is known here, and nobody else notices (row 22)."""
import dataclasses
import re

import pytest

from conftest import running
from lib.browser import Browser
from lib.idps import SimpleSamlPhp
from lib.recipes import is_login, protect, saml, sign_in, user_of
from lib.saml_idp import SamlIdp

NO_PASSIVE = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
MARK = "sso-passive=off"
SHOWN = '<!--#echo var="SSO_USER" -->'


class QuietIdp(SamlIdp):
    """Knows its visitors or not; says NoPassive where it would have to ask."""

    known = False

    def respond(self, request, **knobs):
        if request.root.get("IsPassive") == "true" and not self.known:
            knobs.setdefault("status", NO_PASSIVE)
        return super().respond(request, **knobs)


@pytest.fixture
def idp(closing):
    return closing(QuietIdp())


@pytest.fixture
def corp(httpd, idp):
    """A host whose /app is for everybody and says who is there."""
    host = httpd.host("app.example.test", tls=True)
    httpd.need("include")
    saml(host, idp, "corp")
    protect(host, "/app", "SSO corp\nSSOMode passive\nOptions +Includes\n"
                          "SetOutputFilter INCLUDES\nRequire all granted")
    host.page("/app/x.html", SHOWN)
    host.page("/app/index.html", SHOWN)
    httpd.need("dir")
    return host


def test_who_is_known_elsewhere_is_known_here(corp, idp, alice):
    idp.known = True
    corp.httpd.start()
    page = alice.open(corp.url + "/app/x.html?a=b")
    assert page.text == "alice" and page.url == corp.url + "/app/x.html?a=b"
    assert [x.root.get("IsPassive") for x in idp.requests] == ["true"]
    assert idp.requests[0].root.get("ForceAuthn") is None
    assert alice.open(corp.url + "/app/x.html").text == "alice"
    assert len(idp.requests) == 1


def test_who_is_unknown_goes_on(corp, idp, browser):
    """NoPassive is no failure: the page, once, and no further attempt for some minutes."""
    corp.httpd.start()
    page = browser.open(corp.url + "/app/x.html?a=b")
    assert page.status == 200 and page.text == "(none)"
    assert page.url == corp.url + "/app/x.html?a=b" and len(idp.requests) == 1
    assert [x.status for x in page.trace] == [302, 302, 200, 303, 200]
    for _ in range(3):
        assert browser.step(corp.url + "/app/x.html").text == "(none)"
    assert len(idp.requests) == 1
    # What stays is one small cookie, and nothing that is looked for in the log.
    kept = [(x.name, x.value) for x in browser.jar.find(corp.url)]
    assert [x for x in kept if x[0].endswith("-passive")] == [("__Host-sso-passive", "1")]
    assert not [x for x in kept if re.fullmatch(r"__Host-sso-[0-9a-f]{8}", x[0])]


def test_only_navigations_try(corp, idp, browser):
    corp.httpd.start()
    url = corp.url + "/app/x.html"
    plain = {"Sec-Fetch-Mode": "", "Sec-Fetch-Dest": ""}
    for page in (browser.fetch(url), browser.step(url, "POST", "x=y"), browser.step(url, "HEAD"),
                 browser.step(url, headers={"Sec-Fetch-Dest": "iframe"}),
                 browser.step(url, headers={"Sec-Purpose": "prefetch"}),
                 browser.step(url, headers=plain)):
        assert page.status == 200, repr(page)
    assert not idp.requests and not browser.jar.find(corp.url)


def test_programs_and_crawlers_see_the_page(corp, idp):
    from lib.browser import exchange
    corp.httpd.start()
    page = exchange("GET", corp.url + "/app/x.html",
                    [("Accept", "text/html"), ("User-Agent", "Googlebot/2.1")])
    assert page.status == 200 and page.text == "(none)" and not page.all_headers("Set-Cookie")


def test_a_browser_without_cookies(corp, idp):
    """One detour through our own address, and the page; the provider is not bothered."""
    corp.httpd.start()
    browser = Browser()
    browser.jar.take = lambda *_: None
    page = browser.open(corp.url + "/app/x.html?a=b")
    assert page.text == "(none)" and page.url == corp.url + "/app/x.html?a=b&" + MARK
    assert [x.status for x in page.trace] == [302, 302, 200] and not idp.requests
    page = browser.open(corp.url + "/app/x.html")
    assert page.url == corp.url + "/app/x.html?" + MARK and len(page.trace) == 3


@pytest.mark.parametrize("knobs, code", [
    (dict(status="urn:oasis:names:tc:SAML:2.0:status:RequestDenied"), "status_denied"),
    (dict(sign=()), "sig_missing"), (dict(audience="urn:other"), "audience")], ids=str)
def test_what_goes_wrong_is_for_the_log(corp, idp, browser, knobs, code):
    """A visitor who asked for nothing gets the page that they wanted."""
    idp.known = True
    idp.answer = dataclasses.replace(idp.answer, **knobs)
    corp.httpd.start()
    corp.httpd.expect_log("no silent login through corp: %s: " % code)
    page = browser.open(corp.url + "/app/x.html")
    assert page.status == 200 and page.text == "(none)" and len(idp.requests) == 1


def test_a_provider_that_is_gone(httpd, idp, browser):
    """An attempt that cannot even begin ends at the place as well."""
    host = httpd.host("app.example.test", tls=True)
    text = idp.metadata().replace("<md:EntityDescriptor ",
                                  '<md:EntityDescriptor validUntil="2020-01-01T00:00:00Z" ')
    idp.metadata = lambda: text
    saml(host, idp, "corp")
    protect(host, "/app", "SSO corp\nSSOMode passive\nRequire all granted")
    host.page("/app/x.html", "page")
    httpd.expect_log("nobody can log in")
    httpd.start()
    httpd.expect_log("no silent login through corp: metadata_expired: ")
    assert browser.open(host.url + "/app/x.html").text == "page"


def test_a_directory_and_its_index(corp, idp, browser):
    """mod_dir's inner requests do not try once more."""
    corp.httpd.start()
    page = browser.open(corp.url + "/app/")
    assert page.text == "(none)" and page.url == corp.url + "/app/" and len(idp.requests) == 1


def test_signing_out_is_not_undone(corp, idp, alice):
    idp.known = True
    corp.httpd.start()
    assert alice.open(corp.url + "/app/x.html").text == "alice"
    alice.jar.take(corp.url, ["__Host-sso-passive=; Path=/; Max-Age=0; Secure"])
    alice.open(corp.url + "/.sso/logout")
    assert alice.open(corp.url + "/app/x.html").text == "(none)"
    assert len(idp.requests) == 1


def test_after_some_minutes_it_is_tried_again(corp, idp, browser):
    corp.httpd.start()
    browser.open(corp.url + "/app/x.html")
    ages = [x.attributes["max-age"] for x in browser.jar.find(corp.url, "__Host-sso-passive")]
    assert ages == ["300"]
    browser.jar.take(corp.url, ["__Host-sso-passive=; Path=/; Max-Age=0; Secure"])
    browser.open(corp.url + "/app/x.html")
    assert len(idp.requests) == 2


def test_a_place_inside_that_needs_a_login(corp, idp, alice):
    """The attempt outside leaves the login inside as it is."""
    protect(corp, "/app/in", "SSO corp\nSSOMode require")
    corp.page("/app/in/x.html", "inside")
    corp.httpd.start()
    assert alice.open(corp.url + "/app/x.html").text == "(none)"
    assert alice.open(corp.url + "/app/in/x.html").text == "inside"
    assert alice.open(corp.url + "/app/x.html").text == "alice"


@pytest.mark.parametrize("mode", ["optional", "passive"])
def test_require_in_an_open_place(httpd, idp, alice, mode):
    """An open place with a Require line that needs to know who it is asks for a login."""
    host = httpd.host("app.example.test", tls=True)
    saml(host, idp, "corp")
    protect(host, "/app", "SSO corp\nSSOMode %s\nRequire valid-user" % mode)
    host.page("/app/x.html", "inside")
    httpd.start()
    assert is_login(alice.step(host.url + "/app/x.html"))
    assert alice.fetch(host.url + "/app/x.html").status == 401
    assert alice.open(host.url + "/app/x.html").text == "inside"


def test_a_signed_token_cannot_be_silent(app):
    protect(app, "/app", "SSO members\nSSOMode passive")
    test = app.httpd.configtest()
    assert not test.ok and "SSOMode: provider members is of protocol hmac, which cannot be asked " \
        "without a word to the person" in test.output


def test_nor_can_a_provider_that_always_asks(httpd, idp):
    host = httpd.host("app.example.test", tls=True)
    saml(host, idp, "corp", "SSOSamlForceAuthn on")
    protect(host, "/app", "SSO corp\nSSOMode passive")
    test = httpd.configtest()
    assert not test.ok and "has SSOSamlForceAuthn on" in test.output


def test_simplesamlphp(make_browser):
    """Another program: unknown, then signed in through another application, then known."""
    program = SimpleSamlPhp()
    try:
        with running(lambda: False) as httpd:
            host = httpd.host("app.example.test", tls=True)
            other = httpd.host("shop.example.test", like=host)
            httpd.need("include")
            for each in (host, other):
                saml(each, program, "corp", "SSOSamlSignRequests on\nSSOUserAttribute email")
            protect(host, "/app", "SSO corp\nSSOMode passive\nOptions +Includes\n"
                                  "SetOutputFilter INCLUDES\nRequire all granted")
            host.page("/app/x.html", SHOWN)
            httpd.start()
            for each in (host, other):
                program.register(each.name, Browser().fetch(each.url + "/.sso/corp/metadata").body)
            person = make_browser("alice")
            assert person.open(host.url + "/app/x.html").text == "(none)"
            sign_in(person, other, "corp")
            assert user_of(person, host) is None
            person.jar.take(host.url, ["__Host-sso-passive=; Path=/; Max-Age=0; Secure"])
            page = person.open(host.url + "/app/x.html")
            assert page.text == "alice@example.org"
            assert not any(x.method == "POST" and x.url.startswith(program.url)
                           for x in page.trace)
    finally:
        program.close()
