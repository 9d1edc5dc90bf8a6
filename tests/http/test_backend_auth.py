"""SSOBackendAuth: credentials for backends that speak only Basic (B1 to B8); SSOSameOrigin has its own file."""
import base64
import hashlib
import http.server
import json
import os
import socket
import socketserver
import ssl
import subprocess
import threading

import pytest

from lib import sites
from lib.browser import connect, exchange
from lib.httpd import BUILD
from lib.recipes import members, protect, sign_in, ssoctl, user_of
from lib.sites import header

KEY = "the key of the credentials, 32 bytes"
OWN = "Basic " + base64.b64encode(b"mallory:her own").decode()  # what a browser might send by itself


def basic(user, password):
    return "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()


@pytest.fixture
def legacy(make_httpd):
    """Another httpd, on this machine, that knows nothing but Basic. alice and the service may enter."""
    httpd = make_httpd(sso=False, modules=["auth_basic", "headers"])
    host = httpd.host("localhost")
    httpd.basic = {"service": "s3cret:with colon", "alice": "wonderland", "Ärmel": "пароль"}
    lines = ["%s:{SHA}%s" % (user, base64.b64encode(hashlib.sha1(word.encode()).digest()).decode())
             for user, word in httpd.basic.items()]
    users = httpd.file("conf/users", "\n".join(lines) + "\n")
    host.add('<Location "/">\nAuthType Basic\nAuthName legacy\nAuthUserFile %s\nRequire valid-user\n'
             'Header always set X-Backend-User "expr=%%{REMOTE_USER}"\n</Location>' % users)
    host.page("/x.html", "legacy page")
    httpd.start()
    httpd.wrong = lambda: httpd.expect_log("AH01617|AH01618")  # password mismatch, no such user
    httpd.url = "http://127.0.0.1:%d" % host.port
    return httpd


class Place:
    """/app of a site with a backend behind it."""

    def __init__(self, host):
        self.host, self.httpd = host, host.httpd
        self.httpd.need("proxy_http")
        self.file = self.httpd.root / "conf" / "wiki.creds"
        self.key = "file:%s" % self.httpd.secret("wiki.key", KEY)

    def secret(self, text):
        return "file:%s" % self.httpd.secret("backend.secret", text)

    def to(self, url, line, more="", path="/app"):
        self.host.add('ProxyPass "%s" "%s"' % (path, url))
        protect(self.host, path, "SSO members\nSSOBackendAuth %s\n%s" % (line, more))

    def map_to(self, url, more="", backend=None):
        self.set("nobody", "nobody", "nothing", backend or url)
        self.to(url, "map %s %s" % (self.file, self.key), more)

    def credential(self, verb, *args, password=None, key=None):
        return subprocess.run([BUILD / "ssoctl", "credential", verb, "--file", self.file, "--key",
                               key or self.key, *args], input=password, capture_output=True,
                              text=True, timeout=30)

    def set(self, whose, user, password, backend):
        whose = [whose] if isinstance(whose, str) else whose
        done = self.credential("set", "--backend", backend, "--user", user, *whose,
                               password=password + "\n")
        assert done.returncode == 0, done.stderr

    def ask(self, browser, path="/app/x.html", headers=(), method="GET"):
        headers = [("Cookie", browser.jar.header(self.host.url)), *headers]
        return exchange(method, self.host.url + path, headers)

    def refused(self, code, browser, path="/app/x.html", headers=()):
        """The page of a refusal; its line is expected in the log, and no browser asks for a password."""
        self.httpd.expect_fault(code)
        page = self.ask(browser, path, headers)
        assert (page.status, page.fault) == (502, code), repr(page)
        assert page.header("WWW-Authenticate") is None
        return page


@pytest.fixture
def place(app):
    return Place(app)


def whose(session):
    """The words by which ssoctl knows somebody without an account."""
    return ["members", session["issuer"], session["attributes"]["user"]]


# -- the three ways

def test_static(place, legacy, alice, bob):
    place.to(legacy.url, "static service " + place.secret(legacy.basic["service"]))
    place.httpd.start()
    for browser in (alice, bob):
        sign_in(browser, place.host)
        page = place.ask(browser)
        assert (page.text, page.header("X-Backend-User")) == ("legacy page", "service")


