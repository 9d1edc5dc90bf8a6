"""The pages of docs/providers: what each tells admins to write is accepted as it stands, and signs people in
with a provider of that shape (tests/http/providers)."""
import json
import pathlib
import re
import subprocess
import time
import urllib.parse

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from lib.oidc_op import unb64
from lib.oidc_shapes import NAMES, ShapedOp
from lib.recipes import CALLBACK, user_of

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
APPLE = DOCS / "samples" / "apple-secret.sh"


def block(name):
    """The configuration on a page."""
    found = re.findall(r"^```apache\n(.*?)^```$", (DOCS / "providers" / (name + ".md")).read_text(),
                       re.M | re.S)
    assert len(found) == 1, name
    return found[0]


def write_secrets(httpd, text, secret="not-a-real-secret-0123456789abcdef"):
    for path in re.findall(r"file:(\S+)", text):
        httpd.file(path, secret + "\n", 0o600)


def connect(httpd, op, name, change=lambda text: text):
    """The page's block, for the provider as it is found here."""
    text = change(block(name))
    write_secrets(httpd, text, op.secret)
    host = httpd.host("app.example.test", tls=True)
    text = op.here(text)
    if "<Location" not in text:
        text += '\n<Location "/app">\nSSO %s\n</Location>\n' % name
    host.add(text)
    host.page("/app/x.html", "inside")
    host.page("/index.html", "front")
    op.redirect_uri = host.url + CALLBACK % name
    for line in op.shape.get("log", []):
        if "loosens" not in line or line.split()[-1] in text:
            httpd.expect_log(re.escape(line))
    return host


@pytest.fixture
def shaped(closing):
    return lambda name: closing(ShapedOp(name))


def test_every_page_has_a_provider_and_is_listed():
    pages = sorted(x.stem for x in (DOCS / "providers").glob("*.md"))
    assert pages == NAMES and len(pages) == 10
    index = (DOCS / "README.md").read_text()
    assert sorted(re.findall(r"\(providers/(\w+)\.md\)", index)) == pages


@pytest.mark.parametrize("name", NAMES)
def test_a_block_is_accepted_as_it_stands(httpd, name):
    text = block(name)
    lines = [x for x in text.split("<Location")[0].splitlines() if x.startswith("    ")]
    assert 2 <= len(lines) <= 5 and "https://" in text
    write_secrets(httpd, text)
    httpd.host("app.example.test", tls=True).add(text)
    tested = httpd.configtest()
    assert tested.ok, tested.output


def snippets(name):
    """What else a page tells admins to write, in the middle of a sentence."""
    return re.findall(r"`((?:SSO\w+|Require) [^`]+)`", (DOCS / "providers" / (name + ".md")).read_text())


def with_line(text, line, name):
    """The block with that line: in the place of the one that sets the same, or for a place of its own."""
    inside = line.startswith(("SSOOidc", "SSOAttribute", "SSOUserAttribute"))
    if not inside:
        return text + '\n<Location "/there">\nSSO %s\n%s\n</Location>' % (name, line)
    same = 2 if line.startswith(("SSOOidcParameter", "SSOAttribute")) else 1
    kept = [x for x in text.splitlines() if x.split()[:same] != line.split()[:same]]
    return "\n".join(kept).replace("</SSOProvider>", line + "\n</SSOProvider>", 1)


@pytest.mark.parametrize("name", [x for x in NAMES if snippets(x)])
def test_what_stands_in_sentences_is_accepted(httpd, name):
    text = block(name)
    write_secrets(httpd, text)
    for n, line in enumerate(snippets(name)):
        httpd.host("app%d.example.test" % n, tls=True).add(with_line(text, line, name))
    tested = httpd.configtest()
    assert tested.ok, tested.output


