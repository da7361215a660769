// The measured process of a soak. argv: URL, messages per second, milliseconds.
import { setTimeout as sleep } from "node:timers/promises";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { defineQueue } from "@anyqueue/core";
import { connect } from "@anyqueue/core/auto";
import type { FromSoakClient } from "./messages.ts";
import { Tally } from "./tally.ts";

const TICK_MS = 50;
const SAMPLES = 60;
const DATA_SPACES = new Set(["new_space", "old_space", "new_large_object_space", "large_object_space"]);
/** How long unfinished messages may take after the last send. */
const DRAIN_MS = 60_000;

const [url = "memory:", rate = "200", durationMs = "600000"] = process.argv.slice(2);
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const soak = defineQueue<{ readonly number: number; readonly filling: string }>("soak");
const filling = "x".repeat(500);
const tally = new Tally();
const client = await connect(url);
await client.admin.create(soak);
const consumer = client.consumer(soak, { concurrency: 50 });
const run = consumer.run(({ body }) => tally.handled(body.number));
await produce();
await drain();
await client.close();
await run;
tell({ at: "end", counts: tally.counts() });

async function produce(): Promise<void> {
  const producer = client.producer(soak);
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + Number(durationMs);
  const everyMs = Number(durationMs) / SAMPLES;
  let number = 0;
  let sampleAtMs = startedAtMs + everyMs;
  const send = async (nth: number): Promise<void> => {
    await producer.send({ number: nth, filling });
    tally.sent();
  };
  for (let nowMs = startedAtMs; nowMs < endsAtMs; nowMs = performance.now()) {
    const due = Math.floor(((nowMs - startedAtMs) / 1_000) * Number(rate));
    const batch: Promise<void>[] = [];
    for (; number < due; number += 1) batch.push(send(number));
    await Promise.all(batch);
    if (nowMs >= sampleAtMs) {
      sampleAtMs += everyMs;
      sample((nowMs - startedAtMs) / 60_000);
    }
    await sleep(TICK_MS);
  }
}

async function drain(): Promise<void> {
  const giveUpAtMs = performance.now() + DRAIN_MS;
  while (tally.counts().handled < tally.counts().sent && performance.now() < giveUpAtMs) await sleep(TICK_MS);
}

function sample(minute: number): void {
  collect();
  const rss = process.memoryUsage.rss();
  const { handled } = tally.counts();
  tell({ at: "sample", sample: { minute, handled, heapBytes: dataBytes(), rssBytes: rss } });
}

/** Heap without compiled code, because V8 goes on compiling for many minutes. */
function dataBytes(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name }) => DATA_SPACES.has(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}

function tell(message: FromSoakClient): void {
  process.send?.(message, () => {
    if (message.at === "end") process.exit(0);
  });
}
