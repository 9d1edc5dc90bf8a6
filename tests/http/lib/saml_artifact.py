"""Artifacts of the scripted SAML identity provider, right ones and wrong ones."""
import base64
import hashlib
import os
import urllib.parse

from lxml import etree

from . import saml_logout
from .saml_idp import A, NS, P, POST, SUCCESS, Request, _add, _new_id, _or, _stamp, sign


def make(idp):
    """An artifact of type 4 as text."""
    source = hashlib.sha1(_or(idp.redeemed.source, idp.entity_id).encode()).digest()
    data = b"\0\4" + idp.redeemed.index.to_bytes(2, "big") + source + os.urandom(20)
    return base64.b64encode(data).decode()


def issue(idp, request, **knobs):
    """Where the browser is sent with an artifact for the response."""
    fields, acs = idp.respond(request, **knobs)
    artifact = make(idp)
    idp.artifacts[artifact] = base64.b64decode(fields["SAMLResponse"])
    query = {"SAMLart": artifact}
    if "RelayState" in fields:
        query["RelayState"] = fields["RelayState"]
    return acs + "?" + urllib.parse.urlencode(query)


def redeem(idp, body):
    """(status, body, type) for what asks at the resolution service; each artifact once."""
    tree = saml_logout.out_of_soap(body)
    asked = Request(etree.tostring(tree), POST, None)
    asked.verify(idp.sp_cert("signing"))
    idp.resolves.append(asked)
    knobs = idp.redeemed
    message = idp.artifacts.pop(asked.root.findtext("p:Artifact", namespaces=NS), None)
    root = etree.Element("{%s}ArtifactResponse" % P, nsmap={"samlp": P, "saml": A})
    for name, value in (("ID", _new_id()), ("Version", "2.0"), ("IssueInstant", _stamp(0)),
                        ("InResponseTo", _or(knobs.in_response_to, asked.id))):
        if value:
            root.set(name, value)
    _add(root, A, "Issuer", _or(knobs.issuer, idp.entity_id))
    _add(_add(root, P, "Status"), P, "StatusCode", Value=knobs.status)
    if message and not knobs.empty:
        root.append(etree.fromstring(message))
    knobs.before_signing(root)
    data = saml_logout.by_soap(root, (knobs.signer or idp.pair) if knobs.signed else None)
    return knobs.http, knobs.raw(data), knobs.kind
