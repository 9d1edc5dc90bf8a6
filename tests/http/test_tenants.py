"""Providers of .htaccess files: tenants of one host, and what none of them gets of another or of the host."""
import concurrent.futures
import html
import json
import os
import re
import shutil
import subprocess
import urllib.parse

import pytest

from lib import sites
from lib.browser import connect, exchange
from lib.httpd import BUILD
from lib.recipes import is_login, is_turned_away, members, peer, protect, sign_in, ssoctl, user_of

SECRETS = {"alice": "the-secret-of-alice-0123456789abcdef", "mallory": "the-secret-of-mallory-0123456789abc"}
UIDS = {"alice": 2001, "mallory": 2002}
AS_ROOT = os.geteuid() == 0


class Tenant:
    """/~NAME of a host: its .htaccess with a provider, its secret, a page, and the site that signs people in."""

    def __init__(self, host, name, site, where=None):
        self.host, self.name, self.site = host, name, site
        self.path = "/~" + name if where is None else where
        self.root = host.docroot / self.path.lstrip("/")
        host.page(self.path + "/x.html", "the page of " + name)
        self.secret = self.file(".htmembers", site.secret + "\n")
        site.callback = self.own + "/members/callback"
        self.write()

    @property
    def url(self):
        return self.host.url + self.path

    @property
    def own(self):
        return self.url + "/.sso-own"

    @property
    def page(self):
        return self.url + "/x.html"

    def file(self, name, text, mode=0o644):
        """A file of the tenant's."""
        path = self.host.page(self.path + "/" + name, text, mode)
        if AS_ROOT:
            os.chown(path, UIDS[self.name], UIDS[self.name])
        return path

    def block(self, extra="", name="members", secret="file:.htmembers", protocol="hmac"):
        return ("<SSOProvider %s %s>\n  SSOHmacEndpoint %s\n  SSOHmacSecret %s\n  %s\n</SSOProvider>"
                % (name, protocol, self.site.endpoint, secret, extra))

    def write(self, lines="", block=None):
        """The .htaccess file."""
        return self.file(".htaccess", "%s\nSSO members\n%s\n" % (block or self.block(), lines))

    def cookie(self, browser):
        """The session's cookie in a browser; None: there is none."""
        found = [x for x in browser.jar.find(self.page, "__Secure-sso-own-")
                 if re.fullmatch("__Secure-sso-own-[0-9a-f]{12}", x.name)
                 and x.path == (self.path or "/")]
        assert len(found) <= 1
        return found[0] if found else None

    def user(self, browser):
        page = browser.fetch(self.own + "/session")
        assert page.status in (200, 401), repr(page)
        return page.json()["attributes"]["user"] if page.status == 200 else None

    def fails(self, browser, message):
        """The file is in error: 500, and one line that says what to do."""
        self.host.httpd.expect_log(message)
        page = browser.step(self.page)
        assert page.status == 500
        lines = self.host.httpd.log.find("alert|error")
        assert len([x for x in lines if re.search(message, x)]) == 1, lines


def tenants_host(httpd):
    """A host whose directories may have providers of their own."""
    host = httpd.host("www.example.test", tls=True)
    host.add('SSOHtaccessProviders on\n<Directory "%s">\nAllowOverride AuthConfig FileInfo\n</Directory>'
             % host.docroot)
    return host


@pytest.fixture
def host(httpd):
    return tenants_host(httpd)


@pytest.fixture
def make_tenant(host, closing):
    def make(name, where=None, on=None):
        return Tenant(on or host, name, closing(sites.TokenSite(SECRETS[name])), where)
    return make


@pytest.fixture
def hers(make_tenant):
    return make_tenant("alice")


@pytest.fixture
def other(make_tenant):
    return make_tenant("mallory")


# -- what works

def test_a_whole_login(hers, alice):
    hers.host.httpd.start()
    page = alice.open(hers.page + "?a=b")
    start, form, posted, answered, back, last = page.trace
    assert start.status == 302 and start.location.startswith(hers.site.endpoint + "?token=")
    assert answered.location.startswith(hers.own + "/members/callback?data=")
    assert back.location == hers.page + "?a=b" and last.text == "the page of alice"
    assert hers.user(alice) == "alice"
    cookie = hers.cookie(alice)
    assert cookie.secure and cookie.httponly and cookie.path == "/~alice"
    assert [x.path for x in alice.jar.find(hers.page, "__Secure-sso-own-")] == ["/~alice"] * 3
    assert alice.jar.find(hers.host.url + "/", "") == []


