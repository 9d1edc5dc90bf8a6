"""Logins by OpenID Connect against a provider that can be told to misbehave: the conformance modules
of relying parties, outages, and rules R1 to R27."""
import concurrent.futures
import copy
import json
import pathlib
import re
import threading
import time
import urllib.parse

import pytest

from lib import oidc_op
from lib.oidc_op import OUTAGES, Key, Op, b64, token, unb64
from lib.recipes import oidc, protect, sign_in, user_of


@pytest.fixture
def op(closing):
    return closing(Op())


@pytest.fixture
def app(httpd, op):
    """https://app.example.test with the provider `op`; nothing is protected yet."""
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op)
    return host


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, strict_parsing=True))


def login(browser, host, name="op"):
    return browser.open("%s/.sso/login?provider=%s&return=/.sso/session" % (host.url, name))


# -- the happy path

def test_a_whole_login(app, op, alice):
    protect(app, lines="SSO op")
    app.page("/app/x.html", "inside")
    app.httpd.start()
    page = alice.open(app.url + "/app/x.html?a=b")
    start, form, posted, answered, back, last = page.trace
    assert start.status == 302 and start.location.startswith(op.url + "/authorize?")
    assert [form.status, posted.status, answered.status, back.status] == [200, 302, 302, 303]
    assert back.location == app.url + "/app/x.html?a=b" and last.text == "inside"
    for hop in (start, back):  # R23
        assert hop.header("Cache-Control") == "no-store"
        assert hop.header("Referrer-Policy") == "no-referrer"
    ours = [p for p, _, _ in op.requests if p != "/authorize"]
    assert ours[0] == "/.well-known/openid-configuration"  # and again, by another child
    assert ours[-3:] == ["/token", "/jwks", "/userinfo"]


@pytest.mark.parametrize("mpm", ["prefork", "worker"])
def test_other_mpms(make_httpd, op, alice, mpm):
    httpd = make_httpd(mpm=mpm)
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op)
    httpd.start()
    assert sign_in(alice, host, "op")["attributes"]["name"] == "Alice Ärmel"


def test_the_request(app, op, browser):
    app.httpd.start()
    page = browser.step(app.url + "/.sso/login?provider=op&return=/x")
    query = query_of(page.location)
    assert set(query) == {"response_type", "client_id", "redirect_uri", "scope", "state", "nonce",
                          "code_challenge", "code_challenge_method"}
    assert query["response_type"] == "code" and query["scope"] == "openid profile email"
    assert query["redirect_uri"] == app.url + "/.sso/op/callback"
    assert re.fullmatch("[0-9a-f]{32}", query["state"])
    assert re.fullmatch("[0-9a-f]{32}", query["nonce"])
    assert re.fullmatch("[A-Za-z0-9_-]{43}", query["code_challenge"])
    again = query_of(browser.step(app.url + "/.sso/login?provider=op&return=/x").location)
    for name in ("state", "nonce", "code_challenge"):
        assert query[name] != again[name]


def test_claims_become_attributes(app, op, alice):
    op.id_token_has = ["groups"]
    app.httpd.start()
    session = sign_in(alice, app, "op")
    assert session["issuer"] == op.issuer
    attributes = session["attributes"]
    assert attributes["user"] == "248289761001"
    assert attributes["email"] == "alice@example.org" and attributes["name"] == "Alice Ärmel"
    assert attributes["groups"] == "staff,admins" and attributes["username"] == "alice"


def test_an_unverified_address_is_not_the_email(httpd, op, bob):  # R13
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOAttribute mail unverified_email")
    httpd.start()
    attributes = sign_in(bob, host, "op")["attributes"]
    assert "email" not in attributes and attributes["mail"] == "bob@example.org"
    assert httpd.log.find("SSOOidcAllow unverified-email believes it")


def test_an_unverified_address_can_be_believed(httpd, op, bob):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcAllow unverified-email\nSSOUserAttribute email")
    httpd.expect_log("SSOOidcAllow loosens checks: unverified-email")
    httpd.start()
    assert sign_in(bob, host, "op")["attributes"]["user"] == "bob@example.org"


def test_nested_claims(httpd, op, alice):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcScope address\nSSOAttribute city address.locality")
    httpd.start()
    assert sign_in(alice, host, "op")["attributes"]["city"] == "Wien"


def test_without_userinfo(httpd, op, alice):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcUserinfo off")
    op.id_token_has = ["name"]
    httpd.start()
    assert sign_in(alice, host, "op")["attributes"]["name"] == "Alice Ärmel"
    assert not op.asked("/userinfo")


