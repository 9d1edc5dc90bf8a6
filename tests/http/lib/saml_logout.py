"""Logout messages of the scripted SAML identity provider, right ones and wrong ones."""
import base64
import urllib.parse
import zlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from .saml_idp import A, P, REDIRECT, RSA_SHA256, _add, _new_id, _or, _stamp, sign

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def request(idp, destination, who=-1, issuer=None, name_id=None, session_index=True,
            not_on_or_after=300, issued=0, change=lambda root: None):
    """A LogoutRequest, not signed: the tree. who: which of the sessions that the provider made."""
    name, index = idp.sessions[who]
    root = etree.Element("{%s}LogoutRequest" % P, nsmap={"samlp": P, "saml": A})
    for key, value in (("ID", _new_id()), ("Version", "2.0"), ("IssueInstant", _stamp(issued)),
                       ("Destination", destination)):
        if value is not None:
            root.set(key, value)
    if not_on_or_after is not None:
        root.set("NotOnOrAfter", _stamp(not_on_or_after))
    _add(root, A, "Issuer", issuer or idp.entity_id)
    child = _add(root, A, "NameID", name_id or name.text)
    for key, value in name.attrib.items():
        child.set(key, value)
    indexes = [index] if session_index is True else session_index or []
    for each in indexes:
        _add(root, P, "SessionIndex", each)
    change(root)
    return root


def response(idp, asked, destination, knobs):
    """A LogoutResponse, not signed: the tree."""
    root = etree.Element("{%s}LogoutResponse" % P, nsmap={"samlp": P, "saml": A})
    for key, value in (("ID", _new_id()), ("Version", "2.0"), ("IssueInstant", _stamp(0)),
                       ("Destination", _or(knobs.destination, destination)),
                       ("InResponseTo", _or(knobs.in_response_to, asked))):
        if value:
            root.set(key, value)
    _add(root, A, "Issuer", knobs.issuer or idp.entity_id)
    code = _add(_add(root, P, "Status"), P, "StatusCode", Value=knobs.status)
    if knobs.second:
        _add(code, P, "StatusCode", Value=knobs.second)
    knobs.before_signing(root)
    return root


def answer(idp, asked):
    """Where the browser goes with the answer to a LogoutRequest that arrived, and the form's
    fields; None: it goes by redirect."""
    knobs = idp.goodbye
    where = idp.sp.find(".//{*}SingleLogoutService").get("Location")
    tree = response(idp, asked.id, where, knobs)
    signer = (knobs.signer or idp.pair) if knobs.signed else None
    if knobs.binding == REDIRECT:
        return by_redirect(where, tree, "SAMLResponse", asked.relay_state, signer), None
    return where, by_post(tree, "SAMLResponse", asked.relay_state, signer)


def by_redirect(url, tree, kind="SAMLRequest", relay=None, signer=None):
    """The address that carries the message."""
    worker = zlib.compressobj(9, zlib.DEFLATED, -15)
    small = worker.compress(etree.tostring(tree)) + worker.flush()
    pairs = [(kind, base64.b64encode(small).decode())]
    pairs += [("RelayState", relay)] if relay else []
    if not signer:
        return url + "?" + urllib.parse.urlencode(pairs)
    query = urllib.parse.urlencode(pairs + [("SigAlg", RSA_SHA256)])
    value = signer.key.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
    return url + "?" + query + "&" + urllib.parse.urlencode(
        {"Signature": base64.b64encode(value).decode()})


def by_post(tree, kind="SAMLRequest", relay=None, signer=None):
    """The fields of the form that carries the message."""
    if signer:
        sign(tree, signer)
    fields = {kind: base64.b64encode(etree.tostring(tree)).decode()}
    if relay:
        fields["RelayState"] = relay
    return fields


def by_soap(tree, signer=None):
    """The body of the request that carries the message."""
    if signer:
        sign(tree, signer)
    envelope = etree.Element("{%s}Envelope" % SOAP, nsmap={"s": SOAP})
    etree.SubElement(envelope, "{%s}Body" % SOAP).append(tree)
    return etree.tostring(envelope)


def out_of_soap(data):
    """The message in an envelope."""
    body = etree.fromstring(data).find("{%s}Body" % SOAP)
    assert len(body) == 1
    return etree.fromstring(etree.tostring(body[0]))
