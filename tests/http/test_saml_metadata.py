"""SAML metadata that changes while httpd runs: files, addresses, signatures, aggregates."""
import datetime
import os
import pathlib
import threading
import time

import pytest
from lxml import etree

from lib import pki, saml_idp
from lib.browser import Browser
from lib.documents import Documents
from lib.recipes import is_login, protect, saml, saml_key, sign_in, user_of
from lib.saml_idp import SamlIdp

NEW = r"corp\.saml: a new copy of "
KEPT = r"corp\.saml: .*; the last copy stays in use; asked again in \d+ s"


@pytest.fixture
def idp(closing):
    return closing(SamlIdp())


@pytest.fixture
def server(closing, idp):
    return closing(Documents(idp.metadata()))


def by_address(httpd, server, idp, extra="refresh=5s"):
    """A host whose provider reads its metadata from the server."""
    host = httpd.host()
    host.add("SSOInsecureHttp on")
    host.add("<SSOProvider corp saml>\nSSOSamlMetadata %s/metadata %s\n%s\n</SSOProvider>"
             % (server.url, extra, saml_key(httpd)))
    protect(host, "/app", "SSO corp")
    idp.sp = None
    return host


def learn(host, idp):
    """The other side's half of the set-up."""
    idp.register(Browser().fetch(host.url + "/.sso/corp/metadata").body)


def can_log_in(host):
    return user_of_new(host) is not None


def user_of_new(host):
    """Log somebody new in; who it is, or None."""
    browser = Browser()
    page = browser.open(host.url + "/.sso/login?provider=corp&return=/.sso/session")
    return user_of(browser, host) if page.status == 200 else None


def signed(text, pair, until=None):
    root = etree.fromstring(text)
    root.set("ID", "_m1")
    if until:
        root.set("validUntil", until.strftime("%Y-%m-%dT%H:%M:%SZ"))
    saml_idp.sign(root, pair, at=0)
    return etree.tostring(root).decode()


def in_days(n):
    return datetime.datetime.utcnow() + datetime.timedelta(days=n)


# -- addresses

def test_metadata_is_fetched_once_for_all(httpd, server, idp):
    server.etag = '"v1"'
    host = by_address(httpd, server, idp)
    httpd.start()
    assert httpd.log.wait(NEW)
    learn(host, idp)
    for _ in range(20):
        assert can_log_in(host)
    time.sleep(7)
    assert 2 <= len(server.asked) <= 3  # at the start, and after five seconds
    assert server.asked[-1]["If-None-Match"] == '"v1"'
    assert len(httpd.log.find(NEW)) == 1
    # The children write where they may not enter.
    fetched = httpd.state / "fetched"
    assert httpd.state.stat().st_mode & 0o777 == 0o700
    assert fetched.stat().st_mode & 0o777 == 0o700
    if os.geteuid() == 0:
        assert httpd.state.stat().st_uid == 0 and fetched.stat().st_uid != 0
    assert [x.stat().st_mode & 0o777 for x in fetched.iterdir()] == [0o600]


def test_a_provider_that_is_down(httpd, closing, idp):
    server = closing(Documents(idp.metadata()))
    server.status = 503
    host = by_address(httpd, server, idp)
    httpd.expect_log(r"corp\.saml: http\S+: answers with status 503; there is no copy yet")
    httpd.expect_fault("metadata_missing")
    httpd.start()
    assert httpd.log.wait("there is no copy yet")
    page = Browser().open(host.url + "/app/")
    assert page.status == 503 and page.fault == "metadata_missing"
    learn(host, idp)  # ours does not depend on theirs
    server.status = 200
    assert httpd.log.wait(NEW, seconds=15)
    assert can_log_in(host)
    # Over a restart the copy does.
    server.status = 503
    httpd.expect_log(KEPT)
    httpd.restart()
    assert can_log_in(host)
    time.sleep(6)
    assert can_log_in(host)


