"""A scripted SAML identity provider, for messages that no well-behaved one would send.

Written on lxml and cryptography only, so that it shares no code with the module. `answer` holds
the knobs of the next response; a test may also change the tree before or after it is signed, or
the bytes at the very end.
"""
import base64
import dataclasses
import datetime
import os
import urllib.parse
import zlib
from typing import Callable, Optional

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding as block_padding
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

from . import pki
from .sites import PEOPLE, Handler, Server

P = "urn:oasis:names:tc:SAML:2.0:protocol"
A = "urn:oasis:names:tc:SAML:2.0:assertion"
M = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
ENC = "http://www.w3.org/2001/04/xmlenc#"
NS = {"p": P, "a": A, "m": M, "ds": DS, "xenc": ENC}
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DS + "enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA1 = DS + "rsa-sha1"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
ARTIFACT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
GCM = {"aes128-gcm": 16, "aes256-gcm": 32}
CBC = {"aes128-cbc": 16, "aes256-cbc": 32}

_OIDS = {"email": ("urn:oid:0.9.2342.19200300.100.1.3", "mail"),
         "name": ("urn:oid:2.16.840.1.113730.3.1.241", "displayName"),
         "roles": ("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "isMemberOf")}


@dataclasses.dataclass
class Answer:
    """The knobs of a response. None: what is right for the request at hand."""

    user: str = "alice"
    issuer: Optional[str] = None
    response_issuer: Optional[str] = None
    audience: Optional[str] = None
    recipient: Optional[str] = None
    destination: Optional[str] = None
    in_response_to: Optional[str] = None       # "": leave it out
    relay_state: Optional[str] = None
    assertion_id: Optional[str] = None
    name_id: Optional[str] = None
    name_id_format: str = PERSISTENT
    status: str = SUCCESS
    acr: str = PASSWORD
    sign: tuple = ("assertion",)               # and/or "response"
    signer: Optional[pki.Pair] = None
    algorithm: str = RSA_SHA256
    encrypt: Optional[str] = None              # a name in GCM or CBC
    not_before: int = -60                      # seconds from now, this and the following
    not_on_or_after: int = 300
    session_not_on_or_after: int = 28800
    authn_instant: int = -5
    attributes: Optional[dict] = None          # name -> (friendly name, values)
    before_signing: Callable = lambda assertion: None
    after_signing: Callable = lambda response: None
    raw: Callable = lambda data: data


@dataclasses.dataclass
class Goodbye:
    """The knobs of the answer to a LogoutRequest. None: what is right."""

    binding: str = REDIRECT
    status: str = SUCCESS
    second: Optional[str] = None               # a second status inside of the first
    issuer: Optional[str] = None
    destination: Optional[str] = None
    in_response_to: Optional[str] = None       # "": leave it out
    signed: bool = True
    signer: Optional[pki.Pair] = None
    before_signing: Callable = lambda root: None


@dataclasses.dataclass
class Redeemed:
    """The knobs of what comes for an artifact. None: what is right."""

    signed: bool = True
    signer: Optional[pki.Pair] = None
    issuer: Optional[str] = None
    in_response_to: Optional[str] = None
    source: Optional[str] = None               # whose entity ID the artifact is of
    index: int = 0
    status: str = SUCCESS
    http: int = 200
    kind: str = "text/xml"
    empty: bool = False
    before_signing: Callable = lambda root: None
    raw: Callable = lambda data: data


class Request:
    """A message as it arrived."""

    def __init__(self, xml, binding, relay_state, query=""):
        self.xml, self.binding, self.relay_state, self.query = xml, binding, relay_state, query
        self.root = etree.fromstring(xml)
        self.id = self.root.get("ID")
        self.acs = self.root.get("AssertionConsumerServiceURL")
        self.by_artifact = self.root.get("ProtocolBinding") == ARTIFACT
        self.issuer = self.root.findtext("a:Issuer", namespaces=NS)

    @property
    def signed(self):
        if self.binding == REDIRECT:
            return "Signature" in urllib.parse.parse_qs(self.query)
        return self.root.find("ds:Signature", NS) is not None

    def verify(self, cert_b64):
        """Raises unless the request is signed by the key of this certificate."""
        key = x509.load_der_x509_certificate(base64.b64decode(cert_b64)).public_key()
        if self.binding == REDIRECT:
            _verify_query(self.query, key)
        else:
            _verify_enveloped(self.root, key)


class SamlIdp(Server):
    """Answers AuthnRequests at /sso, by Redirect and by POST, without asking anybody."""

    def __init__(self, name="idp", want_signed=False, slo=()):
        """slo: bindings at which it wants to hear of logouts; by default it offers none."""
        super().__init__(_SamlHandler)
        self.slo_bindings = slo
        self.pair = pki.pair(name)
        self.entity_id = "%s/%s" % (self.url, name)
        self.want_signed = want_signed
        self.answer = Answer()
        self.requests = []
        self.goodbye = Goodbye()
        self.redeemed = Redeemed()
        self.artifacts, self.resolves = {}, []
        self.logouts, self.answers = [], []  # messages about sessions, as they arrived
        self.sessions = []  # (NameID as a tree, SessionIndex) of every assertion
        self.sp = None  # metadata of the other side, needed to encrypt and to verify

    def metadata(self, bindings=(REDIRECT, POST)):
        slo = "".join('<md:SingleLogoutService Binding="%s" Location="%s/slo"/>' % (x, self.url)
                      for x in self.slo_bindings)
        services = "".join('<md:SingleSignOnService Binding="%s" Location="%s/sso"/>'
                           % (x, self.url) for x in bindings)
        return ('<md:EntityDescriptor xmlns:md="%s" xmlns:ds="%s" entityID="%s">'
                '<md:IDPSSODescriptor WantAuthnRequestsSigned="%s" protocolSupportEnumeration="%s">'
                '<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s'
                '</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>'
                '<md:ArtifactResolutionService index="0" Binding="%s" Location="%s/ars"/>%s%s'
                '</md:IDPSSODescriptor></md:EntityDescriptor>\n'
                % (M, DS, self.entity_id, str(self.want_signed).lower(), P, self.pair.cert_b64,
                   "urn:oasis:names:tc:SAML:2.0:bindings:SOAP", self.url, slo, services))

    def register(self, metadata):
        """Learn the other side's metadata (bytes)."""
        self.sp = etree.fromstring(metadata)

    def sp_cert(self, use):
        """The Base64 of the other side's certificate for "signing" or "encryption"."""
        for each in self.sp.iterfind(".//m:KeyDescriptor", NS):
            if each.get("use") in (None, use):
                return "".join(each.findtext(".//ds:X509Certificate", namespaces=NS).split())
        raise AssertionError("no key for %s in the metadata" % use)

    def respond(self, request, **knobs):
        """The fields to post to the ACS, and its address."""
        answer = dataclasses.replace(self.answer, **knobs)
        relay = request.relay_state if answer.relay_state is None else answer.relay_state
        fields = {"SAMLResponse": base64.b64encode(self.build(request, answer)).decode()}
        if relay:
            fields["RelayState"] = relay
        return fields, request.acs

    def build(self, request, answer):
        """The bytes of a response."""
        response = _response(self, request, answer)
        signer = answer.signer or self.pair
        if answer.status == SUCCESS:
            assertion = _assertion(self, request, answer)
            response.append(assertion)
            answer.before_signing(assertion)
            self._remember(assertion)
            if "assertion" in answer.sign:
                sign(assertion, signer, answer.algorithm)
            if answer.encrypt:
                _encrypt_in_place(assertion, self.sp_cert("encryption"), answer.encrypt)
        if "response" in answer.sign:
            sign(response, signer, answer.algorithm)
        answer.after_signing(response)
        return answer.raw(etree.tostring(response))


    def _remember(self, assertion):
        name = assertion.find("a:Subject/a:NameID", NS)
        statement = assertion.find("a:AuthnStatement", NS)
        if name is not None and statement is not None:
            self.sessions.append((name, statement.get("SessionIndex")))

    def answer_logout(self, request):
        """(address, fields or None) where its LogoutResponse sends the browser."""
        from . import saml_logout  # which builds on this module
        return saml_logout.answer(self, request)


class Unsolicited:
    """Stands for a request that was never made."""

    id = None

    def __init__(self, acs, audience, relay_state=""):
        self.acs, self.issuer, self.relay_state = acs, audience, relay_state


class _SamlHandler(Handler):
    def do_GET(self):
        query = urllib.parse.urlsplit(self.path).query
        fields = dict(urllib.parse.parse_qsl(query))
        if self.path.startswith("/slo"):
            self._hear(fields, REDIRECT, query)
            return
        if "SAMLRequest" not in fields:
            self.answer(404, "nothing here")
            return
        xml = zlib.decompress(base64.b64decode(fields["SAMLRequest"], validate=True), -15)
        self._respond(Request(xml, REDIRECT, fields.get("RelayState"), query))

    def do_POST(self):
        if self.path == "/ars":
            from . import saml_artifact
            status, body, kind = saml_artifact.redeem(self.peer, self.body())
            self.answer(status, body, kind)
            return
        fields = self.form()
        if self.path.startswith("/slo"):
            self._hear(fields, POST, "")
            return
        xml = base64.b64decode(fields["SAMLRequest"], validate=True)
        self._respond(Request(xml, POST, fields.get("RelayState")))

    def _hear(self, fields, binding, query):
        text = fields.get("SAMLRequest") or fields["SAMLResponse"]
        xml = base64.b64decode(text, validate=True)
        xml = zlib.decompress(xml, -15) if binding == REDIRECT else xml
        message = Request(xml, binding, fields.get("RelayState"), query)
        if "SAMLResponse" in fields:
            self.peer.answers.append(message)
            self.answer(200, "<!DOCTYPE html><title>x</title>left the identity provider")
            return
        self.peer.logouts.append(message)
        where, fields = self.peer.answer_logout(message)
        if fields:
            self._send_form(where, fields)
        else:
            self.redirect(where)

    def _respond(self, request):
        self.peer.requests.append(request)
        if request.by_artifact:
            from . import saml_artifact
            self.redirect(saml_artifact.issue(self.peer, request))
            return
        fields, acs = self.peer.respond(request)
        self._send_form(acs, fields)

    def _send_form(self, acs, fields):
        inputs = "".join('<input type="hidden" name="%s" value="%s">' % x for x in fields.items())
        self.answer(200, '<!DOCTYPE html><title>x</title><body onload="document.forms[0].submit()">'
                         '<form method="post" action="%s">%s</form></body>' % (acs, inputs))


# -- building the tree

def _stamp(seconds):
    when = datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _new_id():
    return "_" + os.urandom(16).hex()


def _add(parent, ns, name, text=None, **attributes):
    element = etree.SubElement(parent, "{%s}%s" % (ns, name),
                               {k: v for k, v in attributes.items() if v})
    element.text = text
    return element


def _response(idp, request, answer):
    root = etree.Element("{%s}Response" % P, nsmap={"samlp": P, "saml": A})
    root.set("ID", _new_id())
    root.set("Version", "2.0")
    root.set("IssueInstant", _stamp(0))
    root.set("Destination", _or(answer.destination, request.acs))
    if _or(answer.in_response_to, request.id):
        root.set("InResponseTo", _or(answer.in_response_to, request.id))
    _add(root, A, "Issuer", _or(answer.response_issuer, _or(answer.issuer, idp.entity_id)))
    status = _add(root, P, "Status")
    if answer.status == SUCCESS:
        _add(status, P, "StatusCode", Value=SUCCESS)
    else:
        code = _add(status, P, "StatusCode", Value="urn:oasis:names:tc:SAML:2.0:status:Responder")
        _add(code, P, "StatusCode", Value=answer.status)
    return root


def _assertion(idp, request, answer):
    root = etree.Element("{%s}Assertion" % A, nsmap={"saml": A})
    root.set("ID", answer.assertion_id or _new_id())
    root.set("Version", "2.0")
    root.set("IssueInstant", _stamp(0))
    _add(root, A, "Issuer", _or(answer.issuer, idp.entity_id))
    subject = _add(root, A, "Subject")
    _add(subject, A, "NameID", _or(answer.name_id, answer.user), Format=answer.name_id_format)
    confirmation = _add(subject, A, "SubjectConfirmation",
                        Method="urn:oasis:names:tc:SAML:2.0:cm:bearer")
    _add(confirmation, A, "SubjectConfirmationData",
         NotOnOrAfter=_stamp(answer.not_on_or_after),
         Recipient=_or(answer.recipient, request.acs),
         InResponseTo=_or(answer.in_response_to, request.id))
    conditions = _add(root, A, "Conditions", NotBefore=_stamp(answer.not_before),
                      NotOnOrAfter=_stamp(answer.not_on_or_after))
    _add(_add(conditions, A, "AudienceRestriction"), A, "Audience",
         _or(answer.audience, request.issuer))
    statement = _add(root, A, "AuthnStatement", AuthnInstant=_stamp(answer.authn_instant),
                     SessionIndex=_new_id(),
                     SessionNotOnOrAfter=_stamp(answer.session_not_on_or_after))
    _add(_add(statement, A, "AuthnContext"), A, "AuthnContextClassRef", answer.acr)
    _add_attributes(root, answer)
    return root


def _add_attributes(root, answer):
    attributes = answer.attributes
    if attributes is None:
        person = PEOPLE[answer.user]
        attributes = {_OIDS[k][0]: (_OIDS[k][1], v if isinstance(v, list) else [v])
                      for k, v in person.items() if k in _OIDS}
    statement = _add(root, A, "AttributeStatement")
    for name, (friendly, values) in attributes.items():
        attribute = _add(statement, A, "Attribute", Name=name, FriendlyName=friendly)
        for value in values:
            _add(attribute, A, "AttributeValue", value)


def _or(value, preset):
    return preset if value is None else value


# -- XML signature

def _canonical(element):
    return etree.tostring(element, method="c14n", exclusive=True)


def _hash(algorithm):
    return hashes.SHA1() if algorithm == RSA_SHA1 else hashes.SHA256()


def sign(element, pair, algorithm=RSA_SHA256, at=1):
    """Put an enveloped signature behind the element's Issuer; at=0: first, where there is none."""
    hasher = hashes.Hash(_hash(algorithm))
    hasher.update(_canonical(element))
    signature = etree.Element("{%s}Signature" % DS, nsmap={"ds": DS})
    info = _add(signature, DS, "SignedInfo")
    _add(info, DS, "CanonicalizationMethod", Algorithm=EXCLUSIVE)
    _add(info, DS, "SignatureMethod", Algorithm=algorithm)
    reference = _add(info, DS, "Reference", URI="#" + element.get("ID"))
    transforms = _add(reference, DS, "Transforms")
    _add(transforms, DS, "Transform", Algorithm=ENVELOPED)
    _add(transforms, DS, "Transform", Algorithm=EXCLUSIVE)
    digest = DS + "sha1" if algorithm == RSA_SHA1 else ENC + "sha256"
    _add(reference, DS, "DigestMethod", Algorithm=digest)
    _add(reference, DS, "DigestValue", base64.b64encode(hasher.finalize()).decode())
    element.insert(at, signature)
    value = pair.key.sign(_canonical(info), padding.PKCS1v15(), _hash(algorithm))
    _add(signature, DS, "SignatureValue", base64.b64encode(value).decode())
    data = _add(_add(signature, DS, "KeyInfo"), DS, "X509Data")
    _add(data, DS, "X509Certificate", pair.cert_b64)


def _verify_enveloped(root, key):
    signature = root.find("ds:Signature", NS)
    info = signature.find("ds:SignedInfo", NS)
    value = base64.b64decode(signature.findtext("ds:SignatureValue", namespaces=NS))
    key.verify(value, _canonical(info), padding.PKCS1v15(), hashes.SHA256())
    reference = info.find("ds:Reference", NS)
    if reference.get("URI") != "#" + root.get("ID"):
        raise InvalidSignature("the signature is over something else")
    copy = etree.fromstring(etree.tostring(root))
    copy.remove(copy.find("ds:Signature", NS))
    hasher = hashes.Hash(hashes.SHA256())
    hasher.update(_canonical(copy))
    if base64.b64decode(reference.findtext("ds:DigestValue", namespaces=NS)) != hasher.finalize():
        raise InvalidSignature("the digest does not match")


def _verify_query(query, key):
    """SAML bindings, 3.4.4.1: over the parameters as they stand in the query, in this order."""
    raw = dict(x.split("=", 1) for x in query.split("&"))
    names = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg")
    signed = "&".join("%s=%s" % (x, raw[x]) for x in names if x in raw)
    if urllib.parse.unquote(raw["SigAlg"]) != RSA_SHA256:
        raise InvalidSignature("another algorithm: " + raw["SigAlg"])
    value = base64.b64decode(urllib.parse.unquote(raw["Signature"]), validate=True)
    key.verify(value, signed.encode(), padding.PKCS1v15(), hashes.SHA256())


# -- XML encryption

def _encrypt_in_place(assertion, cert_b64, name):
    """Replace the assertion by an EncryptedAssertion."""
    key = os.urandom(GCM.get(name) or CBC[name])
    algorithm = ("http://www.w3.org/2009/xmlenc11#" if name in GCM else ENC) + name
    wrapper = etree.Element("{%s}EncryptedAssertion" % A, nsmap={"saml": A})
    data = etree.SubElement(wrapper, "{%s}EncryptedData" % ENC, nsmap={"xenc": ENC})
    data.set("Type", ENC + "Element")
    _add(data, ENC, "EncryptionMethod", Algorithm=algorithm)
    info = etree.SubElement(data, "{%s}KeyInfo" % DS, nsmap={"ds": DS})
    wrapped = _add(info, ENC, "EncryptedKey")
    _add(_add(wrapped, ENC, "EncryptionMethod", Algorithm=ENC + "rsa-oaep-mgf1p"), DS,
         "DigestMethod", Algorithm=DS + "sha1")
    public = x509.load_der_x509_certificate(base64.b64decode(cert_b64)).public_key()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    _add_cipher(wrapped, public.encrypt(key, oaep))
    _add_cipher(data, _encrypt(name, key, etree.tostring(assertion)))
    assertion.getparent().replace(assertion, wrapper)


def _add_cipher(parent, data):
    _add(_add(parent, ENC, "CipherData"), ENC, "CipherValue", base64.b64encode(data).decode())


def _encrypt(name, key, text):
    if name in GCM:
        nonce = os.urandom(12)
        worker = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
        return nonce + worker.update(text) + worker.finalize() + worker.tag
    vector = os.urandom(16)
    padder = block_padding.ANSIX923(128).padder()  # only the last byte counts in XML encryption
    worker = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return vector + worker.update(padder.update(text) + padder.finalize()) + worker.finalize()
