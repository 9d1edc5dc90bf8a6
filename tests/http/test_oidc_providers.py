"""Round trips with OpenID Providers of other people."""
import time
import urllib.parse

import pytest

from lib import pki, sites
from lib.browser import exchange
from lib.oidc_idps import LemonLdapOp, OidcProvider
from lib.recipes import CALLBACK, oidc, protect, user_of

SECRET = "a-client-secret-of-enough-bytes-0123456789"


@pytest.fixture
def host(httpd):
    host = httpd.host("app.example.test", tls=True)
    protect(host, lines="SSO op")
    host.page("/app/x.html", "inside")
    return host


@pytest.fixture
def provider(closing):
    if not OidcProvider.available():
        pytest.skip("oidc-provider is not installed: make npm-idps, with node and npm")
    return lambda **options: closing(OidcProvider(**options))


def connect(host, op, extra="", **options):
    """The block, and the registration at the provider."""
    op.client_id, op.secret = "rp", SECRET
    oidc(host, op, extra=extra)
    op.register("rp", SECRET, host.url + CALLBACK % "op", **options)


def attributes(browser, host):
    return browser.open(host.url + "/.sso/session").json()["attributes"]


SETTINGS = {
    "query, basic": ("", {}),
    "form_post, post": ("SSOOidcResponseMode form_post\nSSOOidcClientAuth client_secret_post",
                        {"token_endpoint_auth_method": "client_secret_post"}),
    "a public client": ("SSOOidcClientAuth none", {"token_endpoint_auth_method": "none",
                                                   "client_secret": None}),
    "ES256": ("", {"id_token_signed_response_alg": "ES256"}),
    "EdDSA": ("", {"id_token_signed_response_alg": "EdDSA"}),
    "PS256, signed userinfo": ("", {"id_token_signed_response_alg": "PS256",
                                    "userinfo_signed_response_alg": "RS256"}),
    "acr and max_age": ("SSOOidcAcr 1\nSSOOidcMaxAge 1h", {}),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_oidc_provider(host, provider, alice, name):
    extra, options = SETTINGS[name]
    op = provider()
    connect(host, op, extra + "\nSSOOidcScope openid profile email groups", **options)
    op.commit()
    host.httpd.start()
    page = alice.open(host.url + "/app/x.html?a=b")
    assert page.text == "inside" and page.url.endswith("/app/x.html?a=b"), repr(page)
    got = attributes(alice, host)
    assert got["user"] == "alice" and got["name"] == "Alice Ärmel"
    assert got["email"] == "alice@example.org"
    assert got["groups"] == "staff,admins,comma%2C inside"


def with_key(httpd):
    return "SSOOidcKey %s" % httpd.file("conf/client.key", pki.pair("sp").key_pem, 0o600)


def keys_of(host):
    """Our key set, as the provider is given it."""
    return exchange("GET", host.url + "/.sso/op/jwks").json()


def test_private_key_jwt(host, provider, alice):
    op = provider()
    op.client_id, op.secret = "rp", SECRET
    oidc(host, op, extra=with_key(host.httpd) + "\nSSOOidcClientAuth private_key_jwt")
    host.httpd.start()
    op.register("rp", None, host.url + CALLBACK % "op", jwks=keys_of(host),
                token_endpoint_auth_method="private_key_jwt")
    op.commit()
    assert alice.open(host.url + "/app/x.html").text == "inside"


@pytest.mark.parametrize("alg, enc", [("RSA-OAEP", "A256GCM"), ("RSA-OAEP-256", "A128CBC-HS256")])
def test_encrypted_id_token(host, provider, alice, alg, enc):  # R10
    op = provider()
    op.client_id, op.secret = "rp", SECRET
    oidc(host, op, extra=with_key(host.httpd))
    host.httpd.start()
    op.register("rp", SECRET, host.url + CALLBACK % "op", jwks=keys_of(host),
                id_token_encrypted_response_alg=alg, id_token_encrypted_response_enc=enc,
                id_token_signed_response_alg="ES256")
    op.commit()
    page = alice.open(host.url + "/app/x.html")
    assert page.text == "inside", repr(page)


def test_pushed_requests(host, provider, alice):  # RFC 9126
    op = provider(par=True)
    connect(host, op)
    op.commit()
    host.httpd.start()
    page = alice.open(host.url + "/app/x.html")
    assert page.text == "inside", repr(page)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.trace[0].location).query)
    assert set(query) == {"client_id", "request_uri"}