def test_form_post(httpd, op, alice):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcResponseMode form_post")
    httpd.start()
    page = login(alice, host)
    assert page.json()["attributes"]["name"] == "Alice Ärmel"
    assert query_of(page.trace[0].location)["response_mode"] == "form_post"
    posted = [x for x in page.trace if x.method == "POST" and x.url.endswith("/callback")]
    assert len(posted) == 1 and posted[0].status == 303 and b"code=" in posted[0].sent


def test_explicit_endpoints(httpd, op, alice):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcEndpoints authorization=%s/authorize token=%s/token jwks=%s/jwks"
         % (op.url, op.url, op.url))
    op.id_token_has = ["name"]
    httpd.start()
    assert sign_in(alice, host, "op")["attributes"]["name"] == "Alice Ärmel"
    assert not op.asked("/.well-known/openid-configuration") and not op.asked("/userinfo")


# -- the client

@pytest.mark.parametrize("method, line", [
    ("client_secret_basic", ""),
    ("client_secret_post", ""),  # chosen by what the provider lists
    ("client_secret_post", "SSOOidcClientAuth client_secret_post"),
    ("private_key_jwt", "SSOOidcClientAuth private_key_jwt\nSSOOidcKey %s"),
    ("none", "SSOOidcClientAuth none"),
])
def test_client_authentication(httpd, op, alice, method, line):
    from lib import pki
    from lib.browser import exchange
    host = httpd.host("app.example.test", tls=True)
    if "%s" in line:
        line %= httpd.file("conf/client.key", pki.pair("sp").key_pem, 0o600)
    oidc(host, op, extra=line)
    op.methods = [method]
    op.client_keys = lambda: exchange("GET", host.url + "/.sso/op/jwks").json()
    httpd.start()
    assert sign_in(alice, host, "op")["attributes"]["name"] == "Alice Ärmel"
    headers, fields = op.asked("/token")[0]
    assert ("Authorization" in headers) == (method == "client_secret_basic")
    assert op.secret not in fields.get("client_id", "")


def test_a_wrong_secret(httpd, op, alice):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op)
    op.secret = "another"
    httpd.start()
    httpd.expect_fault("oidc_client")
    page = login(alice, host)
    assert page.status == 500 and page.fault == "oidc_client"
    assert "s3cr3t" not in httpd.log.text() and "another" not in httpd.log.text()


def test_pkce_off(httpd, op, alice):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcPKCE off")
    op.needs_pkce = False
    httpd.start()
    assert "code_challenge" not in login(alice, host).trace[0].location
    assert "code_verifier" not in op.asked("/token")[0][1]


def test_no_pkce_where_the_provider_lists_none(app, op, alice):
    op.needs_pkce = False
    op.discovery = lambda d: {**d, "code_challenge_methods_supported": ["plain"]}
    app.httpd.start()
    assert "code_challenge" not in login(alice, app).trace[0].location


# -- conformance: what relying parties must refuse (rules R4, R7, R8, R9, R12)

def without(*names):
    return lambda claims: {k: v for k, v in claims.items() if k not in names}


def having(**more):
    return lambda claims: {**claims, **more}


def claims_in(text):
    """What a signed token says."""
    return json.loads(unb64(text.split(".")[1]))


NOW = int(time.time())

