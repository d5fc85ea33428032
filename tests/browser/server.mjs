// A server of its own for each suite, and an MCP client in front of it.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Starts the program that SERVER names, with sign-in on and answers from examples. */
export async function startServer() {
  const directory = await mkdtemp(join(tmpdir(), "drawbridge-"));
  const lines = [
    "[server]",
    'listen = "127.0.0.1:0"',
    'auth = "oauth"',
    "mock = true",
    "[store]",
    `path = ${JSON.stringify(join(directory, "store.db"))}`,
  ];
  await writeFile(join(directory, "connector.toml"), lines.join("\n"));
  const program = spawn(process.env.SERVER, ["serve"], { cwd: directory });
  let said = "";
  for (const stream of [program.stdout, program.stderr]) {
    stream.on("data", (data) => (said += data));
  }
  const find = async (pattern) => {
    for (let tries = 0; tries < 200; tries += 1) {
      const found = said.match(pattern);
      if (found) return found[0];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the server did not say ${pattern}:\n${said}`);
  };
  const setupLink = await find(/http:\S+\/account\/welcome\/\w+/);
  return {
    origin: new URL(setupLink).origin,
    setupLink,
    async stop() {
      program.kill();
      await once(program, "exit");
      await rm(directory, { recursive: true });
    },
  };
}

/** A client that registers itself and waits for answers on a loopback address. */
export class Client {
  static async register(origin, redirectUri) {
    const client = new Client();
    client.origin = origin;
    client.resource = `${origin}/mcp`;
    client.redirectUri = redirectUri;
    if (!redirectUri) {
      client.waiting = [];
      client.listener = createServer((request, response) => {
        const url = new URL(request.url, client.redirectUri);
        if (url.pathname === "/callback") client.waiting.shift()?.(url.searchParams);
        response.setHeader("content-type", "text/html");
        response.end('<title>alone</title><script>if (opener) document.title = "opened"</script>');
      });
      client.listener.listen(0, "127.0.0.1");
      await once(client.listener, "listening");
      // A test that fails before it closes its client does not hold the suite up.
      client.listener.unref();
      client.redirectUri = `http://127.0.0.1:${client.listener.address().port}/callback`;
    }
    const response = await fetch(`${origin}/oauth/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        client_name: "Walking Assistant",
        redirect_uris: [client.redirectUri],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
      }),
    });
    client.id = (await response.json()).client_id;
    return client;
  }

  /** The URL that a person's browser opens. */
  authorizationUrl(scope = "mcp:read") {
    this.verifier = randomBytes(32).toString("base64url");
    this.state = randomBytes(8).toString("hex");
    const challenge = createHash("sha256").update(this.verifier).digest("base64url");
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.id,
      redirect_uri: this.redirectUri,
      code_challenge: challenge,
      code_challenge_method: "S256",
      resource: this.resource,
      scope,
      state: this.state,
    });
    return `${this.origin}/oauth/authorize?${query}`;
  }

  /** What the browser brings next. */
  answer() {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  async redeem(code) {
    const response = await fetch(`${this.origin}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        client_id: this.id,
        redirect_uri: this.redirectUri,
        code_verifier: this.verifier,
        resource: this.resource,
        code,
      }),
    });
    return response.json();
  }

  /** Status of a call, and the tools it lists. */
  async listTools(token) {
    const { status, result } = await this.request(token, "tools/list", {});
    return { status, tools: result?.tools };
  }

  /** The result of a tool. */
  async callTool(token, name, args) {
    return (await this.request(token, "tools/call", { name, arguments: args })).result;
  }

  async request(token, method, params) {
    const response = await fetch(this.resource, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2025-06-18",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const text = await response.text();
    const json = text.startsWith("{") ? text : (text.match(/^data: (\{.*)$/m)?.[1] ?? "null");
    return { status: response.status, result: JSON.parse(json)?.result };
  }

  close() {
    this.listener?.close();
  }
}