@pytest.mark.parametrize("name", NAMES)
def test_people_sign_in_and_out(httpd, shaped, make_browser, name):
    op = shaped(name)
    host = connect(httpd, op, name)
    httpd.start()
    alice = make_browser("alice")
    page = alice.open(host.url + "/app/x.html?a=b")
    assert page.text == "inside" and page.url == host.url + "/app/x.html?a=b", repr(page)
    said = alice.open(host.url + "/.sso/session").json()
    assert said["issuer"] == op.issuer
    expected = op.shape["expect"]
    assert {k: said["attributes"].get(k) for k in expected} == expected
    assert not set(op.shape.get("lacks", ())) & set(said["attributes"])
    asked = [f for _, f in op.asked("/authorize") if "client_id" in f][0]
    for key, value in op.shape.get("expect_request", {}).items():
        assert asked[key] == value
    page = alice.open(host.url + "/.sso/logout")
    assert user_of(alice, host) is None
    if op.shape["logout"]:
        assert "signed out here and at the identity provider" in page.text, repr(page)
        assert op.asked("/end_session")
    else:
        assert "Your session on this site has ended" in page.text, repr(page)


@pytest.mark.parametrize("name", NAMES)
def test_a_login_begins_at_a_tile(httpd, shaped, make_browser, name):
    op = shaped(name)
    host = connect(httpd, op, name)
    httpd.start()
    alice = make_browser("alice")
    page = alice.open("%s/.sso/%s/initiate?%s" % (host.url, name, urllib.parse.urlencode(
        {"iss": op.issuer, "target_link_uri": host.url + "/app/x.html"})))
    assert page.text == "inside", repr(page)


@pytest.mark.parametrize("name", [x for x in NAMES if "SSOOidcRefresh" in " ".join(snippets(x))])
def test_people_are_asked_about_again(make_httpd, shaped, make_browser, name):
    """What the page says of renewal; of the groups at Entra ID one is left meanwhile, and does not count."""
    op = shaped(name)
    op.gives_refresh = True
    line = [x for x in snippets(name) if x.startswith("SSOOidcRefresh")][0]
    httpd = make_httpd(fake_time=True)
    host = connect(httpd, op, name, lambda text: with_line(text, line, name)
                   .replace("</SSOProvider>", "SSOSessionIdle 3d\nSSOSessionLifetime 3d\n</SSOProvider>", 1))
    httpd.start()
    alice = make_browser("alice")
    assert alice.open(host.url + "/app/x.html").text == "inside"
    expected = op.shape["expect"]
    if name == "entra":
        del op.spelled["id_token"]["groups"][1]
    seconds = {"m": 60, "h": 3600, "d": 86400}[line[-1]] * int(line.split()[1][:-1]) + 1
    op.ahead += seconds
    httpd.advance(seconds)
    assert alice.fetch(host.url + "/app/x.html").status == 200
    assert httpd.log.wait("provider %s has confirmed a session" % name)
    assert op.refreshed
    attributes = alice.fetch(host.url + "/.sso/session").json()["attributes"]
    for key, value in expected.items():
        if key != "groups":
            assert attributes.get(key) == value, key
    if name == "entra":
        assert attributes["groups"] == "7a2b1f00-0000-0000-0000-000000000001"


# -- what the pages say of pitfalls

def refused(httpd, host, browser, name, fault):
    httpd.expect_fault(fault.partition(":")[0])
    page = browser.open(host.url + "/.sso/login?provider=%s&return=/.sso/session" % name)
    assert page.fault == fault, repr(page)
    assert user_of(browser, host) is None


@pytest.mark.parametrize("name, old, new, fault", [
    ("okta", "okta.com", "okta.com/", "oidc_discovery:issuer"),
    ("auth0", "auth0.com/", "auth0.com", "oidc_discovery:issuer"),
    ("linkedin", "    SSOOidcPKCE        off\n", "", "oidc_client"),
    ("linkedin", "    SSOOidcClientAuth  client_secret_post\n", "", "oidc_client"),
    ("linkedin", "    SSOOidcAllow       no-nonce\n", "", "oidc_claim:nonce"),
])
def test_a_line_that_is_missing_or_wrong(httpd, shaped, alice, name, old, new, fault):
    op = shaped(name)
    assert old in block(name)
    host = connect(httpd, op, name, lambda text: text.replace(old, new, 1))
    httpd.start()
    refused(httpd, host, alice, name, fault)


