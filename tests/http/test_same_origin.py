"""SSOSameOrigin: what may change something comes from a page of the site itself (B7)."""
import pytest

from lib import websocket
from lib.browser import exchange
from lib.recipes import protect, sign_in

EVIL = "https://evil.example.test/"
SIBLING = "https://other.example.test/"  # of the same site, as cookies see it, but another origin


@pytest.fixture
def place(app, backend):
    """A place that tells whose requests arrive, with SSOSameOrigin on."""
    app.httpd.need("proxy_http")
    app.add("ProxyPass /app %s\nProxyPass /open %s" % (backend.url, backend.url))
    protect(app, lines="SSO members\nSSOSameOrigin on")
    protect(app, "/open", "SSO members\nSSOMode optional\nSSOSameOrigin on")
    return app


def refused(host, page):
    return page.status == 403 and page.fault == "cross_site"


@pytest.mark.parametrize("path", ["/app/x", "/open/x"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"])
def test_unsafe_methods_of_other_sites(place, backend, alice, path, method):
    place.httpd.start()
    sign_in(alice, place)
    for start in (EVIL, SIBLING):
        place.httpd.expect_fault("cross_site")
        cookie = ("Cookie", alice.jar.header(place.url))
        page = exchange(method, place.url + path,
                        [cookie, ("Origin", start.rstrip("/")), ("Sec-Fetch-Site", "same-site")])
        assert refused(place, page)
    assert backend.requests == []
    if method != "PROPFIND":  # the backend does not know it
        assert alice.fetch(place.url + path, method, body=b"x").status == 200


def test_safe_methods_of_other_sites(place, backend, alice):
    place.httpd.start()
    sign_in(alice, place)
    for method in ("GET", "HEAD", "OPTIONS"):
        page = alice.step(place.url + "/app/x", method, initiator=EVIL)
        assert page.status == 200, method


# Who says nothing is no browser of these days: a program, which has to say so by itself.
SAID = [
    ([], False),
    ([("Origin", "HOST")], True),
    ([("Origin", "null")], False),
    ([("Origin", "HOST.evil.example")], False),
    ([("Referer", "HOST/app/form")], True),
    ([("Referer", EVIL)], False),
    ([("Sec-Fetch-Site", "same-origin")], True),
    ([("Sec-Fetch-Site", "none")], True),
    ([("Sec-Fetch-Site", "cross-site"), ("Origin", "HOST")], False),
]


@pytest.mark.parametrize("said, fine", SAID)
def test_what_a_request_says_of_its_origin(place, alice, said, fine):
    place.httpd.start()
    sign_in(alice, place)
    headers = [("Cookie", alice.jar.header(place.url))]
    headers += [(name, value.replace("HOST", place.url)) for name, value in said]
    if not fine:
        place.httpd.expect_fault("cross_site")
    page = exchange("POST", place.url + "/app/x", headers, b"a=b")
    assert page.status == 200 if fine else refused(place, page)


def test_a_websocket_of_another_site(place, alice):
    place.httpd.start()
    sign_in(alice, place)
    place.httpd.expect_fault("cross_site")
    client = websocket.Client(place.url + "/app/ws", [("Origin", EVIL.rstrip("/")),
                                                      ("Cookie", alice.jar.header(place.url))])
    assert client.status == 403
    client.close()


def test_no_login_begins_with_it(place, browser):
    """A stranger's form is refused like everybody's: nothing of it is kept or sent again later."""
    place.httpd.start()
    place.httpd.expect_fault("cross_site")
    assert refused(place, browser.step(place.url + "/app/x", "POST", b"a=b", initiator=EVIL))


def test_reached_inside_the_server(place, backend, alice):
    """A rewritten request is the request that it was."""
    place.httpd.need("rewrite")
    place.add('<Directory "%s/door">\nRewriteEngine On\nRewriteRule ^ /app/x\n</Directory>'
              % place.docroot)
    place.page("/door/x")
    place.httpd.start()
    sign_in(alice, place)
    place.httpd.expect_fault("cross_site")
    page = exchange("POST", place.url + "/door/x", [("Cookie", alice.jar.header(place.url)),
                                                    ("Origin", EVIL.rstrip("/"))])
    assert refused(place, page) and backend.requests == []


def test_off_by_default_and_for_tenants_to_choose(app, backend, alice):
    protect(app)
    app.add('<Directory "%s/app/own">\nAllowOverride AuthConfig\n</Directory>' % app.docroot)
    app.page("/app/x.html", "inside")
    app.page("/app/own/x.html", "inside")
    app.page("/app/own/.htaccess", "SSOSameOrigin on\n")
    app.httpd.start()
    sign_in(alice, app)
    headers = [("Cookie", alice.jar.header(app.url)), ("Origin", EVIL.rstrip("/"))]
    assert exchange("POST", app.url + "/app/x.html", headers).status != 403
    app.httpd.expect_fault("cross_site")
    assert refused(app, exchange("POST", app.url + "/app/own/x.html", headers))
