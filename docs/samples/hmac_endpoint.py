#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An Endpoint of the signed-token handshake: tells a site that runs mod_sso who is signed in here.

docs/PROTOCOL.hmac.md describes the messages. A WSGI application without any framework; only the
functions request_is_good and answer_url matter, whatever yours is called.
"""
import base64
import hashlib
import hmac
import json
import re
from urllib.parse import parse_qs, quote

SECRET_FILE = "/etc/mysite/sso.secret"
CALLBACK = "https://forum.example.org/.sso/members/callback"
START = "https://forum.example.org/.sso/login?provider=members"


def secret():
    """The characters of the secret as they are; the line break at the end of the file is not one."""
    with open(SECRET_FILE, "rb") as f:
        return f.read().rstrip(b"\r\n")


def sign(key, text):
    return hmac.new(key, text.encode("ascii"), hashlib.sha256).hexdigest()


def request_is_good(key, token, sig):
    """Did the other side send this token?"""
    return (
        re.fullmatch("[0-9a-f]{32}", token) is not None
        and re.fullmatch("[0-9a-f]{64}", sig) is not None
        and hmac.compare_digest(sign(key, token), sig)
    )


def answer_url(key, callback, token, user):
    """Where to send the browser: the Callback with a signed description of the user."""
    text = json.dumps({"token": token, **user}, separators=(",", ":"))
    data = base64.b64encode(text.encode("utf-8")).decode("ascii")
    return f"{callback}?data={quote(data, safe='')}&sig={sign(key, data)}"  # of the Base64 text


def current_user(environ):
    """Your own session; None when nobody is signed in."""
    raise NotImplementedError


def application(environ, start_response):
    query = parse_qs(environ.get("QUERY_STRING", ""))
    token, sig = query.get("token", []), query.get("sig", [])
    if len(token) != 1 or len(sig) != 1 or not request_is_good(secret(), token[0], sig[0]):
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"This request did not come from our forum.\n"]
    user = current_user(environ)
    if user is None:  # after your login go to START, which comes back here with a fresh token
        location = "/login?next=" + quote(START, safe="")
    else:
        location = answer_url(
            secret(),
            CALLBACK,
            token[0],
            {
                "user_id": str(user.id),  # never changes, never reused
                "email": user.email,  # validated
                "name": user.name,
                "roles": user.roles,
            },
        )
    headers = [
        ("Location", location),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
    ]
    start_response("302 Found", headers)
    return [b""]
