"""Odd clients, impatient administrators, and what must not be read in a log."""
import concurrent.futures
import re
import threading
import urllib.parse

import pytest

from lib.browser import connect, exchange
from lib.recipes import is_login, is_turned_away, members, protect, sign_in, user_of
from lib.sites import sign


@pytest.fixture
def page(app):
    protect(app)
    app.page("/app/x.html", "inside")
    return app.url + "/app/x.html"


# -- clients

def test_a_body_nobody_read_is_not_the_next_request(app, page):
    """On one connection: a refused POST, then something else."""
    app.page("/open.txt", "open")
    app.httpd.start()
    app.httpd.log.expect("SSO: |resuming")
    smuggled = "GET /app/x.html HTTP/1.1\r\nHost: x\r\n\r\n"
    for target in ("/app/x.html", "/.sso/session", "/.sso/nosuch", "/.sso/logout",
                   "/.sso/members/callback"):
        connection = connect(app.url)
        for method, path, body in (("POST", target, smuggled * 50), ("GET", "/open.txt", None)):
            connection.request(method, path, body, {"Host": app.url.split("//")[1]})
            answer = connection.getresponse()
            text = answer.read()
        assert (answer.status, text) == (200, b"open"), target
        connection.close()


def test_chunked_and_expecting_clients(app, page):
    app.httpd.start()
    host = app.url.split("//")[1]
    connection = connect(app.url)
    connection.request("POST", "/app/x.html", iter([b"a" * 5000, b"b" * 5000]),
                       {"Host": host}, encode_chunked=True)
    assert connection.getresponse().status == 401
    connection.close()
    connection = connect(app.url)
    connection.putrequest("POST", "/app/x.html", skip_host=True)
    for name, value in (("Host", host), ("Expect", "100-continue"), ("Content-Length", "100000")):
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 401 and b"login_required" in answer.read()
    connection.close()


def test_the_host_header_is_not_believed(app, page, site):
    app.httpd.start()
    navigation = [("Accept", "text/html"), ("Host", "evil.test")]
    for url in (page, app.url + "/.sso/login?provider=members&return=/"):
        answer = exchange("GET", url, navigation + [("X-Forwarded-Host", "evil.test"),
                                                    ("X-Forwarded-Proto", "http"),
                                                    ("Forwarded", "host=evil.test")])
        assert answer.location.startswith(site.endpoint)
        assert not any("evil" in v for _, v in answer.headers)
    body = exchange("GET", page, [("Host", "evil.test")]).json()
    assert body["login"].startswith(app.url + "/")


@pytest.mark.parametrize("target", ["http://evil.test/app/x.html", "https://evil.test/.sso/session",
                                    "*", "app/x.html", "//evil.test/app/x.html"])
def test_odd_request_lines(app, page, target):
    app.httpd.start()
    app.httpd.log.expect("SSO: |AH|resuming")
    connection = connect(app.url)
    connection.sock = connection.sock or connection.connect()
    connection.sock.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\n"
                             "Connection: close\r\n\r\n"
                             % (target, app.url.split("//")[1])).encode())
    data = b"".join(iter(lambda: connection.sock.recv(65536), b""))
    connection.close()
    assert b"inside" not in data and b"Location: https://evil" not in data
    assert b"Location: http://evil" not in data and b"Location: //evil" not in data


def test_http_1_0(app, page, alice):
    app.httpd.start()
    sign_in(alice, app)
    connection = connect(app.url)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    connection.request("GET", "/app/x.html", headers={"Cookie": alice.jar.header(app.url),
                                                      "Host": app.url.split("//")[1]})
    assert connection.getresponse().read() == b"inside"
    connection.close()


