"""OpenID Providers of other people: certified in JavaScript, and LemonLDAP::NG in Perl."""
import json
import os
import shutil

from cryptography.hazmat.primitives import serialization

from .httpd import BUILD
from .idps import _CONF, Idp, LemonLdap

_MODULES = BUILD / "npm" / "oidc-provider" / "node_modules"


class OidcProvider(Idp):
    """npm oidc-provider. People: alice/alice-pw, bob/bob-pw."""

    name = "oidc-provider"
    metadata_path = "/.well-known/openid-configuration"

    @staticmethod
    def available():
        return shutil.which("node") and _MODULES.is_dir()

    def __init__(self, par=False):
        self.par = par
        self._clients, self._tiles = [], []
        super().__init__()

    @property
    def issuer(self):
        return self.url

    def prepare(self):
        # Modules are looked for beside the program.
        (self.run / "op.mjs").write_bytes((_CONF / "oidc-provider" / "op.mjs").read_bytes())
        (self.run / "node_modules").symlink_to(_MODULES)
        self._write()

    def command(self):
        return ([shutil.which("node"), "op.mjs"],
                {"IDP_PORT": str(self.port), "PAR": "1" if self.par else "0",
                 "HOME": os.environ.get("HOME", "/")})

    def register(self, client_id, secret, redirect_uri, **options):
        """A client; options as in OpenID Connect Registration 1.0."""
        client = {"client_id": client_id, "client_secret": secret, "redirect_uris": [redirect_uri],
                  "response_types": ["code"], "grant_types": ["authorization_code"],
                  "scope": "openid profile email groups", **options}
        self._clients.append({k: v for k, v in client.items() if v is not None})

    def tile(self, label, uri, target=None):
        """An application on the page /tiles; uri: where its logins are initiated."""
        self._tiles.append({"label": label, "uri": uri, "target": target})

    def commit(self):
        """Registrations are read at start."""
        self.stop()
        self._write()
        self.start()

    def _write(self):
        (self.run / "clients.json").write_text(json.dumps(self._clients))
        (self.run / "tiles.json").write_text(json.dumps(self._tiles))


class LemonLdapOp(LemonLdap):
    """LemonLDAP::NG as OpenID Provider. People: dwho/dwho, rtyler/rtyler, msmith/msmith."""

    metadata_path = "/.well-known/openid-configuration"

    def __init__(self):
        self._clients = {}
        super().__init__()

    @property
    def issuer(self):
        return self.url + "/"

    def register(self, client_id, secret, redirect_uri, pkce=True, refresh=False):
        self._clients[client_id] = (secret, redirect_uri, pkce, refresh)

    def _saml(self):
        public = self.pair.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        return {"issuerDBOpenIDConnectActivation": 1, "issuerDBOpenIDConnectRule": 1,
                "oidcServiceMetaDataIssuer": self.issuer, "oidcServiceKeyIdSig": "k1",
                "oidcServiceAllowAuthorizationCodeFlow": 1,
                "oidcServicePrivateKeySig": self.pair.key_pem, "oidcServicePublicKeySig": public}

    def _remote(self):
        options = "oidcRPMetaDataOptions"
        claims = {"email": "mail", "name": "cn", "preferred_username": "uid", "groups": "groups"}
        return {
            options: {k: {options + "ClientID": k, options + "ClientSecret": v[0],
                          options + "DisplayName": k, options + "BypassConsent": 1,
                          options + "IDTokenSignAlg": "RS256", options + "RedirectUris": v[1],
                          options + "UserIDAttr": "uid", options + "RequirePKCE": int(v[2]),
                          options + "RefreshToken": int(v[3])}
                      for k, v in self._clients.items()},
            "oidcRPMetaDataExportedVars": {k: claims for k in self._clients},
            "oidcRPMetaDataOptionsExtraClaims": {k: {"groups": "groups"} for k in self._clients},
        }
