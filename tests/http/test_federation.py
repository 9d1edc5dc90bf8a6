"""Several SAML identity providers behind one <SSOProvider>: choosing, logins, logouts, and who may say
what about whom."""
import dataclasses
import urllib.parse

import pytest
from lxml import etree

from lib import pki, saml_idp, saml_logout
from lib.browser import Browser, exchange
from lib.idps import LemonLdap, SimpleSamlPhp
from lib.recipes import is_login, protect, saml_key, ssoctl, user_of
from lib.saml_idp import NS, POST, REDIRECT, SamlIdp, Unsolicited

EPPN = "urn:oid:1.3.6.1.4.1.5923.1.1.1.6"
UI = "urn:oasis:names:tc:SAML:metadata:ui"
SHIBMD = "urn:mace:shibboleth:metadata:1.0"


def looks(idp, names=(), scopes=()):
    """The idp's metadata with names ("de", "Hochschule") and scopes."""
    said = "".join('<ui:DisplayName xml:lang="%s">%s</ui:DisplayName>' % x for x in names)
    said = '<ui:UIInfo xmlns:ui="%s">%s</ui:UIInfo>' % (UI, said) if said else ""
    said += "".join('<s:Scope xmlns:s="%s" regexp="false">%s</s:Scope>' % (SHIBMD, x)
                    for x in scopes)
    return idp.metadata().replace("<md:KeyDescriptor", "<md:Extensions>%s</md:Extensions>"
                                  "<md:KeyDescriptor" % said, 1)


def federation(host, texts, extra="", words=""):
    """A block with a directory of metadata, a file for each text."""
    folder = host.httpd.root / "conf" / "fed"
    for i, text in enumerate(texts):
        host.httpd.file("conf/fed/%03d.xml" % i, text)
    host.add("<SSOProvider fed saml>\nSSOSamlMetadata %s %s\n%s\n%s\n</SSOProvider>"
             % (folder, words, extra, saml_key(host.httpd)))
    protect(host, "/app", "SSO fed")


def login_url(host, idp, back="/.sso/session"):
    """The address behind the idp's button on the chooser page."""
    return "%s/.sso/login?provider=fed&return=%s&idp=%s" % (
        host.url, urllib.parse.quote(back, safe=""), urllib.parse.quote(idp.entity_id, safe=""))


def enter(browser, host, idp):
    page = browser.open(login_url(host, idp))
    assert page.status == 200 and page.path == "/.sso/session", repr(page)
    return page.json()


def labels(page):
    """What is offered on a chooser page, in its order."""
    return [x.text_content().strip() for x in page.document().iterfind(".//nav/a")]


@pytest.fixture
def pair(closing):
    """Two of a federation: alpha speaks for alpha.example, beta for beta.example."""
    idps = [closing(SamlIdp(x, slo=(REDIRECT, POST))) for x in ("alpha", "beta")]
    for idp in idps:
        idp.pair = pki.pair(idp.entity_id.rsplit("/", 1)[1])
    return idps


@pytest.fixture
def host(httpd):
    host = httpd.host("app.example.test", tls=True)
    host.page("/app/x.html", "inside")
    return host


def begin(host, pair, extra=""):
    alpha, beta = pair
    federation(host, [looks(alpha, [("en", "Alpha University"), ("de", "Universität Alpha")],
                            ["alpha.example"]),
                      looks(beta, [("en", "Beta College")], ["beta.example"])], extra)
    host.httpd.start()
    ours = Browser().fetch(host.url + "/.sso/fed/metadata").body
    for idp in pair:
        idp.register(ours)


# -- choosing

def test_a_stranger_chooses(host, pair, alice):
    """Page, button, login, and the page that was asked for; the choice is remembered."""
    begin(host, pair)
    page = alice.open(host.url + "/app/x.html")
    assert page.path == "/.sso/choose" and labels(page) == ["Alpha University", "Beta College"]
    links = [x.get("href") for x in page.document().iterfind(".//nav/a")]
    page = alice.follow(page, links[1])
    assert page.text.strip() == "inside", repr(page)
    assert len(pair[1].requests) == 1 and not pair[0].requests
    alice.step(host.url + "/.sso/logout")
    again = Browser()
    again.jar = alice.jar
    page = again.fetch(host.url + "/.sso/choose?among=fed&return=/app/x.html")
    assert "Last time you signed in here with" in page.text and labels(page) == []
    assert "Beta College" in page.text and "Alpha" not in page.text


