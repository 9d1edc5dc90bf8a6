"""The chooser: a list, a search, e-mail domains, a discovery service, the last choice."""
import dataclasses
import urllib.parse

import pytest
from lxml import etree

from lib.browser import Browser
from lib.recipes import protect, saml, user_of
from lib.saml_idp import SamlIdp
from lib.sites import Handler, Server

DISCOVERY = "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol"


@pytest.fixture
def idps(closing):
    return {name: closing(SamlIdp(name)) for name in ("alpha", "beta")}


@pytest.fixture
def corp(httpd, idps):
    """A host where two providers lead to /app; `lines` adds to their blocks."""
    host = httpd.host("app.example.test", tls=True)
    protect(host, "/app", "SSO alpha beta")
    host.page("/app/x.html", "inside")

    def begin(**lines):
        for name, idp in idps.items():
            saml(host, idp, name, lines.get(name, ""))
        httpd.start()
    host.begin = begin
    return host


def offered(page):
    """(provider, label) of what a page offers."""
    return [(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(x.get("href")).query))["provider"],
             x.text_content())
            for x in page.document().xpath("//nav/a|//main/a[contains(@class,'i')]")]


def test_a_choice(corp, idps, alice):
    corp.begin(alpha='SSODisplayName "University of Alpha"', beta='SSODisplayName "Beta Labs"')
    page = alice.open(corp.url + "/app/x.html?a=b")
    assert page.path == "/.sso/choose" and page.form("q") is None
    assert offered(page) == [("beta", "Beta Labs"), ("alpha", "University of Alpha")]
    page = alice.follow(page, page.document().xpath("//nav/a/@href")[1])
    assert page.text == "inside" and page.url == corp.url + "/app/x.html?a=b"
    assert len(idps["alpha"].requests) == 1 and not idps["beta"].requests


def test_the_last_choice_comes_first(corp, alice):
    """Row 81: one click, and another one for those who want another."""
    corp.begin()
    page = alice.open(corp.url + "/app/x.html")
    alice.follow(page, page.document().xpath("//nav/a/@href")[0])
    alice.open(corp.url + "/.sso/logout")
    page = alice.open(corp.url + "/app/x.html")
    assert [x for x, _ in offered(page)] == ["alpha"]
    other = [x for x in page.document().xpath("//a") if x.text == "Use another"][0].get("href")
    assert [x for x, _ in offered(alice.follow(page, other))] == ["alpha", "beta"]
    cookie = [x for x in alice.jar.find(corp.url, "__Host-sso-choice")]
    assert [x.value for x in cookie] == ["alpha"] and cookie[0].samesite == "lax"


def test_by_the_domain_of_an_address(corp, idps, alice):
    """Row 79: type your address, be routed; the provider is told it, where it may be."""
    corp.begin(alpha="SSODomains example.org\nSSOSamlLoginHint on", beta="SSODomains labs.example")
    page = alice.open(corp.url + "/app/x.html")
    page = alice.submit(page.form("q"), q="alice@EXAMPLE.org")
    assert page.text == "inside", repr(page)
    subject = "{urn:oasis:names:tc:SAML:2.0:assertion}Subject"
    assert idps["alpha"].requests[0].root.find(subject)[0].text == "alice@EXAMPLE.org"
    page = Browser().open(corp.url + "/app/x.html")
    page = Browser().submit(page.form("q"), q="eve@elsewhere.example")
    assert "Nobody here signs in addresses of that domain." in page.text
    assert [x for x, _ in offered(page)] == ["alpha", "beta"]


