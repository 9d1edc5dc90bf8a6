"""SAML responses by artifact: the browser brings a reference, the module fetches the message."""
import urllib.parse

import pytest
from lxml import etree

from conftest import running
from lib import pki, saml_artifact, saml_idp
from lib.browser import Browser
from lib.idps import PySaml2, SimpleSamlPhp
from lib.recipes import protect, saml, sign_in, user_of
from lib.saml_idp import A, NS, SamlIdp

LINE = "SSOSamlResponseBinding artifact"


@pytest.mark.parametrize("make", [SimpleSamlPhp, PySaml2], ids=lambda x: x.name)
def test_with_programs_of_other_people(make, make_browser):
    program = make()
    alice = make_browser("alice")
    try:
        with running(lambda: False) as httpd:
            host = httpd.host("app.example.test", tls=True)
            saml(host, program, "corp", LINE + "\nSSOSamlSignRequests on")
            httpd.start()
            page = Browser().fetch(host.url + "/.sso/corp/metadata")
            program.register("app", page.body, validate_authnrequest=True)
            program.commit()
            page = alice.open(host.url + "/.sso/login?provider=corp&return=/.sso/session")
            assert page.json()["attributes"]["email"] == "alice@example.org"
            assert any("SAMLart=" in x.url for x in page.trace)
            assert not any(x.method == "POST" and x.path.endswith("/acs") for x in page.trace)
    finally:
        program.close()


# -- a scripted identity provider

@pytest.fixture
def idp(closing):
    return closing(SamlIdp())


@pytest.fixture
def corp(httpd):
    host = httpd.host("app.example.test", tls=True)
    host.page("/app/x.html", "inside")
    protect(host, "/app", "SSO corp")
    return host


def begin(host, idp, lines=LINE):
    saml(host, idp, "corp", lines)
    host.httpd.start()
    idp.register(Browser().fetch(host.url + "/.sso/corp/metadata").body)


def bring(browser, host, idp, **knobs):
    """Start a login, and come back with an artifact; the page that answers it."""
    browser.step(browser.step(host.url + "/app/x.html").location)
    for key, value in knobs.items():
        setattr(idp.redeemed, key, value)
    return browser.step(saml_artifact.issue(idp, idp.requests[-1]), initiator=idp.url)


def test_a_login(corp, idp, alice):
    begin(corp, idp)
    page = alice.open(corp.url + "/app/x.html")
    assert page.text == "inside" and user_of(alice, corp) == "alice"
    assert len(idp.resolves) == 1
    assert idp.resolves[0].root.get("Destination") == idp.url + "/ars"
    acs = idp.sp.find(".//m:AssertionConsumerService", NS)
    assert acs.get("Binding") == saml_idp.ARTIFACT and acs.get("isDefault") == "true"


def test_an_answer_by_post_is_taken_as_well(corp, idp, alice):
    """A provider may not know how to."""
    begin(corp, idp)
    alice.step(alice.step(corp.url + "/app/x.html").location)
    fields, acs = idp.respond(idp.requests[-1])
    assert alice.post(acs, fields, initiator=idp.url).status == 303
    assert user_of(alice, corp) == "alice" and not idp.resolves


def test_an_artifact_is_good_for_once(corp, idp, alice):
    begin(corp, idp)
    alice.step(alice.step(corp.url + "/app/x.html").location)
    url = saml_artifact.issue(idp, idp.requests[-1])
    kept = dict(idp.artifacts)
    assert alice.step(url, initiator=idp.url).status == 303
    corp.httpd.log.expect(r"SSO: (artifact|request_used|assertion_used|artifact_used): ")
    alice.jar.take(corp.url, ["__Host-sso=; Path=/; Secure; Max-Age=0"], False)
    assert alice.step(url, initiator=idp.url).fault == "artifact"
    # Also where the provider would give it out again.
    idp.artifacts.update(kept)
    page = alice.step(url, initiator=idp.url)
    assert page.status == 403 and page.fault == "request_used", repr(page)
    assert user_of(alice, corp) is None


def of_another(root):
    root.find("p:Response/a:Issuer", NS).text = "https://other.test/idp"


def without_issuer(root):
    response = root.find("p:Response", NS)
    response.remove(response.find("a:Issuer", NS))


