// An agent: a program that signs in by itself, and calls a tool of a connector.
//
//   CLIENT_ID=agt_… WALLET_KEY=0x…    node agent.mjs URL [TOOL [ARGUMENTS]]
//   CLIENT_ID=agt_… KEY_FILE=key.json node agent.mjs URL [TOOL [ARGUMENTS]]
//
// WALLET_KEY is the private key of a wallet, KEY_FILE a private JSON Web Key with its algorithm ("alg"). Without
// CLIENT_ID, the agent prints what a person enters at /portal/agents to link it: the address, or the public
// key. Without TOOL, it prints the names of the tools that it can call.
import { readFile } from "node:fs/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { SignJWT, importJWK } from "jose";
import { addr, eip191Signer } from "micro-eth-signer";

const [url, tool, input = "{}"] = process.argv.slice(2);
const { CLIENT_ID, WALLET_KEY, KEY_FILE, CHAIN_ID = "8453" } = process.env;

async function json(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(`${body.error}: ${body.error_description}`);
  return body;
}

// RFC 9728, RFC 8414: the endpoints are those that the connector names.
async function discover() {
  const { origin, pathname } = new URL(url);
  const resource = await json(await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`));
  if (resource.resource !== url) throw new Error(`${url} is not the resource ${resource.resource}`);
  const [issuer] = resource.authorization_servers;
  const server = await json(await fetch(`${issuer}/.well-known/oauth-authorization-server`));
  if (server.issuer !== issuer) throw new Error(`${issuer} is not the issuer ${server.issuer}`);
  return server;
}

// The message says in plain text who asks for the signature, and for what. An agent signs no other.
function check(message, address, server) {
  const lines = message.split("\n");
  const expected = [
    [lines[0], `${new URL(server.issuer).host} wants you to sign in with your Ethereum account:`],
    [lines[1], address],
    [lines.find((line) => line.startsWith("URI: ")), `URI: ${url}`],
    [lines.find((line) => line.startsWith("Chain ID: ")), `Chain ID: ${CHAIN_ID}`],
    [lines.find((line) => line.startsWith("Request ID: ")), `Request ID: ${CLIENT_ID}`],
  ];
  for (const [found, wanted] of expected) {
    if (found !== wanted) throw new Error(`the challenge has "${found}" in place of "${wanted}"`);
  }
}

// A wallet answers a challenge (EIP-4361, EIP-191).
async function byWallet(server, wallet) {
  const address = addr.fromPrivateKey(wallet);
  const asked = await fetch(server.agent_challenge_endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_id: CLIENT_ID, address, chain_id: Number(CHAIN_ID) }),
  });
  const { message, grant_type } = await json(asked);
  check(message, address, server);
  const signature = eip191Signer.sign(message, wallet);
  return { grant_type, client_id: CLIENT_ID, message, signature };
}

// A key signs an assertion (RFC 7523 in the grant of RFC 6749 §4.4).
async function byKey(server, key) {
  const assertion = new SignJWT({})
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "JWT" })
    .setIssuer(CLIENT_ID)
    .setSubject(CLIENT_ID)
    .setAudience(server.issuer)
    .setIssuedAt()
    .setExpirationTime("1m")
    .setJti(crypto.randomUUID());
  return {
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: await assertion.sign(await importJWK(key)),
  };
}

// There is no refresh token: at the end of an access token, the agent signs in again.
async function signIn(server, key) {
  const form = WALLET_KEY ? await byWallet(server, WALLET_KEY) : await byKey(server, key);
  const body = new URLSearchParams({ ...form, resource: url });
  const answer = await fetch(server.token_endpoint, { method: "POST", body });
  return (await json(answer)).access_token;
}

// What others may see of a private key (RFC 7518 §6, RFC 8037 §2).
function publicPart({ kty, crv, x, y, n, e, kid, alg }) {
  return { kty, crv, x, y, n, e, kid, alg };
}

async function main() {
  const key = KEY_FILE && JSON.parse(await readFile(KEY_FILE, "utf8"));
  if (!url || !(WALLET_KEY || key)) throw new Error("name a URL, and WALLET_KEY or KEY_FILE");
  if (key && !key.alg) throw new Error(`${KEY_FILE} has no "alg", such as "EdDSA"`);
  if (!CLIENT_ID) {
    console.log(WALLET_KEY ? addr.fromPrivateKey(WALLET_KEY) : JSON.stringify({ keys: [publicPart(key)] }));
    return;
  }
  const token = await signIn(await discover(), key);
  const client = new Client({ name: "agent", version: "1.0.0" });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  if (tool) {
    const result = await client.callTool({ name: tool, arguments: JSON.parse(input) });
    console.log(result.content.map((part) => part.text).join("\n"));
    process.exitCode = result.isError ? 1 : 0;
  } else {
    const { tools } = await client.listTools();
    console.log(tools.map(({ name }) => name).join("\n"));
  }
  await client.close();
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
