"""The chooser and silent logins in headless Chromium, as a person meets them.

Screenshots of every page are left in $SCREENSHOTS.
"""
import os
import pathlib
import sys

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

os.environ.setdefault("SSO_BUILD", os.environ.get("BUILD", "build"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "http"))
from conftest import running  # noqa: E402
from lib.recipes import protect, saml  # noqa: E402
from lib.saml_idp import SamlIdp  # noqa: E402

SHOTS = pathlib.Path(os.environ.get("SCREENSHOTS", "screenshots")).resolve()
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--window-size=1100,900")
NAMES = ("Alpha University", "Beta Laboratories", "City Library", "Delta Works Council",
         "Hospital of the Holy Spirit", "Institute for Polar Research", "Observatory",
         "School of Music and Theatre", "State Archive", "Technical University of Somewhere")
LOGO = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 28"><rect width="40" height="28" '
        'rx="4" fill="%s"/></svg>')
COLOURS = ("#1b5fc1", "#8a2be2", "#1a7f45", "#b3261e", "#8a5a00")


class QuietIdp(SamlIdp):
    """Knows its visitors, unless it may not ask them."""

    known = True

    def respond(self, request, **knobs):
        if request.root.get("IsPassive") == "true" and not self.known:
            knobs["status"] = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
        return super().respond(request, **knobs)


@pytest.fixture
def idp():
    peer = QuietIdp()
    yield peer
    peer.close()


@pytest.fixture
def site(idp):
    """http://localhost with ten organisations; /few is open to two of them."""
    with running(lambda: False) as httpd:
        host = httpd.host("localhost")
        host.add("SSOInsecureHttp on")
        for i, name in enumerate(NAMES):
            lines = 'SSODisplayName "%s"\nSSOLogo /logos/%d.svg' % (name, i)
            if i == 0:
                lines += "\nSSODomains example.org alpha.example"
            saml(host, idp, "p%d" % i, lines)
            host.page("/logos/%d.svg" % i, LOGO % COLOURS[i % len(COLOURS)])
        httpd.need("mime")
        httpd.add("AddType image/svg+xml .svg")
        protect(host, "/app", "SSO " + " ".join("p%d" % i for i in range(len(NAMES))))
        protect(host, "/few", "SSO p1 p2")
        protect(host, "/open", "SSO p1\nSSOMode passive\nRequire all granted")
        for path in ("/app", "/few", "/open"):
            host.page(path + "/x.html", "<title>x</title><p>inside " + path)
        httpd.start()
        yield host.url


@pytest.fixture(params=["light", "dark"])
def browser(tmp_path, request):
    options = webdriver.ChromeOptions()
    for flag in FLAGS + ("--user-data-dir=%s" % tmp_path,):
        options.add_argument(flag)
    if request.param == "dark":
        options.add_argument("--force-dark-mode")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.look = request.param
    SHOTS.mkdir(parents=True, exist_ok=True)
    yield driver
    # Nothing that a page asked for was against its own policy.
    complaints = [x["message"] for x in driver.get_log("browser")
                  if "Content Security Policy" in x["message"]]
    driver.quit()
    assert not complaints


def wait(browser, text):
    WebDriverWait(browser, 20).until(lambda b: text in b.page_source)


def shot(browser, name):
    browser.save_screenshot(str(SHOTS / ("chooser-%s-%s.png" % (name, browser.look))))


def shown(browser):
    return [x.text for x in browser.find_elements(By.CSS_SELECTOR, "nav a.i") if x.is_displayed()]


def test_searching_and_choosing(browser, site, idp):
    browser.get(site + "/app/x.html")
    shot(browser, "many")
    assert shown(browser) == sorted(NAMES)
    assert browser.execute_script("return [].every.call(document.images,"
                                  "function(x){return x.complete&&x.naturalWidth>0})")
    box = browser.find_element(By.NAME, "q")
    box.send_keys("univ")
    assert shown(browser) == ["Alpha University", "Technical University of Somewhere"]
    shot(browser, "filtered")
    box.send_keys(Keys.ENTER)
    wait(browser, "Show all")
    assert shown(browser) == ["Alpha University", "Technical University of Somewhere"]
    browser.find_element(By.PARTIAL_LINK_TEXT, "Technical").click()
    wait(browser, "inside /app")
    browser.delete_cookie("sso")
    browser.get(site + "/app/x.html")
    wait(browser, "Last time")
    shot(browser, "last")
    browser.find_element(By.LINK_TEXT, "Use another").click()
    wait(browser, "Where do you have an account?")
    assert len(shown(browser)) == len(NAMES)


def test_an_address_leads_on(browser, site, idp):
    """Through the form, whose policy a redirect to the provider would break."""
    browser.get(site + "/app/x.html")
    browser.find_element(By.NAME, "q").send_keys("alice@alpha.example", Keys.ENTER)
    wait(browser, "inside /app")
    browser.delete_all_cookies()
    browser.get(site + "/app/x.html")
    browser.find_element(By.NAME, "q").send_keys("nobody at all", Keys.ENTER)
    wait(browser, "No organisation here is called that.")
    shot(browser, "not-found")


def test_a_few_need_no_search(browser, site):
    browser.get(site + "/few/x.html")
    shot(browser, "few")
    assert shown(browser) == ["Beta Laboratories", "City Library"]
    assert not browser.find_elements(By.NAME, "q")


def test_silently(browser, site, idp):
    """A page for everybody: one attempt, and no loop."""
    idp.known = False
    browser.get(site + "/open/x.html")
    assert "inside /open" in browser.page_source and browser.current_url == site + "/open/x.html"
    browser.refresh()
    assert len(idp.requests) == 1
    idp.known = True
    browser.delete_all_cookies()
    browser.get(site + "/open/x.html")
    assert "inside /open" in browser.page_source
    browser.get(site + "/.sso/session")
    assert '"user":"alice"' in browser.page_source
