// SPDX-License-Identifier: Apache-2.0
//
// The provider's side of DiscourseConnect: tells a site that runs mod_sso, or a Discourse, who is signed
// in here. docs/PROTOCOL.discourse.md describes the messages. These functions are all there is to
// it; hmac-endpoint.js shows an application around such functions.
'use strict';

const { createHmac, timingSafeEqual } = require('node:crypto');

const RETURN_HOSTS = ['app.example.org']; // where answers may go, all by https

const sign = (key, text) => createHmac('sha256', key).update(text).digest('hex');

/** Nonce and return address of a request; null when it is not from the other side. */
function readRequest(key, sso, sig, hosts = RETURN_HOSTS) {
  if (!/^[0-9a-f]{64}$/.test(sig) || sig.length !== 64) return null;
  if (!timingSafeEqual(Buffer.from(sign(key, sso)), Buffer.from(sig))) return null;
  const payload = new URLSearchParams(Buffer.from(sso, 'base64').toString('utf8'));
  const nonce = payload.get('nonce');
  const returnUrl = payload.get('return_sso_url') || '';
  if (!nonce || payload.has('external_id') || !/^https:\/\/[A-Za-z0-9.-]+(:443)?(\/|$)/.test(returnUrl)) return null;
  return hosts.includes(new URL(returnUrl).hostname) ? [nonce, returnUrl] : null;
}

/** Of a request that was read: end the user's session, and redirect to its return address as it is? */
function wantsLogout(sso) {
  return new URLSearchParams(Buffer.from(sso, 'base64').toString('utf8')).get('logout') === 'true';
}

/** Where to send the browser: back, with a signed description of the user. */
function answerUrl(key, nonce, returnUrl, user) {
  const sso = Buffer.from(new URLSearchParams({ nonce, ...user }).toString()).toString('base64');
  const joint = returnUrl.includes('?') ? '&' : '?';
  return `${returnUrl}${joint}sso=${encodeURIComponent(sso)}&sig=${sign(key, sso)}`; // of the Base64 text
}

module.exports = { readRequest, wantsLogout, answerUrl };
