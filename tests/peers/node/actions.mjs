// What both TypeScript clients have in common: the script on stdin, its actions, canned answers, and the report on stdout.
//
// stdin:  { "url", "token"?, "mode"?, "timeout_ms"?, "actions": [ { NAME: PARAMETERS } ] }
// stdout: one JSON line { "protocol", "results": [ { "ok" } | { "error" } ], "counts": { NAME: number }, "http": [ … ] },
//         or { "error", "results": [], "counts", "http" } where the connection itself failed.
//
// Actions: list_tools {}, list_prompts {}, list_resources {}, list_resource_templates {}, call {name, arguments?},
// cancel_call {name, arguments?, after_ms}, read_resource {uri}, get_prompt {name, arguments?}, complete {ref, argument},
// ping {}, listen {tools?, prompts?, resources?: [uri]}, await {count: NAME, at_least}.
import { text } from 'node:stream/consumers';

const TIMEOUT_MS = 20_000;

export const capabilities = { elicitation: {}, sampling: {}, roots: {} };

// Runs the whole script. `connect({ url, fetch, mode, counter })` gives a connected client and what differs between the SDKs.
export async function main(connect) {
  const script = JSON.parse(await text(process.stdin));
  const counts = {};
  const http = [];
  const counter = (name) => { counts[name] = (counts[name] ?? 0) + 1; };
  const report = { results: [], counts, http };
  let connected;
  try {
    connected = await connect({ url: new URL(script.url), fetch: recording(http, script.token), mode: script.mode, counter });
    report.protocol = connected.protocol();
    for (const action of script.actions) {
      const [[name, parameters]] = Object.entries(action);
      const before = http.length;
      try {
        report.results.push({ ok: (await run(connected, name, parameters, script, counts, counter)) ?? {} });
      } catch (error) {
        report.results.push({ error: described(error, http.slice(before)) });
      }
    }
  } catch (error) {
    report.error = described(error, http);
  }
  await connected?.close().catch(() => {});
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
}

// The answers that a person and a model would give.
export function elicited({ params }) {
  const fields = Object.entries(params.requestedSchema?.properties ?? {});
  return { action: 'accept', content: Object.fromEntries(fields.map(([name, schema]) => [name, canned(schema)])) };
}

export const sampled = {
  role: 'assistant', content: { type: 'text', text: 'canned sampling' }, model: 'canned-model', stopReason: 'endTurn',
};

export const roots = { roots: [{ uri: 'file:///canned/root', name: 'canned' }] };

async function run(connected, name, parameters, script, counts, counter) {
  const { client } = connected;
  const timeout = script.timeout_ms ?? TIMEOUT_MS;
  const options = { timeout, onprogress: () => counter('progress') };
  switch (name) {
    case 'list_tools': return client.listTools(undefined, { timeout });
    case 'list_prompts': return client.listPrompts(undefined, { timeout });
    case 'list_resources': return client.listResources(undefined, { timeout });
    case 'list_resource_templates': return client.listResourceTemplates(undefined, { timeout });
    case 'call': return connected.call(parameters, options);
    case 'cancel_call': {
      const { after_ms: afterMs, ...call } = parameters;
      const stop = new AbortController();
      setTimeout(() => stop.abort('cancelled by the test'), afterMs);
      return connected.call(call, { ...options, signal: stop.signal });
    }
    case 'read_resource': return client.readResource(parameters, { timeout });
    case 'get_prompt': return client.getPrompt(parameters, { timeout });
    case 'complete': return client.complete(parameters, { timeout });
    case 'ping': return client.ping({ timeout });
    case 'listen': return connected.listen(parameters, { timeout });
    case 'await': return reached(counts, parameters.count, parameters.at_least, timeout);
    default: throw new Error(`unknown action ${name}`);
  }
}

async function reached(counts, name, atLeast, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  while ((counts[name] ?? 0) < atLeast) {
    if (Date.now() > deadline) throw new Error(`${name} was counted ${counts[name] ?? 0} times, expected ${atLeast}`);
    await new Promise((go) => setTimeout(go, 10));
  }
}

// A fetch that presents the token and remembers each answer's status. The body passes through untouched.
function recording(http, token) {
  return async (url, init = {}) => {
    const headers = new Headers(init.headers);
    if (token) headers.set('authorization', `Bearer ${token}`);
    const response = await fetch(url, { ...init, headers });
    const challenge = response.headers.get('www-authenticate');
    http.push({ method: init.method ?? 'GET', status: response.status, ...(challenge && { www_authenticate: challenge }) });
    return response;
  };
}

function described(error, http) {
  const failed = http.filter(({ status }) => status >= 400).at(-1);
  return {
    kind: error?.constructor?.name ?? typeof error,
    message: String(error?.message ?? error),
    ...(typeof error?.code === 'number' && { code: error.code }),
    ...(error?.data !== undefined && { data: error.data }),
    ...(failed && { status: failed.status }),
    ...(failed?.www_authenticate && { www_authenticate: failed.www_authenticate }),
  };
}

function canned(schema) {
  if (schema.default !== undefined) return schema.default;
  const choices = (of) => of?.enum?.[0] ?? (of?.oneOf ?? of?.anyOf)?.[0]?.const;
  switch (schema.type) {
    case 'boolean': return true;
    case 'integer':
    case 'number': return 7;
    case 'array': return [choices(schema.items)];
    default: return choices(schema) ?? (schema.format === 'email' ? 'canned@example.test' : 'canned');
  }
}
