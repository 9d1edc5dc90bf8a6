"""Logins by signed token, against a site and against every vector of the consumer's role."""
import json
import pathlib
import re
import subprocess
import time
import urllib.parse

import pytest

from lib.browser import exchange
from lib.httpd import BUILD
from lib.recipes import is_login, protect, sign_in, user_of
from lib.sites import sign

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors" / "hmac" / "instaforum.json"
SSOCTL = BUILD / "ssoctl"


# -- with the site

def test_a_whole_login(app, site, alice):
    protect(app)
    app.page("/app/x.html", "inside")
    app.httpd.start()
    page = alice.open(app.url + "/app/x.html?a=b")
    start, form, posted, answered, back, last = page.trace
    assert start.status == 302 and start.location.startswith(site.endpoint + "?token=")
    assert [form.status, posted.status, answered.status, back.status] == [200, 302, 302, 303]
    assert answered.location.startswith(app.url + "/.sso/members/callback?data=")
    assert back.location == app.url + "/app/x.html?a=b" and last.text == "inside"
    for hop in (start, back):
        assert hop.header("Cache-Control") == "no-store"
        assert hop.header("Referrer-Policy") == "no-referrer"


def test_the_request(app, site, browser):
    app.httpd.start()
    page = browser.step(app.url + "/.sso/login?provider=members&return=/x")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.location).query)
    assert set(query) == {"token", "sig"}
    token = query["token"][0]
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert query["sig"] == [sign(site.secret, token)]
    flow = browser.jar.find(app.url, "__Host-sso-")
    flow = [x for x in flow if re.fullmatch("__Host-sso-[0-9a-f]{8}", x.name)]
    assert len(flow) == 1 and flow[0].secure and flow[0].httponly
    assert flow[0].samesite == "lax" and token not in flow[0].value
    again = browser.step(app.url + "/.sso/login?provider=members&return=/x")
    assert token not in again.location


def test_an_endpoint_with_a_query_of_its_own(httpd, site, browser):
    host = httpd.host("app.example.test", tls=True)
    secret = httpd.secret("x.secret", site.secret)
    host.add("<SSOProvider members hmac>\nSSOHmacEndpoint %s?lang=en\nSSOHmacSecret file:%s\n"
             "</SSOProvider>" % (site.endpoint, secret))
    httpd.start()
    page = browser.step(host.url + "/.sso/login?provider=members")
    assert page.location.startswith(site.endpoint + "?lang=en&token=")


def test_other_parameter_names(httpd, site, alice):
    from lib.recipes import members
    host = httpd.host("app.example.test", tls=True)
    members(host, site, extra="SSOHmacParams t s d")
    site.names = ("t", "s", "d")
    httpd.start()
    assert sign_in(alice, host)["attributes"]["user"] == "alice"


def test_a_wrong_password_stays_at_the_site(app, site, make_browser):
    protect(app)
    app.httpd.start()
    browser = make_browser("alice", "wrong")
    page = browser.open(app.url + "/app/x")
    assert page.url.startswith(site.url) and "Wrong name or password" in page.text
    assert user_of(browser, app) is None


def test_a_second_login_needs_no_password(app, site, alice, make_browser):
    app.httpd.start()
    sign_in(alice, app)
    alice.open(app.url + "/.sso/logout")
    assert len([x for x in alice.open(app.url + "/.sso/login?provider=members&return=/.sso/session")
                .trace if x.status == 200]) == 1


def test_reload_of_the_answer(app, site, alice):
    app.page("/x.html", "the page")
    app.httpd.start()
    page = alice.open(app.url + "/.sso/login?provider=members&return=/x.html")
    answer = page.trace[-2].url
    before = alice.jar.get(app.url, "__Host-sso").value
    again = alice.open(answer)
    assert again.text == "the page"
    assert alice.jar.get(app.url, "__Host-sso").value == before


def test_the_answer_is_worth_nothing_in_another_browser(app, site, alice, bob):
    app.httpd.start()
    page = alice.open(app.url + "/.sso/login?provider=members&return=/.sso/session")
    app.httpd.expect_fault("state_missing")
    stolen = bob.step(page.trace[-2].url)
    assert stolen.status == 403 and stolen.fault == "state_missing"
    assert user_of(bob, app) is None


def test_an_answer_for_somebody_else_is_not_planted(app, site, alice, bob):
    """Login CSRF: bob's unspent answer, brought to alice's browser by a link."""
    app.httpd.start()
    first = bob.step(app.url + "/.sso/login?provider=members&return=/")
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(first.location).query)["token"][0]
    alice.step(app.url + "/.sso/login?provider=members&return=/")  # she has a flow of her own
    app.httpd.expect_fault("token_mismatch")
    page = alice.step(site.answer_url(token, "bob"))
    assert page.status == 403 and page.fault == "token_mismatch"
    assert user_of(alice, app) is None


def test_two_logins_in_two_tabs(app, site, alice):
    app.httpd.start()
    tabs = [alice.step(app.url + "/.sso/login?provider=members&return=/.sso/session?tab=%d" % i)
            for i in range(4)]
    for i in (2, 0, 3, 1):
        page = alice.open(tabs[i].location)
        assert page.url.endswith("tab=%d" % i) and page.json()["attributes"]["user"] == "alice"


