"""The samples that verify assertions (docs/samples), in every language, with tokens of a real httpd and
with others that its own keys have signed but mod_sso never would."""
import base64
import json
import pathlib
import re
import subprocess
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from lib.browser import exchange
from test_assertion import gateway, keys_file, rotate, signed_in, token_at  # noqa: F401

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "samples"

# Each reads {"keys": ..., "issuer": ..., "audience": ..., "tokens": [...]} and prints a line for each
# token: the user, "nobody", or "refused".
PROGRAMS = {
    "python": ["/usr/bin/python3", "-B", "-c", """
import json, sys
sys.path.insert(0, ".")
import jwt
from assertion_verify import verify
given = json.load(sys.stdin)
keys = {k.key_id: k for k in jwt.PyJWKSet.from_dict(given).keys}
for token in given["tokens"]:
    try:
        claims = verify(token, lambda t: keys[jwt.get_unverified_header(t)["kid"]],
                        given["issuer"], given["audience"])
        print(claims["preferred_username"] if claims else "nobody")
    except Exception:
        print("refused")
"""],
    "node": ["node", "-e", """
const { verify } = require('./assertion-verify.js');
const given = JSON.parse(require('fs').readFileSync(0));
for (const token of given.tokens) {
    try {
        const claims = verify(token, given.keys, given.issuer, given.audience);
        console.log(claims ? claims.preferred_username : 'nobody');
    } catch (error) {
        console.log('refused');
    }
}
"""],
    "php": ["php", "-r", """
error_reporting(E_ALL);
require './assertion-verify.php';
$given = json_decode(stream_get_contents(STDIN), true);
foreach ($given['tokens'] as $token) {
    try {
        $claims = sso_verify($token, $given['keys'], $given['issuer'], $given['audience']);
        echo $claims ? $claims['preferred_username'] : 'nobody', "\\n";
    } catch (RuntimeException $e) {
        echo "refused\\n";
    }
}
"""],
    "ruby": ["ruby", "-e", """
require './assertion_verify'
given = JSON.parse($stdin.read)
given['tokens'].each do |token|
  claims = SsoAssertion.verify(token, given['keys'], given['issuer'], given['audience'])
  puts claims ? claims['preferred_username'] : 'nobody'
rescue SsoAssertion::Refused
  puts 'refused'
end
"""],
}


def verdicts(program, host, tokens, audience=None):
    """What the sample says of each token."""
    keys = exchange("GET", host.url + "/.sso/jwks.json").json()["keys"]
    given = {"keys": keys, "issuer": host.url, "audience": audience or host.url, "tokens": tokens}
    done = subprocess.run(PROGRAMS[program], input=json.dumps(given), cwd=SAMPLES,
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


def private_keys(httpd):
    """What signs, and what will."""
    blocks = re.findall("-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n",
                        keys_file(httpd).read_text(), re.S)
    return [serialization.load_pem_private_key(x.encode(), None) for x in blocks]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forgeries(token, key):
    """Tokens that no backend may believe; key: the one that mod_sso signs with."""
    head, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    part, now = token.split("."), int(time.time())

    def signed(claims=claims, key=key, **more):
        return jwt.encode(claims, key, head["alg"], {**head, **more})

    yield "another payload", ".".join([part[0], b64(json.dumps({**claims, "sub": "root"}).encode()), part[2]])
    yield "another signature", token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    yield "no signature", ".".join([part[0], part[1], ""])
    yield "alg none", ".".join([b64(b'{"alg":"none","typ":"sso+jwt"}'), part[1], ""])
    yield "alg none, with the kid", ".".join(
        [b64(json.dumps({**head, "alg": "none"}).encode()), part[1], ""])
    yield "a public key as a secret", jwt.encode(claims, "the-public-key", "HS256", {**head, "alg": "HS256"})
    yield "an unknown key", signed(kid="nobody's")
    yield "another type", signed(typ="JWT")
    yield "for another audience", signed({**claims, "aud": "https://other.example.test"})
    yield "of another issuer", signed({**claims, "iss": "https://other.example.test"})
    yield "from yesterday", signed({**claims, "iat": now - 86400, "exp": now - 86340})
    yield "just over", signed({**claims, "iat": now - 70, "exp": now - 10})
    yield "of tomorrow", signed({**claims, "iat": now + 86400, "exp": now + 86460})
    yield "without a time", signed({k: v for k, v in claims.items() if k not in ("exp", "iat")})
    yield "without an end", signed({k: v for k, v in claims.items() if k != "exp"})
    yield "without a beginning", signed({k: v for k, v in claims.items() if k != "iat"})
    yield "an end that is no number", signed({**claims, "exp": {}})
    yield "claims that are a list", jwt.api_jws.encode(b"[]", key, head["alg"], head)
    yield "claims that are no JSON", jwt.api_jws.encode(b"{", key, head["alg"], head)
    yield "a head that is a list", ".".join([b64(b"[]"), part[1], part[2]])
    yield "a head that is no JSON", ".".join([b64(b"{"), part[1], part[2]])
    yield "a head that is null", ".".join([b64(b"null"), part[1], part[2]])
    yield "a head that is no text", ".".join([b64(b"\xff\xfe"), part[1], part[2]])
    yield "a signature of zeros", ".".join([part[0], part[1], b64(bytes(64))])
    yield "four parts", token + ".x"
    yield "one part", part[0]
    yield "words", "Bearer of bad news"


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
@pytest.mark.parametrize("program", list(PROGRAMS))
def test_samples(gateway, alice, program, alg):  # noqa: F811
    gateway.httpd.start()
    if alg == "EdDSA":
        rotate(gateway.httpd, "--alg", "EdDSA")
        rotate(gateway.httpd)
        gateway.httpd.graceful()
    token = token_at(gateway, "/app", signed_in(alice, gateway))
    current, following = private_keys(gateway.httpd)
    bad = dict(forgeries(token, current))
    bad["signed by the next key as the current one"] = jwt.encode(
        {"sub": "x"}, following, alg, jwt.get_unverified_header(token))
    seen = dict(zip(["honest", "nobody", *bad],
                    verdicts(program, gateway, [token, "", *bad.values()])))
    assert seen == {"honest": "alice", "nobody": "nobody", **{x: "refused" for x in bad}}


@pytest.mark.parametrize("program", list(PROGRAMS))
def test_samples_hold_to_their_audience(gateway, alice, program):  # noqa: F811
    gateway.httpd.start()
    cookie, api = signed_in(alice, gateway), "https://api.example.test"
    tokens = [token_at(gateway, path, cookie) for path in ("/app", "/api")]
    assert verdicts(program, gateway, tokens) == ["alice", "refused"]
    assert verdicts(program, gateway, tokens, api) == ["refused", "alice"]
