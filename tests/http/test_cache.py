"""mod_cache never hands one person's page to another."""
import pytest

from lib.recipes import is_login, protect, sign_in
from lib.sites import header


def cached_app(app, backend, quick="on"):
    """Everything is cached, as far as mod_cache thinks it may."""
    app.httpd.need("cache_disk", "proxy_http")
    (app.httpd.root / "cache").mkdir()
    (app.httpd.root / "cache").chmod(0o777)
    app.add('CacheRoot "%s/cache"\nCacheEnable disk /\nCacheQuickHandler %s\nCacheHeader on\n'
            "ProxyPass /app/ %s/\nProxyPass /open/ %s/"
            % (app.httpd.root, quick, backend.url, backend.url))


@pytest.fixture(params=["on", "off"], ids=["quick handler", "late handler"])
def cached(request, app, backend):
    """/app is protected, /open is not."""
    cached_app(app, backend, request.param)
    protect(app)
    app.httpd.start()
    return app


CONTROLS = ['private="x-a, x-b", max-age=60',
            "max-age=60", "public, max-age=60", "public", "s-maxage=60, max-age=60",
            "max-age=60, must-revalidate", ""]


@pytest.mark.parametrize("control", CONTROLS)
def test_protected_pages_are_not_shared(cached, alice, bob, browser, control):
    url = cached.url + "/app/x?cc=" + control.replace(" ", "%20")
    sign_in(alice, cached)
    sign_in(bob, cached)
    assert header(alice.step(url), "X-SSO-User") == ["alice"]
    assert is_login(browser.step(url))
    assert header(bob.step(url), "X-SSO-User") == ["bob"]
    assert header(alice.step(url), "X-SSO-User") == ["alice"]


@pytest.mark.parametrize("control, sent", [
    ("max-age=60", {"private", "max-age=60"}),
    ("public, max-age=60", {"private", "max-age=60"}),
    ("public,s-maxage=9,MAX-AGE=60", {"private", "MAX-AGE=60"}),
    ('private="set-cookie", max-age=60', {"private", "max-age=60"}),
    ('no-cache="x-a, x-b", PUBLIC', {"private", 'no-cache="x-a', 'x-b"'}),
    ("private", {"private"}),
    ("no-store", {"no-store"}),
    ("", {"private"}),
])
def test_they_are_marked_private(cached, alice, control, sent):
    sign_in(alice, cached)
    page = alice.step(cached.url + "/app/x?cc=" + control.replace(" ", "%20"))
    assert len(page.all_headers("Cache-Control")) == 1
    words = [x.strip() for x in page.header("Cache-Control").split(",")]
    assert len(words) == len(set(words)) and set(words) - {"no-store"} >= sent - {"no-store"}
    assert "public" not in page.header("Cache-Control").lower() and not any(x.startswith("s-maxage") for x in words)
    assert "private" in words or "no-store" in words


@pytest.mark.parametrize("lines", [
    'Header set Cache-Control "public, max-age=60"',
    'Header always set Cache-Control "public, max-age=60"',
    'Header append Cache-Control "s-maxage=60"\nHeader always append Cache-Control public',
    "ExpiresActive on\nExpiresDefault \"access plus 1 minute\"",
])
def test_nor_by_the_words_of_mod_headers_and_mod_expires(app, backend, alice, browser, lines):
    app.httpd.need("headers", "expires")
    app.add(lines)
    cached_app(app, backend)
    protect(app)
    app.httpd.start()
    sign_in(alice, app)
    url = app.url + "/app/x?cc=max-age=60"
    page = alice.step(url)
    assert header(page, "X-SSO-User") == ["alice"]
    control = page.header("Cache-Control")
    assert "private" in control and "public" not in control and "s-maxage" not in control
    assert is_login(browser.step(url))


def test_other_pages_are_still_cached(cached, backend, browser):
    for _ in range(3):
        page = browser.step(cached.url + "/open/x?cc=max-age=60")
        assert page.status == 200 and page.header("Cache-Control") == "max-age=60"
    assert len(backend.requests) == 1


def test_answers_to_strangers_are_not_stored(cached, browser):
    page = browser.step(cached.url + "/app/x")
    assert is_login(page) and page.header("Cache-Control") == "no-store"
    page = browser.fetch(cached.url + "/app/x")
    assert page.status == 401 and page.header("Cache-Control") == "no-store"


def test_optional_pages_are_not_shared_either(app, backend, alice, browser):
    cached_app(app, backend)
    protect(app, "/app", "SSO members\nSSOMode optional\nRequire all granted")
    app.httpd.start()
    url = app.url + "/app/x?cc=max-age=60"
    assert header(browser.step(url), "X-SSO-User") == []
    sign_in(alice, app)
    assert header(alice.step(url), "X-SSO-User") == ["alice"]
    assert header(browser.step(url), "X-SSO-User") == []


def test_static_files_are_marked_private_and_revalidated(app, alice):
    protect(app)
    app.page("/app/x.txt", "0123456789")
    app.httpd.start()
    page = alice.open(app.url + "/app/x.txt")
    assert "private" in page.header("Cache-Control")
    again = alice.step(app.url + "/app/x.txt", headers=[("If-None-Match", page.header("ETag"))])
    assert again.status == 304
