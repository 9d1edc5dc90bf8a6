#!/usr/bin/python3
"""A SAML identity provider on pysaml2, for tests. RUN: a directory with key, certificate and the
metadata of service providers in sp/*.xml; IDP_URL: where it is served. People: alice and bob."""
import base64
import glob
import hashlib
import html
import http.cookies
import http.server
import json
import os
import re
import secrets
import traceback
import urllib.parse
import urllib.request

from saml2 import BINDING_HTTP_ARTIFACT as ARTIFACT
from saml2 import BINDING_HTTP_POST as POST
from saml2 import BINDING_HTTP_REDIRECT as REDIRECT
from saml2 import BINDING_SOAP as SOAP
from saml2 import saml, samlp, xmldsig
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.server import Server
from saml2.sigver import pre_signature_part, verify_redirect_signature
from saml2.time_util import instant

RUN, URL = os.environ["RUN"], os.environ["IDP_URL"]
PEOPLE = {"alice": {"uid": ["alice"], "mail": ["alice@example.org"], "groups": ["staff", "admins"]},
          "bob": {"uid": ["bob"], "mail": ["bob@example.org"], "groups": ["students"]}}
OPTIONS = json.loads(open(RUN + "/options.json").read())  # of a service provider, by its entity ID
ALGORITHMS = {"sign_alg": xmldsig.SIG_RSA_SHA256, "digest_alg": xmldsig.DIGEST_SHA256}
PARAMETERS = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature")

idp = Server(config=IdPConfig().load({
    "entityid": URL + "/idp", "key_file": RUN + "/idp.key", "cert_file": RUN + "/idp.crt",
    "xmlsec_binary": "/usr/bin/xmlsec1", "metadata": {"local": sorted(glob.glob(RUN + "/sp/*.xml"))},
    "service": {"idp": {
        "endpoints": {
            "single_sign_on_service": [(URL + "/sso", REDIRECT), (URL + "/sso", POST)],
            "single_logout_service": [(URL + "/slo", REDIRECT), (URL + "/slo", POST)],
            "artifact_resolution_service": [(URL + "/ars", SOAP)]},
        "sign_response": True, "sign_assertion": True,
        "signing_algorithm": xmldsig.SIG_RSA_SHA256, "digest_algorithm": xmldsig.DIGEST_SHA256,
        "policy": {"default": {"lifetime": {"minutes": 15}, "attribute_restrictions": None,
                               "name_form": saml.NAME_FORMAT_UNSPECIFIED,
                               "nameid_format": saml.NAMEID_FORMAT_TRANSIENT}}}}}))
artifacts = {}  # artifact -> message
sessions = {}   # cookie -> {"user", "sps": {entity ID: NameID}, "asked", "back"}


def without_declaration(text):
    return re.sub(r"^<[?]xml[^>]*>", "", str(text)).strip()


def in_envelope(message):
    return ('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%s</s:Body>'
            '</s:Envelope>' % without_declaration(message))


