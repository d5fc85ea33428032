// The profile specs/profiles/minted-key.toml: each connection is a key of the API, Full or Read-only, until it is
// revoked in the portal, with the example API behind the server and scripts off.
//   SERVER=../../target/debug/generated API=../../target/debug/example-api node --test minted_key.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, createAccount, launch, startApi, startProfile } from "./server.mjs";

const CLAUDE = "https://claude.ai/api/mcp/auth_callback";
const PATH = "/api/ext/mcp";
const SEALING_KEY = Buffer.alloc(32, 7).toString("base64");

let api;
let server;
let browser;
let page;
const clients = {};

before(async () => {
  api = await startApi();
  server = await startProfile("minted-key", {
    values: { "http://127.0.0.1:4010/v1": api.url },
    env: { OPERATOR_KEY: api.operatorKey, SEALING_KEY },
  });
  browser = await launch();
  page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await page.route(`${CLAUDE}?*`, (route) => route.fulfill({ contentType: "text/plain", body: "connected" }));
  await createAccount(page, server.setupLink, "Harbor");
});

after(async () => {
  for (const client of Object.values(clients)) client.close();
  await browser?.close();
  await server?.stop();
  await api?.stop();
});

/** The keys that connections have at the API now. */
async function keys() {
  const response = await fetch(`${api.url}/api-keys?workspace_id=wsp_harbor&limit=100`, {
    headers: { "x-operator-key": api.operatorKey },
  });
  const { data } = await response.json();
  return data.filter((key) => key.name.includes("(MCP connector)") && !key.revoked_at);
}

/** Connects Claude, whose callback is answered here. */
async function connect(level) {
  const client = await Client.register(server.origin, CLAUDE, PATH);
  clients[level] = client;
  await page.goto(client.authorizationUrl("mcp:read mcp:write"));
  assert.match(await page.locator("main").innerText(), /Verified publisher/);
  assert.match(await page.locator("main").innerText(), /claude\.ai/);
  await page.getByRole("radio", { name: new RegExp(`^${level}`) }).check();
  const answer = page.waitForRequest(`${CLAUDE}?*`);
  // Where Claude is not reached, this is the browser's own page about that.
  const arrived = page.waitForEvent("framenavigated");
  await page.getByRole("button", { name: "Authorize" }).click();
  const code = new URL((await answer).url()).searchParams.get("code");
  await arrived;
  client.tokens = await client.redeem(code);
  return client;
}

test("the endpoint at its own path leads to the sign-in", async () => {
  const refused = await fetch(`${server.origin}${PATH}`, { method: "POST" });
  assert.equal(refused.status, 401);
  const [, metadata] = refused.headers.get("www-authenticate").match(/resource_metadata="(.*?)"/);
  assert.equal(metadata, `${server.origin}/.well-known/oauth-protected-resource${PATH}`);
  assert.equal((await (await fetch(metadata)).json()).resource, `${server.origin}${PATH}`);
});

test("a Full connection is a key of the API that lasts until it is revoked", async () => {
  const client = await connect("Full");
  const { expires_in, refresh_token, scope } = client.tokens;
  assert.deepEqual({ expires_in, refresh_token }, { expires_in: undefined, refresh_token: undefined });
  assert.match(scope, /mcp:write/);
  const [key, ...others] = await keys();
  assert.equal(others.length, 0);
  assert.equal(key.level, "full");
  assert.match(key.name, /^Claude \(MCP connector\) /);
  const written = await client.callTool(client.tokens.access_token, "update_workspace", { name: "Quay" });
  assert.equal(written.structuredContent.name, "Quay");
});

test("a Read-only connection beside it has a key of its own that writes nothing", async () => {
  const client = await connect("Read-only");
  const levels = (await keys()).map((key) => key.level).sort();
  assert.deepEqual(levels, ["full", "read"]);
  const read = await client.callTool(client.tokens.access_token, "get_workspace", {});
  assert.equal(read.structuredContent.name, "Quay");
  const { status } = await client.request(client.tokens.access_token, "tools/call", {
    name: "update_workspace",
    arguments: { name: "Pier" },
  });
  assert.equal(status, 403);
});

test("the portal lists both keys under the name of the client", async () => {
  await page.goto(`${server.origin}/portal/keys`);
  const text = await page.locator("main").innerText();
  assert.deepEqual(await page.locator("article h2").allInnerTexts(), Array(2).fill("Claude (MCP connector)"));
  assert.match(text, /Full/);
  assert.match(text, /Read-only/);
});

test("revoking keys in the portal ends the connections and their keys at the API", async () => {
  for (let left = 2; left > 0; left -= 1) {
    await page.goto(`${server.origin}/portal/keys`);
    const key = page.locator("article").first();
    await key.getByText("Revoke").first().click();
    await key.getByRole("button", { name: "Revoke this key" }).click();
    await page.getByText("The key was revoked.").waitFor();
  }
  for (const client of Object.values(clients)) {
    const { status } = await client.listTools(client.tokens.access_token);
    assert.equal(status, 401);
  }
  let left;
  for (let tries = 0; tries < 200; tries += 1) {
    left = await keys();
    if (left.length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(left, []);
});

test("no key is in what the server prints", () => {
  const secrets = [api.operatorKey, SEALING_KEY, ...Object.values(clients).map((it) => it.tokens.access_token)];
  for (const secret of secrets) assert.ok(!server.said().includes(secret));
});
