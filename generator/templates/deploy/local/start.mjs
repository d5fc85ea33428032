#!/usr/bin/env node
// Starts the program for this machine, over stdio where no arguments say otherwise.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const machine = `${process.platform}-${process.arch}`;
const suffix = process.platform === "win32" ? ".exe" : "";
const program = here(`bin/${machine}/{{ name }}${suffix}`);
if (!existsSync(program)) {
  console.error(`{{ name }}: this package has no program for ${machine}`);
  process.exit(1);
}

const given = process.argv.slice(2);
const server = spawn(program, given.length > 0 ? given : ["stdio"], {
  stdio: "inherit",
  env: { DRAWBRIDGE_CONFIG: here("connector.toml"), ...process.env },
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => server.kill(signal));
server.on("error", (error) => {
  console.error(`{{ name }}: ${error.message}`);
  process.exit(1);
});
server.on("exit", (code) => process.exit(code ?? 1));
