"""A peer asks who the person is: the provider's role of the signed token, against a real forum."""
import base64
import json
import pathlib
import re
import shutil
import subprocess
import time
import urllib.parse

import pytest

from lib import sites
from lib.browser import exchange
from lib.forum import PHP, PhpForum
from lib.httpd import BUILD, PROGRAM
from lib.recipes import members, peer, provider, sign_in, user_of
from lib.sites import sign

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors" / "hmac" / "instaforum.json"
SECRET = "a-secret-of-the-forum-0123456789abcdef"
CALLBACK = "https://forum.example.test/sso/done"
TOKEN = "5f2c8b1e9d3a4c7081e6b0f4a2d9c357"

needs_php = pytest.mark.skipif(not PHP, reason="php is not installed")


def request(endpoint, token=TOKEN, secret=SECRET):
    return endpoint + "?" + urllib.parse.urlencode({"token": token, "sig": sign(secret, token)})


def told(page, secret=SECRET, callback=CALLBACK):
    """What an answer says, after its signature was checked as a peer would."""
    assert page.status == 302 and page.location.startswith(callback + "?"), repr(page)
    data, sig = re.fullmatch(r"data=([A-Za-z0-9]+)&sig=([0-9a-f]{64})",
                             page.location[len(callback) + 1:]).groups()
    assert sign(secret, data) == sig
    return json.loads(base64.b64decode(data, validate=True))


@pytest.fixture
def portal(httpd, site):
    """A host that knows people by `members`, and the peer `forum` without a start of its own."""
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    host.endpoint = peer(host, SECRET, CALLBACK)
    return host


@pytest.fixture
def forum(closing):
    return closing(PhpForum(SECRET))


# -- with a real forum

@needs_php
@pytest.mark.parametrize("start", [True, False])
def test_one_click_from_a_guest_to_a_user(httpd, site, forum, alice, start):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    forum.endpoint = peer(host, SECRET, forum.callback,
                          extra="SSOPeerStart " + forum.start_url if start else "")
    httpd.start()
    forum.start()
    page = alice.open(forum.url + "/")
    assert "reading as a guest" in page.text
    page = alice.open(forum.start_url)
    assert page.url == forum.url + "/" and "signed in as <b>Alice Ärmel</b>" in page.text, repr(page)
    assert "staff, admins" in page.text and "alice@example.org" in page.text
    asked = [x for x in page.trace if x.url.startswith(forum.start_url) and x.status == 302
             and "/done" not in x.url]
    assert len(asked) == (2 if start else 1)  # a fresh token after the login, where there is a start
    alice.jar.forget(forum.url)
    again = alice.open(forum.start_url)       # who is signed in is answered at once
    assert "signed in as" in again.text and len(again.trace) == 4


@needs_php
def test_the_answer_of_one_browser_is_nothing_in_another(httpd, site, forum, alice, bob):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    forum.endpoint = peer(host, SECRET, forum.callback)
    httpd.start()
    forum.start()
    sign_in(alice, host)
    first = alice.step(forum.start_url)
    answer = alice.step(first.location)
    page = bob.step(answer.location)
    assert page.status == 403 and "token_mismatch" in page.text


# -- what is said, and about whom

def test_the_answer(portal, site, alice):
    portal.httpd.start()
    sign_in(alice, portal)
    page = alice.step(request(portal.endpoint))
    assert told(page) == {"token": TOKEN, "user_id": "alice", "email": "alice@example.org",
                          "name": "Alice Ärmel", "roles": ["staff", "admins"]}
    assert page.header("Cache-Control") == "no-store"
    assert page.header("Referrer-Policy") == "no-referrer"
    assert not page.all_headers("Set-Cookie")


def test_attributes_are_chosen(httpd, site, alice):
    host = httpd.host("www.example.test", tls=True)
    members(host, site, extra="SSOAttribute team squad\nSSOAttribute flags flags")
    site.fields = lambda f: {**f, "squad": "blue", "image": "https://i.example/a.png", "bio": "a\nb",
                             "flags": ["x", "y"]}
    endpoint = peer(host, SECRET, CALLBACK, extra="""\
SSOPeerAttribute user_id {provider}:{user}
SSOPeerAttribute name nickname {user}/{team}
SSOPeerAttribute roles none
SSOPeerAttribute image none
SSOPeerAttribute team team
SSOPeerAttribute missing nothing env:NOTHING {user}{nothing}""")
    httpd.start()
    sign_in(alice, host)
    assert told(alice.step(request(endpoint))) == {
        "token": TOKEN, "user_id": "members:alice", "email": "alice@example.org",
        "name": "alice/blue", "bio": "a b", "team": "blue"}  # one line, as the session has it