@pytest.mark.parametrize("mpm", ["worker", "prefork"])
def test_whatever_the_children_are(make_httpd, make_tenant, mpm, alice):
    httpd = make_httpd(mpm=mpm)
    hers = make_tenant("alice", on=tenants_host(httpd))
    httpd.start()
    assert alice.open(hers.page).text == "the page of alice"
    httpd.graceful()
    assert alice.step(hers.page).text == "the page of alice"
    httpd.restart()
    assert alice.step(hers.page).text == "the page of alice"


def test_signing_out(hers, alice):
    hers.host.httpd.start()
    alice.open(hers.page)
    alice.open(hers.own + "/logout")
    assert hers.user(alice) is None and is_login(alice.step(hers.page))


def test_discourse(hers, httpd, site, alice):
    portal = httpd.host("portal.example.test", tls=True)
    members(portal, site)
    ask = peer(portal, SECRETS["alice"], hers.own + "/members/callback", "forum", "discourse")
    hers.write(block="<SSOProvider members discourse>\nSSODiscourseEndpoint %s\n"
                     "SSODiscourseSecret file:.htmembers\n</SSOProvider>" % ask)
    httpd.start()
    page = alice.open(hers.page)
    assert page.text == "the page of alice", repr(page)
    assert hers.user(alice) == "alice"


def test_below_the_directory_too(hers, alice):
    hers.host.page("/~alice/deep/er/y.html", "deep")
    hers.host.httpd.start()
    assert alice.open(hers.url + "/deep/er/y.html").text == "deep"
    assert alice.step(hers.page).text == "the page of alice"


def test_the_directory_itself(hers, alice):
    hers.file("index.html", "index")
    hers.host.httpd.start()
    assert alice.open(hers.url).text == "index"
    assert alice.step(hers.url + "/").text == "index"


def test_an_alias(hers, alice):
    hers.host.httpd.need("alias")
    hers.host.add('Alias "/people/alice" "%s"' % hers.root)
    hers.path = "/people/alice"
    hers.site.callback = hers.own + "/members/callback"
    hers.host.httpd.start()
    assert alice.open(hers.page).text == "the page of alice"
    assert hers.cookie(alice).path == "/people/alice"


def test_another_name_of_the_host(hers, alice):
    """Logins begin and end under the host's own name."""
    hers.host.add("ServerAlias alias.example.test")
    hers.host.httpd.start()
    page = exchange("GET", hers.page, [("Host", "alias.example.test:%d" % hers.host.port),
                                       ("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"),
                                       ("Sec-Fetch-Dest", "document")])
    assert page.location.startswith(hers.own + "/login?provider=members&return=")
    assert alice.open(page.location).text == "the page of alice"


def test_mod_userdir(httpd, host, closing, alice):
    httpd.need("userdir")
    host.docroot = httpd.root / "htdocs" / "users"
    host.docroot.mkdir()
    hers = Tenant(host, "alice", closing(sites.TokenSite(SECRETS["alice"])), "/alice")
    host.add('DocumentRoot "%s/htdocs/none"\nUserDir "%s"\n<Directory "%s">\nAllowOverride AuthConfig\n'
             "</Directory>" % (httpd.root, host.docroot, host.docroot))
    (httpd.root / "htdocs" / "none").mkdir()
    hers.path = "/~alice"
    hers.site.callback = hers.own + "/members/callback"
    httpd.start()
    assert alice.open(hers.page).text == "the page of alice"
    assert hers.cookie(alice).path == "/~alice"


def test_choosing_among_two(hers, closing, alice, browser):
    friends = closing(sites.TokenSite("the-secret-of-friends-0123456789abcd"))
    friends.callback = hers.own + "/friends/callback"
    hers.file(".htfriends", friends.secret + "\n")
    second = hers.block(name="friends", secret="file:.htfriends").replace(hers.site.endpoint,
                                                                          friends.endpoint)
    hers.file(".htaccess", hers.block() + "\n" + second + "\nSSO members friends\n")
    hers.host.httpd.start()
    page = alice.open(hers.page)
    assert page.path == "/~alice/.sso-own/choose"
    page = alice.follow(page, html.unescape(re.search('href="([^"]*provider=friends[^"]*)"', page.text)[1]))
    assert page.text == "the page of alice"
    assert alice.fetch(hers.own + "/session").json()["attributes"]["provider"] == "friends"


def test_the_page_for_setting_up(hers, browser):
    hers.host.httpd.start()
    page = browser.open(hers.own + "/members/setup")
    assert page.status == 200 and hers.own + "/members/callback" in page.text
    assert SECRETS["alice"] not in page.text


def test_a_form_of_somebody_who_had_a_session(hers, alice):
    """What is kept for people over a login is the host's: a tenant's form is not."""
    hers.host.httpd.start()
    alice.open(hers.page)
    alice.open(hers.own + "/logout")
    page = alice.post(hers.page, {"a": "b"}, initiator=hers.page)
    assert page.status == 401
    assert list((hers.host.httpd.state / "kept").iterdir()) == []


