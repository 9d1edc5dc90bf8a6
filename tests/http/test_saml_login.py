"""SAML logins: with other people's identity providers, and against a scripted one."""
import concurrent.futures
import re
import urllib.parse

import pytest
from lxml import etree

from lib import pki, saml_idp
from conftest import running
from lib.browser import Browser, exchange
from lib.idps import LemonLdap, SimpleSamlPhp
from lib.recipes import is_login, protect, saml, sign_in, user_of
from lib.saml_idp import NS, SamlIdp, Unsolicited

PROVIDERS = {
    "plain": "",
    "signed": "SSOSamlSignRequests on\nSSOSamlLogout off",
    "post": "SSOSamlRequestBinding post\nSSOSamlSignRequests on",
    "encrypted": "SSOSamlSignRequests on",
}


def metadata(browser, host, name):
    page = browser.fetch("%s/.sso/%s/metadata" % (host.url, name))
    assert page.status == 200, page.text
    return page.body


# -- other people's identity providers

class World:
    """An identity provider, and a host with one provider block per way to talk to it."""

    def __init__(self, httpd, idp, register):
        self.httpd, self.idp = httpd, idp
        self.host = httpd.host("app.example.test", tls=True)
        self.second = httpd.host("shop.example.test", like=self.host)
        for name, lines in PROVIDERS.items():
            saml(self.host, idp, name, lines, own_key=name != "signed")
        saml(self.second, idp, "plain", "SSOSamlSignRequests on")
        httpd.start()
        for host, name in [(self.host, x) for x in PROVIDERS] + [(self.second, "plain")]:
            register(idp, host, name, metadata(Browser(), host, name))
        idp.commit()


def register_ssp(idp, host, name, data):
    idp.register(host.name + "-" + name, data, assertion_encryption=name == "encrypted",
                 validate_authnrequest=name != "plain" or host.name.startswith("shop"))


def register_llng(idp, host, name, data):
    idp.register(host.name.split(".")[0] + name, data,
                 "assertion" if name == "encrypted" else "none")


@pytest.fixture(scope="module", params=["simplesamlphp", "lemonldap"])
def program(request):
    """The identity provider, started once."""
    idp = {"simplesamlphp": SimpleSamlPhp, "lemonldap": LemonLdap}[request.param]()
    yield idp
    idp.close()


@pytest.fixture(scope="module")
def world(program):
    register = register_ssp if program.name == "simplesamlphp" else register_llng
    with running(lambda: False) as httpd:
        yield World(httpd, program, register)


@pytest.fixture
def person(program, make_browser):
    """Somebody whom the identity provider knows, and an e-mail address."""
    if program.name == "simplesamlphp":
        return make_browser("alice"), "alice@example.org"
    return make_browser("dwho", "dwho"), "dwho@badwolf.org"


def test_every_way_to_talk_to_it(world, person, make_browser):
    first, email = person
    for name in PROVIDERS:
        # LemonLDAP::NG checks the signature of requests for all of them.
        if name == "plain" and world.idp.name == "lemonldap":
            continue
        browser = make_browser(first.user, first.password)
        attributes = sign_in(browser, world.host, name)["attributes"]
        assert attributes["email"] == email and attributes["provider"] == name
        assert attributes["user"], name


def test_the_messages_are_what_they_are_said_to_be(world, person, make_browser):
    first, _ = person
    for name in ("signed", "post", "encrypted"):
        browser = make_browser(first.user, first.password)
        page = browser.open("%s/.sso/login?provider=%s&return=/.sso/session"
                            % (world.host.url, name))
        start, answer = page.trace[0], next(x for x in page.trace if x.path.endswith("/acs"))
        if name == "post":
            assert start.status == 200 and start.auto_form().action.startswith(world.idp.url)
            assert b"Signature" in decoded(dict(start.auto_form().fields)["SAMLRequest"])
        else:
            assert {"SAMLRequest", "SigAlg", "Signature", "RelayState"} >= set(
                urllib.parse.parse_qs(urllib.parse.urlsplit(start.location).query)) - {"x"}
        xml = decoded(dict(urllib.parse.parse_qsl(answer.sent.decode()))["SAMLResponse"])
        assert (b"EncryptedAssertion" in xml) == (name == "encrypted")
        assert page.json()["attributes"]["provider"] == name


def decoded(text):
    import base64
    return base64.b64decode(text)


