"""A form in headless Chromium whose session ends while it is filled in: it arrives after the login.

Screenshots of every page are left in $SCREENSHOTS.
"""
import base64
import json
import os
import pathlib
import sys

import pytest
from selenium.webdriver.common.by import By

TOP = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("SSO_BUILD", os.environ.get("BUILD", str(TOP / "build")))
sys.path.insert(0, str(TOP / "tests" / "http"))

from conftest import SECRET, running  # noqa: E402
from lib.recipes import members, protect  # noqa: E402
from lib.sites import BODY_CGI, TokenSite  # noqa: E402
from pages import PAGE  # noqa: E402
from test_demo import browser, complaints, path, shot, type_into, wait  # noqa: E402, F401

FORM = """<form method="post" action="/app/save.cgi?id=7" enctype="multipart/form-data">
<input name="title"><input name="photo" type="file"><button id="send">Send</button></form>"""
PHOTO = bytes(range(256)) * 200


@pytest.fixture
def site():
    """The host localhost, another site than the one on 127.0.0.1 that signs people in."""
    peer = TokenSite(SECRET)
    with running(lambda: False) as httpd:
        host = httpd.host("localhost")
        httpd.add("SSOInsecureHttp on\nSSOSessionPersist off")
        httpd.need("cgid", "dir")
        members(host, peer)
        protect(host, "/app", "SSO members\nOptions +ExecCGI\nAddHandler cgi-script .cgi")
        host.page("/app/form.html", PAGE % {"title": "A form", "text": FORM})
        host.page("/app/save.cgi", BODY_CGI, 0o755)
        httpd.start()
        yield host
    peer.close()


def sign_in(browser, name):
    wait(browser, lambda b: b.find_elements(By.NAME, "password"))
    type_into(browser, user=name, password=name + "-pw")
    browser.find_element(By.CSS_SELECTOR, "input[type=submit]").click()


def fill_in_and_send(browser, site, tmp_path):
    """The form, filled in; its session is over when it is sent, and the other site forgets people."""
    photo = tmp_path / "photo.bin"
    photo.write_bytes(PHOTO)
    browser.get(site.url + "/app/form.html")
    sign_in(browser, "alice")
    wait(browser, lambda b: path(b) == "/app/form.html")
    type_into(browser, title="Ada & \"Grace\"", photo=str(photo))
    shot(browser, "form-1-filled-in")
    browser.execute_cdp_cmd("Network.deleteCookies",
                            {"name": "site-user", "url": "http://127.0.0.1/"})
    site.httpd.restart()
    browser.find_element(By.ID, "send").click()


def test_it_arrives(browser, site, tmp_path):
    fill_in_and_send(browser, site, tmp_path)
    sign_in(browser, "alice")
    wait(browser, lambda b: path(b) == "/app/save.cgi")
    shot(browser, "form-2-arrived")
    assert browser.current_url == site.url + "/app/save.cgi?id=7"
    answer = json.loads(browser.find_element(By.TAG_NAME, "body").text)
    assert answer["env"]["REMOTE_USER"] == "alice"
    assert answer["env"]["REQUEST_METHOD"] == "POST"
    body = base64.b64decode(answer["body"])
    assert PHOTO in body and b'filename="photo.bin"' in body and b'Ada & "Grace"' in body
    assert body.startswith(b"--" + answer["env"]["CONTENT_TYPE"].partition("boundary=")[2].encode())
    assert complaints(browser) == []


def test_somebody_else_signs_in(browser, site, tmp_path):
    fill_in_and_send(browser, site, tmp_path)
    site.httpd.expect_fault("kept_other")
    sign_in(browser, "bob")
    wait(browser, lambda b: "filled in by somebody else" in b.page_source)
    shot(browser, "form-3-somebody-else")
    assert list((site.httpd.state / "kept").iterdir()) == []
