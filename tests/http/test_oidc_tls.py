"""OpenID Connect over TLS all the way: who vouches for the provider's servers, and a client that shows a
certificate of its own (R26)."""
import ssl
import tempfile

import pytest
from cryptography.hazmat.primitives import serialization

from lib import oidc_op, pki
from lib.oidc_op import Op
from lib.recipes import oidc, sign_in, user_of

PATHS = ("/.well-known/openid-configuration", "/jwks", "/token", "/userinfo")


def show(context, pair):
    """A server's certificate from now on."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pair.key_pem + pair.cert_pem)
        file.flush()
        context.load_cert_chain(file.name)


def server(pair, clients=None):
    """The context of a server with this certificate; clients: whose certificates it asks for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    show(context, pair)
    if clients:
        context.load_verify_locations(cadata="".join(x.cert_pem for x in clients))
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


@pytest.fixture
def place(httpd):
    """A host, and SSOCAFile with the certificate that its providers have."""
    host = httpd.host("app.example.test", tls=True)
    httpd.add("SSOCAFile %s" % httpd.file("conf/providers.pem", pki.server_pair().cert_pem))
    return host


def login(browser, host):
    return browser.open(host.url + "/.sso/login?provider=op&return=/.sso/session")


def test_https_all_the_way(place, closing, alice):
    op = closing(Op(server(pki.server_pair())))
    assert op.issuer.startswith("https://")
    oidc(place, op)
    place.httpd.start()
    assert sign_in(alice, place, "op")["attributes"]["name"] == "Alice Ärmel"
    assert all(op.asked(path) for path in PATHS)
    assert not any(op.certificates.values())


def test_a_server_that_nobody_vouches_for(httpd, closing, alice):
    """Without SSOCAFile it is the system that knows, and it does not know this one."""
    op = closing(Op(server(pki.server_pair())))
    host = httpd.host("app.example.test", tls=True)
    oidc(host, op)
    httpd.start()
    httpd.expect_fault("net_tls")
    page = login(alice, host)
    assert page.status == 502 and page.fault == "net_tls"
    assert not op.requests and user_of(alice, host) is None


def test_a_certificate_of_another_host(place, closing, alice):
    """The authority is right, the name is not."""
    other = pki.Pair("elsewhere", ["elsewhere.test"])
    place.httpd.file("conf/providers.pem", other.cert_pem)
    op = closing(Op(server(other)))
    oidc(place, op)
    place.httpd.start()
    place.httpd.expect_fault("net_tls")
    assert login(alice, place).fault == "net_tls" and not op.requests


# What the provider did last before its certificate came to be over.
LAST = {"/.well-known/openid-configuration": None, "/token": "authorization", "/jwks": "token_answer",
        "/userinfo": "jwks"}


@pytest.mark.parametrize("path", LAST)
def test_a_certificate_that_has_expired(place, closing, alice, path, monkeypatch):
    monkeypatch.setattr(oidc_op._OpHandler, "protocol_version", "HTTP/1.0")  # each connects anew ...
    over = pki.Pair("localhost", [], ["127.0.0.1"], days=-1)
    place.httpd.file("conf/providers.pem", pki.server_pair().cert_pem + over.cert_pem)
    context = server(pki.server_pair() if LAST[path] else over)
    context.num_tickets = 0  # ... and shows its certificate each time
    op = closing(Op(context))

    def end(answer):
        show(context, over)
        return answer
    if LAST[path]:
        setattr(op, LAST[path], end)
    oidc(place, op)
    place.httpd.start()
    place.httpd.expect_fault("net_tls")
    page = login(alice, place)
    assert page.status == 502 and page.fault == "net_tls" and not op.asked(path)
    assert user_of(alice, place) is None
    assert place.httpd.log.find("net_tls: .*expired")


@pytest.mark.filterwarnings("ignore:.*TLSv1_1:DeprecationWarning")
def test_old_tls(place, closing, alice):
    context = server(pki.server_pair())
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    op = closing(Op(context))
    oidc(place, op)
    place.httpd.start()
    place.httpd.expect_fault("net_tls")
    assert login(alice, place).fault == "net_tls" and not op.requests


# -- tls_client_auth (RFC 8705)

def der(pair):
    return pair.cert.public_bytes(serialization.Encoding.DER)


@pytest.fixture
def mutual(place, closing):
    """A provider that knows its client by a certificate."""
    op = closing(Op(server(pki.server_pair(), [pki.pair("sp"), pki.pair("mallory")])))
    op.methods, op.client_certificate = ["tls_client_auth"], der(pki.pair("sp"))
    return op


def connect(place, op, pair):
    """The block, with a certificate of the client."""
    file = place.httpd.file
    oidc(place, op, extra="SSOOidcClientAuth tls_client_auth\nSSOOidcKey %s %s"
         % (file("conf/rp.key", pair.key_pem, 0o600), file("conf/rp.crt", pair.cert_pem)))


def test_a_client_with_a_certificate(place, mutual, alice):
    connect(place, mutual, pki.pair("sp"))
    place.httpd.start()
    assert sign_in(alice, place, "op")["attributes"]["name"] == "Alice Ärmel"
    headers, fields = mutual.asked("/token")[0]
    assert "Authorization" not in headers and "client_secret" not in fields
    assert "client_assertion" not in fields and fields["client_id"] == mutual.client_id
    assert mutual.certificates["/token"] == der(pki.pair("sp"))


def test_the_certificate_is_for_the_token_endpoint(place, mutual, alice):
    """Whoever else serves something for the provider does not see who asks."""
    connect(place, mutual, pki.pair("sp"))
    place.httpd.start()
    sign_in(alice, place, "op")
    assert {path for path, shown in mutual.certificates.items() if shown} == {"/token"}


def test_the_certificate_of_another_client(place, mutual, alice):
    connect(place, mutual, pki.pair("mallory"))
    place.httpd.start()
    place.httpd.expect_fault("oidc_client")
    assert login(alice, place).fault == "oidc_client" and user_of(alice, place) is None
