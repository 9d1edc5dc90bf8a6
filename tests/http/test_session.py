"""Sessions: how long they live, what ends them, and what is not one."""
import concurrent.futures
import os
import re
import time

import pytest

from lib.browser import exchange
from lib.recipes import is_login, is_turned_away, members, protect, sign_in, user_of


@pytest.fixture
def page(app):
    protect(app)
    app.page("/app/x.html", "inside")
    return app.url + "/app/x.html"


# -- life of the server

@pytest.mark.parametrize("change", ["graceful", "hup", "restart"])
def test_sessions_outlive(app, page, alice, bob, change):
    app.httpd.start()
    sign_in(alice, app)
    for _ in range(3):
        getattr(app.httpd, change)()
        assert alice.step(page).text == "inside"
    sign_in(bob, app)
    getattr(app.httpd, change)()
    assert user_of(alice, app) == "alice" and user_of(bob, app) == "bob"


def test_sessions_outlive_a_restart_as_a_service(make_httpd, site, alice):
    httpd = make_httpd(daemon=True)
    host = httpd.host("app.example.test", tls=True)
    members(host, site)
    httpd.start()
    sign_in(alice, host)
    httpd.graceful()
    assert user_of(alice, host) == "alice"
    httpd.restart()
    assert user_of(alice, host) == "alice"


def test_a_session_is_known_to_every_child_and_outlives_one(app, page, alice):
    app.httpd.start()
    sign_in(alice, app)
    for _ in range(3):
        app.httpd.kill_child()
        time.sleep(0.05)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            cookie = [("Cookie", alice.jar.header(app.url))]
            pages = list(pool.map(lambda _: exchange("GET", page, cookie), range(24)))
        assert {x.text for x in pages} == {"inside"}


def test_sessions_are_forgotten_at_a_restart_if_told_so(app, page, alice):
    app.httpd.add("SSOSessionPersist off")
    app.httpd.start()
    sign_in(alice, app)
    app.httpd.graceful()
    assert user_of(alice, app) == "alice"
    app.httpd.restart()
    assert user_of(alice, app) is None


def test_a_flow_outlives_a_restart(app, site, alice):
    app.httpd.start()
    first = alice.step(app.url + "/.sso/login?provider=members&return=/.sso/session")
    app.httpd.restart()
    assert alice.open(first.location).json()["attributes"]["user"] == "alice"


def test_a_new_sealing_secret_keeps_the_old_flows_while_it_is_listed(app, alice, bob):
    old = app.httpd.secret("seal.old", "0" * 64)
    new = app.httpd.secret("seal.new", "1" * 64)
    app.httpd.add("SSOSecret file:%s" % old)
    app.httpd.start()
    begun = [x.step(app.url + "/.sso/login?provider=members&return=/.sso/session").location
             for x in (alice, bob)]
    app.httpd._lines[-1] = "SSOSecret file:%s file:%s" % (new, old)
    app.httpd.restart()
    assert alice.open(begun[0]).path == "/.sso/session"
    app.httpd._lines[-1] = "SSOSecret file:%s" % new
    app.httpd.restart()
    app.httpd.expect_log("SSO: state_(invalid|missing): ")
    assert bob.open(begun[1]).fault in ("state_invalid", "state_missing")


def test_the_snapshot_holds_nothing_readable(app, alice):
    app.httpd.start()
    sign_in(alice, app)
    cookie = alice.jar.find(app.url, "__Host-sso")[0].value.partition(".")[0]
    app.httpd.stop()
    for path in app.httpd.state.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert b"alice@example.org" not in data and cookie.encode() not in data, path
    app.httpd.start()


def test_a_damaged_snapshot_is_not_believed(app, alice):
    app.httpd.start()
    sign_in(alice, app)
    app.httpd.stop()
    snapshots = [x for x in app.httpd.state.rglob("*") if "sess" in x.name and x.is_file()]
    assert snapshots
    for path in snapshots:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    app.httpd.log.expect("sso:(warn|error)|resuming")
    app.httpd.start()
    assert user_of(alice, app) is None


