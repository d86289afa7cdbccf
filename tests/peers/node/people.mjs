// A certified OpenID provider (oidc-provider) with people, on a free loopback port: it signs them in, and asks for their consent.
//
// stdin: nothing; when it closes the provider ends. stdout: one JSON line { "issuer" } when it listens.
//
// It has the provider's own pages for development: any name signs in. Refresh tokens rotate, and one that is used twice ends the
// grant.
//
// For tests only:
//   POST /control/begin            { "clients": [ { "client_id", "client_secret", "redirect_uris" } ], "resource", "scope" }: serves
//                                  them, for this scope of that resource.
//   POST /control/subject-token    { "sub", "audience", "claims" }: a token of that person, for the exchange. Answers { "token" }.
//   POST /control/issued           every opaque code and token until now. Answers { "issued": [ … ] }.
//   POST /control/owner            { "token" }: whose access token it is. Answers { "owner" }.
//   POST /control/end              ends every refresh token, as a person does who takes a consent back.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import Provider, { errors } from 'oidc-provider';

createInterface({ input: process.stdin }).once('close', () => process.exit(0));
const { privateKey } = await generateKeyPair('RS256', { extractable: true });
const key = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'people' };
const issued = [];
const refreshTokens = [];
let provider;
let handler = (_request, response) => response.writeHead(503).end();

const control = {
  begin,
  'subject-token': async ({ sub, audience, claims }) => ({
    token: await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid }).setIssuer(issuer)
      .setSubject(sub).setAudience(audience).setIssuedAt().setExpirationTime('5m').sign(privateKey),
  }),
  issued: () => ({ issued }),
  owner: async ({ token }) => ({ owner: (await provider.AccessToken.find(token))?.accountId ?? null }),
  end: async () => {
    await Promise.all(refreshTokens.splice(0).map((token) => token.destroy()));
    return {};
  },
};

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (!pathname.startsWith('/control/')) return handler(request, response);
  const said = Buffer.concat(await Array.fromAsync(request)).toString();
  const answer = await control[pathname.slice('/control/'.length)](said && JSON.parse(said));
  return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
console.log(JSON.stringify({ issuer }));

function begin({ clients, resource, scope }) {
  provider = new Provider(issuer, {
    clients: clients.map((client) => ({
      ...client, grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    })),
    jwks: { keys: [key] },
    scopes: ['openid', 'offline_access', ...(scope ? [scope] : [])],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    // Access tokens end while a test waits for it.
    ttl: { AccessToken: 8, AuthorizationCode: 60, Grant: 3600, IdToken: 300, Interaction: 600, RefreshToken: 3600, Session: 3600 },
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: Boolean(resource), defaultResource: () => resource, useGrantedResource: () => true,
        getResourceServerInfo: (_context, audience) => {
          if (audience !== resource) throw new errors.InvalidTarget();
          return { audience, scope, accessTokenFormat: 'opaque', accessTokenTTL: 8 };
        },
      },
    },
  });
  provider.on('server_error', (_context, error) => console.error(error));
  for (const kind of ['authorization_code', 'access_token', 'refresh_token']) {
    provider.on(`${kind}.saved`, (token) => {
      issued.push(token.jti);
      if (kind === 'refresh_token') refreshTokens.push(token);
    });
  }
  handler = provider.callback();
  return {};
}