def test_names_are_in_the_language_of_the_reader(host, pair):
    begin(host, pair)
    page = Browser().fetch(host.url + "/.sso/choose",
                           headers=[("Accept-Language", "fr, de-CH;q=0.8, en;q=0.5")])
    assert labels(page) == ["Universität Alpha", "Beta College"]


def test_the_search_needs_no_script(host, closing):
    """Seventy of them: fifty on a page, a form that asks for the rest, every language searched."""
    idp = closing(SamlIdp("alpha"))
    texts = []
    for i in range(70):
        one = looks(idp, [("en", "School %02d" % i), ("de", "Schule %02d" % i)],
                    ["s%02d.example" % i])
        texts.append(one.replace('entityID="%s"' % idp.entity_id,
                                 'entityID="https://i%02d.example/id"' % i))
    federation(host, texts)
    host.httpd.start()
    page = Browser().open(host.url + "/app/x.html")
    assert labels(page) == ["School %02d" % i for i in range(50)] and "/ 70" in page.text
    more = [x.get("href") for x in page.document().iterfind(".//a") if x.text == "More"]
    assert labels(Browser().follow(page, more[0])) == ["School %02d" % i for i in range(50, 70)]
    form = page.form("q")
    assert labels(Browser().submit(form, q="schule 6")) == ["School 6%d" % i for i in range(10)]
    page = Browser().submit(form, q="no such school")
    assert "No organisation here is called that." in page.text and len(labels(page)) == 50
    page = Browser().fetch(host.url + "/.sso/choose?q=ada%40cs.s42.example")
    assert "You are being taken to" in page.text and "School 42" in page.text
    assert "idp=https%3A%2F%2Fi42.example%2Fid" in page.refresh


def test_a_page_of_the_sites_own(host, pair, alice):
    """What the page shows, as JSON: names in the reader's language, a search, and where each leads."""
    begin(host, pair)
    address = host.url + "/.sso/choose?format=json&among=fed&return=/app/x.html"
    page = alice.fetch(address, headers=[("Accept-Language", "de")])
    assert page.header("Content-Type") == "application/json" and page.header("Cache-Control") == "no-store"
    feed = page.json()
    assert (feed["total"], feed["from"]) == (2, 0)
    assert [x["name"] for x in feed["items"]] == ["Universit\u00e4t Alpha", "Beta College"]
    assert [x["idp"] for x in feed["items"]] == [x.entity_id for x in pair]
    assert {x["provider"] for x in feed["items"]} == {"fed"} and feed["items"][0]["logo"] is None
    assert alice.open(feed["items"][1]["login"]).text.strip() == "inside" and pair[1].requests
    for typed, found in (("beta", [1]), ("ada%40alpha.example", [0]), ("nobody", [])):
        items = alice.fetch(address + "&q=" + typed).json()["items"]
        assert [x["idp"] for x in items] == [pair[i].entity_id for i in found], typed


def test_a_discovery_service_says_who(host, pair):
    begin(host, pair, "SSOSamlDiscovery https://ds.example/ds")
    browser = Browser()
    page = browser.step(browser.step(host.url + "/app/x.html").location)
    assert page.location.startswith("https://ds.example/ds?entityID="), repr(page)
    back = urllib.parse.parse_qs(page.location.split("?", 1)[1])["return"][0]
    page = browser.step(back + "&idp=" + urllib.parse.quote(pair[1].entity_id, safe=""))
    page = browser.step(page.location)
    assert is_login(page) and page.location.startswith(pair[1].url)
    page = browser.step(back + "&idp=https%3A%2F%2Fevil.example%2Fid")
    assert page.status == 200 and "Nobody from that organisation can sign in here." in page.text


def test_a_default(host, pair, alice):
    protect(host, "/strong", "SSO fed\nSSOStepUp urn:x:mfa")
    host.page("/strong/x.html", "strong")
    begin(host, pair, "SSOSamlDefaultIdP %s" % pair[0].entity_id)
    assert alice.open(host.url + "/app/x.html").text.strip() == "inside"
    assert pair[0].requests and not pair[1].requests
    other = Browser()
    enter(other, host, pair[1])  # the others are there all the same
    page = other.step(host.url + "/strong/x.html")  # and a stronger login is asked of the same one
    assert is_login(page) and page.location.startswith(pair[1].url), repr(page)


