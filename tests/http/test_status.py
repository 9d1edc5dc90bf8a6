"""SetHandler sso-status, and the section in mod_status's page."""
import json

import pytest

from lib.browser import Browser
from lib.recipes import members, saml, sign_in
from lib.saml_idp import SamlIdp
from lib.sites import TokenSite
from conftest import SECRET


@pytest.fixture
def host(make_httpd, closing):
    httpd = make_httpd(modules=["status"])
    host = httpd.host()
    host.add("SSOInsecureHttp on")
    members(host, closing(TokenSite(SECRET)))
    saml(host, closing(SamlIdp()), "corp")
    host.add('<Location "/figures">\nSetHandler sso-status\n</Location>\n'
             '<Location "/local">\nSetHandler sso-status\nRequire ip 192.0.2.1\n</Location>\n'
             '<Location "/server-status">\nSetHandler server-status\n</Location>')
    httpd.start()
    return host


def look(host, query="", path="/figures"):
    page = Browser().fetch(host.url + path + query)
    assert page.status == 200, repr(page)
    return page


def value(host, name):
    lines = dict(x.split(": ", 1) for x in look(host, "?auto").text.splitlines())
    return int(lines[name])


def test_figures_follow_what_happens(host):
    assert value(host, "SSOSessions") == 0 and value(host, "SSOLogins") == 0
    for user in ("alice", "bob"):
        sign_in(Browser(user), host)
    assert value(host, "SSOSessions") == 2 and value(host, "SSOLogins") == 2
    host.httpd.expect_fault("not_found")
    Browser().fetch(host.url + "/.sso/nothing")
    figures = json.loads(look(host, "?format=json").body)
    assert figures["failures"] == {"not_found": 1} and figures["sessions"] == 2
    assert {x["name"]: x["protocol"] for x in figures["providers"]} == {
        "members": "hmac", "corp": "saml"}
    ends = {y["what"] for x in figures["providers"] for y in x["endings"]}
    assert ends == {"the provider's certificate CN=idp", "our certificate CN=sp"}
    assert [x["name"] for x in figures["documents"]] == ["corp.saml"]
    assert figures["documents"][0]["version"] >= 1
    # Over a reload they go on.
    host.httpd.graceful()
    assert value(host, "SSOLogins") == 2 and value(host, "SSOSessions") == 2


def test_every_form_has_its_type(host):
    text = look(host)
    assert text.header("Content-Type").startswith("text/plain")
    assert text.header("Cache-Control") == "no-store" and "Sessions  " in text.text
    prometheus = look(host, "?format=prometheus")
    assert "version=0.0.4" in prometheus.header("Content-Type")
    assert "\nsso_sessions 0\n" in prometheus.text
    assert look(host, "?format=json").header("Content-Type") == "application/json"
    assert Browser().fetch(host.url + "/figures", "POST").status == 405


def test_who_may_look_is_for_require_to_say(host):
    host.httpd.expect_log("AH01630: client denied")
    assert Browser().fetch(host.url + "/local").status == 403


def test_the_section_in_mod_status(host):
    assert "<h1>Single sign-on</h1>" in look(host, path="/server-status").text
    assert "\nSSOSessions: 0\n" in look(host, "?auto", "/server-status").text
