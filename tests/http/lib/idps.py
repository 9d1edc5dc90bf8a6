"""Identity providers of other people, started from Debian's packages.

Each reads our metadata with its own parser, and we read theirs.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import pytest
from lxml import etree

from . import pki
from .ports import free_port

_BUILD = pathlib.Path(os.environ.get("SSO_BUILD") or os.getcwd()).resolve()
_CONF = pathlib.Path(__file__).resolve().parents[2] / "idp"


class Idp:
    """A program that serves HTTP on 127.0.0.1; files of its own in `run`."""

    name = None
    metadata_path = None

    def __init__(self):
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.run = pathlib.Path(tempfile.mkdtemp(prefix="sso-idp-"))
        self.pair = pki.pair(self.name)
        self._process = None
        self.prepare()
        self.start()

    def prepare(self):
        """Write what the program reads."""

    def command(self):
        """Arguments, and further environment."""
        raise NotImplementedError

    def start(self):
        arguments, more = self.command()
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "RUN": str(self.run),
               "IDP_URL": self.url, **more}
        with open(self.run / "console", "ab") as console:
            self._process = subprocess.Popen(arguments, env=env, cwd=self.run, stdout=console,
                                             stderr=console, stdin=subprocess.DEVNULL,
                                             start_new_session=True)
        self._wait()

    def stop(self):
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(10)

    def close(self):
        self.stop()
        shutil.rmtree(self.run, ignore_errors=True)

    def metadata(self):
        """What it says about itself."""
        with urllib.request.urlopen(self.url + self.metadata_path, timeout=20) as answer:
            return answer.read().decode()

    def _wait(self):
        until = time.monotonic() + 30
        while True:
            try:
                self.metadata()
                return
            except (urllib.error.URLError, ConnectionError) as error:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise AssertionError("%s did not start: %s\n%s" % (
                        self.name, error, (self.run / "console").read_text()[-3000:]))
                time.sleep(0.05)


class SimpleSamlPhp(Idp):
    """SimpleSAMLphp on PHP's own server. People: alice/alice-pw, bob/bob-pw."""

    name = "simplesamlphp"
    metadata_path = "/saml2/idp/metadata.php"

    def prepare(self):
        for each in ("cert", "log", "data", "tmp", "sess", "sp"):
            (self.run / each).mkdir()
        (self.run / "cert" / "idp.key").write_text(self.pair.key_pem)
        (self.run / "cert" / "idp.crt").write_text(self.pair.cert_pem)

    def command(self):
        return (["php", "-d", "session.save_path=%s/sess" % self.run, "-d", "log_errors=1",
                 "-S", "127.0.0.1:%d" % self.port, "-t", "/usr/share/simplesamlphp/www"],
                {"SIMPLESAMLPHP_CONFIG_DIR": str(_CONF / "simplesamlphp")})

    def register(self, name, metadata, **options):
        """A service provider; options as in saml20-sp-remote.php, `_` for `.`."""
        (self.run / "sp" / (name + ".xml")).write_bytes(metadata)
        options = {k.replace("_", "."): v for k, v in options.items()}
        (self.run / "sp" / (name + ".json")).write_text(json.dumps(options))

    def commit(self):
        """Registrations hold from the next request on."""


