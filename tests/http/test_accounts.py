"""Accounts: made at the first login, found again, linked, banned, owned; in every database that there is."""
import concurrent.futures
import json
import subprocess
import time

import pytest

from lib.httpd import BUILD
from lib.recipes import CALLBACK, members, protect, provider, saml, sign_in, user_of
from lib.saml_idp import SamlIdp
from lib.sites import TokenSite
from test_setup import rows, run_test, steps


@pytest.fixture
def kept(httpd, site, database):
    """https://app.example.test with the provider `members`; accounts are kept."""
    host = httpd.host("app.example.test", tls=True)
    host.add("SSOAccounts on")
    members(host, site)
    return host


def attributes(browser, host):
    page = browser.fetch(host.url + "/.sso/session")
    return page.json()["attributes"] if page.status == 200 else None


# -- made, and found again

def test_the_first_login_makes_an_account(kept, database, alice, make_browser):
    kept.httpd.start()
    first = sign_in(alice, kept)["attributes"]
    assert first["user"] == "alice" and first["roles"] == "staff,admins" and "owner" not in first
    assert database.rows("SELECT id, email, name FROM sso_accounts") == [
        (first["account"], "alice@example.org", "Alice Ärmel")]
    again = make_browser("alice")
    assert sign_in(again, kept)["attributes"] == first
    assert len(database.rows("SELECT id FROM sso_accounts")) == 1


def test_backends_see_the_account(kept, database, alice):
    protect(kept)
    kept.httpd.need("headers")
    kept.add('<Location "/app">\nHeader set X-Seen "%{SSO_ACCOUNT}e|%{SSO_ROLES}e"\n</Location>')
    kept.page("/app/x.html")
    kept.httpd.start()
    page = alice.open(kept.url + "/app/x.html")
    [(account,)] = database.rows("SELECT id FROM sso_accounts")
    assert page.header("X-Seen") == account + "|staff,admins"


def test_accounts_survive_a_restart(kept, site, alice, make_browser):
    kept.httpd.start()
    account = sign_in(alice, kept)["attributes"]["account"]
    kept.httpd.restart()
    assert attributes(alice, kept)["account"] == account
    assert sign_in(make_browser("alice"), kept)["attributes"]["account"] == account


def all_at_once(job, things):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        return list(pool.map(job, things))


def test_many_first_logins_of_one_person_make_one_account(kept, database, make_browser):
    kept.httpd.start()
    browsers = [make_browser("alice") for _ in range(200)]
    seen = all_at_once(lambda x: sign_in(x, kept)["attributes"]["account"], browsers)
    assert len(seen) == 200 and len(set(seen)) == 1
    assert database.rows("SELECT account FROM sso_identities") == [(seen[0],)]
    assert database.rows("SELECT id FROM sso_accounts") == [(seen[0],)]


def test_saml_the_same(httpd, database, make_browser, closing):
    idp = closing(SamlIdp())
    host = httpd.host("app.example.test", tls=True)
    host.add("SSOAccounts on")
    saml(host, idp)
    httpd.start()
    page = make_browser("alice").open("%s/.sso/login?provider=corp&return=/.sso/session" % host.url)
    got = page.json()["attributes"]
    [(realm, account)] = database.rows("SELECT realm, account FROM sso_identities")
    assert realm.startswith("saml:http") and account == got["account"]


# -- two ways in

@pytest.fixture
def two_ways(kept, closing):
    """A second site knows the same people under other user_ids; returns how it is set up and used."""
    other = closing(TokenSite("the-secret-of-another-site-0123456789"))
    other.fields = lambda fields: {**fields, "user_id": "7-" + fields["user_id"], "roles": ["guests"]}

    def make(extra):
        members(kept, other, name="club", extra=extra)
        kept.httpd.start()
        return lambda browser: sign_in(browser, kept, "club")["attributes"]
    return make


def test_linked_by_a_verified_address(kept, database, two_ways, alice, make_browser):
    by_club = two_ways("SSOLinkBy email\nSSOLinkDeny admin")
    account = sign_in(alice, kept)["attributes"]["account"]
    seen = by_club(make_browser("alice"))
    assert seen["account"] == account and set(seen["roles"].split(",")) == {"guests", "staff", "admins"}
    assert set(attributes(alice, kept)["roles"].split(",")) == {"guests", "staff", "admins"}
    assert sorted(database.rows("SELECT realm, user_id, account FROM sso_identities")) == [
        ("hmac:club", "7-alice", account), ("hmac:members", "alice", account)]