MODULES = {  # name: (hook, change, fault)
    "invalid-iss": ("id_token", having(iss="https://evil.example"), "oidc_issuer:token"),
    "missing-iss": ("id_token", without("iss"), "oidc_issuer:token"),
    "missing-sub": ("id_token", without("sub"), "oidc_claim:sub"),
    "empty-sub": ("id_token", having(sub=""), "oidc_claim:sub"),
    "numeric-sub": ("id_token", having(sub=1), "oidc_claim:sub"),
    "long-sub": ("id_token", having(sub="x" * 256), "oidc_claim:sub"),
    "invalid-aud": ("id_token", having(aud="client-11"), "oidc_audience:aud"),
    "missing-aud": ("id_token", without("aud"), "oidc_audience:aud"),
    "aud-of-others": ("id_token", having(aud=["a", "b"]), "oidc_audience:aud"),
    "aud-without-azp": ("id_token", having(aud=["client-1", "b"]), "oidc_audience:azp"),
    "aud-with-azp": ("id_token", having(aud=["client-1", "b"], azp="client-1"),
                     "oidc_audience:more"),
    "wrong-azp": ("id_token", having(azp="b"), "oidc_audience:azp"),
    "missing-iat": ("id_token", without("iat"), "oidc_claim:iat"),
    "old-iat": ("id_token", having(iat=NOW - 3600), "oidc_time:iat"),
    "future-iat": ("id_token", having(iat=NOW + 3600), "oidc_time:iat"),
    "missing-exp": ("id_token", without("exp"), "oidc_claim:exp"),
    "expired": ("id_token", having(exp=NOW - 120), "oidc_time:exp"),
    "exp-as-text": ("id_token", having(exp=str(NOW + 300)), "oidc_claim:exp"),
    "exp-1e300": ("id_token", having(exp=1e300), "oidc_claim:exp"),
    "exp-negative": ("id_token", having(exp=-1), "oidc_claim:exp"),
    "exp-huge": ("id_token", having(exp=2 ** 60), "oidc_claim:exp"),
    "nbf-in-the-future": ("id_token", having(nbf=NOW + 3600), "oidc_time:nbf"),
    "nonce-invalid": ("id_token", lambda c: {**c, "nonce": c["nonce"] + "1"}, "oidc_nonce"),
    "nonce-missing": ("id_token", without("nonce"), "oidc_claim:nonce"),
    "invalid-athash": ("id_token", having(at_hash=b64(b"x" * 16)), "oidc_hash:at_hash"),
    "invalid-chash": ("id_token", having(c_hash=b64(b"x" * 16)), "oidc_hash:c_hash"),
    "idtoken-sig-none": ("header", having(alg="none", kid=None), "jwt_alg"),
    "idtoken-sig-hs256": ("header", having(alg="HS256"), "jwt_alg"),
    "invalid-sig-es256": ("spoil", lambda t: token(Key("key-1", "ES256"), claims_in(t)), "jwt_key"),
    "not-an-id-token": ("header", having(typ="at+jwt"), "jwt_header:typ"),
    "crit": ("header", having(crit=["x"], x=1), "jwt_header:crit"),
    "unknown-kid": ("header", having(kid="another"), "jwt_key"),
    "other-alg-than-the-key": ("header", having(alg="PS256"), "jwt_key"),
    "embedded-key": ("header", having(kid=None, jwk=Key("evil", "ES256").jwk(), alg="ES256"),
                     "jwt_key"),
    "invalid-sig": ("spoil", lambda t: t[:-8] + ("A" * 8), "jwt_signature"),
    "cut-signature": ("spoil", lambda t: t.rpartition(".")[0] + ".", "jwt_signature"),
    "padded": ("spoil", lambda t: t + "==", "jwt_form:base64"),
    "two-parts": ("spoil", lambda t: t.rpartition(".")[0], "jwt_form:parts"),
    "five-parts": ("spoil", lambda t: t + ".a.b", "jwt_form:parts"),
    "too-large": ("spoil", lambda t: "A" * 70000 + t, "jwt_form:size"),
    "id-token-missing": ("token_answer", without("id_token"), "oidc_answer:id_token"),
    "id-token-null": ("token_answer", having(id_token=None), "oidc_answer:id_token"),
    "access-token-missing": ("token_answer", without("access_token"), "oidc_answer:access_token"),
    "token-type-missing": ("token_answer", without("token_type"), "oidc_answer:token_type"),
    "token-type-mac": ("token_answer", having(token_type="mac"), "oidc_answer:token_type"),
    "error-with-200": ("token_answer", having(error="server_error"), "oidc_answer:error"),
    "duplicate-members": ("token_answer", lambda a: '{"error":1,"error":2}', "oidc_answer:json"),
    "response-iss-wrong": ("authorization", having(iss="https://evil.example"),
                           "oidc_issuer:response"),  # R5
    "response-iss-missing": ("authorization", without("iss"), "oidc_issuer:response"),
    "code-missing": ("authorization", without("code"), "param_missing:code"),
    "code-empty": ("authorization", having(code=""), "param_missing:code"),
    "code-wrong": ("authorization", having(code="wrong"), "oidc_code"),
    "access-denied": ("authorization", having(code=None, error="access_denied"), "oidc_denied"),
    "login-required": ("authorization", having(code=None, error="login_required"),
                       "status_passive"),
    "invalid-scope": ("authorization", having(code=None, error="invalid_scope"), "oidc_request"),
    "server-error": ("authorization", having(code=None, error="server_error"), "oidc_provider"),
}


@pytest.mark.parametrize("hook", ["id_token", "header", "spoil", "token_answer", "authorization"])
def test_refused(app, op, make_browser, hook):
    app.httpd.start()
    for module, (where, change, fault) in MODULES.items():
        if where != hook:
            continue
        browser = make_browser("alice")
        setattr(op, hook, change)
        app.httpd.expect_log(r"SSO: %s: " % re.escape(fault))
        page = login(browser, app)
        assert page.fault == fault, "%s: %r" % (module, page)
        assert page.status >= 400 and user_of(browser, app) is None, module
        assert len([x for x in page.trace if "/authorize" in x.url]) <= 3, module  # no loop
    assert not op.asked("/userinfo")  # 6.3: a bad token leads to no userinfo request