def test_only_who_meets_the_rules(httpd, site, alice, bob):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    endpoint = peer(host, SECRET, CALLBACK,
                    extra="SSOPeerRequire roles staff admins\nSSOPeerRequire provider members")
    httpd.start()
    sign_in(alice, host)
    sign_in(bob, host)
    assert told(alice.step(request(endpoint)))["user_id"] == "alice"
    httpd.expect_fault("peer_require")
    page = bob.step(request(endpoint, "0" * 32))
    assert (page.status, page.fault) == (403, "peer_require") and "Start again" not in page.text


def test_an_unverified_address_is_not_vouched_for(httpd, site, alice, bob):
    host = httpd.host("www.example.test", tls=True)
    members(host, site, extra="SSOAttribute email_verified verified")
    endpoint = peer(host, SECRET, CALLBACK)
    httpd.start()
    site.fields = lambda f: {**f, "verified": True}
    sign_in(alice, host)
    assert told(alice.step(request(endpoint)))["email"] == "alice@example.org"
    site.fields = lambda f: {**f, "verified": False}
    sign_in(bob, host)
    httpd.expect_fault("email_unverified")
    page = bob.step(request(endpoint, "0" * 32))
    assert (page.status, page.fault) == (403, "email_unverified")


def test_a_field_that_nobody_would_accept_is_not_sent(httpd, site, alice):
    host = httpd.host("www.example.test", tls=True)
    members(host, site, extra="SSOAttribute x x\nSSOAttribute y y")
    site.fields = lambda f: {**f, "x": "not an address", "y": "undefined"}
    one = peer(host, SECRET, CALLBACK, "one", extra="SSOPeerAttribute email x")
    two = peer(host, SECRET + "2", CALLBACK, "two", extra="SSOPeerAttribute user_id y")
    three = peer(host, SECRET + "3", CALLBACK, "three", extra="SSOPeerAttribute email nothing")
    four = peer(host, SECRET + "4", CALLBACK, "four", extra="SSOPeerUserIdType integer")
    five = peer(host, SECRET + "5", CALLBACK, "five",
                extra="SSOPeerUserIdType integer\nSSOPeerAttribute user_id env:NUMBER")
    host.httpd.need("env")
    host.add("SetEnv NUMBER 42")
    httpd.start()
    sign_in(alice, host)
    httpd.expect_fault("peer_field")
    for endpoint, secret, field in ((one, SECRET, "email"), (two, SECRET + "2", "user_id"),
                                    (three, SECRET + "3", "email"),
                                    (four, SECRET + "4", "user_id")):
        page = alice.step(request(endpoint, secret=secret))
        assert (page.status, page.fault) == (403, "peer_field:" + field)
    assert told(alice.step(request(five, secret=SECRET + "5")), SECRET + "5")["user_id"] == 42


def test_a_banned_person_is_not_vouched_for(portal, site, make_browser):
    portal.httpd.start()
    one, two = make_browser("bob"), make_browser("bob")
    sign_in(one, portal)
    assert told(one.step(request(portal.endpoint)))["user_id"] == "bob"
    site.fields = lambda f: {**f, "banned": True}
    portal.httpd.expect_fault("banned")
    assert two.open(portal.url + "/.sso/login?provider=members").fault == "banned"
    page = one.step(request(portal.endpoint))  # the session has ended
    assert page.status == 302 and page.location.startswith(site.endpoint)
    assert two.open(request(portal.endpoint)).fault == "banned"


# -- strangers

def test_a_stranger_signs_in_first_and_is_answered(portal, site, alice):
    portal.httpd.start()
    first = alice.step(request(portal.endpoint))
    assert first.status == 302 and first.location.startswith(site.endpoint + "?token=")
    assert TOKEN not in first.location
    with pytest.raises(OSError):
        alice.open(first.location)  # ends at the callback, which is nowhere


