"""Tokens that are given back when a session ends (RFC 7009)."""
import subprocess
import threading

import pytest

from lib.httpd import BUILD
from lib.oidc_idps import OidcProvider
from lib.oidc_op import OUTAGES, Op
from lib.recipes import CALLBACK, oidc, protect, sign_in, user_of

EVERY = 600
TAKEN = "provider op has taken a token back"
AGAIN = "provider op is asked again to take a token back: "
NOT_TAKEN = "provider op has not taken a token back, after %d tries: "


@pytest.fixture
def op(closing):
    op = closing(Op())
    op.gives_refresh = op.takes_back = True
    return op


@pytest.fixture
def host(make_httpd, op):
    host = make_httpd(fake_time=True).host("app.example.test", tls=True)
    protect(host, lines="SSO op")
    host.page("/app/x.html", "inside")
    host.add('<Location "/figures">\nSetHandler sso-status\n</Location>')
    return host


def connect(host, op, extra="SSOOidcRefresh 10m"):
    oidc(host, op, extra=extra)
    host.httpd.start()


def sign_out(browser, host):
    page = browser.open(host.url + "/.sso/logout")
    assert user_of(browser, host) is None
    return page


def counted(browser, host, name):
    lines = browser.fetch(host.url + "/figures?auto").text.splitlines()
    return int(dict(x.split(": ", 1) for x in lines)[name])


def asked(op):
    return op.asked("/revoke")


def test_a_logout(host, op, alice):
    connect(host, op)
    sign_in(alice, host, "op")
    token, = op.grants
    sign_out(alice, host)
    assert host.httpd.log.wait(TAKEN)
    (headers, fields), = asked(op)
    assert fields == {"token": token, "token_type_hint": "refresh_token"}
    assert headers["Authorization"].startswith("Basic ") and op.revoked == [token]
    assert (counted(alice, host, "SSORevocations"), counted(alice, host, "SSORevocationsFailed")) \
        == (1, 0)
    assert token not in host.httpd.log.text()


def test_an_access_token_alone(host, op, alice):
    op.gives_refresh = False
    connect(host, op, "SSOOidcAccessToken on")
    sign_in(alice, host, "op")
    token, = op.tokens
    sign_out(alice, host)
    assert host.httpd.log.wait(TAKEN)
    assert asked(op)[0][1] == {"token": token, "token_type_hint": "access_token"}


@pytest.mark.parametrize("method", ["client_secret_post", "none"])
def test_who_we_are(host, op, alice, method):
    """As at the token endpoint."""
    op.methods = [method]
    connect(host, op, "SSOOidcRefresh 10m\nSSOOidcClientAuth " + method)
    sign_in(alice, host, "op")
    token, = op.grants
    sign_out(alice, host)
    assert host.httpd.log.wait(TAKEN) and op.revoked == [token]


def test_a_fixed_address(host, op, alice):
    connect(host, op, "SSOOidcRefresh 10m\nSSOOidcEndpoints authorization={0}/authorize "
            "token={0}/token jwks={0}/jwks revocation={0}/revoke".format(op.url))
    sign_in(alice, host, "op")
    sign_out(alice, host)
    assert host.httpd.log.wait(TAKEN) and len(asked(op)) == 1


def test_a_provider_without(host, op, alice):
    op.takes_back = False
    connect(host, op)
    sign_in(alice, host, "op")
    sign_out(alice, host)
    assert host.httpd.log.wait("provider op takes no such tokens back") and not asked(op)
    assert counted(alice, host, "SSORevocationsFailed") == 0


def test_nothing_is_held(host, op, alice):
    connect(host, op, "")
    sign_in(alice, host, "op")
    sign_out(alice, host)
    host.httpd.stop()
    assert not asked(op)


# -- in the background, and not for ever

def test_nobody_waits(host, op, alice):
    told, leave = threading.Event(), threading.Event()

    def stay(handler):
        told.set()
        leave.wait(30)
        handler.close_connection = True
    op.wire["/revoke"] = stay
    connect(host, op)
    sign_in(alice, host, "op")
    sign_out(alice, host)  # the provider has not answered, and will not before this has
    assert told.wait(10) and not host.httpd.log.find(AGAIN)
    leave.set()
    assert host.httpd.log.wait(AGAIN + "net_broken")
    del op.wire["/revoke"]
    host.httpd.advance(11)
    assert host.httpd.log.wait(TAKEN)


def test_a_provider_that_is_busy(host, op, alice):
    op.wire["/revoke"] = lambda handler: handler.answer(503, "later")
    connect(host, op)
    sign_in(alice, host, "op")
    token, = op.grants
    sign_out(alice, host)
    assert host.httpd.log.wait(AGAIN + "oidc_answer:error: the revocation endpoint: status 503")
    del op.wire["/revoke"]
    host.httpd.advance(11)
    assert host.httpd.log.wait(TAKEN)
    assert op.revoked == [token] and len(asked(op)) == 2