def test_refused_by_form_post(httpd, op, make_browser):
    """The same when the answer is posted; also the error login_required, which is no loop."""
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcResponseMode form_post")
    httpd.start()
    for module, (hook, change, fault) in MODULES.items():
        before, browser = getattr(op, hook), make_browser("alice")
        setattr(op, hook, change)
        httpd.expect_log(r"SSO: %s: " % re.escape(fault))
        page = login(browser, host)
        assert page.fault == fault and page.method == "POST", "%s: %r" % (module, page)
        assert user_of(browser, host) is None, module
        setattr(op, hook, before)
    assert not op.asked("/userinfo")


@pytest.mark.parametrize("change, fault", [
    (having(sub="somebody else"), "oidc_subject"),
    (without("sub"), "oidc_claim:sub"),
    (lambda c: "[]", "jwt_form:parts"),
    (lambda c: token(Key("evil"), c), "jwt_key"),
])
def test_userinfo_refused(app, op, alice, change, fault):
    op.userinfo = change
    app.httpd.start()
    app.httpd.expect_log("SSO: %s: " % fault)
    page = login(alice, app)
    assert page.fault == fault and user_of(alice, app) is None
    assert op.asked("/userinfo")


ACCEPTED = {
    "kid-absent-single-jwks": ("header", having(kid=None)),
    "aud-as-array": ("id_token", having(aud=["client-1"])),
    "azp-is-us": ("id_token", having(azp="client-1")),
    "typ-jwt": ("header", having(typ="JWT")),
    "at-hash-missing": ("id_token", without("at_hash")),
    "unknown-claims": ("id_token", having(x={"y": [1, None, {}]}, z=1.5)),
    "token-type-case": ("token_answer", having(token_type="bEARER")),
    "no-expires-in": ("token_answer", without("expires_in")),
    "signed-within-a-minute": ("id_token", having(iat=NOW + 30)),
}


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_accepted(httpd, op, make_browser, mode):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcResponseMode " + mode)
    httpd.start()
    for module, (hook, change) in ACCEPTED.items():
        before = getattr(op, hook)
        setattr(op, hook, change)
        page = login(make_browser("alice"), host)
        assert page.status == 200, "%s: %r" % (module, page)
        assert page.json()["attributes"]["name"] == "Alice Ärmel", module
        setattr(op, hook, before)


def test_kid_absent_multiple_jwks(app, op, alice):
    op.keys = [Key("b"), op.key]
    op.header = having(kid=None)
    app.httpd.start()
    sign_in(alice, app, "op")


def test_es256(app, op, alice):
    op.key = Key("ec", "ES256")
    op.keys = [op.key]
    app.httpd.start()
    sign_in(alice, app, "op")


def test_signed_userinfo(app, op, alice):
    op.userinfo = lambda c: token(op.key, {**c, "iss": op.issuer, "aud": op.client_id})
    app.httpd.start()
    assert sign_in(alice, app, "op")["attributes"]["name"] == "Alice Ärmel"


def test_signed_userinfo_for_others(app, op, alice):
    op.userinfo = lambda c: token(op.key, {**c, "iss": op.issuer, "aud": "another"})
    app.httpd.start()
    app.httpd.expect_fault("oidc_audience")
    assert login(alice, app).fault == "oidc_audience:aud"


def test_more_audiences(httpd, op, alice):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcAllow more-audiences")
    op.id_token = having(aud=["client-1", "b"], azp="client-1")
    httpd.expect_log("SSOOidcAllow loosens checks: more-audiences")
    httpd.start()
    sign_in(alice, host, "op")


def test_max_age(httpd, op, alice, bob):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcMaxAge 10m")
    httpd.start()
    assert query_of(login(alice, host).trace[0].location)["max_age"] == "600"
    op.id_token = having(auth_time=int(time.time()) - 700)
    httpd.expect_fault("oidc_auth_time")
    assert login(bob, host).fault == "oidc_auth_time"


def test_max_age_without_auth_time(httpd, op, alice):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcMaxAge 10m")
    op.id_token = without("auth_time")
    httpd.start()
    httpd.expect_fault("oidc_claim")
    assert login(alice, host).fault == "oidc_claim:auth_time"


def test_acr(httpd, op, alice, bob):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcAcr urn:example:mfa urn:example:pwd")
    httpd.start()
    page = login(alice, host)
    assert query_of(page.trace[0].location)["acr_values"] == "urn:example:mfa urn:example:pwd"
    op.id_token = having(acr="0")
    httpd.expect_fault("oidc_acr")
    assert login(bob, host).fault == "oidc_acr"


# -- the configuration of the provider