def test_entra_by_a_name_for_all_tenants(httpd, shaped, alice):
    """The document of "common" is of the issuer ".../{tenantid}/v2.0": no tenant, no login."""
    op = shaped("entra")
    tenant = op.issuer.split("/")[-2]
    host = connect(httpd, op, "entra", lambda text: text.replace(tenant, "common"))
    common = op.issuer.replace(tenant, "common")
    op.paths[urllib.parse.urlsplit(common).path + "/.well-known/openid-configuration"] \
        = "/.well-known/openid-configuration"
    op.discovery = lambda _: {**op.spelled["discovery"], "issuer": op.issuer.replace(tenant, "{tenantid}")}
    httpd.start()
    refused(httpd, host, alice, "entra", "oidc_discovery:issuer")


def test_entra_of_another_tenant(httpd, shaped, alice):
    op = shaped("entra")
    host = connect(httpd, op, "entra")
    tenant, other = op.issuer.split("/")[-2], "99998888-7777-6666-5555-444433332222"
    claims = op.id_token
    op.id_token = lambda c: {**claims(c), "tid": other, "iss": op.issuer.replace(tenant, other)}
    httpd.start()
    refused(httpd, host, alice, "entra", "oidc_issuer:token")


def test_entra_with_too_many_groups(httpd, shaped, alice):
    """They are elsewhere, nobody asks there, and the log says so."""
    op = shaped("entra")
    host = connect(httpd, op, "entra")
    elsewhere = op.url + "/graph/getMemberObjects"
    claims = op.id_token
    op.id_token = lambda c: {**{k: v for k, v in claims(c).items() if k != "groups"},
                             "_claim_names": {"groups": "src1"},
                             "_claim_sources": {"src1": {"endpoint": elsewhere}}}
    httpd.expect_log('"groups" is not in the token but at another address')
    httpd.start()
    assert alice.open(host.url + "/app/x.html").text == "inside"
    attributes = alice.open(host.url + "/.sso/session").json()["attributes"]
    assert "groups" not in attributes and not [k for k in attributes if k.startswith("_")]
    assert httpd.log.find('"groups" is not in the token')
    assert not op.asked("/graph/getMemberObjects")


@pytest.mark.parametrize("change, status", [
    (lambda c: {k: v for k, v in c.items() if k != "hd"}, 403),  # a private account for an address of ours
    (lambda c: {**c, "hd": "evil.example"}, 403)])
def test_google_accounts_of_others(httpd, shaped, alice, change, status):
    op = shaped("google")
    host = connect(httpd, op, "google")
    claims = op.id_token
    op.id_token = lambda c: change(claims(c))
    op.userinfo = lambda _: change(op.spelled["userinfo"])
    httpd.expect_log("AH01630: client denied")
    httpd.start()
    assert alice.open(host.url + "/app/x.html").status == status


def test_google_addresses_of_others(httpd, shaped, alice):
    op = shaped("google")
    host = connect(httpd, op, "google")
    op.userinfo = lambda _: {**op.spelled["userinfo"], "email": "alice@evil.example"}
    httpd.start()
    refused(httpd, host, alice, "google", "domain")


@pytest.mark.parametrize("verified, called", [("true", "email"), (True, "email"), ("false", None), (False, None),
                                              ("True", None), (1, None), (None, None)])
def test_apple_says_true_as_a_text(httpd, shaped, alice, verified, called):
    op = shaped("apple")
    host = connect(httpd, op, "apple")
    claims = op.id_token
    op.id_token = lambda c: {**claims(c), "email_verified": verified}
    httpd.start()
    assert alice.open(host.url + "/app/x.html").text == "inside"
    attributes = alice.open(host.url + "/.sso/session").json()["attributes"]
    assert ("email" in attributes) == (called == "email")


def test_apple_posts_its_answer_from_another_site(httpd, shaped, alice):
    """With the person's name beside it, in a field that nobody signed."""
    op = shaped("apple")
    host = connect(httpd, op, "apple")
    httpd.start()
    page = alice.open(host.url + "/app/x.html")
    posted = [x for x in page.trace if x.method == "POST" and x.url.endswith("/callback")]
    assert len(posted) == 1 and b"user=" in posted[0].sent
    attributes = alice.open(host.url + "/.sso/session").json()["attributes"]
    assert "name" not in attributes and "rmel" not in str(attributes)


