"""The sync address of the signed token: a site changes accounts, and sessions follow before it is told so."""
import base64
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.parse

import pytest

from lib import pki
from lib.browser import exchange
from lib.httpd import BUILD
from lib.recipes import members, protect, sign_in, user_of
from lib.sites import sign

VECTORS = [x for x in json.loads((pathlib.Path(__file__).resolve().parents[1] / "vectors" / "hmac"
                                  / "instaforum.json").read_text()) if x["id"].startswith("S")]


def wired(secret, message):
    """The parameters of a message; text is sent as it is."""
    text = message if isinstance(message, str) else json.dumps(message)
    data = base64.b64encode(text.encode()).decode()
    return urllib.parse.urlencode({"data": data, "sig": sign(secret, data)})


class Sync:
    """The site's server."""

    def __init__(self, host, site, name="members"):
        self.url, self.secret, self._n = "%s/.sso/%s/sync" % (host.url, name), site.secret, 0

    def wire(self, wire, method="POST", headers=()):
        return exchange(method, self.url + "?" + wire, headers)

    def send(self, **message):
        """A message as it stands."""
        return self.wire(wired(self.secret, message))

    def fresh(self, **message):
        """The same with an iat and a jti."""
        self._n += 1
        return self.send(**{"iat": int(time.time()), "jti": "m%d" % self._n, **message})


def verdict(page):
    body = page.json()
    return (page.status, body.get("error") or body["result"])


@pytest.fixture
def make_app(httpd, database, site):
    def make(extra="", **more):
        host = httpd.host("app.example.test", tls=True)
        host.add("SSOAccounts on")
        members(host, site, extra="SSOHmacSync on\n" + extra)
        return host
    return make


@pytest.fixture
def app(make_app):
    return make_app()


@pytest.fixture
def sync(app, site):
    return Sync(app, site)


def roles_of(browser, host):
    page = browser.fetch(host.url + "/.sso/session")
    return page.json()["attributes"].get("roles", "") if page.status == 200 else None


# -- the vectors

@pytest.mark.parametrize("vector", VECTORS, ids=[x["id"] for x in VECTORS])
def test_vector(app, site, make_browser, vector):
    site.secret = vector["secret"]
    (app.httpd.root / "conf" / ("members-%d.secret" % site.port)).write_text(vector["secret"] + "\n")
    site.fields = lambda fields: {**fields, "user_id": "42"}
    app.httpd.start()
    browser = make_browser("alice")
    sign_in(browser, app)
    method = "GET" if vector["id"] == "S7" else "POST"
    page = exchange(method, app.url + "/.sso/members/sync?" + vector["wire"])
    if vector["expect"] == "accept":
        assert page.status == 200 and page.json()["ok"] is True
    else:
        code, status = vector["expect"][len("reject "):-1].split(" (")
        assert (page.status, page.json()["error"]) == (int(status), code)
        assert page.json()["ok"] is False and len(page.json()["id"]) == 8
        app.httpd.log.expect(code.partition(":")[0] + ".*reference " + page.json()["id"])
    banned = bool(vector.get("result", {}).get("banned"))
    assert (user_of(browser, app) is None) == banned
    assert VECTORS and len(VECTORS) == 7


# -- 3.4: sessions follow

def test_a_ban_ends_every_session(app, site, sync, make_browser):
    app.httpd.start()
    browsers = [make_browser("alice") for _ in range(5)]
    for each in browsers:
        sign_in(each, app)
    page = sync.send(user_id="alice", banned=True)
    assert page.status == 200 and page.json() == {"ok": True, "result": "updated", "sessions": 5}
    assert [user_of(x, app) for x in browsers] == [None] * 5
    page = browsers[0].open(app.url + "/.sso/login?provider=members")
    assert page.fault == "banned"
    app.httpd.log.expect("banned: ")