DOCUMENTS = {
    "issuer-mismatch": (lambda d: {**d, "issuer": d["issuer"] + "INVALID"}, "issuer"),
    "issuer-with-slash": (lambda d: {**d, "issuer": d["issuer"] + "/"}, "issuer"),
    "issuer-missing": (without("issuer"), "issuer"),
    "no-token-endpoint": (without("token_endpoint"), "token_endpoint"),
    "no-jwks-uri": (without("jwks_uri"), "jwks_uri"),
    "plain-http": (having(token_endpoint="http://op.example/token"), "token_endpoint"),
    "another-scheme": (having(jwks_uri="file:///etc/passwd"), "jwks_uri"),
    "not-a-text": (having(authorization_endpoint=7), "authorization_endpoint"),
    "not-json": (lambda d: "{", "json"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_discovery_refused(app, op, browser, name):
    change, about = DOCUMENTS[name]
    op.discovery = change
    app.httpd.start()
    app.httpd.expect_log("SSO: oidc_discovery:%s: " % about)
    page = browser.open(app.url + "/.sso/login?provider=op")
    assert page.status == 502 and page.fault == "oidc_discovery:" + about
    assert not op.asked("/authorize")


@pytest.mark.parametrize("change, about", [
    (lambda k: "<html>", "json"), (lambda k: {}, "keys"), (lambda k: {"keys": []}, "empty"),
    (lambda k: {"keys": [{"kty": "oct", "k": "AAAA"}]}, "empty"),
    (lambda k: {"keys": k["keys"] * 65}, "keys"),
])
def test_key_sets_refused(app, op, alice, change, about):
    op.jwks = change
    app.httpd.start()
    app.httpd.expect_log("SSO: jwks:%s: " % about)
    assert login(alice, app).fault == "jwks:" + about


def test_discovery_jwks_uri_keys(app, op, alice):
    """The keys are where the document says, wherever that is."""
    where = "/keys-%d" % time.monotonic_ns()
    op.discovery = lambda d: {**d, "jwks_uri": op.url + where}
    op.paths[where] = "/jwks"
    app.httpd.start()
    sign_in(alice, app, "op")
    assert op.asked("/jwks")


def test_scope_userinfo_claims(httpd, op, alice):
    """What each scope brings (Core, section 5.4), from userinfo."""
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcScope openid profile email address phone\n"
         "SSOAttribute city address.locality\nSSOAttribute phone phone_number\n"
         "SSOAttribute phone_verified phone_number_verified")
    op.userinfo = lambda c: {**c, "phone_number": "+43 1 234", "phone_number_verified": True}
    httpd.start()
    got = sign_in(alice, host, "op")["attributes"]
    assert op.asked("/authorize")[0][1]["scope"] == "openid profile email address phone"
    assert (got["name"], got["email"]) == ("Alice Ärmel", "alice@example.org")
    assert (got["city"], got["phone"], got["phone_verified"]) == ("Wien", "+43 1 234", "true")


def one_child(httpd):
    """What a child has learned, the next request finds."""
    httpd.add("StartServers 1\nServerLimit 1\nMaxRequestWorkers 8\n"
              "MinSpareThreads 1\nMaxSpareThreads 9")


def test_signing_key_rotation(app, op, alice, bob):
    one_child(app.httpd)
    app.httpd.start()
    sign_in(alice, app, "op")
    op.key = Key("key-2")
    op.keys = [op.key]
    sign_in(bob, app, "op")
    assert len(op.asked("/jwks")) == 2


def test_signing_key_rotation_just_before_signing(app, op, alice, bob):
    """The keys change between the request of this login and its ID token."""
    one_child(app.httpd)
    app.httpd.start()
    sign_in(alice, app, "op")

    def rotate(claims):
        op.key = Key("key-3")
        op.keys = [op.key]
        return claims
    op.id_token = rotate
    sign_in(bob, app, "op")


def test_rotation_without_kid(app, op, alice, bob):
    one_child(app.httpd)
    op.header = having(kid=None)
    op.jwks = lambda s: {"keys": [{k: v for k, v in x.items() if k != "kid"} for x in s["keys"]]}
    app.httpd.start()
    sign_in(alice, app, "op")
    op.key = Key("key-4")
    op.keys = [op.key]
    sign_in(bob, app, "op")


def test_unknown_keys_are_asked_for_once_a_minute(make_httpd, op, make_browser):  # R7
    httpd = make_httpd()
    one_child(httpd)
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op)
    op.header = having(kid="another")
    httpd.start()
    httpd.expect_fault("jwt_key")
    for _ in range(4):
        assert login(make_browser("alice"), host).fault == "jwt_key"
    assert len(op.asked("/jwks")) == 2  # the first of all, and one for the unknown key


