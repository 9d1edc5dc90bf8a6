"""SSOAssertion: a signed identity for backends, verified here by a library that is not ours (PyJWT)."""
import json
import os
import re
import subprocess
import threading
import time

import jwt
import pytest

from lib import oidc_op, sites
from lib.browser import connect, exchange
from lib.httpd import BUILD
from lib.recipes import members, oidc, peer, protect, saml, sign_in, ssoctl
from lib.saml_idp import SamlIdp
from lib.sites import header
from test_headers import FORGED, HOP_BY_HOP, identity
from test_sync import Sync

SPELLINGS = ["X-SSO-Assertion", "x-sso-assertion", "X_SSO_Assertion", "X-SSO_ASSERTION",
             "X.SSO.Assertion", "X~SSO-Assertion"]


def proxied(host, backend, path, lines):
    """A place that leads to the backend."""
    host.httpd.need("proxy_http")
    host.add("ProxyPass %s/ %s/" % (path, backend.url))
    protect(host, path, lines)
    return host


@pytest.fixture
def gateway(app, backend):
    """/app is for the site itself, /api for an audience of its own, /plain has no assertion."""
    proxied(app, backend, "/app", "SSO members\nSSOAssertion on")
    proxied(app, backend, "/api", "SSO members\nSSOAssertion on aud=https://api.example.test")
    proxied(app, backend, "/plain", "SSO members")
    proxied(app, backend, "/open", "SSO members\nSSOMode optional\nSSOAssertion on")
    return app


def signed_in(browser, host, name="members"):
    sign_in(browser, host, name)
    return [("Cookie", browser.jar.header(host.url))]


def token_at(host, path, headers):
    """The assertion that the backend sees; None without one."""
    page = exchange("GET", host.url + path + "/x", headers)
    assert page.status == 200, repr(page)
    [token] = header(page, "X-SSO-Assertion") or [None]
    return token


def key_set(host):
    page = exchange("GET", host.url + "/.sso/jwks.json")
    assert page.status == 200, repr(page)
    return jwt.PyJWKSet.from_dict(page.json()), page


def verify(token, keys, audience, issuer, **options):
    """What PyJWT says of it, as a backend in earnest would ask."""
    head = jwt.get_unverified_header(token)
    assert head["typ"] == "sso+jwt" and set(head) == {"alg", "typ", "kid"}
    key = {k.key_id: k for k in keys.keys}[head["kid"]]
    return jwt.decode(token, key.key, algorithms=["ES256", "EdDSA"], audience=audience,
                      issuer=issuer, options={"require": ["exp", "iat", "aud", "iss", "sub", "jti"],
                                              **options})


def claims_at(host, path, headers, audience=None, **options):
    return verify(token_at(host, path, headers), key_set(host)[0], audience or host.url, host.url,
                  **options)


# -- what is in it

def test_a_signed_token_session(gateway, alice):
    gateway.httpd.start()
    cookie = signed_in(alice, gateway)
    claims = claims_at(gateway, "/app", cookie)
    assert abs(claims["iat"] - time.time()) < 20 and claims["exp"] == claims["iat"] + 60
    assert {k: v for k, v in claims.items() if k not in ("iat", "exp", "jti", "sid")} == {
        "iss": gateway.url, "aud": gateway.url, "sub": "hmac:members!alice", "realm": "hmac:members",
        "provider": "members", "preferred_username": "alice", "name": "Alice Ärmel",
        "email": "alice@example.org", "roles": ["staff", "admins"]}
    assert len(claims["jti"]) == 32 and len(claims["sid"]) == 16
    assert claims["sid"] not in cookie[0][1]
    seen = identity(exchange("GET", gateway.url + "/app/x", cookie))
    assert len(seen["x-sso-assertion"]) == 1 and seen["x-sso-user"] == ["alice"]
    assert seen["x-sso-session"] == [claims["sid"]]