def test_an_unknown_one_is_refused(host, pair):
    begin(host, pair)
    host.httpd.expect_fault("idp_unknown")
    page = Browser().open(host.url + "/.sso/login?provider=fed&idp=https%3A%2F%2Fevil.example%2F")
    assert page.status == 403 and page.fault == "idp_unknown"


# -- logins that a link elsewhere begins (Request Initiation Protocol)

INIT = "urn:oasis:names:tc:SAML:profiles:SSO:request-init"


def initiate(host, **fields):
    return host.url + "/.sso/fed/initiate?" + urllib.parse.urlencode(fields)


def test_a_portal_says_who_and_where(host, pair, alice):
    begin(host, pair)
    root = etree.fromstring(Browser().fetch(host.url + "/.sso/fed/metadata").body)
    (found,) = root.iter("{%s}RequestInitiator" % INIT)
    assert dict(found.attrib) == {"Binding": INIT, "Location": host.url + "/.sso/fed/initiate"}
    assert found.getparent().getparent().tag == "{%s}SPSSODescriptor" % NS["m"]
    there = initiate(host, entityID=pair[1].entity_id, target=host.url + "/app/x.html?y=1")
    page = alice.open(there)
    assert page.text.strip() == "inside" and page.url == host.url + "/app/x.html?y=1"
    assert [len(x.requests) for x in pair] == [0, 1]
    assert alice.open(there).text.strip() == "inside"  # signed in there already
    assert [len(x.requests) for x in pair] == [0, 1]
    assert alice.open(initiate(host, target="/app/x.html")).text.strip() == "inside"
    assert [len(x.requests) for x in pair] == [0, 1]
    alice.open(there + "&forceAuthn=true")  # but not anew
    assert [x.root.get("ForceAuthn") for x in pair[1].requests] == [None, "true"]
    alice.open(initiate(host, entityID=pair[0].entity_id, target="/app/x.html"))  # and not at the other
    assert [len(x.requests) for x in pair] == [1, 2]


def test_a_portal_that_does_not_say_who(host, pair, alice):
    begin(host, pair)
    page = alice.open(initiate(host, target="/app/x.html"))
    assert page.path == "/.sso/choose" and labels(page) == ["Alpha University", "Beta College"]
    page = alice.follow(page, page.document().find(".//nav/a").get("href"))
    assert page.text.strip() == "inside"


@pytest.mark.parametrize("target", ["https://evil.example/app/x.html", "//evil.example/", "/\\evil.example",
                                    "javascript:alert(1)", "https://app.example.test.evil.example/",
                                    "%s@evil.example/", "app/x.html", "@evil.example/", ".evil.example/"])
def test_r63_a_portal_leads_nowhere_else(host, pair, alice, target):
    host.page("/index.html", "front")
    begin(host, pair)
    there = initiate(host, entityID=pair[0].entity_id, target=target.replace("%s", host.url))
    page = alice.open(there)
    assert page.url == host.url + "/" and page.text.strip() == "front"
    page = alice.step(there)  # signed in already
    assert (page.status, page.location) == (303, host.url + "/")


def test_a_portal_asks_silently(host, pair, make_browser):
    host.page("/open.html", "open")
    begin(host, pair)
    there = initiate(host, entityID=pair[1].entity_id, target="/open.html", isPassive="true")
    stranger, known = make_browser(), make_browser("alice")
    pair[1].answer.status = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
    assert stranger.open(there).text.strip() == "open"
    assert stranger.step(host.url + "/.sso/session").status == 401
    pair[1].answer.status = saml_idp.SUCCESS
    assert known.open(there).text.strip() == "open"
    assert known.step(host.url + "/.sso/session").status == 200
    assert [x.root.get("IsPassive") for x in pair[1].requests] == ["true", "true"]
    host.httpd.log.expect("no silent login through fed: idp_unknown: ")
    nobody = make_browser("alice")  # of several nobody is asked: none was named
    assert nobody.open(initiate(host, target="/open.html", isPassive="1")).text.strip() == "open"
    assert [len(x.requests) for x in pair] == [0, 2]


