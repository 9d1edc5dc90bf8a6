"""ssoctl sessions: who is signed in at a running httpd, and signed out by its administrator."""
import json
import os
import signal
import socket
import subprocess

import pytest

from conftest import SECRET
from lib.httpd import BUILD
from lib.oidc_op import Op
from lib.recipes import members, oidc, sign_in, user_of
from lib.sites import TokenSite


class Ssoctl:
    """What `ssoctl sessions` prints about an httpd."""

    def __init__(self, httpd):
        self.httpd = httpd

    def run(self, *words, **options):
        return subprocess.run([BUILD / "ssoctl", "sessions", *words, "--state", self.httpd.state],
                              capture_output=True, text=True, timeout=60, **options)

    def good(self, *words):
        done = self.run(*words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def list(self, *words):
        return [json.loads(x) for x in self.good("list", "--json", *words).splitlines()]

    def end(self, *words):
        return int(self.good("end", *words))


@pytest.fixture
def ssoctl(httpd):
    return Ssoctl(httpd)


@pytest.fixture
def hosts(httpd, closing):
    """Two hosts; the first has two providers."""
    one, two = httpd.host("one.example.test", tls=True), httpd.host("two.example.test", tls=True)
    members(one, closing(TokenSite(SECRET)))
    members(one, closing(TokenSite(SECRET + "2")), "friends")
    members(two, closing(TokenSite(SECRET + "3")))
    httpd.start()
    return one, two


@pytest.fixture
def people(hosts, make_browser):
    """(user, host, provider) -> browser, signed in."""
    one, two = hosts
    made = {}
    for user, host, name in (("alice", one, "members"), ("alice", one, "friends"),
                             ("alice", two, "members"), ("bob", one, "members")):
        made[user, host.name[:3], name] = make_browser(user)
        sign_in(made[user, host.name[:3], name], host, name)
    return made


def left(people, hosts):
    """Who is still signed in; asked often enough for every child to be among the answers."""
    by_name = {x.name[:3]: x for x in hosts}
    answers = [{k for k, browser in people.items() if user_of(browser, by_name[k[1]])}
               for _ in range(4)]
    assert all(x == answers[0] for x in answers)
    return answers[0]


FILTERS = {
    "user": (["--user", "alice"], lambda k: k[0] == "alice"),
    "provider": (["--provider", "members"], lambda k: k[2] == "members"),
    "site": (["--site", None], lambda k: k[1] == "two"),
    "both": (["--user", "alice", "--provider", "friends"],
             lambda k: k[0] == "alice" and k[2] == "friends"),
    "nobody": (["--user", "carol"], lambda k: False),
    "neither": (["--user", "bob", "--provider", "friends"], lambda k: False),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters(hosts, people, ssoctl, name):
    words, meant = FILTERS[name]
    words = [x or hosts[1].url for x in words]
    wanted = {k for k in people if meant(k)}
    listed = ssoctl.list(*words)
    assert {(x["user"], x["site"][8:11], x["provider"]) for x in listed} == wanted
    assert len(listed) == len(wanted) and left(people, hosts) == set(people)
    assert ssoctl.end(*words) == len(wanted)
    assert left(people, hosts) == set(people) - wanted
    assert ssoctl.list(*words) == [] and ssoctl.end(*words) == 0


def test_issuer_and_session(hosts, people, ssoctl):
    one, two, *rest = ssoctl.list()
    assert len(rest) == 2
    assert {x["issuer"] for x in ssoctl.list("--issuer", one["issuer"])} == {one["issuer"]}
    assert ssoctl.list("--issuer", one["issuer"] + "x") == []
    assert ssoctl.end("--session", one["session"]) == 1
    assert [x["session"] for x in ssoctl.list()] == [x["session"] for x in (two, *rest)]


def test_all(hosts, people, ssoctl):
    assert ssoctl.end("--all") == 4
    assert left(people, hosts) == set() and ssoctl.list() == []
    sign_in(people["bob", "one", "members"], hosts[0])  # it is no ban
    assert left(people, hosts) == {("bob", "one", "members")}


def test_what_is_shown(hosts, people, ssoctl):
    text = ssoctl.good("list")
    assert len(text.splitlines()) == 4 and "alice" in text and hosts[1].url in text
    one, = ssoctl.list("--user", "bob")
    assert set(one) == {"session", "site", "provider", "protocol", "issuer", "user", "subject",
                        "created", "used", "expires"}
    for (_, name, _), browser in people.items():
        host = hosts[name == "two"]
        assert browser.jar.get(host.url, "__Host-sso").value.partition(".")[0] not in text + json.dumps(one)


def test_looking_is_no_use(make_httpd, closing, alice):
    httpd = make_httpd(fake_time=True)
    host = httpd.host("app.example.test", tls=True)
    members(host, closing(TokenSite(SECRET)), extra="SSOSessionIdle 10m")
    httpd.start()
    sign_in(alice, host)
    httpd.advance(400)
    assert len(Ssoctl(httpd).list()) == 1
    httpd.advance(400)
    assert user_of(alice, host) is None


def test_limit(hosts, people, ssoctl):
    done = ssoctl.run("list", "--limit", "3")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 3
    assert done.stderr == "3 of 4; --limit N shows more\n"
    for wrong in ("0", "x", "100001", "-1"):
        assert ssoctl.run("list", "--limit", wrong).returncode == 2


def test_either_which_or_all(hosts, people, ssoctl):
    for words in ([], ["--all", "--user", "alice"]):
        done = ssoctl.run("end", *words)
        assert done.returncode == 2 and "or --all" in done.stderr
    assert left(people, hosts) == set(people)


def test_an_unknown_host(hosts, people, ssoctl):
    done = ssoctl.run("end", "--site", "https://three.example.test")
    assert done.returncode == 1 and "no host has this address" in done.stderr
    assert left(people, hosts) == set(people)


# -- hosts of one address

def audited(httpd, event):
    lines = (httpd.root / "logs" / "audit.log").read_text().splitlines()
    return [x for x in map(json.loads, lines) if x["event"] == event]


def test_hosts_of_one_address(httpd, closing, ssoctl, alice):
    """They have their sessions in common, but only one knows the provider."""
    one = httpd.host("app.example.test", tls=True)
    httpd.host("other.example.test", tls=True)
    op = closing(Op())
    op.gives_refresh = op.takes_back = True
    httpd.add("SSOBaseURL " + one.url)
    httpd.add("SSOAuditLog logs/audit.log")
    oidc(one, op, extra="SSOOidcRefresh 10m")
    httpd.start()
    sign_in(alice, one, "op")
    token, = op.grants
    listed, = ssoctl.list()
    assert (listed["site"], listed["protocol"]) == (one.url, "oidc")
    assert ssoctl.end("--all") == 1
    assert httpd.log.wait("provider op has taken a token back") and op.revoked == [token]
    ended, = audited(httpd, "ended")
    assert (ended["provider"], ended["protocol"], ended["why"]) == ("op", "oidc", "by the administrator")
    assert user_of(alice, one) is None


def test_hosts_that_are_gone(hosts, people, ssoctl):
    """Their sessions end with all the others, and the record says so."""
    httpd, gone = hosts[0].httpd, hosts[1]
    httpd.add("SSOAuditLog logs/audit.log")
    httpd.hosts.remove(gone)
    httpd.restart()
    assert len(ssoctl.list()) == 3
    assert ssoctl.end("--all") == 4
    rest, = [x for x in audited(httpd, "ended") if "user" not in x]
    assert (rest["sessions"], rest["why"]) == (1, "by the administrator")


# -- who may come

def say(httpd, text):
    """A question of one's own; the answer's lines."""
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(20)
        door.connect(str(httpd.state / "door"))
        door.sendall(text)
        with door.makefile() as answer:
            return [json.loads(x) for x in answer]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_others_do_not_get_through(hosts, people, ssoctl):
    httpd = hosts[0].httpd
    done = ssoctl.run("end", "--all", user="www-data")
    assert done.returncode == 1 and "Permission denied" in done.stderr
    os.chmod(httpd.state, 0o755)  # as if somebody had opened it
    done = ssoctl.run("end", "--all", user="www-data")
    assert done.returncode == 1 and "Permission denied" in done.stderr
    os.chmod(httpd.state / "door", 0o666)
    done = ssoctl.run("end", "--all", user="www-data")
    assert done.returncode == 1 and "gave no answer" in done.stderr
    assert left(people, hosts) == set(people)


@pytest.mark.parametrize("question", [
    b'{"do":"end","tenant":1}\n', b'{"do":"end","user":1}\n', b'{"do":"forget"}\n', b'{}\n', b'[]\n',
    b'{"do":"end","user":{"x":1}}\n', b'\xff\n', b'\n', b'{"do":"list","limit":100001}\n'])
def test_what_is_not_understood_ends_nothing(hosts, people, question):
    answer = say(hosts[0].httpd, question)
    assert len(answer) == 1 and set(answer[0]) == {"error"}
    assert left(people, hosts) == set(people)


def test_too_long_a_question(hosts, people):
    try:
        assert say(hosts[0].httpd, b'{"do":"end","user":"' + b"x" * 5000 + b'"}\n') == []
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert left(people, hosts) == set(people)


def test_who_says_nothing_does_not_stay(hosts, people, ssoctl):
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(str(hosts[0].httpd.state / "door"))
        assert len(ssoctl.list()) == 4


def test_no_httpd(hosts, ssoctl):
    hosts[0].httpd.stop()
    assert not (hosts[0].httpd.state / "door").exists()
    done = ssoctl.run("list")
    assert done.returncode == 1 and "no httpd answers at" in done.stderr


# -- over restarts

def test_over_restarts(hosts, people, ssoctl):
    httpd = hosts[0].httpd
    httpd.graceful()
    assert len(ssoctl.list()) == 4
    assert ssoctl.end("--user", "alice") == 3
    httpd.restart()
    assert left(people, hosts) == {("bob", "one", "members")}
    assert ssoctl.end("--all") == 1
    httpd.restart()
    assert left(people, hosts) == set()


def crash(httpd):
    """kill -9 of all of httpd at once."""
    os.killpg(os.getpgid(httpd.pid), signal.SIGKILL)
    httpd._process.wait()
    httpd._console.close()
    httpd._process = None
    httpd.log.expect("AH00098: pid file .* overwritten")


def test_what_has_ended_does_not_come_back_after_a_crash(hosts, people, ssoctl):
    """A snapshot is as old as the last stop: it is good for the start that follows, and no other."""
    httpd = hosts[0].httpd
    httpd.restart()
    assert left(people, hosts) == set(people)
    assert ssoctl.end("--user", "alice") == 3
    crash(httpd)
    httpd.log.expect("httpd was not stopped but ended: people have to sign in again .4 sessions.")
    httpd.start()
    assert left(people, hosts) == set()


def test_what_was_used_stays_used_after_a_crash(hosts, people):
    """... but for what must not be forgotten: the answer to a login is good once."""
    httpd, (one, _), browser = hosts[0].httpd, hosts, people["bob", "one", "members"]
    page = browser.open(one.url + "/.sso/login?provider=members&return=/.sso/session")
    callback = next(x.location for x in page.trace if "/callback?" in (x.location or ""))
    httpd.restart()
    crash(httpd)
    httpd.log.expect("people have to sign in again")
    httpd.start()
    httpd.expect_fault("token_used")
    assert browser.open(callback).fault
