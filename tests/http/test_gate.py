"""Who gets in where, and what the others get."""
import pytest

from lib import h2client, sites, websocket
from lib.browser import exchange
from lib.recipes import is_login, members, protect, sign_in, user_of
from lib.sites import TokenSite, header

REFUSED = "AH01629|AH01630|AH01631"  # mod_authz_core's own line about a refusal


def result(page):
    """302 for "sent to the login", else the status."""
    return 302 if is_login(page) else page.status


class Three:
    """The same page asked for by nobody, by alice and by bob."""

    def __init__(self, host, browser, alice, bob):
        self.host, self.browsers = host, (browser, alice, bob)
        for each in (alice, bob):
            sign_in(each, host)

    def see(self, path):
        return tuple(result(x.step(self.host.url + path)) for x in self.browsers)


@pytest.fixture
def three(app, browser, alice, bob):
    """Starts httpd and logs both in."""
    def start():
        app.httpd.start()
        return Three(app, browser, alice, bob)
    return start


# -- SSO NAME: fails closed

TABLE = [
    # below /one, where SSO members holds        anybody  alice  bob
    ("/one", "", (302, 200, 200)),
    ("/one/pub", "Require all granted", (302, 200, 200)),
    ("/one/ip", "Require ip 127.0.0.1", (302, 200, 200)),
    ("/one/otherip", "Require ip 192.0.2.1", (403, 403, 403)),
    ("/one/denied", "Require all denied", (403, 403, 403)),
    ("/one/valid", "Require valid-user", (302, 200, 200)),
    ("/one/bob", "Require user bob", (302, 403, 200)),
    ("/one/nobob", "<RequireAll>\nRequire valid-user\nRequire not user bob\n</RequireAll>",
     (302, 200, 403)),
    ("/one/any", "<RequireAny>\nRequire user bob\nRequire ip 127.0.0.1\n</RequireAny>",
     (302, 200, 200)),
    ("/one/all", "<RequireAll>\nRequire user bob\nRequire ip 127.0.0.1\n</RequireAll>",
     (302, 403, 200)),
    ("/one/none", "<RequireAll>\nRequire all granted\n<RequireNone>\nRequire user bob\n"
                  "</RequireNone>\n</RequireAll>", (302, 200, 403)),
    ("/one/staff", "Require sso-role staff", (302, 200, 403)),
    ("/one/both", "Require sso-role staff students", (302, 200, 200)),
    ("/one/group", "Require sso-group staff", (302, 403, 403)),  # the site sends roles, not groups
    ("/one/provider", "Require sso-provider members", (302, 200, 200)),
    ("/one/otherprovider", "Require sso-provider another", (302, 403, 403)),
    ("/one/attribute", "Require sso-attribute email bob@example.org", (302, 403, 200)),
    ("/one/off", "SSO off", (200, 200, 200)),
    ("/one/offdenied", "SSO off\nRequire all denied", (403, 403, 403)),
    ("/one/get", "<Limit GET>\nRequire user bob\n</Limit>", (302, 403, 200)),
    ("/one/merged", "AuthMerging And\nRequire user bob", (302, 403, 200)),
]


@pytest.mark.parametrize("path, lines, seen", TABLE, ids=[x[0] for x in TABLE])
def test_sso_line(app, three, path, lines, seen):
    protect(app, "/one")
    if lines:
        protect(app, path, lines)
    app.page(path + "/index.html")
    people = three()
    if 403 in seen:
        app.httpd.expect_log(REFUSED)
    assert people.see(path + "/") == seen


def test_sso_line_needs_no_require_and_no_authtype(app, three):
    app.add('<Directory "%s">\nSSO members\n</Directory>' % app.docroot)
    app.page("/x.html")
    assert three().see("/x.html") == (302, 200, 200)


def test_deeper_places_inherit(app, three):
    app.add('<Directory "%s">\nSSO members\n</Directory>' % app.docroot)
    app.add('<Directory "%s/a/b">\nRequire all granted\n</Directory>' % app.docroot)
    app.add('<Files "open.txt">\nRequire all granted\n</Files>')
    app.page("/a/b/c/x.html")
    app.page("/a/open.txt")
    people = three()
    assert people.see("/a/b/c/x.html") == (302, 200, 200)
    assert people.see("/a/open.txt") == (302, 200, 200)


