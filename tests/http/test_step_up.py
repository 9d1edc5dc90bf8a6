"""SSOReauth and SSOStepUp: a fresh or a stronger login where it is needed, in the same session."""
import base64
import dataclasses
import hashlib
import time

import pytest

from conftest import running
from lib.browser import Browser, exchange
from lib.idps import LemonLdap, SimpleSamlPhp
from lib.recipes import peer, protect, saml, user_of
from lib.saml_idp import NS, PASSWORD, SamlIdp
from lib.sites import sign

MFA = "https://refeds.org/profile/mfa"
TOKEN = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"


class ObedientIdp(SamlIdp):
    """Does what the request says: a login anew for ForceAuthn, by the first context asked for.

    Where nothing is asked for, the person signed in an hour ago by a password.
    """

    def respond(self, request, **knobs):
        asked = [x.text for x in request.root.iterfind(".//a:AuthnContextClassRef", NS)]
        said = {"authn_instant": -1 if request.root.get("ForceAuthn") == "true" else -3600,
                "acr": asked[0] if asked else PASSWORD}
        return super().respond(request, **{**said, **knobs})


@pytest.fixture
def idp(closing):
    return closing(ObedientIdp())


@pytest.fixture
def corp(httpd, idp):
    """A host with one area for everybody and others that want more."""
    host = httpd.host("app.example.test", tls=True)
    saml(host, idp, "corp")
    for path, lines in (("/app", ""), ("/fresh", "SSOReauth 15m"),
                        ("/strong", "SSOStepUp %s %s" % (TOKEN, MFA)),
                        ("/both", "SSOReauth 15m\nSSOStepUp " + MFA)):
        protect(host, path, "SSO corp\n" + lines)
        host.page(path + "/x.html", "inside " + path)
    return host


def session(browser, host):
    page = browser.fetch(host.url + "/.sso/session")
    assert page.status == 200, repr(page)
    return page.json()


def asked(request):
    """What a request demands: (ForceAuthn, contexts, comparison)."""
    context = request.root.find("p:RequestedAuthnContext", NS)
    refs = [] if context is None else [x.text for x in context]
    return (request.root.get("ForceAuthn") == "true", refs,
            None if context is None else context.get("Comparison"))


def test_a_login_that_is_too_old_is_renewed(corp, idp, alice):
    """Row 21: by ForceAuthn, and the session stays."""
    corp.httpd.start()
    assert alice.open(corp.url + "/app/x.html").text == "inside /app"
    before = session(alice, corp)
    time.sleep(1.1)  # times are shown in seconds
    assert asked(idp.requests[-1]) == (False, [], None)
    page = alice.open(corp.url + "/fresh/x.html?a=b")
    assert page.text == "inside /fresh" and page.url == corp.url + "/fresh/x.html?a=b"
    assert asked(idp.requests[-1]) == (True, [], None) and len(idp.requests) == 2
    after = session(alice, corp)
    assert after["authenticated"] > before["authenticated"]
    assert after["created"] == before["created"]
    assert after["attributes"] == before["attributes"]
    # From now on it is fresh enough, here and everywhere.
    for path in ("/fresh", "/app"):
        assert alice.step(corp.url + path + "/x.html").status == 200
    assert len(idp.requests) == 2


def test_a_login_that_is_too_weak_is_stepped_up(corp, idp, alice):
    """Rows 25 and 26: by RequestedAuthnContext, not only at the root of the site."""
    corp.httpd.start()
    alice.open(corp.url + "/app/x.html")
    created = session(alice, corp)["created"]
    page = alice.open(corp.url + "/strong/x.html")
    assert page.text == "inside /strong"
    assert asked(idp.requests[-1]) == (False, [TOKEN, MFA], "exact")
    assert session(alice, corp)["acr"] == TOKEN and session(alice, corp)["created"] == created
    assert alice.step(corp.url + "/strong/x.html").status == 200
    # Another of the listed contexts does as well.
    alice.open(corp.url + "/both/x.html")
    assert asked(idp.requests[-1]) == (True, [MFA], "exact")
    assert alice.step(corp.url + "/strong/x.html").status == 200


