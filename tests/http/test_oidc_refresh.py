"""Sessions whose provider is asked again: rule R11, refresh tokens, access tokens for backends."""
import concurrent.futures
import subprocess
import threading
import urllib.parse

import pytest

from lib import oidc_op, sites
from lib.httpd import BUILD
from lib.oidc_op import OUTAGES, PEOPLE, Key, Op
from lib.recipes import oidc, protect, sign_in, user_of

EVERY = 600  # seconds: SSOOidcRefresh 10m
CONFIRMED = "provider op has confirmed a session"
FAILED = "a session was not renewed by provider op: "
SCOPE = "SSOOidcScope openid profile email groups"


@pytest.fixture
def op(closing):
    op = closing(Op())
    op.gives_refresh = True
    return op


@pytest.fixture
def host(make_httpd, op):
    """Where everybody of the group staff may enter; the provider is still to be connected."""
    host = make_httpd(fake_time=True).host("app.example.test", tls=True)
    protect(host, lines="SSO op\nRequire sso-group staff")
    host.page("/app/x.html", "inside")
    return host


def connect(host, op, refresh="SSOOidcRefresh 10m", extra=""):
    oidc(host, op, extra="\n".join([SCOPE, refresh, extra]))
    host.httpd.start()


def later(host, op, seconds=EVERY + 1):
    """Time passes, for all."""
    op.ahead += seconds
    host.httpd.advance(seconds)


def look(browser, host):
    """The status of the protected page, for a script that does not follow redirects."""
    return browser.fetch(host.url + "/app/x.html").status


def renew(browser, host, count=1):
    """A request that meets a session which is due, and the renewal that it causes."""
    assert look(browser, host) == 200
    assert host.httpd.log.wait(CONFIRMED, count)


def attributes(browser, host):
    return browser.fetch(host.url + "/.sso/session").json()["attributes"]


# -- what the provider says now counts

def test_a_renewal(host, op, alice):
    connect(host, op)
    before = sign_in(alice, host, "op")
    given = list(op.grants)
    later(host, op, EVERY - 60)
    assert look(alice, host) == 200 and not op.refreshed
    op.people["alice"].update(name="Alice Other", groups=["staff"])
    later(host, op, 61)
    renew(alice, host)
    after = alice.fetch(host.url + "/.sso/session").json()
    assert after["attributes"]["name"] == "Alice Other"
    assert after["attributes"]["groups"] == "staff"
    for name in set(before) - {"attributes"}:
        assert after[name] == before[name], name
    headers, fields = op.asked("/token")[-1]
    assert fields == {"grant_type": "refresh_token", "refresh_token": given[0]}
    assert headers["Authorization"].startswith("Basic ")
    assert op.asked("/userinfo")[-1][0]["Authorization"] == "Bearer " + list(op.tokens)[-1]


def test_off_by_default(host, op, alice):
    connect(host, op, refresh="")
    sign_in(alice, host, "op")
    later(host, op, 3500)
    assert look(alice, host) == 200 and look(alice, host) == 200 and not op.refreshed


def test_require_follows(host, op, alice):  # R11
    connect(host, op)
    sign_in(alice, host, "op")
    op.people["alice"]["groups"] = ["students"]
    later(host, op)
    renew(alice, host)  # the request that causes it does not wait for it
    host.httpd.expect_log("AH01630: client denied")
    assert look(alice, host) == 403


@pytest.mark.parametrize("rotates", [True, False])
def test_again_and_again(host, op, alice, rotates):
    op.rotates = rotates
    connect(host, op)
    sign_in(alice, host, "op")
    first = list(op.grants)
    for n in (1, 2, 3):
        later(host, op)
        renew(alice, host, n)
    assert op.refreshed[0] == first[0]
    assert len(set(op.refreshed)) == (3 if rotates else 1)


@pytest.mark.parametrize("mpm", ["prefork", "worker"])
def test_other_mpms(make_httpd, op, alice, mpm):
    host = make_httpd(mpm=mpm, fake_time=True).host("app.example.test", tls=True)
    protect(host, lines="SSO op")
    host.page("/app/x.html", "inside")
    connect(host, op)
    sign_in(alice, host, "op")
    later(host, op)
    renew(alice, host)


