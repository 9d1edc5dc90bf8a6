"""Providers as they present themselves: their documents, keys, claims and habits, from tests/http/providers.

Each file is one provider as its public documentation describes it; a page in docs/providers is about it.
Texts with a $ stand for what differs in every login: $issuer, $client, $nonce, $at_hash, $now, $now-300.
"""
import json
import pathlib
import re
import time
import urllib.parse

from .oidc_op import Op

FILES = pathlib.Path(__file__).resolve().parents[1] / "providers"
NAMES = sorted(x.stem for x in FILES.glob("*.json"))
_ENDPOINTS = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/jwks",
              "userinfo_endpoint": "/userinfo", "end_session_endpoint": "/end_session"}
WELL_KNOWN = "/.well-known/openid-configuration"


def path_of(url):
    return urllib.parse.urlsplit(url).path


class ShapedOp(Op):
    """A provider of that shape. Its hosts are the first part of the path here: https://accounts.google.com/x
    is http://127.0.0.1:PORT/accounts.google.com/x."""

    def __init__(self, name):
        super().__init__()
        self.shape = json.loads((FILES / (name + ".json")).read_text())
        self.hosts = {urllib.parse.urlsplit(x).netloc
                      for x in [self.shape["issuer"], *map(self.shape["discovery"].get, _ENDPOINTS)] if x}
        self.client_id = self.shape["client_id"]
        self.secret = self.shape.get("secret", self.secret)
        self.methods = self.shape.get("methods") \
            or self.shape["discovery"]["token_endpoint_auth_methods_supported"]
        self.needs_pkce = self.shape.get("pkce") != "refused"
        self.spelled = self.here(self.shape)
        self.paths = {path_of(self.spelled["discovery"][k]): v for k, v in _ENDPOINTS.items()
                      if k in self.spelled["discovery"]}
        self.paths[path_of(self.issuer).rstrip("/") + WELL_KNOWN] = WELL_KNOWN
        self.discovery = lambda _: self.spelled["discovery"]
        self.jwks = self._keys
        self.header = lambda head: {**head, **self.spelled.get("header", {})}
        self.authorization = self._response
        self.id_token = self.renewed = self._claims
        self.token_answer = self._tokens
        self.userinfo = lambda _: self.spelled["userinfo"]

    @property
    def issuer(self):
        return self.here(self.shape["issuer"]) if hasattr(self, "shape") else self.url

    def here(self, value):
        """The same with the provider's hosts found here."""
        text = json.dumps(value)
        for host in self.hosts:
            text = re.sub(r"https://%s(?=[/\"\\\s])" % re.escape(host), "%s/%s" % (self.url, host), text)
        return json.loads(text)

    def _keys(self, keys):
        made = [{**{k: v for k, v in key.items() if k not in self.shape.get("key_lacks", ())},
                 **self.spelled.get("key", {})} for key in keys["keys"]]
        return {"keys": self.spelled.get("more_keys", []) + made}

    def _response(self, fields):
        """iss comes only from those that announce it (RFC 9207)."""
        if not self.shape["discovery"].get("authorization_response_iss_parameter_supported"):
            fields = {k: v for k, v in fields.items() if k != "iss"}
        return {**fields, **self.spelled.get("response", {})}

    def _tokens(self, answer):
        """A refresh token that is ours is one that works."""
        given = {k: v for k, v in answer.items() if k == "refresh_token"}
        return {**answer, **self.spelled.get("token", {}), **given}

    def _claims(self, ours):
        now = int(time.time()) + self.ahead
        known = {"$issuer": self.issuer, "$client": self.client_id, "$nonce": ours.get("nonce"),
                 "$at_hash": ours["at_hash"]}

        def value(said):
            if isinstance(said, list):
                return [value(x) for x in said]
            if isinstance(said, str) and said.startswith("$now"):
                return now + int(said[4:] or 0)
            return known.get(said, said) if isinstance(said, str) else said
        return {k: value(v) for k, v in self.spelled["id_token"].items()}

    def redeem(self, fields):
        if self.shape.get("pkce") == "refused" and "code_verifier" in fields:
            return 401, {"error": "invalid_client", "error_description": "Client authentication failed"}
        return super().redeem(fields)