def test_strangers_are_asked_for_all_of_it(corp, idp, alice):
    """A stranger is not forced at first: who has just signed in elsewhere is not asked twice."""
    corp.httpd.start()
    page = alice.open(corp.url + "/both/x.html")
    assert page.text == "inside /both"
    assert [asked(x) for x in idp.requests] == [(False, [MFA], "exact"), (True, [MFA], "exact")]
    other = Browser()
    idp.respond = lambda request: SamlIdp.respond(idp, request, acr=MFA, authn_instant=-60)
    assert other.open(corp.url + "/both/x.html").text == "inside /both"
    assert len(idp.requests) == 3


def test_a_provider_that_does_not_renew(corp, idp, alice):
    """No loop: one answer that is too old is a page that says so, and the session is as it was."""
    idp.respond = lambda request: SamlIdp.respond(idp, request, authn_instant=-3600)
    corp.httpd.start()
    alice.open(corp.url + "/app/x.html")
    corp.httpd.expect_fault("reauth")
    page = alice.open(corp.url + "/fresh/x.html")
    assert (page.status, page.fault) == (403, "reauth") and len(idp.requests) == 2
    assert "did not sign you in anew" in page.text
    assert alice.step(corp.url + "/app/x.html").status == 200


def test_a_provider_that_does_not_step_up(corp, idp, alice):
    idp.respond = lambda request: SamlIdp.respond(idp, request, acr=PASSWORD)
    corp.httpd.start()
    alice.open(corp.url + "/app/x.html")
    corp.httpd.expect_fault("step_up")
    page = alice.open(corp.url + "/strong/x.html")
    assert (page.status, page.fault) == (403, "step_up") and len(idp.requests) == 2
    assert alice.step(corp.url + "/app/x.html").status == 200
    # The line in the log says what came.
    assert ("the login was by \"%s\"" % PASSWORD) in corp.httpd.log.text()


@pytest.mark.parametrize("behind, says", [(50, 200), (120, "reauth")])
def test_a_clock_that_is_behind(corp, idp, alice, behind, says):
    """Within SSOSamlClockSkew a fresh login is one, and stays one for the whole time."""
    idp.respond = lambda request: SamlIdp.respond(
        idp, request, authn_instant=-behind if request.root.get("ForceAuthn") else -3600)
    corp.httpd.start()
    alice.open(corp.url + "/app/x.html")
    if says == "reauth":
        corp.httpd.expect_fault("reauth")
    page = alice.open(corp.url + "/fresh/x.html")
    assert page.fault == says if says == "reauth" else page.status == 200


def test_somebody_else_comes_back(corp, idp, alice):
    """The other person's session, new from the ground up; the old one is gone."""
    corp.httpd.start()
    alice.open(corp.url + "/app/x.html")
    old = [x.value for x in alice.jar.find(corp.url, "__Host-sso") if x.name == "__Host-sso"]
    idp.answer = dataclasses.replace(idp.answer, user="bob")
    assert alice.open(corp.url + "/fresh/x.html").text == "inside /fresh"
    assert user_of(alice, corp) == "bob"
    page = Browser().fetch(corp.url + "/.sso/session", headers={"Cookie": "__Host-sso=" + old[0]})
    assert page.status == 401


def test_the_cookie_of_before_opens_nothing(corp, idp, alice):
    """Row 90, after a step-up as well, though the POST came without the session's cookie."""
    corp.httpd.start()
    alice.open(corp.url + "/app/x.html")
    old = [x.value for x in alice.jar.find(corp.url, "__Host-sso") if x.name == "__Host-sso"]
    alice.open(corp.url + "/strong/x.html")
    page = Browser().fetch(corp.url + "/.sso/session", headers={"Cookie": "__Host-sso=" + old[0]})
    assert page.status == 401


@pytest.mark.parametrize("path, says, query", [
    ("/fresh", {"max_age": 900}, {"forceAuthn": "true", "max_age": "900"}),
    ("/strong", {"acr_values": "%s %s" % (TOKEN, MFA)}, {"acr_values": "%s %s" % (TOKEN, MFA)})])
