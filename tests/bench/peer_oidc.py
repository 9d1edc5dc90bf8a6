"""An OpenID provider of one client, in a thread: metadata, keys, and a token for every code."""
import base64
import http.server
import json
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def packed(fields):
    return encode(json.dumps(fields, separators=(",", ":")).encode())


class Provider:
    """A code is the user and the nonce: whoever can write one has logged in."""

    def __init__(self, client):
        self.client = client
        self.key = rsa.generate_private_key(65537, 2048)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.provider = self
        self.issuer = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def answer(user, location):
        """The query that a browser brings back after a login that began with a redirect to `location`."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
        return urllib.parse.urlencode({"code": packed([user, asked["nonce"]]), "state": asked["state"]})

    def metadata(self):
        return {"issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize",
                "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/jwks",
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"]}

    def keys(self):
        public = self.key.public_key().public_numbers()
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "bench",
                          "n": encode(public.n.to_bytes(256, "big")), "e": encode(b"\1\0\1")}]}

    def token(self, code):
        user, nonce = json.loads(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)))
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": user, "aud": self.client, "iat": now, "exp": now + 28800,
                  "nonce": nonce, "email": user + "@bench.invalid", "name": "Bench User " + user,
                  "groups": ["member", "staff", "employee"]}
        text = packed({"alg": "RS256", "kid": "bench", "typ": "JWT"}) + "." + packed(claims)
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return {"access_token": "bench-token", "token_type": "Bearer", "expires_in": 28800,
                "id_token": text + "." + encode(signature)}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        provider = self.server.provider
        self._send(provider.keys() if self.path == "/jwks" else provider.metadata())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self._send(self.server.provider.token(dict(urllib.parse.parse_qsl(body))["code"]))

    def _send(self, fields):
        body = json.dumps(fields).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
