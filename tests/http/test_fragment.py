"""SSOKeepFragment: what stands behind '#' goes along to the login, and nothing else with it.

What the page's script does in a browser is in tests/browser/test_fragment.py; here its answers are sent.
"""
import re
import urllib.parse

import pytest

from conftest import SECRET
from lib.recipes import is_login, members, oidc, protect, saml, saml_key, sign_in
from lib.oidc_op import Op
from lib.saml_idp import SamlIdp
from lib.sites import TokenSite

LINES = "SSO members\nSSOKeepFragment on"


@pytest.fixture
def place(app):
    protect(app, "/app", LINES)
    app.page("/app/x.html", "inside")
    return app


def link_of(page):
    """Where the page's link leads; its script leads there too."""
    assert page.status == 401 and page.is_html, repr(page)
    return page.document().xpath("//a[@id='a']")[0].get("href")


def with_fragment(page, fragment):
    """What the script makes of it."""
    return link_of(page) + "&fragment=" + urllib.parse.quote(fragment, safe="")


def landing_of(browser, url):
    """The address that the login ends with, its fragment included."""
    page = browser.open(url)
    ways = [x.location for x in page.trace if x.location]
    assert page.status == 200, repr(page)
    return ways[-1]


def test_a_page_in_place_of_a_redirect(place, browser):
    place.httpd.start()
    page = browser.step(place.url + "/app/x.html?q=1")
    link = link_of(page)
    assert link.startswith(place.url + "/.sso/login?provider=members&return=%2Fapp%2Fx.html%3Fq%3D1")
    assert page.header("Cache-Control") == "no-store" and page.header("Referrer-Policy") == "no-referrer"
    csp = page.header("Content-Security-Policy")
    nonce = re.search(r"script-src 'nonce-([0-9a-f]{32})'$", csp)[1]
    assert [x.get("nonce") for x in page.document().xpath("//script")] == [nonce]
    assert "default-src 'none'" in csp and "form-action 'none'" in csp and "base-uri 'none'" in csp
    assert page.document().xpath("//noscript/meta/@content") == ["0;url=" + link]
    assert not page.all_headers("Set-Cookie")


def test_it_comes_back(place, alice):
    place.httpd.start()
    page = alice.step(place.url + "/app/x.html?q=1")
    assert landing_of(alice, with_fragment(page, "/list?sort=name&x=%C3%A4")) \
        == place.url + "/app/x.html?q=1#/list?sort=name&x=%C3%A4"


def test_without_script_without_it(place, alice):
    place.httpd.start()
    page = alice.step(place.url + "/app/x.html")
    assert landing_of(alice, link_of(page)) == place.url + "/app/x.html"


@pytest.mark.parametrize("fragment, kept", [
    ("//evil.test/", "#//evil.test/"), ("@evil.test", "#@evil.test"), ("a#b", "#a%23b"),
    ("x\r\nSet-Cookie: evil=1", "#x%0D%0ASet-Cookie:%20evil=1"), ("\"><script>", "#%22%3E%3Cscript%3E"),
    ("\\evil.test", "#%5Cevil.test"), ("x" * 1012, "#" + "x" * 1012), ("x" * 1013, ""), ("%00", "")])
def test_it_is_no_way_out(place, alice, fragment, kept):
    """R63: only behind '#', within what a landing may have, nothing that ends a header."""
    place.httpd.start()
    page = alice.step(place.url + "/app/x.html")
    assert landing_of(alice, with_fragment(page, fragment)) == place.url + "/app/x.html" + kept


def test_others_are_answered_as_ever(place, browser):
    place.httpd.start()
    page = browser.fetch(place.url + "/app/x.html")
    assert page.status == 401 and page.json()["error"] == "login_required"
    page = browser.step(place.url + "/app/x.html", headers=[("X-Requested-With", "XMLHttpRequest"),
                                                            ("Sec-Fetch-Mode", "cors")])
    assert page.json()["error"] == "login_required"


def test_it_is_off_where_nobody_asked_for_it(app, browser):
    protect(app, "/app", "SSO members")
    app.httpd.start()
    assert is_login(browser.step(app.url + "/app/x.html"))


