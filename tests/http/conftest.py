"""Fixtures of the bench. Every one of them cleans up, and complains where something is left."""
import contextlib

import pytest

from lib import databases
from lib import httpd as httpd_lib
from lib import recipes, sites
from lib.browser import Browser

SECRET = "a-secret-for-tests-0123456789abcdef"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Remember whether the test itself failed, so that its files are kept."""
    outcome = yield
    if call.when == "call":
        item.failed = outcome.get_result().failed


@contextlib.contextmanager
def running(keep, **options):
    """A new httpd, checked and removed at the end; kept for a look if keep() says so."""
    if options.get("sso", True) and not httpd_lib.MODULE.exists():
        pytest.exit("no %s: build first, and name the build directory in SSO_BUILD"
                    % httpd_lib.MODULE, 3)
    httpd = httpd_lib.Httpd(**options)
    try:
        yield httpd
        httpd.finish()
    except BaseException:
        keep = lambda: True
        raise
    finally:
        with contextlib.suppress(httpd_lib.HttpdFailed):
            httpd.stop()
        if not keep():
            httpd.remove()


@pytest.fixture
def make_httpd(request):
    """Makes httpds with options; those of a failed test stay in their directory."""
    failed = lambda: getattr(request.node, "failed", False)
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(failed, **options))


@pytest.fixture
def httpd(make_httpd):
    """An httpd with the module, event MPM, not started."""
    return make_httpd()


@pytest.fixture
def closing():
    """Takes peers that are closed at the end: `site = closing(TokenSite(...))`."""
    with contextlib.ExitStack() as stack:
        def take(peer):
            stack.callback(peer.close)
            return peer
        yield take


@pytest.fixture
def backend(closing):
    return closing(sites.Backend())


@pytest.fixture
def site(closing):
    """The site that knows alice and bob; its callback is set by `members`."""
    return closing(sites.TokenSite(SECRET))


@pytest.fixture
def make_browser():
    """Makes browsers; at the end none of them may have refused a cookie."""
    made = []

    def make(user=None, password=None):
        made.append(Browser(user, password))
        return made[-1]
    yield make
    refused = [x for browser in made for x in browser.jar.rejected]
    assert not refused, "cookies that a browser refuses"


@pytest.fixture
def browser(make_browser):
    """A browser in which nobody logs in."""
    return make_browser()


@pytest.fixture
def app(httpd, site):
    """https://app.example.test with the provider `members`; nothing is protected yet."""
    host = httpd.host("app.example.test", tls=True)
    recipes.members(host, site)
    return host


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, started when the first test asks for it."""
    with contextlib.closing(databases.PostgresServer()) as server:
        yield server


@pytest.fixture(params=["sqlite3", "pgsql"])
def database(request, httpd):
    """Where httpd keeps accounts; each test that asks for it runs with all of them."""
    if request.param == "sqlite3":
        yield databases.Sqlite(httpd)
        return
    made = request.getfixturevalue("postgres").make()
    httpd.add(made.lines)
    yield made
    httpd.stop()
    made.drop()


@pytest.fixture
def alice(make_browser):
    return make_browser("alice")


@pytest.fixture
def bob(make_browser):
    return make_browser("bob")