def test_a_saml_session(httpd, backend, closing, alice):
    host = httpd.host("app.example.test", tls=True)
    idp = closing(SamlIdp())
    saml(host, idp)
    proxied(host, backend, "/app", "SSO corp\nSSOAssertion on")
    httpd.start()
    claims = claims_at(host, "/app", signed_in(alice, host, "corp"))
    assert claims["realm"].startswith("saml:") and claims["sub"].startswith(claims["realm"] + "!")
    assert claims["provider"] == "corp" and claims["email"] == "alice@example.org"
    assert claims["acr"].startswith("urn:oasis:") and abs(claims["auth_time"] - time.time()) < 60


def test_an_openid_session(httpd, backend, closing, alice):
    op = closing(oidc_op.Op())
    op.people["alice"]["amr"], op.id_token_has = ["pwd", "otp"], ["amr"]
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOAttribute amr amr")
    proxied(host, backend, "/app", "SSO op\nSSOAssertion on")
    httpd.start()
    claims = claims_at(host, "/app", signed_in(alice, host, "op"))
    assert claims["sub"] == "oidc:%s!%s" % (op.issuer, "248289761001")
    assert claims["amr"] == ["pwd", "otp"] and claims["email_verified"] is True


def test_an_account_is_the_subject(gateway, alice):
    gateway.add("SSOAccounts on")
    gateway.httpd.start()
    cookie = signed_in(alice, gateway)
    account = alice.fetch(gateway.url + "/.sso/session").json()["attributes"]["account"]
    assert claims_at(gateway, "/app", cookie)["sub"] == account


def test_cgi_sees_it_as_a_header_only(app, alice):
    app.httpd.need("cgid", "alias")
    sites.cgi(app, "/cgi/env.cgi")
    app.add('ScriptAlias /app/ "%s/cgi/"' % app.docroot)
    protect(app, lines="SSO members\nSSOAssertion on")
    app.httpd.start()
    env = exchange("GET", app.url + "/app/env.cgi", signed_in(alice, app)).json()
    assert verify(env["HTTP_X_SSO_ASSERTION"], key_set(app)[0], app.url, app.url)["sub"]
    assert not [x for x in env if "ASSERTION" in x and x != "HTTP_X_SSO_ASSERTION"]


# -- for whom

def test_each_place_has_its_audience(gateway, alice):
    gateway.httpd.start()
    cookie = signed_in(alice, gateway)
    keys = key_set(gateway)[0]
    for _ in range(3):
        for path, audience in (("/app", gateway.url), ("/api", "https://api.example.test")):
            token = token_at(gateway, path, cookie)
            assert verify(token, keys, audience, gateway.url)["aud"] == audience
            with pytest.raises(jwt.InvalidAudienceError):
                verify(token, keys, "https://other.example.test", gateway.url)
    assert token_at(gateway, "/plain", cookie) is None


def test_nobody_has_none(gateway, alice):
    gateway.httpd.start()
    assert token_at(gateway, "/open", []) is None
    cookie = signed_in(alice, gateway)
    assert claims_at(gateway, "/open", cookie)["preferred_username"] == "alice"
    alice.open(gateway.url + "/.sso/logout")
    page = alice.fetch(gateway.url + "/.sso/logout")
    alice.submit(page.form(), None) if page.form() else None
    assert token_at(gateway, "/open", cookie) is None


def test_look_alikes_are_taken_out(gateway, alice):
    gateway.httpd.start()
    cookie = signed_in(alice, gateway)
    honest = token_at(gateway, "/app", cookie)
    for name in SPELLINGS:
        for path, headers in (("/open", []), ("/plain", cookie)):
            page = exchange("GET", gateway.url + path + "/x", headers + [(name, honest)])
            assert "x-sso-assertion" not in identity(page), name
        page = exchange("GET", gateway.url + "/app/x", cookie + [(name, "forged")])
        [seen] = identity(page)["x-sso-assertion"]
        assert verify(seen, key_set(gateway)[0], gateway.url, gateway.url)
    for value in ("X-SSO-Assertion", "close, x_sso_assertion"):
        assert token_at(gateway, "/app", cookie + [("Connection", value)])


