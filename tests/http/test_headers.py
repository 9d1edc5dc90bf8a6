"""Identity reaches backends from us alone, and our cookies do not reach them."""
import base64
import re
import urllib.parse

import pytest

from lib import h2client, sites
from lib.browser import exchange
from lib.recipes import protect, sign_in
from lib.sites import header

# Ways to write a name that some backend takes for X-SSO-User or a sister of it.
FORGED = ["X-SSO-User", "x-sso-user", "X-Sso-USER", "X_SSO_User", "X-SSO_User", "x_sso_user",
          "X.SSO.User", "X-SSO.User", "X~SSO~User", "X-SSO-Email", "X_SSO_EMAIL", "X-SSO-Groups",
          "X-SSO-Provider", "X-SSO-Name", "X-SSO-Anything", "X_SSO_Roles", "X-SSO-"]

HOP_BY_HOP = ["X-SSO-User", "close, X-SSO-User", "x-sso-user, keep-alive", "X_SSO_User",
              "X-SSO-User,X-SSO-Email", "keep-alive , X-SSO-User , X-Other"]


def fold(name):
    return "".join(c if c.isalnum() else "-" for c in name.lower())


def identity(page):
    """What the backend saw that looks like identity: folded name -> values."""
    body = page.json()
    pairs = body["headers"] if "headers" in body else [(k[5:], v) for k, v in body.items()
                                                       if k.startswith("HTTP_")]
    seen = {}
    for name, value in pairs:
        if fold(name).startswith("x-sso"):
            seen.setdefault(fold(name), []).append(value)
    return seen


@pytest.fixture
def gateway(app, backend, closing):
    """/app is protected, /open is not; below both http, fcgi and cgi lead to echoes."""
    fastcgi = closing(sites.FastCgi())
    app.httpd.need("proxy_http", "proxy_fcgi", "cgid", "alias", "http2")
    app.add("Protocols h2 http/1.1")
    for place in ("app", "open"):
        sites.cgi(app, "/cgi-%s/env.cgi" % place)
        app.add("ProxyPass /%s/http/ %s/\nProxyPass /%s/fcgi/ fcgi://127.0.0.1:%d/\n"
                'ScriptAlias /%s/cgi/ "%s/cgi-%s/"'
                % (place, backend.url, place, fastcgi.port, place, app.docroot, place))
    protect(app)
    return app


PATHS = {"http": "/http/x", "fcgi": "/fcgi/x", "cgi": "/cgi/env.cgi"}


def ask(host, path, headers, h2=False):
    if h2:
        return h2client.request(host.url + path, headers=[(k.lower(), v) for k, v in headers])
    return exchange("GET", host.url + path, headers)


@pytest.mark.parametrize("h2", [False, True], ids=["h1", "h2"])
@pytest.mark.parametrize("kind", list(PATHS))
def test_forged_headers(gateway, alice, kind, h2):
    gateway.httpd.start()
    sign_in(alice, gateway)
    cookie = ("Cookie", alice.jar.header(gateway.url))
    honest = identity(ask(gateway, "/app" + PATHS[kind], [cookie], h2))
    assert honest["x-sso-user"] == ["alice"]
    for name in FORGED:
        forged = [(name, "mallory")]
        assert identity(ask(gateway, "/open" + PATHS[kind], forged, h2)) == {}, name
        assert identity(ask(gateway, "/open" + PATHS[kind], forged + [cookie], h2)) == {}, name
        assert identity(ask(gateway, "/app" + PATHS[kind], forged + [cookie], h2)) == honest, name


def test_forged_headers_twice_and_with_odd_values(gateway, alice):
    gateway.httpd.start()
    sign_in(alice, gateway)
    cookie = ("Cookie", alice.jar.header(gateway.url))
    for values in (["", ""], ["a", "b"], ["x" * 4000], ["\t"], ["alice, mallory"]):
        headers = [("X-SSO-User", x) for x in values] + [cookie] + [("x_sso_user", x)
                                                                   for x in values]
        assert identity(ask(gateway, "/app/http/x", headers))["x-sso-user"] == ["alice"]


