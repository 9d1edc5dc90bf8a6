"""SAML single logout in headless Chromium: with SimpleSAMLphp, from both ends, and with a provider that
does not confirm it.

Screenshots of every page are left in $SCREENSHOTS.
"""
import os
import pathlib
import sys
import urllib.parse
import urllib.request

import pytest
from selenium.webdriver.common.by import By

TOP = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("SSO_BUILD", os.environ.get("BUILD", str(TOP / "build")))
sys.path.insert(0, str(TOP / "tests" / "http"))

from conftest import running  # noqa: E402
from lib.idps import SimpleSamlPhp  # noqa: E402
from lib.recipes import protect, saml  # noqa: E402
from lib.saml_idp import REDIRECT, SamlIdp  # noqa: E402
from pages import PAGE  # noqa: E402
from test_demo import browser, path, shot, type_into, wait  # noqa: E402, F401

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"
PARTIAL = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"


def make_site(httpd, idp):
    host = httpd.host("localhost")
    httpd.add("SSOInsecureHttp on")
    saml(host, idp, "corp", "SSOSamlSignRequests on")
    protect(host, "/app", "SSO corp")
    host.page("/index.html", PAGE % {"title": "The site", "text": "<a href='/.sso/logout'>Sign out</a>"})
    host.page("/app/x.html", "<title>x</title><p>inside")
    return host


def metadata_of(host):
    with urllib.request.urlopen(host.url + "/.sso/corp/metadata", timeout=20) as answer:
        return answer.read()


@pytest.fixture
def program():
    idp = SimpleSamlPhp()
    yield idp
    idp.close()


@pytest.fixture
def scripted():
    idp = SamlIdp(slo=(REDIRECT,))
    yield idp
    idp.close()


def is_out(browser, host):
    browser.get(host.url + "/.sso/session")
    return "login_required" in browser.page_source


def click_sign_out(browser, host):
    browser.get(host.url + "/")
    browser.find_element(By.LINK_TEXT, "Sign out").click()


def test_with_simplesamlphp(browser, program):
    with running(lambda: False) as httpd:
        host = make_site(httpd, program)
        httpd.start()
        program.register("site", metadata_of(host), validate_authnrequest=True, sign_logout=True,
                         validate_logout=True)

        def enter():
            browser.get(host.url + "/app/x.html")
            wait(browser, lambda b: b.find_elements(By.NAME, "username"))
            type_into(browser, username="alice", password="alice-pw")
            browser.find_element(By.NAME, "password").submit()
            wait(browser, lambda b: "inside" in b.page_source)

        enter()
        click_sign_out(browser, host)
        wait(browser, lambda b: "signed out here and at the identity provider" in b.page_source)
        shot(browser, "saml-logout-1-everywhere")
        assert is_out(browser, host)

        enter()  # the password again: the provider's session is over too
        start = program.url + "/saml2/idp/SingleLogoutService.php?ReturnTo="
        browser.get(start + urllib.parse.quote(host.url + "/", safe=""))
        wait(browser, lambda b: b.current_url == host.url + "/")
        assert is_out(browser, host)


@pytest.mark.parametrize("status, second, said", [
    (RESPONDER, None, "did not confirm"), (SUCCESS, PARTIAL, "not everywhere")])
def test_an_answer_that_does_not_confirm(browser, scripted, status, second, said):
    """Whatever the provider says, here the session is over, and the page says what is not."""
    with running(lambda: False) as httpd:
        host = make_site(httpd, scripted)
        httpd.start()
        if status != SUCCESS:
            httpd.expect_fault("logout_denied")
        scripted.register(metadata_of(host))
        browser.get(host.url + "/app/x.html")
        wait(browser, lambda b: "inside" in b.page_source)
        scripted.goodbye.status, scripted.goodbye.second = status, second
        click_sign_out(browser, host)
        wait(browser, lambda b: said in b.page_source)
        shot(browser, "saml-logout-2-" + said.replace(" ", "-"))
        assert path(browser).startswith("/.sso/") and "on a shared computer" in browser.page_source.lower()
        assert is_out(browser, host)


def test_a_provider_that_is_gone(browser, program):
    """The browser is left at an address where nobody answers; here the session is over all the same."""
    with running(lambda: False) as httpd:
        host = make_site(httpd, program)
        httpd.start()
        program.register("site", metadata_of(host), validate_authnrequest=True, sign_logout=True,
                         validate_logout=True)
        browser.get(host.url + "/app/x.html")
        wait(browser, lambda b: b.find_elements(By.NAME, "username"))
        type_into(browser, username="alice", password="alice-pw")
        browser.find_element(By.NAME, "password").submit()
        wait(browser, lambda b: "inside" in b.page_source)
        program.stop()
        try:
            browser.get(host.url + "/")
            browser.find_element(By.LINK_TEXT, "Sign out").click()
            shot(browser, "saml-logout-3-provider-gone")
            assert is_out(browser, host)
        finally:
            program.start()