def twice(root):
    root.append(etree.fromstring(etree.tostring(root.find("p:Response", NS))
                                 .replace(b"ID=\"_", b"ID=\"_x")))


HOSTILE = {
    "not signed": (dict(signed=False), "sig_missing"),
    "signed by another": (dict(signer=pki.pair("mallory")), "signature"),
    "altered": (dict(raw=lambda x: x.replace(b"alice@", b"mallory@")), "signature"),
    "from another provider": (dict(issuer="https://other.test/idp"), "issuer"),
    "response of another provider": (dict(before_signing=of_another), "issuer"),
    "response of nobody": (dict(before_signing=without_issuer), "issuer"),
    "to another question": (dict(in_response_to="_0123456789abcdef0123456789abcdef"),
                            "in_response_to"),
    "to no question": (dict(in_response_to=""), "in_response_to"),
    "two responses": (dict(before_signing=twice), "saml_structure:Response"),
    "none": (dict(empty=True), "artifact"),
    "no success": (dict(status="urn:oasis:names:tc:SAML:2.0:status:Requester"),
                   "status_requester"),
    "of another source": (dict(source="https://other.test/idp"), "artifact"),
    "of another service": (dict(index=1), "artifact"),
    "an error of HTTP": (dict(http=500), "net_status"),
    "another type": (dict(kind="text/html"), "net_type"),
    "too long": (dict(raw=lambda x: x + b" " * 300000), "net_size"),
    "no XML": (dict(raw=lambda x: b"hello"), "xml_syntax"),
    "no envelope": (dict(raw=lambda x: b"<x/>"), "saml_type"),
    "DOCTYPE": (dict(raw=lambda x: b"<!DOCTYPE x>" + x), "xml_forbidden"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_refused(corp, idp, alice, name):
    knobs, fault = HOSTILE[name]
    begin(corp, idp)
    corp.httpd.expect_fault(fault.split(":")[0])
    page = bring(alice, corp, idp, **knobs)
    assert page.status >= 400 and page.fault == fault, repr(page)
    assert user_of(alice, corp) is None


def test_a_response_that_is_not_signed_itself_is_refused(corp, idp, alice):
    """What signs the envelope does not sign what is in it."""
    begin(corp, idp)
    alice.step(alice.step(corp.url + "/app/x.html").location)
    corp.httpd.expect_fault("sig_missing")
    page = alice.step(saml_artifact.issue(idp, idp.requests[-1], sign=()), initiator=idp.url)
    assert page.fault == "sig_missing" and user_of(alice, corp) is None


@pytest.mark.parametrize("text", ["", "AAAA", "AAQ", "x" * 5000, "%00", "!" * 60])
def test_no_artifact(corp, idp, alice, text):
    begin(corp, idp)
    alice.step(alice.step(corp.url + "/app/x.html").location)
    corp.httpd.log.expect("SSO: (artifact|param_escape)")
    page = alice.step("%s/.sso/corp/acs?SAMLart=%s" % (corp.url, text), initiator=idp.url)
    assert page.status in (400, 403) and page.fault and not idp.resolves


def test_nothing_is_asked_for_strangers(corp, idp, browser):
    """Nobody makes this server ask another one without a login under way."""
    begin(corp, idp)
    corp.httpd.expect_fault("state_missing")
    url = corp.url + "/.sso/corp/acs?" + urllib.parse.urlencode({"SAMLart": saml_artifact.make(idp)})
    page = browser.step(url)
    assert page.status == 403 and page.fault == "state_missing" and not idp.resolves


def test_artifacts_are_off(corp, idp, alice):
    begin(corp, idp, "")
    corp.httpd.expect_fault("method")
    page = bring(alice, corp, idp)
    assert page.status == 405 and not idp.resolves


def test_a_provider_without_a_resolution_service(httpd, idp):
    host = httpd.host("app.example.test", tls=True)
    whole = idp.metadata()
    idp.metadata = lambda: whole.replace("ArtifactResolutionService", "ManageNameIDService")
    saml(host, idp, "corp", LINE)
    checked = httpd.configtest()
    assert not checked.ok and "has no ArtifactResolutionService" in checked.output