@pytest.mark.parametrize("kind", list(PATHS))
@pytest.mark.parametrize("field", ["Connection", "Proxy-Connection", "Trailer"])
def test_hop_by_hop_lists_take_nothing_away(gateway, alice, kind, field):
    gateway.httpd.start()
    sign_in(alice, gateway)
    cookie = ("Cookie", alice.jar.header(gateway.url))
    for value in HOP_BY_HOP:
        page = ask(gateway, "/app" + PATHS[kind], [cookie, (field, value)])
        assert identity(page)["x-sso-user"] == ["alice"], value


def test_an_attribute_that_is_absent_stays_absent(gateway, site, bob):
    site.fields = lambda f: {k: v for k, v in f.items() if k != "roles"}
    gateway.httpd.start()
    sign_in(bob, gateway)
    page = ask(gateway, "/app/http/x", [("Cookie", bob.jar.header(gateway.url)),
                                        ("X-SSO-Groups", "admins"), ("X_SSO_Groups", "admins")])
    seen = identity(page)
    assert seen["x-sso-user"] == ["bob"] and "x-sso-groups" not in seen


def test_forged_environment(gateway, alice):
    gateway.httpd.start()
    sign_in(alice, gateway)
    page = ask(gateway, "/app/cgi/env.cgi", [("Cookie", alice.jar.header(gateway.url)),
                                             ("SSO-User", "m"), ("SSO_USER", "m"),
                                             ("Remote-User", "m"), ("REMOTE_USER", "m")])
    env = page.json()
    assert env["SSO_USER"] == env["REMOTE_USER"] == "alice" and env["AUTH_TYPE"] == "SSO"
    env = ask(gateway, "/open/cgi/env.cgi", [("SSO_USER", "m"), ("Remote-User", "m")]).json()
    assert "SSO_USER" not in env and "REMOTE_USER" not in env


def test_values(gateway, alice):
    gateway.httpd.start()
    sign_in(alice, gateway)
    cookie = [("Cookie", alice.jar.header(gateway.url))]
    seen = identity(ask(gateway, "/app/http/x", cookie))
    assert seen["x-sso-email"] == ["alice@example.org"]
    assert seen["x-sso-name"] == ["Alice %C3%84rmel"]
    assert seen["x-sso-provider"] == ["members"]
    env = ask(gateway, "/app/fcgi/x", cookie).json()
    assert env["SSO_NAME"] == "Alice Ärmel" and env["SSO_EMAIL"] == "alice@example.org"
    assert env["SSO_ROLES"] == "staff,admins" and env["SSO_PROVIDER"] == "members"
    assert env["REMOTE_USER"] == "alice"


@pytest.mark.parametrize("name, header_value, raw", [
    ("plain", "plain", "plain"),
    ("100 % sure", "100 %25 sure", "100 % sure"),
    ("日本", "%E6%97%A5%E6%9C%AC", "日本"),
    ("a\tb", "a b", "a b"),
])
def test_encodings(gateway, site, make_browser, name, header_value, raw):
    site.fields = lambda f: {**f, "name": name}
    gateway.add('<Location "/app/http/utf8">\nSSOHeaderEncoding utf8\n</Location>')
    gateway.httpd.start()
    browser = make_browser("alice")
    if "\t" in name:
        gateway.httpd.log.expect("SSO: field_value|resuming")
        return
    sign_in(browser, gateway)
    cookie = [("Cookie", browser.jar.header(gateway.url))]
    assert identity(ask(gateway, "/app/http/x", cookie))["x-sso-name"] == [header_value]
    utf8 = identity(ask(gateway, "/app/http/utf8", cookie))["x-sso-name"][0]
    assert utf8.encode("latin-1").decode() == raw