def test_a_second_service_needs_no_password(world, person):
    browser, email = person
    sign_in(browser, world.host, "signed")
    page = browser.open(world.second.url + "/.sso/login?provider=plain&return=/.sso/session")
    assert page.json()["attributes"]["email"] == email
    assert not any(x.method == "POST" and x.url.startswith(world.idp.url) for x in page.trace)
    # Logging out of one leaves the other, as SSOSamlLogout off wants it.
    browser.open(world.host.url + "/.sso/logout")
    assert user_of(browser, world.host) is None and user_of(browser, world.second)


def test_a_wrong_password_stays_there(world, person, make_browser):
    browser = make_browser(person[0].user, "wrong")
    page = browser.open(world.host.url + "/.sso/login?provider=signed&return=/.sso/session")
    assert page.url.startswith(world.idp.url)
    assert user_of(browser, world.host) is None


def test_an_altered_request_is_refused_there(world, person):
    """Proof that the signature of our requests is looked at."""
    browser, _ = person
    start = browser.step(world.host.url + "/.sso/login?provider=signed&return=/")
    altered = re.sub(r"RelayState=[0-9a-f]", "RelayState=x", start.location)
    assert altered != start.location
    page = browser.open(altered)
    assert page.url.startswith(world.idp.url) and user_of(browser, world.host) is None


# -- the scripted one

@pytest.fixture
def idp(closing):
    return closing(SamlIdp())


@pytest.fixture
def corp(httpd, idp):
    """A host with the provider `corp`; not started, so that tests can add to it."""
    host = httpd.host("app.example.test", tls=True)
    host.provider = lambda extra="": saml(host, idp, "corp", extra)
    protect(host, "/app", "SSO corp")
    host.page("/app/x.html", "inside")
    return host


def begin(corp, idp, browser, extra=""):
    """Start everything; the identity provider learns our metadata."""
    corp.provider(extra)
    corp.httpd.start()
    idp.register(metadata(browser, corp, "corp"))


def ask(browser, corp, idp):
    """Begin a login and stop at the identity provider; the request that it got."""
    count = len(idp.requests)
    page = browser.step(corp.url + "/.sso/login?provider=corp&return=/app/x.html")
    assert page.status == 302, repr(page)
    browser.step(page.location)
    assert len(idp.requests) == count + 1
    return idp.requests[-1]


def deliver(browser, corp, idp, request, **knobs):
    """Post the answer with these knobs; our page."""
    fields, acs = idp.respond(request, **knobs)
    return browser.post(acs, fields, initiator=idp.url + "/sso")


def test_metadata(corp, idp, browser):
    begin(corp, idp, browser)
    page = browser.fetch(corp.url + "/.sso/corp/metadata")
    assert page.header("Content-Type").startswith("application/samlmetadata+xml")
    root = etree.fromstring(page.body)
    assert root.get("entityID") == corp.url + "/.sso/corp/metadata"
    acs = root.findall(".//m:AssertionConsumerService", NS)
    assert [(x.get("Binding"), x.get("Location")) for x in acs] \
        == [(saml_idp.POST, corp.url + "/.sso/corp/acs")]
    assert idp.sp_cert("signing") and idp.sp_cert("encryption")
    assert b"PRIVATE" not in page.body


def test_the_request(corp, idp, browser):
    begin(corp, idp, browser)
    request = ask(browser, corp, idp)
    assert request.binding == saml_idp.REDIRECT and not request.signed
    assert request.issuer == corp.url + "/.sso/corp/metadata"
    assert request.acs == corp.url + "/.sso/corp/acs"
    assert request.root.get("Destination") == idp.url + "/sso"
    assert request.root.get("Version") == "2.0" and request.root.get("IssueInstant").endswith("Z")
    assert len(request.id) >= 20 and not request.id[0].isdigit()
    assert len(request.relay_state.encode()) <= 80
    flow = [x for x in browser.jar.find(corp.url, "__Host-sso-") if not x.name.endswith("-loop")]
    assert len(flow) == 1 and flow[0].samesite == "none" and request.id not in flow[0].value


@pytest.mark.parametrize("lines, binding", [
    ("SSOSamlSignRequests on", saml_idp.REDIRECT),
    ("SSOSamlSignRequests on\nSSOSamlRequestBinding post", saml_idp.POST)])
