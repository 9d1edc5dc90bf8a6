/*
 * hmac-endpoint.js - an Endpoint of the signed-token handshake: tells a site that runs mod_sso who
 * is signed in here. docs/PROTOCOL.hmac.md describes the messages. Node.js, no packages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');

const SECRET_FILE = '/etc/mysite/sso.secret';
const CALLBACK = 'https://forum.example.org/.sso/members/callback';
const START = 'https://forum.example.org/.sso/login?provider=members';

/* The characters of the secret as they are; the line break at the end of the file is not one. */
function secret() {
    return fs.readFileSync(SECRET_FILE, 'utf8').replace(/[\r\n]+$/, '');
}

function sign(key, text) {
    return crypto.createHmac('sha256', key).update(text).digest('hex');
}

/* Did the other side send this token? */
function requestIsGood(key, token, sig) {
    return /^[0-9a-f]{32}$/.test(token) && /^[0-9a-f]{64}$/.test(sig) &&
        crypto.timingSafeEqual(Buffer.from(sign(key, token)), Buffer.from(sig));
}

/* Where to send the browser: the Callback with a signed description of the user. */
function answerUrl(key, callback, token, user) {
    const data = Buffer.from(JSON.stringify({ token, ...user }), 'utf8').toString('base64');
    return `${callback}?data=${encodeURIComponent(data)}&sig=${sign(key, data)}`; // of the Base64 text
}

/* Your own session; null when nobody is signed in. */
function currentUser(request) {
    throw new Error('to be written');
}

function handle(request, response) {
    const query = new URL(request.url, 'http://localhost').searchParams;
    const token = query.getAll('token');
    const sig = query.getAll('sig');
    if (token.length !== 1 || sig.length !== 1 || !requestIsGood(secret(), token[0], sig[0])) {
        response.writeHead(403, { 'Content-Type': 'text/plain' });
        response.end('This request did not come from our forum.\n');
        return;
    }
    const user = currentUser(request);
    const location = user === null // after your login go to START, which comes back with a fresh token
        ? '/login?next=' + encodeURIComponent(START)
        : answerUrl(secret(), CALLBACK, token[0], {
            user_id: String(user.id), // never changes, never reused
            email: user.email, // validated
            name: user.name,
            roles: user.roles,
        });
    response.writeHead(302, {
        Location: location, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer',
    });
    response.end();
}

module.exports = { requestIsGood, answerUrl, handle };
if (require.main === module) http.createServer(handle).listen(8080, '127.0.0.1');
