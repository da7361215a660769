// Runs the conformance suite on every target without a test runner, prints the matrix, and writes
// docs/reference/conformance.json and the documents generated from it.
// `pnpm conformance:report memory` runs one target and writes nothing.

import {
  formatMatrix,
  runConformance,
  type CaseResult,
  type Harness,
  type TargetResults,
} from "@anyqueue/conformance";
import { memoryHarness } from "../../packages/memory/test/memory-harness.ts";
import { emulatorHarness as serviceBusHarness } from "../../packages/service-bus/test/service-bus-harness.ts";
import { emulatorHarness as pubsubHarness } from "../../packages/pubsub/test/pubsub-harness.ts";
import { emulatorHarness as sqsHarness } from "../../packages/sqs/test/sqs-harness.ts";
import { runStep } from "../steps.ts";
import { writeDocumented } from "./documented-results.ts";

const HARNESSES: readonly Harness[] = [
  memoryHarness(),
  sqsHarness("standard"),
  sqsHarness("fifo"),
  serviceBusHarness("queue"),
  serviceBusHarness("session"),
  serviceBusHarness("subscription"),
  pubsubHarness("plain"),
  pubsubHarness("ordered"),
  pubsubHarness("exactly-once"),
];

await main();

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((name) => !HARNESSES.some((harness) => harness.name === name));
  if (unknown !== undefined) {
    const known = HARNESSES.map(({ name }) => name).join(", ");
    process.stderr.write(`no such target: ${unknown}. The targets are: ${known}\n`);
    process.exitCode = 2;
    return;
  }
  const results: TargetResults[] = [];
  for (const harness of HARNESSES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    // oxlint-disable-next-line no-await-in-loop -- parallel targets would distort the measured time
    results.push(await runConformance(harness, { onResult: (result) => printFailure(harness, result) }));
  }
  process.stdout.write(`${formatMatrix(results)}\n`);
  if (results.some(({ failed }) => failed > 0)) process.exitCode = 1;
  else if (wanted.length === 0) await publish(results);
}

async function publish(results: readonly TargetResults[]): Promise<void> {
  const isChanged = writeDocumented(results);
  process.stdout.write(
    isChanged ? "wrote docs/reference/conformance.json\n" : "the results are as documented\n",
  );
  const generate = { name: "docs", command: ["node", "tooling/generate-docs.mjs"], fix: "pnpm fix" };
  if (!(await runStep(generate)).isPassed) process.exitCode = 1;
}

function printFailure(harness: Harness, { id, title, outcome, reason, durationMs }: CaseResult): void {
  if (outcome !== "failed") return;
  process.stdout.write(
    `${harness.name} ${id} ${title} (${Math.round(durationMs)} ms)\n    ${reason ?? "failed"}\n`,
  );
}