@pytest.mark.parametrize("fields, status, fault", [
    ({"entityID": "https://evil.example/"}, 403, "idp_unknown"),
    ({"entityID": "x" * 1025}, 400, "malformed:entityID"),
    ({"isPassive": "yes"}, 400, "malformed:isPassive"),
    ({"forceAuthn": "yes"}, 400, "malformed:forceAuthn"),
    ({"isPassive": "true", "forceAuthn": "true"}, 400, "malformed:isPassive"),
])
def test_a_portal_that_asks_wrongly(host, pair, browser, fields, status, fault):
    begin(host, pair)
    host.httpd.expect_fault(fault.split(":")[0])
    page = browser.step(initiate(host, **fields))
    assert (page.status, page.fault) == (status, fault)
    assert not pair[0].requests and not pair[1].requests


def test_only_a_page_begins_a_login(host, pair, browser):
    begin(host, pair)
    host.httpd.expect_fault("frame")
    host.httpd.expect_fault("method")
    there = initiate(host, entityID=pair[0].entity_id)
    page = browser.fetch(there)
    assert (page.status, page.fault) == (403, "frame")
    assert browser.post(there, {}, initiator=host.url).status == 405


def test_no_portal(host, pair, browser):
    begin(host, pair, "SSOSamlInitiate off")
    host.httpd.expect_fault("not_found")
    assert browser.step(initiate(host, entityID=pair[0].entity_id)).status == 404
    assert INIT not in Browser().fetch(host.url + "/.sso/fed/metadata").text


def test_a_default_that_is_not_there_is_refused(host, pair):
    federation(host, [x.metadata() for x in pair], "SSOSamlDefaultIdP https://x.example/id")
    done = host.httpd.configtest()
    assert not done.ok and "is none of the 2 identity providers in the metadata" in done.output


def test_a_stronger_login_is_asked_of_the_same_one(host, pair, alice):
    """And a silent one of the one that was chosen last."""
    protect(host, "/strong", "SSO fed\nSSOStepUp urn:x:mfa")
    host.page("/strong/x.html", "strong")
    begin(host, pair)
    enter(alice, host, pair[1])
    page = alice.step(host.url + "/strong/x.html")
    assert is_login(page) and page.location.startswith(pair[1].url), repr(page)


def test_who_was_chosen_last_is_asked_silently(host, pair, make_browser):
    protect(host, "/open", "SSO fed\nSSOMode passive\nRequire all granted")
    host.page("/open/x.html", "open")
    begin(host, pair)
    stranger, known = make_browser("alice"), make_browser("alice")
    assert stranger.open(host.url + "/open/x.html").text.strip() == "open"
    assert not pair[0].requests and not pair[1].requests  # nobody is asked who was never chosen
    known.open(login_url(host, pair[1]) + "&chosen=1")
    known.jar.put(host.url, "__Host-sso", "x" * 43)  # the session is over
    assert known.open(host.url + "/open/x.html").text.strip() == "open"
    assert [x.root.get("IsPassive") for x in pair[1].requests] == [None, "true"]
    assert not pair[0].requests


# -- mix-up

def mixed_up(host, pair, browser, **knobs):
    """A login that was sent to alpha, and the page that beta's answer to it leads to."""
    alpha, beta = pair
    page = browser.step(login_url(host, alpha))
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.location).query))
    asked = saml_idp.Request(saml_idp.zlib.decompress(
        saml_idp.base64.b64decode(query["SAMLRequest"]), -15), REDIRECT, query["RelayState"])
    fields, acs = beta.respond(asked, **knobs)
    return browser.post(acs, fields, initiator=beta.url)


@pytest.mark.parametrize("knobs, fault", [
    ({}, "issuer"),                                                  # beta answers as itself
    ({"response_issuer": "alpha"}, "signature"),                     # the envelope lies
    ({"issuer": "alpha"}, "signature"),                              # beta pretends to be alpha
    ({"issuer": "alpha", "sign": ("response",)}, "signature"),
    ({"sign": ("assertion", "response")}, "issuer"),
    ({"response_issuer": ""}, "issuer"),
])
def test_r34_another_than_was_asked_answers(host, pair, alice, knobs, fault):
    """Beta is believed, but not about a login that went to alpha."""
    begin(host, pair)
    host.httpd.expect_fault(fault)
    knobs = {k: pair[0].entity_id if v == "alpha" else v for k, v in knobs.items()}
    page = mixed_up(host, pair, alice, **knobs)
    assert page.status == 403 and page.fault == fault, repr(page)
    assert user_of(alice, host) is None
    # Nothing of it is spent: the true answer still counts.
    enter(alice, host, pair[0])