@pytest.fixture
def parts(app):
    """Pages of /app (an assertion) and /mixed (none) include /plain and /api (another one)."""
    app.httpd.need("include", "cgid", "alias")
    sites.cgi(app, "/cgi/env.cgi")
    app.add('ScriptAlias /api/ "%s/cgi/"\nScriptAlias /plain/ "%s/cgi/"\n'
            'LogFormat "%%U %%{X-SSO-Assertion}i" seen\nCustomLog logs/seen seen'
            % (app.docroot, app.docroot))
    ssi = "SSO members\nOptions +Includes\nAddOutputFilter INCLUDES .shtml\n"
    protect(app, "/app", ssi + "SSOAssertion on")
    protect(app, "/mixed", ssi)
    protect(app, "/api", "SSO members\nSSOAssertion on aud=https://api.example.test")
    protect(app, "/plain", "SSO members")
    text = "\n".join('<!--#include virtual="/%s/env.cgi" -->' % x for x in ("plain", "api", "plain"))
    for path in ("/app", "/mixed"):
        app.page(path + "/page.shtml", text)
    return app


@pytest.mark.parametrize("path", ["/app", "/mixed"])
def test_it_does_not_travel_between_parts_of_a_page(parts, alice, path):
    parts.httpd.start()
    page = exchange("GET", parts.url + path + "/page.shtml", signed_in(alice, parts))
    first, second, third = [json.loads(x) for x in page.text.split("\n") if x.strip()]
    assert not [x for x in [*first, *third] if "ASSERTION" in x]
    keys = key_set(parts)[0]
    assert verify(second["HTTP_X_SSO_ASSERTION"], keys, "https://api.example.test", parts.url)
    parts.httpd.stop()
    [line] = [x for x in (parts.httpd.root / "logs/seen").read_text().splitlines() if path in x]
    assert (line == path + "/page.shtml -") == (path == "/mixed")


def test_it_does_not_travel_along_a_redirect(parts, alice):
    """An error page inside the server, after a CGI script has had an assertion in its environment."""
    parts.page("/cgi/fail.cgi", "#!/bin/sh\nexit 1\n", 0o755)
    parts.add("ErrorDocument 500 /plain/env.cgi")
    parts.httpd.expect_log("End of script output before headers")
    parts.httpd.start()
    page = exchange("GET", parts.url + "/api/fail.cgi", signed_in(alice, parts))
    env = json.loads(page.text)
    assert env["REDIRECT_URL"] == "/api/fail.cgi" and not [x for x in env if "ASSERTION" in x]


# -- when it is signed

class OneChild:
    """Requests of one connection: one child answers them all."""

    def __init__(self, host, headers):
        self.connection, self.headers = connect(host.url), dict(headers, Host=host.url.split("//")[1])

    def token_at(self, path):
        self.connection.request("GET", path + "/x", headers=self.headers)
        seen = dict(json.loads(self.connection.getresponse().read())["headers"])
        return seen["X-SSO-Assertion"]


def test_it_is_signed_once_in_half_of_its_life(make_httpd, site, backend, alice):
    httpd = make_httpd(fake_time=True)
    httpd.add("KeepAliveTimeout 600")
    host = httpd.host("app.example.test", tls=True)
    members(host, site)
    for path in ("/app", "/api"):
        proxied(host, backend, path, "SSO members\nSSOAssertion on aud=urn:x" + path)
    httpd.start()
    child = OneChild(host, signed_in(alice, host))
    tokens = {p: {child.token_at(p) for _ in range(25)} for p in ("/app", "/api")}
    assert len(tokens["/app"]) == len(tokens["/api"]) == 1 and tokens["/app"] != tokens["/api"]
    httpd.advance(25)
    assert {child.token_at("/app")} == tokens["/app"]
    httpd.advance(10)
    later = child.token_at("/app")
    assert {later} != tokens["/app"] and child.token_at("/app") == later
    old = jwt.decode(tokens["/app"].pop(), options={"verify_signature": False})
    new = jwt.decode(later, options={"verify_signature": False})
    assert 30 <= new["iat"] - old["iat"] <= 60 and new["jti"] != old["jti"]