def test_trusted_user(place, backend, alice, bob):
    place.to(backend.url, "trusted-user " + place.secret("only we know"))
    place.httpd.start()
    for name, browser in (("alice", alice), ("bob", bob)):
        sign_in(browser, place.host)
        assert header(place.ask(browser), "Authorization") == [basic(name, "only we know")]


def test_map(place, legacy, alice, bob):
    place.map_to(legacy.url)
    place.httpd.start()
    place.set(whose(sign_in(alice, place.host)), "alice", "wonderland", legacy.url)
    assert place.ask(alice).header("X-Backend-User") == "alice"
    sign_in(bob, place.host)
    place.refused("backend_unknown", bob)
    place.set(whose(sign_in(bob, place.host)), "Ärmel", "пароль", legacy.url + "/")
    assert base64.b64decode(basic("Ärmel", "пароль")[6:]).decode() == "Ärmel:пароль"
    assert place.ask(bob).text == "legacy page"  # RFC 7617: UTF-8


def test_map_by_account(place, legacy, alice):
    place.host.add("SSOAccounts on")
    place.map_to(legacy.url)
    place.httpd.start()
    session = sign_in(alice, place.host)
    place.set(whose(session), "alice", "wonderland", legacy.url)
    page = place.refused("backend_unknown", alice)
    assert "wonderland" not in page.text
    place.set(session["attributes"]["account"], "alice", "wonderland", legacy.url)
    assert place.ask(alice).header("X-Backend-User") == "alice"


def test_the_log_says_what_to_type(place, backend, alice):
    place.map_to(backend.url)
    place.httpd.start()
    session = sign_in(alice, place.host)
    place.refused("backend_unknown", alice)
    [line] = place.httpd.log.find("backend_unknown")
    assert "ssoctl credential set --file %s --key ... --backend %s --user NAME" % (
        place.file, backend.url) in str(line)


# -- B1: nobody brings a user and a password along

LINES = ["none", "static service SECRET", "trusted-user SECRET"]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("mode", ["SSOMode require", "SSOMode optional"])
def test_b1_inbound_authorization(place, backend, alice, browser, line, mode):
    place.to(backend.url, line.replace("SECRET", place.secret("only we know")), mode)
    place.httpd.start()
    sign_in(alice, place.host)
    said = [("Authorization", OWN), ("authorization", OWN)]
    seen = header(place.ask(alice, headers=said), "Authorization")
    user = {"static": "service", "trusted-user": "alice"}.get(line.split()[0])
    if user:
        assert seen == [basic(user, "only we know")]
    else:
        assert set(", ".join(seen).split(", ")) == {OWN}
    if mode == "SSOMode optional":  # a stranger has nothing handed on, and nothing to bring
        seen = header(exchange("GET", place.host.url + "/app/x", said), "Authorization")
        assert (seen == []) == bool(user)


def test_b1_also_where_no_proxy_is(place, alice):
    """What is not sent on is not shown to programs here either, whatever CGIPassAuth says."""
    place.httpd.need("cgid")
    place.host.add('<Directory "%s/cgi">\nOptions +ExecCGI\nSetHandler cgi-script\nCGIPassAuth On\n'
                   "</Directory>" % place.host.docroot)
    sites.cgi(place.host, "/cgi/plain.cgi")
    sites.cgi(place.host, "/cgi/env.cgi")
    protect(place.host, "/cgi", "SSO members")
    protect(place.host, "/cgi/env.cgi", "SSOBackendAuth static service " + place.secret("only we know"))
    place.httpd.start()
    sign_in(alice, place.host)
    said = [("Authorization", OWN)]
    assert place.ask(alice, "/cgi/plain.cgi", said).json()["HTTP_AUTHORIZATION"] == OWN
    env = place.ask(alice, "/cgi/env.cgi", said).json()
    assert "HTTP_AUTHORIZATION" not in env and "only we know" not in json.dumps(env)
    assert basic("service", "only we know") not in env.values()


def test_b1_connection_does_not_take_it_away(place, backend, alice):
    place.to(backend.url, "static service " + place.secret("only we know"))
    place.httpd.start()
    sign_in(alice, place.host)
    for said in ("Authorization", "close, authorization", "AUTHORIZATION , keep-alive"):
        seen = header(place.ask(alice, headers=[("Connection", said)]), "Authorization")
        assert seen == [basic("service", "only we know")], said


# -- B2: names that Basic cannot say

