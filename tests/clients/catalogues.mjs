// Loads catalogues into the TypeScript SDKs, and compiles what they publish.
//
//   CATALOGUES='id …' node catalogues.mjs program argument…
//
// The program is started once for each id and SDK, which it finds in the variable CATALOG, and
// speaks MCP over standard input and output. Listing makes an SDK compile the output schemas; all
// schemas are then compiled by Ajv as JSON Schema 2020-12. Prints a line for each id and fails with
// all that was wrong.

import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { Client as ClientV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as StdioV2 } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioV1 } from "@modelcontextprotocol/sdk/client/stdio.js";

const [command, ...args] = process.argv.slice(2);
const sdks = { v1: [ClientV1, StdioV1], v2: [ClientV2, StdioV2] };
const wrong = [];

async function load([Client, Transport], id) {
  const env = { ...process.env, CATALOG: id };
  const client = new Client({ name: "foreign", version: "1.0.0" }, { capabilities: {} });
  await client.connect(new Transport({ command, args, env, stderr: "inherit" }));
  const tools = [];
  let cursor;
  do {
    const page = await client.listTools(cursor === undefined ? {} : { cursor });
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  await client.close();
  return tools;
}

function compile(id, tools) {
  let compiled = 0;
  for (const tool of tools) {
    for (const field of ["inputSchema", "outputSchema"]) {
      if (tool[field] === undefined) continue;
      // A new one each: an Ajv keeps all it ever compiled.
      const ajv = new Ajv2020({ strict: false, validateFormats: true, allErrors: true, logger: false });
      addFormats.default(ajv);
      try {
        ajv.compile(tool[field]);
        compiled += 1;
      } catch (error) {
        wrong.push(`${id}: ${tool.name}: ${field}: ${error.message}`);
      }
    }
  }
  return compiled;
}

for (const id of process.env.CATALOGUES.split(" ")) {
  const counts = [];
  let tools;
  for (const [name, sdk] of Object.entries(sdks)) {
    try {
      tools = await load(sdk, id);
      counts.push(`${tools.length} tools in SDK ${name}`);
    } catch (error) {
      wrong.push(`${id}: SDK ${name}: ${error.message}`);
    }
  }
  console.log(`${id}: ${counts.join(", ")}; ${compile(id, tools ?? [])} schemas compiled`);
}

for (const what of wrong) console.error(what);
process.exitCode = wrong.length > 0 ? 1 : 0;
