// An OpenID provider (oidc-provider) as an upstream's authorization server, on a free loopback port.
//
// stdin: one line { "secret", "jwk", "trusted": { "issuer", "jwk" }, "signing", "takes_id_jags" }; when stdin closes the server ends.
//   `secret` is that of the clients `basic` and `post`, `jwk` the public key of the client `key`; tokens of `trusted` are grants.
//   With `signing`, a PEM, it is an identity provider that gives out ID-JAGs; with `takes_id_jags` its grants are those of `trusted`.
// stdout: one JSON line { "issuer" } when it listens.
//
// The provider has no grant for assertions of another issuer, so RFC 8693 and RFC 7523 are registered here; clients, resources,
// metadata, refresh tokens and revocation are its own.
//
// For tests only:
//   POST /control/refresh-token        a refresh token of the client `basic`. Answers { "refresh_token" }.
//   POST /control/code                 { "challenge", "redirect_uri" }: a code of the client `basic`, as a browser would bring it back.
//   POST /control/seen                 the claims of the assertions that were accepted, and how often /token was asked.
//   POST /control/answer               { "status", "body" }: what /token answers next, once.
//   POST /control/hold, …/release      /token answers only after the release.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { importJWK, importPKCS8, jwtVerify, SignJWT } from 'jose';
import Provider, { errors } from 'oidc-provider';

const stdin = createInterface({ input: process.stdin });
const wanted = JSON.parse(await new Promise((line) => stdin.once('line', line)));
stdin.once('close', () => process.exit(0));

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const API = 'https://api.test/v1';
const trusted = await importJWK(wanted.trusted.jwk, 'ES256');
const signing = wanted.signing && await importPKCS8(wanted.signing, 'ES256');
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';
const seen = { claims: [], tokens: 0 };
const used = new Set();
let forced;
let held = Promise.resolve();
let release = () => {};
let handler;

const control = {
  'refresh-token': async () => ({ refresh_token: await refreshToken() }),
  code: async (body) => ({ code: await code(body) }),
  seen: () => seen,
  answer: (body) => { forced = body; return {}; },
  hold: () => { held = new Promise((go) => { release = go; }); return {}; },
  release: () => { release(); return {}; },
};

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  if (pathname.startsWith('/control/')) {
    const chunks = await Array.fromAsync(request);
    const said = Buffer.concat(chunks).toString();
    return answer(200, JSON.stringify(await control[pathname.slice('/control/'.length)](said && JSON.parse(said))));
  }
  if (pathname === '/token') {
    seen.tokens += 1;
    if (forced) {
      const { status, body } = forced;
      forced = undefined;
      return answer(status, body);
    }
    // The server acts at once, and its answer is what waits.
    const end = response.end.bind(response);
    response.end = (...parts) => { held.then(() => end(...parts)); return response; };
  }
  return handler(request, response);
});

await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
const client = (client_id, more) => ({
  client_id, grant_types: ['authorization_code', 'refresh_token', 'client_credentials', EXCHANGE, BEARER],
  redirect_uris: ['http://127.0.0.1:9/callback'], response_types: ['code'], scope: 'openid offline_access read write', ...more,
});
const provider = new Provider(issuer, {
  clients: [
    client('basic', { client_secret: wanted.secret }),
    client('post', { client_secret: wanted.secret, token_endpoint_auth_method: 'client_secret_post' }),
    client('key', { jwks: { keys: [wanted.jwk] }, token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256' }),
    { client_id: 'unfit', client_secret: wanted.secret, grant_types: ['authorization_code'],
      redirect_uris: ['http://127.0.0.1:9/callback'], response_types: ['code'] },
  ],
  scopes: ['openid', 'offline_access', 'read', 'write', 'admin'],
  rotateRefreshToken: true,
  extraParams: ['subject_token', 'assertion'],
  findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  ttl: { AccessToken: 300, ClientCredentials: 300, RefreshToken: 3600, Grant: 3600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: { enabled: true, defaultResource: () => API, useGrantedResource: () => true,
      getResourceServerInfo: (_context, resource) => resourceServer(resource) },
  },
});
const byAssertion = (name, parameter) => provider.registerGrantType(name, async (context) => {
  const { client: asking, params } = context.oidc;
  const verified = await jwtVerify(params[parameter] ?? '', trusted, { issuer: wanted.trusted.issuer, audience: issuer })
    .catch(() => { throw new errors.InvalidGrant(params[parameter]); });
  const { payload, protectedHeader } = verified;
  if (wanted.takes_id_jags) {
    const fits = protectedHeader.typ === 'oauth-id-jag+jwt' && payload.client_id === asking.clientId && !used.has(payload.jti);
    if (!fits) throw new errors.InvalidGrant(params[parameter]);
    used.add(payload.jti);
  }
  seen.claims.push(payload);
  if (params.requested_token_type === ID_JAG) {
    const { sub } = payload;
    const { audience, resource, scope } = params;
    context.body = { access_token: await idJag({ sub, aud: audience, resource, scope, client_id: asking.clientId }),
      issued_token_type: ID_JAG, token_type: 'N_A', expires_in: 300 };
    return;
  }
  const token = new provider.ClientCredentials({ client: asking, scope: params.scope });
  const resource = params.resource ?? API;
  token.resourceServer = new provider.ResourceServer(resource, resourceServer(resource));
  context.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' };
}, [parameter, 'subject_token_type', 'requested_token_type', 'resource', 'scope', 'audience']);
byAssertion(EXCHANGE, 'subject_token');
byAssertion(BEARER, 'assertion');
handler = provider.callback();
provider.on('server_error', (_context, error) => console.error(error));
console.log(JSON.stringify({ issuer }));

function idJag(claims) {
  return new SignJWT({ ...claims, jti: randomUUID() }).setProtectedHeader({ alg: 'ES256', typ: 'oauth-id-jag+jwt' })
    .setIssuer(issuer).setIssuedAt().setExpirationTime('5m').sign(signing);
}

function resourceServer(audience) {
  if (audience !== API) throw new errors.InvalidTarget();
  return { audience, scope: 'read write', accessTokenFormat: 'opaque', accessTokenTTL: 300 };
}

async function refreshToken() {
  const grant = new provider.Grant({ accountId: 'alice', clientId: 'basic' });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(API, 'read write');
  const found = await provider.Client.find('basic');
  const token = new provider.RefreshToken({ accountId: 'alice', client: found, grantId: await grant.save(),
    gty: 'authorization_code', resource: API, rotations: 0, scope: 'openid offline_access read write' });
  return token.save();
}

async function code({ challenge, redirect_uri }) {
  const grant = new provider.Grant({ accountId: 'alice', clientId: 'basic' });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(API, 'read write');
  const found = await provider.Client.find('basic');
  const code = new provider.AuthorizationCode({ accountId: 'alice', client: found, grantId: await grant.save(),
    gty: 'authorization_code', resource: API, scope: 'openid offline_access read', redirectUri: redirect_uri,
    codeChallenge: challenge, codeChallengeMethod: 'S256' });
  return code.save();
}
