"""SAML logout from both ends: with other people's identity providers, and with a scripted one."""
import re
import urllib.parse

import pytest
from lxml import etree

from conftest import running
from lib import pki, saml_idp, saml_logout
from lib.browser import Browser, exchange
from lib.idps import LemonLdap, PySaml2, Samlify, Samlp, SimpleSamlPhp
from lib.recipes import protect, saml, sign_in, user_of
from lib.saml_idp import A, NS, P, POST, REDIRECT, SamlIdp, _add

SOAP_TYPE = [("Content-Type", "text/xml")]
FORM_TYPE = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/html")]


# -- other people's identity providers

def only(binding, metadata):
    """Our metadata with one way to sign out left."""
    root = etree.fromstring(metadata)
    for each in root.findall(".//m:SingleLogoutService", NS):
        if not each.get("Binding").endswith(binding):
            each.getparent().remove(each)
    assert root.find(".//m:SingleLogoutService", NS) is not None
    return etree.tostring(root)


class World:
    """An identity provider and three sites that know it, each with another way to sign out."""

    BINDINGS = {"simplesamlphp": {"app": "", "shop": "Redirect", "wiki": "POST"},  # "": all
                "lemonldap": {"app": "", "shop": "SOAP", "wiki": "POST"},
                "pysaml2": {"app": "Redirect", "shop": "SOAP", "wiki": "POST"}}

    def __init__(self, httpd, idp):
        self.httpd, self.idp, self.hosts = httpd, idp, []
        for name in self.BINDINGS[idp.name]:
            host = self.place(name)
            host.page("/bye.html", "bye")
            saml(host, idp, "corp", "SSOSamlSignRequests on")
            self.hosts.append(host)
        httpd.start()
        for host in self.hosts:
            self.register(host)
        idp.commit()

    def place(self, name):
        """What the provider itself calls must have a name that it finds, and no certificate."""
        if self.BINDINGS[self.idp.name][name] == "SOAP":
            return self.httpd.host("localhost").add("SSOInsecureHttp on")
        like = self.hosts[0] if self.hosts else None
        return self.httpd.host(name + ".example.test", tls=True, like=like)

    def register(self, host):
        name = list(self.BINDINGS[self.idp.name])[self.hosts.index(host)]
        page = Browser().fetch(host.url + "/.sso/corp/metadata")
        metadata = only(self.BINDINGS[self.idp.name][name], page.body)
        if self.idp.name == "simplesamlphp":
            self.idp.register(name, metadata, validate_authnrequest=True, sign_logout=True,
                              validate_logout=True)
        elif self.idp.name == "pysaml2":
            binding = self.BINDINGS["pysaml2"][name].replace("Redirect", "HTTP-Redirect")
            self.idp.register(name, page.body, slo="urn:oasis:names:tc:SAML:2.0:bindings:"
                              + binding.replace("POST", "HTTP-POST"))
        else:
            self.idp.register(name, metadata)


@pytest.fixture(scope="module", params=[SimpleSamlPhp, LemonLdap, PySaml2], ids=lambda x: x.name)
def program(request):
    idp = request.param()
    yield idp
    idp.close()


@pytest.fixture(scope="module")
def world(program):
    with running(lambda: False) as httpd:
        yield World(httpd, program)


@pytest.fixture
def person(program, make_browser):
    return make_browser("dwho", "dwho") if program.name == "lemonldap" else make_browser("alice")


def leave(browser, host, query=""):
    """Sign out at a host, as a person does; providers end other sessions in frames."""
    browser.embeds = True
    return browser.open(host.url + "/.sso/logout" + query)


def enter_all(world, person):
    for host in world.hosts:
        assert sign_in(person, host, "corp")["attributes"]["user"]


def asks_for_password(browser, host, idp):
    """Does a new login need a password? So it is when the provider's session has ended."""
    stranger = Browser()
    stranger.jar = browser.jar
    page = stranger.open(host.url + "/.sso/login?provider=corp&return=/.sso/session")
    return page.url.startswith(idp.url) and not page.url.startswith(host.url)


def test_logout_that_begins_here(world, person):
    """The session ends here, at the provider and, by its messages, at the other sites."""
    enter_all(world, person)
    first, *others = world.hosts
    page = leave(person, first, "?return=/bye.html")
    assert page.url == first.url + "/bye.html", repr(page)
    assert user_of(person, first) is None
    assert [user_of(person, x) for x in others] == [None, None]
    assert asks_for_password(person, first, world.idp)


