"""SAML identity providers that a metadata query service (MDQ) is asked about, each when it is named."""
import datetime
import hashlib
import threading
import time
import urllib.parse

import pytest
from lxml import etree

from lib import pki, saml_idp, saml_logout
from lib.browser import Browser
from lib.recipes import is_login, protect, saml_key, user_of
from lib.saml_idp import SamlIdp, Unsolicited
from lib.sites import Handler, Server

DISCOVERY = "SSOSamlDiscovery https://ds.example/ds"


def sha1(text):
    return hashlib.sha1(text.encode()).hexdigest()


class Mdq(Server):
    """Answers about whom it knows, by {sha1} only, each answer signed by `pair`."""

    def __init__(self, pair):
        super().__init__(_MdqHandler)
        self.pair, self.known, self.asked = pair, {}, []
        self.broken = False
        self.hang = threading.Event()  # set it again before the end
        self.hang.set()

    def knows(self, entity_id, text, pair=None, days=10):
        root = etree.fromstring(text)
        root.set("ID", "_m1")
        until = datetime.datetime.utcnow() + datetime.timedelta(days=days)
        root.set("validUntil", until.strftime("%Y-%m-%dT%H:%M:%SZ"))
        saml_idp.sign(root, pair or self.pair, at=0)
        self.known["/entities/%7Bsha1%7D" + sha1(entity_id)] = etree.tostring(root).decode()

    def close(self):
        self.hang.set()
        super().close()


class _MdqHandler(Handler):
    def do_GET(self):
        self.peer.asked.append(self.path)
        self.peer.hang.wait(30)
        try:
            text = self.peer.known.get(self.path)
            status = 500 if self.peer.broken else 200 if text else 404
            self.answer(status, text if status == 200 else "", "application/samlmetadata+xml")
        except OSError:  # who asked may have had enough
            pass


@pytest.fixture
def mdq(closing):
    return closing(Mdq(pki.pair("federation")))


@pytest.fixture
def pair(closing, mdq):
    idps = [closing(SamlIdp(x)) for x in ("alpha", "beta")]
    for idp in idps:
        idp.pair = pki.pair(idp.entity_id.rsplit("/", 1)[1])
        mdq.knows(idp.entity_id, idp.metadata())
    return idps


@pytest.fixture
def host(httpd):
    host = httpd.host("app.example.test", tls=True)
    host.page("/app/x.html", "inside")
    return host


def federation(host, mdq, extra=DISCOVERY, words=None):
    signer = host.httpd.file("conf/federation.crt", mdq.pair.cert_pem)
    host.add("<SSOProvider fed saml>\nSSOSamlMetadata %s %s\n%s\n%s\n</SSOProvider>"
             % (mdq.url, words or "mdq signed-by=%s" % signer, extra, saml_key(host.httpd)))
    protect(host, "/app", "SSO fed")


def begin(host, mdq, pair, extra=DISCOVERY):
    federation(host, mdq, extra)
    host.httpd.start()
    ours = Browser().fetch(host.url + "/.sso/fed/metadata").body
    for idp in pair:
        idp.register(ours)
    assert not mdq.asked  # nobody was named yet


def login_url(host, entity_id, back="/.sso/session"):
    return "%s/.sso/login?provider=fed&return=%s&idp=%s" % (
        host.url, urllib.parse.quote(back, safe=""), urllib.parse.quote(entity_id, safe=""))


def user_by(host, idp):
    browser = Browser()
    page = browser.open(login_url(host, idp.entity_id))
    return user_of(browser, host) if page.status == 200 else None


def test_whoever_is_named_is_asked_about_once(host, mdq, pair):
    """Over a restart too; and each only says who its own people are."""
    begin(host, mdq, pair)
    users = [user_by(host, idp) for idp in pair + pair]
    assert users[0].startswith(pair[0].entity_id + "!") and users[1].startswith(pair[1].entity_id + "!")
    assert users[2:] == users[:2]
    assert mdq.asked == ["/entities/%7Bsha1%7D" + sha1(x.entity_id) for x in pair]
    host.httpd.restart()
    assert user_by(host, pair[0]) == users[0] and len(mdq.asked) == 2