class LemonLdap(Idp):
    """LemonLDAP::NG's portal. People: dwho/dwho, rtyler/rtyler, msmith/msmith."""

    name = "lemonldap"
    metadata_path = "/saml/metadata"

    def prepare(self):
        self._services = {}
        for each in ("conf", "cache", "sessions/lock", "psessions/lock"):
            (self.run / each).mkdir(parents=True)
        (self.run / "lemonldap-ng.ini").write_text(
            "[all]\nlogLevel = notice\ncheckTime = 600\n"
            "[configuration]\ntype = File\ndirName = %s/conf\n"
            "[portal]\nstaticPrefix = /static\nlanguages = en\n"
            "templateDir = /usr/share/lemonldap-ng/portal/templates\n" % self.run)
        self._write()

    def command(self):
        # One worker, and no keep-alive: an idle connection would hold it.
        return (["starman", "--disable-keepalive", "--workers", "1", "--listen",
                 "127.0.0.1:%d" % self.port, str(_CONF / "lemonldap" / "app.psgi")],
                {"PERL5LIB": str(_CONF / "lemonldap" / "lib")})

    def register(self, name, metadata, encrypt="none"):
        """A service provider; encrypt: "none" or "assertion"."""
        self._services[name] = (metadata.decode(), encrypt)

    def commit(self):
        """Registrations are read at start."""
        self.stop()
        self._write()
        self.start()

    def _write(self):
        path = self.run / "conf" / "lmConf-1.json"
        path.write_text(json.dumps({**self._portal(), **self._saml(), **self._remote()}))

    def _portal(self):
        return {"cfgNum": 1, "cfgAuthor": "tests", "cfgDate": 1700000000, "cfgVersion": "2.16.1",
                "portal": self.url, "domain": "127.0.0.1", "cookieName": "lemonldap",
                "securedCookie": 0, "sameSite": "Lax", "httpOnly": 1,
                "authentication": "Demo", "userDB": "Same", "passwordDB": "Demo",
                "registerDB": "Null", "exportedVars": {}, "whatToTrace": "uid",
                "demoExportedVars": {"cn": "cn", "mail": "mail", "uid": "uid"},
                "macros": {}, "groups": {"staff": "1"}, "portalSkin": "bootstrap",
                "requireToken": 0, "loginHistoryEnabled": 0, "captcha": "NoCaptcha",
                "notification": 0, "timeout": 72000, "trustedDomains": "*",
                "portalForceAuthnInterval": 1,
                "cspFormAction": "*", "locationRules": {"127.0.0.1": {"default": "accept"}},
                "exportedHeaders": {}, "applicationList": {},
                "globalStorage": "Apache::Session::File",
                "globalStorageOptions": self._storage("sessions"),
                "persistentStorage": "Apache::Session::File",
                "persistentStorageOptions": self._storage("psessions"),
                "localSessionStorage": "Cache::FileCache",
                "localSessionStorageOptions": {"namespace": "s", "default_expires_in": 600,
                                               "cache_root": "%s/cache" % self.run,
                                               "cache_depth": 3}}

    def _storage(self, name):
        generator = "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"
        return {"Directory": "%s/%s" % (self.run, name), "generateModule": generator,
                "LockDirectory": "%s/%s/lock" % (self.run, name)}

    def _saml(self):
        return {"issuerDBSAMLActivation": 1, "issuerDBSAMLRule": 1,
                "samlOrganizationDisplayName": "T", "samlOrganizationName": "T",
                "samlOrganizationURL": self.url,
                "samlServicePrivateKeySig": self.pair.key_pem,
                "samlServicePublicKeySig": self.pair.cert_pem,
                "samlServicePrivateKeyEnc": self.pair.key_pem,
                "samlServicePublicKeyEnc": self.pair.cert_pem,
                "samlServiceSignatureMethod": "RSA_SHA256",
                "samlServiceUseCertificateInResponse": 1}

    def _remote(self):
        options, attributes = "samlSPMetaDataOptions", {}
        for ours, theirs in (("uid", "uid"), ("mail", "mail"), ("cn", "displayName"),
                             ("groups", "groups")):
            attributes[ours] = "0;%s;urn:oasis:names:tc:SAML:2.0:attrname-format:basic" % theirs
        return {
            "samlSPMetaDataXML": {k: {"samlSPMetaDataXML": v[0]}
                                  for k, v in self._services.items()},
            options: {k: {options + "EncryptionMode": v[1],
                          options + "NameIDFormat": "transient",
                          options + "SignSSOMessage": 1,
                          options + "SignSLOMessage": 1,
                          options + "CheckSLOMessageSignature": 1,
                          options + "CheckSSOMessageSignature": 1}
                      for k, v in self._services.items()},
            "samlSPMetaDataExportedAttributes": {k: attributes for k in self._services},
        }


class PySaml2(Idp):
    """A provider on the library pysaml2. People: alice/alice-pw, bob/bob-pw."""

    name = "pysaml2"
    metadata_path = "/metadata"

    def prepare(self):
        self._options = {}
        (self.run / "sp").mkdir()
        (self.run / "idp.key").write_text(self.pair.key_pem)
        (self.run / "idp.crt").write_text(self.pair.cert_pem)
        self._write()

    def command(self):
        return ["/usr/bin/python3", str(_CONF / "pysaml2" / "idp.py")], {}

    def register(self, name, metadata, **options):
        """A service provider; options: encrypt, and slo, the binding of its logout requests."""
        (self.run / "sp" / (name + ".xml")).write_bytes(metadata)
        entity_id = etree.fromstring(metadata).get("entityID")
        self._options[entity_id] = options

    def commit(self):
        """Registrations are read at start."""
        self.stop()
        self._write()
        self.start()

    def _write(self):
        (self.run / "options.json").write_text(json.dumps(self._options))


class Samlify(PySaml2):
    """A provider on the library samlify of npm. People: alice/alice-pw, bob/bob-pw."""

    name = "samlify"

    def command(self):
        return (["node", str(_CONF / "samlify" / "idp.js")],
                {"NODE_PATH": str(node_modules("samlify") / "node_modules")})


def node_modules(name):
    """The directory where npm has put what tests/idp/NAME/package-lock.json names; the tests are
    skipped where it cannot."""
    where = _BUILD / "npm" / name
    if not (where / "node_modules").exists():
        where.mkdir(parents=True, exist_ok=True)
        for each in ("package.json", "package-lock.json"):
            shutil.copy(_CONF / name / each, where)
        if not shutil.which("npm"):
            pytest.skip("npm is not there")
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                              cwd=where, capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(where / "node_modules", ignore_errors=True)
            pytest.skip("npm ci: " + done.stderr[-300:])
    return where


class Samlp(PySaml2):
    """A provider on the library samlp of npm. People: alice/alice-pw, bob/bob-pw."""

    name = "samlp"

    def command(self):
        return (["node", str(_CONF / "samlp" / "idp.js")],
                {"NODE_PATH": str(node_modules("samlp") / "node_modules")})