def test_each_child_signs_for_itself_and_no_request_does(gateway, alice):
    gateway.httpd.start()
    cookie = signed_in(alice, gateway)
    tokens = {token_at(gateway, "/app", cookie) for _ in range(60)}
    assert 1 <= len(tokens) <= 4  # ServerLimit


def test_many_threads_and_people(gateway, make_browser):
    gateway.httpd.start()
    people = {x: signed_in(make_browser(x), gateway) for x in ("alice", "bob")}
    keys, wrong = key_set(gateway)[0], []

    def ask(user):
        for i in range(25):
            path, audience = [("/app", gateway.url), ("/api", "https://api.example.test")][i % 2]
            claims = verify(token_at(gateway, path, people[user]), keys, audience, gateway.url)
            if claims["preferred_username"] != user:
                wrong.append(claims)

    threads = [threading.Thread(target=ask, args=(x,)) for x in people for _ in range(4)]
    [x.start() for x in threads]
    [x.join() for x in threads]
    assert not wrong


# -- nothing stale

def test_roles_are_live(httpd, site, backend, alice):
    host = httpd.host("app.example.test", tls=True)
    host.add("SSOAccounts on")
    members(host, site, extra="SSOHmacSync on")
    proxied(host, backend, "/app", "SSO members\nSSOAssertion on")
    httpd.add("KeepAliveTimeout 600")
    httpd.start()
    cookie, sync = signed_in(alice, host), Sync(host, site)
    child, keys = OneChild(host, cookie), key_set(host)[0]
    for roles in (["staff", "admins"], ["staff"], ["staff", "admins"]):
        assert sync.fresh(user_id="alice", roles=roles).status == 200
        assert verify(child.token_at("/app"), keys, host.url, host.url)["roles"] == roles
    assert sync.fresh(user_id="alice", banned=True).status == 200
    page = exchange("GET", host.url + "/app/x", cookie)
    assert page.status == 401


def test_what_does_not_fit_is_not_cut(gateway, site, alice):
    site.fields = lambda f: {**f, "roles": ["&" * 35 + str(i) for i in range(32)]}
    gateway.httpd.start()
    cookie = signed_in(alice, gateway)
    assert exchange("GET", gateway.url + "/plain/x", cookie).status == 200
    gateway.httpd.expect_fault("header_size")
    page = exchange("GET", gateway.url + "/app/x", cookie)
    assert page.status == 500 and page.fault == "header_size"


# -- keys

def keys_file(httpd):
    return httpd.state / "assertion.keys"


def rotate(httpd, *options, age=3600):
    """ssoctl assertion rotate, the file being that old."""
    then = time.time() - age
    os.utime(keys_file(httpd), (then, then))
    return subprocess.run([BUILD / "ssoctl", "assertion", "rotate", "--state", httpd.state, *options],
                          capture_output=True, text=True, timeout=30)


def kids(host):
    return [k.key_id for k in key_set(host)[0].keys]


def test_the_key_set(gateway, browser):
    gateway.httpd.start()
    keys, page = key_set(gateway)
    assert page.header("Cache-Control") == "public, max-age=300"
    assert page.header("Content-Type") == "application/json"
    assert len(keys.keys) == 2 and len(set(kids(gateway))) == 2
    for key in page.json()["keys"]:
        assert key["use"] == "sig" and key["alg"] == "ES256" and "d" not in key
    assert keys_file(gateway.httpd).stat().st_mode & 0o777 == 0o600
    before = kids(gateway)
    gateway.httpd.restart()
    assert kids(gateway) == before
    gateway.httpd.expect_fault("method")
    assert exchange("POST", gateway.url + "/.sso/jwks.json").status == 405