def test_the_root_of_a_host_beside_its_own_providers(make_tenant, host, closing, alice, backend):
    root = make_tenant("alice", "")
    members(host, closing(sites.TokenSite("the-secret-of-the-host-0123456789ab")), "corp")
    protect(host, "/intern", "SSO corp")
    host.httpd.need("proxy_http")
    host.add('ProxyPass "/back" "%s/"\n<Location "/back">\nSSO off\n</Location>' % backend.url)
    host.httpd.start()
    assert alice.open(root.page).text == "the page of alice"
    assert sign_in(alice, host, "corp")["attributes"]["user"] == "alice"
    sent = alice.jar.header(host.url + "/back")
    assert "__Secure-sso-own-" in sent and "__Host-sso=" in sent
    page = alice.fetch(host.url + "/back")
    assert [v for k, v in page.json()["headers"] if k.lower() == "cookie"] == []


def test_a_front_controller_does_not_get_our_addresses(hers, alice):
    hers.host.httpd.need("rewrite")
    hers.file("front.html", "front")
    hers.write("RewriteEngine on\nRewriteRule . front.html [L]")
    hers.host.httpd.start()
    assert alice.open(hers.page).text == "front"
    assert hers.user(alice) == "alice"


def test_read_once_for_each_version(hers, alice, browser):
    httpd = hers.host.httpd.start()
    alice.open(hers.page)
    cookie = [("Cookie", alice.jar.header(hers.page))]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: exchange("GET", hers.page, cookie), range(64)))
    assert {x.status for x in pages} == {200}
    seen = len(httpd.log.find("<SSOProvider members> was read"))
    assert 1 <= seen <= 8 * len(httpd.children())  # those that came at the same time, first
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: exchange("GET", hers.page, cookie), range(64)))
    assert {x.status for x in pages} == {200}
    assert len(httpd.log.find("<SSOProvider members> was read")) <= 8 * len(httpd.children())
    hers.write("# another version")
    assert exchange("GET", hers.page, cookie).status == 200
    assert len(httpd.log.find("<SSOProvider members> was read")) > seen


def test_a_new_secret_holds_at_once(hers, alice, make_browser):
    hers.host.httpd.start()
    assert alice.open(hers.page).text == "the page of alice"
    for _ in range(40):  # all children know the old one
        assert exchange("GET", hers.page).status == 401
    hers.site.secret = "another-secret-of-alice-0123456789ab"
    hers.file(".htmembers", hers.site.secret + "\n")
    assert make_browser("bob").open(hers.page).text == "the page of alice"


def test_a_provider_that_is_gone_vouches_for_nobody(hers, alice):
    hers.host.httpd.start()
    alice.open(hers.page)
    hers.write(block=hers.block("SSOActive off"))
    hers.host.httpd.expect_fault("inactive")
    assert alice.step(hers.page).fault == "inactive"


def test_more_providers_than_are_kept(host, make_tenant, browser):
    """Each directory has one; the table of a child has room for fewer."""
    root = make_tenant("alice")
    for i in range(300):
        where = root.root / ("d%d" % i)
        where.mkdir()
        for name in (".htaccess", ".htmembers", "x.html"):
            shutil.copy2(root.root / name, where / name)
            if AS_ROOT:
                os.chown(where / name, UIDS["alice"], UIDS["alice"])
    host.httpd.start()
    for _ in range(2):
        for i in range(300):
            page = browser.step("%s/d%d/x.html" % (root.url, i))
            assert is_login(page), repr(page)