def test_r35_who_begins_at_the_provider(host, closing, pair, alice):
    """Of answers that nobody asked for, the Issuer is looked up before anything of them is believed."""
    stranger = closing(SamlIdp("gamma"))
    begin(host, pair, "SSOSamlUnsolicited on /app/x.html")
    host.httpd.expect_log(r"SSOSamlUnsolicited on")
    acs = host.url + "/.sso/fed/acs"
    asked = Unsolicited(acs, host.url + "/.sso/fed/metadata")
    fields, _ = pair[1].respond(asked)
    page = alice.post(acs, fields, initiator=pair[1].url)
    page = alice.open(page.location)
    assert page.text.strip() == "inside", repr(page)
    assert alice.fetch(host.url + "/.sso/session").json()["issuer"] == pair[1].entity_id
    for idp, knobs, fault in ((stranger, {}, "idp_unknown"),
                              (stranger, {"issuer": pair[0].entity_id}, "signature"),
                              (pair[1], {"issuer": pair[0].entity_id}, "signature"),
                              (pair[1], {"response_issuer": pair[0].entity_id}, "signature"),
                              (pair[1], {"response_issuer": ""}, "issuer")):
        host.httpd.expect_fault(fault)
        bad = Browser()
        page = bad.post(acs, idp.respond(asked, **knobs)[0], initiator=idp.url)
        assert page.fault == fault, repr(page)
        assert user_of(bad, host) is None


def test_artifacts_are_redeemed_at_the_one_that_was_asked(host, pair, make_browser):
    """By their SourceID, among those that this browser's logins went to; nobody else is called."""
    alpha, beta = pair
    begin(host, pair, "SSOSamlResponseBinding artifact")
    for idp in pair:
        assert enter(make_browser("alice"), host, idp)["issuer"] == idp.entity_id
    assert [len(x.resolves) for x in pair] == [1, 1]
    host.httpd.expect_fault("artifact")
    alpha.redeemed.source = beta.entity_id
    page = make_browser("alice").open(login_url(host, alpha))
    assert page.fault == "artifact", repr(page)
    assert [len(x.resolves) for x in pair] == [1, 1]
    # Both were asked in one browser: beta's service knows nothing of alpha's artifact.
    both = make_browser("alice")
    both.step(login_url(host, beta))
    page = both.open(login_url(host, alpha))
    assert page.status == 403 and user_of(both, host) is None, repr(page)


# -- who is who

def test_the_same_name_at_two_is_two_people(host, pair, make_browser):
    """Users, sessions and what backends are told."""
    begin(host, pair)
    one, other = make_browser("alice"), make_browser("alice")
    mine, yours = enter(one, host, pair[0]), enter(other, host, pair[1])
    assert mine["attributes"]["user"] == pair[0].entity_id + "!alice"
    assert yours["attributes"]["user"] == pair[1].entity_id + "!alice"
    assert mine["attributes"]["idp"] == mine["issuer"] == pair[0].entity_id


@pytest.mark.parametrize("how", ["redirect", "post", "soap"])
def test_r70_nobody_ends_the_sessions_of_another(host, pair, make_browser, how):
    """The same NameID, and even the same SessionIndex: of the one who says so only."""
    begin(host, pair)
    mine, yours = make_browser("alice"), make_browser("alice")
    index = "_the-same"
    for idp in pair:
        idp.answer.before_signing = lambda x: x.find("a:AuthnStatement", NS).set("SessionIndex", index)
    enter(mine, host, pair[0])
    enter(yours, host, pair[1])
    bring(mine, host, pair[1], how)
    assert user_of(mine, host) and user_of(yours, host) is None
    bring(yours, host, pair[0], how)
    assert user_of(mine, host) is None


