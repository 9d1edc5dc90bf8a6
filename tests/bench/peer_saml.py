"""A SAML 2.0 identity provider for one service provider: metadata of both, and signed Responses."""
import base64
import hashlib
import os
import re
import subprocess
import time
import urllib.parse
import zlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

ISSUER = "https://idp.bench.invalid/metadata"
SSO_URL = "https://idp.bench.invalid/sso"

METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">
<md:{role}SSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
<ds:X509Certificate>{cert}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
{service}
</md:{role}SSODescriptor></md:EntityDescriptor>
"""
IDP_SERVICE = ('<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
               ' Location="%s"/>' % SSO_URL)
SP_SERVICE = ('<md:AssertionConsumerService index="0" isDefault="true"'
              ' Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="%s"/>')

# All in exclusive canonical form already (attributes in order, no empty-element tags, no space between
# elements), so that the digest of an element is a hash of its text.
ATTRIBUTE = ('<saml:Attribute Name="{name}"'
             ' NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">{values}</saml:Attribute>')
VALUE = "<saml:AttributeValue>{}</saml:AttributeValue>"
HEAD = ('<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}"'
        ' IssueInstant="{now}" Version="2.0"><saml:Issuer>{issuer}</saml:Issuer>')
TAIL = ('<saml:Subject>'
        '<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{user}</saml:NameID>'
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        '<saml:SubjectConfirmationData InResponseTo="{request}" NotOnOrAfter="{later}" Recipient="{acs}">'
        '</saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>'
        '<saml:Conditions NotBefore="{now}" NotOnOrAfter="{later}"><saml:AudienceRestriction>'
        '<saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>'
        '<saml:AuthnStatement AuthnInstant="{now}" SessionIndex="{id}"><saml:AuthnContext>'
        '<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password'
        '</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>'
        '<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>')
SIGNED_INFO = ('<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:CanonicalizationMethod'
               ' Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>'
               '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256">'
               '</ds:SignatureMethod><ds:Reference URI="#{id}"><ds:Transforms><ds:Transform'
               ' Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>'
               '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>'
               '</ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256">'
               '</ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>')
SIGNATURE = ('<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{signed}'
             '<ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>')
RESPONSE = ('<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="{response}"'
            ' InResponseTo="{request}" IssueInstant="{now}" Version="2.0" Destination="{acs}">'
            '<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{issuer}</saml:Issuer>'
            '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success">'
            '</samlp:StatusCode></samlp:Status>{assertion}</samlp:Response>')
ATTRIBUTES = {"urn:oid:0.9.2342.19200300.100.1.3": ["{user}@bench.invalid"],
              "urn:oid:2.16.840.1.113730.3.1.241": ["Bench User {user}"],
              "urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["member", "staff", "employee"]}


def keypair(run, name):
    """A key and its own certificate as NAME.key and NAME.crt in `run`."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name,
                    "-keyout", str(run / (name + ".key")), "-out", str(run / (name + ".crt"))],
                   check=True, capture_output=True)


def certificate(run, name):
    """The certificate as metadata wants it: base64 alone."""
    lines = (run / (name + ".crt")).read_text().splitlines()
    return "".join(line for line in lines if "CERTIFICATE" not in line)


def request_of(location):
    """The ID and the RelayState of an AuthnRequest sent by redirect."""
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
    request = zlib.decompress(base64.b64decode(query["SAMLRequest"]), -15).decode()
    return re.search(r'\bID="([^"]+)"', request).group(1), query["RelayState"]


def instant(when):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))


class Idp:
    """Knows one service provider. Writes sp-metadata.xml and idp-metadata.xml and the keys in `run`."""

    def __init__(self, run, entity, acs):
        self.entity, self.acs = entity, acs
        for name in ("idp", "sp"):
            keypair(run, name)
        self.key = serialization.load_pem_private_key((run / "idp.key").read_bytes(), None)
        (run / "idp-metadata.xml").write_text(METADATA.format(
            entity=ISSUER, role="IDP", cert=certificate(run, "idp"), service=IDP_SERVICE))
        (run / "sp-metadata.xml").write_text(METADATA.format(
            entity=entity, role="SP", cert=certificate(run, "sp"), service=SP_SERVICE % acs))

    def form(self, user, location):
        """What a browser posts after a login that began with a redirect to `location`."""
        request, state = request_of(location)
        return {"SAMLResponse": base64.b64encode(self._response(user, request).encode()).decode(),
                "RelayState": state}

    def _response(self, user, request):
        now = time.time()
        told = {"id": "_" + os.urandom(16).hex(), "response": "_" + os.urandom(16).hex(), "user": user,
                "issuer": ISSUER, "audience": self.entity, "acs": self.acs, "request": request,
                "now": instant(now - 5), "later": instant(now + 3600)}
        told["attributes"] = "".join(
            ATTRIBUTE.format(name=name, values="".join(VALUE.format(v.format(user=user)) for v in values))
            for name, values in ATTRIBUTES.items())
        head, tail = HEAD.format(**told), TAIL.format(**told)
        assertion = head + self._signature(told["id"], head + tail) + tail
        return RESPONSE.format(assertion=assertion, **told)

    def _signature(self, name, text):
        """An enveloped signature over an element given in canonical form."""
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        signed = SIGNED_INFO.format(id=name, digest=digest)
        value = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return SIGNATURE.format(signed=signed, value=base64.b64encode(value).decode())
