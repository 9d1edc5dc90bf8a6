"""Our own SAML keys: forms, roll-over, metadata that others read."""
import base64
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from lxml import etree

from lib import pki
from lib.browser import exchange
from lib.idps import LemonLdap, SimpleSamlPhp
from lib.recipes import saml, sign_in
from lib.saml_idp import NS, SamlIdp

PASS = "correct horse"


def metadata(host, name="corp"):
    return etree.fromstring(exchange("GET", "%s/.sso/%s/metadata" % (host.url, name)).body)


def certs(root, use):
    return ["".join(x.findtext(".//ds:X509Certificate", namespaces=NS).split())
            for x in root.iterfind(".//m:KeyDescriptor", NS) if x.get("use") == use]


def locked_pem(pair):
    kind = serialization.BestAvailableEncryption(PASS.encode())
    return pair.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                  kind).decode()


def bag(httpd, pair, name="conf/sp.p12"):
    """A PKCS#12 file."""
    kind = serialization.BestAvailableEncryption(PASS.encode())
    path = httpd.root / name
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"us", pair.key, pair.cert, None, kind))
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("source", ["file", "exec"])
@pytest.mark.parametrize("form", ["pem", "pkcs12", "store"])
def test_a_key_with_a_passphrase(httpd, closing, alice, form, source):
    """Encrypted PEM, PKCS#12 and a store: the whole login, signed and encrypted."""
    host, idp, pair = httpd.host("app.example.test", tls=True), closing(SamlIdp()), pki.pair("sp")
    given = "file:%s" % httpd.secret("pass", PASS)
    if source == "exec":
        given = "exec:%s" % httpd.file("conf/pass.sh", "#!/bin/sh\necho '%s'\n" % PASS, 0o700)
    crt = httpd.file("conf/sp.crt", pair.cert_pem)
    pem = httpd.file("conf/sp.key", locked_pem(pair), 0o600)
    where = {"pem": "%s %s" % (pem, crt), "pkcs12": bag(httpd, pair),
             "store": "file:%s" % bag(httpd, pair)}[form]
    saml(host, idp, extra="SSOSamlKey %s \"passphrase=%s\"\nSSOSamlSignRequests on" % (where, given))
    httpd.start()
    idp.register(etree.tostring(metadata(host)))
    idp.answer.encrypt = "aes256-gcm"
    assert sign_in(alice, host, "corp")["attributes"]["email"] == "alice@example.org"
    idp.requests[-1].verify(pair.cert_b64)
    assert PASS not in httpd.log.text()


def test_a_passphrase_is_asked_for(httpd, closing):
    host, idp, pair = httpd.host("app.example.test", tls=True), closing(SamlIdp()), pki.pair("sp")
    pem = httpd.file("conf/sp.key", locked_pem(pair), 0o600)
    saml(host, idp, extra="SSOSamlKey %s" % pem)
    checked = httpd.configtest()
    assert not checked.ok and "write passphrase=file:PATH behind it" in checked.output


@pytest.mark.parametrize("ready", [True, False])
def test_an_algorithm_that_our_key_cannot_make_is_said_before_the_start(httpd, closing, ready):
    """Also where there is no key yet: the one that will be made is of a kind that is known."""
    saml(httpd.host("app.example.test", tls=True), closing(SamlIdp()), own_key=ready,
         extra="SSOSamlAlgorithms ecdsa-sha256\nSSOSamlAlgorithms sha256")
    checked = httpd.configtest()
    assert not checked.ok and "names none that our key, of type RSA, can sign with" in checked.output