def test_signed_requests_verify(corp, idp, alice, lines, binding):
    begin(corp, idp, alice, lines)
    assert sign_in(alice, corp, "corp")["attributes"]["user"] == "alice"
    request = idp.requests[-1]
    assert request.binding == binding and request.signed
    request.verify(idp.sp_cert("signing"))
    with pytest.raises(Exception):
        request.verify(pki.pair("other").cert_b64)


def test_requests_are_signed_if_the_metadata_asks(httpd, closing, alice):
    idp = closing(SamlIdp(want_signed=True))
    host = httpd.host("app.example.test", tls=True)
    saml(host, idp)
    httpd.start()
    sign_in(alice, host, "corp")
    assert idp.requests[-1].signed


def test_a_whole_login(corp, idp, alice):
    begin(corp, idp, alice)
    page = alice.open(corp.url + "/app/x.html?a=b")
    assert page.text == "inside" and page.url == corp.url + "/app/x.html?a=b"
    start, _, answer, last = page.trace
    assert (start.status, answer.status, answer.path) == (302, 303, "/.sso/corp/acs")
    seen = alice.fetch(corp.url + "/.sso/session").json()
    assert seen["attributes"] == {"user": "alice", "provider": "corp", "name": "Alice Ärmel",
                                  "email": "alice@example.org", "groups": "staff,admins"}
    assert seen["issuer"] == idp.entity_id


def test_by_plain_http_in_a_test_bench(httpd, idp, alice):
    host = httpd.host("localhost")
    host.add("SSOInsecureHttp on")
    saml(host, idp)
    httpd.start()
    assert sign_in(alice, host, "corp")["attributes"]["user"] == "alice"


@pytest.mark.parametrize("knobs", [
    dict(sign=("response",)),
    dict(sign=("assertion", "response")),
    dict(encrypt="aes256-gcm"),
    dict(encrypt="aes128-gcm"),
    dict(encrypt="aes256-gcm", sign=("response",)),
    dict(encrypt="aes128-cbc", sign=("response",)),
    dict(encrypt="aes256-cbc", sign=("assertion", "response")),
    dict(not_on_or_after=-30),  # within the tolerated difference of the clocks
    dict(not_before=30),
], ids=str)
def test_accepted(corp, idp, alice, knobs):
    begin(corp, idp, alice)
    request = ask(alice, corp, idp)
    page = deliver(alice, corp, idp, request, **knobs)
    assert page.status == 303 and page.location == corp.url + "/app/x.html", repr(page)
    assert user_of(alice, corp) == "alice"


def text_of(path, text):
    """A mutation: another text where the path leads."""
    def change(root):
        root.find(path, NS).text = text
    return change


def drop(path):
    def change(root):
        found = root.find(path, NS)
        found.getparent().remove(found)
    return change


def wrap(response):
    """Signature wrapping: an evil assertion first, the signed one beside it."""
    import copy
    signed = response.find("a:Assertion", NS)
    evil = copy.deepcopy(signed)
    evil.remove(evil.find("ds:Signature", NS))
    evil.set("ID", "_evil")
    evil.find("a:Subject/a:NameID", NS).text = "admin"
    response.insert(list(response).index(signed), evil)


def wrap_inside(response):
    """The signed assertion inside the Object of an evil one's signature."""
    import copy
    signed = response.find("a:Assertion", NS)
    evil = copy.deepcopy(signed)
    evil.set("ID", "_evil")
    evil.find("a:Subject/a:NameID", NS).text = "admin"
    holder = etree.SubElement(evil.find("ds:Signature", NS), "{%s}Object" % saml_idp.DS)
    response.replace(signed, evil)
    holder.append(signed)


def with_comment(assertion):
    name = assertion.find("a:Subject/a:NameID", NS)
    name.text = "admin"
    comment = etree.Comment("x")
    comment.tail = ".evil"
    name.append(comment)


def doctype(data):
    return b'<!DOCTYPE r [<!ENTITY e "x">]>' + data


