"""OpenID Connect in headless Chromium: a login that begins at the site, one that begins at a tile of the
provider (npm oidc-provider), and the way out.

Screenshots of every page are left in $SCREENSHOTS.
"""
import os
import pathlib
import sys

import pytest
from selenium.webdriver.common.by import By

TOP = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("SSO_BUILD", os.environ.get("BUILD", str(TOP / "build")))
sys.path.insert(0, str(TOP / "tests" / "http"))

from conftest import running  # noqa: E402
from lib.oidc_idps import OidcProvider  # noqa: E402
from lib.recipes import CALLBACK, oidc, protect  # noqa: E402
from lib.sites import ENV_CGI  # noqa: E402
from pages import PAGE  # noqa: E402
from test_demo import browser, path, shot, type_into, wait  # noqa: E402, F401

SECRET = "a-client-secret-of-enough-bytes-0123456789"
LOGIN = "/.sso/op/initiate"


@pytest.fixture
def op():
    if not OidcProvider.available():
        pytest.skip("oidc-provider is not installed: make npm-idps, with node and npm")
    op = OidcProvider()
    op.client_id, op.secret = "rp", SECRET
    yield op
    op.close()


@pytest.fixture(params=["http"])
def site(op, request):
    """The host localhost, another site than the provider on 127.0.0.1; /staff is for people of it."""
    tls = request.param.startswith("https")
    with running(lambda: False) as httpd:
        host = httpd.host("localhost", tls=tls)
        httpd.add("" if tls else "SSOInsecureHttp on")
        mode = "form_post" if request.param.endswith("form_post") else "query"
        oidc(host, op, extra="SSOOidcScope openid profile email groups\nSSOUserAttribute email\n"
                             "SSOOidcResponseMode " + mode)
        protect(host, "/staff", "SSO op\nOptions +ExecCGI\nSetHandler cgi-script\n"
                                "DirectoryIndex index.cgi")
        httpd.need("cgid", "dir")
        host.page("/index.html", PAGE % {"title": "The site", "text":
                                         "<a href='/staff/'>Enter</a> <a href='/.sso/logout'>Sign out</a>"})
        host.page("/staff/index.cgi", ENV_CGI, 0o755)
        op.register("rp", SECRET, host.url + CALLBACK % "op",
                    post_logout_redirect_uris=[host.url + "/.sso/op/signedout"])
        op.tile("The site", host.url + LOGIN, host.url + "/staff/")
        op.commit()
        httpd.start()
        yield host


def sign_in(browser, name):
    wait(browser, lambda b: b.find_elements(By.NAME, "password"))
    shot(browser, name)
    type_into(browser, user="alice", password="alice-pw")
    browser.find_element(By.TAG_NAME, "button").click()


def assert_inside(browser, site):
    wait(browser, lambda b: "REMOTE_USER" in b.page_source)
    assert browser.current_url == site.url + "/staff/"
    assert '"REMOTE_USER": "alice@example.org"' in browser.page_source
    assert "staff,admins" in browser.page_source


def test_a_login_and_the_way_out(browser, site, op):
    browser.get(site.url + "/")
    browser.find_element(By.LINK_TEXT, "Enter").click()
    sign_in(browser, "oidc-1-provider")
    assert_inside(browser, site)
    shot(browser, "oidc-2-inside")

    browser.get(site.url + "/")
    browser.find_element(By.LINK_TEXT, "Sign out").click()
    wait(browser, lambda b: "signed out here and at the identity provider" in b.page_source)
    assert path(browser) == "/.sso/op/signedout"
    shot(browser, "oidc-3-signed-out")
    browser.get(site.url + "/staff/")  # the provider has forgotten alice too
    wait(browser, lambda b: b.find_elements(By.NAME, "password"))
    assert browser.current_url.startswith(op.url)


@pytest.mark.parametrize("site", ["https, form_post"], indirect=True)
def test_an_answer_that_is_posted_from_another_site(site, browser):
    """The cookie of the login has to come along; that of the session need not. Twice, so that a session
    is there the second time. The browser ends before the site: it opens connections in advance, and
    httpd waits for their handshakes."""
    for way in ("1", "2"):
        browser.get(site.url + "/.sso/login?provider=op&return=/staff/" + "&forceAuthn=true" * (way == "2"))
        sign_in(browser, "form-post-%s-provider" % way)
        assert_inside(browser, site)
    shot(browser, "form-post-3-inside")
    cookies = {x["name"]: x for x in browser.get_cookies()}
    assert cookies["__Host-sso"]["sameSite"] == "Lax" and cookies["__Host-sso"]["secure"]
    flows = [x for name, x in cookies.items() if name.startswith("__Host-sso-")]
    assert flows and all(x["httpOnly"] and x["secure"] for x in flows)


def test_a_login_that_begins_at_a_tile(browser, site, op):
    browser.get(op.url + "/tiles")
    shot(browser, "tile-1-page")
    browser.find_element(By.LINK_TEXT, "The site").click()
    sign_in(browser, "tile-2-provider")
    assert_inside(browser, site)
    shot(browser, "tile-3-inside")
    browser.get(op.url + "/tiles")
    browser.find_element(By.LINK_TEXT, "The site").click()  # signed in: straight to the page
    assert_inside(browser, site)


def test_a_tile_of_somebody_else(browser, site, op):
    """Whoever makes people follow a link cannot choose the provider; the page says what to do."""
    site.httpd.expect_fault("oidc_initiate")
    browser.get(site.url + LOGIN + "?iss=https%3A%2F%2Fevil.example")
    shot(browser, "tile-refused")
    assert "Please start to sign in from this site" in browser.page_source
    assert "oidc_initiate" in browser.page_source