def test_a_connection_may_carry_several_people(app, page, alice, bob):
    """A reverse proxy in front sends everybody's requests over the same connections."""
    app.httpd.need("cgid")
    from lib import sites
    app.add('<Directory "%s/app">\nOptions +ExecCGI\nAddHandler cgi-script .cgi\n</Directory>'
            % app.docroot)
    sites.cgi(app, "/app/env.cgi")
    app.httpd.start()
    sign_in(alice, app)
    sign_in(bob, app)
    import json
    connection = connect(app.url)
    people = [alice, bob, None, bob, alice, None, alice]
    for person in people:
        headers = {"Host": app.url.split("//")[1]}
        if person:
            headers["Cookie"] = person.jar.header(app.url)
        connection.request("GET", "/app/env.cgi", headers=headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        if person:
            assert body["REMOTE_USER"] == body["SSO_USER"] == person.user
        else:
            assert answer.status == 401 and body["error"] == "login_required"
    connection.close()


def test_many_tabs(app, page, browser):
    """The flows of one browser are few, and the newest are kept."""
    app.httpd.start()
    for i in range(5):
        assert is_login(browser.step(page + "?tab=%d" % i))
    flows = [x for x in browser.jar.find(app.url, "__Host-sso-")
             if re.fullmatch("__Host-sso-[0-9a-f]{8}", x.name)]
    assert 1 <= len(flows) <= 5
    assert len(browser.jar.header(app.url)) < 4096


def test_a_browser_full_of_foreign_cookies(app, page, alice):
    app.httpd.start()
    sign_in(alice, app)
    ours = alice.jar.header(app.url)
    for noise in ("a=1; ; =; b; c==; %s; d=\"x;y\"", "%s;", ";;;%s;;;", "x=" + "y" * 6000 + "; %s",
                  "__Host-sso-zzzzzzzz=1; __Host-sso-=2; %s", "$Version=1; %s", "\xe9=\xff; %s"):
        answer = exchange("GET", page, [("Cookie", (noise % ours).encode("latin-1"))])
        assert answer.text == "inside", noise


def test_garbage_as_flow_cookies(app, site, alice):
    app.httpd.start()
    first = alice.step(app.url + "/.sso/login?provider=members&return=/.sso/session")
    for i in range(3):
        alice.jar.put(app.url, "__Host-sso-%08x" % i, "A" * 300)
    assert alice.open(first.location).json()["attributes"]["user"] == "alice"


# -- administrators

def test_an_error_document_for_401_in_the_protected_place(app, page, browser):
    app.add("ErrorDocument 401 /app/x.html\nErrorDocument 403 /app/x.html")
    app.httpd.start()
    answer = browser.fetch(page)
    assert answer.status == 401 and answer.json()["error"] == "login_required"
    assert is_login(browser.step(page))


def test_a_provider_that_is_gone_lets_nobody_in(app, page, alice):
    app.httpd.start()
    sign_in(alice, app)
    app._lines = [x.replace("SSOProvider members", "SSOProvider others")
                  .replace("SSO members", "SSO others") for x in app._lines]
    app.httpd.write()
    app.httpd.graceful()
    assert is_login(alice.step(page))


def test_another_session_memory_keeps_the_sessions(app, page, alice):
    app.httpd.add("SSOSessionMemory 8m")
    app.httpd.start()
    sign_in(alice, app)
    for size in ("16m", "4m"):
        app.httpd._lines[-1] = "SSOSessionMemory " + size
        app.httpd.write()
        app.httpd.graceful()
        assert alice.step(page).text == "inside"


def test_the_module_may_come_and_go(app, page, alice):
    """Unloaded and loaded again at reloads; the server ends without a crash."""
    httpd = app.httpd
    httpd.start()
    sign_in(alice, app)
    with_module = (httpd.root / "conf" / "httpd.conf").read_text()
    without = re.sub(r"(?s)<VirtualHost.*?</VirtualHost>|LoadModule sso_module[^\n]*|LogLevel[^\n]*|SSO[^\n]*", "",
                     with_module)
    for text in (without, with_module, without, with_module):
        httpd.file("conf/httpd.conf", text)
        httpd.graceful()
    assert alice.step(page).status in (200, 302)
    httpd.stop()
    assert not httpd.log.find("exit signal")


def test_reloads_while_people_log_in(app, page, make_browser):
    app.httpd.start()
    done = threading.Event()

    def one(i):
        browser = make_browser("alice" if i % 2 else "bob")
        return browser.open(page).text == "inside" and user_of(browser, app) == browser.user

    def reload():
        while not done.wait(0.2):
            app.httpd.graceful()

    reloading = threading.Thread(target=reload)
    reloading.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            results = list(pool.map(one, range(24)))
    finally:
        done.set()
        reloading.join()
    assert all(results)


@pytest.mark.parametrize("count", [40])
def test_many_hosts(httpd, closing, site, alice, count):
    first = httpd.host("h0.example.test", tls=True)
    hosts = [first] + [httpd.host("h%d.example.test" % i, like=first) for i in range(1, count)]
    members(hosts[-1], site)
    protect(hosts[-1])
    hosts[-1].page("/app/x.html", "inside")
    httpd.start()
    assert alice.open(hosts[-1].url + "/app/x.html").text == "inside"
    assert exchange("GET", hosts[1].url + "/.sso/session").status == 404  # has no provider


# -- what is not written down

def test_logs_hold_no_secrets_even_at_trace8(app, site, alice):
    app.httpd.add("LogLevel info sso:trace8")
    protect(app)
    app.page("/app/x.html", "inside")
    app.httpd.start()
    last = alice.open(app.url + "/app/x.html")
    assert last.text == "inside"
    alice.open(app.url + "/.sso/logout")
    text = app.httpd.log.text()
    answer = next(x.url for x in last.trace if "/callback?" in x.url)
    fields = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer).query))
    token = site.tokens[-1]
    cookies = [re.split("[;.]", c.split("=", 1)[1])[0] for x in last.trace
               for c in x.all_headers("Set-Cookie") if c.startswith("__Host-sso")]
    for secret in [site.secret, fields["sig"], sign(site.secret, token)] \
            + [x for x in cookies if len(x) > 20]:
        assert secret not in text, secret


def test_server_info_and_dumps_hold_no_secrets(app, site):
    app.httpd.need("info", "status")
    app.add('<Location "/info">\nSetHandler server-info\n</Location>\n'
            '<Location "/status">\nSetHandler server-status\n</Location>')
    app.httpd.start()
    secrets = [site.secret] + [x.read_text().strip() for x in app.httpd.state.rglob("secret*")]
    assert len(secrets) >= 2
    texts = [exchange("GET", app.url + x).text for x in ("/info", "/info?config", "/status")]
    for flag in ("DUMP_CONFIG", "DUMP_SSO", "DUMP_VHOSTS"):
        done = app.httpd._run("-t", "-D", flag)
        assert done.returncode == 0
        texts.append(done.stdout + done.stderr)
    assert "SSOHmacEndpoint" in texts[1] and "members" in texts[4]
    for text in texts:
        for secret in secrets:
            assert secret not in text


def test_strangers_leave_nothing_behind(app, page, browser):
    """What nobody has verified costs the browser a cookie, and the server nothing."""
    app.httpd.start()
    app.httpd.log.expect("SSO: |resuming")
    for i in range(30):
        assert is_turned_away(exchange("GET", page, [("Accept", "text/html")]))
        exchange("GET", app.url + "/.sso/members/callback?data=eA%3D%3D&sig=" + "0" * 64)
    app.httpd.stop()
    snapshot = app.httpd.state / "sessions"
    assert not snapshot.exists() or snapshot.stat().st_size < 1024