def test_over_restarts(host, op, alice):
    connect(host, op)
    sign_in(alice, host, "op")
    host.httpd.graceful()
    later(host, op)
    renew(alice, host)
    host.httpd.restart()
    later(host, op)
    renew(alice, host, 2)


def test_a_login_without_a_refresh_token(host, op, alice):
    op.gives_refresh = False
    connect(host, op)
    sign_in(alice, host, "op")
    assert host.httpd.log.find("gave no refresh token: most need offline_access in SSOOidcScope")
    later(host, op)
    assert look(alice, host) == 200 and not op.refreshed


def test_a_refresh_token_that_is_none(host, op, alice):
    op.token_answer = lambda answer: {**answer, "refresh_token": "x" * 4097}
    connect(host, op)
    host.httpd.expect_log("provider op: its refresh token is not kept: longer than 4096 bytes")
    sign_in(alice, host, "op")
    later(host, op)
    assert look(alice, host) == 200 and not op.refreshed


def test_the_logout_hint_is_the_last_id_token(host, op, alice):
    connect(host, op)
    sign_in(alice, host, "op")
    later(host, op)
    renew(alice, host)
    alice.open(host.url + "/.sso/logout")
    assert op.asked("/end_session")[0][1]["id_token_hint"] == op.issued[-1]
    assert len(op.issued) == 2


def test_the_end_does_not_move(host, op, alice):
    connect(host, op, extra="SSOSessionLifetime 20m")
    sign_in(alice, host, "op")
    later(host, op)
    renew(alice, host)
    later(host, op)
    assert user_of(alice, host) is None


# -- what a renewal has to be like (R11; Core, section 12.2)