# -- state

def test_reload_of_the_answer(app, op, alice):
    """The code is not sent again (R27), and the person stays where they are."""
    app.page("/x.html", "the page")
    app.httpd.start()
    page = alice.open(app.url + "/.sso/login?provider=op&return=/x.html")
    answer = page.trace[-2].url
    before = alice.jar.get(app.url, "__Host-sso").value
    again = alice.open(answer)
    assert again.text == "the page" and len(op.asked("/token")) == 1
    assert alice.jar.get(app.url, "__Host-sso").value == before


def test_a_spent_state_is_refused(app, op, alice):  # R2
    app.httpd.start()
    page = login(alice, app)
    answer = page.trace[-2].url
    flow = alice.jar.header(answer, False, True, "GET")
    form = alice.open(app.url + "/.sso/logout").form()
    if form:
        alice.submit(form)
    assert user_of(alice, app) is None
    app.httpd.expect_fault("state_used")
    assert alice.step(answer, headers=[("Cookie", flow)]).fault == "state_used"
    assert len(op.asked("/token")) == 1


def test_the_answer_is_worth_nothing_in_another_browser(app, op, alice, bob):  # R2
    app.httpd.start()
    first = alice.step(app.url + "/.sso/login?provider=op")
    answer = op.answer_url(query_of(first.location), "alice")
    app.httpd.expect_fault("state_missing")
    assert bob.step(answer).fault == "state_missing"
    bob.step(app.url + "/.sso/login?provider=op")
    app.httpd.expect_fault("oidc_state")
    assert bob.step(answer).fault == "oidc_state"
    assert not op.asked("/token") and user_of(bob, app) is None


def test_a_code_of_another_login(app, op, alice, bob):
    """Code injection (R4): bob's code with alice's state."""
    app.httpd.start()
    his = query_of(bob.step(app.url + "/.sso/login?provider=op").location)
    hers = query_of(alice.step(app.url + "/.sso/login?provider=op").location)
    code = query_of(op.answer_url(his, "bob"))["code"]
    app.httpd.expect_fault("oidc_code")
    page = alice.step(app.url + "/.sso/op/callback?" + urllib.parse.urlencode(
        {"code": code, "state": hers["state"], "iss": op.issuer}))
    assert page.fault == "oidc_code" and user_of(alice, app) is None


def test_a_login_takes_ten_minutes_at_most(make_httpd, op, alice):
    httpd = make_httpd(fake_time=True)
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op)
    httpd.start()
    first = alice.step(host.url + "/.sso/login?provider=op")
    httpd.advance(660)
    httpd.expect_fault("state_expired")
    assert alice.step(op.answer_url(query_of(first.location), "alice")).fault == "state_expired"
    assert not op.asked("/token")


@pytest.mark.parametrize("query, fault", [
    ("", "param_missing:state"), ("code=x", "param_missing:state"), ("&", "param_missing:state"),
    ("state=%zz", "param_escape:state"), ("id_token=a.b.c", "oidc_unsolicited"),
])
def test_strange_answers(app, op, browser, query, fault):  # R6, R25
    app.httpd.start()
    app.httpd.expect_log("SSO: %s: " % fault)
    assert browser.step(app.url + "/.sso/op/callback?" + query).fault == fault


@pytest.mark.parametrize("twice", ["code", "state", "iss"])
def test_a_parameter_twice(app, op, alice, twice):  # R6
    app.httpd.start()
    first = alice.step(app.url + "/.sso/login?provider=op")
    answer = op.answer_url(query_of(first.location), "alice")
    app.httpd.expect_log("SSO: param_duplicate:%s: " % twice)
    page = alice.step(answer + "&%s=%s" % (twice, query_of(answer)[twice]))
    assert page.status == 400 and page.fault == "param_duplicate:" + twice


def test_an_id_token_sent_directly(app, op, browser):
    """Okta's "Send ID token directly to app": refused, and the log names the setting."""
    app.httpd.start()
    app.httpd.expect_fault("oidc_unsolicited")
    page = browser.post(app.url + "/.sso/op/callback", {"id_token": "a.b.c"}, op.url)
    assert page.status == 403 and page.fault == "oidc_unsolicited"
    assert app.httpd.log.find("Redirect to app to initiate login")


def test_many_tabs(app, op, alice):
    """The newest logins of a browser all succeed."""
    app.httpd.start()
    tabs = [query_of(alice.step(app.url + "/.sso/login?provider=op").location) for _ in range(4)]
    for tab in tabs:
        assert alice.step(op.answer_url(tab, "alice")).status == 303


# -- outages (R26): a clear page soon, everybody else is served

