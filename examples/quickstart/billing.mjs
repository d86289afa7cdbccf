// A plain HTTP API that wants a key, and leaks it: its answers repeat the headers that it got.
//
//   node billing.mjs URL < KEY
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const { hostname, port } = new URL(process.argv[2]);
const key = (await text(process.stdin)).trim();

createServer(({ method, url, headers }, response) => {
  const known = headers['x-api-key'] === key;
  response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
  response.end(JSON.stringify(known ? { method, url, total: '112.00 EUR', headers } : { error: 'wrong key' }));
}).listen(Number(port), hostname);
