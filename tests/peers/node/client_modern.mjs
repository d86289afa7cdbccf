// The official TypeScript client, 2.x. "mode": "modern" (default, exactly 2026-07-28), "auto" or "legacy".
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { capabilities, elicited, main, roots, sampled } from './actions.mjs';

await main(async ({ url, fetch, mode = 'modern', counter }) => {
  const negotiation = mode === 'modern' ? { pin: '2026-07-28' } : mode;
  const client = new Client({ name: 'claviger-tests-typescript-2', version: '1' }, {
    capabilities, versionNegotiation: { mode: negotiation },
  });
  const answers = {
    'elicitation/create': elicited, 'sampling/createMessage': () => sampled, 'roots/list': () => roots,
  };
  for (const [method, answer] of Object.entries(answers)) {
    client.setRequestHandler(method, async (request) => {
      counter(method);
      return answer(request);
    });
  }
  client.fallbackNotificationHandler = async ({ method }) => counter(method);
  await client.connect(new StreamableHTTPClientTransport(url, { fetch }));
  return {
    client,
    protocol: () => client.getNegotiatedProtocolVersion(),
    call: (parameters, options) => client.callTool(parameters, options),
    listen: async ({ tools, prompts, resources = [] }, options) => {
      if (mode === 'legacy') {
        for (const uri of resources) await client.subscribeResource({ uri }, options);
        return {};
      }
      const filter = {
        ...(tools && { toolsListChanged: true }), ...(prompts && { promptsListChanged: true }),
        ...(resources.length > 0 && { resourceSubscriptions: resources }),
      };
      const subscription = await client.listen(filter, options);
      subscription.closed.then((how) => counter(`listen closed: ${how}`));
      return { honored: subscription.honoredFilter };
    },
    close: () => client.close(),
  };
});