def test_a_wrong_password_stays_at_the_provider(host, provider, make_browser):
    op = provider()
    connect(host, op)
    op.commit()
    host.httpd.start()
    browser = make_browser("alice", "wrong")
    page = browser.open(host.url + "/app/x.html")
    assert page.url.startswith(op.url) and "Wrong name or password" in page.text
    assert user_of(browser, host) is None


def test_an_unknown_client(host, provider, browser):
    """The provider says so on its own page: it does not know where to send the browser."""
    op = provider()
    op.client_id, op.secret = "nobody", SECRET
    oidc(host, op)
    host.httpd.start()
    page = browser.open(host.url + "/app/x.html")
    assert page.status == 400 and page.url.startswith(op.url)


def test_a_wrong_secret(host, provider, alice):
    op = provider()
    connect(host, op, client_secret=SECRET + "x")
    op.commit()
    host.httpd.start()
    host.httpd.expect_fault("oidc_client")
    assert alice.open(host.url + "/app/x.html").fault == "oidc_client"


def test_lemonldap(host, closing, make_browser):
    op = closing(LemonLdapOp())
    connect(host, op, "SSOOidcScope openid profile email groups")
    op.commit()
    host.httpd.start()
    browser = make_browser("dwho", "dwho")
    page = browser.open(host.url + "/app/x.html?a=b")
    assert page.text == "inside", repr(page)
    got = attributes(browser, host)
    assert got["user"] == "dwho" and got["name"] == "Doctor Who"
    assert "staff" in got["groups"].split(",") and "email" not in got  # it does not vouch for it


# -- refresh tokens

def renewals(browser, host, count):
    """Use the session until it has been renewed so often; by then an access token has come each time."""
    tokens = set()
    until = time.monotonic() + 30
    while len(host.httpd.log.find("provider op has confirmed a session")) < count:
        assert time.monotonic() < until, host.httpd.log.text()[-3000:]
        page = browser.fetch(host.url + "/app/env.cgi")
        tokens.add(page.json()["SSO_ACCESS_TOKEN"])
    return tokens


def refresh(host):
    """What the host needs for it, and the lines of its provider."""
    host.httpd.need("cgid")
    sites.cgi(host, "/app/env.cgi")
    host.add('<Location "/app">\nOptions +ExecCGI\nAddHandler cgi-script .cgi\n'
             "SSOAccessToken env\n</Location>")
    return "SSOOidcScope openid profile email groups\nSSOOidcRefresh 1s\nSSOOidcAccessToken on"


def test_refresh(host, provider, alice):
    """Each refresh token is good once; the provider that forgets them all has taken them back."""
    op = provider()
    connect(host, op, refresh(host), grant_types=["authorization_code", "refresh_token"])
    op.commit()
    host.httpd.start()
    assert alice.open(host.url + "/app/x.html").text == "inside"
    before = attributes(alice, host)
    assert len(renewals(alice, host, 3)) >= 3
    assert attributes(alice, host) == before
    op.commit()
    host.httpd.log.expect("a session was not renewed by provider op: net_|has taken back")
    until = time.monotonic() + 100
    while user_of(alice, host):
        assert time.monotonic() < until
        alice.fetch(host.url + "/app/x.html")
        time.sleep(0.05)
    assert host.httpd.log.find("has ended: the provider has taken back what it granted")


def test_refresh_lemonldap(host, closing, make_browser):
    op = closing(LemonLdapOp())
    connect(host, op, refresh(host), refresh=True)
    op.commit()
    host.httpd.start()
    browser = make_browser("dwho", "dwho")
    assert browser.open(host.url + "/app/x.html").text == "inside"
    before = attributes(browser, host)
    assert len(renewals(browser, host, 3)) >= 3
    assert attributes(browser, host) == before
