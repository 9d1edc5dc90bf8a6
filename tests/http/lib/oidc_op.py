"""An OpenID Provider in Python that does what is right, and whatever wrong thing a test asks for.

Strict where a provider must be: the redirect URI as registered, the client's secret, PKCE, a code once.
Every answer can be changed by a hook, or replaced as a whole by `wire`:

    op.id_token = lambda claims: {**claims, "nonce": "another"}
    op.wire["/token"] = hang
"""
import base64
import copy
import hashlib
import json
import secrets
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from .sites import Handler, Server

PEOPLE = {
    "alice": {"sub": "248289761001", "name": "Alice Ärmel", "preferred_username": "alice",
              "email": "alice@example.org", "email_verified": True,
              "groups": ["staff", "admins"], "address": {"locality": "Wien"}},
    "bob": {"sub": "248289761002", "name": "Bob", "preferred_username": "bob",
            "email": "bob@example.org", "email_verified": False, "groups": ["students"]},
}
_BY_SCOPE = {"profile": ["name", "preferred_username"], "email": ["email", "email_verified"],
             "groups": ["groups"], "address": ["address"]}


def b64(data):
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(n):
    return b64(n.to_bytes((n.bit_length() + 7) // 8, "big"))


class Key:
    """A signing key of the provider."""

    def __init__(self, kid, alg="RS256"):
        self.kid, self.alg = kid, alg
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048) \
            if alg == "RS256" else ec.generate_private_key(ec.SECP256R1())

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        shown = {"use": "sig", "alg": self.alg}
        if self.kid is not None:
            shown["kid"] = self.kid
        if self.alg == "RS256":
            return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e), **shown}
        return {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32, "big")),
                "y": b64(numbers.y.to_bytes(32, "big")), **shown}

    def sign(self, text):
        if self.alg == "RS256":
            return self.private.sign(text, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self.private.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def token(key, claims, **header):
    """A signed token; header: members that differ (None: without it)."""
    head = {"alg": key.alg, "kid": key.kid, **header}
    head = {k: v for k, v in head.items() if v is not None}
    text = b64(json.dumps(head)) + "." + b64(json.dumps(claims))
    return text + "." + ("" if head.get("alg") == "none" else b64(key.sign(text.encode())))


# -- ways to answer badly

def hang(handler):
    """Says nothing for longer than anybody waits."""
    handler.peer.stopped.wait(20)


def reset(handler):
    """Ends the connection without a word."""
    handler.close_connection = True


def huge(handler):
    """Ten megabytes of JSON."""
    handler.answer(200, b'{"x":"' + b"a" * 10485760 + b'"}', "application/json")


def html(handler):
    handler.answer(200, "<html>Sign in to the guest network</html>")


def failing(handler):
    handler.answer(500, "<html>Internal Server Error</html>")


def elsewhere(handler):
    handler.redirect(handler.peer.url + "/elsewhere")


def wrong_type(handler):
    handler.answer(200, "{}", "text/plain")


OUTAGES = {x.__name__: x for x in (hang, reset, huge, html, failing, elsewhere, wrong_type)}


class Op(Server):
    """One client, two people: alice (alice-pw) and bob (bob-pw)."""

    def __init__(self, tls=None):
        super().__init__(_OpHandler, tls)
        import threading
        self.stopped = threading.Event()
        self.client_id, self.secret = "client-1", "s3cr3t+with/odd=characters&more"
        self.methods = ["client_secret_basic"]  # how the client may authenticate
        self.redirect_uri = None
        self.client_certificate = None  # DER: the one that tls_client_auth wants to see
        self.needs_pkce = True
        self.keys = [KEY]
        self.key = KEY  # the one that signs
        self.codes, self.tokens, self.used = {}, {}, []
        self.people = copy.deepcopy(PEOPLE)
        self.ahead = 0  # seconds of its clock
        self.expires_in = 60
        self.gives_refresh, self.rotates = False, True
        self.grants = {}  # refresh token -> (query, user)
        self.refreshed = []  # refresh tokens that came, good or bad
        self.takes_back = False  # RFC 7009
        self.revoked = []  # tokens that were given back
        self.requests = []  # (path, headers, fields)
        self.certificates = {}  # path -> the client's certificate (DER) of the last request, or None
        self.wire = {}
        self.paths = {}  # path -> which of ours it is, where the provider calls it otherwise
        for hook in ("discovery", "jwks", "authorization", "header", "id_token", "token_answer",
                     "userinfo", "renewed", "renewal"):
            setattr(self, hook, lambda x: x)
        self.end_session = lambda state: state
        self.issued = []  # ID tokens
        self.spoil = lambda text: text  # the ID token, signed
        self.id_token_has = []  # claims that it holds besides the base ones

    @property
    def issuer(self):
        return self.url

    def close(self):
        self.stopped.set()
        super().close()

    def asked(self, path):
        """The requests to a path: (headers, fields)."""
        return [(h, f) for p, h, f in self.requests if p == path]

    def document(self):
        more = {"revocation_endpoint": self.url + "/revoke"} if self.takes_back else {}
        return self.discovery({
            **more, "issuer": self.issuer, "authorization_endpoint": self.url + "/authorize",
            "token_endpoint": self.url + "/token", "userinfo_endpoint": self.url + "/userinfo",
            "jwks_uri": self.url + "/jwks", "end_session_endpoint": self.url + "/end_session", "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": self.methods,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True})

    def key_set(self):
        return self.jwks({"keys": [x.jwk() for x in self.keys]})

    def answer_url(self, query, user):
        """Where the browser of somebody who has signed in is sent with a code."""
        return query["redirect_uri"] + "?" + urllib.parse.urlencode(self.answer_fields(query, user))

    def answer_fields(self, query, user):
        code = secrets.token_urlsafe(24)
        self.codes[code] = (query, user)
        fields = {"code": code, "state": query.get("state"), "iss": self.issuer}
        return {k: v for k, v in self.authorization(fields).items() if v is not None}

    def make_id_token(self, query, user, access_token, hook=None):
        now = int(time.time()) + self.ahead
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {"iss": self.issuer, "sub": self.people[user]["sub"], "aud": self.client_id,
                  "exp": now + 300, "iat": now, "nonce": query.get("nonce"), "at_hash": b64(half),
                  "auth_time": now - 5, "acr": "urn:example:pwd", "sid": "sid-" + user}
        claims.update({k: v for k, v in self.people[user].items() if k in self.id_token_has})
        claims = {k: v for k, v in (hook or self.id_token)(claims).items() if v is not None}
        self.issued.append(self.spoil(token(self.key, claims, **self.header({}))))
        return self.issued[-1]

    def redeem(self, fields):
        """The token answer, or an error."""
        if fields.get("grant_type") == "refresh_token":
            return self.renew(fields)
        query, user = self.codes.pop(fields.get("code"), (None, None))
        if not query or query["redirect_uri"] != fields.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        self.used.append(fields["code"])
        challenge = b64(hashlib.sha256(fields.get("code_verifier", "").encode()).digest())
        if "code_challenge" in query and query["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant", "error_description": "PKCE"}
        return 200, self.token_answer(self.give(query, user))

    def give(self, query, user, hook=None):
        """A token answer; hook: on the claims of its ID token, in place of `id_token`."""
        access_token = secrets.token_urlsafe(24)
        self.tokens[access_token] = (query, user)
        answer = {"access_token": access_token, "token_type": "Bearer",
                  "expires_in": self.expires_in,
                  "id_token": self.make_id_token(query, user, access_token, hook)}
        if self.gives_refresh:
            answer["refresh_token"] = secrets.token_urlsafe(24)
            self.grants[answer["refresh_token"]] = (query, user)
        return answer

    def renew(self, fields):
        """RFC 6749, section 6: without rotation the old token stays good, and no other is given."""
        old = fields.get("refresh_token")
        self.refreshed.append(old)
        query, user = self.grants.get(old, (None, None))
        if not query:
            return 400, {"error": "invalid_grant"}
        answer = self.give({**query, "nonce": None}, user, self.renewed)
        if self.rotates:
            self.grants.pop(old)
        else:
            self.grants.pop(answer.pop("refresh_token"))
        return 200, {k: v for k, v in self.renewal(answer).items() if v is not None}

    def claims_for(self, access_token):
        query, user = self.tokens[access_token]
        names = [n for s in query["scope"].split() for n in _BY_SCOPE.get(s, [])]
        person = self.people[user]
        return self.userinfo({"sub": person["sub"],
                              **{k: v for k, v in person.items() if k in names}})


KEY = Key("key-1")  # of the module: making RSA keys is slow

_LOGIN_PAGE = """<!DOCTYPE html><title>Sign in</title>%s<form method="post">
<input name="user"><input name="password" type="password"><input type="submit"></form>"""
_FORM_POST = """<!DOCTYPE html><title>Back</title><body onload="document.forms[0].submit()">
<form method="post" action="%s">%s</form></body>"""


class _OpHandler(Handler):
    def canonical_path(self):
        path = urllib.parse.urlsplit(self.path).path
        return self.peer.paths.get(path, path)

    def certificate(self):
        """What the client showed to TLS; None: nothing."""
        return self.connection.getpeercert(True) if self.peer.tls else None

    def do_GET(self):
        path = self.canonical_path()
        self.peer.certificates[path] = self.certificate()
        self.peer.requests.append((path, dict(self.headers), self.query))
        if path in self.peer.wire:
            self.peer.wire[path](self)
        elif path == "/.well-known/openid-configuration":
            self.json(200, self.peer.document())
        elif path == "/jwks":
            self.json(200, self.peer.key_set())
        elif path == "/authorize":
            self.authorize()
        elif path == "/userinfo":
            self.userinfo()
        elif path == "/end_session":
            state = self.peer.end_session(self.query.get("state"))
            self.redirect(self.query["post_logout_redirect_uri"]
                          + ("?" + urllib.parse.urlencode({"state": state}) if state else ""),
                          [("Set-Cookie", "op-user=; Path=/; Max-Age=0")])
        else:
            self.answer(404, "no such page")

    def do_POST(self):
        path = self.canonical_path()
        fields = self.form()
        self.peer.certificates[path] = self.certificate()
        self.peer.requests.append((path, dict(self.headers), fields))
        if path in self.peer.wire:
            self.peer.wire[path](self)
        elif path == "/token":
            self.json(*(self.peer.redeem(fields) if self.is_client(fields)
                        else (401, {"error": "invalid_client"})))
        elif path == "/revoke":
            self.revoke(fields)
        elif fields.get("password") == fields.get("user", "") + "-pw":
            self.redirect(self.path, [("Set-Cookie", "op-user=%s; Path=/" % fields["user"])])
        else:
            self.answer(200, _LOGIN_PAGE % "<p>Wrong name or password.</p>")

    def revoke(self, fields):
        """RFC 7009, section 2.2: what is not known is as good as revoked; the answer is empty."""
        if not self.is_client(fields):
            self.json(401, {"error": "invalid_client"})
            return
        self.peer.grants.pop(fields["token"], None)
        self.peer.tokens.pop(fields["token"], None)
        self.peer.revoked.append(fields["token"])
        self.answer(200, "", "text/plain")

    def json(self, status, value):
        body = value if isinstance(value, (bytes, str)) else json.dumps(value)
        self.answer(status, body, "application/json", [("Cache-Control", "no-store")])

    def is_client(self, fields):
        """RFC 6749, section 2.3.1: one method, and the right secret."""
        peer, header = self.peer, self.headers.get("Authorization", "")
        if peer.methods == ["tls_client_auth"]:  # RFC 8705
            return self.certificate() == peer.client_certificate \
                and fields.get("client_id") == peer.client_id
        if header.startswith("Basic ") and "client_secret" not in fields:
            pair = base64.b64decode(header[6:]).decode().split(":", 1)
            pair = [urllib.parse.unquote(x) for x in pair]
            return "client_secret_basic" in peer.methods and pair == [peer.client_id, peer.secret]
        if "client_secret" in fields and not header:
            return "client_secret_post" in peer.methods \
                and (fields["client_id"], fields["client_secret"]) == (peer.client_id, peer.secret)
        if "client_assertion" in fields and not header:
            return "private_key_jwt" in peer.methods and self.is_assertion(fields)
        return "none" in peer.methods and fields.get("client_id") == peer.client_id

    def is_assertion(self, fields):
        """Core, section 9, with the key that the client publishes."""
        peer = self.peer
        head, claims, signature = fields["client_assertion"].split(".")
        header, said = json.loads(unb64(head)), json.loads(unb64(claims))
        jwk = {x["kid"]: x for x in peer.client_keys()["keys"]}[header["kid"]]
        numbers = rsa.RSAPublicNumbers(int.from_bytes(unb64(jwk["e"]), "big"),
                                       int.from_bytes(unb64(jwk["n"]), "big"))
        numbers.public_key().verify(unb64(signature), ("%s.%s" % (head, claims)).encode(),
                                    padding.PKCS1v15(), hashes.SHA256())
        return header["alg"] == "RS256" and jwk["use"] == "sig" \
            and said["iss"] == said["sub"] == peer.client_id \
            and said["aud"] == peer.url + "/token" and said["exp"] > time.time() and said["jti"]

    def authorize(self):
        query, peer = self.query, self.peer
        if query.get("redirect_uri") != peer.redirect_uri \
                or query.get("client_id") != peer.client_id:
            self.answer(400, "unknown client or redirect URI: %r" % query)
        elif query.get("response_type") != "code" or "openid" not in query.get("scope", "").split():
            self.answer(400, "not a request of OpenID Connect")
        elif peer.needs_pkce and query.get("code_challenge_method") != "S256":
            self.answer(400, "PKCE is required")
        elif not self._user():
            self.answer(200, _LOGIN_PAGE % "")
        elif query.get("response_mode") == "form_post":
            fields = peer.answer_fields(query, self._user())
            inputs = "".join('<input type="hidden" name="%s" value="%s">' % x
                             for x in fields.items())
            self.answer(200, _FORM_POST % (query["redirect_uri"], inputs))
        else:
            self.redirect(peer.answer_url(query, self._user()))

    def userinfo(self):
        kind, _, access_token = self.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or access_token not in self.peer.tokens:
            self.json(401, {"error": "invalid_token"})
            return
        claims = self.peer.claims_for(access_token)
        if isinstance(claims, str):
            self.answer(200, claims, "application/jwt")
        else:
            self.json(200, claims)

    def _user(self):
        for part in (self.headers.get("Cookie") or "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == "op-user" and value in PEOPLE:
                return value
        return None
