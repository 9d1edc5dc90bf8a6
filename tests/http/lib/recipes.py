"""Configurations that many tests begin with."""
import json
import subprocess

from . import httpd as httpd_lib, pki
from .page import Page

CALLBACK = "/.sso/%s/callback"


def members(host, site, name="members", extra=""):
    """A signed-token provider for a virtual host, and the site told where to answer."""
    host.add(provider(host.httpd, site, name, extra))
    site.callback = host.url + CALLBACK % name


def provider(httpd, site, name="members", extra=""):
    """The block alone, for wherever it is to stand."""
    secret = httpd.secret("%s-%d.secret" % (name, site.port), site.secret)
    return ("<SSOProvider %s hmac>\nSSOHmacEndpoint %s\nSSOHmacSecret file:%s\n%s\n</SSOProvider>"
            % (name, site.endpoint, secret, extra))


def oidc(host, op, name="op", extra=""):
    """An OpenID Connect provider for a virtual host, and the provider told where to answer."""
    secret = host.httpd.secret("%s-%d.secret" % (name, op.port), op.secret)
    host.add("<SSOProvider %s oidc>\nSSOOidcIssuer %s\nSSOOidcClient %s file:%s\n%s\n</SSOProvider>"
             % (name, op.issuer, op.client_id, secret, extra))
    op.redirect_uri = host.url + CALLBACK % name


def saml(host, idp, name="corp", extra="", own_key=True):
    """A SAML provider that reads the metadata of `idp`; without own_key it makes its keys."""
    path = host.httpd.file("conf/%s-idp.xml" % name, idp.metadata())
    if own_key and "SSOSamlKey" not in extra:
        extra += "\n" + saml_key(host.httpd)
    host.add("<SSOProvider %s saml>\nSSOSamlMetadata %s\n%s\n</SSOProvider>" % (name, path, extra))


def saml_key(httpd):
    """The line for a ready key: making one takes longer than most tests."""
    pair = pki.pair("sp")
    return "SSOSamlKey %s %s" % (httpd.file("conf/sp.key", pair.key_pem, 0o600),
                                 httpd.file("conf/sp.crt", pair.cert_pem))


def protect(host, path="/app", lines="SSO members"):
    """A location with lines of its own."""
    host.add('<Location "%s">\n%s\n</Location>' % (path, lines))


def sign_in(browser, host, name="members"):
    """Log the browser's user in without touching a protected page; the session's JSON."""
    page = browser.open("%s/.sso/login?provider=%s&return=/.sso/session" % (host.url, name))
    assert page.status == 200 and page.path == "/.sso/session", repr(page)
    return page.json()


def user_of(browser, host):
    """Who the browser's user is to the host; None if nobody."""
    page = browser.fetch(host.url + "/.sso/session")
    assert page.status in (200, 401), repr(page)
    return page.json()["attributes"]["user"] if page.status == 200 else None


def is_login(page: Page):
    """Is the answer the beginning of a login at another site?"""
    return page.status in (302, 303) and "/sso?" in (page.location or "")


def is_turned_away(page: Page):
    """Is it what strangers get: a login, or a 401 that names one?"""
    return is_login(page) or (page.status == 401 and page.json()["error"] == "login_required")


def is_ours(page: Page):
    """Did the module itself answer?"""
    try:
        body = json.loads(page.body)
    except ValueError:
        return bool(page.fault) or "You are signed out" in page.text
    return body.get("error") == "login_required" or "issuer" in body


def peer(host, secret, callback, name="forum", dialect="hmac", extra=""):
    """A peer that may ask this host who people are; returns the address to ask at."""
    path = host.httpd.secret("peer-%s.secret" % name, secret)
    host.add("<SSOPeer %s %s>\nSSOPeerSecret file:%s\nSSOPeerCallback %s\n%s\n</SSOPeer>"
             % (name, dialect, path, callback, extra))
    return "%s/.sso/peer/%s" % (host.url, name)


def ssoctl(httpd, command, *args):
    """Runs ssoctl on the configuration of an httpd, started or not."""
    httpd.write()
    program = httpd.file("ssoctl-httpd", "#!/bin/sh\nexec %s -d %s \"$@\"\n"
                         % (httpd_lib.PROGRAM, httpd.root), 0o755)
    return subprocess.run([httpd_lib.BUILD / "ssoctl", command, "--httpd", program, "-f",
                           httpd.root / "conf" / "httpd.conf", *args],
                          capture_output=True, text=True, timeout=60)