def test_a_token_is_spent_once_even_in_parallel(app, site, alice):
    import concurrent.futures
    app.httpd.start()
    first = alice.step(app.url + "/.sso/login?provider=members&return=/.sso/session")
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(first.location).query)["token"][0]
    url = site.answer_url(token, "alice")
    cookie = [("Cookie", alice.jar.header(app.url)), ("Accept", "text/html")]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        pages = list(pool.map(lambda _: exchange("GET", url, cookie), range(12)))
    app.httpd.expect_fault("token_used")
    made = [x for x in pages if any("__Host-sso=" in c for c in x.all_headers("Set-Cookie"))]
    assert len(made) == 1 and made[0].status == 303
    assert {x.fault for x in pages if x is not made[0]} == {"token_used"}


def test_a_token_is_spent_over_a_restart(app, site, alice):
    app.httpd.start()
    first = alice.step(app.url + "/.sso/login?provider=members&return=/.sso/session")
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(first.location).query)["token"][0]
    cookie = [("Cookie", alice.jar.header(app.url)), ("Accept", "text/html")]
    url = site.answer_url(token, "alice")
    assert exchange("GET", url, cookie).status == 303
    app.httpd.expect_fault("token_used")
    for change in (app.httpd.graceful, app.httpd.restart):
        change()
        assert exchange("GET", url, cookie).fault == "token_used"


def test_a_ban_ends_every_session_and_lasts(app, site, make_browser):
    app.httpd.start()
    one, two, third = (make_browser("bob") for _ in range(3))
    sign_in(one, app)
    sign_in(two, app)
    site.fields = lambda fields: {**fields, "banned": True}
    app.httpd.expect_fault("banned")
    page = third.open(app.url + "/.sso/login?provider=members&return=/")
    assert page.status == 403 and page.fault == "banned"
    assert "revoked" in page.text
    assert user_of(one, app) is None and user_of(two, app) is None
    site.fields = lambda fields: {**fields, "banned": False}
    app.httpd.restart()
    page = third.open(app.url + "/.sso/login?provider=members&return=/")
    assert page.status == 403 and page.fault == "banned"


def test_the_domain_a_provider_may_assert(httpd, site, alice, bob):
    from lib.recipes import members
    host = httpd.host("app.example.test", tls=True)
    members(host, site, extra="SSODomains example.org")
    httpd.start()
    sign_in(alice, host)
    site.fields = lambda fields: {**fields, "email": "bob@example.org.evil.test"}
    httpd.expect_fault("domain")
    assert bob.open(host.url + "/.sso/login?provider=members").fault == "domain"


def test_who_becomes_the_user(httpd, site, alice):
    from lib.recipes import members
    host = httpd.host("app.example.test", tls=True)
    members(host, site, extra="SSOUserAttribute email domain=strip case=lower\n"
                              "SSOAttribute groups roles")
    site.fields = lambda fields: {**fields, "email": "Al.ICE@Example.org"}
    httpd.start()
    attributes = sign_in(alice, host)["attributes"]
    assert attributes["user"] == "al.ice" and attributes["groups"] == "staff,admins"


@pytest.mark.parametrize("active", ["off", "test"])
def test_an_inactive_provider(httpd, site, browser, active):
    from lib.recipes import members
    host = httpd.host("app.example.test", tls=True)
    members(host, site, extra="SSOActive " + active)
    httpd.start()
    httpd.expect_fault("inactive")
    page = browser.step(host.url + "/.sso/login?provider=members")
    assert page.status == 403 and page.fault == "inactive" and not page.all_headers("Set-Cookie")


def test_what_people_and_programs_see_of_a_fault(app, browser):
    app.httpd.start()
    app.httpd.expect_fault("param_missing")
    url = app.url + "/.sso/members/callback"
    page = browser.step(url)
    assert page.status == 400 and page.is_html
    reference = re.search(r"<dd>([0-9a-f]{8})</dd>", page.text).group(1)
    assert app.httpd.log.wait("reference %s" % reference)
    body = browser.fetch(url).json()
    assert body["error"].startswith("param_missing") and body["message"]
    assert app.httpd.log.wait("reference %s" % body["reference"])
    assert page.header("Content-Security-Policy").startswith("default-src 'none'")
    assert page.header("X-Content-Type-Options") == "nosniff"


def test_nothing_that_was_sent_is_shown(app, browser):
    app.httpd.start()
    app.httpd.log.expect("SSO: |resuming")
    for query in ("data=<script>alert(1)</script>&sig=<b>", "error=<script>", "%3Cscript%3E=1"):
        page = browser.step(app.url + "/.sso/members/callback?" + query)
        assert page.status in (400, 403) and "script>alert" not in page.text
        assert "<b>" not in page.text
    for path in ("/.sso/<script>", "/.sso/%3Cscript%3E/callback", "/.sso/login?provider=%3Cb%3E"):
        assert "<script>" not in browser.step(app.url + path.replace("<", "%3C")).text