def follow(browser, page, until):
    """Follow redirects and the login form until the browser is sent to an address."""
    for _ in range(12):
        if page.location and page.location.startswith(until):
            return page
        form = page.form("user", "password")
        if form:
            page = browser._send_form(form, form.filled(user=browser.user,
                                                        password=browser.password))
        else:
            page = browser.step(page.location)
    raise AssertionError(repr(page))


def test_the_request_waits_for_the_login(portal, site, alice):
    portal.httpd.start()
    page = follow(alice, alice.step(request(portal.endpoint)), CALLBACK)
    assert told(page)["token"] == TOKEN and user_of(alice, portal) == "alice"


def test_a_request_waits_fourteen_minutes(make_httpd, site, alice):
    httpd = make_httpd(fake_time=True)
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    endpoint = peer(host, SECRET, CALLBACK)
    httpd.start()
    page = follow(alice, alice.step(request(endpoint)), host.url + "/.sso/peer/forum?.kept=")
    kept = page.location
    httpd.advance(13 * 60)
    assert told(alice.step(kept))["token"] == TOKEN
    httpd.advance(2 * 60)
    httpd.expect_fault("state_expired")
    late = alice.step(kept)
    assert (late.status, late.fault) == (403, "state_expired")
    assert "https://forum.example.test/" in late.text  # start again over there


def test_what_was_kept_is_of_this_peer_and_sealed(httpd, site, alice):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    endpoint = peer(host, SECRET, CALLBACK)
    other = peer(host, SECRET + "2", CALLBACK, "other")
    httpd.start()
    page = follow(alice, alice.step(request(endpoint)), endpoint + "?.kept=")
    kept = page.location.partition("=")[2]
    assert told(alice.step(endpoint + "?.kept=" + kept))["token"] == TOKEN
    httpd.expect_fault("state_invalid")
    swapped = kept[:20] + ("A" if kept[20] != "A" else "B") + kept[21:]
    for url in (other + "?.kept=" + kept, endpoint + "?.kept=" + swapped, endpoint + "?.kept=x"):
        assert alice.step(url).fault == "state_invalid"


def test_the_start_of_the_peer_is_preferred(httpd, site, alice):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    endpoint = peer(host, SECRET, CALLBACK, extra="SSOPeerStart https://forum.example.test/sso")
    httpd.start()
    page = follow(alice, alice.step(request(endpoint)), "https://forum.example.test/sso")
    assert page.location == "https://forum.example.test/sso" and user_of(alice, host) == "alice"


def test_several_providers_give_a_chooser(httpd, site, closing, alice):
    other = closing(sites.TokenSite("another-secret-0123456789abcdef-xyz"))
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    members(host, other, "staff")
    endpoint = peer(host, SECRET, CALLBACK,
                    extra="SSOPeerAttribute user_id {provider}:{subject}")
    only = peer(host, SECRET + "2", CALLBACK, "only", extra="SSOPeerLogin staff")
    httpd.start()
    page = alice.step(request(endpoint))
    assert page.status == 302 and "/.sso/choose?" in page.location
    chooser = alice.step(page.location)
    page = alice.step(next(x for x in chooser.document().xpath("//a/@href")
                           if "provider=members" in x))
    answer = follow(alice, page, CALLBACK)
    assert told(answer)["user_id"] == "members:alice"
    # a session of another provider does not count for a peer that names one
    page = alice.step(request(only, "1" * 32, SECRET + "2"))
    assert page.location.startswith(other.endpoint)
    answer = follow(alice, page, CALLBACK)
    assert told(answer, SECRET + "2")["user_id"] == "alice"


def test_nobody_and_no_way_to_sign_in(httpd, browser):
    host = httpd.host("www.example.test", tls=True)
    endpoint = peer(host, SECRET, CALLBACK)
    httpd.start()
    httpd.expect_fault("config")
    page = browser.step(request(endpoint))
    assert (page.status, page.fault) == (500, "config")
    assert httpd.log.find('protect <Location "/.sso/peer/forum"> with an AuthType')


# -- other authentications of httpd

BASIC = """AuthType Basic
AuthName "Staff"
AuthUserFile conf/people
Require valid-user"""


def basic(httpd, host, where="/.sso/peer/forum", lines=BASIC):
    httpd.need("auth_basic", "authn_file")
    httpd.file("conf/people", "carol:{SHA}" + base64.b64encode(
        __import__("hashlib").sha1(b"carol-pw").digest()).decode() + "\n", 0o644)
    host.add('<Location "%s">\n%s\n</Location>' % (where, lines))