def test_administrators_see_and_end_the_sessions(hers, alice):
    hers.host.httpd.start()
    alice.open(hers.page)
    state = ["--state", hers.host.httpd.state]
    listed = subprocess.run([BUILD / "ssoctl", "sessions", "list", "--json", *state], capture_output=True,
                            text=True, timeout=20)
    found = [json.loads(x) for x in listed.stdout.splitlines()]
    assert [(x["user"], x["site"]) for x in found] == [("alice", hers.host.url + " .htaccess")]
    done = subprocess.run([BUILD / "ssoctl", "sessions", "end", "--user", "alice", *state],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr
    assert hers.user(alice) is None


def test_logs_do_not_show_what_signs_people_in(hers, alice):
    httpd = hers.host.httpd
    hers.host.add('CustomLog "logs/access" "%r"')
    httpd.start()
    alice.open(hers.page)
    httpd.stop()
    log = (httpd.root / "logs" / "access").read_text()
    assert "/.sso-own/members/callback?" in log and not re.search(r"(data|sig)=[A-Za-z0-9%]{8}", log)


# -- sessions are of one directory, one owner, one host

def replayed(name, cookie, url):
    """The page that the value of a cookie opens under another name."""
    return exchange("GET", url, [("Cookie", "%s=%s" % (name, cookie.value)), ("Accept", "text/html")])


def test_a_session_opens_nothing_of_another_tenant(hers, other, alice, make_browser):
    hers.host.httpd.start()
    evil = make_browser("bob")
    assert evil.open(other.page).text == "the page of mallory"
    alice.open(hers.page)
    name, mine = hers.cookie(alice).name, other.cookie(evil)
    assert name != mine.name
    assert is_turned_away(replayed(name, mine, hers.page))
    assert replayed(mine.name, mine, other.page).text == "the page of mallory"


def test_nor_over_one_connection(hers, other, alice, make_browser):
    """What the connection remembers of a cookie is of the host."""
    hers.host.httpd.start()
    evil = make_browser("bob")
    evil.open(other.page)
    alice.open(hers.page)
    name, mine = hers.cookie(alice).name, other.cookie(evil)
    connection = connect(hers.page)
    seen = []
    for path, cookie in (("/~mallory/x.html", mine.name), ("/~alice/x.html", name),
                         ("/~mallory/x.html", mine.name)):
        connection.request("GET", path, headers={
            "Host": "www.example.test:%d" % hers.host.port, "Cookie": "%s=%s" % (cookie, mine.value)})
        answer = connection.getresponse()
        seen.append((answer.status, b"the page" in answer.read()))
    connection.close()
    assert [x[1] for x in seen] == [True, False, True], seen


def test_nor_of_the_host(hers, host, closing, alice, make_browser):
    members(host, closing(sites.TokenSite("the-secret-of-the-host-0123456789ab")), "corp")
    protect(host, "/intern", "SSO corp")
    host.page("/intern/x.html", "for the staff")
    host.httpd.start()
    alice.open(hers.page)
    mine = hers.cookie(alice)
    assert is_turned_away(replayed("__Host-sso", mine, host.url + "/intern/x.html"))
    assert replayed("__Host-sso", mine, host.url + "/.sso/session").status == 401
    staff = make_browser("bob")
    sign_in(staff, host, "corp")
    theirs = staff.jar.get(host.url, "__Host-sso")
    assert is_turned_away(replayed(mine.name, theirs, hers.page))
    both = [("Cookie", "__Host-sso=%s; %s=%s" % (theirs.value, mine.name, mine.value)), ("Accept", "text/html")]
    assert exchange("GET", hers.page, both).text == "the page of alice"
    assert exchange("GET", host.url + "/intern/x.html", both).text == "for the staff"


def test_nor_of_another_virtual_host(hers, httpd, alice):
    httpd.need("alias")
    second = httpd.host("second.example.test", tls=True)
    second.add('SSOHtaccessProviders on\nAlias "/~alice" "%s"\n<Directory "%s">\n'
               "AllowOverride AuthConfig FileInfo\n</Directory>" % (hers.root, hers.root))
    httpd.start()
    alice.open(hers.page)
    page = exchange("GET", second.url + "/~alice/x.html", [("Accept", "text/html")])
    flow = [x for x in page.all_headers("Set-Cookie") if re.search("-[0-9a-f]{8}=", x)]
    name = re.match("(__Secure-sso-own-[0-9a-f]{12})", flow[0]).group(1)
    assert is_turned_away(replayed(name, hers.cookie(alice), second.url + "/~alice/x.html"))


@pytest.mark.skipif(not AS_ROOT, reason="only root gives files away")
def test_nor_of_the_next_owner(hers, alice):
    hers.host.httpd.start()
    alice.open(hers.page)
    for name in (".htaccess", ".htmembers"):
        os.chown(hers.root / name, UIDS["mallory"], UIDS["mallory"])
    page = replayed(hers.cookie(alice).name, hers.cookie(alice), hers.page)
    assert page.text != "the page of alice"
    assert hers.user(alice) is None


def test_nor_of_a_directory_within(hers, other, make_tenant, alice, make_browser):
    inner = make_tenant("mallory", "/~alice/guest")
    hers.host.httpd.start()
    alice.open(hers.page)
    assert is_login(alice.step(inner.page))
    evil = make_browser("bob")
    assert evil.open(inner.page).text == "the page of mallory"
    assert is_login(evil.step(hers.page)) and inner.user(evil) == "bob"
    assert is_turned_away(replayed(hers.cookie(alice).name, inner.cookie(evil), hers.page))


def test_nor_of_another_directory_by_the_same_way(hers, make_tenant, host, make_browser):
    """Somebody's link leads to a place of alice's where everybody knows the secret, and then to her page."""
    host.add("<Directory \"%s\">\nOptions FollowSymLinks\n</Directory>" % host.docroot)
    trials = make_tenant("alice", "/trials")
    link = host.docroot / "link"
    os.symlink(trials.root, link)
    trials.site.callback = host.url + "/link/.sso-own/members/callback"
    host.httpd.start()
    evil = make_browser("bob")
    assert evil.open(host.url + "/link/x.html").text == "the page of alice"
    assert evil.step(host.url + "/link/x.html").status == 200
    link.unlink()
    os.symlink(hers.root, link)
    assert is_login(evil.step(host.url + "/link/x.html"))


def test_a_login_that_began_elsewhere_does_not_end_here(hers, other, browser):
    hers.host.httpd.start()
    start = browser.step(hers.page)
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(start.location).query)["token"][0]
    flow = [x for x in browser.jar.find(hers.page, "__Secure-sso-own-") if re.search("-[0-9a-f]{8}$", x.name)]
    browser.step(other.page)
    name = [x.name for x in browser.jar.find(other.page, "__Secure-sso-own-")
            if re.search("-[0-9a-f]{8}$", x.name) and x.path == "/~mallory"][0]
    cookie = "%s-%s=%s" % (name.rsplit("-", 1)[0], flow[0].name.rsplit("-", 1)[1], flow[0].value)
    hers.host.httpd.expect_fault("state_missing")
    page = exchange("GET", other.site.answer_url(token, "bob"), [("Cookie", cookie), ("Accept", "text/html")])
    assert page.fault == "state_missing"