def test_hosts_with_the_same_block_share_what_is_known(host, mdq, pair):
    """One writes the copies, and remembers who is not known."""
    other = host.httpd.host("other.example.test", tls=True)
    federation(other, mdq)
    begin(host, mdq, pair)
    theirs = Browser().fetch(other.url + "/.sso/fed/metadata").body
    assert user_by(host, pair[0])
    for idp in pair:
        idp.register(theirs)
    assert user_by(other, pair[0]) and user_by(other, pair[1])
    assert mdq.asked == ["/entities/%7Bsha1%7D" + sha1(x.entity_id) for x in pair]
    host.httpd.expect_fault("idp_unknown")
    for each in (host, other):
        assert Browser().step(login_url(each, "https://evil.example/id")).fault == "idp_unknown"
    assert len(mdq.asked) == 3


def test_a_discovery_service_names_them(host, mdq, pair):
    begin(host, mdq, pair)
    browser = Browser()
    page = browser.step(browser.step(host.url + "/app/x.html").location)
    assert page.location.startswith("https://ds.example/ds?entityID="), repr(page)
    back = urllib.parse.parse_qs(page.location.split("?", 1)[1])["return"][0]
    page = browser.step(back + "&idp=" + urllib.parse.quote(pair[1].entity_id, safe=""))
    page = browser.step(page.location)
    assert is_login(page) and page.location.startswith(pair[1].url), repr(page)
    page = browser.step(back + "&idp=https%3A%2F%2Fevil.example%2Fid")
    assert page.status == 200 and "Nobody from that organisation can sign in here." in page.text


def test_who_is_not_known_is_asked_about_once(host, mdq, pair):
    begin(host, mdq, pair)
    host.httpd.expect_fault("idp_unknown")
    for _ in range(5):
        page = Browser().step(login_url(host, "https://evil.example/id"))
        assert page.status == 403 and page.fault == "idp_unknown"
    assert len(mdq.asked) == 1


def test_who_could_not_be_asked_about_is_not_unknown(host, mdq, pair):
    """Nobody said that there is no such provider; whoever comes next is not told so either."""
    begin(host, mdq, pair)
    host.httpd.expect_fault("net_status")
    host.httpd.expect_fault("metadata_missing")
    mdq.broken = True
    pages = [Browser().step(login_url(host, pair[0].entity_id)) for _ in range(2)]
    assert [x.fault for x in pages] == ["net_status", "metadata_missing"], pages
    assert all(x.status >= 500 for x in pages) and len(mdq.asked) == 1


def forged(mdq, idp, other):
    mdq.knows(idp.entity_id, idp.metadata(), pki.pair("somebody"))


def unsigned(mdq, idp, other):
    mdq.known["/entities/%7Bsha1%7D" + sha1(idp.entity_id)] = idp.metadata()


def of_another(mdq, idp, other):
    mdq.knows(idp.entity_id, other.metadata())


def expired(mdq, idp, other):
    mdq.knows(idp.entity_id, idp.metadata(), days=-1)


@pytest.mark.parametrize("how, fault", [
    (forged, "signature"), (unsigned, "signature"), (of_another, "metadata_missing"),
    (expired, "metadata_expired")])
def test_only_what_the_signer_says_of_that_one_counts(host, mdq, pair, how, fault):
    begin(host, mdq, pair)
    how(mdq, pair[0], pair[1])
    host.httpd.expect_fault(fault)
    page = Browser().step(login_url(host, pair[0].entity_id))
    assert page.status >= 400 and page.fault == fault, repr(page)
    assert not list((host.httpd.state / "fetched").glob("fed.mdq.*"))
    assert not pair[0].requests and not pair[1].requests
    assert user_by(host, pair[1])


