"""SSOProbe: servers that stop and start, seen by the log, the status page, the chooser and nobody's request."""
import json
import threading
import time

import pytest

from conftest import SECRET
from lib.browser import Browser
from lib.ports import free_port
from lib.recipes import is_login, members, oidc, protect, saml
from lib.oidc_op import Op
from lib.saml_idp import SamlIdp
from lib.sites import Handler, Server, TokenSite

DOWN = "does not answer at the moment"


class Door(Server):
    """Where people would be sent: says `status` to whoever asks, once `open` is set."""

    def __init__(self, port, status=400):
        self.status, self.asked, self.open = status, [], threading.Event()
        self.open.set()
        super().__init__(_DoorHandler, port=port)


class _DoorHandler(Handler):
    def do_GET(self):
        self.peer.asked.append((self.command, self.path, dict(self.headers)))
        self.peer.open.wait(20)
        self.answer(self.peer.status, "x" * 2_000_000 if self.peer.status in (200, 500) else "what?")


class Place:
    """A host with SAML providers `alpha`, whose door opens and closes, and `beta`."""

    def __init__(self, httpd, closing, lines="SSOProbe 10s"):
        self.httpd, self.closing = httpd, closing
        self.host = httpd.host()
        self.host.add("SSOInsecureHttp on")
        self.port = free_port()
        idp = closing(SamlIdp("alpha"))
        text = idp.metadata().replace(idp.url + "/sso", "http://127.0.0.1:%d/sso?x=1" % self.port)
        idp.metadata = lambda: text
        saml(self.host, idp, "alpha", lines)
        saml(self.host, closing(SamlIdp("beta")), "beta", 'SSODisplayName "Zeta"')
        protect(self.host, "/app", "SSO alpha beta")
        self.host.add('<Location "/figures">\nSetHandler sso-status\n</Location>')

    def open(self, status=400):
        self.door = self.closing(Door(self.port, status))
        return self.door

    def close(self):
        self.door.close()

    def start(self):
        self.httpd.start()
        return self

    def figures(self, query=""):
        page = Browser().fetch(self.host.url + "/figures" + query)
        assert page.status == 200
        return page.text

    def probe(self):
        said = json.loads(self.figures("?format=json"))["providers"]
        return next(x["probe"] for x in said if x["name"] == "alpha")

    def wait(self, state, seconds=10):
        """Let the server's clock run until it is so; returns what is known then."""
        until = time.monotonic() + 30
        while self.probe()["state"] != state:
            assert time.monotonic() < until, self.probe()
            self.httpd.advance(seconds)
            time.sleep(0.3)
        return self.probe()

    def offered(self):
        page = Browser().step(self.host.url + "/.sso/choose?among=alpha,beta&return=/app/")
        return [" ".join(x.text_content().split()) for x in page.document().xpath("//nav/a")]


@pytest.fixture
def place(make_httpd, closing):
    return Place(make_httpd(fake_time=True), closing)


def test_a_server_that_stops_and_starts(place):
    door = place.open()
    place.start()
    up = place.wait("up")
    assert up["why"] == "" and 0 < up["since"] <= up["asked"]
    assert place.offered() == ["alpha", "Zeta"]
    door.close()
    place.httpd.expect_log(r"provider alpha is down: net_connect: .*127\.0\.0\.1.*\[No connection: check ")
    down = place.wait("down")
    assert down["why"] == "net_connect" and down["since"] > up["since"]
    assert place.offered() == ["Zeta", "alpha " + DOWN]
    place.open()
    again = place.wait("up")
    assert again["since"] > down["since"]
    assert place.offered() == ["alpha", "Zeta"]
    assert len(place.httpd.log.find(r"\[sso:notice\].* provider alpha answers again, after \d+ s")) == 1
    assert len(place.httpd.log.find("provider alpha is down")) == 1
    assert len(place.httpd.log.find(r"provider alpha answers\b(?! again)")) == 1
    assert not place.httpd.log.find("x=1")


def test_every_form_of_the_status_says_it(place):
    place.httpd.expect_log("provider alpha is down")
    place.start()
    place.wait("down")
    assert "\nalpha: answers   " in place.figures() and "NOT since " in place.figures()
    assert "net_connect, asked " in place.figures()
    assert "\nSSOProvider alpha: up=0 for=" in place.figures("?auto")
    text = place.figures("?format=prometheus")
    assert '\nsso_provider_up{provider="alpha"} 0\n' in text
    assert '\nsso_provider_since_timestamp_seconds{provider="alpha"} 1' in text
    assert "beta" not in text.partition("sso_provider_up")[2].partition("sso_expiry")[0]
    place.open()
    place.wait("up")
    assert '\nsso_provider_up{provider="alpha"} 1\n' in place.figures("?format=prometheus")
    assert "\nSSOProvider alpha: up=1 for=" in place.figures("?auto")


