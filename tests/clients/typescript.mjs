// One session of a TypeScript SDK with an MCP server: list the tools, call one, tell what came.
//
//   node typescript.mjs '{"sdk": "v1"|"v2", "era": "legacy"|"auto"|"2026-07-28",
//                         "url": "http://…" | "command": ["program", "argument", …],
//                         "call": {"name": "…", "arguments": {…}}}'
//
// Prints {"protocol", "tools", "result"} as one line of JSON.

const session = JSON.parse(process.argv[2]);

const sdks = {
  async v1() {
    const [{ Client }, { StreamableHTTPClientTransport }, { StdioClientTransport }] = await Promise.all([
      import("@modelcontextprotocol/sdk/client/index.js"),
      import("@modelcontextprotocol/sdk/client/streamableHttp.js"),
      import("@modelcontextprotocol/sdk/client/stdio.js"),
    ]);
    return { Client, StreamableHTTPClientTransport, StdioClientTransport, options: {} };
  },
  async v2() {
    const [{ Client, StreamableHTTPClientTransport }, { StdioClientTransport }] = await Promise.all([
      import("@modelcontextprotocol/client"),
      import("@modelcontextprotocol/client/stdio"),
    ]);
    const mode = /^\d/.test(session.era) ? { pin: session.era } : session.era;
    return { Client, StreamableHTTPClientTransport, StdioClientTransport, options: { versionNegotiation: { mode } } };
  },
};

const { Client, StreamableHTTPClientTransport, StdioClientTransport, options } = await sdks[session.sdk]();

// The negotiated revision is told to the transport in v1 and to the client in v2.
let negotiated;
let transport;
if (session.url) {
  transport = new StreamableHTTPClientTransport(new URL(session.url));
} else {
  const [command, ...args] = session.command;
  transport = new StdioClientTransport({ command, args, stderr: "inherit" });
}
const tell = transport.setProtocolVersion?.bind(transport);
transport.setProtocolVersion = (version) => {
  negotiated = version;
  tell?.(version);
};

const client = new Client({ name: "foreign", version: "1.0.0" }, { capabilities: {}, ...options });
await client.connect(transport);

const tools = [];
let cursor;
do {
  const page = await client.listTools(cursor === undefined ? {} : { cursor });
  tools.push(...page.tools);
  cursor = page.nextCursor;
} while (cursor !== undefined);

const result = await client.callTool(session.call);
const protocol = client.getNegotiatedProtocolVersion?.() ?? negotiated;
console.log(JSON.stringify({ protocol, tools, result }));
await client.close();
