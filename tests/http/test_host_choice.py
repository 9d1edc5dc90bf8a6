"""One virtual host under many names: the name chooses who signs people in, and is where they come back to."""
import urllib.parse

import pytest

from conftest import SECRET
from lib.browser import exchange
from lib.recipes import is_login, members, protect, saml
from lib.saml_idp import REDIRECT, SamlIdp
from lib.sites import TokenSite

CHOICE = r"""ServerAlias *.example.test
<Location "/app">
<If "%{HTTP_HOST} =~ /^a[.]example[.]test(:|$)/">
SSO alpha
</If>
<ElseIf "%{HTTP_HOST} =~ /^b[.]example[.]test(:|$)/">
SSO beta
</ElseIf>
<Else>
Require all denied
</Else>
</Location>"""


@pytest.fixture
def sites(closing):
    return {name: closing(TokenSite(SECRET + name)) for name in ("alpha", "beta")}


@pytest.fixture
def host(httpd, sites):
    host = httpd.host("www.example.test", tls=True)
    for name, site in sites.items():
        members(host, site, name)
    host.page("/app/x.html", "inside")
    return host


@pytest.fixture
def tenants(host):
    """Whoever may sign in at a.example.test may not at b, and the other way round."""
    host.add(CHOICE + "\nSSOCookie domain=example.test")
    return host


def at(host, name, path):
    return "https://%s:%d%s" % (name, host.port, path)


def asked(page, site):
    """Was the site on the way to the page?"""
    return any(urllib.parse.urlsplit(x.url).port == site.port for x in page.trace)


def login_of(page):
    return page.location and urllib.parse.urlsplit(page.location)


@pytest.mark.parametrize("name, provider, other", [("a.example.test", "alpha", "beta"),
                                                   ("b.example.test", "beta", "alpha")])
def test_a_name_chooses_and_is_come_back_to(tenants, sites, alice, name, provider, other):
    tenants.httpd.start()
    page = alice.open(at(tenants, name, "/app/x.html?q=1%2F2"))
    assert page.status == 200 and page.text == "inside", repr(page)
    assert page.url == at(tenants, name, "/app/x.html?q=1%2F2")
    assert asked(page, sites[provider]) and not asked(page, sites[other])
    assert alice.fetch(at(tenants, name, "/.sso/session")).json()["attributes"]["provider"] == provider


def test_a_session_of_one_name_does_not_open_another(tenants, sites, alice):
    tenants.httpd.start()
    alice.open(at(tenants, "a.example.test", "/app/x.html"))
    page = alice.step(at(tenants, "b.example.test", "/app/x.html"))
    assert page.status == 302 and "provider=beta" in login_of(page).query
    page = alice.go_on(page)
    assert page.text == "inside" and asked(page, sites["beta"])


def test_a_name_that_is_nobodys_is_closed(tenants, alice):
    tenants.httpd.log.expect("AH01630")
    tenants.httpd.start()
    assert alice.step(at(tenants, "c.example.test", "/app/x.html")).status == 403


def test_scripts_are_told_of_their_own_name(tenants, browser):
    tenants.httpd.start()
    page = browser.fetch(at(tenants, "a.example.test", "/app/x.html"))
    assert page.status == 401
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.json()["login"]).query)
    assert query["return"] == [at(tenants, "a.example.test", "/")]


def test_a_link_of_ones_own(tenants, alice):
    """A page below the name links to the login by a path, as pages do."""
    tenants.httpd.start()
    page = alice.open(at(tenants, "a.example.test", "/.sso/login?provider=alpha&return=/app/x.html"))
    assert page.url == at(tenants, "a.example.test", "/app/x.html") and page.text == "inside"


def test_a_login_without_a_place(tenants, alice):
    tenants.page("/index.html", "the front page")
    tenants.httpd.start()
    page = alice.open(at(tenants, "a.example.test", "/.sso/login?provider=alpha"))
    assert page.url == at(tenants, "a.example.test", "/"), repr(page)


