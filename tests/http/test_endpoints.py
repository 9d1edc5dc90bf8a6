"""Our own addresses are answered by the module, whatever else the configuration says."""
import pytest

from lib import sites
from lib.browser import exchange
from lib.recipes import is_login, is_ours, members, protect, sign_in

WORDPRESS = """RewriteEngine On
RewriteBase /
RewriteRule ^index\\.cgi$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.cgi [L]
"""

# name: (modules, lines of the virtual host, .htaccess of the document root). DOCROOT and BACKEND
# are filled in; /index.cgi is a CGI script there, /secret.html a page.
CONFIGURATIONS = {
    "plain": ([], "", ""),
    "front controller in .htaccess": (["rewrite", "cgid"], "", WORDPRESS),
    "front controller by FallbackResource": (["cgid"], "FallbackResource /index.cgi", ""),
    "front controller by server rewrite": (
        ["rewrite", "cgid"], "RewriteEngine On\nRewriteRule ^ /index.cgi [PT]", ""),
    "front controller by server rewrite to a file": (
        ["rewrite", "cgid"], "RewriteEngine On\nRewriteRule ^ %{DOCUMENT_ROOT}/index.cgi [L]", ""),
    "front controller by rewrite in Location": (
        ["rewrite", "cgid"], "<Location />\nRewriteEngine On\nRewriteRule ^ /index.cgi\n"
        "</Location>", ""),
    "DirectoryIndex": (["cgid"], "DirectoryIndex index.cgi", ""),
    "ProxyPass /": (["proxy_http"], "ProxyPass / BACKEND/", ""),
    "ProxyPass / in Location": (
        ["proxy_http"], "<Location />\nProxyPass BACKEND/\n</Location>", ""),
    "ProxyPassMatch": (["proxy_http"], "ProxyPassMatch ^/(.*)$ BACKEND/$1", ""),
    "ProxyPass with mapping=servlet": (
        ["proxy_http"], "ProxyPass / BACKEND/ mapping=servlet", ""),
    "RewriteRule [P]": (
        ["proxy_http", "rewrite"], "RewriteEngine On\nRewriteRule ^/(.*)$ BACKEND/$1 [P]", ""),
    "SetHandler cgi-script": (
        ["cgid"], "<Location />\nSetHandler cgi-script\n</Location>", ""),
    "SetHandler proxy": (
        ["proxy_http"], '<Location />\nSetHandler "proxy:BACKEND/"\n</Location>', ""),
    "SetHandler server-info": (
        ["info"], "<Location />\nSetHandler server-info\n</Location>", ""),
    "Alias /": (["alias"], 'Alias / "DOCROOT/"', ""),
    "ScriptAlias /": (["alias", "cgid"], 'ScriptAlias / "DOCROOT/"', ""),
    "VirtualDocumentRoot": (["vhost_alias"], 'VirtualDocumentRoot "DOCROOT/%0"', ""),
    "Action": (
        ["actions", "cgid"], "Action everything /index.cgi virtual\n"
        "<Location />\nSetHandler everything\n</Location>", ""),
    "Redirect permanent /": (["alias"], "Redirect permanent / https://elsewhere.test/", ""),
    "rewrite to https elsewhere": (
        ["rewrite"], "RewriteEngine On\nRewriteRule ^(.*)$ https://elsewhere.test$1 [R=301,L]", ""),
    "RedirectMatch on dot names": (["alias"], r"RedirectMatch 404 /\.", ""),
    "RedirectMatch on dot names in .htaccess": (["alias"], "", "RedirectMatch 404 /\\.\n"),
    "RewriteRule [F] on dot names": (
        ["rewrite"], "RewriteEngine On\nRewriteRule (^|/)\\. - [F]", ""),
    "FilesMatch on dot names": (
        [], '<FilesMatch "^\\.">\nRequire all denied\n</FilesMatch>', ""),
    "DirectoryMatch on dot names": (
        [], '<DirectoryMatch "/\\.">\nRequire all denied\n</DirectoryMatch>', ""),
    "LocationMatch on dot names": (
        [], '<LocationMatch "/\\.">\nRequire all denied\n</LocationMatch>', ""),
    "If on dot names": (
        [], "<If \"%{REQUEST_URI} =~ m#/[.]#\">\nRequire all denied\n</If>", ""),
    ".htaccess denies all": ([], "", "Require all denied\n"),
    "broken .htaccess": ([], "", "NoSuchDirective\n"),
    "Location / denies all": ([], "<Location />\nRequire all denied\n</Location>", ""),
    "Location / asks for a login": ([], "<Location />\nSSO members\n</Location>", ""),
    "Location / AuthType SSO valid-user": (
        [], "<Location />\nAuthType SSO\nSSO members\nRequire valid-user\n</Location>", ""),
    "Location / AuthType SSO user bob": (
        [], "<Location />\nAuthType SSO\nSSO members\nRequire user bob\n</Location>", ""),
    "Location / asks for a password": (
        ["auth_basic"], '<Location />\nAuthType Basic\nAuthName x\nAuthUserFile "DOCROOT/none"\n'
        "Require valid-user\n</Location>", ""),
    "MultiViews": (
        ["negotiation"], '<Directory "DOCROOT">\nOptions MultiViews\n</Directory>', ""),
    "WebDAV": (
        ["dav", "dav_fs"], 'DavLockDB "DOCROOT/lock"\n<Location />\nDav On\n</Location>', ""),
    "mod_speling": (["speling"], "CheckSpelling On", ""),
    "mod_userdir and autoindex": (
        ["userdir", "autoindex"], 'UserDir x\n<Location />\nOptions +Indexes\n</Location>', ""),
}