def test_roles_are_live(app, site, sync, alice):
    protect(app, "/staff", "SSO members\nRequire sso-role staff")
    app.page("/staff/x.html", "in")
    app.httpd.start()
    sign_in(alice, app)
    assert alice.fetch(app.url + "/staff/x.html").status == 200
    assert sync.send(user_id="alice", roles=["editors"]).json()["sessions"] == 1
    assert roles_of(alice, app) == "editors"
    assert alice.fetch(app.url + "/staff/x.html").status == 403
    assert sync.send(user_id="alice", roles=["staff", "x"]).json()["result"] == "updated"
    assert alice.fetch(app.url + "/staff/x.html").status == 200
    app.httpd.log.expect("AH01631|AH01630|forbidden|authorization")


def test_relogin(make_app, site, alice):
    app = make_app("SSORoleChange relogin")
    app.httpd.start()
    sign_in(alice, app)
    assert Sync(app, site).send(user_id="alice", roles=["editors"]).json()["sessions"] == 1
    assert user_of(alice, app) is None


def test_addresses_and_names_are_live(app, site, sync, alice, bob):
    app.httpd.start()
    sign_in(alice, app)
    sign_in(bob, app)
    page = sync.send(user_id="alice", email="new@example.org", name="Alice N.")
    assert page.json()["sessions"] == 1
    seen = alice.fetch(app.url + "/.sso/session").json()["attributes"]
    assert (seen["email"], seen["name"], seen["user"]) == ("new@example.org", "Alice N.", "alice")
    assert verdict(sync.send(user_id="alice", email="bob@example.org")) == (409, "conflict")
    app.httpd.log.expect("conflict: ")


def test_a_pardon_gives_no_session_back(app, site, sync, alice):
    app.httpd.start()
    sign_in(alice, app)
    assert sync.fresh(user_id="alice", banned=True).status == 200
    assert sync.fresh(user_id="alice", banned=False).json()["result"] == "updated"
    assert user_of(alice, app) is None
    assert sign_in(alice, app)["attributes"]["user"] == "alice"


# -- 1.8: replays

def test_a_replayed_pardon_does_nothing(app, site, sync, alice):
    app.httpd.start()
    sign_in(alice, app)
    ban = wired(site.secret, {"user_id": "alice", "banned": True})
    pardon = wired(site.secret, {"user_id": "alice", "banned": False})
    assert verdict(sync.wire(ban)) == (200, "updated")
    assert verdict(sync.wire(pardon)) == (200, "updated")
    assert verdict(sync.wire(ban)) == (200, "updated")  # a legitimate second ban works
    assert verdict(sync.wire(pardon)) == (409, "sync_stale")
    app.httpd.restart()
    assert verdict(sync.wire(pardon)) == (409, "sync_stale")
    page = alice.open(app.url + "/.sso/login?provider=members")
    assert page.fault == "banned"
    app.httpd.log.expect("sync_stale: ")
    app.httpd.log.expect("banned: ")


def test_r2_a_login_answer_undoes_no_ban(app, site, sync, alice):
    app.httpd.start()
    seen = []
    site.wire = lambda pairs: seen.append(pairs) or pairs
    sign_in(alice, app)
    assert sync.send(user_id="alice", banned=True).status == 200
    for pairs in seen:
        assert verdict(sync.wire(urllib.parse.urlencode(pairs))) == (400, "sync_token")
    app.httpd.log.expect("sync_token: ")


