"""Several machines, one cache: who is signed in at one is so at all, and who is out is out."""
import base64
import concurrent.futures
import contextlib
import json
import os
import secrets
import time
import urllib.parse

import pytest

from lib.browser import exchange
from lib.cluster import Balancer, Cluster, Memcached, Redis
from lib.oidc_op import PEOPLE, Op, token
from lib.recipes import is_turned_away, peer, provider, saml, sign_in, user_of
from lib.saml_idp import SamlIdp
from lib.sites import sign
from test_sessions_admin import Ssoctl

KINDS = {"redis": Redis, "memcache": Memcached}
YOUNG, GRACE = 5, 60  # seconds: a copy is not asked about, goes on without an answer
PATIENCE = 30  # seconds: who has no answer by then is held up by the cache
EVENT = "http://schemas.openid.net/event/backchannel-logout"
FORM = [("Content-Type", "application/x-www-form-urlencoded")]


@pytest.fixture
def cache(request, closing):
    return closing(KINDS[getattr(request, "param", "redis")]())


@pytest.fixture
def bare(make_httpd, cache, closing):
    """Two machines without a provider, whose clocks we set."""
    return Cluster(make_httpd, cache, closing(Balancer()), fake_time=True)


@pytest.fixture
def cluster(bare, site):
    bare.members(site)
    bare.start()
    return bare


both = pytest.mark.parametrize("cache", list(KINDS), indirect=True)


def inside(browser, cluster, machine):
    cluster.at(machine)
    page = browser.step(cluster.url + "/app/x.html")
    assert page.text == "inside" or "/authorize" in (page.location or "") \
        or is_turned_away(page), repr(page)
    return page.text == "inside"


def in_doubt(browser, cluster, machine, path="/app/x.html"):
    """Is it told to come again, its cookie untouched?"""
    cluster.at(machine)
    page = browser.step(cluster.url + path)
    assert page.status == 503 and page.fault == "session_store", repr(page)
    assert not page.all_headers("Set-Cookie")
    return True


def complains(*machines):
    for machine in machines:
        machine.httpd.expect_log("SSOSessionStore: (redis|memcache):127.0.0.1.*see whether the cache runs|"
                                 "socache_(redis|memcache):(error|crit)")


# -- one session

@both
def test_a_session_is_known_everywhere(cluster, alice, bob):
    sign_in(alice, cluster)
    assert inside(alice, cluster, cluster.b) and inside(alice, cluster, cluster.a)
    sign_in(bob, cluster)
    for machine in cluster.machines:
        cluster.at(machine)
        assert user_of(alice, cluster) == "alice" and user_of(bob, cluster) == "bob"


@both
def test_a_session_outlives_the_machine_that_made_it(cluster, alice):
    sign_in(alice, cluster)
    cluster.a.httpd.kill_child()
    assert inside(alice, cluster, cluster.a)
    cluster.a.httpd.stop()
    assert inside(alice, cluster, cluster.b)
    for file in cluster.a.httpd.state.iterdir():
        if file.is_file():
            file.unlink()
    cluster.a.httpd.start()
    assert inside(alice, cluster, cluster.a)


def test_a_login_begins_at_one_and_ends_at_the_other(cluster, alice):
    page = alice.step(cluster.url + "/.sso/login?provider=members&return=/app/x.html")
    cluster.at(cluster.b)
    assert alice.open(page.location).text == "inside"
    assert inside(alice, cluster, cluster.a)


@both
def test_who_signs_out_at_one_is_out_at_the_other(cluster, alice, bob):
    for browser in (alice, bob):
        sign_in(browser, cluster)
        assert inside(browser, cluster, cluster.b)
    cookie = [("Cookie", alice.jar.header(cluster.url))]
    cluster.at(cluster.a)
    alice.open(cluster.url + "/.sso/logout")
    assert exchange("GET", cluster.url + "/app/x.html", cookie).text != "inside"
    cluster.at(cluster.b)
    cluster.advance(YOUNG)
    assert is_turned_away(exchange("GET", cluster.url + "/app/x.html", cookie))
    assert inside(bob, cluster, cluster.b)


def test_idle_time_is_that_of_all_machines(bare, site, alice):
    bare.members(site, extra="SSOSessionIdle 2m")
    bare.start()
    sign_in(alice, bare)
    assert inside(alice, bare, bare.b)
    for _ in range(6):
        bare.advance(50)
        assert inside(alice, bare, bare.b)
    assert inside(alice, bare, bare.a)
    bare.advance(130)
    assert not inside(alice, bare, bare.a) and not inside(alice, bare, bare.b)