def test_logout_that_begins_where_answers_come_by_post(world, person):
    if world.idp.name == "lemonldap":
        pytest.skip("LemonLDAP::NG answers a request that came by redirect by redirect only")
    enter_all(world, person)
    *others, last = world.hosts
    page = leave(person, last)
    assert "You are signed out here and at the identity provider." in page.text, page.text
    assert [user_of(person, x) for x in world.hosts] == [None, None, None]


def test_logout_that_begins_at_the_provider(world, person):
    enter_all(world, person)
    start = {"simplesamlphp": "/saml2/idp/SingleLogoutService.php?ReturnTo=",
             "lemonldap": "/?logout=1&x=", "pysaml2": "/logout?ReturnTo="}[world.idp.name]
    start += urllib.parse.quote(world.hosts[0].url + "/bye.html", safe="")
    person.embeds = True
    person.open(world.idp.url + start)
    assert [user_of(person, x) for x in world.hosts] == [None, None, None]


def test_another_person_stays(world, person, make_browser):
    """Nobody but the one who leaves is signed out."""
    other = make_browser("rtyler", "rtyler") if world.idp.name == "lemonldap" \
        else make_browser("bob")
    enter_all(world, person)
    enter_all(world, other)
    leave(person, world.hosts[0])
    assert user_of(person, world.hosts[0]) is None
    assert all(user_of(other, x) for x in world.hosts)


@pytest.mark.parametrize("make", [Samlify, Samlp], ids=lambda x: x.name)
def test_with_libraries_of_npm(make, closing, httpd, make_browser):
    """A login, and a logout from either end."""
    idp, alice = closing(make()), make_browser("alice")
    host = httpd.host("app.example.test", tls=True)
    host.page("/bye.html", "bye")
    saml(host, idp, "corp", "SSOSamlSignRequests on")
    httpd.start()
    idp.register("app", Browser().fetch(host.url + "/.sso/corp/metadata").body)
    idp.commit()
    assert sign_in(alice, host, "corp")["attributes"]["email"] == "alice@example.org"
    page = alice.open(host.url + "/.sso/logout?return=/bye.html")
    assert page.url == host.url + "/bye.html", repr(page)
    assert asks_for_password(alice, host, idp)
    sign_in(alice, host, "corp")
    page = alice.open(idp.url + "/logout?ReturnTo=" + urllib.parse.quote(host.url + "/bye.html"))
    assert page.url == host.url + "/bye.html" and user_of(alice, host) is None, repr(page)


# -- a scripted identity provider

@pytest.fixture
def idp(closing):
    return closing(SamlIdp(slo=(REDIRECT, POST)))


@pytest.fixture
def corp(httpd):
    host = httpd.host("app.example.test", tls=True)
    host.page("/app/x.html", "inside")
    host.page("/bye.html", "bye")
    protect(host, "/app", "SSO corp")
    return host


def begin(host, idp, browser, lines=""):
    """Start, and sign in."""
    saml(host, idp, "corp", lines)
    host.httpd.start()
    idp.register(Browser().fetch(host.url + "/.sso/corp/metadata").body)
    sign_in(browser, host, "corp")


def slo(host):
    return host.url + "/.sso/corp/slo"


def bring(browser, host, idp, how, tree, relay="r-123", signer=None):
    """The provider sends the browser, or comes itself, with a LogoutRequest."""
    signer = signer or idp.pair
    if how == "redirect":
        return browser.step(saml_logout.by_redirect(slo(host), tree, "SAMLRequest", relay, signer),
                            initiator=idp.url)
    if how == "post":
        return browser.post(slo(host), saml_logout.by_post(tree, "SAMLRequest", relay, signer),
                            initiator=idp.url)
    return exchange("POST", slo(host), SOAP_TYPE, saml_logout.by_soap(tree, signer))


def test_our_metadata_names_the_logout_service(corp, idp, alice):
    begin(corp, idp, alice)
    found = {(x.get("Binding").split(":")[-1], x.get("Location"))
             for x in idp.sp.iterfind(".//m:SingleLogoutService", NS)}
    assert found == {(x, slo(corp)) for x in ("HTTP-Redirect", "HTTP-POST", "SOAP")}