@pytest.mark.parametrize("what", ["broken", "signature", "expired", "large"])
def test_a_bad_answer_changes_nothing(httpd, server, idp, what):
    signer = pki.pair("federation")
    good = signed(idp.metadata(), signer, in_days(10))
    bad = {
        "broken": good.replace("</md:IDPSSODescriptor>", ""),
        "signature": signed(idp.metadata(), pki.pair("somebody"), in_days(10)),
        "expired": signed(idp.metadata(), signer, in_days(-1)),
        "large": good + " " * (129 << 20),
    }[what]
    server.text = good
    host = by_address(httpd, server, idp, "refresh=5s signed-by=%s entity-id=%s"
                      % (httpd.file("conf/federation.crt", signer.cert_pem), idp.entity_id))
    httpd.expect_log(KEPT)
    httpd.start()
    assert httpd.log.wait(NEW)
    learn(host, idp)
    assert can_log_in(host)
    server.text = bad
    assert httpd.log.wait(KEPT)
    assert can_log_in(host)
    server.text = signed(idp.metadata(), signer, in_days(11))
    assert httpd.log.wait(NEW, 2, 15)
    assert can_log_in(host)


def test_a_server_that_hangs_delays_nobody(httpd, server, idp):
    host = by_address(httpd, server, idp)
    httpd.start()
    assert httpd.log.wait(NEW)
    learn(host, idp)
    server.hang.clear()
    until = time.monotonic() + 15
    while len(server.asked) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert len(server.asked) == 2
    for _ in range(5):
        begin = time.monotonic()
        assert can_log_in(host)
        assert time.monotonic() - begin < 1
    begin = time.monotonic()
    httpd.stop()  # nor the end
    assert time.monotonic() - begin < 8


@pytest.mark.parametrize("known", [True, False])
def test_who_vouches_for_the_server(httpd, closing, idp, known):
    server = closing(Documents(idp.metadata(), tls=True))
    path = httpd.file("conf/ca.pem", pki.server_pair().cert_pem)
    host = by_address(httpd, server, idp)
    if known:
        host.add("SSOCAFile %s" % path)
    else:
        httpd.expect_log(r"corp\.saml: https://\S+: SSL certificate problem.*there is no copy yet")
    httpd.start()
    assert httpd.log.wait(NEW if known else "there is no copy yet")
    if known:
        learn(host, idp)
        assert can_log_in(host)
    else:
        assert server.asked == []


def test_a_configtest_fetches_nothing(httpd, server, idp):
    by_address(httpd, server, idp)
    done = httpd.configtest()
    assert done.ok, done.output
    assert server.asked == [] and not (httpd.state / "fetched").exists()
    httpd.start()
    assert httpd.log.wait(NEW)
    httpd.stop()
    asked, text = len(server.asked), httpd.configtest().output
    assert len(server.asked) == asked and "nobody can log in" not in text  # it reads the copy


# -- files

def test_a_file_that_changes(httpd, idp):
    host = httpd.host()
    host.add("SSOInsecureHttp on")
    saml(host, idp)
    httpd.start()
    learn(host, idp)
    assert can_log_in(host)
    first = idp.pair
    idp.pair = pki.pair("successor")
    httpd.expect_fault("signature")
    assert not can_log_in(host)
    httpd.file("conf/corp-idp.xml", idp.metadata())
    assert httpd.log.wait(NEW)
    assert can_log_in(host)
    idp.pair = first
    assert not can_log_in(host)
    # A mistake leaves things as they are, and says so once.
    idp.pair = pki.pair("successor")
    httpd.expect_log(KEPT)
    httpd.file("conf/corp-idp.xml", "<oops")
    assert httpd.log.wait(KEPT)
    time.sleep(3)
    assert len(httpd.log.find(KEPT)) == 1
    assert can_log_in(host)


def test_a_key_is_rolled_over_without_an_outage(httpd, server, idp):
    """Old key, both keys, new key; logins all the while."""
    host = by_address(httpd, server, idp)
    httpd.start()
    assert httpd.log.wait(NEW)
    learn(host, idp)
    failures, done, stop = [], [0], threading.Event()

    def people():
        while not stop.is_set():
            try:
                if not can_log_in(host):
                    failures.append(time.monotonic())
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)
            done[0] += 1

    threads = [threading.Thread(target=people) for _ in range(3)]
    for each in threads:
        each.start()
    old, new = idp.metadata(), None
    successor = pki.pair("successor")
    key = old[old.index("<md:KeyDescriptor"):old.index("</md:KeyDescriptor>") + 19]
    both = old.replace(key, key + key.replace(idp.pair.cert_b64, successor.cert_b64))
    server.text = both
    assert httpd.log.wait(NEW, 2, 15)
    idp.pair = successor
    new = idp.metadata()
    time.sleep(0.5)
    server.text = new
    assert httpd.log.wait(NEW, 3, 15)
    time.sleep(0.5)
    stop.set()
    for each in threads:
        each.join()
    assert failures == [] and done[0] > 30


# -- aggregates