def configure(httpd, host, backend, name):
    modules, lines, htaccess = CONFIGURATIONS[name]
    httpd.need(*modules)
    cgi = "AddHandler cgi-script .cgi\n" if "cgid" in modules else ""
    host.add('<Directory "%s">\nAllowOverride All\nOptions +ExecCGI\n%s</Directory>'
             % (host.docroot, cgi))
    host.add(lines.replace("DOCROOT", str(host.docroot)).replace("BACKEND", backend.url))
    if htaccess:
        host.page("/.htaccess", htaccess)
    host.page("/secret.html", "the secret page")
    sites.cgi(host, "/index.cgi")


@pytest.mark.parametrize("first", [False, True], ids=["loaded last", "loaded first"])
@pytest.mark.parametrize("name", list(CONFIGURATIONS))
def test_get_post_and_a_whole_login(make_httpd, site, backend, alice, name, first):
    httpd = make_httpd(sso_first=first)
    host = httpd.host("app.example.test", tls=True)
    members(host, site)
    configure(httpd, host, backend, name)
    httpd.start()
    asked = exchange("GET", host.url + "/.sso/session")
    assert asked.status == 401 and is_ours(asked)
    goodbye = exchange("POST", host.url + "/.sso/logout", body="")
    assert goodbye.status == 200 and is_ours(goodbye)
    assert sign_in(alice, host)["attributes"]["user"] == "alice"
    assert backend.requests == []


def test_on_http_the_login_says_that_it_needs_https(httpd, site, browser):
    host = httpd.host("app.example.test")
    members(host, site)
    httpd.need("rewrite")
    host.add("RewriteEngine On\nRewriteRule ^(.*)$ https://elsewhere.test$1 [R=301,L]")
    httpd.start()
    httpd.expect_fault("tls")
    page = browser.step(host.url + "/.sso/login?provider=members")
    assert page.status == 403 and page.fault == "tls"
    assert is_ours(exchange("GET", host.url + "/.sso/session"))


def test_deny_from_all_is_obeyed(app, browser):
    app.httpd.need("access_compat")
    app.add("<Location />\nOrder allow,deny\nDeny from all\n</Location>")
    app.httpd.start()
    app.httpd.expect_log("AH01797")
    assert browser.step(app.url + "/.sso/session").status == 403


def test_allowmethods_is_obeyed(app):
    app.httpd.need("allowmethods")
    app.add("<Location />\nAllowMethods GET\n</Location>")
    app.httpd.start()
    app.httpd.expect_log("AH01623")
    assert is_ours(exchange("GET", app.url + "/.sso/session"))
    assert exchange("POST", app.url + "/.sso/logout", body="").status == 405


def test_headers_of_the_site_apply(app):
    app.httpd.need("headers", "env")
    app.add('Header always set Strict-Transport-Security "max-age=63072000"\n'
            'Header always set X-Frame-Options DENY')
    app.httpd.start()
    for path in ("/.sso/session", "/.sso/choose", "/.sso/login?provider=members"):
        page = exchange("GET", app.url + path)
        assert page.header("Strict-Transport-Security") == "max-age=63072000", path
        assert page.header("X-Frame-Options") == "DENY", path