CAROL = [("Authorization", "Basic " + base64.b64encode(b"carol:carol-pw").decode())]
WRONG = [("Authorization", "Basic " + base64.b64encode(b"carol:wrong").decode())]


@pytest.mark.parametrize("where", ["/", "/.sso/peer/forum"])
@pytest.mark.parametrize("lines", [BASIC, BASIC.replace("Require valid-user", "Require all granted"),
                                   BASIC + "\nRequire ip 127.0.0.1\nSatisfy Any"])
def test_basic_authentication_answers(httpd, browser, where, lines):
    if "Satisfy" in lines:
        httpd.need("access_compat")
    host = httpd.host("www.example.test", tls=True)
    endpoint = peer(host, SECRET, CALLBACK, extra="SSOPeerAttribute email {user}@example.org")
    basic(httpd, host, where, lines)
    httpd.start()
    asked = browser.step(request(endpoint))
    assert asked.status == 401 and asked.header("WWW-Authenticate").startswith("Basic")
    httpd.expect_log("AH01617")
    assert browser.step(request(endpoint), headers=WRONG).status == 401
    page = browser.step(request(endpoint), headers=CAROL)
    assert told(page) == {"token": TOKEN, "user_id": "carol", "email": "carol@example.org",
                          "name": "carol"}


def test_a_rule_of_httpd_holds_at_the_address(httpd, browser):
    host = httpd.host("www.example.test", tls=True)
    endpoint = peer(host, SECRET, CALLBACK, extra="SSOPeerAttribute email {user}@example.org")
    basic(httpd, host, lines=BASIC.replace("valid-user", "user dave"))
    httpd.start()
    httpd.expect_log("AH01631")
    assert browser.step(request(endpoint), headers=CAROL).status == 401


def test_the_user_of_the_address_is_told_not_the_session(httpd, site, alice):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    endpoint = peer(host, SECRET, CALLBACK, extra="SSOPeerAttribute email email {user}@example.org")
    basic(httpd, host)
    httpd.start()
    sign_in(alice, host)
    page = alice.step(request(endpoint), headers=CAROL)
    assert told(page)["user_id"] == "carol" and told(page)["email"] == "carol@example.org"


def test_a_password_in_a_header_is_nothing_without_an_authtype(portal, site, browser):
    portal.httpd.start()
    page = browser.step(request(portal.endpoint), headers=CAROL)
    assert page.location.startswith(site.endpoint)


def test_basic_on_the_whole_site_leaves_our_own_addresses_alone(httpd, site, alice):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    peer(host, SECRET, CALLBACK)
    basic(httpd, host, "/")
    httpd.start()
    assert sign_in(alice, host)["attributes"]["user"] == "alice"


def test_authtype_sso_around_the_address_changes_nothing(httpd, site, alice):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    endpoint = peer(host, SECRET, CALLBACK)
    host.add('<Location "/">\nAuthType SSO\nSSO members\nRequire valid-user\n</Location>')
    httpd.start()
    sign_in(alice, host)
    assert told(alice.step(request(endpoint)))["user_id"] == "alice"


# -- how a request must come (1.7)

def test_only_a_page_that_a_person_opened(portal, alice):
    httpd = portal.httpd
    httpd.start()
    sign_in(alice, portal)
    url = request(portal.endpoint)
    httpd.expect_fault("method")
    httpd.expect_fault("frame")
    assert alice.step(url, method="HEAD").status == 405
    assert alice.step(url, headers={"Sec-Purpose": "prefetch"}).fault == "method"
    assert alice.post(url, {"x": "y"}, initiator=CALLBACK).fault == "method"
    frame = alice.step(url, headers={"Sec-Fetch-Dest": "iframe"})
    assert (frame.status, frame.fault) == (403, "frame")
    assert "frame-ancestors 'none'" in frame.header("Content-Security-Policy")
    assert alice.fetch(url).json()["error"] == "frame"
    for page in (frame,):
        assert not page.location
    assert told(alice.step(url))["token"] == TOKEN  # nothing of it was held against the token


