"""Logout by OpenID Connect in its three kinds: started here, by the provider's server, in a frame."""
import secrets
import time
import urllib.parse

import pytest

from lib.browser import exchange
from lib.oidc_idps import OidcProvider
from lib.oidc_op import PEOPLE, Key, Op, token
from lib.recipes import CALLBACK, oidc, sign_in, user_of

EVENT = "http://schemas.openid.net/event/backchannel-logout"
FORM = [("Content-Type", "application/x-www-form-urlencoded")]


@pytest.fixture
def op(closing):
    return closing(Op())


@pytest.fixture
def app(httpd, op):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op)
    httpd.start()
    return host


def claims(op, **more):
    now = int(time.time())
    said = {"iss": op.issuer, "aud": op.client_id, "iat": now, "exp": now + 120,
            "jti": secrets.token_hex(8), "events": {EVENT: {}},
            "sub": PEOPLE["alice"]["sub"], "sid": "sid-alice", **more}
    return {k: v for k, v in said.items() if v is not None}


def send(app, text):
    """What the provider's server posts."""
    return exchange("POST", app.url + "/.sso/op/backchannel", FORM,
                    urllib.parse.urlencode({"logout_token": text}))


# -- back-channel

def test_back_channel(app, op, alice, make_browser, bob):
    other = make_browser("alice")
    for browser in (alice, other, bob):
        sign_in(browser, app, "op")
    answer = send(app, token(op.key, claims(op, foo="ignored"), typ="logout+jwt"))
    assert answer.status == 200 and answer.header("Cache-Control") == "no-store"
    assert user_of(alice, app) is None and user_of(other, app) is None
    assert user_of(bob, app) == PEOPLE["bob"]["sub"]


@pytest.mark.parametrize("more", [{"sid": None}, {"sub": None}])
def test_back_channel_by_sub_or_sid(app, op, alice, bob, more):
    sign_in(alice, app, "op")
    sign_in(bob, app, "op")
    assert send(app, token(op.key, claims(op, **more))).status == 200
    assert user_of(alice, app) is None and user_of(bob, app)


def test_a_sid_ends_one_session(app, op, make_browser):
    browsers = [make_browser("alice") for _ in range(3)]
    for i, browser in enumerate(browsers):
        op.id_token = lambda c, i=i: {**c, "sid": "sid-%d" % i}
        sign_in(browser, app, "op")
    assert send(app, token(op.key, claims(op, sid="sid-1"))).status == 200
    assert [bool(user_of(x, app)) for x in browsers] == [True, False, True]


REFUSED = {  # R14
    "no-event": dict(events=None), "wrong-event": dict(events={"foobar": {}}),
    "two-events": dict(events={EVENT: {}, "x": {}}), "event-is-no-object": dict(events={EVENT: 1}),
    "events-is-a-text": dict(events=EVENT), "with-nonce": dict(nonce="x"),
    "wrong-aud": dict(aud="client-1INVALID"), "wrong-iss": dict(iss="https://evil.example"),
    "no-jti": dict(jti=None), "no-iat": dict(iat=None), "no-exp": dict(exp=None),
    "expired": dict(exp=1), "old": dict(iat=1), "neither": dict(sub=None, sid=None),
    "numeric-sid": dict(sid=7),
}


def test_back_channel_refused(app, op, alice):
    sign_in(alice, app, "op")
    app.httpd.expect_fault("oidc_logout")
    for name, change in REFUSED.items():
        answer = send(app, token(op.key, claims(op, **change)))
        assert answer.status == 400, name
        assert answer.header("Cache-Control") == "no-store"
    good = claims(op)
    for name, text in {
            "alg-none": token(op.key, good, alg="none"), "no-token": "",
            "hs256": token(op.key, good, alg="HS256"), "another-key": token(Key("key-1"), good),
            "wrong-alg": token(Key("key-1", "ES256"), good),
            "an-id-token": op.make_id_token({"nonce": "n"}, "alice", "x"),
            "typ": token(op.key, good, typ="at+jwt")}.items():
        assert send(app, text).status == 400, name
    assert user_of(alice, app)


def test_back_channel_needs_a_form(app, op, alice):
    sign_in(alice, app, "op")
    app.httpd.expect_fault("oidc_logout")
    app.httpd.expect_fault("method")
    url = app.url + "/.sso/op/backchannel"
    text = token(op.key, claims(op))
    assert exchange("POST", url, FORM, "logout_token=a&logout_token=" + text).status == 400
    assert exchange("POST", url, FORM, "x" * 20000).status == 400
    assert exchange("POST", url, [("Content-Type", "text/plain")], "logout_token=" + text).status == 400
    assert exchange("GET", url + "?logout_token=" + text).status == 405
    assert user_of(alice, app)


