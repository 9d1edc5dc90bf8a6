"""What newcomers copy, and what ssoctl shows of it: conf.d against a real httpd."""
import pathlib
import re
import subprocess

import pytest

from lib import httpd as httpd_lib
from lib import pki
from lib.ports import free_port
from lib.saml_idp import SamlIdp

CONF = pathlib.Path(__file__).resolve().parents[2] / "conf.d"
SSOCTL = httpd_lib.BUILD / "ssoctl"

METADATA = """\
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com/id">
 <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
  <KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
   <X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
  <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
   Location="https://idp.example.com/sso"/>
 </IDPSSODescriptor>
</EntityDescriptor>
"""


def ssoctl(httpd, *args):
    """ssoctl show against this httpd's configuration."""
    program = httpd.file("ssoctl-httpd", "#!/bin/sh\nexec %s -d %s \"$@\"\n"
                         % (httpd_lib.PROGRAM, httpd.root), 0o755)
    return subprocess.run([SSOCTL, "show", "--httpd", program, "-f",
                           httpd.root / "conf" / "httpd.conf", *args],
                          capture_output=True, text=True, timeout=60)


@pytest.fixture
def example(httpd):
    """Makes an httpd whose configuration is one of the examples, with the files it asks for."""
    httpd.need("ssl")
    httpd.file("sso/corp-idp.xml", METADATA % pki.pair("idp").cert_b64)
    httpd.file("sso/corp-idp.crt", pki.pair("idp").cert_pem)
    httpd.file("sso/members.secret", "0123456789abcdef" * 4 + "\n", 0o600)
    httpd.file("sso/okta.secret", "okta-secret\n", 0o600)
    httpd.file("sso/okta.key", pki.pair("sp").key_pem, 0o600)
    httpd.file("sso/discuss.secret", "8899aabbccddeeff0" * 4 + "\n", 0o600)
    httpd.file("sso/provider.secret", "ffeeddccbbaa99887" * 4 + "\n", 0o600)
    httpd.file("sso/forum.secret", "00112233445566778" * 4 + "\n", 0o600)
    httpd.file("sso/members.old", "fedcba9876543210" * 4 + "\n", 0o600)
    for name in ("www.example.org", "forum.example.org"):
        httpd.file("ssl/%s.crt" % name, pki.server_pair().cert_pem)
        httpd.file("ssl/%s.key" % name, pki.server_pair().key_pem, 0o600)

    def make(text):
        httpd.add(text)
        return httpd
    return make


def read(name):
    return (CONF / name).read_text()


def accepted(httpd):
    tested = httpd.configtest()
    assert tested.ok, tested.output
    assert "SSO" not in tested.output


@pytest.mark.parametrize("name", ["saml.conf", "oidc.conf", "hmac.conf", "peer.conf", "discourse.conf"])
def test_example_is_accepted(example, name):
    accepted(example(read(name)))


@pytest.mark.parametrize("name, old, new", [
    ("saml.conf", "    SSOSamlMetadata ", "    #SSOSamlMetadata "),
])
def test_alternative_of_an_example_is_accepted(example, name, old, new):
    text = read(name)
    assert old in text
    text = text.replace(old, new).replace("    #SSOSamlIdP ", "    SSOSamlIdP ")
    accepted(example(text.replace("    #SSODomains ", "    SSODomains ")))


def test_what_moves_here_is_accepted(example, httpd):
    text = (CONF.parent / "docs" / "MOVING.md").read_text()
    (block,) = re.findall(r"```apache\n(.*?)```", text, re.S)
    httpd.file("sso/idp.xml", METADATA % pki.pair("idp").cert_b64)
    httpd.file("sso/sp.key", pki.pair("sp").key_pem, 0o600)
    httpd.file("sso/sp.crt", pki.pair("sp").cert_pem)
    accepted(example("ServerName https://www.example.org\n"
                     + block.replace("/etc/apache2/mellon", str(httpd.root / "sso"))))


def test_alternatives_of_the_oidc_example_are_accepted(example):
    text = read("oidc.conf").replace("file:sso/okta.secret", "")
    httpd = example(re.sub(r"    #(SSO(?:UserAttribute|OidcKey) )", r"    \1", text))
    accepted(httpd)