def test_plain_http_is_not_answered(httpd, site, alice):
    host = httpd.host("www.example.test")
    host.add(provider(httpd, site))
    endpoint = peer(host, SECRET, CALLBACK)
    httpd.start()
    httpd.expect_fault("tls")
    assert alice.step(request(endpoint), headers={"Sec-Fetch-Mode": "navigate",
                                                   "Sec-Fetch-Dest": "document"}).fault == "tls"


# -- one token, one person (1.7)

def test_a_token_belongs_to_the_first_person(portal, alice, bob, make_browser):
    httpd = portal.httpd
    httpd.start()
    again = make_browser("alice")
    for browser in (alice, bob, again):
        sign_in(browser, portal)
    url = request(portal.endpoint)
    first = alice.step(url)
    assert alice.step(url).location == first.location   # a reload
    assert again.step(url).location == first.location   # the same person elsewhere
    httpd.expect_fault("token_used")
    for _ in range(2):
        page = bob.step(url)
        assert (page.status, page.fault) == (403, "token_used") and not page.location
    httpd.restart()
    assert bob.step(url).fault == "token_used" and alice.step(url).location == first.location
    assert told(bob.step(request(portal.endpoint, "7" * 32)))["user_id"] == "bob"


def test_a_token_is_free_again_after_fifteen_minutes(make_httpd, site, alice, bob):
    httpd = make_httpd(fake_time=True)
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    endpoint = peer(host, SECRET, CALLBACK)
    httpd.start()
    sign_in(alice, host)
    sign_in(bob, host)
    told(alice.step(request(endpoint)))
    httpd.advance(14 * 60)
    httpd.expect_fault("token_used")
    assert bob.step(request(endpoint)).fault == "token_used"
    httpd.advance(2 * 60)
    assert told(bob.step(request(endpoint)))["user_id"] == "bob"


def test_an_answer_is_no_request(portal, alice):
    """R3: what a browser saw in its address bar cannot be asked with."""
    portal.httpd.start()
    sign_in(alice, portal)
    answer = alice.step(request(portal.endpoint)).location
    data, sig = re.search("data=(.*)&sig=(.*)", answer).groups()
    portal.httpd.expect_fault("token_format")
    page = alice.step("%s?token=%s&sig=%s" % (portal.endpoint, data, sig))
    assert (page.status, page.fault) == (400, "token_format")


# -- secrets

def test_two_secrets_and_which_one_is_in_use(httpd, site, alice):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    new, old = httpd.secret("new", "n" * 40), httpd.secret("old", "o" * 40)
    host.add("<SSOPeer forum hmac>\nSSOPeerSecret file:%s file:%s\nSSOPeerCallback %s\n</SSOPeer>"
             % (new, old, CALLBACK))
    httpd.start()
    sign_in(alice, host)
    endpoint = host.url + "/.sso/peer/forum"
    assert told(alice.step(request(endpoint, secret="o" * 40)), "n" * 40)["user_id"] == "alice"
    assert told(alice.step(request(endpoint, "1" * 32, "n" * 40)), "n" * 40)["user_id"] == "alice"
    for i in (1, 2):
        assert httpd.log.find(r"peer forum: request verified with secret %d of 2, use \d+" % i)


@pytest.mark.parametrize("how, says", [
    (lambda t: sign(SECRET + "\n", t), "the peer's secret ends with a line break"),
    (lambda t: sign(SECRET, t + "\n"), "the peer signed the token with a line break behind it"),
    (lambda t: sign(SECRET, "token=" + t), 'the peer signed "token=" too'),
    (lambda t: __import__("hashlib").sha256((SECRET + t).encode()).hexdigest(),
     "the peer made a plain SHA-256"),
    (lambda t: __import__("hmac").new(SECRET.encode(), bytes.fromhex(t), "sha256").hexdigest(),
     "the peer signed the bytes that the token's hex digits stand for"),
    (lambda t: "0" * 64, "no usual mistake explains the signature"),
])
def test_the_peers_mistake_is_named(portal, browser, how, says):
    httpd = portal.httpd
    httpd.start()
    httpd.expect_fault("sig_mismatch")
    httpd.expect_log("sso:warn.*peer forum: " + re.escape(says))
    page = browser.step("%s?token=%s&sig=%s" % (portal.endpoint, TOKEN, how(TOKEN)))
    assert page.fault == "sig_mismatch"
    assert SECRET not in httpd.log.text() and sign(SECRET, TOKEN) not in httpd.log.text()