def check_signature(request, binding, fields):
    """The library looks at signatures inside of messages; those of queries are left to us."""
    if binding == POST:
        good = request.message.signature is not None
    else:
        query = {k: fields[k] for k in PARAMETERS if k in fields}
        certs = idp.metadata.certs(request.message.issuer.text, "spsso", "signing")
        good = "Signature" in fields and any(
            verify_redirect_signature(query, idp.sec.sec_backend, x) for x in certs)
    if not good:
        raise ValueError("bad or missing signature")


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def reply(self, status, body, kind="text/html; charset=utf-8", headers=()):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in [("Content-Type", kind), ("Content-Length", str(len(data))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def send_message(self, made, headers=()):
        """What the library made of a message: a redirect or a form."""
        more = [x for x in made.get("headers", []) if x[0].lower() != "content-type"] + list(headers)
        data = made["data"]
        body = "".join(data) if isinstance(data, list) else data
        self.reply(302 if any(k == "Location" for k, _ in more) else 200, body, headers=more)

    def read(self):
        parts = urllib.parse.urlsplit(self.path)
        self.fields = dict(urllib.parse.parse_qsl(parts.query))
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "urlencoded" in self.headers.get("Content-Type", ""):
            self.fields.update(urllib.parse.parse_qsl(self.body.decode()))
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        self.cookie = cookie["psid"].value if "psid" in cookie else None
        self.session = sessions.get(self.cookie)
        return parts.path

    def do_GET(self):
        pages = {"/metadata": self.metadata, "/sso": self.sso, "/ars": self.resolve,
                 "/slo": self.slo, "/logout": self.logout}
        try:
            pages[self.read()]()
        except Exception as error:
            traceback.print_exc()
            self.reply(400, "refused: " + html.escape(repr(error)))

    do_POST = do_GET

    def metadata(self):
        self.reply(200, str(entity_descriptor(idp.config)), "application/samlmetadata+xml")

    # -- signing in

    def sso(self):
        binding = self.fields.get("_b") or (POST if self.command == "POST" else REDIRECT)
        headers = []
        request = idp.parse_authn_request(self.fields["SAMLRequest"], binding)
        check_signature(request, binding, self.fields)
        if "password" in self.fields:
            user = self.fields["user"]
            if user in PEOPLE and self.fields["password"] == user + "-pw":
                key = secrets.token_hex(16)
                self.session = sessions[key] = {"user": user, "sps": {}}
                headers = [("Set-Cookie", "psid=%s; Path=/; HttpOnly; SameSite=Lax" % key)]
        if not self.session:
            self.ask(binding)
            return
        self.answer_login(request.message, headers)

    def ask(self, binding):
        kept = {**{k: v for k, v in self.fields.items() if k in PARAMETERS}, "_b": binding}
        hidden = "".join('<input type="hidden" name="%s" value="%s">'
                         % (k, html.escape(v, True)) for k, v in kept.items())
        self.reply(200, '<!doctype html><form method="post" action="/sso">%s<input name="user">'
                        '<input type="password" name="password"><button>Go</button></form>' % hidden)

    def answer_login(self, request, headers):
        service, relay = request.issuer.text, self.fields.get("RelayState", "")
        binding, acs = idp.pick_binding("assertion_consumer_service", [POST, ARTIFACT], "spsso",
                                        request=request)
        if request.protocol_binding == ARTIFACT:
            binding, acs = ARTIFACT, request.assertion_consumer_service_url
        name = saml.NameID(format=saml.NAMEID_FORMAT_TRANSIENT, text="_" + secrets.token_hex(16))
        self.session["sps"][service] = name
        message = str(idp.create_authn_response(
            PEOPLE[self.session["user"]], in_response_to=request.id, destination=acs,
            sp_entity_id=service, name_id=name, sign_assertion=True, sign_response=True,
            authn={"class_ref": saml.AUTHN_PASSWORD_PROTECTED, "authn_auth": URL},
            encrypt_assertion=OPTIONS[service].get("encrypt", False),
            encrypted_advice_attributes=False, **ALGORITHMS))
        if binding == POST:
            self.send_message(idp.apply_binding(POST, message, acs, relay, response=True), headers)
            return
        source = hashlib.sha1(idp.config.entityid.encode()).digest()
        artifact = base64.b64encode(b"\0\4\0\1" + source + secrets.token_bytes(20)).decode()
        artifacts[artifact] = message
        query = urllib.parse.urlencode({"SAMLart": artifact, "RelayState": relay})
        self.reply(302, "", headers=[("Location", acs + "?" + query), *headers])

    def resolve(self):
        """The library's own ArtifactResponse would write the signed message anew."""
        asked = idp.parse_artifact_resolve(self.body.decode())
        message = artifacts.pop(asked.artifact.text, "")
        ident = "_" + secrets.token_hex(16)
        place = pre_signature_part(ident, idp.sec.my_cert, 3, **ALGORITHMS)  # 1 and 2 are inside
        xml = ('<p:ArtifactResponse xmlns:p="%s" ID="%s" Version="2.0" IssueInstant="%s" '
               'InResponseTo="%s"><a:Issuer xmlns:a="%s">%s</a:Issuer>%s<p:Status><p:StatusCode '
               'Value="%s"/></p:Status>%s</p:ArtifactResponse>'
               % (samlp.NAMESPACE, ident, instant(), asked.id, saml.NAMESPACE, idp.config.entityid,
                  without_declaration(place), samlp.STATUS_SUCCESS, without_declaration(message)))
        xml = idp.sec.sign_statement(xml, samlp.NAMESPACE + ":ArtifactResponse", node_id=ident)
        self.reply(200, in_envelope(xml), "text/xml")

    # -- signing out

    def logout(self):
        if self.session:
            self.session["back"] = self.fields.get("ReturnTo")
        self.go_on()

    def slo(self):
        binding = POST if self.command == "POST" else REDIRECT
        if "SAMLResponse" in self.fields:
            idp.parse_logout_request_response(self.fields["SAMLResponse"], binding)
            self.go_on()
            return
        request = idp.parse_logout_request(self.fields["SAMLRequest"], binding)
        check_signature(request, binding, self.fields)
        asked = (request.message, self.fields.get("RelayState", ""))
        if not self.session:
            self.answer_logout(*asked)
            return
        self.session["sps"].pop(request.message.issuer.text, None)
        self.session["asked"] = asked
        self.go_on()

    def go_on(self):
        """To the next service that has a session, and at the end to whoever asked."""
        while self.session and self.session["sps"]:
            service, name = self.session["sps"].popitem()
            wanted = OPTIONS[service].get("slo", REDIRECT)
            binding, where = idp.pick_binding("single_logout_service", [wanted], "spsso",
                                              entity_id=service)
            _, request = idp.create_logout_request(
                where, issuer_entity_id=idp.config.entityid, name_id=name,
                sign=binding != REDIRECT, **ALGORITHMS)
            if binding != SOAP:
                self.send_message(idp.apply_binding(
                    binding, str(request), where, "r", sign=binding == REDIRECT,
                    sigalg=xmldsig.SIG_RSA_SHA256))
                return
            self.call(where, in_envelope(request))
        sessions.pop(self.cookie, None)
        if self.session and self.session.get("asked"):
            self.answer_logout(*self.session["asked"])
        elif self.session and self.session.get("back"):
            self.reply(302, "", headers=[("Location", self.session["back"])])
        else:
            self.reply(200, "<h1>Logged out</h1>")

    def call(self, where, data):
        request = urllib.request.Request(where, data.encode(), {"Content-Type": "text/xml"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            # As it stands in its envelope: the signature is over these bytes.
            message = re.search(rb"Body>(.*)</[^>]*Body>", answer.read(), re.S).group(1)
        idp.parse_logout_request_response(base64.b64encode(message).decode(), POST)

    def answer_logout(self, request, relay):
        response = idp.create_logout_response(request, [REDIRECT], sign=False)
        binding, where = idp.pick_binding("single_logout_service", [REDIRECT, POST], "spsso",
                                          entity_id=request.issuer.text)
        self.send_message(idp.apply_binding(binding, str(response), where, relay, response=True,
                                            sign=True, sigalg=xmldsig.SIG_RSA_SHA256))


PORT = urllib.parse.urlsplit(URL).port
http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
