// On each supported line of Node, runs the tests of what may differ between them: the units, what Node tells of
// sockets, the memory provider and every built entry point. Needs a build.
// `node tooling/matrix.ts 26.10.0` runs one line, `--others` all but the running one.

import { inSeconds, runStep } from "./steps.ts";

const SUPPORTED_NODES = ["22.23.3", "24.21.0", "26.10.0"];

/** Seeded runs test the engine, not Node, so a few seeds are enough to cover another version of Node. */
const env = { ANYQUEUE_EXPLORED_SEEDS: process.env["ANYQUEUE_EXPLORED_SEEDS"] ?? "200" };

await main();

async function main(): Promise<void> {
  for (const version of versionsOf(process.argv.slice(2))) {
    const command = ["node", "tooling/toolchain.mjs", `--node=${version}`, "test:matrix"];
    // oxlint-disable-next-line no-await-in-loop
    const { isPassed, seconds } = await runStep({ name: version, command, fix: "", env });
    process.stdout.write(`${isPassed ? "ok  " : "FAIL"} Node ${version} ${inSeconds(seconds)}\n`);
    if (!isPassed) process.exitCode = 1;
  }
}

function versionsOf(named: readonly string[]): readonly string[] {
  if (named.includes("--others"))
    return SUPPORTED_NODES.filter((version) => version !== process.versions.node);
  return named.length > 0 ? named : SUPPORTED_NODES;
}
