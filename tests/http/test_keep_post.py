"""SSOKeepPost: a form that was sent to a session that is over arrives after the login, once (row 63)."""
import base64
import concurrent.futures
import os
import re
import stat
import time
import urllib.parse

import pytest

from conftest import running
from lib import h2client, recipes, sites
from lib.browser import Browser, connect, exchange
from lib.page import Page
from lib.recipes import is_login, members, protect, saml, sign_in
from lib.saml_idp import NS, SamlIdp
from test_step_up import MFA, TOKEN, ObedientIdp

FORM = "application/x-www-form-urlencoded"
MULTIPART = 'multipart/form-data; boundary="----WebKitFormBoundary7MA4YWxkTrZu0gW"'
BINARY = bytes(range(256)) * 700
LIMIT = 256 * 1024
OVER = 2 * 3600  # seconds: SSOSessionIdle has passed


def multipart(data):
    return (b"------WebKitFormBoundary7MA4YWxkTrZu0gW\r\nContent-Disposition: form-data; "
            b"name=\"f\"; filename=\"a\xc3\xa4.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            + data + b"\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n")


CONTENT = {
    "urlencoded": (FORM, b"name=Ada+L%C3%B6velace&a=1&a=2&empty=&sso-kept=no"),
    "multipart": (MULTIPART, multipart(BINARY)),
    "text": ("text/plain", b"a=b\r\nc=d=e\r\n"),
    "json": ("application/json", b'{"a": [1, 2, {"b": null}]}'),
    "nothing": (FORM, b""),
    "zeros": ("application/octet-stream", bytes(100)),
    "at the limit": (FORM, b"a=" + b"x" * (LIMIT - 2)),
    "of no type": ("", b"a=b"),
}


class Place:
    """A host whose /app is a backend's, and /cgi a script's; who is in may see both."""

    def __init__(self, host, backend):
        self.host, self.httpd, self.backend = host, host.httpd, backend
        self.url = host.url + "/app/save?id=7&x=%2F"
        self.page = host.url + "/app/form.html"

    @property
    def kept(self):
        """The files that wait."""
        return sorted((self.httpd.state / "kept").iterdir())

    def expire(self):
        self.httpd.advance(OVER)

    def posted(self):
        """What the backend got by POST: (path, type, body)."""
        posts = [x for x in self.backend.requests if x[0] == "POST"]
        assert len(posts) == len(self.backend.bodies)
        return [(x[1], *y) for x, y in zip(posts, self.backend.bodies)]

    def send(self, browser, body=b"a=b", kind=FORM, **headers):
        """The form is sent; the answer to it alone."""
        given = [(k.replace("_", "-"), v) for k, v in headers.items()]
        given += [("Content-Type", kind)] if kind else []
        return browser.step(self.url, "POST", body, given, self.page)


def make_place(httpd, site, backend, lines="SSO members", extra="", first=members):
    host = httpd.host("app.example.test", tls=True)
    httpd.need("proxy_http", "cgid")
    first(host, site)
    host.add("ProxyPass /app %s/app\nSSOKeepPostLimit %d\n%s" % (backend.url, LIMIT, extra))
    protect(host, "/app", lines)
    protect(host, "/cgi", lines + "\nOptions +ExecCGI\nAddHandler cgi-script .cgi")
    host.page("/cgi/save.cgi", sites.BODY_CGI, 0o755)
    return Place(host, backend)


@pytest.fixture
def clocked(make_httpd):
    return make_httpd(fake_time=True)


@pytest.fixture
def place(clocked, site, backend):
    return make_place(clocked, site, backend)


@pytest.fixture
def late(place, alice):
    """The place, and alice's session there is over."""
    place.httpd.start()
    sign_in(alice, place.host)
    place.expire()
    return place


def is_kept(page):
    """Is it the beginning of a login, with a form kept meanwhile?"""
    names = [x.partition("=")[0] for x in page.all_headers("Set-Cookie")]
    found = any(re.fullmatch("__Host-sso-kept-[0-9a-f]{16}", x) for x in names)
    assert not found or (is_login(page) and page.status == 303), repr(page)
    return found


def marker(browser, place):
    """The few bytes that stand for the form that waits."""
    cookies = browser.jar.find(place.host.url, "__Host-sso-kept-")
    return b"sso-kept=" + cookies[-1].name.rpartition("-")[2].encode()


def is_unauthorised(page):
    return page.status == 401 and page.json()["error"] == "login_required"


# -- what arrives

@pytest.mark.parametrize("what", CONTENT)
def test_every_byte_arrives_at_a_backend(late, alice, what):
    kind, body = CONTENT[what]
    first = late.send(alice, body, kind)
    assert is_kept(first) and late.posted() == [] and len(late.kept) == 1
    page = alice.go_on(first)
    assert page.status == 200 and page.method == "POST" and page.url == late.url, repr(page)
    assert late.posted() == [("/app/save?id=7&x=%2F", kind or None, body)]
    assert sites.header(page, "Content-Length") == [str(len(body))]
    assert sites.header(page, "Transfer-Encoding") == []
    assert sites.header(page, "X-SSO-User") == ["alice"]
    assert sites.header(page, "Cookie") == []
    assert late.kept == []


@pytest.mark.parametrize("what", CONTENT)
def test_every_byte_arrives_at_a_script(late, alice, what):
    kind, body = CONTENT[what]
    late.url = late.host.url + "/cgi/save.cgi?id=7&x=%2F"
    page = alice.go_on(late.send(alice, body, kind))
    assert page.status == 200 and page.url == late.url, repr(page)
    env = page.json()["env"]
    assert base64.b64decode(page.json()["body"]) == body
    assert env["REQUEST_METHOD"] == "POST" and env["REMOTE_USER"] == "alice"
    assert env["REQUEST_URI"] == "/cgi/save.cgi?id=7&x=%2F"
    assert env["CONTENT_LENGTH"] == str(len(body)) and env.get("CONTENT_TYPE", "") == kind


@pytest.mark.parametrize("mpm", ["prefork", "worker"])
def test_mpms(make_httpd, site, backend, alice, mpm):
    place = make_place(make_httpd(mpm=mpm, fake_time=True), site, backend)
    place.httpd.start()
    sign_in(alice, place.host)
    place.expire()
    alice.go_on(place.send(alice, multipart(BINARY), MULTIPART))
    assert place.posted() == [("/app/save?id=7&x=%2F", MULTIPART, multipart(BINARY))]


FRONT = {
    "DirectoryIndex": ("dir", "", "DirectoryIndex save.cgi", "/cgi/"),
    "FallbackResource": ("dir", "", "FallbackResource /cgi/save.cgi", "/cgi/some/where"),
    "rewritten in the directory": (
        "rewrite", '<Directory "DOCROOT/cgi">\nRewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\n'
                   "RewriteRule . /cgi/save.cgi [L]\n</Directory>", "", "/cgi/some/where"),
    "rewritten in the host": (
        "rewrite", "RewriteEngine On\nRewriteRule ^/cgi/pretty$ /cgi/save.cgi [PT]", "",
        "/cgi/pretty"),
    "rewritten from where nobody is asked": (
        "rewrite", '<Directory "DOCROOT">\nRewriteEngine On\nRewriteRule ^pretty$ /cgi/save.cgi [L]\n'
                   "</Directory>", "", "/pretty"),
}


@pytest.mark.parametrize("how", FRONT)
def test_front_controllers(clocked, site, backend, alice, how):
    """An internal redirect begins without filters; the form goes along all the same."""
    module, outside, inside, path = FRONT[how]
    place = make_place(clocked, site, backend, "SSO members\n" + inside)
    place.httpd.need(module)
    place.host.add(outside.replace("DOCROOT", str(place.host.docroot)))
    place.httpd.start()
    sign_in(alice, place.host)
    place.expire()
    place.url = place.host.url + path
    page = alice.go_on(place.send(alice, multipart(BINARY), MULTIPART))
    assert page.status == 200 and page.url == place.url, repr(page)
    assert base64.b64decode(page.json()["body"]) == multipart(BINARY)
    assert page.json()["env"]["CONTENT_TYPE"] == MULTIPART


def test_a_redirect_to_where_more_is_asked_for(httpd, backend, alice, closing):
    """The form has taken its place already, and is kept once more: the form, not what is left of it."""
    idp = closing(ObedientIdp())
    place = make_place(httpd, idp, backend, "SSO corp", first=saml)
    httpd.need("rewrite")
    httpd.add("SSOSessionPersist off")
    place.host.add('<Directory "%s/cgi">\nRewriteEngine On\nRewriteRule ^pretty$ /strong/save.cgi [L]\n'
                   "</Directory>" % place.host.docroot)
    protect(place.host, "/strong", "SSO corp\nSSOStepUp %s %s\nOptions +ExecCGI\n"
                                   "AddHandler cgi-script .cgi" % (TOKEN, MFA))
    place.host.page("/strong/save.cgi", sites.BODY_CGI, 0o755)
    httpd.start()
    sign_in(alice, place.host, "corp")
    httpd.restart()
    place.url = place.host.url + "/cgi/pretty"
    page = alice.go_on(place.send(alice, multipart(BINARY), MULTIPART))
    assert page.status == 200 and page.url == place.url, repr(page)
    assert idp.requests[-1].root.find("p:RequestedAuthnContext", NS) is not None
    assert base64.b64decode(page.json()["body"]) == multipart(BINARY)
    assert page.json()["env"]["CONTENT_TYPE"] == MULTIPART and place.kept == []


def test_http2(clocked, site, backend, alice):
    place = make_place(clocked, site, backend, extra="Protocols h2 http/1.1")
    clocked.need("http2")
    clocked.start()
    sign_in(alice, place.host)
    place.expire()
    body = multipart(bytes(10000))

    def post(body, kind):
        fields = [("cookie", alice.jar.header(place.host.url)), ("content-type", kind),
                  ("content-length", str(len(body))), ("accept", "text/html"),
                  ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate"),
                  ("sec-fetch-dest", "document")]
        page = h2client.request(place.url, "POST", fields, body)
        alice.jar.take(place.url, page.all_headers("set-cookie"))
        return page
    first = post(body, MULTIPART)
    assert is_kept(first) and len(place.kept) == 1
    sign_in(alice, place.host)
    assert post(marker(alice, place), FORM).status == 200
    assert place.posted() == [("/app/save?id=7&x=%2F", MULTIPART, body)]


def test_the_chooser_leads_back_too(clocked, site, backend, alice, closing):
    second = closing(sites.TokenSite("another-secret-for-tests-0123456789"))

    def both(host, site):
        members(host, site)
        members(host, second, "others")
    place = make_place(clocked, site, backend, "SSO members others", first=both)
    clocked.start()
    sign_in(alice, place.host)
    place.expire()
    page = place.send(alice)
    assert page.status == 303 and "/.sso/choose?" in page.location
    page = alice.open(page.location)
    links = page.document().xpath("//a/@href")
    page = alice.follow(page, urllib.parse.urljoin(page.url, next(x for x in links if "=members" in x)))
    assert page.url == place.url and len(place.posted()) == 1, repr(page)


def test_saml(httpd, backend, alice, closing):
    """The answer of the provider is a form of its own, from another site."""
    idp = closing(SamlIdp())
    place = make_place(httpd, idp, backend, "SSO corp", first=saml)
    httpd.add("SSOSessionPersist off")
    httpd.start()
    sign_in(alice, place.host, "corp")
    httpd.restart()
    page = alice.go_on(place.send(alice, multipart(BINARY), MULTIPART))
    assert page.status == 200 and page.url == place.url, repr(page)
    assert place.posted() == [("/app/save?id=7&x=%2F", MULTIPART, multipart(BINARY))]


@pytest.mark.parametrize("samesite", ["strict", "none"])
def test_samesite(clocked, site, backend, alice, samesite):
    place = make_place(clocked, site, backend, extra="SSOCookie samesite=" + samesite)
    clocked.start()
    alice.open(place.host.url + "/.sso/login?provider=members&return=/.sso/session")
    place.expire()
    alice.go_on(place.send(alice))
    assert len(place.posted()) == 1


def test_a_session_that_is_too_weak(httpd, backend, alice, closing):
    """SSOStepUp: the session is there, and the form needs a stronger one."""
    idp = closing(ObedientIdp())
    place = make_place(httpd, idp, backend, "SSO corp\nSSOStepUp %s %s" % (TOKEN, MFA), first=saml)
    httpd.start()
    sign_in(alice, place.host, "corp")
    page = alice.go_on(place.send(alice, b"amount=100"))
    assert page.url == place.url and place.posted() == [
        ("/app/save?id=7&x=%2F", FORM, b"amount=100")], repr(page)
    assert idp.requests[-1].root.find("p:RequestedAuthnContext", NS) is not None


# -- once

def test_it_is_sent_once(late, alice):
    first = late.send(alice, b"pay=1")
    place_of = marker(alice, late)
    key = alice.jar.header(late.host.url)
    page = alice.go_on(first)
    assert len(late.posted()) == 1
    # A reload is a look at the page, and so is the page before it.
    again = alice.step(late.url, "POST", place_of, [("Content-Type", FORM)], late.page)
    assert again.status == 303 and again.location == late.url
    assert alice.step(again.location, initiator=late.page).status == 200
    before = next(x for x in page.trace if "/.sso/kept?id=" in x.url)
    assert "has been sent" in alice.open(before.url).text
    # Whoever has kept the cookie finds nothing any more.
    late.httpd.expect_fault("kept_gone")
    cookie = "; ".join([x for x in key.split("; ") if "-kept-" in x]
                       + ["__Host-sso=" + alice.jar.get(late.host.url, "__Host-sso").value])
    again = alice.step(late.url, "POST", place_of, [("Content-Type", FORM), ("Cookie", cookie)],
                       late.page)
    assert again.status == 410 and again.fault == "kept_gone" and "not kept any more" in again.text
    assert len(late.posted()) == 1


def test_at_once_from_many(late, alice):
    """Of a dozen requests with the same few bytes one sends the form."""
    first = late.send(alice, b"pay=1")
    body = marker(alice, late)
    assert is_kept(first)
    sign_in(alice, late.host)
    late.httpd.expect_fault("kept_gone")
    headers = [("Cookie", alice.jar.header(late.host.url)), ("Content-Type", FORM),
               ("Origin", late.host.url), ("Accept", "text/html")]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        pages = list(pool.map(lambda _: exchange("POST", late.url, headers, body), range(12)))
    assert sorted(x.status for x in pages) == [200] + [410] * 11
    assert late.posted() == [("/app/save?id=7&x=%2F", FORM, b"pay=1")]
    titles = {x.document().findtext(".//h1") for x in pages if x.status == 410}
    assert titles == {"Your form is not kept any more"}  # it was sent


def test_what_cannot_be_removed_is_not_sent(late, alice):
    """It could be sent again and again."""
    assert is_kept(late.send(alice, b"pay=1"))
    sign_in(alice, late.host)
    directory = late.httpd.state / "kept"
    directory.chmod(0o555)
    if os.geteuid() == 0:
        os.chown(directory, 0, 0)
    late.httpd.expect_fault("kept_gone")
    page = late.send(alice, marker(alice, late))
    assert page.status == 410 and late.posted() == [], repr(page)


def test_two_windows(late, alice):
    """Each form goes its own way, whichever login is done first."""
    one = late.send(alice, b"one=1")
    late.url = late.host.url + "/app/other"
    two = late.send(alice, b"two=2")
    assert is_kept(one) and is_kept(two) and len(late.kept) == 2
    alice.go_on(two)
    alice.go_on(one)
    assert [(x[0], x[2]) for x in late.posted()] == [
        ("/app/other", b"two=2"), ("/app/save?id=7&x=%2F", b"one=1")]


def test_the_session_ends_once_more(late, alice):
    """Between the login and the form; it is not kept twice."""
    first = late.send(alice, b"slow=1")
    body = marker(alice, late)
    assert is_kept(first)
    alice.jar.forget(late.host.url, "__Host-sso")
    for name, value in re.findall("(__Host-sso-kept-[0-9a-f]+)=([^;]+)",
                                  "; ".join(first.all_headers("Set-Cookie"))):
        alice.jar.put(late.host.url, name, value)
    sign_in(alice, late.host)
    opener = alice.jar.get(late.host.url, "__Host-sso").value
    alice.jar.put(late.host.url, "__Host-sso", "A" * 43 + opener[43:])
    assert is_unauthorised(late.send(alice, body))  # a mark is of one cookie
    alice.jar.put(late.host.url, "__Host-sso", opener)
    alice.fetch(late.host.url + "/.sso/session")
    late.httpd.add("SSOSessionPersist off")
    late.httpd.restart()
    page = late.send(alice, body)
    assert is_login(page) and not is_kept(page) and len(late.kept) == 1
    assert alice.go_on(page).url == late.url
    assert late.posted() == [("/app/save?id=7&x=%2F", FORM, b"slow=1")]


@pytest.mark.parametrize("body", [b"a=" + b"x" * 23, b"sso-kept=0123456789ABCDEF",
                                  b"sso_kept=0123456789abcdef"], ids=str)
@pytest.mark.parametrize("path", ["/app/save", "/cgi/save.cgi"])
def test_forms_of_that_length_are_themselves(place, alice, body, path):
    place.httpd.start()
    sign_in(alice, place.host)
    place.url = place.host.url + path
    assert len(body) == 25
    page = place.send(alice, body)
    assert page.status == 200, repr(page)
    got = base64.b64decode(page.json()["body"]) if "cgi" in path else place.posted()[0][2]
    assert got == body


# -- of whom, and to whom

def test_strangers_keep_nothing(place, alice, browser):
    place.httpd.start()
    for cookie in (None, "__Host-sso=" + "A" * 43, "__Host-sso=%s.%s" % ("A" * 43, "A" * 76),
                   "__Host-sso=%s.%s" % ("A" * 43, "A" * 4000), "__Host-sso=%s." % ("A" * 43)):
        headers = {"Cookie": cookie} if cookie else {}
        assert is_unauthorised(place.send(browser, **headers)), cookie
    assert place.kept == []
    # A mark is of one cookie, of one site, and not changed.
    sign_in(alice, place.host)
    value = alice.jar.get(place.host.url, "__Host-sso").value
    place.expire()
    other = value[:-1] + ("A" if value[-1] not in "ABCD" else "Z")
    for forged in (value[:43], value[:43] + "." + "A" * 76, "A" * 43 + value[43:], value + "A", other):
        assert is_unauthorised(place.send(browser, Cookie="__Host-sso=" + forged)), forged
    assert place.kept == []
    assert is_kept(place.send(browser, Cookie="__Host-sso=" + value)) and len(place.kept) == 1


def test_a_mark_is_of_one_site(clocked, site, backend, alice, closing):
    place = make_place(clocked, site, backend)
    sister = clocked.host("sister.example.test", tls=True)
    members(sister, closing(sites.TokenSite("another-secret-for-tests-0123456789")))
    protect(sister, "/app")
    clocked.start()
    sign_in(alice, place.host)
    value = alice.jar.get(place.host.url, "__Host-sso").value
    place.expire()
    place.url, place.page = sister.url + "/app/x", sister.url + "/app/"
    assert is_unauthorised(place.send(alice, Cookie="__Host-sso=" + value)) and place.kept == []


def test_a_mark_ends(late, alice):
    """A week after the session the browser is a stranger again."""
    late.httpd.advance(6 * 86400)
    assert is_kept(late.send(alice))
    late.httpd.advance(2 * 86400)
    assert is_unauthorised(late.send(alice))


def test_whoever_signed_out_is_a_stranger(place, alice):
    place.httpd.start()
    sign_in(alice, place.host)
    alice.open(place.host.url + "/.sso/logout")
    assert not alice.jar.get(place.host.url, "__Host-sso")
    assert is_unauthorised(place.send(alice)) and place.kept == []


def test_only_forms_of_this_site(clocked, site, backend, alice):
    """Not by another site's page, a frame, a script, a program; not PUT."""
    place = make_place(clocked, site, backend, extra="SSOCookie samesite=none")
    clocked.start()
    sign_in(alice, place.host)
    place.expire()
    no = dict(Sec_Fetch_Site="", Sec_Fetch_Mode="", Sec_Fetch_Dest="")
    for headers in (dict(Sec_Fetch_Site="cross-site"), dict(Sec_Fetch_Site="same-site"),
                    dict(Sec_Fetch_Dest="iframe"), dict(Sec_Fetch_Mode="cors"),
                    dict(Sec_Purpose="prefetch"), dict(Content_Encoding="gzip"),
                    dict(Sec_Fetch_Site="cross-site", Origin="https://evil.test")):
        assert is_unauthorised(place.send(alice, **headers)), headers
    page = alice.step(place.url, "POST", "a=b", [("Content-Type", FORM)], "https://evil.test/")
    assert is_unauthorised(page)
    for method in ("PUT", "DELETE", "PATCH"):
        assert is_unauthorised(alice.step(place.url, method, "a=b", initiator=place.page))
    assert is_unauthorised(alice.fetch(place.url, "POST", "a=b", page=place.page))
    # Browsers without Sec-Fetch-Site: Origin decides, and Referer where there is none.
    cookie = ("Cookie", alice.jar.header(place.host.url))
    plain = [cookie, ("Accept", "text/html"), ("Content-Type", FORM)]
    for more in ([("Origin", "https://evil.test")], [("Origin", "null")], [],
                 [("Referer", "https://evil.test/")], [("Origin", place.host.url + ".evil.test")],
                 [("Origin", place.host.url), ("X-Requested-With", "XMLHttpRequest")]):
        assert is_unauthorised(exchange("POST", place.url, plain + more, b"a=b")), more
    assert place.kept == []
    for more in ([("Origin", place.host.url)], [("Referer", place.page)]):
        assert is_kept(exchange("POST", place.url, plain + more, b"a=b")), more


@pytest.mark.parametrize("lines, status", [
    ("SSOKeepPost off", 401), ("SSOUnauthenticated 401", 401), ("SSOUnauthenticated 403", 403),
    ("SSOUnauthenticated redirect", 303)])
def test_where_it_is_not_wanted(clocked, site, backend, alice, lines, status):
    place = make_place(clocked, site, backend, "SSO members\n" + lines)
    clocked.start()
    sign_in(alice, place.host)
    place.expire()
    page = place.send(alice)
    assert page.status == status and len(place.kept) == (status == 303)


def test_who_is_there_by_another_provider(clocked, site, backend, alice, closing):
    """Whoever signs in by this one is somebody else: the form would come back to nobody."""
    second = closing(sites.TokenSite("another-secret-for-tests-0123456789"))

    def both(host, site):
        members(host, site)
        members(host, second, "others")
    place = make_place(clocked, site, backend, "SSO others", first=both)
    clocked.start()
    sign_in(alice, place.host)
    assert is_unauthorised(place.send(alice)) and place.kept == []


@pytest.mark.parametrize("cookie, path, status", [
    ("/cgi", "/cgi/sso", 303), ("/cgi/", "/cgi/sso", 303), ("/cgi", "/cgis/sso", 401),
    ("/cgi/", "/cgis/sso", 401), ("/cgi", "/cg", 401)])
def test_our_page_sees_the_cookie(clocked, site, backend, alice, cookie, path, status):
    place = make_place(clocked, site, backend, extra="SSOPath %s\nSSOCookie path=%s" % (path, cookie))
    site.callback = "%s%s/members/callback" % (place.host.url, path)
    clocked.start()
    alice.open("%s%s/login?provider=members&return=/x.html" % (place.host.url, path))
    place.expire()
    place.url = place.host.url + "/cgi/save.cgi"
    page = place.send(alice)
    assert page.status == status and len(place.kept) == (status == 303), repr(page)


def test_htaccess(clocked, site, backend, alice):
    place = make_place(clocked, site, backend)
    place.host.add('<Directory "%s">\nAllowOverride AuthConfig\n</Directory>' % place.host.docroot)
    place.host.page("/own/.htaccess", "SSO members\nSSOKeepPost off\n")
    place.host.page("/own/x.html")
    clocked.start()
    sign_in(alice, place.host)
    place.expire()
    place.url = place.host.url + "/own/x.html"
    assert is_unauthorised(place.send(alice))
    place.host.page("/own/.htaccess", "SSO members\n")
    assert is_kept(place.send(alice))


def test_another_person_sends_nothing(late, alice, bob, make_browser):
    """A form of alice's, and it is bob who signs in at her browser."""
    first = late.send(alice, b"from=alice")
    assert is_kept(first)
    for cookie in alice.jar.find(late.host.url):
        bob.jar.put(late.host.url, cookie.name, cookie.value)
    late.httpd.expect_fault("kept_other")
    page = bob.go_on(bob.step(first.location))
    assert page.status == 403 and page.fault == "kept_other", repr(page)
    assert "somebody else" in page.text and "alice" not in page.text
    assert late.kept == [] and late.posted() == []


def test_another_person_cannot_send_by_hand(late, alice, bob):
    first = late.send(alice, b"from=alice")
    assert is_kept(first)
    sign_in(bob, late.host)
    for cookie in alice.jar.find(late.host.url, "__Host-sso-kept-"):
        bob.jar.put(late.host.url, cookie.name, cookie.value)
    late.httpd.expect_fault("kept_other")
    page = late.send(bob, marker(bob, late))
    assert page.status == 403 and late.posted() == [] and late.kept == []


def test_another_browser_has_no_key(late, alice, make_browser):
    """The same person elsewhere, with the address and the few bytes, but without the cookie."""
    first = late.send(alice, b"a=1")
    elsewhere = make_browser("alice")
    sign_in(elsewhere, late.host)
    late.httpd.expect_fault("kept_gone")
    body = marker(alice, late)
    page = late.send(elsewhere, body)
    assert page.status == 410 and late.posted() == [] and len(late.kept) == 1
    page = elsewhere.open(late.host.url + "/.sso/kept?id=" + body.decode()[9:])
    assert page.status == 410 and page.fault == "kept_gone"
    alice.go_on(first)
    assert len(late.posted()) == 1


def test_not_to_another_address(late, alice):
    first = late.send(alice, b"a=1")
    body = marker(alice, late)
    sign_in(alice, late.host)
    late.httpd.expect_fault("kept_gone")
    good, late.url = late.url, late.host.url + "/app/delete-everything"
    assert late.send(alice, body).status == 410 and len(late.kept) == 1
    late.url = good
    assert late.send(alice, body).status == 200
    assert first and late.posted() == [("/app/save?id=7&x=%2F", FORM, b"a=1")]


def test_not_from_another_site(clocked, site, backend, alice):
    place = make_place(clocked, site, backend, extra="SSOCookie samesite=none")
    clocked.start()
    sign_in(alice, place.host)
    place.expire()
    assert is_kept(place.send(alice, b"a=1"))
    body, cookies = marker(alice, place), None
    sign_in(alice, place.host)
    cookies = alice.jar.header(place.host.url)
    clocked.expect_fault("csrf")
    page = place.send(alice, body, Sec_Fetch_Site="cross-site", Cookie=cookies)
    assert page.status == 403 and page.fault == "csrf" and place.posted() == []


# -- bounds

def test_too_large(late, alice):
    late.httpd.expect_fault("kept_size")
    page = late.send(alice, b"x" * (LIMIT + 1))
    assert page.status == 413 and page.fault == "kept_size" and "second window" in page.text
    connection = connect(late.url)
    connection.request("POST", late.url.partition(":%d" % late.host.port)[2],
                       iter([b"x" * 65536] * 5),
                       {"Host": late.url.split("/")[2], "Cookie": alice.jar.header(late.host.url),
                        "Accept": "text/html", "Content-Type": FORM, "Origin": late.host.url},
                       encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    assert late.kept == [] and late.posted() == []


def test_chunked(late, alice):
    connection = connect(late.url)
    connection.request("POST", late.url.partition(":%d" % late.host.port)[2], iter([b"a=", b"b"]),
                       {"Host": late.url.split("/")[2], "Cookie": alice.jar.header(late.host.url),
                        "Accept": "text/html", "Content-Type": FORM, "Origin": late.host.url},
                       encode_chunked=True)
    answer = connection.getresponse()
    page = Page("POST", late.url, answer.status, answer.getheaders(), answer.read())
    connection.close()
    alice.jar.take(late.url, page.all_headers("Set-Cookie"))
    assert is_kept(page)
    alice.go_on(page)
    assert late.posted() == [("/app/save?id=7&x=%2F", FORM, b"a=b")]


def test_a_flood(late, alice, bob):
    """Strangers keep nothing, one person four forms, and nobody pushes out another's."""
    late.httpd.log.expect(r"form of \d+ bytes")
    sign_in(bob, late.host)
    late.expire()
    assert is_kept(late.send(bob, b"from=bob"))
    headers = [("Cookie", alice.jar.header(late.host.url)), ("Content-Type", FORM),
               ("Origin", late.host.url), ("Accept", "text/html")]
    body = b"x" * 100000
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda i: exchange("POST", late.url, headers[i % 2:], body),
                              range(40)))
    assert sorted({x.status for x in pages}) == [303, 401]
    assert len(late.kept) == 5
    alice.go_on(late.send(alice, b"last=1"))
    assert len(late.kept) == 4
    sign_in(bob, late.host)
    bob.open(late.host.url + "/.sso/kept?id=" + marker(bob, late).decode()[9:])
    assert [x[2] for x in late.posted()] == [b"last=1", b"from=bob"]


