/*
 * assertion-verify.js - who is asking? A backend behind mod_sso verifies the header X-SSO-Assertion
 * (SSOAssertion on). Node.js, no packages.
 *
 *     const keys = (await (await fetch(ISSUER + '/.sso/jwks.json')).json()).keys; // keep for 5 minutes,
 *                                             // and fetch again when a kid is not among them
 *     const claims = verify(request.headers['x-sso-assertion'], keys, ISSUER, AUDIENCE);
 *
 * null: nobody is signed in. An exception: somebody came around the gateway; answer 403.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
'use strict';
const crypto = require('crypto');

const LEEWAY = 5; // seconds that two clocks may differ

function part(text) {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
}

function signatureIsGood(alg, jwk, data, signature) {
    const key = crypto.createPublicKey({ key: jwk, format: 'jwk' });
    if (alg === 'ES256') {
        return crypto.verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
    }
    return alg === 'EdDSA' && crypto.verify(null, data, key, signature);
}

/* keys: the array of the key set; issuer: the address of the gateway's site, as browsers see it;
 * audience: what aud= says in the SSOAssertion line, without it the same address. */
function verify(token, keys, issuer, audience) {
    if (!token) return null;
    const [head, body, signature, more] = token.split('.');
    const { alg, kid, typ } = part(head);
    const jwk = keys.find((key) => key.kid === kid && key.alg === alg);
    const data = Buffer.from(head + '.' + body);
    if (more !== undefined || typ !== 'sso+jwt' || !jwk ||
        !signatureIsGood(alg, jwk, data, Buffer.from(signature, 'base64url'))) {
        throw new Error('not signed by the gateway');
    }
    const claims = part(body);
    const now = Date.now() / 1000;
    if (claims.iss !== issuer || claims.aud !== audience) throw new Error('for somebody else');
    if (!(claims.exp > now - LEEWAY && claims.iat < now + LEEWAY)) throw new Error('not of now');
    return claims;
}

module.exports = { verify };