# -- time

@pytest.fixture
def clock(make_httpd, site):
    """A host whose httpd believes what we say about the time."""
    httpd = make_httpd(fake_time=True)
    host = httpd.host("app.example.test", tls=True)
    members(host, site, extra="SSOSessionLifetime 10m\nSSOSessionIdle 2m")
    httpd.start()
    return host


def test_a_session_idles_out(clock, alice):
    sign_in(alice, clock)
    clock.httpd.advance(100)
    assert user_of(alice, clock) == "alice"
    clock.httpd.advance(100)
    assert user_of(alice, clock) == "alice"  # the last request counts, not the login
    clock.httpd.advance(130)
    assert user_of(alice, clock) is None


def test_a_session_ends_after_its_lifetime(clock, alice):
    sign_in(alice, clock)
    for _ in range(6):
        clock.httpd.advance(95)
        assert user_of(alice, clock) == "alice"
    clock.httpd.advance(95)
    assert user_of(alice, clock) is None


def test_a_restart_does_not_prolong(clock, alice):
    sign_in(alice, clock)
    clock.httpd.advance(130)
    clock.httpd.restart()
    assert user_of(alice, clock) is None


def test_an_answer_must_come_in_time(clock, alice):
    first = alice.step(clock.url + "/.sso/login?provider=members&return=/.sso/session")
    clock.httpd.advance(901)
    clock.httpd.expect_log("SSO: (token|state)_expired: ")
    assert alice.open(first.location).fault in ("token_expired", "state_expired")


def test_a_clock_set_back_ends_no_session_and_keeps_none_for_ever(clock, alice):
    sign_in(alice, clock)
    clock.httpd.advance(-3600)
    assert user_of(alice, clock) == "alice"
    clock.httpd.advance(3600 + 601)
    assert user_of(alice, clock) is None


# -- ending it

def test_logout_from_a_page_of_the_site(app, page, alice):
    app.httpd.start()
    sign_in(alice, app)
    cookie = [("Cookie", alice.jar.header(app.url))]
    answer = alice.post(app.url + "/.sso/logout", "", initiator=page)
    assert answer.status == 200 and "signed out" in answer.text
    assert alice.jar.find(app.url, "__Host-sso") == [] or \
        all("-" in x.name[len("__Host-sso"):] for x in alice.jar.find(app.url, "__Host-sso"))
    assert is_turned_away(exchange("GET", page, cookie))  # the value is worth nothing any more


def test_logout_by_address_bar_and_link(app, page, alice, make_browser):
    app.httpd.start()
    sign_in(alice, app)
    assert "signed out" in alice.open(app.url + "/.sso/logout").text
    assert user_of(alice, app) is None
    sign_in(alice, app)
    inside = alice.open(page)
    assert "signed out" in alice.follow(inside, app.url + "/.sso/logout").text
    assert user_of(alice, app) is None


def test_another_site_cannot_log_people_out(app, site, alice):
    app.httpd.start()
    sign_in(alice, app)
    evil = alice.open(site.url + "/sso?token=x&sig=" + "0" * 64)
    asked = alice.follow(evil, app.url + "/.sso/logout")
    assert user_of(alice, app) == "alice" and asked.form() is not None
    alice.post(app.url + "/.sso/logout", "", initiator=evil.url)
    assert user_of(alice, app) == "alice"
    image = alice.fetch(app.url + "/.sso/logout", page=evil.url,
                        headers=[("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")])
    assert user_of(alice, app) == "alice" and image.status in (200, 403)
    # The page that asks does what it says.
    assert "signed out" in alice.submit(asked.forms()[0]).text
    assert user_of(alice, app) is None


