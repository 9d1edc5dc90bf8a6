#!/usr/bin/env python3
"""Writes attacks.json: tokens that must not be accepted, each with its rule and the code of its refusal, and
some that must be, so that it is the attack that is refused.

    make.py > attacks.json        (needs python3-cryptography; tests/unit/test_oidc_attacks.c reads it)

The provider is https://op.example, the client client-1; it is 2026-11-23T18:58:52Z. "keys" is the provider's
key set, "ours" the key that encrypts for the client. A kind says what is being fed: an ID token that answers a
login with "nonce", the code "code" and the access token "access", or a logout token.
"""
import base64
import hashlib
import hmac
import json
import os
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NOW = 1795460332
NONCE = "0123456789abcdef0123456789abcdef"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
ORDER = {"P-256": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551}
ED_ORDER = 2 ** 252 + 27742317777372353535851937790883648493


def b64(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(n, size=None):
    return b64(n.to_bytes(size or (n.bit_length() + 7) // 8, "big"))


# -- keys

RSA = rsa.generate_private_key(65537, 2048)
WEAK = rsa.generate_private_key(65537, 1024)
THREE = rsa.generate_private_key(3, 2048)
EVIL = rsa.generate_private_key(65537, 2048)
OURS = rsa.generate_private_key(65537, 2048)
P256, P384, EVIL256 = (ec.generate_private_key(c) for c in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP256R1()))
K1 = ec.generate_private_key(ec.SECP256K1())
ED = ed25519.Ed25519PrivateKey.generate()


def jwk(key, **more):
    public = key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw), **more}
    n = public.public_numbers()
    if isinstance(public, rsa.RSAPublicKey):
        return {"kty": "RSA", "n": number(n.n), "e": number(n.e), **more}
    size = (public.curve.key_size + 7) // 8
    crv = {"secp256r1": "P-256", "secp384r1": "P-384", "secp256k1": "secp256k1"}[public.curve.name]
    return {"kty": "EC", "crv": crv, "x": number(n.x, size), "y": number(n.y, size), **more}


