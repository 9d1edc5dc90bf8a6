"""OpenID Connect: what places demand of a login, what goes along to the provider, and several providers
to choose among."""
import time
import urllib.parse

import pytest

from lib.oidc_op import Op
from lib.recipes import oidc, protect, sign_in, user_of

MFA, PHR = "urn:example:mfa", "urn:example:phr"


def query_of(page):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.location).query))


def obey(op):
    """The provider does what the request says: a fresh login where one is demanded, by the first context
    that is asked for. Otherwise the person signed in an hour ago, by a password."""
    def claims(said):
        asked = op.asked("/authorize")[-1][1]
        fresh = "max_age" in asked or asked.get("prompt") == "login"
        return {**said, "auth_time": int(time.time()) - (1 if fresh else 3600),
                "acr": asked.get("acr_values", "urn:example:pwd").split()[0]}
    op.id_token = claims
    return op


@pytest.fixture
def op(closing):
    return obey(closing(Op()))


@pytest.fixture
def app(httpd, op):
    """A host with one area for everybody, and others that want more."""
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op)
    for path, lines in (("/app", ""), ("/fresh", "SSOReauth 15m"),
                        ("/strong", "SSOStepUp %s %s" % (MFA, PHR)),
                        ("/both", "SSOReauth 15m\nSSOStepUp " + PHR)):
        protect(host, path, "SSO op\n" + lines)
        host.page(path + "/x.html", "inside " + path)
    return host


def session(browser, host):
    return browser.fetch(host.url + "/.sso/session").json()


def last_request(op):
    return op.asked("/authorize")[-1][1]


def test_places_demand_more(app, op, alice):
    """One session, renewed: by age, by context, by both; and each is asked for once."""
    app.httpd.start()
    assert alice.open(app.url + "/app/x.html").text == "inside /app"
    assert not {"max_age", "acr_values", "prompt"} & set(last_request(op))
    first = session(alice, app)
    tokens = len(op.asked("/token"))
    time.sleep(1.1)  # times are shown in seconds
    for path, asked in (("/fresh", {"max_age": "900", "prompt": "login"}),
                        ("/strong", {"acr_values": "%s %s" % (MFA, PHR)}),
                        ("/both", {"acr_values": PHR})):
        page = alice.open(app.url + path + "/x.html?a=b")
        assert page.text == "inside " + path and page.url == app.url + path + "/x.html?a=b"
        sent = last_request(op)
        assert {k: v for k, v in asked.items() if k != "prompt"}.items() <= sent.items(), path
        tokens += 1
        assert len(op.asked("/token")) == tokens
    assert session(alice, app)["created"] == first["created"]
    for path in ("/app", "/fresh", "/strong", "/both"):
        assert alice.step(app.url + path + "/x.html").status == 200
    assert len(op.asked("/token")) == tokens


def test_a_provider_that_does_not_ask_again(app, op, alice):
    op.id_token = lambda c: {**c, "auth_time": int(time.time()) - 3600}
    app.httpd.start()
    alice.open(app.url + "/app/x.html")
    app.httpd.expect_fault("reauth")
    page = alice.open(app.url + "/fresh/x.html")
    assert page.status == 403 and page.fault == "reauth"
    assert alice.step(app.url + "/app/x.html").status == 200


def test_a_provider_that_does_not_say_when(app, op, alice):
    op.id_token = lambda c: {**c, "auth_time": None}
    app.httpd.start()
    alice.open(app.url + "/app/x.html")
    app.httpd.expect_fault("reauth")
    assert alice.open(app.url + "/fresh/x.html").fault == "reauth"


@pytest.mark.parametrize("acr", [None, "urn:example:pwd", MFA.upper(), MFA + " " + PHR])
def test_a_provider_that_does_not_step_up(app, op, alice, acr):
    op.id_token = lambda c: {**c, "acr": acr}
    app.httpd.start()
    alice.open(app.url + "/app/x.html")
    app.httpd.expect_fault("step_up")
    page = alice.open(app.url + "/strong/x.html")
    assert page.status == 403 and page.fault == "step_up"
    assert alice.step(app.url + "/app/x.html").status == 200