def test_a_cross_site_post_with_the_cookie_is_refused(app, alice):
    """For browsers that know no SameSite."""
    app.httpd.start()
    sign_in(alice, app)
    cookie = ("Cookie", alice.jar.header(app.url))
    app.httpd.expect_fault("csrf")
    for sign in (("Origin", "https://evil.test"), ("Sec-Fetch-Site", "cross-site"),
                 ("Sec-Fetch-Site", "same-site"), ("Referer", "https://evil.test/x"),
                 ("Origin", "null"), ("Origin", app.url + ".evil.test")):
        answer = exchange("POST", app.url + "/.sso/logout", [cookie, sign], "")
        assert answer.status == 403 and answer.fault == "csrf", sign
    assert exchange("POST", app.url + "/.sso/logout", [cookie], "").status == 403
    assert user_of(alice, app) == "alice"


@pytest.mark.parametrize("back, where", [
    ("/bye", "/bye"), ("/bye?x=1", "/bye?x=1"), ("https://evil.test/", None), ("//evil.test", None),
    ("/%5cevil.test", None), ("/\\evil.test", None), ("bye", None), ("javascript:alert(1)", None),
])
def test_where_a_logout_leads(app, alice, back, where):
    app.httpd.start()
    sign_in(alice, app)
    answer = alice.step(app.url + "/.sso/logout?return=" + back)
    if where:
        assert answer.status == 303 and answer.location == app.url + where
    else:
        assert answer.status == 200 and answer.location is None
    assert user_of(alice, app) is None


@pytest.mark.parametrize("back", ["https://evil.test/", "//evil.test", "/\\evil.test", "\\/evil.test",
                                  "/%09/evil.test", "http:evil.test", "/%0d%0aSet-Cookie:a=b",
                                  "evil.test", "", "/" + "x" * 2000])
def test_a_login_leads_to_this_site_only(app, alice, back):
    app.httpd.start()
    app.page("/index.html", "the site")
    last = alice.open(app.url + "/.sso/login?provider=members&return=" + back)
    assert last.url.startswith(app.url + "/"), last.url
    assert "evil.test" not in last.url.split("/")[2]
    assert not any(x.all_headers("a") for x in last.trace)


# -- one's own session

def test_session_json(app, alice, browser):
    app.httpd.start()
    seen = sign_in(alice, app)
    assert seen["attributes"] == {"user": "alice", "provider": "members", "name": "Alice Ärmel",
                                  "email": "alice@example.org", "roles": "staff,admins"}
    assert re.fullmatch("[0-9a-f]{16}", seen["session"])
    assert seen["issuer"] and seen["idle_seconds"] == 3600
    now = time.strftime("%Y-%m-%dT%H:", time.gmtime())
    assert seen["created"].startswith(now) and seen["created"] < seen["expires"]
    text = alice.fetch(app.url + "/.sso/session").text
    assert alice.jar.get(app.url, "__Host-sso").value.partition(".")[0] not in text
    stranger = browser.fetch(app.url + "/.sso/session")
    assert stranger.status == 401 and stranger.json()["error"] == "login_required"


def test_the_session_is_not_shown_to_other_origins(app, alice):
    app.httpd.start()
    sign_in(alice, app)
    page = alice.fetch(app.url + "/.sso/session", headers=[("Origin", "https://evil.test")])
    assert page.header("Access-Control-Allow-Origin") is None
    assert page.header("X-Content-Type-Options") == "nosniff"


def test_the_cookie(app, alice):
    app.httpd.start()
    sign_in(alice, app)
    cookie = alice.jar.get(app.url, "__Host-sso")
    assert cookie.httponly and cookie.secure and cookie.path == "/" and not cookie.domain
    assert cookie.samesite == "lax" and cookie.expires is None
    secret, _, mark = cookie.value.partition(".")
    assert len(secret) == 43 and 0 < len(mark) < 128


def test_the_cookie_may_be_shaped(app, alice):
    app.add("SSOCookie name=mine domain=example.test path=/app samesite=strict")
    protect(app)
    app.page("/app/x.html", "inside")
    app.httpd.start()
    last = alice.open(app.url + "/.sso/login?provider=members&return=/app/x.html")
    assert last.text == "inside", repr(last)
    cookie = alice.jar.get(app.url + "/app/", "mine")
    assert (cookie.domain, cookie.path, cookie.samesite) == ("example.test", "/app", "strict")
    assert cookie.secure and cookie.httponly
    assert alice.step(app.url + "/app/x.html").text == "inside"