_COMPLAINT = r"SSO: (net_\w+|oidc_answer|jwks|oidc_userinfo|upstream)(:\S+)?: "


def endure(app, op, browser, path, outage):
    """One login in vain; it does not take long, and meanwhile others are served."""
    op.wire[path] = OUTAGES[outage]
    app.httpd.expect_log(_COMPLAINT)
    begin = time.monotonic()
    page = login(browser, app)
    assert time.monotonic() - begin < 9, outage
    assert page.status in (502, 504) and page.fault, "%s: %r" % (outage, page)
    assert "identity provider" in page.text
    begin = time.monotonic()
    assert browser.open(app.url + "/open.html").text == "open"
    assert time.monotonic() - begin < 1, outage


@pytest.mark.parametrize("path", ["/token", "/userinfo"])
def test_outage(app, op, make_browser, path):
    app.page("/open.html", "open")
    app.httpd.start()
    for outage in OUTAGES:
        endure(app, op, make_browser("alice"), path, outage)


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks"])
def test_outage_of_documents(app, op, alice, path, outage):
    app.page("/open.html", "open")
    app.httpd.start()
    endure(app, op, alice, path, outage)


def crowd(n, visit):
    """What n people see who come at once, and how long the slowest of them waited."""
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        pages = list(pool.map(visit, range(n)))
    return pages, time.monotonic() - begin


def test_a_crowd_at_the_start(app, op, make_browser):
    """Each of the two children asks once, whoever comes meanwhile waits for that."""
    op.discovery = lambda d: time.sleep(0.5) or d
    app.httpd.start()
    browsers = [make_browser() for _ in range(10)]
    pages, took = crowd(10, lambda i: browsers[i].step(app.url + "/.sso/login?provider=op"))
    assert [x.status for x in pages] == [302] * 10 and took < 4
    assert len(op.asked("/.well-known/openid-configuration")) <= 2


def test_a_crowd_before_a_silent_provider(app, op, alice, make_browser):
    """Nobody waits for long, and the others are served meanwhile."""
    app.page("/open.html", "open")
    app.httpd.start()
    op.wire["/.well-known/openid-configuration"] = oidc_op.hang
    app.httpd.expect_log(_COMPLAINT)
    browsers = [make_browser() for _ in range(10)]

    def visit(i):
        if i < 10:
            return browsers[i].step(app.url + "/.sso/login?provider=op").status
        time.sleep(1)
        begin = time.monotonic()
        assert alice.step(app.url + "/open.html").text == "open"
        return time.monotonic() - begin
    pages, took = crowd(11, visit)
    assert all(x in (502, 504) for x in pages[:10]) and took < 9
    assert pages[10] < 1
    assert len(op.asked("/.well-known/openid-configuration")) <= 2


def test_sessions_do_not_notice_an_outage(app, op, alice, bob):
    protect(app, "/app", "SSO op")
    app.page("/app/x.html", "inside")
    app.httpd.start()
    assert alice.open(app.url + "/app/x.html").text == "inside"
    for path in ("/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"):
        op.wire[path] = oidc_op.hang
    app.httpd.expect_log(r"SSO: (net_\w+|upstream)(:\S+)?: ")
    stuck = login(bob, app)
    assert stuck.status in (502, 504)
    begin = time.monotonic()
    assert alice.open(app.url + "/app/x.html").text == "inside"
    assert time.monotonic() - begin < 0.5


def private_memory(httpd):
    """Bytes of memory that the children have for themselves."""
    total = 0
    for pid in httpd.children():
        for line in pathlib.Path("/proc/%d/smaps_rollup" % pid).read_text().splitlines():
            total += int(line.split()[1]) * 1024 if line.startswith("Private_Dirty:") else 0
    return total


def test_bad_days_under_load(app, op, alice, make_browser):
    """The provider resets connections, sends 10 MB, hangs, and at last changes its keys: people with sessions do not
    notice, who signs in gets an answer, and memory stays where it was."""
    protect(app, "/app", "SSO op")
    app.page("/app/x.html", "inside")
    app.httpd.start()
    sign_in(alice, app, "op")
    app.httpd.expect_log(r"SSO: (net_\w+|oidc_\w+|jw\w+|upstream)(:\S+)?: ")
    over, waits = threading.Event(), []

    def come_back(_):
        browser = make_browser()
        browser.jar = copy.deepcopy(alice.jar)
        while not over.is_set():
            begin = time.monotonic()
            assert browser.step(app.url + "/app/x.html").text == "inside"
            waits.append(time.monotonic() - begin)
            time.sleep(0.01)

    def bad_day(i):
        for path, outage in (("/token", "reset"), ("/userinfo", "huge"), ("/token", "hang" if i == 7 else "huge")):
            op.wire[path] = OUTAGES[outage]
            assert login(make_browser("alice"), app).status in (502, 504)
            del op.wire[path]

    def new_keys(i):
        op.key = Key("key-%d" % i)
        op.keys = [op.key]
        page = login(make_browser("alice"), app)  # unknown keys are asked for once a minute
        assert page.status == 200 or page.fault, repr(page)

    used = []
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        visits = [pool.submit(come_back, i) for i in range(4)]
        try:
            for i in range(10):
                bad_day(i)
                used.append(private_memory(app.httpd))
            for i in range(5):
                new_keys(i)
            used.append(private_memory(app.httpd))
        finally:
            over.set()
        for visit in visits:
            visit.result()
    assert len(waits) > 100 and max(waits) < 1
    assert used[-1] - used[4] < 4 << 20, used