def test_the_chooser_of_ones_own_name(tenants, alice):
    tenants.httpd.start()
    page = alice.step(at(tenants, "a.example.test", "/.sso/choose?return=/app/x.html"))
    link = next(x for x in page.document().xpath("//a/@href") if "provider=alpha" in x)
    assert alice.open(link).url == at(tenants, "a.example.test", "/app/x.html")


def test_who_is_nobody_is_told_of_the_own_name(tenants, browser):
    tenants.httpd.start()
    page = browser.fetch(at(tenants, "a.example.test", "/.sso/session"))
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.json()["login"]).query)
    assert query["return"] == [at(tenants, "a.example.test", "/")]


class Leaving:
    """A session, and a provider that wants to hear of its end, with whoever presses "Sign out" where."""

    def __init__(self, host, closing, browser, fake_time=False):
        self.host, self.browser, self.idp = host, browser, closing(SamlIdp("corp", slo=[REDIRECT]))
        host.httpd.fake_time = fake_time
        saml(host, self.idp, "corp")
        protect(host, "/form", "SSO corp")
        host.page("/form/x.html", "a form")
        host.page("/goodbye.html", "bye")
        host.httpd.start()
        self.idp.register(browser.fetch(host.url + "/.sso/corp/metadata").body)
        self.enter(browser)

    def enter(self, browser):
        assert browser.open(at(self.host, "a.example.test", "/form/x.html")).text == "a form"

    def address(self, name):
        return at(self.host, name, "/.sso/logout?return=/goodbye.html")

    def step(self, initiator="a.example.test"):
        """To the host's own name, by a link at `initiator`."""
        page = self.browser.step(self.address("a.example.test"), initiator=at(self.host, initiator, "/"))
        assert page.status == 303 and page.location.startswith(self.host.url + "/.sso/logout?"), repr(page)
        return page.location

    def is_asked(self, page, browser):
        return "Sign out?" in page.text and self.is_in(browser)

    def is_in(self, browser):
        return browser.fetch(self.host.url + "/.sso/session").status == 200


@pytest.fixture
def leaving(tenants, closing, alice):
    return Leaving(tenants, closing, alice)


@pytest.mark.parametrize("name", ["www.example.test", "a.example.test"])
@pytest.mark.parametrize("how", ["typed", "link", "form"])
def test_logout_by_way_of_the_provider(leaving, alice, name, how):
    """What the provider answers comes to the host's own name, and is that of a logout which began here."""
    there = at(leaving.host, name, "/app/x.html")
    if how == "form":
        page = alice.send(leaving.address(name), {"a": "b"}, initiator=there)
    else:
        page = alice.step(leaving.address(name), initiator=there if how == "link" else None)
        page = alice.go_on(page)
    assert len(leaving.idp.logouts) == 1 and page.url == at(leaving.host, name, "/goodbye.html"), repr(page)
    assert not leaving.is_in(alice)


def test_r72_other_names_are_other_sites(leaving, alice):
    """A link at b to the logout of a ends nothing: the person is asked, and can say so."""
    page = alice.step(leaving.step("b.example.test"), initiator=at(leaving.host, "b.example.test", "/"))
    assert leaving.is_asked(page, alice)
    page = alice.submit(page.form())
    assert page.url == at(leaving.host, "a.example.test", "/goodbye.html") and not leaving.is_in(alice)


def test_r72_what_was_meant_is_of_one_session(leaving, alice, make_browser):
    """Whoever sends somebody the address that their own logout went by ends nothing."""
    there = leaving.step()
    bob = make_browser("bob")
    leaving.enter(bob)
    assert leaving.is_asked(bob.step(there, initiator="https://evil.test/"), bob)
    for broken in (there.replace("moved=", "moved=A"), there.replace("moved=", "moved=&x=")):
        assert leaving.is_asked(alice.step(broken, initiator="https://evil.test/"), alice)


def test_r72_what_was_meant_is_so_for_a_minute(tenants, closing, alice):
    leaving = Leaving(tenants, closing, alice, fake_time=True)
    there = leaving.step()
    tenants.httpd.advance(61)
    assert leaving.is_asked(alice.step(there, initiator="https://evil.test/"), alice)