def test_nothing_is_asked_outside(app, three):
    protect(app, "/one")
    app.page("/x.html")
    assert three().see("/x.html") == (200, 200, 200)


@pytest.mark.parametrize("lines", ["Satisfy Any\nOrder allow,deny\nAllow from 127.0.0.1",
                                   "Satisfy Any"])
def test_satisfy_any_does_not_open_the_place(app, three, lines):
    app.httpd.need("access_compat")
    protect(app, "/one", "SSO members\nRequire user bob\n" + lines)
    app.page("/one/x.html")
    people = three()
    anybody, alice, bob = people.see("/one/x.html")
    assert anybody == 302 and bob == 200
    app.httpd.log.expect(REFUSED + "|resuming")


# -- AuthType SSO: httpd's own words. 401 is httpd's answer to a user who may not; whoever prefers
# 403 says AuthzSendForbiddenOnFailure On.

TABLE = [
    ("Require valid-user", (302, 200, 200)),
    ("Require user bob", (302, 401, 200)),
    ("AuthzSendForbiddenOnFailure On\nRequire user bob", (302, 403, 200)),
    ("Require all granted", (200, 200, 200)),
    ("Require all denied", (403, 403, 403)),
    ("<RequireAny>\nRequire ip 127.0.0.1\nRequire valid-user\n</RequireAny>", (200, 200, 200)),
    ("<RequireAny>\nRequire ip 192.0.2.1\nRequire valid-user\n</RequireAny>", (302, 200, 200)),
    ("<RequireAll>\nRequire ip 192.0.2.1\nRequire valid-user\n</RequireAll>", (403, 403, 403)),
    ("Require sso-role staff", (302, 200, 401)),
    ("Require sso-attribute email alice@example.org", (302, 200, 401)),
    ("Require expr \"%{REMOTE_USER} == 'bob'\"", (302, 401, 200)),
]


@pytest.mark.parametrize("require, seen", TABLE, ids=[x[0].replace("\n", " ") for x in TABLE])
def test_authtype_sso(app, three, require, seen):
    protect(app, "/team", "AuthType SSO\nSSO members\n" + require)
    app.page("/team/x.html")
    people = three()
    app.httpd.log.expect(REFUSED + "|resuming")
    got = people.see("/team/x.html")
    # With SSO NAME beside it, nothing that Require says lets strangers in.
    assert got == tuple(302 if x == 200 and i == 0 else x for i, x in enumerate(seen))


def test_another_authtype_is_none_of_our_business(app, browser):
    app.httpd.need("auth_basic")
    users = app.httpd.file("conf/users", "carol:{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=\n")  # 123456
    protect(app, "/basic", 'AuthType Basic\nAuthName x\nAuthUserFile "%s"\nRequire valid-user'
            % users)
    app.page("/basic/x.html", "inside")
    app.httpd.start()
    page = browser.step(app.url + "/basic/x.html")
    assert page.status == 401 and "Basic" in page.header("WWW-Authenticate")
    page = browser.step(app.url + "/basic/x.html", headers=[("Authorization", CAROL)])
    assert page.text == "inside"


CAROL = "Basic Y2Fyb2w6MTIzNDU2"


def test_passwords_for_programs_next_to_sso_for_people(app, browser, alice):
    app.httpd.need("auth_basic")
    users = app.httpd.file("conf/users", "carol:{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=\n")
    protect(app, "/both", '<If "-n req(\'Authorization\')">\nAuthType Basic\nAuthName x\n'
            'AuthUserFile "%s"\nSSO off\n</If>\n<Else>\nSSO members\n</Else>\nRequire valid-user'
            % users)
    app.page("/both/x.html", "inside")
    app.httpd.start()
    app.httpd.expect_log("AH01617")
    url = app.url + "/both/x.html"
    assert is_login(browser.step(url))
    assert browser.step(url, headers=[("Authorization", CAROL)]).text == "inside"
    assert browser.step(url, headers=[("Authorization", "Basic Y2Fyb2w6eA==")]).status == 401
    assert alice.open(url).text == "inside"


# -- what strangers get

