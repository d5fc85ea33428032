// A server of its own for each suite, and an MCP client in front of it.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Starts the program that SERVER names, with sign-in on and answers from examples. */
export async function startServer() {
  const lines = ["[server]", 'listen = "127.0.0.1:0"', 'auth = "oauth"', "mock = true", "[store]", 'path = "store.db"'];
  return start(lines.join("\n"), ["serve"], {}, /http:\S+\/account\/welcome\/\w+/);
}

/** Starts it with a configuration of specs/profiles, at a free port. `values` replace texts of the file. */
export async function startProfile(name, { values = {}, args = [], env = {}, prints = /http:\S+\/account\/welcome\/\w+/ }) {
  let config = await readFile(`../../specs/profiles/${name}.toml`, "utf8");
  for (const [before, after] of Object.entries({ "127.0.0.1:8080": "127.0.0.1:0", ...values })) {
    if (!config.includes(before)) throw new Error(`${name}.toml does not contain ${before}`);
    config = config.replaceAll(before, after);
  }
  return start(config, ["serve", ...args], env, prints);
}

/** Starts the server, and waits for the URL that it prints. */
async function start(config, args, env, prints) {
  const directory = await mkdtemp(join(tmpdir(), "drawbridge-"));
  await writeFile(join(directory, "connector.toml"), config);
  const program = await startProgram(process.env.SERVER, args, { cwd: directory, env }, prints);
  const [printed] = program.found;
  return {
    origin: new URL(printed).origin,
    setupLink: printed,
    printed,
    said: program.said,
    async stop() {
      await program.stop();
      await rm(directory, { recursive: true });
    },
  };
}

/** Starts the example API, which the program that API names serves. */
export async function startApi() {
  const operatorKey = `operator-${randomBytes(16).toString("hex")}`;
  const env = { EXAMPLE_API_OPERATOR_KEY: operatorKey };
  const args = ["--listen", "127.0.0.1:0"];
  const api = await startProgram(process.env.API, args, { env }, /listens at (http:\S+)[^]*wsp_harbor[^]*?full key: (\S+)\n/);
  const [, url, key] = api.found;
  return { url, key, operatorKey, stop: api.stop };
}

/** A browser that really is one. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}

/** The first person makes an account and a workspace with the link that the server printed. */
export async function createAccount(page, setupLink, workspace) {
  await page.goto(setupLink);
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("E-mail address").fill("ada@example.com");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByLabel("Workspace").fill(workspace);
  await page.getByRole("button", { name: "Create account" }).click();
}

/** Starts a program, and waits until it prints what `prints` matches. */
export async function startProgram(path, args, { cwd, env }, prints) {
  const program = spawn(path, args, { cwd, env: { ...process.env, ...env } });
  let said = "";
  for (const stream of [program.stdout, program.stderr]) {
    stream.on("data", (data) => (said += data));
  }
  let found;
  for (let tries = 0; !found && tries < 400; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    found = said.match(prints);
  }
  if (!found) {
    program.kill();
    throw new Error(`the program did not print ${prints}:\n${said}`);
  }
  return {
    found,
    said: () => said,
    async stop() {
      program.kill();
      await once(program, "exit");
    },
  };
}

/** A client that registers itself and waits for answers on a loopback address. */
export class Client {
  static async register(origin, redirectUri, path = "/mcp") {
    const client = new Client();
    client.origin = origin;
    client.resource = `${origin}${path}`;
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

  /** The answer to a refresh token. */
  async refresh(token) {
    const response = await fetch(`${this.origin}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "refresh_token", client_id: this.id, refresh_token: token }),
    });
    return { status: response.status, ...(await response.json()) };
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
