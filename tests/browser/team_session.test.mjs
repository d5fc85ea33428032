// A person signs in at a foreign OpenID provider, picks a team, and connects assistants, with scripts off.
// The configuration is that of specs/profiles/team-session.toml.
//   SERVER=../../target/debug/generated node --test team_session.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SECRET, startProvider } from "./provider.mjs";
import { Client, launch, startProfile } from "./server.mjs";

const SEALING_KEY = Buffer.alloc(32, 7).toString("base64");

let provider;
let server;
let browser;
let page;

async function startServer(issuer) {
  const server = await startProfile("team-session", {
    values: { "https://id.example.com": issuer },
    args: ["--mock"],
    env: { IDENTITY_SECRET: SECRET, SEALING_KEY },
    prints: /http:\S+\/account\/callback/,
  });
  return { ...server, callback: server.printed };
}

before(async () => {
  provider = await startProvider();
  server = await startServer(provider.issuer);
  provider.register(server.callback);
  browser = await launch();
  page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  provider?.stop();
});

/** What a person does at the provider. */
async function signInAtProvider(of, name) {
  await of.waitForURL(`${provider.issuer}/interaction/**`);
  await of.locator("[name=login]").fill(name);
  await of.locator("[name=password]").fill("any password");
  await of.getByRole("button", { name: "Sign-in" }).click();
  await of.getByRole("button", { name: "Continue" }).click();
}

test("a person approves the destination, signs in at the provider and picks a team", async () => {
  const client = await Client.register(server.origin);
  await page.goto(client.authorizationUrl("mcp:read mcp:write offline_access"));
  assert.match(await page.locator("main").innerText(), /127\.0\.0\.1/);
  assert.equal(await page.locator("[type=password]").count(), 0);
  await page.getByRole("button", { name: /^Approve and continue/ }).click();
  await signInAtProvider(page, "ada");
  await page.waitForURL(`${server.origin}/oauth/consent/*/workspace`);
  await page.getByText("Office").click();
  await page.getByRole("button", { name: "Continue" }).click();
  const consent = await page.locator("main").innerText();
  assert.match(consent, /ada@example\.com/);
  assert.match(consent, /Office/);
  const answer = client.answer();
  await page.getByRole("button", { name: "Authorize" }).click();
  const tokens = await client.redeem((await answer).get("code"));
  assert.equal(tokens.expires_in, 86_400);
  const { status, tools } = await client.listTools(tokens.access_token);
  assert.equal(status, 200);
  assert.ok(tools.length > 0);
  client.close();
});

test("another assistant is connected without signing in again, and picks its own team", async () => {
  const client = await Client.register(server.origin);
  await page.goto(client.authorizationUrl());
  await page.waitForURL(`${server.origin}/oauth/consent/*/workspace`);
  await page.getByText("Studio").click();
  await page.getByRole("button", { name: "Continue" }).click();
  const answer = client.answer();
  await page.getByRole("button", { name: "Authorize" }).click();
  const tokens = await client.redeem((await answer).get("code"));
  assert.ok(tokens.access_token);
  await page.goto(`${server.origin}/portal/keys`);
  const keys = await page.locator("main").innerText();
  assert.match(keys, /Office/);
  assert.match(keys, /Studio/);
  client.close();
});

test("a person with one team goes straight to the approval", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const grace = await context.newPage();
  const client = await Client.register(server.origin);
  await grace.goto(client.authorizationUrl());
  await grace.getByRole("button", { name: /^Approve and continue/ }).click();
  await signInAtProvider(grace, "grace");
  await grace.getByRole("button", { name: "Authorize" }).waitFor();
  assert.match(await grace.locator("main").innerText(), /Studio/);
  client.close();
  await context.close();
});

test("a person without a team is refused with a page that helps", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const eve = await context.newPage();
  await eve.goto(`${server.origin}/portal/keys`);
  await eve.getByRole("button", { name: /^Continue with/ }).click();
  await signInAtProvider(eve, "eve");
  await eve.waitForURL(`${server.callback}*`);
  assert.equal(await eve.locator("h1").innerText(), "You are not signed in");
  assert.match(await eve.locator("main").innerText(), /in no group/);
  await context.close();
});

test("a person who cancels at the provider is not signed in", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const mallory = await context.newPage();
  await mallory.goto(`${server.origin}/portal/keys`);
  await mallory.getByRole("button", { name: /^Continue with/ }).click();
  await mallory.waitForURL(`${provider.issuer}/interaction/**`);
  await mallory.getByRole("link", { name: "Cancel" }).click();
  await mallory.waitForURL(`${server.callback}*`);
  assert.match(await mallory.locator("main").innerText(), /cancelled/);
  await context.close();
});

test("no secret of the sign-in is in what the server prints", () => {
  assert.doesNotMatch(server.said(), new RegExp(SECRET));
  assert.doesNotMatch(server.said(), /[?&](code|state)=/);
});
