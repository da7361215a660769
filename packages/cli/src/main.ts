#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { processTerminal } from "./terminal.ts";

// Halves the time to the first line of every start but the first. Where the cache cannot be written, nothing changes.
enableCompileCache();
const { runCli } = await import("./run-cli.ts");
const code = await runCli(process.argv.slice(2), processTerminal());
// A command has closed what it opened when it returns; an application's module that it imported may stay for ever.
for (const stream of [process.stdout, process.stderr])
  await new Promise((written) => stream.write("", written));
process.exit(code);