def test_another_secret_signs_nobody_in(hers, other, browser):
    hers.host.httpd.start()
    start = browser.step(hers.page)
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(start.location).query)["token"][0]
    other.site.callback = hers.site.callback
    hers.host.httpd.expect_log("no usual mistake explains the signature")
    hers.host.httpd.expect_fault("sig_mismatch")
    assert browser.step(other.site.answer_url(token, "alice")).fault == "sig_mismatch"
    assert hers.user(browser) is None


def test_addresses_answer_in_their_directory_only(hers, browser):
    hers.host.page("/plain/x.html", "plain")
    hers.host.httpd.start()
    for path in ("/.sso-own/members/setup", "/plain/.sso-own/session", "/.sso/members/setup",
                 "/~alice/deep/.sso-own/session"):
        assert browser.fetch(hers.host.url + path).status in (401, 404)
        assert browser.fetch(hers.host.url + path).header("X-SSO-Fault") is None
    assert browser.fetch(hers.own + "/session").json()["error"] == "login_required"


def who(path):
    return 'Header always set X-Who "%{SSO_USER}e"\nHeader always set X-Where "' + path + '"'


def test_an_internal_redirect_takes_nobody_along(hers, other, make_browser):
    hers.host.httpd.need("rewrite", "headers")
    hers.write("SSOMode optional\n" + who("alice"))
    other.write("RewriteEngine on\nRewriteRule ^in$ /~alice/x.html [L]\n" + who("mallory"))
    other.file("y.html", "y")
    hers.host.httpd.start()
    evil = make_browser("bob")
    assert evil.open(other.url + "/y.html").header("X-Who") == "bob"
    page = evil.step(other.url + "/in")
    assert page.text == "the page of alice" and page.header("X-Who") in (None, "(null)")


def test_nor_does_an_included_part(hers, other, make_browser):
    """A part of a page is let in as whoever is signed in there, and not as who is signed in around it."""
    hers.host.httpd.need("include")
    other.host.add('<Directory "%s">\nOptions +Includes\nAddOutputFilter INCLUDES .shtml\n'
                   "</Directory>" % other.root)
    other.file("y.shtml", 'a<!--#include virtual="/~alice/x.html" -->b')
    hers.host.httpd.expect_log("unable to include")
    hers.host.httpd.start()
    page = make_browser("bob").open(other.url + "/y.shtml")
    assert page.text.startswith("a") and "the page of alice" not in page.text


# -- what a file may not say

def test_off_unless_the_host_says_so(httpd, closing, browser):
    host = httpd.host("www.example.test", tls=True)
    host.add('<Directory "%s">\nAllowOverride AuthConfig\n</Directory>' % host.docroot)
    hers = Tenant(host, "alice", closing(sites.TokenSite(SECRETS["alice"])))
    httpd.start()
    hers.fails(browser, r"line 1: <SSOProvider members hmac> providers in .htaccess files are not allowed "
                        r"here; ask the server's administrator for SSOHtaccessProviders on")


def test_not_without_the_override(hers, browser):
    hers.host.add('<Directory "%s">\nAllowOverride FileInfo\n</Directory>' % hers.root)
    hers.host.httpd.start()
    hers.fails(browser, "<SSOProvider not allowed here")