@pytest.mark.parametrize("name", ["al:ice", ":", "a:"])
def test_b2_names(place, backend, site, alice, name):
    site.fields = lambda fields: {**fields, "user_id": name}
    place.to(backend.url, "trusted-user " + place.secret("only we know"))
    place.httpd.start()
    sign_in(alice, place.host)
    place.refused("backend_name", alice)
    assert backend.requests == []


def test_b2_utf8(place, backend, site, alice):
    site.fields = lambda fields: {**fields, "user_id": "Ärmel 漢"}
    place.to(backend.url, "trusted-user " + place.secret("pässword"))
    place.httpd.start()
    sign_in(alice, place.host)
    assert header(place.ask(alice), "Authorization") == [basic("Ärmel 漢", "pässword")]


# -- B3: only to where it is safe

class UnixBackend(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers with what arrived, by a Unix socket."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            data = json.dumps({"headers": self.headers.items()}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments):
            pass

        def address_string(self):
            return "unix"

    daemon_threads = True

    def __init__(self, path):
        super().__init__(path, self.Handler)
        os.chmod(path, 0o777)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


def test_b3_a_unix_socket(place, closing, alice):
    closing(UnixBackend(str(place.httpd.root / "legacy.sock")))
    line = "unix:%s/conf/.././/legacy.sock|http://legacy.example/" % place.httpd.root
    place.map_to(line)
    place.httpd.start()
    place.set(whose(sign_in(alice, place.host)), "alice", "wonderland", line)
    assert header(place.ask(alice), "Authorization") == [basic("alice", "wonderland")]


class Echo(sites.Backend):
    """The same by TLS."""

    def __init__(self, tls):
        sites.Server.__init__(self, sites._BackendHandler, tls)
        self.requests = []


def server_tls(place):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    place.httpd.write()
    context.load_cert_chain(place.httpd.root / "conf" / "tls.crt", place.httpd.root / "conf" / "tls.key")
    return context


def test_b3_tls(place, closing, alice):
    far = closing(Echo(server_tls(place)))
    place.host.add("SSLProxyEngine on\nSSLProxyCheckPeerName off")
    place.to(far.url, "static service " + place.secret("only we know"))
    place.httpd.start()
    sign_in(alice, place.host)
    assert header(place.ask(alice), "Authorization") == [basic("service", "only we know")]


FAR = [
    ("http://192.0.2.1", ""),
    ("http://legacy.invalid", ""),
    ("http://127.0.0.1.legacy.invalid", ""),
    ("ws://127.0.0.1:9", ""),
]


@pytest.mark.parametrize("url, more", FAR)
def test_b3_in_the_clear(place, alice, url, more):
    if url.startswith("ws"):
        place.httpd.need("proxy_wstunnel")
    place.to(url, "static service " + place.secret("only we know"), more)
    place.httpd.start()
    sign_in(alice, place.host)
    place.refused("backend_worker", alice)


def test_b3_a_backend_of_another_protocol(place, closing, alice):
    fcgi = closing(sites.FastCgi())
    place.httpd.need("proxy_fcgi")
    place.to("fcgi://127.0.0.1:%d/" % fcgi.port, "static service " + place.secret("only we know"))
    place.httpd.start()
    sign_in(alice, place.host)
    place.refused("backend_worker", alice)


UNNAMED = [
    "RewriteEngine On\nRewriteRule ^/app/(.*) BACKEND/$1 [P]",
    'ProxyPassMatch "^/app/([^/]*)/(.*)$" "http://$1/$2"',
    '<Location "/app">\nSetHandler "proxy:BACKEND"\n</Location>',
]


@pytest.mark.parametrize("lines", UNNAMED)
def test_b3_a_server_that_the_request_names(place, backend, alice, lines):
    place.httpd.need("rewrite")
    place.host.add(lines.replace("BACKEND", backend.url))
    protect(place.host, "/app", "SSO members\nSSOBackendAuth static service "
            + place.secret("only we know"))
    place.httpd.start()
    sign_in(alice, place.host)
    place.refused("backend_worker", alice, "/app/127.0.0.1:%d/x" % backend.port)
    assert backend.requests == []


def test_b3_a_proxy_section_names_it(place, backend, alice):
    place.httpd.need("rewrite")
    place.host.add("RewriteEngine On\nRewriteRule ^/app/(.*) %s/$1 [P]\n"
                   '<Proxy "%s">\nProxySet connectiontimeout=5\n</Proxy>' % (backend.url, backend.url))
    protect(place.host, "/app", "SSO members\nSSOBackendAuth static service "
            + place.secret("only we know"))
    place.httpd.start()
    sign_in(alice, place.host)
    assert header(place.ask(alice), "Authorization") == [basic("service", "only we know")]


def test_b3_a_socket_in_the_place_of_the_server(place, backend, closing, alice):
    """The section names the server, and the request's rule leads to somebody else."""
    path = str(place.httpd.root / "other.sock")
    closing(UnixBackend(path))
    place.httpd.need("rewrite")
    place.host.add("RewriteEngine On\nRewriteRule ^/app/(.*) unix:%s|%s/$1 [P]\n"
                   '<Proxy "%s">\nProxySet connectiontimeout=5\n</Proxy>' % (path, backend.url, backend.url))
    protect(place.host, "/app", "SSO members\nSSOBackendAuth static service "
            + place.secret("only we know"))
    protect(place.host, "/app/bare", "SSOBackendAuth none")
    place.httpd.start()
    sign_in(alice, place.host)
    assert header(place.ask(alice, "/app/bare/x"), "Host")  # that is where it leads
    place.refused("backend_worker", alice, "/app/x")
    assert backend.requests == []


def test_b3_a_forward_proxy(place, backend, alice):
    """Also to a server that a section names: there the browser says where it goes."""
    lines = "SSO members\nSSOBackendAuth static service " + place.secret("only we know")
    place.host.add('ProxyRequests On\n<Proxy "%s">\nProxySet connectiontimeout=5\n%s\n</Proxy>'
                   % (backend.url, lines))
    place.httpd.start()
    sign_in(alice, place.host)
    place.httpd.expect_fault("backend_worker")
    connection = connect(place.host.url)
    connection.request("GET", backend.url + "/x", headers={"Cookie": alice.jar.header(place.host.url),
                                                           "Host": place.host.url.split("//")[1]})
    assert connection.getresponse().status == 502
    assert backend.requests == []


def test_b3_by_way_of_another_proxy(place, backend, alice):
    place.host.add("ProxyRemote * " + backend.url)
    place.to("http://127.0.0.1:9", "static service " + place.secret("only we know"))
    place.httpd.start()
    sign_in(alice, place.host)
    place.refused("backend_worker", alice)
    assert backend.requests == []


def test_b3_every_member_of_a_balancer(place, backend, alice):
    place.httpd.need("proxy_balancer", "lbmethod_byrequests", "slotmem_shm")
    place.host.add('<Proxy "balancer://Near/">\nBalancerMember %s\n</Proxy>\n'
                   '<Proxy "balancer://far">\nBalancerMember http://192.0.2.1\n</Proxy>' % backend.url)
    place.map_to("balancer://Near")
    place.to("balancer://far", "static service " + place.secret("only we know"), path="/far")
    place.httpd.start()
    place.set(whose(sign_in(alice, place.host)), "alice", "wonderland", "balancer://Near/")
    assert header(place.ask(alice), "Authorization") == [basic("alice", "wonderland")]
    place.refused("backend_worker", alice, "/far/x")


def test_b3_nothing_but_the_backend_sees_it(place, backend, alice):
    """Neither logs, nor variables and notes, nor what is asked for inside the server."""
    place.httpd.need("cgid", "include", "headers")
    place.to(backend.url, "static service " + place.secret("only we know"),
             "ProxyErrorOverride On\nErrorDocument 404 /cgi/env.cgi\n"
             'Header always set X-Seen "expr=[%{req:Authorization}|%{reqenv:HTTP_AUTHORIZATION}]"')
    place.host.add('<Directory "%s/cgi">\nOptions +ExecCGI\nSetHandler cgi-script\nCGIPassAuth On\n'
                   "</Directory>" % place.host.docroot)
    place.host.add('LogFormat "%{Authorization}i|%{HTTP_AUTHORIZATION}e|%{Authorization}n" all\n'
                   'CustomLog logs/all all')
    place.host.add("ProxyPass /bare %s" % backend.url)
    sites.cgi(place.host, "/cgi/env.cgi")
    place.httpd.start()
    sign_in(alice, place.host)
    coded = basic("service", "only we know")
    page = place.ask(alice)
    assert header(page, "Authorization") == [coded] and page.header("X-Seen") == "[|]"
    env = place.ask(alice, "/app/x?status=404")
    assert env.status == 404 and "HTTP_AUTHORIZATION" not in env.json() and coded not in env.text
    assert header(place.ask(alice, "/bare/x"), "Authorization") == []
    place.httpd.stop()
    logs = "".join(x.read_text(errors="replace") for x in (place.httpd.root / "logs").iterdir())
    assert coded[6:] not in logs and "only we know" not in logs


def test_b3_other_locations_inside_the_server(place, backend, alice):
    """A redirect inside the server leads to a place with rules of its own, or none."""
    place.httpd.need("rewrite")
    place.to(backend.url + "/a", "static service " + place.secret("only we know"))
    place.host.add("ProxyPass /plain %s/b" % backend.url)
    protect(place.host, "/plain")
    for name, target in (("in", "/app/x"), ("out", "/plain/x")):
        place.host.add('<Directory "%s/%s">\nRewriteEngine On\nRewriteRule ^ %s\n</Directory>'
                       % (place.host.docroot, name, target))
        place.host.page("/%s/x" % name)
        protect(place.host, "/" + name, "SSO members\nSSOBackendAuth static other "
                + place.secret("only we know"))
    place.httpd.start()
    sign_in(alice, place.host)
    assert header(place.ask(alice, "/in/x"), "Authorization") == [basic("service", "only we know")]
    assert header(place.ask(alice, "/out/x"), "Authorization") == []


# -- B4: the store

def test_b4_changes_hold_at_once(place, backend, alice):
    place.map_to(backend.url)
    place.httpd.start()
    me = whose(sign_in(alice, place.host))
    for password in ("one", "two"):
        place.set(me, "alice", password, backend.url)
        assert header(place.ask(alice), "Authorization") == [basic("alice", password)]
    assert place.credential("remove", "--backend", backend.url, *me).returncode == 0
    place.refused("backend_unknown", alice)
    assert place.credential("remove", "--backend", backend.url, *me).returncode == 1


def test_b4_of_one_backend_is_not_of_another(place, backend, closing, alice):
    other = closing(sites.Backend())
    place.map_to(backend.url)
    place.to(other.url, "map %s %s" % (place.file, place.key), path="/other")
    place.httpd.start()
    place.set(whose(sign_in(alice, place.host)), "alice", "wonderland", backend.url)
    assert place.ask(alice).status == 200
    place.refused("backend_unknown", alice, "/other/x")
    assert other.requests == []


def test_b4_nothing_is_in_the_clear_and_it_stays_the_childrens(place, backend, alice):
    place.map_to(backend.url)
    place.httpd.start()
    owner = place.file.stat().st_uid
    place.set(whose(sign_in(alice, place.host)), "alice-there", "wonderland", backend.url)
    data = place.file.read_bytes()
    for text in (b"wonderland", b"alice", b"127.0.0.1", b"members"):
        assert text not in data
    assert place.file.stat().st_mode & 0o777 == 0o600 and place.file.stat().st_uid == owner
    listed = place.credential("list")
    assert "alice-there" in listed.stdout and "wonderland" not in listed.stdout + listed.stderr


def swap(data):
    """Two people's envelopes, each behind the other's key."""
    size = (len(data) - 16) // 2
    one, two = data[16:16 + size], data[16 + size:]
    return data[:16] + one[:32] + two[32:] + two[:32] + one[32:]


DAMAGE = [
    ("flipped", lambda x: bytes(x[:16]) + bytes(c ^ (i % 1089 == 200) for i, c in enumerate(x[16:])),
     "does not open"),
    ("swapped", swap, "does not open"),
    ("cut", lambda x: x[:-1], "was cut off"),
    ("empty", lambda x: b"", "was cut off"),
    ("text", lambda x: b"alice:wonderland\n", "was cut off"),
    ("order", lambda x: x[:16] + x[16 + (len(x) - 16) // 2:] + x[16:16 + (len(x) - 16) // 2],
     "out of order"),
]


@pytest.mark.parametrize("change, why", [x[1:] for x in DAMAGE], ids=[x[0] for x in DAMAGE])
def test_b4_damage(place, backend, alice, change, why):
    place.map_to(backend.url)
    place.httpd.start()
    place.set(whose(sign_in(alice, place.host)), "alice", "wonderland", backend.url)
    assert place.ask(alice).status == 200
    backend.requests.clear()
    place.file.write_bytes(change(place.file.read_bytes()))
    checked = place.httpd.configtest()
    assert not checked.ok and "SSOBackendAuth: " in checked.output and why in checked.output
    listed = place.credential("list")
    assert listed.returncode == 1 and why in listed.stderr and not listed.stdout
    if why != "out of order":  # one credential may still be found
        place.refused("backend_store", alice)
        assert backend.requests == []


def test_b4_other_keys_and_other_eyes(place, backend, alice):
    place.map_to(backend.url)
    other = "file:%s" % place.httpd.secret("other.key", "another key, as long as the first one")
    assert "another key" in place.credential("list", key=other).stderr
    place.httpd.start()
    sign_in(alice, place.host)
    place.file.chmod(0o644)
    page = place.refused("backend_store", alice)
    assert str(place.file) not in page.text
    assert "chmod 600" in place.httpd.configtest().output
    place.file.unlink()
    place.refused("backend_store", alice)
    assert "is not there" in place.httpd.configtest().output


# -- B5: refusals

def test_b5_a_refusal_is_no_question_to_the_person(place, legacy, alice):
    place.to(legacy.url, "static service " + place.secret("wrong"))
    place.httpd.start()
    sign_in(alice, place.host)
    legacy.wrong()
    page = place.refused("backend_refused", alice)
    assert "401 Unauthorized" not in page.text and page.header("X-Backend-User") is None


@pytest.mark.parametrize("method, path", [("HEAD", "/app/x.html"), ("POST", "/app/x.html")])
def test_b5_whatever_the_request(place, legacy, alice, method, path):
    place.to(legacy.url, "static service " + place.secret("wrong"))
    place.httpd.start()
    sign_in(alice, place.host)
    legacy.wrong()
    place.httpd.expect_fault("backend_refused")
    page = place.ask(alice, path, method=method)
    assert page.status == 502 and page.header("WWW-Authenticate") is None


@pytest.mark.parametrize("override", ["", "ProxyErrorOverride On"])
def test_b5_three_in_a_row(place, legacy, alice, override):
    place.map_to(legacy.url, override)
    place.httpd.start()
    me = whose(sign_in(alice, place.host))
    legacy.wrong()
    place.set(me, "alice", "wrong", legacy.url)
    for _ in range(3):
        place.refused("backend_refused", alice)
    place.refused("backend_off", alice)
    assert len(legacy.log.find("AH01617")) == 3  # the fourth was not sent
    place.set(me, "alice", "wonderland", legacy.url)  # the reset
    assert place.ask(alice).text == "legacy page"


@pytest.mark.parametrize("override", ["", "ProxyErrorOverride On"])
def test_b5_a_success_between(place, backend, alice, override):
    place.to(backend.url, "static service " + place.secret("only we know"), override)
    place.httpd.start()
    sign_in(alice, place.host)
    for status in (401, 401, 200, 401, 401, 404, 401, 500, 401, 503, 401):
        if status == 401:
            place.refused("backend_refused", alice, "/app/x?status=401")
        else:
            assert place.ask(alice, "/app/x?status=%d" % status).status == status
    place.refused("backend_off", alice)  # 5xx says nothing of a credential
    place.httpd.graceful()
    assert place.ask(alice).status == 200


class Torn(socketserver.StreamRequestHandler):
    """A refusal whose page cannot be read."""

    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\n'
                         b"Transfer-Encoding: chunked\r\n\r\nno length\r\n")


def test_b5_a_refusal_that_breaks_off(place, closing, alice):
    torn = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Torn)
    torn.close = lambda: (torn.shutdown(), torn.server_close())
    closing(torn)
    threading.Thread(target=torn.serve_forever, args=(0.02,), daemon=True).start()
    place.to("http://127.0.0.1:%d" % torn.server_address[1], "static service " + place.secret("wrong"))
    place.httpd.start()
    place.httpd.expect_log("AH01110")  # mod_proxy_http: error reading response
    sign_in(alice, place.host)
    for _ in range(3):
        place.refused("backend_refused", alice)
    place.refused("backend_off", alice)