def display_string(text):
    """RFC 9651, section 4.2.10."""
    assert text.startswith('%"') and text.endswith('"') and text.isascii()
    return urllib.parse.unquote(text[2:-1], errors="strict")


def extended_value(text):
    """RFC 8187, section 3.2.1."""
    charset, language, value = text.split("'")
    assert charset == "UTF-8" and not language and text.isascii()
    return urllib.parse.unquote(value, errors="strict")


def base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


@pytest.mark.parametrize("encoding, decode", [
    ("percent", urllib.parse.unquote), ("base64url", base64url), ("rfc8187", extended_value), ("sf", display_string)])
def test_every_encoding_gives_back_what_the_variable_has(gateway, site, alice, encoding, decode):
    name = "Zoë \"Q\" 100% 日本, a=b; \\'()*"
    site.fields = lambda f: {**f, "name": name, "roles": ["staff", "50% off", "Größe"]}
    gateway.add('<Location "/app/http">\nSSOHeaderEncoding %s\n</Location>' % encoding)
    gateway.httpd.start()
    sign_in(alice, gateway)
    cookie = [("Cookie", alice.jar.header(gateway.url))]
    seen = {k: v for k, (v,) in identity(ask(gateway, "/app/http/x", cookie)).items()}
    env = ask(gateway, "/app/fcgi/x", cookie).json()
    assert decode(seen["x-sso-name"]) == env["SSO_NAME"] == name
    assert decode(seen["x-sso-user"]) == "alice"
    if encoding == "percent":  # a list is taken apart before it is decoded
        assert [decode(x) for x in seen["x-sso-roles"].split(",")] == ["staff", "50% off", "Größe"]
    else:
        assert decode(seen["x-sso-roles"]) == env["SSO_ROLES"] == "staff,50%25 off,Größe"


def test_lines_of_one_session_are_known_by_a_name(gateway, make_browser):
    gateway.httpd.start()
    names = set()
    for _ in range(2):
        browser = make_browser("alice")
        sign_in(browser, gateway)
        cookie = [("Cookie", browser.jar.header(gateway.url))]
        names.add(identity(ask(gateway, "/app/http/x", cookie))["x-sso-session"][0])
        (again,) = identity(ask(gateway, "/app/http/y", cookie))["x-sso-session"]
        assert again in names and re.fullmatch("[0-9a-f]{16}", again)
        assert ask(gateway, "/app/fcgi/x", cookie).json()["SSO_SESSION"] == again
        assert again not in cookie[0][1]
    assert len(names) == 2


def test_headers_that_are_too_long_are_refused_not_shortened(gateway, site, alice):
    site.fields = lambda f: {**f, "roles": ["%03d%s" % (i, "r" * 80) for i in range(60)]}
    gateway.add('<Location "/app/http/long">\nSSOHeaderMax 8k\n</Location>')
    gateway.httpd.expect_fault("header_size")
    gateway.httpd.start()
    sign_in(alice, gateway)
    cookie = ("Cookie", alice.jar.header(gateway.url))
    page = ask(gateway, "/app/http/x", [cookie, ("Accept", "text/html")])
    assert page.status == 500 and page.header("X-SSO-Fault") == "header_size"
    assert gateway.httpd.log.find(r"identity headers of alice have \d{4} bytes, SSOHeaderMax is 4096")
    page = ask(gateway, "/app/http/long/x", [cookie])
    assert len(identity(page)["x-sso-roles"][0].split(",")) == 60


