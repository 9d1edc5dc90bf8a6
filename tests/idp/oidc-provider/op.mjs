// An OpenID Provider (npm oidc-provider, which is certified) with two people and no consent page.
// Clients and port come from the environment; keys are made anew at each start but for RUN/jwks.json.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import Provider from 'oidc-provider';

const { IDP_URL: issuer, RUN: run, IDP_PORT: port, PAR } = process.env;
const users = {
  alice: { password: 'alice-pw', name: 'Alice Ärmel', preferred_username: 'alice', email: 'alice@example.org', email_verified: true, groups: ['staff', 'admins', 'comma, inside'] },
  bob: { password: 'bob-pw', name: 'Bob', preferred_username: 'bob', email: 'bob@example.org', email_verified: true, groups: ['students'] },
};
const jwk = (type, options, more) => ({ ...crypto.generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), ...more });
const keyfile = run + '/jwks.json';
if (!fs.existsSync(keyfile)) {
  fs.writeFileSync(keyfile, JSON.stringify({ keys: [
    jwk('rsa', { modulusLength: 2048 }, { kid: 'rsa1', use: 'sig' }),
    jwk('ec', { namedCurve: 'P-256' }, { kid: 'ec1', use: 'sig' }),
    jwk('ed25519', {}, { kid: 'ed1', use: 'sig' })] }));
}

const provider = new Provider(issuer, {
  clients: JSON.parse(fs.readFileSync(run + '/clients.json')),
  jwks: JSON.parse(fs.readFileSync(keyfile)),
  cookies: { keys: ['only-for-tests'] },
  claims: { openid: ['sub', 'acr', 'auth_time'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'profile', 'email', 'groups'],
  acrValues: ['1', '2'],
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
  pkce: { required: () => true },
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'), // and each is used once
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: false },
    encryption: { enabled: true },
    jwtUserinfo: { enabled: true },
    backchannelLogout: { enabled: true },
    revocation: { enabled: true },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: PAR === '1' },
    rpInitiatedLogout: {
      enabled: true, // no question asked: the form sends itself
      logoutSource: (ctx, form) => {
        ctx.body = `<!doctype html><title>logout</title>${form.replace('</form>', '<input type="hidden" name="logout" value="yes"/></form>')}<script>document.forms[0].submit()</script>`;
      },
    },
  },
  interactions: { url: (ctx, interaction) => `/login/${interaction.uid}` },
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid profile email groups');
    await grant.save();
    return grant;
  },
  findAccount: async (ctx, id) => users[id] && {
    accountId: id,
    claims: async () => {
      const { password, ...claims } = users[id];
      return { sub: id, ...claims };
    },
  },
  fetch: (url, options) => { // loopback is where the tests are
    const { dispatcher, ...rest } = options;
    return fetch(url, rest);
  },
  renderError: async (ctx, out, error) => { ctx.type = 'json'; ctx.body = { ...out, detail: error.error_detail || error.message }; },
});

// What was done to tokens, and at which address, for tests to read.
for (const event of ['grant.revoked', 'refresh_token.destroyed', 'access_token.destroyed']) {
  provider.on(event, (...args) => fs.appendFileSync(run + '/events', `${event} ${args.find((x) => x?.path)?.path ?? Provider.ctx?.path}\n`));
}

const handle = provider.callback();
const page = (uid, message) => `<!doctype html><meta charset="utf-8"><title>Sign in</title><p>${message}</p><form method="post" action="/login/${uid}"><input name="user"><input name="password" type="password"><button>Sign in</button></form>`;

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

// The page of tiles that people open in the morning: each leads to the initiate login URI of an application.
const tiles = () => JSON.parse(fs.readFileSync(run + '/tiles.json')).map(({ label, uri, target }) => {
  const where = new URL(uri);
  where.searchParams.set('iss', issuer);
  if (target) where.searchParams.set('target_link_uri', target);
  return `<p><a href="${escape(where.href)}">${escape(label)}</a></p>`;
}).join('');

http.createServer(async (req, res) => {
  const url = new URL(req.url, issuer);
  if (url.pathname === '/tiles') {
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    return res.end(`<!doctype html><meta charset="utf-8"><title>My applications</title><h1>My applications</h1>${tiles()}`);
  }
  if (!url.pathname.startsWith('/login/')) return handle(req, res);
  try {
    const interaction = await provider.interactionDetails(req, res);
    let message = '';
    if (req.method === 'POST') {
      let body = '';
      for await (const piece of req) body += piece;
      const form = new URLSearchParams(body);
      const user = form.get('user');
      if (users[user]?.password === form.get('password')) {
        return await provider.interactionFinished(req, res, { login: { accountId: user, acr: '1', amr: ['pwd'] } }, { mergeWithLastSubmission: false });
      }
      message = 'Wrong name or password.';
    }
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    return res.end(page(interaction.uid, message));
  } catch (error) {
    res.writeHead(400, { 'content-type': 'text/plain' });
    return res.end(String(error.message));
  }
}).listen(+port, '127.0.0.1');