def test_a_browser_keeps_few_cookies(late, alice):
    for i in range(7):
        assert is_kept(late.send(alice, b"i=%d" % i))
        late.httpd.advance(61)  # more than five logins a minute are refused
    names = [x.name for x in alice.jar.find(late.host.url, "__Host-sso-kept-")]
    assert len(names) == 4 and len(late.kept) == 4
    page = alice.open(late.host.url + "/.sso/kept?id=" + names[-1].rpartition("-")[2])
    alice.follow(page, page.document().xpath("//a/@href")[0])
    assert [x[2] for x in late.posted()] == [b"i=6"]


def test_too_late(late, alice):
    """After a quarter of an hour it is not sent any more."""
    assert is_kept(late.send(alice)) and is_kept(late.send(alice))
    address = late.host.url + "/.sso/kept?id=" + marker(alice, late).decode()[9:]
    sign_in(alice, late.host)
    late.httpd.advance(14 * 60)
    assert alice.step(address).status == 200
    late.httpd.advance(2 * 60)
    late.httpd.expect_fault("kept_gone")
    page = alice.step(address)
    assert page.status == 410 and page.fault == "kept_gone", repr(page)
    page = late.send(alice, marker(alice, late))
    assert page.status == 410 and page.fault == "kept_gone", repr(page)
    assert late.posted() == []