@pytest.mark.parametrize("how", ["redirect", "post", "soap"])
@pytest.mark.parametrize("issuer, fault", [("alpha", "signature"), ("gamma", "idp_unknown")])
def test_r70_a_logout_signed_by_another(host, pair, alice, how, issuer, fault):
    begin(host, pair)
    host.httpd.expect_fault(fault)
    enter(alice, host, pair[0])
    pair[1].sessions = pair[0].sessions
    issuer = pair[0].entity_id if issuer == "alpha" else "https://gamma.example/id"
    page = bring(alice, host, pair[1], how, issuer=issuer)
    assert fault in (page.fault or page.body.decode()), repr(page)
    assert user_of(alice, host)


def bring(browser, host, idp, how, **more):
    """The provider sends the browser, or comes itself, with a LogoutRequest."""
    where = host.url + "/.sso/fed/slo"
    tree = saml_logout.request(idp, where, **more)
    if how == "redirect":
        return browser.step(saml_logout.by_redirect(where, tree, "SAMLRequest", "r", idp.pair),
                            initiator=idp.url)
    if how == "post":
        return browser.post(where, saml_logout.by_post(tree, "SAMLRequest", "r", idp.pair),
                            initiator=idp.url)
    return exchange("POST", where, [("Content-Type", "text/xml")],
                    saml_logout.by_soap(tree, idp.pair))


def test_logout_goes_to_where_the_login_came_from(host, pair, alice):
    begin(host, pair)
    host.page("/bye.html", "bye")
    for idp in pair:
        enter(alice, host, idp)
        page = alice.open(host.url + "/.sso/logout?return=/bye.html")
        assert page.url == host.url + "/bye.html", repr(page)
        assert len(idp.logouts) == 1
    assert [len(x.logouts) for x in pair] == [1, 1]


@pytest.mark.parametrize("signed, fault", [(True, "signature"), (False, "issuer")])
def test_r72_another_than_was_told_confirms(host, pair, alice, signed, fault):
    """A LogoutResponse of beta completes nothing that was sent to alpha."""
    begin(host, pair)
    host.httpd.expect_fault(fault)
    alpha, beta = pair
    enter(alice, host, alpha)
    page = alice.step(host.url + "/.sso/logout")
    alice.step(page.location)
    where = host.url + "/.sso/fed/slo"
    tree = saml_logout.response(beta, alpha.logouts[-1].id, where, beta.goodbye)
    page = alice.step(saml_logout.by_redirect(where, tree, "SAMLResponse",
                                              alpha.logouts[-1].relay_state,
                                              beta.pair if signed else None),
                      initiator=beta.url)
    assert "did not confirm" in page.text, repr(page)


def eppn(value):
    return {EPPN: ("eduPersonPrincipalName", [value])}


def test_row_99_scoped_attributes(host, pair, make_browser):
    """A name with a scope of the one who says it is a name for all; another one is dropped."""
    begin(host, pair, "SSOUserAttribute username subject")
    host.httpd.expect_log(r"says alice@alpha\.example of \S+, which is not a Scope")
    pair[0].answer.attributes = eppn("alice@alpha.example")
    pair[1].answer.attributes = eppn("alice@alpha.example")
    assert enter(make_browser("alice"), host, pair[0])["attributes"]["user"] == "alice@alpha.example"
    spoofed = enter(make_browser("alice"), host, pair[1])["attributes"]
    assert spoofed["user"] == pair[1].entity_id + "!alice" and "username" not in spoofed


def test_shared_names_are_told_to_the_admin(host, pair, make_browser):
    begin(host, pair, "SSOSamlAllow shared-names")
    host.httpd.expect_log(r"SSOSamlAllow shared-names: user names of several")
    assert enter(make_browser("alice"), host, pair[1])["attributes"]["user"] == "alice"


GROUPS = {"groups": ("groups", ["admins", "staff@beta.example", "staff@alpha.example"])}


@pytest.mark.parametrize("allow", [False, True])
def test_groups_are_those_of_who_says_so(host, pair, make_browser, allow):
    """A group that anybody could give does not open what a group opens; one with a scope, or with the
    issuer's name, does. SSOSamlAllow shared-groups believes everybody."""
    alpha, beta = pair
    rows = [("one", "admins", allow), ("two", "staff@beta.example", True),
            ("three", "staff@alpha.example", allow), ("four", beta.entity_id + "!admins", not allow)]
    for name, group, _ in rows:
        protect(host, "/" + name, "SSO fed\nRequire sso-group %s" % group)
        host.page("/%s/x.html" % name)
    begin(host, pair, "SSOSamlAllow shared-groups" if allow else "")
    host.httpd.expect_log(r"AH01630|SSOSamlAllow shared-groups: groups and roles of several" if allow
                          else r"AH01630")
    beta.answer.attributes = GROUPS
    browser = make_browser("alice")
    enter(browser, host, beta)
    for name, group, wanted in rows:
        page = browser.fetch("%s/%s/x.html" % (host.url, name))
        assert (page.status == 200) == wanted, (group, page)


