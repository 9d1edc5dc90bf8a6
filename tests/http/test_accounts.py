"""Accounts: made at the first login, found again, banned, owned; and the database that is not there."""
import concurrent.futures
import json
import os
import sqlite3
import stat
import subprocess
import time

import pytest

from lib.httpd import BUILD
from lib.recipes import CALLBACK, members, protect, saml, sign_in, user_of
from lib.saml_idp import SamlIdp


@pytest.fixture
def kept(httpd, site):
    """https://app.example.test with the provider `members`; accounts are kept."""
    host = httpd.host("app.example.test", tls=True)
    host.add("SSOAccounts on")
    members(host, site)
    return host


def database(httpd):
    return httpd.state / "accounts" / "accounts.db"


def rows(httpd, sql, *values):
    with sqlite3.connect("file:%s?mode=ro" % database(httpd), uri=True) as db:
        return db.execute(sql, values).fetchall()


def change(httpd, sql, *values):
    with sqlite3.connect(database(httpd)) as db:
        db.execute(sql, values)


def attributes(browser, host):
    page = browser.fetch(host.url + "/.sso/session")
    return page.json()["attributes"] if page.status == 200 else None


# -- made, and found again

def test_the_first_login_makes_an_account(kept, site, alice, make_browser):
    kept.httpd.start()
    first = sign_in(alice, kept)["attributes"]
    assert first["user"] == "alice" and first["roles"] == "staff,admins" and "owner" not in first
    assert rows(kept.httpd, "SELECT id, email, name FROM sso_accounts") == [
        (first["account"], "alice@example.org", "Alice Ärmel")]
    again = make_browser("alice")
    assert sign_in(again, kept)["attributes"] == first
    assert len(rows(kept.httpd, "SELECT id FROM sso_accounts")) == 1


def test_backends_see_the_account(kept, site, alice):
    protect(kept)
    kept.httpd.need("headers")
    kept.add('<Location "/app">\nHeader set X-Seen "%{SSO_ACCOUNT}e|%{SSO_ROLES}e"\n</Location>')
    kept.page("/app/x.html")
    kept.httpd.start()
    page = alice.open(kept.url + "/app/x.html")
    account = rows(kept.httpd, "SELECT id FROM sso_accounts")[0][0]
    assert page.header("X-Seen") == account + "|staff,admins"


def test_accounts_survive_a_restart(kept, site, alice, make_browser):
    kept.httpd.start()
    account = sign_in(alice, kept)["attributes"]["account"]
    kept.httpd.restart()
    assert attributes(alice, kept)["account"] == account
    assert sign_in(make_browser("alice"), kept)["attributes"]["account"] == account


def test_many_first_logins_of_one_person_make_one_account(kept, site, make_browser):
    kept.httpd.start()
    browsers = [make_browser("alice") for _ in range(40)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda x: sign_in(x, kept)["attributes"]["account"], browsers))
    assert len(set(seen)) == 1
    assert len(rows(kept.httpd, "SELECT id FROM sso_accounts")) == 1


def test_saml_the_same(httpd, make_browser, closing):
    idp = closing(SamlIdp())
    host = httpd.host("app.example.test", tls=True)
    host.add("SSOAccounts on")
    saml(host, idp)
    httpd.start()
    page = make_browser("alice").open("%s/.sso/login?provider=corp&return=/.sso/session" % host.url)
    got = page.json()["attributes"]
    [(realm, account)] = rows(httpd, "SELECT realm, account FROM sso_identities")
    assert realm.startswith("saml:http") and account == got["account"]


# -- bans

def test_a_ban_in_an_answer_is_kept(kept, site, alice, make_browser):
    kept.httpd.start()
    sign_in(alice, kept)
    site.fields = lambda fields: {**fields, "banned": True}
    other = make_browser("alice")
    page = other.open(kept.url + "/.sso/login?provider=members")
    assert page.status == 403 and page.fault == "banned"
    assert user_of(alice, kept) is None
    site.fields = lambda fields: {**fields, "banned": False}  # 1.5: never a pardon here
    kept.httpd.restart()
    page = other.open(kept.url + "/.sso/login?provider=members")
    assert page.fault == "banned"
    kept.httpd.log.expect("banned: ")