# -- what providers and sites say

@pytest.mark.parametrize("more", [{}, {"sid": None}, {"sub": None}])
def test_a_back_channel_logout_reaches_all(bare, closing, alice, bob, more):
    op = closing(Op())
    for machine in bare.machines:
        secret = machine.httpd.secret("op.secret", op.secret)
        machine.add("<SSOProvider members oidc>\nSSOOidcIssuer %s\nSSOOidcClient %s file:%s\n</SSOProvider>"
                    % (op.issuer, op.client_id, secret))
    op.redirect_uri = bare.url + "/.sso/members/callback"
    bare.start()
    sign_in(alice, bare)
    op.id_token = lambda c: {**c, "sid": "sid-bob"}
    sign_in(bob, bare)
    now = int(time.time())
    said = {"iss": op.issuer, "aud": op.client_id, "iat": now, "exp": now + 120, "jti": secrets.token_hex(8),
            "events": {EVENT: {}}, "sub": PEOPLE["alice"]["sub"], "sid": "sid-alice", **more}
    text = token(op.key, {k: v for k, v in said.items() if v is not None}, typ="logout+jwt")
    bare.at(bare.b)  # which has never seen the session
    page = exchange("POST", bare.url + "/.sso/members/backchannel", FORM,
                    urllib.parse.urlencode({"logout_token": text}))
    assert page.status == 200
    assert not inside(alice, bare, bare.b)
    bare.advance(YOUNG)
    assert not inside(alice, bare, bare.a) and inside(bob, bare, bare.a)
    op.id_token = lambda c: c
    sign_in(alice, bare)
    bare.advance(YOUNG)
    assert inside(alice, bare, bare.a) and inside(alice, bare, bare.b)


@pytest.fixture
def kept(bare, site, postgres):
    """With accounts, in one database."""
    made = postgres.make()
    for machine in bare.machines:
        machine.httpd.add(made.lines)
        machine.httpd.add("SSOSessionPersist off")
        machine.add("SSOAccounts on")
    bare.members(site, extra="SSOHmacSync on")
    bare.start()
    yield bare
    for machine in bare.machines:
        machine.httpd.stop()
    made.drop()


def sync(cluster, site, **message):
    data = base64.b64encode(json.dumps({"iat": int(time.time()), "jti": secrets.token_hex(8), **message}).encode())
    wire = urllib.parse.urlencode({"data": data.decode(), "sig": sign(site.secret, data.decode())})
    page = exchange("POST", cluster.url + "/.sso/members/sync?" + wire)
    assert page.status == 200, repr(page)


def test_a_ban_at_one_is_a_ban_at_all(kept, site, alice):
    sign_in(alice, kept)
    assert inside(alice, kept, kept.a) and inside(alice, kept, kept.b)
    sync(kept, site, user_id="alice", banned=True)
    assert not inside(alice, kept, kept.b)
    until = time.monotonic() + 20
    while inside(alice, kept, kept.a) and time.monotonic() < until:
        time.sleep(0.1)
    assert not inside(alice, kept, kept.a)


def test_what_changes_while_nobody_looks_is_seen_by_who_looks_next(kept, site, alice):
    sign_in(alice, kept)
    kept.a.httpd.stop()  # and with it goes the only copy
    kept.at(kept.b)
    sync(kept, site, user_id="alice", roles=["guests"])
    assert alice.fetch(kept.url + "/.sso/session").json()["attributes"]["roles"] == "guests"
    kept.b.httpd.restart()
    sync(kept, site, user_id="alice", banned=True)
    assert user_of(alice, kept) is None


# -- a cache that fails

@both
@pytest.mark.parametrize("how", ["kill", "pause"])
def test_without_the_cache_copies_go_on_and_nothing_ends(cluster, alice, bob, make_browser, how):
    sign_in(alice, cluster)
    sign_in(bob, cluster)
    assert inside(alice, cluster, cluster.b)
    getattr(cluster.cache, how)()
    complains(*cluster.machines)
    for machine in cluster.machines:
        machine.httpd.expect_fault("session_store")
    for machine in cluster.machines:
        assert inside(alice, cluster, machine)
    assert in_doubt(bob, cluster, cluster.b)  # who has no copy there
    cluster.advance(GRACE - 10)
    for machine in cluster.machines:
        assert inside(alice, cluster, machine)
    page = make_browser("bob").open(cluster.url + "/app/x.html")
    assert (page.status, page.fault) == (503, "session_store")
    cluster.advance(10)
    for machine in cluster.machines:
        assert in_doubt(alice, cluster, machine)
    assert in_doubt(alice, cluster, cluster.a, "/.sso/logout")
    if how == "kill":
        cluster.cache.start()
    else:
        cluster.cache.go_on()
    cluster.advance(10)  # the provider tries a server that it found dead again after 5 s
    for machine in cluster.machines:
        assert inside(alice, cluster, machine) == (how == "pause")  # a cache that died has lost all
        assert inside(bob, cluster, machine) == (how == "pause")