def test_show_oidc(example):
    httpd = example(read("oidc.conf"))
    httpd.write()
    done = ssoctl(httpd, "okta", "--site", "https://www.example.org")
    assert (done.returncode, done.stderr) == (0, "")
    for line in ("https://www.example.org/.sso/okta/callback",
                 "https://www.example.org/.sso/okta/initiate", "Login initiated by",
                 "https://example.okta.com/.well-known/openid-configuration"):
        assert line in done.stdout
    assert re.search(r"SSOOidcAlgorithms +RS256 PS256 ES256 EdDSA +\(default\)\n", done.stdout)
    assert "okta-secret" not in done.stdout


def test_rotated_secret_of_an_example_is_accepted(example):
    text = read("hmac.conf").replace("    SSOHmacSecret  ", "    #SSOHmacSecret  ")
    accepted(example(re.sub(r"    #(SSOHmacSecret .*old)", r"    \1", text)))


def test_defaults_in_the_reference_are_accepted(example):
    """Every directive with a default, uncommented: what is printed can be read back."""
    text = read("sso.conf")
    sections = re.split(r"^# ---- (.*) ----$", text, flags=re.M)[1:]
    needed = {"Every provider": "SSOHmacEndpoint https://a.example/\nSSOHmacSecret file:sso/members.secret",
              "SAML providers": "SSOSamlMetadata sso/corp-idp.xml",
              "OpenID Connect providers":
                  "SSOOidcIssuer https://op.example\nSSOOidcClient id file:sso/okta.secret",
              "Signed-token (HMAC) providers":
                  "SSOHmacEndpoint https://a.example/\nSSOHmacSecret file:sso/members.old",
              "DiscourseConnect providers":
                  "SSODiscourseEndpoint https://d.example/\nSSODiscourseSecret file:sso/provider.secret"}
    # One secret is for one other side, and every block of peers needs its own.
    for i, title in enumerate(("Every peer", "Signed-token (HMAC) peers", "DiscourseConnect peers")):
        example("").file("sso/peer-%d.secret" % i, "%d" % i * 40 + "\n", 0o600)
        needed[title] = ("SSOPeerCallback https://f.example/\nSSOPeerSecret file:sso/peer-%d.secret\n"
                         "SSOPeerAttribute user_id user\nSSOPeerAttribute external_id user" % i)
    lines = []
    for title, body in zip(sections[::2], sections[1::2]):
        with_default = re.findall(r"^# Default: .*\n(?:# .*\n)*#(SSO.*)$", body, re.M)
        wrapper = re.search(r"^#<(\w+) (.*)>$", body, re.M)
        if wrapper:
            words = wrapper[2].replace("NAME", "p%d" % len(lines)).replace("PROTOCOL", "hmac")
            lines += ["<%s %s>" % (wrapper[1], words), needed.get(title, "")]
        lines += with_default + (["</%s>" % wrapper[1]] if wrapper else [])
    assert len([x for x in lines if x.startswith("SSO")]) > 20
    accepted(example("\n".join(lines)))


def test_show_saml(example):
    httpd = example(read("saml.conf"))
    httpd.write()
    done = ssoctl(httpd, "corp", "--site", "https://www.example.org")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"Provider corp \(saml\) at https://www\.example\.org, defined in "
                    + re.escape(str(httpd.root)) + r"/conf/httpd\.conf:\d+\n", done.stdout)
    assert done.stdout.count("Provider ") == 1
    assert "https://www.example.org/.sso/corp/acs" in done.stdout
    assert "SSOUserAttribute         email subject\n" in done.stdout
    assert re.search(r"SSOSamlWantSigned +either +\(default\)\n", done.stdout)


def test_show_a_certificate_to_paste(example):
    """Several lines, at the left margin, and what follows them belongs to the same provider."""
    text = read("saml.conf").replace("</SSOProvider>",
                                     "SSOSamlKey sso/sp.key sso/sp.crt\n</SSOProvider>")
    httpd = example(text)
    httpd.file("sso/sp.key", pki.pair("sp").key_pem, 0o600)
    httpd.file("sso/sp.crt", pki.pair("sp").cert_pem)
    httpd.write()
    done = ssoctl(httpd, "corp", "--site", "https://www.example.org")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n" + pki.pair("sp").cert_pem in done.stdout
    assert done.stdout.index("-----END CERTIFICATE-----\n        (") > 0
    assert done.stdout.index("\n\n") == len(done.stdout) - 2


