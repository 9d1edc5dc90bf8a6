"""A server of documents that does what a test says: metadata that changes, breaks, or hangs."""
import contextlib
import ssl
import tempfile
import threading

from . import pki
from .sites import Handler, Server


def _context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(pki.server_pair().cert_pem + pki.server_pair().key_pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context


class Documents(Server):
    """Serves one document at every address."""

    def __init__(self, text="", tls=False):
        super().__init__(_DocumentHandler)
        self.tls = tls
        if tls:
            self._server.socket = _context().wrap_socket(self._server.socket, server_side=True)
        self.text, self.status, self.kind = text, 200, "application/samlmetadata+xml"
        self.etag, self.headers = None, {}
        self.hang = threading.Event()  # set it again before the end
        self.hang.set()
        self.asked = []  # headers of every request

    @property
    def url(self):
        return super().url.replace("http:", "https:") if self.tls else super().url

    def close(self):
        self.hang.set()
        super().close()


class _DocumentHandler(Handler):
    def do_GET(self):
        peer = self.peer
        peer.asked.append(dict(self.headers))
        peer.hang.wait(30)
        headers = list(peer.headers.items())
        if peer.etag:
            headers.append(("ETag", peer.etag))
            if self.headers.get("If-None-Match") == peer.etag:
                return self.answer(304, "", peer.kind, headers)
        with contextlib.suppress(OSError):  # who asked may have had enough
            self.answer(peer.status, peer.text, peer.kind, headers)
