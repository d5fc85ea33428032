// The profile specs/profiles/read-only-workspace.toml: scopes of OpenID Connect on the consent page, a workspace
// that is chosen, and only tools that read, with the example API behind the server and scripts off.
//   SERVER=../../target/debug/generated API=../../target/debug/example-api node --test read_only_workspace.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, createAccount, launch, startApi, startProfile } from "./server.mjs";

const SCOPES = "openid profile email offline_access";

let api;
let server;
let browser;
let page;
let client;

before(async () => {
  api = await startApi();
  server = await startProfile("read-only-workspace", {
    values: { "http://127.0.0.1:4010/v1": api.url, "[oauth.openid]": '[oauth.openid]\nkey_file = "openid.key"' },
    env: { API_KEY: api.key },
  });
  browser = await launch();
  page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await createAccount(page, server.setupLink, "Harbor");
});

after(async () => {
  client?.close();
  await browser?.close();
  await server?.stop();
  await api?.stop();
});

/** The claims of a JWT, of which the transport is trusted. */
function claims(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
}

let tokens;

test("the consent page names scopes, of which the required ones are locked, and the guarantee", async () => {
  client = await Client.register(server.origin);
  await page.goto(client.authorizationUrl(SCOPES));
  const consent = page.locator("main");
  assert.match(await consent.innerText(), /Harbor/);
  assert.match(await consent.innerText(), /Read-only guarantee\./);
  assert.equal(await page.locator("[type=radio]").count(), 0, "there is no level to choose");
  await page.getByText("Scopes", { exact: true }).click();
  const scope = (name) => page.getByRole("checkbox", { name });
  for (const required of [/openid/, /mcp:read/]) {
    assert.ok(await scope(required).isDisabled(), String(required));
    assert.ok(await scope(required).isChecked(), String(required));
  }
  for (const optional of [/ profile/, / email/, /offline_access/]) {
    assert.ok(await scope(optional).isEnabled(), String(optional));
    assert.ok(await scope(optional).isChecked(), String(optional));
  }
  await page.getByText("Security", { exact: true }).click();
  assert.ok(await page.getByText(client.redirectUri).first().isVisible());
});

test("a scope that is switched off is not granted, and the ID token is without its claims", async () => {
  await page.getByRole("checkbox", { name: / profile/ }).uncheck();
  const answer = client.answer();
  await page.getByRole("button", { name: "Authorize" }).click();
  tokens = await client.redeem((await answer).get("code"));
  assert.equal(tokens.scope, "mcp:read openid email offline_access");
  const { email, name, aud } = claims(tokens.id_token);
  assert.deepEqual({ email, name, aud }, { email: "ada@example.com", name: undefined, aud: client.id });
});

test("only tools that read are served, and a tool that writes is not there", async () => {
  const { status, tools } = await client.listTools(tokens.access_token);
  assert.equal(status, 200);
  assert.ok(tools.length > 0);
  assert.ok(tools.every((tool) => tool.annotations.readOnlyHint));
  const read = await client.callTool(tokens.access_token, "get_workspace", {});
  assert.equal(read.structuredContent.name, "Harbor Coffee");
  const written = await client.callTool(tokens.access_token, "update_workspace", { name: "Quay" });
  assert.ok(!written || written.isError, JSON.stringify(written));
  const again = await client.callTool(tokens.access_token, "get_workspace", {});
  assert.equal(again.structuredContent.name, "Harbor Coffee");
});

test("the connection is refreshed without the person", async () => {
  const refreshed = await client.refresh(tokens.refresh_token);
  assert.equal(refreshed.status, 200);
  assert.notEqual(refreshed.access_token, tokens.access_token);
  const { status } = await client.listTools(refreshed.access_token);
  assert.equal(status, 200);
  tokens = refreshed;
});

test("a connection that is revoked in the portal ends at once", async () => {
  await page.goto(`${server.origin}/portal/keys`);
  const key = page.locator("article").first();
  assert.match(await key.innerText(), /Harbor/);
  await key.getByText("Revoke").first().click();
  await key.getByRole("button", { name: "Revoke this key" }).click();
  assert.ok(await page.getByText("The key was revoked.").isVisible());
  const { status } = await client.listTools(tokens.access_token);
  assert.equal(status, 401);
  assert.equal((await client.refresh(tokens.refresh_token)).error, "invalid_grant");
});
