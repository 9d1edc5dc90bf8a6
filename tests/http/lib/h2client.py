"""HTTP/2 requests with exactly the headers one wants."""
import socket
import urllib.parse

import h2.config
import h2.connection
import h2.events

from .browser import tls_context
from .page import Page


def request(url, method="GET", headers=(), body=b""):
    """One request over TLS (ALPN) or, for http://, by prior knowledge.

    headers: (name, value) pairs sent as they are, in order; several "cookie" fields allowed.
    """
    parts = urllib.parse.urlsplit(url)
    sock = socket.create_connection(("127.0.0.1", parts.port), timeout=15)
    if parts.scheme == "https":
        sock = tls_context(["h2"]).wrap_socket(sock, server_hostname=parts.hostname)
        if sock.selected_alpn_protocol() != "h2":
            raise AssertionError("the server does not speak h2")
    try:
        return _exchange(sock, method, url, parts, headers, body)
    finally:
        sock.close()


def _exchange(sock, method, url, parts, headers, body):
    # No normalisation: a test may want to send what a library would not.
    connection = h2.connection.H2Connection(h2.config.H2Configuration(
        header_encoding="utf-8", normalize_outbound_headers=False,
        validate_outbound_headers=False))
    connection.initiate_connection()
    pseudo = [(":method", method), (":scheme", parts.scheme), (":authority", parts.netloc),
              (":path", (parts.path or "/") + ("?" + parts.query if parts.query else ""))]
    stream = connection.get_next_available_stream_id()
    connection.send_headers(stream, pseudo + list(headers), end_stream=not body)
    if body:
        connection.send_data(stream, body, end_stream=True)
    sock.sendall(connection.data_to_send())
    return _answer(sock, connection, stream, method, url)


def _answer(sock, connection, stream, method, url):
    fields, data = [], b""
    while True:
        received = sock.recv(65536)
        if not received:
            raise AssertionError("the server closed the connection")
        for event in connection.receive_data(received):
            if getattr(event, "stream_id", stream) != stream:
                continue
            if isinstance(event, h2.events.ResponseReceived):
                fields = event.headers
            elif isinstance(event, h2.events.DataReceived):
                data += event.data
                connection.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.StreamReset):
                raise AssertionError("the server reset the stream")
            elif isinstance(event, h2.events.StreamEnded):
                status = int(dict(fields)[":status"])
                return Page(method, url, status, [x for x in fields if x[0][0] != ":"], data)
        sock.sendall(connection.data_to_send())
