// The official TypeScript client, 1.x, which speaks 2025-11-25 and older.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { capabilities, elicited, main, roots, sampled } from './actions.mjs';

await main(async ({ url, fetch, counter }) => {
  const client = new Client({ name: 'claviger-tests-typescript-1', version: '1' }, { capabilities });
  const answers = [
    [ElicitRequestSchema, elicited], [CreateMessageRequestSchema, () => sampled], [ListRootsRequestSchema, () => roots],
  ];
  for (const [schema, answer] of answers) {
    client.setRequestHandler(schema, async (request) => {
      counter(request.method);
      return answer(request);
    });
  }
  client.fallbackNotificationHandler = async ({ method }) => counter(method);
  const transport = new StreamableHTTPClientTransport(url, { fetch });
  await client.connect(transport);
  return {
    client,
    protocol: () => transport.protocolVersion,
    call: (parameters, options) => client.callTool(parameters, undefined, options),
    listen: async ({ resources = [] }, options) => {
      for (const uri of resources) await client.subscribeResource({ uri }, options);
    },
    // Ends the session on the server too, which `close` alone does not.
    close: async () => {
      await transport.terminateSession().catch(() => {});
      await client.close();
    },
  };
});