UNREADABLE = "AH01095|AH01096|AH01097|AH02609|AH02656|AH10122"  # mod_proxy_http, of a request's body


@pytest.mark.parametrize("length, body", [
    (("Transfer-Encoding", "chunked"), b"no length\r\n\r\n"), (("Content-Length", "100"), b"cut off")])
def test_b5_what_httpd_refuses_forgives_nothing(place, backend, alice, length, body):
    """Of a request whose body cannot be read the backend has judged no credential."""
    place.to(backend.url, "static service " + place.secret("only we know"))
    place.httpd.start()
    place.httpd.expect_log(UNREADABLE)
    sign_in(alice, place.host)
    for _ in range(3):
        connection = connect(place.host.url)
        connection.putrequest("POST", "/app/x", skip_host=True)
        for name, value in (("Host", place.host.url.split("//")[1]), length,
                            ("Cookie", alice.jar.header(place.host.url))):
            connection.putheader(name, value)
        connection.endheaders(body)
        connection.sock.shutdown(socket.SHUT_WR)
        while connection.sock.recv(4096):  # until httpd is done with it
            pass
        connection.close()
        place.refused("backend_refused", alice, "/app/x?status=401")
    place.refused("backend_off", alice)


def test_b5_one_account_does_not_stop_another(place, backend, alice, bob):
    place.to(backend.url, "trusted-user " + place.secret("only we know"))
    place.httpd.start()
    for each in (alice, bob):
        sign_in(each, place.host)
    for _ in range(3):
        place.refused("backend_refused", alice, "/app/x?status=401")
    place.refused("backend_off", alice)
    assert place.ask(bob).status == 200


