// A certified OpenID provider (oidc-provider) on a free loopback port, for the tests' workloads.
//
// stdin: one line with a JSON object; when stdin closes the provider ends, so that it never outlives its test
//   { "clients":   [ { "client_id", "client_secret", "claims": { … } } ],
//     "resources": { AUDIENCE: { "algorithm": "RS256" | "ES256", "ttl_seconds", "scope", "header": { … }, "payload": { … },
//                                "expires_in_seconds", "not_before_in_seconds" } } }
//   `claims` go into every token of that client. `header` and `payload` replace members just before signing, and the two
//   `…_in_seconds` (which may be negative) are counted from now: so that a token with any one fault is still signed by its issuer.
// stdout: one JSON line { "issuer" } when it listens.
//
// For tests only, beside the provider's own endpoints:
//   POST /rotate          fresh keys with new key ids; tokens of the old ones no longer verify. Answers { "kids" }.
//   POST /delay/MS        every later discovery or JWKS answer waits so long. Answers {}.
//   GET  /counts          { "discovery", "jwks", "token" }: how often each was asked.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors } from 'oidc-provider';

const ALGORITHMS = ['RS256', 'ES256'];
const stdin = createInterface({ input: process.stdin });
const wanted = JSON.parse(await new Promise((line) => stdin.once('line', line)));
stdin.once('close', () => process.exit(0));
const claimsOf = new Map(wanted.clients.map(({ client_id: id, claims }) => [id, claims ?? {}]));
const counts = { discovery: 0, jwks: 0, token: 0 };
const counted = { '/.well-known/openid-configuration': 'discovery', '/jwks': 'jwks', '/token': 'token' };
let delayMs = 0;
let handler;

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const answer = (body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  if (request.method === 'POST' && pathname === '/rotate') return answer({ kids: await useFreshKeys() });
  if (request.method === 'POST' && pathname.startsWith('/delay/')) {
    delayMs = Number(pathname.slice('/delay/'.length));
    return answer({});
  }
  if (request.method === 'GET' && pathname === '/counts') return answer(counts);
  const kind = counted[pathname];
  if (kind) counts[kind] += 1;
  if (delayMs > 0 && (kind === 'discovery' || kind === 'jwks')) await new Promise((go) => setTimeout(go, delayMs));
  return handler(request, response);
});

await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
await useFreshKeys();
console.log(JSON.stringify({ issuer }));

// A provider cannot change its keys, so a new one takes over; JWT access tokens need no state of the old one.
async function useFreshKeys() {
  const keys = await Promise.all(ALGORITHMS.map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `${alg.toLowerCase()}-${randomUUID()}` };
  }));
  const provider = new Provider(issuer, settings(keys));
  provider.on('server_error', (_context, error) => console.error(error));
  handler = provider.callback();
  return keys.map(({ kid }) => kid);
}

function settings(keys) {
  return {
    jwks: { keys },
    clients: wanted.clients.map(({ client_id, client_secret }) => ({
      client_id, client_secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    })),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => Object.keys(wanted.resources)[0],
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, audience) => resourceServer(audience),
      },
    },
    extraTokenClaims: (_context, token) => claimsOf.get(token.clientId) ?? {},
    formats: { customizers: { jwt: (_context, token, jwt) => disfigured(jwt, wanted.resources[token.resourceServer?.audience]) } },
  };
}

function resourceServer(audience) {
  const resource = wanted.resources[audience];
  if (!resource) throw new errors.InvalidTarget();
  return {
    audience,
    scope: resource.scope ?? '',
    accessTokenFormat: 'jwt',
    accessTokenTTL: resource.ttl_seconds ?? 300,
    jwt: { sign: { alg: resource.algorithm ?? 'RS256' } },
  };
}

function disfigured(jwt, resource = {}) {
  const now = Math.floor(Date.now() / 1000);
  jwt.header = { ...jwt.header, ...resource.header };
  Object.assign(jwt.payload, resource.payload);
  if (resource.expires_in_seconds !== undefined) jwt.payload.exp = now + resource.expires_in_seconds;
  if (resource.not_before_in_seconds !== undefined) jwt.payload.nbf = now + resource.not_before_in_seconds;
  return jwt;
}
