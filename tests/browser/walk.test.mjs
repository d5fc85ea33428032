// A person walks through sign-in, consent and portal, with scripts off.
//   SERVER=../../target/debug/generated SCREENSHOTS=directory node --test
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { Client, launch, startServer } from "./server.mjs";

const PASSWORD = "correct horse battery";
const pictures = process.env.SCREENSHOTS;

let server;
let browser;
/** A browser profile of the first person. */
let ada;
/** Where the first person is. */
let page;

before(async () => {
  if (pictures) await mkdir(pictures, { recursive: true });
  server = await startServer();
  browser = await launch();
  ada = await profile();
  page = await ada.newPage();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

function profile() {
  return browser.newContext({ javaScriptEnabled: false });
}

async function picture(name) {
  if (pictures) await page.screenshot({ path: `${pictures}/walk-${name}.png`, fullPage: true });
}

const heading = (of = page) => of.locator("h1").innerText();
const visible = (text, of = page) => of.getByText(text).first().isVisible();

async function signUp(of, name) {
  await of.getByLabel("Your name").fill(name);
  await of.getByLabel("E-mail address").fill(`${name.toLowerCase()}@example.com`);
  await of.getByLabel("Password").fill(PASSWORD);
}

/** Goes on with the Tab key until what has the focus has this name or text. */
async function reach(of, name) {
  for (let steps = 0; steps < 40; steps += 1) {
    const focused = of.locator(":focus");
    if ((await focused.count()) > 0) {
      const names = [await focused.getAttribute("name"), await focused.innerText()];
      if (names.includes(name)) return;
    }
    await of.keyboard.press("Tab");
  }
  throw new Error(`the Tab key does not reach ${name}`);
}

/** Presses Enter, which leads to another page. */
async function enter(of) {
  await Promise.all([of.waitForNavigation(), of.keyboard.press("Enter")]);
}

/** Opens a request of a client, and approves it as it is shown. Returns the tokens. */
async function connect(client, of = page, prepare = async () => {}) {
  await of.goto(client.authorizationUrl());
  await prepare();
  const answer = client.answer();
  await of.getByRole("button", { name: "Authorize" }).click();
  return client.redeem((await answer).get("code"));
}

test("the first person makes an account with the printed link, once", async () => {
  await page.goto(server.setupLink);
  await picture("welcome");
  await signUp(page, "Ada");
  await page.getByLabel("Workspace").fill("Northwind");
  await page.getByRole("button", { name: "Create account" }).click();
  assert.equal(await heading(), "API keys");
  const response = await page.goto(server.setupLink);
  assert.equal(response.status(), 404);
  assert.equal(await heading(), "This link no longer works");
});

test("a keyboard alone approves what the page says", async () => {
  const client = await Client.register(server.origin);
  await page.goto(client.authorizationUrl());
  await picture("consent");
  assert.equal(await heading(), "“Walking Assistant” wants to access Marquee API");
  assert.ok(await visible("Unverified"));
  assert.ok(await visible("This goes to a program on this computer."));
  await page.getByText("Security", { exact: true }).click();
  assert.ok(await visible(client.redirectUri));
  assert.ok(await page.getByRole("radio", { name: /^Read-only/ }).isChecked());
  assert.ok(await visible("Read-only guarantee."));
  const count = Number(await page.locator("details.list .count").first().innerText());

  const order = [];
  for (let steps = 0; steps < 30; steps += 1) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    order.push((await focused.getAttribute("name")) ?? (await focused.innerText()));
    if ((await focused.getAttribute("value")) === "approve") break;
  }
  assert.deepEqual(order.slice(-1), ["decision"]);
  const answer = client.answer();
  await page.keyboard.press("Enter");
  const response = await answer;
  assert.equal(response.get("state"), client.state);
  assert.equal(response.get("iss"), server.origin);
  const { access_token: token } = await client.redeem(response.get("code"));
  const { status, tools } = await client.listTools(token);
  assert.equal(status, 200);
  assert.equal(tools.length, count);
  client.close();
});

test("what the page shows follows the level, without a script", async () => {
  const client = await Client.register(server.origin);
  await page.goto(client.authorizationUrl());
  const written = page.getByText("that change things").first();
  assert.ok(!(await written.isVisible()));
  await page.getByRole("radio", { name: /^Full/ }).check();
  assert.ok(await written.isVisible());
  assert.ok(!(await visible("Read-only guarantee.")));
  await picture("consent-full");
  const counts = await page.locator("details.list .count").allInnerTexts();
  const answer = client.answer();
  await page.getByRole("button", { name: "Authorize" }).click();
  const { access_token: token } = await client.redeem((await answer).get("code"));
  const { tools } = await client.listTools(token);
  // The page lists what is called at the API; `request_upload` is this server's own.
  const called = tools.filter(({ name }) => name !== "request_upload");
  assert.equal(called.length, counts.map(Number).reduce((sum, one) => sum + one, 0));
  client.close();
});

test("Cancel answers the client and grants nothing", async () => {
  const client = await Client.register(server.origin);
  await page.goto(`${server.origin}/portal/keys`);
  const keys = await page.locator("article").count();
  await page.goto(client.authorizationUrl());
  const answer = client.answer();
  await page.getByRole("button", { name: "Cancel" }).click();
  const response = await answer;
  assert.equal(response.get("error"), "access_denied");
  assert.equal(response.get("state"), client.state);
  assert.equal(response.get("iss"), server.origin);
  await page.goto(`${server.origin}/portal/keys`);
  assert.equal(await page.locator("article").count(), keys);
  client.close();
});

test("Switch changes the workspace the connection acts for", async () => {
  const client = await Client.register(server.origin);
  await page.goto(client.authorizationUrl());
  assert.ok(await visible("Northwind"));
  await page.getByRole("link", { name: "Switch" }).click();
  await page.getByRole("link", { name: "Create a workspace" }).click();
  await page.getByLabel("Name of the workspace").fill("Southwind");
  await page.getByRole("button", { name: "Create and continue" }).click();
  assert.ok(await visible("Southwind"));
  await page.getByRole("link", { name: "Switch" }).click();
  await picture("picker");
  assert.ok(await page.getByLabel("Southwind").isChecked());
  await page.getByLabel("Northwind").check();
  await page.getByRole("button", { name: "Continue" }).click();
  assert.ok(await visible("Northwind"));
  assert.ok(!(await visible("Southwind")));
  client.close();
});

test("what one tab shows is not changed by another", async () => {
  const client = await Client.register(server.origin);
  const pick = async (of, name) => {
    await of.getByLabel(name).check();
    await of.getByRole("button", { name: "Continue" }).click();
  };
  await page.goto(client.authorizationUrl());
  await pick(page, "Northwind");
  const consent = page.url();
  const other = await ada.newPage();
  await other.goto(`${consent}/workspace`);
  await pick(other, "Southwind");
  await page.getByRole("button", { name: "Authorize" }).click();
  assert.equal(await heading(), "That is not allowed");
  await other.close();

  await page.goto(consent);
  assert.ok(await visible("Southwind"));
  client.close();
});

test("two tabs connect two assistants side by side", async () => {
  const clients = [await Client.register(server.origin), await Client.register(server.origin)];
  const tabs = [page, await ada.newPage()];
  const tokens = [];
  for (const [at, client] of clients.entries()) await tabs[at].goto(client.authorizationUrl());
  for (const [at, client] of clients.entries()) {
    const tab = tabs[at];
    await tab.getByLabel("Northwind").check();
    await tab.getByRole("button", { name: "Continue" }).click();
    const answer = client.answer();
    await tab.getByRole("button", { name: "Authorize" }).click();
    tokens.push((await client.redeem((await answer).get("code"))).access_token);
  }
  for (const [at, client] of clients.entries()) {
    assert.equal((await client.listTools(tokens[at])).status, 200);
    client.close();
  }
  await tabs[1].close();
});

test("an answered request is over, also in the history", async () => {
  const client = await Client.register(server.origin);
  await page.goto(client.authorizationUrl());
  await page.getByLabel("Northwind").check();
  await page.getByRole("button", { name: "Continue" }).click();
  const consent = page.url();
  const answer = client.answer();
  await page.getByRole("button", { name: "Authorize" }).click();
  await answer;
  const response = await page.goto(consent);
  assert.equal(response.status(), 400);
  assert.equal(await heading(), "This sign-in has ended");
  await picture("ended");
  client.close();
});

test("another browser can do nothing with a consent page's address", async () => {
  const client = await Client.register(server.origin);
  await page.goto(client.authorizationUrl());
  const stranger = await profile();
  const theirs = await stranger.newPage();
  const response = await theirs.goto(page.url());
  assert.equal(response.status(), 403);
  assert.equal(await heading(theirs), "That is not allowed");
  await stranger.close();
  client.close();
});

test("an invited person joins, leaves, and is asked for a workspace before they connect", async () => {
  await page.goto(`${server.origin}/portal/workspaces`);
  await page.getByRole("link", { name: "Northwind" }).click();
  await page.getByRole("button", { name: "Create link" }).click();
  await picture("invited");
  const link = await page.locator(".note code").innerText();

  const context = await profile();
  const bob = await context.newPage();
  await bob.goto(link);
  await signUp(bob, "Bob");
  await bob.getByRole("button", { name: "Create account" }).click();
  await bob.goto(`${server.origin}/portal/workspaces`);
  await bob.getByRole("link", { name: "Northwind" }).click();
  await bob.getByText("Leave this workspace").click();
  await bob.getByRole("button", { name: "Leave" }).click();

  const client = await Client.register(server.origin);
  await bob.goto(client.authorizationUrl());
  assert.equal(await heading(bob), "You need a workspace first");
  assert.equal(await bob.getByRole("button", { name: "Authorize" }).count(), 0);
  await bob.getByLabel("Name of the workspace").fill("Bob’s own");
  await bob.getByRole("button", { name: "Create and continue" }).click();
  assert.ok(await visible("Bob’s own", bob));
  const answer = client.answer();
  await bob.getByRole("button", { name: "Authorize" }).click();
  assert.ok((await answer).get("code"));
  await context.close();
  client.close();
});

test("a workspace shows the calls of its assistants and what is left of its quota", async () => {
  const client = await Client.register(server.origin);
  const { access_token: token } = await connect(client, page, async () => {
    await page.getByLabel("Northwind").check();
    await page.getByRole("button", { name: "Continue" }).click();
  });
  const { tools } = await client.listTools(token);
  await client.callTool(token, tools[0].name, {});
  await page.goto(`${server.origin}/portal/workspaces`);
  await page.getByRole("link", { name: "Northwind" }).click();
  await page.getByRole("link", { name: "Usage and quota" }).click();
  assert.equal(await heading(), "Usage");
  // Calls are counted once they are stored.
  const row = page.locator("tbody tr").first();
  for (let tries = 0; tries < 100; tries += 1) {
    if (Number(await row.locator("td").first().textContent()) > 0) break;
    await page.waitForTimeout(100);
    await page.reload();
  }
  assert.ok(Number(await row.locator("td").first().textContent()) > 0);
  assert.equal(await page.locator("tbody tr").count(), 30);
  assert.ok((await page.getByRole("img", { name: /^Calls of each/ }).boundingBox()).height > 50);
  await picture("usage");
  client.close();
});

test("revoking a key ends its access at once, and no other", async () => {
  const clients = [await Client.register(server.origin), await Client.register(server.origin)];
  const pick = async () => {
    await page.getByLabel("Northwind").check();
    await page.getByRole("button", { name: "Continue" }).click();
  };
  const kept = (await connect(clients[0], page, pick)).access_token;
  const lost = (await connect(clients[1], page, pick)).access_token;
  await page.goto(`${server.origin}/portal/keys`);
  await picture("keys");
  const latest = page.locator("article").first();
  assert.match(await latest.innerText(), /Walking Assistant on 127\.0\.0\.1, unverified \(MCP connector\)/);
  await latest.getByText("Revoke").first().click();
  await picture("revoke");
  await latest.getByRole("button", { name: "Revoke this key" }).click();
  assert.ok(await visible("The key was revoked."));
  assert.equal((await clients[1].listTools(lost)).status, 401);
  assert.equal((await clients[0].listTools(kept)).status, 200);
  for (const client of clients) client.close();
});

test("a keyboard alone signs in, approves, and revokes", async () => {
  const context = await profile();
  const tab = await context.newPage();
  const client = await Client.register(server.origin);
  await tab.goto(client.authorizationUrl());
  await reach(tab, "email");
  await tab.keyboard.type("ada@example.com");
  await reach(tab, "password");
  await tab.keyboard.type(PASSWORD);
  await enter(tab);
  await reach(tab, "Continue");
  await enter(tab);
  await reach(tab, "Authorize");
  const answer = client.answer();
  await tab.keyboard.press("Enter");
  const { access_token: token } = await client.redeem((await answer).get("code"));
  assert.equal((await client.listTools(token)).status, 200);
  await tab.waitForURL(/\/callback/);

  await tab.goto(`${server.origin}/portal/keys`);
  await tab.keyboard.press("Tab");
  assert.equal(await tab.locator(":focus").innerText(), "Skip to content");
  await tab.keyboard.press("Enter");
  await tab.keyboard.press("Tab");
  assert.match(await tab.locator(":focus").innerText(), /^Revoke/);
  await tab.keyboard.press("Enter");
  await reach(tab, "Revoke this key");
  await enter(tab);
  assert.ok(await visible("The key was revoked.", tab));
  assert.equal((await client.listTools(token)).status, 401);
  await context.close();
  client.close();
});

test("who signs out signs in again, and errors do not reveal who has an account", async () => {
  await page.getByRole("button", { name: "Sign out" }).click();
  assert.equal(await heading(), "You are signed out");
  await page.goto(`${server.origin}/portal/workspaces`);
  assert.equal(await heading(), "Sign in");
  for (const email of ["ada@example.com", "unknown@example.com"]) {
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    assert.ok(await visible("The e-mail address and the password do not match."));
  }
  await picture("mismatch");
  await page.getByLabel("E-mail address").fill("Ada@Example.com");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.equal(await heading(), "Workspaces");
});

test("an app with a scheme of its own gets a button", async () => {
  const redirectUri = "cursor://anysphere.cursor-mcp/oauth/callback";
  const client = await Client.register(server.origin, redirectUri);
  await page.goto(client.authorizationUrl());
  await page.getByLabel("Northwind").check();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Authorize" }).click();
  assert.equal(await heading(), "Access approved");
  const link = await page.getByRole("link", { name: "Open the app" }).getAttribute("href");
  assert.ok(link.startsWith(`${redirectUri}?`));
  assert.ok(new URL(link).searchParams.get("code"));
});

test("a client that opens a window for the sign-in is not cut off from it", async () => {
  const context = await browser.newContext({ storageState: await ada.storageState() });
  const client = await Client.register(server.origin);
  const opener = await context.newPage();
  await opener.goto(new URL("/", client.redirectUri).href);
  const opened = opener.waitForEvent("popup");
  await opener.evaluate((url) => void open(url), client.authorizationUrl());
  const popup = await opened;
  await popup.getByLabel("Northwind").check();
  await popup.getByRole("button", { name: "Continue" }).click();
  const answer = client.answer();
  await popup.getByRole("button", { name: "Authorize" }).click();
  assert.ok((await answer).get("code"));
  await popup.waitForLoadState();
  assert.equal(await popup.title(), "opened");
  await context.close();
  client.close();
});

test("no page can be framed", async () => {
  const frame = `<iframe src="${server.origin}/account/sign-in"></iframe>`;
  const evil = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end(frame);
  });
  evil.listen(0, "127.0.0.1");
  await once(evil, "listening");
  await page.goto(`http://127.0.0.1:${evil.address().port}/`);
  const framed = page.frames().find((one) => one !== page.mainFrame());
  assert.equal(await framed.locator("form").count(), 0);
  evil.close();
});
