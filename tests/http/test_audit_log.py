"""SSOAuditLog: what happens to people and sessions, one JSON object a line."""
import concurrent.futures
import json
import re
import stat

import pytest

from lib.httpd import HttpdFailed
from lib.recipes import members, sign_in
from test_sync import Sync


class Log:
    """The lines so far, and their order."""

    def __init__(self, path):
        self.path = path

    def lines(self):
        return [json.loads(x) for x in self.path.read_text().splitlines()]

    def find(self, event):
        return [x for x in self.lines() if x["event"] == event]


@pytest.fixture
def app(httpd, site):
    host = httpd.host("app.example.test", tls=True)
    members(host, site, extra="SSOHmacSync on")
    host.add("SSOAccounts on")
    return host


@pytest.fixture
def log(app):
    path = app.httpd.root / "logs" / "audit.log"
    app.httpd.add("SSOAuditLog logs/audit.log")
    return Log(path)


def test_a_login_and_a_logout(app, log, alice):
    app.httpd.start()
    seen = sign_in(alice, app)
    alice.open(app.url + "/.sso/logout")
    login, logout = log.lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", login.pop("time"))
    assert re.fullmatch(r"[0-9a-f]{16}", login["session"])
    assert login["session"] == seen["session"]  # what backends know it by
    assert login == {"event": "login", "site": app.url, "provider": "members", "protocol": "hmac",
                     "issuer": login["issuer"], "user": "alice", "subject": "alice",
                     "session": login["session"], "client": "127.0.0.1"}
    assert logout["event"] == "logout" and logout["time"]
    for name in set(login) - {"event"}:
        assert logout[name] == login[name], name


def test_a_failure_has_the_number_of_its_page(app, log, alice):
    app.httpd.start()
    app.httpd.expect_fault("param_missing")
    page = alice.open(app.url + "/.sso/members/callback?data=x")
    failure, = log.lines()
    assert failure["event"] == "failure" and failure["why"].startswith("param_missing")
    assert (failure["site"], failure["provider"], failure["client"]) \
        == (app.url, "members", "127.0.0.1")
    assert failure["reference"] in page.text and "user" not in failure


def test_who_is_only_asked_to_sign_in_is_no_failure(app, log, alice):
    app.add('<Location "/app">\nSSO members\nSSOUnauthenticated 403\n</Location>')
    app.httpd.start()
    assert alice.fetch(app.url + "/app/").status == 403
    assert log.lines() == []


def test_bans_and_pardons(app, site, log, alice, bob):
    app.httpd.start()
    account = sign_in(alice, app)["attributes"]["account"]
    sign_in(bob, app)
    Sync(app, site).send(user_id="alice", banned=True)
    Sync(app, site).send(user_id="alice", banned=False)
    ban, = log.find("ban")
    ended, = log.find("ended")
    pardon, = log.find("pardon")
    assert ban["account"] == pardon["account"] == account and ban["why"] == "by the provider"
    assert ban["subject"] == "alice" and ban["client"] == "127.0.0.1"
    assert ended["user"] == "alice" and ended["why"] == "banned"
    assert ended["session"] == log.find("login")[0]["session"]


def test_a_ban_without_accounts(httpd, site, alice):
    host = httpd.host("app.example.test", tls=True)
    members(host, site)
    httpd.add("SSOAuditLog logs/audit.log")
    httpd.start()
    sign_in(alice, host)
    site.fields = lambda fields: {**fields, "banned": "1"}
    httpd.expect_fault("banned")
    alice.open(host.url + "/.sso/login?provider=members")
    ban, = Log(httpd.root / "logs" / "audit.log").find("ban")
    assert (ban["subject"], ban["sessions"], ban["provider"]) == ("alice", 1, "members")


def test_nothing_secret(app, site, log, alice):
    app.httpd.start()
    sign_in(alice, app)
    cookie = alice.jar.get(app.url, "__Host-sso").value.partition(".")[0]
    app.httpd.expect_fault("param_missing")
    alice.open(app.url + "/.sso/members/callback?data=x")
    alice.open(app.url + "/.sso/logout")
    text = log.path.read_text()
    for secret in (cookie, site.secret, "data=x", "sig="):
        assert secret not in text
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o640


def test_off_by_default(app, alice):
    app.httpd.start()
    sign_in(alice, app)
    assert not list(app.httpd.root.rglob("audit*"))


def test_over_restarts(app, log, alice, bob):
    app.httpd.start()
    sign_in(alice, app)
    app.httpd.graceful()
    sign_in(bob, app)
    log.path.rename(log.path.with_suffix(".1"))  # as logrotate does
    app.httpd.graceful()
    sign_in(alice, app)
    assert [x["user"] for x in log.find("login")] == ["alice"]
    assert [x["user"] for x in Log(log.path.with_suffix(".1")).find("login")] == ["alice", "bob"]


def test_a_program(app, alice, bob):
    out = app.httpd.root / "logs" / "piped"
    program = app.httpd.file("bin/reader", '#!/bin/sh\nexec cat >>"$1"\n', 0o755)
    app.httpd.add('SSOAuditLog "|%s %s"' % (program, out))
    app.httpd.start()
    sign_in(alice, app)
    app.httpd.graceful()
    sign_in(bob, app)
    app.httpd.log.expect("AH00488: long lost child came home")  # httpd's word for the old reader
    assert app.httpd.log.wait("AH00488")
    app.httpd.stop()  # the reader ends with the last writer
    assert [x["user"] for x in Log(out).find("login")] == ["alice", "bob"]


def test_many_at_once(app, log, make_browser):
    """Lines of several children never mix."""
    app.httpd.start()
    browsers = [make_browser("alice") for _ in range(16)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda x: sign_in(x, app), browsers))
    assert len(log.find("login")) == 16
    assert len({x["session"] for x in log.find("login")}) == 16


def test_what_cannot_be_opened_does_not_start(app):
    app.httpd.add("SSOAuditLog nowhere/audit.log")
    app.httpd.log.expect("SSO: SSOAuditLog: cannot open .*/nowhere/audit.log: No such file")
    app.httpd.log.expect("AH00020: Configuration Failed|AH00016")
    with pytest.raises(HttpdFailed):
        app.httpd.start()


@pytest.mark.parametrize("words", ['"|"', '""'])
def test_nothing_to_write_to(app, words):
    app.httpd.add("SSOAuditLog " + words)
    done = app.httpd.configtest()
    assert not done.ok and "SSOAuditLog" in done.output
