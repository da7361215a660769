// Runs a burst of orders on an emulated SQS, once with a worker and once with a function:
// node --conditions=@anyqueue/source examples/serverless-burst/src/main.ts [--orders 20000 | --short] [--svg burst.svg] [--json]
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { createClient } from "@anyqueue/core";
import { spawnEmulator, type SpawnedEmulator } from "@anyqueue/emulator";
import { sqs } from "@anyqueue/sqs";
import { burstSvg } from "./burst-svg.ts";
import { lambdaFleet, workerFleet } from "./fleets.ts";
import { orders } from "./orders.ts";
import { runBurst, type BurstResult } from "./run-burst.ts";
import { burstText } from "./burst-text.ts";

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      orders: { type: "string" },
      short: { type: "boolean", default: false },
      svg: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  if (values.short && values.orders !== undefined) {
    console.error("--short is 2000 orders: leave out one of --short and --orders.");
    process.exitCode = 2;
    return;
  }
  const given = values.orders ?? (values.short ? "2000" : "20000");
  const count = Number(given);
  if (!Number.isSafeInteger(count) || count < 1) {
    console.error(`--orders takes a whole number from 1, got "${given}".`);
    process.exitCode = 2;
    return;
  }
  const results = [await measure("worker", count), await measure("Lambda", count)];
  if (values.json) console.log(JSON.stringify(results));
  else for (const result of results) console.log(burstText(result));
  if (values.svg !== undefined) await writeFile(values.svg, burstSvg(results));
  if (results.some(({ charged }) => charged !== count)) process.exitCode = 1;
}

/** Runs one mode, with an emulator in a process of its own. */
async function measure(mode: "worker" | "Lambda", count: number): Promise<BurstResult> {
  const emulator = await spawnEmulator({ sqsPort: 0 });
  const client = createClient("sqs://us-east-1", [sqs(connectionTo(emulator))]);
  try {
    await client.admin.create(orders);
    const fleet = mode === "worker" ? workerFleet(client) : lambdaFleet(emulator);
    return await runBurst(mode, client, count, fleet);
  } finally {
    await client.close();
    await emulator.close();
  }
}

function connectionTo({ endpoints, environment }: SpawnedEmulator): Parameters<typeof sqs>[0] {
  return {
    endpoint: endpoints.sqs ?? "",
    credentials: {
      accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
    },
  };
}