def pem(key, public=False):
    if public:
        return key.public_key().public_bytes(serialization.Encoding.PEM,
                                             serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


KEYS = [jwk(RSA, kid="rsa"), jwk(P256, kid="ec"), jwk(P384, kid="ec384"), jwk(ED, kid="ed"),
        jwk(WEAK, kid="weak"), jwk(THREE, kid="three"), jwk(K1, kid="k1"), jwk(RSA, kid="enc", use="enc"),
        jwk(RSA, kid="ops", key_ops=["encrypt"]), jwk(RSA, kid="ps", alg="PS256"),
        {"kty": "oct", "kid": "oct", "k": b64("0123456789abcdef0123456789abcdef")},
        {"kty": "EC", "crv": "P-256", "kid": "off", "x": number(1, 32), "y": number(1, 32)}]


# -- signing

def rs256(key=RSA, digest=hashes.SHA256):
    return lambda text: key.sign(text, padding.PKCS1v15(), digest())


def ps256(salt=32, digest=hashes.SHA256):
    return lambda text: RSA.sign(text, padding.PSS(padding.MGF1(digest()), salt), digest())


def es(key=P256, digest=hashes.SHA256, size=32):
    def sign(text):
        r, s = utils.decode_dss_signature(key.sign(text, ec.ECDSA(digest())))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return sign


def es_der(text):
    return P256.sign(text, ec.ECDSA(hashes.SHA256()))


def fixed(*numbers):
    return lambda text: b"".join(n.to_bytes(32, "big") for n in numbers)


def hs256(secret):
    return lambda text: hmac.new(secret, text, hashlib.sha256).digest()


def ed(text):
    return ED.sign(text)


def ed_plus_order(text):
    """The same signature once more: S + L."""
    signature = ED.sign(text)
    s = int.from_bytes(signature[32:], "little") + ED_ORDER
    return signature[:32] + s.to_bytes(32, "little")


def changed(how, sign):
    return lambda text: how(sign(text))


def token(header, payload, sign):
    head = header if isinstance(header, (bytes, str)) else json.dumps(header)
    body = payload if isinstance(payload, (bytes, str)) else json.dumps(payload)
    text = b64(head) + "." + b64(body)
    return text + "." + b64(sign(text.encode()))


# -- what is said

def claims(**more):
    said = {"iss": "https://op.example", "sub": "42", "aud": "client-1", "exp": NOW + 300, "iat": NOW,
            "nonce": NONCE, **more}
    return {k: v for k, v in said.items() if v is not None}


def logout(**more):
    said = {"iss": "https://op.example", "sub": "42", "aud": "client-1", "exp": NOW + 120, "iat": NOW,
            "jti": "1", "events": {EVENT: {}}, **more}
    return {k: v for k, v in said.items() if v is not None}


def half(text, digest=hashlib.sha256):
    whole = digest(text.encode()).digest()
    return b64(whole[:len(whole) // 2])


VECTORS = []


def add(rule, name, expect, text, kind="id_token"):
    VECTORS.append({"name": name, "rule": rule, "kind": kind, "expect": expect, "token": text})


def rs(header=None, **more):
    """An ID token of the provider's, signed rightly."""
    return token({"alg": "RS256", "kid": "rsa", **(header or {})}, claims(**more), rs256())


def text_of(body):
    return token({"alg": "RS256", "kid": "rsa"}, body, rs256())


def said(before="", after=""):
    """The claims as a text, with more in front or behind."""
    return "{" + before + json.dumps(claims())[1:-1] + after + "}"


# -- right ones

add("-", "RS256", "ok", rs())
add("-", "PS256", "ok", token({"alg": "PS256", "kid": "rsa"}, claims(), ps256()))
add("-", "ES256", "ok", token({"alg": "ES256", "kid": "ec"}, claims(), es()))
add("-", "EdDSA", "ok", token({"alg": "EdDSA", "kid": "ed"}, claims(), ed))
add("-", "no kid, several keys fit", "ok", token({"alg": "RS256"}, claims(), rs256()))
add("-", "at_hash and c_hash", "ok", rs(at_hash=half("access"), c_hash=half("code")))
add("-", "logout token", "ok", token({"alg": "RS256", "kid": "rsa", "typ": "logout+jwt"}, logout(), rs256()),
    "logout_token")

# -- R1, the form

GOOD = rs()
H, P, S = GOOD.split(".")
for n, text in enumerate(("", ".", "a", H + "." + P, GOOD + "." + S, GOOD + ".", "." + GOOD, "......")):
    add("R1", "parts %d" % n, "jwt_form:parts", text)
add("R1", "empty parts", "jwt_header:json", "..")
add("R1", "too long", "jwt_form:size", H + "." + "A" * 66000 + "." + S)
add("R1", "padding behind the signature", "jwt_form:base64", GOOD + "==")
add("R1", "padding behind the payload", "jwt_form:base64", "%s.%s=.%s" % (H, P, S))
add("R1", "a line break", "jwt_form:base64", GOOD + "\n")
add("R1", "a space", "jwt_form:base64", " " + GOOD)
add("R1", "the other alphabet", "jwt_form:base64", "%s.%s.+/%s" % (H, P, S[2:]))
add("R1", "unused bits of the signature", "jwt_form:base64", GOOD[:-1] + chr(ord(GOOD[-1]) + 1))
add("R1", "a NUL in the Base64", "jwt_form:base64", "%s.%s\0.%s" % (H, P, S))
for name, head in {"array": "[]", "text": '"RS256"', "number": "1", "null": "null", "cut": '{"alg":"RS256"',
                   "comma": '{"alg":"RS256",}', "twice": '{"alg":"RS256","alg":"RS256"}',
                   "none and RS256": '{"alg":"none","alg":"RS256"}', "escaped twice": '{"alg":"none","\\u0061lg":"RS256"}',
                   "comment": '{"alg":"RS256"/**/}', "more behind": '{"alg":"RS256"}{}', "BOM": "\ufeff{\"alg\":\"RS256\"}",
                   "not UTF-8": b'{"alg":"RS256","x":"\xff"}', "deep": '{"alg":"RS256","x":[[[[1]]]]}',
                   "NUL": '{"alg":"RS256","kid":"rsa\\u0000"}', "NaN": '{"alg":"RS256","x":NaN}',
                   "long": '{"alg":"RS256","x":"%s"}' % ("a" * 9000),
                   "wide": "{" + ",".join('"a%d":1' % i for i in range(40)) + ',"alg":"RS256"}'}.items():
    add("R1", "header: " + name, "jwt_header:json", token(head, claims(), rs256()))
for name, body in {"array": "[]", "text": '"x"', "empty": "", "a claim twice": said('"sub":"1",'),
                   "twice, escaped": said('"\\u0073ub":"1",'), "twice, nested": said('"x":{"a":1,"a":2},'),
                   "NUL in sub": said().replace('"42"', '"42\\u0000"'), "not UTF-8": said().encode() + b"\xff",
                   "deep": said('"x":' + "[" * 16 + "]" * 16 + ","), "very deep": said('"x":' + "[" * 5000 + "]" * 5000 + ","),
                   "more behind": said() + "{}", "half a surrogate": said('"x":"\\ud800",'),
                   "a number that no integer holds": said('"x":123456789012345678901234567890,'),
                   "exp that no integer holds": said().replace(str(NOW + 300), "9" * 40),
                   "exp that no number holds": said().replace(str(NOW + 300), "1e999"),
                   "wide": said("".join('"a%d":1,' % i for i in range(4100)))}.items():
    add("R1", "claims: " + name, "oidc_claim:json", text_of(body))

# -- R7, whose key

for name, more in {"jwk": {"jwk": jwk(EVIL)}, "jwk with its kid": {"jwk": jwk(EVIL, kid="rsa"), "kid": "rsa"},
                   "jku": {"jku": "https://evil.example/jwks"}, "jku of the provider's host": {"jku": "https://op.example@evil.example/jwks"},
                   "x5u": {"x5u": "https://evil.example/x5u"}, "x5c": {"x5c": ["MIIB"]}, "x5t": {"x5t": "AAAA", "x5t#S256": "AAAA"}}.items():
    add("R7", "the forger's key as " + name, "jwt_signature",
        token({"alg": "RS256", **more}, claims(), rs256(EVIL)))
for name, kid in {"a path": "../../../../dev/null", "an absolute path": "/proc/self/environ", "SQL": "x' UNION SELECT 'k",
                  "a command": "$(id)", "an address": "https://evil.example/jwks", "another": "nobody", "empty": "",
                  "capitals": "RSA", "a beginning": "rs", "more than it": "rsa ", "long": "k" * 4000}.items():
    add("R7", "kid: " + name, "jwt_key", rs({"kid": kid}))
for name, kid in {"a number": 1, "null": None, "a list": ["rsa"], "an object": {}}.items():
    add("R7", "kid: " + name, "jwt_header:kid", rs({"kid": kid}))
add("R7", "the forger's signature", "jwt_signature", token({"alg": "RS256", "kid": "rsa"}, claims(), rs256(EVIL)))
add("R7", "the forger's ECDSA", "jwt_signature", token({"alg": "ES256", "kid": "ec"}, claims(), es(EVIL256)))

# -- R12, algorithms

for alg in ("none", "None", "NONE", "nOnE", "", "none ", "\tnone"):
    add("R12", "alg %r, no signature" % alg, "jwt_alg", token({"alg": alg}, claims(), lambda t: b""))
    add("R12", "alg %r, a right signature" % alg, "jwt_alg", token({"alg": alg, "kid": "rsa"}, claims(), rs256()))
for alg in ("HS256", "HS384", "HS512"):
    for name, secret in {"the public key as PEM": pem(RSA, True), "its modulus": KEYS[0]["n"].encode(), "nothing": b"",
                         "the client's secret": b"secret", "the key of the set": b"0123456789abcdef0123456789abcdef"}.items():
        add("R12", "%s with %s" % (alg, name), "jwt_alg",
            token({"alg": alg, "kid": "oct" if "set" in name else "rsa"}, claims(), hs256(secret)))
for alg in ("RS1", "RS384", "RS512", "PS384", "PS512", "ES384", "ES512", "ES256K", "rs256", "RS256\0", "RS256,ES256", "RSA-OAEP",
            "Ed25519", "ML-DSA-44"):
    add("R12", "alg %r is not accepted" % alg, "jwt_header:alg" if "\0" in alg and False else
        "jwt_header:json" if "\0" in alg else "jwt_alg", rs({"alg": alg}))
for name, alg in {"missing": None, "a number": 256, "a list": ["RS256"], "an object": {}, "true": True}.items():
    head = {"kid": "rsa"} if name == "missing" else {"alg": alg, "kid": "rsa"}
    add("R12", "alg: " + name, "jwt_header:alg", token(head, claims(), rs256()))
for name, more in {"crit": {"crit": ["exp"], "exp": NOW}, "crit of something known": {"crit": ["alg"]}, "empty crit": {"crit": []},
                   "crit is a text": {"crit": "b64"}, "crit is null": {"crit": None}, "b64 false": {"crit": ["b64"], "b64": False}}.items():
    add("R12", name, "jwt_header:crit", rs(more))
add("R12", "ES256 with the RSA key", "jwt_key", token({"alg": "ES256", "kid": "rsa"}, claims(), es()))
add("R12", "RS256 with the EC key", "jwt_key", token({"alg": "RS256", "kid": "ec"}, claims(), rs256()))
add("R12", "EdDSA with the EC key", "jwt_key", token({"alg": "EdDSA", "kid": "ec"}, claims(), ed))
add("R12", "ES256 with a P-384 key", "jwt_key", token({"alg": "ES256", "kid": "ec384"}, claims(), es(P384, size=48)))
add("R12", "ES256 with secp256k1", "jwt_key", token({"alg": "ES256", "kid": "k1"}, claims(), es(K1)))
add("R12", "a point off the curve", "jwt_key", token({"alg": "ES256", "kid": "off"}, claims(), es()))
add("R12", "RSA 1024", "jwt_key", token({"alg": "RS256", "kid": "weak"}, claims(), rs256(WEAK)))
add("R12", "e is 3", "jwt_key", token({"alg": "RS256", "kid": "three"}, claims(), rs256(THREE)))
add("R12", "a key for encryption", "jwt_key", rs({"kid": "enc"}))
add("R12", "a key with other operations", "jwt_key", rs({"kid": "ops"}))
add("R12", "a key of another algorithm", "jwt_key", rs({"kid": "ps"}))
add("R12", "RS256 by PSS", "jwt_signature", token({"alg": "RS256", "kid": "rsa"}, claims(), ps256()))
add("R12", "PS256 by PKCS #1", "jwt_signature", token({"alg": "PS256", "kid": "rsa"}, claims(), rs256()))
for salt in (0, 20, 48, 222):
    add("R12", "PS256, salt of %d" % salt, "jwt_signature", token({"alg": "PS256", "kid": "rsa"}, claims(), ps256(salt)))
add("R12", "PS256 with SHA-384", "jwt_signature", token({"alg": "PS256", "kid": "rsa"}, claims(), ps256(48, hashes.SHA384)))
add("R12", "RS256 with SHA-1", "jwt_signature", token({"alg": "RS256", "kid": "rsa"}, claims(), rs256(RSA, hashes.SHA1)))
add("R12", "RS256 with SHA-512", "jwt_signature", token({"alg": "RS256", "kid": "rsa"}, claims(), rs256(RSA, hashes.SHA512)))
add("R12", "ES256 with SHA-384", "jwt_signature", token({"alg": "ES256", "kid": "ec"}, claims(), es(P256, hashes.SHA384)))
N = ORDER["P-256"]
for name, sign in {"r and s 0": fixed(0, 0), "r 0": fixed(0, 1), "s 0": fixed(1, 0), "r and s 1": fixed(1, 1),
                   "r is the order": fixed(N, 1), "s is the order": fixed(1, N), "r and s the order": fixed(N, N),
                   "all ones": fixed(2 ** 256 - 1, 2 ** 256 - 1), "DER": es_der, "nothing": lambda t: b"",
                   "one byte less": changed(lambda s: s[:-1], es()), "one more": changed(lambda s: s + b"\0", es()),
                   "one zero before": changed(lambda s: b"\0" + s, es()), "half": changed(lambda s: s[:32], es()),
                   "wider halves": es(size=48), "swapped": changed(lambda s: s[32:] + s[:32], es()),
                   "twice": changed(lambda s: s + s, es())}.items():
    add("R12", "ECDSA: " + name, "jwt_signature", token({"alg": "ES256", "kid": "ec"}, claims(), sign))
for name, how in {"cut": lambda s: s[:-1], "longer": lambda s: s + b"\0", "a zero before": lambda s: b"\0" + s, "0": lambda s: bytes(256),
                  "1": lambda s: bytes(255) + b"\1", "none": lambda s: b"", "one bit": lambda s: s[:9] + bytes([s[9] ^ 1]) + s[10:],
                  "plus the modulus": lambda s: (int.from_bytes(s, "big") + RSA.public_key().public_numbers().n).to_bytes(257, "big")}.items():
    add("R12", "RSA: " + name, "jwt_signature", token({"alg": "RS256", "kid": "rsa"}, claims(), changed(how, rs256())))
for name, sign in {"S plus the order": ed_plus_order, "zeros": lambda t: bytes(64), "cut": changed(lambda s: s[:-1], ed),
                   "the identity": lambda t: b"\1" + bytes(63), "of the hash": lambda t: ED.sign(hashlib.sha512(t).digest())}.items():
    add("R12", "Ed25519: " + name, "jwt_signature", token({"alg": "EdDSA", "kid": "ed"}, claims(), sign))
add("R12", "another payload", "jwt_signature", "%s.%s.%s" % (H, b64(json.dumps(claims(sub="admin"))), S))
add("R12", "another header", "jwt_signature", "%s.%s.%s" % (b64(json.dumps({"alg": "RS256"})), P, S))
add("R12", "a detached payload", "jwt_signature", "%s..%s" % (H, S))

# -- R8, R4: whom it is of and for, and which login it answers

for name, iss in {"another": "https://evil.example", "a slash more": "https://op.example/", "capitals": "https://OP.example",
                  "http": "http://op.example", "a port": "https://op.example:443", "empty": "", "missing": None}.items():
    add("R8", "iss: " + name, "oidc_issuer:token", rs(iss=iss))
for name, iss in {"a list": ["https://op.example"], "a number": 1, "true": True}.items():
    add("R8", "iss: " + name, "oidc_claim:iss", rs(iss=iss))
for name, aud in {"another": "client-2", "missing": None, "empty": "", "no list": [], "capitals": "CLIENT-1", "a beginning": "client-",
                  "more": "client-1 ", "two in one": "client-1 client-2", "a number": 1, "nested": [["client-1"]],
                  "an object": {"client-1": 1}, "others": ["a", "b"], "true": True}.items():
    add("R8", "aud: " + name, "oidc_audience:aud", rs(aud=aud))
add("R8", "aud: with others, no azp", "oidc_audience:azp", rs(aud=["client-1", "client-2"]))
add("R8", "aud: twice", "oidc_audience:azp", rs(aud=["client-1", "client-1"]))
add("R8", "aud: with others", "oidc_audience:more", rs(aud=["client-1", "client-2"], azp="client-1"))
for name, azp in {"another": "client-2", "a list": ["client-1"], "empty": "", "a number": 1}.items():
    add("R8", "azp: " + name, "oidc_audience:azp", rs(azp=azp))
for name, sub in {"missing": None, "empty": "", "a number": 42, "a list": ["42"], "long": "x" * 256, "a control": "4\n2", "DEL": "4\x7f2"}.items():
    add("R8", "sub: " + name, "oidc_claim:sub", rs(sub=sub))
for name, nonce, expect in (("missing", None, "oidc_claim:nonce"), ("a number", 1, "oidc_claim:nonce"), ("empty", "", "oidc_nonce"),
                            ("another", "f" * 32, "oidc_nonce"), ("a beginning", NONCE[:31], "oidc_nonce"),
                            ("more", NONCE + "0", "oidc_nonce"), ("capitals", NONCE.upper(), "oidc_nonce")):
    add("R4", "nonce: " + name, expect, rs(nonce=nonce))
for name in ("at_hash", "c_hash"):
    text = {"at_hash": "access", "c_hash": "code"}[name]
    for what, value in {"of another": half("other"), "empty": "", "the whole": b64(hashlib.sha256(text.encode()).digest()),
                        "of SHA-512": half(text, hashlib.sha512), "padded": half(text) + "==", "a beginning": half(text)[:8]}.items():
        add("R27", "%s: %s" % (name, what), "oidc_hash:" + name, rs(**{name: value}))
    add("R27", name + ": a number", "oidc_claim:" + name, rs(**{name: 1}))

# -- R9, times

for name, value, expect in (
        ("missing", None, "oidc_claim:exp"), ("a text", str(NOW + 300), "oidc_claim:exp"), ("a fraction", NOW + 300.5, "oidc_claim:exp"),
        ("1e300", 1e300, "oidc_claim:exp"), ("negative", -1, "oidc_claim:exp"), ("over 2^53", 2 ** 53 + 1, "oidc_claim:exp"),
        ("2^63 - 1", 2 ** 63 - 1, "oidc_claim:exp"), ("true", True, "oidc_claim:exp"), ("a list", [NOW + 300], "oidc_claim:exp"),
        ("0", 0, "oidc_time:exp"), ("61 s ago", NOW - 61, "oidc_time:exp"), ("60 s ago", NOW - 60, "oidc_time:exp")):
    add("R9", "exp: " + name, expect, rs(exp=value))
add("R9", "exp: 59 s ago", "ok", rs(exp=NOW - 59))
add("R9", "exp: 2^53", "ok", rs(exp=2 ** 53))
for name, value, expect in (
        ("missing", None, "oidc_claim:iat"), ("a text", str(NOW), "oidc_claim:iat"), ("a fraction", NOW + 0.5, "oidc_claim:iat"),
        ("negative", -NOW, "oidc_claim:iat"), ("ten minutes and a second ago", NOW - 601, "oidc_time:iat"), ("in 61 s", NOW + 61, "oidc_time:iat"),
        ("ten minutes ago", NOW - 600, "ok"), ("in a minute", NOW + 60, "ok")):
    add("R9", "iat: " + name, expect, rs(iat=value))
for name, value, expect in (("in 61 s", NOW + 61, "oidc_time:nbf"), ("a text", "0", "oidc_claim:nbf"), ("huge", 2 ** 60, "oidc_claim:nbf"),
                            ("in a minute", NOW + 60, "ok"), ("long ago", 0, "ok")):
    add("R9", "nbf: " + name, expect, rs(nbf=value))
for name, value in {"a text": "0", "negative": -1, "1e300": 1e300}.items():
    add("R9", "auth_time: " + name, "oidc_claim:auth_time", rs(auth_time=value))

# -- a token of another kind

for typ in ("at+jwt", "logout+jwt", "application/at+jwt", "dpop+jwt", "secevent+jwt", "JWE", ""):
    add("R14", "an ID token of type %r" % typ, "jwt_header:typ", rs({"typ": typ}))
add("R14", "a logout token as ID token", "oidc_claim:nonce",
    token({"alg": "RS256", "kid": "rsa"}, logout(), rs256()))

# -- R10, encrypted

def jwe(payload, header=None, cek=None, iv=None, tag=16, key=OURS, change=lambda parts: parts):
    head = b64(json.dumps({"alg": "RSA-OAEP-256", "enc": "A256GCM", **(header or {})}))
    cek, iv = cek or os.urandom(32), iv or os.urandom(12)
    wrapped = key.public_key().encrypt(cek, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    sealed = AESGCM(cek).encrypt(iv, payload.encode(), head.encode())
    return ".".join(change([head, b64(wrapped), b64(iv), b64(sealed[:-16]), b64(sealed[-16:][:tag])]))


def part(i, text):
    return lambda parts: parts[:i] + [text] + parts[i + 1:]


add("-", "encrypted", "ok", jwe(GOOD))
for alg in ("none", "RSA1_5", "dir", "A128KW", "A256GCMKW", "ECDH-ES+A128KW", "PBES2-HS256+A128KW", "RSA-OAEP-512", "RS256", ""):
    add("R10", "JWE: alg " + alg, "jwe_alg:alg", jwe(GOOD, {"alg": alg}))
add("R10", "JWE: PBES2 with a billion rounds", "jwe_alg:alg", jwe(GOOD, {"alg": "PBES2-HS512+A256KW", "p2c": 10 ** 9, "p2s": "AAAA"}))
for enc in ("A192GCM", "A256CBC-HS512", "none", "a256gcm", ""):
    add("R10", "JWE: enc " + enc, "jwe_alg:enc", jwe(GOOD, {"enc": enc}))
for zipped in ("DEF", "GZ", 1, None):
    add("R10", "JWE: zip %r" % zipped, "jwe_alg:zip", jwe(GOOD, {"zip": zipped}))
add("R10", "JWE: crit", "jwt_header:crit", jwe(GOOD, {"crit": ["zip"]}))
add("R10", "JWE: the claims alone", "jwt_form:parts", jwe(json.dumps(claims())))
add("R10", "JWE: unsigned inside", "jwt_alg", jwe(token({"alg": "none"}, claims(), lambda t: b"")))
add("R10", "JWE: the forger's inside", "jwt_signature", jwe(token({"alg": "RS256", "kid": "rsa"}, claims(), rs256(EVIL))))
add("R10", "JWE: HS256 inside", "jwt_alg", jwe(token({"alg": "HS256"}, claims(), hs256(pem(RSA, True)))))
add("R10", "JWE: another JWE inside", "jwt_form:parts", jwe(jwe(GOOD)))
add("R10", "JWE: a hundred and more inside", "jwt_form:parts", jwe(jwe(jwe(jwe(GOOD)))))
add("R10", "JWE: nothing inside", "jwe_decrypt", jwe(""))
add("R10", "JWE: for somebody else", "jwe_decrypt", jwe(GOOD, key=EVIL))
for n in (0, 4, 8, 12, 15):
    add("R12", "JWE: a tag of %d bytes" % n, "jwe_decrypt", jwe(GOOD, tag=n))
add("R12", "JWE: an IV of 8 bytes", "jwe_decrypt", jwe(GOOD, iv=os.urandom(8)))
add("R12", "JWE: an IV of 16 bytes", "jwe_decrypt", jwe(GOOD, iv=os.urandom(16)))
add("R10", "JWE: a content key that is too short", "jwe_decrypt", jwe(GOOD, cek=os.urandom(16)))
add("R10", "JWE: another wrapped key", "jwe_decrypt", jwe(GOOD, change=part(1, b64(os.urandom(256)))))
add("R10", "JWE: no wrapped key", "jwe_decrypt", jwe(GOOD, change=part(1, "")))
add("R10", "JWE: another text", "jwe_decrypt", jwe(GOOD, change=part(3, b64(os.urandom(500)))))
add("R10", "JWE: another header", "jwe_decrypt", jwe(GOOD, change=part(0, b64('{"enc":"A256GCM","alg":"RSA-OAEP-256"}'))))
add("R10", "JWE: OAEP with the other digest", "jwe_decrypt", jwe(GOOD, {"alg": "RSA-OAEP"}))
add("R10", "JWE: ECDH-ES with an RSA key", "jwe_decrypt", jwe(GOOD, {"alg": "ECDH-ES", "epk": jwk(P256)}, change=part(1, "")))
add("R1", "JWE: padding", "jwt_form:base64", jwe(GOOD, change=lambda p: p[:4] + [p[4] + "=="]))
add("R1", "JWE: a header member twice", "jwt_header:json", jwe(GOOD, change=part(0, b64('{"alg":"dir","alg":"RSA-OAEP-256","enc":"A256GCM"}'))))

# -- R14, logout tokens: whatever is wrong, the answer is 400

def bye(name, header=None, sign=None, **more):
    add("R14", "logout: " + name, "oidc_logout", token({"alg": "RS256", "kid": "rsa", **(header or {})}, logout(**more), sign or rs256()),
        "logout_token")


bye("alg none", {"alg": "none"}, lambda t: b"")
bye("HS256", {"alg": "HS256"}, hs256(pem(RSA, True)))
bye("the forger's", sign=rs256(EVIL))
bye("another iss", iss="https://evil.example")
bye("another aud", aud="client-2")
bye("others as well", aud=["client-1", "client-2"], azp="client-1")
bye("no aud", aud=None)
for each in ("at+jwt", "id_token", "", "application/jwt"):
    VECTORS.append({"name": "logout: typ %r" % each, "rule": "R14", "kind": "logout_token", "expect": "oidc_logout:typ",
                    "token": token({"alg": "RS256", "kid": "rsa", "typ": each}, logout(), rs256())})
for about, more in {"events": ({"events": None}, {"events": {}}, {"events": {"foobar": {}}}, {"events": {EVENT: {}, "x": {}}},
                               {"events": {EVENT: 1}}, {"events": {EVENT: None}}, {"events": {EVENT: []}}, {"events": EVENT}, {"events": [EVENT]}),
                    "nonce": ({"nonce": NONCE}, {"nonce": ""}, {"nonce": 1}, {"nonce": False}), "exp": ({"exp": None}, {"exp": NOW - 60}, {"exp": 0}),
                    "iat": ({"iat": None}, {"iat": NOW - 601}, {"iat": NOW + 61}), "jti": ({"jti": None}, {"jti": ""}),
                    "sub": ({"sub": None},)}.items():
    for n, each in enumerate(more):
        add("R14", "logout: %s %d" % (about, n), "oidc_logout:" + about,
            token({"alg": "RS256", "kid": "rsa"}, logout(**each), rs256()), "logout_token")
for about, value in (("sid", 7), ("sub", ["42"]), ("jti", 1), ("exp", "1"), ("iat", 1e300), ("iss", 1)):
    bye("%s of another type" % about, **{about: value})
add("R14", "logout: an ID token", "oidc_logout:events", GOOD, "logout_token")

names = [v["name"] for v in VECTORS]
assert len(set(names)) == len(names), [n for n in names if names.count(n) > 1]
json.dump({"nonce": NONCE, "keys": KEYS, "ours": pem(OURS).decode(), "vectors": VECTORS}, sys.stdout, indent=0)
print()
