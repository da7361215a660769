// Runs the tests that need nothing but this machine, and loads every built entry point, on each
// supported line of Node. `node tooling/matrix.ts 26.10.0` runs one line. Needs a build.

import { inSeconds, runStep } from "./steps.ts";

const SUPPORTED_NODES = ["22.23.3", "24.21.0", "26.10.0"];

await main();

async function main(): Promise<void> {
  const named = process.argv.slice(2);
  for (const version of named.length > 0 ? named : SUPPORTED_NODES) {
    const command = ["node", "tooling/toolchain.mjs", `--node=${version}`, "test:matrix"];
    // oxlint-disable-next-line no-await-in-loop
    const { isPassed, seconds } = await runStep({ name: version, command, fix: "" });
    process.stdout.write(`${isPassed ? "ok  " : "FAIL"} Node ${version} ${inSeconds(seconds)}\n`);
    if (!isPassed) process.exitCode = 1;
  }
}