@pytest.mark.parametrize("mode", ["optional", "passive"])
def test_nobody_is_less_than_they_are_while_the_cache_is_away(bare, site, closing, alice, mode):
    """Where strangers may come in, who may be signed in is not taken for one."""
    idp = closing(SamlIdp())
    for machine in bare.machines:
        machine.add('<Location "/open">\nSSO corp\nSSOMode %s\nRequire all granted\n</Location>' % mode)
        saml(machine, idp)
        machine.page("/open/x.html", "open")
    bare.members(site)
    bare.start()
    sign_in(alice, bare, "corp")
    bare.cache.kill()
    complains(bare.b)
    bare.b.httpd.expect_fault("session_store")
    assert in_doubt(alice, bare, bare.b, "/open/x.html")
    assert exchange("GET", bare.url + "/open/x.html").text == "open"
    bare.at(bare.a)
    assert alice.step(bare.url + "/open/x.html").text == "open"  # there is a copy here


def test_who_waits_for_a_form_is_not_taken_for_a_stranger(cluster, alice):
    sign_in(alice, cluster)
    cluster.cache.kill()
    complains(cluster.b)
    cluster.b.httpd.expect_fault("session_store")
    alice.jar.put(cluster.url, "__Host-sso-kept-" + "0" * 16, base64.urlsafe_b64encode(bytes(40)).decode().rstrip("="))
    assert in_doubt(alice, cluster, cluster.b, "/.sso/kept?id=" + "0" * 16)


@pytest.mark.parametrize("cache", ["memcache"], indirect=True)  # whose provider waits without end
def test_many_requests_while_the_cache_hangs(cluster, alice):
    """No child is used up: more at once than there are threads, and then one that needs no cache."""
    cluster.a.page("/free.html", "free")
    cluster.at(cluster.b)
    sign_in(alice, cluster)
    cookie = [("Cookie", alice.jar.header(cluster.url))]
    cluster.at(cluster.a)
    assert exchange("GET", cluster.url + "/free.html").text == "free"
    cluster.cache.pause()
    complains(cluster.a)
    cluster.a.httpd.expect_fault("session_store")
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        try:
            asked = [pool.submit(exchange, "GET", cluster.url + "/app/x.html", cookie) for _ in range(40)]
            free = pool.submit(exchange, "GET", cluster.url + "/free.html")
            _, late = concurrent.futures.wait([*asked, free], timeout=PATIENCE)
        finally:
            cluster.cache.go_on()
    assert not late and free.result().text == "free"
    assert {(x.result().status, x.result().fault) for x in asked} == {(503, "session_store")}


def test_a_logout_that_cannot_be_told_is_not_done(cluster, alice):
    sign_in(alice, cluster)
    cluster.cache.pause()
    complains(cluster.a)
    cluster.a.httpd.expect_fault("session_store")
    page = alice.open(cluster.url + "/.sso/logout")
    assert (page.status, page.fault) == (503, "session_store")
    cluster.cache.go_on()
    cluster.advance(10)
    alice.open(cluster.url + "/.sso/logout")
    for machine in cluster.machines:
        assert not inside(alice, cluster, machine)


def test_without_an_answer_no_peer_hears_that_nobody_is_there(bare, site, alice):
    bare.members(site)
    for machine in bare.machines:
        peer(machine, "a-secret-of-the-peer-0123456789abcdef", "https://forum.example.test/cb",
             name="portal", dialect="discourse")
    bare.start()
    sign_in(alice, bare)
    data = base64.b64encode(b"nonce=0123456789abcdef0123456789abcdef&prompt=none&return_sso_url="
                            b"https%3A%2F%2Fforum.example.test%2Fcb").decode()
    ask = "/.sso/peer/portal?" + urllib.parse.urlencode(
        {"sso": data, "sig": sign("a-secret-of-the-peer-0123456789abcdef", data)})
    bare.at(bare.b)
    assert alice.step(bare.url + ask).location.startswith("https://forum.example.test/cb")
    bare.cache.pause()
    complains(bare.b)
    bare.b.httpd.expect_fault("session_store")
    bare.advance(GRACE)
    assert in_doubt(alice, bare, bare.b, ask)
    bare.cache.go_on()