# -- mod_sso against mod_sso

def test_two_servers_joined(make_httpd, site, alice):
    portal, forum = make_httpd(), make_httpd()
    www = portal.host("www.example.test", tls=True)
    app = forum.host("forum.example.test", tls=True)
    members(www, site)
    secret = forum.secret("www.secret", SECRET)
    app.add("<SSOProvider www hmac>\nSSOHmacEndpoint %s/.sso/peer/forum\nSSOHmacSecret file:%s\n"
            "</SSOProvider>\n<Location /app>\nSSO www\n</Location>" % (www.url, secret))
    app.page("/app/x.html", "inside")
    peer(www, SECRET, app.url + "/.sso/www/callback",
         extra="SSOPeerStart %s/.sso/login?provider=www" % app.url)
    portal.start()
    forum.start()
    page = alice.open(app.url + "/app/x.html")
    assert page.text == "inside" and page.url == app.url + "/app/x.html"
    seen = alice.fetch(app.url + "/.sso/session").json()["attributes"]
    assert (seen["user"], seen["email"], seen["roles"]) == ("alice", "alice@example.org",
                                                            "staff,admins")
    alice.open(app.url + "/.sso/logout")
    again = alice.open(app.url + "/app/x.html")  # the portal's session is enough
    assert again.text == "inside" and [x.status for x in again.trace] == [302, 302, 303, 200]


def test_both_ends_on_one_server(httpd, site, alice):
    www = httpd.host("www.example.test", tls=True)
    app = httpd.host("forum.example.test", tls=True)
    members(www, site)
    secret = httpd.secret("www.secret", SECRET)
    app.add("<SSOProvider www hmac>\nSSOHmacEndpoint %s/.sso/peer/forum\nSSOHmacSecret file:%s\n"
            "</SSOProvider>" % (www.url, secret))
    peer(www, SECRET, app.url + "/.sso/www/callback")
    httpd.start()
    assert sign_in(alice, app, "www")["attributes"]["user"] == "alice"


# -- the configuration

def wrong(httpd, text, *says):
    httpd.add(text)
    tested = httpd.configtest()
    assert not tested.ok
    for words in says:
        assert words in tested.output, tested.output


@pytest.mark.parametrize("lines, says", [
    ("SSOPeerCallback https://f.example/cb", "SSOPeerSecret is missing: write for example"),
    ("SSOPeerSecret file:%(s)s", "SSOPeerCallback is missing"),
    ("SSOPeerSecret file:%(s)s\nSSOPeerCallback http://f.example/cb", "is not https"),
    ("SSOPeerSecret file:%(s)s\nSSOPeerCallback https://f.example/cb?data=1",
     'has a parameter "data"'),
    ("SSOPeerSecret abc\nSSOPeerCallback https://f.example/cb", "SSOPeerSecret"),
    ("SSOPeerSecret file:%(s)s\nSSOPeerCallback https://f.example/cb\nSSOPeerLogin nobody",
     "no <SSOProvider> of that name"),
    ("SSOPeerSecret file:%(s)s\nSSOPeerCallback https://f.example/cb\nSSOPeerAttribute token x",
     "the protocol itself uses this name"),
    ("SSOPeerSecret file:%(s)s\nSSOPeerCallback https://f.example/cb\nSSOPeerAttribute email {x",
     "is not a source"),
    ("SSOPeerSecret file:%(s)s\nSSOPeerCallback https://f.example/cb\nSSOPeerAttribute a b\n"
     "SSOPeerAttribute a c", "stands there twice"),
    ("SSOHmacEndpoint https://x.example/", "has no setting 'SSOHmacEndpoint'"),
])
def test_a_block_that_cannot_work(httpd, lines, says):
    httpd.host("localhost")
    text = "<SSOPeer forum hmac>\n%s\n</SSOPeer>" % lines
    wrong(httpd, text % {"s": httpd.secret("s", "s" * 40)} if "%(s)s" in text else text, says)