@pytest.mark.parametrize("line, message", [
    ("SSOHmacSync on", "line 4: .* SSOHmacSync: is not for a provider in .htaccess"),
    ("SSOProvision off", "SSOProvision: is not for"),
    ("SSOLinkBy email", "SSOLinkBy: is not for"),
    ("SSOSetupPages anyone", "SSOSetupPages: is not for"),
    ("SSOUserAttribute email match=(.*)", "match= is not for a provider in .htaccess"),
    ("SSOSamlAllow sha1", "SSOSamlAllow is not for hmac providers"),
    ("SSOHmacEndpoint http://elsewhere.example.org/sso", "is not https"),
    ("SSOSessionIdle 20x", "unknown unit|SSOSessionIdle"),
    ("SSONothing on", "has no setting 'SSONothing'"),
])
def test_lines_that_are_not_for_tenants(hers, browser, line, message):
    hers.write(block=hers.block(line))
    hers.host.httpd.start()
    hers.fails(browser, message)


@pytest.mark.parametrize("protocol", ["saml", "oidc"])
def test_protocols_that_are_not_for_tenants(hers, browser, protocol):
    hers.write(block="<SSOProvider members %s>\n</SSOProvider>" % protocol)
    hers.host.httpd.start()
    hers.fails(browser, "in .htaccess the protocol is hmac or discourse; ask the server's administrator "
                        "to define a provider of protocol " + protocol)


def test_peers_are_not_for_tenants(hers, browser):
    hers.write("<SSOPeer forum hmac>\n</SSOPeer>")
    hers.host.httpd.start()
    hers.fails(browser, "<SSOPeer not allowed here")


def test_a_provider_of_the_host_is_not_shadowed(hers, host, closing, browser):
    members(host, closing(sites.TokenSite("the-secret-of-the-host-0123456789ab")))
    host.httpd.start()
    hers.fails(browser, "the server has a provider members itself; choose another name")


def test_one_name_once(hers, browser):
    hers.write(block=hers.block() + "\n" + hers.block())
    hers.host.httpd.start()
    hers.fails(browser, "line 6: .*members is defined twice in this file")


def test_not_within_another_section(hers, browser):
    hers.write(block="<Files x.html>\n" + hers.block() + "\n</Files>")
    hers.host.httpd.start()
    hers.fails(browser, "stands by itself in the file")


def test_within_ifmodule(hers, alice):
    hers.write(block="<IfModule mod_sso.c>\n" + hers.block() + "\n</IfModule>")
    hers.host.httpd.start()
    assert alice.open(hers.page).text == "the page of alice"


def test_not_in_directories_of_the_configuration(host, hers):
    host.add('<Directory "%s">\n%s\n</Directory>' % (hers.root, hers.block()))
    checked = host.httpd.configtest()
    assert not checked.ok and "cannot occur within" in checked.output


def test_not_together_with_the_hosts(hers, host, closing, browser):
    members(host, closing(sites.TokenSite("the-secret-of-the-host-0123456789ab")), "corp")
    hers.file(".htaccess", hers.block() + "\nSSO members corp\n")
    host.httpd.expect_fault("config")
    host.httpd.start()
    assert browser.step(hers.page).fault == "config"


def test_a_provider_of_the_host_may_be_named_beside_them(hers, host, closing, alice):
    members(host, closing(sites.TokenSite("the-secret-of-the-host-0123456789ab")), "corp")
    hers.file(".htaccess", hers.block() + "\nSSO corp\n")
    host.httpd.start()
    page = alice.open(hers.page)
    assert page.text == "the page of alice" and user_of(alice, host) == "alice"
    assert hers.cookie(alice) is None


def test_an_address_that_cannot_be_a_cookies(make_tenant, browser):
    hers = make_tenant("alice", "/a b")
    hers.host.httpd.start()
    hers.host.httpd.expect_log("SSO: config.*/a b/, which has providers of its own: they need an address")
    assert browser.step(hers.host.url + "/a%20b/x.html").fault == "config"


# -- secrets

def elsewhere(hers):
    return hers.host.httpd.file("elsewhere/.htmembers", SECRETS["alice"] + "\n")


def linked(hers):
    hers.secret.unlink()
    os.symlink(elsewhere(hers), hers.secret)


def linked_directory(hers):
    os.symlink(elsewhere(hers).parent, hers.root / "to")


def hard_linked(hers):
    os.link(hers.secret, hers.root / ".htother")


def pipe(hers):
    hers.secret.unlink()
    os.mkfifo(hers.secret, 0o644)
    if AS_ROOT:
        os.chown(hers.secret, UIDS["alice"], UIDS["alice"])


def nothing(hers):
    pass