def test_there_is_no_key_set_where_nobody_signs_in(httpd, site):
    host = httpd.host("app.example.test", tls=True)
    members(host, site)
    asked = httpd.host("peer.example.test", like=host)
    peer(asked, "a-secret-for-the-forum-0123456789abcd", "https://forum.example.test/cb")
    plain = httpd.host("plain.example.test", like=host)
    httpd.start()
    httpd.expect_fault("not_found")
    assert exchange("GET", asked.url + "/.sso/jwks.json").fault == "not_found"
    page = exchange("GET", plain.url + "/.sso/jwks.json")
    assert page.status == 404 and not page.fault
    assert len(kids(host)) == 2


def test_no_provider_no_keys(httpd):
    httpd.host("app.example.test", tls=True)
    httpd.start()
    assert not keys_file(httpd).exists()


def test_rotation(gateway, alice):
    gateway.httpd.start()
    cookie = signed_in(alice, gateway)
    before, old_keys = token_at(gateway, "/app", cookie), key_set(gateway)[0]
    first, second = kids(gateway)
    done = rotate(gateway.httpd)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Now run: apachectl graceful. The next rotation: ten minutes after that at "
                                "the earliest.\n")
    assert first in done.stdout and second in done.stdout
    gateway.httpd.graceful()
    after = token_at(gateway, "/app", cookie)
    assert jwt.get_unverified_header(after)["kid"] == second
    current, third, previous = kids(gateway)
    assert (current, previous) == (second, first) and third not in (first, second)
    keys = key_set(gateway)[0]
    assert verify(before, keys, gateway.url, gateway.url)  # signed by the previous key
    assert verify(after, old_keys, gateway.url, gateway.url)  # and known before it signed
    text = keys_file(gateway.httpd).read_text()
    assert text.count("PRIVATE KEY") == 4 and text.count("BEGIN PUBLIC KEY") == 1
    assert keys_file(gateway.httpd).stat().st_mode & 0o777 == 0o600


def test_a_key_that_nobody_knows_yet_waits(gateway):
    gateway.httpd.start()
    before = keys_file(gateway.httpd).read_bytes()
    done = rotate(gateway.httpd, age=590)
    assert done.returncode == 1 and "backends may not know it yet" in done.stderr
    assert re.search(r"after httpd's restart .* ten minutes after that, at .* at the earliest", done.stderr)
    assert keys_file(gateway.httpd).read_bytes() == before
    assert rotate(gateway.httpd, age=601).returncode == 0


def test_stolen_keys_are_gone_at_once(gateway, alice):
    gateway.httpd.start()
    cookie = signed_in(alice, gateway)
    before, known = token_at(gateway, "/app", cookie), set(kids(gateway))
    assert rotate(gateway.httpd, "--revoke", age=0).returncode == 0
    gateway.httpd.graceful()
    assert len(kids(gateway)) == 2 and not known & set(kids(gateway))
    assert jwt.get_unverified_header(before)["kid"] not in kids(gateway)
    assert claims_at(gateway, "/app", cookie)


def test_eddsa_after_two_turns(gateway, alice):
    gateway.httpd.start()
    cookie = signed_in(alice, gateway)
    assert rotate(gateway.httpd, "--alg", "RS256").returncode == 1
    assert rotate(gateway.httpd, "--alg", "EdDSA").returncode == 0
    assert rotate(gateway.httpd).returncode == 0
    gateway.httpd.graceful()
    assert jwt.get_unverified_header(token_at(gateway, "/app", cookie))["alg"] == "EdDSA"
    assert claims_at(gateway, "/app", cookie)["preferred_username"] == "alice"


def test_keys_that_others_can_read_are_refused(gateway):
    gateway.httpd.start()
    gateway.httpd.stop()
    keys_file(gateway.httpd).chmod(0o640)
    done = gateway.httpd.configtest()
    assert not done.ok and 'run "chmod 600 %s"' % keys_file(gateway.httpd) in done.output
    keys_file(gateway.httpd).chmod(0o600)
    keys_file(gateway.httpd).write_text("-----BEGIN CERTIFICATE-----\n")
    done = gateway.httpd.configtest()
    assert not done.ok and "move it away, and it is made anew" in done.output