def test_ornaments_are_left_out_first_as_far_as_need_be(gateway, site, alice):
    site.fields = lambda f: {**f, "image": "https://example.org/" + "i" * 1500, "bio": "b" * 3500}
    gateway.add('<Location "/app/http">\nSSOHeader X-Bio bio\nSSOHeader X-Picture picture\n'
                "SSOHeader X-Who user\n</Location>\n"
                '<Location "/app/http/long">\nSSOHeaderMax 8k\n</Location>\n'
                '<Location "/app/http/short">\nSSOHeaderMax 1k\n</Location>')
    gateway.httpd.start()
    sign_in(alice, gateway)
    cookie = ("Cookie", alice.jar.header(gateway.url))
    seen = dict(ask(gateway, "/app/http/long/x", [cookie]).json()["headers"])
    assert len(seen["X-Bio"]) == 3500 and len(seen["X-Picture"]) == 1520
    seen = dict(ask(gateway, "/app/http/x", [cookie]).json()["headers"])
    assert seen["X-Who"] == "alice" and "X-Bio" not in seen and len(seen["X-Picture"]) == 1520
    assert gateway.httpd.log.find("SSO: X-Bio is left out")
    assert not gateway.httpd.log.find("SSO: X-Picture is left out")
    seen = dict(ask(gateway, "/app/http/short/x", [cookie]).json()["headers"])
    assert seen["X-Who"] == "alice" and "X-Bio" not in seen and "X-Picture" not in seen


def test_h7_trailers_are_no_headers(app):
    app.add("MergeTrailers on")
    checked = app.httpd.configtest()
    assert not checked.ok and "MergeTrailers: on would let clients add identity headers" in checked.output


@pytest.mark.parametrize("how, header_value, roles, more", [
    ("comma", "staff,admins", "staff,admins", {}),
    ("semicolon", "staff;admins", "staff;admins", {}),
    ("json", '["staff","admins"]', '["staff","admins"]', {}),
    ("numbered", "staff,admins", "staff,admins",
     {"%s_ROLES_0": "staff", "%s_ROLES_1": "admins", "%s_ROLES_N": "2"}),
])
def test_lists(gateway, alice, how, header_value, roles, more):
    """Applications know lists in one form each; values that are none stay as they are."""
    gateway.add('<Location "/app">\nSSOListFormat %s\nSSOHeader X-Roles roles\nSSOHeader X-Name name\n'
                "SSOEnv MY_ROLES roles\n</Location>" % how)
    gateway.httpd.start()
    sign_in(alice, gateway)
    cookie = [("Cookie", alice.jar.header(gateway.url))]
    seen = {k.lower(): v for k, v in ask(gateway, "/app/http/x", cookie).json()["headers"]}
    assert seen["x-roles"] == header_value and seen["x-name"] == "Alice %C3%84rmel"
    env = ask(gateway, "/app/fcgi/x", cookie).json()
    assert env["SSO_ROLES"] == env["MY_ROLES"] == roles and env["SSO_NAME"] == "Alice Ärmel"
    assert {k: v for k, v in env.items() if "ROLES_" in k} == {
        k % who: v for k, v in more.items() for who in ("SSO", "MY")}


def test_names_may_be_chosen(gateway, alice):
    gateway.add('<Location "/app/http/own">\nSSOHeader X-Remote-User user\n'
                "SSOHeader X-Mail email\nSSOEnv MY_MAIL email\n</Location>\n"
                '<Location "/app/http/none">\nSSOHeader off\n</Location>')
    gateway.httpd.start()
    sign_in(alice, gateway)
    cookie = ("Cookie", alice.jar.header(gateway.url))
    for forged in ([], [("X-Remote-User", "m")], [("X_Remote_User", "m")],
                   [("x-remote.user", "m")], [("X_MAIL", "m")], [("Connection", "X-Remote-User")]):
        page = ask(gateway, "/app/http/own", [cookie, *forged])
        seen = {fold(k): v for k, v in page.json()["headers"]}
        assert [v for k, v in page.json()["headers"] if fold(k) == "x-remote-user"] == ["alice"]
        assert [v for k, v in page.json()["headers"] if fold(k) == "x-mail"] \
            == ["alice@example.org"]
        assert "x-sso-user" not in seen
    page = ask(gateway, "/app/http/none", [cookie, ("X-SSO-User", "m")])
    assert identity(page) == {}