@pytest.mark.parametrize("source, prepare, message", [
    ("file:.htmembers", linked, "is reached by a symbolic link"),
    ("file:to/.htmembers", linked_directory, "is reached by a symbolic link"),
    ("file:.htmembers", hard_linked, "has another name besides"),
    ("file:.htmembers", pipe, "is not a file"),
    ("file:.htmembers", lambda hers: hers.secret.chmod(0o664), 'run "chmod go-w'),
    ("file:.htmembers", lambda hers: hers.secret.chmod(0o646), 'run "chmod go-w'),
    ("file:.htmembers", lambda hers: hers.file(".htmembers", "x" * 5000), "is longer than"),
    ("file:.htmembers", lambda hers: hers.file(".htmembers", "short\n"), "has 5 bytes, 16 at least"),
    ("file:.htnone", nothing, "there is no file .htnone in .*: write the secret into it"),
    ("file:../../elsewhere/.htmembers", elsewhere, "is reached by"),
    ("file:/etc/.htpasswd", nothing, "is not below .*: put the file there"),
    ("file:members.secret", nothing, 'give the file a name that begins with ".ht"'),
    ("file:.htdir/members.secret", nothing, 'give the file a name that begins with ".ht"'),
    ("exec:/bin/cat", nothing, "in .htaccess a secret comes from a file"),
    ("env:PATH", nothing, "in .htaccess a secret comes from a file"),
    ("0123456789abcdef0123456789abcdef", nothing, "SSOHmacSecret: "),
])
def test_secrets_that_are_refused(hers, browser, source, prepare, message):
    hers.write(block=hers.block(secret=source))
    prepare(hers)
    hers.host.httpd.start()
    hers.fails(browser, message)


@pytest.mark.skipif(not AS_ROOT, reason="only root gives files away")
def test_the_secret_of_somebody_else(hers, browser):
    os.chown(hers.secret, UIDS["mallory"], UIDS["mallory"])
    hers.host.httpd.start()
    hers.fails(browser, "belongs to user 2002, not to 2001 as the file that names it: make one of your own")


def test_below_by_its_whole_name(hers, alice):
    hers.file("deep/.htmembers", SECRETS["alice"] + "\n")
    hers.write(block=hers.block(secret="file:%s/deep/.htmembers" % hers.root))
    hers.host.httpd.start()
    assert alice.open(hers.page).text == "the page of alice"


def test_the_secret_is_not_served(hers, alice):
    """Not even where httpd's own rule about .ht is missing, as here, and not to who is signed in."""
    hers.host.httpd.start()
    alice.open(hers.page)
    for path in ("/.htmembers", "/.htmembers/x", "/.htaccess"):
        page = alice.fetch(hers.url + path)
        assert page.status == 403 and SECRETS["alice"] not in page.text


def test_nor_by_a_way_that_the_file_itself_opens(hers, alice):
    """httpd does not ask again who may enter, where it is sent on within one directory."""
    hers.host.httpd.need("rewrite", "dir")
    hers.host.add('<Directory "%s">\nAllowOverride AuthConfig FileInfo Indexes\n</Directory>' % hers.root)
    hers.write("RewriteEngine on\nRewriteRule ^get/(.*)$ $1 [L]\nDirectoryIndex .htmembers")
    hers.host.httpd.start()
    alice.open(hers.page)
    for path in ("/get/.htmembers", "/get/.htmembers/x", "/"):
        page = alice.fetch(hers.url + path)
        assert page.status in (403, 404) and SECRETS["alice"] not in page.text


def test_a_section_that_is_too_long(hers, browser):
    hers.write(block=hers.block("\n".join("SSODomains d%d.of.some.example" % i for i in range(400))))
    hers.host.httpd.start()
    hers.fails(browser, "is longer than 8192 bytes; shorten it")


# -- the file itself

def test_a_file_that_others_may_write(hers, browser):
    (hers.root / ".htaccess").chmod(0o666)
    hers.host.httpd.start()
    hers.fails(browser, 'run "chmod go-w .htaccess"')


def test_a_file_that_is_a_link(hers, browser):
    (hers.root / ".htaccess").rename(hers.root / "really")
    os.symlink(hers.root / "really", hers.root / ".htaccess")
    hers.host.httpd.start()
    hers.fails(browser, r"\.htaccess is a symbolic link")


# -- what speaks for the host is not the tenants'

def test_no_assertions(hers, browser, alice):
    hers.write("SSOAssertion on")
    hers.host.httpd.start()
    hers.host.httpd.expect_log("SSO: config.*SSOAssertion holds in .*/~alice/, where a provider of the "
                               ".htaccess file signs people in")
    assert browser.step(hers.page).fault == "config"
    assert browser.fetch(hers.own + "/jwks.json").status == 404
    hers.host.httpd.expect_fault("not_found")