HOSTILE = {
    "not signed": dict(sign=()),
    "signed by another key": dict(signer=pki.pair("mallory")),
    "signed with SHA-1": dict(algorithm=saml_idp.RSA_SHA1),
    "user changed after signing": dict(after_signing=text_of("a:Assertion/a:Subject/a:NameID", "x")),
    "digest changed": dict(after_signing=text_of(".//ds:DigestValue", "AAAA")),
    "signature value changed": dict(after_signing=text_of(".//ds:SignatureValue", "AAAA")),
    "wrapped beside": dict(after_signing=wrap),
    "wrapped inside": dict(after_signing=wrap_inside),
    "comment in the name": dict(before_signing=with_comment),
    "DOCTYPE": dict(raw=doctype),
    "expired": dict(not_on_or_after=-120),
    "not valid yet": dict(not_before=180),
    "for another audience": dict(audience="https://other.test/"),
    "for another recipient": dict(recipient="https://other.test/acs"),
    "for another destination": dict(destination="https://other.test/acs"),
    "from another issuer": dict(issuer="https://other.test/idp"),
    "answer to another request": dict(in_response_to="_0123456789abcdef0123456789abcdef"),
    "answer to no request": dict(in_response_to=""),
    "no audience": dict(before_signing=drop("a:Conditions/a:AudienceRestriction")),
    "no conditions": dict(before_signing=drop("a:Conditions")),
    "no subject": dict(before_signing=drop("a:Subject")),
    "no confirmation": dict(before_signing=drop("a:Subject/a:SubjectConfirmation")),
    "no authentication": dict(before_signing=drop("a:AuthnStatement")),
    "empty name": dict(name_id=""),
    "encrypted with CBC, not signed outside": dict(encrypt="aes128-cbc"),
    "not Success": dict(status="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"),
    "cut": dict(raw=lambda data: data[:-20]),
    "empty": dict(raw=lambda data: b""),
    "not XML": dict(raw=lambda data: b"hello"),
    "NUL": dict(raw=lambda data: data.replace(b"alice@", b"ali\0ce@")),
    "large": dict(raw=lambda data: data.replace(b"</", b" " * 300000 + b"</", 1)),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_refused(corp, idp, alice, name):
    begin(corp, idp, alice)
    request = ask(alice, corp, idp)
    corp.httpd.log.expect(r"SSO: \w+(:\S+)?: ")
    page = deliver(alice, corp, idp, request, **HOSTILE[name])
    assert 400 <= page.status < 500 and page.fault, repr(page)
    assert not any(x.startswith("__Host-sso=") for x in page.all_headers("Set-Cookie"))
    assert user_of(alice, corp) is None
    # The flow is still good for the real answer.
    assert deliver(alice, corp, idp, request).status == 303
    assert user_of(alice, corp) == "alice"


@pytest.mark.parametrize("lines, knobs, fault", [
    ("SSOSamlWantSigned response", {}, "sig_missing"),
    ("SSOSamlWantSigned both", {}, "sig_missing"),
    ("SSOSamlWantSigned assertion", dict(sign=("response",)), "sig_missing"),
    ("SSOSamlEncryption gcm", dict(encrypt="aes128-cbc", sign=("response",)), None),
    ("SSOSamlAuthnContext urn:strong", {}, None),
])
def test_stricter_settings(corp, idp, alice, lines, knobs, fault):
    begin(corp, idp, alice, lines)
    request = ask(alice, corp, idp)
    corp.httpd.log.expect(r"SSO: \w+: ")
    page = deliver(alice, corp, idp, request, **knobs)
    assert page.status == 403 and (fault is None or page.fault == fault), repr(page)
    assert user_of(alice, corp) is None


@pytest.mark.parametrize("word, name", [("sha1", "signed with SHA-1"), ("no-audience", "no audience")])
def test_loosened_settings(corp, idp, alice, word, name):
    corp.httpd.expect_log("sso:warn.*corp.*" + word)
    begin(corp, idp, alice, "SSOSamlAllow " + word)
    request = ask(alice, corp, idp)
    assert deliver(alice, corp, idp, request, **HOSTILE[name]).status == 303


def test_replay(corp, idp, alice, make_browser):
    begin(corp, idp, alice)
    request = ask(alice, corp, idp)
    fields, acs = idp.respond(request)
    cookie = [("Cookie", alice.jar.header(acs, True, True, "POST")), ("Accept", "text/html"),
              ("Content-Type", "application/x-www-form-urlencoded")]
    body = urllib.parse.urlencode(fields)
    assert exchange("POST", acs, cookie, body).status == 303
    corp.httpd.log.expect("SSO: ")
    for change in (lambda: None, corp.httpd.graceful, corp.httpd.restart):
        change()
        again = exchange("POST", acs, cookie, body)
        assert again.status == 403 and again.fault, repr(again)
        assert not any(x.startswith("__Host-sso=") for x in again.all_headers("Set-Cookie"))


def test_reload_of_the_answer(corp, idp, alice):
    begin(corp, idp, alice)
    request = ask(alice, corp, idp)
    fields, acs = idp.respond(request)
    alice.post(acs, fields, initiator=idp.url)
    before = alice.jar.get(corp.url, "__Host-sso").value
    again = alice.post(acs, fields, initiator=corp.url)
    assert again.status == 303 and again.location == corp.url + "/app/x.html"
    assert alice.jar.get(corp.url, "__Host-sso").value == before


def test_an_answer_in_another_browser(corp, idp, alice, bob):
    begin(corp, idp, alice)
    request = ask(alice, corp, idp)
    corp.httpd.expect_fault("state_missing")
    page = deliver(bob, corp, idp, request)
    assert page.status == 403 and page.fault == "state_missing"
    ask(bob, corp, idp)  # with a flow of his own it is no better
    corp.httpd.log.expect(r"SSO: (state_missing|in_response_to|\w+): ")
    page = deliver(bob, corp, idp, request)
    assert page.status == 403 and user_of(bob, corp) is None
    assert deliver(alice, corp, idp, request).status == 303


def test_an_answer_at_another_host(corp, idp, alice):
    other = corp.httpd.host("shop.example.test", like=corp)
    saml(other, idp, "corp")
    begin(corp, idp, alice)
    request = ask(alice, corp, idp)
    fields, _ = idp.respond(request)
    cookie = [("Cookie", alice.jar.header(corp.url, True, True, "POST")),
              ("Accept", "text/html"), ("Content-Type", "application/x-www-form-urlencoded")]
    corp.httpd.log.expect("SSO: ")
    page = exchange("POST", other.url + "/.sso/corp/acs", cookie, urllib.parse.urlencode(fields))
    assert page.status == 403 and page.fault
    assert not any(x.startswith("__Host-sso=") for x in page.all_headers("Set-Cookie"))


def test_an_answer_posted_twice_at_once(corp, idp, alice):
    begin(corp, idp, alice)
    request = ask(alice, corp, idp)
    fields, acs = idp.respond(request)
    cookie = [("Cookie", alice.jar.header(acs, True, True, "POST")), ("Accept", "text/html"),
              ("Content-Type", "application/x-www-form-urlencoded")]
    body = urllib.parse.urlencode(fields)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: exchange("POST", acs, cookie, body), range(8)))
    corp.httpd.log.expect("SSO: ")
    made = [x for x in pages if any(c.startswith("__Host-sso=") for c in x.all_headers("Set-Cookie"))]
    assert len(made) == 1 and made[0].status == 303
    assert all(x.status == 403 and x.fault for x in pages if x is not made[0])


