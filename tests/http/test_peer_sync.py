"""SSOPeerSync: a peer hears what has become of the people that it knows from here."""
import base64
import hmac
import json
import time
import urllib.parse

import pytest

from lib.recipes import members, peer, sign_in, user_of
from lib.sites import Handler, Server, sign
from test_accounts import soon
from test_sync import Sync

ONE = pytest.mark.parametrize("database", ["sqlite3"], indirect=True)
SECRET = "the-secret-of-a-peer-0123456789abcdef"


@pytest.fixture
def portal(httpd, database, site):
    """https://www.example.test keeps accounts; its site may change them."""
    host = httpd.host("www.example.test", tls=True)
    host.add("SSOAccounts on")
    members(host, site, extra="SSOHmacSync on\nSSOHmacSyncFreshness off")
    return host


class Listener(Server):
    """A peer's server; answers `status` and keeps what it was told."""

    def __init__(self):
        super().__init__(_ListenerHandler)
        self.status, self.told, self.seen = 200, [], 0


class _ListenerHandler(Handler):
    def do_POST(self):
        query, form = self.query, self.form()
        assert not (query and form), "in the query or in a form"
        said = query or form
        assert hmac.compare_digest(sign(SECRET, said["data"]), said["sig"])
        self.peer.seen += 1
        if self.peer.status == 200:
            self.peer.told.append(json.loads(base64.b64decode(said["data"])))
        self.answer(self.peer.status, '{"ok":true}', "application/json")


@pytest.fixture
def listener(closing):
    return closing(Listener())


def listens(portal, listener, extra="", form=""):
    """The peer `forum` of the portal; returns how somebody comes to be known there."""
    endpoint = peer(portal, SECRET, "https://forum.example/cb", "forum", "hmac",
                    "SSOPeerSync %s/sync%s\n%s" % (listener.url, form, extra))

    def visit(browser, token="ab" * 16):
        sign_in(browser, portal)
        page = browser.step(endpoint + "?" + urllib.parse.urlencode({"token": token, "sig": sign(SECRET, token)}))
        assert page.status == 302 and page.location.startswith("https://forum.example/cb?"), repr(page)
    return visit


# -- another mod_sso is the peer

@pytest.fixture
def forum(portal):
    """A host that knows people by the portal alone."""
    host = portal.httpd.host("localhost")
    host.add("SSOAccounts on\nSSOInsecureHttp on")
    url = peer(portal, SECRET, host.url + "/.sso/www/callback", "forum", "hmac",
               "SSOPeerSync %s/.sso/www/sync" % host.url)
    secret = portal.httpd.secret("www.secret", SECRET)
    host.add("<SSOProvider www hmac>\nSSOHmacEndpoint %s\nSSOHmacSecret file:%s\nSSOHmacSync on\n"
             "SSOHmacSyncFreshness required\n</SSOProvider>" % (url, secret))
    return host


def test_a_ban_reaches_the_peer_behind(portal, forum, site, database, alice, bob):
    portal.httpd.start()
    sync = Sync(portal, site)
    sign_in(alice, forum, "www")
    sign_in(bob, portal)
    assert sync.send(user_id="alice", roles=["editors"], name="Alice N.").status == 200
    seen = lambda: alice.fetch(forum.url + "/.sso/session").json()["attributes"]
    soon(lambda: seen()["roles"] == "editors")
    assert seen()["name"] == "Alice N."
    assert sync.send(user_id="alice", banned=True).status == 200
    soon(lambda: user_of(alice, forum) is None)
    assert alice.open(forum.url + "/.sso/login?provider=www").fault == "banned"
    assert sync.send(user_id="alice", banned=False).status == 200
    there = "SELECT a.banned FROM sso_identities i JOIN sso_accounts a ON a.id = i.account WHERE i.realm = 'hmac:www'"
    soon(lambda: database.rows(there) == [("0",)])  # and bob, who was never there, is not known
    assert sign_in(alice, forum, "www")["attributes"]["user"] == "alice"
    portal.httpd.log.expect("banned: ")


# -- what is said, and to whom

@ONE
def test_what_is_told(portal, listener, site, alice, bob):
    visit = listens(portal, listener, "SSOPeerAttribute user_id {provider}:{user}\nSSOPeerAttribute name user")
    portal.httpd.start()
    sync = Sync(portal, site)
    visit(alice)
    sign_in(bob, portal)
    for each in ("bob", "alice"):
        assert sync.send(user_id=each, roles=[], bio="gone").status == 200
    soon(lambda: listener.told)
    [told] = listener.told
    assert abs(told.pop("iat") - time.time()) < 60 and len(told.pop("jti")) == 32
    assert told == {"user_id": "members:alice", "email": "alice@example.org", "bio": "gone", "roles": [], "image": ""}
    for word in (True, False):
        assert sync.send(user_id="alice", banned=word).status == 200
        soon(lambda: len(listener.told) == 2 + (not word))
    assert (listener.told[1]["banned"], listener.told[2]["banned"]) == (True, False)
    assert set(listener.told[1]) == {"user_id", "banned", "iat", "jti"}


@ONE
def test_what_is_not_taken_is_told_again(portal, listener, site, database, alice):
    """And over a restart."""
    visit = listens(portal, listener, form=" form")
    portal.httpd.start()
    visit(alice)
    listener.status = 503
    assert Sync(portal, site).send(user_id="alice", banned=True).status == 200
    soon(lambda: listener.seen >= 2)
    assert not listener.told and int(database.rows("SELECT tries FROM sso_told")[0][0]) >= 1
    portal.httpd.restart()
    listener.status = 200
    soon(lambda: listener.told)
    assert listener.told[0]["banned"] is True
    soon(lambda: database.rows("SELECT banned, tries FROM sso_told") == [("1", "0")])
    portal.httpd.log.expect("peer forum cannot be told of account .*: it answers 503")


@ONE
def test_a_peer_that_cannot_be_promised_anything_is_told_nothing(portal, listener, database, alice):
    """Who could not be told of a ban later is not told of the person now."""
    visit = listens(portal, listener)
    portal.httpd.start()
    sign_in(alice, portal)
    with database.locked():
        token = "cd" * 16
        page = alice.step(portal.url + "/.sso/peer/forum?" + urllib.parse.urlencode(
            {"token": token, "sig": sign(SECRET, token)}))
        assert page.status == 503 and page.fault == "account_database"
    visit(alice)
    portal.httpd.log.expect("account_database: |changes of accounts by others")


# -- what cannot stand

@pytest.mark.parametrize("accounts, dialect, line, says", [
    ("off", "hmac", "SSOPeerSync https://forum.example/sync", "no host keeps any; write SSOAccounts on"),
    ("on", "hmac", "SSOPeerSync http://forum.example/sync", "is not https"),
    ("on", "hmac", "SSOPeerSync https://forum.example/sync body", "write URL, or URL form"),
    ("on", "discourse", "SSOPeerSync https://forum.example/sync", "discourse"),
])
def test_a_line_that_cannot_stand(app, accounts, dialect, line, says):
    app.add("SSOAccounts " + accounts)
    peer(app, SECRET, "https://forum.example/cb", "forum", dialect, line)
    result = app.httpd.configtest()
    assert not result.ok and says in result.output, result.output
