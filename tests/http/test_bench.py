"""The bench itself: what it is there to notice, it notices."""
import os
import signal

import pytest

from lib import sites, websocket
from lib.browser import Blocked, exchange
from lib.cookies import Jar, same_site
from lib.httpd import Httpd, HttpdFailed
from lib.page import Page


@pytest.fixture
def plain(make_httpd):
    return make_httpd(sso=False)


def test_httpd_serves_reloads_and_restarts(plain):
    host = plain.host()
    host.page("/x.txt", "here\n")
    plain.start()
    for change in (plain.graceful, plain.hup, plain.restart):
        change()
        assert exchange("GET", host.url + "/x.txt").text == "here\n"


@pytest.mark.parametrize("mpm", ["prefork", "worker"])
def test_other_mpms(make_httpd, mpm):
    httpd = make_httpd(sso=False, mpm=mpm)
    host = httpd.host()
    httpd.start()
    assert exchange("GET", host.url + "/nothing").status == 404


@pytest.fixture
def unchecked():
    """An httpd whose log the fixture does not look at."""
    httpd = Httpd(sso=False)
    yield httpd
    httpd.stop()
    httpd.remove()


def test_a_complaint_in_the_log_fails_the_test(unchecked):
    httpd = unchecked
    host = httpd.host().add('<Location "/x">\nRequire all denied\n</Location>')
    httpd.start()
    assert exchange("GET", host.url + "/x").status == 403
    with pytest.raises(HttpdFailed, match="not announced: .*AH01630"):
        httpd.finish()
    httpd.expect_log("AH01630")
    httpd.finish()


def test_an_announced_line_must_come(unchecked):
    unchecked.host()
    unchecked.start()
    unchecked.expect_log("never written")
    with pytest.raises(HttpdFailed, match="announced, but not in the log: never written"):
        unchecked.finish()


def test_a_crash_fails_the_test(unchecked):
    unchecked.host()
    unchecked.start()
    os.kill(max(unchecked.children()), signal.SIGSEGV)
    assert unchecked.log.wait("exit signal")
    with pytest.raises(HttpdFailed, match="Segmentation fault"):
        unchecked.finish()


def test_configtest_reports_file_and_line(plain):
    plain.add("NoSuchDirective on")
    checked = plain.configtest()
    assert not checked.ok and "Invalid command 'NoSuchDirective'" in checked.output


def test_tls_and_names(make_httpd, browser):
    httpd = make_httpd(sso=False)
    one = httpd.host("www.example.test", tls=True)
    two = httpd.host("shop.example.test", like=one)
    one.page("/x.txt", "one")
    two.page("/x.txt", "two")
    httpd.start()
    assert browser.open(one.url + "/x.txt").text == "one"
    assert browser.open(two.url + "/x.txt").text == "two"


def test_backends_say_what_they_got(make_httpd, closing, backend):
    fastcgi = closing(sites.FastCgi())
    httpd = make_httpd(sso=False, modules=["proxy_http", "proxy_fcgi", "cgid", "alias"])
    host = httpd.host()
    host.add("ProxyPass /http/ %s/ upgrade=websocket\nProxyPass /fcgi/ fcgi://127.0.0.1:%d/\n"
             'ScriptAlias /cgi/ "%s/"' % (backend.url, fastcgi.port, host.docroot))
    sites.cgi(host, "/env.cgi")
    httpd.start()
    sent = [("X-One", "1")]
    assert sites.header(exchange("GET", host.url + "/http/a", sent), "X-One") == ["1"]
    assert exchange("GET", host.url + "/fcgi/a", sent).json()["HTTP_X_ONE"] == "1"
    assert exchange("GET", host.url + "/cgi/env.cgi", sent).json()["HTTP_X_ONE"] == "1"
    socket = websocket.Client(host.url + "/http/ws", sent)
    assert socket.status == 101 and "X-One" in socket.receive()
    socket.send("hello")
    assert socket.receive() == "hello"
    socket.close()


HTTPS, HTTP, LOCAL = "https://a.test/", "http://a.test/", "http://localhost/"


@pytest.mark.parametrize("url, line, kept", [
    (HTTPS, "a=1", True),
    (HTTP, "a=1; Secure", False),
    (LOCAL, "a=1; Secure", True),
    (HTTPS, "__Host-a=1; Secure; Path=/", True),
    (HTTPS, "__Host-a=1; Path=/", False),
    (HTTPS, "__Host-a=1; Secure; Path=/x", False),
    (HTTPS, "__Host-a=1; Secure; Path=/; Domain=a.test", False),
    (HTTPS, "a=1; SameSite=None", False),
    (HTTPS, "a=1; SameSite=None; Secure", True),
    (HTTPS, "a=1; Domain=b.test", False),
    (HTTPS, "a=%s" % ("x" * 5000), False),
])
def test_jar_keeps_what_browsers_keep(url, line, kept):
    jar = Jar()
    jar.take(url, [line])
    assert bool(jar.header(url)) == kept and bool(jar.rejected) != kept


@pytest.mark.parametrize("attributes, cross, top, method, sent", [
    ("SameSite=Lax", False, True, "POST", True),
    ("SameSite=Lax", True, True, "GET", True),
    ("SameSite=Lax", True, True, "POST", False),
    ("SameSite=Lax", True, False, "GET", False),
    ("SameSite=Strict", True, True, "GET", False),
    ("SameSite=Strict", False, True, "GET", True),
    ("SameSite=None; Secure", True, False, "POST", True),
    ("", True, True, "POST", True),
    ("", True, False, "POST", False),
])
def test_jar_sends_what_browsers_send(attributes, cross, top, method, sent):
    jar = Jar()
    jar.take(HTTPS, ["a=1; " + attributes])
    assert bool(jar.header(HTTPS, cross, top, method)) == sent


def test_same_site_looks_at_scheme_and_domain():
    assert same_site("https://a.x.test:1/", "https://b.x.test:2/")
    assert not same_site("https://x.test/", "http://x.test/")
    assert not same_site("http://localhost:1/", "http://127.0.0.1:1/")


_AUTO_POST = b'<form method="post" action="https://b.test/"><input type="hidden" name="x"></form>' \
             b'<script nonce="n">document.forms[0].submit()</script>'


@pytest.mark.parametrize("policy, runs, allowed", [
    ("", True, True),
    ("script-src 'nonce-n'; form-action https://b.test", True, True),
    ("script-src 'nonce-m'; form-action https://b.test", False, True),
    ("default-src 'none'", False, True),
    ("script-src 'nonce-n'; form-action 'self'", True, False),
])
def test_pages_obey_their_policy(policy, runs, allowed):
    page = Page("GET", HTTPS, 200, [("Content-Type", "text/html"),
                                    ("Content-Security-Policy", policy)], _AUTO_POST)
    assert bool(page.auto_form()) == runs
    assert page.allows_form_to("https://b.test/") == allowed


def test_a_forbidden_form_is_not_sent(browser):
    page = Page("GET", HTTPS, 200, [("Content-Type", "text/html"),
                                    ("Content-Security-Policy", "form-action 'self'")], _AUTO_POST)
    with pytest.raises(Blocked):
        browser.submit(page.forms()[0])