def test_roll_over(httpd, closing, alice):
    """Row 38: published, then used, then gone; nobody notices."""
    host, idp = httpd.host("app.example.test", tls=True), closing(SamlIdp())
    old, new = pki.pair("sp"), pki.pair("sp2")
    for name, pair in (("old", old), ("new", new)):
        httpd.file("conf/%s.key" % name, pair.key_pem, 0o600)
        httpd.file("conf/%s.crt" % name, pair.cert_pem)
    line = "SSOSamlKey conf/%s.key conf/%s.crt"
    saml(host, idp, extra="SSOSamlSignRequests on\n" + line % ("old", "old") + "\n"
         + line % ("new", "new") + " next")
    httpd.start()
    root = metadata(host)
    assert certs(root, "signing") == certs(root, "encryption") == [old.cert_b64, new.cert_b64]
    idp.answer.encrypt = "aes256-gcm"
    for encrypt_to in (old, new):
        idp.sp_cert = lambda use, pair=encrypt_to: pair.cert_b64
        sign_in(alice, host, "corp")
        idp.requests[-1].verify(old.cert_b64)
    # The change: the new one signs, the old one still opens what was encrypted to it.
    host._lines = [x.replace(" next", "").replace(line % ("old", "old") + "\n", "")
                   .replace(line % ("new", "new"), line % ("new", "new") + "\n"
                            + line % ("old", "old") + " use=encrypt") for x in host._lines]
    httpd.restart()
    root = metadata(host)
    assert certs(root, "signing") == [new.cert_b64]
    assert certs(root, "encryption") == [new.cert_b64, old.cert_b64]
    for encrypt_to in (old, new):
        idp.sp_cert = lambda use, pair=encrypt_to: pair.cert_b64
        sign_in(alice, host, "corp")
        idp.requests[-1].verify(new.cert_b64)


# -- our metadata

EVERYTHING = """SSOSamlSignMetadata on
SSOSamlMetadataValid 7d
SSOSamlSignRequests on
SSOSamlNameIDFormat urn:oasis:names:tc:SAML:2.0:nameid-format:transient
SSOSamlPublish "name=Intranet of the Bank" "organization=The Bank" url=https://www.example.org/
SSOSamlPublish contact=sso@example.org support=help@example.org attributes=email,name,groups,username
SSOSamlPublish "description=What a bank needs" information=https://www.example.org/i privacy=https://www.example.org/p
SSOSamlPublish security=cert@example.org category=http://refeds.org/category/research-and-scholarship category=urn:b
SSOSamlAlgorithms rsa-sha256 rsa-sha512 sha256 sha512
SSOUserAttribute username email"""
SCHEMA = "/usr/share/simplesamlphp/schemas/saml-schema-metadata-2.0.xsd"


@pytest.mark.parametrize("extra", ["", EVERYTHING])
def test_metadata_is_valid_against_the_schema(httpd, closing, extra):
    host = httpd.host("app.example.test", tls=True)
    saml(host, closing(SamlIdp()), extra=extra)
    httpd.start()
    path = httpd.root / "metadata.xml"
    path.write_bytes(exchange("GET", host.url + "/.sso/corp/metadata").body)
    done = subprocess.run(["xmllint", "--nonet", "--noout", "--schema", SCHEMA, path],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("algorithm", ["rsa-sha256", "rsa-sha512"])
def test_signed_metadata_is_verified_by_xmlsec(httpd, closing, algorithm):
    host, pair = httpd.host("app.example.test", tls=True), pki.pair("sp")
    line = "SSOSamlKey %s %s algorithm=%s" % (httpd.file("conf/k", pair.key_pem, 0o600),
                                             httpd.file("conf/c", pair.cert_pem), algorithm)
    saml(host, closing(SamlIdp()), extra=EVERYTHING + "\n" + line)
    httpd.start()
    path = httpd.root / "metadata.xml"
    body = exchange("GET", host.url + "/.sso/corp/metadata").body
    assert algorithm.encode() in body

    def verify(data):
        path.write_bytes(data)
        return subprocess.run(
            ["xmlsec1", "--verify", "--enabled-reference-uris", "same-doc", "--id-attr:ID",
             "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor", "--pubkey-cert-pem",
             httpd.root / "conf/c", path], capture_output=True).returncode
    assert verify(body) == 0
    assert verify(body.replace(b"/acs", b"/abc")) != 0


@pytest.mark.parametrize("program", [SimpleSamlPhp, LemonLdap])
def test_others_read_our_signed_metadata(httpd, closing, make_browser, program):
    host, idp = httpd.host("app.example.test", tls=True), closing(program())
    saml(host, idp, extra=EVERYTHING)
    httpd.start()
    data = exchange("GET", host.url + "/.sso/corp/metadata").body
    assert b"<ds:Signature" in data and b"RequestedAttribute" in data
    idp.register("app", data)
    idp.commit()
    person = make_browser("alice") if program is SimpleSamlPhp else make_browser("dwho", "dwho")
    attributes = sign_in(person, host, "corp")["attributes"]
    assert attributes["email"] in ("alice@example.org", "dwho@badwolf.org")
