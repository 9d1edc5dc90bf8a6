"""A forum asks who somebody is, in headless Chromium: people come from SimpleSAMLphp by SAML to a portal,
and from the portal by signed token or DiscourseConnect to a forum.

Screenshots of every page are left in $SCREENSHOTS.
"""
import os
import pathlib
import sys
import urllib.request

import pytest
from selenium.webdriver.common.by import By

TOP = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("SSO_BUILD", os.environ.get("BUILD", str(TOP / "build")))
sys.path.insert(0, str(TOP / "tests" / "http"))

from lib.forum import PhpForum  # noqa: E402
from lib.httpd import Httpd  # noqa: E402
from lib.idps import SimpleSamlPhp  # noqa: E402
from lib.recipes import peer, saml  # noqa: E402
from pages import PAGE  # noqa: E402
from test_demo import browser, shot, type_into, wait  # noqa: E402, F401

SECRET = "a-secret-of-the-forum-0123456789abcdef"


@pytest.fixture
def idp():
    idp = SimpleSamlPhp()
    yield idp
    idp.close()


@pytest.fixture(params=["portal.localhost"])
def portal(idp, request):
    """The site whose people SimpleSAMLphp knows; it is not started. The names of portal and forum
    differ, so that neither sees the other's cookies."""
    httpd = Httpd()
    httpd.add("SSOInsecureHttp on")
    host = httpd.host(request.param)
    saml(host, idp, extra="SSOUserAttribute username")
    host.page("/index.html", PAGE % {"title": "The portal", "text": "You belong here."})
    yield host
    httpd.stop()
    httpd.remove()


def start(portal, idp):
    portal.httpd.start()
    metadata = urllib.request.urlopen(urllib.request.Request(
        "http://127.0.0.1:%d/.sso/corp/metadata" % portal.port,
        headers={"Host": "%s:%d" % (portal.name, portal.port)}), timeout=20).read()
    idp.register("portal", metadata)
    idp.commit()


def sign_in_at_the_idp(browser, name):
    wait(browser, lambda b: b.find_elements(By.NAME, "username"))
    shot(browser, name)
    type_into(browser, username="alice", password="alice-pw")
    browser.find_element(By.NAME, "password").submit()


def test_php_forum(browser, idp, portal):
    forum = PhpForum(SECRET)
    try:
        forum.endpoint = peer(portal, SECRET, forum.callback,
                              extra="SSOPeerStart " + forum.start_url)
        start(portal, idp)
        forum.start()
        browser.get(forum.url + "/")
        assert "reading as a guest" in browser.page_source
        shot(browser, "peer-1-forum-guest")
        browser.find_element(By.LINK_TEXT, "Sign in").click()
        sign_in_at_the_idp(browser, "peer-2-identity-provider")
        wait(browser, lambda b: b.find_elements(By.ID, "hello"))
        shot(browser, "peer-3-forum-signed-in")
        assert browser.current_url == forum.url + "/"
        assert "signed in as Alice Ärmel" in browser.find_element(By.ID, "hello").text
        browser.delete_all_cookies()  # of the forum: the portal still knows who it is
        browser.get(forum.url + "/")
        browser.find_element(By.LINK_TEXT, "Sign in").click()
        wait(browser, lambda b: b.find_elements(By.ID, "hello"))
    finally:
        forum.close()


@pytest.mark.parametrize("portal", ["localhost"], indirect=True)
@pytest.mark.parametrize("dialect", ["hmac", "discourse"])
def test_mod_sso_at_both_ends(browser, idp, portal, dialect):
    httpd = Httpd()
    try:
        httpd.add("SSOInsecureHttp on")
        forum = httpd.host("127.0.0.1")
        words = {"hmac": "Hmac", "discourse": "Discourse"}[dialect]
        forum.add("<SSOProvider www %s>\nSSO%sEndpoint %s/.sso/peer/forum\nSSO%sSecret file:%s\n"
                  "</SSOProvider>\n<Location /members>\nSSO www\n</Location>"
                  % (dialect, words, portal.url, words, httpd.secret("www.secret", SECRET)))
        forum.page("/index.html", PAGE % {
            "title": "The forum", "text": "<a href='/members/'>Enter the members' area</a>"})
        forum.page("/members/index.html", PAGE % {"title": "Members only", "text": "Welcome inside."})
        peer(portal, SECRET, forum.url + "/.sso/www/callback", dialect=dialect)
        start(portal, idp)
        httpd.start()
        browser.get(forum.url + "/")
        shot(browser, "joined-%s-1-forum" % dialect)
        browser.find_element(By.LINK_TEXT, "Enter the members' area").click()
        sign_in_at_the_idp(browser, "joined-%s-2-identity-provider" % dialect)
        wait(browser, lambda b: "Welcome inside" in b.page_source)
        shot(browser, "joined-%s-3-inside" % dialect)
        assert browser.current_url == forum.url + "/members/"
        browser.get(forum.url + "/.sso/session")
        assert '"user":"alice"' in browser.page_source and "Alice Ärmel" in browser.page_source
        browser.get(forum.url + "/.sso/logout")
        browser.get(forum.url + "/")
        browser.find_element(By.LINK_TEXT, "Enter the members' area").click()  # one click, no password
        wait(browser, lambda b: "Welcome inside" in b.page_source)
    finally:
        httpd.stop()
        httpd.remove()