def test_b5_without_a_session(place, legacy, browser):
    """Who is nobody here is nobody there, and is not asked for a password of their own either."""
    place.to(legacy.url, "static service " + place.secret("wrong"), "SSOMode optional")
    place.httpd.start()
    place.httpd.expect_fault("backend_refused")
    for _ in range(5):
        page = browser.fetch(place.host.url + "/app/x.html")
        assert (page.status, page.fault) == (502, "backend_refused")
        assert page.header("WWW-Authenticate") is None


def test_b5_refusals_are_counted(place, legacy, alice):
    place.to(legacy.url, "static service " + place.secret("wrong"))
    place.host.add('<Location "/status">\nSetHandler sso-status\n</Location>')
    place.httpd.start()
    sign_in(alice, place.host)
    legacy.wrong()
    place.refused("backend_refused", alice)
    page = exchange("GET", place.host.url + "/status?format=prometheus")
    assert 'sso_failures_total{fault="backend_refused"} 1\n' in page.text


# -- B6: who is out is out at the backend as well

def test_b6_a_ban(place, legacy, alice):
    place.host.add("SSOAccounts on")
    place.to(legacy.url, "static service " + place.secret(legacy.basic["service"]))
    place.httpd.start()
    account = sign_in(alice, place.host)["attributes"]["account"]
    assert place.ask(alice).status == 200
    database = next(place.httpd.state.rglob("accounts.db"))
    subprocess.run([BUILD / "ssoctl", "accounts", "ban", "--database", database, account], check=True,
                   capture_output=True, timeout=30)
    place.httpd.log.wait("was changed elsewhere")
    assert user_of(alice, place.host) is None
    assert place.ask(alice).status == 401