def test_domains_are_all_that_a_provider_may_assert(corp, idps, alice):
    """The same line keeps a provider to its own people, however they got there."""
    corp.begin(alpha="SSODomains labs.example", beta="SSODomains example.org")
    corp.httpd.expect_fault("domain")
    page = alice.open(corp.url + "/.sso/login?provider=alpha&return=/app/x.html")
    assert (page.status, page.fault) == (403, "domain") and user_of(alice, corp) is None
    idps["beta"].answer = dataclasses.replace(
        idps["beta"].answer, attributes={"mail": ("mail", ["alice@example.org.evil.example"])})
    page = alice.open(corp.url + "/.sso/login?provider=beta&return=/app/x.html")
    assert page.fault == "domain"
    idps["beta"].answer = dataclasses.replace(idps["beta"].answer, attributes=None)
    assert alice.open(corp.url + "/.sso/login?provider=beta&return=/app/x.html").text == "inside"


def test_a_search_without_a_script(httpd, idps, alice):
    host = httpd.host("app.example.test", tls=True)
    for i in range(12):
        saml(host, idps["alpha"], "p%d" % i, 'SSODisplayName "Organisation %c"' % (65 + i))
    httpd.start()
    page = alice.open(host.url + "/.sso/choose?return=/x")
    assert len(offered(page)) == 12
    page = alice.submit(page.form("q"), q="isation c")
    assert offered(page) == [("p2", "Organisation C")]
    assert "return=%2Fx" in page.document().xpath("//nav/a/@href")[0]
    page = alice.submit(page.form("q"), q="<b>nobody</b>")
    assert len(offered(page)) == 12 and "<b>nobody" not in page.text


def test_logos(corp, idps, alice):
    corp.begin(alpha="SSOLogo /logos/a.svg", beta="SSOLogo https://cdn.example/b.png")
    corp.page("/logos/a.svg", "<svg/>")
    page = alice.open(corp.url + "/.sso/choose")
    assert page.document().xpath("//nav/a/img/@src") == ["/logos/a.svg", "https://cdn.example/b.png"]
    assert "img-src 'self' https://cdn.example" in page.header("Content-Security-Policy")


@pytest.fixture
def pictured(idps):
    """alpha's metadata has a name and a picture."""
    said = ('<md:Extensions><ui:UIInfo xmlns:ui="urn:oasis:names:tc:SAML:metadata:ui"><ui:DisplayName '
            'xml:lang="en">Alpha University</ui:DisplayName><ui:Logo height="16" width="16">'
            'https://alpha.example/logo.png</ui:Logo></ui:UIInfo></md:Extensions>')
    plain = idps["alpha"].metadata()
    idps["alpha"].metadata = lambda: plain.replace("<md:KeyDescriptor", said + "<md:KeyDescriptor", 1)
    return idps["alpha"]


@pytest.mark.parametrize("line, logo", [
    ("", "https://alpha.example/logo.png"), ("SSOLogo /logos/a.svg", "/logos/a.svg"), ("SSOLogo off", None)])
def test_the_logo_of_metadata(corp, pictured, alice, line, logo):
    """Row 76. SSOLogo goes before what the metadata says."""
    corp.begin(alpha=line)
    page = alice.open(corp.url + "/.sso/choose")
    assert page.document().xpath("//nav/a/img/@src") == ([logo] if logo else [])
    assert ("img-src" in page.header("Content-Security-Policy")) == bool(logo)
    assert ("alpha", "Alpha University") in offered(page)


def test_failures_say_whose_they_are(corp, pictured, idps, alice):
    """By a name that people know, with the picture; the name of a block is none."""
    corp.begin()
    corp.httpd.expect_fault("status_denied")
    denied = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
    for idp in idps.values():
        idp.answer = dataclasses.replace(idp.answer, status=denied)
    page = alice.open(corp.url + "/.sso/login?provider=alpha")
    assert page.fault == "status_denied" and page.document().xpath("//p/span/text()") == ["Alpha University"]
    assert page.document().xpath("//p/img/@src") == ["https://alpha.example/logo.png"]
    assert "; img-src https://alpha.example" in page.header("Content-Security-Policy")
    page = alice.open(corp.url + "/.sso/login?provider=beta")
    assert page.fault == "status_denied" and not page.document().xpath("//p/span|//img")
    assert "img-src" not in page.header("Content-Security-Policy")


