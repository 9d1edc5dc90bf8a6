"""SSOLogoutNotify: the application behind hears that a session has ended, in a token that PyJWT verifies."""
import json
import subprocess
import threading

import jwt
import pytest

from lib import pki, saml_logout
from lib.browser import exchange
from lib.httpd import BUILD
from lib.oidc_op import Op
from lib.recipes import members, oidc, peer, sign_in, user_of
from lib.saml_idp import SamlIdp
from lib.sites import Handler, Server, header
from test_assertion import proxied
from test_discourse import CALLBACK, NONCE, SECRET, message
from test_oidc_logout import claims as provider_claims, send, token as provider_token
from test_oidc_tls import server as tls_context
from test_saml_logout import begin, bring, slo
from test_sync import Sync

EVENT = "http://schemas.openid.net/event/backchannel-logout"
KNOWS = "the application of %s knows that a session has ended"
AGAIN = "is told again that a session has ended: "
LOST = "is not told that a session has ended .SSOLogoutNotify.: "


class Receiver(Server):
    """The application's address; `wire` answers in its place."""

    def __init__(self, tls=None, port=None):
        super().__init__(_ReceiverHandler, tls, port)
        self.tokens = []
        self.wire = lambda handler: handler.answer(200, "")

    @property
    def address(self):
        return self.url + "/app/sso-logout"


class _ReceiverHandler(Handler):
    def do_POST(self):
        form = self.form()
        assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert self.path == "/app/sso-logout" and set(form) == {"logout_token"}
        assert not self.headers["Cookie"] and not self.headers["Authorization"]
        self.peer.tokens.append(form["logout_token"])
        self.peer.wire(self)


@pytest.fixture
def receiver(closing):
    return closing(Receiver())


@pytest.fixture
def host(make_httpd, receiver):
    host = make_httpd(fake_time=True).host("app.example.test", tls=True)
    host.add("SSOLogoutNotify " + receiver.address)
    host.add('<Location "/figures">\nSetHandler sso-status\n</Location>')
    return host


@pytest.fixture
def app(host, site):
    members(host, site)
    return host


def told(host, receiver, n=1):
    """The claims of the tokens, as a back-channel logout's receiver verifies them (section 2.6)."""
    assert host.httpd.log.wait(KNOWS % host.url, n), host.httpd.log.text()
    keys = jwt.PyJWKSet.from_dict(exchange("GET", host.url + "/.sso/jwks.json").json())
    said = []
    for token in receiver.tokens:
        head = jwt.get_unverified_header(token)
        assert head["typ"] == "logout+jwt"
        key = {k.key_id: k for k in keys.keys}[head["kid"]]
        claims = jwt.decode(token, key.key, algorithms=["ES256"], audience=receiver.url,
                            issuer=host.url, options={
                                "require": ["iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"],
                                "verify_exp": False, "verify_iat": False})  # the clock is the test's
        assert claims["events"] == {EVENT: {}} and "nonce" not in claims
        assert claims["exp"] == claims["iat"] + 120
        said.append(claims)
    assert len({x["jti"] for x in said}) == len(said)
    return said