def test_no_assertions_where_it_is_open(hers, host, closing, alice):
    """Not by the keys of the host, which has some."""
    members(host, closing(sites.TokenSite("the-secret-of-the-host-0123456789ab")), "corp")
    host.httpd.start()
    alice.open(hers.page)
    hers.write("SSOAssertion on\nSSOMode optional")
    host.httpd.expect_log("SSO: config.*SSOAssertion holds in .*/~alice/")
    assert alice.step(hers.page).fault == "config"


def test_no_credentials_of_others(hers, browser):
    secret = hers.host.httpd.secret("backend.secret", "a-secret-of-the-backend")
    hers.host.httpd.need("proxy_http")
    hers.host.add('<Directory "%s">\nSSOBackendAuth trusted-user file:%s\n</Directory>'
                  % (hers.root, secret))
    hers.host.httpd.start()
    hers.host.httpd.expect_log("SSOBackendAuth holds in .*/~alice/")
    assert browser.step(hers.page).fault == "config"


def test_no_accounts(hers, host, closing, alice, httpd):
    """The person is the tenant's, though the host keeps accounts of its own."""
    members(host, closing(sites.TokenSite("the-secret-of-the-host-0123456789ab")), "corp")
    host.add("SSOAccounts on")
    httpd.start()
    alice.open(hers.page)
    assert hers.user(alice) == "alice"
    listed = ssoctl(httpd, "accounts", "list")
    assert "alice" not in listed.stdout, listed.stdout


# -- whom a tenant's provider names is nobody to the host

def carried(page):
    """What a backend was told of people."""
    return [(k, v) for k, v in page.json()["headers"]
            if re.match("x-sso-|x-who", k.lower())]


@pytest.fixture
def host_backend(host, backend):
    """Of the host's, which believes what this server says of people; nobody has to be signed in there."""
    host.httpd.need("proxy_http")
    host.add('ProxyPass "/back" "%s/"\n<Location "/back">\nSSO off\n</Location>' % backend.url)
    return backend


def test_an_error_page_of_the_host_hears_of_nobody(hers, host, host_backend, alice):
    host.add("ErrorDocument 404 /back/missing")
    hers.write("SSOHeader X-Who user\nSSOHeader X-SSO-User user")
    host.httpd.start()
    alice.open(hers.page)
    page = alice.step(hers.url + "/none.html")
    assert page.json()["path"].endswith("/missing"), page.text
    assert carried(page) == []


@pytest.mark.parametrize("place", ["SSO off", "SSO corp\nSSOMode optional"])
def test_nor_does_what_stands_in_for_the_directory(hers, host, host_backend, closing, alice, place):
    """mod_dir hands the request over, after it was known whose it is."""
    members(host, closing(sites.TokenSite("the-secret-of-the-host-0123456789ab")), "corp")
    host.add('<Directory "%s">\nAllowOverride AuthConfig Indexes\n</Directory>\n'
             '<Location "/back">\n%s\n</Location>' % (hers.root, place))
    host.httpd.need("dir")
    hers.write("DirectoryIndex /back/index\nSSOHeader X-Who user\nSSOHeader X-SSO-User user")
    host.httpd.start()
    alice.open(hers.page)
    page = alice.step(hers.url + "/")
    assert page.json()["path"].endswith("/index"), page.text
    assert carried(page) == []


def test_nor_does_a_program_of_the_host(hers, host, alice):
    """By no variable, though httpd hands on those of the request before."""
    host.httpd.need("headers")
    host.add("ErrorDocument 404 /missing.html")
    host.page("/missing.html", "missing")
    names = ("SSO_USER", "REDIRECT_SSO_USER", "REDIRECT_WHO", "REDIRECT_WHO_N")
    host.add('<Location "/missing.html">\n%s\n</Location>'
             % "\n".join('Header always set X-Has-%s "%%{%s}e"' % (x, x) for x in names))
    hers.write("SSOEnv WHO groups\nSSOListFormat numbered")
    host.httpd.start()
    alice.open(hers.page)
    page = alice.step(hers.url + "/none.html")
    assert page.text == "missing"
    assert {page.header("X-Has-" + x) for x in names} <= {None, "(null)"}


def test_nor_does_a_part_of_the_hosts(hers, host, host_backend, alice):
    host.httpd.need("include")
    host.add('<Directory "%s">\nOptions +Includes\nAddOutputFilter INCLUDES .shtml\n</Directory>' % hers.root)
    hers.write("SSOHeader X-Who user\nSSOHeader X-SSO-User user")
    hers.file("y.shtml", '<!--#include virtual="/back/part" -->')
    host.httpd.start()
    page = alice.open(hers.url + "/y.shtml")
    assert page.json()["path"].endswith("/part"), page.text
    assert carried(page) == []
