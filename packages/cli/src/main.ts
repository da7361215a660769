#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { processTerminal } from "./terminal.ts";

// Halves the time to the first line of every start but the first. Where the cache cannot be written, nothing changes.
enableCompileCache();
const { runCli } = await import("./run-cli.ts");
process.exitCode = await runCli(process.argv.slice(2), processTerminal());
