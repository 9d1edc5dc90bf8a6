"""DiscourseConnect in both roles, against every vector and joined with itself."""
import base64
import json
import pathlib
import re
import subprocess
import time
import urllib.parse

import pytest

from lib.browser import exchange
from lib.httpd import BUILD
from lib.recipes import members, peer, sign_in, user_of
from lib.sites import sign
from test_peer import follow

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors" / "discourse" / "discourse.json"
SECRET = "d836444a9e4084d5b224a60c208dce14"
NONCE = "cb68251eefb5211e58c00ff1395f0c0b"
CALLBACK = "https://discuss.example.com/session/sso_login"
SSOCTL = BUILD / "ssoctl"


def message(secret=SECRET, **fields):
    """A signed payload as Discourse writes it."""
    text = base64.b64encode(urllib.parse.urlencode(fields).encode()).decode()
    return urllib.parse.urlencode({"sso": text, "sig": sign(secret, text)})


def read(page, secret=SECRET, callback=CALLBACK):
    """The payload of an answer, after its signature was checked as Discourse does."""
    assert page.status == 302 and page.location.startswith(callback + "?"), repr(page)
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.location).query))
    assert set(query) == {"sso", "sig"} and re.fullmatch("[A-Za-z0-9=\r\n/+]+", query["sso"])
    assert query["sig"] == sign(secret, query["sso"])
    payload = base64.b64decode(query["sso"], validate=True).decode()
    assert re.fullmatch(r"[A-Za-z0-9\-_.=&%]*", payload)
    return dict(urllib.parse.parse_qsl(payload, strict_parsing=True))


@pytest.fixture
def portal(httpd, site):
    """A host that knows people by `members`, and a Discourse that asks."""
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    host.endpoint = peer(host, SECRET, CALLBACK, "forum", "discourse")
    return host


# -- asked by a Discourse

def test_the_answer(portal, site, alice):
    portal.httpd.start()
    sign_in(alice, portal)
    page = alice.step(portal.endpoint + "?" + message(nonce=NONCE, return_sso_url=CALLBACK))
    assert read(page) == {"nonce": NONCE, "external_id": "alice", "email": "alice@example.org",
                          "username": "alice", "name": "Alice Ärmel", "groups": "staff,admins"}
    assert page.header("Referrer-Policy") == "no-referrer"


def test_a_stranger_signs_in_first(portal, alice):
    portal.httpd.start()
    page = follow(alice, alice.step(portal.endpoint + "?" + message(nonce=NONCE,
                                                                     return_sso_url=CALLBACK)),
                  CALLBACK)
    assert read(page)["nonce"] == NONCE and user_of(alice, portal) == "alice"


def test_an_unverified_address_is_said_to_be_one(httpd, site, alice):
    host = httpd.host("www.example.test", tls=True)
    members(host, site, extra="SSOAttribute email_verified verified")
    endpoint = peer(host, SECRET, CALLBACK, "forum", "discourse")
    site.fields = lambda f: {**f, "verified": False}
    httpd.start()
    sign_in(alice, host)
    assert read(alice.step(endpoint + "?" + message(nonce=NONCE)))["require_activation"] == "true"


def test_a_silent_question_is_never_a_login(portal, alice):
    portal.httpd.start()
    ask = portal.endpoint + "?" + message(nonce=NONCE, prompt="none")
    assert read(alice.step(ask)) == {"nonce": NONCE, "prompt": "none", "failed": "true"}
    sign_in(alice, portal)
    assert read(alice.step(ask))["external_id"] == "alice"


def test_a_silent_question_about_somebody_who_may_not(httpd, site, bob):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    endpoint = peer(host, SECRET, CALLBACK, "forum", "discourse", "SSOPeerRequire roles staff")
    httpd.start()
    sign_in(bob, host)
    ask = endpoint + "?" + message(nonce=NONCE, prompt="none")
    assert read(bob.step(ask)) == {"nonce": NONCE, "prompt": "none", "failed": "true"}


