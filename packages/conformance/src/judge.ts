#!/usr/bin/env node
// Judges a stored history: `npx @anyqueue/conformance FOLDER`.

import { judgeCommand } from "./history/judge-command.ts";

process.exitCode = judgeCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
});