# -- what the admin may write, and is told

@pytest.mark.parametrize("line, says", [
    ("SSOAssertion yes", "'yes' is neither on nor off; write on, on aud=AUDIENCE, or off"),
    ("SSOAssertion off aud=x", "'aud=x' does not belong behind 'off'"),
    ("SSOAssertion on https://x", "'https://x' does not belong behind 'on'"),
    ("SSOAssertion on aud=", "'aud=' names no audience"),
    ("SSOAssertion on\nSSOAssertion off", "'off' does not belong behind 'on'"),
    ("SSOHeader X-SSO-Assertion email", "X-SSO-Assertion is what SSOAssertion sets"),
])
def test_lines_that_are_refused(app, line, says):
    protect(app, lines="SSO members\n" + line)
    done = app.httpd.configtest()
    assert not done.ok and says in done.output, done.output


def htaccess(host, backend, text, lines=""):
    """/t is a directory with a file of its own, and what is below it is the backend's."""
    host.httpd.need("proxy_http", "rewrite")
    host.page("/t/.htaccess", text + "\nRewriteEngine on\nRewriteRule (.*) %s/$1 [P]" % backend.url)
    host.add('<Directory "%s/t">\nAllowOverride AuthConfig FileInfo\n%s\n</Directory>'
             % (host.docroot, lines))


def test_htaccess_may_turn_it_on_and_off(app, backend, alice):
    htaccess(app, backend, "SSO members\nSSOAssertion on")
    app.httpd.start()
    cookie = signed_in(alice, app)
    assert claims_at(app, "/t", cookie)["aud"] == app.url
    app.page("/t/.htaccess", "SSO members\nSSOAssertion off\nRewriteEngine on\nRewriteRule (.*) %s/$1 [P]"
             % backend.url)
    assert token_at(app, "/t", cookie) is None


@pytest.mark.parametrize("outer", ["on", "off"])
def test_htaccess_does_not_choose_the_audience(app, backend, alice, outer):
    lines = "SSO members\nSSOAssertion on aud=https://api.example.test"
    if outer == "off":
        app.add('<Directory "%s">\n%s\n</Directory>' % (app.docroot, lines))
        lines = "SSOAssertion off"
    htaccess(app, backend, "SSOAssertion on", lines)
    app.httpd.start()
    cookie = signed_in(alice, app)
    assert claims_at(app, "/t", cookie, "https://api.example.test")
    app.page("/t/.htaccess", "SSOAssertion on aud=https://bank.example.test")
    app.httpd.expect_log("an .htaccess file cannot name an audience; write aud= in the server's")
    assert exchange("GET", app.url + "/t/x", cookie).status == 500


def test_the_admin_is_told(gateway):
    gateway.httpd.start()
    current, following = kids(gateway)
    shown = ssoctl(gateway.httpd, "show", "assertions").stdout
    assert shown.startswith("Signing assertions (ES256) at %s, defined in " % gateway.url)
    for text in ("keys      %s/.sso/jwks.json" % gateway.url, "aud       %s   (" % gateway.url,
                 "aud       https://api.example.test   (", "current   %s ES256" % current,
                 "next      " + following):
        assert text in shown
    checked = ssoctl(gateway.httpd, "check", "assertions").stdout
    assert "ok       assertions are signed with ES256, by the key " + current in checked
    then = time.time() - 400 * 86400
    os.utime(keys_file(gateway.httpd), (then, then))
    checked = ssoctl(gateway.httpd, "check", "assertions").stdout
    assert "note     assertions are signed" in checked and "-> run ssoctl assertion rotate" in checked


def test_before_the_first_start(gateway):
    assert "the keys of assertions are not there yet" in ssoctl(gateway.httpd, "check").stdout
    assert "Signing assertions (ES256)" in ssoctl(gateway.httpd, "show").stdout
    assert not keys_file(gateway.httpd).exists()