def test_a_provider_that_is_down_at_start(app, op, alice):
    op.wire["/.well-known/openid-configuration"] = oidc_op.reset
    app.page("/open.html", "open")
    app.httpd.start()
    assert alice.open(app.url + "/open.html").text == "open"
    app.httpd.expect_log(r"SSO: (net_\w+|upstream)(:\S+)?: ")
    assert login(alice, app).status == 502
    del op.wire["/.well-known/openid-configuration"]
    until = time.monotonic() + 15
    while login(alice, app).status != 200 and time.monotonic() < until:
        time.sleep(1.2)
    assert user_of(alice, app)


# -- logins that begin at the provider (R17)

def initiate(app, **fields):
    return app.url + "/.sso/op/initiate?" + urllib.parse.urlencode(fields)


def test_third_party_login(app, op, alice):
    app.page("/deep.html", "deep")
    app.httpd.start()
    page = alice.open(initiate(app, iss=op.issuer, login_hint="alice@example.org",
                               target_link_uri=app.url + "/deep.html?x=1", scope="admin"))
    assert page.text == "deep" and page.url.endswith("/deep.html?x=1")
    query = query_of(page.trace[0].location)
    assert query["login_hint"] == "alice@example.org" and query["scope"] == "openid profile email"
    tokens = len(op.asked("/token"))
    again = alice.open(initiate(app, iss=op.issuer, target_link_uri=app.url + "/deep.html"))
    assert again.text == "deep" and len(op.asked("/token")) == tokens  # signed in already


def test_third_party_login_by_post(app, op, alice):
    app.page("/index.html", "front")
    app.httpd.start()
    page = alice.post(app.url + "/.sso/op/initiate", {"iss": op.issuer}, op.url)
    assert page.status == 302 and page.location.startswith(op.url + "/authorize?")


@pytest.mark.parametrize("fields", [{}, {"iss": "https://evil.example"}, {"iss": ""}])
def test_third_party_login_for_others(app, op, browser, fields):
    app.httpd.start()
    app.httpd.expect_fault("oidc_initiate")
    page = browser.step(initiate(app, **fields))
    assert page.status == 400 and page.fault == "oidc_initiate:iss"


@pytest.mark.parametrize("target", ["https://evil.example/", "https://evil.example/deep.html", "//evil.example",
                                    "/\\evil.example",
                                    "javascript:alert(1)", "https://app.example.test.evil.example/",
                                    "%s@evil.example/"])
def test_third_party_targets(app, op, alice, target):  # R18
    app.page("/index.html", "front")
    app.httpd.start()
    page = alice.open(initiate(app, iss=op.issuer, target_link_uri=target.replace("%s", app.url)))
    assert page.url == app.url + "/" and page.text == "front"


def test_initiate_off(httpd, op, browser):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcInitiate off")
    httpd.start()
    httpd.expect_fault("not_found")
    assert browser.step(initiate(host, iss=op.issuer)).status == 404


# -- what the log holds

def test_no_secrets_in_the_log(app, op, alice):  # R23
    seen = []
    op.token_answer = lambda a: seen.append(a) or a
    app.httpd.start()
    sign_in(alice, app, "op")
    text = app.httpd.log.text()
    for secret in [op.secret, op.used[0], seen[0]["access_token"], seen[0]["id_token"],
                   op.asked("/token")[0][1]["code_verifier"]]:
        assert secret not in text


def test_the_page_that_tests_a_provider(httpd, op, alice):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOActive test")
    httpd.start()
    page = alice.open(host.url + "/.sso/op/test")
    page = alice.submit(page.form("email"), email="")
    assert page.status == 200, repr(page)
    for shown in ("It answers this login", "It is of the provider, and for us", op.issuer,
                  "Userinfo is about the same person", "Alice Ärmel"):
        assert shown in page.text
    assert user_of(alice, host) is None
