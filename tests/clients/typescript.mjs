// One session of a TypeScript SDK with an MCP server: list the tools, call one, print the results.
//
//   node typescript.mjs '{"sdk": "v1"|"v2", "era": "legacy"|"auto"|"2026-07-28",
//                         "url": "http://…" | "command": ["program", "argument", …], "env": {…},
//                         "credentials": "FILE", "person": "http://…",
//                         "call": {"name": "…", "arguments": {…}}}'
//
// Prints {"protocol", "tools", "result"} as one line of JSON, with "failure" in place of "result"
// where the call came to no result. Where the server wants it, `person` is asked to sign in, and
// what they granted is kept in `credentials`.
import { Credentials } from "./sign_in.mjs";

const session = JSON.parse(process.argv[2]);

const sdks = {
  async v1() {
    const [{ Client }, { StreamableHTTPClientTransport }, { StdioClientTransport }, { UnauthorizedError }] =
      await Promise.all([
        import("@modelcontextprotocol/sdk/client/index.js"),
        import("@modelcontextprotocol/sdk/client/streamableHttp.js"),
        import("@modelcontextprotocol/sdk/client/stdio.js"),
        import("@modelcontextprotocol/sdk/client/auth.js"),
      ]);
    const code = (response) => response.get("code");
    return { Client, StreamableHTTPClientTransport, StdioClientTransport, UnauthorizedError, code, options: {} };
  },
  async v2() {
    const [{ Client, StreamableHTTPClientTransport, UnauthorizedError }, { StdioClientTransport }] = await Promise.all([
      import("@modelcontextprotocol/client"),
      import("@modelcontextprotocol/client/stdio"),
    ]);
    const mode = /^\d/.test(session.era) ? { pin: session.era } : session.era;
    const options = { versionNegotiation: { mode } };
    const code = (response) => response;
    return { Client, StreamableHTTPClientTransport, StdioClientTransport, UnauthorizedError, code, options };
  },
};

const { Client, StreamableHTTPClientTransport, StdioClientTransport, UnauthorizedError, code, options } =
  await sdks[session.sdk]();

const credentials = session.credentials && new Credentials(session.credentials, session.person);

function reach() {
  if (!session.url) {
    const [command, ...args] = session.command;
    return new StdioClientTransport({ command, args, env: session.env, stderr: "inherit" });
  }
  return new StreamableHTTPClientTransport(new URL(session.url), credentials ? { authProvider: credentials } : {});
}

// The negotiated revision is reported to the transport in v1 and to the client in v2.
let negotiated;

async function connect() {
  const transport = reach();
  const report = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (version) => {
    negotiated = version;
    report?.(version);
  };
  const client = new Client({ name: "foreign", version: "1.0.0" }, { capabilities: {}, ...options });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(code(credentials.response));
    return connect();
  }
  return client;
}

const client = await connect();

const tools = [];
let cursor;
do {
  const page = await client.listTools(cursor === undefined ? {} : { cursor });
  tools.push(...page.tools);
  cursor = page.nextCursor;
} while (cursor !== undefined);

const came = await client.callTool(session.call).then(
  (result) => ({ result }),
  (error) => ({ failure: String(error) }),
);
const protocol = client.getNegotiatedProtocolVersion?.() ?? negotiated;
console.log(JSON.stringify({ protocol, tools, ...came }));
await client.close();