def test_what_is_left_is_swept(late, alice):
    """Once a minute, and at the start, which does not let a test wait."""
    assert is_kept(late.send(alice))
    stranger = late.httpd.state / "kept" / "README"
    stranger.write_text("not ours")
    late.httpd.advance(16 * 60)
    late.httpd.restart()
    until = time.monotonic() + 20
    while late.kept != [stranger] and time.monotonic() < until:
        time.sleep(0.05)
    assert late.kept == [stranger]


# -- on the disk

def test_nothing_can_be_read(late, alice):
    body = b"password=correct-horse-battery-staple&" * 100
    first = late.send(alice, body)
    assert is_kept(first)
    directory = late.httpd.state / "kept"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for path in late.kept:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        data = path.read_bytes()
        for plain in (b"battery", b"alice", b"/app/save", FORM.encode(), b"app.example.test"):
            assert plain not in data and plain.decode() not in path.name
    assert b"battery" not in (late.httpd.root / "logs" / "error.log").read_bytes()
    alice.go_on(first)
    assert late.posted()[0][2] == body


def spoil(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [
    lambda x: x.unlink(), spoil, lambda x: x.write_bytes(b""), lambda x: os.truncate(x, 60),
    lambda x: x.write_bytes(x.read_bytes() + bytes(LIMIT + 4096)),
    lambda x: (x.unlink(), x.symlink_to("/etc/passwd")), lambda x: (x.unlink(), os.mkfifo(x)),
    lambda x: (x.unlink(), x.mkdir())],
    ids=["gone", "changed", "empty", "cut", "grown", "link", "pipe", "directory"])
