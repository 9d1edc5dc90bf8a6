"""ssoctl check and ssoctl metadata, against a real httpd and its configuration."""
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from lib import pki, sites
from lib.browser import exchange
from lib.recipes import members, peer, saml, ssoctl
from lib.saml_idp import SamlIdp


def certificate(pair, days):
    """A certificate of the pair that ends in so many days."""
    now = datetime.datetime.utcnow()
    return (x509.CertificateBuilder().subject_name(pair.cert.subject)
            .issuer_name(pair.cert.subject).public_key(pair.key.public_key())
            .serial_number(7).not_valid_before(now - datetime.timedelta(days=900))
            .not_valid_after(now + datetime.timedelta(days=days, hours=1))
            .sign(pair.key, hashes.SHA256()))


def test_a_good_configuration(httpd, closing):
    host = httpd.host("app.example.test", tls=True)
    saml(host, closing(SamlIdp()))
    done = ssoctl(httpd, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "corp at https://app.example.test" in done.stdout
    assert "ok       our certificate CN=sp ends at" in done.stdout
    assert "ok       the site is reached by https" in done.stdout
    assert "0 problems" in done.stdout


def test_certificates_near_their_end(httpd, closing):
    host, idp, ours = httpd.host("app.example.test", tls=True), closing(SamlIdp()), pki.pair("sp")
    lines = "SSOSamlKey %s %s" % (httpd.file("conf/k", ours.key_pem, 0o600), httpd.root / "conf/c")
    saml(host, idp, extra=lines)
    for days, says, code in [
            (40, "ok       our certificate CN=sp ends at", 0),
            (29, "WARNING  our certificate CN=sp ends in 29 days", 0),
            (6, "WARNING  our certificate CN=sp ends in 6 days", 0),
            (0, "PROBLEM  our certificate CN=sp ends within a day", 1),
            (-3, "PROBLEM  our certificate CN=sp ended at", 1)]:
        pem = certificate(ours, days).public_bytes(pki.serialization.Encoding.PEM)
        (httpd.root / "conf/c").write_bytes(pem)
        done = ssoctl(httpd, "check", "corp")
        assert says in done.stdout and done.returncode == code, (days, done.stdout, done.stderr)
    assert "-> make a new one, publish it with SSOSamlKey ... next" in done.stdout


def test_what_was_loosened(httpd, closing, site):
    host = httpd.host("app.example.test", tls=True)
    saml(host, closing(SamlIdp()), extra="SSOSamlAllow sha1 no-audience\nSSOSamlEncryption any\n"
         "SSOSamlUnsolicited on /")
    site.secret = "0123456789abcdef"
    members(host, site)
    done = ssoctl(httpd, "check")
    assert done.returncode == 0
    for says in ("SSOSamlAllow sha1 loosens a check", "SSOSamlAllow no-audience loosens",
                 "SSOSamlEncryption any", "SSOSamlUnsolicited on", "is plain http",
                 "secret 1 has only 16 bytes", "the Endpoint is plain http"):
        assert "WARNING  " in next(x for x in done.stdout.splitlines() if says in x)
    assert ssoctl(httpd, "check", "--strict").returncode == 1


def test_openid_connect(httpd):
    host = httpd.host("app.example.test", tls=True)
    host.add("<SSOProvider okta oidc>\nSSOOidcIssuer http://127.0.0.1:9/op\n"
             "SSOOidcClient app file:%s\n</SSOProvider>" % httpd.secret("client", "s" * 40))
    done = ssoctl(httpd, "check", "okta")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok       the issuer is http://127.0.0.1:9/op" in done.stdout
    assert "WARNING  the issuer http://127.0.0.1:9/op is plain http" in done.stdout


def test_what_was_loosened_of_openid_connect(httpd):
    host = httpd.host("app.example.test", tls=True)
    host.add("<SSOProvider social oidc>\nSSOOidcIssuer https://op.example\n"
             "SSOOidcClient app file:%s\nSSOOidcPKCE off\nSSOOidcAllow no-nonce more-audiences\n"
             "</SSOProvider>" % httpd.secret("client", "s" * 40))
    done = ssoctl(httpd, "check", "social")
    assert done.returncode == 0, done.stdout + done.stderr
    for says in ("SSOOidcAllow no-nonce loosens a check", "SSOOidcAllow more-audiences loosens a check",
                 "SSOOidcPKCE off", "only the state binds an answer to its login"):
        assert "WARNING  " in next(x for x in done.stdout.splitlines() if says in x), done.stdout


def test_a_site_by_plain_http(httpd, closing):
    host = httpd.host("localhost")
    saml(host, closing(SamlIdp()), extra="SSOActive test")
    done = ssoctl(httpd, "check")
    assert done.returncode == 1 and "logins are refused" in done.stdout
    assert "it is in test: nobody is sent there" in done.stdout


def test_what_httpd_refuses_is_refused(httpd, closing):
    host = httpd.host("app.example.test", tls=True)
    saml(host, closing(SamlIdp()))
    (httpd.root / "conf").joinpath("sp.key").chmod(0o644)
    done = ssoctl(httpd, "check")
    assert done.returncode == 1 and "chmod 600" in done.stderr


def test_the_probe_finds_mod_sso(httpd, closing):
    host = httpd.host("localhost")
    host.add("SSOInsecureHttp on")
    saml(host, closing(SamlIdp()))
    httpd.start()
    done = ssoctl(httpd, "check", "--probe", "--site", host.url)
    assert "ok       mod_sso answers at %s/.sso/session" % host.url in done.stdout, done.stdout


class FrontEnd(sites.Server):
    """Refuses names that begin with a dot, as many front ends are told to."""

    def __init__(self):
        super().__init__(_Refuse)


class _Refuse(sites.Handler):
    def do_GET(self):
        self.answer(403, "Forbidden")


def test_the_probe_finds_a_front_end_in_the_way(httpd, closing):
    host, front = httpd.host("localhost"), closing(FrontEnd())
    host.add("SSOInsecureHttp on\nSSOBaseURL %s" % front.url)
    saml(host, closing(SamlIdp()))
    done = ssoctl(httpd, "check", "--probe", "--site", front.url)
    assert done.returncode == 1
    assert "answers 403, and it is not mod_sso that does" in done.stdout
    assert "names that begin with a dot" in done.stdout
    front.close()
    done = ssoctl(httpd, "check", "--probe", "--site", front.url)
    assert done.returncode == 1 and "see that the name leads here" in done.stdout


def test_metadata_is_what_the_address_answers(httpd, closing, site):
    host = httpd.host("app.example.test", tls=True)
    saml(host, closing(SamlIdp()))
    members(host, site)
    httpd.start()
    done = ssoctl(httpd, "metadata", "corp", "--site", host.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.encode() == exchange("GET", host.url + "/.sso/corp/metadata").body
    done = ssoctl(httpd, "metadata", "members")
    assert done.returncode == 1 and "there is no SAML provider members" in done.stderr


def test_what_is_said_of_shared_secrets(httpd, site):
    """Of both sides that have one: providers and peers of both dialects."""
    short = "a-secret-of-24-bytes-000"
    host = httpd.host("app.example.test", tls=True)
    site.secret = short
    members(host, site)
    peer(host, short[::-1], "http://localhost:8080/cb", "forum", "hmac",
         "SSOPeerStart http://localhost:8080/sso\nSSOPeerLogin members")
    peer(host, "x" + short[1:], "https://discuss.example/session/sso_login", "talk", "discourse",
         "SSOPeerLogin members")
    host.add("<SSOProvider club discourse>\nSSODiscourseEndpoint http://localhost:8080/p\n"
             "SSODiscourseSecret file:%s file:%s\n</SSOProvider>"
             % (httpd.secret("c1", "c" * 40), httpd.secret("c2", "d" * 20)))
    host.add("<SSOPeer safe hmac>\nSSOPeerSecret file:%s\nSSOPeerCallback https://safe.example/\n"
             "SSOPeerLogin members\n</SSOPeer>" % httpd.secret("s", "s" * 40))

    def said(name):
        done = ssoctl(httpd, "check", name)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    assert "WARNING  secret 1 has only 24 bytes" in said("members")
    assert "note     no accounts are kept" in said("members")
    assert "WARNING  the Endpoint is plain http" in said("club")
    assert "WARNING  secret 2 has only 20 bytes" in said("club") and "note     2 secrets are accepted" in said("club")
    assert "WARNING  SSOPeerCallback is plain http" in said("peer/forum")
    assert "WARNING  SSOPeerStart is plain http" in said("peer/forum")
    assert "WARNING  secret 1 has only 24 bytes" in said("peer/forum")
    assert "WARNING  secret 1 has only 24 bytes" in said("peer/talk") and "plain" not in said("peer/talk")
    assert "0 warnings" in said("peer/safe") and "note     no accounts are kept" in said("peer/safe")


def test_what_is_said_of_syncs(httpd, site):
    host = httpd.host("app.example.test", tls=True)
    host.add("SSOAccounts on")
    members(host, site, extra="SSOHmacSync on\nSSOHmacSyncFreshness off")
    for name, extra in (("forum", ""), ("talk", "SSODiscourseSync on\nSSODiscourseSyncFreshness off")):
        secret = httpd.secret("%s.secret" % name, name * 20)
        host.add("<SSOProvider %s discourse>\nSSODiscourseEndpoint https://%s.example/session/sso_provider\n"
                 "SSODiscourseSecret file:%s\n%s\n</SSOProvider>" % (name, name, secret, extra))
    said = ssoctl(httpd, "check").stdout
    assert "WARNING  SSOHmacSyncFreshness is off" in said
    assert "WARNING  SSODiscourseSyncFreshness is off" in said and "write SSODiscourseSync on" in said
