"""Peers in Python: a site that signs people in by token, and backends that say what they got."""
import base64
import hashlib
import hmac
import http.server
import json
import socketserver
import threading
import urllib.parse

from . import websocket
from .ports import free_port

PEOPLE = {
    "alice": {"user_id": "alice", "email": "alice@example.org", "name": "Alice Ärmel",
              "roles": ["staff", "admins"]},
    "bob": {"user_id": "bob", "email": "bob@example.org", "name": "Bob", "roles": ["students"]},
}


class _Listener(http.server.ThreadingHTTPServer):
    """Room for all who come at once: with the five of the library Linux resets some of forty."""

    daemon_threads = True
    request_queue_size = 128


class Server:
    """An HTTP server on 127.0.0.1 in threads; `handler` is its request handler class, `tls` the context
    of a server that speaks https."""

    def __init__(self, handler, tls=None, port=None):
        self.port, self.tls = port or free_port(), tls
        self._server = _Listener(("127.0.0.1", self.port), handler)
        if tls:  # hands are shaken in the thread of the connection
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True,
                                                  do_handshake_on_connect=False)
        self._server.peer = self
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return "%s://127.0.0.1:%d" % ("https" if self.tls else "http", self.port)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    """What the handlers below share."""

    protocol_version = "HTTP/1.1"

    @property
    def peer(self):
        return self.server.peer

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def form(self):
        return dict(urllib.parse.parse_qsl(self.body().decode()))

    def answer(self, status, body, kind="text/html; charset=utf-8", headers=()):
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def redirect(self, where, headers=()):
        self.answer(302, "", headers=[("Location", where), *headers])

    def log_message(self, *arguments):
        pass


# -- a backend

class Backend(Server):
    """Answers every request with what arrived; upgrades to WebSocket and echoes.

    ?cc=VALUE sets Cache-Control, ?status=N the status, ?cookie=VALUE a Set-Cookie.
    """

    def __init__(self):
        super().__init__(_BackendHandler)
        self.requests = []  # (method, path) in order of arrival
        self.bodies = []    # of those with one: (Content-Type, bytes)


class _BackendHandler(Handler):
    def do_GET(self):
        self.peer.requests.append((self.command, self.path))
        seen = json.dumps({"method": self.command, "path": self.path,
                           "headers": self.headers.items()}, indent=1)
        if (self.headers.get("Upgrade") or "").lower() == "websocket":
            websocket.serve(self, seen)
            self.close_connection = True
            return
        body = self.body()
        if body or self.command == "POST":
            self.peer.bodies.append((self.headers.get("Content-Type"), body))
        extra = [("X-Backend", "echo")]
        for word, name in (("cc", "Cache-Control"), ("cookie", "Set-Cookie"), ("vary", "Vary")):
            if word in self.query:
                extra.append((name, self.query[word]))
        self.answer(int(self.query.get("status", 200)), seen, "application/json", extra)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_GET


def header(page, name):
    """The values of a header that a Backend saw, folded names not taken together."""
    return [v for k, v in page.json()["headers"] if k.lower() == name.lower()]


# -- the site that knows who people are

def sign(secret, text):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class TokenSite(Server):
    """A site that answers signed tokens, written from the protocol's description.

    It knows alice (alice-pw) and bob (bob-pw). To misbehave, a test replaces `fields` (changes the
    answer's JSON object) or `wire` (changes the parameters, already signed).
    """

    def __init__(self, secret):
        super().__init__(_TokenHandler)
        self.secret = secret
        self.callback = None
        self.fields = lambda fields: fields
        self.wire = lambda pairs: pairs
        self.tokens = []  # every token that was asked with
        self.names = ("token", "sig", "data")

    @property
    def endpoint(self):
        return self.url + "/sso"

    def answer_url(self, token, user):
        """Where the browser of a logged-in user is sent."""
        fields = self.fields({"token": token, **PEOPLE[user]})
        data = base64.b64encode(json.dumps(fields).encode()).decode()
        pairs = self.wire([(self.names[2], data), (self.names[1], sign(self.secret, data))])
        return self.callback + "?" + urllib.parse.urlencode(pairs)


_LOGIN_PAGE = """<!DOCTYPE html><title>Sign in</title>%s<form method="post">
<input name="user"><input name="password" type="password"><input type="submit"></form>"""


class _TokenHandler(Handler):
    def do_GET(self):
        if not self._verified():
            self.answer(403, "bad signature")
        elif self._user():
            self.redirect(self.peer.answer_url(self._token(), self._user()))
        else:
            self.answer(200, _LOGIN_PAGE % "")

    def do_POST(self):
        form = self.form()
        user = form.get("user")
        if user not in PEOPLE or form.get("password") != user + "-pw":
            self.answer(200, _LOGIN_PAGE % "<p>Wrong name or password.</p>")
        else:
            self.redirect(self.path, [("Set-Cookie", "site-user=%s; Path=/" % user)])

    def _token(self):
        return self.query.get(self.peer.names[0], "")

    def _verified(self):
        token = self._token()
        self.peer.tokens.append(token)
        return hmac.compare_digest(sign(self.peer.secret, token),
                                   self.query.get(self.peer.names[1], ""))

    def _user(self):
        for part in (self.headers.get("Cookie") or "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == "site-user":
                return value
        return None


# -- FastCGI

class FastCgi:
    """A FastCGI responder that answers with its parameters as JSON."""

    def __init__(self):
        self.port = free_port()
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", self.port), _FastCgiHandler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _FastCgiHandler(socketserver.StreamRequestHandler):
    """Records of the FastCGI specification, section 3.3: an 8-byte header, content, padding."""

    def handle(self):
        params = b""
        while True:
            head = self.rfile.read(8)
            if len(head) < 8:
                return
            kind, size, padding = head[1], int.from_bytes(head[4:6], "big"), head[6]
            content = self.rfile.read(size)
            self.rfile.read(padding)
            if kind == 4:
                params += content
            elif kind == 5 and not size:
                self._reply(head[2:4], _pairs(params))
                return

    def _reply(self, request, params):
        body = b"Content-Type: application/json\r\n\r\n" + json.dumps(params).encode()
        for kind, content in ((6, body), (6, b""), (3, bytes(8))):
            for start in range(0, max(len(content), 1), 32768):
                piece = content[start:start + 32768]
                self.wfile.write(bytes([1, kind]) + request + len(piece).to_bytes(2, "big")
                                 + b"\0\0" + piece)


def _pairs(data):
    """Name-value pairs, section 3.4."""
    out, at = {}, 0

    def length():
        nonlocal at
        first = data[at]
        size = 1 if first < 128 else 4
        value = int.from_bytes(data[at:at + size], "big") & 0x7fffffff
        at += size
        return value

    while at < len(data):
        sizes = length(), length()
        name = data[at:at + sizes[0]]
        value = data[at + sizes[0]:at + sum(sizes)]
        at += sum(sizes)
        out[name.decode("latin-1")] = value.decode("utf-8", "replace")
    return out


# -- CGI

ENV_CGI = """#!/usr/bin/python3 -ES
import json, os
print("Content-Type: application/json\\n")
print(json.dumps(dict(os.environ)))
"""


BODY_CGI = """#!/usr/bin/python3 -ES
import base64, json, os, sys
body = sys.stdin.buffer.read()
print("Content-Type: application/json\\n")
print(json.dumps({"env": dict(os.environ), "body": base64.b64encode(body).decode()}))
"""


def cgi(host, path):
    """A CGI script at a path of the host that answers with its environment as JSON."""
    return host.page(path, ENV_CGI, 0o755)