@pytest.mark.parametrize("extra", ["", "SSOLinkBy email\nSSOLinkDeny admins"])
def test_not_linked(kept, database, two_ways, alice, make_browser, extra):
    two_ways(extra)
    account = sign_in(alice, kept)["attributes"]["account"]
    other = make_browser("alice")
    page = other.open(kept.url + "/.sso/login?provider=club")
    assert page.status == 409 and page.fault == "conflict" and user_of(other, kept) is None
    assert database.rows("SELECT user_id, account FROM sso_identities") == [("alice", account)]
    kept.httpd.log.expect("conflict: the address ")


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


@pytest.mark.parametrize("extra, fault", [("", "banned"), ("SSOBanBy user_id", "conflict")])
def test_the_address_of_somebody_banned(kept, two_ways, ssoctl, alice, make_browser, extra, fault):
    two_ways(extra)
    ssoctl("ban", sign_in(alice, kept)["attributes"]["account"])
    page = make_browser("alice").open(kept.url + "/.sso/login?provider=club")
    assert page.fault == fault
    kept.httpd.log.expect(fault + ": ")


def test_a_ban_by_hand_holds_at_the_next_login(kept, database, alice, make_browser):
    kept.httpd.start()
    sign_in(alice, kept)
    database.change("UPDATE sso_accounts SET banned = 1, ban_reason = 'spam'")
    page = make_browser("alice").open(kept.url + "/.sso/login?provider=members")
    assert page.status == 403 and page.fault == "banned"
    kept.httpd.log.expect("banned: .*was banned by .*spam")