@pytest.mark.parametrize("line, said", [
    ("SSOLogo logo.png", "write an absolute https URL"), ("SSOLogo //x/y", "is not a path"),
    ("SSOLogo http://cdn.example/b.png", "is not https"),
    ("SSOLogo javascript:alert(1)", "write an absolute https URL"),
    ("SSOSamlDiscovery http://ds.example/", "is not https"),
    ("SSODomains localhost", "is not a domain")])
def test_lines_that_are_refused(httpd, idps, line, said):
    host = httpd.host("app.example.test", tls=True)
    saml(host, idps["alpha"], "alpha", line)
    test = httpd.configtest()
    assert not test.ok and said in test.output and line.split()[0] in test.output


# -- a discovery service

class Discovery(Server):
    """Sends everybody back with `choice`, as the protocol has it."""

    def __init__(self):
        super().__init__(_DiscoveryHandler)
        self.choice, self.asked = None, []


class _DiscoveryHandler(Handler):
    def do_GET(self):
        query = self.query
        self.peer.asked.append(query)
        where = query["return"]
        if self.peer.choice is not None:
            where += ("&" if "?" in where else "?") + urllib.parse.urlencode(
                {query["returnIDParam"]: self.peer.choice})
        self.redirect(where)


@pytest.fixture
def service(closing):
    return closing(Discovery())


def test_a_discovery_service(corp, idps, service, alice):
    """Row 78: asked with our entity ID, and its answer leads on."""
    corp.begin(alpha="SSOSamlDiscovery %s/ds?x=1" % service.url)
    service.choice = idps["beta"].entity_id
    page = alice.open(corp.url + "/app/x.html?a=b")
    assert page.text == "inside" and page.url == corp.url + "/app/x.html?a=b"
    assert len(idps["beta"].requests) == 1 and len(service.asked) == 1
    asked = service.asked[0]
    assert asked["entityID"] == corp.url + "/.sso/alpha/metadata" and asked["x"] == "1"
    assert asked["returnIDParam"] == "idp"
    assert asked["return"].startswith(corp.url + "/.sso/choose?")


def test_what_it_says_is_not_believed(corp, idps, service, alice, closing):
    corp.begin(alpha="SSOSamlDiscovery %s/ds" % service.url)
    stranger = closing(SamlIdp("stranger"))
    for choice in (stranger.entity_id, "", "https://evil.example/", "alpha"):
        service.choice = choice
        page = alice.open(corp.url + "/app/x.html")
        assert page.path == "/.sso/choose" and page.status == 200
        assert "Nobody from that organisation can sign in here." in page.text
        assert [x for x, _ in offered(page)] == ["alpha", "beta"]
    assert not any(x.requests for x in (stranger, *idps.values()))


def test_who_comes_back_undecided_chooses_here(corp, service, alice):
    """No loop between the service and us."""
    corp.begin(beta="SSOSamlDiscovery %s/ds" % service.url)
    page = alice.open(corp.url + "/app/x.html")
    assert page.status == 200 and [x for x, _ in offered(page)] == ["alpha", "beta"]
    assert len(service.asked) == 1


def test_our_metadata_says_where_it_answers(corp, service, browser):
    corp.begin(alpha="SSOSamlDiscovery %s/ds" % service.url)
    root = etree.fromstring(browser.fetch(corp.url + "/.sso/alpha/metadata").body)
    found = root.findall(".//{%s}DiscoveryResponse" % DISCOVERY)
    assert [(x.get("Location"), x.get("Binding"), x.get("index")) for x in found] \
        == [(corp.url + "/.sso/choose", DISCOVERY, "0")]
    assert found[0].getparent().getparent()[0] is found[0].getparent()
    root = etree.fromstring(browser.fetch(corp.url + "/.sso/beta/metadata").body)
    assert not root.findall(".//{%s}DiscoveryResponse" % DISCOVERY)