@pytest.mark.parametrize("how", ["redirect", "post", "soap"])
def test_r70_the_provider_ends_the_session(corp, idp, alice, how):
    begin(corp, idp, alice)
    page = bring(alice, corp, idp, how, saml_logout.request(idp, slo(corp)))
    assert user_of(alice, corp) is None
    if how == "soap":
        assert page.status == 200 and page.header("Content-Type").startswith("text/xml")
        answer = saml_logout.out_of_soap(page.body)
        saml_idp.Request(etree.tostring(answer), POST, None).verify(idp.sp_cert("signing"))
    else:
        assert page.status == 303 and page.location.startswith(idp.url + "/slo?"), repr(page)
        alice.step(page.location)
        sent = idp.answers[-1]
        sent.verify(idp.sp_cert("signing"))
        assert sent.relay_state == "r-123"
        assert sent.root.get("Destination") == idp.url + "/slo"
        answer = sent.root
    assert answer.find("p:Status/p:StatusCode", NS).get("Value") == saml_idp.SUCCESS
    assert answer.get("InResponseTo") and answer.tag == "{%s}LogoutResponse" % P


def test_an_answer_by_post_where_the_provider_takes_nothing_else(corp, closing, alice):
    idp = closing(SamlIdp(slo=(POST,)))
    begin(corp, idp, alice)
    page = bring(alice, corp, idp, "post", saml_logout.request(idp, slo(corp)))
    form = page.auto_form()
    assert form.action == idp.url + "/slo"
    assert "frame-ancestors " + idp.url in page.header("Content-Security-Policy")
    alice.submit(form)
    idp.answers[-1].verify(idp.sp_cert("signing"))


def test_a_provider_that_wants_no_answer_gets_none(corp, closing, alice):
    idp = closing(SamlIdp())
    begin(corp, idp, alice)
    page = bring(alice, corp, idp, "redirect", saml_logout.request(idp, slo(corp)))
    assert page.status == 200 and "You are signed out" in page.text
    assert user_of(alice, corp) is None


@pytest.mark.parametrize("how", ["redirect", "post"])
def test_the_acs_takes_logout_messages_too(corp, idp, alice, how):
    """Some providers know one address for everything."""
    begin(corp, idp, alice)
    acs = corp.url + "/.sso/corp/acs"
    tree = saml_logout.request(idp, acs)
    if how == "redirect":
        page = alice.step(saml_logout.by_redirect(acs, tree, signer=idp.pair), initiator=idp.url)
    else:
        page = alice.post(acs, saml_logout.by_post(tree, signer=idp.pair), initiator=idp.url)
    assert page.status == 303 and page.location.startswith(idp.url + "/slo?"), repr(page)
    assert user_of(alice, corp) is None
    # And the answer to a logout that began here.
    sign_in(alice, corp, "corp")
    start = alice.step(corp.url + "/.sso/logout")
    alice.step(start.location)
    asked = idp.logouts[-1]
    tree = saml_logout.response(idp, asked.id, acs, idp.goodbye)
    if how == "redirect":
        page = alice.step(saml_logout.by_redirect(acs, tree, "SAMLResponse", None, idp.pair),
                          initiator=idp.url)
    else:
        page = alice.post(acs, saml_logout.by_post(tree, "SAMLResponse", None, idp.pair),
                          initiator=idp.url)
    assert page.status == 200 and "at the identity provider" in page.text


def test_r71_all_sessions_of_a_person_or_those_that_are_named(corp, idp, alice, make_browser):
    begin(corp, idp, alice)
    second, bob = make_browser("alice"), make_browser("bob")
    sign_in(second, corp, "corp")
    idp.answer.user = "bob"
    sign_in(bob, corp, "corp")
    # One of them, by its SessionIndex.
    bring(None, corp, idp, "soap", saml_logout.request(idp, slo(corp), who=0))
    assert [user_of(x, corp) for x in (alice, second, bob)] == [None, "alice", "bob"]
    # The SessionIndex of somebody else ends nothing.
    tree = saml_logout.request(idp, slo(corp), who=1, session_index=[idp.sessions[2][1]])
    page = bring(None, corp, idp, "soap", tree)
    assert page.status == 200
    assert [user_of(x, corp) for x in (second, bob)] == ["alice", "bob"]
    # All of them, without one.
    idp.answer.user = "alice"
    sign_in(alice, corp, "corp")
    bring(None, corp, idp, "soap", saml_logout.request(idp, slo(corp), session_index=None))
    assert [user_of(x, corp) for x in (alice, second, bob)] == [None, None, "bob"]