def test_scripts_are_told(corp, idp, alice, path, says, query):
    corp.httpd.start()
    alice.open(corp.url + "/app/x.html")
    page = alice.fetch(corp.url + path + "/x.html")
    assert page.status == 401
    seen = page.json()
    login = seen.pop("login")
    assert seen == {"error": "insufficient_user_authentication", **says}
    assert len(idp.requests) == 1
    # The address that it names gives what it takes.
    again = alice.step(login)
    assert again.status == 302 and again.query == {"provider": "corp", "return": "/", **query}
    alice.open(login.replace("return=%2F", "return=" + path + "/x.html"))
    assert alice.fetch(corp.url + path + "/x.html").status == 200


def test_scripts_of_strangers_are_told_as_well(corp, browser):
    corp.httpd.start()
    page = browser.fetch(corp.url + "/both/x.html")
    assert page.status == 401 and page.json()["error"] == "login_required"
    assert "max_age=900&acr_values=" in page.json()["login"]


def test_force_on_the_login_address(corp, idp, alice):
    """Row 16."""
    corp.httpd.start()
    alice.open(corp.url + "/.sso/login?provider=corp&return=/app/x.html&forceAuthn=true")
    assert asked(idp.requests[-1]) == (True, [], None)
    corp.httpd.expect_fault("reauth")
    idp.respond = lambda request: SamlIdp.respond(idp, request, authn_instant=-600)
    page = alice.open(corp.url + "/.sso/login?provider=corp&return=/app/x.html&forceAuthn=true")
    assert page.fault == "reauth"


def test_an_inner_place_asks_for_less(corp, idp, alice):
    corp.add('<Location "/strong/lobby">\nSSO corp\nSSOStepUp off\n</Location>')
    corp.page("/strong/lobby/x.html", "lobby")
    corp.httpd.start()
    alice.open(corp.url + "/app/x.html")
    assert alice.step(corp.url + "/strong/lobby/x.html").text == "lobby"
    assert alice.step(corp.url + "/strong/x.html").status == 302


def test_subrequests_see_it_too(corp, alice):
    """What a page includes is not shown to a session that could not open it."""
    corp.add('<Location "/app/ssi">\nOptions +Includes\nSetOutputFilter INCLUDES\n</Location>')
    corp.page("/app/ssi/x.html", '<!--#include virtual="/strong/x.html" -->')
    corp.httpd.need("include")
    corp.httpd.start()
    corp.httpd.expect_log("subrequest setup returned 401")
    page = alice.open(corp.url + "/app/ssi/x.html")
    assert "inside /strong" not in page.text
    alice.open(corp.url + "/strong/x.html")
    assert "inside /strong" in alice.open(corp.url + "/app/ssi/x.html").text


def test_optional_places_do_not_see_a_weak_session(corp, alice):
    protect(corp, "/maybe", "SSO corp\nSSOMode optional\nSSOStepUp %s\nRequire all granted" % MFA)
    corp.page("/maybe/x.html", '<!--#echo var="SSO_USER" -->')
    corp.add('<Location "/maybe">\nOptions +Includes\nSetOutputFilter INCLUDES\n</Location>')
    corp.httpd.need("include")
    corp.httpd.start()
    alice.open(corp.url + "/app/x.html")
    assert alice.step(corp.url + "/maybe/x.html").text == "(none)"
    alice.open(corp.url + "/both/x.html")
    assert alice.step(corp.url + "/maybe/x.html").text == "alice"


@pytest.mark.parametrize("lines, subject", [("", None), ("SSOSamlLoginHint on", "alice@example.org")])
def test_a_hint_of_who_it_might_be(httpd, idp, alice, lines, subject):
    """Row 30, and row 16: from the login address, and from the session that is renewed."""
    host = httpd.host("app.example.test", tls=True)
    saml(host, idp, "corp", lines)
    protect(host, "/fresh", "SSO corp\nSSOReauth 15m")
    host.page("/fresh/x.html", "inside")
    httpd.start()
    alice.open(host.url + "/.sso/login?provider=corp&return=/.sso/session"
                          "&login_hint=alice%40example.org")
    alice.open(host.url + "/fresh/x.html")
    for request in idp.requests:
        assert request.root.findtext("a:Subject/a:NameID", namespaces=NS) == subject
    page = alice.step(host.url + "/.sso/login?provider=corp&login_hint=%0a")
    httpd.expect_fault("malformed")
    assert page.fault == "malformed:login_hint"