def test_show_hmac_without_the_secret(example):
    httpd = example(read("hmac.conf"))
    httpd.write()
    done = ssoctl(httpd, "members", "--site", "https://forum.example.org")
    assert (done.returncode, done.stderr) == (0, "")
    assert "https://forum.example.org/.sso/members/callback" in done.stdout
    assert re.search(r"SSOHmacSecret +\(secret\)", done.stdout)
    assert "0123456789abcdef" not in done.stdout


def test_show_leaves_no_state(example):
    httpd = example(read("hmac.conf"))
    httpd.write()
    assert ssoctl(httpd).returncode == 0
    assert not httpd.state.exists()


def test_show_says_what_configtest_says(example):
    httpd = example(read("hmac.conf").replace("https://www.example.com/sso", "www.example.com"))
    tested = httpd.configtest()
    done = ssoctl(httpd)
    assert (done.returncode, done.stdout, tested.ok) == (1, "", False)
    assert "SSOHmacEndpoint: 'www.example.com'" in done.stderr
    assert done.stderr.startswith(tested.output)


def test_show_without_a_provider(example):
    httpd = example("")
    httpd.write()
    done = ssoctl(httpd)
    assert (done.returncode, done.stdout) == (1, "")
    assert "shows no provider" in done.stderr


@pytest.fixture
def alive(example):
    """Starts an example as it stands, but for names of hosts and files; its https address."""
    def start(name, paths, changes, files):
        port = free_port()
        httpd = example("Listen 127.0.0.1:%d\n" % port)
        changes = {"*:443": "127.0.0.1:%d" % port, "/var/www/html": str(httpd.root / "htdocs"),
                   **changes}
        text = re.sub(r"^(    ServerName +)\S+$", r"\1localhost:%d" % port, read(name), flags=re.M)
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        httpd.add(text)
        for path in paths:
            httpd.file("htdocs%s/index.html" % path, "page %s\n" % path)
        for path, content in files.items():
            httpd.file(path, content, 0o600)
        httpd.start()
        return httpd, "https://localhost:%d" % port
    return start


def test_hmac_example_works(alive, site, make_browser):
    httpd, url = alive("hmac.conf", ["", "/write", "/admin"],
                       {"https://www.example.com/sso\n": site.endpoint + "\n"},
                       {"sso/members.secret": site.secret + "\n"})
    site.callback = url + "/.sso/members/callback"
    assert make_browser().open(url + "/").text == "page \n"
    alice, bob = make_browser("alice"), make_browser("bob")
    assert alice.open(url + "/write/").text == "page /write\n"
    assert alice.open(url + "/admin/").text == "page /admin\n"
    assert bob.open(url + "/write/").text == "page /write\n"
    httpd.expect_log("AH01630: client denied")
    assert bob.open(url + "/admin/").status == 403


def test_saml_example_works(alive, closing, make_browser):
    idp = closing(SamlIdp())
    httpd, url = alive("saml.conf", ["", "/app", "/app/staff", "/app/public"], {},
                       {"sso/corp-idp.xml": idp.metadata()})
    assert make_browser().open(url + "/app/public/").text == "page /app/public\n"
    alice, bob = make_browser(), make_browser()
    assert alice.open(url + "/app/").text == "page /app\n"
    assert user_of(alice, url) == "alice@example.org"
    assert alice.open(url + "/app/staff/").text == "page /app/staff\n"
    idp.answer.user = "bob"
    assert bob.open(url + "/app/").text == "page /app\n"
    assert user_of(bob, url) == "bob@example.org"
    httpd.expect_log("AH01630: client denied")
    assert bob.open(url + "/app/staff/").status == 403


def user_of(browser, url):
    return browser.fetch(url + "/.sso/session").json()["attributes"]["user"]