@pytest.mark.parametrize("name", sorted(set(OUTAGES) - {"hang", "wrong_type", "huge", "html"}))
def test_outages(host, op, alice, name):
    tries = {"elsewhere": 1}.get(name, 3)  # a redirect is an answer
    op.wire["/revoke"] = OUTAGES[name]
    connect(host, op)
    sign_in(alice, host, "op")
    host.httpd.expect_log(NOT_TAKEN % tries)
    sign_out(alice, host)
    for n in range(1, tries):
        assert host.httpd.log.wait(AGAIN, n)
        host.httpd.advance(61)
    assert host.httpd.log.wait(NOT_TAKEN % tries) and len(asked(op)) == tries
    host.httpd.advance(601)
    assert counted(alice, host, "SSORevocationsFailed") == 1
    host.httpd.stop()
    assert len(asked(op)) == tries and not op.asked("/elsewhere")


def test_a_token_of_a_kind_that_is_not_taken(host, op, alice):
    """RFC 7009, section 2.2.1: nothing that an administrator could mend."""
    op.wire["/revoke"] = lambda handler: handler.json(400, {"error": "unsupported_token_type"})
    connect(host, op)
    sign_in(alice, host, "op")
    sign_out(alice, host)
    assert host.httpd.log.wait("provider op takes no such tokens back")
    assert len(asked(op)) == 1 and counted(alice, host, "SSORevocationsFailed") == 0


def test_a_client_that_may_not(host, op, alice):
    op.wire["/revoke"] = lambda handler: handler.json(401, {"error": "invalid_client"})
    connect(host, op)
    sign_in(alice, host, "op")
    host.httpd.expect_log(NOT_TAKEN % 1 + "oidc_client")
    sign_out(alice, host)
    assert host.httpd.log.wait(NOT_TAKEN % 1) and len(asked(op)) == 1


def test_what_is_left_at_the_end(host, op, alice):
    op.wire["/revoke"] = lambda handler: handler.answer(503, "later")
    connect(host, op)
    sign_in(alice, host, "op")
    sign_out(alice, host)
    assert host.httpd.log.wait(AGAIN)
    host.httpd.expect_log("1 tokens are not given back to their providers: the process ends")
    host.httpd.stop()


# -- whoever ends the session

def ssoctl(host, *words):
    done = subprocess.run([BUILD / "ssoctl", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_by_the_administrator(host, op, alice, bob):
    connect(host, op)
    sign_in(alice, host, "op")
    token, = op.grants
    sign_in(bob, host, "op")
    assert ssoctl(host, "sessions", "end", "--user", "248289761001", "--state",
                  host.httpd.state) == "1\n"
    assert host.httpd.log.wait(TAKEN) and op.revoked == [token]
    assert user_of(alice, host) is None and user_of(bob, host)


def test_by_a_ban(host, op, alice):
    host.add("SSOAccounts on")
    connect(host, op)
    account = sign_in(alice, host, "op")["attributes"]["account"]
    token, = op.grants
    ssoctl(host, "accounts", "ban", account, "--database",
           host.httpd.state / "accounts" / "accounts.db")
    assert host.httpd.log.wait(TAKEN) and op.revoked == [token]


def test_while_a_renewal_is_under_way(host, op, alice):
    """What it brings for a session that is gone is given back, too."""
    connect(host, op)
    sign_in(alice, host, "op")
    old, = op.grants
    held, release = threading.Event(), threading.Event()
    op.renewal = lambda answer: held.set() or release.wait(30) and answer
    op.ahead += EVERY + 1
    host.httpd.advance(EVERY + 1)
    assert alice.fetch(host.url + "/app/x.html").status == 200 and held.wait(10)
    sign_out(alice, host)
    release.set()
    assert host.httpd.log.wait(TAKEN, 2)
    assert old in op.revoked and len(set(op.revoked)) == 2 and not op.grants


# -- another's provider

def test_oidc_provider(httpd, closing, alice):
    if not OidcProvider.available():
        pytest.skip("oidc-provider is not installed: make npm-idps, with node and npm")
    op = closing(OidcProvider())
    host = httpd.host("app.example.test", tls=True)
    op.client_id, op.secret = "rp", "a-client-secret-of-enough-bytes-0123456789"
    oidc(host, op, extra="SSOOidcRefresh 10m\nSSOOidcLogout off")
    op.register("rp", op.secret, host.url + CALLBACK % "op",
                grant_types=["authorization_code", "refresh_token"])
    op.commit()
    httpd.start()
    sign_in(alice, host, "op")
    sign_out(alice, host)
    assert httpd.log.wait(TAKEN)
    assert "refresh_token.destroyed /token/revocation" in (op.run / "events").read_text()
