// What a person does with only the URL and the link that the first start prints:
//   node from_url.mjs URL SETUP-LINK TOOL ARGUMENTS
// From the 401 to the answer of a tool, which is printed.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

import { Client } from "./server.mjs";

const [url, setupLink, tool, toolArguments] = process.argv.slice(2);

const refused = await fetch(url, { method: "POST" });
assert.equal(refused.status, 401);
const [, metadataUrl] = refused.headers.get("www-authenticate").match(/resource_metadata="(.*?)"/);
const resource = await (await fetch(metadataUrl)).json();
assert.equal(resource.resource, url);
const [issuer] = resource.authorization_servers;
const metadata = await fetch(new URL("/.well-known/oauth-authorization-server", issuer));
assert.equal((await metadata.json()).issuer, issuer);
console.error(`401, then ${metadataUrl} leads to ${issuer}`);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
await page.goto(setupLink);
await page.getByLabel("Your name").fill("Ada");
await page.getByLabel("E-mail address").fill("ada@example.com");
await page.getByLabel("Password").fill("correct horse battery");
await page.getByLabel("Workspace").fill("Northwind");
await page.getByRole("button", { name: "Create account" }).click();
console.error("the printed link made an account");

const client = await Client.register(issuer);
await page.goto(client.authorizationUrl());
const answer = client.answer();
await page.getByRole("button", { name: "Authorize" }).click();
const { access_token: token } = await client.redeem((await answer).get("code"));
await browser.close();
client.close();
console.error("approved, with a token");

const { tools } = await client.listTools(token);
console.error(`${tools.length} tools`);
console.log(JSON.stringify(await client.callTool(token, tool, JSON.parse(toolArguments))));