def test_a_second_factor(httpd, site, alice):
    host = httpd.host("www.example.test", tls=True)
    members(host, site, extra="SSOAttribute strength strength")
    endpoint = peer(host, SECRET, CALLBACK, "forum", "discourse",
                    "SSOPeerSecondFactor strength strong")
    httpd.start()
    ask = endpoint + "?" + message(nonce=NONCE, require_2fa="true")
    said = read(follow(alice, alice.step(ask), CALLBACK))  # kept over the login
    assert said["no_2fa_methods"] == "true" and "confirmed_2fa" not in said
    site.fields = lambda f: {**f, "strength": "strong"}
    sign_in(alice, host)
    said = read(alice.step(ask))
    assert said["confirmed_2fa"] == "true" and "no_2fa_methods" not in said
    assert "confirmed_2fa" not in read(alice.step(endpoint + "?" + message(nonce="n2")))


def test_a_logout_ends_the_session_and_says_nothing(portal, alice):
    portal.httpd.start()
    sign_in(alice, portal)
    page = alice.step(portal.endpoint + "?" + message(nonce=NONCE, return_sso_url=CALLBACK,
                                                      logout="true"))
    assert page.status == 302 and page.location == CALLBACK
    assert user_of(alice, portal) is None


def test_nothing_is_echoed(portal, alice):
    portal.httpd.start()
    sign_in(alice, portal)
    said = read(alice.step(portal.endpoint + "?" + message(nonce=NONCE, admin="true", x="y",
                                                            groups="staff,root")))
    assert "admin" not in said and "x" not in said and said["groups"] == "staff,admins"


def test_custom_fields_and_a_group_with_a_comma(httpd, site, alice):
    host = httpd.host("www.example.test", tls=True)
    members(host, site, extra="SSOAttribute team squad\nSSOAttribute odd odd")
    site.fields = lambda f: {**f, "squad": "R&D", "odd": "a,b"}
    one = peer(host, SECRET, CALLBACK, "one", "discourse",
               "SSOPeerAttribute custom.team team\nSSOPeerAttribute admin env:ADMIN")
    two = peer(host, SECRET + "2", CALLBACK, "two", "discourse", "SSOPeerAttribute groups odd")
    httpd.start()
    sign_in(alice, host)
    said = read(alice.step(one + "?" + message(nonce=NONCE)))
    assert said["custom.team"] == "R&D" and "admin" not in said
    httpd.expect_fault("peer_field")
    page = alice.step(two + "?" + message(SECRET + "2", nonce=NONCE))
    assert (page.status, page.fault) == (403, "peer_field:groups")


def test_a_nonce_belongs_to_the_first_person(portal, alice, bob):
    portal.httpd.start()
    ask = portal.endpoint + "?" + message(nonce=NONCE)
    for browser in (alice, bob):
        sign_in(browser, portal)
    first = alice.step(ask)
    assert alice.step(ask).location == first.location
    portal.httpd.expect_fault("token_used")
    assert bob.step(ask).fault == "token_used"


@pytest.mark.parametrize("lines, says", [
    ("", "SSOPeerCallback is missing: write https://HOST/session/sso_login"),
    ("SSOPeerHosts https://x.example", "is not a host; write for example"),
    ("SSOPeerHosts *.example.org", "is not a host"),
    ("SSOPeerParams a b c", "SSOPeerParams is not for discourse peers"),
    ("SSOPeerHosts f.example\nSSOPeerAttribute nonce user", "the protocol itself uses this name"),
])
def test_a_peer_that_cannot_work(httpd, lines, says):
    httpd.host("localhost")
    httpd.add("<SSOPeer forum discourse>\nSSOPeerSecret file:%s\n%s\n</SSOPeer>"
              % (httpd.secret("s", SECRET), lines))
    tested = httpd.configtest()
    assert not tested.ok and says in tested.output, tested.output


# -- asking a Discourse

def provider(host, endpoint, secret=SECRET, name="forum", extra=""):
    path = host.httpd.secret("discourse-%s.secret" % name, secret)
    host.add("<SSOProvider %s discourse>\nSSODiscourseEndpoint %s\nSSODiscourseSecret file:%s\n%s\n"
             "</SSOProvider>" % (name, endpoint, path, extra))


@pytest.fixture
def consumer(httpd):
    """A host that asks a Discourse, and the sealing secret for flow cookies."""
    host = httpd.host("app.example.test", tls=True)
    host.seal = httpd.secret("seal.secret", "5" * 64)
    httpd.add("SSOSecret file:%s" % host.seal)
    provider(host, "https://discuss.example.com/session/sso_provider", extra="""\
SSODiscourseStaff on
SSOAttribute dept custom.dept""")
    return host