def test_a_file_that_was_harmed(late, alice, harm):
    first = late.send(alice, b"a=1")
    harm(late.kept[0])
    late.httpd.expect_fault("kept_gone")
    page = alice.go_on(first)
    assert page.status == 410 and page.fault == "kept_gone" and "15 minutes" in page.text
    assert late.posted() == []


def test_a_directory_that_cannot_be_written(late, alice):
    """The person is told what to do, and nothing is lost silently."""
    directory = late.httpd.state / "kept"
    directory.chmod(0o500)
    if os.geteuid() == 0:
        os.chown(directory, 0, 0)
    late.httpd.expect_fault("kept_full")
    page = late.send(alice)
    assert page.status == 503 and page.fault == "kept_full" and "second window" in page.text
    assert "__Host-sso-kept" not in (page.header("Set-Cookie") or "") and late.kept == []


def test_restarts_and_crashes(late, alice):
    first = late.send(alice, multipart(BINARY), MULTIPART)
    late.httpd.graceful()
    late.httpd.kill_child()
    late.httpd.restart()
    alice.go_on(first)
    assert late.posted() == [("/app/save?id=7&x=%2F", MULTIPART, multipart(BINARY))]


# -- the page, and what is said elsewhere

def test_the_page_without_script(late, alice):
    """A button does what the script does; the page says who is signed in, and nothing of the form."""
    first = late.send(alice, b"secret=1")
    sign_in(alice, late.host)
    page = alice.step(late.host.url + "/.sso/kept?id=" + marker(alice, late).decode()[9:])
    form = page.auto_form()
    assert first and form.action == late.url and form.method == "POST"
    assert form.filled() == [("sso-kept", marker(alice, late).decode()[9:])]
    assert page.document().xpath("//form//button/text()") == ["Send the form"]
    assert "alice" in page.text and "secret=1" not in page.text
    assert page.header("Cache-Control") == "no-store"
    assert page.allows_form_to("https://elsewhere.example/after/the/form")