def test_chosen_names_are_cleaned_where_nobody_is_logged_in(gateway):
    """Wherever the name is an identity's somewhere, strangers cannot send it to that place."""
    gateway.add('<Location "/app">\nSSOMode optional\nSSOHeader X-Remote-User user\n'
                "SSOHeader X-Who user\nRequire all granted\n</Location>")
    gateway.httpd.start()
    for name in ("X-Remote-User", "X_Remote_User", "x.remote.user", "X-Who", "x_who"):
        page = ask(gateway, "/app/http/x", [(name, "mallory")])
        assert page.status == 200 and "mallory" not in page.text, name


@pytest.mark.parametrize("place", ["app", "open"])
@pytest.mark.parametrize("kind", list(PATHS))
def test_our_cookies_do_not_reach_the_backend(gateway, alice, kind, place):
    gateway.httpd.start()
    sign_in(alice, gateway)
    ours = alice.jar.header(gateway.url)
    sent = "a=1; %s; __Host-ssox=2; x__Host-sso=3; b=\"4\"" % ours
    page = ask(gateway, "/%s%s" % (place, PATHS[kind]), [("Cookie", sent)])
    body = page.json()
    got = header(page, "Cookie") if "headers" in body else [body["HTTP_COOKIE"]]
    assert got == ['a=1; __Host-ssox=2; x__Host-sso=3; b="4"']


def test_a_cookie_header_of_ours_alone_is_gone(gateway, alice):
    gateway.httpd.start()
    sign_in(alice, gateway)
    page = ask(gateway, "/app/http/x", [("Cookie", alice.jar.header(gateway.url))])
    assert header(page, "Cookie") == []


def test_a_backend_cannot_set_our_cookie_for_long(gateway, alice):
    """What a backend sets under our name opens nothing: it is a value we did not make."""
    gateway.httpd.start()
    sign_in(alice, gateway)
    forged = exchange("GET", gateway.url + "/.sso/session",
                      [("Cookie", "__Host-sso=" + "A" * 43)])
    assert forged.status == 401


def test_the_access_log_names_the_user(gateway, alice):
    gateway.add('CustomLog "logs/access.log" "%u %s %U"')
    gateway.httpd.start()
    sign_in(alice, gateway)
    ask(gateway, "/app/http/x", [("Cookie", alice.jar.header(gateway.url))])
    gateway.httpd.stop()
    log = (gateway.httpd.root / "logs" / "access.log").read_text()
    assert "alice 200 /app/http/x\n" in log and "- 303 /.sso/members/callback\n" in log


@pytest.mark.parametrize("mode", ["SSOMode optional", ""])
def test_names_chosen_by_htaccess_cannot_be_forged(app, alice, browser, mode):
    """Nobody knows of the name before the file is read; strangers cannot send it all the same."""
    app.httpd.need("cgid")
    app.add('<Directory "%s">\nAllowOverride AuthConfig\nOptions +ExecCGI\n'
            "AddHandler cgi-script .cgi\n</Directory>" % app.docroot)
    sites.cgi(app, "/t/env.cgi")
    app.page("/t/.htaccess", "SSO members\n%s\nRequire all granted\nSSOHeader X-Who user\n" % mode)
    app.httpd.start()
    url = app.url + "/t/env.cgi"
    if mode:
        for name in ("X-Who", "x-who"):
            env = exchange("GET", url, [(name, "mallory"), ("Remote-User", "mallory")]).json()
            assert "mallory" not in env.values(), name
    sign_in(alice, app)
    cookie = ("Cookie", alice.jar.header(app.url))
    env = exchange("GET", url, [cookie, ("X-Who", "mallory")]).json()
    assert env["HTTP_X_WHO"] == "alice" and "mallory" not in env.values()