def test_the_log_holds_no_secret_and_no_signature(app, site, browser):
    app.httpd.start()
    app.httpd.expect_fault("sig_mismatch")
    app.httpd.expect_log("no usual mistake explains the signature")
    wrong = "0" * 64
    page = browser.step(app.url + "/.sso/members/callback?data=eyJhIjoxfQ%3D%3D&sig=" + wrong)
    assert page.fault == "sig_mismatch"
    text = app.httpd.log.text()
    assert site.secret not in text and sign(site.secret, "eyJhIjoxfQ==") not in text


# -- the vectors

def load():
    return [x for x in json.loads(VECTORS.read_text()) if x["role"] == "consumer"]


TOKEN = "5f2c8b1e9d3a4c7081e6b0f4a2d9c357"


@pytest.fixture
def consumer(httpd, request):
    """A host that shares the vectors' secret, and a maker of flow cookies."""
    host = httpd.host("app.example.test", tls=True)
    seal = httpd.secret("seal.secret", "5" * 64)
    httpd.add("SSOSecret file:%s" % seal)
    new = httpd.secret("new.secret", "mod_sso-test-secret-0123456789abcdef")
    old = httpd.secret("old.secret", "older-secret-for-rotation-ABCDEFGHIJ")
    host.add("<SSOProvider members hmac>\nSSOHmacEndpoint https://www.example.org/sso\n"
             "SSOHmacSecret file:%s file:%s\n</SSOProvider>" % (new, old))
    httpd.start()
    host.seal = seal
    return host


def flow_cookie(host, token=TOKEN, age=60, identifier="0a1b2c3d"):
    """NAME=VALUE of a flow cookie, sealed by ssoctl."""
    done = subprocess.run([SSOCTL, "flow", "make", "--secret", str(host.seal), "--site", host.url,
                           "--provider", "members", "--request", token, "--issued",
                           str(int(time.time()) - age), "--return", "/.sso/session", "--id",
                           identifier], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def call(host, wire, cookie, method="GET"):
    headers = [("Accept", "text/html")] + ([("Cookie", cookie)] if cookie else [])
    return exchange(method, host.url + "/.sso/members/callback?" + wire, headers)


def session_of(host, page):
    cookie = next(x.split(";")[0] for x in page.all_headers("Set-Cookie")
                  if x.startswith("__Host-sso="))
    return exchange("GET", host.url + "/.sso/session", [("Cookie", cookie)]).json()["attributes"]


def prepare(host, vector):
    """What must have happened before the vector's message comes; returns the Cookie header."""
    if vector["id"] == "I26":
        return None
    if vector["id"] == "I27":
        return flow_cookie(host, age=901)
    if vector["id"] == "I28":
        assert call(host, vector["wire"], flow_cookie(host)).status == 303
    if vector["id"] == "I37":
        ban(host, vector["secret"])
    return flow_cookie(host)


def ban(host, secret):
    """A standing ban, from an earlier login."""
    import base64
    data = base64.b64encode(json.dumps({
        "token": "0" * 32, "user_id": "42", "email": "ada@example.org", "name": "Ada Lovelace",
        "banned": True}).encode()).decode()
    wire = urllib.parse.urlencode({"data": data, "sig": sign(secret, data)})
    assert call(host, wire, flow_cookie(host, "0" * 32, 30, "ffffffff")).fault == "banned"


# What the log says of signatures that do not match.
MISTAKES = {"I20": "the site signed the JSON", "I21": "the site made a plain SHA-256",
            "I22": "no usual mistake", "I23": "the site sent the Base64 of the hex digits"}


@pytest.mark.parametrize("vector", load() if VECTORS.exists() else [], ids=lambda x: x["id"])
def test_vector(consumer, vector):
    cookie = prepare(consumer, vector)
    page = call(consumer, vector["wire"], cookie, "HEAD" if vector["id"] == "I31" else "GET")
    if vector["expect"] == "accept":
        assert page.status == 303 and page.location == consumer.url + "/.sso/session", repr(page)
        check_result(session_of(consumer, page), vector["result"])
        if "_ignored" in vector["result"]:
            consumer.httpd.expect_log("sso:warn.*image was dropped")
        return
    if vector["id"] in MISTAKES:
        consumer.httpd.expect_log("sso:warn.*provider members: " + MISTAKES[vector["id"]])
    code, status = re.fullmatch(r"reject (\S+) \((\d+)\)", vector["expect"]).groups()
    consumer.httpd.expect_fault(code.split(":")[0])
    assert (page.fault, page.status) == (code, int(status))
    assert not any(x.startswith("__Host-sso=") for x in page.all_headers("Set-Cookie"))
    if vector["id"] == "I31":  # and it is not spent
        assert call(consumer, vector["wire"], cookie).status == 303


def check_result(seen, wanted):
    assert seen["user"] == wanted["user_id"]
    for name in ("email", "name", "bio"):
        assert seen.get(name) == wanted.get(name), name
    assert seen.get("roles") == (",".join(wanted["roles"]) if "roles" in wanted else None)
    assert not set(wanted.get("_ignored", [])) & set(seen) and "picture" not in seen


def test_the_vectors_are_there():
    assert len(load()) >= 35