_LOOKS = "".join('<x:Description xmlns:x="urn:x:ui" xml:lang="l%s">%s</x:Description>'
                 % (i, "About us. " * 30) for i in range(10))


def aggregate(idp, count):
    """Metadata of a federation of so many providers, the idp in the middle."""
    one = idp.metadata().replace(idp.entity_id, "https://idp%d.example.org/shibboleth")
    one = one.replace(idp.url, "https://idp%d.example.org")
    # Real entities have some five kilobytes: names, logos, contacts, services of other protocols.
    one = one.replace("<md:KeyDescriptor",
                      "<md:Extensions>%s</md:Extensions><md:KeyDescriptor" % _LOOKS, 1)
    body = []
    for i in range(count):
        body.append(idp.metadata() if i == count // 2 else one.replace("%d", str(i)))
    return ('<md:EntitiesDescriptor xmlns:md="%s" xmlns:ds="%s" Name="urn:x:federation">%s'
            '</md:EntitiesDescriptor>' % (saml_idp.M, saml_idp.DS, "".join(body)))


def private_memory(httpd):
    """Bytes that the children have for themselves, shared pages by their share."""
    total = 0
    for pid in httpd.children() + [httpd.pid]:
        for line in pathlib.Path("/proc/%d/smaps_rollup" % pid).read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def test_an_aggregate_costs_nothing(make_httpd, idp):
    """5000 providers, one of them or all: loaded in under two seconds, under 40 MB for all children
    together."""
    text = aggregate(idp, 5000)
    assert len(text) > 24_000_000
    figures = {}
    for name, content, more in (("one", idp.metadata(), ""),
                                ("one of many", text, "entity-id=" + idp.entity_id),
                                ("many", text, "")):
        server = make_httpd()
        host = server.host()
        path = server.file("conf/idp.xml", content)
        host.add("SSOInsecureHttp on")
        host.add("<SSOProvider corp saml>\nSSOSamlMetadata %s %s\n%s\n</SSOProvider>"
                 % (path, more, saml_key(server)))
        protect(host, "/app", "SSO corp")
        begin = time.monotonic()
        server.start()
        started = time.monotonic() - begin
        learn(host, idp)
        chosen = host.url + "/.sso/login?provider=corp&return=/.sso/session&idp=" + idp.entity_id
        page = Browser().open(chosen)
        assert page.status == 200 and page.path == "/.sso/session", repr(page)
        begin = time.monotonic()
        for _ in range(300):
            assert is_login(Browser().step(chosen))
        figures[name] = started, private_memory(server), time.monotonic() - begin
    print("start, memory, 300 redirects: %r" % figures)
    for name in ("one of many", "many"):
        assert figures[name][0] - figures["one"][0] < 2
        assert figures[name][1] - figures["one"][1] < 40 << 20
        assert figures[name][2] < figures["one"][2] * 2  # the true figure is in the bench


def test_an_aggregate_that_changes_gives_its_memory_back(httpd, idp):
    """What takes it over has it in memory several times; what remains is the one copy that all map."""
    text = aggregate(idp, 5000)
    host = httpd.host()
    path = httpd.file("conf/idp.xml", text)
    host.add("SSOInsecureHttp on")
    host.add("<SSOProvider corp saml>\nSSOSamlMetadata %s\n%s\n</SSOProvider>"
             % (path, saml_key(httpd)))
    httpd.start()
    learn(host, idp)
    chosen = host.url + "/.sso/login?provider=corp&return=/.sso/session&idp=" + idp.entity_id
    assert Browser().open(chosen).path == "/.sso/session"
    before = private_memory(httpd)
    for i in range(2):
        os.replace(httpd.file("conf/new.xml", text.replace("About us", "About them %d" % i)), path)
        assert httpd.log.wait(NEW, i + 1, 30)
        assert Browser().open(chosen).path == "/.sso/session"
    after = private_memory(httpd)
    print("memory before %d, after %d" % (before, after))
    assert after - before < 20 << 20


def test_a_signed_aggregate_by_its_address(httpd, server, idp):
    signer = pki.pair("federation")
    server.text = signed(aggregate(idp, 400), signer, in_days(3))
    host = by_address(httpd, server, idp, "signed-by=%s entity-id=%s"
                      % (httpd.file("conf/federation.crt", signer.cert_pem), idp.entity_id))
    httpd.start()
    assert httpd.log.wait(NEW, seconds=20)
    learn(host, idp)
    assert can_log_in(host)