def test_an_end_by_the_administrator_that_cannot_be_told_can_be_repeated(cluster, alice, bob):
    ssoctl = Ssoctl(cluster.a.httpd)
    for browser in (alice, bob):
        cluster.at(cluster.a)
        sign_in(browser, cluster)
        assert inside(browser, cluster, cluster.b)
    cluster.cache.pause()
    complains(cluster.a)
    cluster.a.httpd.expect_fault("session_store")
    done = ssoctl.run("end", "--all")
    assert (done.returncode, done.stdout) == (1, "") and "did not answer" in done.stderr
    assert "0 sessions have ended, the others perhaps not" in done.stderr
    for browser in (alice, bob):
        assert in_doubt(browser, cluster, cluster.a)
    cluster.cache.go_on()
    cluster.advance(10)
    left = [x for x in (alice, bob) if inside(x, cluster, cluster.a)]
    assert left  # of one the cache may have heard after all
    assert ssoctl.end("--all") == len(left)
    cluster.advance(YOUNG)
    for machine in cluster.machines:
        assert not inside(alice, cluster, machine) and not inside(bob, cluster, machine)


@both
def test_a_logout_in_the_last_second(bare, site, alice):
    """Caches take nothing that ends at once."""
    bare.members(site, extra="SSOSessionLifetime 1m")
    bare.start()
    sign_in(alice, bare)
    bare.advance(59)
    page = alice.open(bare.url + "/.sso/logout")
    assert page.status == 200, repr(page)


# -- its administrator

def test_what_the_administrator_of_one_machine_sees(cluster, alice):
    """... also if it has ended at another, until somebody comes with it."""
    ssoctl = Ssoctl(cluster.b.httpd)
    sign_in(alice, cluster)
    assert inside(alice, cluster, cluster.b)
    cookie = [("Cookie", alice.jar.header(cluster.url))]
    cluster.at(cluster.a)
    alice.open(cluster.url + "/.sso/logout")
    cluster.advance(YOUNG)
    assert len(ssoctl.list()) == 1 and Ssoctl(cluster.a.httpd).list() == []
    cluster.at(cluster.b)
    assert is_turned_away(exchange("GET", cluster.url + "/app/x.html", cookie))
    assert ssoctl.list() == []


def test_what_the_administrator_of_one_machine_ends(cluster, alice, bob):
    """... has ended at all of them; what that machine has never seen is not among it."""
    ssoctl = Ssoctl(cluster.b.httpd)
    sign_in(alice, cluster)
    sign_in(bob, cluster)
    assert ssoctl.list() == [] and ssoctl.end("--all") == 0
    assert inside(alice, cluster, cluster.b)
    assert [x["user"] for x in ssoctl.list()] == ["alice"] and ssoctl.end("--all") == 1
    assert inside(bob, cluster, cluster.a)
    cluster.advance(YOUNG)
    for machine in cluster.machines:
        assert not inside(alice, cluster, machine) and inside(bob, cluster, machine)


# -- a cache that lies

def test_what_lies_in_the_cache_is_sealed_for_its_place(cluster, alice, bob):
    sign_in(alice, cluster)
    sign_in(bob, cluster)
    cluster.b.httpd.expect_log("a session in the cache was not sealed for its place")
    cluster.a.httpd.expect_log("a session in the cache was not sealed for its place")
    cache, (one, other) = cluster.cache, cluster.cache.sessions()
    values = [cache.ask("GET", x) for x in (one, other)]
    assert not any(b"alice" in x or b"bob" in x for x in values)
    cache.write(one, values[1])
    cache.write(other, values[0])
    assert not inside(alice, cluster, cluster.b) and not inside(bob, cluster, cluster.b)
    cache.write(one, values[0])
    cache.write(other, values[1][:100] + bytes([values[1][100] ^ 1]) + values[1][101:])
    cluster.advance(GRACE)  # what was not there is asked about again
    assert sorted([inside(alice, cluster, cluster.b), inside(bob, cluster, cluster.b)]) == [False, True]
    assert sorted([inside(alice, cluster, cluster.a), inside(bob, cluster, cluster.a)]) == [False, True]


def test_an_older_value_does_not_bring_back_what_has_ended(cluster, alice):
    sign_in(alice, cluster)
    cache, (key,) = cluster.cache, cluster.cache.sessions()
    value, cookie = cache.ask("GET", key), [("Cookie", alice.jar.header(cluster.url))]
    alice.open(cluster.url + "/.sso/logout")
    cache.ask("SET", key, value)
    for machine in cluster.machines:
        cluster.at(machine)
        assert is_turned_away(exchange("GET", cluster.url + "/app/x.html", cookie))