def test_iat_and_jti(app, site, sync):
    app.httpd.start()
    now = int(time.time())
    assert verdict(sync.send(user_id="z", banned=True, iat=now, jti="1")) == (200, "created")
    assert verdict(sync.send(user_id="z", banned=False, iat=now, jti="1")) == (409, "sync_stale")
    assert verdict(sync.send(user_id="z", banned=False, iat=now - 1, jti="2")) == (409, "sync_stale")
    assert verdict(sync.send(user_id="z", banned=False, iat=now - 301, jti="3")) == (409, "sync_stale")
    assert verdict(sync.send(user_id="z", banned=False, iat=now + 330, jti="4")) == (409, "sync_stale")
    assert verdict(sync.send(user_id="z", banned=False, iat=now, jti="5")) == (200, "updated")
    assert verdict(sync.send(user_id="z", iat="now")) == (400, "field_type:iat")
    assert verdict(sync.send(user_id="z", jti="")) == (400, "field_value:jti")
    assert verdict(sync.send(user_id="z", JTI="x")) == (400, "data_key_case:JTI")
    for each in ("sync_stale", "field_type", "field_value", "data_key_case"):
        app.httpd.log.expect(each)


def test_freshness_required(make_app, site):
    app = make_app("SSOHmacSyncFreshness required")
    app.httpd.start()
    sync = Sync(app, site)
    now = int(time.time())
    for message in ({}, {"iat": now}, {"jti": "x"}):
        assert verdict(sync.send(user_id="z", banned=True, **message)) == (409, "sync_stale")
    assert verdict(sync.fresh(user_id="z", banned=True)) == (200, "created")
    app.httpd.log.expect("sync_stale: ")


def test_freshness_off(make_app, site):
    app = make_app("SSOHmacSyncFreshness off")
    app.httpd.start()
    sync = Sync(app, site)
    for word in (True, False, True, False):
        assert sync.send(user_id="z", banned=word).status == 200


# -- who is meant

def test_unknown_people(app, site, sync, alice):
    app.httpd.start()
    assert verdict(sync.send(user_id="alice", roles=[])) == (404, "user_unknown")
    assert verdict(sync.send(user_id="alice", email="a@example.org", name="A")) == (404, "user_unknown")
    assert verdict(sync.send(user_id="alice", banned=True)) == (200, "created")  # a tombstone
    page = alice.open(app.url + "/.sso/login?provider=members")
    assert page.fault == "banned"
    app.httpd.log.expect("user_unknown: ")
    app.httpd.log.expect("banned: ")


def test_create(make_app, site, alice):
    app = make_app("SSOHmacSyncCreate on\nSSOProvision off")
    app.httpd.start()
    sync = Sync(app, site)
    message = {"user_id": "alice", "email": "alice@example.org", "name": "A", "roles": ["early"]}
    assert verdict(sync.send(**{**message, "email": "x@example.org", "user_id": "x", "name": "X"})) == (200, "created")
    assert verdict(sync.send(user_id="y", email="y@example.org")) == (404, "user_unknown")
    assert verdict(sync.send(**message)) == (200, "created")
    site.fields = lambda fields: {k: v for k, v in fields.items() if k != "roles"}
    assert sign_in(alice, app)["attributes"]["roles"] == "early"
    app.httpd.log.expect("user_unknown: ")


