"""Other modules in the same rounds, when their packages are installed. Their sessions are true logins.

Each is asked for the same page, as packaged, with sessions in memory and nothing it does not need; see
ENVIRONMENT in server.py for the one thing that is taken out of everybody's way.
"""
import base64
import http.client
import pathlib
import sys
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import peer_oidc
import peer_saml
import peer_shib
from server import MODULES, Httpd

SESSIONS = 10
PAGE = "/secure/1k.txt"


class Browser:
    """Keeps cookies; goes nowhere by itself."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def ask(self, path, form=None):
        """The Location of the answer, which must be a redirect."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Accept": "text/html", "Cookie": self.cookie(), "Connection": "close"}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("POST" if form else "GET", path, form and urllib.parse.urlencode(form), headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status not in (302, 303):
            raise RuntimeError("%s answers %d instead of a redirect" % (path, answer.status))
        for line in answer.headers.get_all("set-cookie", []):
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer.headers["location"]

    def cookie(self, prefix=""):
        return "; ".join("%s=%s" % c for c in self.cookies.items() if c[0].startswith(prefix))


def local(location):
    """Path and query of a URL."""
    url = urllib.parse.urlsplit(location)
    return url.path + ("?" + url.query if url.query else "")


class Peer(Httpd):
    """An httpd with the other module; login(n) is the cookie of a new session."""

    module = conf = None

    def __init__(self, bench, **options):
        self.bench = bench
        load = "LoadModule %s {modules}/mod_%s.so\nUseCanonicalName On\n" % (self.symbol(), self.module)
        super().__init__(bench.directory(), load + self.conf, **dict(options, **self.prepare()))
        self.cookies = []
        self.equip()

    @classmethod
    def installed(cls):
        return (pathlib.Path(MODULES) / ("mod_%s.so" % cls.module)).exists()

    def symbol(self):
        return self.module + "_module"

    def prepare(self):
        """What the configuration needs to know, before there is one."""
        return {}

    def equip(self):
        """Files beside the configuration."""

    def attend(self):
        """Start what must run beside httpd."""

    def redirects(self):
        """Path and status of each request that takes a stranger to the login."""
        return [(PAGE, 302)]


class Pubtkt(Peer):
    """A signed cookie; there is no handshake."""

    module = "auth_pubtkt"
    conf = """
TKTAuthPublicKey "{run}/ticket.pub"
TKTAuthDigest SHA256
<Location "/secure">
    AuthType mod_auth_pubtkt
    TKTAuthLoginURL https://login.bench.invalid/
    TKTAuthRequireSSL off
    Require valid-user
</Location>
"""

    def equip(self):
        self.key = rsa.generate_private_key(65537, 2048)
        (self.run / "ticket.pub").write_bytes(self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))

    def login(self, n=0):
        ticket = "uid=user%07d;validuntil=%d;tokens=member,staff,employee;udata=user%07d@bench.invalid" % (
            n, time.time() + 28800, n)
        signature = self.key.sign(ticket.encode(), padding.PKCS1v15(), hashes.SHA256())
        ticket += ";sig=" + base64.b64encode(signature).decode()
        return "auth_pubtkt=" + urllib.parse.quote(ticket)

    def redirects(self):
        return [(PAGE, 307)]


class Mellon(Peer):
    """SAML, begun by the service provider."""

    module = "auth_mellon"
    conf = """
<Location "/">
    MellonSPPrivateKeyFile "{run}/sp.key"
    MellonSPCertFile "{run}/sp.crt"
    MellonSPMetadataFile "{run}/sp-metadata.xml"
    MellonIdPMetadataFile "{run}/idp-metadata.xml"
    MellonEndpointPath "/mellon"
    MellonSecureCookie Off
    MellonSignatureMethod rsa-sha256
</Location>
<Location "/secure">
    AuthType Mellon
    MellonEnable "auth"
    Require valid-user
</Location>
"""

    def equip(self):
        self.idp = peer_saml.Idp(self.run, self.url + "/mellon/metadata", self.url + "/mellon/postResponse")

    def login(self, n=0):
        browser = Browser(self.port)
        to_idp = browser.ask(local(browser.ask(PAGE)))
        browser.ask("/mellon/postResponse", self.idp.form("user%07d" % n, to_idp))
        return browser.cookie("mellon-cookie")

    def redirects(self):
        return [(PAGE, 303), (local(Browser(self.port).ask(PAGE)), 303)]


class Openidc(Peer):
    """OpenID Connect, code flow, sessions in shared memory."""

    module = "auth_openidc"
    conf = """
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCClientID bench
OIDCClientSecret bench-secret-0123456789abcdef
OIDCRedirectURI /secure/redirect_uri
OIDCCryptoPassphrase bench-passphrase-0123456789abcdef
OIDCScope "openid email profile"
OIDCCacheType shm
OIDCSessionInactivityTimeout 7200
<Location "/secure">
    AuthType openid-connect
    Require valid-user
</Location>
"""

    def prepare(self):
        self.provider = peer_oidc.Provider("bench")
        self.bench.stack.callback(self.provider.close)
        return {"issuer": self.provider.issuer}

    def login(self, n=0):
        browser = Browser(self.port)
        answer = self.provider.answer("user%07d" % n, browser.ask(PAGE))
        browser.ask("/secure/redirect_uri?" + answer)
        return browser.cookie("mod_auth_openidc_session")


class Shib(Peer):
    """SAML, begun by the service provider; its daemon on the server's processor."""

    module = "shib"
    conf = """
ShibConfig "{run}/shibboleth2.xml"
<Location "/secure">
    AuthType shibboleth
    ShibRequestSetting requireSession 1
    Require shib-session
</Location>
<Location "/Shibboleth.sso">
    AuthType None
    Require all granted
    SetHandler shib
</Location>
"""
    daemon = None

    @classmethod
    def installed(cls):
        return super().installed() and pathlib.Path(peer_shib.DAEMON).exists()

    def symbol(self):
        return "mod_shib"

    def equip(self):
        self.idp = peer_shib.equip(self.run, self.url)

    def attend(self):
        self.daemon = peer_shib.start(self.run)
        self.bench.stack.callback(self.daemon.wait, 60)
        self.bench.stack.callback(self.daemon.terminate)

    def children(self):
        return super().children() + [self.daemon.pid]

    def login(self, n=0):
        browser = Browser(self.port)
        browser.ask(peer_shib.ACS, self.idp.form("user%07d" % n, browser.ask(PAGE)))
        return browser.cookie("_shibsession_")


def installed():
    """Name to class; who is not installed is named and left out."""
    found = {}
    for peer in (Pubtkt, Mellon, Openidc, Shib):
        if peer.installed():
            found["mod_" + peer.module] = peer
        else:
            print("mod_%s is not installed: left out" % peer.module, file=sys.stderr)
    return found


def running(bench):
    """Name to a running server with `cookies` that open the page."""
    servers = {}
    for name, peer in installed().items():
        server = servers[name] = peer(bench)
        server.attend()
        server.start()
        bench.stack.callback(server.stop)
        server.cookies = [server.login(n) for n in range(SESSIONS)]
    return servers
