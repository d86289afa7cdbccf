// GitHub's REST API as far as `examples/github-agent` goes: one App, its installation on two repositories of the account `example`, and
// tokens that can do what they were narrowed to until they are ended.
//
//   node github.mjs KEY-FILE     the private key of the App is written there, as its settings page does
//
// stdin: nothing; when it closes GitHub ends. stdout: one JSON line { "url" } when it listens.
//
// For tests only:
//   GET /control/tokens           every token until now: [ { "token", "repositories", "permissions", "ended" } ].
import { createServer } from 'node:http';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { jwtVerify } from 'jose';

const APP = 'Iv23liAbCdEfGhIjKlMn';
const INSTALLED = { repositories: ['website', 'internal'], permissions: { contents: 'read', issues: 'write' } };
const LEVELS = ['read', 'write', 'admin'];

createInterface({ input: process.stdin }).once('close', () => process.exit(0));
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
writeFileSync(process.argv[2], privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
const tokens = [];
const comments = [];

const server = createServer(async (request, response) => {
  const said = Buffer.concat(await Array.fromAsync(request)).toString();
  const [status, body] = await answer(request, said && JSON.parse(said));
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(body && JSON.stringify(body));
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));

async function answer({ method, url, headers }, said) {
  if (url === '/control/tokens') return [200, tokens];
  if (!headers['user-agent']) return [403, { message: 'Request forbidden by administrative rules.' }];
  const bearer = headers.authorization?.replace(/^Bearer /, '');
  if (method === 'POST' && url === '/app/installations/4242/access_tokens') return made(bearer, said);
  const token = tokens.find((known) => known.token === bearer && !known.ended);
  if (!token) return [401, { message: 'Bad credentials' }];
  if (method === 'DELETE' && url === '/installation/token') {
    token.ended = true;
    return [204];
  }
  return repository(token, method, url, said);
}

async function made(bearer, { repositories, permissions }) {
  const isApp = await jwtVerify(bearer, publicKey, { issuer: APP, algorithms: ['RS256'], maxTokenAge: '10m' }).then(() => true, () => false);
  if (!isApp) return [401, { message: 'A JSON web token could not be decoded' }];
  const isInstalled = repositories.every((name) => INSTALLED.repositories.includes(name))
    && Object.entries(permissions).every(([name, level]) => reaches(INSTALLED.permissions, name, level));
  if (!isInstalled) return [422, { message: 'The permissions requested are not granted to this installation.' }];
  const token = `ghs_${randomBytes(18).toString('hex')}`;
  tokens.push({ token, repositories, permissions, ended: false });
  return [201, {
    token, expires_at: new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, ''),
    permissions: { ...permissions, metadata: 'read' }, repository_selection: 'selected',
    repositories: repositories.map((name, id) => ({ id, name, full_name: `example/${name}` })),
  }];
}

function repository({ repositories, permissions }, method, url, said) {
  const [, name, rest] = url.match(/^\/repos\/example\/([^/]+)\/(.*)$/) ?? [];
  // What a token does not reach is not there.
  if (!repositories.includes(name)) return [404, { message: 'Not Found' }];
  if (method === 'GET' && rest === 'issues' && reaches(permissions, 'issues', 'read')) {
    return [200, [{ number: 7, title: 'The link in the footer is broken', state: 'open', comments: comments.length }]];
  }
  if (method === 'POST' && rest === 'issues/7/comments' && reaches(permissions, 'issues', 'write')) {
    comments.push(said.body);
    return [201, { id: comments.length, user: { login: 'triager[bot]', type: 'Bot' }, body: said.body }];
  }
  if (method === 'GET' && rest === 'contents/footer.html' && reaches(permissions, 'contents', 'read')) {
    return [200, { name: 'footer.html', encoding: 'base64', content: btoa('<a href="/imprnt">Imprint</a>') }];
  }
  return [403, { message: 'Resource not accessible by integration' }];
}

function reaches(permissions, name, level) {
  return LEVELS.indexOf(permissions[name]) >= LEVELS.indexOf(level);
}
