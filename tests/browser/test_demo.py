"""The demo, started by its command and used by a person: headless Chromium clicks, types and looks.

Screenshots of every page are left in $SCREENSHOTS.
"""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.parse

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

TOP = pathlib.Path(__file__).resolve().parents[2]
SHOTS = pathlib.Path(os.environ.get("SCREENSHOTS", "screenshots")).resolve()
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--ignore-certificate-errors", "--window-size=1100,900")


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@pytest.fixture(scope="module")
def demo():
    """The address of the running demo."""
    run = pathlib.Path(tempfile.mkdtemp(prefix="sso-demo-"))  # pytest's own are closed to httpd's user
    port, idp, members = free_ports(3)
    env = dict(os.environ, PORT=str(port), IDP=str(idp), MEMBERS=str(members), RUN=str(run))
    started = subprocess.run([TOP / "demo.sh"], env=env, capture_output=True, text=True,
                             timeout=600, stdin=subprocess.DEVNULL)
    assert started.returncode == 0, started.stdout + started.stderr
    assert "Open http://localhost:%d" % port in started.stdout
    yield "http://localhost:%d" % port
    log = (run / "error.log").read_text()
    subprocess.run([TOP / "demo.sh", "stop"], env=env, check=True, timeout=60)
    shutil.rmtree(run)
    assert "exit signal" not in log, log


@pytest.fixture
def browser(tmp_path):
    options = webdriver.ChromeOptions()
    for flag in FLAGS + ("--user-data-dir=%s" % tmp_path,):
        options.add_argument(flag)
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    SHOTS.mkdir(parents=True, exist_ok=True)
    yield driver
    driver.quit()


def wait(browser, condition):
    WebDriverWait(browser, 20).until(condition)


def shot(browser, name):
    browser.save_screenshot(str(SHOTS / (name + ".png")))


def path(browser):
    return urllib.parse.urlsplit(browser.current_url).path


def cells(browser, table):
    return {row.find_element(By.TAG_NAME, "th").text: row.find_element(By.TAG_NAME, "td").text
            for row in browser.find_elements(By.CSS_SELECTOR, "#%s tr" % table)}


def type_into(browser, **values):
    for name, value in values.items():
        browser.find_element(By.NAME, name).send_keys(value)


def complaints(browser):
    """What the browser has to say of our pages: a policy that forbids something of theirs."""
    return [x["message"] for x in browser.get_log("browser") if "favicon" not in x["message"]]


def sign_in_by_saml(browser, demo):
    browser.get(demo + "/")
    browser.find_element(By.LINK_TEXT, "Open the intranet").click()
    wait(browser, lambda b: b.find_elements(By.NAME, "username"))
    shot(browser, "saml-1-identity-provider")
    type_into(browser, username="alice", password="alice-pw")
    browser.find_element(By.NAME, "password").submit()
    wait(browser, lambda b: path(b) == "/intranet/")


def test_saml(browser, demo):
    browser.get(demo + "/")
    shot(browser, "start")
    sign_in_by_saml(browser, demo)
    shot(browser, "saml-2-intranet")
    variables, headers = cells(browser, "variables"), cells(browser, "headers")
    assert variables["REMOTE_USER"] == "alice"
    assert variables["SSO_NAME"] == "Alice Ärmel"
    assert variables["SSO_GROUPS"] == "staff,admins"
    assert headers["HTTP_X_SSO_EMAIL"] == "alice@example.org"
    assert urllib.parse.unquote(headers["HTTP_X_SSO_NAME"]) == "Alice Ärmel"

    browser.find_element(By.LINK_TEXT, "Sign out").click()
    wait(browser, lambda b: "You are signed out" in b.page_source)
    shot(browser, "signed-out")
    browser.get(demo + "/.sso/session")
    assert "login_required" in browser.page_source


def test_signed_token(browser, demo):
    browser.get(demo + "/")
    browser.find_element(By.LINK_TEXT, "Open the members' area").click()
    wait(browser, lambda b: b.find_elements(By.ID, "login"))
    shot(browser, "token-1-members-site")
    type_into(browser, name="bob", password="wrong")
    browser.find_element(By.ID, "login").click()
    wait(browser, lambda b: "Name or password are wrong" in b.page_source)
    type_into(browser, name="bob", password="bob-pw")
    browser.find_element(By.ID, "login").click()
    wait(browser, lambda b: path(b) == "/members/")
    shot(browser, "token-2-members-area")
    variables = cells(browser, "variables")
    assert variables["REMOTE_USER"] == "1002"
    assert variables["SSO_EMAIL"] == "bob@example.org"
    assert variables["SSO_ROLES"] == "reader"


def test_the_setup_page_has_buttons_that_copy(browser, demo):
    browser.get(demo + "/")
    browser.find_element(By.LINK_TEXT, "Set up the company account").click()
    wait(browser, lambda b: path(b) == "/.sso/corp/setup")
    shot(browser, "setup")
    button = browser.find_element(By.CSS_SELECTOR, "button[aria-label='Copy Audience']")
    assert button.is_displayed()
    button.click()
    wait(browser, lambda b: button.text == "Copied")
    assert demo + "/.sso/corp/acs" in browser.page_source
    assert not complaints(browser)


def test_the_test_page_shows_every_check_and_signs_nobody_in(browser, demo):
    browser.get(demo + "/.sso/corp/setup")
    browser.find_element(By.LINK_TEXT, "Go to the test page").click()
    wait(browser, lambda b: b.find_elements(By.NAME, "email"))
    shot(browser, "test-1-start")
    type_into(browser, email="alice@example.org")
    browser.find_element(By.TAG_NAME, "button").click()
    wait(browser, lambda b: b.find_elements(By.NAME, "username"))
    type_into(browser, username="alice", password="alice-pw")
    browser.find_element(By.NAME, "password").submit()
    wait(browser, lambda b: "it works" in b.title)
    shot(browser, "test-2-report")
    assert "It was alice@example.org, as expected" in browser.page_source
    assert len(browser.find_elements(By.CSS_SELECTOR, "tr.good")) > 25
    assert not browser.find_elements(By.CSS_SELECTOR, "tr.bad, tr.off")
    assert not complaints(browser)
    browser.get(demo + "/.sso/session")
    assert "login_required" in browser.page_source


def test_the_back_button_and_a_reload_lead_back(browser, demo):
    sign_in_by_saml(browser, demo)
    browser.refresh()
    assert cells(browser, "variables")["REMOTE_USER"] == "alice"


def test_a_foreign_answer_gets_a_page_with_a_reference(browser, demo):
    browser.get(demo + "/.sso/members/callback?data=e30%3D&sig=" + "0" * 64)
    shot(browser, "error")
    assert "sig_mismatch" in browser.page_source
    assert browser.find_elements(By.LINK_TEXT, "Start again")


def test_a_logout_from_a_foreign_page_asks_first(browser, demo):
    sign_in_by_saml(browser, demo)
    browser.get("data:text/html,<a id=x href='%s/.sso/logout'>x</a>" % demo)
    browser.find_element(By.ID, "x").click()
    wait(browser, lambda b: "Sign out?" in b.page_source)
    shot(browser, "logout-asks")
    browser.find_element(By.TAG_NAME, "button").click()
    wait(browser, lambda b: "You are signed out" in b.page_source)
