"""Just enough of RFC 6455: an echo server and a client for short text messages."""
import base64
import hashlib
import os
import urllib.parse

from .browser import connect

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept(key):
    return base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()


def serve(handler, greeting):
    """Answer the upgrade of an http.server handler, send a greeting, echo until closed."""
    handler.send_response(101)
    handler.send_header("Upgrade", "websocket")
    handler.send_header("Connection", "Upgrade")
    handler.send_header("Sec-WebSocket-Accept", accept(handler.headers["Sec-WebSocket-Key"]))
    handler.end_headers()
    handler.wfile.write(_frame(greeting.encode()))
    while True:
        text = _read(handler.rfile)
        if text is None:
            return
        handler.wfile.write(_frame(text))


class Client:
    """Asks for an upgrade; `status` and `headers` hold the answer."""

    def __init__(self, url, headers=()):
        parts = urllib.parse.urlsplit(url)
        self._connection = connect(url, 10)
        key = base64.b64encode(os.urandom(16)).decode()
        self._connection.putrequest("GET", parts.path, skip_host=True, skip_accept_encoding=True)
        for name, value in [("Host", parts.netloc), ("Connection", "Upgrade"),
                            ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                            ("Sec-WebSocket-Key", key), *headers]:
            self._connection.putheader(name, value)
        self._connection.endheaders()
        # http.client knows no 101: read the answer here.
        self._file = self._connection.sock.makefile("rwb")
        self.status = int(self._file.readline().split()[1])
        self.headers = {}
        for line in iter(self._file.readline, b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            self.headers[name.lower()] = value.strip()

    def receive(self):
        text = _read(self._file)
        return None if text is None else text.decode()

    def send(self, text):
        self._file.write(_frame(text.encode(), os.urandom(4)))
        self._file.flush()

    def close(self):
        self._file.close()
        self._connection.close()


def _frame(data, mask=b""):
    size = len(data)
    head = bytes([0x81])
    bit = 0x80 if mask else 0
    if size < 126:
        head += bytes([bit | size])
    else:
        head += bytes([bit | 126]) + size.to_bytes(2, "big")
    return head + mask + _masked(data, mask)


def _masked(data, mask):
    return bytes(x ^ mask[i % 4] for i, x in enumerate(data)) if mask else data


def _read(stream):
    """One text message; None at the end or at a close frame."""
    head = stream.read(2)
    if len(head) < 2 or head[0] & 15 == 8:
        return None
    size = head[1] & 127
    if size == 126:
        size = int.from_bytes(stream.read(2), "big")
    mask = stream.read(4) if head[1] & 128 else b""
    return _masked(stream.read(size), mask)