def test_what_federations_want(httpd, idp, alice):
    """Rows 24, 27, 29: AllowCreate, the index of our ACS, Scoping."""
    host = httpd.host("app.example.test", tls=True)
    saml(host, idp, "corp", "SSOSamlNameIDFormat urn:f\nSSOSamlAllowCreate off\nSSOSamlAcsIndex 0\n"
                            "SSOSamlScoping idp=urn:one requester=urn:us")
    httpd.start()
    page = alice.step(host.url + "/.sso/login?provider=corp&return=/")
    acs = host.url + "/.sso/corp/acs"
    idp.respond = lambda request: (setattr(request, "acs", acs), SamlIdp.respond(idp, request))[1]
    assert alice.open(page.location).trace[1].path == "/.sso/corp/acs"
    root = idp.requests[0].root
    assert root.get("AssertionConsumerServiceIndex") == "0"
    assert root.get("AssertionConsumerServiceURL") is None and root.get("ProtocolBinding") is None
    assert root.find("p:NameIDPolicy", NS).get("AllowCreate") is None
    assert root.find("p:Scoping/p:IDPList/p:IDPEntry", NS).get("ProviderID") == "urn:one"
    assert root.findtext("p:Scoping/p:RequesterID", namespaces=NS) == "urn:us"
    assert user_of(alice, host) == "alice"


# -- providers that cannot

PEER = "a-secret-of-the-forum-0123456789abcdef"
CALLBACK = "https://forum.example.test/done"


def question(endpoint, token="5f2c8b1e9d3a4c7081e6b0f4a2d9c357"):
    return "%s?token=%s&sig=%s" % (endpoint, token, sign(PEER, token))


@pytest.mark.parametrize("weak", [False, True])
def test_a_peer_wants_a_stronger_login(httpd, idp, alice, weak):
    """1.7: whoever has signed in by a password is sent to prove more, and then vouched for."""
    host = httpd.host("app.example.test", tls=True)
    saml(host, idp, "corp")
    protect(host, "/app", "SSO corp")
    host.page("/done", "peer")
    callback = host.url + "/done"
    endpoint = peer(host, PEER, callback, extra="SSOPeerStepUp %s %s\nSSOPeerAttribute name user" % (TOKEN, MFA))
    httpd.start()
    if weak:
        alice.open(host.url + "/app/")
        assert session(alice, host)["acr"] == PASSWORD
    page = alice.open(question(endpoint))
    assert asked(idp.requests[-1]) == (False, [TOKEN, MFA], "exact")
    assert page.text == "peer" and page.url.startswith(callback + "?data=")
    assert session(alice, host)["acr"] == TOKEN
    n = len(idp.requests)
    assert alice.step(question(endpoint, "1" * 32)).location.startswith(callback + "?data=")
    assert len(idp.requests) == n


def test_a_provider_that_does_not_step_up_for_a_peer(httpd, idp, alice):
    host = httpd.host("app.example.test", tls=True)
    saml(host, idp, "corp")
    endpoint = peer(host, PEER, CALLBACK, extra="SSOPeerStepUp " + MFA)
    idp.respond = lambda request: SamlIdp.respond(idp, request, acr=PASSWORD)
    httpd.expect_fault("step_up")
    httpd.start()
    page = alice.open(question(endpoint))
    assert page.status == 403 and page.fault == "step_up"


