// A SAML identity provider on the library samlify, for tests. RUN: a directory with key, certificate
// and the metadata of service providers in sp/*.xml; IDP_URL: where it is served. People: alice, bob.
const saml = require('samlify'), http = require('http'), fs = require('fs');
const crypto = require('crypto'), zlib = require('zlib');

const { RUN, IDP_URL } = process.env;
const PEOPLE = { alice: 'alice@example.org', bob: 'bob@example.org' };
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
const BY_BOTH = ['redirect', 'post'].map((x) => saml.Constants.namespace.binding[x]);

saml.setSchemaValidator({ validate: () => Promise.resolve('not validated') });
const idp = saml.IdentityProvider({
  entityID: IDP_URL + '/idp', wantAuthnRequestsSigned: true, nameIDFormat: [TRANSIENT],
  privateKey: fs.readFileSync(RUN + '/idp.key'), signingCert: fs.readFileSync(RUN + '/idp.crt'),
  requestSignatureAlgorithm: RSA_SHA256, messageSigningOrder: 'encrypt-then-sign',
  singleSignOnService: BY_BOTH.map((x) => ({ Binding: x, Location: IDP_URL + '/sso' })),
  singleLogoutService: BY_BOTH.map((x) => ({ Binding: x, Location: IDP_URL + '/slo' })),
  loginResponseTemplate: {
    context: saml.SamlLib.defaultLoginResponseTemplate.context,
    attributes: [{ name: 'mail', valueTag: 'mail', valueXsiType: 'xs:string',
                   nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic' }] },
});

const sps = {}; // entity ID -> service provider, by its metadata
for (const file of fs.readdirSync(RUN + '/sp')) {
  const sp = saml.ServiceProvider({
    metadata: fs.readFileSync(RUN + '/sp/' + file), wantMessageSigned: true,
    wantLogoutRequestSigned: true, wantLogoutResponseSigned: true });
  sps[sp.entityMeta.getEntityID()] = sp;
}

const sessions = new Map(); // cookie -> { user, name, service }
const newId = () => '_' + crypto.randomBytes(16).toString('hex');
const escape = (s) => String(s).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const hidden = (fields) => Object.entries(fields)
  .map(([k, v]) => `<input type="hidden" name="${k}" value="${escape(v)}">`).join('');

// What the library's template of a Response is filled with.
function fill(template, sp, request, session) {
  const now = new Date().toISOString(), end = new Date(Date.now() + 300e3).toISOString();
  const acs = sp.entityMeta.getAssertionConsumerService('post'), id = newId();
  const statement = `<saml:AuthnStatement AuthnInstant="${now}" SessionIndex="${session.index}">`
    + '<saml:AuthnContext><saml:AuthnContextClassRef>'
    + 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'
    + '</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>';
  const context = saml.SamlLib.replaceTagsByValue(template.replace('{AuthnStatement}', statement), {
    ID: id, AssertionID: newId(), Destination: acs, SubjectRecipient: acs,
    AssertionConsumerServiceURL: acs, Audience: sp.entityMeta.getEntityID(),
    EntityID: sp.entityMeta.getEntityID(), Issuer: IDP_URL + '/idp', IssueInstant: now,
    StatusCode: 'urn:oasis:names:tc:SAML:2.0:status:Success', ConditionsNotBefore: now,
    ConditionsNotOnOrAfter: end, SubjectConfirmationDataNotOnOrAfter: end, InResponseTo: request,
    NameIDFormat: TRANSIENT, NameID: session.name, attrMail: PEOPLE[session.user] });
  return { id, context };
}

async function answer(q, r, fields, send) {
  const path = new URL(q.url, IDP_URL).pathname;
  const cookie = (/psid=([0-9a-f]+)/.exec(q.headers.cookie || '') || [])[1];
  const binding = fields._b || (q.method === 'POST' ? 'post' : 'redirect');
  const octets = ['SAMLRequest', 'SAMLResponse', 'RelayState', 'SigAlg']
    .filter((k) => fields[k] !== undefined).map((k) => `${k}=${encodeURIComponent(fields[k])}`);
  const input = binding === 'post' ? { body: fields }
    : { query: fields, octetString: octets.join('&') };
  const issuer = (text) => {
    const raw = Buffer.from(text, 'base64');
    const xml = binding === 'post' ? raw : zlib.inflateRawSync(raw);
    return sps[/Issuer[^>]*>([^<]+)</.exec(xml)[1]];
  };

  if (path === '/metadata') {
    send(200, idp.getMetadata(), { 'content-type': 'application/samlmetadata+xml' });
  } else if (path === '/sso') {
    const sp = issuer(fields.SAMLRequest);
    const info = await idp.parseLoginRequest(sp, binding, input), headers = {};
    let session = sessions.get(cookie);
    if (PEOPLE[fields.user] && fields.password === fields.user + '-pw') {
      const key = crypto.randomBytes(16).toString('hex');
      session = { user: fields.user };
      sessions.set(key, session);
      headers['set-cookie'] = `psid=${key}; Path=/; HttpOnly; SameSite=Lax`;
    }
    if (!session) {
      const { user, password, ...kept } = fields;
      send(200, `<!doctype html><form method="post" action="/sso">${hidden({ ...kept, _b: binding })}`
        + '<input name="user"><input type="password" name="password"><button>Go</button></form>');
      return;
    }
    Object.assign(session, { name: newId(), index: newId(), sp });
    const out = await idp.createLoginResponse(sp, info, 'post', { email: session.user },
      (t) => fill(t, sp, info.extract.request.id, session), false, fields.RelayState);
    send(200, `<form method="post" action="${out.entityEndpoint}">`
      + hidden({ SAMLResponse: out.context, RelayState: fields.RelayState || '' })
      + '</form><script>document.forms[0].submit()</script>', headers);
  } else if (path === '/slo' && fields.SAMLRequest) {
    const sp = issuer(fields.SAMLRequest);
    const info = await idp.parseLogoutRequest(sp, binding, input);
    sessions.delete(cookie);
    const out = idp.createLogoutResponse(sp, info, 'redirect', fields.RelayState || '');
    send(302, '', { location: out.context });
  } else if (path === '/slo') {
    await idp.parseLogoutResponse(issuer(fields.SAMLResponse), binding, input);
    send(302, '', { location: fields.RelayState });
  } else if (path === '/logout') {
    const session = sessions.get(cookie);
    sessions.delete(cookie);
    const who = { logoutNameID: session.name, sessionIndex: session.index };
    const out = idp.createLogoutRequest(session.sp, 'redirect', who, fields.ReturnTo);
    send(302, '', { location: out.context });
  } else {
    send(404, 'no such page');
  }
}

http.createServer(async (q, r) => {
  let body = '';
  for await (const piece of q) body += piece;
  const fields = Object.fromEntries([...new URL(q.url, IDP_URL).searchParams,
                                     ...new URLSearchParams(body)]);
  const send = (status, text, headers = {}) => {
    r.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers });
    r.end(text);
  };
  try {
    await answer(q, r, fields, send);
  } catch (error) {
    console.log(error.stack || error);
    send(400, 'refused: ' + escape(error.message || error));
  }
}).listen(+new URL(IDP_URL).port, '127.0.0.1');