def test_unsolicited(corp, idp, alice):
    begin(corp, idp, alice)
    corp.httpd.log.expect("SSO: ")
    stranger = Unsolicited(corp.url + "/.sso/corp/acs", corp.url + "/.sso/corp/metadata")
    page = deliver(alice, corp, idp, stranger)
    assert page.status == 403 and user_of(alice, corp) is None


@pytest.mark.parametrize("relay, where", [
    ("/app/x.html", "/app/x.html"), ("/other", "/app/"), ("https://evil.test/", "/app/"),
    ("//evil.test/", "/app/"), ("", "/app/")])
def test_unsolicited_if_told_so(corp, idp, alice, relay, where):
    corp.httpd.expect_log("sso:warn.*SSOSamlUnsolicited on")
    begin(corp, idp, alice, "SSOSamlUnsolicited on /app/ /app/x.html")
    stranger = Unsolicited(corp.url + "/.sso/corp/acs", corp.url + "/.sso/corp/metadata", relay)
    page = deliver(alice, corp, idp, stranger)
    assert page.status == 303 and page.location == corp.url + where
    assert user_of(alice, corp) == "alice"


def test_unsolicited_bounces(corp, idp, alice):
    """R35: a tile at the provider leads to a login that began here; nothing of it is believed."""
    begin(corp, idp, alice, "SSOSamlUnsolicited bounce /app/x.html")
    for knobs in ({}, dict(sign=()), dict(signer=pki.pair("mallory"), user="bob")):
        stranger = Unsolicited(corp.url + "/.sso/corp/acs", corp.url + "/.sso/corp/metadata", "/x")
        page = deliver(alice, corp, idp, stranger, **knobs)
        assert page.status == 303 and page.location.startswith(idp.url + "/sso?"), repr(page)
        assert not any(x.startswith("__Host-sso=") for x in page.all_headers("Set-Cookie"))
    page = alice.open(page.location)
    assert page.url == corp.url + "/app/x.html" and user_of(alice, corp) == "alice"
    corp.httpd.expect_fault("issuer")
    page = deliver(alice, corp, idp, stranger, issuer="https://other.test/idp")
    assert page.status == 403 and page.fault == "issuer"