def test_r71_a_logout_without_a_session_succeeds(corp, idp, alice, browser):
    begin(corp, idp, alice)
    alice.open(corp.url + "/.sso/logout")
    page = bring(browser, corp, idp, "redirect", saml_logout.request(idp, slo(corp)))
    assert page.status == 303
    browser.step(page.location)
    assert idp.answers[-1].root.find("p:Status/p:StatusCode", NS).get("Value") == saml_idp.SUCCESS


def test_r71_qualifiers_count(corp, idp, alice):
    """The same name, qualified differently, is another person."""
    def other(root):
        root.find("a:NameID", NS).set("SPNameQualifier", "https://other.test/")

    begin(corp, idp, alice)
    page = bring(None, corp, idp, "soap", saml_logout.request(idp, slo(corp), change=other))
    assert page.status == 200 and user_of(alice, corp) == "alice"


def by_query(idp, host, tree, change=lambda x: x, signer=None):
    return change(saml_logout.by_redirect(slo(host), tree, "SAMLRequest", "r", signer or idp.pair))


def altered_signature(url):
    return re.sub(r"Signature=..", "Signature=AA", url)


HOSTILE = {  # name: (how, what is wrong with the request or its signature, fault)
    "not signed, redirect": ("redirect", {}, dict(signer=None), "sig_missing"),
    "not signed, post": ("post", {}, dict(signer=None), "sig_missing"),
    "not signed, soap": ("soap", {}, dict(signer=None), "sig_missing"),
    "another key, redirect": ("redirect", {}, dict(signer="mallory"), "signature"),
    "another key, post": ("post", {}, dict(signer="mallory"), "signature"),
    "another key, soap": ("soap", {}, dict(signer="mallory"), "signature"),
    "forged, redirect": ("redirect", {}, dict(url=altered_signature), "signature"),
    "forged, post": ("post", {}, dict(forge=True), "signature"),
    "forged, soap": ("soap", {}, dict(forge=True), "signature"),
    "another provider": ("redirect", dict(issuer="https://other.test/idp"), {}, "issuer"),
    "another destination": ("redirect", dict(destination="https://other.test/slo"), {},
                            "destination"),
    "no destination": ("post", dict(destination=None), {}, "destination"),
    "another destination, soap": ("soap", dict(destination="https://other.test/slo"), {},
                                  "destination"),
    "expired": ("redirect", dict(not_on_or_after=-120), {}, "logout_expired"),
    "old": ("redirect", dict(issued=-3600, not_on_or_after=None), {}, "issue_instant"),
    "from the future": ("post", dict(issued=3600), {}, "issue_instant"),
    "no name": ("post", dict(change=lambda x: x.remove(x.find("a:NameID", NS))), {}, "subject"),
    "two names": ("post", dict(change=lambda x: _add(x, A, "NameID", "x")), {},
                  "saml_structure:NameID"),
    "parameter twice": ("redirect", {}, dict(url=lambda x: x + "&RelayState=s"),
                        "param_duplicate:RelayState"),
    "message twice": ("redirect", {}, dict(url=lambda x: x + "&SAMLRequest=AAAA"),
                      "param_duplicate:SAMLRequest"),
    "prefixed name": ("redirect", {}, dict(url=lambda x: x.replace("?SAML", "?xSAML")),
                      "saml_param"),
    "escaped name": ("redirect", {}, dict(url=lambda x: x.replace("?SAML", "?%53AML")),
                     "saml_param"),
    "both messages": ("redirect", {}, dict(url=lambda x: x + "&SAMLResponse=AAAA"), "saml_param"),
    "in the parameter for answers": ("redirect", {}, dict(kind="SAMLResponse"), "saml_type"),
    "signature in the query of a post": ("post", {}, dict(fields={"Signature": "AAAA"}),
                                         "sig_profile"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_r70_refused(corp, idp, alice, name):
    how, request, wire, fault = HOSTILE[name]
    begin(corp, idp, alice)
    corp.httpd.expect_fault(fault.split(":")[0])
    tree = saml_logout.request(idp, **{"destination": slo(corp), **request})
    signer = {"mallory": pki.pair("mallory"), None: None}.get(wire.get("signer", ""), idp.pair)
    if how == "redirect":
        url = saml_logout.by_redirect(slo(corp), tree, wire.get("kind", "SAMLRequest"), "r", signer)
        page = alice.step(wire.get("url", lambda x: x)(url), initiator=idp.url)
    elif how == "post":
        fields = saml_logout.by_post(tree, "SAMLRequest", "r", signer)
        if wire.get("forge"):
            tree.find("a:NameID", NS).text = "bob"
            fields = saml_logout.by_post(tree, "SAMLRequest", "r")
        page = alice.post(slo(corp), {**fields, **wire.get("fields", {})}, initiator=idp.url)
    else:
        body = saml_logout.by_soap(tree, signer)
        body = body.replace(b">alice<", b">bob<") if wire.get("forge") else body
        page = exchange("POST", slo(corp), SOAP_TYPE, body)
    assert 400 <= page.status < 500 and page.fault == fault, repr(page)
    assert user_of(alice, corp) == "alice"


@pytest.mark.parametrize("how", ["redirect", "post", "soap"])
def test_r70_a_replay_is_refused(corp, idp, alice, how):
    begin(corp, idp, alice)
    tree = saml_logout.request(idp, slo(corp), session_index=None)
    if how == "post":
        fields = saml_logout.by_post(tree, "SAMLRequest", "r", idp.pair)
        again = lambda: alice.post(slo(corp), fields, initiator=idp.url)
    elif how == "redirect":
        url = saml_logout.by_redirect(slo(corp), tree, "SAMLRequest", "r", idp.pair)
        again = lambda: alice.step(url, initiator=idp.url)
    else:
        body = saml_logout.by_soap(tree, idp.pair)
        again = lambda: exchange("POST", slo(corp), SOAP_TYPE, body)
    assert again().status in (200, 303)
    assert user_of(alice, corp) is None
    sign_in(alice, corp, "corp")
    corp.httpd.expect_fault("logout_used")
    for change in (lambda: None, corp.httpd.graceful):
        change()
        page = again()
        assert page.status == 403 and page.fault == "logout_used", repr(page)
        assert user_of(alice, corp) == "alice"


@pytest.mark.parametrize("body, fault", [
    (b"<x/>", "saml_type"),
    (b'<s:Envelope xmlns:s="%s"/>' % saml_logout.SOAP.encode(), "saml_structure:Body"),
    (b'<s:Envelope xmlns:s="%s"><s:Body/></s:Envelope>' % saml_logout.SOAP.encode(),
     "saml_structure:Body"),
    (b'<!DOCTYPE x><s:Envelope xmlns:s="%s"/>' % saml_logout.SOAP.encode(), "xml_forbidden"),
    (b"", "xml_syntax"),
    (b"x" * 300000, "body_size"),
])
def test_envelopes_that_are_none(corp, idp, alice, body, fault):
    begin(corp, idp, alice)
    corp.httpd.expect_fault(fault.split(":")[0])
    page = exchange("POST", slo(corp), SOAP_TYPE, body)
    assert page.fault == fault and 400 <= page.status < 500, repr(page)


@pytest.mark.parametrize("method, status", [("PUT", 405), ("DELETE", 405), ("HEAD", 405)])
def test_methods_of_the_logout_service(corp, idp, alice, method, status):
    begin(corp, idp, alice)
    corp.httpd.expect_fault("method")
    assert exchange(method, slo(corp)).status == status


# -- a logout that begins here

def flows_of(browser, host):
    """The names of the cookies in which something under way is remembered."""
    return {x.name for x in browser.jar.find(host.url, "__Host-sso-")
            if re.fullmatch("__Host-sso-[0-9a-f]{8}", x.name)}


@pytest.mark.parametrize("slo_bindings, lines, binding", [
    ((REDIRECT, POST), "", REDIRECT),
    ((REDIRECT, POST), "SSOSamlRequestBinding post", POST),
    ((POST,), "", POST),
])
def test_a_logout_that_begins_here(corp, closing, alice, slo_bindings, lines, binding):
    idp = closing(SamlIdp(slo=slo_bindings))
    begin(corp, idp, alice, lines)
    before = flows_of(alice, corp)
    page = alice.open(corp.url + "/.sso/logout?return=/bye.html")
    assert page.url == corp.url + "/bye.html" and page.text == "bye"
    sent = idp.logouts[-1]
    assert sent.binding == binding
    sent.verify(idp.sp_cert("signing"))
    name, index = idp.sessions[-1]
    ours = sent.root.find("a:NameID", NS)
    assert (ours.text, dict(ours.attrib)) == (name.text, dict(name.attrib))
    assert sent.root.findtext("p:SessionIndex", namespaces=NS) == index
    assert sent.root.get("Destination") == idp.url + "/slo"
    assert not alice.jar.get(corp.url, "__Host-sso")
    assert flows_of(alice, corp) == before  # nothing of it is under way


@pytest.mark.parametrize("binding", [REDIRECT, POST])
@pytest.mark.parametrize("signed", [True, False])
def test_r72_the_answer_completes_our_logout(corp, idp, alice, binding, signed):
    """Also without a signature: some providers do not sign it, and nothing ends by it."""
    idp.goodbye.binding, idp.goodbye.signed = binding, signed
    begin(corp, idp, alice)
    page = alice.open(corp.url + "/.sso/logout")
    assert page.status == 200 and "signed out here and at the identity provider" in page.text
    assert user_of(alice, corp) is None


STATUS = "urn:oasis:names:tc:SAML:2.0:status:"


@pytest.mark.parametrize("knobs, fault", [
    (dict(status=STATUS + "Responder"), "logout_denied"),
    (dict(status=STATUS + "Requester", second=STATUS + "UnknownPrincipal"), "logout_denied"),
    (dict(signer=pki.pair("mallory")), "signature"),
    (dict(issuer="https://other.test/idp"), "issuer"),
    (dict(destination="https://other.test/slo"), "destination"),
    (dict(in_response_to="_0123456789abcdef0123456789abcdef01234567"), "logout_unknown"),
    (dict(in_response_to=""), "logout_unknown"),
    (dict(binding=POST, signer=pki.pair("mallory")), "signature"),
    (dict(binding=POST, in_response_to=""), "logout_unknown"),
], ids=str)
def test_r72_whatever_the_answer_the_session_has_ended(corp, idp, alice, knobs, fault):
    """And the page says so, and that the provider did not confirm."""
    begin(corp, idp, alice)
    for key, value in knobs.items():
        setattr(idp.goodbye, key, value)
    corp.httpd.expect_fault(fault)
    page = alice.open(corp.url + "/.sso/logout?return=/bye.html")
    assert page.status == 403 and page.fault == fault, repr(page)
    assert "You are signed out here" in page.text and "did not confirm" in page.text
    assert user_of(alice, corp) is None


def test_r72_a_partial_logout_is_told(corp, idp, alice):
    begin(corp, idp, alice)
    idp.goodbye.second = STATUS + "PartialLogout"
    page = alice.open(corp.url + "/.sso/logout?return=/bye.html")
    assert page.status == 200 and "not everywhere" in page.text and page.fault is None


def test_r72_an_answer_nobody_waits_for(corp, idp, alice, browser):
    """Late, replayed, or forged: who has a session keeps it and is told the truth."""
    begin(corp, idp, alice)
    start = alice.step(corp.url + "/.sso/logout")
    back = alice.step(start.location).location
    assert alice.step(back).status == 200
    corp.httpd.expect_fault("logout_unknown")
    late = alice.step(back)  # replayed, without a session
    assert late.status == 403 and "You are signed out here" in late.text
    sign_in(alice, corp, "corp")
    page = alice.step(back, initiator=idp.url)
    assert page.status == 403 and page.fault == "logout_unknown"
    assert "You are signed out here" not in page.text
    assert user_of(alice, corp) == "alice"


def test_r34_an_answer_to_a_logout_is_none_to_a_login(corp, idp, alice):
    """And the other way round: what is under way is of one kind."""
    begin(corp, idp, alice)
    start = alice.step(corp.url + "/.sso/logout")
    alice.step(start.location)
    asked = idp.logouts[-1]
    asked.acs, asked.issuer = corp.url + "/.sso/corp/acs", corp.url + "/.sso/corp/metadata"
    fields, acs = idp.respond(asked)
    corp.httpd.expect_fault("in_response_to")
    page = alice.post(acs, fields, initiator=idp.url)
    assert page.status == 403 and page.fault == "in_response_to" and user_of(alice, corp) is None
    # A login's request does not make a logout's answer good.
    begun = alice.step(corp.url + "/.sso/login?provider=corp&return=/")
    alice.step(begun.location)
    tree = saml_logout.response(idp, idp.requests[-1].id, slo(corp), idp.goodbye)
    corp.httpd.expect_fault("logout_unknown")
    page = alice.step(saml_logout.by_redirect(slo(corp), tree, "SAMLResponse", None, idp.pair))
    assert page.fault == "logout_unknown"


@pytest.mark.parametrize("how", ["get", "post"])
def test_r72_no_other_site_signs_people_out(corp, idp, alice, how):
    begin(corp, idp, alice)
    evil = "https://evil.test/"
    if how == "get":
        page = alice.step(corp.url + "/.sso/logout", initiator=evil)
        assert page.status == 200 and "Sign out?" in page.text
    else:
        alice.post(corp.url + "/.sso/logout", {}, initiator=evil)
    assert user_of(alice, corp) == "alice" and not idp.logouts


def test_r72_the_question_leads_to_the_provider(corp, idp, alice):
    """Chromium holds a form's page to account for the redirects behind it: so the way from the
    button to the provider leads over a page."""
    begin(corp, idp, alice)
    page = alice.step(corp.url + "/.sso/logout", initiator="https://elsewhere.test/")
    form = page.forms()[0]
    step = alice.post(form.action, form.fields, initiator=page.url)
    assert step.status == 200 and step.refresh.startswith(idp.url + "/slo?")
    page = alice.submit(form)
    assert user_of(alice, corp) is None


def test_saml_logout_off(corp, idp, alice):
    begin(corp, idp, alice, "SSOSamlLogout off")
    page = alice.open(corp.url + "/.sso/logout")
    assert page.status == 200 and "You are signed out" in page.text and not idp.logouts
    assert user_of(alice, corp) is None


def test_saml_logout_at_an_address(corp, closing, alice):
    """For providers without single logout that have a page for it."""
    idp = closing(SamlIdp())
    begin(corp, idp, alice, "SSOSamlLogout %s/bye?x=1" % idp.url)
    page = alice.step(corp.url + "/.sso/logout?return=/bye.html")
    assert page.status == 303 and page.location == idp.url + "/bye?x=1"
    assert user_of(alice, corp) is None


def test_a_provider_without_single_logout(corp, closing, alice):
    idp = closing(SamlIdp())
    begin(corp, idp, alice)
    page = alice.open(corp.url + "/.sso/logout?return=/bye.html")
    assert page.url == corp.url + "/bye.html" and user_of(alice, corp) is None


def test_slo_url_of_three_values(httpd, idp, alice):
    host = httpd.host("app.example.test", tls=True)
    cert = httpd.file("conf/idp.crt", idp.pair.cert_pem)
    from lib.recipes import saml_key
    host.add("<SSOProvider corp saml>\nSSOSamlIdP entity-id=%s sso-url=%s/sso cert=%s slo-url=%s/slo"
             "\n%s\n</SSOProvider>" % (idp.entity_id, idp.url, cert, idp.url, saml_key(httpd)))
    httpd.start()
    idp.register(Browser().fetch(host.url + "/.sso/corp/metadata").body)
    sign_in(alice, host, "corp")
    page = alice.open(host.url + "/.sso/logout")
    assert "signed out here and at the identity provider" in page.text
    idp.logouts[-1].verify(idp.sp_cert("signing"))


def test_unsigned_logout_if_told_so(corp, idp, alice, make_browser):
    """It ends the session of the browser that brings it, and no other; never by SOAP."""
    corp.httpd.expect_log("sso:warn.*corp.*unsigned-logout")
    begin(corp, idp, alice, "SSOSamlAllow unsigned-logout")
    second = make_browser("alice")
    sign_in(second, corp, "corp")
    corp.httpd.expect_fault("sig_missing")
    tree = saml_logout.request(idp, slo(corp), session_index=None)
    page = exchange("POST", slo(corp), SOAP_TYPE, saml_logout.by_soap(tree))
    assert page.fault == "sig_missing"
    tree = saml_logout.request(idp, slo(corp), session_index=None)
    page = alice.step(saml_logout.by_redirect(slo(corp), tree), initiator=idp.url)
    assert page.status == 303
    assert user_of(alice, corp) is None and user_of(second, corp) == "alice"
