// A consumer process with little memory and a large backlog: slow handlers, then fast ones, then a close.
import { setTimeout as sleep } from "node:timers/promises";
import { HistoryRecorder } from "@anyqueue/conformance";
import { createClient } from "@anyqueue/core";
import {
  CONCURRENCY,
  FAST_MS,
  LEASE_MS,
  PREFETCH,
  SLOW_HANDLER_MS,
  SLOW_MS,
  type BacklogSettings,
  type ConsumerReport,
} from "./backlog-plan.ts";
import { BacklogTally } from "./backlog-tally.ts";
import { chaosQueue } from "./chaos-queue.ts";
import { stageOf } from "./providers.ts";

const SAMPLE_MS = 100;
const MEBIBYTE = 1024 * 1024;

const { stage: name, size, address = "" }: BacklogSettings = JSON.parse(process.argv[2] ?? "{}");
const stage = { ...stageOf(name), leaseMs: LEASE_MS };
const tally = new BacklogTally(size);
const recorder = new HistoryRecorder(tally);
const client = createClient(stage.url(address), [recorder.provider(stage.provider())], {
  listener: tally.listener,
});
const consumer = client.consumer(chaosQueue(stage), { concurrency: CONCURRENCY, prefetch: PREFETCH });
const most = { heap: 0, rss: 0 };
let takesMs = SLOW_HANDLER_MS;

process.on("disconnect", () => process.exit(1));
const sampling = setInterval(sample, SAMPLE_MS);
const running = consumer.run(recorder.handler(async () => await sleep(takesMs)));
process.send?.({ kind: "ready" });
await sleep(SLOW_MS);
const liveSlowMb = measureLive();
const { handled: handledSlowly } = tally.tallied;
takesMs = 1;
await sleep(FAST_MS);
const liveMb = measureLive();
clearInterval(sampling);
await consumer.close();
await running;
await client.close();
const report: ConsumerReport = {
  kind: "report",
  ...tally.tallied,
  handledSlowly,
  mostHeapMb: most.heap,
  mostRssMb: most.rss,
  liveSlowMb,
  liveMb,
  marks: tally.marks,
};
process.send?.(report, () => process.exit(0));

function sample(): void {
  const { heapUsed, rss } = process.memoryUsage();
  most.heap = Math.max(most.heap, mebibytes(heapUsed));
  most.rss = Math.max(most.rss, mebibytes(rss));
}

/** The size of the heap after a garbage collection, in MiB. Needs `--expose-gc`. */
function measureLive(): number {
  if (globalThis.gc === undefined) throw new Error("run it with --expose-gc");
  globalThis.gc();
  return mebibytes(process.memoryUsage().heapUsed);
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / MEBIBYTE);
}
