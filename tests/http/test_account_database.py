"""The database of accounts: whose it is; what becomes of people when it is locked, full or gone."""
import concurrent.futures
import contextlib
import http.client
import itertools
import os
import stat
import threading
import time

import pytest

from lib.databases import Sqlite
from lib.recipes import members, sign_in, user_of
from test_sync import Sync, verdict


@pytest.fixture
def kept(app):
    """As app; accounts are kept, in the state directory."""
    app.add("SSOAccounts on")
    return app


@pytest.fixture
def synced(httpd, database, site):
    """Accounts are kept in each of the databases, and the site may change them."""
    host = httpd.host("app.example.test", tls=True)
    host.add("SSOAccounts on")
    members(host, site, extra="SSOHmacSync on\nSSOHmacSyncCreate on\nSSOHmacSyncFreshness off")
    return host


# -- whose it is

def test_whose_the_files_are(kept, alice):
    """Requests reach the database, and nobody else does."""
    kept.httpd.start()
    sign_in(alice, kept)
    state = kept.httpd.state
    for path, mode in ((state / "accounts" / "accounts.db", 0o600), (state / "accounts", 0o700),
                       (state / "secret", 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert stat.S_IMODE(state.stat().st_mode) in (0o700, 0o710)


def test_a_directory_that_cannot_be_written(kept):
    (kept.httpd.root / "closed").mkdir(mode=0o700)
    kept.httpd.add("SSOAccountDatabase sqlite3 %s/closed/a.db" % kept.httpd.root)
    if os.geteuid() != 0:
        os.chmod(kept.httpd.root / "closed", 0o500)
    with pytest.raises(AssertionError, match="must be writable for the user that httpd"):
        kept.httpd.start()
    kept.httpd.log.expect("must be writable for the user that httpd runs as")
    kept.httpd.log.expect("AH00020|AH00016|Configuration Failed")


# -- what can be written

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
    ("SSOOwner first-login provider=members within=1", "has no unit"),
    ("SSOOwner id=5 provider=members code", "belong to first-login"),
    ("SSOAccounts a/b", "cannot name accounts"),
])
def test_what_configtest_says_of_a_host(kept, lines, says):
    kept.add(lines)
    result = kept.httpd.configtest()
    assert not result.ok and says in result.output


# -- locked, full, gone

def is_kept_out(browser, host):
    page = browser.open(host.url + "/.sso/login?provider=members")
    assert page.status == 503 and page.fault == "account_database", repr(page)
    return user_of(browser, host) is None


# What httpd says while its database is not there: of logins, of looking for changes; and libpq itself.
MEANWHILE = "account_database: |changes of accounts by others cannot be seen|WARNING:  terminating connection"


def expect(httpd, cure):
    httpd.log.expect(MEANWHILE)
    assert httpd.log.find("account_database: .*" + cure)


@pytest.mark.parametrize("how", ["locked", "full", "gone"])
def test_nothing_comes_of_doubt(synced, database, site, alice, bob, how):
    """No session for who comes, none lost of who is there, no answer that a change was made; and
    afterwards everything as it was."""
    bio = "x" * 1500  # a record that needs a page of its own
    site.fields = lambda fields: {**fields, "bio": bio}
    synced.httpd.start()
    make = lambda: verdict(Sync(synced, site).send(user_id="carol", email="c@example.org", name="C", bio=bio))
    sign_in(alice, synced)
    before = database.rows("SELECT user_id, account FROM sso_identities")
    with getattr(database, how)() as cure, concurrent.futures.ThreadPoolExecutor() as pool:
        made = pool.submit(make)
        assert is_kept_out(bob, synced)
        assert made.result() == (503, "account_database")
        assert user_of(alice, synced) == "alice"
    assert database.rows("SELECT user_id, account FROM sso_identities") == before
    assert make() == (200, "created")
    assert sign_in(bob, synced)["attributes"]["user"] == "bob"
    database.check()
    expect(synced.httpd, cure)


def test_a_file_that_has_gone_does_not_come_back_empty(kept, alice, bob):
    kept.httpd.start()
    sign_in(alice, kept)
    database = Sqlite(kept.httpd)
    with database.gone():
        kept.httpd.stop()
        with pytest.raises(AssertionError, match="is gone: restore it"):
            kept.httpd.start()
    kept.httpd.start()
    assert sign_in(bob, kept)["attributes"]["user"] == "bob"
    kept.httpd.log.expect("SSOAccountDatabase: the account database .* is gone: restore")
    kept.httpd.log.expect("AH00020|AH00016|Configuration Failed")


@pytest.mark.parametrize("database", ["pgsql"], indirect=True)
def test_tables_that_have_gone_do_not_come_back_empty(synced, database, alice):
    """The next to come would own the site, and whoever is banned be back."""
    synced.add("SSOOwner first-login provider=members")
    synced.httpd.start()
    sign_in(alice, synced)
    synced.httpd.stop()
    database.change("DROP OWNED BY sso")
    with pytest.raises(AssertionError, match="is empty, and accounts were kept in it"):
        synced.httpd.start()
    synced.httpd.log.expect("SSOAccountDatabase: the account database is empty")
    synced.httpd.log.expect("AH00020|AH00016|Configuration Failed")
    synced.httpd.log.expect("owns https")


@pytest.mark.parametrize("database", ["pgsql"], indirect=True)
def test_a_server_that_takes_no_more_connections(synced, database, alice, bob):
    synced.httpd.start()
    sign_in(alice, synced)
    with database.crowded() as cure:
        assert is_kept_out(bob, synced)
        assert user_of(alice, synced) == "alice"
    assert sign_in(bob, synced)["attributes"]["user"] == "bob"
    expect(synced.httpd, cure)


# -- the middle of it

@contextlib.contextmanager
def telling(sync):
    """The site's server tells about new people, one after the other, four at a time; what it was told is
    done."""
    told, stop = [], threading.Event()

    def tell(k):
        for n in itertools.count():
            name = "p%d-%d" % (k, n)
            with contextlib.suppress(OSError, http.client.HTTPException):  # who answered died
                page = sync.send(user_id=name, email=name + "@example.org", name=name, banned=True)
                if page.status == 200:
                    told.append(name)
            if stop.is_set():
                return

    threads = [threading.Thread(target=tell, args=(k,)) for k in range(4)]
    for each in threads:
        each.start()
    try:
        yield told
    finally:
        stop.set()
        for each in threads:
            each.join()


def more(told, seconds=15):
    """Wait until some more was done."""
    count, until = len(told) + 5, time.monotonic() + seconds
    while len(told) < count:
        assert time.monotonic() < until, "nothing is done any more"
        time.sleep(0.01)


def test_what_was_answered_was_kept(synced, database, site):
    """The database's server dies and comes back, or a child of httpd dies, while the site goes on telling:
    whatever it was told is done is there."""
    synced.httpd.start()
    with telling(Sync(synced, site)) as told:
        for _ in range(3):
            more(told)
            if database.kind == "sqlite3":
                synced.httpd.kill_child()
            else:
                database.crash()
        more(told)
    there = {x for (x,) in database.rows("SELECT i.user_id FROM sso_identities i"
                                         " JOIN sso_accounts a ON a.id = i.account WHERE a.banned = 1")}
    assert set(told) <= there
    database.check()
    if database.kind == "pgsql":
        synced.httpd.log.expect(MEANWHILE)