@pytest.fixture
def ssoctl(database):
    """What `ssoctl accounts` prints, as root beside a running httpd."""
    def run(*words):
        done = subprocess.run([BUILD / "ssoctl", "accounts", *words, "--database", database.words],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return run


def soon(check, seconds=15):
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "not within %d s" % seconds
        time.sleep(0.1)


def test_sessions_follow_what_ssoctl_does(kept, ssoctl, alice, bob):
    httpd = kept.httpd
    httpd.start()
    account = sign_in(alice, kept)["attributes"]["account"]
    sign_in(bob, kept)
    ssoctl("role", "alice@example.org", "editors")
    soon(lambda: "editors" in attributes(alice, kept)["roles"])
    ssoctl("role", "hmac:members alice", "editors", "--take")
    soon(lambda: "editors" not in attributes(alice, kept)["roles"])
    ssoctl("ban", account, "--reason", "spam")
    soon(lambda: user_of(alice, kept) is None)
    assert user_of(bob, kept) == "bob"
    assert "BANNED" in ssoctl("list", "--banned")
    page = alice.open(kept.url + "/.sso/login?provider=members")
    assert page.fault == "banned"
    ssoctl("pardon", account)
    assert sign_in(alice, kept)["attributes"]["account"] == account
    httpd.log.expect("banned: .*spam")


def test_ssoctl_shows_people(kept, site, ssoctl, alice, bob):
    kept.httpd.start()
    account = sign_in(alice, kept)["attributes"]["account"]
    sign_in(bob, kept)
    assert "Alice Ärmel" in ssoctl("list")
    people = [json.loads(x) for x in ssoctl("export").splitlines()]
    assert {x["email"] for x in people} == {"alice@example.org", "bob@example.org"}
    seen = json.loads(ssoctl("show", "hmac:members alice"))
    assert seen in people and seen["account"] == account
    assert [x["role"] for x in seen["roles"]] == ["staff", "admins"]
    ssoctl("rename", "hmac:members", "alice", "a1")
    site.fields = lambda fields: {**fields, "user_id": "a1"}
    assert sign_in(alice, kept)["attributes"]["account"] == account


# -- the test page

def test_what_a_login_would_do(kept, site, database, ssoctl, two_ways, alice, make_browser):
    """By the same rules, and nothing comes of it: no account, no link, no line that says so."""
    would = lambda page: rows(page)["What a login would do"][1]
    kept.add("SSOOwner first-login provider=club")
    two_ways("SSOLinkBy email\nSSOLinkDeny admin\nSSOSetupPages anyone")
    assert would(run_test(alice, kept, "members")) == "make an account"
    assert would(run_test(make_browser("alice"), kept, "club")) == "make an account, the owner's"
    assert database.rows("SELECT id FROM sso_accounts") == []
    account = sign_in(alice, kept)["attributes"]["account"]
    assert would(run_test(alice, kept, "members")) == "use account " + account
    assert would(run_test(make_browser("alice"), kept, "club")) == "link account %s, the owner's" % account
    assert database.rows("SELECT user_id FROM sso_identities") == [("alice",)]
    assert database.rows("SELECT account FROM sso_owners") == []
    assert len(kept.httpd.log.find("account .* was made|is that of|owns")) == 1
    site.fields = lambda fields: {**fields, "user_id": "another"}
    page = run_test(make_browser("alice"), kept, "members")
    assert page.status == 409 and "rules of accounts" in steps(page)["bad"][0]
    site.fields = lambda fields: fields
    ssoctl("ban", account)
    for name in ("members", "club"):
        assert run_test(make_browser("alice"), kept, name).fault == "banned"


# -- conflicts

def test_an_address_in_use(kept, site, alice, bob):
    kept.httpd.start()
    sign_in(alice, kept)
    site.fields = lambda fields: {**fields, "email": "alice@example.org"}
    page = bob.open(kept.url + "/.sso/login?provider=members")
    assert page.status == 409 and page.fault == "conflict"
    assert user_of(bob, kept) is None
    kept.httpd.log.expect("conflict: the address ")


def test_provisioning_off(httpd, database, site, alice):
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


def test_one_of_many_owns(kept, site, make_browser):
    """Different people, all for the first time, all at once."""
    kept.add("SSOOwner first-login provider=members")
    site.fields = lambda fields: {**fields, "user_id": fields["token"][:8],
                                  "email": fields["token"][:8] + "@example.org"}
    kept.httpd.start()
    browsers = [make_browser("alice") for _ in range(40)]
    seen = all_at_once(lambda x: sign_in(x, kept)["attributes"], browsers)
    assert len({x["account"] for x in seen}) == 40
    assert len([x for x in seen if "owner" in x]) == 1
    assert len(kept.httpd.log.find(r"owns https")) == 1
    kept.httpd.log.expect("owns https")


def claim(browser, host, code):
    """What the page at SSOPath/owner says to a code."""
    asked = browser.open(host.url + "/.sso/owner")
    assert asked.status == 200 and 'name="code"' in asked.text, repr(asked)
    return browser.submit(asked.form("code"), code=code)


def test_a_code_makes_the_owner(kept, site, database, ssoctl, alice, bob):
    kept.add("SSOOwner first-login provider=members code")
    kept.httpd.start()
    assert "owner" not in sign_in(alice, kept)["attributes"]
    assert "owner" not in sign_in(bob, kept)["attributes"]
    old, code = ssoctl("claim").strip(), ssoctl("claim").strip()
    for wrong in (old, "0" * 32):
        page = claim(bob, kept, wrong)
        assert page.status == 403 and page.fault == "claim_code"
    database.change("UPDATE sso_sites SET code_until = 1")
    assert claim(bob, kept, code).fault == "claim_code"
    code = ssoctl("claim").strip()
    assert code not in kept.httpd.log.text() and not [x for x in database.rows("SELECT code FROM sso_sites") if code in x]
    assert "yours" in claim(alice, kept, code).text
    assert attributes(alice, kept)["owner"] == "1"
    assert claim(bob, kept, code).fault == "claim_code"
    assert "owner" not in attributes(bob, kept)
    kept.httpd.log.expect("claim_code: ")
    kept.httpd.log.expect("owns https")


def test_the_page_for_codes_asks_to_sign_in(kept, alice):
    kept.add("SSOOwner first-login provider=members code")
    kept.httpd.start()
    page = alice.open(kept.url + "/.sso/owner")
    assert page.path == "/.sso/owner" and 'name="code"' in page.text
    assert "alice" in page.text


def test_no_code_is_wanted(kept, alice):
    kept.add("SSOOwner first-login provider=members")
    kept.httpd.start()
    assert alice.open(kept.url + "/.sso/owner").fault == "not_found"
    kept.httpd.log.expect("not_found: SSOOwner wants no code here")


@pytest.mark.parametrize("change, owns", [
    (None, True),
    ("UPDATE sso_sites SET created = created - 3600000000", False),
    ("DELETE FROM sso_sites", False),  # nobody knows since when: nobody owns
])
def test_owners_are_made_in_the_beginning_only(kept, database, alice, change, owns):
    kept.add("SSOOwner first-login provider=members within=1h")
    kept.httpd.start()
    if change:
        database.change(change)
    for _ in range(2):
        assert ("owner" in sign_in(alice, kept)["attributes"]) == owns
    if owns:
        kept.httpd.log.expect("owns https")


# -- hosts

@pytest.mark.parametrize("names, same", [(("on", "on"), False), (("team", "team"), True)])
def test_hosts_that_share(httpd, database, site, make_browser, names, same):
    one = httpd.host("one.example.test", tls=True)
    two = httpd.host("two.example.test", tls=True, like=one)
    httpd.add(provider(httpd, site))
    for host, name in zip((one, two), names):
        host.add("SSOAccounts " + name)
    httpd.start()
    seen = []
    for host in (one, two):
        site.callback = host.url + CALLBACK % "members"
        seen.append(sign_in(make_browser("alice"), host)["attributes"]["account"])
    assert (seen[0] == seen[1]) == same