def test_a_ban_by_hand_holds_at_the_next_login(kept, site, alice, make_browser):
    kept.httpd.start()
    sign_in(alice, kept)
    change(kept.httpd, "UPDATE sso_accounts SET banned = 1, ban_reason = 'spam'")
    page = make_browser("alice").open(kept.url + "/.sso/login?provider=members")
    assert page.status == 403 and page.fault == "banned"
    kept.httpd.log.expect("banned: .*was banned by .*spam")


def ssoctl(httpd, *words):
    """What `ssoctl accounts` prints, as root beside a running httpd."""
    done = subprocess.run([BUILD / "ssoctl", "accounts", *words, "--database", database(httpd)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def soon(check, seconds=15):
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "not within %d s" % seconds
        time.sleep(0.1)


def test_sessions_follow_what_ssoctl_does(kept, site, alice, bob):
    httpd = kept.httpd
    httpd.start()
    account = sign_in(alice, kept)["attributes"]["account"]
    sign_in(bob, kept)
    ssoctl(httpd, "role", "alice@example.org", "editors")
    soon(lambda: "editors" in attributes(alice, kept)["roles"])
    ssoctl(httpd, "role", "hmac:members alice", "editors", "--take")
    soon(lambda: "editors" not in attributes(alice, kept)["roles"])
    ssoctl(httpd, "ban", account, "--reason", "spam")
    soon(lambda: user_of(alice, kept) is None)
    assert user_of(bob, kept) == "bob"
    assert "BANNED" in ssoctl(httpd, "list", "--banned")
    page = alice.open(kept.url + "/.sso/login?provider=members")
    assert page.fault == "banned"
    ssoctl(httpd, "pardon", account)
    assert sign_in(alice, kept)["attributes"]["account"] == account
    httpd.log.expect("banned: .*spam")


def test_ssoctl_shows_people(kept, site, alice, bob):
    kept.httpd.start()
    account = sign_in(alice, kept)["attributes"]["account"]
    sign_in(bob, kept)
    assert "Alice Ärmel" in ssoctl(kept.httpd, "list")
    people = [json.loads(x) for x in ssoctl(kept.httpd, "export").splitlines()]
    assert {x["email"] for x in people} == {"alice@example.org", "bob@example.org"}
    seen = json.loads(ssoctl(kept.httpd, "show", "hmac:members alice"))
    assert seen in people and seen["account"] == account
    assert [x["role"] for x in seen["roles"]] == ["staff", "admins"]
    ssoctl(kept.httpd, "rename", "hmac:members", "alice", "a1")
    site.fields = lambda fields: {**fields, "user_id": "a1"}
    assert sign_in(alice, kept)["attributes"]["account"] == account


# -- conflicts

def test_an_address_in_use(kept, site, alice, bob):
    kept.httpd.start()
    sign_in(alice, kept)
    site.fields = lambda fields: {**fields, "email": "alice@example.org"}
    page = bob.open(kept.url + "/.sso/login?provider=members")
    assert page.status == 409 and page.fault == "conflict"
    assert user_of(bob, kept) is None
    kept.httpd.log.expect("conflict: the address ")


def test_provisioning_off(httpd, site, alice):
    host = httpd.host("app.example.test", tls=True)
    host.add("SSOAccounts on")
    members(host, site, extra="SSOProvision off")
    httpd.start()
    page = alice.open(host.url + "/.sso/login?provider=members")
    assert page.status == 403 and page.fault == "user_unknown"
    httpd.log.expect("user_unknown: ")


# -- the owner

def test_the_first_owns(kept, site, alice, bob):
    kept.add("SSOOwner first-login provider=members")
    protect(kept, "/boss", "SSO members\nRequire sso-owner")
    kept.page("/boss/x.html", "mine")
    kept.httpd.start()
    assert sign_in(alice, kept)["attributes"]["owner"] == "1"
    assert "owner" not in sign_in(bob, kept)["attributes"]
    assert alice.open(kept.url + "/boss/x.html").text == "mine"
    assert bob.open(kept.url + "/boss/x.html").status == 403
    kept.httpd.log.expect("owns https")
    kept.httpd.log.expect("AH01631|AH01630|forbidden")


# -- hosts

@pytest.mark.parametrize("names, same", [(("on", "on"), False), (("team", "team"), True)])
def test_hosts_that_share(httpd, site, make_browser, names, same):
    one = httpd.host("one.example.test", tls=True)
    two = httpd.host("two.example.test", tls=True, like=one)
    from lib.recipes import provider
    httpd.add(provider(httpd, site))
    for host, name in zip((one, two), names):
        host.add("SSOAccounts " + name)
    httpd.start()
    seen = []
    for host in (one, two):
        site.callback = host.url + CALLBACK % "members"
        seen.append(sign_in(make_browser("alice"), host)["attributes"]["account"])
    assert (seen[0] == seen[1]) == same


# -- the database

def test_whose_the_files_are(kept, site, alice):
    """Requests reach the database, and nobody else does."""
    kept.httpd.start()
    sign_in(alice, kept)
    info = os.stat(database(kept.httpd))
    assert stat.S_IMODE(info.st_mode) == 0o600
    assert stat.S_IMODE(os.stat(database(kept.httpd).parent).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(kept.httpd.state).st_mode) in (0o700, 0o710)
    assert stat.S_IMODE(os.stat(kept.httpd.state / "secret").st_mode) == 0o600


def test_a_locked_database_lets_nobody_in(kept, site, alice, bob):
    kept.httpd.start()
    sign_in(alice, kept)
    db = sqlite3.connect(database(kept.httpd), isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    page = bob.open(kept.url + "/.sso/login?provider=members")
    assert page.status == 503 and page.fault == "account_database"
    assert user_of(bob, kept) is None
    assert user_of(alice, kept) == "alice"  # sessions need no database
    db.execute("ROLLBACK")
    assert sign_in(bob, kept)["attributes"]["user"] == "bob"
    kept.httpd.log.expect("account_database: .*another program holds it")


def test_a_database_that_has_gone_does_not_come_back_empty(kept, site, alice, bob):
    kept.httpd.start()
    sign_in(alice, kept)
    aside = kept.httpd.root / "aside"
    aside.mkdir()
    for each in database(kept.httpd).parent.iterdir():
        each.rename(aside / each.name)
    page = bob.open(kept.url + "/.sso/login?provider=members")
    assert page.status == 503 and page.fault == "account_database"
    assert not database(kept.httpd).exists()
    kept.httpd.stop()
    kept.httpd.log.expect("account_database: .*is gone")
    with pytest.raises(AssertionError, match="is gone: restore it"):
        kept.httpd.start()
    for each in aside.iterdir():
        each.rename(database(kept.httpd).parent / each.name)
    kept.httpd.start()
    assert sign_in(bob, kept)["attributes"]["user"] == "bob"
    kept.httpd.log.expect("SSOAccountDatabase: the account database .* is gone: restore")
    kept.httpd.log.expect("AH00020|AH00016|Configuration Failed")


@pytest.mark.parametrize("lines, says", [
    ("SSOAccountDatabase mysql x", "is no database that accounts can be kept in"),
    ('SSOAccountDatabase pgsql "host=x password=y"', "a password never stands in the configuration"),
    ("SSOAccountDatabase pgsql", "needs the parameters of the connection"),
])
def test_what_configtest_says(kept, lines, says):
    kept.httpd.add(lines)
    result = kept.httpd.configtest()
    assert not result.ok and says in result.output


@pytest.mark.parametrize("lines, says", [
    ("SSOOwner first-login", "needs provider=NAME"),
    ("SSOOwner first-login provider=nobody", "no <SSOProvider> of that name"),
    ("SSOOwner provider=members", "either first-login or id=USER_ID"),
    ("SSOOwner none provider=members", "'none' stands alone"),
    ("SSOOwner first-login provider=members colour=red", "is not known here"),
    ("SSOAccounts a/b", "cannot name accounts"),
])
def test_what_configtest_says_of_a_host(kept, lines, says):
    kept.add(lines)
    result = kept.httpd.configtest()
    assert not result.ok and says in result.output


def test_a_directory_that_cannot_be_written(kept, site):
    (kept.httpd.root / "closed").mkdir(mode=0o700)
    kept.httpd.add("SSOAccountDatabase sqlite3 %s/closed/a.db" % kept.httpd.root)
    if os.geteuid() != 0:
        os.chmod(kept.httpd.root / "closed", 0o500)
    with pytest.raises(AssertionError, match="must be writable for the user that httpd"):
        kept.httpd.start()
    kept.httpd.log.expect("must be writable for the user that httpd runs as")
    kept.httpd.log.expect("AH00020|AH00016|Configuration Failed")