@pytest.mark.parametrize("query", ["", "?id=", "?id=zz", "?id=0123456789abcdef",
                                   "?id=0123456789abcdef%2F..%2Fx"])
def test_addresses_that_name_nothing(place, alice, query):
    place.httpd.start()
    sign_in(alice, place.host)
    place.httpd.expect_fault("kept_gone")
    page = alice.open(place.host.url + "/.sso/kept" + query)
    assert page.status == 410 and page.fault == "kept_gone"


def test_counters(late, alice):
    late.httpd.add('<Location "/status">\nSetHandler sso-status\n</Location>')
    late.httpd.restart()
    assert is_kept(late.send(alice))
    alice.go_on(late.send(alice))
    text = exchange("GET", late.host.url + "/status?auto").text
    assert "SSOFormsKept: 2\n" in text and "SSOFormsResent: 1\n" in text


@pytest.mark.parametrize("line, why", [
    ("SSOKeepPost maybe", "SSOKeepPost"), ("SSOKeepPostLimit 17m", "SSOKeepPostLimit"),
    ("SSOKeepPostLimit 1", "SSOKeepPostLimit"), ("SSOKeepPost", "SSOKeepPost")])
def test_configtest(httpd, line, why):
    httpd.host("app.example.test").add(line)
    checked = httpd.configtest()
    assert not checked.ok and why in checked.output