@pytest.mark.parametrize("path", [
    "/.sso", "/.sso/", "/.sso/session", "/.sso/choose", "/.sso/nosuch", "/.sso/members",
    "/.sso/members/", "/.sso/members/nosuch", "/.sso/members/callback", "/.sso/nobody/callback",
    "/.sso/login?provider=nobody", "/.sso/session/x",
])
def test_nothing_may_be_stored(app, path):
    app.httpd.start()
    app.httpd.log.expect("SSO: |resuming")
    page = exchange("GET", app.url + path, [("Accept", "text/html")])
    assert page.status in (200, 400, 401, 403, 404)
    assert page.header("Cache-Control") == "no-store"
    assert page.header("Referrer-Policy") == "no-referrer"


@pytest.mark.parametrize("path", ["/.ssox", "/.ss", "/x/.sso/session", "/.SSO/session", "/.sso.html"])
def test_other_addresses_are_not_taken(app, path):
    app.httpd.start()
    page = exchange("GET", app.url + path)
    assert page.status == 404 and page.fault is None


@pytest.mark.parametrize("path", ["//.sso/session", "/./.sso/session", "/x/../.sso/session",
                                  "/%2esso/session", "/.sso//session"])
def test_spellings_of_our_addresses_reach_nobody_else(app, backend, path):
    """Whether we answer them or nobody does: they never reach what lies behind."""
    app.httpd.need("proxy_http")
    app.add("ProxyPass / %s/" % backend.url)
    app.httpd.start()
    app.httpd.log.expect("SSO: |resuming")
    exchange("GET", app.url + path)
    assert backend.requests == []


def test_another_path_may_be_chosen(app, site, alice):
    app.add("SSOPath /auth/sso")
    site.callback = app.url + "/auth/sso/members/callback"
    protect(app, "/app")
    app.page("/app/x.html", "inside")
    app.httpd.start()
    assert alice.open(app.url + "/app/x.html").text == "inside"
    assert exchange("GET", app.url + "/.sso/session").status == 404
    assert exchange("GET", app.url + "/auth/sso/session").status == 401


def test_who_could_not_sign_in_may_start_again(app, browser):
    """1.9: at the provider's start, on a page that nobody can put into a frame."""
    app.httpd.expect_fault("param_missing")
    app.httpd.start()
    page = browser.open(app.url + "/.sso/members/callback")
    assert page.status == 400 and page.header("X-Frame-Options") == "DENY"
    assert 'href="%s/.sso/login?provider=members"' % app.url in page.text


# -- nothing of a protected place through an error of ours

@pytest.mark.parametrize("proxied", [False, True])
def test_an_error_document_is_never_reached_through_us(app, backend, browser, proxied):
    if proxied:
        app.httpd.need("proxy_http")
        app.add("ProxyPass / %s/" % backend.url)
    app.page("/secret.html", "the secret page")
    app.add("\n".join("ErrorDocument %d /secret.html" % x for x in (400, 401, 403, 404, 405, 500)))
    protect(app, "/")
    app.httpd.start()
    for code in ("not_found", "method", "param_missing"):
        app.httpd.expect_fault(code)
    assert is_login(browser.step(app.url + "/secret.html"))
    for method, path in (("GET", "/.sso/nosuch"), ("POST", "/.sso/session"),
                         ("GET", "/.sso/members/callback"), ("GET", "/.sso/nobody/acs"),
                         ("DELETE", "/.sso/logout")):
        page = browser.step(app.url + path, method)
        assert page.fault and "secret" not in page.text, path
    assert backend.requests == []


def test_an_error_of_another_module_opens_no_protected_place(app, backend, browser):
    """The error document of our address is in the same section, which a login guards."""
    app.httpd.need("proxy_http", "rewrite")
    app.add("ProxyPass /secret %s/secret\nErrorDocument 403 /secret/page" % backend.url)
    protect(app, "/", "SSO members\nOptions FollowSymLinks\nRewriteEngine on\n"
            "RewriteRule /members/forbidden$ - [F]")
    app.httpd.start()
    page = browser.step(app.url + "/.sso/members/forbidden")
    assert page.status == 403 or is_login(page)
    assert "/secret" not in page.text and backend.requests == []


def test_methods(app):
    app.httpd.start()
    app.httpd.expect_fault("method")
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"):
        page = exchange(method, app.url + "/.sso/session")
        assert page.status == 405 and page.fault == "method", method
    assert exchange("TRACE", app.url + "/.sso/session").status == 405
    head = exchange("HEAD", app.url + "/.sso/session")
    assert head.status == 401 and head.body == b""