def test_a_provider_that_cannot(app, op, alice):
    """unmet_authentication_requirements: a page, and the session stays."""
    app.httpd.start()
    alice.open(app.url + "/app/x.html")
    op.authorization = lambda f: {**f, "code": None, "error": "unmet_authentication_requirements"}
    app.httpd.expect_fault("oidc_acr")
    assert alice.open(app.url + "/strong/x.html").fault == "oidc_acr"
    assert alice.step(app.url + "/app/x.html").status == 200


def test_a_demand_that_the_provider_may_not_meet(httpd, op):
    """SSOOidcAcr says what is accepted at all: a place that wants something else is a mistake."""
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcAcr urn:example:pwd")
    protect(host, "/strong", "SSO op\nSSOStepUp " + MFA)
    test = httpd.configtest()
    assert not test.ok and "add one of them to its SSOOidcAcr" in test.output


# -- what goes along

def test_parameters_of_the_provider(httpd, op, alice):
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra='SSOOidcParameter prompt select_account\nSSOOidcParameter ui_locales "de-AT en"\n'
                         'SSOOidcParameter hd example.org\nSSOOidcParameter x "a&b=c#d +ä"')
    protect(host, "/app", "SSO op")
    protect(host, "/fresh", "SSO op\nSSOReauth 15m")
    for path in ("/app", "/fresh"):
        host.page(path + "/x.html", "inside")
    httpd.start()
    assert alice.open(host.url + "/app/x.html").text == "inside"
    sent = last_request(op)
    assert sent["prompt"] == "select_account" and sent["ui_locales"] == "de-AT en"
    assert sent["hd"] == "example.org" and sent["x"] == "a&b=c#d +ä"
    assert alice.open(host.url + "/fresh/x.html").text == "inside"
    assert last_request(op)["ui_locales"] == "de-AT en"
    page = alice.step(host.url + "/.sso/login?provider=op&return=/&forceAuthn=true")
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(page.location).query)["prompt"] == ["login"]
    assert not {"prompt", "hd"} & set(op.asked("/token")[-1][1])


@pytest.mark.parametrize("line, said", [
    ("state x", "set by other directives"), ("nonce x", "set by other directives"),
    ("redirect_uri https://evil.example/", "set by other directives"),
    ("scope admin", "set by other directives"), ("request_uri https://evil.example/", "set by other"),
    ("code_challenge x", "set by other directives"), ("response_type token", "set by other directives"),
    ("a\"b\" c", "cannot be the name"), ('"a b" c', "cannot be the name"), ('hd ""', "1 to 512"),
    ("hd " + "x" * 513, "1 to 512")])
def test_parameters_that_are_refused(httpd, op, line, said):
    oidc(httpd.host("app.example.test", tls=True), op, extra="SSOOidcParameter " + line)
    test = httpd.configtest()
    assert not test.ok and said in test.output and "SSOOidcParameter" in test.output


def test_a_parameter_twice(httpd, op):
    oidc(httpd.host("app.example.test", tls=True), op,
         extra="SSOOidcParameter hd a.example\nSSOOidcParameter hd b.example")
    test = httpd.configtest()
    assert not test.ok and "hd is set twice" in test.output


def test_a_hint(app, op, alice):
    app.httpd.start()
    page = alice.step(app.url + "/.sso/login?provider=op&return=/&login_hint=alice%40example.org")
    assert query_of(page)["login_hint"] == "alice@example.org"


def test_a_hint_has_a_maximum(app, op, browser):  # R17
    app.httpd.start()
    where = app.url + "/.sso/op/initiate?" + urllib.parse.urlencode({"iss": op.issuer})
    for size, passed in ((256, True), (257, False)):
        page = browser.step(where + "&login_hint=" + "x" * size)
        assert page.status == 302 and ("login_hint" in query_of(page)) == passed


def test_silently(httpd, op, alice):
    """A page for everybody: asked once with prompt=none, and no loop where nobody is signed in."""
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op)
    protect(host, "/open", "SSO op\nSSOMode passive\nRequire all granted")
    host.page("/open/x.html", "open")
    httpd.start()
    op.wire["/authorize"] = lambda handler: handler.redirect(
        handler.query["redirect_uri"] + "?" + urllib.parse.urlencode(
            {"error": "login_required", "state": handler.query["state"], "iss": op.issuer}))
    page = alice.open(host.url + "/open/x.html")
    assert page.text == "open" and user_of(alice, host) is None
    asked = op.asked("/authorize")
    assert asked and {f.get("prompt") for _, f in asked} == {"none"}
    assert alice.open(host.url + "/open/x.html").text == "open" and op.asked("/authorize") == asked


