// The client that the MCP conformance suite starts: it tells the test what the suite told it, and ends when the test hangs up.
//
// Arguments: the port of the test on loopback, and the URL of the suite's MCP server.
import { connect } from 'node:net';

const [port, url] = process.argv.slice(2);
const { MCP_CONFORMANCE_PROTOCOL_VERSION: revision, MCP_CONFORMANCE_CONTEXT: context = 'null' } = process.env;
const test = connect(Number(port), '127.0.0.1');
test.write(`${JSON.stringify({ url, revision, context: JSON.parse(context) })}\n`);
test.resume().once('close', () => process.exit(0));