def test_nobody_waits_for_ever(host, mdq, pair):
    """A service that does not answer: strangers wait for it some seconds, and others not at all."""
    begin(host, mdq, pair)
    assert user_by(host, pair[1])
    mdq.hang.clear()
    host.httpd.expect_fault("net_timeout")
    pages = []
    waiting = threading.Thread(
        target=lambda: pages.append(Browser().step(login_url(host, pair[0].entity_id))))
    waiting.start()
    until = time.monotonic() + 10
    while len(mdq.asked) < 2:
        assert time.monotonic() < until, "nobody asks about it"
        time.sleep(0.02)
    assert user_by(host, pair[1])
    assert not pages  # that one waits still
    waiting.join(20)  # it would be answered after 30 s
    assert pages and pages[0].fault == "net_timeout", repr(pages[0])
    mdq.hang.set()


def stray_messages(host, idp):
    """What a stranger's browser brings: an answer to nothing, one to something else, and of logouts."""
    acs, slo = host.url + "/.sso/fed/acs", host.url + "/.sso/fed/slo"
    asked = Unsolicited(acs, host.url + "/.sso/fed/metadata")
    goodbye = saml_logout.response(idp, "_nothing", slo, idp.goodbye)
    return [(acs, idp.respond(asked)[0], "unsolicited"),
            (acs, idp.respond(asked, in_response_to="_nothing")[0], "state_missing"),
            (slo, saml_logout.by_post(goodbye, "SAMLResponse", None, idp.pair), "logout_unknown")]


def test_messages_that_nobody_waits_for_are_not_asked_about(host, mdq, pair):
    """They name whom they like, and anybody can send them."""
    begin(host, mdq, pair)
    for address, fields, fault in stray_messages(host, pair[0]):
        host.httpd.expect_fault(fault)
        page = Browser().post(address, fields, initiator=pair[0].url)
        assert page.fault == fault, repr(page)
    assert not mdq.asked
    assert user_by(host, pair[0])  # and of whom is known the same is said
    for address, fields, fault in stray_messages(host, pair[0]):
        assert Browser().post(address, fields, initiator=pair[0].url).fault == fault
    assert len(mdq.asked) == 1


@pytest.mark.parametrize("how", ["on", "bounce"])
def test_where_logins_may_begin_elsewhere_it_is_asked_about_who_began(host, mdq, pair, how):
    if how == "on":
        host.httpd.expect_log("SSOSamlUnsolicited on")
    begin(host, mdq, pair, DISCOVERY + "\nSSOSamlUnsolicited " + how)
    for _ in range(3):
        address, fields, _ = stray_messages(host, pair[0])[0]
        page = Browser().post(address, fields, initiator=pair[0].url)
        assert page.status == 303, repr(page)
    assert len(mdq.asked) == 1


def test_another_signer_is_asked_for_anew(host, mdq, pair):
    """What was kept was verified with the key that was pinned then."""
    begin(host, mdq, pair)
    assert user_by(host, pair[0])
    mdq.pair = pki.pair("somebody")
    host.httpd.file("conf/federation.crt", mdq.pair.cert_pem)
    mdq.knows(pair[0].entity_id, pair[0].metadata())
    host.httpd.restart()
    assert user_by(host, pair[0]) and len(mdq.asked) == 2


def test_a_default_and_no_list(host, mdq, pair):
    begin(host, mdq, pair, "SSOSamlDefaultIdP %s" % pair[0].entity_id)
    browser = Browser()
    assert browser.open(host.url + "/app/x.html").text.strip() == "inside"
    assert pair[0].requests and user_by(host, pair[1])


def test_nobody_to_choose_is_told_to_the_admin(host, mdq, pair):
    host.httpd.expect_log(r"SSOSamlMetadata mdq has no list to choose from; write SSOSamlDiscovery")
    begin(host, mdq, pair, "")


@pytest.mark.parametrize("words, why", [
    ("mdq", "what it answers must be signed; write SSOSamlMetadata URL mdq signed-by=CERT"),
    ("mdq entity-id=urn:x signed-by=conf/federation.crt", "entity-id takes one, which needs no mdq"),
])
def test_what_cannot_be_asked_is_refused(host, mdq, words, why):
    federation(host, mdq, words=words)
    done = host.httpd.configtest()
    assert not done.ok and why in done.output