def test_b6_a_logout(place, legacy, alice):
    place.to(legacy.url, "static service " + place.secret(legacy.basic["service"]))
    place.httpd.start()
    sign_in(alice, place.host)
    cookie = [("Cookie", alice.jar.header(place.host.url))]
    assert exchange("GET", place.host.url + "/app/x.html", cookie).status == 200
    alice.open(place.host.url + "/.sso/logout")
    assert exchange("GET", place.host.url + "/app/x.html", cookie).status == 401


# -- who may say so, and what configtest says

WRONG = [
    ("basic", "is no way to authenticate; write none, static USER SECRET, map FILE SECRET or "
              "trusted-user SECRET"),
    ("none static", "write none"),
    ("static service", "write static USER SECRET"),
    ("map", "write map FILE SECRET"),
    ("trusted-user", "write trusted-user SECRET"),
    ("trusted-user password", "a secret never stands in the configuration"),
    ("static ser:vice SECRET", "the name 'ser:vice' has a ':'"),
    ("static service file:/nowhere", "/nowhere"),
    ("static service LINES", "has control characters"),
    ("map /nowhere/file SECRET", "is not there"),
    ("static service BELOW", "lies below the DocumentRoot; keep it elsewhere"),
    ("map BELOWFILE SECRET", "lies below the DocumentRoot; keep it elsewhere"),
]


