#!/usr/bin/env node
import module from "node:module";
import { processTerminal } from "./terminal.ts";

// By what is there: a name that an older one does not have would fail while it is imported, with a text of its own.
if (typeof Promise.withResolvers !== "function") {
  process.stderr.write(`anyqueue needs Node.js 22.12 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
// Halves the time to the first line of every start but the first. Where the cache cannot be written, nothing changes.
module.enableCompileCache?.();
const { runCli } = await import("./run-cli.ts");
const code = await runCli(process.argv.slice(2), processTerminal());
// A command has closed what it opened when it returns; an application's module that it imported may stay for ever.
for (const stream of [process.stdout, process.stderr])
  await new Promise((written) => stream.write("", written));
process.exit(code);