@pytest.mark.parametrize("method, headers, status", [
    ("GET", [("Accept", "text/html")], 302),
    ("GET", [("Accept", "text/html;q=0.9, */*;q=0.8")], 302),
    ("GET", [], 401),
    ("GET", [("Accept", "*/*")], 401),
    ("HEAD", [("Accept", "text/html")], 302),
    ("GET", [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")], 302),
    ("GET", [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")], 401),
    ("GET", [("Sec-Fetch-Mode", "cors"), ("Accept", "text/html")], 401),
    ("GET", [("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")], 401),
    ("GET", [("X-Requested-With", "XMLHttpRequest"), ("Accept", "*/*")], 401),
    ("GET", [("Accept", "application/json")], 401),
    ("GET", [("Accept", "image/png,image/*")], 401),
    ("GET", [("Upgrade", "websocket"), ("Connection", "Upgrade")], 401),
    ("POST", [("Accept", "text/html"), ("Content-Length", "0")], 401),
    ("PUT", [("Content-Length", "0")], 401),
    ("DELETE", [], 401),
    ("OPTIONS", [], 401),
    ("OPTIONS", [("Origin", "https://x.test")], 401),
    ("GET", [("Origin", "https://x.test"), ("Access-Control-Request-Method", "GET")], 401),
    ("PROPFIND", [], 401),
])
def test_strangers(app, method, headers, status):
    protect(app)
    app.page("/app/x.html")
    app.httpd.start()
    page = exchange(method, app.url + "/app/x.html?a=b", headers)
    assert result(page) == status
    assert page.header("Cache-Control") == "no-store"
    if status == 401:
        assert page.header("Set-Cookie") is None
        assert page.header("WWW-Authenticate") is None
        body = page.json()
        assert body["error"] == "login_required"
        assert body["login"].startswith(app.url + "/.sso/login?provider=members")


PREFLIGHT = [("Origin", "https://x.test"), ("Access-Control-Request-Method", "PUT")]


@pytest.mark.parametrize("word, status", [("auto", 200), ("redirect", 401), ("401", 401), ("403", 403)])
def test_preflight(app, backend, word, status):
    """Browsers ask without saying who the person is; the admin's headers answer, not the application."""
    app.httpd.need("proxy_http", "headers")
    app.add("ProxyPass /app %s/\nHeader always set Access-Control-Allow-Origin https://x.test" % backend.url)
    protect(app, "/app", "SSO members\nSSOUnauthenticated " + word)
    app.httpd.start()
    page = exchange("OPTIONS", app.url + "/app/x", PREFLIGHT)
    assert page.status == status and page.header("Access-Control-Allow-Origin") == "https://x.test"
    assert page.header("Set-Cookie") is None and page.header("Cache-Control") == "no-store"
    if status == 200:
        assert page.body == b""


@pytest.mark.parametrize("word, navigation, other", [
    ("auto", 302, 401), ("redirect", 302, 302), ("401", 401, 401), ("403", 403, 403)])
def test_unauthenticated(app, browser, word, navigation, other):
    protect(app, "/app", "SSO members\nSSOUnauthenticated " + word)
    app.page("/app/x.html")
    app.httpd.start()
    url = app.url + "/app/x.html"
    assert result(browser.step(url)) == navigation
    assert result(browser.fetch(url)) == other


def test_the_login_named_in_a_401_works(app, alice):
    protect(app)
    app.page("/app/x.html", "inside")
    app.httpd.start()
    page = alice.fetch(app.url + "/app/x.html")
    assert alice.open(page.json()["login"]).trace[-2].status in (302, 303)
    assert alice.fetch(app.url + "/app/x.html").text == "inside"


def test_a_login_leads_back_to_the_page(app, alice):
    protect(app)
    app.page("/app/a b.html", "inside")
    app.httpd.start()
    page = alice.open(app.url + "/app/a%20b.html?x=1&y=%26&z=a+b")
    assert page.text == "inside"
    assert page.url == app.url + "/app/a%20b.html?x=1&y=%26&z=a+b"


def test_several_providers_give_a_choice(app, closing, alice):
    other = closing(TokenSite("another-secret-for-tests-0123456789"))
    members(app, other, "guests", 'SSODisplayName "Our guests"')
    members(app, closing(TokenSite("a-third-secret-for-tests-0123456789")), "others")
    protect(app, "/app", "SSO members guests")
    app.page("/app/x.html", "inside")
    app.httpd.start()
    page = alice.open(app.url + "/app/x.html")
    assert page.path == "/.sso/choose"
    links = [x for x in page.document().xpath("//a") if "/login?" in x.get("href")]
    assert [x.text for x in links] == ["members", "Our guests"]
    assert alice.follow(page, links[1].get("href")).text == "inside"
    assert sign_in(alice, app, "guests")["attributes"]["provider"] == "guests"


def test_a_session_of_another_provider_does_not_count(app, closing, alice):
    members(app, closing(TokenSite("another-secret-for-tests-0123456789")), "guests")
    protect(app)
    app.page("/app/x.html")
    app.httpd.start()
    sign_in(alice, app, "guests")
    assert is_login(alice.step(app.url + "/app/x.html"))


def test_optional_mode_lets_everybody_in(app, three, closing):
    app.httpd.need("cgid")
    protect(app, "/app", "SSO members\nSSOMode optional\nOptions +ExecCGI\n"
                         "SetHandler cgi-script\nRequire all granted")
    sites.cgi(app, "/app/env.cgi")
    people = three()
    seen = [x.step(app.url + "/app/env.cgi").json().get("REMOTE_USER") for x in people.browsers]
    assert seen == [None, "alice", "bob"]


# -- other ways in

@pytest.fixture
def cgi_app(app):
    """The document root runs CGI scripts, and .htaccess may say everything."""
    app.httpd.need("cgid", "rewrite", "include")
    app.add('<Directory "%s">\nAllowOverride All\nOptions +ExecCGI +Includes\n'
            "AddHandler cgi-script .cgi\nAddOutputFilter INCLUDES .shtml\nAddType text/html .shtml\n"
            "</Directory>" % app.docroot)
    return app


def test_an_include_of_a_protected_page_shows_nothing_to_strangers(cgi_app, browser, alice):
    protect(cgi_app, "/app")
    cgi_app.page("/app/secret.html", "the secret")
    cgi_app.page("/public.shtml", '<!--#include virtual="/app/secret.html" -->.')
    cgi_app.httpd.start()
    cgi_app.httpd.expect_log("AH01358|unable to include")
    page = browser.step(cgi_app.url + "/public.shtml")
    assert page.status == 200 and "secret" not in page.text and not page.all_headers("Set-Cookie")
    sign_in(alice, cgi_app)
    assert "the secret" in alice.step(cgi_app.url + "/public.shtml").text


def test_directory_index(cgi_app, alice, browser):
    protect(cgi_app, "/app", "SSO members\nDirectoryIndex index.cgi")
    sites.cgi(cgi_app, "/app/index.cgi")
    cgi_app.httpd.start()
    assert is_login(browser.step(cgi_app.url + "/app/"))
    env = alice.open(cgi_app.url + "/app/").json()
    assert env["REMOTE_USER"] == env["SSO_USER"] == "alice" and env["HTTP_X_SSO_USER"] == "alice"


@pytest.mark.parametrize("how", ["FallbackResource /app/index.cgi", None])
def test_front_controllers(cgi_app, alice, browser, how):
    protect(cgi_app, "/app", "SSO members\n" + (how or ""))
    sites.cgi(cgi_app, "/app/index.cgi")
    if not how:
        cgi_app.page("/app/.htaccess", "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\n"
                                       "RewriteRule . /app/index.cgi [L]\n")
    cgi_app.httpd.start()
    assert is_login(browser.step(cgi_app.url + "/app/some/page?x=1"))
    env = alice.open(cgi_app.url + "/app/some/page?x=1").json()
    assert env["REMOTE_USER"] == env["SSO_USER"] == "alice" and env["HTTP_X_SSO_USER"] == "alice"
    assert env["REQUEST_URI"] == "/app/some/page?x=1"


def test_a_rewrite_from_outside_does_not_open_a_protected_page(cgi_app, browser, alice):
    protect(cgi_app, "/app")
    cgi_app.page("/app/secret.html", "the secret")
    cgi_app.page("/open/.htaccess", "RewriteEngine On\nRewriteRule . /app/secret.html [L]\n")
    cgi_app.httpd.start()
    assert is_login(browser.step(cgi_app.url + "/open/x"))
    sign_in(alice, cgi_app)
    assert alice.step(cgi_app.url + "/open/x").text == "the secret"


def test_an_error_document_inside_a_protected_place(cgi_app, browser, alice):
    protect(cgi_app, "/app")
    cgi_app.page("/app/error.html", "the error page")
    cgi_app.add("ErrorDocument 404 /app/error.html")
    cgi_app.httpd.start()
    page = browser.step(cgi_app.url + "/missing")
    assert page.status in (302, 404) and "the error page" not in page.text
    sign_in(alice, cgi_app)
    assert "the error page" in alice.step(cgi_app.url + "/missing").text


@pytest.mark.parametrize("lines", ["ProxyPass / %s/", "<Location />\nProxyPass %s/\n</Location>"])
def test_proxied_sites(app, backend, browser, alice, lines):
    app.httpd.need("proxy_http")
    app.add(lines % backend.url)
    protect(app, "/")
    app.httpd.start()
    assert is_login(browser.step(app.url + "/x"))
    assert backend.requests == []
    assert header(alice.open(app.url + "/x"), "X-SSO-User") == ["alice"]


def test_options_star(app):
    protect(app, "/")
    app.httpd.start()
    connection_page = exchange("OPTIONS", app.url + "/", [])
    assert connection_page.status == 401


def test_ranges_and_head(app, three):
    protect(app)
    app.page("/app/x.txt", "0123456789")
    people = three()
    ranged = [x.step(app.url + "/app/x.txt", headers=[("Range", "bytes=2-4")])
              for x in people.browsers]
    assert [result(x) for x in ranged] == [302, 206, 206]
    assert ranged[1].text == "234" and "234" not in ranged[0].text
    heads = [x.step(app.url + "/app/x.txt", "HEAD") for x in people.browsers]
    assert [result(x) for x in heads] == [302, 200, 200]


# -- several hosts

def test_a_session_of_one_host_is_nothing_at_another(app, closing, alice):
    other_site = closing(TokenSite("another-secret-for-tests-0123456789"))
    other = app.httpd.host("shop.example.test", like=app)
    members(other, other_site, "members")
    protect(app)
    protect(other)
    app.page("/app/x.html", "at app")
    other.page("/app/x.html", "at shop")
    app.httpd.start()
    assert alice.open(app.url + "/app/x.html").text == "at app"
    cookie = alice.jar.header(app.url)
    page = exchange("GET", other.url + "/app/x.html", [("Cookie", cookie), ("Accept", "text/html")])
    assert is_login(page) and page.location.startswith(other_site.url)
    page = exchange("GET", other.url + "/.sso/session", [("Cookie", cookie)])
    assert page.status == 401


def test_hosts_with_one_provider_have_sessions_of_their_own(httpd, closing, alice):
    """A provider of the main server: still no host knows the sessions of another."""
    from lib.recipes import provider
    site = closing(TokenSite("a-secret-for-both-hosts-0123456789"))
    httpd.add(provider(httpd, site))
    one = httpd.host("app.example.test", tls=True)
    two = httpd.host("shop.example.test", like=one)
    httpd.start()
    site.callback = one.url + "/.sso/members/callback"
    sign_in(alice, one)
    cookie = alice.jar.header(one.url)
    assert exchange("GET", one.url + "/.sso/session", [("Cookie", cookie)]).status == 200
    assert exchange("GET", two.url + "/.sso/session", [("Cookie", cookie)]).status == 401


def test_an_answer_for_one_host_is_refused_at_another(httpd, closing, alice):
    from lib.recipes import provider
    site = closing(TokenSite("a-secret-for-both-hosts-0123456789"))
    httpd.add(provider(httpd, site))
    one = httpd.host("app.example.test", tls=True)
    two = httpd.host("shop.example.test", like=one)
    httpd.start()
    site.callback = two.url + "/.sso/members/callback"  # led astray
    httpd.expect_fault("state_missing")
    page = alice.open(one.url + "/.sso/login?provider=members&return=/")
    assert page.url.startswith(two.url) and page.fault == "state_missing"
    # Not even with the flow cookie carried over by force.
    httpd.expect_log("SSO: (state_missing|state_invalid|token_mismatch): ")
    flows = "; ".join("%s=%s" % (x.name, x.value) for x in alice.jar.find(one.url))
    page = exchange("GET", page.url, [("Cookie", flows)])
    assert page.status == 403 and not page.all_headers("Set-Cookie")


# -- HTTP/2 and WebSocket

@pytest.fixture
def h2_app(app, backend):
    app.httpd.need("http2", "proxy_http")
    app.add("Protocols h2 http/1.1\nProxyPass /app/ %s/" % backend.url)
    protect(app)
    return app


def test_http2(h2_app, alice):
    h2_app.httpd.start()
    page = h2client.request(h2_app.url + "/app/x", headers=[("accept", "text/html")])
    assert is_login(page)
    page = h2client.request(h2_app.url + "/app/x", headers=[("accept", "application/json")])
    assert page.status == 401 and page.json()["error"] == "login_required"
    sign_in(alice, h2_app)
    page = h2client.request(h2_app.url + "/app/x", headers=[("cookie", alice.jar.header(h2_app.url))])
    assert header(page, "X-SSO-User") == ["alice"]


def test_http2_with_cookies_in_several_fields(h2_app, alice):
    h2_app.httpd.start()
    sign_in(alice, h2_app)
    crumbs = [("cookie", x) for x in alice.jar.header(h2_app.url).split("; ")]
    page = h2client.request(h2_app.url + "/app/x",
                            headers=[("cookie", "a=1"), *crumbs, ("cookie", "b=2")])
    assert header(page, "X-SSO-User") == ["alice"]
    assert header(page, "Cookie") == ["a=1; b=2"]


@pytest.mark.parametrize("lines", [
    "ProxyPass /app/ %s/ upgrade=websocket",
    "ProxyPass /app/ ws%s/",
])
def test_websocket(app, backend, alice, lines):
    app.httpd.need("proxy_wstunnel")
    app.add(lines % (backend.url if "upgrade" in lines else backend.url[len("http"):]))
    protect(app)
    app.httpd.start()
    stranger = websocket.Client(app.url + "/app/ws", [("Origin", app.url)])
    assert stranger.status == 401
    stranger.close()
    assert backend.requests == []
    sign_in(alice, app)
    client = websocket.Client(app.url + "/app/ws", [("Origin", app.url),
                                                    ("Cookie", alice.jar.header(app.url))])
    assert client.status == 101
    assert '"X-SSO-User",\n   "alice"' in client.receive()
    client.send("hello")
    assert client.receive() == "hello"
    client.close()


@pytest.mark.parametrize("mpm", ["prefork", "worker"])
def test_other_mpms(make_httpd, site, mpm, alice):
    httpd = make_httpd(mpm=mpm)
    host = httpd.host("app.example.test", tls=True)
    members(host, site)
    protect(host)
    host.page("/app/x.html", "inside")
    httpd.start()
    assert alice.open(host.url + "/app/x.html").text == "inside"
    assert user_of(alice, host) == "alice"


def test_insecure_http_must_be_asked_for(httpd, site, alice):
    host = httpd.host("localhost")
    members(host, site)
    protect(host)
    host.page("/app/x.html", "inside")
    httpd.start()
    httpd.expect_fault("tls")
    page = alice.open(host.url + "/app/x.html")
    assert page.status == 403 and page.fault == "tls"


def test_insecure_http(httpd, site, alice):
    host = httpd.host("localhost")
    host.add("SSOInsecureHttp on")
    members(host, site)
    protect(host)
    host.page("/app/x.html", "inside")
    httpd.start()
    assert alice.open(host.url + "/app/x.html").text == "inside"


def test_behind_a_proxy_that_ends_tls(httpd, site, alice):
    """Browsers see https://www.example.test, httpd sees plain http."""
    front, back = httpd.host("www.example.test", tls=True), httpd.host("www.example.test")
    httpd.need("proxy_http")
    front.add("ProxyPreserveHost On\nProxyPass / http://127.0.0.1:%d/" % back.port)
    back.add("SSOBaseURL " + front.url)
    members(back, site)
    site.callback = front.url + "/.sso/members/callback"
    protect(back)
    back.page("/app/x.html", "inside")
    httpd.start()
    page = alice.open(front.url + "/app/x.html")
    assert page.text == "inside" and page.url == front.url + "/app/x.html"
    assert all(x.secure for x in alice.jar.find(front.url))