@pytest.mark.parametrize("line, why", WRONG)
def test_configtest(place, line, why):
    words = {"LINES": "file:%s" % place.httpd.secret("lines", "one\ntwo"),
             "BELOWFILE": str(place.host.page("/own.creds")),
             "BELOW": "file:%s" % place.host.page("/own.secret", "a secret of some length", 0o600),
             "SECRET": place.secret("only we know, and long enough")}
    for word, value in words.items():
        line = line.replace(word, value)
    place.to("http://127.0.0.1:9", line)
    checked = place.httpd.configtest()
    assert not checked.ok and "SSOBackendAuth" in checked.output and why in checked.output


def test_b4_the_document_root_of_another_host(place):
    other = place.httpd.host("other.example.test", like=place.host)
    secret = other.page("/own.secret", "a secret of some length", 0o600)
    place.to("http://127.0.0.1:9", "static service file:%s" % secret)
    checked = place.httpd.configtest()
    assert not checked.ok and "lies below the DocumentRoot" in checked.output


def test_b4_a_file_of_two_names(place):
    """The other name may be somebody else's, whose file would be given away."""
    place.map_to("http://127.0.0.1:9")
    os.link(place.file, place.httpd.root / "conf" / "other.creds")
    checked = place.httpd.configtest()
    assert not checked.ok and "Too many links" in checked.output
    os.unlink(place.httpd.root / "conf" / "other.creds")
    assert place.httpd.configtest().ok


