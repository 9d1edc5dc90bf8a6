"""SSOKeepFragment in headless Chromium: people come back to where they were within the page.

Screenshots of every page are left in $SCREENSHOTS.
"""
import os
import pathlib
import sys

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

TOP = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("SSO_BUILD", os.environ.get("BUILD", str(TOP / "build")))
sys.path.insert(0, str(TOP / "tests" / "http"))

from conftest import SECRET, running  # noqa: E402
from lib.recipes import members, protect, saml  # noqa: E402
from lib.saml_idp import SamlIdp  # noqa: E402
from lib.sites import TokenSite  # noqa: E402
from pages import PAGE  # noqa: E402
from test_demo import FLAGS, browser, complaints, shot, type_into, wait  # noqa: E402, F401

HASHES = ("#part", "#/list?sort=name&q=a b", "#caf\u00e9", "#a=%23&b=100%25", '#{"x":["y"]}|^~\'')


@pytest.fixture
def site():
    """The host localhost, another site than the one on 127.0.0.1 that signs people in."""
    peer, idp = TokenSite(SECRET), SamlIdp()
    with running(lambda: False) as httpd:
        host = httpd.host("localhost")
        httpd.add("SSOInsecureHttp on")
        members(host, peer)
        saml(host, idp, "corp")
        for name, provider in (("app", "members"), ("posted", "corp"), ("both", "members corp")):
            protect(host, "/" + name, "SSO %s\nSSOKeepFragment on" % provider)
            host.page("/%s/x.html" % name, PAGE % {"title": "Inside", "text": "here"})
        httpd.start()
        yield host
    peer.close()
    idp.close()


def sign_in(browser):
    wait(browser, lambda b: b.find_elements(By.NAME, "password"))
    type_into(browser, user="alice", password="alice-pw")
    browser.find_element(By.CSS_SELECTOR, "input[type=submit]").click()


def is_inside(browser):
    return browser.title == "Inside"


@pytest.mark.parametrize("written", HASHES)
def test_it_comes_back(browser, site, written):
    """As the browser itself shows it where no login comes between."""
    browser.get(site.url + "/nowhere.html" + written)
    shown = browser.execute_script("return location.hash")
    browser.get(site.url + "/app/x.html?q=1" + written)
    sign_in(browser)
    wait(browser, is_inside)
    assert browser.execute_script("return location.hash") == shown
    assert browser.current_url == site.url + "/app/x.html?q=1" + shown
    assert [x for x in complaints(browser) if "40" not in x] == []


def test_one_that_no_address_could_bring(browser, site):
    """Tokens there may be longer than the line of a request may be: people come in all the same."""
    browser.get(site.url + "/app/x.html#" + "x" * 9000)
    sign_in(browser)
    wait(browser, is_inside)
    assert browser.current_url == site.url + "/app/x.html"


def test_an_answer_that_is_posted(browser, site):
    browser.get(site.url + "/posted/x.html#part")
    wait(browser, is_inside)
    assert browser.current_url == site.url + "/posted/x.html#part"


def test_by_way_of_the_chooser(browser, site):
    browser.get(site.url + "/both/x.html#part")
    wait(browser, lambda b: b.find_elements(By.PARTIAL_LINK_TEXT, "corp"))
    shot(browser, "fragment-1-chooser")
    browser.find_element(By.PARTIAL_LINK_TEXT, "corp").click()
    wait(browser, is_inside)
    assert browser.current_url == site.url + "/both/x.html#part"


def test_nobody_comes_back_to_our_page(browser, site):
    """The way back from the login is to where the person was before."""
    browser.get(site.url + "/nowhere.html")
    browser.get(site.url + "/app/x.html#part")
    wait(browser, lambda b: b.find_elements(By.NAME, "password"))
    browser.back()
    wait(browser, lambda b: b.current_url == site.url + "/nowhere.html")


def test_without_scripts_people_go_on_without_it(tmp_path, site):
    options = webdriver.ChromeOptions()
    for flag in FLAGS + ("--user-data-dir=%s" % tmp_path,):
        options.add_argument(flag)
    options.add_experimental_option(
        "prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    try:
        driver.get(site.url + "/app/x.html#part")
        sign_in(driver)
        wait(driver, is_inside)
        assert driver.current_url == site.url + "/app/x.html"
    finally:
        driver.quit()