# -- what is no session

def variants(value):
    yield "empty", ""
    yield "one character", "A"
    yield "cut", value[:-1]
    yield "longer", value + "A"
    yield "other case", value.swapcase()
    yield "last character changed", value[:-1] + ("A" if value[-1] != "A" else "B")
    yield "zeros", "A" * 43
    yield "not base64url", "+/" + value[2:]
    yield "quoted", '"%s"' % value
    yield "very long", "A" * 8000
    yield "spaces", value[:20] + " " + value[20:]
    yield "percent", value[:-1] + "%" + "%02x" % ord(value[-1])


def test_forged_cookies(app, page, alice):
    app.httpd.start()
    sign_in(alice, app)
    value = alice.jar.get(app.url, "__Host-sso").value.partition(".")[0]
    url = page
    assert exchange("GET", url, [("Cookie", "__Host-sso=" + value)]).text == "inside"
    for what, forged in variants(value):
        answer = exchange("GET", url, [("Cookie", "__Host-sso=" + forged)])
        assert answer.status == 400 or is_turned_away(answer), what
    for name in ("__host-sso", "sso", "__Host-sso ", "__Host-sso-", "x__Host-sso", "__Secure-sso"):
        assert is_turned_away(exchange("GET", url, [("Cookie", "%s=%s" % (name, value))])), name


def test_two_cookies_of_our_name(app, page, alice):
    """What a sister domain may toss in beside ours neither opens nor locks the door for long."""
    app.httpd.start()
    sign_in(alice, app)
    value = alice.jar.get(app.url, "__Host-sso").value.partition(".")[0]
    answer = exchange("GET", page, [("Cookie", "__Host-sso=%s; __Host-sso=%s" % (value, "A" * 43))])
    assert answer.text == "inside" or is_turned_away(answer)


def test_a_login_replaces_the_session(app, page, make_browser):
    app.httpd.start()
    browser = make_browser("alice")
    sign_in(browser, app)
    first = browser.jar.get(app.url, "__Host-sso").value
    sign_in(browser, app)
    second = browser.jar.get(app.url, "__Host-sso").value
    assert first != second
    assert is_turned_away(exchange("GET", page, [("Cookie", "__Host-sso=" + first)]))


def test_a_planted_cookie_does_not_become_a_session(app, page, alice):
    app.httpd.start()
    alice.jar.put(app.url, "__Host-sso", "B" * 43)
    sign_in(alice, app)
    assert alice.jar.get(app.url, "__Host-sso").value != "B" * 43
    assert is_turned_away(exchange("GET", page, [("Cookie", "__Host-sso=" + "B" * 43)]))


def test_logins_that_start_over_are_stopped(app, page, browser):
    app.httpd.start()
    app.httpd.expect_fault("loop")
    seen = [browser.step(page) for _ in range(7)]
    assert is_login(seen[0]) and seen[-1].fault == "loop" and seen[-1].status == 403
    assert seen[-1].header("Set-Cookie") is None


def test_many_sessions_at_once(app, page, make_browser, site):
    app.httpd.start()

    def one(i):
        browser = make_browser("alice" if i % 2 else "bob")
        user = sign_in(browser, app)["attributes"]["user"]
        return user == user_of(browser, app) == browser.user

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert all(pool.map(one, range(30)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to give up")
def test_children_run_without_privileges(app, alice):
    app.httpd.start()
    sign_in(alice, app)
    until = time.monotonic() + 5
    while time.monotonic() < until:  # a child that has just been forked is still about to
        owners = {os.stat("/proc/%d" % x).st_uid for x in app.httpd.children()}
        if 0 not in owners:
            return
        time.sleep(0.05)
    pytest.fail("children of user %s" % owners)