@pytest.mark.parametrize("text, says", [
    ("<SSOPeer forum saml>\n</SSOPeer>", "'saml' is not a protocol of peers; write hmac"),
    ("<SSOPeer forum>\n</SSOPeer>", "write <SSOPeer NAME PROTOCOL>"),
    ("<SSOPeer login hmac>\n</SSOPeer>", "is the name of an address of mod_sso"),
    ("SSOPeerCallback https://x.example/", "belongs inside <SSOPeer NAME PROTOCOL>"),
])
def test_a_line_that_cannot_stand(httpd, text, says):
    httpd.host("localhost")
    wrong(httpd, text, says)


def test_one_secret_for_two_is_refused(httpd, site):
    host = httpd.host("localhost")
    peer(host, SECRET, CALLBACK)
    peer(host, SECRET, CALLBACK, "helpdesk")
    wrong(httpd, "", "its secret is the one of <SSOPeer ", "give each its own")


def test_the_secret_of_a_provider_is_refused(httpd, site):
    host = httpd.host("localhost")
    members(host, site)
    peer(host, site.secret, CALLBACK)
    wrong(httpd, "", "its secret is the one of <SSO", "give each its own")


OIDC = "<SSOProvider %s oidc>\nSSOOidcIssuer %s\nSSOOidcClient %s file:%s\n</SSOProvider>"


def test_the_secret_of_an_openid_client_is_refused(httpd):
    host = httpd.host("localhost", tls=True)
    secret = httpd.secret("op.secret", SECRET)
    peer(host, SECRET, CALLBACK)
    host.add(OIDC % ("op", "https://op.example", "app", secret))
    wrong(httpd, "", "its secret is the one of <SSO", "give each its own")


@pytest.mark.parametrize("issuer, client, is_good", [
    ("https://op.example", "app", True),  # two blocks for one client
    ("https://other.example", "app", False),
    ("https://op.example", "other", False),
])
def test_two_openid_clients_have_two_secrets(httpd, issuer, client, is_good):
    secret = httpd.secret("op.secret", SECRET)
    for name, words in (("one", ("https://op.example", "app")), ("two", (issuer, client))):
        httpd.host(name + ".example.test", tls=True).add(OIDC % (name, *words, secret))
    tested = httpd.configtest()
    assert tested.ok == is_good and ("give each its own" in tested.output) != is_good


def test_two_providers_need_to_be_told_apart(httpd, site, closing):
    host = httpd.host("localhost")
    members(host, site)
    members(host, closing(sites.TokenSite("another-secret-0123456789abcdef-xyz")), "staff")
    peer(host, SECRET, CALLBACK)
    wrong(httpd, "", "two of them may know different people by one name",
          "SSOPeerAttribute user_id {provider}:{subject}")


def test_show(portal):
    httpd = portal.httpd
    httpd.write()
    program = httpd.file("ssoctl-httpd", "#!/bin/sh\nexec %s -d %s \"$@\"\n"
                         % (PROGRAM, httpd.root), 0o755)
    done = subprocess.run([BUILD / "ssoctl", "show", "--httpd", program, "-f",
                           httpd.root / "conf" / "httpd.conf", "forum"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Peer forum (hmac) at %s, defined in" % portal.url)
    assert portal.endpoint in done.stdout and CALLBACK in done.stdout
    assert SECRET not in done.stdout and "(secret)" in done.stdout
    assert re.search(r"email +email +\(needed\)", done.stdout)


# -- the vectors

def load():
    return [x for x in json.loads(VECTORS.read_text()) if x["role"] == "provider"]


@pytest.mark.parametrize("vector", load() if VECTORS.exists() else [], ids=lambda x: x["id"])
def test_vector(httpd, site, alice, vector):
    host = httpd.host("www.example.test", tls=True)
    members(host, site)
    endpoint = peer(host, vector["secret"], CALLBACK)
    httpd.start()
    sign_in(alice, host)
    if vector["expect"] == "accept":
        page = alice.step(endpoint + "?" + vector["wire"])
        assert told(page, vector["secret"])["token"] == vector["result"]
        return
    code, status = re.fullmatch(r"reject (\S+) \((\d+)\)", vector["expect"]).groups()
    httpd.expect_fault(code.split(":")[0])
    if code == "sig_mismatch":
        httpd.expect_log("sso:warn.*peer forum: no usual mistake")
    page = alice.step(endpoint + "?" + vector["wire"])
    assert (page.fault, page.status) == (code, int(status)) and not page.location


def test_the_vectors_are_there():
    assert len(load()) >= 7