WRONG = {
    "invalid issuer": ({"iss": "https://other.example"}, "oidc_issuer:token"),
    "invalid sub": ({"sub": PEOPLE["bob"]["sub"]}, "oidc_subject"),
    "missing sub": ({"sub": None}, "oidc_claim:sub"),
    "wrong aud": ({"aud": "client-2"}, "oidc_audience:aud"),
    "more audiences": ({"aud": ["client-1", "client-2"]}, "oidc_audience:azp"),
    "expired": ({"exp": 1700000000}, "oidc_time:exp"),
    "made long ago": ({"iat": 1700000000}, "oidc_time:iat"),
    "nonce of another": ({"nonce": "0" * 32}, "oidc_nonce"),
    "at_hash of another": ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "oidc_hash:at_hash"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_id_token(host, op, alice, name):
    change, fault = WRONG[name]
    connect(host, op)
    before = sign_in(alice, host, "op")
    op.renewed = lambda claims: {**claims, **change}
    op.people["alice"].update(name="Mallory", groups=[])
    host.httpd.expect_log(FAILED + fault)
    later(host, op)
    assert look(alice, host) == 200
    assert host.httpd.log.wait(FAILED)
    assert attributes(alice, host) == before["attributes"] and len(op.asked("/userinfo")) == 1


def test_a_wrong_signature(host, op, alice):
    connect(host, op)
    before = sign_in(alice, host, "op")
    op.key = Key(op.key.kid)  # the name of the real one
    op.people["alice"]["name"] = "Mallory"
    host.httpd.expect_log(FAILED + "jwt_signature")
    later(host, op)
    assert look(alice, host) == 200
    assert host.httpd.log.wait(FAILED)
    assert attributes(alice, host) == before["attributes"] and len(op.asked("/userinfo")) == 1


def test_userinfo_of_another(host, op, alice):
    connect(host, op)
    before = sign_in(alice, host, "op")
    good, op.userinfo = op.userinfo, lambda claims: {**claims, "sub": PEOPLE["bob"]["sub"]}
    host.httpd.expect_log(FAILED + "oidc_subject")
    later(host, op)
    assert look(alice, host) == 200
    assert host.httpd.log.wait(FAILED)
    assert attributes(alice, host) == before["attributes"]
    op.userinfo = good  # the tokens were good, and are what the next attempt is made with
    later(host, op, 61)
    renew(alice, host)
    assert op.refreshed[1] != op.refreshed[0] and op.refreshed[1] not in op.grants


def test_the_nonce_once_more(host, op, alice):
    """Some providers repeat it."""
    op.id_token_has = ["name"]
    connect(host, op, extra="SSOOidcUserinfo off\nSSOAttribute groups name")
    sign_in(alice, host, "op")
    nonce = op.asked("/authorize")[0][1]["nonce"]
    op.renewed = lambda claims: {**claims, "nonce": nonce}
    op.people["alice"]["name"] = "staff"
    later(host, op)
    host.httpd.expect_log("AH01630: client denied")
    assert look(alice, host) == 403
    assert host.httpd.log.wait(CONFIRMED)
    assert look(alice, host) == 200


def test_without_an_id_token(host, op, alice):
    """Userinfo alone says who the person is."""
    op.id_token_has = ["groups"]
    connect(host, op)
    sign_in(alice, host, "op")
    op.renewal = lambda answer: {**answer, "id_token": None}
    op.people["alice"]["name"] = "Alice Other"
    later(host, op)
    renew(alice, host)
    assert attributes(alice, host)["name"] == "Alice Other"


def test_without_a_word_about_the_person(host, op, alice):
    """The grant stands, and so does what was known."""
    op.id_token_has = ["groups", "name"]
    connect(host, op, extra="SSOOidcUserinfo off")
    before = sign_in(alice, host, "op")
    op.renewal = lambda answer: {**answer, "id_token": None}
    later(host, op)
    renew(alice, host)
    assert attributes(alice, host) == before["attributes"]
    later(host, op)
    renew(alice, host, 2)


def test_max_age_and_acr_were_for_the_login(host, op, alice):
    connect(host, op, extra="SSOOidcMaxAge 1m\nSSOOidcAcr urn:example:pwd")
    sign_in(alice, host, "op")
    op.renewed = lambda claims: {**claims, "auth_time": claims["auth_time"] - 900, "acr": None}
    later(host, op)
    renew(alice, host)


def test_freshness_is_that_of_the_login(host, op, alice):
    """A renewal is no proof of who is in front of the browser."""
    connect(host, op, extra="SSOAttribute groups groups")
    sign_in(alice, host, "op")
    then = alice.fetch(host.url + "/.sso/session").json().get("auth_time")
    later(host, op)
    renew(alice, host)
    assert alice.fetch(host.url + "/.sso/session").json().get("auth_time") == then


# -- who would not be let in any more

GONE = {"another domain": ("SSODomains example.org", {"email": "alice@example.net"}),
        "another user name": ("SSOUserAttribute email", {"email": "eve@example.org"}),
        "no user name": ("SSOUserAttribute username", {"preferred_username": None})}


@pytest.mark.parametrize("name", GONE)
def test_who_would_not_be_let_in_any_more(host, op, alice, name):
    extra, change = GONE[name]
    connect(host, op, extra=extra)
    sign_in(alice, host, "op")
    op.people["alice"].update(change)
    later(host, op)
    assert look(alice, host) == 200
    assert host.httpd.log.wait("at provider op has ended: ")
    assert user_of(alice, host) is None


def test_accounts(host, op, alice):
    host.add("SSOAccounts on")
    connect(host, op)
    sign_in(alice, host, "op")
    op.people["alice"].update(name="Alice Other", email="alice.other@example.org")
    later(host, op)
    renew(alice, host)
    after = attributes(alice, host)
    assert after["email"] == "alice.other@example.org" and after["account"]


# -- the grant taken back

def revoke(op):
    op.grants.clear()


def test_revoked(host, op, alice, bob):
    connect(host, op)
    sign_in(alice, host, "op")
    revoke(op)
    later(host, op)
    assert look(alice, host) == 200
    assert host.httpd.log.wait("has ended: the provider has taken back what it granted")
    assert user_of(alice, host) is None
    sign_in(alice, host, "op")


def test_revoked_keep(host, op, alice):
    connect(host, op, refresh="SSOOidcRefresh 10m revoked=keep")
    before = sign_in(alice, host, "op")
    revoke(op)
    host.httpd.expect_log("not asked again about a session: the provider has taken back")
    later(host, op)
    assert look(alice, host) == 200
    assert host.httpd.log.wait("not asked again")
    for _ in range(2):
        later(host, op)
        assert look(alice, host) == 200
    assert len(op.refreshed) == 1 and attributes(alice, host) == before["attributes"]


def test_another_mistake_of_ours_is_no_revocation(host, op, alice):
    connect(host, op)
    sign_in(alice, host, "op")
    op.secret = "another"
    host.httpd.expect_log(FAILED + "oidc_client")
    later(host, op)
    assert look(alice, host) == 200
    assert host.httpd.log.wait(FAILED)
    assert look(alice, host) == 200


# -- a provider that is out of order

def stay(handler, told, leave):
    """Says nothing until it is told to."""
    told.set()
    leave.wait(30)
    handler.close_connection = True


@pytest.fixture
def hanging(op):
    """A token endpoint that is waited for: when somebody does, and to end it."""
    told, leave = threading.Event(), threading.Event()
    yield lambda: op.wire.update({"/token": lambda handler: stay(handler, told, leave)}) \
        or (told, leave)
    leave.set()


def test_nobody_waits(host, op, alice, hanging):
    connect(host, op)
    sign_in(alice, host, "op")
    told, leave = hanging()
    host.httpd.expect_log(FAILED + "net_broken")
    later(host, op)
    assert look(alice, host) == 200 and told.wait(10)
    for _ in range(20):
        assert look(alice, host) == 200
    assert not host.httpd.log.find(FAILED)  # all of them were answered before
    leave.set()
    assert host.httpd.log.wait(FAILED)
    assert look(alice, host) == 200 and len(op.asked("/token")) == 2


@pytest.mark.parametrize("name", sorted(set(OUTAGES) - {"hang"}))
@pytest.mark.parametrize("path", ["/token", "/userinfo"])
def test_outages(host, op, alice, name, path):
    connect(host, op)
    before = sign_in(alice, host, "op")
    op.wire[path] = OUTAGES[name]
    host.httpd.expect_log(FAILED)
    later(host, op)
    assert look(alice, host) == 200
    assert host.httpd.log.wait(FAILED)
    assert attributes(alice, host) == before["attributes"]
    assert look(alice, host) == 200
    del op.wire[path]
    later(host, op, 61)
    renew(alice, host)


def test_others_leave_a_silent_provider_alone(host, op, alice, bob):
    op.people["bob"]["groups"] = ["staff"]
    connect(host, op)
    sign_in(alice, host, "op")
    sign_in(bob, host, "op")
    op.wire["/token"] = OUTAGES["reset"]
    host.httpd.expect_log(FAILED + "net_broken")
    later(host, op)
    assert look(alice, host) == 200
    assert host.httpd.log.wait(FAILED)
    del op.wire["/token"]
    assert look(bob, host) == 200
    later(host, op, 61)
    renew(bob, host)
    assert [f["grant_type"] for _, f in op.asked("/token")].count("refresh_token") == 2


def test_unconfirmed(host, op, alice):
    connect(host, op, refresh="SSOOidcRefresh 10m unconfirmed=30m")
    sign_in(alice, host, "op")
    later(host, op)
    renew(alice, host)
    op.wire["/token"] = OUTAGES["reset"]
    host.httpd.expect_log(FAILED + "net_broken")
    later(host, op, 1740)
    assert look(alice, host) == 200  # 29 minutes
    assert host.httpd.log.wait(FAILED)
    later(host, op, 120)
    assert user_of(alice, host) is None


def test_unconfirmed_without_a_refresh_token(host, op, alice):
    op.gives_refresh = False
    connect(host, op, refresh="SSOOidcRefresh 10m unconfirmed=30m")
    sign_in(alice, host, "op")
    later(host, op, 1740)
    assert look(alice, host) == 200
    later(host, op, 120)
    assert user_of(alice, host) is None


# -- one at a time

@pytest.mark.parametrize("mpm", ["event", "prefork"])
def test_twenty_at_once(make_httpd, op, make_browser, hanging, mpm):
    """Requests of one session, by several children, at its time: one refresh call."""
    host = make_httpd(mpm=mpm, fake_time=True).host("app.example.test", tls=True)
    host.httpd.add("StartServers 4")
    protect(host, lines="SSO op")
    host.page("/app/x.html", "inside")
    connect(host, op)
    alice = make_browser("alice", "alice-pw")
    sign_in(alice, host, "op")
    held, release = threading.Event(), threading.Event()

    def slow(answer):
        held.set()
        release.wait(30)
        return answer

    op.renewal = slow
    later(host, op)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert list(pool.map(lambda _: look(alice, host), range(20))) == [200] * 20
        assert held.wait(10) and not host.httpd.log.find(CONFIRMED)
        release.set()
        assert host.httpd.log.wait(CONFIRMED)
        assert list(pool.map(lambda _: look(alice, host), range(20))) == [200] * 20
    assert len(op.refreshed) == 1


def test_a_logout_during_a_renewal(host, op, alice):
    connect(host, op)
    sign_in(alice, host, "op")
    held, release = threading.Event(), threading.Event()
    op.renewal = lambda answer: held.set() or release.wait(30) and answer
    later(host, op)
    assert look(alice, host) == 200 and held.wait(10)
    alice.open(host.url + "/.sso/logout")
    release.set()
    assert host.httpd.log.wait(CONFIRMED)
    assert user_of(alice, host) is None


@pytest.mark.parametrize("first", ["the ban", "the answer"])
def test_banned_while_a_renewal_is_under_way(host, op, alice, first):
    """Whoever comes first, the person is out and stays out."""
    host.add("SSOAccounts on")
    connect(host, op)
    account = sign_in(alice, host, "op")["attributes"]["account"]
    held, release = threading.Event(), threading.Event()
    op.renewal = lambda answer: held.set() or release.wait(30) and answer
    later(host, op)
    assert look(alice, host) == 200 and held.wait(10)
    done = subprocess.run([BUILD / "ssoctl", "accounts", "ban", account, "--database",
                           host.httpd.state / "accounts" / "accounts.db"], capture_output=True)
    assert done.returncode == 0
    if first == "the ban":
        assert host.httpd.log.wait("account %s was changed elsewhere; 1 sessions follow" % account)
        assert user_of(alice, host) is None
        release.set()
        assert host.httpd.log.wait("has ended: .*banned")
    else:
        release.set()
        assert host.httpd.log.wait("has ended: |changed elsewhere; 1 sessions follow")
    assert user_of(alice, host) is None
    host.httpd.expect_fault("banned")
    assert alice.open(host.url + "/.sso/login?provider=op").fault == "banned"


# -- cut off

@pytest.mark.parametrize("rotates", [True, False])
def test_kill_during_a_renewal(host, op, alice, rotates):
    """kill -9 between the provider's answer and us: the session lives. Where tokens are used once the
    renewals end; elsewhere the next one succeeds."""
    op.rotates = rotates
    connect(host, op)
    before = sign_in(alice, host, "op")
    held, release = threading.Event(), threading.Event()
    op.renewal = lambda answer: held.set() or release.wait(30) and answer
    later(host, op)
    assert look(alice, host) == 200 and held.wait(10)
    for child in host.httpd.children():
        host.httpd.kill(child)
    release.set()
    op.renewal = lambda answer: answer
    assert look(alice, host) == 200
    later(host, op, 61)
    if rotates:
        host.httpd.expect_log("an earlier renewal was cut off, and its token is not taken any more")
        assert look(alice, host) == 200 and host.httpd.log.wait("was cut off")
        later(host, op)
        assert look(alice, host) == 200 and len(op.refreshed) == 2
    else:
        renew(alice, host)
        revoke(op)  # nothing is in doubt any more
        later(host, op)
        assert look(alice, host) == 200 and host.httpd.log.wait("has taken back what it granted")
        assert user_of(alice, host) is None
        return
    assert attributes(alice, host) == before["attributes"]


@pytest.mark.parametrize("how", ["stop", "graceful"])
def test_an_end_during_a_renewal(host, op, alice, hanging, how):
    """A child that is to end does not wait for the provider."""
    connect(host, op)
    sign_in(alice, host, "op")
    told, _ = hanging()
    later(host, op)
    assert look(alice, host) == 200 and told.wait(10)
    getattr(host.httpd, how)()
    assert not host.httpd.log.find("still did not exit")


# -- access tokens for backends

KEEP = "SSOOidcAccessToken on"


@pytest.fixture
def gateway(make_httpd, op, backend):
    """Below /ask backends get the access token, below /plain they do not; /open is for everybody."""
    httpd = make_httpd(fake_time=True)
    host = httpd.host("app.example.test", tls=True)
    httpd.need("proxy_http", "cgid", "alias", "rewrite", "include")
    for place in ("ask", "plain", "open"):
        sites.cgi(host, "/cgi-%s/env.cgi" % place)
        host.add('ProxyPass /%s/http/ %s/\nScriptAlias /%s/cgi/ "%s/cgi-%s/"'
                 % (place, backend.url, place, host.docroot, place))
    host.page("/ask/env/page.shtml", '<!--#include virtual="/plain/cgi/env.cgi" -->')
    host.add('<Location "/ask/env">\nOptions +Includes\nAddOutputFilter INCLUDES .shtml\n'
             "SSOAccessToken env\nRewriteEngine on\n"
             "RewriteRule moved$ /plain/cgi/env.cgi [L]\n</Location>")
    protect(host, "/ask", "SSO op\nSSOAccessToken header")
    protect(host, "/ask/cgi", "SSO op\nSSOAccessToken env")
    protect(host, "/ask/env", "SSO op\nSSOAccessToken env")
    protect(host, "/plain", "SSO op")
    return host


def handed_on(browser, host, place="/ask"):
    """The access tokens that backends got by header, and by variable."""
    page = browser.fetch(host.url + place + "/http/x", headers=[("X-SSO-Access-Token", "forged"),
                                                               ("x_sso_access_token", "forged")])
    env = browser.fetch(host.url + place + "/cgi/env.cgi").json()
    assert not [k for k in env if k.startswith("HTTP_X_SSO_ACCESS")]
    return sites.header(page, "X-SSO-Access-Token"), env.get("SSO_ACCESS_TOKEN")


def test_the_access_token(gateway, op, alice):
    connect(gateway, op, refresh="", extra=KEEP)
    sign_in(alice, gateway, "op")
    token = list(op.tokens)[0]
    assert handed_on(alice, gateway) == ([token], token)
    assert handed_on(alice, gateway, "/plain") == ([], None)
    assert handed_on(alice, gateway, "/open") == ([], None)
    for path in ("/ask/env/moved", "/ask/env/page.shtml"):  # inside the server to where nobody asks
        inner = alice.fetch(gateway.url + path)
        assert '"SSO_USER"' in inner.text and token not in inner.text
    assert token not in alice.fetch(gateway.url + "/.sso/session").text
    gateway.httpd.stop()
    for path in gateway.httpd.root.rglob("*"):  # at rest, in no file and no log
        assert not path.is_file() or token.encode() not in path.read_bytes(), path


def test_only_what_is_kept_is_handed_on(make_httpd, op, backend, alice, closing):
    """Of two providers one keeps access tokens; the person comes by the other."""
    host = make_httpd(fake_time=True).host("app.example.test", tls=True)
    host.httpd.need("proxy_http")
    host.add("ProxyPass /ask/ %s/" % backend.url)
    protect(host, "/ask", "SSO op keeper\nSSOAccessToken header")
    keeper = closing(Op())
    keeper.secret = "a secret of the keeper's own"
    oidc(host, keeper, name="keeper", extra=KEEP)
    connect(host, op)
    sign_in(alice, host, "op")
    assert sites.header(alice.fetch(host.url + "/ask/x"), "X-SSO-Access-Token") == []


def test_an_expired_access_token_is_not_handed_on(gateway, op, alice):
    connect(gateway, op, refresh="", extra=KEEP)
    sign_in(alice, gateway, "op")
    later(gateway, op, 59)
    assert handed_on(alice, gateway)[1]
    later(gateway, op, 2)
    assert handed_on(alice, gateway) == ([], None)


def test_an_access_token_that_does_not_say_when_it_expires(gateway, op, alice):
    op.expires_in = None
    connect(gateway, op, refresh="", extra=KEEP)
    sign_in(alice, gateway, "op")
    later(gateway, op, 3000)
    assert handed_on(alice, gateway)[1] == list(op.tokens)[0]


def test_an_access_token_is_renewed_before_it_expires(gateway, op, alice):
    """However seldom SSOOidcRefresh asks for it."""
    op.expires_in = 300
    connect(gateway, op, refresh="SSOOidcRefresh 4h", extra=KEEP)
    sign_in(alice, gateway, "op")
    later(gateway, op, 190)
    assert handed_on(alice, gateway)[1] == list(op.tokens)[0] and not op.refreshed
    later(gateway, op, 11)
    assert handed_on(alice, gateway)[1]
    assert gateway.httpd.log.wait(CONFIRMED)
    assert handed_on(alice, gateway) == ([list(op.tokens)[1]], list(op.tokens)[1])


def test_an_access_token_stays_good_between_requests(gateway, op, alice):
    """Nobody asks for anything, and the next request has one that is good."""
    op.expires_in = 300
    connect(gateway, op, refresh="SSOOidcRefresh 4h", extra=KEEP)
    sign_in(alice, gateway, "op")
    for n in (1, 2, 3):
        later(gateway, op, 201)
        assert gateway.httpd.log.wait(CONFIRMED, n)
    assert handed_on(alice, gateway)[1] == list(op.tokens)[3]


def test_a_renewal_is_no_use_of_a_session(gateway, op, alice):
    op.expires_in = 300
    connect(gateway, op, refresh="SSOOidcRefresh 4h", extra=KEEP + "\nSSOSessionIdle 10m")
    sign_in(alice, gateway, "op")
    for n in (1, 2):
        later(gateway, op, 201)
        assert gateway.httpd.log.wait(CONFIRMED, n)
    later(gateway, op, 250)
    assert user_of(alice, gateway) is None


def test_a_refresh_token_is_not_handed_on(gateway, op, alice):
    connect(gateway, op, extra=KEEP)
    sign_in(alice, gateway, "op")
    given = list(op.grants)[0]
    for path in ("/ask/http/x", "/ask/cgi/env.cgi", "/.sso/session"):
        assert given not in alice.fetch(gateway.url + path).text
    gateway.httpd.stop()
    for path in gateway.httpd.root.rglob("*"):
        assert not path.is_file() or given.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("token", ["x" * 6145, "a b", "a\r\nX-SSO-User: root", "Ä"])
def test_an_access_token_that_is_none(gateway, op, alice, token):
    op.token_answer = lambda answer: {**answer, "access_token": token}
    op.id_token = lambda claims: {**claims, "at_hash": None}
    connect(gateway, op, refresh="", extra=KEEP + "\nSSOOidcUserinfo off")
    gateway.httpd.expect_log("provider op: its access token is not kept: ")
    sign_in(alice, gateway, "op")
    assert handed_on(alice, gateway) == ([], None)


# -- the configuration

MISTAKES = {
    "SSOOidcRefresh 10": "unit",
    "SSOOidcRefresh off 10m": "'off' stands alone",
    "SSOOidcRefresh 10m forever": "'forever' is not known here",
    "SSOOidcRefresh 10m unconfirmed=15m": "'15m' is less than twice as long as the time in front",
    "SSOOidcRefresh 10m revoked=maybe": "revoked=maybe: write end or keep",
    "SSOOidcRefresh 0s": "SSOOidcRefresh: ",
    "SSOOidcAccessToken header": "neither on nor off",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_mistakes(httpd, op, line):
    oidc(httpd.host("app.example.test", tls=True), op, extra=line)
    done = httpd.configtest()
    assert not done.ok and MISTAKES[line] in done.output


def test_what_to_enter_at_the_provider(httpd, op, browser):
    """The setup page, and ssoctl show, which says the same."""
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, name="plain")
    oidc(host, op, name="asking", extra="SSOOidcRefresh 10m")
    oidc(host, op, name="offline", extra="SSOOidcRefresh 10m\nSSOOidcScope openid offline_access")
    httpd.start()
    said = {x: browser.open("%s/.sso/%s/setup" % (host.url, x)).text
            for x in ("plain", "asking", "offline")}
    assert ["Authorization Code, Refresh Token" in x for x in said.values()] == [False, True, True]
    assert ["only for offline_access" in x for x in said.values()] == [False, True, False]


def test_nobody_keeps_what_a_place_asks_for(httpd, op):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op)
    protect(host, lines="SSO op\nSSOAccessToken header")
    done = httpd.configtest()
    assert not done.ok and "write SSOOidcAccessToken on in its <SSOProvider>" in done.output


def test_a_tenant_cannot_ask(make_httpd, op, alice):
    """What .htaccess may say ends before the person's access token."""
    host = make_httpd().host("app.example.test", tls=True)
    host.add('<Directory "%s/app">\nAllowOverride AuthConfig\n</Directory>' % host.docroot)
    host.page("/app/x.html", "inside")
    host.page("/app/.htaccess", "SSO op\nSSOAccessToken env\n")
    host.httpd.expect_log("SSOAccessToken not allowed here")
    connect(host, op, extra=KEEP)
    sign_in(alice, host, "op")
    assert alice.fetch(host.url + "/app/x.html").status == 500