def test_configtest_without_mod_proxy(app):
    secret = app.httpd.secret("backend.secret", "only we know")
    protect(app, "/app", "SSO members\nSSOBackendAuth static service file:%s" % secret)
    checked = app.httpd.configtest()
    assert not checked.ok and "needs mod_proxy and mod_proxy_http; load them" in checked.output


@pytest.mark.parametrize("allow, why", [
    ("AllowOverride All", "SSOBackendAuth not allowed here"),
    ("AllowOverride None\nAllowOverrideList SSOBackendAuth", "SSOBackendAuth: is not for .htaccess")])
def test_tenants_cannot(place, alice, allow, why):
    place.host.add('<Directory "%s">\n%s\n</Directory>' % (place.host.docroot, allow))
    place.host.page("/own/x.html", "inside")
    place.host.page("/own/.htaccess", "SSOBackendAuth static root file:/etc/shadow\n")
    place.httpd.start()
    place.httpd.expect_log(why)
    assert exchange("GET", place.host.url + "/own/x.html").status == 500


def test_an_inner_place_may_do_without(place, backend, alice):
    place.to(backend.url, "static service " + place.secret("only we know"))
    protect(place.host, "/app/own", "SSOBackendAuth none")
    protect(place.host, "/app/more", "SSOMode require")
    place.httpd.start()
    sign_in(alice, place.host)
    said = [("Authorization", OWN)]
    assert header(place.ask(alice, "/app/own/x", said), "Authorization") == [OWN]
    assert header(place.ask(alice, "/app/more/x", said), "Authorization") \
        == [basic("service", "only we know")]


def test_ssoctl_knows_it(place, backend):
    place.map_to(backend.url)
    place.to(backend.url, "trusted-user " + place.secret("only we know"), "SSOSameOrigin on",
             path="/more")
    shown = ssoctl(place.httpd, "show")
    assert "Backend /app (map) at " in shown.stdout and str(place.file) in shown.stdout
    assert "only we know" not in shown.stdout
    checked = ssoctl(place.httpd, "check")
    assert "backend/app at " in checked.stdout and "holds 1 credential" in checked.stdout
    assert "write SSOSameOrigin on next to SSOBackendAuth" in checked.stdout
    assert "requests of other sites change nothing there" in checked.stdout


@pytest.mark.parametrize("first", [True, False])
def test_whatever_is_loaded_first(make_httpd, site, backend, alice, first):
    host = make_httpd(sso_first=first).host("app.example.test", tls=True)
    members(host, site)
    place = Place(host)
    place.to(backend.url, "static service " + place.secret("only we know"))
    host.httpd.start()
    sign_in(alice, host)
    assert header(place.ask(alice), "Authorization") == [basic("service", "only we know")]