@pytest.mark.parametrize("status, state", [(200, "up"), (405, "up"), (302, "up"), (500, "down"), (503, "down")])
def test_what_is_an_answer(place, status, state):
    door = place.open(status)
    if state == "down":
        place.httpd.expect_log("provider alpha is down: net_status: http://127.0.0.1:%d/sso answers %d"
                               % (place.port, status))
    place.start()
    place.wait(state)
    method, path, headers = door.asked[0]
    assert (method, path) == ("GET", "/sso?x=1") and "Cookie" not in headers


def test_no_request_waits_for_it(place):
    """The server takes its time; people are answered, and the provider is not down yet."""
    door = place.open()
    door.open.clear()
    place.start()
    until = time.monotonic() + 20
    while not door.asked and time.monotonic() < until:
        place.httpd.advance(1)
        time.sleep(0.1)
    assert door.asked
    assert place.offered() == ["alpha", "Zeta"] and place.probe()["state"] == "unknown"
    door.open.set()
    place.wait("up")


def test_a_place_with_one_provider_leads_there_all_the_same(place):
    protect(place.host, "/one", "SSO alpha")
    place.httpd.expect_log("provider alpha is down")
    place.start()
    place.wait("down")
    page = Browser().step(place.host.url + "/one/")
    assert is_login(page) and ":%d/" % place.port in page.location


def test_the_last_choice_is_not_offered_alone(place):
    place.httpd.expect_log("provider alpha is down")
    place.start()
    browser = Browser()
    browser.step(place.host.url + "/.sso/login?provider=alpha&return=/app/&chosen=1")
    page = browser.step(place.host.url + "/.sso/choose?among=alpha,beta&return=/app/")
    assert "Last time" in page.text
    place.wait("down")
    page = browser.step(place.host.url + "/.sso/choose?among=alpha,beta&return=/app/")
    assert "Last time" not in page.text and DOWN in page.text
    feed = browser.fetch(place.host.url + "/.sso/choose?among=alpha,beta&format=json").json()
    assert [(x["provider"], x["down"]) for x in feed["items"]] == [("beta", False), ("alpha", True)]


def test_nobody_is_sent_there_unasked(place):
    """SSOMode passive tries the first that answers."""
    protect(place.host, "/open", "SSO alpha beta\nSSOMode passive\nRequire all granted")
    place.host.page("/open/x.html", "open to all")
    place.open()
    place.start()
    place.wait("up")
    assert "provider=alpha" in Browser().step(place.host.url + "/open/x.html").location
    place.close()
    place.httpd.expect_log("provider alpha is down")
    place.wait("down")
    assert "provider=beta" in Browser().step(place.host.url + "/open/x.html").location


def test_another_address(make_httpd, closing):
    place = Place(make_httpd(fake_time=True), closing,
                  "SSOProbe 10s url=http://127.0.0.1:%d/health" % (port := free_port()))
    door = closing(Door(port, 204))
    place.start()
    place.wait("up")
    assert door.asked[0][1] == "/health"


@pytest.mark.parametrize("recipe, make", [(members, lambda: TokenSite(SECRET)), (oidc, Op)])
def test_other_protocols(make_httpd, closing, recipe, make):
    httpd = make_httpd(fake_time=True)
    host = httpd.host()
    host.add('SSOInsecureHttp on\n<Location "/figures">\nSetHandler sso-status\n</Location>')
    recipe(host, closing(make()), "there", "SSOProbe 10s")
    httpd.start()
    until = time.monotonic() + 20
    while "\nSSOProvider there: up=1 for=0" not in \
            (text := Browser().fetch(host.url + "/figures?auto").text) and time.monotonic() < until:
        time.sleep(0.2)
    assert "\nSSOProvider there: up=1 for=" in text and "for=-1" not in text


def test_nobody_is_asked_unless_it_is_written(make_httpd, closing):
    place = Place(make_httpd(fake_time=True), closing, "")
    door = place.open()
    place.start()
    for _ in range(5):
        place.httpd.advance(60)
        time.sleep(0.3)
    assert not door.asked and "SSOProvider" not in place.figures("?auto")
