"""The identity in httpd's own language: expressions, Require, headers, logs."""
import pytest

from lib.browser import exchange
from lib.recipes import protect, sign_in
from lib.sites import header


@pytest.mark.parametrize("condition, alice_in, bob_in", [
    ("%{SSO:email} == 'alice@example.org'", True, False),
    ("sso('user') == 'alice'", True, False),
    ("'staff' in sso_list('roles')", True, False),
    ("'students' in sso_list('roles')", False, True),
    ("'sta' in sso_list('roles')", False, False),
    ("%{SSO:nosuch} == ''", True, True),
    ("-z %{SSO:acr}", True, True),
])
def test_require_expr(app, alice, bob, condition, alice_in, bob_in):
    protect(app, "/app", 'SSO members\nRequire expr "%s"' % condition)
    app.page("/app/x.html", "inside")
    app.httpd.start()
    app.httpd.log.expect("AH01629|AH01630|AH01631|resuming")
    for browser, allowed in ((alice, alice_in), (bob, bob_in)):
        sign_in(browser, app)
        assert browser.step(app.url + "/app/x.html").status == (200 if allowed else 403)


def test_request_headers_by_expression(app, backend, alice):
    app.httpd.need("proxy_http", "headers")
    app.add('ProxyPass /app/ %s/\nRequestHeader set X-Mail "expr=%%{SSO:email}"\n'
            'RequestHeader set X-Where "expr=%%{SSO:provider}/%%{SSO:subject}"' % backend.url)
    protect(app)
    app.httpd.start()
    sign_in(alice, app)
    page = alice.step(app.url + "/app/x")
    assert header(page, "X-Mail") == ["alice@example.org"]
    assert header(page, "X-Where") == ["members/alice"]


def test_an_expression_before_the_login_knows_the_session_and_nobody_else(app, alice, browser):
    """<If> is evaluated before anybody asks who it is."""
    app.httpd.need("headers")
    app.add('<Location "/open">\n<If "%{SSO:user} == \'alice\'">\n'
            'Header set X-Hello alice\n</If>\n</Location>')
    app.page("/open/x.html")
    app.httpd.start()
    sign_in(alice, app)
    assert alice.step(app.url + "/open/x.html").header("X-Hello") == "alice"
    assert browser.step(app.url + "/open/x.html").header("X-Hello") is None
    forged = exchange("GET", app.url + "/open/x.html", [("Cookie", "__Host-sso=" + "A" * 43)])
    assert forged.header("X-Hello") is None


def test_log_format(app, alice):
    app.httpd.add('LogFormat "%{email}^SO %{provider}^SO %{nosuch}^SO %U" who')
    app.add('CustomLog "logs/who.log" who')
    protect(app)
    app.page("/app/x.html")
    app.httpd.start()
    alice.open(app.url + "/app/x.html")
    app.httpd.stop()
    lines = (app.httpd.root / "logs" / "who.log").read_text().splitlines()
    assert lines[-1] == "alice@example.org members - /app/x.html"
    assert lines[0] == "- - - /app/x.html"


@pytest.mark.parametrize("line, said", [
    ("Require sso-group", "needs at least one value"),
    ("Require sso-attribute email", "needs an attribute and at least one value"),
    ("Require sso-nothing x", "sso-nothing"),
])
def test_wrong_requires_are_configuration_errors(app, line, said):
    protect(app, "/app", "SSO members\n" + line)
    checked = app.httpd.configtest()
    assert not checked.ok and said in checked.output