def test_a_nonce_that_does_not_come_back(httpd, op, alice, bob):
    """SSOOidcAllow no-nonce: it may be missing, but not be another one."""
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op, extra="SSOOidcAllow no-nonce")
    httpd.expect_log("SSOOidcAllow loosens checks: no-nonce")
    httpd.start()
    op.id_token = lambda c: {k: v for k, v in c.items() if k != "nonce"}
    assert sign_in(alice, host, "op")["attributes"]["name"] == "Alice Ärmel"
    op.id_token = lambda c: {**c, "nonce": "f" * 32}
    httpd.expect_fault("oidc_nonce")
    page = bob.open(host.url + "/.sso/login?provider=op&return=/.sso/session")
    assert page.fault == "oidc_nonce" and user_of(bob, host) is None


# -- several providers

@pytest.fixture
def ops(closing):
    made = {name: closing(Op()) for name in ("alpha", "beta")}
    for name, op in made.items():
        op.secret += name  # each has its own
    return made


@pytest.fixture
def corp(httpd, ops):
    host = httpd.host("app.example.test", tls=True)
    for name, lines in (("alpha", 'SSODisplayName "University of Alpha"\nSSODomains example.org'),
                        ("beta", "SSODomains labs.example")):
        oidc(host, ops[name], name, lines)
    protect(host, "/app", "SSO alpha beta")
    host.page("/app/x.html", "inside")
    return host


def offered(page):
    return [x.text_content() for x in page.document().xpath("//nav/a|//main/a[contains(@class,'i')]")]


def test_a_choice(corp, ops, alice):
    corp.httpd.start()
    page = alice.open(corp.url + "/app/x.html?a=b")
    assert page.path == "/.sso/choose" and offered(page) == ["beta", "University of Alpha"]
    page = alice.follow(page, page.document().xpath("//nav/a/@href")[1])
    assert page.text == "inside" and page.url == corp.url + "/app/x.html?a=b"
    assert ops["alpha"].asked("/token") and not ops["beta"].requests


def test_by_the_domain_of_an_address(corp, ops, alice):
    """The address that was typed is the hint for the provider of its domain."""
    corp.httpd.start()
    page = alice.open(corp.url + "/app/x.html")
    page = alice.submit(page.form("q"), q="alice@EXAMPLE.org")
    assert page.text == "inside", repr(page)
    assert ops["alpha"].asked("/authorize")[0][1]["login_hint"] == "alice@EXAMPLE.org"
    assert not ops["beta"].requests


def test_a_provider_speaks_for_its_own_domains(corp, ops, alice):
    corp.httpd.start()
    corp.httpd.expect_fault("domain")
    page = alice.open(corp.url + "/.sso/login?provider=beta&return=/app/x.html")
    assert (page.status, page.fault) == (403, "domain") and user_of(alice, corp) is None


def test_the_answer_of_another_provider(corp, ops, alice):
    """R5: an answer at the address of one provider with the state, or the code, of the other."""
    corp.httpd.start()
    asked = {name: query_of(alice.step(corp.url + "/.sso/login?provider=%s&return=/x" % name))
             for name in ops}
    answer = ops["alpha"].answer_fields(asked["alpha"], "alice")
    corp.httpd.expect_fault("oidc_state")
    corp.httpd.expect_fault("oidc_issuer")
    crossed = corp.url + "/.sso/beta/callback?" + urllib.parse.urlencode(answer)
    assert alice.step(crossed).fault == "oidc_state"
    answer["state"] = asked["beta"]["state"]
    crossed = corp.url + "/.sso/beta/callback?" + urllib.parse.urlencode(answer)
    assert alice.step(crossed).fault == "oidc_issuer:response"
    assert not ops["beta"].asked("/token") and user_of(alice, corp) is None


def test_one_subject_at_two_providers_is_two_people(corp, ops, alice):
    """R13: what says who somebody is, is subject and issuer."""
    ops["beta"].userinfo = lambda c: {**c, "email": "alice@labs.example"}
    corp.httpd.start()
    first = sign_in(alice, corp, "alpha")
    time.sleep(1.1)
    second = sign_in(alice, corp, "beta")
    assert first["issuer"] != second["issuer"]
    assert first["attributes"]["user"] == second["attributes"]["user"]
    assert second["created"] > first["created"]  # another session, not that one renewed
