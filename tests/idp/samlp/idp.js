// A SAML identity provider on the library samlp, for tests. RUN: a directory with key, certificate
// and the metadata of service providers in sp/*.xml; IDP_URL: where it is served. People: alice, bob.
const express = require('express'), samlp = require('samlp'), fs = require('fs');
const Participants = require('samlp/lib/sessionParticipants');
const crypto = require('crypto');

const { RUN, IDP_URL } = process.env;
const PEOPLE = { alice: 'alice@example.org', bob: 'bob@example.org' };
const B = 'urn:oasis:names:tc:SAML:2.0:bindings:', P = 'urn:oasis:names:tc:SAML:2.0:protocol';
const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
const cert = fs.readFileSync(RUN + '/idp.crt'), key = fs.readFileSync(RUN + '/idp.key');
const newId = () => '_' + crypto.randomBytes(12).toString('hex');
const escape = (s) => String(s).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

// What is needed of a service provider's metadata.
const sps = {};
for (const file of fs.readdirSync(RUN + '/sp')) {
  const xml = fs.readFileSync(RUN + '/sp/' + file, 'utf8');
  const pem = /<ds:X509Certificate>([^<]+)</.exec(xml)[1].replace(/(.{64})/g, '$1\n');
  sps[/entityID="([^"]+)"/.exec(xml)[1]] = {
    cert: `-----BEGIN CERTIFICATE-----\n${pem}\n-----END CERTIFICATE-----\n`,
    acs: /AssertionConsumerService[^>]*Location="([^"]+)"/.exec(xml)[1],
    slo: /SingleLogoutService[^>]*Location="([^"]+)"/.exec(xml)[1] };
}

class Mapper {
  constructor(user) { this.user = user; }
  getClaims() { return { mail: PEOPLE[this.user.name] }; }
  getNameIdentifier() {
    return { nameIdentifier: this.user.nameId, nameIdentifierFormat: TRANSIENT };
  }
}
Mapper.prototype.metadata = [];
const mapper = (user) => new Mapper(user);
mapper.metadata = [];

const sessions = new Map(), app = express(); // cookie -> { user, parts, back }
app.use(express.urlencoded({ extended: false }));
app.use((q, r, next) => {
  q.key = (/psid=([0-9a-f]+)/.exec(q.headers.cookie || '') || [])[1];
  q.session = sessions.get(q.key) || {};
  next();
});

// Signed by the service provider that it names, or an error.
const parse = (q) => new Promise((good, bad) => samlp.parseRequest(q, {}, (e, data) => {
  const sp = data && sps[data.issuer];
  if (e || !sp) { bad(e || new Error('unknown service provider')); return; }
  if (q.method === 'GET' && !q.query.Signature) { bad(new Error('not signed')); return; }
  samlp.parseRequest(q, { signingCert: sp.cert }, (error) => (error ? bad(error) : good(data)));
}));

app.all('/sso', async (q, r, next) => {
  try {
    const fields = { ...q.query, ...q.body }, { user, password, ...kept } = fields;
    const asked = await parse(q), sp = sps[asked.issuer];
    if (PEOPLE[user] && password === user + '-pw') {
      q.key = crypto.randomBytes(16).toString('hex');
      sessions.set(q.key, q.session = { user, parts: [] });
      r.setHeader('Set-Cookie', `psid=${q.key}; Path=/; HttpOnly; SameSite=Lax`);
    }
    if (!q.session.user) {
      const hidden = Object.entries(kept)
        .map(([k, v]) => `<input type="hidden" name="${k}" value="${escape(v)}">`).join('');
      r.send(`<!doctype html><form method="get" action="/sso">${hidden}<input name="user">`
        + '<input type="password" name="password"><button>Go</button></form>');
      return;
    }
    const nameId = newId(), sessionIndex = newId();
    q.session.parts.push({ serviceProviderId: asked.issuer, nameId, nameIdFormat: TRANSIENT,
      sessionIndex, serviceProviderLogoutURL: sp.slo, cert: sp.cert, binding: B + 'HTTP-Redirect' });
    q.user = { name: q.session.user, nameId };
    samlp.auth({ issuer: IDP_URL + '/idp', cert, key, signResponse: true, sessionIndex,
      signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256', profileMapper: mapper,
      audience: asked.issuer, destination: sp.acs, recipient: sp.acs, inResponseTo: asked.id,
      RelayState: kept.RelayState, getPostURL: (a, d, x, cb) => cb(null, sp.acs) })(q, r, next);
  } catch (error) { next(error); }
});

function logout(q, r, next, binding) {
  const parts = q.session.parts || [];
  samlp.logout({ deflate: binding === 'HTTP-Redirect', issuer: IDP_URL + '/idp', cert, key,
    protocolBinding: B + binding, sessionParticipants: new Participants(parts),
    clearIdPSession: (cb) => {
      const back = q.session.back;
      if (back && !parts.length) r.send = () => r.redirect(back);
      sessions.delete(q.key);
      cb();
    } })(q, r, next);
}
app.get('/slo', (q, r, next) => logout(q, r, next, 'HTTP-Redirect'));
app.post('/slo', (q, r, next) => logout(q, r, next, 'HTTP-POST'));
app.get('/logout', (q, r, next) => {
  q.session.back = q.query.ReturnTo;
  logout(q, r, next, 'HTTP-Redirect');
});

app.get('/metadata', (q, r) => {
  const service = (name, path) => ['HTTP-Redirect', 'HTTP-POST']
    .map((b) => `<${name} Binding="${B}${b}" Location="${IDP_URL}${path}"/>`).join('');
  const text = String(cert).replace(/-----[A-Z ]+-----|\s/g, '');
  r.type('application/samlmetadata+xml').send(
    `<EntityDescriptor entityID="${IDP_URL}/idp" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">`
    + `<IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="${P}">`
    + '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
    + `<X509Certificate>${text}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`
    + service('SingleLogoutService', '/slo') + service('SingleSignOnService', '/sso')
    + '</IDPSSODescriptor></EntityDescriptor>');
});

app.use((error, q, r, next) => {
  console.log(error.stack);
  r.status(400).send('refused: ' + escape(error.message));
});
app.listen(+new URL(IDP_URL).port, '127.0.0.1');