def test_the_page_is_for_people_only(app, browser):
    """SSOUnauthenticated redirect sends scripts to the login as well: at once, as ever."""
    protect(app, "/app", LINES + "\nSSOUnauthenticated redirect")
    app.httpd.start()
    assert is_login(browser.fetch(app.url + "/app/x.html"))
    link_of(browser.step(app.url + "/app/x.html"))


def test_a_login_that_is_too_old(app, alice):
    """SSOReauth sends people on in the same way."""
    app.httpd.fake_time = True
    app.add("<Location /app>\nSSO op\nSSOReauth 5m\nSSOKeepFragment on\n</Location>")
    op = Op()
    try:
        oidc(app, op)
        app.page("/app/x.html", "inside")
        app.httpd.start()
        sign_in(alice, app, "op")
        app.httpd.advance(600)
        op.offset = 600
        page = alice.step(app.url + "/app/x.html")
        assert "max_age=300" in link_of(page) and "forceAuthn=true" in link_of(page)
    finally:
        op.close()


@pytest.mark.parametrize("protocol", ["saml", "oidc"])
def test_with_every_protocol(app, alice, closing, protocol):
    peer = closing(SamlIdp() if protocol == "saml" else Op())
    {"saml": saml, "oidc": oidc}[protocol](app, peer, "there")
    protect(app, "/app", "SSO there\nSSOKeepFragment on")
    app.page("/app/x.html", "inside")
    app.httpd.start()
    page = alice.step(app.url + "/app/x.html")
    assert landing_of(alice, with_fragment(page, "part")) == app.url + "/app/x.html#part"


def test_by_way_of_the_chooser(app, alice, closing):
    """It goes along from the chooser's address into those of its links, and through its form."""
    other = closing(TokenSite(SECRET + "other"))
    members(app, other, "other", extra="SSODomains example.org")
    protect(app, "/app", "SSO members other\nSSOKeepFragment on")
    app.page("/app/x.html", "inside")
    app.httpd.start()
    page = alice.step(app.url + "/app/x.html")
    assert "/.sso/choose?among=members,other&" in link_of(page)
    chooser = alice.step(with_fragment(page, "a&b=c"))
    form = chooser.form("q")
    assert ("fragment", "a&b=c") in form.filled() and ("return", "/app/x.html") in form.filled()
    link = next(x for x in chooser.document().xpath("//a/@href") if "provider=members" in x)
    assert landing_of(alice, link) == app.url + "/app/x.html#a&b=c"


def test_the_chooser_leaves_out_what_is_too_long(app, alice, closing):
    """As the login does: people come back to the page without it."""
    members(app, closing(TokenSite(SECRET + "other")), "other")
    protect(app, "/app", "SSO members other\nSSOKeepFragment on")
    app.page("/app/x.html", "inside")
    app.httpd.start()
    page = alice.step(app.url + "/app/x.html")
    chooser = alice.step(with_fragment(page, "x" * 1100))
    assert chooser.status == 200, repr(chooser)
    link = next(x for x in chooser.document().xpath("//a/@href") if "provider=members" in x)
    assert landing_of(alice, link) == app.url + "/app/x.html"


def test_logs_do_not_show_it(place, alice, closing):
    """Some addresses have a token there. From the page, and from the chooser."""
    members(place, closing(TokenSite(SECRET + "other")), "other")
    protect(place, "/both", "SSO members other\nSSOKeepFragment on")
    place.httpd.add('LogFormat "%r" line\nCustomLog "logs/access.log" line')
    place.httpd.start()
    page = alice.step(place.url + "/app/x.html")
    alice.open(with_fragment(page, "access_token=hush"))
    alice.jar.forget(place.url)
    page = alice.step(with_fragment(alice.step(place.url + "/both/x.html"), "access_token=hush"))
    alice.open(next(x for x in page.document().xpath("//a/@href") if "provider=members" in x))
    place.httpd.stop()
    lines = (place.httpd.root / "logs" / "access.log").read_text()
    assert lines.count("fragment=...") == 3 and "hush" not in lines
    assert "hush" not in place.httpd.log.text()