def test_invented_cookies_are_asked_about_nowhere(cluster, alice):
    sign_in(alice, cluster)
    assert "__Host-sso=" in alice.jar.header(cluster.url)
    before = cluster.cache.questions()
    for _ in range(50):
        value = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
        page = exchange("GET", cluster.url + "/app/x.html", [("Cookie", "__Host-sso=" + value)])
        assert is_turned_away(page)
    assert cluster.cache.questions() == before


def test_a_cookie_of_ours_that_has_ended_is_asked_about_once(cluster, alice):
    sign_in(alice, cluster)
    cookie = [("Cookie", alice.jar.header(cluster.url))]
    alice.open(cluster.url + "/.sso/logout")
    exchange("GET", cluster.url + "/app/x.html", cookie)
    before = cluster.cache.questions()
    for _ in range(20):
        assert is_turned_away(exchange("GET", cluster.url + "/app/x.html", cookie))
    assert cluster.cache.questions() == before


def test_young_copies_ask_nobody(cluster, alice):
    sign_in(alice, cluster)
    before = cluster.cache.questions()
    for _ in range(20):
        assert inside(alice, cluster, cluster.a)
    assert cluster.cache.questions() == before


# -- configuration

def test_the_status_page_counts(bare, site, alice, bob):
    for machine in bare.machines:
        machine.add('<Location "/sso-status">\nSetHandler sso-status\n</Location>')
    bare.members(site)
    bare.start()
    sign_in(alice, bare)
    assert inside(alice, bare, bare.b)
    text = exchange("GET", bare.url + "/sso-status?auto").text
    assert "SSOSharedHits: 1\nSSOSharedMisses: 0\nSSOSharedErrors: 0\n" in text


@pytest.mark.parametrize("line, says", [
    ("SSOSessionStore socache", "redis:HOST:PORT"),
    ("SSOSessionStore disk", "write shm"),
    ("SSOSessionStore shm x", "stands alone"),
    ("SSOSessionStore socache redis", "lacks the server"),
    ("SSOSessionStore socache redis:127.0.0.1:99999", "write redis:HOST:PORT"),
    ("SSOSessionStore socache redis:127.0.0.1:http", "write redis:HOST:PORT"),
    ("SSOSessionStore socache redis:6379", "write redis:HOST:PORT"),
    ("SSOSessionStore socache redis:a:1,b:2", "takes one server"),
    ("SSOSessionStore socache memcache:localhost:1", "LoadModule socache_memcache_module"),
    ("SSOSessionStore socache shmcb:x(64000)", "of this machine alone"),
])
def test_what_configtest_refuses(httpd, site, line, says):
    host = httpd.host("app.example.test", tls=True)
    httpd.need("socache_redis", "socache_shmcb")
    httpd.add("SSOSecret file:%s" % httpd.secret("s", "x" * 32))
    host.add(provider(httpd, site))
    httpd.add(line)
    checked = httpd.configtest()
    assert not checked.ok and says in checked.output and "SSOSessionStore" in checked.output


def test_machines_need_a_secret_in_common(httpd, site):
    httpd.need("socache_redis")
    httpd.host("app.example.test", tls=True).add(provider(httpd, site))
    httpd.add("SSOSessionStore socache redis:127.0.0.1:1")
    checked = httpd.configtest()
    assert not checked.ok and "one SSOSecret" in checked.output


def test_machines_need_one_account_database(httpd, site):
    httpd.need("socache_redis")
    httpd.add("SSOSecret file:%s" % httpd.secret("s", "x" * 32))
    httpd.host("app.example.test", tls=True).add("SSOAccounts on\n" + provider(httpd, site))
    httpd.add("SSOSessionStore socache redis:127.0.0.1:1")
    checked = httpd.configtest()
    assert not checked.ok and "SSOAccountDatabase pgsql" in checked.output


def test_two_machines_do_not_renew(httpd, closing):
    op = closing(Op())
    httpd.need("socache_redis")
    httpd.add("SSOSecret file:%s" % httpd.secret("s", "x" * 32))
    httpd.host("app.example.test", tls=True).add(
        "<SSOProvider op oidc>\nSSOOidcIssuer %s\nSSOOidcClient %s file:%s\nSSOOidcRefresh 10m\n</SSOProvider>"
        % (op.issuer, op.client_id, httpd.secret("op.secret", op.secret)))
    httpd.add("SSOSessionStore socache redis:127.0.0.1:1")
    checked = httpd.configtest()
    assert not checked.ok and "SSOOidcRefresh" in checked.output
