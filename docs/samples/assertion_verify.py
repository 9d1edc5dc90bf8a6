#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who is asking? A backend behind mod_sso verifies the header X-SSO-Assertion (SSOAssertion on).

With PyJWT and cryptography (Debian: python3-jwt, python3-cryptography).

    keys = jwt.PyJWKClient(ISSUER + "/.sso/jwks.json", lifespan=300)
    claims = verify(environ.get("HTTP_X_SSO_ASSERTION"), keys.get_signing_key_from_jwt, ISSUER, AUDIENCE)

None: nobody is signed in. An exception: somebody came around the gateway; answer 403.
"""
import jwt

LEEWAY = 5  # seconds that two clocks may differ


def verify(token, key_of, issuer, audience):
    """The claims of an assertion.

    key_of:   finds the key for a token by its kid: PyJWKClient.get_signing_key_from_jwt.
    issuer:   the address of the gateway's site, as browsers see it.
    audience: what aud= says in the SSOAssertion line; without it the same address.
    """
    if not token:
        return None
    if jwt.get_unverified_header(token).get("typ") != "sso+jwt":
        raise jwt.InvalidTokenError("not an assertion of mod_sso")
    return jwt.decode(
        token,
        key_of(token).key,
        algorithms=["ES256", "EdDSA"],  # a closed list: never what the token asks for
        issuer=issuer,
        audience=audience,
        leeway=LEEWAY,
        options={"require": ["exp", "iat", "iss", "aud", "sub"]},
    )