def test_require_by_identity_provider(host, pair, make_browser):
    host.add('<Location "/app">\nRequire sso-idp %s\n</Location>'
             % pair[0].entity_id)
    begin(host, pair)
    host.httpd.expect_log(r"AH01630: client denied by server configuration")
    mine, yours = make_browser("alice"), make_browser("alice")
    enter(mine, host, pair[0])
    enter(yours, host, pair[1])
    assert mine.fetch(host.url + "/app/x.html").status == 200
    assert yours.fetch(host.url + "/app/x.html").status == 403


def test_who_did_not_sign_somebody_in_explains_it(host, pair, alice):
    """errorURL of the metadata, for what its provider has to put right; one that is no address is none."""
    for idp, url in zip(pair, ("https://help.alpha.example/?c=ERRORURL_CODE", "javascript:alert(1)")):
        text = idp.metadata().replace("<md:IDPSSODescriptor ", '<md:IDPSSODescriptor errorURL="%s" ' % url)
        idp.metadata = lambda text=text: text
    begin(host, pair)
    host.httpd.expect_fault("status_responder")
    pages = []
    for idp in pair:
        idp.answer.status = "urn:oasis:names:tc:SAML:2.0:status:Responder"
        pages.append(alice.open(login_url(host, idp)))
        assert pages[-1].fault == "status_responder"
    links = [[x.get("href") for x in page.document().iterfind(".//a")] for page in pages]
    assert "https://help.alpha.example/?c=OTHER_ERROR" in links[0]
    assert not [x for x in links[1] if "javascript" in x or "help" in x]


# -- directories

def test_a_directory_that_changes(host, pair, alice):
    """A file that comes, one that breaks, one that goes; the others count all the while."""
    alpha, beta = pair
    begin(host, pair)
    enter(alice, host, beta)
    folder = host.httpd.root / "conf" / "fed"
    log = host.httpd.log
    host.httpd.expect_log(r"SSOSamlMetadata \S+/001\.xml: .*; what it said before stays in use")
    host.httpd.file("conf/fed/001.xml", "<oops")
    assert log.wait("what it said before stays in use")
    enter(Browser(), host, beta)
    enter(Browser(), host, alpha)
    host.httpd.expect_log(r"is described twice, and the first description counts")
    host.httpd.file("conf/fed/002.xml", looks(alpha, [("en", "Another Alpha")]))
    assert log.wait("the first description counts")
    page = Browser().open(host.url + "/app/x.html")
    assert labels(page) == ["Alpha University", "Beta College"]
    for name in ("000.xml", "001.xml"):
        (folder / name).unlink()
    assert log.wait(r"fed\.saml: a new copy of ")
    page = Browser().open(host.url + "/.sso/login?provider=fed&return=/.sso/session")
    assert page.path != "/.sso/choose"  # one is left: nothing to choose


@pytest.mark.parametrize("texts, says", [
    ([], "holds no file *.xml"), (["<oops"], "none of its files can be used: 000.xml: "),
])
def test_a_directory_with_nothing_in_it(host, httpd, texts, says):
    (httpd.root / "conf" / "fed").mkdir()
    federation(host, texts)
    done = httpd.configtest()
    assert not done.ok and says in done.output, done.output


# -- other people's identity providers

@pytest.fixture(scope="module")
def real():
    idps = []
    try:
        for kind in (SimpleSamlPhp, LemonLdap):
            idps.append(kind())
        yield idps
    finally:
        for each in idps:
            each.close()