def ssoctl(host, *words):
    done = subprocess.run([BUILD / "ssoctl", "sessions", *words, "--state", host.httpd.state],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sessions_at(host):
    """Their names."""
    return {json.loads(x)["session"] for x in ssoctl(host, "list", "--json").splitlines()}


def enter(browser, host, name="members"):
    """The session's name."""
    before = sessions_at(host)
    sign_in(browser, host, name)
    new, = sessions_at(host) - before
    return new


def sign_out(browser, host):
    page = browser.open(host.url + "/.sso/logout")
    assert user_of(browser, host) is None
    return page


def counted(browser, host):
    lines = dict(x.split(": ", 1) for x in
                 browser.fetch(host.url + "/figures?auto").text.splitlines())
    return int(lines["SSOLogoutNotices"]), int(lines["SSOLogoutNoticesFailed"])


# -- whoever ends the session

def test_signing_out(app, receiver, backend, alice):
    audit = app.httpd.root / "logs" / "audit.jsonl"
    app.httpd.add("SSOAuditLog %s" % audit)
    proxied(app, backend, "/app", "SSO members")
    app.httpd.start()
    session = enter(alice, app)
    assert header(alice.fetch(app.url + "/app/x"), "X-SSO-Session") == [session]
    sign_out(alice, app)
    said, = told(app, receiver)
    assert {k: v for k, v in said.items() if k not in ("iat", "exp", "jti", "events")} == {
        "iss": app.url, "aud": receiver.url, "sub": "hmac:members!alice", "realm": "hmac:members",
        "sid": session, "provider": "members", "provider_issuer": "members",
        "provider_subject": "alice", "preferred_username": "alice", "why": "logout"}
    assert counted(alice, app) == (1, 0)
    line, = [x for x in audit.read_text().splitlines() if '"event":"notified"' in x]
    assert '"session":"%s"' % session in line


@pytest.mark.parametrize("how", ["redirect", "post", "soap"])
def test_by_a_saml_provider(host, receiver, closing, alice, how):
    idp = closing(SamlIdp())
    begin(host, idp, alice)
    session, = sessions_at(host)
    bring(alice, host, idp, how, saml_logout.request(idp, slo(host)))
    assert user_of(alice, host) is None
    said, = told(host, receiver)
    assert (said["sid"], said["why"]) == (session, "by the provider")
    assert said["realm"] == "saml:" + said["provider_issuer"]


def test_by_an_openid_provider(host, receiver, closing, alice, make_browser):
    """Every session of the person has its own."""
    op = closing(Op())
    oidc(host, op)
    host.httpd.start()
    sessions = {enter(x, host, "op") for x in (alice, make_browser("alice"))}
    assert send(host, provider_token(op.key, provider_claims(op), typ="logout+jwt")).status == 200
    said = told(host, receiver, 2)
    assert {x["sid"] for x in said} == sessions
    assert {(x["why"], x["provider_issuer"]) for x in said} == {("by the provider", op.issuer)}


def test_by_a_peer(host, receiver, site, alice):
    members(host, site)
    endpoint = peer(host, SECRET, CALLBACK, "forum", "discourse")
    host.httpd.start()
    session = enter(alice, host)
    alice.step(endpoint + "?" + message(nonce=NONCE, return_sso_url=CALLBACK, logout="true"))
    said, = told(host, receiver)
    assert (said["sid"], said["why"]) == (session, "at a peer")


def test_by_a_ban(app, receiver, site, alice, bob, make_browser):
    """No accounts are kept: the provider says it when the person comes again."""
    app.httpd.start()
    session = enter(alice, app)
    enter(bob, app)
    site.fields = lambda fields: {**fields, "banned": True}
    app.httpd.expect_fault("banned")
    page = make_browser("alice").open(app.url + "/.sso/login?provider=members")
    assert page.status == 403
    said, = told(app, receiver)
    assert (said["sid"], said["why"]) == (session, "banned") and user_of(bob, app) == "bob"


def test_by_a_ban_of_an_account(host, receiver, site, alice):
    host.add("SSOAccounts on")
    members(host, site, extra="SSOHmacSync on")
    host.httpd.start()
    account = sign_in(alice, host)["attributes"]["account"]
    session, = sessions_at(host)
    assert Sync(host, site).send(user_id="alice", banned=True).status == 200
    said, = told(host, receiver)
    assert (said["sub"], said["sid"], said["why"]) == (account, session, "banned")


def test_by_the_administrator(app, receiver, alice, bob):
    app.httpd.start()
    session = enter(alice, app)
    enter(bob, app)
    assert ssoctl(app, "end", "--user", "alice") == "1\n"
    said, = told(app, receiver)
    assert (said["sid"], said["why"]) == (session, "by the administrator")


def test_not_by_its_time(app, receiver, alice):
    """Nor by a login that takes its place."""
    app.httpd.start()
    enter(alice, app)
    session = enter(alice, app)
    app.httpd.advance(40 * 86400)
    assert user_of(alice, app) is None
    enter(alice, app)
    sign_out(alice, app)
    said, = told(app, receiver)
    assert said["sid"] != session


def test_off_in_a_host(httpd, receiver, site, alice):
    httpd.add("SSOLogoutNotify " + receiver.address)
    host = httpd.host("app.example.test", tls=True).add("SSOLogoutNotify off")
    members(host, site)
    httpd.start()
    enter(alice, host)
    sign_out(alice, host)
    httpd.stop()
    assert not receiver.tokens


# -- in the background, and not for ever

def test_nobody_waits(app, receiver, alice, bob):
    came, leave = threading.Event(), threading.Event()

    def stay(handler):
        came.set()
        leave.wait(30)
        handler.close_connection = True
    receiver.wire = stay
    app.httpd.start()
    enter(alice, app)
    enter(bob, app)
    sign_out(alice, app)  # the receiver has not answered, and will not before this has
    assert came.wait(10)
    sign_out(bob, app)
    assert not app.httpd.log.find(AGAIN) and not app.httpd.log.find(KNOWS % app.url)
    leave.set()
    receiver.wire = lambda handler: handler.answer(204, "")
    assert app.httpd.log.wait(AGAIN + "net_broken")
    app.httpd.advance(11)
    told(app, receiver, 2)


def test_a_receiver_that_is_down(host, site, closing, alice):
    """Its port is closed, and open again later."""
    receiver = Receiver()
    receiver.close()
    host.add("SSOLogoutNotify " + receiver.address)
    members(host, site)
    host.httpd.start()
    session = enter(alice, host)
    sign_out(alice, host)
    assert host.httpd.log.wait(AGAIN + "net_connect")
    again = closing(Receiver(port=receiver.port))
    host.httpd.advance(11)
    said, = told(host, again)
    assert said["sid"] == session


@pytest.mark.parametrize("status, tries", [(503, 6), (429, 6), (400, 1), (302, 1)])
def test_it_is_given_up(app, receiver, alice, status, tries):
    receiver.wire = lambda handler: handler.answer(status, "", headers=[("Location", "/elsewhere")])
    app.httpd.start()
    enter(alice, app)
    app.httpd.expect_log(LOST)
    sign_out(alice, app)
    for n in range(1, tries):
        assert app.httpd.log.wait(AGAIN + "net_status", n)
        app.httpd.advance(61)
    assert app.httpd.log.wait(LOST + "after %d tries: net_status: %s answers %d .The server"
                              % (tries, receiver.address, status))
    assert len(receiver.tokens) == tries and counted(alice, app) == (0, 1)


def test_the_log_hears_of_it_once_a_minute(app, receiver, make_browser):
    receiver.wire = lambda handler: handler.answer(400, "")
    app.httpd.start()
    *first, last = [enter(make_browser("alice"), app) for _ in range(4)]
    app.httpd.expect_log(LOST)
    for n, session in enumerate(first, 1):  # by the one child that ssoctl speaks to
        ssoctl(app, "end", "--session", session)
        assert any(counted(make_browser(), app) == (0, n) for _ in range(5000))
    assert len(app.httpd.log.find(LOST)) == 1
    app.httpd.advance(61)
    ssoctl(app, "end", "--session", last)
    assert app.httpd.log.wait(LOST + ".*; and 2 more since the last such line")


def test_one_that_does_not_answer_is_not_asked_for_each(app, receiver, alice, bob):
    receiver.wire = lambda handler: handler.answer(503, "")
    app.httpd.start()
    for each in (alice, bob):
        enter(each, app)
    assert ssoctl(app, "end", "--provider", "members") == "2\n"
    assert app.httpd.log.wait(AGAIN)
    assert user_of(alice, app) is None and len(receiver.tokens) == 1
    receiver.wire = lambda handler: handler.answer(200, "")
    app.httpd.advance(11)
    assert len(told(app, receiver, 2)) == 3


def test_what_is_too_old_is_not_worth_a_word(app, receiver, alice):
    receiver.wire = lambda handler: handler.answer(503, "")
    app.httpd.start()
    enter(alice, app)
    app.httpd.expect_log(LOST + "it has waited for too long")
    sign_out(alice, app)
    assert app.httpd.log.wait(AGAIN)
    app.httpd.advance(601)
    assert app.httpd.log.wait(LOST + "it has waited for too long") and len(receiver.tokens) == 1
    assert counted(alice, app) == (0, 1)


def test_what_is_left_at_the_end(app, receiver, alice):
    receiver.wire = lambda handler: handler.answer(503, "")
    app.httpd.start()
    enter(alice, app)
    sign_out(alice, app)
    assert app.httpd.log.wait(AGAIN)
    app.httpd.expect_log("1 sessions have ended of which applications are not told: the process")
    app.httpd.stop()


# -- where it goes

def test_https(httpd, site, closing, alice):
    receiver = closing(Receiver(tls_context(pki.server_pair())))
    host = httpd.host("app.example.test", tls=True)
    httpd.add("SSOCAFile %s" % httpd.file("conf/cas.pem", pki.server_pair().cert_pem))
    host.add("SSOLogoutNotify " + receiver.address)
    members(host, site)
    httpd.start()
    session = enter(alice, host)
    sign_out(alice, host)
    assert told(host, receiver)[0]["sid"] == session


def test_https_that_nobody_vouches_for(httpd, site, closing, alice):
    receiver = closing(Receiver(tls_context(pki.server_pair())))
    host = httpd.host("app.example.test", tls=True).add("SSOLogoutNotify " + receiver.address)
    members(host, site)
    httpd.start()
    enter(alice, host)
    sign_out(alice, host)
    assert httpd.log.wait(AGAIN + "net_tls") and not receiver.tokens
    httpd.expect_log("1 sessions have ended of which applications are not told")


@pytest.mark.parametrize("url", ["http://app.example.test/x", "http://10.0.0.1/x", "ftp://127.0.0.1/x",
                                 "/x", "https://me:pw@app.example.test/", "https://app.example.test/#x"])
def test_addresses_that_are_refused(host, url):
    host.add("SSOLogoutNotify " + url)
    checked = host.httpd.configtest()
    assert not checked.ok and "SSOLogoutNotify: '%s' " % url in checked.output, checked.output