def test_a_provider_that_ignores_requests_is_not_asked_for_ever(corp, idp, alice):
    begin(corp, idp, alice, "SSOSamlUnsolicited bounce")
    idp.answer.in_response_to = ""
    corp.httpd.expect_fault("loop")
    page = alice.open(corp.url + "/app/x.html")
    assert page.status == 403 and page.fault == "loop"


def test_the_provider_limits_the_session(corp, idp, alice):
    begin(corp, idp, alice)
    request = ask(alice, corp, idp)
    deliver(alice, corp, idp, request, session_not_on_or_after=600)
    seen = alice.fetch(corp.url + "/.sso/session").json()
    minutes = lambda x: int(x[11:13]) * 60 + int(x[14:16])
    assert (minutes(seen["expires"]) - minutes(seen["created"])) % 1440 in (9, 10, 11)


@pytest.mark.parametrize("method, kind, body, status", [
    ("GET", None, None, 405),
    ("PUT", "application/x-www-form-urlencoded", "SAMLResponse=x", 405),
    ("POST", "application/x-www-form-urlencoded", "", 400),
    ("POST", "application/x-www-form-urlencoded", "SAMLResponse=", 400),
    ("POST", "application/x-www-form-urlencoded", "SAMLResponse=x&SAMLResponse=y", 400),
    ("POST", "application/x-www-form-urlencoded", "SAMLResponse=%zz", 400),
    ("POST", "application/x-www-form-urlencoded", "SAMLResponse=" + "A" * 2000000, 413),
    ("POST", "multipart/form-data; boundary=x", "--x--", 400),
    ("POST", "text/xml", "<x/>", 400),
    ("POST", None, "SAMLResponse=x", 400),
])
def test_the_acs_takes_forms_only(corp, idp, browser, method, kind, body, status):
    begin(corp, idp, browser)
    corp.httpd.log.expect("SSO: ")
    headers = [("Content-Type", kind)] if kind else []
    page = exchange(method, corp.url + "/.sso/corp/acs", headers, body)
    assert page.status == status and page.fault, repr(page)


def test_a_message_that_does_not_arrive_completely(corp, idp, browser):
    from lib.browser import connect
    begin(corp, idp, browser)
    connection = connect(corp.url)
    connection.putrequest("POST", "/.sso/corp/acs", skip_host=True, skip_accept_encoding=True)
    for name, value in (("Host", corp.url.split("//")[1]), ("Content-Length", "1000"),
                        ("Content-Type", "application/x-www-form-urlencoded")):
        connection.putheader(name, value)
    connection.endheaders(b"SAMLResponse=abc")
    connection.close()
    corp.httpd.log.expect("SSO: body_read|resuming")
    assert browser.fetch(corp.url + "/.sso/session").status == 401


def test_names_that_reach_the_backend(corp, idp, backend, make_browser):
    """Whatever the identity provider says, a backend gets clean ASCII, and env gets UTF-8."""
    corp.httpd.need("proxy_http")
    corp.add("ProxyPass /app/b/ %s/" % backend.url)
    browser = make_browser("alice")
    idp.answer.attributes = {"displayName": ("", ["Zoë\u2028 \U0001f600"]),
                             "groups": ("", ["a,b", "c d", "50%"])}
    idp.answer.name_id = "zoë@example.org"
    begin(corp, idp, browser)
    page = browser.open(corp.url + "/app/b/x")
    seen = dict(page.json()["headers"])
    assert seen["X-SSO-User"] == "zo%C3%AB@example.org"
    assert seen["X-SSO-Groups"] == "a%2Cb,c d,50%25"
    assert seen["X-SSO-Name"].isascii()


def test_is_login_knows_this_idp(corp, idp, browser):
    begin(corp, idp, browser)
    assert is_login(browser.step(corp.url + "/app/x.html"))