class AppleSecret:
    """Equal to every client secret that is right: what Apple checks of it."""

    def __init__(self, public, client_id):
        self.public, self.client_id = public, client_id

    def __eq__(self, secret):
        head, body, signature = secret.split(".")
        r, s = numbers_of(signature)
        self.public.verify(utils.encode_dss_signature(r, s), ("%s.%s" % (head, body)).encode(),
                           ec.ECDSA(hashes.SHA256()))
        said, now = json.loads(unb64(body)), time.time()
        return json.loads(unb64(head)) == {"alg": "ES256", "kid": "ABC123DEFG"} \
            and (said["iss"], said["sub"]) == ("DEF123GHIJ", self.client_id) \
            and said["aud"] == "https://appleid.apple.com" \
            and now - 60 < said["iat"] <= now < said["exp"] < now + 180 * 86400


def numbers_of(signature):
    raw = unb64(signature)
    assert len(raw) == 64
    return int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")


def test_the_script_that_makes_secrets_for_apple(httpd, shaped, alice):
    op = shaped("apple")
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                            serialization.NoEncryption()).decode()
    words = (APPLE, httpd.file("sso/AuthKey.p8", pem, 0o600), "DEF123GHIJ", "ABC123DEFG", op.client_id)
    host = connect(httpd, op, "apple", lambda text: text.replace(
        "file:sso/apple.jwt", '"exec:%s %s %s %s %s"' % words))
    op.secret = AppleSecret(key.public_key(), op.client_id)
    httpd.start()
    assert alice.open(host.url + "/app/x.html").text == "inside"


def test_numbers_of_a_signature_have_their_zeros(tmp_path):
    """Of a signature that openssl would write with fewer digits."""
    fake = tmp_path / "openssl"
    fake.write_text("""#!/bin/sh
case $1 in
dgst) cat >/dev/null ;;
asn1parse) printf '    0:d=0  hl=2 l=   6 cons: SEQUENCE\n    2:d=1  hl=2 l=   1 prim: INTEGER           :01
    5:d=1  hl=2 l=  31 prim: INTEGER           :ABCDEF\n' ;;
*) exec /usr/bin/openssl "$@" ;;
esac
""")
    fake.chmod(0o755)
    done = subprocess.run([APPLE, "key", "team", "kid", "client"], capture_output=True, text=True,
                          env={"PATH": "%s:/usr/bin:/bin" % tmp_path}, check=True)
    assert numbers_of(done.stdout.strip().split(".")[2]) == (1, 0xABCDEF)


def test_keycloak_roles(httpd, shaped, alice):
    op = shaped("keycloak")
    host = connect(httpd, op, "keycloak", lambda text: text.replace(
        "</SSOProvider>", "    SSOAttribute roles realm_access.roles\n</SSOProvider>"))
    host.add('<Location "/app/edit">\nRequire sso-role editor\n</Location>')
    host.page("/app/edit/x.html", "editing")
    claims = op.id_token
    op.id_token = lambda c: {**claims(c), "realm_access": {"roles": ["editor", "offline_access"]}}
    httpd.start()
    assert alice.open(host.url + "/app/edit/x.html").text == "editing"


def test_okta_without_an_assignment(httpd, shaped, alice):
    op = shaped("okta")
    host = connect(httpd, op, "okta")
    op.authorization = lambda f: {"state": f["state"], "error": "access_denied", "error_description":
                                  "User is not assigned to the client application."}
    httpd.start()
    refused(httpd, host, alice, "okta", "oidc_denied")
    assert "User is not assigned to the client application." in httpd.log.text()


def test_okta_that_sends_the_id_token_directly(httpd, shaped, browser):
    op = shaped("okta")
    host = connect(httpd, op, "okta")
    httpd.expect_fault("oidc_unsolicited")
    httpd.start()
    page = browser.post(host.url + "/.sso/okta/callback", {"id_token": "a.b.c"}, op.url)
    assert page.status == 403 and page.fault == "oidc_unsolicited"