def test_a_logout_token_has_a_maximum(app, op, alice):
    """16 KB, right in every other way."""
    sign_in(alice, app, "op")
    app.httpd.expect_fault("oidc_logout")
    assert send(app, token(op.key, claims(op, foo="x" * 16000))).status == 400 and user_of(alice, app)
    assert send(app, token(op.key, claims(op, foo="x" * 8000))).status == 200


def test_a_logout_token_works_once(app, op, alice):
    text = token(op.key, claims(op))
    sign_in(alice, app, "op")
    assert send(app, text).status == 200
    sign_in(alice, app, "op")
    app.httpd.expect_fault("oidc_logout")
    assert send(app, text).status == 400 and user_of(alice, app)


def test_a_logout_token_is_no_id_token(app, op, alice):
    op.id_token = lambda c: {**claims(op), "nonce": None}
    app.httpd.expect_fault("oidc_claim")
    page = alice.open(app.url + "/.sso/login?provider=op")
    assert page.fault == "oidc_claim:nonce"


# -- front-channel

def frame(app, **fields):
    return exchange("GET", app.url + "/.sso/op/frontchannel?" + urllib.parse.urlencode(fields))


def test_front_channel(app, op, alice, bob):  # R15
    sign_in(alice, app, "op")
    sign_in(bob, app, "op")
    answer = frame(app, iss=op.issuer, sid="sid-alice")
    assert answer.status == 200 and answer.header("Cache-Control") == "no-store"
    assert "frame-ancestors " + op.issuer in answer.header("Content-Security-Policy")
    assert user_of(alice, app) is None and user_of(bob, app)


@pytest.mark.parametrize("fields", [{}, {"sid": "sid-alice"}, {"iss": "https://evil.example",
                                                              "sid": "sid-alice"}])
def test_front_channel_refused(app, op, alice, fields):
    sign_in(alice, app, "op")
    app.httpd.expect_fault("oidc_logout")
    for sid in ({}, {"sid": ""}, {"sid": "x" * 513}):
        assert frame(app, iss=op.issuer, **sid).status == 400
    assert frame(app, **fields).status == 400 and user_of(alice, app)


# -- started here

def leave(browser, app):
    """Sign out by the link of a page of the site."""
    return browser.open(app.url + "/.sso/logout")


def test_rp_initiated(app, op, alice):  # R16
    sign_in(alice, app, "op")
    page = leave(alice, app)
    asked = op.asked("/end_session")[0][1]
    assert asked["client_id"] == op.client_id and asked["state"]
    assert asked["id_token_hint"] == op.issued[-1]
    assert asked["post_logout_redirect_uri"] == app.url + "/.sso/op/signedout"
    assert page.url.startswith(app.url + "/.sso/op/signedout") and page.status == 200
    assert "You are signed out" in page.text and user_of(alice, app) is None


@pytest.mark.parametrize("state", ["another", None])
def test_rp_initiated_with_another_state(app, op, alice, state):
    op.end_session = lambda _: state
    app.httpd.expect_fault("logout_unknown")
    sign_in(alice, app, "op")
    page = leave(alice, app)
    assert "may" in page.text or "not" in page.text
    assert "signed out here and at" not in page.text and user_of(alice, app) is None


def test_no_end_session(httpd, op, alice):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcLogout off")
    httpd.start()
    sign_in(alice, host, "op")
    page = leave(alice, host)
    assert page.url.startswith(host.url) and not op.asked("/end_session")
    assert user_of(alice, host) is None


# -- with a provider of other people

def test_oidc_provider(httpd, closing, make_browser):
    if not OidcProvider.available():
        pytest.skip("oidc-provider is not installed: make npm-idps, with node and npm")
    op = closing(OidcProvider())
    op.client_id, op.secret = "rp", "a-client-secret-of-enough-bytes-0123456789"
    httpd.add("SSOInsecureHttp on")
    host = httpd.host()
    oidc(host, op)
    op.register("rp", op.secret, host.url + CALLBACK % "op",
                post_logout_redirect_uris=[host.url + "/.sso/op/signedout"],
                backchannel_logout_uri=host.url + "/.sso/op/backchannel",
                backchannel_logout_session_required=True)
    op.commit()
    httpd.start()
    alice, other = make_browser("alice"), make_browser("alice")
    for browser in (alice, other):
        assert sign_in(browser, host, "op")
    page = leave(alice, host)
    assert "You are signed out" in page.text and page.url.startswith(host.url), repr(page)
    assert user_of(alice, host) is None and user_of(other, host)

    page = other.open(op.url + "/session/end")  # at the provider: its server tells ours
    until = time.monotonic() + 5
    while user_of(other, host) and time.monotonic() < until:
        time.sleep(0.1)
    assert user_of(other, host) is None