def test_basic_is_no_context(httpd, idp):
    host = httpd.host("app.example.test", tls=True)
    httpd.need("auth_basic")
    saml(host, idp, "corp")
    endpoint = peer(host, PEER, CALLBACK, extra="SSOPeerStepUp " + MFA)
    users = httpd.file("conf/users", "ada:{SHA}" + base64.b64encode(hashlib.sha1(b"x").digest()).decode() + "\n")
    host.add('<Location "/.sso/peer/forum">\nAuthType Basic\nAuthName x\nAuthUserFile "%s"\n'
             "Require valid-user\n</Location>" % users)
    httpd.expect_fault("step_up")
    httpd.start()
    page = exchange("GET", question(endpoint), [("Authorization", "Basic YWRhOng="), ("Accept", "text/html")])
    assert page.status == 403 and page.fault == "step_up"


def test_a_signed_token_is_never_strong_enough_for_a_peer(app):
    peer(app, PEER, CALLBACK, extra="SSOPeerStepUp " + MFA)
    checked = app.httpd.configtest()
    assert not checked.ok
    assert "provider members cannot be asked for a login by a context of SSOPeerStepUp" in checked.output


@pytest.mark.parametrize("line", ["SSOReauth 15m", "SSOStepUp " + MFA])
def test_a_signed_token_cannot_be_fresh_or_strong(app, line):
    app.add('<Location "/safe">\nSSO members\n%s\n</Location>' % line)
    test = app.httpd.configtest()
    assert not test.ok
    assert ".conf:" in test.output and line.split()[0] in test.output
    assert "provider members is of protocol hmac, which cannot be asked" in test.output


def test_nor_where_the_lines_come_together_only_later(app, alice):
    """An SSO line of an outer place: the log says it at the first login."""
    protect(app, "/")
    protect(app, "/safe", "SSOReauth 15m")
    app.page("/safe/x.html", "inside")
    app.httpd.start()
    app.httpd.expect_fault("reauth")
    assert alice.open(app.url + "/safe/x.html").fault == "reauth"
    alice.open(app.url + "/")
    assert user_of(alice, app) == "alice"
    assert alice.open(app.url + "/safe/x.html").fault == "reauth"


def test_contexts_that_the_provider_does_not_accept(httpd, idp):
    host = httpd.host("app.example.test", tls=True)
    saml(host, idp, "corp", "SSOSamlAuthnContext " + PASSWORD)
    protect(host, "/strong", "SSO corp\nSSOStepUp " + MFA)
    test = httpd.configtest()
    assert not test.ok and "add one of them to its SSOSamlAuthnContext" in test.output


# -- other people's identity providers

@pytest.fixture(params=[SimpleSamlPhp, LemonLdap], ids=lambda x: x.name)
def program(request):
    idp = request.param()
    yield idp
    idp.close()


def test_other_programs_ask_again(program, make_browser):
    """ForceAuthn brings their login page though the person is signed in there."""
    with running(lambda: False) as httpd:
        host = httpd.host("app.example.test", tls=True)
        # Both make up another NameID for each login.
        saml(host, program, "corp", "SSOSamlSignRequests on\nSSOUserAttribute email\n"
                                    "SSOSamlLoginHint on")
        protect(host, "/app", "SSO corp")
        protect(host, "/fresh", "SSO corp\nSSOReauth 1m")
        host.page("/app/x.html", "inside")
        host.page("/fresh/x.html", "fresh")
        httpd.start()
        data = Browser().fetch(host.url + "/.sso/corp/metadata").body
        program.register("app", data)
        program.commit()
        name, word = ("alice", "alice-pw") if program.name == "simplesamlphp" else ("dwho", "dwho")
        person = make_browser(name, word)
        assert person.open(host.url + "/app/x.html").text == "inside"
        created = session(person, host)["created"]
        assert person.open(host.url + "/fresh/x.html").text == "fresh"  # a minute has not passed
        time.sleep(2.1)  # LemonLDAP::NG lets a login count as new for a second
        page = person.open(host.url + "/.sso/login?provider=corp&return=/fresh/x.html"
                                      "&forceAuthn=true")
        assert page.text == "fresh", repr(page)
        passwords = [x for x in page.trace if x.method == "POST" and x.url.startswith(program.url)]
        assert passwords, "nobody was asked for a password"
        assert session(person, host)["created"] == created