def test_the_request(consumer, browser):
    consumer.httpd.start()
    page = browser.step(consumer.url + "/.sso/login?provider=forum")
    address, _, query = page.location.partition("?")
    assert address == "https://discuss.example.com/session/sso_provider"
    query = dict(urllib.parse.parse_qsl(query))
    assert query["sig"] == sign(SECRET, query["sso"])
    payload = dict(urllib.parse.parse_qsl(base64.b64decode(query["sso"]).decode()))
    assert re.fullmatch("[0-9a-f]{32}", payload.pop("nonce"))
    assert payload == {"return_sso_url": consumer.url + "/.sso/forum/callback"}


def flow_cookie(host, age=60, extra=None, nonce=NONCE):
    done = subprocess.run([SSOCTL, "flow", "make", "--secret", str(host.seal), "--site", host.url,
                           "--provider", "forum", "--request", nonce, "--issued",
                           str(int(time.time()) - age), "--return", "/.sso/session", "--id",
                           "0a1b2c3d"] + (["--extra", extra] if extra else []),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def call(host, wire, cookie, method="GET"):
    headers = [("Accept", "text/html")] + ([("Cookie", cookie)] if cookie else [])
    return exchange(method, host.url + "/.sso/forum/callback?" + wire, headers)


def session_of(host, page):
    cookie = next(x.split(";")[0] for x in page.all_headers("Set-Cookie")
                  if x.startswith("__Host-sso="))
    return exchange("GET", host.url + "/.sso/session", [("Cookie", cookie)]).json()["attributes"]


PERSON = {"nonce": NONCE, "external_id": "42", "email": "ada@example.org"}


def test_groups_are_added_and_removed(consumer):
    consumer.httpd.start()
    page = call(consumer, message(**PERSON, groups="a, b,,c", add_groups="d,a",
                                  remove_groups="b,x", moderator="true"), flow_cookie(consumer))
    seen = session_of(consumer, page)
    assert seen["groups"] == "a,c,d" and seen["roles"] == "a,c,d,moderator"


def test_staff_only_where_it_is_wanted(httpd):
    host = httpd.host("app.example.test", tls=True)
    host.seal = httpd.secret("seal.secret", "5" * 64)
    httpd.add("SSOSecret file:%s" % host.seal)
    provider(host, "https://discuss.example.com/session/sso_provider")
    httpd.start()
    seen = session_of(host, call(host, message(**PERSON, admin="true", groups="x"),
                                 flow_cookie(host)))
    assert seen["roles"] == "x"


def test_ornaments_are_dropped_and_the_rest_refused(consumer):
    httpd = consumer.httpd
    httpd.start()
    httpd.expect_log("sso:warn.*avatar_url was dropped")
    seen = session_of(consumer, call(consumer, message(**PERSON, avatar_url="http://x.example/a"),
                                     flow_cookie(consumer)))
    assert "picture" not in seen
    httpd.expect_fault("field_value")
    for field, value in (("groups", "a\x07b"), ("email", "x@y@z"), ("name", "x" * 256),
                         ("custom.dept", "x\ny")):
        page = call(consumer, message(**{**PERSON, field: value}), flow_cookie(consumer))
        assert page.fault.startswith("field_value:"), field


def test_a_ban_is_remembered(consumer):
    consumer.httpd.start()
    consumer.httpd.expect_fault("banned")
    page = call(consumer, message(**PERSON, **{"custom.banned": "true"}), flow_cookie(consumer))
    assert page.fault == "banned"
    page = call(consumer, message(**{**PERSON, "nonce": "0" * 32}),
                flow_cookie(consumer, nonce="0" * 32))
    assert page.fault == "banned"


# -- sync

@pytest.fixture
def synced(consumer):
    """The same host with accounts, where 42 has signed in; sends sync messages and asks the session."""
    consumer.add("SSOAccounts on")
    path = consumer.httpd.root / "conf" / "discourse-forum.secret"
    consumer._lines[0] = consumer._lines[0].replace(
        "SSODiscourseStaff on", "SSODiscourseStaff on\nSSODiscourseSync on")
    assert path.exists() and "SSODiscourseSync on" in consumer._lines[0]
    consumer.httpd.start()
    page = call(consumer, message(**PERSON, groups="a,b", name="Ada"), flow_cookie(consumer))
    consumer.cookie = next(x.split(";")[0] for x in page.all_headers("Set-Cookie")
                           if x.startswith("__Host-sso="))
    return consumer


def sync(host, method="POST", secret=SECRET, **fields):
    return exchange(method, host.url + "/.sso/forum/sync?" + message(secret, **fields))


def seen_of(host):
    """The attributes of the session; None: it has ended."""
    page = exchange("GET", host.url + "/.sso/session", [("Cookie", host.cookie)])
    return page.json()["attributes"] if page.status == 200 else None


def test_sync_changes_what_it_names(synced):
    assert sync(synced, external_id="42", add_groups="c", remove_groups="a").json()["ok"]
    assert seen_of(synced)["roles"] == "b,c" and seen_of(synced)["name"] == "Ada"
    sync(synced, external_id="42", groups="x", add_groups="y", admin="true")
    assert seen_of(synced)["roles"] == "x,y,admin"
    sync(synced, external_id="42", admin="false", email="new@example.org", name="Ada L.")
    seen = seen_of(synced)
    assert (seen["roles"], seen["email"], seen["name"]) == ("x,y", "new@example.org", "Ada L.")
    sync(synced, external_id="42", groups="")
    assert "roles" not in seen_of(synced)


def login_again(host, n, **fields):
    """Another login of 42; what its session shows."""
    nonce = ("%x" % n) * 32
    page = call(host, message(**{**PERSON, "nonce": nonce}, **fields), flow_cookie(host, nonce=nonce))
    return session_of(host, page)


def test_a_login_changes_the_groups_that_it_names(synced):
    """Without `groups` those that the site gave before stay, unlike at a Discourse."""
    assert login_again(synced, 1)["roles"] == "a,b"
    assert login_again(synced, 2, add_groups="c,a", remove_groups="b,x")["roles"] == "a,c"
    assert login_again(synced, 3, admin="true")["roles"] == "a,c,admin"
    assert login_again(synced, 4)["roles"] == "a,c,admin"
    assert login_again(synced, 5, admin="false", remove_groups="c")["roles"] == "a"
    assert seen_of(synced)["roles"] == "a"  # the session from before
    assert login_again(synced, 6, groups="z", add_groups="y", remove_groups="z")["roles"] == "y"
    assert "roles" not in login_again(synced, 7, groups="")


def test_a_first_login_may_bring_added_groups_only(synced):
    synced.httpd.expect_log("the role \"owner\" of a provider is left out")
    nonce = "8" * 32
    page = call(synced, message(nonce=nonce, external_id="43", email="bea@example.org", add_groups="a,owner",
                                remove_groups="b"), flow_cookie(synced, nonce=nonce))
    assert session_of(synced, page)["roles"] == "a"


def test_sync_in_a_form_with_the_headers_of_discourse(synced):
    page = exchange("POST", synced.url + "/.sso/forum/sync",
                    [("Content-Type", "application/x-www-form-urlencoded"), ("Api-Key", "k"),
                     ("Api-Username", "system")],
                    message(external_id="42", groups="z").encode())
    assert page.json()["result"] == "updated" and seen_of(synced)["roles"] == "z"


def test_a_sync_ban_ends_the_session_and_a_pardon_brings_none_back(synced):
    page = sync(synced, external_id="42", **{"custom.banned": "true"})
    assert page.json() == {"ok": True, "result": "updated", "sessions": 1}
    assert seen_of(synced) is None
    synced.httpd.expect_fault("banned")
    again = call(synced, message(**{**PERSON, "nonce": "1" * 32}), flow_cookie(synced, nonce="1" * 32))
    assert again.fault == "banned"
    sync(synced, external_id="42", **{"custom.banned": "false", "custom.jti": "p1",
                                      "custom.iat": int(time.time())})
    assert seen_of(synced) is None
    back = call(synced, message(**{**PERSON, "nonce": "2" * 32}), flow_cookie(synced, nonce="2" * 32))
    assert session_of(synced, back)["user"] == "42"


def test_r2_a_login_answer_is_no_sync_message(synced):
    synced.httpd.expect_fault("sync_token")
    page = sync(synced, **PERSON, groups="admins")
    assert page.status == 400 and page.json()["error"] == "sync_token"
    assert seen_of(synced)["roles"] == "a,b"


def test_a_sync_replay_restricts_only(synced):
    synced.httpd.expect_fault("sync_stale")
    pardon = dict(external_id="42", **{"custom.banned": "false"})
    assert sync(synced, **pardon).status == 200
    assert sync(synced, external_id="42", **{"custom.banned": "true"}).status == 200
    assert sync(synced, **pardon).json()["error"] == "sync_stale"
    stamp = {"custom.iat": int(time.time()), "custom.jti": "once"}
    assert sync(synced, external_id="42", groups="q", **stamp).status == 200
    assert sync(synced, external_id="42", groups="q", **stamp).json()["error"] == "sync_stale"


@pytest.mark.parametrize("fields, error", [
    ({"groups": "a"}, "field_missing:external_id"),
    ({"external_id": "nil"}, "field_value:user_id"),
    ({"external_id": "42", "email": "x@y@z"}, "field_value:email"),
    ({"external_id": "42", "name": ""}, "field_value:name"),
    ({"external_id": "42", "custom.iat": "soon"}, "field_value:custom.iat"),
    ({"external_id": "42", "custom.iat": "99999999999999999"}, "field_value:custom.iat"),
    ({"external_id": "42", "custom.jti": ""}, "field_value:custom.jti"),
    ({"external_id": "43", "groups": "a"}, "user_unknown"),
])
def test_sync_messages_that_are_refused(synced, fields, error):
    synced.httpd.expect_fault(error.split(":")[0])
    assert sync(synced, **fields).json()["error"] == error
    assert seen_of(synced)["roles"] == "a,b"


def test_a_sync_message_must_be_signed_and_posted(synced):
    synced.httpd.expect_fault("sig_mismatch")
    synced.httpd.expect_fault("method")
    synced.httpd.expect_log("no usual mistake explains the signature")
    fields = {"external_id": "42", "custom.banned": "true"}
    assert sync(synced, secret="x" * 32, **fields).status == 403
    assert sync(synced, method="GET", **fields).status == 405
    assert seen_of(synced) is not None


def test_there_is_no_sync_address_unless_it_is_wanted(consumer):
    consumer.add("SSOAccounts on")
    consumer.httpd.start()
    consumer.httpd.expect_fault("not_found")
    assert sync(consumer, external_id="42").status == 404


def test_a_second_factor_that_was_asked_for_must_be_confirmed(httpd, browser):
    host = httpd.host("app.example.test", tls=True)
    host.seal = httpd.secret("seal.secret", "5" * 64)
    httpd.add("SSOSecret file:%s" % host.seal)
    provider(host, "https://discuss.example.com/session/sso_provider",
             extra="SSODiscourseSecondFactor on")
    httpd.start()
    page = browser.step(host.url + "/.sso/login?provider=forum")
    sso = dict(urllib.parse.parse_qsl(page.location.partition("?")[2]))["sso"]
    assert b"&require_2fa=true" in base64.b64decode(sso)
    httpd.expect_fault("second_factor")
    for extra in ({}, {"no_2fa_methods": "true"}, {"confirmed_2fa": "1"}):
        assert call(host, message(**PERSON, **extra), flow_cookie(host, extra="2fa")).fault == \
            "second_factor"
    page = call(host, message(**PERSON, confirmed_2fa="true"), flow_cookie(host, extra="2fa"))
    assert session_of(host, page)["user"] == "42"


@pytest.mark.parametrize("path, back", [("", "/.sso/logout"), ("?return=/a%3Fb%3Dc", "/.sso/logout?return=%2Fa%3Fb%3Dc")])
def test_a_logout_is_told_to_the_site(consumer, make_browser, path, back):
    consumer.httpd.start()
    page = call(consumer, message(**PERSON), flow_cookie(consumer))
    cookie = next(x.split(";")[0] for x in page.all_headers("Set-Cookie") if x.startswith("__Host-sso="))
    out = exchange("GET", consumer.url + "/.sso/logout" + path, [("Cookie", cookie), ("Sec-Fetch-Site", "none")])
    address, _, query = out.location.partition("?")
    assert out.status == 302 and address == "https://discuss.example.com/session/sso_provider"
    query = dict(urllib.parse.parse_qsl(query))
    assert query["sig"] == sign(SECRET, query["sso"])
    payload = dict(urllib.parse.parse_qsl(base64.b64decode(query["sso"]).decode()))
    assert re.fullmatch("[0-9a-f]{32}", payload.pop("nonce"))
    assert urllib.parse.unquote(payload.pop("return_sso_url")) == urllib.parse.unquote(consumer.url + back)
    assert payload == {"logout": "true"}
    assert exchange("GET", consumer.url + "/.sso/session", [("Cookie", cookie)]).status == 401
    last = exchange("GET", consumer.url + back, [("Accept", "text/html")])
    assert last.location == consumer.url + "/a?b=c" if path else "You are signed out" in last.text


def test_a_logout_is_not_told_where_the_site_knows_none(httpd):
    host = httpd.host("app.example.test", tls=True)
    host.seal = httpd.secret("seal.secret", "5" * 64)
    httpd.add("SSOSecret file:%s" % host.seal)
    provider(host, "https://www.example.com/sso", extra="SSODiscourseLogout off")
    httpd.start()
    page = call(host, message(**PERSON), flow_cookie(host))
    cookie = next(x.split(";")[0] for x in page.all_headers("Set-Cookie") if x.startswith("__Host-sso="))
    out = exchange("GET", host.url + "/.sso/logout", [("Cookie", cookie), ("Sec-Fetch-Site", "none")])
    assert out.status == 200 and "You are signed out" in out.text


@pytest.mark.parametrize("lines, says", [
    ("SSODiscourseSecret file:%s", "SSODiscourseEndpoint is missing"),
    ("SSODiscourseEndpoint https://x.example/sso", "SSODiscourseSecret is missing"),
    ("SSODiscourseSecret file:%s\nSSODiscourseEndpoint https://x.example/?sig=1",
     'has a parameter "sig"'),
])
def test_a_provider_that_cannot_work(httpd, lines, says):
    httpd.host("localhost")
    lines = lines % httpd.secret("s", SECRET) if "%s" in lines else lines
    httpd.add("<SSOProvider forum discourse>\n%s\n</SSOProvider>" % lines)
    tested = httpd.configtest()
    assert not tested.ok and says in tested.output, tested.output


# -- both ends joined

def join(make_httpd, site):
    """A host that knows people, and one that asks it about them; both running."""
    portal, forum = make_httpd(), make_httpd()
    www = portal.host("www.example.test", tls=True)
    app = forum.host("forum.example.test", tls=True)
    members(www, site)
    provider(app, www.url + "/.sso/peer/forum", name="www")
    app.add("<Location /app>\nSSO www\n</Location>")
    app.page("/app/x.html", "inside")
    peer(www, SECRET, app.url + "/.sso/www/callback", "forum", "discourse")
    portal.start()
    forum.start()
    return www, app


def test_two_servers_joined(make_httpd, site, alice):
    _, app = join(make_httpd, site)
    page = alice.open(app.url + "/app/x.html")
    assert page.text == "inside"
    seen = alice.fetch(app.url + "/.sso/session").json()["attributes"]
    assert (seen["user"], seen["name"], seen["groups"]) == ("alice", "Alice Ärmel", "staff,admins")
    assert seen["email_verified"] == "true"


def test_two_servers_sign_out_together(make_httpd, site, alice):
    """Out of the one that asks is out of the one that knows."""
    www, app = join(make_httpd, site)
    sign_in(alice, app, "www")
    assert user_of(alice, www) == "alice"
    page = alice.open(app.url + "/.sso/logout")
    assert page.path == "/.sso/logout" and "You are signed out" in page.text
    assert user_of(alice, app) is None and user_of(alice, www) is None


def test_a_secret_is_not_shared_between_dialects(httpd):
    host = httpd.host("localhost")
    peer(host, SECRET, CALLBACK, "one", "discourse")
    peer(host, SECRET, CALLBACK, "two", "hmac")
    tested = httpd.configtest()
    assert not tested.ok and "give each its own" in tested.output


def test_a_silent_attempt_from_end_to_end(portal, site, alice):
    """SSOMode passive here, prompt=none there: failed=true is nobody, and no failure."""
    httpd = portal.httpd
    app = httpd.host("app.example.test", tls=True)
    httpd.need("include")
    peer(portal, SECRET[::-1], app.url + "/.sso/portal/callback", "app", "discourse")
    app.add("<SSOProvider portal discourse>\nSSODiscourseEndpoint %s/.sso/peer/app\n"
            "SSODiscourseSecret file:%s\n</SSOProvider>" % (portal.url, httpd.secret("app.secret", SECRET[::-1])))
    app.add('<Location "/x.html">\nSSO portal\nSSOMode passive\nOptions +Includes\n'
            'SetOutputFilter INCLUDES\nRequire all granted\n</Location>')
    app.page("/x.html", '<!--#echo var="SSO_USER" -->')
    httpd.start()
    page = alice.open(app.url + "/x.html")
    assert page.status == 200 and page.text == "(none)" and page.url == app.url + "/x.html"
    assert any("/.sso/peer/app" in x.url for x in page.trace) and user_of(alice, app) is None
    assert len(alice.open(app.url + "/x.html").trace) == 1  # not again at once
    sign_in(alice, portal)
    alice.jar.take(app.url, ["__Host-sso-passive=; Path=/; Max-Age=0; Secure"])
    assert alice.open(app.url + "/x.html").text == "alice"


# -- the vectors

def load(role):
    return [x for x in json.loads(VECTORS.read_text()) if x["role"] == role]


def expectation(vector):
    return re.fullmatch(r"reject (\S+) \((\d+)\)", vector["expect"]).groups()


MISTAKES = {"D24": "the other side signed the payload; it must sign the Base64 text",
            "D25": "the signature is right, but it must be sent as 64 hex digits"}


@pytest.mark.parametrize("vector", load("consumer") if VECTORS.exists() else [],
                         ids=lambda x: x["id"])
def test_consumer_vector(consumer, vector):
    httpd, name = consumer.httpd, vector["id"]
    httpd.start()
    cookie = None if name == "D22" else flow_cookie(consumer, 601 if name == "D23" else 60)
    if name == "D21":
        assert call(consumer, vector["wire"], cookie).status == 303
    page = call(consumer, vector["wire"], cookie)
    if name == "D17":  # nobody is signed in there, and nobody is here
        httpd.expect_fault("status_passive")
        assert page.fault == "status_passive"
    elif vector["expect"] == "accept":
        assert page.status == 303, repr(page)
        check_result(session_of(consumer, page), vector["result"])
        return
    else:
        code, status = expectation(vector)
        httpd.expect_fault(code.split(":")[0])
        assert (page.fault, page.status) == (code, int(status))
        if name in MISTAKES:
            httpd.expect_log("sso:warn.*provider forum: " + MISTAKES[name])
    assert not any(x.startswith("__Host-sso=") for x in page.all_headers("Set-Cookie"))


def check_result(seen, wanted):
    assert seen["user"] == wanted["user_id"] and seen["email"] == wanted["email"]
    assert seen.get("username") == wanted.get("username") and seen["name"] == wanted["name"]
    assert seen["email_verified"] == ("true" if wanted["email_verified"] else "false")
    assert seen.get("roles") == (",".join(wanted["roles"]) if "roles" in wanted else None)
    assert seen.get("dept") == wanted.get("custom", {}).get("dept")


@pytest.mark.parametrize("vector", load("provider") if VECTORS.exists() else [],
                         ids=lambda x: x["id"])
def test_provider_vector(httpd, site, alice, vector):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    secret = httpd.secret("forum.secret", vector["secret"])
    callback = "SSOPeerHosts discuss.example.com" if vector["id"] == "D2" \
        else "SSOPeerCallback " + CALLBACK
    host.add("<SSOPeer forum discourse>\nSSOPeerSecret file:%s\n%s\n</SSOPeer>" % (secret, callback))
    peer(host, "another-secret-0123456789abcdef-xyz", "https://other.example.com/session/sso_login",
         "other", "discourse")
    httpd.start()
    sign_in(alice, host)
    page = alice.step(host.url + "/.sso/peer/forum?" + vector["wire"])
    if vector["expect"] == "accept":
        result = vector["result"]
        if result.get("logout"):
            assert page.location == result["return"] and user_of(alice, host) is None
        else:
            said = read(page, vector["secret"], result["return"])
            assert said["nonce"] == result["nonce"] and said["external_id"] == "alice"
        return
    code, status = expectation(vector)
    httpd.expect_fault(code.split(":")[0])
    assert (page.fault, page.status) == (code, int(status)) and not page.location


def test_the_vectors_are_there():
    assert len(load("consumer")) + len(load("provider")) == 39
