#!/usr/bin/env node
import module from "node:module";
import { processTerminal } from "./terminal.ts";

// Tests the feature: importing a name that an older Node.js lacks would fail with an unclear message.
if (typeof Promise.withResolvers !== "function") {
  process.stderr.write(`anyqueue needs Node.js 22.12 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
// Halves the time to the first line of every start but the first. Does nothing if the cache is read-only.
module.enableCompileCache?.();
const { runCli } = await import("./run-cli.ts");
const code = await runCli(process.argv.slice(2), processTerminal());
// A command has closed what it opened; an application's module that it imported may stay active forever.
for (const stream of [process.stdout, process.stderr])
  await new Promise((written) => stream.write("", written));
process.exit(code);
