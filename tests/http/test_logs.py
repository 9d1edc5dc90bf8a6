"""What logs and the status page show of our addresses: names of parameters, no token, answer or code."""
import socket
import ssl
import urllib.parse

import pytest

from lib.browser import exchange
from lib.oidc_op import Op
from lib.recipes import members, oidc, peer, saml, sign_in
from lib.saml_idp import SamlIdp
from lib.sites import sign

FORMAT = "%r|%q|%U%q|%{Referer}i"
TOKEN = "5f2c8b1e9d3a4c7081e6b0f4a2d9c357"
PEER_SECRET = "a-secret-of-the-forum-0123456789abcdef"


@pytest.fixture
def logged(app):
    """A host whose access log has every item that can hold a query."""
    app.add('CustomLog "logs/access.log" "%s"' % FORMAT)
    return app


def access(host):
    """The lines of the access log, once httpd has ended."""
    host.httpd.stop()
    return (host.httpd.root / "logs" / "access.log").read_text().splitlines()


def values_in(page):
    """Values of parameters in all addresses that a browser came through, but those that may be shown."""
    found = set()
    for hop in page.trace:
        query = urllib.parse.urlsplit(hop.location or "").query
        found |= {v for k, v in urllib.parse.parse_qsl(query) if k not in ("provider", "return") and len(v) > 5}
    return found


def check_flow(host, page, *names):
    values = values_in(page)
    lines = access(host)
    assert len(values) >= 2
    for name in names:
        assert any("%s=..." % name in line for line in lines), (name, lines)
    for value in values:
        for form in (value, urllib.parse.quote(value), urllib.parse.quote_plus(value)):
            assert not [line for line in lines if form in line], form


def test_a_signed_token_login(logged, alice):
    logged.httpd.start()
    page = alice.open(logged.url + "/.sso/login?provider=members&return=/.sso/session")
    assert page.path == "/.sso/session"
    check_flow(logged, page, "data", "sig")


def test_an_openid_connect_login(logged, closing, alice):
    op = closing(Op())
    oidc(logged, op)
    logged.httpd.start()
    page = alice.open(logged.url + "/.sso/login?provider=op&return=/.sso/session")
    assert page.path == "/.sso/session"
    check_flow(logged, page, "code", "state")


def test_a_question_of_a_peer(logged, alice):
    endpoint = peer(logged, PEER_SECRET, "https://forum.example.test/done")
    logged.httpd.start()
    sign_in(alice, logged)
    page = alice.step("%s?token=%s&sig=%s" % (endpoint, TOKEN, sign(PEER_SECRET, TOKEN)))
    assert page.status == 302
    lines = access(logged)
    assert "GET /.sso/peer/forum?token=...&sig=... HTTP/1.1|?token=...&sig=...|" \
           "/.sso/peer/forum?token=...&sig=...|-" in lines
    assert TOKEN not in "\n".join(lines)


@pytest.mark.parametrize("path", [
    "/.sso/discuss/callback?sso=SECRET-1&sig=SECRET-2",
    "/.sso/corp/acs?SAMLart=SECRET-1&RelayState=SECRET-2",
    "/.sso/corp/slo?SAMLRequest=SECRET-1&Signature=SECRET-2",
    "/.sso/corp/acs?SAMLResponse=SECRET-1&SECRET-2",
    "/registered?SAMLart=SECRET-1&a=SECRET-2",
    "/.sso/members/callback?data=SECRET-1&sig=%ZZ-SECRET-2",
    "/.sso/nobody/callback?data=SECRET-1&sig=SECRET-2",
    "/%2esso/members/callback?data=SECRET-1&sig=SECRET-2",
    "/.sso/./members/callback?data=SECRET-1&sig=SECRET-2",
    "/.sso/login?provider=members&login_hint=SECRET-1&x=SECRET-2",
    "/.sso?x=SECRET-1",
])
def test_what_is_refused_is_not_shown_either(logged, closing, path):
    secret = logged.httpd.secret("discuss", "d" * 40)
    logged.add("<SSOProvider discuss discourse>\nSSODiscourseEndpoint https://discuss.example.com/x\n"
               "SSODiscourseSecret file:%s\n</SSOProvider>" % secret)
    saml(logged, closing(SamlIdp()), "corp", "SSOSamlAcs %s/registered" % logged.url)
    logged.httpd.log.expect("SSO: |resuming")
    logged.httpd.start()
    exchange("GET", logged.url + path, [("Accept", "text/html")])
    (line,) = access(logged)
    assert "SECRET" not in line and "=..." in line, line


def send_raw(host, text):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", host.port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=host.name) as tls:
            tls.sendall(text.encode())
            return tls.recv(4096)


@pytest.mark.parametrize("line, status", [
    ("GET /.sso/members/callback?data=SECRET%s HTTP/1.1" % ("x" * 9000), b"414"),
    ("GET /.sso/members/callback?data=SECRET SECRET HTTP/1.1", b"400"),
    ("GET /.sso/members/callback?data=SECRET HTTP/7.1", b"400"),
    ("NONSENSE /.sso/members/callback?data=SECRET HTTP/1.1", b"405"),
    ("GET https://u:p@app.example.test/.sso/members/callback?data=SECRET HTTP/1.1", b"400"),
])
def test_lines_that_are_none(logged, line, status):
    logged.httpd.log.expect("SSO: |AH|resuming")
    logged.httpd.start()
    answer = send_raw(logged, "%s\r\nHost: app.example.test\r\nConnection: close\r\n\r\n" % line)
    assert answer.split()[1] == status
    (logged_line,) = access(logged)
    assert "SECRET" not in logged_line and "data=" in logged_line


def test_the_rest_of_the_site_is_logged_as_it_is(logged):
    logged.page("/x.html", "x")
    logged.httpd.start()
    exchange("GET", logged.url + "/x.html?data=1&sig=2")
    exchange("GET", logged.url + "/.ssox?data=1")
    assert access(logged) == ["GET /x.html?data=1&sig=2 HTTP/1.1|?data=1&sig=2|/x.html?data=1&sig=2|-",
                              "GET /.ssox?data=1 HTTP/1.1|?data=1|/.ssox?data=1|-"]


def test_who_wants_to_see_all_may(logged):
    logged.add("SSOLogRedact off")
    logged.httpd.log.expect("SSO: ")
    logged.httpd.start()
    exchange("GET", logged.url + "/.sso/members/callback?data=SECRET&sig=2")
    assert "data=SECRET" in access(logged)[0]


def test_the_status_page_and_the_forensic_log(logged, site):
    """What they show is written before the request is answered."""
    logged.httpd.need("status", "log_forensic")
    logged.add('<Location "/status">\nSetHandler server-status\nRequire all granted\n</Location>')
    logged.httpd.add('ForensicLog "logs/forensic.log"')
    logged.httpd.log.expect("SSO: ")
    logged.httpd.start()
    exchange("GET", logged.url + "/.sso/members/callback?data=SECRET&sig=SECRET")
    page = exchange("GET", logged.url + "/status")
    assert "/.sso/members/callback" in page.text and "SECRET" not in page.text
    logged.httpd.stop()
    forensic = (logged.httpd.root / "logs" / "forensic.log").read_text()
    assert "/.sso/members/callback?data=...&sig=..." in forensic
    assert "SECRET" not in forensic