def test_ssoctl_sends_to_several(app, site, sync, alice, tmp_path):
    app.httpd.start()
    sign_in(alice, app)
    secret = tmp_path / "s"
    secret.write_text(site.secret + "\n")
    secret.chmod(0o600)
    ca = tmp_path / "ca.pem"
    ca.write_text(pki.server_pair().cert_pem)
    url = sync.url.replace("app.example.test", "localhost")
    words = [BUILD / "ssoctl", "sync", "--secret", secret, "--user-id", "alice", "--ca", ca]
    done = subprocess.run([*words, "--roles", "x,y", url, url], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert '200 {"ok":true,"result":"updated","sessions":1}' in lines[0]
    assert '200 {"ok":true,"result":"unchanged","sessions":0}' in lines[1]
    assert roles_of(alice, app) == "x,y"
    other = url.replace("/members/", "/nobody/")
    done = subprocess.run([*words, "--ban", url, other], capture_output=True, text=True)
    assert done.returncode == 1 and "1 of 2 hosts have not done it" in done.stderr
    assert " 404 " in done.stdout and user_of(alice, app) is None
    app.httpd.log.expect("not_found: ")


# -- how it is sent

def test_forms(app, site, sync):
    app.httpd.start()
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    wire = wired(site.secret, {"user_id": "z", "banned": True})
    assert verdict(exchange("POST", sync.url, form, wire)) == (200, "created")
    page = exchange("POST", sync.url + "?" + wire, form, wire)
    assert verdict(page) == (400, "param_duplicate:data")
    assert verdict(exchange("POST", sync.url, form, "")) == (400, "param_missing:data")
    long = wired(site.secret, {"user_id": "z", "banned": True, "x": "y" * 40000})
    assert verdict(exchange("POST", sync.url, form, long)) == (200, "unchanged")
    longer = wired(site.secret, {"user_id": "z", "banned": True, "x": "y" * 60000})
    assert verdict(exchange("POST", sync.url, form, longer)) == (400, "param_size:data")
    for each in ("param_duplicate", "param_missing", "param_size"):
        app.httpd.log.expect(each)


def test_it_is_not_there_unless_opened(httpd, site):
    host = httpd.host("app.example.test", tls=True)
    host.add("SSOAccounts on")
    members(host, site)
    httpd.start()
    page = Sync(host, site).send(user_id="z", banned=True)
    assert page.status == 404
    httpd.log.expect("not_found: ")


def test_sync_needs_accounts(httpd, site):
    host = httpd.host("app.example.test", tls=True)
    members(host, site, extra="SSOHmacSync on")
    result = httpd.configtest()
    assert not result.ok and "SSOHmacSync changes accounts, and no host keeps any" in result.output


def test_no_cookies(app, site, sync, alice):
    app.httpd.start()
    sign_in(alice, app)
    cookie = alice.jar.header(app.url + "/")
    page = sync.wire(wired(site.secret, {"user_id": "z", "banned": True}), headers=[("Cookie", cookie)])
    assert page.status == 200 and not page.all_headers("Set-Cookie")
    assert page.header("Cache-Control") == "no-store"


# -- under load, and over the end of httpd

def test_nobody_is_let_in_after_the_answer(app, site, sync, make_browser):
    """3.4: in any child, however many requests are under way. `make soak` has the large form."""
    protect(app)
    app.page("/app/x.html", "in")
    app.httpd.start()
    browsers = [make_browser("alice") for _ in range(24)]
    for each in browsers:
        sign_in(each, app)
    cookies = [x.jar.header(app.url + "/app/x.html") for x in browsers]
    seen, stop = [], threading.Event()

    def ask(mine):
        while not stop.is_set():
            for cookie in mine:
                began = time.monotonic()
                page = exchange("GET", app.url + "/app/x.html",
                                [("Cookie", cookie), ("Sec-Fetch-Mode", "cors")])
                seen.append((began, page.status))

    threads = [threading.Thread(target=ask, args=(cookies[i::8],)) for i in range(8)]
    for each in threads:
        each.start()
    time.sleep(0.5)
    page = sync.send(user_id="alice", banned=True)
    answered = time.monotonic()
    time.sleep(0.5)
    stop.set()
    for each in threads:
        each.join()
    assert page.json()["sessions"] == 24
    assert any(status == 200 for began, status in seen if began < answered)
    after = [status for began, status in seen if began > answered]
    assert after and set(after) == {401}


def test_a_ban_outlives_a_crash(app, database, sync, alice):
    app.httpd.start()
    sign_in(alice, app)
    assert sync.send(user_id="alice", banned=True).status == 200
    group = os.getpgid(app.httpd.pid)
    os.killpg(group, signal.SIGKILL)
    app.httpd._process.wait()
    app.httpd._process = None
    app.httpd.start()
    assert user_of(alice, app) is None
    page = alice.open(app.url + "/.sso/login?provider=members")
    assert page.fault == "banned"
    app.httpd.log.expect("banned: ")
    app.httpd.log.expect("AH00098")
    database.check()