def test_simplesamlphp_and_lemonldap_behind_one_block(host, real, make_browser):
    """A login at each, and a logout from both ends of each."""
    ssp, llng = real
    federation(host, [x.metadata() for x in real], "SSOSamlSignRequests on")
    host.page("/bye.html", "bye")
    host.httpd.start()
    ours = Browser().fetch(host.url + "/.sso/fed/metadata").body
    ssp.register("app", ours, validate_authnrequest=True, sign_logout=True, validate_logout=True)
    llng.register("app", ours)
    for idp in real:
        idp.commit()
    alice, dwho = make_browser("alice"), make_browser("dwho", "dwho")
    for browser, idp, start in (
            (alice, ssp, "/saml2/idp/SingleLogoutService.php?ReturnTo="),
            (dwho, llng, "/?logout=1&x=")):
        idp.entity_id = etree.fromstring(idp.metadata().encode()).get("entityID")
        assert enter(browser, host, idp)["issuer"] == idp.entity_id
        browser.embeds = True
        page = browser.open(host.url + "/.sso/logout?return=/bye.html")
        assert page.url == host.url + "/bye.html" and user_of(browser, host) is None, repr(page)
        enter(browser, host, idp)
    enter(make_browser("bob"), host, ssp)
    for browser, idp, start in (
            (alice, ssp, "/saml2/idp/SingleLogoutService.php?ReturnTo="),
            (dwho, llng, "/?logout=1&x=")):
        assert user_of(browser, host)
        browser.open(idp.url + start + urllib.parse.quote(host.url + "/bye.html", safe=""))
        assert user_of(browser, host) is None


# -- for those who set it up

def test_what_ssoctl_says(host, pair):
    federation(host, [x.metadata() for x in pair])
    done = ssoctl(host.httpd, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "any of 2 identity providers can sign people in" in done.stdout
    done = ssoctl(host.httpd, "show", "fed")
    assert "Identity providers:\n        2\n" in done.stdout, done.stdout
    assert str(host.httpd.root / "conf" / "fed") in done.stdout
    done = ssoctl(host.httpd, "metadata", "fed")
    assert host.url + "/.sso/fed/acs" in done.stdout


def test_the_status_page_counts_them(host, pair):
    host.add('<Location "/status">\nSetHandler sso-status\nRequire all granted\n</Location>')
    begin(host, pair)
    for query, line in (("", "fed: identity providers                      2\n"),
                        ("?auto", "SSOIdentityProviders fed: 2\n"),
                        ("?format=prometheus", 'sso_identity_providers{provider="fed"} 2\n')):
        assert line in Browser().fetch(host.url + "/status" + query).text
    told = Browser().fetch(host.url + "/status?format=json").json()["providers"]
    assert [(x["name"], x["members"]) for x in told] == [("fed", 2)]


def test_one_of_them_is_tested(host, pair, alice):
    """The test page asks which; the set-up page says how many."""
    begin(host, pair, "SSOActive test")
    page = alice.open(host.url + "/.sso/fed/setup")
    assert "People choose among them." in page.text
    page = alice.open(host.url + "/.sso/fed/test")
    offered = {x.get("value"): x.text for x in page.document().iterfind(".//datalist/option")}
    assert offered == {pair[0].entity_id: "Alpha University", pair[1].entity_id: "Beta College"}
    page = alice.submit(page.form("email"), idp=pair[1].entity_id, email="")
    assert page.path == "/.sso/fed/acs" and "A login would succeed" in page.text, page.text
    assert pair[1].entity_id + "!alice" in page.text and user_of(alice, host) is None


def test_a_login_that_begins_at_one_of_them_begins_anew_there(host, pair, alice):
    begin(host, pair, "SSOSamlUnsolicited bounce /app/x.html")
    asked = Unsolicited(host.url + "/.sso/fed/acs", host.url + "/.sso/fed/metadata")
    page = alice.post(asked.acs, pair[1].respond(asked)[0], initiator=pair[1].url)
    assert page.status == 303 and page.location.startswith(pair[1].url + "/sso?"), repr(page)


def test_failures_say_which_one_it_was(host, pair, alice):
    """Row 76: by the name in its metadata, not by that of the block."""
    begin(host, pair)
    host.httpd.expect_fault("status_denied")
    pair[0].answer = dataclasses.replace(pair[0].answer,
                                         status="urn:oasis:names:tc:SAML:2.0:status:RequestDenied")
    page = alice.open(login_url(host, pair[0]))
    assert page.fault == "status_denied"
    assert page.document().xpath("//p/span/text()") == ["Alpha University"]