@pytest.mark.parametrize("name, kept", [("www.example.test", True), ("a.example.test", False)])
def test_forms_are_kept_for_the_host_itself(tenants, alice, name, kept):
    """The key to a form is in a cookie of one name."""
    tenants.httpd.add("SSOSessionPersist off")
    protect(tenants, "/form", "SSO alpha")
    tenants.page("/form/x.html", "a form")
    tenants.httpd.start()
    there = at(tenants, name, "/form/x.html")
    assert alice.open(there).text == "a form"
    tenants.httpd.restart()
    page = alice.post(there, {"a": "b"}, initiator=there)
    assert page.status == (303 if kept else 401)


@pytest.mark.parametrize("name, tried", [("www.example.test", True), ("a.example.test", False)])
def test_silent_logins_are_tried_for_the_host_itself(tenants, closing, browser, name, tried):
    """That one was tried is in a cookie of one name, too."""
    saml(tenants, closing(SamlIdp()), "corp")
    protect(tenants, "/open", "SSO corp\nSSOMode passive\nRequire all granted")
    tenants.page("/open/x.html", "open to all")
    tenants.httpd.start()
    assert browser.step(at(tenants, name, "/open/x.html")).status == (302 if tried else 200)


def test_logout_leads_back_to_the_name(tenants, alice):
    tenants.httpd.start()
    alice.open(at(tenants, "a.example.test", "/app/x.html"))
    back = at(tenants, "a.example.test", "/goodbye.html")
    tenants.page("/goodbye.html", "bye")
    page = alice.open(at(tenants, "a.example.test",
                         "/.sso/logout?return=" + urllib.parse.quote(back, safe="")))
    assert page.url == back


@pytest.mark.parametrize("away", [
    "https://evil.test/", "https://a.example.test.evil.test/", "https://evilexample.test/",
    "http://a.example.test:PORT/", "https://a.example.test:1/", "https://a.example.test/",
    "https://a.example.test:PORT@evil.test/", "https://a.example.test:PORT.evil.test/",
    "https://a.example.test:PORT", "https://a.example.test:PORT//evil.test/",
    "https://a.example.test:PORT/\\evil.test", "https://a@b.example.test:PORT/",
    "https://a%2f.example.test:PORT/", "https://-example.test:PORT/", "https://[::1]:PORT/"])
def test_nothing_else_is_come_back_to(tenants, alice, away):
    """R63, with names."""
    tenants.httpd.start()
    away = away.replace("PORT", str(tenants.port))
    page = alice.open(tenants.url + "/.sso/login?provider=alpha&return="
                      + urllib.parse.quote(away, safe=""))
    assert page.url == tenants.url + "/"


def test_a_name_that_sessions_do_not_reach_leads_to_the_host_itself(host, alice):
    """An old name, without SSOCookie domain=: people go on under the name of the host."""
    host.add("ServerAlias old.example.test")
    protect(host, "/app", "SSO alpha")
    host.httpd.start()
    page = alice.open(at(host, "old.example.test", "/app/x.html?q=1"))
    assert page.url == host.url + "/app/x.html?q=1" and page.text == "inside"


def test_a_proxy_that_writes_another_name_makes_no_loop(host):
    """Every request comes under an alias, whatever the browser has asked for."""
    host.add("ServerAlias inner.example.test")
    protect(host, "/app", "SSO alpha")
    host.httpd.start()
    page, hops = exchange("GET", host.url + "/app/x.html", HEADERS), 0
    while page.location.startswith(host.url) and hops < 3:
        page, hops = exchange("GET", page.location, HEADERS), hops + 1
    assert is_login(page) and hops == 1


HEADERS = [("Host", "inner.example.test"), ("Accept", "text/html")]


def test_a_name_of_the_configuration_only(host, alice):
    """A Host that is no ServerAlias is not followed: the first host of the port answers for it."""
    host.add("SSOCookie domain=example.test")
    protect(host, "/app", "SSO alpha")
    host.httpd.start()
    page = alice.step(at(host, "x.example.test", "/app/x.html"))
    assert is_login(page) and "example.test" not in login_of(page).netloc
