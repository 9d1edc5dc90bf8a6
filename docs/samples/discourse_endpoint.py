# SPDX-License-Identifier: Apache-2.0
"""The provider's side of DiscourseConnect: tells a site that runs mod_sso, or a Discourse, who is signed in.

docs/PROTOCOL.discourse.md describes the messages. These functions are all there is to it;
hmac_endpoint.py shows an application around such functions.
"""
import base64
import binascii
import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

RETURN_HOSTS = {"app.example.org"}  # where answers may go, all by https


def sign(key, text):
    return hmac.new(key, text.encode("ascii"), hashlib.sha256).hexdigest()


def read_request(key, sso, sig, hosts=RETURN_HOSTS):
    """Nonce and return address of a request; None when it is not from the other side."""
    try:
        if not re.fullmatch("[0-9a-f]{64}", sig) or not hmac.compare_digest(sign(key, sso), sig):
            return None
        text = base64.b64decode(sso).decode("utf-8")
        payload = dict(parse_qsl(text, strict_parsing=True))
        url = urlsplit(payload.get("return_sso_url", ""))
        good = (url.scheme == "https" and url.hostname in hosts and url.port in (None, 443)
                and "@" not in url.netloc and "\\" not in url.netloc)
    except (ValueError, binascii.Error):
        return None
    if not good or "external_id" in payload or not payload.get("nonce"):
        return None
    return payload["nonce"], payload["return_sso_url"]


def wants_logout(sso):
    """Of a request that was read: end the user's session, and redirect to its return address as it is?"""
    return dict(parse_qsl(base64.b64decode(sso).decode("utf-8"))).get("logout") == "true"


def answer_url(key, nonce, return_url, user):
    """Where to send the browser: back, with a signed description of the user."""
    text = urlencode({"nonce": nonce, **user})
    sso = base64.b64encode(text.encode("ascii")).decode("ascii")
    joint = "&" if "?" in return_url else "?"
    return f"{return_url}{joint}sso={quote(sso, safe='')}&sig={sign(key, sso)}"  # of the Base64 text
