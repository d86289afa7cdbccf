// A development identity provider: oidc-provider with one client, `assistant`, and one audience. Its keys are new at each start.
//
//   node provider.mjs ISSUER AUDIENCE < CLIENT-SECRET
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors } from 'oidc-provider';

const [issuer, audience] = process.argv.slice(2);
const secret = (await text(process.stdin)).trim();
const { privateKey } = await generateKeyPair('RS256', { extractable: true });
const key = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'quickstart' };

const provider = new Provider(issuer, {
  jwks: { keys: [key] },
  clients: [{
    client_id: 'assistant', client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
  }],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => {
        if (resource !== audience) throw new errors.InvalidTarget();
        return { audience, scope: '', accessTokenFormat: 'jwt', accessTokenTTL: 900, jwt: { sign: { alg: 'RS256' } } };
      },
    },
  },
});

const { hostname, port } = new URL(issuer);
createServer(provider.callback()).listen(Number(port), hostname);
